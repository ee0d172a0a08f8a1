"""What a character is to look at: an object of the scene, wherever it goes while the performance plays."""

from __future__ import annotations

import math

import bpy
import numpy as np

from ..solvers.errors import SettingsError
from ..solvers.retargeting.aim import Target
from . import actions


def target(scene: bpy.types.Scene, name: str, influence: float, first: float, last: float) -> Target | None:
    """Where an object is from one frame to another; None where nothing is to be looked at.

    name: of the object, "" for none. influence: 0..1. The scene's frame is given back.
    Raises SettingsError where there is no such object.
    """
    if not name or influence <= 0:
        return None
    thing = scene.objects.get(name)
    if thing is None:
        known = ", ".join(sorted(thing.name for thing in scene.objects)[:12])
        raise SettingsError(f"There is no object '{name}' to be looked at: the scene has {known or 'none'}.")
    frames = np.arange(math.floor(first), math.ceil(last) + 1, dtype=float)
    if not _moves(thing):
        return Target(frames[:1], np.array([thing.matrix_world.translation], float), influence)
    places = _by_curves(thing, frames) if _alone(thing) else _played(scene, thing, frames)
    return Target(frames, places, influence)


def _moves(thing: bpy.types.Object) -> bool:
    """Whether an object, or what it hangs on or follows, may move."""
    while thing is not None:
        if thing.animation_data is not None or thing.constraints or thing.parent_type == "BONE":
            return True
        thing = thing.parent
    return False


def _alone(thing: bpy.types.Object) -> bool:
    """Whether an object's own action alone says where it is."""
    data = thing.animation_data
    free = thing.parent is None and not thing.constraints and data is not None and data.action is not None
    return free and not data.drivers and not data.nla_tracks and not any(thing.delta_location)


def _by_curves(thing: bpy.types.Object, frames: np.ndarray) -> np.ndarray:
    """(F, 3) as an object's curves have it."""
    places = np.tile(np.array(thing.location, float), (len(frames), 1))
    channels = actions.place(thing.animation_data.action, thing)
    for curve in channels.fcurves if channels else ():
        if curve.data_path == "location":
            places[:, curve.array_index] = [curve.evaluate(float(frame)) for frame in frames]
    return places


def _played(scene: bpy.types.Scene, thing: bpy.types.Object, frames: np.ndarray) -> np.ndarray:
    """(F, 3) as Blender plays it, frame by frame."""
    now, part, places = scene.frame_current, scene.frame_subframe, []
    try:
        for frame in frames:
            scene.frame_set(int(frame))
            places.append(tuple(thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world.translation))
    finally:
        scene.frame_set(now, subframe=part)
    return np.array(places, float)
