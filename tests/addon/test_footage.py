"""The driving video in the viewport: which picture is shown at which frame, where, and what is left of it."""

import dataclasses
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")
av = pytest.importorskip("av")

from understudy.addon import footage  # noqa: E402
from understudy.addon.footage import Clock  # noqa: E402
from understudy.addon.place import Place, picture_matrix  # noqa: E402
from understudy.solvers.errors import SettingsError, VideoError  # noqa: E402
from understudy.solvers.footage.video import probe  # noqa: E402
from understudy.solvers.take import Take  # noqa: E402

TICK = Fraction(1, 90000)
UPRIGHT = Place(np.array([1.0, 2.0, 0.0]), np.eye(3), 1.8)
random = np.random.default_rng(3)
# Times of pictures, s: steady, and as phones record them: with jitter, and as slow as the light asks for.
TIMES = {
    "steady 30": np.arange(60) / 30,
    "steady 59.94": np.arange(100) * 1001 / 60000,
    "jitter": np.arange(60) / 30 + np.r_[0, random.uniform(-0.012, 0.012, 59)],
    "variable": np.cumsum(np.r_[0, random.choice([1 / 60, 1 / 30, 1 / 24, 1 / 11], 59)]),
    "late": 0.5 + np.arange(60) / 30,
}


