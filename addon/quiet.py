"""Blender talks to the process's own output; on the command line its words go nowhere."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator

from ..solvers.progress import Stages

OUTPUTS = (1, 2)  # the process's file descriptors of standard output and standard error


@contextlib.contextmanager
def quiet_blender(stages: Stages) -> Iterator[None]:
    """Silence what Blender and its importers print, in Python and in C; the stages go on reaching the user.

    stages: their stream is changed while the block lasts.
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
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in zip(OUTPUTS, kept, strict=True):
            os.dup2(copy, number)
            os.close(copy)
        os.close(nowhere)
        if stages.out is not shown:
            stages.out.close()
            stages.out = shown


def _descriptor(stream) -> int:
    """A stream's file descriptor, -1 where it has none."""
    try:
        return stream.fileno()
    except (AttributeError, io.UnsupportedOperation):
        return -1
