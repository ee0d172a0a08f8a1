"""Shots: a character plays a motion before a camera, and what its own joints really did is written beside the film."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import bpy
import cv2
import numpy as np
from mathutils import Matrix

from ..addon import actions, armature, files
from ..addon.figures import performer, starter
from ..addon.figures.proportions import PERFORMER
from ..solvers import presets
from ..solvers.clip import Clip
from ..solvers.names import EXPRESSION, FINGERS, finger_bones
from ..solvers.performance import Performance
from ..solvers.presets import RigPreset
from ..solvers.retarget import retarget
from ..solvers.settings import Settings
from .acting import Script, expressions, perform
from .motions import read_motion
from .performances import PERFORMANCES
from .stage import dress, light, photograph, stool

FIGURES = {"performer": performer, "starter": starter}
SIDES = ("left", "right")
LIMBS = {"Shoulder": "Shoulder", "UpperArm": "Arm", "LowerArm": "ForeArm", "Hand": "Hand", "UpperLeg": "UpLeg",
         "LowerLeg": "Leg", "Foot": "Foot", "Toes": "ToeBase", "Eye": "Eye"}  # fmt: skip
TRUNK = {"hips": "Hips", "spine": "Spine", "chest": "Spine1", "upperChest": "Spine2", "neck": "Neck", "head": "Head"}
# Joint -> the name that truth files use (Mixamo's).
TRUTH_NAMES: dict[str, str] = TRUNK | {
    f"{side}{ours}": f"{side.capitalize()}{theirs}" for side in SIDES for ours, theirs in LIMBS.items()
} | {
    bone: f"{side.capitalize()}Hand{'Pinky' if finger == 'Little' else finger}{k}"
    for side in SIDES for finger in FINGERS for k, bone in enumerate(finger_bones(side, finger), 1)
}  # fmt: skip
ENDS = ("head", *(f"{side}Toes" for side in SIDES), *(finger_bones(s, f)[2] for s in SIDES for f in FINGERS))
LIFE = Script(seconds=0.0, blinks=(0.7, 2.2, 3.9, 5.6),
              face={"mouthSmile": ((0, 0.1), (1.5, 0.35), (3.0, 0.05)), "browInnerUp": ((0, 0.1), (1.0, 0.4), (2.0, 0)),
                    "jawOpen": ((0, 0.02), (0.9, 0.18), (1.4, 0.03), (2.6, 0.14), (3.2, 0.02))})  # fmt: skip


@dataclass(frozen=True)
class Shot:
    """What is filmed, and from where.

    character: a figure of ours (FIGURES), or a file. motion: one of performances.PERFORMANCES, or FILE[:ACTION+...].
    start, end: s of the motion. turned: degrees, the performer to their left. place: (x, y) m on the floor.
    distance, height: m, where the camera stands; aside: m, to its right. pitch: degrees, up.
    focal: in lengths of the picture's longer side (a phone's is about 0.8 to 1). size: (width, height) px, even.
    fps: pictures a second. light: one of stage.LIGHTS. seat: whether a stool stands where the pelvis is lowest.
    """

    character: str
    motion: str
    start: float = 0.0
    end: float | None = None
    turned: float = 0.0
    place: tuple[float, float] = (0.0, 0.0)
    distance: float = 3.0
    height: float = 1.1
    aside: float = 0.0
    pitch: float = -3.0
    focal: float = 0.9
    size: tuple[int, int] = (540, 960)
    fps: float = 30.0
    light: str = "room"
    seat: bool = False

    def pose(self) -> np.ndarray:
        """Camera to world (4, 4), Blender's axes: x right, y up, looking along -z; in the world along +y."""
        c, s = np.cos(np.radians(self.pitch)), np.sin(np.radians(self.pitch))
        matrix = np.eye(4)
        matrix[:3, :3] = np.array([[1, 0, 0], [0, -s, -c], [0, c, -s]])
        matrix[:3, 3] = (self.aside, -self.distance, self.height)
        return matrix

    def fov(self) -> float:
        """The vertical field of view in degrees."""
        return float(np.degrees(2 * np.arctan(0.5 * self.size[1] / (self.focal * max(self.size)))))

    def projection(self) -> np.ndarray:
        """World (x, y, z, 1) to the picture's homogeneous pixels (3, 4), origin top left."""
        width, height = self.size
        focal = self.focal * max(self.size)
        inner = np.array([[focal, 0, -0.5 * width], [0, -focal, -0.5 * height], [0, 0, -1.0]])
        return inner @ np.linalg.inv(self.pose())[:3]


