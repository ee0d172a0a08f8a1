"""What is seen and heard beside the character: the driving video, the solved skeleton, the landmarks."""

from __future__ import annotations

import hashlib
import traceback
from dataclasses import replace
from pathlib import Path

import bpy

from ..solvers.errors import UnderstudyError
from ..solvers.footage.film import Soundtrack
from ..solvers.footage.video import probe
from ..solvers.performance import Performance
from ..solvers.settings import Settings
from ..solvers.take import Take
from . import bakes, footage, jobs, overlay, rendering, workspace
from .footage import Clock
from .place import Place, picture_matrix, skeleton_matrix, stand

PERIOD = 0.05  # s between two looks at a job
FIRST_LOOK = 0.001  # s until what has changed is looked at

_shows: dict[str, overlay.Show] = {}  # by the names of scenes
_keys: dict[str, tuple | None] = {}  # what was asked for when a scene was last looked at
_state = {"handle": None, "told": ""}


def update(context) -> None:
    """Show what the scene's options ask for, and no more.

    What cannot be shown is told once, and not shown.
    """
    _update(context.scene)


def _update(scene: bpy.types.Scene) -> None:
    _keys[scene.name] = key(scene)
    words = []
    try:
        _show_footage(scene)
    except UnderstudyError as fault:
        footage.hide(scene)
        words.append(str(fault))
    try:
        _play_sound(scene)
    except UnderstudyError as fault:
        rendering.add_sound(scene, None)
        words.append(str(fault))
    try:
        _show_overlay(scene)
    except UnderstudyError as fault:
        _forget(scene)
        words.append(str(fault))
    _tell(" ".join(words))


def key(scene: bpy.types.Scene) -> tuple | None:
    """All in the scene that decides what is to be shown, to be compared; None where nothing is.

    Cheap: it is made whenever something in the scene changes.
    """
    props = scene.understudy
    view, take = props.view, props.take
    if take is None or (view.footage == "NONE" and not (view.skeleton or view.landmarks or view.sound)):
        return None
    render, character, look = scene.render, props.character, props.look
    return (
        scene.name, take.path, take.video, view.footage, view.sound, view.skeleton, view.landmarks,
        character.name if character is not None and character.name in scene.objects else "",
        render.fps, render.fps_base, render.resolution_x, render.resolution_y,
        scene.camera.name if scene.camera else "", props.bake.start, props.bake.whole, props.bake.begin, look.path,
        *(getattr(look, name) for name in workspace.SOLVED),
    )  # fmt: skip


def find_video(context, path: str) -> str:
    """Point the chosen take at where its driving video is now, and show it where it is to be shown.

    path: of the video. Result: a doubt to be told if it is not the file that the take was made from, else "".
    Raises VideoError if it is no video.
    """
    file = Path(bpy.path.abspath(path))
    probe(file)
    item = context.scene.understudy.take
    with open(file, "rb") as words:
        same = hashlib.file_digest(words, "sha256").hexdigest() == workspace.take(item.path).source.get("sha256")
    folder = Path(bpy.data.filepath).parent if bpy.data.filepath else None
    item.video = bpy.path.relpath(str(file)) if folder in file.parents else str(file)
    update(context)
    if same:
        return ""
    return f"{file.name} is not the file that the take {item.name} was made from: its pictures may not fit."


def _show_footage(scene: bpy.types.Scene) -> None:
    props = scene.understudy
    if props.take is None or props.view.footage == "NONE":
        footage.hide(scene)
        return
    made = workspace.take(props.take.path)
    video = Path(bpy.path.abspath(props.take.video))
    footage.show(scene, video, made, clock(scene, made), stand(scene))


def _play_sound(scene: bpy.types.Scene) -> None:
    """Give the timeline the driving video's sound, in step, or take away what was given to it here."""
    props = scene.understudy
    view, wanted = props.view, ""
    if props.take is not None and view.sound:
        beat = clock(scene, workspace.take(props.take.path))
        sound = Soundtrack(str(Path(bpy.path.abspath(props.take.video)).resolve()), beat.begin)
        wanted = f"{rendering.sound_words(sound, beat.first)} {beat.fps:g}"
    if view.heard == wanted:
        return
    view.heard = ""
    rendering.add_sound(scene, sound if wanted else None, beat.first if wanted else None)
    view.heard = wanted


def clock(scene: bpy.types.Scene, made: Take) -> Clock:
    """When in a take the scene's frames are: as the bake has it that plays, else as the panel asks for.

    made: the take that is chosen.
    """
    props = scene.understudy
    start, begin = props.bake.start, 0.0 if props.bake.whole else props.bake.begin
    if props.character is not None and props.character.name in scene.objects:
        bake = bakes.current(workspace.character(scene))
        if bake is not None and bake.recipe.take == props.take.path:
            start, begin = bake.recipe.start, bake.recipe.begin
    return Clock(start, scene.render.fps / scene.render.fps_base, float(made.time[0]) + begin)


# --- skeleton and landmarks ------------------------------------------------------------------------------------------


def _show_overlay(scene: bpy.types.Scene) -> None:
    """Have the performance solved beside the interface, then lay out what is drawn."""
    props = scene.understudy
    if props.take is None or not (props.view.skeleton or props.view.landmarks):
        _forget(scene)
        return
    path, settings, wanted = str(Path(bpy.path.abspath(props.take.path))), props.look.settings(), key(scene)
    solving = props.view.skeleton

    def work(_progress, _cancelled):
        return workspace.take(path), workspace.performance(path, settings) if solving else None

    if bpy.app.background:
        _lay_out(scene, *work(None, None), settings)
        return
    job = jobs.start("view", "Preparing the Viewport", work, instead=True)
    bpy.app.timers.register(lambda: _serve(job, scene.name, wanted, settings), first_interval=FIRST_LOOK)


