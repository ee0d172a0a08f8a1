"""Retargeting: a performance becomes a clip for one character, the whole clip at once.

All geometry is done in the character's axes (x to its left, y to its back, z up, armature units), measured from its
rest pose, so that neither the axes of its bones nor those of its object matter. A joint's turn is the rotation that
takes its bone from the rest pose to the pose, in those axes: the performer's rotation after the correction that takes
the rest pose to the T-pose.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .character import Character
from .clip import Clip
from .motion.rotations import (
    IDENTITY,
    continuous,
    from_axis_angle,
    from_vector,
    inverse,
    multiply,
    normalise,
    resample,
    rotate,
    to_vector,
)
from .motion.signals import rate
from .motion.skeleton import world_rotations
from .names import EXPRESSION, EXPRESSIONS, FINGERS, JOINT, JOINTS, finger_bones
from .performance import Performance
from .puppet.planar import flattened
from .puppet.puppet import PUPPET
from .puppet.tracing import beyond, gentle
from .retargeting import face_bones, ik
from .retargeting.acting import LOOKS, strengths
from .retargeting.aim import Target, aimed
from .retargeting.arms import joined, touch
from .retargeting.by_hand import left_to_hand
from .retargeting.channels import with_channels
from .retargeting.clearance import clear
from .retargeting.feet import ankle_height, plant
from .retargeting.surface import surfaces
from .retargeting.tpose import Rig, measure
from .retargeting.twist import shared
from .retargeting.unseen import held, left
from .rigs.presets import RigPreset
from .settings import Settings

SIDES = ("left", "right")
HANDS = {f"{side}_hand": tuple(bone for f in FINGERS for bone in finger_bones(side, f)) for side in SIDES}
REGIONS: dict[str, tuple[str, ...]] = {
    "head": ("neck", "head"),
    "gaze": ("leftEye", "rightEye"),
    "face": ("jaw",),
    **HANDS,
}
REGIONS["body"] = tuple(name for name in JOINTS if not any(name in region for region in REGIONS.values()))

# What of a performance goes in straight lines between its samples.
STEADILY = ("root", "expressions", "traced", "gaze", "contacts", "touches", "confidence", "face_confidence")
# Where a rig lacks the end of one of these chains, its last bone does the work of the whole rest.
CHAINS = (("spine", "chest", "upperChest"), *(finger_bones(s, f) for s in SIDES for f in FINGERS))


@dataclass(frozen=True)
class Keys:
    """When keys are set: frames (N,) of Blender at time (N,) s on the performance's clock."""

    frames: np.ndarray
    time: np.ndarray


