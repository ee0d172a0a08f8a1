"""Picture characters: they open like any file, are driven like any rig, are filmed as they are, and mended by hand."""

import importlib.util
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from understudy.addon import actions, armature, files, rendering, rigs
from understudy.addon.puppets import figure, points, stage
from understudy.solvers.errors import CharacterError
from understudy.solvers.names import EXPRESSIONS
from understudy.solvers.puppet.puppet import PUPPET, Puppet
from understudy.solvers.retarget import retarget
from understudy.solvers.settings import Settings

_spec = importlib.util.spec_from_file_location("drawing", Path(__file__).parents[1] / "solvers" / "drawing.py")
drawing = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(drawing)
FACE = {"leftEye": drawing.EYES[1], "rightEye": drawing.EYES[0], "mouthLeft": (172, 108), "mouthRight": (128, 108)}


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    """The drawing on disk, with its face's points beside it."""
    path = drawing.saved(tmp_path_factory.mktemp("picture"))
    words = {"size": drawing.SIZE, "points": {name: list(place) for name, place in FACE.items()}}
    (path.parent / "figure.points.json").write_text(json.dumps(words))
    return path


@pytest.fixture(scope="module")
def puppet(picture):
    """The drawing opened as a character."""
    return files.open_character(picture)


def filmed(scene, folder) -> np.ndarray:
    """The picture (H, W, 3) that the scene's camera sees."""
    import bpy

    scene.render.image_settings.file_format, scene.render.filepath = "PNG", str(folder / "frame.png")
    bpy.ops.render.render(write_still=True)
    return cv2.imread(str(folder / "frame.png"))[..., ::-1]


def test_a_picture_plays_like_any_rig(puppet, performance, tmp_path):
    """It is recognised by its bones and shapes, takes a clip, and looks like itself at rest and not when it acts."""
    import bpy

    character = armature.read(puppet)
    preset = rigs.recognised(character)
    assert {"hips", "head", "leftHand", "rightFoot"} <= set(preset.bones)
    assert len(set(preset.face) & set(EXPRESSIONS)) > 35
    scene = bpy.context.scene
    rendering.prepare(scene, puppet, character, preset, "full", stage.own_size(puppet), (1, 2), 24.0)
    assert scene.camera.data.type == "ORTHO"
    rest = filmed(scene, tmp_path)
    height, width = rest.shape[:2]
    wanted = cv2.resize(drawing.figure(), (width, height), interpolation=cv2.INTER_LINEAR)
    assert np.abs(rest.astype(int) - wanted).mean() < 3.0
    clip = retarget(performance, character, preset, Settings(), 24.0)
    actions.write(clip, puppet)
    scene.frame_set(20)
    acting = filmed(scene, tmp_path)
    assert np.abs(acting.astype(int) - wanted).mean() > 1.5
    corner = np.s_[: height // 12, : width // 12]
    assert np.abs(acting[corner].astype(int) - wanted[corner]).max() < 12


def test_what_a_picture_does_can_be_undone(empty_scene):
    """The slider of what its face does in the picture goes as far below 0, and no other does."""
    import bpy

    corners, nothing = np.array([[0.0, 0, 0], [1, 0, 0], [0, 0, 1]]), np.zeros((4, 4, 3), np.uint8)
    sheet = Puppet(
        name="smiling", size=(4, 4), unit=1.0, sheets=("body",), painted=("front",), sheet=np.zeros(3, int),
        vertices=corners, uv=corners[:, ::2], triangles=np.array([[0, 1, 2]]), joints=("hips",), heads=corners[:1],
        tails=corners[2:], weights=np.ones((3, 1)), shapes=("jawOpen", "mouthSmileLeft"), moves=np.ones((2, 3, 3)),
        cut=False, front=nothing, under=nothing, background=nothing, parts=nothing, shows={"mouthSmileLeft": 0.4},
    )  # fmt: skip
    made = figure.sheet(sheet, 0, bpy.data.materials.new("look"), bpy.context.scene.collection)
    keys = made.data.shape_keys.key_blocks
    assert keys["mouthSmileLeft"].slider_min == -1 and keys["jawOpen"].slider_min == 0


def test_points_move_with_hands(extension, picture, empty_scene):
    """A point that is moved is kept beside the picture, and the puppet is built anew with it."""
    import bpy

    assert bpy.ops.understudy.add_picture(filepath=str(picture)) == {"FINISHED"}
    rig = bpy.context.scene.understudy.character
    before = np.array(rig.data.bones["leftHand"].head_local)
    assert bpy.ops.understudy.place_points() == {"FINISHED"}
    hand = points.placed(rig)["leftHand"]
    hand.location.z += 0.2
    assert bpy.ops.understudy.build_puppet() == {"FINISHED"}
    rig = bpy.context.scene.understudy.character
    moved = np.array(rig.data.bones["leftHand"].head_local) - before
    assert moved[2] == pytest.approx(0.2, abs=0.01)
    assert not points.placed(rig) and sum(PUPPET in thing for thing in bpy.data.armatures) == 1


def test_what_is_no_picture_is_refused(tmp_path):
    """A file that only is called a picture ends in one sentence."""
    (tmp_path / "no.png").write_bytes(b"nothing")
    with pytest.raises(CharacterError, match="no.png"):
        files.open_character(tmp_path / "no.png")


@pytest.mark.parametrize("name", ["lp_s10.jpg"])
def test_paintings_are_seen_through(shared, name, tmp_path):
    """A painting is cut out and looks like itself before it moves."""
    import bpy

    objects = files.open_character(shared / "images" / name)
    character = armature.read(objects)
    preset = rigs.recognised(character)
    assert len(preset.face) >= 50
    scene, size = bpy.context.scene, stage.own_size(objects)
    rendering.prepare(scene, objects, character, preset, "bust", size, (1, 1), 24.0)
    wanted = cv2.resize(cv2.imread(str(shared / "images" / name))[..., ::-1], size, interpolation=cv2.INTER_AREA)
    assert np.abs(filmed(scene, tmp_path).astype(int) - wanted).mean() < 4.0
