"""The form of a body under its clothes: cross-sections along torso, arms and legs, and how they follow the bones."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from .cage import Weights, chain, mix, smoothstep
from .proportions import Proportions

SPINE = ("hips", "spine", "chest", "upperChest")
SQUARENESS = 2.5  # exponent of the torso's superellipse; 2 is an ellipse


def torso_ring(p: Proportions, height: float, ease: float) -> np.ndarray:
    """A level section of the torso in 16 points (16, 3) m, from the left side round the back; arguments as below."""
    return torso_points(p, height, ease, 2 * np.pi * np.arange(16) / 16)


def torso_points(p: Proportions, height: float, ease: float, angle: np.ndarray) -> np.ndarray:
    """Points (N, 3) m on a level section of the torso.

    height: m; ease: m, how far the garment stands off the body; angle: (N,) rad from the left side round the back.
    """
    table = np.array(p.torso)
    half, front, back = PchipInterpolator(table[:, 0], table[:, 1:])(np.clip(height, table[0, 0], table[-1, 0])) + ease
    cos, sin = np.cos(angle), np.sin(angle)
    x = half * np.sign(cos) * np.abs(cos) ** (2 / SQUARENESS)
    depth = np.where(sin > 0, back, front)
    y = depth * np.sign(sin) * np.abs(sin) ** (2 / SQUARENESS) + spine_depth(p, height)
    return np.stack([x, y, np.full(len(angle), height)], 1)


def spine_depth(p: Proportions, height: float) -> float:
    """Where the torso's middle line runs (y, m) at a height, m."""
    return float(np.interp(height, (p.hips, p.spine, p.chest, p.upper_chest, p.neck, p.head), p.spine_y))


def arm_radius(p: Proportions, x: float) -> float:
    """Radius of the left arm at a place along x, m."""
    elbow = p.arm_x + p.upper_arm
    shoulder_r, elbow_r, wrist_r = p.arm
    places = (p.arm_x, p.arm_x + 0.45 * p.upper_arm, elbow, elbow + 0.28 * p.lower_arm, elbow + p.lower_arm)
    radii = (shoulder_r, 0.5 * (shoulder_r + elbow_r) * 1.03, elbow_r, elbow_r * 1.04, wrist_r)
    return float(PchipInterpolator(places, radii)(np.clip(x, places[0], places[-1])))


def leg_radius(p: Proportions, height: float) -> float:
    """Radius of a leg at a height, m."""
    thigh, knee, calf, ankle = p.leg
    places = (p.ankle, p.knee - 0.36 * (p.knee - p.ankle), p.knee, p.hip_z)
    return float(PchipInterpolator(places, (ankle, calf, knee, thigh))(np.clip(height, places[0], places[-1])))


def leg_centre(p: Proportions, height: float) -> np.ndarray:
    """Middle of the left leg at a height (3,) m: through hip, knee and ankle, the calf a little behind."""
    y = PchipInterpolator(
        (p.ankle, p.knee - 0.36 * (p.knee - p.ankle), p.knee, p.hip_z),
        (p.ankle_y, 0.5 * p.ankle_y + 0.008, 0.2 * p.ankle_y - 0.004, 0.0),
    )(np.clip(height, p.ankle, p.hip_z))
    return np.array([p.hip_x, float(y), height])


def torso_weights(p: Proportions, point: np.ndarray) -> Weights:
    """Skin weights of a point (3,) m of a garment about the torso: the spine, and at the shoulders the arms."""
    x, _, z = point
    side = "left" if x >= 0 else "right"
    across = abs(x)
    tall = p.neck - p.hips
    along = chain(SPINE, (p.spine, p.chest, p.upper_chest), z, 0.13 * tall)
    armpit = p.arm_z - 1.35 * p.arm[0]
    high = float(smoothstep(z, armpit - 0.10 * tall, p.arm_z - 0.2 * p.arm[0]))
    arm = float(smoothstep(across, p.arm_x - 1.25 * p.arm[0], p.arm_x + 1.25 * p.arm[0])) * high
    collar = float(smoothstep(across, 0.25 * p.arm_x, p.arm_x)) * high
    neck = (
        float(smoothstep(z, p.neck - 0.02, p.neck + 0.06))
        * 0.5
        * float(smoothstep(across, p.arm_x * 0.8, p.arm_x * 0.4))
    )
    trunk = mix(mix(along, {"neck": 1.0}, neck), {f"{side}Shoulder": 1.0}, 0.7 * collar)
    return mix(trunk, {f"{side}UpperArm": 1.0}, arm)


def arm_weights(p: Proportions, point: np.ndarray) -> Weights:
    """Skin weights of a point (3,) m of the left sleeve."""
    elbow, wrist = p.arm_x + p.upper_arm, p.arm_x + p.upper_arm + p.lower_arm
    along = chain(("leftUpperArm", "leftLowerArm", "leftHand"), (elbow, wrist + 0.8 * p.arm[2]), point[0],
                  (1.1 * p.arm[1], 0.5 * p.arm[2]))  # fmt: skip
    trunk = torso_weights(p, point)
    reach = float(smoothstep(point[0], p.arm_x + 0.2 * p.arm[0], p.arm_x + 1.6 * p.arm[0]))
    return mix(trunk, along, reach)


def leg_weights(p: Proportions, point: np.ndarray) -> Weights:
    """Skin weights of a point (3,) m of the trousers: the hips, and the leg of its side below them."""
    x, y, z = point
    side = "left" if x >= 0 else "right"
    reach = 0.75 * p.leg[0]
    crease = p.hip_z + 0.25 * reach * np.clip(-y / p.leg[0], -1, 1)  # the fold runs higher in front than behind
    leg = float(smoothstep(z, crease + 0.9 * reach, crease - 1.1 * reach))
    inner = float(smoothstep(abs(x), 0.0, 0.5 * p.hip_x))
    other = "right" if side == "left" else "left"
    thigh = mix({f"{other}UpperLeg": 1.0}, {f"{side}UpperLeg": 1.0}, 0.5 + 0.5 * inner)
    shin = float(smoothstep(z, p.knee + 1.05 * p.leg[1], p.knee - 1.05 * p.leg[1]))
    return mix(mix({"hips": 1.0}, thigh, leg), {f"{side}LowerLeg": 1.0}, shin)