def retarget(
    performance: Performance,
    character: Character,
    preset: RigPreset,
    settings: Settings,
    fps: float,
    frame_start: float = 1,
    every: str = "scene",
    target: Target | None = None,
) -> Clip:
    """Put a performance on a character.

    performance: (T,) samples. character: to be driven. preset: as `presets.recognise` gives it for this character.
    settings: intensity, unseen, by_hand and the switches of regions and path are honoured here.
    fps: of the scene; true speed is kept at any. frame_start: Blender's frame of the first sample.
    every: "scene" sets keys at whole frames, "sample" at every sample of the performance.
    target: what the eyes look at; None leaves them to the performance.
    """
    preset, by_hand = left_to_hand(preset, settings)
    keys = key_times(performance.time, fps, frame_start, every)
    shown = silenced(at_times(held(performance, settings), keys.time), settings)
    if PUPPET in character.tags:
        shown = replace(shown, expressions=gentle(shown.expressions) if shown.traced is None else shown.traced)
    rig = measure(character, preset, shown.skeleton)
    bones, rotations, movers, locations = (), np.zeros((len(keys.time), 0, 4)), (), np.zeros((len(keys.time), 0, 3))
    turns, pelvis = None, None
    if rig.joints:
        turns = joint_turns(shown, rig, preset)
        pelvis = pelvis_path(shown, rig, turns)
        if PUPPET in character.tags:
            turns, pelvis = flattened(shown, rig, turns, pelvis, character.tags[PUPPET])
        elif settings.body:
            turns, pelvis = plant(shown, rig, turns, pelvis, settings.foot_lock)
            turns = hands_placed(shown, character, rig, turns, pelvis, settings.hand_contact)
    if target is not None:
        shown = replace(shown, gaze=gaze_at(target, shown, character, rig, turns, pelvis, keys))
    acted = strengths(shown.expressions, shown.gaze, settings, character.face)
    sliders, values = face_values(acted, preset, settings)
    if PUPPET in character.tags:
        values = beyond(sliders, values, shown.face_confidence, character.tags[PUPPET])
    faces = sliders
    if rig.joints:
        turns = face_turned(turns, rig, shown.gaze, face_bones.jaw_turn(acted, character, rig, preset))
        driven = driven_joints(rig, preset, settings)
        bones, rotations = bone_rotations(rig, turns, driven)
        movers, locations = bone_locations(rig, turns, pelvis, driven)
        more = ik.keys(rig, turns, joint_heads(rig, turns, pelvis), driven)
        bones, rotations = (*bones, *more[0]), np.concatenate([rotations, continuous(more[1])], 1)
        movers, locations = (*movers, *more[2]), np.concatenate([locations, more[3]], 1)
        face = face_bones.keys(acted, shown.gaze, character, rig, preset, settings)
        bones, rotations = (*bones, *face.bones), np.concatenate([rotations, face.rotations], 1)
        movers, locations = (*movers, *face.movers), np.concatenate([locations, face.locations], 1)
        faces = (*faces, *face.bones, *face.movers)
    clip = Clip(
        frames=keys.frames, fps=float(fps), bones=bones, rotations=rotations, movers=movers, locations=locations,
        sliders=sliders, values=values, switches=dict(preset.switches) if bones else {},
        missing=lacking(preset), name=f"{character.name} performance", by_hand=by_hand,
        left=left_out(left(performance, keys.time, settings), rig, faces),
    )  # fmt: skip
    return with_channels(clip, shown, acted, character, preset, settings)


def hands_placed(
    performance: Performance, character: Character, rig: Rig, turns: np.ndarray, pelvis: np.ndarray, strength: float
) -> np.ndarray:
    """Arms (N, J, 4) that go through nothing, with hands that touch what the performer's do.

    turns: (N, J, 4). pelvis: (N, 3) middle between the hip joints. strength: 0..1.
    """
    if strength == 0:
        return turns
    skin = surfaces(character, rig)
    turns = touch(performance, rig, skin, turns, joint_heads(rig, turns, pelvis), strength)
    heads = joint_heads(rig, turns, pelvis)
    return clear(rig, skin, turns, heads, rate(performance.time), strength, joined(performance))


def additive(clip: Clip) -> Clip:
    """What a clip adds to a pose that is there already: its turns and moves away from its own mean pose.

    The mean of quaternions is the greatest eigenvector of their outer products (Markley and others 2007, Averaging
    Quaternions, equation 12). Sliders are added as they are, since their rest is 0.
    """
    q = clip.rotations
    mean = np.linalg.eigh(np.einsum("nbi,nbj->bij", q, q))[1][..., -1]
    kept = lambda names: 1 - np.stack([clip.left.get(name, np.zeros(len(q))) for name in names], 1)  # noqa: E731
    turns, moves = normalise(multiply(inverse(mean), q)), clip.locations - clip.locations.mean(0)
    values = clip.values
    if clip.left:  # what is left alone has nothing added to it
        turns = from_vector(to_vector(turns) * kept(clip.bones)[..., None]) if clip.bones else turns
        moves = moves * kept(clip.movers)[..., None] if clip.movers else moves
        values = values * kept(clip.sliders) if clip.sliders else values
    return replace(clip, rotations=continuous(turns), locations=moves, values=values, left={})


