"""Everything between a video and a clip for a rig: pure Python, numpy and scipy, never Blender."""
