"""How long the interface is blocked: a timer of 10 ms, and the longest time between two of its calls.

Where there is no graphics card, drawing a 3D viewport alone takes a tenth of a second: so gaps in which one was drawn
are told apart from the others. So is the time in which the interface could have gone on but other programs had the
processor's cores.
"""

import os
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import bpy

PERIOD = 0.01  # s
OURS = "user_default/understudy/"  # where Understudy's modules lie
SUSPECT = 0.05  # s after which it is noted what the main thread is at


@dataclass(frozen=True)
class Gap:
    """The time between two calls. length, begun: s. drawn: 3D viewports. queued: s that it waited for a core."""

    length: float
    begun: float
    drawn: int
    queued: float

    @property
    def ours(self) -> float:
        """The part of it, in s, that we answer for: not the wait for a core, and nothing where a viewport was drawn."""
        return 0.0 if self.drawn else self.length - self.queued


class Pulse:
    """Counts from `start` to `stop`; a second thread notes what Python the main thread runs when it is late."""

    def __init__(self):
        self._gaps: list[Gap] = []
        self._seen: dict[float, Counter] = {}
        self._drawn = 0
        self._last = self._begun = self._queued = 0.0
        self._beating = False

    def start(self) -> None:
        """Begin to measure."""
        self._last, self._queued = time.perf_counter(), _queued(os.getpid())
        self._begun = self._last
        self._beating = True
        self._handle = bpy.types.SpaceView3D.draw_handler_add(self._draw, (), "WINDOW", "PRE_VIEW")
        bpy.app.timers.register(self._beat, first_interval=PERIOD, persistent=True)
        threading.Thread(target=self._watch, args=(threading.get_ident(),), daemon=True).start()

    def stop(self) -> dict:
        """End, and tell: seconds measured, the longest gaps in ms, with and without viewports that were drawn."""
        self._beating = False
        self._note()
        bpy.types.SpaceView3D.draw_handler_remove(self._handle, "WINDOW")
        gaps = sorted(self._gaps, key=lambda gap: -gap.length)
        return {
            "seconds": round(time.perf_counter() - self._begun, 2),
            "longest_ms": round(gaps[0].length * 1000),
            "longest_of_ours_ms": round(max(gap.ours for gap in gaps) * 1000),
            "longest_python_ms": round(max(map(self._python, gaps)) * 1000),
            "over_100_ms": sum(gap.length > 0.1 for gap in gaps),
            "over_50_ms": sum(gap.length > 0.05 for gap in gaps),
            "median_ms": round(gaps[len(gaps) // 2].length * 1000, 1),
            "viewports_drawn": sum(gap.drawn for gap in gaps),
            "worst": [self._told(gap) for gap in [*gaps[:3], *sorted(gaps, key=lambda gap: -gap.ours)[:3]]],
        }

    def _python(self, gap: Gap) -> float:
        """How much of a gap the main thread was seen at Understudy's own code, in s."""
        seen = self._seen.get(gap.begun, Counter())
        ours = sum(count for words, count in seen.items() if OURS in words)
        return gap.length * ours / max(seen.total(), 1)

    def _told(self, gap: Gap) -> dict:
        return {
            "ms": round(gap.length * 1000),
            "at_s": round(gap.begun - self._begun, 2),
            "viewports_drawn": gap.drawn,
            "waited_for_a_core_ms": round(gap.queued * 1000),
            "running": dict(self._seen.get(gap.begun, Counter()).most_common(5)),
        }

    def _beat(self):
        self._note()
        return PERIOD if self._beating else None

    def _note(self) -> None:
        now, queued = time.perf_counter(), _queued(os.getpid())
        self._gaps.append(Gap(now - self._last, self._last, self._drawn, queued - self._queued))
        self._last, self._queued, self._drawn = now, queued, 0

    def _draw(self) -> None:
        self._drawn += 1

    def _watch(self, main: int) -> None:
        me = threading.get_native_id()
        woke, waited = time.perf_counter(), _queued(me)
        while self._beating:
            time.sleep(PERIOD)
            now, queued = time.perf_counter(), _queued(me)
            late, woke = now - woke - PERIOD, now
            held, waited = late - (queued - waited), queued
            last = self._last
            if now - last < SUSPECT:
                continue
            seen = self._seen.setdefault(last, Counter())
            seen[_stack(main) or "Blender itself, no Python"] += 1
            if held > SUSPECT:  # no core was missing, so another thread kept Python's lock
                others = [thread for thread in threading.enumerate() if thread.ident not in (main, me)]
                for thread in others:
                    seen[f"lock held {held * 1000:.0f} ms, by {thread.name}? {_stack(thread.ident)}"] += 1


def _stack(thread: int) -> str:
    """The innermost functions of a thread, and the innermost of Understudy's; "" where it runs no Python."""
    frame, names, ours = sys._current_frames().get(thread), [], ""
    while frame is not None:
        path, name = frame.f_code.co_filename, f"{frame.f_lineno} {frame.f_code.co_name}"
        if OURS in path and not ours:
            ours = f"{OURS}{path.partition(OURS)[2]}:{name}"
        if not path.startswith("<frozen"):
            names.append(f"{path.rpartition('/')[2]}:{name}")
        frame = frame.f_back
    return " < ".join([*names[:4], *([f"in {ours}"] if ours else [])])


def _queued(thread: int) -> float:
    """How long a thread has waited for a core since it began, in s (Linux, Documentation/scheduler/sched-stats)."""
    return int(Path(f"/proc/self/task/{thread}/schedstat").read_text().split()[1]) / 1e9
