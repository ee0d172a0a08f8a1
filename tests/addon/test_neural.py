"""Passes show what the camera sees, and a neural renderer's film comes back into the scene; keys stay out of files."""

import json
import math
import sys

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")
pytest.importorskip("cv2")

from understudy.addon import armature, jobs, rendering, rigs  # noqa: E402
from understudy.addon.neural import comfyui, conditioning, drawing, handoff, passes, places, results  # noqa: E402
from understudy.solvers.errors import OutputError  # noqa: E402
from understudy.solvers.footage import film, video  # noqa: E402

from ..neural.standins import INFERENCE, Runway, StandIn  # noqa: E402

SIZE = (96, 64)
DISTANCE = 4.0  # m from the camera to the middle of the figure
FRONT = DISTANCE - 0.1  # m to the front of its box, which is 0.4 m wide and 1.8 m high


@pytest.fixture
def stage(extension, figure):
    """The figure before a camera that looks along +y, and a wall behind it; three frames."""
    scene = bpy.context.scene
    camera = bpy.data.objects.new("Mine", bpy.data.cameras.new("Mine"))
    camera.location, camera.rotation_euler = (0, -DISTANCE, 0.9), (math.pi / 2, 0, 0)
    camera.data.sensor_width, camera.data.lens = 36.0, 36.0
    wall = bpy.data.meshes.new("Wall")
    wall.from_pydata([(-9, 2, -9), (9, 2, -9), (9, 2, 9), (-9, 2, 9)], [], [(0, 1, 2, 3)])
    for thing in (camera, bpy.data.objects.new("Wall", wall)):
        scene.collection.objects.link(thing)
    scene.camera, scene.render.engine = camera, "BLENDER_WORKBENCH"
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    scene.render.fps, scene.frame_start, scene.frame_end = 24, 5, 7
    scene.understudy.character = figure.armature
    scene.understudy.film.stage, scene.understudy.film.engine = False, "SCENE"
    yield scene
    jobs.cancel_all()


def read(figure):
    """What `conditioning.write` wants to know of a figure."""
    character = armature.read(figure)
    return character, rigs.recognised(character)


def picture(path):
    """A picture (H, W, 3), rgb."""
    import cv2

    return cv2.imread(str(path))[:, :, ::-1]


def test_depth_normals_and_mask_are_right(stage, figure, tmp_path):
    """Front and wall have their distances, the front's normal faces the camera, the mask is as wide as the box."""
    with passes.Passes(stage, {mesh.name for mesh in figure.meshes}, tmp_path) as drawn:
        depth, normals, mask = drawn.drawn(places.view(stage))
    assert np.allclose(depth[32, 48], FRONT, rtol=2e-3) and np.allclose(depth[2, 2], DISTANCE + 2, rtol=2e-3)
    assert np.allclose(normals[mask], [0, 0, 1], atol=0.02) and np.allclose(normals[2, 2], [0, 0, 1], atol=0.02)
    wide = SIZE[0] * 0.4 / FRONT
    assert abs(mask[32].sum() - wide) <= 1.5 and not mask[2, 2]
    assert not [scene for scene in bpy.data.scenes if scene != stage] and passes.NAME not in bpy.data.objects


def test_joints_are_where_the_camera_sees_them(stage, figure):
    """A joint's pixel is that of pinhole geometry; the left hand is on the right of a picture from the front."""
    character, preset = read(figure)
    traced = places.trace(figure, character, preset)
    body, hands, _ = places.points(traced, places.view(stage))
    left = body[drawing.BODY.index("leftHand")]
    x, z = 0.7, 1.45
    assert np.allclose(left, [48 + 96 * x / DISTANCE, 32 - 96 * (z - 0.9) / DISTANCE], atol=0.6)
    assert np.allclose(hands[0][0], left) and np.isnan(hands[0][1:]).all()


