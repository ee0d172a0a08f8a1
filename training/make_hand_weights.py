"""Make presets/weights/hand.npz: one command from a folder of characters to the shipped weights.

    python -m understudy.training.make_hand_weights MATERIAL [--work DIR] [--out presets/weights/hand.npz]

MATERIAL holds characters/ (see render_hands.BODIES). About 10000 pictures are rendered and looked at by the hand
network (forty minutes on two cores); then small ones learn to read the true joints from the points that were seen.
Prints how well the hands of each body are read by networks that were trained without them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np

from ..solvers.hands import knuckles, tilt
from ..solvers.motion import rotations

PLAN = {"woman": ((1, 240), (2, 260)), "man": ((1, 240), (2, 260)), "doll": ((1, 120),)}  # seeds, poses of each
PLAN |= {"lady": ((1, 120), (2, 140)), "starter": ((1, 120), (2, 140))}
HIDDEN, ROUNDS, BATCH, RATE, DECAY = 40, 160, 128, 2e-3, 1e-3
NOISE = 0.1  # standard deviations added to the inputs, so that the network does not swim with the points
NETWORKS = 4  # whose mean is read: each alone errs by a degree more or less
# Hands are open or relaxed most of the time: pictures of hands whose middle joints are bent by less than this, rad, on
# the average, count once more for each that holds.
OPEN = np.radians([25, 25, 12, 12, 12, 12])
ASKEW = np.radians(70)  # where even the better way round is off by more, something else was seen
FINGERS = [(4 + 3 * k, 5 + 3 * k, 6 + 3 * k) for k in range(4)]  # among truth's 16 joints; the thumb's are 1 to 3


def gather(material: Path, work: Path) -> list[Path]:
    """Render all hands and look at them; what is there already is kept."""
    folders = []
    for body, parts in PLAN.items():
        for seed, count in parts:
            folder = work / f"{body}-{seed:02d}"
            folders.append(folder)
            if not (folder / "truth.npz").exists():
                words = [str(material), body, str(seed), str(count), str(folder)]
                call("render_hands", *words)
    call("see_hands", *map(str, folders))
    return folders


def call(module: str, *words: str) -> None:
    """Run another module of this folder in its own process."""
    command = [sys.executable, "-m", f"{__package__}.{module}", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def samples(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """What was seen in a folder's pictures and what was true: inputs (n, I) and what is to be read (n, O)."""
    truth, seen = np.load(folder / "truth.npz"), np.load(folder / "seen.npz")
    found = np.isfinite(seen["world"]).all((1, 2))
    side = np.where(truth["sides"][found] == "left", 1.0, -1.0)[:, None, None] * [1, 0, 0] + [0, 1, 1]
    joints, world = truth["joints"][found] * side, seen["world"][found] * side
    image = seen["image"][found][..., [0, 2, 1]] * [1, 1, -1]
    image = (image - image[:, :1]) * side
    palm = rotations.frame(joints[:, 7] - joints[:, 0], joints[:, 13] - joints[:, 4])
    wrong = [rotations.angle_between(*map(rotations.from_matrix, (tilt.palm_frame(world * way), palm)))
             for way in (1.0, tilt.DEPTH)]  # fmt: skip
    turned = (wrong[1] < wrong[0])[:, None, None]
    world, image = (np.where(turned, points * tilt.DEPTH, points) for points in (world, image))
    kept = np.minimum(*wrong) < ASKEW
    ends = truth["ends"][found]
    return knuckles.inputs(world, image)[kept], answers(joints, palm, world, ends)[kept]


