"""Faces that act, with known truth: python -m understudy.benchmarks.acting_face MATERIAL OUT [HEAD:SEED ...]

MATERIAL as in training/people.py, whose heads act here: close-ups of eight seconds with a moving head, blinks of
all kinds, winks, narrowed eyes, glances that jump, and random speech full of p, b and m. HEAD:SEED (capture:1, ict:3,
...) is who plays what; without any, six of them. The truth lies beside each clip, as film.py writes it for a face
alone, with "head" (wxyz, in camera axes), "gaze" (yaw, pitch in degrees, relative to the head, of the left eye) and
"shut" (whether a p, b or m is being spoken) for each picture.
"""

from __future__ import annotations

import gzip
import json
import math
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..solvers.motion import rotations as rot
from ..solvers.names import EXPRESSION, EXPRESSIONS
from .acting import curve
from .film import encode
from .voice import mouth_keys

FPS, SECONDS, SIZE = 30, 8.0, 448
CAST = ("woman:1", "man:8", "capture:5", "ict:7", "ict:2", "woman:7")
SHUT = ("m", "p", "b")
OPENED = ("aa", "ae", "ah", "eh", "ow", "iy", "uw", "ao", "er", "ay")
RANGE = {"Out": 30.0, "In": 30.0, "Up": 25.0, "Down": 25.0}  # degrees of a glance that are a weight of 1


def phonemes(random: np.random.Generator, seconds: float) -> list[tuple[str, float]]:
    """Random speech: syllables, more than half of which begin or end with closed lips, and short pauses."""
    row, total = [], 0.0
    while total < seconds:
        syllable = [(str(random.choice(OPENED)), random.uniform(0.1, 0.22))]
        if random.random() < 0.6:
            syllable.insert(0, (str(random.choice(SHUT)), random.uniform(0.07, 0.13)))
        elif random.random() < 0.7:
            syllable.insert(0, (str(random.choice(["l", "n", "d", "s", "t"])), random.uniform(0.05, 0.1)))
        if random.random() < 0.15:
            syllable.append(("-", random.uniform(0.15, 0.4)))
        row += syllable
        total = sum(length for _, length in row)
    return row


