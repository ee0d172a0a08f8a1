"""Hands: a synthetic hand of known angles is solved back, on both sides."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.hands import posture, tilt
from understudy.solvers.motion import rotations
from understudy.solvers.names import FINGERS, HAND_POINTS
from understudy.solvers.settings import Settings
from understudy.solvers.take import Landmarks, Take

TIME = np.arange(60) / 30
SIZE = (1280, 720)
STILL = Settings(smoothing=0.0)


def bend(axis, degrees):
    return rotations.from_axis_angle(np.array(axis, float), np.radians(degrees))


def points_of(orientation, fingers, side):
    """Points (T, 21, 3) m of a hand by forward kinematics, with tips as long as the bones before them."""
    skeleton = posture.average_skeleton() * (np.ones(3) if side == "left" else posture.MIRROR)
    points = np.zeros((len(orientation), 21, 3))
    for row, finger in enumerate(FINGERS):
        joints = skeleton[3 * row : 3 * row + 3]
        turn, at = orientation, rotations.rotate(orientation, joints[0])
        first = HAND_POINTS.index(f"{finger}1")
        points[:, first] = at
        steps = [joints[1] - joints[0], joints[2] - joints[1], joints[2] - joints[1]]
        for k, step in enumerate(steps):
            turn = rotations.multiply(turn, fingers[:, 3 * row + k])
            at = at + rotations.rotate(turn, step)
            points[:, first + k + 1] = at
    return points


def take_of(points, side, seen=None):
    """A take that shows this hand in the middle of the picture."""
    image = points[..., [0, 2, 1]] * np.array([1000, -1000, 1000]) + np.array([SIZE[0] / 2, SIZE[1] / 2, 0])
    image[..., :2] -= (image[..., :2].mean(1) - np.array(SIZE) / 2)[:, None]
    hidden = np.zeros(len(points), bool) if seen is None else ~seen
    world = points.copy()
    image[hidden], world[hidden] = np.nan, np.nan
    confidence = np.where(hidden[:, None], 0.0, np.ones((len(points), 21)))
    take = Take.empty(TIME[: len(points)], SIZE)
    return replace(take, **{f"{side}_hand": Landmarks(image, world, confidence)})


def straight(side):
    return np.tile(rotations.IDENTITY, (len(TIME), 15, 1))


def fist(side, knuckle=50.0, middle=40.0):
    """All four fingers bent alike: the left hand's about +y, the right hand's about -y."""
    sign = 1.0 if side == "left" else -1.0
    fingers = straight(side)
    for row in range(1, 5):
        bends = (knuckle, middle, posture.END_SHARE * middle)
        for k, degrees in enumerate(bends):
            fingers[:, 3 * row + k] = bend([0, sign, 0], degrees)
    return fingers


@pytest.fixture
def by_points(monkeypatch):
    """Hands read by their points alone, without what was learned of how the network draws them."""
    monkeypatch.setattr(posture, "LEARNED", 0.0)
    monkeypatch.setattr(posture, "PALM", 0.0)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_t_pose_hand_is_the_identity(side, by_points):
    """Straight fingers along x with the palm down: no rotation anywhere."""
    still = np.tile(rotations.IDENTITY, (len(TIME), 1))
    hand = posture.solve_hand(take_of(points_of(still, straight(side), side), side), side, TIME, STILL)
    assert np.degrees(rotations.angle_between(hand.orientation, rotations.IDENTITY)).max() < 0.5
    assert np.degrees(rotations.angle_between(hand.fingers, rotations.IDENTITY)).max() < 1.0
    assert np.allclose(hand.skeleton, posture.average_skeleton() * posture._flip(side), atol=1e-3)


@pytest.mark.parametrize("side", ["left", "right"])
def test_bent_fingers_point_into_the_palm(side):
    """Positive bends take the finger tips of either hand downwards, where the palm is."""
    still = np.tile(rotations.IDENTITY, (len(TIME), 1))
    points = points_of(still, fist(side), side)
    assert (points[:, HAND_POINTS.index("Middle4"), 2] < -0.02).all()


@pytest.mark.parametrize("side", ["left", "right"])
def test_known_angles_come_back(side, by_points):
    """Points made from bends and an orientation give these very rotations."""
    angle = np.linspace(0, 40, len(TIME))
    orientation = rotations.from_axis_angle(np.tile([0.36, 0.48, 0.8], (len(TIME), 1)), np.radians(angle))
    fingers = fist(side)
    hand = posture.solve_hand(take_of(points_of(orientation, fingers, side), side), side, TIME, STILL)
    assert np.degrees(rotations.angle_between(hand.orientation, orientation)).max() < 1.0
    assert np.degrees(rotations.angle_between(hand.fingers[:, 3:], fingers[:, 3:])).max() < 1.5
    assert np.allclose(hand.confidence, 1)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_thumb_comes_back(side, by_points):
    """A thumb bent at its two hinges gives these bends."""
    axis = posture.HINGE if side == "left" else posture.HINGE * np.array([1, -1, -1])
    fingers = straight(side)
    fingers[:, 1], fingers[:, 2] = bend(axis, 25), bend(axis, 35)
    still = np.tile(rotations.IDENTITY, (len(TIME), 1))
    hand = posture.solve_hand(take_of(points_of(still, fingers, side), side), side, TIME, STILL)
    assert np.degrees(rotations.angle_between(hand.fingers[:, :3], fingers[:, :3])).max() < 1.0


def test_a_pointing_finger_stays_straight():
    """Fingers are drawn together only where they hardly differ: one straight among three bent ones stays straight."""
    fingers = fist("left", middle=80.0)
    fingers[:, 3:6] = rotations.IDENTITY
    still = np.tile(rotations.IDENTITY, (len(TIME), 1))
    hand = posture.solve_hand(take_of(points_of(still, fingers, "left"), "left"), "left", TIME, STILL)
    pip = np.degrees(rotations.angle_between(hand.fingers, rotations.IDENTITY))
    assert pip[:, 4].max() < 10
    assert pip[:, 7].min() > 70


def test_joints_keep_their_limits():
    """Fingers bent backwards are held at what a joint can do."""
    fingers = fist("left", knuckle=-50.0, middle=-30.0)
    still = np.tile(rotations.IDENTITY, (len(TIME), 1))
    hand = posture.solve_hand(take_of(points_of(still, fingers, "left"), "left"), "left", TIME, STILL)
    knuckles = np.degrees(rotations.to_vector(hand.fingers[:, [3, 6, 9, 12]])[..., 1])
    assert knuckles.min() > posture.KNUCKLE[0] - 0.1


def test_a_lost_hand_relaxes_and_comes_back(by_points):
    """Fingers hold, then relax while the hand is not seen; the confidence falls to 0 and returns to 1."""
    seen = (TIME < 0.3) | (TIME > 1.8)
    still = np.tile(rotations.IDENTITY, (len(TIME), 1))
    take = take_of(points_of(still, fist("right"), "right"), "right", seen)
    hand = posture.solve_hand(take, "right", TIME, STILL)
    middle = np.argmin(np.abs(TIME - 1.05))
    assert hand.confidence[middle] == 0
    assert (
        np.degrees(
            rotations.angle_between(hand.fingers[middle], posture._mirrored(posture.relaxed_fingers(), "right"))
        ).max()
        < 1
    )
    assert np.degrees(rotations.angle_between(hand.fingers[-1], fist("right")[-1]))[3:].max() < 1.5
    assert np.isfinite(hand.orientation).all()


def test_a_hand_never_seen_is_relaxed():
    """Without any sight the hand is relaxed, of average size, with no confidence."""
    hand = posture.solve_hand(Take.empty(TIME, SIZE), "left", TIME, Settings())
    assert not hand.confidence.any()
    assert hand.skeleton.shape == (15, 3)
    assert np.isfinite(hand.fingers).all()


def test_a_hand_at_the_edge_is_turned_by_its_viewing_ray(by_points):
    """The same points seen at the picture's right edge are a hand turned to the right about the vertical."""
    still = np.tile(rotations.IDENTITY, (len(TIME), 1))
    take = take_of(points_of(still, straight("left"), "left"), "left")
    aside = replace(take.left_hand, image=take.left_hand.image + np.array([SIZE[0] / 2, 0, 0]))
    lens = Settings(smoothing=0.0, lens=90.0)
    hand = posture.solve_hand(replace(take, left_hand=aside), "left", TIME, lens)
    assert np.degrees(rotations.to_vector(hand.orientation[0])) == pytest.approx([0, 0, -45], abs=1)


