"""A picture's face: where lids and lips part, how every point of it lies in depth, and how shapes move it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.interpolate import RBFInterpolator

from ..names import EXPRESSIONS
from .weave import smoothed

MOVES = Path(__file__).resolve().parents[2] / "presets" / "puppet" / "face.npz"
# Points of the face network, from the corner on the picture's left to that on its right; sides are anatomical.
EYES = {
    "Right": ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
    "Left": ((362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263)),
}
IRISES = {"Right": (468, 469, 470, 471, 472), "Left": (473, 474, 475, 476, 477)}
UPPER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
        150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)  # fmt: skip
BROWS = {"Right": (46, 53, 52, 65, 55), "Left": (285, 295, 282, 283, 276)}  # their lower edges
PARTED = 0.03  # of the eyes' distance: lips nearer than this are closed
FAR = 1.75  # beyond the oval, in its own size, nothing of the face moves
OPENED = 0.5  # how far the lips are parted while the field is made, in half widths of the mouth
# The share of their narrowing that lips keep which are pushed forward: several such shapes at once must not fold them.
NARROW = {"mouthPucker": 0.6, "mouthFunnel": 0.5}
# Times as far as the demo performer's. Of 1, 2 and 3 for wide eyes, 2 and 3 follow the openings of people's eyes best
# in the mean of seven clips (r .83, .84, .84). Lids that go with the gaze follow theirs better on all seven with 3.
WIDE, FOLLOW = 2.0, 3.0
# Lashes and the shade above them go down with a lid, and get lower by a share: so high at least, of the eyes' distance,
# and at most, of the way to the brow. Only the skin above them is stretched, up to that share of the way.
FOLDED, LASHES, SHADED, STRETCHED = 0.5, 0.03, 0.6, 0.9
MET = 0.1  # of the opening above the lower lid's edge, where lids meet
BALL = 0.19  # radius of an eyeball in distances of the eyes: 12 of 63 mm


@cache
def known() -> tuple[np.ndarray, np.ndarray]:
    """(478, 3) a neutral face and (52, 478, 3) how each shape moves it, as training/make_puppet_face.py says."""
    with np.load(MOVES, allow_pickle=False) as file:
        return file["neutral"].astype(float), file["moves"].astype(float)


@dataclass(frozen=True)
class Face:
    """A face in a picture.

    points: (478, 3) px, depth away. eye: px between the middles of the eyes, as if seen from the front.
    affine: (3, 3) px, takes moves of the neutral face to this one's. visible: (478,) whether a point faces the viewer.
    centre: (2,) px of the mouth; axes: (2, 2) rows along the mouth to the right and across it, down.
    half: px of half the mouth's width. upper, lower: (11, 2) px where the lips meet or end.
    lashes: {side: px} how high above the upper lid's edge lashes and their shade go.
    """

    points: np.ndarray
    eye: float
    affine: np.ndarray
    visible: np.ndarray
    centre: np.ndarray
    axes: np.ndarray
    half: float
    upper: np.ndarray
    lower: np.ndarray
    lashes: dict[str, float]

    @property
    def parted(self) -> bool:
        """Whether the mouth is open in the picture."""
        return bool(np.linalg.norm(self.upper - self.lower, axis=1).max() > PARTED * self.eye)

    @property
    def oval(self) -> np.ndarray:
        """(36, 2) px around the face."""
        return self.points[list(OVAL), :2]

    @property
    def chin(self) -> np.ndarray:
        """(2,) px of its lowest point."""
        return self.points[152, :2]

    def eye_ring(self, side: str) -> tuple[np.ndarray, np.ndarray]:
        """(9, 2) px of the upper and of the lower lid's edge, from left to right."""
        return tuple(self.points[list(part), :2] for part in EYES[side])

    def shade(self, side: str) -> np.ndarray:
        """(N, 2) px of a line above the upper lid's edge, up to which its skin is moved as it is."""
        upper = smoothed(self.eye_ring(side)[0], 25)
        return (upper + self.lashes[side] * _up(upper))[2:-2:2]

    def gap(self, side: str) -> float:
        """How far an eye is open, px."""
        upper, lower = self.eye_ring(side)
        return float(np.linalg.norm(upper - lower, axis=1).max())

    def opened(self, points: np.ndarray, lower: np.ndarray | None = None) -> np.ndarray:
        """Points (N, 2) px as they would lie with the lips well apart, so that both sides of the split are told apart.

        lower: (N,) True below the split, False above; None tells it by where they are.
        """
        local = (points - self.centre) @ self.axes.T
        share = np.clip(1 - (local[:, 0] / self.half) ** 2, 0, None)
        split = np.interp(local[:, 0], *self._split)
        below = local[:, 1] - split
        side = below > 0 if lower is None else lower
        fade = np.clip(1 - np.abs(below) / (3 * self.half), 0, 1)
        local[:, 1] += np.where(side, OPENED * self.half * np.sqrt(share) * fade, 0)
        return local @ self.axes + self.centre

    @property
    def _split(self) -> tuple[np.ndarray, np.ndarray]:
        middle = ((self.upper + self.lower) / 2 - self.centre) @ self.axes.T
        order = np.argsort(middle[:, 0])
        return middle[order, 0], middle[order, 1]


