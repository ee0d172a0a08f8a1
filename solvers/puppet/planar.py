"""A puppet is flat: what a performer does in the room becomes what can be seen of it in the plane of the picture."""

from __future__ import annotations

import json

import numpy as np

from ..motion import signals
from ..motion.polish import presence
from ..motion.rotations import from_axis_angle, from_vector, inverse, multiply, normalise, rotate, to_vector
from ..names import JOINT, JOINTS, PARENTS
from ..performance import Performance

ACROSS = np.array([0.0, 1.0, 0.0])  # the axis that goes into the picture
SIDES = ("left", "right")
TRUNK = ("hips", "spine", "chest", "upperChest")
LEAN = np.radians(22.0)  # a trunk leans no farther to a side
TURNS = np.radians([24.0, 35.0, 30.0])  # a head goes no farther up or down, to a shoulder, to a side
# A head that is a sheet with depth looks turned to a side by .6 to .8 of what it is turned, on six clips whose first
# picture plays them, and nods and tilts as far as it does.
SHOWN = np.array([1.0, 1.0, 1.35])
NEAR, FAR = np.radians(50.0), np.radians(8.0)  # a limb points no farther to the viewer, and away
SHORT = 0.15  # of a limb's length: seen shorter than this, its direction in the picture is unsure
STEADY = 6.0  # Hz, up to which directions in the picture are followed


def flattened(
    performance: Performance, rig, turns: np.ndarray, pelvis: np.ndarray, mark: str
) -> tuple[np.ndarray, np.ndarray]:
    """Turns (N, J, 4) and the pelvis' path (N, 3) of a puppet, for those of a character in the room.

    Limbs point where the performer's point in the picture, as far as they are seen, and are shorter where these come
    towards the camera. Trunk and head move from the picture's own pose as the performer's do from their usual one.
    performance: (N,) samples. rig: as tpose.measure gives it. mark: what `words` gave.
    """
    told, fps = json.loads(mark), signals.rate(performance.time) if len(performance.time) > 1 else 24.0
    seen = {name: presence(performance.confidence[:, JOINT[name]], fps) for name in JOINTS}
    angle = {name: np.zeros(len(turns)) for name in JOINTS}
    result = np.zeros_like(turns)
    result[..., 0] = 1.0
    for name in TRUNK:
        still = name == "hips" and told["cut"]
        angle[name] = np.zeros(len(turns)) if still else _lean(turns[:, JOINT[name]], seen[name], performance.framing)
        result[:, JOINT[name]] = from_axis_angle(ACROSS, angle[name])
    carried = result[:, JOINT["upperChest"]]
    nod = _nod(multiply(inverse(performance.sightline), turns[:, JOINT["head"]]), seen["head"])
    nod = nod + (1 - seen["head"][:, None]) * to_vector(carried)  # a head that is not seen goes with the trunk
    result[:, JOINT["neck"]] = from_vector((to_vector(carried) + nod) / 2)
    result[:, JOINT["head"]] = from_vector(nod)
    for side in SIDES:
        result[:, JOINT[f"{side}Shoulder"]] = carried
        for limb, root in (
            (("UpperArm", "LowerArm", "Hand"), "upperChest"),
            (("UpperLeg", "LowerLeg", "Foot"), "hips"),
        ):
            before = (angle[root], np.zeros(len(turns)))
            for part, after in zip(limb, (*limb[1:], None), strict=True):
                name = side + part
                if part == "Foot":  # seen from the front, where toes point says little
                    result[:, JOINT[name]] = from_axis_angle(ACROSS, before[0])
                    continue
                before = _aim(rig, turns, name, after and side + after, seen[name], before, fps)
                result[:, JOINT[name]] = _turn(rig, name, after and side + after, *before)
    for name in JOINTS:  # fingers, toes, eyes: with what carries them
        if name not in rig.joints and PARENTS[name]:
            result[:, JOINT[name]] = result[:, JOINT[PARENTS[name]]]
    return result, _path(rig, pelvis, told["cut"])


