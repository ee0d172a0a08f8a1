"""Faces that a phone has captured: one module for the files of each application, one line in CAPTURES.

A capture is read as a take whose detector is the phone: it holds expressions, gaze and head, and no points.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from .. import record
from ..errors import CaptureError
from ..take import Take

LARGEST = 1 << 28  # bytes: hours of 60 rows a second
# What a file's name ends with, and the module whose `read` reads such a file's words; loaded when it is needed.
CAPTURES: dict[str, str] = {
    ".csv": "live_link_face",
    ".txt": "face_cap",
}


def is_capture(path: Path | str) -> bool:
    """Whether a file's name is that of a face capture. path: of any file."""
    return Path(path).suffix.lower() in CAPTURES


def read(path: Path | str) -> Take:
    """Read what a phone has captured of a face; its time begins at 0.

    path: of the file. Raises CaptureError if it is missing, of no known form, or holds no face.
    """
    path = Path(path)
    if not is_capture(path):
        raise CaptureError(f"{path.name} is no face capture: give a file that ends with {' or '.join(CAPTURES)}.")
    form = importlib.import_module(f".{CAPTURES[path.suffix.lower()]}", __package__)
    rows = form.read(words(path), path.name)
    return rows.in_order(path.name).take(path)


def take_of(path: Path | str) -> Take:
    """A take from its file, or a face capture as one. path: of either. Raises CaptureError or RecordError."""
    return read(path) if is_capture(path) else record.load(Take, path)


def words(path: Path) -> str:
    """The text of a file, whatever its line ends are and whether it begins with a byte order mark."""
    try:
        if path.stat().st_size > LARGEST:
            raise CaptureError(f"{path.name} is larger than any face capture ({LARGEST >> 20} MB): is it the file?")
        content = path.read_bytes()
    except OSError as fault:
        raise CaptureError(f"The face capture {path} cannot be read ({fault.strerror}).") from fault
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        return content.decode("utf-16" if wide else "utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as fault:
        raise CaptureError(f"{path.name} is no text, so it is no face capture: export it again.") from fault
