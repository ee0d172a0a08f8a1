"""Films have the pictures and the sound they were given, in step."""

import contextlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from understudy.solvers.errors import RenderError, VideoError
from understudy.solvers.footage import film

RATE = 44100


def grey(value, size=(64, 48)):
    return np.full((size[1], size[0], 3), value, np.uint8)


@pytest.fixture(scope="module")
def beeping(tmp_path_factory):
    """A video of 4 s whose sound is a click at 1 s and at 3 s."""
    import av

    path = tmp_path_factory.mktemp("film") / "beeping.mp4"
    sound = np.zeros((1, 4 * RATE), np.float32)
    for second in (1, 3):
        sound[0, second * RATE : second * RATE + 400] = 0.9 * np.sin(np.arange(400))
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("aac", rate=RATE, layout="mono")
        for index in range(100):
            frame = av.VideoFrame.from_ndarray(grey(index), format="rgb24")
            container.mux(video.encode(frame))
        for begin in range(0, sound.shape[1], 1024):
            piece = np.ascontiguousarray(sound[:, begin : begin + 1024])
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, begin, Fraction(1, RATE)
            container.mux(audio.encode(frame))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path


def heard(path):
    """(sound (n,), pictures' times) of a film."""
    import av

    with av.open(str(path)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    if not av.open(str(path)).streams.audio:
        return None, times
    return np.concatenate([piece[0] for piece in film.samples(film.Soundtrack(str(path)))]), times


def clicks(sound):
    """s at which clicks begin."""
    loud = np.flatnonzero(np.abs(sound) > 0.3) / film.RATE
    return loud[np.diff(loud, prepend=-1) > 0.1]


@pytest.mark.parametrize("start, expected", [(0.0, [1, 3]), (0.5, [0.5, 2.5]), (2.0, [1.0]), (2.9, [0.1])])
def test_sound_starts_where_the_clip_does(beeping, tmp_path, start, expected):
    """Clicks are heard when they happen in the range that was filmed, within 5 ms."""
    out, frames = tmp_path / "out.mp4", int(24 * (4 - start))
    assert film.write(out, (grey(40) for _ in range(frames)), 24.0, film.Soundtrack(str(beeping), start)) == frames
    sound, times = heard(out)
    assert np.allclose(clicks(sound), expected, atol=5e-3)
    assert len(times) == frames and abs(len(sound) / film.RATE - frames / 24) < 0.05


@pytest.mark.parametrize("fps", [12.0, 24.0, 29.97, 60.0])
def test_pictures_come_at_their_rate(tmp_path, fps):
    """The k-th picture is shown k / rate seconds after the first."""
    film.write(tmp_path / "out.mp4", (grey(10 * k) for k in range(10)), fps)
    sound, times = heard(tmp_path / "out.mp4")
    assert sound is None and np.allclose(np.diff(times), 1 / fps, rtol=1e-3)


def test_colours_stay(tmp_path):
    """A picture's colours come back, within what compression costs."""
    import av

    picture = grey(0)
    picture[:, :32], picture[:, 32:] = (200, 60, 40), (30, 90, 160)
    film.write(tmp_path / "out.mp4", iter([picture] * 3), 24.0)
    with av.open(str(tmp_path / "out.mp4")) as container:
        frame = next(container.decode(video=0))
        assert frame.colorspace == film.BT709
        back = frame.to_ndarray(format="rgb24").astype(int)
    assert np.abs(back[:, 4:28] - (200, 60, 40)).max() < 12 and np.abs(back[:, 36:60] - (30, 90, 160)).max() < 12


def test_a_silent_clip_makes_a_silent_film(tmp_path):
    """A driving video without sound is no fault."""
    film.write(tmp_path / "mute.mp4", (grey(0) for _ in range(5)), 24.0)
    film.write(tmp_path / "out.mp4", (grey(0) for _ in range(5)), 24.0, film.Soundtrack(str(tmp_path / "mute.mp4")))
    assert heard(tmp_path / "out.mp4")[0] is None


def test_nothing_half_written(tmp_path):
    """When drawing fails midway there is no film, and no temporary file."""

    def pictures():
        yield grey(0)
        raise RenderError("The lamp broke.")

    with pytest.raises(RenderError, match="lamp"):
        film.write(tmp_path / "out.mp4", pictures(), 24.0)
    with pytest.raises(RenderError, match="no frame"):
        film.write(tmp_path / "out.mp4", iter(()), 24.0)
    assert not list(tmp_path.iterdir())


STEP = 8  # of grey from one picture of the counting video to the next: more than compression changes


@pytest.fixture(scope="module")
def counting(tmp_path_factory):
    """A video of uneven rate whose k-th picture has grey STEP k, 96x60 px, and its times (30,) s."""
    import av

    path = tmp_path_factory.mktemp("film") / "counting.mp4"
    times = np.cumsum([0, *np.random.default_rng(3).choice([0.02, 0.04, 0.1, 0.3], 29)])
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"crf": "1"})
        video.width, video.height, video.pix_fmt, video.time_base = 96, 60, "yuv420p", Fraction(1, 90000)
        video.codec_context.time_base = Fraction(1, 90000)
        for index, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(grey(STEP * index, (96, 60)), format="rgb24")
            frame.pts, frame.time_base = round(time * 90000), Fraction(1, 90000)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path, times