@pytest.mark.parametrize("side", ["left", "right"])
def test_what_was_learned_is_near_the_points(side):
    """A hand drawn without any error is read within what the network's errors would be, alike on both sides."""
    still = np.tile(rotations.IDENTITY, (len(TIME), 1))
    fingers = fist(side)
    hand = posture.solve_hand(take_of(points_of(still, fingers, side), side), side, TIME, Settings())
    assert np.degrees(rotations.angle_between(hand.fingers[:, 3:], fingers[:, 3:])).mean() < 12
    assert np.degrees(rotations.angle_between(hand.orientation, rotations.IDENTITY)).max() < 25


def test_both_sides_are_read_alike():
    """A right hand that is the mirror image of a left one gets the mirrored rotations."""
    turn = rotations.from_axis_angle(np.tile([0.36, 0.48, 0.8], (len(TIME), 1)), np.full(len(TIME), 0.4))
    left = points_of(turn, fist("left"), "left")
    ours = posture.solve_hand(take_of(left, "left"), "left", TIME, Settings())
    theirs = posture.solve_hand(take_of(left * posture.MIRROR, "right"), "right", TIME, Settings())
    assert np.degrees(rotations.angle_between(ours.fingers, theirs.fingers * posture.MIRROR_TURN)).max() < 1e-3
    assert np.degrees(rotations.angle_between(ours.orientation, theirs.orientation * posture.MIRROR_TURN)).max() < 1


