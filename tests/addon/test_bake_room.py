"""The bake room: from the panel's choices to keys, and back, with the rest of the scene as it was."""

import dataclasses
import time

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from understudy.addon import actions, bakes, workspace  # noqa: E402
from understudy.solvers import record  # noqa: E402
from understudy.solvers.take import Take  # noqa: E402


@pytest.fixture
def scene(extension, empty_scene, performance, monkeypatch, tmp_path):
    """A scene with a small character and a take of 2 s at 24 pictures a second, whose performance is made up."""
    take = Take.empty(np.arange(48) / 24, (640, 480), source={"path": "gone.mp4", "fps": 24.0, "seconds": 2.0})
    record.save(take, tmp_path / "one.take.npz")
    monkeypatch.setattr(workspace, "performance", lambda path, settings: performance)
    scene = bpy.context.scene
    workspace.add_take(scene, tmp_path / "one.take.npz", take)
    return scene


@pytest.fixture
def dressed(scene, figure):
    """The same with the figure chosen."""
    scene.understudy.character = figure.armature
    return figure


def told(capfd):
    """What operators have reported."""
    return capfd.readouterr().out


def test_bake_writes_keys_and_says_how_many(scene, dressed, capfd):
    """Bake makes one bake, named after the take, counts what it has written, and makes the scene long enough."""
    scene.frame_start, scene.frame_end = 10, 20
    assert bpy.ops.understudy.bake() == {"FINISHED"}
    made = bakes.current(dressed)
    assert made.name == "one" and not made.layered
    action = dressed.armature.animation_data.action
    bones = {c.data_path for c in actions.curves(action) if ".rotation" in c.data_path}
    assert f"one: {len(bones)} bones and 2 sliders over 48 frames" in told(capfd)
    assert (scene.frame_start, scene.frame_end) == (1, 48)
    scene.frame_end = 400
    bpy.ops.understudy.bake()
    assert scene.frame_end == 400 and [bake.name for bake in bakes.listed(dressed)] == ["one", "one.001"]


def test_two_performers_stand_apart(scene, dressed, performance, monkeypatch, tmp_path):
    """A take on the floor of another one is baked beside it, and stays there when its sliders move."""
    there = dataclasses.replace(performance, root=performance.root + [2.0, 0.0, 0.0])
    back = np.eye(4)
    back[0, 3] = -2.0  # the same camera, in a room that begins two metres further
    there = dataclasses.replace(there, projection=performance.projection @ back)
    take = Take.empty(np.arange(48) / 24, (640, 480), source={"path": "gone.mp4", "fps": 24.0, "seconds": 2.0})
    record.save(take, tmp_path / "two.take.npz")
    workspace.add_take(scene, tmp_path / "two.take.npz", take)
    other = dataclasses.replace(there, root=there.root + [1.0, 0.0, 0.0])
    monkeypatch.setattr(workspace, "performance", lambda path, settings: other if "two" in path else performance)
    scene.understudy.take.floor = "two"
    assert workspace.recipe(scene).floor == "", "a take stands on its own floor"
    scene.understudy.take.floor = "one"
    asked = workspace.recipe(scene)
    assert asked.floor == scene.understudy.takes[0].path
    _, clips = workspace.cooking(scene, asked)(None, None)
    _, alone = workspace.cooking(scene, dataclasses.replace(asked, floor=""))(None, None)
    apart = clips["NEW"].locations - alone["NEW"].locations
    assert np.linalg.norm(apart[0]) > 0.1 and np.allclose(apart, apart[0], atol=1e-6)
    assert bpy.ops.understudy.bake() == {"FINISHED"} and bakes.current(dressed).recipe == asked
    bakes.moved(asked.floor, "//moved.take.npz")
    assert bakes.current(dressed).recipe.floor == "//moved.take.npz"


def test_the_scene_is_given_back(scene, dressed):
    """Frame, mode, active object and selection are as they were."""
    rig = dressed.armature
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="POSE")
    scene.frame_set(17)
    dressed.meshes[0].select_set(True)
    before = scene.frame_current, rig.mode, bpy.context.active_object, tuple(bpy.context.selected_objects)
    bpy.ops.understudy.bake()
    bpy.ops.understudy.clear()
    assert before == (scene.frame_current, rig.mode, bpy.context.active_object, tuple(bpy.context.selected_objects))
    bpy.ops.object.mode_set(mode="OBJECT")


