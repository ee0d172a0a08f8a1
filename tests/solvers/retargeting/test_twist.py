"""Twist bones share what their limb twists, and nothing else of the body changes by it."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.motion.rotations import from_axis_angle, from_matrix, to_matrix
from understudy.solvers.names import JOINT
from understudy.solvers.retarget import retarget
from understudy.solvers.retargeting.tpose import LIMBS, measure
from understudy.solvers.retargeting.twist import twist_angle
from understudy.solvers.settings import Settings

from ..test_retarget import X, character, performance, pose, worst_direction

PLAIN = Settings(foot_lock=0.0, hand_contact=0.0)
KINDS = {"beside": False, "within": True}  # whether the next limb hangs on the twist bones, as Daz has it


def twisted(within: bool, count: int = 2, joints=("UpperArm", "LowerArm", "UpperLeg", "LowerLeg"), **more):
    """A rig with twist bones in its limbs, with rolls of their own."""
    rig, preset = character(**more)
    random, named = np.random.default_rng(11), {}
    bones, parents, rest = list(rig.bones), [int(parent) for parent in rig.parents], list(rig.rest)
    for limb in LIMBS:
        for joint, end in zip(limb, limb[1:], strict=False):
            if not joint.endswith(tuple(joints)):
                continue
            first, last = (bones.index(f"bone {name}") for name in (joint, end))
            above, named[joint] = first, []
            for number in range(count):
                matrix, turn = np.eye(4), random.normal(size=4)
                share = number / count if within else (number + 0.5) / count
                matrix[:3, 3] = (1 - share) * rest[first][:3, 3] + share * rest[last][:3, 3]
                matrix[:3, :3] = to_matrix(turn / np.linalg.norm(turn))
                bones.append(f"twist {number} {joint}")
                named[joint].append(bones[-1])
                parents.append(above if within else first)
                rest.append(matrix)
                above = len(bones) - 1
            if within:
                parents[last] = above
    order = []
    while len(order) < len(bones):  # parents first
        order += [k for k in range(len(bones)) if k not in order and (parents[k] < 0 or parents[k] in order)]
    new = {old: number for number, old in enumerate(order)}
    rig = replace(
        rig, bones=tuple(bones[k] for k in order), rest=np.stack([rest[k] for k in order]),
        parents=np.array([new[parents[k]] if parents[k] >= 0 else -1 for k in order]),
        length=np.full(len(order), 0.1), connected=np.zeros(len(order), bool),
        inherit_rotation=np.ones(len(order), bool),
    )  # fmt: skip
    return rig, replace(preset, twists={joint: tuple(found) for joint, found in named.items()})


def turn_of(rig, clip, bone):
    """How far (N, 4) a bone is turned from its rest, in the armature."""
    return from_matrix(pose(rig, clip)[bone][:, :3, :3] @ rig.rest[rig.bones.index(bone), :3, :3].T)


def pronated(angle=2.0):
    """A performer in T-pose whose left hand turns about its forearm, half of it in the forearm itself."""
    shown = performance(20, motion=False)
    turn = from_axis_angle(np.tile(X, (20, 1)), np.linspace(0, angle / 2, 20))
    shown.rotations[:, JOINT["leftLowerArm"]] = shown.rotations[:, JOINT["leftHand"]] = turn
    return shown


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [{}, {"bend": 0.8, "rolls": True}, {"scale": 0.01}], ids=["T", "A, rolls", "small"])
def test_limbs_and_ends_are_where_they_were(kind, shape):
    """With twist bones, all limbs point as the performer's do, and hands and feet are turned as they are without."""
    rig, preset = twisted(KINDS[kind], **shape)
    shown = performance()
    clip = retarget(shown, rig, preset, PLAIN, 30.0)
    assert worst_direction(shown, rig, clip) < 0.1
    other, bare = character(**shape)
    plain = retarget(shown, other, bare, PLAIN, 30.0)
    for end in ("leftHand", "rightHand", "leftFoot", "leftIndexDistal"):
        ours, theirs = turn_of(rig, clip, f"bone {end}"), turn_of(other, plain, f"bone {end}")
        assert np.abs((ours * theirs).sum(-1)).min() > 1 - 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_a_forearm_is_wrung_evenly(kind):
    """A turned hand leaves the elbow's end of the forearm alone and turns each twist bone more towards the wrist."""
    rig, preset = twisted(KINDS[kind])
    shown = pronated()
    clip = retarget(shown, rig, preset, PLAIN, 30.0)
    angles = [twist_angle(turn_of(rig, clip, bone), X)[-1]
              for bone in ("bone leftLowerArm", *preset.twists["leftLowerArm"], "bone leftHand")]  # fmt: skip
    assert abs(angles[0]) < 1e-6 and abs(angles[-1] - 2.0) < 1e-6
    assert (np.diff(angles) > 0.2 if kind == "beside" else np.diff(angles) > -1e-6).all()
    assert 0.3 < angles[1] < 1.5


def test_an_upper_arm_keeps_its_shoulder():
    """An upper arm that turns about itself turns least at the shoulder, and the forearm all the way."""
    rig, preset = twisted(False)
    shown = performance(20, motion=False)
    shown.rotations[:, JOINT["leftUpperArm"]] = from_axis_angle(np.tile(X, (20, 1)), np.linspace(0, 1.6, 20))
    clip = retarget(shown, rig, preset, PLAIN, 30.0)
    bones = (*preset.twists["leftUpperArm"], "bone leftUpperArm", "bone leftLowerArm")
    angles = [twist_angle(turn_of(rig, clip, bone), X)[-1] for bone in bones]
    assert abs(angles[-1] - 1.6) < 1e-6 and abs(angles[-2] - 1.6) < 1e-6
    assert 0 < angles[0] < angles[1] < 1.6


def test_twists_beyond_half_a_turn_do_not_jump():
    """A forearm that is turned on and on has twist bones that never step back."""
    rig, preset = twisted(False)
    clip = retarget(pronated(8.0), rig, preset, PLAIN, 30.0)
    bone = preset.twists["leftLowerArm"][0]
    turns = clip.rotations[:, clip.bones.index(bone)]
    step = np.degrees(2 * np.arccos(np.clip(np.abs((turns[1:] * turns[:-1]).sum(-1)), 0, 1)))
    assert step.max() < 30


def test_missing_twist_bones_are_left_out():
    """A preset that names twist bones which the rig has not drives the rest as ever."""
    rig, preset = character()
    named = replace(preset, twists={"leftLowerArm": ("nothing of the kind",)})
    shown = performance()
    ours, theirs = (retarget(shown, rig, kind, PLAIN, 30.0) for kind in (named, preset))
    assert ours.bones == theirs.bones and np.allclose(ours.rotations, theirs.rotations)
    assert measure(rig, named, shown.skeleton).twists == ()
