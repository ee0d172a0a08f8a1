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

    def draw(self, _context):
        """The preferences' page."""
        self.layout.use_property_split = True
        self.layout.prop(self, "keep_beside")
        row = self.layout.row()
        row.enabled = False
        row.label(text=f"Cache: {cache()}")


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
