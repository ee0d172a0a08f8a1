"""What a phone has captured of a face is read as it is, and drives the same performances."""

import dataclasses
import json

import numpy as np
import pytest
from understudy import __main__ as command
from understudy.solvers import captures, exports, names, record, report
from understudy.solvers.captures import captured
from understudy.solvers.errors import CaptureError
from understudy.solvers.exports import live_link_face
from understudy.solvers.motion import rotations, skeleton
from understudy.solvers.performance import Performance
from understudy.solvers.solve import solve
from understudy.solvers.take import Take

HEAD = names.JOINT["head"]
JAW, BLINK = names.EXPRESSION["jawOpen"], names.EXPRESSION["eyeBlinkLeft"]
FACE_CAP = [
    *("browInnerUp", "browDown_L", "browDown_R", "browOuterUp_L", "browOuterUp_R", "eyeLookUp_L", "eyeLookUp_R"),
    *("eyeLookDown_L", "eyeLookDown_R", "eyeLookIn_L", "eyeLookIn_R", "eyeLookOut_L", "eyeLookOut_R", "jawOpen"),
]


def exported(performance, tmp_path, rate=60):
    """A performance at a rate, and the path of its .csv."""
    time = np.arange(2 * rate) / rate
    smooth = lambda values: np.stack(  # noqa: E731
        [np.interp(time, performance.time, column) for column in np.reshape(values, (48, -1)).T], -1
    ).reshape(len(time), *np.shape(values)[1:])
    many = dataclasses.replace(
        performance, time=time, rotations=rotations.resample(performance.rotations, performance.time, time),
        **{n: smooth(getattr(performance, n)) for n in ("root", "expressions", "gaze", "contacts", "confidence",
                                                        "face_confidence", "touches")},
    )  # fmt: skip
    exports.write(many, tmp_path / "p.csv")
    return many, tmp_path / "p.csv"


def rewritten(path, change):
    """The same table with its lines of cells changed, in a file of its own."""
    lines = change([line.split(",") for line in path.read_text().splitlines()])
    other = path.with_name("changed.csv")
    other.write_text("\n".join(",".join(line) for line in lines) + "\n")
    return captures.read(other)


def test_what_is_exported_comes_back(performance, tmp_path):
    """Export, import and solve give the same weights, gaze and head within .001."""
    many, path = exported(performance, tmp_path)
    back = solve(captures.read(path))
    assert np.allclose(back.time, many.time, atol=1e-6)
    assert np.abs(back.expressions - many.expressions).max() < 1e-3
    assert np.abs(back.gaze - many.gaze).max() < 1e-3
    world = [skeleton.world_rotations(one.rotations)[:, HEAD] for one in (many, back)]
    assert rotations.angle_between(*world).max() < 1e-3
    assert back.face_confidence.min() == 1 and back.confidence[:, HEAD].min() == 1
    assert back.confidence[:, names.JOINT["hips"]].max() == 0
    assert any("face alone" in warning for warning in back.warnings)


def test_columns_are_read_by_name(performance, tmp_path):
    """Columns in any order, with other cases and more of them, say the same."""
    many, path = exported(performance, tmp_path)
    whole = captures.read(path)

    def shuffled(lines):
        order = np.random.default_rng(1).permutation(len(lines[0]))
        lines = [[line[k] for k in order] + ["7"] for line in lines]
        lines[0] = [name.replace("BlendshapeCount", "BlendShapeCount") for name in lines[0]]
        lines[0] = [name.replace("MouthSmileLeft", "mouthSmile_L") for name in lines[0][:-1]] + ["Weather"]
        return lines

    again = rewritten(path, shuffled)
    for field in ("time", "expressions", "gaze", "head"):
        assert np.allclose(getattr(again, field), getattr(whole, field)), field


def test_line_ends_and_marks_do_not_matter(performance, tmp_path):
    """CRLF with a byte order mark, and UTF-16, are read like plain lines."""
    _, path = exported(performance, tmp_path)
    text = path.read_text()
    for encoding in ("utf-8-sig", "utf-16"):
        other = tmp_path / f"{encoding}.csv"
        other.write_bytes(text.replace("\n", "\r\n").encode(encoding))
        assert np.array_equal(captures.read(other).expressions, captures.read(path).expressions)


def test_dropped_and_doubled_rows_keep_the_clock(performance, tmp_path):
    """Rows that are missing, twice there, empty, or cut off at the end shift nothing."""
    many, path = exported(performance, tmp_path)

    def torn(lines):
        head, rows = lines[0], lines[1:]
        rows = [row for k, row in enumerate(rows) if k % 7 != 3]
        rows.insert(20, list(rows[19]))
        rows.insert(40, [rows[39][0], "0"])
        return [head, *rows, rows[-1][:9]]

    take = rewritten(path, torn)
    assert np.all(np.diff(take.time) > 0)
    back = solve(take)
    jaw = np.interp(back.time, many.time, many.expressions[:, JAW])
    assert np.abs(back.expressions[:, JAW] - jaw).max() < 0.02


