"""Film people with known truth: python -m understudy.benchmarks.film --out CLIP.mp4 ...

    --demo                              the embedded demo clip again, into presets/demo/
    --character C --motion M [...]      one shot: a figure of ours or a character file plays one of our scripts
                                        (performances.py) or a motion FILE[:ACTION+ACTION...]
    --shots [NAME ...] --material DIR   the shots of shots.toml over material in DIR, into the folder --out

The truth lies beside each clip as NAME.gt.json.gz: {"camera": {"size", "matrix_world", "fov_v", "dt", "projection"},
"frames": [{"t", "w": {ARKit shape: weight}, "p3d": {joint: metres, z up}, "p2d": {joint: px from the top left},
"rot": {VRM joint: wxyz relative to its parent, identity = T-pose, axes of the character}}]}; joints have Mixamo's
names, and "rot" is there for the demo only.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from ..addon.figures.proportions import PERFORMER, STARTER, Proportions, joints
from ..addon.quiet import quiet_blender
from ..solvers.errors import UnderstudyError
from ..solvers.motion.rotations import rotate
from ..solvers.motion.skeleton import joint_positions, world_rotations
from ..solvers.names import EXPRESSIONS, JOINT, JOINTS
from ..solvers.performance import Performance
from ..solvers.progress import Stages
from .acting import FPS, perform
from .performances import PERFORMANCES
from .truth import ENDS, TRUTH_NAMES
from .voice import RATE, footfalls, speak

DEMO = Path(__file__).resolve().parents[1] / "presets" / "demo" / "performance.mp4"
FIGURES = {"performer": PERFORMER, "starter": STARTER}


@dataclass(frozen=True)
class Camera:
    """A camera that looks along +y: where it stands (m), its vertical field of view (degrees), pitch (degrees, up)."""

    place: tuple[float, float, float] = (0.0, -2.24, 1.0)
    fov: float = 46.0
    pitch: float = -3.6

    def pose(self) -> np.ndarray:
        """Camera to world (4, 4), Blender's axes: x right, y up, looking along -z."""
        c, s = np.cos(np.radians(self.pitch)), np.sin(np.radians(self.pitch))
        matrix = np.eye(4)
        matrix[:3, :3] = np.array([[1, 0, 0], [0, -s, -c], [0, c, -s]])
        matrix[:3, 3] = self.place
        return matrix

    def projection(self, size: tuple[int, int]) -> np.ndarray:
        """World (x, y, z, 1) to the picture's homogeneous pixels (3, 4), origin top left. size: (width, height) px."""
        width, height = size
        focal = 0.5 * height / np.tan(0.5 * np.radians(self.fov))
        inner = np.array([[focal, 0, -0.5 * width], [0, -focal, -0.5 * height], [0, 0, -1.0]])
        return inner @ np.linalg.inv(self.pose())[:3]


def film(figure: str, name: str, camera: Camera, size: tuple[int, int], out: Path, frames: range | None = None) -> None:
    """Film one performance of one figure, and write what really happened beside it.

    figure: in FIGURES; name: in PERFORMANCES; size: (width, height) px, even; out: .mp4; frames: some, else all.
    """
    proportions, script = FIGURES[figure], PERFORMANCES[name]
    performance = perform(script, proportions, size, camera.projection(size))
    if frames:
        performance = part(performance, np.array(frames))
    sound = None
    if script.speech[1]:
        start, phonemes = script.speech
        landings = [plant.start for plants in script.feet.values() for plant in plants[1:]]
        sound = speak(phonemes, start, script.seconds) + footfalls(landings, script.seconds)
        sound = sound[round(performance.time[0] * RATE) :][: round(len(performance.time) / FPS * RATE)]
    out.parent.mkdir(parents=True, exist_ok=True)
    encode(pictures(figure, performance, camera, size), sound, size, out)
    write_truth(performance, proportions, camera, size, out.with_suffix(".gt.json.gz"))


def part(performance: Performance, wanted: np.ndarray) -> Performance:
    """Only some samples of a performance. wanted: (T,) bool, or indices."""
    still = ("skeleton", "projection")
    rows = {
        entry.name: getattr(performance, entry.name)[wanted]
        for entry in fields(performance)
        if entry.name not in still and isinstance(getattr(performance, entry.name), np.ndarray)
    }
    return replace(performance, **rows)


