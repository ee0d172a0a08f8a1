"""The command line does what its words say, and says in one line what is wrong with them."""

import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from understudy import __main__ as command
from understudy.addon.cli import DEMO
from understudy.solvers import cli, errors, progress, record, results
from understudy.solvers.performance import Performance
from understudy.solvers.settings import Settings
from understudy.solvers.take import Take


def run(capsys, *words):
    """(exit code, standard output, standard error) of a command line."""
    try:
        code = command.main([str(word) for word in words])
    except SystemExit as ended:
        code = ended.code
    return code, *capsys.readouterr()


def refused(capsys, *words):
    """The one sentence with which a command line is refused."""
    code, _, said = run(capsys, *words)
    assert code == 2 and said.startswith("understudy: ") and said.count("\n") == 1 and "Traceback" not in said
    return said


@pytest.fixture
def kept(performance, tmp_path):
    """A performance on disk."""
    record.save(performance, tmp_path / "p.performance.npz")
    return tmp_path / "p.performance.npz"


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda field: field.name)
@pytest.mark.parametrize("verb", [["perform", "V", "--out", "D"], ["solve", "T", "--out", "P"]], ids=lambda v: v[0])
def test_every_setting_has_a_flag(verb, field):
    """Each field of Settings can be set by its flag, and only that one changes."""
    flag = "--" + field.name.replace("_", "-")
    if isinstance(field.default, bool):
        words, value = [flag if not field.default else flag.replace("--", "--no-", 1)], not field.default
    elif "ways" in field.metadata:
        value = next(way for way in field.metadata["ways"] if way != field.default)
        words = [flag, value]
    elif isinstance(field.default, str):
        words, value = [flag, field.metadata["example"]], field.metadata["example"]
    else:
        value = (field.metadata["min"] + field.metadata["max"]) / 4 + 0.25 * field.metadata["max"]
        words = [flag, str(value)]
    arguments = command.parser().parse_args([*verb, *words])
    assert cli.settings_of(arguments) == dataclasses.replace(Settings(), **{field.name: value})
    assert cli.settings_of(command.parser().parse_args(verb), {field.name: value}) == cli.settings_of(arguments)


