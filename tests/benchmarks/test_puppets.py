"""How well a picture plays its clip: what trembles is told from what moves."""

import numpy as np
from understudy.benchmarks import puppets


def test_trembling_is_measured_beside_motion():
    """The noise of a slow curve is found, whatever the curve and a few missing samples."""
    random, time = np.random.default_rng(5), np.arange(400) / 24
    values = np.sin(time) + random.normal(0, 0.02, 400)
    values[100:110] = np.nan
    assert 0.016 < puppets.noise(values) < 0.025
    assert puppets.noise(np.zeros(2)) == 0


def test_what_hardly_moves_is_said():
    """Noise alone, and heads that turn by less than they are read to, hardly move; a clear motion does."""
    random, time = np.random.default_rng(6), np.arange(400) / 24
    noise = random.normal(0, 0.01, 400)
    assert "hardly moves" in puppets.hardly("eye opening", noise + 0.01 * np.sin(time))
    assert puppets.hardly("eye opening", noise + 0.1 * np.sin(time)) == ""
    assert "hardly moves" in puppets.hardly("head to a side", np.radians(1.0) * np.sin(time))
    assert puppets.hardly("head to a side", np.radians(4.0) * np.sin(time)) == ""
