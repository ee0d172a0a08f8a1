"""What the performer's hands touch is found, and characters of other proportions touch the same on themselves."""

import zipfile
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import least_squares
from understudy.solvers import record
from understudy.solvers.hands import touches
from understudy.solvers.motion import mirror
from understudy.solvers.motion.rotations import IDENTITY, from_vector, slerp
from understudy.solvers.motion.skeleton import joint_positions, world_rotations
from understudy.solvers.names import FINGERS, JOINT, TOUCHES, finger_bones
from understudy.solvers.performance import Performance
from understudy.solvers.retarget import retarget
from understudy.solvers.retargeting.surface import _ball
from understudy.solvers.settings import Settings

from ..test_retarget import character, performance, places

SAMPLES = 75
SIDES = ("left", "right")
NOSE = np.array([0.0, -0.115, 0.07])  # on the skull, from the head's joint
BROAD = {"LowerArm": 1.3, "UpperArm": 1.5}


def reaching(goal: dict, samples: int = SAMPLES, hold: tuple[float, float] = (0.3, 0.7)) -> Performance:
    """A performer in T-pose whose hands go to their goals and back: the tips of the middle fingers are there between.

    goal: {side: (3,) m, from the head's joint}. hold: when they are there, in parts of the clip.
    """
    shown = performance(samples, motion=False)
    way = np.interp(np.arange(samples) / samples, [0, hold[0], hold[1], 1], [0, 1, 1, 0])
    way = way * way * (3 - 2 * way)
    for side, place in goal.items():
        joints = [JOINT[f"{side}{part}"] for part in ("UpperArm", "LowerArm")]

        def miss(angles, joints=joints, side=side, place=place):
            turns = np.tile(IDENTITY, (1, shown.rotations.shape[1], 1))
            turns[0, joints] = from_vector(angles.reshape(2, 3))
            at = joint_positions(turns, shown.root[:1], shown.skeleton)
            points = touches.hand_points(at, world_rotations(turns), shown.skeleton, side)
            return np.concatenate([points[0, 17] - at[0, JOINT["head"]] - place, 0.01 * angles])

        start = np.array([0.0, 0.3, 1.0, 0.0, 0.5, 1.5]) * (np.ones(6) if side == "left" else -np.ones(6))
        turned = from_vector(least_squares(miss, -start).x.reshape(2, 3))
        for joint, turn in zip(joints, turned, strict=True):
            shown.rotations[:, joint] = slerp(np.tile(IDENTITY, (samples, 1)), np.tile(turn, (samples, 1)), way)
    return shown


def fleshed(rig, preset, head: float = 0.2):
    """The character with a round head of this radius, m, and hands that have some flesh."""
    ball, skin, normals, owner = _ball(200), [], [], []
    parts = {"head": (head, np.array([0.0, 0.0, head * 0.8]))}
    parts |= {name: (0.01, np.zeros(3)) for s in SIDES for f in FINGERS for name in finger_bones(s, f)}
    for name, (radius, middle) in parts.items():
        bone = rig.bones.index(preset.bones[name])
        points = ball if name == "head" else ball[::25]
        skin.append(rig.rest[bone][:3, 3] + middle + radius * points)
        normals.append(points)
        owner.append(np.full(len(points), bone))
    return replace(rig, skin=np.concatenate(skin), normals=np.concatenate(normals), owner=np.concatenate(owner))


def gap(rig, shown, strength: float, head: float = 0.2) -> np.ndarray:
    """How far (N,) the left hand's foremost joint is from a round head."""
    character_, preset = rig
    clip = retarget(shown, character_, preset, Settings(hand_contact=strength, foot_lock=0.0), 30.0)
    ours = places(character_, clip)
    joints = np.stack([ours[name] for finger in FINGERS for name in finger_bones("left", finger)], 1)
    middle = ours["head"] + np.array([0.0, 0.0, head * 0.8])
    return np.linalg.norm(joints - middle[:, None], axis=-1).min(1) - head


def test_a_hand_on_the_face_is_found():
    """While a finger is at the nose that hand touches the head, and nothing else touches; before and after, nothing."""
    found = touches.found(reaching({"left": NOSE})).touches
    column = TOUCHES.index("leftHandHead")
    assert found[30:45, column].min() > 0.9
    assert found[[0, -1]].max() == 0
    assert np.delete(found, column, 1).max() == 0


def test_hands_that_meet_are_found():
    """Hands that are pressed together before the chest touch each other, and not the chest."""
    meeting = {side: np.array([x, -0.35, -0.25]) for side, x in zip(SIDES, (0.01, -0.01), strict=True)}
    found = touches.found(reaching(meeting)).touches
    assert found[30:45, TOUCHES.index("hands")].min() > 0.9
    assert found[:, :4].max() == 0


def test_a_hand_before_the_face_is_none():
    """A finger 15 cm before the nose touches nothing."""
    assert touches.found(reaching({"left": NOSE - np.array([0.0, 0.15, 0.0])})).touches.max() == 0


def test_a_moment_is_none():
    """A hand that passes the nose in a tenth of a second does not touch it."""
    assert touches.found(reaching({"left": NOSE}, samples=9, hold=(0.5, 0.5))).touches.max() == 0


def test_an_unseen_arm_touches_nothing():
    """Where the camera did not see an arm, its guessed place says nothing."""
    shown = reaching({"left": NOSE})
    shown.confidence[:, JOINT["leftLowerArm"]] = 0
    assert touches.found(shown).touches.max() == 0


