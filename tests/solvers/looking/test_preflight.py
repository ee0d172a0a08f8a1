"""The look before the long one: what is measured is there, and what is said of it is what a person would say."""

import dataclasses
import json
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from understudy.solvers import detect as room
from understudy.solvers import errors, models, names
from understudy.solvers.detectors.sight import Points, Sight
from understudy.solvers.footage import video
from understudy.solvers.looking import glance, preflight
from understudy.solvers.people import performer

DEMO = room.ROOT / "presets" / "demo" / "performance.mp4"
SIZE = (640, 480)
UPPER = [f"{side}{joint}" for side in ("left", "right") for joint in ("Shoulder", "Elbow", "Wrist", "Hip")]
LEGS = [f"{side}{joint}" for side in ("left", "right") for joint in ("Knee", "Ankle")]


@pytest.fixture
def networks():
    """The networks, or the reason why this test cannot be run."""
    try:
        return models.find()
    except errors.ModelError as fault:
        pytest.skip(str(fault))


def good_row(at, **other):
    """A picture in which all is well: somebody from the waist up, with both hands, before a camera on a stand."""
    part = {"size": 90.0, "inside": 1.0, "light": 120.0, "sharp": 0.3}
    row = {"time": at, "light": 110.0, "people": 1, "moved": 0.0, "changed": 0.0 if at else None}
    body = {"trunk": 150.0, "seen": UPPER, "out": LEGS, "head": True}
    return row | {"body": body} | {name: dict(part) for name in glance.PARTS} | other


def measured(rows=None, **other):
    """What a look at three seconds leaves. rows: of the pictures; None is twelve good ones."""
    rows = rows or [good_row(k / 4) for k in range(12)]
    return {"size": SIZE, "seconds": 3.0, "fps": 30.0, "sound": True, "steps": [1 / 30] * 200, "rows": rows} | other


def changed(part, **other):
    """Twelve good pictures but for a part, of which some measures are others, or which is not there (None)."""
    rows = [good_row(k / 4) for k in range(12)]
    return measured([row | {part: row[part] | other if other else None} for row in rows])


def test_a_good_video_gets_no_advice():
    """Where all is well the line says so and nothing is to be done better."""
    seen = preflight.judged(measured())
    assert seen.advice == () and seen.framing == "waist" and seen.people == 1 and not seen.varying
    assert preflight.line(seen) == "3 s, 30 fps, one person, waist up. Face and both hands good, legs not seen"


@pytest.mark.parametrize(
    ("part", "fault", "hint"),
    [
        ("face", {"size": 25.0}, "far away"),
        ("face", {"light": 12.0}, ""),
        ("face", {"sharp": 0.03}, "face is blurred"),
        ("left_hand", {"inside": 0.4}, "leave the picture"),
        ("left_hand", {"sharp": 0.07}, "hands are blurred"),
        ("right_hand", {"size": 20.0}, ""),
        ("body", {"trunk": 20.0}, ""),
    ],
)
def test_what_is_not_good_enough_does_not_count(part, fault, hint):
    """A part that is seen but too small, dark, blurred or cut off is not usable; others are, and advice says why."""
    seen = preflight.judged(changed(part, **fault))
    assert getattr(seen, part) == 0 and seen.found[part] == 1
    assert all(getattr(seen, other) == 1 for other in preflight.PARTS if other != part)
    assert hint in " ".join(seen.advice) and "poor" in preflight.line(seen)


@pytest.mark.parametrize(
    ("found", "hint"),
    [
        (measured(fps=12.0), "12 pictures a second are few"),
        (measured([good_row(k / 4, people=2 if k < 4 else 1) for k in range(12)]), "Two people are seen"),
        (measured([good_row(k / 4, moved=0.004) for k in range(12)]), "camera seems to move"),
        (measured([good_row(k / 4, changed=0.6 * (k == 5)) for k in range(12)]), "between 1.0 and 1.2 s"),
        (changed("face"), "face is often not seen"),
        (changed("right_hand"), "not made out"),
        (changed("body", seen=UPPER + LEGS[::2]), "feet are cut off"),
        (measured([good_row(k / 4, **{p: None for p in preflight.PARTS if k < 6}) for k in range(12)]), "1.5 to 2.8 s"),
    ],
)  # fmt: skip
def test_each_fault_of_a_video_is_told(found, hint):
    """Whatever an artist could do better is said in a sentence."""
    [sentence] = preflight.judged(found).advice
    assert hint in sentence and sentence.endswith(".")


def test_darkness_is_told_once():
    """In the dark, one sentence says so, of face and hands together."""
    dark = [good_row(k / 4) for k in range(12)]
    dark = [row | {part: row[part] | {"light": 15.0} for part in glance.PARTS} for row in dark]
    assert ["too dark" in sentence for sentence in preflight.judged(measured(dark)).advice] == [True]


