"""Filming in a Blender of its own: the scene stays as it is, the film is whole, and whatever fails is told."""

import contextlib
import dataclasses
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from understudy.addon import actions, armature, bakes, jobs, rendering, shooting, workspace  # noqa: E402
from understudy.addon.bakes import Recipe  # noqa: E402
from understudy.addon.shot import SCRATCH, Shot, film  # noqa: E402
from understudy.solvers.clip import Clip  # noqa: E402
from understudy.solvers.errors import Cancelled, OutputError, RenderError, RigError, VideoError  # noqa: E402
from understudy.solvers.footage import film as films  # noqa: E402
from understudy.solvers.rigs.presets import recognise  # noqa: E402

STEP = 8  # of grey from one picture of the counting video to the next


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """Where scratch files go; every test leaves none there, nor beside its film, and no job."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    jobs.cancel_all()
    left = [path.name for path in folder.iterdir() if path.name != "understudy"]  # the extension's cache
    assert not left and not [path for path in tmp_path.rglob("*") if path.name.startswith(".film-")]


@pytest.fixture
def scene(extension, empty_scene, tmp_path):
    """A scene to be filmed as it is: its own camera, Workbench, three frames of 96 x 64 px."""
    scene = bpy.context.scene
    camera = bpy.data.objects.new("Mine", bpy.data.cameras.new("Mine"))
    camera.data.type, camera.data.ortho_scale, camera.location.z = "ORTHO", 1.5, 5.0
    scene.collection.objects.link(camera)
    scene.camera, scene.render.engine = camera, "BLENDER_WORKBENCH"
    scene.render.resolution_x, scene.render.resolution_y = 96, 64
    scene.render.fps, scene.frame_start, scene.frame_end = 24, 1, 3
    scene.view_settings.view_transform = "Standard"
    options = scene.understudy.film
    options.ratio = options.engine = "SCENE"
    options.stage, options.out = False, str(tmp_path / "film.mp4")
    return scene


@pytest.fixture
def counting(tmp_path):
    """A video of 25 pictures a second whose k-th has grey STEP k."""
    path = tmp_path / "counting.mp4"
    films.write(path, (np.full((64, 64, 3), STEP * k, np.uint8) for k in range(30)), 25.0)
    return path


def play(figure):
    """Let the hips of a figure go from frame 2 to frame 4."""
    frames = np.arange(2.0, 5.0)
    way = np.zeros((3, 1, 3))
    way[:, 0, 0] = [0, 0.2, 0.4]
    clip = Clip(
        frames=frames, fps=24.0, bones=(), rotations=np.zeros((3, 0, 4)), movers=("hips",), locations=way,
        sliders=(), values=np.zeros((3, 0)),
    )  # fmt: skip
    actions.write(clip, figure)


def pictures(path):
    """All pictures (N, H, W, 3) of a film."""
    import av

    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def facts(scene):
    """What of a scene a film must not change."""
    render, view = scene.render, scene.view_settings
    camera = scene.camera.name if scene.camera else None
    return (
        render.engine, render.resolution_x, render.resolution_y, render.resolution_percentage, render.filepath,
        render.image_settings.file_format, view.view_transform, view.exposure, camera, scene.frame_current,
        scene.frame_start, scene.frame_end, sorted(bpy.data.objects.keys()), sorted(bpy.data.materials.keys()),
        bpy.data.filepath, bpy.data.is_dirty, sorted(scene.keys()), bpy.context.preferences.is_dirty,
        bpy.context.preferences.filepaths.file_preview_type,
    )  # fmt: skip


def ended(job, patience=20.0):
    """The job, once it has ended."""
    limit = time.monotonic() + patience
    while job.running:
        assert time.monotonic() < limit, "the film did not end"
        time.sleep(0.01)
    return job


def test_a_stage_is_set_for_the_film_alone(extension, figure, tmp_path, monkeypatch):
    """Backdrop, camera, engine and size are the film's; the artist's scene has none of them afterwards."""
    monkeypatch.setattr(rendering, "film_size", lambda ratio: tuple(int(word) // 8 for word in ratio.split(":")))
    scene, options = bpy.context.scene, bpy.context.scene.understudy.film
    play(figure)
    scene.understudy.character = figure.armature
    scene.frame_start, scene.frame_end, scene.render.resolution_x = 1, 40, 640
    options.ratio, options.engine, options.out = "832:1104", "workbench", str(tmp_path / "sub" / "film")
    before = facts(scene)
    assert bpy.ops.understudy.render() == {"FINISHED"}
    assert facts(scene) == before
    assert options.last == str(tmp_path / "sub" / "film.mp4")
    film = pictures(options.last)
    assert film.shape == (3, 138, 104, 3) and film[0].std() > 5  # the frames in which the figure plays
    assert np.abs(film[0].astype(int) - film[2]).max() > 20


def test_the_scene_is_filmed_as_it_is(scene, tmp_path):
    """With the scene's own size, camera and settings, files beside the .blend are found from the copy, too."""
    image = bpy.data.images.new("Paint", 8, 8)
    image.pixels.foreach_set(np.tile(np.float32([0.8, 0.2, 0.1, 1.0]), 64))
    image.filepath_raw, image.file_format = str(tmp_path / "paint.png"), "PNG"
    image.save()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "mine.blend"))
    bpy.ops.mesh.primitive_plane_add(size=4)
    material = bpy.data.materials.new("Paint")
    if material.node_tree is None:
        material.use_nodes = True
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = bpy.data.images.load("//paint.png")
    material.node_tree.nodes.active = node
    bpy.context.object.data.materials.append(material)
    shading = scene.display.shading
    shading.light, shading.color_type, shading.show_cavity = "FLAT", "TEXTURE", False
    scene.render.resolution_x, scene.render.resolution_percentage = 150, 50
    scene.understudy.film.out = "//film.mp4"
    before = facts(scene)
    assert bpy.ops.understudy.render() == {"FINISHED"}
    assert facts(scene) == before and node.image.filepath == "//paint.png"
    film = pictures(tmp_path / "film.mp4")
    assert film.shape == (3, 32, 74, 3)
    assert np.abs(film[0].mean((0, 1)) - np.array([0.8, 0.2, 0.1]) * 255).max() < 12


