"""The stage of a puppet: a camera that frames just its picture, and its own colours without light or shadow."""

from __future__ import annotations

import contextlib
import json
import math

import bpy
from mathutils import Vector

from ...solvers.puppet.puppet import PUPPET
from ..armature import CharacterObjects

NAME = "Understudy Stage"
FLAT = "understudy_flat"  # the scene's property that says that it shows a picture in its own colours
LONGEST, SHORTEST = 1280, 720  # px of a film whose size is not asked for: as large as 720p either way


def is_puppet(objects: CharacterObjects) -> bool:
    """Whether a character was made of a picture."""
    return objects.armature is not None and PUPPET in objects.armature.data


def own_size(objects: CharacterObjects) -> tuple[int, int]:
    """(width, height) px of a film in a picture's own shape."""
    width, height = json.loads(objects.armature.data[PUPPET])["size"]
    scale = min(LONGEST / max(width, height), SHORTEST / min(width, height), 1.0 if max(width, height) > 640 else 2.0)
    return tuple(max(64, round(side * scale / 2) * 2) for side in (width, height))


def prepare(scene: bpy.types.Scene, objects: CharacterObjects, size: tuple[int, int]) -> None:
    """Put the camera before a puppet and show its own colours.

    size: px of the film; in another shape than the picture's, more of the background is seen beside it.
    """
    told = json.loads(objects.armature.data[PUPPET])
    for child in [child for child in scene.collection.children if child.name.startswith(NAME)]:
        for thing in list(child.objects):
            bpy.data.objects.remove(thing)
        bpy.data.collections.remove(child)
    collection = bpy.data.collections.new(NAME)
    scene.collection.children.link(collection)
    width, height = (side * told["unit"] for side in told["size"])
    data = bpy.data.cameras.new("Understudy Camera")
    data.type, data.sensor_fit = "ORTHO", "HORIZONTAL"
    data.ortho_scale = max(width, height * size[0] / size[1])
    camera = bpy.data.objects.new("Understudy Camera", data)
    place = Vector((width / 2, -3 * max(width, height), height / 2))
    camera.matrix_world = objects.armature.matrix_world.copy()
    camera.matrix_world @= camera.matrix_world.Translation(place) @ camera.matrix_world.Rotation(
        math.radians(90), 4, "X"
    )
    data.clip_start, data.clip_end = max(width, height) / 100, 20 * max(width, height)
    collection.objects.link(camera)
    scene.camera = camera
    scene[FLAT] = True
    flat(scene)


def flat(scene: bpy.types.Scene) -> None:
    """Pictures as they are: no light, no shadow, no tone curve."""
    shading = scene.display.shading
    shading.light, shading.color_type = "FLAT", "TEXTURE"
    shading.show_cavity = shading.show_shadows = shading.show_backface_culling = False
    shading.background_type = "VIEWPORT"
    scene.display.render_aa = "FXAA"
    with contextlib.suppress(TypeError):
        scene.view_settings.view_transform = "Standard"
    scene.view_settings.look = "None"
    scene.view_settings.exposure, scene.view_settings.gamma = 0.0, 1.0


def show(scene: bpy.types.Scene) -> None:
    """Let the solid 3D viewports of a scene's windows show pictures in their own colours."""
    manager = bpy.context.window_manager
    for window in [window for window in manager.windows if window.scene == scene] if manager else []:
        for area in [area for area in window.screen.areas if area.type == "VIEW_3D"]:
            shading = area.spaces.active.shading
            if shading.type == "SOLID":
                shading.light, shading.color_type = "FLAT", "TEXTURE"
