"""Cuts are found, and nothing else is taken for one; each shot can be a take of its own."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from understudy.solvers import errors, models
from understudy.solvers.detect import takes
from understudy.solvers.footage import shots
from understudy.solvers.footage.shots import BRIDGE, FIRST, SPLIT

SIZE = (160, 120)


def scene(seed):
    """A picture of shapes in colours of their own, (120, 160, 3) uint8."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (5, 6, 3)) * rng.uniform(0.2, 1.0, 3)
    return cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


def moving(picture, count, speed=2, fps=25.0, start=0.0, noise=3.0):
    """Pictures of a scene that drifts by `speed` px each, with a camera's noise."""
    rng = np.random.default_rng(1)
    for k in range(count):
        shifted = np.roll(picture, k * speed, 1) + rng.normal(0, noise, picture.shape)
        yield start + k / fps, shifted.clip(0, 255).astype(np.uint8)


def found(pictures):
    """Times of the pictures with which a shot begins."""
    return [time for time, _, cut in shots.cuts(pictures) if cut]


@pytest.mark.parametrize("fps", [6.0, 25.0, 60.0])
def test_a_cut_is_found_where_it_is(fps):
    """The first picture of another scene begins a shot, at any rate, and all pictures come through in order."""
    pictures = [*moving(scene(0), 12, fps=fps), *moving(scene(5), 12, fps=fps, start=12 / fps)]
    assert found(pictures) == [12 / fps]
    parts = [list(part) for part in shots.split(iter(pictures))]
    assert [len(part) for part in parts] == [12, 12]
    assert all(a[1] is b[1] for a, b in zip(sum(parts, []), pictures, strict=True))


@pytest.mark.parametrize(
    "pictures",
    [
        list(moving(scene(0), 30, speed=0, noise=25.0)),
        list(moving(scene(0), 30, speed=9)),
        [(k / 25, (scene(0) * (1 - k / 40)).astype(np.uint8)) for k in range(30)],
        [(k / 25, np.full((120, 160, 3), 250, np.uint8) if k in (10, 11) else scene(0)) for k in range(30)],
        [(k / 120, np.roll(scene(0), 5 * (k // 4), 1)) for k in range(60)],
        [(k / 25, cv2.addWeighted(scene(0), 1 - k / 29, scene(5), k / 29, 0)) for k in range(30)],
        [(0.0, scene(0))],
        [],
    ],
    ids=["noise", "pan", "fade", "flash", "repeated pictures", "dissolve", "one picture", "none"],
)
def test_what_is_no_cut(pictures):
    """Noise, quick motion, light that goes, a flash, repeated pictures and dissolves are of one shot."""
    assert found(pictures) == []
    assert sum(len(list(part)) for part in shots.split(iter(pictures))) == len(pictures)


def test_few_pictures_are_held():
    """Of a long video, no more pictures are asked for than are needed to look ahead."""
    asked = []

    def endless():
        for time, rgb in moving(scene(0), 1000):
            asked.append(time)
            yield time, rgb

    marked = shots.cuts(endless())
    for _ in range(10):
        next(marked)
    assert len(asked) <= 10 + shots.AHEAD + 1


def test_a_shot_that_is_left_early_is_passed_over():
    """Whoever does not want the rest of a shot gets the next one from its beginning."""
    pictures = [*moving(scene(0), 12), *moving(scene(5), 12, start=12 / 25)]
    firsts = [next(part)[0] for part in shots.split(iter(pictures))]
    assert firsts == [0.0, 12 / 25]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.take.npz", "a.2.take.npz"), ("b.npz", "b.2.npz"), ("v1.5.take.npz", "v1.5.2.take.npz")],
)
def test_takes_of_shots_are_numbered(name, expected):
    """The number comes before the ending, in the same folder."""
    assert shots.numbered(Path("folder") / name, 2) == Path("folder") / expected


@pytest.fixture
def networks():
    """The networks, or the reason why this test cannot be run."""
    try:
        return models.find()
    except errors.ModelError as fault:
        pytest.skip(str(fault))


@pytest.mark.parametrize(
    ("cuts", "names", "spans"),
    [
        (SPLIT, ["t.1.take.npz", "t.2.take.npz"], [(2.8, 2.94), (2.96, 3.1)]),
        (BRIDGE, ["t.take.npz"], [(2.8, 3.1)]),
        (FIRST, ["t.take.npz"], [(2.8, 2.94)]),
    ],
)
def test_a_cut_becomes_what_was_chosen(networks, shared, tmp_path, cuts, names, spans):
    """A video in which one person takes another's place gives two takes, one over both, or that of the first."""
    path = shared / "videos" / "bad" / "hard_cut_person_swap.mp4"
    made = takes(path, tmp_path / "t.take.npz", 2.8, 3.1, cuts=cuts)
    assert [place.name for place, _ in made] == names == sorted(place.name for place in tmp_path.iterdir())
    for (_, take), (start, end) in zip(made, spans, strict=True):
        assert start - 0.02 <= take.time[0] and take.time[-1] <= end and take.body.seen.all()
        assert list(np.round(take.source["cuts"], 2)) == ([] if cuts == FIRST else [2.97])


def test_nobody_before_somebody_enters(networks, shared, tmp_path):
    """Before somebody enters, nobody is there; the empty shot gives no take."""
    path = shared / "videos" / "bad" / "person_enters_late.mp4"
    [(_, bridged)] = takes(path, None, 1.3, 1.7, cuts=BRIDGE)
    late = bridged.time > 1.49
    for part in ("body", "face", "left_hand", "right_hand"):
        assert not getattr(bridged, part).seen[~late].any()
    assert bridged.body.seen[late].all() and (~late).any()
    [(place, only)] = takes(path, tmp_path / "t.npz", 1.3, 1.7, cuts=SPLIT)
    assert place.name == "t.npz" and only.time[0] > 1.49
