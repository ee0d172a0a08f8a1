"""Make presets/weights/face.npz: one command from a folder of head models to the shipped weights.

    python -m understudy.training.make_face_weights MATERIAL [--work DIR] [--out presets/weights/face.npz]

MATERIAL holds characters/ (four heads, see render_faces.HEADS), training/ict_landmarks.npz and models/ (face.task,
face_landmarker.task). About 6000 pictures are rendered and looked at by both face networks (25 minutes on two cores);
then ridge regressions from the points' offsets give the expressions and the error of the rigid head fit. Prints how
well each head is read by weights that were fitted without heads of its family.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np

from ..solvers import rotations, skull
from ..solvers.names import EXPRESSION, EXPRESSIONS, mirrored
from .render_faces import HEADS, landmarks

PLAN = {"woman": (4, 180), "man": (4, 180), "capture": (3, 150), "ict": (48, 95)}  # people, pictures of each
RIDGE = 0.1  # of the features' variance; .03 to .3 do equally well on heads left out
# A regression shrinks what it is unsure of. That is undone, at most by MOST_GAIN, for shapes that are read well in
# heads left out: wholly from a mean r of WELL on, not at all below POORLY, where only noise and traces of other shapes
# would grow.
MOST_GAIN, POORLY, WELL = 3.0, 0.4, 0.7
FIT_STEADY = 0.0005  # squared eye distances: floor of a point's variance in its weight
STEADIEST = 80  # points that the rigid fit uses

# Points by MediaPipe's mesh numbers on the performer's left and in the middle; the right is found by mirroring.
EYE = (263, 362, 386, 385, 387, 374, 380, 373, 388, 384, 390, 381, 466, 398, 253, 257, 450, 473, 349, 350)
BROW = (285, 295, 282, 283, 276, 336, 296, 334, 293, 300)
BRIDGE = (9, 8, 168, 6)
MOUTH = (291, 308, 269, 270, 267, 314, 405, 321, 312, 311, 317, 402, 318, 310, 375, 409, 287, 426, 410)
CHEEK = (425, 280, 411, 327, 278, 358, 294, 331, 266, 429, 371, 377, 397, 365, 427, 436, 349, 350, 253)
MIDDLE = (0, 13, 14, 17, 18, 2, 1, 4, 152, 175, 199, 200, 11, 12, 15, 16)
ANCHORS = (168, 6, 197, 195, 362, 133)  # what the lower face is measured from
CORNERS = ((362, 263), (133, 33))  # of the left and the right eye: what the upper face is measured from
UPPER = [n for n in EXPRESSIONS if n.startswith(("eye", "brow", "cheekSquint"))]
LOWER = [n for n in EXPRESSIONS if n.startswith(("mouth", "jaw", "cheekPuff", "nose"))]


def gather(material: Path, work: Path) -> None:
    """Render all heads and look at them; what is there already is kept."""
    module = __package__
    for head, (people, pictures) in PLAN.items():
        for person in range(people):
            folder = work / f"{head}-{person:02d}"
            if not (folder / "truth.npz").exists():
                folder.mkdir(parents=True, exist_ok=True)
                words = [str(material), head, str(person), str(pictures), str(folder)]
                subprocess.run(
                    [sys.executable, "-m", f"{module}.render_faces", *words], check=True, stdout=subprocess.DEVNULL
                )
                print(f"rendered {folder.name}", flush=True)
    for name, bundle in (("plain", "face.task"), ("scored", "face_landmarker.task")):
        folders = [str(f) for f in sorted(work.iterdir()) if f.is_dir() and not (f / f"{name}.npz").exists()]
        if folders:
            words = [str(material / "models" / bundle), name, *folders]
            subprocess.run([sys.executable, "-m", f"{module}.see_faces", *words], check=True)


class Samples:
    """All pictures in which a face was found, as arrays over pictures.

    family: name of the head's kind; group: number of its person and network; points: (n, 478, 3) px;
    weights: (n, 52); known: (n, 52) whether the head has the expression; scores: (n, 52) of the detector;
    rotations: (n, 3, 3); calm: (n,).
    """

    def __init__(self, work: Path):
        lists = {name: [] for name in ("family", "group", "points", "weights", "known", "scores", "rotations")}
        for group, (folder, network) in enumerate((f, n) for f in sorted(work.iterdir()) for n in ("plain", "scored")):
            truth, sight = np.load(folder / "truth.npz"), np.load(folder / f"{network}.npz")
            found = np.isfinite(sight["points"][:, 0, 0])
            known = ~np.isin(np.array(EXPRESSIONS), truth["lacking"])
            lists["family"].append(np.full(found.sum(), folder.name.split("-")[0]))
            lists["group"].append(np.full(found.sum(), group))
            lists["points"].append(sight["points"][found])
            lists["scores"].append(sight["scores"][found])
            lists["weights"].append(truth["weights"][found])
            lists["rotations"].append(truth["rotations"][found])
            lists["known"].append(np.broadcast_to(known, (found.sum(), len(known))))
        self.__dict__ |= {name: np.concatenate(values) for name, values in lists.items()}
        self.calm = self.weights.sum(1) < 0.01


def reference_face(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    """Mean neutral face (478, 3) over families in head axes, and each point's variance (478,) under expression."""
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
        faces.setdefault(samples.family[rows][0], []).append(neutral)
    return np.mean([np.mean(family, 0) for family in faces.values()], 0), np.median(motion, 0)


