"""A performer's neutral and ranges: found, told, kept in a file, and used by the solve."""

import dataclasses
import json

import numpy as np
import pytest
from understudy import __main__ as command
from understudy.solvers import record
from understudy.solvers.errors import CalibrationError
from understudy.solvers.face import blinks, calibration, expressions, skull
from understudy.solvers.names import EXPRESSION
from understudy.solvers.settings import Settings
from understudy.solvers.take import Landmarks, Take

from .synthetic_face import moved, neutral, take_of
from .test_expressions import CHIN, LEFT_BROW, RIGHT_BROW, used
from .test_gaze import lids_shut

FPS = 30
TIME = np.arange(12 * FPS) / FPS
TIMES = {"neutral": 1.0, "open": 3.0, "smile": 5.0, "brows": 7.0, "shut": 9.0}
JAW = EXPRESSION["jawOpen"]
SMILES = ((used([291, 308, 287, 409, 375]), (0.09, 0.06, 0.12)), (used([61, 78, 57, 185, 146]), (-0.09, 0.06, 0.12)))


def held(at):
    """(T,) 1 around a moment, with soft edges."""
    return np.clip(2.5 - np.abs(TIME - at) / 0.3, 0, 1)


def offsets(jaw=1.0, lift=0.0, order=TIMES):
    """A face (T, 478, 3) that holds the poses one after the other. jaw: how far it goes. lift: of brows at rest."""
    total = np.repeat(neutral(), len(TIME), 0)
    rest = total.copy()
    total += moved(used(CHIN), np.array((0, 0.15, -0.35)) * jaw, held(order["open"])) - rest
    for points, way in SMILES:
        total += moved(points, way, held(order["smile"])) - rest
    total += moved(used(LEFT_BROW + RIGHT_BROW), (0, 0, 0.12), held(order["brows"]) + lift) - rest
    return total


def clip(points, time=TIME, path="me.mp4"):
    """A take that shows faces (T, 478, 3) one after the other."""
    parts = [take_of(points[k : k + 90] if len(points[k : k + 90]) == 90 else np.resize(points[k:], (90, 478, 3)))
             for k in range(0, len(points), 90)]  # fmt: skip
    image = np.concatenate([part.face.image for part in parts])[: len(time)]
    whole = Take.empty(time, (1280, 720), source={"path": path, "fps": 30.0})
    marks = Landmarks(image, np.full_like(image, np.nan), np.ones(image.shape[:2]))
    return dataclasses.replace(whole, face=marks)


@pytest.fixture(scope="module")
def session():
    """A take of the poses: rest at 1 s, open at 3 s, smile at 5 s, brows at 7 s."""
    return clip(offsets())


def solved(take, **settings):
    """Expressions (T, 52) of a take."""
    return expressions.solve_expressions(take, take.time, Settings(smoothing=0.0, **settings))[0]


def test_the_poses_are_found(session):
    """Each pose is found while it is held, in whatever order; shut eyes are not missed."""
    found = calibration.made(session).times
    assert set(found) == {"neutral", "open", "smile", "brows"}
    assert all(abs(found[pose] - TIMES[pose]) < 0.8 for pose in ("open", "smile", "brows"))
    assert all(abs(found["neutral"] - TIMES[pose]) > 0.8 for pose in ("open", "smile", "brows"))
    other = {"smile": 1.5, "brows": 4.0, "open": 7.0}
    found = calibration.made(clip(offsets(order=other))).times
    assert all(abs(found[pose] - other[pose]) < 0.8 for pose in other)


def test_shut_eyes_are_found_too():
    """Eyes that are kept shut for a second are the fifth pose."""
    shut = lids_shut(np.ones(90))[:1] - neutral()
    points = offsets() + shut * held(TIMES["shut"])[:, None, None] * 0.95
    found = calibration.made(clip(points)).times
    assert abs(found["shut"] - TIMES["shut"]) < 0.8


def test_lids_that_are_shown_shut_are_shut():
    """Lids that look half open to the network when they are shut close further once that was shown."""
    lids = (lids_shut(np.ones(90))[:1] - neutral()) * held(TIMES["shut"])[:, None, None]
    session = clip(neutral() + 0.55 * lids)
    faces = {pose: calibration.face_at(session, TIMES[pose]) for pose in ("neutral", "shut")}
    told = calibration.shut_lids(calibration.Calibration(faces))
    assert told == pytest.approx([0.45, 0.45], abs=0.08)
    found, at = skull.fit(clip(neutral() + 0.4 * lids)), int(TIMES["shut"] * FPS)
    assert blinks.closure(found)[at].max() < 0.6
    assert blinks.closure(found, told)[at].min() > 0.65
    assert calibration.shut_lids(calibration.Calibration({"neutral": faces["neutral"]})) is None
    assert calibration.shut_lids(calibration.Calibration(faces | {"shut": faces["neutral"]})) is None


