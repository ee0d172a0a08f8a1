"""Gaps: hold, ease to rest, and be back in time."""

import numpy as np
from understudy.solvers.motion import gaps, rotations

TIME = np.arange(0, 6, 1 / 30)


def test_seen_values_stay_as_they_are():
    """Where something was seen nothing is changed and the confidence is 1."""
    seen = (TIME < 2) | (TIME > 4)
    values = np.sin(TIME)[:, None]
    eased, confidence = gaps.ease(values, seen, TIME, np.zeros(1))
    assert np.allclose(eased[seen], values[seen])
    assert np.allclose(confidence[seen], 1)


def test_a_long_gap_holds_then_rests():
    """A value is held for HOLD, is at rest after HOLD + EASE, and never jumps."""
    seen = (TIME < 2) | (TIME > 4)
    eased, confidence = gaps.ease(np.ones((len(TIME), 1)), seen, TIME, np.zeros(1))
    assert np.allclose(eased[(TIME > 2) & (TIME < 2 + gaps.HOLD - 0.05)], 1)
    middle = (TIME > 2.1 + gaps.HOLD + gaps.EASE) & (TIME < 3.9 - gaps.HOLD - gaps.EASE)
    assert np.allclose(eased[middle], 0)
    assert np.allclose(confidence[middle], 0)
    assert np.abs(np.diff(eased[:, 0])).max() < 0.2


def test_a_short_gap_goes_straight_from_side_to_side():
    """Between two near sights the value runs from the one to the other without a dip to rest."""
    seen = (TIME < 2) | (TIME > 2.3)
    values = np.where(TIME < 2.15, 1.0, 2.0)[:, None]
    eased, confidence = gaps.ease(values, seen, TIME, np.zeros(1))
    assert eased.min() >= 1 - 1e-9
    assert np.allclose(confidence, 1)


def test_nothing_seen_is_rest():
    """Without any sight everything is at rest with no confidence."""
    eased, confidence = gaps.ease(
        np.full((len(TIME), 2), np.nan), np.zeros(len(TIME), bool), TIME, np.array([0.0, 1.0])
    )
    assert np.allclose(eased, [0, 1])
    assert not confidence.any()


def test_rotations_ease_like_values():
    """A rotation about one axis eases by its angle as a value does."""
    seen = (TIME < 2) | (TIME > 4)
    angle = np.where(seen, 1.0, np.nan)
    q = rotations.from_axis_angle(np.array([0.0, 0.0, 1.0]), angle)
    eased, _ = gaps.ease_rotations(q, seen, TIME, rotations.IDENTITY)
    plain, _ = gaps.ease(np.ones((len(TIME), 1)), seen, TIME, np.zeros(1))
    assert np.allclose(np.linalg.norm(rotations.to_vector(eased), axis=-1), plain[:, 0], atol=1e-6)
