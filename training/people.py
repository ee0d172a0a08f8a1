"""Heads whose expressions are known, each of them as many different people.

Five families: the ICT-FaceKit head with its own modes of identity, a MakeHuman woman and man, a head made for face
capture, a woman of the Rocketbox library, and Understudy's own figures anywhere between the starter character and the
demo performer. On top of that every head is bent by a smooth random warp (`bend`), keys and all.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tempfile
from pathlib import Path

import bpy
import cv2
import numpy as np
from mathutils import Matrix
from scipy.interpolate import RBFInterpolator
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ..addon.figures import assemble, face, performer, starter
from ..addon.figures.proportions import PERFORMER, joints
from ..solvers.names import EXPRESSION

# Head: file in MATERIAL/characters, centre of the face in its file, its unit of length (its file's for one metre).
HEADS = {
    "ict": ("ict_facekit_light.glb", (0.0, -0.085, 0.01), 1.0),
    "woman": ("mh_f_mixamo.glb", (0.0, -0.1086, 1.4638), 1.0),
    "man": ("mh_m_game_engine.glb", (0.0, -0.1273, 1.6036), 1.0),
    "capture": ("facecap_decoded.glb", (0.0, -0.30, 0.12), 10.0),
    "lady": ("rocketbox_Female_Adult_01_facial.fbx", (0.0, -0.05, 1.575), 1.0),
    "own": ("", (0.0, -0.06, 1.58), 1.0),
}
FAMILY = {"woman": "makehuman", "man": "makehuman"}  # others are families of their own

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
BUMPS = 22  # of a warp, on each side
STEEP = 0.11  # standard deviation of a bump's height, in its widths


def expression_name(key: str) -> str:
    """The ARKit name of a shape key: sides written out, halves joined, Rocketbox's numbers dropped."""
    if key.startswith("AK_"):
        key = key[6].lower() + key[7:]
    if key[-2:] in ("_L", "_R"):
        key = key[:-2] + {"_L": "Left", "_R": "Right"}[key[-2:]]
    return next((whole for whole in ("browInnerUp", "cheekPuff") if key.startswith(whole)), key)


def load(path: Path) -> tuple[list, dict]:
    """An empty scene with one head: its meshes, and {expression: its shape keys}. Animation in the file is dropped."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if path.suffix == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path))
    else:
        bpy.ops.import_scene.gltf(filepath=str(path))
    for stray in [o for o in bpy.data.objects if o.name.startswith("Icosphere")]:
        bpy.data.objects.remove(stray)
    for item in bpy.data.objects:
        item.animation_data_clear()
    return shown()


def shown() -> tuple[list, dict]:
    """The scene's meshes, and {expression: its shape keys}, without animation."""
    meshes = [o for o in bpy.data.objects if o.type == "MESH"]
    keys: dict[str, list] = {}
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


def bend(meshes: list, centre: np.ndarray, unit: float, random: np.random.Generator, strength: float = 1.0) -> None:
    """Warp a head and all its keys smoothly: bumps of 2 to 5 cm about the face, alike on both sides up to a little.

    What lay together lies together afterwards, so lids still close. centre, unit: of the face, as in HEADS.
    """
    places = random.uniform([0.0, -0.06, -0.10], [0.08, 0.06, 0.10], (BUMPS, 3)) * unit
    widths = random.uniform(0.02, 0.05, BUMPS) * unit
    heights = random.normal(0, STEEP * strength, (BUMPS, 3)) * widths[:, None]
    other = np.array([-1.0, 1.0, 1.0])
    uneven = 1 + 0.12 * random.normal(size=(BUMPS, 3))
    places, widths = np.concatenate([places, places * other]) + centre, np.concatenate([widths, widths])
    heights = np.concatenate([heights, heights * other * uneven])
    for mesh in meshes:
        matrix, count = np.array(mesh.matrix_world), len(mesh.data.vertices)
        back = np.linalg.inv(matrix[:3, :3])
        blocks = mesh.data.shape_keys.key_blocks if mesh.data.shape_keys else ()
        for layer in [mesh.data.vertices, *[key.data for key in blocks]]:
            flat = np.zeros(count * 3)
            layer.foreach_get("co", flat)
            world = flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]
            near = ((world[:, None] - places) ** 2).sum(-1) / (2 * widths**2)
            layer.foreach_set("co", (flat.reshape(-1, 3) + np.exp(-near) @ heights @ back.T).ravel())
        mesh.data.update()