@pytest.mark.parametrize(
    "way", [tilt.DEPTH, posture.MIRROR, tilt.DEPTH * posture.MIRROR], ids=["depth", "side", "both"]
)
def test_a_hand_seen_the_wrong_way_round_is_turned_back(by_points, way):
    """Points that are mirrored for a few samples, in depth or to the other side, do not turn the hand over."""
    turn = rotations.from_axis_angle(np.tile([1.0, 0.0, 0.0], (len(TIME), 1)), np.full(len(TIME), np.pi / 3))
    take = take_of(points_of(turn, fist("left"), "left"), "left")
    world = take.left_hand.world.copy()
    world[20:26] *= way
    hand = posture.solve_hand(replace(take, left_hand=replace(take.left_hand, world=world)), "left", TIME, STILL)
    assert np.degrees(rotations.angle_between(hand.orientation, turn)).max() < 5


def test_one_sample_of_another_hand_is_left_out(by_points):
    """A single sample that shows quite another hand is bridged."""
    still = np.tile(rotations.IDENTITY, (len(TIME), 1))
    take = take_of(points_of(still, fist("left"), "left"), "left")
    turned = take_of(points_of(rotations.from_axis_angle(np.tile([0.0, 1.0, 0.0], (60, 1)), np.full(60, 3.0)),
                               fist("left", -30, -20), "left"), "left").left_hand  # fmt: skip
    image, world = take.left_hand.image.copy(), take.left_hand.world.copy()
    image[30], world[30] = turned.image[30], turned.world[30]
    hand = posture.solve_hand(
        replace(take, left_hand=replace(take.left_hand, image=image, world=world)), "left", TIME, STILL
    )
    assert np.degrees(rotations.angle_between(hand.orientation, still)).max() < 5


def test_small_hands_are_calm():
    """The same jitter, in parts of the hand, moves the fingers of a small hand less than those of a large one."""
    random = np.random.default_rng(1)
    still = np.tile(rotations.IDENTITY, (len(TIME), 1))
    points = points_of(still, fist("left"), "left") + random.normal(0, 0.006, (len(TIME), 21, 3))
    large = take_of(points, "left")
    small = replace(large, left_hand=replace(large.left_hand, image=large.left_hand.image * 0.15))
    shake = [
        np.diff(rotations.to_vector(posture.solve_hand(take, "left", TIME, Settings()).fingers), axis=0).std()
        for take in (large, small)
    ]
    assert shake[1] < 0.4 * shake[0]
