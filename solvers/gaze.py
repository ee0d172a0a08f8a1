"""Where the eyes look, and how far their lids are closed."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import median_filter, percentile_filter

from . import gaps, signals, skull
from .settings import Settings
from .take import Take

# Corners (inner, outer), centre of the iris, and pairs of upper and lower lid points of the left and the right eye.
CORNERS = ((362, 263), (133, 33))
IRISES = (473, 468)
LIDS = (((386, 374), (385, 380), (387, 373)), ((159, 145), (158, 153), (160, 144)))

# Radians of gaze per eye width that the iris moves: rendered heads gave 1.3 to 2.0 across and 0.9 to 1.9 up and down.
ACROSS, UPWARD = 1.75, 1.3
MOST = np.radians([35.0, 30.0])  # an eye turns no further without the head
AVERAGE_SHIFT = (
    0.08  # eye widths: an iris seen further off the middle than this in the median of a clip does look aside
)
FAR_SIDE = np.radians(25.0)  # head yaw from which only the nearer eye counts
STEADY = 0.1  # s over which the median is taken: removes jitter and keeps saccades sharp
LOWERED = 0.8  # of a clip's median opening: lids of both eyes that hang lower than this follow a gaze downwards,
DOWNWARD = 0.7  # rad for each opening that they hang lower: what the iris under the lid no longer shows
CLOSED = 0.45  # of the lids' way: from here on the iris cannot be seen
LONGEST_GAP = 0.25  # s

OPEN_SHARE = 75  # percentile of a clip's lid openings that counts as open
NEARBY = (
    1.5  # s: within this the same percentile tells how far the eyes are open just now: a blink is a dip from there,
)
NARROWED = 0.6  # while eyes that stay narrowed down to this share of the open ones are squinting or looking down
SHUT = (
    0.22  # opening of closed lids against open ones where a clip has no full blink (measured .02 to .3 on five faces)
)
BLINK = 0.65  # of the open state: a dip below this is a blink
QUICK, HALF = (
    0.4,
    0.5,
)  # s, closure: both lids dipping at once, so briefly and so far, are a blink that pictures missed in part
FULL = 0.45  # a blink that dips below this shut the eye


def solve_gaze(take: Take, time: np.ndarray, settings: Settings) -> np.ndarray:
    """Directions of both eyes over time, relative to the head, the same for both.

    take: as detected; time: (T,) s, even; settings: smoothing 0 leaves the detector's jitter.
    Result: (T, 2, 2) rad, (left, right) x (yaw to the performer's left, pitch up); held while the eyes are shut or the
    face is lost for a moment, then eased to straight ahead.
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
        width = 2 * int(round(STEADY * settings.smoothing / (time[1] - time[0]) / 2)) + 1
        values = median_filter(values, size=(width, 1), mode="nearest")
    return np.repeat(np.clip(values, -MOST, MOST)[:, None], 2, axis=1)


def angles(found: skull.Skull) -> np.ndarray:
    """Yaw and pitch (F, 2) rad of the gaze where a face is seen, with the head's own turn taken out.

    Source of the recipe: offset of the iris from the middle of the eye's corners in head axes, over the eye's width.
    """
    shifts = np.stack([_shift(found, *CORNERS[k], IRISES[k]) for k in (0, 1)], 1)
    average = np.stack([_shift_of(skull.weights(), *CORNERS[k], IRISES[k]) for k in (0, 1)])
    closed = closure(found) > CLOSED
    shifts[closed] = np.nan
    open_eyes = np.where(np.isfinite(shifts).any(0), shifts, average)
    straight = average + np.clip(np.nanmedian(open_eyes, 0) - average, -AVERAGE_SHIFT, AVERAGE_SHIFT)
    yaw = np.arctan2(found.rotation[:, 0, 1], found.rotation[:, 1, 1]) * -1.0
    left = np.clip(0.5 - yaw / (2 * FAR_SIDE), 0, 1)
    share = np.stack([left, 1 - left], 1) + 1e-3  # an eye counts for nothing only if the other one is there
    share = np.where(closed, 0.0, share)[..., None]
    moved = (np.nan_to_num(shifts - straight) * share).sum(1)
    total = share.sum(1)
    moved = np.where(total > 0, moved / np.maximum(total, 1e-9), np.nan)
    openings = np.stack([_opening(found, k) for k in (0, 1)], 1)
    hanging = np.clip(LOWERED - (openings / np.maximum(np.median(openings, 0), 1e-6)).max(1), 0, LOWERED - CLOSED)
    directions = moved * np.array([ACROSS, UPWARD]) - hanging[:, None] * np.array([0.0, DOWNWARD])
    return np.clip(_held(directions), -MOST, MOST)


def closure(found: skull.Skull) -> np.ndarray:
    """How far the lids of both eyes are closed, (F, 2) 0..1, with blinks closing fully.

    From the eye aspect ratio (opening over width; Soukupova and Cech 2016) against this performer's open eye; what
    closed means is learned from the clip's own blinks.
    """
    rate = signals.rate(found.time)
    closed = np.stack([_closure(_opening(found, k), rate) for k in (0, 1)], 1)
    for eye in (0, 1):
        for start, end in signals.runs(closed[:, eye] > 1 - BLINK):
            dip = closed[start:end, eye]
            if end - start <= QUICK * rate and dip.max() > HALF and closed[start:end, 1 - eye].max() > 1 - BLINK:
                closed[start:end, eye] = dip / dip.max()
    return closed


def _opening(found: skull.Skull, eye: int) -> np.ndarray:
    inner, outer = (found.point(p) for p in CORNERS[eye])
    width = np.linalg.norm((outer - inner)[:, [0, 2]], axis=1)
    return np.mean([found.point(u)[:, 2] - found.point(low)[:, 2] for u, low in LIDS[eye]], 0) / np.maximum(width, 1e-6)


def _closure(opening: np.ndarray, rate: float) -> np.ndarray:
    usual = np.percentile(opening, OPEN_SHARE)
    now = percentile_filter(opening, OPEN_SHARE, size=2 * int(NEARBY * rate / 2) + 1, mode="nearest")
    ratio = np.clip(opening / np.maximum(np.clip(now, NARROWED * usual, usual), 1e-6), 0, 1)
    dips = [ratio[a:b].min() for a, b in signals.runs(ratio < BLINK)]
    full = [d for d in dips if d < FULL]
    shut = float(np.median(full)) if full else SHUT
    return np.clip((1 - ratio) / (1 - shut), 0, 1)


def _shift(found: skull.Skull, inner: int, outer: int, iris: int) -> np.ndarray:
    return _relative(found.point(inner), found.point(outer), found.point(iris))


def _shift_of(learned: skull.FaceWeights, inner: int, outer: int, iris: int) -> np.ndarray:
    at = lambda p: learned.reference[np.flatnonzero(learned.points == p)[0]]  # noqa: E731
    return _relative(at(inner), at(outer), at(iris))


def _relative(inner: np.ndarray, outer: np.ndarray, iris: np.ndarray) -> np.ndarray:
    width = np.linalg.norm(outer - inner, axis=-1, keepdims=True)
    return ((iris - (inner + outer) / 2) / width)[..., [0, 2]]


def _held(values: np.ndarray) -> np.ndarray:
    """Values (F, n), NaN replaced by the last value before, at the start by the first after; zeros if there is none."""
    good = np.isfinite(values[:, 0])
    if not good.any():
        return np.zeros_like(values)
    last = np.maximum.accumulate(np.where(good, np.arange(len(values)), -1))
    return values[np.where(last < 0, np.argmax(good), last)]
