"""Keeping two cores busy: the next pictures are decoded and looked at while this one still is."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator

END = object()


def ahead(items: Iterable, count: int = 2) -> Iterator:
    """The same items, made in a thread of their own, at most `count` before they are asked for.

    items: any iterable; what it raises is raised here. Closing the result ends the thread.
    """
    ready: queue.Queue = queue.Queue(count)
    stopped = threading.Event()

    def put(item) -> bool:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not put((item, None)):
                    break
            put((END, None))
        except BaseException as fault:  # handed over, not swallowed
            put((END, fault))
        finally:
            if hasattr(items, "close"):
                items.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            item, fault = ready.get()
            if fault is not None:
                raise fault
            if item is END:
                return
            yield item
    finally:
        stopped.set()
        thread.join()
