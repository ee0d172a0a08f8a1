"""Crossing 1: a character in a Blender file becomes a Character, once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import bpy
import numpy as np

from ..solvers.character import Character
from ..solvers.rigs.faces import EXPRESSED
from ..solvers.rigs.presets import STATED
from . import face_shapes, skin, vrm


@dataclass(frozen=True)
class CharacterObjects:
    """The Blender objects that make up one character.

    armature: None for a bare head. meshes: all that it deforms or carries, or the head's.
    """

    armature: bpy.types.Object | None
    meshes: tuple[bpy.types.Object, ...]

    @property
    def name(self) -> str:
        """Of the armature, or of the mesh with most sliders."""
        return self.armature.name if self.armature else max(self.meshes, key=_slider_count).name


def characters(objects: Iterable[bpy.types.Object]) -> tuple[CharacterObjects, ...]:
    """All characters among objects: each armature with its meshes, and meshes with shape keys that follow none.

    objects: of a scene or a selection.
    """
    objects = list(objects)
    meshes = [thing for thing in objects if thing.type == "MESH"]
    found = [
        CharacterObjects(rig, tuple(mesh for mesh in meshes if _follows(mesh, rig)))
        for rig in objects
        if rig.type == "ARMATURE"
    ]
    claimed = {mesh.name for character in found for mesh in character.meshes}
    free = tuple(mesh for mesh in meshes if mesh.name not in claimed)
    if any(_slider_count(mesh) for mesh in free):
        roots = {root(mesh).name for mesh in free if _slider_count(mesh)}
        found.append(CharacterObjects(None, tuple(mesh for mesh in free if root(mesh).name in roots)))
    return tuple(found)


def read(objects: CharacterObjects) -> Character:
    """What of a character can be driven.

    objects: its armature and meshes. The rest pose is read, whatever the pose.
    """
    rig = objects.armature
    bones = _parents_first(rig.data) if rig else []
    index = {bone.name: row for row, bone in enumerate(bones)}
    sliders = {}
    for mesh in objects.meshes:
        for block in _sliders(mesh):
            sliders[block.name] = max(sliders.get(block.name, 0.0), block.slider_max)
    world = np.array((rig or objects.meshes[0]).matrix_world, float)
    points, normals, owner = skin.read(objects.meshes, rig, index)
    eyes, face = face_shapes.read(objects.meshes, rig, tuple(sliders))
    return Character(
        bones=tuple(index),
        parents=np.array([index[bone.parent.name] if bone.parent else -1 for bone in bones], int),
        rest=np.array([np.array(bone.matrix_local) for bone in bones], float).reshape(-1, 4, 4),
        length=np.array([bone.length for bone in bones], float),
        world=world,
        metre=float(1.0 / np.cbrt(abs(np.linalg.det(world[:3, :3])))),
        sliders=tuple(sliders),
        slider_max=sliders,
        properties=_properties(rig) if rig else {},
        connected=np.array([bone.use_connect for bone in bones], bool),
        inherit_rotation=np.array([bone.use_inherit_rotation for bone in bones], bool),
        poles=_poles(rig) if rig else {},
        bound=_bound(rig) if rig else frozenset(),
        deforms=_deforming(bones),
        sidelong=frozenset(bone.name for bone in bones if not bone.use_local_location),
        name=objects.name,
        tags=_tags(rig) if rig else {},
        skin=points,
        normals=normals,
        owner=owner,
        follows=_led(rig) if rig else {},
        echoes=_echoes(rig) if rig else {},
        eyes=eyes,
        face=face,
    )


def _parents_first(armature: bpy.types.Armature) -> list[bpy.types.Bone]:
    order = [bone for bone in armature.bones if bone.parent is None]
    for bone in order:  # grows while it is walked
        order.extend(bone.children)
    return order


def _tags(rig: bpy.types.Object) -> dict[str, str | float]:
    """{word: value} of marks on an armature; which bones a VRM character says that it has is one of them."""
    stated, expressed = vrm.of_addon(rig), vrm.expressions_of_addon(rig)
    marks = {key: value for key, value in rig.data.items() if isinstance(value, (str, int, float))}
    marks |= {STATED: json.dumps(stated)} if stated else {}
    return marks | ({EXPRESSED: json.dumps(expressed)} if expressed else {})


def _properties(rig: bpy.types.Object) -> dict[str, float]:
    """{switch: value} of custom properties on bones, and of constraints that solve IK."""
    bones = rig.pose.bones if rig.pose else ()  # an armature without bones has no pose
    found = {
        f"{bone.name}[{key}]": value
        for bone in bones
        for key, value in bone.items()
        if isinstance(value, (bool, int, float))
    }
    return found | {
        f"{bone.name}[constraint {constraint.name}]": constraint.influence
        for bone in bones
        for constraint in bone.constraints
        if constraint.type == "IK" and not constraint.mute
    }


def _led(rig: bpy.types.Object) -> dict[str, str]:
    """{bone: the bone at the end of those whose transforms it copies} of bones that copy all of another's."""
    led = {
        bone.name: constraint.subtarget
        for bone in (rig.pose.bones if rig.pose else ())
        for constraint in bone.constraints
        if constraint.type == "COPY_TRANSFORMS" and constraint.target == rig and not constraint.mute
        and constraint.influence == 1.0 and constraint.subtarget in rig.pose.bones
    }  # fmt: skip
    found = {}
    for bone, leader in led.items():
        seen = {bone}
        while leader in led and leader not in seen:
            seen.add(leader)
            leader = led[leader]
        found[bone] = leader
    return found


