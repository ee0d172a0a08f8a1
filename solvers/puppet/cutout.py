"""The figure's outline in a picture, and what is behind it."""

from __future__ import annotations

import cv2
import numpy as np

WORK = 700  # px, the longer side at which outlines are found and holes are filled
SURE, UNSURE = 0.85, 0.15  # of an outline's certainty: beyond these a pixel is figure, or is not
BAND = 0.02  # of the longer side: how far the network's outline may be off
ROUNDS = 4  # of GrabCut
RIM = 0.008  # of the longer side, by which the cut-out is wider than the figure: the rim hides its edge


def by_outline(rgb: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """The figure (H, W) bool, by an outline that a network saw, made exact along the picture's edges.

    rgb: (H, W, 3) uint8. outline: (H, W) 0..1. Source: Rother and others 2004, GrabCut.
    """
    small, scale = shrunk(rgb)
    certain = cv2.resize(outline, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    band = disc(BAND * max(small.shape[:2]))
    inside = (certain > UNSURE).astype(np.uint8)
    marks = np.where(certain > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    marks[cv2.erode((certain > SURE).astype(np.uint8), band) > 0] = cv2.GC_FGD
    marks[cv2.dilate(inside, band) == 0] = cv2.GC_BGD
    if (marks == cv2.GC_FGD).any() and (marks == cv2.GC_BGD).any():
        cv2.grabCut(cv2.cvtColor(small, cv2.COLOR_RGB2BGR), marks, None, *(np.zeros((1, 65)) for _ in range(2)), ROUNDS,
                    cv2.GC_INIT_WITH_MASK)  # fmt: skip
    figure = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)) & (certain > UNSURE / 3)
    return enlarged(_whole(figure | (certain > SURE)), rgb.shape[:2])


def about_face(face: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(H, W) 0..1, how surely pixels belong to somebody of whom only the face was seen. face: (478, 3) px."""
    hull = cv2.convexHull(face[:, :2].astype(np.float32))[:, 0]
    low, high = hull.min(0), hull.max(0)
    middle, (wide, tall) = (low + high) / 2, high - low
    outline = np.full(shape, 0.2, np.float32)
    body = np.array([middle + [-wide, tall], middle + [wide, tall], [middle[0] + 2 * wide, shape[0]],
                     [middle[0] - 2 * wide, shape[0]]])  # fmt: skip
    cv2.fillConvexPoly(outline, body.astype(np.int32), 0.6)
    around = middle - [0, 0.15 * tall]
    cv2.ellipse(outline, tuple(around.astype(int).tolist()), (int(0.85 * wide), int(0.9 * tall)), 0, 0, 360, 0.6, -1)
    cv2.fillConvexPoly(outline, hull.astype(np.int32), 0.95)
    return outline


def by_box(rgb: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """The figure (H, W) bool in a box (left, top, width, height) px, by colours alone."""
    small, scale = shrunk(rgb)
    marks = np.zeros(small.shape[:2], np.uint8)
    cv2.grabCut(cv2.cvtColor(small, cv2.COLOR_RGB2BGR), marks, tuple(round(v * scale) for v in box),
                *(np.zeros((1, 65)) for _ in range(2)), ROUNDS, cv2.GC_INIT_WITH_RECT)  # fmt: skip
    return enlarged(_whole(np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD))), rgb.shape[:2])


def _whole(figure: np.ndarray) -> np.ndarray:
    """The largest piece of a mask, and others not much smaller, without holes."""
    count, labels, facts, _ = cv2.connectedComponentsWithStats(figure.astype(np.uint8))
    if count < 2:
        return figure
    sizes = facts[1:, cv2.CC_STAT_AREA]
    kept = np.isin(labels, 1 + np.flatnonzero(sizes > 0.05 * sizes.max()))
    return filled(kept)


def filled(mask: np.ndarray) -> np.ndarray:
    """A mask (H, W) bool without its small holes; what is open to the picture's border is none."""
    outside = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
    count, labels, facts, _ = cv2.connectedComponentsWithStats(outside, connectivity=4)
    small = np.flatnonzero(facts[:, cv2.CC_STAT_AREA] < 0.004 * mask.size)
    holes = np.isin(labels, small[small != labels[0, 0]]) & (outside > 0)
    return mask | holes[1:-1, 1:-1]


def shrunk(picture: np.ndarray, longest: int = WORK) -> tuple[np.ndarray, float]:
    """A picture that is not larger than wanted, and its scale."""
    scale = min(1.0, longest / max(picture.shape[:2]))
    size = tuple(max(1, round(side * scale)) for side in picture.shape[1::-1])
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA), scale


def enlarged(mask: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A mask as (H, W) bool of another size, with smooth edges."""
    if mask.shape == tuple(shape):
        return mask
    return cv2.resize(mask.astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC) > 0.5


def disc(radius: float) -> np.ndarray:
    """A round brush. radius: px."""
    side = 2 * max(1, round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def widened(mask: np.ndarray, radius: float) -> np.ndarray:
    """A mask (H, W) bool, wider by px all around."""
    return cv2.dilate(mask.astype(np.uint8), disc(radius)) > 0


def without(rgb: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """A picture with a part of it filled from around: closely at its edge, calm and blurred deep inside.

    rgb: (H, W, 3) uint8. hidden: (H, W) bool.
    """
    if not hidden.any() or hidden.all():
        return rgb.copy()
    smooth = pulled(rgb, ~hidden)
    small, scale = shrunk(rgb, 320)
    holes = cv2.resize(hidden.astype(np.float32), small.shape[1::-1], interpolation=cv2.INTER_AREA) > 0.02
    painted = cv2.inpaint(small, holes.astype(np.uint8), 4, cv2.INPAINT_TELEA)
    painted = cv2.resize(painted, rgb.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    depth = cv2.distanceTransform(hidden.astype(np.uint8), cv2.DIST_L2, 3) / (0.06 * max(rgb.shape[:2]))
    share = np.clip(depth, 0, 1)[..., None]
    fill = painted * (1 - share) + smooth * share
    edge = cv2.GaussianBlur(hidden.astype(np.float32), (0, 0), max(1.0, 0.0015 * max(rgb.shape[:2])))[..., None]
    edge = np.where(hidden[..., None], 1.0, 0 * edge)
    return (rgb * (1 - edge) + fill * edge).round().clip(0, 255).astype(np.uint8)


def own_colours(rgb: np.ndarray, figure: np.ndarray, rim: float) -> np.ndarray:
    """A picture (H, W, 3) in which a figure's colours go on beyond its edge, so that no background clings to it.

    figure: (H, W) bool. rim: px within its edge that are mixed with the background, and are replaced too.
    """
    sure = cv2.erode(figure.astype(np.uint8), disc(rim), borderValue=1) > 0
    if not sure.any():
        return rgb
    around = widened(figure, 6 * rim) & ~sure
    nearest = cv2.distanceTransformWithLabels((~sure).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[
        1
    ]
    places = np.zeros((nearest.max() + 1, 2), int)
    places[nearest[sure]] = np.argwhere(sure)
    taken = rgb[tuple(places[nearest[around]].T)]
    result = rgb.copy()
    result[around] = taken
    soft = cv2.GaussianBlur(result, (0, 0), max(0.8, rim))
    result[around] = soft[around]
    return result


def pulled(rgb: np.ndarray, known: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3) float whose unknown pixels take the mean of known ones ever farther away.

    known: (H, W) bool. Source: the pull-push algorithm (Gortler and others 1996, The Lumigraph).
    """
    layers = [(rgb * known[..., None].astype(np.float32), known.astype(np.float32))]
    while min(layers[-1][1].shape) > 1:
        layers.append(tuple(cv2.pyrDown(part) for part in layers[-1]))
    colour, weight = layers[-1]
    result = colour / np.maximum(weight[..., None], 1e-6)
    for colour, weight in reversed(layers[:-1]):
        below = cv2.resize(result.astype(np.float32), weight.shape[::-1], interpolation=cv2.INTER_LINEAR)
        share = np.clip(weight, 0, 1)[..., None]
        result = colour + below * (1 - share)
    return result


def wider(rgb: np.ndarray, border: int) -> np.ndarray:
    """A picture with a border all around that mirrors its edges and gets calmer outwards. border: px."""
    large = cv2.copyMakeBorder(rgb, border, border, border, border, cv2.BORDER_REFLECT)
    small, _ = shrunk(large, 160)
    calm = cv2.resize(cv2.GaussianBlur(small, (0, 0), 4), large.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    away = np.ones(large.shape[:2], np.uint8)
    away[border:-border, border:-border] = 0
    share = np.clip(cv2.distanceTransform(away, cv2.DIST_L2, 3) / (0.04 * max(rgb.shape[:2])), 0, 1)[..., None]
    return (large * (1 - share) + calm * share).clip(0, 255).astype(np.uint8)
