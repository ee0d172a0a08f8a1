"""Bakes: performances on a character, named, kept in the file, compared, switched and taken away again.

A bake is one action or several, and all that is known about it is in their custom properties: what it was made of
(MARK), which curves it owns and a digest of their keys (KEYS), what the character played and how it stood before
there was any bake (BEFORE), and what it played just before this one (BENEATH). So it lives through saving, undo and
appending, and goes when the actions go.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import uuid
from dataclasses import dataclass

import bpy
import numpy as np

from ..solvers.clip import Clip
from ..solvers.errors import RigError, UnderstudyError
from . import actions, layers
from .actions import Curve
from .armature import CharacterObjects

MARK, KEYS, BEFORE, BENEATH = "understudy_bake", "understudy_keys", "understudy_before", "understudy_beneath"
# The parts that a bake may have, as they play from the top, and what is added to its name for them. "REST" is a
# layer's ground: values for what nothing else moves, where the layer does not play or is added to.
PARTS = {"NEW": "", "REPLACE": "", "COMBINE": "added", "REST": "rest"}
DRIFT = 1e-3  # by which sums over handles may change without an edit
LAYERS = ("REST", "REPLACE", "COMBINE")  # from the lowest


@dataclass(frozen=True)
class Recipe:
    """All that a bake is made of, so that it can be made again.

    take: path of its file as the scene has it. settings: {name: value} of solvers.settings. start: first frame.
    begin, end: s, part of the take; end 0 is its end. rate: "scene" or "sample". tolerance: rad, 0 keeps all keys.
    layer: {region: "OFF", "REPLACE" or "COMBINE"} for a layer over other animation, {} for a new action.
    """

    take: str
    settings: dict
    start: int = 1
    begin: float = 0.0
    end: float = 0.0
    rate: str = "scene"
    tolerance: float = 0.0
    layer: dict = dataclasses.field(default_factory=dict)

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
class _Family:
    """A bake with the actions that it is: {part: actions}, the first of the topmost part gives the name."""

    mark: dict
    parts: dict[str, list[bpy.types.Action]]

    @property
    def all(self) -> list[bpy.types.Action]:
        return [action for part in PARTS for action in self.parts.get(part, ())]

    @property
    def main(self) -> bpy.types.Action:
        return self.all[0]

    def track_name(self, part: str) -> str:
        """What the NLA track of a part is called."""
        return self.main.name if self.main in self.parts[part] else f"{self.main.name} {PARTS[part]}".rstrip()

    @property
    def bake(self) -> Bake:
        mark = self.mark
        return Bake(self.main.name, Recipe(**mark["recipe"]), mark["layered"], mark["edited"])

    def of(self, owner: bpy.types.ID, part: str) -> bpy.types.Action | None:
        """The action of a part that an owner plays."""
        made = self.parts.get(part, ())
        if made and hasattr(made[0], "slots"):
            return next((action for action in made if actions.place(action, owner) is not None), None)
        fitting = [action for action in made if action.id_root == actions.kind(owner)]
        named = [action for action in fitting if json.loads(action[MARK])["owner"] == owner.name]
        return (named or (fitting if len(fitting) == 1 else []) or [None])[0]


# --- what there is ---------------------------------------------------------------------------------------------------


def listed(objects: CharacterObjects) -> tuple[Bake, ...]:
    """All bakes of a character that are in the file, in the order in which they were made.

    objects: the character's armature and meshes.
    """
    return tuple(family.bake for family in _families(objects))


def current(objects: CharacterObjects) -> Bake | None:
    """The bake that plays now: the last made, where one plays over another."""
    family = _current(objects)
    return family.bake if family else None


def glance(thing: bpy.types.Object) -> tuple[tuple[Bake, bool], ...]:
    """All bakes of a character, each with whether it is the one that plays; cheap enough for drawing.

    thing: the character's armature, or its head's mesh.
    """
    few = CharacterObjects(thing, ()) if thing.type == "ARMATURE" else CharacterObjects(None, (thing,))
    families = _families(few)
    playing = [family for family in families if any(_plays(label, family) for label in family.mark["owners"])]
    return tuple((family.bake, family is playing[-1] if playing else False) for family in families)


def _plays(label: str, family: _Family) -> bool:
    """Whether an owner plays a bake. label: as `_label` gives it."""
    kind, _, name = label.partition(" ")
    owner = (bpy.data.objects if kind == "OBJECT" else bpy.data.shape_keys).get(name)
    data = owner.animation_data if owner is not None else None
    if data is None:
        return False
    grounds, made = family.parts.get("REST", ()), family.all
    played = [data.action, *(strip.action for track in layers.tracks(data) for strip in track.strips)]
    return any(action in made and action not in grounds for action in played if action is not None)


def _mark(action: bpy.types.Action | None) -> dict | None:
    words = action.get(MARK) if action is not None and action.library is None else None
    return json.loads(words) if words else None


def _families(objects: CharacterObjects) -> list[_Family]:
    """All bakes of a character; one that has lost its playing parts is none any more."""
    names = {objects.name} | {mark["character"] for mark in map(_mark, _playing(objects)) if mark}
    grouped: dict[str, list[tuple[dict, bpy.types.Action]]] = {}
    for action in bpy.data.actions:
        mark = _mark(action)
        if mark and mark["character"] in names:
            grouped.setdefault(mark["id"], []).append((mark, action))
    families = []
    for members in grouped.values():
        members.sort(key=lambda member: (not member[0]["main"], member[1].name))
        parts: dict[str, list] = {}
        for mark, action in members:
            parts.setdefault(mark["part"], []).append(action)
        if set(parts) != {"REST"}:
            families.append(_Family(members[0][0], parts))
    return sorted(families, key=lambda family: (family.mark["number"], family.main.name))


def _playing(objects: CharacterObjects) -> list[bpy.types.Action]:
    """The actions that a character plays."""
    found = []
    for owner in actions.owners(objects):
        data = owner.animation_data
        if data is not None:
            strips = [strip.action for track in reversed(layers.tracks(data)) for strip in track.strips]
            found += [action for action in (data.action, *strips) if action is not None]
    return found


def _current(objects: CharacterObjects) -> _Family | None:
    """The bake that plays, which is the last made of all that do: what is beneath a bake is older than it."""
    played = {mark["id"] for mark in map(_mark, _playing(objects)) if mark and mark["part"] != "REST"}
    playing = [family for family in _families(objects) if family.mark["id"] in played]
    return playing[-1] if playing else None


def _find(objects: CharacterObjects, name: str) -> _Family:
    for family in _families(objects):
        if family.main.name == name:
            return family
    raise UnderstudyError(f"{objects.name} has no bake called {name} any more: choose one of the list.")


# --- making and rewriting --------------------------------------------------------------------------------------------


def add(objects: CharacterObjects, clips: dict[str, Clip], recipe: Recipe, name: str) -> Bake:
    """Bake: new keys, played at once; what the character played is kept, beneath a layer or out of the way.

    objects: the character's armature and meshes. clips: {"NEW": clip}, or {"REPLACE" and "COMBINE": clip} of a layer.
    recipe: what they were made of. name: of the bake; a number is added where it is taken.
    Raises RigError if the clips drive nothing of the character.
    """
    layers.leave_tweaking(objects)
    planned = _planned(objects, clips, recipe)
    playing, families = _current(objects), _families(objects)
    before = _before(objects, playing) if playing else [layers.state(owner) for owner in actions.owners(objects)]
    beneath = [layers.state(owner) for owner in actions.owners(objects)]
    new, number = uuid.uuid4().hex, max((family.mark["number"] for family in families), default=0) + 1
    mark = {
        "id": new, "origin": playing.mark["origin"] if playing else new, "number": number, "character": objects.name,
        "layered": "NEW" not in clips, "edited": False, "recipe": dataclasses.asdict(recipe),
        "switches": _switches(objects, clips),
    }  # fmt: skip
    before = _with_values(objects, before, planned, mark["switches"])
    parts: dict[str, list] = {}
    for part in sorted(planned, key=list(PARTS).index):
        made = list(actions.make(f"{name} {PARTS[part]}" if parts else name, planned[part]))
        name = name if parts else made[0].name
        parts[part] = made
    family = _Family(mark, parts)
    _describe(objects, family, clips, planned)
    for action in family.all:
        action[BEFORE], action[BENEATH] = before, beneath
    _play(objects, family)
    return family.bake


def replace(objects: CharacterObjects, bake: Bake, clips: dict[str, Clip], recipe: Recipe) -> str | None:
    """Rewrite a bake in place, at once also in the timeline that plays.

    bake: one of `listed`. clips, recipe: as for `add`. Curves that are not the bake's own stay as they are; where its
    own have been edited by hand, they are kept first as a bake of another name, which is returned.
    Raises UnderstudyError if the bake is gone, or the clips drive nothing of the character.
    """
    layers.leave_tweaking(objects)
    family = _find(objects, bake.name)
    planned = _planned(objects, clips, recipe, family)
    kept = _keep(family).name if _edited(objects, family) else None
    owned = _owned(family)["channels"]
    before = _with_values(objects, _before(objects, family), planned, _switches(objects, clips))
    beneath = [entry.to_dict() for entry in family.main[BENEATH]]
    for part in [part for part in PARTS if part in planned or part in family.parts]:
        by_owner = {owner: curves for owner, curves in planned.get(part, ())}
        for owner in actions.owners(objects):
            action, curves = family.of(owner, part), by_owner.get(owner, ())
            if action is None and curves:
                action = _another(family, owner, part)
            if action is not None:
                actions.fill(action, owner, curves, _channels(owned, part, owner) if part != "REST" else ())
    family.mark.update(recipe=dataclasses.asdict(recipe), edited=False, switches=_switches(objects, clips))
    _describe(objects, family, clips, planned)
    for action in family.all:
        action[BEFORE], action[BENEATH] = before, beneath
    playing = _current(objects)
    if playing is not None and playing.mark["id"] == family.mark["id"]:
        _set_up(objects, family)
    return kept


def _planned(objects: CharacterObjects, clips: dict[str, Clip], recipe: Recipe, family: _Family | None = None) -> dict:
    """{part: what it is to hold, as `actions.plan` gives it} of a bake.

    family: the bake that there is already, for a layer's ground.
    """
    planned = {part: actions.plan(clip, objects, recipe.tolerance) for part, clip in clips.items()}
    planned = {part: plan for part, plan in planned.items() if plan}
    if not planned:
        raise RigError(
            f"The bake would hold no keys: what is switched on under Look drives nothing of {objects.name}."
        )
    if "NEW" in clips:
        return planned
    switches = _switches(objects, clips)
    if switches:
        planned["REPLACE"] = _with_switches(objects.armature, planned.get("REPLACE", ()), switches, clips)
    ground = _ground(objects, planned, family)
    return planned | ({"REST": ground} if ground else {})


def _with_switches(rig: bpy.types.Object, plan, switches: dict, clips: dict[str, Clip]):
    """A layer's plan in which the switches of its controls are keys too, so that they act where it plays."""
    frame = min(float(clip.frames[0]) for clip in clips.values())
    keyed = tuple(
        Curve(_switch_path(key), 0, key.partition("[")[0], np.array([[frame, float(value)]], np.float32))
        for key, value in switches.items()
    )
    by_owner = dict(plan)
    by_owner[rig] = by_owner.get(rig, ()) + keyed
    return tuple(by_owner.items())


