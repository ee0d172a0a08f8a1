"""Clothes as quads over the form of a body: a sweater or hoodie, trousers, shoes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .body import arm_radius, arm_weights, leg_centre, leg_radius, leg_weights, torso_points, torso_ring, torso_weights
from .cage import Cage, chain, mirror
from .part import Part
from .proportions import Proportions

EIGHT = np.arange(8) * np.pi / 4
LEFT_HOLE, RIGHT_HOLE = (15, 0, 1), (7, 8, 9)  # columns of the torso's ring that open into a sleeve


@dataclass(frozen=True)
class Cut:
    """How a figure's clothes are cut; metres.

    ease: how far the sweater stands off the torso; sleeve: off the arms; cuff: width of the sleeve's band.
    hem: height of the sweater's lower edge; band: height of its ribbing; blouse: how far the cloth swells over it.
    collar: (radius, height above the neck joint, thickness) of the roll about the neck; collar_y: its middle.
    leg: how far the trousers stand off the legs; turn_up: height of their turned-up end; leg_end: its height above
    the floor.
    shoe: half width of a shoe; sole: thickness of its sole; hood: whether a hood lies on the back.
    """

    ease: float
    sleeve: float
    cuff: float
    hem: float
    band: float
    blouse: float
    collar: tuple[float, float, float]
    collar_y: float
    leg: float
    turn_up: float
    leg_end: float
    shoe: float
    sole: float
    hood: bool


def sweater(p: Proportions, cut: Cut) -> Part:
    """Torso and sleeves in one surface, with ribbed hem and cuffs and a collar; materials "top" and "trim"."""
    cage = Cage()
    rings, names = _torso_rings(p, cut)
    placed = [cage.add(r, [torso_weights(p, point) for point in r]) for r in rings]
    arm_row = names.index("armpit")
    for i, (a, b) in enumerate(zip(placed[:-1], placed[1:], strict=True)):
        material = "trim" if names[i] in ("band", "collar") else "top"
        for j in range(16):
            if i in (arm_row, arm_row + 1) and j in (15, 0, 7, 8):
                continue
            k = (j + 1) % 16
            cage.face((a[j], a[k], b[k], b[j]), material)
    low, mid, high = placed[arm_row : arm_row + 3]
    back, _, front = 1, 0, 15
    _sleeve(cage, p, cut, [mid[back], high[back], high[0], high[front], mid[front], low[front], low[0], low[back]], 1)
    back, front = 7, 9
    _sleeve(cage, p, cut, [mid[back], low[back], low[8], low[front], mid[front], high[front], high[8], high[back]], -1)
    return cage.part("sweater")


def _torso_rings(p: Proportions, cut: Cut) -> tuple[list[np.ndarray], list[str]]:
    """Sections of the sweater from inside the hem to inside the collar, and what each band above them is."""
    rim = 0.006
    rings, names = [], []

    def ring(points: np.ndarray, name: str) -> None:
        rings.append(points)
        names.append(name)

    low, top = cut.hem, cut.hem + cut.band
    ring(torso_ring(p, low + 0.5 * cut.band, cut.ease - 2 * rim), "band")
    ring(torso_ring(p, low + 0.2 * rim, cut.ease - 1.2 * rim), "band")
    ring(torso_ring(p, low, cut.ease), "band")
    ring(torso_ring(p, low + 0.5 * cut.band, cut.ease + 0.3 * rim), "band")
    ring(torso_ring(p, top, cut.ease), "top")
    ring(torso_ring(p, top + 0.010, cut.ease + 0.8 * cut.blouse), "top")
    armpit = p.arm_z - 1.45 * p.arm[0] - cut.sleeve
    start = top + 0.045
    for share in (0.0, 0.33, 0.66):
        height = start + share * (armpit - 0.02 - start)
        ring(torso_ring(p, height, cut.ease + cut.blouse * (1 - share)), "top")
    for name, points in _shoulder_rings(p, cut, armpit).items():
        ring(points, name)
    for name, points in _collar_rings(p, cut):
        ring(points, name)
    return rings, names


def _shoulder_rings(p: Proportions, cut: Cut, armpit: float) -> dict[str, np.ndarray]:
    """The three rings whose sides open into the sleeves, and one on the slope between shoulder and neck."""
    radius = p.arm[0] + cut.sleeve
    x = p.arm_x - 0.25 * p.arm[0]
    heights = {"armpit": armpit, "middle": p.arm_z - 0.1 * p.arm[0], "top": p.arm_z + 0.4 * radius}
    result = {}
    for row, (name, height) in enumerate(heights.items()):
        points = torso_ring(p, height, cut.ease)
        narrow = (1.0, 0.97, 0.86)[row]
        points[:, 0] *= narrow
        if row == 2:  # seen from above the shoulders' crest runs toward the arms, not round like the chest
            points[:, 2] = p.arm_z + 0.5 * radius
        for columns, sign in ((LEFT_HOLE, 1), (RIGHT_HOLE[::-1], -1)):
            for column, angle in zip(columns, ((-135, -90, -45), (180, None, 0), (135, 90, 45))[row], strict=True):
                if angle is None:
                    points[column] = [sign * x, p.arm_y, p.arm_z]
                    continue
                c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
                inward = -0.16 * radius * (abs(s) > 0.5)
                points[column] = [sign * (x + inward), p.arm_y + 1.04 * radius * c, p.arm_z + 1.04 * radius * s]
        result[name] = points
    crest = _neck_ring(p, cut, 1.5, p.neck - 0.1 * cut.collar[0])
    side = np.abs(crest[:, 0]) / np.abs(crest[:, 0]).max()
    crest[:, 2] += 0.5 * (p.arm_z + radius - crest[:, 2]) * (0.15 + 0.35 * side)
    result["slope"] = crest
    return result


def _neck_ring(p: Proportions, cut: Cut, scale: float, height: float) -> np.ndarray:
    """A round section (16, 3) m about the neck; scale: of the collar's radius."""
    angle = 2 * np.pi * np.arange(16) / 16
    radius = cut.collar[0] * scale
    front = np.clip(-np.sin(angle), 0, 1)  # a collar sits lower in front
    return np.stack(
        [radius * np.cos(angle), cut.collar_y + radius * np.sin(angle), height - 0.35 * cut.collar[0] * front], 1
    )


