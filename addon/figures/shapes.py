"""The 52 ARKit shapes as fields of displacement over the face, evaluated wherever a part has a vertex.

Anatomy behind the fields: the jaw turns about an axis in front of the ears; zygomaticus pulls a corner of the mouth
out, back and up and lifts the cheek; orbicularis closes lips and lids; frontalis lifts the inner and the outer half of
a brow on their own.
The right-hand shapes are the left-hand ones evaluated at mirrored points, so both sides mirror exactly.
Lengths are shares of the head's height.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import skull
from .headstyle import HeadStyle
from .skin import BORDER, CONTACT, Skin, lid

FLIP = np.array([-1.0, 1.0, 1.0])
# How far (upper lid drops, lower lid rises) in each eye shape, of the way to the line where they meet.
LIDS = {
    "eyeBlink": (1.05, 1.0),
    "eyeSquint": (0.30, 0.62),
    "eyeLookDown": (0.36, -0.34),
    "eyeLookUp": (-0.16, 0.12),
    "eyeLookIn": (0.0, 0.0),
    "eyeLookOut": (0.0, 0.0),
    "cheekSquint": (0.06, 0.42),
    "mouthSmile": (0.03, 0.22),
}


def smooth(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 below low, 1 above high, smooth in between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def lid_amounts(style: HeadStyle) -> dict[str, tuple[float, float]]:
    """How far both lids go in every eye shape, as in LIDS; wide eyes open by the same share of any eyeball."""
    _, above, below = style.eye_opening
    way = 0.8 * (above + below)
    return LIDS | {"eyeWide": (-0.165 / way, -0.14 / way)}


@dataclass(frozen=True)
class Site:
    """Points of the face with what the fields need to know of them.

    points: (N, 3) shares of the head's height; side: (N,) +1 upper lip, -1 lower lip, 0 by height.
    depth: (N,) 0 on the outside to 1 at the back of the mouth's bag.
    lip: (N,) 0 at the border of the red to 1 where the lips meet, beyond it inside; -1 off the lips.
    """

    style: HeadStyle
    points: np.ndarray
    side: np.ndarray
    depth: np.ndarray
    lip: np.ndarray

    def mirrored(self) -> Site:
        return Site(self.style, self.points * FLIP, self.side, self.depth, self.lip)

    @property
    def u(self) -> np.ndarray:
        """x in half widths of the mouth."""
        return self.points[:, 0] / self.style.mouth_width

    @property
    def rise(self) -> np.ndarray:
        """Height above the line of the mouth; the bag of the mouth counts as lying on it."""
        u = np.clip(self.u, -1.5, 1.5)
        dz = self.points[:, 2] - self.style.mouth - self.style.mouth_curve * u * u
        return np.where(self.depth > 0, 0.0, dz)

    @property
    def split(self) -> np.ndarray:
        """+1 on the upper, -1 on the lower lip; they meet smoothly beyond the corners."""
        rise = self.rise
        side = np.where(self.side != 0, self.side, np.where(self.depth > 0, 0, np.sign(rise)))
        gap = np.clip(1 - np.abs(self.u) ** 1.9, 0, 1)
        return np.clip(gap * side + rise / 0.06, -1, 1)

    @property
    def near(self) -> np.ndarray:
        """1 on the lips, falling to 0 at about twice the mouth's size."""
        return self.around(1.55)

    def around(self, reach: float) -> np.ndarray:
        """1 on the lips, falling to 0 at `reach` times the mouth's size."""
        w = self.style.mouth_width
        e = np.hypot(self.points[:, 0] / (1.25 * w), self.rise / (0.095 if w < 0.115 else 0.09))
        front = self.points[:, 1] - _corner(self.style)[1]
        return (1 - smooth(0.55, reach, e)) * (1 - 0.9 * self.depth) * (1 - smooth(0.10, 0.25, front))


@functools.cache
def _corner(style: HeadStyle) -> np.ndarray:
    """(3,) the left corner of the mouth."""
    z = style.mouth + style.mouth_curve
    return skull.front(style, np.array([style.mouth_width]), np.array([z]))[0]


def outside(style: HeadStyle, points: np.ndarray) -> Site:
    """A site on the outside of the face, off the lips. points: (N, 3)."""
    n = len(points)
    return Site(style, points, np.zeros(n), np.zeros(n), np.full(n, -1.0))


