"""A take of any kind becomes a performance without gaps, on its feet, that shows what was done."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.body import observed
from understudy.solvers.body.bones import POINT
from understudy.solvers.motion import rotations, skeleton
from understudy.solvers.motion.mirror import mirrored
from understudy.solvers.names import BODY_POINT, CONTACTS, FRAMINGS, JOINT, JOINTS
from understudy.solvers.settings import Settings
from understudy.solvers.solve import solve
from understudy.solvers.take import Landmarks, Take

LIMBS = [
    ("UpperArm", "LowerArm", "Shoulder", "Elbow"),
    ("LowerArm", "Hand", "Elbow", "Wrist"),
    ("UpperLeg", "LowerLeg", "Hip", "Knee"),
    ("LowerLeg", "Foot", "Knee", "Ankle"),
]


@pytest.fixture(scope="module")
def solved(acted):
    return solve(acted.take)


def positions(performance):
    return skeleton.joint_positions(performance.rotations, performance.root, performance.skeleton)


def part(landmarks, chosen):
    return Landmarks(landmarks.image[chosen], landmarks.world[chosen], landmarks.confidence[chosen])


def some(take, chosen):
    """The take with some of its samples."""
    return replace(
        take,
        time=take.time[chosen],
        body=part(take.body, chosen),
        left_hand=part(take.left_hand, chosen),
        right_hand=part(take.right_hand, chosen),
        face=part(take.face, chosen),
        expressions=take.expressions[chosen],
        head=take.head[chosen],
    )


def unseen(take, names, samples=slice(None)):
    """The take with some points of the body gone."""
    image, world, confidence = (np.array(a) for a in (take.body.image, take.body.world, take.body.confidence))
    for name in names:
        image[samples, BODY_POINT[name]] = world[samples, BODY_POINT[name]] = np.nan
        confidence[samples, BODY_POINT[name]] = 0
    return replace(take, body=Landmarks(image, world, confidence))


def hand_of(samples):
    """A left hand held up before the camera."""
    rng = np.random.default_rng(3)
    image = np.tile(rng.uniform(300, 400, (21, 3)), (samples, 1, 1))
    world = np.tile(rng.normal(0, 0.03, (21, 3)), (samples, 1, 1))
    return Landmarks(image, world, np.ones((samples, 21)))


LEGS = [s + p for p in ("Hip", "Knee", "Ankle", "Heel", "FootIndex") for s in ("left", "right")]
CASES = {
    "one sample": lambda take: some(take, slice(5, 6)),
    "two samples": lambda take: some(take, slice(5, 7)),
    "three samples": lambda take: some(take, slice(5, 8)),
    "nothing at all": lambda take: Take.empty(take.time, take.size),
    "nothing, once": lambda take: Take.empty(take.time[:1], take.size),
    "a head turn without a body": lambda take: replace(
        Take.empty(take.time, take.size), head=np.tile(np.eye(4), (len(take.time), 1, 1))
    ),
    "a lone hand": lambda take: replace(Take.empty(take.time, take.size), left_hand=hand_of(len(take.time))),
    "no legs": lambda take: unseen(take, LEGS),
    "shoulders and head": lambda take: unseen(take, [n for n in BODY_POINT if n.endswith(("Elbow", "Wrist"))] + LEGS),
    "nobody in between": lambda take: unseen(take, BODY_POINT, slice(30, 90)),
    "somebody enters late": lambda take: unseen(take, BODY_POINT, slice(0, 60)),
    "five a second": lambda take: some(take, slice(None, None, 6)),
    "uneven": lambda take: some(take, np.sort(np.random.default_rng(1).choice(len(take.time), 70, replace=False))),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_breaks_a_performance(acted, case):
    """Whatever is missing, all is finite and of its shape, rotations are rotations, and confidence is a share."""
    take = CASES[case](acted.take)
    performance = solve(take)
    samples = len(performance.time)
    assert performance.rotations.shape == (samples, len(JOINTS), 4)
    assert performance.contacts.shape == (samples, len(CONTACTS))
    for name in ("rotations", "root", "expressions", "gaze", "skeleton", "projection", "confidence", "face_confidence"):
        assert np.isfinite(getattr(performance, name)).all(), name
    assert np.allclose(np.linalg.norm(performance.rotations, axis=-1), 1)
    assert performance.confidence.min() >= 0 and performance.confidence.max() <= 1
    assert performance.framing in FRAMINGS
    assert 0.3 < performance.root[:, 2].min() and performance.root[:, 2].max() < 1.3


@pytest.mark.parametrize("fps", [5.0, 60.0])
def test_any_rate(acted, acting, fps):
    """The pose is right at 5 and at 60 pictures a second."""
    shown = acting(fps=fps)
    assert direction_error(solve(shown.take), shown) < 7


def direction_error(performance, shown):
    """Mean angle, degrees, between the solved and the true directions of all limbs."""
    joints, errors = positions(performance), []
    for upper, lower, start, end in LIMBS:
        for side in ("left", "right"):
            ours = joints[:, JOINT[side + lower]] - joints[:, JOINT[side + upper]]
            true = shown.points[:, POINT[side + end]] - shown.points[:, POINT[side + start]]
            cosine = (ours * true).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(true, axis=1)
            errors.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    return np.mean(errors)


def test_limbs_point_where_they_did(acted, solved):
    """Through rotations and skeleton, limbs point within 5 degrees of the truth on average."""
    assert direction_error(solved, acted) < 5


def test_feet_stand_on_the_ground(acted, solved):
    """Planted feet are still, at the height of an ankle over z = 0, and nothing is far below the ground."""
    joints = positions(solved)
    right = joints[:, JOINT["rightFoot"]]
    assert np.ptp(right, axis=0).max() < 0.03
    assert 0.03 < right[:, 2].mean() < 0.13
    assert joints[..., 2].min() > -0.02
    assert solved.contacts[:, 2:].all()


def test_squats_move_the_hips(acted, solved):
    """The hips go up and down as far as they did."""
    hips = acted.points[:, [POINT["leftHip"], POINT["rightHip"]], 2].mean(1)
    assert np.corrcoef(hips, solved.root[:, 2])[0, 1] > 0.97
    assert abs(np.ptp(solved.root[:, 2]) / np.ptp(hips) - 1) < 0.2


def test_knees_and_elbows_bend_as_hinges(solved):
    """Knees bend backwards about their own x, elbows forwards about their own z, and neither sideways."""
    for side, sign in (("left", -1), ("right", 1)):
        knee = rotations.to_vector(solved.rotations[:, JOINT[f"{side}LowerLeg"]])
        assert knee[:, 0].min() > -0.1 and np.abs(knee[:, 2]).max() < 0.2 * np.abs(knee[:, 0]).max()
        elbow = rotations.to_vector(solved.rotations[:, JOINT[f"{side}LowerArm"]])
        assert (sign * elbow[:, 2]).mean() > 0.2 and np.abs(elbow[:, 1]).mean() < 0.3 * np.abs(elbow[:, 2]).mean()


def test_projection_shows_the_performer_where_they_were(acted, solved):
    """Solved joints fall on the picture's points, within 2 % of its width."""
    joints = np.concatenate([positions(solved), np.ones((len(solved.time), len(JOINTS), 1))], -1) @ solved.projection.T
    for joint, point in (("leftHand", "leftWrist"), ("rightFoot", "rightAnkle"), ("leftUpperArm", "leftShoulder")):
        flat = joints[:, JOINT[joint], :2] / joints[:, JOINT[joint], 2:]
        seen = acted.take.body.image[:, BODY_POINT[point], :2]
        assert np.linalg.norm(flat - seen, axis=1).mean() < 0.02 * acted.take.size[0]


