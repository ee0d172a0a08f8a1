"""The skin of a head as quads: a grid round the skull with concentric loops in place of its eyes and mouth.

Columns run round the vertical axis (column 0 is the front's midline, growing towards +X), rows go up from the neck.
Two blocks of the grid are replaced by rings round the eyes and one by rings round the mouth, which go on inwards as
the lips and the bag of the mouth.  A square patch of quads closes the crown.  Lengths are shares of the head's height.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.spatial import cKDTree

from . import skull
from .headstyle import HeadStyle

HALF = 38  # columns of one half
ROWS = 62
EYE = (37, 47, 3, 13)  # block of the left eye: rows from, to; columns from, to
MOUTH = (18, 28, -9, 9)
LID_RINGS = 6  # 0 touches the eyeball, 1 is the lid's edge, 5 its crease
BORDER, CONTACT = 4, 8  # rings of the mouth: border of the red, line where the lips meet


@dataclass(frozen=True)
class Skin:
    """The skin and what its parts know about themselves.

    vertices: (V, 3) shares of the head's height; faces: quads; materials: (F,).
    side: (V,) +1 upper, -1 lower lip and bag, 0 elsewhere and at the corners.
    mouth_ring: (V,) ring of the mouth from 0 (outside) inwards, -1 elsewhere.
    lid_ring: (V,) ring of the lids, -1 elsewhere.
    lid_u: (V,) -1 inner to 1 outer corner; lid_v: (V,) +1 upper, -1 lower lid, 0 corner.
    lid_eye: (V,) +1 left, -1 right eye.
    """

    vertices: np.ndarray
    faces: tuple[tuple[int, ...], ...]
    materials: tuple[str, ...]
    side: np.ndarray
    mouth_ring: np.ndarray
    lid_ring: np.ndarray
    lid_u: np.ndarray
    lid_v: np.ndarray
    lid_eye: np.ndarray


def lid(style: HeadStyle, ring, u, v, drop: float = 0.0, rise: float = 0.0) -> np.ndarray:
    """Points of the left eye's lids, on spheres about the eyeball's centre.

    ring: (N,) 0..5; u: (N,) -1 inner to 1 outer corner; v: (N,) +1 upper, -1 lower lid, 0 corner.
    drop, rise: how far the upper and the lower lid have gone to the line where they meet (0 open, 1 closed).
    Returns (N, 3) shares of the height.
    """
    ring, u, v = (np.asarray(a, float) for a in (ring, u, v))
    a, above, below = style.eye_opening
    tilt = style.eye_tilt * u
    top = above * (1 - np.abs(u) ** 2.3) ** 0.72
    bottom = -below * (1 - u * u) ** 0.72
    meet = style.lids_meet * bottom + (1 - style.lids_meet) * top
    upper = v >= 0
    share = np.where(upper, drop, rise)
    edge = np.where(upper, top, bottom)
    edge = edge + share * (meet - edge) + tilt
    crease_x = min(a * 1.17, 0.95)
    crease_z = np.where(upper, min(above + 0.30, 0.93), -min(below + 0.24, 0.90)) * np.sqrt(1 - u * u) + tilt
    f = np.clip((ring - 1) / (LID_RINGS - 2), 0, 1)
    x = a * u + f * (crease_x - a) * u
    z = edge + f * (crease_z - edge)
    # The closed lid lies farther out: on the way there a vertex moves along a chord, which must stay outside the eye.
    bulge = 0.08 * np.where(upper, np.maximum(drop, 0), 0.6 * np.maximum(rise, 0)) * (1 - f) * (1 - u**4)
    radius = np.where(ring < 1, 0.99 + bulge * 0.8, skull.LID - 0.01 * (1 - f) + bulge)
    y = -np.sqrt(np.maximum(radius**2 - x * x - z * z, 0.02))
    return np.asarray(style.eye) + style.eye_radius * np.stack([x, y, z], -1)


def _spread(keys: list[tuple[int, float]]) -> np.ndarray:
    """Values at 0..last index by straight lines between (index, value) keys."""
    index, value = zip(*keys, strict=True)
    return np.interp(np.arange(index[-1] + 1), index, value)


def _grid(style: HeadStyle) -> np.ndarray:
    """Positions (ROWS, 2 * HALF, 3) of the grid on the skull and the neck."""
    ex, _, ez = style.eye
    r = style.eye_radius
    axis_y = -0.05
    inner, outer = ex - 1.16 * r, ex + 1.2 * r
    y_inner, y_outer = skull.front(style, np.array([inner, outer]), np.array([ez, ez]))[:, 1]
    angle_in, angle_out = np.arctan2(inner, axis_y - y_inner), np.arctan2(outer, axis_y - y_outer)
    theta = _spread([(0, 0.0), (EYE[2], angle_in), (EYE[3], angle_out), (HALF, np.pi)])
    theta = np.concatenate([theta, -theta[1:-1][::-1]])
    chin = style.chin[1] - style.chin[2]
    length = style.neck[2]
    up, down = style.eye_opening[1] * r + 0.5 * r, style.eye_opening[2] * r + 0.5 * r
    low = style.mouth - style.lips[1] - 0.045
    high = style.mouth + style.lips[0] + 0.035
    front = _spread(
        [
            (0, -length),
            (6, chin - 0.06),
            (12, chin + 0.012),
            (18, low),
            (28, high),
            (37, ez - down),
            (47, ez + up),
            (61, 0.615),
        ]
    )
    back = _spread(
        [(0, -length), (6, -0.6 * length), (12, -0.13), (18, -0.05), (28, 0.06), (37, 0.17), (47, 0.33), (61, 0.60)]
    )
    t = np.clip((np.abs(theta) - 0.25) / 1.7, 0, 1)
    w = t * t * (3 - 2 * t)
    z = front[:, None] * (1 - w) + back[:, None] * w
    z[0] = -length
    origins = np.stack([np.zeros_like(z), np.full_like(z, axis_y), z], -1)
    origins[: MOUTH[0] - 6, :, 1] = style.neck[1]
    directions = np.broadcast_to(np.stack([np.sin(theta), -np.cos(theta), np.zeros_like(theta)], -1), origins.shape)
    grid = skull.cast(style, origins.reshape(-1, 3), directions.reshape(-1, 3)).reshape(origins.shape)
    for row in range(7, 12):
        share = (row - 6) / 6
        grid[row] = (1 - share) * grid[6] + share * grid[12]
    return grid


def _loop(block: tuple[int, int, int, int]) -> list[tuple[int, int]]:
    """The (row, column) of a block's edge, counter-clockwise from the middle of its +X side."""
    r0, r1, c0, c1 = block
    middle = (r0 + r1) // 2
    path = [(r, c1) for r in range(middle, r1)] + [(r1, c) for c in range(c1, c0, -1)]
    path += [(r, c0) for r in range(r1, r0, -1)] + [(r0, c) for c in range(c0, c1)]
    return path + [(r, c1) for r in range(r0, middle)]


