"""Facial expressions as 52 ARKit weights: from how the face's points move on the head."""

from __future__ import annotations

import numpy as np

from ..motion import gaps, signals
from ..names import EXPRESSION, EXPRESSIONS, mirrored
from ..settings import Settings
from ..take import Take
from . import blinks, calibration, cues, gaze, lips, skull

LONGEST_GAP = 0.25  # s bridged by straight lines; longer gaps are held, then eased to neutral
CUTOFF = 9.0  # Hz: the fastest lips in speech have no more
FULL_GLANCE = np.radians(30.0)  # what an eyeLook weight of 1 stands for

# What a performer's face does at rest is looked for in the calmest tenth of the clip and in its lowest values, and
# believed as far as such faces differ from person to person: of five rules tried on heads kept out of the training,
# this one read four clips best (r .75 to .91).
CALMEST = 0.1  # of a clip
LOWEST = 10  # percentile
NETWORKS = 0.2  # share of the networks beside the linear map
# Faint expressions are believed less: of powers from 1 to 1.4 on thirteen clips with truth, this one keeps r, sizes and
# the error, and takes away a fifth of what nobody performed.
FAINT = 1.15
SLOPE = 0.1  # of their units below zero
BELOW, ABOVE = -0.35, -0.05  # heights, in eye distances from the eyes, between which the lower face becomes the upper
DOUBT = 0.05  # standard deviation of what is found
STRONGEST = 98  # percentile that becomes 1 where it is above
OTHER_SIDE = [EXPRESSION[mirrored(n)] for n in EXPRESSIONS]
UPPER = [i for i, n in enumerate(EXPRESSIONS) if n.startswith(("eye", "brow", "cheekSquint"))]
LOWER = [i for i, n in enumerate(EXPRESSIONS) if n.startswith(("mouth", "jaw", "cheekPuff", "nose"))]
OPPOSITES = (("jawLeft", "jawRight"), ("mouthLeft", "mouthRight"))
BLINKS = [EXPRESSION["eyeBlinkLeft"], EXPRESSION["eyeBlinkRight"]]


def solve_expressions(take: Take, time: np.ndarray, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the 52 expressions over time, as performed.

    take: as detected; only the face's points are read. time: (T,) s, even.
    settings: smoothing, neutral and calibration are used.
    Result: values (T, 52) 0..1 in the order of names.EXPRESSIONS and confidence (T,). Where the face is lost the values
    are held, then eased to neutral, and the confidence falls to 0.
    """
    found = skull.fit(take)
    if not found.seen.any():
        return np.zeros((len(time), len(EXPRESSIONS))), np.zeros(len(time))
    told = calibration.told(take, settings)
    raw = np.full((len(take.time), len(EXPRESSIONS)), np.nan)
    values = above_rest(from_points(found, told.face), told.rest)
    values = cues.with_pictures(without_traces(values), take, found, settings.neutral)
    raw[found.seen] = in_range(values, told.full)
    values = signals.resample(raw, take.time, time, LONGEST_GAP)
    if settings.smoothing > 0 and len(time) > 1:
        values = signals.lowpass(values, 1.0 / (time[1] - time[0]), CUTOFF / settings.smoothing)
    values = lips.met(np.clip(_one_way(values), 0, 1), lips.resample(lips.contact(found), found.time, time))
    values[:, BLINKS] = blinks.solve_lids(found, time, gaze.droop(found), told.shut)
    seen = np.isfinite(values).all(1)
    values, confidence = gaps.ease(np.nan_to_num(values), seen, time, np.zeros(values.shape[1]))
    return glances(values, gaze.solve_gaze(take, time, settings)), confidence


def from_points(found: skull.Skull, rest: np.ndarray | None = None) -> np.ndarray:
    """Weights (F, 52) by the points alone, on the average face's scale of zero; negative where a shape is undone.

    A linear map and small networks, learned on rendered heads (see presets/weights), agree on the mean of what they
    say. The map reads a face against the average one; the networks tell strong from weak and one shape from its
    neighbours better, but only against this performer's own face at rest.
    rest: (P, 3) that face, in the units of Skull.shape; None finds it.
    """
    linear = by_map(found.shape)
    if rest is None:
        rest = at_rest(found.shape, linear)
    zero = by_map(rest)
    return zero + (1 - NETWORKS) * (linear - zero) + NETWORKS * by_networks(found.shape - rest)


def by_map(shape: np.ndarray) -> np.ndarray:
    """Weights (..., 52) by the linear map alone. shape: (..., P, 3) as in Skull."""
    learned = skull.weights()
    return (shape - learned.reference).reshape(*shape.shape[:-2], -1) @ learned.shapes - learned.centre


def by_networks(offsets: np.ndarray) -> np.ndarray:
    """Weights (F, 52) by the networks, 0 at rest. offsets: (F, P, 3) against the performer's own face at rest."""
    learned = skull.weights()
    flat = np.concatenate([offsets.reshape(len(offsets), -1), np.zeros((1, len(learned.basis)))])
    values = flat.astype(np.float32) @ learned.basis.astype(np.float32)
    for depth, (matrix, offset) in enumerate(learned.layers):
        values = values @ matrix + offset
        if depth < len(learned.layers) - 1:
            values = np.where(values > 0, values, SLOPE * values)
    values = values.mean(0).astype(float)
    return values[:-1] - values[-1]


def at_rest(shape: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The performer's own face at rest (P, 3): that of the calmest samples, above and below the nose apart.

    shape: (F, P, 3) as in Skull; values: (F, 52) expressions as they are read at first.
    """
    height = skull.weights().reference[:, 2]
    share = np.clip((height - BELOW) / (ABOVE - BELOW), 0, 1)[:, None]
    upper, lower = (np.median(shape[calmest(values, part)], 0) for part in (UPPER, LOWER))
    return share * upper + (1 - share) * lower


def calmest(values: np.ndarray, part: list[int]) -> np.ndarray:
    """Indices of the samples whose expressions are nearest to their lowest. values: (F, 52); part: of the 52."""
    low = np.percentile(values, LOWEST, axis=0)
    return np.argsort(np.abs(values - low)[:, part].sum(1))[: max(3, int(CALMEST * len(values)))]


def without_traces(values: np.ndarray) -> np.ndarray:
    """Weights (F, 52) from which what is read of absent expressions is taken off; what is wholly there stays whole."""
    traces = skull.weights().traces
    sizes = np.maximum(np.abs(values) - traces, 0) / (1 - traces)
    return np.sign(values) * np.where(sizes < 1, sizes**FAINT, sizes)


def above_rest(values: np.ndarray, given: np.ndarray | None = None) -> np.ndarray:
    """Weights (F, 52) measured from this performer's face at rest, 0 at rest.

    given: (52,) what is read of a face that is known to be at rest; None finds it.
    """
    if given is not None:
        return values - given
    rest = np.zeros(values.shape[1])
    low = np.percentile(values, LOWEST, axis=0)
    for part in (UPPER, LOWER):
        rest[part] = (np.median(values[calmest(values, part)][:, part], 0) + low[part]) / 2
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
