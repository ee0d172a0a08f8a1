"""Two performers of one video in one room: the same camera, the same floor, the same scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import SettingsError
from ..motion.skeleton import joint_positions
from ..names import JOINT
from ..performance import Performance

TOES = [JOINT["leftToes"], JOINT["rightToes"]]
# Beyond this the two do not speak of the same floor (somebody stands on a table, or was never seen whole), and sizes
# are left as they are. Two who shake hands, solved alone, were 1.10 apart, and 0.90 the other way round.
LARGEST = 1.5
LOWEST = 0.3  # m: a camera that is not above the floor by this much tells nothing of scale


def camera_of(performance: Performance) -> np.ndarray:
    """Where the camera is in the room, (3,) m: what the projection maps to nothing."""
    projection = np.asarray(performance.projection, float)
    return -np.linalg.solve(projection[:, :3], projection[:, 3])


def turn_of(performance: Performance) -> np.ndarray:
    """How the camera is turned, (3, 3): from the room's axes to its own, x right, y away, z up."""
    projection = np.asarray(performance.projection, float)[:, :3]
    projection = projection / np.linalg.norm(projection[2])
    focal = np.linalg.norm(np.cross(projection[0], projection[2]))
    width, height = performance.size
    lens = np.array([[focal, width / 2, 0.0], [0.0, height / 2, -focal], [0.0, 1.0, 0.0]])
    return np.linalg.solve(lens, projection)


def on_floor_of(performance: Performance, other: Performance) -> Performance:
    """A performance moved and scaled into the room of another one of the same video.

    performance, other: of two performers, solved with the same lens. One camera saw both, and its tilt and height over
    the floor are taken from the other's room: the resting feet of the performer are where their rays meet that floor,
    which gives place and size. The performer stays upright as solved. Where no floor was seen, sizes stay.
    Raises SettingsError where the two are of different videos, or were solved with different lenses.
    """
    _check(performance, other)
    toes = _resting(performance)
    camera = camera_of(other)
    turn = turn_of(other).T @ turn_of(performance)
    rays = (toes - camera_of(performance)) @ turn.T  # from the camera to the toes, in the axes of the other's room
    scale = _scale(performance, other, camera[2] / np.median(toes[:, 2] - rays[:, 2]))
    shift = np.median(camera + scale * rays - scale * toes, 0) * [1, 1, 0]
    back = np.eye(4)
    back[:3] = np.column_stack([np.eye(3) / scale, -shift / scale])
    return replace(
        performance,
        root=scale * np.asarray(performance.root, float) + shift,
        skeleton=scale * np.asarray(performance.skeleton, float),
        projection=scale * np.asarray(performance.projection, float) @ back,
        origin=other.origin or tuple(float(v) for v in other.root[0, :2]),
        history=(*performance.history, ("on_floor_of", {"scale": round(scale, 4)})),
    )


def _resting(performance: Performance) -> np.ndarray:
    """Toes that rest on the floor, (N, 3) m; all of them where none ever does."""
    places = joint_positions(performance.rotations, performance.root, performance.skeleton)[:, TOES]
    rests = np.stack([performance.contacts[:, :2].max(1), performance.contacts[:, 2:].max(1)], 1) > 0.5
    return places[rests] if rests.any() else places.reshape(-1, 3)


def _scale(performance: Performance, other: Performance, ratio: float) -> float:
    """How much larger the performer is than was thought, 1 where that cannot be told. ratio: by the floor."""
    seen = performance.framing == other.framing == "full" and camera_of(other)[2] > LOWEST
    return float(ratio) if seen and 1 / LARGEST < ratio < LARGEST else 1.0


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