def face_of(points: np.ndarray, rgb: np.ndarray | None = None) -> Face:
    """The face that the network's points make up.

    points: (478, 3) px, depth away. rgb: (H, W, 3) uint8, the picture, in which shade above lids is looked for.
    """
    neutral, _ = known()
    points = np.array(points, float)
    flat = np.column_stack([neutral, np.ones(len(neutral))])
    affine = np.linalg.lstsq(flat, points, rcond=None)[0][:3].T
    left, right = (points[[EYES[side][0][0], EYES[side][0][-1]]].mean(0) for side in ("Left", "Right"))
    eye = float(np.linalg.norm(left - right))
    corners = points[[78, 308], :2]
    along = (corners[1] - corners[0]) / max(np.linalg.norm(corners[1] - corners[0]), 1e-6)
    axes = np.stack([along, [-along[1], along[0]]])
    upper, lower = points[list(UPPER_LIP), :2], points[list(LOWER_LIP), :2]
    gap = (lower - upper) @ axes[1]
    if gap.max() < PARTED * eye:
        upper = lower = (upper + lower) / 2
    else:  # lips never cross
        middle, half = (upper + lower) / 2, np.maximum(gap, 0)[:, None] / 2 * axes[1]
        upper, lower = middle - half, middle + half
    points[list(UPPER_LIP), :2], points[list(LOWER_LIP), :2] = upper, lower
    return Face(points, eye, affine, _visible(points, affine), corners.mean(0), axes,
                float(np.linalg.norm(corners[1] - corners[0]) / 2), upper, lower,
                {side: _lashes(points, eye, side, rgb) for side in EYES})  # fmt: skip


def _lashes(points: np.ndarray, eye: float, side: str, rgb: np.ndarray | None) -> float:
    """How high (px) above the upper lid's edge it is dark: up to where half the way to the skin's lightness is gone."""
    edge = points[list(EYES[side][0]), :2]
    tall = float(((points[list(BROWS[side]), :2] - edge[0]) @ _up(edge)).mean() - ((edge - edge[0]) @ _up(edge)).max())
    least, most = LASHES * eye, max(SHADED * tall, LASHES * eye)
    if rgb is None:
        return least
    import cv2  # not for those who solve, in Blender, what a picture shows

    levels = np.linspace(0, STRETCHED * max(tall, least), 24)
    places = edge[2:-2, None] + levels[:, None] * _up(edge)
    x, y = np.moveaxis(np.clip(np.round(places).astype(int), 0, np.array(rgb.shape[1::-1]) - 1), -1, 0)
    light = np.median(cv2.GaussianBlur(rgb, (0, 0), max(0.6, 0.01 * eye)).max(-1)[y, x].astype(float), 0)
    darkest = int(np.argmin(light[levels <= most]))
    lit = light[darkest:] > (light[darkest] + light[darkest:].max()) / 2
    return float(np.clip(levels[darkest + int(np.argmax(lit))], least, most))


