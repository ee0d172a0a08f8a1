"""Rows gathered on disk become the take that was seen, without taking memory."""

import numpy as np
import pytest
from understudy.solvers import record
from understudy.solvers.detectors.sight import Points, Sight
from understudy.solvers.looking.spool import Spool
from understudy.solvers.take import Take

ROWS = 50


def sights(random):
    """Pictures in which every second shows a body, and every third a face."""
    for k in range(ROWS):
        parts = {}
        if k % 2:
            parts["body"] = Points(random.normal(size=(33, 3)), random.normal(size=(33, 3)), random.uniform(size=33))
        if k % 3 == 0:
            parts["face"] = Points(random.normal(size=(478, 3)), np.full((478, 3), np.nan), np.ones(478))
            parts["expressions"], parts["head"] = random.uniform(size=52), np.eye(4)
        yield Sight(k / 10, **parts)


@pytest.fixture
def filled(tmp_path):
    """(a spool's take, what was put in)."""
    spool, seen = Spool(tmp_path), list(sights(np.random.default_rng(0)))
    for sight in seen:
        spool.add(sight)
    assert spool.count == ROWS and spool.somebody and spool.fps == pytest.approx(10)
    return spool.take((640, 480), source={"path": "made-up.mp4"}, detector={}), seen


def test_rows_are_what_was_seen(filled):
    """Each row of the take is what was seen in that picture, NaN and zeros where there was nothing."""
    take, seen = filled
    for k, sight in enumerate(seen):
        for part in ("body", "left_hand", "right_hand", "face"):
            for name in ("image", "world", "confidence"):
                given = np.float32(getattr(getattr(sight, part), name))
                np.testing.assert_array_equal(getattr(getattr(take, part), name)[k], given)
        np.testing.assert_array_equal(take.expressions[k], np.float32(sight.expressions))
        np.testing.assert_array_equal(take.head[k], sight.head)


def test_a_kept_take_is_the_same(filled, tmp_path):
    """Arrays on disk, parts of them, turned ones and arrays in memory are all kept as they are."""
    take, _ = filled
    path = tmp_path / "t.npz"
    for head in (take.head, take.head[::-1], take.head[5:], np.array(take.head), take.head.swapaxes(1, 2)):
        record.save(Take(**{**vars(take), "head": head}), path)
        kept = record.load(Take, path)
        np.testing.assert_array_equal(kept.head, head)
        np.testing.assert_array_equal(kept.face.image, take.face.image)
        assert kept.time.dtype == float and kept.size == (640, 480)


def test_nobody_is_nobody(tmp_path):
    """Pictures in which nothing is seen are counted, and show nobody."""
    spool = Spool(tmp_path)
    spool.add(Sight(0.0))
    assert spool.count == 1 and not spool.somebody and spool.fps == 0
