"""Where the joints really were: one skeleton of fixed bones fitted to a whole clip by banded Gauss-Newton."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.linalg import solveh_banded
from scipy.ndimage import uniform_filter1d

from ..motion import gaps, polish, signals
from ..settings import Settings
from .bones import FROM, POINT, POINTS, REST, SOFTNESS, TO
from .contacts import Anchors
from .observed import Camera, Sight

UP = np.array([0.0, 0.0, 1.0])  # of a level camera
ARMS = np.array([POINTS[to].endswith(("Elbow", "Wrist")) for to in TO])
N = 3 * len(POINTS)
WIDTH = 2 * N  # the acceleration ties each coordinate to itself two samples on
PICTURE = 0.014  # m at the body: .008 body heights, the networks' noise in the picture
OUTLIER = 0.028  # m: from here on a point of the picture is doubted
VECTOR = np.array([0.05, 0.045, 0.05])  # m: of a bone's world vector, at first
RELAXED = 0.12  # m: of its depth in the later rounds, where lengths and picture tell more and it only picks the side
# m: of the depth of arms that lie flat in the picture, which is seen by what they measure there over their length: a
# length then tells nothing of the depth, but one that is a little wrong makes a lean of it.
RELAXED_FLAT, FLAT = 0.08, (0.8, 0.95)
LYING = np.radians([50.0, 70.0])  # a trunk that is tilted by so much, on average over
LYING_FOR = 0.2  # Hz, some seconds, is that of somebody who lies, not of one who bends down
UNSEEN = 0.15  # m: how firmly what is not seen is drawn to rest
USUAL_PACE = 10.0  # m/s2, of the first fit; 3 takes the snap from fast movement
PACES = 3.0, 60.0  # m/s2: of somebody who sits and talks, and of a fist that hits
PACE, AROUND = 2.0, 0.25  # times what the first fit moves, s around each moment
LEAST_SMOOTHING = 0.03  # keeps points in place that nothing else does
DEPTH = 0.3  # m: of the linear solution's depth, which only matters where perspective does not tell
CERTAIN, ITERATIONS = 3, 7  # the largest step is under 1 mm after 4 on all clips tried
AGAIN = 4  # rounds that a fit is spared which starts from one before it
WINDOW, OVERLAP = 600, 60  # samples: memory stays at 60 MB for clips of any length


def fit(
    sight: Sight, place, length, lens: Camera, settings: Settings, pace=USUAL_PACE, up=UP, feet=None, start=None
) -> np.ndarray:
    """Points (T, P, 3) m, axes of the camera, that look right in the picture and belong to one moving skeleton.

    sight: of the picked points. place: (T, 3) m, the middle of the hips. length: (B,) m. lens: the camera.
    pace: (T, P) m/s2, accelerations to expect. up: (3,), of the room. feet: contacts.Anchors of planted feet, or None.
    start: (T, P, 3) m, of a fit before this one, from which few rounds are enough.
    """
    ease = (sight.fps**2 * max(settings.smoothing, LEAST_SMOOTHING) / pace) ** 2 * np.ones_like(sight.weight)
    data = [*_linear(sight, place, length, lens, up), ease, *_floor(feet, sight.weight.shape)]
    result = np.zeros((len(sight.time), len(POINTS), 3))
    for first, stop, fade in windows(len(result)):
        before = None if start is None else start[first:stop]
        part = _solve([value[first:stop] for value in data], length, up, before)
        result[first:stop] += part * fade[:, None, None]
    return result


def liveliness(points: np.ndarray, fps: float) -> np.ndarray:
    """Accelerations (T, P) m/s2 to expect of each point around each moment: small at rest, so that it stays at rest.

    points: (T, P, 3) m, of a first fit. fps: 1/s.
    """
    if len(points) < 3:
        return np.full(points.shape[:2], USUAL_PACE)
    bend = np.linalg.norm(np.diff(points, 2, axis=0), axis=-1) * fps**2
    bend = np.concatenate([bend[:1], bend, bend[-1:]]) ** 2
    window = 2 * int(np.ceil(AROUND * fps)) + 1
    around = uniform_filter1d(uniform_filter1d(bend, window, axis=0, mode="nearest"), window, axis=0, mode="nearest")
    return np.clip(PACE * np.sqrt(np.maximum(around, 0)), *PACES)


def windows(samples: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """Overlapping stretches of a long clip: start, stop, and the share (stop - start,) that each sample takes of it."""
    starts = [0, *range(WINDOW - OVERLAP, samples - OVERLAP, WINDOW - OVERLAP)]
    for start in starts:
        stop = min(start + WINDOW, samples)
        rise = (np.arange(stop - start) + 0.5) / OVERLAP if start else np.ones(stop - start)
        fall = (np.arange(stop - start)[::-1] + 0.5) / OVERLAP if start != starts[-1] else np.ones(stop - start)
        yield start, stop, np.clip(np.minimum(rise, fall), 0, 1)


def facing(sight: Sight, up: np.ndarray) -> np.ndarray:
    """The body's own axes as columns (T, 3, 3): its left, its back, up; by the line of the shoulders.

    sight: of the picked points. up: (3,), of the room; of those who lie for long, the trunk's direction takes its
    place, so that what is not seen of them lies, too.
    """
    up = _upwards(sight, up)
    across = sight.world[:, POINT["leftShoulder"]] - sight.world[:, POINT["rightShoulder"]]
    across = signals.lowpass(signals.fill(across - (across * up).sum(-1, keepdims=True) * up), sight.fps, 2.0)
    across = np.where(np.linalg.norm(across, axis=1, keepdims=True) > 1e-3, across, [1.0, 0.0, 0.0])
    left = across - (across * up).sum(-1, keepdims=True) * up
    left /= np.maximum(np.linalg.norm(left, axis=1, keepdims=True), 1e-9)
    return np.stack([left, np.cross(up, left), up], -1)


def _upwards(sight: Sight, up: np.ndarray) -> np.ndarray:
    """Which way those who stand or sit, or lie, hang: (T, 3), the room's up or the direction of the trunk."""
    middle = lambda part: sight.world[:, [POINT[f"left{part}"], POINT[f"right{part}"]]].mean(1)  # noqa: E731
    trunk = signals.lowpass(signals.fill(middle("Shoulder") - middle("Hip")), sight.fps, LYING_FOR)
    trunk = np.where(np.isfinite(trunk), trunk, up)
    trunk /= np.maximum(np.linalg.norm(trunk, axis=1, keepdims=True), 1e-9)
    tilt = np.arccos(np.clip(trunk @ up, -1, 1))
    share = np.clip((tilt - LYING[0]) / (LYING[1] - LYING[0]), 0, 1)[:, None]
    mixed = share * trunk + (1 - share) * up
    return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)


