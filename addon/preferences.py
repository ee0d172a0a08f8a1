"""The extension's own preferences, and where it may keep files."""

import tempfile
from pathlib import Path

import bpy

ROOT_PACKAGE = __package__.rpartition(".")[0]  # "bl_ext.user_default.understudy" in Blender


class Preferences(bpy.types.AddonPreferences):
    """What holds for all files."""

    bl_idname = ROOT_PACKAGE

    keep_beside: bpy.props.BoolProperty(
        name="Keep Takes Beside the File",
        description="Keep takes in the folder of the saved .blend, with a relative path; otherwise in the cache",
        default=True,
    )

    runway_key: bpy.props.StringProperty(
        name="Runway Key",
        description="Of Runway's developer portal; the environment's RUNWAYML_API_SECRET comes first",
        subtype="PASSWORD",
    )
    comfyui_url: bpy.props.StringProperty(
        name="ComfyUI", description="Address of your ComfyUI; left empty, http://127.0.0.1:8188"
    )
    liveportrait_folder: bpy.props.StringProperty(
        name="LivePortrait", description="The folder of its inference.py", subtype="DIR_PATH"
    )
    liveportrait_python: bpy.props.StringProperty(
        name="LivePortrait's Python", description="The Python that it was installed for", subtype="FILE_PATH"
    )

    def draw(self, _context):
        """The preferences' page."""
        self.layout.use_property_split = True
        self.layout.prop(self, "keep_beside")
        row = self.layout.row()
        row.enabled = False
        row.label(text=f"Cache: {cache()}")
        column = self.layout.column(heading="Neural Renderers")
        for name in ("runway_key", "comfyui_url", "liveportrait_folder", "liveportrait_python"):
            column.prop(self, name)


def preferences() -> Preferences | None:
    """The extension's preferences; None where it runs without being installed."""
    addon = bpy.context.preferences.addons.get(ROOT_PACKAGE)
    return addon.preferences if addon else None


def cache(*names: str) -> Path:
    """A folder for files of ours that belong to no .blend; made where missing.

    names: of folders in it.
    """
    try:
        place = Path(bpy.utils.extension_path_user(ROOT_PACKAGE, path="cache", create=True))
    except ValueError:  # not installed as an extension
        place = Path(tempfile.gettempdir()) / "understudy"
    place = place.joinpath(*names)
    place.mkdir(parents=True, exist_ok=True)
    return place


CLASSES = (Preferences,)
