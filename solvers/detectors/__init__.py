"""Detectors: what looks at pictures and says where points of a performer are, behind one small protocol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from .cast import Cast
from .mediapipe import MediaPipe
from .people import Person
from .sight import Sight


class Detector(Protocol):
    """One way of seeing a performer; a context, since it holds native memory.

    name, version: of the detector. models: {network file: SHA-256} of what it runs.
    """

    name: str
    version: str
    models: dict[str, str]

    def __init__(self, networks: dict[str, Path]): ...

    def __enter__(self) -> Detector: ...

    def __exit__(self, *fault) -> None: ...

    def watch(self, pictures: Iterable[tuple[float, np.ndarray]], cast: Cast | None = None) -> Iterator[Sight]:
        """What is seen of the performer, picture by picture, in order; holds no more than a few pictures at a time.

        pictures: (time s, rgb (H, W, 3) uint8), as video.pictures yields them. cast: who is in them, and who of them
        is the performer, where there are several people; None follows the most prominent one.
        """

    def everybody(self, time: float, rgb: np.ndarray) -> list[Person]:
        """The people whom a picture shows, as far as the detector can tell, with the colours that they wear.

        time: s. rgb: (H, W, 3) uint8. Not to be asked while `watch` is at work.
        """


DETECTORS: dict[str, type[Detector]] = {"mediapipe": MediaPipe}
