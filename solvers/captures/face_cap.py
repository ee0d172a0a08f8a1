"""The .txt of the application Face Cap."""

from __future__ import annotations

import numpy as np

from ..errors import CaptureError
from ..exports.axes import quaternions_y_up
from ..names import EXPRESSION, EXPRESSIONS
from .rows import Rows, numbers, shape_of

BEFORE = 11  # numbers of a row before its weights: time, 3 of the head's place, 3 of its turn, 2 of each eye


def read(text: str, name: str) -> Rows:
    """What a file's rows say.

    A row "bs" names the shapes; each row "k" has the time in ms, where the head is, how it is turned, how each eye is
    turned, and the shapes' weights (as public importers read it, such as that of Diffeomorphic's import_daz, and
    https://bannaflak.com/face-cap/livemode.html). All other rows are told for people. The head's angles are degrees
    about axes that mirror ARKit's in depth, as Unity has them, which turns about y, then x, then z. The gaze is told by
    the eyeLook weights, whose meaning leaves no doubt.
    text: of the file. name: of the file. Raises CaptureError if it is of another form or damaged.
    """
    shapes: list[str | None] = []
    time, turns, weights = [], [], []
    lines = [line.strip() for line in text.splitlines()]
    last = max((row for row, line in enumerate(lines) if line), default=-1)
    for row, line in enumerate(lines):
        kind, *cells = line.rstrip(",").split(",")
        if kind == "bs":
            shapes = [shape_of(cell) for cell in cells]
        if kind != "k":
            continue
        if not shapes:
            raise CaptureError(f"{name} does not name its shapes: a line that begins with 'bs,' must come first.")
        if len(cells) < BEFORE + len(shapes):
            if row == last and time:
                continue  # it was cut off while it was written
            raise CaptureError(
                f"{name} has {len(cells)} of {BEFORE + len(shapes)} values in line {row + 1}: export it again."
            )
        values = numbers(cells, row + 1, name)
        time.append(values[0] / 1000)
        turns.append(values[4:7])
        weights.append(values[BEFORE : BEFORE + len(shapes)])
    if not any(shapes) or not time:
        lacks = "no line that begins with 'k,'" if any(shapes) else "no line 'bs,' that names ARKit's shapes"
        raise CaptureError(f"{name} is no Face Cap capture: it has {lacks}.")
    expressions = np.full((len(time), len(EXPRESSIONS)), np.nan)
    for column, shape in enumerate(shapes):
        if shape is not None:
            expressions[:, EXPRESSION[shape]] = np.array(weights)[:, column]
    x, y, z = np.radians(np.array(turns, float)).T
    head = quaternions_y_up(np.stack([-y, -x, z], 1), "YXZ")
    return Rows("Face Cap", np.array(time), expressions, head, np.full((len(time), 2, 2), np.nan))
