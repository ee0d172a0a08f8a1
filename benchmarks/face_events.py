"""Blinks, lips, gaze and head against the truth: python -m understudy.benchmarks.face_events CLIP ... [--keep DIR]

Clips as acting_face.py and film.py leave them, with their truth beside them. Prints Markdown, one row for each clip.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..solvers import record
from ..solvers.face import expressions, gaze, head
from ..solvers.footage import video
from ..solvers.motion import rotations, signals
from ..solvers.names import EXPRESSION
from ..solvers.settings import Settings
from ..solvers.take import Take
from .accuracy import clips_in
from .truth import read_truth

HALF, QUICK = 0.6, 0.5  # closure that counts, beyond eyes half closed; s, the longest that is a blink
NEAR = 0.1  # s: a solved blink that is further off is another one
PEAKS = ("jawOpen", "mouthPucker", "mouthFunnel", "mouthSmileLeft", "mouthSmileRight")
HEADS = {"clip": "clip", "blinks": "blinks", "f1": "F1", "late": "late, pictures", "closures": "p b m",
         "met": "lips met", "yaw": "gaze yaw °", "pitch": "gaze pitch °", "head": "head °", "peaks": "peaks kept",
         "speed": "pictures/s"}  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """What really happened, picture by picture: time (T,) s, shapes {ARKit name: (T,)}, and where the truth has them
    gaze (T, 2) degrees, head (T, 4) wxyz and shut (T,) whether lips were closed for a sound."""

    time: np.ndarray
    shapes: dict[str, np.ndarray]
    gaze: np.ndarray | None
    head: np.ndarray | None
    shut: np.ndarray | None

    def shape(self, name: str) -> np.ndarray:
        """(T,) an ARKit shape; 0 where the truth has none."""
        return self.shapes.get(name, np.zeros(len(self.time)))


def scene(clip: Path) -> Scene:
    """The truth beside a clip."""
    path = clip.with_suffix(".gt.json.gz")
    truth = read_truth(path, video.probe(clip).fps)
    with gzip.open(path, "rt") as file:
        data = json.load(file)
    frames = data if isinstance(data, list) else data["frames"]
    there = {name: np.array([f[name] for f in frames]) for name in ("gaze", "head", "shut") if name in frames[0]}
    found = Scene(truth.time, truth.expressions, there.get("gaze"), there.get("head"), there.get("shut"))
    if found.gaze is not None:
        return found
    sides = [[found.shape(f"eyeLook{way}{side}") for side in ("Left", "Right")] for way in ("Out", "In", "Up", "Down")]
    (out, out_right), (inward, in_right), up, down = sides
    angles = np.stack([(out - inward + in_right - out_right) / 2, np.mean(up, 0) - np.mean(down, 0)], 1)
    return Scene(truth.time, truth.expressions, angles * np.degrees(expressions.FULL_GLANCE), found.head, found.shut)


def blinks(lid: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Middles (n,) s of the short closures of a lid (T,): of the time that it is nearly as far closed as it goes."""
    result = []
    for first, last in signals.runs(lid > HALF):
        if time[last - 1] - time[first] < QUICK:
            deep = first + signals.runs(lid[first:last] >= 0.9 * lid[first:last].max())[0]
            result.append((time[deep[0]] + time[deep[1] - 1]) / 2)
    return np.array(result)


def matched(true: np.ndarray, solved: np.ndarray) -> np.ndarray:
    """How much later (m,) s those solved blinks are that belong to a true one, each to one. true, solved: (n,) s."""
    left, late = list(solved), []
    for moment in true:
        near = min(left, key=lambda t: abs(t - moment), default=np.inf)
        if abs(near - moment) <= NEAR:
            left.remove(near)
            late.append(near - moment)
    return np.array(late)