@pytest.mark.parametrize(
    "words, hint",
    [
        ([], "VERB"),
        (["dance"], "dance"),
        (["detect", "v.mp4"], "--out"),
        (["detect", "v.mp4", "--out", "t.npz", "--start", "soon"], "1:02.5"),
        (["detect", "v.mp4", "--out", "t.npz", "--end", "nan"], "nan"),
        (["detect", "v.mp4", "--out", "t.mp4"], ".npz"),
        (["detect", "no such.mp4", "--out", "t.npz"], "no such.mp4"),
        (["detect", "v.mp4", "--out", "t.npz", "--performer", "left"], "0.3,0.4@12.5"),
        (["detect", "v.mp4", "--out", "t.npz", "--performer", "300,400"], "shares"),
        (["detect", "v.mp4", "--out", "t.npz", "--cuts", "sometimes"], "split"),
        (["perform", "v.mp4", "--out", "d", "--cuts", "split"], "bridge"),
        (["solve", "no such.npz", "--out", "p.npz"], "no such.npz"),
        (["solve", "t.npz", "--out", "p.npz", "--smoothing", "9"], "0 to 4"),
        (["solve", "t.npz", "--out", "p.npz", "--smoothing", "nan"], "0 to 4"),
        (["inspect", "no such.mp4"], "no such.mp4"),
        (["perform", "--out", "d"], "--demo"),
        (["perform", "v.mp4", "--out", "d", "--character", "c.obj"], ".glb"),
        (["perform", "v.mp4", "--out", "d", "--ratio", "wide"], "1280:720"),
        (["render", "no such.blend", "--out", "m.mp4"], "no such.blend"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_bad_words_are_told_in_one_line(capsys, tmp_path, monkeypatch, words, hint):
    """What cannot be done ends with 2 and one line that names the fault or what would be right; nothing is left."""
    monkeypatch.chdir(tmp_path)
    assert hint in refused(capsys, *words)
    assert not list(tmp_path.iterdir())


def test_results_are_refused_where_they_cannot_go(capsys, kept, tmp_path):
    """A folder in the place of a file, and a file in the place of a folder, are told before any work is done."""
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").write_text("kept")
    assert "is a folder" in refused(capsys, "export", kept, tmp_path / "folder.csv")
    assert "is a file" in refused(capsys, "export", kept, tmp_path / "file" / "p.csv")
    assert "is a file" in refused(capsys, "perform", kept, "--out", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"


def test_wrong_records_are_told_apart(capsys, kept, tmp_path):
    """A performance where a take is needed, and a file that is none of ours, are each named for what they are."""
    assert "holds a performance" in refused(capsys, "solve", kept, "--out", tmp_path / "p.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    assert "not written by Understudy" in refused(capsys, "inspect", tmp_path / "other.npz")


def test_export_writes_by_suffix_and_says_what(capsys, kept, tmp_path):
    """A known ending is written; an unknown one is refused with those that are known."""
    code, said, wrong = run(capsys, "export", kept, tmp_path / "new" / "p.points.npz")
    assert code == 0 and not wrong and "p.points.npz" in said and (tmp_path / "new" / "p.points.npz").stat().st_size
    sentence = refused(capsys, "export", kept, tmp_path / "p.take.npz")
    assert all(suffix in sentence for suffix in (".points.npz", ".csv", ".bvh"))


def test_inspect_tells_records_apart(capsys, kept, tmp_path, performance):
    """A take and a performance are told for what they are, in words and as JSON."""
    take = Take.empty(performance.time, (640, 480), source={"path": "v.mp4"}, detector={"name": "d", "version": "1"})
    record.save(take, tmp_path / "t.npz")
    told = {}
    for path in (kept, tmp_path / "t.npz"):
        code, said, _ = run(capsys, "inspect", path, "--json")
        told[path] = json.loads(said)
        assert code == 0 and told[path]["samples"] == 48
        assert f"kind  {' ' * 8}"[:5] in run(capsys, "inspect", path)[1]
    assert [facts["kind"] for facts in told.values()] == ["performance", "take"]
    assert told[tmp_path / "t.npz"]["coverage"] == {"body": 0, "face": 0, "left_hand": 0, "right_hand": 0}


def test_solve_keeps_what_it_was_asked_for(capsys, monkeypatch, performance, tmp_path):
    """`solve` hands its settings on, writes what comes back, and passes its warnings to the user."""
    def solved(take, settings):
        words = {"settings": dataclasses.asdict(settings), "warnings": (f"{len(take.time)} samples.",)}
        return dataclasses.replace(performance, **words)

    monkeypatch.setattr("understudy.solvers.solve.solve", solved)
    record.save(Take.empty(performance.time, (640, 480)), tmp_path / "t.npz")
    words = ("solve", tmp_path / "t.npz", "--out", tmp_path / "p.npz", "--smoothing", "2", "--no-gaze")
    code, said, wrong = run(capsys, *words)
    assert code == 0 and not wrong and "48 samples." in said
    kept = record.load(Performance, tmp_path / "p.npz")
    assert kept.settings["smoothing"] == 2 and kept.settings["gaze"] is False and kept.settings["head"] is True


def test_solve_shares_a_floor(capsys, monkeypatch, performance, tmp_path):
    """`solve --floor-of` puts a performer into the room of another one, and refuses one of another video."""
    here = dataclasses.replace(performance, root=performance.root + [1.0, 0, 0])
    monkeypatch.setattr("understudy.solvers.solve.solve", lambda take, settings: here)
    record.save(Take.empty(performance.time, (640, 480)), tmp_path / "t.npz")
    record.save(performance, tmp_path / "a.npz")
    words = ("solve", tmp_path / "t.npz", "--out", tmp_path / "b.npz", "--floor-of")
    assert run(capsys, *words, tmp_path / "a.npz")[0] == 0
    kept = record.load(Performance, tmp_path / "b.npz")
    assert kept.origin == pytest.approx(performance.root[0, :2]) and kept.history[-1][0] == "on_floor_of"
    record.save(dataclasses.replace(performance, source={"sha256": "other"}), tmp_path / "a.npz")
    assert "different videos" in refused(capsys, *words, tmp_path / "a.npz")


def test_detect_tells_of_people_and_cuts(capsys, monkeypatch, tmp_path):
    """`detect` hands on who is wanted and what becomes of cuts, and tells what there was to choose from."""
    asked = {}

    def takes(video, out, **words):
        asked.update(words)
        source = {"people": 2, "performer": 2, "cuts": (1.5,)}
        made = Take.empty(np.arange(5) / 10, (640, 480), source=source)
        return [(out.with_name(f"t.{number}.npz"), made) for number in (1, 2)]

    monkeypatch.setattr("understudy.solvers.detect.takes", takes)
    words = ("detect", "v.mp4", "--out", tmp_path / "t.npz", "--performer", "0.2,0.5", "--cuts", "split")
    code, said, _ = run(capsys, *words)
    assert code == 0 and asked["performer"] == "0.2,0.5" and asked["cuts"] == "split"
    assert "2 people are seen; performer 2 is followed" in said and "at 1.50 s" in said
    assert "t.1.npz: 5 samples" in said and "t.2.npz: 5 samples" in said


@pytest.mark.parametrize(
    "fault, code",
    [
        (KeyboardInterrupt(), 130),
        (errors.Cancelled("stopped"), 130),
        (errors.VideoError("No\nvideo."), 2),
        (PermissionError(13, "Denied", "x"), 2),
    ],
)
def test_faults_have_their_codes(capsys, monkeypatch, kept, tmp_path, fault, code):
    """Interruption ends with 130, what the user can mend with 2, in one line each."""
    def fail(*_):
        raise fault
    monkeypatch.setattr(cli.record, "load", fail)
    ended, _, said = run(capsys, "export", kept, tmp_path / "p.bvh")
    assert ended == code and said.startswith("understudy: ") and said.count("\n") == 1


def test_asked_to_end_is_interrupted(capsys, monkeypatch, kept, tmp_path):
    """The signal that asks a process to end unwinds as an interruption does, and its handler is given back."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(cli.record, "load", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    assert run(capsys, "export", kept, tmp_path / "p.bvh")[0] == 130
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("word, value", [("12.5", 12.5), ("1:02.5", 62.5), ("1:00:00", 3600), ("0", 0)])
def test_times_are_read_as_people_write_them(word, value):
    """Seconds, minutes and hours."""
    assert cli.seconds(word) == value


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_detection_leaves_nothing(tmp_path, number):
    """Ctrl-C, or being asked to end, while a video is looked at: 130, one line, no child, no file."""
    line = [sys.executable, "-m", "understudy", "detect", str(DEMO), "--out", str(tmp_path / "t.npz")]
    with subprocess.Popen(line, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.iterdir()) and time.monotonic() < deadline:  # the child's scratch folder
            time.sleep(0.05)
        time.sleep(1)
        process.send_signal(number)
        _, wrong = process.communicate(timeout=60)
    assert process.returncode == 130 and wrong.startswith("understudy: interrupted") and wrong.count("\n") == 1
    assert not list(tmp_path.iterdir())


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_terminals_get_a_bar_and_files_get_lines(monkeypatch):
    """A terminal's line is drawn over; elsewhere no control characters appear and lines stay few."""
    monkeypatch.setattr(progress, "TERMINAL_EVERY", 0.0)
    shown = {}
    for out in (Terminal(), io.StringIO()):
        stages = progress.Stages(out)
        with stages.stage("detect") as report:
            for done in range(1, 101):
                report(done, 100)
        shown[type(out)] = out.getvalue()
        assert list(stages.seconds) == ["detect"]
    assert "100 of 100" in shown[Terminal] and "█" in shown[Terminal] and shown[Terminal].count("\n") == 1
    assert "\r" not in shown[io.StringIO] and "\x1b" not in shown[io.StringIO] and shown[io.StringIO].count("\n") == 1


def test_bars_survive_a_plain_terminal():
    """A terminal that knows no block characters gets others instead of an error."""

    class Plain(Terminal):
        encoding = "ascii"

    out = Plain()
    progress.Stages(out).say("█")
    assert out.getvalue().strip("\r\x1b[K\n") == "?"


def test_results_appear_together_or_not_at_all(tmp_path):
    """A failed block changes nothing, not even by an empty folder; a good one replaces what it made and no more."""
    folder = tmp_path / "a" / "b"
    with pytest.raises(KeyError), results.written_together(folder) as inside:
        (inside / "one").write_text("new")
        raise KeyError
    assert not list(tmp_path.iterdir())
    folder.mkdir(parents=True)
    (folder / "one").write_text("old")
    (folder / "other").write_text("old")
    with pytest.raises(KeyError), results.written_together(folder) as inside:
        (inside / "one").write_text("new")
        raise KeyError
    assert (folder / "one").read_text() == "old"
    with results.written_together(folder) as inside:
        (inside / "one").write_text("new")
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"one": "new", "other": "old"}
