"""A puppet becomes Blender objects: sheets painted with the picture, VRM's bones, ARKit's shape keys."""

from __future__ import annotations

import json

import bpy
import numpy as np
from mathutils import Vector

from ...solvers.names import PARENTS
from ...solvers.puppet.puppet import BACKDROP, PICTURES, PUPPET, Puppet, words
from ...solvers.rigs.presets import STATED

NODE = "Understudy Picture"


def add(scene: bpy.types.Scene, puppet: Puppet, path: str = "") -> bpy.types.Object:
    """Build a puppet in a collection of its own; returns its armature object.

    scene: where it goes. path: of its picture, for those who place its points anew.
    """
    collection = bpy.data.collections.new(puppet.name)
    scene.collection.children.link(collection)
    rig = armature(scene, collection, puppet)
    rig.data[PUPPET] = words(puppet, path)
    looks = {name: paint(f"{puppet.name} {name}", getattr(puppet, name)) for name in PICTURES}
    for index, (name, painted) in enumerate(zip(puppet.sheets, puppet.painted, strict=True)):
        thing = sheet(puppet, index, looks[painted], collection)
        if name == "background":
            thing.hide_select = True
            thing[BACKDROP] = True
        else:
            skin(thing, rig, puppet, puppet.sheet == index)
    return rig


def armature(scene: bpy.types.Scene, collection: bpy.types.Collection, puppet: Puppet) -> bpy.types.Object:
    """The bones, in the plane of the picture."""
    from ..figures.assemble import _layer_showing

    data = bpy.data.armatures.new(puppet.name)
    rig = bpy.data.objects.new(puppet.name, data)
    collection.objects.link(rig)
    layer = _layer_showing(rig, scene)
    active = layer.objects.active
    with bpy.context.temp_override(scene=scene, view_layer=layer, active_object=rig, object=rig):
        if active is not None and active.mode != "OBJECT":
            layer.objects.active = active
            bpy.ops.object.mode_set(mode="OBJECT")
        layer.objects.active = rig
        bpy.ops.object.mode_set(mode="EDIT")
        for name, head, tail in zip(puppet.joints, puppet.heads, puppet.tails, strict=True):
            bone = data.edit_bones.new(name)
            bone.head, bone.tail = Vector(head.tolist()), Vector(tail.tolist())
            bone.align_roll(Vector((0, -1, 0)))
        for name in puppet.joints:
            parent = PARENTS[name]
            if parent in puppet.joints:
                data.edit_bones[name].parent = data.edit_bones[parent]
        bpy.ops.object.mode_set(mode="OBJECT")
        rig.select_set(False, view_layer=layer)
        layer.objects.active = active
    data.display_type = "STICK"
    rig.show_in_front = True
    data[STATED] = json.dumps({name: name for name in puppet.joints})
    return rig


def paint(name: str, picture: np.ndarray) -> bpy.types.Material:
    """A material that shows a picture in its own colours, whatever the light. picture: (H, W, 3) uint8."""
    height, width = picture.shape[:2]
    image = bpy.data.images.new(name, width, height)
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = picture[::-1] / np.float32(255)
    image.pixels.foreach_set(pixels.ravel())
    image.update()
    image.pack()
    material = bpy.data.materials.new(name)
    if not material.node_tree:  # before 5.0 materials start without nodes
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    texture, glow, out = (nodes.new(f"ShaderNode{kind}") for kind in ("TexImage", "Emission", "OutputMaterial"))
    texture.image, texture.extension, texture.name = image, "EXTEND", NODE
    texture.location, glow.location, out.location = (-600, 0), (-250, 0), (0, 0)
    links.new(texture.outputs["Color"], glow.inputs["Color"])
    links.new(glow.outputs["Emission"], out.inputs["Surface"])
    nodes.active = texture  # the one that Workbench shows
    material.roughness, material.specular_intensity = 1.0, 0.0
    return material


def sheet(puppet: Puppet, index: int, look: bpy.types.Material, collection: bpy.types.Collection) -> bpy.types.Object:
    """One sheet as a mesh object with its picture and shape keys. index: of the puppet's sheets."""
    own = np.flatnonzero(puppet.sheet == index)
    faces = puppet.triangles[puppet.sheet[puppet.triangles[:, 0]] == index] - own[0]
    mesh = bpy.data.meshes.new(f"{puppet.name} {puppet.sheets[index]}")
    mesh.from_pydata(puppet.vertices[own].tolist(), [], faces.tolist())
    layer = mesh.uv_layers.new(name="Picture")
    corners = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    layer.data.foreach_set("uv", puppet.uv[own][corners].astype(np.float32).ravel())
    mesh.materials.append(look)
    mesh.update()
    thing = bpy.data.objects.new(mesh.name, mesh)
    collection.objects.link(thing)
    moved = [row for row in range(len(puppet.shapes)) if np.abs(puppet.moves[row, own]).max(initial=0) > 0]
    if moved:
        thing.shape_key_add(name="Basis", from_mix=False)
        for row in moved:
            key = thing.shape_key_add(name=puppet.shapes[row], from_mix=False)
            key.data.foreach_set("co", (puppet.vertices[own] + puppet.moves[row, own]).astype(np.float32).ravel())
            key.slider_min = -1.0 if puppet.shapes[row] in puppet.shows else 0.0  # what the picture does can be undone
            key.slider_max, key.value = 1.0, 0.0
        mesh.shape_keys.name = mesh.name
    return thing


def skin(thing: bpy.types.Object, rig: bpy.types.Object, puppet: Puppet, own: np.ndarray) -> None:
    """Bind a sheet to the bones. own: (V,) which vertices are the sheet's."""
    weights = puppet.weights[own]
    for column, bone in enumerate(puppet.joints):
        rounded = np.round(weights[:, column], 3)
        if not rounded.any():
            continue
        group = thing.vertex_groups.new(name=bone)
        for value in np.unique(rounded[rounded > 0]):
            group.add(np.flatnonzero(rounded == value).tolist(), float(value), "REPLACE")
    thing.parent = rig
    modifier = thing.modifiers.new("Armature", "ARMATURE")
    modifier.object = rig
