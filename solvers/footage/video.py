"""A video's pictures as a player would show them: upright, square pixels, true times; nothing of it is kept."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from ..errors import VideoError

# Containers that hold still pictures: FFmpeg's image2 and its *_pipe demuxers.
STILLS = ("image2", "_pipe")
# A range that starts later than this is reached by seeking to the keyframe before it, s.
WORTH_SEEKING = 2.0
# The same for one picture after another out of an open file, where a jump that gains nothing costs less.
WORTH_JUMPING = 1.0
# Where pictures are to be further apart than this (s), some on the way need not be decoded.
WORTH_SKIPPING = 0.5
STEPS = 60  # neighbouring pictures whose times show whether the rate varies
REORDERED = 16  # pictures at the end of such a run whose neighbours may not have come yet: the most that H.264 reorders


@dataclass(frozen=True)
class Video:
    """What a video is, before its pictures are looked at.

    path: of the file. size: (width, height) px of the upright picture with square pixels.
    seconds: how long it claims to be. fps: mean rate. frames: how many pictures that would be.
    rotation: degrees counter-clockwise by which stored pictures are turned to stand upright.
    sound: whether there is a sound track. codec: of the pictures. first: s, the container's time of the first picture.
    """

    path: str
    size: tuple[int, int]
    seconds: float
    fps: float
    frames: int
    rotation: int
    sound: bool
    codec: str
    first: float


@dataclass(frozen=True)
class Sound:
    """The sound track of a video.

    codec: of the track. rate: Hz. channels: how many.
    offset: s, when the sound starts on the pictures' clock (negative: before the first picture).
    seconds: how long it claims to be.
    """

    codec: str
    rate: int
    channels: int
    offset: float
    seconds: float


def probe(path: Path | str) -> Video:
    """Look at a video's first picture and at what its container says.

    path: of the file. Raises VideoError where there is no video to be read.
    """
    with _opened(path) as (container, stream):
        frame = next(decoded(container, stream), None)
        if frame is None:
            raise VideoError(f"{Path(path).name} has a picture track, but no picture in it can be decoded.")
        first = _time(frame, 0.0)
        rotation = round((frame.rotation or 0) / 90) * 90 % 360
        size = _square_size(frame, stream)
        seconds = _seconds(container, stream, first)
        fps = float(stream.average_rate or stream.guessed_rate or 0) or 25.0
        return Video(
            path=str(path),
            size=size[::-1] if rotation in (90, 270) else size,
            seconds=seconds or 1 / fps,
            fps=fps,
            frames=stream.frames or max(1, round(seconds * fps)),
            rotation=rotation,
            sound=bool(container.streams.audio),
            codec=stream.codec_context.name,
            first=first,
        )


def pictures(
    path: Path | str, start: float | None = None, end: float | None = None
) -> Iterator[tuple[float, np.ndarray]]:
    """A video's pictures, one after the other, with their true times.

    path: of the file; start, end: s, the range wanted, start included and end not; None is the clip's own.
    Yields (time s, rgb (H, W, 3) uint8): times strictly increase and the clip's first picture has time 0, whatever
    the range; pictures are upright and have square pixels. A damaged part is passed over, and a file that was cut
    off gives what is left of it.
    Raises VideoError where there is no video, the range is not within it, or nothing can be decoded.
    """
    video = probe(path)
    start, end = checked_range(video, start, end)
    latest = -1.0
    for time, frame, stream in _timed(video, start):
        if time >= end:
            break
        if time >= start and time > latest:
            latest = time
            yield time, _picture(frame, video, stream)
    if latest < 0:
        raise VideoError(
            f"{Path(path).name} claims to last {video.seconds:.2f} s, but has no picture from {start:.2f} s on: "
            "give an earlier range."
        )


def spread(
    path: Path | str, start: float, end: float, count: int, after: float
) -> Iterator[tuple[float, np.ndarray, np.ndarray]]:
    """A few pictures spread over a video, each with the one that comes a moment later; sought where that is faster.

    path: of the file. start, end: s, the range. count: how many; fewer come where a part is missing or damaged.
    after: s from a picture to its later one, at most a piece; at the end of the video they may be the same.
    Yields (time s, rgb (H, W, 3) uint8, rgb of the later one), as `pictures` does, one from each of `count` pieces of
    the range; a keyframe where the piece has one. Interlaced pictures stay as they are.
    """
    video, piece = probe(path), (end - start) / count
    with _opened(path) as (container, stream):
        if piece > WORTH_SKIPPING:
            stream.codec_context.skip_frame = "NONREF"  # what no other picture needs is not decoded: twice as fast
        frames, at, worth, done = decoded(container, stream), 0.0, WORTH_JUMPING, start - piece
        for low in start + piece * np.arange(count):
            if done >= low:
                continue
            head = None
            if low - at > worth:
                frames = _sought(container, stream, video.first + low + piece / 2)
                head = next(frames, None)
                landed = at if head is None else _time(head, at + video.first) - video.first
                worth = worth if landed > at else max(worth, low + piece / 2 - landed)  # keyframes are so far apart
            frames = frames if head is None else itertools.chain([head], frames)
            first = _reached(frames, video.first + low)
            if first is None:
                continue
            done = at = _time(first, video.first + low) - video.first
            if at >= end:
                return
            later = _reached(frames, video.first + at + min(after, piece), first)
            if later is not first:
                frames, at = itertools.chain([later], frames), max(at, _time(later, 0.0) - video.first)
            yield done, _picture(first, video, stream), _picture(later, video, stream)


def steps(path: Path | str) -> np.ndarray:
    """How long some pictures of a video last, by the times in its container, (N,) s.

    path: of the file. Looked at are STEPS neighbours at each of four places; nothing is decoded.
    """
    import av

    video, found = probe(path), []
    with _opened(path) as (container, stream):
        for share in np.arange(4) / 4:
            with contextlib.suppress(av.error.FFmpegError, OSError):
                container.seek(int((video.first + share * video.seconds) / stream.time_base), stream=stream)
                times = [p.pts for p in itertools.islice(container.demux(stream), STEPS) if p.pts is not None]
                found.append(np.diff(np.sort(times))[:-REORDERED] * float(stream.time_base))
    return np.concatenate([[], *found])


def checked_range(video: Video, start: float | None, end: float | None) -> tuple[float, float]:
    """The range of a video that is meant.

    video: what probe gave; start, end: s or None. Result (start, end) s, end infinite where none was given.
    Raises VideoError if the range is empty or begins after the clip's end.
    """
    name, start, end = Path(video.path).name, start or 0.0, float("inf") if end is None else end
    if not 0 <= start < video.seconds:
        raise VideoError(f"The range starts at {start:g} s, but {name} lasts from 0 to {video.seconds:.2f} s.")
    if not end > start:
        raise VideoError(f"The range ends at {end:g} s, which is not after its start at {start:g} s.")
    return start, end


def sound(path: Path | str) -> Sound | None:
    """A video's sound track, or None where it has none.

    path: of the file. Raises VideoError where there is no video to be read.
    """
    first = probe(path).first
    with _opened(path) as (container, _):
        if not container.streams.audio:
            return None
        track = container.streams.audio[0]
        begins = float((track.start_time or 0) * track.time_base)
        length = float(track.duration * track.time_base) if track.duration else (container.duration or 0) / 1e6
        return Sound(
            track.codec_context.name, track.codec_context.sample_rate, track.codec_context.channels,
            begins - first, length,
        )  # fmt: skip


def tolerance() -> dict[str, str]:
    """What av.open needs to be told so that tags which are no UTF-8 do not stop it: nothing from PyAV 19 on."""
    import av

    return {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}


@contextlib.contextmanager
def _opened(path: Path | str):
    """(container, its picture track), or the reason why there is none."""
    import av

    path = Path(path)
    _refuse_what_is_no_file(path)
    try:
        container = av.open(str(path), **tolerance())
    except (av.error.FFmpegError, OSError) as fault:
        raise VideoError(_why_not_opened(path)) from fault
    with container:
        tracks = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
        if not tracks:
            what = "sound alone" if container.streams.audio else "no picture track"
            raise VideoError(f"{path.name} holds {what}: a video with pictures is needed.")
        if any(word in container.format.name for word in STILLS):
            raise VideoError(f"{path.name} is a still picture, not a video.")
        if tracks[0].codec_context is None:
            raise VideoError(f"{path.name} uses a picture codec that the installed PyAV cannot decode.")
        tracks[0].thread_type = "AUTO"
        yield container, tracks[0]


def _refuse_what_is_no_file(path: Path) -> None:
    if not path.exists():
        raise VideoError(f"There is no video at {path}.")
    if path.is_dir():
        raise VideoError(f"{path} is a folder: give the path of a video file in it.")
    if not path.is_file():
        raise VideoError(f"{path} is a pipe or a device, not a file: save the video as a file first.")
    try:
        with open(path, "rb") as file:
            empty = not file.read(1)
    except OSError as fault:
        raise VideoError(f"{path.name} cannot be read ({fault.strerror}).") from fault
    if empty:
        raise VideoError(f"{path.name} is empty (0 bytes): copy or record it again.")


def _why_not_opened(path: Path) -> str:
    with open(path, "rb") as file:
        head = file.read(12)
    if head[4:8] in (b"ftyp", b"mdat", b"wide", b"free", b"skip"):
        return (
            f"{path.name} was cut off before its index (the moov atom) was written, so no player can read it: "
            "record or copy it again."
        )
    return f"{path.name} is not a video: its content is in no known video format."


def decoded(container, track) -> Iterator:
    """All frames of a picture or sound track that can be decoded; damaged packets are passed over.

    container: as PyAV opens it. track: one of its streams.
    """
    import av

    packets = container.demux(track)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError):
            return
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            continue


def _timed(video: Video, start: float) -> Iterator[tuple[float, object, object]]:
    """(time s since the first picture, frame, track) of all frames, from a keyframe not later than `start`."""
    for seek in (True, False) if start > WORTH_SEEKING else (False,):
        with _opened(video.path) as (container, stream):
            frames = decoded(container, stream)
            if seek:
                frames = _sought(container, stream, video.first + start)
                head = next(frames, None)
                if head is None or _time(head, float("inf")) > video.first + start:
                    continue  # the container's index is wrong: from the beginning, then
                frames = itertools.chain([head], frames)
            expected = 0.0
            for frame in _deinterlaced(frames, stream):
                time = _time(frame, video.first + expected) - video.first
                yield time, frame, stream
                expected = time + 1 / video.fps
            return


def _sought(container, stream, time: float) -> Iterator:
    import av

    with contextlib.suppress(av.error.FFmpegError, OSError):
        container.seek(int(time / stream.time_base), stream=stream, backward=True)
    return decoded(container, stream)


def _reached(frames: Iterable, time: float, otherwise=None):
    """The first frame that is not before a time; where there is none, the last one, or None where none was wanted.

    time: s on the container's clock. otherwise: the frame before these, None if only one that is reached will do.
    """
    for frame in frames:
        if _time(frame, time) >= time - 1e-6:
            return frame
        otherwise = otherwise and frame
    return otherwise


def _deinterlaced(frames: Iterable, stream) -> Iterator:
    """Frames without combing: FFmpeg's bwdif, where the first frame says that it was made of two fields."""
    import av

    frames = iter(frames)
    head = next(frames, None)
    if head is None:
        return
    if not head.interlaced_frame:
        yield head
        yield from frames
        return
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_buffer(template=stream), graph.add("bwdif", "mode=send_frame:deint=interlaced"),
        graph.add("buffersink"),
    ).configure()  # fmt: skip
    for frame in itertools.chain([head], frames, [None]):
        graph.push(frame)
        while True:
            try:
                yield graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                break


