"""A character's rest pose, measured: its axes, its size, what carries each bone, and what takes it to the T-pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..character import Character
from ..motion.rotations import IDENTITY, between, frame, from_axis_angle, from_matrix, multiply, rotate
from ..names import FINGERS, JOINT, JOINTS, PARENTS, finger_bones
from ..rigs.presets import RigPreset
from .ik import Control, controls, moves_along
from .twist import Twist, twists

SIDES = ("left", "right")
PAIRS = ("UpperLeg", "UpperArm", "Shoulder", "Eye")
# Joints on a limb, in order; each bone is aimed at the next one that the rig has.
LIMBS = tuple(
    limb
    for side in SIDES
    for limb in (
        (f"{side}UpperArm", f"{side}LowerArm", f"{side}Hand"),
        (f"{side}UpperLeg", f"{side}LowerLeg", f"{side}Foot"),
        *(finger_bones(side, finger) for finger in FINGERS),
    )
)
STRAIGHT = np.cos(np.radians(20.0))  # axes nearer than this to those of the armature are taken to be these
BENT = np.radians(20.0)  # an elbow bent less than this at rest says nothing about the arm's twist
# Height of the ankle over the sole in lengths of the leg: 0.039 of 0.491 of the stature (Drillis and Contini 1966).
ANKLE_SHARE = 0.039 / 0.491


@dataclass(frozen=True)
class Rig:
    """A character's rest pose in its own axes: x to its left, y to its back, z up, armature units.

    joints: those that the rig has, parents first. bones: {joint: bone}.
    axes: (3, 3) columns are the character's axes in armature space.
    heads: (J, 3) where the joints are; NaN where there is none. rest: (J, 4) wxyz of the bones.
    correction: (J, 4) wxyz, from the rest pose to the T-pose, in the character's axes.
    before: {joint: the joint it hangs on, None for the first}.
    turned_by, moved_by: {joint: the joint whose bone turns and moves its bone in the armature, None for none}.
    loose: joints whose bones are moved by another bone than the joint's before them.
    mover: the bone that moves all; mover_rest: (4,) wxyz of the axes that it moves along.
    pelvis: (3,) the middle between the hip joints. ground: z of the ground. ankle: height of the ankle above it.
    scale: armature units per metre of the performer, by the lengths of their legs. twists: bones that share a twist.
    ik: controls that lead limbs by IK.
    """

    joints: tuple[str, ...]
    bones: dict[str, str]
    axes: np.ndarray
    heads: np.ndarray
    rest: np.ndarray
    correction: np.ndarray
    before: dict[str, str | None]
    turned_by: dict[str, str | None]
    moved_by: dict[str, str | None]
    loose: tuple[str, ...]
    mover: str
    mover_rest: np.ndarray
    pelvis: np.ndarray
    ground: float
    ankle: float
    scale: float
    twists: tuple[Twist, ...] = ()
    ik: tuple[Control, ...] = ()


def measure(character: Character, preset: RigPreset, skeleton: np.ndarray) -> Rig:
    """Measure a character's rest pose against a performer's T-pose.

    character: with rest (B, 4, 4). preset: recognised on it. skeleton: (J, 3) m, the performer's joints in T-pose.
    """
    joints = tuple(name for name in JOINTS if name in preset.bones)
    row = {name: character.bones.index(preset.bones[name]) for name in joints}
    axes = character_axes(character, preset)
    heads, rest = np.full((len(JOINTS), 3), np.nan), np.tile(IDENTITY, (len(JOINTS), 1))
    for name in joints:
        matrix = character.rest[row[name]]
        heads[JOINT[name]], rest[JOINT[name]] = axes.T @ matrix[:3, 3], from_matrix(axes.T @ matrix[:3, :3])
    before = {name: _nearest(PARENTS[name], joints) for name in joints}
    turned_by, moved_by = _carriers(character, preset, row, before)
    legs = [heads[JOINT[f"{side}UpperLeg"]] for side in SIDES]
    first = heads[JOINT[joints[0]]] if joints else np.zeros(3)  # the hips, or what a bust begins with
    pelvis = first if not np.isfinite(legs).all() else np.mean(legs, 0)
    mover = row[joints[0]] if joints else -1
    while mover >= 0 and character.connected[mover] and character.parents[mover] >= 0:
        mover = int(character.parents[mover])
    scale = _scale(heads, skeleton, character.metre)
    ground, ankle = _ground(heads, _length(skeleton, "left") * scale)
    tips = {name: _tip(character, row[name], axes) for name in joints if name.endswith("Distal")}
    return Rig(
        joints=joints, bones={name: preset.bones[name] for name in joints}, axes=axes, heads=heads, rest=rest,
        correction=_corrections(joints, before, heads, tips, skeleton, preset.rest), before=before,
        turned_by=turned_by, moved_by=moved_by,
        loose=() if preset.controls else tuple(
            name for name in joints if moved_by[name] != before[name] and not character.connected[row[name]]
        ),
        mover=character.bones[mover] if mover >= 0 else "",
        mover_rest=moves_along(character, mover, axes) if mover >= 0 else IDENTITY,
        pelvis=pelvis, ground=ground, ankle=ankle, scale=scale,
        twists=twists(character, preset.twists, preset.bones, axes, heads),
        ik=controls(character, preset.ik, preset.bones, axes, heads),
    )  # fmt: skip


def character_axes(character: Character, preset: RigPreset) -> np.ndarray:
    """The axes (3, 3) of a character in armature space, as columns: to its left, to its back, up.

    They are measured from where its joints are; without any, the object is taken to stand upright and face -y.
    """
    place = {name: character.rest[character.bones.index(bone)][:3, 3] for name, bone in preset.bones.items()}
    feet = [place[name] for name in ("leftFoot", "rightFoot") if name in place]
    low = np.mean(feet, 0) if feet else place.get("hips")
    top = place.get("head", place.get("neck"))
    upright = np.linalg.inv(character.world[:3, :3])
    up = upright[:, 2] if low is None or top is None else top - low
    pairs = [place[f"left{part}"] - place[f"right{part}"] for part in PAIRS
             if f"left{part}" in place and f"right{part}" in place]  # fmt: skip
    pairs = [pair / np.linalg.norm(pair) for pair in pairs if np.linalg.norm(pair) > 0]  # some collars share a joint
    left = sum(pairs) if pairs else upright[:, 0]
    up = _snapped(up)
    left = _snapped(left - (left @ up) * up)
    left = left - (left @ up) * up
    left = left / np.linalg.norm(left)
    return np.stack([left, np.cross(up, left), up], -1)


def _snapped(direction: np.ndarray) -> np.ndarray:
    """A direction of unit length, along an axis of the armature where it is near to one."""
    unit = direction / np.linalg.norm(direction)
    nearest = np.argmax(np.abs(unit))
    return np.eye(3)[nearest] * np.sign(unit[nearest]) if np.abs(unit[nearest]) > STRAIGHT else unit


def _nearest(name: str | None, joints: tuple[str, ...]) -> str | None:
    while name is not None and name not in joints:
        name = PARENTS[name]
    return name


def _carriers(character: Character, preset: RigPreset, row: dict, before: dict) -> tuple[dict, dict]:
    """Which joint's bone turns, and which moves, the bone of each joint."""
    if preset.controls:
        turned = {name: preset.parents.get(name, before[name]) or None for name in row}
        return {name: _nearest(parent, tuple(row)) for name, parent in turned.items()}, dict(before)
    owner = {bone: name for name, bone in row.items()}
    turned_by, moved_by = {}, {}
    for name, bone in row.items():
        turns = bool(character.inherit_rotation[bone])
        parent = int(character.parents[bone])
        while parent >= 0 and parent not in owner:
            turns = turns and bool(character.inherit_rotation[parent])
            parent = int(character.parents[parent])
        moved_by[name] = owner.get(parent)
        turned_by[name] = moved_by[name] if turns else None
    return turned_by, moved_by