def test_a_pose_that_is_not_shown_is_told():
    """A clip without raised brows is refused with what is missing, and so is a moment that does not show its pose."""
    flat = offsets()
    flat[:, used(LEFT_BROW + RIGHT_BROW)] = neutral()[:, used(LEFT_BROW + RIGHT_BROW)]
    with pytest.raises(CalibrationError, match="raised brows.*--brows"):
        calibration.made(clip(flat))
    with pytest.raises(CalibrationError, match="does not show a smile"):
        calibration.made(clip(offsets()), {"smile": 1.0})
    with pytest.raises(CalibrationError, match="No face is seen at 40"):
        calibration.made(clip(offsets()), {"neutral": 40.0})
    with pytest.raises(CalibrationError, match="no face to be calibrated"):
        calibration.made(Take.empty(TIME, (64, 48)))


@pytest.mark.parametrize("jaw", [0.6, 1.0])
def test_what_is_full_for_this_performer_becomes_one(tmp_path, jaw):
    """Mouth, smile and brows reach 1 where the performer goes as far as in the calibration, and half way half."""
    session = clip(offsets(jaw))
    calibration.save(calibration.made(session, TIMES_OF_FOUR), tmp_path / "me.calibration.json")
    values = solved(session, calibration=str(tmp_path / "me.calibration.json"))
    at = lambda pose: values[int(TIMES[pose] * FPS)]  # noqa: E731
    assert at("open")[JAW] > 0.93
    assert at("smile")[EXPRESSION["mouthSmileLeft"]] > 0.9
    assert at("brows")[EXPRESSION["browOuterUpRight"]] > 0.9
    assert at("neutral").max() < 0.1
    half = clip(0.5 * (offsets(jaw) + neutral()))
    values = solved(half, calibration=str(tmp_path / "me.calibration.json"))
    assert values[int(TIMES["open"] * FPS), JAW] == pytest.approx(0.5, abs=0.1)


TIMES_OF_FOUR = {pose: TIMES[pose] for pose in calibration.NEEDED}


def test_a_neutral_that_is_told_is_zero():
    """Brows that are raised all but a moment are raised, where the moment is told; without it they look at rest."""
    up = 1.0 - held(1.0)
    take = clip(moved(used(LEFT_BROW + RIGHT_BROW), (0, 0, 0.12), up))
    late = slice(3 * FPS, None)
    brow = EXPRESSION["browOuterUpLeft"]
    assert solved(take, neutral=1.0)[late, brow].min() > 0.3
    assert solved(take, neutral=6.0)[late, brow].max() < 0.1
    assert solved(take, neutral=1.0)[FPS].max() < 0.1


def test_a_neutral_from_elsewhere_is_zero(tmp_path):
    """The face at rest may come from another camera, larger and elsewhere in its picture."""
    up = clip(moved(used(LEFT_BROW + RIGHT_BROW), (0, 0, 0.12), np.ones(len(TIME))))
    rest = clip(np.repeat(neutral(), len(TIME), 0))
    still = calibration.Calibration({"neutral": calibration.face_at(rest, 1.0) * 2.5 + [300, 80, 0]})
    calibration.save(still, tmp_path / "still.json")
    brow = EXPRESSION["browOuterUpLeft"]
    assert solved(up, calibration=str(tmp_path / "still.json"))[:, brow].min() > 0.3
    assert solved(up)[:, brow].max() < 0.2


def test_a_moment_comes_before_the_file(session, tmp_path):
    """Where both are given, the clip's own moment is the rest, and the file still tells the ranges."""
    known = calibration.made(session, TIMES_OF_FOUR)
    calibration.save(known, tmp_path / "c.json")
    both = calibration.given(session, Settings(neutral=7.0, calibration=str(tmp_path / "c.json")))
    assert set(both.faces) == set(known.faces)
    assert not np.allclose(both.faces["neutral"], known.faces["neutral"], atol=0.5)
    assert np.allclose(both.faces["open"], known.faces["open"], atol=0.01)


