"""Hands as quads: a palm whose end splits into four fingers, and a thumb that grows out of its side."""

from __future__ import annotations

import numpy as np

from ...solvers.names import finger_bones
from .cage import Cage, Weights, chain, mirror, mix, smoothstep
from .part import Part
from .proportions import FAN, PHALANGES, Proportions, finger_points

# Palm rings from inside the cuff to the fingers' webs: (along the hand as a share of the palm, half width, height above
# and below the middle line as shares of the hand). The last ring lies beyond the knuckles, where the skin parts.
PALM = (
    (-0.34, 0.128, 0.098, 0.098),
    (-0.12, 0.138, 0.094, 0.092),
    (0.08, 0.162, 0.096, 0.102),
    (0.28, 0.186, 0.098, 0.116),
    (0.50, 0.196, 0.094, 0.112),
    (0.76, 0.200, 0.086, 0.092),
    (1.00, 0.198, 0.076, 0.074),
    (1.20, 0.185, 0.054, 0.060),
)
THUMB_RINGS = (2, 3, 4)  # the palm rings whose side the thumb grows from
ACROSS = ("Little", "Ring", "Middle", "Index")  # from the little finger's side to the thumb's
EIGHT = np.arange(8) * np.pi / 4


def hands(p: Proportions) -> list[Part]:
    """Both hands with the bones of every finger, materials "skin" and "nail"."""
    left = left_hand(p)
    return [left, mirror(left, "right hand")]


def left_hand(p: Proportions) -> Part:
    """The left hand in T-pose, palm down, fingers along +X, thumb toward -Y."""
    cage = Cage()
    wrist = np.array([p.arm_x + p.upper_arm + p.lower_arm, p.arm_y, p.arm_z])
    rings = [cage.add(wrist + _palm_ring(p, row), _palm_weights(p, row)) for row in PALM]
    radial = {10, 11}  # columns replaced by the thumb between its rings
    for i, (a, b) in enumerate(zip(rings[:-1], rings[1:], strict=True)):
        for j in range(20):
            if not (i in THUMB_RINGS[:2] and j in radial):
                k = (j + 1) % 20
                cage.face((a[j], a[k], b[k], b[j]), "skin")
    _fingers(cage, p, wrist, rings[-1])
    low, mid, high = (rings[i] for i in THUMB_RINGS)
    _thumb_root(cage, p, low, mid, high)
    hole = [high[11], high[10], mid[10], low[10], low[11], low[12], mid[12], high[12]]
    _thumb(cage, p, wrist, hole)
    return cage.part("left hand")


def _palm_ring(p: Proportions, row: tuple[float, ...]) -> np.ndarray:
    """20 points round the palm, from the little finger's side over the back of the hand, relative to the wrist."""
    along, half, above, below = row
    u = np.linspace(-1, 1, 9)
    arch = 1 - 0.45 * np.abs(u) ** 3  # flat in the middle, rounded toward the sides
    knuckles = np.array([finger_points(p, f)[0] for f in ACROSS]) / p.hand
    edges = 0.5 * (knuckles[1:] + knuckles[:-1])
    columns = np.empty((9, 2))  # where the fingers' middles and the gaps between them are: along, across to the thumb
    columns[1:8:2], columns[2:7:2] = knuckles[:, :2], edges[:, :2]
    columns[0], columns[8] = knuckles[0, :2] + [0, 0.55 * p.finger], knuckles[3, :2] - [0, 0.6 * p.finger]
    end = smoothstep(along, 0.45, 1.0)
    across = (1 - end) * (0.85 * half * u + 0.012 * (along > 0.2)) - end * columns[:, 1]
    first = [PHALANGES[f][0] / PHALANGES["Middle"][0] for f in ACROSS]
    reach = np.interp(-columns[:, 1], -knuckles[:, 1], first)
    # shorter fingers part sooner
    beyond = np.where(along > 1.0, (along - 1.0) * reach * (1 - p.palm) / 0.51, along - 1.0)
    ahead = (1.0 + beyond) * p.palm + end * (columns[:, 0] - p.palm)
    sides = [[ahead[0], across[0] - 0.12 * half, 0.0], [ahead[8], across[8] + 0.12 * half, 0.0]]
    back = np.stack([ahead, across, above * arch], 1)
    front = np.stack([ahead, across, -below * arch], 1)[::-1]
    section = np.concatenate([sides[:1], back, sides[1:], front])
    return p.hand * section * [1, -1, 1]


def _palm_weights(p: Proportions, row: tuple[float, ...]) -> list[Weights]:
    """Skin weights of one palm ring: the hand, and beyond the knuckles the finger ahead of every column."""
    points = _palm_ring(p, row)
    knuckles = np.array([finger_points(p, f)[0] for f in ACROSS])
    base = finger_points(p, "Thumb")
    result = []
    for point in points:
        across = np.interp(-point[1], -knuckles[:, 1], np.arange(4.0))  # between which fingers this point lies
        first = min(int(across), 2)
        share = float(smoothstep(across - first, 0.2, 0.8))
        ahead = float(np.interp(across, np.arange(4.0), knuckles[:, 0]))
        turn = float(smoothstep(point[0], ahead - 0.07 * p.hand, ahead + 0.11 * p.hand))
        palm = mix({f"left{ACROSS[first]}Proximal": 1.0}, {f"left{ACROSS[first + 1]}Proximal": 1.0}, share)
        near = 1 - np.linalg.norm((point - base[0] - 0.45 * (base[1] - base[0])) / p.hand) / 0.26
        ball = 0.55 * float(smoothstep(near, 0.0, 1.0)) * float(smoothstep(point[0] / p.hand, 0.0, 0.12))
        hidden = float(smoothstep(-point[0] / p.hand, 0.0, 0.14))  # inside the cuff the wrist stays with the arm
        wrist = mix({"leftHand": 1.0}, {"leftLowerArm": 1.0}, hidden)
        result.append(mix(mix(wrist, palm, turn), {"leftThumbMetacarpal": 1.0}, ball * (1 - turn)))
    return result


