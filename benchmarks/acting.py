"""A scripted performer: keys on a few named channels become a whole performance whose truth is known exactly.

Directions are those of the character: x to its left, y to its back, z up. Angles in scripts are degrees: pitch nods
forward, yaw turns to the character's left, roll leans to its left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from ..addon.figures.proportions import Proportions, joints
from ..solvers.motion import rotations as rot
from ..solvers.names import EXPRESSION, EXPRESSIONS, JOINT, JOINTS, finger_bones
from ..solvers.performance import Performance
from .voice import Phoneme, mouth_keys

FPS = 24
HIPS = 0.945  # m, height of the hips of the figure that scripts are written for; others take smaller steps or larger
# degrees at full weight, as the figures' shapes turn eyes
EYE_RANGE = {"Out": 30.0, "In": 30.0, "Up": 24.0, "Down": 28.0}

# Curl of (thumb, index, middle, ring, little) as a share of a fist, and how far the fingers spread, degrees.
HANDS = {
    "relaxed": ((0.15, 0.22, 0.28, 0.32, 0.34), 1.0),
    "open": ((0.02, 0.05, 0.05, 0.07, 0.08), 5.0),
    "spread": ((-0.15, 0.0, 0.0, 0.0, 0.0), 11.0),
    "point": ((0.5, 0.0, 0.85, 0.95, 1.0), 0.0),
    "pinch": ((0.45, 0.50, 0.30, 0.22, 0.18), 3.0),
    "fist": ((0.75, 1.0, 1.0, 1.0, 1.0), 0.0),
}
FIST = (78.0, 96.0, 58.0)  # degrees of the three joints of a finger in a fist
THUMB_FIST = (30.0, 45.0, 55.0)

Key = tuple[float, ...]


@dataclass(frozen=True)
class Plant:
    """One foot on the floor: from and until when (s), where the ankle is (x, y in m), where it points (degrees)."""

    start: float
    end: float
    x: float
    y: float
    yaw: float


@dataclass(frozen=True)
class Script:
    """What a performer does. Every channel is a list of keys (time in s, values...), smooth between and held outside.

    Lengths are those of a figure whose hips are HIPS high, and are scaled for others.
    seconds: length. hips: (t, x, y, drop) m from standing. hips_turn, torso, head: (t, pitch, yaw, roll) degrees.
    arms: {side: keys of (t, upper arm (3), forearm (3), palm (3), wrist (3))}, directions in the chest's axes as a
    left arm
    would take them (x outwards), and a rotation of the hand in its own axes, degrees. hands: {side: (t, name in
    HANDS)}.
    feet: {side: plants in order}; between two plants the foot steps. gaze: (t, yaw, pitch) degrees relative to the
    head.
    face: {ARKit name, or a stem that stands for Left and Right: keys of (t, weight)}. blinks: times, s.
    speech: when it starts (s), and its phonemes. life: size of breathing and sway, 1 as in a person who talks.
    """

    seconds: float
    hips: Sequence[Key] = ((0.0, 0.0, 0.0, 0.0),)
    hips_turn: Sequence[Key] = ((0.0, 0.0, 0.0, 0.0),)
    torso: Sequence[Key] = ((0.0, 0.0, 0.0, 0.0),)
    head: Sequence[Key] = ((0.0, 0.0, 0.0, 0.0),)
    arms: Mapping[str, Sequence[tuple]] = field(default_factory=dict)
    hands: Mapping[str, Sequence[tuple[float, str]]] = field(default_factory=dict)
    feet: Mapping[str, Sequence[Plant]] = field(default_factory=dict)
    gaze: Sequence[Key] = ((0.0, 0.0, 0.0),)
    face: Mapping[str, Sequence[Key]] = field(default_factory=dict)
    blinks: Sequence[float] = ()
    speech: tuple[float, Sequence[Phoneme]] = (0.0, ())
    life: float = 1.0


HANGING = ((0.17, 0.06, -0.98), (0.13, -0.24, -0.96), (-0.70, 0.72, 0.0), (0.0, 0.0, 0.0))


def perform(script: Script, p: Proportions, size: tuple[int, int], projection: np.ndarray) -> Performance:
    """Play a script with a figure's proportions.

    size: px of the picture it will be seen in; projection: (3, 4), world to picture.
    """
    time = np.arange(round(script.seconds * FPS)) / FPS
    local = np.zeros((len(time), len(JOINTS), 4))
    local[..., 0] = 1.0
    rest = skeleton(p)
    turn = curve(script.hips_turn, time) + _life(time, script.life, (0.4, 0.8, 0.5), 0.31)
    local[:, JOINT["hips"]] = _turned(turn)
    _torso(script, time, local)
    _head(script, time, local)
    for side in ("left", "right"):
        _arm(script, side, time, local)
        _fingers(script, side, time, local)
    feet = {side: _foot_path(script.feet[side], time, p) for side in ("left", "right")}
    root = _root(script, time, p, local[:, JOINT["hips"]], feet, rest)
    for side in ("left", "right"):
        _leg(side, local, root, rest, feet[side])
    gaze = curve(script.gaze, time)
    contacts = np.stack([feet[side][2] for side in ("left", "left", "right", "right")], 1)
    return Performance(
        time=time, rotations=rot.continuous(local), root=root, skeleton=rest - rest[JOINT["hips"]],
        expressions=expressions(script, time, gaze), gaze=np.repeat(np.radians(gaze)[:, None], 2, axis=1),
                    contacts=contacts,
        confidence=np.ones(local.shape[:2]), face_confidence=np.ones(len(time)), projection=projection, size=size,
                   framing="full",
    )  # fmt: skip


def skeleton(p: Proportions) -> np.ndarray:
    """Joints of a figure in T-pose (J, 3) m, in the order of names.JOINTS; the jaw sits in the head joint."""
    places = joints(p)
    return np.array([places["head" if name == "jaw" else name][0] for name in JOINTS])


def curve(keys: Sequence[Key], time: np.ndarray, soften: float = 1.0) -> np.ndarray:
    """Values (T, D) of a channel: monotone cubics through its keys, held outside, corners rounded off.

    keys: (t, values...); time: (T,) s; soften: standard deviation of the rounding, samples.
    """
    table = np.array(keys, float)
    if len(table) == 1:
        return np.repeat(table[:, 1:], len(time), axis=0)
    values = PchipInterpolator(table[:, 0], table[:, 1:])(np.clip(time, table[0, 0], table[-1, 0]))
    return gaussian_filter1d(values, soften, axis=0, mode="nearest") if soften else values


def _life(time: np.ndarray, size: float, amplitudes: tuple[float, ...], start: float) -> np.ndarray:
    """Small slow wandering (T, D), sums of sines without a common period; amplitudes in the unit wanted."""
    rates = np.array([0.27, 0.43, 0.71])
    phases = start * 7.0 + np.arange(len(amplitudes))[:, None] * 2.3 + np.array([0.0, 1.7, 4.1])
    waves = np.sin(2 * np.pi * rates * time[:, None, None] + phases) * [0.6, 0.3, 0.1]
    return size * np.array(amplitudes) * waves.sum(-1)


def _turned(angles: np.ndarray, share: float = 1.0) -> np.ndarray:
    """Rotations (T, 4) from (pitch, yaw, roll) degrees: first roll, then pitch, then yaw."""
    pitch, yaw, roll = np.radians(share * np.asarray(angles)).T
    spin = [rot.from_axis_angle(np.eye(3)[axis], angle) for axis, angle in ((0, pitch), (2, yaw), (1, roll))]
    return rot.multiply(spin[1], rot.multiply(spin[0], spin[2]))


def _torso(script: Script, time: np.ndarray, local: np.ndarray) -> None:
    breath = script.life * np.sin(2 * np.pi * 0.29 * time)
    angles = curve(script.torso, time) + _life(time, script.life, (0.5, 0.9, 0.6), 0.77)
    angles[:, 0] -= 0.7 * breath
    for name, share in (("spine", 0.3), ("chest", 0.35), ("upperChest", 0.35)):
        local[:, JOINT[name]] = _turned(angles, share)


def _head(script: Script, time: np.ndarray, local: np.ndarray) -> None:
    angles = curve(script.head, time) + _life(time, script.life, (1.0, 1.4, 0.8), 0.13)
    for name, share in (("neck", 0.4), ("head", 0.6)):
        local[:, JOINT[name]] = _turned(angles, share)


def _arm(script: Script, side: str, time: np.ndarray, local: np.ndarray) -> None:
    """Upper arm and forearm point where the script says, the elbow's hinge in their plane, the palm faces its way."""
    keys = script.arms.get(side, ((0.0, *HANGING),))
    table = [(k[0], *np.concatenate([np.asarray(v, float) for v in k[1:]])) for k in keys]
    values = curve(table, time) + _life(time, script.life, (0.012,) * 6 + (0.0,) * 6, 0.5 if side == "left" else 0.9)
    upper, fore, palm = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in np.split(values[:, :9], 3, axis=1))
    lift = np.radians(np.clip(25 * (upper[:, 2] + 0.1), 0, 22))  # the shoulder rises with an arm above the horizon
    breath = np.radians(1.2 * script.life * np.sin(2 * np.pi * 0.29 * time))
    shoulder = rot.from_axis_angle(np.array([0, 1.0, 0]), -lift - breath)
    hinge = np.cross(upper, fore)
    rest = rot.from_matrix(rot.frame(np.array([1.0, 0, 0]), np.array([0, 0, -1.0])))
    chest_upper = rot.multiply(rot.from_matrix(rot.frame(upper, hinge)), rot.inverse(rest))
    chest_fore = rot.multiply(rot.from_matrix(rot.frame(fore, hinge)), rot.inverse(rest))
    chest_hand = rot.multiply(rot.from_matrix(rot.frame(fore, palm)), rot.inverse(rest))
    twist = rot.to_vector(rot.multiply(rot.inverse(chest_fore), chest_hand))[:, 0]
    chest_fore = rot.multiply(chest_fore, rot.from_axis_angle(np.array([1.0, 0, 0]), 0.6 * twist))
    chest_hand = rot.multiply(chest_hand, rot.from_vector(np.radians(values[:, 9:12])))
    chain = [shoulder, chest_upper, chest_fore, chest_hand]
    steps = [chain[0]] + [rot.multiply(rot.inverse(a), b) for a, b in zip(chain[:-1], chain[1:], strict=True)]
    for name, q in zip(("Shoulder", "UpperArm", "LowerArm", "Hand"), steps, strict=True):
        local[:, JOINT[f"{side}{name}"]] = q if side == "left" else q * [1, 1, -1, -1]


