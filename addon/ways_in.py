"""Ways in besides the sidebar: File > Import, dropping a file, Add > Armature, and Blender's command line."""

from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper

from ..solvers.captures import CAPTURES
from ..solvers.errors import UnderstudyError, VideoError
from . import workspace

COMMAND = "understudy"
TAB = "Understudy"
_commands = []  # what Blender gave for our command, and wants back


def choose_video(scene: bpy.types.Scene, path: str) -> None:
    """Make a file the video of a scene, relative where it lies with the saved .blend.

    path: absolute. Raises VideoError if there is no such file.
    """
    file = Path(path)
    if not file.is_file():
        raise VideoError(f"There is no file {path}: choose a video.")
    scene.understudy.video = workspace.relative(file)


def show_tab(context) -> None:
    """Open the sidebar of a 3D viewport at Understudy: of the one that is in use, else of the largest."""
    areas = [area for area in context.screen.areas if area.type == "VIEW_3D"] if context.screen else []
    if not areas:
        return
    area = context.area if context.area in areas else max(areas, key=lambda area: area.width * area.height)
    area.spaces.active.show_region_ui = True
    bpy.app.timers.register(lambda: _turn_to_tab(area), first_interval=0.05)  # once Blender has laid out the sidebar


def _turn_to_tab(area: bpy.types.Area) -> None:
    sidebar = next((region for region in area.regions if region.type == "UI"), None)
    if sidebar is not None and sidebar.width > 1:
        sidebar.active_panel_category = TAB
        sidebar.tag_redraw()


class UNDERSTUDY_OT_import_video(ImportHelper, bpy.types.Operator):
    """Choose the video of a performance that is to be played by a character"""

    bl_idname = "understudy.import_video"
    bl_label = "Import Performance Video"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE", "HIDDEN"})
    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"})
    files: bpy.props.CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"})
    filter_glob: bpy.props.StringProperty(
        default=";".join(f"*{ending}" for ending in sorted(bpy.path.extensions_movie)), options={"HIDDEN"}
    )

    def invoke(self, context, event):
        """Take what was dropped, or ask for a file."""
        if self.properties.is_property_set("filepath") or self.properties.is_property_set("files"):
            return self.execute(context)
        return ImportHelper.invoke(self, context, event)

    def execute(self, context):
        """Make it the scene's video, and show the panel."""
        names = [file.name for file in self.files if file.name]
        path = str(Path(self.directory) / names[0]) if names and self.directory else self.filepath
        try:
            choose_video(context.scene, bpy.path.abspath(path))
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        if len(names) > 1:
            self.report({"WARNING"}, f"One performance at a time: of {len(names)} videos {names[0]} was taken")
        show_tab(context)
        return {"FINISHED"}


class UNDERSTUDY_FH_video(bpy.types.FileHandler):
    """Videos that are dropped in the 3D viewport."""

    bl_idname = "UNDERSTUDY_FH_video"
    bl_label = "Performance Video"
    bl_import_operator = "understudy.import_video"
    bl_file_extensions = ";".join(sorted(bpy.path.extensions_movie))

    @classmethod
    def poll_drop(cls, context):
        """Whether the file is dropped where a character may stand."""
        return context.area is not None and context.area.type == "VIEW_3D"


class UNDERSTUDY_OT_import_capture(ImportHelper, bpy.types.Operator):
    """Choose a face that a phone has captured, with Live Link Face (.csv) or Face Cap (.txt); it is listed as a take"""

    bl_idname = "understudy.import_capture"
    bl_label = "Import Face Capture"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE", "HIDDEN"})
    filter_glob: bpy.props.StringProperty(default=";".join(f"*{end}" for end in CAPTURES), options={"HIDDEN"})

    def invoke(self, context, event):
        """Take what was dropped, or ask for a file."""
        if self.properties.is_property_set("filepath"):
            return self.execute(context)
        return ImportHelper.invoke(self, context, event)

    def execute(self, context):
        """List it, and show the panel."""
        try:
            workspace.list_take(context.scene, Path(bpy.path.abspath(self.filepath)))
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        show_tab(context)
        return {"FINISHED"}


class UNDERSTUDY_FH_capture(bpy.types.FileHandler):
    """Face captures that are dropped in the 3D viewport."""

    bl_idname = "UNDERSTUDY_FH_capture"
    bl_label = "Face Capture"
    bl_import_operator = "understudy.import_capture"
    bl_file_extensions = ";".join(CAPTURES)

    @classmethod
    def poll_drop(cls, context):
        """Whether the file is dropped where a character may stand."""
        return context.area is not None and context.area.type == "VIEW_3D"


class UNDERSTUDY_OT_tell(bpy.types.Operator):
    """Tell the artist what came of something that no operator waits for"""

    bl_idname = "understudy.tell"
    bl_label = "Understudy"
    bl_options = {"INTERNAL"}

    words: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})
    kind: bpy.props.EnumProperty(
        items=[(kind, kind.title(), "") for kind in ("INFO", "WARNING", "ERROR")], options={"HIDDEN", "SKIP_SAVE"}
    )

    def invoke(self, context, _event):
        """Wait a moment: only what an operator reports from Blender's own loop reaches the status bar."""
        if bpy.app.background:
            return self.execute(context)
        manager = context.window_manager
        window = context.window or manager.windows[0]
        with context.temp_override(window=window):
            self._timer = manager.event_timer_add(0.01, window=window)
            manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        """Report at the first occasion."""
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        context.window_manager.event_timer_remove(self._timer)
        return self.execute(context)

    def execute(self, _context):
        """Report at once."""
        self.report({self.kind}, self.words)
        return {"FINISHED"}


def _import_entry(self, _context):
    extensions = "Performance Video (.mp4, .mov, …)"
    self.layout.operator("understudy.import_video", text=extensions)
    self.layout.operator("understudy.import_capture", text="Face Capture (.csv, .txt)")


def _add_entry(self, _context):
    self.layout.operator("understudy.add_starter", text="Understudy Starter", icon="OUTLINER_OB_ARMATURE").select = True


def _command(words: list[str]) -> int:
    """`blender --command understudy VERB …`. words: what follows. Result: the exit code."""
    from ..__main__ import main

    try:
        return main(words)
    except SystemExit as end:  # argparse's, after its help or its complaint
        return end.code if isinstance(end.code, int) else 1


CLASSES = (
    UNDERSTUDY_OT_import_video,
    UNDERSTUDY_FH_video,
    UNDERSTUDY_OT_import_capture,
    UNDERSTUDY_FH_capture,
    UNDERSTUDY_OT_tell,
)


def register() -> None:
    """Add the menus' entries and the command."""
    bpy.types.TOPBAR_MT_file_import.append(_import_entry)
    bpy.types.VIEW3D_MT_armature_add.append(_add_entry)
    _commands.append(bpy.utils.register_cli_command(COMMAND, _command))


def unregister() -> None:
    """Take them away."""
    bpy.utils.unregister_cli_command(_commands.pop())
    bpy.types.VIEW3D_MT_armature_add.remove(_add_entry)
    bpy.types.TOPBAR_MT_file_import.remove(_import_entry)
