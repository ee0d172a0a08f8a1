"""What is around the character in a film: a studio's rounded backdrop, soft light from three sides, a calm world."""

from __future__ import annotations

import math

import bpy
import numpy as np
from mathutils import Vector

NAME = "Understudy Stage"
WALL = (0.68, 0.76, 0.81)  # sRGB, a light sky blue: skin and warm clothes stand out from it
STEPS = 24  # faces round the backdrop's bend
# Three lights: (across, towards the camera, up) in subject heights, size in heights, share of the key's strength.
LIGHTS = {
    "Key": ((-1.1, 1.5, 1.0), 1.0, 1.0),
    "Fill": ((1.6, 1.2, 0.3), 1.6, 0.35),
    "Rim": ((0.9, -1.0, 1.2), 0.8, 0.7),
}
SHADOW = (0.24, 0.45, 48)  # Workbench's shadow on the floor: radius in heights, darkest share, px of its picture
KEY_POWER = 12.0  # W of an area light one metre from its subject: with the world's light, cloth is not burnt out


def build_backdrop(
    scene: bpy.types.Scene, points: np.ndarray, forward: np.ndarray
) -> tuple[bpy.types.Collection, float]:
    """Build the stage anew around all points of a performance; returns its collection and the floor's height.

    points: (P, 3) in the world. forward: (3,) horizontal, where the character looks.
    """
    _clear(scene)
    collection = bpy.data.collections.new(NAME)
    scene.collection.children.link(collection)
    low, high = points.min(0), points.max(0)
    height = max(float(high[2] - low[2]), 0.25 * float(np.linalg.norm(high - low)))
    ground = float(np.quantile(points[:, 2], 0.0005))
    centre = np.array([*(low[:2] + high[:2]) / 2, ground])
    spread = float(np.linalg.norm(high[:2] - low[:2]))
    _wall(collection, centre, ground, forward, height, spread)
    scene.world = _world()
    scene.display.shading.background_type = "VIEWPORT"
    scene.display.shading.background_color = _linear(WALL)
    return collection, ground


def light(
    scene: bpy.types.Scene, collection: bpy.types.Collection, points: np.ndarray, ground: float, forward: np.ndarray
) -> None:
    """Light the subject softly from three sides.

    points: (P, 3) in the world, what the camera shows. forward: (3,) horizontal, where the character looks.
    """
    low, high = points.min(0), points.max(0)
    height = float(np.linalg.norm(high - low))
    centre = Vector((low + high) / 2)
    across = Vector(np.cross([0.0, 0.0, 1.0], forward))
    for name, (where, size, share) in LIGHTS.items():
        data = bpy.data.lights.new(f"Understudy {name}", "AREA")
        place = centre + height * (where[0] * across + where[1] * Vector(forward) + where[2] * Vector((0, 0, 1)))
        place.z = max(place.z, ground + 0.2 * height)
        data.shape, data.size = "DISK", size * height
        data.energy = KEY_POWER * share * (place - centre).length_squared
        lamp = bpy.data.objects.new(data.name, data)
        lamp.location = place
        lamp.rotation_mode = "QUATERNION"
        lamp.rotation_quaternion = (centre - place).to_track_quat("-Z", "Y")
        collection.objects.link(lamp)


def shade_floor(
    collection: bpy.types.Collection, armature: bpy.types.Object, bone: str, points: np.ndarray, ground: float
) -> bpy.types.Object:
    """A soft shadow under a character, which Workbench cannot draw by itself: a disc that goes where a bone goes.

    points: (P, 3) in the world, of the whole performance. ground: the floor's height.
    """
    height = float(np.ptp(points[:, 2]))
    radius, darkest, side = SHADOW
    mesh = bpy.data.meshes.new("Understudy Shadow")
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    mesh.from_pydata([(*(radius * height * c), 0.0) for c in corners], [], [(0, 1, 2, 3)])
    mesh.uv_layers.new().data.foreach_set("uv", (0.5 + 0.5 * corners).ravel())
    material = _paint("Understudy Shadow", WALL)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    texture = next((node for node in nodes if node.type == "TEX_IMAGE"), None) or nodes.new("ShaderNodeTexImage")
    texture.image = _spot("Understudy Shadow", side, darkest)
    shader = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    nodes.active = texture
    mesh.materials.append(material)
    thing = bpy.data.objects.new("Understudy Shadow", mesh)
    thing.hide_select = True
    thing.location.z = ground + 0.002 * height
    follow = thing.constraints.new("COPY_LOCATION")
    follow.target, follow.subtarget, follow.use_z = armature, bone, False
    collection.objects.link(thing)
    return thing


