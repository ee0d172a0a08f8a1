"""What is being done, how far it is and how long it will take: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

BAR = 24  # characters
TERMINAL_EVERY, LINES_EVERY = 0.1, 10.0  # s between two updates
SETTLED = 1.0  # s of a stage after which its speed is worth telling

Report = Callable[[int, int], None]


class Stages:
    """The stages of one piece of work, shown as they pass.

    out: the stream to write to, sys.stdout where none is given; None after `quiet=True`.
    seconds: {stage: s it took}, kept for the report.
    """

    def __init__(self, out=None, quiet: bool = False):
        self.out = None if quiet else out or sys.stdout
        self.seconds: dict[str, float] = {}
        self._interrupted = False

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[Report]:
        """One stage; gives the function that is told of progress: report(done, total).

        name: what is being done, in a word or two.
        """
        begun = time.perf_counter()
        counted = [0, 0]
        last = [begun]

        def report(done: int, total: int) -> None:
            self.heed()
            counted[:] = done, total
            now = time.perf_counter()
            if now - last[0] >= (TERMINAL_EVERY if self._terminal else LINES_EVERY):
                last[0] = now
                self._update(_line(name, done, total, now - begun, self._terminal))

        self.heed()
        if self._terminal:
            self._update(f"{name:<10}")
        yield report
        self.heed()
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun
        self._finish(_summary(name, counted[0], time.perf_counter() - begun))

    def say(self, words: str) -> None:
        """Tell the user something on a line of its own."""
        self._finish(words)

    def interrupt(self) -> None:
        """Ask for the work to end as soon as a stage begins, advances or ends."""
        self._interrupted = True

    def heed(self) -> None:
        """Raise KeyboardInterrupt if the work has been asked to end."""
        if self._interrupted:
            self._interrupted = False
            raise KeyboardInterrupt

    def stop(self) -> None:
        """Leave an unfinished bar behind, so that what follows begins on a line of its own."""
        if self._terminal:
            self._write("\r\x1b[K")

    @property
    def _terminal(self) -> bool:
        return self.out is not None and self.out.isatty()

    def _update(self, line: str) -> None:
        self._write(f"\r\x1b[K{line}" if self._terminal else f"{line}\n")

    def _finish(self, line: str) -> None:
        self._write(f"\r\x1b[K{line}\n" if self._terminal else f"{line}\n")

    def _write(self, text: str) -> None:
        if self.out is not None:
            encoding = getattr(self.out, "encoding", None) or "utf-8"
            self.out.write(text.encode(encoding, "replace").decode(encoding))
            self.out.flush()


def _line(name: str, done: int, total: int, seconds: float, bar: bool) -> str:
    """How far a stage is: its share, its count, its speed and what remains."""
    share = min(done / total, 1.0) if total else 0.0
    parts = [f"{100 * share:3.0f} %", f"{done} of {total}"] if total else [f"{done}"]
    if seconds >= SETTLED and done:
        parts.append(f"{done / seconds:.1f}/s")
        if total > done:
            parts.append(f"{duration((total - done) * seconds / done)} left")
    full = round(share * BAR)
    return f"{name:<10} " + ("█" * full + "░" * (BAR - full) + " " if bar else "") + ", ".join(parts)


def _summary(name: str, done: int, seconds: float) -> str:
    speed = f", {done} at {done / seconds:.1f}/s" if done and seconds >= SETTLED else ""
    return f"{name:<10} {duration(seconds)}{speed}"


def duration(seconds: float) -> str:
    """A time span in words fit for a line: "0.4 s", "12 s", "3 min 05 s"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
