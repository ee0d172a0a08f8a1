"""What is at hand while the artist works: takes, performances, the character; and bakes that follow the sliders."""

from __future__ import annotations

import dataclasses
import glob
import json
from pathlib import Path

import bpy

from ..solvers import captures, record
from ..solvers.errors import Cancelled, OutputError, RigError, SettingsError, UnderstudyError
from ..solvers.performance import Performance
from ..solvers.retargeting.layering import REGIONS
from ..solvers.settings import Settings
from ..solvers.take import Take
from . import armature, bakes, jobs, looking, marks, overrides, rigs
from .bakes import Recipe
from .jobs import Work
from .preferences import cache, preferences

# Settings that act while solving; the others act while retargeting.
SOLVED = ("fps", "smoothing", "foot_lock", "height", "lens", "neutral", "calibration", "mirror")
DELAY = 0.1  # s after the last change of a slider until the keys follow
POLL = 0.02  # s between two looks at whether they can
KEPT = 4  # takes, and performances, in memory
SUFFIX = ".take.npz"

_takes: dict[tuple[str, float], Take] = {}
_performances: dict[tuple, Performance] = {}
_pot: list[tuple[jobs.Job, str, Recipe]] = []  # what is being cooked, if anything, and for which bake
_anew: set[str] = set()  # scenes in which the keys are to follow although no slider has moved
CLASSES = ()


def take(path: str) -> Take:
    """A take, or a phone's face capture as one, from memory where it has been read before.

    path: as the scene has it. Raises RecordError or CaptureError if the file is missing or unfit.
    """
    file = Path(bpy.path.abspath(path))
    key = (str(file), file.stat().st_mtime if file.is_file() else 0.0)
    return _remembered(_takes, key, lambda: captures.take_of(file))


def performance(path: str, settings: Settings) -> Performance:
    """A take solved with some settings, from memory where that was done before; may run in a thread.

    path: absolute, of the take. settings: those of SOLVED matter.
    """
    from ..solvers.solve import solve

    told = Path(bpy.path.abspath(settings.calibration)) if settings.calibration else None
    settings = dataclasses.replace(settings, calibration=str(told or ""))
    stamps = [file.stat().st_mtime if file is not None and file.is_file() else 0.0 for file in (Path(path), told)]
    key = (path, *stamps, *(getattr(settings, name) for name in SOLVED))
    return _remembered(_performances, key, lambda: solve(take(path), settings))


def solved(asked: Recipe) -> Performance:
    """The performance that a bake is made of, whole. asked: its recipe."""
    return performance(str(Path(bpy.path.abspath(asked.take))), Settings(**asked.settings))


def place_for_take(video: str, folder: Path | None = None) -> Path:
    """Where a new take of a video is to be kept, under a name that is not yet used.

    video: path of the file. folder: None is beside the saved .blend, else the cache.
    """
    if folder is None:
        chosen = preferences()
        beside = bpy.data.filepath and (chosen is None or chosen.keep_beside)
        folder = Path(bpy.data.filepath).parent if beside else cache("takes")
    stem, number = Path(video).stem, 1
    while (place := folder / f"{stem}{'' if number == 1 else f'.{number:03}'}{SUFFIX}").exists() or shots_of(place):
        number += 1
    return place


def shots_of(place: Path) -> list[Path]:
    """The takes of single shots that lie where a take of all of them would be at `place`, see solvers.footage.shots."""
    return list(place.parent.glob(f"{glob.escape(place.name.removesuffix(SUFFIX))}.[0-9]*{SUFFIX}"))


def add_take(scene: bpy.types.Scene, path: Path, made: Take):
    """List a take in the scene and choose it; returns its item.

    path: of its file, kept relative where it lies beside the .blend. made: what is in it.
    """
    props = scene.understudy
    item = props.takes.add()
    item.name = path.name.removesuffix(SUFFIX)
    item.path = relative(path)
    item.video = made.source.get("path", "") if made.gaze is None else ""
    item.seconds = float(made.time[-1] - made.time[0])
    item.fps = float(made.source.get("fps") or 0.0)
    props.take_index = len(props.takes) - 1
    return item


