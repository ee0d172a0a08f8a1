"""Breath, settling and sway: each an action that plays as a strip of its own over what the character plays."""

from __future__ import annotations

import re

import bpy
import numpy as np

from ...solvers.environment import ambient
from ...solvers.environment.sway import swing
from ...solvers.environment.wishes import Environment
from ...solvers.motion.rotations import between, continuous, from_matrix, from_vector, inverse, multiply, to_matrix
from ...solvers.retargeting.tpose import character_axes
from ...solvers.rigs.presets import RigPreset
from .. import actions, armature, layers, rendering
from ..actions import Curve
from ..armature import CharacterObjects

KINDS = ("breathing", "settling", "sway")
GROUND = "ground"  # a strip beneath them: rest for all that nothing else moves, so that a muted kind leaves no trace
OURS = "understudy_life"  # the action's property that says which kind it is; the character's name stands beside it
WHOSE = "understudy_life_of"
BENEATH = "Beneath Environment"
# What hangs, as rigs call it.
HANGS = r"hair|pony|braid|bang|fringe|lock|tail|ear(?!ring)|skirt|dress|cape|cloak|coat|cloth|scarf|ribbon|sleeve|" \
        r"tassel|earring|feather|antenna|wing|strap|tie\b|hem\b|hood|beard|whisker|belt_|hat_?tip|plume"  # fmt: skip


def give(scene: bpy.types.Scene, objects: CharacterObjects, preset: RigPreset, wishes: Environment) -> tuple[str, ...]:
    """Lay what is wished over what a character plays; result: the kinds that it can show.

    Each kind has a track of its own in the NLA, to be switched there. What an earlier call made is replaced.
    """
    take(objects)
    if objects.armature is None:
        return ()
    frames = np.arange(scene.frame_start, scene.frame_end + 1.0)
    time = (frames - frames[0]) * scene.render.fps_base / scene.render.fps
    curves = {}
    if wishes.breathing:
        turns = ambient.breathing(time, wishes.breathing, wishes.seed)
        curves["breathing"] = _turned(objects, preset, frames, turns)
    if wishes.settling:
        turns = ambient.settling(time, wishes.settling, wishes.seed)
        curves["settling"] = _turned(objects, preset, frames, turns)
    if wishes.sway:
        curves["sway"] = _swayed(scene, objects, preset, frames, time, wishes)
    made = {kind: drawn for kind, drawn in curves.items() if drawn}
    ground = _ground(objects.armature, made)
    for kind, drawn in (made | ({GROUND: ground} if ground else {})).items():
        action = actions.make(_name(objects.armature, kind), [(objects.armature, drawn)])[0]
        action[OURS], action[WHOSE] = kind, objects.armature.name
    resume(objects)
    return tuple(made)


def _ground(rig: bpy.types.Object, made: dict[str, tuple[Curve, ...]]) -> tuple[Curve, ...]:
    """Curves that hold all at rest that the layers move and nothing else does."""
    moved = layers.animated(rig)
    wanted = {curve.channel: curve for drawn in made.values() for curve in drawn if curve.channel not in moved}
    return tuple(
        Curve(path, index, curve.group, np.array([[curve.keys[0, 0], actions.rest_of(path)[index]]], np.float32))
        for (path, index), curve in wanted.items()
    )


def take(objects: CharacterObjects) -> None:
    """Take away all that `give` has laid over a character."""
    rig = objects.armature
    if rig is None or rig.animation_data is None:
        return
    layers.leave_tweaking(objects)
    ours = _ours(rig)
    for track in list(rig.animation_data.nla_tracks):
        if any(strip.action in ours for strip in track.strips):
            rig.animation_data.nla_tracks.remove(track)
    bones = {curve.data_path.split('"')[1] for action in ours for curve in actions.curves(action)}
    for action in ours:
        bpy.data.actions.remove(action)
    moved = layers.animated(rig)
    for name in bones & set(rig.pose.bones.keys()):
        for path in (f"{actions.bone_path(name)}.{word}" for word in (*actions.TURNS.values(), "rotation_euler")):
            for index in range(len(actions.rest_of(path))):
                if (path, index) not in moved:
                    actions.to_rest(rig, path, index)
    _rise(rig)


def resume(objects: CharacterObjects) -> None:
    """Lay it over what a character plays now, after that has been changed."""
    rig = objects.armature
    ours = _ours(rig) if rig is not None else []
    if ours:
        ours.sort(key=lambda action: (GROUND, *KINDS).index(action[OURS]))
        blend = {GROUND: "REST"}
        over = [(_name(rig, action[OURS]), action, blend.get(action[OURS], "COMBINE")) for action in ours]
        layers.lay(rig, BENEATH, over)


def _ours(rig: bpy.types.Object) -> list[bpy.types.Action]:
    return [action for action in bpy.data.actions if OURS in action and action.get(WHOSE) == rig.name]


