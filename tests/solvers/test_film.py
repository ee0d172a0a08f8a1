"""Films have the pictures and the sound they were given, in step."""

from fractions import Fraction

import numpy as np
import pytest
from understudy.solvers import film
from understudy.solvers.errors import RenderError

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