def _ground(objects: CharacterObjects, planned: dict, family: _Family | None):
    """The plan of a layer's ground: as the character stands, all that the layer moves and nothing beneath it does."""
    ground = []
    for owner in actions.owners(objects):
        wanted = {
            curve.channel: curve for plan in planned.values() for of, curves in plan if of == owner for curve in curves
        }
        moved = layers.animated(owner)
        if family is not None:
            moved |= layers.animated_then(owner, _state_of(owner, family.main[BENEATH]))
            for part in LAYERS:
                moved |= _channels(_owned(family)["channels"], part, owner)
        curves = [
            Curve(curve.path, curve.index, curve.group, np.array([[curve.keys[0, 0], _value(owner, *channel)]], "f4"))
            for channel, curve in wanted.items()
            if channel not in moved
        ]
        if curves:
            ground.append((owner, tuple(curves)))
    return tuple(ground)


def _switches(objects: CharacterObjects, clips: dict[str, Clip]) -> dict:
    """The switches that a bake sets: for a layer only those that act on bones which it moves."""
    switches = {key: value for clip in clips.values() for key, value in clip.switches.items()}
    switches = _possible(objects.armature, switches) if switches else {}
    if "NEW" in clips:
        return switches
    moved = {bone for clip in clips.values() for bone in (*clip.bones, *clip.movers)}
    return {key: value for key, value in switches.items() if _acts_on(objects.armature, _switch_path(key), moved)}