def list_take(scene: bpy.types.Scene, path: Path) -> None:
    """List a take that lies on disk, and tell what it holds. Raises RecordError if it is none."""
    from ..solvers.report import measures

    made = take(str(path))
    item = add_take(scene, path, made)
    solved = performance(str(path), scene.understudy.look.settings())
    item.facts = json.dumps(measures.facts(made, solved, None, {}, {}))


def keep_beside(scene: bpy.types.Scene) -> Path:
    """Copy the chosen take into the folder of the .blend, and let list and bakes point to the copy.

    Raises RecordError if the take is missing, OutputError if it cannot be written there.
    """
    props, old = scene.understudy, scene.understudy.take.path
    source = Path(bpy.path.abspath(old))
    place = source
    if source.parent != Path(bpy.data.filepath).parent:
        made = take(old)
        place = place_for_take(source.name.removesuffix(SUFFIX), Path(bpy.data.filepath).parent)
        try:
            record.save(made, place)
        except OSError as fault:
            raise OutputError(f"{place} cannot be written ({fault.strerror}): make room, or save elsewhere.") from fault
    props.take.path = relative(place)
    bakes.moved(old, props.take.path)
    return place


def recipe(scene: bpy.types.Scene) -> Recipe:
    """What the panel asks for now. Raises SettingsError without a take, or with a range that is none."""
    props, options = scene.understudy, scene.understudy.bake
    if props.take is None:
        raise SettingsError("There is no take yet: choose a video and detect the performance in it.")
    begin, end = (0.0, 0.0) if options.whole else (options.begin, options.end)
    if end and end <= begin:
        raise SettingsError(f"The range to bake ends at {end:g} s, which is not after its start at {begin:g} s.")
    layered = options.kind == "LAYER"
    return Recipe(
        take=props.take.path,
        settings=dataclasses.asdict(props.look.settings()),
        start=options.start,
        begin=round(begin, 4),
        end=round(end, 4),
        rate=options.rate,
        tolerance=round(options.error, 6) if options.reduce else 0.0,
        layer={region: getattr(options.layer, region) for region in REGIONS} if layered else {},
        floor=_floor(props),
        **_face_from(props),
        **_attention(props),
    )


def _attention(props) -> dict:
    """What is looked at, and how much, as a recipe has it."""
    return {"target": props.target.name if props.target is not None else "", "attention": round(props.attention, 4)}


def _face_from(props) -> dict:
    """The phone's capture that is laid over the chosen take, and when it begins, as a recipe has them."""
    chosen = props.take
    others = [item.path for item in props.takes if item.name == chosen.face and item.path != chosen.path]
    if not chosen.face or not others:
        return {}
    return {"face": others[0], "offset": None if chosen.face_sync else round(chosen.face_offset, 4)}


def _floor(props) -> str:
    """Path of the take on whose floor the chosen one is to stand; "" where it stands on its own."""
    chosen = props.take
    others = [item.path for item in props.takes if item.name == chosen.floor and item.path != chosen.path]
    return others[0] if chosen.floor and others else ""


