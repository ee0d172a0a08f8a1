"""Left and right put right: the pose network now and then takes a person's back for the front, and swaps all limbs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import maximum_filter1d

from ..motion import signals
from ..names import BODY_POINT, BODY_POINTS, mirrored
from ..take import Landmarks, Take
from .observed import HIPS, SHOULDERS, Sight, visible

TWIN = np.array([BODY_POINT[mirrored(name)] for name in BODY_POINTS])
LEFT = [BODY_POINT[name] for name in BODY_POINTS[SHOULDERS[0] :] if name.startswith("left")]  # but for the head
RIGHT = list(TWIN[LEFT])
FLIP = np.array([-1.0, -1.0, 1.0, -1.0])  # what a swap does to _ways
# Costs, in the unit of a jump by one torso of all limbs. A swap of a whole person jumps by about one shoulder width,
# .7 torsos when seen from the front and nothing when seen from the side, where the network does swap; what tells
# there is that limbs keep their speed: who turns on, turns on.
CHANGE = 0.1  # of relabelling from one sample to the next: keeps crossing legs from being swapped for a moment
SWAPPED = 0.08  # 1/s of being relabelled: the network is right most of the time
FACE = 2.4  # 1/s of a head that is turned further from the shoulders than necks turn
UNSEEN = 0.6  # 1/s of a person seen from the front without a face, where faces are found in such views
HANDS = 0.3  # 1/s of two hands that both look like the other side's
NECK = np.radians([80.0, 120.0])  # a head may be turned so far from the shoulders, and no person's goes so far
FRONT = np.radians([70.0, 30.0])  # off the camera: a face is seen more often than not, and should always be seen
ROUNDS = 7  # more change nothing on the clips tried
UPRIGHT = 0.6, 0.8  # cosine of the trunk's tilt: faces of those who lie are found less often
BEHIND = 0.25  # s before and after a moment in which limbs tell where they go
AHEAD = 0.15  # s over which a difference in speed counts as much as the way it makes
STILL = 0.2  # torsos: less than this tells little
TOE, HEEL = 0.28, -0.055  # torsos ahead of the ankle (as bones.BONES has them)
# Of a foot's depth that is known by where people's feet point. Of 0, .3, .5 and .7, half brings the headings of feet on
# seven clips from 22 to 18 degrees off the truth, and those off by more than 60 from 5 to 2 in a hundred.
AHEAD_SHARE = 0.5
DEPTH = 0.5  # weight of depth, which is known least, against places in the picture


def repaired(take: Take) -> Take:
    """The take with left and right exchanged, and depth turned round, wherever the network has swapped them.

    take: as detected. Faces that no neck could turn there, as the face network finds them in hair, are left out.
    """
    take = relabelled(take, swapped(take))
    left, _, known = _facing(_sight(take))
    return without_faces(take, (known > 0.5) & (_turned(left, take) > NECK[1]))


def without_faces(take: Take, there: np.ndarray) -> Take:
    """The take with no face in some samples. there: (T,) bool."""
    if not there.any():
        return take
    gone = lambda values: np.where(there.reshape(-1, *[1] * (values.ndim - 1)), np.nan, values)  # noqa: E731
    face = Landmarks(gone(take.face.image), gone(take.face.world), np.where(there[:, None], 0.0, take.face.confidence))
    return replace(take, face=face, expressions=gone(take.expressions), head=gone(take.head))


def swapped(take: Take) -> np.ndarray:
    """In which samples left and right are exchanged, (T,) bool.

    take: as detected; its face and hands have sides of their own.
    Viterbi over two labels a sample: limbs go on from one sample to the next, in the picture and in depth, with the
    speed that they have; a head sits on its shoulders the right way round; a back view shows no face.
    """
    sight = _sight(take)
    there = np.flatnonzero(sight.weight.any(1))
    found = np.zeros(len(there), bool)
    if len(there) < 2:
        return np.zeros(len(take.time), bool)
    reach = int(np.ceil(BEHIND * sight.fps)) + 1
    # Whether ways go on, and how often fronts show faces, can only be told from what is mended, and is told again.
    for round_ in range(ROUNDS):
        mended = _exchanged(sight, _spread(found, there, len(take.time)))
        same, other = _leaps(_ways(mended), there, *((reach, AHEAD * sight.fps) if round_ else (1, 0.0)))
        if 0 < round_ < ROUNDS - 2:  # what tells most is mended first, for it spoils all that is around it
            worst = maximum_filter1d(same - other, 2 * reach + 1, mode="nearest")
            breaks = (same - other == worst) & (worst > 0)
            found[1:] ^= np.cumsum(breaks) % 2 == 1
            continue
        label = np.arange(2) ^ found[:, None]
        stays = label[:-1, :, None] == label[1:, None, :]
        between = np.where(stays, same[:, None, None], other[:, None, None]) + CHANGE * (1 - np.eye(2))
        found = _cheapest(_own(sight, take, _open_faces(mended, take))[there], between)
    return _spread(found, there, len(take.time))


def _spread(found: np.ndarray, there: np.ndarray, samples: int) -> np.ndarray:
    """Labels (N,) of the samples `there` among all: (samples,) bool."""
    whole = np.zeros(samples, bool)
    whole[there] = found
    return whole


def relabelled(take: Take, swapped: np.ndarray) -> Take:
    """The take with left and right exchanged in some samples, depth turned round, and hands mirrored.

    swapped: (T,) bool.
    """
    if not swapped.any():
        return take
    twin, own = TWIN[None], np.arange(len(TWIN))[None]
    index = np.where(swapped[:, None], twin, own)
    at = lambda values: np.take_along_axis(values, index.reshape(*index.shape, *[1] * (values.ndim - 2)), 1)  # noqa: E731
    body, left, right = take.body, take.left_hand, take.right_hand
    turned = np.where(swapped, -1, 1).astype(body.world.dtype)[:, None]
    world = at(body.world)
    world[..., 1] *= turned
    return replace(
        take,
        body=Landmarks(at(body.image), world, at(body.confidence)),
        left_hand=_taken(left, right, swapped),
        right_hand=_taken(right, left, swapped),
    )


def _sight(take: Take) -> Sight:
    """The body as detected, NaN where it is not seen, with no gap bridged."""
    weight = visible(take)
    seen = weight[..., None] > 0
    image, world = np.asarray(take.body.image[..., :2], float), np.asarray(take.body.world, float)
    unseen = lambda values: np.where(seen, values, np.nan)  # noqa: E731
    return Sight(take.time, signals.rate(take.time), unseen(image), unseen(world), weight)


def _exchanged(sight: Sight, swapped: np.ndarray) -> Sight:
    image, world, weight = sight.image.copy(), sight.world.copy(), sight.weight.copy()
    image[swapped], weight[swapped] = image[swapped][:, TWIN], weight[swapped][:, TWIN]
    world[swapped] = world[swapped][:, TWIN] * [1.0, -1.0, 1.0]
    return replace(sight, image=image, world=world, weight=weight)


def _taken(own: Landmarks, other: Landmarks, there: np.ndarray) -> Landmarks:
    choose = lambda a, b: np.where(there.reshape(-1, *[1] * (a.ndim - 1)), b, a)  # noqa: E731
    return Landmarks(
        choose(own.image, other.image),
        choose(own.world, other.world * np.array([-1, 1, 1], other.world.dtype)),
        choose(own.confidence, other.confidence),
    )


# --- what each sample says by itself ---------------------------------------------------------------------------------


def _own(sight: Sight, take: Take, open_faces: float) -> np.ndarray:
    """The cost of both labels, as they are and swapped, by themselves: (T, 2).

    open_faces: 0..1, how often a face was found on those who are seen from the front.
    """
    cost = np.zeros((len(sight.time), 2))
    cost[:, 1] += SWAPPED
    found = np.isfinite(take.head[:, 0, 0])
    trunk = sight.world[:, SHOULDERS].mean(1) - sight.world[:, HIPS].mean(1)
    upright = _ramp(np.nan_to_num(trunk[:, 2] / np.linalg.norm(trunk, axis=1)), UPRIGHT)
    for label, shown in enumerate((sight, _exchanged(sight, np.ones(len(found), bool)))):
        left, off, known = _facing(shown)
        cost[:, label] += FACE * known * found * _ramp(_turned(left, take), NECK)
        cost[:, label] += UNSEEN * open_faces**2 * known * ~found * _ramp(off, FRONT) * upright
    cost += HANDS * _wrong_hands(take)
    return cost / sight.fps


def _facing(sight: Sight) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which way a trunk's left is, (T, 3), how far it faces off the camera, (T,) rad, how far that is known, (T,)."""
    middle = lambda pair: sight.world[:, pair].mean(1)  # noqa: E731
    across = sum(np.nan_to_num(sight.world[:, left] - sight.world[:, right]) for left, right in (SHOULDERS, HIPS))
    trunk = middle(SHOULDERS) - middle(HIPS)
    trunk = np.where(np.isfinite(trunk), trunk, [0.0, 0.0, 1.0])
    ahead = np.cross(across, trunk)
    length = np.linalg.norm(across, axis=1)
    off = np.arccos(np.clip(-ahead[:, 1] / np.maximum(np.linalg.norm(ahead, axis=1), 1e-6), -1, 1))
    both = (sight.weight[:, SHOULDERS] > 0).all(1)
    return across / np.maximum(length, 1e-6)[:, None], off, both * np.clip(length / 0.2, 0, 1)


