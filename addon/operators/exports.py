"""Out of Blender: what the character plays as a file for other programs, or as an asset for this one."""

from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper

from ...solvers.errors import UnderstudyError
from .. import assets, exports, overrides, rigs, workspace
from ..armature import CharacterObjects, read

FORMS = (
    ("FBX", "FBX (.fbx)", "Meshes, skeleton, shape keys and animation, for Unreal, Unity, Maya and MotionBuilder"),
    ("GLB", "glTF (.glb)", "Meshes, skeleton, shape keys and animation, for the web, Godot, Unreal and Unity"),
    ("USDZ", "USD (.usdz)", "Meshes, skeleton, blend shapes and animation, where this Blender has USD"),
    ("BVH", "BVH (.bvh)", "The body's motion alone, with VRM's bone names, for any animation program"),
    ("VRMA", "VRM Animation (.vrma)", "Body, expressions and gaze, for any VRM character"),
    ("CSV", "Live Link Face (.csv)", "The face's 52 ARKit shapes, head and eyes, for Unreal and MetaHuman"),
)


def character(context) -> CharacterObjects:
    """The character that is chosen in the panel, else the active object's. Raises RigError where there is none."""
    active = context.active_object
    if context.scene.understudy.character is None and active is not None and active.type in ("ARMATURE", "MESH"):
        return rigs.objects_of(active, context.scene)
    return workspace.character(context.scene)


class UNDERSTUDY_OT_export(ExportHelper, bpy.types.Operator):
    """Write the character alone with the action that it plays, for another program"""

    bl_idname = "understudy.export"
    bl_label = "Export Performance"
    bl_options = {"REGISTER", "PRESET"}

    form: bpy.props.EnumProperty(name="Format", items=FORMS, default="FBX")
    filter_glob: bpy.props.StringProperty(
        default=";".join(f"*.{form.lower()}" for form, *_ in FORMS), options={"HIDDEN"}
    )

    @property
    def filename_ext(self) -> str:
        """What the file's name ends with; the file browser puts it there."""
        return f".{self.form.lower()}"

    def invoke(self, context, event):
        """Propose the action's name, and ask for a file."""
        try:
            name = exports.played(character(context), context.scene).name
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        if not self.filepath:
            self.filepath = bpy.path.clean_name(name) + self.filename_ext
        return ExportHelper.invoke(self, context, event)

    def check(self, _context):
        """Let the name's ending follow the format."""
        path = Path(self.filepath)
        endings = [f".{form.lower()}" for form, *_ in FORMS]
        stem = path.with_suffix("") if path.suffix.lower() in endings else path
        wanted = f"{stem}{self.filename_ext}"
        changed, self.filepath = wanted != self.filepath, wanted
        return changed

    def execute(self, context):
        """Write it, and tell what was written."""
        try:
            self.check(context)
            what = exports.write(character(context), bpy.path.abspath(self.filepath), context.scene)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{Path(self.filepath).name}: {what.name}, {what.last - what.first + 1} frames")
        return {"FINISHED"}


class UNDERSTUDY_OT_mark_asset(bpy.types.Operator):
    """Let the asset browser offer the action that the character plays, with a picture and words to find it by"""

    bl_idname = "understudy.mark_asset"
    bl_label = "Mark as Asset"
    bl_options = {"REGISTER", "UNDO"}

    description: bpy.props.StringProperty(
        name="Description", description="What it is; left empty, its length, rig and source are told"
    )
    author: bpy.props.StringProperty(name="Author", description="Who made it")
    tags: bpy.props.StringProperty(
        name="Tags", description="More words to find it by, with commas between them; source and rig are there anyway"
    )

    def execute(self, context):
        """Mark it, and tell which it was."""
        try:
            objects = overrides.editable(character(context), context.scene)
            preset = rigs.recognised(read(objects))
            words = tuple(word.strip() for word in self.tags.split(",") if word.strip())
            made = assets.mark(
                objects, preset, context.scene, author=self.author, tags=words, description=self.description
            )
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{made.name} is an asset; save the file in an asset library to find it anywhere")
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_export, UNDERSTUDY_OT_mark_asset)


def _export_entry(menu, _context) -> None:
    menu.layout.operator("understudy.export", text="Performance (.fbx, .glb, .usdz, .bvh, .vrma, .csv)")


def register() -> None:
    """Add the entry of File > Export."""
    bpy.types.TOPBAR_MT_file_export.append(_export_entry)


def unregister() -> None:
    """Take it away."""
    bpy.types.TOPBAR_MT_file_export.remove(_export_entry)
