"""The rigid head under the face's points: how it is turned, and what the face does on it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..take import Take

WEIGHTS = Path(__file__).resolve().parents[2] / "presets" / "weights" / "face.npz"
# The face network's depth comes out too small: of .85 to 1.35 tried on rendered heads whose turn is known, 1.1 leaves
# no error that grows with yaw and the least in pitch.
DEPTH = 1.1
ENOUGH = 3  # faces seen in a clip before its own median face is taken as the performer's shape


@dataclass(frozen=True)
class FaceWeights:
    """What was learned about faces from rendered heads of known expression (P points, 52 shapes); see presets/weights.

    points: (P,) indices into the 478 points.
    reference: (P, 3) their mean places on neutral faces in head axes (x to the performer's left, y to the back, z up),
    in distances between the eyes, from the middle of the eyes.
    steady: (P,) how little each moves with expression; they sum to 1.
    shapes: (3 P, 52) from offsets against the reference to expressions.
    centre, spread: (52,) mean and standard deviation of that over neutral faces.
    basis: (3 P, C) from offsets against a performer's own face at rest to the inputs of N small networks.
    layers: their layers, each (N, inputs, outputs) and (N, 1, outputs); the last gives the 52 expressions.
    traces: (52,) what is read where an expression is absent.
    turn: (3 P, 3) from offsets to the error of the rigid fit, rad.
    """

    points: np.ndarray
    reference: np.ndarray
    steady: np.ndarray
    shapes: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    basis: np.ndarray
    layers: tuple[tuple[np.ndarray, np.ndarray], ...]
    traces: np.ndarray
    turn: np.ndarray


@dataclass(frozen=True)
class Skull:
    """The head in those samples of a take that show a face (F samples).

    seen: (T,) bool, which samples. time: (F,) s.
    rotation: (F, 3, 3) head to the viewing direction: identity looks along the ray into the camera.
    shape: (F, P, 3) the points in head axes, in the units and order of FaceWeights.
    """

    seen: np.ndarray
    time: np.ndarray
    rotation: np.ndarray
    shape: np.ndarray

    def point(self, index: int) -> np.ndarray:
        """Places (F, 3) of one of the 478 points. index: its number in MediaPipe's mesh, one that the weights use."""
        return self.shape[:, int(np.flatnonzero(weights().points == index)[0])]


@functools.cache
def weights() -> FaceWeights:
    """The shipped weights."""
    return read(WEIGHTS)


def read(path: Path) -> FaceWeights:
    """Weights from a file."""
    with np.load(path, allow_pickle=False) as file:
        plain = {n: file[n].astype(int if n == "points" else float) for n in file.files if not n.startswith("layer")}
        count = sum(name.startswith("layer") for name in file.files) // 2
        layers = [(file[f"layer{k}"], file[f"layer{k}_offset"]) for k in range(count)]
    return FaceWeights(**plain, layers=tuple((m.astype(np.float32), b.astype(np.float32)) for m, b in layers))


def align(points: np.ndarray, reference: np.ndarray, steady: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn, scale and shift every sample onto a reference by weighted least squares (Umeyama 1991).

    points: (T, P, 3); reference: (P, 3); steady: (P,) weights.
    Result: rotation (T, 3, 3) of the reference's axes in those of the points, and the points (T, P, 3) laid onto it.
    """
    share = steady / steady.sum()
    middle = np.einsum("p,tpi->ti", share, points)[:, None]
    target = share @ reference
    moved = points - middle
    u, values, vt = np.linalg.svd(np.einsum("p,tpi,pj->tij", share, moved, reference - target))
    signs = np.ones_like(values)
    signs[:, 2] = np.sign(np.linalg.det(u @ vt))
    rotation = np.einsum("tij,tj,tjk->tik", u, signs, vt)
    scale = (values * signs).sum(1) / np.einsum("p,tpi->t", share, moved**2)
    return rotation, np.einsum("t,tpi,tij->tpj", scale, moved, rotation) + target


def fit_points(
    points: np.ndarray, reference: np.ndarray, steady: np.ndarray, own: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The rigid head in each sample, fitted twice: to the mean face, then to this performer's own.

    points: (F, P, 3) px in our axes. reference, steady: as in FaceWeights. own: (F,) bool, samples of which the
    performer's face is the median; all if None. Result: rotation (F, 3, 3) and shape (F, P, 3) as in Skull.
    """
    points = points * np.array([1.0, DEPTH, 1.0])
    rotation, shape = align(points, reference, steady)
    if len(points) < ENOUGH:
        return rotation, shape
    performer = np.median(shape if own is None else shape[own], 0)
    performer = align(performer[None], reference, steady)[1][0]
    return align(points, performer, steady)


def fit(take: Take) -> Skull:
    """The head in all samples of a take that show a face, and the face's points on it."""
    image, learned = take.face.image, weights()
    seen = np.isfinite(image[:, learned.points]).all((1, 2))
    if not seen.any():
        return Skull(seen, take.time[seen], np.zeros((0, 3, 3)), np.zeros((0, len(learned.points), 3)))
    return Skull(seen, take.time[seen], *fit_faces(image[seen]))


def fit_faces(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The heads of faces as the network sees them in pictures: rotation (F, 3, 3) and shape (F, P, 3) as in Skull.

    image: (F, 478, 3) px, y down, depth away.
    """
    learned = weights()
    points = np.asarray(image[:, learned.points][..., [0, 2, 1]], float) * np.array([1.0, 1.0, -1.0])
    return fit_points(points, learned.reference, learned.steady)
