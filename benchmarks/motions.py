"""Motions of other people's armatures, out of .bvh, .glb and .fbx files, become performances that can be filmed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np

from ..addon.armature import CharacterObjects, read
from ..addon.figures.proportions import PERFORMER
from ..solvers.errors import UnderstudyError
from ..solvers.motion import rotations as rot
from ..solvers.motion.skeleton import local_rotations
from ..solvers.names import CONTACTS, EXPRESSIONS, JOINT, JOINTS, PARENTS
from ..solvers.performance import Performance
from ..solvers.retargeting.feet import ankle_height
from ..solvers.retargeting.tpose import measure
from ..solvers.rigs import presets
from ..solvers.rigs.presets import RigPreset
from .acting import skeleton
from .film import part

NEAR_GROUND = 0.045  # m; a foot lower than this above where it stands, and slower than STANDING, stands
STANDING = 0.30  # m/s
JOIN = 0.20  # s over which one action becomes the next


class MotionError(UnderstudyError):
    """A motion cannot be read."""


def _both_sides(bones: dict[str, str], fingers: dict[str, str]) -> dict[str, str]:
    """{joint: bone} of patterns in which {s} is the side's letter, {S} its word. fingers: {finger: bone with {k}}."""
    found = {}
    for side in ("left", "right"):
        words = {"s": side[0].upper(), "S": side.capitalize()}
        for joint, bone in bones.items():
            found[joint if joint in JOINTS else f"{side}{joint}"] = bone.format(**words)
        for finger, bone in fingers.items():
            parts = ("Metacarpal", "Proximal", "Distal") if finger == "Thumb" else (
                "Proximal", "Intermediate", "Distal"
            )  # fmt: skip
            found |= {f"{side}{finger}{part}": bone.format(k=k, **words) for k, part in enumerate(parts, 1)}
    return found


# Kinds of skeleton that carry motions but are no characters to be driven.
KINDS = (
    RigPreset(
        name="Rigify, deforming bones",
        needs={"bones": ["DEF-hips", "DEF-upper_arm.L"]},
        bones=_both_sides(
            {"hips": "DEF-hips", "spine": "DEF-spine.001", "chest": "DEF-spine.002", "upperChest": "DEF-spine.003",
             "neck": "DEF-neck", "head": "DEF-head", "Shoulder": "DEF-shoulder.{s}", "UpperArm": "DEF-upper_arm.{s}",
             "LowerArm": "DEF-forearm.{s}", "Hand": "DEF-hand.{s}", "UpperLeg": "DEF-thigh.{s}",
             "LowerLeg": "DEF-shin.{s}", "Foot": "DEF-foot.{s}", "Toes": "DEF-toe.{s}"},
            {"Thumb": "DEF-thumb.0{k}.{s}", "Index": "DEF-f_index.0{k}.{s}", "Middle": "DEF-f_middle.0{k}.{s}",
             "Ring": "DEF-f_ring.0{k}.{s}", "Little": "DEF-f_pinky.0{k}.{s}"},
        ),
    ),
    RigPreset(
        name="BVH, named by joints",
        needs={"bones": ["LeftCollar", "LeftElbow", "LeftKnee"]},
        bones=_both_sides(
            {"hips": "Hips", "spine": "lowerback", "chest": "Chest", "upperChest": "Chest2", "neck": "Neck",
             "head": "Head", "Shoulder": "{S}Collar", "UpperArm": "{S}Shoulder", "LowerArm": "{S}Elbow",
             "Hand": "{S}Wrist", "UpperLeg": "{S}Hip", "LowerLeg": "{S}Knee", "Foot": "{S}Ankle", "Toes": "{S}Toe"},
            {},
        ),
    ),
)  # fmt: skip