def test_skeleton_is_in_openpose_colors():
    """The upper arms have OpenPose's own colours, and what is not known is not drawn."""
    body = np.full((18, 2), np.nan)
    body[[1, 2, 3]] = [[50, 20], [30, 20], [10, 40]]
    nothing = np.full((21, 2), np.nan)
    shown = drawing.skeleton((100, 60), body, [nothing, nothing], np.zeros((0, 2)))
    assert tuple(shown[20, 40]) == (153, 0, 0) and tuple(shown[30, 20]) == (153, 102, 0)
    assert tuple(shown[20, 30]) == (255, 170, 0) and not shown[:, 60:].any()
    flat = drawing.keypoints(body, [nothing, nothing], np.zeros((0, 2)))["pose_keypoints_2d"]
    assert len(flat) == 54 and flat[3:6] == [50, 20, 1] and flat[:3] == [0, 0, 0]


def test_passes_are_written_with_a_manifest(stage, figure, tmp_path):
    """Every pass has a picture for each frame and a film; a second writing replaces them; the scene stays."""
    before = (stage.render.engine, stage.frame_current, stage.render.resolution_x, sorted(bpy.data.objects.keys()))
    out, told = tmp_path / "passes", []
    for _ in range(2):
        conditioning.write(stage, figure, *read(figure), out, progress=lambda done, total: told.append((done, total)))
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["fps"] == 24 and manifest["size"] == [96, 64] and manifest["frames"] == [5, 7]
    assert {"beauty", "depth", "normal", "mask", "pose"} <= set(manifest["passes"])  # a box has no face
    for facts in manifest["passes"].values():
        pictures = sorted(path.name for path in (out / facts["folder"]).iterdir())
        assert pictures == [facts["pattern"] % frame for frame in (5, 6, 7)]
        clip = video.probe(out / facts["video"])
        assert (clip.size, clip.frames, clip.fps) == (SIZE, 3, 24)
    near, far = (manifest["passes"]["depth"][name] for name in ("near", "far"))
    shade = (1 / FRONT - 1 / far) / (1 / near - 1 / far) * 255
    assert np.abs(picture(out / "depth" / "000005.png")[32, 48] - shade).max() <= 2
    assert tuple(picture(out / "mask" / "000005.png")[32, 48]) == (255, 255, 255)
    assert len(json.loads((out / "keypoints.json").read_text())) == 3 and told[-1][0] == told[-1][1]
    assert before == (stage.render.engine, stage.frame_current, stage.render.resolution_x,
                      sorted(bpy.data.objects.keys()))  # fmt: skip


def test_files_of_others_are_not_removed(stage, figure, tmp_path):
    """A folder in which somebody keeps other files under a pass's name is left alone."""
    (tmp_path / "mask").mkdir()
    (tmp_path / "mask" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="other files"):
        conditioning.write(stage, figure, *read(figure), tmp_path, ("mask",))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["notes.txt"]