def test_the_video_beside_is_in_step_with_the_scene(scene, counting):
    """The left half is the driving video's picture at the time of each frame of the scene."""
    rendering.add_sound(scene, films.Soundtrack(str(counting), 0.4), frame=3)
    scene.frame_start, scene.frame_end = 1, 9
    scene.understudy.film.beside = True
    assert bpy.ops.understudy.render() == {"FINISHED"}
    film = pictures(scene.understudy.film.last)
    assert film.shape == (9, 64, 64 + 96, 3)
    moments = 0.4 + (np.arange(1, 10) - 3) / 24
    assert list(np.round(film[:, :, 4:60].mean((1, 2, 3)) / STEP)) == list(np.floor((moments + 1e-3) * 25))


@pytest.mark.parametrize("begin", [0.0, 0.77])
def test_the_driving_video_follows_the_bake(scene, counting, performance, monkeypatch, begin):
    """Where the current bake is of a part of a take, or starts late, the film's sound and video go with it."""
    late = dataclasses.replace(performance, time=performance.time + 0.2, framing="bust")
    recipe = Recipe(take="some.take.npz", settings={}, start=11, begin=begin)
    monkeypatch.setattr(shooting, "_recipe", lambda _scene: recipe)
    monkeypatch.setattr(workspace, "performance", lambda _path, _settings: late)
    take = scene.understudy.takes.add()
    take.path, take.video = "some.take.npz", str(counting)
    told = shooting.driving_of(scene)()
    first = late.time[late.time - late.time[0] >= begin - 1e-6][0]
    assert told == {"framing": "bust", "driving": (str(counting), first), "begin": 11}


def test_without_a_take_the_scene_remembers(scene, counting, monkeypatch):
    """A bake whose take is gone is filmed with what the scene knows of the driving video."""
    rendering.add_sound(scene, films.Soundtrack(str(counting), 0.4), frame=7)
    recipe = Recipe(take="//gone.take.npz", settings={})
    monkeypatch.setattr(shooting, "_recipe", lambda _scene: recipe)
    assert shooting.driving_of(scene)() == {"framing": "full", "driving": (str(counting), 0.4), "begin": 7}


def test_a_stage_that_is_there_already_is_kept(extension, figure, tmp_path):
    """What the artist changed in a stage stays in the film, until it does not fit the film any more."""
    scene = bpy.context.scene
    play(figure)
    scene.understudy.character = figure.armature
    scene.frame_start, scene.frame_end = 2, 3
    shot = dataclasses.replace(shooting.shot_of(scene), size=(96, 96), engine="workbench")
    film(shot, tmp_path / "first.mp4", lambda done, total: None)
    scene.camera.location.z += 0.5
    moved = scene.camera.location.copy()
    film(shot, tmp_path / "second.mp4", lambda done, total: None)
    assert scene.camera.location == moved
    film(dataclasses.replace(shot, size=(192, 96)), tmp_path / "third.mp4", lambda done, total: None)
    assert scene.camera.location != moved


def test_cancelling_leaves_nothing(scene, tmp_path):
    """A film that is cancelled while it is made leaves no file, no folder and no process."""
    scene.frame_end = 5000
    job = jobs.start("film", "Filming", shooting.shooting(scene))
    while job.running and job.done < 3:
        time.sleep(0.01)
    assert job.total == 5000
    job.cancel()
    assert isinstance(ended(job).fault, Cancelled) and not (tmp_path / "film.mp4").exists()
    jobs.forget(job)


