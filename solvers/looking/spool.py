"""What a detector sees, gathered on disk row by row, so that memory does not grow with the clip."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np

from ..detectors.sight import Sight
from ..names import BODY_POINTS, EXPRESSIONS, FACE_POINT_COUNT, HAND_POINTS
from ..take import PORTRAIT, Landmarks, Take

PARTS = {
    "body": len(BODY_POINTS),
    "left_hand": len(HAND_POINTS),
    "right_hand": len(HAND_POINTS),
    "face": FACE_POINT_COUNT,
}
SHAPES: dict[str, tuple[int, ...]] = {"expressions": (len(EXPRESSIONS),), "head": (4, 4), "portrait": PORTRAIT}
for _part, _count in PARTS.items():
    SHAPES |= {f"{_part}.image": (_count, 3), f"{_part}.world": (_count, 3), f"{_part}.confidence": (_count,)}
KINDS = {"portrait": np.uint8}  # all others are numbers


class Spool:
    """Rows of a take, one file an array.

    folder: where the files go, made where it is missing; whoever owns it removes them.
    somebody: whether any row has a body, a hand or a face. count: rows so far.
    """

    def __init__(self, folder: Path):
        self.folder, self.times, self.somebody = folder, [], False
        folder.mkdir(exist_ok=True)
        self._files = contextlib.ExitStack()
        self._rows = {name: self._files.enter_context(open(self._path(name), "wb")) for name in SHAPES}

    @property
    def count(self) -> int:
        return len(self.times)

    @property
    def fps(self) -> float:
        """Mean rate, 1/s; 0 where there are fewer than two rows."""
        return (self.count - 1) / (self.times[-1] - self.times[0]) if self.count > 1 else 0.0

    def add(self, sight: Sight) -> None:
        """Keep what was seen in one picture."""
        self.times.append(sight.time)
        rows = {"expressions": sight.expressions, "head": sight.head, "portrait": sight.portrait}
        for part in PARTS:
            points = getattr(sight, part)
            self.somebody |= points.seen
            rows |= {f"{part}.{name}": getattr(points, name) for name in ("image", "world", "confidence")}
        for name, values in rows.items():
            self._rows[name].write(np.ascontiguousarray(values, KINDS.get(name, np.float32)).tobytes())

    def take(self, size: tuple[int, int], **words) -> Take:
        """All rows as a take, whose arrays stay on disk.

        size: (width, height) px. words: source, detector, history.
        """
        self._files.close()
        arrays = {
            name: np.memmap(self._path(name), KINDS.get(name, np.float32), "r", shape=(self.count, *shape))
            for name, shape in SHAPES.items()
        }
        parts = {p: Landmarks(*(arrays[f"{p}.{name}"] for name in ("image", "world", "confidence"))) for p in PARTS}
        return Take(
            time=np.array(self.times),
            expressions=arrays["expressions"],
            head=arrays["head"],
            portrait=arrays["portrait"],
            size=size,
            **parts,
            **words,
        )

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.rows"
