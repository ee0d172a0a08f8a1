"""Neural Render: who is to make photo-real pictures of the performance, and what they are given."""

import bpy

from .. import jobs
from . import work, write


class UNDERSTUDY_PT_neural(bpy.types.Panel):
    """Handing the scene to a neural renderer."""

    bl_label = "Neural Render"
    bl_parent_id = "UNDERSTUDY_PT_film"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        """The renderer, what it is given, what it costs, Send, and the passes."""
        layout, neural = self.layout, context.scene.understudy.neural
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.prop(neural, "renderer")
        column = layout.column()
        column.prop(neural, "character")
        if neural.renderer == "COMFYUI":
            column.prop(neural, "workflow")
            column.prop(neural, "prompt")
        column.prop(neural, "ratio")
        column.prop(neural, "intensity")
        if neural.renderer != "COMFYUI":
            column.prop(neural, "body_control")
        if neural.renderer != "LIVEPORTRAIT":
            row = column.row(heading="Seed")
            row.prop(neural, "use_seed", text="")
            sub = row.row()
            sub.active = neural.use_seed
            sub.prop(neural, "seed", text="")
        layout.prop(neural, "out")
        job = jobs.running("neural")
        if job is not None:
            work(layout, job)
            return
        self._send(context, neural)

    def _send(self, context, neural) -> None:
        """What it costs, the button that sends, and the passes."""
        layout = self.layout
        row = layout.row(align=True)
        row.scale_y = 1.3
        row.operator("understudy.neural_render", icon="RENDER_ANIMATION")
        row.operator("understudy.neural_cost", text="", icon="QUESTION")
        if neural.cost:
            write(layout, context, neural.cost)
        column = layout.column()
        column.prop(neural, "passes")
        column.operator("understudy.write_passes", icon="RENDERLAYERS")


CLASSES = (UNDERSTUDY_PT_neural,)
