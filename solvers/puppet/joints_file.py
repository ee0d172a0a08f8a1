"""Files that say where a picture's joints are: AnimatedDrawings' char_cfg.yaml, and points of our own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from ..errors import CharacterError
from . import skeleton2d
from .skeleton2d import JOINTS, SIDES

EYES, MOUTH = ("leftEye", "rightEye"), ("mouthLeft", "mouthRight")
POINTS = (*JOINTS, "HeadTip", *(f"{side}{end}" for side in SIDES for end in ("HandTip", "Toe")), *EYES, *MOUTH)


def read(path: Path) -> tuple[dict[str, np.ndarray], tuple[int, int] | None]:
    """{joint, end, eye or mouth corner: (2,) px} and the (width, height) of the picture they were placed on, if told.

    path: of a .json {"size": [w, h], "points": {name: [x, y]}} with names of POINTS, or of AnimatedDrawings' .yaml.
    Raises CharacterError where it is neither.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise CharacterError(f"The joints in {path.name} cannot be read ({fault}).") from fault
    return _of_json(path, text) if path.suffix.lower() == ".json" else _of_yaml(path, text)


def _of_json(path: Path, text: str) -> tuple[dict[str, np.ndarray], tuple[int, int] | None]:
    try:
        words = json.loads(text)
        found = {name: np.array(place, float) for name, place in words["points"].items()}
        size = tuple(int(side) for side in words["size"]) if "size" in words else None
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise _fault(path) from fault
    unknown = [name for name in found if name not in POINTS]
    if unknown:
        raise CharacterError(
            f"{path.name} places the unknown point {unknown[0]}: use names such as {', '.join(POINTS[:6])}."
        )
    if not all(place.shape == (2,) and np.isfinite(place).all() for place in found.values()) or size and len(size) != 2:
        raise _fault(path)
    return found, size


def _fault(path: Path) -> CharacterError:
    return CharacterError(f'{path.name} holds no points: write {{"size": [w, h], "points": {{"head": [x, y], …}}}}.')


def write(path: Path, points: dict[str, np.ndarray], size: tuple[int, int]) -> None:
    """Write points that `read` reads. points: {name of POINTS: (2,) px}. size: (width, height) px of their picture."""
    from ..record import written_whole

    words = {
        "size": list(size),
        "points": {name: [round(float(v), 1) for v in points[name]] for name in POINTS if name in points},
    }
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(words, indent=1), encoding="utf-8")


def _of_yaml(path: Path, text: str) -> tuple[dict[str, np.ndarray], tuple[int, int] | None]:
    """AnimatedDrawings' skeleton: a list of loc (x, y), name and parent; only this form of YAML is understood."""
    joints = {}
    for entry in re.split(r"(?m)^\s*-\s*(?=loc\s*:)", text)[1:]:
        place = re.search(r"loc\s*:\s*(?:\[\s*([-\d.]+)\s*,\s*([-\d.]+)\s*\]|-\s*([-\d.]+)\s+-\s*([-\d.]+))", entry)
        name = re.search(r"name\s*:\s*(\w+)", entry)
        if place and name:
            joints[name[1]] = np.array([float(v) for v in place.groups() if v is not None])
    needed = {
        "hip",
        "torso",
        "neck",
        *(f"{side}_{part}" for side in SIDES for part in ("shoulder", "elbow", "hand", "hip", "knee", "foot")),
    }
    if not needed <= set(joints):
        missing = ", ".join(sorted(needed - set(joints))[:3])
        raise CharacterError(f"{path.name} is no skeleton of AnimatedDrawings: it lacks the joints {missing}.")
    size = [re.search(rf"(?m)^{side}\s*:\s*(\d+)", text) for side in ("width", "height")]
    return _from_drawing(joints), tuple(int(word[1]) for word in size) if all(size) else None


def _from_drawing(joints: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The joints of AnimatedDrawings as ours: its torso is where the neck begins, its neck where the face is."""
    hips, shoulders, face = joints["hip"], joints["torso"], joints["neck"]
    chin = shoulders + 0.45 * (face - shoulders)
    places = skeleton2d.trunk(hips, shoulders, chin, face + 0.9 * (face - chin))
    for side in SIDES:
        at = {part: joints[f"{side}_{part}"] for part in ("shoulder", "elbow", "hand", "hip", "knee", "foot")}
        places |= {
            f"{side}Shoulder": shoulders + 0.4 * (at["shoulder"] - shoulders),
            f"{side}UpperArm": at["shoulder"], f"{side}LowerArm": at["elbow"],
            f"{side}Hand": at["elbow"] + 0.8 * (at["hand"] - at["elbow"]),
            f"{side}HandTip": at["elbow"] + 1.25 * (at["hand"] - at["elbow"]),
            f"{side}UpperLeg": at["hip"], f"{side}LowerLeg": at["knee"],
            f"{side}Foot": at["knee"] + 0.85 * (at["foot"] - at["knee"]),
            f"{side}Toe": at["knee"] + 1.15 * (at["foot"] - at["knee"]),
        }  # fmt: skip
    return places
