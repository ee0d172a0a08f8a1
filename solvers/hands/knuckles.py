"""How a hand's joints are bent and how its palm lies, read from its 21 points by what was learned from rendered hands.

The hand network draws hands too flat and its palms askew, always in the same ways: its points in space and those in
the picture together tell how far. A small network reads both, see presets/weights.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import tilt

WEIGHTS = Path(__file__).resolve().parents[2] / "presets" / "weights" / "hand.npz"
FARTHEST = 4.0  # standard deviations that an input counts at most
CAMERA = np.array([0.0, 1.0, 0.0])
# What is read, in this order: four angles each, rad, of index to little finger; two directions in the palm's axes; the
# bend of the thumb's end, rad; the turn from the seen palm to the true one, rad.
READ = {"middle": 4, "knuckle": 4, "spread": 4, "end": 4, "thumb_base": 3, "thumb_middle": 3, "thumb_end": 1, "palm": 3}


@dataclass(frozen=True)
class HandWeights:
    """E networks of two hidden layers, whose mean counts; see presets/weights.

    centre, scale: (I,) of the inputs. first: (E, I, H), second: (E, H, H), third: (E, H, O); each with its bias.
    """

    centre: np.ndarray
    scale: np.ndarray
    first: np.ndarray
    first_bias: np.ndarray
    second: np.ndarray
    second_bias: np.ndarray
    third: np.ndarray
    third_bias: np.ndarray


@functools.cache
def weights() -> HandWeights:
    """The shipped network."""
    with np.load(WEIGHTS) as file:
        return HandWeights(**{name: file[name].astype(float) for name in file.files})


def read(world: np.ndarray, image: np.ndarray) -> dict[str, np.ndarray]:
    """What a left hand's points say, {name: (T, n)} of READ.

    world: (T, 21, 3) m in axes whose y is the viewing ray. image: (T, 21, 3) px, x to the right, y away, z up.
    """
    parts = np.split(apply(weights(), inputs(world, image)), np.cumsum(list(READ.values()))[:-1], axis=1)
    return dict(zip(READ, parts, strict=True))


def apply(net: HandWeights, told: np.ndarray) -> np.ndarray:
    """What networks read (T, O) from inputs (T, I)."""
    layer = np.clip((told - net.centre) / net.scale, -FARTHEST, FARTHEST)
    layer = np.maximum(layer @ net.first + net.first_bias, 0)
    layer = np.maximum(layer @ net.second + net.second_bias, 0)
    return (layer @ net.third + net.third_bias).mean(0)


def inputs(world: np.ndarray, image: np.ndarray) -> np.ndarray:
    """What the network is told, (T, 123): points in the palm's axes and sizes, how far the picture's differ from them,
    and where the camera is.

    world, image: as for `read`.
    """  # fmt: skip
    palm = tilt.palm_frame(world)
    size = np.linalg.norm(world[:, tilt.KNUCKLES] - world[:, :1], axis=-1).mean(1)[:, None, None]
    points, picture = (world - world[:, :1]) / size, image - image[:, :1]
    flat, seen = (p[..., [0, 2]] - p[..., [0, 2]].mean(1, keepdims=True) for p in (points, picture))
    scale = (flat**2).sum((1, 2)) / np.maximum((flat * seen).sum((1, 2)), 1e-9)
    away = picture * scale[:, None, None] - points
    local = [np.einsum("tij,tki->tkj", palm, part)[:, 1:].reshape(len(world), -1) for part in (points, away)]
    return np.concatenate([*local, np.einsum("tij,i->tj", palm, CAMERA)], 1)
