"""Motions that come out of files, and shots that film them with known truth."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bpy")

from understudy.addon.figures.proportions import PERFORMER  # noqa: E402
from understudy.benchmarks import acting, film, motions, shots  # noqa: E402
from understudy.benchmarks.performances import PERFORMANCES  # noqa: E402
from understudy.benchmarks.truth import read_truth  # noqa: E402
from understudy.solvers import exports  # noqa: E402
from understudy.solvers.footage import video  # noqa: E402
from understudy.solvers.motion.skeleton import joint_positions  # noqa: E402
from understudy.solvers.names import JOINT, JOINTS  # noqa: E402

COUNTED = [name for name in JOINTS if name not in ("leftEye", "rightEye", "jaw")]


@pytest.fixture(scope="module")
def squat():
    return acting.perform(PERFORMANCES["squat"], PERFORMER, (720, 1280), film.Camera().projection((720, 1280)))


@pytest.fixture(scope="module")
def squat_file(squat, tmp_path_factory):
    path = tmp_path_factory.mktemp("motions") / "squat.bvh"
    exports.write(squat, path)
    return path


def test_a_motion_file_gives_the_performance_back(squat, squat_file):
    """What was exported as BVH comes back with all joints within 5 mm, standing on the ground."""
    back = motions.read_motion(str(squat_file), 24.0)
    places = [joint_positions(p.rotations, p.root, p.skeleton)[:, [JOINT[n] for n in COUNTED]] for p in (squat, back)]
    count = min(len(squat.time), len(back.time))
    assert count >= len(squat.time) - 1
    apart = places[0][:count] - places[1][:count]
    apart[..., :2] -= apart[0, JOINT["hips"], :2]  # it begins where the stage's middle is
    apart[..., 2] -= np.median(apart[..., 2])  # ankles of a standard person
    assert np.linalg.norm(apart, axis=-1).max() < 0.005
    assert back.contacts.mean() > 0.95  # nobody lifts a foot in a squat


def test_part_of_a_motion(squat_file):
    """Start and end cut a motion, and its clock begins anew."""
    part = motions.read_motion(str(squat_file), 30.0, 1.0, 2.0)
    assert part.time[0] == 0 and part.time[-1] == pytest.approx(1.0) and len(part.touches) == len(part.time)


def test_missing_motions_are_refused(tmp_path, squat_file):
    """A file or an action that is not there is refused in one sentence that says what is there."""
    with pytest.raises(motions.MotionError, match="There is no motion"):
        motions.read_motion(str(tmp_path / "none.bvh"), 24.0)
    with pytest.raises(motions.MotionError, match="has no action 'Dance': it has squat"):
        motions.read_motion(f"{squat_file}:Dance", 24.0)


def test_a_shot_is_filmed_with_its_truth(tmp_path, squat_file):
    """The film has the size and rate asked for; the truth's pixels are its joints through its camera, on the floor."""
    shot = shots.Shot.made(character="starter", motion=str(squat_file), size="96x128", fps=12, turned=30, seat=True)
    out = tmp_path / "shot.mp4"
    found = shots.shoot(shot, out, slice(0, 24, 8))
    truth, clip = read_truth(out.with_suffix(".gt.json.gz")), video.probe(out)
    assert found["pictures"] == 3 == len(truth.time) and found["least_inside"] == 1.0
    assert tuple(clip.size) == (96, 128) and clip.fps == pytest.approx(12)
    for name in ("leftHand", "rightFoot"):
        ahead = np.c_[truth.joints[name], np.ones(3)] @ shot.projection().T
        assert np.allclose(ahead[:, :2] / ahead[:, 2:], truth.pixels[name], atol=0.3)
    assert 0.03 < truth.joints["leftFoot"][:, 2].min() < 0.15
    across = (truth.joints["leftUpperLeg"] - truth.joints["rightUpperLeg"])[0]
    assert np.degrees(np.arctan2(across[1], across[0])) == pytest.approx(30, abs=8)


def test_the_list_of_shots_is_well_formed(tmp_path):
    """Every shot of the list can be made; without material only our own are found; a file that is needed is named."""
    assert list(shots.listed(tmp_path)) == ["combination"]
    with pytest.raises(shots.ShotError, match="'walk' needs .*mh_f_mixamo.glb, which is not there"):
        shots.listed(tmp_path, ["walk"])
    with pytest.raises(shots.ShotError, match="There is no shot 'flight'"):
        shots.listed(tmp_path, ["flight"])


def test_material_is_found_in_its_folder(shared):
    """With the material, all shots of the list are found, with their files in its folder."""
    found = shots.listed(shared)
    assert len(found) >= 8 and all(shot.motion in PERFORMANCES or str(shared) in shot.motion for shot in found.values())


@pytest.mark.parametrize(
    "words, said",
    [({"size": "5x9"}, "cannot be filmed"), ({"light": "disco"}, "no light"), ({"lens": 1}, "has no 'lens'"),
     ({"size": "ax2"}, "cannot be made")],
)  # fmt: skip
def test_impossible_shots_are_refused(words, said):
    """Odd sizes, unknown lights and unknown words are refused in one sentence."""
    with pytest.raises(shots.ShotError, match=said):
        shots.Shot.made(character="starter", motion="turn", **words)
