"""What a detector sees in one picture: a take's row, before the rows are joined."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..names import BODY_POINTS, EXPRESSIONS, FACE_POINT_COUNT, HAND_POINTS
from ..take import PORTRAIT

SIDES = ("left", "right")


@dataclass(frozen=True)
class Points:
    """One body part in one picture (K points).

    image: (K, 3) px of the picture, depth in px-like units, smaller is nearer.
    world: (K, 3) m, x to the picture's right, y away, z up; NaN where the network has none.
    confidence: (K,) 0..1.
    """

    image: np.ndarray
    world: np.ndarray
    confidence: np.ndarray

    @classmethod
    def none(cls, count: int) -> Points:
        """A part that was not seen."""
        blank = np.full((count, 3), np.nan, np.float32)
        return cls(blank, blank, np.zeros(count, np.float32))

    @property
    def seen(self) -> bool:
        return bool(np.isfinite(self.image[0, 0]))


@dataclass(frozen=True)
class Sight:
    """What was seen at one time.

    time: s. body (33), left_hand (21), right_hand (21), face (478): Points, sides anatomical.
    expressions: (52,) blendshape scores, NaN where there are none.
    head: (4, 4) face to camera, m, our axes; NaN without a face.
    portrait: (72, 48) uint8 as in a take; 0 without a face.
    """

    time: float
    body: Points = field(default_factory=lambda: Points.none(len(BODY_POINTS)))
    left_hand: Points = field(default_factory=lambda: Points.none(len(HAND_POINTS)))
    right_hand: Points = field(default_factory=lambda: Points.none(len(HAND_POINTS)))
    face: Points = field(default_factory=lambda: Points.none(FACE_POINT_COUNT))
    expressions: np.ndarray = field(default_factory=lambda: np.full(len(EXPRESSIONS), np.nan, np.float32))
    head: np.ndarray = field(default_factory=lambda: np.full((4, 4), np.nan, np.float32))
    portrait: np.ndarray = field(default_factory=lambda: np.zeros(PORTRAIT, np.uint8))
