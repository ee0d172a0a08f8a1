"""The sheet of one gesture on many bodies shows the clip, and characters that move as it does."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bpy")

from understudy.benchmarks import round_trip  # noqa: E402
from understudy.benchmarks.film import DEMO  # noqa: E402
from understudy.solvers.names import BODY_POINTS  # noqa: E402
from understudy.solvers.take import Landmarks, Take  # noqa: E402

MOMENTS = (0.2, 1.0)


def test_rows_are_of_one_size_and_move(performance, monkeypatch):
    """Each row has a picture a moment, the clip's about the performer; a character's differ where it moves."""
    time, size = np.arange(48) / 24, (720, 1280)
    image = np.full((48, len(BODY_POINTS), 3), np.nan)
    image[..., 0], image[..., 1] = np.linspace(200, 500, len(BODY_POINTS)), np.linspace(300, 1200, len(BODY_POINTS))
    seen = Landmarks(image, image, np.ones(image.shape[:2]))
    take = Take.empty(time, size, source={"path": str(DEMO)})
    take = type(take)(**{**{name: getattr(take, name) for name in take.__dataclass_fields__}, "body": seen})
    monkeypatch.setattr(round_trip, "solve", lambda _take: performance)
    sheet = round_trip.sheet(DEMO, take, [round_trip.STARTER], MOMENTS)
    wide, high = round_trip.TILE
    assert sheet.shape == (2 * high + round_trip.GAP, 2 * wide, 3)
    first, second = sheet[-high:, :wide].astype(float), sheet[-high:, wide:].astype(float)
    assert np.abs(first - second).mean() > 1 and sheet[:high].std() > 10