def cooking(scene: bpy.types.Scene, asked: Recipe) -> Work:
    """The work that makes a bake's clips, to be done in a thread: all of Blender that it needs is read here.

    asked: the recipe. Its result is (what the report says, {"NEW", "REPLACE" or "COMBINE": clip}).
    Raises UnderstudyError where the character is missing or not understood.
    """
    objects = character(scene)
    read = armature.read(objects)
    preset = rigs.preset_for(scene, read)
    fps = scene.render.fps / scene.render.fps_base
    path = str(Path(bpy.path.abspath(asked.take)))
    floor, face = (str(Path(bpy.path.abspath(word))) if word else "" for word in (asked.floor, asked.face))
    spans = marks.read(objects, asked.take)
    seconds = next((item.seconds for item in scene.understudy.takes if item.path == asked.take), 0.0)
    looked_at = looking.target(scene, asked.target, asked.attention, asked.start, asked.start + seconds * fps)

    def work(_progress, _cancelled):
        from ..solvers.captures.captured import laid_over
        from ..solvers.people.together import on_floor_of
        from ..solvers.report import measures
        from ..solvers.retarget import retarget
        from ..solvers.retargeting import layering

        made, settings = take(path), Settings(**asked.settings)
        solved = marks.honoured(performance(path, settings), spans)
        if floor:
            solved = on_floor_of(solved, performance(floor, settings))
        if face:
            solved = laid_over(solved, take(face), asked.offset)
        part = _part(solved, asked.begin, asked.end)
        make = lambda chosen: retarget(part, read, preset, chosen, fps, asked.start, asked.rate, looked_at)  # noqa: E731
        clips = layering.clips(make, settings, asked.layer)
        return measures.facts(made, solved, next(iter(clips.values())), {}, {}), clips

    return work


def character(scene: bpy.types.Scene) -> armature.CharacterObjects:
    """The character that is chosen in the panel. Raises RigError where there is none."""
    chosen = scene.understudy.character
    if chosen is None or chosen.name not in scene.objects:
        whole = overrides.instanced(chosen, scene) if chosen is not None else None
        if whole is None:
            raise RigError("No character is chosen: pick an armature, or a mesh with shape keys, or add the starter.")
        return whole
    return rigs.objects_of(chosen, scene)


def _part(solved: Performance, begin: float, end: float) -> Performance:
    """The part of a performance between two times; all of it where they are 0. begin, end: s of the take."""
    if not begin and not end:
        return solved
    since = solved.time - solved.time[0]
    chosen = (since >= begin - 1e-6) & (since <= (end or since[-1]) + 1e-6)
    if chosen.sum() < 2:
        raise SettingsError(f"The take is {since[-1]:.2f} s long: the range to bake must lie within it.")
    sampled = {
        field.name: getattr(solved, field.name)[chosen]
        for field in dataclasses.fields(solved)
        if field.name != "skeleton" and getattr(getattr(solved, field.name), "shape", (0,))[:1] == solved.time.shape
    }
    return dataclasses.replace(solved, **sampled)


# --- bakes that follow the sliders -----------------------------------------------------------------------------------


def look_changed(context, anew: bool = False) -> None:
    """Let the keys follow, soon, what has changed in the panel.

    anew: even where no slider asks for it.
    """
    if not context.scene.understudy.bake.live or followed(context.scene) is None:
        return
    if anew:
        _anew.add(context.scene.name)
    if bpy.app.timers.is_registered(_follow):
        bpy.app.timers.unregister(_follow)
    bpy.app.timers.register(_follow, first_interval=DELAY)


def followed(scene: bpy.types.Scene) -> bakes.Bake | None:
    """The bake that follows the sliders: the one that plays, where it is of the chosen take and not edited by hand."""
    props = scene.understudy
    if props.take is None or props.character is None or props.character.name not in scene.objects:
        return None
    bake = bakes.current(rigs.objects_of(props.character, scene))
    return bake if bake is not None and not bake.edited and bake.recipe.take == props.take.path else None


def _follow() -> float | None:
    """A timer's step: serve what has been cooked, then cook where the keys are not what the sliders ask for."""
    try:
        if _pot:
            job, name, asked = _pot[0]
            if job.running:
                return POLL
            _pot.clear()
            jobs.forget(job)
            _serve(bpy.context.scene, job, name, asked)
        return POLL if _cook(bpy.context.scene) else None
    except UnderstudyError as fault:
        say(str(fault), "ERROR")
        return None


