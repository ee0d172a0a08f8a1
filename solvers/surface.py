"""A character's surface where hands touch it: head, torso and both hands as points with normals, posed over a clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .character import Character
from .names import FINGERS, JOINT, finger_bones
from .rotations import rotate
from .touches import FLESH, SKULL, SKULL_SIZE, TRUNK_SIZE
from .tpose import Rig

SIDES = ("left", "right")
HANDS = {side: (f"{side}Hand", *(n for f in FINGERS for n in finger_bones(side, f))) for side in SIDES}
PARTS = {
    "Head": ("head", "jaw", "leftEye", "rightEye"),
    "Torso": ("hips", "spine", "chest", "upperChest", "leftShoulder", "rightShoulder"),
    **HANDS,
}
SHOULDERS = [JOINT[f"{side}Shoulder"] for side in SIDES]  # can be touched, but do not make a trunk broader
MOST = {"Head": 200, "Torso": 300, "left": 60, "right": 60}  # points
AT_ONCE = 64  # samples, so that memory stays small for clips of any length
OWN = 0.2  # of the skin: where the bones that get keys own less, they are controls, and the skin follows others
ENOUGH = 12  # points of a part; with fewer, it is shaped like a person's
BULK = (2.0, 98.0)  # percentiles of a part's points that its size is measured between


@dataclass(frozen=True)
class Surface:
    """Points of one part at rest, in the character's axes.

    points, normals: (n, 3). joint: (n,) index of the joint that each follows. middle, half: (3,) of the box about them,
    to the character's left, to its back and up.
    """

    points: np.ndarray
    normals: np.ndarray
    joint: np.ndarray
    middle: np.ndarray
    half: np.ndarray


def surfaces(character: Character, rig: Rig) -> dict[str, Surface]:
    """{part: its surface} of PARTS; what has no skin of its own is shaped like a person's.

    character: with skin, if any. rig: its rest pose.
    """
    points, normals = character.skin @ rig.axes, character.normals @ rig.axes
    names = np.array([*rig.joints, ""])[_followed(character, rig)]
    result = {}
    for part, joints in PARTS.items():
        rows = np.flatnonzero(np.isin(names, joints))
        if len(rows) >= ENOUGH:
            rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST[part])).astype(int)]
            here, out, owner = points[rows], normals[rows], np.array([JOINT[name] for name in names[rows]])
        else:
            here, out, owner = _usual(part, rig)
        bulk = here[~np.isin(owner, SHOULDERS)]
        low, high = np.percentile(bulk, BULK, 0) if len(bulk) else (np.zeros(3), np.zeros(3))
        result[part] = Surface(here, out, owner, (low + high) / 2, np.maximum((high - low) / 2, 1e-6))
    return result


def posed(surface: Surface, rig: Rig, turns: np.ndarray, heads: dict[str, np.ndarray], rows: np.ndarray) -> tuple:
    """Where a surface is in some samples: points and normals, each (n, P, 3).

    turns: (N, J, 4). heads: {joint: (N, 3)}. rows: (n,) of the samples.
    """
    points, normals = np.zeros((2, len(rows), len(surface.points), 3))
    for joint in np.unique(surface.joint):
        here, turn = surface.joint == joint, turns[rows, None, joint]
        name = next(name for name in rig.joints if JOINT[name] == joint)
        points[:, here] = heads[name][rows, None] + rotate(turn, surface.points[here] - rig.heads[joint])
        normals[:, here] = rotate(turn, surface.normals[here])
    return points, normals


def outside(points: np.ndarray, surface: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far (n,) the foremost of some points is outside of a surface, negative inside, and the way out (n, 3).

    points: (n, P, 3). surface, normals: (n, Q, 3).
    """
    nearest = np.concatenate(
        [_nearest_of(points[k : k + AT_ONCE], surface[k : k + AT_ONCE]) for k in range(0, len(points), AT_ONCE)]
    )[..., None]
    way = np.take_along_axis(normals, nearest, 1)
    depth = ((points - np.take_along_axis(surface, nearest, 1)) * way).sum(-1)
    foremost = depth.argmin(-1)[:, None]
    return np.take_along_axis(depth, foremost, 1)[:, 0], np.take_along_axis(way, foremost[..., None], 1)[:, 0]