def left_out(joints: dict[str, np.ndarray], rig: Rig, face: tuple[str, ...]) -> dict[str, np.ndarray]:
    """How far bones and sliders are left to what the character does otherwise: {name: (N,) 0..1}.

    joints: the same of joints, as `unseen.left` gives it. face: sliders and bones that the clip drives with the face.
    """
    found = {rig.bones[name]: share for name, share in joints.items() if name in rig.bones}
    found |= {other.bone: joints[other.joint] for other in (*rig.twists, *rig.ik) if other.joint in joints}
    if "hips" in joints and rig.joints:
        found[rig.mover] = joints["hips"]
    return found | ({name: joints["jaw"] for name in face} if "jaw" in joints else {})


def key_times(time: np.ndarray, fps: float, frame_start: float, every: str) -> Keys:
    """When keys are set, so that the clip lasts as long as the performance whatever the rates.

    time: (T,) s. fps: of the scene. every: "scene" or "sample".
    """
    if every == "sample":
        return Keys(frame_start + (time - time[0]) * fps, time)
    steps = np.arange(int(np.floor((time[-1] - time[0]) * fps + 1e-6)) + 1)
    return Keys(frame_start + steps.astype(float), time[0] + steps / fps)


def at_times(performance: Performance, time: np.ndarray) -> Performance:
    """The performance at other times; what is missing rests.

    performance: (T,) samples. time: (N,) s.
    """

    def linear(values):
        flat = np.nan_to_num(np.asarray(values, float)).reshape(len(performance.time), -1)
        columns = [np.interp(time, performance.time, column) for column in flat.T]
        return np.stack(columns, -1).reshape(len(time), *np.shape(values)[1:])

    rotations = np.where(np.isfinite(performance.rotations), performance.rotations, IDENTITY)
    return replace(
        performance,
        time=time,
        rotations=resample(normalise(rotations), performance.time, time),
        sightline=resample(performance.sightline, performance.time, time),
        **{name: linear(getattr(performance, name)) for name in STEADILY if getattr(performance, name) is not None},
    )


def silenced(performance: Performance, settings: Settings) -> Performance:
    """The performance with all regions that are switched off at rest, so that the others do not make up for them."""
    rotations, root, contacts = performance.rotations.copy(), performance.root.copy(), performance.contacts
    sightline = performance.sightline if settings.head else np.tile(IDENTITY, (len(root), 1))
    for region, joints in REGIONS.items():
        if region not in ("gaze", "face") and not getattr(settings, region):
            rotations[:, [JOINT[name] for name in joints]] = IDENTITY
    if not settings.path:
        root[:, :2] = root[:1, :2]
    if not settings.body:
        root[:], contacts = root[:1], np.zeros_like(contacts)
    return replace(performance, rotations=rotations, root=root, contacts=contacts, sightline=sightline)


def joint_turns(performance: Performance, rig: Rig, preset: RigPreset) -> np.ndarray:
    """Turns (N, J, 4) of all joints from the character's rest pose; of those it lacks, as if it had them.

    performance: (N,) samples. rig: the character's rest pose.
    """
    world = world_rotations(performance.rotations)
    for chain in CHAINS:
        present = [joint for joint in chain if joint in rig.joints]
        if present:
            world[:, JOINT[present[-1]]] = world[:, JOINT[chain[-1]]]
    return multiply(world, rig.correction)


def face_turned(turns: np.ndarray, rig: Rig, gaze: np.ndarray, jaw: np.ndarray) -> np.ndarray:
    """The same turns (N, J, 4) with eyes that look and a jaw that opens.

    gaze: (N, 2, 2) rad, (left, right) x (yaw to the left, pitch up). jaw: (N, 4) wxyz in the head.
    """
    turns = turns.copy()
    head = multiply(turns[:, JOINT["head"]], inverse(rig.correction[JOINT["head"]]))
    yaw = from_axis_angle(np.array([0.0, 0.0, 1.0]), gaze[..., 0])
    looks = multiply(yaw, from_axis_angle(np.array([-1.0, 0.0, 0.0]), gaze[..., 1]))
    for name, turn in (("leftEye", looks[:, 0]), ("rightEye", looks[:, 1]), ("jaw", jaw)):
        turns[:, JOINT[name]] = multiply(multiply(head, turn), rig.correction[JOINT[name]])
    return turns