def _time(frame, otherwise: float) -> float:
    return otherwise if frame.time is None else frame.time


def _square_size(frame, stream) -> tuple[int, int]:
    """(width, height) of the stored picture once its pixels are square; stretched, never shrunk."""
    aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
    width, height = frame.width, frame.height
    return (round(width * aspect), height) if aspect >= 1 else (width, round(height / aspect))


def _picture(frame, video: Video, stream) -> np.ndarray:
    width, height = video.size if video.rotation in (0, 180) else video.size[::-1]
    rgb = frame.to_ndarray(format="rgb24", width=width, height=height)
    return np.ascontiguousarray(np.rot90(rgb, video.rotation // 90))


def _seconds(container, stream, first: float) -> float:
    """How long the pictures claim to last, s; counted from the packets where the container does not say."""
    if stream.duration:
        begins = float((stream.start_time or 0) * stream.time_base)
        return max(0.0, float(stream.duration * stream.time_base) + begins - first)
    if container.duration:
        return max(0.0, (container.duration + min(container.start_time or 0, 0)) / 1e6 - max(first, 0.0))
    container.seek(0)
    ends = [p.pts + (p.duration or 0) for p in container.demux(stream) if p.pts is not None]
    return max(0.0, float(max(ends) * stream.time_base) - first) if ends else 0.0