class _Builder:
    """Vertices and faces while the skin grows; thrown away when `skin` is done."""

    def __init__(self, grid: np.ndarray):
        self.points = [grid.reshape(-1, 3)]
        self.count = grid.shape[0] * grid.shape[1]
        self.faces: list[tuple[int, ...]] = []
        self.materials: list[str] = []
        self.tags: list[tuple] = []  # (indices, {attribute: values})

    def add(self, points: np.ndarray, **attributes) -> np.ndarray:
        indices = np.arange(self.count, self.count + len(points))
        self.points.append(np.asarray(points, float))
        self.count += len(points)
        self.tags.append((indices, attributes))
        return indices

    def quads(self, outer: np.ndarray, inner: np.ndarray, material: str, flip: bool) -> None:
        n = len(outer)
        for j in range(n):
            k = (j + 1) % n
            face = (outer[j], outer[k], inner[k], inner[j])
            self.faces.append(tuple(int(i) for i in (face[::-1] if flip else face)))
            self.materials.append(material)

    def patch(self, loop: np.ndarray, wide: int, deep: int, material: str) -> None:
        """Close a loop of 2 (wide + deep) vertices by wide x deep quads; it starts at a corner, along a wide side."""
        rim = np.concatenate(self.points)
        i, k = np.arange(wide + 1), np.arange(deep + 1)
        index = np.full((wide + 1, deep + 1), -1)
        index[i, 0], index[wide, k] = loop[i], loop[wide + k]
        index[i, deep] = loop[wide + deep + (wide - i)]
        index[0, k] = loop[(2 * wide + deep + (deep - k)) % len(loop)]
        a = np.linspace(0, 1, wide + 1)[1:-1, None, None]
        b = np.linspace(0, 1, deep + 1)[None, 1:-1, None]
        south, north, west, east = (
            rim[j] for j in (index[1:-1, 0], index[1:-1, deep], index[0, 1:-1], index[wide, 1:-1])
        )
        coons = (1 - b) * south[:, None] + b * north[:, None] + (1 - a) * west[None] + a * east[None]
        for s, t, corner in (
            (1 - a, 1 - b, (0, 0)),
            (a, 1 - b, (wide, 0)),
            (1 - a, b, (0, deep)),
            (a, b, (wide, deep)),
        ):
            coons = coons - s * t * rim[index[corner]]
        index[1:-1, 1:-1] = self.add(coons.reshape(-1, 3)).reshape(wide - 1, deep - 1)
        for i in range(wide):
            for k in range(deep):
                face = (index[i, k], index[i + 1, k], index[i + 1, k + 1], index[i, k + 1])
                self.faces.append(tuple(int(v) for v in face))
                self.materials.append(material)