def test_full_disk_is_told(stage, figure, tmp_path, monkeypatch):
    """Where the passes have no room, that is said, and nothing half is left."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("understudy.solvers.footage.film.written_whole", full)
    with pytest.raises(Exception, match="disk is full"):
        conditioning.write(stage, figure, *read(figure), tmp_path / "out", ("pose",))
    assert not (tmp_path / "out").exists()


@pytest.fixture
def driving(tmp_path):
    """A driving video of 3 s."""
    path = tmp_path / "driving.mp4"
    film.write(path, (np.full((64, 64, 3), 3 * k, np.uint8) for k in range(36)), 12)
    return path


@pytest.fixture
def made(tmp_path):
    """What a renderer makes: 3 s at 24 frames a second."""
    path = tmp_path / "made.mp4"
    film.write(path, (np.full((64, 96, 3), 3 * k, np.uint8) for k in range(72)), 24)
    return path


def test_film_comes_back_as_strip_and_plane(stage, made):
    """The film lies in the sequencer and on a plane beside the character; a second one takes its place."""
    for _ in range(2):
        strip, plane = results.bring(stage, made, 5)
    editor = stage.sequence_editor
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    assert [one.name for one in strips if one.type == "MOVIE"] == [strip.name]
    assert strip.frame_final_start == 5 and strip.frame_final_duration == 72
    corners = np.array([plane.matrix_world @ vertex.co for vertex in plane.data.vertices])
    assert corners[:, 0].min() > 0.2 and np.allclose(np.ptp(corners[:, 2]), 1.8, atol=1e-3)
    assert np.allclose(np.ptp(corners[:, 0]), 1.8 * 1.5, atol=1e-3) and np.ptp(corners[:, 1]) < 1e-3
    (image,) = [image for image in bpy.data.images if image.name.startswith(results.NAME)]
    assert image.source == "MOVIE" and len([m for m in bpy.data.meshes if m.name.startswith(results.NAME)]) == 1


def test_result_has_the_scenes_rate(made, tmp_path):
    """In a scene of 30 frames a second a film of 24 keeps its length."""
    results.retimed(made, tmp_path / "out.mp4", 30.0, None)
    clip = video.probe(tmp_path / "out.mp4")
    assert clip.fps == 30 and clip.frames == 90


@pytest.fixture
def ready(stage, driving, tmp_path, monkeypatch):
    """A scene that may be sent: its driving video, its film's place, no key, quick answers."""
    monkeypatch.delenv("RUNWAYML_API_SECRET", raising=False)
    monkeypatch.delenv("RUNWAYML_BASE_URL", raising=False)
    monkeypatch.setattr("understudy.addon.neural.runway.POLL", 0.02)
    stage[rendering.SOUND] = rendering.sound_words(film.Soundtrack(str(driving), 0.5), 17)
    stage.understudy.neural.out = str(tmp_path / "out.mp4")
    return stage


def test_scene_is_sent_and_its_film_comes_back(ready, made, tmp_path, monkeypatch):
    """The first frame is drawn and sent with the video; strip and plane stand where the video begins; the key is in no
    file."""
    answers = Runway(made.read_bytes(), statuses=("SUCCEEDED",))
    with StandIn(answers) as server:
        answers.url = server.url
        monkeypatch.setenv("RUNWAYML_BASE_URL", server.url)
        monkeypatch.setenv("RUNWAYML_API_SECRET", "key_very_secret")
        assert bpy.ops.understudy.neural_cost() == {"FINISHED"}
        assert ready.understudy.neural.cost == "15 credits ($ 0.15) for 3.0 s" and not server.said
        assert bpy.ops.understudy.neural_render() == {"FINISHED"}
        body = json.loads(server.asked("POST", "/v1/character_performance")[0])
        sent = server.asked("POST", "/store")[0]
    assert body["character"]["type"] == "image" and body["ratio"] == "1280:720" and b"\x89PNG" in sent
    editor = ready.sequence_editor
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    (strip,) = [strip for strip in strips if strip.type == "MOVIE"]
    assert strip.frame_final_start == 5  # the video's 0.5 s are played at frame 17
    assert ready.understudy.neural.last == str(tmp_path / "out.mp4")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"), compress=False)
    assert b"key_very_secret" not in (tmp_path / "kept.blend").read_bytes()


def test_without_a_key_one_sentence_is_told(ready):
    """Where the key is absent the button says where it goes, before anything is drawn."""
    with pytest.raises(RuntimeError, match="RUNWAYML_API_SECRET") as told:
        bpy.ops.understudy.neural_render()
    assert str(told.value).strip().count("\n") == 0


def test_network_is_asked_of_blender(ready, monkeypatch):
    """Where Blender may not use the network nothing is sent beyond this machine."""
    if bpy.app.online_access:
        pytest.skip("this Blender may use the network")
    monkeypatch.setenv("RUNWAYML_API_SECRET", "key_1")
    with pytest.raises(RuntimeError, match="Online Access"):
        bpy.ops.understudy.neural_render()


