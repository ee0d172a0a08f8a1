"""A performance as an asset: the action that a character plays, with words to find it by and a picture of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from ..solvers.errors import RenderError
from ..solvers.rigs.presets import RigPreset
from . import actions, armature, kin, rendering, rigs
from .armature import CharacterObjects
from .exports.played import Played, played

SIDE = 256  # px of a preview
LOOKED_AT = 24  # frames among which the one is chosen that is shown
REACH = 0.36  # tangent of half the camera's angle of view: a lens of 50 mm
MARGIN = 1.08  # of the character's height and width
TAG = "Understudy"


def mark(
    objects: CharacterObjects, preset: RigPreset, scene: bpy.types.Scene, source: str = "", author: str = "",
    tags: tuple[str, ...] = (), description: str = "",
) -> bpy.types.Action:  # fmt: skip
    """Mark the action that a character plays as an asset; tells which. Once the file is in an asset library, the
    asset browser shows it.

    objects: the character's. preset: as it was recognised. scene: in which it plays.
    source: path of the driving video, whose name becomes a tag; "" asks the bake. tags: more of them.
    description: "" makes one of length, rig and source.
    Raises ExportError if the character plays nothing, RenderError if its picture cannot be drawn.
    """
    what = played(objects, scene)
    family = kin.current(objects)
    made = family.all if family else [action for action in kin.playing(objects) if len(actions.curves(action))]
    source = Path(source or (family.mark["recipe"]["take"] if family else "")).name.split(".")[0]
    parts = [part for part, there in (("Body", preset.bones), ("Face", preset.face)) if there]
    seconds = (what.last - what.first) / what.fps
    words = f"{seconds:.1f} s of {' and '.join(parts).lower() or 'motion'} for {objects.name} ({preset.name})"
    picture = portrait(what)
    for action in made:
        action.asset_mark()
        data = action.asset_data
        data.author, data.description = author, description or words + (f", from {source}" if source else "")
        for tag in dict.fromkeys((TAG, source, preset.name, *parts, *tags)):
            if tag:
                data.tags.new(tag, skip_if_exists=True)
        preview = action.preview_ensure()
        preview.image_size = SIDE, SIDE
        preview.image_pixels_float.foreach_set(picture.ravel())
    return made[0]


def portrait(what: Played) -> np.ndarray:
    """A picture (SIDE, SIDE, 4) of a character at its most telling frame, 0..1 from the lowest row, on nothing.

    It is drawn in a scene of its own, from the front. what: as `played` gives it. Raises RenderError if it cannot be.
    """
    objects = what.objects
    forward = _front(objects)
    with rendering.current_frame(what.scene):
        what.scene.frame_set(telling_frame(what))
        points = rendering.surface(objects)
        if not len(points):
            raise RenderError(f"{objects.name} has no visible mesh: show its meshes in renders for a picture of it.")
        return _photographed(objects, what.scene.frame_current, points, forward)


def _photographed(objects: CharacterObjects, frame: int, points: np.ndarray, forward: np.ndarray) -> np.ndarray:
    """The picture, in a scene that is gone afterwards. points: (P, 3) that are to be seen. forward: (3,)."""
    scene, camera = bpy.data.scenes.new("Understudy Portrait"), bpy.data.cameras.new("Understudy Portrait")
    try:
        for thing in (*((objects.armature,) if objects.armature else ()), *objects.meshes):
            scene.collection.objects.link(thing)
        scene.frame_set(frame)
        scene.camera = _aimed(scene, camera, points, forward)
        rendering.set_size(scene, (SIDE, SIDE))
        rendering.set_engine(scene, "workbench")
        scene.render.film_transparent = True
        return _drawn(scene)
    finally:
        bpy.data.scenes.remove(scene)
        bpy.data.cameras.remove(camera)  # and its object


def telling_frame(what: Played) -> int:
    """The frame at which a character is farthest from how it is on the mean, each channel in terms of its own range."""
    frames = np.unique(np.linspace(what.first, what.last, LOOKED_AT).round().astype(int))
    curves = [curve for action in dict.fromkeys(kin.playing(what.objects)) for curve in actions.curves(action)]
    turning = [curve for curve in curves if curve.data_path.rpartition(".")[2] not in ("location", "scale")]
    values = np.array([[curve.evaluate(frame) for frame in frames] for curve in turning]).reshape(-1, len(frames))
    away = np.abs(values - values.mean(1, keepdims=True))
    return int(frames[np.argmax(away.sum(0))])


def _front(objects: CharacterObjects) -> np.ndarray:
    """The horizontal direction (3,) from which the picture is taken: a bit from the character's left."""
    character = armature.read(objects)
    forward = rendering.facing(character, rigs.recognised(character))
    aside = np.cross([0.0, 0.0, 1.0], forward)
    direction = forward + 0.35 * aside
    return direction / np.linalg.norm(direction)


def _aimed(scene: bpy.types.Scene, camera, points: np.ndarray, forward: np.ndarray) -> bpy.types.Object:
    """A camera that sees all points (P, 3) from the front."""
    right = np.cross([0.0, 0.0, 1.0], forward)
    axes = np.stack([right, np.cross(forward, right), forward], 1)
    place = rendering.camera_place(points @ axes, np.full(2, REACH / MARGIN))
    camera.angle = 2 * np.arctan(REACH)
    camera.clip_start, camera.clip_end = place[2] / 1000, abs(place[2]) * 100 + 1000
    thing = bpy.data.objects.new("Understudy Portrait", camera)
    thing.matrix_world = Matrix.Translation(axes @ place) @ Matrix(axes.tolist()).to_4x4()
    scene.collection.objects.link(thing)
    return thing


def _drawn(scene: bpy.types.Scene) -> np.ndarray:
    """The scene's picture (SIDE, SIDE, 4), 0..1."""
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_mode = "PNG", "RGBA"
    with tempfile.TemporaryDirectory(prefix="understudy-") as folder:
        scene.render.filepath = str(Path(folder) / "portrait.png")
        try:
            bpy.ops.render.render(write_still=True, scene=scene.name)
            picture = bpy.data.images.load(scene.render.filepath)
        except RuntimeError as fault:
            reason = " ".join(str(fault).replace("Error: ", " ").split()).rstrip(".")
            raise RenderError(f"Blender cannot draw a picture of the asset ({reason}): mark it by hand.") from fault
        try:
            pixels = np.empty(SIDE * SIDE * 4, np.float32)
            picture.pixels.foreach_get(pixels)
        finally:
            bpy.data.images.remove(picture)
    return pixels.reshape(SIDE, SIDE, 4)
