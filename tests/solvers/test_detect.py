"""Detection in a process of its own: a take, whole, or one sentence and nothing left, whatever happens to whom."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from understudy.solvers import detect as room
from understudy.solvers import errors, models, record
from understudy.solvers.detect import detect
from understudy.solvers.take import Take

DEMO = Path(room.ROOT) / "presets" / "demo" / "performance.mp4"
SHORT = 0.2  # s of the demo, five pictures
LONGEST = 60  # s, after which anything counts as hung


@pytest.fixture(scope="module")
def networks():
    """The networks, or the reason why this test cannot be run."""
    try:
        return models.find()
    except errors.ModelError as fault:
        pytest.skip(str(fault))


@pytest.fixture
def child(monkeypatch):
    """Puts a piece of Python in the child's place, or before what the child does."""

    def put(code: str, before: bool = False):
        monkeypatch.setattr(room, "LAUNCH", code + (room.LAUNCH if before else ""))
        if not before:
            monkeypatch.setattr(models, "find", dict)

    return put


def test_a_take_and_nothing_else(networks, tmp_path, monkeypatch):
    """A new folder of any name gets the take alone, progress rises to its end, and files around us change nothing."""
    for name in ("numpy.py", "queue.py", "av.py"):
        (tmp_path / name).write_text("raise SystemExit('taken for the library')")
    monkeypatch.chdir(tmp_path)
    told = []
    take = detect(DEMO, "new/é 日本 #1/t.npz", end=SHORT, progress=lambda *counts: told.append(counts))
    folder = tmp_path / "new" / "é 日本 #1"
    assert [path.name for path in folder.iterdir()] == ["t.npz"] and len(list(tmp_path.iterdir())) == 4
    kept = record.load(Take, folder / "t.npz")
    np.testing.assert_array_equal(kept.body.image, take.body.image)
    assert [done for done, _ in told] == list(range(len(take.time) + 1)) and told[-1][0] == told[-1][1]
    assert take.time[0] == 0 and (np.diff(take.time) > 0).all() and take.time[-1] < SHORT
    assert len(take.source["sha256"]) == 64 and take.source["path"] == str(DEMO)
    assert set(take.detector["models"]) == {path.name for path in networks.values()}


def test_one_picture_is_a_take(networks):
    """A range of one picture gives a take of one sample, in which the performer is seen."""
    take = detect(DEMO, end=0.01)
    assert take.time.shape == (1,) and take.body.seen.all() and take.face.seen.all()


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_the_command(networks, tmp_path, which):
    """Interrupted, ended or killed, the command leaves neither a file nor a process."""
    line = [sys.executable, "-m", "understudy", "detect", str(DEMO), "--out", str(tmp_path / "t.npz")]
    command = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    children = _wait_for(lambda: _children(command.pid) if list(tmp_path.glob(".detect-*/**/*.rows")) else None)
    command.send_signal(which)
    _, said = command.communicate(timeout=LONGEST)
    _wait_for(lambda: not any(map(_alive, children)) and not list(tmp_path.iterdir()) or None)
    if which == signal.SIGKILL:
        assert command.returncode == -which
    else:
        assert command.returncode == 130 and said == "understudy: interrupted; no result was written\n"


def test_cancelling_leaves_nothing(child, tmp_path):
    """Whoever asks for the end gets it soon, even from a child that says nothing and heeds nothing."""
    child("import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)")
    begun = time.monotonic()
    with pytest.raises(errors.Cancelled):
        detect(DEMO, tmp_path / "t.npz", cancelled=lambda: time.monotonic() > begun + 0.3)
    assert time.monotonic() - begun < 5 and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ('import os; print(\'{"done": 3, "total": 9}\', flush=True); os.kill(os.getpid(), 9)', "SIGKILL after 3"),
        ("print('{\"do', flush=True); import os; os.abort()", "SIGABRT after 0"),
        ("print('not ours', 5, None); print('[1]'); print('{}'); raise MemoryError", "words: MemoryError"),
        ("import sys; print('W0000 chatter', file=sys.stderr); sys.exit(7)", "code 7 after 0 pictures. Try"),
        ("import sys; print('F0000 Check failed: x', file=sys.stderr); sys.exit(1)", "last words: F0000"),
        ("import os; os.write(2, b'7 x.h:76] CHECK in CPUs: false\\n'); os.abort()", "words: 7 .* CHECK in"),
        ("import time; time.sleep(1000)", "no word for"),
        ("import os, time; os.close(1); time.sleep(1000)", "fell silent"),
    ],
)
def test_a_crash_is_a_sentence(child, tmp_path, monkeypatch, code, words):
    """However native code ends, or does not, one sentence says how and after how many pictures; nothing is left."""
    monkeypatch.setattr(room, "SILENCE", 0.5 if "sleep" in code else LONGEST)
    child(code)
    with pytest.raises(errors.DetectorError, match=words) as told:
        detect(DEMO, tmp_path / "t.npz")
    assert "\n" not in str(told.value) and not list(tmp_path.iterdir())


def test_a_full_disk_is_a_sentence(networks, child, tmp_path):
    """A take that finds no room is reported as that, and what was written of it is gone."""
    child("import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n", before=True)
    with pytest.raises(errors.OutputError, match="cannot be written .*: make room"):
        detect(DEMO, tmp_path / "t.npz", end=SHORT)
    assert not list(tmp_path.iterdir())