def _acts_on(rig: bpy.types.Object, path: str, bones: set[str]) -> bool:
    """Whether a property of a rig has to do with some bones.

    It does if it drives the bone that one of them hangs on, or a bone that follows one of them by a constraint when it
    is not led by another, as a limb follows its FK controls where it is not led by the IK ones; and if it drives no
    bone, since then nobody can tell.
    """
    driven = [
        curve.data_path
        for curve in (rig.animation_data.drivers if rig.animation_data else ())
        if curve.data_path.startswith("pose.bones[")
        and any(target.data_path == path for variable in curve.driver.variables for target in variable.targets)
    ]
    carriers = {rig.pose.bones[bone].parent.name for bone in bones if rig.pose.bones[bone].parent} | bones
    for target in driven:
        bone, constraint = target.split('"')[1], target.partition('.constraints["')[2].partition('"]')[0]
        others = rig.pose.bones[bone].constraints if bone in rig.pose.bones else ()
        led = {other.name: getattr(other, "subtarget", "") for other in others}
        followed = set(led.values()) - {led.get(constraint, "")}
        if bone in carriers or followed & bones:
            return True
    return not driven


def _switch_path(key: str) -> str:
    bone, _, name = key.removesuffix("]").partition("[")
    return f'{actions.bone_path(bone)}["{bpy.utils.escape_identifier(name)}"]'