def test_subframes_and_midnight_are_time(performance, tmp_path):
    """Frames with fractions are sixtieths of a second, and time goes on after midnight."""
    _, path = exported(performance, tmp_path)

    def late(lines):
        codes = ["23:59:59:58.500", "23:59:59:59.500", "00:00:00:00.500", "00:00:00;02.250"]
        return [lines[0], *([code, *line[1:]] for code, line in zip(codes, lines[1:], strict=False))]

    assert np.allclose(rewritten(path, late).time * 60, [0, 1, 2, 3.75])


def test_missing_columns_are_told_and_stay_at_rest(performance, tmp_path):
    """A file without tongue, head and eyes still plays: gaze comes from the weights, the head looks ahead."""
    many, path = exported(performance, tmp_path)
    gone = ("TongueOut", *live_link_face.ANGLES)

    def without(lines):
        kept = [k for k, name in enumerate(lines[0]) if name not in gone]
        return [[line[k] for k in kept] for line in lines]

    take = rewritten(path, without)
    back = solve(take)
    assert not back.expressions[:, names.EXPRESSION["tongueOut"]].any()
    assert np.abs(back.expressions[:, JAW] - many.expressions[:, JAW]).max() < 1e-3
    up, down = (many.expressions[:, names.EXPRESSION[f"eyeLook{way}Left"]] for way in ("Up", "Down"))
    assert np.allclose(back.gaze[:, 0, 1], (up - down) * np.radians(30), atol=1e-3)
    assert back.confidence[:, HEAD].max() == 0
    assert any("tongueOut" in warning for warning in back.warnings)
    assert any("head" in warning for warning in back.warnings)


def face_cap(tmp_path, weights, turn=(0.0, 0.0, 0.0), step=1000 / 60, name="f.txt", more=""):
    """A Face Cap file with the shapes FACE_CAP. weights: (T, 14)."""
    lines = ["info,written by a test", "bs," + ",".join(FACE_CAP)]
    for k, row in enumerate(weights):
        numbers = [round(k * step), 0, 0, 0, *turn, 0, 0, 0, 0, *row]
        lines.append("k," + ",".join(f"{value:g}" for value in numbers))
    (tmp_path / name).write_text("\r\n".join(lines) + more)
    return tmp_path / name


def test_face_cap_is_read_by_its_own_names(tmp_path):
    """Weights find their shapes by the names in the file; times are milliseconds."""
    weights = np.zeros((60, 14))
    weights[:, 13], weights[:, 1] = np.linspace(0, 1, 60), 0.25
    weights[:, 11] = 0.5  # the left eye looks out, to the performer's left
    take = captures.read(face_cap(tmp_path, weights, more="\r\nk,1000,0,0"))
    assert np.allclose(take.expressions[:, JAW], weights[:, 13], atol=1e-5)
    assert np.allclose(take.expressions[:, names.EXPRESSION["browDownLeft"]], 0.25)
    assert np.isnan(take.expressions[:, names.EXPRESSION["tongueOut"]]).all()
    assert take.time[-1] == pytest.approx(59 / 60, abs=1e-3)
    assert take.gaze[5, 0] == pytest.approx([np.radians(15), 0], abs=1e-6)
    assert take.source["fps"] == pytest.approx(60, abs=2)


def test_face_cap_turns_the_head(tmp_path):
    """Each of the three angles turns the head by itself; angles near 360 are small turns back."""
    flat = np.zeros((2, 14))
    front = np.array([0.0, -1.0, 0.0])
    looks = {}
    for k in range(3):
        turn = [0.0, 0.0, 0.0]
        turn[k] = 350.0
        take = captures.read(face_cap(tmp_path, flat, turn))
        q = rotations.from_matrix(take.head[:1, :3, :3])
        assert np.degrees(rotations.angle_between(q, rotations.IDENTITY[None]))[0] == pytest.approx(10, abs=1e-3)
        looks[k] = rotations.rotate(q, front)[0]
    assert looks[0][2] < -0.1  # mirrored in depth: x turns the other way, so that the front goes down
    assert looks[1][0] > 0.1  # and y, to the performer's left
    assert np.allclose(looks[2], front, atol=1e-6)


def told(capsys, *words):
    """(exit code, standard output, standard error) of a command line."""
    code = command.main([str(word) for word in words])
    return code, *capsys.readouterr()