def test_a_missing_library_is_named_with_its_package(networks, child):
    """Where a system library is missing, the sentence names it and Debian's package of it."""
    child(
        "import sys, types, importlib.abc\n"
        "class Missing(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'mediapipe': raise OSError('libEGL.so.1: cannot open shared object file: No such file')\n"
        "sys.meta_path.insert(0, Missing())\n",
        before=True,
    )
    with pytest.raises(errors.DetectorError, match=r"libEGL.so.1 \(Debian's package libegl1\)"):
        detect(DEMO, end=SHORT)


def test_a_video_that_goes_away_is_a_sentence(networks, tmp_path):
    """A video that disappears while it is looked at is what the sentence names."""
    gone, out = tmp_path / "gone.mp4", tmp_path / "out"
    shutil.copy(DEMO, gone)
    with pytest.raises(errors.VideoError, match="gone.mp4"):
        detect(gone, out / "t.npz", end=SHORT, progress=lambda done, total: gone.unlink(missing_ok=True))
    assert not list(tmp_path.iterdir())


def test_a_place_that_takes_no_file_is_a_sentence(networks, tmp_path):
    """A folder in the place of the take, or a file in the place of its folder, is refused before any work."""
    (tmp_path / "file").write_text("")
    for out in (tmp_path, tmp_path / "file" / "t.npz", tmp_path / "file" / "deeper" / "t.npz"):
        with pytest.raises(errors.OutputError):
            detect(DEMO, out, end=SHORT, progress=lambda *counts: pytest.fail("work began"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_damaged_network_is_named(networks, tmp_path, monkeypatch):
    """A network that was cut off, or that is another one, is named in one sentence."""
    monkeypatch.setenv("UNDERSTUDY_MODELS", str(tmp_path))
    for kind, path in networks.items():
        shutil.copy(path, tmp_path / models.NAMES[kind][-1])
    for content in (networks["hand"].read_bytes()[:50000], networks["face"].read_bytes()):
        (tmp_path / "hand.task").write_bytes(content)
        with pytest.raises(errors.ModelError, match="hand.task is damaged, or is none of its kind") as told:
            detect(DEMO, end=SHORT)
        assert "\n" not in str(told.value)


@pytest.mark.parametrize("limits", [(1, 0.5), (0.5, 0.5), (-1, 1), (1e6, None), (0, float("nan"))])
def test_no_range_no_work(networks, tmp_path, limits):
    """A range that is empty, or not within the clip, is refused before a picture is looked at, and nothing is left."""
    with pytest.raises(errors.VideoError, match="range"):
        detect(DEMO, tmp_path / "t.npz", *limits, progress=lambda *counts: pytest.fail("work began"))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, where /sys may be absent")
def test_a_container_without_sys_is_a_sentence(networks, child):
    """Where MediaPipe's native code would end the process for want of /sys, one sentence says so instead."""
    child(
        "import pathlib; look = pathlib.Path.is_file\n"
        "pathlib.Path.is_file = lambda path: not str(path).startswith('/sys/') and look(path)\n",
        before=True,
    )
    with pytest.raises(errors.DetectorError, match="needs /sys/.*: mount /sys in this container"):
        detect(DEMO, end=SHORT)


def test_native_code_that_cannot_be_loaded_is_a_sentence(networks, child):
    """A library that is there but does not load is told of as that, not as a take that cannot be written."""
    child(
        "import ctypes, importlib.abc, os, sys\n"
        "class Broken(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'mediapipe': ctypes.CDLL(os.devnull)\n"
        "sys.meta_path.insert(0, Broken())\n",
        before=True,
    )
    with pytest.raises(errors.DetectorError, match="native code cannot be loaded .*: install Understudy again"):
        detect(DEMO, end=SHORT)


def test_the_parent_needs_no_decoder(networks):
    """The process that asks for a take loads neither PyAV nor OpenCV nor MediaPipe, as Blender's window lives in it."""
    asking = (
        "import sys; from understudy.solvers.detect import detect\n"
        f"take = detect({str(DEMO)!r}, end=0.01, polite=True)\n"
        "print(len(take.time), sorted({'av', 'cv2', 'mediapipe', 'scipy'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", asking], capture_output=True, text=True, check=True)
    assert told.stdout == "1 []\n"


@pytest.mark.parametrize("polite", [False, True])
@pytest.mark.skipif(not hasattr(os, "nice"), reason="needs a system with nice()")
def test_work_is_polite_when_asked(networks, child, polite):
    """The child gives way to other processes where it is asked to, and only there."""
    child(
        "import os, sys; end = os._exit\n"
        "os._exit = lambda code: (print('Error: niceness', os.nice(0), file=sys.stderr, flush=True), end(9))\n",
        before=True,
    )
    here = os.nice(0)
    with pytest.raises(errors.DetectorError) as told:
        detect(DEMO, end=0.01, polite=polite)
    assert f"niceness {min(19, here + 10 * polite)}." in str(told.value)


@pytest.mark.parametrize("absent", ["matplotlib", "certifi"])
def test_packages_that_blender_lacks_are_not_missed(networks, child, absent):
    """The child does without packages that MediaPipe imports and does not need."""
    child(
        "import sys, importlib.util as util, importlib.abc\n"
        "class Absent(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] == '{absent}': raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "look = util.find_spec\n"
        f"util.find_spec = lambda name, *more: None if name == '{absent}' else look(name, *more)\n",
        before=True,
    )
    assert detect(DEMO, end=0.01).face.seen.all()


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    if not tasks.is_dir():
        pytest.skip("needs /proc to find the child")
    return [int(word) for task in tasks.iterdir() for word in (task / "children").read_text().split()]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def _wait_for(answer):
    """What `answer` gives once it gives something."""
    end = time.monotonic() + LONGEST
    while (found := answer()) is None:
        assert time.monotonic() < end, "this never came true"
        time.sleep(0.02)
    return found
