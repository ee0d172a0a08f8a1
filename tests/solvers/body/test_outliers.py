"""A body that is found for a moment where none can be is left out; people who move are not."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.body import outliers


def seen(take):
    return take.body.confidence.any(1)


def moved(take, samples, move):
    """The take with the body's picture changed in some samples. move: of points (N, 33, 2) px."""
    image = take.body.image.copy()
    image[samples, :, :2] = move(image[samples, :, :2])
    return replace(take, body=replace(take.body, image=image))


def test_who_acts_stays(acted):
    """Squats, steps and waves are no reason to leave anything out."""
    assert outliers.dropped(acted.take) is acted.take


@pytest.mark.parametrize("fps", [10.0, 30.0])
def test_who_dashes_to_and_fro_stays(acting, fps):
    """Five metres a second across the picture, and back at once, is how people move."""
    take = acting(fps=fps).take
    way = 400 * np.sin(np.pi * take.time)
    assert seen(outliers.dropped(moved(take, slice(None), lambda x: x + way[:, None, None] * [1, 0]))).all()


@pytest.mark.parametrize(
    "move", [lambda x: 500 + (x - 500) * 0.1, lambda x: x + [600, 0], lambda x: 300 + (x - [640, 350]) * 2.5]
)
def test_a_body_in_a_hand_is_none(acted, move):
    """A few samples with the body much smaller, larger or elsewhere are left out, all others kept."""
    odd = np.zeros(len(acted.take.time), bool)
    odd[40:44] = True
    assert np.array_equal(seen(outliers.dropped(moved(acted.take, odd, move))), ~odd)


def test_a_cut_stays(acted):
    """What lasts is believed: from one moment on the person is elsewhere and larger."""
    assert seen(outliers.dropped(moved(acted.take, slice(60, None), lambda x: x * 1.8 - 200)))[[50, 59, 60, 70]].all()