def _up(line: np.ndarray) -> np.ndarray:
    """(2,) the way up from a line (N, 2) px that goes to the right."""
    along = line[-1] - line[0]
    return np.array([along[1], -along[0]]) / max(np.linalg.norm(along), 1e-6)


def _visible(points: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Which points face the viewer, by the neutral face's own roundness turned as this one is."""
    neutral, _ = known()
    centre = np.array([0.0, 0.45, 0.75])  # about the middle of the head behind the nose's root, in the neutral's unit
    turn, _, other = np.linalg.svd(affine)
    normals = (neutral - centre) / np.linalg.norm(neutral - centre, axis=1, keepdims=True)
    return (normals @ (turn @ other).T)[:, 2] < -0.02


def moves(face: Face) -> dict[str, np.ndarray]:
    """{shape: (478, 3) px} of the face's own points."""
    _, made = known()
    found = {}
    for row, name in enumerate(EXPRESSIONS):
        far = WIDE if name.startswith("eyeWide") else FOLLOW if name.startswith(("eyeLookUp", "eyeLookDown")) else 1.0
        found[name] = made[row] * [NARROW.get(name, 1.0), far, 1.0] @ face.affine.T
    for side in EYES:
        _lids(face, side, found)
    return found


def neutral_moves() -> np.ndarray:
    """(52, 478, 3) how each shape moves the neutral face, in distances between its eyes."""
    return np.stack(list(moves(face_of(known()[0])).values()))


def _lids(face: Face, side: str, found: dict[str, np.ndarray]) -> None:
    """Fit an eye's shapes to how far it is open in the picture; a blink closes it exactly."""
    neutral, _ = known()
    upper, lower = (list(part) for part in EYES[side])
    usual = float(np.linalg.norm(neutral[upper] - neutral[lower], axis=1).max()) * face.eye
    ring = [*upper, *lower]
    share = np.clip(face.gap(side) / usual, 0.2, 1.6)
    for name in ("eyeWide", "eyeSquint", "eyeLookUp", "eyeLookDown", "eyeLookIn", "eyeLookOut"):
        found[name + side][ring] = found[name + side][ring] * share
    blink = found[f"eyeBlink{side}"]
    blink[:] = 0
    target = (1 - MET) * face.points[lower] + MET * face.points[upper]
    blink[upper[1:-1], :2] = (target - face.points[upper])[1:-1, :2]
    blink[lower[1:-1], :2] = (target - face.points[lower])[1:-1, :2]


def field(face: Face, places: np.ndarray, lower: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """How shapes move places of the face and around it: {shape: (N, 3) px}.

    places: (N, 2) px. lower: (N,) which lie below the lips' split; None tells it by where they are.
    A thin plate is bent through the face's points; well outside the face it lies still.
    """
    wanted = moves(face)
    names = list(wanted)
    below = np.isin(np.arange(len(face.points)), LOWER_LIP[1:-1]) | _under(face)
    used = np.flatnonzero(face.visible[:468] | np.isin(np.arange(468), [*UPPER_LIP, *LOWER_LIP, *_rings()]))
    centres = face.opened(face.points[used, :2], below[used])
    middle = face.oval.mean(0)
    anchors = np.concatenate([(face.oval - middle) * reach + middle for reach in (FAR, 1.2 * FAR)])
    values = np.stack([wanted[name][used] for name in names], 1).reshape(len(used), -1)
    sites, keep = np.unique(np.round(np.concatenate([centres, anchors]) / face.eye, 3), axis=0, return_index=True)
    values = np.concatenate([values, np.zeros((len(anchors), values.shape[1]))])[keep]
    plate = RBFInterpolator(sites, values, kernel="thin_plate_spline", smoothing=1e-4)
    at = face.opened(places, lower) / face.eye
    near = _inside(face, places)
    result = np.zeros((len(places), len(names), 3))
    touched = near > 0
    result[touched] = plate(at[touched]).reshape(-1, len(names), 3) * near[touched, None, None]
    found = {name: result[:, column] for column, name in enumerate(names)}
    for side in EYES:
        found[f"eyeBlink{side}"] = _blink(face, side, places)
    return found


def _rings() -> list[int]:
    return [point for rings in EYES.values() for ring in rings for point in ring]


def _under(face: Face) -> np.ndarray:
    """Which points are of the lower lip, or below where the lips meet."""
    across = (face.points[:, :2] - face.centre) @ face.axes.T
    split = np.interp(across[:, 0], *face._split)
    under = across[:, 1] > split
    under[list(UPPER_LIP)] = False
    return under


def _inside(face: Face, places: np.ndarray) -> np.ndarray:
    """(N,) 1 in the face, less around it, 0 where nothing of it moves."""
    middle = face.oval.mean(0)
    angle, rim = _polar(face.oval - middle)
    where, far = _polar(places - middle, sort=False)
    order = np.argsort(angle)
    reach = np.interp(where, angle[order], rim[order], period=2 * np.pi)
    share = np.clip((FAR - far / reach) / (FAR - 1.25), 0, 1)
    return share * share * (3 - 2 * share)


def _polar(points: np.ndarray, sort: bool = True) -> tuple[np.ndarray, np.ndarray]:
    return np.arctan2(points[:, 1], points[:, 0]), np.linalg.norm(points, axis=1)


def _blink(face: Face, side: str, places: np.ndarray) -> np.ndarray:
    """How a blink moves places: the upper lid's edge goes down to just above the lower one, its skin is stretched.

    The way is that of the edge below; it fades up to the brow, where skin stays, and beside the eye.
    """
    upper, lower = face.eye_ring(side)
    along = upper[-1] - upper[0]
    width = max(np.linalg.norm(along), 1e-6)
    axes = np.stack([along / width, [-along[1] / width, along[0] / width]])
    up, low, at = ((part - upper[0]) @ axes.T for part in (smoothed(upper, 25), smoothed(lower, 25), places))
    place = np.clip(at[:, 0], 0, width)
    order_up, order_low = np.argsort(up[:, 0]), np.argsort(low[:, 0])
    top = np.interp(place, up[order_up, 0], up[order_up, 1])
    base = np.interp(place, low[order_low, 0], low[order_low, 1])
    target = (1 - MET) * base + MET * top
    brow = (face.points[list(BROWS[side]), :2] - upper[0]) @ axes.T
    lashes, tall = face.lashes[side], up[:, 1].min() - brow[:, 1].mean()
    room = max(0.06 * face.eye, STRETCHED * tall - lashes)
    above = np.clip((top - lashes - at[:, 1]) / room, 0, 1)
    below = np.clip((at[:, 1] - base) / (0.25 * face.eye), 0, 1)
    drop = (target - top + FOLDED * np.clip(top - at[:, 1], 0, lashes)) * (1 - above)
    rise = (target - base) * (1 - below) ** 1.4
    down = np.where(at[:, 1] <= (top + base) / 2, drop, rise)
    aside = np.clip(1 - np.abs(at[:, 0] - place) / (0.15 * face.eye), 0, 1)
    inner = (at[:, 1] > top + 0.5) & (at[:, 1] < base - 0.5)
    down = np.where(inner, target - at[:, 1], down * aside)
    return np.column_stack([down[:, None] * axes[1], np.zeros(len(places))])