def _vertex(row: int, column: int) -> int:
    return row * 2 * HALF + column % (2 * HALF)


def _laid_on(style: HeadStyle, points: np.ndarray, ring: int) -> np.ndarray:
    """One ring of lids brought forward so that their crease lies on the face, and they run smoothly into it.

    points: (N, 3) on the lids of the left eye. Returns (N, 3).
    """
    share = np.clip((ring - 1) / (LID_RINGS - 2), 0, 1) ** 2
    forward = skull.front(style, points[:, 0], points[:, 2])[:, 1] - points[:, 1]
    return points + share * np.minimum(forward, 0)[:, None] * [0, 1, 0]


def _eye(builder: _Builder, style: HeadStyle, sign: int) -> None:
    """Rings of one eye's lids and surroundings. sign: +1 the left, -1 the right one."""
    loop = np.array([_vertex(r, sign * c) for r, c in _loop(EYE)])
    n = len(loop)
    phi = 2 * np.pi * np.arange(n) / n
    u, v = np.cos(phi), np.round(np.sin(phi), 9)
    u = np.where(np.abs(np.abs(u) - 1) < 1e-9, np.sign(u), u)
    mirror = np.array([sign, 1, 1])
    edge = np.concatenate(builder.points)[loop]
    lids = [_laid_on(style, lid(style, np.full(n, q), u, v), q) * mirror for q in range(LID_RINGS)]
    crease = lids[-1]
    outer = loop
    tags = {"lid_eye": np.full(n, sign), "lid_u": u, "lid_v": np.sign(v)}
    for share in (0.3, 0.55, 0.8):
        ring = builder.add(skull.project(style, edge + share * (crease - edge)))
        builder.quads(outer, ring, "skin", sign < 0)
        outer = ring
    for q in range(LID_RINGS - 1, -1, -1):
        ring = builder.add(lids[q], lid_ring=np.full(n, q), **tags)
        builder.quads(outer, ring, "skin", sign < 0)
        outer = ring


def _mouth_rings(style: HeadStyle, n: int, edge: np.ndarray) -> list[np.ndarray]:
    """Positions of the mouth's rings from the skin to the back of its bag. edge: (n, 3) the hole in the grid."""
    phi = 2 * np.pi * np.arange(n) / n
    sign = np.round(np.sin(phi), 9)
    u = 0.62 * np.cos(phi) + 0.38 * (2 * np.abs(phi / np.pi - 1) - 1)
    u = np.where(np.abs(sign) < 1e-9, np.sign(np.cos(phi)), u)
    width, (up, down) = style.mouth_width, style.lips
    line = style.mouth + style.mouth_curve * u * u
    bow = (1 - u * u) ** 0.8 * (1 - 0.16 * np.exp(-((u / 0.14) ** 2)))
    border = np.where(sign >= 0, up * bow, -down * (1 - u * u) ** 0.75)
    taper = np.maximum(1 - u * u, 0) ** 0.6
    rings = []
    profile = {4: 0.12, 5: 0.72, 6: 1.0, 7: 0.72, 8: 0.0}
    start = skull.front(style, width * u, line + border)
    for share in (0.33, 0.6, 0.85):
        rings.append(skull.project(style, edge + share * (start - edge)))
    for q in range(BORDER, CONTACT + 1):
        z = line + np.sign(sign) * 0.0003 + border * (1 - (q - BORDER) / (CONTACT - BORDER)) ** 0.85
        p = skull.front(style, width * u, z)
        p[:, 1] -= style.lip_bulge * profile[q] * taper
        rings.append(p)
    contact = rings[-1]
    side = np.sign(sign)
    # Behind the lips, which overlap so that no gap shows, the bag opens: (back, height above the line, width) of rings.
    for back, height, wide in (
        (0.014, -0.002, 0.985),
        (0.034, 0.05, 0.97),
        (0.10, 0.075, 0.85),
        (0.17, 0.065, 0.7),
        (0.23, 0.035, 0.5),
    ):
        p = contact.copy()
        p[:, 0] *= wide
        p[:, 1] += back * (1 - 0.35 * np.abs(u) ** 3)
        p[:, 2] += side * height * (1 - u**4) ** 0.5 * min(1.0, 0.4 + style.mouth_width * 5)
        rings.append(p)
    return rings


