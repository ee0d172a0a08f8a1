"""Blender talks to the process's own output; on the command line its words go nowhere."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import signal
import sys
from collections.abc import Iterator

from ..solvers.progress import Stages

OUTPUTS = (1, 2)  # the process's file descriptors of standard output and standard error


@contextlib.contextmanager
def quiet_blender(stages: Stages) -> Iterator[None]:
    """Silence what Blender and its importers print, in Python and in C; the stages go on reaching the user.

    stages: their stream is changed while the block lasts, and they raise KeyboardInterrupt as soon as one of them
    begins, advances or ends after an interruption. Blender is loaded by the first such block.
    """
    shown = stages.out
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(number) for number in OUTPUTS]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        if _descriptor(shown) in OUTPUTS:
            number = os.dup(shown.fileno())
            stages.out = open(number, "w", encoding=shown.encoding, errors="replace")
        for number in OUTPUTS:
            os.dup2(nowhere, number)
        with open(os.devnull, "w") as deaf, contextlib.redirect_stdout(deaf), contextlib.redirect_stderr(deaf):
            with _interruptions_wait(stages):
                import bpy  # noqa: F401

                yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        ctypes.CDLL("ucrtbase" if os.name == "nt" else None).fflush(None)  # what C's own streams still hold
        for number, copy in zip(OUTPUTS, kept, strict=True):
            os.dup2(copy, number)
            os.close(copy)
        os.close(nowhere)
        if stages.out is not shown:
            stages.out.close()
            stages.out = shown


@contextlib.contextmanager
def _interruptions_wait(stages: Stages) -> Iterator[None]:
    """An interruption is kept for the stages, which act on it: inside Blender it would be swallowed, or crash."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    heeded = [number for number, action in before.items() if action not in (signal.SIG_IGN, None)]  # None: Blender's
    for number in heeded:
        signal.signal(number, lambda *_: stages.interrupt())
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, before[number])
    stages.heed()


def _descriptor(stream) -> int:
    """A stream's file descriptor, -1 where it has none."""
    try:
        return stream.fileno()
    except (AttributeError, io.UnsupportedOperation):
        return -1
