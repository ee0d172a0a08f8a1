"""LivePortrait as a program of its own, by the options of its inference.py (github.com/KlingAIResearch/LivePortrait).

Its folder, and the Python that it was installed for, are chosen in Blender's preferences; it sends nothing anywhere.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from ...solvers.errors import Cancelled, ServiceError
from ...solvers.footage import video
from . import STEPS, Asked, Order, Progress, parts

POLL = 0.1  # s between two looks at whether the work is still wanted
PATIENCE = 5.0  # s that the program may take to end when it is asked to
PERCENT = re.compile(r"(\d{1,3})\s?%")
KEPT = 40  # lines of its last words
SOURCES = (".png", ".jpg", ".jpeg", ".webp", ".mp4", ".mov", ".avi", ".webm")


@dataclass
class LivePortrait:
    """The program. folder: where its inference.py lies. python: that runs it."""

    folder: Path
    python: Path
    title: str = "LivePortrait"
    local: bool = True

    def check(self, order: Order) -> None:
        """Raise ServiceError where the program is not where it is said to be."""
        if not str(self.folder) or not (Path(self.folder) / "inference.py").is_file():
            raise ServiceError(
                "LivePortrait is not there: choose the folder of its inference.py in the preferences of Understudy."
            )
        if not Path(self.python).is_file():
            raise ServiceError(
                "LivePortrait needs the Python that it was installed for: choose it in the preferences of Understudy."
            )
        if order.character.suffix.lower() not in SOURCES or not order.character.is_file():
            raise ServiceError(f"{order.character.name} is no picture or film that LivePortrait takes.")

    def cost(self, order: Order) -> str:
        """Nothing, but time."""
        return "Free, on this machine"

    def words(self, order: Order, out: Path) -> list[str]:
        """The command line. out: folder for what it makes."""
        line = [str(self.python), "-u", "inference.py", "-s", str(order.character), "-d", str(order.video)]
        line += ["-o", str(out), "--flag_crop_driving_video", "--driving_multiplier", f"{order.intensity / 3:.3f}"]
        return line if order.body_control else [*line, "--animation_region", "exp"]

    def render(self, order: Order, out: Path, progress: Progress, cancelled: Asked) -> list[str]:
        """As Renderer has it."""
        self.check(order)
        with tempfile.TemporaryDirectory(prefix="understudy-liveportrait-") as place:
            folder = Path(place)
            absolute = Order(order.video.resolve(), order.character.resolve(), intensity=order.intensity,
                             body_control=order.body_control)  # fmt: skip
            code, last = _run(self.words(absolute, folder), Path(self.folder), progress, cancelled)
            if code != 0:
                raise ServiceError(f"LivePortrait ended with code {code}{_why(last)}.")
            made = sorted(path for path in folder.rglob("*.mp4") if not path.stem.endswith("_concat"))
            if not made:
                raise ServiceError(f"LivePortrait ended without a film{_why(last)}.")
            seconds = video.probe(made[-1]).seconds
            parts.join([made[-1]], [parts.Part(0.0, seconds)], out, order.video)
        progress(STEPS, STEPS)
        return []


def _run(line: list[str], folder: Path, progress: Progress, cancelled: Asked) -> tuple[int, list[str]]:
    """Let the program run to its end; its exit code and its last words."""
    apart = {"creationflags": subprocess.CREATE_NO_WINDOW} if os.name == "nt" else {"start_new_session": True}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        child = subprocess.Popen(
            line, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=kept | {"PYTHONUTF8": "1", "COLUMNS": "200"}, **apart,
        )  # fmt: skip
    except OSError as fault:
        raise ServiceError(f"LivePortrait could not be started ({fault.strerror or fault}).") from fault
    lines: queue.Queue = queue.Queue()
    threading.Thread(target=_read, args=(child.stdout, lines), daemon=True).start()
    last: list[str] = []
    try:
        while True:
            if cancelled():
                raise Cancelled("LivePortrait: cancelled; nothing was changed.")
            try:
                words = lines.get(timeout=POLL)
            except queue.Empty:
                continue
            if words is None:
                return child.wait(), last
            last = [*last[1 - KEPT :], words]
            if found := PERCENT.findall(words):
                progress(round(STEPS * min(int(found[-1]), 100) / 100), STEPS)
    finally:
        _end(child)


def _read(stream, lines: queue.Queue) -> None:
    """Put what the program says into a queue, bar by bar, then None at its end."""
    held = b""
    while piece := os.read(stream.fileno(), 4096):
        *whole, held = re.split(rb"[\r\n]+", held + piece)
        for line in whole:
            lines.put(line.decode("utf-8", "replace").strip())
    lines.put(held.decode("utf-8", "replace").strip())
    lines.put(None)


def _end(child: subprocess.Popen) -> None:
    """See to it that the program is gone, with whatever it has started."""
    if child.poll() is None:
        _signal(child, "terminate")
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(PATIENCE)
    if child.poll() is None:
        _signal(child, "kill")
        child.wait()
    child.stdout.close()


def _signal(child: subprocess.Popen, how: str) -> None:
    if os.name == "nt":
        getattr(child, how)()
        return
    import signal

    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM if how == "terminate" else signal.SIGKILL)


def _why(last: list[str]) -> str:
    """The last words that say what went wrong."""
    wrong = [line for line in last if re.search(r"rror|xception|not found|no face", line, re.IGNORECASE)]
    return f": {wrong[-1][:300].rstrip('.')}" if wrong else ""
