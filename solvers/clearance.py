"""Arms beside the character's own body: forearms and hands that would be in trunk, head or thighs are pushed out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arms import bend, forward, reached
from .feet import smoothly
from .names import JOINT
from .rotations import between, rotate
from .surface import AT_ONCE, ENOUGH, SIDES, Surface, nearest_of, posed
from .tpose import Rig

SOFT = 0.006  # m by which flesh gives way
# Where nothing is pushed, the correction goes back to nothing within EASE seconds, and sets in no sharper than EDGE.
EDGE, EASE, FIRM = 0.25, 0.5, 8.0
PASSES = 2  # of pushing out what is still inside after the smoothing
BENT = 0.5  # of the forearm: an elbow farther than this off the line from shoulder to wrist can turn about it
ROUNDS = 4  # of turning an arm away: other points of it may be in the way on the way
MOST = np.radians(20.0)  # of an elbow's turn in one round
LEAST = 0.0005  # m by which nothing is pushed
# What is deeper than these shares of the body's half depth is not inside of it, but behind something thin as a cape.
THICK = (0.8, 1.2)

Heads = dict[str, np.ndarray]


def clear(rig: Rig, skin: dict[str, Surface], turns: np.ndarray, heads: Heads, fps: float, strength: float):
    """Move wrists and elbows, only as far as needed, so that nothing of forearms and hands is inside of the body.

    skin: of `surface.surfaces`. turns: (N, J, 4). heads: {joint: (N, 3)} where the joints are. fps: 1/s.
    strength: 0..1. Hands keep their own turns. Result: turns.
    """
    sides = [s for s in SIDES if all(f"{s}{part}" in rig.joints for part in ("UpperArm", "LowerArm", "Hand"))]
    if strength == 0 or len(turns) < 3 or len(skin["Body"].points) < ENOUGH:
        return turns
    result = turns
    for side in sides:
        arm, moved = limb(rig, skin, turns, heads, side), np.zeros((len(turns), 4))
        rows = np.arange(len(turns))
        for _ in range(PASSES):
            push = np.zeros((len(turns), 4))
            push[rows] = _pushed(rig, skin["Body"], side, turns, heads, arm, rows, moved[rows])
            firm = push.any(1).astype(float)
            if not firm.any():
                break
            moved = moved + smoothly(push, firm, fps, EDGE, EASE, FIRM, to_rest=True)
        if moved.any():
            result = result.copy() if result is turns else result
            bend(rig, result, heads, side, arm.wrist + strength * moved[:, :3], fps, strength * moved[:, 3])
    return result


@dataclass(frozen=True)
class Limb:
    """An arm (N samples): shoulder, elbow, wrist (N, 3), the hinge (N, 3) that it has when straight, points (N, P, 3)
    of the forearm and (N, Q, 3) of the hand."""

    shoulder: np.ndarray
    elbow: np.ndarray
    wrist: np.ndarray
    spare: np.ndarray
    forearm: np.ndarray
    hand: np.ndarray

    def moved(self, rows: np.ndarray, by: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Elbows (n, 3), wrists (n, 3) and all points (n, P + Q, 3) of some samples, after a move.

        rows: (n,). by: (n, 4) of the wrist, and rad of the elbow.
        """
        place = [part[rows] for part in (self.shoulder, self.elbow, self.wrist)]
        elbow, wrist = reached(*place, place[2] + by[:, :3], self.spare[rows], by[:, 3])
        turn = between(place[2] - place[1], wrist - elbow)
        forearm = elbow[:, None] + rotate(turn[:, None], self.forearm[rows] - place[1][:, None])
        return elbow, wrist, np.concatenate([forearm, self.hand[rows] + (wrist - place[2])[:, None]], 1)


def limb(rig: Rig, skin: dict[str, Surface], turns: np.ndarray, heads: Heads, side: str) -> Limb:
    """An arm as it is. turns: (N, J, 4). heads: {joint: (N, 3)}."""
    every = np.arange(len(turns))
    places = [heads[f"{side}{part}"] for part in ("UpperArm", "LowerArm", "Hand")]
    skins = [posed(skin[part].thinned(), rig, turns, heads, every)[0] for part in (f"{side}Forearm", side)]
    return Limb(*places, forward(rig, turns, side), *skins)