def _length(heads: np.ndarray, side: str) -> float:
    """Length of a leg from hip to ankle along the bones; NaN without one. heads: (J, 3)."""
    hip, knee, ankle = (heads[JOINT[f"{side}{part}"]] for part in ("UpperLeg", "LowerLeg", "Foot"))
    return float(np.linalg.norm(hip - knee) + np.linalg.norm(knee - ankle))


def _scale(heads: np.ndarray, skeleton: np.ndarray, metre: float) -> float:
    """Character units per metre of the performer, by their legs, else trunks, else arms, else by the object's scale."""
    legs = np.array([_length(heads, side) / _length(skeleton, side) for side in SIDES])
    if np.isfinite(legs).any():
        return float(np.nanmean(legs))
    trunks = [np.linalg.norm(points[JOINT["head"]] - points[JOINT["hips"]]) for points in (heads, skeleton)]
    arms = [np.linalg.norm(points[JOINT["leftUpperArm"]] - points[JOINT["leftHand"]]) for points in (heads, skeleton)]
    both = next((pair for pair in (trunks, arms) if np.isfinite(pair).all() and min(pair) > 0), (metre, 1.0))
    return float(both[0] / both[1])


def _ground(heads: np.ndarray, leg: float) -> tuple[float, float]:
    """Where the character stands, and how high its ankles are above that.

    The armature's origin is the ground where the feet are just above it; else the ground is below the toes, or below
    the ankles by as much as in people. heads: (J, 3). leg: its length.
    """
    feet = np.array([heads[JOINT[f"{side}Foot"], 2] for side in SIDES])
    if not np.isfinite(feet).any():
        return 0.0, ANKLE_SHARE * leg
    ankle = float(np.nanmean(feet))
    points = heads[[JOINT[f"{side}{part}"] for side in SIDES for part in ("Foot", "Toes")], 2]
    lowest = float(np.nanmin(points))
    if -0.05 * leg <= lowest <= 0.25 * leg:
        return 0.0, ankle
    ground = min(lowest - 0.02 * leg, ankle - ANKLE_SHARE * leg)
    return ground, ankle - ground


