"""A performer of known truth: squats, waves and takes a step before a camera, seen as the pose network sees people."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from understudy.solvers.body import bones, observed
from understudy.solvers.body.bones import BONE, POINT, POINTS
from understudy.solvers.motion import rotations
from understudy.solvers.names import BODY_POINT, BODY_POINTS
from understudy.solvers.take import Landmarks, Take

SIZE = (1280, 720)
LENS = observed.Camera(observed.FOCAL * max(SIZE), np.array(SIZE) / 2)
EYE = np.array([0.0, -5.0, 1.0])  # m, where the camera is


@dataclass(frozen=True)
class Acted:
    """take: what was seen. points: (T, P, 3) m from the camera. length: (B,) m. planted: (T, 2) feet that rest."""

    take: Take
    points: np.ndarray
    length: np.ndarray
    planted: np.ndarray


def bent(start, end, first, second, towards):
    """The joint between two bones of given lengths from start to end (T, 3), bent towards a direction (3,)."""
    line = end - start
    reach = np.minimum(np.linalg.norm(line, axis=1, keepdims=True), first + second - 1e-4)
    along = line / np.linalg.norm(line, axis=1, keepdims=True)
    aside = towards - (along @ towards)[:, None] * along
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    share = (first**2 - second**2 + reach**2) / (2 * reach)
    return start + along * share + aside * np.sqrt(np.maximum(first**2 - share**2, 0))


def act(fps: float = 30.0, seconds: float = 4.0, noise: float = 0.004, tilt: float = 0.0) -> Acted:
    """Somebody who squats, waves the right arm and steps forward with the left foot half way.

    noise: m, of each point and sample, three times as much in depth. tilt: rad, how far the camera looks down.
    """
    time = np.arange(int(seconds * fps)) / fps
    length = bones.USUAL * 0.5
    size = lambda a, b: length[BONE[a, b]]  # noqa: E731
    stepping = np.clip((time - seconds / 2) / 0.4, 0, 1)
    step = stepping * stepping * (3 - 2 * stepping) * 0.5
    one, zero = np.ones_like(time), np.zeros_like(time)
    at = {}
    hips = np.stack([0.02 * np.sin(time), -step / 2, 0.76 - 0.15 * np.sin(np.pi * time / 2) ** 2], 1)
    for side, sign in (("left", 1), ("right", -1)):
        forward = -step if side == "left" else zero
        lift = 0.13 * np.sin(np.pi * stepping) * (side == "left")
        ankle = np.stack([0.1 * sign * one, forward, 0.08 + lift], 1)
        at[f"{side}Hip"] = hips + [sign * size("rightHip", "leftHip") / 2, 0, 0]
        at[f"{side}Ankle"], at[f"{side}Heel"] = ankle, ankle + [0, 0.03, -0.046]
        at[f"{side}FootIndex"] = ankle + [0, -0.14, -0.046]
        legs = size("leftHip", "leftKnee"), size("leftKnee", "leftAnkle")
        at[f"{side}Knee"] = bent(at[f"{side}Hip"], ankle, *legs, np.array([0.0, -1.0, 0.0]))
        shoulder = hips + [sign * size("rightShoulder", "leftShoulder") / 2, 0, 0.49]
        swing = 0.5 * np.sin(2 * np.pi * 0.7 * time)
        wrist = shoulder + (
            [0.1, -0.1, -0.45] if side == "left" else np.stack([-0.25 + 0.1 * swing, -0.2 * one, 0.2 * one], 1)
        )
        arms = size("leftShoulder", "leftElbow"), size("leftElbow", "leftWrist")
        elbow = bent(shoulder, wrist, *arms, np.array([sign * 0.5, 0.5, -0.7]))
        at[f"{side}Shoulder"], at[f"{side}Elbow"], at[f"{side}Wrist"] = shoulder, elbow, wrist
    turn = rotations.from_axis_angle(np.array([1.0, 0, 0]), np.array(tilt))
    middle = np.array([0.0, 0.0, 1.0])
    points = rotations.rotate(turn, np.stack([at[name] for name in POINTS], 1) - middle) + middle - EYE
    planted = np.stack([(stepping == 0) | (stepping == 1), one > 0], 1)
    return Acted(_seen(time, points, noise, fps), points, length, planted)


def _seen(time, points, noise, fps) -> Take:
    rng = np.random.default_rng(0)
    whole = np.empty((len(time), len(BODY_POINTS), 3))
    shoulders = points[:, [POINT["leftShoulder"], POINT["rightShoulder"]]].mean(1)
    whole[:] = (shoulders + [0, -0.05, 0.25])[:, None]
    for name in ("Eye", "Ear"):
        for side, sign in (("left", 1), ("right", -1)):
            whole[:, BODY_POINT[side + name]] = shoulders + [0.07 * sign, 0 if name == "Ear" else -0.08, 0.27]
    for name in POINTS:
        whole[:, BODY_POINT[name]] = points[:, POINT[name]]
    for side in ("left", "right"):
        for name in ("Pinky", "Index", "Thumb"):
            whole[:, BODY_POINT[side + name]] = points[:, POINT[f"{side}Wrist"]] + [0, -0.02, -0.08]
    noisy = whole + rng.normal(size=whole.shape) * noise * [1, 3, 1]
    depth = whole[..., 1]
    image = np.stack(
        [
            LENS.centre[0] + LENS.focal * noisy[..., 0] / depth,
            LENS.centre[1] - LENS.focal * noisy[..., 2] / depth,
            np.zeros_like(depth),
        ],
        -1,
    )
    world = noisy - noisy[:, observed.HIPS].mean(1, keepdims=True)
    take = Take.empty(time, SIZE, source={"fps": fps})
    take = replace(take, body=Landmarks(image, world, np.ones(whole.shape[:2])))
    return replace(take, body=Landmarks(image, as_the_network_sees(take, world), np.ones(whole.shape[:2])))


def as_the_network_sees(take: Take, world: np.ndarray) -> np.ndarray:
    """World points head-on to the cut-out about the body, and leaning forwards: undoes what observed.py makes good."""
    sight = observed.gate(take, take.time)
    there = observed.turn_to_rays(observed.straighten(sight), LENS).world
    turn = _rigid(sight.world, there, np.arange(23, 33))
    result = rotations.rotate(rotations.inverse(turn)[:, None], world)
    arms = np.arange(23)
    turn_arms = _rigid(sight.world, there, np.arange(11, 23))
    shoulders = [BODY_POINT["leftShoulder"], BODY_POINT["rightShoulder"]]
    middle = world[:, shoulders].mean(1, keepdims=True)
    moved = rotations.rotate(rotations.inverse(turn_arms)[:, None], world[:, arms] - middle)
    result[:, arms] = result[:, shoulders].mean(1, keepdims=True) + moved
    return result


def _rigid(before: np.ndarray, after: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The rotations (T, 4) that turn points into others, about their own middles (Kabsch 1976)."""
    a, b = (x[:, chosen] - x[:, chosen].mean(1, keepdims=True) for x in (before, after))
    u, _, v = np.linalg.svd(np.swapaxes(a, 1, 2) @ b)
    sign = np.sign(np.linalg.det(u @ v))
    u[:, :, 2] *= sign[:, None]
    return rotations.from_matrix(np.swapaxes(u @ v, 1, 2))


@pytest.fixture(scope="session")
def acted() -> Acted:
    """Four seconds at 30 fps."""
    return act()


@pytest.fixture(scope="session")
def acting():
    """The maker of such performers: fps, seconds, noise, tilt."""
    return act