def _nearest_of(points: np.ndarray, surface: np.ndarray) -> np.ndarray:
    """Which of the surface's points (n, Q, 3) is nearest to each point (n, P, 3): (n, P)."""
    return ((surface**2).sum(-1)[:, None] - 2 * points @ np.swapaxes(surface, 1, 2)).argmin(-1)


def _followed(character: Character, rig: Rig) -> np.ndarray:
    """For each point of the skin the row in rig.joints of the joint that its bone follows, or -1."""
    owner = {bone: row for row, bone in enumerate(rig.bones[name] for name in rig.joints)}
    own = np.array([owner.get(name, -1) for name in character.bones], int)
    rows = own.copy()
    if len(character.owner) and (own[character.owner] >= 0).mean() < OWN:
        for bone in np.unique(character.owner):
            middle = character.rest[bone] @ np.array([0.0, character.length[bone] / 2, 0.0, 1.0])
            rows[bone] = _nearest(middle[:3] @ rig.axes, rig)
    else:
        for bone, parent in enumerate(character.parents):  # parents first
            if rows[bone] < 0 <= parent:
                rows[bone] = rows[parent]
    return rows[character.owner]


def _nearest(point: np.ndarray, rig: Rig) -> int:
    """The row of the joint whose limb is nearest to a point (3,)."""
    ends = [[heads for heads in (rig.heads[JOINT[c]] for c in rig.joints if rig.before[c] == n)] for n in rig.joints]
    best, nearest = np.inf, -1
    for row, name in enumerate(rig.joints):
        start = rig.heads[JOINT[name]]
        for end in ends[row] or [start]:
            along = end - start
            share = np.clip((point - start) @ along / max(along @ along, 1e-12), 0, 1)
            distance = np.linalg.norm(point - start - share * along)
            if distance <= best + 1e-9 * rig.scale:  # of two that meet there, the farther from the hips
                best, nearest = distance, row
    return nearest


def _usual(part: str, rig: Rig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points, normals and joints of a part as people have it, in the character's size."""
    if part in SIDES:
        names = [name for name in HANDS[part] if name in rig.joints]
        out = np.concatenate([np.eye(3), -np.eye(3)])
        joints = np.array([JOINT[name] for name in names], int)
        points = rig.heads[joints, None] + FLESH * rig.scale * out
        return points.reshape(-1, 3), np.tile(out, (len(names), 1)), np.repeat(joints, len(out))
    ball = _ball(MOST[part])
    if part == "Head" and "head" in rig.joints:
        points = rig.heads[JOINT["head"]] + (SKULL + SKULL_SIZE * ball) * rig.scale
        return points, _unit(ball / SKULL_SIZE), np.full(len(ball), JOINT["head"])
    ends = [f"{side}{limb}" for limb in ("UpperLeg", "UpperArm") for side in SIDES]
    if part == "Head" or not all(name in rig.joints for name in ends):
        return np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0, int)
    low, high = (rig.heads[[JOINT[name] for name in pair]].mean(0) for pair in (ends[:2], ends[2:]))
    half = np.array([*TRUNK_SIZE * rig.scale, np.linalg.norm(high - low) / 2])
    trunk = [name for name in PARTS["Torso"] if name in rig.joints]
    points = (low + high) / 2 + half * ball
    owner = np.abs(points[:, None, 2] - rig.heads[[JOINT[name] for name in trunk]][:, 2]).argmin(1)
    return points, _unit(ball / half), np.array([JOINT[name] for name in trunk])[owner]


def _ball(count: int) -> np.ndarray:
    """Points (count, 3) evenly on a sphere of radius 1 (Fibonacci's lattice)."""
    z = 1 - (2 * np.arange(count) + 1) / count
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    return np.stack([np.sqrt(1 - z**2) * np.cos(turn), np.sqrt(1 - z**2) * np.sin(turn), z], 1)


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v, axis=-1, keepdims=True)
