"""How a head stands before the camera, from the face's landmarks alone."""

from __future__ import annotations

import numpy as np

# Landmark, weight, and place on MediaPipe's canonical face (cm; x to the performer's left, y up, z out of the face):
# its geometry_pipeline_metadata_landmarks (Apache-2.0, The MediaPipe Authors), points that expression hardly moves.
CANONICAL = np.array(
    [
        (4, 0.07091, 0.0000, -0.4632, 7.5866),
        (6, 0.03210, 0.0000, 2.4733, 5.7886),
        (10, 0.00845, 0.0000, 8.2618, 4.4815),
        (33, 0.05872, -4.4459, 2.6640, 3.1734),
        (54, 0.00767, -6.2793, 6.6154, 1.4259),
        (67, 0.00908, -3.5240, 8.0060, 3.7292),
        (117, 0.00979, -5.2587, 0.9458, 2.9743),
        (119, 0.01457, -3.3007, 0.8616, 3.8728),
        (121, 0.01859, -1.8207, 1.4680, 4.2241),
        (127, 0.00520, -7.7431, 2.3650, -2.0052),
        (129, 0.12063, -1.7858, -0.9783, 4.8505),
        (132, 0.00556, -7.2709, -2.8909, -2.2525),
        (133, 0.05329, -1.8564, 2.5852, 3.7579),
        (136, 0.06689, -5.0853, -7.1786, 0.7147),
        (143, 0.01482, -6.4076, 2.2360, 1.5608),
        (147, 0.01426, -6.2349, -1.9444, 1.6635),
        (198, 0.02546, -1.2468, 0.2303, 5.6810),
        (205, 0.04725, -3.8329, -1.5373, 4.1377),
        (263, 0.05872, 4.4459, 2.6640, 3.1734),
        (284, 0.00767, 6.2793, 6.6154, 1.4259),
        (297, 0.00908, 3.5240, 8.0060, 3.7292),
        (346, 0.00979, 5.2587, 0.9458, 2.9743),
        (348, 0.01457, 3.3007, 0.8616, 3.8728),
        (350, 0.01859, 1.8207, 1.4680, 4.2241),
        (356, 0.00520, 7.7431, 2.3650, -2.0052),
        (358, 0.12063, 1.7858, -0.9783, 4.8505),
        (361, 0.00556, 7.2709, -2.8909, -2.2525),
        (362, 0.05329, 1.8564, 2.5852, 3.7579),
        (365, 0.06689, 5.0853, -7.1786, 0.7147),
        (372, 0.01482, 6.4076, 2.2360, 1.5608),
        (376, 0.01426, 6.2349, -1.9444, 1.6635),
        (420, 0.02546, 1.2468, 0.2303, 5.6810),
        (425, 0.04725, 3.8329, -1.5373, 4.1377),
    ]
)
POINTS = CANONICAL[:, 0].astype(int)
WEIGHTS = CANONICAL[:, 1] / CANONICAL[:, 1].sum()
# In our axes (x to the performer's left, y into the head, z up), m.
FACE = CANONICAL[:, [2, 4, 3]] * [0.01, -0.01, 0.01]
# The camera that MediaPipe assumes where none is known (vertical field of view, face_geometry's default), degrees.
VERTICAL_VIEW = 63.0


def head_of(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The head's place before the camera, by a weighted similarity between the canonical face and the landmarks.

    image: (478, 3) px, px, depth in px. size: (width, height) px of the picture.
    Result (4, 4) face to camera, m, x right, y away, z up; identity rotation looks into the camera, that is along the
    ray on which the face is seen, since landmarks know no perspective. The distance holds for VERTICAL_VIEW.
    Source: Umeyama, Least-squares estimation of transformation parameters, PAMI 1991, eq. 40 to 43.
    """
    seen = image[POINTS][:, [0, 2, 1]] * [1, 1, -1]
    centre, middle = WEIGHTS @ seen, WEIGHTS @ FACE
    u, spread, vt = np.linalg.svd(((seen - centre) * WEIGHTS[:, None]).T @ (FACE - middle))
    proper = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u * proper @ vt
    scale = spread @ proper / (WEIGHTS @ ((FACE - middle) ** 2).sum(1))  # px per m
    origin = centre - scale * rotation @ middle
    width, height = size
    focal = height / 2 / np.tan(np.radians(VERTICAL_VIEW / 2))
    head = np.eye(4)
    head[:3, :3] = rotation
    head[:3, 3] = (origin[0] - width / 2) / scale, focal / scale, (origin[2] + height / 2) / scale
    return head
