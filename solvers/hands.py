"""A hand's orientation and the bends of its fingers, from its 21 points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import body, gaps, rotations, signals, tilt
from .names import FINGERS, HAND_POINTS
from .settings import Settings
from .take import Take

# In T-pose the fingers of the left hand point along +x with the palm down, so that they bend about +y and spread about
# z; the thumb points half forwards (VRM 1.0's T-pose) and bends down and inwards at once. The right hand is the mirror
# image.
THUMB = np.array([1.0, -1.0, 0.0]) / np.sqrt(2.0)
INWARD = np.radians(40.0)  # the thumb's hinge is turned this far from the palm's normal, so that it opposes the fingers
HINGE = np.cos(INWARD) * np.array([0.0, 0.0, 1.0]) + np.sin(INWARD) * np.array([1.0, 1.0, 0.0]) / np.sqrt(2.0)
SIDEWAYS, NORMAL = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])

# Degrees, least and most: what healthy joints do, a little wider.
KNUCKLE, MIDDLE, END = (-15.0, 95.0), (0.0, 110.0), (0.0, 80.0)
SPREAD = 20.0  # either way, with straight fingers; none at all from FIST on
FIST = 60.0
THUMB_SWING, THUMB_BENDS = 60.0, ((-15.0, 60.0), (-15.0, 80.0))
END_SHARE = 0.6  # of the middle joint's bend, by which the last joint bends in a relaxed hand
END_TRUST = 0.4  # how far the last joint's own measurement counts against that
ERROR = 18.0  # degrees: of a middle joint, as measured on random fingers and in talking clips (10 to 21)

CUTOFF = 5.0  # Hz: cuts jitter to a fifth with no loss of accuracy
SMALL = 60.0  # px from wrist to middle knuckle: smaller hands jitter more and are smoothed more,
STRONGEST = 0.5  # down to this share of the cut-off
LONGEST_GAP = 0.25  # s
RELAXED = {"Thumb": (0.0, 10.0, 15.0), "Index": (12.0, 22.0, 13.0), "Middle": (16.0, 26.0, 15.0)}
RELAXED |= {"Ring": (20.0, 30.0, 18.0), "Little": (22.0, 30.0, 18.0)}
# A hand where none was ever seen, m, of an adult: wrist to knuckle, then the three bones; the knuckles' places across.
LENGTHS = {"Thumb": (0.035, 0.045, 0.035, 0.025), "Index": (0.09, 0.042, 0.026, 0.02)}
LENGTHS |= {
    "Middle": (0.09, 0.046, 0.03, 0.021),
    "Ring": (0.085, 0.042, 0.028, 0.021),
    "Little": (0.08, 0.034, 0.021, 0.019),
}
ACROSS = {"Thumb": -0.025, "Index": -0.022, "Middle": 0.0, "Ring": 0.02, "Little": 0.038}

POINTS = {finger: [HAND_POINTS.index(f"{finger}{k}") for k in range(1, 5)] for finger in FINGERS}
WRIST = HAND_POINTS.index("wrist")
MIRROR = np.array([-1.0, 1.0, 1.0])
MIRROR_TURN = np.array([1.0, 1.0, -1.0, -1.0])  # a rotation seen in the mirror x = 0


@dataclass(frozen=True)
class Hand:
    """One hand over time (T samples).

    orientation: (T, 4) wxyz in camera axes (x to the right, y away, z up), identity = T-pose: palm down, fingers
    pointing away from the body along x.
    fingers: (T, 15, 4) wxyz relative to their parents, names.FINGERS x finger_bones, identity = straight.
    skeleton: (15, 3) m, joints in T-pose from the wrist.
    confidence: (T,) 0..1, 0 where the hand was not seen and has eased to relaxed.
    """

    orientation: np.ndarray
    fingers: np.ndarray
    skeleton: np.ndarray
    confidence: np.ndarray


def solve_hand(take: Take, side: str, time: np.ndarray, settings: Settings) -> Hand:
    """A hand's motion.

    take: as detected, its hand's depth already that of this side; side: "left" or "right"; time: (T,) s, even;
    settings: lens and smoothing are used. In gaps the fingers hold, then ease to a relaxed hand.
    """
    seen = tilt.sighting(take, side, _rays(take, side, settings))
    relaxed = _mirrored(relaxed_fingers(), side)
    if not len(seen.index):
        still = np.tile(rotations.IDENTITY, (len(time), 1))
        fingers = np.repeat(relaxed[None], len(time), 0)
        return Hand(still, fingers, average_skeleton() * _flip(side), np.zeros(len(time)))
    points = _steady_points(seen, take, time, settings) * _flip(side)
    there = np.isfinite(points).all((1, 2))
    found = points[there]
    palm = tilt.palm_frame(found)
    local = np.einsum("tij,tki->tkj", palm, found - found[:, :1])
    fingers = np.tile(rotations.IDENTITY, (len(time), 15, 1))
    fingers[there] = finger_rotations(local)
    orientation = rotations.continuous(rotations.from_matrix(palm))
    orientation = rotations.resample(orientation, time[there], time)
    fingers, sight = gaps.ease_rotations(_mirrored(fingers, side), there, time, relaxed)
    marks = take.left_hand if side == "left" else take.right_hand
    sure = np.full(len(take.time), np.nan)
    sure[seen.index] = marks.confidence[seen.index].mean(1)
    sure = signals.fill(signals.resample(sure, take.time, time, LONGEST_GAP))
    return Hand(_mirrored(orientation, side), fingers, skeleton(local) * _flip(side), sight * np.clip(sure, 0, 1))


def _rays(take: Take, side: str, settings: Settings) -> np.ndarray:
    """Rotations (T, 4) from the direction in which the camera looks to that in which a hand is."""
    picture = np.nan_to_num((take.left_hand if side == "left" else take.right_hand).image[..., :2].mean(1))
    return rotations.between(np.array([0.0, 1.0, 0.0]), body.camera(take, settings).rays(picture))


def _steady_points(seen: tilt.Sighting, take: Take, time: np.ndarray, settings: Settings) -> np.ndarray:
    """Points (T, 21, 3) m in camera axes on the clock, smoothed; NaN in gaps."""
    world = np.full((len(take.time), *seen.world.shape[1:]), np.nan)
    world[seen.index] = seen.world
    points = signals.resample(world, take.time, time, LONGEST_GAP)
    if settings.smoothing == 0 or len(time) < 2:
        return points
    span = seen.image[:, POINTS["Middle"][0], :2] - seen.image[:, WRIST, :2]
    size = np.median(np.linalg.norm(span, axis=1))
    hertz = CUTOFF * np.clip(size / SMALL, STRONGEST, 1) / settings.smoothing
    return signals.lowpass(points, 1.0 / (time[1] - time[0]), hertz)


def finger_rotations(local: np.ndarray) -> np.ndarray:
    """Rotations (T, 15, 4) of a left hand's finger bones, relative to their parents.

    local: (T, 21, 3) points in the palm's axes.
    """
    bones = np.stack([np.diff(local[:, POINTS[finger]], axis=1) for finger in FINGERS], 1)
    bones = bones / np.maximum(np.linalg.norm(bones, axis=-1, keepdims=True), 1e-9)
    knuckle, middle, end = _bends(bones[:, 1:])
    chains = np.stack([knuckle, _hinge(SIDEWAYS, middle), _hinge(SIDEWAYS, end)], 2)
    return np.concatenate([np.stack(_thumb(bones[:, 0]), 1)[:, None], chains], 1).reshape(len(local), 15, 4)


def _bends(bones: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Knuckles (T, 4, 4) wxyz with bend and spread, and the bends (T, 4) rad of the middle and the last joints.

    bones: (T, 4, 3, 3) unit directions of the four fingers' three bones in the palm's axes.
    """
    pitch = np.arctan2(-bones[..., 2], bones[..., 0])
    bend = _clip((pitch[..., 0] + np.pi / 2) % (2 * np.pi) - np.pi / 2, KNUCKLE)
    most = np.radians(SPREAD) * np.clip(1 - bend / np.radians(FIST), 0, 1)
    spread = np.arcsin(np.clip(bones[..., 0, 1], -1, 1))
    knuckle = rotations.multiply(_hinge(SIDEWAYS, bend), _hinge(NORMAL, np.clip(spread, -most, most)))
    # The whole angle between two bones is too large where they wobble, that about the hinge too small where the finger
    # lies askew; with what follows, their mean is off by 7.0, 8.2 and 6.4 degrees on three clips, raw points by 10.2,
    # 11.2 and 10.9.
    whole = np.arccos(np.clip((bones[..., :2, :] * bones[..., 1:, :]).sum(-1), -1, 1))
    hinge = _clip((np.diff(pitch, axis=-1) + np.pi / 2) % (2 * np.pi) - np.pi / 2, MIDDLE)
    middle = _together((whole[..., 0] + hinge[..., 0]) / 2)
    end = END_TRUST * whole[..., 1] + (1 - END_TRUST) * END_SHARE * middle
    return knuckle, _clip(middle, MIDDLE), _clip(end, END)


