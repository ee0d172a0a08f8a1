"""Rig presets: what bones and face sliders are called on each kind of rig, and which kind a character is."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from .character import Character
from .errors import OutputError, PresetError, RigError
from .names import EXPRESSIONS, FINGERS, JOINTS, finger_bones
from .record import written_whole

PRESETS = Path(__file__).resolve().parents[1] / "presets" / "rigs"
KEYS = {"name", "prefix", "sides", "rest", "bones", "fingers", "face", "switches", "parents", "needs", "controls"}
RESTS = ("measured", "T")

# A character counts as a body when its hips and half its limbs are known, else only as a head.
LIMBS = tuple(f"{side}{part}" for side in ("left", "right") for part in "UpperArm LowerArm UpperLeg LowerLeg".split())
HEAD = ("neck", "head", "leftEye", "rightEye", "jaw")
# Expressions that ARKit has once and that some characters split into two sides.
WHOLE = ("browInnerUp", "cheekPuff")


@dataclass(frozen=True)
class RigPreset:
    """One kind of rig, or, once recognised, one character's rig.

    name: of the kind of rig, for the user.
    bones: {joint: bone}; in a file several spellings may stand side by side as "Hips|pelvis".
    face: {ARKit expression: {slider: weight}}; what a file leaves out is found by ARKit's name in any spelling.
    rest: "measured" (limbs are turned to the T-pose as the rest pose needs it) or "T" (taken as it is).
    switches: {"bone[property]": value} to be set once, so that the bones named here act.
    controls: True where the bones are controls, moved through a mechanism instead of by their parents in the bone
        tree: each then turns with the bone of the joint before it.
    parents: {joint: joint that turns its bone, "" for none}, where a control differs from that.
    needs: {"bones": [...], "tags": [...]} without which a character is not of this kind.
    prefix: a regular expression for what may precede every bone's name.
    missing: joints and expressions for which this character has nothing (filled in by `recognise`).
    """

    name: str
    bones: dict[str, str]
    face: dict[str, dict[str, float]] = field(default_factory=dict)
    rest: str = "measured"
    switches: dict = field(default_factory=dict)
    controls: bool = False
    parents: dict[str, str] = field(default_factory=dict)
    needs: dict = field(default_factory=dict)
    prefix: str = ""
    missing: tuple[str, ...] = ()


def load(path: Path | str) -> RigPreset:
    """Read a rig preset.

    path: of the TOML file, in the form that presets/README.md tells.
    Raises PresetError if it is not well formed; the message says where and what would be right.
    """
    path = Path(path)
    try:
        words = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise PresetError(f"The rig preset {path.name} cannot be read ({fault}): mend the TOML file.") from fault
    unknown = set(words) - KEYS
    if unknown or not isinstance(words.get("name"), str):
        wrong = f"has the unknown entry '{sorted(unknown)[0]}'" if unknown else "has no name"
        raise PresetError(f"The rig preset {path.name} {wrong}: it may hold {', '.join(sorted(KEYS))}.")
    sides = tuple(words.get("sides", ("left", "right")))
    preset = RigPreset(
        name=words["name"],
        bones=_sided(words.get("bones", {}), sides, path) | _fingers(words.get("fingers", {}), sides, path),
        face=words.get("face", {}),
        rest=words.get("rest", RESTS[0]),
        switches={key: value for entry in words.get("switches", {}).items() for key, value in _both(*entry, sides)},
        controls=bool(words.get("controls", False)),
        parents=_sided(words.get("parents", {}), ("left", "right"), path),
        needs=words.get("needs", {}),
        prefix=words.get("prefix", ""),
    )
    _check(preset, path)
    return preset


def shipped() -> tuple[RigPreset, ...]:
    """All presets in the folder PRESETS, by file name."""
    return tuple(load(path) for path in sorted(PRESETS.glob("*.toml")))


def save(preset: RigPreset, path: Path | str) -> None:
    """Write a rig preset, whole or not at all; `load` reads the same from it.

    preset: with one bone for each joint. path: of the TOML file. Raises OutputError if it cannot be written.
    """
    tables = {
        "bones": preset.bones,
        "face": preset.face,
        "switches": preset.switches,
        "parents": preset.parents,
        "needs": preset.needs,
    }
    lines = [f"name = {toml(preset.name)}", f"rest = {toml(preset.rest)}", f"controls = {toml(preset.controls)}"]
    if preset.prefix:
        lines.append(f"prefix = {toml(preset.prefix)}")
    for title, table in tables.items():
        if table:
            lines += ["", f"[{title}]", *(f"{_key(key)} = {toml(value)}" for key, value in table.items())]
    try:
        with written_whole(path) as temporary:
            temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except (OSError, UnicodeEncodeError) as fault:
        raise OutputError(f"The preset {Path(path).stem} cannot be written ({fault}): make room for it.") from fault


def toml(value) -> str:
    """A value as TOML writes it on one line.

    value: text, truth, number, list, or table of these.
    """
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {toml(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):  # JSON's escapes are TOML's, but for one sign
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def _key(name: str) -> str:
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else toml(name)


def recognise(
    character: Character, presets: Iterable[RigPreset] | None = None, own: Iterable[RigPreset] = ()
) -> RigPreset:
    """The preset that fits a character best, with the character's own bone and slider names.

    character: as its rig sees itself. presets: to choose from; None takes the shipped ones. own: the user's, which
    come before them where all their bones are there.
    Raises RigError if neither a humanoid's bones nor any face slider is found.
    """
    presets = tuple(shipped() if presets is None else presets)
    preset, bones = fitting(character, presets, tuple(own))
    if preset not in own and not _is_body(bones):
        bones = {joint: bone for joint, bone in bones.items() if joint in HEAD}
        if not _face(preset, character.sliders):
            raise RigError(_refusal(character, presets))
    return fitted(preset, character, bones)


def fitted(preset: RigPreset, character: Character, bones: dict[str, str]) -> RigPreset:
    """A kind of rig, told with the names of one character.

    preset: the kind. character: as its rig sees itself. bones: {joint: bone} of the character.
    """
    face = _face(preset, character.sliders)
    absent = [j for j in JOINTS if j not in bones] + [e for e in EXPRESSIONS if e not in face]
    return replace(
        preset,
        name=preset.name if bones else "face sliders",
        bones=bones,
        face=face,
        switches={key: value for key, value in preset.switches.items() if bones and key in character.properties},
        parents={joint: parent for joint, parent in preset.parents.items() if joint in bones},
        missing=tuple(absent),
    )


def fitting(
    character: Character, presets: tuple[RigPreset, ...] = (), own: tuple[RigPreset, ...] = ()
) -> tuple[RigPreset, dict[str, str]]:
    """The preset with most bones on a character, and {joint: bone}; one whose needs are met comes before all others.

    character: as its rig sees itself. presets: to choose from; none takes the shipped ones. own: the user's; one with
    all its bones on the character comes first, unless it knows a head only and another knows the whole body.
    """
    fits = [(preset, _bones(preset, character)) for preset in presets or shipped() if _has_needs(preset, character)]
    best = max(fits, key=lambda fit: (bool(fit[0].needs), len(fit[1])))
    theirs = [(preset, _bones(preset, character)) for preset in own if _has_needs(preset, character)]
    whole = [(preset, bones) for preset, bones in theirs if len(bones) == len(preset.bones) > 0]
    chosen = max(whole, key=lambda fit: len(fit[1]), default=best)
    return chosen if _is_body(chosen[1]) or not _is_body(best[1]) else best


def _is_body(bones: dict[str, str]) -> bool:
    return "hips" in bones and sum(limb in bones for limb in LIMBS) >= len(LIMBS) // 2


def plain(name: str) -> str:
    """A name without what spellings differ in: lower case, letters and digits only.

    name: of a bone or a slider.
    """
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _sided(table: dict, sides: tuple[str, str], path: Path) -> dict[str, str]:
    """Entries for joints; one called by a joint's name without its side stands for both."""
    entries = {}
    for key, value in table.items():
        if not isinstance(value, str):
            raise PresetError(f"The rig preset {path.name} gives '{key}' no text: write the name of a bone.")
        if key in JOINTS:
            entries[key] = value
        elif f"left{key}" in JOINTS:
            for ours, theirs in zip(("left", "right"), sides, strict=True):
                entries.setdefault(f"{ours}{key}", _on(value, theirs))
        else:
            raise PresetError(
                f"The rig preset {path.name} names the unknown joint '{key}': use a VRM 1.0 bone name such as hips or "
                "leftUpperArm, or UpperArm for both sides."
            )
    return entries


