"""The Blender of its own that writes passes, in a copy of the artist's file."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import bpy

from ...solvers.errors import UnderstudyError
from ...solvers.presets import RigPreset
from .. import armature, rendering, shot
from ..armature import CharacterObjects
from ..shooting import LAUNCH as FILMING
from . import conditioning

LAUNCH = FILMING.replace("understudy.addon.shot", "understudy.addon.neural.apart")
PACKAGES = ("av", "cv2")  # that it needs besides Blender's


def main(words: str) -> None:
    """Write passes of the file that is open here, and tell of it on standard output.

    words: JSON {"scene", "frames": [first, last], "size": px, "armature", "meshes": names, "preset", "names": passes,
    "out", "scratch"}. Lines: as shot.main's.
    """
    job = json.loads(words)
    threading.Thread(target=shot.end_with_parent, args=(job["scratch"],), daemon=True).start()
    channel = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)

    def tell(**facts) -> None:
        os.write(channel, f"\n{json.dumps(facts)}\n".encode())

    tell(own=str(Path(bpy.app.tempdir)))
    try:
        write(job, lambda done, total: tell(done=done, total=total))
        tell(filmed=job["frames"][1] - job["frames"][0] + 1)
    except UnderstudyError as fault:
        tell(error=type(fault).__name__, message=str(fault))


def write(job: dict, progress) -> None:
    """Write the passes of a job; the open file is changed for it. progress: called with (done, all)."""
    scene = bpy.data.scenes[job["scene"]]
    if bpy.context.window is not None:
        bpy.context.window.scene = scene
    scene.frame_start, scene.frame_end = job["frames"]
    rig = scene.objects[job["armature"]] if job["armature"] else None
    objects = CharacterObjects(rig, tuple(scene.objects[name] for name in job["meshes"]))
    character, preset = armature.read(objects), RigPreset(**job["preset"])
    rendering.set_size(scene, tuple(job["size"]))
    if scene.camera is None:
        framing = scene.get(rendering.FRAMING, "full")
        rendering.prepare(scene, objects, character, preset, framing, tuple(job["size"]), engine="workbench")
    conditioning.write(scene, objects, character, preset, Path(job["out"]), tuple(job["names"]), progress)
