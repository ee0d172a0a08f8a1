"""What a take shows of the body, on an even clock: points that are really seen, a camera, and bone lengths."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..motion import rotations, signals
from ..names import BODY_POINT
from ..settings import Settings
from ..take import Take

# Below .3 MediaPipe's visibility means a guess (measured: points out of the picture .00 to .07, cut off .05 to .28),
# from .7 on it is a sight; the points between count in part.
HIDDEN, VISIBLE = 0.3, 0.7
BORDER = 0.02  # of the picture's longer side: points this far outside still count
LONGEST_GAP = 0.5  # s: shorter gaps are bridged by straight lines, longer ones are left to the fit
# Focal length over the longer side of the picture. Phones film at 26 to 28 mm (35 mm equivalent) of a 4:3 sensor, which
# is .75 to .81, and crop 10 to 20 % for stabilising: .85 to .95; webcams have .7 to 1.0, cameras on a set more. A wrong
# value moves the performer in depth (by 0.7 to 1.2 m for .84 to 1.42) but hardly changes the pose.
FOCAL = 0.9
CUTOFF = 7.5  # Hz: keeps a punch its speed; 6 and 12 are as accurate, the fit smooths what is slow
# The pose network leans trunk and thighs forwards, in people's own direction. By how much differs: medians of 1 to 15
# degrees on six rendered bodies, upright and whole in the picture, -1 to 13 at half length. Of 5, 10 and 15 degrees, 10
# was best on the mean of nine clips with truth, though 5 or 15 on some; leaving shins as they are helped that mean.
FORWARD = np.radians(10.0)
HIPS = [BODY_POINT["leftHip"], BODY_POINT["rightHip"]]
SHOULDERS = [BODY_POINT["leftShoulder"], BODY_POINT["rightShoulder"]]
# What keeps its direction when trunk and thighs are turned, and by what it is carried.
CARRIED = (
    (list(range(HIPS[0])), SHOULDERS),
    *(([BODY_POINT[side + part] for part in ("Ankle", "Heel", "FootIndex")], [BODY_POINT[side + "Knee"]])
      for side in ("left", "right")),
)  # fmt: skip


@dataclass(frozen=True)
class Camera:
    """A level pinhole camera at the origin that looks along +y.

    focal: px. centre: (2,) px, where the axis meets the picture.
    """

    focal: float
    centre: np.ndarray

    def rays(self, image: np.ndarray) -> np.ndarray:
        """Directions (..., 3) with y = 1 towards points of the picture. image: (..., 2) px."""
        x, y = np.moveaxis(np.asarray(image, float)[..., :2] - self.centre, -1, 0) / self.focal
        return np.stack([x, np.ones_like(x), -y], -1)

    def matrix(self, position: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """The projection (3, 4) px of a room where the camera is at `position` (3,) m, turned by `turn` (4,) wxyz."""
        (cx, cy), f = self.centre, self.focal
        intrinsic = np.array([[f, cx, 0.0], [0.0, cy, -f], [0.0, 1.0, 0.0]])
        back = rotations.to_matrix(rotations.inverse(turn))
        return intrinsic @ back @ np.concatenate([np.eye(3), -np.asarray(position, float)[:, None]], 1)


@dataclass(frozen=True)
class Sight:
    """Points of the body over time (T samples of an even clock, 33 points), NaN where they are not seen.

    time: (T,) s. fps: 1/s. image: (T, 33, 2) px. world: (T, 33, 3) m about the middle of the hips, axes of the camera.
    weight: (T, 33) 0..1, how far to believe each point.
    """

    time: np.ndarray
    fps: float
    image: np.ndarray
    world: np.ndarray
    weight: np.ndarray

    @property
    def present(self) -> np.ndarray:
        """(T,) whether a body is there: both shoulders and two more points, or six points below the head."""
        seen = self.weight > 0
        return (seen[:, SHOULDERS].all(1) & (seen.sum(1) >= 4)) | (seen[:, SHOULDERS[0] :].sum(1) >= 6)


def clock(take: Take, settings: Settings) -> np.ndarray:
    """The even clock of the performance: (T,) s."""
    return signals.uniform(take.time, settings.fps or signals.rate(take.time))


def camera(take: Take, settings: Settings) -> Camera:
    """The camera that the settings tell of, or a phone's."""
    longer = max(take.size)
    focal = longer / 2 / np.tan(np.radians(settings.lens) / 2) if settings.lens else FOCAL * longer
    return Camera(float(focal), np.array(take.size, float) / 2)


