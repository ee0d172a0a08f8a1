"""What a picture shows of a face beside its points: a tongue, and where brows went.

The detector keeps a small portrait of every picture's face, as if it looked straight into the camera (see `places`).
Against the portrait of the performer's own calm face it tells where skin, brows and lips went (optical flow), what
became lighter or darker, and what colour is in and below the mouth. Linear maps learned on rendered heads make
expressions of that (see presets/weights). They are believed as far as the face is large, turned to the camera, and no
hand is before it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..names import EXPRESSION
from ..take import PORTRAIT, Take
from .skull import Skull

WEIGHTS = Path(__file__).resolve().parents[2] / "presets" / "weights" / "cues.npz"
SIDE = PORTRAIT[1]  # px of a portrait, which has as many again by half for its colours
DIM = 12.0  # added to pixels (0..255) before their logarithm is taken: what a dark one is worth
SKIN = (slice(17, 29), slice(14, 33))  # rows and columns of a portrait that are nose and cheeks: what it is measured by
FARTHEST, STRONGEST = 1.2, 4.0  # how far a pixel's logarithm, and a flow in px, may be from the calm face's
WINDOW, STRIDE = 2.0, 3  # px: standard deviation of a window of flow, and between two of them
FAINT = 0.002  # squared slope of a portrait that is no more than noise
BLOCKS = 12  # of shading, on each side of a portrait
ACROSS = np.array([-0.7, -0.35, 0.0, 0.35, 0.7])  # where colours of the mouth are taken, in halves of its width
CHIN_STEPS = (0.25, 0.5, 0.75)
MOUTH_ROWS, LIP_ROWS = 9, (1, 5)
AT_ONCE = 500  # pictures
DARK, DARK_SOFT = -0.9, 0.25  # logarithm against the skin's below which it is the inside of a mouth

CALMEST, LEAST_CALM = 0.1, 5  # share, and number, of pictures that the calm face is the median of
AROUND = 0.15  # s on either side of a moment that is known to be calm
SMALL, LARGE = 60.0, 80.0  # px of a face's width between which it begins to be believed
STRAIGHT, TURNED = np.radians(22.0), np.radians(35.0)  # yaw between which it ceases to be believed
HAND_REACH = 0.12  # of the face's size, about the points of a hand
STEADY = 0.12  # s: what lasts shorter is no cue
AJAR, AGAPE = 0.45, 0.6  # opening of the lips, in widths of the mouth, between which a tongue ceases to be believed:
TONGUE = "tongueOut"  # mouths that are open wider show it where it always lies


@dataclass(frozen=True)
class CueWeights:
    """What was learned about faces in pictures (478 points, S pixels of a portrait, N features, K expressions).

    reference: (478, 3) a mean calm face, x to the performer's left, y to the back, z up, in distances between the eyes.
    steady: (478,) how little a point moves with expression; they sum to 1.
    sites: (S, 3) the portrait's pixels on that face, row by row; NaN where the face is not.
    points: (P,) those of the 478 that are features.
    names: (K,) expressions. maps: (N, K) from features to them. bias: (K,).
    low, high: (K,) what counts as nothing, and as 1. share: (K,) of the picture in the result, against the points.
    """

    reference: np.ndarray
    steady: np.ndarray
    sites: np.ndarray
    points: np.ndarray
    names: np.ndarray
    maps: np.ndarray
    bias: np.ndarray
    low: np.ndarray
    high: np.ndarray
    share: np.ndarray

    @functools.cached_property
    def solid(self) -> np.ndarray:
        """The mean face and a column of ones (478, 4)."""
        return np.column_stack([self.reference, np.ones(len(self.reference))])

    @functools.cached_property
    def fit(self) -> np.ndarray:
        """From points of a picture to the affine map (4, 478) that lays the mean face's steady points onto them."""
        root = np.sqrt(self.steady)[:, None]
        return np.linalg.pinv(self.solid * root) * root.T


