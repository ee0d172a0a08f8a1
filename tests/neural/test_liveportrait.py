"""LivePortrait as a program: called by its published options, followed, ended, and its faults told."""

import dataclasses
import os
import sys
import threading
import time

import numpy as np
import pytest
from understudy.addon.neural import liveportrait
from understudy.solvers.errors import Cancelled, RenderError, ServiceError
from understudy.solvers.footage import film, video

from .standins import INFERENCE, NEVER


@pytest.fixture
def program(tmp_path):
    """Puts a stand-in for the program there: program("slow") behaves so."""

    def make(kind="good"):
        folder = tmp_path / kind
        folder.mkdir()
        (folder / "inference.py").write_text(INFERENCE)
        film.write(folder / "made.mp4", (np.full((32, 32, 3), k, np.uint8) for k in range(48)), 12)
        return liveportrait.LivePortrait(folder, sys.executable)

    return make


def test_program_is_called_as_published(program, order, tmp_path):
    """Source, driving, output, region and multiplier arrive; the comparison is left out; the film has sound."""
    there, told = program(), []
    face = dataclasses.replace(order, intensity=4, body_control=False)
    there.render(face, tmp_path / "out.mp4", lambda done, total: told.append(done), lambda: False)
    called = (there.folder / "called").read_text()
    assert called.startswith(f"-s {order.character} -d {order.video} -o ")
    assert called.endswith("--flag_crop_driving_video --driving_multiplier 1.333 --animation_region exp")
    assert told == [0, 250, 500, 750, 1000, 1000]
    clip = video.probe(tmp_path / "out.mp4")
    assert (clip.frames, clip.sound) == (48, True)


@pytest.mark.parametrize("kind, words", [("failing", "code 1: .*No face detected"), ("empty", "without a film")])
def test_fault_is_told(program, order, tmp_path, kind, words):
    """A program that fails, or makes nothing, is told of with its last words."""
    with pytest.raises(ServiceError, match=words):
        program(kind).render(order, tmp_path / "out.mp4", *NEVER)
    assert not (tmp_path / "out.mp4").exists()


def test_cancelled_program_is_ended(program, order, tmp_path):
    """Whoever cancels while it is slow gets Cancelled soon, and the program is gone."""
    there, stop = program("slow"), threading.Event()
    threading.Timer(0.6, stop.set).start()
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        there.render(order, tmp_path / "out.mp4", lambda done, total: None, stop.is_set)
    assert time.monotonic() - begun < 10
    with pytest.raises(ProcessLookupError):
        os.kill(int((there.folder / "pid").read_text()), 0)


def test_full_disk_is_told(program, order, tmp_path, monkeypatch):
    """Where the film has no room, that is said."""

    def full(*_):
        raise OSError(28, "No space left on device")

    there = program()
    monkeypatch.setattr("understudy.solvers.footage.film.written_whole", full)
    with pytest.raises(RenderError, match="disk is full"):
        there.render(order, tmp_path / "out.mp4", *NEVER)


@pytest.mark.parametrize("folder, python, words", [
    ("", sys.executable, "its inference.py"), (".", "/no/python", "Python"),
])  # fmt: skip
def test_missing_program_is_one_sentence(order, tmp_path, folder, python, words):
    """Where the program or its Python is not chosen, that is said before anything is done."""
    (tmp_path / "inference.py").write_text("")
    with pytest.raises(ServiceError, match=words):
        liveportrait.LivePortrait(tmp_path if folder else "", python).render(order, tmp_path / "out.mp4", *NEVER)
