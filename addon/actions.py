"""Crossing 2: a clip becomes plain keys in an action, written whole arrays at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import bpy
import numpy as np

from ..solvers.clip import Clip
from ..solvers.motion.reduction import reduce
from ..solvers.motion.rotations import IDENTITY, continuous, from_axis_angle, slerp
from .armature import CharacterObjects

LINEAR, BEZIER, GENERATED = 1, 2, 5  # Blender's numbers for interpolation and type of keys
ALIGNED = 3  # Blender's number for handles that stay in line
TURNS = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}  # of all others, rotation_euler
STILL = 1e-6  # a channel that changes by less than this needs no key but its first and last
SLIDER_LIMIT = 10.0  # the most that Blender allows as a shape key's end

# What a turn's tolerance means for places and sliders. A turn of the shoulder moves the hand about half a metre times
# its angle, so a place may be off by as much; and a slider by 0.01 at half a degree, which is as little to see.
REACH = 0.5  # m
SLIDER_SHARE = 1.15  # per rad

Channel = tuple[str, int]  # data path and index


@dataclass(frozen=True)
class Curve:
    """What one curve is to be, ready to be written (K keys).

    path, index: the channel. group: its name. keys: (K, 2) frame and value, float32.
    handles: (K, 4) left and right, float32, of a Bezier curve; None for straight lines from key to key.
    """

    path: str
    index: int
    group: str
    keys: np.ndarray
    handles: np.ndarray | None = None

    @property
    def channel(self) -> Channel:
        """What it drives."""
        return self.path, self.index


def write(
    clip: Clip, objects: CharacterObjects, name: str | None = None, tolerance: float = 0.0, otherwise=None
) -> tuple[bpy.types.Action, ...]:
    """Write a clip as a new action and put it on the character; what was there is kept in the file.

    clip: for this character. objects: its armature and meshes. name: of the action; None takes the clip's.
    tolerance: rad, how far turns may be off between fewer keys; 0 writes all keys, with straight lines between them.
    otherwise: what the character does where the clip leaves it alone, as `plan` has it.
    Bones keep their rotation mode. Keys that were made by hand, for sliders of which the clip says so, go along. Where
    Blender has slots (4.4 and later) the armature and all shape keys share the one action that is returned, else each
    has its own.
    """
    from . import by_hand  # which writes actions, too

    planned, kept = plan(clip, objects, tolerance, otherwise), by_hand.taken(objects, clip.by_hand)
    made = make(name or clip.name, planned)
    leave(objects, {owner.name: {curve.channel for curve in curves} for owner, curves in planned})
    switches = switch(objects.armature, clip.switches) if objects.armature and clip.switches else {}
    widen(clip, objects)
    for (owner, _), action in zip(planned, made if len(made) > 1 else made * len(planned), strict=True):
        play(owner, action)
        by_hand.put(kept, owner, action)
    for action in made:
        action["understudy_switches"] = json.dumps(switches)
        label(action, clip)
    return made


def owners(objects: CharacterObjects) -> tuple[bpy.types.ID, ...]:
    """All that plays actions in a character: its armature, and the shape keys of its meshes, each once."""
    keys = [mesh.data.shape_keys for mesh in objects.meshes if mesh.data.shape_keys]
    return (*((objects.armature,) if objects.armature else ()), *dict.fromkeys(keys))


def kind(owner: bpy.types.ID) -> str:
    """"OBJECT", "KEY" or "CAMERA", as Blender calls what an owner is."""
    return {bpy.types.Key: "KEY", bpy.types.Camera: "CAMERA"}.get(type(owner), "OBJECT")


# --- what is to be written -------------------------------------------------------------------------------------------


def plan(
    clip: Clip, objects: CharacterObjects, tolerance: float = 0.0, otherwise=None
) -> tuple[tuple[bpy.types.ID, tuple[Curve, ...]], ...]:
    """What a clip is on a character: each owner that it drives, and its curves.

    clip, objects, tolerance: as `write` has them. otherwise: called with an owner, a path, how many values it has, and
    frames (N,), gives the values (N, C) that the character has without the clip; None where nothing is left to it.
    """
    planned = []
    for owner in owners(objects):
        drawn = _slider_curves if kind(owner) == "KEY" else _bone_curves
        curves = drawn(clip, owner, tolerance, otherwise)
        if curves:
            planned.append((owner, tuple(curves)))
    return tuple(planned)


def _bone_curves(clip: Clip, rig: bpy.types.Object, tolerance: float, otherwise) -> list[Curve]:
    """Curves of all bones, each in its own rotation mode and a group of its name."""
    made = []
    for column, bone in enumerate(clip.bones):
        mode = rig.pose.bones[bone].rotation_mode
        path = f"{bone_path(bone)}.{TURNS.get(mode, 'rotation_euler')}"
        share, turns = clip.left.get(bone), clip.rotations[:, column]
        if otherwise is not None and share is not None:
            beneath = quaternions(otherwise(rig, path, 4 if mode in TURNS else 3, clip.frames), mode)
            turns = continuous(slerp(turns, beneath, share))
        values = rotation_values(turns, mode)
        bounds = tolerance * turn_bounds(mode)
        made += _drawn(path, bone, clip.frames, values, bounds)
    metre = 1.0 / np.cbrt(abs(np.linalg.det(np.array(rig.matrix_world, float)[:3, :3])))
    for column, bone in enumerate(clip.movers):
        bounds = np.full(3, tolerance * REACH * metre)
        path = f"{bone_path(bone)}.location"
        values = _left(clip, bone, clip.locations[:, column], rig, path, otherwise)
        made += _drawn(path, bone, clip.frames, values, bounds)
    return made


def _left(clip: Clip, name: str, values: np.ndarray, owner: bpy.types.ID, path: str, otherwise) -> np.ndarray:
    """Values (N, C) of a place or a slider, as far as the clip does not leave it to what the character does."""
    share = clip.left.get(name)
    if otherwise is None or share is None:
        return values
    return values + share[:, None] * (otherwise(owner, path, values.shape[1], clip.frames) - values)


def _slider_curves(clip: Clip, keys: bpy.types.Key, tolerance: float, otherwise) -> list[Curve]:
    """Curves of all of a mesh's shape keys that the clip drives."""
    made = []
    for column, slider in enumerate(clip.sliders):
        if slider in keys.key_blocks:
            path, bounds = f"{slider_path(slider)}.value", np.array([tolerance * SLIDER_SHARE])
            values = _left(clip, slider, clip.values[:, column, None], keys, path, otherwise)
            made += _drawn(path, slider, clip.frames, values, bounds)
    return made


