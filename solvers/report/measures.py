"""The figures of a report: what was seen, where it was weakest, how the feet stand, what the rig lacked."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..clip import Clip
from ..motion.signals import runs
from ..motion.skeleton import joint_positions
from ..names import BODY_POINT, CONTACTS, EXPRESSION, JOINT
from ..performance import Performance
from ..take import Take

PARTS = ("body", "face", "left_hand", "right_hand")
EXPECTED = 0.25  # a part seen in less of the clip than this share is taken not to belong to it
STRETCH = 0.5  # s, the length over which a weak stretch is judged
WEAK = 0.8  # a stretch is weak where the mean confidence of the expected parts falls below this
STRETCHES = 4
BODY_JOINTS = [
    BODY_POINT[f"{side}{joint}"]
    for joint in ("Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle")
    for side in ("left", "right")
]
# The joint that each point of contact moves with.
CONTACT_JOINTS = {"leftHeel": "leftFoot", "leftToe": "leftToes", "rightHeel": "rightFoot", "rightToe": "rightToes"}
CURVES = {
    "jaw": {"open": ("jawOpen",)},
    "smile": {"left": ("mouthSmileLeft",), "right": ("mouthSmileRight",)},
    "blink": {"left": ("eyeBlinkLeft",), "right": ("eyeBlinkRight",)},
    "brows": {"up": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"), "down": ("browDownLeft", "browDownRight")},
}


def facts(take: Take, performance: Performance, clip: Clip | None, timings: dict, rig: dict) -> dict:
    """All that report.json says, as plain words and numbers.

    take, performance, clip: the records; clip may be None. timings: {stage: s}. rig: words about the character.
    """
    return {
        "frames": len(take.time),
        "begins": round(float(take.time[0]), 3) if len(take.time) else 0.0,
        "seconds": round(_seconds(take), 3),
        "coverage": coverage(take),
        "warnings": list(performance.warnings),
        "timings": {stage: round(float(s), 3) for stage, s in timings.items()},
        "rig": rig | ({} if clip is None else _rig(clip)),
        "framing": performance.framing,
        "weakest": weakest(take),
        "skate": foot_skate(performance),
        "settings": dict(performance.settings),
        "source": dict(take.source) | {"name": Path(take.source.get("path", "")).name, "size": list(take.size)},
        "detector": dict(take.detector),
    }


def coverage(take: Take) -> dict[str, float]:
    """{part: share of the frames in which it was seen, 0..1}; of the body, at least two of its joints."""
    seen = {part: getattr(take, part).seen for part in PARTS}
    seen["body"] = joints_seen(take) >= 2
    if take.gaze is not None:  # a phone's capture
        seen["face"] = np.isfinite(take.expressions).any(1)
    return {part: round(float(np.mean(seen[part])), 4) if len(take.time) else 0.0 for part in PARTS}


def joints_seen(take: Take) -> np.ndarray:
    """(T,) how many of the shoulders, elbows, wrists, hips, knees and ankles are seen, and lie in the picture."""
    image, confidence = take.body.image[:, BODY_JOINTS, :2], take.body.confidence[:, BODY_JOINTS]
    inside = ((image >= 0) & (image <= take.size)).all(-1)
    return ((confidence > 0.5) & inside).sum(1)


def certainty(take: Take) -> dict[str, np.ndarray]:
    """{part: (T,) 0..1, the mean confidence of its points in each frame, 0 where it was not seen}."""
    return {part: np.nan_to_num(getattr(take, part).confidence).mean(1) * getattr(take, part).seen for part in PARTS}


def weakest(take: Take) -> list[dict]:
    """The stretches in which least was seen, weakest first: start, end and at (s), score (0..1), and why.

    A part that hardly ever shows is not missed. Stretches lie at least their own length apart. What a phone has
    captured has none.
    """
    if take.gaze is not None:
        return []
    share, sure = coverage(take), certainty(take)
    parts = [part for part in PARTS if share[part] >= EXPECTED]
    if not parts:
        return []
    usual = {part: max(float(np.median(sure[part][getattr(take, part).seen])), 1e-6) for part in parts}
    level = {part: np.minimum(sure[part] / usual[part], 1.0) for part in parts}
    score = np.mean([level[part] for part in parts], 0)
    centre = [np.abs(take.time - t) <= STRETCH / 2 + 1e-9 for t in take.time]
    smooth = np.array([score[near].mean() for near in centre])
    found = []
    for index in np.argsort(smooth, kind="stable"):
        time = float(take.time[index])
        if smooth[index] >= WEAK or len(found) == STRETCHES:
            break
        if all(abs(time - other["at"]) >= 2 * STRETCH for other in found):
            near = centre[index]
            found.append(
                {
                    "start": round(float(take.time[near][0]), 3),
                    "end": round(float(take.time[near][-1]), 3),
                    "at": round(time, 3),
                    "score": round(float(smooth[index]), 3),
                    "why": _why({part: level[part][near] for part in parts}),
                }
            )
    return found


def _why(level: dict[str, np.ndarray]) -> str:
    missing = [part for part, values in level.items() if np.mean(values == 0) > 0.5]
    unsure = [part for part, values in level.items() if part not in missing and values.mean() < WEAK]
    words = [f"{_named(parts)} {how}" for parts, how in ((missing, "not seen"), (unsure, "uncertain")) if parts]
    return ", ".join(words) or "everything a little uncertain"


def _named(parts: list[str]) -> str:
    if {"left_hand", "right_hand"} <= set(parts):
        parts = [part for part in parts if not part.endswith("hand")] + ["both_hands"]
    return " and ".join(part.replace("_", " ") for part in parts)


def foot_skate(performance: Performance) -> dict:
    """How fast planted feet slide along the ground: {"left", "right"} m/s, None for a foot that is never planted."""
    time = np.asarray(performance.time, float)
    if len(time) < 2:
        return {"left": None, "right": None}
    joints = joint_positions(performance.rotations, performance.root, performance.skeleton)
    result = {}
    for side in ("left", "right"):
        speeds = []
        for column, contact in enumerate(CONTACTS):
            if contact.startswith(side):
                place = joints[:, JOINT[CONTACT_JOINTS[contact]], :2]
                speed = np.linalg.norm(np.diff(place, axis=0), axis=1) / np.diff(time)
                planted = np.asarray(performance.contacts)[:, column] > 0.5
                speeds.append(speed[planted[1:] & planted[:-1]])
        speeds = np.concatenate(speeds)
        result[side] = round(float(speeds.mean()), 4) if len(speeds) else None
    return result


def curves(take: Take, performance: Performance) -> dict:
    """What is drawn over time.

    Result {"time" (T,) s, "span" (start, end) s, "groups" {title: {name: (T,)}}, "gaze" {name: (T,) deg},
    "contacts" {name: [(start, end) s]}, "seen" {part: [(start, end) s]}}.
    """
    expressions = np.nan_to_num(np.asarray(performance.expressions, float))
    groups = {
        title: {name: expressions[:, [EXPRESSION[shape] for shape in shapes]].max(1) for name, shapes in lines.items()}
        for title, lines in CURVES.items()
    }
    gaze = np.degrees(np.nan_to_num(np.asarray(performance.gaze, float)).mean(1))
    return {
        "time": np.asarray(performance.time, float),
        "span": (float(take.time[0]), float(take.time[-1])),
        "groups": groups,
        "gaze": {"left": gaze[:, 0], "up": gaze[:, 1]},
        "contacts": {
            name: spans(performance.time, np.asarray(performance.contacts)[:, k] > 0.5)
            for k, name in enumerate(CONTACTS)
        },
        "seen": {part: spans(take.time, getattr(take, part).seen) for part in PARTS},
    }


def spans(time: np.ndarray, mask: np.ndarray) -> list[tuple[float, float]]:
    """From when to when a condition holds, each sample reaching to the next. time: (T,) s; mask: (T,)."""
    ends = np.append(time[1:], time[-1:])
    return [(float(time[first]), float(ends[last - 1])) for first, last in runs(mask)]


def _seconds(take: Take) -> float:
    """From the first frame to the end of the last, which lasts as long as the middle one."""
    if len(take.time) < 2:
        return 1.0 / (take.source.get("fps") or 30.0)
    return float(take.time[-1] - take.time[0] + np.median(np.diff(take.time)))


def _rig(clip: Clip) -> dict:
    return {
        "bones": len(clip.bones),
        "sliders": len(clip.sliders),
        "frames": len(clip.frames),
        "fps": float(clip.fps),
        "missing": list(clip.missing),
    }