def pictures(figure: str, performance: Performance, camera: Camera, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Every frame as the camera sees it (height, width, 3), 0..255."""
    import bpy
    import cv2

    from ..addon.figures import performer, starter
    from .stage import dress, photograph

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    rig = {"performer": performer, "starter": starter}[figure].add(scene)
    dress(scene, camera.pose(), camera.fov, size)
    with tempfile.TemporaryDirectory() as folder:
        for i in range(len(performance.time)):
            act(rig, performance, i)
            yield cv2.cvtColor(cv2.imread(photograph(scene, f"{folder}/frame.png")), cv2.COLOR_BGR2RGB)


def act(rig, performance: Performance, sample: int) -> None:
    """Put an armature with VRM names and its meshes into one sample of a performance.

    rig: armature object in T-pose at rest; sample: index.
    """
    from mathutils import Matrix, Quaternion, Vector

    for bone in rig.pose.bones:
        if bone.name in JOINT:
            rest = bone.bone.matrix_local.to_3x3()
            turn = Quaternion(performance.rotations[sample, JOINT[bone.name]]).to_matrix()
            basis = (rest.inverted() @ turn @ rest).to_4x4()
            if bone.name == "hips":
                way = Vector(performance.root[sample]) - bone.bone.head_local
                basis = Matrix.Translation(rest.inverted() @ way) @ basis
            bone.matrix_basis = basis
    for thing in rig.children:
        keys = thing.data.shape_keys.key_blocks if thing.data.shape_keys else ()
        for key in keys:
            if key.name in EXPRESSIONS:
                key.value = performance.expressions[sample, EXPRESSIONS.index(key.name)]


def encode(
    frames: Iterator[np.ndarray], sound: np.ndarray | None, size: tuple[int, int], out: Path, fps: float = FPS
) -> None:
    """Write an mp4 (H.264, yuv420p) with AAC sound of the picture's length.

    frames: (height, width, 3) uint8; fps: of them, a second; sound: (N,) -1..1 at RATE, or none.
    """
    import av

    with av.open(str(out), "w", options={"movflags": "faststart"}) as container:
        video = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.options = {"crf": "19", "preset": "slow", "g": "48"}
        voice = container.add_stream("aac", rate=RATE) if sound is not None else None
        if voice:
            voice.bit_rate, voice.layout = 64000, "mono"
        for i, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
                format="yuv420p", dst_colorspace="ITU709"
            )
            frame.pts, frame.time_base = i, 1 / Fraction(fps).limit_denominator(1001)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if voice:
            frame = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
            container.mux(voice.encode(frame))
            container.mux(voice.encode(None))


def truth_points(performance: Performance, p: Proportions) -> dict[str, np.ndarray]:
    """Every joint under Mixamo's name, and the ends of head, toes and fingers: {name: (T, 3) m}."""
    places = joint_positions(performance.rotations, performance.root, performance.skeleton)
    turns = world_rotations(performance.rotations)
    rest = joints(p)
    result = {theirs: places[:, JOINT[ours]] for ours, theirs in TRUTH_NAMES.items()}
    for ours in ENDS:
        way = rotate(turns[:, JOINT[ours]], rest[ours][1] - rest[ours][0])
        result[f"{TRUTH_NAMES[ours]}_tail"] = places[:, JOINT[ours]] + way
    return result


def write_truth(performance: Performance, p: Proportions, camera: Camera, size: tuple[int, int], out: Path) -> None:
    """Write what really happened: joints to 0.1 mm, pixels to 0.1, rotations and weights to 0.0001."""
    points = truth_points(performance, p)
    names = list(points)
    places = np.stack([points[n] for n in names], 1)
    ahead = np.concatenate([places, np.ones((*places.shape[:2], 1))], -1) @ performance.projection.T
    pixels = ahead[..., :2] / ahead[..., 2:]
    start = performance.time[0]
    frames = []
    for i, t in enumerate(performance.time):
        weights = dict(zip(EXPRESSIONS, np.round(performance.expressions[i], 4).tolist(), strict=True))
        turns = dict(zip(JOINTS, np.round(performance.rotations[i], 4).tolist(), strict=True))
        frames.append({
            "frame": i, "t": round(float(t - start), 5), "w": weights,
            "p3d": dict(zip(names, np.round(places[i], 4).tolist(), strict=True)),
            "p2d": dict(zip(names, np.round(pixels[i], 1).tolist(), strict=True)),
            "rot": {n: q for n, q in turns.items() if q[0] < 0.99995},
            "contacts": np.round(performance.contacts[i], 2).tolist(),
        })  # fmt: skip
    looks = {"size": list(size), "matrix_world": camera.pose().round(6).tolist(), "fov_v": camera.fov,
             "projection": performance.projection.round(5).tolist(), "dt": 1 / FPS}  # fmt: skip
    note = "Joints left out of rot are at rest. Shapes left and right are the character's own."
    text = json.dumps({"camera": looks, "note": note, "frames": frames}, separators=(",", ":"))
    out.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def main(words: list[str] | None = None) -> int:
    """Film what is asked for. words: the command line's. Result: the exit code."""
    parser = _parser()
    chosen = parser.parse_args(words)
    if chosen.demo == bool(chosen.out):
        parser.error("say where to write with --out, or film the demo clip with --demo")
    frames = slice(*(int(v) if v else None for v in chosen.frames.split(":"))) if chosen.frames else slice(None)
    quiet = Stages(quiet=True)
    try:
        if chosen.demo:
            with quiet_blender(quiet):
                film("performer", "demo", Camera(), (720, 1280), DEMO)
            return 0
        with quiet_blender(quiet):
            from .shots import shoot

            shots = _shots(chosen)
        for out, shot in shots.items():
            with quiet_blender(quiet):
                found = shoot(shot, out, frames)
            print(f"{out}: {', '.join(f'{what} {figure:.3g}' for what, figure in found.items())}", flush=True)
    except UnderstudyError as fault:
        print(f"understudy: {fault}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m understudy.benchmarks.film",
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = parser.add_argument
    add("--demo", action="store_true", help="film the embedded demo clip again")
    add("--shots", nargs="*", metavar="NAME", help="film these shots of shots.toml; all that have their material")
    add("--material", type=Path, metavar="DIR", help="folder in which shots.toml's characters and motions are")
    add("--character", metavar="C", help="performer, starter, or a .blend, .glb, .vrm or .fbx")
    add("--motion", metavar="M", help="one of performances.py, or FILE[:ACTION+...] of a .bvh, .glb or .fbx")
    add("--start", type=float, metavar="S", help="s of the motion at which to begin")
    add("--end", type=float, metavar="S", help="s of the motion at which to end")
    add("--turned", type=float, metavar="DEG", help="how far the performer is turned to their left")
    add("--place", type=float, nargs=2, metavar=("X", "Y"), help="m on the floor where the performer begins")
    add("--camera", type=float, nargs=3, metavar=("X", "Y", "Z"), help="m where the camera stands; Y is negative")
    add("--pitch", type=float, metavar="DEG", help="how far the camera looks up")
    add("--focal", type=float, metavar="F", help="in lengths of the picture's longer side; a phone's is 0.8 to 1")
    add("--size", metavar="WxH", help="px, even")
    add("--fps", type=float, metavar="N", help="pictures a second")
    add("--light", metavar="L", help="room, window, evening or bright")
    add("--seat", action="store_true", default=None, help="put a stool where the pelvis is lowest")
    add("--frames", metavar="START:STOP[:STEP]", help="only these, to look at a few")
    add("--out", type=Path, help=".mp4 to write, or the folder for --shots; truth goes beside")
    return parser


def _shots(chosen: argparse.Namespace) -> dict:
    """{.mp4 to write: Shot} that the command line asks for. Raises ShotError."""
    from .shots import Shot, ShotError, listed

    if chosen.shots is not None:
        return {chosen.out / f"{name}.mp4": shot for name, shot in listed(chosen.material, chosen.shots).items()}
    if not chosen.character or not chosen.motion:
        raise ShotError("A shot needs a --character and a --motion; or give --shots with --material.")
    names = {entry.name for entry in fields(Shot)}
    return {chosen.out: Shot.made(**{k: v for k, v in vars(chosen).items() if k in names and v is not None})}


if __name__ == "__main__":
    sys.exit(main())
