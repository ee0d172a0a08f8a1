"""The same report, written by a process of its own: decoding the video may crash, and who asked for it must not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from .. import record
from ..detect import run, scratch
from ..errors import OutputError
from ..performance import Performance
from ..record import written_whole
from ..take import Take

FILES = ("report.json", "report.html")
TAKE, PERFORMANCE = "take.npz", "performance.npz"  # what the child finds in its folder


def write_apart(
    take: Take,
    performance: Performance,
    folder: Path,
    video: Path | str = "",
    cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Write report.html and report.json in a process of its own, and give the path of the page.

    take, performance: what was seen, and what was made of it. folder: for both files. video: where the driving video
    lies now; "" takes the one that the take names. cancelled: asked now and then; True ends the work.
    Raises OutputError where they cannot be written, DetectorError where native code crashed, and Cancelled.
    """
    with scratch(None) as place:
        made = place / "report"
        try:
            record.save(take, made / TAKE)
            record.save(performance, made / PERFORMANCE)
        except OSError as fault:
            raise OutputError(f"The report cannot be prepared ({fault.strerror or fault}): make room.") from fault
        job = {"verb": "report", "video": str(video), "out": str(made), "start": None, "end": None, "polite": False}
        run(job, place / "words", lambda done, total: None, cancelled or (lambda: False))
        try:
            for name in FILES:
                with written_whole(Path(folder) / name) as temporary:
                    shutil.copyfile(made / name, temporary)
        except OSError as fault:
            why = fault.strerror or fault
            raise OutputError(f"The report cannot be written to {folder} ({why}): make room, or unlock it.") from fault
    return Path(folder) / FILES[-1]
