"""What really happened in a clip: read from the file beside it, or from several cameras' reference."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..solvers.errors import UnderstudyError
from ..solvers.footage import video
from ..solvers.names import BODY_POINT, FINGERS, finger_bones

SIDES = ("left", "right")
TRUNK = {"hips": "Hips", "spine": "Spine", "chest": "Spine1", "upperChest": "Spine2", "neck": "Neck", "head": "Head"}
LIMBS = {"UpperArm": "Arm", "LowerArm": "ForeArm", "Hand": "Hand", "UpperLeg": "UpLeg", "LowerLeg": "Leg",
         "Foot": "Foot"}  # fmt: skip
OTHERS = {"Shoulder": "Shoulder", "Toes": "ToeBase", "Eye": "Eye"}
# VRM joint -> the name that truth files use (Mixamo's): of the body that is measured, of fingers, and of all there are.
BODY_NAMES = {f"{side}{ours}": f"{side.capitalize()}{theirs}" for side in SIDES for ours, theirs in LIMBS.items()}
FINGER_NAMES = {
    bone: f"{side.capitalize()}Hand{'Pinky' if finger == 'Little' else finger}{k}"
    for side in SIDES
    for finger in FINGERS
    for k, bone in enumerate(finger_bones(side, finger), 1)
}
OTHER_NAMES = {f"{side}{ours}": f"{side.capitalize()}{theirs}" for side in SIDES for ours, theirs in OTHERS.items()}
TRUTH_NAMES: dict[str, str] = TRUNK | BODY_NAMES | FINGER_NAMES | OTHER_NAMES
# Joints beyond which truth files tell the end of the bone, too.
ENDS = ("head", *(f"{side}Toes" for side in SIDES), *(finger_bones(s, f)[2] for s in SIDES for f in FINGERS))
# VRM joint -> the point of MediaPipe's pose network that a reference of several cameras is made of.
REFERENCE_POINTS = {
    f"{side}{ours}": BODY_POINT[f"{side}{theirs}"]
    for side in SIDES
    for ours, theirs in {"UpperArm": "Shoulder", "LowerArm": "Elbow", "Hand": "Wrist", "UpperLeg": "Hip",
                         "LowerLeg": "Knee", "Foot": "Ankle"}.items()
}  # fmt: skip
SEEN = 0.9  # of the pictures must show a joint for it to be measured, as the truth of what is cropped is not asked for


class TruthError(UnderstudyError):
    """What really happened in a clip is not known, or cannot be read."""


@dataclass(frozen=True)
class Truth:
    """What really happened in a clip.

    time: (T,) s. joints: {VRM joint: (T, 3) m}, z up, +y away from the camera. measured: the joints of the body that
    are compared: those in the picture, and the hips. floor: whether the floor is at z = 0 and z is upright.
    pixels: {VRM joint: (T, 2) px}; none where the truth has no picture. expressions: {ARKit name: (T,)}.
    """

    time: np.ndarray
    joints: dict[str, np.ndarray]
    measured: tuple[str, ...]
    floor: bool
    pixels: dict[str, np.ndarray] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()
    expressions: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def fps(self) -> float:
        """Pictures a second."""
        return float(1.0 / np.median(np.diff(self.time)))


def read_truth(path: Path | str, fps: float = 0.0) -> Truth:
    """Read a .gt.json.gz, as film.py writes it.

    path: of the file. fps: of pictures that carry no time. Raises TruthError where it is none.
    """
    try:
        with gzip.open(path, "rt") as file:
            data = json.load(file)
        frames = data if isinstance(data, list) else data["frames"]
        time = np.array([frame["t"] if "t" in frame else k / fps for k, frame in enumerate(frames)], float)
        names = sorted({name for frame in frames for name in frame["w"]})
        weights = {_arkit(name): np.array([frame["w"].get(name, 0.0) for frame in frames]) for name in names}
        if "p3d" not in frames[0]:  # a face alone
            return Truth(time, {}, (), floor=False, expressions=weights)
        there = [n for n in (BODY_NAMES | FINGER_NAMES).items() if n[1] in frames[0]["p3d"]]
        joints = {ours: np.array([frame["p3d"][theirs] for frame in frames], float) for ours, theirs in there}
        pixels = {ours: np.array([frame["p2d"][theirs] for frame in frames], float) for ours, theirs in there}
        size = data["camera"]["size"]
    except (OSError, ValueError, KeyError, IndexError, TypeError, ZeroDivisionError) as fault:
        raise TruthError(f"{path} holds no truth ({fault!r}): give a file that benchmarks/film.py wrote.") from fault
    inside = {name: ((xy >= 0) & (xy <= size)).all(1).mean() > SEEN for name, xy in pixels.items()}
    return Truth(
        time=time,
        joints=joints,
        measured=tuple(n for n in BODY_NAMES if n in inside and (inside[n] or n.endswith("UpperLeg"))),
        floor=True,
        pixels=pixels,
        seen=frozenset(name for name in inside if inside[name]),
        expressions=weights,
    )


def _arkit(name: str) -> str:
    """ARKit's name of a shape that may end in _L or _R."""
    return name[:-2] + {"_L": "Left", "_R": "Right"}[name[-2:]] if name.endswith(("_L", "_R")) else name


def read_reference(path: Path | str, camera: str) -> Truth:
    """Read a reference that several cameras gave, as one of them sees it.

    path: of a .npz with X (T, 33, 3) m (MediaPipe's pose points), fps, and CAMERA_R (3, 3), CAMERA_t (3,): world to
    camera, x right, y down, z away. camera: its name. Raises TruthError where it has no such camera.
    """
    with np.load(path) as file:
        cameras = sorted(name[:-2] for name in file.files if name.endswith("_R"))
        if camera not in cameras or "X" not in file.files:
            raise TruthError(f"{Path(path).name} has no camera '{camera}': it has {', '.join(cameras) or 'none'}.")
        seen = file["X"] @ file[f"{camera}_R"].T + file[f"{camera}_t"]
        fps = float(file["fps"])
    upright = np.stack([seen[..., 0], seen[..., 2], -seen[..., 1]], -1)
    joints = {name: upright[:, point] for name, point in REFERENCE_POINTS.items()}
    return Truth(np.arange(len(upright)) / fps, joints, tuple(joints), floor=False)


def truth_of(clip: Path, reference: Path | None = None, camera: str | None = None) -> Truth:
    """The truth of a clip: beside it as CLIP.gt.json.gz, else in a reference of several cameras.

    camera: its name in the reference; where none is given, the one that the clip's name ends in.
    Raises TruthError where neither is there.
    """
    beside = clip.with_suffix(".gt.json.gz")
    if beside.is_file():
        return read_truth(beside, video.probe(clip).fps)
    if reference is None:
        raise TruthError(f"{clip.name} has no truth: {beside.name} is not beside it, and no --reference is given.")
    return read_reference(reference, camera or clip.stem.rpartition("_")[2])
