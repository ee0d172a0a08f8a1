"""Drives: what a preset says in its table [channels], read and checked; data only, never evaluated as code."""

from __future__ import annotations

import math

from ..names import EXPRESSIONS
from .preset_file import PresetFile, on

# The channels besides ARKit's expressions, and the region whose switch silences each.
MOTION = {
    "gazeYaw": "gaze", "gazePitch": "gaze",
    "headYaw": "head", "headPitch": "head", "headRoll": "head",
    "hipsSway": "body", "hipsHeight": "body", "hipsSpeed": "body",
    "leftHandOpen": "left_hand", "rightHandOpen": "right_hand", "leftFootDown": "body", "rightFootDown": "body",
}  # fmt: skip
REGION = {name: "gaze" if name.startswith("eyeLook") else "face" for name in EXPRESSIONS} | MOTION
# Names without their side: that of the bone's own side, or the mean of both.
SIDED = {
    **{name.removesuffix("Left"): (name, name.removesuffix("Left") + "Right") for name in EXPRESSIONS
       if name.endswith("Left") and name not in ("jawLeft", "mouthLeft")},
    "handOpen": ("leftHandOpen", "rightHandOpen"), "footDown": ("leftFootDown", "rightFootDown"),
}  # fmt: skip
AXES = ("x", "y", "z")
WAYS = ("turn", "move")
NUMBERS = {"start": (-math.inf, math.inf), "min": (-math.inf, math.inf), "max": (-math.inf, math.inf),
           "lag": (0.0, 10.0), "bounce": (0.0, 0.95)}  # fmt: skip
REMEDY = '"bone" = { turn = "x", by = { browInnerUp = 20.0 } }'

Drive = dict  # {"turn" or "move": axis, "by": {channel: weight}, and any of NUMBERS}; without an axis, of a slider


def drives(file: PresetFile, sides: tuple[str, str]) -> dict[str, tuple[Drive, ...]]:
    """{bone or slider: what moves it} of a preset's table [channels].

    file: with words as TOML has them. sides: what {side} stands for.
    Raises PresetError with file, line and remedy where an entry is not well formed.
    """
    found: dict[str, tuple[Drive, ...]] = {}
    for name, entries in file.words.get("channels", {}).items():
        listed = entries if isinstance(entries, list) else [entries]
        for entry in listed:
            _check(file, name, entry)
        if name == on(name, ""):
            found[name] = tuple(_told(entry, None) for entry in listed)
            continue
        for side, word in enumerate(sides):
            found[on(name, word)] = tuple(_told(entry, side) for entry in listed)
    return found


def _check(file: PresetFile, name: str, entry) -> None:
    fault = lambda wrong, remedy: file.fault(f"lets '{name}' move {wrong}", remedy, name, "channels")  # noqa: E731
    if not isinstance(entry, dict):
        raise fault("by what is no table", f"write {REMEDY}")
    unknown = sorted(set(entry) - {*WAYS, *NUMBERS, "by"})
    if unknown:
        raise fault(f"with the unknown word '{unknown[0]}'", f"it may be {', '.join((*WAYS, 'by', *NUMBERS))}")
    ways = [way for way in WAYS if way in entry]
    if len(ways) > 1 or any(entry[way] not in AXES for way in ways):
        raise fault("along no single axis", 'write turn or move = "x", "y" or "z", or neither for a slider')
    weights = entry.get("by")
    if not isinstance(weights, dict) or not weights or not all(map(_is_number, weights.values())):
        raise fault("by no weights", f"write {REMEDY}")
    unknown = sorted(set(weights) - set(REGION) - set(SIDED))
    if unknown:
        names = ", ".join((*MOTION, "handOpen", "footDown"))
        raise fault(f"by the unknown channel '{unknown[0]}'", f"name an ARKit expression, or one of {names}")
    for key, (least, most) in NUMBERS.items():
        if key in entry and not (_is_number(entry[key]) and least <= entry[key] <= most):
            span = f" from {least:g} to {most:g}" if math.isfinite(most) else ""
            raise fault(f"with {key} = {entry[key]!r}", f"write a number{span}")


def _is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _told(entry: Drive, side: int | None) -> Drive:
    """An entry whose channels are told in full, for one side.

    On the right, turns about y and z and moves along x go the other way, as the axes of mirrored bones do.
    """
    flipped = side == 1 and (entry.get("turn") in ("y", "z") or entry.get("move") == "x")
    weights: dict[str, float] = {}
    for name, weight in entry["by"].items():
        full = (name,) if name in REGION else SIDED[name] if side is None else (SIDED[name][side],)
        for channel in full:
            weights[channel] = weights.get(channel, 0.0) + (-1 if flipped else 1) * float(weight) / len(full)
    numbers = {key: float(entry[key]) for key in NUMBERS if key in entry}
    if flipped:
        ends = {"min": "max", "max": "min", "start": "start"}
        numbers = {ends.get(key, key): -value if key in ends else value for key, value in numbers.items()}
    return {way: entry[way] for way in WAYS if way in entry} | {"by": weights} | numbers