def _another(family: _Family, owner: bpy.types.ID, part: str) -> bpy.types.Action:
    """One more action for a bake whose clips have come to move more than they did."""
    made = family.parts.setdefault(part, [])
    if made and hasattr(made[0], "slots"):
        return made[0]
    words = f"{family.main.name if family.all else ''} {PARTS[part]}".strip()
    action = bpy.data.actions.new(words if not made else f"{words} {owner.name}")
    action.use_fake_user = True
    made.append(action)
    if not hasattr(action, "slots"):
        action.id_root = actions.kind(owner)
        action[MARK] = json.dumps({"owner": owner.name})
    return action


def _describe(objects: CharacterObjects, family: _Family, clips: dict[str, Clip], planned: dict) -> None:
    """Write into a bake's actions what they are."""
    clip = next(iter(clips.values()))
    owned = {
        part: {_label(owner): [curve.channel for curve in curves] for owner, curves in plan}
        for part, plan in planned.items()
    }
    family.mark["owners"] = sorted({label for made in owned.values() for label in made})
    for part, made in family.parts.items():
        names = [owner.name for owner, _ in planned.get(part, ())]
        for number, action in enumerate(made):
            had = _mark(action) or {}
            owner = had.get("owner") or (names[number] if number < len(names) else "")
            action[MARK] = json.dumps(family.mark | {"part": part, "owner": owner, "main": action == family.main})
            actions.label(action, clips.get(part, clip))
    digest, bends = _print(objects, family, owned)
    for action in family.all:
        action[KEYS] = json.dumps({"channels": owned, "digest": digest, "bends": bends})


