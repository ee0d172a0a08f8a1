"""A piece of a figure as plain arrays, before Blender knows of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Part:
    """One piece of a figure: geometry, skin weights and shapes, in metres, Z up, facing -Y, in T-pose.

    name: what it is ("head", "hair", "left eye").
    vertices: (V, 3) m.
    faces: tuples of vertex indices, counter-clockwise from outside (quads where possible).
    materials: (F,) names of materials, one a face; the figure's palette gives each its look.
    weights: {bone name: (V,) 0..1}; over the bones they add up to 1 at every vertex.
    shapes: {ARKit shape name: (V, 3) m displacement at full weight}; only those that move this part.
    """

    name: str
    vertices: np.ndarray
    faces: tuple[tuple[int, ...], ...]
    materials: tuple[str, ...]
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    shapes: dict[str, np.ndarray] = field(default_factory=dict)


def join(name: str, parts: list[Part]) -> Part:
    """Put several parts into one, keeping their weights and shapes.

    name: of the result.
    parts: at least one.
    """
    counts = [len(p.vertices) for p in parts]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    total = sum(counts)

    def spread(attribute: str, width: tuple[int, ...]) -> dict[str, np.ndarray]:
        result: dict[str, np.ndarray] = {}
        for part, start, count in zip(parts, starts, counts, strict=True):
            for key, values in getattr(part, attribute).items():
                result.setdefault(key, np.zeros((total, *width)))[start : start + count] = values
        return result

    return Part(
        name,
        np.concatenate([p.vertices for p in parts]),
        tuple(tuple(int(i + s) for i in f) for p, s in zip(parts, starts, strict=True) for f in p.faces),
        tuple(m for p in parts for m in p.materials),
        spread("weights", ()),
        spread("shapes", (3,)),
    )
