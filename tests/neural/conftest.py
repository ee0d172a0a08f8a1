"""A driving clip with sound, a picture, and an order for a neural renderer."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from understudy.addon.neural import Order

SIZE = (64, 48)
FPS = 12


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """Makes a clip with sound of so many seconds: clips(seconds, still=()); it stands still in the given spans."""
    made = {}

    def make(seconds, still=()):
        if (seconds, still) not in made:
            path = tmp_path_factory.mktemp("clip") / f"driving{seconds:g}.mp4"
            _write(path, seconds, still)
            made[seconds, still] = path
        return made[seconds, still]

    return make


@pytest.fixture(scope="session")
def portrait(tmp_path_factory):
    """A picture of a character."""
    import cv2

    path = tmp_path_factory.mktemp("picture") / "portrait.png"
    cv2.imwrite(str(path), np.random.default_rng(1).integers(0, 255, (32, 24, 3), np.uint8))
    return path


@pytest.fixture
def order(clips, portrait):
    """An order with a clip of four seconds."""
    return Order(clips(4.0), portrait, ratio="960:960", seed=3)


def _write(path, seconds, still):
    """A clip whose picture moves but in the spans that are still, and which hums."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS, options={"crf": "30", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        audio = container.add_stream("aac", rate=48000, layout="mono")
        shift = 0
        for number in range(round(seconds * FPS)):
            shift += 0 if any(a <= number / FPS < b for a, b in still) else 3
            frame = av.VideoFrame.from_ndarray(np.roll(noise, shift, 1), format="rgb24")
            frame.pts = number
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for number in range(int(seconds * 48000) // 1024):
            hum = np.sin(np.arange(number * 1024, number * 1024 + 1024) / 20)[None].astype(np.float32) * 0.3
            frame = av.AudioFrame.from_ndarray(hum, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, number * 1024, Fraction(1, 48000)
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))


