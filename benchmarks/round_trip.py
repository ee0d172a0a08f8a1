"""One gesture on many bodies: python -m understudy.benchmarks.round_trip OUT.jpg CHARACTER ... [--clip CLIP.mp4]

A clip that was filmed of one character (benchmarks.film) is tracked and solved like anybody's video, and put on every
character named: the starter, or a .blend, .glb, .vrm or .fbx. The sheet has the clip's pictures in its first row, and
below them each character at the same moments. Without --clip it is the demo clip, which our own performer plays.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from ..addon.quiet import quiet_blender
from ..solvers import record
from ..solvers.detect import takes
from ..solvers.errors import UnderstudyError
from ..solvers.footage import video
from ..solvers.performance import Performance
from ..solvers.progress import Stages
from ..solvers.retarget import retarget
from ..solvers.settings import Settings
from ..solvers.solve import solve
from ..solvers.take import Take
from .film import DEMO
from .pictures import write_jpeg

MOMENTS = (1.65, 2.6, 3.4, 4.1, 5.5)  # s in the demo clip
TILE = (150, 170)  # px of one picture
STARTER = "starter"
MARGIN = 1.25  # of the performer's height and width in the clip's pictures
GAP = 4  # px of white between rows


def sheet(clip: Path, take: Take, characters: list[str], moments: tuple[float, ...]) -> np.ndarray:
    """The clip at some moments above every character at the same, as rgb (H, W, 3) uint8.

    clip: that was filmed; take: of it; characters: files, or STARTER; moments: s in the clip.
    """
    performance = solve(take)
    rows = [driving(clip, take, moments)]
    for character in characters:
        with quiet_blender(Stages(quiet=True)):
            rows.append(played(performance, character, moments))
        print(f"{Path(character).stem}: played", flush=True)
    wide = [np.concatenate(row, 1) for row in rows]
    gap = np.full((GAP, wide[0].shape[1], 3), 255, np.uint8)
    return np.concatenate([part for row in wide for part in (row, gap)][:-1])


def driving(clip: Path, take: Take, moments: tuple[float, ...]) -> list[np.ndarray]:
    """The clip's own pictures (TILE) at some moments, each the same part of the picture, about the performer."""
    samples = [int(np.argmin(np.abs(take.time - moment))) for moment in moments]
    points = take.body.image[samples, :, :2][take.body.confidence[samples] > 0.5]
    low, high = points.min(0), points.max(0)
    scale = max((high - low) * MARGIN / TILE)
    corner = (low + high) / 2 - scale * np.array(TILE) / 2
    window = np.array([[1 / scale, 0, -corner[0] / scale], [0, 1 / scale, -corner[1] / scale]])
    found = []
    for moment in moments:
        picture = min(video.pictures(clip, moment, moment + 0.2), key=lambda picture: picture[0])[1]
        found.append(cv2.warpAffine(picture, window, TILE, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE))
    return found


def played(performance: Performance, path: str, moments: tuple[float, ...]) -> list[np.ndarray]:
    """A character that plays a performance, at some moments (TILE). path: of its file, or STARTER."""
    import bpy

    from ..addon import actions, armature, files, rendering, rigs

    objects = files.open_character(None if path == STARTER else path)
    character = armature.read(objects)
    preset, scene = rigs.recognised(character), bpy.context.scene
    clip = retarget(performance, character, preset, Settings(), 24.0)
    actions.write(clip, objects)
    frames = [1 + (moment - performance.time[0]) * clip.fps for moment in moments]
    span = (float(min(frames)), float(max(frames)))
    size = (2 * TILE[0], 2 * TILE[1])  # drawn twice as large, for smooth edges
    rendering.prepare(scene, objects, character, preset, performance.framing, size, span, clip.fps, "workbench")
    found = []
    for frame in frames:
        scene.frame_start = scene.frame_end = round(frame)
        with tempfile.TemporaryDirectory(prefix="understudy-") as folder:
            picture = next(rendering.drawn(scene, Path(folder) / "frame.tga"))
        found.append(cv2.resize(picture, TILE, interpolation=cv2.INTER_AREA))
    return found


def main(words: list[str] | None = None) -> int:
    """Make the sheet. words: the command line's. Result: the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m understudy.benchmarks.round_trip",
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("out", type=Path, help=".jpg to be written")
    parser.add_argument("characters", nargs="+", metavar="CHARACTER", help=f"a file, or {STARTER}")
    parser.add_argument("--clip", type=Path, default=DEMO, help="filmed of a character (default: the demo clip)")
    parser.add_argument("--take", type=Path, help="what detect wrote of the clip, instead of looking at it again")
    parser.add_argument("--moments", type=float, nargs="+", default=MOMENTS, metavar="S", help="s in the clip")
    chosen = parser.parse_args(words)
    try:
        with tempfile.TemporaryDirectory(prefix="understudy-") as folder:
            take = record.load(Take, chosen.take) if chosen.take else takes(chosen.clip, Path(folder) / "t.npz")[0][1]
        picture = sheet(chosen.clip, take, chosen.characters, tuple(chosen.moments))
    except UnderstudyError as fault:
        print(f"understudy: {fault}", file=sys.stderr)
        return 2
    print(f"{chosen.out}: {picture.shape[1]}x{picture.shape[0]}, {write_jpeg(chosen.out, picture)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
