"""Parts become a character in Blender: a face and a body mesh, materials, shape keys and an armature."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Vector

from ...solvers.names import EXPRESSIONS, PARENTS
from . import face
from .clothes import Cut, hood, pocket, shoes, strings, sweater, trousers
from .hands import hands
from .headstyle import HeadStyle
from .part import Part, join
from .proportions import Proportions, joints

Palette = dict[str, tuple[tuple[float, float, float], float]]


def palette(head: Palette, clothes: Palette) -> Palette:
    """All looks of a figure {material: (sRGB 0..1, roughness)}; nails are the skin's colour, lighter and smoother."""
    skin, rough = head["skin"]
    nail = (min(1.0, skin[0] * 1.03 + 0.02), skin[1] * 1.03 + 0.01, skin[2] * 1.05 + 0.02)
    return {**head, **clothes, "nail": (nail, 0.6 * rough)}


def body_parts(p: Proportions, cut: Cut) -> list[Part]:
    """All of a figure below its head, in T-pose."""
    extras = [hood(p, cut), pocket(p, cut), *strings(p, cut)] if cut.hood else []
    return [sweater(p, cut), *extras, trousers(p, cut), *shoes(p, cut), *hands(p)]


def head_parts(p: Proportions, style: HeadStyle) -> list[Part]:
    """The head in its place above the body."""
    at = joints(p)["head"][0]
    return [Part(q.name, q.vertices + at, q.faces, q.materials, q.weights, q.shapes) for q in face.head(style)]


def add(scene, p: Proportions, cut: Cut, style: HeadStyle, looks: Palette):
    """Build a figure in a collection of its own and return its armature object.

    scene: where it goes; p, cut, style: its form; looks: {material: (sRGB, roughness)}.
    """
    collection = bpy.data.collections.new(p.name)
    scene.collection.children.link(collection)
    rig = armature(scene, collection, p)
    materials: dict[str, bpy.types.Material] = {}
    for name, parts in (("Face", head_parts(p, style)), ("Body", body_parts(p, cut))):
        part = join(f"{p.name} {name}", parts)
        for material in sorted(set(part.materials) - set(materials)):
            materials[material] = look(f"{p.name} {material}", *looks[material])
        skinned(mesh_object(part, materials, collection), rig, part)
    return rig


def armature(scene, collection, p: Proportions):
    """The skeleton as an armature object: VRM names, rest pose = T-pose, the x axis of every finger its hinge."""
    data = bpy.data.armatures.new(p.name)
    rig = bpy.data.objects.new(p.name, data)
    collection.objects.link(rig)
    places = joints(p)
    layer = _layer_showing(rig, scene)
    active, chosen = layer.objects.active, [o for o in layer.objects if o.select_get(view_layer=layer)]
    mode = active.mode if active else "OBJECT"
    with bpy.context.temp_override(scene=scene, view_layer=layer, active_object=rig, object=rig):
        if active and mode != "OBJECT":
            layer.objects.active = active
            bpy.ops.object.mode_set(mode="OBJECT")
        layer.objects.active = rig
        bpy.ops.object.mode_set(mode="EDIT")
        for name, (head, tail) in places.items():
            bone = data.edit_bones.new(name)
            bone.head, bone.tail = Vector(head), Vector(tail)
            bone.align_roll(Vector((0, 0, 1)) if abs(tail[2] - head[2]) < 0.7 * bone.length else Vector((0, -1, 0)))
        for name in places:
            parent = PARENTS[name]
            if parent:
                data.edit_bones[name].parent = data.edit_bones[parent]
        bpy.ops.object.mode_set(mode="OBJECT")
        rig.select_set(False, view_layer=layer)
        for other in chosen:
            other.select_set(True, view_layer=layer)
        layer.objects.active = active
        if active and mode != "OBJECT":
            bpy.ops.object.mode_set(mode=mode)
    data.display_type = "STICK"
    rig.show_in_front = True
    return rig


def _layer_showing(rig, scene):
    """The scene's view layer that holds the new object."""
    for layer in scene.view_layers:
        layer.update()
        if rig.name in layer.objects:
            return layer
    return scene.view_layers[0]


def look(name: str, colour: tuple[float, float, float], roughness: float):
    """A material with one colour, both in Workbench and for rendering. colour: sRGB 0..1."""
    material = bpy.data.materials.new(name)
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]  # IEC 61966-2-1
    material.diffuse_color = (*linear, 1.0)
    material.roughness = roughness
    if not material.node_tree:  # before 5.0 materials start without nodes
        material.use_nodes = True
    shader = next(n for n in material.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (*linear, 1.0)
    shader.inputs["Roughness"].default_value = roughness
    return material


def mesh_object(part: Part, materials: dict, collection):
    """A mesh object with smooth shading, materials, vertex groups and shape keys, all from one part."""
    mesh = bpy.data.meshes.new(part.name)
    mesh.from_pydata(part.vertices.tolist(), [], part.faces)
    names = sorted(set(part.materials))
    for name in names:
        mesh.materials.append(materials[name])
    slot = {name: i for i, name in enumerate(names)}
    mesh.polygons.foreach_set("material_index", np.array([slot[m] for m in part.materials], np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(len(part.faces), bool))
    mesh.update()
    thing = bpy.data.objects.new(part.name, mesh)
    collection.objects.link(thing)
    if part.shapes:
        thing.shape_key_add(name="Basis", from_mix=False)
        for name in EXPRESSIONS:
            if name in part.shapes:
                key = thing.shape_key_add(name=name, from_mix=False)
                key.data.foreach_set("co", (part.vertices + part.shapes[name]).astype(np.float32).ravel())
                key.slider_min, key.slider_max, key.value = 0.0, 1.0, 0.0  # 5.0 adds them switched on
        mesh.shape_keys.name = part.name
    return thing


def skinned(thing, rig, part: Part) -> None:
    """Bind a mesh object to the armature with the part's weights; twists keep their volume."""
    for bone, weights in part.weights.items():
        group = thing.vertex_groups.new(name=bone)
        rounded = np.round(weights, 4)
        for value in np.unique(rounded[rounded > 0]):
            group.add(np.flatnonzero(rounded == value).tolist(), float(value), "REPLACE")
    thing.parent = rig
    modifier = thing.modifiers.new("Armature", "ARMATURE")
    modifier.object = rig
    modifier.use_deform_preserve_volume = True
