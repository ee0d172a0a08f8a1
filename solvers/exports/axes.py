"""The axes of files whose y points up: x to the performer's left, y up, z out of the performer's front."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from ..motion.rotations import from_vector, multiply


def y_up(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) of our axes (z up, the performer faces -y) in axes with y up."""
    x, y, z = np.moveaxis(np.asarray(vectors, float), -1, 0)
    return np.stack([x, z, -y], -1)


def euler_y_up(quaternions: np.ndarray, order: str) -> np.ndarray:
    """Angles of rotations about axes with y up, without jumps of whole turns over time.

    quaternions: (T, ..., 4) wxyz in our axes. order: the axes in the order in which they are turned about, each the
    one that the turns before have carried along, as in "YXZ". Result (T, ..., 3) rad.
    """
    quaternions = np.asarray(quaternions, float)
    xyzw = np.concatenate([y_up(quaternions[..., 1:]), quaternions[..., :1]], -1)
    angles = Rotation.from_quat(xyzw.reshape(-1, 4)).as_euler(order).reshape(*quaternions.shape[:-1], 3)
    return np.unwrap(angles, axis=0)


def quaternions_y_up(angles: np.ndarray, order: str) -> np.ndarray:
    """Rotations (T, 4) wxyz in our axes of angles about axes with y up: the inverse of `euler_y_up`.

    angles: (T, 3) rad. order: the axes in the order in which they are turned about, as in "YXZ".
    """
    angles = np.asarray(angles, float)
    if not len(angles):
        return np.zeros((0, 4))
    x, y, z, w = np.moveaxis(Rotation.from_euler(order, angles).as_quat(), -1, 0)
    return np.stack([w, x, -z, y], -1)


def eye_rotations(gaze: np.ndarray) -> np.ndarray:
    """Rotations of the eyes relative to the head.

    gaze: (T, 2, 2) rad, yaw to the performer's left and pitch up. Result (T, 2, 4) wxyz in our axes.
    """
    yaw, pitch = np.nan_to_num(np.asarray(gaze, float))[..., 0], np.nan_to_num(np.asarray(gaze, float))[..., 1]
    zero = np.zeros_like(yaw)
    return multiply(from_vector(np.stack([zero, zero, yaw], -1)), from_vector(np.stack([-pitch, zero, zero], -1)))
