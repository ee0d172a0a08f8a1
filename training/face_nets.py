"""Small networks that read expressions from how a face's points have moved.

Every batch they learn from is half of real pictures and half of made-up faces: how each head answers to each shape is
found by least squares, the answers of several heads are mixed, each shape with a strength of its own, and what pictures
show besides is added. So a network sees any number of heads and any mixture of shapes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..solvers.names import EXPRESSIONS
from .face_samples import OTHER_SIDE, Layout, Moves, Samples, mirrored_moves
from .mixtures import alone, mixtures, performed

COUNT = len(EXPRESSIONS)
PARTS = 90  # principal components of the offsets that are read
FAINT = 0.01  # eye distances added to a component's deviation before it divides
HIDDEN = 128
SLOPE = 0.1  # of a unit below zero
STEPS, BATCH, RATE, DECAY = 4000, 256, 2e-3, 1e-3
REAL = 0.6  # share of a batch that are real pictures
NOISE = 0.012  # eye distances
OWN_SIZE = 0.15  # standard deviation of how strongly a real face moves
OWN_STRENGTH = 0.25  # of how strongly a made-up head answers to each shape, of its logarithm
BESIDES = 0.7  # the most of what pictures show besides that is added
GROUPS = 3  # into which the people of each head are parted
RESTLESS, UNREST = 0.8, 0.6  # the most of another face in what a face is measured from, and how often there is some
STIFF = 3.0  # ridge of a head's answers, in pictures


@dataclass(frozen=True)
class Net:
    """basis: (3 P, C) from offsets to inputs; matrices: [(C, H), (H, H), (H, 52)]; offsets of the same layers."""

    basis: np.ndarray
    matrices: list[np.ndarray]
    offsets: list[np.ndarray]


@dataclass(frozen=True)
class Lessons:
    """What is learned from. inputs: (n, C); weights, known: (n, 52); head: (n,) numbers; answers: (h, 52, C); has:
    (h, 52) which shapes each of them has; besides: (n, C) what the answers do not explain; basis as in
    Net."""

    inputs: np.ndarray
    weights: np.ndarray
    known: np.ndarray
    head: np.ndarray
    answers: np.ndarray
    has: np.ndarray
    besides: np.ndarray
    basis: np.ndarray


def lessons(samples: Samples, found: Moves, laid: Layout, rows: np.ndarray, random: np.random.Generator) -> Lessons:
    """These pictures and their mirror images, their inputs and the answers of their heads."""
    other = mirrored_moves(found, laid)
    flat = np.concatenate([found.offsets[rows], other.offsets[rows]]).reshape(2 * rows.sum(), -1)
    weights = np.concatenate([samples.weights[rows], samples.weights[rows][:, OTHER_SIDE]]).astype(np.float32)
    known = np.concatenate([samples.known[rows], samples.known[rows][:, OTHER_SIDE]]).astype(np.float32)
    some = random.permutation(len(flat))[:5000]
    _, sizes, axes = np.linalg.svd(flat[some], full_matrices=False)
    spread = np.sqrt(sizes[:PARTS] ** 2 / len(some) + FAINT**2)
    basis = (axes[:PARTS].T / spread).astype(np.float32)
    inputs = (flat @ basis).astype(np.float32)
    head = np.unique(samples.head[rows], return_inverse=True)[1]
    head = np.concatenate([head, head])
    part = np.concatenate([samples.group[rows]] * 2) // 2 % GROUPS + GROUPS * head
    answers, has, besides = [], [], np.zeros_like(inputs)
    for number in np.unique(part):
        own = part == number
        w = weights[own]
        answer = np.linalg.solve(w.T @ w + STIFF * np.eye(COUNT), w.T @ inputs[own]).astype(np.float32)
        besides[own] = inputs[own] - w @ answer
        answers.append(answer)
        has.append(known[own].min(0))
    return Lessons(inputs, weights, known, head, np.array(answers), np.array(has), besides, basis)


def made_up(
    given: Lessons, wanted: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, weights and known (n, ..) of faces nobody has, all of one head that is a mixture of three.

    wanted: (n, 52) what they show, negative where it is less than at rest.
    """
    chosen = random.choice(len(given.answers), 3, replace=False)
    share = random.dirichlet([0.7, 0.7, 0.7])
    has = given.has[chosen].min(0)
    answer = np.tensordot(share.astype(np.float32), given.answers[chosen], 1)
    answer = answer * np.exp(random.normal(0, OWN_STRENGTH, (COUNT, 1))).astype(np.float32)
    weights = (wanted * has).astype(np.float32)
    rest = given.besides[random.integers(len(given.besides), size=len(wanted))]
    inputs = weights @ answer + rest * random.uniform(0, BESIDES, (len(wanted), 1)).astype(np.float32)
    return inputs, weights, np.broadcast_to(has, weights.shape)


