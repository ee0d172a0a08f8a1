"""From the panel to a neural renderer and back: everything is read from Blender first, the rest is done in a thread."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import bpy

from ...solvers.errors import OutputError, RenderError, ServiceError, UnderstudyError
from ...solvers.footage import film
from ...solvers.results import result_file, result_folder
from .. import armature, jobs, rendering, rigs, shooting, workspace
from ..preferences import cache, preferences
from ..shot import SCRATCH
from . import Order, Renderer, apart, comfyui, conditioning, results
from .comfyui import ComfyUI
from .liveportrait import LivePortrait
from .runway import Runway

DRAWING = 0.4  # of the work, where passes are drawn before anything is sent


@dataclass(frozen=True)
class Result:
    """What came of a hand-off. film: path. frame: of the scene at which it begins. notes: for the user."""

    film: Path
    frame: int
    notes: tuple[str, ...]


def renderer(scene: bpy.types.Scene) -> Renderer:
    """The renderer that the panel asks for, with what the preferences say of it."""
    options, known = scene.understudy.neural, preferences()

    def told(name: str, otherwise: str = "") -> str:
        return (getattr(known, name) if known else "") or otherwise

    if options.renderer == "COMFYUI":
        return ComfyUI(Path(_absolute(options.workflow)), told("comfyui_url", comfyui.BASE))
    if options.renderer == "LIVEPORTRAIT":
        folder, python = told("liveportrait_folder"), told("liveportrait_python")
        return LivePortrait(_absolute(folder), _absolute(python))
    return Runway(told("runway_key"))


def cost(scene: bpy.types.Scene) -> str:
    """What sending would cost, in words. Raises UnderstudyError where it cannot be told."""
    driving, _ = _driving(scene)
    order = dataclasses.replace(_order(scene), video=driving)
    return renderer(scene).cost(order)


def handing(scene: bpy.types.Scene) -> jobs.Work:
    """The work that hands the scene to a neural renderer, to be done in a thread; its result is a Result.

    Raises UnderstudyError where a key, a program, a video or a character is missing; nothing has been sent then.
    """
    chosen, order, (driving, frame) = renderer(scene), _order(scene), _driving(scene)
    order = dataclasses.replace(order, video=driving)
    picture = _absolute(scene.understudy.neural.character)
    if picture and not Path(picture).is_file():
        raise ServiceError(f"There is no picture or film of the character at {picture}.")
    names = _wanted(scene, chosen)
    dummy = Path(picture) if picture else order.video
    chosen.check(dataclasses.replace(order, character=dummy))
    if not chosen.local and not bpy.app.online_access:
        raise ServiceError("Blender may not use the network: allow Online Access in Preferences > System.")
    out, fps = _place(scene), scene.render.fps / scene.render.fps_base
    drawing = _drawing(scene, order, names, still=not picture) if names or not picture else None

    def work(progress, cancelled) -> Result:
        with tempfile.TemporaryDirectory(prefix="understudy-neural-") as place:
            share, given, passes = 0.0, picture, None
            if drawing is not None:
                share, passes = DRAWING, Path(place) / "passes"
                drawing(passes, lambda done, total: progress(round(1000 * share * done / total), 1000), cancelled)
                given = picture or _first_picture(passes)
            made = Path(place) / "made.mp4"
            notes = chosen.render(
                dataclasses.replace(order, character=Path(given), passes=passes), made,
                lambda done, total: progress(round(1000 * (share + (1 - share) * done / total)), 1000), cancelled,
            )  # fmt: skip
            _put(made, out, fps, driving)
        return Result(out, frame, tuple(notes))

    return work


def writing_passes(scene: bpy.types.Scene) -> jobs.Work:
    """The work that writes the passes alone into the panel's folder; its result is the manifest's path."""
    words = scene.understudy.neural.passes.strip()
    if not words:
        raise OutputError("The passes have no folder: give one.")
    out = result_folder(cache("passes") if words.startswith("//") and not bpy.data.filepath else Path(_absolute(words)))
    drawing = _drawing(scene, _order(scene), conditioning.NAMES, still=False)

    def work(progress, cancelled) -> Path:
        drawing(out, progress, cancelled)
        return out / "manifest.json"

    return work


def _order(scene: bpy.types.Scene) -> Order:
    """What the panel asks for, but for the driving video and the character."""
    options = scene.understudy.neural
    ratio = options.ratio
    seed = options.seed if options.use_seed else None
    nothing = Path()
    return Order(nothing, nothing, None, ratio, options.intensity, options.body_control, seed, options.prompt.strip())


def _driving(scene: bpy.types.Scene) -> tuple[Path, int]:
    """The driving video, and the scene's frame at which it begins."""
    told = shooting.driving_of(scene)()
    if told.get("driving"):
        path, start = told["driving"]
        return Path(path), round(told["begin"] - start * scene.render.fps / scene.render.fps_base)
    if scene.understudy.video and Path(_absolute(scene.understudy.video)).is_file():
        return Path(_absolute(scene.understudy.video)), scene.frame_start
    raise RenderError("There is no driving video: choose one in Performance.")


