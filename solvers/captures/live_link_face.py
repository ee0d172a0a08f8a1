"""The .csv of Epic's Live Link Face, read by the names of its columns."""

from __future__ import annotations

import csv
import re

import numpy as np

from ..errors import CaptureError
from ..exports.axes import quaternions_y_up
from ..exports.live_link_face import ANGLES, ROWS_PER_SECOND
from ..names import EXPRESSION, EXPRESSIONS
from .rows import Rows, numbers, shape_of

# HH:MM:SS:FF.fff, where a drop-frame code has a semicolon before its frames.
TIMECODE = re.compile(r"\s*(\d+):(\d+):(\d+)[:;](\d+(?:\.\d*)?)\s*")


def read(text: str, name: str) -> Rows:
    """What a file's rows say; its columns may stand in any order, and some may be missing.

    Frames of the time code are sixtieths of a second. Angles are those that exports/live_link_face.py writes. Rows
    without a face (count 0, or no values) are left out, and so is a last row that was cut off.
    text: of the file. name: of the file. Raises CaptureError if it is of another form or damaged.
    """
    try:
        lines = [line for line in csv.reader(text.splitlines()) if any(cell.strip() for cell in line)]
    except csv.Error as fault:
        raise CaptureError(f"{name} is no comma-separated table ({fault}): export it again.") from fault
    header = lines[0] if lines else []
    columns = {_plain(cell): index for index, cell in enumerate(header)}
    shapes = {shape: index for index, cell in enumerate(header) if (shape := shape_of(cell))}
    if "timecode" not in columns or not shapes:
        lacks = "no column Timecode" if "timecode" not in columns else "none of ARKit's 52 shapes among its columns"
        raise CaptureError(f"{name} is no Live Link Face capture: it has {lacks}.")
    time, cells = _rows(lines, columns, name)
    expressions, angles = np.full((len(time), len(EXPRESSIONS)), np.nan), np.full((len(time), len(ANGLES)), np.nan)
    for shape, index in shapes.items():
        expressions[:, EXPRESSION[shape]] = cells[:, index]
    for k, angle in enumerate(ANGLES):
        if angle.lower() in columns:
            angles[:, k] = cells[:, columns[angle.lower()]]
    return Rows("Live Link Face", time, expressions, *_turned(angles))


def _rows(lines: list[list[str]], columns: dict[str, int], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Times (T,) s and all cells (T, C) of the rows that show a face. lines: of the file, the first its header."""
    width, count, code = len(lines[0]), columns.get("blendshapecount"), columns["timecode"]
    if len(lines) > 2 and len(lines[-1]) < width:
        lines = lines[:-1]
    time, cells = [], []
    for row, line in enumerate(lines[1:], 2):
        if count is not None and len(line) > count and line[count].strip() == "0":
            continue
        if len(line) < width:
            raise CaptureError(f"{name} has {len(line)} of {width} values in line {row}: export it again.")
        time.append(_seconds(line[code], row, name))
        cells.append(numbers([*line[:code], "nan", *line[code + 1 : width]], row, name))
    return np.array(time, float), np.array(cells, float).reshape(len(time), width)


def _turned(angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Head (T, 4) and gaze (T, 2, 2) of yaw, pitch and roll of head, left eye and right eye, (T, 9) rad."""
    head = np.full((len(angles), 4), np.nan)
    there = np.isfinite(angles[:, :2]).all(1)  # a missing roll is none
    head[there] = quaternions_y_up(np.nan_to_num(angles[there, :3]), "YXZ")
    eyes = angles[:, 3:].reshape(-1, 2, 3)
    return head, np.stack([eyes[..., 0], -eyes[..., 1]], -1)


def _seconds(code: str, row: int, name: str) -> float:
    found = TIMECODE.fullmatch(code)
    if found is None:
        raise CaptureError(f"{name} has the time code '{code[:20]}' in line {row}, where HH:MM:SS:FF.fff is due.")
    hours, minutes, seconds, frames = map(float, found.groups())
    return 3600 * hours + 60 * minutes + seconds + frames / ROWS_PER_SECOND


def _plain(column: str) -> str:
    return re.sub(r"[^a-z]", "", column.lower())
