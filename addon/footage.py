"""The driving video in the viewport, in step with the performance: on a plane, or behind what the camera sees."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from ..solvers.errors import OutputError, SettingsError, VideoError
from ..solvers.footage.video import probe, tolerance
from ..solvers.take import Take
from .backdrop import NAME as STAGE
from .place import Place, picture_matrix
from .preferences import cache

NAME = "Understudy Video"
TURNS_ITSELF = (4, 4, 0)  # from this version on Blender's movie reader stands pictures upright
STEADY = 40  # ms from picture to picture in a steady copy: whole in Matroska's clock of 1 ms
CONSTANT = 0  # Blender's number for keys that hold their value


@dataclass(frozen=True)
class Clock:
    """When in the take a frame of the scene is.

    first: frame at which the performance begins. fps: of the scene. begin: s on the take's clock at that frame.
    """

    first: int
    fps: float
    begin: float

    def time(self, frame):
        """s on the take's clock at a frame, or at many."""
        return self.begin + (frame - self.first) / self.fps


@dataclass(frozen=True)
class Movie:
    """A video as Blender's movie reader sees it.

    path: of the file that Blender is to read. number: (T,) which of the reader's pictures each sample of the take is.
    turn: degrees counter-clockwise by which what it shows must be turned to stand upright.
    """

    path: Path
    number: np.ndarray
    turn: int


def nearest(pictures: np.ndarray, time: np.ndarray) -> np.ndarray:
    """The sample (N,) of a take that is nearest in time, the earlier one of two.

    pictures: (T,) s, increasing. time: (N,) s.
    """
    after = np.clip(np.searchsorted(pictures, time), 1, max(len(pictures) - 1, 1))
    before = after - 1
    if len(pictures) == 1:
        return np.zeros(len(time), int)
    return np.where(time - pictures[before] <= pictures[after] - time + 1e-9, before, after)


def reader_numbers(time: np.ndarray, fps: float, tick: float) -> np.ndarray | None:
    """Which of its numbers Blender's movie reader knows pictures by; None where it cannot show each of them.

    The reader goes by a steady clock: under the number n it shows the last picture that is there at n / fps, in ticks
    of the file's own clock. Where pictures come unevenly it may pass over one.
    time: (T,) s since the file begins. fps: what Blender takes to be the video's rate. tick: s of the file's clock.
    """
    number = np.ceil((time - tick / 2) * fps - 1e-6).astype(int)
    number = np.maximum(number, 0)
    return number if (np.diff(number) > 0).all() else None


def read(path: Path, take: Take) -> Movie:
    """How Blender is to read a take's video so that each of its pictures can be shown.

    path: of the video. Where Blender's reader would pass over pictures, it is given a copy of the file in which they
    come evenly; nothing is encoded anew. Raises VideoError if the file is no video, OutputError if the disk is full.
    """
    video = probe(path)
    turn = 0 if bpy.app.version >= TURNS_ITSELF else video.rotation
    begin, tick = _file_clock(path)
    number = None
    if abs(video.first - begin) < tick:
        number = reader_numbers(take.time + video.first - begin, _reader_rate(path), tick)
    if number is not None:
        return Movie(path, number, turn)
    copy, stamps = steady_copy(path)
    return Movie(copy, nearest(stamps, video.first + take.time), turn)


def _file_clock(path: Path) -> tuple[float, float]:
    """When a file begins on its own clock, and that clock's tick for its pictures, s."""
    import av

    with av.open(str(path), **tolerance()) as container:
        return (container.start_time or 0) / av.time_base, float(container.streams.video[0].time_base)


def _reader_rate(path: Path) -> float:
    """The rate that Blender's movie reader gives a video, 1/s."""
    try:
        clip = bpy.data.movieclips.load(str(path))
    except RuntimeError as fault:
        raise VideoError(f"Blender cannot read {path.name}: save it as an .mp4 with H.264.") from fault
    fps = clip.fps
    bpy.data.movieclips.remove(clip)
    if not fps:
        raise VideoError(f"Blender cannot read {path.name}: save it as an .mp4 with H.264.")
    return fps


