"""Face: points moved as a feature moves give that feature's expression."""

import time as clock

import numpy as np
import pytest
from understudy.solvers.face import expressions, skull
from understudy.solvers.motion import rotations
from understudy.solvers.names import EXPRESSION, EXPRESSIONS
from understudy.solvers.settings import Settings
from understudy.solvers.take import Take

from .synthetic_face import SIZE, TIME, moved, neutral, take_of
from .test_gaze import lids_shut

PULSE = np.clip(np.sin((TIME - 0.8) * np.pi / 1.2), 0, 1) * (TIME < 2)
CHIN = (14, 17, 18, 152, 175, 199, 200, 87, 317, 178, 402, 15, 16, 314, 84)
JAWBONE = (*CHIN, 88, 318, 181, 405, 91, 321, 148, 377, 171,
        396, 140, 369, 208, 428, 201, 421, 194, 418, 83, 313, 182, 406, 106, 335, 85, 315, 86, 316, 180, 404, 90, 320,
        179, 403, 176, 400, 149, 378, 32, 262, 211, 431, 204, 424, 170, 395, 150, 379, 136, 365)  # fmt: skip
LEFT_BROW = (285, 295, 282, 283, 276, 336, 296, 334, 293, 300)
RIGHT_BROW = (55, 65, 52, 53, 46, 107, 66, 105, 63, 70)
USUAL = Settings()


def used(indices):
    return [i for i in indices if i in skull.weights().points]


def solved(take, settings=USUAL):
    values, confidence = expressions.solve_expressions(take, TIME, settings)
    return {name: values[:, index] for name, index in EXPRESSION.items()}, confidence


def test_a_face_at_rest_shows_nothing():
    """The average face, turning about, keeps all expressions near 0."""
    swing = np.sin(TIME * 4)[:, None] * np.radians([8, 4, 15])
    values, confidence = expressions.solve_expressions(take_of(neutral(), rotations.from_vector(swing)), TIME, USUAL)
    assert values.max() < 0.1
    assert np.allclose(confidence, 1)


def test_a_performer_with_another_face_is_at_rest_too():
    """Brows that always sit higher than the average face's are that performer's face, not an expression."""
    high = moved(used(LEFT_BROW + RIGHT_BROW), (0, 0, 0.06), np.ones(len(TIME)))
    values, _ = expressions.solve_expressions(take_of(high), TIME, USUAL)
    assert values[:, EXPRESSION["browOuterUpLeft"]].max() < 0.2


def test_a_falling_chin_opens_the_jaw():
    """Lower lip and chin moving down and back are an open jaw in step with it."""
    values, _ = solved(take_of(moved(used(JAWBONE), (0, 0.15, -0.35), PULSE)))
    assert np.corrcoef(values["jawOpen"], PULSE)[0, 1] > 0.95
    assert values["jawOpen"].max() > 0.4


def test_one_brow_is_one_brow():
    """The performer's left brow, on the picture's right, raises the left shape and not the right one."""
    values, _ = solved(take_of(moved(used(LEFT_BROW), (0, 0, 0.12), PULSE)))
    assert np.corrcoef(values["browOuterUpLeft"], PULSE)[0, 1] > 0.9
    assert values["browOuterUpLeft"].max() > 2 * values["browOuterUpRight"].max()


def test_corners_of_the_mouth_smile():
    """Corners moving up, out and back are a smile on both sides."""
    both = moved(used([291, 308, 287, 409, 375]), (0.09, 0.06, 0.12), PULSE)
    both += moved(used([61, 78, 57, 185, 146]), (-0.09, 0.06, 0.12), PULSE) - neutral()
    values, _ = solved(take_of(both))
    for side in ("Left", "Right"):
        assert np.corrcoef(values[f"mouthSmile{side}"], PULSE)[0, 1] > 0.9
        assert values[f"mouthSmile{side}"].max() > values[f"mouthFrown{side}"].max()


def test_blinks_close_fully_and_stay_short():
    """A blink of three samples closes both eyes fully and is over at once: it is not smoothed away."""
    blink = np.convolve(np.isin(np.arange(len(TIME)), [30, 70]), [0.5, 1, 0.5], "same")
    values, _ = solved(take_of(lids_shut(np.minimum(blink, 0.95))))
    for side in ("Left", "Right"):
        assert values[f"eyeBlink{side}"][[30, 70]].min() > 0.9
        assert values[f"eyeBlink{side}"][[26, 35, 50, 66, 75]].max() < 0.1


def test_a_wink_closes_one_eye():
    """Only the left lid falls: only the left eye blinks."""
    shut = lids_shut(PULSE)
    shut[:, [159, 158, 160]] = neutral()[:, [159, 158, 160]]
    values, _ = solved(take_of(shut))
    assert values["eyeBlinkLeft"].max() > 0.9
    assert values["eyeBlinkRight"].max() < 0.1


