"""Head: known turns of a synthetic face come back."""

import numpy as np
import pytest
from understudy.solvers.face import head
from understudy.solvers.motion import rotations
from understudy.solvers.settings import Settings
from understudy.solvers.take import Take

from .synthetic_face import SIZE, TIME, neutral, take_of


def degrees(q):
    return np.degrees(rotations.to_vector(q))


def turns(yaw=0.0, pitch=0.0, roll=0.0):
    """Rotations that swing to these angles and back within the clip."""
    swing = np.sin(np.pi * TIME / TIME[-1])[:, None] * np.radians([pitch, roll, yaw])
    return rotations.from_vector(swing)


def test_a_face_that_looks_into_the_camera_is_not_turned():
    """The average face in the middle of the picture gives the identity with full confidence."""
    looks, confidence = head.solve_head(take_of(neutral()), TIME, Settings())
    assert np.abs(degrees(looks)).max() < 0.5
    assert np.allclose(confidence, 1)


@pytest.mark.parametrize("angles", [{"yaw": 30}, {"pitch": -20}, {"roll": 25}])
def test_known_turns_come_back(angles):
    """Yaw is about the vertical, pitch about the picture's x, roll about the viewing direction."""
    truth = turns(**angles)
    looks, _ = head.solve_head(take_of(neutral(), truth), TIME, Settings(smoothing=0.0))
    assert np.degrees(rotations.angle_between(looks, truth)).max() < 1.0


def test_a_head_at_the_edge_looks_past_the_camera():
    """The same picture of a face, but at the right edge of a lens of 90 degrees, is a head turned by 45."""
    looks, _ = head.solve_head(take_of(neutral(), middle=(SIZE[0], SIZE[1] / 2)), TIME, Settings(lens=90.0))
    assert degrees(looks[0]) == pytest.approx([0, 0, -45], abs=1)


def test_the_way_to_the_face_is_what_turns_a_face_at_the_edge():
    """Turned back by the way from the camera, a face at the edge is as it is in the picture."""
    take, settings = take_of(neutral(), turns(yaw=20), middle=(SIZE[0], SIZE[1] / 2)), Settings(lens=90.0)
    looks, _ = head.solve_head(take, TIME, settings)
    seen = rotations.multiply(rotations.inverse(head.sightline(take, TIME, settings)), looks)
    assert np.degrees(rotations.angle_between(seen, turns(yaw=20))).max() < 1.5
    assert np.allclose(head.sightline(Take.empty(TIME, SIZE), TIME, settings), rotations.IDENTITY)


def test_a_lost_face_is_lost_with_falling_confidence():
    """Where the face is lost for long nothing is said, with no confidence in the middle of the gap."""
    seen = (TIME < 0.5) | (TIME > 2.5)
    looks, confidence = head.solve_head(take_of(neutral(), turns(yaw=20), seen=seen), TIME, Settings())
    assert confidence[np.argmin(np.abs(TIME - 1.5))] == 0
    assert np.allclose(confidence[seen], 1)
    assert np.isfinite(looks[seen]).all() and np.isnan(looks[np.abs(TIME - 1.5) < 0.5]).all()


def test_no_face_is_no_confidence():
    """A take without a face says nothing, with confidence 0."""
    looks, confidence = head.solve_head(Take.empty(TIME, SIZE), TIME, Settings())
    assert np.isnan(looks).all()
    assert not confidence.any()


def test_jitter_is_smoothed_without_delay():
    """Noise on the points becomes less, and the turn is not late."""
    truth, random = turns(yaw=30), np.random.default_rng(1)
    noisy = neutral() + random.normal(0, 0.01, (len(TIME), *neutral().shape[1:]))
    rough, _ = head.solve_head(take_of(noisy, truth), TIME, Settings(smoothing=0.0))
    smooth, _ = head.solve_head(take_of(noisy, truth), TIME, Settings())
    shake = lambda q: np.abs(np.diff(degrees(q), n=2, axis=0)).mean()  # noqa: E731
    assert shake(smooth) < 0.5 * shake(rough)
    assert abs(int(np.argmax(degrees(smooth)[:, 2])) - int(np.argmax(degrees(truth)[:, 2]))) <= 2


def test_a_face_that_is_tilted_all_along_is_half_its_owners():
    """Of a nod that lasts the whole clip half is taken off; nods within the clip and turns stay, whatever the yaw."""
    time = np.arange(150) / 30
    nods = 0.2 + 0.1 * np.sin(time * 5)
    spin = rotations.from_vector(np.outer(np.sin(time), [0, 0, 0.6]))
    looks = rotations.multiply(spin, rotations.from_vector(np.outer(nods, [1.0, 0, 0])))
    level = head.levelled(looks, np.ones(len(time)), time)
    expected = rotations.multiply(looks, rotations.from_vector(np.array([-0.1, 0, 0])))
    assert np.degrees(rotations.angle_between(level, expected)).max() < 1


def test_a_single_picture_is_as_it_looks():
    """Nothing says how a performer usually holds the head in a single picture, and nothing is taken off."""
    looks = rotations.from_vector(np.array([[0.3, 0, 0]]))
    assert np.allclose(head.levelled(looks, np.ones(1), np.zeros(1)), looks)