def _turned(left: np.ndarray, take: Take) -> np.ndarray:
    """How far a head's left is from the trunk's, (T,) rad; a right angle where there is no face. left: (T, 3)."""
    return np.arccos(np.clip(np.nansum(left * take.head[:, :3, 0], axis=1), -1, 1))


def _open_faces(sight: Sight, take: Take) -> float:
    """How often a face was found on those who are seen from the front, 0..1."""
    _, off, known = _facing(sight)
    front = known * _ramp(off, FRONT)
    return float((front * np.isfinite(take.head[:, 0, 0])).sum() / max(front.sum(), 1e-6))


def _wrong_hands(take: Take) -> np.ndarray:
    """Whether both hands look like the other side's: (T, 2) 0..1 for labels as they are and swapped.

    The detector mirrors a hand that looks like the other side's; then what goes right in the picture goes left in its
    world, or what comes near goes away.
    """
    looks = []
    for hand in (take.left_hand, take.right_hand):
        across = _together(hand.world[..., 0], hand.image[..., 0])
        away = _together(hand.world[..., 1], hand.image[..., 2])
        looks.append(np.sign(across * away) * hand.confidence[:, 0])
    own = np.minimum(*looks).clip(0)  # both look as they should
    other = -np.maximum(*looks).clip(None, 0)
    return np.nan_to_num(np.stack([other, own], 1))


