"""Bakes: performances on a character, named, kept in the file, compared, switched and taken away again.

What is known about a bake is written in its actions (see kin.py); how the character stood before, too (stance.py).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import uuid

import bpy
import numpy as np

from ..solvers.clip import Clip
from ..solvers.errors import RigError
from . import actions, by_hand, environment, kin, layers, stance
from .actions import Curve
from .armature import CharacterObjects
from .kin import MARK, Bake, Family, Recipe

# Shares by which sums over handles, in time and in value, may change without an edit: single precision allows no less
# ten thousand frames from the start.
DRIFT = (1e-3, 1e-4)

# --- what there is ---------------------------------------------------------------------------------------------------


def listed(objects: CharacterObjects) -> tuple[Bake, ...]:
    """All bakes of a character that are in the file, in the order in which they were made.

    objects: the character's armature and meshes.
    """
    return tuple(family.bake for family in kin.all_of(objects))


def current(objects: CharacterObjects) -> Bake | None:
    """The bake that plays now: the last made, where one plays over another."""
    family = kin.current(objects)
    return family.bake if family else None


def glance(thing: bpy.types.Object) -> tuple[tuple[Bake, bool], ...]:
    """All bakes of a character, each with whether it is the one that plays; cheap enough for drawing.

    thing: the character's armature, or its head's mesh.
    """
    few = CharacterObjects(thing, ()) if thing.type == "ARMATURE" else CharacterObjects(None, (thing,))
    families = kin.all_of(few)
    playing = [family for family in families if any(kin.plays(label, family) for label in family.mark["owners"])]
    return tuple((family.bake, family is playing[-1] if playing else False) for family in families)


def left_to_hand(thing: bpy.types.Object) -> tuple[bpy.types.ShapeKey, ...]:
    """The sliders that the bake which plays leaves to be keyed by hand, of all meshes; cheap enough for drawing.

    thing: the character's armature, or its head's mesh.
    """
    few = CharacterObjects(thing, ()) if thing.type == "ARMATURE" else CharacterObjects(None, (thing,))
    found: dict[tuple[str, str], bpy.types.ShapeKey] = {}
    for family in kin.all_of(few):
        playing = [label for label in family.mark["owners"] if kin.plays(label, family)]
        names = family.mark.get("by_hand", ()) if playing else ()
        for owner in (bpy.data.shape_keys.get(label.partition(" ")[2]) for label in playing if label[:3] == "KEY"):
            there = [name for name in names if owner is not None and name in owner.key_blocks]
            found |= {(name, owner.name): owner.key_blocks[name] for name in there}
    return tuple(found[key] for key in sorted(found))


# --- making and rewriting --------------------------------------------------------------------------------------------


def add(objects: CharacterObjects, clips: dict[str, Clip], recipe: Recipe, name: str) -> Bake:
    """Bake: new keys, played at once; what the character played is kept, beneath a layer or out of the way.

    objects: the character's armature and meshes. clips: {"NEW": clip}, or {"REPLACE" and "COMBINE": clip} of a layer.
    recipe: what they were made of. name: of the bake; a number is added where it is taken.
    Raises RigError if the clips drive nothing of the character.
    """
    layers.leave_tweaking(objects)
    playing, families = kin.current(objects), kin.all_of(objects)
    hands = _by_hand(clips)
    kept = by_hand.taken(objects, hands)
    before = stance.before(objects, playing) if playing else [layers.state(owner) for owner in actions.owners(objects)]
    beneath = [layers.state(owner) for owner in actions.owners(objects)]
    planned = _planned(objects, clips, recipe, stance.without(objects, beneath, before))
    new, number = uuid.uuid4().hex, max((family.mark["number"] for family in families), default=0) + 1
    mark = {
        "id": new, "origin": playing.mark["origin"] if playing else new, "number": number, "character": objects.name,
        "layered": "NEW" not in clips, "edited": False, "recipe": dataclasses.asdict(recipe),
        "switches": _switches(objects, clips), "by_hand": list(hands),
    }  # fmt: skip
    before = stance.with_values(objects, before, planned, mark["switches"])
    parts: dict[str, list] = {}
    for part in sorted(planned, key=list(kin.PARTS).index):
        made = list(actions.make(f"{name} {kin.PARTS[part]}" if parts else name, planned[part]))
        name = name if parts else made[0].name
        parts[part] = made
    family = Family(mark, parts)
    _describe(objects, family, clips, planned)
    for owner, _ in planned.get("NEW", ()):
        by_hand.put(kept, owner, family.of(owner, "NEW"))
    for action in family.all:
        action[kin.BEFORE], action[kin.BENEATH] = before, beneath
    _play(objects, family)
    return family.bake


def replace(objects: CharacterObjects, bake: Bake, clips: dict[str, Clip], recipe: Recipe) -> str | None:
    """Rewrite a bake in place, at once also in the timeline that plays.

    bake: one of `listed`. clips, recipe: as for `add`. Curves that are not the bake's own stay as they are; where its
    own have been edited by hand, they are kept first as a bake of another name, which is returned.
    Raises UnderstudyError if the bake is gone, or the clips drive nothing of the character.
    """
    layers.leave_tweaking(objects)
    family = kin.find(objects, bake.name)
    beneath = [entry.to_dict() for entry in family.main[kin.BENEATH]]
    alone = stance.without(objects, beneath, stance.before(objects, family))
    planned = _planned(objects, clips, recipe, alone, family)
    kept = _keep(family).name if _edited(objects, family) else None
    owned, hands = kin.written(family)["channels"], _by_hand(clips)
    before = stance.with_values(objects, stance.before(objects, family), planned, _switches(objects, clips))
    for part in [part for part in kin.PARTS if part in planned or part in family.parts]:
        by_owner = {owner: curves for owner, curves in planned.get(part, ())}
        for owner in actions.owners(objects):
            action, curves = family.of(owner, part), by_owner.get(owner, ())
            if action is None and curves:
                action = _another(family, owner, part)
            if action is not None:
                mine = kin.channels(owned, part, owner) - by_hand.channels(hands) if part != "REST" else ()
                actions.fill(action, owner, curves, mine)
    family.mark.update(recipe=dataclasses.asdict(recipe), edited=False, switches=_switches(objects, clips))
    family.mark["by_hand"] = list(hands)
    _describe(objects, family, clips, planned)
    for action in family.all:
        action[kin.BEFORE], action[kin.BENEATH] = before, beneath
    playing = kin.current(objects)
    if playing is not None and playing.mark["id"] == family.mark["id"]:
        _set_up(objects, family)
    return kept


def _by_hand(clips: dict[str, Clip]) -> tuple[str, ...]:
    """The sliders whose keys an artist makes, of all clips of a bake."""
    return tuple(dict.fromkeys(slider for clip in clips.values() for slider in clip.by_hand))


def _planned(
    objects: CharacterObjects, clips: dict[str, Clip], recipe: Recipe, alone, family: Family | None = None
) -> dict:
    """{part: what it is to hold, as `actions.plan` gives it} of a bake.

    alone: as `stance.without` gives it, for what the clips leave to the character.
    family: the bake that there is already, for a layer's ground.
    """
    planned = {part: actions.plan(clip, objects, recipe.tolerance, alone) for part, clip in clips.items()}
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
        Curve(actions.switch_path(key), 0, key.partition("[")[0], np.array([[frame, float(value)]], np.float32))
        for key, value in switches.items()
    )
    by_owner = dict(plan)
    by_owner[rig] = by_owner.get(rig, ()) + keyed
    return tuple(by_owner.items())


def _ground(objects: CharacterObjects, planned: dict, family: Family | None):
    """The plan of a layer's ground: as the character stands, all that the layer moves and nothing beneath it does."""
    ground = []
    for owner in actions.owners(objects):
        wanted = {
            curve.channel: curve for plan in planned.values() for of, curves in plan if of == owner for curve in curves
        }
        moved = layers.animated(owner)
        if family is not None:
            moved |= layers.animated_then(owner, stance.state_of(owner, family.main[kin.BENEATH]))
            for part in kin.LAYERS:
                moved |= kin.channels(kin.written(family)["channels"], part, owner)
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
    switches = actions.possible(objects.armature, switches) if switches else {}
    if "NEW" in clips:
        return switches
    moved = {bone for clip in clips.values() for bone in (*clip.bones, *clip.movers)}
    return {
        key: value for key, value in switches.items() if _acts_on(objects.armature, actions.switch_path(key), moved)
    }


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