def test_a_layer_of_some_parts(scene, dressed):
    """A layer drives the parts that are to replace or add, and no other."""
    options = scene.understudy.bake
    options.kind, options.name = "LAYER", "Head"
    for region in options.layer.__annotations__:
        setattr(options.layer, region, {"head": "REPLACE", "left_hand": "COMBINE"}.get(region, "OFF"))
    assert bpy.ops.understudy.bake() == {"FINISHED"}
    made = bakes.current(dressed)
    assert made.name == "Head" and made.layered and made.recipe.layer["head"] == "REPLACE"
    moved = {curve.data_path.split('"')[1] for curve in actions.curves(bpy.data.actions["Head"])}
    assert moved == {"neck", "head"}


def test_fewer_keys(scene, dressed):
    """Reducing keys leaves fewer, with handles, and none is further off than was asked for."""
    scene.understudy.bake.name = "All"
    bpy.ops.understudy.bake()
    scene.understudy.bake.reduce, scene.understudy.bake.error, scene.understudy.bake.name = True, 0.02, "Few"
    bpy.ops.understudy.bake()
    every, few = (
        {(c.data_path, c.array_index): c for c in actions.curves(bpy.data.actions[name])} for name in ("All", "Few")
    )
    assert sum(len(c.keyframe_points) for c in few.values()) < 0.7 * sum(len(c.keyframe_points) for c in every.values())
    for path in {path for path, _ in every if "rotation_quaternion" in path}:
        off = [[every[path, i].evaluate(f) - few[path, i].evaluate(f) for i in range(4)] for f in range(1, 49)]
        assert 2 * np.linalg.norm(off, axis=-1).max() < 0.02


def test_show_remove_and_clear(scene, dressed, capfd):
    """The list's buttons do what they say, and Clear tells what has come back."""
    dressed.armature.pose.bones["head"].keyframe_insert("location", frame=1)
    dressed.armature.animation_data.action.name = "Walk"
    bpy.ops.understudy.bake()
    bpy.ops.understudy.bake()
    assert [(bake.name, plays) for bake, plays in bakes.glance(dressed.armature)] == [("one", False), ("one.001", True)]
    assert bpy.ops.understudy.show_bake(name="one") == {"FINISHED"}
    assert [plays for _, plays in bakes.glance(dressed.armature)] == [True, False]
    assert bpy.ops.understudy.remove_bake(name="one.001") == {"FINISHED"}
    with pytest.raises(RuntimeError, match="no bake called one.001 any more"):
        bpy.ops.understudy.show_bake(name="one.001")
    told(capfd)
    assert bpy.ops.understudy.clear() == {"FINISHED"}
    assert "1 bake removed; Walk plays again" in told(capfd)
    assert not bpy.ops.understudy.clear.poll()


def test_one_undo_step(scene, dressed):
    """One undo takes a bake back."""
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.understudy.bake("EXEC_DEFAULT", True)
    assert [action for action in bpy.data.actions if bakes.MARK in action]
    bpy.ops.ed.undo()
    assert not [action for action in bpy.data.actions if bakes.MARK in action]


def test_what_is_missing_is_said(scene, figure):
    """Without a character there is no bake, and a range beyond the take is refused in words."""
    assert not bpy.ops.understudy.bake.poll()
    scene.understudy.character = figure.armature
    options = scene.understudy.bake
    options.whole, options.begin, options.end = False, 40.0, 50.0
    with pytest.raises(RuntimeError, match="the range to bake must lie within it"):
        bpy.ops.understudy.bake()
    assert not bpy.data.actions


def test_drawing_is_quick(scene, dressed):
    """What the panel asks for while it is drawn takes less than a millisecond, with five bakes in the file."""
    for _ in range(5):
        bpy.ops.understudy.bake()
    durations = []
    for _ in range(20):
        begin = time.perf_counter()
        bakes.glance(dressed.armature)
        durations.append(time.perf_counter() - begin)
    assert min(durations) < 1e-3
