"""Filming what the scene shows, and playing the film."""

from pathlib import Path

import bpy

from ...solvers.errors import RenderError, UnderstudyError
from .. import jobs, shooting


class UNDERSTUDY_OT_render(jobs.Waiting, bpy.types.Operator):
    """Film the performance from the scene's first to its last frame; Blender stays free meanwhile"""

    bl_idname = "understudy.render"
    bl_label = "Render"
    bl_options = {"REGISTER"}
    kind, title = "film", "Filming"

    @classmethod
    def poll(cls, _context):
        """One film is made at a time."""
        cls.poll_message_set("A film is being made")
        return jobs.running("film") is None

    def begin(self, context) -> jobs.Work:
        """Film a copy of the file."""
        self._scene = context.scene.name
        return shooting.shooting(context.scene)

    def finish(self, _context, result: Path) -> None:
        """Remember the film."""
        scene = bpy.data.scenes.get(self._scene)
        if scene is not None:
            scene.understudy.film.last = str(result)
        self.report({"INFO"}, f"The film is {result}")


class UNDERSTUDY_OT_play_film(bpy.types.Operator):
    """Open the last film in the system's player"""

    bl_idname = "understudy.play_film"
    bl_label = "Play Film"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context):
        """There is one."""
        cls.poll_message_set("No film has been made yet")
        return bool(context.scene.understudy.film.last)

    def execute(self, context):
        """Open it."""
        try:
            bpy.ops.wm.path_open(filepath=str(last_film(context.scene)))
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        return {"FINISHED"}


def last_film(scene: bpy.types.Scene) -> Path:
    """Path of the film that was made last of a scene. Raises RenderError where it is not there any more."""
    film = Path(scene.understudy.film.last)
    if not film.is_file():
        raise RenderError(f"{film} is not there any more: render it again.")
    return film


CLASSES = (UNDERSTUDY_OT_render, UNDERSTUDY_OT_play_film)
