"""glTF (.glb), for the web, Godot, Unreal, Unity: meshes, skeleton, shape keys and the one action."""

from __future__ import annotations

from pathlib import Path

from .alone import alone, exporter, written_by_blender
from .played import Played


def write(what: Played, path: Path) -> None:
    """Write what a character plays, as one animation that begins at 0 s.

    The scene is sampled as it is seen, so that layers and constraints count; of a rig with controls only bones that
    deform are written. what: as `played` gives it. path: of the .glb.
    """
    write_gltf = exporter("export_scene", "gltf", "glTF")
    rig = what.objects.armature
    with alone(what), written_by_blender(path) as temporary:
        write_gltf(
            filepath=str(temporary), check_existing=False, export_format="GLB", use_selection=False,
            use_active_scene=True, export_yup=True, export_apply=False, export_animations=True,
            export_animation_mode="SCENE", export_anim_scene_split_object=False, export_force_sampling=True,
            export_frame_range=True, export_anim_slide_to_zero=True, export_morph=True, export_morph_animation=True,
            export_skins=True, export_all_influences=True, export_cameras=False, export_lights=False,
            export_def_bones=rig is not None and any(bone.use_deform for bone in rig.data.bones),
        )  # fmt: skip
