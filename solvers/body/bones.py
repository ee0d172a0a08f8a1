"""How long the performer's bones are, from what was seen of them and from what people are like."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..names import BODY_POINT, mirrored
from ..settings import Settings
from .observed import Camera, Sight

# The points that are fitted.
POINTS: tuple[str, ...] = (
    "leftShoulder", "rightShoulder", "leftElbow", "rightElbow", "leftWrist", "rightWrist",
    "leftHip", "rightHip", "leftKnee", "rightKnee", "leftAnkle", "rightAnkle",
    "leftHeel", "rightHeel", "leftFootIndex", "rightFootIndex",
)  # fmt: skip
POINT: dict[str, int] = {name: index for index, name in enumerate(POINTS)}

# Bones: from, to, length in torsos (hip to shoulder along the side), softness in m, direction at rest in the body's own
# axes (x to its left, y backwards, z up) with arms and legs hanging. Lengths: the mean of Winter's anthropometry
# ("Biomechanics and motor control of human movement", 4th ed., fig. 4.1) and of the span of MediaPipe's points on a man
# measured with four cameras. Softness: bones of limbs give 4 mm, the trunk bends and shrugs by 20 mm.
_LEFT = (
    ("leftShoulder", "leftHip", 1.0, 0.02, (-0.15, 0.0, -1.0)),
    ("rightShoulder", "leftHip", 1.13, 0.02, (0.52, 0.0, -1.0)),
    ("leftShoulder", "leftElbow", 0.54, 0.004, (0.1, 0.0, -1.0)),
    ("leftElbow", "leftWrist", 0.49, 0.004, (0.05, -0.15, -1.0)),
    ("leftHip", "leftKnee", 0.79, 0.004, (0.0, 0.0, -1.0)),
    ("leftKnee", "leftAnkle", 0.77, 0.004, (0.0, 0.05, -1.0)),
    ("leftAnkle", "leftHeel", 0.11, 0.004, (0.0, 0.5, -0.85)),
    ("leftHeel", "leftFootIndex", 0.34, 0.004, (0.1, -1.0, 0.0)),
    ("leftAnkle", "leftFootIndex", 0.31, 0.004, (0.1, -0.9, -0.4)),
)
_ACROSS = (
    ("rightShoulder", "leftShoulder", 0.68, 0.01, (1.0, 0.0, 0.0)),
    ("rightHip", "leftHip", 0.37, 0.004, (1.0, 0.0, 0.0)),
)
BONES: tuple[tuple, ...] = (
    *_ACROSS,
    *_LEFT,
    *((mirrored(a), mirrored(b), length, soft, (-x, y, z)) for a, b, length, soft, (x, y, z) in _LEFT),
)
FROM = np.array([POINT[bone[0]] for bone in BONES])
TO = np.array([POINT[bone[1]] for bone in BONES])
USUAL = np.array([bone[2] for bone in BONES])
SOFTNESS = np.array([bone[3] for bone in BONES])
REST = np.array([bone[4] for bone in BONES]) / np.linalg.norm([bone[4] for bone in BONES], axis=1, keepdims=True)
BONE: dict[tuple[str, str], int] = {bone[:2]: index for index, bone in enumerate(BONES)}
TWIN = np.array([BONE.get((mirrored(a), mirrored(b)), i) for i, (a, b, *_) in enumerate(BONES)])
TORSO = [BONE["leftShoulder", "leftHip"], BONE["rightShoulder", "rightHip"]]
HEIGHT = 3.33  # torsos: legs 1.56, torso 1, neck and head .63, ankle to sole .14 (Winter, as above)
TORSO_METRES = 1.70 / HEIGHT  # of a person of whom too little is seen to tell
# A clear sight in this share of the samples counts as much as what is usual; sooner for arms and legs that look shorter
# than usual: made too long they lean in depth where seen flat. Chosen on the mean of 22 clips with truth, which
# gains little (.3 mm, .04 degrees); making all limbs 8 % shorter is worse.
TRUST, SHORTER = 0.7, 0.3
FOOT = 0.35  # torsos: bones up to this length are of a foot


def pick(sight: Sight) -> Sight:
    """The points that are fitted, out of the detector's 33. Result: a sight of len(POINTS) points."""
    chosen = [BODY_POINT[name] for name in POINTS]
    return replace(sight, image=sight.image[:, chosen], world=sight.world[:, chosen], weight=sight.weight[:, chosen])


def lengths(sight: Sight, depth: np.ndarray, lens: Camera, settings: Settings) -> np.ndarray:
    """Bone lengths (B,) m, equal on both sides, in the order of BONES.

    sight: of the picked points. depth: (T,) m, of the middle of the hips. lens: the camera.
    Every sample in which a bone lies across the line of sight tells its length: its span in the picture, over the
    cosine of its tilt. Their middle, each counting by the cosine to the sixth, is mixed with what is usual.
    settings.height, where given, sets the scale.
    """
    flat = lens.rays(sight.image) * (depth[:, None] + sight.world[..., 1])[..., None]
    span = np.linalg.norm((flat[:, TO] - flat[:, FROM])[..., [0, 2]], axis=-1)
    vector = sight.world[:, TO] - sight.world[:, FROM]
    across = np.linalg.norm(vector[..., [0, 2]], axis=-1) / np.maximum(np.linalg.norm(vector, axis=-1), 1e-6)
    trust = np.nan_to_num(np.minimum(sight.weight[:, TO], sight.weight[:, FROM]) * across**6)
    found = np.nan_to_num(span / np.maximum(across, 0.3))
    found, trust = np.concatenate([found, found[:, TWIN]]), np.concatenate([trust, trust[:, TWIN]])
    seen, clear = np.array([_middle(found[:, b], trust[:, b]) for b in range(len(BONES))]), trust.mean(0)
    limbs = SOFTNESS < 0.01
    torso = _scale(seen, clear / (clear + TRUST) * ~limbs)
    known = np.where(seen > 0, np.log(np.maximum(seen, 1e-6) / (USUAL * torso)), 0.0)
    share = clear / (clear + np.where((known > 0) | (USUAL < FOOT), TRUST, SHORTER))
    result = USUAL * torso * np.exp(share * known)
    return result * settings.height / (HEIGHT * result[TORSO].mean()) if settings.height else result


def _scale(seen: np.ndarray, share: np.ndarray) -> float:
    """Metres per torso, by the trunk's bones: (B,) lengths found, and how far to believe each."""
    if share.sum() < 1e-3:
        return TORSO_METRES
    return float(np.exp(np.average(np.log(np.maximum(seen, 1e-6) / USUAL), weights=share * (seen > 0) + 1e-9)))


def _middle(values: np.ndarray, weight: np.ndarray) -> float:
    """The weighted median, 0 where nothing counts. values, weight: (N,)."""
    if weight.sum() <= 0:
        return 0.0
    order = np.argsort(values)
    total = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
