"""A drawn face: eyes and mouth are strokes on paper. Each becomes a patch of its own before a head without them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .cutout import disc, widened
from .parts import CELL, _cell, _uv, blank_atlas
from .puppet import Sheet
from .skeleton2d import JOINTS

INK = 28  # of 255, by which a stroke is darker or more coloured than the paper around it
PAPER = 34  # of 255, within which a colour counts as that of the paper
DRAWN = 0.45  # share of a figure that has the paper's colour, from which on it is drawn
GRID = 9  # vertices along a patch
# How far (across, up) in its own half sizes a mouth's middle, left and right end go with each shape.
CORNERS = {"mouthSmile": (0.12, 0.45), "mouthFrown": (0.02, -0.45), "mouthStretch": (0.20, 0.0),
           "mouthDimple": (0.10, 0.05), "mouthPress": (-0.05, 0.0)}  # fmt: skip
WHOLE = {"mouthPucker": (-0.40, 0.15), "mouthFunnel": (-0.30, 0.25), "mouthRollLower": (0.0, -0.10),
         "mouthRollUpper": (0.0, -0.10)}  # fmt: skip


@dataclass(frozen=True)
class Feature:
    """An eye or the mouth in a picture. centre: (2,) px. half: (2,) px half its width and height. ink: (H, W) bool."""

    centre: np.ndarray
    half: np.ndarray
    ink: np.ndarray


def is_drawn(rgb: np.ndarray, figure: np.ndarray) -> bool:
    """Whether most of a figure (H, W) bool is bare paper, as around it."""
    ring = widened(figure, 0.05 * max(figure.shape)) & ~widened(figure, 0.01 * max(figure.shape))
    if not ring.any() or not figure.any():
        return False
    away = np.abs(rgb.astype(float) - np.median(rgb[ring], axis=0)).max(-1)
    return bool((away[figure] < PAPER).mean() > DRAWN)


def strokes(rgb: np.ndarray, radius: float) -> np.ndarray:
    """What is drawn (H, W) bool: darker or more coloured than the paper around it. radius: px, more than a stroke's."""
    paper = cv2.morphologyEx(rgb, cv2.MORPH_CLOSE, disc(radius))
    paper = cv2.GaussianBlur(paper, (0, 0), radius)
    return (paper.astype(int) - rgb).max(-1) > INK