def test_glances_follow_the_gaze():
    """eyeLook shapes say what the gaze says, 1 standing for 30 degrees; opposite ones are never both there."""
    directions = np.radians([[[15, -9], [15, -9]], [[-30, 30], [-30, 30]]])
    values = expressions.glances(np.zeros((2, len(EXPRESSIONS))), directions)
    first = {name: value for name, value in zip(EXPRESSIONS, values[0], strict=True) if value > 0}
    expected = {"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5, "eyeLookDownLeft": 0.3, "eyeLookDownRight": 0.3}
    assert first == pytest.approx(expected)
    assert values[1, EXPRESSION["eyeLookInLeft"]] == pytest.approx(1)
    assert values[1, EXPRESSION["eyeLookUpRight"]] == pytest.approx(1)


def test_a_lost_face_eases_to_neutral():
    """An open mouth at the moment the face is lost closes within a second, and the confidence falls to 0."""
    seen = TIME < 1.2
    values, confidence = solved(take_of(moved(used(JAWBONE), (0, 0.15, -0.35), (TIME > 0.6) * 1.0), seen=seen))
    assert values["jawOpen"][TIME < 1.2].max() > 0.4
    assert values["jawOpen"][TIME > 2].max() < 1e-6
    assert confidence[TIME > 2].max() == 0


def test_scores_change_nothing():
    """The detector's scores are not needed: with them and without, a face is solved alike."""
    scores = np.random.default_rng(1).random((len(TIME), len(EXPRESSIONS)))
    opened = moved(used(JAWBONE), (0, 0.15, -0.35), PULSE)
    with_them, _ = expressions.solve_expressions(take_of(opened, scores=scores), TIME, USUAL)
    without, _ = expressions.solve_expressions(take_of(opened), TIME, USUAL)
    assert np.array_equal(with_them, without)


def test_traces_go_and_whole_expressions_stay():
    """What is usually read of an absent expression becomes 0, what is wholly there stays 1, on either side of 0."""
    traces = skull.weights().traces
    assert (traces >= 0).all()
    assert (traces < 0.5).all()
    values = np.stack([traces, np.ones(len(traces)), -traces, -np.ones(len(traces))])
    assert np.allclose(expressions.without_traces(values), [[0], [1], [0], [-1]])


def test_a_range_that_was_told_is_1():
    """Where a performer has shown how far an expression goes, that is 1."""
    values, full = np.full((50, len(EXPRESSIONS)), 0.2), np.full(len(EXPRESSIONS), np.nan)
    full[EXPRESSION["jawOpen"]] = 0.4
    assert np.allclose(expressions.in_range(values, full)[:, EXPRESSION["jawOpen"]], 0.5)


def test_a_given_rest_is_nothing_to_the_networks():
    """A face as it is at rest is read as the linear map alone reads it, whatever rest that is."""
    rest = skull.weights().reference + np.random.default_rng(5).normal(0, 0.01, skull.weights().reference.shape)
    assert np.abs(expressions.by_networks(rest[None] - rest)).max() < 1e-6
    found = skull.fit(take_of(neutral()))
    read = expressions.from_points(found, found.shape[0])
    assert np.allclose(read, read[:1], atol=0.02)


def test_the_weights_are_small_and_whole():
    """The shipped weights are at most 1.5 MB, finite, and made for the 52 expressions."""
    learned = skull.weights()
    assert skull.WEIGHTS.stat().st_size < 1.5e6
    assert learned.shapes.shape == (3 * len(learned.points), len(EXPRESSIONS))
    assert learned.layers[-1][0].shape[-1] == len(EXPRESSIONS)
    arrays = [learned.shapes, learned.basis, learned.turn, *(part for layer in learned.layers for part in layer)]
    assert all(np.isfinite(values).all() for values in arrays)


def test_all_values_are_weights():
    """Whatever the points do, all 52 values stay within 0 and 1 and are finite."""
    wild = neutral() + np.random.default_rng(3).normal(0, 0.3, (len(TIME), *neutral().shape[1:]))
    values, confidence = expressions.solve_expressions(take_of(wild), TIME, USUAL)
    assert values.shape == (len(TIME), len(EXPRESSIONS))
    assert np.isfinite(values).all()
    assert values.min() >= 0
    assert values.max() <= 1
    assert np.isfinite(confidence).all()


def test_no_face_is_a_neutral_face():
    """Without a face all expressions are 0 with no confidence."""
    values, confidence = expressions.solve_expressions(Take.empty(TIME, SIZE), TIME, USUAL)
    assert not values.any()
    assert not confidence.any()


def test_ten_seconds_take_well_under_a_second():
    """The whole face of a clip is solved much faster than it plays."""
    take = take_of(neutral())
    begun = clock.perf_counter()
    expressions.solve_expressions(take, TIME, USUAL)
    assert clock.perf_counter() - begun < 0.1 * TIME[-1] + 0.5
