"""A reference performance for trying rigs: waves, squats, touches head, belly and the other hand, counts, walks.

Its joints, contacts and touches are known exactly, since it is made of keys.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..addon.figures.proportions import PERFORMER
from ..solvers.hands import touches
from ..solvers.performance import Performance
from .acting import HANGING, Plant, Script, perform
from .performances import CROUCH, STILL, WIDE

# Second by second; the last is when the picture of it is taken.
PARTS = {
    "wave": (0.3, 2.0, 1.3), "squat": (2.2, 4.2, 3.2), "hand to head": (4.4, 6.0, 5.3),
    "hands together": (6.2, 7.8, 7.1), "fingers": (8.0, 9.8, 9.15), "walk": (10.0, 12.8, 11.35),
}  # fmt: skip
SHOULDER = np.array([PERFORMER.arm_x, PERFORMER.arm_y, PERFORMER.arm_z])


def arm_to(wrist: tuple[float, float, float], elbow: tuple[float, float, float]) -> tuple:
    """Directions of upper arm and forearm that bring a left wrist to a place (m, in the standing figure's axes).

    elbow: the way in which the elbow is from the line between shoulder and wrist. By the law of cosines.
    """
    reach = np.asarray(wrist) - SHOULDER
    span = np.linalg.norm(reach)
    along, upper, lower = reach / span, PERFORMER.upper_arm, PERFORMER.lower_arm
    aside = np.asarray(elbow, float) - np.dot(elbow, along) * along
    cosine = (upper**2 + span**2 - lower**2) / (2 * upper * span)
    bent = upper * (cosine * along + np.sqrt(1 - cosine**2) * aside / np.linalg.norm(aside))
    return tuple((bent / upper).round(4)), tuple(((reach - bent) / lower).round(4))


UP, PALM = (0.26, -0.14, -0.95), (-0.1, -1.0, 0.05)
TEMPLE = (*arm_to((0.216, -0.070, 1.532), (0.8, 0.3, -0.5)), (-0.5, -0.8, -0.3), (0.0, 0.0, 0.0))
BELLY = (*arm_to((0.140, -0.125, 1.095), (0.9, 0.5, -0.2)), (0.0, 1.0, 0.0), (0.0, 24.0, 0.0))
JOINED = (*arm_to((0.030, -0.255, 1.205), (0.9, 0.1, -0.5)), (-0.6, 0.6, -0.4), (0.0, -58.0, 0.0))
FRONT = ((0.30, -0.30, -0.91), (0.05, -0.72, 0.60), PALM, STILL)
SWUNG = {way: ((0.2, 0.3 * way, -0.93), (0.12, 0.3 * way - 0.25, -0.93), (-0.9, 0.0, 0.0), STILL) for way in (-1, 1)}


def _walk() -> dict[str, list[Plant]]:
    """Six steps to the front."""
    return {
        "left": [Plant(0, 10.05, WIDE, 0, 9), Plant(10.40, 10.90, WIDE, -0.34, 6), Plant(11.25, 11.75, WIDE, -0.96, 6),
                 Plant(12.10, 60, WIDE, -1.28, 9)],
        "right": [Plant(0, 10.47, -WIDE, 0, -9), Plant(10.82, 11.32, -WIDE, -0.66, -6),
                  Plant(11.67, 60, -WIDE, -1.26, -9)],
    }  # fmt: skip


def _arms() -> dict[str, list[tuple]]:
    """Keys of both arms."""
    wave = [(0.3, *HANGING), (0.75, *UP_WAVE)]
    for k, way in enumerate(((0.32, -0.50, 0.80), (0.0, -0.50, 0.88)) * 3):
        wave.append((0.85 + 0.16 * k, UP, way, PALM, (0.0, 0.0, 10.0 if k % 2 == 0 else -10.0)))
    both = [(2.2, *HANGING), (3.0, *CROUCH), (3.4, *CROUCH), (4.2, *HANGING)]
    together = [(6.2, *HANGING), (6.75, *JOINED), (7.4, *JOINED), (7.9, *FRONT), (9.4, *FRONT), (9.9, *HANGING)]
    walk = [(10.05 + 0.425 * k, *SWUNG[1 if k % 2 else -1]) for k in range(6)]
    swing = [(t, *rest) for t, *rest in walk]
    other = [(t, *SWUNG[-1 if k % 2 else 1]) for k, (t, *_) in enumerate(walk)]
    held = lambda pose: [(4.4, *HANGING), (5.0, *pose), (5.6, *pose), (6.1, *HANGING)]  # noqa: E731
    return {
        "right": [(0.0, *HANGING), *wave, *both, *held(TEMPLE), *together, *swing, (12.8, *HANGING)],
        "left": [(0.0, *HANGING), *both, *held(BELLY), *together, *other, (12.8, *HANGING)],
    }


UP_WAVE = (UP, (0.32, -0.50, 0.80), PALM, STILL)
SCRIPT = Script(
    seconds=13.0,
    hips=((0, 0, 0, 0.012), (2.2, 0, 0, 0.012), (3.1, 0, 0.15, 0.38), (3.4, 0, 0.15, 0.38), (4.2, 0, 0, 0.012),
          (9.9, 0, 0, 0.012), (10.4, 0.01, -0.15, 0.025), (10.8, -0.01, -0.44, 0.025), (11.3, 0.01, -0.76, 0.025),
          (11.7, -0.01, -1.05, 0.025), (12.1, 0, -1.24, 0.02), (12.5, 0, -1.27, 0.012)),
    hips_turn=((0, 0, 0, 0), (2.2, 0, 0, 0), (3.1, 28, 0, 0), (3.4, 28, 0, 0), (4.2, 0, 0, 0), (9.9, 0, 0, 0),
               (10.4, 2, 6, 0), (10.8, 2, -6, 0), (11.3, 2, 6, 0), (11.7, 2, -6, 0), (12.3, 0, 0, 0)),
    torso=((0, 0, 0, 0), (2.2, 0, 0, 0), (3.1, 10, 0, 0), (3.4, 10, 0, 0), (4.2, 0, 0, 0), (9.9, 0, 0, 0),
           (10.4, 2, -8, 0), (10.8, 2, 8, 0), (11.3, 2, -8, 0), (11.7, 2, 8, 0), (12.3, 0, 0, 0)),
    head=((0, 0, 0, 0), (0.8, -4, -8, 3), (2.0, 0, 0, 0), (3.1, -28, 0, 0), (3.4, -28, 0, 0), (4.2, 0, 0, 0),
          (8.2, 8, 0, 0), (9.4, 8, 0, 0), (10.0, 0, 0, 0)),
    arms=_arms(),
    hands={"right": ((0, "relaxed"), (0.6, "spread"), (1.9, "spread"), (2.2, "relaxed"), (3.0, "open"),
                     (4.2, "relaxed"), (4.8, "open"), (7.6, "open"), (8.1, "fist"), (8.5, "point"), (8.9, "spread"),
                     (9.3, "open"), (9.8, "relaxed")),
           "left": ((0, "relaxed"), (3.0, "open"), (4.2, "relaxed"), (4.8, "open"), (7.6, "open"), (8.1, "spread"),
                    (8.5, "fist"), (8.9, "point"), (9.3, "pinch"), (9.8, "relaxed"))},
    feet=_walk(), life=0.3,
)  # fmt: skip


def performance() -> Performance:
    """The reference performance, on the performer's skeleton, with the touches that its joints tell."""
    return touches.found(replace(perform(SCRIPT, PERFORMER, (720, 1280), np.zeros((3, 4))), framing="full"))
