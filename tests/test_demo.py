"""The embedded demo clip, from its video to a performance, against what really happened in it."""

from __future__ import annotations

import numpy as np
import pytest
from understudy.benchmarks import accuracy
from understudy.benchmarks.truth import read_truth
from understudy.solvers import models
from understudy.solvers.detect import detect
from understudy.solvers.errors import ModelError
from understudy.solvers.solve import solve

FOLLOWED = [
    "jawOpen", "mouthSmileLeft", "mouthSmileRight", "eyeBlinkLeft", "eyeBlinkRight", "browInnerUp", "browOuterUpLeft",
    "browOuterUpRight",
]  # fmt: skip


@pytest.fixture(scope="module")
def take():
    try:
        models.find()
    except ModelError as fault:
        pytest.skip(f"needs the networks: {fault}")
    return detect(accuracy.DEMO)


@pytest.fixture(scope="module")
def performance(take):
    return solve(take)


@pytest.fixture(scope="module")
def truth():
    return read_truth(accuracy.DEMO.with_suffix("").with_suffix(".gt.json.gz"))


def test_face_body_and_hands_are_seen(take):
    """The performer's body and face are seen in every picture, and both hands in nearly all."""
    assert take.body.seen.all() and take.face.seen.mean() > 0.98
    assert min(take.left_hand.seen.mean(), take.right_hand.seen.mean()) > 0.9


@pytest.mark.parametrize("name", FOLLOWED)
def test_expressions_follow_the_truth(performance, truth, name):
    """Jaw, smile, blink and brow curves go as the performer's do."""
    assert accuracy.expression_correlations(performance, truth, [name])[name] > 0.8


def test_limbs_point_where_they_did(performance, truth):
    """Limb directions are less than 12 degrees off, and no worse than the raw network's 8.8."""
    assert accuracy.body_measures(performance, truth)["direction"] < 8.8


def test_motion_is_as_calm_as_the_truth(performance, truth):
    """Neither jitter is added nor do planted feet slide."""
    figures = accuracy.body_measures(performance, truth)
    assert figures["jitter"] < 2 * figures["jitter_truth"] and figures["skate"] < 0.03


def test_events_keep_their_time(performance, truth):
    """Each blink is at its deepest within a frame of when it really was."""
    true, solved = truth.expressions["eyeBlinkLeft"], accuracy.expression(performance, truth, "eyeBlinkLeft")
    deepest = [k for k in range(1, len(true) - 1) if true[k] > 0.9 and true[k - 1] < true[k] >= true[k + 1]]
    assert len(deepest) >= 2
    for k in deepest:
        near = np.arange(max(0, k - 4), min(len(true), k + 5))
        assert abs(near[solved[near].argmax()] - k) <= 1
