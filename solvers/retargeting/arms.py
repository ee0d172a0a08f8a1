"""Hands on the character's own body: arms of other proportions still touch what the performer's hands touch."""

from __future__ import annotations

import numpy as np

from ..hands import touches
from ..motion import signals
from ..motion.rotations import between, frame, from_axis_angle, inverse, multiply, rotate
from ..motion.skeleton import joint_positions, world_rotations
from ..names import FINGERS, JOINT, TOUCHES, finger_bones
from ..performance import Performance
from .feet import smoothly
from .surface import SIDES, Surface, outside, posed
from .tpose import Rig

# A hand is taken to what it touches, and let go, within EASE seconds, and no sharper than EDGE; what a touch wants from
# one picture to the next is followed as firmly as FIRM says.
EDGE, EASE, FIRM = 0.2, 0.3, 4.0
REACH = 0.99  # of the straight arm, as far as a touch stretches it
SURE = 0.5  # of a touch, from which on the hand goes all the way
NEAR = 0.012  # m of an adult by which a point of the hand counts less the farther it is from what is touched
ROUNDS = 3  # of bringing a hand onto the surface: the point that touches may change on the way
FOLDED = 0.6, 0.9  # of the straight arm: nearer than the first to its shoulder, a wrist moves without the elbow
STRAIGHT = 0.1  # sine of an elbow's bend from which on it shows its own plane
LEAST = 0.01  # weights below this do nothing

Heads = dict[str, np.ndarray]


def touch(
    performance: Performance, rig: Rig, skin: dict[str, Surface], turns: np.ndarray, heads: Heads, strength: float
) -> np.ndarray:
    """Bend the arms so that the character's hands touch its own head, torso and other hand where the performer's do.

    The place is the performer's, in units of what is touched; the foremost point of the hand comes to lie on the
    surface, so that no finger goes in. Hands and fingers keep their own turns.
    performance: (N,) samples, with touches (N, 5). skin: of `surface.surfaces`. turns: (N, J, 4).
    heads: {joint: (N, 3)} where the joints are. strength: 0..1. Result: turns.
    """
    sides = [s for s in SIDES if all(f"{s}{part}" in rig.joints for part in ("UpperArm", "LowerArm", "Hand"))]
    weights = performance.touches
    rows = np.flatnonzero((weights > LEAST).any(1))
    if not len(rows) or not sides or strength == 0 or len(turns) < 3:
        return turns
    wanted = _shifts(performance, rig, skin, turns, heads, weights[rows], rows)
    fps, turns = signals.rate(performance.time), turns.copy()
    for side, way in zip(SIDES, wanted, strict=True):
        columns = [name == "hands" or name.startswith(side) for name in TOUCHES]
        shift, weight = np.zeros((len(turns), 3)), weights[:, columns].max(1)
        shift[rows] = way
        if side in sides and shift.any():
            places = [heads[f"{side}{part}"] for part in ("UpperArm", "LowerArm", "Hand")]
            bent = reached(*places, places[2] + shift, forward(rig, turns, side), fps)
            by = aside(places, [places[0], *bent])
            by = smoothly(by, np.where(weight > LEAST, weight, 0) ** 2, fps, EDGE, EASE, FIRM, True)
            turned(turns, side, places, strength * by)
    return turns


def joined(performance: Performance) -> np.ndarray:
    """How firmly (N,) 0..1 hands keep where they are to each other."""
    return np.clip(performance.touches[:, TOUCHES.index("hands")] / SURE, 0, 1)


def aside(places, others) -> np.ndarray:
    """How far (n, 6) an arm's two bones are turned aside in another pose: from where they point to where they do there.

    places, others: shoulder, elbow and wrist, each (n, 3).
    """
    ways = [_unit(end - start) for pose in (places, others) for start, end in zip(pose, pose[1:], strict=False)]
    return np.concatenate([ways[2] - ways[0], ways[3] - ways[1]], 1)