def test_a_hand_alone_is_no_person():
    """Hands without a body are named as that, whatever one picture in which a body seems to be says."""
    rows = [good_row(k / 4, people=0, body=None, face=None, left_hand=None) for k in range(11)]
    seen = preflight.judged(measured([*rows, good_row(2.75, face=None, left_hand=None)]))
    assert preflight.line(seen) == "3 s, 30 fps, hands alone. Right hand good, left hand not seen" and seen.people == 0


def test_nobody_is_advice_and_no_error():
    """Where nobody is, or somebody in one picture only, the line says so, and at most one sentence what would help."""
    nobody = [good_row(k / 4, people=0, **dict.fromkeys(preflight.PARTS)) for k in range(12)]
    for rows in (nobody, [good_row(0), *nobody[1:]]):
        seen = preflight.judged(measured(rows))
        assert preflight.line(seen) == "3 s, 30 fps, nobody seen" and seen.people == 0 and seen.face == 0
        assert len(seen.advice) == 1 and "lit" in seen.advice[0]
    [dark] = preflight.judged(measured([row | {"light": 2.0} for row in nobody])).advice
    assert "too dark" in dark


def test_never_more_than_three_sentences():
    """Of many faults, the three that matter most are told, and the record goes through JSON unchanged."""
    part = {"size": 20.0, "inside": 0.3, "light": 10.0, "sharp": 0.01}
    rows = [good_row(k / 4, people=3, moved=0.01, **{name: part for name in glance.PARTS}) for k in range(12)]
    seen = preflight.judged(measured(rows, fps=6.0))
    assert len(seen.advice) == 3 and "Three people" in seen.advice[0]
    again = json.loads(json.dumps(dataclasses.asdict(seen)))
    assert preflight.line(preflight.Preflight(**again)) == preflight.line(seen)


def test_a_rate_varies_where_pictures_last_differently():
    """Rounding of times is no varying rate; dropped pictures, often enough, are one."""
    rng = np.random.default_rng(0)
    even = np.full(200, 1 / 30) + rng.uniform(-5e-4, 5e-4, 200)
    assert not preflight.judged(measured(steps=even.tolist())).varying
    even[::9] *= 2
    seen = preflight.judged(measured(steps=even.tolist()))
    assert seen.varying and "30 fps (varying)" in preflight.line(seen)


def test_the_cast_is_whoever_can_be_chosen():
    """Several people are named as the detector understands them; one alone leaves nothing to choose."""
    one, other = ({"point": [x, 0.5], "time": 1.25, "picture": "eA=="} for x in (0.25, 0.75))
    assert preflight.judged(measured(cast=[one])).cast == () == preflight.judged(measured()).cast
    cast = preflight.judged(measured(cast=[one, other])).cast
    assert [performer.read(person["performer"]).point for person in cast] == [(0.25, 0.5), (0.75, 0.5)]
    assert all(performer.read(person["performer"]).at == 1.25 and person["picture"] for person in cast)


