"""Left and right are put right wherever the network swaps them, and left alone wherever it does not."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.body import observed, swaps
from understudy.solvers.body.bones import POINT, POINTS
from understudy.solvers.motion import rotations
from understudy.solvers.names import BODY_POINT, BODY_POINTS
from understudy.solvers.take import Landmarks, Take

LENS = observed.Camera(1280.0, np.array([640.0, 360.0]))
SIDE = np.radians(80)  # from here to 100 degrees off the camera both labels look alike


def turning(acting, yaw, fps=30.0, noise=0.012, faces=True):
    """Somebody who acts while turning by yaw(time) rad, as the pose network sees people, and the yaw (T,)."""
    shown = acting(fps=fps, seconds=4.0)
    time, points = shown.take.time, shown.points
    angle = yaw(time)
    middle = points[:, [POINT["leftHip"], POINT["rightHip"]]].mean((0, 1))
    turn = rotations.from_axis_angle(np.array([0.0, 0.0, 1.0]), angle)
    points = rotations.rotate(turn[:, None], points - middle) + middle
    whole = np.full((len(time), len(BODY_POINTS), 3), np.nan)
    whole[:, [BODY_POINT[name] for name in POINTS]] = points
    whole += np.random.default_rng(1).normal(size=whole.shape) * noise * [1, 3, 1]
    image = np.stack(
        [
            LENS.centre[0] + LENS.focal * whole[..., 0] / whole[..., 1],
            LENS.centre[1] - LENS.focal * whole[..., 2] / whole[..., 1],
            np.zeros(whole.shape[:2]),
        ],
        -1,
    )
    world = whole - whole[:, observed.HIPS].mean(1, keepdims=True)
    take = Take.empty(time, (1280, 720), source={"fps": fps})
    seen = np.isfinite(whole[..., 0]).astype(float)
    head = np.tile(np.eye(4), (len(time), 1, 1))
    head[:, :3, :3] = rotations.to_matrix(turn)
    head[(np.cos(angle) < 0.1) | (not faces)] = np.nan
    return replace(take, body=Landmarks(image, world, seen), head=head), angle


def once_around(time):
    return 2 * np.pi * np.clip((time - 0.5) / 2.5, 0, 1)


def to_the_side_and_back(time):
    return np.radians(95) * np.sin(np.pi * time / 4) ** 2


def clear(angle):
    """Where a person is seen well enough from the front or from behind for sides to matter."""
    return np.abs(np.cos(angle)) > np.cos(SIDE)


@pytest.mark.parametrize("yaw", [once_around, to_the_side_and_back, lambda t: np.pi + 0 * t, lambda t: np.pi * t / 2])
@pytest.mark.parametrize("fps", [10.0, 30.0, 60.0])
@pytest.mark.parametrize("faces", [True, False])
def test_what_is_right_stays(acting, yaw, fps, faces):
    """Turns, profiles and back views that the network sees rightly are left as they are, with faces and without."""
    take, angle = turning(acting, yaw, fps, faces=faces)
    assert not (swaps.swapped(take) & clear(angle)).any()


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("fps", [12.0, 30.0])
def test_swapped_stretches_of_a_turn_are_put_right(acting, seed, fps):
    """Stretches of any length, also from one profile to the next, come out as they were."""
    take, angle = turning(acting, once_around, fps, faces=seed % 2 == 0)
    rng, samples = np.random.default_rng(seed), len(take.time)
    wrong = np.zeros(samples, bool)
    if seed % 3 == 0:
        wrong[np.cos(angle) < 0] = True
        wrong[samples // 2 :] &= seed % 2 == 0  # to the end of the back view, or broken off in its middle
    else:
        start = rng.integers(0, int(0.7 * samples))
        wrong[start : start + rng.integers(1, int(0.4 * samples))] = True
    found = swaps.swapped(swaps.relabelled(take, wrong))
    assert not ((found != wrong) & clear(angle)).any()


def test_a_face_tells_front_from_back(acting):
    """Where the whole clip is swapped, a face that looks into the camera shows it."""
    take, _ = turning(acting, lambda time: 0 * time)
    assert swaps.swapped(swaps.relabelled(take, np.ones(len(take.time), bool))).all()


def test_a_glance_over_the_shoulder_is_no_front(acting):
    """Somebody seen from behind who looks back at the camera's side keeps left and right."""
    take, _ = turning(acting, lambda time: np.radians(150) + 0 * time)
    head = np.tile(np.eye(4), (len(take.time), 1, 1))
    head[:, :3, :3] = rotations.to_matrix(rotations.from_axis_angle(np.array([0.0, 0, 1.0]), np.radians(75.0)))
    assert not swaps.swapped(replace(take, head=head)).any()