@dataclass(frozen=True)
class Looks:
    """What pictures show of a face (F pictures), or the median of calm ones.

    on_face: (F, 478, 2) points on the mean face. light: (F, SIDE, SIDE) logarithm against the skin's, 0 off the face.
    tints: (F, MOUTH_ROWS, 5, 3) light, red and blue of the mouth against the skin's. tongue: (F, MOUTH_ROWS, 5) what
    is as red as the calm lips and not dark.
    """

    on_face: np.ndarray
    light: np.ndarray
    tints: np.ndarray
    tongue: np.ndarray


@functools.cache
def weights() -> CueWeights:
    """The shipped weights."""
    with np.load(WEIGHTS, allow_pickle=False) as file:
        return CueWeights(**{name: file[name] for name in file.files})


def with_pictures(values: np.ndarray, take: Take, found: Skull, neutral: float = 0.0) -> np.ndarray:
    """Expressions with what the pictures tell of those that points hardly show.

    values: (F, 52) by the points, above rest. take: as detected; without portraits the values stay. found: its head.
    neutral: s, a moment at which the face is calm; 0 where that is to be found out.
    """
    from scipy import ndimage  # here, as what only looks at videos does without SciPy

    if take.portrait is None or not len(values):
        return values
    image, portraits = take.face.image[found.seen][..., :2], take.portrait[found.seen]
    trust = belief(take, found) * portraits.any((1, 2))
    calm = (np.abs(found.time - neutral) < AROUND) & (trust > 0.5) if neutral > 0 else None
    calm = calm if calm is not None and calm.any() else calmest(values, trust > 0.5)
    if calm is None:
        return values
    learned, result = weights(), values.copy()
    told = np.concatenate([tell(part, learned) for part in features(portraits, image, calm, learned)])
    told = ndimage.median_filter(told, (_odd(STEADY, found.time), 1), mode="nearest")
    closed = np.clip((AGAPE - opening(image)) / (AGAPE - AJAR), 0, 1)
    for k, name in enumerate(learned.names):
        share = learned.share[k] * trust * (closed if name == TONGUE else 1.0)
        result[:, EXPRESSION[str(name)]] += share * (told[:, k] - result[:, EXPRESSION[str(name)]])
    return result


def opening(image: np.ndarray) -> np.ndarray:
    """How far the lips are apart (F,), in widths of the mouth. image: (F, 478, 2) px."""
    across, apart = (image[:, a] - image[:, b] for a, b in ((291, 61), (13, 14)))
    return np.linalg.norm(apart, axis=1) / np.maximum(np.linalg.norm(across, axis=1), 1.0)


def tell(seen: np.ndarray, learned: CueWeights) -> np.ndarray:
    """Expressions (F, K) of features (F, N): 0 up to `low`, then rising to 1 at `high`."""
    return np.clip((seen @ learned.maps + learned.bias - learned.low) / (learned.high - learned.low), 0, 1)


def calmest(values: np.ndarray, good: np.ndarray) -> np.ndarray | None:
    """Which pictures (F,) show the performer's calm face; None where too few are good. good: (F,) bool."""
    count = max(LEAST_CALM, int(CALMEST * good.sum()))
    if good.sum() < 2 * count:
        return None
    effort = np.abs(values - np.percentile(values[good], 10, axis=0)).sum(1)
    calm = np.zeros(len(values), bool)
    calm[np.argsort(np.where(good, effort, np.inf))[:count]] = True
    return calm


def belief(take: Take, found: Skull) -> np.ndarray:
    """How far portraits (F,) can be believed, 0..1: faces that are large, not turned away, and without a hand."""
    image = take.face.image[found.seen][..., :2]
    low, high = image.min(1), image.max(1)
    yaw = np.abs(np.arctan2(found.rotation[:, 0, 1], found.rotation[:, 1, 1]))
    size = np.clip((np.ptp(image[..., 0], axis=1) - SMALL) / (LARGE - SMALL), 0, 1)
    result = size * np.clip((TURNED - yaw) / (TURNED - STRAIGHT), 0, 1)
    margin = HAND_REACH * (high - low)
    for hand in (take.left_hand, take.right_hand):
        points = np.asarray(hand.image[found.seen], float)[..., :2]
        inside = (points > (low - margin)[:, None]) & (points < (high + margin)[:, None])  # NaN is nowhere
        result = result * ~inside.all(-1).any(1)
    return result


