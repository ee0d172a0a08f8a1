"""Films: pictures and the driving clip's sound become an H.264 file, in step with each other."""

from __future__ import annotations

import contextlib
import errno
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from ..errors import RenderError
from ..record import written_whole
from .video import decoded, probe, tolerance
from .video import pictures as pictures_of

RATE = 48000  # Hz, of the film's sound: video's standard
BLOCK = 1024  # samples an AAC frame holds
QUALITY = "18"  # x264's constant rate factor that is taken for visually lossless
BT709 = 1  # number of ITU-R BT.709 in ISO/IEC 23001-8, for primaries, transfer and matrix alike
ROUNDING = 1e-3  # s by which a container may have rounded the time of a picture: Matroska counts milliseconds
FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))  # a disk, or one's share of it
LEAD = 2.0  # s before a moment from which on the picture that is shown then is looked for


@dataclass(frozen=True)
class Soundtrack:
    """A video from a moment on, its sound first of all.

    path: of the video. start: s on its pictures' clock, where 0 is its first picture; before it there is silence.
    """

    path: str
    start: float = 0.0


def write(out: Path | str, pictures: Iterable[np.ndarray], fps: float, sound: Soundtrack | None = None) -> int:
    """Write a film, whole or not at all, and tell how many pictures it has.

    out: .mp4 to be written. pictures: rgb (H, W, 3) uint8, all of one even size. fps: 1/s.
    sound: what is heard from the first picture on; None, or a video without sound, makes a silent film.
    Raises RenderError if there are no pictures, or they cannot be encoded.
    """
    import av

    pictures = iter(pictures)
    first = next(pictures, None)
    if first is None:
        raise RenderError("There is no frame to be filmed: the scene's last frame must not be before its first.")
    try:
        with written_whole(out) as temporary:
            with av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as film:
                return _write(film, first, pictures, Fraction(fps).limit_denominator(1001), sound)
    except (av.error.FFmpegError, OSError) as fault:
        if fault.errno in FULL:
            raise RenderError(f"The disk is full: the film {Path(out).name} needs room, or another place.") from fault
        why = getattr(fault, "strerror", None) or fault
        raise RenderError(f"The film {Path(out).name} cannot be written ({why}): give a path that can be.") from fault


def _write(film, first: np.ndarray, pictures: Iterator[np.ndarray], fps: Fraction, sound: Soundtrack | None) -> int:
    height, width = first.shape[:2]
    video = film.add_stream("libx264", rate=fps, options={"crf": QUALITY, "preset": "fast"})
    video.width, video.height, video.pix_fmt = width, height, "yuv420p"
    context = video.codec_context
    context.colorspace = context.color_primaries = context.color_trc = BT709
    audible = sound is not None and probe(sound.path).sound
    audio = film.add_stream("aac", rate=RATE, layout="stereo") if audible else None
    blocks = _blocks(samples(sound)) if audible else iter(())
    count = heard = 0
    picture: np.ndarray | None = first
    while picture is not None:
        film.mux(video.encode(_frame(picture, count)))
        count += 1
        heard = _hear(film, audio, blocks, heard, int(count / fps * RATE) - BLOCK)
        picture = next(pictures, None)
    film.mux(video.encode(None))
    if audio is not None:
        _hear(film, audio, blocks, heard, int(count / fps * RATE))
        film.mux(audio.encode(None))
    return count


def _frame(picture: np.ndarray, index: int):
    import av
    from av.video.reformatter import Colorspace

    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
    frame.pts = index
    return frame


def _hear(film, audio, blocks: Iterator[np.ndarray], heard: int, until: int) -> int:
    """Add blocks of sound until a sample is reached, silence where there is none left; tell how far they reach."""
    import av

    while audio is not None and heard < until:
        block = next(blocks, np.zeros((2, BLOCK), np.float32))
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, heard, Fraction(1, RATE)
        film.mux(audio.encode(frame))
        heard += block.shape[1]
    return heard


def beside(pictures: Iterable[np.ndarray], video: Soundtrack, fps: float) -> Iterator[np.ndarray]:
    """Pictures with a video on their left, of the same height and in step with them; only a few are in memory.

    pictures: rgb (H, W, 3) uint8. video: from the moment on that the first of them shows. fps: 1/s, of the pictures.
    Yields rgb (H, w + W, 3), where w is even. Raises VideoError where the video cannot be read.
    """
    pictures = iter(pictures)
    first = next(pictures, None)
    if first is None:
        return
    with contextlib.closing(shown(video, fps, first.shape[0])) as left:
        for picture, other in zip(itertools.chain([first], pictures), left, strict=False):
            yield np.concatenate([other, picture], axis=1)


def shown(video: Soundtrack, fps: float, height: int) -> Iterator[np.ndarray]:
    """What a player shows of a video at one frame of a film after the other, without end.

    video: from the first frame on. fps: 1/s, of the film. height: px.
    Yields rgb (height, w, 3) uint8, w even; before and after the video its first and last picture stay.
    """
    begin = max(0.0, min(video.start, probe(video.path).seconds) - LEAD)
    with contextlib.closing(pictures_of(video.path, begin)) as coming:
        picture, following = _of_height(next(coming)[1], height), next(coming, None)
        for index in itertools.count():
            latest = None
            while following is not None and following[0] <= video.start + index / fps + ROUNDING:
                latest, following = following[1], next(coming, None)
            picture = picture if latest is None else _of_height(latest, height)
            yield picture


def _of_height(picture: np.ndarray, height: int) -> np.ndarray:
    """A picture scaled to a height in px, its width even."""
    import av

    width = max(2, round(picture.shape[1] * height / picture.shape[0] / 2) * 2)
    if picture.shape[:2] == (height, width):
        return picture
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    return frame.reformat(width=width, height=height, interpolation="BICUBIC").to_ndarray()


def samples(sound: Soundtrack) -> Iterator[np.ndarray]:
    """A video's sound from a moment on, in pieces (2, n) float32 at RATE; silence where the sound begins later.

    sound: of a video that has sound.
    """
    import av

    begins = probe(sound.path).first + sound.start
    resampler = av.AudioResampler("fltp", "stereo", RATE)
    with av.open(sound.path, **tolerance()) as container:
        track = container.streams.audio[0]
        if sound.start > 1.0:
            container.seek(max(0, int((begins - 1.0) * av.time_base)))
        reached = None  # in samples from the moment on
        for frame in decoded(container, track):
            if reached is None and frame.time is not None:
                reached = round((frame.time - begins) * RATE)
                if reached > 0:
                    yield np.zeros((2, reached), np.float32)
            for piece in resampler.resample(frame):
                values = piece.to_ndarray()
                late = min(max(-(reached or 0), 0), values.shape[1])
                reached = (reached or 0) + values.shape[1]
                if late < values.shape[1]:
                    yield values[:, late:]


def _blocks(pieces: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The same sound in pieces of at most BLOCK samples."""
    for piece in pieces:
        for begin in range(0, piece.shape[1], BLOCK):
            yield piece[:, begin : begin + BLOCK]
