"""The body as BVH, which every animation program reads: the VRM humanoid skeleton, y up, metres, degrees."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..names import JOINT, JOINTS, PARENTS
from ..performance import Performance
from ..record import written_whole
from .axes import euler_y_up, eye_rotations, y_up

TURNS = "ZXY"  # the order most programs write and expect
CHANNELS = "Zrotation Xrotation Yrotation"
CHILDREN = {joint: tuple(child for child in JOINTS if PARENTS[child] == joint) for joint in JOINTS}
TIP = 0.02  # m, how far an end site lies beyond the last joint: about half a fingertip, so that importers see a bone


def _depth_first(joint: str = "hips") -> list[str]:
    """The joints in the order in which BVH lists them and their channels."""
    return [joint, *(name for child in CHILDREN[joint] for name in _depth_first(child))]


ORDER = tuple(_depth_first())


def write(performance: Performance, path: Path) -> None:
    """Write the T-pose as hierarchy and every sample as one line of motion, at the performance's own rate.

    The eyes turn with the gaze. Y is up and the performer's front is +z, as importers expect by default.

    performance: what the person did. path: of the .bvh.
    """
    turns = np.array(performance.rotations, float)
    turns[:, [JOINT["leftEye"], JOINT["rightEye"]]] = eye_rotations(performance.gaze)
    angles = np.degrees(euler_y_up(turns, TURNS))[:, [JOINT[name] for name in ORDER]]
    motion = np.concatenate([y_up(performance.root), angles.reshape(len(angles), -1)], 1)
    time = np.asarray(performance.time, float)
    step = (time[-1] - time[0]) / (len(time) - 1) if len(time) > 1 else 1.0 / (performance.source.get("fps") or 30.0)
    with written_whole(path) as temporary, open(temporary, "w", encoding="ascii", newline="\n") as file:
        file.write("HIERARCHY\n" + "".join(f"{line}\n" for line in _hierarchy("hips", y_up(performance.skeleton))))
        file.write(f"MOTION\nFrames: {len(motion)}\nFrame Time: {step:.9f}\n")
        np.savetxt(file, motion, fmt="%.6f")


def _hierarchy(joint: str, skeleton: np.ndarray, indent: str = "") -> list[str]:
    """The lines of a joint and all below it. skeleton: (J, 3) m with y up."""
    parent, position = PARENTS[joint], skeleton[JOINT[joint]]
    offset = position - skeleton[JOINT[parent]] if parent else np.zeros(3)
    channels = f"3 {CHANNELS}" if parent else f"6 Xposition Yposition Zposition {CHANNELS}"
    inner = indent + "\t"
    below = [line for child in CHILDREN[joint] for line in _hierarchy(child, skeleton, inner)]
    return [
        f"{indent}{'JOINT' if parent else 'ROOT'} {joint}",
        f"{indent}{{",
        f"{inner}OFFSET {_numbers(offset)}",
        f"{inner}CHANNELS {channels}",
        *(below or _end(offset, inner)),
        f"{indent}}}",
    ]


def _end(offset: np.ndarray, indent: str) -> list[str]:
    """The end site of a last joint, straight on from it. offset: (3,) m from its parent."""
    length = np.linalg.norm(offset)
    tip = offset / length * TIP if length > 1e-6 else np.array([0.0, 0.0, TIP])
    return [f"{indent}End Site", f"{indent}{{", f"{indent}\tOFFSET {_numbers(tip)}", f"{indent}}}"]


def _numbers(vector: np.ndarray) -> str:
    return " ".join(f"{value:.6f}" for value in vector)
