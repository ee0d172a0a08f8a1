"""Expressions that are left to hands move no slider of their own."""

import dataclasses

import numpy as np
import pytest
from understudy.solvers.errors import SettingsError
from understudy.solvers.retargeting.by_hand import left_to_hand
from understudy.solvers.rigs.presets import RigPreset
from understudy.solvers.settings import Settings

PRESET = RigPreset(
    "Toy", {},
    {"jawOpen": {"open": 1.0}, "cheekPuff": {"puffL": 1.0, "puffR": 1.0}, "mouthFunnel": {"open": 0.3, "o": 1.0}},
)  # fmt: skip


def test_only_sliders_of_their_own_are_left():
    """A slider that shows other expressions as well goes on showing those."""
    preset, sliders = left_to_hand(PRESET, Settings(by_hand="cheekPuff, mouthFunnel;tongueOut"))
    assert sliders == ("puffL", "puffR", "o")
    assert preset.face == {"jawOpen": {"open": 1.0}, "cheekPuff": {}, "mouthFunnel": {}}
    assert left_to_hand(PRESET, Settings()) == (PRESET, ())


def test_unknown_expressions_are_told_with_the_nearest():
    """A name that is no expression is refused with the one that may have been meant."""
    with pytest.raises(SettingsError, match="cheekPuff"):
        Settings(by_hand="cheekpuf")
    assert Settings(by_hand="tongueOut tongueOut,cheekPuff").hand_made == ("tongueOut", "cheekPuff")


def test_a_clip_says_what_is_left(performance):
    """Retargeting writes no values for what is left to hands, and the clip names it."""
    from understudy.solvers.character import Character
    from understudy.solvers.retarget import retarget

    character = Character(
        bones=(), parents=np.zeros(0, int), rest=np.zeros((0, 4, 4)), length=np.zeros(0), world=np.eye(4), metre=1.0,
        sliders=("open", "puffL", "puffR", "o"), slider_max={}, properties={}, connected=np.zeros(0, bool),
        inherit_rotation=np.zeros(0, bool), name="Toy",
    )  # fmt: skip
    whole = retarget(performance, character, PRESET, Settings(), 24.0)
    clip = retarget(performance, character, PRESET, Settings(by_hand="cheekPuff"), 24.0)
    assert set(whole.sliders) == {"open", "puffL", "puffR", "o"} and whole.by_hand == ()
    assert set(clip.sliders) == {"open", "o"} and clip.by_hand == ("puffL", "puffR")
    columns = [whole.sliders.index(name) for name in clip.sliders]
    assert np.allclose(clip.values, whole.values[:, columns])
    assert dataclasses.replace(clip).by_hand == clip.by_hand
