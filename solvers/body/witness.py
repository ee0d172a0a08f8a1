"""What may be believed of a performance: confidence of every joint, how much was in the picture, warnings."""

from __future__ import annotations

import numpy as np

from ..motion import signals
from ..names import FINGERS, JOINT, JOINTS, finger_bones
from .bones import POINT
from .observed import Sight

LONG = 1.0  # s: worth a warning
MOST = 0.5  # of the samples in which somebody is there
# What has to be seen for a joint's rotation to be known; {} stands for the side.
NEEDS = {
    "Shoulder": ("Shoulder",),
    "UpperArm": ("Shoulder", "Elbow"),
    "LowerArm": ("Elbow", "Wrist"),
    "UpperLeg": ("Hip", "Knee"),
    "LowerLeg": ("Knee", "Ankle"),
    "Foot": ("Ankle", "FootIndex"),
    "Toes": ("Ankle", "FootIndex"),
}


def confidence(sight: Sight, present: np.ndarray, head: np.ndarray, hands: dict) -> np.ndarray:
    """How far each joint is known, (T, J) 0..1.

    sight: of the picked points. present: (T,) whether somebody is there. head: (T,). hands: {side: posture.Hand}.
    """
    result = np.zeros((len(sight.time), len(JOINTS)))
    weight = sight.weight * present[:, None]
    least = lambda *names: weight[:, [POINT[name] for name in names]].min(1)  # noqa: E731
    result[:, JOINT["hips"]] = least("leftHip", "rightHip")
    for name in ("spine", "chest", "upperChest"):
        result[:, JOINT[name]] = least("leftShoulder", "rightShoulder")
    for name in ("neck", "head", "leftEye", "rightEye", "jaw"):
        result[:, JOINT[name]] = np.nan_to_num(head)
    for side, hand in hands.items():
        for joint, points in NEEDS.items():
            result[:, JOINT[side + joint]] = least(*(side + point for point in points))
        known = np.nan_to_num(hand.confidence)
        result[:, JOINT[f"{side}Hand"]] = known * (weight[:, POINT[f"{side}Wrist"]] > 0)
        for finger in FINGERS:
            result[:, [JOINT[name] for name in finger_bones(side, finger)]] = known[:, None]
    return np.clip(result, 0, 1)


def framing(sight: Sight, present: np.ndarray) -> str:
    """How much of the body is in the picture most of the time: one of names.FRAMINGS."""
    if not present.any():
        return "head"
    seen = sight.weight[present] > 0
    often = lambda part: seen[:, [POINT["left" + part], POINT["right" + part]]].any(1).mean() > MOST  # noqa: E731
    return "full" if often("Ankle") else "waist" if often("Hip") else "bust" if often("Shoulder") else "head"


def warnings(time: np.ndarray, sight: Sight, present: np.ndarray, face: np.ndarray, hands: dict) -> tuple[str, ...]:
    """What the user should know of this take, in sentences.

    time: (T,) s. sight: of the picked points. present: (T,) whether somebody is there. face: (T,) 0..1.
    hands: {side: posture.Hand}.
    """
    found = []
    seen = framing(sight, present)
    if not present.any():
        found.append("No body was seen: the character stands still and only what was seen of head and hands moves.")
    elif seen == "waist":
        found.append("The legs were out of the picture most of the time: they rest.")
    elif seen in ("bust", "head"):
        found.append("Hips and legs were out of the picture most of the time: they rest.")
    ankles = sight.weight[:, [POINT["leftAnkle"], POINT["rightAnkle"]]].any(1)
    for start, stop in signals.runs(present & ~ankles) if seen == "full" else ():
        if (stop - start) / sight.fps >= LONG:
            found.append(f"The legs were out of sight from {time[start]:.1f} s to {time[stop - 1]:.1f} s.")
    for start, stop in signals.runs(~present) if present.any() else ():
        if (stop - start) / sight.fps >= LONG:
            found.append(f"Nobody was seen from {time[start]:.1f} s to {time[stop - 1]:.1f} s: the pose is held.")
    if len(time) > 1 and not np.nan_to_num(face).any():
        found.append("No face was seen: expressions and gaze stay neutral.")
    for side, hand in hands.items():
        if not np.nan_to_num(hand.confidence).any():
            found.append(f"The {side} hand was never seen: its fingers rest.")
    return tuple(found)
