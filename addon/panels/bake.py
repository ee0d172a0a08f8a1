"""Bake: how the performance becomes keys, and the bakes that there are."""

import bpy

from ...solvers.retargeting.layering import REGIONS
from .. import bakes, jobs, marks
from . import work, write


class UNDERSTUDY_PT_bake(bpy.types.Panel):
    """How the performance becomes keys."""

    bl_label = "Bake"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_order = 3
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        """Into what, where, which keys; Bake and Clear; the bakes."""
        layout, props = self.layout, context.scene.understudy
        options = props.bake
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.row().prop(options, "kind", expand=True)
        if options.kind == "LAYER":
            self._parts(layout, options.layer)
        layout.prop(options, "name", placeholder=props.take.name if props.take else "")
        self._range(layout, options)
        self._keys(layout, context)
        layout.prop(options, "live")
        self._buttons(layout)
        if props.character is not None:
            found = bakes.glance(props.character)
            self._list(layout, found)
            self._contacts(layout, [bake for bake, plays in found if plays])

    def _parts(self, layout, layer):
        column = layout.column(align=True)
        column.use_property_split = False
        for region in REGIONS:
            split = column.split(factor=0.28, align=True)
            name = split.row()
            name.alignment = "RIGHT"
            name.label(text=layer.bl_rna.properties[region].name)
            split.row(align=True).prop(layer, region, expand=True)

    def _range(self, layout, options):
        column = layout.column(align=True)
        column.prop(options, "start")
        column.prop(options, "whole")
        if not options.whole:
            column.prop(options, "begin")
            column.prop(options, "end")

    def _keys(self, layout, context):
        scene = context.scene
        options, take = scene.understudy.bake, scene.understudy.take
        layout.prop(options, "rate")
        rate = scene.render.fps / scene.render.fps_base
        if take is not None and take.fps and abs(take.fps - rate) > 0.01:
            write(layout, context, f"Keys at true speed; scene {rate:.4g} fps, video {take.fps:.4g} fps", "INFO")
        row = layout.row(heading="Reduce Keys")
        row.prop(options, "reduce", text="")
        side = row.row()
        side.active = options.reduce
        side.use_property_split = False
        side.prop(options, "error", text="")

    def _buttons(self, layout):
        job = jobs.running("bake")
        if job is not None:
            work(layout, job)
            return
        row = layout.split(factor=0.7)
        row.scale_y = 1.3
        row.operator("understudy.bake", icon="ACTION")
        row.operator("understudy.clear")

    def _list(self, layout, found):
        column = layout.box().column(align=True) if found else None
        for bake, plays in found:
            row = column.row(align=True)
            icon = "RADIOBUT_ON" if plays else "RADIOBUT_OFF"
            row.operator("understudy.show_bake", text="", icon=icon, emboss=False).name = bake.name
            row.prop(bpy.data.actions[bake.name], "name", text="", emboss=False)
            if bake.edited:
                row.label(text="", icon="GREASEPENCIL")
            row.label(text="", icon="NLA" if bake.layered else "ACTION")
            row.operator("understudy.remove_bake", text="", icon="X", emboss=False).name = bake.name

    def _contacts(self, layout, playing):
        for bake in playing:
            row = layout.row(align=True)
            if marks.marked(bpy.data.actions[bake.name]):
                row.operator("understudy.apply_contacts", icon="PMARKER_ACT")
                row.operator("understudy.clear_contacts", text="", icon="X")
            else:
                row.operator("understudy.mark_contacts", icon="PMARKER")


CLASSES = (UNDERSTUDY_PT_bake,)
