"""Handing the scene to a neural renderer, only when asked to; and writing the passes for one."""

from pathlib import Path

import bpy

from ...solvers.errors import UnderstudyError
from .. import jobs
from ..neural import handoff, results


class UNDERSTUDY_OT_neural_cost(bpy.types.Operator):
    """Look at the driving video and tell what sending it would cost; nothing is sent"""

    bl_idname = "understudy.neural_cost"
    bl_label = "Show Cost"
    bl_options = {"REGISTER", "INTERNAL"}

    def execute(self, context):
        """Tell it in the panel."""
        try:
            context.scene.understudy.neural.cost = handoff.cost(context.scene)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        return {"FINISHED"}


class UNDERSTUDY_OT_neural_render(jobs.Waiting, bpy.types.Operator):
    """Hand the performance and the character to the chosen renderer, and bring its film back into the scene"""

    bl_idname = "understudy.neural_render"
    bl_label = "Send and Render"
    bl_options = {"REGISTER", "UNDO"}
    kind, title = "neural", "Rendering"

    sure: bpy.props.BoolProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, _context):
        """One at a time."""
        cls.poll_message_set("A renderer is at work")
        return jobs.running("neural") is None

    def invoke(self, context, event):
        """Ask first where it costs something: what it costs, and who gets the pictures."""
        try:
            self._cost, chosen = handoff.cost(context.scene), handoff.renderer(context.scene)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        if bpy.app.background or chosen.local or self.sure:
            return jobs.Waiting.invoke(self, context, event)
        self._asked = True
        return context.window_manager.invoke_props_dialog(self, width=360, confirm_text="Send")

    def draw(self, _context):
        """What is about to happen."""
        column = self.layout.column(align=True)
        column.label(text="The video and the character's picture leave this machine.", icon="URL")
        column.label(text=self._cost, icon="BLANK1")

    def execute(self, context):
        """Begin: after the question beside Blender, from a script at once."""
        if getattr(self, "_asked", False):
            bpy.ops.understudy.neural_render("INVOKE_DEFAULT", sure=True)
            return {"FINISHED"}
        return jobs.Waiting.execute(self, context)

    def begin(self, context) -> jobs.Work:
        """Read all that is needed."""
        self._scene = context.scene.name
        return handoff.handing(context.scene)

    def finish(self, _context, result: handoff.Result) -> None:
        """Bring the film into the scene."""
        scene = bpy.data.scenes.get(self._scene)
        if scene is not None:
            results.bring(scene, result.film, result.frame)
            scene.understudy.neural.last = str(result.film)
        self.report({"INFO"}, " ".join([f"The film is {result.film}.", *result.notes]))


class UNDERSTUDY_OT_write_passes(jobs.Waiting, bpy.types.Operator):
    """Write beauty, depth, normals, mask, skeleton and face of every frame as pictures and films; nothing is sent"""

    bl_idname = "understudy.write_passes"
    bl_label = "Write Passes"
    bl_options = {"REGISTER"}
    kind, title = "neural", "Passes"

    @classmethod
    def poll(cls, _context):
        """One at a time."""
        cls.poll_message_set("A renderer is at work")
        return jobs.running("neural") is None

    def begin(self, context) -> jobs.Work:
        """Draw them in a copy of the file."""
        return handoff.writing_passes(context.scene)

    def finish(self, _context, result: Path) -> None:
        """Tell where they are."""
        self.report({"INFO"}, f"The passes are in {result.parent}")


CLASSES = (UNDERSTUDY_OT_neural_cost, UNDERSTUDY_OT_neural_render, UNDERSTUDY_OT_write_passes)
