"""The verbs of the command line that need no Blender: detect, solve, export, inspect."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from . import captures, record
from .errors import DetectorError, ExportError, ModelError, RecordError, SettingsError
from .face import calibration
from .footage import stills
from .footage.shots import BRIDGE, CUTS
from .names import EXPRESSION, EXPRESSIONS
from .people import performer
from .performance import Performance
from .progress import Stages
from .results import result_file
from .settings import Settings
from .take import Take

RECORD_SUFFIX = ".npz"
FIRST_MOMENT = 1e-3  # s: a neutral at 0 would be none


def add_verbs(verbs, describe_character: Callable[[Path], dict], export_character: Callable) -> None:
    """Add the verbs to the command line.

    verbs: what argparse's add_subparsers gave.
    describe_character: tells of a file that only Blender can read, as `describe` does of the others.
    export_character: called with (arguments, stages) where what is to be exported is in such a file.
    """
    verb = verbs.add_parser("detect", help="look at a video and keep what the networks saw, as a take")
    verb.add_argument("video", metavar="VIDEO", help="of any form that FFmpeg reads")
    verb.add_argument("--out", required=True, metavar="TAKE", help=f"the take to be written, *{RECORD_SUFFIX}")
    add_range(verb)
    add_people(verb)
    verb.add_argument(
        "--cuts", choices=tuple(CUTS), default=BRIDGE,
        help="what becomes of hard cuts: " + "; ".join(f"{name}, {words}" for name, words in CUTS.items())
        + f" (default: {BRIDGE})",
    )  # fmt: skip
    verb.set_defaults(run=run_detect)

    verb = verbs.add_parser("solve", help="turn a take into a performance")
    verb.add_argument(
        "take", metavar="TAKE", help="what detect wrote, or a face that a phone captured (.csv of Live Link Face, "
        "Face Cap's .txt)",
    )  # fmt: skip
    verb.add_argument("--out", required=True, metavar="PERFORMANCE", help=f"to be written, *{RECORD_SUFFIX}")
    add_floor(verb)
    add_face(verb)
    add_settings(verb)
    verb.set_defaults(run=run_solve)

    verb = verbs.add_parser("calibrate", help="find how far a performer's face goes in a clip made for that")
    verb.add_argument(
        "clip", metavar="CLIP", help="a video, or a take, in which the face rests, opens the mouth wide, smiles and "
        "raises the brows (and may shut the eyes), each held for a second; or a still picture of the face at rest",
    )  # fmt: skip
    verb.add_argument("--out", required=True, metavar="FILE", help=f"to be written, *{calibration.SUFFIX}")
    for pose, meaning in calibration.WORDS.items():
        verb.add_argument(f"--{pose}", type=seconds, metavar="S", help=f"s, when the clip shows {meaning}")
    verb.set_defaults(run=run_calibrate)

    verb = verbs.add_parser("export", help="write a performance, or what a character plays, for another program")
    verb.add_argument("performance", metavar="FILE", help="what solve wrote; or a .blend that bake or perform wrote")
    verb.add_argument(
        "out", metavar="OUT",
        help="to be written; *.bvh, *.vrma, *.csv (Live Link Face) or *.points.npz; of a character also *.fbx, *.glb "
        "or *.usdz",
    )  # fmt: skip
    verb.add_argument("--character", metavar="NAME", help="which of several in the file (default: the fullest body)")
    verb.set_defaults(run=lambda arguments, stages: run_export(arguments, stages, export_character))

    verb = verbs.add_parser("inspect", help="say what a file is: a take, a performance, a video, a character")
    verb.add_argument("file", metavar="FILE")
    verb.add_argument("--json", action="store_true", help="as JSON")
    verb.set_defaults(run=lambda arguments, stages: run_inspect(arguments, stages, describe_character))


def run_detect(arguments, stages: Stages) -> None:
    """detect VIDEO --out TAKE"""
    out = result_file(arguments.out, RECORD_SUFFIX)
    from .detect import takes

    with stages.stage("detect") as report:
        made = takes(
            arguments.video, out, start=arguments.start, end=arguments.end, progress=report,
            performer=arguments.performer, cuts=arguments.cuts,
        )  # fmt: skip
    for sentence in about_people(made[0][1]):
        stages.say(f"note: {sentence}")
    for place, take in made:
        stages.say(f"{place}: {_coverage_words(take)}")


def run_solve(arguments, stages: Stages) -> None:
    """solve TAKE --out PERFORMANCE"""
    out = result_file(arguments.out, RECORD_SUFFIX)
    take_still(arguments, out, stages)
    settings = settings_of(arguments)
    take = captures.take_of(arguments.take)
    from .solve import solve

    with stages.stage("solve"):
        performance = with_face_of(on_floor_of(solve(take, settings), arguments), arguments, stages)
    record.save(performance, out)
    for warning in performance.warnings:
        stages.say(f"note: {warning}")
    stages.say(f"{out}: {len(performance.time)} samples, framing {performance.framing}")


def run_calibrate(arguments, stages: Stages) -> None:
    """calibrate CLIP --out FILE"""
    out, clip = result_file(arguments.out, calibration.SUFFIX), Path(arguments.clip)
    times = {pose: getattr(arguments, pose) for pose in calibration.POSES if getattr(arguments, pose) is not None}
    if stills.is_still(clip):
        with stages.stage("detect") as report:
            made = calibration.of_still(clip, progress=report)
    else:
        take = record.load(Take, clip) if clip.suffix.lower() == RECORD_SUFFIX else _detected(clip, stages)
        made = calibration.made(take, times)
    calibration.save(made, out)
    for pose, time in made.times.items():
        full = calibration.full(made)
        read = ", ".join(f"{name} {full[EXPRESSION[name]]:.2f}" for name in calibration.POSES[pose] if pose != "shut")
        stages.say(f"{calibration.WORDS[pose]} at {time:.2f} s{': ' if read else ''}{read}")
    stages.say(f"{out}")


def _detected(clip: Path, stages: Stages) -> Take:
    from .detect import detect

    with stages.stage("detect") as report:
        return detect(clip, progress=report)


def take_still(arguments, out: Path, stages: Stages) -> None:
    """Look at the still picture that --neutral may name, and let --calibration name what was found, beside a result.

    arguments: of a verb with add_settings. out: of the result.
    """
    if not isinstance(getattr(arguments, "neutral", None), Path):
        return
    with stages.stage("neutral") as report:
        made = calibration.of_still(arguments.neutral, progress=report)
    known = getattr(arguments, "calibration", "")
    if known:
        known = calibration.load(known)
        made = dataclasses.replace(known, faces=known.faces | made.faces)
    place = out.with_name(out.name.partition(".")[0] + calibration.SUFFIX)
    calibration.save(made, place)
    arguments.calibration = str(place)
    del arguments.neutral


def neutral_word(word: str) -> float | Path:
    """A moment, s, or the path of a still picture. Raises ArgumentTypeError where it is neither."""
    if stills.is_still(word):
        return Path(word)
    try:
        return max(seconds(word), FIRST_MOMENT)
    except argparse.ArgumentTypeError as fault:
        raise argparse.ArgumentTypeError(f"{fault}, or a still picture ({', '.join(stills.SUFFIXES)})") from fault


def run_export(arguments, stages: Stages, export_character: Callable) -> None:
    """export FILE OUT"""
    from . import exports

    source = Path(arguments.performance)
    if source.suffix.lower() != RECORD_SUFFIX:
        export_character(arguments, stages)
        return
    if arguments.character:
        raise ExportError("--character chooses among those in a .blend: a performance is of no character.")
    out = result_file(arguments.out, *exports.EXPORTS)
    with stages.stage("export"):
        exports.write(record.load(Performance, source), out)
    stages.say(f"{out}")


def run_inspect(arguments, stages: Stages, describe_character: Callable[[Path], dict]) -> None:
    """inspect FILE"""
    facts = describe(Path(arguments.file), describe_character)
    if arguments.json:
        print(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        print(f"{name:<{width}}  {_words(value)}")


def describe(path: Path, describe_character: Callable[[Path], dict]) -> dict:
    """What a file is, as {fact: value}; the fact "kind" comes first.

    path: of the file. describe_character: for .blend, .glb, .gltf, .fbx and .vrm.
    Raises UnderstudyError where it is nothing that Understudy reads.
    """
    if not path.is_file():
        raise RecordError(f"There is no file at {path}: give a video, a character, or what Understudy wrote.")
    if path.suffix.lower() in (".blend", ".glb", ".gltf", ".fbx", ".vrm"):
        return {"kind": "character"} | describe_character(path)
    if path.suffix.lower() == RECORD_SUFFIX:
        return _describe_record(path)
    if captures.is_capture(path):
        return {"kind": "face capture"} | _describe_capture(captures.read(path))
    if path.suffix.lower() == ".json":
        return {"kind": "calibration"} | _describe_calibration(calibration.load(path))
    return {"kind": "video"} | _describe_video(path)


def add_range(parser) -> None:
    """Add --start and --end, in seconds of the video, to a verb."""
    parser.add_argument("--start", type=seconds, metavar="S", help="s, where to begin (default: the video's start)")
    parser.add_argument("--end", type=seconds, metavar="S", help="s, where to stop (default: the video's end)")


def add_people(parser) -> None:
    """Add --performer to a verb."""
    parser.add_argument(
        "--performer", type=performer_word, default="", metavar="WHO",
        help="who of several people: a number, 1 being the most prominent one (default), or a point on him in the "
        "first picture as shares of its width and height (0.3,0.4; in the picture at 12.5 s: 0.3,0.4@12.5)",
    )  # fmt: skip


def add_floor(parser) -> None:
    """Add --floor-of to a verb."""
    parser.add_argument(
        "--floor-of", metavar="PERFORMANCE",
        help="what solve wrote of another performer of the same video: stand on that one's floor, at that one's scale",
    )  # fmt: skip


def on_floor_of(performance: Performance, arguments) -> Performance:
    """A performance on the floor that the arguments name, if any. arguments: of a verb with add_floor."""
    if arguments.floor_of is None:
        return performance
    from .people.together import on_floor_of as moved

    return moved(performance, record.load(Performance, arguments.floor_of))


def add_face(parser) -> None:
    """Add --face-from and --face-offset to a verb."""
    parser.add_argument(
        "--face-from", metavar="CAPTURE",
        help="a phone's capture of the same performance (.csv of Live Link Face, Face Cap's .txt): face and eyes are "
        "taken from it",
    )  # fmt: skip
    parser.add_argument(
        "--face-offset", type=float, metavar="S",
        help="s of the video at which the capture begins (default: found by jaw and lids of both)",
    )  # fmt: skip


def with_face_of(performance: Performance, arguments, stages: Stages) -> Performance:
    """A performance with the face that the arguments name, if any. arguments: of a verb with add_face."""
    if arguments.face_from is None:
        if arguments.face_offset is not None:
            raise SettingsError("There is no capture to be shifted: give --face-from with --face-offset.")
        return performance
    from .captures.captured import laid_over

    performance = laid_over(performance, captures.read(arguments.face_from), arguments.face_offset)
    stages.say(f"{arguments.face_from}: begins at {performance.history[-1][1]['offset']:.2f} s of the video")
    return performance


def performer_word(word: str) -> str:
    """The same word, where it can name a performer; empty is nobody by name. Raises ArgumentTypeError otherwise."""
    try:
        if word:
            performer.read(word)
    except SettingsError as fault:
        raise argparse.ArgumentTypeError(str(fault).rstrip(".")) from fault
    return word


def about_people(take: Take) -> list[str]:
    """What has to be told of a take in which there was a choice: sentences about people and cuts."""
    people, cuts = take.source.get("people", 1), take.source.get("cuts", ())
    told = []
    if people > 1:
        told.append(f"{people} people are seen; performer {take.source['performer']} is followed (see --performer).")
    if cuts:
        times = ", ".join(f"{time:.2f}" for time in cuts)
        told.append(f"The view changes at {times} s (see --cuts of detect).")
    return told


def add_settings(parser, record: type = Settings, title: str = "settings") -> None:
    """Add a flag for every field of a record of settings to a verb; those not given are left out of the arguments."""
    group = parser.add_argument_group(title)
    for field in dataclasses.fields(record):
        flag, facts = f"--{field.name.replace('_', '-')}", field.metadata
        words = {"default": argparse.SUPPRESS, "dest": field.name}
        if isinstance(field.default, bool):
            meaning = f"{facts['meaning']} (default: {'yes' if field.default else 'no'})"
            group.add_argument(flag, action=argparse.BooleanOptionalAction, help=meaning, **words)
        elif "ways" in facts:
            meaning = f"{facts['meaning']}: {', '.join(facts['ways'])} (default {field.default})"
            group.add_argument(flag, choices=list(facts["ways"]), help=meaning, **words)
        elif isinstance(field.default, str):
            group.add_argument(flag, metavar="WORDS", help=facts["meaning"], **words)
        elif field.name == "neutral":
            meaning = f"{facts['meaning']} (s), or a still picture of it (default: found)"
            group.add_argument(flag, type=neutral_word, metavar="S|PICTURE", help=meaning, **words)
        else:
            unit = f" {facts['unit']}" if facts["unit"] else ""
            span = f"{facts['min']:.10g} to {facts['max']:.10g}{unit}, default {field.default:g}"
            meaning = f"{facts['meaning']} ({span})".replace("%", "%%")
            group.add_argument(flag, type=type(field.default), metavar="X", help=meaning, **words)


def settings_of(arguments, otherwise: dict | None = None) -> Settings:
    """The settings that the arguments ask for.

    arguments: of a verb with add_settings. otherwise: {field: value} for what they do not mention.
    Raises SettingsError where one is out of its range.
    """
    names = {field.name for field in dataclasses.fields(Settings)}
    kept = {name: value for name, value in (otherwise or {}).items() if name in names}
    return Settings(**kept | {name: value for name, value in vars(arguments).items() if name in names})


def seconds(word: str) -> float:
    """A time in a video: "12.5" or "1:02.5", s. Raises ArgumentTypeError where it is none."""
    try:
        *minutes, rest = word.split(":")
        value = float(rest) + sum(60 ** (k + 1) * int(part) for k, part in enumerate(reversed(minutes)))
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"'{word}' is no time: give seconds (12.5) or minutes and seconds (1:02.5)")
    return value


def _describe_video(path: Path) -> dict:
    """What the container says, and what a few of the pictures promise where the networks are there to look at them."""
    from .footage import video
    from .looking import preflight

    container = {k: v for k, v in dataclasses.asdict(video.probe(path)).items() if k not in ("path", "first")}
    try:
        seen = preflight.look(path)
    except (ModelError, DetectorError) as fault:
        return container | {"preflight": f"not looked at: {fault}"}
    promised = {k: v for k, v in dataclasses.asdict(seen).items() if k not in container}
    promised["cast"] = [person["performer"] for person in seen.cast]  # without their pictures
    return container | {"preflight": preflight.line(seen)} | promised


def _describe_record(path: Path) -> dict:
    kind = record.kind_of(path)
    readers = {"Take": (Take, _describe_take), "Performance": (Performance, _describe_performance)}
    if kind not in readers:
        return {"kind": kind.lower()}
    record_class, tell = readers[kind]
    return {"kind": kind.lower()} | tell(record.load(record_class, path))


def _describe_take(take: Take) -> dict:
    from .report.measures import coverage

    return {
        "source": take.source.get("path", ""),
        "size": list(take.size),
        "seconds": _span(take.time),
        "samples": len(take.time),
        "coverage": coverage(take),
        "people": take.source.get("people", 1),
        "performer": take.source.get("performer", 1),
        "cuts": [round(time, 3) for time in take.source.get("cuts", ())],
        "sound": take.source.get("sound"),
        "detector": " ".join(str(take.detector.get(word, "")) for word in ("name", "version")).strip(),
    }


def _describe_calibration(known: calibration.Calibration) -> dict:
    full = calibration.full(known)
    read = {name: round(float(v), 2) for name, v in zip(EXPRESSIONS, full, strict=True) if np.isfinite(v)}
    return {"source": known.source, "faces": list(known.faces), "times": known.times, "ranges": read}


def _describe_capture(take: Take) -> dict:
    known = np.isfinite(take.expressions).any(0)
    return {
        "application": take.detector["name"],
        "seconds": _span(take.time),
        "samples": len(take.time),
        "rate": take.source["fps"],
        "shapes": int(known.sum()),
        "missing": [name for name, there in zip(EXPRESSIONS, known, strict=True) if not there],
        "head": bool(np.isfinite(take.head).any()),
    }


def _describe_performance(performance: Performance) -> dict:
    chosen, usual = performance.settings, dataclasses.asdict(Settings())
    return {
        "source": performance.source.get("path", ""),
        "seconds": _span(performance.time),
        "samples": len(performance.time),
        "framing": performance.framing,
        "confidence": round(float(np.mean(performance.confidence)), 3),
        "settings": {name: value for name, value in chosen.items() if value != usual.get(name)},
        "warnings": list(performance.warnings),
    }


def _span(time: np.ndarray) -> list[float]:
    return [round(float(t), 3) for t in (time[0], time[-1])] if len(time) else [0.0, 0.0]


def _coverage_words(take: Take) -> str:
    from .report.measures import coverage

    shares = ", ".join(f"{part.replace('_', ' ')} {100 * share:.0f} %" for part, share in coverage(take).items())
    return f"{len(take.time)} samples; {shares}"


def _words(value) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(inner)}" for name, inner in value.items()) or "-"
    if isinstance(value, (list, tuple)):
        words = list(map(_words, value))
        return (" " if all(word.endswith(".") for word in words) else ", ").join(words) or "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
