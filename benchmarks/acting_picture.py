"""Twelve expressions, filmed and acted again: python -m understudy.benchmarks.acting_picture OUT.jpg CHARACTER ...

Our own performer acts twelve expressions before a camera, with a moving head. The clip is performed like anybody's
video (understudy perform, the shipped weights) on every character named: the starter, or a .blend, .glb, .vrm or
.fbx. The sheet has the clip's pictures in its first row, and below them each character at the same moments, as it
comes: nothing is chosen or adjusted for a moment. --work keeps the clip, the takes and the scenes in a folder.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from ..__main__ import main as understudy
from ..addon.figures.proportions import PERFORMER
from ..addon.quiet import quiet_blender
from ..solvers import record
from ..solvers.errors import UnderstudyError
from ..solvers.footage import video
from ..solvers.progress import Stages
from ..solvers.take import Take
from .acting import FPS, HANGING, Script, perform
from .film import Camera, encode, pictures, write_truth
from .performances import standing
from .pictures import _drawn, write_jpeg
from .round_trip import STARTER

# What each expression is made of: a name without Left or Right means both sides; gaze in degrees (yaw, pitch).
ACTED = {
    "wide smile": {"mouthSmile": 0.95, "cheekSquint": 0.6, "eyeSquint": 0.35, "mouthUpperUp": 0.3},
    "surprise": {"browInnerUp": 0.95, "browOuterUp": 0.9, "eyeWide": 0.9, "jawOpen": 0.45, "mouthFunnel": 0.25},
    "anger": {"browDown": 1.0, "eyeSquint": 0.45, "mouthPress": 0.5, "mouthFrown": 0.5, "noseSneer": 0.3},
    "ah": {"jawOpen": 0.85, "mouthLowerDown": 0.3, "mouthUpperUp": 0.2},
    "oo": {"mouthPucker": 1.0, "jawOpen": 0.05},
    "oh": {"mouthFunnel": 0.9, "jawOpen": 0.4},
    "lips pressed": {"mouthPress": 0.9, "mouthRollLower": 0.7, "mouthRollUpper": 0.7, "browInnerUp": 0.3},
    "disgust": {"noseSneer": 1.0, "mouthUpperUp": 0.7, "browDown": 0.6, "eyeSquint": 0.5, "mouthFrown": 0.3},
    "wink": {"eyeBlinkLeft": 1.0, "cheekSquintLeft": 0.7, "mouthSmileLeft": 0.8, "mouthSmileRight": 0.3},
    "look aside": {"gaze": (24, 2), "browOuterUp": 0.35},
    "mouth aside": {"mouthLeft": 0.95, "jawLeft": 0.4},
    "sad": {"browInnerUp": 1.0, "mouthFrown": 0.95, "mouthShrugLower": 0.6, "gaze": (0, -14)},
}  # fmt: skip
FIRST, EVERY = 1.2, 0.8  # s: when the first expression is there, and how far apart they are
EASE, HOLD = 0.2, 0.17  # s that an expression comes and goes in; half the time it stays
SIZE = 448  # px of the clip
CAMERA = Camera(place=(0.0, -0.98, 1.59), fov=26.0, pitch=0.0)
DRAWN = 4  # times as large as a picture of the sheet, before the head is cut out
CHIN = 0.42  # how far it hangs below the head's joint, of the height from there to the crown
TILE, COLUMNS, CAPTION, GAP = 200, 6, 24, 4  # px of a picture; pictures a row; px of a caption, and between rows


def script() -> Script:
    """The performance: neutral, then the expressions of ACTED one after another, while the head moves a little."""
    face: dict[str, list[tuple]] = {}
    gaze = [(0.0, 0.0, 0.0)]
    for moment, shapes in zip(moments(), ACTED.values(), strict=True):
        times = moment + np.array([-HOLD - EASE, -HOLD, HOLD, HOLD + EASE])
        for stem, weight in shapes.items():
            if stem == "gaze":
                gaze += [(float(t), *(share * np.array(weight))) for t, share in zip(times, (0, 1, 1, 0), strict=True)]
            else:
                face.setdefault(stem, [(0.0, 0.0)])
                face[stem] += [(float(t), share * weight) for t, share in zip(times, (0, 1, 1, 0), strict=True)]
    seconds = FIRST + EVERY * len(ACTED)
    time = np.arange(0, seconds, 0.4)
    head = [(t, 3.5 * np.sin(1.7 * t), 9 * np.sin(1.1 * t), 3 * np.sin(0.8 * t + 1)) for t in time]
    return Script(
        seconds=seconds, head=head, gaze=gaze, face=face, feet=standing(), life=0.4, blinks=(0.5,),
        arms=dict.fromkeys(("left", "right"), ((0.0, *HANGING),)),
        hands=dict.fromkeys(("left", "right"), ((0.0, "relaxed"),)),
    )  # fmt: skip


def moments() -> np.ndarray:
    """When the expressions are at their fullest (N,) s."""
    return FIRST + EVERY * np.arange(len(ACTED))


def film(out: Path) -> None:
    """Film the performer's head, and write what really happened beside it. out: .mp4."""
    size = (SIZE, SIZE)
    performance = perform(script(), PERFORMER, size, CAMERA.projection(size))
    encode(pictures("performer", performance, CAMERA, size), None, size, out, FPS)
    write_truth(performance, PERFORMER, CAMERA, size, out.with_suffix(".gt.json.gz"))