@pytest.fixture
def children(monkeypatch):
    """The processes that have been started to film."""
    found, started = [], shooting._started

    def kept(*words):
        found.append(started(*words))
        return found[-1]

    monkeypatch.setattr(shooting, "_started", kept)
    return found


def test_a_killed_child_is_told(scene, children, tmp_path):
    """Where the Blender that films is killed, as when memory is short, one sentence says so; nothing is left."""
    scene.frame_end = 5000

    def progress(done, _total):
        if done == 2:
            children[0].kill()

    with pytest.raises(RenderError, match=r"killed by SIGKILL after \d+ of 5000 frames.* Memory may be short"):
        shooting.shooting(scene)(progress, lambda: False)
    assert not (tmp_path / "film.mp4").exists()


def test_a_child_that_fails_to_start_is_told(scene, monkeypatch):
    """A Blender that cannot be started, or ends at once, is a sentence too."""
    monkeypatch.setattr(shooting.sys, "executable", "/no/python")
    with pytest.raises(RenderError, match="could not be started"):
        shooting.shooting(scene)(lambda done, total: None, lambda: False)
    monkeypatch.undo()
    monkeypatch.setattr(shooting, "LAUNCH", "raise ImportError('no such part')")
    with pytest.raises(RenderError, match="ended with code 1 before the first frame.*no such part"):
        shooting.shooting(scene)(lambda done, total: None, lambda: False)


def test_a_child_ends_with_its_parent(scene, children, scratch, tmp_path, monkeypatch):
    """Where the artist's Blender dies, the one that films ends at once and removes all that it was given."""
    scene.frame_end = 5000

    def parent_gone(_lines):
        children[0].stdin.close()
        assert children[0].wait(20) == 3
        left = [path.name for path in [*scratch.iterdir(), *tmp_path.iterdir()]]
        assert not [name for name in left if name.startswith(SCRATCH)]
        raise Cancelled("The parent is gone.")

    monkeypatch.setattr(shooting, "_next", parent_gone)
    with pytest.raises(Cancelled, match="parent"):
        shooting.shooting(scene)(lambda done, total: None, lambda: False)


@pytest.fixture
def tiny_disk(tmp_path):
    """A folder on a disk of 48 KB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", str(place)]
    if not hasattr(os, "geteuid") or os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs leave to mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def noisy(scene):
    """Let a scene have pictures that hardly compress, drawn over and over: a grid of many small faces."""
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=80, y_subdivisions=80, size=2)
    mesh = bpy.context.object.data
    heights = np.random.default_rng(0).uniform(-0.02, 0.02, len(mesh.vertices))
    for vertex, height in zip(mesh.vertices, heights, strict=True):
        vertex.co.z = height
    bpy.context.object.keyframe_insert("rotation_euler", frame=1)
    bpy.context.object.rotation_euler.z = 3.0
    bpy.context.object.keyframe_insert("rotation_euler", frame=12)
    scene.render.resolution_x, scene.render.resolution_y, scene.frame_end = 192, 128, 12


def test_a_disk_that_fills_up_is_told(scene, tiny_disk):
    """Where the film does not fit on its disk, one sentence says so; nothing of it is left there."""
    noisy(scene)
    scene.understudy.film.out = str(tiny_disk / "film.mp4")
    with pytest.raises(RenderError, match="disk is full: the film film.mp4 needs room"):
        shooting.shooting(scene)(lambda done, total: None, lambda: False)
    assert not list(tiny_disk.iterdir())


def test_a_disk_without_room_for_the_copy_is_told(scene, tiny_disk, monkeypatch):
    """Where the copy of the file does not fit on the disk for temporary files, one sentence says so."""
    noisy(scene)
    monkeypatch.setattr(tempfile, "tempdir", str(tiny_disk))
    with pytest.raises(OutputError, match="copy of the file that is to be filmed cannot be saved.*make room"):
        shooting.shooting(scene)
    assert not list(tiny_disk.iterdir())


def test_a_full_disk_is_told_by_the_child(scene, tmp_path, monkeypatch, capfd):
    """What goes wrong with the film's file while it is written reaches the parent as an error by name."""
    from understudy.addon import shot

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rendering, "render", full)
    monkeypatch.setattr(shot, "end_with_parent", lambda _scratch: None)
    out = os.dup(1)
    words = {"shot": dataclasses.asdict(shooting.shot_of(scene)), "out": str(tmp_path / "a.mp4"), "scratch": []}
    try:
        shot.main(json.dumps(words))
    finally:
        os.dup2(out, 1)
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]
    assert told[-1]["error"] == "OutputError" and "The disk is full" in told[-1]["message"]


