"""A made-up face for tests: the average face of the shipped weights, moved and turned at will."""

from dataclasses import replace

import numpy as np
from understudy.solvers.face import blinks, gaze, skull
from understudy.solvers.motion import rotations
from understudy.solvers.names import FACE_POINT_COUNT
from understudy.solvers.take import Landmarks, Take

TIME = np.arange(90) / 30
SIZE = (1280, 720)
EYES = 120.0  # px between the eyes


def neutral():
    """The average face (1, 478, 3) in head axes, in eye distances; points that the weights do not use are at 0."""
    learned = skull.weights()
    face = np.zeros((1, FACE_POINT_COUNT, 3))
    face[:, learned.points] = learned.reference
    return face


def moved(indices, offset, amount):
    """The average face over time (T, 478, 3) with some points moved. offset: (3,) eye distances; amount: (T,)."""
    face = np.repeat(neutral(), len(amount), 0)
    face[:, list(indices)] += np.asarray(amount)[:, None, None] * np.array(offset, float)
    return face


def take_of(face, turn=None, middle=(SIZE[0] / 2, SIZE[1] / 2), seen=None, scores=None):
    """A take that shows this face.

    face: (T or 1, 478, 3); turn: (T, 4) wxyz; middle: px; seen: (T,) bool; scores: (T, 52).
    """
    face = np.broadcast_to(face, (len(TIME), *face.shape[1:]))
    turn = np.tile(rotations.IDENTITY, (len(TIME), 1)) if turn is None else turn
    points = rotations.rotate(turn[:, None], face * EYES)
    for iris, corners in zip(gaze.IRISES, blinks.CORNERS, strict=True):  # the network sees irises too near
        points[:, iris, 1] -= gaze.NEARER * EYES * np.linalg.norm(np.subtract(*neutral()[0, list(corners)]))
    points -= points[:, [33, 133, 362, 263, 1]].mean(1, keepdims=True)
    image = np.stack([points[..., 0], -points[..., 2], points[..., 1] / skull.DEPTH], -1) + np.array([*middle, 0])
    seen = np.ones(len(TIME), bool) if seen is None else seen
    image[~seen] = np.nan
    empty = Take.empty(TIME, SIZE)
    marks = Landmarks(image, np.full_like(image, np.nan), np.repeat(seen[:, None] * 1.0, FACE_POINT_COUNT, 1))
    return replace(empty, face=marks, expressions=empty.expressions if scores is None else scores)
