"""Pictures of a character's face, at rest and with each of its expressions alone, drawn beside the user's scene."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from ..solvers.character import Character
from ..solvers.errors import RenderError, RigError
from ..solvers.names import EXPRESSIONS, JOINTS
from ..solvers.retargeting.acting import LOOKS
from ..solvers.retargeting.face_bones import eyes_at_rest
from ..solvers.retargeting.tpose import measure
from ..solvers.rigs.face_fit import STRENGTHS
from ..solvers.rigs.presets import RigPreset
from .armature import CharacterObjects

SIDE = 320  # px
DISTANCE, WIDTH, BELOW = 12.0, 2.1, 0.45  # of the camera; half of what it sees; middle of the face below the eyes
#   ... all in distances between the eyes
REST = "rest"


def draw(
    objects: CharacterObjects, character: Character, preset: RigPreset, folder: Path,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[str, ...]:  # fmt: skip
    """Draw a character's face at rest, and with each expression that its sliders show; result: their names in order.

    objects, character, preset: of one character. folder: for the .png files, which sort in that order.
    Nothing of the character or its scene is changed. Raises RigError without face sliders, RenderError where Blender
    cannot draw.
    """
    shown = tuple(name for name in EXPRESSIONS if preset.face.get(name))
    if not any(name not in LOOKS for name in shown):
        raise RigError(f"{character.name} has no face shapes that could be looked at.")
    with _studio(objects) as (scene, copies):
        _aim(scene.camera, character, preset)
        for number, name in enumerate((REST, *shown)):
            for copy, mesh in copies:
                _pose(copy, mesh, preset.face.get(name, {}), STRENGTHS.get(name, 1.0))
            scene.render.filepath = str(folder / f"{number:03}.png")
            try:
                bpy.ops.render.render(write_still=True, scene=scene.name)
            except RuntimeError as fault:
                raise RenderError(f"Blender cannot draw the character's face ({fault}).") from fault
            if progress is not None:
                progress(number + 1, len(shown) + 1)
    return shown


@contextlib.contextmanager
def _studio(objects: CharacterObjects) -> Iterator[tuple[bpy.types.Scene, list]]:
    """A scene of its own with bare copies of a character's meshes at rest: (scene, [(copy, mesh)]); gone afterwards."""
    scene = bpy.data.scenes.new("Understudy Face")
    camera = bpy.data.objects.new("Understudy Face", bpy.data.cameras.new("Understudy Face"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    copies = []
    try:
        with _at_rest(objects.armature):
            for mesh in objects.meshes:
                copies.append((_bare(mesh, scene), mesh))
        _light(scene)
        yield scene, copies
    finally:
        for data in [copy.data for copy, _ in copies]:
            bpy.data.meshes.remove(data)  # and with it the copy
        lens = camera.data
        bpy.data.objects.remove(camera)
        bpy.data.cameras.remove(lens)
        bpy.data.scenes.remove(scene)


@contextlib.contextmanager
def _at_rest(rig: bpy.types.Object | None) -> Iterator[None]:
    """Show an armature at rest for a while, so that what hangs on its bones is where it belongs."""
    if rig is None or rig.data.library is not None:
        yield
        return
    before = rig.data.pose_position
    rig.data.pose_position = "REST"
    bpy.context.view_layer.update()
    try:
        yield
    finally:
        rig.data.pose_position = before
        bpy.context.view_layer.update()


def _bare(mesh: bpy.types.Object, scene: bpy.types.Scene) -> bpy.types.Object:
    """A copy of a mesh without anything that moves it."""
    copy = bpy.data.objects.new("Understudy Face", bpy.data.meshes.new_from_object(mesh))  # without its shape keys
    scene.collection.objects.link(copy)
    copy.matrix_world = mesh.matrix_world.copy()
    for slot, own in zip(copy.material_slots, mesh.material_slots, strict=False):
        if own.link == "OBJECT":
            slot.link, slot.material = "OBJECT", own.material
    return copy


def _pose(copy: bpy.types.Object, mesh: bpy.types.Object, weights: dict[str, float], strength: float) -> None:
    """Put a copy's points where some sliders put the mesh's. weights: {slider: value at strength 1}."""
    keys = mesh.data.shape_keys
    if keys is None:
        return
    points = _coordinates(keys.reference_key)
    for slider, weight in weights.items():
        if slider in keys.key_blocks:
            block = keys.key_blocks[slider]
            points = points + strength * weight * (_coordinates(block) - _coordinates(block.relative_key))
    copy.data.vertices.foreach_set("co", points.ravel())
    copy.data.update()


def _coordinates(block: bpy.types.ShapeKey) -> np.ndarray:
    flat = np.zeros(3 * len(block.data), np.float32)
    block.data.foreach_get("co", flat)
    return flat.reshape(-1, 3)


def _aim(camera: bpy.types.Object, character: Character, preset: RigPreset) -> None:
    """Put a camera level before a character's face."""
    rig = measure(character, preset, np.random.default_rng(0).normal(size=(len(JOINTS), 3)))
    told = np.isfinite(character.eyes).all()
    eyes = character.eyes @ rig.axes if told else eyes_at_rest(character, rig)
    size = np.linalg.norm(eyes[0] - eyes[1])
    middle = eyes.mean(0) - [0, 0, BELOW * size]
    to_world = character.world[:3, :3] @ rig.axes
    place = to_world @ (middle - [0, DISTANCE * size, 0]) + character.world[:3, 3]
    across, back, up = (axis / np.linalg.norm(axis) for axis in to_world.T)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2], matrix[:3, 3] = across, up, -back, place
    camera.matrix_world = Matrix(matrix.tolist())
    camera.data.angle = 2 * math.atan(WIDTH / DISTANCE)
    unit = float(size * np.cbrt(abs(np.linalg.det(to_world))))
    camera.data.clip_start, camera.data.clip_end = unit, 10 * DISTANCE * unit


def _light(scene: bpy.types.Scene) -> None:
    """Plain light on textures, at a size that the network likes."""
    scene.render.engine = "BLENDER_WORKBENCH"
    shading = scene.display.shading
    shading.light, shading.color_type, shading.show_cavity = "STUDIO", "TEXTURE", False
    scene.display.render_aa = "FXAA"
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x = scene.render.resolution_y = SIDE
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGB"