def _tip(character: Character, bone: int, axes: np.ndarray) -> np.ndarray | None:
    """The direction (3,) in which a last bone points: at its only child, else along itself where its parent does so."""
    head = character.rest[bone][:3, 3]
    children = np.flatnonzero(np.asarray(character.parents) == bone)
    if len(children) == 1 and np.linalg.norm(character.rest[children[0]][:3, 3] - head) > 1e-6 * character.metre:
        return axes.T @ (character.rest[children[0]][:3, 3] - head)
    parent = character.parents[bone]
    if parent < 0:
        return None
    limb = head - character.rest[parent][:3, 3]
    along = character.rest[parent][:3, 1] @ limb / max(np.linalg.norm(limb), 1e-12)
    return axes.T @ character.rest[bone][:3, 1] if along > STRAIGHT else None


def _corrections(joints, before, heads, tips, skeleton, rest) -> np.ndarray:
    """(J, 4) wxyz from the rest pose to the T-pose, in the character's axes.

    Trunk and head keep their posture, a foot stays flat and is turned to the front, and every bone of a limb is
    turned by what turns the bone before it and then the shortest way onto the performer's direction: so a bent elbow
    or a curled finger is stretched about its own hinge. Hands are aligned as whole palms.
    """
    correction = np.tile(IDENTITY, (len(JOINTS), 1))
    if rest == "T":
        return correction
    aims = _aims(joints, heads, tips, skeleton)
    for name in joints:
        inherited = correction[JOINT[before[name]]] if before[name] else IDENTITY
        palm = _palm(name, heads, skeleton) if name.endswith("Hand") else None
        if palm is not None:
            correction[JOINT[name]] = palm
        elif name.endswith("Foot"):
            correction[JOINT[name]] = _heading(name, heads, skeleton)
        elif name in aims:
            ours, theirs = aims[name]
            correction[JOINT[name]] = multiply(between(rotate(inherited, ours), theirs), inherited)
            if name.endswith("UpperArm"):
                correction[JOINT[name]] = _twisted(name, correction[JOINT[name]], heads, skeleton)
        else:
            correction[JOINT[name]] = inherited
    return correction