def steady_copy(path: Path) -> tuple[Path, np.ndarray]:
    """A copy of a video's picture track in the cache in which pictures come evenly, made where it is not there yet.

    path: of the video. Result: the copy's path, and the original times (P,) s of its pictures, in order.
    """
    import av

    facts = path.stat()
    name = hashlib.sha1(f"{path.resolve()} {facts.st_size} {facts.st_mtime_ns}".encode()).hexdigest()[:16]
    copy = cache("footage") / f"{name}.mkv"
    with av.open(str(path), **tolerance()) as container:
        track = container.streams.video[0]
        stamps = sorted({packet.pts for packet in container.demux(track) if packet.pts is not None})
        times = np.array(stamps, float) * float(track.time_base)
    if copy.is_file():
        return copy, times
    part = copy.with_suffix(f".{os.getpid()}.part")
    try:
        _copy_packets(path, part, {stamp: number for number, stamp in enumerate(stamps)})
        os.replace(part, copy)
    except (OSError, av.error.FFmpegError) as fault:
        raise OutputError(
            f"{path.name} needs a copy of itself in {copy.parent} to be shown in step, which cannot be written "
            f"({fault}): free some space there."
        ) from fault
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
    return copy, times


def _copy_packets(path: Path, out: Path, numbers: dict[int, int]) -> None:
    import av

    with av.open(str(path), **tolerance()) as source, av.open(str(out), "w", format="matroska") as copy:
        track = source.streams.video[0]
        place = copy.add_stream_from_template(track)
        for packet in source.demux(track):
            if packet.pts is not None:
                packet.pts, packet.dts, packet.duration = numbers[packet.pts] * STEADY, None, STEADY
                packet.time_base, packet.stream = Fraction(1, 1000), place
                copy.mux(packet)


# --- showing ---------------------------------------------------------------------------------------------------------


def show(scene: bpy.types.Scene, video: Path, take: Take, clock: Clock, place: Place) -> None:
    """Show a take's video as the scene's options say; what is shown already stays if it is the same.

    video: where the file is. Raises VideoError, OutputError or SettingsError, with nothing shown, where it cannot be.
    """
    wanted = _words(scene, video, take, clock, place)
    if _shown(scene) == wanted:
        if scene.understudy.view.plane is not None:
            _look_now(scene)  # a file that was just opened
        return
    hide(scene)
    if not video.is_file():
        raise VideoError(f"The driving video {video} is not there any more: show with Find Video where it is now.")
    camera = _camera(scene) if scene.understudy.view.footage == "CAMERA" else None
    movie = read(video, take)
    image = _image(movie, take)
    scene.understudy.view.image = image
    offsets = frame_offsets(movie, take, clock)
    if camera is None:
        _plane(scene, image, movie, take, place, clock.first, offsets)
    else:
        _background(scene, camera, image, movie, take, clock.first, offsets)
    image["understudy"] = wanted


def refresh(scene: bpy.types.Scene) -> None:
    """Have Blender look at the plane once more, after each change of the frame.

    Blender works out which picture an image empty shows while it plays the empty's keys, not after that, and so may
    use the offset of the frame before (seen on 4.3 and 5.2); and 5.2 passes over the first change of a new texture.
    """
    view = scene.understudy.view
    if view.plane is not None and view.image is not None and not bpy.app.is_job_running("RENDER"):
        view.plane.update_tag()
        view.image.gl_free()


def _look_now(scene: bpy.types.Scene) -> None:
    """The plane shows the picture of the frame that the scene is at, before it has ever changed."""
    user = scene.understudy.view.plane.image_user
    count = min(max(scene.frame_current - user.frame_start + 1, 0), user.frame_duration)
    user.frame_current = count + user.frame_offset
    refresh(scene)


