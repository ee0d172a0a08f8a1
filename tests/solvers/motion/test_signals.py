"""Signals keep their shape, their time and their gaps."""

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt
from understudy.solvers.motion import signals


def test_uniform_clock_covers_the_take():
    """The clock starts with the first sample, ends within half a step of the last, and is even."""
    time = np.cumsum(np.random.default_rng(0).uniform(0.01, 0.08, 100))
    clock = signals.uniform(time, 24.0)
    assert clock[0] == time[0] and abs(clock[-1] - time[-1]) <= 0.5 / 24 + 1e-9
    assert np.allclose(np.diff(clock), 1 / 24)
    assert signals.uniform(np.array([2.5]), 24.0).tolist() == [2.5]


def test_rate_ignores_dropped_pictures():
    """A few missing pictures do not change the rate."""
    time = np.delete(np.arange(100) / 25.0, [10, 11, 40])
    assert np.isclose(signals.rate(time), 25.0)


def test_resampling_reproduces_straight_lines():
    """A straight line over an uneven clock is the same line on an even one."""
    time = np.sort(np.random.default_rng(1).uniform(0, 4, 90))
    values = np.stack([3 * time - 1, 5 - time], 1)
    at = signals.uniform(time, 30.0)[:-1]
    assert np.allclose(signals.resample(values, time, at, 1.0), np.stack([3 * at - 1, 5 - at], 1))


def test_resampling_leaves_long_gaps_open():
    """Short gaps close, long ones stay NaN, each column by its own samples."""
    time = np.arange(60) / 30.0
    values = np.repeat(time[:, None], 2, 1)
    values[10:13, 0] = np.nan
    values[20:50, 1] = np.nan
    result = signals.resample(values, time, time, 0.25)
    assert np.allclose(result[:, 0], time)
    assert np.isnan(result[20:50, 1]).all() and np.allclose(result[[19, 50], 1], time[[19, 50]])


def test_resampling_invents_nothing_outside():
    """Nothing is claimed before the first sample and after the last, nor where there is none at all."""
    time = np.arange(30) / 30.0
    values = np.full((30, 2), np.nan)
    values[10:20, 0] = 1.0
    result = signals.resample(values, time, time, 10.0)
    assert np.isnan(result[:, 1]).all()
    assert np.isfinite(result[10:20, 0]).all() and np.isnan(np.delete(result[:, 0], np.s_[10:20])).all()
    assert signals.resample(np.array([[4.0]]), np.array([1.0]), np.array([1.0]), 0.1).tolist() == [[4.0]]


def test_lowpass_keeps_time_and_removes_jitter():
    """A slow wave passes without delay or loss while fast jitter is taken from it."""
    time = np.arange(300) / 60.0
    slow = np.sin(2 * np.pi * 0.8 * time)
    result = signals.lowpass(slow + 0.3 * np.sin(2 * np.pi * 20 * time), 60.0, 6.0)
    assert np.abs(result - slow)[15:-15].max() < 0.02


@pytest.mark.parametrize(("count", "hertz"), [(3, 5.0), (12, 13.0), (400, 0.5), (400, 6.0)])
def test_lowpass_is_scipys(count, hertz):
    """The filter is the one that scipy.signal designs and runs, for signals of any length."""
    values = np.random.default_rng(0).normal(size=(count, 4)).cumsum(0)
    pad = min(count - 1, max(9, int(2 * 30.0 / hertz)))
    wanted = sosfiltfilt(butter(2, hertz, fs=30.0, output="sos"), values, axis=0, padlen=pad)
    assert np.allclose(signals.lowpass(values, 30.0, hertz), wanted, rtol=0, atol=1e-9)


def test_lowpass_keeps_gaps_and_short_signals():
    """Gaps stay where they are, a column of nothing stays nothing, and one or two samples are left alone."""
    values = np.random.default_rng(2).normal(size=(50, 3))
    values[20:24, 0] = np.nan
    values[:, 1] = np.nan
    result = signals.lowpass(values, 30.0, 5.0)
    assert (np.isnan(result) == np.isnan(values)).all()
    for count in (1, 2, 3, 4):
        assert np.isfinite(signals.lowpass(np.ones((count, 2)), 30.0, 5.0)).all()


def test_fill_holds_the_ends():
    """Gaps become straight lines and the ends hold the nearest value."""
    assert signals.fill(np.array([np.nan, 1.0, np.nan, 3.0, np.nan])).tolist() == [1.0, 1.0, 2.0, 3.0, 3.0]


def test_runs_give_every_stretch():
    """Each unbroken stretch is listed once with its first sample and one past its last."""
    assert signals.runs(np.array([1, 1, 0, 1, 0, 0, 1], bool)).tolist() == [[0, 2], [3, 4], [6, 7]]
    assert signals.runs(np.zeros(4, bool)).shape == (0, 2)
