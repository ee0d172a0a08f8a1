"""Lips that meet: closures are seen in the gap between the lips, and the weights of the mouth made to agree with it."""

from __future__ import annotations

import numpy as np

from ..names import EXPRESSION
from . import skull

# Points of the inner edge of the upper and of the lower lip, the middle and two on each side.
PAIRS = ((13, 14), (312, 317), (82, 87), (311, 402), (81, 178))

# In distances between the eyes. The network lays closed lips onto each other: on ten rendered clips the gap of p, b and
# m is -.004 to .004 (10th to 90th percentile), its jitter .001, while the mildest opening of speech is .03.
LOWEST = 2  # percentile of a clip's gaps that is its closed mouth ...
MOST_CLOSED = 0.02  # ... unless that is wider than this: then the lips never met
TOUCHING, APART = 0.01, 0.03  # above the closed mouth: to where lips meet, and from where they do not

GIVES = 0.5  # of the jaw's opening that is taken back where lips meet; mouthClose takes up the rest
UNSEEN = 0.02  # weight below which a shape that parts the lips does not part a character's
PRESSED = 0.05  # by which mouthClose may be above the jaw: lips that are pressed together

PARTING = [EXPRESSION[n] for n in ("mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
                                   "mouthFunnel")]  # fmt: skip
JAW, CLOSE = EXPRESSION["jawOpen"], EXPRESSION["mouthClose"]


def contact(found: skull.Skull) -> np.ndarray:
    """How far the lips are closed in each sample, (F,) 0..1; 1 where they meet all along their middle."""
    gap = np.mean([found.point(upper)[:, 2] - found.point(lower)[:, 2] for upper, lower in PAIRS], 0)
    closed = min(np.percentile(gap, LOWEST), MOST_CLOSED)
    return np.clip((closed + APART - gap) / (APART - TOUCHING), 0, 1)


def resample(closed: np.ndarray, seen_at: np.ndarray, time: np.ndarray) -> np.ndarray:
    """The contact (F,) of samples at seen_at (F,) s, at other times (T,) s, no closure lost between two of them."""
    values = np.interp(time, seen_at, closed)
    if len(time) > 1 and len(seen_at) > 1:
        nearest = np.clip(np.round((seen_at - time[0]) / (time[1] - time[0])).astype(int), 0, len(time) - 1)
        np.maximum.at(values, nearest, closed)
    return values


def met(values: np.ndarray, closed: np.ndarray) -> np.ndarray:
    """The same weights with lips that meet where they met, and that are not pressed through each other elsewhere.

    values: (T, 52) 0..1; closed: (T,) as from `contact`. What parts the lips gives way, and mouthClose takes up what
    the jaw is open, which is how ARKit's shapes close lips over an open jaw.
    """
    values = values.copy()
    values[:, PARTING] -= closed[:, None] * np.maximum(values[:, PARTING] - UNSEEN, 0)
    jaw = values[:, JAW] * (1 - GIVES * closed)
    close = np.minimum(values[:, CLOSE], jaw + PRESSED)
    values[:, JAW], values[:, CLOSE] = jaw, close + closed * np.maximum(jaw - close, 0)
    return values