def hide(scene: bpy.types.Scene) -> None:
    """Take away all that was made to show a video, and give back what was shown before."""
    view = scene.understudy.view
    if view.camera is not None:
        _restore(view.camera, view.image)
        view.camera = None
    if view.plane is not None:
        plane, actions = view.plane, _actions(view.plane)
        homes = list(plane.users_collection)
        view.plane = None
        bpy.data.objects.remove(plane)
        for home in homes:
            if home.name.startswith(NAME) and not home.objects and not home.children:
                bpy.data.collections.remove(home)
        _remove_actions(actions)
    if view.image is not None:
        image, view.image = view.image, None
        bpy.data.images.remove(image)


def _words(scene: bpy.types.Scene, video: Path, take: Take, clock: Clock, place: Place) -> str:
    """All that decides what is shown, to be compared with what was."""
    behind = scene.understudy.view.footage == "CAMERA"
    where = picture_matrix(place, take.size)
    words = {"video": str(video), "clock": asdict(clock), "samples": [float(take.time[0]), float(take.time[-1])]}
    words["stamp"] = video.stat().st_mtime if video.is_file() else 0.0
    words["count"] = len(take.time)
    if behind:
        words["camera"] = scene.camera.data.name if scene.camera else ""
        words["frame"] = _frame_aspect(scene)
        words["stage"] = _hidden_by_stage(scene)
    else:
        words["plane"] = where.round(5).tolist()
    return json.dumps(words)


def _shown(scene: bpy.types.Scene) -> str:
    """What is shown now, in the words of `_words`; empty where something of it is gone."""
    view = scene.understudy.view
    if view.image is None or not Path(bpy.path.abspath(view.image.filepath)).is_file():
        return ""
    here = view.plane is not None and view.plane.name in scene.objects
    behind = view.camera is not None and _background_of(view.camera, view.image) is not None
    return view.image.get("understudy", "") if here or behind else ""


def _image(movie: Movie, take: Take) -> bpy.types.Image:
    try:
        image = bpy.data.images.load(str(movie.path))
    except RuntimeError as fault:
        raise VideoError(f"Blender cannot read {movie.path.name}: save it as an .mp4 with H.264.") from fault
    image.name = NAME
    if image.source != "MOVIE" or not image.size[0]:
        bpy.data.images.remove(image)
        raise VideoError(f"Blender cannot read {movie.path.name}: save it as an .mp4 with H.264.")
    width, height = take.size if movie.turn in (0, 180) else take.size[::-1]
    image.display_aspect = (width / height * image.size[1] / image.size[0], 1.0)  # pixels need not be square
    return image


def frame_offsets(movie: Movie, take: Take, clock: Clock) -> np.ndarray:
    """What an image user that starts at the clock's first frame has to add at each frame (N,) up to the take's end.

    Blender shows under the offset 0 its picture 0 at the first frame, 1 at the next.
    """
    count = max(1, math.floor((take.time[-1] - clock.begin) * clock.fps + 1e-6) + 1)
    frames = np.arange(count)
    shown = movie.number[nearest(take.time, clock.time(clock.first + frames))]
    return shown - frames


def _set_user(user, first: int, offsets: np.ndarray, now: int) -> None:
    """An image user with the offset that it has at the frame that is now."""
    frames, values = steps(first, offsets)
    user.frame_start, user.frame_duration = first, len(offsets)
    user.frame_offset = int(values[max(int(np.searchsorted(frames, now, "right")) - 1, 0)])
    user.use_cyclic, user.use_auto_refresh = False, True


