"""Which bones and expressions a VRM character says it has itself: in its file, or kept by the VRM add-on."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import bpy

from ..solvers.names import JOINTS
from ..solvers.rigs.faces import EXPRESSED
from ..solvers.rigs.presets import STATED

# VRM 0.x counts the bones of a thumb from its second one on.
# https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/humanoid.md
THUMBS = {"ThumbProximal": "ThumbMetacarpal", "ThumbIntermediate": "ThumbProximal"}


def keep(path: Path, rigs: list[bpy.types.Object]) -> None:
    """Keep what a file says of its bones and expressions as marks on the armature that has them.

    path: of a .vrm or .glb file; one that says nothing is left alone. rigs: the armatures that came out of it.
    """
    stated, expressed = of_file(path), expressions_of_file(path)
    for rig in rigs:
        there = {joint: bone for joint, bone in stated.items() if bone in rig.data.bones}
        if there:
            rig.data[STATED] = json.dumps(there)
            if expressed:
                rig.data[EXPRESSED] = json.dumps(expressed)


def of_file(path: Path) -> dict[str, str]:
    """{joint: bone} as a VRM 0.x or 1.0 file states it; {} where it states none."""
    document = _document(path)
    nodes, extensions = document.get("nodes", ()), document.get("extensions", {})
    if "VRMC_vrm" in extensions:
        bones = extensions["VRMC_vrm"].get("humanoid", {}).get("humanBones", {})
        stated = {joint: bone.get("node", -1) for joint, bone in bones.items()}
    else:
        bones = extensions.get("VRM", {}).get("humanoid", {}).get("humanBones", ())
        stated = {_renamed(bone.get("bone", "")): bone.get("node", -1) for bone in bones}
    return {joint: nodes[node].get("name", "") for joint, node in stated.items()
            if joint in JOINTS and 0 <= node < len(nodes)}  # fmt: skip


def expressions_of_file(path: Path) -> dict[str, dict[str, float]]:
    """{expression: {slider: weight}} as a VRM 0.x or 1.0 file makes its expressions of morphs; {} where it has none."""
    document = _document(path)
    extensions, nodes, meshes = (document.get(key, {}) for key in ("extensions", "nodes", "meshes"))
    found: dict[str, dict[str, float]] = {}
    try:
        told = extensions.get("VRMC_vrm", {}).get("expressions", {})
        for name, expression in (told.get("preset", {}) | told.get("custom", {})).items():
            for bind in expression.get("morphTargetBinds", ()):
                slider = _morph(meshes[nodes[bind["node"]]["mesh"]], bind["index"])
                found.setdefault(name, {})[slider] = float(bind.get("weight", 1.0))
        for group in extensions.get("VRM", {}).get("blendShapeMaster", {}).get("blendShapeGroups", ()):
            name = _group(group.get("presetName", ""), group.get("name", ""))
            for bind in group.get("binds", ()):
                found.setdefault(name, {})[_morph(meshes[bind["mesh"]], bind["index"])] = bind.get("weight", 100) / 100
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):  # not as the specification has it
        return {}
    return found


def _morph(mesh: dict, index: int) -> str:
    """What Blender's importer calls a morph of a mesh. https://github.com/KhronosGroup/glTF extras.targetNames"""
    extras = [mesh, *mesh["primitives"]]
    names = next((part["extras"]["targetNames"] for part in extras if "targetNames" in part.get("extras", {})), ())
    return names[index] if index < len(names) else f"target_{index}"


def _group(preset: str, name: str) -> str:
    """An expression of VRM 0.x as its specification calls it: A, Blink_L; its own name where it is no preset."""
    return name if preset in ("", "unknown") else "_".join(part[:1].upper() + part[1:] for part in preset.split("_"))


def _document(path: Path) -> dict:
    """The JSON of a binary glTF file; {} where it is none.

    https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html section 4.4
    """
    try:
        with path.open("rb") as file:
            magic, _, _, length, kind = struct.unpack("<4sIII4s", file.read(20))
            return json.loads(file.read(length)) if (magic, kind) == (b"glTF", b"JSON") else {}
    except (OSError, ValueError, struct.error):  # the importer says what is wrong with it
        return {}


def _renamed(joint: str) -> str:
    """A joint of VRM 0.x as VRM 1.0 calls it."""
    part = joint.removeprefix("left").removeprefix("right")
    return joint.replace(part, THUMBS[part]) if part in THUMBS else joint


def of_addon(rig: bpy.types.Object) -> dict[str, str]:
    """{joint: bone} as the VRM add-on keeps it on an armature; {} without that add-on, or where it keeps none."""
    extension = getattr(rig.data, "vrm_addon_extension", None)
    if extension is None:
        return {}
    if str(getattr(extension, "spec_version", "")).startswith("0"):
        bones = extension.vrm0.humanoid.human_bones
        stated = {_renamed(bone.bone): bone.node.bone_name for bone in bones}
    else:
        bones = extension.vrm1.humanoid.human_bones.human_bone_name_to_human_bone()
        stated = {str(getattr(name, "value", name)): bone.node.bone_name for name, bone in bones.items()}
    return {joint: bone for joint, bone in stated.items() if joint in JOINTS and bone in rig.data.bones}


def expressions_of_addon(rig: bpy.types.Object) -> dict[str, dict[str, float]]:
    """{expression: {slider: weight}} as the VRM add-on keeps it on an armature; {} without it, or where it has none."""
    extension = getattr(rig.data, "vrm_addon_extension", None)
    if extension is None:
        return {}
    if str(getattr(extension, "spec_version", "")).startswith("0"):
        groups = extension.vrm0.blend_shape_master.blend_shape_groups
        told = {_group(group.preset_name, group.name): group.binds for group in groups}
    else:
        made = extension.vrm1.expressions.all_name_to_expression_dict()
        told = {name: expression.morph_target_binds for name, expression in made.items()}
    return {name: {bind.index: float(bind.weight) for bind in binds} for name, binds in told.items() if len(binds)}
