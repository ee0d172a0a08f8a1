"""A film as a character: one of its pictures becomes a puppet that plays the film's motion, beneath the performance.

What comes out are keys on a puppet: the film's motion on one of its pictures, not the film's own pixels.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ..solvers import detect, models, record, retarget
from ..solvers.character import Character
from ..solvers.clip import Clip
from ..solvers.errors import CharacterError, NobodyError, RecordError, VideoError
from ..solvers.footage import video
from ..solvers.names import BODY_POINT
from ..solvers.performance import Performance
from ..solvers.puppet import filmed
from ..solvers.puppet.puppet import Puppet
from ..solvers.retargeting import layering
from ..solvers.rigs.presets import RigPreset
from ..solvers.settings import Settings
from ..solvers.solve import solve
from ..solvers.take import Take
from . import actions, files
from .armature import CharacterObjects, characters

# Endings by which films are known; a file with another one is a film if it can be played and is no character.
SUFFIXES = tuple(".mp4 .mov .m4v .mkv .webm .avi .gif .mpg .mpeg .ts .mts .m2ts .wmv .flv .ogv .3gp .mxf".split())
LAYER = layering.read("face,gaze,head=add")  # what of the performance is laid over the film where nothing is asked for
TURNED = ("neck", "head")  # the bones that move from the picture's own pose, and turn no farther than a picture can
SAME = 0.1  # of a picture's longer side, by which a nose may be from between the eyes in any case
LEAST = 1.0  # s that are looked at of the film at least


@dataclass(frozen=True)
class Looked:
    """What was seen in a film: the person's own motion, the s of the picture that becomes the character, its puppet."""

    own: Performance
    moment: float
    puppet: Puppet


@dataclass(frozen=True)
class Film:
    """A film that is a character: its objects, its own motion, the s of its picture, and sentences for the user."""

    objects: CharacterObjects
    own: Performance
    moment: float
    notes: tuple[str, ...]


def is_film(path: Path | str | None) -> bool:
    """Whether a character's file is a film. path: as the user gave it; None is the starter."""
    suffix = Path(path).suffix.lower() if path is not None else ""
    if suffix in SUFFIXES or path is None or suffix in files.SUFFIXES or not Path(path).is_file():
        return suffix in SUFFIXES
    with contextlib.suppress(VideoError):
        return bool(video.probe(path).frames)
    return False


def check(path: Path | str, mask, joints) -> None:
    """Raise CharacterError where a film cannot be a character, before any long work.

    mask, joints: files that belong to a picture; a film takes none.
    """
    with _said_of(Path(path)):
        video.probe(path)
    if mask or joints:
        raise CharacterError(f"{Path(path).name} is a film: --mask and --joints are for a picture, leave them out.")


def open_film(path: Path | str, seconds: float, kept: Path, there: Path, report: Callable[[int, int], None]) -> Film:
    """Open a film as a character in a scene of its own; arguments and errors as `look` has them."""
    looked = look(path, seconds, kept, there, report)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return added(bpy.context.scene, looked)


def look(
    path: Path | str,
    seconds: float,
    kept: Path | None,
    there: Path | None,
    report: Callable[[int, int], None],
    cancelled: Callable[[], bool] | None = None,
    polite: bool = False,
) -> Looked:
    """Look at a film that is to be a character.

    path: of the film. seconds: s of it that are wanted at most, inf for all. kept: where its take goes, None keeps
    none; there: where one may be from an earlier time, which is used if it is of the same film. report: is told of
    pictures done and expected. cancelled, polite: as detect.detect has them.
    Raises CharacterError where it cannot be read, shows nobody, or is of several shots; ModelError, DetectorError.
    """
    path = Path(path)
    with _said_of(path):
        end = max(seconds, LEAST) if np.isfinite(seconds) else None
        take = _kept(path, seconds, there) or detect.detect(
            path, kept, end=end, progress=report, cancelled=cancelled, polite=polite
        )
    cuts = take.source.get("cuts", ())
    if cuts:
        raise CharacterError(
            f"{path.name} cannot be a character as it is: its view changes at {cuts[0]:.2f} s; give one shot of it."
        )
    own = solve(take, Settings())
    sample = filmed.best_picture(take, own)
    moment = float(take.time[sample])
    made = _puppet(path, moment, float(take.time[-1]) + 1e-3)
    notes = (f"The character is the picture at {moment:.2f} s of {path.name}, which plays the film's motion.",)
    if take.source.get("people", 1) > 1:
        _check_same(path, take, sample, made)
        notes += (f"{path.name} shows several people: the most prominent one is meant.",)
    return Looked(own, moment, dataclasses.replace(made, notes=(*notes, *made.notes)))