def _collar_rings(p: Proportions, cut: Cut) -> list[tuple[str, np.ndarray]]:
    """A soft roll about the neck, turned inwards and down."""
    _, height, thick = cut.collar
    base = p.neck + 0.05 * cut.collar[0]
    return [
        ("collar", _neck_ring(p, cut, 1.12, base)),
        ("collar", _neck_ring(p, cut, 1.12 + 0.9 * thick / cut.collar[0], base + 0.35 * height)),
        ("collar", _neck_ring(p, cut, 1.06 + 0.7 * thick / cut.collar[0], base + 0.85 * height)),
        ("collar", _neck_ring(p, cut, 1.02, base + height)),
        ("collar", _neck_ring(p, cut, 0.94, base + 0.8 * height)),
        ("collar", _neck_ring(p, cut, 0.90, base + 0.1 * height)),
    ]


def _sleeve(cage: Cage, p: Proportions, cut: Cut, hole: list[int], sign: int) -> None:
    """A sleeve from its hole to a ribbed cuff that turns inwards about the wrist.

    hole: the 8 points it grows from, counter-clockwise about the arm; sign: +1 left, -1 right.
    """
    elbow, wrist = p.arm_x + p.upper_arm, p.arm_x + p.upper_arm + p.lower_arm
    r = p.arm[1] + cut.sleeve
    end, cuff = wrist + 0.10 * p.hand, cut.cuff
    loose = cut.sleeve
    stations = [  # (x, how far off the arm, material of the band that ends here)
        (p.arm_x + 0.55 * p.arm[0], loose * 1.1, "top"), (p.arm_x + 1.5 * p.arm[0], loose, "top"),
        (0.62 * elbow + 0.38 * p.arm_x, loose, "top"), (elbow - 1.15 * r, loose, "top"),
        (elbow - 0.5 * r, loose, "top"),
        (elbow, loose * 1.1, "top"), (elbow + 0.5 * r, loose, "top"), (elbow + 1.15 * r, loose, "top"),
        (0.45 * elbow + 0.55 * (end - cuff), loose * 1.1, "top"), (end - cuff - 0.024, loose * 1.5, "top"),
        (end - cuff - 0.006, loose * 1.25, "top"), (end - cuff, 0.75 * loose, "top"),
        (end - 0.5 * cuff, 0.75 * loose, "trim"),
        (end - 0.003, 0.75 * loose, "trim"), (end, 0.45 * loose, "trim"), (end - 0.3 * cuff, 0.25 * loose, "trim"),
    ]  # fmt: skip
    ring = hole
    for x, off, material in stations:
        radius = arm_radius(p, x) + off
        y, z = radius * np.cos(EIGHT), sign * radius * np.sin(EIGHT)
        points = np.stack([np.full(8, x), p.arm_y + y, p.arm_z + z], 1)
        weights = [arm_weights(p, q) for q in points]
        if sign < 0:
            points[:, 0] *= -1
            weights = [{b.replace("left", "right"): w for b, w in one.items()} for one in weights]
        fresh = cage.add(points, weights)
        cage.bridge(ring, fresh, material)
        ring = fresh


