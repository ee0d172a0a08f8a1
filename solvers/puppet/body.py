"""Trunk and head in one sheet, with the face's lines kept in it and its depth."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from . import parts, skeleton2d, weave
from .face import EYES, Face, field
from .puppet import Sheet
from .skeleton2d import JOINTS

WEAVE = 70  # triangles along the longer side of a body
FINE = 16  # triangles between the eyes


def in_depth(face: Face) -> Face:
    """The face moved so that depth 0 is that of the ears, where the head turns."""
    points = face.points.copy()
    points[:, 2] += -points[face.visible, 2].min() - 1.25 * face.eye
    return replace(face, points=points)


def body_sheet(size: tuple[int, int], wide: np.ndarray, places: dict, face: Face | None, cut: bool) -> Sheet:
    """Trunk and head in one sheet: the face's lines are kept in it, eyes are holes, the lips are parted."""
    step = max(size) / WEAVE
    if face is None:
        points = np.concatenate(
            [rim := weave.outline(wide, step), weave.apart(weave.grid(wide, step), rim, 0.5 * step)]
        )
        lower = np.zeros(len(points), bool)
        faces = weave.triangles(points)
    else:
        points, lower = _face_points(wide, step, face)
        faces = weave.triangles(face.opened(points, lower))
        faces = faces[~_holes(points, lower, faces, face)]
    faces = faces[weave.covered(wide, points, faces)]
    kept, faces = weave.tidy(faces, len(points))
    points, lower = points[kept], lower[kept]
    if face is None:
        reach, chin = np.linalg.norm(places["HeadTip"] - places["head"]), places["head"]
    else:
        reach, chin = 1.6 * face.eye, face.chin
    weights = skeleton2d.trunk_weights(points, places, size, cut, reach, chin)
    depth = np.zeros(len(points)) if face is None else _relief(points, weights, face, wide)
    shapes = {} if face is None else field(face, points, lower)
    return Sheet("body", "under", np.column_stack([points, depth]), points / size, faces, weights, shapes)


def _face_points(wide: np.ndarray, step: float, face: Face) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 2) px of a sheet with a face, and which of them are below the lips' split."""
    fine = min(step, face.eye / FINE)
    upper, low = (weave.smoothed(line, 41) for line in (face.upper, face.lower))
    rings = [np.concatenate([weave.smoothed(a, 25), weave.smoothed(b, 25)[1:-1]]) for a, b in map(face.eye_ring, EYES)]
    lines = np.concatenate([*rings, *(face.shade(side) for side in EYES)])
    near = cv2.convexHull(((face.oval - face.oval.mean(0)) * 1.15 + face.oval.mean(0)).astype(np.float32))
    area = cv2.fillConvexPoly(np.zeros(wide.shape, np.uint8), near.astype(np.int32), 1) > 0
    lips = np.concatenate([upper, low])
    rim = weave.outline(wide, step)
    inner = weave.apart(weave.grid(area & wide, fine), np.concatenate([lines, lips]), 0.7 * fine)
    outer = weave.apart(weave.grid(wide & ~area, step), np.concatenate([rim, inner]), 0.6 * step)
    rim = weave.apart(rim, lines, 0.5 * fine)
    free = np.concatenate([inner, outer, rim, lines])
    points = np.concatenate([free, upper, low[1:-1]])
    local = (free - face.centre) @ face.axes.T
    below = local[:, 1] > np.interp(local[:, 0], *face._split)
    return points, np.concatenate([below, np.zeros(len(upper), bool), np.ones(len(low) - 2, bool)])


def _holes(points: np.ndarray, lower: np.ndarray, faces: np.ndarray, face: Face) -> np.ndarray:
    """Which triangles (F,) lie in an eye or between the lips."""
    hole = np.zeros(len(faces), bool)
    for side in EYES:
        if face.gap(side) > parts.LEAST_GAP * face.eye:
            a, b = face.eye_ring(side)
            ring = np.concatenate([weave.smoothed(a, 25), weave.smoothed(b, 25)[::-1]])
            hole |= weave.in_polygon(points[faces].mean(1), ring)
    upper, low = (weave.smoothed(line, 41) for line in (face.upper, face.lower))
    apart = face.opened(np.concatenate([upper, low]), np.repeat([False, True], 41))
    ring = np.concatenate([apart[:41], apart[41:][::-1]])
    return hole | weave.in_polygon(face.opened(points, lower)[faces].mean(1), ring)


def _relief(points: np.ndarray, weights: np.ndarray, face: Face, wide: np.ndarray) -> np.ndarray:
    """(N,) px of depth: the face's own, rising to the back of the head at its outline, flat below the neck."""
    head = weights[:, JOINTS.index("head")]
    rim = weave.outline(wide, face.eye / 3)
    span = np.linalg.norm(rim - face.oval.mean(0), axis=1)
    rim = rim[(span < 4 * face.eye) & (rim[:, 1] < face.chin[1] + 0.3 * face.eye)]
    used = face.points[:468][face.visible[:468]]
    rim = weave.apart(rim, used[:, :2], 0.25 * face.eye)
    sites = np.concatenate([used[:, :2], rim]) / face.eye
    values = np.concatenate([np.minimum(used[:, 2], 0), np.full(len(rim), 0.15 * face.eye)])
    sites, keep = np.unique(np.round(sites, 3), axis=0, return_index=True)
    plate = RBFInterpolator(sites, values[keep], kernel="linear", smoothing=0.02)
    depth = np.zeros(len(points))
    near = head > 0
    depth[near] = np.clip(plate(points[near] / face.eye), -2 * face.eye, 0.3 * face.eye) * head[near]
    return depth
