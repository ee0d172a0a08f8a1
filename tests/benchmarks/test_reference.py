"""The reference performance does what it says, and the measures of retargeting see what goes wrong."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial import ConvexHull

pytest.importorskip("bpy")

from understudy.addon.quiet import quiet_blender  # noqa: E402
from understudy.benchmarks import reference, retarget  # noqa: E402
from understudy.solvers.clip import Clip  # noqa: E402
from understudy.solvers.motion.rotations import from_axis_angle, multiply  # noqa: E402
from understudy.solvers.motion.skeleton import joint_positions, world_rotations  # noqa: E402
from understudy.solvers.names import CONTACTS, JOINT, TOUCHES  # noqa: E402
from understudy.solvers.progress import Stages  # noqa: E402
from understudy.solvers.retargeting.surface import _ball  # noqa: E402

FPS = int(retarget.FPS)


@pytest.fixture(scope="module")
def shown():
    return reference.performance()


@pytest.fixture(scope="module")
def itself(shown):
    """What a character does that is the performer."""
    places = joint_positions(shown.rotations, shown.root, shown.skeleton)
    world = world_rotations(shown.rotations)
    return retarget.Played({name: places[:, column] for name, column in JOINT.items()},
                           {name: world[:, column] for name, column in JOINT.items()})  # fmt: skip


def test_every_part_happens(shown):
    """The hand is up while it waves, hips are low in the squat, hands touch when they should, and the walk gets on."""
    places = joint_positions(shown.rotations, shown.root, shown.skeleton)
    rows = {name: int(moment * FPS) for name, (_, _, moment) in reference.PARTS.items()}
    assert places[rows["wave"], JOINT["rightMiddleDistal"], 2] > places[rows["wave"], JOINT["rightUpperArm"], 2]
    assert places[rows["squat"], JOINT["hips"], 2] < 0.75 * places[0, JOINT["hips"], 2]
    touched = shown.touches[[rows["hand to head"], rows["hands together"]]] > 0.9
    assert [TOUCHES[k] for k in np.flatnonzero(touched[0])] == ["leftHandTorso", "rightHandHead"]
    assert [TOUCHES[k] for k in np.flatnonzero(touched[1])] == ["hands"]
    assert places[-1, JOINT["hips"], 1] < places[0, JOINT["hips"], 1] - 1.0
    assert np.ptp(shown.contacts[rows["walk"] - FPS : rows["walk"] + FPS], axis=0).min() == 1


def test_standing_feet_stand(shown):
    """While a foot stands, its ankle does not move."""
    places = joint_positions(shown.rotations, shown.root, shown.skeleton)
    for side in ("left", "right"):
        stands = shown.contacts[:, CONTACTS.index(f"{side}Heel")] > 0.5
        steps = np.linalg.norm(np.diff(places[:, JOINT[f"{side}Foot"]], axis=0), axis=1)
        assert steps[stands[1:] & stands[:-1]].max() < 1e-4


def rig_of(shown):
    """The performer as a rig, as far as the measures look at one."""
    places = joint_positions(shown.rotations, shown.root, shown.skeleton)
    stands = shown.contacts[:, 0] > 0.5
    heads = np.median(places[stands], 0)
    return SimpleNamespace(scale=1.0, heads=heads, bones={name: name for name in JOINT}, before=dict.fromkeys(JOINT))


def still(shown) -> Clip:
    none = np.zeros((len(shown.time), 0))
    return Clip(np.arange(len(none)), FPS, (), none[..., None], (), none[..., None], (), none)


def test_the_performer_itself_has_no_errors(shown, itself):
    """Whoever does exactly what the performer does has nothing wrong, and jitters and steps just as much."""
    source = joint_positions(shown.rotations, shown.root, shown.skeleton)
    limbs = retarget.limb_errors(rig_of(shown), source, itself, still(shown), still(shown))
    feet = retarget.foot_errors(rig_of(shown), shown, itself)
    assert limbs["limbs"] < 1e-4 and limbs["fingers"] < 1e-4
    assert feet["skate"] < 1e-3 and feet["foot"] < 0.05
    assert retarget.jitter(itself.heads, itself.heads) == pytest.approx(retarget.jitter(itself.heads, JOINT))
    assert retarget.flips(shown, itself)[0] <= 1.0 + 1e-6


def test_faults_are_seen(shown, itself):
    """A limb that is off, a foot that slides and hovers, a bone that flips and a hand that trembles are told."""
    source, heads = joint_positions(shown.rotations, shown.root, shown.skeleton), dict(itself.heads)
    heads["leftHand"] = heads["leftHand"] + [0, 0.03, 0]
    heads["leftFoot"] = heads["leftFoot"] + [0, 0, 0.01]
    heads["rightFoot"] = heads["rightFoot"] + np.linspace(0, 1.3, len(shown.time))[:, None] * [1, 0, 0]
    turns = dict(itself.turns)
    turns["leftUpperArm"] = turns["leftUpperArm"].copy()
    turns["leftUpperArm"][100] = multiply(turns["leftUpperArm"][100], from_axis_angle(np.array([1.0, 0, 0]), 3.0))
    wrong = replace(itself, heads=heads, turns=turns)
    limbs = retarget.limb_errors(rig_of(shown), source, wrong, still(shown), still(shown))
    feet = retarget.foot_errors(rig_of(shown), shown, wrong)
    assert limbs["limbs"] > 3 and 0.2 < feet["foot"] < 0.4 and feet["skate"] > 0.02
    assert retarget.flips(shown, wrong) == (pytest.approx(retarget.flips(shown, wrong)[0]), "leftUpperArm")
    assert retarget.flips(shown, wrong)[0] > 3
    trembling = dict(itself.heads) | {"leftHand": itself.heads["leftHand"] + 0.003 * np.random.default_rng(1).normal(
        size=itself.heads["leftHand"].shape)}  # fmt: skip
    assert retarget.jitter(trembling, JOINT) > 1.3 * retarget.jitter(itself.heads, JOINT)


def test_only_what_is_enclosed_is_inside():
    """A body with an open neck surrounds what is in it, a cape surrounds nothing that is before or behind it."""
    ball = ConvexHull(_ball(200))
    corners = ball.points[ball.simplices]
    inward = (np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) * corners.mean(1)).sum(1) < 0
    corners[inward] = corners[inward][:, ::-1]
    opened, cape = (corners[corners.mean(1)[:, 2] < z] for z in (0.9, -0.3))
    assert retarget.winding(np.array([0.1, 0.2, 0.5]), opened) > 0.7
    assert abs(retarget.winding(np.array([0.0, 1.2, 0.0]), opened)) < 0.1
    assert all(abs(retarget.winding(np.array([0.0, 0.0, z]), cape)) < 0.5 for z in (-0.2, -1.1, -2.0))


def test_a_character_without_a_skeleton_is_refused(shared):
    """The parts of a figure without an armature end in a line of the table with the reason and what would be right."""
    with quiet_blender(Stages(quiet=True)):
        name, reason, figures = retarget.tried(shared / "characters" / "kenney_character.glb")
    assert not figures and name in reason and "no character" in reason and "armature" in reason
    assert reason in retarget.line(name, reason, figures)
