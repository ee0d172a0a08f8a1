"""Hard cuts: where one shot of a video ends and the next begins, found while its pictures pass."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

SPLIT, BRIDGE, FIRST = "split", "bridge", "first"
# What becomes of a video with cuts, and what to say of it.
CUTS = {
    BRIDGE: "one take over all shots",
    SPLIT: "a take of each shot, numbered",
    FIRST: "a take of the first shot alone",
}
SMALL = 48  # px, the side of the pictures that are compared
DENSE = 3  # pixels in each direction at least that one of these is the mean of
STEP = 20  # of 255, by which a pixel differs that is another one
BINS = 6  # of each of red, green and blue
# From one picture to the next, over 47 clips: the most that motion or a camera in a hand changed were 0.29 of the
# pixels and 0.06 of the colours (noise 0.61 and 0.04); at cuts, 0.41 and 0.32, also where the room stays the same.
CHANGED, RECOLOURED = 0.25, 0.12
# A cut changes the picture so many times as much as anything around it does (14 and 74 times; a whip pan or a burst of
# movement goes on, 3.5 times at most), of which this long is remembered, s, and so many pictures are looked ahead.
SPIKE, BEFORE, AHEAD = 4.0, 0.3, 2
TAKE = ".take.npz"


def split(pictures: Iterable[tuple[float, np.ndarray]]) -> Iterator[Iterator[tuple[float, np.ndarray]]]:
    """A video shot by shot: an iterator over each one's pictures, to be used up before the next is asked for.

    pictures: (time s, rgb (H, W, 3) uint8). Holds AHEAD + 1 pictures.
    """
    marked = cuts(pictures)
    first = next(marked, None)
    pending = [] if first is None else [first[:2]]

    def shot() -> Iterator[tuple[float, np.ndarray]]:
        yield pending.pop()
        for time, rgb, cut in marked:
            if cut:
                pending.append((time, rgb))
                return
            yield time, rgb

    while pending:
        current = shot()
        yield current
        for _ in current:  # what whoever asked did not want of this shot
            pass


def cuts(pictures: Iterable[tuple[float, np.ndarray]]) -> Iterator[tuple[float, np.ndarray, bool]]:
    """The same pictures, each with whether a new shot begins with it.

    pictures: (time s, rgb (H, W, 3) uint8). Holds AHEAD + 1 of them.
    """
    before: deque[tuple[float, float]] = deque()  # (time, change) of the pictures that have passed
    waiting: deque = deque()  # (time, rgb, traits, change, share of pixels, of colours)
    last = None
    for time, rgb in itertools.chain(pictures, [(None, None)] * AHEAD):
        if rgb is not None:
            now = traits(rgb)
            waiting.append((time, rgb, *((0.0, 0.0, 0.0) if last is None else change(last, now))))
            last = now
            if len(waiting) <= AHEAD:
                continue
        if not waiting:
            return
        time, rgb, *moved = waiting.popleft()
        around = [value for _, value in before] + [entry[2] for entry in waiting]
        yield time, rgb, bool(before) and is_cut(*moved, around)
        before.append((time, moved[0]))
        while before and before[0][0] < time - BEFORE:
            before.popleft()


def traits(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What pictures are compared by: the picture made small (SMALL, SMALL, 3), and the shares of its colours.

    rgb: (H, W, 3) uint8.
    """
    import cv2

    every = max(1, min(rgb.shape[:2]) // (DENSE * SMALL))  # averaging all of a large picture would take longer
    thinned = np.ascontiguousarray(rgb[::every, ::every])
    small = cv2.resize(thinned, (SMALL, SMALL), interpolation=cv2.INTER_AREA)
    counts = cv2.calcHist([small], [0, 1, 2], None, [BINS] * 3, [0, 256] * 3).ravel()
    return small.astype(np.float32), counts / counts.sum()


def change(before: tuple, now: tuple) -> tuple[float, float, float]:
    """From one picture to another: mean difference 0..255, share of pixels, share of colours that are others.

    before, now: as `traits` gives them.
    """
    apart = np.abs(now[0] - before[0]).mean(-1)
    return float(apart.mean()), float((apart > STEP).mean()), float(1 - np.minimum(before[1], now[1]).sum())


def is_cut(difference: float, pixels: float, colours: float, around: list[float]) -> bool:
    """Whether a change is one from shot to shot.

    difference, pixels, colours: see `change`. around: differences between the pictures before and after.
    """
    calm = max(around, default=0.0) * SPIKE < difference
    return pixels > CHANGED and colours > RECOLOURED and calm


def numbered(path: Path, number: int) -> Path:
    """Where the take of one shot goes: NAME.take.npz becomes NAME.2.take.npz. number: 1 is the first shot."""
    ending = TAKE if path.name.endswith(TAKE) else path.suffix
    return path.with_name(f"{path.name.removesuffix(ending)}.{number}{ending}")