def _spot(name: str, side: int, darkest: float) -> bpy.types.Image:
    """A square picture in the floor's colour with a spot that fades to its edge. side: px; darkest: share 0..1."""
    image = bpy.data.images.get(name) or bpy.data.images.new(name, side, side)
    across = (np.arange(side) + 0.5) / side * 2 - 1
    inside = np.clip(1 - np.hypot(*np.meshgrid(across, across)), 0, 1)
    shade = 1 - darkest * (inside * inside * (3 - 2 * inside)) ** 1.5
    picture = np.ones((side, side, 4), np.float32)
    picture[..., :3] = shade[..., None] * np.array(WALL)
    image.pixels.foreach_set(picture.ravel())
    image.pack()
    return image


def _clear(scene: bpy.types.Scene) -> None:
    """Take away what an earlier call has made in this scene."""
    for collection in [child for child in scene.collection.children if child.name.startswith(NAME)]:
        for thing in list(collection.objects):
            data = thing.data
            bpy.data.objects.remove(thing)
            if data is not None and not data.users:
                bpy.data.batch_remove([data])
        bpy.data.collections.remove(collection)


def _wall(collection, centre: np.ndarray, ground: float, forward: np.ndarray, height: float, spread: float) -> None:
    """Floor and wall in one piece, bent round where they meet, so that no edge shows behind the character."""
    bend, behind = 1.2 * height, 0.9 * height + spread
    front, top, wide = 12 * height + spread, 8 * height, 14 * height + spread
    angles = np.linspace(0, math.pi / 2, STEPS + 1)
    profile = [(front, 0.0), *((-behind - bend * math.sin(a), bend * (1 - math.cos(a))) for a in angles)]
    profile.append((-behind - bend, top))
    across = np.cross([0.0, 0.0, 1.0], forward)
    points, faces = [], []
    for along, up in profile:
        for side in (-wide, wide):
            points.append(tuple(centre * [1, 1, 0] + forward * along + across * side + [0, 0, ground + up]))
    for row in range(len(profile) - 1):
        faces.append((2 * row, 2 * row + 1, 2 * row + 3, 2 * row + 2))
    mesh = bpy.data.meshes.new("Understudy Backdrop")
    mesh.from_pydata(points, [], faces)
    if mesh.polygons[0].normal.z < 0:
        mesh.flip_normals()
    mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), bool))
    mesh.materials.append(_paint("Understudy Backdrop", WALL))
    thing = bpy.data.objects.new("Understudy Backdrop", mesh)
    thing.hide_select = True
    collection.objects.link(thing)


def _paint(name: str, colour: tuple[float, float, float]) -> bpy.types.Material:
    """A matt material of one colour, in Workbench and when rendering. colour: sRGB 0..1."""
    material = bpy.data.materials.get(name) or bpy.data.materials.new(name)
    if material.node_tree is None:  # before 5.0 materials start without nodes
        material.use_nodes = True
    linear = (*_linear(colour), 1.0)
    material.diffuse_color, material.roughness, material.specular_intensity = linear, 1.0, 0.0
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = linear
    shader.inputs["Roughness"].default_value = 0.9
    return material


def _world() -> bpy.types.World:
    """An even, dim light from all around."""
    world = bpy.data.worlds.get(NAME) or bpy.data.worlds.new(NAME)
    if world.node_tree is None:
        world.use_nodes = True
    shade = next(node for node in world.node_tree.nodes if node.type == "BACKGROUND")
    shade.inputs["Color"].default_value = (*_linear(WALL), 1.0)
    shade.inputs["Strength"].default_value = 0.4
    world.color = _linear(WALL)
    return world


def _linear(colour: tuple[float, float, float]) -> tuple[float, ...]:
    """sRGB to linear light (IEC 61966-2-1)."""
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