def added(scene: bpy.types.Scene, looked: Looked) -> Film:
    """Put the puppet of a film into a scene; it does not move yet."""
    from .puppets import figure

    rig = figure.add(scene, looked.puppet)
    objects = next(found for found in characters(scene.objects) if found.armature == rig)
    return Film(objects, looked.own, looked.moment, looked.puppet.notes)


def play(film: Film, seconds: float, character: Character, preset: RigPreset, fps: float) -> Clip:
    """Let the puppet of a film play the film's own motion, all of it; the clip that it plays.

    seconds: s that it is to last. character, preset: what armature.read and presets.recognise gave. fps: of the scene.
    """
    own = filmed.lasting(film.own, seconds)
    clip = retarget.retarget(own, character, preset, Settings(), fps)
    shown = 1 + (film.moment - film.own.time[0]) * fps
    clip = filmed.as_in_picture(dataclasses.replace(clip, name=f"{character.name} film"), TURNED, shown)
    actions.write(clip, film.objects)
    return clip


def over(clips: dict[str, Clip], own: Clip) -> dict[str, Clip]:
    """The clips of a layer, such that what is added to the film's motion turns no head farther than a picture can.

    clips: as layering.clips gives them. own: what `play` gave.
    """
    added = clips.get(layering.COMBINE)
    return clips if added is None else clips | {layering.COMBINE: filmed.within(added, own, TURNED)}


def _kept(path: Path, seconds: float, there: Path | None) -> Take | None:
    """The take of an earlier time, if it is of the same film and long enough."""
    if there is None or not there.is_file():
        return None
    with contextlib.suppress(RecordError):
        take = record.load(Take, there)
        end = min(max(seconds, LEAST), take.source.get("seconds", np.inf))
        with open(path, "rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == take.source.get("sha256")
        until = take.source.get("end")
        if same and not take.source.get("start") and (until is None or until >= end - 1e-3):
            return take
    return None


def _puppet(path: Path, moment: float, end: float) -> Puppet:
    """The puppet of a film's picture, made in a process of its own. moment, end: s, see film_puppet."""
    models.find()
    with detect.scratch(None) as folder:
        kept = folder / "puppet.npz"
        job = {"verb": "film", "video": str(path.absolute()), "out": str(kept), "start": moment, "end": end}
        detect.run(job | {"polite": False}, folder / "words", lambda done, total: None, lambda: False)
        return record.load(Puppet, kept)


def _check_same(path: Path, take: Take, sample: int, puppet: Puppet) -> None:
    """Raise CharacterError where the puppet is of another person than the one whose motion is known."""
    body = take.body.image[sample, :, :2] * puppet.size[0] / take.size[0]
    eyes = np.mean([puppet.points[name] for name in ("leftEye", "rightEye")], axis=0)
    wide = np.linalg.norm(body[BODY_POINT["leftShoulder"]] - body[BODY_POINT["rightShoulder"]])
    if np.linalg.norm(body[BODY_POINT["nose"]] - eyes) > max(wide, SAME * max(puppet.size)):
        raise CharacterError(
            f"{path.name} cannot be a character as it is: it shows several people who cannot be told apart in its "
            f"picture at {take.time[sample]:.2f} s; give a film, or a cut of it, with one of them."
        )


@contextlib.contextmanager
def _said_of(path: Path):
    """What is wrong with a film is said of it as a character, so that it is not taken for the driving video."""
    try:
        yield
    except (VideoError, NobodyError) as fault:
        raise CharacterError(f"{path.name} cannot be a character: {fault}") from fault
