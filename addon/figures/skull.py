"""The form of a head without lids and lips: a signed distance field of smoothly joined eggs, balls and capsules.

The primitives and the smooth union are those of I. Quilez, https://iquilezles.org/articles/distfunctions (ellipsoid,
capsule) and https://iquilezles.org/articles/smin (quadratic polynomial).  All lengths are shares of the head's height.
"""

from __future__ import annotations

import numpy as np

from .headstyle import HeadStyle

MIDDLE = 0.05  # from the middle line to where the two halves of a face have flowed into each other
LID = 1.07  # radius of the open lids' outside, in radii of the eyeball


def ellipsoid(p: np.ndarray, centre, radii) -> np.ndarray:
    """Distance to an ellipsoid, first order. p: (N, 3); centre, radii: (3,). Returns (N,)."""
    q = (p - np.asarray(centre)) / np.asarray(radii)
    a = np.linalg.norm(q, axis=1)
    b = np.linalg.norm(q / np.asarray(radii), axis=1)
    return a * (a - 1.0) / np.maximum(b, 1e-9)


def capsule(p: np.ndarray, start, end, radius: float, radius_end: float | None = None) -> np.ndarray:
    """Distance to a capsule whose radius goes from one end's to the other's. p: (N, 3). Returns (N,)."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    axis = end - start
    h = np.clip((p - start) @ axis / (axis @ axis), 0.0, 1.0)
    r = radius + h * ((radius if radius_end is None else radius_end) - radius)
    return np.linalg.norm(p - start - h[:, None] * axis, axis=1) - r


def union(a: np.ndarray, b: np.ndarray, k: float) -> np.ndarray:
    """Smooth minimum of two distances over the width k."""
    h = np.maximum(k - np.abs(a - b), 0.0) / k
    return np.minimum(a, b) - h * h * k * 0.25


def carve(a: np.ndarray, b: np.ndarray, k: float) -> np.ndarray:
    """What is in a but not in b, with an edge as wide as k."""
    return -union(-a, b, k)


def _halved(x: np.ndarray, width: float) -> np.ndarray:
    """|x| with a round bottom from -width to width, so that what is mirrored meets its image without an edge.

    A quartic with |x|'s value, slope and curvature at both ends. x: (N,).
    """
    t = np.minimum(np.abs(x) / width, 1.0)
    return np.where(t < 1, width * (0.375 + 0.75 * t**2 - 0.125 * t**4), np.abs(x))


def distance(style: HeadStyle, points: np.ndarray) -> np.ndarray:
    """Signed distance to the skin, negative inside. points: (N, 3) shares of the height. Returns (N,)."""
    s, whole, p = style, points, np.array(points, float)
    p[:, 0] = _halved(p[:, 0], MIDDLE)
    d = ellipsoid(whole, (0, *s.cranium_centre), s.cranium)
    d = union(d, ellipsoid(whole, (0, *s.face_centre), s.face), 0.10 * s.softness)
    chin_y, chin_z, chin_r = s.chin
    d = union(
        d,
        capsule(p, s.jaw_corner, (s.chin_width, chin_y + 0.02, chin_z), s.jaw_radius, chin_r * 0.9),
        0.09 * s.softness,
    )
    chin = capsule(whole, (-s.chin_width, chin_y, chin_z), (s.chin_width, chin_y, chin_z), chin_r)
    d = union(d, chin, 0.08 * s.softness)
    d = union(d, ellipsoid(p, s.cheek[:3], (s.cheek[3], s.cheek[3], s.cheek[3] * 0.8)), 0.08 * s.softness)
    d = union(d, ellipsoid(whole, (0, *s.muzzle_centre), s.muzzle), 0.07 * s.softness)
    xi, xo, yi, yo, z, r = s.brow_ridge
    d = union(d, capsule(p, (xi, yi, z), (xo, yo, z), r), 0.07 * s.softness)
    radius, y, length = s.neck
    d = union(d, capsule(whole, (0, y + 0.02, -length - 0.5), (0, y, 0.15), radius), 0.06 * s.softness)
    return _nose_and_eye(s, whole, p, d)


def _nose_and_eye(s: HeadStyle, whole: np.ndarray, p: np.ndarray, d: np.ndarray) -> np.ndarray:
    """The field d with the sockets, the nose and the balls under the lids. p: the points folded onto the left half."""
    depth, radius = s.socket
    x, y, z = s.eye
    hollow = ellipsoid(
        p, (x * 0.97, y - s.eye_radius * LID - 0.55 * radius, z), (radius, radius * 0.55 + depth, radius * 0.72)
    )
    d = carve(d, hollow, 0.06)
    tip, wing = s.nose_tip, s.nose_wing
    nose = capsule(
        whole,
        (0, s.nose_bridge[0], s.nose_bridge[1]),
        (0, tip[0] + tip[2] * 0.3, tip[1]),
        s.nose_bridge[2],
        tip[2] * 0.8,
    )
    nose = union(nose, ellipsoid(whole, (0, tip[0], tip[1]), (tip[2] * 1.1, tip[2], tip[2] * 0.9)), 0.03)
    nose = union(nose, ellipsoid(p, wing[:3], (wing[3] * 0.85, wing[3] * 1.3, wing[3] * 0.9)), 0.018)
    d = union(d, nose, 0.04)
    return union(d, np.linalg.norm(p - np.asarray(s.eye), axis=1) - s.eye_radius * LID, 0.014 * s.softness**2.4)


def gradient(style: HeadStyle, points: np.ndarray) -> np.ndarray:
    """Gradient of the distance by central differences. points: (N, 3). Returns (N, 3), not normalised."""
    step = 1e-4
    result = np.empty_like(points)
    for axis in range(3):
        offset = np.zeros(3)
        offset[axis] = step
        result[:, axis] = (distance(style, points + offset) - distance(style, points - offset)) / (2 * step)
    return result


def project(style: HeadStyle, points: np.ndarray, iterations: int = 4) -> np.ndarray:
    """Move points onto the skin along the field's gradient. points: (N, 3). Returns (N, 3)."""
    p = np.array(points, float)
    for _ in range(iterations):
        g = gradient(style, p)
        p -= np.clip(distance(style, p), -0.05, 0.05)[:, None] * g / np.maximum((g * g).sum(1), 0.05)[:, None]
    return p


def cast(style: HeadStyle, origins: np.ndarray, directions: np.ndarray, reach: float = 1.2) -> np.ndarray:
    """First points of the skin seen from outside, looking from origin + reach * direction back to the origin.

    origins, directions (unit): (N, 3). Returns (N, 3); a ray that meets nothing ends at its origin.
    """
    t = np.full(len(origins), reach)
    for _ in range(80):
        d = distance(style, origins + t[:, None] * directions)
        t = np.clip(t - 0.7 * d, 0.0, reach)
        if np.all((np.abs(d) < 1e-7) | (t <= 0.0)):
            break
    return origins + t[:, None] * directions


def front(style: HeadStyle, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Points of the face's front at given x and z. x, z: (N,). Returns (N, 3)."""
    x, z = np.broadcast_arrays(np.asarray(x, float), np.asarray(z, float))
    origins = np.stack([x, np.zeros_like(x), z], 1)
    return cast(style, origins, np.broadcast_to(np.array([0.0, -1.0, 0.0]), origins.shape))
