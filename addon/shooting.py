"""Filming in a Blender of its own: a copy of the file is filmed there while the artist works on in this one."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy
import numpy as np

from ..solvers import errors
from ..solvers.errors import Cancelled, OutputError, RenderError, UnderstudyError
from ..solvers.results import result_file
from ..solvers.settings import Settings
from . import armature, bakes, jobs, rendering, rigs, workspace
from .armature import CharacterObjects
from .bakes import Recipe
from .jobs import Work
from .preferences import cache
from .shot import SCRATCH, Shot, unwritten

ROOT = Path(__file__).resolve().parents[1]
# Loads the package under its own name wherever it lies, and what it needs beside what Blender has, then films.
# {name: folder} comes first of the two arguments, so that no path of the other Blender needs to be known here.
LAUNCH = """
import importlib.util, json, os, sys
places, job = sys.argv[sys.argv.index("--") + 1 :]
for name, place in json.loads(places).items():
    start = os.path.join(place, "__init__.py")
    spec = importlib.util.spec_from_file_location(name, start, submodule_search_locations=[place])
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
from understudy.addon.shot import main
main(job)
"""
POLL = 0.1  # s between two looks at whether the film is still wanted
PATIENCE = 2.0  # s that a child which is asked to end may take
NICE = 10  # of 19: this Blender's own work goes first, and idle cores are still used


def shooting(scene: bpy.types.Scene) -> Work:
    """The work that films a scene as the panel asks for it, to be done in a thread: all of Blender is read here.

    Its result is the film's path. The scene stays as it is: stage, size and engine are those of a copy of the file.
    Raises UnderstudyError where it cannot be filmed so.
    """
    options = scene.understudy.film
    if jobs.running("film"):
        raise RenderError("A film is being made: wait for it, or cancel it with Esc.")
    out, shot, driving = _place(scene), shot_of(scene), driving_of(scene)
    if scene.camera is None and not options.stage:
        raise RenderError(f"The scene {scene.name} has no camera: add one, or switch on Set Stage.")
    if shot.engine == "cycles" and "cycles" not in bpy.context.preferences.addons:
        raise RenderError("Cycles is switched off in this Blender's add-ons: switch it on, or choose another engine.")
    folder = Path(tempfile.mkdtemp(prefix=SCRATCH[1]))
    try:
        copy, command = folder / "scene.blend", another_blender(folder)
    except UnderstudyError:
        shutil.rmtree(folder, ignore_errors=True)
        raise

    def work(progress, cancelled):
        with _taken_away(folder):
            made = _film_apart(command, copy, dataclasses.replace(shot, **driving()), out, progress, cancelled)
        return made

    return work


def _place(scene: bpy.types.Scene) -> Path:
    """Where the film is to be: as the panel has it; in the cache where that is beside a file not yet saved."""
    words = scene.understudy.film.out.strip()
    if not words:
        raise OutputError("The film has no path: give the name of an .mp4 that is to be written.")
    words = words if words.lower().endswith(".mp4") else f"{words}.mp4"
    if words.startswith("//") and not bpy.data.filepath:
        out = cache("films") / words[2:]
    else:
        out = Path(os.path.abspath(bpy.path.abspath(words)))
    result_file(out, ".mp4")
    videos = [scene.understudy.video, *(take.video for take in scene.understudy.takes)]
    for video in [Path(bpy.path.abspath(video)) for video in videos if video]:
        if video.exists() and out.exists() and video.samefile(out):
            raise OutputError(f"{out.name} is the driving video, which the film must not replace: give another path.")
    return out


def shot_of(scene: bpy.types.Scene) -> Shot:
    """What the panel asks for, but for the driving video."""
    options = scene.understudy.film
    shot = Shot(
        scene=scene.name,
        frames=(scene.frame_start, scene.frame_end),
        size=None if options.ratio == "SCENE" else rendering.film_size(options.ratio),
        engine=None if options.engine == "SCENE" else options.engine,
        stage=options.stage,
        sound=options.sound,
        beside=options.beside,
    )
    if not options.stage:
        return shot
    objects = workspace.character(scene)
    return dataclasses.replace(
        shot,
        frames=_performed(scene, objects),
        armature=objects.armature.name if objects.armature else None,
        meshes=tuple(mesh.name for mesh in objects.meshes),
        preset=dataclasses.asdict(rigs.preset_for(scene, armature.read(objects))),
    )


def _performed(scene: bpy.types.Scene, objects: CharacterObjects) -> tuple[int, int]:
    """The frames of the scene in which the character plays something; all of them where it plays nothing there."""
    spans = rendering.performed_frames(objects)
    first = max([scene.frame_start, *([int(np.floor(min(span[0] for span in spans)))] if spans else [])])
    last = min([scene.frame_end, *([int(np.ceil(max(span[1] for span in spans)))] if spans else [])])
    return (first, last) if first <= last else (scene.frame_start, scene.frame_end)


def driving_of(scene: bpy.types.Scene) -> Callable[[], dict]:
    """What tells, in a thread, where the driving video is in step with the current bake: fields of a Shot.

    Where there is no bake of ours, or its take is gone, that is what the scene remembers.
    """
    remembered: dict = {"framing": scene.get(rendering.FRAMING, "full")}
    if rendering.SOUND in scene:
        words = json.loads(scene[rendering.SOUND])
        remembered |= {"driving": (words["path"], words["start"]), "begin": words["frame"]}
    recipe = _recipe(scene)
    if recipe is None:
        return lambda: remembered
    videos = {take.path: bpy.path.abspath(take.video) for take in scene.understudy.takes if take.video}
    take, video = bpy.path.abspath(recipe.take), videos.get(recipe.take, "")

    def told() -> dict:
        try:
            return _in_step(recipe, take, video)
        except UnderstudyError:
            return remembered

    return told


def _recipe(scene: bpy.types.Scene) -> Recipe | None:
    """Of what the chosen character plays now."""
    chosen = scene.understudy.character
    if chosen is None or chosen.name not in scene.objects:
        return None
    bake = bakes.current(rigs.objects_of(chosen, scene))
    return bake.recipe if bake is not None else None


def _in_step(recipe: Recipe, take: str, video: str) -> dict:
    """Fields of a Shot about the driving video of a bake.

    take: absolute path. video: absolute path, where it is known to be now.
    """
    performance = workspace.performance(take, Settings(**recipe.settings))
    since = performance.time - performance.time[0]
    moment = performance.time[min(int(np.searchsorted(since, recipe.begin - 1e-6)), len(since) - 1)]
    path = video if Path(video).is_file() else performance.source.get("path", "")
    driving = (path, float(moment)) if Path(path).is_file() else None
    return {"framing": performance.framing, "driving": driving, "begin": recipe.start}


def another_blender(folder: Path, launch: str | None = None) -> list[str]:
    """How a Blender like this one is started with a copy of the open file, up to the job, see `run`.

    folder: for the copy. launch: the Python that it runs, None for the film's.
    """
    _copy(folder)
    return _command(folder, launch or LAUNCH)


def _copy(folder: Path) -> Path:
    """A copy of the open file as it is now, with paths that hold from its own place; the open file stays as it is."""
    copy = folder / "scene.blend"
    try:
        with _without_preview():
            bpy.ops.wm.save_as_mainfile(
                filepath=str(copy), copy=True, relative_remap=True, compress=False, check_existing=False
            )
    except RuntimeError as fault:
        why = " ".join(str(fault).replace("Error: ", " ").split()).rstrip(".")
        raise OutputError(
            f"The copy of the file that is to be filmed cannot be saved in {folder.parent} ({why}): make room there."
        ) from fault
    return copy


@contextlib.contextmanager
def _without_preview() -> Iterator[None]:
    """Files are saved without a picture of them, which takes longer to draw than a small file to be written."""
    preferences = bpy.context.preferences
    kind, dirty = preferences.filepaths.file_preview_type, preferences.is_dirty
    preferences.filepaths.file_preview_type = "NONE"
    try:
        yield
    finally:
        preferences.filepaths.file_preview_type = kind
        preferences.is_dirty = dirty


def _command(folder: Path, launch: str) -> list[str]:
    """How a Blender like this one is started, up to the file; with Python scripts allowed as they are here."""
    scripts = "--disable-autoexec" if bpy.app.autoexec_fail else "--enable-autoexec"
    if bpy.app.binary_path:
        copy = str(folder / "scene.blend")
        return [bpy.app.binary_path, "--background", "-noaudio", scripts, copy, "--python-expr", launch, "--"]
    use = "False" if bpy.app.autoexec_fail else "True"
    opened = f"import bpy, sys\nbpy.ops.wm.open_mainfile(filepath=sys.argv[1], use_scripts={use})\n"
    return [sys.executable, "-P", "-c", opened + launch, str(folder / "scene.blend"), "--"]


@contextlib.contextmanager
def _taken_away(folder: Path) -> Iterator[None]:
    """A folder of ours is gone at the end."""
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _film_apart(command: list[str], copy: Path, shot: Shot, out: Path, progress, cancelled) -> Path:
    """Let a Blender of its own film a copy of the file; tells the film's path, which is written whole or not at all.

    command: that starts it. progress, cancelled: as jobs.Work has them.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=SCRATCH[0], dir=out.parent))
    except OSError as fault:
        raise unwritten(out, fault) from fault
    with _taken_away(scratch):
        made = scratch / out.name
        job = {"shot": dataclasses.asdict(shot), "out": str(made), "scratch": [str(scratch), str(copy.parent)]}
        run(command, job, copy.parent, progress, cancelled)
        try:
            made.replace(out)
        except OSError as fault:
            raise unwritten(out, fault) from fault
    return out


