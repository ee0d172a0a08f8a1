"""Where a person is in pictures, pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from .mediapipe import MediaPipe, _picture

MAYBE = 0.2  # of an outline's certainty, above which a pixel may be the person's


def outlines(pictures: Iterable[np.ndarray], networks: dict) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each picture with what of it may be the person, (H, W) bool; nothing of those in which nobody is found.

    pictures: (H, W, 3) uint8. networks: as models.find gives them.
    """
    with MediaPipe(networks)._task("Pose", num_poses=1, output_segmentation_masks=True) as network:
        for rgb in pictures:
            answer = network.detect(_picture(rgb))
            if answer.segmentation_masks:
                yield rgb, np.array(answer.segmentation_masks[0].numpy_view()).squeeze() > MAYBE
