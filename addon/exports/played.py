"""What a character plays: which action, over which frames, and how it stands in each of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import bpy
import numpy as np

from ...solvers.character import Character
from ...solvers.errors import ExportError
from ...solvers.performance import Performance
from ...solvers.rigs.presets import RigPreset
from .. import actions, kin, rendering
from ..armature import CharacterObjects


@dataclass(frozen=True)
class Played:
    """What is to be exported.

    objects: the character. scene: in which it plays. name: of the action. first, last: frames, whole.
    """

    objects: CharacterObjects
    scene: bpy.types.Scene
    name: str
    first: int
    last: int

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self.scene.render.fps / self.scene.render.fps_base


def played(objects: CharacterObjects, scene: bpy.types.Scene) -> Played:
    """The action that a character plays: its bake where it plays one, else what its armature or its face plays.

    Raises ExportError if it plays nothing.
    """
    family = kin.current(objects)
    found = [family.main] if family else [
        action for action in kin.playing(objects) if len(actions.curves(action))
    ]  # fmt: skip
    if not found:
        raise ExportError(f"{objects.name} plays nothing that could be exported: bake a performance on it first.")
    first, last = found[0].frame_range
    return Played(objects, scene, found[0].name, math.floor(first + 1e-3), math.ceil(last - 1e-3))


def performance(what: Played, character: Character, preset: RigPreset) -> Performance:
    """What a character plays as a performance, a sample each frame.

    character, preset: what armature.read and presets.recognise gave of it.
    """
    from ...solvers.retargeting.performed import read_back

    rig, bones = what.objects.armature, tuple(preset.bones.values())
    sliders = {slider for moved in preset.face.values() for slider in moved}
    holders = {}
    for owner in actions.owners(what.objects):
        for block in owner.key_blocks if actions.kind(owner) == "KEY" else ():
            if block.name in sliders:
                holders.setdefault(block.name, block)
    poses, values = {bone: [] for bone in bones}, {slider: [] for slider in holders}
    with rendering.current_frame(what.scene):
        for frame in range(what.first, what.last + 1):
            what.scene.frame_set(frame)
            for bone in bones:
                poses[bone].append(np.array(rig.pose.bones[bone].matrix))
            for slider, block in holders.items():
                values[slider].append(block.value)
    shown = {bone: np.array(matrices, float) for bone, matrices in poses.items()}
    return read_back(character, preset, what.fps, shown, {name: np.array(row) for name, row in values.items()})
