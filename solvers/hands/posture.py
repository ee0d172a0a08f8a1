"""A hand's orientation and the bends of its fingers, from its 21 points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solveh_banded

from ..body import observed
from ..motion import gaps, rotations, signals
from ..names import FINGERS, HAND_POINTS
from ..settings import Settings
from ..take import Take
from . import knuckles, tilt

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
DOUBTED = 0.3  # how far a hand is trusted that the network took for the other, or saw the wrong way round
LEARNED = 0.6  # share of what was learned in the angles; the rest is that of the points alone
PALM = 0.5  # share of what was learned of the palm
CALM = 5.0  # Hz: of fingers that are surely seen; with less trust, less
PULL = 0.02  # of what is usual, against what is surely seen
USUAL = 0.03  # s of sure sight that outweigh a relaxed hand
# Angles of a hand: bend and spread of the knuckles and bends of the middle and last joints, each of index to little
# finger, then the swing of the thumb's base as a vector and the bends of its two hinges.
ANGLES = ("bend",) * 4 + ("spread",) * 4 + ("middle",) * 4 + ("end",) * 4 + ("swing",) * 3 + ("hinge",) * 2
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

    take: as detected; side: "left" or "right"; time: (T,) s, even; settings: lens and smoothing are used. In gaps the
    fingers hold, then ease to a relaxed hand.
    """
    seen = tilt.sighting(take, side, _rays(take, side, settings))
    relaxed = _mirrored(relaxed_fingers(), side)
    if not len(seen.index):
        still = np.tile(rotations.IDENTITY, (len(time), 1))
        fingers = np.repeat(relaxed[None], len(time), 0)
        return Hand(still, fingers, average_skeleton() * _flip(side), np.zeros(len(time)))
    world, picture, trust, there = _steady(seen, take, time, settings)
    world, picture = world * _flip(side), picture * _flip(side)
    palm = tilt.palm_frame(world)
    local = np.einsum("tij,tki->tkj", palm, world - world[:, :1])
    said = knuckles.read(world, picture)
    angles, orientation = joined(bends(local), said), rotations.from_matrix(palm)
    orientation = rotations.multiply(orientation, rotations.from_vector(said["palm"] * PALM))
    fingers = np.tile(rotations.IDENTITY, (len(time), 15, 1))
    fingers[there] = finger_rotations(calmed(angles, trust, time[there], settings))
    orientation = rotations.resample(rotations.continuous(_mirrored(orientation, side)), time[there], time)
    turn = rotations.resample(rotations.continuous(seen.rays), take.time[seen.index], time)
    fingers, sight = gaps.ease_rotations(_mirrored(fingers, side), there, time, relaxed)
    marks = take.left_hand if side == "left" else take.right_hand
    sure = np.interp(time, take.time[seen.index], marks.confidence[seen.index].mean(1))
    return Hand(
        rotations.multiply(turn, orientation), fingers, skeleton(local) * _flip(side), sight * np.clip(sure, 0, 1)
    )


def _rays(take: Take, side: str, settings: Settings) -> np.ndarray:
    """Rotations (T, 4) from the direction in which the camera looks to that in which a hand is."""
    picture = np.nan_to_num((take.left_hand if side == "left" else take.right_hand).image[..., :2].mean(1))
    return rotations.between(np.array([0.0, 1.0, 0.0]), observed.camera(take, settings).rays(picture))


def _steady(seen: tilt.Sighting, take: Take, time: np.ndarray, settings: Settings) -> tuple[np.ndarray, ...]:
    """World and picture points (n, 21, 3), smoothed, and how far to trust each sample (n,) 0..1, where there is a hand
    on the clock: there (T,) bool, n of them.
    """  # fmt: skip
    span = np.linalg.norm(seen.picture[:, POINTS["Middle"][0], [0, 2]], axis=1)
    trust = np.clip(span / SMALL, 0, 1) ** 2 * np.where(seen.sure, 1.0, DOUBTED)
    values = np.full((len(take.time), 127), np.nan)
    values[seen.index] = np.column_stack([seen.world.reshape(-1, 63), seen.picture.reshape(-1, 63), trust])
    values = signals.resample(values, take.time, time, LONGEST_GAP)
    if settings.smoothing > 0 and len(time) > 1:
        hertz = CUTOFF * np.clip(np.median(span) / SMALL, STRONGEST, 1) / settings.smoothing
        values = signals.lowpass(values, 1.0 / (time[1] - time[0]), hertz)
    there = np.isfinite(values).all(1)
    values = values[there]
    return values[:, :63].reshape(-1, 21, 3), values[:, 63:126].reshape(-1, 21, 3), np.clip(values[:, 126], 0, 1), there


def calmed(angles: np.ndarray, trust: np.ndarray, time: np.ndarray, settings: Settings) -> np.ndarray:
    """Angles (n, A) that follow what was seen as far as it can be trusted, else keep still near what is usual.

    trust: (n,) 0..1. time: (n,) s, with gaps. The least of trust |x - angles|^2 + PULL |x - usual|^2 + (ease x'')^2 in
    each stretch without a gap; usual is the clip's median, or a relaxed hand where hardly anything was seen.
    """
    if settings.smoothing == 0 or len(time) < 3:
        return angles
    step = np.diff(time).min()
    usual = (np.median(angles, 0) * trust.sum() * step + relaxed_angles() * USUAL) / (trust.sum() * step + USUAL)
    ease = settings.smoothing**4 / (2 * np.sin(np.pi * min(CALM * step, 0.5))) ** 4
    result = angles.copy()
    starts = np.concatenate([[0], np.flatnonzero(np.diff(time) > 1.5 * step) + 1, [len(time)]])
    for start, stop in zip(starts, starts[1:], strict=False):
        band = np.zeros((3, stop - start))
        band[2] = trust[start:stop] + PULL
        if stop - start > 2:
            band[2, :-2] += ease
            band[2, 1:-1] += 4 * ease
            band[2, 2:] += ease
            band[1, 1:-1] -= 2 * ease
            band[1, 2:] -= 2 * ease
            band[0, 2:] += ease
            right = trust[start:stop, None] * angles[start:stop] + PULL * usual
            result[start:stop] = solveh_banded(band, right)
    return result


