"""What an owner of animation plays: its state, taken down and given back; and NLA strips over it."""

from __future__ import annotations

import json
from collections.abc import Iterable

import bpy
import numpy as np

from . import actions
from .armature import CharacterObjects

FAR = 10_000  # frames before and after its keys for which an action without end goes on as a strip


def leave_tweaking(objects: CharacterObjects) -> None:
    """End the tweaking of strips, which hides what a character plays and forbids to change it."""
    for owner in actions.owners(objects):
        if owner.animation_data is not None and owner.animation_data.use_tweak_mode:
            owner.animation_data.use_tweak_mode = False


def state(owner: bpy.types.ID) -> dict:
    """What an owner plays, in a form that custom properties can hold.

    owner: an object or shape keys.
    """
    data, told = owner.animation_data, nothing(owner)
    if data is None:
        return told
    told["tracks"] = json.dumps([[track.name, track.mute, track.is_solo] for track in data.nla_tracks])
    told["nla"] = data.use_nla
    if data.action is not None:
        told |= {
            "action": data.action, "slot": data.action_slot_handle if hasattr(data, "action_slot_handle") else 0,
            "blend": data.action_blend_type, "influence": data.action_influence,
            "extrapolation": data.action_extrapolation,
        }  # fmt: skip
    return told


def nothing(owner: bpy.types.ID) -> dict:
    """The state of an owner that plays nothing."""
    return {"owner": owner.name, "kind": actions.kind(owner), "tracks": "[]", "nla": True}


def restore(owner: bpy.types.ID, told: dict | None, ours) -> None:
    """Let an owner play what it did.

    told: as `state` gave it; None for nothing. ours: tells of a track whether Understudy has made it; those that
    the state does not know are muted.
    """
    data = owner.animation_data
    if data is None:
        if told is None or not told.get("action"):
            return
        data = owner.animation_data_create()
    known = {name: (mute, solo) for name, mute, solo in json.loads(told["tracks"])} if told else {}
    for track in data.nla_tracks:
        track.is_solo = False
    for track in data.nla_tracks:
        if track.name in known:
            track.mute, track.is_solo = known[track.name]
        elif ours(track):
            track.mute = True
    data.use_nla = bool(told["nla"]) if told else True
    action = told.get("action") if told else None
    data.action = action
    if action is None:
        return
    if hasattr(action, "slots"):
        had = [slot for slot in action.slots if slot.handle == told["slot"]]
        data.action_slot = had[0] if had else None
    data.action_blend_type, data.action_influence = told["blend"], told["influence"]
    data.action_extrapolation = told["extrapolation"]


def only(owner: bpy.types.ID, action: bpy.types.Action) -> None:
    """Let an owner play one action and nothing else: NLA tracks are muted."""
    data = owner.animation_data or owner.animation_data_create()
    for track in data.nla_tracks:
        track.is_solo = False
        track.mute = True
    actions.play(owner, action)
    data.action_blend_type, data.action_influence, data.action_extrapolation = "REPLACE", 1.0, "HOLD"


def animated(owner: bpy.types.ID) -> set[actions.Channel]:
    """All channels that something moves which an owner plays now."""
    data = owner.animation_data
    if data is None:
        return set()
    playing = [(data.action, getattr(data, "action_slot", None))]
    if data.use_nla:
        playing += [
            (strip.action, getattr(strip, "action_slot", None)) for track in tracks(data) for strip in track.strips
        ]
    return {channel for action, slot in playing for channel in channels(action, slot)}


def animated_then(owner: bpy.types.ID, told: dict | None) -> set[actions.Channel]:
    """All channels that something moved in a state as `state` gave it, as far as it is still there."""
    found: set[actions.Channel] = set()
    action = told.get("action") if told else None
    if action is not None:
        slots = [slot for slot in getattr(action, "slots", ()) if slot.handle == told["slot"]]
        found.update(channels(action, slots[0] if slots else None))
    for track in _tracks_then(owner.animation_data, told):
        for strip in track.strips:
            found.update(channels(strip.action, getattr(strip, "action_slot", None)))
    return found


