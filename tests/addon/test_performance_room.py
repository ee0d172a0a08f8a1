"""The performance room: videos, takes, and what an artist is told when one of them is unfit."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from understudy.addon import workspace  # noqa: E402
from understudy.solvers import record  # noqa: E402
from understudy.solvers.take import Take  # noqa: E402

DEMO = Path(__file__).resolve().parents[2] / "presets" / "demo" / "performance.mp4"


@pytest.fixture
def scene(extension, empty_scene):
    """An empty scene of a Blender with the extension."""
    return bpy.context.scene


def faint_take(path):
    """A take of one second in which hardly anything was seen, on disk."""
    take = Take.empty(np.arange(30) / 30, (640, 480), source={"path": "gone.mp4", "fps": 30.0, "seconds": 1.0})
    record.save(take, path)
    return path


def test_detecting_lists_a_take_with_its_facts(scene, tmp_path):
    """Detect leaves a take in the list, chosen, with a file that exists, and what the report says of it."""
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    props = bpy.context.scene.understudy
    props.video, props.use_range, props.start, props.end = str(DEMO), True, 1.0, 1.5
    assert bpy.ops.understudy.detect() == {"FINISHED"}
    assert props.take.name == "performance" and props.take.path == "//performance.take.npz"
    assert (tmp_path / "performance.take.npz").is_file()
    assert props.take.known()["coverage"]["face"] > 0.9
    assert 0.4 < props.take.seconds < 0.6
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")], "scratch files were left"


def test_second_take_gets_a_name_of_its_own(scene, tmp_path):
    """A take is never written over by another one of the same video."""
    faint_take(tmp_path / "clip.take.npz")
    assert workspace.place_for_take("videos/clip.mp4", tmp_path).name == "clip.002.take.npz"


def test_take_from_elsewhere_is_listed(scene, tmp_path):
    """A take that the command line wrote can be added to the list, and taken out of it; its file stays."""
    path = faint_take(tmp_path / "other.take.npz")
    assert bpy.ops.understudy.add_take(filepath=str(path)) == {"FINISHED"}
    assert scene.understudy.take.name == "other" and scene.understudy.take.known()["frames"] == 30
    assert bpy.ops.understudy.remove_take() == {"FINISHED"}
    assert scene.understudy.take is None and path.is_file()


def test_take_moves_beside_the_saved_file(scene, tmp_path):
    """A take in the cache is copied beside the .blend, and the list then holds a relative path."""
    (tmp_path / "cache").mkdir()
    bpy.ops.understudy.add_take(filepath=str(faint_take(tmp_path / "cache" / "clip.take.npz")))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert bpy.ops.understudy.keep_take() == {"FINISHED"}
    assert bpy.context.scene.understudy.take.path == "//clip.take.npz" and (tmp_path / "clip.take.npz").is_file()


def newer(path):
    """A take as a later version of Understudy would write it."""
    faint_take(path)
    with np.load(path) as file:
        arrays = dict(file)
    header = json.loads(str(arrays[record.HEADER])) | {"version": record.VERSION + 1}
    with open(path, "wb") as file:
        np.savez(file, **{**arrays, record.HEADER: np.array(json.dumps(header))})
    return path


@pytest.mark.parametrize(
    "made, told",
    [
        (newer, "written by a newer Understudy"),
        (lambda path: path.write_bytes(b"no take") and path, "was not written by Understudy"),
        (lambda path: path, "does not exist"),
    ],
    ids=["newer", "damaged", "missing"],
)
def test_unfit_take_is_refused_with_a_sentence(scene, tmp_path, made, told):
    """A take that cannot be read is not listed, and the report says what is wrong with it."""
    with pytest.raises(RuntimeError, match=told):
        bpy.ops.understudy.add_take(filepath=str(made(tmp_path / "bad.take.npz")))
    assert not scene.understudy.takes


@pytest.mark.parametrize(
    "content, told",
    [(None, "There is no video"), (b"", "is empty"), (b"These are words, not pictures.", "is not a video")],
    ids=["missing", "empty", "words"],
)
def test_unfit_video_is_refused_with_a_sentence(scene, tmp_path, content, told):
    """A video that cannot be read leaves no take, and the report says what is wrong with it."""
    video = tmp_path / "bad.mp4"
    if content is not None:
        video.write_bytes(content)
    scene.understudy.video = str(video)
    with pytest.raises(RuntimeError, match=told):
        bpy.ops.understudy.detect()
    assert not scene.understudy.takes and not list(tmp_path.glob("*.npz"))


def test_full_disk_is_told_and_leaves_nothing(scene, tmp_path):
    """Where the take cannot be written, the report says so, and neither a take nor a scratch file is left."""
    resource = pytest.importorskip("resource")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    props, before = bpy.context.scene.understudy, resource.getrlimit(resource.RLIMIT_FSIZE)
    props.video, props.use_range, props.end = str(DEMO), True, 0.3
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))  # no file may grow beyond 20 kB: as if full
    try:
        with pytest.raises(RuntimeError, match="cannot be written"):
            bpy.ops.understudy.detect()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not props.takes and [p.name for p in tmp_path.iterdir()] == ["scene.blend"]


def test_range_that_is_none_is_told(scene):
    """An end before the start is refused before any work."""
    scene.understudy.video, scene.understudy.use_range = str(DEMO), True
    scene.understudy.start, scene.understudy.end = 3.0, 2.0
    with pytest.raises(RuntimeError, match="not after its start"):
        bpy.ops.understudy.detect()


def test_sliders_are_the_solvers_settings(scene):
    """Every field of Settings is a slider with its default, range and meaning, and comes back as it was set."""
    from understudy.solvers.settings import Settings

    look = scene.understudy.look
    assert look.settings() == Settings()
    for entry in dataclasses.fields(Settings):
        slider = look.bl_rna.properties[entry.name]
        assert slider.description == entry.metadata["meaning"]
        if "ways" in entry.metadata:
            assert [way.identifier for way in slider.enum_items] == list(entry.metadata["ways"])
        elif not isinstance(entry.default, (bool, str)):
            assert (slider.hard_min, slider.hard_max) == (entry.metadata["min"], entry.metadata["max"])
    wanted = Settings(intensity=4.5, mirror=True, gaze=False, unseen_body="leave")
    look.set(wanted)
    assert look.settings() == wanted