def read_motion(words: str, fps: float, start: float = 0.0, end: float | None = None) -> Performance:
    """What an armature in a file does, as a performance of a person with our performer's skeleton.

    words: FILE, or FILE:ACTION[+ACTION...], .bvh, .glb, .gltf or .fbx. fps: samples a second. start, end: s, the part
    that is wanted. Whatever was open in Blender is closed.
    Raises MotionError where the file or the action is missing, or where its bones are not those of a person.
    """
    path, _, names = words.partition(":")
    objects = _open(Path(path))
    rig = objects.armature
    rate = bpy.context.scene.render.fps / bpy.context.scene.render.fps_base
    parts = []
    for name in names.split("+") if names else [None]:
        _play(rig, name, path)
        first, last = rig.animation_data.action.frame_range
        time = np.arange(int(np.floor((last - first) / rate * fps + 1e-6)) + 1) / fps
        parts.append(_matrices(rig, first + time * rate))
    performance = _performed(objects, _joined(parts, fps), fps)
    wanted = (performance.time >= start - 1e-6) & (performance.time <= (np.inf if end is None else end) + 1e-6)
    chosen = part(performance, wanted)
    return replace(chosen, time=chosen.time - chosen.time[0])


def _open(path: Path) -> CharacterObjects:
    if not path.is_file():
        raise MotionError(f"There is no motion {path}: give the path of a .bvh, .glb, .gltf or .fbx file.")
    for upward in ("Y", "Z"):
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        if path.suffix.lower() == ".bvh":
            forward = {"Y": "-Z", "Z": "-Y"}[upward]
            bpy.ops.import_anim.bvh(filepath=str(path), update_scene_fps=True, axis_up=upward, axis_forward=forward)
        elif path.suffix.lower() == ".fbx":
            bpy.ops.import_scene.fbx(filepath=str(path))
        else:
            bpy.ops.import_scene.gltf(filepath=str(path))
        rig = next((thing for thing in bpy.data.objects if thing.type == "ARMATURE"), None)
        if rig is None or rig.animation_data is None:
            raise MotionError(f"{path.name} holds no armature that moves: give one whose bones have keys.")
        if path.suffix.lower() != ".bvh" or _upright(rig):
            break
    return CharacterObjects(rig, ())


def _upright(rig) -> bool:
    """Whether an armature stands upright at its first frame."""
    bpy.context.scene.frame_set(int(rig.animation_data.action.frame_range[0]))
    places = np.array([bone.head for bone in rig.pose.bones])
    return np.argmax(np.ptp(places, axis=0)) == 2


def _play(rig, name: str | None, path: str) -> None:
    """Let an armature play the action of a name. Raises MotionError where there is none."""
    if name is None:
        return
    action = bpy.data.actions.get(name)
    if action is None:
        known = ", ".join(sorted(action.name for action in bpy.data.actions))
        raise MotionError(f"{path} has no action '{name}': it has {known}.")
    for track in rig.animation_data.nla_tracks:
        track.mute = True
    rig.animation_data.action = action
    if hasattr(rig.animation_data, "action_suitable_slots") and rig.animation_data.action_slot is None:
        rig.animation_data.action_slot = rig.animation_data.action_suitable_slots[0]


def _matrices(rig, frames: np.ndarray) -> np.ndarray:
    """Pose matrices (N, B, 4, 4) of all bones in armature space, parents first. frames: (N,), also between whole."""
    scene, order = bpy.context.scene, read(CharacterObjects(rig, ())).bones
    found = np.zeros((len(frames), len(order), 4, 4))
    for i, frame in enumerate(frames):
        scene.frame_set(int(np.floor(frame)), subframe=float(frame - np.floor(frame)))
        found[i] = [np.array(rig.pose.bones[name].matrix) for name in order]
    return found


