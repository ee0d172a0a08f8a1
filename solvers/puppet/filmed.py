"""A film as a character: which of its pictures becomes a puppet, and how its own motion lasts as long as is wanted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..clip import Clip
from ..motion import signals
from ..motion.rotations import continuous, from_vector, inverse, multiply, to_vector
from ..names import BODY_POINT, EXPRESSIONS
from ..performance import Performance
from ..retarget import at_times
from ..retargeting.acting import LOOKS
from ..take import Take

EASE = 0.3  # s from full speed to the turning point where a film goes there and back
FRONTAL = np.radians(20.0)  # a head turned so far shows its face a third as well
LIVELY = 4.0  # sum of expressions with which a face is a third as calm
FAST = 4.0  # eyes' distances a second, at which what moves is half as clear
NEAR = 2.5  # eyes' distances from the middle of a face, within which a finger may hide some of it
FOLDED = 0.6  # of the shoulders' width: hands nearer to each other than this cannot be told apart
HAND = ("Wrist", "Pinky", "Index")  # body points whose middle is the hand
# How well an arm can be told from the rest: with its hand before the trunk, and as a share of that before the face.
BEFORE_TRUNK, BEFORE_FACE = 0.6, 0.3
SEEN = 0.7  # how visible elbow and wrist must be for an arm to be there, more than a puppet's arm needs
# What a picture must have to become a character, the most important first.
WEIGHTS = {"frontal": 3.0, "arms": 3.0, "calm": 2.0, "still": 1.0}
CORNERS = ((33, 133), (263, 362))  # face points: outer and inner corner of each eye
LIDS = ((159, 145), (386, 374))  # face points: upper and lower lid of each eye
FREE, MOST = np.radians(10.0), np.radians(17.0)  # half a flat head's turn: followed so far, never farther

SIDES = ("left", "right")


# --- the picture -----------------------------------------------------------------------------------------------------


def best_picture(take: Take, own: Performance) -> int:
    """The sample of a take whose picture makes the best character: a calm face seen from the front, arms beside it.

    take: (T,) samples, of which at least one shows somebody. own: what was solved of it.
    """
    seen = take.face.seen | take.body.seen
    return int(np.argmax(np.where(seen, fitness(take, own), -1.0)))


def fitness(take: Take, own: Performance) -> np.ndarray:
    """How well each picture of a take would do as a character, (T,); what is not seen counts nothing."""
    still = clear(take, take.face.image[..., :2].mean(1))
    parts = {"frontal": frontal(take), "arms": arms_apart(take), "calm": calm(take, own), "still": still}
    return sum(weight * parts[name] for name, weight in WEIGHTS.items())


def frontal(take: Take) -> np.ndarray:
    """How much of the face is seen, (T,) 0..1: 1 where it looks into the camera."""
    turn = take.head[:, :3, :3]
    cosine = (np.trace(turn, axis1=1, axis2=2) - 1) / 2
    angle = np.arccos(np.clip(np.nan_to_num(cosine, nan=-1.0), -1, 1))
    return np.where(take.face.seen, np.exp(-((angle / FRONTAL) ** 2)), 0.0)


def calm(take: Take, own: Performance) -> np.ndarray:
    """How much a face is at rest, (T,) 0..1: without expression, and its eyes open as usual."""
    points, apart = take.face.image[..., :2], _eyes_apart(take)
    lids = sum(np.linalg.norm(points[:, upper] - points[:, lower], axis=1) for upper, lower in LIDS) / apart
    usual = np.nanmedian(lids) if np.isfinite(lids).any() else 1.0
    shown = np.nan_to_num(own.expressions[:, [name not in LOOKS for name in EXPRESSIONS]]).sum(1)
    lively = np.interp(take.time, own.time, shown)
    return np.nan_to_num(np.clip(lids / max(usual, 1e-6), 0, 1) * np.exp(-lively / LIVELY))


def clear(take: Take, place: np.ndarray) -> np.ndarray:
    """How little something is blurred by its motion, (T,) 0..1; 0 where it is not seen. place: (T, 2) px."""
    if len(take.time) < 2:
        return np.isfinite(place).all(1).astype(float)
    speed = np.linalg.norm(np.gradient(place, take.time, axis=0), axis=1) / _eyes_apart(take)
    return np.nan_to_num(1 / (1 + speed / FAST))


def arms_apart(take: Take) -> np.ndarray:
    """How well the arms can be told from the rest, (T,) 0..1.

    They should be in the picture, straight and at full length, sharp, not folded, and not before face or trunk.
    """
    shoulders = [_body(take, f"{side}Shoulder") for side in SIDES]
    hands = [np.mean([_body(take, side + part) for part in HAND], axis=0) for side in SIDES]
    middle, apart = take.face.image[..., :2].mean(1), _eyes_apart(take)
    total = np.zeros(len(take.time))
    for side, hand, shoulder, other in zip(SIDES, hands, shoulders, shoulders[::-1], strict=True):
        outward = np.sign(shoulder[:, 0] - other[:, 0])
        beside = np.nan_to_num((hand[:, 0] - shoulder[:, 0]) * outward > 0)
        nearest = np.nanmin(_distances(take, side, middle), axis=1, initial=np.inf)
        free = np.where(beside, 1.0, BEFORE_TRUNK) * np.where(nearest < NEAR * apart, BEFORE_FACE, 1.0)
        total += _shown(take, side) * free * clear(take, hand) / 2
    width = np.linalg.norm(shoulders[0] - shoulders[1], axis=1)
    return np.where(np.linalg.norm(hands[0] - hands[1], axis=1) < FOLDED * width, 0.0, total)


def _distances(take: Take, side: str, middle: np.ndarray) -> np.ndarray:
    """(T, P) px from a place (T, 2) to points of a hand; NaN where they are not seen."""
    fingers = getattr(take, f"{side}_hand").image[..., :2]
    points = np.concatenate([fingers, *(_body(take, side + part)[:, None] for part in HAND)], 1)
    return np.linalg.norm(points - middle[:, None], axis=2)


def _shown(take: Take, side: str) -> np.ndarray:
    """How much of an arm is seen, (T,) 0..1; 0 where elbow or wrist is out of the picture, or hidden.

    A foreshortened arm counts by its length, one whose forearm lies on the upper arm half as much as a straight one.
    """
    joints = [f"{side}{joint}" for joint in ("Shoulder", "Elbow", "Wrist")]
    places, ends = [_body(take, joint) for joint in joints], [BODY_POINT[joint] for joint in joints[1:]]
    inside = np.all([(place >= 0).all(1) & (place < take.size).all(1) for place in places[1:]], axis=0)
    shown = inside & (take.body.confidence[:, ends] > SEEN).all(1)
    share = np.ones(len(shown))
    for start, end in zip(places[:-1], places[1:], strict=True):
        length = np.linalg.norm(end - start, axis=1)
        full = np.quantile(length[shown], 0.9) if shown.any() else 1.0
        share = np.minimum(share, np.nan_to_num(length) / max(full, 1.0))
    upper, lower = places[1] - places[0], places[2] - places[1]
    lengths = np.maximum(np.linalg.norm(upper, axis=1) * np.linalg.norm(lower, axis=1), 1e-6)
    straight = np.nan_to_num((upper * lower).sum(1) / lengths)
    return shown * share * (3 + straight) / 4


def _body(take: Take, name: str) -> np.ndarray:
    """(T, 2) px of a point of the body."""
    return take.body.image[:, BODY_POINT[name], :2]


def _eyes_apart(take: Take) -> np.ndarray:
    """(T,) px between the eyes' middles; where no face is seen, a quarter of the shoulders' width."""
    points = take.face.image[..., :2]
    middles = [(points[:, outer] + points[:, inner]) / 2 for outer, inner in CORNERS]
    apart = np.linalg.norm(middles[0] - middles[1], axis=1)
    width = np.linalg.norm(_body(take, "leftShoulder") - _body(take, "rightShoulder"), axis=1)
    return np.maximum(np.where(np.isfinite(apart), apart, width / 4), 1.0)


# --- its motion ------------------------------------------------------------------------------------------------------


def there_and_back(time: np.ndarray, length: float) -> np.ndarray:
    """Where in a film (N,) s to be at a time, if it plays forwards, then backwards, and so on.

    time: (N,) s from 0. length: s of the film. A film that lasts is played as it is. Else it slows down before each
    turning point, so that nothing jerks there: y = length - EASE/2 - d^2 / (2 EASE) at d s from it.
    """
    time = np.asarray(time, float)
    if len(time) == 0 or time.max() <= length:
        return time
    if length <= 0:
        return np.zeros_like(time)
    ease = min(EASE, length / 2)
    place = length - np.abs(np.mod(time, 2 * length) - length)
    high, low = length - place, np.where(time < length / 2, np.inf, place)  # from each end; the first begins at once
    place = np.where(high < ease, length - ease / 2 - high**2 / (2 * ease), place)
    return np.where(low < ease, ease / 2 + low**2 / (2 * ease), place)


def lasting(own: Performance, seconds: float) -> Performance:
    """A film's motion for as long as is wanted, at its own true speed; a shorter film goes there and back.

    own: (T,) samples. seconds: s that it is to last at least.
    """
    rate = signals.rate(own.time)
    clock = np.arange(int(np.ceil(seconds * rate - 1e-6)) + 1) / rate
    place = there_and_back(clock, float(own.time[-1] - own.time[0]))
    return replace(at_times(own, own.time[0] + place), time=own.time[0] + clock)


def as_in_picture(clip: Clip, bones: tuple[str, ...], frame: float) -> Clip:
    """A film's clip whose bones rest, and whose path is at its start, in the picture that the character was made of.

    clip: (N,) frames. bones: those that move from the picture's own pose (others have directions of their own).
    frame: Blender's, when the film shows that picture.
    """
    row = int(np.argmin(np.abs(clip.frames - frame)))
    turns = clip.rotations.copy()
    for bone in [bone for bone in bones if bone in clip.bones]:
        column = clip.bones.index(bone)
        turns[:, column] = multiply(turns[:, column], inverse(turns[row, column]))
    return replace(clip, rotations=continuous(turns), locations=clip.locations - clip.locations[row])


def within(added: Clip, own: Clip, bones: tuple[str, ...]) -> Clip:
    """What is added to a film's motion, made smaller where both together would turn a flat head too far.

    added, own: clips of the same rig and rate; own is held before its start and after its end. bones: whose turns,
    FREE without loss, never reach MOST.
    """
    turns = added.rotations.copy()
    rows = np.searchsorted(own.frames, added.frames + 1e-6).clip(1, len(own.frames)) - 1
    for bone in [bone for bone in bones if bone in added.bones and bone in own.bones]:
        column, under = added.bones.index(bone), own.rotations[rows, own.bones.index(bone)]
        vector = to_vector(multiply(under, turns[:, column]))
        angle = np.linalg.norm(vector, axis=1, keepdims=True)
        soft = FREE + (MOST - FREE) * np.tanh((angle - FREE) / (MOST - FREE))
        kept = np.where(angle > FREE, soft, angle) / np.maximum(angle, 1e-9)
        turns[:, column] = multiply(inverse(under), from_vector(vector * np.where(angle > 1e-9, kept, 1.0)))
    return replace(added, rotations=continuous(turns))