def site_of(style: HeadStyle, skin: Skin) -> Site:
    """The site of the whole skin."""
    ring = skin.mouth_ring
    depth = np.clip((ring - CONTACT - 1) / 5, 0, 1)
    lip = np.where(ring >= BORDER, (ring - BORDER) / (CONTACT - BORDER), -1)
    return Site(style, skin.vertices, np.where(ring > BORDER - 2, skin.side, 0), depth, lip)


# The jaw ---------------------------------------------------------------------------------------------------------


def hinge(style: HeadStyle) -> np.ndarray:
    """(3,) a point of the jaw's axis, in front of the ear canal and above the jaw's corner."""
    return np.array([0.0, style.ear[1] - 0.04, style.ear[2] - 0.05])


def turned(style: HeadStyle, points: np.ndarray, weight: np.ndarray | float, share: float = 1.0) -> np.ndarray:
    """Displacement of points turned with the opening jaw. weight: (N,) 0 fixed to 1 jaw; share of the full angle."""
    angle = style.jaw_opening * share
    centre = hinge(style)
    p = points - centre
    c, s = np.cos(angle), np.sin(angle)
    y, z = p[:, 1] * c - p[:, 2] * s, p[:, 1] * s + p[:, 2] * c
    return np.stack([np.zeros(len(p)), y - p[:, 1], z - p[:, 2]], 1) * np.broadcast_to(weight, len(p))[:, None]


def jaw_weight(site: Site, closed: bool = False) -> np.ndarray:
    """(N,) how much each point goes with the jaw; closed: as if the lips were one."""
    style, p = site.style, site.points
    reach = 0.095
    split = np.clip(site.rise / 0.13, -1, 1) if closed else site.split
    cheek = smooth(0.9, 2.2, np.abs(site.u))
    wide = np.clip(site.rise / reach, -1, 1)
    split = (1 - cheek) * split + cheek * wide
    weight = 0.5 - 0.5 * (1.2 * split - 0.2 * split**3)
    # The jaw's flesh ends at its corner behind and at the throat below.
    behind = 1 - smooth(style.chin[0] * 0.62, style.jaw_corner[1] + 0.06, p[:, 1])
    chin = style.chin[1] - style.chin[2]
    throat = 1 - smooth(0.0, 0.17, chin - 0.0 - p[:, 2] + 0.35 * np.maximum(p[:, 1] - style.chin[0], 0) - 0.04)
    return weight * np.where(site.depth > 0, 1, behind * throat)


# The mouth --------------------------------------------------------------------------------------------------------


def _vector(x, y, z) -> np.ndarray:
    return np.stack(np.broadcast_arrays(*(np.asarray(a, float) for a in (x, y, z))), -1)


def _half(site: Site) -> np.ndarray:
    """1 on the left of the mouth, 0 on the right, smooth over its middle; both halves add up to 1."""
    return smooth(-0.55, 0.55, site.u)


def _blob(site: Site, centre, radius: float) -> np.ndarray:
    """Gaussian about a point, off the inside of the mouth."""
    d2 = ((site.points - np.asarray(centre)) ** 2).sum(1)
    return np.exp(-d2 / (2 * radius**2)) * (1 - site.depth)


def _out(site: Site) -> np.ndarray:
    """(N, 3) horizontal direction away from the head's axis."""
    v = _vector(site.points[:, 0], site.points[:, 1] + 0.02, 0 * site.points[:, 0])
    return v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-6)


def _eye_free(site: Site, further: float = 1.0) -> np.ndarray:
    """0 on both eyes' lids, 1 away from them: the sooner, the more the skin folds. further: lengthens the way."""
    style = site.style
    reach = 1.75 + further * (1 - style.folding)
    a, above, below = style.eye_opening
    r = style.eye_radius
    x = (np.abs(site.points[:, 0]) - style.eye[0]) / (min(a * 1.17, 0.95) * r)
    z = site.points[:, 2] - style.eye[2]
    z = np.where(z > 0, z / (min(above + 0.3, 0.93) * r), z / (min(below + 0.24, 0.9) * r))
    return smooth(0.98, reach, np.hypot(x, z))


