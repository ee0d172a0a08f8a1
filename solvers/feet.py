"""Feet on the ground: legs of other proportions neither slide nor sink where the performer's feet stand."""

from __future__ import annotations

import numpy as np

from .names import CONTACTS, JOINT
from .performance import Performance
from .rotations import between, inverse, multiply, rotate
from .skeleton import joint_positions
from .tpose import ANKLE_SHARE, SIDES, Rig

REACH = 0.9995  # of the straight leg: a knee nearer to straight than this pops
EASE = 0.15  # s over which a foot is taken to the ground and let go


def plant(
    performance: Performance, rig: Rig, turns: np.ndarray, pelvis: np.ndarray, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """Bend the legs, and lower the pelvis, so that standing feet stay where they stand and no foot is in the ground.

    performance: (N,) samples, with contacts (N, 4). turns: (N, J, 4). pelvis: (N, 3) middle between the hip joints.
    strength: 0..1 of the correction. Result: turns and pelvis.
    """
    sides = [side for side in SIDES if all(f"{side}{part}" in rig.joints for part in ("UpperLeg", "LowerLeg", "Foot"))]
    if not sides or strength == 0:
        return turns, pelvis
    turns, pelvis = turns.copy(), pelvis.copy()
    targets = {side: ankle_target(performance, rig, turns, pelvis, side, strength) for side in sides}
    drop = np.zeros(len(pelvis))
    for side in sides:
        hip = leg(rig, turns, pelvis, side)[0]
        drop = np.maximum(drop, _shortage(hip, targets[side], _lengths(rig, side).sum() * REACH))
    pelvis[:, 2] -= drop
    for side in sides:
        bend(rig, turns, pelvis, side, targets[side])
    return turns, pelvis


def ankle_target(
    performance: Performance, rig: Rig, turns: np.ndarray, pelvis: np.ndarray, side: str, strength: float
) -> np.ndarray:
    """Where an ankle (N, 3) has to be: as far as it touches, heel or toes follow the performer's, in leg lengths.

    During each contact the foot stands as near as possible to where the uncorrected leg has put it.
    """
    points = joint_positions(performance.rotations, performance.root, performance.skeleton)
    _, _, ankle, toes = leg(rig, turns, pelvis, side)
    foot, toe = JOINT[f"{side}Foot"], JOINT[f"{side}Toes"]
    theirs = ankle_height(performance)
    heights = rig.ankle, _toe_height(rig, side)
    low = theirs, theirs + performance.skeleton[toe, 2] - performance.skeleton[foot, 2]
    total, weights = np.zeros_like(pelvis), np.zeros(len(pelvis))
    touches = [performance.contacts[:, CONTACTS.index(f"{side}{part}")] for part in ("Heel", "Toe")]
    for point, joint, touch, height, least in zip((ankle, toes), (foot, toe), touches, heights, low, strict=True):
        if not np.isfinite(rig.heads[joint]).all():
            continue
        weight = _eased(touch, performance.time)
        goal = (points[:, joint] - [0, 0, least]) * rig.scale + [0, 0, rig.ground + height]
        goal[:, :2] += _stands(point[:, :2] - goal[:, :2], weight)
        total += weight[:, None] * (goal - point)
        weights += weight
    target = ankle + strength * total / np.maximum(weights, 1.0)[:, None]
    sunk = rig.ground - np.minimum(target[:, 2] - heights[0], target[:, 2] + (toes - ankle)[:, 2] - heights[1])
    target[:, 2] += strength * np.maximum(sunk, 0.0)
    return target


def leg(rig: Rig, turns: np.ndarray, pelvis: np.ndarray, side: str) -> tuple[np.ndarray, ...]:
    """Where a leg's hip, knee, ankle and toe joints are, each (N, 3); without toes, they are at the ankle.

    turns: (N, J, 4). pelvis: (N, 3) middle between the hip joints.
    """
    names = [f"{side}{part}" for part in ("UpperLeg", "LowerLeg", "Foot", "Toes")]
    points = [pelvis + rotate(turns[:, JOINT["hips"]], rig.heads[JOINT[names[0]]] - rig.pelvis)]
    for upper, lower in zip(names, names[1:], strict=False):
        offset = np.nan_to_num(rig.heads[JOINT[lower]] - rig.heads[JOINT[upper]])
        points.append(points[-1] + rotate(turns[:, JOINT[upper]], offset))
    return tuple(points)


def bend(rig: Rig, turns: np.ndarray, pelvis: np.ndarray, side: str, target: np.ndarray) -> None:
    """Turn thigh and shin, in place, so that the ankle is at its target; the knee stays in the plane it bends in.

    turns: (N, J, 4), changed. pelvis: (N, 3). target: (N, 3). By the law of cosines.
    """
    hip, knee, ankle, _ = leg(rig, turns, pelvis, side)
    upper, lower = _lengths(rig, side)
    thigh, shin = JOINT[f"{side}UpperLeg"], JOINT[f"{side}LowerLeg"]
    reach = target - hip
    distance = np.linalg.norm(reach, axis=-1, keepdims=True)
    along = reach / np.maximum(distance, 1e-9)
    distance = np.clip(distance, abs(upper - lower) + 1e-3 * upper, (upper + lower) * REACH)
    hinge = np.cross(knee - hip, ankle - knee) / (upper * lower)
    # A leg near to straight has no plane of its own: knees bend to the front, about the axis across the thigh.
    across = rotate(turns[:, thigh], rotate(inverse(rig.correction[thigh]), np.array([1.0, 0.0, 0.0])))
    hinge = hinge + 0.02 * across
    hinge = hinge - (hinge * along).sum(-1, keepdims=True) * along
    hinge = hinge / np.maximum(np.linalg.norm(hinge, axis=-1, keepdims=True), 1e-9)
    cosine = np.clip((upper**2 + distance**2 - lower**2) / (2 * upper * distance), -1, 1)
    bent = hip + upper * (cosine * along + np.sqrt(1 - cosine**2) * np.cross(along, hinge))
    placed = hip + distance * along
    turns[:, thigh] = multiply(between(knee - hip, bent - hip), turns[:, thigh])
    turns[:, shin] = multiply(between(ankle - knee, placed - bent), turns[:, shin])


def ankle_height(performance: Performance) -> float:
    """How high the performer's ankles are above the ground when the feet stand: m.

    The median over the heels' contacts; as in people in general where there is none.
    """
    points = joint_positions(performance.rotations, performance.root, performance.skeleton)
    heights = [
        points[performance.contacts[:, CONTACTS.index(f"{side}Heel")] > 0.5, JOINT[f"{side}Foot"], 2] for side in SIDES
    ]
    skeleton = performance.skeleton
    length = np.linalg.norm(skeleton[JOINT["leftUpperLeg"]] - skeleton[JOINT["leftFoot"]])
    standing = np.concatenate(heights)
    measured = float(np.median(standing)) if len(standing) else np.nan
    return measured if 0 < measured < 0.25 * length else ANKLE_SHARE * float(length)


def _lengths(rig: Rig, side: str) -> np.ndarray:
    """Lengths of thigh and shin."""
    hip, knee, ankle = (rig.heads[JOINT[f"{side}{part}"]] for part in ("UpperLeg", "LowerLeg", "Foot"))
    return np.array([np.linalg.norm(hip - knee), np.linalg.norm(knee - ankle)])


def _toe_height(rig: Rig, side: str) -> float:
    toes = rig.heads[JOINT[f"{side}Toes"], 2]
    return float(toes - rig.ground) if np.isfinite(toes) else rig.ankle


def _shortage(hip: np.ndarray, target: np.ndarray, reach: float) -> np.ndarray:
    """How far (N,) a hip has to come down for the leg to reach its target."""
    aside = np.linalg.norm(hip[:, :2] - target[:, :2], axis=-1)
    highest = target[:, 2] + np.sqrt(np.maximum(reach**2 - aside**2, 0.0))
    return np.maximum(hip[:, 2] - highest, 0.0)


def _eased(contact: np.ndarray, time: np.ndarray) -> np.ndarray:
    """A contact (N,) that comes and goes over EASE seconds instead of at once."""
    step = np.median(np.diff(time)) if len(time) > 1 else 1.0
    half = int(round(EASE / step / 2))
    window = np.hanning(2 * half + 3)[1:-1]
    padded = np.pad(contact, half, mode="edge")
    return np.convolve(padded, window / window.sum(), mode="valid")


def _stands(offset: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Per contact one constant offset (N, 2), the mean over it; between contacts it goes evenly from one to the next.

    offset: (N, 2). weight: (N,) 0..1.
    """
    touching = np.concatenate([[False], weight > 0.05, [False]])
    edges = np.flatnonzero(np.diff(touching.astype(int)))
    if not len(edges):
        return np.zeros_like(offset)
    frames, values = [], []
    for start, stop in edges.reshape(-1, 2):
        mean = np.average(offset[start:stop], axis=0, weights=weight[start:stop])
        frames += [start, stop - 1]
        values += [mean, mean]
    return np.stack([np.interp(np.arange(len(offset)), frames, np.array(values)[:, axis]) for axis in range(2)], -1)
