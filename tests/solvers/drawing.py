"""A figure drawn by code: strokes on paper, with a face, arms and legs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

SIZE = (300, 400)  # px
EYES, MOUTH = ((130, 80), (170, 80)), (150, 108)
HANDS = {"right": (40, 175), "left": (260, 175)}  # the figure's own sides
FEET = {"right": (115, 370), "left": (185, 370)}


def figure() -> np.ndarray:
    """The drawing (400, 300, 3) uint8."""
    paper = np.full((SIZE[1], SIZE[0], 3), 225, np.uint8)
    ink = (50, 40, 120)
    cv2.ellipse(paper, (150, 90), (50, 55), 0, 0, 360, ink, 4)
    cv2.ellipse(paper, (150, 220), (45, 80), 0, 0, 360, ink, 4)
    for eye in EYES:
        cv2.ellipse(paper, eye, (5, 8), 0, 0, 360, ink, -1)
    cv2.ellipse(paper, (MOUTH[0], MOUTH[1] - 6), (22, 14), 0, 20, 160, ink, 3)
    for side, root in (("right", (112, 175)), ("left", (188, 175))):
        cv2.line(paper, root, HANDS[side], ink, 5)
    for side, root in (("right", (125, 292)), ("left", (175, 292))):
        cv2.line(paper, root, FEET[side], ink, 5)
    return paper


def saved(folder: Path) -> Path:
    """The drawing as a file."""
    path = folder / "figure.png"
    cv2.imwrite(str(path), figure()[..., ::-1])
    return path
