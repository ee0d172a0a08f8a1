"""Contacts as markers: what the solver found is shown, what the artist makes of it is baked."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from understudy.addon import actions, bakes, kin, marks, workspace  # noqa: E402
from understudy.solvers import record  # noqa: E402

from ..solvers.conftest import act  # noqa: E402


@pytest.fixture(scope="module")
def take_file(tmp_path_factory):
    """A take of somebody who steps forward with the left foot half way."""
    path = tmp_path_factory.mktemp("take") / "step.take.npz"
    record.save(act(noise=0.01).take, path)
    return path


@pytest.fixture
def scene(extension, figure, take_file):
    """A scene with the take, a figure, and a marked bake of one on the other."""
    bpy.ops.understudy.add_take(filepath=str(take_file))
    bpy.context.scene.understudy.character = figure.armature
    bpy.context.scene.understudy.bake.start = 11
    assert bpy.ops.understudy.bake() == {"FINISHED"}
    assert bpy.ops.understudy.mark_contacts() == {"FINISHED"}
    return bpy.context.scene


def action(scene) -> bpy.types.Action:
    """The one that plays."""
    return kin.current(workspace.character(scene)).main


def frames(scene, name) -> list[int]:
    """Where the markers of a name are."""
    return sorted(marker.frame for marker in action(scene).pose_markers if marker.name == name)


def stood(scene):
    """Which samples of the take stand, (T, 4), as the markers say."""
    objects, recipe = workspace.character(scene), bakes.current(workspace.character(scene)).recipe
    solved = workspace.solved(recipe)
    return marks.honoured(solved, marks.read(objects, recipe.take)).contacts, solved.contacts


def legs(scene) -> np.ndarray:
    """All values of the legs' curves that play."""
    family = kin.current(workspace.character(scene))
    curves = [c for a in family.all for c in actions.curves(a) if "Leg" in c.data_path or "thigh" in c.data_path]
    return np.array([[curve.evaluate(frame) for frame in range(11, 100)] for curve in curves])


def test_markers_say_what_the_solver_found(scene):
    """Markers of both edges of every contact are there, and read back they are the contacts, but for a frame."""
    assert frames(scene, "Left Heel")[0] == 11 and len(frames(scene, "Left Heel")) == 2
    assert len(frames(scene, "Left Heel Off")) == 1 and frames(scene, "Right Heel Off") == []
    told, found = stood(scene)
    assert np.abs(told - found).sum(0).max() <= 4 and found.sum() > 300


def test_applied_markers_are_baked(scene):
    """Nothing changes where no marker has; without its markers a foot is let go; the markers stay."""
    before = legs(scene)
    assert bpy.ops.understudy.apply_contacts() == {"FINISHED"}
    again = legs(scene)
    assert np.abs(again - before).max() < 0.02 and len(before)
    for marker in [marker for marker in action(scene).pose_markers if marker.name.startswith("Left")]:
        action(scene).pose_markers.remove(marker)
    right = frames(scene, "Right Heel")
    assert bpy.ops.understudy.apply_contacts() == {"FINISHED"}
    assert np.abs(legs(scene) - again).max() > 1e-3 and frames(scene, "Right Heel") == right
    assert not stood(scene)[0][:, :2].any()


def test_moved_and_added_markers_count(scene):
    """A marker moved by ten frames moves the contact's edge, and a copy of one begins another stretch."""
    first, fps = stood(scene)[0], bpy.context.scene.render.fps
    off = next(marker for marker in action(scene).pose_markers if marker.name == "Left Heel Off")
    off.frame -= 10
    change = first[:, 0].sum() - stood(scene)[0][:, 0].sum()
    assert abs(change - 10 / fps * 30) <= 1
    action(scene).pose_markers.new("Left Heel.001").frame = off.frame + 4
    action(scene).pose_markers.new("Left Heel Off.001").frame = off.frame + 6
    more = stood(scene)[0][:, 0].sum() - first[:, 0].sum() + change
    assert abs(more - 2 / fps * 30) <= 1


def test_a_new_bake_takes_the_markers_over(scene):
    """Baking again keeps what was edited, at its time in the take, also where the new one starts elsewhere."""
    off = next(marker for marker in action(scene).pose_markers if marker.name == "Left Toe Off")
    off.frame -= 7
    wanted, old = stood(scene)[0], action(scene).name
    scene.understudy.bake.start = 101
    assert bpy.ops.understudy.bake() == {"FINISHED"} and action(scene).name != old
    assert frames(scene, "Left Heel")[0] == 101
    assert np.abs(stood(scene)[0] - wanted).sum(0).max() <= 2


def test_cleared_markers_leave_the_contacts_to_the_solver(scene):
    """Clear takes only contact markers, and then the solver's contacts hold again."""
    action(scene).pose_markers.new("Mine").frame = 20
    assert bpy.ops.understudy.clear_contacts() == {"FINISHED"}
    assert [marker.name for marker in action(scene).pose_markers] == ["Mine"]
    told, found = stood(scene)
    assert np.array_equal(told, found)


def test_there_is_nothing_to_mark_without_a_bake(extension, figure):
    """Without a bake the buttons are off."""
    bpy.context.scene.understudy.character = figure.armature
    assert not bpy.ops.understudy.mark_contacts.poll() and not bpy.ops.understudy.apply_contacts.poll()
