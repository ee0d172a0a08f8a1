"""Environment motion: laid over what the character plays, and taken away again."""

import bpy

from ...solvers.errors import UnderstudyError
from .. import armature, environment, jobs, rigs, workspace


class UNDERSTUDY_OT_apply_environment(bpy.types.Operator):
    """Lay this motion over what the character plays, each kind on an NLA track of its own, and move the camera"""

    bl_idname = "understudy.apply_environment"
    bl_label = "Apply"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """Whether there is someone to be moved."""
        cls.poll_message_set("Choose a character first")
        return context.scene.understudy.character is not None

    def execute(self, context):
        """Apply, and tell what was given."""
        scene = context.scene
        try:
            objects, wishes = workspace.character(scene), scene.understudy.environment.wishes()
            preset = rigs.preset_for(scene, armature.read(objects))
            made = environment.apply(scene, objects, preset, wishes)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        lacking = [kind for kind in environment.life.KINDS if getattr(wishes, kind) and kind not in made]
        without = f"; {objects.name} has no bones for {' and '.join(lacking)}" if lacking else ""
        self.report({"INFO"}, f"Environment: {', '.join(made) or 'nothing'}{without}")
        jobs.redraw(context)
        return {"FINISHED"}


class UNDERSTUDY_OT_clear_environment(bpy.types.Operator):
    """Remove environment motion from the character, and let the camera stand where it stood"""

    bl_idname = "understudy.clear_environment"
    bl_label = "Clear Environment"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """Whether there is any."""
        cls.poll_message_set("There is no environment motion")
        return context.scene.understudy.character is not None and environment.WISHES in context.scene

    def execute(self, context):
        """Clear it."""
        try:
            environment.clear(context.scene, workspace.character(context.scene))
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        jobs.redraw(context)
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_apply_environment, UNDERSTUDY_OT_clear_environment)