def test_a_tilted_camera_leaves_the_performer_upright(acting):
    """Seen by a camera that looks down by 20 degrees, the performer still stands upright on level ground."""
    performance = solve(acting(tilt=np.radians(20)).take)
    joints = positions(performance)
    up = (joints[:, JOINT["upperChest"]] - joints[:, [JOINT["leftFoot"], JOINT["rightFoot"]]].mean(1)).mean(0)
    assert np.degrees(np.arccos(up[2] / np.linalg.norm(up))) < 10


def test_the_pose_is_held_until_somebody_is_there(acted):
    """Before the performer enters, the first pose is held with confidence 0."""
    performance = solve(unseen(acted.take, BODY_POINT, slice(0, 60)))
    assert not performance.confidence[:55, JOINT["hips"]].any() and performance.confidence[70:, JOINT["hips"]].all()
    assert np.allclose(performance.root[:55], performance.root[0])
    assert any("Nobody was seen from 0.0 s" in sentence for sentence in performance.warnings)


def test_unseen_legs_rest_without_confidence(acted):
    """Legs out of the picture hang straight, carry no confidence, and the framing says so."""
    performance = solve(unseen(acted.take, LEGS))
    assert performance.framing == "bust"
    assert not performance.confidence[:, JOINT["leftUpperLeg"]].any()
    knee = rotations.to_vector(performance.rotations[:, JOINT["leftLowerLeg"]])
    assert np.degrees(np.linalg.norm(knee, axis=1)).max() < 25


