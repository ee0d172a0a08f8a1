"""Environment: motion that nobody performs, of the character and of the camera."""

import bpy


class UNDERSTUDY_PT_environment(bpy.types.Panel):
    """Motion that nobody performs."""

    bl_label = "Environment"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_order = 4
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        """The character's motion, the camera's, and the buttons."""
        layout, wishes = self.layout, context.scene.understudy.environment
        layout.use_property_split, layout.use_property_decorate = True, False
        column = layout.column()
        for name in ("breathing", "settling", "sway"):
            column.prop(wishes, name)
        column = layout.column()
        column.prop(wishes, "shot", placeholder="Slow push in: a kitchen")
        move = column.column()
        move.active = not wishes.shot
        move.prop(wishes, "camera")
        column.prop(wishes, "camera_speed")
        column.prop(wishes, "ease")
        column.prop(wishes, "handheld")
        layout.prop(wishes, "seed")
        row = layout.split(factor=0.7)
        row.operator("understudy.apply_environment", icon="FORCE_TURBULENCE")
        row.operator("understudy.clear_environment", text="Clear")


CLASSES = (UNDERSTUDY_PT_environment,)
