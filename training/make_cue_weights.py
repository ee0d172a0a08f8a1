"""Make presets/weights/cues.npz: one command from a folder of head models to what pictures tell beside points.

    python -m understudy.training.make_cue_weights MATERIAL [--work DIR] [--out presets/weights/cues.npz]

MATERIAL holds what people.HEADS names, and models/face.task. About 3500 pictures of 54 people, each under one light,
are rendered and looked at (half an hour on two cores); the mean calm face becomes the portraits' frame, and ridge
regressions go from what differs from each person's calm portrait to the known expressions. Prints how well every
family of heads is read by weights that were fitted without it, with and without the pictures.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import Delaunay

from ..solvers.detectors.complexion import portrait
from ..solvers.face import cues, skull
from ..solvers.names import EXPRESSIONS, mirrored

PEOPLE, PICTURES = 9, 64  # of each head, of each of them
HEADS = ("ict", "woman", "man", "capture", "lady", "own")
FAMILY = {"woman": "makehuman", "man": "makehuman"}  # others are families of their own
RIDGE = 0.5  # of the features' variance
TURNED = 0.6  # by which the depth of the mean face may show in a picture that is learned from: about 33 degrees
STEP = 3  # every so many points are features

# Expression: the part of a portrait (rows, columns) that tells it, and of the four kinds of feature those that do.
BROW, EYE, NOSE = (0, 31, 5, 43), (13, 31, 5, 43), (13, 36, 12, 36)
CHEEK, MOUTH = (22, 47, 3, 45), (27, 47, 11, 37)
POINTS, FLOW, SHADE, TINT = range(4)
PARTS = {
    "cheekPuff": (CHEEK, (POINTS, FLOW, SHADE)),
    "tongueOut": (MOUTH, (POINTS, TINT)),
    "cheekSquintLeft": (EYE, (POINTS, FLOW)),
    "browDownLeft": (BROW, (POINTS, FLOW)),
    "mouthRollLower": (MOUTH, (POINTS, TINT)),
    "mouthRollUpper": (MOUTH, (POINTS, TINT)),
    "mouthShrugUpper": (MOUTH, (POINTS, FLOW, TINT)),
    "noseSneerLeft": (NOSE, (POINTS, FLOW)),
}
# A Rocketbox woman's tongue has the skin's colour, and own figures' puffed cheeks are mostly a wider mouth.
UNLIKE = {("lady", "tongueOut"), ("own", "cheekPuff")}
"""Pairs (head, expression) that are not learned from."""
SHIPPED = ("tongueOut", "browDownLeft")
"""Of the others pictures contradict points, or what is really there, on clips that were not learned from."""
RARE = {"tongueOut": 99.8}  # percentile of faces without it that must count as nothing
OTHERS = 80.0  # the same of expressions of which points tell something as well
ABSENT, CLEAR = 0.1, 0.75  # weights below which an expression is not there, and above which it is plain to see
LEAST = {"tongueOut": 0.12}  # least that is between nothing and 1
SPAN = 0.6  # the same of the others
HALF = 0.5  # share of the picture where points tell something as well


def gather(material: Path, work: Path) -> list[Path]:
    """Render all heads and look at them; what is there already is kept. Result: the folders."""
    folders = [work / f"{head}-{person:02d}" for person in range(PEOPLE) for head in HEADS]
    for folder in folders:
        if not (folder / "truth.npz").exists():
            head, person = folder.name.split("-")
            words = [str(material), head, str(int(person)), str(PICTURES), str(folder)]
            render = [sys.executable, "-m", f"{__package__}.render_cues", *words]
            subprocess.run(render, check=True, stdout=subprocess.DEVNULL)
            print(f"rendered {folder.name}", flush=True)
    unseen = [str(folder) for folder in folders if not (folder / "plain.npz").exists()]
    if unseen:
        words = [str(material / "models" / "face.task"), "plain", *unseen]
        subprocess.run([sys.executable, "-m", f"{__package__}.see_faces", *words], check=True)
    return folders


class Person:
    """One person's pictures in which a face was found.

    head, family: of what kind. image: (n, 478, 2) px. solid: (n, 478, 3) px in our axes. weights: (n, 52);
    known: (52,) whether the head has the expression. calm: (n,). pictures: their files.
    """

    def __init__(self, folder: Path):
        truth, points = np.load(folder / "truth.npz"), np.load(folder / "plain.npz")["points"].astype(float)
        found = np.isfinite(points[:, 0, 0])
        self.head = folder.name.split("-")[0]
        self.family = FAMILY.get(self.head, self.head)
        self.solid = points[found]
        self.image = self.solid[..., [0, 2]] * [1, -1]
        self.weights = truth["weights"][found]
        self.known = ~np.isin(EXPRESSIONS, truth["lacking"])
        self.known &= [(self.head, name) not in UNLIKE for name in EXPRESSIONS]
        self.calm = self.weights.sum(1) < 0.01
        self.pictures = [folder / f"{index:04d}.jpg" for index in np.flatnonzero(found)]

    def look(self, learned: cues.CueWeights) -> None:
        """Make portraits of the pictures, and features of those; only nearly straight faces are kept."""
        shown = (cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in self.pictures)
        portraits = np.stack([portrait(rgb, at, learned) for rgb, at in zip(shown, self.image, strict=True)])
        straight = np.abs(turned(self.image, learned)) < TURNED
        self.features = np.concatenate(list(cues.features(portraits, self.image, self.calm, learned)))[straight]
        self.weights = self.weights[straight]


def turned(image: np.ndarray, learned: cues.CueWeights) -> np.ndarray:
    """How far the mean face's depth (n,) shows to the side, against its height. image: (n, 478, 2) px."""
    fit = cues.laid(image, learned)
    up = fit[:, 2] / np.linalg.norm(fit[:, 2], axis=1, keepdims=True)
    return np.einsum("ni,ni->n", fit[:, 1], np.stack([-up[:, 1], up[:, 0]], 1)) / np.linalg.norm(fit[:, 2], axis=1)