def answers(joints: np.ndarray, palm: np.ndarray, world: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """What is to be read (n, O), in the order of knuckles.READ, of left hands' joints (n, 16, 3).

    palm: (n, 3, 3) true axes. world: (n, 21, 3) as seen. ends: (n, 5) rad, of the last joints.
    """
    local = np.einsum("tij,tki->tkj", palm, joints)
    direction = lambda a, b: (v := local[:, b] - local[:, a]) / np.linalg.norm(v, axis=1, keepdims=True)  # noqa: E731
    first = np.stack([direction(a, b) for a, b, _ in FINGERS], 1)
    second = np.stack([direction(b, c) for _, b, c in FINGERS], 1)
    middle = np.arccos(np.clip((first * second).sum(-1), -1, 1))
    knuckle = (np.arctan2(-first[..., 2], first[..., 0]) + np.pi / 2) % (2 * np.pi) - np.pi / 2
    askew = rotations.to_vector(rotations.from_matrix(np.einsum("tji,tjk->tik", tilt.palm_frame(world), palm)))
    spread = np.arcsin(np.clip(first[..., 1], -1, 1))
    thumb = direction(1, 2), direction(2, 3), ends[:, :1]
    return np.concatenate([middle, knuckle, spread, ends[:, 1:], *thumb, askew], 1)


def train(inputs: np.ndarray, wanted: np.ndarray) -> knuckles.HandWeights:
    """Networks that read `wanted` (n, O) from `inputs` (n, I)."""
    bend = wanted[:, :4].mean(1)
    rows = np.concatenate([np.arange(len(bend)), *(np.flatnonzero(bend < limit) for limit in OPEN)])
    centre, scale = inputs[rows].mean(0), inputs[rows].std(0) + 1e-3
    middle, spread = wanted[rows].mean(0), wanted[rows].std(0)
    data = np.clip((inputs[rows] - centre) / scale, -knuckles.FARTHEST, knuckles.FARTHEST)
    nets = [trained(data, (wanted[rows] - middle) / spread, np.random.default_rng(seed)) for seed in range(NETWORKS)]
    a, p, b, q, c, r = (np.stack(arrays) for arrays in zip(*nets, strict=True))
    return knuckles.HandWeights(
        centre, scale, a, p[:, None], b, q[:, None], c * spread, (r * spread + middle)[:, None]
    )  # fmt: skip


def trained(data: np.ndarray, goal: np.ndarray, random: np.random.Generator) -> list[np.ndarray]:
    """The arrays of one network: Adam (Kingma and Ba 2015), a robust loss, noise on the inputs."""
    sizes = [data.shape[1], HIDDEN, HIDDEN, goal.shape[1]]
    layers = [random.normal(0, np.sqrt(2 / a), (a, b)) for a, b in zip(sizes, sizes[1:], strict=False)]
    state = [value for matrix in layers for value in (matrix, np.zeros(matrix.shape[1]))]
    mean, power, step = [0 * v for v in state], [0 * v for v in state], 0
    for turn in range(ROUNDS):
        rate, order = RATE * 0.5 * (1 + np.cos(np.pi * turn / ROUNDS)) + 1e-5, random.permutation(len(data))
        for start in range(0, len(order), BATCH):
            rows, step = order[start : start + BATCH], step + 1
            noisy = data[rows] + random.normal(0, NOISE, (len(rows), sizes[0]))
            for k, slope in enumerate(slopes(state, noisy, goal[rows])):
                mean[k] = 0.9 * mean[k] + 0.1 * slope
                power[k] = 0.999 * power[k] + 0.001 * slope**2
                move = mean[k] / (1 - 0.9**step) / (np.sqrt(power[k] / (1 - 0.999**step)) + 1e-8)
                state[k] = state[k] - rate * (move + (DECAY * state[k] if k % 2 == 0 else 0))
    return state


def slopes(state: list[np.ndarray], data: np.ndarray, goal: np.ndarray) -> list[np.ndarray]:
    """The slopes of the loss |e| - log(1 + |e|) with regard to each array of the network."""
    a, p, b, q, c, r = state
    first = np.maximum(data @ a + p, 0)
    second = np.maximum(first @ b + q, 0)
    error = second @ c + r - goal
    out = error / (1 + np.abs(error)) / len(data)
    back = (out @ c.T) * (second > 0)
    front = (back @ b.T) * (first > 0)
    return [data.T @ front, front.sum(0), first.T @ back, back.sum(0), second.T @ out, out.sum(0)]


def judge(parts: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Print the median errors in degrees with which each body's hands are read by a network that never saw them."""
    for body in PLAN:
        others = [part for name, part in parts.items() if not name.startswith(body)]
        mine = [part for name, part in parts.items() if name.startswith(body)]
        net = train(*(np.concatenate(column) for column in zip(*others, strict=True)))
        inputs, wanted = (np.concatenate(column) for column in zip(*mine, strict=True))
        error = np.split(knuckles.apply(net, inputs) - wanted, np.cumsum(list(knuckles.READ.values()))[:-1], axis=1)
        figures = dict(zip(knuckles.READ, error, strict=True))
        angles = {name: np.abs(figures[name]) for name in ("middle", "knuckle", "spread", "end")}
        angles["palm"] = np.linalg.norm(figures["palm"], axis=1)
        print(body, {name: round(float(np.degrees(np.median(value))), 1) for name, value in angles.items()}, flush=True)


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("material", type=Path)
    parser.add_argument("--work", type=Path, default=Path("hands"))
    parser.add_argument("--out", type=Path, default=knuckles.WEIGHTS)
    words = parser.parse_args()
    parts = {folder.name: samples(folder) for folder in gather(words.material, words.work)}
    judge(parts)
    net = train(*(np.concatenate(column) for column in zip(*parts.values(), strict=True)))
    np.savez_compressed(words.out, **{name: value.astype(np.float32) for name, value in vars(net).items()})


if __name__ == "__main__":
    main()
