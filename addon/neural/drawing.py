"""Skeletons in OpenPose's colours, as ControlNets and their kin were taught to read them. No bpy.

Orders, pairs and colours: OpenPose's COCO model of 18 points, its hands of 21 (github.com/CMU-Perceptual-Computing-Lab/
openpose, doc/02_output.md), drawn as ControlNet's annotator does: limbs as ellipses at 0.6 of their colour.
"""

from __future__ import annotations

import colorsys

import numpy as np

BODY = (
    "nose", "neck", "rightUpperArm", "rightLowerArm", "rightHand", "leftUpperArm", "leftLowerArm", "leftHand",
    "rightUpperLeg", "rightLowerLeg", "rightFoot", "leftUpperLeg", "leftLowerLeg", "leftFoot", "rightEye", "leftEye",
    "rightEar", "leftEar",
)  # fmt: skip
LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
    (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
COLORS = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0), (0, 255, 85),
    (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255), (170, 0, 255),
    (255, 0, 255), (255, 0, 170), (255, 0, 85),
)  # fmt: skip
HAND = tuple((0 if k == root else k - 1, k) for root in range(1, 21, 4) for k in range(root, root + 4))
POINT_COLOR, FACE_COLOR = (0, 0, 255), (255, 255, 255)
DIM = 0.6  # of a limb's colour under its points
STROKE = 4 / 512  # of the picture's shorter side: half a limb's width, where ControlNet's pictures have 512


def skeleton(size: tuple[int, int], body: np.ndarray, hands: list[np.ndarray], face: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3) of a skeleton on black.

    size: (W, H) px. body: (18, 2) px in the order of BODY, NaN where there is no point. hands: left and right, each
    (21, 2) px. face: (F, 2) px.
    """
    import cv2

    picture = np.zeros((size[1], size[0], 3), np.uint8)
    width = max(2, round(STROKE * min(size)))
    for color, (a, b) in zip(COLORS, LIMBS, strict=False):
        if np.isfinite(body[[a, b]]).all():
            _limb(picture, body[a], body[b], width, tuple(round(DIM * part) for part in color))
    for color, point in zip(COLORS, body, strict=True):
        _dot(picture, point, width, color)
    for hand in hands:
        for number, (a, b) in enumerate(HAND):
            if np.isfinite(hand[[a, b]]).all():
                color = tuple(round(255 * part) for part in colorsys.hsv_to_rgb(number / len(HAND), 1.0, 1.0))
                ends = [tuple(map(round, point.tolist())) for point in hand[[a, b]]]
                cv2.line(picture, *ends, color, max(1, width // 2), cv2.LINE_AA)
        for point in hand:
            _dot(picture, point, max(1, width // 2), POINT_COLOR)
    for point in face:
        _dot(picture, point, max(1, width // 2), FACE_COLOR)
    return picture


def keypoints(body: np.ndarray, hands: list[np.ndarray], face: np.ndarray) -> dict:
    """The same as OpenPose writes it: flat lists of x, y, 1, and 0, 0, 0 for what there is not. See `skeleton`."""
    names = ("pose_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d", "face_points_2d")
    return {name: _flat(points) for name, points in zip(names, (body, *hands, face), strict=True)}


def _flat(points: np.ndarray) -> list[float]:
    there = np.isfinite(points).all(1)
    return np.round(np.column_stack([np.where(there[:, None], points, 0), there]), 2).ravel().tolist()


def _limb(picture: np.ndarray, a: np.ndarray, b: np.ndarray, width: int, color: tuple) -> None:
    import cv2

    middle, along = (a + b) / 2, b - a
    axes = (max(1, round(np.linalg.norm(along) / 2)), width)
    angle = round(np.degrees(np.arctan2(along[1], along[0])))
    outline = cv2.ellipse2Poly(tuple(map(round, middle.tolist())), axes, angle, 0, 360, 1)
    cv2.fillConvexPoly(picture, outline, color, cv2.LINE_AA)


def _dot(picture: np.ndarray, point: np.ndarray, radius: int, color: tuple) -> None:
    import cv2

    if np.isfinite(point).all() and (np.abs(point) < 1e5).all():
        cv2.circle(picture, tuple(map(round, point.tolist())), radius, color, -1, cv2.LINE_AA)
