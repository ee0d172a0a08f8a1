"""Render heads with few expressions at a time, in even light, from random sides: pictures whose truth is known.

    python -m understudy.training.render_plain_faces MATERIAL HEAD SEED COUNT OUT

HEAD is a key of people.HEADS; each SEED is another person. Leaves OUT/0000.jpg ... and OUT/truth.npz: weights (n, 52),
rotations (n, 3, 3) of the head in camera axes, lacking (k,) names of expressions that the head does not have.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..solvers.names import EXPRESSION, EXPRESSIONS
from .mixtures import mixtures
from .people import HEADS, become_somebody, load
from .render_faces import stage


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