@pytest.mark.parametrize("fps", [12.0, 24.0, 60000 / 1001])
@pytest.mark.parametrize("start", [-0.5, 0.0, 1.3, 2.9])
def test_the_video_beside_is_in_step(counting, fps, start):
    """At each frame the left half is the picture that the video shows at that time, the first and last being held."""
    path, times = counting
    frames = int((times[-1] - start + 0.5) * fps)
    pictures = film.beside((grey(7, (64, 48)) for _ in range(frames)), film.Soundtrack(str(path), start), fps)
    seen = [(round(picture[:, :70].mean() / STEP), picture) for picture in pictures]
    moments = start + np.arange(frames) / fps
    assert [number for number, _ in seen] == list(np.clip(np.searchsorted(times, moments + 1e-3, "right") - 1, 0, 29))
    assert all(picture.shape == (48, 76 + 64, 3) and (picture[:, 76:] == 7).all() for _, picture in seen)


def test_the_video_beside_is_read_as_it_goes(counting, monkeypatch):
    """No more pictures of the video are read than are shown, and one ahead."""
    read = []

    def counted(*words):
        for time, picture in pictures_of(*words):
            read.append(time)
            yield time, picture

    pictures_of = film.pictures_of
    monkeypatch.setattr(film, "pictures_of", counted)
    shown = film.beside((grey(7) for _ in range(1000)), film.Soundtrack(str(counting[0])), 24.0)
    for index in range(12):
        next(shown)
        assert read[-2] <= index / 24 + film.ROUNDING


def test_the_film_may_be_the_very_size_of_the_video(counting, tmp_path):
    """A film side by side is written, and as wide as both halves."""
    import av

    video = film.Soundtrack(str(counting[0]))
    assert film.write(tmp_path / "out.mp4", film.beside([grey(0, (96, 60))] * 3, video, 24.0), 24.0, video) == 3
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (192, 60)


def test_a_missing_video_is_told(tmp_path):
    """A video that is gone ends the film with its name."""
    with pytest.raises(VideoError, match="gone.mp4"):
        film.write(tmp_path / "out.mp4", film.beside([grey(0)], film.Soundtrack("gone.mp4"), 24.0), 24.0)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told(tmp_path, monkeypatch):
    """What the system says of a full disk becomes one sentence that says what would be right."""
    monkeypatch.setattr(film, "written_whole", lambda _out: contextlib.nullcontext(Path("/dev/full")))
    noise = np.random.default_rng(0).integers(0, 255, (40, 240, 320, 3), np.uint8)
    with pytest.raises(RenderError, match="disk is full.*dance.mp4"):
        film.write(tmp_path / "dance.mp4", iter(noise), 24.0)
