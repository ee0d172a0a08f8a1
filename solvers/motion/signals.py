"""Signals over time as arrays (T, ...): a uniform clock, gaps, zero-phase smoothing. Missing is NaN throughout."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_banded

LONE_RATE = 30.0  # 1/s assumed of a take with a single sample, which has no rate of its own
COLUMNS = 64  # resampled at a time, so that memory stays small for faces of many minutes


def rate(time: np.ndarray) -> float:
    """Samples per second: one over the middle of all steps, so that dropped and doubled pictures do not count.

    time: (T,) s, increasing.
    """
    return 1.0 / float(np.median(np.diff(time))) if len(time) > 1 else LONE_RATE


def uniform(time: np.ndarray, fps: float) -> np.ndarray:
    """A clock of even steps from the first sample to the last.

    time: (T,) s, increasing; fps: 1/s. Result (N,) s; its last tick is within half a step of the last sample.
    """
    return time[0] + np.arange(int(np.round((time[-1] - time[0]) * fps)) + 1) / fps


def runs(mask: np.ndarray) -> np.ndarray:
    """Where a condition holds without a break. mask: (T,) bool. Result (n, 2): first sample, one past the last."""
    edges = np.diff(np.concatenate([[0], np.asarray(mask, np.int8), [0]]))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], 1)


def resample(values: np.ndarray, time: np.ndarray, at: np.ndarray, longest_gap: float) -> np.ndarray:
    """Values at other times, on straight lines between the samples that exist.

    values: (T, ...) with NaN where missing, each column with its own gaps, at time (T,) s, increasing; at: (N,) s.
    longest_gap: s; between two samples further apart than this the result is NaN, but for ticks within half a step
    of a sample, which take its value. The same holds before the first sample and after the last. Result (N, ...).
    """
    flat = np.asarray(values).reshape(len(time), -1)
    at = np.asarray(at, float)
    result = np.empty((len(at), flat.shape[1]))
    for first in range(0, flat.shape[1], COLUMNS):
        block = np.s_[:, first : first + COLUMNS]
        result[block] = _resample_columns(flat[block].astype(float), time, at, longest_gap)
    return result.reshape(len(at), *np.shape(values)[1:])


def _resample_columns(values: np.ndarray, time: np.ndarray, at: np.ndarray, longest_gap: float) -> np.ndarray:
    near = 0.5 / rate(at) + 1e-9 if len(at) > 1 else np.inf
    good, index = np.isfinite(values), np.arange(len(time))[:, None]
    before = np.maximum.accumulate(np.where(good, index, -1), 0)
    after = np.minimum.accumulate(np.where(good, index, len(time))[::-1], 0)[::-1]
    after = np.concatenate([after, np.full_like(after[:1], len(time))])
    left = np.searchsorted(time, at + 1e-9, side="right") - 1
    a = np.where(left[:, None] >= 0, before[np.maximum(left, 0)], -1)
    b = after[left + 1]
    padded = np.concatenate([values, np.full((1, values.shape[1]), np.nan)])  # rows -1 and T: nothing
    clock = np.concatenate([time, [np.nan]])
    since, until = at[:, None] - clock[a], clock[b] - at[:, None]
    start, end = np.take_along_axis(padded, a, 0), np.take_along_axis(padded, b, 0)
    with np.errstate(invalid="ignore"):
        between = start + (end - start) * (since / (since + until))
        nearest = np.where((since <= until) | ~np.isfinite(until), start, end)
        held = np.where(np.fmin(since, until) <= near, nearest, np.nan)
        return np.where(since + until <= longest_gap, between, held)


def fill(values: np.ndarray) -> np.ndarray:
    """The values with gaps closed by straight lines and both ends held; columns without any value stay NaN.

    values: (T, ...). Result (T, ...).
    """
    flat = np.array(values, float).reshape(len(values), -1)
    index = np.arange(len(flat))
    for column in np.flatnonzero(~np.isfinite(flat).all(0)):
        good = np.isfinite(flat[:, column])
        if good.any():
            flat[~good, column] = np.interp(index[~good], index[good], flat[good, column])
    return flat.reshape(np.shape(values))


def lowpass(values: np.ndarray, fps: float, hertz: float) -> np.ndarray:
    """The slow part of signals without any delay: a Butterworth filter run forwards and backwards.

    values: (T, ...) at fps 1/s; gaps are bridged for the filter's sake and stay NaN in the result.
    hertz: frequencies above it fade, 4th order in all; 0.45 fps or more changes nothing. Result (T, ...).
    """
    values = np.asarray(values, float)
    if len(values) < 3 or hertz >= 0.45 * fps:
        return values.copy()
    flat = fill(values).reshape(len(values), -1)
    solid = np.isfinite(flat).all(0)
    if solid.any():
        pad = min(len(flat) - 1, max(9, int(2 * fps / hertz)))
        flat[:, solid] = _to_and_fro(flat[:, solid], np.tan(np.pi * hertz / fps), pad)
    return np.where(np.isfinite(values), flat.reshape(values.shape), np.nan)


def _to_and_fro(values: np.ndarray, tangent: float, pad: int) -> np.ndarray:
    """A Butterworth filter of second order run forwards and backwards over signals that go on at both ends, mirrored.

    The same as scipy.signal.sosfiltfilt gives; but loading that package brings all of scipy.stats, and compiling a
    file of it for the first time keeps Blender's interface waiting for more than a tenth of a second.

    values: (T, N). tangent: of half the angle that the cut-off frequency turns in a sample, as the bilinear transform
    has it. pad: samples that are mirrored, fewer than T. Result (T, N).
    """
    scale = 1 + np.sqrt(2) * tangent + tangent**2
    one, two = 2 * (tangent**2 - 1) / scale, (1 - np.sqrt(2) * tangent + tangent**2) / scale
    begin, end = 2 * values[:1] - values[pad:0:-1], 2 * values[-1:] - values[-2 : -pad - 2 : -1]
    longer = np.concatenate([begin, values, end])
    bands = np.array([[1.0], [one], [two]]) * np.ones(len(longer))
    for _ in range(2):
        still = np.concatenate([longer[:1], longer[:1], longer])  # before its begin it stood still
        sums = (still[2:] + 2 * still[1:-1] + still[:-2]) * (tangent**2 / scale)
        sums[0] -= (one + two) * longer[0]
        sums[1] -= two * longer[0]
        longer = solve_banded((2, 0), bands, sums, overwrite_b=True, check_finite=False)[::-1]
    return longer[pad : len(longer) - pad]
