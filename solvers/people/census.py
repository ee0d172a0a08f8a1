"""Who is in a video, and who of them is the performer: a look at a few pictures before the long one."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..detectors.cast import Cast, Member, gather
from ..detectors.people import Person
from ..errors import NobodyError
from ..footage import video
from .performer import Performer

APART, FEWEST, MOST = 3.0, 3, 40  # s between two pictures that are looked at, and how many there are
SEEN = 0.3  # confidence of points that tell where somebody is
ON = 0.05  # of the picture's longer side: a point is on somebody if it is not further from him


def of_video(detector, path: str, start: float | None, end: float | None) -> tuple[Member, ...]:
    """The people of a video, the most prominent first.

    detector: see detectors.Detector. path: of the video. start, end: s or None.
    """
    clip = video.probe(path)
    start, end = video.checked_range(clip, start, end)
    end = min(end, clip.seconds)
    count = int(np.clip((end - start) / APART, FEWEST, MOST))
    count = min(count, max(1, round((end - start) * clip.fps)))
    with contextlib.closing(video.spread(path, start, end, count, 0.0)) as pictures:
        return gather([detector.everybody(time, rgb) for time, rgb, _ in pictures])


def cast_of(detector, path: str, start: float | None, end: float | None, wanted: Performer | None) -> Cast | None:
    """The people of a video with the performer chosen among them; None where there is one person at most.

    detector, path, start, end: as of_video has them. wanted: None is the most prominent one.
    Raises NobodyError where the one who is wanted is not there.
    """
    members = of_video(detector, path, start, end)
    chosen = 0
    if wanted is not None and wanted.number is not None:
        chosen = _by_number(members, wanted.number, Path(path).name)
    elif wanted is not None:
        members, chosen = _by_point(detector, members, path, start, wanted)
    return Cast(members, chosen) if len(members) > 1 else None


def _by_number(members: Sequence[Member], number: int, name: str) -> int:
    if number > max(len(members), 1):
        people = {0: "nobody is", 1: "one person is"}.get(len(members), f"{len(members)} people are")
        raise NobodyError(f"There is no performer {number} in {name}: {people} seen there. {_listed(members)}".strip())
    return number - 1


def _by_point(
    detector, members: tuple[Member, ...], path: str, start: float | None, wanted: Performer
) -> tuple[tuple[Member, ...], int]:
    """(members, index of the one at a point); who was not known yet is added."""
    at = (start or 0.0) if wanted.at is None else wanted.at
    with contextlib.closing(video.pictures(path, at)) as pictures:
        time, rgb = next(pictures)
        people = detector.everybody(time, rgb)
    there = pointed_at(people, wanted.point)
    if there is None:
        raise NobodyError(
            f"Nobody is seen at {wanted.point[0]:g},{wanted.point[1]:g} in {Path(path).name} at {time:.2f} s. "
            f"{_listed([Member((person,), person.colours) for person in people] or members)}".strip()
        )
    found = Cast(members).sort(time, people)
    index = next((index for index, person in found.items() if person is there), None)
    return (members, index) if index is not None else ((*members, Member((there,), there.colours)), len(members))


def pointed_at(people: Sequence[Person], point: tuple[float, float]) -> Person | None:
    """The one on whom a point lies: within his box, or next to it, the nearest to one of his points.

    point: (across, down), shares of the picture.
    """
    best, least = None, np.inf
    for person in people:
        seen = person.body.image[(person.body.confidence > SEEN) & person.inside, :2]
        if not len(seen):
            continue
        spot, margin = np.array(point) * person.size, ON * max(person.size)
        within = ((spot > seen.min(0) - margin) & (spot < seen.max(0) + margin)).all()
        away = np.linalg.norm(seen - spot, axis=1).min() / max(person.extent, 1.0)
        if within and away < least:
            best, least = person, away
    return best


def _listed(members: Sequence[Member]) -> str:
    """A sentence that says where people are; empty where there is nobody."""
    places = [
        f"{member.moments[0].centre[0] / member.moments[0].size[0]:.2f},"
        f"{member.moments[0].centre[1] / member.moments[0].size[1]:.2f}@{member.moments[0].time:.2f}"
        for member in members
    ]
    return f"People are seen at {' and '.join(places)}." if places else ""
