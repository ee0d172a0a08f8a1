"""The chosen character: its kind of rig, and which bone plays which joint."""
