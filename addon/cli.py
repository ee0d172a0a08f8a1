"""The verbs of the command line that need Blender: perform, bake, render. bpy is imported when one of them runs."""

from __future__ import annotations

import argparse
import dataclasses
import math
from pathlib import Path

from ..solvers import captures, cli, record
from ..solvers.clip import Clip
from ..solvers.environment.wishes import Environment
from ..solvers.errors import RecordError, SettingsError, VideoError
from ..solvers.footage.shots import BRIDGE, CUTS, FIRST
from ..solvers.performance import Performance
from ..solvers.progress import Stages
from ..solvers.results import result_file, result_folder, written_together
from ..solvers.retargeting import layering
from ..solvers.settings import Settings
from ..solvers.take import Take
from .quiet import quiet_blender

DEMO = Path(__file__).resolve().parents[1] / "presets" / "demo" / "performance.mp4"
CHARACTER_TAKE = "character.take.npz"  # what was seen in the film that is the character
# Settings that act while solving; a finished performance does not change by them any more.
SOLVED = ("fps", "smoothing", "height", "lens", "neutral", "calibration", "mirror")


def add_verbs(verbs) -> None:
    """Add the verbs to the command line. verbs: what argparse's add_subparsers gave."""
    verb = verbs.add_parser("perform", help="the whole way: a video drives a character, and is filmed")
    verb.add_argument("video", nargs="?", metavar="VIDEO", help="the driving video, or a phone's face capture")
    verb.add_argument("--demo", action="store_true", help="use the performance that comes with Understudy")
    verb.add_argument("--take", metavar="TAKE", help="what detect wrote, instead of looking at the video again")
    verb.add_argument("--out", required=True, metavar="DIR", help="folder for the results, made where missing")
    verb.add_argument("--no-render", dest="render", action="store_false", help="end with the .blend")
    cli.add_range(verb)
    cli.add_people(verb)
    verb.add_argument(
        "--cuts", choices=(BRIDGE, FIRST), default=BRIDGE,
        help=f"what becomes of hard cuts: {BRIDGE}, {CUTS[BRIDGE]}; {FIRST}, {CUTS[FIRST]} (default: {BRIDGE})",
    )  # fmt: skip
    cli.add_floor(verb)
    cli.add_face(verb)
    _add_character(verb)
    _add_film(verb)
    _add_beside(verb)
    cli.add_settings(verb)
    _add_environment(verb)
    verb.set_defaults(run=run_perform)

    verb = verbs.add_parser("bake", help="put a performance (or a take) on a character, as plain keys in a .blend")
    verb.add_argument("performance", metavar="PERFORMANCE", help="what solve or detect wrote")
    verb.add_argument("--out", required=True, metavar="BLEND", help="the .blend to be written")
    _add_character(verb)
    _add_film(verb)
    cli.add_settings(verb)
    _add_environment(verb)
    verb.set_defaults(run=run_bake)

    verb = verbs.add_parser("render", help="film a .blend that bake or perform wrote")
    verb.add_argument("blend", metavar="BLEND")
    verb.add_argument("--out", required=True, metavar="MP4", help="the film to be written")
    verb.add_argument("--video", metavar="VIDEO", help="where the driving video is now, if it has been moved")
    verb.add_argument("--silent", action="store_true", help="without the driving video's sound")
    _add_film(verb)
    _add_beside(verb)
    _add_environment(verb)
    verb.set_defaults(run=run_render)


def run_perform(arguments, stages: Stages) -> None:
    """perform VIDEO --character FILE --out DIR"""
    from ..solvers import report

    out = result_folder(arguments.out)
    cli.take_still(arguments, out / "performance.npz", stages)
    settings, video = cli.settings_of(arguments), _video(arguments)
    if video is not None and captures.is_capture(video) and arguments.side_by_side:
        raise SettingsError(f"{video.name} has no pictures to be shown beside the character: leave out --side-by-side.")
    _check(arguments, stages)
    with written_together(out) as folder:
        take = _take(arguments, video, folder / "take.npz", stages)
        for sentence in cli.about_people(take):
            stages.say(f"note: {sentence}")
        performance = cli.on_floor_of(_solve(take, settings, stages), arguments)
        performance = cli.with_face_of(performance, arguments, stages)
        record.save(performance, folder / "performance.npz")
        with quiet_blender(stages):
            clip, rig = _bake(performance, settings, arguments, stages, folder / CHARACTER_TAKE)
            _save(folder / "scene.blend", stages)
            if arguments.render:
                _film(folder / "performance.mp4", stages, beside=arguments.side_by_side)
        with stages.stage("report"):
            report.write(take, performance, clip, folder, report.Making(video, dict(stages.seconds), rig))
    for warning in performance.warnings:
        stages.say(f"note: {warning}")
    stages.say(f"{out}")


