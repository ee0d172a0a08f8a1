"""When heels and toes rest on the floor, where the floor is, and what holds a planted foot in place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_propagation, minimum_filter1d

from . import rotations, signals
from .body import Sight
from .bones import POINT

FEET = [POINT[name] for name in ("leftHeel", "leftFootIndex", "rightHeel", "rightFootIndex")]  # as names.CONTACTS
# Against four cameras (two views of a man who steps, leans, balances) these find .90 to 1.0 of the resting feet, and
# .92 to .95 of what they find does rest.
SPEED = 0.5  # m/s: a foot that rests is slower,
STIR = 0.3  # m/s: and before and after it moves, it is slower than this,
ALONG = 0.35  # counting this share of what is along the line of sight, where speed is known least,
ABOVE = 0.15  # m: and is not higher above the lowest foot around that moment
SHORTEST = 0.1  # s: briefer contacts and briefer breaks are noise
LOWEST = 5  # percentile of the lowest point's height over time that is taken for the floor
HOLD = 0.0015  # m: how far a planted foot may move from one sample to the next
FLAT = 0.04  # m: how far it may be off the floor
OFF = 0.03  # m: how far it seems to be off where it stands on it,
AWAY = 0.15  # m: when besides its depth is off by so much

# Where a person's mass is, by points (segment masses of Winter, "Biomechanics and motor control of human movement").
MASS = {"Shoulder": 0.18, "Hip": 0.11, "Elbow": 0.028, "Wrist": 0.022, "Knee": 0.1, "Ankle": 0.06}
LEVEL = np.radians([5, 15])  # a tilt is believed from the first, and wholly from the second: fits lean people by 5
STEEPEST = np.radians(45)
LONG = 0.8  # of its straight length, of the leg on which somebody stands
CROOKED = np.radians(30)  # between trunk and legs, at most
SUPPORTED = 0.1  # of the samples have to show resting feet before they tell which way is up


@dataclass(frozen=True)
class Anchors:
    """What holds planted feet (T samples, P points).

    height: m along `up`, where the floor is. stiffness: (T, P) 1/m2, how firmly points are held at that height.
    hold: (T, P) 1/m2, how firmly they are held where they are in the next sample.
    """

    height: float
    stiffness: np.ndarray
    hold: np.ndarray


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


def floor(points: np.ndarray, up: np.ndarray, present: np.ndarray) -> float:
    """Height of the floor along `up`, m: where the lowest of heels and toes are at their lowest.

    points: (T, P, 3) m. up: (3,). present: (T,) whether somebody is there.
    """
    lowest = (points[:, FEET] @ up).min(1)
    return float(np.percentile(lowest[present] if present.any() else lowest, LOWEST))


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


def detect(rests: np.ndarray, points: np.ndarray, sight: Sight, up: np.ndarray) -> np.ndarray:
    """Which of left heel, left toe, right heel and right toe stand on something, (T, 4) 0 or 1.

    rests: (T, 4) bool, of `resting`. points: (T, P, 3) m. sight: of the picked points. up: (3,).
    Heights are against the lowest foot of the second before and after, so that an error of `up` does not matter to
    somebody who walks towards the camera.
    """
    height = points[:, FEET] @ up
    window = 2 * int(np.ceil(sight.fps)) + 1
    lowest = minimum_filter1d(height.min(1), window, mode="nearest")
    return (rests & (height < lowest[:, None] + ABOVE)).astype(float)


def anchors(rests: np.ndarray, points: np.ndarray, up: np.ndarray, height: float | None, firmness: float) -> Anchors:
    """What holds feet that rest: each where it is, and those near to the floor on it.

    rests: (T, 4) bool. points: (T, P, 3) m. up: (3,). height: of the floor along `up`, m; None where it is not known.
    firmness: 0..1, how strongly they are held.
    Each stretch of rest is drawn to the floor by the share that it looks like standing on it, for what its height
    and its depth may be off; a foot that rests on a step or in the air keeps its height.
    """
    stiffness, hold = np.zeros(points.shape[:2]), np.zeros(points.shape[:2])
    hold[:-1, FEET] = (rests[1:] & rests[:-1]) * firmness / HOLD**2
    if height is None:
        return Anchors(0.0, stiffness, hold)
    for column, foot in enumerate(FEET):
        for start, stop in signals.runs(rests[:, column]):
            place = np.median(points[start:stop, foot], axis=0)
            off = np.hypot(OFF, AWAY * abs(place @ up) / np.linalg.norm(place))
            share = 1 / (1 + ((place @ up - height) / off) ** 2) ** 2
            stiffness[start:stop, foot] = share * firmness / FLAT**2
    return Anchors(height, stiffness, hold)


def steady(mask: np.ndarray, shortest: int) -> np.ndarray:
    """A condition with short breaks closed, then short stretches dropped. mask: (T,) bool; shortest: samples."""
    mask = mask.copy()
    for value in (False, True):
        for start, stop in signals.runs(mask == value):
            inner = start > 0 and stop < len(mask)
            if stop - start < shortest and (inner or value):
                mask[start:stop] = not value
    return mask