def _together(bend: np.ndarray) -> np.ndarray:
    """Bends (T, 4) of neighbouring fingers drawn together where they differ by no more than the network's error.

    Fingers move together (enslaving: Zatsiorsky, Li and Latash 2000), the network's errors do not. Wiener's rule on the
    difference from their mean: small differences vanish, large ones (a pointing finger) stay.
    """
    mean = bend.mean(-1, keepdims=True)
    apart = bend - mean
    return mean + apart * apart**2 / (apart**2 + np.radians(ERROR) ** 2)


def _thumb(bones: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Base (swings both ways), then two hinges. bones: (T, 3, 3) unit directions in the palm's axes."""
    swing = rotations.to_vector(rotations.between(THUMB, bones[:, 0]))
    angle = np.linalg.norm(swing, axis=-1, keepdims=True)
    base = rotations.from_vector(swing * np.minimum(1, np.radians(THUMB_SWING) / np.maximum(angle, 1e-9)))
    second = rotations.rotate(rotations.inverse(base), bones[:, 1])
    bend = _clip(_about(HINGE, THUMB, second), THUMB_BENDS[0])
    proximal = _hinge(HINGE, bend)
    third = rotations.rotate(rotations.inverse(rotations.multiply(base, proximal)), bones[:, 2])
    return base, proximal, _hinge(HINGE, _clip(_about(HINGE, THUMB, third), THUMB_BENDS[1]))


def skeleton(local: np.ndarray) -> np.ndarray:
    """Joints (15, 3) m of a left hand in T-pose, of constant lengths: medians over time.

    local: (T, 21, 3) m, points in the palm's axes.
    """
    result = np.empty((15, 3))
    for row, finger in enumerate(FINGERS):
        start = np.median(local[:, POINTS[finger][0]], 0)
        lengths = np.median(np.linalg.norm(np.diff(local[:, POINTS[finger]], axis=1), axis=-1), 0)
        way = THUMB if finger == "Thumb" else np.array([1.0, 0.0, 0.0])
        result[3 * row : 3 * row + 3] = start + np.concatenate([[0.0], np.cumsum(lengths[:2])])[:, None] * way
    return result


def average_skeleton() -> np.ndarray:
    """Joints (15, 3) m of an adult's left hand in T-pose, for hands that were never seen."""
    result = np.empty((15, 3))
    for row, finger in enumerate(FINGERS):
        reach, first, second, _ = LENGTHS[finger]
        start = np.array([np.sqrt(max(reach**2 - ACROSS[finger] ** 2, 0.0)), ACROSS[finger], 0.0])
        way = THUMB if finger == "Thumb" else np.array([1.0, 0.0, 0.0])
        result[3 * row : 3 * row + 3] = start + np.array([0.0, first, first + second])[:, None] * way
    return result


def relaxed_fingers() -> np.ndarray:
    """Rotations (15, 4) of a relaxed left hand."""
    rows = []
    for finger in FINGERS:
        axis = HINGE if finger == "Thumb" else SIDEWAYS
        rows += [rotations.from_axis_angle(axis, np.radians(bend)) for bend in RELAXED[finger]]
    return np.array(rows)


def _hinge(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return rotations.from_axis_angle(np.broadcast_to(axis, (*np.shape(angle), 3)), angle)


def _about(axis: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Signed angles (T,) about an axis that turn `start` (3,) nearest to `end` (T, 3)."""
    return np.arctan2(end @ np.cross(axis, start), end @ start)


def _clip(angle: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    return np.clip(angle, *np.radians(limits))


def _flip(side: str) -> np.ndarray:
    return np.ones(3) if side == "left" else MIRROR


def _mirrored(q: np.ndarray, side: str) -> np.ndarray:
    return q if side == "left" else q * MIRROR_TURN