def _together(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether two coordinates of points, each (T, K), go the same way: their covariance (T,)."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    return ((a - a.mean(1, keepdims=True)) * (b - b.mean(1, keepdims=True))).sum(1)


def _ramp(x: np.ndarray, ends: np.ndarray) -> np.ndarray:
    return np.clip((x - ends[0]) / (ends[1] - ends[0]), 0, 1)


# --- what holds samples together -------------------------------------------------------------------------------------


def _torso(sight: Sight) -> np.ndarray:
    """Size of the person in the picture, (T,) px: the middle torso, or one and a half shoulder widths."""
    shoulders, hips = sight.image[:, SHOULDERS], sight.image[:, HIPS]
    length = np.linalg.norm(shoulders.mean(1) - hips.mean(1), axis=-1)
    width = np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=-1) * 1.5
    sizes = np.where(np.isfinite(length), length, width)
    size = np.nanmedian(sizes) if np.isfinite(sizes).any() else 1.0
    return np.maximum(np.where(np.isfinite(sizes), sizes, size), 0.3 * size + 1e-6)


def _ways(sight: Sight) -> np.ndarray:
    """What a swap changes in each pair of limbs, (T, pairs, 4) torsos, NaN where one is not seen.

    Half the way from right to left in the picture, and in depth, and how near both are; all but the third change sign.
    """
    trunk = sight.world[:, SHOULDERS].mean(1) - sight.world[:, HIPS].mean(1)
    metres = np.linalg.norm(trunk[np.isfinite(trunk).all(1)], axis=1)
    depth = sight.world[..., 1] * (DEPTH / np.median(metres) if len(metres) else 0.0)
    image = sight.image / _torso(sight)[:, None, None]
    across = (image[:, LEFT] - image[:, RIGHT]) / 2
    deep = np.stack([depth[:, LEFT] - depth[:, RIGHT], depth[:, LEFT] + depth[:, RIGHT]], -1) / 2
    return np.concatenate([across, deep], -1)


