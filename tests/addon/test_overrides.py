"""Linked characters are animated as library overrides, and what was written is there when the file is opened again."""

import numpy as np
import pytest
from understudy.addon import bakes, overrides
from understudy.addon.armature import CharacterObjects, characters
from understudy.solvers.clip import Clip
from understudy.solvers.errors import RigError

RECIPE = bakes.Recipe("//one.take.npz", {})


def clip() -> Clip:
    """Ten frames in which head, hips and a slider move."""
    angle = np.linspace(0.1, 1.0, 10)
    turns = np.stack([np.cos(angle), np.sin(angle), 0 * angle, 0 * angle], -1)
    return Clip(
        frames=np.arange(1.0, 11.0), fps=24.0, bones=("hips", "head"), rotations=np.stack([turns, turns], 1),
        movers=("hips",), locations=np.zeros((10, 1, 3)), sliders=("jawOpen",), values=angle[:, None], name="Clip",
    )  # fmt: skip


@pytest.fixture
def library(figure, tmp_path):
    """A file with the figure in a collection of its own that stands aside of the origin."""
    import bpy

    collection = bpy.data.collections.new("Figure")
    bpy.context.scene.collection.children.link(collection)
    for thing in (figure.armature, *figure.meshes):
        bpy.context.scene.collection.objects.unlink(thing)
        collection.objects.link(thing)
    for mesh in figure.meshes:
        mesh.data.shape_keys.key_blocks["jawOpen"].value = 0.0
    collection.instance_offset = (0.0, 0.5, 0.0)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    return tmp_path / "library.blend"


def linked(library, way):
    """A new scene with the figure linked in one of the ways that there are; its armature."""
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    with bpy.data.libraries.load(str(library), link=True) as (there, wanted):
        if way == "objects":
            wanted.objects = list(there.objects)
        else:
            wanted.collections = ["Figure"]
    if way == "objects":
        for thing in wanted.objects:
            scene.collection.objects.link(thing)
    elif way == "instance":
        empty = bpy.data.objects.new("Figure", None)
        empty.instance_type, empty.instance_collection = "COLLECTION", wanted.collections[0]
        empty.location = (1.0, 2.0, 0.0)
        scene.collection.objects.link(empty)
    else:
        scene.collection.children.link(wanted.collections[0])
    if way == "overridden":
        wanted.collections[0].override_hierarchy_create(scene, bpy.context.view_layer, do_fully_editable=True)
        scene.collection.children.unlink(wanted.collections[0])
    return next(thing for thing in bpy.data.objects if thing.type == "ARMATURE" and thing.library)


def found(rig, scene):
    """The character as the panel finds it."""
    whole = overrides.instanced(rig, scene)
    return whole or next(one for one in characters(scene.objects) if one.armature)


def played(scene, frame=10):
    """(where the armature stands, turn of its head, value of the jaw) as evaluated."""
    import bpy

    scene.frame_set(frame)
    graph = bpy.context.evaluated_depsgraph_get()
    one = next(one for one in characters(scene.objects) if one.armature)
    rig = one.armature.evaluated_get(graph)
    keys = [mesh.evaluated_get(graph).data.shape_keys or mesh.data.shape_keys for mesh in one.meshes]
    jaws = [key.key_blocks["jawOpen"].value for key in keys]
    return np.array(rig.matrix_world.translation), rig.pose.bones["head"].rotation_quaternion[1], jaws


@pytest.mark.parametrize("way", ["collection", "instance", "objects", "overridden"])
def test_linked_characters_take_keys_for_good(library, way, tmp_path):
    """However it is linked, a character takes a bake, stands where it stood, once, and still plays it when reopened."""
    import bpy

    rig = linked(library, way)
    scene = bpy.context.scene
    whole = overrides.editable(found(rig, scene), scene)
    assert whole.armature.override_library and len(whole.meshes) == 2
    bakes.add(whole, {"NEW": clip()}, RECIPE, "A")
    place = (1.0, 1.5, 0.0) if way == "instance" else (0.0, 0.0, 0.0)
    for reopened in (False, True):
        if reopened:
            bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
            bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
            scene = bpy.context.scene
        where, turn, jaws = played(scene)
        assert np.allclose(where, place, atol=1e-5) and np.isclose(turn, np.sin(1.0), atol=1e-4)
        assert np.allclose(jaws, [1.0, 1.0], atol=1e-4)
        kinds = sorted(thing.type for thing in scene.objects)
        assert kinds == (["ARMATURE", "EMPTY"] if way == "instance" else ["ARMATURE"]) + ["MESH", "MESH"]
        assert not any(thing.library for thing in scene.objects)
    whole = next(one for one in characters(scene.objects) if one.armature)
    assert bakes.current(whole).name == "A" and overrides.editable(whole, scene) == whole
    assert bakes.replace(whole, bakes.current(whole), {"NEW": clip()}, RECIPE) is None
    bakes.clear(whole)
    assert np.allclose(played(scene)[1:][0], 0, atol=1e-6)


def test_layers_over_linked_characters(library, tmp_path):
    """Layers over an override are there when the file is opened again."""
    import bpy

    rig = linked(library, "collection")
    whole = overrides.editable(found(rig, bpy.context.scene), bpy.context.scene)
    bakes.add(whole, {"REPLACE": clip()}, RECIPE, "A")
    before = played(bpy.context.scene, 6)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    after = played(bpy.context.scene, 6)
    assert np.isclose(before[1], after[1]) and np.allclose(before[2], after[2]) and after[1] > 0.1


def test_local_characters_are_left_alone(figure):
    """Nothing is done to a character that is all local."""
    import bpy

    assert overrides.editable(figure, bpy.context.scene) == figure
    assert overrides.instanced(figure.armature, bpy.context.scene) is None


def test_what_cannot_be_overridden_is_named(library):
    """A linked armature that no collection of the scene holds is refused: with what is wrong, where, and a remedy."""
    import bpy

    rig = linked(library, "collection")
    bpy.context.scene.collection.children.unlink(bpy.data.collections["Figure"])
    with pytest.raises(RigError, match="Figure is linked from library.blend"):
        overrides.editable(CharacterObjects(rig, ()), bpy.context.scene)