def test_comfyui_gets_the_passes_it_asks_for(ready, tmp_path):
    """A workflow that names passes is given just these, drawn in a Blender of their own."""
    titles = ("understudy:pose", "understudy:depth.png", "Load")
    nodes = {title: {"class_type": "Load", "inputs": {"file": ""}, "_meta": {"title": title}} for title in titles}
    (tmp_path / "flow.json").write_text(json.dumps(nodes))
    assert set(handoff._wanted(ready, comfyui.ComfyUI(tmp_path / "flow.json"))) == {"pose", "depth"}
    ready.understudy.neural.passes = str(tmp_path / "passes")
    ready.frame_end = 5
    assert bpy.ops.understudy.write_passes() == {"FINISHED"}
    manifest = json.loads((tmp_path / "passes" / "manifest.json").read_text())
    assert manifest["size"] == [1280, 720] and manifest["frames"] == [5, 5]


def test_liveportrait_is_called_from_the_preferences(ready, made, tmp_path, monkeypatch):
    """The program that the preferences name is run with the character's picture, and its film comes back."""
    import types

    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "inference.py").write_text(INFERENCE)
    made.rename(folder / "made.mp4")
    known = types.SimpleNamespace(liveportrait_folder=str(folder), liveportrait_python=sys.executable)
    monkeypatch.setattr(handoff, "preferences", lambda: known)
    import cv2

    cv2.imwrite(str(tmp_path / "hero.png"), np.zeros((8, 8, 3), np.uint8))
    ready.understudy.neural.renderer = "LIVEPORTRAIT"
    ready.understudy.neural.character = str(tmp_path / "hero.png")
    assert bpy.ops.understudy.neural_render() == {"FINISHED"}
    assert str(tmp_path / "hero.png") in (folder / "called").read_text()
    assert video.probe(tmp_path / "out.mp4").frames == 72


def test_command_line_writes_passes_and_asks_before_sending(stage, driving, made, tmp_path, capfd, monkeypatch):
    """`handoff` writes passes of a baked file; it tells what sending costs and sends only with --yes."""
    from understudy import __main__ as command

    stage[rendering.SOUND] = rendering.sound_words(film.Soundtrack(str(driving), 0.0), 5)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "baked.blend"))
    blend = str(tmp_path / "baked.blend")
    passes_line = ["handoff", blend, "--to", "passes", "--out", str(tmp_path / "passes"), "--ratio", "96:64"]
    assert command.main(passes_line) == 0, capfd.readouterr().err
    assert json.loads((tmp_path / "passes" / "manifest.json").read_text())["size"] == [96, 64]
    answers = Runway(made.read_bytes(), statuses=("SUCCEEDED",))
    monkeypatch.setenv("RUNWAYML_API_SECRET", "key_1")
    line = ["handoff", blend, "--to", "runway", "--out", str(tmp_path / "out.mp4")]
    capfd.readouterr()
    assert command.main(line) == 2
    said = capfd.readouterr()
    assert "15 credits ($ 0.15)" in said.out and "Nothing was sent" in said.err
    with StandIn(answers) as server:
        answers.url = server.url
        monkeypatch.setenv("RUNWAYML_BASE_URL", server.url)
        assert command.main([*line, "--yes", "--ratio", "960:960"]) == 0, capfd.readouterr().err
        assert len(server.asked("POST", "/v1/character_performance")) == 1
    assert video.probe(tmp_path / "out.mp4").frames == 72


def test_passes_have_the_films_stage(ready, figure, tmp_path, monkeypatch):
    """Where the film's stage is switched on, passes are drawn by its camera; the artist's scene keeps its own."""
    monkeypatch.setattr(rendering, "film_size", lambda ratio: SIZE)
    ready.understudy.film.stage, ready.understudy.film.engine = True, "workbench"
    ready.understudy.neural.passes = str(tmp_path / "passes")
    ready.camera.location.x, ready.frame_end = 500.0, 5  # sees nothing
    assert bpy.ops.understudy.write_passes() == {"FINISHED"}
    assert picture(tmp_path / "passes" / "mask" / "000005.png").any()
    assert ready.camera.name == "Mine" and ready.camera.location.x == 500.0
