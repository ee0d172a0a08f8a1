"""Passes for neural renderers: frames from Blender as PNG sequences and films, with a manifest.

    manifest.json     {"fps", "size", "frames": [first, last], "passes": {name: {"folder", "pattern", "video", ...}},
                       "camera": [one a frame], "character", "sound"}
    beauty/ depth/ normal/ mask/ pose/ face/    %06d.png by the scene's frames, and NAME.mp4 beside the manifest
    keypoints.json    the skeleton as OpenPose writes it, {frame: {"people": [...]}}
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ...solvers.character import Character
from ...solvers.errors import OutputError, RenderError
from ...solvers.footage import film
from ...solvers.record import written_whole
from ...solvers.results import written_together
from ...solvers.rigs.presets import RigPreset
from .. import rendering
from ..armature import CharacterObjects
from . import drawing, places
from .passes import Passes

MEANINGS = {
    "beauty": "the scene as its engine draws it",
    "depth": "one over the distance along the camera's axis: white at `near`, black at `far` and beyond",
    "normal": "the surface's direction in the camera's axes: red right, green up, blue towards the camera",
    "mask": "white on the character",
    "pose": "the skeleton in OpenPose's colours, with hands of 21 points and points of the face",
    "face": "a square around the head, of one size throughout",
}
NAMES = tuple(MEANINGS)
PATTERN = "%06d.png"
FACE_SIZE = 512  # px, of the square around the head
STEADY = 4.0  # frames, of the Gauss filter on where that square is
MARGIN = 0.1  # of the character's depth, before and behind it


@dataclass(frozen=True)
class Seen:
    """What is known of one frame before it is drawn. view: of the camera. body, hands, face: px, see drawing.skeleton.
    head: (2,) px, reach: px, half the side of a square around it; NaN where there is none. depth: (2,) nearest and
    farthest of the character, in Blender's units."""

    view: places.View
    body: np.ndarray
    hands: list[np.ndarray]
    face: np.ndarray
    head: np.ndarray
    reach: float
    depth: tuple[float, float]


def write(
    scene: bpy.types.Scene,
    objects: CharacterObjects,
    character: Character,
    preset: RigPreset,
    out: Path,
    names: tuple[str, ...] = NAMES,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write passes of a scene from its first to its last frame into a folder; tells where the manifest is.

    scene: the one that is shown, with a camera. character, preset: what armature.read and rigs.recognised gave.
    out: the folder; passes of the same names there are replaced. names: of NAMES. progress: called with (done, all).
    Raises RenderError where it cannot be drawn, OutputError where it cannot be written.
    """
    if scene.camera is None:
        raise RenderError(f"The scene {scene.name} has no camera: add one, or let the stage be set.")
    count = scene.frame_end - scene.frame_start + 1
    steps = _Steps(progress, count * (1 + ("beauty" in names or "face" in names) + bool({*names} & set(NAMES[1:4]))))
    traced = places.trace(objects, character, preset)
    with _writing(out), written_together(out) as folder, rendering.current_frame(scene):
        seen = [_look(scene, traced, steps) for _ in _frames(scene)]
        if "pose" in names:
            _write_pose(scene, folder, seen)
        if {"beauty", "face"} & set(names):
            _write_beauty(scene, folder, seen, names, steps)
        if {"depth", "normal", "mask"} & set(names):
            _write_data(scene, folder, seen, names, {mesh.name for mesh in objects.meshes}, steps)
        _write_manifest(scene, folder, seen, objects.name)
        for name in names:  # a folder does not move onto one that is full
            if (out / name).is_dir():
                _empty(out / name)
    return out / "manifest.json"


class _Steps:
    """Progress over all passes."""

    def __init__(self, progress, total: int):
        self._progress, self._total, self._done = progress, total, 0

    def one(self) -> None:
        """One more picture."""
        self._done += 1
        if self._progress:
            self._progress(self._done, self._total)


def _frames(scene: bpy.types.Scene) -> Iterator[int]:
    """The scene's frames, each while it is shown."""
    for frame in range(scene.frame_start, scene.frame_end + 1):
        scene.frame_set(frame)
        yield frame


def _look(scene: bpy.types.Scene, traced: places.Traced, steps: _Steps) -> Seen:
    view = places.view(scene)
    body, hands, face = places.points(traced, view)
    joints = places.joints_of(traced)
    head, reach = np.full(2, np.nan), np.nan
    if "head middle" in joints:
        middle = joints["head middle"]
        aside = middle + view.eye[0, :3] * joints["head reach"]  # the camera's right, in the world
        head, side = view.pixels(np.stack([middle, aside]))
        reach = float(np.linalg.norm(side - head))
    surface = rendering.surface(traced.objects)
    depth = -(surface @ view.eye[2, :3] + view.eye[2, 3]) if len(surface) else np.ones(1)
    steps.one()
    return Seen(view, body, hands, face, head, reach, (float(depth.min()), float(depth.max())))


def _write_pose(scene: bpy.types.Scene, folder: Path, seen: list[Seen]) -> None:
    with _Pass(folder, "pose", scene) as keep:
        for one in seen:
            keep(drawing.skeleton(one.view.size, one.body, one.hands, one.face))
    words = {
        frame: {"people": [drawing.keypoints(one.body, one.hands, one.face)]}
        for frame, one in enumerate(seen, scene.frame_start)
    }
    (folder / "keypoints.json").write_text(json.dumps(words), "utf-8")


def _write_beauty(scene, folder: Path, seen: list[Seen], names: tuple[str, ...], steps: _Steps) -> None:
    squares = _squares(seen) if "face" in names else None
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="understudy-"))) / "frame.tga"
        beauty = stack.enter_context(_Pass(folder, "beauty", scene)) if "beauty" in names else None
        face = stack.enter_context(_Pass(folder, "face", scene)) if squares is not None else None
        for number, picture in enumerate(rendering.drawn(scene, place)):
            if beauty:
                beauty(picture)
            if face:
                face(_cropped(picture, squares[number]))
            steps.one()