def _keep(family: _Family) -> bpy.types.Action:
    """A copy of a bake as it is, a bake of its own, which holds what was made by hand."""
    number = max((mark["number"] for mark in map(_mark, bpy.data.actions) if mark), default=0) + 1
    new = {"id": uuid.uuid4().hex, "edited": True, "number": number}
    copies = []
    for action in family.all:
        copy = action.copy()
        copy.name = f"{action.name.removesuffix(' edited')} edited"
        copy.use_fake_user = True
        copy[MARK] = json.dumps(_mark(action) | new)
        copies.append(copy)
    return copies[0]


def _owned(family: _Family) -> dict:
    """{"channels": {part: {owner's label: channels}}, "digest" and "bends" of their keys} as they were written."""
    return json.loads(family.main[KEYS])


def _label(owner: bpy.types.ID) -> str:
    return f"{actions.kind(owner)} {owner.name}"


def _channels(written: dict, part: str, owner: bpy.types.ID) -> set[actions.Channel]:
    """The channels of an owner among {part: {owner's label: channels}}, also if it has got another name since."""
    made = written.get(part, {})
    fitting = [label for label in made if label.startswith(actions.kind(owner))]
    label = _label(owner) if _label(owner) in made or len(fitting) != 1 else fitting[0]
    return {(path, index) for path, index in made.get(label, ())}


def _edited(objects: CharacterObjects, family: _Family) -> bool:
    """Whether a bake's keys are others than it has written."""
    written = _owned(family)
    digest, bends = _print(objects, family, written["channels"])
    if digest != written["digest"]:
        return True
    then, now = np.array(written["bends"]), np.array(bends)
    return bool(np.any(np.abs(now - then) > DRIFT * np.maximum(1.0, np.abs(then))))


def _print(objects: CharacterObjects, family: _Family, written: dict) -> tuple[str, list[float]]:
    """What tells whether keys have been edited: a digest of them all, and sums over their handles.

    Blender calculates handles anew whenever it likes, so that their last digits change by themselves.
    written: {part: {owner's label: channels}}.
    """
    digest, bends = hashlib.blake2b(digest_size=16), []
    for owner in actions.owners(objects):
        for part in ("NEW", "REPLACE", "COMBINE"):
            action = family.of(owner, part)
            place = actions.place(action, owner) if action is not None else None
            there = {(curve.data_path, curve.array_index): curve for curve in place.fcurves} if place else {}
            for channel in sorted(_channels(written, part, owner)):
                if channel in there:
                    bends += _keys(there[channel], digest)
                else:
                    digest.update(b"gone")
    return digest.hexdigest(), bends


def _keys(curve: bpy.types.FCurve, digest) -> list[float]:
    """Put a curve's keys into a digest; result: sums over its handles, each with another weight, if they do anything.

    The keys' own places are taken off first, so that the sums keep their digits.
    """
    points, count = curve.keyframe_points, len(curve.keyframe_points)
    keys, ways = np.empty(2 * count, np.float32), np.empty(count, np.int32)
    points.foreach_get("co", keys)
    points.foreach_get("interpolation", ways)
    digest.update(keys.tobytes() + ways.tobytes())
    if not np.any(ways == actions.BEZIER):
        return []
    weights, handles, sums = 1.0 + np.arange(2 * count) % 7, np.empty(2 * count, np.float32), []
    for side in ("handle_left", "handle_right"):
        points.foreach_get(side, handles)
        off = (handles.astype(float) - keys) * weights
        sums += [float(off[::2].sum()), float(off[1::2].sum())]
    return sums