def bones(places, by: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Upper arms and forearms (n, 3) that are turned aside (n, 6) as of `aside`. places: as there."""
    bare = places[1] - places[0], places[2] - places[1]
    return tuple(_length(b) * _unit(_unit(b) + more) for b, more in zip(bare, (by[:, :3], by[:, 3:]), strict=True))


def turned(turns: np.ndarray, side: str, places, by: np.ndarray) -> None:
    """Turn upper arm and forearm aside, in place. turns: (N, J, 4), changed. places: (N, 3) each. by: (N, 6)."""
    parts = JOINT[f"{side}UpperArm"], JOINT[f"{side}LowerArm"]
    for joint, start, end, way in zip(parts, places, places[1:], bones(places, by), strict=False):
        turns[:, joint] = multiply(between(end - start, way), turns[:, joint])


def forward(rig: Rig, turns: np.ndarray, side: str) -> np.ndarray:
    """The hinge (N, 3) about which a straight arm bends: elbows bend forearms to the front of a T-pose."""
    upper, rest = JOINT[f"{side}UpperArm"], np.array([0.0, 0.0, -1.0 if side == "left" else 1.0])
    return rotate(turns[:, upper], rotate(inverse(rig.correction[upper]), rest))


def reached(shoulder, elbow, wrist, target, spare, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Where elbow and wrist (n, 3) of an arm are once its wrist has gone to a target, as far as it reaches.

    A stretched arm keeps the plane that it bends in, a folded one keeps its elbow near to where it is.
    shoulder, elbow, wrist, target: (n, 3). spare: (n, 3) hinge of a straight arm. fps: 1/s of samples that follow each
    other, whose elbows are to move smoothly. By the law of cosines.
    """
    first, second, reach = _length(elbow - shoulder), _length(wrist - elbow), target - shoulder
    now, distance = _length(wrist - shoulder), _length(reach)
    along = reach / distance
    distance = np.maximum(_within(distance, now, first + second), np.abs(first - second) + 1e-3 * first)
    hinge = np.cross(elbow - shoulder, wrist - elbow) / (first * second)
    hinge = hinge + 0.02 * np.clip(1 - _length(hinge) / STRAIGHT, 0, 1) * spare
    hinge = hinge - (hinge * along).sum(-1, keepdims=True) * along
    hinge = _unit(hinge)
    near = np.cross(elbow - shoulder, along) / first  # of the plane through the elbow where it is
    near = near * np.sign((near * hinge).sum(-1, keepdims=True))
    folded = np.clip((FOLDED[1] - now / (first + second)) / (FOLDED[1] - FOLDED[0]), 0, 1)
    angle = np.arctan2((np.cross(hinge, near) * along).sum(-1), (hinge * near).sum(-1)) * folded[:, 0]
    angle = smoothly(angle[:, None], np.ones(len(angle)), fps, EDGE, EASE, FIRM)[:, 0]
    hinge = rotate(from_axis_angle(along, angle), hinge)
    cosine = np.clip((first**2 + distance**2 - second**2) / (2 * first * distance), -1, 1)
    bent = shoulder + first * (cosine * along + np.sqrt(1 - cosine**2) * np.cross(along, hinge))
    return bent, shoulder + distance * along


def _within(distance: np.ndarray, now: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Distances (N, 1) that an arm can reach: the straighter it would get, the less it follows, so no elbow snaps.

    distance: wanted. now: as it is. length: of the straight arm.
    """
    room, more = np.maximum(REACH * length - now, 0), np.maximum(distance - now, 0)
    return np.minimum(distance, now) + room * -np.expm1(-more / np.maximum(room, 1e-9))


def _shifts(performance, rig, skin, turns, heads, weights, rows) -> np.ndarray:
    """How far both wrists have to go, (2, n, 3): first to each other, then to head and torso."""
    part = performance.rotations[rows], performance.root[rows], performance.skeleton
    joints, world = joint_positions(*part), world_rotations(part[0])
    theirs = {side: touches.hand_points(joints, world, part[2], side) for side in SIDES}
    ours = {side: hand(rig, turns, heads, side, rows) for side in SIDES}
    flesh = {side: posed(skin[side], rig, turns, heads, rows) for side in SIDES}
    shifts = np.zeros((2, len(rows), 3))
    if not all(len(skin[side].points) for side in SIDES):
        return shifts
    weights = np.clip(weights / SURE, 0, 1)
    both = weights[:, TOUCHES.index("hands"), None]
    if (both > LEAST).any():
        way = both / 2 * _together(theirs, ours, flesh, size_of_hands(rig, part[2]), touches.size(part[2]))
        shifts += np.stack([-way, way])
    for name in ("Head", "Torso"):
        pose = posed(skin[name], rig, turns, heads, rows)
        for row, side in enumerate(SIDES):
            share = weights[:, TOUCHES.index(f"{side}Hand{name}"), None]
            if (share > LEAST).any() and len(skin[name].points):
                where = _place(name, theirs[side], joints, world, touches.size(part[2]))
                goal = _found(name, where[0], rig, skin[name], turns, heads, rows)
                now = np.nansum(where[1] * (ours[side] + shifts[row][:, None]), 1)
                shifts[row] += share * onto(flesh[side][0] + shifts[row][:, None], *pose, goal - now)
    return shifts


def hand(rig: Rig, turns: np.ndarray, heads: Heads, side: str, rows: np.ndarray) -> np.ndarray:
    """The points (n, 20, 3) of the character's hand that touches.hand_points has; those it lacks are at its wrist.

    turns: (N, J, 4). rows: (n,) of the samples.
    """
    chains, points, tips = [finger_bones(side, finger) for finger in FINGERS], [], []
    for chain in chains:
        here = [name for name in chain if name in rig.joints]
        places = [heads[name if name in here else (here or [f"{side}Hand"])[-1]][rows] for name in chain]
        tip = places[-1]
        if len(here) > 1:
            bone = touches.TIP * (rig.heads[JOINT[here[-1]]] - rig.heads[JOINT[here[-2]]])
            tip = tip + rotate(turns[rows, JOINT[here[-1]]], bone)
        points, tips = points + places, [*tips, tip]
    return np.stack(points + tips, 1)


def size_of_hands(rig: Rig, skeleton: np.ndarray) -> float:
    """The character's hands in units of the performer's, from wrist to knuckles. skeleton: (J, 3) m."""
    ratios = []
    for side in SIDES:
        wrist, knuckles = JOINT[f"{side}Hand"], [f"{side}{finger}Proximal" for finger in FINGERS[1:]]
        for knuckle in [JOINT[name] for name in knuckles if name in rig.joints]:
            span, their = rig.heads[knuckle] - rig.heads[wrist], skeleton[knuckle] - skeleton[wrist]
            ratios.append(np.linalg.norm(span) / max(np.linalg.norm(their), 1e-6))
    return float(np.median(ratios)) if ratios else rig.scale


def onto(points: np.ndarray, surface: np.ndarray, normals: np.ndarray, way: np.ndarray) -> np.ndarray:
    """The way (n, 3) on which a hand goes so that its foremost point comes to lie on a surface.

    points: (n, P, 3) of the hand. surface, normals: (n, Q, 3). way: (n, 3), where it wants to go.
    """
    for _ in range(ROUNDS):
        gap, out = outside(points + way[:, None], surface, normals)
        way = way - gap[:, None] * out
    return way


def _together(theirs: dict, ours: dict, flesh: dict, ratio: float, scale: float) -> np.ndarray:
    """The way (n, 3) that brings the right hand to the left one as the performer's are, without going into it."""
    apart = np.linalg.norm(theirs["right"][:, :, None] - theirs["left"][:, None], axis=-1)
    share = np.exp(-(apart - apart.min((1, 2), keepdims=True)) / (NEAR * scale))
    share /= share.sum((1, 2), keepdims=True)
    weight = {"right": share.sum(2)[..., None], "left": share.sum(1)[..., None]}
    way = [(weight[side] * points[side]).sum(1) for points in (theirs, ours) for side in SIDES]
    return onto(flesh["right"][0], *flesh["left"], (way[1] - way[0]) * ratio - (way[3] - way[2]))


def _place(part: str, points: np.ndarray, joints, world, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Where the performer's hand touches head or torso, (n, 3) in half sizes of it, and how much each point does."""
    gap = (touches.to_head if part == "Head" else touches.to_torso)(points, joints, world, scale)
    share = np.exp(-(gap - gap.min(1, keepdims=True)) / (NEAR * scale))[..., None]
    share /= share.sum(1, keepdims=True)
    place = (share * points).sum(1)
    if part == "Head":
        local = rotate(inverse(world[:, JOINT["head"]]), place - joints[:, JOINT["head"]])
        return (local - touches.SKULL * scale) / (touches.SKULL_SIZE * scale), share
    at = lambda name: joints[:, JOINT[name]]  # noqa: E731
    low, axes = _trunk(at, world[:, JOINT["upperChest"]])
    local = np.einsum("tji,tj->ti", axes, place - low[0])
    return local / np.column_stack([np.tile(touches.TRUNK_SIZE * scale, (len(local), 1)), low[1]]), share


def _found(part: str, place: np.ndarray, rig: Rig, surface: Surface, turns, heads, rows) -> np.ndarray:
    """The same place (n, 3) on the character. place: (n, 3) in half sizes."""
    if part == "Head":
        offset = surface.middle - rig.heads[JOINT["head"]] + place * surface.half
        return heads["head"][rows] + rotate(turns[rows, JOINT["head"]], offset)
    top = next(name for name in ("upperChest", "chest", "spine", "hips") if name in rig.joints)
    at = lambda name: heads[name][rows]  # noqa: E731
    low, axes = _trunk(at, multiply(turns[rows, JOINT[top]], inverse(rig.correction[JOINT[top]])))
    middle = surface.middle[:2] - rig.heads[[JOINT["leftUpperArm"], JOINT["rightUpperArm"]], :2].mean(0)
    local = np.column_stack([place[:, :2] * surface.half[:2] + middle, place[:, 2] * low[1]])
    return low[0] + np.einsum("tij,tj->ti", axes, local)


def _trunk(at, chest: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """The middle of the hips and the trunk's length, ((n, 3), (n,)), and its axes (n, 3, 3): left, back, up.

    at: a joint's name to its places (n, 3). chest: (n, 4) wxyz.
    """
    hips = (at("leftUpperLeg") + at("rightUpperLeg")) / 2
    up = (at("leftUpperArm") + at("rightUpperArm")) / 2 - hips
    matrix = frame(up, rotate(chest, np.array([1.0, 0.0, 0.0])))
    return (hips, np.linalg.norm(up, axis=-1)), matrix[..., [1, 2, 0]]


def _length(v: np.ndarray) -> np.ndarray:
    return np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)


def _unit(v: np.ndarray) -> np.ndarray:
    return v / _length(v)
