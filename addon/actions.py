"""Crossing 2: a clip becomes plain keys in a new action, written whole arrays at a time."""

from __future__ import annotations

import json

import bpy
import numpy as np

from ..solvers.clip import Clip
from .armature import CharacterObjects

LINEAR, BEZIER, GENERATED = 1, 2, 5  # Blender's numbers for interpolation and type of keys
STILL = 1e-6  # a channel that changes by less than this needs no key but its first and last
SLIDER_LIMIT = 10.0  # the most that Blender allows as a shape key's end


def write(clip: Clip, objects: CharacterObjects, name: str | None = None) -> tuple[bpy.types.Action, ...]:
    """Write a clip as a new action and put it on the character; what was there is kept in the file.

    clip: for this character. objects: its armature and meshes. name: of the action; None takes the clip's.
    Bones keep their rotation mode. Where Blender has slots (4.4 and later) the armature and all shape keys share the
    one action that is returned, else each has its own.
    """
    actions: list[bpy.types.Action] = []
    name = name or clip.name
    before = _kept(objects)
    if objects.armature and (clip.bones or clip.movers):
        _rest(objects.armature, before.get(objects.armature.name))
        switches = _switch(objects.armature, clip.switches)
        channels = _channels(objects.armature, "OBJECT", name, actions)
        _write_bones(clip, objects.armature, channels)
        actions[0]["understudy_switches"] = json.dumps(switches)
    for mesh in objects.meshes:
        _write_sliders(clip, mesh, name, actions)
    for action in actions:
        action["understudy"] = json.dumps(
            {"clip": clip.name, "fps": clip.fps, "frames": [float(clip.frames[0]), float(clip.frames[-1])],
             "switches": clip.switches, "missing": list(clip.missing)}
        )  # fmt: skip
        action.use_frame_range = True
        action.frame_start, action.frame_end = float(clip.frames[0]), float(clip.frames[-1])
    return tuple(actions)


def _kept(objects: CharacterObjects) -> dict[str, bpy.types.Action]:
    """{owner: the action it has had}, which is kept in the file although nothing plays it any more."""
    owners = [objects.armature, *(mesh.data.shape_keys for mesh in objects.meshes)]
    kept = {}
    for owner in owners:
        if owner is not None and owner.animation_data and owner.animation_data.action:
            kept[owner.name] = owner.animation_data.action
            kept[owner.name].use_fake_user = True
    return kept


def _rest(rig: bpy.types.Object, previous: bpy.types.Action | None) -> None:
    """Take bones out of the pose that an earlier action has left them in; those that the user has posed stay.

    rig: the armature. previous: the action it has played.
    """
    if previous is None:
        return
    posed = {curve.data_path.split('"')[1] for curve in curves(previous) if curve.data_path.startswith('pose.bones["')}
    for bone in rig.pose.bones:
        if bone.name in posed:
            bone.matrix_basis.identity()


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


def _switch(rig: bpy.types.Object, switches: dict) -> dict:
    """Set custom properties on bones, and tell what they were before."""
    before = {}
    for key, value in switches.items():
        bone, _, name = key.rstrip("]").partition("[")
        before[key] = rig.pose.bones[bone][name]
        rig.pose.bones[bone][name] = type(before[key])(value)
    rig.update_tag()
    return before


def _channels(owner: bpy.types.ID, kind: str, name: str, actions: list[bpy.types.Action]):
    """Where curves for an owner go: its own slot of the one action, or its own action before there were slots.

    owner: an object or shape keys. kind: "OBJECT" or "KEY". actions: made so far for this clip; grows.
    """
    data = owner.animation_data or owner.animation_data_create()
    slotted = bool(actions) and hasattr(actions[-1], "slots")
    if not slotted:
        actions.append(bpy.data.actions.new(name if kind == "OBJECT" or not actions else f"{name} {owner.name}"))
    action = actions[-1]
    if not hasattr(action, "slots"):
        data.action = action
        return action
    slot = action.slots.new(id_type=kind, name=owner.name)
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    bag = strip.channelbag(slot, ensure=True)
    data.action, data.action_slot = action, slot
    return bag


