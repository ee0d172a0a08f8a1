"""How fast every stage is: python -m understudy.benchmarks.speed [VIDEO ...] [--quick]

Prints Markdown: detection against the raw tasks and its memory (see detection.py), then solving, baking, and keys
written by whole arrays against keys inserted one at a time. Without videos the embedded demo clip is measured.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ..addon.quiet import quiet_blender
from ..solvers.clip import Clip
from ..solvers.progress import Stages
from ..solvers.settings import Settings
from ..solvers.take import Take
from .detection import detection
from .tables import Row, table

DEMO = Path(__file__).resolve().parents[1] / "presets" / "demo" / "performance.mp4"
RUNS = 3  # of which the fastest counts: others share the machine


def fastest(work: Callable[[], object], runs: int = RUNS) -> tuple[float, object]:
    """Seconds of the fastest of several runs, and what the last one gave. work: to be done."""
    seconds = []
    for _ in range(runs):
        begun = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - begun)
    return min(seconds), result


def solving_and_baking(take: Take, runs: int) -> list[Row]:
    """Frames per second of solving a take, and of putting it on the starter character as keys. take: as detected."""
    from ..addon import actions, armature, files
    from ..solvers.retarget import retarget
    from ..solvers.rigs.presets import recognise
    from ..solvers.solve import solve

    solved, performance = fastest(lambda: solve(take, Settings()), runs)
    objects = files.open_character(None)
    character = armature.read(objects)
    preset = recognise(character)
    aimed, clip = fastest(lambda: retarget(performance, character, preset, Settings(), take.source["fps"]), runs)
    written, made = fastest(lambda: actions.write(clip, objects), runs)
    keys = sum(len(curve.keyframe_points) for action in made for curve in actions.curves(action))
    inserted, count = insert_keys(clip, objects)
    frames, note = len(clip.frames), f"{len(clip.bones)} bones, {len(clip.sliders)} sliders, {len(clip.frames)} frames"
    return [
        Row("solve", f"{len(take.time) / solved:.0f} frames/s", f"{len(take.time)} frames in {solved:.2f} s"),
        Row("bake: retarget and write", f"{frames / (aimed + written):.0f} frames/s", note),
        Row("keys by foreach_set", f"{keys / written / 1e3:.0f} thousand/s", f"{keys} keys in {written:.3f} s"),
        Row("keys by keyframe_insert", f"{count / inserted / 1e3:.1f} thousand/s", f"{count} keys in {inserted:.1f} s"),
        Row("the one against the other", f"{(keys / written) / (count / inserted):.0f} times", "keys a second"),
    ]


def insert_keys(clip: Clip, objects) -> tuple[float, int]:
    """The way that add-ons usually take: every value set and its key inserted, frame by frame.

    clip: for the character. objects: its armature and meshes. Result: seconds, and how many keys it made.
    """
    from ..addon import actions

    rig = objects.armature
    rig.animation_data_clear()
    bones = [rig.pose.bones[name] for name in clip.bones]
    blocks = []
    for mesh in objects.meshes:
        if mesh.data.shape_keys:
            mesh.data.shape_keys.animation_data_clear()
            present = [(k, mesh.data.shape_keys.key_blocks.get(name)) for k, name in enumerate(clip.sliders)]
            blocks += [(k, block) for k, block in present if block is not None]
    for bone in bones:
        bone.rotation_mode = "QUATERNION"
    begun = time.perf_counter()
    for row, frame in enumerate(clip.frames):
        for column, bone in enumerate(bones):
            bone.rotation_quaternion = clip.rotations[row, column]
            bone.keyframe_insert("rotation_quaternion", frame=frame)
        for column, name in enumerate(clip.movers):
            rig.pose.bones[name].location = clip.locations[row, column]
            rig.pose.bones[name].keyframe_insert("location", frame=frame)
        for column, block in blocks:
            block.value = clip.values[row, column]
            block.keyframe_insert("value", frame=frame)
    seconds = time.perf_counter() - begun
    owners = [rig, *{block.id_data.name: block.id_data for _, block in blocks}.values()]
    made = {owner.animation_data.action.name: owner.animation_data.action for owner in owners}
    return seconds, sum(len(curve.keyframe_points) for action in made.values() for curve in actions.curves(action))


def take_of(video: Path, stages: Stages) -> Take:
    """What the detector sees in a video. video: path."""
    from ..solvers.detect import detect

    with stages.stage("detect") as report:
        return detect(video, progress=report)


def main(words: list[str] | None = None) -> int:
    """Measure and print. words: the command line's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="*", type=Path, metavar="VIDEO", help="to be measured (default: the demo clip)")
    parser.add_argument("--quick", action="store_true", help="one run of each, and short clips for memory")
    arguments = parser.parse_args(words)
    stages = Stages(sys.stderr)
    rows = detection(arguments.videos, arguments.quick)
    with quiet_blender(stages):
        rows += solving_and_baking(take_of(DEMO, stages), 1 if arguments.quick else RUNS)
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
