"""Fewer keys: curves through a few of the samples that stay within a tolerance of all the others.

A curve goes from key to key as a cubic with a given slope at each end (Hermite's form). A Bezier curve whose handles
lie a third of the way to the neighbouring keys is exactly that cubic, so what is promised here is what Blender draws.
The slope at a sample depends on the samples beside it alone, not on which keys are kept; hence every stretch between
two keys can be judged by itself, and all of them at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MARGIN = 0.98  # share of the tolerance that is used: the rest is for Blender's arithmetic in single precision
HOLD = 4  # samples; as many in a row that do not change are a hold
STILL = 1e-4  # of the tolerance: a step by less is no change
FLAT = 0.02  # of the tolerance that is left to the curve in a hold


@dataclass(frozen=True)
class Reduced:
    """The keys that are enough (K of N samples, C channels).

    kept: (K,) indices of the samples that are keys, the first and the last among them.
    slopes: (K, C) of the curve there, units of the values per unit of time.
    """

    kept: np.ndarray
    slopes: np.ndarray


def reduce(time: np.ndarray, values: np.ndarray, tolerance: np.ndarray | float) -> Reduced:
    """Choose few samples such that the curve through them stays within a tolerance of all others.

    Channels share their keys, and their errors count together: the root of the sum of squares of (error / tolerance)
    stays below 1 at every sample. Where nothing changes for a while the curve is level, and it never overshoots there.
    time: (N,) increasing. values: (N, C). tolerance: (C,) or one for all, above 0, in units of the values.
    """
    time = np.asarray(time, float)
    scaled = np.asarray(values, float) / tolerance
    if len(time) < 3:
        return Reduced(np.arange(len(time)), _slopes(time, scaled, _held(scaled)) * tolerance)
    held = _held(scaled)
    slopes = _slopes(time, scaled, held)
    allowed = np.where(held, FLAT, MARGIN)
    kept = _without_spare(time, scaled, slopes, allowed, _inserted(time, scaled, slopes, allowed))
    return Reduced(kept, slopes[kept] * tolerance)


def curve(time: np.ndarray, values: np.ndarray, slopes: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The curve through some keys: (N, C) at times within theirs.

    time: (K,) of the keys, increasing. values, slopes: (K, C). at: (N,).
    """
    left = np.clip(np.searchsorted(time, at, side="right") - 1, 0, len(time) - 2)
    return _cubic(time, values, slopes, left, left + 1, at)


def _cubic(time, values, slopes, left, right, at) -> np.ndarray:
    """Hermite's cubics from keys `left` to keys `right` (each (N,) indices) at times `at` (N,)."""
    length = (time[right] - time[left])[:, None]
    share = (at - time[left])[:, None] / length
    rest = 1.0 - share
    towards = (share * share) * (3.0 - 2.0 * share)
    start, end = values[left], values[right]
    return start + (end - start) * towards + length * share * rest * (rest * slopes[left] - share * slopes[right])


def _errors(time, scaled, slopes, left, right, samples) -> np.ndarray:
    """How far curves from samples `left` to `right` (each (M,)) are from `samples` (M,), in tolerances."""
    off = _cubic(time, scaled, slopes, left, right, time[samples]) - scaled[samples]
    return np.sqrt(np.einsum("ij,ij->i", off, off))


def _inserted(time, scaled, slopes, allowed) -> np.ndarray:
    """Keys (K,), put where the curve is worst, in all stretches at once, until it is good everywhere."""
    count = len(time)
    key = np.zeros(count, bool)
    key[[0, -1]] = True
    open_ = np.arange(1, count - 1)  # samples in stretches that are not yet good
    while len(open_):
        kept = np.flatnonzero(key)
        stretch = np.searchsorted(kept, open_) - 1
        excess = _errors(time, scaled, slopes, kept[stretch], kept[stretch + 1], open_) / allowed[open_]
        starts = np.flatnonzero(np.r_[True, np.diff(stretch) > 0])
        worst = np.maximum.reduceat(excess, starts)
        bad = np.repeat(worst > 1.0, np.diff(np.r_[starts, len(open_)]))
        split = bad & (excess == np.repeat(worst, np.diff(np.r_[starts, len(open_)])))
        key[open_[split]] = True
        open_ = open_[bad & ~split]
    return np.flatnonzero(key)


def _without_spare(time, scaled, slopes, allowed, kept) -> np.ndarray:
    """The same keys (K,) without those that the others can do without.

    In each round every key is tried alone; of two neighbours that could both go, the one that is missed less goes.
    """
    while len(kept) > 2:
        spans = kept[2:] - kept[:-2] - 1  # samples that the stretch without a key would have to serve
        of = np.repeat(np.arange(len(spans)), spans)
        first = np.cumsum(spans) - spans
        samples = kept[of] + 1 + np.arange(len(of)) - first[of]
        excess = _errors(time, scaled, slopes, kept[of], kept[of + 2], samples) / allowed[samples]
        missed = np.r_[np.inf, np.maximum.reduceat(excess, first), np.inf]
        # Ties are broken by place, so that one of two equals goes.
        gone = (missed[1:-1] <= 1.0) & (missed[1:-1] < missed[:-2]) & (missed[1:-1] <= missed[2:])
        if not gone.any():
            return kept
        kept = kept[np.r_[True, ~gone, True]]
    return kept


def _held(scaled: np.ndarray) -> np.ndarray:
    """Which samples (N,) lie in a stretch of at least HOLD that do not change. scaled: (N, C) in tolerances."""
    still = np.r_[False, np.abs(np.diff(scaled, axis=0)).max(1, initial=0.0) < STILL, False]
    edges = np.flatnonzero(np.diff(still.astype(int))).reshape(-1, 2)  # first and last sample of each run
    held = np.zeros(len(scaled), bool)
    for first, last in edges[edges[:, 1] - edges[:, 0] >= HOLD - 1]:
        held[first : last + 1] = True
    return held


def _slopes(time: np.ndarray, scaled: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Slopes (N, C) at all samples: the harmonic mean of the steps to either side, 0 between steps of opposite sign.

    So the curve never overshoots, not even beside a snap (Fritsch and Butland 1984). In a hold it is 0. Slopes of
    parabolas through more samples were tried on solved performances: they save no keys, not even from noisy ones.
    """
    steps = np.diff(scaled, axis=0) / np.diff(time)[:, None]
    if len(time) < 3:
        return np.repeat(steps, len(time), 0) if len(steps) else np.zeros_like(scaled)
    before, after = steps[:-1], steps[1:]
    agree = before * after > 0
    middle = np.where(agree, 2 * before * after / np.where(agree, before + after, 1.0), 0.0)
    slopes = np.concatenate([steps[:1], middle, steps[-1:]])
    slopes[held] = 0.0
    return slopes
