"""When heels and toes rest on the floor, where the floor is, and what holds a planted foot in place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_propagation, minimum_filter1d

from ..motion import rotations, signals
from .bones import BONE, POINT
from .observed import Sight

FEET = [POINT[name] for name in ("leftHeel", "leftFootIndex", "rightHeel", "rightFootIndex")]  # as names.CONTACTS
# Against four cameras (two views of a man who steps, leans, balances) these find .90 to 1.0 of the resting feet, and
# .92 to .95 of what they find does rest.
SPEED = 0.5  # m/s: a foot that rests is slower,
STIR = 0.35  # m/s: and before and after it moves, it is slower than this,
ALONG = 0.35  # counting this share of what is along the line of sight, where speed is known least,
ABOVE = 0.15  # m: and is not higher above the lowest foot around that moment
RAISED = 0.04  # m: above its own toes, from where on a heel is raised, and the other way round
SHORTEST = 0.1  # s: briefer contacts and briefer breaks are noise
LOWEST = 5  # percentile of the lowest point's height over time that is taken for the floor
HOLD = 0.0015  # m: how far a planted foot may move from one sample to the next
FLAT = 0.012  # m: how far it may be off the floor
OFF = 0.03  # m: how far it seems to be off where it stands on it,
AWAY = 0.05  # m: when besides its depth is off by so much
BRIEF = 0.08  # m: and for a rest of STOOD seconds
BELOW = 0.3  # m: nothing stands below the floor
HEEL = 0.1  # m: the heel's point may lie this much above the toes' in a foot that stands flat (measured: .03 to .08)
LEANT, LAIN = np.radians(35), 0.25  # rad and m: a trunk nearer to level than this, and hips no higher, lie
SOFT = 0.035  # m: how far flesh gives
TRIED = 60  # heights of the floor
# How far the skin is from a joint, m, where somebody lies, kneels or sits on it.
FLESH = {"Shoulder": 0.08, "Hip": 0.1, "Knee": 0.05, "Elbow": 0.04, "Wrist": 0.03}

# Where a person's mass is, by points (segment masses of Winter, "Biomechanics and motor control of human movement").
MASS = {"Shoulder": 0.18, "Hip": 0.11, "Elbow": 0.028, "Wrist": 0.022, "Knee": 0.1, "Ankle": 0.06}
LEVEL = np.radians([5, 15])  # a tilt is believed from the first, and wholly from the second: fits lean people by 5
STEEPEST = np.radians(45)
TILT, ROLL = 0.09, 0.03  # slopes: how far `up` may be off as a camera looks up or down, and aside or level
UNEVEN = 0.04  # m: how far a place where a foot stands may be off a level floor
STOOD = 0.3  # s: a place counts in full
TURN = 0.25  # slope: more than this is no error
ROUNDS = 10
LONG = 0.8  # of its straight length, of the leg on which somebody stands
CROOKED = np.radians(30)  # between trunk and legs, at most
SUPPORTED = 0.1  # of the samples have to show resting feet before they tell which way is up


@dataclass(frozen=True)
class Anchors:
    """What holds planted feet (T samples, P points).

    height: (P,) m along `up`, where each is on the floor. stiffness: (T, P) 1/m2, how firmly points are held there.
    hold: (T, P) 1/m2, how firmly they are held where they are in the next sample.
    """

    height: np.ndarray
    stiffness: np.ndarray
    hold: np.ndarray


@dataclass(frozen=True)
class Ground:
    """Where feet stand.

    height: m along `up`, of the toes on the floor. heel: m, how much higher the point of the heel is than that of the
    toes in a foot that stands flat: the network sees it at the back of the shoe, not at the sole.
    """

    height: float
    heel: float

    @property
    def each(self) -> np.ndarray:
        """Heights (4,) m of heels and toes on the floor, in the order of names.CONTACTS."""
        return self.height + np.array([self.heel, 0.0, self.heel, 0.0])


def upwards(points: np.ndarray, sight: Sight) -> np.ndarray:
    """Which way is up in the camera's axes, (3,): a standing person's mass is above the feet that carry it, on average.

    points: (T, P, 3) m. sight: of the picked points. Cameras are taken for level where nobody is seen to stand on
    resting feet; who sits, kneels or lies tells nothing.
    """
    up = np.array([0.0, 0.0, 1.0])
    if len(points) < 2:
        return up
    slow = np.exp(-((_speed(points, sight.fps) / SPEED) ** 2)) * (sight.weight[:, FEET] > 0)
    carried = slow.sum(1) * standing(points)
    if (carried > 0.5).mean() < SUPPORTED:
        return up
    mass = sum(w * points[:, [POINT[s + name] for s in ("left", "right")]].sum(1) for name, w in MASS.items())
    support = (points[:, FEET] * slow[..., None]).sum(1) / np.maximum(slow.sum(1), 1e-9)[:, None]
    lean = (carried[:, None] * (mass / (2 * sum(MASS.values())) - support)).sum(0)
    turn = rotations.to_vector(rotations.between(up, lean))
    angle = np.linalg.norm(turn)
    share = np.clip((angle - LEVEL[0]) / (LEVEL[1] - LEVEL[0]), 0, 1)
    believed = min(angle * share, STEEPEST)
    return rotations.rotate(rotations.from_vector(turn / max(angle, 1e-9) * believed), up)


def levelled(up: np.ndarray, points: np.ndarray, rests: np.ndarray, fps: float) -> np.ndarray:
    """Which way is up, (3,), so that the places where feet have stood lie more nearly on one level.

    up: (3,), by people's lean, which is kept as far as the places do not tell otherwise. points: (T, P, 3) m.
    rests: (T, 4) bool, of `resting`. fps: 1/s. Least squares with Cauchy weights of slopes, and of the heights of heels
    and of toes; steps and what else is not level are outliers.
    """
    found = [
        (np.median(points[start:stop, foot], axis=0), column % 2, min(1.0, (stop - start) / fps / STOOD))
        for column, foot in enumerate(FEET)
        for start, stop in signals.runs(rests[:, column])
    ]
    if len(found) < 3:
        return up
    place, toe, weight = (np.array(part) for part in zip(*found, strict=True))
    roll = np.array([1.0, 0.0, 0.0]) - up[0] * up
    axes = np.stack([roll, np.cross(up, roll)]) / np.linalg.norm(roll)
    rows = np.stack([*(place @ axes.T).T, toe == 0, toe == 1], 1).astype(float)
    firm = np.array([1 / ROLL**2, 1 / (TILT if up[2] < 1 else ROLL) ** 2, 1e-6, 1e-6])
    slopes, share = np.zeros(4), weight
    for _ in range(ROUNDS):
        scaled = rows * (share / UNEVEN**2)[:, None]
        slopes = np.linalg.solve(rows.T @ scaled + np.diag(firm), -scaled.T @ (place @ up))
        share = weight / (1 + ((place @ up + rows @ slopes) / UNEVEN) ** 2)
    found = up + np.clip(slopes[:2], -TURN, TURN) @ axes
    return found / np.linalg.norm(found)


def standing(points: np.ndarray) -> np.ndarray:
    """Whether somebody stands, (T,) bool: legs long, trunk in line with them, and that line up for a camera's eye.

    points: (T, P, 3) m, axes of the camera.
    """
    middle = {
        name: points[:, [POINT[s + name] for s in ("left", "right")]].mean(1) for name in ("Shoulder", "Hip", "Ankle")
    }
    trunk, legs = middle["Shoulder"] - middle["Hip"], middle["Hip"] - middle["Ankle"]
    whole, long = middle["Shoulder"] - middle["Ankle"], np.zeros(len(points))
    for side in ("left", "right"):
        hip, knee, ankle = (points[:, POINT[side + name]] for name in ("Hip", "Knee", "Ankle"))
        length = np.linalg.norm(hip - knee, axis=1) + np.linalg.norm(knee - ankle, axis=1)
        long = np.maximum(long, np.linalg.norm(hip - ankle, axis=1) / np.maximum(length, 1e-6))
    size = lambda v: np.maximum(np.linalg.norm(v, axis=1), 1e-6)  # noqa: E731
    straight = (trunk * legs).sum(1) / size(trunk) / size(legs)
    upright = whole[:, 2] / size(whole)
    return (long > LONG) & (straight > np.cos(CROOKED)) & (upright > np.cos(STEEPEST + CROOKED / 2))


def _speed(points: np.ndarray, fps: float) -> np.ndarray:
    """Speed of heels and toes, (T, 4) m/s, with a part of what is along their lines of sight, which is known least."""
    feet = points[:, FEET]
    velocity = np.gradient(feet, axis=0) * fps
    ray = feet / np.maximum(np.linalg.norm(feet, axis=-1, keepdims=True), 1e-6)
    along = (velocity * ray).sum(-1, keepdims=True) * ray
    return np.linalg.norm(velocity - (1 - ALONG) * along, axis=-1)


def ground(points: np.ndarray, rests: np.ndarray, sight: Sight, up: np.ndarray) -> Ground:
    """Where the floor is: the lowest height at which feet rest for long, unless somebody lies or sits lower.

    points: (T, P, 3) m. rests: (T, 4) bool, of `resting`. sight: of the picked points. up: (3,).
    Where no foot is seen to rest, it is where the feet are at their lowest.
    """
    height, present = points @ up, sight.present
    here = present if present.any() else np.ones(len(points), bool)
    feet = height[:, FEET]
    both = [rests[:, side] & rests[:, side + 1] for side in (0, 2)]
    flat = np.concatenate([(feet[:, side] - feet[:, side + 1])[on] for side, on in zip((0, 2), both, strict=True)])
    heel = float(np.clip(np.median(flat), 0, HEEL)) if len(flat) > SHORTEST * sight.fps else 0.0
    feet = feet - [heel, 0.0, heel, 0.0]
    level = _level(feet[rests]) if rests.any() else float(np.percentile(feet.min(1)[here], LOWEST))
    parts = [POINT[side + name] for name in FLESH for side in ("left", "right")]
    body = height[:, parts] - np.repeat(list(FLESH.values()), 2)
    lying = np.where(sight.weight[:, parts] > 0, body, np.inf).min(1)[here]
    lowest = np.percentile(lying, LOWEST) if np.isfinite(lying).all() else np.inf
    return Ground(float(lowest) if lowest < level - ABOVE / 2 else level, heel)


def _level(heights: np.ndarray) -> float:
    """The lowest height (m) about which many of the heights (N,) are: half as many as about any other."""
    tried = np.linspace(*np.percentile(heights, [1, 99]), TRIED)
    around = (1 / (1 + ((heights[:, None] - tried) / OFF) ** 2) ** 2).sum(0)
    best = int(np.argmax(around >= 0.5 * around.max()))
    while best + 1 < TRIED and around[best + 1] > around[best]:
        best += 1
    return float(tried[best])


def resting(points: np.ndarray, sight: Sight) -> np.ndarray:
    """Which of left heel, left toe, right heel and right toe stay where they are, (T, 4) bool; not what is unseen.

    points: (T, P, 3) m. sight: of the picked points.
    A foot that stays where it is in the picture does so in the room; of what goes along its line of sight, which is
    known least, a part counts.
    """
    if len(points) < 2:
        return np.zeros((len(points), 4), bool)
    speed = _speed(points, sight.fps)
    lifted = speed > SPEED
    lifted = binary_propagation(lifted, np.array([[0, 1, 0]] * 3, bool), lifted | (speed > STIR))
    rests = ~lifted & (sight.weight[:, FEET] > 0)
    shortest = max(1, int(round(SHORTEST * sight.fps)))
    return np.stack([steady(column, shortest) for column in rests.T], 1)


def detect(rests: np.ndarray, points: np.ndarray, sight: Sight, up: np.ndarray, on: Ground) -> np.ndarray:
    """Which of left heel, left toe, right heel and right toe stand on something, (T, 4) bool.

    rests: (T, 4) bool, of `resting`. points: (T, P, 3) m. sight: of the picked points. up: (3,). on: the ground.
    Heights are against the lowest foot of the second before and after, so that an error of `up` does not matter to
    somebody who walks towards the camera. What rests raised, as a heel over its toes, stands on nothing.
    """
    height = points[:, FEET] @ up - on.each
    window = 2 * int(np.ceil(sight.fps)) + 1
    lowest = minimum_filter1d(height.min(1), window, mode="nearest")
    stands = rests & (height < lowest[:, None] + ABOVE)
    raised = height - height[:, [1, 0, 3, 2]]
    for column in range(len(FEET)):
        for start, stop in signals.runs(rests[:, column]):
            stands[start:stop, column] &= np.median(raised[start:stop, column]) < RAISED
    return stands


def anchors(
    rests: np.ndarray, points: np.ndarray, sight: Sight, up: np.ndarray, on: Ground | None, firmness: float
) -> Anchors:
    """What holds feet that rest: each where it is, and those near to the floor on it.

    rests: (T, 4) bool. points: (T, P, 3) m. sight: of them. up: (3,). on: the ground; None where it is not known yet.
    firmness: 0..1, how strongly they are held.
    Each stretch of rest is drawn to the floor by the share that it looks like standing on it, for what its height
    and its depth may be off; a foot that rests on a step or in the air keeps its height.
    """
    height, stiffness, hold = np.zeros(points.shape[1]), np.zeros(points.shape[:2]), np.zeros(points.shape[:2])
    hold[:-1, FEET] = (rests[1:] & rests[:-1]) * firmness / HOLD**2
    if on is None:
        return Anchors(height, stiffness, hold)
    height[FEET], stands = on.each, detect(rests, points, sight, up, on)
    for column, foot in enumerate(FEET):
        for start, stop in signals.runs(stands[:, column]):
            place = np.median(points[start:stop, foot], axis=0)
            slope, brief = abs(place @ up) / np.linalg.norm(place), STOOD * sight.fps / (stop - start)
            off = np.sqrt(OFF**2 + (AWAY * slope) ** 2 + BRIEF**2 * brief)
            above = place @ up - height[foot]
            share = np.maximum(1 - (above / (off if above > 0 else max(off, BELOW))) ** 2, 0) ** 2
            stiffness[start:stop, foot] = share * firmness / FLAT**2
    for start, stop in signals.runs(lying(points, sight, up, on)):
        for name in ("Hip", "Shoulder"):
            pair = [POINT[side + name] for side in ("left", "right")]
            above = np.median(points[start:stop, pair] @ up, axis=0) - FLESH[name] - on.height
            low = int(np.argmin(above))
            height[pair[low]] = on.height + FLESH[name]
            share = max(1 - (above[low] / LAIN) ** 2, 0.0) ** 2
            stiffness[start:stop, pair[low]] = share * firmness / SOFT**2
    return Anchors(height, stiffness, hold)


def lying(points: np.ndarray, sight: Sight, up: np.ndarray, on: Ground) -> np.ndarray:
    """When somebody lies still on the floor, (T,) bool: the trunk level and low.

    points: (T, P, 3) m. sight: of them. up: (3,). on: the ground.
    """
    hips, shoulders = (points[:, [POINT[s + n] for s in ("left", "right")]].mean(1) for n in ("Hip", "Shoulder"))
    trunk = shoulders - hips
    level = np.abs(trunk @ up) < np.sin(LEANT) * np.maximum(np.linalg.norm(trunk, axis=1), 1e-6)
    low = hips @ up - on.height < FLESH["Hip"] + LAIN
    slow = np.linalg.norm(np.gradient(hips, axis=0), axis=1) * sight.fps < SPEED if len(points) > 1 else level
    return steady(level & low & slow & sight.present, max(1, int(round(STOOD * sight.fps))))


def on_soles(points: np.ndarray, length: np.ndarray, heel: float) -> tuple[np.ndarray, np.ndarray]:
    """Points and lengths with the heels at the sole: standing feet become level.

    points: (T, P, 3) m. length: (B,) m in the order of bones.BONES. heel: m, see Ground. Toes and ankles stay.
    """
    points, length = points.copy(), length.copy()
    for side in ("left", "right"):
        ankle, back, tip = (POINT[side + name] for name in ("Ankle", "Heel", "FootIndex"))
        sole, leg = points[:, back] - points[:, tip], points[:, ankle] - points[:, tip]
        size = np.maximum(np.linalg.norm(sole, axis=1, keepdims=True), 1e-6)
        up = leg - (leg * sole).sum(1, keepdims=True) / size**2 * sole
        up /= np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-6)
        lowered = sole - heel * up
        lowered *= size / np.maximum(np.linalg.norm(lowered, axis=1, keepdims=True), 1e-6)
        points[:, back] = points[:, tip] + lowered
        span = np.linalg.norm(points[:, ankle] - points[:, back], axis=1)
        length[BONE[f"{side}Ankle", f"{side}Heel"]] = np.median(span)
    return points, length


def steady(mask: np.ndarray, shortest: int) -> np.ndarray:
    """A condition with short breaks closed, then short stretches dropped. mask: (T,) bool; shortest: samples."""
    mask = mask.copy()
    for value in (False, True):
        for start, stop in signals.runs(mask == value):
            inner = start > 0 and stop < len(mask)
            if stop - start < shortest and (inner or value):
                mask[start:stop] = not value
    return mask