def steps(first: int, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keys (frames, values) of the offset, only where it changes; before the first frame the first picture stands.

    first: frame of the first offset. offsets: (N,).
    """
    changes = np.flatnonzero(np.diff(offsets, prepend=offsets[0] + 1))
    frames, values = first + changes, offsets[changes]
    return np.r_[first - 1, frames], np.r_[offsets[0] + 1, values]


def _key(owner: bpy.types.ID, kind: str, path: str, first: int, offsets: np.ndarray) -> bpy.types.Action:
    """An action with the stepped keys of an offset, for an owner that does not play it yet. kind: of the owner."""
    action = bpy.data.actions.new(NAME)
    channels = action
    if hasattr(action, "slots"):
        slot = action.slots.new(id_type=kind, name=owner.name)
        strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
        channels = strip.channelbag(slot, ensure=True)
    curve = channels.fcurves.new(path, index=0)
    frames, values = steps(first, offsets)
    curve.keyframe_points.add(len(frames))
    points = np.empty(2 * len(frames), np.float32)
    points[::2], points[1::2] = frames, values
    curve.keyframe_points.foreach_set("co", points)
    curve.keyframe_points.foreach_set("interpolation", np.full(len(frames), CONSTANT, np.int32))
    curve.update()
    curve.lock = True
    return action


def _plane(scene, image, movie: Movie, take: Take, place: Place, first: int, offsets: np.ndarray) -> None:
    """An image empty of the character's height: shown in every shading of the viewport, and never rendered."""
    plane = bpy.data.objects.new(NAME, None)
    scene.understudy.view.plane = plane
    plane.empty_display_type, plane.data, plane.empty_display_size = "IMAGE", image, 1.0
    plane.hide_select = plane.hide_render = True
    width, height = take.size
    corner = picture_matrix(place, take.size)
    across, up = corner[:3, 0], -corner[:3, 1]
    middle = corner @ [width / 2, height / 2, 0.0, 1.0]
    turn = Matrix.Rotation(math.radians(movie.turn), 4, "Z")
    axes = np.stack([across, up, np.cross(across, up) / np.linalg.norm(across)], 1) / np.linalg.norm(across)
    plane.matrix_world = Matrix.Translation(middle[:3]) @ Matrix(axes.tolist()).to_4x4() @ turn
    plane.scale = [max(width, height) * float(np.linalg.norm(across))] * 3  # the longer side of an image is 1
    _set_user(plane.image_user, first, offsets, scene.frame_current)
    action = _key(plane, "OBJECT", "image_user.frame_offset", first, offsets)
    data = plane.animation_data_create()
    data.action = action
    if hasattr(data, "action_slot"):
        data.action_slot = action.slots[0]
    home = bpy.data.collections.new(NAME)
    home.hide_render = True
    home.objects.link(plane)
    scene.collection.children.link(home)
    _look_now(scene)


# --- behind the camera's view ----------------------------------------------------------------------------------------


def _camera(scene: bpy.types.Scene) -> bpy.types.Camera:
    """The scene's camera, where a background may be added to it."""
    if scene.camera is None or scene.camera.type != "CAMERA":
        raise SettingsError("The scene has no camera: add one, or show the video beside the character.")
    data = scene.camera.data
    if data.library is not None:
        raise SettingsError(
            f"The camera {data.name} is linked from another file: make an override of it, or show the video beside "
            "the character."
        )
    return data


def _background(scene, camera, image, movie: Movie, take: Take, first: int, offsets: np.ndarray) -> None:
    """The video fitted into the camera's frame, alone there; half transparent and in front where a stage hides it."""
    earlier = [number for number, ground in enumerate(camera.background_images) if ground.show_background_image]
    image["understudy_before"] = {"shown": camera.show_background_images, "earlier": earlier}
    for number in earlier:
        camera.background_images[number].show_background_image = False
    ground = camera.background_images.new()
    scene.understudy.view.camera = camera
    ground.image, ground.frame_method, ground.show_expanded = image, "FIT", False
    staged = _hidden_by_stage(scene)
    ground.display_depth, ground.alpha = ("FRONT", 0.5) if staged else ("BACK", 1.0)
    ground.rotation = math.radians(-movie.turn)
    ground.scale = _turned_scale(take.size, movie.turn, _frame_aspect(scene))
    camera.show_background_images = True
    _set_user(ground.image_user, first, offsets, scene.frame_current)
    path = f"background_images[{len(camera.background_images) - 1}].image_user.frame_offset"
    action = _key(camera, "CAMERA", path, first, offsets)
    # A strip of its own: keys that the artist sets on the camera go where they went before.
    track = (camera.animation_data or camera.animation_data_create()).nla_tracks.new()
    track.name = NAME
    strip = track.strips.new(NAME, int(first - 1), action)
    if hasattr(strip, "action_slot"):
        strip.action_slot = action.slots[0]
    strip.extrapolation = "HOLD"
    track.lock = True


def _hidden_by_stage(scene: bpy.types.Scene) -> bool:
    """Whether a film's backdrop stands behind the character."""
    return any(child.name.startswith(STAGE) for child in scene.collection.children)


def _frame_aspect(scene: bpy.types.Scene) -> float:
    """Width over height of what the camera takes in."""
    render = scene.render
    return render.resolution_x * render.pixel_aspect_x / (render.resolution_y * render.pixel_aspect_y)


def _turned_scale(size: tuple[int, int], turn: int, frame: float) -> float:
    """How much larger a background must be drawn that is fitted into the frame before it is turned.

    size: (width, height) px of the upright picture. turn: degrees. frame: width over height of the camera's frame.
    """
    if turn in (0, 180):
        return 1.0
    lying = size[1] / size[0]  # the aspect that Blender fits
    before = min(frame, lying)  # width of it in units of the frame's height; upright, this is its height
    return min(1.0, frame * lying) / before


def _background_of(camera: bpy.types.Camera, image: bpy.types.Image):
    return next((ground for ground in camera.background_images if image is not None and ground.image == image), None)


def _restore(camera: bpy.types.Camera, image: bpy.types.Image | None) -> None:
    """Take our background from a camera, and show its own again."""
    ground = _background_of(camera, image)
    if ground is not None:
        camera.background_images.remove(ground)
    data = camera.animation_data
    for track in [track for track in (data.nla_tracks if data else ()) if track.name.startswith(NAME)]:
        actions = [strip.action for strip in track.strips if strip.action]
        data.nla_tracks.remove(track)
        _remove_actions(actions)
    if data and data.action is None and not data.nla_tracks and not data.drivers:
        camera.animation_data_clear()
    before = image.get("understudy_before") if image is not None else None
    if before:
        for number in before["earlier"]:
            if number < len(camera.background_images):
                camera.background_images[number].show_background_image = True
        camera.show_background_images = bool(before["shown"])


def _actions(thing: bpy.types.Object) -> list[bpy.types.Action]:
    return [thing.animation_data.action] if thing.animation_data and thing.animation_data.action else []


def _remove_actions(actions) -> None:
    for action in actions:
        if action.users == 0:
            bpy.data.actions.remove(action)


def camera_matrix(scene: bpy.types.Scene, size: tuple[int, int]) -> np.ndarray:
    """The matrix (4, 4) from a picture's px to the world where it is fitted into the camera's frame.

    size: (width, height) px of the upright picture.
    """
    camera = scene.camera
    corners = np.array([tuple(corner) for corner in camera.data.view_frame(scene=scene)])
    low, high = corners.min(0), corners.max(0)
    width, height = size
    scale = min((high[0] - low[0]) / width, (high[1] - low[1]) / height)
    depth = low[2]
    local = np.diag([scale, -scale, scale, 1.0])
    local[:3, 3] = [(low[0] + high[0]) / 2 - width / 2 * scale, (low[1] + high[1]) / 2 + height / 2 * scale, depth]
    world = np.array(camera.matrix_world.normalized())
    return world @ local
