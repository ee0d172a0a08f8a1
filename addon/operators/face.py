"""The character's face: fitting performances to it."""

import bpy

from ...solvers.errors import UnderstudyError
from .. import armature, face_fitting, jobs, rigs, workspace


class UNDERSTUDY_OT_fit_face(jobs.Waiting, bpy.types.Operator):
    """Look at each of the character's face shapes once, and balance performances so that none is shown too much or too
    little"""

    bl_idname = "understudy.fit_face"
    bl_label = "Fit to This Face"
    bl_options = {"REGISTER", "UNDO"}
    kind, title = "fit_face", "Looking at the face"

    @classmethod
    def poll(cls, context):
        """Whether there is a character with a face."""
        props = context.scene.understudy
        if props.character is None or props.expressions == 0:
            cls.poll_message_set("The character has no face shapes")
            return False
        return jobs.running(cls.kind) is None

    def begin(self, context) -> jobs.Work:
        """Draw its face, then look at the pictures beside the interface."""
        scene = context.scene
        self._scene, self._character = scene.name, scene.understudy.character.name
        objects = workspace.character(scene)
        read = armature.read(objects)
        closing, folder, expressions = face_fitting.draw(objects, read, rigs.preset_for(scene, read))

        def work(progress, cancelled):
            with closing:
                return face_fitting.found(folder, expressions, progress, cancelled)

        return work

    def finish(self, context, result) -> None:
        """Keep what was found, and let the keys follow."""
        scene = bpy.data.scenes.get(self._scene) or context.scene
        if scene.understudy.character is None or scene.understudy.character.name != self._character:
            raise UnderstudyError("Another character was chosen meanwhile: fit to its face once more.")
        face_fitting.keep(workspace.character(scene), result)
        workspace.look_changed(context, anew=True)
        self.report({"INFO"}, face_fitting.told(result))


class UNDERSTUDY_OT_forget_face(bpy.types.Operator):
    """Use the character's face shapes as they are again"""

    bl_idname = "understudy.forget_face"
    bl_label = "Remove Face Fit"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """Whether there is a character."""
        return context.scene.understudy.character is not None

    def execute(self, context):
        """Forget it."""
        try:
            there = face_fitting.forget(workspace.character(context.scene))
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        workspace.look_changed(context, anew=True)
        self.report({"INFO"}, "Shapes are used as they are" if there else "There was no fit to this face")
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_fit_face, UNDERSTUDY_OT_forget_face)