def _aims(joints, heads, tips, skeleton) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """{joint: (the direction of its bone at rest, that of the performer's in T-pose)} for the bones of limbs."""
    aims = {}
    for limb in LIMBS:
        present = [name for name in limb if name in joints]
        for name, following in zip(present, present[1:], strict=False):
            ours = heads[JOINT[following]] - heads[JOINT[name]]
            theirs = skeleton[JOINT[following]] - skeleton[JOINT[name]]
            if np.linalg.norm(ours) > 0 and np.linalg.norm(theirs) > 0:
                aims[name] = ours, theirs
        if present and tips.get(present[-1]) is not None:
            theirs = skeleton[JOINT[limb[-1]]] - skeleton[JOINT[limb[-2]]]
            if np.linalg.norm(theirs) > 0:
                aims[present[-1]] = tips[present[-1]], theirs
    return aims


def _palm(name: str, heads: np.ndarray, skeleton: np.ndarray) -> np.ndarray | None:
    """The turn (4,) of a whole palm onto the performer's, by the roots of the fingers; None where there are too few."""
    side = name.removesuffix("Hand")
    roots = [JOINT[f"{side}{finger}Proximal"] for finger in FINGERS[1:]]
    roots = [root for root in roots if np.isfinite(heads[root]).all()]
    if len(roots) < 2:
        return None
    frames = []
    for points in (heads, skeleton):
        along, across = points[roots].mean(0) - points[JOINT[name]], points[roots[0]] - points[roots[-1]]
        if np.linalg.norm(np.cross(along, across)) < 1e-3 * np.linalg.norm(along) ** 2 or not along.any():
            return None
        frames.append(frame(along, across))
    return from_matrix(frames[1] @ frames[0].T)


def _heading(name: str, heads: np.ndarray, skeleton: np.ndarray) -> np.ndarray:
    """The turn (4,) about the vertical that points a foot where the performer's points."""
    toes = JOINT[name.replace("Foot", "Toes")]
    ours, theirs = heads[toes] - heads[JOINT[name]], skeleton[toes] - skeleton[JOINT[name]]
    if not np.isfinite(ours).all() or min(np.linalg.norm(ours[:2]), np.linalg.norm(theirs[:2])) < 1e-9:
        return IDENTITY
    return between(ours * [1, 1, 0], theirs * [1, 1, 0])


def _twisted(name: str, correction: np.ndarray, heads: np.ndarray, skeleton: np.ndarray) -> np.ndarray:
    """The correction of an upper arm, twisted so that an elbow bent at rest bends to the front in T-pose."""
    side = name.removesuffix("UpperArm")
    elbow, wrist = heads[JOINT[f"{side}LowerArm"]], heads[JOINT[f"{side}Hand"]]
    upper, lower = elbow - heads[JOINT[name]], wrist - elbow
    if not np.isfinite(lower).all():
        return correction
    hinge = np.cross(upper, lower) / (np.linalg.norm(upper) * np.linalg.norm(lower))
    if np.linalg.norm(hinge) < np.sin(BENT):
        return correction
    along = skeleton[JOINT[f"{side}LowerArm"]] - skeleton[JOINT[name]]
    along = along / np.linalg.norm(along)
    wanted, has = np.cross(along, [0.0, -1.0, 0.0]), rotate(correction, hinge)
    angle = np.arctan2(np.cross(has, wanted) @ along, has @ wanted - (has @ along) * (wanted @ along))
    return multiply(from_axis_angle(along, angle), correction)