def _places(names: tuple[str, ...]) -> dict[str, str]:
    """{name: folder} of the packages that the child loads: ours, and those that Blender does not bring."""
    found = {}
    for name in names:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise RenderError(f"Films need the Python package {name}, which is missing: install Understudy again.")
        found[name] = str(Path(spec.origin).parent)
    return found | {"understudy": str(ROOT)}


def run(command: list[str], job: dict, folder: Path, progress, cancelled, packages: tuple[str, ...] = ("av",)) -> None:
    """Run the child until it has told that the film is there, or raise what it tells, or what its end tells.

    command: of `another_blender`. job: for its `main`. folder: for what it keeps while it runs. packages: that it needs
    besides Blender's.
    """
    command = [*command, json.dumps(_places(packages)), json.dumps(job)]
    said = folder / "words"
    filming, told = _started(command, folder, said), {}
    try:
        lines: queue.Queue = queue.Queue()
        threading.Thread(target=_read, args=(filming.stdout, lines), daemon=True).start()
        while "filmed" not in told:
            if cancelled():
                raise Cancelled("The film was cancelled; nothing was written.")
            line = _next(lines)
            if line is None:
                _wait(filming)
                raise RenderError(_last_words(filming.returncode, told, said))
            told |= line
            if "error" in line:
                raise getattr(errors, line["error"])(line["message"])
            if "done" in line:
                progress(line["done"], line["total"])
        _wait(filming)
    finally:
        _end(filming)
        if Path(told.get("own", "")).name.startswith("blender_"):  # a Blender that was killed leaves its own folder
            shutil.rmtree(told["own"], ignore_errors=True)


