"""A linear map from how a face's points move to expressions, each read from its own part of the face."""

from __future__ import annotations

import numpy as np

from ..solvers.names import EXPRESSION, EXPRESSIONS
from .face_samples import (
    ANCHORS,
    BRIDGE,
    BROW,
    CHEEK,
    EYE,
    FLIP,
    MIDDLE,
    MOUTH,
    OTHER_SIDE,
    Layout,
    Moves,
    Samples,
    mirror,
)

STIFF = 0.1  # ridge, of the features' variance; .03 to .3 do equally well on heads left out
SLACK = 0.003  # the same where all points are read at once
CORNERS = ((362, 263), (133, 33))  # of the left and the right eye: what the upper face is measured from
UPPER = [n for n in EXPRESSIONS if n.startswith(("eye", "brow", "cheekSquint"))]
LOWER = [n for n in EXPRESSIONS if n.startswith(("mouth", "jaw", "cheekPuff", "nose"))]


def feature_maps(points: np.ndarray, symmetric: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrices (U, P), (L, P) from points to features of the upper and the lower face: places relative to anchors."""
    column = {int(p): k for k, p in enumerate(points)}

    def row(point: int, anchors) -> np.ndarray:
        values = np.zeros(len(points))
        values[column[point]] += 1
        for anchor in anchors:
            values[column[anchor]] -= 1 / len(anchors)
        return values

    left = EYE + BROW
    upper = [row(p, CORNERS[0]) for p in left] + [row(p, CORNERS[1]) for p in mirror(left, symmetric)]
    upper += [row(p, CORNERS[0] + CORNERS[1]) for p in BRIDGE]
    left = MOUTH + CHEEK
    lower = [row(p, ANCHORS) for p in (*left, *mirror(left, symmetric), *MIDDLE)]
    return np.array(upper), np.array(lower)


def parts_of_face(upper: np.ndarray, lower: np.ndarray) -> list[tuple[list[str], np.ndarray]]:
    """Which expressions are read from which features.

    One eye and its brow from their own side of the face; a lowered brow from the brow alone, because the cheeks of a
    smile move the lids as frowning does.
    """
    eye, side = len(EYE), len(EYE) + len(BROW)
    bridge = upper[2 * side :]
    result = [(["browInnerUp"], upper), (LOWER, lower)]
    for end, first in (("Left", 0), ("Right", side)):
        brow = np.concatenate([upper[first + eye : first + side], bridge])
        others = [n for n in UPPER if n.endswith(end) and n != f"browDown{end}"]
        result += [([f"browDown{end}"], brow), (others, np.concatenate([upper[first : first + eye], brow]))]
    return result


def ridge(features: np.ndarray, targets: np.ndarray, known: np.ndarray, stiff: float) -> np.ndarray:
    """Coefficients (F, n) of targets (m, n) on features (m, F); unknown targets do not count. stiff: see STIFF."""
    result = np.zeros((features.shape[1], targets.shape[1]))
    for pattern in np.unique(known, axis=1).T:
        columns = (known == pattern[:, None]).all(0)
        if pattern.any():
            f = features[pattern].astype(float)
            penalty = stiff * f.var() * len(f) * np.eye(f.shape[1])
            result[:, columns] = np.linalg.solve(f.T @ f + penalty, f.T @ targets[pattern][:, columns])
    return result


def linear_map(samples: Samples, found: Moves, laid: Layout, rows: np.ndarray) -> np.ndarray:
    """Coefficients (3 P, 52) from offsets to expressions, fitted to these rows and their mirror images."""
    offsets = np.concatenate([found.offsets[rows], found.offsets[rows][:, laid.partner] * FLIP]).astype(float)
    weights = np.concatenate([samples.weights[rows], samples.weights[rows][:, OTHER_SIDE]])
    known = np.concatenate([samples.known[rows], samples.known[rows][:, OTHER_SIDE]])
    result = np.zeros((len(laid.points), 3, len(EXPRESSIONS)))
    for names, matrix in parts_of_face(*feature_maps(laid.points, laid.symmetric)):
        columns = [EXPRESSION[n] for n in names]
        features = np.einsum("fp,tpi->tfi", matrix, offsets)
        map_ = ridge(features.reshape(len(offsets), -1), weights[:, columns], known[:, columns], STIFF)
        result[:, :, columns] = np.einsum("fp,fin->pin", matrix, map_.reshape(*features.shape[1:], -1))
    return result.reshape(-1, len(EXPRESSIONS))


def whole_map(samples: Samples, found: Moves, laid: Layout, rows: np.ndarray) -> np.ndarray:
    """As `linear_map`, but every expression is read from all points, with next to no ridge, and heads count evenly."""
    offsets = np.concatenate([found.offsets[rows], found.offsets[rows][:, laid.partner] * FLIP.astype(np.float32)])
    weights = np.concatenate([samples.weights[rows], samples.weights[rows][:, OTHER_SIDE]])
    known = np.concatenate([samples.known[rows], samples.known[rows][:, OTHER_SIDE]])
    _, which, counts = np.unique(samples.head[rows], return_inverse=True, return_counts=True)
    root = np.tile(counts[which] ** -0.25, 2)[:, None]
    root /= np.sqrt((root**2).mean())
    return ridge(offsets.reshape(len(offsets), -1) * root, weights * root, known, SLACK)
