"""Depth, normals and a mask of what a camera sees, drawn by Workbench: each frame as one mesh whose colours say so.

Workbench needs no graphics card and no compositor; colours of corners are drawn flat and read back as floats.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import bpy
import numpy as np

from ...solvers.errors import RenderError
from .places import View

NAME = "Understudy Passes"
KINDS = ("MESH", "CURVE", "SURFACE", "META", "FONT")
COLOR = "understudy"


class Passes:
    """A scene of its own in which the frames of another are drawn as data. Used as a context.

    character: names of the character's meshes. folder: for the file that is drawn over and over.
    """

    def __init__(self, scene: bpy.types.Scene, character: set[str], folder: Path):
        self._from, self._character, self._file = scene, character, folder / "data.exr"

    def __enter__(self) -> Passes:
        self._scene = bpy.data.scenes.new(NAME)
        self._camera = bpy.data.objects.new(NAME, self._from.camera.data)
        self._scene.collection.objects.link(self._camera)
        self._scene.camera = self._camera
        _set_up(self._scene, self._from)
        return self

    def __exit__(self, *_) -> None:
        camera = self._camera
        bpy.data.scenes.remove(self._scene)
        bpy.data.objects.remove(camera)

    def drawn(self, seen: View) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Depth (H, W) along the camera's axis in Blender's units, inf where nothing is; normals (H, W, 3) in the
        camera's axes, 0 where nothing is; mask (H, W), True on the character: of the frame that is shown now.

        seen: the camera now.
        """
        graph = bpy.context.evaluated_depsgraph_get()
        pieces = [_read(*piece, seen) for piece in _visible(graph)]
        height, width = seen.size[::-1]
        if not pieces:
            nothing = np.zeros((height, width))
            return nothing + np.inf, np.zeros((height, width, 3)), nothing > 0
        corners, vertices = _joined(pieces, self._character)
        far = max(float(corners["depth"].max()), 1e-6)
        self._camera.matrix_world = self._from.camera.evaluated_get(graph).matrix_world
        self._scene.render.resolution_x, self._scene.render.resolution_y = seen.size
        with self._shown(vertices, corners) as show:
            words = show(np.column_stack([corners["depth"] / far, corners["mask"], np.ones(len(corners["mask"]))]))
            normals = show(corners["normal"] * 0.5 + 0.5)
        there = words[..., 2] > 0.5
        depth = np.where(there, words[..., 0] * far, np.inf)
        return depth, np.where(there[..., None], normals * 2 - 1, 0), there & (words[..., 1] > 0.5)

    @contextlib.contextmanager
    def _shown(self, vertices: np.ndarray, corners: dict) -> Iterator:
        """While it lasts, a frame's mesh is in the scene; gives what draws it with colours (L, 3) of its corners."""
        mesh = bpy.data.meshes.new(NAME)
        thing = bpy.data.objects.new(NAME, mesh)
        try:
            mesh.vertices.add(len(vertices))
            mesh.vertices.foreach_set("co", vertices.astype(np.float32).ravel())
            mesh.loops.add(len(corners["vertex"]))
            mesh.loops.foreach_set("vertex_index", corners["vertex"].astype(np.int32))
            mesh.polygons.add(len(corners["starts"]))
            mesh.polygons.foreach_set("loop_start", corners["starts"].astype(np.int32))
            mesh.update(calc_edges=True)
            color = mesh.color_attributes.new(COLOR, "FLOAT_COLOR", "CORNER")
            mesh.color_attributes.active_color = color
            mesh.color_attributes.render_color_index = mesh.color_attributes.active_color_index
            self._scene.collection.objects.link(thing)

            def show(values: np.ndarray) -> np.ndarray:
                full = np.column_stack([values, np.ones(len(values))]).astype(np.float32)
                mesh.color_attributes[COLOR].data.foreach_set("color", full.ravel())
                mesh.update()
                return self._picture()

            yield show
        finally:
            bpy.data.objects.remove(thing)
            bpy.data.meshes.remove(mesh)

    def _picture(self) -> np.ndarray:
        """What the scene looks like (H, W, 3) as floats, from the top."""
        self._scene.render.filepath = str(self._file)
        try:
            bpy.ops.render.render(write_still=True, scene=self._scene.name)
        except RuntimeError as fault:
            reason = " ".join(str(fault).replace("Error: ", " ").split()).rstrip(".")
            raise RenderError(f"The passes cannot be drawn ({reason}): make room on the disk, or try again.") from fault
        image = bpy.data.images.load(str(self._file), check_existing=False)
        try:
            image.colorspace_settings.name = "Non-Color"
            width, height = image.size
            flat = np.empty(width * height * image.channels, np.float32)
            image.pixels.foreach_get(flat)
        finally:
            bpy.data.images.remove(image)
        return flat.reshape(height, width, -1)[::-1, :, :3]