def measure(take: Take, truth: Scene) -> dict[str, float]:
    """All figures of a clip.

    blinks, f1, late: of both eyes (mean distance in pictures). closures, met: of p, b and m, and with how many of them
    the solved lips met. yaw, pitch: mean error of the gaze in degrees while the eyes are open, its constant part taken
    off; head: the same of the head. peaks: median height of peaks of the mouth against those without smoothing.
    """
    settings, fps = Settings(), 1 / np.median(np.diff(truth.time))
    solved, _ = expressions.solve_expressions(take, truth.time, settings)
    lids = {side: solved[:, EXPRESSION[f"eyeBlink{side}"]] for side in ("Left", "Right")}
    true = {side: blinks(truth.shape(f"eyeBlink{side}"), truth.time) for side in lids}
    found = {side: blinks(lid, truth.time) for side, lid in lids.items()}
    late = np.concatenate([matched(true[side], found[side]) for side in lids])
    count = sum(len(v) for v in true.values())
    total = count + sum(len(v) for v in found.values())
    result = {"blinks": count, "f1": 2 * len(late) / total if total else np.nan}
    result["late"] = float(np.abs(late).mean() * fps) if len(late) else np.nan
    if truth.shut is not None:
        gap = solved[:, EXPRESSION["jawOpen"]] - solved[:, EXPRESSION["mouthClose"]]
        closures = signals.runs(truth.shut)
        result |= {"closures": len(closures), "met": int(sum(gap[a:b].min() < 0.02 for a, b in closures))}
    looks = np.degrees(gaze.solve_gaze(take, truth.time, settings))[:, 0]
    eyes_open = np.maximum(truth.shape("eyeBlinkLeft"), truth.shape("eyeBlinkRight")) < 0.3
    error = (looks - truth.gaze)[eyes_open]
    result["yaw"], result["pitch"] = np.abs(error - np.median(error, 0)).mean(0)
    if truth.head is not None:
        result["head"] = head_error(head.solve_head(take, truth.time, settings)[0], truth.head)
    return result | {"peaks": peaks_kept(take, truth, solved)}


def head_error(solved: np.ndarray, true: np.ndarray) -> float:
    """Mean angle in degrees between rotations (T, 4) after the one turn in the head's own axes that they share."""
    apart = rotations.multiply(rotations.inverse(true), solved)
    apart = apart * np.sign(apart[:, :1])
    shared = rotations.normalise(apart.mean(0))
    return float(np.degrees(rotations.angle_between(apart, shared[None])).mean())


def peaks_kept(take: Take, truth: Scene, solved: np.ndarray) -> float:
    """Median height of the mouth's peaks in solved values (T, 52) against what they are without smoothing."""
    from scipy.signal import find_peaks

    rough, _ = expressions.solve_expressions(take, truth.time, Settings(smoothing=0.0))
    kept = []
    for name in PEAKS:
        column = EXPRESSION[name]
        for top in find_peaks(truth.shape(name), prominence=0.15)[0]:
            around = slice(max(top - 2, 0), top + 3)
            if rough[around, column].max() > 0.1:
                kept.append(solved[around, column].max() / rough[around, column].max())
    return float(np.median(kept)) if kept else np.nan


def main(words: list[str] | None = None) -> int:
    """Detect, solve and measure each clip. words: the command line's. Result: the exit code."""
    from ..solvers.detect import detect

    parser = argparse.ArgumentParser(prog="python -m understudy.benchmarks.face_events", description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="videos, and folders of videos with truth")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="find takes again in DIR, or put them there")
    chosen = parser.parse_args(words)
    print(f"| {' | '.join(HEADS.values())} |", "|---" * len(HEADS) + "|", sep="\n")
    for clip in clips_in(chosen.clips):
        kept = chosen.keep and chosen.keep / f"{clip.stem}.take.npz"
        take = record.load(Take, kept) if kept and kept.is_file() else detect(clip, kept)
        row = {"clip": clip.stem, "speed": speed(take)} | measure(take, scene(clip))
        cells = [row.get(column, np.nan) for column in HEADS]
        words = [c if isinstance(c, str) else f"{c:g}" if isinstance(c, int) else f"{c:.2f}" for c in cells]
        print(f"| {' | '.join('' if w == 'nan' else w for w in words)} |", flush=True)
    return 0


def speed(take: Take) -> int:
    """Pictures a second in which expressions, gaze and head of a take are solved."""
    from time import perf_counter

    begun = perf_counter()
    for step in (expressions.solve_expressions, head.solve_head, gaze.solve_gaze):
        step(take, take.time, Settings())
    return round(len(take.time) / (perf_counter() - begun))


if __name__ == "__main__":
    sys.exit(main())
