"""Tracing: a picture's face shows what brings its points where the performer's went."""

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from understudy.solvers.captures import captured
from understudy.solvers.face import skull
from understudy.solvers.motion.mirror import mirrored
from understudy.solvers.names import EXPRESSION, EXPRESSIONS
from understudy.solvers.puppet import face, tracing
from understudy.solvers.retarget import at_times
from understudy.solvers.settings import Settings
from understudy.solvers.take import Take

sys.path.insert(0, str(Path(__file__).parents[1] / "face"))
from synthetic_face import TIME, neutral, take_of  # noqa: E402

SHOWN = {"jawOpen": 0.5, "mouthPucker": 0.7, "browOuterUpLeft": 0.6, "eyeSquintRight": 0.5, "mouthSmileLeft": 0.4}


def weights(shown):
    """(1, 52) of names and sizes."""
    values = np.zeros((1, len(EXPRESSIONS)))
    values[0, [EXPRESSION[name] for name in shown]] = list(shown.values())
    return values


def ways(values):
    """(N, P, 2) how the points that are read move with weights (N, 52)."""
    points = skull.weights().points
    return np.einsum("nk,kpi->npi", values, face.neutral_moves()[:, points, :2]) * [1, -1]


def test_points_go_where_the_performers_went():
    """Moves of a few shapes are found again, without being told which, from weights that are too small."""
    moved = ways(weights(SHOWN))
    usual = tracing.gentle(weights(SHOWN))
    values = tracing.fitted(moved, usual)
    assert values.min() >= 0 and values.max() <= 1
    left = np.linalg.norm(ways(values) - moved, axis=-1).mean()
    assert left < 0.35 * np.linalg.norm(ways(usual) - moved, axis=-1).mean()
    assert values[0, EXPRESSION["mouthPucker"]] > 1.3 * usual[0, EXPRESSION["mouthPucker"]]


def test_what_points_do_not_tell_is_kept():
    """Glances, tongue and cheeks stay, and so does a blink, whatever the points of shut lids seem to do."""
    usual = weights({"eyeBlinkLeft": 1, "eyeBlinkRight": 1, "eyeSquintLeft": 0.9, "tongueOut": 0.8, "cheekPuff": 0.4})
    values = tracing.fitted(ways(weights({"eyeWideLeft": 1.0, "eyeSquintRight": 1.0})), usual)
    assert np.array_equal(values[:, tracing.KEPT], usual[:, tracing.KEPT])
    for blink, wide, squint in tracing.EYELIDS:
        assert values[0, blink] > 0.95 and values[0, [wide, squint]].max() < 0.05


def test_a_wink_leaves_the_other_eye_its_own():
    """What the points of an eye tell counts while the other one is shut."""
    left, right = (EXPRESSION[f"eyeWide{side}"] for side in ("Left", "Right"))
    wide = ways(weights({"eyeWideLeft": 1.0, "eyeWideRight": 1.0}))
    wink, open_ = (tracing.fitted(wide, weights({"eyeBlinkLeft": shut})) for shut in (1.0, 0.0))
    assert wink[0, left] == 0 < 0.1 < open_[0, left]
    assert abs(wink[0, right] - open_[0, right]) < 0.02


def test_lids_do_one_thing_at_a_time():
    """Eyes that narrow more than a squint goes are shut in part; none are wide and shut at once."""
    lowered = tracing.fitted(ways(weights({"eyeBlinkLeft": 0.6, "eyeBlinkRight": 0.6})), weights({"eyeWideLeft": 0.4}))
    widened = tracing.fitted(ways(weights({"eyeWideLeft": 0.7, "eyeWideRight": 0.7})), weights({"eyeBlinkLeft": 0.05}))
    for blink, wide, _ in tracing.EYELIDS:
        assert 0.25 < lowered[0, blink] < 0.7 and lowered[0, wide] == 0
        assert widened[0, blink] == 0 and 0.1 < widened[0, wide] < 0.8


