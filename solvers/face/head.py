"""Where the head looks, from the face's points."""

from __future__ import annotations

import numpy as np

from ..body import observed
from ..motion import gaps, rotations, signals
from ..settings import Settings
from ..take import Take
from . import skull

# Nods have no more than this; the fit's own jitter lies above it.
CUTOFF = 6.0  # Hz
LONGEST_GAP = 0.25  # s bridged along the shortest arc; longer ones are held and left to the body
# Of thirteen rendered clips with nine heads, the nod was read 8 degrees too far down in the mean, 8 more or less from
# head to head, while the true heads nodded by 4, give or take 7.
OWN, MOST_OWN = 0.5, np.radians(30.0)
SETTLED = 3.0  # s
MIDDLE = (33, 133, 362, 263, 1)  # corners of the eyes and tip of the nose: where the head is in the picture


def solve_head(take: Take, time: np.ndarray, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Rotation of the head over time.

    take: as detected; time: (T,) s, even; settings: lens and smoothing are used.
    Result: rotations (T, 4) wxyz in camera axes (x to the right, y away, z up), identity = looks along -y, NaN where no
    face was seen for longer, and confidence (T,): 1 where the face was seen, falling to 0 in gaps. What is level and
    straight is that of the average face in presets/weights.
    """
    found = skull.fit(take)
    if not found.seen.any():
        return np.full((len(time), 4), np.nan), np.zeros(len(time))
    turned = rotations.from_matrix(found.rotation @ rotations.to_matrix(error(found)))
    turned = rotations.continuous(rotations.multiply(_rays(take, found.seen, settings), turned))
    looks = rotations.resample(turned, take.time[found.seen], time)
    sight = signals.resample(np.where(found.seen, 1.0, np.nan), take.time, time, LONGEST_GAP)
    confidence = gaps.nearness(np.isfinite(sight), time) if np.isfinite(sight).any() else None
    if settings.smoothing > 0 and len(time) > 1:
        rate = 1.0 / (time[1] - time[0])
        looks = signals.lowpass(rotations.continuous(looks), rate, CUTOFF / settings.smoothing)
    seen = np.minimum(confidence[2] + confidence[3], 1.0) if confidence else np.zeros(len(time))
    return np.where(np.isfinite(sight)[:, None], rotations.normalise(looks), np.nan), seen


def sightline(take: Take, time: np.ndarray, settings: Settings) -> np.ndarray:
    """How the way from the camera to the face is turned from straight ahead, (T, 4) wxyz in camera axes.

    take: as detected; time: (T,) s, even; settings: lens and smoothing are used. Identity where there is no face.
    """
    seen = np.isfinite(take.face.image[:, MIDDLE, :2]).all((1, 2))
    if not seen.any():
        return np.tile(rotations.IDENTITY, (len(time), 1))
    rays = rotations.resample(rotations.continuous(_rays(take, seen, settings)), take.time[seen], time)
    if settings.smoothing > 0 and len(time) > 1:
        rays = signals.lowpass(rotations.continuous(rays), 1.0 / (time[1] - time[0]), CUTOFF / settings.smoothing)
    return rotations.normalise(rays)


def _rays(take: Take, seen: np.ndarray, settings: Settings) -> np.ndarray:
    """The same (F, 4) in the samples in which a face is seen, (T,) bool."""
    middle = take.face.image[seen][:, MIDDLE, :2].mean(1)
    return rotations.between(np.array([0.0, 1.0, 0.0]), observed.camera(take, settings).rays(middle))


def levelled(looks: np.ndarray, seen: np.ndarray, time: np.ndarray) -> np.ndarray:
    """The head's rotations without the part of their usual nod that is the performer's face and not the head.

    looks: (T, 4) wxyz in the room; seen: (T,) 0..1; time: (T,) s. How far a face is tilted on its head differs from
    person to person as much as people's heads are usually tilted, so that of the clip's median half is believed; less
    is taken off in clips of less than SETTLED.
    """
    known = seen > 0.5
    if not known.any():
        return looks
    ahead = rotations.rotate(looks[known], np.array([0.0, -1.0, 0.0]))
    nod = np.median(np.arcsin(np.clip(-ahead[:, 2], -1, 1)))
    off = -OWN * np.clip(nod, -MOST_OWN, MOST_OWN) * min(1.0, float(time[-1] - time[0]) / SETTLED)
    return rotations.multiply(looks, rotations.from_axis_angle(np.array([1.0, 0.0, 0.0]), np.array(off)))


def error(found: skull.Skull) -> np.ndarray:
    """By how much the rigid fit is led astray by what the face does: quaternions (F, 4) to turn it on by.

    An open mouth or raised brows shift all of the network's points a little. Learned on rendered heads whose turn is
    known; it halves the error in pitch, and with it a nodding while speaking that nobody did (see presets/weights).
    """
    offsets = found.shape - np.median(found.shape, 0)
    return rotations.from_vector(offsets.reshape(len(offsets), -1) @ skull.weights().turn)