def visible(take: Take) -> np.ndarray:
    """How far to believe each point of the body, (T, 33) 0..1: 0 where it is hidden or out of the picture.

    take: as detected.
    """
    margin, size = BORDER * max(take.size), np.array(take.size, float)
    image = np.asarray(take.body.image[..., :2], float)
    inside = ((image > -margin) & (image < size + margin)).all(-1)
    sure = np.clip((np.nan_to_num(take.body.confidence) - HIDDEN) / (VISIBLE - HIDDEN), 0, 1)
    return np.where(inside & np.isfinite(image).all(-1), sure, 0.0)


def gate(take: Take, time: np.ndarray) -> Sight:
    """The body's points that are visible and inside the picture, on the performance's clock.

    take: as detected. time: (T,) s, even.
    """
    image, weight = np.asarray(take.body.image[..., :2], float), visible(take)
    seen = weight[..., None] > 0
    gap = max(LONGEST_GAP, 1.5 * float(np.max(np.diff(take.time), initial=0)) if len(take.time) < 10 else 0.0)
    at = lambda values: signals.resample(np.where(seen, values, np.nan), take.time, time, gap)  # noqa: E731
    image, world = at(image), at(take.body.world)
    weight = np.nan_to_num(signals.resample(np.where(seen[..., 0], weight, np.nan), take.time, time, gap))
    fps = 1.0 / (time[1] - time[0]) if len(time) > 1 else signals.rate(take.time)
    return Sight(time, fps, image, world, np.where(np.isfinite(image).all(-1), weight, 0.0))


def smooth(sight: Sight, settings: Settings) -> Sight:
    """The points without the detector's jitter, not delayed. settings.smoothing divides the cut-off."""
    if settings.smoothing == 0:
        return sight
    hertz = CUTOFF / settings.smoothing
    return replace(
        sight,
        image=signals.lowpass(sight.image, sight.fps, hertz),
        world=signals.lowpass(sight.world, sight.fps, hertz),
    )


def turn_to_rays(sight: Sight, lens: Camera) -> Sight:
    """World points turned from the cut-out about the body, which the network saw head-on, to how it was really seen.

    Whoever stands at the picture's edge is seen from the side; the network does not know. Source: the rotation
    between the optical axis and the ray through the body's middle, as in Yu et al. 2021, "PCLs: Geometry-aware neural
    reconstruction of 3D pose with perspective crop layers".
    """
    trunk = np.where(sight.weight[:, 11:25, None] > 0, sight.image[:, 11:25], 0.0)
    count = (sight.weight[:, 11:25] > 0).sum(1)[:, None]
    middle = signals.fill(np.where(count > 0, trunk.sum(1) / np.maximum(count, 1), np.nan))
    rays = lens.rays(np.where(np.isfinite(middle), middle, lens.centre))
    turn = rotations.between(np.array([0.0, 1.0, 0.0]), rays)
    return replace(sight, world=rotations.rotate(turn[:, None], sight.world))


def straighten(sight: Sight) -> Sight:
    """World points with trunk and thighs turned backwards, against the network's habit of leaning people forwards.

    sight: of the detector's 33 points. Arms and head, which the network does not lean, go along with the shoulders,
    shins and feet with the knees.
    """
    left, right = SHOULDERS
    across = signals.fill(sight.world[:, left] - sight.world[:, right])
    length = np.linalg.norm(across, axis=1, keepdims=True)
    axis = np.where(length > 1e-3, across / np.maximum(length, 1e-3), [1.0, 0.0, 0.0])
    turn = rotations.from_axis_angle(axis, np.full(len(axis), -FORWARD))
    world = rotations.rotate(turn[:, None], sight.world)
    for points, bearers in CARRIED:
        moved = (world - sight.world)[:, bearers].mean(1, keepdims=True)
        world[:, points] = np.where(np.isfinite(moved), sight.world[:, points] + moved, world[:, points])
    return replace(sight, world=world)
