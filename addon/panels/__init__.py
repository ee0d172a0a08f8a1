"""The sidebar's tab: panels that draw what is there, in the order of work, and compute nothing."""

import textwrap

LETTER = 6.2  # px that a letter of Blender's interface font takes on average, at scale 1
EDGES = 44.0  # px beside a text in a panel: its own margins, the panel's and the scroll bar's
ICON = 22.0  # px of an icon before a text


def write(layout, context, text: str, icon: str = "NONE") -> None:
    """Write a sentence over as many lines as the sidebar's width asks for.

    icon: stands before the first line.
    """
    scale = context.preferences.system.ui_scale
    room = context.region.width / scale - EDGES - (ICON if icon != "NONE" else 0.0)
    lines = textwrap.wrap(text, max(14, int(room / LETTER))) or [""]
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(lines):
        column.label(text=line, icon="BLANK1" if icon != "NONE" and number else icon)


def work(layout, job, unit: str = "") -> None:
    """A job's progress, with a button that ends it.

    job: jobs.Job. unit: of what it counts, such as "pictures".
    """
    row = layout.row(align=True)
    counted = f"{job.done} of {job.total} {unit}" if job.total and unit else job.title
    left = job.left
    row.progress(factor=job.share, text=f"{counted}, {clock(left)} left" if left is not None else counted, type="BAR")
    row.operator("understudy.cancel", text="", icon="X").kind = job.kind


def clock(seconds: float) -> str:
    """A time as people write it: 8 s, 2:05 min, 1:02:05 h. seconds: s."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02} h"