def test_framings(acted):
    """Framing goes by what is in the picture: feet, hips, shoulders, or none of them."""
    lower = [name for name in LEGS if "Hip" not in name]
    assert solve(acted.take).framing == "full"
    assert solve(unseen(acted.take, lower)).framing == "waist"
    assert solve(Take.empty(acted.take.time, acted.take.size)).framing == "head"


def test_mirroring_twice_changes_nothing(acted, solved):
    """The mirror exchanges sides: once gives the other hand's wave, twice the first performance."""
    once = solve(acted.take, Settings(mirror=True))
    ours, theirs = positions(solved), positions(once)
    assert np.allclose(theirs[:, JOINT["leftHand"]], ours[:, JOINT["rightHand"]] * [-1, 1, 1])
    twice = mirrored(once)
    assert np.allclose(positions(twice), ours) and np.allclose(twice.projection, solved.projection)
    assert np.allclose(once.sightline, solved.sightline * [1, 1, -1, -1])


def test_settings_are_honoured(acted):
    """The rate, the height and the lens are the user's, and the foot lock can be let go."""
    assert np.isclose(np.diff(solve(acted.take, Settings(fps=12)).time).mean(), 1 / 12)
    tall = solve(acted.take, Settings(height=2.2)).skeleton
    assert 1.15 < np.ptp(tall[:, 2]) / np.ptp(solve(acted.take).skeleton[:, 2]) < 1.6
    assert np.isclose(solve(acted.take, Settings(lens=90)).projection[0, 0], acted.take.size[0] / 2)


@pytest.mark.parametrize("strength", [0.0, 4.0])
def test_smoothing_has_its_strength(acting, solved, strength):
    """No smoothing leaves more jitter than usual, much leaves less."""
    jitter = lambda p: np.linalg.norm(np.diff(positions(p), 3, axis=0), axis=-1).mean()  # noqa: E731
    take = acting().take
    assert (jitter(solve(take, Settings(smoothing=strength))) > jitter(solved)) == (strength == 0)


def test_a_lone_face_is_where_it_was_seen(acted):
    """Without a body, the projection puts the eyes where the face was in the picture."""
    head = np.tile(np.eye(4), (len(acted.take.time), 1, 1))
    head[:, :3, 3] = [0.1, 0.8, 0.05]
    performance = solve(replace(Take.empty(acted.take.time, acted.take.size), head=head))
    eyes = positions(performance)[0, [JOINT["leftEye"], JOINT["rightEye"]]].mean(0)
    flat = performance.projection @ [*eyes, 1]
    expected = np.array(acted.take.size) / 2 + observed.FOCAL * 1280 * np.array([0.1, -0.05]) / 0.8
    assert np.allclose(flat[:2] / flat[2], expected, atol=12)