def _linear(sight, place, length, lens, up) -> list[np.ndarray]:
    """What stays the same between iterations, for all samples: rays, weights, aims and their precisions, place."""
    seen = np.minimum(sight.weight[:, TO], sight.weight[:, FROM])[..., None]
    vector = np.nan_to_num(sight.world[:, TO] - sight.world[:, FROM])
    vector *= length[:, None] / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-6)
    axes = facing(sight, up)
    local = gaps.ease_directions(np.einsum("tij,tbi->tbj", axes, vector), seen[..., 0] > 0, sight.time, REST)
    rest = np.einsum("tij,tbj->tbi", axes, local) * length[:, None]
    precise, loose = seen / VECTOR**2, (1 - seen) / UNSEEN**2
    aim = (vector * precise + rest * loose) / (precise + loose)
    side = np.nan_to_num(lens.rays(sight.image))[..., [0, 2]]
    return [side, sight.weight, aim, precise + loose, place]


def _floor(feet: Anchors | None, shape: tuple[int, int]) -> list[np.ndarray]:
    if feet is None:
        return [np.zeros(shape)] * 3
    return [feet.height * feet.stiffness, feet.stiffness, feet.hold]


def _solve(data: list[np.ndarray], length: np.ndarray, up: np.ndarray, points: np.ndarray | None) -> np.ndarray:
    side, weight, aim, spread, place, ease, lift, stiffness, hold = data
    rows = np.zeros((*side.shape, 3))
    rows[..., 0, 0], rows[..., 1, 2], rows[..., 1] = 1.0, 1.0, -side
    squares = np.einsum("tpki,tpkj->tpkij", rows, rows) / PICTURE**2
    along = _along_time(ease, hold)
    floor = stiffness[..., None, None] * np.outer(up, up), lift[..., None] * up
    robust, unit, firm = weight[..., None] * np.ones(2), np.zeros_like(aim), np.zeros(len(length))
    for iteration in range(0 if points is None else AGAIN, ITERATIONS):
        if points is not None:
            vector = points[:, TO] - points[:, FROM]
            unit = vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-6)
            firm = 1.0 / SOFTNESS**2
            error = points[..., [0, 2]] - side * points[..., 1:2]
            robust = weight[..., None] / (1.0 + ((error**2).sum(-1, keepdims=True) / OUTLIER**2)) * np.ones(2)
        relaxed = spread * _relaxed(vector, length) if iteration >= CERTAIN else spread
        block, right = _assemble(squares, robust, aim, relaxed, unit, firm, length, place, floor)
        points = _solve_banded(block, right, along)
    return points


