"""From a video to a take: choosing one, looking ahead, detecting, and the list of takes."""

import dataclasses
import json
from pathlib import Path

import bpy

from ...solvers.errors import SettingsError, UnderstudyError, VideoError
from .. import jobs, workspace


def chosen_video(scene: bpy.types.Scene) -> str:
    """Absolute path of the video in the panel. Raises VideoError where none is chosen."""
    if not scene.understudy.video:
        raise VideoError("No video is chosen: give the path of a performance video.")
    return str(Path(bpy.path.abspath(scene.understudy.video)).absolute())


def chosen_range(scene: bpy.types.Scene) -> tuple[float | None, float | None]:
    """Start and end (s) of the part of the video that is asked for; None is the video's own."""
    props = scene.understudy
    if not props.use_range:
        return None, None
    if props.end and props.end <= props.start:
        raise SettingsError(f"The range ends at {props.end:g} s, which is not after its start at {props.start:g} s.")
    return props.start or None, props.end or None


class UNDERSTUDY_OT_preflight(jobs.Waiting, bpy.types.Operator):
    """Look at a few pictures of the video, and tell what of it can be used"""

    bl_idname = "understudy.preflight"
    bl_label = "Check Video"
    kind, title, instead = "preflight", "Checking the video", True

    def begin(self, context) -> jobs.Work:
        """Look ahead in a process of its own."""
        video, (start, end) = chosen_video(context.scene), chosen_range(context.scene)

        def work(progress, cancelled):
            from ...solvers.looking import preflight

            return preflight.look(video, start, end, progress, cancelled, polite=not bpy.app.background)

        self._scene, self._video = context.scene.name, context.scene.understudy.video
        return work

    def finish(self, _context, result) -> None:
        """Remember what was found, if it is still asked for."""
        from ...solvers.looking import preflight

        scene = bpy.data.scenes.get(self._scene)
        if scene is not None and scene.understudy.video == self._video:
            words = dataclasses.asdict(result) | {"line": preflight.line(result)}
            scene.understudy.preflight = json.dumps(words)


class UNDERSTUDY_OT_detect(jobs.Waiting, bpy.types.Operator):
    """Find face, hands and body in every picture of the video; Blender stays free meanwhile"""

    bl_idname = "understudy.detect"
    bl_label = "Detect"
    bl_options = {"REGISTER", "UNDO"}
    kind, title = "detect", "Detecting"

    @classmethod
    def poll(cls, context):
        """Whether there is a video, and nothing is being detected."""
        if not context.scene.understudy.video:
            cls.poll_message_set("Choose a video first")
            return False
        return jobs.running(cls.kind) is None

    def begin(self, context) -> jobs.Work:
        """Detect in a process of its own, then solve once, so that the report has something to tell."""
        scene = context.scene
        video, (start, end) = chosen_video(scene), chosen_range(scene)
        place, settings = workspace.place_for_take(video), scene.understudy.look.settings()
        performer, cuts = scene.understudy.performer, scene.understudy.cuts
        self._scene = scene.name

        def work(progress, cancelled):
            from ...solvers.detect import takes

            polite = not bpy.app.background
            made = takes(video, place, start, end, progress, cancelled, polite, performer, cuts)
            from ...solvers.report import measures

            solved = [workspace.performance(str(there), settings) for there, _ in made]
            return [(*one, measures.facts(one[1], own, None, {}, {})) for one, own in zip(made, solved, strict=True)]

        return work

    def finish(self, context, result) -> None:
        """List the take, or the takes of all shots, and choose the first of them."""
        scene = bpy.data.scenes.get(self._scene) or context.scene
        first = len(scene.understudy.takes)
        for place, made, facts in result:
            item = workspace.add_take(scene, place, made)
            item.facts = json.dumps(facts)
        scene.understudy.take_index = first
        count, seconds = sum(len(made.time) for _, made, _ in result), sum(facts["seconds"] for *_, facts in result)
        name = item.name if len(result) == 1 else f"{len(result)} shots"
        self.report({"INFO"}, f"{name}: {count} pictures, {seconds:.1f} s")


class UNDERSTUDY_OT_choose_performer(bpy.types.Operator):
    """Follow this one in the next detection"""

    bl_idname = "understudy.choose_performer"
    bl_label = "Choose Performer"
    bl_options = {"REGISTER", "UNDO"}

    performer: bpy.props.StringProperty(name="Performer", options={"SKIP_SAVE"})

    def execute(self, context):
        """Remember who it is."""
        context.scene.understudy.performer = self.performer
        return {"FINISHED"}


class UNDERSTUDY_OT_remove_take(bpy.types.Operator):
    """Take the chosen take out of the list; its file stays, and so do bakes that were made of it"""

    bl_idname = "understudy.remove_take"
    bl_label = "Remove Take"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """Whether one is chosen."""
        return context.scene.understudy.take is not None

    def execute(self, context):
        """Remove it from the list."""
        props = context.scene.understudy
        name = props.take.name
        props.takes.remove(props.take_index)
        props.take_index = max(0, min(props.take_index, len(props.takes) - 1))
        self.report({"INFO"}, f"{name} was taken out of the list; its file stays")
        return {"FINISHED"}


class UNDERSTUDY_OT_add_take(bpy.types.Operator):
    """Add a take that was detected earlier, or a face that a phone has captured (.csv, .txt)"""

    bl_idname = "understudy.add_take"
    bl_label = "Add Take"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH")
    filter_glob: bpy.props.StringProperty(default="*.npz;*.csv;*.txt", options={"HIDDEN"})

    def invoke(self, context, _event):
        """Ask for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        """Read it once, so that what is listed can be used."""
        try:
            workspace.list_take(context.scene, Path(bpy.path.abspath(self.filepath)))
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        return {"FINISHED"}


class UNDERSTUDY_OT_keep_take(bpy.types.Operator):
    """Move the chosen take from the cache to the folder of the saved .blend"""

    bl_idname = "understudy.keep_take"
    bl_label = "Keep Beside the File"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """Whether there is a folder to keep it in."""
        if not bpy.data.filepath:
            cls.poll_message_set("Save the file first")
            return False
        return context.scene.understudy.take is not None

    def execute(self, context):
        """Copy the file, then point to the copy."""
        try:
            place = workspace.keep_beside(context.scene)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        self.report({"INFO"}, f"The take is kept as {place.name}")
        return {"FINISHED"}


CLASSES = (
    UNDERSTUDY_OT_preflight,
    UNDERSTUDY_OT_detect,
    UNDERSTUDY_OT_choose_performer,
    UNDERSTUDY_OT_remove_take,
    UNDERSTUDY_OT_add_take,
    UNDERSTUDY_OT_keep_take,
)
