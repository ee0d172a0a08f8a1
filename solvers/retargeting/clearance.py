"""Arms beside the character's own body: forearms and hands that would be in trunk, head or thighs are pushed out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..motion.rotations import between, rotate
from ..names import JOINT
from .arms import bones, turned
from .feet import smoothly
from .surface import AT_ONCE, ENOUGH, SIDES, Surface, nearest_of, posed
from .tpose import Rig

SOFT = 0.006  # m by which flesh gives way
# Where nothing is pushed, the correction goes back to nothing within EASE seconds, and sets in no sharper than EDGE.
EDGE, EASE, FIRM = 0.25, 0.5, 8.0
PASSES = 2  # of pushing out what is still inside after the smoothing
# What turning an arm by one radian counts, moving a joined hand by the mean length of the arm's bones, and a turn more
# from round to round, against a point that is as deep inside as that length; all squared.
TURN, HELD, DAMP = 0.02, 0.2, 0.2
ROUNDS = 4  # of turning an arm away: other points of it may be in the way on the way
MOST = 0.35  # of an arm's turn in one round, rad
STOUT = 0.26  # of its length, the radius of people's forearms at most; toys' arms sink in by what they are stouter
LEAST = 0.0005  # m by which nothing is pushed
# What is deeper than these shares of the body's half depth is not inside of it, but behind something thin as a cape.
THICK = (0.8, 1.2)

Heads = dict[str, np.ndarray]


def clear(
    rig: Rig, skin: dict[str, Surface], turns: np.ndarray, heads: Heads, fps: float, strength: float,
    joined: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Turn upper arms and forearms, as little as will do, so that nothing of forearms and hands is inside of the body.

    skin: of `surface.surfaces`. turns: (N, J, 4). heads: {joint: (N, 3)} where the joints are. fps: 1/s.
    strength: 0..1. joined: (N,) 0..1, where hands hold each other and stay where they are. Hands keep their own turns.
    Result: turns.
    """
    sides = [s for s in SIDES if all(f"{s}{part}" in rig.joints for part in ("UpperArm", "LowerArm", "Hand"))]
    if strength == 0 or len(turns) < 3 or len(skin["Body"].points) < ENOUGH:
        return turns
    result, held = turns, np.zeros(len(turns)) if joined is None else joined
    for side in sides:
        arm, moved = limb(rig, skin, turns, heads, side), np.zeros((len(turns), 6))
        for _ in range(PASSES):
            push = _pushed(rig, skin["Body"], side, turns, heads, arm, moved, held)
            firm = push.any(1).astype(float)
            if not firm.any():
                break
            moved = moved + smoothly(push, firm, fps, EDGE, EASE, FIRM, to_rest=True)
        if moved.any():
            result = result.copy() if result is turns else result
            turned(result, side, (arm.shoulder, arm.elbow, arm.wrist), strength * moved)
    return result


