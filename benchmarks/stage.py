"""The room in which performances are filmed, its light and its camera, in Blender's Workbench."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix

from ..addon.figures.assemble import look

WALL = ((0.83, 0.78, 0.70), (0.95, 0.92, 0.86))  # sRGB at its foot and at its top
FLOOR = (0.68, 0.57, 0.47)


def dress(scene, pose: np.ndarray, fov: float, size: tuple[int, int]) -> None:
    """Build the room in a scene and set up camera, light and picture.

    pose: (4, 4) camera to world; fov: vertical, degrees; size: (width, height) px.
    """
    _wall(scene)
    _box(scene, "floor", (0, -1.0, -0.01), (8, 5.2, 0.02), FLOOR)
    _box(scene, "skirting", (0, 1.57, 0.05), (8, 0.03, 0.10), (0.96, 0.95, 0.93))
    _box(scene, "frame", (-0.47, 1.57, 1.55), (0.46, 0.03, 0.60), (0.25, 0.20, 0.17))
    _box(scene, "picture", (-0.47, 1.55, 1.55), (0.40, 0.03, 0.54), (0.93, 0.88, 0.80))
    _box(scene, "hill", (-0.47, 1.54, 1.40), (0.40, 0.03, 0.24), (0.45, 0.58, 0.55))
    _ball(scene, "sun", (-0.39, 1.535, 1.63), (0.07, 0.005, 0.07), (0.90, 0.56, 0.36))
    _plant(scene, (0.74, 1.26, 0.0))
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    camera.matrix_world = Matrix(pose.tolist())
    camera.data.sensor_fit, camera.data.angle = "VERTICAL", np.radians(fov)
    scene.camera = camera
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = *size, 100
    render.engine = "BLENDER_WORKBENCH"
    render.image_settings.file_format = "PNG"
    scene.view_settings.view_transform = "Standard"
    scene.view_settings.exposure = 0.75  # stops; the studio light alone leaves a room in dusk
    shading = scene.display.shading
    shading.light, shading.color_type = "STUDIO", "MATERIAL"
    shading.show_shadows, shading.shadow_intensity = True, 0.30
    scene.display.light_direction = (-0.35, 0.45, 0.82)
    scene.display.shadow_focus, scene.display.shadow_shift = 0.6, 0.1
    shading.show_cavity, shading.cavity_type = True, "SCREEN"
    shading.curvature_ridge_factor, shading.curvature_valley_factor = 0.3, 0.6
    shading.show_specular_highlight = True
    scene.display.render_aa = "5"


LIGHTS = {  # exposure in stops, where the light comes from (x right, y toward the wall, z up), depth of shadows if any
    "room": (0.75, (-0.35, 0.45, 0.82), 0.30),
    "window": (0.35, (0.90, 0.25, 0.35), 0.55),
    "evening": (-0.40, (-0.60, 0.10, 0.79), 0.0),
    "bright": (1.15, (0.15, 0.30, 0.94), 0.0),
}


def light(scene, name: str) -> None:
    """Light a scene that is dressed otherwise than it was. name: one of LIGHTS."""
    exposure, direction, shadow = LIGHTS[name]
    scene.view_settings.exposure = exposure
    scene.display.light_direction = direction
    scene.display.shading.show_shadows, scene.display.shading.shadow_intensity = shadow > 0, shadow
    scene.display.render_aa = "FXAA"  # a third of the time that samples take


def stool(scene, place: tuple[float, float], height: float) -> None:
    """A stool. place: (x, y) m of its middle; height: m of its seat."""
    _box(scene, "seat", (*place, height - 0.02), (0.36, 0.36, 0.04), (0.55, 0.40, 0.28))
    for x in (-0.15, 0.15):
        for y in (-0.15, 0.15):
            _box(
                scene,
                "leg",
                (place[0] + x, place[1] + y, 0.5 * height - 0.02),
                (0.03, 0.03, height - 0.04),
                (0.4, 0.3, 0.2),
            )


def photograph(scene, path: str) -> str:
    """Render the scene's present state to a PNG and return its path."""
    scene.render.filepath = path
    bpy.ops.render.render(write_still=True, scene=scene.name)
    return path