def hood(p: Proportions, cut: Cut) -> Part:
    """A hood at rest: a soft roll from the front of the neck round to a fold that hangs on the back; material "top"."""
    cage = Cage()
    angles = np.radians(np.linspace(-62, 242, 17))  # from the left of the throat round the back to its right
    behind = np.clip(np.sin(angles), 0, 1) ** 1.5
    radius = cut.collar[0] * (1.28 + 0.34 * behind)
    centre = np.stack([radius * np.cos(angles), cut.collar_y + radius * np.sin(angles) + 0.012 * behind,
                       p.neck - 0.022 - 0.012 * np.clip(-np.sin(angles), 0, 1) + 0.006 * behind], 1)  # fmt: skip
    away = np.stack([np.cos(angles), np.sin(angles), np.zeros(17)], 1)
    ring = None
    for k in range(17):
        swell = 0.18 + 0.82 * np.sin(np.pi * k / 16) ** 0.6
        wide, tall = swell * (0.022 + 0.020 * behind[k]), swell * (0.026 + 0.040 * behind[k])
        sag = -0.75 * tall * behind[k]
        around = np.cos(EIGHT)[:, None] * wide * away[k] + (np.sin(EIGHT)[:, None] * tall + sag) * [0, 0, 1.0]
        around += (np.clip(-np.sin(EIGHT), 0, 1)[:, None] * 0.6 * wide * behind[k]) * away[k]  # the fold leans outwards
        points = centre[k] + around
        fresh = cage.add(points, [torso_weights(p, q * [0.45, 1, 1]) for q in points])
        if ring is None:
            tip = centre[k] - 0.006 * np.array([-np.sin(angles[k]), np.cos(angles[k]), 0])
            cage.cap([fresh[0], *fresh[:0:-1]], tip, torso_weights(p, centre[k] * [0.45, 1, 1]), "top")
        else:
            cage.bridge(fresh, ring, "top")
        ring = fresh
    turned = angles[-1] + np.pi / 2
    cage.cap(
        ring,
        centre[-1] + 0.006 * np.array([np.cos(turned), np.sin(turned), 0]),
        torso_weights(p, centre[-1] * [0.45, 1, 1]),
        "top",
    )
    return cage.part("hood")


