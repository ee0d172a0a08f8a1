"""Several people in one video, told apart over time by where they are and by what they wear."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .clothes import blended, unlike
from .people import Person

# Beyond where he is expected, nobody is further from one picture to the next than NEAR of his extent (head and
# shoulders, about 0.45 m), and so much more for each second between the two.
NEAR, SPEED = 0.6, 4.0
GLIDE = 0.6  # s for which a motion goes on when its owner is hidden
# Colours of one person seen twice differ by at most 0.35 (95 of 100 pairs, four clips with two people each), those of
# two people by at least 0.46.
ALIKE, DIFFERENT = 0.35, 0.45
UNKNOWN = 0.7  # what colours that cannot be compared count, in parts of DIFFERENT
COLOUR, SIZE = 1.5, 0.5  # weights of colour, and of size by factors of two, against place
FORBIDDEN = 1e3
LEARNING = 0.05  # share of what is seen now in what is known of somebody's colours
CLEAR = 1.5  # extents to the next person, below which colours may be mixed
AWAY = 1.0  # s unseen, after which somebody may come back anywhere, if the colours are his
# Two poses are one person if their heads and shoulders are not further apart than this part of their size: one person
# that the network sees twice is 0.2 apart from himself, two who stand close together 1.3 (measured in a gymnasium).
SAME_PERSON = 0.5
PART = 2.0  # times as large has to be whoever somebody is but a part of
TWICE = 0.15  # share of the pictures in which somebody has to be seen who counts


@dataclass(frozen=True)
class Member:
    """One of the people of a video.

    moments: (Person, ...) by time, where he was seen in a few pictures. colours: (2, clothes.SIZE), the usual ones.
    """

    moments: tuple[Person, ...]
    colours: np.ndarray

    @property
    def prominence(self) -> float:
        """How much of the pictures he fills, summed over those in which he is."""
        return sum(person.prominence for person in self.moments)

    def nearest(self, time: float) -> Person:
        """Where he was seen in the picture that is nearest to a time, s."""
        return min(self.moments, key=lambda person: abs(person.time - time))


@dataclass(frozen=True)
class Track:
    """What is known of one person while pictures pass: as last seen, how fast he moves (2,) px/s, and who he is."""

    colours: np.ndarray
    last: Person | None = None
    speed: np.ndarray = field(default_factory=lambda: np.zeros(2))
    member: Member | None = None

    def origin(self, time: float) -> Person | None:
        """The sight of him by which he is expected: the last one, unless it is long ago and the earlier look has one
        that is nearer in time; None where nothing is known."""
        if self.last is not None and (self.member is None or time - self.last.time < AWAY):
            return self.last
        known = [person for person in (self.last, self.member and self.member.nearest(time)) if person is not None]
        return min(known, key=lambda person: abs(person.time - time)) if known else None

    def expected(self, time: float) -> np.ndarray | None:
        """(2,) px, where head and shoulders should be; None where nothing is known."""
        origin = self.origin(time)
        if origin is None:
            return None
        return origin.centre + (self.shift(time) if origin is self.last else 0.0)

    def shift(self, time: float) -> np.ndarray:
        """(2,) px that he has moved since he was seen last, as far as his speed tells."""
        return self.speed * min(time - self.last.time, GLIDE) if self.last is not None else np.zeros(2)

    def seen(self, person: Person, clear: bool) -> Track:
        """The same after another sight of him. clear: whether nobody else is near."""
        speed = np.zeros(2)
        if self.last is not None and 0 < person.time - self.last.time < GLIDE:
            now = (person.centre - self.last.centre) / (person.time - self.last.time)
            speed = 0.5 * (self.speed + now)
        colours = self.colours
        if clear and unlike(colours, person.colours) < ALIKE:
            colours = blended(colours, person.colours, LEARNING)
        return replace(self, last=person, speed=speed, colours=colours)


class Cast:
    """The people of a video while its pictures pass, one after the other.

    members: those who are known from a look at some pictures; they keep their places in `tracks`, the first ones.
    chosen: index of the performer among them.
    """

    def __init__(self, members: Sequence[Member] = (), chosen: int = 0):
        self.members, self.chosen = tuple(members), chosen
        self.tracks = [Track(member.colours, member=member) for member in members]

    def forget_places(self) -> None:
        """After a cut: people are who they are, and may be anywhere."""
        self.tracks = [Track(track.colours, member=track.member) for track in self.tracks[: len(self.members)]]

    def sort(self, time: float, people: Sequence[Person]) -> dict[int, Person]:
        """Who is who in one picture: {index of the track: person}.

        people: with colours, in any order. Nothing is remembered; see `remember`.
        """
        if not people or not self.tracks:
            return {}
        cost = self._costs(time, people)
        rows, columns = _assigned(cost)
        return {int(r): people[c] for r, c in zip(rows, columns, strict=True) if cost[r, c] < FORBIDDEN}

    def remember(self, time: float, found: dict[int, Person], others: Iterable[Person] = ()) -> None:
        """Keep who was seen where. found: as `sort` gives it. others: people whom nobody knows yet."""
        everybody = [*found.values(), *others]
        for index, person in found.items():
            self.tracks[index] = self.tracks[index].seen(person, clear(person, everybody))
        self.tracks += [Track(person.colours, person) for person in others]
        known = len(self.members)
        self.tracks[known:] = [t for t in self.tracks[known:] if t.last is not None and time - t.last.time < AWAY]

    def missing(self, time: float, found: dict[int, Person], patience: float) -> list[int]:
        """Which of the members are worth a look where they should be: the performer first, others who may be near.

        found: those who were found by search. patience: s since or until somebody was seen, that are not too many.
        """
        worth = [
            index
            for index in range(len(self.members))
            if index not in found and abs(time - self.tracks[index].origin(time).time) <= patience
        ]
        return sorted(worth, key=lambda index: index != self.chosen)

    def expected_body(self, index: int, time: float) -> np.ndarray:
        """(33, 2) px, where a member's points should be by what was seen of him last or will be next."""
        track = self.tracks[index]
        origin = track.origin(time)
        return origin.body.image[:, :2] + (track.shift(time) if origin is track.last else 0.0)

    def with_hidden(self, time: float, found: dict[int, Person], index: int, person: Person) -> dict[int, Person]:
        """Who is who, with one more who was seen where a member should be: if it is he, and nobody else.

        found: {index: person} so far. index: of the member. person: with colours.
        """
        if any(same_place(person, other) for other in found.values()):
            return found
        again = self.sort(time, [*found.values(), person])
        return found | {index: person} if again.get(index) is person else found

    def _costs(self, time: float, people: Sequence[Person]) -> np.ndarray:
        """(tracks, people) how badly each would do as each; FORBIDDEN where he cannot be."""
        apart = np.array([[unlike(track.colours, person.colours) for person in people] for track in self.tracks])
        others = np.array([np.delete(apart, k, 0).min(0, initial=1.0) for k in range(len(apart))])
        wrong = (apart > DIFFERENT) & (others < ALIKE)  # dressed as somebody else
        place = np.array([[self._place(track, person) for person in people] for track in self.tracks])
        long_gone = np.array([[self._gone(track, time)] for track in self.tracks])
        place = np.where((place > 1) & long_gone & (apart < ALIKE), 1.0, place)
        colour = np.where(np.isfinite(apart), apart / DIFFERENT, UNKNOWN)
        size = np.array([[_size(track.origin(time), person) for person in people] for track in self.tracks])
        return np.where((place > 1) | wrong, FORBIDDEN, place + COLOUR * colour + SIZE * size)

    @staticmethod
    def _place(track: Track, person: Person) -> float:
        origin = track.origin(person.time)
        if origin is None:
            return 2.0
        reach = NEAR + SPEED * abs(person.time - origin.time)
        away = np.linalg.norm(track.expected(person.time) - person.centre)
        return float(away / (reach * max(origin.extent, person.extent, 1.0)))

    @staticmethod
    def _gone(track: Track, time: float) -> bool:
        return track.last is None or time - track.last.time > AWAY