def features(rgb: np.ndarray, points: dict[str, np.ndarray]) -> dict[str, Feature]:
    """{"Right", "Left", "mouth"} of a face: the strokes that are nearest to where they should be.

    points: {"leftEye", "rightEye", "mouthLeft", "mouthRight"} (2,) px; left is the character's.
    """
    eyes = np.linalg.norm(points["leftEye"] - points["rightEye"])
    ink = strokes(rgb, 0.2 * eyes)
    count, labels, facts, middles = cv2.connectedComponentsWithStats(ink.astype(np.uint8))
    sizes = facts[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    small = (sizes.max(1) < 0.75 * eyes) & (facts[:, cv2.CC_STAT_AREA] > 0.0015 * eyes**2)
    found = {}
    for side, name in (("Right", "rightEye"), ("Left", "leftEye")):
        found[side] = _eye(points[name], eyes, small, labels, middles, ink)
    found["mouth"] = _mouth(points, eyes, facts, labels, middles, ink)
    return found


def _eye(place, eyes, small, labels, middles, ink) -> Feature:
    away = np.linalg.norm(middles - place, axis=1) + np.where(small, 0, np.inf)
    away[0] = np.inf
    nearest = int(np.argmin(away))
    if away[nearest] < 0.42 * eyes:
        near = small & (np.linalg.norm(middles - middles[nearest], axis=1) < 0.22 * eyes)
        near[0] = False
        return _around(np.isin(labels, np.flatnonzero(near)))
    half = np.array([0.16, 0.12]) * eyes
    return Feature(place, half, ink & _box(labels.shape, place, half))


def _mouth(points, eyes, facts, labels, middles, ink) -> Feature:
    left, right = points["mouthLeft"], points["mouthRight"]
    middle, wide = (left + right) / 2, max(np.linalg.norm(left - right), 0.6 * eyes)
    near = (np.abs(middles - middle) < [0.6 * wide, 0.5 * wide]).all(1)
    near &= (facts[:, cv2.CC_STAT_WIDTH] < 2.2 * wide) & (facts[:, cv2.CC_STAT_HEIGHT] < 1.3 * wide)
    near &= facts[:, cv2.CC_STAT_AREA] > 0.002 * eyes**2
    near &= facts[:, cv2.CC_STAT_WIDTH] > 0.7 * facts[:, cv2.CC_STAT_HEIGHT]  # a nose stands upright
    near[0] = False
    found = _around(np.isin(labels, np.flatnonzero(near))) if near.any() else None
    if found is not None and found.half[0] > 0.3 * wide:
        return found
    half = np.array([0.55 * wide, 0.3 * wide])  # its strokes run on into others
    inside = ink & _box(labels.shape, middle, half)
    return _around(inside) if inside.sum() > 10 else Feature(middle, half, inside)


def _around(ink: np.ndarray) -> Feature:
    y, x = np.nonzero(ink)
    low, high = np.array([x.min(), y.min()], float), np.array([x.max(), y.max()], float)
    return Feature((low + high) / 2, np.maximum((high - low) / 2, 1.0), ink)


def _box(shape, centre, half) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (np.abs(x - centre[0]) < half[0]) & (np.abs(y - centre[1]) < half[1])


def blank(rgb: np.ndarray, found: dict[str, Feature]) -> np.ndarray:
    """The picture (H, W, 3) without eyes and mouth: the paper goes on."""
    ink = np.any([feature.ink for feature in found.values()], axis=0)
    hidden = widened(ink, max(2.0, 0.004 * max(ink.shape))).astype(np.uint8)
    return cv2.inpaint(rgb, hidden, 5, cv2.INPAINT_TELEA) if ink.any() else rgb


def sheets(rgb: np.ndarray, found: dict[str, Feature], depth: float) -> tuple[list[Sheet], np.ndarray]:
    """Eyes and mouth as patches, the mouth's inside, and the picture that this is painted with.

    depth: px, before the head's.
    """
    atlas = blank_atlas()
    size = np.array(rgb.shape[1::-1])
    made = [_eye_patch(found, side, size, depth) for side in ("Right", "Left")]
    mouth = found["mouth"]
    line = _line(mouth)
    inked = rgb[mouth.ink] if mouth.ink.any() else np.array([[40, 30, 40]], np.uint8)
    _paint(atlas, np.median(inked, axis=0))
    return [*made, _cavity(mouth, line, depth * 1.4), _mouth_patch(mouth, line, size, depth)], atlas


def _patch(feature: Feature, size: np.ndarray, depth: float, name: str) -> tuple[Sheet, np.ndarray]:
    """A patch about a feature with some paper around it, and where its vertices are in the feature's half sizes."""
    half = feature.half + max(2.5, 0.25 * feature.half.min())
    share = np.stack(np.meshgrid(*[np.linspace(-1, 1, GRID)] * 2), -1).reshape(-1, 2)
    local = share * half
    points = np.column_stack([feature.centre + local, np.full(len(local), depth)])
    at = np.arange(GRID * GRID).reshape(GRID, GRID)
    a, b, c, d = at[:-1, :-1].ravel(), at[:-1, 1:].ravel(), at[1:, 1:].ravel(), at[1:, :-1].ravel()
    faces = np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, d])])
    weights = np.zeros((len(local), len(JOINTS)))
    weights[:, JOINTS.index("head")] = 1.0
    return Sheet(name, "front", points, points[:, :2] / size, faces, weights, {}), local


def _eye_patch(found: dict[str, Feature], side: str, size: np.ndarray, depth: float) -> Sheet:
    """An eye that is squeezed to a line by a blink, opens wide, and goes a little where it looks."""
    feature = found[side]
    sheet, local = _patch(feature, size, depth, f"eye{side}")
    eyes = np.linalg.norm(found["Left"].centre - found["Right"].centre)
    flat = lambda x, y: np.column_stack([x, y, np.zeros(len(local))])  # noqa: E731
    none, way = np.zeros(len(local)), 0.07 * eyes
    outwards = 1.0 if side == "Left" else -1.0
    close = -(1 - min(0.35, 2.0 / feature.half[1])) * local[:, 1]
    sheet.moves.update({
        f"eyeBlink{side}": flat(0.12 * local[:, 0], close),
        f"eyeSquint{side}": flat(none, 0.3 * close),
        f"eyeWide{side}": flat(0.12 * local[:, 0], 0.3 * local[:, 1]),
        f"eyeLookIn{side}": flat(none - outwards * way, none),
        f"eyeLookOut{side}": flat(none + outwards * way, none),
        f"eyeLookUp{side}": flat(none, none - way),
        f"eyeLookDown{side}": flat(none, none + way),
        "browInnerUp": flat(none, none - 0.04 * eyes),
        f"browOuterUp{side}": flat(none, none - 0.04 * eyes),
        f"browDown{side}": flat(none, none + 0.04 * eyes),
        f"cheekSquint{side}": flat(none, 0.2 * close),
    })  # fmt: skip
    return sheet


