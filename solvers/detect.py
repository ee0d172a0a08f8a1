"""Looking at a video, in a process of its own: native code may crash there, and nothing of it stays behind."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from . import errors, models, record
from .footage.shots import BRIDGE, SPLIT, numbered
from .looking import child
from .looking.offline import OFFLINE
from .take import Take

ROOT = Path(__file__).resolve().parents[1]
# Loads the package under its own name wherever it lies and whatever it is called in this process, then runs the child.
# It ends without tidying up: native threads that are taken apart in the wrong order crash or hang.
LAUNCH = """
import importlib.util, os, sys
root = sys.argv[1]
spec = importlib.util.spec_from_file_location("understudy", root + "/__init__.py", submodule_search_locations=[root])
package = sys.modules["understudy"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
from understudy.solvers.looking.child import main
code = main(sys.argv[2])
sys.stdout.flush()
os._exit(code)
"""
# What the child imports beside the package; numpy, which may lie with other packages of the system, is looked for last.
LIBRARIES = ("mediapipe", "av", "cv2", "scipy", "flatbuffers", "certifi", "numpy")
POLL = 0.1  # s between two looks at whether the work is still wanted
PATIENCE = 2.0  # s that a child which is asked to end may take
SILENCE = 300.0  # s without a word after which it counts as hung; the slowest picture seen took 1 s
# What native code and Python write last when they fail; MediaPipe writes much else.
FAILING = re.compile(r"^F\d{4} |^\w*(Error|Exception)\b|terminate called|what\(\):|Check failed|CHECK in")


def detect(
    path: Path | str,
    out: Path | str | None = None,
    start: float | None = None,
    end: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    polite: bool = False,
    performer: str = "",
    cuts: str = BRIDGE,
) -> Take:
    """What the networks see in a video, as one take; see `takes`. cuts: BRIDGE or FIRST."""
    [(_, take)] = takes(path, out, start, end, progress, cancelled, polite, performer, cuts)
    return take


def takes(
    path: Path | str,
    out: Path | str | None = None,
    start: float | None = None,
    end: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    polite: bool = False,
    performer: str = "",
    cuts: str = SPLIT,
) -> list[tuple[Path | None, Take]]:
    """What the networks see in a video: a take, or with SPLIT one of each shot in which the performer is.

    path: of the video. out: where the take is kept (all of them whole, or none); takes of several shots lie beside it
    under numbered names; None keeps no file.
    start, end: s, the range wanted; None is the clip's own.
    progress: is told (pictures done, pictures expected). cancelled: asked now and then; True ends the work.
    polite: let everything else on this machine go first, as where an artist works on meanwhile.
    performer: who of several people, as performer.read understands it; "" is the most prominent one.
    cuts: what becomes of hard cuts, of shots.CUTS.
    Result [(where it is kept, take)] in order of time.
    Raises VideoError, NobodyError, ModelError, OutputError, SettingsError, DetectorError where a native part crashed,
    and Cancelled.
    """
    out = None if out is None else Path(out)
    models.find()
    with scratch(out) as folder:
        kept = folder / "take.npz"
        job = {"video": str(Path(path).absolute()), "out": str(kept), "start": start, "end": end, "polite": polite,
               "performer": performer, "cuts": cuts}  # fmt: skip
        run(job, folder / "words", progress or (lambda done, total: None), cancelled or (lambda: False))
        made = sorted((_shot(place), place) for place in folder.glob("take*.npz"))
        names = {number: out and (numbered(out, number) if number else out) for number, _ in made}
        found = [(names[number], record.load(Take, place)) for number, place in made]
        if out is not None:
            with _writing(out):
                out.parent.mkdir(parents=True, exist_ok=True)
                for number, place in made:
                    place.replace(names[number])
    return found


def _shot(place: Path) -> int:
    """The number of the shot that a take in the scratch folder is of; 0 where it is of all that was asked for."""
    return int(place.stem.partition(".")[2] or 0)


@contextlib.contextmanager
def scratch(out: Path | None) -> Iterator[Path]:
    """A folder for the time of the work, on the disk where the take is to be."""
    place = None
    if out is not None:
        if out.is_dir():
            raise errors.OutputError(f"{out} is a folder: give the name of a file in it.")
        place = next(folder for folder in out.absolute().parents if folder.exists())
    with _writing(out or tempfile.gettempdir()):
        scratch = tempfile.TemporaryDirectory(prefix=child.SCRATCH, dir=place, ignore_cleanup_errors=True)
    with scratch as folder:
        yield Path(folder)


@contextlib.contextmanager
def _writing(place: Path | str) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise errors.OutputError(f"The take cannot be written to {place} ({fault.strerror or fault}).") from fault


def run(job: dict, words: Path, progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> None:
    """Run the child to its end, or raise what it says, or what its end says.

    job: for child.main. words: a file for what the child writes to standard error.
    """
    looking = _started(job, words)
    try:
        lines: queue.Queue = queue.Queue()
        threading.Thread(target=_read, args=(looking.stdout, lines), daemon=True).start()
        done, heard = 0, time.monotonic()
        while (line := _next(lines)) is not None:
            if cancelled():
                raise errors.Cancelled("The work was cancelled; nothing was written.")
            if "error" in line:
                raise getattr(errors, line["error"])(line["message"])
            if "done" in line:
                done = line["done"]
                progress(done, line["total"])
            heard = time.monotonic() if line else heard
            if time.monotonic() - heard > SILENCE:
                raise errors.DetectorError(f"The detector hung: no word for {SILENCE:.0f} s after {done} pictures.")
        with contextlib.suppress(subprocess.TimeoutExpired):
            looking.wait(PATIENCE)
        if looking.returncode != 0:
            raise errors.DetectorError(_last_words(looking.returncode, done, words))
    finally:
        _end(looking)


def _started(job: dict, words: Path) -> subprocess.Popen:
    """The child; -P keeps it from taking files of the folder that we are in for Python's own."""
    command = [sys.executable, "-u", "-P", "-c", LAUNCH, str(ROOT), json.dumps(job)]
    if os.name == "nt":
        polite = subprocess.BELOW_NORMAL_PRIORITY_CLASS if job["polite"] else 0
        apart = {"creationflags": subprocess.CREATE_NO_WINDOW | polite}
    else:
        apart = {"start_new_session": True}
    pipe = subprocess.PIPE
    try:
        with open(words, "wb") as said:
            return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=said, env=_environment(), **apart)
    except OSError as fault:
        raise errors.DetectorError(f"The detector's process could not be started ({fault.strerror}).") from fault


