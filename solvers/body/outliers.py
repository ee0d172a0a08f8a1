"""Bodies that are none: for a moment the pose network sees a whole person in a hand, in hair or in a chair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..motion import signals
from ..take import Take
from .observed import HIPS, SHOULDERS, visible

AROUND = 0.5  # s before and after, over which a person's place and size are much the same
FEWEST = 5  # samples tell what is usual
SIZE = 2.0  # times smaller or larger than usual: nobody gets so within AROUND
AWAY = 1.4  # times the usual trunk's spread: whoever accelerates at 10 m/s2 is not further off than that,
AT_ENDS = 2.4  # nor than that at the ends of a clip, where samples on one side alone tell


def dropped(take: Take) -> Take:
    """The take without the body where its trunk is elsewhere, or of another size, than just before and after.

    take: as detected. Samples are compared with the median of those around them, so that a cut or a swap, which lasts,
    stays.
    """
    seen = visible(take)[:, [*SHOULDERS, *HIPS]].min(1) > 0
    trunk = np.where(seen[:, None, None], take.body.image[:, [*SHOULDERS, *HIPS], :2].astype(float), np.nan)
    middle = trunk.mean(1)
    size = np.sqrt(((trunk - middle[:, None]) ** 2).sum((1, 2)))
    usual = _medians(np.column_stack([middle, size]), take.time)
    ratio = size / usual[:, 2]
    away = np.linalg.norm(middle - usual[:, :2], axis=1) / usual[:, 2]
    from_end = np.minimum(take.time - take.time[0], take.time[-1] - take.time)
    odd = seen & ((ratio < 1 / SIZE) | (ratio > SIZE) | (away > np.where(from_end < AROUND, AT_ENDS, AWAY)))
    if not odd.any():
        return take
    return replace(take, body=replace(take.body, confidence=np.where(odd[:, None], 0.0, take.body.confidence)))


def _medians(values: np.ndarray, time: np.ndarray) -> np.ndarray:
    """The median of what is known around each sample, (T, C); NaN where too little is. values: (T, C)."""
    reach = max(1, int(round(AROUND * signals.rate(time))))
    padded = np.pad(values, ((reach, reach), (0, 0)), constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    enough = np.isfinite(around[:, 0]).sum(-1) >= FEWEST
    result = np.full(values.shape, np.nan)
    if enough.any():
        result[enough] = np.nanmedian(around[enough], axis=-1)
    return result
