"""What is seen of a body is believed as far as it deserves, put right where swapped, and fitted by real bones."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.body import bones, fit, observed, root, swaps
from understudy.solvers.body.bones import BONES, FROM, POINT, TO
from understudy.solvers.motion import signals
from understudy.solvers.names import BODY_POINT
from understudy.solvers.settings import Settings

ASIS = Settings()


def sights(take, settings=ASIS):
    time, lens = observed.clock(take, settings), observed.camera(take, settings)
    whole = observed.gate(swaps.repaired(take), time)
    whole = observed.turn_to_rays(observed.straighten(observed.smooth(whole, settings)), lens)
    return bones.pick(whole), lens


def fitted(take, settings=ASIS):
    sight, lens = sights(take, settings)
    place = root.translations(sight, lens)
    length = bones.lengths(sight, place[:, 1], lens, settings)
    first = fit.fit(sight, place, length, lens, settings)
    return fit.fit(sight, place, length, lens, settings, fit.liveliness(first, sight.fps)), length


def directions(points):
    vector = points[:, TO] - points[:, FROM]
    return vector / np.linalg.norm(vector, axis=-1, keepdims=True)


def hidden(take, names, samples=slice(None), confidence=0.0):
    chosen = take.body.confidence.copy()
    for name in names:
        chosen[samples, BODY_POINT[name]] = confidence
    return replace(take, body=replace(take.body, confidence=chosen))


def test_points_out_of_sight_are_not_seen(acted):
    """Points of low visibility and points outside the picture are NaN with no weight."""
    image = acted.take.body.image.copy()
    image[:, BODY_POINT["leftWrist"], 0] = -200
    take = hidden(replace(acted.take, body=replace(acted.take.body, image=image)), ["rightKnee"], confidence=0.2)
    sight = observed.gate(take, take.time)
    for name in ("leftWrist", "rightKnee"):
        assert np.isnan(sight.image[:, BODY_POINT[name]]).all() and not sight.weight[:, BODY_POINT[name]].any()
    assert (sight.weight[:, BODY_POINT["leftElbow"]] == 1).all()


def test_short_gaps_close_and_long_ones_stay(acted):
    """A blink of a point is bridged; a second without it is not."""
    take = hidden(hidden(acted.take, ["leftWrist"], slice(10, 14)), ["rightWrist"], slice(40, 80))
    sight = observed.gate(take, take.time)
    assert np.isfinite(sight.image[:, BODY_POINT["leftWrist"]]).all()
    assert np.isnan(sight.image[40:80, BODY_POINT["rightWrist"]]).all()


@pytest.mark.parametrize("samples", [slice(20, 25), slice(40, 41), slice(60, 110)])
def test_swapped_sides_are_put_right(acted, samples):
    """Samples with left and right exchanged and depth turned round come out as if they had never been."""
    wrong = np.zeros(len(acted.take.time), bool)
    wrong[samples] = True
    mended = swaps.repaired(swaps.relabelled(acted.take, wrong)).body
    assert np.allclose(mended.image, acted.take.body.image) and np.allclose(mended.world, acted.take.body.world)


def test_bone_lengths_are_found(acted):
    """Lengths of limbs come out within 6 % of the truth, both sides equal."""
    sight, lens = sights(acted.take)
    length = bones.lengths(sight, root.translations(sight, lens)[:, 1], lens, ASIS)
    assert np.abs(length / acted.length - 1)[bones.SOFTNESS < 0.006].max() < 0.06
    assert np.allclose(length, length[bones.TWIN])


def test_height_sets_the_scale(acted):
    """The height that the user gives is the height of the skeleton."""
    sight, lens = sights(acted.take)
    length = bones.lengths(sight, root.translations(sight, lens)[:, 1], lens, Settings(height=2.0))
    assert np.isclose(length[bones.TORSO].mean() * bones.HEIGHT, 2.0)


def test_fit_finds_the_pose_and_keeps_bones(acted):
    """Bones point within 4 degrees of the truth on average and keep their lengths within 1 %."""
    points, _ = fitted(acted.take)
    angle = np.degrees(np.arccos(np.clip((directions(points) * directions(acted.points)).sum(-1), -1, 1)))
    limbs = [i for i, bone in enumerate(BONES) if bone[3] < 0.006 and "Heel" not in bone[0] + bone[1]]
    assert angle[:, limbs].mean() < 4.0
    size = np.linalg.norm(points[:, TO] - points[:, FROM], axis=-1)[:, limbs]
    assert (size.std(0) / size.mean(0)).max() < 0.01


def test_fit_is_as_calm_as_the_performer(acting):
    """Jitter of the fit is at most three times that of the true movement, where the detector's is far above it."""
    shown = acting(noise=0.008)
    points, _ = fitted(shown.take)
    jitter = lambda x: np.linalg.norm(np.diff(x, 3, axis=0), axis=-1).mean()  # noqa: E731
    assert jitter(points) < 3 * jitter(shown.points)
    assert jitter(shown.take.body.world) > 10 * jitter(shown.points)


def test_what_is_not_seen_rests(acted):
    """An arm out of sight hangs down beside the body, without a jump on the way."""
    points, _ = fitted(hidden(acted.take, ["rightElbow", "rightWrist"]))
    down = points[:, POINT["rightElbow"]] - points[:, POINT["rightShoulder"]]
    assert (down[:, 2] < -0.9 * np.linalg.norm(down, axis=1)).all()
    assert np.abs(np.diff(points, axis=0)).max() < 0.1


def test_windows_join_without_a_seam():
    """Shares of overlapping windows add up to one everywhere, and cover every sample."""
    for samples in (1, 599, 601, 5000):
        total = np.zeros(samples)
        for start, stop, share in fit.windows(samples):
            total[start:stop] += share
        assert np.allclose(total, 1)


def test_long_clips_are_fitted_in_windows(acted, monkeypatch):
    """Solving in windows gives what solving at once gives."""
    whole, _ = fitted(acted.take)
    monkeypatch.setattr(fit, "WINDOW", 60)
    monkeypatch.setattr(fit, "OVERLAP", 30)
    parts, _ = fitted(acted.take)
    assert np.abs(parts - whole).max() < 0.02


def test_translation_is_found(acted):
    """Depth before the camera is right within 5 %."""
    sight, lens = sights(acted.take)
    hips = acted.points[:, [POINT["leftHip"], POINT["rightHip"]]].mean(1)
    found = root.translations(sight, lens)
    assert np.abs(found[:, 1] / hips[:, 1] - 1).max() < 0.05
    assert np.abs(found - hips)[:, [0, 2]].max() < 0.05


def test_rate_of_the_result_is_the_users(acted):
    """settings.fps makes the clock, 0 takes the video's."""
    assert np.isclose(signals.rate(observed.clock(acted.take, Settings(fps=12))), 12)
    assert np.isclose(signals.rate(observed.clock(acted.take, ASIS)), 30)
