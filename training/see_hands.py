"""Run MediaPipe's hand network over rendered hands, as the detector does once it has found a hand.

    python -m understudy.training.see_hands FOLDER ...

Leaves FOLDER/seen.npz beside truth.npz, with n pictures: image (n, 21, 3) px, world (n, 21, 3) m in our axes (x to the
right, y away, z up), both NaN where no hand was found, and sides (n,) that the network took them for.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from ..solvers import models
from ..solvers.detectors import crops
from ..solvers.detectors.mediapipe import MediaPipe
from ..solvers.names import HAND_POINTS

# The wrist and three joints a finger among the 21 points.
JOINTS = [k for k, name in enumerate(HAND_POINTS) if not name.endswith("4")]
LOOKS = 2  # at every hand: about where it is known to be, then about what was seen there


def see(folder: Path, detector: MediaPipe, random: np.random.Generator) -> None:
    """Look at all pictures of a folder, each by itself."""
    truth = np.load(folder / "truth.npz")
    count = len(truth["names"])
    image, world = np.full((2, count, len(HAND_POINTS), 3), np.nan)
    sides = np.full(count, "", "U5")
    for index, name in enumerate(truth["names"]):
        rgb = cv2.cvtColor(cv2.imread(str(folder / str(name))), cv2.COLOR_BGR2RGB)
        points = np.repeat(truth["picture"][index][:1], len(HAND_POINTS), 0)
        points[JOINTS] = truth["picture"][index] + random.normal(0, 0.05 * np.ptp(truth["picture"][index], 0).max(), 2)
        for _ in range(LOOKS):
            found = detector._hands_within(rgb, crops.hand_square(points), detector._hand_here)
            if not found:
                break
            points = found[0].points.image[:, :2]
        if found:
            image[index], world[index], sides[index] = found[0].points.image, found[0].points.world, found[0].label
    np.savez(folder / "seen.npz", image=image, world=world, sides=sides)


def main(folders: list[str]) -> None:
    """Look at all folders that were not looked at yet."""
    with MediaPipe(models.find()) as detector:
        for folder in map(Path, folders):
            if not (folder / "seen.npz").exists():
                see(folder, detector, np.random.default_rng(0))


if __name__ == "__main__":
    main(sys.argv[1:])
