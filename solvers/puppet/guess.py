"""Where a figure's joints are, by its outline alone: what stands off is a limb, the top of the middle the head."""

from __future__ import annotations

import cv2
import numpy as np

from . import skeleton2d
from .cutout import _whole, disc, enlarged, filled, shrunk, widened
from .drawn import strokes
from .skeleton2d import SIDES

THIN = 0.45  # of the figure's greatest half width: what is thinner is no trunk
LIMB = 0.08  # of the figure's height, which a limb is long at least


def on_paper(rgb: np.ndarray) -> np.ndarray | None:
    """A drawn figure (H, W) bool: its strokes and what they enclose; None where there are too few or too many."""
    small, scale = shrunk(rgb)
    ink = strokes(small, 0.02 * max(small.shape[:2]))
    ink = cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_CLOSE, disc(0.008 * max(ink.shape)))
    count, labels, facts, middles = cv2.connectedComponentsWithStats(ink)
    frame = np.array(small.shape[1::-1])
    best, most = None, 0.0
    for piece in range(1, count):
        left, top, wide, high, area = facts[piece]
        edge = left <= 1 or top <= 1 or left + wide >= frame[0] - 1 or top + high >= frame[1] - 1
        worth = wide * high * (0.1 if edge else 1.0)
        if worth > most and max(wide / frame[0], high / frame[1]) < 0.98:
            best, most = piece, worth
    if best is None or most < 0.01 * frame.prod():
        return None
    left, top, wide, high, _ = facts[best]
    inner = (middles > [left, top]).all(1) & (middles < [left + wide, top + high]).all(1)
    inner[0] = False
    own = np.isin(labels, np.flatnonzero(inner) if inner.any() else [best])
    closed = cv2.morphologyEx(own.astype(np.uint8), cv2.MORPH_CLOSE, disc(0.015 * max(frame))) > 0
    outside = np.pad(~closed, 1, constant_values=True).astype(np.uint8)
    flood = cv2.floodFill(outside, None, (0, 0), 2)[1]
    figure = (flood != 2)[1:-1, 1:-1]
    return enlarged(_whole(widened(figure, 1)), rgb.shape[:2])


def joints(
    figure: np.ndarray, head: dict[str, np.ndarray] | None = None
) -> tuple[dict[str, np.ndarray], dict[str, bool]]:
    """{joint or end: (2,) px} of a figure (H, W) bool, and which limbs it has.

    head: {"leftEye", "rightEye", "mouthLeft", "mouthRight"} (2,) px, if a face is known.
    """
    small, scale = shrunk(figure.astype(np.uint8) * 255, 400)
    small = filled(small > 127)
    inside = cv2.distanceTransform(np.pad(small.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    core = (
        cv2.morphologyEx(np.pad(small.astype(np.uint8), 40), cv2.MORPH_OPEN, disc(THIN * inside.max()))[40:-40, 40:-40]
        > 0
    )
    core &= small
    y, x = np.nonzero(core)
    low, high = np.array([x.min(), y.min()], float), np.array([x.max(), y.max()], float)
    tall = np.ptp(np.flatnonzero(small.any(1)))
    ends = _limbs(small & ~widened(core, 1.5), core, LIMB * tall)
    places = _trunk(low, high, None if head is None else {name: place * scale for name, place in head.items()})
    shown = _attached(places, ends, low, high)
    return {name: place / scale for name, place in places.items()}, shown


def _limbs(rest: np.ndarray, core: np.ndarray, least: float) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(root, middle, tip) px of what stands off from the core, longest first."""
    away = cv2.distanceTransform((~core).astype(np.uint8), cv2.DIST_L2, 5)
    count, labels = cv2.connectedComponents(rest.astype(np.uint8))
    found = []
    for piece in range(1, count):
        y, x = np.nonzero(labels == piece)
        far = away[y, x]
        if far.min() > 4 or np.hypot(np.ptp(x), np.ptp(y)) < least:
            continue
        points = np.column_stack([x, y]).astype(float)
        root = points[far <= far.min() + 2].mean(0)
        way = np.linalg.norm(points - root, axis=1)
        tip = points[np.argmax(way)]
        half = np.abs(way - way.max() / 2) < max(1.5, 0.06 * way.max())
        found.append((root, points[half].mean(0) if half.any() else (root + tip) / 2, tip))
    return sorted(found, key=lambda limb: -np.linalg.norm(limb[2] - limb[0]))


def _trunk(low: np.ndarray, high: np.ndarray, head: dict | None) -> dict[str, np.ndarray]:
    """The joints of trunk and head in a box from low to high px, and usual limbs beside it."""
    middle, (wide, tall) = (low + high) / 2, high - low
    chin, top = np.array([middle[0], low[1] + 0.45 * tall]), np.array([middle[0], low[1]])
    if head is not None:
        mouth, eyes = (head["mouthLeft"] + head["mouthRight"]) / 2, (head["leftEye"] + head["rightEye"]) / 2
        chin, top = mouth + 0.5 * (mouth - eyes), np.array([eyes[0], min(low[1], eyes[1] - (mouth - eyes)[1])])
    hips = np.array([middle[0], high[1] - 0.08 * tall])
    chin[1] = min(chin[1], hips[1] - 0.15 * tall)
    shoulders = chin + 0.15 * (hips - chin)
    places = skeleton2d.trunk(hips, shoulders, chin, top)
    for side, sign in (("left", 1), ("right", -1)):
        arm, leg = shoulders + [sign * 0.42 * wide, 0], hips + [sign * 0.25 * wide, 0]
        places |= {f"{side}Shoulder": shoulders + [sign * 0.12 * wide, 0]}
        places |= {f"{side}{part}": arm + [sign * k * 0.1 * wide, k * 0.2 * tall]
                   for k, part in enumerate(("UpperArm", "LowerArm", "Hand", "HandTip"))}  # fmt: skip
        places |= {f"{side}{part}": leg + [0, k * 0.25 * tall]
                   for k, part in enumerate(("UpperLeg", "LowerLeg", "Foot", "Toe"))}  # fmt: skip
    return places


def _attached(places: dict, ends: list, low: np.ndarray, high: np.ndarray) -> dict[str, bool]:
    """Put limbs where they were found, the longest on each side: arms from higher up, legs from below."""
    middle, shown = (low + high) / 2, {}
    for root, half, tip in ends:
        side = SIDES[0] if root[0] > middle[0] else SIDES[1]
        level = (root[1] - low[1]) / max(high[1] - low[1], 1)
        leg = level > 0.75 and tip[1] > root[1]
        name = side + ("Leg" if leg else "Arm")
        if shown.get(name) or (not leg and level < 0.05 and abs(root[0] - middle[0]) < 0.25 * (high - low)[0]):
            continue
        shown[name] = True
        parts = ("UpperLeg", "LowerLeg", "Foot", "Toe") if leg else ("UpperArm", "LowerArm", "Hand", "HandTip")
        near = half + 0.7 * (tip - half)
        for part, place in zip(parts, (root, half, near, tip), strict=True):
            places[side + part] = place
    return shown
