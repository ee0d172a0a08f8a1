"""The Blender of its own that writes passes, in a copy of the artist's file."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import bpy

from ...solvers.errors import UnderstudyError
from ...solvers.rigs.presets import RigPreset
from .. import armature, shot
from ..armature import CharacterObjects
from ..shooting import LAUNCH as FILMING
from . import conditioning

LAUNCH = FILMING.replace("understudy.addon.shot", "understudy.addon.neural.apart")
PACKAGES = ("av", "cv2")  # that it needs besides Blender's


def main(words: str) -> None:
    """Write passes of the file that is open here, and tell of it on standard output.

    words: JSON {"shot": Shot, "armature", "meshes": names of the character's objects, "preset": its rig,
    "names": passes, "out": folder, "scratch"}. Lines: as shot.main's.
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
        tell(filmed=write(job, lambda done, total: tell(done=done, total=total)))
    except UnderstudyError as fault:
        tell(error=type(fault).__name__, message=str(fault))


def write(job: dict, progress) -> int:
    """Write the passes of a job, and tell of how many frames; the open file is changed for it.

    progress: called with (done, all).
    """
    scene = shot.set_up(shot.Shot(**job["shot"]))
    rig = scene.objects[job["armature"]] if job["armature"] else None
    objects = CharacterObjects(rig, tuple(scene.objects[name] for name in job["meshes"]))
    character, preset = armature.read(objects), RigPreset(**job["preset"])
    conditioning.write(scene, objects, character, preset, Path(job["out"]), tuple(job["names"]), progress)
    return scene.frame_end - scene.frame_start + 1