def _pull(site: Site, out: float, back: float, up: float, thin: float) -> np.ndarray:
    """The left half of the mouth drawn at its corner."""
    u = np.clip(site.u, 0, 1.6)
    fold = site.style.folding
    near, scale = site.around(1.55 + 0.8 * (1 - fold)), site.style.mouth_width / 0.11
    beyond = 1 + np.maximum(u - 1, 0)
    ramp, lifted = u**1.3 / beyond, u**2.3 / beyond**2
    line = np.where(site.depth > 0, 0, site.rise)
    return near[:, None] * _vector(
        out * scale * ramp, back * scale * ramp, up * scale * lifted - thin * fold * line * smooth(0, 0.6, u)
    )


def _cheek(site: Site, up: float, out: float) -> np.ndarray:
    """The left cheek lifted and filled."""
    s = site.style
    x, y, z, radius = s.cheek
    centre = skull.front(
        s, np.array([x * 0.95]), np.array([0.42 * (s.eye[2] - s.eye_radius * 0.8) + 0.58 * s.mouth + 0.02])
    )[0]
    g = _blob(site, centre, 0.065 if radius < 0.1 else 0.085) * _eye_free(site, 1.5)
    return g[:, None] * (_vector(0, 0, s.folding * up + 0 * g) + out * _out(site))


def _smile(site: Site) -> np.ndarray:
    return _pull(site, 0.046, 0.030, 0.050, 0.24) + _cheek(site, 0.022, 0.022)


def _frown(site: Site) -> np.ndarray:
    return _pull(site, 0.012, 0.010, -0.052, 0.0) + (site.near * site.split.clip(-1, 0) * -0.008 * _half(site))[
        :, None
    ] * _vector(0, 0, 1.0)


def _dimple(site: Site) -> np.ndarray:
    corner = _corner(site.style)
    pit = _blob(site, corner + np.array([0.03, 0.02, 0.0]), 0.03)
    return _pull(site, 0.036, 0.030, 0.006, 0.12) - 0.018 * pit[:, None] * _out(site)


def _stretch(site: Site) -> np.ndarray:
    return _pull(site, 0.060, 0.036, -0.022, 0.20)


def _press(site: Site) -> np.ndarray:
    squeeze = site.near * _half(site) * np.where(site.depth > 0, 0, 1)
    corner = _blob(site, _corner(site.style), 0.045)
    line = np.where(site.lip >= 0, site.rise, site.rise * 0.35)
    return (
        squeeze[:, None] * _vector(0, 0.010 * (site.lip >= 0), -0.50 * line)
        + _pull(site, 0.010, 0.006, 0.008, 0.0)
        - 0.010 * corner[:, None] * _out(site)
    )


def _upper_up(site: Site) -> np.ndarray:
    w = site.near * np.clip(site.split, 0, 1) * _half(site) * (1 - 0.6 * smooth(0.5, 1.1, site.u))
    wing = _blob(site, site.style.nose_wing[:3], 0.04)
    up = 0.026 + 0.026 * site.style.folding
    return w[:, None] * _vector(0, -0.006, up + 0 * w) + 0.012 * wing[:, None] * _vector(0, 0, 1 + 0 * w)


def _lower_down(site: Site) -> np.ndarray:
    w = site.near * np.clip(-site.split, 0, 1) * _half(site) * (1 - 0.6 * smooth(0.5, 1.1, site.u))
    down = 0.028 + 0.028 * site.style.folding
    return w[:, None] * _vector(0.006, -0.004, -down + 0 * w)


def _sneer(site: Site) -> np.ndarray:
    s = site.style
    wing = _blob(site, s.nose_wing[:3], 0.042) * smooth(-0.015, 0.02, site.points[:, 0])
    root = (
        _blob(site, (0.05, s.nose_bridge[0], s.eye[2] + 0.04), 0.05)
        * smooth(-0.02, 0.04, site.points[:, 0])
        * _eye_free(site)
    )
    lip = site.near * np.clip(site.split, 0, 1) * _half(site)
    side = _blob(site, (s.nose_wing[0] + 0.03, s.nose_wing[1] + 0.05, s.nose_wing[2] + 0.06), 0.045) * _eye_free(site)
    around = side[:, None] * _vector(0, -0.012, 0.024 + 0 * side)
    around += root[:, None] * _vector(-0.006, 0, -0.018 + 0 * root)
    raised = 0.018 * s.folding**2 * lip[:, None] * _vector(0, 0, 1 + 0 * lip)
    return wing[:, None] * _vector(0.010, 0.006, 0.044 + 0 * wing) + s.folding * around + raised


