"""Render heads with known expressions, from random sides: pictures whose truth is known.

    python -m understudy.training.render_faces MATERIAL HEAD SEED COUNT OUT

HEAD is a key of people.HEADS; each SEED is another person; those from STUDIO on are seen in a studio, as they are and
as clear as can be, the others in any light, bent and blurred. Leaves OUT/0000.jpg ... and OUT/truth.npz: weights
(n, 52), rotations (n, 3, 3) of the head in camera axes, lacking (k,) names of expressions that the head does not have,
alone (n,) whether a picture shows one single expression.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import bpy
import cv2
import numpy as np
from mathutils import Matrix, Vector

from ..solvers.names import EXPRESSION, EXPRESSIONS
from . import people
from .mixtures import alone, mixtures, performed

SIZE = 256  # px: about what the detector cuts out
STUDIO = 100  # seeds from here on
ALONE = 0.32  # share of the pictures that show one single expression ...
STUDIO_ALONE, STUDIO_PERFORMED = 0.2, 0.35  # ... in the studio, and that show many at once
FRONTAL = 3  # pictures at the start that look straight ahead
LIGHTS = ("Default", "studio.sl", "outdoor.sl", "paint.sl", "basic.sl")
EXPOSED = 140.0  # usual brightness of a head, 0..255
PALE = np.array([0.85, 1.0, 1.25])  # blue, green, red: skin on a head whose texture is grey


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
    scene.display.shading.color_type = {"ict": "VERTEX", "own": "MATERIAL"}.get(head, "TEXTURE")
    scene.display.render_aa = "FXAA"
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x = scene.render.resolution_y = SIZE
    scene.render.image_settings.file_format = "JPEG"
    scene.render.image_settings.quality = 92
    return camera


def person(head: str, material: Path, random: np.random.Generator, studio: bool) -> tuple[dict, np.ndarray, float]:
    """An empty scene with somebody in it: {expression: shape keys}, centre of the face (3,), unit of length.

    studio: whether they keep their own face.
    """
    file, centre, unit = people.HEADS[head]
    meshes, keys = people.own_figure(random) if head == "own" else people.load(material / "characters" / file)
    centre = people.own_centre() if head == "own" else np.array(centre)
    if head == "ict":
        people.become_somebody(meshes[0], material, random)
    if head == "lady":
        people.dress_lady(meshes[0], centre, material, random)
    if not studio:
        people.bend(meshes, centre, unit, random, 0.6 if head == "ict" else 1.0)
    return keys, centre, unit


def turns(count: int, random: np.random.Generator, studio: bool) -> np.ndarray:
    """Yaw, pitch and roll (count, 3) rad of heads: mostly small, now and then far, but not in the studio."""
    angles = random.normal(0, (10, 7, 6), (count, 3))
    far = random.random(count) < (0.0 if studio else 0.3)
    angles[far] = random.uniform((-36, -22, -20), (36, 22, 20), (far.sum(), 3))
    angles[:FRONTAL] = 0
    return np.radians(angles)


def light(random: np.random.Generator) -> None:
    """Another light, with or without shadows and cavities."""
    shading = bpy.context.scene.display.shading
    shading.light = "FLAT" if random.random() < 0.05 else "STUDIO"
    if shading.light == "STUDIO":
        shading.studio_light = str(random.choice(LIGHTS))
        shading.use_world_space_lighting = bool(random.random() < 0.5)
        shading.studiolight_rotate_z = float(random.uniform(-1.8, 1.8))
    shading.show_cavity = bool(random.random() < 0.3)
    shading.show_specular_highlight = bool(random.random() < 0.6)
    shading.show_shadows = bool(random.random() < 0.2)
    shading.shadow_intensity = float(random.uniform(0.1, 0.5))
    bpy.context.scene.display.light_direction = tuple(random.uniform((-1, -1, 0.2), (1, 0.2, 1.0)))


def backdrop(random: np.random.Generator) -> np.ndarray:
    """Something blurred behind a head (SIZE, SIZE, 3) 0..255."""
    cells = random.integers(1, 9, 2)
    coarse = random.uniform(0, 255, (*cells, 3)) * random.uniform(0.2, 1) + random.uniform(0, 120, 3)
    return np.clip(cv2.resize(coarse.astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC), 0, 255)


def photograph(picture: np.ndarray, tone: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A rendered head (SIZE, SIZE, 4) as a camera might show it (SIZE, SIZE, 3) uint8: light, focus, noise.

    tone: (3,) what the head's colours are multiplied by.
    """
    slope, angle = random.uniform(0, 0.4), random.uniform(0, 2 * np.pi)
    across, up = np.meshgrid(np.linspace(-1, 1, SIZE), np.linspace(-1, 1, SIZE))
    falling = 1 + slope * (across * np.cos(angle) + up * np.sin(angle))
    share = picture[..., 3:].astype(np.float32) / 255
    usual = np.median(picture[..., :3][picture[..., 3] > 200])
    exposure = np.clip(random.uniform(0.6, 1.2) * tone.mean() * EXPOSED / max(usual, 1), 0.5, 3)
    head = picture[..., :3].astype(np.float32) * tone / tone.mean() * exposure * falling[..., None]
    result = head * share + backdrop(random) * (1 - share)
    result = 255 * np.clip(result / 255, 0, 1) ** random.uniform(0.75, 1.2)
    if random.random() < 0.5:
        small = int(SIZE * random.uniform(0.35, 0.9))
        result = cv2.resize(cv2.resize(result, (small, small), interpolation=cv2.INTER_AREA), (SIZE, SIZE))
    if random.random() < 0.3:
        result = cv2.GaussianBlur(result, (0, 0), random.uniform(0.4, 1.3))
    result = result + random.normal(0, random.uniform(0, 7), result.shape)
    return np.clip(result, 0, 255).astype(np.uint8)