def mean_face(people: list[Person]) -> tuple[np.ndarray, np.ndarray]:
    """The mean calm face (478, 3) over families, made even, and each point's partner on the other side (478,)."""
    known, heads = skull.weights(), {}
    for person in people:
        points = person.solid[person.calm] * [1, skull.DEPTH, 1]
        laid = skull.align(points[:, known.points], known.reference, known.steady)[1]
        flat = np.concatenate([points, np.ones((*points.shape[:2], 1))], -1)
        maps = [np.linalg.lstsq(f[known.points], target, rcond=None)[0] for f, target in zip(flat, laid, strict=True)]
        heads.setdefault(person.head, []).append(np.median(np.einsum("npk,nki->npi", flat, np.array(maps)), 0))
    face = np.mean([np.mean(people, 0) for people in heads.values()], 0)
    flipped = face * [-1, 1, 1]
    _, partner = linear_sum_assignment(((flipped[:, None] - face) ** 2).sum(-1))
    return (face + flipped[partner]) / 2, partner


def blank(reference: np.ndarray, partner: np.ndarray) -> cues.CueWeights:
    """Weights that know where a portrait's pixels are, and no expression yet."""
    known = skull.weights()
    steady = np.zeros(len(reference))
    steady[known.points] = known.steady
    steady = steady + steady[partner]
    points = np.arange(0, 468, STEP)
    nothing = np.zeros(0)
    return cues.CueWeights(
        reference=reference, steady=steady / steady.sum(), sites=sites(reference),
        points=np.unique(np.concatenate([points, partner[points]])), names=np.array([], "U20"),
        maps=np.zeros((0, 0)), bias=nothing, low=nothing, high=nothing, share=nothing,
    )  # fmt: skip