def _fingers(script: Script, side: str, time: np.ndarray, local: np.ndarray) -> None:
    """Fingers between the named shapes of a hand; every finger a little later than its neighbour."""
    keys = script.hands.get(side, ((0.0, "relaxed"),))
    table = [(t, *HANDS[name][0], HANDS[name][1]) for t, name in keys]
    down, around = np.array([0, 1.0, 0]), np.array([0, 0, 1.0])
    for i, finger in enumerate(("Thumb", "Index", "Middle", "Ring", "Little")):
        values = curve(table, time - 0.02 * i, 1.2)
        curl = values[:, i] + _life(time, script.life, (0.03,), 0.2 * i)[:, 0]
        spread = values[:, 5] * (0.9, 0.25, -0.4, -1.0)[i - 1] if i else values[:, 5] * 1.2
        for k, name in enumerate(finger_bones(side, finger)):
            if finger == "Thumb":  # its hinge lies across the thumb, seen from the palm it closes toward the fingers
                hinge = np.array([0.35, 0.45, 0.82])
                q = rot.from_axis_angle(hinge / np.linalg.norm(hinge), np.radians(curl * THUMB_FIST[k]))
                if k == 0:
                    q = rot.multiply(q, rot.from_axis_angle(around, np.radians(-0.8 * spread)))
            else:
                q = rot.from_axis_angle(down, np.radians(curl * FIST[k]))
                if k == 0:
                    fan = np.radians(-spread * np.clip(1 - curl, 0, 1))
                    q = rot.multiply(rot.from_axis_angle(around, fan), q)
            local[:, JOINT[name]] = q if side == "left" else q * [1, 1, -1, -1]