@pytest.mark.parametrize("shape", [{}, {"Hand": 1.2}, {"LowerArm": 0.8}], ids=["alike", "long arms", "short arms"])
def test_a_big_head_is_touched_and_not_pierced(shape):
    """Whatever the arms, the finger lies on the character's own large head, within a centimetre of its flesh."""
    rig, preset = character(shape=shape)
    rig = fleshed(rig, preset)
    shown = touches.found(reaching({"left": NOSE}))
    with_contact = gap((rig, preset), shown, 1.0)
    assert np.abs(with_contact[33:42] - 0.01).max() < 0.012
    assert np.abs(gap((rig, preset), shown, 0.0)[33:42] - 0.01).min() > 0.02


def test_without_skin_the_head_is_a_persons():
    """A character of whose surface nothing is known is touched where a person's head would be."""
    rig, preset = character(shape=BROAD)
    shown = touches.found(reaching({"left": NOSE}))
    clip = retarget(shown, rig, preset, Settings(foot_lock=0.0), 30.0)
    ours = places(rig, clip)
    tips = np.stack([ours[f"left{finger}Distal"] for finger in FINGERS], 1)
    assert np.linalg.norm(tips - (ours["head"] + NOSE)[:, None], axis=-1).min(1)[33:42].max() < 0.05


def test_hands_meet_on_broad_shoulders():
    """Pressed hands stay together on a character whose arms are too short or too long for that."""
    meeting = {side: np.array([x, -0.35, -0.25]) for side, x in zip(SIDES, (0.01, -0.01), strict=True)}
    shown = touches.found(reaching(meeting))
    rig, preset = character(shape={"Shoulder": 2.0})
    rig = fleshed(rig, preset)
    apart = []
    for strength in (0.0, 1.0):
        clip = retarget(shown, rig, preset, Settings(hand_contact=strength, foot_lock=0.0), 30.0)
        ours = places(rig, clip)
        hands = [np.stack([ours[n] for f in FINGERS for n in finger_bones(s, f)], 1) for s in SIDES]
        apart.append(touches.between(*hands)[33:42])
    assert apart[0].min() > 0.06
    assert np.abs(apart[1] - 0.02).max() < 0.02


def test_touches_come_and_go_smoothly():
    """The correction adds no jump: no wrist moves by more than 5 cm more in a thirtieth of a second than without it."""
    rig, preset = character(shape=BROAD)
    rig = fleshed(rig, preset)
    shown = touches.found(reaching({"left": NOSE}))
    speed = []
    for strength in (0.0, 1.0):
        clip = retarget(shown, rig, preset, Settings(hand_contact=strength, foot_lock=0.0), 30.0)
        speed.append(np.linalg.norm(np.diff(places(rig, clip)["leftHand"], axis=0), axis=-1))
    assert (speed[1] - speed[0]).max() < 0.05


@pytest.mark.parametrize("shape", [{}, {"UpperArm": 0.7, "LowerArm": 0.7}, {"Hand": 1.4}, {"UpperArm": 1.5}],
                         ids=["alike", "short arms", "large hands", "long upper arms"])  # fmt: skip
def test_elbows_do_not_snap(shape):
    """While a hand goes to a large head, close by its own shoulder, the elbow's acceleration changes in no picture by
    more than 2 % of the upper arm."""
    rig, preset = character(shape=shape)
    rig = fleshed(rig, preset)
    clip = retarget(touches.found(reaching({"left": NOSE})), rig, preset, Settings(foot_lock=0.0), 30.0)
    ours = places(rig, clip)
    upper = ours["leftLowerArm"] - ours["leftUpperArm"]
    sharpest = np.linalg.norm(np.diff(upper, n=3, axis=0), axis=1).max()
    assert sharpest < 0.02 * np.linalg.norm(upper[0])


def test_hands_and_fingers_keep_their_turns():
    """Only upper arm and forearm are bent for a touch."""
    rig, preset = character(shape=BROAD)
    shown = touches.found(reaching({"left": NOSE}))
    plain, touching = (retarget(shown, rig, preset, Settings(hand_contact=s, foot_lock=0.0), 30.0) for s in (0.0, 1.0))
    changed = [b for k, b in enumerate(plain.bones) if not np.allclose(plain.rotations[:, k], touching.rotations[:, k])]
    assert set(changed) == {f"bone left{part}" for part in ("UpperArm", "LowerArm", "Hand")}


def test_the_mirror_touches_on_the_other_side():
    """In a mirrored performance the other hand touches the head."""
    shown = mirror.mirrored(touches.found(reaching({"left": NOSE})))
    assert shown.touches[37, TOUCHES.index("rightHandHead")] > 0.9
    assert np.allclose(mirror.mirrored(shown).touches[37, TOUCHES.index("leftHandHead")], 1, atol=0.1)


def test_old_performances_have_no_touches(tmp_path):
    """A performance that was kept before there were touches is read, with none."""
    record.save(performance(), tmp_path / "new.npz")
    with zipfile.ZipFile(tmp_path / "new.npz") as new, zipfile.ZipFile(tmp_path / "old.npz", "w") as old:
        for name in new.namelist():
            if name != "touches.npy":
                old.writestr(name, new.read(name))
    read = record.load(Performance, tmp_path / "old.npz")
    assert read.touches.shape == (30, len(TOUCHES))
    assert not read.touches.any()
