"""Planted feet on other legs: they stay in one place and at their height, steps stay steps, and nothing jerks."""

import numpy as np
import pytest
from understudy.solvers import retarget
from understudy.solvers.motion import rotations
from understudy.solvers.retargeting import feet
from understudy.solvers.retargeting.stances import Stance, fitted, flat, stances
from understudy.solvers.retargeting.tpose import measure
from understudy.solvers.settings import Settings
from understudy.solvers.solve import solve

from ..test_retarget import RIGS, character, places


def on(rig, preset, shown, strength=1.0):
    """Where the joints of a character are that does what a performer does, in its own units."""
    settings = Settings(foot_lock=strength)
    clip = retarget.retarget(shown, rig, preset, settings, 30.0, every="sample")
    return places(rig, clip), measure(rig, preset, shown.skeleton)


@pytest.fixture(scope="module")
def solved(acted):
    """The performer who steps, solved."""
    return solve(acted.take)


@pytest.mark.parametrize("kind", ["T-pose", "other proportions"])
def test_planted_feet_stand_still_in_a_real_performance(solved, kind):
    """While a foot of a noisy performance stands flat, the character's slides less than a centimetre a second."""
    rig, preset = character(**RIGS[kind])
    ours, _ = on(rig, preset, solved)
    for column, joint in ((0, "leftFoot"), (1, "leftToes"), (2, "rightFoot"), (3, "rightToes")):
        stands = solved.contacts[:, column] > 0.5
        speed = np.linalg.norm(np.diff(ours[joint], axis=0), axis=1) * 30
        assert speed[stands[1:] & stands[:-1]].mean() < 0.01


def test_no_foot_is_in_the_ground(solved):
    """Ankles and toes of the character never go below where they stand, lock or pose alike."""
    rig, preset = character(shape={"LowerLeg": 1.4, "Foot": 1.2})
    ours, measured = on(rig, preset, solved)
    for side in ("left", "right"):
        assert ours[f"{side}Foot"][:, 2].min() > measured.ground + measured.ankle - 2e-3


def test_corrections_are_smooth():
    """A correction is exact where it counts, and passes over the rest without a corner."""
    weight = np.zeros(60)
    weight[10:20] = weight[40:50] = 1
    wanted = np.where(np.arange(60) < 30, 0.1, -0.05)[:, None] * np.ones(3)
    moved = feet.smoothly(wanted, weight, 30.0)
    assert np.abs(moved - wanted)[12:18].max() < 1e-3
    assert np.abs(np.diff(moved, 2, axis=0)).max() < 0.02 and np.abs(moved).max() < 0.13


def test_the_pelvis_comes_down_early_enough():
    """It is never above what the legs need, and moves smoothly."""
    least = np.zeros(60)
    least[30] = 0.1
    drop = feet._above(least, 30.0)
    assert (drop >= least - 1e-12).all() and np.abs(np.diff(drop)).max() < 0.04


def test_a_step_stays_a_step():
    """Feet that stand 15 cm higher do so on the character, and 1 cm is the floor."""
    touches, point = np.ones(10, bool), np.zeros((10, 3))
    for height, stays in ((0.15, 0.15), (0.01, 0.0)):
        found = stances(point, np.tile([0.0, 0.0, height], (10, 1)), touches, 0.08, 1.0)
        assert np.isclose(found[0].place[2], 0.08 + stays)


def test_heel_and_toes_are_a_foot_apart():
    """Places of heel and toes that stand at once are moved to the foot's length, the longer stance less."""
    still = np.zeros((30, 2))
    heel = Stance(0, 30, np.array([0.0, 0.0, 0.08]), 0.0, still)
    toe = Stance(20, 30, np.array([0.0, -0.2, 0.02]), 0.0, still)
    pairs = flat([heel], [toe], 30.0)
    fitted(pairs, 0.15)
    assert np.isclose(np.linalg.norm((toe.place - heel.place)[:2]), 0.15)
    assert np.linalg.norm(heel.place[:2]) < np.linalg.norm(toe.place[:2] - [0, -0.2])


def test_a_slide_stays_a_slide():
    """A contact in which the performer's foot goes far goes along, and a small wander does not."""
    way = np.linspace(0, 1, 30)[:, None] * [0.5, 0.0, 0.0]
    far = stances(way, way, np.ones(30, bool), 0.08, 1.0)[0]
    near = stances(way / 20, way / 20, np.ones(30, bool), 0.08, 1.0)[0]
    assert np.ptp(far.goal()[:, 0]) > 0.45 and np.ptp(near.goal()[:, 0]) == 0.0


def test_no_lock_no_change(acted, solved):
    """Without foot lock the legs are as performed."""
    rig, preset = character(**RIGS["T-pose"])
    shown = retarget.at_times(solved, solved.time)
    measured = measure(rig, preset, shown.skeleton)
    turns = retarget.joint_turns(shown, measured, preset)
    pelvis = retarget.pelvis_path(shown, measured, turns)
    after, low = feet.plant(shown, measured, turns, pelvis, 0.0)
    assert rotations.angle_between(after, turns).max() < 1e-9 and np.allclose(low, pelvis)