def _assigned(cost: np.ndarray) -> tuple[Iterable[int], Iterable[int]]:
    """(rows, columns) of the least sum, each row and column once at most. cost: (R, C)."""
    if cost.shape == (1, 1):  # one person alone does not wait for SciPy
        return [0], [0]
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment(cost)


def _size(origin: Person | None, person: Person) -> float:
    """By how many factors of two somebody has become larger or smaller."""
    if origin is None:
        return 1.0
    return float(abs(np.log2(max(person.extent, 1.0) / max(origin.extent, 1.0))))


def same_place(one: Person, other: Person) -> bool:
    """Whether two poses of a picture are where one person can be, but not two."""
    return bool(np.linalg.norm(one.centre - other.centre) < SAME_PERSON * max(one.extent, other.extent))


def clear(person: Person, everybody: Iterable[Person]) -> bool:
    """Whether nobody else is so near that colours could be mixed."""
    return all(
        other is person or np.linalg.norm(other.centre - person.centre) > CLEAR * max(other.extent, person.extent)
        for other in everybody
    )


def part_of(person: Person, other: Person) -> bool:
    """Whether somebody is but a part of another one: much smaller, and all of him on the other's body.

    Legs alone look like somebody small, at times one who stands on his head.
    """
    if person.extent * PART > other.extent:
        return False
    body, seen = person.body.image[:25, :2], other.body.image[:, :2]
    margin = 0.5 * person.extent
    return bool(((body > seen.min(0) - margin) & (body < seen.max(0) + margin)).all())


