"""A character's surface where hands touch it: head, torso and both hands as points with normals, posed over a clip."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..character import Character
from ..hands.touches import FLESH, SKULL, SKULL_SIZE, TRUNK_SIZE
from ..motion.rotations import rotate
from ..names import FINGERS, JOINT, JOINTS, finger_bones
from .tpose import Rig

SIDES = ("left", "right")
HANDS = {side: (f"{side}Hand", *(n for f in FINGERS for n in finger_bones(side, f))) for side in SIDES}
PARTS = {
    "Head": ("head", "jaw", "leftEye", "rightEye"),
    "Torso": ("hips", "spine", "chest", "upperChest", "leftShoulder", "rightShoulder"),
    **HANDS,
    **{f"{side}Forearm": (f"{side}LowerArm",) for side in SIDES},
}
ARMS = tuple(name for side in SIDES for name in (f"{side}LowerArm", *HANDS[side]))
PARTS["Body"] = tuple(name for name in JOINTS if name not in ARMS and not name.endswith(("Foot", "Toes")))
SHOULDERS = [JOINT[f"{side}Shoulder"] for side in SIDES]  # can be touched, but do not make a trunk broader
MOST = {"Head": 200, "Torso": 300, "Body": 450}  # points
USUAL_MOST = 60  # of all other parts
THIN = 0.25  # of a mean of normals: with a shorter one, what is there has two sides
STEPS = 14  # of looking for how far apart points have to be
AT_ONCE = 64  # samples, so that memory stays small for clips of any length
OWN = 0.2  # of the skin: where the bones that get keys own less, they are controls, and the skin follows others
ENOUGH = 12  # points of a part; with fewer, it is shaped like a person's
CELLS = np.array([1, 1 << 20, 1 << 40])  # makes one number of the three of a cell
BULK = (2.0, 98.0)  # percentiles of a part's points that its size is measured between


@dataclass(frozen=True)
class Surface:
    """Points of one part at rest, in the character's axes.

    points, normals: (n, 3). joint: (n,) index of the joint that each follows. middle, half: (3,) of the box about them,
    to the character's left, to its back and up. spacing: about how far its points are from each other.
    """

    points: np.ndarray
    normals: np.ndarray
    joint: np.ndarray
    middle: np.ndarray
    half: np.ndarray
    spacing: float = 0.0

    def thinned(self) -> Surface:
        """Half of its points."""
        rows = spread(self.points, -(-len(self.points) // 2))
        return replace(self, points=self.points[rows], normals=self.normals[rows], joint=self.joint[rows])


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
            whole, rows = rows, rows[spread(points[rows], MOST.get(part, USUAL_MOST))]
            here, out, owner = points[rows], normals[rows], np.array([JOINT[name] for name in names[rows]])
            if part == "Body":
                out, kept = smooth(here, points[whole], normals[whole])
                here, out, owner = here[kept], out[kept], owner[kept]
        else:
            here, out, owner = _usual(part, rig)
        bulk = here[~np.isin(owner, SHOULDERS)]
        low, high = np.percentile(bulk, BULK, 0) if len(bulk) else (np.zeros(3), np.zeros(3))
        half = np.maximum((high - low) / 2, 1e-6)
        result[part] = Surface(here, out, owner, (low + high) / 2, half, _spacing(here))
    return result


def smooth(here: np.ndarray, points: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normals (n, 3) of a body as it is without its belts and buttons, and which points (n,) lie on its outside.

    here: (n, 3). points, normals: (V, 3) of all the skin, whose means around they are. Linings, folds and what is
    thin as a cape have none.
    """
    wide = _spacing(here)
    middle = here.mean(0)
    a, b = (here - middle).astype(np.float32), (points - middle).astype(np.float32)
    around = ((a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T < wide**2).astype(np.float32)
    mean = around @ normals.astype(np.float32) / np.maximum(around.sum(1, keepdims=True), 1)
    length = np.linalg.norm(mean, axis=1, keepdims=True)
    out = mean / np.maximum(length, 1e-9)
    ahead = here + wide / 2 * out
    nearest = nearest_of(ahead[None], here[None])[0]
    return out, (length[:, 0] > THIN) & (((ahead - here[nearest]) * out[nearest]).sum(1) > 0)


def spread(points: np.ndarray, most: int) -> np.ndarray:
    """Which of some points (n, 3) to take so that at most so many are left, about as far from each other everywhere.

    Of each cell of a grid the point next to its middle, so that what is alike on the left and the right stays alike.
    """
    if len(points) <= most:
        return np.arange(len(points))
    low, high = points.min(0), points.max(0)
    middle, size = (low + high) / 2, float((high - low).max())
    fine, coarse, found = 1e-4 * size, size, np.arange(1)
    for _ in range(STEPS):
        cell = np.sqrt(fine * coarse)
        cells = np.rint((points - middle) / cell)
        order = np.argsort(((points - middle - cell * cells) ** 2).sum(1), kind="stable")
        rows = order[np.unique(cells[order].astype(np.int64) @ CELLS, return_index=True)[1]]
        if len(rows) > most:
            fine = cell
        else:
            coarse, found = cell, rows
    return np.sort(found)


def _spacing(points: np.ndarray) -> float:
    """Twice how far most points (n, 3) are from the nearest other one."""
    if len(points) < 2:
        return 0.0
    gaps = np.linalg.norm(points[:, None] - points[None], axis=-1) + np.diag(np.full(len(points), np.inf))
    return 2 * float(np.percentile(gaps.min(1), 90))


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
        [nearest_of(points[k : k + AT_ONCE], surface[k : k + AT_ONCE]) for k in range(0, len(points), AT_ONCE)]
    )[..., None]
    way = np.take_along_axis(normals, nearest, 1)
    depth = ((points - np.take_along_axis(surface, nearest, 1)) * way).sum(-1)
    foremost = depth.argmin(-1)[:, None]
    return np.take_along_axis(depth, foremost, 1)[:, 0], np.take_along_axis(way, foremost[..., None], 1)[:, 0]


