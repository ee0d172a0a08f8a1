"""Which way a hand is tilted: the hand network now and then takes the near side for the far one, or loses the hand.

In the picture a hand and its mirror image in depth look alike. What tells them apart: fingers bend into the palm, the
hand goes on where the forearm leads, and neither turns over between two pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..motion import rotations
from ..names import BODY_POINT, HAND_POINTS
from ..take import Take

WRIST = HAND_POINTS.index("wrist")
KNUCKLES = [HAND_POINTS.index(f"{finger}1") for finger in ("Index", "Middle", "Ring", "Little")]
TIPS = [HAND_POINTS.index(f"{finger}4") for finger in ("Index", "Middle", "Ring", "Little")]
THUMB = [HAND_POINTS.index(f"Thumb{k}") for k in (2, 4)]
MIRROR = np.array([-1.0, 1.0, 1.0])
DEPTH = np.array([1.0, -1.0, 1.0])

# How surely a hand is the way round that it seems, in log odds: by how far its fingers and its thumb point into the
# palm (cosines), and by the side that the network took it for. A logistic regression on 4800 rendered hands.
BY_FINGERS, BY_THUMB, BY_LABEL = 2.5, 1.6, 1.5
# The rest in the same unit: negative logarithms of how likely things are.
WRIST_BEND = np.radians(45.0)  # standard deviation of a hand's direction from its forearm's, as both are seen
LOST = 3.0  # of a sample being no hand at all, and of beginning or ceasing to be one
CHANGE = 1.0
JUMP, TURN, MOST = np.radians(20.0), np.radians(500.0), 4.0  # rad, rad/s between samples, and most that a jump costs


@dataclass(frozen=True)
class Sighting:
    """One hand in those samples of a take that show it (F samples).

    index: (F,) of the samples. world: (F, 21, 3) m in axes whose y is the viewing ray (x to the right, z up), and
    picture: (F, 21, 3) px from the wrist in the same axes, both the right way round.
    rays: (F, 4) wxyz, from the camera's axes to those.
    sure: (F,) bool, whether the network took it for the hand of this side and saw it the right way round.
    """

    index: np.ndarray
    world: np.ndarray
    picture: np.ndarray
    rays: np.ndarray
    sure: np.ndarray


def sighting(take: Take, side: str, rays: np.ndarray) -> Sighting:
    """A hand as it was seen, the right way round; samples that are no hand are left out.

    take: as detected. side: "left" or "right". rays: (T, 4) wxyz, from the direction in which the camera looks to that
    in which the hand is.
    """
    marks = take.left_hand if side == "left" else take.right_hand
    seen = np.flatnonzero(np.isfinite(marks.world).all((1, 2)) & np.isfinite(marks.image[..., :2]).all((1, 2)))
    image, world = marks.image[seen].astype(float), marks.world[seen].astype(float)
    label = ~mirrored(image, world)
    world = np.where(label[:, None, None], world, world * MIRROR)
    both = np.stack([world, world * DEPTH], 1)
    ours = rotations.rotate(rays[seen][:, None, None], both) * (1.0 if side == "left" else MIRROR)
    frames = palm_frame(ours)
    own = np.concatenate([_oddity(ours, frames, label, _forearm(take, side)[seen]), np.full((len(seen), 1), LOST)], 1)
    state = _cheapest(own, _steps(rotations.from_matrix(frames), take.time[seen]))
    kept = state < 2
    world, way = both[np.flatnonzero(kept), state[kept]], np.where(state[kept, None, None] == 1, DEPTH, 1.0)
    picture = (image - image[:, :1])[kept][..., [0, 2, 1]] * [1, 1, -1] * way
    return Sighting(seen[kept], world, picture, rays[seen[kept]], label[kept] & (state[kept] == 0))


def mirrored(image: np.ndarray, world: np.ndarray) -> np.ndarray:
    """Whether world points (F, 21, 3) m show what their picture (F, 21, 3) px shows in a mirror: (F,) bool.

    The detector leaves a hand so that the network took for one of the other side.
    """
    picture, flat = image[..., :2] * [1, -1], world[..., [0, 2]]
    picture, flat = (points - points.mean(1, keepdims=True) for points in (picture, flat))
    same, turned = ((picture * points).sum((1, 2)) for points in (flat, flat * [-1, 1]))
    return turned > same


def palm_frame(points: np.ndarray) -> np.ndarray:
    """Axes (..., 3, 3) of a left palm as columns: x along it, y to the little finger, z out of its back.

    points: (..., 21, 3) m.
    """
    along = points[..., KNUCKLES[1], :] - points[..., WRIST, :]
    return rotations.frame(along, points[..., KNUCKLES[3], :] - points[..., KNUCKLES[0], :])


def _oddity(points: np.ndarray, frames: np.ndarray, label: np.ndarray, forearm: np.ndarray) -> np.ndarray:
    """How odd (F, 2) hands look both ways round. points: (F, 2, 21, 3), as left hands. forearm: (F, 3), likewise."""
    fingers = _unit(points[..., TIPS, :] - points[..., KNUCKLES, :]).mean(-2)
    thumb = _unit(points[..., THUMB[1], :] - points[..., THUMB[0], :])
    back = frames[..., 2]
    odds = -BY_FINGERS * (fingers * back).sum(-1) - BY_THUMB * (thumb * back).sum(-1)
    odds[:, 0] += np.where(label, BY_LABEL, -BY_LABEL / 2)
    bend = np.arccos(np.clip((frames[..., 0] * forearm[:, None]).sum(-1), -1, 1)) / WRIST_BEND
    return np.logaddexp(0, -odds) + np.where(forearm.any(1)[:, None], bend**2 / 2, 0.0)


def _forearm(take: Take, side: str) -> np.ndarray:
    """Directions (T, 3) from elbow to wrist in camera axes, as of a left arm; 0 where none is seen."""
    elbow, wrist = (take.body.world[:, BODY_POINT[f"{side}{part}"]].astype(float) for part in ("Elbow", "Wrist"))
    return np.nan_to_num(_unit(wrist - elbow)) * (1.0 if side == "left" else MIRROR)


def _steps(turns: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Costs (F - 1, 3, 3) of going from each state to each: as seen, mirrored in depth, no hand. turns: (F, 2, 4)."""
    costs = np.full((max(len(time) - 1, 0), 3, 3), CHANGE)
    angle = rotations.angle_between(turns[:-1, :, None], turns[1:, None, :])
    costs[:, :2, :2] = np.minimum((angle / (JUMP + TURN * np.diff(time)[:, None, None])) ** 2, MOST)
    costs[:, 2, 2] = 0.0
    return costs


def _cheapest(own: np.ndarray, between: np.ndarray) -> np.ndarray:
    """The states (F,) of least total cost (Viterbi). own: (F, S); between: (F - 1, S, S), before and after."""
    if not len(own):
        return np.zeros(0, int)
    total, came = own[0], np.zeros(own.shape, int)
    for t in range(1, len(own)):
        options = total[:, None] + between[t - 1]
        came[t] = options.argmin(0)
        total = options.min(0) + own[t]
    state = np.zeros(len(own), int)
    state[-1] = total.argmin()
    for t in range(len(own) - 1, 0, -1):
        state[t - 1] = came[t, state[t]]
    return state


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)