def _another(family: Family, owner: bpy.types.ID, part: str) -> bpy.types.Action:
    """One more action for a bake whose clips have come to move more than they did."""
    made = family.parts.setdefault(part, [])
    if made and hasattr(made[0], "slots"):
        return made[0]
    words = f"{family.main.name if family.all else ''} {kin.PARTS[part]}".strip()
    action = bpy.data.actions.new(words if not made else f"{words} {owner.name}")
    action.use_fake_user = True
    made.append(action)
    if not hasattr(action, "slots"):
        action.id_root = actions.kind(owner)
        action[MARK] = json.dumps({"owner": owner.name})
    return action


def _describe(objects: CharacterObjects, family: Family, clips: dict[str, Clip], planned: dict) -> None:
    """Write into a bake's actions what they are."""
    clip = next(iter(clips.values()))
    owned = {
        part: {kin.label(owner): [curve.channel for curve in curves] for owner, curves in plan}
        for part, plan in planned.items()
    }
    family.mark["owners"] = sorted({label for made in owned.values() for label in made})
    for part, made in family.parts.items():
        names = [owner.name for owner, _ in planned.get(part, ())]
        for number, action in enumerate(made):
            had = kin.mark_of(action) or {}
            owner = had.get("owner") or (names[number] if number < len(names) else "")
            action[MARK] = json.dumps(family.mark | {"part": part, "owner": owner, "main": action == family.main})
            actions.label(action, clips.get(part, clip))
    digest, bends = _print(objects, family, owned)
    for action in family.all:
        action[kin.KEYS] = json.dumps({"channels": owned, "digest": digest, "bends": bends})


