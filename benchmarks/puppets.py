"""How well a picture plays the clip that it was taken from.

    python -m understudy.benchmarks.puppets [VIDEO ...] [--keep DIR]

The first picture of each clip becomes a character, which plays the clip; what is found on the film that comes of it is
compared with what is found on the clip, and the still background with the picture's. Prints Markdown, with the time
from video to film. What hardly moves in a clip is said: nobody can tell how well that is followed. Without videos the
embedded demo clip is measured.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from ..__main__ import main as run
from ..addon.cli import DEMO
from ..solvers import models, record
from ..solvers.detect import detect
from ..solvers.detectors.still import look
from ..solvers.footage import video
from ..solvers.motion import rotations
from ..solvers.take import Take
from .tables import Row, table

PICTURES = 8  # of the film whose background is compared
AROUND = 0.05  # of the longer side: the figure with this around it is no background
WINDOW = 1.5  # px, of the structural similarity's Gaussian (Wang and others 2004)

ASKED = 0.9  # of a correlation
HEAD = np.radians(1.1)  # by which angles of heads are off at least, of rendered close-ups whose turn is known

EYES = (((159, 145), (33, 133)), ((386, 374), (263, 362)))
BROWS = ((105, 33, 133), (334, 263, 362))


def measures(take: Take) -> dict[str, np.ndarray]:
    """{name: (T,)} of a face: opening of mouth and eyes and height of brows by its size; the head's angles, rad.

    Source of the ratios: the eye aspect ratio of Soukupova and Cech 2016, and the like for mouth and brows.
    """
    points = take.face.image.astype(float)
    way = lambda a, b: np.linalg.norm(points[:, a] - points[:, b], axis=-1)  # noqa: E731
    size = np.linalg.norm(points[:, [33, 133]].mean(1) - points[:, [263, 362]].mean(1), axis=-1)
    tall = way(10, 152)
    eyes = [way(*lids) / way(*corners) for lids, corners in EYES]
    brows = [np.linalg.norm(points[:, brow] - points[:, [a, b]].mean(1), axis=-1) for brow, a, b in BROWS]
    head = rotations.to_vector(rotations.from_matrix(take.head[:, :3, :3].astype(float)))
    return {
        "mouth opening": way(13, 14) / size,
        "eye opening": np.mean(eyes, 0),
        "brow height": np.mean(brows, 0) / tall,
        "head up and down": head[:, 0],
        "head to a shoulder": head[:, 1],
        "head to a side": head[:, 2],
    }


def followed(clip: Take, film: Take) -> dict[str, tuple[float, float, float]]:
    """{measure: (correlation, its spread in the clip, share of that in the film)} over the film's pictures."""
    theirs, ours, found = measures(clip), measures(film), {}
    for name, values in theirs.items():
        known = np.isfinite(values)
        there = np.interp(film.time + clip.time[0] - film.time[0], clip.time[known], values[known])
        both = np.isfinite(ours[name])
        a, b = there[both], ours[name][both]
        found[name] = (float(np.corrcoef(a, b)[0, 1]), float(a.std()), float(b.std() / max(a.std(), 1e-9)))
    return found


def noise(values: np.ndarray) -> float:
    """The standard deviation of what trembles from sample to sample in values (T,), by their second differences.

    It is robust against motion: the median absolute difference is taken (Rousseeuw and Croux 1993).
    """
    trembling = np.abs(np.diff(values[np.isfinite(values)], n=2))
    return float(np.median(trembling) / 0.6745 / np.sqrt(6)) if len(trembling) else 0.0


def hardly(name: str, values: np.ndarray) -> str:
    """Words about a measure (T,) of a clip that hardly moves, none about any other.

    That is so where its own trembling in clip and film would keep even a perfect film's correlation below ASKED,
    1 - noise² / spread², and of angles where they spread by less than the network is off.
    """
    spread = float(np.nanstd(values))
    most = 1 - (noise(values) / max(spread, 1e-9)) ** 2
    if most < ASKED:
        return f"hardly moves: its trembling leaves r {max(most, 0):.2f} at most"
    if name.startswith("head") and spread < HEAD:
        return f"hardly moves: {np.degrees(spread):.1f}°, where heads are read to {np.degrees(HEAD):.1f}° at best"
    return ""


def likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The structural similarity (H, W) of two pictures (H, W, 3) uint8, by their lightness (Wang and others 2004)."""
    x, y = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(float) for picture in (a, b))
    soft = lambda values: cv2.GaussianBlur(values, (0, 0), WINDOW)  # noqa: E731
    mx, my = soft(x), soft(y)
    vx, vy, both = soft(x * x) - mx * mx, soft(y * y) - my * my, soft(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return (2 * mx * my + c1) * (2 * both + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))


def background(picture: np.ndarray, film: Path) -> tuple[float, float]:
    """The mean likeness of a picture's background in a film, and the share of the picture that it is."""
    outline = look(picture, models.find()).outline
    frames = [rgb for _, rgb in video.pictures(film, None, None)]
    frames = frames[:: max(1, len(frames) // PICTURES)]
    size = frames[0].shape[1::-1]
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    figure = cv2.resize((outline > 0.1).astype(np.uint8), size)
    side = 2 * round(AROUND * max(size)) + 1
    still = cv2.dilate(figure, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))) == 0
    return float(np.mean([likeness(small, frame)[still].mean() for frame in frames])), float(still.mean())


def measured(clip: Path, folder: Path) -> list[Row]:
    """What is to be told of one clip. folder: for the picture, the film and what belongs to it."""
    picture, out = folder / f"{clip.stem}.png", folder / clip.stem
    _, first = next(iter(video.pictures(clip, None, None)))
    cv2.imwrite(str(picture), first[..., ::-1])
    begun = time.perf_counter()
    if run(["perform", str(clip), "--character", str(picture), "--out", str(out)]):
        raise SystemExit(1)
    seconds = time.perf_counter() - begun
    take, film = record.load(Take, out / "take.npz"), detect(out / "performance.mp4")
    moved = measures(take)
    rows = [
        Row(
            f"{clip.stem}: {name}", f"r {r:.2f}",
            "; ".join(filter(None, (f"spread {spread:.3f}, {share:.2f} of it in the film", hardly(name, moved[name])))),
        )
        for name, (r, spread, share) in followed(take, film).items()
    ]  # fmt: skip
    alike, share = background(first, out / "performance.mp4")
    length = take.time[-1] - take.time[0]
    return [
        *rows,
        Row(f"{clip.stem}: still background", f"SSIM {alike:.3f}", f"{100 * share:.0f} % of the picture"),
        Row(f"{clip.stem}: video to film", f"{seconds:.0f} s", f"of {length:.1f} s, {film.size[0]} × {film.size[1]}"),
    ]


def main(words: list[str] | None = None) -> int:
    """Measure and print. words: the command line's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="*", type=Path, metavar="VIDEO", help="to be measured (default: the demo clip)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep pictures and films there")
    arguments = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        rows = [row for clip in arguments.videos or [DEMO] for row in measured(clip, folder)]
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