def _pucker(site: Site, narrow: float, forward: float, up: float, down: float) -> np.ndarray:
    """Lips drawn to the middle and pushed forward; up, down: how far they part."""
    near, u = site.near, site.u
    gentle = 0.35 + 0.65 * site.style.folding  # two such shapes at once must leave a mouth
    narrow, forward, up, down = gentle * np.array([narrow, forward, up, down])
    x = site.points[:, 0]
    ring = np.where(site.lip >= 0, 1.0, 0.9)
    centre = 1 - 0.35 * np.clip(np.abs(u), 0, 1.4)
    part = np.where(site.split > 0, up, down) * np.abs(site.split) * (1 - np.clip(np.abs(u), 0, 1) ** 2 * 0.6)
    full = gentle * np.where(site.lip >= 0, 0.45, 0.12) * site.rise
    level = -0.9 * site.style.mouth_curve * np.minimum(u * u, 1)
    return near[:, None] * _vector(-narrow * x * ring, -forward * centre, part + full + level)


def _roll(site: Site, sign: int) -> np.ndarray:
    """The upper (+1) or lower (-1) lip rolled in over the teeth."""
    w = site.near * np.clip(sign * site.split, 0, 1) * np.where(site.depth > 0, 0.3, 1)
    taper = np.clip(1 - np.abs(site.u) ** 2.5, 0, 1)
    red = np.where(site.lip >= 0, np.clip(0.35 + site.lip, 0, 1), 0.28)
    line = np.where(site.depth > 0, 0, site.rise)
    return (w * taper)[:, None] * _vector(0, 0.026 * red, -0.55 * line - sign * 0.006 * red)


def _shrug(site: Site, sign: int) -> np.ndarray:
    """Lips pushed up: by the chin's muscle (-1), or the upper lip after it (+1)."""
    taper = np.clip(1 - 0.75 * np.abs(site.u) ** 2, 0, 1)
    w = site.near * np.clip(sign * site.split, 0, 1) * taper
    if sign > 0:
        w = w + 0.85 * site.near * np.clip(-site.split, 0, 1) * taper * np.where(site.lip >= 0, 1, 0.6)
        return w[:, None] * _vector(0, -0.018, 0.028 + 0 * w)
    other = site.near * np.clip(site.split, 0, 1) * taper
    chin = _blob(site, (0, site.style.chin[0] - site.style.chin[2], site.style.chin[1] + 0.02), 0.06)
    move = w[:, None] * _vector(0, -0.018, 0.034 + 0 * w) + other[:, None] * _vector(0, -0.010, 0.022 + 0 * w)
    return move + chin[:, None] * _vector(0, -0.004, 0.020 + 0 * w)


def _puff(site: Site) -> np.ndarray:
    s = site.style
    z = s.mouth + 0.02
    centre = skull.front(s, np.array([s.mouth_width * 1.55]), np.array([z]))[0]
    g = _blob(site, centre, 0.062 if s.cheek[3] < 0.1 else 0.08) * _eye_free(site)
    lip = _blob(site, centre * np.array([0.4, 1, 1]), 0.06) * 0.12
    return (0.9 * s.cheek[3] * g + 0.12 * lip)[:, None] * _out(site)


# The brows --------------------------------------------------------------------------------------------------------


@functools.cache
def _brow_point(style: HeadStyle, share: float) -> np.ndarray:
    """(3,) a point of the left brow. share: 0 inner to 1 outer end."""
    xi, xo, zi, zp, zo, _ = style.brow
    x = xi + share * (xo - xi)
    return skull.front(style, np.array([x]), np.array([np.interp(share, [0, 0.6, 1], [zi, zp, zo])]))[0]


def _brow(site: Site, share: float, radius: float, x: float, z: float) -> np.ndarray:
    s = site.style
    size = (s.brow[1] - s.brow[0]) / 0.185
    g = (
        _blob(site, _brow_point(s, share), radius * size)
        * _eye_free(site, 0.9)
        * smooth(-0.03, 0.03, site.points[:, 0])
    )
    return g[:, None] * _vector(x, 0, z + 0 * g) * (0.6 + 0.4 * size)


def _brow_down(site: Site) -> np.ndarray:
    fold = site.style.folding
    more = 1.7 - 0.7 * fold  # skin that folds less between the brows must travel farther down to be read as a frown
    return more * (_brow(site, 0.08, 0.058, -0.018 * fold**2, -0.046) + _brow(site, 0.62, 0.06, -0.006, -0.026))