def test_what_cannot_be_filmed_is_told_before_anything_begins(scene, tmp_path, counting):
    """No camera, no character for the stage, no path, a folder, the driving video: each has its sentence."""
    options, props = scene.understudy.film, scene.understudy
    for words, kind, hint in (
        ({"out": ""}, OutputError, "no path"),
        ({"out": str(tmp_path)}, OutputError, "film.mp4|folder"),
        ({"stage": True}, RigError, "No character"),
        ({"beside": True}, RenderError, "driving video"),
        ({"out": str(counting)}, OutputError, "must not replace"),
    ):
        before = {name: getattr(options, name) for name in words}
        props.video = str(counting)
        (tmp_path.with_suffix(".mp4")).mkdir(exist_ok=True)
        for name, value in words.items():
            setattr(options, name, value)
        with pytest.raises(kind, match=hint):
            shooting.shooting(scene)(lambda done, total: None, lambda: False)
        for name, value in before.items():
            setattr(options, name, value)
    scene.camera = None
    with pytest.raises(RuntimeError, match="no camera: add one, or switch on Set Stage"):
        bpy.ops.understudy.render()
    tmp_path.with_suffix(".mp4").rmdir()


def test_a_file_not_yet_saved_has_its_film_in_the_cache(scene, monkeypatch, tmp_path):
    """A path beside a .blend that is nowhere yet leads to our own folder, as it does for takes."""
    monkeypatch.setattr(shooting, "cache", lambda *names: tmp_path.joinpath("cache", *names))
    scene.understudy.film.out = "//performance"
    assert shooting._place(scene) == tmp_path / "cache" / "films" / "performance.mp4"


def test_a_video_that_moved_is_told(scene, counting, tmp_path):
    """A scene can be told where its driving video is now; what is none is refused."""
    with pytest.raises(RenderError, match="remembers no driving video"):
        rendering.move_video(scene, counting)
    rendering.add_sound(scene, films.Soundtrack(str(counting), 0.5), frame=5)
    counting.rename(tmp_path / "moved.mp4")
    assert rendering.sound_of(scene) is None
    rendering.move_video(scene, tmp_path / "moved.mp4")
    assert rendering.sound_of(scene) == films.Soundtrack(str(tmp_path / "moved.mp4"), pytest.approx(0.5 - 4 / 24))
    with contextlib.suppress(VideoError):
        rendering.move_video(scene, Path(__file__))
    assert rendering.sound_of(scene).path == str(tmp_path / "moved.mp4")


def test_bakes_are_looked_up(extension, figure, monkeypatch):
    """The recipe is that of what the chosen character plays, none without a character or a bake."""
    scene, recipe = bpy.context.scene, Recipe(take="a.take.npz", settings={})
    assert shooting._recipe(scene) is None
    scene.understudy.character = figure.armature
    bake = type("Bake", (), {"recipe": recipe})
    monkeypatch.setattr(bakes, "current", lambda objects: bake if objects.armature == figure.armature else None,
                        raising=False)  # fmt: skip
    assert shooting._recipe(scene) == recipe


def test_the_command_line_films_side_by_side(figure, counting, tmp_path, capsys):
    """`render --side-by-side` takes the video that the file remembers, or the one it is told of."""
    from understudy.__main__ import main

    play(figure)
    rendering.prepare(*stage(figure), size=(96, 64), frames=(2, 4))
    rendering.add_sound(bpy.context.scene, films.Soundtrack(str(counting), 0.4))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "s.blend"))
    words = ["render", str(tmp_path / "s.blend"), "--out", str(tmp_path / "s.mp4"), "--side-by-side"]
    assert main(words) == 0
    film = pictures(tmp_path / "s.mp4")
    assert film.shape == (3, 64, 64 + 96, 3) and film[:, :, 70:].std() > 5
    assert list(np.round(film[:, :, 4:60].mean((1, 2, 3)) / STEP)) == [10, 11, 12]
    counting.rename(tmp_path / "moved.mp4")
    assert main(words) == 2 and "driving video is not where the scene remembers it" in capsys.readouterr().err
    assert main([*words, "--video", str(tmp_path / "moved.mp4"), "--silent"]) == 0


def stage(figure):
    """What rendering.prepare wants to know first: scene, objects, character, preset."""
    character = armature.read(figure)
    return bpy.context.scene, figure, character, recognise(character)


def test_a_shot_comes_through_whole():
    """What is asked for survives the way to the other Blender."""
    shot = Shot(scene="S", frames=(1, 4), size=(64, 64), driving=("a.mp4", 0.5), meshes=("M",))
    back = Shot(**json.loads(json.dumps(dataclasses.asdict(shot))))
    assert json.dumps(dataclasses.asdict(back)) == json.dumps(dataclasses.asdict(shot))
