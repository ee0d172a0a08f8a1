"""Real characters are recognised by their names, and by their structure where all names are random."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.errors import UnderstudyError
from understudy.solvers.names import FINGERS
from understudy.solvers.rigs.presets import UNNAMED, recognise

pytest.importorskip("bpy")

KINDS = {
    "cryptovoxels.vrm": "VRChat", "kaykit_Mage.glb": "KayKit", "kenney_survivor_female_dracofree.glb": "Mixamo",
    "m2m_male.glb": "Unreal", "m2m_rig-human-v2.blend": "Mesh2Motion", "mh_f_mixamo.glb": "Mixamo",
    "mh_f_rigify.blend": "Rigify", "mh_m_game_engine.glb": "Unreal",
    "quat_Smooth_Female_Casual.fbx": "Quaternius 2019", "quat_men_Casual.glb": "Quaternius",
    "rocketbox_Female_Adult_01_facial.fbx": "3ds Max Biped",
}  # fmt: skip
CONTROLS = ("mh_f_rigify.blend", "m2m_rig-human-v2.blend")  # named by their controls, told by what deforms


@pytest.fixture(scope="module")
def seen(shared):
    """Characters as their rigs see themselves, each read once."""
    from understudy.addon.armature import read
    from understudy.addon.files import open_character

    read_already = {}

    def look(name):
        if name not in read_already:
            try:
                read_already[name] = read(open_character(shared / "characters" / name))
            except UnderstudyError as fault:  # a .blend of a later Blender
                pytest.skip(str(fault))
        return read_already[name]

    return look


def unnamed(character, seed=0):
    """A character whose bones have random names and no marks, and {random name: name}."""
    numbers = np.random.default_rng(seed).permutation(10**6)[: len(character.bones)]
    names = {bone: f"b{number:06d}" for bone, number in zip(character.bones, numbers, strict=True)}
    follows = {names[bone]: names[leader] for bone, leader in character.follows.items()}
    changed = replace(character, bones=tuple(names.values()), follows=follows, properties={}, tags={})
    return changed, {random: bone for bone, random in names.items()}


def body_of(bones):
    """Without fingers, eyes and jaw."""
    return {joint: bone for joint, bone in bones.items()
            if not any(word in joint for word in (*FINGERS, "Eye", "jaw"))}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_a_character_is_recognised(seen, name):
    """Each is of its kind, and has hips, a head, both arms and both legs."""
    found = recognise(seen(name))
    assert found.name == KINDS[name] and found.matched.endswith("by name")
    assert {"hips", "head", "leftHand", "rightHand", "leftFoot", "rightFoot", "leftLowerArm"} <= set(found.bones)


@pytest.mark.parametrize("name", sorted(set(KINDS) - set(CONTROLS)))
@pytest.mark.parametrize("skin", [True, False])
def test_a_character_with_random_names(seen, name, skin):
    """With all bones renamed, every joint of the body has the bone that its name gives it, left and right too."""
    character = seen(name)
    wanted = body_of(recognise(character).bones)
    if not skin:
        character = replace(character, skin=np.zeros((0, 3)), normals=np.zeros((0, 3)), owner=np.zeros(0, int))
        wanted.pop("head")  # without a skin, nobody can tell a head from a bone that marks its top
    changed, names = unnamed(character)
    found = recognise(changed)
    assert found.name == UNNAMED
    bones = body_of({joint: names[bone] for joint, bone in found.bones.items()})
    assert {joint: bones.get(joint) for joint in wanted} == wanted and set(bones) - {"head"} == set(wanted) - {"head"}


@pytest.mark.parametrize("name", CONTROLS)
def test_control_rigs_with_random_names(seen, name):
    """Of a rig with controls, the bones that are found are where the joints are, though others may be there too."""
    character = seen(name)
    wanted = body_of(recognise(character).bones)
    changed, names = unnamed(character)
    found = body_of({joint: names[bone] for joint, bone in recognise(changed).bones.items()})
    place = dict(zip(character.bones, character.rest[:, :3, 3], strict=True))
    for joint in set(wanted) - {"hips", "spine", "chest", "upperChest", "neck"}:
        assert np.linalg.norm(place[found[joint]] - place[wanted[joint]]) < 0.07, joint
    assert found["hips"] and found["spine"] and place[found["spine"]][2] > place[found["leftUpperLeg"]][2]


def test_ik_gives_way(seen):
    """Where IK leads the bones that are driven, its constraints are switched off."""
    character = seen("m2m_rig-human-v2.blend")
    assert len(recognise(character).switches) == 4
    assert not recognise(seen("mh_m_game_engine.glb")).switches
