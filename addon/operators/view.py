"""The viewport's room: where a moved video is now."""

from __future__ import annotations

import bpy

from ...solvers.errors import UnderstudyError
from .. import view


class UNDERSTUDY_OT_find_video(bpy.types.Operator):
    """Show where the chosen take's driving video is now"""

    bl_idname = "understudy.find_video"
    bl_label = "Find Video"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        """There is a take."""
        cls.poll_message_set("Detect a performance first")
        return context.scene.understudy.take is not None

    def invoke(self, context, _event):
        """Ask for the file."""
        self.filepath = bpy.path.abspath(context.scene.understudy.take.video)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        """Point the take at it."""
        try:
            doubt = view.find_video(context, self.filepath)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        if doubt:
            self.report({"WARNING"}, doubt)
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_find_video,)


def register() -> None:
    """Watch what may change what the viewport shows."""
    view.register()


def unregister() -> None:
    """Show nothing any more."""
    view.unregister()
