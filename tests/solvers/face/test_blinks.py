"""Blinks: lids of a synthetic face that close and open by known amounts."""

import numpy as np
import pytest
from understudy.solvers.face import blinks, skull

from .synthetic_face import TIME, take_of
from .test_gaze import lids_shut

STEADY = np.zeros(len(TIME))
JITTER = 0.004  # eye distances: what the network does with a large face


def way(start, closing, shut, opening, depth=1.0):
    """A lid that closes, stays and opens again (T,). start: s; the others: s that it takes."""
    return np.interp(TIME, start + np.cumsum([0, closing, shut, opening]), [0, depth, depth, 0])


def found(left, right=None, jitter=JITTER):
    """The head under a face with its lids lowered by shares of their way (T,)."""
    face = lids_shut(left)
    lowered = lids_shut(left if right is None else right)
    for upper, _ in blinks.LIDS[1]:
        face[:, upper] = lowered[:, upper]
    face[:, skull.weights().points] += np.random.default_rng(2).normal(0, jitter, face[:, skull.weights().points].shape)
    return skull.fit(take_of(face))


def solved(left, right=None, **words):
    return blinks.solve_lids(found(left, right, **words), TIME, STEADY)


@pytest.mark.parametrize("start", [1.0, 1.01, 1.02])
def test_a_blink_is_rebuilt_whole_and_in_time(start):
    """A natural blink between the pictures shuts both eyes fully, its middle within half a picture."""
    lids = solved(way(start, 0.08, 0.02, 0.16))
    assert (lids.max(0) == 1).all()
    middle = TIME[lids[:, 0] > 0.9].mean()
    assert abs(middle - (start + 0.09)) < 0.5 / 30 + 0.01
    assert 3 <= (lids[:, 0] >= 0.5).sum() <= 6
    assert lids[(TIME < start - 0.1) | (TIME > start + 0.4)].max() < 0.05


def test_a_blink_that_one_picture_caught_in_part_is_a_whole_one():
    """A single picture with lids three quarters down is a blink of natural length at full closure."""
    lids = solved(0.75 * (np.arange(len(TIME)) == 40))
    assert (lids.max(0) == 1).all()
    assert 3 <= (lids[:, 0] >= 0.5).sum() <= 5


def test_a_wink_is_one_eye_alone():
    """Only the right lid falls, for half a second: the left one stays open."""
    lids = solved(STEADY, way(1.0, 0.1, 0.3, 0.1))
    assert lids[:, 1].max() == 1
    assert lids[:, 0].max() < 0.1


def test_eyes_kept_shut_stay_shut():
    """A closure of a second lasts a second, fully, although the network's lids flicker."""
    shut = way(0.8, 0.1, 1.0, 0.15)
    shut[40] = 0.5
    lids = solved(shut)
    assert lids[(TIME > 1.0) & (TIME < 1.8)].min() > 0.95
    assert abs((lids[:, 0] > 0.5).sum() / 30 - 1.12) < 0.1


def test_eyes_half_closed_stay_half_closed():
    """Lids that hang half down for a second are neither a blink nor shut nor open; a blink on top of it shuts them."""
    half = way(0.8, 0.2, 1.4, 0.2, 0.5)
    lids = solved(np.maximum(half, way(1.5, 0.08, 0.02, 0.16)))
    resting = ((TIME > 1.1) & (TIME < 1.4)) | ((TIME > 1.9) & (TIME < 2.1))
    assert 0.2 < lids[resting].min() <= lids[resting].max() < 0.65
    assert (lids[TIME < 1.8].max(0) == 1).all()


def test_jitter_alone_is_no_blink():
    """Lids of a small face, seen with much jitter, do not twitch."""
    seen = found(STEADY, jitter=0.02)
    assert blinks.blinks(blinks.closure(seen), seen.time) == []


def test_a_rate_of_its_own_is_met():
    """A performance at another rate than the video's has every blink at full closure, too."""
    for rate in (12.0, 24.0, 60.0):
        time = np.arange(round(TIME[-1] * rate)) / rate
        lids = blinks.solve_lids(found(way(1.0, 0.08, 0.0, 0.14)), time, STEADY)
        assert lids.max() == 1


def test_a_quick_blink_is_quick():
    """A blink that two pictures caught begins and ends with what they show, and still shuts the eyes wholly."""
    quick, slow = (solved(way(1.0, *times)) for times in ((0.04, 0.0, 0.05), (0.12, 0.08, 0.25)))
    assert quick.max() == slow.max() == 1
    assert 3 <= (quick[:, 0] > 0.02).sum() <= 6 < 9 <= (slow[:, 0] > 0.02).sum()


def test_an_eye_that_is_shut_stays_shut_while_the_other_blinks():
    """A wink that ends with a blink of the other eye is not let go when that begins."""
    lids = solved(way(1.5, 0.08, 0.04, 0.14), way(0.8, 0.1, 0.72, 0.14))
    assert lids[(TIME > 1.0) & (TIME < 1.6), 1].min() > 0.75
    assert lids[:, 0].max() == 1 and lids[(TIME > 1.0) & (TIME < 1.35), 0].max() < 0.2


def test_two_blinks_are_two():
    """Blinks a third of a second apart are kept apart."""
    lids = solved(np.maximum(way(1.0, 0.07, 0.0, 0.1), way(1.33, 0.07, 0.0, 0.1)))
    between = (TIME > 1.22) & (TIME < 1.3)
    assert lids[between].min() < 0.3
