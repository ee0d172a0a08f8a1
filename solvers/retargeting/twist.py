"""Bones that share the twist of a limb, so that the skin turns a little everywhere and not all at once at a joint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..character import Character
from ..motion.rotations import IDENTITY, from_axis_angle, from_matrix, inverse, multiply, normalise
from ..names import JOINT

# The limb's next joint, and whether the twist of what hangs there belongs to this limb: that of a hand to the forearm.
LIMBS = {
    f"{side}{part}": (f"{side}{end}", own)
    for side in ("left", "right")
    for part, end, own in (
        ("UpperArm", "LowerArm", False), ("LowerArm", "Hand", True), ("UpperLeg", "LowerLeg", False),
        ("LowerLeg", "Foot", True),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Twist:
    """A bone that shares a limb's twist.

    joint: the limb's. rest: (4,) wxyz, in the character's axes. above: the bone that turns it: the limb's own or
    another of its twist bones, None where nothing does. share: of the twist, 0 at the limb's beginning to 1 at its
    end. carries: whether what follows the limb hangs on this bone.
    """

    joint: str
    bone: str
    rest: np.ndarray
    above: str | None
    share: float
    carries: bool


def twists(character: Character, named: dict[str, tuple[str, ...]], bones: dict[str, str], axes, heads) -> tuple:
    """The twist bones of a character, each limb's from its beginning to its end.

    named: {joint: twist bones}. bones: {joint: bone}. axes: (3, 3) of the character. heads: (J, 3) of its joints.
    """
    row, found = {bone: number for number, bone in enumerate(character.bones)}, []
    for joint, (end, _) in LIMBS.items():
        chosen = [bone for bone in named.get(joint, ()) if bone in row and bone not in bones.values()]
        if not chosen or joint not in bones or end not in bones:
            continue
        line = heads[JOINT[end]] - heads[JOINT[joint]]
        if line.any():
            along = [float((axes.T @ character.rest[row[bone]][:3, 3] - heads[JOINT[joint]]) @ line / (line @ line))
                     for bone in chosen]  # fmt: skip
            order = [chosen[number] for number in np.argsort(along, kind="stable")]
            found += _of_limb(character, joint, bones[joint], bones[end], order, np.sort(along), axes)
    return tuple(found)


def _of_limb(character: Character, joint: str, main: str, end: str, order: list[str], along, axes) -> list[Twist]:
    """The twist bones of one limb. main, end: the limb's bone and the next limb's. order: as they follow each other.

    along: (n,) where they begin, in lengths of the limb.
    """
    row, found = {bone: number for number, bone in enumerate(character.bones)}, []
    chain, borders = set(_above(character, row[end])), [*np.clip(along, 0, 1), 1.0]
    inside, family = [bone for bone in order if row[bone] in chain], {row[bone] for bone in (main, *order)}
    for number, bone in enumerate(order):
        share = (borders[number] + borders[number + 1]) / 2
        if bone in inside:
            share = (inside.index(bone) + 1) / len(inside)
        line = _above(character, row[bone])
        over = next((k for k in line[1:] if k in family), None)
        turned = over is not None and all(character.inherit_rotation[k] for k in line[: line.index(over)])
        rest, last = from_matrix(axes.T @ character.rest[row[bone]][:3, :3]), bool(inside) and bone == inside[-1]
        found.append(Twist(joint, bone, rest, character.bones[over] if turned else None, float(share), last))
    return found


def shared(rig, turns: np.ndarray, driven: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """How limbs turn once their twist bones have their part.

    rig: tpose.Rig of the character. turns: (N, J, 4) of the whole limbs. driven: the joints that get keys.
    Result: turns (N, J, 4) of the limbs' own bones; turns (N, J, 4) of what those that follow hang on; {twist bone: its
    basis (N, 4)}.
    """
    own, carried, basis = turns.copy(), turns.copy(), {}
    for joint in dict.fromkeys(twist.joint for twist in rig.twists if twist.joint in driven):
        column, (end, of_end) = JOINT[joint], LIMBS[joint]
        axis = rig.heads[JOINT[end]] - rig.heads[column]
        axis = axis / np.linalg.norm(axis)
        above = turns[:, JOINT[rig.before[joint]]] if rig.before[joint] else np.broadcast_to(IDENTITY, (len(turns), 4))
        angle = twist_angle(multiply(inverse(above), turns[:, column]), axis)
        swing = multiply(turns[:, column], from_axis_angle(axis, -angle))
        if of_end:
            angle = angle + twist_angle(multiply(inverse(turns[:, column]), turns[:, JOINT[end]]), axis)
        mine = [twist for twist in rig.twists if twist.joint == joint]
        if of_end or any(twist.carries for twist in mine):
            own[:, column] = carried[:, column] = swing
        done = {rig.bones[joint]: own[:, column]}
        for twist in mine:
            turn = multiply(swing, from_axis_angle(axis, twist.share * angle))
            over = done.get(twist.above, np.broadcast_to(IDENTITY, turn.shape))
            basis[twist.bone] = multiply(inverse(twist.rest), multiply(inverse(over), multiply(turn, twist.rest)))
            done[twist.bone] = turn
            if twist.carries:
                carried[:, column] = turn
    return own, carried, basis


def twist_angle(turn: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """How far (N,) rad rotations (N, 4) turn about an axis (3,), without jumps, and half a turn at most on average.

    Swing and twist as in Dobrowolski 2015, Swing-twist decomposition in Clifford algebra.
    """
    turn = normalise(turn)
    angle = np.unwrap(2 * np.arctan2(turn[:, 1:] @ axis, turn[:, 0]))
    return angle - 2 * np.pi * np.round(np.median(angle) / (2 * np.pi)) if len(angle) else angle


def _above(character: Character, row: int) -> list[int]:
    """A bone and all that it hangs on, rows."""
    line = [row]
    while character.parents[line[-1]] >= 0:
        line.append(int(character.parents[line[-1]]))
    return line