def run_bake(arguments, stages: Stages) -> None:
    """bake PERFORMANCE --character FILE --out BLEND"""
    out = result_file(arguments.out, ".blend")
    cli.take_still(arguments, out, stages)
    performance, settings = _performance(arguments, stages)
    _check(arguments, stages)
    with written_together(out.parent) as folder, quiet_blender(stages):
        clip, _ = _bake(performance, settings, arguments, stages, folder / f"{out.stem}.{CHARACTER_TAKE}")
        _save(folder / out.name, stages)
    stages.say(f"{out}: {len(clip.bones)} bones and {len(clip.sliders)} sliders over {len(clip.frames)} frames")


def run_render(arguments, stages: Stages) -> None:
    """render BLEND --out MP4"""
    out, blend = result_file(arguments.out, ".mp4"), Path(arguments.blend)
    _check(arguments, stages)
    with written_together(out.parent) as folder, quiet_blender(stages):
        import bpy

        from . import armature, files, rendering, rigs

        files.check_character_file(blend)
        with stages.stage("open"):
            objects = files.open_character(blend)
            scene = bpy.context.scene
            if arguments.ratio:
                character = armature.read(objects)
                framing, size = scene.get(rendering.FRAMING, "full"), rendering.film_size(arguments.ratio)
                rendering.prepare(scene, objects, character, rigs.recognised(character), framing, size)
            if arguments.engine:
                rendering.set_engine(scene, arguments.engine)
            if arguments.video:
                rendering.move_video(scene, arguments.video)
            _set_environment(objects, rigs.recognised(armature.read(objects)), arguments, stages)
        _film(folder / out.name, stages, not arguments.silent, arguments.side_by_side)
    stages.say(f"{out}")


def run_export(arguments, stages: Stages) -> None:
    """export BLEND OUT --character NAME"""
    source = Path(arguments.performance)
    with quiet_blender(stages):
        from . import exports, files

        out = result_file(arguments.out, *exports.suffixes())
        files.check_character_file(source)
        with stages.stage("export"):
            what = exports.open_and_write(source, out, arguments.character)
        told = f"{out}: {what.objects.name} plays {what.name}, {what.last - what.first + 1} frames"
    stages.say(told)


def describe_character(path: Path) -> dict:
    """What a character is: its rig, what of a performance it can show, and what it lacks.

    path: of a .blend, .glb, .gltf, .vrm or .fbx. Raises CharacterError or RigError where it is none.
    """
    with quiet_blender(Stages(quiet=True)):
        from . import armature, files, rigs

        character = armature.read(files.open_character(path))
        preset = rigs.recognised(character)
    return {
        "name": character.name,
        "rig": preset.name,
        "matched": preset.matched,
        "bones": len(character.bones),
        "sliders": len(character.sliders),
        "joints driven": len(preset.bones),
        "expressions driven": len(preset.face),
        "missing": list(preset.missing),
    }


def frame_rate(word: str) -> float:
    """A number of frames a second. Raises ArgumentTypeError where it is none."""
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not 1 <= value <= 240:
        raise argparse.ArgumentTypeError(f"'{word}' is no frame rate: give 1 to 240 frames a second")
    return value


def _add_character(verb) -> None:
    verb.add_argument(
        "--character", metavar="FILE",
        help=".blend, .glb, .fbx or .vrm; a picture: .png, .jpg or .webp; or a film, whose own motion goes on beneath "
        "(default: our starter character)",
    )  # fmt: skip
    verb.add_argument("--mask", metavar="PICTURE", help="white where the figure is in the character's picture")
    verb.add_argument("--joints", metavar="FILE", help="where joints are in the character's picture (.json or .yaml)")
    verb.add_argument(
        "--layer", type=layering.read, default={}, metavar="PARTS",
        help="play these parts over what the character does already: face, gaze, head, body, left_hand, right_hand, "
        "each with =add where it is to be added instead of replacing; default for films: face,gaze,head=add",
    )  # fmt: skip
    verb.add_argument("--asset", action="store_true", help="mark the action as an asset, with tags and a picture")
    verb.add_argument("--look-at", metavar="OBJECT", help="what the eyes look at, an object of the character's .blend")
    verb.add_argument("--every-sample", action="store_true", help="a key at every sample, also between whole frames")
    verb.add_argument("--frame-rate", type=frame_rate, metavar="X", help="of the scene (default: the file's, or 24)")


