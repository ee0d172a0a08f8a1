"""Hair as a modelled cap and thick locks, brows, and the ears and nostrils: what is set on the skull's skin.

Lengths are shares of the head's height.
"""

from __future__ import annotations

import numpy as np

from . import skull
from .headstyle import HeadStyle
from .part import Part, join
from .shapes import FLIP, fields, moving, outside


def _tube(path: np.ndarray, side: np.ndarray, normal: np.ndarray, wide: np.ndarray, thick: np.ndarray, around: int):
    """Vertices (N * around, 3) and faces of a tapered tube. path, side, normal: (N, 3); wide, thick: (N,)."""
    turn = 2 * np.pi * np.arange(around) / around
    rings = path[:, None] + (wide[:, None] * np.cos(turn))[..., None] * side[:, None]
    rings = rings + (thick[:, None] * np.sin(turn))[..., None] * normal[:, None]
    n = len(path)
    faces = [
        (a * around + j, a * around + (j + 1) % around, (a + 1) * around + (j + 1) % around, (a + 1) * around + j)
        for a in range(n - 1)
        for j in range(around)
    ]
    for ring, order in ((0, -1), (n - 1, 1)):
        for j in range(around // 2 - 1):
            quad = (
                ring * around + j,
                ring * around + j + 1,
                ring * around + around - j - 2,
                ring * around + around - j - 1,
            )
            faces.append(quad[::order])
    return rings.reshape(-1, 3), faces


def _outward(points: np.ndarray, faces: list) -> list:
    """The faces of a closed surface, turned so that its volume is positive."""
    volume = sum(
        np.dot(points[f[0]], np.cross(points[f[k]], points[f[k + 1]])) for f in faces for k in range(1, len(f) - 1)
    )
    return faces if volume > 0 else [f[::-1] for f in faces]


def _curve(keys: np.ndarray, count: int) -> np.ndarray:
    """Catmull-Rom curve through keys (K, 3) at `count` even parameters."""
    keys = np.vstack([2 * keys[0] - keys[1], keys, 2 * keys[-1] - keys[-2]])
    t = np.linspace(0, len(keys) - 3 - 1e-9, count)
    i, f = t.astype(int), (t % 1)[:, None]
    a, b, c, d = keys[i], keys[i + 1], keys[i + 2], keys[i + 3]
    return 0.5 * (2 * b + (c - a) * f + (2 * a - 5 * b + 4 * c - d) * f**2 + (3 * b - a - 3 * c + d) * f**3)


def _lock(style: HeadStyle, keys, wide: float, thick: float, lift: float, count: int = 18, taper: float = 0.6) -> Part:
    """A lock of hair that lies on the head along keys (K, 3), as wide and thick as given, raised by lift."""
    path = _curve(np.asarray(keys, float), count)
    normal = skull.gradient(style, path)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    t = np.linspace(0, 1, count)
    tangent = np.gradient(path, axis=0)
    side = np.cross(tangent, normal)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    normal = np.cross(side, tangent)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    profile = np.sin(np.pi * np.clip(t, 0.02, 0.985) ** taper) ** 0.75
    points, faces = _tube(path + lift * normal, side, normal, wide * profile, thick * profile, 10)
    faces = _outward(points - path.mean(0), faces)
    return Part("lock", points, tuple(faces), ("hair",) * len(faces), {"head": np.ones(len(points))})


def _direction(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """Unit vectors; azimuth 0 is the face, growing towards +X, radians."""
    c = np.cos(elevation)
    return np.stack([c * np.sin(azimuth), -c * np.cos(azimuth), np.sin(elevation)], -1)


def _on_head(style: HeadStyle, azimuth, elevation, lift) -> np.ndarray:
    """Points over the skull seen from its centre. azimuth, elevation: degrees; lift above the skin. Returns (N, 3)."""
    azimuth, elevation, lift = np.broadcast_arrays(*(np.asarray(a, float) for a in (azimuth, elevation, lift)))
    d = _direction(np.radians(azimuth.ravel()), np.radians(elevation.ravel()))
    centre = np.array([0, style.cranium_centre[0], style.cranium_centre[1] - 0.05])
    return skull.cast(style, np.broadcast_to(centre, d.shape), d) + lift.ravel()[:, None] * d


def _cap(
    style: HeadStyle, hairline: list[tuple[float, float]], thickness: float, groove: float, waves: int, part: float
) -> Part:
    """The hair's body over the skull.

    hairline: (azimuth, elevation) in degrees from the face (0) to the back (180); thickness: of the hair on top;
    groove, waves: depth and number of the furrows; part: azimuth of the crown's parting in degrees.
    """
    columns, rows = 80, 22
    azimuth = np.arange(columns) * 360 / columns - 180
    low = np.interp(np.abs(azimuth), *zip(*hairline, strict=True))
    t = np.linspace(0, 1, rows)[:, None]
    # The rows run from the hairline to a whorl behind the crown.
    elevation = low[None] * (1 - t) + 88 * t
    swirl = 35 * t**2
    body = thickness * (0.25 + 0.75 * np.clip(t / 0.35, 0, 1) ** 0.6)
    wave = groove * np.cos(np.radians(waves * azimuth)[None] + 2.2 * t + np.sin(np.radians(azimuth)) * 2) * (1 - t**3)
    split = (
        0.35 * thickness * np.exp(-((((azimuth[None] - part + 180) % 360 - 180) / 9) ** 2)) * np.sin(np.pi * t) ** 0.5
    )
    lift = body + wave - split
    lift[0] = -0.012
    points = _on_head(style, azimuth[None] + swirl, elevation, lift).reshape(rows, columns, 3)
    top = points[-1].mean(0, keepdims=True)
    points = np.concatenate([points.reshape(-1, 3), top])
    faces = [
        (a * columns + j, a * columns + (j + 1) % columns, (a + 1) * columns + (j + 1) % columns, (a + 1) * columns + j)
        for a in range(rows - 1)
        for j in range(columns)
    ]
    last = (rows - 1) * columns
    faces += [(last + j, last + j + 1, last + (j + 2) % columns, len(points) - 1) for j in range(0, columns, 2)]
    return Part("cap", points, tuple(faces), ("hair",) * len(faces), {"head": np.ones(len(points))})


def _locks(style: HeadStyle, rows: list[tuple], taper: float) -> list[Part]:
    """Locks along keys of (azimuth, elevation, lift). rows: (half width, half thickness, key, key, ...)."""
    result = []
    for wide, thick, *keys in rows:
        path = _on_head(style, *np.array(keys, float).T)
        result.append(_lock(style, path, wide, thick, 0.0, taper=taper))
    return result


def _swept(style: HeadStyle) -> list[Part]:
    """Thick locks from a parting over the right brow to the left, and short ones round the head."""
    line = [(0, 40), (25, 35), (48, 17), (66, -6), (78, -16), (90, 2), (108, -8), (140, -26), (180, -32)]
    rows = [
        # The fringe: from the parting (azimuth -38) across the forehead to the left temple.
        (0.085, 0.045, (-40, 56, 0.05), (-18, 50, 0.09), (12, 40, 0.095), (40, 24, 0.065), (58, 2, 0.03)),
        (0.065, 0.040, (-40, 50, 0.05), (-20, 43, 0.075), (4, 35, 0.075), (26, 26, 0.055), (42, 14, 0.03)),
        (0.095, 0.045, (-38, 66, 0.05), (-10, 62, 0.105), (30, 50, 0.11), (58, 30, 0.075), (72, 4, 0.04)),
        (0.095, 0.042, (-36, 76, 0.05), (10, 76, 0.10), (60, 62, 0.10), (84, 36, 0.075), (94, 8, 0.04)),
        # The other side of the parting.
        (0.060, 0.038, (-42, 52, 0.05), (-54, 40, 0.075), (-62, 22, 0.065), (-66, 0, 0.035)),
        (0.080, 0.040, (-44, 64, 0.05), (-68, 50, 0.085), (-82, 28, 0.07), (-90, 6, 0.04)),
        # A tuft at the whorl.
        (0.040, 0.030, (140, 80, 0.05), (165, 72, 0.09), (180, 60, 0.13), (186, 52, 0.15)),
    ]
    for azimuth in (100, 120, 140, 160, 180, 200, 220, 240, 260):
        lean = 10 if azimuth < 180 else -10
        low = -22 - 10 * np.cos(np.radians(azimuth - 180))
        rows.append(
            (
                0.085,
                0.036,
                (azimuth, 66, 0.05),
                (azimuth + lean, 32, 0.075),
                (azimuth + lean, 0, 0.06),
                (azimuth, low, 0.03),
            )
        )
    return [_cap(style, line, 0.058, 0.006, 14, -38), *_locks(style, rows, 0.62)]


def _short(style: HeadStyle) -> list[Part]:
    """Short hair combed from a parting on the right to the left."""
    line = [
        (0, 40),
        (22, 38),
        (42, 25),
        (52, 8),
        (62, 2),
        (70, -16),
        (80, -14),
        (92, 4),
        (110, -8),
        (140, -24),
        (180, -28),
    ]
    rows = []
    for shift, lift in ((0, 0.0), (10, 0.008), (20, 0.010), (30, 0.006)):
        keys = ((-50, 44, 0.03), (-28, 46, 0.046), (4, 42, 0.05), (36, 32, 0.045), (62, 16, 0.025))
        rows.append((0.062, 0.020, *((a, e + shift * (1 - abs(a) / 130), r + lift) for a, e, r in keys)))
    for shift in (0, 12, 24):
        rows.append(
            (
                0.055,
                0.018,
                (-50, 46 + shift, 0.03),
                (-64, 34 + shift, 0.05),
                (-76, 14 + shift, 0.04),
                (-84, 0 + shift, 0.02),
            )
        )
    return [_cap(style, line, 0.044, 0.003, 24, -48), *_locks(style, rows, 0.7)]


def hair(style: HeadStyle) -> Part:
    """The hair as one part, fixed to the head.

    Raises KeyError for a style of hair that does not exist.
    """
    return join("hair", {"swept": _swept, "short": _short}[style.hair](style))


def _both(name: str, left: Part) -> Part:
    """A part and its mirror image; the shapes' names of the image change sides."""
    swap = {"Left": "Right", "Right": "Left"}

    def other(key: str) -> str:
        for word in ("Left", "Right"):
            if key.endswith(word):
                return key[: -len(word)] + swap[word]
        return key

    right = Part(
        name,
        left.vertices * FLIP,
        tuple(f[::-1] for f in left.faces),
        left.materials,
        left.weights,
        {other(k): v * FLIP for k, v in left.shapes.items()},
    )
    return join(name, [left, right])


def brows(style: HeadStyle) -> Part:
    """Both brows, tapered towards the temples."""
    xi, xo, zi, zp, zo, half = style.brow
    t = np.linspace(0, 1, 20)
    x = xi + t * (xo - xi)
    z = np.interp(t, [0, 0.62, 1], [zi, zp, zo])
    z = 0.15 * z + 0.85 * (zi * (1 - t) ** 2 + 2 * (2 * zp - 0.5 * (zi + zo)) * t * (1 - t) + zo * t**2)
    path = skull.front(style, x, z)
    normal = skull.gradient(style, path)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    side = np.cross(normal, tangent)
    profile = np.clip((t + 0.012) / 0.13, 0.05, 1) ** 0.5 * np.clip((1.04 - t) / 0.62, 0.03, 1) ** 0.8
    points, faces = _tube(path + 0.10 * half * normal, side, normal, half * profile, 0.62 * half * profile, 10)
    faces = _outward(points - path.mean(0), faces)
    shapes = moving(fields(outside(style, points)))
    left = Part("brow", points, tuple(faces), ("brow",) * len(faces), {"head": np.ones(len(points))}, shapes)
    return _both("brows", left)


def nostrils(style: HeadStyle) -> Part:
    """The dark of both nostrils, set flush into the underside of the nose."""
    x, y, z, r = style.nostril
    turn, across = 2 * np.pi * np.arange(14) / 14, np.linspace(0.02, np.pi - 0.02, 8)
    ball = np.array([[np.sin(a) * np.cos(b), np.sin(a) * np.sin(b), np.cos(a)] for a in across for b in turn])
    seat = skull.project(style, np.array([[x, y, z]]), 8)[0]
    points = seat + ball * np.array([0.95, 1.35, 0.55]) * r
    n = len(turn)
    faces = [
        (a * n + j, (a + 1) * n + j, (a + 1) * n + (j + 1) % n, a * n + (j + 1) % n) for a in range(7) for j in range(n)
    ]
    shapes = moving(fields(outside(style, points)))
    left = Part("nostril", points, tuple(faces), ("nostril",) * len(faces), {"head": np.ones(len(points))}, shapes)
    return _both("nostrils", left)


def ears(style: HeadStyle) -> Part:
    """Both ears: a shell with a rolled rim (helix), a hollow (concha) and a lobe."""
    around, rings = 30, 9
    turn = 2 * np.pi * np.arange(around) / around
    wide, high = style.ear_size
    # Outline in the ear's own plane: a over the head's back, b up; broad above, narrow at the lobe.
    outline_a = wide * np.cos(turn) * (1 + 0.22 * np.sin(turn)) + 0.015 * np.sin(turn)
    outline_b = high * np.sin(turn)
    profile = [
        (0.80, -0.35),
        (1.0, -0.10),
        (1.02, 0.18),
        (0.93, 0.34),
        (0.80, 0.24),
        (0.66, 0.12),
        (0.48, 0.10),
        (0.28, -0.02),
        (0.10, -0.05),
    ]
    front = 0.5 + 0.5 * np.cos(turn - 0.15 * np.pi)  # 1 behind, 0 where the ear grows from the cheek
    points = []
    for share, lift in profile:
        a, b = share * outline_a, share * outline_b
        height = lift * wide * (0.35 + 0.65 * front) * np.where(np.sin(turn) < -0.75, 0.8, 1)
        points.append(np.stack([height, a, b], 1))
    points = np.array(points).reshape(-1, 3)
    c, s = np.cos(style.ear_flare), np.sin(style.ear_flare)
    flare = points[:, 1] + wide
    points = np.stack([points[:, 0] * c + flare * s * 0.8, flare * c - points[:, 0] * s - wide, points[:, 2]], 1)
    lean = 0.18
    points[:, 1] += lean * points[:, 2]
    points += np.asarray(style.ear)
    n = around
    faces = [
        (k * n + j, k * n + (j + 1) % n, (k + 1) * n + (j + 1) % n, (k + 1) * n + j)
        for k in range(rings - 1)
        for j in range(n)
    ]
    last = (rings - 1) * n
    faces += [(last + j, last + j + 1, last + n - j - 2, last + n - j - 1) for j in range(n // 2 - 1)]
    left = Part("ear", points, tuple(faces), ("skin",) * len(faces), {"head": np.ones(len(points))})
    return _both("ears", left)
