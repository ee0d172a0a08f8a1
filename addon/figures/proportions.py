"""Where a figure's joints are: proportions in metres, and the skeleton in T-pose that follows from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...solvers.names import FINGERS, finger_bones


@dataclass(frozen=True)
class Proportions:
    """Measures of a figure in T-pose, metres; heights above the floor, forward is -Y.

    height: of the crown; head_height: crown to chin.
    hips, spine, chest, upper_chest, neck, head: heights of the joints; spine_y: (6,) their y.
    hip_x, hip_z, knee, ankle: the leg's joints; ankle_y, ball_y, toe_y, heel_y: the foot's along y; ball_z.
    collar_x, arm_x, arm_z, arm_y: inner end of the shoulder bone, and the upper arm's joint.
    upper_arm, lower_arm, hand: lengths; the hand's from the wrist to the tip of the middle finger.
    palm: length of the palm as a share of the hand; finger: half thickness of a finger as a share of the hand.
    torso: rows of (height, half width, depth to the front, depth to the back) of the body under the clothes.
    arm: (shoulder, elbow, wrist) radii; leg: (thigh, knee, calf, ankle) radii.
    eyes: (3,) the left eye's centre relative to the head joint.
    """

    name: str
    height: float
    head_height: float
    hips: float
    spine: float
    chest: float
    upper_chest: float
    neck: float
    head: float
    spine_y: tuple[float, ...]
    hip_x: float
    hip_z: float
    knee: float
    ankle: float
    ankle_y: float
    ball_y: float
    ball_z: float
    toe_y: float
    heel_y: float
    collar_x: float
    arm_x: float
    arm_z: float
    arm_y: float
    upper_arm: float
    lower_arm: float
    hand: float
    palm: float
    finger: float
    torso: tuple[tuple[float, float, float, float], ...]
    arm: tuple[float, float, float]
    leg: tuple[float, float, float, float]
    eyes: tuple[float, float, float]


STARTER = Proportions(
    name="Starter", height=1.50, head_height=0.40,
    hips=0.630, spine=0.695, chest=0.785, upper_chest=0.890, neck=1.058, head=1.218,
    spine_y=(0.000, 0.004, 0.008, 0.012, 0.018, 0.012),
    hip_x=0.068, hip_z=0.600, knee=0.335, ankle=0.080, ankle_y=0.022, ball_y=-0.096, ball_z=0.026,
    toe_y=-0.180, heel_y=0.080,
    collar_x=0.022, arm_x=0.122, arm_z=0.992, arm_y=0.012,
    upper_arm=0.200, lower_arm=0.185, hand=0.178, palm=0.50, finger=0.058,
    torso=(
        (0.56, 0.112, 0.085, 0.092), (0.62, 0.118, 0.086, 0.094), (0.69, 0.106, 0.082, 0.082),
        (0.77, 0.100, 0.082, 0.076), (0.86, 0.106, 0.082, 0.076), (0.94, 0.112, 0.078, 0.076),
        (1.01, 0.092, 0.060, 0.066), (1.05, 0.060, 0.050, 0.056),
    ),
    arm=(0.038, 0.031, 0.026), leg=(0.064, 0.044, 0.041, 0.033),
    eyes=(0.068, -0.094, 0.066),
)  # fmt: skip

# Segment lengths as shares of the stature after Drillis and Contini 1966 (in Winter, Biomechanics and Motor Control of
# Human Movement, fig. 4.1): upper arm .186, forearm .146, hand .108, thigh .245, shank .246, ankle .039, head .130.
PERFORMER = Proportions(
    name="Performer", height=1.72, head_height=0.228,
    hips=0.945, spine=1.035, chest=1.150, upper_chest=1.275, neck=1.448, head=1.559,
    spine_y=(0.000, 0.008, 0.016, 0.022, 0.022, 0.006),
    hip_x=0.092, hip_z=0.908, knee=0.490, ankle=0.072, ankle_y=0.030, ball_y=-0.105, ball_z=0.022,
    toe_y=-0.178, heel_y=0.085,
    collar_x=0.025, arm_x=0.160, arm_z=1.386, arm_y=0.018,
    upper_arm=0.300, lower_arm=0.252, hand=0.188, palm=0.49, finger=0.0455,
    torso=(
        (0.82, 0.165, 0.100, 0.122), (0.91, 0.170, 0.104, 0.126), (1.00, 0.146, 0.102, 0.106),
        (1.08, 0.130, 0.102, 0.094), (1.20, 0.142, 0.114, 0.098), (1.30, 0.154, 0.116, 0.102),
        (1.40, 0.130, 0.080, 0.086), (1.47, 0.062, 0.050, 0.062),
    ),
    arm=(0.047, 0.038, 0.028), leg=(0.086, 0.053, 0.052, 0.038),
    eyes=(0.0317, -0.0667, 0.0449),
)  # fmt: skip

# The hand as shares of its length, measured from the wrist on an adult's hand: for every finger where its knuckle is
# (along, across toward the thumb, as shares) and its three phalanges; the fan is its angle to the middle line, rad.
KNUCKLES = {"Index": (0.985, 0.134), "Middle": (1.0, 0.036), "Ring": (0.955, -0.062), "Little": (0.875, -0.152)}
PHALANGES = {"Index": (0.222, 0.132, 0.116), "Middle": (0.248, 0.152, 0.120), "Ring": (0.232, 0.145, 0.118),
             "Little": (0.180, 0.105, 0.104)}  # fmt: skip
FAN = {"Index": 0.08, "Middle": 0.01, "Ring": -0.06, "Little": -0.15}
THUMB_BASE, THUMB_WAY, THUMB = (0.125, 0.105, -0.045), (0.72, 0.66, -0.22), (0.225, 0.185, 0.150)


def finger_points(p: Proportions, finger: str) -> np.ndarray:
    """The three joints and the tip of a finger of the left hand (4, 3) m, relative to the wrist."""
    if finger == "Thumb":
        way = np.array([THUMB_WAY[0], -THUMB_WAY[1], THUMB_WAY[2]])
        way /= np.linalg.norm(way)
        bend = np.array([0.16, 0.0, 0.0])  # the thumb curves toward the fingers, joint by joint
        start = np.array([THUMB_BASE[0], -THUMB_BASE[1], THUMB_BASE[2]])
        ways = [way, way + bend, way + 2 * bend]
        steps = [length * w / np.linalg.norm(w) for length, w in zip(THUMB, ways, strict=True)]
    else:
        along, across = KNUCKLES[finger]
        start = np.array([along * p.palm, -across, 0.0])
        way = np.array([np.cos(FAN[finger]), -np.sin(FAN[finger]), 0.0])
        stretch = (1 - p.palm) / 0.51  # a longer palm leaves shorter fingers
        steps = [stretch * length * way for length in PHALANGES[finger]]
    return p.hand * np.concatenate([[start], start + np.cumsum(steps, axis=0)])


def joints(p: Proportions) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The skeleton in T-pose: {VRM 1.0 humanoid bone: (head (3,), tail (3,))} m, parents before children."""
    heights = (p.hips, p.spine, p.chest, p.upper_chest, p.neck, p.head, p.height - 0.02)
    depth = (*p.spine_y, p.spine_y[-1])
    column = [np.array([0.0, y, z]) for y, z in zip(depth, heights, strict=True)]
    names = ("hips", "spine", "chest", "upperChest", "neck", "head")
    result = {n: (column[i], column[i + 1]) for i, n in enumerate(names)}
    left = {"leftEye": (eye := column[5] + p.eyes, eye + [0, -0.05, 0])}
    shoulder = np.array([p.arm_x, p.arm_y, p.arm_z])
    elbow, wrist = shoulder + [p.upper_arm, 0, 0], shoulder + [p.upper_arm + p.lower_arm, 0, 0]
    left["leftShoulder"] = (np.array([p.collar_x, p.arm_y - 0.01, p.arm_z + 0.005]), shoulder)
    left["leftUpperArm"], left["leftLowerArm"] = (shoulder, elbow), (elbow, wrist)
    left["leftHand"] = (wrist, wrist + [p.hand * p.palm, 0, 0])
    for finger in FINGERS:
        points = wrist + finger_points(p, finger)
        left |= {n: (points[i], points[i + 1]) for i, n in enumerate(finger_bones("left", finger))}
    hip, knee = np.array([p.hip_x, 0.0, p.hip_z]), np.array([p.hip_x, (p.ankle_y) * 0.2, p.knee])
    ankle, ball = np.array([p.hip_x, p.ankle_y, p.ankle]), np.array([p.hip_x, p.ball_y, p.ball_z])
    left["leftUpperLeg"], left["leftLowerLeg"], left["leftFoot"] = (hip, knee), (knee, ankle), (ankle, ball)
    left["leftToes"] = (ball, np.array([p.hip_x, p.toe_y, p.ball_z]))
    result |= left
    turn = np.array([-1.0, 1.0, 1.0])
    result |= {"right" + n[4:]: (a * turn, b * turn) for n, (a, b) in left.items()}
    return result