def mirror(indices, middle: np.ndarray) -> list[int]:
    """The points on the other side. middle: (478, 3) a symmetric face."""
    distance = np.linalg.norm(middle[:, None] * np.array([-1, 1, 1]) - middle, axis=-1)
    return [int(k) for k in distance[list(indices)].argmin(1)]


def feature_maps(points: np.ndarray, symmetric: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrices (U, P), (L, P) from points to features of the upper and the lower face: places relative to anchors."""
    column = {int(p): k for k, p in enumerate(points)}

    def row(point: int, anchors) -> np.ndarray:
        values = np.zeros(len(points))
        values[column[point]] += 1
        for anchor in anchors:
            values[column[anchor]] -= 1 / len(anchors)
        return values

    left = EYE + BROW
    upper = [row(p, CORNERS[0]) for p in left] + [row(p, CORNERS[1]) for p in mirror(left, symmetric)]
    upper += [row(p, CORNERS[0] + CORNERS[1]) for p in BRIDGE]
    left = MOUTH + CHEEK
    lower = [row(p, ANCHORS) for p in (*left, *mirror(left, symmetric), *MIDDLE)]
    return np.array(upper), np.array(lower)


def ridge(features: np.ndarray, targets: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Coefficients (F, n) of targets (m, n) on features (m, F); unknown targets do not count."""
    penalty = RIDGE * features.var() * len(features) * np.eye(features.shape[1])
    whole = known.all(0)
    result = np.zeros((features.shape[1], targets.shape[1]))
    result[:, whole] = np.linalg.solve(features.T @ features + penalty, features.T @ targets[:, whole])
    for k in np.flatnonzero(~whole & known.any(0)):
        f, t = features[known[:, k]], targets[known[:, k], k]
        result[:, k] = np.linalg.solve(f.T @ f + penalty, f.T @ t)
    return result


def gains(values: np.ndarray, samples: Samples, quality: np.ndarray) -> np.ndarray:
    """By what each expression (52,) must be multiplied so that strong ones reach their true size.

    values: (n, 52) as read; quality: (52,) mean correlation in heads left out.
    """
    result = np.ones(len(EXPRESSIONS))
    for k in range(len(EXPRESSIONS)):
        strong = samples.known[:, k] & (samples.weights[:, k] > 0.5) & np.isfinite(values[:, k])
        absent = samples.known[:, k] & (samples.weights[:, k] < 0.02) & np.isfinite(values[:, k])
        if strong.sum() > 20:
            reached = (values[strong, k].mean() - values[absent, k].mean()) / samples.weights[strong, k].mean()
            trust = np.clip((quality[k] - POORLY) / (WELL - POORLY), 0, 1)
            result[k] = np.clip(1 / max(reached, 1e-3), 1, MOST_GAIN) ** trust
    return result


def mirror_offsets(offsets: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """The same faces seen in a mirror. offsets: (n, P, 3); partner: (P,) positions of the points on the other side."""
    return offsets[:, partner] * np.array([-1, 1, 1])


def parts_of_face(maps) -> list[tuple[list[str], np.ndarray]]:
    """Which expressions are read from which features.

    One eye and its brow from their own side of the face; a lowered brow from the brow alone, because the cheeks of a
    smile move the lids as frowning does.
    """
    upper, lower = maps
    eye, side = len(EYE), len(EYE) + len(BROW)
    bridge = upper[2 * side :]
    result = [(["browInnerUp"], upper), (LOWER, lower)]
    for end, first in (("Left", 0), ("Right", side)):
        brow = np.concatenate([upper[first + eye : first + side], bridge])
        others = [n for n in UPPER if n.endswith(end) and n != f"browDown{end}"]
        result += [([f"browDown{end}"], brow), (others, np.concatenate([upper[first : first + eye], brow]))]
    return result


def expression_matrix(offsets, samples: Samples, rows, maps, partner) -> np.ndarray:
    """Coefficients (3 P, 52) from offsets of points to expressions, fitted to these rows and their mirror images."""
    other = np.array([EXPRESSION[mirrored(n)] for n in EXPRESSIONS])
    both = np.concatenate([offsets[rows], mirror_offsets(offsets[rows], partner)])
    weights = np.concatenate([samples.weights[rows], samples.weights[rows][:, other]])
    known = np.concatenate([samples.known[rows], samples.known[rows][:, other]])
    result = np.zeros((offsets.shape[1], 3, len(EXPRESSIONS)))
    for names, matrix in parts_of_face(maps):
        columns = [EXPRESSION[n] for n in names]
        features = np.einsum("fp,tpi->tfi", matrix, both)
        found = ridge(features.reshape(len(both), -1), weights[:, columns], known[:, columns])
        result[:, :, columns] = np.einsum("fp,fin->pin", matrix, found.reshape(*features.shape[1:], -1))
    return result.reshape(-1, len(EXPRESSIONS))


def prepare(samples: Samples, material: Path) -> dict:
    """The parts that do not depend on a split: points, reference, offsets from each person's neutral, fit errors."""
    symmetric = landmarks(material)[0][:, [0, 1, 2]]
    reference, motion = reference_face(samples)
    chosen = set(np.argsort(motion[:468])[:STEADIEST].tolist())
    steady_only = np.array(sorted(chosen))
    left = (*EYE, *BROW, *MOUTH, *CHEEK)
    used = chosen | set(left) | set(mirror(left, symmetric)) | set(BRIDGE) | set(MIDDLE) | set(ANCHORS)
    used |= set(mirror(sorted(used), symmetric)) | {c for pair in CORNERS for c in pair}
    points = np.array(sorted(used))
    steady = np.where(np.isin(points, steady_only), 1 / (motion[points] + FIT_STEADY), 0)
    base = {"points": points, "reference": reference[points], "steady": steady / steady.sum()}
    empty = {k: np.zeros(1) for k in ("shapes", "centre", "spread", "turn", "score_gain", "score_share")}
    learned = skull.FaceWeights(**base, **empty)
    skull.weights = lambda: learned  # the very fit that the solver makes
    offsets, errors, neutrals = np.zeros((len(samples.calm), len(points), 3)), np.zeros((len(samples.calm), 3)), []
    for group in np.unique(samples.group):
        rows = samples.group == group
        calm = samples.calm[rows]
        rotation, shape = skull.fit_points(samples.points[rows][:, points].astype(float), calm)
        neutral = np.median(shape[calm], 0)
        offsets[rows] = shape - neutral
        error = rotations.to_vector(rotations.from_matrix(np.swapaxes(rotation, 1, 2) @ samples.rotations[rows]))
        errors[rows] = error - np.median(error[calm], 0)
        neutrals.append(neutral)
    column = {int(p): k for k, p in enumerate(points)}
    partner = np.array([column[p] for p in mirror(points, symmetric)])
    rest = {"offsets": offsets, "errors": errors, "neutrals": np.array(neutrals), "partner": partner}
    return base | rest | {"maps": feature_maps(points, symmetric)}


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's r; 0 where one does not vary."""
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 1e-6 and b.std() > 1e-6 else 0.0


def compare(samples: Samples, parts: dict) -> tuple[np.ndarray, np.ndarray]:
    """Leave each family out in turn and print how well it is read.

    Result: share (52,) of the scores that helps, 0 or .5, and quality (52,), the mean correlation by the points alone.
    """
    scored = np.isfinite(samples.scores[:, 0])
    held = np.zeros(samples.weights.shape)
    for family in HEADS:
        rows = samples.family == family
        held[rows] = parts["offsets"][rows].reshape(rows.sum(), -1) @ expression_matrix(
            parts["offsets"], samples, ~rows, parts["maps"], parts["partner"]
        )
    scores = samples.scores.astype(float)
    for group in np.unique(samples.group[scored]):
        rows = samples.group == group
        scores[rows] -= np.median(scores[rows & samples.calm], 0)
    share, quality = np.zeros(len(EXPRESSIONS)), np.zeros(len(EXPRESSIONS))
    print(f"{'left out: r of':22}" + "".join(f"{f:>9}" for f in HEADS) + "   scores  mean of both")
    better = {}
    for k, name in enumerate(EXPRESSIONS):
        rows = {f: (samples.family == f) & samples.known[:, k] for f in HEADS}
        rows = {f: r for f, r in rows.items() if r.any() and samples.weights[r, k].std() > 0.03}
        if not rows:
            continue
        ours = {f: correlation(held[r, k], samples.weights[r, k]) for f, r in rows.items()}
        unit = lambda x: x / max(np.std(x[scored]), 1e-6)  # noqa: E731
        both = unit(held[:, k]) + unit(np.nan_to_num(scores[:, k]))
        mean = lambda x: np.mean([correlation(x[r & scored], samples.weights[r & scored, k]) for r in rows.values()])  # noqa: E731, B023
        plain, theirs, mixed = mean(held[:, k]), mean(np.nan_to_num(scores[:, k])), mean(both)
        better[name], quality[k] = mixed - plain, np.mean(list(ours.values()))
        print(f"{name:22}" + "".join(f"{ours.get(f, np.nan):9.2f}" for f in HEADS) + f"{theirs:9.2f}{mixed:9.2f}")
    for k, name in enumerate(EXPRESSIONS):
        share[k] = 0.5 if np.mean([better.get(name, -1), better.get(mirrored(name), -1)]) > 0.01 else 0.0
    return share, quality


def main() -> None:
    """Gather, fit, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("material", type=Path)
    parser.add_argument("--work", type=Path, default=Path("out/training"))
    parser.add_argument("--out", type=Path, default=skull.WEIGHTS)
    parser.add_argument("--without", help="leave this family of heads out of the weights, for a test on it")
    asked = parser.parse_args()
    gather(asked.material, asked.work)
    samples = Samples(asked.work)
    parts = prepare(samples, asked.material)
    share, quality = compare(samples, parts)
    rows = samples.family != asked.without
    flat = parts["offsets"].reshape(len(rows), -1)
    shapes = expression_matrix(parts["offsets"], samples, rows, parts["maps"], parts["partner"])
    shapes = shapes * gains(flat @ shapes, samples, quality)
    neutral = (parts["neutrals"] - parts["reference"]).reshape(len(parts["neutrals"]), -1) @ shapes
    maps = np.concatenate(parts["maps"])
    features = np.einsum("fp,tpi->tfi", maps, parts["offsets"][rows])
    turn = ridge(features.reshape(rows.sum(), -1), parts["errors"][rows], np.ones((rows.sum(), 3), bool))
    turn = np.einsum("fp,fin->pin", maps, turn.reshape(*features.shape[1:], 3)).reshape(-1, 3)
    before, after = parts["errors"].std(0), (parts["errors"] - flat @ turn).std(0)
    print("rigid fit, pitch roll yaw:", np.degrees(before).round(2), "->", np.degrees(after).round(2), "degrees")
    arrays = {k: parts[k] for k in ("points", "reference", "steady")} | {"shapes": shapes, "turn": turn}
    arrays |= {"centre": neutral.mean(0), "spread": neutral.std(0), "score_share": share}
    arrays["score_gain"] = gains(samples.scores.astype(float), samples, np.ones_like(quality))
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        asked.out, **{k: v.astype(np.int16 if k == "points" else np.float32) for k, v in arrays.items()}
    )


if __name__ == "__main__":
    main()
