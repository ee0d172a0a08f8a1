"""What people wear, as colours: what tells two of them apart when they cross."""

from __future__ import annotations

import numpy as np

from ..names import BODY_POINT
from .sight import Points

# Corners of what is looked at, and how much of it, about its middle: arms, hair and background stay outside.
TRUNK = [BODY_POINT[name] for name in ("leftShoulder", "rightShoulder", "rightHip", "leftHip")]
THIGHS = [BODY_POINT[name] for name in ("leftHip", "rightHip", "rightKnee", "leftKnee")]
PIECES, INNER = (TRUNK, THIGHS), 0.75
# Bins of lightness, green to red, blue to yellow (CIE L*a*b* in bytes); of the last two, the middle half holds nearly
# all that is worn.
BINS, RANGES = (6, 12, 12), (0, 256, 64, 192, 64, 192)
SMALL = 96  # px, the longer side at which colours are counted
LEAST_AREA = 0.25  # of a piece that has to lie in the picture
SIZE = BINS[0] * BINS[1] * BINS[2]
NEIGHBOUR = (0.25, 0.5, 0.25)  # light and shade move colours by a bin


def colours(rgb: np.ndarray, body: Points) -> np.ndarray:
    """The colours of trunk and thighs, (2, SIZE), each with a sum of 1; NaN where a piece is not in the picture.

    rgb: (H, W, 3) uint8. body: 33 points.
    """
    return np.stack([_histogram(rgb, body.image[piece, :2]) for piece in PIECES])


def unlike(one: np.ndarray, other: np.ndarray) -> float:
    """How different two people are dressed, 0..1, or NaN where nothing can be compared.

    one, other: (2, SIZE). The Hellinger distance, the mean of the pieces that both have.
    """
    both = np.isfinite(one[:, 0]) & np.isfinite(other[:, 0])
    if not both.any():
        return np.nan
    overlap = np.sqrt(one[both] * other[both]).sum(1)
    return float(np.sqrt(np.maximum(1 - overlap, 0)).mean())


def blended(old: np.ndarray, new: np.ndarray, share: float) -> np.ndarray:
    """Colours (2, SIZE) that move from old to new by a share 0..1; a piece that only one has is that one's."""
    mixed = old + share * (new - old)
    return np.where(np.isfinite(old), np.where(np.isfinite(new), mixed, old), new)


def _histogram(rgb: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(SIZE,) of the inner part of a quadrangle. corners: (4, 2) px, in order."""
    import cv2

    middle = corners.mean(0)
    inner = middle + INNER * (corners - middle)
    size = np.array(rgb.shape[1::-1])
    low = np.clip(np.floor(inner.min(0)), 0, size).astype(int)
    high = np.clip(np.ceil(inner.max(0)) + 1, 0, size).astype(int)
    area = np.prod(np.maximum(np.ptp(inner, axis=0), 1.0))
    if np.prod(np.maximum(high - low, 0)) < LEAST_AREA * area:
        return np.full(SIZE, np.nan)
    scale = min(1.0, SMALL / (high - low).max())
    piece = cv2.resize(rgb[low[1] : high[1], low[0] : high[0]], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    mask = np.zeros(piece.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, np.round((inner - low) * scale).astype(np.int32), 255)
    if not mask.any():
        return np.full(SIZE, np.nan)
    lab = cv2.cvtColor(piece, cv2.COLOR_RGB2LAB)
    counts = cv2.calcHist([lab], [0, 1, 2], mask, list(BINS), list(RANGES)).astype(float)
    for axis in range(3):
        wide = np.moveaxis(np.pad(counts, [(1, 1) if k == axis else (0, 0) for k in range(3)]), axis, 0)
        counts = np.moveaxis(sum(share * wide[k : k + BINS[axis]] for k, share in enumerate(NEIGHBOUR)), 0, axis)
    return (counts / max(counts.sum(), 1e-9)).ravel()
