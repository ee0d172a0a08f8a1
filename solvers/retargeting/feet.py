"""Feet on the ground: legs of other proportions neither slide nor sink where the performer's feet stand."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded
from scipy.ndimage import maximum_filter1d

from ..motion import signals
from ..motion.rotations import between, from_axis_angle, from_vector, inverse, multiply, rotate, to_vector
from ..motion.skeleton import joint_positions
from ..names import CONTACTS, JOINT
from ..performance import Performance
from .stances import Stance, fitted, flat, stances
from .tpose import ANKLE_SHARE, SIDES, Rig

REACH = 0.9995  # of the straight leg: a knee nearer to straight than this pops
EASY = 0.99  # of the straight leg: legs that are bent stay bent so much, since the last of it moves the knee most
EDGE = 0.09  # s: of how sharply a correction may set in where a foot comes to stand
EASE = 0.2  # s over which a foot is taken to the ground and let go
FIRM = 1000.0  # weight of a standing foot's place against the smoothness of its correction
LEVEL_ROUNDS = 4  # of lifting what would be in the ground
LOWER = 0.15  # s over which the pelvis comes down and goes up again


def plant(
    performance: Performance, rig: Rig, turns: np.ndarray, pelvis: np.ndarray, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """Bend the legs, and lower the pelvis, so that standing feet stay where they stand and no foot is in the ground.

    performance: (N,) samples, with contacts (N, 4). turns: (N, J, 4). pelvis: (N, 3) middle between the hip joints.
    strength: 0..1 of the correction. Result: turns and pelvis.
    Corrections are exact where a foot stands and pass smoothly from one stance to the next.
    """
    sides = [side for side in SIDES if all(f"{side}{part}" in rig.joints for part in ("UpperLeg", "LowerLeg", "Foot"))]
    if not sides or strength == 0:
        return turns, pelvis
    turns, pelvis = turns.copy(), pelvis.copy()
    fps, targets, drop = signals.rate(performance.time), {}, np.zeros(len(pelvis))
    for side in sides:
        heels, toes = standing(performance, rig, leg(rig, turns, pelvis, side), side)
        foot = JOINT[f"{side}Foot"]
        turns[:, foot] = flattened(turns[:, foot], rig.correction[foot], flat(heels, toes, fps), fps, strength)
        now = leg(rig, turns, pelvis, side)
        targets[side] = ankle_target(rig, now, side, heels, toes, fps, strength)
        drop = np.maximum(drop, _shortage(now[0], targets[side], _reach(now, _lengths(rig, side).sum())))
    pelvis[:, 2] -= _above(drop, fps)
    for side in sides:
        bend(rig, turns, pelvis, side, targets[side])
    return turns, pelvis


def standing(
    performance: Performance, rig: Rig, now: tuple[np.ndarray, ...], side: str
) -> tuple[list[Stance], list[Stance]]:
    """Where heel and toes of the character's foot stand, as the performer's do.

    now: hip, knee, ankle and toe joint, each (N, 3), before any correction.
    """
    points = joint_positions(performance.rotations, performance.root, performance.skeleton)
    heel, toe = (performance.contacts[:, CONTACTS.index(f"{side}{part}")] > 0.5 for part in ("Heel", "Toe"))
    low = ankle_height(performance)
    drop = performance.skeleton[JOINT[f"{side}Toes"], 2] - performance.skeleton[JOINT[f"{side}Foot"], 2]
    ankle, tip = ((points[:, JOINT[f"{side}{part}"]] - [0, 0, h]) * rig.scale for part, h in
                  (("Foot", low), ("Toes", low + drop)))  # fmt: skip
    if not np.isfinite(rig.heads[JOINT[f"{side}Toes"]]).all():
        return stances(now[2], ankle, heel | toe, rig.ground + rig.ankle, rig.scale), []
    heels = stances(now[2], ankle, heel, rig.ground + rig.ankle, rig.scale)
    toes = stances(now[3], tip, toe, rig.ground + _toe_height(rig, side), rig.scale)
    reach = rig.heads[JOINT[f"{side}Toes"]] - rig.heads[JOINT[f"{side}Foot"]]
    held = [pair for pair in flat(heels, toes, signals.rate(performance.time)) if not pair[0].loose + pair[1].loose]
    fitted(held, float(np.linalg.norm(reach[:2])))
    return heels, toes


def flattened(turns: np.ndarray, correction: np.ndarray, pairs: list, fps: float, strength: float) -> np.ndarray:
    """A foot's turns (N, 4) with its sole level while heel and toes stand, turned from the one to the other.

    turns: (N, 4). correction: (4,) of the foot. pairs: of stances.flat. fps: 1/s. strength: 0..1.
    A foot that slides keeps its own heading.
    """
    world = multiply(turns, inverse(correction))
    ahead = rotate(world, np.array([0.0, -1.0, 0.0]))
    wanted, weight = np.zeros((len(turns), 3)), np.zeros(len(turns))
    for heel, toe, start, stop in pairs:
        line = (toe.place - heel.place)[:2]
        loose = max(heel.loose, toe.loose)
        line = (1 - loose) * line / max(float(np.linalg.norm(line)), 1e-9) + loose * ahead[start:stop, :2]
        level = from_axis_angle(np.array([0.0, 0.0, 1.0]), np.arctan2(line[..., 0], -line[..., 1]))
        wanted[start:stop] = to_vector(multiply(level, inverse(world[start:stop])))
        weight[start:stop] = 1.0
    return multiply(from_vector(strength * smoothly(wanted, weight, fps)), turns)


def ankle_target(
    rig: Rig, now: tuple[np.ndarray, ...], side: str, heels: list[Stance], toes: list[Stance], fps: float,
    strength: float,
) -> np.ndarray:
    """Where an ankle (N, 3) has to be, so that heel and toes are where they stand and not in the ground.

    now: hip, knee, ankle and toe joint, each (N, 3). heels, toes: of `standing`. fps: 1/s. strength: 0..1.
    """  # fmt: skip
    _, _, ankle, tip = now
    total, count = np.zeros_like(ankle), np.zeros(len(ankle))
    for found, point in ((heels, ankle), (toes, tip)):
        for stance in found:
            total[stance.start : stance.stop] += stance.goal() - point[stance.start : stance.stop]
            count[stance.start : stance.stop] += 1
    way, weight = total / np.maximum(count, 1)[:, None], np.minimum(count, 1.0)
    low = np.minimum(ankle[:, 2] - rig.ankle, tip[:, 2] - _toe_height(rig, side)) - rig.ground
    height, lifted = way[:, 2].copy(), weight.copy()
    for _ in range(LEVEL_ROUNDS):
        moved = smoothly(height[:, None], lifted, fps)[:, 0]
        sunk = low + moved < 0
        height[sunk & (weight == 0)] = -low[sunk & (weight == 0)]
        lifted[sunk] = 1.0
    moved = np.concatenate([smoothly(way[:, :2], weight, fps), np.maximum(moved, -low)[:, None]], 1)
    return ankle + strength * moved


def smoothly(
    wanted: np.ndarray, weight: np.ndarray, fps: float, edge: float = EDGE, ease: float = EASE, firm: float = FIRM,
    to_rest: bool = False,
) -> np.ndarray:
    """A correction (N, C) that is as wanted where it counts and goes on smoothly between.

    wanted: (N, C). weight: (N,) 0..1. fps: 1/s. edge, ease: s. firm: weight of what is wanted against smoothness.
    The least of firm weight |x - wanted|^2 + (edge^2 d2x/dt2)^2, drawn within ease seconds to straight lines between
    what is wanted, or to_rest: to nothing.
    """  # fmt: skip
    if not weight.any():
        return np.zeros_like(wanted)
    index, known = np.arange(len(weight)), np.flatnonzero(weight > 0)
    line = np.stack([np.interp(index, known, column[known]) for column in wanted.T], 1)
    if to_rest:
        line = np.where(weight[:, None] > 0, wanted, 0.0)
    stiff = (edge * fps) ** 4
    pull = np.full(len(weight), (edge / ease) ** 4)
    if to_rest:
        pull[weight > 0] = 0.0
    each = firm * weight + pull
    band = np.zeros((3, len(weight)))
    band[2] = each
    if len(weight) > 2:
        band[2, :-2] += stiff
        band[2, 1:-1] += 4 * stiff
        band[2, 2:] += stiff
        band[1, 1:-1] -= 2 * stiff
        band[1, 2:] -= 2 * stiff
        band[0, 2:] += stiff
    if len(weight) < 3:
        return line
    return solveh_banded(band, each[:, None] * line, check_finite=False)


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


def _reach(now: tuple[np.ndarray, ...], length: float) -> np.ndarray:
    """How far (N,) a leg may reach: as straight as it is by itself, or nearly straight.

    now: hip, knee, ankle and toe joint, each (N, 3). length: of the straight leg.
    """
    return np.clip(np.linalg.norm(now[2] - now[0], axis=-1), EASY * length, REACH * length)


def _shortage(hip: np.ndarray, target: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """How far (N,) a hip has to come down for the leg to reach its target. reach: (N,)."""
    aside = np.linalg.norm(hip[:, :2] - target[:, :2], axis=-1)
    highest = target[:, 2] + np.sqrt(np.maximum(reach**2 - aside**2, 0.0))
    return np.maximum(hip[:, 2] - highest, 0.0)


def _above(least: np.ndarray, fps: float) -> np.ndarray:
    """Values (N,) that are nowhere below the least ones (N,), and come and go smoothly."""
    half = max(1, int(round(LOWER * fps)))
    window = np.hanning(2 * half + 3)[1:-1]
    held = maximum_filter1d(least, 2 * half + 1, mode="nearest")
    return np.convolve(np.pad(held, half, mode="edge"), window / window.sum(), mode="valid")
