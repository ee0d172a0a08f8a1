"""How far each expression moves people's faces in the eyes of MediaPipe: the measure that characters are fitted to.

    python -m understudy.training.make_responses MATERIAL

MATERIAL/characters holds four heads with ARKit's shapes (see HEADS). Each is drawn as the fit to a face draws it, at
rest and with every expression alone, and looked at. Writes presets/weights/responses.npz.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

import numpy as np

from ..addon import armature, face_pictures, files, rigs
from ..solvers.face.lips import PAIRS
from ..solvers.face.skull import align
from ..solvers.names import EXPRESSIONS
from ..solvers.record import written_whole
from ..solvers.rigs import face_fit

HEADS = ("mh_f_mixamo.glb", "mh_m_game_engine.glb", "facecap_decoded.glb", "ict_facekit_light.glb")
EYES = ((33, 133, 159, 145), (263, 362, 386, 374))  # right, left: between these is the middle of an eye
# Outline, brows, lids, irises, nose, lips and cheeks: enough to see every shape, and a third of all points.
POINTS = sorted({
    *(10, 67, 297, 103, 332, 54, 284, 162, 389, 127, 356, 234, 454, 132, 361, 172, 397, 136, 365, 150, 379, 176, 400),
    *(148, 377, 152, 175, 199, 200, 18), *(70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    *(300, 293, 334, 296, 336, 285, 295, 282, 283, 276), *(33, 160, 158, 159, 133, 153, 144, 145, 157, 161, 163, 154),
    *(263, 387, 385, 386, 362, 380, 373, 374, 384, 388, 390, 381), 468, 473, *(168, 6, 197, 195, 5, 4, 1, 2, 8, 9, 151),
    *(48, 278, 129, 358, 98, 327, 64, 294),
    *(50, 280, 101, 330, 117, 346, 36, 266, 187, 411, 207, 427, 205, 425, 123, 352),
    *(61, 291, 0, 17, 37, 267, 39, 269, 40, 270, 84, 314, 181, 405, 91, 321, 185, 409, 146, 375, 78, 308, 95, 324),
    *(point for pair in PAIRS for point in pair),
})  # fmt: skip


def seen(path: Path) -> dict[str, np.ndarray]:
    """{expression, or "": the face's points (478, 3) px} of one head at rest ("") and with each expression alone."""
    objects = files.open_character(path)
    character = armature.read(objects)
    preset = rigs.recognised(character)
    with tempfile.TemporaryDirectory(prefix="understudy-") as folder:
        shown = face_pictures.draw(objects, character, preset, Path(folder))
        points = face_fit.look(Path(folder))
    return dict(zip(("", *shown), points, strict=True))


def main(material: str) -> None:
    """Look at all heads and write what their shapes do in the mean; see the module's docstring."""
    heads = []
    for name in HEADS:
        with contextlib.redirect_stdout(None):
            heads.append(seen(Path(material) / "characters" / name))
        found = [expression for expression, points in heads[-1].items() if np.isfinite(points).all()]
        sys.stderr.write(f"{name}: {len(found)} of {len(heads[-1])} pictures show a face\n")
    heads = [head for head in heads if np.isfinite(head[""]).all()]
    rests = np.array([_sized(head[""][POINTS], head[""]) for head in heads])
    steady = np.full(len(POINTS), 1.0 / len(POINTS))
    for _ in range(3):  # what moves little says where the head is, and only then can be seen what moves
        neutral = align(rests, rests[0], steady)[1].mean(0)
        known = face_fit.Responses(np.array(POINTS), steady, neutral, np.zeros((len(EXPRESSIONS), len(POINTS), 3)))
        moves = np.array([_moves(head, known) for head in heads])
        steady = 1 / (0.02**2 + np.nanmean(moves**2, axis=(0, 1)).sum(-1))
        steady /= steady.sum()
    told = {"points": np.array(POINTS, np.int16), "steady": steady.astype(np.float32),
            "neutral": neutral.astype(np.float32), "moves": np.nan_to_num(np.nanmean(moves, 0)).astype(np.float16)}
    with written_whole(face_fit.WEIGHTS) as temporary:
        np.savez_compressed(temporary, **told)


def _sized(points: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Points about the middle of the eyes, in distances between them. face: (478, 3)."""
    right, left = (face[list(eye)].mean(0) for eye in EYES)
    return (points - (right + left) / 2) / np.linalg.norm(left - right)


def _moves(head: dict[str, np.ndarray], known: face_fit.Responses) -> np.ndarray:
    """(52, P, 3) of one head; NaN for what it has not, or what was not seen."""
    names = [name for name in head if name]
    moves = face_fit.displacements(np.array([head[""], *(head[name] for name in names)]), known)[1]
    found = np.full((len(EXPRESSIONS), len(known.points), 3), np.nan)
    for name, move in zip(names, moves, strict=True):
        found[EXPRESSIONS.index(name)] = move
    return found


if __name__ == "__main__":
    main(sys.argv[1])
