"""A shot: what is filmed and how, and the Blender of its own that films it, in a copy of the artist's file."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..solvers.errors import OutputError, UnderstudyError
from ..solvers.footage.film import FULL, Soundtrack
from ..solvers.rigs.presets import RigPreset
from . import armature, rendering
from .armature import CharacterObjects

SCRATCH = (".film-", "understudy-film-")  # how the folders begin that a film needs while it is made
ATTEMPTS = 40  # to remove them while the film is still being written into them


@dataclass(frozen=True)
class Shot:
    """What is filmed, and how; plain words and numbers.

    scene: its name. frames: (first, last). size: px, engine: one of rendering.ENGINES; None is the scene's own.
    stage: whether backdrop, lights and camera are set. sound, beside: whether the driving video is heard, and seen.
    armature, meshes: names of the character's objects, preset: its rig; of a stage alone.
    framing: one of names.FRAMINGS, how much of the performer the video showed.
    driving: the driving video from the moment on at which the performance begins, and begin: the frame of that.
    """

    scene: str
    frames: tuple[int, int]
    size: tuple[int, int] | None = None
    engine: str | None = None
    stage: bool = False
    sound: bool = True
    beside: bool = False
    armature: str | None = None
    meshes: tuple[str, ...] = ()
    preset: dict = dataclasses.field(default_factory=dict)
    framing: str = "full"
    driving: tuple[str, float] | None = None
    begin: int = 1


def main(words: str) -> None:
    """Film the file that is open here, and tell of it on standard output; Blender's own words go nowhere.

    words: JSON {"shot": Shot, "out": path, "scratch": folders that are to be gone if the parent is}.
    Lines: {"own": folder of Blender's}; {"done", "total"} after each frame; {"filmed": frames}; {"error", "message"}
    where the user has something to mend.
    """
    job = json.loads(words)
    threading.Thread(target=end_with_parent, args=(job["scratch"],), daemon=True).start()
    channel = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)

    def tell(**facts) -> None:
        os.write(channel, f"\n{json.dumps(facts)}\n".encode())

    tell(own=str(Path(bpy.app.tempdir)))
    try:
        count = film(Shot(**job["shot"]), Path(job["out"]), lambda done, total: tell(done=done, total=total))
        tell(filmed=count)
    except UnderstudyError as fault:
        tell(error=type(fault).__name__, message=str(fault))
    except OSError as fault:
        named = unwritten(Path(job["out"]), fault)
        tell(error=type(named).__name__, message=str(named))


def film(shot: Shot, out: Path, progress: Callable[[int, int], None]) -> int:
    """Film a scene of the open file, which is changed for it; tells how many frames.

    out: .mp4. progress: called with (done, all). Raises UnderstudyError where it cannot be filmed so.
    """
    return rendering.render(set_up(shot), out, progress, shot.sound, shot.beside)


def set_up(shot: Shot) -> bpy.types.Scene:
    """The scene of a shot, shown and ready to be filmed. Raises UnderstudyError where it cannot be filmed so."""
    scene = bpy.data.scenes[shot.scene]
    if bpy.context.window is not None:
        bpy.context.window.scene = scene
    scene.frame_start, scene.frame_end = shot.frames
    if shot.engine is not None:
        rendering.set_engine(scene, shot.engine)
    if shot.size is not None:
        rendering.set_size(scene, shot.size)
    if shot.stage:
        _set_stage(scene, shot)
    scene.pop(rendering.SOUND, None)
    if shot.driving is not None:
        path, start = shot.driving
        scene[rendering.SOUND] = rendering.sound_words(Soundtrack(path, start), shot.begin)
    return scene


def _set_stage(scene: bpy.types.Scene, shot: Shot) -> None:
    """Backdrop, lights and camera, where the scene does not have just these already."""
    rig = scene.objects[shot.armature] if shot.armature else None
    objects = CharacterObjects(rig, tuple(scene.objects[name] for name in shot.meshes))
    size = (scene.render.resolution_x, scene.render.resolution_y)
    if not rendering.is_prepared(scene, objects, shot.framing, size):
        character, preset = armature.read(objects), RigPreset(**shot.preset)
        rendering.prepare(scene, objects, character, preset, shot.framing, size, engine=None)


def end_with_parent(scratch: list[str]) -> None:
    """End at once when the parent has gone, and leave nothing behind.

    scratch: the film's folders. The parent holds the other end of standard input, and never writes to it.
    """
    while os.read(0, 1024):
        pass
    folders = [folder for folder in map(Path, scratch) if folder.name.startswith(SCRATCH)]
    for _ in range(ATTEMPTS):  # a frame that is just being written may come into a folder while it is emptied
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        if not any(folder.exists() for folder in folders):
            break
        time.sleep(0.05)
    os._exit(3)


def unwritten(out: Path, fault: OSError) -> OutputError:
    """One sentence about a film that cannot be written. out: its path."""
    if fault.errno in FULL:
        return OutputError(f"The disk is full: the film {out.name} needs room, or another place.")
    return OutputError(f"The film cannot be written to {out} ({fault.strerror or fault}): give a path that can be.")
