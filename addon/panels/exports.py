"""Export: what the character plays, for other programs and for the asset browser."""

import bpy

from ..operators.exports import FORMS


class UNDERSTUDY_PT_export(bpy.types.Panel):
    """What the character plays, out of Blender."""

    bl_label = "Export"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_order = 6
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, _context):
        """A button for each format, and one for the asset browser."""
        grid = self.layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
        for form, label, _ in FORMS:
            grid.operator("understudy.export", text=label.partition(" (")[0]).form = form
        self.layout.operator("understudy.mark_asset", icon="ASSET_MANAGER")


CLASSES = (UNDERSTUDY_PT_export,)