def played(clip: Path, character: str, out: Path, take: Path | None) -> list[np.ndarray]:
    """A character that performs the clip, at the moments (TILE, TILE, 3).

    character: its file, or STARTER; out: folder for what perform writes; take: of the clip, where there is one.
    """
    import bpy

    from ..addon import armature, files, rendering, rigs

    words = ["perform", str(clip), "--out", str(out), "--no-render", "--quiet"]
    words += [] if character == STARTER else ["--character", character]
    code = understudy(words + (["--take", str(take)] if take else []))
    if code:
        sys.exit(code)
    start = float(record.load(Take, out / "take.npz").time[0])
    with quiet_blender(Stages(quiet=True)):
        objects, scene = files.open_character(out / "scene.blend"), bpy.context.scene
        character = armature.read(objects)
        size = (DRAWN * TILE, DRAWN * TILE)
        preset = rigs.recognised(character)
        rendering.prepare(scene, objects, character, preset, "head", size)
        rate = scene.render.fps / scene.render.fps_base
        frames = [scene.frame_start + round((moment - start) * rate) for moment in moments()]
        places = np.concatenate([_head_places(scene, objects, preset.bones["head"], frame) for frame in frames])
        return [_cut(_drawn(scene, frame), places * size, 1.05) for frame in frames]


def driving(clip: Path, take: Path) -> list[np.ndarray]:
    """The clip's own pictures at the moments (TILE, TILE, 3), about the performer's face. take: of the clip."""
    seen = record.load(Take, take)
    samples = [int(np.argmin(np.abs(seen.time - moment))) for moment in moments()]
    places = seen.face.image[samples, :, :2].reshape(-1, 2)
    found = [min(video.pictures(clip, t, t + 0.2), key=lambda picture: picture[0])[1] for t in moments()]
    return [_cut(picture, places, 1.8) for picture in found]


def _head_places(scene, objects, bone: str, frame: int) -> np.ndarray:
    """Where a character's head is in the picture (P, 2), as shares of its width and height from the top left.

    bone: of the head; all that lies higher than the chin, CHIN below its joint, is the head.
    """
    from bpy_extras.object_utils import world_to_camera_view
    from mathutils import Vector

    from ..addon import rendering

    scene.frame_set(frame)
    joint = objects.armature.matrix_world @ objects.armature.pose.bones[bone].head
    points = rendering.surface(objects)
    chin = joint.z - CHIN * (points[:, 2].max() - joint.z)
    points = [Vector(point) for point in points if point[2] > chin]
    seen = np.array([world_to_camera_view(scene, scene.camera, point)[:2] for point in points])
    return np.stack([seen[:, 0], 1 - seen[:, 1]], 1)


def _cut(picture: np.ndarray, places: np.ndarray, margin: float) -> np.ndarray:
    """The square of a picture that holds all places, as (TILE, TILE, 3). places: (P, 2) px; margin: of their extent."""
    low, high = places.min(0), places.max(0)
    side = round(max(high - low) * margin)
    corner = (low + high - side) / 2
    window = np.array([[1, 0, -corner[0]], [0, 1, -corner[1]]])
    square = cv2.warpAffine(picture, window, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return cv2.resize(square, (TILE, TILE), interpolation=cv2.INTER_AREA)


def sheet(rows: list[list[np.ndarray]]) -> np.ndarray:
    """Rows of pictures of the same moments under their captions, COLUMNS at a time, as rgb (H, W, 3) uint8."""
    parts, names = [], list(ACTED)
    for begin in range(0, len(names), COLUMNS):
        columns = slice(begin, begin + COLUMNS)
        strip = np.full((CAPTION, COLUMNS * TILE, 3), 255, np.uint8)
        for i, name in enumerate(names[columns]):
            (wide, _), _ = cv2.getTextSize(name, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
            place = (i * TILE + (TILE - wide) // 2, CAPTION - 8)
            cv2.putText(strip, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (60, 60, 60), 1, cv2.LINE_AA)
        parts.append(strip)
        for row in rows:
            parts += [np.concatenate(row[columns], 1), np.full((GAP, COLUMNS * TILE, 3), 255, np.uint8)]
    return np.concatenate(parts[:-1])


def make(work: Path, characters: list[str]) -> np.ndarray:
    """Film, perform and lay out the sheet, as rgb (H, W, 3) uint8. work: folder for all that is made on the way."""
    clip, take = work / "acting.mp4", None
    if not clip.exists():
        with quiet_blender(Stages(quiet=True)):
            film(clip)
    rows = []
    for i, character in enumerate(characters):
        out = work / f"{i}_{Path(character).stem}"
        rows.append(played(clip, character, out, take))
        take = out / "take.npz"
        print(f"{Path(character).stem}: played", flush=True)
    return sheet([driving(clip, take), *rows])


def main(words: list[str] | None = None) -> int:
    """Make the sheet. words: the command line's. Result: the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m understudy.benchmarks.acting_picture",
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("out", type=Path, help=".jpg to be written")
    parser.add_argument("characters", nargs="+", metavar="CHARACTER", help=f"a file, or {STARTER}")
    parser.add_argument("--work", type=Path, metavar="DIR", help="keep what is made on the way; a clip in it is used")
    chosen = parser.parse_args(words)
    try:
        with tempfile.TemporaryDirectory(prefix="understudy-") as folder:
            work = chosen.work or Path(folder)
            work.mkdir(parents=True, exist_ok=True)
            picture = make(work, chosen.characters)
    except UnderstudyError as fault:
        print(f"understudy: {fault}", file=sys.stderr)
        return 2
    print(f"{chosen.out}: {picture.shape[1]}x{picture.shape[0]}, {write_jpeg(chosen.out, picture)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