def before_grey(picture: np.ndarray) -> np.ndarray:
    """A rendered head (SIZE, SIZE, 4) before a grey wall (SIZE, SIZE, 3) uint8."""
    share = picture[..., 3:].astype(np.float32) / 255
    return (picture[..., :3] * share + 90 * (1 - share)).astype(np.uint8)


def look_at(camera, centre: np.ndarray, unit: float, turn: Matrix, random: np.random.Generator) -> None:
    """Put the camera before a head that is turned: near or far, the face not quite in the middle."""
    distance, aside = random.uniform(0.4, 2.0), random.uniform(-0.02, 0.02, 2)
    place = Matrix.Translation((aside[0] * unit, -distance * unit, aside[1] * unit))
    ahead = place @ Matrix.Rotation(math.pi / 2, 4, "X")
    camera.matrix_world = Matrix.Translation(Vector(centre)) @ turn.inverted() @ ahead
    camera.data.angle = 2 * math.atan(0.8 * random.uniform(0.14, 0.23) / distance)
    camera.data.clip_start = 0.01 * unit


def shown(count: int, names: list[str], random: np.random.Generator, studio: bool) -> tuple[np.ndarray, np.ndarray]:
    """Weights (count, 52) of one person's pictures, and which of them (count,) show one single expression.

    names: the expressions that the head has.
    """
    single = round((STUDIO_ALONE if studio else ALONE) * count)
    many = round(STUDIO_PERFORMED * count) if studio else 0
    parts = [mixtures(count - single - many, random), performed(many, random), alone(single, names, random)]
    return np.concatenate(parts), np.arange(count) >= count - single


def main(material: str, head: str, seed: str, count: str, out: str) -> None:
    """Render one person: see the module's docstring."""
    random, folder, count = np.random.default_rng([list(people.HEADS).index(head), int(seed), 2]), Path(out), int(count)
    studio = int(seed) >= STUDIO
    keys, centre, unit = person(head, Path(material), random, studio)
    camera = stage(head, centre, random)
    scene = bpy.context.scene
    scene.render.film_transparent = True
    scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "PNG", "RGBA"
    scene.render.image_settings.compression = 0
    scene.render.filepath = str(folder / "latest.png")
    weights, single = shown(count, sorted(keys), random, studio)
    tone = random.uniform(0.6, 1.15) * random.uniform(0.9, 1.1, 3) * (PALE if head == "capture" else 1.0)
    rotations = np.zeros((count, 3, 3))
    for index, (yaw, pitch, roll) in enumerate(turns(count, random, studio)):
        for name, blocks in keys.items():
            for key in blocks:
                key.value = weights[index, EXPRESSION[name]]
        turn = Matrix.Rotation(yaw, 4, "Z") @ Matrix.Rotation(pitch, 4, "X") @ Matrix.Rotation(roll, 4, "Y")
        rotations[index] = turn.to_3x3()
        look_at(camera, centre, unit, turn, random)
        if not studio:
            light(random)
        bpy.ops.render.render(write_still=True)
        picture = cv2.imread(scene.render.filepath, cv2.IMREAD_UNCHANGED)
        picture = before_grey(picture) if studio else photograph(picture, tone, random)
        quality = [cv2.IMWRITE_JPEG_QUALITY, 92 if studio else int(random.uniform(60, 96))]
        cv2.imwrite(str(folder / f"{index:04d}.jpg"), picture, quality)
    Path(scene.render.filepath).unlink()
    lacking = [name for name in EXPRESSIONS if name not in keys]
    np.savez(folder / "truth.npz", weights=weights, rotations=rotations, lacking=np.array(lacking), alone=single)


if __name__ == "__main__":
    main(*sys.argv[1:])
