"""Controls that lead arms and legs by IK, kept in step with the driven ones: flipping the switch changes no pose."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..character import Character
from ..motion.rotations import from_matrix, inverse, multiply, normalise, rotate
from ..names import JOINT

# Of the joint that a control belongs to: the limb's three joints. At the last is a goal, beside the middle a pole.
LIMBS = {
    f"{side}{part}": tuple(f"{side}{name}" for name in limb)
    for side in ("left", "right")
    for limb in (("UpperArm", "LowerArm", "Hand"), ("UpperLeg", "LowerLeg", "Foot"))
    for part in limb[1:]
}
BENT = np.sin(np.radians(0.3))  # of a limb at rest, from which on it tells the way in which it bends


@dataclass(frozen=True)
class Control:
    """A control of IK. joint: whose. bone: its name. rest: (4,) wxyz and head: (3,), in the character's axes.

    along: (4,) wxyz of the axes that it moves along. swing: rad, how far at rest a pole is turned from the way in which
    the limb's middle joint is bent, about the limb's first bone. shown: (3,) what of the driven limb itself points to
    the pole, where IK begins at the driven pose; else None.
    """

    joint: str
    bone: str
    rest: np.ndarray
    head: np.ndarray
    along: np.ndarray
    swing: float = 0.0
    shown: np.ndarray | None = None

    @property
    def is_pole(self) -> bool:
        """Whether it shows the way to elbow or knee."""
        return self.joint.endswith(("LowerArm", "LowerLeg"))


def controls(character: Character, named: dict[str, str], bones: dict[str, str], axes, heads) -> tuple[Control, ...]:
    """The controls of a character's IK.

    named: {joint: control}. bones: {joint: bone}. axes: (3, 3) of the character. heads: (J, 3) of its joints.
    """
    found = []
    for joint, bone in named.items():
        limb = LIMBS.get(joint, (joint.replace("Toes", "Foot"), joint))
        if bone not in character.bones or bone in bones.values() or not all(name in bones for name in limb):
            continue
        row = character.bones.index(bone)
        head, rest = axes.T @ character.rest[row][:3, 3], from_matrix(axes.T @ character.rest[row][:3, :3])
        control = Control(joint, bone, rest, head, moves_along(character, row, axes))
        places = [heads[JOINT[name]] for name in limb]
        first, way = character.poles.get(bone, ("", axes @ (head - places[1])))
        if control.is_pole:
            shown = axes.T @ way if first == bones[limb[0]] else None
            control = replace(control, swing=_swing(axes.T @ way, *places), shown=shown)
        found.append(control)
    return tuple(found)


def moves_along(character: Character, row: int, axes: np.ndarray) -> np.ndarray:
    """The axes (4,) wxyz that a bone moves along at rest, in the character's: its own, or those of what it hangs on."""
    if character.bones[row] not in character.sidelong:
        return from_matrix(axes.T @ character.rest[row][:3, :3])
    above = int(character.parents[row])
    return from_matrix(axes.T @ (character.rest[above][:3, :3] if above >= 0 else np.eye(3)))


def keys(rig, turns: np.ndarray, heads: dict[str, np.ndarray], driven: tuple[str, ...]) -> tuple:
    """Names of bones that turn, their rotations (N, B, 4), names of bones that move, their locations (N, M, 3).

    rig: tpose.Rig of the character, with its controls. turns: (N, J, 4). heads: {joint: (N, 3)}. driven: the joints
    that get keys. Goals go with hand and foot, poles stand as far before elbow and knee as at rest.
    """
    turned, rotations, moved, locations = [], [], [], []
    for control in rig.ik:
        if control.joint not in driven:
            continue
        rest, turn = control.rest, turns[:, JOINT[control.joint]]
        if control.is_pole:
            moved.append(control.bone)
            locations.append(rotate(inverse(control.along), pole(rig, control, turns, heads) - control.head))
            continue
        if control.joint.endswith("Toes"):  # toes hang on the foot's control
            turn = multiply(inverse(turns[:, JOINT[control.joint.replace("Toes", "Foot")]]), turn)
        else:
            offset = control.head - rig.heads[JOINT[control.joint]]
            moved.append(control.bone)
            locations.append(rotate(inverse(control.along), heads[control.joint] + rotate(turn, offset) - control.head))
        turned.append(control.bone)
        rotations.append(multiply(inverse(rest), multiply(turn, rest)))
    count = len(turns)
    return (
        tuple(turned), normalise(np.stack(rotations, 1)) if turned else np.zeros((count, 0, 4)),
        tuple(moved), np.stack(locations, 1) if moved else np.zeros((count, 0, 3)),
    )  # fmt: skip


def pole(rig, control: Control, turns: np.ndarray, heads: dict[str, np.ndarray]) -> np.ndarray:
    """Where a pole is (N, 3): on the side to which elbow or knee bend, also where they are straight."""
    root, middle, end = LIMBS[control.joint]
    start, joint, last = (heads[name] for name in (root, middle, end))
    axis, upper = _unit(last - start), _unit(joint - start)
    hinge = np.cross(upper, _unit(last - joint)) + 0.02 * _hinge(rig, turns, root)
    bent = _unit(np.cross(upper, hinge))
    way = np.cos(control.swing) * bent + np.sin(control.swing) * np.cross(upper, bent)
    if control.shown is not None:
        way = rotate(turns[:, JOINT[root]], control.shown)
    way = _unit(way - (way * axis).sum(-1, keepdims=True) * axis)
    far = np.linalg.norm(control.head - rig.heads[JOINT[middle]])
    aside = joint - start - ((joint - start) * axis).sum(-1, keepdims=True) * axis
    return joint - aside + (far + np.linalg.norm(aside, axis=-1, keepdims=True)) * way


def _hinge(rig, turns: np.ndarray, root: str) -> np.ndarray:
    """The axis (N, 3) about which a straight limb bends, so that limb x hinge points to its middle joint's side."""
    upper = JOINT[root]
    rest = np.array([1.0, 0.0, 0.0])  # knees bend to the front, elbows bend forearms to the front of a T-pose
    if "Arm" in root:
        rest = np.array([0.0, 0.0, -1.0 if root.startswith("left") else 1.0])
    return rotate(turns[:, upper], rotate(inverse(rig.correction[upper]), rest))


def _swing(way: np.ndarray, root: np.ndarray, middle: np.ndarray, end: np.ndarray) -> float:
    """How far (rad) the way (3,) to a pole is turned from that in which a limb is bent at rest; 0 if it is straight."""
    upper, hinge = _unit(middle - root), np.cross(_unit(middle - root), _unit(end - middle))
    if np.linalg.norm(hinge) < BENT:
        return 0.0
    bent = np.cross(upper, hinge)
    return float(np.arctan2(np.cross(bent, way) @ upper, bent @ way))


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)
