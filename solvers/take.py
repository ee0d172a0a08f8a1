"""A take: what the networks saw in a video, sample by sample, and nothing that was made of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .names import BODY_POINTS, EXPRESSIONS, FACE_POINT_COUNT, HAND_POINTS

PORTRAIT = (72, 48)  # rows and columns of what is kept of a face's picture


@dataclass(frozen=True)
class Landmarks:
    """Points of one body part over time (T samples, K points); NaN where there is none.

    image: (T, K, 3) px, px and a depth in px-like units; origin at the top left of the upright picture.
    world: (T, K, 3) m in our axes (x to the picture's right, y away, z up); NaN where a network has none.
    confidence: (T, K) 0..1; 0 where there is none.
    """

    image: np.ndarray
    world: np.ndarray
    confidence: np.ndarray

    @classmethod
    def missing(cls, samples: int, points: int) -> Landmarks:
        """Landmarks of which nothing was seen."""
        return cls(
            np.full((samples, points, 3), np.nan, np.float32),
            np.full((samples, points, 3), np.nan, np.float32),
            np.zeros((samples, points), np.float32),
        )

    @property
    def seen(self) -> np.ndarray:
        """(T,) whether the part was found at all."""
        return np.isfinite(self.image[..., 0]).any(1)


@dataclass(frozen=True)
class Take:
    """What was seen in a video (T samples).

    time: (T,) s, strictly increasing, from the container's timestamps; 0 is the video's first picture.
    body, left_hand, right_hand, face: Landmarks of 33, 21, 21 and 478 points; sides are anatomical.
    expressions: (T, 52) the detector's own blendshape scores in the order of names.EXPRESSIONS, NaN where it has none.
    head: (T, 4, 4) face to camera, m, our axes (identity = looks into the camera); NaN without a face.
    size: (width, height) px of the upright picture with square pixels.
    source: {"path", "sha256", "fps", "seconds", "sound", "start", "end"} of the video; fps is its mean rate.
    detector: {"name", "version", "models": {network: sha256}}.
    history: ((verb, {argument: value}), ...) what was done to get here.
    gaze: (T, 2, 2) rad as in Performance, where a phone has captured it (see captures); None where pictures were seen.
    portrait: (T, 72, 48) uint8, the face as a small picture that looks into the camera (see cues.colours), 0 where it
    was not seen; None in takes that were made before there were portraits, or by a phone.
    """

    time: np.ndarray
    body: Landmarks
    left_hand: Landmarks
    right_hand: Landmarks
    face: Landmarks
    expressions: np.ndarray
    head: np.ndarray
    size: tuple[int, int]
    source: dict
    detector: dict
    history: tuple = field(default=())
    gaze: np.ndarray = None
    portrait: np.ndarray = None

    @classmethod
    def empty(cls, time: np.ndarray, size: tuple[int, int], **words) -> Take:
        """A take in which nothing was seen, to be filled with dataclasses.replace.

        time: (T,) s; size: (width, height) px; words: source, detector, history.
        """
        samples = len(time)
        return cls(
            time=np.asarray(time, float),
            body=Landmarks.missing(samples, len(BODY_POINTS)),
            left_hand=Landmarks.missing(samples, len(HAND_POINTS)),
            right_hand=Landmarks.missing(samples, len(HAND_POINTS)),
            face=Landmarks.missing(samples, FACE_POINT_COUNT),
            expressions=np.full((samples, len(EXPRESSIONS)), np.nan, np.float32),
            head=np.full((samples, 4, 4), np.nan, np.float32),
            size=tuple(int(v) for v in size),
            **({"source": {}, "detector": {}} | words),
        )