def _brow_inner(site: Site) -> np.ndarray:
    return _brow(site, 0.08, 0.062, -0.002, 0.046)


def _brow_outer(site: Site) -> np.ndarray:
    return _brow(site, 0.75, 0.070, 0.0, 0.050)


PAIRS: dict[str, Callable[[Site], np.ndarray]] = {
    "mouthSmile": _smile,
    "mouthFrown": _frown,
    "mouthDimple": _dimple,
    "mouthStretch": _stretch,
    "mouthPress": _press,
    "mouthLowerDown": _lower_down,
    "mouthUpperUp": _upper_up,
    "noseSneer": _sneer,
    "browDown": _brow_down,
    "browOuterUp": _brow_outer,
    "cheekSquint": lambda site: _cheek(site, 0.030, 0.016),
}


def _aside(site: Site) -> np.ndarray:
    """The whole mouth to the left."""
    w = site.near
    return w[:, None] * _vector(0.052, 0.020 * np.clip(site.u, -1, 1), 0 * w)


def _tongue_lips(site: Site) -> np.ndarray:
    """The lips let the tongue out."""
    w = site.near * np.clip(1 - np.abs(site.u) ** 2, 0, 1)
    return w[:, None] * _vector(0, 0, np.where(site.split > 0, 0.016, -0.040) * np.abs(site.split))


def central(site: Site) -> dict[str, np.ndarray]:
    """Displacements of the shapes that have no left and right."""
    style, p = site.style, site.points
    weight, closed = jaw_weight(site), jaw_weight(site, closed=True)
    opened = turned(style, p, weight) + (site.near * weight * (1 - weight))[:, None] * _vector(-0.7 * p[:, 0], 0.0, 0.0)
    sideways = np.array([0.050, 0.0, 0.0])
    aside = 0.55 * weight + 0.45 * closed
    both = {
        name: field(site) + field(site.mirrored()) * FLIP
        for name, field in (("browInnerUp", _brow_inner), ("cheekPuff", _puff))
    }
    return both | {
        "jawOpen": opened,
        "mouthClose": turned(style, p, closed) - opened,
        "jawForward": weight[:, None] * np.array([0.0, -0.042, -0.004]),
        "jawLeft": aside[:, None] * sideways,
        "jawRight": aside[:, None] * sideways * FLIP,
        "mouthLeft": _aside(site),
        "mouthRight": _aside(site.mirrored()) * FLIP,
        "mouthPucker": _pucker(site, 0.48, 0.050, 0.001, -0.002),
        "mouthFunnel": _pucker(site, 0.30 * style.folding, 0.040, 0.032, -0.042),
        "mouthRollUpper": _roll(site, 1),
        "mouthRollLower": _roll(site, -1),
        "mouthShrugUpper": _shrug(site, 1),
        "mouthShrugLower": _shrug(site, -1),
        "tongueOut": _tongue_lips(site),
    }


def fields(site: Site) -> dict[str, np.ndarray]:
    """Every shape's displacement of a site, without lids. Returns {ARKit name: (N, 3) shares of the height}."""
    shapes = central(site)
    for name, field in PAIRS.items():
        shapes[name + "Left"] = field(site)
        shapes[name + "Right"] = field(site.mirrored()) * FLIP
    return shapes


def moving(shapes: dict[str, np.ndarray], least: float = 2e-4) -> dict[str, np.ndarray]:
    """The shapes that move anything by more than `least`, with smaller displacements set to zero at 1 % of that."""
    return {k: np.where(np.abs(v) < 0.01 * least, 0.0, v) for k, v in shapes.items() if np.abs(v).max() > least}


def skin_shapes(style: HeadStyle, skin: Skin) -> dict[str, np.ndarray]:
    """All shapes of the skin, lids included. Returns {ARKit name: (V, 3) shares of the height}."""
    shapes = fields(site_of(style, skin))
    lids = skin.lid_ring >= 0
    for values in shapes.values():
        values[lids] = 0
    for name, (drop, rise) in lid_amounts(style).items():
        for word, sign in (("Left", 1), ("Right", -1)):
            values = shapes.setdefault(name + word, np.zeros_like(skin.vertices))
            k = np.flatnonzero(lids & (skin.lid_eye == sign))
            args = skin.lid_ring[k], skin.lid_u[k], skin.lid_v[k]
            values[k] = (lid(style, *args, drop, rise) - lid(style, *args)) * (FLIP if sign < 0 else 1)
    return moving(shapes)