def _usual(values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The median of values (N, ...) where they were seen."""
    sure = seen > 0.5
    return np.median(values[sure], axis=0) if sure.any() else np.median(values, axis=0)


def _soft(values: np.ndarray, limit) -> np.ndarray:
    """Values that come near a limit, and never reach it."""
    return limit * np.tanh(values / limit)


def _lean(turn: np.ndarray, seen: np.ndarray, framing: str) -> np.ndarray:
    """(N,) rad a part of the trunk leans in the picture. framing: where legs are unseen, one leans from the usual."""
    up = rotate(turn, np.array([0.0, 0.0, 1.0]))
    lean = np.arctan2(up[:, 0], np.maximum(up[:, 2], 0.2))
    if framing != "full":
        lean = lean - _usual(lean, seen)
    return _soft(lean, LEAN) * seen


def _nod(turn: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(N, 3) rad: how a head is turned from where it usually looks."""
    vectors = to_vector(turn)
    usual = from_vector(_usual(vectors, seen))
    return _soft(SHOWN * to_vector(normalise(multiply(turn, inverse(usual)))), TURNS) * seen[:, None]


def _rest(rig, name: str, after: str | None) -> float:
    """The angle of a bone in the picture at rest, rad: 0 is up, to the right counts."""
    if after is not None and after in rig.joints:
        way = rig.heads[JOINT[after]] - rig.heads[JOINT[name]]
    else:  # a bone points along its own y
        way = rotate(rig.rest[JOINT[name]], ACROSS)
    return float(np.arctan2(way[0], way[2]))


def _aim(rig, turns, name, after, seen, before, fps) -> tuple[np.ndarray, np.ndarray]:
    """How far (N,) rad a limb's bone turns in the picture, and how far it tilts to the viewer.

    before: the same of the bone before it, which it goes with where it is not seen.
    """
    if name not in rig.joints:
        return before
    rest = _rest(rig, name, after)
    way = rotate(turns[:, JOINT[name]], np.array([np.sin(rest), 0.0, np.cos(rest)]))
    flat = way[:, 2] + 1j * way[:, 0]
    sure = np.clip(np.abs(flat) / SHORT, 1e-3, 1) * np.maximum(seen, 1e-3)
    wave = flat / np.maximum(np.abs(flat), 1e-6)
    if len(wave) > 12:
        wave = signals.lowpass(np.column_stack([wave.real * sure, wave.imag * sure]), fps, STEADY) @ [1, 1j]
    angle = np.unwrap(np.angle(wave)) - rest
    middle = np.median(angle - before[0])
    angle = angle - 2 * np.pi * np.round(middle / (2 * np.pi))
    tilt = np.arcsin(np.clip(-way[:, 1], -1, 1))
    tilt = np.where(tilt > 0, _soft(tilt, NEAR), _soft(tilt, FAR))
    return before[0] + (angle - before[0]) * seen, tilt * seen


def _turn(rig, name: str, after: str | None, angle: np.ndarray, tilt: np.ndarray) -> np.ndarray:
    """(N, 4) a bone's turn of so many rad in the picture, then to the viewer."""
    way = angle + (_rest(rig, name, after) if name in rig.joints else 0.0)
    axes = np.column_stack([np.cos(way), np.zeros(len(way)), -np.sin(way)])
    return multiply(from_vector(axes * tilt[:, None]), from_axis_angle(ACROSS, angle))


def _path(rig, pelvis: np.ndarray, cut: bool) -> np.ndarray:
    """Where the pelvis (N, 3) goes: in the picture's plane, about where it is there; nowhere where that is cut."""
    path = np.tile(rig.pelvis, (len(pelvis), 1))
    if not cut:
        path[:, 0] += pelvis[:, 0] - np.median(pelvis[:, 0])
        path[:, 2] += pelvis[:, 2] - np.quantile(pelvis[:, 2], 0.8)
    return path
