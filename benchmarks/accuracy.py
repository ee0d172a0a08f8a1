"""How near a solved performance comes to a known truth: python -m understudy.benchmarks.accuracy [CLIP or FOLDER ...]

A clip's truth lies beside it as CLIP.gt.json.gz, as film.py writes it, or in a reference of several cameras
(--reference FILE.npz, --camera NAME). Without arguments the embedded demo clip is measured. Prints Markdown: the body
as solved here, as MediaPipe's own Tasks give it (raw), and as these behind a one-euro filter, and then the face.
measures.py says what each column means.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..solvers import record
from ..solvers.errors import UnderstudyError
from ..solvers.names import EXPRESSION
from ..solvers.performance import Performance
from ..solvers.solve import solve
from ..solvers.take import Take
from . import measures
from .measures import Points, points_of
from .raw import kept_raw_points, one_euro
from .truth import Truth, TruthError, truth_of

DEMO = Path(__file__).resolve().parents[1] / "presets" / "demo" / "performance.mp4"
VIDEOS = (".mp4", ".mkv", ".mov", ".webm", ".avi")
MOVES = 0.05  # an expression moves in the truth when its standard deviation is above this
WAYS = ("ours", "raw", "raw + one-euro")
# Column -> its heading.
BODY = {"pa": "pa mm", "direction": "direction °", "mpjpe": "mpjpe mm", "bone_cv": "bone cv %", "jitter": "jitter",
        "jitter_truth": "truth's", "acceleration": "acceleration m/s²", "skate": "skate m/s",
        "skate_truth": "truth's", "pip": "pip °", "foot_height": "foot height cm", "wrong_side": "wrong side %",
        "palm_flipped": "palm flipped %"}  # fmt: skip
# Of the brief table: heading -> (what is shown, what stands in brackets: the same of the raw way, or the truth's).
BRIEF = {"pa mm (raw)": ("pa", "pa"), "direction ° (raw)": ("direction", "direction"),
         "jitter (truth)": ("jitter", "jitter_truth"), "skate m/s (truth)": ("skate", "skate_truth"),
         "pip ° (raw)": ("pip", "pip"), "foot height cm": ("foot_height", ""),
         "wrong side % (raw)": ("wrong_side", "wrong_side")}  # fmt: skip
FACE = {"face_r": "r", "face_gain": "gain", "face_mae": "mean error", "face_good": "with r > .5", "face_moving": "of"}


@dataclass(frozen=True)
class Measured:
    """One clip's figures. body: {way: {measure: value}}; face: {measure: value}, ours; empty where nothing moves."""

    body: dict[str, dict[str, float]]
    face: dict[str, float]


def body_measures(performance: Performance, truth: Truth) -> dict[str, float]:
    """Errors of a performance's body and fingers; measures.body_measures says which."""
    return measures.body_measures(points_of(performance), truth)


def face_measures(performance: Performance, truth: Truth) -> dict[str, float]:
    """Agreement of the expressions that move in the truth.

    face_r: median correlation; face_gain: median ratio of standard deviations; face_mae: mean absolute error;
    face_good, face_moving: how many correlate above 0.5, of how many that move.
    """
    moving = [name for name, values in truth.expressions.items() if values.std() > MOVES and name in EXPRESSION]
    if not moving:
        return {}
    correlations = expression_correlations(performance, truth, moving)
    solved = {name: expression(performance, truth, name) for name in moving}
    return {
        "face_r": float(np.median(list(correlations.values()))),
        "face_gain": float(np.median([solved[n].std() / truth.expressions[n].std() for n in moving])),
        "face_mae": float(np.mean([np.abs(solved[n] - truth.expressions[n]).mean() for n in moving])),
        "face_good": sum(r > 0.5 for r in correlations.values()),
        "face_moving": len(moving),
    }


def expression(performance: Performance, truth: Truth, name: str) -> np.ndarray:
    """(T,) a solved expression at the truth's times. name: ARKit's."""
    return np.interp(truth.time, performance.time, performance.expressions[:, EXPRESSION[name]])


def expression_correlations(performance: Performance, truth: Truth, names: list[str]) -> dict[str, float]:
    """Correlation of solved with true expressions; 0 for one that the solver left still. names: ARKit's."""
    result = {}
    for name in names:
        solved = expression(performance, truth, name)
        result[name] = float(np.corrcoef(solved, truth.expressions[name])[0, 1]) if solved.std() > 1e-4 else 0.0
    return result


def clips_in(places: Iterable[Path]) -> list[Path]:
    """Clips that are named, and those of named folders that have a truth beside them. places: files and folders."""
    clips = []
    for place in places:
        if place.is_dir():
            inside = (path for path in sorted(place.iterdir()) if path.suffix.lower() in VIDEOS)
            clips += [path for path in inside if path.with_suffix(".gt.json.gz").is_file()]
        else:
            clips.append(place)
    return clips


