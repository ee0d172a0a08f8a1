"""Hair, lashes and brows on see-through cards, made fit for Workbench, which draws faint parts as if solid."""

from __future__ import annotations

import bpy
import numpy as np

from .armature import CharacterObjects

NODE = "Understudy Cutout"
DRAWN = 0.1  # alpha above which Workbench draws a texture's pixel, fully (its ImageTransparencyCutoff)
SOLID = 0.5  # alpha above which a pixel covers more than it shows
WORTH = 0.002  # share of a picture's pixels between the two that is worth a copy


def cut_out(objects: CharacterObjects) -> int:
    """Give each see-through picture of a character a copy of which only the solid parts are drawn by Workbench.

    objects: its meshes. The copy sits in a node of its own that is connected to nothing: other engines, and the
    picture itself, stay as they are. Tells how many materials have one.
    """
    materials = {slot.material for mesh in objects.meshes for slot in mesh.material_slots if slot.material}
    copies: dict[str, bpy.types.Image | None] = {}
    return sum(_give_cutout(material, copies) for material in sorted(materials, key=lambda material: material.name))


def _give_cutout(material: bpy.types.Material, copies: dict) -> bool:
    """Whether a material has a cut-out in the end. copies: {picture: its cut-out, None where it needs none}."""
    nodes = material.node_tree.nodes if material.node_tree else ()
    textures = [node for node in nodes if node.type == "TEX_IMAGE" and node.image]
    if any(node.name == NODE for node in textures):
        return True
    shown = next((node for node in textures if _is_colour(node)), None)
    if shown is None:
        return False
    if shown.image.name not in copies:
        copies[shown.image.name] = _cutout(shown.image)
    if copies[shown.image.name] is None:
        return False
    node = nodes.new("ShaderNodeTexImage")
    node.name = node.label = NODE
    node.image, node.interpolation = copies[shown.image.name], shown.interpolation
    node.location = shown.location[0], shown.location[1] + 300
    nodes.active = node  # the one that Workbench shows
    return True


def _is_colour(node: bpy.types.Node) -> bool:
    """Whether a texture gives a surface its colour and lets through where it is empty."""
    targets = {link.to_socket.name for link in node.outputs["Color"].links}
    return bool(node.outputs["Alpha"].links) and bool(targets & {"Base Color", "Color", "A", "B", "Color1", "Color2"})


def _cutout(picture: bpy.types.Image) -> bpy.types.Image | None:
    """The copy of a picture whose faint pixels are empty; None where there are too few of them to matter."""
    width, height = picture.size
    if picture.channels != 4 or not width * height:
        return None
    pixels = np.empty(width * height * 4, np.float32)
    picture.pixels.foreach_get(pixels)
    alpha = pixels[3::4]
    faint = (alpha > DRAWN / 2) & (alpha < SOLID)
    if faint.mean() < WORTH:
        return None
    alpha[faint] = 0.0
    copy = bpy.data.images.new(f"{picture.name} cutout", width, height, alpha=True)
    copy.colorspace_settings.name = picture.colorspace_settings.name
    copy.alpha_mode = "STRAIGHT"  # of channel-packed pictures, as importers make them, Workbench ignores the alpha
    copy.pixels.foreach_set(pixels)
    copy.update()
    copy.pack()
    return copy
