"""The queue: tasks wait, are worked on in processes of their own, can be cancelled, and outlive the server."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from . import media
from .orders import Order, refusal
from .store import CANCELLED, FAILED, PENDING, RUNNING, SUCCEEDED, Store, Task, changed

ROOT = Path(__file__).resolve().parents[1]
# Loads the package under its own name wherever it lies and whatever it is called in this process, then does the job.
LAUNCH = """
import importlib.util, os, sys
root, job = sys.argv[-2:]
spec = importlib.util.spec_from_file_location("understudy", root + "/__init__.py", submodule_search_locations=[root])
package = sys.modules["understudy"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
from understudy.serving.child import main
code = main(job)
sys.stdout.flush()
os._exit(code)
"""
ALIVE = ["--breathing", "1", "--settling", "1"]  # Act-Two moves pictures of characters a little by itself
# Over the motion that a film of a character has, which goes on where the performer's body is not seen.
GESTURES = ["--layer", "face,gaze,head,body,left_hand,right_hand"]
GESTURES += [word for part in ("body", "left-hand", "right-hand") for word in (f"--unseen-{part}", "leave")]
FRAME_RATE = 24  # 1/s, as Act-Two's
# How the time of a task is usually spent, as shares; what is not named takes next to none.
SHARES = {"detect": 0.55, "solve": 0.03, "character": 0.04, "retarget": 0.02, "write": 0.01, "stage": 0.02}
SHARES |= {"save": 0.01, "render": 0.30, "report": 0.02}
POLL = 0.1  # s between two looks at whether the work is still wanted
PATIENCE = 5.0  # s that a child which is asked to end may take
# Faults of what the client sent, which Act-Two calls so; all others are ours.
ASSETS = ("VideoError", "NobodyError", "CharacterError", "RigError")
INVALID, INTERNAL, BAD_OUTPUT = "ASSET.INVALID", "INTERNAL", "INTERNAL.BAD_OUTPUT.CODE01"
Command = Callable[[Order, Path, dict, Path], list[str]]


def words(order: Order, folder: Path, files: dict, out: Path) -> list[str]:
    """The command line that makes a performance.

    order: what is asked for. folder: of the run. files: {"character", "reference": name in it, None for the starter}.
    out: folder for the results.
    """
    line = ["perform", str(folder / files["reference"]), "--out", str(out), "--ratio", order.ratio]
    line += ["--intensity", str(order.intensity), "--frame-rate", str(FRAME_RATE), "--engine", "workbench"]
    if files["character"] is not None:
        line += ["--character", str(folder / files["character"])]
    if not order.body_control:
        line += ["--no-body", "--no-left-hand", "--no-right-hand", "--no-path"]
    elif order.character[0] == "video":
        line += GESTURES
    if order.character[0] == "image":
        line += ALIVE
    seed = secrets.randbits(31) if order.seed is None else order.seed % 2**31  # the command line's reach
    return [*line, "--seed", str(seed)]


def command(order: Order, folder: Path, files: dict, out: Path) -> list[str]:
    """How the process is started that makes a performance; arguments as `words` has them."""
    job = json.dumps({"words": words(order, folder, files, out)})
    blender = getattr(getattr(sys.modules.get("bpy"), "app", None), "binary_path", "")
    if blender:
        started = [blender, "--background", "-noaudio", "--disable-autoexec", "--python-expr", LAUNCH]
        return [*started, "--", str(ROOT), job]
    return [sys.executable, "-u", "-P", "-c", LAUNCH, str(ROOT), job]


@dataclass
class Run:
    """A task that is being worked on. stop: set when it is to end. progress: 0..1. wanted: False once cancelled."""

    stop: threading.Event
    progress: float = 0.0
    wanted: bool = True


class Studio:
    """The tasks of a server, and the threads that see them through.

    store: where they are kept. sources: where assets may come from. workers: tasks that are worked on at a time.
    room: tasks that may wait. command: how a task's process is started, see `command`.
    """

    def __init__(self, store: Store, sources: media.Sources, workers: int = 1, room: int = 100,
                 command: Command = command):  # fmt: skip
        self.store, self.sources, self.workers, self.room, self._command = store, sources, workers, room, command
        self._change = threading.Condition()
        self._ending = False
        self._runs: dict[str, Run] = {}
        self._tasks = {task.id: task for task in store.tasks()}
        for task in self._tasks.values():
            if task.status == RUNNING:  # a server was killed: again from the start
                self._set(task, status=PENDING)
        for place in (store.folder / "runs").iterdir():
            if place.name not in self._tasks or self._tasks[place.name].status != PENDING:
                shutil.rmtree(place, ignore_errors=True)
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    # --- what clients do ---

    def create(self, order: Order) -> Task:
        """Take on an order. Raises Refused where it cannot be done, or too much is waiting."""
        self._check_room()
        task_id = str(uuid.uuid4())
        folder = self.store.run(task_id)
        try:
            kind, uri = order.character
            files = {"reference": media.bring(self.sources, "reference", "video", order.reference, folder)}
            files["character"] = media.bring(self.sources, "character", kind, uri, folder)
            task = Task(task_id, time.time(), asdict(order) | {"character": kind, "reference": ""}, files)
            with self._change:
                self._check_room()
                self.store.keep(task)
                self._tasks[task.id] = task
                self._change.notify()
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return task

    def task(self, task_id: str) -> tuple[Task, float] | None:
        """A task and its progress 0..1; None where there is none."""
        with self._change:
            task, run = self._tasks.get(task_id), self._runs.get(task_id)
            return None if task is None else (task, run.progress if run else 0.0)

    def delete(self, task_id: str) -> bool:
        """Cancel a task that has not ended, forget one that has; False where there is none."""
        with self._change:
            task = self._tasks.get(task_id)
            if task is None:
                return False
            if task.status == PENDING:
                self._set(task, status=CANCELLED)
                self.store.clear(task)
            elif task.status == RUNNING:
                self._set(task, status=CANCELLED)
                self._runs[task_id].wanted = False
                self._runs[task_id].stop.set()
            else:
                del self._tasks[task_id]
                self.store.forget(task)
        return True

    def created(self) -> list[float]:
        """When the tasks were created that are known, s since 1970."""
        with self._change:
            return [task.created for task in self._tasks.values()]

    def close(self) -> None:
        """End all work; what has not ended will go on when a server has this folder again."""
        with self._change:
            self._ending = True
            for run in self._runs.values():
                run.stop.set()
            self._change.notify_all()
        for thread in self._threads:
            thread.join(2 * PATIENCE)
        self.store.close()

    def _check_room(self) -> None:
        with self._change:
            waiting = sum(task.status == PENDING for task in self._tasks.values())
        if waiting >= self.room:
            raise refusal(429, f"{waiting} tasks are waiting already: try again when some have ended.")

    # --- what happens to tasks ---

    def _set(self, task: Task, **fields) -> Task:
        """Let a task be otherwise, on disk first."""
        task = changed(task, **fields)
        self.store.keep(task)
        self._tasks[task.id] = task
        return task

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            task, run = taken
            try:
                outcome = self._made(task, run)
            except OSError as fault:
                outcome = {"status": FAILED, "code": INTERNAL, "failure": f"{fault.strerror or fault}."}
            except Exception as fault:  # a fault of ours fails the task, not the server
                failure = f"By a fault of Understudy ({type(fault).__name__}: {fault})."
                outcome = {"status": FAILED, "code": INTERNAL, "failure": failure}
            self._finish(task, run, outcome)

    def _take(self) -> tuple[Task, Run] | None:
        """The task whose turn it is, once there is one; None at the end."""
        with self._change:
            while not self._ending:
                waiting = [task for task in self._tasks.values() if task.status == PENDING]
                if waiting:
                    task = min(waiting, key=lambda task: task.created)
                    run = self._runs[task.id] = Run(threading.Event())
                    with contextlib.suppress(OSError):  # a full disk: it will be PENDING after a restart, which is true
                        self.store.keep(changed(task, status=RUNNING))
                    self._tasks[task.id] = task = changed(task, status=RUNNING)
                    return task, run
                self._change.wait()
        return None

    def _finish(self, task: Task, run: Run, outcome: dict | None) -> None:
        """Note what came of a task. outcome: fields of the task; None where it was stopped."""
        with self._change:
            del self._runs[task.id]
            if not run.wanted:  # cancelled: said already
                self.store.film(task).unlink(missing_ok=True)
                self.store.clear(task)
                return
            if outcome is None:  # the server ends: the task will be begun again
                outcome = {"status": PENDING}
            else:
                self.store.clear(task)
            try:
                self._set(task, **outcome)
            except OSError:
                self._tasks[task.id] = changed(task, **outcome)

    def _made(self, task: Task, run: Run) -> dict | None:
        """Work on a task until it has ended; what is to be noted of it."""
        folder = self.store.run(task.id)
        for left in folder.glob("made-*"):  # by a server that was killed
            shutil.rmtree(left, ignore_errors=True)
        out = folder / f"made-{secrets.token_hex(4)}"
        order = Order(**task.order | {"character": (task.order["character"], "")})
        told = _watched(self._command(order, folder, task.files, out), folder, run)
        if run.stop.is_set():
            return None
        film = out / "performance.mp4"
        if "error" in told:
            code = INVALID if told["error"] in ASSETS else INTERNAL
            return {"status": FAILED, "code": code, "failure": told["message"]}
        if told["code"] != 0 or not film.is_file():
            why = f"The process that made the film ended with code {told['code']}{_last(folder / 'words')}."
            return {"status": FAILED, "code": INTERNAL, "failure": why}
        if wrong := _unlike(film, order):
            return {"status": FAILED, "code": BAD_OUTPUT, "failure": wrong}
        film.replace(self.store.film(task))
        return {"status": SUCCEEDED}


def _watched(line: list[str], folder: Path, run: Run) -> dict:
    """Let a process run to its end, or to the run's; what it told last, and its exit code."""
    apart = {"creationflags": subprocess.CREATE_NO_WINDOW} if os.name == "nt" else {"start_new_session": True}
    pipe, told = subprocess.PIPE, {}
    with open(folder / "words", "wb") as said:
        child = subprocess.Popen(
            line, stdin=pipe, stdout=pipe, stderr=said, env=os.environ | {"PYTHONUTF8": "1"}, **apart
        )
    try:
        lines: queue.Queue = queue.Queue()
        threading.Thread(target=_read, args=(child.stdout, lines), daemon=True).start()
        while not run.stop.is_set():
            try:
                facts = lines.get(timeout=POLL)
            except queue.Empty:
                continue
            if facts is None:
                break
            if "error" in facts:
                told = facts
            elif "stage" in facts:
                run.progress = max(run.progress, _share(facts))
        if not run.stop.is_set():
            child.wait()
    finally:
        _end(child)
    return told | {"code": child.returncode}


def _share(facts: dict) -> float:
    """How much of a task is done, 0..1. facts: {"stage", "done", "total"}."""
    names = list(SHARES)
    if facts["stage"] not in names:
        return 0.0
    before = sum(SHARES[name] for name in names[: names.index(facts["stage"])])
    part = min(1.0, facts["done"] / facts["total"]) if facts.get("total") else 0.0
    return min(before + SHARES[facts["stage"]] * part, 1.0)


def _read(stream, lines: queue.Queue) -> None:
    """Put a child's JSON lines into a queue, then None at its end; the other lines are Blender's own."""
    for line in stream:
        with contextlib.suppress(ValueError):
            facts = json.loads(line)
            if isinstance(facts, dict):
                lines.put(facts)
    lines.put(None)


def _end(child: subprocess.Popen) -> None:
    """See to it that a child is gone."""
    if child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(PATIENCE)
    with contextlib.suppress(OSError):
        child.stdin.close()  # which ends one that did not listen
    if child.poll() is None:
        child.kill()
        child.wait()
    child.stdout.close()


def _last(said: Path) -> str:
    """The last words of a child that crashed. said: its standard error."""
    lines = [line.strip() for line in said.read_text("utf-8", "replace").splitlines() if "rror" in line]
    return f"; its last words: {lines[-1][:200]}" if lines else ""


def _unlike(film: Path, order: Order) -> str:
    """How a film differs from what was ordered; "" where it does not."""
    from ..solvers.footage import video

    clip, wanted = video.probe(film), tuple(map(int, order.ratio.split(":")))
    if clip.size != wanted or abs(clip.fps - FRAME_RATE) > 0.01:
        made = f"{clip.size[0]}:{clip.size[1]} at {clip.fps:g} frames a second"
        return f"The film came out as {made}, not as {order.ratio} at {FRAME_RATE}."
    return ""