def _echoes(rig: bpy.types.Object) -> dict[str, dict[str, float]]:
    """{bone: {another: share}} of bones that move by a share of what others do, besides moving themselves."""
    found: dict[str, dict[str, float]] = {}
    for bone in rig.pose.bones if rig.pose else ():
        for constraint in bone.constraints:
            if constraint.type == "COPY_LOCATION" and constraint.use_offset and not constraint.mute \
                    and constraint.target == rig and constraint.owner_space == constraint.target_space == "LOCAL":
                found.setdefault(bone.name, {})[constraint.subtarget] = float(constraint.influence)
    return found


FREE = ("LIMIT_", "IK", "SPLINE_IK", "CHILD_OF", "ACTION")  # constraints that leave a bone its keys, or can be switched


def _bound(rig: bpy.types.Object) -> frozenset[str]:
    """Bones whose keys would do nothing: constraints or drivers move them."""
    found = {
        bone.name
        for bone in (rig.pose.bones if rig.pose else ())
        if any(not constraint.mute and not constraint.type.startswith(FREE) for constraint in bone.constraints)
    }
    for driver in rig.animation_data.drivers if rig.animation_data else ():
        bone, _, channel = driver.data_path.partition('"].')
        if channel.startswith(("rotation_", "location")):
            found.add(bpy.utils.unescape_identifier(bone.removeprefix('pose.bones["')))
    return frozenset(found)


def _deforming(bones: list[bpy.types.Bone]) -> frozenset[str]:
    """Bones that are meant to move skin, where only some are."""
    found = frozenset(bone.name for bone in bones if bone.use_deform)
    return found if len(found) < len(bones) else frozenset()


def _poles(rig: bpy.types.Object) -> dict[str, tuple[str, np.ndarray]]:
    """{pole: (first bone of the chain, its direction (3,) at rest that IK turns to the pole)}: x by the pole angle."""
    found = {}
    for bone in rig.pose.bones if rig.pose else ():
        for constraint in bone.constraints:
            if constraint.type == "IK" and constraint.pole_target == rig and constraint.pole_subtarget:
                chain = [bone, *bone.parent_recursive] if constraint.use_tail else list(bone.parent_recursive)
                first = chain[min(constraint.chain_count or len(chain), len(chain)) - 1]
                matrix, angle = np.array(first.bone.matrix_local), constraint.pole_angle
                way = np.cos(angle) * matrix[:3, 0] + np.sin(angle) * matrix[:3, 2]
                found[constraint.pole_subtarget] = first.name, way
    return found


def _follows(mesh: bpy.types.Object, rig: bpy.types.Object) -> bool:
    """Whether a mesh is deformed by an armature or hangs on it."""
    if any(modifier.type == "ARMATURE" and modifier.object == rig for modifier in mesh.modifiers):
        return True
    parent = mesh.parent
    while parent is not None and parent != rig:
        parent = parent.parent
    return parent == rig


def root(thing: bpy.types.Object) -> bpy.types.Object:
    """The object at the top of those that an object hangs on; itself where it hangs on none."""
    while thing.parent is not None:
        thing = thing.parent
    return thing


def _sliders(mesh: bpy.types.Object) -> list[bpy.types.ShapeKey]:
    """A mesh's shape keys that are sliders: all but the one that they are relative to."""
    keys = mesh.data.shape_keys
    return [block for block in keys.key_blocks if block != keys.reference_key] if keys and keys.use_relative else []


def _slider_count(mesh: bpy.types.Object) -> int:
    return len(_sliders(mesh))
