"""Draw the README's pictures: python -m understudy.benchmarks.pictures pictures --performed out/demo

expressions.jpg   the starter character's face with twelve expressions
demo.jpg          three moments of a finished `understudy perform` folder, the driving clip above the result
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np

from ..addon.quiet import quiet_blender
from ..solvers import record
from ..solvers.footage import video
from ..solvers.progress import Stages
from ..solvers.rigs.presets import recognise
from ..solvers.take import Take

MOST = 150_000  # bytes of a picture
FACE = (300, 320)  # px of one expression
COLUMNS = 4
TALL = 480  # px of one moment, driving or driven
MOMENTS = (1.65, 4.1, 5.5)  # s in the demo clip: it waves, steps and looks aside, smiles
# What each face is made of; a name without Left or Right means both sides.
EXPRESSIONS = (
    {},
    {"mouthSmile": 0.9, "cheekSquint": 0.5, "eyeSquint": 0.2},
    {"mouthSmile": 0.8, "jawOpen": 0.5, "cheekSquint": 0.6, "browOuterUp": 0.4, "browInnerUp": 0.3},
    {"eyeWide": 0.9, "browInnerUp": 0.9, "browOuterUp": 0.9, "jawOpen": 0.6, "mouthFunnel": 0.4},
    {"browDown": 0.9, "noseSneer": 0.3, "mouthPress": 0.6, "eyeSquint": 0.3},
    {"browInnerUp": 1.0, "mouthFrown": 0.8, "mouthShrugLower": 0.5, "eyeLookDown": 0.3},
    {"eyeBlinkRight": 1.0, "cheekSquintRight": 0.6, "mouthSmileRight": 0.9, "mouthSmileLeft": 0.4},
    {"mouthPucker": 1.0, "browOuterUp": 0.3},
    {"cheekPuff": 1.0, "eyeLookOutLeft": 0.8, "eyeLookInRight": 0.8},
    {"tongueOut": 1.0, "jawOpen": 0.5, "mouthSmile": 0.6, "browOuterUp": 0.5},
    {"eyeBlink": 1.0, "mouthSmile": 0.5},
    {"browOuterUpLeft": 1.0, "browDownRight": 0.7, "mouthLeft": 0.5, "eyeSquintRight": 0.4},
)


def expressions() -> np.ndarray:
    """The starter's face with each of EXPRESSIONS, as rgb (H, W, 3) uint8."""
    import bpy

    from ..addon import armature, files, rendering

    objects = files.open_character(None)
    scene, character = bpy.context.scene, armature.read(objects)
    rendering.prepare(scene, objects, character, recognise(character), "head", FACE, frames=(1, 1))
    keys = [key for thing in objects.meshes if thing.data.shape_keys for key in thing.data.shape_keys.key_blocks]
    faces = []
    for weights in EXPRESSIONS:
        for key in keys:
            key.value = weights.get(key.name, weights.get(key.name.removesuffix("Left").removesuffix("Right"), 0.0))
        faces.append(_drawn(scene, 1))
    return _grid(faces, COLUMNS)


def moments(folder: Path, times: tuple[float, ...]) -> np.ndarray:
    """Driving frames above the character's at some moments, as rgb (H, W, 3) uint8.

    folder: what `understudy perform` has written; times: s in its driving clip.
    """
    import bpy

    take = record.load(Take, folder / "take.npz")
    bpy.ops.wm.open_mainfile(filepath=str((folder / "scene.blend").resolve()), load_ui=False)
    scene = bpy.context.scene
    render = scene.render
    render.resolution_x, render.resolution_y = TALL * render.resolution_x // render.resolution_y, TALL
    first, rate = scene.frame_start, render.fps / render.fps_base
    above, below = [], []
    for time in times:
        driving = min(video.pictures(take.source["path"], time, time + 0.2), key=lambda picture: picture[0])[1]
        result = _drawn(scene, first + round((time - take.time[0]) * rate))
        width = TALL * driving.shape[1] // driving.shape[0]
        above.append(cv2.resize(driving, (width, TALL), interpolation=cv2.INTER_AREA))
        below.append(result)
    wide = max(picture.shape[1] for picture in above + below)
    return _grid([_centred(picture, wide) for picture in above + below], len(times))


def _drawn(scene, frame: int) -> np.ndarray:
    """One frame of a scene as rgb (H, W, 3) uint8."""
    from ..addon import rendering

    scene.frame_start = scene.frame_end = frame
    with tempfile.TemporaryDirectory(prefix="understudy-") as folder:
        return next(rendering.drawn(scene, Path(folder) / "frame.png"))


def _centred(picture: np.ndarray, wide: int) -> np.ndarray:
    """A picture with white to both sides. picture: (H, W, 3); wide: px."""
    left = (wide - picture.shape[1]) // 2
    return np.pad(picture, ((0, 0), (left, wide - picture.shape[1] - left), (0, 0)), constant_values=255)


def _grid(pictures: list[np.ndarray], columns: int) -> np.ndarray:
    """Pictures of one size in rows. pictures: (H, W, 3) each."""
    rows = [np.concatenate(pictures[k : k + columns], 1) for k in range(0, len(pictures), columns)]
    return np.concatenate(rows)


def write_jpeg(path: Path, picture: np.ndarray) -> int:
    """Write a picture as well as fits into MOST bytes; tells how many it took. picture: rgb (H, W, 3) uint8."""
    for quality in range(92, 40, -4):
        data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(data) <= MOST:
            break
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return len(data)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m understudy.benchmarks.pictures", description=__doc__.split("\n")[0]
    )
    parser.add_argument("out", type=Path, help="folder for the pictures")
    parser.add_argument("--performed", type=Path, help="folder of a finished `understudy perform`, for demo.jpg")
    parser.add_argument("--moments", type=float, nargs="+", default=MOMENTS, help="seconds in its driving clip")
    chosen = parser.parse_args()
    with quiet_blender(Stages(quiet=True)):
        drawn = {"expressions.jpg": expressions()}
        if chosen.performed:
            drawn["demo.jpg"] = moments(chosen.performed, tuple(chosen.moments))
    for name, picture in drawn.items():
        size = write_jpeg(chosen.out / name, picture)
        print(f"{chosen.out / name}: {picture.shape[1]}x{picture.shape[0]}, {size} bytes")


if __name__ == "__main__":
    main()
