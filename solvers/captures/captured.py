"""What a phone has captured of a face, played by a performance: alone, or laid over what a video shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from ..body.posing import NECK_SHARE
from ..errors import CaptureError
from ..motion import gaps, rotations, signals
from ..names import EXPRESSION, EXPRESSIONS, JOINT
from ..performance import Performance
from ..take import Take

LONGEST_GAP = 0.25  # s of dropped rows that are bridged by straight lines; longer gaps are held, then eased to neutral
EYES = [JOINT[name] for name in ("leftEye", "rightEye", "jaw")]

# What both see of the same face: the jaw and the lids, whose blinks tell the time best.
HEARD = (("jawOpen",), ("eyeBlinkLeft", "eyeBlinkRight"), ("mouthSmileLeft", "mouthSmileRight"))
GRID = 60.0  # 1/s, at which they are compared
SHARED = 1.5  # s that both must have in common
# Correlation from which two are taken for the same face: four films of heads that play a phone's capture reach .80 to
# .98 with it, at the right shift within .03 s; films of other faces find one of up to .63 somewhere by chance.
ALIKE = 0.7


def played(performance: Performance, take: Take) -> Performance:
    """A performance solved of a take, with what a phone has captured in it; unchanged where it was none.

    performance: (T,) samples as solve makes them. take: of a video, or a capture as `captures.read` gives it.
    Face, eyes, neck and head are the phone's; all else rests, unseen. Nothing is smoothed: phones do so themselves.
    """
    if take.gaze is None:
        return performance
    time = performance.time
    values, gaze, seen = _at(take, time)
    looks, known = _head(take, time)
    confidence, turns = np.zeros_like(performance.confidence), performance.rotations.copy()
    chest = _chest(turns)
    local = rotations.multiply(rotations.inverse(chest), looks)
    share = rotations.from_vector(rotations.to_vector(local) * NECK_SHARE)
    turns[:, JOINT["neck"]] = share
    turns[:, JOINT["head"]] = rotations.multiply(rotations.inverse(share), local)
    turns[:, EYES] = rotations.IDENTITY
    confidence[:, [JOINT["neck"], JOINT["head"]]] = known[:, None]
    confidence[:, EYES] = seen[:, None]
    return replace(
        performance, rotations=rotations.continuous(turns), expressions=values, traced=None, gaze=gaze,
        confidence=confidence, face_confidence=seen, warnings=_warnings(take, known),
    )  # fmt: skip


def laid_over(performance: Performance, capture: Take, offset: float | None = None) -> Performance:
    """A video's performance with the face that a phone has captured meanwhile; its head stays as the video shows it.

    performance: (T,) samples. capture: as `captures.read` gives it.
    offset: s of the performance's clock at which the capture begins; None finds it by jaw and lids of both.
    Before the capture begins, and after it ends, the video's own face plays.
    Raises CaptureError where they have nothing in common.
    """
    if capture.gaze is None:
        raise CaptureError(f"{_name(capture)} is no face capture: give a .csv of Live Link Face or Face Cap's .txt.")
    found = sync(performance, capture) if offset is None else float(offset)
    begin, end = capture.time[0] + found, capture.time[-1] + found
    if end <= performance.time[0] or begin >= performance.time[-1]:
        raise CaptureError(
            f"{_name(capture)} would play from {begin:.2f} s to {end:.2f} s, while the performance lasts from "
            f"{performance.time[0]:.2f} s to {performance.time[-1]:.2f} s: give another offset."
        )
    values, gaze, seen = _at(capture, performance.time - found)
    known = np.isfinite(capture.expressions).any(0)
    share = seen[:, None] * known
    eyes = seen[:, None, None]
    return replace(
        performance,
        expressions=performance.expressions * (1 - share) + values * share,
        traced=None,
        gaze=performance.gaze * (1 - eyes) + gaze * eyes,
        face_confidence=np.maximum(performance.face_confidence, seen),
        history=(*performance.history, ("face_from", {"capture": _name(capture), "offset": round(found, 4)})),
    )


def sync(performance: Performance, capture: Take) -> float:
    """When a capture begins on a performance's clock, s: where jaw, lids and smile of both go together best.

    performance, capture: as `laid_over` has them. The correlation over what both have in common, of all shifts on a
    grid, and between its points by a parabola through the best three.
    Raises CaptureError where no shift makes them alike.
    """
    first, second = performance.time, capture.time
    seen = float((performance.face_confidence > 0.5).mean() * (first[-1] - first[0]))
    if seen < SHARED:
        raise CaptureError(
            f"The video shows the face for {seen:.1f} s, too short to find when {_name(capture)} begins: give the "
            "offset in seconds."
        )
    ours, theirs = signals.uniform(first, GRID), signals.uniform(second, GRID)
    total, weight = 0.0, 0.0
    for names in HEARD:
        columns = [EXPRESSION[name] for name in names]
        a = np.interp(ours, first, np.nan_to_num(performance.expressions)[:, columns].mean(1))
        b = np.interp(theirs, second, np.nan_to_num(capture.expressions)[:, columns].mean(1))
        share = min(a.std(), b.std())  # what hardly moves in one of them says little
        if share > 1e-3:
            total, weight = total + share * _correlation(a, b), weight + share
    likeness = total / weight if weight else np.full(len(ours) + len(theirs) - 1, -1.0)
    best = int(np.argmax(likeness))
    if likeness[best] < ALIKE:
        raise CaptureError(
            f"{_name(capture)} and the video do not show the same face at any shift (the best correlation is "
            f"{max(likeness[best], 0):.2f}): give the offset in seconds, or another file."
        )
    step = float(best)
    if 0 < best < len(likeness) - 1:
        before, here, after = likeness[best - 1 : best + 2]
        bend = before - 2 * here + after
        step += 0.5 * (before - after) / bend if bend < 0 and before > -1 and after > -1 else 0.0
    return float(first[0] - second[0] + (step - (len(theirs) - 1)) / GRID)


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pearson's r of two signals over what they share, at every shift of the second from -(len(b) - 1) samples on.

    -1 where they share less than SHARED, or half of the shorter one; see Padfield 2012 (masked normalised
    cross-correlation, https://doi.org/10.1109/TIP.2011.2181402).
    """
    one, other = np.ones(len(a)), np.ones(len(b))
    span = len(a) + len(b) - 1
    fast = next_fast_len(span, real=True)
    slide = lambda x, y: irfft(rfft(x, fast) * rfft(y[::-1], fast), fast)[:span]  # noqa: E731
    a, b = a - a.mean(), b - b.mean()
    count = np.maximum(slide(one, other), 1.0)
    mean_a, mean_b = slide(a, other) / count, slide(one, b) / count
    both = slide(a, b) - count * mean_a * mean_b
    spread = (slide(a * a, other) - count * mean_a**2) * (slide(one, b * b) - count * mean_b**2)
    least = min(SHARED * GRID, 0.5 * min(len(a), len(b)))
    enough = (count > least - 0.5) & (spread > 1e-9 * len(a) * len(b))
    return np.where(enough, both / np.sqrt(np.maximum(spread, 1e-12)), -1.0)


