"""Sliders that an artist keys by hand: their curves go along from bake to bake, and stay when bakes go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import bpy
import numpy as np

from . import actions, layers
from .armature import CharacterObjects

# What makes a key, and how many numbers each is.
NUMBERS = {"co": 2, "handle_left": 2, "handle_right": 2, "amplitude": 1, "back": 1, "period": 1}
CHOICES = ("handle_left_type", "handle_right_type", "interpolation", "easing", "type")


@dataclass(frozen=True)
class Kept:
    """A curve as it was. owner: who played it. slider: its name. keys: {what: array}. extrapolation: beyond them."""

    owner: bpy.types.Key
    slider: str
    keys: dict[str, np.ndarray]
    extrapolation: str


def channels(sliders: Iterable[str]) -> set[actions.Channel]:
    """The channels of some sliders."""
    return {(f"{actions.slider_path(slider)}.value", 0) for slider in sliders}


def taken(objects: CharacterObjects, sliders: Iterable[str]) -> tuple[Kept, ...]:
    """The curves of some sliders as a character plays them now, those of its topmost action where there are several."""
    kept = []
    for owner in actions.owners(objects):
        if actions.kind(owner) != "KEY" or owner.animation_data is None:
            continue
        playing = {curve.data_path: curve for curve in _playing(owner.animation_data)}
        for slider in sliders:
            curve = playing.get(f"{actions.slider_path(slider)}.value")
            if curve is not None and len(curve.keyframe_points):
                kept.append(Kept(owner, slider, _keys(curve), curve.extrapolation))
    return tuple(kept)


def give_back(objects: CharacterObjects, kept: Iterable[Kept]) -> None:
    """Let a character play curves again where what it plays now has none of its own, in a new action if need be."""
    for one in kept:
        data = one.owner.animation_data or one.owner.animation_data_create()
        path = f"{actions.slider_path(one.slider)}.value"
        if one.slider not in one.owner.key_blocks or any(curve.data_path == path for curve in _playing(data)):
            continue
        action = data.action
        if action is None or action.library is not None:
            action = bpy.data.actions.new(f"{objects.name} By Hand")
            if not hasattr(action, "slots"):
                action.id_root = "KEY"
        put((one,), one.owner, action)
        if data.action != action:
            actions.play(one.owner, action)


def put(kept: Iterable[Kept], owner: bpy.types.ID, action: bpy.types.Action) -> None:
    """Write an owner's curves into an action that has none of these channels yet."""
    for one in kept:
        if one.owner != owner:
            continue
        place, path = actions.place(action, owner, True), f"{actions.slider_path(one.slider)}.value"
        if any(curve.data_path == path for curve in place.fcurves):
            continue
        curve = actions.new_curve(place, path, 0, one.slider)
        points = curve.keyframe_points
        points.add(len(one.keys["co"]) // 2)
        for name in ("co", *CHOICES, *(name for name in NUMBERS if name != "co")):
            points.foreach_set(name, one.keys[name])
        curve.extrapolation = one.extrapolation
        curve.update()


def _playing(data: bpy.types.AnimData) -> list[bpy.types.FCurve]:
    """The curves that an owner plays, those of what lies on top last."""
    strips = [strip for track in layers.tracks(data) for strip in track.strips if strip.action is not None]
    found = [c for strip in strips for c in layers.curves_of(strip.action, getattr(strip, "action_slot", None))]
    return found + list(layers.curves_of(data.action, getattr(data, "action_slot", None)))


def _keys(curve: bpy.types.FCurve) -> dict[str, np.ndarray]:
    points = curve.keyframe_points
    told = {name: np.empty(count * len(points), np.float32) for name, count in NUMBERS.items()}
    told |= {name: np.empty(len(points), np.int32) for name in CHOICES}
    for name, values in told.items():
        points.foreach_get(name, values)
    return told