# On the figures and performances that come with this repository.
OWN = {
    "own_combination": Shot("performer", "combination", turned=-25, distance=3.2, focal=0.95, fps=30),
    "own_turn": Shot("performer", "turn", distance=3.0, height=1.5, pitch=-9, focal=0.85, fps=24),
}


def shoot(shot: Shot, out: Path, frames: slice | None = None) -> dict[str, float]:
    """Film a shot, and write what really happened beside it.

    out: .mp4; the truth goes to NAME.gt.json.gz. frames: only some of them.
    Result: what can be checked of it: pictures, share of joints inside the picture, lowest point of the body in m.
    """
    from .film import encode

    performance = lively(motion_of(shot))
    objects, preset, clip = cast(shot, performance)
    chosen = range(len(clip.frames))[frames or slice(None)]
    out.parent.mkdir(parents=True, exist_ok=True)
    record = _Record(shot, objects, preset, clip, performance)
    encode(_pictures(record, chosen), None, shot.size, out, shot.fps)
    record.write(out.with_suffix(".gt.json.gz"))
    return record.checks()


def motion_of(shot: Shot) -> Performance:
    """The performance that a shot's motion is, at its rate or at that of the scripts."""
    if shot.motion not in PERFORMANCES:
        return read_motion(shot.motion, shot.fps, shot.start, shot.end)
    script = PERFORMANCES[shot.motion]
    return perform(script, PERFORMER, shot.size, shot.projection())


def lively(performance: Performance) -> Performance:
    """The performance with a face that blinks and moves a little, where its own does not."""
    if np.abs(performance.expressions).max() > 0:
        return performance
    gaze = np.zeros((len(performance.time), 2))
    return replace(performance, expressions=expressions(LIFE, performance.time, gaze))


def cast(shot: Shot, performance: Performance) -> tuple[armature.CharacterObjects, RigPreset, Clip]:
    """The character on the stage with the performance as keys, camera and light set up."""
    if shot.character in FIGURES:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        rig = FIGURES[shot.character].add(bpy.context.scene)
        objects = next(c for c in armature.characters(bpy.context.scene.objects) if c.armature == rig)
    else:
        objects = files.open_character(shot.character)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = round(shot.fps), round(shot.fps) / shot.fps
    character = armature.read(objects)
    preset = presets.recognise(character)
    clip = retarget(performance, character, preset, Settings(), shot.fps, frame_start=0)
    actions.write(clip, objects)
    move = Matrix.Translation((*shot.place, 0.0)) @ Matrix.Rotation(np.radians(shot.turned), 4, "Z")
    for top in {armature.root(thing) for thing in (objects.armature, *objects.meshes)}:
        top.matrix_world = move @ top.matrix_world
    bpy.context.view_layer.update()
    dress(scene, shot.pose(), shot.fov(), shot.size)
    light(scene, shot.light)
    if shot.character not in FIGURES:
        scene.display.shading.color_type = "TEXTURE"
    if shot.seat:
        _seat(scene, objects.armature, preset, clip)
    return objects, preset, clip