def _at(take: Take, time: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expressions (T, 52), gaze (T, 2, 2) and confidence (T,) of a capture at some times."""
    absent = ~np.isfinite(take.expressions).any(0)
    known = np.where(absent, 0.0, take.expressions)
    both = np.concatenate([known, take.gaze.reshape(len(take.time), -1)], 1)
    values = signals.resample(both, take.time, time, LONGEST_GAP)
    seen = np.isfinite(values).all(1)
    values, confidence = gaps.ease(np.nan_to_num(values), seen, time, np.zeros(values.shape[1]))
    return values[:, : len(EXPRESSIONS)], values[:, len(EXPRESSIONS) :].reshape(-1, 2, 2), confidence


def _head(take: Take, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the head looks, (T, 4) wxyz, and how surely, (T,)."""
    seen = np.isfinite(take.head).all((1, 2))
    if not seen.any():
        return np.tile(rotations.IDENTITY, (len(time), 1)), np.zeros(len(time))
    turned = rotations.continuous(rotations.from_matrix(take.head[seen, :3, :3]))
    looks = rotations.resample(turned, take.time[seen], time)
    near = np.isfinite(signals.resample(np.where(seen, 1.0, np.nan), take.time, time, LONGEST_GAP))
    return gaps.ease_rotations(looks, near, time, rotations.IDENTITY)


def _chest(turns: np.ndarray) -> np.ndarray:
    """World rotations (T, 4) of the upper chest. turns: (T, J, 4) from joint to joint."""
    world = turns[:, JOINT["hips"]]
    for name in ("spine", "chest", "upperChest"):
        world = rotations.multiply(world, turns[:, JOINT[name]])
    return world


def _warnings(take: Take, known: np.ndarray) -> tuple[str, ...]:
    absent = [name for name, there in zip(EXPRESSIONS, np.isfinite(take.expressions).any(0), strict=True) if not there]
    found = ["A phone has captured the face alone: the body rests."]
    if not known.any():
        found.append("The capture does not say how the head turned: it looks ahead.")
    if absent:
        more = f" and {len(absent) - 3} more" if len(absent) > 4 else ""
        listed = absent[:3] if more else absent
        found.append(f"The capture lacks {len(absent)} of the 52 shapes ({', '.join(listed)}{more}): they stay at 0.")
    return tuple(found)


def _name(take: Take) -> str:
    return Path(take.source.get("path", "")).name or "The capture"
