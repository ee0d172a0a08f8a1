"""The starter character: a stylised humanoid in a hoodie, ready to be driven by any performance."""

from __future__ import annotations

import dataclasses

from . import assemble, face
from .clothes import Cut
from .proportions import STARTER

CUT = Cut(
    ease=0.020, sleeve=0.014, cuff=0.036, hem=0.585, band=0.048, blouse=0.018, collar=(0.066, 0.046, 0.014),
         collar_y=0.016,
    leg=0.010, turn_up=0.038, leg_end=0.114, shoe=0.060, sole=0.032, hood=True,
)  # fmt: skip
# Marigold and navy, complementary, with the coral of the shoes as a small accent; the face stays the lightest large
# area.
CLOTHES = {
    "top": ((0.95, 0.68, 0.20), 0.85),
    "trim": ((0.86, 0.55, 0.13), 0.9),
    "string": ((0.97, 0.95, 0.91), 0.8),
    "trousers": ((0.17, 0.23, 0.38), 0.9),
    "turn-up": ((0.30, 0.39, 0.57), 0.9),
    "shoe": ((0.90, 0.36, 0.28), 0.6),
    "shoe trim": ((0.97, 0.95, 0.91), 0.6),
    "sole": ((0.98, 0.97, 0.94), 0.7),
    "sock": ((0.97, 0.95, 0.91), 0.9),
}


def add(scene):
    """Put the starter character into a scene; returns its armature object, named "Starter".

    scene: a bpy scene; the character gets a collection of its own in it.
    """
    style = face.STARTER_HEAD
    eye = tuple(float(v) for v in face.eye_centres(style)[0])
    palette = assemble.palette(style.palette, CLOTHES)
    return assemble.add(scene, dataclasses.replace(STARTER, eyes=eye), CUT, style, palette)
