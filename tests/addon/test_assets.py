"""Actions become assets that can be found, and told by their picture."""

import dataclasses

import bpy
import numpy as np
import pytest
from understudy import __main__ as command
from understudy.addon import armature, assets, rigs
from understudy.addon.exports import played
from understudy.solvers import record
from understudy.solvers.errors import ExportError
from understudy.solvers.retargeting.performed import typical_person


def key(objects, frames=(3, 12, 21)):
    """Let a figure raise an arm and open its mouth between frames, and be back at the last."""
    bone = objects.armature.pose.bones["leftUpperArm"]
    bone.rotation_mode = "XYZ"
    mouth = objects.meshes[0].data.shape_keys.key_blocks["jawOpen"]
    for frame, share in zip(frames, (0.0, 1.0, 0.0), strict=True):
        bone.rotation_euler, mouth.value = (1.2 * share, 0, 0), share
        bone.keyframe_insert("rotation_euler", frame=frame)
        mouth.keyframe_insert("value", frame=frame)
    objects.armature.animation_data.action.name = "Hello"


def census():
    """What there is in the file, but for the render's own picture."""
    kinds = (bpy.data.scenes, bpy.data.objects, bpy.data.cameras, bpy.data.worlds)
    return [sorted(kind.keys()) for kind in kinds]


def test_an_asset_has_words_and_a_picture(figure, tmp_path):
    """Marked, saved and appended elsewhere, the action has tags, description, author, and a picture of the figure."""
    key(figure)
    scene = bpy.context.scene
    scene.frame_set(7)
    before = census()
    preset = rigs.recognised(armature.read(figure))
    made = assets.mark(figure, preset, scene, source="/films/hello there.mp4", author="Ada", tags=("wave",))
    assert made.name == "Hello" and scene.frame_current == 7 and census() == before
    assert all(action.asset_data for action in bpy.data.actions)  # before Blender 4.4 the face has one of its own
    bpy.data.libraries.write(str(tmp_path / "library.blend"), {made}, fake_user=True)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), assets_only=True) as (there, here):
        here.actions = list(there.actions)
    (action,) = here.actions
    told = action.asset_data
    assert {tag.name for tag in told.tags} >= {"Understudy", "hello there", "Body", "Face", "wave"}
    assert told.author == "Ada" and "Figure" in told.description and "hello there" in told.description
    picture = np.array(action.preview.image_pixels_float).reshape(assets.SIDE, assets.SIDE, 4)
    solid = picture[..., 3] > 0.5
    assert 0.02 < solid.mean() < 0.9 and solid.any(1).sum() > 0.8 * assets.SIDE  # the box fills the picture's height
    assert not solid[:, 0].any() and not solid[:, -1].any()


def test_the_most_telling_frame_is_shown(figure):
    """Where one pose differs from a long rest, it is that pose; moves from place to place do not count."""
    key(figure, (26, 30, 34))
    for frame in (1, 34):
        figure.armature.pose.bones["leftUpperArm"].keyframe_insert("rotation_euler", frame=frame)
    figure.armature.keyframe_insert("location", frame=1)
    figure.armature.location.x = 100.0
    figure.armature.keyframe_insert("location", frame=40)
    assert abs(assets.telling_frame(played(figure, bpy.context.scene)) - 30) <= 2


def test_the_button_marks_what_plays(extension, figure):
    """The operator marks the chosen character's action; without one it says what to do."""
    bpy.context.scene.understudy.character = figure.armature
    with pytest.raises(RuntimeError, match="bake a performance"):
        bpy.ops.understudy.mark_asset()
    with pytest.raises(ExportError):
        played(figure, bpy.context.scene)
    key(figure)
    assert bpy.ops.understudy.mark_asset(author="Ada", tags="one, two") == {"FINISHED"}
    told = bpy.data.actions["Hello"].asset_data
    assert told.author == "Ada" and {"one", "two"} <= {tag.name for tag in told.tags}


def test_the_command_line_marks_what_it_bakes(performance, tmp_path, capfd):
    """`bake --asset` leaves a .blend whose action is an asset with a picture, tagged with the video's name."""
    record.save(dataclasses.replace(performance, skeleton=typical_person()), tmp_path / "p.npz")
    words = ["bake", tmp_path / "p.npz", "--out", tmp_path / "b.blend", "--asset"]
    assert command.main([str(word) for word in words]) == 0
    assert "asset" in capfd.readouterr().out
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "b.blend"))
    marked = [action for action in bpy.data.actions if action.asset_data]
    assert marked and all(tuple(action.preview.image_size) == (assets.SIDE, assets.SIDE) for action in marked)
    assert "made-up" in {tag.name for tag in marked[0].asset_data.tags}
    assert not [thing.name for thing in bpy.data.objects if "Portrait" in thing.name]