def moved(old: str, new: str) -> None:
    """Let all bakes know that a take lies elsewhere now. old, new: its path as the scene has it."""
    for action in bpy.data.actions:
        mark = _mark(action)
        if mark and mark["recipe"]["take"] == old:
            mark["recipe"]["take"] = new
            action[MARK] = json.dumps(mark)


# --- playing ---------------------------------------------------------------------------------------------------------


def show(objects: CharacterObjects, name: str) -> None:
    """Let another bake play, a layer over what it was made for.

    name: one of `listed`. Raises UnderstudyError if it is gone.
    """
    layers.leave_tweaking(objects)
    _play(objects, _find(objects, name))


def remove(objects: CharacterObjects, name: str) -> None:
    """Take a bake out of the file; if it plays, what it was put over plays again.

    name: one of `listed`. Raises UnderstudyError if it is gone.
    """
    layers.leave_tweaking(objects)
    family, playing = _find(objects, name), _current(objects)
    before = _before(objects, family)
    known = _known(objects)
    if playing is not None and playing.mark["id"] == family.mark["id"]:
        _restore(objects, family.main[BENEATH], known)
        _delete(objects, [family], known)
        under = _current(objects)
        if under is not None:
            _play(objects, under)
        else:
            _settle(objects, before)
    else:
        _delete(objects, [family], known)
        if playing is not None:
            _settle(objects, _before(objects, playing))
    refresh(objects)


def clear(objects: CharacterObjects) -> tuple[str, ...]:
    """Take all bakes out of the file and let the character play and stand as it did before there were any.

    Result: names of the actions that have come back.
    """
    layers.leave_tweaking(objects)
    families, playing, known = _families(objects), _current(objects), _known(objects)
    if playing is None and families and not _playing(objects):
        playing = families[-1]  # the one that played was deleted by hand
    before = _before(objects, playing) if playing else None
    if before is not None:
        _restore(objects, before, known)
    _delete(objects, families, known)
    if before is not None:
        _settle(objects, before)
    refresh(objects)
    return tuple(dict.fromkeys(action.name for action in _playing(objects))) if before is not None else ()


def refresh(objects: CharacterObjects) -> None:
    """Show at once what plays, at the frame that there is."""
    for owner in actions.owners(objects):
        owner.update_tag(refresh={"TIME"} if actions.kind(owner) == "OBJECT" else set())
        if owner.animation_data and owner.animation_data.action and owner.animation_data.action.library is None:
            owner.animation_data.action.update_tag()
    bpy.context.view_layer.update()


def _play(objects: CharacterObjects, family: _Family) -> None:
    _restore(objects, family.main[BENEATH], _known(objects))
    _set_up(objects, family)


def _set_up(objects: CharacterObjects, family: _Family) -> None:
    """Let a bake play over what plays, or instead of it."""
    for owner in actions.owners(objects):
        if not family.mark["layered"]:
            if family.of(owner, "NEW") is not None:
                layers.only(owner, family.of(owner, "NEW"))
            continue
        over = [(part, family.of(owner, part)) for part in LAYERS]
        over = [(family.track_name(part), action, part) for part, action in over if action is not None]
        if over:
            layers.lay(owner, f"Beneath {family.main.name}", over)
    _settle(objects, _before(objects, family))
    _widen(objects, family)
    if not family.mark["layered"] and objects.armature is not None:
        actions.switch(objects.armature, _possible(objects.armature, family.mark["switches"]))
    refresh(objects)


def _possible(rig: bpy.types.Object, switches: dict) -> dict:
    """Those switches that a rig has."""
    found = {}
    for key, value in switches.items():
        bone, _, name = key.removesuffix("]").partition("[")
        if bone in rig.pose.bones and name in rig.pose.bones[bone]:
            found[key] = value
    return found


