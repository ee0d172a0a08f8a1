"""Render heads that do what landmarks hardly show, one light from anywhere for each: pictures whose truth is known.

    python -m understudy.training.render_cues MATERIAL HEAD SEED COUNT OUT

HEAD is a key of people.HEADS; each SEED is another person under another light. Leaves OUT/0000.jpg ... and
OUT/truth.npz: weights (n, 52), rotations (n, 3, 3) of the head in camera axes, lacking (k,) names of expressions that
the head does not have.
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
from . import people, render_faces
from .mixtures import FIRST_CALM, Mixture, mixtures

SIZE = 320  # px
LAMPS = 3
TONGUELESS = ("ict", "capture")
AGAINST = ("browInnerUp", "browOuterUpLeft", "browOuterUpRight", "eyeWideLeft", "eyeWideRight")  # lowered brows
ROUND, ALONG = 12, 18  # vertices about and along a tongue
BEHIND = 0.03  # m behind the lips at which a tongue begins


def acted(count: int, random: np.random.Generator) -> np.ndarray:
    """Weights (count, 52): mixtures of everything, most of them with something that landmarks hardly show."""
    result = mixtures(count, random)
    for row in result[FIRST_CALM:]:
        mixture = Mixture(random)
        mixture.weights = row if mixture.chance(0.6) else row * 0
        for stem, share in {"cheekSquint": 0.2, "browDown": 0.22, "noseSneer": 0.12}.items():
            if mixture.chance(share):
                mixture.weights[[EXPRESSION[name] for name in AGAINST if stem == "browDown"]] = 0
                mixture.pair(stem, mixture.amount(1.2, 0.9))
        for name in ("mouthRollLower", "mouthRollUpper", "mouthShrugUpper"):
            if mixture.chance(0.1):
                mixture.put(name, mixture.amount())
        if mixture.chance(0.16):
            mixture.put("cheekPuff", mixture.amount(1.4, 0.7))
            mixture.weights[EXPRESSION["jawOpen"]] *= 0.1  # puffed cheeks need a shut mouth
        elif mixture.chance(0.18):
            mixture.put("tongueOut", mixture.amount(1.6, 0.7))
            mixture.weights[EXPRESSION["jawOpen"]] = random.beta(0.7, 1.6)  # also between lips that are nearly shut
            mixture.weights[EXPRESSION["mouthClose"]] = 0
        row[:] = mixture.weights
    return result


def light(random: np.random.Generator) -> None:
    """Lamps before the head, of any strength and softness, and a background of any colour."""
    system, scene = bpy.context.preferences.system, bpy.context.scene
    system.use_studio_light_edit = True
    for index, lamp in enumerate(system.solid_lights):
        lamp.use = index < LAMPS
        way = random.normal(size=3) * [1.0, 0.7, 0.5] + [0, 0.4, 0.7]
        lamp.direction = way / np.linalg.norm(way)
        lamp.smooth = random.uniform(0.0, 0.9)
        tint = 1 + random.normal(0, 0.05, 3)
        lamp.diffuse_color = random.uniform(0.2, 0.85) * (1.0 if index == 0 else 0.4) * tint
        lamp.specular_color = np.full(3, random.uniform(0, 0.25))
    system.light_ambient = np.full(3, random.uniform(0.05, 0.4))
    if scene.world is None:
        scene.world = bpy.data.worlds.new("room")
    scene.world.color = random.uniform(0.02, 0.9, 3)
    scene.display.shading.show_cavity = bool(random.random() < 0.4)


class Tongue:
    """A tongue for a head that has none, which lies on the lower lip.

    meshes, keys: of the head; unit: its unit of length. random: draws its form, its colour and how it hangs.
    """

    def __init__(self, keys: dict[str, list], unit: float, random: np.random.Generator):
        self.unit, self.blocks = unit, keys["jawOpen"][0].id_data.key_blocks
        self.matrix = np.array(next(o for o in bpy.data.objects if _has(o, keys["jawOpen"][0])).matrix_world)
        opens, closes = (self._way(keys[name][0]) for name in ("jawOpen", "mouthClose"))
        middle = np.abs(self._world(self.blocks[0])[:, 0]) < 0.004 * unit
        self.vertex = int(np.where((opens > 0.3 * opens.max()) & middle, closes, -1).argmax())
        self.width, self.thick = random.uniform(0.012, 0.019), random.uniform(0.0035, 0.006)
        self.length, self.droop = random.uniform(0.02, 0.048), random.uniform(0.3, 1.4)
        colour = np.array([0.62, 0.27, 0.27]) * random.uniform(0.7, 1.3) * (1 + random.normal(0, 0.06, 3))
        self.thing = self._mesh(np.append(np.clip(colour, 0, 1), 1.0))

    def _world(self, block) -> np.ndarray:
        return people.coordinates(block, len(block.data)) @ self.matrix[:3, :3].T + self.matrix[:3, 3]

    def _way(self, block) -> np.ndarray:
        return np.linalg.norm(self._world(block) - self._world(self.blocks[0]), axis=1)

    @staticmethod
    def _mesh(colour: np.ndarray):
        mesh = bpy.data.meshes.new("tongue")
        faces = [
            (a * ROUND + b, a * ROUND + (b + 1) % ROUND, (a + 1) * ROUND + (b + 1) % ROUND, (a + 1) * ROUND + b)
            for a in range(ALONG - 1)
            for b in range(ROUND)
        ] + [tuple(range((ALONG - 1) * ROUND, ALONG * ROUND))]
        mesh.from_pydata(np.zeros((ROUND * ALONG, 3)).tolist(), [], faces)
        mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), bool))
        layer = mesh.color_attributes.new("Colour", "FLOAT_COLOR", "POINT")
        layer.data.foreach_set("color", np.tile(colour, ROUND * ALONG).astype(np.float32))
        mesh.color_attributes.active_color = layer
        material = bpy.data.materials.new("tongue")
        material.diffuse_color = colour
        mesh.materials.append(material)
        thing = bpy.data.objects.new("tongue", mesh)
        bpy.context.scene.collection.objects.link(thing)
        return thing

    def lip(self) -> np.ndarray:
        """Where the lower lip is now (3,), in the axes of the file."""
        basis = np.array(self.blocks[0].data[self.vertex].co)
        keys = [key for key in self.blocks[1:] if key.value]
        place = basis + sum(key.value * (np.array(key.data[self.vertex].co) - basis) for key in keys)
        return place @ self.matrix[:3, :3].T + self.matrix[:3, 3]

    def put(self, weight: float) -> None:
        """Put the tongue out as far as a weight 0..1 says; hidden at 0."""
        self.thing.hide_render = bool(weight < 0.02)
        out = weight * self.length
        along = np.linspace(-BEHIND, out, ALONG)
        beyond = np.clip(along, 0, None)
        angle = self.droop * beyond / self.length
        middle = np.stack([0 * along, -along * np.cos(angle), self.thick * 0.8 - beyond * np.sin(angle)], 1)
        taper = np.sqrt(np.clip(1 - ((along + BEHIND) / (out + BEHIND)) ** 6, 0.01, 1))
        turn = np.linspace(0, 2 * np.pi, ROUND, endpoint=False)
        ring = np.stack([self.width * np.cos(turn), 0 * turn, self.thick * np.sin(turn)], 1)
        points = (middle[:, None] + taper[:, None, None] * ring) * self.unit + self.lip()
        self.thing.data.vertices.foreach_set("co", points.astype(np.float32).ravel())
        self.thing.data.update()


def _has(thing, key) -> bool:
    return thing.type == "MESH" and thing.data.shape_keys == key.id_data


def moves(block) -> bool:
    """Whether a shape key changes anything."""
    count = len(block.data)
    return bool(np.abs(people.coordinates(block, count) - people.coordinates(block.relative_key, count)).max() > 1e-6)


class Camera:
    """What a camera makes of colours: white balance, contrast, focus, noise, all the same in one clip but for a breath.

    random: draws them.
    """

    def __init__(self, random: np.random.Generator):
        self.random = random
        self.tone = random.uniform(0.8, 1.15) * random.uniform(0.9, 1.1, 3)
        self.gamma, self.noise = random.uniform(0.8, 1.25), random.uniform(0, 6)
        self.pixels = int(SIZE * random.uniform(0.45, 1.0))
        self.quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.uniform(60, 96))]

    def photograph(self, path: Path) -> None:
        """Replace a picture by what this camera would have made of it."""
        picture = cv2.imread(str(path)).astype(np.float32) / 255
        picture = np.clip(picture * self.tone * self.random.normal(1, 0.03), 0, 1) ** self.gamma * 255
        small = cv2.resize(picture, (self.pixels, self.pixels), interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, (SIZE, SIZE)) + self.random.normal(0, self.noise, picture.shape)
        cv2.imwrite(str(path), np.clip(picture, 0, 255).astype(np.uint8), self.quality)


def main(material: str, head: str, seed: str, count: str, out: str) -> None:
    """Render one person: see the module's docstring."""
    random, folder, count = np.random.default_rng([list(people.HEADS).index(head), int(seed), 3]), Path(out), int(count)
    folder.mkdir(parents=True, exist_ok=True)
    keys, centre, unit = render_faces.person(head, Path(material), random, False)
    keys = {name: blocks for name, blocks in keys.items() if any(map(moves, blocks))}
    tongue = Tongue(keys, unit, random) if head in TONGUELESS else None
    camera, seen = render_faces.stage(head, centre, random), Camera(random)
    scene = bpy.context.scene
    scene.render.resolution_x = scene.render.resolution_y = SIZE
    light(random)
    weights, rotations = acted(count, random), np.zeros((count, 3, 3))
    turns = np.radians(random.normal(0, (14, 8, 6), (count, 3)))  # yaw, pitch, roll
    turns[:FIRST_CALM] *= 0.3
    distance = random.uniform(0.5, 1.6)
    for index, (yaw, pitch, roll) in enumerate(turns):
        for name, blocks in keys.items():
            for key in blocks:
                key.value = weights[index, EXPRESSION[name]]
        if tongue is not None:
            tongue.put(weights[index, EXPRESSION["tongueOut"]])
        turn = Matrix.Rotation(yaw, 4, "Z") @ Matrix.Rotation(pitch, 4, "X") @ Matrix.Rotation(roll, 4, "Y")
        rotations[index] = turn.to_3x3()
        aside = random.uniform(-0.02, 0.02, 2)
        place = Matrix.Translation((aside[0] * unit, -distance * unit, aside[1] * unit))
        ahead = place @ Matrix.Rotation(math.pi / 2, 4, "X")
        camera.matrix_world = Matrix.Translation(Vector(centre)) @ turn.inverted() @ ahead
        camera.data.angle = 2 * math.atan(0.8 * random.uniform(0.17, 0.24) / distance)
        camera.data.clip_start = 0.01 * unit
        scene.render.filepath = str(folder / f"{index:04d}.jpg")
        bpy.ops.render.render(write_still=True)
        seen.photograph(folder / f"{index:04d}.jpg")
    lacking = [n for n in EXPRESSIONS if n not in keys and not (n == "tongueOut" and tongue is not None)]
    np.savez(folder / "truth.npz", weights=weights, rotations=rotations, lacking=np.array(lacking))


if __name__ == "__main__":
    main(*sys.argv[1:])