def _joined(parts: list[np.ndarray], fps: float) -> np.ndarray:
    """Actions one after the other, each easing into the next. parts: (N, B, 4, 4) each."""
    whole = parts[0]
    for other in parts[1:]:
        wide = max(1, min(round(JOIN * fps), len(whole), len(other)))
        share = (np.arange(wide) + 1.0)[:, None] / (wide + 1)
        mixed = np.array(other[:wide])
        a, b = rot.from_matrix(whole[-wide:, :, :3, :3]), rot.from_matrix(other[:wide, :, :3, :3])
        step = rot.to_vector(rot.multiply(b, rot.inverse(a)))
        mixed[..., :3, :3] = rot.to_matrix(rot.multiply(rot.from_vector(share[..., None] * step), a))
        mixed[..., :3, 3] = (1 - share[..., None]) * whole[-wide:, :, :3, 3] + share[..., None] * other[:wide, :, :3, 3]
        whole = np.concatenate([whole[:-wide], mixed, other[wide:]])
    return whole


def _performed(objects: CharacterObjects, matrices: np.ndarray, fps: float) -> Performance:
    """Pose matrices (N, B, 4, 4) of an armature as a performance: retargeting the other way round."""
    character = read(objects)
    preset = presets.recognise(character, presets=(*KINDS, *presets.shipped()))
    rest = skeleton(PERFORMER)
    rest = rest - rest[JOINT["hips"]]
    rig = measure(character, preset, rest)
    row = [character.bones.index(rig.bones[name]) for name in rig.joints]
    turns = np.einsum("ji,nbjk,bkl->nbil", rig.axes, matrices[:, row, :3, :3],
                      np.transpose(character.rest[row, :3, :3], (0, 2, 1))) @ rig.axes  # fmt: skip
    columns = [JOINT[name] for name in rig.joints]
    world = np.tile(rot.IDENTITY, (len(matrices), len(JOINTS), 1))
    world[:, columns] = rot.multiply(rot.from_matrix(turns), rot.inverse(rig.correction[columns]))
    for joint in JOINTS:  # what the skeleton lacks turns with what it hangs on
        if joint not in rig.joints and PARENTS[joint] is not None:
            world[:, JOINT[joint]] = world[:, JOINT[PARENTS[joint]]]
    places = {name: matrices[:, k, :3, 3] @ rig.axes / rig.scale for name, k in zip(rig.joints, row, strict=True)}
    return _grounded(world, places, rest, fps)


def _grounded(world: np.ndarray, places: dict[str, np.ndarray], rest: np.ndarray, fps: float) -> Performance:
    """A performance that stands on the ground: lowest where the ankles are lowest.

    world: (N, J, 4). places: {joint: (N, 3) m}. rest: (J, 3) m.
    """
    local = rot.continuous(rot.normalise(local_rotations(world)))
    count = len(local)
    blank = Performance(
        time=np.arange(count) / fps, rotations=local, root=np.zeros((count, 3)), skeleton=rest,
        expressions=np.zeros((count, len(EXPRESSIONS))), gaze=np.zeros((count, 2, 2)),
        contacts=np.zeros((count, len(CONTACTS))), confidence=np.ones((count, len(JOINTS))),
        face_confidence=np.ones(count), projection=np.zeros((3, 4)), size=(1, 1), framing="full",
    )  # fmt: skip
    ankles = np.stack([places["leftFoot"], places["rightFoot"]], 1)
    low = np.percentile(ankles[..., 2].min(1), 5)
    pelvis = (places["leftUpperLeg"] + places["rightUpperLeg"]) / 2 - [0, 0, low - ankle_height(blank)]
    middle = (rest[JOINT["leftUpperLeg"]] + rest[JOINT["rightUpperLeg"]]) / 2
    root = pelvis - rot.rotate(world[:, JOINT["hips"]], middle)
    root[:, :2] -= root[0, :2]
    speed = np.linalg.norm(np.gradient(ankles, axis=0), axis=-1) * fps
    stands = ((ankles[..., 2] < low + NEAR_GROUND) & (speed < STANDING)).astype(float)
    return replace(blank, root=root, contacts=np.repeat(stands, 2, axis=1))
