"""The face as Epic's Live Link Face records it (.csv): ARKit's 52 shapes, head and eyes at 60 rows a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator

from ..motion.skeleton import world_rotations
from ..names import EXPRESSIONS, JOINT
from ..performance import Performance
from ..record import written_whole
from .axes import euler_y_up, eye_rotations

# The application counts time code in sixtieths of a second whatever the camera's rate, and writes a row for each.
ROWS_PER_SECOND = 60
ANGLES = tuple(f"{part}{angle}" for part in ("Head", "LeftEye", "RightEye") for angle in ("Yaw", "Pitch", "Roll"))
HEADER = ("Timecode", "BlendshapeCount", *(name[0].upper() + name[1:] for name in EXPRESSIONS), *ANGLES)
COUNT = len(EXPRESSIONS) + len(ANGLES)


def write(performance: Performance, path: Path) -> None:
    """Write one row a sixtieth of a second, its time code on the video's clock.

    Shapes are 0..1. Angles are radians in the axes of ARKit's face anchor (x to the face's own left, y up, z out of
    the face; https://developer.apple.com/documentation/arkit/arfaceanchor): yaw turns to the face's own left, pitch
    down, roll toward the face's own right shoulder. The head's are relative to the camera, the eyes' to the head.

    performance: what the person did. path: of the .csv.
    """
    time = np.asarray(performance.time, float)
    first = int(np.ceil(time[0] * ROWS_PER_SECOND - 1e-6))
    rows = np.arange(first, max(int(np.floor(time[-1] * ROWS_PER_SECOND + 1e-6)), first) + 1)
    values = _columns(performance)
    if len(time) > 1:  # monotone cubics keep every peak as high as it was, and add none (Fritsch and Carlson 1980)
        values = PchipInterpolator(time, values)(np.clip(rows / ROWS_PER_SECOND, time[0], time[-1]))
    values[:, : len(EXPRESSIONS)] = np.clip(values[:, : len(EXPRESSIONS)], 0.0, 1.0)
    with written_whole(path) as temporary, open(temporary, "w", encoding="ascii", newline="") as file:
        file.write(",".join(HEADER) + "\n")
        for row, numbers in zip(rows, values, strict=True):
            file.write(f"{_timecode(row)},{COUNT}," + ",".join(f"{number:.10f}" for number in numbers) + "\n")


def _columns(performance: Performance) -> np.ndarray:
    """(T, 61) shapes, then yaw, pitch and roll of head, left eye and right eye."""
    head = world_rotations(performance.rotations)[:, JOINT["head"]]
    turns = np.concatenate([head[:, None], eye_rotations(performance.gaze)], 1)
    angles = euler_y_up(turns, "YXZ").reshape(len(turns), -1)
    return np.concatenate([np.nan_to_num(np.asarray(performance.expressions, float)), angles], 1)


def _timecode(row: int) -> str:
    """HH:MM:SS:FF.fff of a count of sixtieths of a second."""
    seconds, frame = divmod(int(row), ROWS_PER_SECOND)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frame:02d}.000"
