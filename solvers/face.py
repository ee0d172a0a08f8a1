"""Facial expressions as 52 ARKit weights: from how the face's points move on the head, and the detector's scores."""

from __future__ import annotations

import numpy as np

from . import blinks, calibration, cues, gaps, gaze, lips, signals, skull
from .names import EXPRESSION, EXPRESSIONS, mirrored
from .settings import Settings
from .take import Take

LONGEST_GAP = 0.25  # s bridged by straight lines; longer gaps are held, then eased to neutral
CUTOFF = 9.0  # Hz: the fastest lips in speech have no more
FULL_GLANCE = np.radians(30.0)  # what an eyeLook weight of 1 stands for

# What a performer's face does at rest is looked for in the calmest tenth of the clip and in its lowest values, and
# believed as far as such faces differ from person to person: of five rules tried on heads kept out of the training,
# this one read four clips best (r .75 to .91).
CALMEST = 0.1  # of a clip
LOWEST = 10  # percentile
DOUBT = 0.05  # standard deviation of what is found
MOST_RAISED = 4.0  # by which scores too faint for this performer are raised to the size of what the points tell
STRONGEST = 98  # percentile that becomes 1 where it is above
OTHER_SIDE = [EXPRESSION[mirrored(n)] for n in EXPRESSIONS]
UPPER = [i for i, n in enumerate(EXPRESSIONS) if n.startswith(("eye", "brow", "cheekSquint"))]
LOWER = [i for i, n in enumerate(EXPRESSIONS) if n.startswith(("mouth", "jaw", "cheekPuff", "nose"))]
OPPOSITES = (("jawLeft", "jawRight"), ("mouthLeft", "mouthRight"))
BLINKS = [EXPRESSION["eyeBlinkLeft"], EXPRESSION["eyeBlinkRight"]]


def solve_expressions(take: Take, time: np.ndarray, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the 52 expressions over time, as performed.

    take: as detected; its scores are used where it has them. time: (T,) s, even.
    settings: smoothing, neutral and calibration are used.
    Result: values (T, 52) 0..1 in the order of names.EXPRESSIONS and confidence (T,). Where the face is lost the values
    are held, then eased to neutral, and the confidence falls to 0.
    """
    found = skull.fit(take)
    if not found.seen.any():
        return np.zeros((len(time), len(EXPRESSIONS))), np.zeros(len(time))
    told = calibration.told(take, settings)
    raw = np.full((len(take.time), len(EXPRESSIONS)), np.nan)
    values = above_rest(with_scores(from_points(found), take.expressions[found.seen]), told.rest)
    values = cues.with_pictures(values, take, found, settings.neutral)
    raw[found.seen] = in_range(values, told.full)
    values = signals.resample(raw, take.time, time, LONGEST_GAP)
    if settings.smoothing > 0 and len(time) > 1:
        values = signals.lowpass(values, 1.0 / (time[1] - time[0]), CUTOFF / settings.smoothing)
    values = lips.met(np.clip(_one_way(values), 0, 1), lips.resample(lips.contact(found), found.time, time))
    values[:, BLINKS] = blinks.solve_lids(found, time, gaze.droop(found), told.shut)
    seen = np.isfinite(values).all(1)
    values, confidence = gaps.ease(np.nan_to_num(values), seen, time, np.zeros(values.shape[1]))
    return glances(values, gaze.solve_gaze(take, time, settings)), confidence


def from_points(found: skull.Skull) -> np.ndarray:
    """Weights (F, 52) by the points alone, on the average face's scale of zero; negative where a shape is undone.

    A linear map learned on rendered heads (see presets/weights). It reads heads that it never saw as well as those it
    did, which small networks of the same task did not.
    """
    learned = skull.weights()
    offsets = found.shape - learned.reference
    return offsets.reshape(len(offsets), -1) @ learned.shapes - learned.centre


def with_scores(values: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The mean of our weights and the detector's scores for those shapes that both together read better.

    values, scores: (F, 52); scores are NaN where the detector has none. Both keep their own zero.
    """
    learned = skull.weights()
    there = np.isfinite(scores).all(0)
    share = np.where(there, learned.score_share, 0.0)
    scaled = np.where(there, scores, 0.0) * learned.score_gain
    scaled = scaled * np.clip(values.std(0) / np.maximum(scaled.std(0), 1e-6), 1.0, MOST_RAISED)
    scaled = scaled - np.median(scaled, 0) + np.median(values, 0)
    return values + share * (scaled - values)


def above_rest(values: np.ndarray, given: np.ndarray | None = None) -> np.ndarray:
    """Weights (F, 52) measured from this performer's face at rest, 0 at rest.

    given: (52,) what is read of a face that is known to be at rest; None finds it.
    """
    if given is not None:
        return values - given
    rest = np.zeros(values.shape[1])
    low = np.percentile(values, LOWEST, axis=0)
    count = max(3, int(CALMEST * len(values)))
    for part in (UPPER, LOWER):
        calm = np.argsort(np.abs(values - low)[:, part].sum(1))[:count]
        rest[part] = (np.median(values[calm][:, part], 0) + low[part]) / 2
    spread = skull.weights().spread
    return values - rest * spread**2 / (spread**2 + DOUBT**2)


def in_range(values: np.ndarray, full: np.ndarray | None = None) -> np.ndarray:
    """Weights (F, 52) drawn in where a performer's strongest go beyond 1, so that they differ instead of being cut off.

    Live brows move the network's points further than those of rendered heads. Both sides are drawn in alike.
    full: (52,) what is read where this performer does an expression in full, which becomes 1; NaN where not told.
    """
    if full is not None:
        values = values / np.where(np.isfinite(full), full, 1.0)
    most = np.maximum(np.percentile(values, STRONGEST, axis=0), 1.0)
    return values / np.maximum(most, most[OTHER_SIDE])


def glances(values: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """The same weights with eyeLook* as the gaze has it.

    values: (T, 52); directions: (T, 2, 2) rad as from gaze.solve_gaze.
    """
    values = values.copy()
    for eye, (side, outward) in enumerate((("Left", 1.0), ("Right", -1.0))):
        yaw, pitch = directions[:, eye].T / FULL_GLANCE
        for name, amount in (("Out", outward * yaw), ("In", -outward * yaw), ("Up", pitch), ("Down", -pitch)):
            values[:, EXPRESSION[f"eyeLook{name}{side}"]] = np.clip(amount, 0, 1)
    return values


def _one_way(values: np.ndarray) -> np.ndarray:
    """Of two opposite shapes only what one has over the other. values: (T, 52)."""
    values = values.copy()
    for a, b in OPPOSITES:
        difference = np.maximum(values[:, EXPRESSION[a]], 0) - np.maximum(values[:, EXPRESSION[b]], 0)
        values[:, EXPRESSION[a]], values[:, EXPRESSION[b]] = np.maximum(difference, 0), np.maximum(-difference, 0)
    return values