def _environment() -> dict[str, str]:
    """The child's environment: the libraries of this process, and no way to the network."""
    places = [Path(spec.origin).parent.parent for name in LIBRARIES if (spec := importlib.util.find_spec(name))]
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return kept | OFFLINE | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(map(str, places))), "PYTHONUTF8": "1"}


def _read(stream, lines: queue.Queue) -> None:
    """Put the child's JSON lines into a queue, then None at its end; what is no JSON is not ours, or was cut off."""
    for line in stream:
        with contextlib.suppress(ValueError):
            facts = json.loads(line)
            if isinstance(facts, dict):
                lines.put(facts)
    lines.put(None)


def _next(lines: queue.Queue) -> dict | None:
    """The next line, an empty one if there was none for a while, None at the end."""
    try:
        return lines.get(timeout=POLL)
    except queue.Empty:
        return {}


def _end(looking: subprocess.Popen) -> None:
    """See to it that the child is gone."""
    looking.stdin.close()
    if looking.poll() is None:
        looking.terminate()
        try:
            looking.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            looking.kill()
            looking.wait()
    looking.stdout.close()


def _last_words(code: int | None, done: int, words: Path) -> str:
    """One sentence about a child that ended by itself. code: of its exit, if any; done: pictures; words: its stderr."""
    known = {s.value: s.name for s in signal.Signals}
    how = f"was killed by {known.get(-code, -code)}" if (code or 0) < 0 else f"ended with code {code}"
    if code is None:
        how = "fell silent without ending"
    lines = [line.strip() for line in words.read_text("utf-8", "replace").splitlines() if FAILING.search(line.strip())]
    last = f"; its last words: {lines[-1][:200]}" if lines else ""
    return (
        f"The detector {how} after {done} pictures{last}. Try again, or with a shorter range; if it happens again, "
        "memory may be short or this picture may be one that its native code cannot take."
    )
