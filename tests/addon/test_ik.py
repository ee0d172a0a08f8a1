"""Whoever flips a rig from FK to IK, or back, finds the same pose."""

from __future__ import annotations

import numpy as np
import pytest
from understudy.solvers.errors import UnderstudyError
from understudy.solvers.names import JOINT
from understudy.solvers.retarget import retarget
from understudy.solvers.rigs.presets import RigPreset
from understudy.solvers.settings import Settings

bpy = pytest.importorskip("bpy")

from understudy.addon import actions, armature  # noqa: E402

from ..solvers.test_retarget import performance, squat, t_pose  # noqa: E402

BODY = ("hips", "spine", "head", *(f"{s}{p}" for s in ("left", "right") for p in (
    "UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")))  # fmt: skip
ENDS = {"LowerArm": "Hand", "LowerLeg": "Foot", "UpperArm": "LowerArm", "UpperLeg": "LowerLeg"}
ABOVE = {"spine": "hips", "head": "spine", "UpperArm": "spine", "UpperLeg": "hips", **{e: b for b, e in ENDS.items()}}
LIMBS = {"LowerArm": ("Hand", (0.0, 0.6, 0.1)), "LowerLeg": ("Foot", (0.1, -0.7, 0.0))}  # goal's joint, pole from there


def control_rig(scene, roll: float = 0.4, sidelong: bool = False):
    """An armature of a body whose limbs have IK constraints of no influence, with goals and poles; and its preset."""
    rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    place = t_pose() + [0, 0, 1.01]
    for side in ("left", "right"):  # elbows and knees that are a little bent, as IK needs them
        place[JOINT[f"{side}LowerArm"]] += [0, 0.02, 0]
        place[JOINT[f"{side}LowerLeg"]] += [0, -0.02, 0]
    bones = rig.data.edit_bones
    for name in BODY:
        side = "left" if name.startswith("left") else "right" if name.startswith("right") else ""
        part = name.removeprefix(side)
        bone = bones.new(name)
        bone.head = place[JOINT[name]]
        end = f"{side}{ENDS[part]}" if part in ENDS else None
        bone.tail = place[JOINT[end]] if end else place[JOINT[name]] + [0, 0, 0.1]
        bone.roll = roll
        above = ABOVE.get(part)
        if above:
            bone.parent = bones[above if above in bones else f"{side}{above}"]
    for side in ("left", "right"):
        for part, (end, far) in LIMBS.items():
            for name, at in ((f"goal {side}{end}", place[JOINT[f"{side}{end}"]]),
                             (f"pole {side}{part}", place[JOINT[f"{side}{part}"]] + far)):  # fmt: skip
                bone = bones.new(name)
                bone.head, bone.tail, bone.roll = at, at + [0.0, 0.05, 0.05], roll
                bone.use_local_location = not sidelong
    bpy.ops.object.mode_set(mode="OBJECT")
    ik, switches = {}, {}
    for side in ("left", "right"):
        for part, (end, _) in LIMBS.items():
            made = rig.pose.bones[f"{side}{part}"].constraints.new("IK")
            made.target = made.pole_target = rig
            made.subtarget, made.pole_subtarget = f"goal {side}{end}", f"pole {side}{part}"
            made.chain_count, made.pole_angle, made.influence = 2, 0.3, 0.0
            switches[f"{side}{part}[constraint {made.name}]"] = 0.0
            ik |= {f"{side}{part}": made.pole_subtarget, f"{side}{end}": made.subtarget}
    for bone in rig.pose.bones:
        bone.rotation_mode = "QUATERNION"
    return rig, RigPreset("test", {name: name for name in BODY}, ik=ik, switches=switches)


def heads(rig, clip, names) -> np.ndarray:
    """Where joints are (N, J, 3) in Blender, frame by frame."""
    found = []
    for frame in clip.frames:
        bpy.context.scene.frame_set(int(frame))
        pose = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        found.append([pose[name].head[:] for name in names])
    return np.array(found)


@pytest.mark.parametrize("shown", [lambda: performance(20), squat], ids=["at random", "squat"])
@pytest.mark.parametrize("sidelong", [False, True])
def test_flipping_the_switch_keeps_the_pose(empty_scene, shown, sidelong):
    """With IK at full influence, elbows, hands, knees and feet are within 2 mm of where FK has them."""
    rig, preset = control_rig(empty_scene, sidelong=sidelong)
    objects = armature.CharacterObjects(rig, ())
    clip = retarget(shown(), armature.read(objects), preset, Settings(), 30.0)
    actions.write(clip, objects)
    names = [name for name in BODY if "Lower" in name or "Hand" in name or "Foot" in name]
    before = heads(rig, clip, names)
    actions.switch(rig, {key: 1.0 for key in preset.switches})
    after = heads(rig, clip, names)
    assert np.linalg.norm(after - before, axis=-1).max() < 0.002
    for bone in preset.ik.values():  # and it is the controls that do it
        rig.pose.bones[bone].constraints.new("LIMIT_LOCATION").use_max_z = True
    assert np.linalg.norm(heads(rig, clip, names) - before, axis=-1).max() > 0.1


def test_controls_that_are_not_there_are_left_out(empty_scene):
    """A preset's IK that a rig lacks changes nothing, and a control that plays a joint itself is keyed once."""
    rig, preset = control_rig(empty_scene)
    preset.ik.update({"leftHand": "leftHand", "rightHand": "nothing of the kind"})
    character = armature.read(armature.CharacterObjects(rig, ()))
    clip = retarget(performance(5), character, preset, Settings(), 30.0)
    assert "nothing of the kind" not in clip.bones and clip.bones.count("leftHand") == 1


@pytest.mark.parametrize("name, hand, knee", [
    ("m2m_rig-human-v2.blend", 0.001, 0.001), ("mh_f_rigify.blend", 0.001, 0.05),
])  # fmt: skip
def test_real_control_rigs(shared, name, hand, knee):
    """Hands and feet stay within a millimetre; so do elbows and knees, but for Rigify, whose IK shrinks limbs."""
    from understudy.addon import files, rigs
    from understudy.benchmarks import film, reference

    try:
        objects = files.open_character(shared / "characters" / name)
    except UnderstudyError as fault:  # a .blend of a later Blender
        pytest.skip(str(fault))
    for mesh in objects.meshes:
        mesh.hide_viewport = True
    character = armature.read(objects)
    preset = rigs.recognised(character)
    part = film.part(reference.performance(), np.arange(60, 180, 6))
    clip = retarget(part, character, preset, Settings(), 4.0)
    actions.write(clip, objects)
    rig, sides = objects.armature, ("left", "right")
    ends = [preset.bones[f"{s}{p}"] for s in sides for p in ("Hand", "Foot")]
    joints = [preset.bones[f"{s}{p}"] for s in sides for p in ("LowerArm", "LowerLeg")]
    if name == "mh_f_rigify.blend":  # what deforms follows either
        ends, joints = (["DEF-hand.L", "DEF-foot.L"], ["DEF-forearm.L", "DEF-shin.L"])
    before = heads(rig, clip, ends + joints)
    wanted = {key: 1.0 - value for key, value in preset.switches.items() if "IK_FK" in key or "constraint" in key}
    actions.switch(rig, wanted)
    moved = np.linalg.norm(heads(rig, clip, ends + joints) - before, axis=-1).max(0)
    assert wanted and moved[: len(ends)].max() < hand and moved[len(ends) :].max() < knee
