"""The chosen character: its kind of rig, and which bone plays which joint."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import bpy

from ..solvers.character import Character
from ..solvers.errors import PresetError, RigError
from ..solvers.names import FINGERS, finger_bones, mirrored
from ..solvers.retargeting.face_bones import shown
from ..solvers.rigs import presets
from ..solvers.rigs.presets import RigPreset
from . import own
from .armature import CharacterObjects, characters, read, root

UNKNOWN = "Not recognised"  # where the kind of rig would stand
BY_HAND = RigPreset(name=UNKNOWN, bones={})  # what bones chosen by hand are added to where no kind is recognised


# How rigs tell sides apart where Blender's own flipping of names does not: in the middle of a name, or by one letter.
SIDES = (("Left", "Right"), ("left", "right"), ("LEFT", "RIGHT"), ("_L_", "_R_"), ("_l_", "_r_"), (" L ", " R "))


def _limb(side: str, *parts: str) -> tuple[str, ...]:
    return tuple(f"{side}{part}" for part in parts)


# All joints as one goes through a body: the trunk upwards, head, arms with fingers, legs.
ORDER = (
    *("hips", "spine", "chest", "upperChest", "neck", "head", "leftEye", "rightEye", "jaw"),
    *(
        joint
        for side in ("left", "right")
        for joint in (
            *_limb(side, "Shoulder", "UpperArm", "LowerArm", "Hand"),
            *(bone for finger in FINGERS for bone in finger_bones(side, finger)),
        )
    ),
    *(joint for side in ("left", "right") for joint in _limb(side, "UpperLeg", "LowerLeg", "Foot", "Toes")),
)


def title(joint: str) -> str:
    """A joint's name as people write it: "Left Upper Arm". joint: as VRM calls it."""
    return re.sub(r"([A-Z])", r" \1", joint).title()


def short(joint: str) -> str:
    """A joint's name where there is little room: "L Upper Arm". joint: as VRM calls it."""
    return title(joint).replace("Left ", "L ").replace("Right ", "R ")


def objects_of(thing: bpy.types.Object, scene: bpy.types.Scene) -> CharacterObjects:
    """The character that an object belongs to.

    thing: an armature, which comes with all meshes that it deforms or carries; or a mesh with shape keys, which comes
    with the armature that it follows if that is of a known kind, and otherwise is a head alone.
    """
    meshes = [other for other in scene.objects if other.type == "MESH"]
    if thing.type == "ARMATURE":
        return characters([thing, *meshes])[0]
    rig = _followed(thing)
    if rig is not None:
        whole = characters([rig, *meshes])[0]
        if scene.understudy.listed == rig or _bones_known(whole):
            return whole
    family = [mesh for mesh in meshes if root(mesh) == root(thing) and _followed(mesh) == rig]
    return CharacterObjects(None, tuple(family) or (thing,))


def _followed(mesh: bpy.types.Object) -> bpy.types.Object | None:
    """The armature that deforms a mesh, or that it hangs on."""
    for modifier in mesh.modifiers:
        if modifier.type == "ARMATURE" and modifier.object is not None:
            return modifier.object
    parent = mesh.parent
    while parent is not None and parent.type != "ARMATURE":
        parent = parent.parent
    return parent


def _bones_known(objects: CharacterObjects) -> bool:
    try:
        return bool(recognised(read(objects)).bones)
    except RigError:
        return False


def recognised(character: Character) -> RigPreset:
    """The kind of rig that a character is, those that the user has saved before those that come with Understudy.

    character: as its rig sees itself. Raises RigError where it is of none.
    """
    return presets.recognise(character, own=own_presets()[0])


def fill(scene: bpy.types.Scene, anew: bool = False) -> tuple[str, ...]:
    """Recognise the chosen character, and list its joints: those that have a bone first, each part in ORDER.

    What has been chosen by hand stays as long as the character does. Where the rig is of no known kind, all joints
    are listed without bones, so that they can be chosen by hand. anew: begin again even for the same character.
    Result: what is wrong with presets of the user's own, a sentence each.
    """
    props = scene.understudy
    objects = objects_of(props.character, scene) if props.character else None
    chosen = (objects.armature or props.character) if objects else None
    if chosen is not None and chosen == props.listed and not anew:
        return ()
    props.listed = chosen
    props.joints.clear()
    props.joint_index, props.rig, props.expressions, props.by_bones = 0, "", 0, 0
    if objects is None:
        return ()
    character = read(objects)
    try:
        preset = recognised(character)
    except RigError:
        preset = presets.fitted(BY_HAND, character, {})
    props.rig = preset.name if preset.bones or preset.face and not character.bones else UNKNOWN
    props.expressions, props.by_bones = len(preset.face), len(shown(preset))
    for joint in sorted(ORDER, key=lambda joint: joint not in preset.bones) if character.bones else ():
        item = props.joints.add()
        item.name = joint
        if joint in preset.bones:
            item.bone = preset.bones[joint]
    return own_presets()[1]


