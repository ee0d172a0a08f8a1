"""A picture becomes a figure that is driven like any rig: its cut-out, and sheets with depth, bones and shapes."""
