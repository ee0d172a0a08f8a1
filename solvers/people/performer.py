"""Who of several people is the performer: as it is asked for, and as a command line and a panel write it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import SettingsError

NUMBER = re.compile(r"\d+")
POINT = re.compile(r"(\d*\.?\d+),(\d*\.?\d+)(?:@(\d*\.?\d+))?")


@dataclass(frozen=True)
class Performer:
    """The one who is wanted: by number, 1 being the most prominent, or by a point that lies on him.

    number: from 1. point: (across, down), shares 0..1 of the picture's width and height. at: s of the video, of the
    picture that the point belongs to; None is the first one of the range.
    """

    number: int | None = None
    point: tuple[float, float] | None = None
    at: float | None = None


def read(word: str) -> Performer:
    """Understand "2", "0.3,0.4" and "0.3,0.4@12.5".

    Raises SettingsError where it is none of these.
    """
    word = word.strip()
    found = POINT.fullmatch(word)
    if NUMBER.fullmatch(word) and int(word) > 0:
        return Performer(number=int(word))
    if found is None or not all(0 <= float(share) <= 1 for share in found.groups()[:2]):
        raise SettingsError(
            f"'{word}' names no performer: give a number (1 is the most prominent one) or a point on him in the first "
            "picture as shares of its width and height (0.3,0.4; in a later picture 0.3,0.4@12.5, s)."
        )
    across, down, at = found.groups()
    return Performer(point=(float(across), float(down)), at=None if at is None else float(at))


def written(performer: Performer) -> str:
    """The word that `read` understands as this performer."""
    if performer.number is not None:
        return str(performer.number)
    at = "" if performer.at is None else f"@{performer.at:.3f}"
    return f"{performer.point[0]:.4f},{performer.point[1]:.4f}{at}"
