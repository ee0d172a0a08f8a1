"""What became of a take, for the eye (report.html) and for programs (report.json)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from ..clip import Clip
from ..performance import Performance
from ..record import written_whole
from ..take import Take
from . import measures, page, pictures


@dataclass(frozen=True)
class Making:
    """What the records themselves do not know of how a performance was made.

    video: path of the driving video; None takes the one that the take names.
    timings: {stage: s}. rig: {"name", "preset", ...} words about the character, {} where there is none.
    """

    video: Path | str | None = None
    timings: dict = field(default_factory=dict)
    rig: dict = field(default_factory=dict)


def write(
    take: Take, performance: Performance, clip: Clip | None, folder: Path | str, making: Making | None = None
) -> dict:
    """Write report.html, one page that needs nothing beside it, and report.json.

    take, performance: what was seen, and what was made of it. clip: what drives the rig, None where there is none.
    folder: for both files. Result: what the JSON says.
    """
    making = making or Making()
    facts = measures.facts(take, performance, clip, making.timings, making.rig)
    video = making.video or take.source.get("path", "")
    drawn = pictures.drawn(take, performance, video, [stretch["at"] for stretch in facts["weakest"]])
    if drawn.fault:
        facts["warnings"].append(f"The report has no pictures of the video: {drawn.fault}")
    folder = Path(folder)
    with written_whole(folder / "report.json") as temporary:
        temporary.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    with written_whole(folder / "report.html") as temporary:
        temporary.write_text(page.page(facts, measures.curves(take, performance), drawn), encoding="utf-8")
    return facts
