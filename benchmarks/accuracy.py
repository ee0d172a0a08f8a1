"""How near a solved performance comes to a known truth: python -m understudy.benchmarks.accuracy [CLIP.mp4 ...]

A clip's truth lies beside it as CLIP.gt.json.gz, as film.py writes it. Without arguments the embedded demo clip is
measured. Prints one Markdown table: body (limb directions, joint positions, jitter, foot skate) and face (correlation
and size of the expressions that move).
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..solvers.names import EXPRESSION, JOINT
from ..solvers.performance import Performance
from ..solvers.skeleton import joint_positions

DEMO = Path(__file__).resolve().parents[1] / "presets" / "demo" / "performance.mp4"

# VRM joint -> the name that truth files use (Mixamo's).
TRUTH_NAMES = {
    f"{side}{ours}": f"{side.capitalize()}{theirs}"
    for side in ("left", "right")
    for ours, theirs in {
        "UpperArm": "Arm",
        "LowerArm": "ForeArm",
        "Hand": "Hand",
        "UpperLeg": "UpLeg",
        "LowerLeg": "Leg",
        "Foot": "Foot",
    }.items()
}
LIMBS = [
    (f"{side}{a}", f"{side}{b}")
    for side in ("left", "right")
    for a, b in (("UpperArm", "LowerArm"), ("LowerArm", "Hand"), ("UpperLeg", "LowerLeg"), ("LowerLeg", "Foot"))
]
MOVES = 0.05  # an expression moves in the truth when its standard deviation is above this
PLANTED = 0.25  # m/s; a true foot slower than this, near the floor, is planted


@dataclass(frozen=True)
class Truth:
    """What really happened in a clip.

    time: (T,) s. joints: {VRM joint: (T, 3) m}, z up, +y away from the camera. expressions: {ARKit name: (T,)}.
    """

    time: np.ndarray
    joints: dict[str, np.ndarray]
    expressions: dict[str, np.ndarray]


def read_truth(path: Path | str) -> Truth:
    """Read a .gt.json.gz. path: of the file."""
    with gzip.open(path, "rt") as file:
        frames = json.load(file)["frames"]
    names = sorted({name for frame in frames for name in frame["w"]})
    return Truth(
        np.array([frame["t"] for frame in frames], float),
        {ours: np.array([frame["p3d"][theirs] for frame in frames], float) for ours, theirs in TRUTH_NAMES.items()},
        {name: np.array([frame["w"].get(name, 0.0) for frame in frames]) for name in names},
    )


def measure(performance: Performance, truth: Truth) -> dict[str, float]:
    """All figures of one clip: see body_measures and face_measures.

    performance: what was solved. truth: what really happened.
    """
    return body_measures(performance, truth) | face_measures(performance, truth)


def body_measures(performance: Performance, truth: Truth) -> dict[str, float]:
    """Errors of the limbs.

    direction: mean angle (deg) between solved and true limbs, after one rotation for the whole clip.
    mpjpe, pa: mean joint distance (mm), about the mid-hip after that rotation, and after a similarity fit a frame.
    jitter, jitter_truth: mean third difference of the joints about the mid-hip, 10 m/s^3.
    skate: mean speed (m/s) of solved feet while the true foot is planted.
    """
    positions = joint_positions(performance.rotations, performance.root, performance.skeleton)
    at = truth.time
    solved = np.stack([_interpolated(performance.time, positions[:, JOINT[name]], at) for name in truth.joints], 1)
    true = np.stack(list(truth.joints.values()), 1)
    order = list(truth.joints)
    hips = [order.index("leftUpperLeg"), order.index("rightUpperLeg")]
    fps = 1.0 / np.median(np.diff(at))
    a = solved - solved[:, hips].mean(1, keepdims=True)
    b = true - true[:, hips].mean(1, keepdims=True)
    a = a @ _rotation_onto(a.reshape(-1, 3), b.reshape(-1, 3)).T
    limbs = [(order.index(start), order.index(end)) for start, end in LIMBS]
    directions = [np.stack([_unit(x[:, end] - x[:, start]) for start, end in limbs], 1) for x in (a, b)]
    angles = np.degrees(np.arccos(np.clip((directions[0] * directions[1]).sum(-1), -1, 1)))
    feet = [order.index("leftFoot"), order.index("rightFoot")]
    speed = [np.linalg.norm(np.gradient(x[:, feet], axis=0), axis=-1) * fps for x in (solved, true)]
    floor = np.percentile(true[:, feet, 2], 5) + 0.08
    planted = (speed[1] < PLANTED) & (true[:, feet, 2] < floor)
    return {
        "direction": float(angles.mean()),
        "mpjpe": float(np.linalg.norm(a - b, axis=-1).mean() * 1e3),
        "pa": float(np.mean([_similarity_distance(p, q) for p, q in zip(solved, true, strict=True)]) * 1e3),
        "jitter": _jitter(a, fps),
        "jitter_truth": _jitter(b, fps),
        "skate": float(speed[0][planted].mean()) if planted.any() else float("nan"),
    }


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


def _interpolated(time: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
    return np.stack([np.interp(at, time, column) for column in values.T], 1)


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def _rotation_onto(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The rotation R that brings points a onto b, b ~ a @ R.T (Kabsch 1976)."""
    u, _, vt = np.linalg.svd(a.T @ b)
    return (u * [1, 1, np.sign(np.linalg.det(u @ vt))] @ vt).T


def _similarity_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean distance of points a from b after the best similarity (Umeyama 1991)."""
    a, b = a - a.mean(0), b - b.mean(0)
    turned = a @ _rotation_onto(a, b).T
    return float(np.linalg.norm(turned * ((turned * b).sum() / (turned**2).sum()) - b, axis=-1).mean())


def _jitter(x: np.ndarray, fps: float) -> float:
    return float(np.linalg.norm(np.diff(x, n=3, axis=0), axis=-1).mean() * fps**3 / 10)


def table(rows: dict[str, dict[str, float]]) -> str:
    """A Markdown table. rows: {clip: {measure: value}}."""
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = ["| clip | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for clip, row in rows.items():
        lines.append(f"| {clip} | " + " | ".join(f"{row[c]:.3g}" if c in row else "" for c in columns) + " |")
    return "\n".join(lines)


def main() -> None:
    """Detect, solve and measure each clip."""
    from ..solvers.detect import detect
    from ..solvers.solve import solve

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path, default=[DEMO], metavar="CLIP.mp4")
    rows = {}
    for clip in parser.parse_args().clips:
        print(f"{clip.name} ...", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            performance = solve(detect(clip, Path(folder) / "take.npz"))
        rows[clip.stem] = measure(performance, read_truth(clip.with_suffix("").with_suffix(".gt.json.gz")))
    print(table(rows))


if __name__ == "__main__":
    main()
