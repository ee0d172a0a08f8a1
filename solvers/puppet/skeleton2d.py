"""The joints of a figure in its picture, and which part of it each of them carries."""

from __future__ import annotations

import numpy as np

from ..names import BODY_POINT, PARENTS

SIDES = ("left", "right")
TRUNK = ("hips", "spine", "chest", "upperChest", "neck", "head")
JOINTS = (*TRUNK, *(f"{side}{part}" for side in SIDES for part in
          ("Shoulder", "UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")))  # fmt: skip
ENDS = {"Hand": "HandTip", "Foot": "Toe"}  # named points beyond the last joints of limbs


def from_body(body: np.ndarray) -> dict[str, np.ndarray]:
    """{joint or end: (2,) px} by the body's points. body: (33, 2) px."""
    at = lambda name: body[BODY_POINT[name]]  # noqa: E731
    mid = lambda name: (at(f"left{name}") + at(f"right{name}")) / 2  # noqa: E731
    hips, shoulders, ears, mouth = mid("Hip"), mid("Shoulder"), mid("Ear"), (at("mouthLeft") + at("mouthRight")) / 2
    chin = ears + 1.4 * (mouth - ears)
    places = trunk(hips, shoulders, chin, ears - (chin - ears))
    for side in SIDES:
        places |= {
            f"{side}UpperArm": at(f"{side}Shoulder"),
            f"{side}LowerArm": at(f"{side}Elbow"),
            f"{side}Hand": at(f"{side}Wrist"),
            f"{side}HandTip": at(f"{side}Wrist")
            + 1.9 * ((at(f"{side}Index") + at(f"{side}Pinky")) / 2 - at(f"{side}Wrist")),
            f"{side}UpperLeg": at(f"{side}Hip"),
            f"{side}LowerLeg": at(f"{side}Knee"),
            f"{side}Foot": at(f"{side}Ankle"),
            f"{side}Toe": at(f"{side}FootIndex"),
        }
        places[f"{side}Shoulder"] = (
            places["upperChest"] * 0.3 + 0.7 * shoulders + 0.15 * (at(f"{side}Shoulder") - shoulders)
        )
    return places


def trunk(hips: np.ndarray, shoulders: np.ndarray, chin: np.ndarray, top: np.ndarray) -> dict[str, np.ndarray]:
    """The joints from the hips to the head, (2,) px each, and the head's end "HeadTip"."""
    neck = shoulders + 0.25 * (chin - shoulders)
    head = shoulders + 0.95 * (chin - shoulders)
    return {
        "hips": hips,
        "spine": hips + 0.15 * (shoulders - hips),
        "chest": hips + 0.42 * (shoulders - hips),
        "upperChest": hips + 0.70 * (shoulders - hips),
        "neck": neck,
        "head": head,
        "HeadTip": top,
    }


def from_face(points: np.ndarray, size: tuple[int, int]) -> dict[str, np.ndarray]:
    """The same for a face alone: a usual body below it. points: (478, 3) px."""
    top, chin = points[10, :2], points[152, :2]
    up = top - chin
    right = np.array([-up[1], up[0]])  # to the picture's right where up is up
    shoulders, hips = chin - 0.55 * up, chin - 3.1 * up
    places = trunk(hips, shoulders, chin, top + 0.35 * up)
    for side, sign in (("left", 1), ("right", -1)):
        out = sign * right
        joint, hip = shoulders + 0.95 * out, hips + 0.45 * out
        places |= {
            f"{side}Shoulder": shoulders + 0.15 * out,
            f"{side}UpperArm": joint,
            f"{side}LowerArm": joint - 1.5 * up + 0.15 * out,
            f"{side}Hand": joint - 2.8 * up + 0.2 * out,
            f"{side}HandTip": joint - 3.6 * up + 0.2 * out,
            f"{side}UpperLeg": hip,
            f"{side}LowerLeg": hip - 2.2 * up,
            f"{side}Foot": hip - 4.2 * up,
            f"{side}Toe": hip - 4.5 * up + 0.3 * out,
        }
    return places


def tails(places: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """{joint: (2,) px where its bone ends}."""
    ends = {}
    for joint in JOINTS:
        child = next((name for name in JOINTS if PARENTS[name] == joint and not name.endswith("Shoulder")), None)
        if joint == "head":
            ends[joint] = places["HeadTip"]
        elif joint == "hips":
            ends[joint] = places["spine"]
        elif child is not None:
            ends[joint] = places[child]
        else:
            part = next(part for part in ENDS if joint.endswith(part))
            ends[joint] = places[joint.removesuffix(part) + ENDS[part]]
        if np.linalg.norm(ends[joint] - places[joint]) < 1.0:
            ends[joint] = places[joint] + [0.0, 1.0]
    return ends


def chain_weights(points: np.ndarray, chain: tuple[str, ...], places: dict[str, np.ndarray], soft: float) -> np.ndarray:
    """(N, B) how much each joint of JOINTS carries points, along one chain.

    points: (N, 2) px. chain: joints from the trunk outwards. soft: px over which two bones share the skin.
    A point belongs to the bone that is nearest; near a joint, the bones on both its sides share it.
    """
    ends = tails(places)
    way = np.stack([_distance(points, places[joint], ends[joint]) for joint in chain], 1)
    share = np.exp(-np.maximum(way - way.min(1, keepdims=True), 0) / max(soft, 1e-6) * 3)
    share /= share.sum(1, keepdims=True)
    weights = np.zeros((len(points), len(JOINTS)))
    weights[:, [JOINTS.index(joint) for joint in chain]] = share
    return weights


def _distance(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(N,) px from points to a bone."""
    along = end - start
    share = np.clip((points - start) @ along / max(along @ along, 1e-9), 0, 1)
    return np.linalg.norm(points - start - share[:, None] * along, axis=1)


def smooth(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 up to low, 1 from high, smooth between (Hermite's cubic)."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def trunk_weights(
    points: np.ndarray, places: dict[str, np.ndarray], size: tuple[int, int], cut: bool, reach: float, chin: np.ndarray
) -> np.ndarray:
    """(N, B) how much hips, spine, chests, neck and head carry points of the trunk and of the head.

    points: (N, 2) px. reach: px, of the face from chin to brows. cut: whether the picture's lower edge cuts the
    figure; what is at that edge then stays. chin: (2,) px, down to which all is the head's.
    """
    base, up = places["hips"], places["neck"] - places["hips"]
    level = (points - base) @ up / (up @ up)
    marks = [((places[name] - base) @ up) / (up @ up) for name in ("spine", "chest", "upperChest")]
    weights = np.zeros((len(points), len(JOINTS)))
    stations = np.array([0.0, *marks, 1.0])
    names = ("hips", "spine", "chest", "upperChest", "neck")
    for column, name in enumerate(names):
        knots = np.eye(len(names))[column]
        weights[:, JOINTS.index(name)] = np.interp(level, stations, knots)
    axis = places["HeadTip"] - places["head"]
    axis = axis / max(np.linalg.norm(axis), 1e-6)
    head = smooth(-0.3 * reach, 0.0, (points - chin) @ axis)
    weights *= (1 - head)[:, None]
    weights[:, JOINTS.index("head")] += head
    if cut:
        low = smooth(size[1] * 0.97 - 0.12 * size[1], size[1] * 0.985, points[:, 1])
        weights *= (1 - low)[:, None]
        weights[:, JOINTS.index("hips")] += low
    return weights