def _restore(objects: CharacterObjects, states, known: set[bpy.types.Action]) -> None:
    """Let all owners play what they did.

    states: as `layers.state` gives them, one for each owner. known: see `_known`.
    """
    for owner in actions.owners(objects):
        layers.restore(owner, _state_of(owner, states), lambda track: _ours(track, known))


def _state_of(owner: bpy.types.ID, states) -> dict | None:
    """The state that is of an owner, also if it has got another name since and there is no other of its kind."""
    fitting = [told for told in states if told["kind"] == actions.kind(owner)]
    named = [told for told in fitting if told["owner"] == owner.name]
    return (named or (fitting if len(fitting) == 1 else []) or [None])[0]


def _known(objects: CharacterObjects) -> set[bpy.types.Action]:
    """All actions that bakes of a character have been put over."""
    return {
        told["action"]
        for family in _families(objects)
        for action in family.all
        for told in (*action.get(BEFORE, ()), *action.get(BENEATH, ()))
        if told.get("action") is not None
    }


def _ours(track: bpy.types.NlaTrack, known: set[bpy.types.Action]) -> bool:
    """Whether a track was made for a bake: it plays one, or what a layer has been put over, or has lost its action."""
    played = [strip.action for strip in track.strips]
    return bool(played) and all(
        action is None or _mark(action) is not None or (action in known and layers.pushed_down(track, action))
        for action in played
    )


def _delete(objects: CharacterObjects, families: list[_Family], known: set[bpy.types.Action]) -> None:
    """Take bakes out of the file, with their tracks, and those for what they were put over where nothing else is."""
    gone = {action for family in families for action in family.all}
    left = [family for family in _families(objects) if not gone & set(family.all)]
    for family in left:
        _close_gap(objects, family, families)
    for owner in actions.owners(objects):
        states = [_state_of(owner, family.main[BENEATH]) for family in left]
        needed = {told.get("action") for told in states if told}
        kept = {name for told in states if told for name, mute, _ in json.loads(told["tracks"]) if not mute}
        for track in list(owner.animation_data.nla_tracks) if owner.animation_data else ():
            played = {strip.action for strip in track.strips}
            spare = not played & needed and track.name not in kept
            if _ours(track, known) and (played <= gone | {None} or (spare and played <= known)):
                owner.animation_data.nla_tracks.remove(track)
    for action in gone:
        bpy.data.actions.remove(action)


def _close_gap(objects: CharacterObjects, family: _Family, gone: list[_Family]) -> None:
    """Put a bake over what a bake was put over that goes from beneath it."""
    under = {action: other for other in gone for action in other.all}
    beneath = [told.to_dict() for told in family.main[BENEATH]]
    for owner in actions.owners(objects):
        told, seen = _state_of(owner, beneath), set()
        while told is not None and told.get("action") in under and told["action"] not in seen:
            seen.add(told["action"])
            lower = _state_of(owner, under[told["action"]].main[BENEATH])
            beneath[beneath.index(told)] = lower.to_dict() if lower is not None else layers.nothing(owner)
            told = _state_of(owner, beneath)
    for action in family.all:
        action[BENEATH] = beneath


# --- how the character stands ----------------------------------------------------------------------------------------


def _before(objects: CharacterObjects, family: _Family) -> list[dict]:
    """What is known of the time before there was any bake: the states of all owners, and how they stood.

    Each bake knows where that stood which it moves; those of one origin have the same time before them.
    """
    before = [told.to_dict() for told in family.main[BEFORE]]
    for other in _families(objects):
        for told in other.main[BEFORE] if other.mark["origin"] == family.mark["origin"] else ():
            for mine in before:
                if (mine["kind"], mine["owner"]) == (told["kind"], told["owner"]):
                    both = json.loads(told.get("values", "{}")) | json.loads(mine.get("values", "{}"))
                    mine["values"] = json.dumps(both)
    return before