def _mouth(builder: _Builder, style: HeadStyle) -> None:
    """The rings of the mouth, the lips, and the bag behind them."""
    loop = np.array([_vertex(r, c) for r, c in _loop(MOUTH)])
    n = len(loop)
    side = np.sign(np.round(np.sin(2 * np.pi * np.arange(n) / n), 9))
    edge = np.concatenate(builder.points)[loop]
    outer = loop
    for q, points in enumerate(_mouth_rings(style, n, edge), start=1):
        ring = builder.add(points, mouth_ring=np.full(n, q), side=side)
        material = "skin" if q <= BORDER else "lips" if q <= CONTACT + 1 else "mouth inside"
        builder.quads(outer, ring, material, False)
        outer = ring
    builder.patch(np.roll(outer, -(n // 2 + 4)), n // 2 - 8, 8, "mouth inside")
    builder.tags[-1][1].update(mouth_ring=np.full(len(builder.tags[-1][0]), 14))


def _inside(row: int, column: int, block: tuple[int, int, int, int]) -> bool:
    r0, r1, c0, c1 = block
    c = column % (2 * HALF)
    return r0 <= row < r1 and any(c0 <= k < c1 for k in (c, c - 2 * HALF))


def neighbours(faces, count: int):
    """Sparse (count, count) matrix that averages each vertex's neighbours along edges."""
    edges = {tuple(sorted(e)) for f in faces for e in zip(f, f[1:] + f[:1], strict=True)}
    a = np.array(sorted(edges))
    rows, columns = np.concatenate([a[:, 0], a[:, 1]]), np.concatenate([a[:, 1], a[:, 0]])
    matrix = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count)).tocsr()
    return matrix.multiply(1.0 / np.maximum(np.asarray(matrix.sum(1)), 1)).tocsr()


def mirror_of(points: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """(V,) index of each vertex's mirror image across x = 0, among those with the same labels (V, L)."""
    far = np.empty((len(points), 0)) if labels is None else 10.0 * labels
    flipped = points * np.array([-1, 1, 1])
    return cKDTree(np.hstack([points, far])).query(np.hstack([flipped, far]))[1]


def _relaxed(style: HeadStyle, points: np.ndarray, faces, fixed: np.ndarray) -> np.ndarray:
    """Even out the quads along the surface. fixed: (V,) vertices that stay."""
    average = neighbours(faces, len(points))
    p = points.copy()
    free = ~fixed
    for step in range(10):
        move = 0.5 * (average @ p - p)
        p[free] = skull.project(style, p[free] + move[free], 3 if step == 9 else 1)
    return p


def skin(style: HeadStyle) -> Skin:
    """Build the skin of a head, mirror-symmetric, in shares of its height."""
    builder = _Builder(_grid(style))
    right = (EYE[0], EYE[1], -EYE[3], -EYE[2])
    for row in range(ROWS - 1):
        for column in range(2 * HALF):
            if not any(_inside(row, column, block) for block in (EYE, right, MOUTH)):
                face = ((row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column))
                builder.faces.append(tuple(_vertex(*v) for v in face))
                builder.materials.append("skin")
    _eye(builder, style, 1)
    _eye(builder, style, -1)
    _mouth(builder, style)
    top = np.array([_vertex(ROWS - 1, column) for column in range(-10, 2 * HALF - 10)])
    builder.patch(top, 20, 18, "skin")
    points = np.concatenate(builder.points)
    marks = {
        name: np.full(len(points), fill, float)
        for name, fill in (
            ("side", 0),
            ("mouth_ring", -1),
            ("lid_ring", -1),
            ("lid_u", 0),
            ("lid_v", 0),
            ("lid_eye", 0),
        )
    }
    for indices, attributes in builder.tags:
        for name, values in attributes.items():
            marks[name][indices] = values
    used = np.unique(np.concatenate([np.array(f) for f in builder.faces]))
    renumber = np.full(len(points), -1)
    renumber[used] = np.arange(len(used))
    faces = tuple(tuple(int(renumber[i]) for i in f) for f in builder.faces)
    points = points[used]
    marks = {name: values[used] for name, values in marks.items()}
    mirror = mirror_of(points, np.stack([marks["side"], marks["mouth_ring"], marks["lid_ring"], marks["lid_v"]], 1))
    fixed = (marks["lid_ring"] >= 0) | (marks["mouth_ring"] >= BORDER) | (points[:, 2] < points[:, 2].min() + 1e-6)
    points = _relaxed(style, points, faces, fixed)
    points = 0.5 * (points + points[mirror] * np.array([-1, 1, 1]))
    return Skin(points, faces, tuple(builder.materials), **marks)
