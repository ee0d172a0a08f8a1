"""FBX, for Unreal, Unity, Maya, MotionBuilder: meshes, skeleton, shape keys and the one action."""

from __future__ import annotations

from pathlib import Path

from .alone import alone, exporter, written_by_blender
from .played import Played


def write(what: Played, path: Path) -> None:
    """Write what a character plays.

    Metres as the file's own unit, y up, front +z: an object comes out at scale 1, not 100. No leaf bones, no
    simplified curves. Modifiers but the armature's are left alone where there are shape keys, which would be lost.

    what: as `played` gives it. path: of the .fbx.
    """
    write_fbx = exporter("export_scene", "fbx", "FBX")
    with alone(what), written_by_blender(path) as temporary:
        write_fbx(
            filepath=str(temporary), check_existing=False, use_selection=False, object_types={"ARMATURE", "MESH"},
            apply_scale_options="FBX_SCALE_ALL", axis_forward="-Z", axis_up="Y",
            use_mesh_modifiers=not any(mesh.data.shape_keys for mesh in what.objects.meshes),
            add_leaf_bones=False, use_armature_deform_only=_deforms(what), armature_nodetype="NULL",
            bake_anim=True, bake_anim_use_all_bones=True, bake_anim_use_nla_strips=False,
            bake_anim_use_all_actions=False, bake_anim_force_startend_keying=True, bake_anim_step=1.0,
            bake_anim_simplify_factor=0.0, path_mode="COPY", embed_textures=True,
        )  # fmt: skip


def _deforms(what: Played) -> bool:
    """Whether bones that deform are marked, so that a rig's controls can be left out."""
    rig = what.objects.armature
    return rig is not None and any(bone.use_deform for bone in rig.data.bones)