def _cook(scene: bpy.types.Scene) -> bool:
    """Begin to make a bake's clips anew; False where they are as they should be."""
    bake = followed(scene)
    if bake is None:
        return False
    settings = dataclasses.asdict(scene.understudy.look.settings())
    asked = dataclasses.replace(bake.recipe, settings=settings, **_attention(scene.understudy))
    if asked.words() == bake.recipe.words() and scene.name not in _anew:
        return False
    _anew.discard(scene.name)
    _pot.append((jobs.start("follow", "Baking anew", cooking(scene, asked)), bake.name, asked))
    return True


def _serve(scene: bpy.types.Scene, job: jobs.Job, name: str, asked: Recipe) -> None:
    """Write what has been cooked, unless another bake or another file has come in between."""
    if isinstance(job.fault, Cancelled):
        return
    if job.fault is not None:
        raise job.fault
    bake = followed(scene)
    if bake is None or bake.name != name:
        return
    facts, clips = job.result
    kept = bakes.replace(character(scene), bake, clips, asked)
    scene.understudy.take.facts = json.dumps(facts)
    view_changed(bpy.context)
    if kept:
        say(f"Keys that were made by hand are kept in {kept}", "INFO")


def adopt(scene: bpy.types.Scene) -> None:
    """Let take and sliders be those of the bake that plays now, so that keys and sliders belong together."""
    props = scene.understudy
    bake = bakes.current(character(scene))
    if bake is None:
        return
    index = next((number for number, item in enumerate(props.takes) if item.path == bake.recipe.take), None)
    if index is not None:
        props.take_index = index
    props.look.set(Settings(**bake.recipe.settings))
    if _attention(props) != {"target": bake.recipe.target, "attention": bake.recipe.attention}:
        props.target, props.attention = scene.objects.get(bake.recipe.target), bake.recipe.attention


def say(words: str, kind: str) -> None:
    """Tell the artist what came of something that no operator waits for.

    kind: "INFO", "WARNING" or "ERROR".
    """
    bpy.ops.understudy.tell("INVOKE_DEFAULT", words=words, kind=kind)


@bpy.app.handlers.persistent
def _history_walked(*_):
    """After undo and redo, keys and sliders may belong to different times: let the keys follow."""
    look_changed(bpy.context)


def video_changed(context) -> None:
    """Look at a newly chosen video, beside the interface."""
    context.scene.understudy.preflight = context.scene.understudy.performer = ""
    props = context.scene.understudy
    if props.video and captures.is_capture(props.video):
        path, props.video = str(Path(bpy.path.abspath(props.video))), ""
        bpy.ops.understudy.import_capture(filepath=path)
    elif props.video and not bpy.app.background and context.window is not None:
        bpy.ops.understudy.preflight("INVOKE_DEFAULT")


def character_changed(context) -> None:
    """Recognise a newly chosen character and list its bones."""
    rigs.fill(context.scene)


def joint_changed(context) -> None:
    """A bone was chosen by hand."""
    look_changed(context, anew=True)


def view_changed(context) -> None:
    """Show or hide what the viewport may show beside the character."""
    from . import view

    view.update(context)


def _remembered(memory: dict, key: tuple, made):
    if key not in memory:
        value = made()
        while len(memory) >= KEPT:
            memory.pop(next(iter(memory)))
        memory[key] = value
    return memory[key]


def relative(path: Path) -> str:
    """A path as the scene keeps it: relative where the file lies with the saved .blend.

    path: absolute.
    """
    folder = Path(bpy.data.filepath).parent if bpy.data.filepath else None
    inside = folder is not None and folder in path.parents
    return bpy.path.relpath(str(path)) if inside else str(path)


def register() -> None:
    """Watch undo and redo."""
    bpy.app.handlers.undo_post.append(_history_walked)
    bpy.app.handlers.redo_post.append(_history_walked)


def unregister() -> None:
    """Stop watching, and let go of what is in memory."""
    bpy.app.handlers.undo_post.remove(_history_walked)
    bpy.app.handlers.redo_post.remove(_history_walked)
    if bpy.app.timers.is_registered(_follow):
        bpy.app.timers.unregister(_follow)
    _anew.clear()
    _pot.clear()
    _takes.clear()
    _performances.clear()
