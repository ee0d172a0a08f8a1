"""Look: how the performance comes out on the character."""

import bpy

from ...solvers.rigs import looks
from ..operators.look import own_looks

UNSEEN = ("unseen_body", "unseen_left_hand", "unseen_right_hand", "unseen_head", "unseen_face")
SWITCHES = (("face", "gaze"), ("head", "body"), ("left_hand", "right_hand"), ("path",))


class UNDERSTUDY_PT_looks(bpy.types.Panel):
    """Looks that can be chosen as a whole."""

    bl_label = "Looks"
    bl_space_type = "VIEW_3D"
    bl_region_type = "HEADER"
    bl_options = {"INSTANCED"}
    bl_ui_units_x = 9

    def draw(self, _context):
        """Those that come with Understudy, then the user's own."""
        layout = self.layout
        layout.emboss = "PULLDOWN_MENU"
        column = layout.column(align=True)
        for look in looks.shipped():
            column.operator("understudy.apply_look", text=look.name, translate=False).name = look.name
        found, faults = own_looks()
        if found or faults:
            column.separator()
        for look in found:
            row = column.row(align=True)
            row.operator("understudy.apply_look", text=look.name, translate=False).name = look.name
            row.operator("understudy.remove_look", text="", icon="REMOVE").name = look.name
        for fault in faults:
            column.label(text=fault, icon="ERROR")
        column.separator()
        column.operator("understudy.save_look", text="Save Look…", icon="ADD")


class UNDERSTUDY_PT_look(bpy.types.Panel):
    """How the performance comes out."""

    bl_label = "Look"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_order = 2
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header_preset(self, _context):
        """The menu of looks."""
        layout = self.layout
        layout.emboss = "NONE"
        layout.popover(UNDERSTUDY_PT_looks.__name__, text="", icon="PRESET")

    def draw(self, context):
        """Intensity, switches, then what is changed more rarely."""
        layout, look = self.layout, context.scene.understudy.look
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.prop(look, "intensity", slider=True)
        grid = layout.column(align=True)
        grid.use_property_split = False
        for names in SWITCHES:
            row = grid.row(align=True)
            for name in names:
                row.prop(look, name, toggle=True)
        column = layout.column()
        column.prop(look, "smoothing", slider=True)
        column.prop(look, "foot_lock", slider=True)
        column.prop(look, "hand_contact", slider=True)
        column.prop(look, "mirror")


class UNDERSTUDY_PT_unseen(bpy.types.Panel):
    """What happens to what the camera does not see."""

    bl_label = "Unseen"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_parent_id = "UNDERSTUDY_PT_look"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        """A choice for each part of the body."""
        layout, look = self.layout, context.scene.understudy.look
        layout.use_property_split, layout.use_property_decorate = True, False
        column = layout.column()
        for name in UNSEEN:
            column.prop(look, name)


class UNDERSTUDY_PT_camera(bpy.types.Panel):
    """What is known of how the video was made."""

    bl_label = "Camera"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_parent_id = "UNDERSTUDY_PT_look"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        """Height, lens and rate."""
        layout, look = self.layout, context.scene.understudy.look
        layout.use_property_split, layout.use_property_decorate = True, False
        column = layout.column()
        column.prop(look, "height")
        column.prop(look, "lens")
        column.prop(look, "fps")


CLASSES = (UNDERSTUDY_PT_looks, UNDERSTUDY_PT_look, UNDERSTUDY_PT_unseen, UNDERSTUDY_PT_camera)
