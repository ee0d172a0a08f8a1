"""The verb serve: a local Act-Two, until it is interrupted."""

from __future__ import annotations

import argparse
import contextlib
import os
import threading
from pathlib import Path

from ..solvers.errors import ServiceError
from ..solvers.progress import Stages

PORT = 8765


def add_verb(verbs) -> None:
    """Add the verb to the command line. verbs: what argparse's add_subparsers gave."""
    verb = verbs.add_parser("serve", help="a local Act-Two: Runway's HTTP interface on this machine")
    verb.add_argument("--port", type=int, default=PORT, metavar="N", help=f"to listen at (default: {PORT}; 0: any)")
    verb.add_argument(
        "--host", default="127.0.0.1", metavar="H",
        help="address to listen at (default: 127.0.0.1, which only this machine reaches)",
    )  # fmt: skip
    verb.add_argument(
        "--token", default=os.environ.get("UNDERSTUDY_TOKEN", ""), metavar="T",
        help="the only key that is let in (default: UNDERSTUDY_TOKEN of the environment, else any)",
    )  # fmt: skip
    verb.add_argument("--folder", metavar="DIR", help="for uploads, tasks and films (default: in the user's cache)")
    verb.add_argument("--workers", type=int, default=1, metavar="N", help="performances made at a time (default: 1)")
    verb.add_argument("--queue", type=int, default=100, metavar="N", help="tasks that may wait (default: 100)")
    verb.add_argument(
        "--rig", action="append", type=named_rig, default=[], metavar="NAME=FILE",
        help="a character that requests may name as understudy://NAME; may be given several times",
    )  # fmt: skip
    verb.add_argument(
        "--fetch", action="store_true", help="fetch assets from http(s) addresses; otherwise these are refused"
    )
    verb.set_defaults(run=run_serve)


def named_rig(word: str) -> tuple[str, Path]:
    """(name, file) of NAME=FILE. Raises ArgumentTypeError where it is none."""
    from .media import RIGS, STARTER

    name, _, file = word.partition("=")
    if not name.replace("-", "").replace("_", "").isalnum() or name == STARTER:
        raise argparse.ArgumentTypeError(f"'{word}' names no rig: give NAME=FILE, the name of letters and digits")
    if not Path(file).is_file() or Path(file).suffix.lower() not in RIGS:
        raise argparse.ArgumentTypeError(f"there is no rig file '{file}': give one of {', '.join(RIGS)}")
    return name, Path(file).resolve()


def run_serve(arguments, stages: Stages) -> None:
    """serve"""
    from ..solvers.models import cache
    from .media import Sources
    from .server import Server
    from .store import Store
    from .studio import Studio

    if arguments.workers < 1 or arguments.queue < 1 or not 0 <= arguments.port < 65536:
        raise ServiceError("Give at least one worker, room for one task, and a port from 0 to 65535.")
    kept = Store(Path(arguments.folder) if arguments.folder else cache() / "serve")
    studio = Studio(kept, Sources(kept, dict(arguments.rig), arguments.fetch), arguments.workers, arguments.queue)
    lock = threading.Lock()

    def say(line: str) -> None:
        with lock:
            stages.say(line)

    try:
        try:
            server = Server((arguments.host, arguments.port), studio, arguments.token, say)
        except OSError as fault:
            where = f"{arguments.host}:{arguments.port}"
            reason = f"Nothing can listen at {where} ({fault.strerror or fault}): give another --host or --port."
            raise ServiceError(reason) from fault
        with server:
            _greet(server, arguments, stages)
            with contextlib.suppress(KeyboardInterrupt):
                server.serve_forever(poll_interval=0.2)
        stages.say("The server has ended; what was not finished goes on when it is started again.")
    finally:
        studio.close()


def _greet(server, arguments, stages: Stages) -> None:
    """Say where the server is and how it is used."""
    stages.say(f"Understudy answers at {server.url}; for scripts written with Runway's package:")
    stages.say(f"export RUNWAYML_BASE_URL={server.url} RUNWAYML_API_SECRET={'TOKEN' if arguments.token else 'any'}")
    if not server.local:
        who = "Whoever has the token" if arguments.token else "Without --token, whoever reaches this machine"
        stages.say(f"warning: this listens beyond this machine. {who} can have films made here.")
