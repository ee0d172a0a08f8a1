"""What to do where nothing was seen: hold what was there, then ease to rest, and be back in time."""

from __future__ import annotations

import numpy as np

from . import rotations

# Shorter losses are blinks of the detector and pass unseen; longer ones must not look frozen.
HOLD = 0.2  # s that a value is held after it was seen last, or before it is seen again
EASE = 0.4  # s from the held value to rest
SLOWLY = 1.2  # s from the held value to rest of trunk and legs, which go a longer way and are heavier


def nearness(
    seen: np.ndarray, time: np.ndarray, ease: float = EASE
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The samples seen last and next, and how much each still counts.

    seen: (T,) bool with at least one True; time: (T,) s; ease: s, from the held value to rest.
    Result: before (T,), after (T,) indices of seen samples; shares of both (T,), 0..1, together at most 1.
    """
    index = np.arange(len(time))
    before = np.maximum.accumulate(np.where(seen, index, -1))
    after = np.minimum.accumulate(np.where(seen, index, len(time))[::-1])[::-1]
    since = np.where(before >= 0, time - time[before], np.inf)
    until = np.where(after < len(time), time[np.minimum(after, len(time) - 1)] - time, np.inf)
    first, last = fading(since, ease), fading(until, ease)
    # Two held values that overlap: go from one to the other, as near in time as each is.
    with np.errstate(invalid="ignore"):
        way = np.where(np.isfinite(since) & np.isfinite(until), since / np.maximum(since + until, 1e-9), 0.0)
    total = first + last
    crowded = total > 1
    first = np.where(crowded, 1 - way, first)
    last = np.where(crowded, way, last)
    first = np.where(seen, 1.0, first)
    last = np.where(seen, 0.0, last)
    return np.maximum(before, 0), np.minimum(after, len(time) - 1), first, last


def fading(distance: np.ndarray, ease: float = EASE) -> np.ndarray:
    """1 within HOLD of a sight, easing to 0 within some more. distance: (T,) s; ease: s."""
    way = np.clip((distance - HOLD) / ease, 0, 1)
    return 1 - way * way * (3 - 2 * way)


def ease(values: np.ndarray, seen: np.ndarray, time: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values with their gaps filled by hold and ease.

    values: (T, ...); seen: (T,) bool; time: (T,) s; rest: (...) what is eased to.
    Result: values (T, ...) and confidence (T,): 1 where seen, falling to 0 as the value eases to rest.
    """
    if not seen.any():
        return np.broadcast_to(rest, np.shape(values)).astype(float).copy(), np.zeros(len(time))
    before, after, first, last = nearness(seen, time)
    shape = (-1,) + (1,) * (np.ndim(values) - 1)
    a, b = first.reshape(shape), last.reshape(shape)
    return a * values[before] + b * values[after] + (1 - a - b) * rest, np.minimum(first + last, 1.0)


def ease_rotations(
    q: np.ndarray, seen: np.ndarray, time: np.ndarray, rest: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The same for rotations. q: (T, ..., 4) wxyz; rest: (..., 4) wxyz."""
    if not seen.any():
        return np.broadcast_to(rest, np.shape(q)).astype(float).copy(), np.zeros(len(time))
    before, after, first, last = nearness(seen, time)
    total = np.minimum(first + last, 1.0)
    shape = (-1,) + (1,) * (np.ndim(q) - 2)
    way = np.where(total > 1e-9, last / np.maximum(total, 1e-9), 0.0)
    held = rotations.slerp(q[before], q[after], way.reshape(shape))
    rest = np.broadcast_to(rest, held.shape)
    eased = rotations.slerp(rest, held, total.reshape(shape))
    return np.where(seen.reshape(-1, *[1] * (np.ndim(q) - 1)), q, eased), total


def ease_directions(vectors: np.ndarray, seen: np.ndarray, time: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Directions of bones with their gaps filled: each goes on as it was seen last, then eases to rest.

    vectors: (T, B, 3) in the body's own axes, whatever where unseen; seen: (T, B) bool; time: (T,) s; rest: (B, 3).
    Result (T, B, 3), of unit length.
    """
    result = np.broadcast_to(rest, vectors.shape).astype(float).copy()
    for bone in np.flatnonzero(seen.any(0)):
        before, after, first, last = nearness(seen[:, bone], time, SLOWLY)
        way = vectors[:, bone] / np.maximum(np.linalg.norm(vectors[:, bone], axis=-1, keepdims=True), 1e-9)
        result[:, bone] = first[:, None] * way[before] + last[:, None] * way[after]
        result[:, bone] += (1 - first - last)[:, None] * rest[bone]
    return result / np.maximum(np.linalg.norm(result, axis=-1, keepdims=True), 1e-9)
