"""Calibration and By Hand, below Look: what the performer's own face is like, and what an artist keys instead."""

import bpy

from .. import bakes, jobs
from ..properties import POSES
from . import work


class LookPanel:
    """What panels below Look have in common."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_parent_id = "UNDERSTUDY_PT_look"
    bl_options = {"DEFAULT_CLOSED"}


class UNDERSTUDY_PT_calibration(LookPanel, bpy.types.Panel):
    """The performer's face at rest, and how far it goes."""

    bl_label = "Calibration"

    def draw(self, context):
        """Rest; then what to show before the camera, when it was shown, and what came of it."""
        layout, props = self.layout, context.scene.understudy
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.prop(props.look, "neutral")
        row = layout.row(align=True)
        row.operator("understudy.neutral_here", icon="EYEDROPPER")
        row.operator("understudy.neutral_still", text="From Picture…", icon="IMAGE_DATA")
        job = jobs.running("still")
        if job is not None:
            work(layout, job)
        self._moments(layout.column(align=True), props.moments)
        layout.operator("understudy.calibrate")
        layout.prop(props.look, "calibration", text="File")

    def _moments(self, column, moments):
        """A line for each thing to show, with its moment; 0 is found."""
        column.label(text="Show a second each; 0 s is found")
        for number, (pose, (title, _)) in enumerate(POSES.items(), 1):
            row = column.row(align=True)
            row.prop(moments, pose, text=f"{number}  {title}" if pose != "shut" else f"({title})")
            row.operator("understudy.pick_moment", text="", icon="EYEDROPPER").pose = pose


class UNDERSTUDY_PT_by_hand(LookPanel, bpy.types.Panel):
    """Expressions that an artist keys."""

    bl_label = "By Hand"

    def draw(self, context):
        """The expressions, with a way back; and the sliders of the bake that plays, to be keyed here."""
        layout, props = self.layout, context.scene.understudy
        names = [name for name in props.look.by_hand.replace(" ", "").split(",") if name]
        column = layout.column(align=True)
        for name in names:
            row = column.row(align=True)
            row.label(text=name, icon="KEYFRAME_HLT", translate=False)
            row.operator("understudy.drive_again", text="", icon="X", emboss=False).name = name
        column = layout.column(align=True)
        for name in ("cheekPuff", "tongueOut"):
            if name not in names:
                column.operator("understudy.leave_to_hand", text=name, icon="ADD", translate=False).name = name
        column.operator("understudy.leave_to_hand", text="Other Expression…", icon="VIEWZOOM")
        blocks = bakes.left_to_hand(props.character) if names and props.character is not None else ()
        if blocks:
            keyed = layout.column()
            keyed.use_property_split, keyed.use_property_decorate = True, True
            names = [block.name for block in blocks]
            for block in blocks:
                several = f" ({block.id_data.user.name})" if names.count(block.name) > 1 else ""
                keyed.prop(block, "value", text=block.name + several, slider=True, translate=False)


CLASSES = (UNDERSTUDY_PT_calibration, UNDERSTUDY_PT_by_hand)