def _line(mouth: Feature) -> np.ndarray:
    """(15, 2) px from the picture's left to its right along a mouth's strokes."""
    across = np.linspace(-1, 1, 15) * mouth.half[0] + mouth.centre[0]
    y, x = np.nonzero(mouth.ink)
    if len(x) < 10:
        return np.column_stack([across, np.full(15, mouth.centre[1])])
    columns = [y[np.abs(x - place) <= max(1.5, mouth.half[0] / 15)] for place in across]
    middle = [column.mean() if len(column) else np.nan for column in columns]
    known = np.isfinite(middle)
    return np.column_stack([across, np.interp(across, across[known], np.array(middle)[known])])


def _shapes(mouth: Feature, points: np.ndarray) -> dict[str, np.ndarray]:
    """{shape: (N, 3) px} of places about a mouth."""
    wide = mouth.half[0]
    across = (points[:, 0] - mouth.centre[0]) / wide
    none = np.zeros(len(points))
    found = {}
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        end = np.clip(sign * across, 0, 1.3) ** 1.5
        for name, (out, up) in CORNERS.items():
            found[name + side] = np.column_stack([sign * out * wide * end, -up * wide * end, none])
        found[f"mouth{side}"] = np.column_stack([none + sign * 0.3 * wide, none, none])
        found[f"jaw{side}"] = np.column_stack([none + sign * 0.2 * wide, none, none])
        lifted = 0.10 * wide * np.clip(0.5 + sign * across, 0, 1)
        found[f"mouthUpperUp{side}"] = np.column_stack([none, -lifted, none])
    for name, (out, up) in WHOLE.items():
        found[name] = np.column_stack([out * across * wide, none - 0.15 * up * wide, none])
    return found


def _mouth_patch(mouth: Feature, line: np.ndarray, size: np.ndarray, depth: float) -> Sheet:
    """The mouth's strokes: they are the upper lip of the mouth that opens."""
    sheet, _ = _patch(mouth, size, depth, "mouth")
    sheet.moves.update(_shapes(mouth, sheet.points[:, :2]))
    lifted = np.zeros_like(sheet.points)
    lifted[:, 1] = -0.10 * mouth.half[0]
    sheet.moves["jawOpen"] = lifted
    return sheet


def _cavity(mouth: Feature, line: np.ndarray, depth: float) -> Sheet:
    """The mouth's inside: nothing while it is closed; an open jaw draws its lower edge down."""
    rows = 5
    share = np.repeat(np.linspace(0, 1, rows), len(line))
    flat = np.tile(line * [1, 1], (rows, 1))
    flat[:, 0] = mouth.centre[0] + 0.9 * (flat[:, 0] - mouth.centre[0])
    across = (flat[:, 0] - mouth.centre[0]) / mouth.half[0]
    points = np.column_stack([flat, np.full(len(flat), depth)])
    at = np.arange(len(points)).reshape(rows, -1)
    a, b, c, d = at[:-1, :-1].ravel(), at[:-1, 1:].ravel(), at[1:, 1:].ravel(), at[1:, :-1].ravel()
    faces = np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, d])])
    weights = np.zeros((len(points), len(JOINTS)))
    weights[:, JOINTS.index("head")] = 1.0
    found = _shapes(mouth, flat)
    bulge = np.sqrt(np.clip(1 - across**2, 0, 1))
    down = mouth.half[0] * bulge * share
    lift = -0.10 * mouth.half[0] * (1 - share)
    none = np.zeros(len(points))
    found["jawOpen"] = np.column_stack([none, 1.15 * down + lift, none])
    found["mouthFunnel"] = found["mouthFunnel"] + np.column_stack([none, 0.35 * down, none])
    for side in ("Left", "Right"):
        found[f"mouthLowerDown{side}"] = np.column_stack([none, 0.15 * down, none])
    uv = _uv("cavity", np.column_stack([(across + 1) / 2, share]).clip(0, 1))
    return Sheet("cavity", "parts", points, uv, faces, weights, found)


def _paint(atlas: np.ndarray, ink: np.ndarray) -> None:
    """A dark mouth with a tongue, edged by the strokes' own colour."""
    y, x = np.mgrid[:CELL, :CELL] / (CELL - 1.0)
    dark = 0.45 * ink
    cell = np.tile(dark, (CELL, CELL, 1))
    tongue = np.hypot((x - 0.5) / 0.34, (y - 0.92) / 0.40) < 1
    cell[tongue] = (196, 92, 92)
    edge = (y > 0.86) | (x < 0.04) | (x > 0.96)
    cell[edge] = ink
    _cell(atlas, "cavity")[:] = cell.clip(0, 255)
