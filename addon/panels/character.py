"""Character: who plays the performance, what its rig is, and which bone plays which joint."""

import fnmatch

import bpy

from .. import face_fitting, jobs, rigs
from . import puppet, work, write


class UNDERSTUDY_UL_joints(bpy.types.UIList):
    """The joints of a performer, each with the character's bone for it."""

    def draw_item(self, _context, layout, data, item, _icon, _active_data, _active_property, _index=0, _flag=0):
        """One joint: whether it has a bone, its name, and the bone."""
        armature = data.listed.data
        lost = item.bone != "" and item.bone not in armature.bones
        split = layout.split(factor=0.45)
        name = split.row()
        name.active = item.bone != ""
        name.label(text=rigs.short(item.name))
        row = split.row()
        row.alert = lost
        icon = "ERROR" if lost else "NONE" if item.bone else "DOT"
        row.prop_search(item, "bone", armature, "bones", text="", icon=icon)

    def filter_items(self, _context, data, name):
        """Show joints whose own name, or whose bone's, holds what is searched for."""
        items = getattr(data, name)
        order = bpy.types.UI_UL_list.sort_items_by_name(items) if self.use_filter_sort_alpha else []
        if not self.filter_name:
            return [], order
        wanted = f"*{self.filter_name.lower()}*"
        shown = (f"{rigs.title(item.name)}\n{item.name}\n{item.bone}".lower() for item in items)
        return [self.bitflag_filter_item * fnmatch.fnmatchcase(text, wanted) for text in shown], order


class UNDERSTUDY_MT_bones(bpy.types.Menu):
    """What else can be done with the list of bones."""

    bl_label = "Bones"

    def draw(self, _context):
        """All of it."""
        layout = self.layout
        layout.operator("understudy.save_rig", text="Save as Preset…", icon="FILE_TICK")
        layout.operator("understudy.remove_rig", text="Remove Preset", icon="TRASH")


class UNDERSTUDY_PT_character(bpy.types.Panel):
    """Who plays the performance."""

    bl_label = "Character"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_order = 1

    def draw(self, context):
        """The character, and what is known of it."""
        layout, props = self.layout, context.scene.understudy
        layout.use_property_split, layout.use_property_decorate = True, False
        row = layout.row(align=True)
        row.prop(props, "character", text="")
        if props.character is None:
            layout.operator("understudy.add_starter", icon="OUTLINER_OB_ARMATURE")
            puppet.add_button(layout)
            return
        row.operator("understudy.add_starter", text="", icon="ADD")
        unknown = props.rig == rigs.UNKNOWN
        write(layout, context, rigs.summary(props), "INFO" if unknown else "CHECKMARK")
        if unknown and not any(item.bone for item in props.joints):
            write(layout, context, self._remedy(props))

    @staticmethod
    def _remedy(props) -> str:
        if props.joints:
            return "Choose its bones below, hips and limbs first, then save them as a preset"
        return "Pick an armature, or a mesh whose shape keys have ARKit's names"


class UNDERSTUDY_PT_face(bpy.types.Panel):
    """What the eyes look at, and the fit to the face."""

    bl_label = "Face"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_parent_id = "UNDERSTUDY_PT_character"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context):
        """Whether there is a character."""
        return context.scene.understudy.character is not None

    def draw(self, context):
        """A target for the eyes; a fit, or the way to it."""
        layout, props = self.layout, context.scene.understudy
        layout.use_property_split, layout.use_property_decorate = True, False
        column = layout.column(align=True)
        column.prop(props, "target")
        if props.target is not None:
            column.prop(props, "attention", slider=True)
        job = jobs.running("fit_face")
        if job is not None:
            work(layout, job, "pictures")
            return
        row = layout.row(align=True)
        row.operator("understudy.fit_face", icon="SHAPEKEY_DATA")
        if face_fitting.glance(props.character):
            row.operator("understudy.forget_face", text="", icon="X")


class UNDERSTUDY_PT_bones(bpy.types.Panel):
    """Which bone plays which joint."""

    bl_label = "Bones"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_parent_id = "UNDERSTUDY_PT_character"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context):
        """Whether the character has an armature."""
        return len(context.scene.understudy.joints) > 0 and context.scene.understudy.listed is not None

    def draw(self, context):
        """The list, and what can be done with the chosen joint."""
        props = context.scene.understudy
        column = self.layout.column()
        column.template_list("UNDERSTUDY_UL_joints", "", props, "joints", props, "joint_index", rows=8, maxrows=8)
        row = column.row(align=True)
        row.operator("understudy.take_bone", text="", icon="EYEDROPPER")
        row.operator("understudy.mirror_bone", text="", icon="MOD_MIRROR")
        row.operator("understudy.clear_bone", text="", icon="X")
        row.separator()
        row.operator("understudy.recognise_rig", icon="FILE_REFRESH")
        row.menu("UNDERSTUDY_MT_bones", text="", icon="DOWNARROW_HLT")


CLASSES = (UNDERSTUDY_UL_joints, UNDERSTUDY_MT_bones, UNDERSTUDY_PT_character, UNDERSTUDY_PT_face, UNDERSTUDY_PT_bones)