def numbered(number: int, width: int, height: int) -> np.ndarray:
    """A picture that carries its number in eight cells, black or white, two rows of four."""
    cells = np.array([number >> bit & 1 for bit in range(8)]).reshape(2, 4) * 255
    return np.repeat(cells.repeat(height // 2, 0).repeat(width // 4, 1)[..., None], 3, 2).astype(np.uint8)


def film(path: Path, times, size=(64, 64), container: str = "mp4", turned: int = 0) -> Path:
    """A video of numbered pictures at the given times, s; `turned`: degrees clockwise that a player has to turn it."""
    with av.open(str(path), "w", format=container) as out:
        track = out.add_stream("libx264", rate=30)
        track.width, track.height, track.pix_fmt = *size, "yuv420p"
        track.time_base = track.codec_context.time_base = TICK
        track.options = {"crf": "12", "bf": "2", "g": "12"}
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(numbered(number, *size), format="rgb24")
            frame.pts, frame.time_base = round(time / TICK), TICK
            for packet in track.encode(frame):
                out.mux(packet)
        for packet in track.encode():
            out.mux(packet)
    if turned:
        _tag(path, turned)
    return path


def _tag(path: Path, turned: int) -> None:
    """Write a turn into the track header's matrix, as phones do (ISO/IEC 14496-12, 8.3.2)."""
    words = bytearray(path.read_bytes())
    place = words.find(b"tkhd") + 44
    cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[turned]
    matrix = np.array([cosine, sine, 0, -sine, cosine, 0, 0, 0, 0], ">i4") * 65536
    matrix[8] = 1 << 30
    words[place : place + 36] = matrix.astype(">i4").tobytes()
    path.write_bytes(words)


def taken(path: Path, times) -> Take:
    """A take in which nothing was seen, of a video's pictures at the given times of the file."""
    words = {"path": str(path), "sha256": "", "fps": 30.0}
    return Take.empty(np.asarray(times) - times[0], probe(path).size, source=words)


class Reader:
    """What Blender reads from a movie under an image user, by its own movie reader."""

    def __init__(self, image):
        self.texture = bpy.data.textures.new("Reader", "IMAGE")
        self.texture.image, self.texture.use_interpolation = image, False

    def number(self, user, frame: int) -> int:
        """The number that the shown picture carries; frames are counted as Blender's image users do."""
        count = min(max(frame - user.frame_start + 1, 0), user.frame_duration)
        self.texture.image_user.frame_current = count + user.frame_offset
        cells = [self.texture.evaluate((cell % 4 / 2 - 0.75, 0.5 - cell // 4, 0))[0] for cell in range(8)]
        return sum((value > 0.5) << bit for bit, value in enumerate(cells))


@pytest.fixture
def scene(extension, empty_scene, tmp_path, monkeypatch):
    """An empty scene with Understudy; copies of videos go to a folder of the test's own."""
    (tmp_path / "cache").mkdir()
    monkeypatch.setattr(footage, "cache", lambda *_: tmp_path / "cache")
    return empty_scene


def with_rate(scene, fps: float) -> float:
    """The rate that the scene has, once it was asked for one."""
    scene.render.fps, scene.render.fps_base = round(fps), round(fps) / fps
    return scene.render.fps / scene.render.fps_base


def user_of(scene):
    """The image user as the depsgraph plays it at the scene's frame."""
    view = scene.understudy.view
    graph = bpy.context.evaluated_depsgraph_get()
    if view.plane is not None:
        return view.plane.evaluated_get(graph).image_user
    return view.camera.evaluated_get(graph).background_images[-1].image_user


def census() -> dict:
    """How much of everything the file holds."""
    kinds = ("objects", "images", "actions", "collections", "movieclips", "textures", "meshes", "materials")
    return {kind: len(getattr(bpy.data, kind)) for kind in kinds}


def add_camera(scene):
    """A camera that is the scene's."""
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera.data


@pytest.mark.parametrize("kind", TIMES)
@pytest.mark.parametrize("fps", [24.0, 30.0, 60000 / 1001])
def test_every_frame_shows_the_picture_of_its_time(scene, tmp_path, kind, fps):
    """At every frame of a scene of any rate, Blender reads the picture that is nearest to the take's time then."""
    times = TIMES[kind]
    path = film(tmp_path / "clip.mp4", times)
    take, clock = taken(path, times), Clock(first=101, fps=with_rate(scene, fps), begin=0.25)
    scene.understudy.view["footage"] = 2
    footage.show(scene, path, take, clock, UPRIGHT)
    reader = Reader(scene.understudy.view.image)
    last = 101 + int((take.time[-1] - 0.25) * clock.fps)
    for frame in (95, *range(100, last + 1), last + 40):
        scene.frame_set(frame)
        wanted = 0.25 + (min(max(frame, 101), last) - 101) / clock.fps
        shown = reader.number(user_of(scene), frame)
        assert abs(take.time[shown] - wanted) <= np.abs(take.time - wanted).min() + 1e-6, (frame, shown)


def test_take_of_a_part_of_the_video(scene, tmp_path):
    """A take that starts later in the video shows the pictures of its own times."""
    path = film(tmp_path / "clip.mp4", TIMES["variable"])
    whole = taken(path, TIMES["variable"])
    take = dataclasses.replace(whole, time=whole.time[20:50])
    scene.understudy.view["footage"] = 2
    footage.show(scene, path, take, Clock(1, with_rate(scene, 24.0), take.time[0]), UPRIGHT)
    reader = Reader(scene.understudy.view.image)
    shown = []
    for frame in range(1, 20):
        scene.frame_set(frame)
        shown.append(reader.number(user_of(scene), frame))
    wanted = footage.nearest(take.time, take.time[0] + np.arange(19) / 24) + 20
    assert shown == list(wanted)


def test_matroska_with_its_coarse_clock(scene, tmp_path):
    """A steady file whose clock ticks in milliseconds shows every picture, without a copy."""
    path = film(tmp_path / "clip.mkv", TIMES["steady 30"], container="matroska")
    take = taken(path, np.round(TIMES["steady 30"], 3))
    scene.understudy.view["footage"] = 2
    footage.show(scene, path, take, Clock(1, with_rate(scene, 30.0), 0.0), UPRIGHT)
    reader = Reader(scene.understudy.view.image)
    for frame in range(1, 60):
        scene.frame_set(frame)
        assert reader.number(user_of(scene), frame) == frame - 1
    assert not list((tmp_path / "cache").iterdir())


def test_uneven_video_gets_one_copy(scene, tmp_path):
    """A video whose pictures come unevenly is copied once, and the copy used again."""
    path = film(tmp_path / "clip.mp4", TIMES["jitter"])
    take = taken(path, TIMES["jitter"])
    first = footage.read(path, take)
    stamp = first.path.stat().st_mtime_ns
    second = footage.read(path, take)
    assert first.path == second.path != path and second.path.stat().st_mtime_ns == stamp
    assert list(first.number) == list(range(60))
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_keys_only_where_the_offset_changes(scene, tmp_path):
    """Steady video in a scene of its own rate needs no more than the keys of its beginning."""
    path = film(tmp_path / "clip.mp4", TIMES["steady 30"])
    take = taken(path, TIMES["steady 30"])
    offsets = footage.frame_offsets(footage.read(path, take), take, Clock(1, 30.0, 0.0))
    assert len(offsets) == 60 and len(footage.steps(1, offsets)[0]) == 2
    offsets = footage.frame_offsets(footage.read(path, take), take, Clock(1, 24.0, 0.0))
    assert len(footage.steps(1, offsets)[0]) < len(offsets) / 2


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_phone_videos_stand_upright(scene, tmp_path, turned):
    """Whatever turn a phone has tagged, the plane has the upright picture's shape and its top left corner."""
    path = film(tmp_path / "clip.mp4", TIMES["steady 30"][:8], size=(128, 64), turned=turned)
    take = taken(path, TIMES["steady 30"][:8])
    upright = np.rot90(numbered(7, 128, 64), probe(path).rotation // 90)
    assert take.size == upright.shape[1::-1]
    scene.understudy.view["footage"] = 2
    footage.show(scene, path, take, Clock(1, with_rate(scene, 30.0), 0.0), UPRIGHT)
    bpy.context.view_layer.update()
    plane, image = scene.understudy.view.plane, scene.understudy.view.image
    reader = Reader(image)
    scene.frame_set(8)
    reader.number(user_of(scene), 8)
    wide, high = np.array(image.size) * list(image.display_aspect)
    half = plane.empty_display_size * np.array([wide, high]) / max(wide, high) / 2
    to_plane = np.linalg.inv(np.array(plane.matrix_world)) @ picture_matrix(UPRIGHT, take.size)
    for x in range(8, take.size[0], 16):
        for y in range(8, take.size[1], 16):
            where = (to_plane @ [x, y, 0, 1])[:2] / half
            assert (np.abs(where) < 1).all()
            assert (reader.texture.evaluate((*where, 0))[0] > 0.5) == (upright[y, x, 0] > 128)


def test_plane_beside_the_character(scene, tmp_path):
    """The plane is as high as the character, on its right, upright, not selectable, not rendered, apart from others."""
    path = film(tmp_path / "clip.mp4", TIMES["steady 30"][:8], size=(128, 64))
    scene.understudy.view["footage"] = 2
    footage.show(scene, path, taken(path, TIMES["steady 30"][:8]), Clock(1, 24.0, 0.0), UPRIGHT)
    plane = scene.understudy.view.plane
    corner = picture_matrix(UPRIGHT, (128, 64))
    low, high = (corner @ [0, 64, 0, 1])[:3], (corner @ [128, 0, 0, 1])[:3]
    assert np.allclose(high - low, [3.6, 0, 1.8]) and np.isclose(low[2], 0) and high[0] < 1.0 - 0.4 * 1.8
    assert plane.hide_select and plane.hide_render and plane.users_collection[0].name == footage.NAME
    assert len(plane.users_collection) == 1 and plane.name not in scene.collection.objects


def test_camera_gives_back_its_own_backgrounds(scene, tmp_path):
    """Behind the camera's view the video is alone; afterwards the camera has what it had, and the file no more."""
    path = film(tmp_path / "clip.mp4", TIMES["steady 30"])
    camera = add_camera(scene)
    for shown in (True, False, True):
        camera.background_images.new().show_background_image = shown
    camera.lens = 40
    camera.keyframe_insert("lens", frame=3)
    before = census(), camera.animation_data.action, [g.show_background_image for g in camera.background_images]
    scene.understudy.view["footage"] = 1
    take = taken(path, TIMES["steady 30"])
    footage.show(scene, path, take, Clock(5, with_rate(scene, 24.0), 0.0), UPRIGHT)
    assert [g.show_background_image for g in camera.background_images] == [False, False, False, True]
    assert camera.show_background_images and camera.animation_data.action == before[1]
    reader = Reader(scene.understudy.view.image)
    for frame in (4, 5, 12, 29, 50, 80):
        scene.frame_set(frame)
        wanted = footage.nearest(take.time, np.clip([(frame - 5) / 24], 0, 47 / 24))[0]
        assert reader.number(user_of(scene), frame) == wanted
    bpy.data.textures.remove(reader.texture)
    footage.hide(scene)
    after = census(), camera.animation_data.action, [g.show_background_image for g in camera.background_images]
    assert after == before and not camera.show_background_images and not camera.animation_data.nla_tracks


def test_nothing_is_left_of_a_plane(scene, tmp_path):
    """Hidden again, the file holds what it held before."""
    path = film(tmp_path / "clip.mp4", TIMES["jitter"])
    before = census()
    scene.understudy.view["footage"] = 2
    footage.show(scene, path, taken(path, TIMES["jitter"]), Clock(1, 24.0, 0.0), UPRIGHT)
    assert census() != before
    footage.hide(scene)
    assert census() == before and not scene.collection.children


def test_same_again_changes_nothing_and_another_time_does(scene, tmp_path):
    """Shown twice, the same image stays; at another first frame or rate the keys are new."""
    path = film(tmp_path / "clip.mp4", TIMES["steady 30"])
    take = taken(path, TIMES["steady 30"])
    scene.understudy.view["footage"] = 2
    footage.show(scene, path, take, Clock(1, 24.0, 0.0), UPRIGHT)
    image = scene.understudy.view.image.as_pointer(), json.loads(scene.understudy.view.image["understudy"])
    footage.show(scene, path, take, Clock(1, 24.0, 0.0), UPRIGHT)
    assert (scene.understudy.view.image.as_pointer(), json.loads(scene.understudy.view.image["understudy"])) == image
    footage.show(scene, path, take, Clock(7, 25.0, 0.0), UPRIGHT)
    assert scene.understudy.view.plane.image_user.frame_start == 7
    assert len(bpy.data.images) == len(bpy.data.actions) == 1


def test_deleted_plane_comes_back(scene, tmp_path):
    """A plane that the artist has deleted is made anew by the next update."""
    path = film(tmp_path / "clip.mp4", TIMES["steady 30"])
    take = taken(path, TIMES["steady 30"])
    scene.understudy.view["footage"] = 2
    footage.show(scene, path, take, Clock(1, 24.0, 0.0), UPRIGHT)
    scene.understudy.view.plane.users_collection[0].objects.unlink(scene.understudy.view.plane)
    footage.show(scene, path, take, Clock(1, 24.0, 0.0), UPRIGHT)
    assert scene.understudy.view.plane.name in scene.objects


@pytest.mark.parametrize("fault", ["missing", "no video", "no camera"])
def test_faults_are_told_and_leave_nothing(scene, tmp_path, fault):
    """A moved video, a file that is none, a scene without a camera: one sentence, and nothing half made."""
    path = film(tmp_path / "clip.mp4", TIMES["steady 30"][:9])
    take = taken(path, TIMES["steady 30"][:9])
    before = census()
    if fault == "missing":
        path.unlink()
    elif fault == "no video":
        path.write_text("words")
    scene.understudy.view["footage"] = 1 if fault == "no camera" else 2
    wanted = {"missing": "Find Video", "no video": "not a video", "no camera": "no camera"}[fault]
    with pytest.raises((VideoError, SettingsError), match=wanted):
        footage.show(scene, path, take, Clock(1, 24.0, 0.0), UPRIGHT)
    assert census() == before


def test_background_fills_the_frame_once_it_is_turned():
    """A picture that Blender fits lying and then turns is as large as it would be fitted upright."""
    for frame in (9 / 16, 1.0, 16 / 9):
        for size in ((1080, 1920), (720, 720), (1920, 1080)):
            upright, lying = size[0] / size[1], size[1] / size[0]
            fitted = min(1.0, frame / upright)  # height of the upright picture in the frame's heights
            drawn = min(frame, lying) * footage._turned_scale(size, 90, frame)  # its width lying is its height turned
            assert np.isclose(drawn, fitted)