def _foot_path(plants: Sequence[Plant], time: np.ndarray, p: Proportions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ankle (T, 3) m, the foot's rotation (T, 4) and its contact (T,) along a row of plants."""
    first, size = plants[0], p.hips / HIPS
    place = np.tile([size * first.x, size * first.y, p.ankle], (len(time), 1))
    yaw, pitch, contact = np.full(len(time), first.yaw), np.zeros(len(time)), np.ones(len(time))
    for a, b in zip(plants[:-1], plants[1:], strict=True):
        s = np.clip((time - a.end) / (b.start - a.end), 0, 1)
        # least jerk: Flash and Hogan 1985, https://doi.org/10.1523/JNEUROSCI.05-07-01688.1985
        way = s**3 * (10 - 15 * s + 6 * s * s)
        moving, later = (s > 0) & (s < 1), s > 0
        place[later, :2] = size * ((1 - way[later, None]) * [a.x, a.y] + way[later, None] * [b.x, b.y])
        yaw[later] = (1 - way[later]) * a.yaw + way[later] * b.yaw
        place[moving, 2] = p.ankle + 0.055 * size * np.sin(np.pi * way[moving]) ** 2
        pitch[moving] = 16 * np.sin(2 * np.pi * way[moving]) * np.sin(np.pi * s[moving])
        contact[moving] = 0.0
    angles = np.stack([pitch, yaw, np.zeros(len(time))], 1)
    return place, _turned(angles), contact


def _root(
    script: Script, time: np.ndarray, p: Proportions, turn: np.ndarray, feet: dict, rest: np.ndarray
) -> np.ndarray:
    """Where the hips go (T, 3) m: along the script, but never higher than either leg can reach."""
    moves = p.hips / HIPS * curve(script.hips, time, 1.5) + _life(time, script.life, (0.006, 0.005, 0.0), 0.4)
    root = np.stack([moves[:, 0], moves[:, 1], p.hips - moves[:, 2]], 1)
    ceiling = np.full(len(time), np.inf)
    for side in ("left", "right"):
        hip, knee, ankle = (rest[JOINT[f"{side}{n}"]] for n in ("UpperLeg", "LowerLeg", "Foot"))
        reach = 0.994 * (np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee))
        at = rot.rotate(turn, hip - rest[JOINT["hips"]])
        level = np.linalg.norm(root[:, :2] + at[:, :2] - feet[side][0][:, :2], axis=1)
        ceiling = np.minimum(ceiling, feet[side][0][:, 2] + np.sqrt(np.maximum(reach**2 - level**2, 0)) - at[:, 2])
    soft = 0.006  # m; bends in gently under the ceiling
    root[:, 2] = ceiling - soft * np.logaddexp(0, (ceiling - root[:, 2]) / soft)
    return root


