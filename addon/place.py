"""Where in the scene a performance is shown: at the character's feet, facing as it does, in its size."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ..solvers.character import Character
from ..solvers.errors import RigError
from ..solvers.motion.rotations import rotate
from ..solvers.motion.skeleton import joint_positions, world_rotations
from ..solvers.names import JOINT
from ..solvers.performance import Performance
from ..solvers.retargeting.tpose import character_axes, measure
from ..solvers.rigs.presets import RigPreset
from . import armature, rigs
from .armature import CharacterObjects

USUAL_HEIGHT = 1.7  # m, where there is no character to be measured
HEAD_SHARE = 0.13  # of a body's height that a head takes (Drillis and Contini 1966)
GAP = 0.5  # heights from the middle of a character to the video: half the span of its arms


@dataclass(frozen=True)
class Place:
    """Where somebody stands in the scene, and who.

    ground: (3,) the point between the feet. axes: (3, 3), columns to its left, to its back and up, of unit length.
    height: from ground to crown, scene units. owner: the object that carries the skeleton; None for the scene.
    character, preset: as they were measured; None where there is no skeleton.
    """

    ground: np.ndarray
    axes: np.ndarray
    height: float
    owner: bpy.types.Object | None = None
    character: Character | None = None
    preset: RigPreset | None = None


def stand(scene: bpy.types.Scene) -> Place:
    """The place of the scene's character as it is at rest; of nobody, at the origin, where none is chosen."""
    chosen = scene.understudy.character
    if chosen is None or chosen.name not in scene.objects:
        return Place(np.zeros(3), np.eye(3), USUAL_HEIGHT)
    objects = rigs.objects_of(chosen, scene)
    character = armature.read(objects)
    try:
        preset = rigs.preset_for(scene, character)
        axes = _upright(character.world[:3, :3] @ character_axes(character, preset))
    except RigError:  # of no known kind: it is shown where it is, but not measured
        preset, axes = None, np.eye(3)
    points = _corners(objects, character)
    low, high = (points @ axes).min(0), (points @ axes).max(0)
    middle = axes @ np.array([*(low[:2] + high[:2]) / 2, low[2]])
    known = preset is not None and bool(preset.bones)
    return Place(middle, axes, float(high[2] - low[2]), objects.armature or objects.meshes[0],
                 character if known else None, preset if known else None)  # fmt: skip


def _upright(axes: np.ndarray) -> np.ndarray:
    """Axes (3, 3) turned so that up is the world's: somebody who lies on the floor gets an upright video, too."""
    up = np.array([0.0, 0.0, 1.0])
    left = np.cross(axes[:, 1] - (axes[:, 1] @ up) * up, up)
    if np.linalg.norm(left) < 1e-6:
        return np.eye(3)
    left = left / np.linalg.norm(left)
    return np.stack([left, np.cross(up, left), up], 1)


def _corners(objects: CharacterObjects, character: Character) -> np.ndarray:
    """Points (P, 3) in the world on a character's meshes at rest; on its bones where it has none."""
    found = []
    for mesh in objects.meshes:
        if mesh.hide_get() and mesh.hide_render or not len(mesh.data.vertices):
            continue
        local = np.empty(3 * len(mesh.data.vertices), np.float32)
        mesh.data.vertices.foreach_get("co", local)
        world = np.array(mesh.matrix_world)
        found.append(local.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3])
    if not found and len(character.rest):
        tips = character.rest[:, :3, 3] + character.rest[:, :3, 1] * character.length[:, None]
        local = np.concatenate([character.rest[:, :3, 3], tips])
        found.append(local @ character.world[:3, :3].T + character.world[:3, 3])
    return np.concatenate(found) if found else np.array([[0.0, 0.0, 0.0], [0.0, 0.0, USUAL_HEIGHT]])


def picture_matrix(place: Place, size: tuple[int, int]) -> np.ndarray:
    """The matrix (4, 4) from a picture's px (x to the right, y down) to the world: upright, beside who stands there.

    It is as high as the character and on its right, which is on the left for those who look at it.
    size: (width, height) px of the upright picture.
    """
    left, _, up = place.axes.T
    scale = place.height / size[1]
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = left * scale, -up * scale, np.cross(left, -up) * scale
    matrix[:3, 3] = place.ground + up * place.height - left * (GAP * place.height + size[0] * scale)
    return matrix


def skeleton_matrix(place: Place, solved: Performance, begin: float) -> np.ndarray:
    """The matrix (4, 4) from the performer's metres to the axes of the place's owner, as a bake puts it there.

    begin: s on the take's clock, when the performer stands where the character does.
    """
    # it takes SciPy along, which a starting Blender does not wait for
    from ..solvers.retargeting.feet import ankle_height

    sample = int(np.argmin(np.abs(solved.time - begin)))
    if place.character is None:
        return _on_ground(place, solved, sample)
    rig = measure(place.character, place.preset, solved.skeleton)
    skeleton = solved.skeleton
    middle = (skeleton[JOINT["leftUpperLeg"]] + skeleton[JOINT["rightUpperLeg"]]) / 2
    hips = world_rotations(solved.rotations[sample : sample + 1])[0, JOINT["hips"]]
    start = solved.root[sample] + rotate(hips, middle)
    goal = np.array([*rig.pelvis[:2], rig.ground + rig.ankle])
    goal = np.where(np.isfinite(goal), goal, 0.0)
    matrix = np.eye(4)
    matrix[:3, :3] = rig.axes * rig.scale
    matrix[:3, 3] = rig.axes @ (goal - rig.scale * np.array([*start[:2], ankle_height(solved)]))
    return matrix


def _on_ground(place: Place, solved: Performance, sample: int) -> np.ndarray:
    """The same where there are no bones: a head's skeleton has its head there; nobody's stands on the ground."""
    matrix = np.eye(4)
    if place.owner is None:
        matrix[:3, 3] = [*-solved.root[sample, :2], 0.0]
        return matrix
    person = np.ptp(solved.skeleton[:, 2]) / (1 - HEAD_SHARE / 2)
    scale = place.height / (HEAD_SHARE * person)
    at = slice(sample, sample + 1)
    head = joint_positions(solved.rotations[at], solved.root[at], solved.skeleton)[0, JOINT["head"]]
    matrix[:3, :3] = place.axes * scale
    matrix[:3, 3] = place.ground + place.axes @ ([0.0, 0.0, 0.3 * place.height] - scale * head)
    return np.linalg.inv(np.array(place.owner.matrix_world)) @ matrix
