"""A look at a character's face: how far each of its shapes moves it, beside what the same shape does to people's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import NobodyError
from ..face.lips import PAIRS
from ..face.skull import align
from ..names import EXPRESSIONS, mirrored
from .face_range import LEAST_GAIN, MOST_GAIN, FaceRange

WEIGHTS = Path(__file__).resolve().parents[2] / "presets" / "weights" / "responses.npz"
FOUND = "points.npy"  # what the child leaves
# Of a shape's full strength, what is looked at: the network does not follow mouths that are wider than people's.
STRENGTHS = {"jawOpen": 0.4}
ALIKE = 0.6  # correlation with what a shape does to people from which its size is believed
# Root of the sum of squares over all points, in distances between the eyes: less is lost in the network's jitter, which
# on shapes that move none of its points (puffed cheeks, the tongue) comes to as much.
NOTICED = 0.09
# Lids close at 1 on every character; mouthClose closes as far as jawOpen opens, by ARKit's definition of both.
FIXED = ("eyeBlinkLeft", "eyeBlinkRight", "tongueOut", "mouthClose")
SHUT = 0.02  # distances between the eyes: network's gap of lips that touch
OPEN = 0.05  # a neutral mouth is open from this gap on


@dataclass(frozen=True)
class Responses:
    """What each expression at 1 does to people's faces as MediaPipe sees it (P points).

    points: (P,) of the 478. steady: (P,) how little each moves with expression. neutral: (P, 3) in distances between
    the eyes, head axes. moves: (52, P, 3), mean over heads, at the strengths of STRENGTHS.
    """

    points: np.ndarray
    steady: np.ndarray
    neutral: np.ndarray
    moves: np.ndarray


@functools.cache
def responses() -> Responses:
    """The shipped ones; see presets/weights."""
    with np.load(WEIGHTS, allow_pickle=False) as file:
        return Responses(**{name: file[name].astype(int if name == "points" else float) for name in file.files})


def look(
    folder: Path, progress: Callable[[int, int], None] | None = None, cancelled: Callable[[], bool] | None = None,
    polite: bool = False,
) -> np.ndarray:  # fmt: skip
    """The face's points (F, 478, 3) px in our axes in all pictures of a folder, by name; NaN where no face was found.

    folder: with .png files; the result passes through it. progress, cancelled, polite: as detect.takes has them.
    Raises ModelError, DetectorError where a native part crashed, and Cancelled.
    """
    from .. import detect, models

    models.find()
    job = {"verb": "faces", "video": str(folder), "out": str(folder / FOUND), "start": None, "end": None,
           "polite": polite}  # fmt: skip
    nothing = lambda done, total: None  # noqa: E731
    detect.run(job, folder / "words", progress or nothing, cancelled or (lambda: False))
    return np.load(folder / FOUND, allow_pickle=False)


def displacements(points: np.ndarray, known: Responses) -> tuple[np.ndarray, np.ndarray]:
    """A face at rest (P, 3) in head axes, and how far it moves in all other pictures (F - 1, P, 3).

    points: (F, 478, 3) px, the first at rest, in our axes; NaN where no face was found, and so is the result there.
    Both are in distances between the eyes.
    """
    chosen = points[:, known.points]
    rest = align(chosen[:1], known.neutral, known.steady)[1][0]
    moves = np.full(chosen[1:].shape, np.nan)
    seen = np.isfinite(chosen[1:]).all((1, 2))
    if seen.any():
        moves[seen] = align(chosen[1:][seen], rest, known.steady)[1] - rest
    return rest, moves


def fit(points: np.ndarray, expressions: tuple[str, ...]) -> FaceRange:
    """How a character's face differs from people's.

    points: (F, 478, 3) px in our axes, of its face at rest and then with each expression alone, at 1 or as STRENGTHS
    has it; NaN where no face was found. expressions: (F - 1,) their names.
    Raises NobodyError where the face at rest was not found.
    """
    if not np.isfinite(points[0]).all():
        raise NobodyError(
            "No face was found in the picture of the character: it needs eyes, nose and mouth as people have them; its "
            "shapes are used as they are."
        )
    known = responses()
    rest, moves = displacements(points, known)
    usual = [known.moves[EXPRESSIONS.index(name)] for name in expressions]
    gains = {name: _gain(*both) for name, *both in zip(expressions, moves, usual, strict=True) if name not in FIXED}
    seen = {name for name, gain in gains.items() if gain is not None}
    gains = {name: _even(gains, name) for name in gains if {name, mirrored(name)} <= seen}
    if "jawOpen" in gains and "mouthClose" in expressions:
        gains["mouthClose"] = gains["jawOpen"]
    opened = gap(moves[expressions.index("jawOpen")] + rest, known) if "jawOpen" in expressions else np.nan
    apart = _apart(gap(rest, known), (opened - gap(rest, known)) / STRENGTHS["jawOpen"])
    return FaceRange(gains, apart, apart if "mouthClose" in expressions else 0.0)


def gap(face: np.ndarray, known: Responses) -> float:
    """How far the lips are apart, in distances between the eyes. face: (P, 3)."""
    row = {int(point): number for number, point in enumerate(known.points)}
    return float(np.mean([face[row[upper], 2] - face[row[lower], 2] for upper, lower in PAIRS]))


def _gain(move: np.ndarray, usual: np.ndarray) -> float | None:
    """What a shape's strength is multiplied by so that it goes as far as people's; None where that is not seen well.

    move, usual: (P, 3). The size is that of the part that goes people's way: what else moves is noise or style.
    """
    size, own = np.linalg.norm(usual), np.linalg.norm(move)
    if not np.isfinite(own) or size < NOTICED or own == 0:
        return None
    alike = float((move * usual).sum() / (size * own))
    if alike < ALIKE:
        return None
    gain = size / (own * alike)
    return float(np.clip(gain**alike, LEAST_GAIN, MOST_GAIN))  # believed as far as both are alike


def _even(gains: dict[str, float], name: str) -> float:
    """A shape's gain, the same for both sides: how one side is drawn differently is mostly the network's doing."""
    return round(float(np.sqrt(gains[name] * gains[mirrored(name)])), 3)


def _apart(opened: float, travel: float) -> float:
    """How far a mouth is modelled open, as a share of its jawOpen; 0 where it is not, or jawOpen opens nothing."""
    if not (opened > OPEN and travel > OPEN):
        return 0.0
    return round(float(np.clip((opened - SHUT) / travel, 0, 1)), 3)