def test_files_come_back_as_they_went(session, tmp_path):
    """A calibration that is written and read is the same to a hundredth of a pixel."""
    known = calibration.made(session)
    calibration.save(known, tmp_path / "c.calibration.json")
    back = calibration.load(tmp_path / "c.calibration.json")
    assert list(back.faces) == list(known.faces) and back.source == "me.mp4"
    assert all(np.allclose(back.faces[pose], known.faces[pose], atol=0.006) for pose in back.faces)
    assert back.times == pytest.approx(known.times, abs=1e-3)


def damaged(**changes):
    """The words of a calibration with something wrong in it."""
    flat = {"understudy": "calibration", "version": 1, "faces": {"neutral": [[k, k % 7, 0] for k in range(478)]}}
    return json.dumps(flat | changes)


@pytest.mark.parametrize(
    "content, hint",
    [
        ("", "no JSON"),
        ("[1, 2", "no JSON"),
        ("[" * 100000, "no JSON"),
        ("[1, 2]", "no calibration"),
        ('{"understudy": "look"}', "no calibration"),
        (damaged(version=2), "newer"),
        (damaged(faces={}), "at least of neutral"),
        (damaged(faces=[1]), "at least of neutral"),
        (damaged(faces={"neutral": [[0, 0, 0]]}), "478 points"),
        (damaged(faces={"neutral": [["a", 0, 0]] * 478}), "478 points"),
        (damaged(faces={"neutral": [[0, 0, 0]] * 478}), "478 points"),
        (damaged(faces={"neutral": [[float("inf"), 0, 0]] * 478}), "478 points"),
        (damaged(faces={"neutral": [[1, 2, 3]] * 478, "wink": []}), "neutral, open"),
    ],
)  # fmt: skip
def test_bad_files_get_one_sentence(tmp_path, content, hint):
    """What is no calibration is refused with its name and what would be right."""
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(CalibrationError) as told:
        calibration.load(tmp_path / "bad.json")
    assert hint in str(told.value) and "bad.json" in str(told.value) and "\n" not in str(told.value)
    with pytest.raises(CalibrationError, match=r"gone\.json"):
        calibration.load(tmp_path / "gone.json")


def test_weak_poses_conclude_nothing(session):
    """An expression of which hardly anything was read keeps the usual range."""
    faces = {pose: calibration.face_at(session, TIMES[pose]) for pose in ("neutral", "open")}
    faces["open"] = faces["neutral"] + 0.05 * (faces["open"] - faces["neutral"])
    assert calibration.full(calibration.Calibration(faces))[JAW] < calibration.LEAST
    assert skull.fit(calibration.Calibration(faces).take()).seen.all()


def told(capsys, *words):
    """(exit code, standard output, standard error) of a command line."""
    try:
        code = command.main([str(word) for word in words])
    except SystemExit as end:
        code = end.code
    return code, *capsys.readouterr()


def test_the_command_line_calibrates(capsys, session, tmp_path):
    """calibrate finds the poses in a take or is told them, and solve uses its file; nothing is left by a failure."""
    record.save(session, tmp_path / "s.take.npz")
    out = tmp_path / "me.calibration.json"
    code, said, wrong = told(capsys, "calibrate", tmp_path / "s.take.npz", "--out", out, "--neutral", "1.0")
    assert code == 0 and not wrong and "jawOpen" in said and calibration.load(out).times["neutral"] == 1.0
    facts = json.loads(told(capsys, "inspect", out, "--json")[1])
    assert facts["kind"] == "calibration" and 0.3 < facts["ranges"]["jawOpen"] < 3
    solving = ("solve", tmp_path / "s.take.npz", "--out", tmp_path / "p.npz")
    assert told(capsys, *solving, "--calibration", out)[0] == 0
    assert told(capsys, *solving, "--neutral", "1.0")[0] == 0
    (tmp_path / "bad.json").write_text("{}")
    code, _, wrong = told(capsys, *solving, "--calibration", tmp_path / "bad.json")
    assert code == 2 and "bad.json is no calibration" in wrong and wrong.count("\n") == 1
    code, _, wrong = told(capsys, *solving, "--neutral", tmp_path / "no.jpg")
    assert code == 2 and "no.jpg" in wrong and wrong.count("\n") == 1
    code, _, wrong = told(capsys, *solving, "--neutral", "soon")
    assert code == 2 and "still" in wrong and wrong.count("\n") == 1
    code, _, wrong = told(capsys, "calibrate", tmp_path / "s.take.npz", "--out", tmp_path / "c.npz")
    assert code == 2 and ".calibration.json" in wrong
