"""The measures: they agree with the evaluation beside the project, and each answers to what it is named for."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
from understudy.benchmarks import accuracy, measures
from understudy.benchmarks.measures import Points
from understudy.benchmarks.truth import FINGER_NAMES, SIDES, read_reference, read_truth

TRUTH = accuracy.DEMO.with_suffix(".gt.json.gz")
SHARED_MEASURES = ["mpjpe", "pa", "direction", "bone_cv", "jitter", "jitter_truth", "acceleration"]


@pytest.fixture(scope="module")
def truth():
    return read_truth(TRUTH)


def exact(truth) -> Points:
    """The truth itself, as if it had been solved."""
    return Points(truth.time, dict(truth.joints), {s: truth.pixels[f"{s}MiddleProximal"] for s in SIDES})


def disturbed(truth, size: float = 0.03) -> Points:
    """The truth with joints that are off by so many metres, smoothly, and by a little noise."""
    random = np.random.default_rng(4)
    waves = {n: size * np.sin(random.uniform(1, 5, 3) * truth.time[:, None] + random.uniform(0, 6, 3))
             for n in truth.joints}  # fmt: skip
    joints = {n: x + waves[n] + random.normal(0, 0.02 * size, x.shape) for n, x in truth.joints.items()}
    return replace(exact(truth), joints=joints)


def scored(points: Points, theirs: dict, score) -> dict:
    """What score.py says of the same joints."""
    names = list(points.joints)
    return score.score_body(
        {"time": points.time, "joint_names": np.array(names), "joints": np.stack([points.joints[n] for n in names], 1)},
        theirs,
    )


@pytest.fixture(scope="module")
def score(shared):
    path = shared / "tools" / "evaluate" / "score.py"
    if not path.is_file():
        pytest.skip("needs the evaluation in shared/tools/evaluate, which is absent")
    spec = importlib.util.spec_from_file_location("score", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_truth_itself_has_no_error(truth):
    """What is solved exactly has no error, as much jitter and skate as the truth, and hands on their own sides."""
    found = measures.body_measures(exact(truth), truth)
    errors = ("pa", "direction", "mpjpe", "acceleration", "pip", "foot_height", "wrong_side", "palm_flipped")
    assert max(found[name] for name in errors) < 1e-3
    assert found["jitter"] == pytest.approx(found["jitter_truth"]) and found["skate"] == found["skate_truth"]


def test_figures_agree_with_the_evaluation_on_the_demo_clip(truth, score):
    """All measures that score.py has come out the same here on the demo clip."""
    points = disturbed(truth)
    ours, theirs = measures.body_measures(points, truth), scored(points, score.truth_synthetic(str(TRUTH)), score)
    for name in [*SHARED_MEASURES, "skate", "skate_truth", "pip"]:
        assert ours[name] == pytest.approx(theirs[name], rel=1e-6), name
    assert ours["pa"] > 10 and ours["direction"] > 1


@pytest.mark.parametrize("clip", ["hero_talk", "mh_wave"])
def test_figures_agree_with_the_evaluation_on_half_bodies(clip, shared, score):
    """Joints outside the picture are left out here as they are there."""
    path = shared / "videos" / "synthetic" / f"{clip}.gt.json.gz"
    truth = read_truth(path)
    points = disturbed(truth)
    ours, theirs = measures.body_measures(points, truth), scored(points, score.truth_synthetic(str(path)), score)
    for name in SHARED_MEASURES:
        assert ours[name] == pytest.approx(theirs[name], rel=1e-6), name
    assert "skate" not in ours and "leftFoot" not in truth.measured


def test_figures_agree_with_the_evaluation_on_a_reference_of_cameras(shared, score):
    """Against several cameras' reference, measures come out the same here, and there is no floor to compare."""
    path = shared / "tools" / "evaluate" / "pose2sim_reference.npz"
    truth = read_reference(path, "cam03")
    points = replace(disturbed(replace(truth, pixels={f"{s}MiddleProximal": np.zeros((1, 2)) for s in SIDES})))
    ours, theirs = measures.body_measures(points, truth), scored(points, score.truth_pose2sim(path, "cam03"), score)
    for name in [*SHARED_MEASURES, "skate"]:
        assert ours[name] == pytest.approx(theirs[name], rel=1e-6), name
    assert "foot_height" not in ours


def test_a_tilted_and_scaled_body_is_no_pose_error(truth):
    """Neither pa nor directions mind how the whole clip is turned, and pa minds no scale."""
    angle = np.radians(12.0)
    tilt = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    points = replace(exact(truth), joints={n: 0.8 * x @ tilt.T for n, x in truth.joints.items()})
    found = measures.body_measures(points, truth)
    assert found["pa"] < 1e-3 and found["direction"] < 1e-3 and found["mpjpe"] > 30


def test_exchanged_hands_are_counted(truth):
    """Hands that lie where the other one really is are on the wrong side, as far as the two can be told apart."""
    other = dict(zip(SIDES, SIDES[::-1], strict=True))
    points = replace(exact(truth), pixels={s: truth.pixels[f"{other[s]}MiddleProximal"] for s in SIDES})
    assert measures.body_measures(points, truth)["wrong_side"] == 100


def test_mirrored_hands_are_counted(truth):
    """A hand whose index and little finger have changed places shows its back for its palm."""
    swap = {"Index": "Little", "Little": "Index"}
    joints = dict(truth.joints)
    for bone in FINGER_NAMES:
        for ours, theirs in swap.items():
            if ours in bone:
                joints[bone] = truth.joints[bone.replace(ours, theirs)]
    assert measures.body_measures(replace(exact(truth), joints=joints), truth)["palm_flipped"] == 100


def test_floating_feet_are_measured_in_centimetres(truth):
    """A foot that is lifted 10 cm for half of the clip has a mean error of 5 cm, and both together of half that."""
    joints = dict(truth.joints)
    lift = np.zeros((len(truth.time), 3))
    lift[: len(lift) // 2, 2] = 0.10
    joints["leftFoot"] = joints["leftFoot"] + lift
    assert measures.body_measures(replace(exact(truth), joints=joints), truth)["foot_height"] == pytest.approx(2.5, 0.1)