def _keep(family: Family) -> bpy.types.Action:
    """A copy of a bake as it is, a bake of its own, which holds what was made by hand."""
    number = max((mark["number"] for mark in map(kin.mark_of, bpy.data.actions) if mark), default=0) + 1
    new = {"id": uuid.uuid4().hex, "edited": True, "number": number}
    copies = []
    for action in family.all:
        copy = action.copy()
        copy.name = f"{action.name.removesuffix(' edited')} edited"
        copy.use_fake_user = True
        copy[MARK] = json.dumps(kin.mark_of(action) | new)
        copies.append(copy)
    return copies[0]


def _edited(objects: CharacterObjects, family: Family) -> bool:
    """Whether a bake's keys are others than it has written."""
    written = kin.written(family)
    digest, bends = _print(objects, family, written["channels"])
    if digest != written["digest"]:
        return True
    then, now = np.reshape(written["bends"], (-1, 2)), np.reshape(bends, (-1, 2))
    return bool(np.any(np.abs(now - then) > DRIFT * np.maximum(1.0, np.abs(then))))


def _print(objects: CharacterObjects, family: Family, written: dict) -> tuple[str, list[float]]:
    """What tells whether keys have been edited: a digest of them all, and sums over their handles.

    The sums are of time and value by turns. Blender calculates handles anew whenever it likes, so that their last
    digits change by themselves.
    written: {part: {owner's label: channels}}.
    """
    digest, bends = hashlib.blake2b(digest_size=16), []
    for owner in actions.owners(objects):
        for part in ("NEW", "REPLACE", "COMBINE"):
            action = family.of(owner, part)
            place = actions.place(action, owner) if action is not None else None
            there = {(curve.data_path, curve.array_index): curve for curve in place.fcurves} if place else {}
            for channel in sorted(kin.channels(written, part, owner)):
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
        mark = kin.mark_of(action)
        mentions = [word for word in ("take", "floor", "face") if mark and mark["recipe"].get(word) == old]
        for word in mentions:
            mark["recipe"][word] = new
        if mentions:
            action[MARK] = json.dumps(mark)


# --- playing ---------------------------------------------------------------------------------------------------------


def show(objects: CharacterObjects, name: str) -> None:
    """Let another bake play, a layer over what it was made for.

    name: one of `listed`. Raises UnderstudyError if it is gone.
    """
    layers.leave_tweaking(objects)
    _play(objects, kin.find(objects, name))


def remove(objects: CharacterObjects, name: str) -> None:
    """Take a bake out of the file; if it plays, what it was put over plays again.

    name: one of `listed`. Raises UnderstudyError if it is gone.
    """
    layers.leave_tweaking(objects)
    family, playing = kin.find(objects, name), kin.current(objects)
    before = stance.before(objects, family)
    known, kept = _known(objects), _made_by_hand(objects, playing)
    if playing is not None and playing.mark["id"] == family.mark["id"]:
        _restore(objects, family.main[kin.BENEATH], known)
        _delete(objects, [family], known)
        under = kin.current(objects)
        if under is not None:
            _play(objects, under)
        else:
            stance.settle(objects, before)
    else:
        _delete(objects, [family], known)
        if playing is not None:
            stance.settle(objects, stance.before(objects, playing))
    by_hand.give_back(objects, kept)
    refresh(objects)


def clear(objects: CharacterObjects) -> tuple[str, ...]:
    """Take all bakes out of the file and let the character play and stand as it did before there were any.

    Result: names of the actions that have come back.
    """
    layers.leave_tweaking(objects)
    families, playing, known = kin.all_of(objects), kin.current(objects), _known(objects)
    kept = _made_by_hand(objects, playing)
    if playing is None and families and not kin.playing(objects):
        playing = families[-1]  # the one that played was deleted by hand
    before = stance.before(objects, playing) if playing else None
    if before is not None:
        _restore(objects, before, known)
    _delete(objects, families, known)
    if before is not None:
        stance.settle(objects, before)
    by_hand.give_back(objects, kept)
    refresh(objects)
    return tuple(dict.fromkeys(action.name for action in kin.playing(objects))) if before is not None else ()


