"""Where the performer is: depth before the camera, and later the ground under the feet."""

from __future__ import annotations

import numpy as np

from ..motion import signals
from ..names import JOINT
from ..take import Take
from .bones import POINT
from .observed import Camera, Sight
from .posing import SOLE

ROUNDS = 3  # of reweighting: more changed nothing
CUTOFF = 3.0  # Hz: bodies are heavy
USUAL_DEPTH = 2.5  # m, where nothing tells


def translations(sight: Sight, lens: Camera) -> np.ndarray:
    """Where the middle of the hips is, (T, 3) m from the camera, so that the world points project onto their pictures.

    sight: of the picked points. lens: the camera.
    Linear least squares per sample: x + tx = ax (y + ty) and z + tz = az (y + ty) for the ray (ax, 1, az) of each
    point, with Cauchy weights. Gaps are bridged and the whole is smoothed.
    """
    rays, world = np.nan_to_num(lens.rays(sight.image)), np.nan_to_num(sight.world)
    weight = sight.weight[..., None] * np.ones(2)
    side = rays[..., [0, 2]]
    rows = np.zeros((*side.shape, 3))
    rows[..., 0, 0], rows[..., 1, 2], rows[..., 1] = 1.0, 1.0, -side
    values = side * world[..., 1:2] - world[..., [0, 2]]
    enough = (sight.weight > 0).sum(1) >= 2
    found = np.full((len(world), 3), np.nan)
    robust = np.ones_like(weight)
    for _ in range(ROUNDS):
        w = (weight * robust)[enough]
        normal = np.einsum("tpk,tpki,tpkj->tij", w, rows[enough], rows[enough]) + 1e-9 * np.eye(3)
        right = np.einsum("tpk,tpki,tpk->ti", w, rows[enough], values[enough])
        found[enough] = np.linalg.solve(normal, right[..., None])[..., 0]
        error = np.einsum("tpki,ti->tpk", rows, np.nan_to_num(found)) - values
        robust = 1.0 / (1.0 + (error / 0.05) ** 2)
    found[~(found[:, 1] > 0.2)] = np.nan
    found = signals.lowpass(signals.fill(found), sight.fps, CUTOFF)
    return np.where(np.isfinite(found), found, [0.0, USUAL_DEPTH, 0.0])


def held(points: np.ndarray, present: np.ndarray) -> np.ndarray:
    """The points, standing still before somebody is first there and after that.

    points: (T, P, 3) m. present: (T,) whether somebody is there.
    """
    if not present.any():
        return np.repeat(points[:1], len(points), 0)
    first, last = np.flatnonzero(present)[[0, -1]]
    return points[np.clip(np.arange(len(points)), first, last)]


def stand(points, ground: float, present, person, take: Take) -> tuple[np.ndarray, np.ndarray]:
    """The path of the hips (T, 3) m with the ground at z = 0, starting at x = y = 0, and where the camera is (3,) m.

    points: (T, P, 3) m, camera at 0, z up. ground: height of the floor, m. present: (T,) whether somebody is there.
    person: (J, 3) m, the skeleton. take: as detected, for where the face is when nothing else is seen.
    """
    hips = points[:, [POINT["leftHip"], POINT["rightHip"]]].mean(1)
    if present.any():
        camera = -np.array([hips[0, 0], hips[0, 1], ground - SOLE])
        return hips + camera, camera
    height = -person[[JOINT["leftToes"], JOINT["rightToes"]], 2].mean() + SOLE
    path = np.repeat([[0.0, 0.0, height]], len(points), 0)
    heads = take.head[np.isfinite(take.head[:, :3, 3]).all(1), :3, 3]
    away = np.median(heads, 0) if len(heads) else np.array([0.0, USUAL_DEPTH, 0.0])
    eyes = person[[JOINT["leftEye"], JOINT["rightEye"]]].mean(0)
    return path, path[0] + eyes - away