def values_then(
    owner: bpy.types.ID, told: dict | None, path: str, index: int, frames: np.ndarray
) -> np.ndarray | None:
    """The values (N,) that a channel had in a state as `state` gave it, as far as it is still there; None unmoved.

    frames: (N,). Strips that add are taken for what they would be alone over rest.
    """
    result, rest = None, actions.rest_of(path)
    rest = rest[index] if isinstance(rest, tuple) else rest or 0.0
    for action, slot, at, playing, blend, influence in _playing_then(owner, told, frames):
        curve = next((c for c in curves_of(action, slot) if (c.data_path, c.array_index) == (path, index)), None)
        if curve is None:
            continue
        values = np.array([curve.evaluate(float(frame)) for frame in at])
        base = np.full(len(frames), rest) if result is None else result
        goal = values if blend == "REPLACE" else base + values - rest
        result = base + np.where(playing, influence, 0.0) * (goal - base)
    return result


def _playing_then(owner: bpy.types.ID, told: dict | None, frames: np.ndarray) -> Iterable[tuple]:
    """(action, slot, its frames (N,), where it plays (N,), how it blends, how much) in a state, from the lowest."""
    data = owner.animation_data
    for track in _tracks_then(data, told):
        for strip in track.strips:
            begun = frames >= strip.frame_start if strip.extrapolation != "HOLD" else np.ones(len(frames), bool)
            ended = frames > strip.frame_end if strip.extrapolation == "NOTHING" else np.zeros(len(frames), bool)
            at = (np.clip(frames, strip.frame_start, strip.frame_end) - strip.frame_start) / strip.scale
            if strip.repeat > 1:
                at %= max(strip.action_frame_end - strip.action_frame_start, 1e-6)
            at += strip.action_frame_start
            if strip.action is not None and not strip.mute:
                slot = getattr(strip, "action_slot", None)
                yield strip.action, slot, at, begun & ~ended, strip.blend_type, _influence(strip, frames)
    action = told.get("action") if told else None
    if action is not None:
        slots = [slot for slot in getattr(action, "slots", ()) if slot.handle == told["slot"]]
        everywhere = np.ones(len(frames), bool)
        yield action, slots[0] if slots else None, frames, everywhere, told["blend"], told["influence"]


def _influence(strip: bpy.types.NlaStrip, frames: np.ndarray) -> np.ndarray:
    """How much a strip counts, (N,): as it was set, or fading in and out."""
    if strip.use_animated_influence:
        drawn = [curve for curve in strip.fcurves if curve.data_path == "influence"]
        if drawn and len(drawn[0].keyframe_points):
            return np.array([drawn[0].evaluate(float(frame)) for frame in frames])
        return np.full(len(frames), strip.influence)
    share = np.ones(len(frames))
    for length, way in ((strip.blend_in, frames - strip.frame_start), (strip.blend_out, strip.frame_end - frames)):
        if length > 0:
            share *= np.clip(way / length, 0, 1)
    return share


def _tracks_then(data: bpy.types.AnimData | None, told: dict | None) -> list[bpy.types.NlaTrack]:
    """The NLA tracks that played in a state, as far as they are still there, lowest first."""
    listed = json.loads(told["tracks"]) if told and told["nla"] and data else []
    solo = any(solo for _, _, solo in listed)
    played = {name for name, mute, alone in listed if (alone if solo else not mute)}
    return [track for track in data.nla_tracks if track.name in played] if played else []


def tracks(data: bpy.types.AnimData) -> list[bpy.types.NlaTrack]:
    """The NLA tracks that play, lowest first."""
    if not data.use_nla:
        return []
    solo = [track for track in data.nla_tracks if track.is_solo]
    return solo or [track for track in data.nla_tracks if not track.mute]


def channels(action: bpy.types.Action | None, slot) -> Iterable[actions.Channel]:
    """The channels that an action moves in one slot; before there were slots, all of them."""
    return ((curve.data_path, curve.array_index) for curve in curves_of(action, slot))


def curves_of(action: bpy.types.Action | None, slot) -> Iterable[bpy.types.FCurve]:
    """The curves of an action in one slot; before there were slots, all of them."""
    if action is None:
        return ()
    if not hasattr(action, "slots"):
        return action.fcurves
    if slot is None:
        return ()
    return (
        curve
        for layer in action.layers
        for strip in layer.strips
        if (bag := strip.channelbag(slot)) is not None
        for curve in bag.fcurves
    )


def lay(owner: bpy.types.ID, beneath: str, over: list[tuple[str, bpy.types.Action, str]]) -> None:
    """Play actions as NLA strips over what an owner plays, which goes on as it was.

    beneath: name of the track for its action. over: (name of the track, action, how it blends: "REPLACE", "COMBINE",
    or "REST" for what is to show where nothing else plays), lowest first.
    """
    data = owner.animation_data or owner.animation_data_create()
    _settle_tracks(data)
    _push_down(owner, beneath, {action for _, action, _ in over})
    for called, action, blend in over:
        track = _track_of(data, action) or _add(owner, called, action, blend)
        track.mute = False
        _fit_range(track.strips[0], *span(action))


