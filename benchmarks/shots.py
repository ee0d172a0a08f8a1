"""Shots: a character plays a motion before a camera, and what its own joints really did is written beside the film."""

from __future__ import annotations

import gzip
import json
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import bpy
import cv2
import numpy as np
from mathutils import Matrix

from ..addon import actions, armature, files
from ..addon.figures import performer, starter
from ..addon.figures.proportions import PERFORMER
from ..solvers.clip import Clip
from ..solvers.errors import UnderstudyError
from ..solvers.names import EXPRESSION
from ..solvers.performance import Performance
from ..solvers.retarget import retarget
from ..solvers.rigs import presets
from ..solvers.rigs.presets import RigPreset
from ..solvers.settings import Settings
from .acting import Script, expressions, perform
from .film import Camera, encode
from .motions import read_motion
from .performances import PERFORMANCES
from .stage import LIGHTS, dress, light, photograph, stool
from .truth import ENDS, SIDES, TRUTH_NAMES

LIST = Path(__file__).with_name("shots.toml")
FIGURES = {"performer": performer, "starter": starter}
OWN = {"character": FIGURES, "motion": PERFORMANCES}  # what needs no material
LIFE = Script(seconds=0.0, blinks=(0.7, 2.2, 3.9, 5.6),
              face={"mouthSmile": ((0, 0.1), (1.5, 0.35), (3.0, 0.05)), "browInnerUp": ((0, 0.1), (1.0, 0.4), (2.0, 0)),
                    "jawOpen": ((0, 0.02), (0.9, 0.18), (1.4, 0.03), (2.6, 0.14), (3.2, 0.02))})  # fmt: skip


class ShotError(UnderstudyError):
    """A shot cannot be filmed as it is described."""


@dataclass(frozen=True)
class Shot:
    """What is filmed, and from where.

    character: a figure of ours (FIGURES), or a file. motion: one of performances.PERFORMANCES, or FILE[:ACTION+...].
    start, end: s of the motion. turned: degrees, the performer to their left. place: (x, y) m on the floor.
    camera: (x, y, z) m where it stands; it looks along +y. pitch: degrees, up.
    focal: in lengths of the picture's longer side (a phone's is about 0.8 to 1). size: (width, height) px, even.
    fps: pictures a second. light: one of stage.LIGHTS. seat: whether a stool stands where the pelvis is lowest.
    """

    character: str
    motion: str
    start: float = 0.0
    end: float | None = None
    turned: float = 0.0
    place: tuple[float, float] = (0.0, 0.0)
    camera: tuple[float, float, float] = (0.0, -3.0, 1.1)
    pitch: float = -3.0
    focal: float = 0.9
    size: tuple[int, int] = (540, 960)
    fps: float = 30.0
    light: str = "room"
    seat: bool = False

    @classmethod
    def made(cls, **words) -> Shot:
        """A shot as people describe it: size also as "WIDTHxHEIGHT", tuples also as lists.

        Raises ShotError for what no shot has or can be.
        """
        unknown = set(words) - {entry.name for entry in fields(cls)}
        if unknown:
            raise ShotError(f"A shot has no '{sorted(unknown)[0]}': it has {', '.join(e.name for e in fields(cls))}.")
        size = words.get("size")
        if isinstance(size, str):
            words["size"] = size.split("x")
        try:
            if size:
                words["size"] = tuple(int(v) for v in words["size"])
            words |= {key: tuple(map(float, words[key])) for key in ("place", "camera") if key in words}
            shot = cls(**words)
        except (TypeError, ValueError) as fault:
            raise ShotError(f"A shot cannot be made of {words}: {fault}.") from fault
        if len(shot.size) != 2 or any(side < 2 or side % 2 for side in shot.size):
            raise ShotError(f"The size {shot.size} cannot be filmed: give an even WIDTHxHEIGHT such as 540x960.")
        if shot.light not in LIGHTS:
            raise ShotError(f"There is no light '{shot.light}': choose one of {', '.join(LIGHTS)}.")
        return shot

    def eye(self) -> Camera:
        """The camera."""
        fov = np.degrees(2 * np.arctan(0.5 * self.size[1] / (self.focal * max(self.size))))
        return Camera(self.camera, float(fov), self.pitch)

    def projection(self) -> np.ndarray:
        """World (x, y, z, 1) to the picture's homogeneous pixels (3, 4), origin top left."""
        return self.eye().projection(self.size)


def listed(material: Path | None, names: Sequence[str] = ()) -> dict[str, Shot]:
    """The shots of shots.toml over material in a folder; without names, all whose material is there.

    material: folder of characters and motions. Raises ShotError for an unknown name, or where a file is missing.
    """
    shots = {name: Shot.made(**words) for name, words in tomllib.loads(LIST.read_text(encoding="utf-8")).items()}
    unknown = [name for name in names if name not in shots]
    if unknown:
        raise ShotError(f"There is no shot '{unknown[0]}': there are {', '.join(shots)}.")
    found = {}
    for name, shot in shots.items():
        needed = {key: _file_of(getattr(shot, key), own) for key, own in OWN.items()}
        placed = {key: file and (material or Path()) / file for key, file in needed.items()}
        lacking = [str(path) for path in placed.values() if path is not None and not path.is_file()]
        if lacking and name in names:
            raise ShotError(f"The shot '{name}' needs {lacking[0]}, which is not there: give its folder as --material.")
        if not lacking and (name in names or not names):
            words = {key: f"{path}{getattr(shot, key)[len(needed[key]) :]}" for key, path in placed.items() if path}
            found[name] = replace(shot, **words)
    return found


def _file_of(words: str, own) -> str | None:
    """The file that a character or motion is in; none for ours. own: names of ours."""
    return None if words in own else words.partition(":")[0]


def shoot(shot: Shot, out: Path, frames: slice | None = None) -> dict[str, float]:
    """Film a shot, and write what really happened beside it.

    out: .mp4; the truth goes to NAME.gt.json.gz. frames: only some of them.
    Result: what can be checked of it: pictures, share of joints inside the picture, lowest point of the body in m.
    """
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
    """The character on the stage with the performance as keys, camera and light set up.

    Raises CharacterError, RigError or ShotError where the character cannot play.
    """
    if shot.character in FIGURES:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        rig = FIGURES[shot.character].add(bpy.context.scene)
        objects = next(c for c in armature.characters(bpy.context.scene.objects) if c.armature == rig)
    else:
        objects = files.open_character(shot.character)
    if objects.armature is None:
        raise ShotError(f"{shot.character} is a face alone: give a character with an armature.")
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
    dress(scene, shot.eye().pose(), shot.eye().fov, shot.size)
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
        eye = shot.eye()
        looks = {"size": list(shot.size), "matrix_world": eye.pose().round(6).tolist(), "fov_v": round(eye.fov, 5),
                 "projection": shot.projection().round(5).tolist(), "dt": 1 / shot.fps}  # fmt: skip
        note = "p2d px from the top left, p3d m with z up and the floor at 0, w weights of ARKit's shapes."
        text = json.dumps({"camera": looks, "note": note, "frames": self.frames}, separators=(",", ":"))
        out.write_bytes(gzip.compress(text.encode(), 9, mtime=0))

    def checks(self) -> dict[str, float]:
        """Pictures, share of joints inside the picture (mean and least), and the lowest joint in m."""
        return {"pictures": len(self.frames), "inside": float(np.mean(self.inside)),
                "least_inside": min(self.inside), "lowest": min(self.lowest)}  # fmt: skip
