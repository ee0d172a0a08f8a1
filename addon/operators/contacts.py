"""Contacts of the feet as markers: shown, applied after they were edited, and taken away."""

import json

import bpy

from ...solvers.errors import UnderstudyError
from .. import bakes, jobs, marks, workspace
from .bake import counted


def _bake_plays(operator, context) -> bool:
    """Whether the chosen character plays a bake."""
    chosen = context.scene.understudy.character
    if chosen is None or not any(plays for _, plays in bakes.glance(chosen)):
        operator.poll_message_set("Bake first")
        return False
    return True


class UNDERSTUDY_OT_mark_contacts(bpy.types.Operator):
    """Show when heels and toes stand as markers of the action, to be moved, deleted or added to"""

    bl_idname = "understudy.mark_contacts"
    bl_label = "Mark Contacts"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """Whether there is a bake to mark."""
        return _bake_plays(cls, context)

    def execute(self, context):
        """Put the markers where the solver found contacts."""
        try:
            objects = workspace.character(context.scene)
            name = marks.put(objects, workspace.solved(bakes.current(objects).recipe))
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        count = len(bpy.data.actions[name].pose_markers)
        self.report({"INFO"}, f"{name}: {counted(count, 'marker')}; edit them, then apply")
        jobs.redraw(context)
        return {"FINISHED"}


class UNDERSTUDY_OT_apply_contacts(jobs.Waiting, bpy.types.Operator):
    """Bake the action anew with feet that stand where its markers say"""

    bl_idname = "understudy.apply_contacts"
    bl_label = "Apply Markers"
    bl_options = {"REGISTER", "UNDO"}
    kind, title = "bake", "Baking"

    @classmethod
    def poll(cls, context):
        """Whether there is a bake with markers, and none in the making."""
        return _bake_plays(cls, context) and jobs.running(cls.kind) is None

    def begin(self, context) -> jobs.Work:
        """Retarget anew, beside the interface."""
        self._scene = context.scene.name
        self._bake = bakes.current(workspace.character(context.scene))
        return workspace.cooking(context.scene, self._bake.recipe)

    def finish(self, context, result) -> None:
        """Write the keys in place."""
        scene = bpy.data.scenes.get(self._scene) or context.scene
        facts, clips = result
        kept = bakes.replace(workspace.character(scene), self._bake, clips, self._bake.recipe)
        for item in scene.understudy.takes:
            if item.path == self._bake.recipe.take:
                item.facts = json.dumps(facts)
        words = f"; what was made by hand is kept in {kept}" if kept else ""
        self.report({"INFO"}, f"{self._bake.name}: feet stand where its markers say{words}")


class UNDERSTUDY_OT_clear_contacts(bpy.types.Operator):
    """Take the contact markers off the action; the next bake finds the contacts by itself"""

    bl_idname = "understudy.clear_contacts"
    bl_label = "Clear Markers"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """Whether there is a bake."""
        return _bake_plays(cls, context)

    def execute(self, context):
        """Remove them."""
        try:
            count = marks.clear(workspace.character(context.scene))
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{counted(count, 'marker')} removed")
        jobs.redraw(context)
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_mark_contacts, UNDERSTUDY_OT_apply_contacts, UNDERSTUDY_OT_clear_contacts)