def bends(local: np.ndarray) -> np.ndarray:
    """Angles (T, 21) rad of a left hand's joints, in the order of ANGLES, by its points alone.

    local: (T, 21, 3) points in the palm's axes.
    """
    bones = np.stack([np.diff(local[:, POINTS[finger]], axis=1) for finger in FINGERS], 1)
    bones = bones / np.maximum(np.linalg.norm(bones, axis=-1, keepdims=True), 1e-9)
    pitch = np.arctan2(-bones[:, 1:, :, 2], bones[:, 1:, :, 0])
    bend = (pitch[..., 0] + np.pi / 2) % (2 * np.pi) - np.pi / 2
    spread = np.arcsin(np.clip(bones[:, 1:, 0, 1], -1, 1))
    # The whole angle between two bones is too large where they wobble, that about the hinge too small where the finger
    # lies askew; with what follows, their mean is off by 7.0, 8.2 and 6.4 degrees on three clips, raw points by 10.2,
    # 11.2 and 10.9.
    whole = np.arccos(np.clip((bones[:, 1:, :2] * bones[:, 1:, 1:]).sum(-1), -1, 1))
    hinge = _clip((np.diff(pitch, axis=-1) + np.pi / 2) % (2 * np.pi) - np.pi / 2, MIDDLE)
    middle = _together((whole[..., 0] + hinge[..., 0]) / 2)
    end = END_TRUST * whole[..., 1] + (1 - END_TRUST) * END_SHARE * middle
    return np.concatenate([bend, spread, middle, end, _thumb(bones[:, 0])], 1)


def joined(seen: np.ndarray, said: dict[str, np.ndarray]) -> np.ndarray:
    """Angles (T, 21) by the points alone and by what was learned, together. seen: (T, 21). said: of knuckles.read."""
    thumb = [said[name] / np.linalg.norm(said[name], axis=1, keepdims=True) for name in ("thumb_base", "thumb_middle")]
    thumb = _thumb(np.stack([*thumb, thumb[1]], 1))
    thumb[:, -1] = said["thumb_end"][:, 0]
    learned = np.concatenate([said["knuckle"], said["spread"], said["middle"], said["end"], thumb], 1)
    return seen + LEARNED * (learned - seen)


def finger_rotations(angles: np.ndarray) -> np.ndarray:
    """Rotations (T, 15, 4) of a left hand's finger bones, relative to their parents, within what joints can do.

    angles: (T, 21) rad in the order of ANGLES.
    """
    bend, spread, middle, end, thumb = np.split(angles, [4, 8, 12, 16], axis=1)
    bend = _clip(bend, KNUCKLE)
    most = np.radians(SPREAD) * np.clip(1 - bend / np.radians(FIST), 0, 1)
    knuckle = rotations.multiply(_hinge(SIDEWAYS, bend), _hinge(NORMAL, np.clip(spread, -most, most)))
    chains = np.stack(
        [knuckle, _hinge(SIDEWAYS, _clip(middle, MIDDLE)), _hinge(SIDEWAYS, _clip(end, END))], 2
    )  # fmt: skip
    swing = np.linalg.norm(thumb[:, :3], axis=1, keepdims=True)
    base = rotations.from_vector(thumb[:, :3] * np.minimum(1, np.radians(THUMB_SWING) / np.maximum(swing, 1e-9)))
    first, last = (_hinge(HINGE, _clip(thumb[:, 3 + k], THUMB_BENDS[k])) for k in range(2))
    return np.concatenate([np.stack([base, first, last], 1)[:, None], chains], 1).reshape(len(angles), 15, 4)


def _together(bend: np.ndarray) -> np.ndarray:
    """Bends (T, 4) of neighbouring fingers drawn together where they differ by no more than the network's error.

    Fingers move together (enslaving: Zatsiorsky, Li and Latash 2000), the network's errors do not. Wiener's rule on the
    difference from their mean: small differences vanish, large ones (a pointing finger) stay.
    """
    mean = bend.mean(-1, keepdims=True)
    apart = bend - mean
    return mean + apart * apart**2 / (apart**2 + np.radians(ERROR) ** 2)


def _thumb(bones: np.ndarray) -> np.ndarray:
    """Swing of the thumb's base as a vector, and the bends of its two hinges: (T, 5) rad.

    bones: (T, 3, 3) unit directions in the palm's axes.
    """
    swing = rotations.to_vector(rotations.between(THUMB, bones[:, 0]))
    base = rotations.from_vector(swing)
    bend = _about(HINGE, THUMB, rotations.rotate(rotations.inverse(base), bones[:, 1]))
    proximal = rotations.multiply(base, _hinge(HINGE, _clip(bend, THUMB_BENDS[0])))
    end = _about(HINGE, THUMB, rotations.rotate(rotations.inverse(proximal), bones[:, 2]))
    return np.column_stack([swing, bend, end])


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


def relaxed_angles() -> np.ndarray:
    """Angles (21,) rad of a relaxed left hand, in the order of ANGLES."""
    four = np.radians([RELAXED[finger] for finger in FINGERS[1:]])
    thumb = np.radians(RELAXED["Thumb"])
    return np.concatenate([four[:, 0], np.zeros(4), four[:, 1], four[:, 2], HINGE * thumb[0], thumb[1:]])


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