def _write_bones(clip: Clip, rig: bpy.types.Object, channels) -> None:
    """Keys of all bones, each in its own rotation mode and a group of its name."""
    for column, bone in enumerate(clip.bones):
        mode = rig.pose.bones[bone].rotation_mode
        values, path = rotation_values(clip.rotations[:, column], mode)
        for axis in range(values.shape[1]):
            _write_curve(channels, f'pose.bones["{bone}"].{path}', axis, bone, clip.frames, values[:, axis])
    for column, bone in enumerate(clip.movers):
        for axis in range(3):
            _write_curve(
                channels, f'pose.bones["{bone}"].location', axis, bone, clip.frames, clip.locations[:, column, axis]
            )


def rotation_values(rotations: np.ndarray, mode: str) -> tuple[np.ndarray, str]:
    """Rotations in a bone's own rotation mode, and the property that takes them.

    rotations: (N, 4) wxyz, sign-continuous. mode: Blender's name of it. Result (N, 3 or 4), free of jumps.
    """
    from mathutils import Euler, Quaternion

    if mode == "QUATERNION":
        return rotations, "rotation_quaternion"
    if mode == "AXIS_ANGLE":
        half = np.clip(rotations[:, :1], -1, 1)
        sine = np.sqrt(1 - half**2)
        axis = np.where(sine > 1e-9, rotations[:, 1:] / np.maximum(sine, 1e-9), [0.0, 1.0, 0.0])
        return np.concatenate([2 * np.arccos(half), axis], 1), "rotation_axis_angle"
    angles, last = [], Euler((0, 0, 0), mode)
    for rotation in rotations:
        last = Quaternion(rotation).to_euler(mode, last)
        angles.append(tuple(last))
    return np.array(angles), "rotation_euler"


def _write_sliders(clip: Clip, mesh: bpy.types.Object, name: str, actions: list[bpy.types.Action]) -> None:
    """Keys of all of a mesh's shape keys that the clip drives; their range is widened where they go beyond it."""
    keys = mesh.data.shape_keys
    present = [slider for slider in clip.sliders if keys and slider in keys.key_blocks]
    if not present:
        return
    channels = _channels(keys, "KEY", name, actions)
    for slider in present:
        block, values = keys.key_blocks[slider], clip.values[:, clip.sliders.index(slider)]
        block.slider_max = min(max(block.slider_max, float(values.max())), SLIDER_LIMIT)
        path = f'key_blocks["{bpy.utils.escape_identifier(slider)}"].value'
        _write_curve(channels, path, 0, slider, clip.frames, values)


def _write_curve(channels, path: str, index: int, group: str, frames: np.ndarray, values: np.ndarray) -> None:
    """One curve of straight keys; where nothing changes, only its first and last.

    channels: as `_channels` gives. frames: (N,). values: (N,).
    """
    if len(values) > 2 and np.ptp(values) < STILL:
        frames, values = frames[[0, -1]], values[[0, -1]]
    curve = _new_curve(channels, path, index, group)
    count = len(frames)
    curve.keyframe_points.add(count)
    points = np.empty(2 * count, np.float32)
    points[::2], points[1::2] = frames, values
    curve.keyframe_points.foreach_set("co", points)
    curve.keyframe_points.foreach_set("interpolation", np.full(count, LINEAR, np.int32))
    curve.keyframe_points.foreach_set("type", np.full(count, GENERATED, np.int32))
    curve.update()


def _new_curve(channels, path: str, index: int, group: str) -> bpy.types.FCurve:
    """A curve in a group, in any version of Blender."""
    if isinstance(channels, bpy.types.Action):
        return channels.fcurves.new(path, index=index, action_group=group)
    if bpy.app.version >= (5, 0, 0):
        return channels.fcurves.new(path, index=index, group_name=group)
    curve = channels.fcurves.new(path, index=index)
    curve.group = channels.groups.get(group) or channels.groups.new(group)
    return curve
