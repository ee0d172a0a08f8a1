"""The command that prints the table: what it takes, what it leaves out, and what it writes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from understudy.benchmarks import accuracy, plots, raw
from understudy.benchmarks.measures import Points
from understudy.benchmarks.truth import REFERENCE_POINTS, SIDES, TruthError, read_reference, read_truth, truth_of
from understudy.solvers import record
from understudy.solvers.take import Take

TRUTH = accuracy.DEMO.with_suffix(".gt.json.gz")


def test_a_folder_stands_for_its_clips_with_truth(tmp_path):
    """Of a folder, clips with a truth beside them are taken, and nothing else; named clips are taken as they are."""
    for name in ("a.mp4", "b.mkv", "b.gt.json.gz", "c.mp4", "c.gt.json.gz", "d.txt"):
        (tmp_path / name).touch()
    assert accuracy.clips_in([tmp_path, accuracy.DEMO]) == [tmp_path / "b.mkv", tmp_path / "c.mp4", accuracy.DEMO]


def test_what_is_absent_is_left_out_with_a_word(tmp_path, capsys):
    """Clips that are missing or have no truth are named with the reason, and without any clip the command fails."""
    lonely = tmp_path / "lonely.mp4"
    lonely.write_bytes(b"")
    assert accuracy.main([str(tmp_path / "gone.mp4"), str(lonely)]) == 2
    told = capsys.readouterr().err
    assert "There is no clip" in told and "lonely.mp4 has no truth" in told and "nothing to measure" in told


def test_truth_of_another_kind_is_refused(tmp_path):
    """A file that is no truth, and a reference without the camera asked for, are refused in one sentence."""
    broken = tmp_path / "clip.gt.json.gz"
    broken.write_bytes(b"no gzip")
    with pytest.raises(TruthError, match="holds no truth"):
        read_truth(broken)
    np.savez(tmp_path / "r.npz", X=np.zeros((3, 33, 3)), cam01_R=np.eye(3), cam01_t=np.zeros(3), fps=60.0)
    with pytest.raises(TruthError, match="has no camera 'cam07': it has cam01"):
        read_reference(tmp_path / "r.npz", "cam07")
    assert len(truth_of(tmp_path / "walk_cam01.mp4", tmp_path / "r.npz").measured) == len(REFERENCE_POINTS)


def test_the_table_has_every_way_and_the_face(tmp_path, monkeypatch, capsys):
    """One line for each way of each clip, with the columns' values, then the face; plots lie in their folder."""
    truth = read_truth(TRUTH)
    random = np.random.default_rng(1)
    plain = Points(
        truth.time, {n: x + random.normal(0, 0.02, x.shape) for n, x in truth.joints.items()},
        {s: truth.pixels[f"{s}MiddleProximal"] for s in SIDES}, floor=False,
    )  # fmt: skip
    monkeypatch.setattr(accuracy, "kept_raw_points", lambda clip, kept: plain)
    monkeypatch.setattr(accuracy, "performance_of", lambda clip, kept: _acted())
    assert accuracy.main([str(accuracy.DEMO), "--plots", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[2].strip() for line in lines[2:5]] == ["ours", "raw", "raw + one-euro"]
    jitter = [float(line.split("|")[list(accuracy.BODY).index("jitter") + 3]) for line in lines[2:5]]
    assert jitter[0] < jitter[2] < jitter[1]
    assert lines[6].startswith("| face |") and "1.0" in lines[8]
    assert cv2.imread(str(tmp_path / "performance.png")).shape == (3 * plots.SIZE[1], plots.SIZE[0], 3)


def test_the_brief_table_sets_ours_beside_raw():
    """One line a clip: ours first, raw and the truth in brackets, nothing where nothing is known."""
    ours, plain = {"pa": 41.0, "jitter": 1.25, "jitter_truth": 1.0}, {"pa": 63.0, "jitter": 14.0}
    rows = {"talk": accuracy.Measured({"ours": ours, "raw": plain}, {}), "face": accuracy.Measured({}, {})}
    cells = [cell.strip() for cell in accuracy.brief(rows).splitlines()[-1].split("|")[1:-1]]
    assert cells == ["talk", "41.0 (63.0)", "", "1.2 (1.0)", "", "", "", ""]


def _acted():
    """What the demo clip's performer did, as it was scripted."""
    from understudy.addon.figures.proportions import PERFORMER
    from understudy.benchmarks import acting, film
    from understudy.benchmarks.performances import DEMO

    return acting.perform(DEMO, PERFORMER, (720, 1280), film.Camera().projection((720, 1280)))


def test_takes_and_raw_points_are_found_again(tmp_path):
    """A take in the folder is solved without the video being looked at; raw points are read as they were written."""
    empty = Take.empty(np.arange(24) / 24, (640, 480), source={"path": "x.mp4", "fps": 24.0}, detector={})
    record.save(empty, tmp_path / "x.take.npz")
    assert len(accuracy.performance_of(tmp_path / "x.mp4", tmp_path / "x.take.npz").time) == 24
    names = ["leftHand", "rightHand"]
    np.savez(tmp_path / "x.raw.npz", time=np.arange(4.0), joint_names=names, joints=np.ones((4, 2, 3)),
             knuckles=np.zeros((2, 4, 2)))  # fmt: skip
    points = raw.kept_raw_points(tmp_path / "x.mp4", tmp_path / "x.raw.npz")
    assert list(points.joints) == names and points.pixels["right"].shape == (4, 2) and not points.floor


def test_one_euro_follows_what_is_fast_and_stills_what_is_not():
    """Noise about a point shrinks to less than half, a jump is followed within a third of a second."""
    random = np.random.default_rng(2)
    time = np.arange(90) / 30
    still = random.normal(0, 0.01, (90, 3))
    jump = np.where(time[:, None] < 1.5, 0.0, 1.0) * np.ones(3)
    out = raw.one_euro(Points(time, {"a": still, "b": jump}, {}, floor=False)).joints
    assert out["a"][10:].std() < 0.5 * still.std()
    assert np.abs(out["b"][56] - 1.0).max() < 0.1 and np.abs(out["b"][:45]).max() == 0


def test_raw_joints_have_our_axes_and_the_nearest_wrist():
    """World points come into our axes, and a hand hangs on the wrist it is nearest to, whatever its label."""
    from understudy.solvers.detectors.plain import PlainPoints

    body = PlainPoints(np.zeros((33, 3)), np.zeros((33, 3)), "")
    body.world[REFERENCE_POINTS["rightHand"]] = (0.1, -0.4, 0.3)  # x right, y down, z away
    body.image[REFERENCE_POINTS["rightHand"], :2] = 0.5
    hand = PlainPoints(np.full((21, 3), 0.5), np.zeros((21, 3)), "left")
    names = [*REFERENCE_POINTS, "leftMiddleProximal", *(f"{s}{b}" for s in SIDES for b in raw.HAND_POINTS)]
    row, knuckles = raw._joints({"pose": [body], "hand": [hand]}, np.array([100, 200]), names)
    assert np.allclose(row[names.index("rightHand")], (0.1, 0.3, 0.4))
    assert np.allclose(row[names.index("rightMiddleProximal")], (0.1, 0.3, 0.4))
    assert np.allclose(knuckles[0], (50, 100)) and np.isnan(knuckles[1]).all()
