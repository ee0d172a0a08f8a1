"""Rig presets: what bones and face sliders are called on each kind of rig, and which kind a character is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from ..character import Character
from ..errors import OutputError, RigError
from ..names import EXPRESSIONS, FINGERS, JOINTS, finger_bones
from ..record import written_whole
from .drives import drives
from .face_places import places_of
from .faces import EXPRESSED, expressions, face_of, stated_face
from .free import freed
from .preset_file import PresetFile, on, pattern_of, plain, read, sides_of
from .structure import hangs_backwards, humanoid, on_all_fours

PRESETS = Path(__file__).resolve().parents[2] / "presets" / "rigs"
TABLES = ("bones", "fingers", "twists", "face", "switches", "parents", "ik", "needs", "channels")
KEYS = {"name", "source", "prefix", "sides", "rest", "controls", *TABLES}
RESTS = ("measured", "T")
STATED = "understudy_humanoid"  # the tag by which a character says itself, as JSON, which {joint: bone} it has
UNNAMED = "Told by Structure"  # the kind of a rig whose names are unknown

# A character counts as a body when its hips and half its limbs are known, or head and arms, else only as a head.
LIMBS = tuple(f"{side}{part}" for side in ("left", "right") for part in "UpperArm LowerArm UpperLeg LowerLeg".split())
BUST = ("hips", "spine", "chest", "upperChest")
HEAD = ("neck", "head", "leftEye", "rightEye", "jaw")
# Without one of these, names alone do not tell a whole body.
WHOLE_BODY = ("hips", "head", *LIMBS, *(f"{side}{part}" for side in ("left", "right") for part in ("Hand", "Foot")))
TO_FK = ("[IK_FK]", "[ik_fk_switch]")  # properties of rigs whose limbs are led by IK at 0 and by FK at 1
AGREEING = 0.8  # of the joints that names tell structure must tell alike, before it adds what they do not


@dataclass(frozen=True)
class RigPreset:
    """One kind of rig, or, once recognised, one character's rig.

    name: of the kind of rig, for the user. source: where its names are told of.
    bones: {joint: bone}; in a file several spellings may stand side by side as "Hips|pelvis".
    twists: {joint: bones that share its twist, from the joint outwards}.
    face: {ARKit expression: {slider: weight}}; what a file leaves out is found by `faces.face_of`.
    rest: "measured" (limbs are turned to the T-pose as the rest pose needs it) or "T" (taken as it is).
    switches: {"bone[property]" or "bone[constraint name]": value} to be set once, so that the bones named here act.
    controls: True where the bones are controls, moved through a mechanism instead of by their parents in the bone
        tree: each then turns with the bone of the joint before it.
    parents: {joint: joint that turns its bone, "" for none}, where a control differs from that.
    ik: {joint: control that leads its limb by IK}, kept in step with the bones above: goals of Hand and Foot, poles of
        LowerArm and LowerLeg, and Toes that hang on the foot's goal.
    needs: {"bones": [...], "tags": [...]} without which a character is not of this kind.
    prefix: a regular expression for what may precede every bone's name.
    missing: joints and expressions for which this character has nothing (filled in by `recognise`).
    matched: how this character was recognised, in a few words (filled in by `recognise`).
    places: {place of the face: bones that go there}, see `face_places` (filled in by `recognise`).
    channels: {bone or slider: what of the performance moves it besides}, as `drives` gives it.
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
    twists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    source: str = ""
    matched: str = ""
    places: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ik: dict[str, str] = field(default_factory=dict)
    channels: dict[str, tuple[dict, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """How well a kind of rig fits a character.

    preset: the kind. bones: {joint: bone} of the character that it knows.
    """

    preset: RigPreset
    bones: dict[str, str]

    @property
    def rank(self) -> tuple:
        """What is greater for what fits better.

        A whole body comes before parts; then counts how many joints are known; then that the kind's needs are met; then
        that few of its bones are missing; and where two fit alike, the better documented one: with a source, and with
        more told of it.
        """
        preset, count = self.preset, len(self.bones)
        told = len(preset.twists) + len(preset.switches) + len(preset.parents) + len(preset.face)
        share = count / max(len(preset.bones), 1)
        return _is_body(self.bones), count, bool(preset.needs), share, bool(preset.source), told

    def __str__(self) -> str:
        return f"{self.preset.name}: {len(self.bones)} of {len(self.preset.bones)} bones"


# --- files ------------------------------------------------------------------------------------------------------------


def load(path: Path | str) -> RigPreset:
    """Read a rig preset.

    path: of the TOML file, in the form that presets/README.md tells.
    Raises PresetError if it is not well formed; the message says in which line, and what would be right.
    """
    file = read(path, "rig", KEYS)
    sides, words = sides_of(file), file.words
    switches = words.get("switches", {}).items()
    preset = RigPreset(
        name=words["name"],
        source=words.get("source", ""),
        bones=_sided(file, "bones", sides) | _fingers(file, sides),
        twists=_twists(file, sides),
        face={expression: ways[0] for expression, ways in expressions(file, sides).items()},
        rest=words.get("rest", RESTS[0]),
        switches={on(key, side): value for key, value in switches for side in (sides if "{" in key else sides[:1])},
        controls=bool(words.get("controls", False)),
        parents=_sided(file, "parents", ("left", "right")),
        ik=_sided(file, "ik", sides),
        needs=words.get("needs", {}),
        prefix=pattern_of(file, "prefix"),
        channels=drives(file, sides),
    )
    _check(preset, file)
    return preset


@cache
def shipped() -> tuple[RigPreset, ...]:
    """All presets in the folder PRESETS, by file name."""
    return tuple(load(path) for path in sorted(PRESETS.glob("*.toml")))


def _sided(file: PresetFile, table: str, sides: tuple[str, str]) -> dict[str, str]:
    """Entries for joints; one called by a joint's name without its side stands for both."""
    entries = {}
    for key, value in file.words.get(table, {}).items():
        if not isinstance(value, str):
            remedy = f'write the name of a bone: {key} = "…"'
            raise file.fault(f"gives '{key}' no text", remedy, key, table)
        for joint, side in _joints(file, key, table, sides):
            entries.setdefault(joint, on(value, side) if side else value)
    return entries


def _joints(file: PresetFile, key: str, table: str, sides: tuple[str, str]) -> list[tuple[str, str]]:
    """(joint, the preset's word for its side) of an entry's name; of both sides where it has none itself.

    Where a joint is named in full, its bone's name is meant as it stands, and there is no word.
    """
    if key in JOINTS:
        return [(key, "")]
    if f"left{key}" in JOINTS:
        return [(f"left{key}", sides[0]), (f"right{key}", sides[1])]
    remedy = "use a VRM 1.0 bone name such as hips or leftUpperArm, or UpperArm for both sides"
    raise file.fault(f"names the unknown joint '{key}'", remedy, key, table)


def _fingers(file: PresetFile, sides: tuple[str, str]) -> dict[str, str]:
    """Entries for the bones of fingers, which a file lists from the palm outwards."""
    entries = {}
    for finger, bones in file.words.get("fingers", {}).items():
        if finger not in FINGERS or not _texts(bones) or len(bones) != 3:
            raise file.fault(
                f"has an entry '{finger}' that is no finger with three bones",
                f"write {', '.join(FINGERS)} with three bones each, an empty text where there is none",
                finger, "fingers",
            )  # fmt: skip
        for ours, theirs in zip(("left", "right"), sides, strict=True):
            chain = zip(finger_bones(ours, finger), bones, strict=True)
            entries |= {joint: on(bone, theirs) for joint, bone in chain if bone}
    return entries


def _twists(file: PresetFile, sides: tuple[str, str]) -> dict[str, tuple[str, ...]]:
    """{joint: its twist bones}."""
    entries = {}
    for key, bones in file.words.get("twists", {}).items():
        if not _texts(bones):
            raise file.fault(f"has twists of '{key}' that are no list", f'write {key} = ["…", "…"]', key, "twists")
        for joint, side in _joints(file, key, "twists", sides):
            entries[joint] = tuple(on(bone, side) if side else bone for bone in bones)
    return entries


def _texts(value) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def _check(preset: RigPreset, file: PresetFile) -> None:
    if preset.rest not in RESTS:
        raise file.fault(f"has the rest '{preset.rest}'", f"it must be {' or '.join(RESTS)}", "rest")
    wrong = next((joint for joint, name in preset.parents.items() if name and name not in JOINTS), None)
    if wrong is not None:
        key = wrong if wrong in file.words["parents"] else wrong.removeprefix("left").removeprefix("right")
        remedy = "name a joint such as upperChest, or nothing"
        raise file.fault(f"lets a bone turn with '{preset.parents[wrong]}', which is no joint", remedy, key, "parents")
    for key, value in preset.needs.items():
        if key not in ("bones", "tags") or not _texts(value):
            remedy = 'write bones = ["…"] or tags = ["…"]'
            raise file.fault(f"has needs '{key}' that are no list of bones or tags", remedy, key, "needs")
    wrong = next((key for key, value in preset.switches.items() if not isinstance(value, (int, float))), None)
    if wrong is not None or any("[" not in key for key in preset.switches):
        wrong = wrong or next(key for key in preset.switches if "[" not in key)
        line = next((key for key in file.words["switches"] if key == wrong or "{" in key), "")
        remedy = 'write "bone[property]" = 1.0'
        raise file.fault(f"has the switch '{wrong}' that is no property with a number", remedy, line, "switches")


def save(preset: RigPreset, path: Path | str) -> None:
    """Write a rig preset, whole or not at all; `load` reads the same from it.

    preset: with one bone for each joint. path: of the TOML file. Raises OutputError if it cannot be written.
    """
    tables = {
        "bones": preset.bones,
        "twists": preset.twists,
        "face": preset.face,
        "switches": preset.switches,
        "parents": preset.parents,
        "ik": preset.ik,
        "needs": preset.needs,
        "channels": preset.channels,
    }
    lines = [f"name = {toml(preset.name)}", f"rest = {toml(preset.rest)}", f"controls = {toml(preset.controls)}"]
    if preset.source:
        lines.append(f"source = {toml(preset.source)}")
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


# --- recognising ------------------------------------------------------------------------------------------------------


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
        if not _face(preset, character):
            raise RigError(_refusal(character, presets))
    return fitted(preset, character, bones)


def fitted(preset: RigPreset, character: Character, bones: dict[str, str]) -> RigPreset:
    """A kind of rig, told with the names of one character.

    preset: the kind. character: as its rig sees itself. bones: {joint: bone} of the character.
    """
    face = _face(preset, character)
    absent = [j for j in JOINTS if j not in bones] + [e for e in EXPRESSIONS if e not in face]
    named = preset.name != UNNAMED and len(preset.bones) > 0
    known = [joint for joint in bones if joint in preset.bones]
    return replace(
        preset,
        name=preset.name if bones else "face sliders",
        bones=bones,
        twists=_named_twists(preset, character) if bones else {},
        face=face,
        switches={key: value for key, value in preset.switches.items() if bones and key in character.properties},
        parents={joint: parent for joint, parent in preset.parents.items() if joint in bones},
        ik={joint: bone for joint, bone in preset.ik.items() if joint in bones and bone in character.bones},
        channels=_named_channels(preset, character),
        missing=tuple(absent),
        matched=f"{len(known)} of {len(preset.bones)} bones by name" if named and bones else "",
        places=places_of(character.bones) if "head" in bones else {},
    )


def fitting(
    character: Character, presets: tuple[RigPreset, ...] = (), own: tuple[RigPreset, ...] = ()
) -> tuple[RigPreset, dict[str, str]]:
    """The preset that fits a character best, and {joint: bone}; where no names are known, told by structure.

    character: as its rig sees itself. presets: to choose from; none takes the shipped ones. own: the user's; one with
    all its bones on the character comes first, unless it knows a head only and another knows the whole body.
    """
    best = _with_stated(character, ranking(character, presets)[0])
    unlike = on_all_fours(character, best.bones) or hangs_backwards(character, best.bones)
    if not best.preset.controls and _is_body(best.bones) and unlike:
        best = Match(RigPreset("", {}), {})  # names of a body, but no body of ours
    if not best.preset.controls and not set(WHOLE_BODY) <= set(best.bones):
        best = _with_structure(character, best)
    theirs = [(preset, _bones(preset, character)) for preset in own if _has_needs(preset, character)]
    whole = [(preset, bones) for preset, bones in theirs if len(bones) == len(preset.bones) > 0]
    chosen = max(whole, key=lambda fit: len(fit[1]), default=(best.preset, best.bones))
    return chosen if _is_body(chosen[1]) or not _is_body(best.bones) else (best.preset, best.bones)


def ranking(character: Character, presets: tuple[RigPreset, ...] = ()) -> tuple[Match, ...]:
    """All kinds of rigs that a character may be by the names of its bones, the one that fits best first.

    character: as its rig sees itself. presets: to choose from; none takes the shipped ones.
    """
    matches = [Match(preset, _bones(preset, character)) for preset in presets or shipped()
               if _has_needs(preset, character)]  # fmt: skip
    return tuple(sorted(matches, key=lambda match: match.rank, reverse=True)) or (Match(RigPreset("", {}), {}),)


def _with_stated(character: Character, best: Match) -> Match:
    """A match with the bones that the character itself says it has, if it says so; they need no guess."""
    try:
        said = json.loads(character.tags.get(STATED, "{}"))
    except (TypeError, ValueError):  # a mark of somebody else's
        return best
    stated = {joint: bone for joint, bone in said.items() if joint in JOINTS and bone in character.bones}
    if not _is_body(stated) or best.preset.controls:
        return best
    if not _is_body(best.bones):
        return Match(RigPreset("VRM", stated), stated)
    others = {joint: bone for joint, bone in best.bones.items() if bone not in stated.values()}
    return Match(best.preset, others | stated)


def _with_structure(character: Character, best: Match) -> Match:
    """A match with what the structure of the bones tells beside their names, or instead of them."""
    try:
        told = humanoid(character)
    except RigError:
        return best
    told = {joint: character.follows.get(bone, bone) for joint, bone in told.items()}
    if _is_body(best.bones):
        both = [joint for joint in told if joint in best.bones]
        if sum(told[joint] == best.bones[joint] for joint in both) < AGREEING * len(both):
            return best
        spare = {joint: bone for joint, bone in told.items() if bone not in best.bones.values()}
        return Match(best.preset, spare | best.bones)
    told, controls = freed(character, told)
    moved = [f"{bone}[constraint " for bone in told.values()]
    switches = {key: 0.0 for key in character.properties if key.startswith(tuple(moved))}
    switches |= {key: 1.0 for key in character.properties if key.endswith(TO_FK)} if controls else {}
    return Match(RigPreset(UNNAMED, dict(told), switches=switches, controls=controls), told)


def _is_body(bones: dict[str, str]) -> bool:
    """Whether bones are a body: hips with half of the limbs, or a bust, a head and two arms on a trunk."""
    bust = {"head", *LIMBS[:2], *LIMBS[4:6]} <= set(bones) and any(part in bones for part in BUST)
    return bust or "hips" in bones and sum(limb in bones for limb in LIMBS) >= len(LIMBS) // 2


def _has_needs(preset: RigPreset, character: Character) -> bool:
    return all(bone in character.bones for bone in preset.needs.get("bones", ())) and all(
        tag in character.tags for tag in preset.needs.get("tags", ())
    )


def _spelt(preset: RigPreset, character: Character) -> dict[str, str]:
    """{spelling: bone} of a character's bones, with and without what may precede their names."""
    prefix = re.compile(f"(?:{preset.prefix})", re.IGNORECASE)
    found = {bone: bone for bone in character.bones}
    for bone in character.bones:
        stripped = bone[prefix.match(bone).end() :] if preset.prefix and prefix.match(bone) else bone
        for name in (stripped, plain(bone), plain(stripped)):
            found.setdefault(name, bone)
    return found


def _bones(preset: RigPreset, character: Character) -> dict[str, str]:
    """{joint: bone} of those joints for which the character has a bone of the preset's name."""
    found = _spelt(preset, character)
    bones: dict[str, str] = {}
    taken = set()
    for joint in JOINTS:
        names = preset.bones.get(joint, "")
        for spelling in (names, *names.split("|")):  # a bone's own name may hold the sign
            bone = found.get(spelling, found.get(plain(spelling))) if spelling else None
            if bone is not None and bone not in taken:
                bones[joint] = bone
                taken.add(bone)
                break
    return bones


def _named_twists(preset: RigPreset, character: Character) -> dict[str, tuple[str, ...]]:
    """{joint: twist bones} of those that the character has."""
    found = _spelt(preset, character) if preset.twists else {}
    there = {
        joint: tuple(bone for name in names if (bone := found.get(name, found.get(plain(name)))))
        for joint, names in preset.twists.items()
    }
    return {joint: bones for joint, bones in there.items() if bones}


def _named_channels(preset: RigPreset, character: Character) -> dict[str, tuple[dict, ...]]:
    """{bone or slider of the character: what moves it} of those that it has; a turn or a move is a bone's."""
    found, there = _spelt(preset, character) if preset.channels else {}, {}
    for name, listed in preset.channels.items():
        bone = found.get(name, found.get(plain(name)))
        for drive in listed:
            target = bone if "turn" in drive or "move" in drive else name if name in character.sliders else None
            if target is not None:
                there[target] = (*there.get(target, ()), drive)
    return there


def _face(preset: RigPreset, character: Character) -> dict[str, dict[str, float]]:
    """{expression: {slider: weight}} as the preset has it, and for the rest as it is found by the sliders' names.

    Where a character says itself of what its expressions are made, and that shows more, it is believed.
    """
    sliders = character.sliders
    face, stated = face_of(sliders)[1], stated_face(character.tags.get(EXPRESSED, "{}"), sliders)
    face = stated if len(stated) > len(face) else face
    for expression, weights in preset.face.items():
        present = {slider: float(weight) for slider, weight in weights.items() if slider in sliders}
        if present:
            face[expression] = present
    return face


def _refusal(character: Character, presets: tuple[RigPreset, ...]) -> str:
    has = f"{len(character.bones)} bones and {len(character.sliders)} sliders" if character.bones else (
        f"{len(character.sliders)} sliders and no bones"
    )
    kinds = ", ".join(preset.name for preset in presets)
    try:
        humanoid(character)
        reason = "no body"
    except RigError as fault:
        reason = str(fault).partition(" form ")[2].rstrip(".") or "no body"
    forms = f", and they form {reason}" if character.bones else ""
    return (
        f"{character.name} has {has}, none of them known{forms}: understood are the bones of {kinds}, bodies with two "
        "arms and two legs whatever their bones are called, and face sliders with ARKit's names; for another rig, "
        "choose its bones by hand, or add a file as presets/README.md tells."
    )
