"""What the networks saw in rendered heads, laid out for learning: how a face's points move from its person at rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..solvers.face import skull
from ..solvers.motion import rotations
from ..solvers.names import EXPRESSION, EXPRESSIONS, mirrored
from .face_pictures import NETWORKS, STUDIO
from .people import FAMILY, landmarks

FIT_STEADY = 0.0005  # squared eye distances: floor of a point's variance in its weight
STEADIEST = 80  # points that the rigid fit uses
OTHER_SIDE = np.array([EXPRESSION[mirrored(n)] for n in EXPRESSIONS])
FLIP = np.array([-1.0, 1.0, 1.0])

# Points by MediaPipe's mesh numbers on the performer's left and in the middle; the right is found by mirroring.
EYE = (263, 362, 386, 385, 387, 374, 380, 373, 388, 384, 390, 381, 466, 398, 253, 257, 450, 473, 349, 350)
BROW = (285, 295, 282, 283, 276, 336, 296, 334, 293, 300)
BRIDGE = (9, 8, 168, 6)
MOUTH = (291, 308, 269, 270, 267, 314, 405, 321, 312, 311, 317, 402, 318, 310, 375, 409, 287, 426, 410)
CHEEK = (425, 280, 411, 327, 278, 358, 294, 331, 266, 429, 371, 377, 397, 365, 427, 436, 349, 350, 253)
MIDDLE = (0, 13, 14, 17, 18, 2, 1, 4, 152, 175, 199, 200, 11, 12, 15, 16)
ANCHORS = (168, 6, 197, 195, 362, 133)


class Samples:
    """All pictures in which a face was found, as arrays over pictures.

    head, family: names of whose face it is; group: number of its person and network; points: (n, 478, 3) px;
    weights: (n, 52); known: (n, 52) whether the head has the expression; rotations: (n, 3, 3); alone: (n,) whether only
    one expression is shown; studio: (n,) whether it was seen in a studio; calm: (n,).
    """

    def __init__(self, work: Path):
        names = ("head", "family", "group", "points", "weights", "known", "rotations", "alone", "studio")
        lists: dict[str, list] = {name: [] for name in names}
        folders = [f for f in sorted(work.iterdir()) if (f / "truth.npz").exists()]
        seen = [(f, n) for f in folders for n in NETWORKS if (f / f"{n}.npz").exists()]
        for group, (folder, network) in enumerate(seen):
            truth, sight = np.load(folder / "truth.npz"), np.load(folder / f"{network}.npz")
            found = np.isfinite(sight["points"][:, 0, 0])
            head, count = folder.name.split("-")[0], int(found.sum())
            known = ~np.isin(np.array(EXPRESSIONS), truth["lacking"])
            row = {"points": sight["points"]}
            row |= {name: truth[name] for name in ("weights", "rotations", "alone")}
            row = {name: values[found] for name, values in row.items()}
            row |= {"head": np.full(count, head), "family": np.full(count, FAMILY.get(head, head))}
            row |= {"studio": np.full(count, int(folder.name.split("-")[1]) >= STUDIO)}
            row |= {"group": np.full(count, group), "known": np.broadcast_to(known, (count, len(known)))}
            for name in names:
                lists[name].append(row[name])
        self.__dict__ |= {name: np.concatenate(values) for name, values in lists.items()}
        self.calm = self.weights.sum(1) < 0.01


@dataclass(frozen=True)
class Layout:
    """Which points are read, and what a mean face is; as in skull.FaceWeights.

    partner: (P,) positions of the points on the other side of the face; symmetric: (478, 3) a symmetric face.
    """

    points: np.ndarray
    reference: np.ndarray
    steady: np.ndarray
    partner: np.ndarray
    symmetric: np.ndarray


@dataclass(frozen=True)
class Moves:
    """Faces as they differ from their person at rest.

    offsets: (n, P, 3) in head axes, in eye distances; turns: (n, 3) rad, rotation vectors of the rigid fit; errors:
    (n, 3) rad from that fit to the truth, each person's own taken off; neutrals: (groups, P, 3).
    """

    offsets: np.ndarray
    turns: np.ndarray
    errors: np.ndarray
    neutrals: np.ndarray


def reference_face(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    """Mean neutral face (478, 3) over heads in head axes, and each point's variance (478,) under expression."""
    points = np.einsum("tji,tkj->tki", samples.rotations, samples.points * np.array([1, skull.DEPTH, 1]))
    middle = points[:, [33, 133, 362, 263]].mean(1, keepdims=True)
    width = np.linalg.norm(points[:, [362, 263]].mean(1) - points[:, [33, 133]].mean(1), axis=-1)
    points = (points - middle) / width[:, None, None]
    faces, motion = {}, np.zeros((len(points), points.shape[1]))
    for group in np.unique(samples.group):
        rows = samples.group == group
        neutral = np.median(points[rows & samples.calm], 0)
        offsets = points[rows] - neutral
        motion[rows] = ((offsets - np.median(offsets, 1, keepdims=True)) ** 2).sum(-1)
        faces.setdefault(samples.head[rows][0], []).append(neutral)
    return np.mean([np.mean(head, 0) for head in faces.values()], 0), np.median(motion, 0)


