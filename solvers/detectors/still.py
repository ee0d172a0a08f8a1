"""What the networks see in a still picture: the face, the body and its outline. Paintings are looked at more kindly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import crops
from .mediapipe import MediaPipe, _body, _in_picture, _picture

KINDLY = 0.2  # score with which a painted face counts as one; the networks' own default is 0.5
LARGE, LARGEST = 640, 2048  # px, to which the shorter and the longer side of smaller pictures are enlarged at most
HEAD_REACH = 1.6  # half side of the square about a head, in extents of the body's eleven head points


@dataclass(frozen=True)
class Seen:
    """What was seen in a picture of (H, W) px; None where there is nothing.

    face: (478, 3) px, depth away. body: (33, 2) px and visible (33,) 0..1. outline: (H, W) 0..1, how surely a pixel
    belongs to a person.
    """

    face: np.ndarray | None = None
    body: np.ndarray | None = None
    visible: np.ndarray | None = None
    outline: np.ndarray | None = None


def look(rgb: np.ndarray, networks: dict) -> Seen:
    """Look at a picture.

    rgb: (H, W, 3) uint8. networks: as models.find gives them.
    """
    import cv2

    scale = max(1.0, min(LARGE / min(rgb.shape[:2]), LARGEST / max(rgb.shape[:2])))
    large = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC) if scale > 1 else rgb
    with MediaPipe(networks) as detector:
        person, outline = _person(detector, large)
        face = _face(detector, large, person)
    if outline is not None:
        outline = cv2.resize(outline, rgb.shape[1::-1], interpolation=cv2.INTER_AREA)
    body = None if person is None else person.image[:, :2] / scale
    visible = None if person is None else person.confidence
    return Seen(None if face is None else face / scale, body, visible, outline)


def _person(detector: MediaPipe, rgb: np.ndarray):
    with detector._task("Pose", num_poses=1, output_segmentation_masks=True) as network:
        answer = network.detect(_picture(rgb))
        if not answer.pose_landmarks:
            return None, None
        height, width = rgb.shape[:2]
        body = _body(answer.pose_landmarks[0], answer.pose_world_landmarks[0], width, height)
        return body, np.array(answer.segmentation_masks[0].numpy_view()).squeeze()


def _face(detector: MediaPipe, rgb: np.ndarray, person) -> np.ndarray | None:
    """(478, 3) px of the face, looked for where the body has the head, then everywhere, then kindly."""
    squares = [None]
    if person is not None:
        head = person.image[:11, :2]
        squares.insert(0, crops.Square(head.mean(0), HEAD_REACH * max(np.ptp(head, axis=0).max(), 8.0)))
    gentle = {"min_face_detection_confidence": KINDLY, "min_face_presence_confidence": KINDLY}
    for options in ({}, gentle):
        with detector._task("Face", **options) as network:
            for square in squares:
                piece, matrix = crops.cut(rgb, square)
                answer = network.detect(_picture(piece))
                if answer.face_landmarks:
                    return _in_picture(answer.face_landmarks[0], piece, matrix)
    return None