def _started(command: list[str], folder: Path, said: Path) -> subprocess.Popen:
    """The child, which gives everything else the right of way. said: for what it writes to standard error."""
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)) | {"PYTHONUTF8": "1"}
    apart = {"start_new_session": True}
    if os.name == "nt":
        apart = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    pipe = subprocess.PIPE
    try:
        with open(said, "wb") as words:
            child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=words, env=environment, **apart)
    except OSError as fault:
        raise RenderError(f"The film's own Blender could not be started ({fault.strerror or fault}).") from fault
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, child.pid, NICE)
    return child


def _read(stream, lines: queue.Queue) -> None:
    """Put the child's JSON lines into a queue, then None at its end; the other lines are Blender's own."""
    for line in stream:
        with contextlib.suppress(ValueError):
            facts = json.loads(line)
            if isinstance(facts, dict):
                lines.put(facts)
    lines.put(None)


def _next(lines: queue.Queue) -> dict | None:
    """The next line, an empty one if there was none for a while, None at the end."""
    try:
        return lines.get(timeout=POLL)
    except queue.Empty:
        return {}


def _wait(filming: subprocess.Popen) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        filming.wait(PATIENCE)


def _end(filming: subprocess.Popen) -> None:
    """See to it that the child is gone."""
    if filming.poll() is None:
        filming.terminate()
        _wait(filming)
    if filming.poll() is None:
        filming.kill()
        filming.wait()
    with contextlib.suppress(OSError):
        filming.stdin.close()
    filming.stdout.close()


def _last_words(code: int | None, told: dict, said: Path) -> str:
    """One sentence about a child that ended by itself. told: what it told before. said: its standard error."""
    known = {s.value: s.name for s in signal.Signals}
    how = f"was killed by {known.get(-code, -code)}" if (code or 0) < 0 else f"ended with code {code}"
    if code is None:
        how = "fell silent without ending"
    far = f"after {told['done']} of {told['total']} frames" if "done" in told else "before the first frame"
    lines = [line.strip() for line in said.read_text("utf-8", "replace").splitlines() if "rror" in line]
    last = f"; its last words: {lines[-1][:200]}" if lines else ""
    return (
        f"The Blender that was filming {how} {far}{last}. Memory may be short: close other programs, choose a smaller "
        "size or Workbench, and render again."
    )