def test_lids_that_are_half_down_are_drawn_farther():
    """The network reads a third of such lids: they go as far as it takes to be read so, shut ones no farther."""
    lids = [blink for blink, _, _ in tracing.EYELIDS]
    for asked, drawn in ((0.25, (0.3, 0.45)), (0.0, (0.0, 0.02))):
        shown = weights({"eyeBlinkLeft": asked, "eyeBlinkRight": asked})
        values = tracing.fitted(ways(shown), tracing.gentle(shown))[0, lids]
        assert (values >= drawn[0]).all() and (values <= drawn[1]).all()
    shut = weights({"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0})
    assert np.allclose(tracing.fitted(ways(shut), shut)[0, lids], 1.0)


def test_eyes_that_are_found_lower_are_not_shut():
    """Lids tell how far they open: where all of an eye's points lie lower, as a wrong nod has it, it is hardly shut."""
    points = skull.weights().points
    lower = np.zeros((1, len(points), 2))
    lower[:, np.isin(points, [point for ring in tracing.LIDS for point in ring]), 1] = -0.05
    values = tracing.fitted(lower, np.zeros((1, len(EXPRESSIONS))))[0]
    assert values[[blink for blink, _, _ in tracing.EYELIDS]].max() < 0.1


def test_a_raised_brow_is_traced_where_the_face_is_seen():
    """A brow that goes up in the clip goes up in the result; where no face is seen, the solved weights are left."""
    faces = np.repeat(neutral(), len(TIME), 0)
    up = np.clip(np.sin((TIME - 0.5) * 4), 0, 1) * (TIME > 0.5)
    faces[:, [70, 63, 105, 66, 107, 46, 53, 52, 65, 55]] += up[:, None, None] * np.array([0, 0, 0.12])
    take, none = take_of(faces), np.zeros((len(TIME), len(EXPRESSIONS)))
    values = tracing.traced(take, TIME, Settings(), none)
    brow = values[:, EXPRESSION["browOuterUpRight"]]
    assert brow[up > 0.9].min() > 0.1 and np.corrcoef(brow, up)[0, 1] > 0.98
    assert max(brow[up == 0].max(), values[:, EXPRESSION["browOuterUpLeft"]].max()) < 0.02
    empty = Take.empty(TIME, (640, 480))
    solved = np.full_like(none, 0.5)
    assert np.array_equal(tracing.traced(empty, TIME, Settings(), solved), tracing.gentle(solved))


def test_a_smile_in_the_picture_is_told():
    """A clear smile is, most on the side where it is, at any size and place; a face at rest shows none."""
    rest, moves = face.known()
    smile = moves[EXPRESSION["mouthSmileLeft"]]
    assert tracing.already(rest * 200 + [300, 250, 0]) == {}
    told = tracing.already((rest + 0.9 * smile) * 80)
    assert 0.2 < told["mouthSmileLeft"] <= 1 and told.get("mouthSmileRight", 0) < 0.7 * told["mouthSmileLeft"]


def test_what_a_picture_does_is_not_done_twice():
    """It is taken off where the performer's face is seen, by as much as that is sure, and from nothing else."""
    mark = json.dumps({"shows": {"mouthSmileLeft": 0.4}})
    names, values = ("jawOpen", "mouthSmileLeft"), np.array([[0.3, 0.6], [0.3, 0.0], [0.3, 0.6]])
    left = tracing.beyond(names, values, np.array([1.0, 1.0, 0.0]), mark)
    assert np.allclose(left, [[0.3, 0.2], [0.3, -0.4], [0.3, 0.6]])
    assert np.array_equal(tracing.beyond(names, values, np.ones(3), json.dumps({"cut": True})), values)


@pytest.fixture
def known(performance):
    """A performance whose traced weights differ from the others."""
    return dataclasses.replace(performance, traced=performance.expressions[::-1].copy())


def test_traced_weights_go_where_the_expressions_go(known):
    """A mirror exchanges their sides, and other times have them, too; without them there are none."""
    left, right = EXPRESSION["mouthSmileLeft"], EXPRESSION["mouthSmileRight"]
    assert np.array_equal(mirrored(known).traced[:, left], known.traced[:, right])
    assert np.allclose(at_times(known, known.time[1:-1]).traced, known.traced[1:-1])
    bare = dataclasses.replace(known, traced=None)
    assert mirrored(bare).traced is None and at_times(bare, bare.time).traced is None


def test_a_phones_face_is_not_traced(known):
    """What a phone has captured is played as it is: the clip's points say nothing about it."""
    count = len(known.time)
    capture = dataclasses.replace(
        Take.empty(known.time, (1, 1)), expressions=known.expressions.astype(np.float32), gaze=np.zeros((count, 2, 2)),
    )  # fmt: skip
    assert captured.laid_over(known, capture, offset=0.0).traced is None