@pytest.fixture
def noise():
    """A picture with detail of all sizes, (480, 640, 3) uint8."""
    rng = np.random.default_rng(1)
    layers = [cv2.resize(rng.uniform(0, 255, (480 // s, 640 // s, 3)), SIZE) for s in (4, 16, 60)]
    return np.mean(layers, 0).astype(np.uint8)


def sight_at(x, y, size):
    """A face whose points fill a square at a place."""
    grid = np.stack(np.meshgrid(np.linspace(x, x + size, 22), np.linspace(y, y + size, 22)), -1).reshape(-1, 2)[:478]
    image = np.column_stack([grid, np.zeros(len(grid))])
    return Sight(0.0, face=Points(image, image, np.ones(len(grid))))


def test_measures_follow_the_picture(noise):
    """Blur lowers sharpness, dimming lowers light and little else, and points beyond the edge are not inside."""
    face = sight_at(100, 100, 200)
    plain = glance.row(face, noise)["face"]
    blurred = [glance.row(face, cv2.GaussianBlur(noise, (0, 0), sigma))["face"]["sharp"] for sigma in (2, 5, 10)]
    assert plain["sharp"] > blurred[0] > blurred[1] > blurred[2]
    dim = glance.row(face, noise // 4)["face"]
    assert dim["light"] == pytest.approx(plain["light"] / 4, abs=1)
    assert dim["sharp"] == pytest.approx(plain["sharp"], 0.1)
    assert plain["inside"] == 1 and plain["size"] == pytest.approx(200)
    assert glance.row(sight_at(540, 100, 200), noise)["face"]["inside"] == pytest.approx(0.5, abs=0.05)
    assert glance.row(face, noise)["left_hand"] is None and glance.row(face, noise)["body"] is None


def test_motion_of_the_camera_is_measured_behind_the_performer(noise):
    """A picture that shifts as a whole has moved by as much; what moves only where the performer is has not."""
    ground = glance.background(sight_at(250, 150, 100), noise.shape[:2])
    assert ground[200, 300] == 0 and ground[10, 10] == 255
    assert glance.moved(noise, np.roll(noise, 8, 1), ground) == pytest.approx(8 / 640, rel=0.2)
    inner = noise.copy()
    inner[150:250, 250:350] = np.roll(inner, 30, 1)[150:250, 250:350]
    assert glance.moved(noise, inner, ground) < 1e-4
    assert glance.moved(np.zeros_like(noise), np.zeros_like(noise), ground) is None


def test_another_view_is_another_background():
    """Two pictures of one place have not changed, those of two places have, and without background nothing is said."""
    shape = (glance.COARSE, glance.COARSE)
    one, other = np.full((*shape, 3), 60, np.uint8), np.full((*shape, 3), 160, np.uint8)
    everywhere, nowhere = np.ones(shape, bool), np.zeros(shape, bool)
    assert glance.changed((one, everywhere), (one + 9, everywhere)) == 0
    assert glance.changed((one, everywhere), (other, everywhere)) == 1
    assert glance.changed((one, everywhere), (other, nowhere)) is None


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """A video of 6 s whose k-th picture is as grey as k, with a keyframe every 50 pictures."""
    import av

    path = tmp_path_factory.mktemp("numbered") / "grey.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"g": "50", "sc_threshold": "0", "crf": "5"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for k in range(150):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40 + k, np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(("start", "end", "count"), [(0.0, 6.0, 4), (0.0, 6.0, 12), (2.9, 4.0, 5), (5.9, 6.0, 2)])
def test_pictures_are_spread_over_the_range(numbered, start, end, count):
    """Each piece of the range gives one picture with its true time, and one a moment later; keyframes are preferred."""
    piece = (end - start) / count
    found = list(video.spread(numbered, start, end, count, 0.1))
    assert [int((at - start) / piece + 1e-6) for at, _, _ in found] == list(range(count))
    for at, picture, later in found:
        assert picture.mean() == pytest.approx(40 + at * 25, abs=3)
        assert later.mean() == pytest.approx(min(40 + at * 25 + 3, 189), abs=4.5)
    if count == 4:
        assert 2.0 in [round(at, 3) for at, _, _ in found]


def test_steps_are_those_of_the_container(numbered):
    """At a constant rate all pictures last equally long."""
    steps = video.steps(numbered)
    assert len(steps) > 60 and np.allclose(steps, 0.04, atol=1e-4)


def test_a_look_is_short_and_leaves_the_parent_clean(networks):
    """The demo is judged good, progress ends at its end, and the parent has loaded no library of the child's."""
    code = (
        "import sys, json, dataclasses\n"
        "from understudy.solvers.looking import preflight\n"
        "told = []\n"
        f"seen = preflight.look({str(DEMO)!r}, end=3.0, progress=lambda *counts: told.append(counts))\n"
        "assert told[0][0] == 0 and told[-1][0] == told[-1][1] > 10, told\n"
        "assert not {'mediapipe', 'cv2', 'av', 'bpy'} & set(sys.modules)\n"
        "print(json.dumps(dataclasses.asdict(seen)))\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    seen = preflight.Preflight(**json.loads(said))
    assert preflight.line(seen) == "3 s, 24 fps, one person, whole body. Body, face and both hands good"
    assert seen.advice == [] and seen.sound and seen.size == [720, 1280] and seen.framing in names.FRAMINGS


def test_faults_are_sentences(networks, tmp_path, monkeypatch):
    """What is no video, a range that is none, a wish to stop and a crash each end in the error named for it."""
    (tmp_path / "text.mp4").write_text("no video")
    for path, start in ((tmp_path / "text.mp4", None), (tmp_path / "none.mp4", None), (DEMO, 99.0)):
        with pytest.raises(errors.VideoError):
            preflight.look(path, start=start)
    begun = time.monotonic()
    with pytest.raises(errors.Cancelled):
        preflight.look(DEMO, cancelled=lambda: time.monotonic() > begun + 0.2)
    monkeypatch.setattr(room, "LAUNCH", "import os; os.abort()")
    with pytest.raises(errors.DetectorError, match="SIGABRT"):
        preflight.look(DEMO)


@pytest.mark.parametrize(
    ("clip", "line", "hint"),
    [
        ("real/two_people_headpose.mp4", "two people, head and shoulders. Face good", "Two people"),
        ("real/no_person_room.mp4", "nobody seen", "Nobody is seen"),
        ("real/fullbody_portrait_squats_5fps.mp4", "5 fps, one person, whole body. Body", "5 pictures a second"),
        ("bad/lowlight_noisy.mp4", "one person, waist up", "too dark"),
        ("bad/hard_cut_person_swap.mp4", "one person, waist up. Face good", "The view changes between 2"),
        ("bad/variable_frame_rate.mp4", "(varying), one person, whole body", "too dark"),
    ],
)
def test_verdicts_are_what_a_person_would_say(networks, shared, clip, line, hint):
    """Real clips with one fault each are told by it."""
    seen = preflight.look(shared / "videos" / clip)
    assert line in preflight.line(seen) and hint in " ".join(seen.advice), (preflight.line(seen), seen.advice)
