"""Which of the people in a picture is the performer, and whether a pose is anybody at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..names import BODY_POINT
from .sight import Points

ELBOWS = [BODY_POINT["leftElbow"], BODY_POINT["rightElbow"]]
# The pose network sees a person in furniture. It then believes in head, hips and knees (0.7 to 1), but not in elbows:
# a stool's best one was 0.50 in 21 pictures, that of a hand taken for a person 0.1 to 0.83, that of a person seen
# from the back mostly 0.9.
PROVING_ELBOW = 0.85
# Belief in a pose is the share of pictures that proved it, by a face or an elbow, over about so long, s.
BELIEF_SPAN = 0.5
# Somebody else is followed once the performer was not seen for this long, s.
GIVEN_UP = 0.5
# Between two pictures, nobody moves further than this part of his size.
NEAR = 0.5


@dataclass(frozen=True)
class Person:
    """One body in one picture: its points, and whether it was proven to be somebody.

    time: s. body: Points of 33. size: (width, height) px of the picture. colours: what he wears, see clothes.colours;
    None where nobody has looked.
    """

    time: float
    body: Points
    size: tuple[int, int]
    colours: np.ndarray | None = None

    @property
    def inside(self) -> np.ndarray:
        """(33,) which points lie in the picture."""
        xy = self.body.image[:, :2]
        return ((xy >= 0) & (xy < self.size)).all(1)

    @property
    def centre(self) -> np.ndarray:
        """(2,) px, the middle of the head points and shoulders, which any framing shows."""
        return self.body.image[:13, :2].mean(0)

    @property
    def head(self) -> np.ndarray:
        """(2,) px, the middle of the eleven points of the head."""
        return self.body.image[:11, :2].mean(0)

    @property
    def extent(self) -> float:
        """px, the diagonal of the box of head and shoulders."""
        return float(np.linalg.norm(np.ptp(self.body.image[:13, :2], axis=0)))

    @property
    def prominence(self) -> float:
        """How much of the picture the visible points span, weighted by how well they are seen."""
        seen = self.inside & (self.body.confidence > 0.5)
        span = np.linalg.norm(np.ptp(self.body.image[seen, :2], axis=0)) if seen.any() else 0.0
        return float(span * self.body.confidence[self.inside].mean()) if self.inside.any() else 0.0

    @property
    def proven(self) -> bool:
        """Whether an elbow is seen so clearly that this is no piece of furniture."""
        return bool((self.body.confidence * self.inside)[ELBOWS].max() >= PROVING_ELBOW)


def followed(people: list[Person], last: Person | None) -> Person | None:
    """The performer among the people of one picture.

    people: in any order. last: the performer when last seen, None at first.
    The most prominent one at first; then the nearest to where he was, unless he was not seen for GIVEN_UP.
    """
    if not people:
        return None
    if last is None or people[0].time - last.time > GIVEN_UP:
        return max(people, key=lambda person: person.prominence)
    nearest = min(people, key=lambda person: np.linalg.norm(person.centre - last.centre))
    moved = np.linalg.norm(nearest.centre - last.centre)
    return nearest if moved <= NEAR * max(last.extent, nearest.extent) or len(people) == 1 else None


def belief(before: float | None, proven: bool, seconds: float) -> float:
    """How much a pose is believed, 0..1; above a half it is somebody.

    before: belief at the picture before, None at the first. proven: by this picture. seconds: between the two.
    """
    return float(proven) if before is None else before + (proven - before) * min(1.0, seconds / BELIEF_SPAN)
