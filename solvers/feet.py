"""Feet on the ground: legs of other proportions neither slide nor sink where the performer's feet stand."""

from __future__ import annotations

import numpy as np

from .names import CONTACTS, JOINT
from .performance import Performance
from .rotations import between, from_axis_angle, inverse, multiply, rotate, slerp
from .skeleton import joint_positions
from .tpose import ANKLE_SHARE, SIDES, Rig

REACH = 0.9995  # of the straight leg: a knee nearer to straight than this pops
NEAR = 0.08  # m from where it stands at which a foot still is on the ground; at twice this it is not
SLIDE = 0.08  # m from its mean place that a standing foot seems to go at most; at twice this it slides
EASE = 0.25  # s over which a foot is taken to the ground and let go


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
    touches = {side: touching(performance, side) * strength for side in sides}
    for side in sides:
        foot = JOINT[f"{side}Foot"]
        turns[:, foot] = flattened(turns[:, foot], rig.correction[foot], touches[side].min(-1))
    targets = {
        side: ankle_target(performance, rig, leg(rig, turns, pelvis, side), side, touches[side], strength)
        for side in sides
    }
    drop = np.zeros(len(pelvis))
    for side in sides:
        hip = leg(rig, turns, pelvis, side)[0]
        drop = np.maximum(drop, _shortage(hip, targets[side], _lengths(rig, side).sum() * REACH))
    pelvis[:, 2] -= drop
    for side in sides:
        bend(rig, turns, pelvis, side, targets[side])
    return turns, pelvis


def touching(performance: Performance, side: str) -> np.ndarray:
    """How much heel and toes of a foot touch the ground: (N, 2) 0..1, easing in and out.

    What the performance calls a contact high above the ground, as on a step, is none with the ground.
    """
    points = joint_positions(performance.rotations, performance.root, performance.skeleton)
    low = ankle_height(performance)
    drop = performance.skeleton[JOINT[f"{side}Toes"], 2] - performance.skeleton[JOINT[f"{side}Foot"], 2]
    weights = []
    for part, joint, height in (("Heel", "Foot", low), ("Toe", "Toes", low + drop)):
        contact = performance.contacts[:, CONTACTS.index(f"{side}{part}")]
        above = points[:, JOINT[f"{side}{joint}"], 2] - height
        weights.append(_eased(contact * np.clip(2 - np.abs(above) / NEAR, 0, 1), performance.time))
    return np.stack(weights, -1)


def flattened(turns: np.ndarray, correction: np.ndarray, share: np.ndarray) -> np.ndarray:
    """A foot's turns (N, 4) with its sole on the ground, as far as both its ends touch; it keeps its heading.

    correction: (4,) of the foot. share: (N,) 0..1.
    """
    world = multiply(turns, inverse(correction))
    ahead = rotate(world, np.array([0.0, -1.0, 0.0]))
    level = from_axis_angle(np.array([0.0, 0.0, 1.0]), np.arctan2(ahead[:, 0], -ahead[:, 1]))
    return multiply(slerp(world, level, share), correction)


def ankle_target(
    performance: Performance, rig: Rig, now: tuple[np.ndarray, ...], side: str, touch: np.ndarray, strength: float
) -> np.ndarray:
    """Where an ankle (N, 3) has to be: as far as heel or toes touch, they are on the ground and stay in place.

    The place of each contact is the one that the uncorrected leg has on average.
    now: hip, knee, ankle and toe joint, each (N, 3). touch: (N, 2) of heel and toes.
    """
    points = joint_positions(performance.rotations, performance.root, performance.skeleton)
    _, _, ankle, toes = now
    heights = rig.ankle, _toe_height(rig, side)
    total = np.zeros_like(ankle)
    for column, (point, part, height) in enumerate(zip((ankle, toes), ("Foot", "Toes"), heights, strict=True)):
        if np.isfinite(rig.heads[JOINT[f"{side}{part}"]]).all():
            goal = np.concatenate([point[:, :2], np.full((len(point), 1), rig.ground + height)], 1)
            goal[:, :2] += _held(point[:, :2], points[:, JOINT[f"{side}{part}"], :2] * rig.scale, touch[:, column], rig)
            total += touch[:, column, None] * (goal - point)
    target = ankle + total / np.maximum(touch.sum(-1), 1.0)[:, None]
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


def _held(point: np.ndarray, theirs: np.ndarray, weight: np.ndarray, rig: Rig) -> np.ndarray:
    """The way (N, 2) from where a foot is to where it stands in each contact, and evenly on between two.

    A contact in which the performer's foot goes far is no standing, but a slide: the foot goes along.
    point, theirs: (N, 2) of the character and of the performer, armature units. weight: (N,) 0..1.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], weight > 0.05, [False]]).astype(int)))
    if not len(edges):
        return np.zeros_like(point)
    frames, ways = [], []
    for start, stop in edges.reshape(-1, 2):
        share = weight[start:stop]
        place, slid = (np.average(path[start:stop], axis=0, weights=share) for path in (point, theirs))
        way = theirs[start:stop] - slid
        loose = np.clip(np.linalg.norm(way[share > 0.5], axis=-1).max(initial=0.0) / (SLIDE * rig.scale) - 1, 0, 1)
        frames += range(start, stop)
        ways += list(place + loose * way - point[start:stop])
    return np.stack([np.interp(np.arange(len(point)), frames, np.array(ways)[:, axis]) for axis in range(2)], -1)