def _wanted(scene: bpy.types.Scene, chosen: Renderer) -> tuple[str, ...]:
    """The passes that a renderer asks for."""
    if not isinstance(chosen, ComfyUI):
        return ()
    asked = {name.removesuffix(".png") for name, _, _ in comfyui.named(comfyui.read(chosen.workflow))}
    return tuple(name for name in conditioning.NAMES if name in asked)


def _drawing(scene: bpy.types.Scene, order: Order, names: tuple[str, ...], still: bool):
    """What draws passes in a Blender of its own: drawing(out, progress, cancelled). still: the first frame will do.

    Camera, stage and engine are those of the film that the panel Render makes.
    """
    objects, shot = workspace.character(scene), shooting.shot_of(scene)
    frames = (shot.frames[0], shot.frames[0] if still and not names else shot.frames[1])
    shot = dataclasses.replace(shot, frames=frames, size=rendering.film_size(order.ratio))
    if scene.camera is None and not shot.stage:
        raise RenderError(f"The scene {scene.name} has no camera: add one, or switch on Set Stage in Render.")
    job = {
        "armature": objects.armature.name if objects.armature else None,
        "meshes": [mesh.name for mesh in objects.meshes],
        "preset": dataclasses.asdict(rigs.preset_for(scene, armature.read(objects))),
        "names": list({*names} | ({"beauty"} if still else set())),
    }
    driving = shooting.driving_of(scene)
    folder = Path(tempfile.mkdtemp(prefix=SCRATCH[1]))
    try:
        command = shooting.another_blender(folder, apart.LAUNCH)
    except UnderstudyError:
        shutil.rmtree(folder, ignore_errors=True)
        raise

    def drawing(out: Path, progress, cancelled) -> None:
        try:
            filmed = dataclasses.asdict(dataclasses.replace(shot, **driving()))
            words = job | {"shot": filmed, "out": str(out), "scratch": [str(folder)]}
            shooting.run(command, words, folder, progress, cancelled, apart.PACKAGES)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    return drawing


def _first_picture(passes: Path) -> str:
    return str(min((passes / "beauty").glob("*.png")))


def _put(made: Path, out: Path, fps: float, sound: Path) -> None:
    """The film, at the scene's rate and with the original sound, to where it is to be."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise OutputError(f"{out.parent} cannot be made ({fault.strerror}): give another path.") from fault
    results.retimed(made, out, fps, film.Soundtrack(str(sound)))


def _place(scene: bpy.types.Scene) -> Path:
    """Where the film is to be."""
    words = scene.understudy.neural.out.strip()
    if not words:
        raise OutputError("The film has no path: give the name of an .mp4 that is to be written.")
    words = words if words.lower().endswith(".mp4") else f"{words}.mp4"
    unsaved = words.startswith("//") and not bpy.data.filepath
    out = cache("films") / words[2:] if unsaved else Path(_absolute(words))
    return result_file(out, ".mp4")


def _absolute(words: str) -> str:
    return os.path.abspath(bpy.path.abspath(words.strip())) if words.strip() else ""
