"""What is known of a character and its rig: presets, and how bones and faces of unknown names are recognised.

How a performance gets onto it is told in retargeting/.
"""