def test_the_command_line_takes_captures(capsys, performance, tmp_path):
    """Solve and inspect take a capture like a take, and the report of it has no pictures and no weak stretches."""
    many, path = exported(performance, tmp_path)
    assert told(capsys, "solve", path, "--out", tmp_path / "p.npz")[0] == 0
    back = record.load(Performance, tmp_path / "p.npz")
    assert np.abs(back.expressions - many.expressions).max() < 1e-3
    facts = json.loads(told(capsys, "inspect", path, "--json")[1])
    assert facts["kind"] == "face capture" and facts["shapes"] == 52 and facts["head"]
    facts = report.write(captures.read(path), back, None, tmp_path / "page")
    assert facts["coverage"]["face"] == 1 and facts["coverage"]["body"] == 0 and not facts["weakest"]
    assert not any("pictures" in warning for warning in facts["warnings"])


def test_a_capture_is_kept_as_a_take(performance, tmp_path):
    """Saved and read back, a capture is the same; takes of videos still have no gaze of their own."""
    _, path = exported(performance, tmp_path)
    take = captures.read(path)
    record.save(take, tmp_path / "t.take.npz")
    back = captures.take_of(tmp_path / "t.take.npz")
    assert np.array_equal(back.gaze, take.gaze) and np.array_equal(back.expressions, take.expressions)
    record.save(Take.empty(np.arange(3) / 30, (64, 48)), tmp_path / "v.take.npz")
    assert captures.take_of(tmp_path / "v.take.npz").gaze is None


def test_face_from_lays_a_capture_over_a_take(capsys, performance, tmp_path):
    """--face-from takes the face of a capture, at --face-offset; the one without the other is refused."""
    many, path = exported(performance, tmp_path)
    record.save(Take.empty(np.arange(90) / 30, (640, 480), source={"fps": 30.0}), tmp_path / "v.take.npz")
    words = ("solve", tmp_path / "v.take.npz", "--out", tmp_path / "p.npz")
    assert told(capsys, *words, "--face-from", path, "--face-offset", "0.5")[0] == 0
    back = record.load(Performance, tmp_path / "p.npz")
    at = (back.time > 0.6) & (back.time < 2.4)
    jaw = np.interp(back.time[at] - 0.5, many.time, many.expressions[:, JAW])
    assert np.abs(back.expressions[at, JAW] - jaw).max() < 0.02
    code, _, said = told(capsys, *words, "--face-offset", "0.5")
    assert code == 2 and "--face-from" in said and said.count("\n") == 1
    code, _, said = told(capsys, *words, "--face-from", path)
    assert code == 2 and "give the offset" in said and said.count("\n") == 1


@pytest.mark.parametrize(
    "name, content, hint",
    [
        ("a.csv", b"", "Timecode"),
        ("a.csv", b"Timecode,BlendshapeCount\n00:00:00:00.0,61\n", "52 shapes"),
        ("a.csv", b"Timecode,BlendshapeCount,JawOpen\n", "no row"),
        ("a.csv", b"Timecode,BlendshapeCount,JawOpen\n00:00:00:00.0,0\n", "no row"),
        ("a.csv", b"Timecode,BlendshapeCount,JawOpen\nsoon,61,0.5\n", "HH:MM:SS:FF.fff"),
        ("a.csv", b"Timecode,BlendshapeCount,JawOpen\n00:00:00:00.0,61,much\n", "'much'"),
        ("a.csv", b"Timecode,BlendshapeCount,JawOpen\n00:00:00:00.0,61\n00:00:00:01.0,61,0.5\n", "2 of 3"),
        ("a.csv", b"Timecode,BlendshapeCount,JawOpen\n00:00:00:00.0,61,55\n", "up to 55"),
        ("a.csv", b"\xff\xd8\xff\xe0\x00\x10JFIF", "no text"),
        ("a.txt", b"dear diary", "bs,"),
        ("a.txt", b"k,0,1,2,3\n", "bs,"),
        ("a.txt", b"bs,jawOpen\n", "'k,'"),
        ("a.txt", b"bs,jawOpen\nk,0,0,0,0,0,0,0,0,0,0,0\nk,1,0,0,0,0,0,0,0,0,0,0,0\n", "11 of 12"),
        ("a.mp3", b"", ".csv or .txt"),
    ],
)  # fmt: skip
def test_bad_files_get_one_sentence(tmp_path, name, content, hint):
    """What is no capture is refused with its name, and what is wrong with it or would be right."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CaptureError) as told:
        captures.read(tmp_path / name)
    assert hint in str(told.value) and name in str(told.value) and "\n" not in str(told.value)


def test_a_missing_file_is_told(tmp_path):
    """A file that is not there is refused by its name."""
    with pytest.raises(CaptureError, match="gone.csv"):
        captures.read(tmp_path / "gone.csv")


def talk(time):
    """Weights (T, 52) of somebody who talks and blinks at odd moments."""
    values = np.zeros((len(time), 52))
    values[:, JAW] = np.clip(0.5 * np.sin(time * 7.3) * np.sin(time * 2.1 + 1), 0, 1)
    for blink in (0.9, 2.3, 3.1, 5.6, 6.0, 8.8):
        shut = np.clip(1.5 - np.abs(time - blink) / 0.06, 0, 1)
        values[:, [BLINK, names.EXPRESSION["eyeBlinkRight"]]] = np.maximum(values[:, [BLINK]], shut[:, None])
    return values


def shot(performance, time, noise=0.0):
    """A performance over some time of the one who talks."""
    values = talk(time) + np.random.default_rng(2).normal(0, noise, (len(time), 52)) * (talk(time) > 0)
    same = lambda value: np.repeat(value[:1], len(time), 0)  # noqa: E731
    fields = ("rotations", "root", "gaze", "contacts", "confidence", "face_confidence", "touches")
    return dataclasses.replace(
        performance, time=time, expressions=np.clip(values, 0, 1), **{n: same(getattr(performance, n)) for n in fields}
    )


@pytest.fixture
def phone(performance, tmp_path):
    """The capture of a phone that ran from 1.5 s to 7.5 s of the clip."""
    exports.write(shot(performance, 1.5 + np.arange(360) / 60), tmp_path / "phone.csv")
    return captures.read(tmp_path / "phone.csv")


@pytest.mark.parametrize("rate, noise", [(24, 0.0), (29.97, 0.1)])
def test_the_offset_is_found_by_what_both_saw(performance, phone, rate, noise):
    """Jaw and lids tell when the phone's capture began, within a third of a picture of the video."""
    video = shot(performance, np.arange(int(9 * rate)) / rate, noise)
    assert captured.sync(video, phone) == pytest.approx(1.5, abs=1 / 3 / rate)


