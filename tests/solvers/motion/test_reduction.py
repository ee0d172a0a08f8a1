"""Fewer keys draw nearly the same curve, and how nearly is a promise."""

import numpy as np
import pytest
from understudy.solvers.motion.reduction import HOLD, curve, reduce


def waves(count=300, channels=4, seed=0):
    """(time, values) of slow and quick movement with a snap, a hold and a little noise in it."""
    random = np.random.default_rng(seed)
    time = np.arange(count) * 1.0
    speed, start = random.uniform(0.02, 0.4, channels), random.uniform(0, 6, channels)
    values = np.sin(time[:, None] * speed + start) + random.normal(0, 0.001, (count, channels))
    values[count // 3 : count // 2] = values[count // 3]
    values[2 * count // 3 :] += random.normal(0, 1, channels)
    return time, values


def drawn(time, values, reduced):
    """The curve through the kept keys at all times."""
    return curve(time[reduced.kept], values[reduced.kept], reduced.slopes, time)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("tolerance", [0.002, 0.02, 0.3])
def test_all_samples_are_within_the_tolerance(seed, tolerance):
    """At every sample the channels' errors, in tolerances, have a norm below 1; both ends are keys."""
    time, values = waves(seed=seed)
    bounds = tolerance * np.array([1.0, 0.5, 2.0, 1.0])
    made = reduce(time, values, bounds)
    assert np.linalg.norm((drawn(time, values, made) - values) / bounds, axis=-1).max() < 1
    assert made.kept[0] == 0 and made.kept[-1] == len(time) - 1 and np.all(np.diff(made.kept) > 0)
    assert made.slopes.shape == (len(made.kept), 4)


def test_uneven_times():
    """The promise holds whatever the spacing of the samples, in frames or in seconds."""
    _, values = waves(seed=3)
    time = np.cumsum(np.random.default_rng(1).uniform(0.01, 0.1, len(values)))
    made = reduce(time, values, 0.01)
    assert np.linalg.norm(drawn(time, values, made) - values, axis=-1).max() < 0.01


def test_smooth_movement_needs_few_keys():
    """A slow wave needs no more keys than a handful for each turn, and more tolerance never more keys."""
    time = np.arange(400.0)
    values = np.sin(time * 2 * np.pi / 100)[:, None]
    counts = [len(reduce(time, values, bound).kept) for bound in (0.001, 0.01, 0.1)]
    assert counts[0] <= 60 and counts[1] <= 30 and counts[2] <= 15
    assert counts == sorted(counts, reverse=True)


def test_no_key_is_spare():
    """Taking away any key but the ends breaks the promise."""
    time, values = waves(count=120)
    made = reduce(time, values, 0.02)
    for place in range(1, len(made.kept) - 1):
        kept, slopes = np.delete(made.kept, place), np.delete(made.slopes, place, 0)
        off = curve(time[kept], values[kept], slopes, time) - values
        held = np.all(np.abs(np.diff(values, axis=0, append=values[-1:])) < 1e-9, axis=-1)
        assert np.linalg.norm(off, axis=-1).max() > 0.97 * 0.02 or np.linalg.norm(off[held], axis=-1).max() > 1e-5


def test_holds_stay_level():
    """Between two movements, and beside a snap, a curve that is to stand still does, at any time between frames."""
    values = np.concatenate([np.sin(np.arange(20) / 4), np.full(30, np.sin(19 / 4)), [4.0] * 25, [4.5, 5.0, 5.2]])
    time = np.arange(len(values)) * 1.0
    made = reduce(time, values[:, None], 0.02)
    between = np.linspace(20, 49, 500), np.linspace(50, 74, 500)
    for level, times in zip((values[30], 4.0), between, strict=True):
        now = curve(time[made.kept], values[made.kept, None], made.slopes, times)
        assert np.abs(now - level).max() < 0.02 * 0.021


def test_snaps_are_kept():
    """A jump from one sample to the next is still one, and nothing swings beyond it."""
    values = np.where(np.arange(80) < 40, 0.0, 1.0)[:, None]
    time = np.arange(80.0)
    made = reduce(time, values, 0.01)
    fine = curve(time[made.kept], values[made.kept], made.slopes, np.linspace(0, 79, 4000))
    assert {39, 40} <= set(made.kept) and len(made.kept) == 4
    assert fine.min() > -1e-9 and fine.max() < 1 + 1e-9


def test_a_bump_below_the_tolerance_goes():
    """Between holds, what is too small to matter leaves no key."""
    values = np.zeros((60, 1))
    values[30:33, 0] = [0.004, 0.008, 0.004]
    assert list(reduce(np.arange(60.0), values, 0.01).kept) == [0, 59]


@pytest.mark.parametrize("count", [1, 2, 3, HOLD])
def test_short_and_still(count):
    """Few samples, or many that are the same, give the ends only."""
    values = np.full((count, 2), 0.5)
    made = reduce(np.arange(float(count)), values, 0.1)
    assert list(made.kept) == sorted({0, count - 1}) and np.all(made.slopes == 0)
