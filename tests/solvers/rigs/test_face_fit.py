"""A character's shapes are balanced by what they are seen to do, and what is not seen well is left as it is."""

import numpy as np
import pytest
from understudy.solvers.errors import NobodyError
from understudy.solvers.names import EXPRESSION, EXPRESSIONS, FACE_POINT_COUNT
from understudy.solvers.retargeting.acting import BEYOND, strengths
from understudy.solvers.rigs import face_fit
from understudy.solvers.rigs.face_range import LEAST_GAIN, MOST_GAIN, WIDEST, FaceRange, from_words, guarded, in_range
from understudy.solvers.settings import Settings

SHAPES = ("jawOpen", "mouthClose", "mouthSmileLeft", "mouthSmileRight", "mouthPucker", "eyeBlinkLeft", "cheekPuff")
PIXELS = 90.0  # a distance between the eyes


def pictures(scale=None, opened=0.0, noise=0.0, turned=0.0):
    """Points (F, 478, 3) of a face whose shapes do `scale` times what people's do. opened: its jaw at rest."""
    known, random = face_fit.responses(), np.random.default_rng(3)
    moves = {name: known.moves[EXPRESSION[name]] * (scale or {}).get(name, 1.0) for name in SHAPES}
    rest = known.neutral + opened * moves["jawOpen"] / face_fit.STRENGTHS["jawOpen"]
    faces = np.array([rest, *(rest + moves[name] for name in SHAPES)])
    faces += random.normal(0, noise, faces.shape)
    turn = np.array([[np.cos(turned), 0, np.sin(turned)], [0, 1, 0], [-np.sin(turned), 0, np.cos(turned)]])
    points = np.zeros((len(faces), FACE_POINT_COUNT, 3))
    points[:, known.points] = PIXELS * faces @ turn.T + [160, 0, -160]
    return points


def test_a_face_like_peoples_is_left_alone():
    """Shapes that do what people's do need no gain, however the picture is turned and scaled; lids never get one."""
    found = face_fit.fit(pictures(turned=0.2), SHAPES)
    assert found.apart == 0 and found.close == 0 and "eyeBlinkLeft" not in found.gains
    assert all(gain == pytest.approx(1, abs=0.03) for gain in found.gains.values()) and "jawOpen" in found.gains


@pytest.mark.parametrize("factor", [0.6, 1.5, 2.0])
def test_what_is_drawn_too_wide_is_shown_less(factor):
    """A shape that goes further by a factor gets the inverse as its gain; mouthClose goes with the jaw."""
    found = face_fit.fit(pictures({"jawOpen": factor, "mouthPucker": factor}, noise=0.002), SHAPES).gains
    assert found["jawOpen"] == pytest.approx(1 / factor, rel=0.1) == found["mouthClose"]
    assert found["mouthPucker"] == pytest.approx(1 / factor, rel=0.15)
    assert found["mouthSmileLeft"] == found["mouthSmileRight"] == pytest.approx(1, abs=0.1)


def test_gains_have_bounds():
    """A jaw that is drawn absurdly is not undone wholly, and a shape that does something else is not believed."""
    found = face_fit.fit(pictures({"jawOpen": 6.0, "mouthPucker": -1.0}), SHAPES).gains
    assert found["jawOpen"] == LEAST_GAIN and "mouthPucker" not in found
    assert all(LEAST_GAIN <= gain <= MOST_GAIN for gain in found.values())


def test_a_mouth_modelled_open_is_found():
    """How far it is open is told as a share of its jawOpen, whatever that does."""
    for factor in (1.0, 1.6):
        found = face_fit.fit(pictures({"jawOpen": factor}, opened=0.3), SHAPES)
        assert found.apart == pytest.approx(0.3, abs=0.05) and found.close == found.apart


def test_total_opening_is_the_performers():
    """Speech on a mouth modelled open: as open as on a closed one, and closed where lips close."""
    time = np.linspace(0, 1, 50)
    values = np.zeros((50, len(EXPRESSIONS)))
    values[:, EXPRESSION["jawOpen"]] = 0.5 + 0.5 * np.sin(12 * time)
    values[20:24, EXPRESSION["mouthClose"]] = values[20:24, EXPRESSION["jawOpen"]]
    face = FaceRange(apart=0.3, close=0.3)
    shown = in_range(values, face)
    opened = lambda v: v[:, EXPRESSION["jawOpen"]] - v[:, EXPRESSION["mouthClose"]]  # noqa: E731
    assert np.allclose(face.apart + opened(shown), opened(values)) and shown.min() >= 0
    assert np.all(shown[:, EXPRESSION["jawOpen"]] <= 1 - face.apart + 1e-9)


def test_no_face_is_said():
    """Where no face is seen at rest, the user hears it; where a shape's picture shows none, that shape stays."""
    points = pictures()
    points[3] = np.nan
    assert "mouthSmileLeft" not in face_fit.fit(points, SHAPES).gains
    points[0] = np.nan
    with pytest.raises(NobodyError, match="needs eyes, nose and mouth"):
        face_fit.fit(points, SHAPES)


def test_absurd_jaws_are_held_without_a_look():
    """By the shapes alone: people's jaws are left alone, one of twice the widest opens half as far."""
    assert guarded({"jawOpen": 0.7}, 1.0) == FaceRange()
    assert guarded({"jawOpen": 2 * WIDEST * 0.06}, 0.06).gains["jawOpen"] == pytest.approx(0.5)
    assert guarded({"jawOpen": 50.0}, 1.0).gains["jawOpen"] == LEAST_GAIN
    assert guarded({"jawOpen": 1.0}, 0.0) == FaceRange()


def test_a_fit_is_kept_in_words():
    """What is written is read again; anything else is no fit, and gains out of bounds are drawn in."""
    face = FaceRange({"jawOpen": 0.7, "mouthSmileLeft": 1.2}, 0.2, 0.1)
    assert from_words(face.words()) == face
    assert all(from_words(words) is None for words in ("", "{}", "[]", "x", '{"gains": 3, "apart": 0, "close": 0}'))
    assert from_words('{"gains": {"jawOpen": 9, "smirk": 1}, "apart": 0, "close": 0}').gains == {"jawOpen": MOST_GAIN}


def test_limits_hold_at_any_intensity_and_gain():
    """Lids and lips never go beyond 1; a jaw may, where the intensity asks for it, but stays on its head."""
    values = np.ones((3, len(EXPRESSIONS)))
    face = FaceRange({"eyeSquintLeft": 2.0, "mouthRollLower": 2.0, "eyeLookUpLeft": 2.0})
    acted = strengths(values, np.full((3, 2, 2), 0.5), Settings(intensity=5.0), face)
    for name in ("eyeBlinkLeft", "eyeSquintLeft", "mouthRollLower", "eyeLookUpLeft"):
        assert np.all(acted[:, EXPRESSION[name]] <= 1)
    assert np.all((1.2 < acted[:, EXPRESSION["jawOpen"]]) & (acted[:, EXPRESSION["jawOpen"]] <= 1 + BEYOND))
    rising = np.linspace(0, 1, 200)[:, None] * values[:1]
    jaw = strengths(rising, np.zeros((200, 2, 2)), Settings(intensity=5.0), FaceRange())[:, EXPRESSION["jawOpen"]]
    assert np.all(np.diff(jaw) > 0) and np.allclose(jaw[:120], rising[:120, 0] * 5 / 3)