def bone_path(bone: str) -> str:
    """The path to a pose bone."""
    return f'pose.bones["{bpy.utils.escape_identifier(bone)}"]'


def slider_path(slider: str) -> str:
    """The path to a shape key."""
    return f'key_blocks["{bpy.utils.escape_identifier(slider)}"]'


def turn_bounds(mode: str) -> np.ndarray:
    """Errors of a rotation's channels per rad of turn: while their norm in these is below 1, the turn is within it.

    A quaternion is half as far from another as they are apart in angle. Euler angles are three turns about axes of
    which the first and the last may fall together: two errors of 1/sqrt 2 of the bound add up to no more than it. An
    error of an axis acts twice at half a turn. mode: Blender's name of it. Result (3 or 4,).
    """
    if mode == "QUATERNION":
        return np.full(4, 0.5)
    if mode == "AXIS_ANGLE":
        return np.sqrt(0.5) * np.array([1.0, 0.5, 0.5, 0.5])
    return np.full(3, np.sqrt(0.5))


def _drawn(path: str, group: str, frames: np.ndarray, values: np.ndarray, bounds: np.ndarray) -> list[Curve]:
    """The curves of channels that belong together; where nothing changes, only first and last key.

    frames: (N,). values: (N, C). bounds: (C,) of errors; 0 for keys at all frames.
    """
    if bounds.any():
        fewer = reduce(frames, values, bounds)
        frames, values = frames[fewer.kept], values[fewer.kept]
        return [
            Curve(path, index, group, keys, _handles(keys, fewer.slopes[:, index]))
            for index, keys in enumerate(_keys(frames, column) for column in values.T)
        ]
    made = []
    for index, column in enumerate(values.T):
        chosen = [0, -1] if len(frames) > 2 and np.ptp(column) < STILL else slice(None)
        made.append(Curve(path, index, group, _keys(frames[chosen], column[chosen])))
    return made