@dataclass(frozen=True)
class Limb:
    """An arm (N samples): shoulder, elbow, wrist (N, 3), points (N, P, 3) of the forearm and (N, Q, 3) of the hand."""

    shoulder: np.ndarray
    elbow: np.ndarray
    wrist: np.ndarray
    forearm: np.ndarray
    hand: np.ndarray

    def moved(self, rows: np.ndarray, by: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Shoulders, elbows, wrists (n, 3) and all points (n, P + Q, 3) of some samples after a turn.

        rows: (n,). by: (n, 6), as of `arms.aside`.
        """
        shoulder, elbow, wrist = (part[rows] for part in (self.shoulder, self.elbow, self.wrist))
        upper, lower = bones((shoulder, elbow, wrist), by)
        forearm = rotate(between(wrist - elbow, lower)[:, None], self.forearm[rows] - elbow[:, None])
        points = [(shoulder + upper)[:, None] + forearm, self.hand[rows] + (shoulder + upper + lower - wrist)[:, None]]
        return shoulder, shoulder + upper, shoulder + upper + lower, np.concatenate(points, 1)


def limb(rig: Rig, skin: dict[str, Surface], turns: np.ndarray, heads: Heads, side: str) -> Limb:
    """An arm as it is, no stouter than people's. turns: (N, J, 4). heads: {joint: (N, 3)}."""
    every, share = np.arange(len(turns)), slimness(skin[f"{side}Forearm"], rig, side)
    places = [heads[f"{side}{part}"] for part in ("UpperArm", "LowerArm", "Hand")]
    parts = [skin[part].thinned() for part in (f"{side}Forearm", side)]
    parts = [replace(part, points=part.points - (1 - share) * _beside(part.points, rig, side)) for part in parts]
    return Limb(*places, *(posed(part, rig, turns, heads, every)[0] for part in parts))


def slimness(forearm: Surface, rig: Rig, side: str) -> float:
    """How much of its thickness an arm keeps when it is made no stouter than people's, 0..1."""
    length = np.linalg.norm(rig.heads[JOINT[f"{side}Hand"]] - rig.heads[JOINT[f"{side}LowerArm"]])
    thick = np.linalg.norm(_beside(forearm.points, rig, side), axis=1)
    return float(min(1.0, STOUT * length / max(np.percentile(thick, 90), 1e-9))) if len(thick) else 1.0


def _beside(points: np.ndarray, rig: Rig, side: str) -> np.ndarray:
    """How points (n, 3) at rest lie beside the forearm's line: (n, 3)."""
    start, end = (rig.heads[JOINT[f"{side}{name}"]] for name in ("LowerArm", "Hand"))
    way, apart = _unit(end - start), points - start
    return apart - (apart @ way)[:, None] * way


def _pushed(rig: Rig, body: Surface, side: str, turns, heads: Heads, arm: Limb, before, held) -> np.ndarray:
    """What is to be added (N, 6) to an arm's turns (N, 6), as of `arms.aside`, so that no point is inside."""
    total, soft = np.zeros((len(turns), 6)), SOFT * rig.scale
    solid = ~np.isin(body.joint, [JOINT[f"{side}{part}"] for part in ("Shoulder", "UpperArm")])
    for start in range(0, len(turns), AT_ONCE):
        rows = np.arange(start, min(start + AT_ONCE, len(turns)))
        surface, normals = posed(body, rig, turns, heads, rows)
        for _ in range(ROUNDS):
            pose = arm.moved(rows, before[rows] + total[rows])
            inside, out = depths(pose[3], surface, normals, body, solid, soft)
            deep = inside.max(1) > LEAST * rig.scale
            if not deep.any():
                break
            rows, surface, normals = rows[deep], surface[deep], normals[deep]
            pose = [part[deep] for part in (*pose, inside, out)]
            total[rows] += _turned(*pose, held[rows], total[rows])
    return total


def _turned(shoulder, elbow, wrist, points, inside, out, held, before) -> np.ndarray:
    """What to add (n, 6) to turns (n, 6) of upper arm and forearm, so that points (n, P, 3) come outside.

    shoulder, elbow, wrist: (n, 3). inside: (n, P) how deep points are. out: (n, P, 3) their ways. held: (n,) 0..1, how
    much the wrist is to stay where it is. A step of Gauss and Newton to the least of depths, turns and the wrist's way,
    all squared, in lengths of the arm.
    """
    upper, lower = elbow - shoulder, wrist - elbow
    size = (_length(upper) + _length(lower)) / 2
    across = [(_length(bone) / size)[..., None] * (np.eye(3) - np.einsum("ni,nj->nij", _unit(bone), _unit(bone)))
              for bone in (upper, lower)]  # fmt: skip
    share = ((points - elbow[:, None]) * lower[:, None]).sum(-1) / _length(lower) ** 2
    ways = np.concatenate(across, 2)
    slope = np.concatenate([out @ across[0], np.clip(share, 0, 1)[..., None] * (out @ across[1])], 2)
    slope = slope * (inside > 0)[..., None]
    stay = TURN * np.eye(6) + (HELD * held)[:, None, None] * np.swapaxes(ways, 1, 2) @ ways
    cost = np.swapaxes(slope, 1, 2) @ slope + stay + DAMP * np.eye(6)
    pull = ((inside / size)[..., None] * slope).sum(1) - np.einsum("nij,nj->ni", stay, before)
    step = np.linalg.solve(cost, pull[..., None])[..., 0]
    return step * np.minimum(1, MOST / np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-9))


def depths(
    points: np.ndarray, surface: np.ndarray, normals: np.ndarray, body: Surface, solid: np.ndarray, soft: float
) -> tuple[np.ndarray, np.ndarray]:
    """How deep points (n, P, 3) are inside of a body, (n, P), and the ways (n, P, 3) that bring them out.

    surface, normals: (n, Q, 3) of the body. solid: (Q,) bool, what pushes. soft: how deep nothing is pushed yet.
    """
    nearest = nearest_of(points, surface)
    out = np.take_along_axis(normals, nearest[..., None], 1)
    apart = points - np.take_along_axis(surface, nearest[..., None], 1)
    depth = -(apart * out).sum(-1)
    aside = np.linalg.norm(apart + depth[..., None] * out, axis=-1)
    thick = float(body.half[:2].min())
    share = np.clip((THICK[1] * thick - depth) / ((THICK[1] - THICK[0]) * thick), 0, 1)
    share = share * np.clip(2 - 2 * aside / body.spacing, 0, 1) * solid[nearest]
    return np.maximum(depth - soft, 0) * share, out


def _length(v: np.ndarray) -> np.ndarray:
    return np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)


def _unit(v: np.ndarray) -> np.ndarray:
    return v / _length(v)
