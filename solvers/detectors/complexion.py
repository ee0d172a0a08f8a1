"""The face in a picture as a small portrait that looks into the camera, for what points do not carry."""

from __future__ import annotations

import numpy as np

from ..face.cues import SIDE, CueWeights, places, weights
from ..take import PORTRAIT

SMALLEST = 40.0  # px of a face's width below which there is nothing to see
MARGIN = 4  # px about the face that are cut out with it


def portrait(rgb: np.ndarray, points: np.ndarray, learned: CueWeights | None = None) -> np.ndarray:
    """A portrait (3/2 SIDE, SIDE) uint8 as cues.colours reads it; all 0 where the face is too small.

    rgb: (H, W, 3) uint8. points: (478, 2 or 3) px. learned: None is what is shipped.
    """
    import cv2

    learned, points = learned or weights(), np.asarray(points, float)[:, :2]
    width = np.ptp(points[:, 0])
    if not width >= SMALLEST:
        return np.zeros(PORTRAIT, np.uint8)
    spots = places(points, learned)
    edge = np.array([rgb.shape[1], rgb.shape[0]])
    low = np.clip(np.floor(np.nanmin(spots, 0)) - MARGIN, 0, edge - 1).astype(int)
    high = np.clip(np.ceil(np.nanmax(spots, 0)) + MARGIN, low + 1, edge).astype(int)
    piece, spots = rgb[low[1] : high[1], low[0] : high[0]], spots - low
    scale = min(1.0, SIDE / width)
    if scale < 1:
        wide, tall = np.maximum(np.round((high - low) * scale), 1).astype(int).tolist()
        spots = (spots + 0.5) * [wide, tall] / (high - low) - 0.5
        piece = cv2.resize(piece, (wide, tall), interpolation=cv2.INTER_AREA)
    across, down = np.nan_to_num(spots, nan=-1e4).astype(np.float32).T.reshape(2, SIDE, SIDE)
    seen = cv2.remap(piece, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen[np.isnan(spots[:, 0]).reshape(SIDE, SIDE)] = 0
    return cv2.cvtColor(seen, cv2.COLOR_RGB2YUV_I420)
