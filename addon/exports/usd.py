"""USD, for Omniverse, Houdini, Unreal: meshes, skeleton, blend shapes and the one animation, where Blender has it."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...solvers.errors import ExportError
from .alone import alone, written_by_blender
from .played import Played


def write(what: Played, path: Path) -> None:
    """Write what a character plays; z up, in metres, as the file says itself.

    All bones are written, those of controls too: with deforming bones alone, Blender 5.0's exporter leaves the motion
    of those between them out, and the face of a generated Rigify rig came back 14 cm from where it was.
    A .usdz holds materials and their pictures; .usdc and .usd, beside which pictures would have to lie, hold neither.

    what: as `played` gives it. path: of the .usdz, .usdc or .usd.
    Raises ExportError where Blender was built without USD.
    """
    if not has_usd():
        raise ExportError("This Blender was built without USD: choose .glb or .fbx, or use an official Blender.")
    options = {
        "selected_objects_only": False, "export_animation": True, "export_armatures": True, "export_shapekeys": True,
        "export_materials": path.suffix.lower() == ".usdz", "export_hair": False, "export_lights": False,
        "export_cameras": False, "convert_world_material": False, "relative_paths": False, "root_prim_path": "/root",
        "only_deform_bones": False, "check_existing": False,
    }  # fmt: skip
    known = {prop.identifier for prop in bpy.ops.wm.usd_export.get_rna_type().properties}
    with alone(what), written_by_blender(path) as temporary:
        bpy.ops.wm.usd_export(filepath=str(temporary), **{key: options[key] for key in options if key in known})


def has_usd() -> bool:
    """Whether this Blender was built with USD; Debian's are not."""
    return bool(bpy.app.build_options.usd)
