"""What a neural renderer made comes back into the scene: strips of picture and sound, and a plane that shows it."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from ...solvers.footage import film, video
from .. import rendering

NAME = "Understudy Neural"
GAP = 0.15  # of the plane's height, between it and the character


def retimed(made: Path, out: Path, fps: float, sound: film.Soundtrack | None) -> None:
    """Write a film at a scene's rate, so that every frame has its picture. fps: 1/s. sound: that is heard with it."""
    clip = video.probe(made)
    count = max(1, round(clip.seconds * fps))
    shown = film.shown(film.Soundtrack(str(made)), fps, clip.size[1] // 2 * 2)
    film.write(out, (picture for _, picture in zip(range(count), shown, strict=False)), fps, sound)


def bring(scene: bpy.types.Scene, made: Path, frame: int) -> tuple[object, bpy.types.Object]:
    """Show a film in a scene from a frame on: as a strip with its sound, and on a plane. What an earlier call made is
    replaced; tells the strip and the plane.

    made: of the scene's rate, see `retimed`.
    """
    clip = video.probe(made)
    return _strips(scene, made, frame, clip.sound), _plane(scene, made, frame, clip)


def _strips(scene: bpy.types.Scene, made: Path, frame: int, sound: bool):
    editor = scene.sequence_editor or scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    for strip in [strip for strip in strips if strip.name.startswith(NAME)]:
        strips.remove(strip)
    channel = 1 + max((strip.channel for strip in strips), default=0)
    shown = strips.new_movie(NAME, str(made), channel, frame, fit_method="FIT")
    shown.mute = True  # it would take the place of the scene in renders; the sequencer's own view shows it unmuted
    if sound:
        try:
            heard = strips.new_sound(f"{NAME} Sound", str(made), channel + 1, frame)
        except RuntimeError:  # a Blender without an audio system
            return shown
        heard.mute = any(strip.name == "Understudy Sound" for strip in strips)  # the same sound, not twice
    return shown


def _plane(scene: bpy.types.Scene, made: Path, frame: int, clip: video.Video) -> bpy.types.Object:
    """A plane beside the character, as high as it is, upright, facing where the camera is or the front."""
    _remove(scene)
    corner, height, facing = _room(scene)
    width = height * clip.size[0] / clip.size[1]
    mesh = bpy.data.meshes.new(NAME)
    corners = [(x * width, 0, z * height) for x, z in ((0, 0), (1, 0), (1, 1), (0, 1))]
    mesh.from_pydata(corners, [], [(0, 1, 2, 3)])
    layer = mesh.uv_layers.new()
    for loop, place in zip(layer.data, ((0, 0), (1, 0), (1, 1), (0, 1)), strict=True):
        loop.uv = place
    plane = bpy.data.objects.new(NAME, mesh)
    across = np.cross([0.0, 0.0, 1.0], facing)
    axes = np.stack([across, -facing, [0.0, 0.0, 1.0]], 1)
    plane.matrix_world = Matrix.Translation(corner + across * height * GAP) @ Matrix(axes.tolist()).to_4x4()
    mesh.materials.append(_material(made, frame, clip))
    home = bpy.data.collections.new(NAME)
    home.objects.link(plane)
    scene.collection.children.link(home)
    return plane


def _room(scene: bpy.types.Scene) -> tuple[np.ndarray, float, np.ndarray]:
    """The lower corner beside the character, its height, and the way to the camera, all (3,) in the world."""
    chosen = scene.understudy.character
    facing = np.array([0.0, -1.0, 0.0])
    if scene.camera is not None:
        back = np.array(scene.camera.matrix_world)[:3, 2] * [1, 1, 0]
        facing = back / np.linalg.norm(back) if np.linalg.norm(back) > 0.1 else facing
    if chosen is None or chosen.name not in scene.objects:
        return np.zeros(3), 2.0, facing
    from .. import rigs

    points = rendering.surface(rigs.objects_of(chosen, scene))
    if not len(points):
        return np.array(chosen.matrix_world.translation), 2.0, facing
    across = np.cross([0.0, 0.0, 1.0], facing)
    middle, low, high = points.mean(0), points[:, 2].min(), points[:, 2].max()
    aside = (points @ across).max() - middle @ across
    place = middle + across * aside
    return np.array([place[0], place[1], low]), max(float(high - low), 1e-3), facing


def _material(made: Path, frame: int, clip: video.Video) -> bpy.types.Material:
    """A material that shines with the film's pictures."""
    material = bpy.data.materials.new(NAME)
    if material.node_tree is None:  # before Blender 5.0 materials begin without nodes
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    picture, shine, end = (nodes.new(f"ShaderNode{kind}") for kind in ("TexImage", "Emission", "OutputMaterial"))
    image = bpy.data.images.load(str(made), check_existing=False)
    image.name, image.source = NAME, "MOVIE"
    picture.image, user = image, picture.image_user
    user.frame_start, user.frame_duration, user.use_auto_refresh = frame, clip.frames, True
    links.new(picture.outputs["Color"], shine.inputs["Color"])
    links.new(shine.outputs["Emission"], end.inputs["Surface"])
    nodes.active = picture
    return material


def _remove(scene: bpy.types.Scene) -> None:
    """Take an earlier result's plane away."""
    for home in [home for home in scene.collection.children if home.name.startswith(NAME)]:
        for thing in list(home.objects):
            mesh = thing.data
            bpy.data.objects.remove(thing)
            if isinstance(mesh, bpy.types.Mesh) and not mesh.users:
                materials = [material for material in mesh.materials if material]
                bpy.data.meshes.remove(mesh)
                for material in materials:
                    images = [node.image for node in material.node_tree.nodes if node.type == "TEX_IMAGE"]
                    bpy.data.materials.remove(material)
                    for image in [image for image in images if image and not image.users]:
                        bpy.data.images.remove(image)
        bpy.data.collections.remove(home)
