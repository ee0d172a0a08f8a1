"""What pictures tell of a face beside its points, on a drawn face whose points never move."""

from __future__ import annotations

import dataclasses
import functools

import cv2
import numpy as np
import pytest
from understudy.solvers import record
from understudy.solvers.detectors.complexion import portrait
from understudy.solvers.detectors.sight import Points, Sight
from understudy.solvers.face import cues
from understudy.solvers.face.skull import Skull
from understudy.solvers.looking.spool import Spool
from understudy.solvers.names import EXPRESSION
from understudy.solvers.take import PORTRAIT, Landmarks, Take

FRAMES, LOW = 24, 16  # pictures, from which on brows are low
BROWS = [EXPRESSION["browDownLeft"], EXPRESSION["browDownRight"]]
SKIN, HAIR, LIPS = (205, 160, 135), (60, 40, 30), (180, 90, 90)


@functools.cache
def face(scale: float = 60.0) -> np.ndarray:
    """The mean calm face's points (478, 3) px in a picture of 320 px, `scale` px between the eyes."""
    reference = cues.weights().reference
    return np.column_stack([160 + scale * reference[:, 0], 130 - scale * reference[:, 2], scale * reference[:, 1]])


def picture(points: np.ndarray, lower: float = 0.0, light: float = 1.0) -> np.ndarray:
    """A face in flat colours, with brows lowered by so many px."""
    rgb = np.full((320, 320, 3), (90, 110, 130), np.uint8)
    flat = points[:, :2]
    cv2.fillConvexPoly(rgb, cv2.convexHull(flat.astype(np.float32)).astype(np.int32), SKIN)
    for brow in ((70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)):
        cv2.fillPoly(rgb, [np.round(flat[list(brow)] + [0, lower]).astype(np.int32)], HAIR)
    for eye in ((33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380)):
        cv2.fillPoly(rgb, [np.round(flat[list(eye)]).astype(np.int32)], (240, 240, 240))
    cv2.fillPoly(rgb, [np.round(flat[[61, 39, 0, 269, 291, 405, 17, 181]]).astype(np.int32)], LIPS)
    return np.clip(cv2.GaussianBlur(rgb, (0, 0), 1.5) * light, 0, 255).astype(np.uint8)


def taken(pictures: list[np.ndarray], points: np.ndarray, **parts) -> tuple[Take, Skull]:
    """A take of such pictures, all with the same points, and its head."""
    count = len(pictures)
    missing = Landmarks.missing(count, 478)
    seen = dataclasses.replace(missing, image=np.repeat(points[None], count, 0), confidence=np.ones((count, 478)))
    time = np.arange(count) / 24
    take = dataclasses.replace(
        Take.empty(time, (320, 320)), face=seen, portrait=np.stack([portrait(p, points) for p in pictures]), **parts
    )
    return take, Skull(np.ones(count, bool), time, np.repeat(np.eye(3)[None], count, 0), np.zeros((count, 1, 3)))


def frowning(light: float = 1.0, **parts) -> tuple[Take, Skull]:
    """A calm face whose brows go down by 7 px and stay there."""
    points = face()
    pictures = [picture(points, 0.0 if k < LOW else 7.0, 1.0 if k < LOW else light) for k in range(FRAMES)]
    return taken(pictures, points, **parts)


def told(take: Take, found: Skull) -> np.ndarray:
    return cues.with_pictures(np.zeros((FRAMES, 52)), take, found)


def test_brows_that_only_the_picture_shows_come_down():
    """Brows that go down in the picture, while no point moves, lower both brows; before that nothing happens."""
    values = told(*frowning())
    assert values[LOW + 2 :, BROWS].min() > 0.1
    assert values[: LOW - 2].max() < 0.02


def test_a_moment_that_is_known_to_be_calm_counts():
    """Where the performer is said to be calm while brows are low, they are not low."""
    take, found = frowning()
    assert cues.with_pictures(np.zeros((FRAMES, 52)), take, found, take.time[-2])[LOW + 2 :, BROWS].max() < 0.02


@pytest.mark.parametrize("light", [0.6, 1.15])
def test_a_change_of_light_alone_tells_nothing(light):
    """A face that does nothing while the light changes stays calm."""
    points = face()
    take, found = taken([picture(points, 0.0, 1.0 if k < LOW else light) for k in range(FRAMES)], points)
    assert told(take, found).max() < 0.02


def test_a_hand_before_the_face_hides_it():
    """Pictures with a hand on the face leave the values as the points have them."""
    hand = Landmarks.missing(FRAMES, 21)
    hand.image[LOW:] = [160, 130, 0]
    values = told(*frowning(right_hand=hand))
    assert values[LOW:].max() == 0


def test_a_turned_or_a_small_face_is_not_believed():
    """Nothing is told of a head that is turned by 40 degrees, nor of a face narrower than 60 px."""
    take, found = frowning()
    angle = np.radians(40)
    turn = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    turned = dataclasses.replace(found, rotation=np.where(np.arange(FRAMES)[:, None, None] < LOW, np.eye(3), turn))
    assert told(take, turned)[LOW:].max() == 0
    points = face(25.0)
    assert np.ptp(points[:, 0]) < 60
    take, found = taken([picture(points, 3.0 * (k >= LOW)) for k in range(FRAMES)], points)
    assert told(take, found).max() == 0
    assert not portrait(picture(points), face(15.0)).any()


def test_takes_without_portraits_keep_their_values(tmp_path):
    """Values of a take from before there were portraits are not touched, also after it was written and read."""
    take, found = frowning()
    old = dataclasses.replace(take, portrait=None)
    record.save(old, tmp_path / "t.npz")
    values = np.random.default_rng(0).random((FRAMES, 52))
    for one in (old, record.load(Take, tmp_path / "t.npz")):
        assert np.array_equal(cues.with_pictures(values, one, found), values)


def test_a_mouth_torn_open_is_no_tongue():
    """The lips of the calm face are shut to the measure; lips as far apart as the mouth is wide end belief."""
    points = face()[None, :, :2].copy()
    assert cues.opening(points)[0] < cues.AJAR
    points[:, 14, 1] += np.linalg.norm(points[0, 291] - points[0, 61])
    assert cues.opening(points)[0] > cues.AGAPE


def test_points_are_laid_alike_however_the_head_is_held():
    """Where points are on the mean face does not depend on the picture's scale, turn and place."""
    points = face()[None, :, :2] + np.random.default_rng(1).normal(0, 0.5, (1, 478, 2))
    angle = 0.3
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    first, second = (cues.moved(p, cues.weights()) for p in (points, 2.5 * points @ turn.T + [40, -7]))
    assert np.allclose(first, second, atol=1e-6)


def test_portraits_keep_their_colours():
    """Colours of a portrait are those of the picture, but for the loss of half the sharpness in colour."""
    points = face()
    shown = cues.colours(portrait(picture(points), points)[None])[0]
    assert np.abs(shown[20, 12] - SKIN).max() < 8
    assert shown[0, 0].max() < 8  # off the face


def test_a_detector_s_portraits_reach_the_take(tmp_path):
    """What a detector saw is in the take as it was."""
    points = face()
    seen = Sight(0.0, face=Points(points, np.full_like(points, np.nan), np.ones(478)))
    kept = portrait(picture(points), points)
    spool = Spool(tmp_path / "rows")
    spool.add(dataclasses.replace(seen, portrait=kept))
    spool.add(Sight(0.1))
    take = spool.take((320, 320), source={}, detector={})
    assert take.portrait.shape == (2, *PORTRAIT)
    assert np.array_equal(take.portrait[0], kept)
    assert not take.portrait[1].any()
