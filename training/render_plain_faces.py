"""Render heads with few expressions at a time, in even light, from random sides: pictures whose truth is known.

    python -m understudy.training.render_plain_faces MATERIAL HEAD SEED COUNT OUT

HEAD is a key of HEADS; each SEED is another person. Leaves OUT/0000.jpg ... and OUT/truth.npz: weights (n, 52),
rotations (n, 3, 3) of the head in camera axes, lacking (k,) names of expressions that the head does not have.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import bpy
import cv2
import numpy as np
from mathutils import Matrix, Vector
from scipy.interpolate import RBFInterpolator

from ..solvers.names import EXPRESSION, EXPRESSIONS
from .mixtures import mixtures

# Head: file in MATERIAL/characters, centre of the face in its file (m), its unit of length.
HEADS = {
    "ict": ("ict_facekit_light.glb", (0.0, -0.085, 0.01), 1.0),
    "woman": ("mh_f_mixamo.glb", (0.0, -0.1086, 1.4638), 1.0),
    "man": ("mh_m_game_engine.glb", (0.0, -0.1273, 1.6036), 1.0),
    "capture": ("facecap_decoded.glb", (0.0, -0.30, 0.12), 10.0),
}
SIZE = 256  # px: about what the detector cuts out
# Points of MediaPipe's face mesh that outline what a bare mesh lacks.
BROWS = ((70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276))
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
IRISES = (468, 473)
COLOURS = {
    "M_GumsTongue": (0.6, 0.25, 0.25),
    "M_Teeth": (0.95, 0.93, 0.88),
    "M_ScleraLeft": (0.95, 0.95, 0.95),
    "M_ScleraRight": (0.95, 0.95, 0.95),
    "M_IrisLeft": (0.2, 0.12, 0.07),
    "M_IrisRight": (0.2, 0.12, 0.07),
    "M_EyeLashes": (0.1, 0.07, 0.05),
}
SKIN = np.array([0.8, 0.58, 0.47])


def expression_name(key: str) -> str:
    """The ARKit name of a shape key: sides written out, halves of one expression joined."""
    if key[-2:] in ("_L", "_R"):
        key = key[:-2] + {"_L": "Left", "_R": "Right"}[key[-2:]]
    return next((whole for whole in ("browInnerUp", "cheekPuff") if key.startswith(whole)), key)


def load(path: Path) -> tuple[list, dict]:
    """An empty scene with one head: its meshes, and {expression: its shape keys}. Animation in the file is dropped."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(path))
    for stray in [o for o in bpy.data.objects if o.name.startswith("Icosphere")]:
        bpy.data.objects.remove(stray)
    meshes = [o for o in bpy.data.objects if o.type == "MESH"]
    keys: dict[str, list] = {}
    for item in bpy.data.objects:
        item.animation_data_clear()
    for mesh in meshes:
        if mesh.data.shape_keys:
            mesh.data.shape_keys.animation_data_clear()
            for key in mesh.data.shape_keys.key_blocks[1:]:
                if expression_name(key.name) in EXPRESSION:
                    keys.setdefault(expression_name(key.name), []).append(key)
    return meshes, keys


def landmarks(material: Path) -> tuple[np.ndarray, np.ndarray]:
    """Neutral points (478, 3) m and modes of identity (60, 478, 3) m of the ICT head, in the axes of its file."""
    data = np.load(material / "training" / "ict_landmarks.npz")
    turn = lambda x: x[..., [0, 2, 1]] * np.array([1, -1, 1]) / 100  # noqa: E731
    return turn(data["neutral"]), turn(data["identities"])


def coordinates(key, count: int) -> np.ndarray:
    """Points (count, 3) of a shape key."""
    flat = np.zeros(count * 3)
    key.data.foreach_get("co", flat)
    return flat.reshape(-1, 3)


def paint(mesh, points: np.ndarray, world: np.ndarray, random: np.random.Generator) -> None:
    """Skin of a random tone, brows, lips and irises as vertex colours."""
    part = np.zeros(len(world), int)
    for polygon in mesh.data.polygons:
        part[list(polygon.vertices)] = polygon.material_index
    names = [m.name for m in mesh.data.materials]
    tone = random.uniform(0.6, 1.25) * np.array([1, random.uniform(0.9, 1.05), random.uniform(0.85, 1.1)])
    colours = np.array([COLOURS.get(name, SKIN * tone) for name in names])[part]
    face = np.flatnonzero((world[:, 1] < -0.06) & (part == names.index("M_Face")))
    dark = random.uniform(0.08, 0.4)
    areas = [(brow, np.array([1, 0.75, 0.6]) * dark, 0.85) for brow in BROWS] + [
        (LIPS, np.array([0.7, 0.3, 0.3]) * tone, 0.7)
    ]
    for outline, colour, strength in areas:
        polygon = (points[list(outline)][:, [0, 2]] * 1e4).astype(np.float32)
        depth = np.array([cv2.pointPolygonTest(polygon, tuple(map(float, world[v, [0, 2]] * 1e4)), True) for v in face])
        share = np.clip((depth + 8) / 12, 0, 1)[:, None] * strength
        colours[face] = colours[face] * (1 - share) + colour * share
    whites = np.isin(part, [names.index("M_ScleraLeft"), names.index("M_ScleraRight")])
    front = whites & (world[:, 1] < world[whites, 1].mean())
    iris = np.array([0.2, 0.12, 0.07]) * random.uniform(0.5, 2)
    for index in IRISES:
        distance = np.hypot(*(world[:, [0, 2]] - points[index, [0, 2]]).T)
        colours[front & (distance < 0.0062)] = iris
        colours[front & (distance < 0.0028)] = 0.02
    layer = mesh.data.color_attributes.new("Colour", "FLOAT_COLOR", "POINT")
    layer.data.foreach_set("color", np.column_stack([colours, np.ones(len(colours))]).astype(np.float32).ravel())
    mesh.data.color_attributes.active_color = layer