def _add_film(verb) -> None:
    verb.add_argument("--ratio", metavar="W:H", help="of the film in px, such as 1280:720 or 720:1280")
    verb.add_argument("--engine", metavar="E", help="that draws the film: workbench, eevee or cycles")


def _add_beside(verb) -> None:
    verb.add_argument("--side-by-side", action="store_true", help="the driving video on the left of the character")


def _add_environment(verb) -> None:
    cli.add_settings(verb, Environment, "environment")


def _environment(arguments) -> Environment | None:
    """What the arguments wish of the environment; None where they say nothing of it."""
    names = {field.name for field in dataclasses.fields(Environment)}
    wished = {name: value for name, value in vars(arguments).items() if name in names}
    return Environment(**wished) if wished else None


def _video(arguments) -> Path | None:
    """The driving video; None where it is the one that a take names."""
    if arguments.demo and not arguments.video:
        return DEMO
    if arguments.video and not arguments.demo:
        return Path(arguments.video)
    if arguments.take and not arguments.demo:
        return None
    raise VideoError("One driving video is needed: give its path, or --demo, or --take with what detect wrote.")


def _check(arguments, stages: Stages) -> None:
    """Refuse a character, a picture size or an engine that is not to be had before any long work begins."""
    with quiet_blender(stages):
        import bpy

        from . import character_film, files, rendering

        if character_film.is_film(getattr(arguments, "character", None)):
            character_film.check(arguments.character, arguments.mask, arguments.joints)
            arguments.layer = arguments.layer or character_film.LAYER
        elif getattr(arguments, "character", None) is not None:
            files.check_character_file(Path(arguments.character))
        if arguments.ratio:
            rendering.film_size(arguments.ratio)
        if arguments.engine:
            rendering.set_engine(bpy.context.scene, arguments.engine)
    _environment(arguments)


def _take(arguments, video: Path | None, out: Path, stages: Stages) -> Take:
    """The take that the arguments name, or a new one of the video or capture; it is at out, too."""
    if not arguments.take and captures.is_capture(video):
        if arguments.start is not None or arguments.end is not None:
            raise SettingsError(f"{video.name} is captured whole: leave out --start and --end.")
        take = captures.read(video)
        record.save(take, out)
        return take
    if not arguments.take:
        from ..solvers.detect import detect

        with stages.stage("detect") as report:
            return detect(
                video, out, start=arguments.start, end=arguments.end, progress=report,
                performer=arguments.performer, cuts=arguments.cuts,
            )  # fmt: skip
    if arguments.start is not None or arguments.end is not None:
        raise SettingsError("A take has its range already: give --start and --end without --take, or leave them out.")
    if arguments.performer:
        raise SettingsError("A take has its performer already: give --performer without --take, or leave it out.")
    take = record.load(Take, arguments.take)
    if video is not None:  # where the video is now
        take = dataclasses.replace(take, source=take.source | {"path": str(video)})
    record.save(take, out)
    return take


def _solve(take: Take, settings: Settings, stages: Stages) -> Performance:
    from ..solvers.solve import solve

    with stages.stage("solve"):
        return solve(take, settings)


def _performance(arguments, stages: Stages) -> tuple[Performance, Settings]:
    """The performance that the arguments name, solved where it is a take, and the settings to bake it with."""
    kind = "Take" if captures.is_capture(arguments.performance) else record.kind_of(arguments.performance)
    if kind == "Take":
        settings = cli.settings_of(arguments)
        return _solve(captures.take_of(arguments.performance), settings, stages), settings
    if kind != "Performance":
        raise RecordError(f"{arguments.performance} holds a {kind.lower()}: give what solve or detect wrote.")
    performance = record.load(Performance, arguments.performance)
    settings = cli.settings_of(arguments, performance.settings)
    solved = cli.settings_of(argparse.Namespace(), performance.settings)
    late = [name for name in SOLVED if getattr(settings, name) != getattr(solved, name)]
    if late:
        raise SettingsError(f"The setting {late[0]} acts while solving: solve again with it, or bake the take.")
    return performance, settings