def _fingers(table: dict, sides: tuple[str, str], path: Path) -> dict[str, str]:
    """Entries for the bones of fingers, which a file lists from the palm outwards."""
    entries = {}
    for finger, bones in table.items():
        if finger not in FINGERS or not isinstance(bones, list) or len(bones) != 3:
            raise PresetError(
                f"The rig preset {path.name} has fingers that are not {', '.join(FINGERS)} with three bones each "
                "(an empty text where there is none)."
            )
        for ours, theirs in zip(("left", "right"), sides, strict=True):
            chain = zip(finger_bones(ours, finger), bones, strict=True)
            entries |= {joint: _on(bone, theirs) for joint, bone in chain if bone}
    return entries


def _both(key: str, value, sides: tuple[str, str]) -> list[tuple]:
    return [(_on(key, side), value) for side in (sides if "{" in key else sides[:1])]


def _on(name: str, side: str) -> str:
    """A name on one side: {side} stands for the side's word, {s} for its first letter."""
    return name.replace("{side}", side).replace("{s}", side[:1])


def _check(preset: RigPreset, path: Path) -> None:
    wrong = next((name for name in preset.face if name not in EXPRESSIONS), None)
    if wrong is not None:
        raise PresetError(f"The rig preset {path.name} names '{wrong}', which is none of ARKit's 52 expressions.")
    if preset.rest not in RESTS:
        raise PresetError(f"The rig preset {path.name} has the rest '{preset.rest}': it must be {' or '.join(RESTS)}.")
    wrong = next((name for name in preset.parents.values() if name and name not in JOINTS), None)
    if wrong is not None:
        raise PresetError(f"The rig preset {path.name} lets a bone turn with '{wrong}', which is no joint.")
    try:
        re.compile(preset.prefix)
    except re.error as fault:
        raise PresetError(f"The rig preset {path.name} has a bad prefix, no regular expression ({fault}).") from fault