def gaze_at(
    target: Target, performance: Performance, character: Character, rig: Rig, turns: np.ndarray | None,
    pelvis: np.ndarray | None, keys: Keys,
) -> np.ndarray:  # fmt: skip
    """Where the eyes look (N, 2, 2) rad when they look at a target, as far as its influence has it.

    turns: (N, J, 4), pelvis: (N, 3) of the body; None for a head without bones, which stays where it is.
    """
    to_armature = np.linalg.inv(character.world)
    places = (target.at(keys.frames) @ to_armature[:3, :3].T + to_armature[:3, 3]) @ rig.axes
    resting = face_bones.eyes_at_rest(character, rig)
    head, eyes = np.tile(IDENTITY, (len(places), 1)), np.broadcast_to(resting, (len(places), 2, 3))
    if "head" in rig.joints:
        head = turns[:, JOINT["head"]]
        offset = rotate(head[:, None], resting - rig.heads[JOINT["head"]])
        eyes = joint_heads(rig, turns, pelvis)["head"][:, None] + offset
    return aimed(performance.gaze, rate(performance.time), places, eyes, head, target.influence)


def pelvis_path(performance: Performance, rig: Rig, turns: np.ndarray) -> np.ndarray:
    """Where the middle between the character's hip joints goes: (N, 3) in its axes and units.

    It starts where the character stands and moves as the performer's does, in units of the leg; its height is kept
    above the ground, so that what stands, squats or jumps does so on any legs.
    """
    skeleton = performance.skeleton
    middle = (skeleton[JOINT["leftUpperLeg"]] + skeleton[JOINT["rightUpperLeg"]]) / 2
    path = performance.root + rotate(world_rotations(performance.rotations)[:, JOINT["hips"]], middle)
    path = path - [*(performance.origin or path[0, :2]), ankle_height(performance)]
    return path * rig.scale + [*rig.pelvis[:2], rig.ground + rig.ankle]


def driven_joints(rig: Rig, preset: RigPreset, settings: Settings) -> tuple[str, ...]:
    """The joints whose bones get keys: of regions that are switched on, and eyes and jaw only without sliders."""
    driven = [name for region, joints in REGIONS.items() if getattr(settings, region) for name in joints]
    spared = {"jaw"} if "jawOpen" in preset.face else set()
    if any(look in preset.face for look in LOOKS) or "leftEyeTarget" in preset.places:
        spared |= {"leftEye", "rightEye"}
    return tuple(name for name in rig.joints if name in driven and name not in spared)


def bone_rotations(rig: Rig, turns: np.ndarray, driven: tuple[str, ...]) -> tuple[tuple[str, ...], np.ndarray]:
    """The bones' names, and their rotations (N, B, 4) in pose-bone basis; after them come those that share twists.

    The basis is rest^-1 (turn of what turns the bone)^-1 (turn of the bone) rest.
    turns: (N, J, 4). driven: the joints that get keys.
    """
    own, carrying, twisted = shared(rig, turns, driven)
    basis = np.zeros((len(turns), len(driven), 4))
    for column, name in enumerate(driven):
        rest, turn = rig.rest[JOINT[name]], own[:, JOINT[name]]
        carried = _turn_of(rig.turned_by[name], carrying)
        basis[:, column] = multiply(inverse(rest), multiply(inverse(carried), multiply(turn, rest)))
    names = tuple(rig.bones[name] for name in driven)
    basis = np.concatenate([basis, *(rotation[:, None] for rotation in twisted.values())], 1)
    return (*names, *twisted), continuous(normalise(basis))


