"""Two performers of one video in one room: the same camera, the same floor, the same scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .errors import SettingsError
from .performance import Performance

# Two solves of one room agree about the camera's height to a few per cent where feet are seen; by more than this they
# do not speak of the same floor (somebody stands on a table, or was never seen whole), and sizes are left as they are.
LARGEST = 1.5
LOWEST = 0.3  # m: a camera that lies on the floor tells nothing of scale


def camera_of(performance: Performance) -> np.ndarray:
    """Where the camera is in the room, (3,) m: what the projection maps to nothing."""
    projection = np.asarray(performance.projection, float)
    return -np.linalg.solve(projection[:, :3], projection[:, 3])


def on_floor_of(performance: Performance, other: Performance) -> Performance:
    """A performance moved and scaled into the room of another one of the same video.

    performance, other: of two performers, solved with the same lens. Both stand on the floor z = 0 and were seen by one
    camera: the size that brings the camera to the same height is the right one, and the place that brings it to the
    same spot. Both rooms are level and look along +y, so that nothing is turned.
    Where a floor was not seen, sizes stay.
    Raises SettingsError where the two are of different videos, or were solved with different lenses.
    """
    _check(performance, other)
    there, here = camera_of(other), camera_of(performance)
    scale = _scale(performance, other, here[2], there[2])
    shift = there - scale * here
    shift[2] = 0.0
    back = np.eye(4)
    back[:3] = np.column_stack([np.eye(3) / scale, -shift / scale])
    return replace(
        performance,
        root=scale * np.asarray(performance.root, float) + shift,
        skeleton=scale * np.asarray(performance.skeleton, float),
        projection=np.asarray(performance.projection, float) @ back,
        origin=other.origin or tuple(float(v) for v in other.root[0, :2]),
        history=(*performance.history, ("on_floor_of", {"scale": round(scale, 4)})),
    )


def _scale(performance: Performance, other: Performance, here: float, there: float) -> float:
    """How much larger the performer is than was thought. here, there: m, heights of the camera in both rooms."""
    seen = performance.framing == other.framing == "full"
    if not seen or min(here, there) < LOWEST:
        return 1.0
    ratio = there / here
    return float(ratio) if 1 / LARGEST < ratio < LARGEST else 1.0


def _check(performance: Performance, other: Performance) -> None:
    if performance.source.get("sha256") != other.source.get("sha256") or performance.size != other.size:
        raise SettingsError(
            "The two performances are of different videos: only performers who were filmed together share a floor."
        )
    lenses = [solved.settings.get("lens", 0.0) for solved in (performance, other)]
    if lenses[0] != lenses[1]:
        raise SettingsError(
            f"The two performances were solved with different lenses ({lenses[0]:g} and {lenses[1]:g} degrees): "
            "solve both with the same."
        )
