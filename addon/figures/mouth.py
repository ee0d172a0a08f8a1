"""What is inside the mouth: two rows of teeth with their gums, and the tongue; in shares of the head's height."""

from __future__ import annotations

import numpy as np

from . import skull
from .headstyle import HeadStyle
from .part import Part
from .shapes import turned

UPPER, LOWER = 0.92, 0.78  # widths of the two rows, of the mouth's: the lower one fits into the upper one


def _contact(style: HeadStyle) -> np.ndarray:
    """(3,) the middle of the line where the lips meet."""
    return skull.front(style, np.array([0.0]), np.array([style.mouth]))[0]


def _jaw_shapes(style: HeadStyle, points: np.ndarray, weight: float = 1.0) -> dict[str, np.ndarray]:
    """How a part fixed to the jaw follows it."""
    one = np.ones((len(points), 1)) * weight
    return {
        "jawOpen": turned(style, points, weight),
        "jawForward": one * np.array([0.0, -0.042, -0.004]),
        "jawLeft": one * np.array([0.050, 0.0, 0.0]),
        "jawRight": one * np.array([-0.050, 0.0, 0.0]),
    }


def _withdrawn(points: np.ndarray) -> np.ndarray:
    """How the upper teeth give way to the lips that close over an open jaw, which draws the upper lip back and down."""
    return np.broadcast_to([0.0, 0.040, 0.012], points.shape)


def _arch(style: HeadStyle, heights: list[float], depths: list[float], teeth: int, width: float) -> np.ndarray:
    """Points (len(heights), 57, 3) of a band bent like a row of teeth.

    heights, depths: profile of the band, above the mouth's line and behind the arch's front; teeth: bumps in the front;
    width: of the mouth's.
    """
    s = np.linspace(-1, 1, 57)
    y0 = _contact(style)[1] + 0.031
    wide = style.mouth_width * width
    rows = []
    for height, depth in zip(heights, depths, strict=True):
        shrink = 1 - depth * 5
        bump = 0.0035 * np.abs(np.sin(s * teeth * np.pi / 2)) ** 0.5 * (depth < 0.012)
        x = (wide + bump) * shrink * np.sin(s * 1.25) / np.sin(1.25)
        y = y0 + depth - bump + wide * 1.05 * (1 - np.cos(s * 1.25))
        rows.append(np.stack([x, y, np.full_like(s, style.mouth + height)], 1))
    return np.array(rows)


def _band(rows: np.ndarray, materials: list[str]) -> tuple[np.ndarray, list, list]:
    """Closed tube through rows (R, N, 3): vertices, faces, materials (one a row)."""
    count, n = rows.shape[:2]
    faces, names = [], []
    for a in range(count):
        b = (a + 1) % count
        for j in range(n - 1):
            faces.append((a * n + j, a * n + j + 1, b * n + j + 1, b * n + j))
            names.append(materials[a])
    return rows.reshape(-1, 3), faces, names


def teeth(style: HeadStyle) -> list[Part]:
    """The upper and the lower row, each with its gum."""
    size = style.mouth_width / 0.11
    upper = [-0.012 * size, 0.012 * size, 0.036 * size, 0.055 * size, 0.055 * size, 0.036 * size, -0.008 * size]
    lower = [-0.006, -0.018 * size, -0.030 * size, -0.048 * size, -0.048 * size, -0.030 * size, -0.008]
    depths = [0.004, 0.0, 0.002, 0.004, 0.030, 0.028, 0.012]
    names = ["teeth", "teeth", "gums", "gums", "gums", "teeth", "teeth"]
    points, faces, materials = _band(_arch(style, upper, depths, 12, UPPER), names)
    head = {"head": np.ones(len(points))}
    shapes = {"mouthClose": _withdrawn(points)}
    result = [Part("upper teeth", points, tuple(faces), tuple(materials), head, shapes)]
    points, faces, materials = _band(_arch(style, lower, [d + 0.006 for d in depths], 14, LOWER), names)
    faces = [f[::-1] for f in faces]
    result.append(Part("lower teeth", points, tuple(faces), tuple(materials), head, _jaw_shapes(style, points)))
    return result


def tongue(style: HeadStyle) -> Part:
    """The tongue, from the back of the mouth to behind the lower teeth."""
    along, around = np.linspace(0, 1, 15), 2 * np.pi * np.arange(16) / 16
    y0, size = _contact(style)[1], style.mouth_width / 0.11
    rows = []
    for t in along:
        swell = np.sqrt(max(1 - max((t - 0.55) / 0.45, 0) ** 2.2, 0.0)) * (0.7 + 0.3 * min(t / 0.4, 1))
        x = 0.060 * size * max(swell, 0.04) * np.cos(around)
        z = 0.017 * size * max(swell, 0.04) * np.sin(around)
        groove = -0.006 * np.exp(-((x / 0.015) ** 2)) * (np.sin(around) > 0) * swell
        y = np.full_like(x, y0 + 0.215 - 0.155 * t)
        rows.append(np.stack([x, y, style.mouth - 0.032 * size + 0.012 * np.sin(np.pi * t) + z + groove], 1))
    rows = np.array(rows)
    n = len(around)
    faces = [
        (a * n + j, a * n + (j + 1) % n, (a + 1) * n + (j + 1) % n, (a + 1) * n + j)
        for a in range(len(along) - 1)
        for j in range(n)
    ]
    for ring, order in ((0, -1), (len(along) - 1, 1)):
        for j in range(n // 2 - 1):
            quad = (ring * n + j, ring * n + j + 1, ring * n + n - j - 2, ring * n + n - j - 1)
            faces.append(quad[::order])
    points = rows.reshape(-1, 3)
    t = np.repeat(along, n)[:, None]
    shapes = _jaw_shapes(style, points, 0.85)
    shapes["tongueOut"] = np.hstack(
        [-0.1 * points[:, :1] * t, -0.200 * t, 0.020 * t - 0.085 * np.maximum(t - 0.45, 0) ** 1.5 / 0.4]
    )
    return Part("tongue", points, tuple(faces), ("tongue",) * len(faces), {"head": np.ones(len(points))}, shapes)
