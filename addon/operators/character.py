"""The character: recognising its rig, choosing bones by hand, keeping the choice, and adding the starter."""

import bpy

from ...solvers.errors import UnderstudyError
from ...solvers.names import mirrored
from .. import own, rigs


def _armature(context) -> bpy.types.Object | None:
    """The armature whose bones the panel lists."""
    listed = context.scene.understudy.listed
    return listed if listed is not None and listed.type == "ARMATURE" else None


def _chosen_joint(context):
    """The joint that is chosen in the list, None where there is none."""
    props = context.scene.understudy
    return props.joints[props.joint_index] if 0 <= props.joint_index < len(props.joints) else None


class UNDERSTUDY_OT_add_starter(bpy.types.Operator):
    """Add a character that is ready for any performance, at the 3D cursor, and choose it"""

    bl_idname = "understudy.add_starter"
    bl_label = "Add Starter Character"
    bl_options = {"REGISTER", "UNDO"}

    select: bpy.props.BoolProperty(
        name="Select", description="Select the new character alone, as Blender does with what is added", default=False
    )

    def execute(self, context):
        """Build it, and make it the character of the scene."""
        from ..figures import starter

        scene = context.scene
        rig = starter.add(scene)
        rig.location = scene.cursor.location
        if self.select and context.mode == "OBJECT":
            for thing in context.selected_objects:
                thing.select_set(False)
            rig.select_set(True)
            context.view_layer.objects.active = rig
        scene.understudy.character = rig
        return {"FINISHED"}


class UNDERSTUDY_OT_recognise_rig(bpy.types.Operator):
    """Find out anew what kind of rig the character is; bones that were chosen by hand are replaced"""

    bl_idname = "understudy.recognise_rig"
    bl_label = "Recognise Again"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """Whether there is a character."""
        return context.scene.understudy.character is not None

    def execute(self, context):
        """List the bones anew."""
        faults = rigs.fill(context.scene, anew=True)
        if faults:
            self.report({"WARNING"}, f"A preset of yours was left out. {faults[0]}")
        else:
            told = rigs.summary(context.scene.understudy), rigs.ranked(context.scene)
            self.report({"INFO"}, ". ".join(filter(None, told)))
        return {"FINISHED"}


class UNDERSTUDY_OT_take_bone(bpy.types.Operator):
    """Let the active bone play the chosen joint"""

    bl_idname = "understudy.take_bone"
    bl_label = "Use Active Bone"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """Whether a bone of the character is active."""
        bone = context.active_pose_bone
        if bone is None or bone.id_data != _armature(context):
            cls.poll_message_set("Select a bone of the character in Pose Mode")
            return False
        return _chosen_joint(context) is not None

    def execute(self, context):
        """Take its name."""
        _chosen_joint(context).bone = context.active_pose_bone.name
        return {"FINISHED"}


class UNDERSTUDY_OT_clear_bone(bpy.types.Operator):
    """Leave the chosen joint out, so that its bone is not animated"""

    bl_idname = "understudy.clear_bone"
    bl_label = "Clear Bone"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """Whether the joint has a bone."""
        joint = _chosen_joint(context)
        return joint is not None and joint.bone != ""

    def execute(self, context):
        """Empty the entry."""
        _chosen_joint(context).bone = ""
        return {"FINISHED"}


class UNDERSTUDY_OT_mirror_bone(bpy.types.Operator):
    """Let the bone of the other side, by its name, play the same joint of the other side"""

    bl_idname = "understudy.mirror_bone"
    bl_label = "Mirror to Other Side"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """Whether the joint is one of two."""
        joint = _chosen_joint(context)
        if joint is None or mirrored(joint.name) == joint.name:
            cls.poll_message_set("Choose a joint of the left or right side")
            return False
        return _armature(context) is not None

    def execute(self, context):
        """Flip both names."""
        try:
            joint, bone = rigs.mirror(context.scene, _chosen_joint(context).name)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{rigs.title(joint)}: {bone or 'no bone'}")
        return {"FINISHED"}


class UNDERSTUDY_OT_save_rig(bpy.types.Operator):
    """Keep the list of bones as a preset, which is found by itself for rigs with the same bones"""

    bl_idname = "understudy.save_rig"
    bl_label = "Save Rig Preset"
    bl_options = {"UNDO"}

    name: bpy.props.StringProperty(name="Name", description="Of the kind of rig", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        """Whether there are bones to be kept."""
        return any(item.bone for item in context.scene.understudy.joints)

    def invoke(self, context, _event):
        """Ask for a name."""
        props = context.scene.understudy
        self.name = props.rig if props.rig in rigs.own_names() else props.character.name
        return context.window_manager.invoke_props_dialog(self, confirm_text="Save")

    def execute(self, context):
        """Write it."""
        try:
            path = rigs.save_preset(context.scene, self.name)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{path.stem} is kept in {path.parent}")
        return {"FINISHED"}


class UNDERSTUDY_OT_remove_rig(bpy.types.Operator):
    """Remove the preset that you have saved for this kind of rig; the list of bones stays"""

    bl_idname = "understudy.remove_rig"
    bl_label = "Remove Rig Preset"

    @classmethod
    def poll(cls, context):
        """Whether the character is of a kind that the user has saved."""
        if context.scene.understudy.rig not in rigs.own_names():
            cls.poll_message_set("The character is of no kind that you have saved")
            return False
        return True

    def invoke(self, context, event):
        """Ask first: it cannot be undone."""
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context):
        """Remove its file."""
        name = context.scene.understudy.rig
        try:
            own.remove("rigs", name)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        self.report({"INFO"}, f"The preset {name} was removed")
        return {"FINISHED"}


CLASSES = (
    UNDERSTUDY_OT_add_starter,
    UNDERSTUDY_OT_recognise_rig,
    UNDERSTUDY_OT_take_bone,
    UNDERSTUDY_OT_clear_bone,
    UNDERSTUDY_OT_mirror_bone,
    UNDERSTUDY_OT_save_rig,
    UNDERSTUDY_OT_remove_rig,
)