def test_a_capture_is_laid_over_a_video(performance, phone):
    """While the phone ran the face is the phone's, else the video's; the head stays the video's throughout."""
    time = np.arange(216) / 24
    video = shot(performance, time)
    video = dataclasses.replace(video, expressions=0.4 * video.expressions)
    both = captured.laid_over(video, phone)
    inside = (time > 1.6) & (time < 7.4)
    assert np.abs(both.expressions[inside] - talk(time)[inside]).max() < 0.2
    assert np.abs(both.expressions[inside, JAW] - talk(time)[inside, JAW]).max() < 0.02
    assert np.allclose(both.expressions[time > 8.2], video.expressions[time > 8.2])
    assert np.array_equal(both.rotations, video.rotations)
    assert dict(both.history[-1][1])["offset"] == pytest.approx(1.5, abs=0.02)
    later = captured.laid_over(video, phone, 2.0)
    inside = (time > 2.2) & (time < 7)
    assert np.abs(later.expressions - talk(time - 0.5))[inside, JAW].max() < 0.02


def test_faces_that_are_not_the_same_are_refused(performance, phone):
    """A capture of something else is refused without an offset, and so is an offset beyond the clip."""
    time = np.arange(216) / 24
    other = shot(performance, time)
    values = np.zeros_like(other.expressions)
    values[:, JAW] = 0.5 + 0.5 * np.sin(time * 1.1)
    with pytest.raises(CaptureError, match="give the offset"):
        captured.sync(dataclasses.replace(other, expressions=values), phone)
    hidden = dataclasses.replace(other, face_confidence=(time < 1.0) * 1.0)
    with pytest.raises(CaptureError, match="too short"):
        captured.sync(hidden, phone)
    with pytest.raises(CaptureError, match="another offset"):
        captured.laid_over(other, phone, 60.0)


def test_a_real_capture_goes_through(shared, tmp_path):
    """An iPhone's capture of 335 rows, written as Face Cap writes it, is read weight by weight."""
    told = json.loads((shared / "motions" / "facecap_take001_arkit52.json").read_text())
    weights = np.array(told[next(key for key, value in told.items() if np.ndim(value) == 2)], float)
    lines = ["bs," + ",".join(told["names"])]
    lines += [
        f"k,{1000 * t:.1f}," + ",".join(["0"] * 10 + [f"{w:.6g}" for w in row])
        for t, row in zip(told["time"], weights, strict=True)
    ]
    (tmp_path / "take001.txt").write_text("\n".join(lines))
    take = captures.read(tmp_path / "take001.txt")
    columns = [names.EXPRESSION[captures.rows.shape_of(name)] for name in told["names"]]
    assert sorted(columns) == list(range(52))
    assert np.allclose(take.expressions[:, columns], np.clip(weights, 0, 1), atol=1e-5)
    assert np.allclose(solve(take).expressions.max(0), take.expressions.max(0), atol=0.25)
