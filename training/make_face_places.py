"""How the places of a face move with ARKit's expressions, from the ICT-FaceKit head's shapes.

    python -m understudy.training.make_face_places MATERIAL

Writes presets/faces/places/people.toml. MATERIAL/training/ict_landmarks.npz holds that head's neutral face and its
shapes, in the order of MediaPipe's scores, at its 478 points, in cm (x to its left, y up, z to the front).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from ..solvers.names import EXPRESSIONS, mirrored
from ..solvers.record import written_whole
from ..solvers.rigs.face_places import MIDDLE, PEOPLE, SIDED

IRISES = (468, 473)
ROW = {name: row for row, name in enumerate(sorted(EXPRESSIONS), 1) if name != "tongueOut"}  # 0 is neutral
# MediaPipe's points at each place: in the middle of the face, and on both sides (right, left).
POINTS = {
    "LipUpper": (0, 13), "LipLower": (17, 14), "Chin": (152, 175), "Nose": (1, 4), "BrowCentre": (9, 8),
    "LipCorner": ((61, 78), (291, 308)), "LipUpperSide": ((39, 81), (269, 311)),
    "LipLowerSide": ((181, 178), (405, 402)), "BrowInner": ((55, 107), (285, 336)),
    "BrowMiddle": ((52, 105), (282, 334)), "BrowOuter": ((46, 70), (276, 300)),
    "LidUpperInner": ((157, 158), (384, 385)), "LidUpper": ((159,), (386,)), "LidUpperOuter": ((160, 161), (387, 388)),
    "LidLowerInner": ((153, 154), (380, 381)), "LidLower": ((145,), (374,)), "LidLowerOuter": ((144, 163), (373, 390)),
    "CheekUpper": ((50, 117), (280, 346)), "CheekLower": ((187, 207), (411, 427)), "Nostril": ((48, 129), (278, 358)),
}  # fmt: skip
LEAST = 0.012  # distances between the eyes; what moves less stays where it is
EYES_ALONE = ("eyeLookIn", "eyeLookOut")  # move no more than the skin about the eye
TONGUE = {"tongueOut": {"Tongue": (0.0, -0.45, -0.06)}}  # the head has no tongue


def moves(material: Path) -> dict[str, dict[str, np.ndarray]]:
    """{expression: {place: (3,) outwards, back, up, in distances between the eyes}} of one face of the mean size."""
    data = np.load(material / "training" / "ict_landmarks.npz", allow_pickle=False)
    size = np.linalg.norm(data["neutral"][IRISES[0]] - data["neutral"][IRISES[1]])
    shapes = data["expressions"][..., [0, 2, 1]] * [1, -1, 1] / size
    found: dict[str, dict[str, np.ndarray]] = {}
    for expression in EXPRESSIONS:
        for place in (*MIDDLE, *(f"{side}{name}" for name in SIDED for side in ("left", "right"))):
            other = _move(shapes, mirrored(expression), mirrored(place)) * [-1, 1, 1]
            move = (_move(shapes, expression, place) + other) / 2 * [-1 if place.startswith("right") else 1, 1, 1]
            if not expression.startswith(EYES_ALONE) and np.linalg.norm(move) > LEAST:
                found.setdefault(expression, {})[place] = move.round(2) + 0.0
    return found


def _move(shapes: np.ndarray, expression: str, place: str) -> np.ndarray:
    """How far (3,) one place moves: to the left, back, up."""
    bare = place.removeprefix("left").removeprefix("right")
    if bare not in POINTS or expression not in ROW:
        return np.zeros(3)
    points = POINTS[bare] if place == bare else POINTS[bare][place.startswith("left")]
    return shapes[ROW[expression]][list(points)].mean(0)


def joined(found: dict[str, dict[str, np.ndarray]]) -> dict[str, dict[str, np.ndarray]]:
    """The same with one entry for what is alike on both sides, expressions and places."""
    tables: dict[str, dict[str, np.ndarray]] = {}
    for expression, table in found.items():
        aside = expression.startswith("jaw") or expression in ("mouthLeft", "mouthRight")
        if expression.endswith("Right") and not aside:
            continue
        paired = expression.endswith("Left") and not aside
        name = expression.removesuffix("Left") if paired else expression
        for place, move in table.items():
            bare = place.removeprefix("left").removeprefix("right")
            if bare == place or not np.allclose(table.get(mirrored(place), np.nan), move):
                if not (paired and place.startswith("right")):  # the other side hardly moves
                    tables.setdefault(name, {})[bare if paired else place] = move
            elif place.startswith("left"):
                tables.setdefault(name, {})[place if paired else bare] = move
    return tables


def main(material: str) -> None:
    """Write the file; see the module's docstring."""
    lines = [
        "# Where the places of a face go with each expression: outwards (those in the middle: to the left), back and",
        "# up, in distances between the eyes. Written by training/make_face_places.py.",
        'name = "People"',
        'source = "https://github.com/ICT-VGL/ICT-FaceKit (MIT): its shapes, at the points of MediaPipe\'s face mesh"',
    ]
    for expression, table in (joined(moves(Path(material))) | TONGUE).items():
        lines += ["", f"[{expression}]"]
        lines += [f"{place} = [{', '.join(f'{part:.2f}' for part in move)}]" for place, move in table.items()]
    with written_whole(PEOPLE) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