def test_lost_samples_do_not_hide_a_swap(acting):
    """A swap that begins while nobody is found for a moment is put right, too."""
    take, angle = turning(acting, once_around, faces=False)
    wrong = (take.time > 1.6) & (take.time < 2.4)
    broken = swaps.relabelled(take, wrong)
    lost = (take.time > 1.5) & (take.time < 1.62)
    shown = broken.body.confidence * ~lost[:, None]
    found = swaps.swapped(replace(broken, body=replace(broken.body, confidence=shown)))
    assert not ((found != wrong) & clear(angle) & ~lost).any()


def test_no_point_is_bridged_between_two_labels(acting):
    """A wrist that is hidden while a swap begins lies between where it was and will be, not beside."""
    take, _ = turning(acting, lambda time: 0 * time, noise=0.0)
    wrong = take.time > 2.0
    wrist = BODY_POINT["leftWrist"]
    hidden = np.abs(take.time - 2.0) < 0.15
    broken = swaps.relabelled(take, wrong)
    shown = broken.body.confidence.copy()
    shown[np.ix_(hidden, [wrist, BODY_POINT["rightWrist"]])] = 0.0
    mended = swaps.repaired(replace(broken, body=replace(broken.body, confidence=shown)))
    sight = observed.gate(mended, mended.time)
    assert np.abs(sight.image[hidden, wrist] - take.body.image[hidden, wrist, :2]).max() < 15


def test_hands_go_with_their_arms(acting):
    """Exchanging twice gives what there was; once, the left hand is the right one's mirror image."""
    take, _ = turning(acting, lambda time: 0 * time)
    rng, shape = np.random.default_rng(0), (len(take.time), 21, 3)
    left, right = (Landmarks(rng.random(shape), rng.random(shape), np.ones(shape[:2])) for _ in range(2))
    take = replace(take, left_hand=left, right_hand=right)
    some = np.arange(len(take.time)) % 3 == 0
    once = swaps.relabelled(take, some)
    assert np.array_equal(once.left_hand.image[some], right.image[some])
    assert np.array_equal(once.left_hand.world[some], right.world[some] * [-1, 1, 1])
    assert np.array_equal(once.left_hand.world[~some], left.world[~some])
    twice = swaps.relabelled(once, some)
    assert np.array_equal(twice.right_hand.world, right.world)
    assert np.array_equal(twice.body.world, take.body.world, equal_nan=True)


def test_two_hands_that_look_like_the_others_are_the_others(acting):
    """Without a face, hands seen as those of the other side tell that the whole person is swapped."""
    take, _ = turning(acting, lambda time: 0 * time, faces=False)
    rng = np.random.default_rng(0)
    image = rng.random((len(take.time), 21, 3)) * 50
    hand = Landmarks(image, image[..., [0, 2, 1]] * [0.002, 0.002, -0.002], np.ones(image.shape[:2]))
    take = replace(take, left_hand=hand, right_hand=hand)
    everywhere = np.ones(len(take.time), bool)
    assert swaps.swapped(swaps.relabelled(take, everywhere)).all()
    assert not swaps.swapped(take).any()


@pytest.mark.parametrize("degrees", [0, 40, 150, 180, -140])
def test_feet_that_are_seen_too_short_point_ahead(acting, degrees):
    """Feet whose depth the network has lost, or turned round, head where the body does, within 40 degrees."""
    take, angle = turning(acting, lambda time: np.radians(degrees) + 0 * time, noise=0.003)
    world = take.body.world.copy()
    for side in ("left", "right"):
        ankle = world[:, BODY_POINT[f"{side}Ankle"], 1]
        for name in ("Heel", "FootIndex"):
            point = BODY_POINT[f"{side}{name}"]
            world[:, point, 1] = ankle - 0.2 * (world[:, point, 1] - ankle)
    sight = observed.gate(replace(take, body=replace(take.body, world=world)), take.time)
    mended = swaps.feet_ahead(sight).world
    for side in ("left", "right"):
        foot = mended[:, BODY_POINT[f"{side}FootIndex"]] - mended[:, BODY_POINT[f"{side}Heel"]]
        off = np.arctan2(foot[:, 0], -foot[:, 1]) - angle
        assert np.degrees(np.abs(np.mean((off + np.pi) % (2 * np.pi) - np.pi))) < 40


def test_a_face_in_the_hair_is_left_out(acting):
    """A face that is found on the back of a head for a moment is none; it does not swap the person, either."""
    take, angle = turning(acting, once_around)
    behind = np.abs(take.time - take.time[np.argmin(np.cos(angle))]) < 0.2
    head = take.head.copy()
    head[behind] = np.eye(4)
    mended = swaps.repaired(replace(take, head=head))
    assert np.isnan(mended.head[behind, 0, 0]).all()
    assert np.array_equal(np.isfinite(mended.head[~behind, 0, 0]), np.isfinite(take.head[~behind, 0, 0]))
    assert np.array_equal(mended.body.image, take.body.image, equal_nan=True)