def sites(reference: np.ndarray) -> np.ndarray:
    """The pixels of a portrait on the mean face (S, 3), also a little beyond its outline; NaN elsewhere."""
    flat, (left, top, pixel) = reference[:, [0, 2]], cues.frame(reference)
    hull = Delaunay(flat).convex_hull
    rim = np.unique(hull)
    beyond = reference[6] + (reference[rim] - reference[6]) * [1.22, 1.0, 1.22]
    solid = np.concatenate([reference, beyond])
    mesh = Delaunay(solid[:, [0, 2]])
    step = (np.arange(cues.SIDE) + 0.5) * pixel
    spots = np.stack(np.meshgrid(left + step, top - step), -1).reshape(-1, 2)
    inside = mesh.find_simplex(spots)
    result = np.full((len(spots), 3), np.nan)
    turn = mesh.transform[inside]
    share = np.einsum("sij,sj->si", turn[:, :2], spots - turn[:, 2])
    share = np.column_stack([share, 1 - share.sum(1)])
    result[inside >= 0] = np.einsum("sk,ski->si", share, solid[mesh.simplices[inside]])[inside >= 0]
    return result


def layout(learned: cues.CueWeights, partner: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of every feature (N,): its kind, its row and column in a portrait (N, 2), its mirror image, its sign there."""
    left, top, pixel = cues.frame(learned.reference)
    flat = learned.reference[learned.points][:, [0, 2]]
    on_points = np.stack([top - flat[:, 1], flat[:, 0] - left], 1) / pixel
    middle = np.arange(cues.STRIDE // 2, cues.SIDE, cues.STRIDE)
    blocks = (np.arange(cues.BLOCKS) + 0.5) * cues.SIDE / cues.BLOCKS
    grid = lambda rows, columns: np.stack(np.meshgrid(rows, columns, indexing="ij"), -1).reshape(-1, 2)  # noqa: E731
    in_mouth = np.full((cues.MOUTH_ROWS * len(cues.ACROSS), 2), [np.mean(MOUTH[:2]), np.mean(MOUTH[2:])])
    column = {int(p): k for k, p in enumerate(learned.points)}
    other = [column[int(partner[p])] for p in learned.points]
    flips = [np.array(other)] + [
        np.arange(rows * columns).reshape(rows, columns)[:, ::-1].ravel()
        for rows, columns in ((len(middle),) * 2, (cues.BLOCKS,) * 2, (cues.MOUTH_ROWS, len(cues.ACROSS)))
    ]
    kinds, spots, mirror, signs, start = [], [], [], [], 0
    for kind, (place, flip, sign) in enumerate(zip(
        (on_points, grid(middle, middle), grid(blocks, blocks), in_mouth), flips, ((-1, 1), (-1, 1), (1,), (1,) * 4),
        strict=True,
    )):  # fmt: skip
        wide = len(sign)
        kinds.append(np.full(len(place) * wide, kind))
        spots.append(np.repeat(place, wide, 0))
        mirror.append((start + flip[:, None] * wide + np.arange(wide)).ravel())
        signs.append(np.tile(sign, len(place)))
        start += len(place) * wide
    return tuple(np.concatenate(parts) for parts in (kinds, spots, mirror, signs))


def chosen(name: str, kinds: np.ndarray, spots: np.ndarray, only: tuple[int, ...] | None = None) -> np.ndarray:
    """Which features (N,) tell an expression. only: of these kinds."""
    (top, bottom, left, right), wanted = PARTS[name]
    near = (spots >= [top, left]).all(1) & (spots <= [bottom, right]).all(1)
    return np.flatnonzero(near & np.isin(kinds, wanted if only is None else only))


def fitted(people: list[Person], name: str, columns: np.ndarray, mirror, signs) -> tuple[np.ndarray, float]:
    """A map (C,) and a bias from features to an expression, learned from both sides of faces."""
    data, goal = [], []
    for person in people:
        for one, seen in ((name, person.features), (mirrored(name), person.features[:, mirror] * signs)):
            k = EXPRESSIONS.index(one)
            if person.known[k]:
                data.append(seen[:, columns])
                goal.append(person.weights[:, k])
    data, goal = np.concatenate(data), np.concatenate(goal)
    spread = data.std(0) + 1e-3
    middle, plain = data.mean(0), (data - data.mean(0)) / spread
    square = plain.T @ plain + RIDGE * len(plain) * np.eye(len(columns))
    slope = np.linalg.solve(square, plain.T @ (goal - goal.mean())) / spread
    return slope, float(goal.mean() - middle @ slope)


def held_out(people: list[Person], name: str, columns: np.ndarray, mirror, signs) -> dict[str, tuple]:
    """{family: (values, truth)} of an expression as weights tell it that never saw the family."""
    result = {}
    for family in sorted({person.family for person in people}):
        k = EXPRESSIONS.index(name)
        mine = [person for person in people if person.family == family and person.known[k]]
        if mine:
            others = [person for person in people if person.family != family]
            slope, bias = fitted(others, name, columns, mirror, signs)
            values = np.concatenate([person.features[:, columns] @ slope + bias for person in mine])
            result[family] = values, np.concatenate([person.weights[:, k] for person in mine])
    return result


def f1(told: np.ndarray, truth: np.ndarray) -> float:
    """The F1 measure of events: told above one half, truly above .4."""
    hits = (told & truth).sum()
    return float(2 * hits / max(told.sum() + truth.sum(), 1))


def best_f1(values: np.ndarray, truth: np.ndarray) -> float:
    """The best F1 measure that any threshold gives."""
    return max(f1(values > t, truth > 0.4) for t in np.percentile(values, np.arange(40, 99.5, 1.5)))


def judged(people: list[Person], name: str, kinds, spots, mirror, signs) -> tuple[float, float]:
    """Print how well an expression is read in families left out; (low, high) of it."""
    rows = []
    for only in ((POINTS,), None):
        told = held_out(people, name, chosen(name, kinds, spots, only), mirror, signs)
        figures = np.array([(np.corrcoef(v, t)[0, 1], best_f1(v, t)) for v, t in told.values()])
        rows.append(f"r {figures[:, 0].mean():.2f} {figures[:, 0].round(2)} F1 {figures[:, 1].mean():.2f}")
    values, truth = (np.concatenate(column) for column in zip(*told.values(), strict=True))
    low = np.percentile(values[truth < ABSENT], RARE.get(name, OTHERS))
    high = max(np.median(values[truth > CLEAR]), low + LEAST.get(name, SPAN))
    amount = np.clip((values - low) / (high - low), 0, 1)
    plain, there = amount > 0.5, truth > CLEAR
    right = (truth[plain] > 0.25).sum()
    print(
        f"{name}: points {rows[0]}; with pictures {rows[1]}; of {plain.sum()} told above .5 {right} are right, "
        f"of those above {CLEAR} found {plain[there].mean():.2f}; families {' '.join(told)}", flush=True,
    )  # fmt: skip
    return float(low), float(high)


def learned_from(people: list[Person], learned: cues.CueWeights, partner: np.ndarray) -> cues.CueWeights:
    """Weights of the shipped expressions; the others are only judged."""
    kinds, spots, mirror, signs = layout(learned, partner)
    names, maps, bias, low, high, share = [], [], [], [], [], []
    for name in PARTS:
        least, most = judged(people, name, kinds, spots, mirror, signs)
        if name not in SHIPPED:
            continue
        columns = chosen(name, kinds, spots)
        slope, constant = fitted(people, name, columns, mirror, signs)
        whole = np.zeros(len(kinds))
        whole[columns] = slope
        for one, way in {name: whole, mirrored(name): (whole * signs)[mirror]}.items():
            names.append(one)
            maps.append(way)
            bias.append(constant)
            low.append(least)
            high.append(most)
            share.append(1.0 if name in RARE else HALF)
    return replace(
        learned, names=np.array(names), maps=np.array(maps).T, bias=np.array(bias), low=np.array(low),
        high=np.array(high), share=np.array(share),
    )  # fmt: skip


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("material", type=Path)
    parser.add_argument("--work", type=Path, default=Path("cues"))
    parser.add_argument("--out", type=Path, default=cues.WEIGHTS)
    asked = parser.parse_args()
    people = [Person(folder) for folder in gather(asked.material, asked.work)]
    reference, partner = mean_face(people)
    learned = blank(reference, partner)
    for person in people:
        person.look(learned)
    learned = learned_from(people, learned, partner)
    kinds = {"points": np.int16, "names": None}
    arrays = {field.name: getattr(learned, field.name) for field in fields(learned)}
    np.savez_compressed(asked.out, **{k: v.astype(kinds.get(k, np.float32) or v.dtype) for k, v in arrays.items()})


if __name__ == "__main__":
    main()
