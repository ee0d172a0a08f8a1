"""Motion as arrays over time, whoever moves: rotations, signals, the skeleton, gaps, limits, the mirror, fewer keys."""
