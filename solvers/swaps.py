"""Left and right put right: the pose network now and then takes a person's back for the front, and swaps all limbs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .body import HIPS, SHOULDERS, Sight
from .names import BODY_POINT, BODY_POINTS, mirrored
from .take import Take

TWIN = np.array([BODY_POINT[mirrored(name)] for name in BODY_POINTS])
LIMBS = np.arange(11, 33)  # what is not of the head
# Costs, in the unit of a jump by one torso of all limbs. A swap of a whole person jumps by about one shoulder width,
# .7 torsos when seen from the front and nothing when seen from the side, where the network does swap.
CHANGE = 0.15  # of relabelling from one sample to the next: keeps crossing legs from being swapped for a moment
SWAPPED = 0.004  # of a sample being relabelled: the network is right most of the time
FACE = 0.08  # of shoulders that contradict a face seen from the front
CLEAR = 0.25  # torsos: how far apart shoulders have to be in the picture for the face to contradict them


def repair(sight: Sight, take: Take) -> Sight:
    """The sight with swapped samples relabelled, and their depth turned round.

    sight: of the detector's 33 points. take: as detected, for its face, which has no left and right to mistake.
    Viterbi over two labels a sample: limbs move little from one sample to the next, and a face that looks into the
    camera has its left shoulder on the picture's right.
    """
    if len(sight.time) < 2:
        return sight
    own = np.zeros((len(sight.time), 2))
    own[:, 1] = SWAPPED
    own += FACE * _contradiction(sight, take)
    swapped = _cheapest(own, _jumps(sight))
    return relabelled(sight, swapped)


def _contradiction(sight: Sight, take: Take) -> np.ndarray:
    """How far shoulders and face disagree, (T, 2) 0..1, for labels as they are and swapped."""
    frontal = np.where(np.isfinite(take.head[:, 0, 0]), take.head[:, 1, 1], 0.0)  # cosine of the turn off the camera
    frontal = np.interp(sight.time, take.time, np.clip(frontal, 0, 1) ** 2)
    left, right = (sight.image[:, k, 0] for k in SHOULDERS)
    side = np.clip(np.nan_to_num((left - right) / _torso(sight)) / CLEAR, -1, 1) * frontal
    return np.stack([np.maximum(-side, 0), np.maximum(side, 0)], 1)


def _torso(sight: Sight) -> np.ndarray:
    """Size of the person in the picture, (T,) px: the middle torso, or one and a half shoulder widths."""
    shoulders, hips = sight.image[:, SHOULDERS], sight.image[:, HIPS]
    length = np.linalg.norm(shoulders.mean(1) - hips.mean(1), axis=-1)
    width = np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=-1) * 1.5
    sizes = np.where(np.isfinite(length), length, width)
    size = np.nanmedian(sizes) if np.isfinite(sizes).any() else 1.0
    return np.maximum(np.where(np.isfinite(sizes), sizes, size), 0.3 * size + 1e-6)


def _jumps(sight: Sight) -> np.ndarray:
    """How far limbs jump between samples, (T - 1, 2, 2) torsos, for each label before and after; at most one."""
    pairs = np.isfinite(sight.image).all(-1) & np.isfinite(sight.image[:, TWIN]).all(-1)
    image = np.where(pairs[..., None], sight.image, np.nan)
    image = np.stack([image, image[:, TWIN]], 1)[:, :, LIMBS]
    step = np.linalg.norm(image[1:, None, :] - image[:-1, :, None], axis=-1)
    step /= (0.5 * (_torso(sight)[1:] + _torso(sight)[:-1]))[:, None, None, None]
    known = np.isfinite(step)
    count = known.sum(-1)
    mean = np.where(known, np.minimum(step, 1.0), 0).sum(-1) / np.maximum(count, 1)
    return np.where(count > 0, mean, 0.0) + CHANGE * (1 - np.eye(2))


def _cheapest(own: np.ndarray, between: np.ndarray) -> np.ndarray:
    """The labels (T,) bool of least total cost. own: (T, 2); between: (T - 1, 2, 2), before and after."""
    total, came = own[0], np.zeros((len(own), 2), int)
    for t in range(1, len(own)):
        options = total[:, None] + between[t - 1]
        came[t] = options.argmin(0)
        total = options.min(0) + own[t]
    label = np.zeros(len(own), int)
    label[-1] = total.argmin()
    for t in range(len(own) - 1, 0, -1):
        label[t - 1] = came[t, label[t]]
    return label.astype(bool)


def relabelled(sight: Sight, swapped: np.ndarray) -> Sight:
    """The sight with left and right exchanged, and depth turned round, in some samples. swapped: (T,) bool."""
    image, world, weight = sight.image.copy(), sight.world.copy(), sight.weight.copy()
    image[swapped], weight[swapped] = image[swapped][:, TWIN], weight[swapped][:, TWIN]
    world[swapped] = world[swapped][:, TWIN] * [1.0, -1.0, 1.0]
    return replace(sight, image=image, world=world, weight=weight)
