"""A performance as a mirror shows it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..names import CONTACTS, EXPRESSIONS, JOINTS, TOUCHES
from ..names import mirrored as twin
from ..performance import Performance

FLIP = np.array([-1.0, 1.0, 1.0])
TURN = np.array([1.0, 1.0, -1.0, -1.0])  # a rotation in a mirror whose plane is x = 0


def mirrored(performance: Performance) -> Performance:
    """The performance with left and right exchanged. Twice is the same as not at all."""
    joints, faces, feet, hands = (_twins(names) for names in (JOINTS, EXPRESSIONS, CONTACTS, TOUCHES))
    return replace(
        performance,
        rotations=performance.rotations[:, joints] * TURN,
        root=performance.root * FLIP,
        skeleton=performance.skeleton[joints] * FLIP,
        expressions=performance.expressions[:, faces],
        gaze=performance.gaze[:, ::-1] * [-1.0, 1.0],
        contacts=performance.contacts[:, feet],
        touches=performance.touches[:, hands],
        confidence=performance.confidence[:, joints],
        sightline=performance.sightline * TURN,
        traced=None if performance.traced is None else performance.traced[:, faces],
        projection=performance.projection * [*FLIP, 1.0],
    )


def _twins(names: tuple[str, ...]) -> list[int]:
    return [names.index(twin(name)) for name in names]
