"""A head with 52 ARKit shapes, made from a few proportions: the skin, eyes, lashes, brows, teeth, tongue and hair."""

from __future__ import annotations

import dataclasses

import numpy as np

from .eyes import eyeball, highlight, lashes
from .hair import brows, ears, hair, nostrils
from .headstyle import PERFORMER_HEAD, PERFORMER_PALETTE, STARTER_HEAD, STARTER_PALETTE, HeadStyle
from .mouth import teeth, tongue
from .part import Part
from .shapes import skin_shapes, smooth
from .skin import skin

__all__ = [
    "PERFORMER_HEAD",
    "PERFORMER_PALETTE",
    "STARTER_HEAD",
    "STARTER_PALETTE",
    "HeadStyle",
    "eye_centres",
    "head",
    "neck_length",
]


def eye_centres(style: HeadStyle) -> np.ndarray:
    """(2, 3) m: centres of the left and the right eyeball, relative to the head joint."""
    left = np.asarray(style.eye) * style.height
    return np.stack([left, left * np.array([-1, 1, 1])])


def neck_length(style: HeadStyle) -> float:
    """How far below the head joint the skin of the neck reaches, m."""
    return style.neck[2] * style.height


def _head_weight(style: HeadStyle, points: np.ndarray) -> np.ndarray:
    """(V,) how much the skin goes with the head rather than the neck: all above the jaw, none at the collar."""
    level = points[:, 2] - 0.6 * points[:, 1]
    length = style.neck[2]
    return smooth(-length + 0.06, -0.18, level)


def _skin_part(style: HeadStyle) -> Part:
    """The skin as a part, in shares of the head's height."""
    made = skin(style)
    weight = _head_weight(style, made.vertices)
    weight = np.where((made.lid_ring >= 0) | (made.mouth_ring >= 0), 1.0, weight)
    weights = {"head": weight, "neck": 1.0 - weight}
    return Part("skin", made.vertices, made.faces, made.materials, weights, skin_shapes(style, made))


def head(style: HeadStyle) -> list[Part]:
    """Build a head in metres relative to the head joint, facing -Y, with the bones head, neck, leftEye, rightEye.

    style: its proportions. Returns parts with materials of the style's palette; every ARKit shape moves at least one.
    """
    parts = [_skin_part(style), ears(style), nostrils(style), brows(style), hair(style), *teeth(style), tongue(style)]
    for sign in (1, -1):
        parts += [eyeball(style, sign), highlight(style, sign), lashes(style, sign)]
    return [
        dataclasses.replace(
            part,
            vertices=part.vertices * style.height,
            shapes={name: move * style.height for name, move in part.shapes.items()},
        )
        for part in parts
    ]
