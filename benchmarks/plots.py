"""Plots of errors as pictures: per joint as bars, and over time as lines; drawn with OpenCV, which is there anyway."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from .measures import Points, aligned, compared, joint_distances, limb_angles, limbs
from .truth import Truth

SIZE = (1100, 420)  # px of one panel
MARGIN = (64, 24, 40, 46)  # px left, right, above, below
INK, GRID, PAPER = (60, 60, 60), (225, 225, 225), (255, 255, 255)
COLOURS = ((178, 96, 32), (60, 130, 235), (150, 150, 150))  # bgr: ours blue, the others orange and grey


def joint_bars(ways: dict[str, Points], truth: Truth) -> np.ndarray:
    """Mean distance of every joint after a similarity a picture, mm, as bars: bgr (H, W, 3).

    ways: {name: joints}; the first is ours.
    """
    values = {name: _after_fit(points, truth).mean(0) * 1e3 for name, points in ways.items()}
    panel = _Panel("joints after a similarity fit, mm", len(truth.measured), max(v.max() for v in values.values()))
    for k, joint in enumerate(truth.measured):
        panel.label(k, _short(joint))
        for way, row in enumerate(values.values()):
            panel.bar(k, way, len(values), row[k], COLOURS[way])
    return panel.finished(list(ways))


def limb_bars(ways: dict[str, Points], truth: Truth) -> np.ndarray:
    """Mean error of every limb's direction, degrees, as bars: bgr (H, W, 3). ways: {name: joints}."""
    values = {name: limb_angles(*aligned(*compared(p, truth), truth), truth).mean(0) for name, p in ways.items()}
    panel = _Panel("limb directions, degrees", len(limbs(truth)), max(v.max() for v in values.values()))
    for k, (start, _) in enumerate(limbs(truth)):
        panel.label(k, _short(truth.measured[start]))
        for way, row in enumerate(values.values()):
            panel.bar(k, way, len(values), row[k], COLOURS[way])
    return panel.finished(list(ways))


def over_time(ways: dict[str, Points], truth: Truth) -> np.ndarray:
    """Mean distance of all joints after a similarity, picture by picture, mm: bgr (H, W, 3). ways: {name: joints}."""
    values = {name: _after_fit(points, truth).mean(1) * 1e3 for name, points in ways.items()}
    top = np.percentile(np.concatenate(list(values.values())), 99.5)
    panel = _Panel("joints after a similarity fit over time, mm", len(truth.time), top)
    seconds = range(int(truth.time[0]), int(truth.time[-1]) + 1)
    for second in seconds:
        panel.label(int(np.searchsorted(truth.time, second)), f"{second} s")
    for way, row in reversed(list(enumerate(values.values()))):
        panel.line(row, COLOURS[way])
    return panel.finished(list(ways))


def write_plots(folder: Path, clip: str, ways: dict[str, Points], truth: Truth) -> Path:
    """All plots of a clip in one picture, folder/CLIP.png; tells where. ways: {name: joints}, the first is ours."""
    picture = np.concatenate([joint_bars(ways, truth), limb_bars(ways, truth), over_time(ways, truth)])
    cv2.putText(picture, clip, (MARGIN[0], 22), cv2.FONT_HERSHEY_SIMPLEX, 0.62, INK, 2, cv2.LINE_AA)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{clip}.png"
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return path


def _after_fit(points: Points, truth: Truth) -> np.ndarray:
    """Distances (T, M) m of all joints, each picture after its own similarity."""
    return np.array([joint_distances(a, b) for a, b in zip(*compared(points, truth), strict=True)])


def _short(joint: str) -> str:
    """A joint's name where there is little room: "L LowerArm"."""
    return joint.replace("left", "L ", 1).replace("right", "R ", 1)


class _Panel:
    """One plot: so many places along it, values from 0 up to a top."""

    def __init__(self, title: str, places: int, top: float):
        self.picture = np.full((SIZE[1], SIZE[0], 3), PAPER, np.uint8)
        self.places, self.top = max(places, 1), max(float(top), 1e-6) * 1.08
        step = 10 ** np.floor(np.log10(self.top))
        step = next(s for s in (step / 5, step / 2, step, 2 * step) if self.top / s <= 8)
        for value in np.arange(0, self.top, step):
            y = self._y(value)
            cv2.line(self.picture, (MARGIN[0], y), (SIZE[0] - MARGIN[1], y), GRID, 1)
            self._write(f"{value:g}", (14, y + 4))
        self._write(title, (SIZE[0] - MARGIN[1] - 8 * len(title), 22))

    def _x(self, place: float) -> int:
        return round(MARGIN[0] + (SIZE[0] - MARGIN[0] - MARGIN[1]) * place / self.places)

    def _y(self, value: float) -> int:
        room = SIZE[1] - MARGIN[2] - MARGIN[3]
        return round(SIZE[1] - MARGIN[3] - room * min(max(float(value) / self.top, 0.0), 1.0))

    def _write(self, words: str, place: tuple[int, int]) -> None:
        cv2.putText(self.picture, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, INK, 1, cv2.LINE_AA)

    def label(self, place: int, words: str) -> None:
        self._write(words, (self._x(place) + 2, SIZE[1] - MARGIN[3] + 16))

    def bar(self, place: int, way: int, ways: int, value: float, colour: tuple[int, int, int]) -> None:
        left, right = (self._x(place + 0.1 + 0.8 * k / ways) for k in (way, way + 1))
        cv2.rectangle(self.picture, (left, self._y(value)), (right - 2, self._y(0)), colour, -1)

    def line(self, values: np.ndarray, colour: tuple[int, int, int]) -> None:
        points = np.array([(self._x(k + 0.5), self._y(value)) for k, value in enumerate(values)], np.int32)
        cv2.polylines(self.picture, [points], False, colour, 2, cv2.LINE_AA)

    def finished(self, names: list[str]) -> np.ndarray:
        """The picture with its key. names: of the ways."""
        for way, name in enumerate(names):
            x, y = MARGIN[0] + 170 * way, SIZE[1] - 14
            cv2.rectangle(self.picture, (x, y - 9), (x + 12, y + 3), COLOURS[way], -1)
            self._write(name, (x + 18, y + 2))
        return self.picture
