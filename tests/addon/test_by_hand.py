"""Sliders that are keyed by hand are left alone, and their keys outlive every bake."""

import dataclasses

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from understudy.addon import actions, bakes  # noqa: E402
from understudy.solvers.clip import Clip  # noqa: E402

from .test_bakes import LAYER, RECIPE, clip  # noqa: E402

PATH = 'key_blocks["mouthSmileLeft"].value'
KEYS = {3: 0.2, 9: 0.9, 17: 0.35}


def spared(**words) -> Clip:
    """A clip that leaves the smile to hands."""
    return dataclasses.replace(clip(**words), by_hand=("mouthSmileLeft",))


@pytest.fixture
def skin(figure):
    """The shape keys that have a smile."""
    return figure.meshes[0].data.shape_keys


def key_by_hand(keys):
    """What an artist does: a few keys on the smile."""
    for frame, value in KEYS.items():
        keys.key_blocks["mouthSmileLeft"].value = value
        keys.key_blocks["mouthSmileLeft"].keyframe_insert("value", frame=frame)


def curve_of(keys):
    """The smile's curve in the action that plays; None without one."""
    data = keys.animation_data
    place = actions.place(data.action, keys) if data is not None and data.action is not None else None
    return next((curve for curve in place.fcurves if curve.data_path == PATH), None) if place else None


def smiles(keys, frames=(1, 3, 6, 9, 13, 17, 22)):
    """{frame: the smile as it shows}."""
    found = {}
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        found[frame] = keys.key_blocks["mouthSmileLeft"].value
    return found


def handles(keys):
    """All of the smile's keys: place, value, both handles and how they go on."""
    points = curve_of(keys).keyframe_points
    return [(*p.co, *p.handle_left, *p.handle_right, p.interpolation, p.type) for p in points]


def test_keys_live_through_bake_and_bake_again(figure, skin):
    """What was keyed before a bake plays in it; what is changed in it stays when the sliders follow."""
    key_by_hand(skin)
    before, shape = smiles(skin), handles(skin)
    bake = bakes.add(figure, {"NEW": spared()}, RECIPE, "One")
    assert smiles(skin) == pytest.approx(before, abs=1e-6)
    assert handles(skin) == shape
    curve_of(skin).keyframe_points[1].co[1] = 0.5
    curve_of(skin).update()
    changed = smiles(skin)
    assert changed != before
    for seed in (3, 4):
        assert bakes.replace(figure, bake, {"NEW": spared(seed=seed)}, RECIPE) is None
        assert smiles(skin) == pytest.approx(changed, abs=1e-6)
    assert not bakes.current(figure).edited


def test_keys_go_along_to_the_next_bake(figure, skin):
    """A second bake plays what was keyed by hand in the first, and each then has its own."""
    bakes.add(figure, {"NEW": spared()}, RECIPE, "One")
    key_by_hand(skin)
    before = smiles(skin)
    bakes.add(figure, {"NEW": spared(seed=9)}, RECIPE, "Two")
    assert smiles(skin) == pytest.approx(before, abs=1e-6)
    curve_of(skin).keyframe_points[0].co[1] = 0.8
    bakes.show(figure, "One")
    assert smiles(skin) == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("way", ["remove", "clear"])
def test_keys_outlive_their_bake(figure, skin, way):
    """Removing the bake that plays leaves the keys made by hand, with and without an action beneath it."""
    bakes.add(figure, {"NEW": spared()}, RECIPE, "One")
    key_by_hand(skin)
    before = smiles(skin)
    if way == "remove":
        bakes.remove(figure, "One")
    else:
        bakes.clear(figure)
    assert not bakes.listed(figure)
    assert smiles(skin) == pytest.approx(before, abs=1e-6)
    assert [c.data_path for c in actions.place(skin.animation_data.action, skin).fcurves] == [PATH]


def test_keys_come_back_into_the_action_beneath(figure, skin):
    """What was keyed over an artist's own action joins it when the bake goes, and its own curves stay as they were."""
    teeth = figure.meshes[0].data.shape_keys.key_blocks["jawOpen"]
    for frame, value in ((1, 0.1), (20, 0.7)):
        teeth.value = value
        teeth.keyframe_insert("value", frame=frame)
    own = skin.animation_data.action
    bakes.add(figure, {"NEW": spared()}, RECIPE, "One")
    key_by_hand(skin)
    before = smiles(skin)
    bakes.remove(figure, "One")
    assert skin.animation_data.action == own
    assert smiles(skin) == pytest.approx(before, abs=1e-6)
    bpy.context.scene.frame_set(20)
    assert teeth.value == pytest.approx(0.7)


def test_a_slider_that_is_left_to_hands_keeps_its_curve(figure, skin):
    """Where a slider is left to hands after a bake has driven it, its keys stay and are never written again."""
    bake = bakes.add(figure, {"NEW": clip(sliders=("jawOpen", "mouthSmileLeft"))}, RECIPE, "One")
    before = smiles(skin, (5, 9, 24))
    bake = bakes.current(figure)
    bakes.replace(figure, bake, {"NEW": spared(seed=5)}, RECIPE)
    assert smiles(skin, (5, 9, 24)) == pytest.approx(before, abs=1e-6)
    curve_of(skin).keyframe_points[3].co[1] = 0.05
    assert bakes.replace(figure, bakes.current(figure), {"NEW": spared(seed=6)}, RECIPE) is None
    assert curve_of(skin).keyframe_points[3].co[1] == pytest.approx(0.05)


def test_a_layer_leaves_them_too(figure, skin):
    """Under a layer the keys made by hand play as they did, and when it goes they still do."""
    key_by_hand(skin)
    before = smiles(skin)
    bake = bakes.add(figure, {"REPLACE": spared()}, LAYER, "Over")
    assert smiles(skin) == pytest.approx(before, abs=1e-6)
    bakes.replace(figure, bake, {"REPLACE": spared(seed=8)}, LAYER)
    assert smiles(skin) == pytest.approx(before, abs=1e-6)
    bakes.remove(figure, "Over")
    assert smiles(skin) == pytest.approx(before, abs=1e-6)


def test_writing_without_bakes_carries_them(figure, skin):
    """The command line's way of writing keys keeps those made by hand, too, and the old action as it was."""
    key_by_hand(skin)
    before, own = smiles(skin), skin.animation_data.action
    actions.write(spared(), figure)
    assert skin.animation_data.action != own
    assert smiles(skin) == pytest.approx(before, abs=1e-6)
    assert len(actions.curves(own)) == 1


def test_others_are_not_carried(figure, skin):
    """Without being left to hands, a curve of an old action stays in that action alone."""
    key_by_hand(skin)
    bakes.add(figure, {"NEW": clip()}, RECIPE, "One")
    assert curve_of(skin) is None
    assert np.allclose(list(smiles(skin).values()), 0)