def forward(net: Net, inputs: np.ndarray) -> list[np.ndarray]:
    """All layers' outputs, the inputs first."""
    layers = [inputs]
    for depth, (matrix, offset) in enumerate(zip(net.matrices, net.offsets, strict=True)):
        x = layers[-1] @ matrix + offset
        layers.append(np.where(x > 0, x, SLOPE * x) if depth < len(net.matrices) - 1 else x)
    return layers


def gradients(net: Net, layers: list[np.ndarray], error: np.ndarray) -> list[np.ndarray]:
    """Of all matrices, then of all offsets; error: derivative of the loss by the last layer."""
    matrices, offsets = [], []
    for depth in range(len(net.matrices) - 1, -1, -1):
        if depth < len(net.matrices) - 1:
            error = np.where(layers[depth + 1] > 0, error, SLOPE * error)
        matrices.insert(0, layers[depth].T @ error)
        offsets.insert(0, error.sum(0))
        error = error @ net.matrices[depth].T
    return matrices + offsets


def pool_of(size: int, names: list[str], random: np.random.Generator) -> np.ndarray:
    """Weights (n, 52) of faces to make up: a third plausible mixtures, half as live faces, some with a single shape."""
    single = alone(size // 6, names, random)
    return np.concatenate([mixtures(size // 3, random), performed(size // 2, random), single]).astype(np.float32)


def against(count: int, random: np.random.Generator) -> np.ndarray:
    """How much (n, 1) of another face is taken off each: a performer's rest is seldom quite calm."""
    share = random.uniform(0, RESTLESS, (count, 1)) * (random.random((count, 1)) < UNREST)
    return share.astype(np.float32)


def train(given: Lessons, seed: int, steps: int = STEPS) -> Net:
    """One network (Adam, Kingma and Ba 2015; squared error; the rate falls along a cosine)."""
    random = np.random.default_rng(seed)
    sizes = [PARTS, HIDDEN, HIDDEN, COUNT]
    matrices = [
        random.normal(0, np.sqrt(2 / a), (a, b)).astype(np.float32) for a, b in zip(sizes, sizes[1:], strict=False)
    ]
    matrices[-1] *= 0.1
    net = Net(given.basis, matrices, [np.zeros(b, np.float32) for b in sizes[1:]])
    values = [*net.matrices, *net.offsets]
    first, second = [np.zeros_like(v) for v in values], [np.zeros_like(v) for v in values]
    rows = [np.flatnonzero(given.head == h) for h in np.unique(given.head)]
    often = np.sqrt([len(r) for r in rows])
    pool = pool_of(24000, list(EXPRESSIONS), random)
    floor = (NOISE * np.linalg.norm(given.basis, axis=0)).astype(np.float32)
    real = int(REAL * BATCH)
    for step in range(steps):
        heads = random.choice(len(rows), real, p=often / often.sum())
        chosen, other = (np.array([random.choice(rows[h]) for h in heads]) for _ in range(2))
        size = (1 + OWN_SIZE * random.normal(size=(real, 1))).astype(np.float32)
        share = against(BATCH, random)
        wanted = [pool[random.integers(len(pool), size=BATCH - real)] for _ in range(2)]
        fake = made_up(given, wanted[0] - share[real:] * wanted[1], random)
        x = np.concatenate([(given.inputs[chosen] - share[:real] * given.inputs[other]) * size, fake[0]])
        x = x + floor * random.normal(size=x.shape).astype(np.float32)
        target, known = (
            np.concatenate([a[chosen], b]) for a, b in zip((given.weights, given.known), fake[1:], strict=True)
        )
        layers = forward(net, x)
        slopes = gradients(net, layers, 2 * (layers[-1] - target) * known / BATCH)
        rate = RATE * min(1, (step + 1) / 200) * 0.5 * (1 + np.cos(np.pi * step / steps))
        for k, (value, slope) in enumerate(zip(values, slopes, strict=True)):
            first[k] += 0.1 * (slope - first[k])
            second[k] += 0.002 * (slope * slope - second[k])
            move = first[k] / (1 - 0.9 ** (step + 1)) / (np.sqrt(second[k] / (1 - 0.998 ** (step + 1))) + 1e-8)
            value -= rate * (move + (DECAY * value if k < len(net.matrices) else 0))
    return net


def read(nets: list[Net], offsets: np.ndarray) -> np.ndarray:
    """Mean of what networks say (n, 52). offsets: (n, P, 3)."""
    flat = offsets.reshape(len(offsets), -1)
    return np.mean([forward(net, (flat @ net.basis).astype(np.float32))[-1] for net in nets], 0)
