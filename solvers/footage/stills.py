"""Still pictures, as the detector takes them: films of a few equal pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import CalibrationError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
LARGEST = 1920  # px, the longer side: more helps no network
COUNT, RATE = 5, 10  # pictures, and 1/s


def is_still(path: Path | str) -> bool:
    """Whether a file's name is that of a still picture. path: of any file."""
    return Path(path).suffix.lower() in SUFFIXES


def as_video(path: Path | str, out: Path) -> Path:
    """Write a still picture as a short film without loss, upright as its tag says.

    path: of the picture. out: of the .mkv to be written; it is given back.
    Raises CalibrationError if the picture is missing or cannot be read.
    """
    import av

    path = Path(path)
    try:
        with av.open(str(path)) as source:
            frame = next(source.decode(video=0))
    except (av.error.FFmpegError, OSError, StopIteration, IndexError) as fault:
        why = "there is none" if not path.exists() else "it is damaged, or no picture"
        raise CalibrationError(f"The picture {path.name} cannot be read: {why}.") from fault
    scale = min(1.0, LARGEST / max(frame.width, frame.height))
    width, height = max(2, round(frame.width * scale)), max(2, round(frame.height * scale))
    rgb = np.rot90(frame.to_ndarray(format="rgb24", width=width, height=height), round((frame.rotation or 0) / 90) % 4)
    rgb = np.ascontiguousarray(rgb)
    with av.open(str(out), "w") as film:
        stream = film.add_stream("ffv1", rate=RATE, options={})
        stream.width, stream.height, stream.pix_fmt = rgb.shape[1], rgb.shape[0], "bgr0"
        for _ in range(COUNT):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="bgr0")))
        film.mux(stream.encode())
    return out
