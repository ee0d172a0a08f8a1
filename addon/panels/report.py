"""Report: how much of the chosen take was seen, where it is weakest, and what to know of it."""

from __future__ import annotations

import bpy

from .. import jobs
from . import work, write

PARTS = {"body": "Body", "face": "Face", "left_hand": "Left Hand", "right_hand": "Right Hand"}
LABELS, BUTTONS = 0.4, 0.3  # of a row's width: labels as beside Blender's own properties, buttons with a time


def known(context) -> dict:
    """What is known of the chosen take, {} where there is none."""
    take = context.scene.understudy.take
    return take.known() if take is not None else {}


class ReportPanel:
    """What the report's panels have in common."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Understudy"


class UNDERSTUDY_PT_report(ReportPanel, bpy.types.Panel):
    """How much of the chosen take was seen."""

    bl_label = "Report"
    bl_order = 7
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        """A bar for each part, foot skate, and the page."""
        layout, facts = self.layout, known(context)
        layout.use_property_split, layout.use_property_decorate = True, False
        if context.scene.understudy.take is None:
            write(layout, context, "No take yet", "INFO")
            return
        if facts:
            column = layout.column()
            for part, title in PARTS.items():
                share = facts["coverage"][part]
                _beside(column, title).progress(factor=share, text=f"{100 * share:.0f} %", type="BAR")
            for title, words in _slides(facts["skate"]).items():
                _beside(column, title).label(text=words)
        job = jobs.running("report")
        if job is not None:
            work(layout, job)
        else:
            layout.operator("understudy.open_report", icon="URL")


class UNDERSTUDY_PT_report_weakest(ReportPanel, bpy.types.Panel):
    """Where least was seen."""

    bl_label = "Weakest Stretches"
    bl_parent_id = "UNDERSTUDY_PT_report"

    @classmethod
    def poll(cls, context):
        """Whether the chosen take has any."""
        return bool(known(context).get("weakest"))

    def draw(self, context):
        """A button for each that goes there, and beside it what is weak."""
        for stretch in known(context)["weakest"]:
            row = self.layout.split(factor=BUTTONS)
            button = row.operator("understudy.jump", text=f"{stretch['at']:.1f} s")
            button.seconds, button.why = stretch["at"], stretch["why"]
            column = row.column(align=True)
            for words in stretch["why"].split(", "):
                column.label(text=words[:1].upper() + words[1:])


class UNDERSTUDY_PT_report_notes(ReportPanel, bpy.types.Panel):
    """What to know of the solved performance."""

    bl_label = "Notes"
    bl_parent_id = "UNDERSTUDY_PT_report"

    @classmethod
    def poll(cls, context):
        """Whether there is anything to know."""
        return bool(known(context).get("warnings"))

    def draw(self, context):
        """A sentence after the other."""
        for warning in known(context)["warnings"]:
            write(self.layout, context, warning, "INFO")


def _beside(layout, title: str):
    """The right-hand side of a row with a label on its left, as Blender's own properties have it."""
    row = layout.split(factor=LABELS)
    label = row.row()
    label.alignment = "RIGHT"
    label.label(text=title)
    return row


def _slides(speeds: dict) -> dict[str, str]:
    """{label: how fast a planted foot slides}, {} where neither is ever planted.

    speeds: {"left", "right"} m/s, None for a foot that is never planted.
    """
    if all(speed is None for speed in speeds.values()):
        return {}
    words = {side: "-" if speed is None else f"{100 * speed:.1f} cm/s" for side, speed in speeds.items()}
    return {"Foot Slide L": words["left"], "R": words["right"]}


CLASSES = (UNDERSTUDY_PT_report, UNDERSTUDY_PT_report_weakest, UNDERSTUDY_PT_report_notes)