def distinct(people: Iterable[Person]) -> list[Person]:
    """The people of one picture without those who were seen twice, or are parts of others; the more visible first."""
    kept: list[Person] = []
    for person in sorted(people, key=lambda person: -person.prominence):
        if not any(same_place(person, other) or part_of(person, other) for other in kept):
            kept.append(person)
    return kept


def strangers(people: Iterable[Person], known: Iterable[Person]) -> list[Person]:
    """Those of the people of a picture who are surely somebody, and none of the known ones."""
    known = list(known)
    return [person for person in people if person.proven and not any(same_place(person, other) for other in known)]


def gather(pictures: Sequence[Sequence[Person]]) -> tuple[Member, ...]:
    """Who is in a video, by the people who were seen in some of its pictures, the most prominent first.

    pictures: people with colours, by picture in order of time. Who is seen in fewer than TWICE of the pictures, or in
    one of several, does not count.
    """
    lines: list[list[Person]] = []
    cast = Cast()
    for people in pictures:
        if not people:
            continue
        time = people[0].time
        found = cast.sort(time, people)
        taken = {id(person) for person in found.values()}
        others = [person for person in people if id(person) not in taken]
        for index, person in found.items():
            lines[index].append(person)
            cast.tracks[index] = cast.tracks[index].seen(person, clear(person, people))
        lines += [[person] for person in others]
        cast.tracks += [Track(person.colours, person) for person in others]
    enough = max(TWICE * len(pictures), min(2, len(pictures)))
    members = [Member(tuple(line), _usual([person.colours for person in line])) for line in _joined(lines)]
    return tuple(sorted((m for m in members if len(m.moments) >= enough), key=lambda m: -m.prominence))


def _joined(lines: list[list[Person]]) -> list[list[Person]]:
    """Lines of sights, those of one person in one: never seen at once, and dressed alike."""
    joined: list[list[Person]] = []
    for line in sorted(lines, key=len, reverse=True):
        times = {person.time for person in line}
        colours = _usual([person.colours for person in line])
        for other in joined:
            at_once = times & {person.time for person in other}
            if not at_once and unlike(colours, _usual([person.colours for person in other])) < ALIKE:
                other += line
                other.sort(key=lambda person: person.time)
                break
        else:
            joined.append(list(line))
    return joined


def _usual(colours: Sequence[np.ndarray]) -> np.ndarray:
    """The mean (2, SIZE) of what was seen; NaN for a piece that never was."""
    seen = np.array([np.isfinite(piece[:, 0]) for piece in colours])
    total = np.nansum(colours, 0)
    return np.where(seen.any(0)[:, None], total / np.maximum(seen.sum(0), 1)[:, None], np.nan)