def _keys(frames: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.stack([frames, values], -1).astype(np.float32)


def _handles(keys: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Handles (K, 4) a third of the way to the neighbouring keys, at which a Bezier curve is Hermite's cubic.

    keys: (K, 2) frame and value. slopes: (K,) value per frame.
    """
    keys = keys.astype(float)
    gaps = np.diff(keys[:, 0]) / 3 if len(keys) > 1 else np.ones(1)
    before, after = np.r_[gaps[:1], gaps][: len(keys)], np.r_[gaps, gaps[-1:]][: len(keys)]
    left = keys - np.stack([before, before * slopes], -1)
    right = keys + np.stack([after, after * slopes], -1)
    return np.concatenate([left, right], -1).astype(np.float32)


def rotation_values(rotations: np.ndarray, mode: str) -> np.ndarray:
    """Rotations in a bone's own rotation mode.

    rotations: (N, 4) wxyz, sign-continuous. mode: Blender's name of it. Result (N, 3 or 4), free of jumps.
    """
    from mathutils import Euler, Quaternion

    if mode == "QUATERNION":
        return rotations
    if mode == "AXIS_ANGLE":
        half = np.clip(rotations[:, :1], -1, 1)
        sine = np.sqrt(1 - half**2)
        axis = np.where(sine > 1e-9, rotations[:, 1:] / np.maximum(sine, 1e-9), [0.0, 1.0, 0.0])
        return np.concatenate([2 * np.arccos(half), axis], 1)
    angles, last = [], Euler((0, 0, 0), mode)
    for rotation in rotations:
        last = Quaternion(rotation).to_euler(mode, last)
        angles.append(tuple(last))
    return np.array(angles)


def quaternions(values: np.ndarray, mode: str) -> np.ndarray:
    """Rotations (N, 4) wxyz from values (N, 3 or 4) in a bone's own rotation mode: the inverse of `rotation_values`."""
    from mathutils import Euler

    if mode == "QUATERNION":
        length = np.linalg.norm(values, axis=1, keepdims=True)
        return np.where(length > 1e-6, values / np.maximum(length, 1e-6), IDENTITY)
    if mode == "AXIS_ANGLE":
        length = np.linalg.norm(values[:, 1:], axis=1, keepdims=True)
        axis = np.where(length > 1e-6, values[:, 1:] / np.maximum(length, 1e-6), [0.0, 1.0, 0.0])
        return from_axis_angle(axis, values[:, 0])
    return np.array([tuple(Euler(angles, mode).to_quaternion()) for angles in values])


# --- actions ---------------------------------------------------------------------------------------------------------


def make(name: str, planned) -> tuple[bpy.types.Action, ...]:
    """New actions with the curves of a plan: one for all owners where Blender has slots, else one for each.

    name: of the first. planned: as `plan` gives it. Nothing plays them yet; they are kept in the file.
    """
    made: list[bpy.types.Action] = []
    for owner, curves in planned:
        if not made or not hasattr(made[-1], "slots"):
            made.append(bpy.data.actions.new(f"{name} {owner.name}" if made else name))
            made[-1].use_fake_user = True
            if not hasattr(made[-1], "slots"):
                made[-1].id_root = kind(owner)
        fill(made[-1], owner, curves)
    return tuple(made)


def fill(action: bpy.types.Action, owner: bpy.types.ID, curves: Iterable[Curve], owned: Iterable[Channel] = ()) -> None:
    """Write curves into an action in place.

    owner: who is to play them. owned: channels whose curves may be written over, and go where they are not wanted
    any more; all other curves that are there stay as they are.
    """
    channels = place(action, owner, True)
    there = {(curve.data_path, curve.array_index): curve for curve in channels.fcurves}
    wanted, owned = {curve.channel: curve for curve in curves}, set(owned)
    for channel in owned - set(wanted):
        if channel in there:
            channels.fcurves.remove(there[channel])
    for channel, curve in wanted.items():
        if channel not in there:
            _write_keys(new_curve(channels, *channel, curve.group), curve)
        elif channel in owned:
            _write_keys(there[channel], curve)
    action.update_tag()


def place(action: bpy.types.Action, owner: bpy.types.ID, new: bool = False):
    """Where an owner's curves are in an action: the action itself before there were slots, else the slot's channels.

    new: whether to make the place; without, None where there is none.
    """
    if not hasattr(action, "slots"):
        return action
    slot = slot_for(action, owner)
    if slot is None:
        if not new:
            return None
        slot = action.slots.new(id_type=kind(owner), name=owner.name)
    if not action.layers or not action.layers[0].strips:
        if not new:
            return None
        (action.layers[0] if action.layers else action.layers.new("Layer")).strips.new(type="KEYFRAME")
    return action.layers[0].strips[0].channelbag(slot, ensure=new)


def slot_for(action: bpy.types.Action, owner: bpy.types.ID):
    """The slot of an action that an owner plays: the one it has, or that has its name, or else None.

    Where an owner has got another name since, the only slot of its kind is taken for its own.
    """
    data = owner.animation_data
    if data is not None and data.action == action and data.action_slot is not None:
        return data.action_slot
    fitting = [slot for slot in action.slots if slot.target_id_type == kind(owner)]
    named = [slot for slot in fitting if slot.identifier[2:] == owner.name]
    known = {thing.name for thing in (bpy.data.objects if kind(owner) == "OBJECT" else bpy.data.shape_keys)}
    orphans = [slot for slot in fitting if slot.identifier[2:] not in known]
    return (named or (orphans if len(orphans) == 1 else []) or [None])[0]


def play(owner: bpy.types.ID, action: bpy.types.Action) -> None:
    """Make an action the one that an owner plays."""
    data = owner.animation_data or owner.animation_data_create()
    data.action = action
    if hasattr(action, "slots"):
        data.action_slot = slot_for(action, owner)


def curves(action: bpy.types.Action) -> list[bpy.types.FCurve]:
    """All curves of an action, in any version of Blender.

    action: with or without slots.
    """
    if not hasattr(action, "layers"):
        return list(action.fcurves)
    return [
        curve
        for layer in action.layers
        for strip in layer.strips
        for bag in strip.channelbags
        for curve in bag.fcurves
    ]


def label(action: bpy.types.Action, clip: Clip) -> None:
    """Let an action tell what it holds, and how long it is."""
    first, last = float(clip.frames[0]), float(clip.frames[-1])
    action["understudy"] = json.dumps(
        {"clip": clip.name, "fps": clip.fps, "frames": [first, last], "switches": clip.switches,
         "missing": list(clip.missing)}
    )  # fmt: skip
    action.use_frame_range = True
    action.frame_start, action.frame_end = first, last


def _write_keys(curve: bpy.types.FCurve, made: Curve) -> None:
    """Give a curve its keys, whatever it has had before."""
    points, count = curve.keyframe_points, len(made.keys)
    if len(points) != count:
        points.clear()
        points.add(count)
    points.foreach_set("co", made.keys.ravel())
    if made.handles is not None:
        for side in ("handle_left_type", "handle_right_type"):
            points.foreach_set(side, np.full(count, ALIGNED, np.int32))
        points.foreach_set("handle_left", made.handles[:, :2].ravel())
        points.foreach_set("handle_right", made.handles[:, 2:].ravel())
    straight = made.handles is None
    points.foreach_set("interpolation", np.full(count, LINEAR if straight else BEZIER, np.int32))
    points.foreach_set("type", np.full(count, GENERATED, np.int32))
    curve.update()


def new_curve(channels, path: str, index: int, group: str) -> bpy.types.FCurve:
    """A new curve in a group, in any version of Blender.

    channels: as `place` gives them. path, index: of what it drives. group: its name.
    """
    if isinstance(channels, bpy.types.Action):
        return channels.fcurves.new(path, index=index, action_group=group)
    if bpy.app.version >= (5, 0, 0):
        return channels.fcurves.new(path, index=index, group_name=group)
    curve = channels.fcurves.new(path, index=index)
    curve.group = channels.groups.get(group) or channels.groups.new(group)
    return curve


# --- what stands around ----------------------------------------------------------------------------------------------


def leave(objects: CharacterObjects, driven: dict[str, set[Channel]]) -> None:
    """Take the character out of what it plays, and keep that in the file.

    What only the old actions have moved goes back to rest, so that their last pose does not linger; what the user has
    posed stays. driven: {owner's name: channels that something else is going to drive}.
    """
    for owner in owners(objects):
        action = owner.animation_data.action if owner.animation_data else None
        if action is None:
            continue
        if action.library is None:
            action.use_fake_user = True
        channels = place(action, owner)
        for curve in channels.fcurves if channels else ():
            if (curve.data_path, curve.array_index) not in driven.get(owner.name, ()):
                to_rest(owner, curve.data_path, curve.array_index)


def to_rest(owner: bpy.types.ID, path: str, index: int) -> None:
    """Put a channel of a bone or a shape key to where it rests; others are left alone."""
    container, _, name = path.rpartition(".")
    rest = rest_of(path)
    if rest is None:
        return
    try:
        thing = owner.path_resolve(container)
    except ValueError:
        return  # a curve of something that is not there any more
    if isinstance(rest, tuple):
        getattr(thing, name)[index] = rest[index]
    else:
        setattr(thing, name, rest)


def value_of(owner: bpy.types.ID, path: str):
    """A property's value; of a custom property that chooses among names the number, as keys have it."""
    value = owner.path_resolve(path)
    if isinstance(value, str) and path.endswith('"]'):
        container, _, name = path.rpartition('["')
        return owner.path_resolve(container)[bpy.utils.unescape_identifier(name.removesuffix('"]'))]
    return value


def rest_of(path: str) -> float | tuple[float, ...] | None:
    """The value of a bone's or a shape key's property at rest; None for any other."""
    return _RESTS.get(path.rpartition(".")[2]) if path.startswith(("pose.bones[", "key_blocks[")) else None


_RESTS = {
    "location": (0.0, 0.0, 0.0), "scale": (1.0, 1.0, 1.0), "rotation_quaternion": (1.0, 0.0, 0.0, 0.0),
    "rotation_euler": (0.0, 0.0, 0.0), "rotation_axis_angle": (0.0, 0.0, 1.0, 0.0), "value": 0.0,
}  # fmt: skip


def switch(rig: bpy.types.Object, switches: dict) -> dict:
    """Set custom properties on bones and influences of constraints, and tell what they were before."""
    before = {}
    for key, value in switches.items():
        holder, name = _switched(rig, key)
        if isinstance(holder, bpy.types.Constraint):
            before[key], holder.influence = holder.influence, value
        else:
            before[key] = holder[name]
            holder[name] = type(before[key])(value)
    rig.update_tag()
    return before


def _switched(rig: bpy.types.Object, key: str) -> tuple[bpy.types.PoseBone | bpy.types.Constraint | None, str]:
    """What holds a switch, or None, and the switch's name there. key: "bone[property]", "bone[constraint name]"."""
    bone, _, name = key.removesuffix("]").partition("[")
    holder = rig.pose.bones.get(bone)
    if holder is None or name in holder:
        return holder, name
    return holder.constraints.get(name.removeprefix("constraint ")) if name.startswith("constraint ") else None, name


def possible(rig: bpy.types.Object, switches: dict) -> dict:
    """Those switches that a rig has."""
    return {key: value for key, value in switches.items() if _switched(rig, key)[0] is not None}


def switch_path(key: str) -> str:
    """The path to a switch. key: "bone[property]" or "bone[constraint name]"."""
    bone, _, name = key.removesuffix("]").partition("[")
    if name.startswith("constraint "):
        constraint = bpy.utils.escape_identifier(name.removeprefix("constraint "))
        return f'{bone_path(bone)}.constraints["{constraint}"].influence'
    return f'{bone_path(bone)}["{bpy.utils.escape_identifier(name)}"]'


def widen(clip: Clip, objects: CharacterObjects) -> None:
    """Widen the range of shape keys where a clip goes beyond it."""
    for owner in owners(objects):
        for column, slider in enumerate(clip.sliders if kind(owner) == "KEY" else ()):
            if slider in owner.key_blocks:
                block, most = owner.key_blocks[slider], float(clip.values[:, column].max())
                if most > block.slider_max:
                    block.slider_max = min(most, SLIDER_LIMIT)
