"""Performance: the video, what can be expected of it, detecting, and the takes that there are."""

import json

import bpy

from ...solvers.captures import is_capture
from .. import jobs, portraits
from . import clock, work, write


def _several(take) -> bool:
    """Whether several people were seen where a take was made."""
    return take.known().get("source", {}).get("people", 1) > 1


class UNDERSTUDY_UL_takes(bpy.types.UIList):
    """The takes of a scene."""

    def draw_item(self, _context, layout, _data, item, _icon, _active_data, _active_property, _index=0, _flag=0):
        """One take: its name, which can be edited, and its length."""
        row = layout.row()
        row.prop(item, "name", text="", emboss=False, icon="RENDER_ANIMATION")
        side = row.row()
        side.alignment = "RIGHT"
        side.label(text=clock(item.seconds) if item.seconds >= 60 else f"{item.seconds:.1f} s")


class UNDERSTUDY_MT_takes(bpy.types.Menu):
    """What else can be done with takes."""

    bl_label = "Takes"

    def draw(self, _context):
        """All of it."""
        self.layout.operator("understudy.keep_take", icon="FILE_TICK")
        self.layout.operator("understudy.find_video", icon="VIEWZOOM")


class UNDERSTUDY_PT_performance(bpy.types.Panel):
    """The driving video and its takes."""

    bl_label = "Performance"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_order = 0

    def draw(self, context):
        """Video, outlook, range, performer, Detect, takes."""
        layout, props = self.layout, context.scene.understudy
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.prop(props, "video", text="")
        self._outlook(context)
        if props.video:
            self._range(props)
            self._choices(props)
        job = jobs.running("detect")
        if job is not None:
            work(layout, job, "pictures")
        else:
            row = layout.row()
            row.scale_y = 1.3
            row.operator("understudy.detect", icon="VIEW_CAMERA")
        if props.takes:
            self._takes(props)

    def _outlook(self, context):
        props = context.scene.understudy
        job = jobs.running("preflight")
        if job is not None:
            work(self.layout, job)
        elif props.preflight:
            found = json.loads(props.preflight)
            column = self.layout.column(align=True)
            write(column, context, found["line"])
            for advice in found["advice"][:3]:
                write(column, context, advice, "INFO")

    def _range(self, props):
        column = self.layout.column(align=True)
        column.prop(props, "use_range", text="Part Only")
        if props.use_range:
            column.prop(props, "start")
            column.prop(props, "end")

    def _choices(self, props):
        """Who of several people is followed, and what becomes of cuts; only where there is a choice."""
        found = json.loads(props.preflight) if props.preflight else {}
        known = props.take.known().get("source", {}) if props.take is not None else {}
        if found.get("cast"):
            self._people(props, found["cast"])
        elif props.take is not None and _several(props.take):
            self.layout.prop(props, "performer")
        if found.get("cut") or known.get("cuts"):
            self.layout.prop(props, "cuts")

    def _people(self, props, cast):
        names = [person["performer"] for person in cast]
        chosen = props.performer if props.performer in names else names[0]
        self.layout.label(text="Performer")
        grid = self.layout.grid_flow(row_major=True, columns=min(len(cast), 4), even_columns=True, align=True)
        for number, person in enumerate(cast, 1):
            column = grid.column(align=True)
            column.template_icon(portraits.icon(person["picture"]), scale=4.0)
            choice = column.operator(
                "understudy.choose_performer", text=str(number), depress=person["performer"] == chosen
            )
            choice.performer = person["performer"]

    def _takes(self, props):
        row = self.layout.row()
        row.template_list("UNDERSTUDY_UL_takes", "", props, "takes", props, "take_index", rows=3)
        column = row.column(align=True)
        column.operator("understudy.add_take", text="", icon="ADD")
        column.operator("understudy.remove_take", text="", icon="REMOVE")
        column.separator()
        column.menu("UNDERSTUDY_MT_takes", text="", icon="DOWNARROW_HLT")
        if len(props.takes) > 1 and props.take is not None and _several(props.take):
            self.layout.prop_search(props.take, "floor", props, "takes", icon="RENDER_ANIMATION")
        self._face(props)

    def _face(self, props):
        """The capture whose face is laid over the chosen take, where there is one to choose."""
        take = props.take
        if take is None or not any(is_capture(item.path) for item in props.takes if item.path != take.path):
            return
        self.layout.prop_search(take, "face", props, "takes", icon="OUTLINER_DATA_CAMERA")
        if take.face:
            self.layout.prop(take, "face_sync")
            if not take.face_sync:
                self.layout.prop(take, "face_offset")


CLASSES = (UNDERSTUDY_UL_takes, UNDERSTUDY_MT_takes, UNDERSTUDY_PT_performance)
