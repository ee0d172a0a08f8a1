"""How the points of a face move with each ARKit shape: what a picture's face is moved by.

    python -m understudy.training.make_puppet_face

The demo performer's head is drawn from the front, the face network finds its points on the picture, and each point is
put on the head's skin, whose shapes are ours and known. Leaves presets/puppet/face.npz: neutral (478, 3) and moves
(52, 478, 3) in distances between the middles of the eyes, x to the picture's right, y down, z away.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from ..addon.figures import performer
from ..addon.rendering import set_engine
from ..solvers import models
from ..solvers.names import EXPRESSIONS
from ..solvers.record import written_whole

OUT = Path(__file__).resolve().parents[1] / "presets" / "puppet" / "face.npz"
PIXELS, SPAN = 900, 0.34  # of the square picture: px a side, m a side
PARTED = 0.14  # jawOpen, with which the lips are told apart
SKIN = ("skin", "lip", "lips")
LEFT, RIGHT = (362, 263), (133, 33)  # corners of the eyes
LOOK = """
import json, sys
import cv2, numpy as np
from understudy.solvers import models
from understudy.solvers.detectors.mediapipe import MediaPipe
with MediaPipe(models.find()) as detector:
    [sight] = detector.watch([(0.0, cv2.cvtColor(cv2.imread(sys.argv[1]), cv2.COLOR_BGR2RGB))])
print("POINTS" + json.dumps(sight.face.image.tolist()))
"""


def draw(scene, mesh, picture: Path) -> np.ndarray:
    """Draw the head from the front, lips a little apart; tells where in the room the picture's middle is, (3,) m."""
    mesh.data.shape_keys.key_blocks["jawOpen"].value = PARTED
    points = _points(mesh.data.shape_keys.reference_key, mesh)
    middle = np.array([0.0, points[:, 1].min() - 1.0, points[points[:, 1] < np.quantile(points[:, 1], 0.3), 2].mean()])
    data = bpy.data.cameras.new("Front")
    data.type, data.ortho_scale = "ORTHO", SPAN
    camera = bpy.data.objects.new("Front", data)
    camera.location, camera.rotation_euler = Vector(middle), (math.radians(90), 0, 0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    set_engine(scene, "workbench")
    scene.display.shading.color_type = "MATERIAL"
    scene.render.resolution_x = scene.render.resolution_y = PIXELS
    scene.render.filepath, scene.render.image_settings.file_format = str(picture), "PNG"
    bpy.ops.render.render(write_still=True)
    return middle


def _points(block, mesh) -> np.ndarray:
    """(V, 3) of a shape key in the world."""
    flat = np.empty(3 * len(mesh.data.vertices), np.float32)
    block.data.foreach_get("co", flat)
    world = np.array(mesh.matrix_world)
    return flat.reshape(-1, 3).astype(float) @ world[:3, :3].T + world[:3, 3]


def on_skin(mesh, points: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners (K, 3) and weights (K, 3) of the skin's triangles on which points lie as seen from the front.

    points: (V, 3) of the mesh. places: (K, 2) x and z m.
    """
    names = [slot.name.split()[-1] for slot in mesh.data.materials]
    mesh.data.calc_loop_triangles()
    faces = [
        tuple(t.vertices) for t in mesh.data.loop_triangles
        if names[mesh.data.polygons[t.polygon_index].material_index] in SKIN
    ]  # fmt: skip
    tree = BVHTree.FromPolygons(points.tolist(), faces)
    corners, weights = np.zeros((len(places), 3), int), np.zeros((len(places), 3))
    for row, (x, z) in enumerate(places):
        start = Vector((x, points[:, 1].min() - 1, z))
        place, _, face, _ = tree.ray_cast(start, Vector((0, 1, 0)))
        if place is None or place.y > points[:, 1].min() + 0.14:  # through the mouth or an eye, or beside the head
            place, _, face, _ = tree.find_nearest(Vector((x, _front(points, x, z), z)))
        corners[row] = faces[face]
        basis = np.vstack([points[corners[row]].T, np.ones(3)])
        weights[row] = np.linalg.lstsq(basis, [*place, 1.0], rcond=None)[0]
    return corners, weights


def _front(points: np.ndarray, x: float, z: float) -> float:
    near = np.argsort(np.hypot(points[:, 0] - x, points[:, 2] - z))[:12]
    return float(points[near, 1].min())


def make(out: Path) -> None:
    """Make the file anew."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    performer.add(scene)
    mesh = next(thing for thing in scene.objects if thing.type == "MESH" and thing.data.shape_keys)
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "head.png"
        middle = draw(scene, mesh, picture)
        words = subprocess.run([sys.executable, "-c", LOOK, str(picture)], capture_output=True, text=True, check=True)
    line = next(line for line in words.stdout.splitlines() if line.startswith("POINTS"))
    found = np.array(json.loads(line.removeprefix("POINTS")))
    places = (found[:, :2] - PIXELS / 2) / PIXELS * SPAN * [1, -1] + middle[[0, 2]]
    blocks = mesh.data.shape_keys.key_blocks
    rest = _points(mesh.data.shape_keys.reference_key, mesh)
    parted = rest + PARTED * (_points(blocks["jawOpen"], mesh) - rest)
    corners, weights = on_skin(mesh, parted, places)
    at = lambda values: np.einsum("kc,kcd->kd", weights, values[corners])  # noqa: E731
    neutral = at(rest)
    moves = np.stack(
        [at(_points(blocks[name], mesh) - rest) if name in blocks else 0 * neutral for name in EXPRESSIONS]
    )
    size = np.linalg.norm(neutral[list(LEFT)].mean(0) - neutral[list(RIGHT)].mean(0))
    origin = neutral[[*LEFT, *RIGHT]].mean(0)
    ours = lambda values: values[..., [0, 2, 1]] * [1, -1, 1] / size  # noqa: E731
    with written_whole(out) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(
            file, neutral=ours(neutral - origin).astype(np.float32), moves=np.round(ours(moves), 4).astype(np.float16),
            seen=(found[:, :2] / PIXELS).astype(np.float32),
        )  # fmt: skip


if __name__ == "__main__":
    models.find()
    make(OUT)
