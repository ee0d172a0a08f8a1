"""Face captures, a performer's rest and ranges, and sliders keyed by hand, as the sidebar has them."""

import dataclasses
import json
import types

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from understudy.addon import bakes, by_hand, properties, workspace  # noqa: E402
from understudy.addon.operators import calibration as operators  # noqa: E402
from understudy.addon.panels.calibration import UNDERSTUDY_PT_by_hand, UNDERSTUDY_PT_calibration  # noqa: E402
from understudy.solvers import captures, exports, names, record  # noqa: E402
from understudy.solvers.face import calibration  # noqa: E402

from ..solvers.face.test_calibration import TIMES, clip, offsets  # noqa: E402
from .test_film_panel import Drawn  # noqa: E402

JAW = names.EXPRESSION["jawOpen"]


@pytest.fixture
def scene(extension, empty_scene):
    """A scene in which the extension is on, at 30 frames a second."""
    empty_scene.render.fps = 30
    return empty_scene


@pytest.fixture
def capture(performance, tmp_path):
    """A capture of a phone, 2 s long."""
    exports.write(performance, tmp_path / "phone.csv")
    return tmp_path / "phone.csv"


@pytest.fixture
def session(scene, tmp_path):
    """The scene with a take of the poses of a calibration, chosen."""
    record.save(clip(offsets()), tmp_path / "me.take.npz")
    assert bpy.ops.understudy.add_take(filepath=str(tmp_path / "me.take.npz")) == {"FINISHED"}
    return scene


def smile_of(scene):
    """The smile's slider of the scene's character."""
    character = workspace.character(scene)
    owners = [mesh.data.shape_keys for mesh in character.meshes if mesh.data.shape_keys]
    return next(keys.key_blocks["mouthSmileLeft"] for keys in owners if "mouthSmileLeft" in keys.key_blocks)


@pytest.mark.parametrize("way", ["import", "add", "video"])
def test_a_capture_is_listed_like_a_take(scene, capture, way):
    """File > Import, the list's + and the field for videos all take a phone's capture."""
    if way == "import":
        assert bpy.ops.understudy.import_capture(filepath=str(capture)) == {"FINISHED"}
    elif way == "add":
        assert bpy.ops.understudy.add_take(filepath=str(capture)) == {"FINISHED"}
    else:
        scene.understudy.video = str(capture)
    assert scene.understudy.video == "" and scene.understudy.take.path == str(capture)
    assert scene.understudy.take.known()["coverage"]["face"] == 1.0
    assert scene.understudy.take.seconds == pytest.approx(47 / 24, abs=0.02)


def test_a_capture_drives_a_character(scene, capture, performance):
    """Baked on the starter, the jaw opens as the phone says, and the sliders follow anew."""
    bpy.ops.understudy.add_starter()
    bpy.ops.understudy.import_capture(filepath=str(capture))
    assert bpy.ops.understudy.bake() == {"FINISHED"}
    keys = smile_of(scene).id_data
    found = []
    for frame in (5, 20, 40):
        scene.frame_set(frame)
        found.append(keys.key_blocks["jawOpen"].value)
    true = np.interp((np.array([5, 20, 40]) - 1) / 30, performance.time, performance.expressions[:, JAW])
    assert np.abs(found - true).max() < 0.05


def test_a_file_that_is_none_is_told(scene, tmp_path):
    """A text of something else is refused with a sentence, and not listed."""
    (tmp_path / "notes.txt").write_text("dear diary")
    with pytest.raises(RuntimeError, match=r"notes\.txt is no Face Cap capture"):
        bpy.ops.understudy.import_capture(filepath=str(tmp_path / "notes.txt"))
    assert not scene.understudy.takes


def test_a_capture_is_laid_over_a_take(session, capture):
    """The recipe names the capture whose face is taken, and where it begins, where that was said."""
    bpy.ops.understudy.import_capture(filepath=str(capture))
    props = session.understudy
    props.take_index = 0
    assert workspace.recipe(session).face == ""
    props.take.face = props.takes[1].name
    assert (workspace.recipe(session).face, workspace.recipe(session).offset) == (str(capture), None)
    props.take.face_sync, props.take.face_offset = False, 3.0
    assert workspace.recipe(session).offset == 3.0
    bpy.ops.understudy.add_starter()
    assert bpy.ops.understudy.bake() == {"FINISHED"}
    values = captures.read(capture).expressions[:, JAW]
    session.frame_set(1 + round(3.5 * 30))
    assert smile_of(session).id_data.key_blocks["jawOpen"].value == pytest.approx(values[30], abs=0.1)


