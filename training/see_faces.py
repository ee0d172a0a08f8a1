"""Run MediaPipe's face network over rendered heads.

    python -m understudy.training.see_faces TASK OUT_NAME FOLDER ...

TASK is a face_landmarker bundle. Leaves FOLDER/OUT_NAME.npz: points (n, 478, 3) px in our axes (x to the right, y away,
z up), NaN where no face was found; scores (n, 52), NaN where the bundle has no blendshape network.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import cv2
import numpy as np

from ..solvers.names import EXPRESSION, EXPRESSIONS


def see(task: str, name: str, folders: list[Path]) -> None:
    """Look at all pictures of the folders, each by itself."""
    os.environ |= dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")  # no telemetry
    for variable in ("NO_PROXY", "no_proxy"):
        os.environ.pop(variable, None)
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(BaseOptions(model_asset_path=task), output_face_blendshapes=name == "scored")
    with vision.FaceLandmarker.create_from_options(options) as network:
        for folder in folders:
            pictures = sorted(folder.glob("*.jpg"))
            points = np.full((len(pictures), 478, 3), np.nan, np.float32)
            scores = np.full((len(pictures), len(EXPRESSIONS)), np.nan, np.float32)
            for index, picture in enumerate(pictures):
                image = cv2.cvtColor(cv2.imread(str(picture)), cv2.COLOR_BGR2RGB)
                found = network.detect(mediapipe.Image(mediapipe.ImageFormat.SRGB, image))
                if not found.face_landmarks:
                    continue
                size = image.shape[1]
                points[index] = [(p.x * size, p.z * size, -p.y * size) for p in found.face_landmarks[0]]
                for score in found.face_blendshapes[0] if found.face_blendshapes else ():
                    if score.category_name in EXPRESSION:
                        scores[index, EXPRESSION[score.category_name]] = score.score
            np.savez(folder / f"{name}.npz", points=points, scores=scores)


if __name__ == "__main__":
    see(sys.argv[1], sys.argv[2], [Path(p) for p in sys.argv[3:]])
