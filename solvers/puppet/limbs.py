"""Arms and legs are cut from the trunk: each becomes a sheet of its own, and what it hides is filled."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from . import weave
from .cutout import disc, enlarged, pulled, shrunk, widened
from .puppet import Sheet
from .skeleton2d import SIDES, chain_weights

WORK = 420  # px, the longer side at which a figure is cut up
ARM, LEG = ("UpperArm", "LowerArm", "Hand", "HandTip"), ("UpperLeg", "LowerLeg", "Foot", "Toe")
# Half widths of limbs in widths of the shoulders, where the outline does not tell: three bones from the trunk outwards.
USUAL = {ARM: (0.18, 0.14, 0.16), LEG: (0.26, 0.20, 0.17)}
LEAST = 0.07  # of the shoulders' width, that half a limb's width is at least
THICK, DRAWN = 1.35, 2.2  # of the usual, up to which a limb's width is believed; what is wider is not its own outline
FLANK = 0.08  # of the shoulders' width, by which a trunk is wider than its joints
# Of half a limb's width, by which its pixels may be farther from its bones: with an outline of its own, and without.
BEYOND, CLOSE = 0.8, 0.05
FOLDED = 0.45  # of the shoulders' width: wrists nearer than this are those of folded arms
SEEN = 0.5  # how visible elbow and wrist, knee and ankle must be for a limb to be cut out


@dataclass(frozen=True)
class Limb:
    """A limb in a picture. name: "leftArm". chain: its joints and its end. mask: (H, W) bool. half: px of its width."""

    name: str
    side: str
    chain: tuple[str, ...]
    mask: np.ndarray
    half: float


def folded(places: dict[str, np.ndarray]) -> bool:
    """Whether the hands lie on each other, so that arms cannot be told apart. places: {joint: (2,) px}."""
    width = np.linalg.norm(places["leftUpperArm"] - places["rightUpperArm"])
    return bool(np.linalg.norm(places["leftHand"] - places["rightHand"]) < FOLDED * width)


def limbs(
    figure: np.ndarray, places: dict, shown: dict[str, bool], thick: float = THICK
) -> tuple[list[Limb], np.ndarray]:
    """The limbs that can be told apart, and the trunk with head (H, W) bool, also where limbs are before it.

    figure: (H, W) bool. places: {joint: (2,) px}. shown: {"leftArm": whether it is in the picture}.
    thick: how much thicker than usual limbs may be.
    """
    small, scale = shrunk(figure.astype(np.uint8) * 255, WORK)
    small = small > 127
    at = {name: place * scale for name, place in places.items()}
    width = max(np.linalg.norm(at["leftUpperArm"] - at["rightUpperArm"]), 0.12 * max(small.shape))
    corners = np.array([at[side + part] for part in ("UpperArm", "UpperLeg") for side in SIDES])
    quad = cv2.fillConvexPoly(np.zeros(small.shape, np.uint8), cv2.convexHull(corners.astype(np.int32)), 1) > 0
    head = np.zeros(small.shape, np.uint8)
    cv2.line(head, *(tuple(int(v) for v in at[name]) for name in ("upperChest", "HeadTip")), 1)
    core = quad | (head > 0)
    trunk = cv2.distanceTransform((~core).astype(np.uint8), cv2.DIST_L2, 3) - FLANK * width
    tall = np.linalg.norm(at["HeadTip"] - at["head"])
    y, x = np.mgrid[: small.shape[0], : small.shape[1]]
    trunk = np.minimum(
        trunk, np.hypot(x - (at["head"] + at["HeadTip"])[0] / 2, y - (at["head"] + at["HeadTip"])[1] / 2) - 0.62 * tall
    )
    inside = cv2.distanceTransform(np.pad(small.astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    wanted = [(side, chain) for chain in (LEG, ARM) for side in SIDES if shown.get(_name(side, chain))]
    costs = {key: _cost(at, key, (width, thick), inside, quad, (x, y)) for key in wanted}
    if not wanted:
        return [], figure
    legs, arms = ([key for key in wanted if key[1] == chain] for chain in (LEG, ARM))
    base = np.argmin(np.stack([trunk, *(costs[key][0] for key in legs)]), 0)
    base = np.maximum(_tidied(np.where(small, base, -1), len(legs)), 0)
    ways = np.stack([np.minimum.reduce([trunk, *(costs[key][0] for key in legs)]), *(costs[key][0] for key in arms)])
    front = np.where(small, np.argmin(ways, 0), -1)
    for index, key in enumerate(arms, 1):  # a forearm is before whatever it crosses
        front[small & (costs[key][1] < 0)] = index
    front = _tidied(front, len(arms))
    behind = (front == 0) | ((front > 0) & _closed(front == 0, 0.5 * width))
    found = []
    for key, whole, index in [
        *((key, base, i) for i, key in enumerate(legs, 1)),
        *((key, front, i) for i, key in enumerate(arms, 1)),
    ]:
        half, start = costs[key][2], at[key[0] + key[1][0]]
        root = (np.hypot(x - start[0], y - start[1]) < 1.05 * half[0]) & small
        own = (whole == index) & behind if key[1] == LEG else (whole == index) | (root & (front == 0))
        own |= root & behind if key[1] == LEG else False
        mask = enlarged(own, figure.shape) & figure
        found.append(
            Limb(_name(*key), key[0], tuple(key[0] + part for part in key[1]), mask, float(np.mean(half)) / scale)
        )
    return found, enlarged(behind & (base == 0), figure.shape) & figure


def _name(side: str, chain: tuple[str, ...]) -> str:
    return side + ("Arm" if chain == ARM else "Leg")


def _cost(at, key, sizes, inside, quad, grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How far (H, W) px pixels are from being a limb's, below 0 inside; the same of its end; half widths (3,)."""
    (side, chain), (width, thick) = key, sizes
    joints = [at[side + part] for part in chain]
    half, alone = [], True
    for start, end, usual in zip(joints, joints[1:], USUAL[chain], strict=False):
        line = start + np.linspace(0.25, 0.9, 8)[:, None] * (end - start)
        x, y = np.clip(np.round(line).astype(int), 0, np.array(inside.shape[::-1]) - 1).T
        free = ~quad[y, x] & (inside[y, x] > 0)
        own = np.median(inside[y, x][free]) * 1.2 if free.sum() >= 3 else np.inf
        half.append(max(own, LEAST * width) if own < thick * usual * width else usual * width)
        alone &= own < thick * usual * width
    x, y = grid
    points = np.column_stack([x.ravel(), y.ravel()]).astype(float)
    ways = []
    for (start, end), reach in zip(zip(joints, joints[1:], strict=False), half, strict=True):
        along = end - start
        share = np.clip((points - start) @ along / max(along @ along, 1e-9), 0, 1)
        ways.append((np.linalg.norm(points - start - share[:, None] * along, axis=1) - reach).reshape(x.shape))
    crosses = quad[tuple(np.clip(np.round(joints[2][::-1]).astype(int), 0, np.array(quad.shape) - 1))]
    outer = np.minimum(ways[1], ways[2]) if crosses else ways[2]
    cost = np.minimum.reduce(ways)
    cost[cost > (BEYOND if alone or chain == LEG else CLOSE) * max(half)] = (
        np.inf
    )  # what is far from its bones is none of it
    return cost, outer, np.array(half)