def _set_up(scene: bpy.types.Scene, other: bpy.types.Scene) -> None:
    """Let a scene be drawn flat, in the colours of corners as they are, into a file of floats."""
    render, settings, shading = scene.render, scene.render.image_settings, scene.display.shading
    render.engine = "BLENDER_WORKBENCH"
    render.resolution_percentage, render.use_file_extension = 100, False
    render.pixel_aspect_x, render.pixel_aspect_y = other.render.pixel_aspect_x, other.render.pixel_aspect_y
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_depth, settings.exr_codec = "OPEN_EXR", "32", "NONE"
    settings.color_mode = "RGB"
    scene.display.render_aa = "OFF"
    shading.light, shading.color_type = "FLAT", "VERTEX"
    shading.show_cavity = shading.show_shadows = shading.show_object_outline = shading.show_specular_highlight = False
    shading.show_backface_culling = False
    render.film_transparent = True  # black where nothing is
    scene.view_settings.view_transform, scene.view_settings.look = "Raw", "None"
    scene.view_settings.exposure, scene.view_settings.gamma = 0.0, 1.0


def _visible(graph: bpy.types.Depsgraph) -> Iterator[tuple]:
    """(object, matrix) of all that a camera may see and that has a surface, instances too."""
    for one in graph.object_instances:
        thing, original = one.object, one.object.original
        homes = original.users_collection
        hidden = original.hide_render or (homes and all(home.hide_render for home in homes))
        if one.show_self and not hidden and thing.type in KINDS and thing.display_type not in ("WIRE", "BOUNDS"):
            yield thing, np.array(one.matrix_world)


def _read(thing: bpy.types.Object, world: np.ndarray, seen: View) -> dict:
    """An object's corners: vertices (V, 3) in the world, and depth, normal, vertex, starts of its corners."""
    mesh = thing.to_mesh()
    try:
        points, normals = np.empty(3 * len(mesh.vertices), np.float32), np.empty(3 * len(mesh.loops), np.float32)
        vertex, starts = np.empty(len(mesh.loops), np.int32), np.empty(len(mesh.polygons), np.int32)
        mesh.vertices.foreach_get("co", points)
        mesh.corner_normals.foreach_get("vector", normals)
        mesh.loops.foreach_get("vertex_index", vertex)
        mesh.polygons.foreach_get("loop_start", starts)
    finally:
        thing.to_mesh_clear()
    points = points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]
    turned = normals.reshape(-1, 3) @ np.linalg.pinv(world[:3, :3]) @ seen.eye[:3, :3].T
    turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-9)
    turned = np.where(turned[:, 2:] < 0, turned * [1, 1, -1], turned)  # both sides are seen
    depth = -(points @ seen.eye[2, :3] + seen.eye[2, 3])
    return {"name": thing.original.name, "points": points, "vertex": vertex, "starts": starts, "normal": turned,
            "depth": depth[vertex]}  # fmt: skip


def _joined(pieces: list[dict], character: set[str]) -> tuple[dict, np.ndarray]:
    """One mesh of many: {name: of all corners}, and vertices (V, 3). character: names of those in the mask."""
    before = np.cumsum([0, *(len(piece["points"]) for piece in pieces)])
    loops = np.cumsum([0, *(len(piece["vertex"]) for piece in pieces)])
    corners = {name: np.concatenate([piece[name] for piece in pieces]) for name in ("normal", "depth")}
    corners["vertex"] = np.concatenate([piece["vertex"] + n for piece, n in zip(pieces, before, strict=False)])
    corners["starts"] = np.concatenate([piece["starts"] + n for piece, n in zip(pieces, loops, strict=False)])
    corners["mask"] = np.repeat([piece["name"] in character for piece in pieces], np.diff(loops)).astype(float)
    return corners, np.concatenate([piece["points"] for piece in pieces])
