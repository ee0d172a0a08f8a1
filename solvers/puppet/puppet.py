"""A puppet: a picture as textured sheets with depth, skinned to joints and moved by ARKit's shapes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")  # of pictures that become puppets
PUPPET = "understudy_puppet"  # the mark by which an armature says that it is a picture's, with words about it
BACKDROP = "understudy_backdrop"  # the mark of what is behind it
PICTURES = ("front", "under", "background", "parts")  # what sheets are painted with


@dataclass(frozen=True)
class Puppet:
    """All of a puppet, before Blender knows of it: V vertices, F triangles, S sheets, B joints, K shapes.

    Axes: x to the picture's right, y away from who looks, z up, m; the picture's lower left corner is at 0, 0, 0.

    name: of the picture. size: (width, height) px of it. unit: m a pixel.
    sheets: (S,) names. painted: (S,) of PICTURES. sheet: (V,) which sheet a vertex belongs to.
    vertices: (V, 3) m. uv: (V, 2) 0..1 from the lower left. triangles: (F, 3) seen counter-clockwise from the front.
    joints: (B,) names of names.JOINTS, parents first. heads, tails: (B, 3) m. weights: (V, B), 1 in sum.
    shapes: (K,) of names.EXPRESSIONS. moves: (K, V, 3) m.
    cut: whether the picture's lower edge cuts the figure, which then stays where it is.
    front, under, background, parts: (H, W, 3) uint8: the picture, the figure without what is before it, the room
    without the figure and wider than the picture, and what the picture does not show (eyes and mouth).
    border: px by which the background is wider at each side.
    notes: sentences for the user: what was guessed, and how to correct it.
    points: {name of joints_file.POINTS: (x, y) px}, which may be placed anew by hand.
    shows: {name of names.EXPRESSIONS: 0..1}, what its face does in the picture.
    """

    name: str
    size: tuple[int, int]
    unit: float
    sheets: tuple[str, ...]
    painted: tuple[str, ...]
    sheet: np.ndarray
    vertices: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    joints: tuple[str, ...]
    heads: np.ndarray
    tails: np.ndarray
    weights: np.ndarray
    shapes: tuple[str, ...]
    moves: np.ndarray
    cut: bool
    front: np.ndarray
    under: np.ndarray
    background: np.ndarray
    parts: np.ndarray
    border: int = 0
    notes: tuple[str, ...] = ()
    points: dict = field(default_factory=dict)
    shows: dict = field(default_factory=dict)


def words(puppet: Puppet, path: str = "") -> str:
    """What an armature's mark says of a puppet: JSON {"size", "unit", "cut", "path", "points", "shows", "notes"}.

    path: of its picture. The others: as the puppet has them.
    """
    told = {"size": list(puppet.size), "unit": puppet.unit, "cut": bool(puppet.cut), "path": path}
    return json.dumps(told | {"points": puppet.points, "shows": puppet.shows, "notes": list(puppet.notes)})


@dataclass
class Sheet:
    """One sheet while it is made, in px of the picture: x right, y down, depth away.

    name, painted: as in a Puppet. points: (V, 3) px. uv: (V, 2) 0..1 from the upper left of what it is painted with.
    triangles: (F, 3). weights: (V, B). moves: {shape: (V, 3) px}.
    """

    name: str
    painted: str
    points: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    weights: np.ndarray
    moves: dict[str, np.ndarray]


def joined(sheets: list[Sheet], size: tuple[int, int], unit: float) -> dict:
    """The fields of a Puppet that come from its sheets.

    sheets: at least one. size: px of the picture. unit: m a pixel.
    """
    starts = np.cumsum([0, *(len(sheet.points) for sheet in sheets)])
    names = sorted(
        {name for sheet in sheets for name, move in sheet.moves.items() if np.abs(move).max(initial=0) > 0.05}
    )
    points = np.concatenate([sheet.points for sheet in sheets])
    moves = np.zeros((len(names), len(points), 3), np.float32)
    for row, name in enumerate(names):
        for start, sheet in zip(starts, sheets, strict=False):
            if name in sheet.moves:
                moves[row, start : start + len(sheet.points)] = sheet.moves[name]
    triangles = np.concatenate([facing(sheet) + start for start, sheet in zip(starts, sheets, strict=False)])
    return {
        "sheets": tuple(sheet.name for sheet in sheets),
        "painted": tuple(sheet.painted for sheet in sheets),
        "sheet": np.repeat(np.arange(len(sheets)), np.diff(starts)).astype(np.int16),
        "vertices": (in_room(points, size) * unit).astype(np.float32),
        "uv": (np.concatenate([sheet.uv for sheet in sheets]) * [1, -1] + [0, 1]).astype(np.float32),
        "triangles": triangles.astype(np.int32),
        "weights": np.concatenate([sheet.weights for sheet in sheets]).astype(np.float32),
        "shapes": tuple(names),
        "moves": (moves[..., [0, 2, 1]] * np.float32([1, 1, -1]) * np.float32(unit)).astype(np.float32),
    }


def in_room(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Points (..., 3) px of a picture, y down and depth away, as x right, y away, z up from its lower left corner."""
    return points[..., [0, 2, 1]] * [1, 1, -1] + [0, 0, size[1]]


def facing(sheet: Sheet) -> np.ndarray:
    """The triangles (F, 3) of a sheet, all counter-clockwise as one looks at the picture."""
    a, b, c = (sheet.points[sheet.triangles[:, k], :2] for k in range(3))
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    clockwise = ux * vy - uy * vx > 0  # y points down
    return np.where(clockwise[:, None], sheet.triangles[:, ::-1], sheet.triangles)