def pocket(p: Proportions, cut: Cut) -> Part:
    """A pouch on the front of the sweater, open to both sides; material "top", its edge "trim"."""
    cage = Cage()
    low, high = cut.hem + cut.band + 0.014, cut.hem + cut.band + 0.105
    middle = -np.pi / 2

    def place(u: float, v: float, off: float) -> np.ndarray:
        """u, v: -1..1 across and up the pouch; narrower above."""
        height = low + (high - low) * 0.5 * (v + 1)
        half = 0.66 - 0.20 * max(v, -0.1)
        return torso_points(p, height, cut.ease + cut.blouse * 0.86 + off, np.array([middle + half * u]))[0]

    rim = [(u, -1.0) for u in np.linspace(-1, 1, 7)[:-1]] + [(1.0, v) for v in np.linspace(-1, 1, 5)[:-1]]
    rim += [(u, 1.0) for u in np.linspace(1, -1, 7)[:-1]] + [(-1.0, v) for v in np.linspace(1, -1, 5)[:-1]]
    rings = []
    for off, scale in ((-0.006, 1.03), (0.003, 1.03), (0.006, 0.99), (0.006, 0.88)):
        points = np.array([place(scale * u, scale * v, off) for u, v in rim])
        rings.append(cage.add(points, [torso_weights(p, q) for q in points]))
    for a, b, material in zip(rings[:-1], rings[1:], ("trim", "trim", "top"), strict=True):
        cage.bridge(a, b, material)
    grid = np.empty((5, 7), int)
    grid[0, :], grid[:, 6] = rings[-1][:7], rings[-1][6:11]
    grid[4, ::-1], grid[::-1, 0] = rings[-1][10:17], [*rings[-1][16:20], rings[-1][0]]
    for i in range(1, 4):
        for j in range(1, 6):
            point = place(0.88 * (-1 + j / 3), 0.88 * (-1 + i / 2), 0.0075)
            (grid[i, j],) = cage.add(point[None], torso_weights(p, point))
    for i in range(4):
        for j in range(6):
            cage.face((grid[i, j], grid[i, j + 1], grid[i + 1, j + 1], grid[i + 1, j]), "top")
    return cage.part("pocket")


def strings(p: Proportions, cut: Cut) -> list[Part]:
    """The hood's two strings with knotted ends; material "string"."""
    cage = Cage()
    top = p.neck - 0.045
    ring = None
    path = [(0.030, top, 0.004), (0.033, top - 0.02, 0.009), (0.034, top - 0.06, 0.008), (0.035, top - 0.088, 0.008),
            (0.035, top - 0.092, 0.009), (0.035, top - 0.106, 0.009)]  # fmt: skip
    for k, (x, z, off) in enumerate(path):
        half = 0.0052 if k >= 4 else 0.0036
        angle = np.arccos(
            np.clip(x / (np.interp(z, [r[0] for r in p.torso], [r[1] for r in p.torso]) + cut.ease), -1, 1)
        )
        on = torso_points(p, z, cut.ease + off, np.array([-angle]))[0]
        middle = np.array([x, on[1], z])
        points = middle + half * np.stack([np.cos(EIGHT), np.sin(EIGHT), np.zeros(8)], 1)
        weights = torso_weights(p, middle)
        fresh = cage.add(points, weights)
        if ring is not None:
            cage.bridge(fresh, ring, "string")
        ring = fresh
    cage.cap(ring[::-1], middle - [0, 0, 0.004], weights, "string")
    left = cage.part("left string")
    return [left, mirror(left, "right string")]


def trousers(p: Proportions, cut: Cut) -> Part:
    """Two legs that part at the crotch, with turned-up ends; materials "trousers" and "turn-up"."""
    cage = Cage()
    crotch = p.hip_z - 0.95 * p.leg[0]
    top = cut.hem + 1.2 * cut.band
    waist = [top, 0.5 * (top + p.hip_z), p.hip_z - 0.15 * p.leg[0]]
    rings = []
    for height in waist:
        points = torso_ring(p, height, min(cut.leg, cut.ease - 0.012))
        rings.append(cage.add(points, [leg_weights(p, q) for q in points]))
    for above, below in zip(rings[:-1], rings[1:], strict=True):
        cage.bridge(below, above, "trousers")
    bottom = rings[-1]
    depth = np.array([cage.points[12 + bottom[0]][1], cage.points[4 + bottom[0]][1]])
    saddle = np.array([[0, 0.62 * depth[0], crotch + 0.35 * p.leg[0]], [0, 0.1 * depth.sum(), crotch],
                       [0, 0.62 * depth[1], crotch + 0.30 * p.leg[0]]])  # fmt: skip
    front, low, back = cage.add(saddle, [leg_weights(p, q) for q in saddle])
    left = [bottom[i] for i in (12, 13, 14, 15, 0, 1, 2, 3, 4)] + [back, low, front]
    right = [bottom[i] for i in (4, 5, 6, 7, 8, 9, 10, 11, 12)] + [front, low, back]
    for start, sign in ((left, 1), (right, -1)):
        _leg(cage, p, cut, start, sign, crotch)
    return cage.part("trousers")


