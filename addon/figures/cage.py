"""Coarse cages of quads that subdivision turns into smooth surfaces, skin weights and all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .part import Part

Weights = dict[str, float]


def smoothstep(value, low: float, high: float):
    """0 below low, 1 above high, smooth between (3t² - 2t³); low > high falls instead of rising."""
    t = np.clip((np.asarray(value, float) - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def chain(bones: Sequence[str], starts: Sequence[float], position: float, width: float | Sequence[float]) -> Weights:
    """Skin weights of a point along a chain of bones, blended smoothly about every joint.

    bones: names, in order along the chain.
    starts: (len(bones) - 1,) m, where each later bone takes over from the one before.
    position: m along the chain.
    width: m, half the length of the blend about a joint; one for all or one a joint.
    """
    widths = [width] * len(starts) if np.isscalar(width) else width
    reached = [1.0, *(float(smoothstep(position, s - w, s + w)) for s, w in zip(starts, widths, strict=True)), 0.0]
    return {b: a - c for b, a, c in zip(bones, reached[:-1], reached[1:], strict=True) if a - c > 1e-4}


def mix(first: Weights, second: Weights, share: float) -> Weights:
    """Two sets of skin weights in the shares 1 - share and share."""
    names = {**first, **second}
    return {n: (1 - share) * first.get(n, 0.0) + share * second.get(n, 0.0) for n in names}


class Cage:
    """A cage under construction: points with skin weights, and quads with materials."""

    def __init__(self) -> None:
        self.points: list[np.ndarray] = []
        self.weights: list[Weights] = []
        self.faces: list[tuple[int, ...]] = []
        self.materials: list[str] = []

    def add(self, points: np.ndarray, weights: Weights | Sequence[Weights]) -> list[int]:
        """Add points (N, 3) m with one set of weights for all, or one each; returns their indices."""
        start = len(self.points)
        self.points.extend(np.asarray(points, float))
        self.weights.extend([weights] * len(points) if isinstance(weights, dict) else weights)
        return list(range(start, len(self.points)))

    def face(self, corners: Sequence[int], material: str) -> None:
        """Add one face, counter-clockwise seen from outside."""
        self.faces.append(tuple(corners))
        self.materials.append(material)

    def bridge(self, first: Sequence[int], second: Sequence[int], material: str | Sequence[str]) -> None:
        """Join two closed rings that turn counter-clockwise about the way from the first to the second.

        material: one for the whole band or one a column.
        """
        count = len(first)
        names = [material] * count if isinstance(material, str) else material
        for i, name in enumerate(names):
            j = (i + 1) % count
            self.face((first[i], first[j], second[j], second[i]), name)

    def cap(self, ring: Sequence[int], tip: np.ndarray, weights: Weights, material: str) -> None:
        """Close an even ring with a fan of quads about a tip (3,) m that lies ahead of it."""
        (centre,) = self.add(np.asarray(tip)[None], weights)
        for i in range(0, len(ring), 2):
            self.face((ring[i], ring[i + 1], ring[(i + 2) % len(ring)], centre), material)

    def part(self, name: str, levels: int = 1) -> Part:
        """Subdivide so that the smooth surface passes close to the cage's own points, and hand over the result.

        levels: how often every quad is cut into four.
        """
        bones = sorted({b for w in self.weights for b in w})
        table = np.array([[w.get(b, 0.0) for b in bones] for w in self.weights])
        wanted, faces, materials = np.array(self.points), list(self.faces), list(self.materials)
        used = np.unique(np.concatenate([np.array(f) for f in faces]))
        order = np.full(len(wanted), -1)
        order[used] = np.arange(len(used))
        faces = [tuple(int(order[i]) for i in f) for f in faces]
        wanted, table = wanted[used], table[used]
        points = wanted.copy()
        for _ in range(4):  # subdivision pulls points inwards; push the cage out by as much
            pulled = subdivide(points, faces)[0][: len(points)]
            points = points + 0.8 * (wanted - pulled)
        values = np.concatenate([points, table], axis=1)
        for _ in range(levels):
            values, faces = subdivide(values, faces)
            materials = [m for m in materials for _ in range(4)]
        return Part(name, values[:, :3], tuple(faces), tuple(materials), tidy(bones, values[:, 3:]))


def tidy(bones: Sequence[str], table: np.ndarray, most: int = 4) -> dict[str, np.ndarray]:
    """Skin weights made fit for a game engine: none negative, at most four bones a vertex, adding up to one.

    bones: names; table: (V, len(bones)).
    """
    table = np.clip(table, 0.0, None)
    if table.shape[1] > most:
        limit = np.sort(table, axis=1)[:, -most][:, None]
        table = np.where(table >= limit, table, 0.0)
    table = np.where(table < 1e-3, 0.0, table)
    table = table / table.sum(axis=1, keepdims=True)
    return {b: column for b, column in zip(bones, table.T, strict=True) if column.any()}


def subdivide(values: np.ndarray, faces: Sequence[tuple[int, ...]]) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """One step of Catmull-Clark subdivision for quads, open edges kept as curves.

    values: (V, D) whatever hangs on the vertices, positions first.
    faces: quads. Returns the new values, the old vertices first, and four quads for every old one, in order.
    Source: Catmull and Clark 1978, https://doi.org/10.1016/0010-4485(78)90110-0; edges after DeRose et al. 1998.
    """
    quads = np.asarray(faces)
    count, width = values.shape
    centres = values[quads].mean(axis=1)
    ends = np.sort(np.stack([quads, np.roll(quads, -1, axis=1)], axis=-1).reshape(-1, 2), axis=1)
    edges, edge_of = np.unique(ends, axis=0, return_inverse=True)
    edge_of = edge_of.reshape(-1, 4)
    face_of = np.repeat(np.arange(len(quads)), 4)
    shared = np.bincount(edge_of.ravel(), minlength=len(edges))
    sums = np.zeros((len(edges), width))
    np.add.at(sums, edge_of.ravel(), centres[face_of])
    middles = values[edges].mean(axis=1)
    inner = shared == 2
    edge_points = middles.copy()
    edge_points[inner] = (values[edges[inner]].sum(axis=1) + sums[inner]) / 4

    around = np.bincount(quads.ravel(), minlength=count)[:, None].clip(1)
    face_mean, edge_mean = np.zeros((count, width)), np.zeros((count, width))
    np.add.at(face_mean, quads.ravel(), centres[face_of])
    valence = np.bincount(edges.ravel(), minlength=count)[:, None].clip(1)
    for side in (0, 1):
        np.add.at(edge_mean, edges[:, side], middles)
    moved = (face_mean / around + 2 * edge_mean / valence + (valence - 3) * values) / valence
    open_edges = edges[~inner]
    if len(open_edges):
        rim, touched = np.zeros((count, width)), np.zeros(count, int)
        for side in (0, 1):
            np.add.at(rim, open_edges[:, side], middles[~inner])
            np.add.at(touched, open_edges[:, side], 1)
        border = touched > 0
        moved[border] = 0.5 * values[border] + 0.5 * rim[border] / touched[border, None]
    fresh = np.concatenate([moved, edge_points, centres])
    e, f = count + edge_of, (count + len(edges) + np.arange(len(quads)))[:, None]
    corner = np.stack([quads, e, np.broadcast_to(f, quads.shape), np.roll(e, 1, axis=1)], axis=-1)
    return fresh, [tuple(int(i) for i in q) for q in corner.reshape(-1, 4)]


def mirror(part: Part, name: str) -> Part:
    """The same piece on the other side of the body: x turned round, left bones and shapes named right and back."""

    def other(word: str) -> str:
        for a, b in (("left", "right"), ("right", "left"), ("Left", "Right"), ("Right", "Left")):
            if word.startswith(a) or (a[0].isupper() and word.endswith(a)):
                return word.replace(a, b)
        return word

    turn = np.array([-1.0, 1.0, 1.0])
    return Part(
        name,
        part.vertices * turn,
        tuple(tuple(reversed(f)) for f in part.faces),
        part.materials,
        {other(b): w for b, w in part.weights.items()},
        {other(s): d * turn for s, d in part.shapes.items()},
    )