def nearest_of(points: np.ndarray, surface: np.ndarray) -> np.ndarray:
    """Which of the surface's points (n, Q, 3) is nearest to each point (n, P, 3): (n, P)."""
    middle = surface.mean(1, keepdims=True)  # single precision is enough about it, and twice as fast
    points, surface = (points - middle).astype(np.float32), (surface - middle).astype(np.float32)
    return ((surface**2).sum(-1)[:, None] / 2 - points @ np.swapaxes(surface, 1, 2)).argmin(-1)


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
    if part == "Body":
        both = [_usual(name, rig) for name in ("Torso", "Head")]
        return tuple(np.concatenate(column) for column in zip(*both, strict=True))
    if part not in MOST:
        return _along(part, rig)
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


def _along(part: str, rig: Rig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points, normals and joints of a forearm as thin as its bone; of other parts nothing is known."""
    start, end = part.replace("Forearm", "LowerArm"), part.replace("Forearm", "Hand")
    if start == part or start not in rig.joints or end not in rig.joints:
        return np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0, int)
    line = np.linspace(0.2, 1.0, 6)[:, None]
    points = (1 - line) * rig.heads[JOINT[start]] + line * rig.heads[JOINT[end]]
    return points, np.tile([0.0, 0.0, 1.0], (len(points), 1)), np.full(len(points), JOINT[start])


def _ball(count: int) -> np.ndarray:
    """Points (count, 3) evenly on a sphere of radius 1 (Fibonacci's lattice)."""
    z = 1 - (2 * np.arange(count) + 1) / count
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    return np.stack([np.sqrt(1 - z**2) * np.cos(turn), np.sqrt(1 - z**2) * np.sin(turn), z], 1)


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v, axis=-1, keepdims=True)
