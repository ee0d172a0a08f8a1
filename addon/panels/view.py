"""Viewport: the driving video, the solved skeleton and the landmarks beside the character."""

import bpy


class UNDERSTUDY_PT_view(bpy.types.Panel):
    """What the viewport shows beside the character."""

    bl_label = "Viewport"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_order = 8
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        """Video, skeleton, landmarks."""
        layout, props = self.layout, context.scene.understudy
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.active = props.take is not None
        row = layout.row(align=True)
        row.prop(props.view, "footage")
        row.operator("understudy.find_video", text="", icon="FILEBROWSER")
        layout.prop(props.view, "sound")
        column = layout.column(heading="Overlay")
        column.prop(props.view, "skeleton")
        column.prop(props.view, "landmarks")


CLASSES = (UNDERSTUDY_PT_view,)