def _serve(job: jobs.Job, name: str, wanted: tuple, settings: Settings) -> float | None:
    """A timer's step: take over what a job has made, if it is what is wanted still."""
    if job.running:
        return PERIOD
    scene = bpy.data.scenes.get(name)
    if not jobs.forget(job) or scene is None or key(scene) != wanted:
        return None
    if job.fault is not None or job.result is None:
        _forget(scene)
        _tell(str(job.fault or ""))
        return None
    try:
        _lay_out(scene, *job.result, settings)
    except UnderstudyError as fault:
        _forget(scene)
        _tell(str(fault))
    return None


def _lay_out(scene: bpy.types.Scene, made: Take, solved: Performance | None, settings: Settings) -> None:
    view, place, beat = scene.understudy.view, stand(scene), clock(scene, made)
    show = overlay.Show(beat, made.time, size=made.size, to_plane=picture_matrix(place, made.size))
    if view.landmarks:
        show.landmarks = overlay.landmark_strokes(made)
        show.behind = view.footage == "CAMERA"
    if solved is not None:
        from ..solvers.retarget import silenced  # it takes SciPy along, which a starting Blender does not wait for

        _add_skeleton(show, place, silenced(solved, replace(Settings(), path=settings.path)), beat)
    _shows[scene.name] = show
    if _state["handle"] is None and not bpy.app.background:
        _state["handle"] = bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_VIEW")
    _redraw()


def _add_skeleton(show: overlay.Show, place: Place, solved: Performance, beat: Clock) -> None:
    show.skeleton, show.solved_time = overlay.skeleton_strokes(solved), solved.time
    show.owner = place.owner.name if place.owner is not None else ""
    show.to_owner = skeleton_matrix(place, solved, beat.begin)


def _forget(scene: bpy.types.Scene) -> None:
    """Draw nothing in a scene any more; in none, leave nothing behind."""
    _shows.pop(scene.name, None)
    if not _shows:
        _stop_drawing()


def _stop_drawing() -> None:
    _shows.clear()
    if _state["handle"] is not None:
        bpy.types.SpaceView3D.draw_handler_remove(_state["handle"], "WINDOW")
        _state["handle"] = None
        _redraw()


def _draw() -> None:
    """What Blender calls for every 3D viewport that it draws; a fault ends it, and is told once."""
    context = bpy.context
    show = _shows.get(context.scene.name)
    if show is None:
        return
    try:
        overlay.draw(show, context)
    except Exception as fault:  # one sentence, not one a redraw
        traceback.print_exc()
        _shows.clear()
        _tell(
            f"The overlay cannot be drawn, by a fault of Understudy ({type(fault).__name__}: {fault}); the system "
            "console has more, please report it."
        )


def _redraw() -> None:
    for window in bpy.context.window_manager.windows if bpy.context.window_manager else ():
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


def _tell(words: str) -> None:
    """Say what cannot be shown, once, and not amid a change of Blender's data."""
    if words and words != _state["told"] and not bpy.app.background:
        bpy.app.timers.register(lambda: workspace.say(words, "WARNING"), first_interval=FIRST_LOOK)
    _state["told"] = words


# --- when something else changes -------------------------------------------------------------------------------------


def _soon() -> None:
    """Look again once Blender is done with what it does."""
    if not bpy.app.background and not bpy.app.timers.is_registered(_look_again):
        bpy.app.timers.register(_look_again, first_interval=FIRST_LOOK)


def _look_again() -> None:
    for scene in {window.scene for window in bpy.context.window_manager.windows}:
        if key(scene) != _keys.get(scene.name):
            _update(scene)


@bpy.app.handlers.persistent
def _something_changed(scene, *_):
    """Rate, character, camera, sliders or take may be others now."""
    if key(scene) != _keys.get(scene.name):
        _soon()


@bpy.app.handlers.persistent
def _frame_changed(scene, *_):
    """The plane shows the picture of the frame."""
    footage.refresh(scene)


@bpy.app.handlers.persistent
def _history_walked(*_):
    """After undo and redo nothing is known of what is shown."""
    _keys.update({name: () for name in _keys})
    _soon()


@bpy.app.handlers.persistent
def _another_file(*_):
    _stop_drawing()
    _keys.clear()
    _state["told"] = ""


@bpy.app.handlers.persistent
def _opened(*_):
    """A file that shows something shows it again."""
    _soon()


WATCHED = (
    ("frame_change_post", _frame_changed),
    ("depsgraph_update_post", _something_changed),
    ("undo_post", _history_walked),
    ("redo_post", _history_walked),
    ("load_pre", _another_file),
    ("load_post", _opened),
)


def register() -> None:
    """Watch what may change what is shown, and show it."""
    for name, handler in WATCHED:
        getattr(bpy.app.handlers, name).append(handler)
    _soon()  # when scripts are reloaded, a file is open that may show something


def unregister() -> None:
    """Stop watching and drawing; what a file shows of its video stays in it."""
    for name, handler in WATCHED:
        getattr(bpy.app.handlers, name).remove(handler)
    if bpy.app.timers.is_registered(_look_again):
        bpy.app.timers.unregister(_look_again)
    _another_file()