def _made_by_hand(objects: CharacterObjects, family: Family | None) -> tuple[by_hand.Kept, ...]:
    """The curves that an artist has made for sliders which a bake leaves alone, as they play now."""
    return by_hand.taken(objects, family.mark.get("by_hand", ())) if family is not None else ()


def refresh(objects: CharacterObjects) -> None:
    """Show at once what plays, at the frame that there is."""
    for owner in actions.owners(objects):
        owner.update_tag(refresh={"TIME"} if actions.kind(owner) == "OBJECT" else set())
        if owner.animation_data and owner.animation_data.action and owner.animation_data.action.library is None:
            owner.animation_data.action.update_tag()
    bpy.context.view_layer.update()


def _play(objects: CharacterObjects, family: Family) -> None:
    _restore(objects, family.main[kin.BENEATH], _known(objects))
    _set_up(objects, family)


def _set_up(objects: CharacterObjects, family: Family) -> None:
    """Let a bake play over what plays, or instead of it."""
    for owner in actions.owners(objects):
        if not family.mark["layered"]:
            if family.of(owner, "NEW") is not None:
                layers.only(owner, family.of(owner, "NEW"))
            continue
        over = [(part, family.of(owner, part)) for part in kin.LAYERS]
        over = [(family.track_name(part), action, part) for part, action in over if action is not None]
        if over:
            layers.lay(owner, f"Beneath {family.main.name}", over)
    stance.settle(objects, stance.before(objects, family))
    _widen(objects, family)
    environment.life.resume(objects)
    if not family.mark["layered"] and objects.armature is not None:
        actions.switch(objects.armature, actions.possible(objects.armature, family.mark["switches"]))
    refresh(objects)


def _restore(objects: CharacterObjects, states, known: set[bpy.types.Action]) -> None:
    """Let all owners play what they did.

    states: as `layers.state` gives them, one for each owner. known: see `_known`.
    """
    for owner in actions.owners(objects):
        layers.restore(owner, stance.state_of(owner, states), lambda track: _ours(track, known))


def _known(objects: CharacterObjects) -> set[bpy.types.Action]:
    """All actions that bakes of a character have been put over."""
    return {
        told["action"]
        for family in kin.all_of(objects)
        for action in family.all
        for told in (*action.get(kin.BEFORE, ()), *action.get(kin.BENEATH, ()))
        if told.get("action") is not None
    }


def _ours(track: bpy.types.NlaTrack, known: set[bpy.types.Action]) -> bool:
    """Whether a track was made for a bake: it plays one, or what a layer has been put over, or has lost its action."""
    played = [strip.action for strip in track.strips]
    return bool(played) and all(
        action is None or kin.mark_of(action) is not None or (action in known and layers.pushed_down(track, action))
        for action in played
    )


def _delete(objects: CharacterObjects, families: list[Family], known: set[bpy.types.Action]) -> None:
    """Take bakes out of the file, with their tracks, and those for what they were put over where nothing else is."""
    gone = {action for family in families for action in family.all}
    left = [family for family in kin.all_of(objects) if not gone & set(family.all)]
    for family in left:
        _close_gap(objects, family, families)
    for owner in actions.owners(objects):
        states = [stance.state_of(owner, family.main[kin.BENEATH]) for family in left]
        needed = {told.get("action") for told in states if told}
        kept = {name for told in states if told for name, mute, _ in json.loads(told["tracks"]) if not mute}
        for track in list(owner.animation_data.nla_tracks) if owner.animation_data else ():
            played = {strip.action for strip in track.strips}
            spare = not played & needed and track.name not in kept
            if _ours(track, known) and (played <= gone | {None} or (spare and played <= known)):
                owner.animation_data.nla_tracks.remove(track)
    for action in gone:
        bpy.data.actions.remove(action)


def _close_gap(objects: CharacterObjects, family: Family, gone: list[Family]) -> None:
    """Put a bake over what a bake was put over that goes from beneath it."""
    under = {action: other for other in gone for action in other.all}
    beneath = [told.to_dict() for told in family.main[kin.BENEATH]]
    for owner in actions.owners(objects):
        told, seen = stance.state_of(owner, beneath), set()
        while told is not None and told.get("action") in under and told["action"] not in seen:
            seen.add(told["action"])
            lower = stance.state_of(owner, under[told["action"]].main[kin.BENEATH])
            beneath[beneath.index(told)] = lower.to_dict() if lower is not None else layers.nothing(owner)
            told = stance.state_of(owner, beneath)
    for action in family.all:
        action[kin.BENEATH] = beneath


def _widen(objects: CharacterObjects, family: Family) -> None:
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
    value = actions.value_of(owner, path)
    return float(value[index] if hasattr(value, "__len__") else value)