def _leg(side: str, local: np.ndarray, root: np.ndarray, rest: np.ndarray, foot: tuple) -> None:
    """Turn thigh and shin so that the ankle is where the foot's path says, the knee toward the toes."""
    ankle_at, foot_turn, _ = foot
    hip, knee, ankle = (rest[JOINT[f"{side}{n}"]] for n in ("UpperLeg", "LowerLeg", "Foot"))
    hips_turn = local[:, JOINT["hips"]]
    start = root + rot.rotate(hips_turn, hip - rest[JOINT["hips"]])
    thigh, shin = knee - hip, ankle - knee
    a, b = np.linalg.norm(thigh), np.linalg.norm(shin)
    line = ankle_at - start
    span = np.linalg.norm(line, axis=1)
    cosine = np.clip((a * a + span**2 - b * b) / (2 * a * span), -1, 1)
    way = line / span[:, None]
    forward = rot.rotate(foot_turn, np.array([0, -1.0, 0])) + rot.rotate(hips_turn, np.array([0, -1.0, 0]))
    forward -= (forward * way).sum(1, keepdims=True) * way
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    to_knee = a * (cosine[:, None] * way + np.sqrt(1 - cosine**2)[:, None] * forward)
    hinge = np.cross(forward, way)
    rest_hinge = np.array([1.0, 0, 0])
    turn = [rot.from_matrix(rot.frame(d, hinge) @ rot.frame(r, rest_hinge).T)
            for d, r in ((to_knee, thigh), (line - to_knee, shin))]  # fmt: skip
    chain = [hips_turn, *turn, foot_turn]
    for name, above, own in zip(("UpperLeg", "LowerLeg", "Foot"), chain[:-1], chain[1:], strict=True):
        local[:, JOINT[f"{side}{name}"]] = rot.multiply(rot.inverse(above), own)


def expressions(script: Script, time: np.ndarray, gaze: np.ndarray) -> np.ndarray:
    """ARKit weights (T, 52): the script's own keys, speech, blinks of four frames, and what the eyes look at."""
    values = np.zeros((len(time), len(EXPRESSIONS)))

    def add(stem: str, curve_values: np.ndarray) -> None:
        names = [stem] if stem in EXPRESSION else [f"{stem}Left", f"{stem}Right"]
        for name in names:
            values[:, EXPRESSION[name]] += curve_values

    for stem, keys in script.face.items():
        add(stem, curve(keys, time)[:, 0])
    start, phonemes = script.speech
    for stem, keys in mouth_keys(phonemes, start).items():
        add(stem, curve(keys, time, 0.35)[:, 0])
    yaw, pitch = gaze.T
    for side, out in (("Left", yaw), ("Right", -yaw)):
        for way, angle in (("Out", out), ("In", -out), ("Up", pitch), ("Down", -pitch)):
            values[:, EXPRESSION[f"eyeLook{way}{side}"]] += np.clip(angle / EYE_RANGE[way], 0, 1)
    # closing in two frames, closed in one, opening in two: four frames in all between half open
    for t in script.blinks:
        lid = np.interp(time, t + np.array([-2.2, -0.6, 0.6, 2.6]) / FPS, [0, 1, 1, 0])
        names = [EXPRESSION["eyeBlinkLeft"], EXPRESSION["eyeBlinkRight"]]
        values[:, names] = np.maximum(values[:, names], lid[:, None])
    return np.clip(values, 0, 1)