def bone_locations(
    rig: Rig, turns: np.ndarray, pelvis: np.ndarray, driven: tuple[str, ...]
) -> tuple[tuple[str, ...], np.ndarray]:
    """The moving bones' names, and their locations (N, M, 3) in pose-bone basis, armature units.

    The hips move, and with them every bone that hangs on another than the joint before it, which has to be put there.
    turns: (N, J, 4). pelvis: (N, 3) middle between the hip joints. driven: the joints that get keys.
    """
    if "hips" not in driven:
        return (), np.zeros((len(turns), 0, 3))
    heads, carrying = joint_heads(rig, turns, pelvis), shared(rig, turns, driven)[1]
    movers, locations = [rig.mover], [rotate(inverse(rig.mover_rest), heads["hips"] - rig.heads[JOINT["hips"]])]
    for name in rig.loose:
        if name not in driven:
            continue
        carrier, offset = rig.moved_by[name], rig.heads[JOINT[name]]
        carried = np.broadcast_to(offset, (len(turns), 3))
        if carrier is not None:
            offset = offset - rig.heads[JOINT[carrier]]
            carried = heads[carrier] + rotate(carrying[:, JOINT[carrier]], offset)
        axes = multiply(_turn_of(rig.turned_by[name], carrying), rig.rest[JOINT[name]])
        movers.append(rig.bones[name])
        locations.append(rotate(inverse(axes), heads[name] - carried))
    return tuple(movers), np.stack(locations, 1)


def joint_heads(rig: Rig, turns: np.ndarray, pelvis: np.ndarray) -> dict[str, np.ndarray]:
    """Where the character's joints are, each (N, 3): every one hangs on the joint before it.

    turns: (N, J, 4). pelvis: (N, 3) middle between the hip joints.
    """
    heads = {}
    for name in rig.joints:
        before = rig.before[name]
        if before is None:
            heads[name] = pelvis + rotate(turns[:, JOINT[name]], rig.heads[JOINT[name]] - rig.pelvis)
        else:
            offset = rig.heads[JOINT[name]] - rig.heads[JOINT[before]]
            heads[name] = heads[before] + rotate(turns[:, JOINT[before]], offset)
    return heads


def face_values(acted: np.ndarray, preset: RigPreset, settings: Settings) -> tuple[tuple[str, ...], np.ndarray]:
    """The sliders' names and values (N, S): expressions, and where the eyes look.

    acted: (N, 52) how strongly each expression is to be shown; above 1 where the intensity is above 3.
    """
    values: dict[str, np.ndarray] = {}
    for name in EXPRESSIONS:
        if settings.gaze if name in LOOKS else settings.face:
            for slider, weight in preset.face.get(name, {}).items():
                values[slider] = values.get(slider, 0.0) + weight * acted[:, EXPRESSION[name]]
    if not values:
        return (), np.zeros((len(acted), 0))
    return tuple(values), np.maximum(np.stack(list(values.values()), -1), 0.0)  # weights below 0 only take away


def lacking(preset: RigPreset) -> tuple[str, ...]:
    """What of the performance the rig has nothing for: neither of its own nor another way to show it."""
    covered = {"jaw"} if "jawOpen" in preset.face else set()
    if any(look in preset.face for look in LOOKS):
        covered |= {"leftEye", "rightEye"}
    if "leftEye" in preset.bones and "rightEye" in preset.bones:
        covered |= set(LOOKS)
    covered |= face_bones.shown(preset)
    return tuple(name for name in preset.missing if name not in covered)


def _turn_of(name: str | None, turns: np.ndarray) -> np.ndarray:
    """The turn (N, 4) of what carries a bone: a joint, or nothing."""
    return np.broadcast_to(IDENTITY, (len(turns), 4)) if name is None else turns[:, JOINT[name]]