def _mesh(scene, name: str, vertices, faces, colours, roughness: float = 0.9, smooth: bool = False):
    """A mesh object with one colour a face. colours: one sRGB for all, or one a face."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(np.asarray(vertices).tolist(), [], faces)
    rows = [colours] * len(faces) if np.ndim(colours) == 1 else list(colours)
    different = sorted(set(map(tuple, rows)))
    for colour in different:
        mesh.materials.append(look(name, colour, roughness))
    mesh.polygons.foreach_set("material_index", [different.index(tuple(c)) for c in rows])
    mesh.polygons.foreach_set("use_smooth", [smooth] * len(faces))
    thing = bpy.data.objects.new(name, mesh)
    scene.collection.objects.link(thing)
    return thing


def _wall(scene) -> None:
    """A wall that grows lighter upwards, in fine bands."""
    levels = np.linspace(0, 3.2, 65)
    vertices = [(x, 1.6, z) for z in levels for x in (-4, 4)]
    faces = [(2 * i, 2 * i + 1, 2 * i + 3, 2 * i + 2) for i in range(64)]
    foot, top = np.array(WALL)
    share = np.linspace(0, 1, 64)[:, None] ** 0.8
    _mesh(scene, "wall", vertices, faces, ((1 - share) * foot + share * top).round(4))


def _box(scene, name: str, centre, size, colour) -> None:
    corners = np.array([(x, y, z) for z in (-0.5, 0.5) for y in (-0.5, 0.5) for x in (-0.5, 0.5)])
    faces = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (1, 3, 7, 5), (3, 2, 6, 7), (2, 0, 4, 6)]
    _mesh(scene, name, corners * size + np.array(centre), faces, colour)


def _ball(scene, name: str, centre, radii, colour) -> None:
    rows, columns = 10, 16
    up, around = np.meshgrid(
        np.linspace(-np.pi / 2, np.pi / 2, rows), 2 * np.pi * np.arange(columns) / columns, indexing="ij"
    )
    points = np.stack([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)], -1).reshape(-1, 3)
    faces = [(i * columns + j, i * columns + (j + 1) % columns, (i + 1) * columns + (j + 1) % columns,
              (i + 1) * columns + j)
             for i in range(rows - 1) for j in range(columns)]  # fmt: skip
    _mesh(scene, name, points * radii + np.array(centre), faces, colour, smooth=True)


def _plant(scene, place) -> None:
    """A pot with long arching leaves."""
    rings = [(0.10, 0.0), (0.13, 0.02), (0.15, 0.26), (0.155, 0.30), (0.13, 0.30), (0.12, 0.27)]
    angle = 2 * np.pi * np.arange(20) / 20
    points = [(r * np.cos(a), r * np.sin(a), z) for r, z in rings for a in angle]
    faces = [(i * 20 + j, i * 20 + (j + 1) % 20, (i + 1) * 20 + (j + 1) % 20, (i + 1) * 20 + j)
             for i in range(len(rings) - 1) for j in range(20)]  # fmt: skip
    faces.append(tuple(range(100, 120)))
    _mesh(scene, "pot", np.array(points) + place, faces, (0.80, 0.50, 0.36), smooth=True)
    random = np.random.default_rng(3)
    vertices, leaves, colours = [], [], []
    along = np.linspace(0, 1, 9)
    for k in range(17):
        turn, lean, length = 2.4 * k, random.uniform(0.15, 0.55), random.uniform(0.40, 0.72)
        out = length * lean * (along + 0.6 * along**2)
        height = 0.28 + length * along * (1 - 0.32 * lean * along**2 * 2)
        wide = 0.042 * np.sin(np.pi * (0.06 + 0.94 * along)) ** 0.7 * (1 - along**6)
        c, s = np.cos(turn), np.sin(turn)
        start = len(vertices)
        for o, h, w in zip(out, height, wide, strict=True):
            vertices += [
                (o * c - w * s, o * s + w * c, h + 0.3 * w),
                (o * c, o * s, h),
                (o * c + w * s, o * s - w * c, h + 0.3 * w),
            ]
        shade = np.array([0.24, 0.45, 0.29]) * random.uniform(0.8, 1.2)
        for i in range(8):
            for j in (0, 1):
                a = start + 3 * i + j
                leaves.append((a, a + 1, a + 4, a + 3))
                colours.append(tuple(shade.round(3)))
    _mesh(scene, "leaves", np.array(vertices) + place, leaves, colours, smooth=True)
