"""Looking at a video, in a process of its own: native code may crash there, and nothing of it stays behind."""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from . import errors, models, record, video
from .offline import OFFLINE
from .take import Take

ROOT = Path(__file__).resolve().parents[1]
# Loads the package under its own name wherever it lies and whatever it is called in this process, then runs the child.
LAUNCH = """
import importlib.util, sys
root = sys.argv[1]
spec = importlib.util.spec_from_file_location("understudy", root + "/__init__.py", submodule_search_locations=[root])
package = sys.modules["understudy"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
from understudy.solvers.child import main
sys.exit(main(sys.argv[2]))
"""
LIBRARIES = ("numpy", "scipy", "av", "mediapipe", "cv2", "flatbuffers")  # what the child imports, beside the package
POLL = 0.1  # s between two looks at whether the work is still wanted
PATIENCE = 2.0  # s that a child which is asked to end may take


def detect(
    path: Path | str,
    out: Path | str | None = None,
    start: float | None = None,
    end: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Take:
    """What the networks see in a video.

    path: of the video. out: where the take is kept (whole or not at all); None keeps no file.
    start, end: s, the range wanted; None is the clip's own.
    progress: is told (pictures done, pictures expected). cancelled: asked now and then; True ends the work.
    Raises VideoError, NobodyError, ModelError, DetectorError where a native part crashed, and Cancelled.
    """
    out = None if out is None else Path(out)
    video.checked_range(video.probe(path), start, end)
    models.find()
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".detect-", dir=out and out.parent) as scratch:
        kept = Path(scratch) / "take.npz"
        job = {"video": str(Path(path).resolve()), "out": str(kept), "start": start, "end": end}
        _run(job, Path(scratch) / "words", progress or (lambda done, total: None), cancelled or (lambda: False))
        take = record.load(Take, kept)
        if out is not None:
            kept.replace(out)
    return take


def _run(job: dict, words: Path, progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> None:
    """Run the child to its end, or raise what it says, or what its end says.

    job: for child.main. words: a file for what the child writes to standard error.
    """
    command = [sys.executable, "-u", "-c", LAUNCH, str(ROOT), json.dumps(job)]
    apart = {"creationflags": subprocess.CREATE_NO_WINDOW} if os.name == "nt" else {"start_new_session": True}
    with open(words, "wb") as said:
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, env=_environment(), **apart
        )
    lines: queue.Queue = queue.Queue()
    threading.Thread(target=_read, args=(child.stdout, lines), daemon=True).start()
    done = 0
    try:
        while (line := _next(lines)) is not None:
            if cancelled():
                raise errors.Cancelled("Detection was cancelled; nothing was written.")
            if "error" in line:
                raise getattr(errors, line["error"])(line["message"])
            if "done" in line:
                done = line["done"]
                progress(done, line["total"])
        if child.wait() != 0:
            raise errors.DetectorError(_last_words(child.returncode, done, words))
    finally:
        _end(child)


def _environment() -> dict[str, str]:
    """The child's environment: the libraries of this process, and no way to the network."""
    places = [Path(spec.origin).parent.parent for name in LIBRARIES if (spec := importlib.util.find_spec(name))]
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return kept | OFFLINE | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(map(str, places))), "PYTHONUTF8": "1"}


def _read(stream, lines: queue.Queue) -> None:
    """Put the child's JSON lines into a queue, then None at its end; what is no JSON is not ours."""
    for line in stream:
        if line.startswith(b"{"):
            lines.put(json.loads(line))
    lines.put(None)


def _next(lines: queue.Queue) -> dict | None:
    """The next line, an empty one if there was none for a while, None at the end."""
    try:
        return lines.get(timeout=POLL)
    except queue.Empty:
        return {}


def _end(child: subprocess.Popen) -> None:
    """See to it that the child is gone."""
    child.stdin.close()
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    child.stdout.close()


def _last_words(code: int, done: int, words: Path) -> str:
    """One sentence about a child that ended by itself. code: its exit code; done: pictures seen; words: its stderr."""
    known = {s.value: s.name for s in signal.Signals}
    how = f"was killed by {known.get(-code, -code)}" if code < 0 else f"ended with code {code}"
    lines = [line.strip() for line in words.read_text("utf-8", "replace").splitlines() if line.strip()]
    last = f"; its last words: {lines[-1][:200]}" if lines else ""
    return (
        f"The detector {how} after {done} pictures{last}. Try again, or with a shorter range; if it happens again, "
        "memory may be short or this picture may be one that its native code cannot take."
    )
