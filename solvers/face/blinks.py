"""Eyelids: blinks and winks found as events and rebuilt whole, long closures and narrowed eyes kept as they were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import grey_closing, grey_opening, median_filter, percentile_filter

from ..motion import signals
from . import skull

# Corners (inner, outer) and pairs of upper and lower lid points of the left and the right eye.
CORNERS = ((362, 263), (133, 33))
LIDS = (((386, 374), (385, 380), (387, 373)), ((159, 145), (158, 153), (160, 144)))

OPEN_SHARE = 90  # percentile of the lid openings nearby that counts as open
NEARBY = 1.5  # s: within this the percentile tells how far the eyes are open just now
NARROWED = 0.6  # while eyes that stay narrowed down to this share of the open ones are squinting or looking down
STEADY = 5  # samples: openings are told from outliers by their median over so many
SHUT = 0.22  # opening of closed lids against open ones where a clip has no full blink (.02 to .3 on five faces)
UNCLEAR = 0.6  # a lid that the network sees less closed than this in blinks is hardly seen at all
DIP = 0.65  # of the open state: an eye below this may be shutting
FULL = 0.45  # and below this it is shut, which tells what shut looks like
TURNED, HIDDEN = np.radians([25.0, 40.0])  # yaw from which, and to which, the far eye does as the near one
AVERTED, LOST = np.radians([45.0, 60.0])  # yaw from which lids are no longer sure, and from which they tell nothing
OFTEN = 3  # blinks that are needed to say that an eye is hardly seen
SEEN = 0.75  # for the other eye, too, if it is below this

QUICK = 0.5  # s: eyes that stay shut longer than that do not blink
FLICKER = 0.15  # s: lids that are shut do not open for less than that
RISEN = 0.35  # closure above what it was before and after: an event
SURE = 6.0  # standard deviations of the network's jitter that an event must rise by
PLAIN = 0.6  # closure of a single eye that is a wink
ASIDE = 0.35  # of the more closed eye's rise: the other one takes part from here on
WHOLE = 0.6  # closure: a blink seen as far as this was a full one, between two pictures or not
KEPT = 4.0  # Hz: lids that are not blinking move no faster
SHARE_SHUT = 0.9  # closure, beside events, that is taken for a shut eye
EARLY = 2.0  # power: lids that are half down look to the landmarks as if they were further down
ALIKE = 0.3  # closure: lids that are kept closed differ for certain from here on
TREMBLE = 0.1  # closure that open eyes show by chance

# A lid closes about twice as fast as it opens (Kwon et al. 2013, https://doi.org/10.1098/rsif.2013.0227).
# Landmarks reach the closed lid before it is down and leave it late, so that ramps are drawn about half closures.
FALL, RISE = 0.08, 0.15  # s
HASTE = 0.5  # a blink that is shorter than half of both falls and rises faster, in this share of the time at least


@dataclass(frozen=True)
class Blink:
    """A closure of one or both eyes: start and end are where it was half closed, s, and how far it went, (2,) 0..1."""

    start: float
    end: float
    depth: np.ndarray


def solve_lids(
    found: skull.Skull, time: np.ndarray, droop: np.ndarray, shut: np.ndarray | None = None
) -> np.ndarray:
    """How far the lids are closed over time, with blinks at full closure however few pictures caught them.

    found: the head in F samples; time: (T,) s, even; droop: (F,) closure that a glance downwards brings along, which is
    not the lids' own; shut: (2,) how far shut lids look open, against open ones, where that is told.
    Result: (T, 2) 0..1, left and right, NaN before the first sample and after the last.
    """
    closed = closure(found, shut)
    events = blinks(closed, found.time)
    rest = kept(closed - droop[:, None] * (1 - np.clip(closed, 0, 1)), found.time, events)  # shut lids show no iris
    within = (time >= found.time[0] - 1e-6) & (time <= found.time[-1] + 1e-6)
    values = np.stack([np.interp(time, found.time, column) for column in rest.T], 1)
    for event in events:
        values = np.maximum(values, drawn(event, time)[:, None] * event.depth)
    return np.where(within[:, None], values, np.nan)


def opening(found: skull.Skull, eye: int) -> np.ndarray:
    """The eye aspect ratio (F,): opening over width (Soukupova and Cech 2016). eye: 0 is the left one."""
    inner, outer = (found.point(p) for p in CORNERS[eye])
    width = np.linalg.norm((outer - inner)[:, [0, 2]], axis=1)
    return np.mean([found.point(u)[:, 2] - found.point(low)[:, 2] for u, low in LIDS[eye]], 0) / np.maximum(width, 1e-6)


def closure(found: skull.Skull, told: np.ndarray | None = None) -> np.ndarray:
    """How far the lids of both eyes look closed in each sample, (F, 2): 1 is shut, 0 usual, less is further open.

    Against this performer's open eyes nearby; what shut looks like is learned from the clip's own blinks, for each eye,
    since the network may see the one less well than the other. told: (2,) what it looks like, where that is known.
    """
    ratio = np.stack([_ratio(opening(found, eye), signals.rate(found.time)) for eye in (0, 1)], 1)
    shut = np.full(2, SHUT)
    lowest = [ratio[a:b].min(0) for a, b in signals.runs(ratio.min(1) < DIP)]
    for eye in (0, 1):
        full = [dip[eye] for dip in lowest if dip.min() < FULL and dip[eye] < SEEN]
        if len(full) >= OFTEN or full and min(full) < FULL:
            shut[eye] = min(np.median(full), UNCLEAR)
    shut = shut if told is None else np.minimum(told, UNCLEAR)
    closed = np.clip((1 - ratio) / (1 - shut), -1, 1)
    filled = grey_closing(closed, size=(2 * int(FLICKER * signals.rate(found.time) / 2) + 1, 1), mode="nearest")
    closed = np.where(filled > PLAIN, filled, closed)
    closed = closed + far_side(found.rotation) * (closed[:, ::-1] - closed)
    return closed * np.clip((LOST - np.abs(_yaw(found.rotation))) / (LOST - AVERTED), 0, 1)[:, None]


def _yaw(rotation: np.ndarray) -> np.ndarray:
    return np.arctan2(-rotation[:, 0, 1], rotation[:, 1, 1])


def far_side(rotation: np.ndarray) -> np.ndarray:
    """How little each eye is seen because the head is turned away, (F, 2) 0..1. rotation: (F, 3, 3) as in Skull."""
    yaw = _yaw(rotation)
    return np.clip((np.stack([yaw, -yaw], 1) - TURNED) / (HIDDEN - TURNED), 0, 1)


def blinks(closed: np.ndarray, time: np.ndarray) -> list[Blink]:
    """Where eyes shut and open again at once, in order of time. closed: (F, 2) as from `closure`; time: (F,) s.

    What rises above the closure before and after it, and is shorter than QUICK: a top-hat transform (Serra 1982).
    """
    wide = 2 * int(QUICK * signals.rate(time) / 2) + 1
    risen = closed - np.maximum(grey_opening(closed, size=(max(wide, 3), 1), mode="nearest"), 0)
    jitter = _jitter(closed)
    share = jitter**-2 / (jitter**-2).sum()
    both = risen @ share
    alone = (risen > np.maximum(PLAIN, SURE * jitter)) & (closed[:, ::-1] < PLAIN)
    signal = np.maximum(both, np.where(alone, risen, 0).max(1))
    least = max(RISEN, SURE * float((share**2 @ jitter**2) ** 0.5))
    events = []
    for first, last in signals.runs(signal > least / 2):
        if signal[first:last].max() >= least:
            events.append(_event(closed, risen, signal, time, int(first + signal[first:last].argmax())))
    return events


def _event(closed: np.ndarray, risen: np.ndarray, signal: np.ndarray, time: np.ndarray, top: int) -> Blink:
    """The event whose signal (F,) is highest in a sample; closed and risen: (F, 2)."""
    half = signal[top] / 2
    first, last = top, top
    while first > 0 and signal[first - 1] > half:
        first -= 1
    while last < len(signal) - 1 and signal[last + 1] > half:
        last += 1
    heights = risen[first : last + 1].max(0)
    taking_part = heights >= ASIDE * heights.max()
    deep = closed[first : last + 1].max(0)
    depth = np.where(deep.max() >= WHOLE, 1.0, deep.max())
    return Blink(
        _crossing(signal, time, first - 1, half) if first else time[0],
        _crossing(signal, time, last, half) if last < len(signal) - 1 else time[-1],
        np.where(taking_part, depth, 0.0),
    )


def _crossing(signal: np.ndarray, time: np.ndarray, before: int, level: float) -> float:
    """When a signal passes a level between a sample and the next."""
    way = (level - signal[before]) / (signal[before + 1] - signal[before])
    return float(time[before] + way * (time[before + 1] - time[before]))


def kept(closed: np.ndarray, time: np.ndarray, events: list[Blink]) -> np.ndarray:
    """The closure (F, 2) beside all events in which an eye takes part: kept shut, narrowed, or open. closed: (F, 2)."""
    values = np.array(closed, float)
    for event in events:
        within = (time >= event.start - FALL / 2) & (time <= event.end + RISE / 2)
        values[np.ix_(within, event.depth > 0)] = np.nan
    values = np.nan_to_num(signals.fill(values))
    values = _alike(signals.lowpass(values, signals.rate(time), KEPT))
    return np.clip((values - TREMBLE) / (SHARE_SHUT - TREMBLE), 0, 1) ** EARLY


def _alike(closed: np.ndarray) -> np.ndarray:
    """Both lids (F, 2) do the same, unless they clearly differ."""
    middle = closed.mean(1, keepdims=True)
    apart = closed - middle
    return middle + np.sign(apart) * np.maximum(np.abs(apart) - ALIKE / 2, 0) / (1 - ALIKE)


def drawn(event: Blink, time: np.ndarray) -> np.ndarray:
    """The lid's way (T,) 0..1 in an event: down, shut for a sample at least, and up again at about half the speed."""
    step = time[1] - time[0] if len(time) > 1 else FALL
    haste = np.clip((event.end - event.start) / ((FALL + RISE) / 2 + step), HASTE, 1)
    fall, rise = haste * FALL, haste * RISE
    down, up = event.start + fall / 2, event.end - rise / 2
    if up - down < step:
        down, up = (down + up - step) / 2, (down + up + step) / 2
    return np.interp(time, [down - fall, down, up, up + rise], [0.0, 1.0, 1.0, 0.0])


def _ratio(opening: np.ndarray, rate: float) -> np.ndarray:
    steady = median_filter(opening, STEADY, mode="nearest")
    usual = np.percentile(steady, OPEN_SHARE)
    now = percentile_filter(steady, OPEN_SHARE, size=2 * int(NEARBY * rate) + 1, mode="nearest")
    return opening / np.maximum(np.clip(now, NARROWED * usual, usual), 1e-6)


def _jitter(closed: np.ndarray) -> np.ndarray:
    """Standard deviation (2,) of what changes from one sample to the next, robust against blinks."""
    if len(closed) < 3:
        return np.full(2, 1e-2)
    return np.maximum(np.median(np.abs(np.diff(closed, n=2, axis=0)), 0) / 1.65, 1e-2)
