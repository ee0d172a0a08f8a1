"""What runs inside a real Blender: hands that move its mouse and press its keys, and the story they play."""