def _leaps(ways: np.ndarray, there: np.ndarray, reach: int, ahead: float) -> tuple[np.ndarray, np.ndarray]:
    """How ill the ways of limbs before and after each moment fit, (N - 1,) as they are and (N - 1,) if swapped.

    Straight lines through the samples just before and just after meet in the middle with the same speed, or do not.
    Each is a share of both, so that where nothing fits nothing tells.
    ways: (T, pairs, 4). there: (N,) samples in which somebody is. reach: samples on each side. ahead: samples over
    which a difference in speed counts.
    """
    end, speed = (x[there[:-1]] for x in _lines(ways, reach))
    start, back = (x[::-1][there[1:]] for x in _lines(ways[::-1], reach))
    half = np.diff(there)[:, None, None] / 2
    costs = []
    for sign in (1.0, FLIP):
        gap = end + speed * half - sign * (start + back * half)
        bend = (speed + sign * back) * ahead
        miss = sum(np.minimum(np.linalg.norm(np.nan_to_num(part), axis=-1), 1.0) for part in (gap, bend))
        known = np.isfinite(gap).all(-1)
        costs.append((miss * known).sum(-1) / np.maximum(known.sum(-1), 1))
    return tuple(cost / (sum(costs) + STILL) for cost in costs)


def _lines(values: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Straight lines through the last samples at each moment: where they are then, and their step a sample.

    values: (T, ...) with NaN where missing. reach: how many samples; the latest count most.
    """
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    n, s1, s2, v0, v1 = (np.zeros(values.shape) for _ in range(5))
    for j in range(min(reach, len(values))):
        w = (1 - j / reach) * known[: len(values) - j]
        v = filled[: len(values) - j]
        n[j:] += w
        s1[j:] -= j * w
        s2[j:] += j * j * w
        v0[j:] += w * v
        v1[j:] -= j * w * v
    spread = n * s2 - s1**2
    step = np.where(spread > 1e-6, (n * v1 - s1 * v0) / np.maximum(spread, 1e-6), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (v0 - step * s1) / n, step


def _cheapest(own: np.ndarray, between: np.ndarray) -> np.ndarray:
    """The labels (T,) bool of least total cost. own: (T, 2); between: (T - 1, 2, 2), before and after."""
    total, came = own[0], np.zeros((len(own), 2), int)
    for t in range(1, len(own)):
        options = total[:, None] + between[t - 1]
        came[t] = options.argmin(0)
        total = options.min(0) + own[t]
    label = np.zeros(len(own), int)
    label[-1] = total.argmin()
    for t in range(len(own) - 1, 0, -1):
        label[t - 1] = came[t, label[t]]
    return label.astype(bool)


# --- feet ------------------------------------------------------------------------------------------------------------


def feet_ahead(sight: Sight) -> Sight:
    """World points with toes where toes can be: the network sees many a foot too short, and takes away for towards.

    sight: of the detector's 33 points, as the cut-out about the body was seen. Of each foot the depth, which is all
    that the network guesses, is its mean with that of a foot that points ahead: at right angles to the shin and to
    the line of hips and shoulders.
    """
    world = sight.world.copy()
    across = sum(np.nan_to_num(world[:, left] - world[:, right]) for left, right in (SHOULDERS, HIPS))
    trunk = np.linalg.norm(world[:, SHOULDERS].mean(1) - world[:, HIPS].mean(1), axis=1)
    size = np.nanmedian(trunk) if np.isfinite(trunk).any() else 0.0
    for side in ("left", "right"):
        knee, ankle, heel, toe = (BODY_POINT[f"{side}{name}"] for name in ("Knee", "Ankle", "Heel", "FootIndex"))
        ahead = np.cross(across, world[:, knee] - world[:, ankle])
        length = np.linalg.norm(ahead, axis=1)
        depth = np.where(length > 1e-4, ahead[:, 1] / np.maximum(length, 1e-4), np.nan) * size
        for point, reach in ((toe, TOE), (heel, HEEL)):
            mixed = (1 - AHEAD_SHARE) * world[:, point, 1] + AHEAD_SHARE * (world[:, ankle, 1] + reach * depth)
            world[:, point, 1] = np.where(np.isfinite(mixed), mixed, world[:, point, 1])
    return replace(sight, world=world)
