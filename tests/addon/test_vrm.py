"""What a VRM character says of its bones itself is believed."""

import json
import struct

import pytest
from understudy.addon import armature, vrm
from understudy.solvers.rigs.presets import STATED, recognise

NODES = [{"name": "Bone_0"}, {"name": "Bone_1"}, {"name": "Bone_2"}, {}]


def written(path, extensions, nodes=NODES, meshes=()):
    """A binary glTF file with nothing but these extensions and nodes."""
    document = {"asset": {"version": "2.0"}, "nodes": nodes, "meshes": list(meshes), "extensions": extensions}
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    path.write_bytes(struct.pack("<4sIII4s", b"glTF", 2, 20 + len(text), len(text), b"JSON") + text)
    return path


def test_a_file_of_either_version_states_its_bones(tmp_path):
    """VRM 0.x and 1.0 list them in their own forms, and count a thumb's bones in their own ways."""
    older = {"VRM": {"humanoid": {"humanBones": [
        {"bone": "hips", "node": 0}, {"bone": "leftThumbProximal", "node": 1}, {"bone": "leftThumbDistal", "node": 2},
    ]}}}  # fmt: skip
    newer = {"VRMC_vrm": {"humanoid": {"humanBones": {"hips": {"node": 0}, "leftThumbMetacarpal": {"node": 1}}}}}
    assert vrm.of_file(written(tmp_path / "old.vrm", older)) == {
        "hips": "Bone_0", "leftThumbMetacarpal": "Bone_1", "leftThumbDistal": "Bone_2",
    }  # fmt: skip
    assert vrm.of_file(written(tmp_path / "new.vrm", newer)) == {"hips": "Bone_0", "leftThumbMetacarpal": "Bone_1"}


@pytest.mark.parametrize("extensions", [
    {}, {"VRM": {}}, {"VRMC_vrm": {"humanoid": {}}},
    {"VRM": {"humanoid": {"humanBones": [{"bone": "tail", "node": 0}]}}},
    {"VRMC_vrm": {"humanoid": {"humanBones": {"hips": {"node": 99}, "head": {}}}}},
])  # fmt: skip
def test_a_file_that_states_nothing(tmp_path, extensions):
    """Without a humanoid, with unknown joints or nodes that are not there, nothing is stated."""
    assert vrm.of_file(written(tmp_path / "some.glb", extensions)) == {}


MESH = {"primitives": [{"extras": {"targetNames": ["open", "shut"]}}]}


@pytest.mark.parametrize("extensions, wanted", [
    ({"VRMC_vrm": {"expressions": {"preset": {"aa": {"morphTargetBinds": [{"node": 0, "index": 0, "weight": 0.8}]}},
                                   "custom": {"mine": {"morphTargetBinds": [{"node": 0, "index": 5}]}}}}},
     {"aa": {"open": 0.8}, "mine": {"target_5": 1.0}}),
    ({"VRM": {"blendShapeMaster": {"blendShapeGroups": [
        {"presetName": "blink_l", "binds": [{"mesh": 0, "index": 1, "weight": 100}]},
        {"presetName": "unknown", "name": "Mine", "binds": [{"mesh": 0, "index": 0, "weight": 50}]}]}}},
     {"Blink_L": {"shut": 1.0}, "Mine": {"open": 0.5}}),
    ({"VRM": {"blendShapeMaster": {"blendShapeGroups": [{"presetName": "a", "binds": [{"mesh": 7}]}]}}}, {}),
    ({"VRM": {"blendShapeMaster": []}}, {}), ({}, {}),
])  # fmt: skip
def test_a_file_says_of_what_its_expressions_are_made(tmp_path, extensions, wanted):
    """In the forms of VRM 1.0 and 0.x, by the names that the importer gives the morphs."""
    path = written(tmp_path / "some.vrm", extensions, [{"mesh": 0}], [MESH])
    assert vrm.expressions_of_file(path) == wanted


@pytest.mark.parametrize("content", [b"", b"glTF", b"{}", b"glTF" + bytes(16) + b"\xff" * 40])
def test_a_damaged_file_states_nothing(tmp_path, content):
    """What is no glTF file is left to the importer, which says what is wrong."""
    (tmp_path / "bad.vrm").write_bytes(content)
    assert vrm.of_file(tmp_path / "bad.vrm") == {} == vrm.of_file(tmp_path / "missing.vrm")


def test_what_is_stated_comes_before_guesses(figure):
    """Bones with names that say nothing are recognised, each as what the character says it is."""
    joints = [bone.name for bone in figure.armature.data.bones]
    for number, joint in enumerate(joints):
        figure.armature.data.bones[joint].name = f"Bone_{number}"
    stated = {joint: f"Bone_{number}" for number, joint in enumerate(joints)}
    figure.armature.data[STATED] = json.dumps(stated | {"jaw": "not there"})
    found = recognise(armature.read(figure))
    assert found.name == "VRM" and found.bones == stated and found.face


def test_a_strange_mark_does_no_harm(figure):
    """A mark of that name with other things in it is left alone."""
    figure.armature.data[STATED] = "not JSON"
    assert recognise(armature.read(figure)).name == "VRM 1.0"
    figure.armature.data[STATED] = 3
    assert recognise(armature.read(figure)).name == "VRM 1.0"


def test_a_real_file_is_believed(shared):
    """A VRM 0.x character is opened with what it states, and has every bone of it."""
    from understudy.addon.files import open_character

    character = armature.read(open_character(shared / "characters" / "cryptovoxels.vrm"))
    stated, found = json.loads(character.tags[STATED]), recognise(character)
    assert len(stated) > 40 and found.bones.items() >= stated.items()