def _odd(seconds: float, time: np.ndarray) -> int:
    rate = np.median(np.diff(time)) if len(time) > 1 else 1.0
    return 2 * int(seconds / max(rate, 1e-3) / 2) + 1


def laid(image: np.ndarray, learned: CueWeights) -> np.ndarray:
    """The affine map (F, 4, 2) from the mean face's axes, and 1, to the picture that steady points (F, 478, 2) fit."""
    return np.einsum("kp,fpi->fki", learned.fit, image)


def places(image: np.ndarray, learned: CueWeights) -> np.ndarray:
    """Where the portrait's pixels are in a picture (S, 2) px, NaN off the face. image: (478, 2) px."""
    fit = laid(image[None], learned)[0]
    return learned.sites @ fit[:3] + fit[3]


def moved(image: np.ndarray, learned: CueWeights) -> np.ndarray:
    """Where the points are on the mean face (F, 478, 2), seen from the front: x and z, in its units.

    image: (F, 478, 2) px. What the rigid head does not explain is laid upright and added to the mean face.
    """
    fit = laid(image, learned)
    apart = image - np.einsum("pk,fki->fpi", learned.solid, fit)
    size = np.linalg.norm(fit[:, 2], axis=1)[:, None]
    up = fit[:, 2] / size
    side = np.stack([-up[:, 1], up[:, 0]], 1)
    local = np.stack([np.einsum("fpi,fi->fp", apart, side), np.einsum("fpi,fi->fp", apart, up)], -1)
    return learned.reference[:, [0, 2]] + local / size[..., None]


