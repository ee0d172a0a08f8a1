"""Performances as files of other programs: one module a form, one line in EXPORTS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..errors import ExportError
from ..performance import Performance
from . import bvh, live_link_face, points, vrma

# What a file's name ends with, and the function that writes such a file.
EXPORTS: dict[str, Callable[[Performance, Path], None]] = {
    ".points.npz": points.write,
    ".csv": live_link_face.write,
    ".bvh": bvh.write,
    ".vrma": vrma.write,
}


def write(performance: Performance, path: Path | str) -> None:
    """Write a performance in the form that the file's name asks for, whole or not at all.

    performance: what the person did. path: of the file; its ending is one of EXPORTS.
    Raises ExportError if there is no such form, or nothing to write.
    """
    path = Path(path)
    for suffix, form in EXPORTS.items():
        if path.name.lower().endswith(suffix) and len(path.name) > len(suffix):
            if not len(performance.time):
                raise ExportError(f"{path.name} cannot be written: the performance is empty; solve a longer take.")
            return form(performance, path)
    raise ExportError(f"{path.name} is of no form that can be written: let its name end with {' or '.join(EXPORTS)}.")
