"""Make presets/weights/face.npz: one command from a folder of head models to the shipped weights.

    python -m understudy.training.make_face_weights MATERIAL [--work DIR] [--out presets/weights/face.npz]

MATERIAL as in face_pictures.py, which renders about 12000 pictures first and lets the face networks look at them;
plain_map.py has another 6000 of its own. Then a linear map learns the expressions from those, small networks learn them
from the others, and a regression learns the error of the rigid head fit.
Leaves in DIR/held weights that never saw a head, or a family of heads, for benchmarks.expressions.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..solvers.face import skull
from ..solvers.names import EXPRESSION, EXPRESSIONS
from . import face_nets, plain_map
from .face_parts import STIFF, linear_map, ridge, whole_map
from .face_pictures import gather
from .face_samples import OTHER_SIDE, Layout, Moves, Samples, layout, moves
from .plain_map import PlainMap
from .plain_map import learn as learn_plain

NETWORKS = 0.4  # share of the networks in what is judged, beside a map of the same pictures; they are sized by that
NETS = 3  # whose mean is shipped; each of those that leave a head out is a single one
NEAR = np.radians(18.0)  # what is held out is judged on heads that are turned and nod less
# A regression shrinks what it is unsure of. That is undone, at most by MOST_GAIN, for shapes that are read in heads
# left out: wholly from a mean r of WELL on in single pictures, not at all below POORLY.
MOST_GAIN, POORLY, WELL = 2.2, 0.1, 0.3
TRACES = 30  # percentile of what is read in heads left out where an expression is absent
UNREAD = ("tongueOut", *[n for n in EXPRESSIONS if n.startswith("eyeLook")])


@dataclass(frozen=True)
class Reading:
    """shapes: (3 P, 52) a linear map; nets: networks on the same offsets."""

    shapes: np.ndarray
    nets: list[face_nets.Net]

    def __call__(self, offsets: np.ndarray) -> np.ndarray:
        """Expressions (n, 52) of offsets (n, P, 3) from a person at rest."""
        linear = offsets.reshape(len(offsets), -1) @ self.shapes
        return (1 - NETWORKS) * linear + NETWORKS * face_nets.read(self.nets, offsets)


def learn(samples: Samples, found: Moves, laid: Layout, rows: np.ndarray, count: int) -> Reading:
    """A linear map and so many networks, from these pictures.

    The map is the mean of two that err differently: by parts of the face, of clear pictures, and of all at once.
    """
    given = face_nets.lessons(samples, found, laid, rows, np.random.default_rng(0))
    nets = [face_nets.train(given, seed) for seed in range(count)]
    clear = rows & samples.studio
    by_parts = linear_map(samples, found, laid, clear if clear.any() else rows)
    return Reading((by_parts + whole_map(samples, found, laid, rows)) / 2, nets)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's r; NaN where one does not vary."""
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 1e-6 and b.std() > 1e-6 else np.nan


@dataclass(frozen=True)
class Judgement:
    """How a head is read by what never saw it: reached (52,) what strong expressions come to, of 1; r (52,); traces
    (52,) what is usually read where an expression is absent. NaN where the head lacks it or never shows it."""

    reached: np.ndarray
    r: np.ndarray
    traces: np.ndarray


def judge(samples: Samples, found: Moves, rows: np.ndarray, values: np.ndarray) -> Judgement:
    """Judge values (n, 52) of these rows, of which only those count that look ahead."""
    ahead = (np.abs(found.turns[rows][:, [0, 2]]) < NEAR).all(1)
    values, weights = values[ahead], samples.weights[rows][ahead]
    reached, r, traces = np.full((3, len(EXPRESSIONS)), np.nan)
    for k in np.flatnonzero(samples.known[rows].all(0)):
        strong, absent = weights[:, k] > 0.5, weights[:, k] < 0.02
        if strong.sum() > 10:
            reached[k] = (values[strong, k].mean() - values[absent, k].mean()) / weights[strong, k].mean()
            r[k] = correlation(values[:, k], weights[:, k])
            traces[k] = np.percentile(np.abs(values[absent, k]), TRACES)
    return Judgement(reached, r, traces)


def alike(values: list[np.ndarray], otherwise: float) -> np.ndarray:
    """Mean (52,) over heads, the same for both sides."""
    total = np.full(len(EXPRESSIONS), np.nan)
    stack = np.array(values)
    seen = np.isfinite(stack).any(0)
    total[seen] = np.nanmean(stack[:, seen], 0)
    both = np.stack([total, total[OTHER_SIDE]])
    seen = np.isfinite(both).any(0)
    total[seen] = np.nanmean(both[:, seen], 0)
    return np.where(seen, total, otherwise)


