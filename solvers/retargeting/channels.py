"""Channels: what a performer does, as named numbers over time, lets any bone or slider of a rig move with it.

Ears may rise with brows, a tail swing with the hips: a preset says so in weights, which presets/README.md explains.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.linalg import expm

from ..character import Character
from ..clip import Clip
from ..motion.rotations import IDENTITY, continuous, from_axis_angle, inverse, multiply, normalise, rotate, to_vector
from ..motion.skeleton import joint_positions, world_rotations
from ..names import CONTACTS, EXPRESSION, EXPRESSIONS, FINGERS, JOINT, finger_bones
from ..performance import Performance
from ..rigs.drives import AXES, REGION, Drive
from ..rigs.presets import RigPreset
from ..settings import Settings
from .feet import ankle_height

SIDES = ("left", "right")
FIST = np.radians(260.0)  # bends of a finger's three joints in a fist, summed: 90, 100 and 70 degrees


def with_channels(
    clip: Clip, performance: Performance, acted: np.ndarray, character: Character, preset: RigPreset, settings: Settings
) -> Clip:
    """A clip in which a preset's channels move bones and sliders too, on top of what moves them already.

    clip: of (N,) frames. performance: at the clip's times. acted: (N, 52) expressions at the chosen intensity.
    preset: as recognised. settings: channels of regions that are switched off are 0; what hangs on them alone stays.
    """
    found = {
        name: [drive for drive in listed if any(getattr(settings, REGION[channel]) for channel in drive["by"])]
        for name, listed in preset.channels.items()
    }
    if not any(found.values()):
        return clip
    values = channel_values(performance, acted, settings)
    keys = _Keys(clip, character.metre)
    for name, listed in found.items():
        for drive in listed:
            keys.add(name, drive, moved(drive, values, performance.time))
    return keys.clip()


def moved(drive: Drive, values: dict[str, np.ndarray], time: np.ndarray) -> np.ndarray:
    """How far a drive goes, (N,), in its own unit: the sum of weights x channels, delayed, then within its ends.

    drive: of a preset. values: {channel: (N,)}. time: (N,) s.
    """
    goal = drive.get("start", 0.0) + sum(weight * values[name] for name, weight in drive["by"].items())
    if drive.get("lag", 0.0) > 0 and len(time) > 1:
        goal = followed(goal, float(np.median(np.diff(time))), drive["lag"], drive.get("bounce", 0.0))
    return np.clip(goal, drive.get("min", -np.inf), drive.get("max", np.inf))


def followed(goal: np.ndarray, step: float, lag: float, bounce: float) -> np.ndarray:
    """What a mass on a spring does whose other end is led: (N,), at rest in the beginning.

    x'' = w^2 (goal - x) - 2 (1 - bounce) w x' with w = 2 / lag, solved exactly from step to step; without bounce
    (critical damping) it comes `lag` after a steady motion. goal: (N,) at every step, s. lag: s. bounce: 0..0.95.
    """
    w = 2.0 / lag
    matrix = np.array([[0.0, 1.0, 0.0], [-w * w, -2 * (1 - bounce) * w, w * w], [0.0, 0.0, 0.0]])
    kept = expm(matrix * step)
    state, result = np.array([goal[0], 0.0, goal[0]]), np.empty(len(goal))
    for sample, value in enumerate(goal):
        state[2] = value
        result[sample] = state[0]
        state = kept @ state
    return result


def channel_values(performance: Performance, acted: np.ndarray, settings: Settings) -> dict[str, np.ndarray]:
    """All channels (N,), in degrees, metres, metres a second, or 0..1; those of regions that are off are 0.

    performance: (N,) samples. acted: (N, 52) expressions. settings: the regions' switches.
    """
    world = world_rotations(performance.rotations)
    values = {name: acted[:, EXPRESSION[name]] for name in EXPRESSIONS}
    yaw, pitch = np.degrees(performance.gaze.mean(1)).T
    values |= {"gazeYaw": yaw, "gazePitch": pitch}
    values |= _head(multiply(inverse(world[:, JOINT["upperChest"]]), world[:, JOINT["head"]]))
    values |= _hips(performance, world[:, JOINT["hips"]])
    for side in SIDES:
        bends = np.linalg.norm(to_vector(performance.rotations), axis=-1)
        fingers = [[JOINT[bone] for bone in finger_bones(side, finger)] for finger in FINGERS[1:]]
        closed = np.mean([bends[:, bones].sum(1) for bones in fingers], 0) / FIST
        values[f"{side}HandOpen"] = 1 - np.clip(closed, 0, 1)
        planted = [CONTACTS.index(f"{side}{part}") for part in ("Heel", "Toe")]
        values[f"{side}FootDown"] = performance.contacts[:, planted].max(1)
    return {name: value if getattr(settings, REGION[name]) else np.zeros(len(value)) for name, value in values.items()}


def _head(turn: np.ndarray) -> dict[str, np.ndarray]:
    """Degrees to the left, upwards, and towards the left shoulder, of a head turned (N, 4) against the chest."""
    ahead, left = rotate(turn, np.array([0.0, -1.0, 0.0])), rotate(turn, np.array([1.0, 0.0, 0.0]))
    yaw, pitch = np.arctan2(ahead[:, 0], -ahead[:, 1]), np.arcsin(np.clip(ahead[:, 2], -1, 1))
    roll = -np.arcsin(np.clip(left[:, 2], -1, 1))
    return {"headYaw": np.degrees(yaw), "headPitch": np.degrees(pitch), "headRoll": np.degrees(roll)}


def _hips(performance: Performance, turn: np.ndarray) -> dict[str, np.ndarray]:
    """How far the hips are to the left of the middle between the feet, m; above where they are in standing, m; m/s."""
    places = joint_positions(performance.rotations, performance.root, performance.skeleton)
    feet = [JOINT["leftFoot"], JOINT["rightFoot"]]
    left = rotate(turn, np.array([1.0, 0.0, 0.0])) * [1, 1, 0]
    left = left / np.maximum(np.linalg.norm(left, axis=1, keepdims=True), 1e-9)
    root = performance.root
    standing = ankle_height(performance) - performance.skeleton[feet, 2].mean()
    speed = np.zeros(len(root))
    if len(root) > 1:
        speed = np.linalg.norm(np.gradient(root[:, :2], performance.time, axis=0), axis=1)
    sway = ((root - places[:, feet].mean(1)) * left).sum(1)
    return {"hipsSway": sway, "hipsHeight": root[:, 2] - standing, "hipsSpeed": speed}


class _Keys:
    """A clip's columns by name, to which turns, moves and values are added."""

    def __init__(self, clip: Clip, metre: float):
        self._clip, self._metre = clip, metre
        self._turns = {bone: clip.rotations[:, i] for i, bone in enumerate(clip.bones)}
        self._moves = {bone: clip.locations[:, i] for i, bone in enumerate(clip.movers)}
        self._values = {slider: clip.values[:, i] for i, slider in enumerate(clip.sliders)}

    def add(self, name: str, drive: Drive, amount: np.ndarray) -> None:
        """Add what a drive does, (N,): a turn in degrees, a move in metres, or a slider's value."""
        if "turn" in drive:
            extra = from_axis_angle(np.eye(3)[AXES.index(drive["turn"])], np.radians(amount))
            self._turns[name] = multiply(self._turns.get(name, IDENTITY), extra)
        elif "move" in drive:
            way = np.eye(3)[AXES.index(drive["move"])] * self._metre
            self._moves[name] = self._moves.get(name, np.zeros(3)) + amount[:, None] * way
        else:
            value = self._values.get(name, 0.0) + amount
            self._values[name] = value if "min" in drive else np.maximum(value, 0.0)

    def clip(self) -> Clip:
        """The clip with all that has been added."""
        return replace(
            self._clip,
            bones=tuple(self._turns), rotations=continuous(normalise(self._columns(self._turns, 4))),
            movers=tuple(self._moves), locations=self._columns(self._moves, 3),
            sliders=tuple(self._values), values=self._columns(self._values),
        )  # fmt: skip

    def _columns(self, found: dict[str, np.ndarray], *width: int) -> np.ndarray:
        return np.stack([*found.values()], 1) if found else np.zeros((len(self._clip.frames), 0, *width))
