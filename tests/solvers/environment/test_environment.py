"""Motion that nobody performs: breath, settling, sway, and how a camera moves."""

import numpy as np
import pytest
from understudy.solvers.environment import ambient, shot, sway
from understudy.solvers.environment.wishes import Environment
from understudy.solvers.errors import SettingsError
from understudy.solvers.motion import rotations

TIME = np.arange(0, 10, 1 / 24)
VIEW = (0.7, 0.4)


def stood() -> np.ndarray:
    """A camera three metres before the origin, which looks along +y, from a metre and a half above the ground."""
    start = np.eye(4)
    start[:3, :3] = [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
    start[:3, 3] = [0, -3, 1.5]
    return start


def moved(*moves: str, speed: float = 1.0, ease: str = "smooth"):
    """Places, view directions and lens of a shot."""
    places, turns, lens = shot.path(stood(), moves, shot.progress(TIME, speed, ease), 3.0, VIEW)
    return places, rotations.rotate(turns, np.array([0.0, 0.0, -1.0])), lens


@pytest.mark.parametrize(
    ("words", "moves"),
    [
        ("Slow push in: a woman in a kitchen", ("push-in",)),
        ("[Pan left]: rain on a window", ("pan-left",)),
        ("The camera orbits around her to the left: a roof", ("orbit-left",)),
        ("The camera pulls back quickly and tilts up: a hall", ("pull-out", "tilt-up")),
        ("dolly in, then crane down: a desk", ("push-in", "crane-down")),
        ("Static shot: a man waits", ()),
        ("Tracking shot left: a street", ("truck-left",)),
        ("a quiet kitchen", ()),
    ],
)
def test_shots_are_understood(words, moves):
    """The first half of a shot description says how the camera moves."""
    assert shot.read(words).moves == moves


def test_speed_and_hand_are_understood():
    """Words for speed and for a camera in the hand count."""
    assert shot.read("Slow pan left: x").speed < 1 < shot.read("Fast pan left: x").speed
    assert shot.read("Handheld: a street").handheld and not shot.read("Pan left: a street").handheld


def test_unknown_movement_is_refused():
    """Words before the colon that name no movement are refused with those that would be right."""
    with pytest.raises(SettingsError, match="push in"):
        Environment(shot="Backflip: a gym")


def test_moves_go_where_they_say():
    """Each move changes place, view or lens in its own way; the camera begins or passes where it stood."""
    assert moved("push-in")[0][-1, 1] > -3 and moved("pull-out")[0][-1, 1] < -3
    assert moved("truck-left")[0][-1, 0] < 0 < moved("truck-right")[0][-1, 0]
    assert moved("crane-up")[0][-1, 2] > 1.5 > moved("crane-down")[0][-1, 2]
    assert moved("pan-left")[1][-1, 0] < 0 < moved("pan-right")[1][-1, 0]
    assert moved("tilt-up")[1][-1, 2] > 0 > moved("tilt-down")[1][-1, 2]
    assert moved("zoom-in")[2][-1] > 1 > moved("zoom-out")[2][-1]
    assert np.allclose(moved("static")[0], [0, -3, 1.5])


@pytest.mark.parametrize("move", ["orbit-left", "orbit-right", "crane-up", "crane-down", "push-in"])
def test_the_character_stays_in_the_middle(move):
    """Moves around and along the view keep looking at the character."""
    places, looks, _ = moved(move)
    towards = np.array([0.0, 0.0, 1.5]) - places
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    assert np.degrees(np.arccos(np.clip((towards * looks).sum(1), -1, 1))).max() < 1.0


def test_longer_and_faster_shots_go_further_but_not_through():
    """Speed and length carry a move on; it never reaches the character."""
    slow, fast = moved("push-in", speed=0.5)[0], moved("push-in", speed=5)[0]
    assert slow[-1, 1] < fast[-1, 1] < -0.5


def test_same_seed_same_motion():
    """Equal seeds give equal motion at any frame rate; others differ."""
    for kind in (ambient.breathing, ambient.settling):
        one, again, other = (kind(TIME, 1.0, seed)["chest"] for seed in (7, 7, 8))
        assert np.array_equal(one, again) and not np.allclose(one, other)
    finer = ambient.settling(np.arange(0, 10, 1 / 48), 1.0, 7)["chest"]
    assert np.allclose(finer[::2], ambient.settling(TIME, 1.0, 7)["chest"])


def test_breath_has_a_persons_rate():
    """A breath takes three to six seconds, and its turn is a few degrees at most."""
    full = ambient.breath(np.arange(0, 60, 0.04), np.random.default_rng(0))
    tops = ((full[1:-1] > full[:-2]) & (full[1:-1] >= full[2:]) & (full[1:-1] > 0.3)).sum()
    assert 10 <= tops <= 20
    turns = ambient.breathing(TIME, 1.0, 0)
    assert all(np.degrees(np.abs(turn)).max() < 3 for turn in turns.values())


def test_feet_are_left_alone():
    """Neither breath nor settling turns hips or legs, so that no foot slides."""
    touched = set(ambient.breathing(TIME, 1, 0)) | set(ambient.settling(TIME, 1, 0))
    assert not any("Leg" in name or "Foot" in name or name == "hips" for name in touched)


def test_what_hangs_lags_and_comes_to_rest():
    """A tip lags behind a carrier that sets off, and hangs as it did some seconds after it has stopped."""
    heads = np.zeros((len(TIME), 3))
    heads[:, 0] = np.clip(TIME - 1, 0, 1) ** 2 * 0.5
    tips = heads + [0.0, 0.0, -0.3]
    found = sway.swing(heads, tips, TIME, 1.0, np.random.default_rng(0))
    going = (TIME > 1.1) & (TIME < 1.8)
    assert found[going, 0].mean() < -0.05
    assert np.degrees(np.arccos(np.clip(-found[TIME > 8, 2], -1, 1))).max() < 8
    assert np.degrees(np.arccos(np.clip(-found[:, 2], -1, 1))).max() <= 51
