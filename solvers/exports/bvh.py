"""The body as BVH, which every animation program reads: the VRM humanoid skeleton, y up, metres, degrees."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..names import JOINT
from ..performance import Performance
from ..record import written_whole
from . import tree
from .axes import euler_y_up, eye_rotations, y_up

TURNS = "ZXY"  # the order most programs write and expect
CHANNELS = "Zrotation Xrotation Yrotation"
TIP = 0.02  # m, how far an end site lies beyond the last joint: about half a fingertip, so that importers see a bone


def write(performance: Performance, path: Path) -> None:
    """Write the T-pose as hierarchy and every sample as one line of motion, at the performance's own rate.

    The eyes turn with the gaze. Y is up and the performer's front is +z, as importers expect by default. Joints without
    a place in the skeleton are left out.

    performance: what the person did. path: of the .bvh.
    """
    hierarchy = tree.before(performance)
    below = {name: [child for child, parent in hierarchy.items() if parent == name] for name in hierarchy}
    turns = np.array(performance.rotations, float)
    turns[:, [JOINT["leftEye"], JOINT["rightEye"]]] = eye_rotations(performance.gaze)
    angles = np.degrees(euler_y_up(turns, TURNS))[:, [JOINT[name] for name in _order("hips", below)]]
    motion = np.concatenate([y_up(performance.root), angles.reshape(len(angles), -1)], 1)
    time = np.asarray(performance.time, float)
    step = (time[-1] - time[0]) / (len(time) - 1) if len(time) > 1 else 1.0 / (performance.source.get("fps") or 30.0)
    with written_whole(path) as temporary, open(temporary, "w", encoding="ascii", newline="\n") as file:
        lines = _hierarchy("hips", None, below, y_up(performance.skeleton))
        file.write("HIERARCHY\n" + "".join(f"{line}\n" for line in lines))
        file.write(f"MOTION\nFrames: {len(motion)}\nFrame Time: {step:.9f}\n")
        np.savetxt(file, motion, fmt="%.6f")


def _order(joint: str, below: dict[str, list[str]]) -> list[str]:
    """The joints in the order in which BVH lists them and their channels. below: {joint: joints that hang on it}."""
    return [joint, *(name for child in below[joint] for name in _order(child, below))]


def _hierarchy(
    joint: str, parent: str | None, below: dict[str, list[str]], skeleton: np.ndarray, indent: str = ""
) -> list[str]:
    """The lines of a joint and all below it. skeleton: (J, 3) m with y up."""
    offset = skeleton[JOINT[joint]] - skeleton[JOINT[parent]] if parent else np.zeros(3)
    channels = f"3 {CHANNELS}" if parent else f"6 Xposition Yposition Zposition {CHANNELS}"
    inner = indent + "\t"
    lines = [line for child in below[joint] for line in _hierarchy(child, joint, below, skeleton, inner)]
    return [
        f"{indent}{'JOINT' if parent else 'ROOT'} {joint}",
        f"{indent}{{",
        f"{inner}OFFSET {_numbers(offset)}",
        f"{inner}CHANNELS {channels}",
        *(lines or _end(offset, inner)),
        f"{indent}}}",
    ]


def _end(offset: np.ndarray, indent: str) -> list[str]:
    """The end site of a last joint, straight on from it. offset: (3,) m from its parent."""
    length = np.linalg.norm(offset)
    tip = offset / length * TIP if length > 1e-6 else np.array([0.0, 0.0, TIP])
    return [f"{indent}End Site", f"{indent}{{", f"{indent}\tOFFSET {_numbers(tip)}", f"{indent}}}"]


def _numbers(vector: np.ndarray) -> str:
    return " ".join(f"{value:.6f}" for value in vector)
