"""Face presets: which sliders a performance's expressions move, whatever these are called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ..names import EXPRESSIONS
from .preset_file import PresetFile, on, pattern_of, plain, read, sides_of

FACES = Path(__file__).resolve().parents[2] / "presets" / "faces"
KEYS = {"name", "source", "prefix", "suffix", "sides", "pattern", "face", "shapes"}
LEAST = 3  # sliders of a kind that a face must have; single names are alike by chance
# Expressions that ARKit has once and that some characters split into two sides.
WHOLE = ("browInnerUp", "cheekPuff")
EXPRESSED = "understudy_expressions"  # the tag by which a character says of what its expressions are made, as JSON

Weights = dict[str, dict[str, float]]  # {expression: {slider: weight}}


@dataclass(frozen=True)
class FacePreset:
    """One kind of face.

    name: for the user. source: where its names are told of.
    face: {expression: ways to show it, each {slider: weight}, of which the first that a face has whole is taken}.
    shapes: {slider: {expression: weight}} for sliders that are several expressions at once, such as a viseme.
    prefix, suffix: regular expressions for what may stand before and after every slider's name.
    """

    name: str
    face: dict[str, tuple[dict[str, float], ...]] = field(default_factory=dict)
    shapes: dict[str, dict[str, float]] = field(default_factory=dict)
    source: str = ""
    prefix: str = ""
    suffix: str = ""


def load(path: Path | str) -> FacePreset:
    """Read a face preset, in the form that presets/README.md tells.

    Raises PresetError if it is not well formed; the message says in which line, and what would be right.
    """
    file = read(path, "face", KEYS)
    sides, words = sides_of(file), file.words
    face = expressions(file, sides)
    for expression in EXPRESSIONS if "pattern" in words else ():
        name = str(words["pattern"]).replace("{Name}", expression[0].upper() + expression[1:])
        face.setdefault(expression, ({name: 1.0},))
    return FacePreset(
        name=words["name"], face=face, shapes=_shapes(file, sides), source=words.get("source", ""),
        prefix=pattern_of(file, "prefix"), suffix=pattern_of(file, "suffix"),
    )  # fmt: skip


@cache
def shipped() -> tuple[FacePreset, ...]:
    """All presets in the folder FACES, by file name."""
    return tuple(load(path) for path in sorted(FACES.glob("*.toml")))


def expressions(file: PresetFile, sides: tuple[str, str]) -> dict[str, tuple[dict[str, float], ...]]:
    """{expression: ways} of a preset's [face]; an expression's name without its side stands for both sides.

    Raises PresetError where a name is none of ARKit's, or a way is no table of sliders and weights.
    """
    found: dict[str, tuple[dict[str, float], ...]] = {}
    for key, value in file.words.get("face", {}).items():
        ways = value if isinstance(value, list) else [value]
        if not ways or not all(isinstance(way, dict) and way and _numbers(way) for way in ways):
            remedy = f"write {key} = {{ \"slider\" = 1.0 }}, or several of these in square brackets"
            raise file.fault(f"has an entry for '{key}' that is no table of sliders and weights", remedy, key, "face")
        for expression, side in _of_sides(file, key, sides, "face"):
            found[expression] = tuple({on(slider, side): float(way[slider]) for slider in way} for way in ways)
    return found


def _shapes(file: PresetFile, sides: tuple[str, str]) -> dict[str, dict[str, float]]:
    """{slider: {expression: weight}} of a preset's [shapes]; a slider's name with {side} stands for both sides."""
    found: dict[str, dict[str, float]] = {}
    for slider, weights in file.words.get("shapes", {}).items():
        if not (isinstance(weights, dict) and weights and _numbers(weights)):
            remedy = f"write \"{slider}\" = {{ jawOpen = 1.0 }}"
            raise file.fault(f"has a shape '{slider}' that is no table of weights", remedy, slider, "shapes")
        for expression, weight in weights.items():
            for name, side in _of_sides(file, expression, sides, "shapes", slider):
                for word in (side,) if name.endswith(("Left", "Right")) else sides:
                    found.setdefault(on(slider, word), {})[name] = float(weight)
    return found


def _numbers(table: dict) -> bool:
    return all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in table.values())


def _of_sides(
    file: PresetFile, name: str, sides: tuple[str, str], table: str, key: str = ""
) -> list[tuple[str, str]]:
    """(expression, the preset's word for its side) of a name; of both where it has no side itself."""
    if f"{name}Left" in EXPRESSIONS and name not in EXPRESSIONS:
        return [(f"{name}Left", sides[0]), (f"{name}Right", sides[1])]
    if name not in EXPRESSIONS:
        raise file.fault(
            f"names '{name}', which is none of ARKit's 52 expressions",
            "use one such as jawOpen or eyeBlinkLeft, or eyeBlink for both sides", key or name, table,
        )  # fmt: skip
    return [(name, sides[1] if name.endswith("Right") else sides[0])]


def face_of(sliders: tuple[str, ...], presets: Iterable[FacePreset] | None = None) -> tuple[str, Weights]:
    """(kinds of face, {expression: {slider: weight}}) of a character's sliders.

    The kind that shows most expressions is taken, of those that show as many the one that moves most sliders, and
    ARKit's own names before others; what it lacks is taken from the next ones.

    sliders: names of shape keys. presets: kinds beside ARKit's; None takes the shipped ones.
    """
    kinds = [("ARKit", arkit_sliders(sliders))]
    kinds += [(preset.name, weights_on(preset, sliders)) for preset in (shipped() if presets is None else presets)]
    names, face = [], {}
    for name, weights in sorted(kinds, key=lambda kind: (-len(kind[1]), -sum(map(len, kind[1].values())))):
        added = _lacking(weights, face)
        if added:
            names.append(name)
            face |= added
    return " and ".join(names), face


def stated_face(words: str, sliders: tuple[str, ...]) -> Weights:
    """{expression: {slider: weight}} of a character that says itself of what sliders its expressions are made.

    words: JSON {name of an expression, such as VRM's: {slider: weight}}. sliders: those that are there.
    """
    try:
        told = {name: parts.items() for name, parts in json.loads(words).items()}
        made = {name: {s: float(weight) for s, weight in parts if s in sliders} for name, parts in told.items()}
    except (TypeError, ValueError, AttributeError):  # a mark of somebody else's
        return {}
    face: Weights = {}
    for expression, names in face_of(tuple(name for name, parts in made.items() if parts))[1].items():
        for name, weight in names.items():
            for slider, part in made[name].items():
                moved = face.setdefault(expression, {})
                moved[slider] = moved.get(slider, 0.0) + weight * part
    return face


def weights_on(preset: FacePreset, sliders: tuple[str, ...]) -> Weights:
    """{expression: {slider: weight}} of a kind of face on a character; {} where it has fewer than LEAST of its sliders.

    sliders: names of shape keys.
    """
    there = _spelt(sliders, preset.prefix, preset.suffix)
    face: Weights = {}
    for expression, ways in preset.face.items():
        way = next((way for way in ways if all(_named(there, slider) for slider in way)), {})
        for slider, weight in way.items():
            face.setdefault(expression, {}).update(dict.fromkeys(_named(there, slider), weight))
    for slider, weights in preset.shapes.items():
        for name in _named(there, slider):
            for expression, weight in weights.items():
                face.setdefault(expression, {})[name] = weight
    return face if len({slider for weights in face.values() for slider in weights}) >= LEAST else {}


def _lacking(weights: Weights, face: Weights) -> Weights:
    """The part of a kind's weights that moves sliders which no other kind does, for expressions that none shows yet."""
    taken = {slider for moved in face.values() for slider in moved}
    spoilt = {
        slider for expression, moved in weights.items() for slider, weight in moved.items()
        if slider in taken or (expression in face and weight > 0)
    }  # fmt: skip
    kept = {
        expression: {slider: weight for slider, weight in moved.items() if slider not in spoilt}
        for expression, moved in weights.items()
        if expression not in face
    }
    return {expression: moved for expression, moved in kept.items() if moved}


def _spelt(sliders: tuple[str, ...], prefix: str, suffix: str) -> dict[str, list[str]]:
    """{plain name: sliders}, with and without what may stand before and after a name."""
    found: dict[str, list[str]] = {}
    for slider in sliders:
        bare = re.sub(f"(?:{suffix})$", "", re.sub(f"^(?:{prefix})", "", slider, flags=re.I), flags=re.I)
        for name in {plain(slider), plain(bare)} - {""}:
            found.setdefault(name, []).append(slider)
    return found


def _named(there: dict[str, list[str]], spellings: str) -> list[str]:
    """The sliders of a name, or of the first of several with | between them that is there."""
    return next((there[plain(name)] for name in spellings.split("|") if plain(name) in there), [])


def arkit_sliders(sliders: tuple[str, ...]) -> Weights:
    """{expression: {slider: weight}} of sliders that carry ARKit's names, however spelt.

    Known spellings: eyeBlinkLeft, EyeBlinkLeft, eyeBlink_L, eyeBlink.L, Eye Blink Left, and any prefix (ARKit_,
    AK_09_). Where several families of names end alike, the one with most expressions is taken.

    sliders: names of shape keys.
    """
    families: dict[str, Weights] = {}
    for slider in sliders:
        name = plain(slider)
        match = next(((key, expression) for key, expression in _endings() if name.endswith(key)), None)
        if match is not None:
            prefix = re.sub(r"\d", "", name[: -len(match[0])])
            families.setdefault(prefix, {}).setdefault(match[1], {})[slider] = 1.0
    return max(families.values(), key=len) if families else {}


@cache
def _endings() -> tuple[tuple[str, str], ...]:
    """(plain spelling, expression) of all that a slider's name may end in, longest first."""
    endings = []
    for expression in EXPRESSIONS:
        key = expression.lower()
        endings.append((key, expression))
        for side in ("left", "right"):
            if key.endswith(side):
                endings.append((key[: -len(side)] + side[0], expression))
        if expression in WHOLE:
            endings += [(key + side, expression) for side in ("left", "right", "l", "r")]
    return tuple(sorted(endings, key=lambda ending: -len(ending[0])))
