"""Contacts as markers: when heels and toes stand is shown on a bake's action, and what is done to it there counts.

A stretch is two markers of the action, "Left Heel" where the heel comes to stand and "Left Heel Off" where it lifts.
They are moved, deleted, copied and renamed as any markers are; whatever is baked anew reads them, and lets the feet
stand where they say. An action without them leaves the contacts to the solver.
"""

from __future__ import annotations

import json
from dataclasses import replace

import bpy
import numpy as np

from ..solvers.errors import RigError
from ..solvers.names import CONTACTS
from ..solvers.performance import Performance
from . import kin
from .armature import CharacterObjects

NAMES = dict(zip(CONTACTS, ("Left Heel", "Left Toe", "Right Heel", "Right Toe"), strict=True))
OFF = " Off"
ALWAYS = float("inf")

Spans = dict[str, tuple[tuple[float, float], ...]]  # {contact: ((since, until), ...)} in s of the take


def put(objects: CharacterObjects, solved: Performance) -> str:
    """Put markers for all contacts on the bake that plays, in place of those that there are; returns its name.

    objects: the character's. solved: the take's performance. Raises RigError where no bake plays.
    """
    family = _playing(objects)
    action, (start, begin, fps) = family.main, _clock(family)
    remove(action)
    time = solved.time - solved.time[0]
    first, last = (round(frame) for frame in action.frame_range)
    frame = np.round(start + (time - begin) * fps).astype(int)
    inside = (frame >= first) & (frame <= last)
    for column, contact in enumerate(CONTACTS):
        stands = np.concatenate([[False], (solved.contacts[:, column] > 0.5) & inside, [False]])
        for down, up in np.flatnonzero(np.diff(stands.astype(np.int8))).reshape(-1, 2):
            _mark(action, NAMES[contact], frame[down])
            if frame[up - 1] < last:
                _mark(action, NAMES[contact] + OFF, max(frame[up - 1] + 1, frame[down] + 1))
    return action.name


def read(objects: CharacterObjects, take: str) -> Spans | None:
    """What the markers of the bake that plays say; None where it has none, or is of another take.

    objects: the character's. take: path of the take, as the scene has it.
    A marker "Off" without one before it ends a stretch that goes on from the start, and a stretch without an end goes
    on to the end.
    """
    family = kin.current(objects)
    if family is None or family.mark["recipe"]["take"] != take or not marked(family.main):
        return None
    start, begin, fps = _clock(family)
    return {contact: _spans(family.main, name, lambda frame: begin + (frame - start) / fps)
            for contact, name in NAMES.items()}  # fmt: skip


def honoured(solved: Performance, spans: Spans | None) -> Performance:
    """A performance whose feet stand when the markers say; as it is where there are none.

    solved: of the whole take. spans: as `read` gives them.
    """
    if spans is None:
        return solved
    time = solved.time - solved.time[0]
    half = 0.5 * (time[1] - time[0]) if len(time) > 1 else 0.0
    contacts = np.zeros_like(solved.contacts, float)
    for column, contact in enumerate(CONTACTS):
        for since, until in spans[contact]:
            contacts[(time >= since - half) & (time < until - half), column] = 1.0
    return replace(solved, contacts=contacts)


def marked(action: bpy.types.Action) -> bool:
    """Whether an action has markers of contacts."""
    return any(_contact(marker.name) for marker in action.pose_markers)


def remove(action: bpy.types.Action) -> int:
    """Take all markers of contacts off an action, and only these; returns how many there were."""
    ours = [marker for marker in action.pose_markers if _contact(marker.name)]
    for marker in ours:
        action.pose_markers.remove(marker)
    return len(ours)


def clear(objects: CharacterObjects) -> int:
    """Take the markers off the bake that plays; returns how many there were. Raises RigError where no bake plays."""
    return remove(_playing(objects).main)


def carry(objects: CharacterObjects, name: str, spans: Spans | None) -> None:
    """Give a new bake the markers that it was made by, so that they can be worked on further.

    objects: the character's. name: of the bake. spans: as `read` gave them.
    """
    if spans is None:
        return
    family = kin.find(objects, name)
    start, begin, fps = _clock(family)
    for contact, stretches in spans.items():
        for since, until in stretches:
            _mark(family.main, NAMES[contact], round(start + (max(since, 0.0) - begin) * fps))
            if until < ALWAYS:
                _mark(family.main, NAMES[contact] + OFF, round(start + (until - begin) * fps))


def _playing(objects: CharacterObjects) -> kin.Family:
    family = kin.current(objects)
    if family is None:
        raise RigError(f"{objects.name} plays no bake: bake first, or choose one in the list.")
    return family


def _clock(family: kin.Family) -> tuple[float, float, float]:
    """First frame of a bake, where that is in its take in s, and its frames per second."""
    recipe = family.mark["recipe"]
    return float(recipe["start"]), float(recipe["begin"]), float(json.loads(family.main["understudy"])["fps"])


def _spans(action: bpy.types.Action, name: str, seconds) -> tuple[tuple[float, float], ...]:
    """The stretches of one contact. seconds: takes a frame to s of the take."""
    found, since = [], None
    edges = sorted((marker.frame, _edge(marker.name) == OFF) for marker in action.pose_markers
                   if _contact(marker.name) == name)  # fmt: skip
    for number, (frame, off) in enumerate(edges):
        if off and (since is not None or number == 0):
            found.append((-ALWAYS if since is None else since, seconds(frame)))
            since = None
        elif not off and since is None:
            since = seconds(frame)
    return tuple(found) + (((since, ALWAYS),) if since is not None else ())


def _contact(name: str) -> str | None:
    """The contact that a marker is about. Blender adds ".001" to names of copies."""
    words = _plain(name).removesuffix(OFF)
    return words if words in NAMES.values() else None


def _edge(name: str) -> str:
    return OFF if _plain(name).endswith(OFF) else ""


def _plain(name: str) -> str:
    stem, dot, number = name.rpartition(".")
    return stem if dot and number.isdigit() else name


def _mark(action: bpy.types.Action, name: str, frame: int) -> None:
    action.pose_markers.new(name).frame = int(frame)
