"""A small figure to try things on: bones of a VRM humanoid in T-pose, and a mesh with sliders."""

from __future__ import annotations

import numpy as np
import pytest

JOINTS = {  # head of each bone, m; left side, mirrored to the right
    "hips": (0, 0, 1.0), "spine": (0, 0, 1.1), "chest": (0, 0, 1.2), "neck": (0, 0, 1.5), "head": (0, 0, 1.6),
    "leftUpperArm": (0.17, 0, 1.45), "leftLowerArm": (0.45, 0, 1.45), "leftHand": (0.7, 0, 1.45),
    "leftUpperLeg": (0.09, 0, 0.95), "leftLowerLeg": (0.09, 0, 0.5), "leftFoot": (0.09, 0, 0.08),
}  # fmt: skip
PARENTS = {
    "spine": "hips", "chest": "spine", "neck": "chest", "head": "neck", "leftUpperArm": "chest",
    "leftLowerArm": "leftUpperArm", "leftHand": "leftLowerArm", "leftUpperLeg": "hips",
    "leftLowerLeg": "leftUpperLeg", "leftFoot": "leftLowerLeg",
}  # fmt: skip
SLIDERS = ("jawOpen", "mouthSmileLeft", 'odd "name"')


@pytest.fixture
def empty_scene():
    """Blender's scene with nothing in it."""
    bpy = pytest.importorskip("bpy")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return bpy.context.scene


@pytest.fixture
def extension():
    """Understudy registered in Blender while the test runs."""
    pytest.importorskip("bpy")
    import understudy

    understudy.register()
    yield
    understudy.unregister()


@pytest.fixture
def figure(empty_scene):
    """CharacterObjects of a small humanoid."""
    from understudy.addon.armature import CharacterObjects

    rig = _armature(empty_scene)
    meshes = _mesh(empty_scene, "Skin", rig, SLIDERS), _mesh(empty_scene, "Teeth", rig, SLIDERS[:1])
    return CharacterObjects(rig, meshes)


def _armature(scene):
    import bpy

    rig = bpy.data.objects.new("Figure", bpy.data.armatures.new("Figure"))
    scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for side in ("left", "right"):
        for joint, (x, y, z) in JOINTS.items():
            name = joint.replace("left", side)
            if name in rig.data.edit_bones:
                continue
            bone = rig.data.edit_bones.new(name)
            bone.head = (x if side == "left" else -x, y, z)
            bone.tail = bone.head + type(bone.head)((0.02, 0.01, 0.05))
            bone.roll = 0.3 * len(rig.data.edit_bones)
            if joint in PARENTS:
                bone.parent = rig.data.edit_bones[PARENTS[joint].replace("left", side)]
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def _mesh(scene, name, rig, sliders):
    import bpy

    mesh = bpy.data.meshes.new(name)
    corners = np.array([(x, y, z) for x in (-0.2, 0.2) for y in (-0.1, 0.1) for z in (0, 1.8)])
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    mesh.from_pydata(corners.tolist(), [], faces)
    thing = bpy.data.objects.new(name, mesh)
    scene.collection.objects.link(thing)
    thing.parent = rig
    thing.vertex_groups.new(name="hips").add(range(8), 1.0, "REPLACE")
    thing.modifiers.new("Armature", "ARMATURE").object = rig
    thing.shape_key_add(name="Basis")
    for slider in sliders:
        thing.shape_key_add(name=slider)
    return thing