def _with_values(objects: CharacterObjects, before: list[dict], planned: dict, switches: dict) -> list[dict]:
    """The same, and where all that is going to be moved stands now, unless that is known already.

    What is moved by animation has no stand of its own: it rests.
    """
    for owner in actions.owners(objects):
        told = _state_of(owner, before)
        if told is None:
            told = layers.state(owner)
            before.append(told)
        values, moved = json.loads(told.get("values", "{}")), layers.animated(owner)
        wanted = {curve.path for plan in planned.values() for of, curves in plan if of == owner for curve in curves}
        wanted |= {path.removesuffix(".value") + ".slider_max" for path in wanted if path.endswith("].value")}
        if owner == objects.armature:
            wanted |= {_switch_path(key) for key in _possible(owner, switches)}
        for path in wanted - set(values):
            values[path] = _stand(owner, path, moved)
        told["values"] = json.dumps(values)
    return before


def _stand(owner: bpy.types.ID, path: str, moved: set[actions.Channel]) -> float | list[float]:
    """A property's value, or, where animation moves it, its rest."""
    value = owner.path_resolve(path)
    if not hasattr(value, "__len__"):
        rest = actions.rest_of(path)
        return float(value) if (path, 0) not in moved or rest is None else float(rest)
    return [
        float(part) if (path, index) not in moved else actions.rest_of(path)[index] for index, part in enumerate(value)
    ]


def _settle(objects: CharacterObjects, before: list[dict]) -> None:
    """Put all that bakes have moved, and nothing moves any more, to where it stood before; the rest to its rest."""
    for owner in actions.owners(objects):
        told, moved = _state_of(owner, before), layers.animated(owner)
        values = json.loads(told.get("values", "{}")) if told else {}
        for path, value in values.items():
            _put_back(owner, path, value, moved)
        for path, index in layers.animated_then(owner, told) - moved:
            if path not in values:
                actions.to_rest(owner, path, index)


def _widen(objects: CharacterObjects, family: _Family) -> None:
    """Let shape keys go as far as a bake takes them."""
    for owner in actions.owners(objects):
        for part in family.parts if actions.kind(owner) == "KEY" else ():
            action = family.of(owner, part)
            place = actions.place(action, owner) if action is not None else None
            for curve in place.fcurves if place else ():
                _reach(owner, curve)


def _reach(keys: bpy.types.Key, curve: bpy.types.FCurve) -> None:
    if not curve.data_path.endswith("].value") or not len(curve.keyframe_points):
        return
    try:
        block = keys.path_resolve(curve.data_path.removesuffix(".value"))
    except ValueError:
        return  # a shape key that is not there any more
    points = np.empty(2 * len(curve.keyframe_points), np.float32)
    curve.keyframe_points.foreach_get("co", points)
    if points[1::2].max() > block.slider_max:
        block.slider_max = min(float(points[1::2].max()), actions.SLIDER_LIMIT)


def _value(owner: bpy.types.ID, path: str, index: int) -> float:
    value = owner.path_resolve(path)
    return float(value[index] if hasattr(value, "__len__") else value)


def _put_back(owner: bpy.types.ID, path: str, value: float | list[float], moved: set[actions.Channel]) -> None:
    """Set a property by its path where nothing moves it; one that is not there any more is left out."""
    container, _, name = path.rpartition("[" if path.endswith('"]') else ".")
    try:
        thing, old = owner.path_resolve(container), owner.path_resolve(path)
    except ValueError:
        return
    if isinstance(value, list):
        for index, part in enumerate(value):
            if (path, index) not in moved:
                old[index] = part
    elif (path.replace(".slider_max", ".value"), 0) not in moved:
        if path.endswith('"]'):
            thing[bpy.utils.unescape_identifier(name[1:-2])] = type(old)(value)
        else:
            setattr(thing, name, value)
