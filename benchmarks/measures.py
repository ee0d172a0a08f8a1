"""Measures of a solved body against the truth, the field's own: https://arxiv.org/abs/1907.03394 and others.

Lengths are mm and angles degrees unless said otherwise. Whatever is measured, the true times count: what was solved
is interpolated to them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..solvers.motion.skeleton import joint_positions
from ..solvers.names import JOINT
from ..solvers.performance import Performance
from .truth import SIDES, Truth

LIMBS = [
    (f"{side}{a}", f"{side}{b}")
    for side in SIDES
    for a, b in (("UpperArm", "LowerArm"), ("LowerArm", "Hand"), ("UpperLeg", "LowerLeg"), ("LowerLeg", "Foot"))
]
FEET = ("leftFoot", "rightFoot")
LONG_FINGERS = ("Index", "Middle", "Ring", "Little")
FEWEST = 6  # joints of a body; fewer say nothing about limbs
REST_SPEED, REST_HEIGHT = 0.25, 0.08  # m/s, m: a true foot slower, and no higher above the lowest, stands
LOW = 5  # percentile of a foot's height that is where it stands
APART = 2.0  # palms: hands nearer to each other in the picture are not told apart


@dataclass(frozen=True)
class Points:
    """Joints over time: time (T,) s; joints {VRM joint: (T, 3) m}, z up, +y away from the camera.

    pixels: {side: (T, 2) px}: where in the picture the middle knuckle of each hand is; NaN where no hand is claimed.
    floor: whether z is meant to be upright with the floor at 0.
    """

    time: np.ndarray
    joints: dict[str, np.ndarray]
    pixels: dict[str, np.ndarray]
    floor: bool = True


def points_of(performance: Performance) -> Points:
    """All joints of a performance, and where its hands are in the picture."""
    places = joint_positions(performance.rotations, performance.root, performance.skeleton)
    joints = {name: places[:, column] for name, column in JOINT.items()}
    pixels = {}
    for side in SIDES:
        knuckle = joints[f"{side}MiddleProximal"]
        ahead = np.c_[knuckle, np.ones(len(knuckle))] @ performance.projection.T
        pixels[side] = ahead[:, :2] / ahead[:, 2:]
        pixels[side][performance.confidence[:, JOINT[f"{side}Hand"]] <= 0] = np.nan
    return Points(performance.time, joints, pixels)


def at_times(values: np.ndarray, time: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Values (T, D) at time (T,) interpolated to other times (N,)."""
    return np.stack([np.interp(at, time, column) for column in np.asarray(values, float).T], 1)


def body_measures(points: Points, truth: Truth) -> dict[str, float]:
    """Errors of body and fingers; empty where too little of the body is known.

    pa, mpjpe: mean distance of joints after a similarity a picture, and about the mid-hip after one rotation for the
    whole clip. direction: mean angle between solved and true limbs after that rotation. bone_cv: variation of limb
    lengths over time, %. jitter, jitter_truth: mean third difference about the mid-hip, 10 m/s3. acceleration: error,
    m/s2. skate, skate_truth: mean speed of feet while the true foot stands, m/s. pip: median error of the bend of the
    fingers' middle joints. foot_height: mean error of the ankles' height above where they stand, cm.
    wrong_side: % of claimed hands that are nearer to where the other hand really is in the picture.
    palm_flipped: % of hands whose palm faces more than a right angle away from where it does.
    """
    if len(truth.measured) < FEWEST:
        return {}
    solved, true = compared(points, truth)
    a, b = aligned(solved, true, truth)
    lengths = _lengths(solved, truth)
    result = {
        "pa": 1e3 * float(np.mean([_similarity_distance(p, q) for p, q in zip(solved, true, strict=True)])),
        "direction": float(limb_angles(a, b, truth).mean()),
        "mpjpe": 1e3 * float(np.linalg.norm(a - b, axis=-1).mean()),
        "bone_cv": 100 * float((lengths.std(0) / lengths.mean(0)).mean()),
        "jitter": _jitter(_about_hips(solved, truth), truth.fps),
        "jitter_truth": _jitter(b, truth.fps),
        "acceleration": float(np.linalg.norm(np.diff(a - b, n=2, axis=0), axis=-1).mean() * truth.fps**2),
    }
    if all(name in truth.measured for name in FEET):
        result |= foot_measures(points, truth)
    return result | hand_measures(points, truth)


def compared(points: Points, truth: Truth) -> tuple[np.ndarray, np.ndarray]:
    """The measured joints as solved and as they were, (T, M, 3) m each, at the true times."""
    solved = [at_times(points.joints[name], points.time, truth.time) for name in truth.measured]
    return np.stack(solved, 1), np.stack([truth.joints[name] for name in truth.measured], 1)


def aligned(solved: np.ndarray, true: np.ndarray, truth: Truth) -> tuple[np.ndarray, np.ndarray]:
    """Both (T, M, 3) about their mid-hips, the solved ones after the one rotation that brings them nearest."""
    a, b = _about_hips(solved, truth), _about_hips(true, truth)
    return a @ _rotation_onto(a.reshape(-1, 3), b.reshape(-1, 3)).T, b


def limb_angles(a: np.ndarray, b: np.ndarray, truth: Truth) -> np.ndarray:
    """Angles (T, L) between limbs of a and b (T, M, 3), in the order of `limbs`."""
    ways = [np.stack([_unit(x[:, end] - x[:, start]) for start, end in limbs(truth)], 1) for x in (a, b)]
    return np.degrees(np.arccos(np.clip((ways[0] * ways[1]).sum(-1), -1, 1)))


