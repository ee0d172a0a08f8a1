"""The example of presets/README.md, on the character that it is for."""

import dataclasses
import re

import bpy
import numpy as np
from understudy.addon import actions, armature, files
from understudy.solvers.motion.rotations import IDENTITY, from_vector
from understudy.solvers.names import EXPRESSION, FINGERS, JOINT, JOINTS, finger_bones
from understudy.solvers.retarget import retarget
from understudy.solvers.retargeting.performed import typical_person
from understudy.solvers.rigs import presets
from understudy.solvers.settings import Settings


def test_the_mages_hands_and_wand_follow(performance, shared, tmp_path):
    """Flat hands are as they were, fists bend by 60 degrees, the wand rises with the brows; what is missing is not."""
    guide = (presets.PRESETS.parent / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(\[channels\].*?)```", guide, re.S)
    own = (presets.PRESETS / "kaykit.toml").read_text(encoding="utf-8").replace('"KayKit"', '"Mage"')
    (tmp_path / "mage.toml").write_text(f"{own}\n{example}", encoding="utf-8")
    objects = files.open_character(shared / "characters" / "kaykit_Mage.glb")
    mage = armature.read(objects)
    kind = presets.recognise(mage, own=[presets.load(tmp_path / "mage.toml")])
    assert kind.name == "Mage" and set(kind.channels) == {"hand.l", "hand.r", "handslot.l", "handslot.r"}

    rotations, shown = np.tile(IDENTITY, (48, len(JOINTS), 1)), np.zeros_like(performance.expressions)
    for bend, bones in ((90.0, 0), (100.0, 1), (70.0, 2)):
        for finger in FINGERS[1:]:  # the left hand makes a fist from the middle on
            rotations[24:, JOINT[finger_bones("left", finger)[bones]]] = from_vector(np.radians([0.0, bend, 0.0]))
    shown[:, EXPRESSION["browInnerUp"]] = np.linspace(0, 1, 48)
    acted = dataclasses.replace(
        performance, rotations=rotations, expressions=shown, skeleton=typical_person(),
        root=np.tile([0.0, 0.0, 0.9], (48, 1)),
    )  # fmt: skip
    actions.write(retarget(acted, mage, kind, Settings(), 24.0), objects)
    pose = objects.armature.pose.bones

    def turned(bone, frame):
        bpy.context.scene.frame_set(frame)
        return np.degrees(pose[bone].matrix_basis.to_quaternion().angle)

    assert turned("hand.l", 3) < 0.1 and abs(turned("hand.l", 47) - 60) < 0.1 and turned("hand.r", 47) < 0.1
    assert turned("handslot.r", 2) < 2 and 25 < turned("handslot.r", 48) < 30
    pose["hand.l"].matrix_basis.identity()
    flat = np.array(pose["hand.l"].bone.matrix_local)[:3, 1]
    bpy.context.scene.frame_set(47)
    bent = np.array(pose["hand.l"].matrix)[:3, 1]
    assert bent[2] < flat[2] - 0.5  # with the palm down, fingers curl downwards
