"""What a picture's face has to show, so that its points go where the performer's were seen to go."""

from __future__ import annotations

import json
from functools import cache

import numpy as np

from ..face import blinks, calibration, expressions, lips, skull
from ..motion import gaps, signals
from ..names import EXPRESSION, EXPRESSIONS
from ..settings import Settings
from ..take import Take
from .face import EYES, LIPS, LOWER_LIP, UPPER_LIP, known, neutral_moves

# How far people's faces go with each shape, against the demo performer's, which go as far as shapes are modelled: about
# what fits the solved weights best to the points of four clips of speech and grimaces, and never less than .35, so that
# nothing is lost. On three other clips .70, .42 and .54 of the points' movement is explained so (of its square), and
# none with shapes as modelled.
STRENGTH = {
    "jawOpen": 0.60, "mouthClose": 0.60, "mouthLeft": 0.4, "mouthRight": 0.4, "mouthFunnel": 0.4, "mouthPucker": 0.4,
    "mouthSmile": 0.8, "mouthFrown": 0.5, "mouthDimple": 0.5, "mouthStretch": 0.35, "mouthRollLower": 0.8,
    "mouthRollUpper": 0.8, "mouthShrugLower": 0.7, "mouthShrugUpper": 0.6, "mouthLowerDown": 0.8, "mouthUpperUp": 0.4,
    "browInnerUp": 0.6, "cheekSquint": 0.4, "noseSneer": 0.4,
}  # fmt: skip
# These stay as they were solved: points do not tell them.
KEPT = [k for k, name in enumerate(EXPRESSIONS) if name.startswith(("eyeLook", "tongue", "cheekPuff"))]
# (blink, wide, squint) of both sides.
EYELIDS = [[EXPRESSION[name + side] for name in ("eyeBlink", "eyeWide", "eyeSquint")] for side in ("Left", "Right")]
FREE = [k for k in range(len(EXPRESSIONS)) if k not in KEPT]
LIDS = [sorted({point for ring in EYES[side] for point in ring}) for side in ("Left", "Right")]
MOUTH = sorted({*LIPS, *UPPER_LIP, *LOWER_LIP})
PAIRS = [*lips.PAIRS, *blinks.LIDS[0], *blinks.LIDS[1]]  # (upper, lower) points whose distance is an opening
FINE, GAP = 2.0, 8.0  # how much a point of lids or lips counts, against one of the rest, and an opening between two
# What the solved weights count against the points. On eight clips of people .1, .2 and .5 explain .70, .69 and .66 of
# how points move (of its square, and the solved weights alone .4); brows follow the pictures' better with more of it.
TRUST = 0.2
SHUTTING = 0.3  # closure from which a lid's points tell nothing but the blink
SWEEPS = 20  # of coordinate descent
SMILES = ("mouthSmileLeft", "mouthSmileRight")
CLEARLY = 2.0  # standard deviations of what is read of neutral faces, up to which it is no smile
# How far a picture's lids have to go so that they are read as so far shut: the network takes lids that are half down
# for a third down, and nearly shut ones for shut. Of six people's pictures, on which it reads .30 at a half, .63 at .7
# and .71 of shut lids; between that and its share of the last.
DRAWN = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)
READ = (0.0, 0.06, 0.13, 0.19, 0.26, 0.36, 0.5, 0.77, 0.9, 1.0)


def already(points: np.ndarray) -> dict[str, float]:
    """What a picture's face does by itself, {name: 0..1}, so that a performer who does the same does not do it twice.

    Of a single picture only clear smiles are told: brows and jaws differ more from person to person than they move.
    points: (478, 3) px of the network, depth away.
    """
    _, shape = skull.fit_faces(points[None])
    clear = np.clip(expressions.by_map(shape)[0] - CLEARLY * skull.weights().spread, 0, 1)
    return {name: round(float(clear[EXPRESSION[name]]), 2) for name in SMILES if clear[EXPRESSION[name]] > 0}


def beyond(sliders: tuple[str, ...], values: np.ndarray, sure: np.ndarray, mark: str) -> np.ndarray:
    """Sliders (N, S) of a picture's face with what it does already taken off; below 0 that is undone.

    sliders: (S,) names. values: (N, S) as the performer acts. sure: (N,) 0..1 how far the performer's face was seen:
    unseen, the picture stays as it is. mark: what `puppet.words` gave.
    """
    own = json.loads(mark).get("shows", {})
    return values - sure[:, None] * [own.get(name, 0.0) for name in sliders]


def gentle(values: np.ndarray) -> np.ndarray:
    """Solved weights (T, 52) as a picture's face shows them whose performer's points are not known."""
    return values * np.array([_strength(name) for name in EXPRESSIONS])


def traced(take: Take, time: np.ndarray, settings: Settings, solved: np.ndarray) -> np.ndarray:
    """Weights (T, 52) 0..1 with which the points of a picture's face go where the performer's went.

    take: as detected; time: (T,) s, even; settings: smoothing, neutral and calibration are used.
    solved: (T, 52) the expressions as performed, to which the result is drawn; where no face is seen it is `gentle`.
    """
    usual = gentle(solved)
    found = skull.fit(take)
    if not found.seen.any():
        return usual
    raw = np.full((len(take.time), len(skull.weights().points), 2), np.nan)
    raw[found.seen] = _offsets(found, calibration.told(take, settings).face)
    moved = signals.resample(raw, take.time, time, expressions.LONGEST_GAP)
    seen = np.isfinite(moved).all((1, 2))
    moved, share = gaps.ease(np.nan_to_num(moved), seen, time, np.zeros(moved.shape[1:]))
    if settings.smoothing > 0 and len(time) > 1:
        moved = signals.lowpass(moved, 1.0 / (time[1] - time[0]), expressions.CUTOFF / settings.smoothing)
    values = lips.met(fitted(moved, usual), lips.resample(lips.contact(found), found.time, time))
    return usual + share[:, None] * (values - usual)


