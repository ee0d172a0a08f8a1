"""The verbs that need Blender: a performance is baked, saved and filmed, and nothing else is said or left."""

import dataclasses
import json
import signal
import subprocess
import sys

import av
import bpy
import numpy as np
import pytest
from understudy import __main__ as command
from understudy.addon import actions, files
from understudy.solvers import record
from understudy.solvers.errors import RenderError
from understudy.solvers.performance import Performance
from understudy.solvers.take import Take

SHORT = 6  # samples


def run(*words):
    """The exit code of a command line."""
    return command.main([str(word) for word in words])


@pytest.fixture
def kept(performance, tmp_path):
    """A performance of a quarter of a second on disk."""
    fields = "time rotations root expressions gaze contacts touches confidence face_confidence".split()
    short = dataclasses.replace(performance, **{name: getattr(performance, name)[:SHORT] for name in fields})
    record.save(short, tmp_path / "p.npz")
    return tmp_path / "p.npz"


def test_bake_then_render(capfd, kept, tmp_path):
    """bake leaves one .blend that plays and is ready to be filmed; render films it at the size asked for."""
    blend, film = tmp_path / "out" / "b.blend", tmp_path / "out" / "m.mp4"
    assert run("bake", kept, "--out", blend, "--frame-rate", "12", "--no-face") == 0
    said = capfd.readouterr()
    stages = ["character", "retarget", "write", "stage", "save"]
    assert [line.split()[0] for line in said.out.splitlines()][:-1] == stages and not said.err
    objects = files.open_character(blend)
    scene = bpy.context.scene
    assert scene.render.fps == 12 and scene.camera and scene["understudy_framing"] == "full"
    (action,) = {objects.armature.animation_data.action}
    assert actions.curves(action) and scene.frame_end - scene.frame_start == 2  # 5 steps at 24/s are 2.5 at 12/s
    assert run("render", blend, "--out", film, "--ratio", "96:64") == 0
    with av.open(str(film)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert np.shape(pictures) == (3, 64, 96, 3) and np.std(pictures[0]) > 5
    assert sorted(path.name for path in film.parent.iterdir()) == ["b.blend", "m.mp4"]


def test_inspect_knows_a_character(capfd, kept, tmp_path):
    """A baked .blend is told for the character it holds."""
    assert run("bake", kept, "--out", tmp_path / "b.blend", "--quiet") == 0
    assert capfd.readouterr() == ("", "")
    assert run("inspect", tmp_path / "b.blend", "--json") == 0
    facts = json.loads(capfd.readouterr().out)
    assert facts["kind"] == "character" and facts["joints driven"] > 50 and facts["expressions driven"] == 52


@pytest.fixture
def take(monkeypatch, kept, tmp_path):
    """A take on disk that solves into the kept performance."""
    performance = record.load(Performance, kept)
    monkeypatch.setattr("understudy.solvers.solve.solve", lambda take, settings: performance)
    record.save(Take.empty(performance.time, performance.size, source=performance.source), tmp_path / "t.npz")
    return tmp_path / "t.npz"


RESULTS = ["performance.mp4", "performance.npz", "report.html", "report.json", "scene.blend", "take.npz"]


def test_perform_leaves_its_six_files(capfd, take, tmp_path):
    """All results are there, those of an earlier run replaced, other files left alone, every stage timed."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    (out / "report.json").write_text("old")
    assert run("perform", "--take", take, "--out", out, "--ratio", "96:64") == 0, capfd.readouterr().err
    assert sorted(path.name for path in out.iterdir()) == sorted([*RESULTS, "notes.txt"])
    facts = json.loads((out / "report.json").read_text())
    assert list(facts["timings"]) == ["solve", "character", "retarget", "write", "stage", "save", "render"]
    assert facts["rig"]["preset"] == "VRM 1.0" and facts["frames"] == SHORT


def test_perform_changes_nothing_where_it_fails(capfd, monkeypatch, take, tmp_path):
    """A fault in the last of the stages leaves the folder as it was."""

    def fail(*_):
        raise RenderError("No light.")

    monkeypatch.setattr("understudy.addon.rendering.render", fail)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "take.npz").write_text("old")
    assert run("perform", "--take", take, "--out", tmp_path / "out") == 2
    assert capfd.readouterr().err == "understudy: No light.\n"
    assert [(path.name, path.read_text()) for path in (tmp_path / "out").iterdir()] == [("take.npz", "old")]


@pytest.mark.parametrize("flags, hint", [(["--smoothing", "3"], "solve again"), (["--engine", "magic"], "workbench")])
def test_what_comes_too_late_is_told(capfd, kept, tmp_path, flags, hint):
    """A setting that acts while solving cannot change a finished performance; an unknown engine draws nothing."""
    assert run("bake", kept, "--out", tmp_path / "b.blend", *flags) == 2
    assert hint in capfd.readouterr().err and not (tmp_path / "b.blend").exists()


@pytest.mark.parametrize("stage", ["character", "stage"])
def test_interruption_leaves_nothing(kept, tmp_path, stage):
    """Ctrl-C after a stage ends the process with 130, one line, and no file."""
    line = [sys.executable, "-m", "understudy", "bake", str(kept), "--out", str(tmp_path / "b.blend")]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert any(said.startswith(stage) for said in process.stdout)
        process.send_signal(signal.SIGINT)
        _, wrong = process.communicate(timeout=100)
    assert process.returncode == 130 and wrong.startswith("understudy: interrupted") and wrong.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == [kept.name]
