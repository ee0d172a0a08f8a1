"""The demo performer: an adult of human proportions in a sweater, for filming performances with known truth."""

from __future__ import annotations

import dataclasses

from . import assemble, face
from .clothes import Cut
from .proportions import PERFORMER

CUT = Cut(
    ease=0.016, sleeve=0.009, cuff=0.050, hem=0.895, band=0.055, blouse=0.012, collar=(0.060, 0.036, 0.011),
         collar_y=0.014,
    leg=0.010, turn_up=0.0, leg_end=0.102, shoe=0.049, sole=0.026, hood=False,
)  # fmt: skip
# Teal against a warm wall, skin and hands stand out from both; dark trousers keep the legs apart from the floor.
CLOTHES = {
    "top": ((0.10, 0.42, 0.46), 0.85),
    "trim": ((0.07, 0.33, 0.37), 0.9),
    "trousers": ((0.16, 0.18, 0.24), 0.9),
    "turn-up": ((0.20, 0.22, 0.29), 0.9),
    "shoe": ((0.86, 0.84, 0.80), 0.6),
    "shoe trim": ((0.74, 0.36, 0.24), 0.6),
    "sole": ((0.95, 0.94, 0.92), 0.7),
    "sock": ((0.80, 0.45, 0.30), 0.9),
}


def add(scene):
    """Put the performer into a scene; returns its armature object, named "Performer".

    scene: a bpy scene; the figure gets a collection of its own in it.
    """
    style = face.PERFORMER_HEAD
    eye = tuple(float(v) for v in face.eye_centres(style)[0])
    palette = assemble.palette(style.palette, CLOTHES)
    return assemble.add(scene, dataclasses.replace(PERFORMER, eyes=eye), CUT, style, palette)
