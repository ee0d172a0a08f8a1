"""A performance: the person's motion, cleaned and solved, before any rig."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .motion.rotations import IDENTITY
from .names import TOUCHES


@dataclass(frozen=True)
class Performance:
    """What the person did (T samples at a uniform rate, J = names.JOINTS, the VRM 1.0 humanoid bones).

    World axes: z up with the ground at z = 0, the camera looks along +y, a performer who faces the camera faces -y.

    time: (T,) s, uniform, on the same clock as the take's.
    rotations: (T, J, 4) wxyz relative to the parent joint, identity = T-pose facing -y, axes of the character.
    root: (T, 3) m, the hips joint.
    skeleton: (J, 3) m, joint positions of this performer in T-pose, hips at the origin.
    expressions: (T, 52) 0..1 in the order of names.EXPRESSIONS.
    gaze: (T, 2, 2) rad, (left eye, right eye) x (yaw to the performer's left, pitch up), relative to the head.
    contacts: (T, 4) 0..1 in the order of names.CONTACTS.
    touches: (T, 5) 0..1 in the order of names.TOUCHES: how far a hand touches something of the performer's own;
    where on it, the joints tell. Performances that were kept before there were touches have none.
    confidence: (T, J) 0..1; 0 where the camera did not see the joint and it holds or rests.
    face_confidence: (T,) 0..1; 0 where no face was seen and the expressions hold or ease to neutral.
    projection: (3, 4) px, world (x, y, z, 1) to the picture's homogeneous coordinates.
    size: (width, height) px of the picture.
    framing: one of names.FRAMINGS: how much of the body the camera saw in most of the clip.
    source: as the take's. settings: {field: value} it was solved with. warnings: sentences for the user.
    history: ((verb, {argument: value}), ...).
    sightline: (T, 4) wxyz, how the way from the camera to the face is turned from straight ahead (+y): a head that
    looks along -y is seen turned back by it. Identity where no face was seen, and in what was kept without it.
    traced: (T, 52) 0..1, what a picture's face has to show of the expressions for its points to go where the
    performer's were seen to go; None where points were not seen, as in a capture, or not kept.
    origin: (x, y) m, the spot of the room on which a character's own origin is; None is where the path begins.
    """

    time: np.ndarray
    rotations: np.ndarray
    root: np.ndarray
    skeleton: np.ndarray
    expressions: np.ndarray
    gaze: np.ndarray
    contacts: np.ndarray
    confidence: np.ndarray
    face_confidence: np.ndarray
    projection: np.ndarray
    size: tuple[int, int]
    framing: str
    source: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    history: tuple = ()
    touches: np.ndarray = None
    sightline: np.ndarray = None
    traced: np.ndarray = None
    origin: tuple[float, float] | None = None

    def __post_init__(self):
        if self.touches is None:
            object.__setattr__(self, "touches", np.zeros((len(self.time), len(TOUCHES))))
        if self.sightline is None:
            object.__setattr__(self, "sightline", np.tile(IDENTITY, (len(self.time), 1)))
