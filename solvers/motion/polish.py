"""The last touches on rotations: turns carried through doubtful stretches, limits, rest where nothing was seen."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded

from . import rotations, signals

CARRY = 0.25  # s: how slowly a turn about a bone's own axis may change where nothing shows it
EASE = 0.25  # s: of passing between what was seen and rest
PULL = 0.02  # weight of the neutral turn against a clearly shown one
BEYOND = np.radians(60)  # past the limit of a turn: what seems to be there is an error
CUTOFF = 6.0  # Hz: of turns about a bone's own axis


def ease(x: np.ndarray) -> np.ndarray:
    """A smooth step from 0 at x <= 0 to 1 at x >= 1."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def twist(q: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Angles (T,) rad, -pi..pi, of the part of rotations that turns about an axis. q: (T, 4) wxyz; axis: (3,)."""
    angle = 2 * np.arctan2(q[..., 1:] @ axis, q[..., 0])
    return (angle + np.pi) % (2 * np.pi) - np.pi


def carry(angle: np.ndarray, weight: np.ndarray, fps: float, limit: float) -> np.ndarray:
    """Angles carried on smoothly where their weight is small, and kept within limits.

    angle: (T,) rad, -pi..pi. weight: (T,) 0..1. fps: 1/s. limit: rad, the largest size of the result.
    The least of weight (x - angle)^2 + PULL x^2 + (CARRY dx/dt)^2. What is beyond the limit by BEYOND is no turn but an
    error of what shows it, as a knee that bends backwards; it counts for nothing, and no way leads through there.
    """
    angle = np.nan_to_num(angle, nan=np.pi)
    weight = np.nan_to_num(weight) * np.clip((limit + BEYOND - np.abs(angle)) / BEYOND, 0, 1)
    right = weight * np.clip(angle, -limit, limit)
    band = np.zeros((2, len(angle)))
    band[1] = weight + PULL
    if len(angle) > 1:
        stiff = (CARRY * fps) ** 2 * 0.05
        band[0, 1:] = -stiff
        band[1, :-1] += stiff
        band[1, 1:] += stiff
        return solveh_banded(band, right)
    return right / band[1]


def limited(q: np.ndarray, largest: float) -> np.ndarray:
    """Rotations of at most the given angle about their own axis; those near to half a turn are errors, and fade.

    q: (T, 4) wxyz; largest: rad. At half a turn the axis turns round, so that without fading the result would flip.
    """
    vector = rotations.to_vector(q)
    angle = np.linalg.norm(vector, axis=-1, keepdims=True)
    sure = min(largest + BEYOND, 0.9 * np.pi)
    kept = np.minimum(angle, largest) * np.clip((np.pi - angle) / (np.pi - sure), 0, 1)
    return rotations.from_vector(vector * kept / np.maximum(angle, 1e-9))


def presence(confidence: np.ndarray, fps: float) -> np.ndarray:
    """How far to follow what was seen, (T, ...) 0..1: changes take EASE seconds. confidence: (T, ...) 0..1."""
    seen = (np.nan_to_num(confidence) > 0).astype(float)
    return np.clip(signals.lowpass(seen, fps, 0.5 / EASE), 0, 1)


def blend_to_rest(q: np.ndarray, confidence: np.ndarray, fps: float) -> np.ndarray:
    """Rotations that bridge short gaps and ease to no rotation in long ones.

    q: (T, ..., 4) wxyz, whatever where unseen. confidence: (T,) 0..1, 0 where unseen. fps: 1/s.
    """
    seen = (np.nan_to_num(confidence) > 0) & np.isfinite(q).reshape(len(q), -1).all(1)
    if not seen.any():
        return np.broadcast_to(rotations.IDENTITY, q.shape).copy()
    ticks = np.arange(len(q), dtype=float)
    held = rotations.resample(rotations.normalise(q[seen]), ticks[seen], ticks)
    share = presence(confidence, fps).reshape(-1, *[1] * (q.ndim - 2))
    return rotations.slerp(np.broadcast_to(rotations.IDENTITY, q.shape), held, np.broadcast_to(share, q.shape[:-1]))