def _leg(cage: Cage, p: Proportions, cut: Cut, start: list[int], sign: int, crotch: float) -> None:
    """One trouser leg from the 12 points about the thigh down to its turned-up end."""
    end, r = cut.leg_end, p.leg[1] + cut.leg
    up = end + cut.turn_up
    turn = "turn-up" if cut.turn_up > 0.005 else "trousers"
    stations = [  # (height, how far off the leg, material)
        (crotch - 0.25 * p.leg[0], 0.9, "trousers"), (crotch - 0.9 * p.leg[0], 0.9, "trousers"),
        (0.5 * (crotch + p.knee) + 0.02, 0.9, "trousers"), (p.knee + 1.1 * r, 0.9, "trousers"),
        (p.knee + 0.5 * r, 0.9, "trousers"),
        (p.knee, 0.95, "trousers"), (p.knee - 0.5 * r, 0.9, "trousers"), (p.knee - 1.1 * r, 0.95, "trousers"),
        (0.45 * p.knee + 0.55 * up, 1.1, "trousers"), (up + 0.03, 1.25, "trousers"), (up + 0.002, 1.25, "trousers"),
        (up, 1.7, turn), (0.5 * (up + end), 1.75, turn), (end, 1.7, turn), (end + 0.002, 1.3, turn),
        (end + 0.02, 1.15, turn),
    ]  # fmt: skip
    angle = np.radians(30.0 * (np.arange(12) - 4) + (0 if sign > 0 else 180))
    ring = start
    for height, off, material in stations:
        centre, radius = leg_centre(p, height) * [sign, 1, 1], leg_radius(p, height) + off * cut.leg
        reach = min(radius, p.hip_x - 0.004)  # the thighs meet but do not cross
        x = np.where(np.cos(angle) * sign < 0, reach, radius) * np.cos(angle)
        points = centre + np.stack([x, radius * np.sin(angle), np.zeros(12)], 1)
        fresh = cage.add(points, [leg_weights(p, q) for q in points])
        cage.bridge(fresh, ring, material)
        ring = fresh


def shoes(p: Proportions, cut: Cut) -> list[Part]:
    """Both shoes; materials "shoe", "sole", "shoe trim" and "sock"."""
    left = [_upper(p, cut), _sole(p, cut)]
    return left + [mirror(part, part.name.replace("left", "right")) for part in left]


def _foot_weights(p: Proportions, y: float, z: float) -> dict[str, float]:
    """Skin weights along a shoe: the foot, bending at the ball, and the shin above the ankle."""
    flat = chain(("leftFoot", "leftToes"), (-p.ball_y,), -y, 0.030)
    shin = chain(("flat", "leftLowerLeg"), (p.ankle + 0.025,), z, 0.03)
    return {b: w * shin.get("flat", 0.0) for b, w in flat.items()} | {"leftLowerLeg": shin.get("leftLowerLeg", 0.0)}