def fitted(moved: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Weights (T, 52) 0..1 that move a face's points so, and are near the usual ones.

    moved: (T, P, 2) eye distances, x to the performer's left and z up, in the order of skull.FaceWeights.points.
    usual: (T, 52). Least squares within bounds, by coordinate descent (Hildreth 1957).
    """
    table, weight, eyes = _table()
    ways = _with_gaps(moved * [1, -1]) - np.einsum("tk,kpi->tpi", usual[:, KEPT], table[KEPT])
    free = table[FREE]
    for (blink, _, _), lids in zip(EYELIDS, eyes, strict=True):
        told = np.clip(1 - usual[:, blink] / SHUTTING, 0, 1)[:, None, None]
        expected = np.einsum("tk,kpi->tpi", usual[:, FREE], free[:, lids])
        ways[:, lids] = expected + told * (ways[:, lids] - expected)
    flat = (free * weight[:, None]).reshape(len(FREE), -1)
    square = flat @ free.reshape(len(FREE), -1).T
    drawn = TRUST * np.trace(square) / len(square)
    square = square + drawn * np.eye(len(square))
    result = usual.copy()
    values = usual[:, FREE].T.copy()
    rest = (ways.reshape(len(ways), -1) @ flat.T + drawn * usual[:, FREE]).T - square @ values
    for _ in range(SWEEPS):
        for k, row in enumerate(square):
            new = np.clip(values[k] + rest[k] / row[k], 0, 1)
            rest -= row[:, None] * (new - values[k])
            values[k] = new
    result[:, FREE] = values.T
    return _lids(np.clip(result, 0, 1))


def _lids(values: np.ndarray) -> np.ndarray:
    """The same weights (T, 52) with lids that do one thing at a time: what they are wide is taken off what they are
    shut, and lids that are shut do not squint."""
    values, moves = values.copy(), neutral_moves()
    for (blink, wide, squint), side in zip(EYELIDS, ("Left", "Right"), strict=True):
        upper, lower = (list(ring[1:-1]) for ring in EYES[side])
        shuts, opens = (np.abs((moves[k][lower] - moves[k][upper])[:, 1]).mean() for k in (blink, wide))
        net = shuts * values[:, blink] - opens * values[:, wide]
        values[:, blink] = np.interp(net / shuts, READ, DRAWN)
        values[:, wide] = np.maximum(-net, 0) / opens
        values[:, squint] *= 1 - values[:, blink]
    return values


@cache
def _table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Moves (52, Q, 2) of the points that are read and of gaps, what each counts (Q,), and which are lids' (2, Q)."""
    points = skull.weights().points
    lids, mouth = np.stack([np.isin(points, lids) for lids in LIDS]), np.isin(points, MOUTH)
    weight = np.where(lids.any(0) | mouth, FINE, 1.0) * (points < 468)  # irises go with the gaze
    weight = np.concatenate([weight, np.full(len(PAIRS), GAP)])
    eyes = np.concatenate([lids, np.stack([[pair in pairs for pair in PAIRS] for pairs in blinks.LIDS])], 1)
    return _with_gaps(neutral_moves()[:, points, :2]), weight / weight.sum(), eyes


def _with_gaps(moved: np.ndarray) -> np.ndarray:
    """How points (N, P, 2) moved, and after them how much farther each of PAIRS got apart."""
    column = {int(point): k for k, point in enumerate(skull.weights().points)}
    upper, lower = ([column[pair[k]] for pair in PAIRS] for k in (0, 1))
    return np.concatenate([moved, moved[:, lower] - moved[:, upper]], 1)


def _offsets(found: skull.Skull, rest: np.ndarray | None) -> np.ndarray:
    """How the points moved on the head (F, P, 2), lids as if the eyes were as wide as the neutral picture's."""
    learned = skull.weights()
    if rest is None:
        rest = expressions.at_rest(found.shape, expressions.by_map(found.shape))
    offsets = (found.shape - rest)[..., [0, 2]]
    column = {int(point): k for k, point in enumerate(learned.points)}
    neutral, _ = known()
    for upper, lower in EYES.values():
        ring = [column[p] for p in (*upper, *lower) if p in column]
        pairs = [(u, low) for u, low in zip(upper, lower, strict=True) if u != low and u in column and low in column]
        gap = max(rest[column[u], 2] - rest[column[low], 2] for u, low in pairs)
        wide = max(neutral[low, 1] - neutral[u, 1] for u, low in pairs)
        middle = offsets[:, ring].mean(1, keepdims=True)
        offsets[:, ring] = middle + (offsets[:, ring] - middle) * np.clip(wide / max(gap, 1e-3), 0.5, 3.0)
    return offsets


def _strength(name: str) -> float:
    return STRENGTH.get(name, STRENGTH.get(name.removesuffix("Left").removesuffix("Right"), 1.0))
