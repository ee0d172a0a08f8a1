"""Rotations over whole clips as arrays: quaternions wxyz of shape (..., 4), matrices (..., 3, 3)."""

from __future__ import annotations

import numpy as np

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The rotation a after b. a, b: (..., 4) quaternions wxyz."""
    aw, ax, ay, az = np.moveaxis(np.asarray(a, float), -1, 0)
    bw, bx, by, bz = np.moveaxis(np.asarray(b, float), -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        -1,
    )


def inverse(q: np.ndarray) -> np.ndarray:
    """The rotation back. q: (..., 4) unit quaternions wxyz."""
    return np.asarray(q, float) * np.array([1.0, -1.0, -1.0, -1.0])


def rotate(q: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Vectors turned by quaternions. q: (..., 4) wxyz; v: (..., 3)."""
    q, v = np.asarray(q, float), np.asarray(v, float)
    axis = q[..., 1:]
    turned = np.cross(axis, v) * 2.0
    return v + q[..., :1] * turned + np.cross(axis, turned)


def normalise(q: np.ndarray) -> np.ndarray:
    """Quaternions of unit length; those of no length become the identity. q: (..., 4) wxyz."""
    q = np.asarray(q, float)
    length = np.linalg.norm(q, axis=-1, keepdims=True)
    return np.where(length > 1e-12, q / np.maximum(length, 1e-12), IDENTITY)


def from_axis_angle(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Quaternions from axes and angles. axis: (..., 3) of unit length; angle: (...) rad."""
    half = np.asarray(angle, float)[..., None] / 2.0
    return np.concatenate([np.cos(half), np.sin(half) * np.asarray(axis, float)], -1)


def from_vector(v: np.ndarray) -> np.ndarray:
    """Quaternions from rotation vectors. v: (..., 3) rad."""
    v = np.asarray(v, float)
    half = np.linalg.norm(v, axis=-1, keepdims=True) / 2.0
    return np.concatenate([np.cos(half), np.sinc(half / np.pi) * v / 2.0], -1)


def to_vector(q: np.ndarray) -> np.ndarray:
    """Rotation vectors of at most half a turn. q: (..., 4) wxyz; result (..., 3) rad."""
    q = np.asarray(q, float)
    q = q * np.where(q[..., :1] < 0, -1.0, 1.0)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, q[..., :1])
    return q[..., 1:] * np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 2.0)


def from_matrix(m: np.ndarray) -> np.ndarray:
    """Quaternions from rotation matrices, by the largest of the four components (Shepperd 1978). m: (..., 3, 3)."""
    m = np.asarray(m, float)
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = np.moveaxis(m, (-2, -1), (0, 1))
    candidates = np.stack(
        [
            np.stack([1 + xx + yy + zz, zy - yz, xz - zx, yx - xy], -1),
            np.stack([zy - yz, 1 + xx - yy - zz, xy + yx, xz + zx], -1),
            np.stack([xz - zx, xy + yx, 1 - xx + yy - zz, yz + zy], -1),
            np.stack([yx - xy, xz + zx, yz + zy, 1 - xx - yy + zz], -1),
        ],
        -2,
    )
    best = np.argmax(np.stack([xx + yy + zz, xx - yy - zz, yy - xx - zz, zz - xx - yy], -1), -1)
    return normalise(np.take_along_axis(candidates, best[..., None, None], -2)[..., 0, :])


def to_matrix(q: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) from unit quaternions. q: (..., 4) wxyz."""
    w, x, y, z = np.moveaxis(np.asarray(q, float), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The shortest rotations that turn directions a onto directions b. a, b: (..., 3), any length but zero."""
    a = np.asarray(a, float) / np.linalg.norm(a, axis=-1, keepdims=True)
    b = np.asarray(b, float) / np.linalg.norm(b, axis=-1, keepdims=True)
    a, b = np.broadcast_arrays(a, b)
    cosine = (a * b).sum(-1, keepdims=True)
    q = np.concatenate([1.0 + cosine, np.cross(a, b)], -1)
    side = np.where(np.abs(a[..., :1]) < 0.9, np.array([1.0, 0, 0]), np.array([0, 1.0, 0]))
    opposite = np.concatenate([np.zeros_like(cosine), np.cross(a, side)], -1)
    return normalise(np.where(cosine < -1 + 1e-9, opposite, q))


def frame(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Matrices (..., 3, 3) whose columns are x, y made square to x, and x cross y. x, y: (..., 3), any length."""
    x = x / np.linalg.norm(x, axis=-1, keepdims=True)
    z = np.cross(x, y)
    z = z / np.linalg.norm(z, axis=-1, keepdims=True)
    return np.stack([x, np.cross(z, x), z], -1)


def continuous(q: np.ndarray) -> np.ndarray:
    """The same rotations with signs chosen so that each is near the one before. q: (T, ..., 4) wxyz."""
    q = np.asarray(q, float)
    if len(q) < 2:
        return q.copy()
    flips = np.where((q[1:] * q[:-1]).sum(-1) < 0, -1.0, 1.0)
    signs = np.concatenate([np.ones_like(flips[:1]), np.cumprod(flips, 0)])
    return q * signs[..., None]


def slerp(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The rotation that lies the given share of the way from a to b. a, b: (..., 4) wxyz; share: (...) 0..1."""
    return multiply(a, from_vector(to_vector(multiply(inverse(a), b)) * np.asarray(share, float)[..., None]))


def angle_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Angles (...) rad between rotations. a, b: (..., 4) wxyz."""
    return np.linalg.norm(to_vector(multiply(inverse(a), b)), axis=-1)


def resample(q: np.ndarray, time: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Rotations at other times, along the shortest arcs, held at both ends.

    q: (T, ..., 4) wxyz at time (T,) s, increasing; at: (N,) s. Result (N, ..., 4).
    """
    q = np.asarray(q, float)
    if len(q) == 1:
        return np.repeat(q, len(at), 0)
    at = np.clip(at, time[0], time[-1])
    left = np.clip(np.searchsorted(time, at, side="right") - 1, 0, len(time) - 2)
    share = (at - time[left]) / (time[left + 1] - time[left])
    return slerp(q[left], q[left + 1], share.reshape(-1, *[1] * (q.ndim - 2)))
