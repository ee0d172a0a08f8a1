"""Gaze: irises and lids of a synthetic face, moved by known amounts."""

import numpy as np
import pytest
from understudy.solvers.face import blinks, gaze, skull
from understudy.solvers.motion import rotations
from understudy.solvers.settings import Settings
from understudy.solvers.take import Take

from .synthetic_face import SIZE, TIME, moved, neutral, take_of

STEP = ((TIME > 1) & (TIME < 1.6)) * 1.0
UPPER = [u for pairs in blinks.LIDS for u, _ in pairs]


def lids_shut(amount):
    """The average face with its upper lids lowered onto the lower ones by a share of the way (T,)."""
    face = np.repeat(neutral(), len(TIME), 0)
    for pairs in blinks.LIDS:
        for upper, lower in pairs:
            face[:, upper] += amount[:, None] * (neutral()[0, lower] - neutral()[0, upper])
    return face


ASIDE = [((0.06, 0, 0), 0, 1), ((-0.06, 0, 0), 0, -1), ((0, 0, 0.05), 1, 1)]


@pytest.mark.parametrize(("offset", "axis", "sign"), ASIDE)
def test_irises_show_where_the_eyes_look(offset, axis, sign):
    """Irises moved to the performer's left are a positive yaw, upwards a positive pitch, the same for both eyes."""
    eyes = gaze.solve_gaze(take_of(moved(gaze.IRISES, offset, STEP)), TIME, Settings())
    looking = eyes[np.argmin(np.abs(TIME - 1.3))]
    assert sign * np.degrees(looking[0, axis]) > 5
    assert abs(np.degrees(looking[0, 1 - axis])) < 2
    assert np.allclose(eyes[:, 0], eyes[:, 1])
    assert np.abs(np.degrees(eyes[TIME < 0.8])).max() < 1


def test_the_head_may_turn_while_the_eyes_stay():
    """A turning head with eyes fixed in it has no gaze of its own."""
    swing = np.sin(TIME * 4)[:, None] * np.radians([12, 5, 20])
    eyes = gaze.solve_gaze(take_of(neutral(), rotations.from_vector(swing)), TIME, Settings())
    assert np.abs(np.degrees(eyes)).max() < 2


def test_a_saccade_stays_sharp():
    """A jump of the eyes takes no more than two samples after smoothing."""
    eyes = gaze.solve_gaze(take_of(moved(gaze.IRISES, (0.08, 0, 0), STEP)), TIME, Settings())
    yaw = eyes[:, 0, 0] / eyes[:, 0, 0].max()
    assert ((yaw > 0.1) & (yaw < 0.9)).sum() <= 4


def test_steps_stay_steps_and_rests_stay_still():
    """Jittering glances become still where the eyes rest, and their jumps take no longer than before."""
    noise = np.random.default_rng(4).normal(0, 0.01, (len(TIME), 2))
    steps = np.where((TIME % 0.6 < 0.3)[:, None], 0.0, 0.2) + noise
    clean = gaze.fixations(steps, 30.0)
    assert np.abs(np.diff(clean, axis=0)[np.abs(np.diff(steps, axis=0)) < 0.1]).mean() < 0.004
    assert (np.abs(clean - np.round(clean / 0.2) * 0.2) > 0.03).mean() < 0.05


def test_gaze_passes_through_a_blink():
    """While the lids are shut the eyes look where they looked before, whatever the irises seem to do."""
    blink = (np.abs(TIME - 1.5) < 0.08) * 1.0
    face = lids_shut(blink)
    shut = np.flatnonzero(blink)
    face[np.ix_(shut, gaze.IRISES)] += np.array([0.2, 0, -0.2])
    eyes = gaze.solve_gaze(take_of(face), TIME, Settings())
    assert np.abs(np.degrees(eyes)).max() < 2


@pytest.mark.parametrize(("jitter", "least", "most"), [(0.005, 4, 30), (0.08, 0, 0.1)])
def test_eyes_that_tremble_are_not_believed(jitter, least, most):
    """A glance is read through a little jitter; irises that jump about, as in tiny faces, do not move the eyes."""
    face = moved(gaze.IRISES, (0.06, 0, 0), STEP)
    face[:, list(gaze.IRISES)] += np.random.default_rng(5).normal(0, jitter, (len(TIME), 1, 3))
    eyes = np.degrees(gaze.solve_gaze(take_of(face), TIME, Settings()))
    assert least <= eyes[STEP > 0, 0, 0].mean() <= most
    assert np.abs(eyes).max() <= max(most, 0.1)


def test_lids_that_follow_the_gaze_are_not_the_performers():
    """Irises that go down lower the lids by themselves; those that go up or stay do not."""
    down, up = (skull.fit(take_of(moved(gaze.IRISES, (0, 0, z), STEP))) for z in (-0.05, 0.05))
    assert gaze.droop(down)[STEP > 0].min() > 0.1
    assert gaze.droop(up).max() < 0.02


def test_eyes_stay_in_their_sockets():
    """No gaze goes beyond what eyes can do, however far the irises are off."""
    eyes = gaze.solve_gaze(take_of(moved(gaze.IRISES, (0.9, 0, 0.9), STEP)), TIME, Settings())
    assert (np.abs(eyes) <= gaze.MOST + 1e-9).all()


def test_no_face_looks_straight_ahead():
    """Without a face the gaze is straight ahead."""
    assert not gaze.solve_gaze(Take.empty(TIME, SIZE), TIME, Settings()).any()