def _name(rig: bpy.types.Object, kind: str) -> str:
    return f"{rig.name} {kind.title()}"


def _rise(rig: bpy.types.Object) -> None:
    """Let the action beneath be the one that plays again, where it was alone there."""
    data = rig.animation_data
    playing = layers.tracks(data)
    if data.action is None and len(playing) == 1 and playing[0].name.startswith(BENEATH):
        action = playing[0].strips[0].action
        data.nla_tracks.remove(playing[0])
        actions.play(rig, action)


def _turned(objects, preset: RigPreset, frames: np.ndarray, turns: dict[str, np.ndarray]) -> tuple[Curve, ...]:
    """Curves of the bones of joints that turn about the character's axes. turns: {joint: (N, 3) rad}."""
    character = armature.read(objects)
    axes, made = character_axes(character, preset), []
    for joint, vectors in turns.items():
        bone = preset.bones.get(joint)
        if bone in character.bones:
            rest = character.rest[character.bones.index(bone)][:3, :3]
            made += _bone_curves(objects.armature, bone, frames, from_vector(vectors @ axes.T @ rest))
    return tuple(made)


def _bone_curves(rig: bpy.types.Object, bone: str, frames: np.ndarray, turns: np.ndarray) -> list[Curve]:
    """Curves of turns (N, 4) in a bone's own rotation mode."""
    mode = rig.pose.bones[bone].rotation_mode
    path = f"{actions.bone_path(bone)}.{actions.TURNS.get(mode, 'rotation_euler')}"
    values = actions.rotation_values(continuous(turns), mode)
    return [
        Curve(path, index, bone, np.stack([frames, column], 1).astype(np.float32))
        for index, column in enumerate(values.T)
    ]


def _swayed(scene, objects, preset: RigPreset, frames: np.ndarray, time: np.ndarray, wishes) -> tuple[Curve, ...]:
    """Curves of all bones that hang, as what carries them moves in the scene."""
    chains = hanging(objects.armature, set(preset.bones.values()))
    if not chains or len(frames) < 2:
        return ()
    carriers = _poses(scene, objects.armature, {bones[0].parent.name for bones in chains}, frames)
    random, made = np.random.default_rng([wishes.seed, 4]), []
    for bones in chains:
        parent, carrier = bones[0].parent, carriers[bones[0].parent.name]
        for bone in bones:
            stiff = carrier @ np.array(parent.matrix_local.inverted() @ bone.matrix_local)
            tips = stiff[:, :3, 3] + bone.length * stiff[:, :3, 1]
            points = swing(stiff[:, :3, 3], tips, time, wishes.sway, random)
            along = stiff[:, :3, 1] / np.linalg.norm(stiff[:, :3, 1], axis=1, keepdims=True)
            frame = from_matrix(stiff[:, :3, :3] / np.linalg.norm(stiff[:, :3, :3], axis=1, keepdims=True))
            turn = multiply(multiply(inverse(frame), between(along, points)), frame)
            made += _bone_curves(objects.armature, bone.name, frames, turn)
            hung = stiff.copy()
            hung[:, :3, :3] = stiff[:, :3, :3] @ to_matrix(turn)
            parent, carrier = bone, hung
    return tuple(made)


def hanging(rig: bpy.types.Object, mapped: set[str]) -> list[list[bpy.types.Bone]]:
    """Chains of bones that hang from a character: named like hair, cloth or tails, and nothing else drives them.

    mapped: bones that play joints.
    """

    def hangs(bone: bpy.types.Bone) -> bool:
        pose = rig.pose.bones[bone.name]
        return bool(
            re.search(HANGS, bone.name, re.I) and bone.name not in mapped and bone.parent and not pose.constraints
            and bone.length > 0 and not re.search(r"\bik\b|ctrl|control|target|pole|mch|org-", bone.name, re.I)
        )  # fmt: skip

    chains = []
    for bone in rig.data.bones:
        if not hangs(bone) or hangs(bone.parent):
            continue
        pending = [[bone]]
        while pending:
            chain = pending.pop()
            below = [child for child in chain[-1].children if hangs(child)]
            if below:
                chain.append(below[0])
                pending.append(chain)
            else:
                chains.append(chain)
    return chains


def _poses(scene, rig: bpy.types.Object, names: set[str], frames: np.ndarray) -> dict[str, np.ndarray]:
    """Where bones are in the world at frames, {bone: (N, 4, 4)}."""
    found = {name: np.empty((len(frames), 4, 4)) for name in names}
    with rendering.current_frame(scene):
        for row, frame in enumerate(frames):
            scene.frame_set(int(frame))
            graph = bpy.context.evaluated_depsgraph_get()
            posed = rig.evaluated_get(graph)
            for name in names:
                found[name][row] = np.array(posed.matrix_world @ posed.pose.bones[name].matrix)
    return found
