"""What a server keeps on disk: uploads, tasks and films, each known by an id that this server made, never by a path.

    uploads/ID.json, uploads/ID.<suffix>    a file that a client has sent, and what it said of it
    tasks/ID.json                           one task; written to a temporary name, then renamed
    runs/ID/                                what a task works on and with, gone when it has ended
    films/ID.mp4                            what came of it
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import time
import uuid
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from ..solvers.errors import ServiceError

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PENDING, RUNNING, SUCCEEDED, FAILED, CANCELLED = "PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"
ENDED = (SUCCEEDED, FAILED, CANCELLED)
KEPT = 24 * 3600.0  # s for which an upload is kept, as Runway's
SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")


@dataclass(frozen=True)
class Task:
    """One performance that is to be made, is being made, or was.

    created: s since 1970. order: what orders.Order holds. files: {"character", "reference": name in the run's folder}.
    failure, code: of a task that failed. secret: part of the film's address.
    """

    id: str
    created: float
    order: dict
    files: dict
    status: str = PENDING
    failure: str = ""
    code: str = ""
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(18))


@dataclass(frozen=True)
class Upload:
    """A file that a client sends. name: its own name for it. secret: allows whoever knows it to send the file."""

    id: str
    created: float
    name: str
    secret: str

    @property
    def suffix(self) -> str:
        """How the file's name ends, ".bin" where that is nothing usual."""
        ending = os.path.splitext(self.name)[1].lower()
        return ending if SUFFIX.fullmatch(ending) else ".bin"


class Store:
    """The folder of a server; one server at a time. Raises ServiceError where it cannot be used."""

    def __init__(self, folder: Path):
        self.folder = Path(os.path.abspath(folder))
        try:
            for name in ("uploads", "tasks", "runs", "films"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            self._lock = open(self.folder / "lock", "a+b")  # noqa: SIM115 - kept open as long as we are at work
        except OSError as fault:
            raise ServiceError(f"The folder {folder} cannot be used ({fault.strerror}): give another one.") from fault
        if not _locked(self._lock):
            self._lock.close()
            raise ServiceError(f"Another server is at work in {folder}: end it, or give another folder.")

    def close(self) -> None:
        """Let another server have the folder."""
        self._lock.close()

    # --- tasks ---

    def tasks(self) -> list[Task]:
        """All tasks, the oldest first; what is no task any more is passed over."""
        found = []
        for place in (self.folder / "tasks").glob("*.json"):
            with contextlib.suppress(OSError, ValueError, TypeError):
                found.append(Task(**json.loads(_inside(place).read_text("utf-8"))))
        return sorted((task for task in found if ID.fullmatch(task.id)), key=lambda task: task.created)

    def keep(self, task: Task) -> None:
        """Write a task, whole or not at all."""
        _write(self.folder / "tasks" / f"{task.id}.json", asdict(task))

    def forget(self, task: Task) -> None:
        """Remove a task and what came of it."""
        for place in (self.folder / "tasks" / f"{task.id}.json", self.film(task)):
            place.unlink(missing_ok=True)
        self.clear(task)

    def run(self, task_id: str) -> Path:
        """The folder in which a task is worked on, made where it is missing."""
        place = self.folder / "runs" / task_id
        place.mkdir(exist_ok=True)
        return place

    def clear(self, task: Task) -> None:
        """Remove what a task was worked on with."""
        shutil.rmtree(self.folder / "runs" / task.id, ignore_errors=True)

    def film(self, task: Task) -> Path:
        """Where a task's film is, or is to be."""
        return self.folder / "films" / f"{task.id}.mp4"

    # --- uploads ---

    def expect(self, name: str) -> Upload:
        """Make room for a file that is to be sent. name: the client's."""
        self._forget_old()
        upload = Upload(str(uuid.uuid4()), time.time(), name, secrets.token_urlsafe(18))
        _write(self.folder / "uploads" / f"{upload.id}.json", asdict(upload))
        return upload

    def upload(self, upload_id: str) -> Upload | None:
        """What was said of a file, None where nothing is known."""
        place = self.folder / "uploads" / f"{upload_id}.json"
        if not ID.fullmatch(upload_id) or not place.is_file() or place.is_symlink():
            return None
        return Upload(**json.loads(place.read_text("utf-8")))

    def uploaded(self, upload: Upload) -> Path:
        """Where an upload's file is, or is to be."""
        return self.folder / "uploads" / f"{upload.id}{upload.suffix}"

    def _forget_old(self) -> None:
        for place in (self.folder / "uploads").iterdir():
            with contextlib.suppress(OSError):
                if time.time() - place.lstat().st_mtime > KEPT:
                    place.unlink()


def put(source: Path, target: Path) -> None:
    """Let a file be at another place, too, without copying where the disk can do that."""
    source = _inside(source)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def moment(seconds: float) -> str:
    """A moment as JSON has it. seconds: s since 1970."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def changed(task: Task, **fields) -> Task:
    """The same task with other fields."""
    return replace(task, **fields)


def _inside(place: Path) -> Path:
    """A file of ours; whatever a link points to is none. Raises OSError."""
    if place.is_symlink() or not place.is_file():
        raise FileNotFoundError(str(place))
    return place


def _write(place: Path, facts: dict) -> None:
    temporary = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(facts, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)


def _locked(file) -> bool:
    """Whether this process has the file for itself now; the system lets go of it however the process ends."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