def limbs(truth: Truth) -> list[tuple[int, int]]:
    """The limbs both of whose ends are measured, as columns."""
    order = list(truth.measured)
    return [(order.index(a), order.index(b)) for a, b in LIMBS if a in order and b in order]


def foot_measures(points: Points, truth: Truth) -> dict[str, float]:
    """Skate and the height of feet; see body_measures."""
    true = np.stack([truth.joints[name] for name in FEET], 1)
    solved = np.stack([at_times(points.joints[name], points.time, truth.time) for name in FEET], 1)
    speeds = [np.linalg.norm(np.gradient(x, axis=0), axis=-1) * truth.fps for x in (solved, true)]
    standing = (speeds[1] < REST_SPEED) & (true[..., 2] < np.percentile(true[..., 2], LOW) + REST_HEIGHT)
    result = {}
    if standing.sum() > 5:
        result = {"skate": float(speeds[0][standing].mean()), "skate_truth": float(speeds[1][standing].mean())}
    if truth.floor and points.floor:
        heights = [x[..., 2] - np.percentile(x[..., 2], LOW, axis=0) for x in (solved, true)]
        result["foot_height"] = 100 * float(np.abs(heights[0] - heights[1]).mean())
    return result


def hand_measures(points: Points, truth: Truth) -> dict[str, float]:
    """Bends of fingers, sides and palms of hands; see body_measures."""
    bends, palms, sides = [], [], []
    for side in SIDES:
        for finger in LONG_FINGERS:
            names = [f"{side}{finger}{part}" for part in ("Proximal", "Intermediate", "Distal")]
            if all(name in points.joints and name in truth.seen for name in names):
                solved = [at_times(points.joints[name], points.time, truth.time) for name in names]
                bends.append(np.abs(_bend(solved) - _bend([truth.joints[name] for name in names])))
        palm = [f"{side}{part}" for part in ("Hand", "IndexProximal", "LittleProximal")]
        if all(name in points.joints and name in truth.seen for name in palm):
            solved = _normal([at_times(points.joints[name], points.time, truth.time) for name in palm])
            facing = (solved * _normal([truth.joints[name] for name in palm])).sum(-1)
            palms.append(facing[np.isfinite(facing)] < 0)
        sides.append(_on_other_side(points, truth, side))
    result = {}
    if any(np.isfinite(bend).any() for bend in bends):
        result["pip"] = float(np.nanmedian(np.concatenate(bends)))
    if sum(map(len, sides)):
        result["wrong_side"] = 100 * float(np.concatenate(sides).mean())
    if sum(map(len, palms)):
        result["palm_flipped"] = 100 * float(np.concatenate(palms).mean())
    return result


def _on_other_side(points: Points, truth: Truth, side: str) -> np.ndarray:
    """(N,) for every claimed hand whose place can be told: whether it is nearer to the other hand's."""
    other = SIDES[1 - SIDES.index(side)]
    names = {s: f"{s}MiddleProximal" for s in SIDES}
    if side not in points.pixels or not all(name in truth.seen for name in names.values()):
        return np.zeros(0, bool)
    claimed = points.pixels[side]
    nearest = np.clip(np.rint(np.interp(truth.time, points.time, np.arange(len(points.time)))).astype(int), 0, None)
    claimed = claimed[nearest]
    own, theirs = truth.pixels[names[side]], truth.pixels[names[other]]
    palm = np.linalg.norm(own - truth.pixels[f"{side}Hand"], axis=1)
    told = np.isfinite(claimed).all(1) & (np.linalg.norm(own - theirs, axis=1) > APART * palm.clip(1))
    return (np.linalg.norm(claimed - own, axis=1) > np.linalg.norm(claimed - theirs, axis=1))[told]


def _normal(palm: list[np.ndarray]) -> np.ndarray:
    """Unit normals (T, 3) of a palm. palm: wrist, index and little knuckles, (T, 3) each."""
    wrist, index, little = palm
    return _unit(np.cross(index - wrist, little - wrist))


def _bend(finger: list[np.ndarray]) -> np.ndarray:
    """The angle (T,) between a finger's first two bones. finger: three joints (T, 3)."""
    first, second = _unit(finger[1] - finger[0]), _unit(finger[2] - finger[1])
    return np.degrees(np.arccos(np.clip((first * second).sum(-1), -1, 1)))


def _about_hips(x: np.ndarray, truth: Truth) -> np.ndarray:
    hips = [truth.measured.index(f"{side}UpperLeg") for side in SIDES]
    return x - x[:, hips].mean(1, keepdims=True)


def _lengths(x: np.ndarray, truth: Truth) -> np.ndarray:
    return np.stack([np.linalg.norm(x[:, b] - x[:, a], axis=1) for a, b in limbs(truth)], 1)


def _unit(v: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return v / np.linalg.norm(v, axis=-1, keepdims=True)


def _rotation_onto(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The rotation R that brings points a onto b about their means, b ~ a @ R.T (Kabsch 1976)."""
    u, _, vt = np.linalg.svd((a - a.mean(0)).T @ (b - b.mean(0)))
    return (u * [1, 1, np.sign(np.linalg.det(u @ vt))] @ vt).T


def _similarity_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean distance of points a from b after the best similarity (Umeyama 1991)."""
    return float(joint_distances(a, b).mean())


def joint_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distances (M,) of points a from b (M, 3) after the best similarity (Umeyama 1991)."""
    a, b = a - a.mean(0), b - b.mean(0)
    turned = a @ _rotation_onto(a, b).T
    return np.linalg.norm(turned * ((turned * b).sum() / (turned**2).sum()) - b, axis=-1)


def _jitter(x: np.ndarray, fps: float) -> float:
    return float(np.linalg.norm(np.diff(x, n=3, axis=0), axis=-1).mean() * fps**3 / 10)