def _has_needs(preset: RigPreset, character: Character) -> bool:
    return all(bone in character.bones for bone in preset.needs.get("bones", ())) and all(
        tag in character.tags for tag in preset.needs.get("tags", ())
    )


def _bones(preset: RigPreset, character: Character) -> dict[str, str]:
    """{joint: bone} of those joints for which the character has a bone of the preset's name."""
    prefix = re.compile(f"(?:{preset.prefix})", re.IGNORECASE)
    found = {bone: bone for bone in character.bones}
    for bone in character.bones:
        stripped = bone[prefix.match(bone).end() :] if preset.prefix and prefix.match(bone) else bone
        for name in (stripped, plain(bone), plain(stripped)):
            found.setdefault(name, bone)
    bones: dict[str, str] = {}
    for joint in JOINTS:
        names = preset.bones.get(joint, "")
        for spelling in (names, *names.split("|")):  # a bone's own name may hold the sign
            bone = found.get(spelling, found.get(plain(spelling))) if spelling else None
            if bone is not None and bone not in bones.values():
                bones[joint] = bone
                break
    return bones


def _face(preset: RigPreset, sliders: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """{expression: {slider: weight}} as the preset has it, and for the rest by ARKit's names in any spelling."""
    face = arkit_sliders(sliders)
    for expression, weights in preset.face.items():
        present = {slider: float(weight) for slider, weight in weights.items() if slider in sliders}
        if present:
            face[expression] = present
    return face


def arkit_sliders(sliders: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """{expression: {slider: weight}} of sliders that carry ARKit's names, however spelt.

    Known spellings: eyeBlinkLeft, EyeBlinkLeft, eyeBlink_L, eyeBlink.L, Eye Blink Left, and any prefix (ARKit_,
    AK_09_). Where several families of names end alike, the one with most expressions is taken.

    sliders: names of shape keys.
    """
    families: dict[str, dict[str, dict[str, float]]] = {}
    endings = sorted(_endings(), key=lambda ending: -len(ending[0]))
    for slider in sliders:
        name = plain(slider)
        match = next(((key, expression) for key, expression in endings if name.endswith(key)), None)
        if match is not None:
            prefix = re.sub(r"\d", "", name[: -len(match[0])])
            families.setdefault(prefix, {}).setdefault(match[1], {})[slider] = 1.0
    return max(families.values(), key=len) if families else {}


def _endings() -> list[tuple[str, str]]:
    """(plain spelling, expression) of all that a slider's name may end in."""
    endings = []
    for expression in EXPRESSIONS:
        key = expression.lower()
        endings.append((key, expression))
        for side in ("left", "right"):
            if key.endswith(side):
                endings.append((key[: -len(side)] + side[0], expression))
        if expression in WHOLE:
            endings += [(key + side, expression) for side in ("left", "right", "l", "r")]
    return endings


def _refusal(character: Character, presets: tuple[RigPreset, ...]) -> str:
    has = f"{len(character.bones)} bones and {len(character.sliders)} sliders" if character.bones else (
        f"{len(character.sliders)} sliders and no bones"
    )
    kinds = ", ".join(preset.name for preset in presets)
    return (
        f"{character.name} has {has}, none of them known: understood are the bones of {kinds}, and face sliders with "
        "ARKit's names; for another rig, add a file as presets/README.md tells."
    )