def performance_of(clip: Path, kept: Path | None) -> Performance:
    """What the solver makes of a clip. kept: where its take is, or goes to, so that it is looked at once; or none."""
    from ..solvers.detect import detect

    there = kept is not None and kept.is_file()
    return solve(record.load(Take, kept) if there else detect(clip, kept))


def measure(clip: Path, truth: Truth, kept: Path | None, raw: bool, plots: Path | None) -> Measured:
    """All figures of a clip.

    kept: folder in which takes and raw points are found again. raw: whether the raw ways are measured as well.
    plots: folder for its plots.
    """
    performance = performance_of(clip, kept and kept / f"{clip.stem}.take.npz")
    ways: dict[str, Points] = {WAYS[0]: points_of(performance)}
    has_body = len(truth.measured) >= measures.FEWEST
    if raw and has_body:
        plain = kept_raw_points(clip, kept and kept / f"{clip.stem}.raw.npz")
        ways |= {WAYS[1]: plain, WAYS[2]: one_euro(plain)}
    if plots and has_body:
        from .plots import write_plots

        write_plots(plots, clip.stem, ways, truth)
    body = {way: measures.body_measures(points, truth) for way, points in ways.items()} if has_body else {}
    return Measured(body, face_measures(performance, truth))


def tables(rows: dict[str, Measured]) -> str:
    """Body and face of all clips as Markdown. rows: {clip: its figures}."""
    body = [((clip, way), row) for clip, found in rows.items() for way, row in found.body.items()]
    face = [((clip,), found.face) for clip, found in rows.items() if found.face]
    parts = [_table(("clip", "way"), BODY, body)] if body else []
    return "\n\n".join([*parts, *([_table(("face",), FACE, face)] if face else [])])


def brief(rows: dict[str, Measured]) -> str:
    """One line a clip, raw MediaPipe's figures and the truth's in brackets, as Markdown. rows: {clip: its figures}."""
    lines = [f"| clip | {' | '.join(BRIEF)} |", "|---" * (len(BRIEF) + 1) + "|"]
    for clip, found in rows.items():
        if found.body:
            ours, raw = found.body[WAYS[0]], found.body.get(WAYS[1], {})
            cells = [_bracketed(ours.get(name), (raw if of == name else ours).get(of)) for name, of in BRIEF.values()]
            lines.append(f"| {' | '.join((clip, *cells))} |")
    return "\n".join(lines)


def _bracketed(value: float | None, other: float | None) -> str:
    """A figure with another one in brackets; nothing where it is not known."""
    if value is None or not np.isfinite(value):
        return ""
    return _figure(value) if other is None or not np.isfinite(other) else f"{_figure(value)} ({_figure(other)})"


def _table(heads: tuple[str, ...], columns: dict[str, str], rows: list[tuple[tuple[str, ...], dict]]) -> str:
    lines = [f"| {' | '.join((*heads, *columns.values()))} |", "|---" * (len(heads) + len(columns)) + "|"]
    for words, row in rows:
        cells = [_figure(row[c]) if c in row and np.isfinite(row[c]) else "" for c in columns]
        lines.append(f"| {' | '.join((*words, *cells))} |")
    return "\n".join(lines)


def _figure(value: float) -> str:
    """A value with what of it counts: 0.02, 1.3, 12.4, 118; a count as it is."""
    if isinstance(value, int):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"


def main(words: list[str] | None = None) -> int:
    """Detect, solve and measure each clip. words: the command line's. Result: the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m understudy.benchmarks.accuracy",
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("clips", nargs="*", type=Path, metavar="CLIP", help="videos, and folders of videos with truth")
    parser.add_argument("--reference", type=Path, metavar="NPZ", help="of several cameras, for clips without a truth")
    parser.add_argument("--camera", metavar="NAME", help="in the reference (default: what the clip's name ends in)")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw the errors per joint and over time into DIR")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="find takes and raw points again in DIR, or put them")
    parser.add_argument("--ours", action="store_true", help="leave out the raw ways")
    parser.add_argument("--brief", action="store_true", help="one line a clip instead of one for each way")
    chosen = parser.parse_args(words)
    rows = {}
    for clip in clips_in(chosen.clips or [DEMO]):
        try:
            if not clip.is_file():
                raise TruthError(f"There is no clip {clip}.")
            truth = truth_of(clip, chosen.reference, chosen.camera)
            print(f"{clip.name} ...", file=sys.stderr)
            rows[clip.stem] = measure(clip, truth, chosen.keep, not chosen.ours, chosen.plots)
        except UnderstudyError as fault:
            print(f"left out: {fault}", file=sys.stderr)
    if not rows:
        print("understudy: nothing to measure: give clips with known truth, or folders of them.", file=sys.stderr)
        return 2
    print(brief(rows) if chosen.brief else tables(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
