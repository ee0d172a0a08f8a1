"""The process that makes one film: Understudy's own command line, telling how far it is in JSON lines."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator

from ..solvers.errors import Cancelled, UnderstudyError
from ..solvers.progress import Report, Stages

MENDABLE, INTERRUPTED, ORPHANED = 2, 130, 3


class ToldStages(Stages):
    """Stages whose progress goes to whoever started this process. out: the stream for it."""

    def __init__(self, out):
        super().__init__(quiet=True)
        self._told = out

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[Report]:
        """One stage, as Stages has it."""
        with super().stage(name) as report:

            def told(done: int, total: int) -> None:
                report(done, total)
                self.tell(stage=name, done=done, total=total)

            self.tell(stage=name, done=0, total=0)
            yield told

    def tell(self, **facts) -> None:
        """Write one line."""
        self._told.write(json.dumps(facts) + "\n")
        self._told.flush()


def main(job: str) -> int:
    """Do one command line.

    job: JSON {"words": its arguments}. Lines: {"stage", "done", "total"} now and then; {"error", "message"} where it
    fails. Result: the exit code, as the command line's.
    """
    stages = ToldStages(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from ..__main__ import parser

    try:
        arguments = parser().parse_args(json.loads(job)["words"])
        arguments.run(arguments, stages)
        return 0
    except (KeyboardInterrupt, Cancelled):
        return INTERRUPTED
    except UnderstudyError as fault:
        stages.tell(error=type(fault).__name__, message=str(fault))
    except OSError as fault:
        stages.tell(error="OutputError", message=f"{fault.strerror or fault}")
    return MENDABLE


def _end_with_parent() -> None:
    """End at once when the server has gone: it holds the other end of standard input, and never writes to it."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(ORPHANED)
