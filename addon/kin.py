"""The bakes in a file: which actions belong together, to whom, and what is written in them.

A bake is one action or several, and all that is known about it is in their custom properties: what it was made of
(MARK), which curves it owns and what their keys are like (KEYS), what the character played and how it stood before
there was any bake (BEFORE), and what it played just before this one (BENEATH). So it lives through saving, undo and
appending, and goes when the actions go.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

import bpy

from ..solvers.errors import UnderstudyError
from . import actions, layers
from .armature import CharacterObjects

MARK, KEYS, BEFORE, BENEATH = "understudy_bake", "understudy_keys", "understudy_before", "understudy_beneath"
# The parts that a bake may have, as they play from the top, and what is added to its name for them. "REST" is a
# layer's ground: values for what nothing else moves, where the layer does not play or is added to.
PARTS = {"NEW": "", "REPLACE": "", "COMBINE": "added", "REST": "rest"}
LAYERS = ("REST", "REPLACE", "COMBINE")  # from the lowest


@dataclass(frozen=True)
class Recipe:
    """All that a bake is made of, so that it can be made again.

    take: path of its file as the scene has it. settings: {name: value} of solvers.settings. start: first frame.
    begin, end: s, part of the take; end 0 is its end. rate: "scene" or "sample". tolerance: rad, 0 keeps all keys.
    layer: {region: "OFF", "REPLACE" or "COMBINE"} for a layer over other animation, {} for a new action.
    floor: path of another performer's take of the same video, on whose floor this one stands; "" is its own.
    face: path of a phone's face capture that is laid over it; "" is none. offset: s of the take at which that begins;
    None finds it.
    target: name of the object that is looked at, "" for none. attention: how much, 0..1.
    """

    take: str
    settings: dict
    start: int = 1
    begin: float = 0.0
    end: float = 0.0
    rate: str = "scene"
    tolerance: float = 0.0
    layer: dict = dataclasses.field(default_factory=dict)
    floor: str = ""
    face: str = ""
    offset: float | None = None
    target: str = ""
    attention: float = 1.0

    def words(self) -> str:
        """The same as JSON; equal recipes have equal words."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)


@dataclass(frozen=True)
class Bake:
    """What is known about one bake.

    name: of its action. recipe: what it was made of. layered: whether it plays over other animation.
    edited: whether it holds keys that were made by hand.
    """

    name: str
    recipe: Recipe
    layered: bool
    edited: bool


@dataclass(frozen=True)
class Family:
    """A bake with the actions that it is: {part: actions}, the first of the topmost part gives the name."""

    mark: dict
    parts: dict[str, list[bpy.types.Action]]

    @property
    def all(self) -> list[bpy.types.Action]:
        """All its actions, those of the topmost part first."""
        return [action for part in PARTS for action in self.parts.get(part, ())]

    @property
    def main(self) -> bpy.types.Action:
        """The action whose name is the bake's."""
        return self.all[0]

    def track_name(self, part: str) -> str:
        """What the NLA track of a part is called."""
        return self.main.name if self.main in self.parts[part] else f"{self.main.name} {PARTS[part]}".rstrip()

    @property
    def bake(self) -> Bake:
        """What others have to know of it."""
        mark = self.mark
        return Bake(self.main.name, Recipe(**mark["recipe"]), mark["layered"], mark["edited"])

    def of(self, owner: bpy.types.ID, part: str) -> bpy.types.Action | None:
        """The action of a part that an owner plays."""
        made = self.parts.get(part, ())
        if made and hasattr(made[0], "slots"):
            return next((action for action in made if actions.place(action, owner) is not None), None)
        same = [action for action in made if action.id_root == actions.kind(owner)]
        fitting = {json.loads(action[MARK])["owner"]: action for action in same}
        return fitting.get(known_as(owner, fitting))


def mark_of(action: bpy.types.Action | None) -> dict | None:
    """What a bake's action says of itself; None for any other action, and for one that is linked."""
    words = action.get(MARK) if action is not None and action.library is None else None
    return json.loads(words) if words else None


def all_of(objects: CharacterObjects) -> list[Family]:
    """All bakes of a character; one that has lost its playing parts is none any more."""
    names = {objects.name} | {mark["character"] for mark in map(mark_of, playing(objects)) if mark}
    grouped: dict[str, list[tuple[dict, bpy.types.Action]]] = {}
    for action in bpy.data.actions:
        mark = mark_of(action)
        if mark and mark["character"] in names:
            grouped.setdefault(mark["id"], []).append((mark, action))
    families = []
    for members in grouped.values():
        members.sort(key=lambda member: (not member[0]["main"], member[1].name))
        parts: dict[str, list] = {}
        for mark, action in members:
            parts.setdefault(mark["part"], []).append(action)
        if set(parts) != {"REST"}:
            families.append(Family(members[0][0], parts))
    return sorted(families, key=lambda family: (family.mark["number"], family.main.name))


def playing(objects: CharacterObjects) -> list[bpy.types.Action]:
    """The actions that a character plays."""
    found = []
    for owner in actions.owners(objects):
        data = owner.animation_data
        if data is not None:
            strips = [strip.action for track in reversed(layers.tracks(data)) for strip in track.strips]
            found += [action for action in (data.action, *strips) if action is not None]
    return found


def current(objects: CharacterObjects) -> Family | None:
    """The bake that plays, which is the last made of all that do: what is beneath a bake is older than it."""
    played = {mark["id"] for mark in map(mark_of, playing(objects)) if mark and mark["part"] != "REST"}
    found = [family for family in all_of(objects) if family.mark["id"] in played]
    return found[-1] if found else None


def find(objects: CharacterObjects, name: str) -> Family:
    """The bake of a name. Raises UnderstudyError if there is none."""
    for family in all_of(objects):
        if family.main.name == name:
            return family
    raise UnderstudyError(f"{objects.name} has no bake called {name} any more: choose one of the list.")


def plays(owner_label: str, family: Family) -> bool:
    """Whether an owner plays a bake. owner_label: as `label` gives it."""
    kind, _, name = owner_label.partition(" ")
    owner = (bpy.data.objects if kind == "OBJECT" else bpy.data.shape_keys).get(name)
    data = owner.animation_data if owner is not None else None
    if data is None:
        return False
    grounds, made = family.parts.get("REST", ()), family.all
    played = [data.action, *(strip.action for track in layers.tracks(data) for strip in track.strips)]
    return any(action in made and action not in grounds for action in played if action is not None)


def written(family: Family) -> dict:
    """{"channels": {part: {owner's label: channels}}, "digest" and "bends" of their keys} as they were written."""
    return json.loads(family.main[KEYS])


def label(owner: bpy.types.ID) -> str:
    """An owner's kind and name, as bakes write them down."""
    return f"{actions.kind(owner)} {owner.name}"


def channels(by_part: dict, part: str, owner: bpy.types.ID) -> set[actions.Channel]:
    """The channels of an owner among {part: {owner's label: channels}}, also if it has got another name since."""
    kind = actions.kind(owner) + " "
    made = {name.removeprefix(kind): found for name, found in by_part.get(part, {}).items() if name.startswith(kind)}
    return {(path, index) for path, index in made.get(known_as(owner, made), ())}


def known_as(owner: bpy.types.ID, names) -> str:
    """The name among those of one kind under which an owner is known, also if it has got another name since.

    That can be told only where there is one name, and nothing else has it.
    """
    others = bpy.data.objects if actions.kind(owner) == "OBJECT" else bpy.data.shape_keys
    lost = [name for name in names if name not in others]
    return lost[0] if owner.name not in names and len(lost) == len(names) == 1 else owner.name