def become_somebody(mesh, material: Path, random: np.random.Generator) -> None:
    """Paint the ICT head and bend it into a random person: modes of identity at the landmarks, spread over the mesh."""
    points, modes = landmarks(material)
    blocks, count = mesh.data.shape_keys.key_blocks, len(mesh.data.vertices)
    matrix = np.array(mesh.matrix_world)
    world = coordinates(blocks[0], count) @ matrix[:3, :3].T + matrix[:3, 3]
    paint(mesh, points, world, random)
    offsets = np.tensordot(random.normal(size=len(modes)) * 0.8, modes, 1)
    once = np.unique(np.round(points, 5), axis=0, return_index=True)[1]
    spread = RBFInterpolator(points[once], offsets[once], smoothing=1e-5, neighbors=40)(world)
    spread *= 1 - np.clip((world[:, 1] + 0.02) / 0.06, 0, 1)[:, None]  # the back of the head stays
    spread = spread @ np.linalg.inv(matrix[:3, :3]).T
    for key in blocks:
        key.data.foreach_set("co", (coordinates(key, count) + spread).ravel())
    mesh.data.update()


def stage(head: str, centre: np.ndarray, random: np.random.Generator):
    """Camera, light and proportions: everything is scaled a little about the face, differently along each axis."""
    scene = bpy.context.scene
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    root = bpy.data.objects.new("root", None)
    for item in [o for o in bpy.data.objects if o.parent is None and o not in (camera, root)]:
        item.parent = root
    scene.collection.objects.link(camera)
    scene.collection.objects.link(root)
    scale = 1 + 0.09 * np.clip(random.normal(size=3), -1.5, 1.5)
    middle = Matrix.Translation(Vector(centre))
    root.matrix_world = middle @ Matrix.Diagonal((*scale, 1)) @ middle.inverted()
    scene.camera = camera
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.display.shading.light = "STUDIO"
    scene.display.shading.color_type = "VERTEX" if head == "ict" else "TEXTURE"
    scene.display.render_aa = "FXAA"
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x = scene.render.resolution_y = SIZE
    scene.render.image_settings.file_format = "JPEG"
    scene.render.image_settings.quality = 92
    return camera


def main(material: str, head: str, seed: str, count: str, out: str) -> None:
    """Render one head: see the module's docstring."""
    file, centre, unit = HEADS[head]
    random, folder, count = np.random.default_rng([list(HEADS).index(head), int(seed)]), Path(out), int(count)
    meshes, keys = load(Path(material) / "characters" / file)
    if head == "ict":
        become_somebody(meshes[0], Path(material), random)
    camera = stage(head, np.array(centre), random)
    weights = mixtures(count, random)
    turns = np.radians(random.normal(0, (12, 8, 6), (count, 3)))  # yaw, pitch, roll
    turns[:3] = 0
    rotations = np.zeros((count, 3, 3))
    for index in range(count):
        for name, blocks in keys.items():
            for key in blocks:
                key.value = weights[index, EXPRESSION[name]]
        yaw, pitch, roll = turns[index]
        turn = Matrix.Rotation(yaw, 4, "Z") @ Matrix.Rotation(pitch, 4, "X") @ Matrix.Rotation(roll, 4, "Y")
        rotations[index] = turn.to_3x3()
        distance, aside = random.uniform(0.5, 1.6), random.uniform(-0.02, 0.02, 2)
        place = Matrix.Translation((aside[0] * unit, -distance * unit, aside[1] * unit)) @ Matrix.Rotation(
            math.pi / 2, 4, "X"
        )
        camera.matrix_world = Matrix.Translation(Vector(centre)) @ turn.inverted() @ place
        camera.data.angle = 2 * math.atan(0.8 * random.uniform(0.18, 0.24) / distance)
        camera.data.clip_start = 0.01 * unit
        bpy.context.scene.render.filepath = str(folder / f"{index:04d}.jpg")
        bpy.ops.render.render(write_still=True)
    lacking = [name for name in EXPRESSIONS if name not in keys]
    np.savez(
        folder / "truth.npz", weights=weights, rotations=rotations, lacking=np.array(lacking),
        alone=np.zeros(count, bool),
    )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