def _upper(p: Proportions, cut: Cut) -> Part:
    """The left shoe's upper: rings that start level about the ankle and turn forward along the foot."""
    cage = Cage()
    length = p.heel_y - p.toe_y
    s, low = cut.shoe, 0.6 * cut.sole
    high = p.ankle + 0.034
    r = p.leg[3] + 0.004
    y0 = p.ankle_y
    back = p.heel_y
    rows = [  # (front or top point y, z; back or bottom point y, z; half width; material)
        (y0 - 0.80 * r, high + 0.045, y0 + 0.80 * r, high + 0.045, 0.80 * r, "sock"),
        (y0 - 0.82 * r, high, y0 + 0.82 * r, high, 0.82 * r, "sock"),
        (y0 - 1.04 * r, high - 0.012, y0 + 1.04 * r, high - 0.004, 1.02 * r, "shoe trim"),
        (y0 - 1.22 * r, high - 0.026, y0 + 1.16 * r, high - 0.022, 1.08 * r, "shoe trim"),
        (y0 - 1.65 * r, 0.66 * high, back + 0.002, 0.52 * high, 0.86 * s, "shoe"),
        (y0 - 0.24 * length, 0.62 * high, back - 0.010, low, 0.88 * s, "shoe"),
        (y0 - 0.34 * length, 0.56 * high, y0 - 0.06 * length, low, 0.92 * s, "shoe"),
        (p.ball_y + 0.015, 0.49 * high, p.ball_y + 0.05, low, 1.0 * s, "shoe"),
        (p.ball_y - 0.035, 0.43 * high, p.ball_y - 0.020, low, 0.98 * s, "shoe"),
        (p.toe_y + 0.022, 0.36 * high, p.toe_y + 0.030, low, 0.80 * s, "shoe trim"),
        (p.toe_y + 0.004, 0.24 * high, p.toe_y + 0.008, low + 0.004, 0.50 * s, "shoe trim"),
    ]
    angle = 2 * np.pi * np.arange(12) / 12
    ring = None
    for fy, fz, by, bz, half, material in rows:
        middle = np.array([0.5 * (fy + by), 0.5 * (fz + bz)])
        arm = np.array([fy, fz]) - middle
        c, sn = np.cos(angle), np.sin(angle)
        squash = np.sign(sn) * np.abs(sn) ** 0.9
        points = np.stack(
            [p.hip_x + half * np.sign(c) * np.abs(c) ** 0.8, middle[0] - squash * arm[0], middle[1] - squash * arm[1]],
            1,
        )
        points[:, 2] = np.maximum(points[:, 2], low)
        fresh = cage.add(points, [_foot_weights(p, q[1], q[2]) for q in points])
        if ring is not None:
            cage.bridge(fresh, ring, material)
        ring = fresh
    tip = np.array([p.hip_x, p.toe_y, 0.14 * high])
    cage.cap(ring[::-1], tip, {"leftToes": 1.0}, "shoe trim")
    return cage.part("left shoe")


def _sole(p: Proportions, cut: Cut) -> Part:
    """The left shoe's sole: a rounded slab under the outline of the foot."""
    cage = Cage()
    angle = 2 * np.pi * (np.arange(20) + 0.5) / 20  # two points at the heel and two at the toe, none between
    toe, heel = p.toe_y - 0.004, p.heel_y + 0.006
    middle = 0.5 * (toe + heel)
    y = middle + 0.5 * (heel - toe) * np.sin(angle) / np.sin(angle).max()
    share = (heel - y) / (heel - toe)  # 0 at the heel, 1 at the toe
    half = cut.shoe * np.interp(
        share, [0, 0.03, 0.11, 0.30, 0.50, 0.72, 0.90, 0.97, 1], [0.34, 0.62, 0.86, 0.94, 0.92, 1.06, 0.90, 0.66, 0.36]
    )
    x = half * np.sign(np.cos(angle))
    spring = 0.012 * np.clip((share - 0.72) / 0.28, 0, 1) ** 2  # toes curve up a little
    rings = []
    for scale, z in (
        (0.92, 0.0),
        (1.0, 0.25 * cut.sole),
        (1.03, 0.9 * cut.sole),
        (1.0, 1.2 * cut.sole),
        (0.84, 1.1 * cut.sole),
    ):
        along = middle + (y - middle) * (1 - 0.5 * (1 - scale))
        points = np.stack([p.hip_x + scale * x, along, z + spring], 1)
        rings.append(cage.add(points, [_foot_weights(p, q[1], 0.0) for q in points]))
    for a, b in zip(rings[:-1], rings[1:], strict=True):
        cage.bridge(a, b, "sole")
    low = rings[0]
    for k in range(9):  # underneath, quads from side to side, heel to toe
        a, b, c, d = (4 - k) % 20, (3 - k) % 20, (6 + k) % 20, (5 + k) % 20
        cage.face((low[a], low[d], low[c], low[b]), "sole")
    return cage.part("left sole")