def _fingers(cage: Cage, p: Proportions, wrist: np.ndarray, end: list[int]) -> None:
    """Four fingers on the palm's last ring; neighbours share the three points of the web between them."""
    points = np.array([cage.points[i] for i in end])
    webs = {1: end[0], 9: end[10]}
    for j in (3, 5, 7):
        middle = 0.5 * (points[j] + points[20 - j]) - [0.012 * p.hand, 0, 0]
        weights = mix(cage.weights[end[j]], cage.weights[end[20 - j]], 0.5)
        (webs[j],) = cage.add(middle[None], weights)
    for k, finger in enumerate(ACROSS):
        j = 1 + 2 * k
        ring = [webs[j], *end[j : j + 3], webs[j + 2], *(end[20 - i] for i in (j + 2, j + 1, j))]
        names = finger_bones("left", finger)
        line = wrist + finger_points(p, finger)
        thick = p.finger * p.hand * {"Little": 0.87, "Index": 0.98, "Ring": 0.97}.get(finger, 1.0)
        side = np.array([np.sin(FAN[finger]), np.cos(FAN[finger]), 0.0])
        _digit(cage, ring, line, names, thick, side, np.array([0, 0, 1.0]), first=0.62)


def _thumb(cage: Cage, p: Proportions, wrist: np.ndarray, hole: list[int]) -> None:
    """The thumb from its hole in the palm's side."""
    line = wrist + finger_points(p, "Thumb")
    way = line[2] - line[0]
    way /= np.linalg.norm(way)
    side = np.array([1.0, 0, 0]) - way[0] * way
    side /= np.linalg.norm(side)
    _digit(
        cage,
        hole,
        line,
        finger_bones("left", "Thumb"),
        1.16 * p.finger * p.hand,
        side,
        np.cross(way, side),
        first=0.70,
        root=1.14,
    )


def _thumb_root(cage: Cage, p: Proportions, low: list[int], mid: list[int], high: list[int]) -> None:
    """Shape the palm about the thumb: the ball of the thumb swells, and a web runs toward the index finger.

    low, mid, high: the palm's rings at the near end, the middle and the far end of the hole.
    """
    moves = {  # shares of the hand: along, toward the thumb, up
        (2, 9): (0.00, 0.006, 0.000), (2, 10): (0.01, 0.014, -0.010), (2, 11): (0.03, 0.016, -0.016),
        (2, 12): (0.02, 0.004, -0.012),
        (1, 10): (0.00, 0.010, 0.000), (1, 12): (0.01, 0.012, -0.022), (1, 13): (0.0, 0.0, -0.014),
        (0, 10): (0.00, 0.005, 0.000), (0, 11): (0.00, 0.010, -0.004), (0, 12): (0.00, 0.008, -0.008),
    }  # fmt: skip
    for (ring, column), (along, out, up) in moves.items():
        cage.points[(low, mid, high)[ring][column]] += p.hand * np.array([along, -out, up])


def _digit(
    cage: Cage, ring: list[int], line: np.ndarray, names: tuple[str, ...], thick: float,
    side: np.ndarray, up: np.ndarray, first: float, root: float = 1.04,
) -> None:  # fmt: skip
    """Rings along a finger with three close ones about each joint, a pad, a nail and a round tip.

    ring: the 8 points it grows from; line: (4, 3) m its joints and tip; names: its three bones; thick: half
    thickness, m;
    side, up: (3,) directions of the section; first: where its first own ring lies on the first bone, as a share;
    root: its size there, as a share of the thickness.
    """
    lengths = np.linalg.norm(np.diff(line, axis=0), axis=1)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    one, two, tip = starts[1:]
    start = min(first * lengths[0], one - 1.15 * thick)
    stations = [  # (along, width and height as shares of the thickness)
        (start, root, root), (one - 0.75 * thick, 1.0, 1.0), (one, 1.06, 1.03), (one + 0.75 * thick, 0.97, 0.95),
        (0.5 * (one + two), 0.97, 0.95), (two - 0.6 * thick, 0.95, 0.91), (two, 0.98, 0.90),
        (two + 0.6 * thick, 0.93, 0.88),
        (0.55 * two + 0.45 * tip, 0.92, 0.87), (0.22 * two + 0.78 * tip, 0.84, 0.76),
        (0.06 * two + 0.94 * tip, 0.58, 0.50),
    ]  # fmt: skip
    for k, (along, wide, high) in enumerate(stations):
        i = min(int(np.searchsorted(starts, along, side="right")) - 1, 2)
        centre = line[i] + (along - starts[i]) / lengths[i] * (line[i + 1] - line[i])
        section = wide * np.cos(EIGHT)[:, None] * side + high * np.sin(EIGHT)[:, None] * up
        weights = chain(names, (one, two), along, 0.85 * thick)
        if k == 0:
            weights = mix(weights, cage.weights[ring[2]], 0.12)
        fresh = cage.add(centre + thick * section, weights)
        nail = k == len(stations) - 2
        cage.bridge(ring, fresh, ["nail" if nail and j in (1, 2) else "skin" for j in range(8)])
        ring = fresh
    cage.cap(ring, line[3] - 0.02 * thick * up, {names[2]: 1.0}, "skin")
