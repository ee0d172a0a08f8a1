"""When a hand touches the performer's own head, torso or other hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import binary_propagation

from ..motion import rotations, signals
from ..motion.skeleton import joint_positions, world_rotations
from ..names import FINGERS, JOINT, TOUCHES, finger_bones
from ..performance import Performance

SIDES = ("left", "right")
TORSO = 0.51  # m from hip to shoulder, of an adult of 1.70 m; all sizes below are of that adult and grow with it
# The skull about the head's joint, and a trunk that goes from the hips to the shoulders: middle and half sizes (to the
# left, to the back, up) m. Breadth, depth and height of the head .155, .195 and .23, depth of the chest .23, after
# NASA-STD-3000, volume 1, section 3.
SKULL, SKULL_SIZE = np.array([0.0, -0.01, 0.07]), np.array([0.078, 0.098, 0.115])
TRUNK_SIZE = np.array([0.165, 0.115])
FLESH = 0.009  # m about a finger's joints, and of a palm
TIP = 0.8  # of the bone before the last, that the last is long
# Gaps, m of an adult, below which a hand surely touches, and above which it does not, as far as one camera tells depth:
# hands that are pressed together or folded are up to .08 apart, hands that hang beside the trunk no less than .08.
REACH = {"hands": (0.03, 0.09), "body": (0.02, 0.05)}
BEGIN, STAY = 0.8, 0.15  # how sure a touch has to be to begin, and to go on
LEAST = 0.25  # s: shorter touches are none
APART = 0.25  # s: touches that are less apart than this are one


def found(performance: Performance) -> Performance:
    """The performance with what its hands touch. An arm that was not seen touches nothing."""
    part = performance.rotations, performance.root, performance.skeleton
    joints, world, scale = joint_positions(*part), world_rotations(part[0]), size(part[2])
    points = {side: hand_points(joints, world, part[2], side) for side in SIDES}
    seen = {side: performance.confidence[:, JOINT[f"{side}LowerArm"]] > 0 for side in SIDES}
    gaps = {
        "hands": between(points["left"], points["right"]) - 2 * FLESH * scale,
        **{f"{side}HandHead": to_head(points[side], joints, world, scale).min(1) - FLESH * scale for side in SIDES},
        **{f"{side}HandTorso": to_torso(points[side], joints, world, scale).min(1) - FLESH * scale for side in SIDES},
    }
    result = np.zeros((len(joints), len(TOUCHES)))
    for column, name in enumerate(TOUCHES):
        visible = np.all([seen[side] for side in SIDES if name == "hands" or name.startswith(side)], 0)
        nearer, near = REACH["hands" if name == "hands" else "body"]
        sure = np.clip((near - gaps[name] / scale) / (near - nearer), 0, 1) * visible
        result[:, column] = sure * lasting(sure, performance.time)
    return replace(performance, touches=result)


def size(skeleton: np.ndarray) -> float:
    """How large a performer is, in adults. skeleton: (J, 3) m."""
    return float(np.linalg.norm(skeleton[JOINT["leftUpperArm"]] - skeleton[JOINT["leftUpperLeg"]])) / TORSO


def hand_points(joints: np.ndarray, world: np.ndarray, skeleton: np.ndarray, side: str) -> np.ndarray:
    """Points (T, 20, 3) m of a hand: three joints a finger, and the tips.

    joints: (T, J, 3) m. world: (T, J, 4) wxyz. skeleton: (J, 3) m.
    """
    chains = [finger_bones(side, finger) for finger in FINGERS]
    tips = []
    for _, middle, end in chains:
        bone = TIP * (skeleton[JOINT[end]] - skeleton[JOINT[middle]])
        tips.append(joints[:, JOINT[end]] + rotations.rotate(world[:, JOINT[end]], bone))
    return np.concatenate([joints[:, [JOINT[name] for chain in chains for name in chain]], np.stack(tips, 1)], 1)


def between(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """The least distance (T,) between points (T, P, 3) and (T, Q, 3)."""
    return np.linalg.norm(ours[:, :, None] - theirs[:, None], axis=-1).min((1, 2))


def to_head(points: np.ndarray, joints: np.ndarray, world: np.ndarray, scale: float) -> np.ndarray:
    """Distances (T, P) m of points (T, P, 3) from the skull, negative inside."""
    local = points - joints[:, None, JOINT["head"]]
    local = rotations.rotate(rotations.inverse(world[:, None, JOINT["head"]]), local) - SKULL * scale
    return _outside(local, SKULL_SIZE * scale)


def to_torso(points: np.ndarray, joints: np.ndarray, world: np.ndarray, scale: float) -> np.ndarray:
    """Distances (T, P) m of points (T, P, 3) from the trunk between hips and shoulders, negative inside."""
    shoulders = joints[:, [JOINT["leftUpperArm"], JOINT["rightUpperArm"]]].mean(1)
    hips = joints[:, [JOINT["leftUpperLeg"], JOINT["rightUpperLeg"]]].mean(1)
    along = shoulders - hips
    length = np.linalg.norm(along, axis=-1)
    left = rotations.rotate(world[:, JOINT["upperChest"]], np.array([1.0, 0.0, 0.0]))
    axes = rotations.frame(along / length[:, None], left)  # up, left, front
    local = np.einsum("tij,tpi->tpj", axes, points - hips[:, None])
    beyond = np.maximum(np.maximum(-local[..., 0], local[..., 0] - length[:, None]), 0.0)
    return np.hypot(np.maximum(_outside(local[..., 1:], TRUNK_SIZE * scale), 0.0), beyond) + np.minimum(
        _outside(local[..., 1:], TRUNK_SIZE * scale), 0.0
    )


def lasting(sure: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Where a touch goes on: it begins surely, may become less sure, lasts for a while: (T,) bool. sure: (T,) 0..1."""
    held = binary_propagation(sure >= BEGIN, mask=sure >= STAY)
    step = float(np.median(np.diff(time))) if len(time) > 1 else 1.0
    for start, stop in signals.runs(~held):
        if start and stop < len(held) and (stop - start) * step < APART and (sure[start:stop] > 0).all():
            held[start:stop] = True
    for start, stop in signals.runs(held):
        if (stop - start) * step < LEAST:
            held[start:stop] = False
    return held


def _outside(local: np.ndarray, half: np.ndarray) -> np.ndarray:
    """About how far points (..., D) are outside of an ellipsoid with half axes (D,), negative inside.

    Source: Inigo Quilez, "Ellipsoid SDF", the bound k0 (k0 - 1) / k1.
    """
    first, second = np.linalg.norm(local / half, axis=-1), np.linalg.norm(local / half**2, axis=-1)
    return first * (first - 1) / np.maximum(second, 1e-9)