def _settle_tracks(data: bpy.types.AnimData) -> None:
    """Make muting alone say which tracks play, so that a track can be added that plays too."""
    playing = {track.name for track in tracks(data)}
    if any(track.is_solo for track in data.nla_tracks):
        data.action = None  # a solo track silences the action
    for track in data.nla_tracks:
        track.is_solo = False
        track.mute = track.name not in playing
    data.use_nla = True


def _push_down(owner: bpy.types.ID, name: str, over: set[bpy.types.Action]) -> None:
    """Make the active action the topmost strip beneath others; the strip that it has had for this is used again."""
    data = owner.animation_data
    action, slot = data.action, getattr(data, "action_slot", None)
    if action is None or (hasattr(action, "slots") and slot is None):
        data.action = None
        return
    names = [track.name for track in data.nla_tracks]
    above = [i for i, track in enumerate(data.nla_tracks) if any(strip.action in over for strip in track.strips)]
    track = next((track for track in data.nla_tracks if pushed_down(track, action)), None)
    if track is not None and above and names.index(track.name) > above[0]:
        data.nla_tracks.remove(track)
        track = None
    if track is None:
        for index in reversed(above):  # they have to come above it
            data.nla_tracks.remove(data.nla_tracks[index])
        track = _add(owner, name, action, data.action_blend_type, slot)
        strip = track.strips[0]
        strip.extrapolation = data.action_extrapolation
        if data.action_influence < 1.0:
            strip.use_animated_influence = True
            strip.influence = data.action_influence
    _fit_range(track.strips[0], *_whole_span(action))
    track.mute = False
    data.action = None


def pushed_down(track: bpy.types.NlaTrack, action: bpy.types.Action) -> bool:
    """Whether a track is one that was made to play an action beneath a layer (Blender's own follow the action)."""
    return len(track.strips) == 1 and track.strips[0].action == action and not track.strips[0].use_sync_length


def _track_of(data: bpy.types.AnimData, action: bpy.types.Action) -> bpy.types.NlaTrack | None:
    return next((track for track in data.nla_tracks if pushed_down(track, action)), None)


def _add(owner: bpy.types.ID, name: str, action: bpy.types.Action, blend: str, slot=None) -> bpy.types.NlaTrack:
    track = owner.animation_data.nla_tracks.new()
    track.name = name
    strip = track.strips.new(name, int(span(action)[0]), action)
    if hasattr(action, "slots"):
        strip.action_slot = slot or actions.slot_for(action, owner)
    strip.use_sync_length = False
    if blend == "COMBINE" and actions.kind(owner) == "KEY":
        blend = "ADD"  # COMBINE counts from a property's default, which for shape keys is 1 since Blender 5.0
    strip.blend_type = "REPLACE" if blend == "REST" else blend
    strip.extrapolation = "HOLD" if blend == "REST" else "NOTHING"
    return track


def span(action: bpy.types.Action) -> tuple[float, float]:
    """First and last frame of an action's keys, at least one frame apart."""
    first, last = action.curve_frame_range
    return float(first), max(float(last), float(first) + 1.0)


def _whole_span(action: bpy.types.Action) -> tuple[float, float]:
    """The frames for which an action has to play as a strip to be as it is without: a cycle has no last key."""
    first, last = span(action)
    if any(curve.extrapolation != "CONSTANT" or len(curve.modifiers) for curve in actions.curves(action)):
        return first - FAR, last + FAR
    return first, last


def _fit_range(strip: bpy.types.NlaStrip, first: float, last: float) -> None:
    """Let a strip play its action from one frame to another, where it stands in time and at the speed that it has."""
    offset, speed = strip.frame_start - strip.action_frame_start * strip.scale, strip.scale
    if (strip.action_frame_start, strip.action_frame_end) == (first, last):
        return
    strip.action_frame_start, strip.action_frame_end = first, last
    start, end = offset + first * speed, offset + last * speed
    for attribute in ("frame_end", "frame_start") if end > strip.frame_start else ("frame_start", "frame_end"):
        setattr(strip, attribute, end if attribute == "frame_end" else start)
    strip.scale = speed
