"""What the camera does not see rests, is held, or is left to the character, part by part."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers import retarget
from understudy.solvers.clip import Clip
from understudy.solvers.errors import SettingsError
from understudy.solvers.motion.rotations import IDENTITY, angle_between, continuous, from_vector, normalise
from understudy.solvers.motion.skeleton import world_rotations
from understudy.solvers.names import FINGERS, JOINT, JOINTS, finger_bones
from understudy.solvers.performance import Performance
from understudy.solvers.retargeting import unseen
from understudy.solvers.settings import Settings

TIME = np.arange(240) / 24.0
GAP = (TIME > 3) & (TIME < 6)
LEGS = [JOINT[f"{side}{part}"] for side in ("left", "right") for part in ("UpperLeg", "LowerLeg", "Foot", "Toes")]


def performed(hidden=(), gap=GAP, face=True) -> Performance:
    """Ten seconds of smooth turns; some joints are not seen in a gap, in which they rest."""
    random = np.random.default_rng(5)
    swing, phase = random.normal(0, 0.3, (len(JOINTS), 3)), random.uniform(0, 6, (len(JOINTS), 3))
    turns = from_vector(swing * np.sin(1.5 * TIME[:, None, None] + phase))
    confidence = np.ones((len(TIME), len(JOINTS)))
    for joint in hidden:
        turns[gap, joint], confidence[gap, joint] = IDENTITY, 0.0
    values = np.sin(TIME[:, None] + np.arange(52)) ** 2
    sure = np.ones(len(TIME))
    if not face:
        values[gap], sure[gap] = 0.0, 0.0
    return Performance(
        time=TIME, rotations=continuous(turns), root=np.zeros((len(TIME), 3)), skeleton=np.zeros((len(JOINTS), 3)),
        expressions=values, gaze=np.zeros((len(TIME), 2, 2)), contacts=np.zeros((len(TIME), 4)), confidence=confidence,
        face_confidence=sure, projection=np.zeros((3, 4)), size=(64, 64), framing="full",
    )  # fmt: skip


def test_rest_is_what_the_solver_gave():
    """Without a wish nothing is changed and nothing is left to the character."""
    shown = performed(LEGS, face=False)
    usual = Settings()
    assert np.array_equal(unseen.held(shown, usual).rotations, shown.rotations)
    assert np.array_equal(unseen.held(shown, usual).expressions, shown.expressions)
    assert unseen.left(shown, TIME, usual) == {}


def test_held_legs_keep_the_pose_seen_last():
    """Legs out of sight stay as they were, are back in time, and nothing else turns in any other way."""
    shown = performed(LEGS)
    kept = unseen.held(shown, Settings(unseen_body="hold"))
    last = np.flatnonzero(GAP)[0] - 1
    long_before = GAP & (TIME < 6 - unseen.EASE - 0.1)
    assert angle_between(kept.rotations[long_before][:, LEGS], shown.rotations[last, LEGS]).max() < 1e-6
    others = [joint for joint in range(len(JOINTS)) if joint not in LEGS]
    assert angle_between(world_rotations(kept.rotations), world_rotations(shown.rotations))[:, others].max() < 1e-6
    assert angle_between(kept.rotations, shown.rotations)[~GAP].max() < 1e-6
    assert angle_between(kept.rotations[1:], kept.rotations[:-1]).max() < 0.25


def test_what_a_held_joint_carries_keeps_its_place_in_the_room():
    """While the arm is held, a hand that is seen points where it was seen to point."""
    arm = [JOINT[f"left{part}"] for part in ("UpperArm", "LowerArm")]
    shown = performed(arm)
    kept = unseen.held(shown, Settings(unseen_body="hold"))
    hand = JOINT["leftHand"]
    there = world_rotations(kept.rotations)[:, hand], world_rotations(shown.rotations)[:, hand]
    assert angle_between(*there).max() < 1e-6


def test_what_was_never_seen_rests_and_what_comes_late_waits():
    """Nothing to hold is rest; before the first sight, the pose is that of the first sight."""
    never = performed(LEGS, gap=TIME >= 0)
    assert np.allclose(unseen.held(never, Settings(unseen_body="hold")).rotations, never.rotations)
    late = unseen.held(performed(LEGS, gap=TIME < 4), Settings(unseen_body="hold"))
    first = np.flatnonzero(TIME >= 4)[0]
    assert angle_between(late.rotations[:first, LEGS], late.rotations[first, LEGS]).max() < 1e-6


def test_a_held_face_keeps_its_expression():
    """Expressions out of sight stay as they were, and as sure: a picture goes on to do without what it does itself."""
    kept = unseen.held(performed(face=False), Settings(unseen_face="hold"))
    last = np.flatnonzero(GAP)[0] - 1
    assert np.allclose(kept.expressions[GAP & (TIME < 5.5)], kept.expressions[last])
    assert (kept.face_confidence == kept.face_confidence[last]).all() and kept.face_confidence[last] > 0.5
    assert np.abs(np.diff(kept.expressions, axis=0)).max() < 0.25


@pytest.mark.parametrize("part", ["body", "left_hand", "right_hand", "head", "face"])
def test_only_the_part_that_was_chosen_is_left(part):
    """Each part is left by its own choice, wholly within a long gap and not at all where it is seen."""
    shown = performed(range(len(JOINTS)), face=False)
    left = unseen.left(shown, TIME, Settings(**{f"unseen_{part}": "leave"}))
    assert set(left) == set(unseen.PARTS[part])
    for share in left.values():
        assert share[~GAP].max() == 0 and share[(TIME > 3.6) & (TIME < 5.4)].min() == 1
        assert np.abs(np.diff(share)).max() < 0.2


def test_short_gaps_are_not_left():
    """What is unseen for less than a second stays with the performance."""
    shown = performed(LEGS, gap=(TIME > 3) & (TIME < 3.9))
    assert unseen.left(shown, TIME, Settings(unseen_body="leave")) == {}


def test_hips_stay_with_a_trunk_that_is_seen():
    """Where shoulders are seen and hips are not, legs are left, and hips are not."""
    shown = performed([*LEGS, JOINT["hips"]])
    left = unseen.left(shown, TIME, Settings(unseen_body="leave"))
    assert "leftUpperLeg" in left and "hips" not in left


def test_gaps_at_both_ends_are_left_to_the_end():
    """Before the first sight and after the last, nothing eases back."""
    shown = performed(LEGS, gap=(TIME < 3) | (TIME > 7))
    share = unseen.left(shown, TIME, Settings(unseen_body="leave"))["leftFoot"]
    assert share[0] == 1 and share[-1] == 1 and share[(TIME > 3) & (TIME < 7)].max() == 0


def test_nothing_is_added_to_what_is_left():
    """A clip that is added to a pose adds no turn, no move and no value where it leaves a bone alone."""
    random, share = np.random.default_rng(0), np.linspace(0, 1, 50)
    turns = normalise(random.normal(size=(50, 2, 4)) * 0.2 + [1, 0, 0, 0])
    clip = Clip(
        np.arange(50.0), 24.0, ("a", "b"), continuous(turns), ("a",), random.normal(size=(50, 1, 3)), ("s",),
        np.ones((50, 1)), left={"a": share, "s": share},
    )  # fmt: skip
    added, whole = retarget.additive(clip), retarget.additive(replace(clip, left={}))
    assert np.allclose(np.abs(added.rotations[-1, 0]), IDENTITY) and np.allclose(added.locations[-1], 0)
    assert np.allclose(added.values[:, 0], 1 - share) and added.left == {}
    assert angle_between(added.rotations[:, 1], whole.rotations[:, 1]).max() < 1e-6


def test_fingers_are_held_by_hand():
    """Of two unseen hands, the one that is to be held keeps its shape and the other rests."""
    fingers = {s: [JOINT[bone] for f in FINGERS for bone in finger_bones(s, f)] for s in ("left", "right")}
    kept = unseen.held(performed([*fingers["left"], *fingers["right"]]), Settings(unseen_left_hand="hold"))
    middle = np.flatnonzero(GAP)[10]
    assert angle_between(kept.rotations[middle, fingers["left"]], IDENTITY).max() > 0.05
    assert np.allclose(kept.rotations[middle, fingers["right"]], IDENTITY)


def test_other_words_are_refused():
    """A way that is none is told, with those that there are."""
    with pytest.raises(SettingsError, match="rest, hold, leave"):
        Settings(unseen_head="sleep")