def _seat(scene, rig, preset: RigPreset, clip: Clip) -> None:
    """A stool under the pelvis where it is lowest."""
    places = []
    for frame in clip.frames:
        scene.frame_set(int(frame))
        heads = [rig.matrix_world @ rig.pose.bones[preset.bones[f"{side}UpperLeg"]].head for side in SIDES]
        places.append(np.mean(np.array(heads), 0))
    places = np.array(places)
    low = places[places[:, 2] < places[:, 2].min() + 0.02].mean(0)
    stool(scene, tuple(low[:2]), low[2] - 0.10)


def _pictures(record: _Record, chosen: range) -> Iterator[np.ndarray]:
    """Every frame as the camera sees it, rgb (height, width, 3), while its truth is recorded."""
    scene = bpy.context.scene
    with tempfile.TemporaryDirectory() as folder:
        for k in chosen:
            scene.frame_set(int(record.clip.frames[k]))
            record.note(k)
            yield cv2.cvtColor(cv2.imread(photograph(scene, f"{folder}/frame.png")), cv2.COLOR_BGR2RGB)


class _Record:
    """What happens in a shot, frame by frame, as the evaluated bones have it."""

    def __init__(self, shot: Shot, objects, preset: RigPreset, clip: Clip, performance: Performance):
        self.shot, self.objects, self.preset, self.clip, self.performance = shot, objects, preset, clip, performance
        self.frames: list[dict] = []
        self.inside: list[float] = []
        self.lowest: list[float] = []

    def note(self, k: int) -> None:
        """Add the frame that the scene stands at. k: its place in the clip."""
        rig = self.objects.armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        points = {}
        for joint, bone in self.preset.bones.items():
            if joint in TRUTH_NAMES:
                pose = rig.pose.bones[bone]
                points[TRUTH_NAMES[joint]] = rig.matrix_world @ pose.head
                if joint in ENDS:
                    points[f"{TRUTH_NAMES[joint]}_tail"] = rig.matrix_world @ pose.tail
        places = np.array(list(points.values()))
        ahead = np.c_[places, np.ones(len(places))] @ self.shot.projection().T
        pixels = ahead[:, :2] / ahead[:, 2:]
        self.inside.append(float(np.all((pixels >= 0) & (pixels <= self.shot.size), axis=1).mean()))
        self.lowest.append(float(places[:, 2].min()))
        at = self.clip.frames[k] / self.clip.fps
        shown = [name for name in EXPRESSION if name in self.preset.face]
        weights = {
            name: round(
                float(np.interp(at, self.performance.time, self.performance.expressions[:, EXPRESSION[name]])), 4
            )
            for name in shown
        }
        start = self.frames[0]["at"] if self.frames else at
        self.frames.append({
            "frame": len(self.frames), "t": round(float(at - start), 5), "at": at, "w": weights,
            "p3d": dict(zip(points, np.round(places, 4).tolist(), strict=True)),
            "p2d": dict(zip(points, np.round(pixels, 1).tolist(), strict=True)),
        })  # fmt: skip

    def write(self, out: Path) -> None:
        """Write the truth: joints to 0.1 mm, pixels to 0.1, weights to 0.0001."""
        for frame in self.frames:
            frame.pop("at")
        shot = self.shot
        looks = {"size": list(shot.size), "matrix_world": shot.pose().round(6).tolist(), "fov_v": round(shot.fov(), 5),
                 "projection": shot.projection().round(5).tolist(), "dt": 1 / shot.fps}  # fmt: skip
        note = "p2d px from the top left, p3d m with z up and the floor at 0, w weights of ARKit's shapes."
        text = json.dumps({"camera": looks, "note": note, "frames": self.frames}, separators=(",", ":"))
        out.write_bytes(gzip.compress(text.encode(), 9, mtime=0))

    def checks(self) -> dict[str, float]:
        """Pictures, share of joints inside the picture (mean and least), and the lowest joint in m."""
        return {"pictures": len(self.frames), "inside": float(np.mean(self.inside)),
                "least_inside": min(self.inside), "lowest": min(self.lowest)}  # fmt: skip
