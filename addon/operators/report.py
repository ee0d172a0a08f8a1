"""What became of the chosen take: jumping to where it is weakest, and the page that tells all of it."""

from __future__ import annotations

import os
from pathlib import Path

import bpy

from ...solvers.errors import SettingsError, UnderstudyError
from .. import jobs, workspace
from ..preferences import cache

FOLDER = ".report"  # how the folder of a take's page ends, beside the take


def frame_of(scene: bpy.types.Scene, seconds: float) -> int:
    """The frame that shows a moment of the chosen take: where the bake that plays has it, or the next one would.

    seconds: on the video's clock. Raises SettingsError without a take.
    """
    props = scene.understudy
    if props.take is None:
        raise SettingsError("There is no take yet: choose a video and detect the performance in it.")
    bake, options = workspace.followed(scene), props.bake
    start, begin = (options.start, 0.0 if options.whole else options.begin)
    if bake is not None:
        start, begin = bake.recipe.start, bake.recipe.begin
    since = seconds - props.take.known().get("begins", 0.0) - begin
    return round(start + since * scene.render.fps / scene.render.fps_base)


def seconds_of(scene: bpy.types.Scene, frame: float) -> float:
    """The moment of the chosen take, s on the video's clock, that a frame shows; see `frame_of`.

    Raises SettingsError without a take.
    """
    one, fps = frame_of(scene, 0.0), scene.render.fps / scene.render.fps_base
    return (frame - one) / fps


def page_of(path: str) -> Path:
    """The folder in which a take's page is kept: beside the take, or in the cache where that cannot be written.

    path: of the take as the scene has it.
    """
    file = Path(bpy.path.abspath(path))
    place = file.parent if os.access(file.parent, os.W_OK) else cache("reports")
    return place / (file.name.removesuffix(workspace.SUFFIX) + FOLDER)


class UNDERSTUDY_OT_jump(bpy.types.Operator):
    """Go to a moment of the take on the timeline"""

    bl_idname = "understudy.jump"
    bl_label = "Jump to Moment"
    bl_options = {"INTERNAL"}

    seconds: bpy.props.FloatProperty(name="Time", description="Seconds of the video", unit="TIME_ABSOLUTE")
    why: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def description(cls, context, properties):
        """Which frame, and why one would want to see it."""
        try:
            frame = frame_of(context.scene, properties.seconds)
        except UnderstudyError as fault:
            return str(fault).rstrip(".")
        why = f": {properties.why}" if properties.why else ""
        return f"Go to frame {frame}, {properties.seconds:.1f} s into the video{why}"

    def execute(self, context):
        """Set the frame."""
        try:
            context.scene.frame_set(frame_of(context.scene, self.seconds))
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        return {"FINISHED"}


class UNDERSTUDY_OT_open_report(jobs.Waiting, bpy.types.Operator):
    """Write a page with pictures, curves and figures of the chosen take, and open it in the browser"""

    bl_idname = "understudy.open_report"
    bl_label = "Open Page"
    kind, title = "report", "Writing the report"

    @classmethod
    def poll(cls, context):
        """Whether there is a take, and no page is being written."""
        if context.scene.understudy.take is None:
            cls.poll_message_set("Detect a performance first")
            return False
        return jobs.running(cls.kind) is None

    def begin(self, context) -> jobs.Work:
        """Solve as the sliders say, and write the page in a process of its own."""
        props = context.scene.understudy
        path, video = bpy.path.abspath(props.take.path), bpy.path.abspath(props.take.video)
        folder, settings = page_of(props.take.path), props.look.settings()

        def work(_progress, cancelled):
            from ...solvers.report.apart import write_apart

            return write_apart(workspace.take(path), workspace.performance(path, settings), folder, video, cancelled)

        return work

    def finish(self, _context, result) -> None:
        """Show the page."""
        bpy.ops.wm.url_open(url=result.absolute().as_uri())
        self.report({"INFO"}, f"The report is in {result.parent}")


CLASSES = (UNDERSTUDY_OT_jump, UNDERSTUDY_OT_open_report)
