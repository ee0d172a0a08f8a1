"""Lips: closures of a synthetic mouth, however short, reach contact."""

import numpy as np
import pytest
from understudy.solvers.face import expressions, lips, skull
from understudy.solvers.names import EXPRESSION, EXPRESSIONS
from understudy.solvers.settings import Settings

from .synthetic_face import TIME, neutral, take_of
from .test_expressions import JAWBONE

CHIN = [i for i in JAWBONE if i in skull.weights().points]
LOWER = [low for _, low in lips.PAIRS]
JAW, CLOSE = EXPRESSION["jawOpen"], EXPRESSION["mouthClose"]


def mouth(opening, lips_too=None):
    """The average face with its lips laid onto each other, then its chin, and its lower lip, lowered by shares (T,)."""
    faces = np.repeat(neutral(), len(TIME), 0)
    for upper, lower in lips.PAIRS:
        faces[:, lower] = faces[:, upper]
    faces[:, CHIN] += opening[:, None, None] * np.array([0, 0.15, -0.35])
    lifted = opening if lips_too is None else lips_too
    for upper, lower in lips.PAIRS:
        faces[:, lower] = faces[:, upper] + lifted[:, None] * np.array([0, 0.15, -0.35])
    return take_of(faces)


def solved(take, time=TIME):
    values, _ = expressions.solve_expressions(take, time, Settings())
    return values


@pytest.mark.parametrize("rate", [24.0, 30.0])
def test_a_closure_of_one_picture_reaches_contact(rate):
    """An open mouth that shuts for a single picture shuts fully in the performance, at any rate of it."""
    opening = np.where(np.isin(np.arange(len(TIME)), [30, 61]), 0.0, 0.8) * (TIME > 0.4)
    time = np.arange(round(TIME[-1] * rate)) / rate
    values = solved(mouth(opening), time)
    for moment in (TIME[30], TIME[61]):
        near = np.abs(time - moment) < 0.5 / rate + 1e-6
        assert (values[near, JAW] - values[near, CLOSE]).min() < 0.02
        assert values[near][:, lips.PARTING].min(0).max() <= lips.UNSEEN + 1e-9


def test_an_open_mouth_stays_open():
    """Where the lips are apart nothing is taken from the jaw."""
    opening = np.clip(np.sin((TIME - 0.5) * 4), 0, 1) * (TIME > 0.5)
    values = solved(mouth(opening))
    wide = opening > 0.7
    assert values[wide, JAW].min() > 0.4
    assert (values[wide, CLOSE] < 0.6 * values[wide, JAW]).all()


def test_lips_close_over_an_open_jaw():
    """A chin that hangs while the lips meet is a jaw that is open and lips that are closed over it."""
    low = 0.6 * np.clip(np.sin((TIME - 1) * 3), 0, 1) * (TIME > 1)
    values = solved(mouth(low, lips_too=np.zeros(len(TIME))))
    most = values[:, JAW].argmax()
    assert values[most, JAW] > 0.05
    assert values[most, CLOSE] == pytest.approx(values[most, JAW], abs=0.06)


def test_lips_are_not_pressed_through_each_other():
    """Whatever the weights were, mouthClose never goes much beyond the jaw."""
    wild = np.random.default_rng(1).random((50, len(EXPRESSIONS)))
    for closed in (0.0, 0.5, 1.0):
        values = lips.met(wild, np.full(50, closed))
        assert (values[:, CLOSE] <= values[:, JAW] + lips.PRESSED + 1e-9).all()
        assert ((values >= 0) & (values <= 1)).all()


def test_a_mouth_that_never_closes_has_no_contact():
    """Lips that stay parted all along the clip are not taken for closed because nothing is more closed."""
    found = skull.fit(mouth(np.full(len(TIME), 0.3)))
    assert lips.contact(found).max() == 0
