"""What the camera does not see of a performer: it rests, is held as it was seen last, or is left to the character."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..motion import gaps, signals
from ..motion.polish import ease
from ..motion.rotations import IDENTITY, continuous, inverse, multiply, slerp
from ..motion.skeleton import PARENT, world_rotations
from ..names import FINGERS, JOINT, JOINTS, finger_bones
from ..performance import Performance
from ..settings import Settings

LONG = 1.0  # s: what is unseen for less is bridged, and never left to other animation
EASE = 0.4  # s from the performance to what the character did before, and back
SIDES = ("left", "right")
HEAD, FACE = ("neck", "head"), ("leftEye", "rightEye", "jaw")
ANCHORED = (*HEAD, "leftHand", "rightHand")  # where these look and point is known in the room, whatever carries them
# The joints of each part of the body for which may be chosen what they do unseen.
PARTS: dict[str, tuple[str, ...]] = {
    "head": HEAD,
    "face": FACE,
    **{f"{side}_hand": tuple(bone for f in FINGERS for bone in finger_bones(side, f)) for side in SIDES},
}
PARTS["body"] = tuple(name for name in JOINTS if not any(name in part for part in PARTS.values()))


def held(performance: Performance, settings: Settings) -> Performance:
    """The performance with the last seen pose in place of rest, for parts that are to be held.

    performance: (T,) samples, solved so that what is unseen rests. settings: unseen_* are honoured.
    What was not seen yet waits in the pose in which it is seen first; what is never seen rests.
    """
    chosen = [part for part in PARTS if getattr(settings, f"unseen_{part}") == "hold"]
    waiting = {name for part in chosen if part != "face" for name in PARTS[part]}
    performance = replace(performance, rotations=_held_turns(performance, waiting))
    before, after, way = _between(performance.face_confidence > 0.5, performance.time)
    if "face" not in chosen or before is None:
        return performance
    mixed = lambda values: (values[before].T * (1 - way) + values[after].T * way).T  # noqa: E731
    names = ("expressions", "traced", "gaze", "face_confidence")
    return replace(performance, **{n: mixed(v) for n in names if (v := getattr(performance, n)) is not None})


def _held_turns(performance: Performance, waiting: set[str]) -> np.ndarray:
    """Rotations (T, J, 4) with some joints held where they are unseen; what is seen keeps its way in the room."""
    turns = performance.rotations.copy()
    if not waiting:
        return turns
    world, old = turns.copy(), world_rotations(turns)
    for joint, name in enumerate(JOINTS):
        parent = PARENT[joint]
        seen = _seen(performance, name)
        before, after, way = _between(seen, performance.time)
        carried = world[:, parent] if parent >= 0 else np.broadcast_to(IDENTITY, turns[:, 0].shape)
        if name in waiting and before is not None:
            pose = slerp(turns[before, joint], turns[after, joint], way)
            kept = multiply(inverse(carried), old[:, joint])
            turns[:, joint] = np.where(seen[:, None], kept, pose)
        elif name in ANCHORED:
            turns[:, joint] = np.where(seen[:, None], multiply(inverse(carried), old[:, joint]), turns[:, joint])
        world[:, joint] = multiply(carried, turns[:, joint])
    return continuous(turns)


def _seen(performance: Performance, name: str) -> np.ndarray:
    """Where a joint is known, (T,) bool. Hips hang on a trunk that is seen: they turn and go with it."""
    sure = performance.confidence[:, JOINT[name]]
    return (np.maximum(sure, performance.confidence[:, JOINT["chest"]]) if name == "hips" else sure) > 0


def _between(seen: np.ndarray, time: np.ndarray):
    """The samples seen last and next, each (T,), and how far to go from one to the other; None where nothing was."""
    if not seen.any():
        return None, None, None
    before, after, _, _ = gaps.nearness(seen, time)
    first = np.flatnonzero(seen)[0]
    before, after = np.where(np.arange(len(time)) < first, first, before), np.where(seen[after], after, before)
    length = np.minimum(time[after] - time[before], EASE)
    way = ease(1 - (time[after] - time) / np.maximum(length, 1e-9))
    return before, after, np.where(after == before, 0.0, way)


def left(performance: Performance, time: np.ndarray, settings: Settings) -> dict[str, np.ndarray]:
    """How far joints are left to what the character does by itself: {joint: (N,) 0..1}, only those that ever are.

    performance: (T,) samples. time: (N,) s. settings: unseen_* are honoured. The face's joints stand for all of it.
    """
    found = {}
    for part, joints in PARTS.items():
        if getattr(settings, f"unseen_{part}") != "leave":
            continue
        for name in joints:
            seen = performance.face_confidence > 0.5 if part == "face" else _seen(performance, name)
            share = _share(seen, performance.time, time)
            if share.any():
                found[name] = share
    return found


def _share(seen: np.ndarray, clock: np.ndarray, time: np.ndarray) -> np.ndarray:
    """0 where seen, 1 in stretches that are not for longer than LONG, easing inside of them. Result (N,)."""
    share = np.zeros(len(time))
    for start, stop in signals.runs(~seen):
        opens, closes = start > 0, stop < len(clock)
        begin = clock[start - 1] if opens else -np.inf
        end = clock[stop] if closes else np.inf
        if min(end, clock[-1]) - max(begin, clock[0]) <= LONG:
            continue
        share = np.maximum(share, ease((time - begin) / EASE) * ease((end - time) / EASE))
    return share