def _relaxed(vector: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Shares (T, B, 3) of their first precision that the network's vectors keep. vector: (T, B, 3) m, of the bones."""
    flat = (np.linalg.norm(vector[..., [0, 2]], axis=-1) / length - FLAT[0]) / (FLAT[1] - FLAT[0])
    depth = RELAXED + ARMS * polish.ease(flat) * (RELAXED_FLAT - RELAXED)
    share = np.ones(vector.shape)
    share[..., 1] = (VECTOR[1] / depth) ** 2
    return share


def _assemble(squares, robust, aim, spread, unit, firm, length, place, floor):
    """Normal equations of each sample by itself: (T, N, N) and (T, P, 3)."""
    samples, points = robust.shape[:2]
    block = np.zeros((samples, points, 3, points, 3))
    right = floor[1].copy()
    each = np.arange(points)
    own = np.einsum("tpk,tpkij->tpij", robust, squares) + floor[0] + 1e-3 * np.eye(3)
    hips = [POINT["leftHip"], POINT["rightHip"]]
    own[:, hips, 1, 1] += 1 / DEPTH**2
    right[:, hips, 1] += place[:, None, 1] / DEPTH**2
    block[:, each, :, each, :] = np.moveaxis(own, 1, 0)
    bone = firm[:, None, None] * unit[..., :, None] * unit[..., None, :]
    bone[..., [0, 1, 2], [0, 1, 2]] += spread
    pull = aim * spread + (firm * length)[:, None] * unit
    for b, (a, c) in enumerate(zip(FROM, TO, strict=True)):
        block[:, a, :, a] += bone[:, b]
        block[:, c, :, c] += bone[:, b]
        block[:, a, :, c] -= bone[:, b]
        block[:, c, :, a] -= bone[:, b]
        right[:, c] += pull[:, b]
        right[:, a] -= pull[:, b]
    return block.reshape(samples, N, N), right


def _along_time(ease: np.ndarray, hold: np.ndarray) -> list[np.ndarray]:
    """Diagonals (T, N) that tie a sample to itself, to the one before, and to the one before that."""
    own, near, far = np.zeros_like(ease), np.zeros_like(ease), np.zeros_like(ease)
    if len(ease) > 2:
        bend = ease[1:-1]
        own[:-2] += bend
        own[1:-1] += 4 * bend
        own[2:] += bend
        near[1:-1] -= 2 * bend
        near[2:] -= 2 * bend
        far[2:] += bend
    own[:-1] += hold[:-1]
    own[1:] += hold[:-1]
    near[1:] -= hold[:-1]
    return [np.repeat(diagonal, 3, 1) for diagonal in (own, near, far)]


def _solve_banded(block: np.ndarray, right: np.ndarray, along: list[np.ndarray]) -> np.ndarray:
    samples = len(block)
    band = np.zeros((WIDTH + 1, samples, N))
    for k in range(N):
        band[WIDTH - k, :, k:] = block[:, np.arange(N - k), np.arange(k, N)]
    band[WIDTH] += along[0]
    band[WIDTH - N] += along[1]
    band[0] += along[2]
    if samples < 3:  # no matrix has diagonals beyond its corner
        dense = np.zeros((samples * N, samples * N))
        for k in range(min(WIDTH + 1, samples * N)):
            np.fill_diagonal(dense[:, k:], band.reshape(WIDTH + 1, -1)[WIDTH - k, k:])
        dense = dense + np.triu(dense, 1).T
        return np.linalg.solve(dense, right.reshape(-1)).reshape(right.shape)
    return solveh_banded(band.reshape(WIDTH + 1, -1), right.reshape(-1), check_finite=False).reshape(right.shape)