def _bake(
    performance: Performance, settings: Settings, arguments, stages: Stages, kept: Path
) -> tuple[Clip, dict]:
    """Open the character, write the performance on it and set the stage; the clip, and words about the rig.

    kept: where the take goes of a film that is the character.
    """
    import bpy

    from ..solvers.retarget import retarget
    from . import armature, assets, character_film, looking, rigs

    seconds = float(performance.time[-1] - performance.time[0])
    with stages.stage("character") as report:
        objects, film = _opened(arguments, seconds, kept, report)
        character = armature.read(objects)
        preset = rigs.recognised(character)
    with stages.stage("retarget"):
        render = bpy.context.scene.render
        fps = arguments.frame_rate or render.fps / render.fps_base
        every = "sample" if arguments.every_sample else "scene"
        last = 1 + seconds * fps
        target = looking.target(bpy.context.scene, arguments.look_at or "", 1.0, 1, last)
        make = lambda chosen: retarget(performance, character, preset, chosen, fps, 1, every, target)  # noqa: E731
        clips = layering.clips(make, settings, arguments.layer)
        if film is not None:
            clips = character_film.over(clips, character_film.play(film, seconds, character, preset, fps))
        clip = next(iter(clips.values()))
    with stages.stage("write"):
        _write(clips, objects, settings, arguments)
    with stages.stage("stage"):
        _set_stage(performance, clip, objects, character, preset, arguments)
        _set_environment(objects, preset, arguments, stages)
    if arguments.asset:
        with stages.stage("asset"):
            assets.mark(objects, preset, bpy.context.scene, performance.source.get("path", ""))
    for note in film.notes if film is not None else ():
        stages.say(f"note: {note}")
    return clip, {"name": character.name, "preset": preset.name}


def _opened(arguments, seconds: float, kept: Path, report) -> tuple:
    """The character's objects, and what is known of it as a film, None where it is none.

    seconds: s that a film is to last. kept: where its take goes. report: is told how far it is looked at.
    """
    from . import character_film, files

    if not character_film.is_film(arguments.character):
        return files.open_character(arguments.character, arguments.mask, arguments.joints), None
    out = Path(arguments.out)
    earlier = (out if out.is_dir() else out.parent) / kept.name
    film = character_film.open_film(arguments.character, seconds, kept, earlier, report)
    return film.objects, film


def _write(clips: dict[str, Clip], objects, settings: Settings, arguments) -> None:
    """Put clips on a character: as a new action, or as a layer over what it plays."""
    from . import actions, bakes, layers, stance

    if layering.NEW in clips:
        states = [layers.state(owner) for owner in actions.owners(objects)]
        actions.write(clips[layering.NEW], objects, otherwise=stance.without(objects, states, states))
        return
    made_of = Path(getattr(arguments, "performance", None) or Path(arguments.out) / "take.npz").resolve()
    recipe = bakes.Recipe(str(made_of), dataclasses.asdict(settings), layer=arguments.layer)
    bakes.add(objects, clips, recipe, next(iter(clips.values())).name)


def _set_stage(performance: Performance, clip: Clip, objects, character, preset, arguments) -> None:
    """Camera, lights, range, rate and the driving clip's sound, so that the scene is ready to be filmed."""
    import bpy

    from ..solvers.footage.film import Soundtrack
    from . import rendering
    from .puppets import stage

    scene = bpy.context.scene
    ratio = arguments.ratio or min(rendering.RATIOS, key=lambda ratio: _unlike(performance.size, ratio))
    picture = stage.own_size(objects) if stage.is_puppet(objects) and not arguments.ratio else None
    rendering.prepare(
        scene, objects, character, preset, performance.framing, picture or rendering.film_size(ratio),
        (float(clip.frames[0]), float(clip.frames[-1])), clip.fps, arguments.engine or "workbench",
    )  # fmt: skip
    scene[rendering.FRAMING] = performance.framing
    source = performance.source
    there = Path(source["path"]).is_file() and not captures.is_capture(source["path"])
    rendering.add_sound(scene, Soundtrack(source["path"], float(performance.time[0])) if there else None)


def _set_environment(objects, preset, arguments, stages: Stages) -> None:
    """Lay what is wished of the environment over the performance, and say what the character cannot show of it."""
    import bpy

    from . import environment

    wished = _environment(arguments)
    if wished is not None:
        made = environment.apply(bpy.context.scene, objects, preset, wished)
        for kind in environment.life.KINDS:
            if getattr(wished, kind) and kind not in made:
                stages.say(f"note: {objects.name} has no bones for {kind}")


def _unlike(size: tuple[int, int], ratio: str) -> float:
    """How far a picture's shape is from a ratio. size: (width, height) px; ratio: "W:H"."""
    width, height = map(int, ratio.split(":"))
    return abs(math.log(size[0] / size[1] * height / width))


def _save(out: Path, stages: Stages) -> None:
    from . import files

    with stages.stage("save"):
        files.save(out)


def _film(out: Path, stages: Stages, sound: bool = True, beside: bool = False) -> None:
    import bpy

    from . import rendering

    with stages.stage("render") as report:
        rendering.render(bpy.context.scene, out, report, sound, beside)