def between(random: np.random.Generator):
    """A style of head somewhere between the performer's and the starter's, with parts of its own size."""
    share = random.choice([0.0, 1.0]) if random.random() < 0.3 else random.random()
    first, second, made = face.PERFORMER_HEAD, face.STARTER_HEAD, {}
    for field in dataclasses.fields(first):
        a, b = getattr(first, field.name), getattr(second, field.name)
        if isinstance(a, float):
            made[field.name] = a + share * (b - a)
        elif isinstance(a, tuple):
            made[field.name] = tuple(float(x + share * (y - x)) for x, y in zip(a, b, strict=True))
    made |= {n: made[n] * float(random.uniform(0.85, 1.15)) for n in ("mouth_width", "lip_bulge", "jaw_opening")}
    made["lips"] = tuple(float(v * random.uniform(0.7, 1.3)) for v in made["lips"])
    made["height"], made["hair"] = 0.23, str(random.choice(["swept", "short"]))
    return dataclasses.replace(first, **made), share


def recoloured(palette: dict, random: np.random.Generator) -> dict:
    """The looks of a head with other skin, lips, hair and irises; materials as in assemble.look."""
    made = dict(palette)
    tone = random.uniform(0.5, 1.0) ** np.array([0.6, 0.9, 1.1])
    for name in ("skin", "lips"):
        made[name] = (tuple(float(v) for v in np.array(palette[name][0]) * tone), palette[name][1])
    dark = np.array([1.0, 0.75, 0.6]) * random.uniform(0.05, 0.6)
    for name in ("hair", "brow", "lash"):
        made[name] = (tuple(float(v) for v in dark * random.uniform(0.7, 1.0)), palette[name][1])
    made["iris"] = (tuple(float(v) for v in random.uniform(0.1, 0.6, 3)), palette["iris"][1])
    return made


def own_figure(random: np.random.Generator) -> tuple[list, dict]:
    """An empty scene with a figure that Understudy's addon builds from numbers, as from `load`."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    style, share = between(random)
    eye = tuple(float(v) for v in face.eye_centres(style)[0])
    person = dataclasses.replace(PERFORMER, eyes=eye)
    clothes = starter.CLOTHES if share > 0.5 else performer.CLOTHES
    looks = assemble.palette(recoloured(style.palette, random), clothes)
    assemble.add(bpy.context.scene, person, performer.CUT, style, looks)
    return shown()


def own_centre() -> np.ndarray:
    """Where the middle of an own figure's face is, m."""
    return joints(PERFORMER)["head"][0] + np.array([0.0, -0.07, 0.02])


def portrait(meshes: list, centre: np.ndarray, material: Path, wide: float = 0.3) -> np.ndarray:
    """MediaPipe's points (478, 2) m, x and z, on a bare head seen from the front without perspective."""
    scene = bpy.context.scene
    camera = bpy.data.objects.new("portrait", bpy.data.cameras.new("portrait"))
    scene.collection.objects.link(camera)
    camera.data.type, camera.data.ortho_scale = "ORTHO", wide
    camera.matrix_world = Matrix.Translation((*(centre + [0, -1, 0]),)) @ Matrix.Rotation(np.pi / 2, 4, "X")
    scene.camera, scene.render.engine = camera, "BLENDER_WORKBENCH"
    scene.display.shading.light, scene.display.shading.color_type = "STUDIO", "MATERIAL"
    scene.render.resolution_x = scene.render.resolution_y = 512
    scene.render.image_settings.file_format = "JPEG"
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = f"{folder}/bare.jpg"
        bpy.ops.render.render(write_still=True)
        words = [sys.executable, "-m", f"{__package__}.see_faces", str(material / "models" / "face.task"), "plain"]
        subprocess.run([*words, folder], check=True)
        points = np.load(f"{folder}/plain.npz")["points"][0]
    bpy.data.objects.remove(camera)
    return np.stack([points[:, 0] / 512 - 0.5, points[:, 2] / 512 + 0.5], 1) * wide + centre[[0, 2]]


