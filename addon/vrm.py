"""Which bones a VRM character says it has itself: in its file, or kept by the VRM add-on."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import bpy

from ..solvers.names import JOINTS
from ..solvers.presets import STATED

# VRM 0.x counts the bones of a thumb from its second one on.
# https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/humanoid.md
THUMBS = {"ThumbProximal": "ThumbMetacarpal", "ThumbIntermediate": "ThumbProximal"}


def keep(path: Path, rigs: list[bpy.types.Object]) -> None:
    """Keep what a file says of its bones as a mark on the armature that has them.

    path: of a .vrm or .glb file; one that says nothing is left alone. rigs: the armatures that came out of it.
    """
    stated = of_file(path)
    for rig in rigs:
        there = {joint: bone for joint, bone in stated.items() if bone in rig.data.bones}
        if there:
            rig.data[STATED] = json.dumps(there)


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