def sizes(judgements: list[Judgement]) -> tuple[np.ndarray, np.ndarray]:
    """By what each expression (52,) is multiplied so that strong ones reach their size, and its traces after that."""
    reached = alike([j.reached for j in judgements], 1.0)
    trust = np.clip((alike([j.r for j in judgements], 0.0) - POORLY) / (WELL - POORLY), 0, 1)
    gain = np.clip(1 / np.maximum(reached, 1e-3), 1, MOST_GAIN) ** trust
    return gain, np.clip(gain * alike([j.traces for j in judgements], 0.0), 0, 0.5)


def arrays(samples: Samples, found: Moves, laid: Layout, rows, reading: Reading, scale, plain: PlainMap) -> dict:
    """What face.npz holds. rows: (n,) learned from; scale: gains and traces as from `sizes`; plain: the linear map."""
    gain, traces = scale
    layers = {}
    for k in range(len(reading.nets[0].matrices)):
        last = gain if k == len(reading.nets[0].matrices) - 1 else 1.0
        layers[f"layer{k}"] = np.array([net.matrices[k] * last for net in reading.nets])
        layers[f"layer{k}_offset"] = np.array([net.offsets[k][None] * last for net in reading.nets])
    clear = rows & samples.studio
    ahead = (clear if clear.any() else rows) & (np.abs(found.turns[:, [0, 2]]) < NEAR).all(1)
    offsets = found.offsets[ahead].reshape(ahead.sum(), -1).astype(float)
    turn = ridge(offsets, found.errors[ahead], np.ones((ahead.sum(), 3), bool), STIFF)
    told = {"points": laid.points, "reference": laid.reference, "steady": laid.steady, "shapes": plain.shapes,
            "turn": turn}  # fmt: skip
    return told | layers | {
        "basis": reading.nets[0].basis, "centre": plain.centre, "spread": plain.spread, "traces": traces,
    }  # fmt: skip


def write(values: dict, path: Path) -> None:
    """Save weights, maps and networks with half precision."""
    kinds = {"points": np.int16, "reference": np.float32, "steady": np.float32, "turn": np.float32}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **{k: v.astype(kinds.get(k, np.float16)) for k, v in values.items()})


def named_alone(samples: Samples, rows: np.ndarray, values: np.ndarray) -> float:
    """In how many pictures of one single, strong expression it is what answers most strongly, as a share."""
    judged = [EXPRESSION[n] for n in EXPRESSIONS if n not in UNREAD]
    weights = samples.weights[rows]
    shown = samples.alone[rows] & (weights[:, judged].max(1) > 0.5)
    best = values[shown][:, judged].argmax(1)
    return float((best == weights[shown][:, judged].argmax(1)).mean()) if shown.any() else np.nan


def main() -> None:
    """Gather, leave each head and family out in turn, judge, learn from all, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("material", type=Path)
    parser.add_argument("--work", type=Path, default=Path("out/training"))
    parser.add_argument("--out", type=Path, default=skull.WEIGHTS)
    asked = parser.parse_args()
    gather(asked.material, asked.work)
    plain_map.gather(asked.material, asked.work / "plain")
    samples, plain = Samples(asked.work), Samples(asked.work / "plain")
    laid = layout(samples, asked.material)
    found = moves(samples, laid)
    kept_out = {name: samples.head == name for name in np.unique(samples.head)}
    kept_out |= {name: samples.family == name for name in np.unique(samples.family) if name not in kept_out}
    readings, judged = {}, {}
    for name, rows in kept_out.items():
        readings[name] = learn(samples, found, laid, ~rows, 1)
        values = readings[name](found.offsets[rows])
        judged[name] = judge(samples, found, rows, values)
        gained = values * sizes(list(judged.values()))[0]
        told = np.nanmedian(judged[name].r), np.nanmean(judged[name].r), named_alone(samples, rows, gained)
        print(f"{name:12} left out: r %.2f (mean %.2f), alone %.2f" % told, flush=True)
    heads = set(np.unique(samples.head))
    for name, rows in kept_out.items():
        others = [j for other, j in judged.items() if other in heads and not rows[samples.head == other].any()]
        told = arrays(samples, found, laid, ~rows, readings[name], sizes(others), learn_plain(plain, laid, name))
        write(told, asked.work / "held" / f"{name}.npz")
    everybody = np.ones(len(samples.calm), bool)
    scale = sizes([judged[name] for name in heads])
    reading = learn(samples, found, laid, everybody, NETS)
    write(arrays(samples, found, laid, everybody, reading, scale, learn_plain(plain, laid)), asked.out)


if __name__ == "__main__":
    main()
