"""MediaPipe's face network on single pictures of faces, which fill them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..names import FACE_POINT_COUNT


def face_points(network: Path, pictures: Iterable[np.ndarray]):
    """The face's points in each picture, (478, 3) px in our axes (x to the right, y away, z up); NaN where none is.

    network: path of a face bundle. pictures: rgb (H, W, 3) uint8. Raises ModelError where the bundle is unfit.
    """
    from mediapipe.tasks.python import vision

    from .mediapipe import _base, _blamed, _picture

    with _blamed(network) as found:
        options = vision.FaceLandmarkerOptions(base_options=_base(found.read_bytes()))
        task = vision.FaceLandmarker.create_from_options(options)
    with task:
        for rgb in pictures:
            seen = task.detect(_picture(rgb)).face_landmarks
            points = np.array([(p.x, p.y, p.z) for p in seen[0]]) if seen else np.full((FACE_POINT_COUNT, 3), np.nan)
            width, height = rgb.shape[1], rgb.shape[0]
            yield (points * [width, height, width])[:, [0, 2, 1]] * [1, 1, -1]