def test_a_moment_is_picked_from_the_timeline(session):
    """The frame that there is becomes a moment of the take, also where its first frame is another."""
    session.frame_set(31)
    bpy.ops.understudy.pick_moment(pose="smile")
    assert session.understudy.moments.smile == pytest.approx(1.0)
    session.understudy.bake.start = 11
    assert bpy.ops.understudy.neutral_here() == {"FINISHED"}
    assert session.understudy.look.neutral == pytest.approx(20 / 30)
    session.frame_set(5000)
    with pytest.raises(RuntimeError, match="No face is seen"):
        bpy.ops.understudy.neutral_here()
    assert session.understudy.look.neutral == pytest.approx(20 / 30)


def test_calibrating_keeps_a_file_and_uses_it(session, tmp_path):
    """Moments that are told are taken, the others found, and the solve reads the file that is kept beside the take."""
    moments = session.understudy.moments
    moments.smile = TIMES["smile"] + 0.1
    assert bpy.ops.understudy.calibrate() == {"FINISHED"}
    kept = calibration.load(tmp_path / "me.calibration.json")
    assert kept.times["smile"] == pytest.approx(TIMES["smile"] + 0.1, abs=1e-3)
    assert moments.open == pytest.approx(kept.times["open"], abs=1e-3)
    assert session.understudy.look.calibration == str(tmp_path / "me.calibration.json")
    solved = workspace.performance(session.understudy.take.path, session.understudy.look.settings())
    assert solved.expressions[int(TIMES["open"] * 30), JAW] > 0.85
    moments.brows = 1.0
    with pytest.raises(RuntimeError, match="does not show raised brows"):
        bpy.ops.understudy.calibrate()


def test_a_picture_tells_the_rest(session, monkeypatch, tmp_path):
    """A still is looked at by the detector, kept beside it, and comes in the place of a moment."""
    made = calibration.Calibration({"neutral": calibration.face_at(clip(offsets()), 1.0)}, {}, "me.jpg")
    monkeypatch.setattr(calibration, "of_still", lambda path, progress=None, cancelled=None: made)
    session.understudy.look.neutral = 2.0
    assert bpy.ops.understudy.neutral_still(filepath=str(tmp_path / "me.jpg")) == {"FINISHED"}
    assert list(calibration.load(session.understudy.look.calibration).faces) == ["neutral"]
    assert session.understudy.look.neutral == 0.0


def test_the_poses_are_the_solvers(extension):
    """The panel asks for what the solver can use, in its order, under its names."""
    assert tuple(properties.POSES) == tuple(calibration.POSES)
    assert {pose: words for pose, (_, words) in properties.POSES.items()} == {
        pose: words.replace("rest", "the face at rest") for pose, words in calibration.WORDS.items()
    }
    assert operators.SUFFIX == calibration.SUFFIX


def test_expressions_are_left_to_hands_and_back(scene, capture):
    """What is in the list is not driven, its keys live through sliders that follow, and its sliders can be keyed."""
    bpy.ops.understudy.add_starter()
    bpy.ops.understudy.import_capture(filepath=str(capture))
    for name in ("cheekPuff", "mouthSmileLeft", "cheekPuff"):
        assert bpy.ops.understudy.leave_to_hand(name=name) == {"FINISHED"}
    assert scene.understudy.look.by_hand == "cheekPuff,mouthSmileLeft"
    bpy.ops.understudy.bake()
    listed = bakes.left_to_hand(scene.understudy.character)
    assert {block.name for block in listed} == {"cheekPuff", "mouthSmileLeft"}
    block = smile_of(scene)
    for frame, value in ((4, 0.7), (12, 0.1)):
        block.value = value
        block.keyframe_insert("value", frame=frame)
    recipe = dataclasses.replace(bakes.current(workspace.character(scene)).recipe, start=1)
    made = workspace.cooking(scene, recipe)(lambda *_: None, lambda: False)[1]
    bakes.replace(workspace.character(scene), bakes.current(workspace.character(scene)), made, recipe)
    scene.frame_set(4)
    assert block.value == pytest.approx(0.7)
    assert by_hand.taken(workspace.character(scene), ["mouthSmileLeft"])
    bpy.ops.understudy.drive_again(name="cheekPuff")
    assert scene.understudy.look.by_hand == "mouthSmileLeft"


def test_the_panels_draw_what_there_is(session):
    """Calibration asks for five things, each with its moment and a way to pick it; By Hand lists what was chosen."""

    def drawn(kind):
        panel = types.SimpleNamespace(layout=Drawn())
        panel._moments = lambda *words: UNDERSTUDY_PT_calibration._moments(panel, *words)
        kind.draw(panel, types.SimpleNamespace(scene=session))
        return json.dumps(panel.layout.calls)

    words = drawn(UNDERSTUDY_PT_calibration)
    assert all(title in words for title, _ in properties.POSES.values())
    assert all(word in words for word in ("neutral_here", "neutral_still", "understudy.calibrate", "pick_moment"))
    bpy.ops.understudy.leave_to_hand(name="tongueOut")
    words = drawn(UNDERSTUDY_PT_by_hand)
    assert words.count("tongueOut") >= 1 and "drive_again" in words and "cheekPuff" in words