def islands(mesh) -> np.ndarray:
    """Which connected piece each vertex of a mesh belongs to (V,)."""
    edges = np.zeros(len(mesh.data.edges) * 2, int)
    mesh.data.edges.foreach_get("vertices", edges)
    a, b = edges.reshape(-1, 2).T
    count = len(mesh.data.vertices)
    return connected_components(coo_matrix((np.ones(len(a)), (a, b)), shape=(count, count)), directed=False)[1]


def face_picture(points: np.ndarray, low: np.ndarray, wide: float, random: np.random.Generator, size: int = 1024):
    """A texture (size, size, 3) of a face as seen from the front: skin, brows, lips, hair; an eye in its lower corner.

    points: (478, 2) m; low, wide: the corner and the width of what it shows, m.
    """
    tone = random.uniform(0.45, 1.2) * np.array([1, random.uniform(0.9, 1.05), random.uniform(0.85, 1.1)])
    picture = np.ones((size, size, 3), np.float32) * SKIN * tone
    dark = np.array([1, 0.75, 0.6]) * random.uniform(0.05, 0.45)
    place = lambda p: ((p - low) / wide * size).astype(np.int32)  # noqa: E731
    crown = points[10, 1] + random.uniform(-0.008, 0.008)
    picture[place(np.array([0, crown]))[1] :] = dark
    for outline, colour, strength in [(b, dark, 0.85) for b in BROWS] + [
        (LIPS, np.array([0.75, 0.3, 0.3]) * tone, random.uniform(0.3, 0.8))
    ]:
        area = np.zeros((size, size), np.float32)
        cv2.fillPoly(area, [place(points[list(outline)])], 1.0)
        share = cv2.GaussianBlur(area, (0, 0), size * 0.003)[..., None] * strength
        picture = picture * (1 - share) + colour * share
    eye, middle = size // 16, size // 32
    picture[:eye, :eye] = 0.95
    cv2.circle(picture, (middle, middle), int(eye * 0.21), tuple(map(float, random.uniform(0.05, 0.5, 3))), -1)
    cv2.circle(picture, (middle, middle), int(eye * 0.09), (0.02, 0.02, 0.02), -1)
    return picture


def dress_lady(mesh, centre: np.ndarray, material: Path, random: np.random.Generator) -> None:
    """Give the Rocketbox woman, whose textures are not there, a painted face; her hair's cards go."""
    count, matrix = len(mesh.data.vertices), np.array(mesh.matrix_world)
    pieces = islands(mesh)
    sizes = np.bincount(pieces)
    base = coordinates(mesh.data.shape_keys.key_blocks[0], count) @ matrix[:3, :3].T + matrix[:3, 3]
    cards = np.isin(pieces, np.flatnonzero(sizes < 40))
    inside = (np.linalg.inv(matrix) @ np.array([*(centre + [0, 0.08, 0.03]), 1]))[:3]
    for layer in [mesh.data.vertices, *[key.data for key in mesh.data.shape_keys.key_blocks]]:
        flat = np.zeros(count * 3)
        layer.foreach_get("co", flat)
        flat.reshape(-1, 3)[cards] = inside
        layer.foreach_set("co", flat)
    mesh.data.update()
    wide = 0.4
    low = centre[[0, 2]] - wide / 2
    points = portrait([mesh], centre, material)
    uv = (base[:, [0, 2]] - low) / wide
    for eye in np.flatnonzero((sizes >= 40) & (sizes < 200)):
        rows = pieces == eye
        half = (base[rows].max(0) - base[rows].min(0))[[0, 2]].max() / 2
        middle = (base[rows].max(0) + base[rows].min(0))[[0, 2]] / 2
        uv[rows] = (1 + (base[rows][:, [0, 2]] - middle) / half) / 32
    image = bpy.data.images.new("face", 1024, 1024)
    picture = np.ones((1024, 1024, 4), np.float32)
    picture[..., :3] = np.clip(face_picture(points, low, wide, random), 0, 1)
    image.pixels.foreach_set(picture.ravel())
    loops = np.zeros(len(mesh.data.loops), int)
    mesh.data.loops.foreach_get("vertex_index", loops)
    layer = mesh.data.uv_layers[0]
    layer.data.foreach_set("uv", np.clip(uv[loops], 0, 1).astype(np.float32).ravel())
    painted = bpy.data.materials.new("face")
    if not painted.node_tree:
        painted.use_nodes = True
    node = painted.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    painted.node_tree.nodes.active = node
    for slot in range(len(mesh.data.materials)):
        mesh.data.materials[slot] = painted
