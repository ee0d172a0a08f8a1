"""A video's pictures are upright, square, in order and at their true times, whatever the container does."""

import os
from fractions import Fraction

import av
import numpy as np
import pytest
from understudy.solvers.errors import VideoError
from understudy.solvers.footage import video

WIDE, HIGH = 64, 48


def picture(number):
    """A grey picture whose brightness tells its number."""
    return np.full((HIGH, WIDE, 3), 40 + 4 * (number % 50), np.uint8)


def film(path, times, rate=1000, codec="mpeg4", first=0, aspect=None, gop=12):
    """A video with pictures at given times, s, and its clock starting at `first` ticks."""
    with av.open(str(path), "w") as container:
        track = container.add_stream(codec, rate=rate)
        track.width, track.height, track.pix_fmt, track.bit_rate = WIDE, HIGH, "yuv420p", 2_000_000
        track.gop_size, track.codec_context.time_base = gop, Fraction(1, 1000)
        if aspect:
            track.codec_context.sample_aspect_ratio = aspect
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = round(time * 1000) + first, Fraction(1, 1000)
            container.mux(track.encode(frame))
        container.mux(track.encode())
    return path


def number_of(rgb):
    """Which picture this is."""
    return round((rgb.mean() - 40) / 4)


@pytest.mark.parametrize("first", [0, 700])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_times_are_the_containers(tmp_path, suffix, first):
    """Pictures at uneven times keep them, counted from the first one, wherever the container's clock starts."""
    times = [0, 0.04, 0.05, 0.2, 0.21, 0.5, 1.0, 1.033, 1.9]
    path = film(tmp_path / f"v.{suffix}", times, first=first)
    seen = [(time, number_of(rgb)) for time, rgb in video.pictures(path)]
    np.testing.assert_allclose([time for time, _ in seen], times, atol=1e-6)
    assert [number for _, number in seen] == list(range(len(times)))


@pytest.mark.parametrize("limits", [(0, 1), (0.5, 1.01), (2.3, 2.7), (3.9, None), (None, 0.001), (2.5, 99)])
def test_a_range_is_a_part_of_the_whole(tmp_path, limits):
    """A range gives the pictures whose times lie in it, start included, at the times that they have in the whole."""
    path = film(tmp_path / "v.mp4", np.arange(100) / 25, rate=25)
    whole = [(time, number_of(rgb)) for time, rgb in video.pictures(path)]
    start, end = limits[0] or 0, np.inf if limits[1] is None else limits[1]
    part = [(time, number_of(rgb)) for time, rgb in video.pictures(path, *limits)]
    assert part == [(time, number) for time, number in whole if start <= time < end] and part


@pytest.mark.parametrize("limits", [(4.5, None), (-1, None), (1, 1), (2, 1), (float("nan"), None), (0, float("nan"))])
def test_what_is_no_range_is_a_sentence(tmp_path, limits):
    """An empty range, or one that does not begin within the video, is refused."""
    path = film(tmp_path / "v.mp4", np.arange(100) / 25, rate=25)
    with pytest.raises(VideoError, match="range"):
        next(video.pictures(path, *limits))


@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(2, 3)])
def test_pixels_are_square(tmp_path, aspect):
    """Oblong pixels are stretched to squares, never shrunk."""
    path = film(tmp_path / "v.mkv", [0, 0.1], aspect=aspect)
    _, rgb = next(video.pictures(path))
    size = (round(WIDE * aspect), HIGH) if aspect > 1 else (WIDE, round(HIGH / aspect))
    assert video.probe(path).size == size == rgb.shape[1::-1]


def test_a_film_that_was_cut_off_gives_what_is_left(tmp_path):
    """Of a file whose end is missing, the pictures before it are given, in order."""
    path = film(tmp_path / "v.mkv", np.arange(60) / 20, rate=20)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    numbers = [number_of(rgb) for _, rgb in video.pictures(path)]
    assert 10 < len(numbers) < 60 and numbers == list(range(len(numbers)))


def test_what_is_no_file_is_a_sentence(tmp_path):
    """A path to nothing, a folder or a pipe is refused at once."""
    os.mkfifo(tmp_path / "pipe.mp4")
    for path, words in ((tmp_path / "none.mp4", "no video"), (tmp_path, "folder"), (tmp_path / "pipe.mp4", "pipe")):
        with pytest.raises(VideoError, match=words):
            video.probe(path)


def test_footage_turned_by_its_tag_is_turned_back(shared):
    """A clip that a tag turns shows what the same clip shows without the tag, upright."""
    bad = shared / "videos" / "bad"
    _, turned = next(video.pictures(bad / "rotated_180.mp4"))
    with av.open(str(bad / "rotated_180.mp4")) as container:
        stored = next(container.decode(video=0)).to_ndarray(format="rgb24")
    np.testing.assert_array_equal(turned, stored[::-1, ::-1])
    tall, (_, rgb) = (
        video.probe(bad / "phone_rotated_portrait.mp4"),
        next(video.pictures(bad / "phone_rotated_portrait.mp4")),
    )
    with av.open(str(bad / "phone_rotated_portrait.mp4")) as container:
        frame = next(container.decode(video=0))
    assert tall.size == rgb.shape[1::-1] == (frame.height, frame.width) and tall.rotation in (90, 270)
    np.testing.assert_array_equal(rgb, np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90 % 4))


@pytest.mark.parametrize(
    ("name", "count"), [("edit_list_negative_ts.mp4", 65), ("truncated_faststart.mp4", 47), ("one_frame.mp4", 1)]
)
def test_only_what_a_player_shows(shared, name, count):
    """Pictures that an edit list cuts away, or that are missing at the end, are not given; the first is at 0."""
    times = [time for time, _ in video.pictures(shared / "videos" / "bad" / name)]
    assert len(times) == count and times[0] == 0 and (np.diff(times) > 0).all()


def test_a_variable_rate_keeps_its_times(shared):
    """The times of a clip of variable rate are those of its packets, and not number times mean rate."""
    path = shared / "videos" / "bad" / "variable_frame_rate.mp4"
    with av.open(str(path)) as container:
        track = container.streams.video[0]
        true = sorted(
            float(packet.pts * track.time_base) for packet in container.demux(track) if packet.pts is not None
        )
    times = np.array([time for time, _ in video.pictures(path)])
    np.testing.assert_allclose(times, np.array(true) - true[0], atol=1e-6)
    assert np.diff(times).max() > 1.5 * np.diff(times).min()
