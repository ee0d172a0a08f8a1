"""A character's face is drawn without touching it, looked at, and what was found is kept with it and used."""

import json

import numpy as np
import pytest
from understudy.solvers.errors import UnderstudyError
from understudy.solvers.names import EXPRESSION, EXPRESSIONS
from understudy.solvers.rigs.face_range import FaceRange

bpy = pytest.importorskip("bpy")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Fits are kept in a folder of the test."""
    from understudy.addon import own

    monkeypatch.setattr(own, "folder", lambda kind: tmp_path / kind)


@pytest.fixture
def starter(empty_scene):
    """The starter's objects."""
    from understudy.addon.figures import starter as figure
    from understudy.addon.rigs import objects_of

    return objects_of(figure.add(empty_scene), empty_scene)


def state(objects) -> list:
    """What must not change while a face is drawn."""
    keys = [block.value for mesh in objects.meshes if mesh.data.shape_keys for block in mesh.data.shape_keys.key_blocks]
    names = [sorted(thing.name for thing in kind) for kind in
             (bpy.data.objects, bpy.data.meshes, bpy.data.scenes, bpy.data.cameras, bpy.data.shape_keys)]  # fmt: skip
    points = [tuple(mesh.data.vertices[0].co) for mesh in objects.meshes]
    return [keys, names, points, objects.armature.data.pose_position, bpy.context.scene.name]


def test_the_starter_is_fitted_by_the_operator(starter, extension, empty_scene):
    """Every shape is seen or left alone; the scene is as before; Remove Face Fit takes the fit away."""
    from understudy.addon import face_fitting
    from understudy.addon.armature import read

    props = empty_scene.understudy
    props.character = starter.armature
    before = state(starter)
    assert bpy.ops.understudy.fit_face() == {"FINISHED"}
    assert state(starter) == before and face_fitting.glance(starter.armature)
    made = face_fitting.kept(starter)
    assert {"jawOpen", "mouthSmileLeft", "mouthPucker"} <= set(made.gains) and made.apart == 0
    assert read(starter).face == made and "shapes seen" in face_fitting.told(made)
    del starter.armature.data["understudy_face"]  # in another file with the same character
    assert read(starter).face == made
    assert bpy.ops.understudy.forget_face() == {"FINISHED"} and read(starter).face == FaceRange()


def test_no_face_no_fit(figure, extension, empty_scene):
    """A character without face shapes is not offered one, and says why."""
    props = empty_scene.understudy
    figure.meshes[0].shape_key_clear()
    figure.meshes[1].shape_key_clear()
    props.character = figure.armature
    with pytest.raises(RuntimeError, match="no face shapes"):
        bpy.ops.understudy.fit_face()


def test_a_fit_changes_what_is_shown(figure, performance):
    """Gains that a character keeps act on the next bake, and not on another character."""
    from understudy.addon import face_fitting
    from understudy.addon.armature import read
    from understudy.solvers.retarget import retarget
    from understudy.solvers.rigs.presets import recognise
    from understudy.solvers.settings import Settings

    def jaw():
        character = read(figure)
        clip = retarget(performance, character, recognise(character), Settings(hand_contact=0.0), 24.0)
        return clip.values[:, clip.sliders.index("jawOpen")]

    plain = jaw()
    face_fitting.keep(figure, FaceRange({"jawOpen": 0.5}))
    assert np.allclose(jaw(), plain / 2) and plain.max() > 0.5
    face_fitting.forget(figure)
    assert np.allclose(jaw(), plain)


def test_an_absurd_jaw_is_held(starter):
    """Of a character whose jawOpen goes three times as far as people's, less is shown without any fit."""
    from understudy.addon.armature import read

    usual = read(starter)
    assert usual.face == FaceRange() and np.linalg.norm(usual.eyes[0] - usual.eyes[1]) == pytest.approx(0.139, abs=0.01)
    for mesh in starter.meshes:
        keys = mesh.data.shape_keys
        if keys and "jawOpen" in keys.key_blocks:
            block, base = keys.key_blocks["jawOpen"], keys.reference_key
            moved, rest = np.zeros(3 * len(block.data), "f4"), np.zeros(3 * len(block.data), "f4")
            block.data.foreach_get("co", moved)
            base.data.foreach_get("co", rest)
            block.data.foreach_set("co", rest + 3 * (moved - rest))
    assert 0.4 <= read(starter).face.gains["jawOpen"] < 0.5


@pytest.mark.parametrize("name", ["rocketbox_Female_Adult_01_facial.fbx", "mh_f_rigify.blend"])
def test_real_faces_on_bones(shared, name):
    """Without its shapes, a real face smiles, blinks, opens and closes its mouth by bones that it has."""
    from dataclasses import replace

    from understudy.addon.armature import read
    from understudy.addon.files import open_character
    from understudy.solvers.retargeting import face_bones
    from understudy.solvers.retargeting.acting import strengths
    from understudy.solvers.retargeting.tpose import measure
    from understudy.solvers.rigs.presets import recognise
    from understudy.solvers.settings import Settings

    try:
        character = replace(read(open_character(shared / "characters" / name)), sliders=())
    except UnderstudyError as fault:  # a .blend of a later Blender
        pytest.skip(str(fault))
    preset = recognise(character)
    assert len(face_bones.shown(preset)) >= 40
    values = np.zeros((4, len(EXPRESSIONS)))
    moments = ("mouthSmileLeft", "mouthSmileRight"), ("eyeBlinkLeft",), ("jawOpen",), ("browInnerUp",)
    for row, names in enumerate(moments):
        values[row, [EXPRESSION[n] for n in names]] = 1.0
    rig = measure(character, preset, np.random.default_rng(0).normal(size=(55, 3)))
    acted = strengths(values, np.zeros((4, 2, 2)), Settings(), character.face)
    keys = face_bones.keys(acted, np.zeros((4, 2, 2)), character, rig, preset, Settings())
    rows = {bone: k for k, bone in enumerate(keys.movers)}
    axes = dict(zip(character.bones, character.rest[:, :3, :3], strict=True))

    def up(place, moment):
        """How far it goes up, in distances between the eyes."""
        bone = preset.places[place][0]
        size = face_bones.face_size(character, rig, {})
        return (rig.axes.T @ axes[bone] @ keys.locations[moment, rows[bone]])[2] / size

    assert up("leftLipCorner", 0) == pytest.approx(0.16, abs=0.03) == up("rightLipCorner", 0)
    assert up("leftLidUpper", 1) < 0 <= 1e-6 + up("rightLidUpper", 1) and up("leftBrowInner", 3) > 0.05
    assert np.degrees(2 * np.arccos(face_bones.jaw_turn(acted, character, rig, preset)[2, 0])) > 15


def test_the_command_line_fits(capsys, tmp_path, monkeypatch):
    """`fit-face` tells what it saw, and keeps it for this face; --forget takes it away."""
    import contextlib

    from understudy.__main__ import main
    from understudy.addon import face_fitting

    monkeypatch.setattr(face_fitting, "draw", lambda *_: (contextlib.ExitStack(), tmp_path, ("jawOpen",)))
    monkeypatch.setattr(face_fitting, "found", lambda *_: FaceRange({"jawOpen": 0.8}))
    assert main(["fit-face"]) == 0
    kept = list((tmp_path / "fits").glob("*.json"))
    assert len(kept) == 1 and json.loads(kept[0].read_text())["gains"] == {"jawOpen": 0.8}
    assert "1 shapes seen; jawOpen ×0.80" in capsys.readouterr().out
    assert main(["fit-face", "--forget"]) == 0 and not list((tmp_path / "fits").glob("*.json"))