def preset_for(scene: bpy.types.Scene, character: Character) -> RigPreset:
    """The kind of rig that a character is, with the bones that the panel lists.

    character: the chosen one, as its rig sees itself.
    Raises RigError if a bone that is listed is missing or plays two joints, or if nothing can be driven.
    """
    props = scene.understudy
    if not props.joints:
        return recognised(character)
    bones = {item.name: item.bone for item in props.joints if item.bone}
    _check(bones, character)
    preset = presets.fitted(_kind(props.rig, character), character, bones)
    if not preset.bones and not preset.face:
        raise RigError(
            f"None of the joints of {character.name} has a bone, and it has no face shapes with ARKit's names: choose "
            "its bones under Character > Bones."
        )
    return preset


def _check(bones: dict[str, str], character: Character) -> None:
    """Raise RigError where a bone is not there, or is asked to play two joints. bones: {joint: bone}."""
    players: dict[str, str] = {}
    for joint, bone in bones.items():
        if bone not in character.bones:
            raise RigError(
                f"{character.name} has no bone '{bone}' for its {title(joint)}: choose another under Character > Bones."
            )
        if bone in players:
            raise RigError(
                f"The bone '{bone}' of {character.name} is chosen for its {title(players[bone])} and its "
                f"{title(joint)}: choose another for one of them, or clear it."
            )
        players[bone] = joint


def _kind(name: str, character: Character) -> RigPreset:
    """The kind of rig of a name; where there is none such any more, the one that fits; else bones chosen by hand."""
    for preset in (*own_presets()[0], *presets.shipped()):
        if preset.name == name:
            return preset
    try:
        return recognised(character) if name != UNKNOWN else BY_HAND
    except RigError:
        return BY_HAND


def own_presets() -> tuple[tuple[RigPreset, ...], tuple[str, ...]]:
    """The presets that the user has saved, and what is wrong with those that cannot be read."""
    found, faults = [], []
    for path in own.paths("rigs"):
        try:
            found.append(presets.load(path))
        except PresetError as fault:
            faults.append(str(fault))
    return tuple(found), tuple(faults)


def save_preset(scene: bpy.types.Scene, name: str) -> Path:
    """Keep the list of bones as a preset of the user's own, which is the chosen character's kind from now on.

    name: for the user, and for the file. Raises OutputError for a name that cannot be, RigError without bones.
    """
    path = own.path_for("rigs", name, [UNKNOWN, presets.UNNAMED, *(preset.name for preset in presets.shipped())])
    preset = preset_for(scene, read(objects_of(scene.understudy.character, scene)))
    if not preset.bones:
        raise RigError("There is nothing to be kept: choose bones under Character > Bones first.")
    needs = {"bones": list(preset.bones.values())}
    presets.save(dataclasses.replace(preset, name=path.stem, needs=needs, prefix=""), path)
    scene.understudy.rig = path.stem
    return path


def own_names() -> tuple[str, ...]:
    """What the presets are called that the user has saved."""
    return tuple(path.stem for path in own.paths("rigs"))


def summary(props) -> str:
    """What is known of the chosen character in a line: "Rigify, 52 of 55 joints, no face shapes".

    props: SceneProperties.
    """
    face = f"{props.expressions or 'no'} face shapes"
    if props.by_bones and not props.expressions:
        face = f"{props.by_bones} expressions on bones"
    if not props.joints:
        return UNKNOWN if props.rig == UNKNOWN else f"A face alone, {face}"
    present = sum(bool(item.bone) for item in props.joints)
    return f"{props.rig}, {present} of {len(props.joints)} joints, {face}"


def ranked(scene: bpy.types.Scene, most: int = 3) -> str:
    """What kinds of rig the chosen character may be, and how many of their bones it has, the best first, in a line.

    most: how many kinds are told; those that know no bone are left out.
    """
    props = scene.understudy
    if props.character is None or not props.joints:
        return ""
    matches = presets.ranking(read(objects_of(props.character, scene)))
    return "; ".join(str(match) for match in matches[:most] if match.bones)


def mirror(scene: bpy.types.Scene, joint: str) -> tuple[str, str]:
    """Let the bone on the other side of a joint's bone play the joint on the other side, or neither have one.

    joint: of one side, as VRM calls it. Result: the other joint and its bone.
    Raises RigError where the character has no such bone.
    """
    props = scene.understudy
    other, bone = mirrored(joint), props.joints[joint].bone
    opposite = ""
    if bone:
        bones = props.listed.data.bones
        opposite = next((name for name in _flipped(bone) if name in bones and name != bone), None)
        if opposite is None:
            raise RigError(
                f"{props.listed.name} has no bone that is called like '{bone}' on the other side: choose one for its "
                f"{title(other)} by hand."
            )
    props.joints[other].bone = opposite
    return other, opposite


def _flipped(bone: str) -> list[str]:
    """What a bone's partner on the other side may be called. bone: name."""
    swapped = [bone.replace(a, b, 1) for pair in SIDES for a, b in (pair, pair[::-1]) if a in bone]
    first = {"l": "r", "r": "l", "L": "R", "R": "L"}.get(bone[0])  # as in Daz's lShldrBend
    return [bpy.utils.flip_name(bone), *swapped, *([first + bone[1:]] if first else [])]
