"""How well expressions are read from heads that were never seen: python -m understudy.benchmarks.expressions MATERIAL

MATERIAL holds videos/synthetic with clips and their truth, as for benchmarks.accuracy. --work is the folder in which
training.make_face_weights left held/, weights that never saw a head or its family, and its pictures; without it only
the shipped weights are measured, which saw heads like those of the clips. Prints Markdown: one table of clips, beside
each figure that of MediaPipe's own scores where the detector has them, and one of single expressions.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np

from ..solvers import detect, record
from ..solvers.face import expressions, skull
from ..solvers.names import EXPRESSION, EXPRESSIONS
from ..solvers.settings import Settings
from ..solvers.take import Take
from .truth import read_truth

# Clip: the head that it shows, and its family, as training.people calls them.
CLIPS = {
    "hero_talk": ("woman", "makehuman"), "mh_sit": ("man", "makehuman"), "mh_wave": ("man", "makehuman"),
    "facecap_head_6fps": ("capture", "capture"), "demo": ("own", "own"),
}  # fmt: skip
DEMO = Path(__file__).resolve().parents[1] / "presets" / "demo" / "performance.mp4"
FPS = 30.0
MOVES = 0.05  # standard deviation of the truth from which a shape counts
ABSENT = 0.02  # what a shape never exceeds that is not there
STRONG = 0.5
READ_ELSEWHERE = ("tongueOut", *(n for n in EXPRESSIONS if n.startswith(("eyeLook", "eyeBlink"))))


@contextlib.contextmanager
def weights_of(path: Path | None) -> Iterator[None]:
    """Solve with other weights than the shipped ones. path: None changes nothing."""
    kept = skull.weights
    if path is not None:
        skull.weights = functools.cache(functools.partial(skull.read, path))
    try:
        yield
    finally:
        skull.weights = kept


def figures(time: np.ndarray, values: np.ndarray, truth) -> dict[str, float]:
    """Of values (T, 52) at time (T,) s against the truth: median r, mean absolute error and median gain of the shapes
    that move, the share of them with r > .5, and the mean value of those that are absent."""
    r, error, gain, idle = [], [], [], []
    for name in set(truth.expressions) & set(EXPRESSIONS):
        true = truth.expressions[name]
        mine = np.interp(truth.time, time, values[:, EXPRESSION[name]])
        if true.std() > MOVES:
            r.append(np.corrcoef(mine, true)[0, 1] if mine.std() > 1e-4 else 0.0)
            error.append(np.abs(mine - true).mean())
            gain.append(mine.std() / true.std())
        elif true.max() < ABSENT:
            idle.append(np.abs(mine).mean())
    good = float(np.mean(np.array(r) > 0.5))
    return {"r": np.median(r), "gain": np.median(gain), "mae": np.mean(error), "good": good,
            "absent": np.mean(idle) if idle else np.nan}  # fmt: skip


def solved(take: Take, path: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """Time (T,) s and weights (T, 52) with the weights in a file."""
    time = np.arange(take.time[0], take.time[-1] + 1e-6, 1 / FPS)
    with weights_of(path):
        return time, expressions.solve_expressions(take, time, Settings())[0]


def speed(take: Take) -> float:
    """Samples a second in which expressions, with blinks, lips and gaze, are solved."""
    begun = perf_counter()
    solved(take, None)
    return len(take.time) / (perf_counter() - begun)


def clip_rows(clip: Path, take: Take, held: Path | None) -> list[str]:
    """Lines of the table for one clip."""
    truth, (head, family) = read_truth(clip.with_suffix(".gt.json.gz"), 6.0), CLIPS.get(clip.stem, CLIPS["demo"])
    cases = {"shipped": None}
    if held is not None:
        cases |= {"head left out": held / f"{head}.npz", "family left out": held / f"{family}.npz"}
    bare = replace(take, expressions=np.full_like(take.expressions, np.nan))
    lines = []
    for case, path in cases.items():
        values = figures(*solved(take, path), truth)
        alone = figures(*solved(bare, path), truth)
        cells = [f"{values[k]:.3f}" for k in ("r", "gain", "mae", "good", "absent")]
        lines.append(f"| {clip.stem} | {case} | {' | '.join(cells)} | {alone['r']:.3f} |")
    scores = np.isfinite(take.expressions).all(1)
    if scores.any():
        raw = figures(take.time[scores], take.expressions[scores], truth)
        cells = [f"{raw[k]:.3f}" for k in ("r", "gain", "mae", "good", "absent")]
        lines.append(f"| {clip.stem} | MediaPipe's scores | {' | '.join(cells)} | |")
    return lines


def single_rows(work: Path, material: Path) -> list[str]:
    """Lines of the table of faces that show one single expression, read by weights that never saw their head."""
    from ..training.face_samples import Samples

    samples, lines = Samples(work), []
    judged = np.array([EXPRESSION[n] for n in EXPRESSIONS if n not in READ_ELSEWHERE])
    for head in np.unique(samples.head):
        path, answers, shapes = work / "held" / f"{head}.npz", [], []
        learned = skull.read(path)
        for group in np.unique(samples.group[samples.head == head]):
            rows = samples.group == group
            points = samples.points[rows][:, learned.points].astype(float)
            rotation, shape = skull.fit_points(points, learned.reference, learned.steady, samples.calm[rows])
            found = skull.Skull(np.ones(len(shape), bool), np.arange(len(shape)) / FPS, rotation, shape)
            with weights_of(path):
                values = expressions.from_points(found, np.median(shape[samples.calm[rows]], 0))
            values = values - np.median(values[samples.calm[rows]], 0)
            strong = samples.alone[rows] & (samples.weights[rows].max(1) > STRONG)
            answers.append(values[strong][:, judged])
            shapes.append(samples.weights[rows][strong].argmax(1))
        answers, shapes = np.concatenate(answers), np.concatenate(shapes)
        shown = [k for k in judged if (shapes == k).sum() >= 3]
        right = sum(judged[answers[shapes == k].mean(0).argmax()] == k for k in shown)
        each = np.isin(shapes, judged)
        pictures = np.mean(judged[answers[each].argmax(1)] == shapes[each])
        lines.append(f"| {head} | {right} of {len(shown)} | {pictures:.2f} |")
    return lines


def main(words: list[str] | None = None) -> int:
    """Print both tables and the speed. words: the command line's. Result: the exit code."""
    parser = argparse.ArgumentParser(prog="python -m understudy.benchmarks.expressions", description=__doc__)
    parser.add_argument("material", type=Path)
    parser.add_argument("--work", type=Path, help="the training's folder, with held/ in it")
    parser.add_argument("--takes", type=Path, help="find takes again here, or put them there")
    chosen = parser.parse_args(words)
    held = chosen.work / "held" if chosen.work else None
    clips = [chosen.material / "videos" / "synthetic" / f"{name}.mp4" for name in CLIPS if name != "demo"]
    print("| clip | weights | r | gain | mae | r > .5 | absent | r without scores |\n|" + "---|" * 8)
    for clip in [*clips, DEMO]:
        name = "demo" if clip == DEMO else clip.stem
        kept = chosen.takes and chosen.takes / f"{name}.take.npz"
        take = record.load(Take, kept) if kept and kept.is_file() else detect.detect(clip, kept)
        print("\n".join(clip_rows(clip, take, held)), flush=True)
    print(f"\nExpressions, blinks, lips and gaze: {speed(take):.0f} pictures a second.")
    if chosen.work:
        print("\n| head left out | right shape strongest, in the mean | in single pictures |\n|---|---|---|")
        print("\n".join(single_rows(chosen.work, chosen.material)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