def mirror(indices, symmetric: np.ndarray) -> list[int]:
    """The points on the other side. symmetric: (478, 3) a symmetric face."""
    distance = np.linalg.norm(symmetric[:, None] * FLIP - symmetric, axis=-1)
    return [int(k) for k in distance[list(indices)].argmin(1)]


def layout(samples: Samples, material: Path) -> Layout:
    """The points to read and the mean face, from the samples."""
    symmetric = landmarks(material)[0]
    reference, motion = reference_face(samples)
    steadiest = set(np.argsort(motion[:468])[:STEADIEST].tolist())
    used = steadiest | set(EYE) | set(BROW) | set(BRIDGE) | set(MOUTH) | set(CHEEK) | set(MIDDLE) | set(ANCHORS)
    while others := set(mirror(sorted(used), symmetric)) - used:
        used |= others
    points = np.array(sorted(used))
    steady = np.where(np.isin(points, sorted(steadiest)), 1 / (motion[points] + FIT_STEADY), 0)
    column = {int(p): k for k, p in enumerate(points)}
    partner = np.array([column[p] for p in mirror(points, symmetric)])
    return Layout(points, reference[points], steady / steady.sum(), partner, symmetric)


def moves(samples: Samples, laid: Layout) -> Moves:
    """Every face against its own person at rest, fitted as the solver fits it."""
    count = len(samples.calm)
    offsets, turns = np.zeros((count, len(laid.points), 3), np.float32), np.zeros((count, 3))
    errors, neutrals = np.zeros((count, 3)), []
    for group in np.unique(samples.group):
        rows = samples.group == group
        calm = samples.calm[rows]
        points = samples.points[rows][:, laid.points].astype(float)
        rotation, shape = skull.fit_points(points, laid.reference, laid.steady, calm)
        neutral = np.median(shape[calm], 0)
        offsets[rows], turns[rows] = shape - neutral, rotations.to_vector(rotations.from_matrix(rotation))
        error = rotations.to_vector(rotations.from_matrix(np.swapaxes(rotation, 1, 2) @ samples.rotations[rows]))
        errors[rows] = error - np.median(error[calm], 0)
        neutrals.append(neutral)
    return Moves(offsets, turns, errors, np.array(neutrals))


def mirrored_moves(found: Moves, laid: Layout) -> Moves:
    """The same faces seen in a mirror; their neutrals stay as they were."""
    aside = np.array([1.0, -1.0, -1.0])  # a mirror keeps the nod and turns yaw and roll about
    offsets = found.offsets[:, laid.partner] * FLIP.astype(np.float32)
    return Moves(offsets, found.turns * aside, found.errors * aside, found.neutrals)
