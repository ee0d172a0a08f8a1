"""A character is read as its rig is at rest, whatever it is doing."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.addon import armature


def test_rest_is_read_whatever_the_pose(figure):
    """Bones, parents and rest matrices are those of the rest pose, parents first."""
    figure.armature.pose.bones["spine"].rotation_quaternion = (0.7, 0.7, 0, 0)
    figure.armature.pose.bones["hips"].location = (1, 2, 3)
    character = armature.read(figure)
    assert all(parent < row for row, parent in enumerate(character.parents))
    for row, bone in enumerate(character.bones):
        assert np.allclose(character.rest[row], np.array(figure.armature.data.bones[bone].matrix_local))
    assert character.name == "Figure" and character.metre == pytest.approx(1.0)


def test_each_slider_is_named_once(figure):
    """Sliders of all meshes are listed once, without the basis."""
    assert armature.read(figure).sliders == ("jawOpen", "mouthSmileLeft", 'odd "name"')


def test_scale_is_told_in_units_a_metre(figure):
    """An armature at a hundredth of its size has a hundred units a metre."""
    import bpy

    figure.armature.scale = (0.01, 0.01, 0.01)
    bpy.context.view_layer.update()
    assert armature.read(figure).metre == pytest.approx(100.0)


def test_switches_and_marks_are_read(figure):
    """Custom numbers on pose bones and the armature are told; other things are not."""
    bone = figure.armature.pose.bones["hips"]
    bone["IK_FK"], bone["note"] = 0.5, "text"
    figure.armature.data["rig_id"] = "abc"
    character = armature.read(figure)
    assert character.properties == {"hips[IK_FK]": 0.5} and character.tags == {"rig_id": "abc"}


def test_hats_and_swords_are_no_skin(figure, empty_scene):
    """What hangs on a bone as it is, on one that moves skin or not, is nothing that arms go round."""
    import bpy

    bare = armature.read(figure)
    worn = []
    for bone in ("hips", "leftHand"):
        thing = figure.meshes[0].copy()
        thing.data = thing.data.copy()
        thing.modifiers.clear()
        empty_scene.collection.objects.link(thing)
        thing.parent_type, thing.parent_bone = "BONE", bone
        worn.append(thing)
    bpy.context.view_layer.update()
    dressed = armature.read(replace(figure, meshes=(*figure.meshes, *worn)))
    assert len(bare.skin) and np.array_equal(dressed.skin, bare.skin)


def test_characters_in_a_scene(figure, empty_scene):
    """An armature owns what it deforms; a mesh with sliders that follows none is a character of its own."""
    import bpy

    head = figure.meshes[0].copy()
    head.data = head.data.copy()
    head.parent = None
    head.modifiers.clear()
    empty_scene.collection.objects.link(head)
    box = bpy.data.objects.new("Box", bpy.data.meshes.new("Box"))
    empty_scene.collection.objects.link(box)
    found = armature.characters(empty_scene.objects)
    assert [(c.armature, c.meshes) for c in found] == [(figure.armature, figure.meshes), (None, (head,))]
    bare = armature.read(found[1])
    assert bare.bones == () and bare.rest.shape == (0, 4, 4) and "jawOpen" in bare.sliders


def led(rig, follower, leader, kind="COPY_TRANSFORMS"):
    """A constraint by which a bone is led by another one of the same rig."""
    constraint = rig.pose.bones[follower].constraints.new(kind)
    constraint.target, constraint.subtarget = rig, leader
    return constraint


def test_what_leads_a_bone_is_told(figure):
    """A bone that copies all of another's transforms follows it, and the one that this follows; others follow none."""
    rig = figure.armature
    led(rig, "neck", "chest")
    led(rig, "chest", "spine")
    led(rig, "head", "hips").influence = 0.5
    led(rig, "leftHand", "hips").mute = True
    led(rig, "leftFoot", "not there")
    led(rig, "rightFoot", "hips", "COPY_ROTATION")
    assert armature.read(figure).follows == {"neck": "spine", "chest": "spine"}


def test_ik_can_be_switched(figure):
    """A constraint that solves IK is a switch: it is told, set, and what it was before is known."""
    from understudy.addon import actions

    rig = figure.armature
    led(rig, "leftLowerArm", "hips", "IK").name = 'IK "left"'
    key = 'leftLowerArm[constraint IK "left"]'
    assert armature.read(figure).properties == {key: 1.0}
    others = {"leftLowerArm[constraint other]": 0.0, "none[constraint IK]": 0.0}
    assert actions.possible(rig, {key: 0.0, **others}) == {key: 0.0}
    assert actions.switch(rig, {key: 0.0}) == {key: 1.0}
    assert armature.read(figure).properties == {key: 0.0}
    assert rig.path_resolve(actions.switch_path(key)) == 0.0
