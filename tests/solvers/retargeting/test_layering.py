"""Which part of a performance replaces, and which adds to, what a character does already."""

import argparse

import pytest
from understudy.solvers.errors import SettingsError
from understudy.solvers.retargeting import layering
from understudy.solvers.settings import Settings


def test_words_of_the_command_line():
    """Parts replace unless they say otherwise; what is not named is left alone."""
    layer = layering.read("face, gaze,head=add")
    assert layer["face"] == layer["gaze"] == "REPLACE" and layer["head"] == "COMBINE" and layer["body"] == "OFF"


@pytest.mark.parametrize("words", ["nose", "face=paint", ""])
def test_unknown_parts_are_refused(words):
    """What is no part, or no way, is refused with those that there are."""
    with pytest.raises(argparse.ArgumentTypeError, match="face"):
        layering.read(words)


def test_each_way_gets_its_settings():
    """Each way of blending switches on just its own parts; without a layer there is one new action."""
    found = layering.by_blend(Settings(), layering.read("face,head=add"))
    assert set(found) == {"REPLACE", "COMBINE"}
    assert found["REPLACE"].face and not found["REPLACE"].head and not found["REPLACE"].body
    assert found["COMBINE"].head and not found["COMBINE"].face
    assert layering.by_blend(Settings(), {}) == {"NEW": Settings()}


def test_a_layer_of_nothing_is_refused():
    """A layer all of whose parts are switched off is refused."""
    with pytest.raises(SettingsError, match="leaves out"):
        layering.by_blend(Settings(face=False), layering.read("face"))
