"""Long clips in parts that a renderer takes, cut where little moves, and the results in one piece again. No bpy."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...solvers.footage import film, video

THUMB = 48  # px, height of the pictures whose differences tell how much moves


@dataclass(frozen=True)
class Part:
    """A piece of a clip. start, end: s on the clip's clock."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


def quiet_parts(path: Path, least: float, most: float, slack: float = 10.0) -> list[Part]:
    """A clip in as few parts as may be, cut at the quietest moments.

    path: of the video. least, most: s that a part may last, least below half of most. slack: s by which a part may be
    shorter than `most`, for the sake of a quiet moment. A clip shorter than `least` is one part.
    """
    seconds = video.probe(path).seconds
    if seconds <= most:
        return [Part(0.0, seconds)]
    time, motion = moving(path)
    seconds = max(seconds, float(time[-1]))
    cuts = [0.0]
    while seconds - cuts[-1] > most:
        latest = min(cuts[-1] + most, seconds - least)
        there = (time > max(cuts[-1] + least, latest - slack)) & (time <= latest)
        cuts.append(float(time[there][np.argmin(motion[there])]) if there.any() else latest)
    return [Part(*pair) for pair in itertools.pairwise([*cuts, seconds])]


def moving(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """How much each picture differs from the one before: times (T,) s, and means (T,) of 0..255, a little smoothed."""
    import cv2

    times, motion, before = [], [], None
    for time, picture in video.pictures(path):
        size = (max(1, round(picture.shape[1] * THUMB / picture.shape[0])), THUMB)
        small = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA).astype(float)
        times.append(time)
        motion.append(0.0 if before is None else np.abs(small - before).mean())
        before = small
    around = np.ones(5) / 5
    return np.array(times), np.convolve(np.pad(motion, 2, mode="edge"), around, "valid")


def cut(path: Path, part: Part, out: Path, least: float = 0.0) -> None:
    """Write a part of a clip as a clip of its own, with its sound.

    least: s; a shorter part goes on with its last picture.
    """
    clip = video.probe(path)
    count = max(1, round(max(part.seconds, least) * clip.fps))
    source = film.Soundtrack(str(path), part.start)
    shown = film.shown(source, clip.fps, clip.size[1] // 2 * 2)
    film.write(out, _until(shown, round(part.seconds * clip.fps), count), clip.fps, source)


def _until(pictures: Iterator[np.ndarray], moving_count: int, count: int) -> Iterator[np.ndarray]:
    """So many pictures, of which those after the first few are the last of these."""
    picture = None
    for number in range(count):
        picture = next(pictures) if picture is None or number < moving_count else picture
        yield picture


def join(films: list[Path], parts: list[Part], out: Path, sound: Path) -> int:
    """Write the films of parts one after the other, each as long as its part; tells how many pictures.

    out: .mp4. sound: the clip that is heard, from its beginning.
    """
    fps = video.probe(films[0]).fps
    size = video.probe(films[0]).size
    begins = [round(part.start * fps) for part in parts] + [round(parts[-1].end * fps)]

    def pictures() -> Iterator[np.ndarray]:
        for path, count in zip(films, np.diff(begins), strict=True):
            shown = film.shown(film.Soundtrack(str(path)), fps, size[1] // 2 * 2)
            yield from itertools.islice(shown, max(1, int(count)))

    return film.write(out, pictures(), fps, film.Soundtrack(str(sound)))
