"""Faces without sliders: their bones are moved as the places of a face move with each expression."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ..names import EXPRESSIONS
from .preset_file import PresetFile, on, pattern_of, plain, read, sides_of

FACES = Path(__file__).resolve().parents[2] / "presets" / "faces"
PEOPLE, BONES = FACES / "places" / "people.toml", FACES / "bones"
LEAST = 4  # places that a face must have bones at; single names are alike by chance
# Places in the middle of a face, and on both of its sides; on a rig, a bone each.
MIDDLE = ("LipUpper", "LipLower", "Chin", "Nose", "BrowCentre", "Tongue")
SIDED = (
    "LipCorner", "LipUpperSide", "LipLowerSide", "BrowInner", "BrowMiddle", "BrowOuter", "LidUpperInner", "LidUpper",
    "LidUpperOuter", "LidLowerInner", "LidLower", "LidLowerOuter", "CheekUpper", "CheekLower", "Nostril",
)  # fmt: skip
PLACES = (*MIDDLE, *(f"{side}{name}" for name in SIDED for side in ("left", "right")))
TARGET = "EyeTarget"  # no place of the face, but what an eye looks at on rigs whose eyes follow a control

Moves = dict[str, dict[str, np.ndarray]]  # {expression: {place: (3,) to the left, back, up}}


@dataclass(frozen=True)
class BonyFace:
    """One kind of face on bones.

    name: for the user. source: where its names are told of. places: {place: names of bones that all go there; several
    spellings of one stand side by side as "lip|Lip"}. prefix: a regular expression for what may precede every name.
    """

    name: str
    places: dict[str, tuple[str, ...]]
    source: str = ""
    prefix: str = ""


@cache
def people() -> Moves:
    """How the places of people's faces move, in distances between the eyes."""
    return load(PEOPLE)


def load(path: Path | str) -> Moves:
    """Read how places move, in the form that presets/README.md tells.

    Raises PresetError if the file is not well formed; the message says in which line, and what would be right.
    """
    whole = {name.removesuffix("Left").removesuffix("Right") for name in EXPRESSIONS}
    file = read(path, "places", {"name", "source", *EXPRESSIONS, *whole})
    found: Moves = {}
    for key, table in file.words.items():
        if key in ("name", "source"):
            continue
        for place, move in table.items():
            _check(file, key, place, move)
            for expression in (key,) if key in EXPRESSIONS else (f"{key}Left", f"{key}Right"):
                found.setdefault(expression, {}).update(_on_sides(key, expression, place, np.array(move, float)))
    return found


def _check(file: PresetFile, key: str, place: str, move) -> None:
    if place not in PLACES and place not in SIDED:
        known = ", ".join((*MIDDLE, *SIDED))
        raise file.fault(f"names the place '{place}'", f"places are {known}, or of one side leftLipCorner", place, key)
    if not (isinstance(move, list) and len(move) == 3 and all(isinstance(part, (int, float)) for part in move)):
        raise file.fault(f"has no move for '{place}'", f"write {place} = [outwards, back, up]", place, key)


def _on_sides(key: str, expression: str, place: str, move: np.ndarray) -> dict[str, np.ndarray]:
    """{place: (3,) to the left, back, up} of an entry.

    key: as the file has it, expression: one that it stands for; an expression of one side moves the places of that.
    """
    flipped = move * [-1, 1, 1]
    if key == expression:
        if place in SIDED:
            return {f"left{place}": move, f"right{place}": flipped}
        return {place: flipped if place.startswith("right") else move}
    left = expression.endswith("Left")
    if place in SIDED:
        return {f"left{place}": move} if left else {f"right{place}": flipped}
    if place in MIDDLE:
        return {place: move if left else flipped}
    both = place.removeprefix("left")  # the file tells it of the left expression: both sides of the face alike
    return {f"left{both}": move, f"right{both}": flipped}


# --- which bones are there -------------------------------------------------------------------------------------------


def load_bones(path: Path | str) -> BonyFace:
    """Read a kind of face on bones, in the form that presets/README.md tells.

    Raises PresetError if the file is not well formed; the message says in which line, and what would be right.
    """
    file = read(path, "face bones", {"name", "source", "prefix", "sides", "places"})
    sides, found = sides_of(file), {}
    for place, names in file.words.get("places", {}).items():
        names = [names] if isinstance(names, str) else names
        if place not in MIDDLE and place not in (*SIDED, TARGET):
            known = ", ".join((*MIDDLE, *SIDED, TARGET))
            raise file.fault(f"names the place '{place}'", f"places are {known}", place, "places")
        if not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
            raise file.fault(f"has no bone for '{place}'", f'write {place} = "…" or a list', place, "places")
        both = zip(("left", "right"), sides, strict=True)
        for ours, word in both if place not in MIDDLE else (("", ""),):
            found[f"{ours}{place}"] = tuple(on(name, word) if word else name for name in names)
    return BonyFace(file.words["name"], found, file.words.get("source", ""), pattern_of(file, "prefix"))


@cache
def shipped() -> tuple[BonyFace, ...]:
    """All kinds in the folder BONES, by file name."""
    return tuple(load_bones(path) for path in sorted(BONES.glob("*.toml")))


def places_of(bones: Iterable[str], kinds: Iterable[BonyFace] | None = None) -> dict[str, tuple[str, ...]]:
    """{place: bones} of the kind of face that has most of its places on a character; {} where none has LEAST.

    bones: names of a character's. kinds: to choose from; None takes the shipped ones.
    """
    bones = tuple(bones)
    faces = [_there(kind, bones) for kind in (shipped() if kinds is None else kinds)]
    best = max(faces, key=len, default={})
    return best if len(best) >= LEAST else {}


def _there(kind: BonyFace, bones: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """{place: bones} of those that a character has."""
    prefix = re.compile(f"(?:{kind.prefix})", re.IGNORECASE)
    spelt = {bone: bone for bone in bones}
    for bone in bones:
        spelt.setdefault(plain(prefix.sub("", bone, count=1) if kind.prefix and prefix.match(bone) else bone), bone)
    found = {}
    for place, names in kind.places.items():
        there = (next((spelt[key] for name in way.split("|") for key in (name, plain(name)) if key in spelt), "")
                 for way in names)  # fmt: skip
        chosen = tuple(bone for bone in there if bone)
        if chosen:
            found[place] = chosen
    return found