def lids(random: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """How far both lids are closed (T, 2): blinks, some of them winks, long or in part, and eyes half shut."""
    shut, start = np.zeros((len(time), 2)), 0.6
    while start < time[-1] - 1.0:
        kind = random.random()
        close, hold, opening = random.uniform(0.06, 0.1), random.uniform(0.0, 0.06), random.uniform(0.1, 0.2)
        depth, eyes = 1.0, [0, 1]
        if kind < 0.15:
            eyes, hold = [int(random.integers(2))], random.uniform(0.1, 0.4)
        elif kind < 0.25:
            hold = random.uniform(0.5, 0.8)
        elif kind < 0.37:
            hold, close, opening, depth = random.uniform(0.5, 0.9), 0.25, 0.25, random.uniform(0.3, 0.5)
        elif kind < 0.5:
            depth = random.uniform(0.8, 0.95)
        keys = start + np.cumsum([0, close, hold, opening])
        for eye in eyes:
            shut[:, eye] = np.maximum(shut[:, eye], np.interp(time, keys, [0, depth, depth, 0]))
        start = keys[-1] + random.uniform(0.3, 1.3)
    return shut


def glances(random: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """Where the eyes look (T, 2) degrees: still for a while, then elsewhere within 40 ms; ahead now and then."""
    result, start, place = np.zeros((len(time), 2)), 0.7, np.zeros(2)
    while start < time[-1]:
        target = random.uniform([-22, -18], [22, 12]) if random.random() < 0.7 else np.zeros(2)
        way = np.clip((time - start) / 0.04, 0, 1)[:, None]
        result += way * (target - place)
        place, start = target, start + random.uniform(0.35, 1.2)
    return result


def act(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """One performance: time (T,) s, weights (T, 52), turn of the head (T, 4), gaze (T, 2) degrees, lips shut (T,)."""
    random = np.random.default_rng(seed)
    time = np.arange(round(SECONDS * FPS)) / FPS
    weights = np.zeros((len(time), len(EXPRESSIONS)))

    def add(stem: str, values: np.ndarray) -> None:
        for name in [stem] if stem in EXPRESSION else [f"{stem}Left", f"{stem}Right"]:
            weights[:, EXPRESSION[name]] += values

    spoken = phonemes(random, SECONDS - 2.2)
    for stem, keys in mouth_keys(spoken, 1.0).items():
        add(stem, random.uniform(0.8, 1.5) * curve(keys, time, 0.0)[:, 0])
    begins = 1.0 - 0.04 + np.cumsum([0.0] + [length for _, length in spoken])
    shut = np.zeros(len(time), bool)
    for (name, length), begin in zip(spoken, begins, strict=False):
        within = (time >= begin + 0.15 * length) & (time <= begin + 0.85 * length)
        if name in SHUT:
            shut |= within
            jaw = random.uniform(0, 0.2) * np.interp(
                time, begin + length * np.array([-0.5, 0.15, 0.85, 1.5]), [0, 1, 1, 0]
            )
            weights[:, EXPRESSION["jawOpen"]] += jaw  # of a jaw that hangs while the lips are closed
            weights[:, EXPRESSION["mouthClose"]] += jaw
    for stem, most in (("mouthSmile", 0.7), ("browInnerUp", 0.9), ("browOuterUp", 0.8), ("browDown", 0.7),
                       ("eyeWide", 0.6), ("eyeSquint", 0.6), ("cheekSquint", 0.5)):  # fmt: skip
        if random.random() < 0.6:
            middle, wide = random.uniform(1.5, 6.5), random.uniform(0.4, 1.2)
            add(stem, random.uniform(0.4, 1) * most * np.exp(-(((time - middle) / wide) ** 2)))
    weights[:, [EXPRESSION["eyeBlinkLeft"], EXPRESSION["eyeBlinkRight"]]] = lids(random, time)
    gaze = glances(random, time)
    for side, out in (("Left", gaze[:, 0]), ("Right", -gaze[:, 0])):
        for way, angle in (("Out", out), ("In", -out), ("Up", gaze[:, 1]), ("Down", -gaze[:, 1])):
            weights[:, EXPRESSION[f"eyeLook{way}{side}"]] = np.clip(angle / RANGE[way], 0, 1)
    waves = np.sin(2 * np.pi * random.uniform(0.15, 0.7, (3, 2)) * time[:, None, None] + random.uniform(0, 6, (3, 2)))
    yaw, pitch, roll = (np.radians([12, 7, 5]) * waves.mean(-1) * 1.4).T
    spin = [rot.from_axis_angle(np.eye(3)[axis], angle) for axis, angle in ((2, yaw), (0, pitch), (1, roll))]
    head = rot.multiply(spin[0], rot.multiply(spin[1], spin[2]))
    return time, np.clip(weights, 0, 1), head, gaze, shut


def eye_angle(meshes: list, name: str) -> float:
    """Degrees by which a shape at its full weight turns the eye: of its vertices that move most, after Kabsch 1976."""
    from ..training.people import coordinates

    best, result = 0.0, 0.0
    for mesh in meshes:
        blocks = mesh.data.shape_keys.key_blocks if mesh.data.shape_keys else ()
        for key in [k for k in blocks if _name(k.name) == name]:
            a, b = (coordinates(k, len(mesh.data.vertices)) for k in (blocks[0], key))
            far = np.linalg.norm(b - a, axis=1)
            rows = far > 0.5 * far.max()
            if far.max() > best and rows.sum() > 8:
                p, q = a[rows] - a[rows].mean(0), b[rows] - b[rows].mean(0)
                u, _, vt = np.linalg.svd(p.T @ q)
                turn = (u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt).T
                best, result = far.max(), math.degrees(math.acos(np.clip((np.trace(turn) - 1) / 2, -1, 1)))
    return result


def pictures(
    material: Path, head: str, seed: int, weights: np.ndarray, turns: np.ndarray, told: dict
) -> Iterator[np.ndarray]:
    """The head as it acts, picture by picture (SIZE, SIZE, 3) uint8. told: takes how far its shapes turn the eyes."""
    import bpy
    import cv2
    from mathutils import Matrix, Quaternion, Vector

    from ..training import people as faces
    from ..training.render_faces import stage

    file, centre, unit = faces.HEADS[head]
    random = np.random.default_rng([7, seed])
    meshes, keys = faces.load(material / "characters" / file)
    told |= {way: eye_angle(meshes, f"eyeLook{way}Left") for way in RANGE}
    if head == "ict":
        faces.become_somebody(meshes[0], material, random)
    camera = stage(head, np.array(centre), random)
    scene = bpy.context.scene
    scene.render.resolution_x = scene.render.resolution_y = SIZE
    distance = random.uniform(0.6, 1.3)
    camera.data.angle, camera.data.clip_start = 2 * math.atan(random.uniform(0.17, 0.24) / distance), 0.01 * unit
    ahead = Matrix.Translation((0, -distance * unit, 0)) @ Matrix.Rotation(math.pi / 2, 4, "X")
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "picture.jpg")
        for values, turn in zip(weights, turns, strict=True):
            for name, blocks in keys.items():
                for key in blocks:
                    key.value = values[EXPRESSION[name]]
            around = Quaternion(turn).to_matrix().to_4x4()
            camera.matrix_world = Matrix.Translation(Vector(centre)) @ around.inverted() @ ahead
            bpy.ops.render.render(write_still=True)
            yield np.ascontiguousarray(cv2.imread(scene.render.filepath)[..., ::-1])


def film(material: Path, head: str, seed: int, out: Path) -> None:
    """Film one head and write the truth beside it. out: .mp4."""
    time, weights, turns, gaze, shut = act(seed)
    told: dict[str, float] = {}
    encode(pictures(material, head, seed, weights, turns, told), None, (SIZE, SIZE), out, FPS)
    turned = [
        (y / RANGE["Out"] * told["Out" if y > 0 else "In"], p / RANGE["Up"] * told["Up" if p > 0 else "Down"])
        for y, p in gaze
    ]
    frames = [
        {"t": float(t), "w": {n: round(float(w[i]), 4) for i, n in enumerate(EXPRESSIONS) if w[i] > 1e-4},
         "head": [round(float(v), 6) for v in q], "gaze": [round(float(v), 3) for v in g], "shut": bool(s)}
        for t, w, q, g, s in zip(time, weights, turns, turned, shut, strict=True)
    ]  # fmt: skip
    frames[0]["w"] = dict.fromkeys(EXPRESSIONS, 0.0) | frames[0]["w"]
    with gzip.open(out.with_suffix(".gt.json.gz"), "wt") as file:
        json.dump({"camera": {"size": [SIZE, SIZE], "dt": 1 / FPS}, "frames": frames}, file)


def _name(key: str) -> str:
    from ..training.people import expression_name

    return expression_name(key)


if __name__ == "__main__":
    for actor in sys.argv[3:] or CAST:
        head_name, number = actor.split(":")
        film(Path(sys.argv[1]), head_name, int(number), Path(sys.argv[2]) / f"{head_name}_{number}.mp4")