def _write_data(scene, folder: Path, seen: list[Seen], names, character: set[str], steps: _Steps) -> None:
    near, far = depth_range(seen)
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="understudy-")))
        passes = stack.enter_context(Passes(scene, character, place))
        wanted = [name for name in ("depth", "normal", "mask") if name in names]
        keep = {name: stack.enter_context(_Pass(folder, name, scene)) for name in wanted}
        for one, _ in zip(seen, _frames(scene), strict=True):
            depth, normals, mask = passes.drawn(one.view)
            shown = {"depth": lambda depth=depth: depth_picture(depth, near, far),
                     "normal": lambda normals=normals: _bytes(normals * 0.5 + 0.5),
                     "mask": lambda mask=mask: _bytes(np.repeat(mask[..., None], 3, 2).astype(float))}  # fmt: skip
            for name in wanted:
                keep[name](shown[name]())
            steps.one()


def depth_range(seen: list[Seen]) -> tuple[float, float]:
    """(near, far) between which depth is shown: the character's over all frames, and a little more."""
    near, far = min(one.depth[0] for one in seen), max(one.depth[1] for one in seen)
    room = MARGIN * max(far - near, 1e-3)
    near = max(near - room, 1e-3 * max(far, 1e-3))
    return near, max(far + 4 * room, 1.01 * near)


def depth_picture(depth: np.ndarray, near: float, far: float) -> np.ndarray:
    """Depths (H, W) as a picture (H, W, 3): one over them, white at near and black at far."""
    with np.errstate(divide="ignore"):
        shade = (1 / np.maximum(depth, 1e-9) - 1 / far) / (1 / near - 1 / far)
    return _bytes(np.repeat(shade[..., None], 3, 2))