def _pushed(rig, body: Surface, side: str, turns, heads, arm: Limb, rows, before) -> np.ndarray:
    """What is to be added (n, 4), of the wrist and rad of the elbow, to moves (n, 4) so that no point is inside."""
    total, soft = np.zeros((len(rows), 4)), SOFT * rig.scale
    solid = ~np.isin(body.joint, [JOINT[f"{side}{part}"] for part in ("Shoulder", "UpperArm")])
    for start in range(0, len(rows), AT_ONCE):
        part = np.arange(start, min(start + AT_ONCE, len(rows)))
        surface, normals = posed(body, rig, turns, heads, rows[part])
        here = np.arange(len(part))
        for _ in range(ROUNDS):
            at = rows[part[here]]
            elbow, wrist, points = arm.moved(at, before[part[here]] + total[part[here]])
            place, way = deepest(points, surface[here], normals[here], body, solid, soft)
            total[part[here]] += _moves(arm.shoulder[at], elbow, wrist, place, way)
            here = here[np.linalg.norm(way, axis=1) > LEAST * rig.scale]
            if not len(here):
                break
    total[np.linalg.norm(total[:, :3], axis=1) < LEAST * rig.scale] = 0.0
    return total


def _moves(shoulder, elbow, wrist, place, way) -> np.ndarray:
    """Moves (n, 4) of wrist and elbow that take a place on the forearm its way; each (n, 3).

    A bent arm turns its elbow about the line from shoulder to wrist, and moves its wrist the more the nearer the place
    is to it; a stretched one is turned as a whole about its shoulder.
    """
    length = lambda v: np.linalg.norm(v, axis=-1, keepdims=True)  # noqa: E731
    bone, line = wrist - elbow, wrist - shoulder
    share = np.clip(((place - elbow) * bone).sum(-1) / np.maximum((bone**2).sum(-1), 1e-12), 0, 1)[:, None]
    both = share**2 + (1 - share) ** 2
    axis = line / np.maximum(length(line), 1e-9)
    aside = elbow - shoulder - ((elbow - shoulder) * axis).sum(-1, keepdims=True) * axis
    straight = np.clip(1 - length(aside) / (BENT * length(bone)), 0, 1)
    lever = length(line) / np.maximum(length(place - shoulder), 0.5 * length(bone))
    radius = np.maximum(length(aside), 0.1 * length(bone))
    turn = (np.cross(axis, aside) * way * (1 - straight) * (1 - share) / both).sum(-1) / radius[:, 0] ** 2
    return np.column_stack([way * (straight * lever + (1 - straight) * share / both), np.clip(turn, -MOST, MOST)])


def deepest(
    points: np.ndarray, surface: np.ndarray, normals: np.ndarray, body: Surface, solid: np.ndarray, soft: float
) -> tuple[np.ndarray, np.ndarray]:
    """Where points (n, P, 3) are deepest inside of a body, (n, 3), and the way (n, 3) that brings them out there.

    surface, normals: (n, Q, 3) of the body. solid: (Q,) bool, what pushes. soft: how deep nothing is pushed yet.
    Both are means over all that is inside, by the square of how deep it is, so that they do not jump.
    """
    nearest = nearest_of(points, surface)
    out = np.take_along_axis(normals, nearest[..., None], 1)
    apart = points - np.take_along_axis(surface, nearest[..., None], 1)
    depth = -(apart * out).sum(-1)
    aside = np.linalg.norm(apart + depth[..., None] * out, axis=-1)
    thick = float(body.half[:2].min())
    share = np.clip((THICK[1] * thick - depth) / ((THICK[1] - THICK[0]) * thick), 0, 1)
    share = share * np.clip(2 - 2 * aside / body.spacing, 0, 1) * solid[nearest]
    inside = np.maximum(depth - soft, 0) * share
    weight = inside**2 / np.maximum((inside**2).sum(-1, keepdims=True), 1e-18)
    way = (weight[..., None] * out).sum(1)
    way = way / np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-9)
    return (weight[..., None] * points).sum(1), way * inside.max(-1, keepdims=True)
