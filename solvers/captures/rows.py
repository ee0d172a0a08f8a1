"""What all files of face captures hold, row by row, and how it becomes a take."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import CaptureError
from ..motion import rotations, signals
from ..names import EXPRESSION, EXPRESSIONS
from ..take import Take

SIZE = (1280, 720)  # px of a picture that nobody has taken: a take has one
FULL_GLANCE = np.radians(30.0)  # what an eyeLook weight of 1 stands for, as in expressions.glances
MOST = 2.0  # of a weight that should be 0..1: what goes beyond is of another unit
DAY = 24 * 3600.0  # s after which time codes begin anew
_SHAPES = {name.lower(): name for name in EXPRESSIONS}
_SIDES = re.compile(r"[_. ]([lr])$", re.IGNORECASE)


@dataclass(frozen=True)
class Rows:
    """A capture as it was read (T rows).

    application: that has written it. time: (T,) s. expressions: (T, 52) in the order of names.EXPRESSIONS; NaN where
    a file has no such column, or no value. head: (T, 4) wxyz in our axes, to the camera; NaN where not captured.
    gaze: (T, 2, 2) rad as in Performance; NaN where not captured.
    """

    application: str
    time: np.ndarray
    expressions: np.ndarray
    head: np.ndarray
    gaze: np.ndarray

    def in_order(self, name: str) -> Rows:
        """The same with times that begin at 0 and increase: of doubled rows the last, midnight passed over.

        name: of the file. Raises CaptureError where nothing of a face is left.
        """
        known = np.isfinite(self.expressions).any(1) & np.isfinite(self.time)
        kept = np.flatnonzero(known)
        if not len(kept):
            raise CaptureError(f"{name} holds no row with a face: record the capture again.")
        time = self.time[kept]
        time = time + DAY * np.concatenate([[0], np.cumsum(np.diff(time) < -DAY / 2)])
        latest = np.maximum.accumulate(time)
        last_of = np.r_[time[1:] > latest[:-1], True]  # the row before which time goes on
        chosen = last_of & (time >= latest)
        kept, time = kept[chosen], time[chosen]
        strongest = float(np.nanmax(self.expressions[kept]))
        if strongest > MOST:
            raise CaptureError(f"{name} has weights up to {strongest:g}, where ARKit's are 0 to 1: export it as such.")
        pick = lambda values: values[kept]  # noqa: E731
        return dataclasses.replace(
            self, time=time - time[0], expressions=np.clip(pick(self.expressions), 0, 1), head=pick(self.head),
            gaze=pick(_by_weights(self)),
        )  # fmt: skip

    def take(self, path: Path) -> Take:
        """The take that a phone has made. path: of the file."""
        head = np.full((len(self.time), 4, 4), np.nan)
        seen = np.isfinite(self.head).all(1)
        head[seen] = np.eye(4)
        head[seen, :3, :3] = rotations.to_matrix(rotations.normalise(self.head[seen]))
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        rate = round(signals.rate(self.time), 3)
        source = {"path": str(path), "sha256": digest, "fps": rate, "seconds": float(self.time[-1] + 1 / rate),
                  "sound": False, "start": None, "end": None}  # fmt: skip
        blank = Take.empty(
            self.time, SIZE, source=source, detector={"name": self.application, "version": "", "models": {}},
            history=(("capture", {}),),
        )  # fmt: skip
        return dataclasses.replace(blank, expressions=self.expressions, head=head, gaze=self.gaze)


def shape_of(column: str) -> str | None:
    """The expression that a column is called after, in any usual spelling; None for other columns.

    column: such as "EyeBlinkLeft", "eyeBlink_L" or "mouth smile left".
    """
    side = {"l": "left", "r": "right"}
    word = _SIDES.sub(lambda found: side[found[1].lower()], column.strip())
    return _SHAPES.get(re.sub(r"[^a-z]", "", word.lower()))


def numbers(cells: list[str], row: int, name: str) -> list[float]:
    """Numbers as a line of the file has them; an empty cell is NaN. Raises CaptureError for anything else."""
    try:
        return list(map(float, cells))  # quick, where none is empty
    except ValueError:
        return [_number(cell, row, name) for cell in cells]


def _number(cell: str, row: int, name: str) -> float:
    try:
        return float(cell) if cell.strip() else np.nan
    except ValueError as fault:
        raise CaptureError(f"{name} has '{cell[:20]}' where a number is due in line {row}: export anew.") from fault


def _by_weights(rows: Rows) -> np.ndarray:
    """The gaze (T, 2, 2), from the eyeLook weights where the eyes' own angles are missing."""
    gaze = rows.gaze.copy()
    look = lambda way, side: np.nan_to_num(rows.expressions[:, EXPRESSION[f"eyeLook{way}{side}"]])  # noqa: E731
    for eye, (side, outward) in enumerate((("Left", 1.0), ("Right", -1.0))):
        told = np.stack([outward * (look("Out", side) - look("In", side)), look("Up", side) - look("Down", side)], 1)
        gaze[:, eye] = np.where(np.isfinite(gaze[:, eye]), gaze[:, eye], told * FULL_GLANCE)
    return gaze