def _bytes(picture: np.ndarray) -> np.ndarray:
    return np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _squares(seen: list[Seen]) -> np.ndarray | None:
    """(T, 3) left, top and side in px of squares around the head, of one side; None where no head is known."""
    heads, reach = np.array([one.head for one in seen]), np.array([one.reach for one in seen])
    there = np.isfinite(heads).all(1) & np.isfinite(reach)
    if not there.any():
        return None
    times = np.arange(len(seen))
    heads = np.stack([np.interp(times, times[there], heads[there, k]) for k in (0, 1)], 1)
    reach_of = round(3 * STEADY)
    weights = np.exp(-0.5 * (np.arange(-reach_of, reach_of + 1) / STEADY) ** 2)
    padded = np.pad(heads, ((reach_of, reach_of), (0, 0)), mode="edge")
    heads = np.stack([np.convolve(padded[:, k], weights / weights.sum(), "valid") for k in (0, 1)], 1)
    half = min(float(np.percentile(reach[there], 95)), max(seen[0].view.size))
    return np.column_stack([heads - half, np.full(len(seen), 2 * half)])


def _cropped(picture: np.ndarray, square: np.ndarray) -> np.ndarray:
    """The part of a picture in a square, at FACE_SIZE; what lies outside goes on as the edge does."""
    import cv2

    left, top, side = square
    scale = FACE_SIZE / side
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    size, way = (FACE_SIZE, FACE_SIZE), cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.warpAffine(np.ascontiguousarray(picture), matrix, size, flags=way, borderMode=cv2.BORDER_REPLICATE)


class _Pass:
    """Writes the pictures of a pass one by one, and in the end its film. Used as a context that is called."""

    def __init__(self, folder: Path, name: str, scene: bpy.types.Scene):
        self._folder, self._name, self._frame = folder, name, scene.frame_start
        self._fps = scene.render.fps / scene.render.fps_base
        self._place = folder / name
        self._place.mkdir()

    def __enter__(self) -> Callable[[np.ndarray], None]:
        return self._keep

    def _keep(self, picture: np.ndarray) -> None:
        import cv2

        place = self._place / (PATTERN % self._frame)
        if not cv2.imwrite(str(place), np.ascontiguousarray(picture[:, :, ::-1])):
            raise OutputError(f"{self._name}/{place.name} cannot be written: make room on the disk.")
        self._frame += 1

    def __exit__(self, kind, *_) -> None:
        if kind is None:
            film.write(self._folder / f"{self._name}.mp4", _read_all(self._place), self._fps)


def _read_all(folder: Path) -> Iterator[np.ndarray]:
    import cv2

    for place in sorted(folder.glob("*.png")):
        yield cv2.imread(str(place))[:, :, ::-1]


def _write_manifest(scene: bpy.types.Scene, folder: Path, seen: list[Seen], character: str) -> None:
    near, far = depth_range(seen)
    made = [name for name in NAMES if (folder / name).is_dir()]
    sound = rendering.sound_of(scene)
    words = {
        "fps": scene.render.fps / scene.render.fps_base,
        "size": list(seen[0].view.size),
        "frames": [scene.frame_start, scene.frame_end],
        "character": character,
        "sound": {"path": sound.path, "start": sound.start} if sound else None,
        "passes": {
            name: {"folder": name, "pattern": PATTERN, "video": f"{name}.mp4", "meaning": MEANINGS[name]}
            for name in made
        },
        "camera": [
            {"world_to_clip": one.view.matrix.tolist(), "world_to_camera": one.view.eye.tolist()} for one in seen
        ],
    }
    if "depth" in made:
        words["passes"]["depth"] |= {"near": near, "far": far}
    if "face" in made:
        words["passes"]["face"] |= {"squares": np.round(_squares(seen), 2).tolist(), "size": FACE_SIZE}
    with written_whole(folder / "manifest.json") as temporary:
        temporary.write_text(json.dumps(words, indent=1), "utf-8")


def _empty(folder: Path) -> None:
    """Remove a pass that is to be replaced; whatever else was put into its folder makes this fail, and stays."""
    for place in folder.glob("[0-9]*.png"):
        place.unlink()
    try:
        folder.rmdir()
    except OSError as fault:
        raise OutputError(f"{folder} holds other files than a pass: choose another folder.") from fault


@contextlib.contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        if fault.errno in film.FULL:
            raise OutputError(f"The disk is full: the passes in {out} need room, or another place.") from fault
        raise OutputError(f"The passes cannot be written to {out} ({fault.strerror or fault}).") from fault
