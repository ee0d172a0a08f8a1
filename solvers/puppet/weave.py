"""Sheets are woven: points over a mask and along lines that must be kept, joined to triangles."""

from __future__ import annotations

import numpy as np
from scipy.spatial import Delaunay, cKDTree


def grid(mask: np.ndarray, step: float) -> np.ndarray:
    """Points (N, 2) px of a triangular grid inside a mask (H, W). step: px."""
    height, width = mask.shape
    rows = np.arange(0, height + step, step * np.sqrt(3) / 2)
    lines = [np.arange(step / 2 * (row % 2), width + step, step) for row in range(len(rows))]
    points = np.concatenate(
        [np.column_stack([line, np.full_like(line, y)]) for line, y in zip(lines, rows, strict=True)]
    )
    inside = points[(points[:, 0] <= width - 1) & (points[:, 1] <= height - 1)]
    return inside[within(mask, inside)]


def within(mask: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Which points (N, 2) px lie in a mask (H, W)."""
    x, y = np.clip(np.round(points).astype(int), 0, np.array(mask.shape[::-1]) - 1).T
    return mask[y, x] > 0


def outline(mask: np.ndarray, step: float) -> np.ndarray:
    """Points (N, 2) px along all edges of a mask (H, W), so many px apart."""
    import cv2

    lines, _ = cv2.findContours(np.pad(mask.astype(np.uint8), 1), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    return np.concatenate([along(line[:, 0, :].astype(float) - 1, step, closed=True) for line in lines if len(line) > 2]
                          or [np.zeros((0, 2))])  # fmt: skip


def along(line: np.ndarray, step: float, closed: bool = False) -> np.ndarray:
    """Points (N, 2) evenly spaced along a line, its ends among them. line: (K, 2). step: px at most."""
    line = np.concatenate([line, line[:1]]) if closed else line
    way = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    if way[-1] <= 0:
        return line[:1]
    places = np.linspace(0, way[-1], max(2, int(np.ceil(way[-1] / step)) + 1))
    if closed:
        places = places[:-1]
    return np.column_stack([np.interp(places, way, line[:, k]) for k in (0, 1)])


def smoothed(line: np.ndarray, count: int) -> np.ndarray:
    """A smooth line (count, 2) through points (K, 2) in order (a natural cubic spline over their way)."""
    from scipy.interpolate import CubicSpline

    way = np.concatenate([[0], np.cumsum(np.maximum(np.linalg.norm(np.diff(line, axis=0), axis=1), 1e-3))])
    return CubicSpline(way, line, bc_type="natural")(np.linspace(0, way[-1], count))


def apart(points: np.ndarray, kept: np.ndarray, least: float) -> np.ndarray:
    """The points (N, 2) that are not nearer than so many px to any of those that are kept (K, 2)."""
    if not len(kept) or not len(points):
        return points
    return points[cKDTree(kept).query(points)[0] > least]


def triangles(points: np.ndarray) -> np.ndarray:
    """(F, 3) of a Delaunay triangulation. points: (N, 2)."""
    return Delaunay(points, qhull_options="QJ Pp").simplices


def in_polygon(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Which points (N, 2) lie inside a polygon (K, 2)."""
    x, y = points.T
    inside = np.zeros(len(points), bool)
    for (ax, ay), (bx, by) in zip(polygon, np.roll(polygon, -1, 0), strict=True):
        crosses = (ay > y) != (by > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= crosses & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return inside


def covered(mask: np.ndarray, points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Which triangles (F,) lie in a mask: their middle does, or two of the middles of their sides."""
    corners = points[faces]
    middle = within(mask, corners.mean(1))
    sides = sum(within(mask, (corners[:, k] + corners[:, k - 1]) / 2).astype(int) for k in range(3))
    return middle | (sides >= 2)


def tidy(used: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The indices of points that triangles use, and the triangles in these. used: (F, 3); count: of points."""
    kept = np.unique(used)
    place = np.full(count, -1)
    place[kept] = np.arange(len(kept))
    return kept, place[used]
