"""Where the eyes look."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import median_filter

from ..motion import gaps, signals
from ..settings import Settings
from ..take import Take
from . import blinks, skull

IRISES = (473, 468)  # their centres, of the left and the right eye

# Measured on ten rendered clips of six heads: the mean error of what is read, its own offset taken off, is 1.5 degrees
# across and 1.1 up and down with these, and within a tenth of that with anything near them.
ACROSS, UPWARD = 2.0, 1.4  # radians of gaze per eye width that the iris moves
NEARER = 0.12  # eye widths by which the network sees irises too near the camera; turned heads would seem to look aside
LIDS_FOLLOW = 0.12  # rad of looking up per share of their usual opening that both lids are further open
MOST = np.radians([35.0, 30.0])  # an eye turns no further without the head
# Eye widths: an iris seen further off the middle than this in the median of a clip does look aside.
AVERAGE_SHIFT = 0.08
STEADY = 0.1  # s over which the median is taken: removes slips of a picture or two and keeps saccades sharp
CLEAR, BLIND = np.radians([2.0, 5.0])  # jitter: .5 to 1.8 degrees with 55 px between the eyes or more, 4 to 9 with 22
FIXED, JUMP = 0.1, 2.5  # s, standard deviations of the jitter: what is alike within that is one and the same glance
CLOSED = 0.35  # of the lids' way: from here on the iris cannot be seen
LOWERS = 1.0  # closure of the lids per radian of looking down, which is none of their own
LONGEST_GAP = 0.25  # s


def solve_gaze(take: Take, time: np.ndarray, settings: Settings) -> np.ndarray:
    """Directions of both eyes over time, relative to the head, the same for both.

    take: as detected; time: (T,) s, even; settings: smoothing 0 leaves the detector's jitter.
    Result: (T, 2, 2) rad, (left, right) x (yaw to the performer's left, pitch up); where the face is lost, held for a
    moment, then eased to straight ahead.
    """
    found = skull.fit(take)
    if not found.seen.any():
        return np.zeros((len(time), 2, 2))
    seen_at = np.full((len(take.time), 2), np.nan)
    seen_at[found.seen] = angles(found)
    values = signals.resample(seen_at, take.time, time, LONGEST_GAP)
    seen = np.isfinite(values).all(1)
    values, _ = gaps.ease(np.nan_to_num(values), seen, time, np.zeros(2))
    if settings.smoothing > 0 and len(time) > 1:
        values = fixations(values, 1 / (time[1] - time[0]), settings.smoothing)
    return np.repeat(np.clip(values, -MOST, MOST)[:, None], 2, axis=1)


def angles(found: skull.Skull) -> np.ndarray:
    """Yaw and pitch (F, 2) rad of the gaze in the head, where a face is seen; it glides on while the lids are shut.

    The mean offset of both irises from the middle of the eye's corners in head axes, over the eye's width, and for the
    pitch how far the lids are open, which follow the gaze. What the clip's median shows is straight ahead.
    """
    moved, closed = _moved(found), blinks.closure(found).min(1) > CLOSED
    openings = np.stack([blinks.opening(found, eye) for eye in (0, 1)], 1)
    usual = np.median(openings[~closed] if (~closed).any() else openings, 0)
    lids = np.clip((openings / np.maximum(usual, 1e-6)).mean(1) - 1, CLOSED - 1, 1 - CLOSED)
    directions = moved * np.array([ACROSS, UPWARD]) + lids[:, None] * np.array([0.0, LIDS_FOLLOW])
    directions *= _trust(directions)
    if not closed.all():
        directions[closed] = np.nan
        directions = signals.fill(directions)  # who glances elsewhere in a blink arrives as the lids rise
    return np.clip(directions, -MOST, MOST)


def _trust(directions: np.ndarray) -> float:
    """How far a clip's gaze counts, 0..1: less where it trembles, as in faces that are a few dozen pixels wide."""
    if len(directions) < 3:
        return 1.0
    jitter = np.median(np.abs(np.diff(directions, n=2, axis=0)), 0).max() / 1.65  # as a standard deviation
    return float(np.clip((BLIND - jitter) / (BLIND - CLEAR), 0, 1))


def droop(found: skull.Skull) -> np.ndarray:
    """By how much the lids (F,) are lowered because the eyes look down, as a closure: eyeLookDown does that already."""
    return LOWERS * np.clip(-UPWARD * _moved(found)[:, 1], 0, MOST[1])


def fixations(values: np.ndarray, fps: float, strength: float = 1.0) -> np.ndarray:
    """Glances (T, 2) without jitter: still where the eyes are, and as sharp as they were where they jump.

    A median, then a bilateral filter (Tomasi and Manduchi 1998). fps: 1/s; strength: of smoothing.
    """
    values = median_filter(values, size=(2 * int(round(STEADY * strength * fps / 2)) + 1, 1), mode="nearest")
    jitter = np.maximum(np.median(np.abs(np.diff(values, axis=0)), 0), 1e-4) if len(values) > 1 else np.ones(2)
    reach = int(np.ceil(2 * FIXED * strength * fps))
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    total, weight = np.zeros_like(values), np.zeros((len(values), 1))
    for step in range(-reach, reach + 1):
        other = padded[reach + step : reach + step + len(values)]
        far = (((other - values) / (JUMP * jitter)) ** 2).sum(1, keepdims=True)
        share = np.exp(-0.5 * far - 0.5 * (step / (FIXED * strength * fps)) ** 2)
        total, weight = total + share * other, weight + share
    return total / weight


def _moved(found: skull.Skull) -> np.ndarray:
    """How far the irises are off the place where they look straight ahead (F, 2), in eye widths."""
    shifts = np.stack([_shift(found, *blinks.CORNERS[k], IRISES[k]) for k in (0, 1)], 1)
    shifts += NEARER * found.rotation[:, None, 1, [0, 2]]
    average = np.stack([_shift_of(skull.weights(), *blinks.CORNERS[k], IRISES[k]) for k in (0, 1)])
    closed = blinks.closure(found) > CLOSED
    seen = np.where(closed[..., None], np.nan, shifts)
    middle = np.nanmedian(np.where(np.isfinite(seen).any(0), seen, average), 0)
    straight = average + np.clip(middle - average, -AVERAGE_SHIFT, AVERAGE_SHIFT)
    hidden = blinks.far_side(found.rotation)
    share = ((1 - hidden / 2) * np.where(closed & ~closed.all(1)[:, None], 0, 1) + 1e-6)[..., None]
    share = share * np.where(hidden[..., None] >= 1, 0.0, 1.0) + 1e-6
    return ((shifts - straight) * share).sum(1) / share.sum(1)


def _shift(found: skull.Skull, inner: int, outer: int, iris: int) -> np.ndarray:
    return _relative(found.point(inner), found.point(outer), found.point(iris))


def _shift_of(learned: skull.FaceWeights, inner: int, outer: int, iris: int) -> np.ndarray:
    at = lambda p: learned.reference[np.flatnonzero(learned.points == p)[0]]  # noqa: E731
    return _relative(at(inner), at(outer), at(iris))


def _relative(inner: np.ndarray, outer: np.ndarray, iris: np.ndarray) -> np.ndarray:
    width = np.linalg.norm(outer - inner, axis=-1, keepdims=True)
    return ((iris - (inner + outer) / 2) / width)[..., [0, 2]]