def _tidied(labels: np.ndarray, count: int) -> np.ndarray:
    """Labels (H, W) whose small stray pieces go to what is around them. -1 stays."""
    result = labels.copy()
    for index in range(count + 1):
        _, where, facts, _ = cv2.connectedComponentsWithStats((labels == index).astype(np.uint8))
        sizes = facts[1:, cv2.CC_STAT_AREA]
        for piece in 1 + np.flatnonzero(sizes < 0.15 * sizes.max(initial=0)):
            stray = where == piece
            around = labels[widened(stray, 2) & ~stray & (labels >= 0)]
            if len(around):
                result[stray] = np.bincount(around).argmax()
    return result


def _closed(mask: np.ndarray, radius: float) -> np.ndarray:
    """A mask with gaps narrower than so many px closed."""
    pad = int(radius) + 2
    padded = np.pad(mask.astype(np.uint8), pad)
    return cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc(radius))[pad:-pad, pad:-pad] > 0


def uncovered(rgb: np.ndarray, trunk: np.ndarray, found: list[Limb], ink: np.ndarray | None = None) -> np.ndarray:
    """The picture (H, W, 3) with what limbs hide of the trunk filled from the trunk that is seen.

    trunk: (H, W) bool, also where limbs are before it. ink: (H, W) bool, strokes that are not gone on with.
    """
    if not found:
        return rgb
    covered = np.any([limb.mask for limb in found if limb.name.endswith("Arm")] or [np.zeros_like(trunk)], axis=0)
    edge = 0.006 * max(rgb.shape[:2])
    known = np.any([trunk, *(limb.mask for limb in found if limb.name.endswith("Leg"))], axis=0) & ~widened(
        covered, edge
    )
    if ink is not None:
        known &= ~widened(ink, edge)
    hidden = widened(covered, edge)
    small, scale = shrunk(rgb, 500)
    sure = cv2.resize(known.astype(np.float32), small.shape[1::-1], interpolation=cv2.INTER_AREA) > 0.95
    if not sure.any():
        return rgb
    fill = cv2.resize(pulled(small, sure).astype(np.float32), rgb.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    share = cv2.GaussianBlur(hidden.astype(np.float32), (0, 0), max(1.0, edge / 3))[..., None]
    return (rgb * (1 - share) + fill * share).clip(0, 255).astype(np.uint8)


def sheet(limb: Limb, places: dict, size: tuple[int, int], step: float, depth: float) -> Sheet | None:
    """A limb as a sheet, carried by its bones; None where nothing of it is there. step, depth: px."""
    wide = widened(limb.mask, 0.0025 * max(size))
    rim = weave.outline(wide, step)
    points = np.concatenate([rim, weave.apart(weave.grid(wide, step), rim, 0.5 * step)])
    if len(points) < 8:
        return None
    faces = weave.triangles(points)
    faces = faces[weave.covered(wide, points, faces)]
    if not len(faces):
        return None
    kept, faces = weave.tidy(faces, len(points))
    points = points[kept]
    weights = chain_weights(points, limb.chain[:3], places, 0.6 * limb.half)
    flat = np.column_stack([points, np.full(len(points), depth)])
    return Sheet(limb.name, "front" if limb.name.endswith("Arm") else "under", flat, points / size, faces, weights, {})
