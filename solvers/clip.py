"""A clip: a performance on one rig, ready to be written as keys."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Clip:
    """Keys for one rig (N frames, B bones that turn, M bones that move, S sliders), in pose-bone basis.

    frames: (N,) Blender frames, may fall between whole ones. fps: of the scene they were made for.
    bones: (B,) names. rotations: (N, B, 4) quaternions wxyz, sign-continuous over time.
    movers: (M,) names. locations: (N, M, 3) armature units in the bone's own axes.
    sliders: (S,) names. values: (N, S).
    switches: {"bone[property]": value} to be set once, so that the keyed controls act.
    missing: joints and expressions of the performance for which the rig has nothing.
    name: of the action to be made.
    left: {bone or slider: (N,) 0..1}, how far it is left to what the character does otherwise; 0 where not named.
    by_hand: sliders whose keys an artist makes: none are written for them, and those that are there go along.
    """

    frames: np.ndarray
    fps: float
    bones: tuple[str, ...]
    rotations: np.ndarray
    movers: tuple[str, ...]
    locations: np.ndarray
    sliders: tuple[str, ...]
    values: np.ndarray
    switches: dict = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    name: str = "Performance"
    left: dict[str, np.ndarray] = field(default_factory=dict)
    by_hand: tuple[str, ...] = ()
