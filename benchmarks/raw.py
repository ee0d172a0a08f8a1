"""What MediaPipe's own Tasks give, in video mode with their own smoothing: the baseline that the solve is to beat.

The pose's world points are taken as joints, and the hands' world points hang on the pose's wrists.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..solvers import models
from ..solvers.detectors.plain import PlainTasks
from ..solvers.footage import video
from ..solvers.looking.offline import OFFLINE, stay_offline
from ..solvers.record import written_whole
from .measures import LONG_FINGERS, Points
from .truth import REFERENCE_POINTS, SIDES

HAND_POINTS = {
    f"{finger}{part}": 5 + 4 * row + k
    for row, finger in enumerate(LONG_FINGERS)
    for k, part in enumerate(("Proximal", "Intermediate", "Distal"))
}  # bone without its side -> point of the hand network
KNUCKLE = HAND_POINTS["MiddleProximal"]
# Of the one-euro filter (Casiez, Roussel, Vogel 2012, https://doi.org/10.1145/2207676.2208639): the least cutoff in Hz
# and its slope over speed in Hz per m/s. What smooths hand tracking in practice; slower loses accuracy by its lag.
LEAST_CUTOFF, SLOPE, SPEED_CUTOFF = 1.7, 0.3, 1.0


def raw_points(clip: Path, start: float | None = None, end: float | None = None) -> Points:
    """Joints as MediaPipe's Tasks give them, gaps bridged by straight lines. clip: a video. start, end: s."""
    os.environ.update(OFFLINE)
    stay_offline()  # the Tasks would report their use
    names = [*REFERENCE_POINTS, *(f"{side}{bone}" for side in SIDES for bone in HAND_POINTS)]
    time, rows, knuckles = [], [], []
    with PlainTasks(models.find(), following=True) as tasks:
        pictures = video.pictures(clip, start, end)
        for (moment, size), seen in _beside(tasks, pictures):
            row, places = _joints(seen, size, names)
            time.append(moment)
            rows.append(row)
            knuckles.append(places)
    joints = _bridged(np.array(rows))
    return Points(
        np.array(time), {name: joints[:, k] for k, name in enumerate(names)},
        {side: np.array(knuckles)[:, k] for k, side in enumerate(SIDES)}, floor=False,
    )  # fmt: skip


def _beside(tasks: PlainTasks, pictures):
    """((time, size), what is seen) of each picture."""
    met = []

    def passing():
        for moment, rgb in pictures:
            met.append((moment, np.array([rgb.shape[1], rgb.shape[0]])))
            yield moment, rgb

    for seen in tasks.points(passing()):
        yield met.pop(0), seen


def _joints(seen: dict, size: np.ndarray, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The joints (N, 3) m of one picture in our axes, and the middle knuckles (2, 2) px of hands by their own label."""
    row, knuckles = np.full((len(names), 3), np.nan), np.full((2, 2), np.nan)
    for hand in seen["hand"]:
        knuckles[SIDES.index(hand.side)] = hand.image[KNUCKLE, :2] * size
    if seen["pose"]:
        body = seen["pose"][0]
        for name, point in REFERENCE_POINTS.items():
            row[names.index(name)] = body.world[point]
        for hand in seen["hand"]:
            wrists = [REFERENCE_POINTS[f"{side}Hand"] for side in SIDES]
            side = np.argmin([np.linalg.norm((body.image[w] - hand.image[0])[:2] * size) for w in wrists])
            for bone, point in HAND_POINTS.items():
                row[names.index(f"{SIDES[side]}{bone}")] = body.world[wrists[side]] + hand.world[point] - hand.world[0]
    return np.stack([row[:, 0], row[:, 2], -row[:, 1]], -1), knuckles


def _bridged(rows: np.ndarray) -> np.ndarray:
    """Gaps (NaN) in (T, N, 3) filled by straight lines, held at the ends; what was never seen stays NaN."""
    flat = rows.reshape(len(rows), -1).copy()
    steps = np.arange(len(flat))
    for column in flat.T:
        good = np.isfinite(column)
        if good.any():
            column[~good] = np.interp(steps[~good], steps[good], column[good])
    return flat.reshape(rows.shape)


def one_euro(points: Points) -> Points:
    """The same joints through a one-euro filter, as live tools smooth them."""
    steps = np.diff(points.time, prepend=2 * points.time[0] - points.time[1])
    return Points(points.time, {n: _one_euro(x, steps) for n, x in points.joints.items()}, points.pixels, points.floor)


def _one_euro(x: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Values (T, D) filtered, each coordinate by itself. steps: (T,) s since the value before."""
    result, speed = np.array(x, float), np.zeros(x.shape[1])
    for k in range(1, len(x)):
        speed = speed + _share(SPEED_CUTOFF, steps[k]) * ((x[k] - x[k - 1]) / steps[k] - speed)
        share = _share(LEAST_CUTOFF + SLOPE * np.abs(speed), steps[k])
        result[k] = result[k - 1] + share * (x[k] - result[k - 1])
    return result


def _share(cutoff, step: float):
    """How far a first-order low pass goes toward a new value. cutoff: Hz. step: s."""
    return 1.0 / (1.0 + 1.0 / (2 * np.pi * cutoff * step))


def kept_raw_points(clip: Path, kept: Path | None) -> Points:
    """As raw_points, but found again in a file where there is one. kept: .npz, or none."""
    if kept is not None and kept.is_file():
        with np.load(kept) as file:
            joints = {str(name): file["joints"][:, k] for k, name in enumerate(file["joint_names"])}
            return Points(file["time"], joints, dict(zip(SIDES, file["knuckles"], strict=True)), floor=False)
    points = raw_points(clip)
    if kept is not None:
        with written_whole(kept) as temporary, temporary.open("wb") as file:
            np.savez_compressed(
                file, time=points.time, joint_names=np.array(list(points.joints)),
                joints=np.stack(list(points.joints.values()), 1), knuckles=np.stack([points.pixels[s] for s in SIDES]),
            )  # fmt: skip
    return points