def colours(portraits: np.ndarray) -> np.ndarray:
    """Portraits (F, 3/2 SIDE, SIDE) as kept, in red, green and blue (F, SIDE, SIDE, 3) 0..255.

    Kept is I420 as of ITU-R BT.601: brightness, then both colour differences at half the size.
    """
    kept = portraits.astype(np.float32)
    light = 1.164 * (kept[:, :SIDE] - 16)
    half = kept[:, SIDE:].reshape(len(kept), 2, SIDE // 2, SIDE // 2) - 128
    blue, red = np.repeat(np.repeat(half, 2, 2), 2, 3).transpose(1, 0, 2, 3)
    tints = light + 1.596 * red, light - 0.813 * red - 0.391 * blue, light + 2.018 * blue
    return np.clip(np.stack(tints, -1), 0, 255)


def features(portraits: np.ndarray, image: np.ndarray, calm: np.ndarray, learned: CueWeights) -> Iterator[np.ndarray]:
    """What differs from the calm face (n, N), of so many pictures at once that memory does not grow with the clip.

    Points, flow, shading, colours of the mouth, one after the other.
    portraits: (F, 3/2 SIDE, SIDE) as kept. image: (F, 478, 2) px. calm: (F,) bool.
    """
    tints = looks(portraits[calm], image[calm], learned).tints
    lips = max(np.median(tints, 0)[LIP_ROWS, 1:4, 1].mean(), 0.05)
    usual = looks(portraits[calm], image[calm], learned, lips)
    usual = Looks(*(np.median(value, 0) for value in vars(usual).values()))
    for start in range(0, len(image), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        yield _apart(looks(portraits[part], image[part], learned, lips), usual, learned)


def looks(portraits: np.ndarray, image: np.ndarray, learned: CueWeights, lips: float = 1.0) -> Looks:
    """What portraits (F, 3/2 SIDE, SIDE) and points (F, 478, 2) px show. lips: how red the calm lips are."""
    on_face, shown = moved(image, learned), colours(portraits)
    face = np.isfinite(learned.sites[:, 0]).reshape(SIDE, SIDE)
    logs = np.log(shown + DIM)
    skin = np.median(logs[:, *SKIN].reshape(len(logs), -1, 3), 1)
    light = logs.mean(-1)
    light = (light - np.median(light[:, *SKIN].reshape(len(light), -1), 1)[:, None, None]) * face
    mouth = np.log(sampled(shown, spots(on_face), learned) + DIM) - skin[:, None, None]
    tints = np.stack([mouth.mean(-1), mouth[..., 0] - mouth[..., 1], mouth[..., 2] - mouth[..., 1]], -1)
    tongue = np.clip(tints[..., 1] / lips, -0.5, 2) / (1 + np.exp(-(tints[..., 0] - DARK) / DARK_SOFT))
    return Looks(on_face, light, tints, tongue)


def _apart(seen: Looks, usual: Looks, learned: CueWeights) -> np.ndarray:
    """The features (F, N) of faces, against the usual one of the same performer."""
    change = np.clip(seen.light - usual.light, -FARTHEST, FARTHEST)
    size = SIDE // BLOCKS
    parts = (
        (seen.on_face - usual.on_face)[:, learned.points],
        flow(usual.light, change),
        change.reshape(len(change), BLOCKS, size, BLOCKS, size).mean((2, 4)),
        np.concatenate([seen.tints - usual.tints, (seen.tongue - usual.tongue)[..., None]], -1),
    )
    return np.concatenate([part.reshape(len(part), -1) for part in parts], 1)


def flow(base: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Where windows of the calm portrait (SIDE, SIDE) went, (F, n, n, 2) px to the right and down (Lucas, Kanade 1981).

    change: (F, SIDE, SIDE) against the calm portrait.
    """
    from scipy import ndimage

    middle = np.arange(STRIDE // 2, SIDE, STRIDE)
    window = np.exp(-((np.arange(SIDE) - middle[:, None]) ** 2) / (2 * WINDOW**2))
    window /= window.sum(1, keepdims=True)
    down, right = np.gradient(ndimage.gaussian_filter(base, 0.8))
    seen = lambda maps: window @ maps @ window.T  # noqa: E731
    rr, dd, rd = seen(right * right) + FAINT, seen(down * down) + FAINT, seen(right * down)
    r, d = seen(right * change), seen(down * change)
    both = np.stack([dd * r - rd * d, rr * d - rd * r], -1) / (rr * dd - rd**2)[..., None]
    return np.clip(-both, -STRONGEST, STRONGEST)


def spots(on_face: np.ndarray) -> np.ndarray:
    """Where colours of the mouth are taken (F, MOUTH_ROWS, 5, 2): in rows from under the nose to the chin.

    on_face: (F, 478, 2).
    """
    half = (on_face[:, 291] - on_face[:, 61]) / 2
    nose, upper, over, under, lower, chin = (on_face[:, k] for k in (2, 0, 13, 14, 17, 152))
    rows = [(nose + upper) / 2, upper, over, (over + under) / 2, under, lower]
    rows += [lower + t * (chin - lower) for t in CHIN_STEPS]
    return np.stack(rows, 1)[:, :, None] + half[:, None, None] * ACROSS[:, None]


def sampled(shown: np.ndarray, at: np.ndarray, learned: CueWeights) -> np.ndarray:
    """Colours (F, ..., 3) of portraits at spots (F, ..., 2) of the mean face, between pixels by straight lines."""
    left, top, pixel = frame(learned.reference)
    across = np.clip((at[..., 0] - left) / pixel - 0.5, 0, SIDE - 1.001)
    down = np.clip((top - at[..., 1]) / pixel - 0.5, 0, SIDE - 1.001)
    x, y = across.astype(int), down.astype(int)
    a, b = (across - x)[..., None], (down - y)[..., None]
    row = np.arange(len(shown)).reshape(-1, *[1] * (x.ndim - 1))
    above = shown[row, y, x] * (1 - a) + shown[row, y, x + 1] * a
    below = shown[row, y + 1, x] * (1 - a) + shown[row, y + 1, x + 1] * a
    return above * (1 - b) + below * b


def frame(reference: np.ndarray) -> tuple[float, float, float]:
    """A portrait's left edge, its upper edge and the size of a pixel, on the mean face seen from the front."""
    flat = reference[:, [0, 2]]
    middle, half = (flat.max(0) + flat.min(0)) / 2, np.ptp(flat, axis=0).max() / 2 * 1.04
    return float(middle[0] - half), float(middle[1] + half), float(2 * half / SIDE)
