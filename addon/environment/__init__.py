"""Motion beside the performance: layers over what a character plays, and moves of the camera.

What is wished is kept in the scene as JSON (WISHES), so that a stage that is set anew has it too.
"""

from __future__ import annotations

import dataclasses
import json

import bpy

from ...solvers.environment.wishes import Environment
from ...solvers.errors import SettingsError
from ...solvers.rigs.presets import RigPreset
from ..armature import CharacterObjects
from . import camera, life

WISHES = "understudy_environment"


def apply(scene: bpy.types.Scene, objects: CharacterObjects, preset: RigPreset, wishes: Environment) -> tuple[str, ...]:
    """Give a character and the scene's camera what is wished; what an earlier call made is replaced.

    objects, preset: a character of the scene. wishes: for the scene's frame range.
    Result: names of what could be given. Raises SettingsError where there is a camera's move and no camera.
    """
    if (wishes.moves[0] or wishes.trembling) and scene.camera is None:
        raise SettingsError(f"The scene {scene.name} has no camera that could move: add one, or let the stage be set.")
    scene[WISHES] = json.dumps(dataclasses.asdict(wishes))
    made = life.give(scene, objects, preset, wishes)
    return (*made, *camera.move(scene, wishes))


def clear(scene: bpy.types.Scene, objects: CharacterObjects) -> None:
    """Take everything away again that `apply` has given."""
    scene.pop(WISHES, None)
    life.take(objects)
    camera.stand(scene)


def of(scene: bpy.types.Scene) -> Environment:
    """What is wished for a scene; nothing where that cannot be read."""
    try:
        return Environment(**json.loads(scene.get(WISHES, "{}")))
    except (TypeError, ValueError, SettingsError):
        return Environment()
