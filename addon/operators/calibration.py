"""The performer's own face: its rest and its ranges, from moments of a take or a still; and sliders keyed by hand."""

from pathlib import Path

import bpy

from ...solvers.errors import OutputError, SettingsError, UnderstudyError
from ...solvers.footage.stills import SUFFIXES
from ...solvers.names import EXPRESSIONS
from .. import jobs, workspace
from ..preferences import cache
from ..properties import POSES
from .report import seconds_of

FIRST = 1e-3  # s: at 0 a moment is found
SUFFIX = ".calibration.json"  # as solvers.face.calibration has it, which would bring SciPy


def place_for(path: str) -> Path:
    """Where the calibration that was made of a file is kept: beside it, or in the cache.

    path: absolute. A calibration of the same file that is there already is written over.
    """
    file = Path(path)
    name = file.name.removesuffix(workspace.SUFFIX).removesuffix(file.suffix) + SUFFIX
    beside = file.parent / name
    try:
        beside.touch()
        return beside
    except OSError:
        return cache("calibrations") / name


def keep(scene: bpy.types.Scene, made, path: str) -> Path:
    """Write a calibration and let the solve use it.

    made: solvers.face.calibration.Calibration. path: absolute, of what it was made of. Raises OutputError if it cannot.
    """
    from ...solvers.face import calibration

    place = place_for(path)
    try:
        calibration.save(made, place)
    except OSError as fault:
        raise OutputError(f"{place} cannot be written ({fault.strerror}): make room for it.") from fault
    scene.understudy.look.calibration = workspace.relative(place)
    return place


class UNDERSTUDY_OT_pick_moment(bpy.types.Operator):
    """Take the moment that the timeline shows"""

    bl_idname = "understudy.pick_moment"
    bl_label = "Pick Moment"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    pose: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def description(cls, _context, properties):
        """What the moment is to show."""
        return f"The frame that there is now shows {POSES[properties.pose][1]}" if properties.pose in POSES else ""

    def execute(self, context):
        """Set the time."""
        try:
            time = max(seconds_of(context.scene, context.scene.frame_current_final), FIRST)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        setattr(context.scene.understudy.moments, self.pose, time)
        return {"FINISHED"}


class UNDERSTUDY_OT_neutral_here(bpy.types.Operator):
    """The frame that there is now shows the performer's face at rest"""

    bl_idname = "understudy.neutral_here"
    bl_label = "Neutral Here"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """Whether there is a take."""
        if context.scene.understudy.take is None:
            cls.poll_message_set("Detect a performance first, or add a take")
            return False
        return True

    def execute(self, context):
        """Look once whether there is a face, then let the solve take it for rest."""
        scene = context.scene
        try:
            from ...solvers.face import calibration

            time = max(seconds_of(scene, scene.frame_current_final), FIRST)
            calibration.face_at(workspace.take(scene.understudy.take.path), time)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        scene.understudy.look.neutral = time
        return {"FINISHED"}


class UNDERSTUDY_OT_neutral_still(bpy.types.Operator):
    """Choose a picture of the performer's face at rest, from the front"""

    bl_idname = "understudy.neutral_still"
    bl_label = "Neutral from Picture"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default=";".join(f"*{end}" for end in SUFFIXES), options={"HIDDEN"})

    def invoke(self, context, _event):
        """Ask for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, _context):
        """Look at it beside the interface."""
        try:
            bpy.ops.understudy.look_at_still("INVOKE_DEFAULT", picture=bpy.path.abspath(self.filepath))
        except RuntimeError as fault:  # its report, as an operator that calls another one gets it
            self.report({"ERROR"}, str(fault).removeprefix("Error: ").strip())
            return {"CANCELLED"}
        return {"FINISHED"}


class UNDERSTUDY_OT_look_at_still(jobs.Waiting, bpy.types.Operator):
    """Find the face in a still picture, and take it for the performer's rest"""

    bl_idname = "understudy.look_at_still"
    bl_label = "Look at Picture"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}
    kind, title, instead = "still", "Looking at the picture", True

    picture: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def begin(self, context) -> jobs.Work:
        """Detect in a process of its own."""
        self._scene, path = context.scene.name, self.picture

        def work(progress, cancelled):
            from ...solvers.face import calibration

            return calibration.of_still(path, progress, cancelled)

        return work

    def finish(self, context, result) -> None:
        """Keep what was found, and use it."""
        scene = bpy.data.scenes.get(self._scene) or context.scene
        place = keep(scene, result, self.picture)
        scene.understudy.look.neutral = 0.0  # a moment would come first
        self.report({"INFO"}, f"The face at rest is kept in {place.name}")


class UNDERSTUDY_OT_calibrate(bpy.types.Operator):
    """Find how far the performer's face goes in the chosen take, keep it in a file beside the take, and use it"""

    bl_idname = "understudy.calibrate"
    bl_label = "Calibrate"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """Whether there is a take."""
        return UNDERSTUDY_OT_neutral_here.poll.__func__(cls, context)

    def execute(self, context):
        """Find what was not told, and keep it."""
        scene, moments = context.scene, context.scene.understudy.moments
        told = {pose: getattr(moments, pose) for pose in POSES if getattr(moments, pose) > 0}
        try:
            from ...solvers.face import calibration

            path = scene.understudy.take.path
            made = calibration.made(workspace.take(path), told)
            place = keep(scene, made, str(Path(bpy.path.abspath(path)).absolute()))
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        for pose, time in made.times.items():
            setattr(moments, pose, max(time, FIRST))
        self.report({"INFO"}, f"Calibrated by {len(made.times)} moments; kept in {place.name}")
        return {"FINISHED"}


class UNDERSTUDY_OT_leave_to_hand(bpy.types.Operator):
    """Leave an expression to keys that are made by hand; bakes neither write nor clear them"""

    bl_idname = "understudy.leave_to_hand"
    bl_label = "Add Expression"
    bl_options = {"REGISTER", "UNDO"}
    bl_property = "name"

    name: bpy.props.EnumProperty(name="Expression", items=[(name, name, "") for name in sorted(EXPRESSIONS)])

    def invoke(self, context, _event):
        """Ask which, unless it is said already."""
        if self.properties.is_property_set("name"):
            return self.execute(context)
        context.window_manager.invoke_search_popup(self)
        return {"FINISHED"}

    def execute(self, context):
        """Add it to the list."""
        look = context.scene.understudy.look
        look.by_hand = ",".join(dict.fromkeys([*_chosen(look), self.name]))
        jobs.redraw(context)
        return {"FINISHED"}


class UNDERSTUDY_OT_drive_again(bpy.types.Operator):
    """Let bakes drive this expression again, where it has no keys; those that were made by hand stay"""

    bl_idname = "understudy.drive_again"
    bl_label = "Drive Again"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    name: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context):
        """Take it out of the list."""
        look = context.scene.understudy.look
        look.by_hand = ",".join(name for name in _chosen(look) if name != self.name)
        jobs.redraw(context)
        return {"FINISHED"}


def _chosen(look) -> list[str]:
    """The expressions in the list, without those that are none."""
    try:
        return list(look.settings().hand_made)
    except SettingsError:
        return [name for name in look.by_hand.replace(" ", "").split(",") if name in EXPRESSIONS]


CLASSES = (
    UNDERSTUDY_OT_pick_moment,
    UNDERSTUDY_OT_neutral_here,
    UNDERSTUDY_OT_neutral_still,
    UNDERSTUDY_OT_look_at_still,
    UNDERSTUDY_OT_calibrate,
    UNDERSTUDY_OT_leave_to_hand,
    UNDERSTUDY_OT_drive_again,
)
