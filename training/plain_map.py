"""The linear map that reads a face: learned from faces with few expressions at a time, in even light.

Faces that show many expressions at once, in any light, teach networks more and a linear map less: on such pictures it
learns which shapes go along with each other instead of what each of them does.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..solvers.names import EXPRESSIONS
from .face_parts import linear_map
from .face_pictures import NETWORKS
from .face_samples import Layout, Samples, moves

PEOPLE = {"woman": (4, 180), "man": (4, 180), "capture": (3, 150), "ict": (48, 95)}  # people, pictures of each
MOST_GAIN = 3.0  # by which an expression that least squares have shrunk is raised to its size


@dataclass(frozen=True)
class PlainMap:
    """shapes: (3 P, 52) from offsets of points to expressions in full. centre, spread: (52,) over neutral faces."""

    shapes: np.ndarray
    centre: np.ndarray
    spread: np.ndarray


def gather(material: Path, work: Path) -> None:
    """Render everybody and look at them with both networks; what is there already is kept (6000 pictures, 25 min)."""
    for head, (people, pictures) in PEOPLE.items():
        for person in range(people):
            folder = work / f"{head}-{person:02d}"
            if not (folder / "truth.npz").exists():
                folder.mkdir(parents=True, exist_ok=True)
                words = [str(material), head, str(person), str(pictures), str(folder)]
                module = f"{__package__}.render_plain_faces"
                subprocess.run([sys.executable, "-m", module, *words], check=True, stdout=subprocess.DEVNULL)
                print(f"rendered {folder.name}", flush=True)
    for name, bundle in NETWORKS.items():
        folders = [str(f) for f in sorted(work.iterdir()) if f.is_dir() and not (f / f"{name}.npz").exists()]
        if folders:
            words = [str(material / "models" / bundle), name, *folders]
            subprocess.run([sys.executable, "-m", f"{__package__}.see_faces", *words], check=True)


def learn(samples: Samples, laid: Layout, without: str = "") -> PlainMap:
    """The map from these pictures. laid: points to read. without: a head, or a family of heads, that is left out."""
    found = moves(samples, laid)
    rows = (samples.head != without) & (samples.family != without)
    shapes = linear_map(samples, found, laid, rows)
    shapes = shapes * _gains(found.offsets[rows].reshape(rows.sum(), -1) @ shapes, samples, rows)
    people = np.unique(samples.group[rows])
    neutral = (found.neutrals[people] - laid.reference).reshape(len(people), -1) @ shapes
    return PlainMap(shapes, neutral.mean(0), neutral.std(0))


def _gains(values: np.ndarray, samples: Samples, rows: np.ndarray) -> np.ndarray:
    """By what each expression (52,) must be multiplied so that strong ones reach their true size."""
    weights, known, result = samples.weights[rows], samples.known[rows], np.ones(len(EXPRESSIONS))
    for k in range(len(EXPRESSIONS)):
        strong, absent = known[:, k] & (weights[:, k] > 0.5), known[:, k] & (weights[:, k] < 0.02)
        if strong.sum() > 20:
            reached = (values[strong, k].mean() - values[absent, k].mean()) / weights[strong, k].mean()
            result[k] = np.clip(1 / max(reached, 1e-3), 1, MOST_GAIN)
    return result
