"""The chosen character is recognised, its bones can be chosen by hand and kept, and nothing of the user's is lost."""

import pytest

bpy = pytest.importorskip("bpy")

from understudy.addon import armature, own, rigs  # noqa: E402
from understudy.addon.files import open_character  # noqa: E402
from understudy.solvers.errors import OutputError, RigError, UnderstudyError  # noqa: E402
from understudy.solvers.names import JOINTS  # noqa: E402
from understudy.solvers.retarget import retarget  # noqa: E402
from understudy.solvers.rigs import presets  # noqa: E402
from understudy.solvers.settings import Settings  # noqa: E402

LISTED = sorted(JOINTS)


@pytest.fixture(autouse=True)
def place(extension, tmp_path, monkeypatch):
    """The extension is on, and presets are kept in a folder of the test's own."""
    folder = tmp_path / "kept"
    folder.mkdir()
    monkeypatch.setattr(own, "folder", lambda kind: folder)
    return folder


@pytest.fixture
def props(figure):
    """The scene's properties, with the small figure as character."""
    chosen = bpy.context.scene.understudy
    chosen.character = figure.armature
    return chosen


def read(thing=None):
    """What can be driven of the character that an object belongs to; of the chosen one."""
    scene = bpy.context.scene
    return armature.read(rigs.objects_of(thing or scene.understudy.character, scene))


def preset():
    """What the panel's list makes of the chosen character."""
    return rigs.preset_for(bpy.context.scene, read())


def bones(props):
    """{joint: bone} of the list."""
    return {item.name: item.bone for item in props.joints if item.bone}


def strange(count=12):
    """An armature whose bones are of no known kind, with pairs of sides."""
    rig = bpy.data.objects.new("Robot", bpy.data.armatures.new("Robot"))
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for number in range(count):
        bone = rig.data.edit_bones.new(f"Rod{number // 2}{'.L' if number % 2 else '.R'}")
        bone.head, bone.tail = (0.1 * number, 0, 1), (0.1 * number, 0, 1.2)
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def head(name="Head", sliders=("jawOpen", "eyeBlinkLeft"), parent=None):
    """A mesh with shape keys."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    thing.parent = parent
    for slider in ("Basis", *sliders):
        thing.shape_key_add(name=slider)
    return thing


# --- recognising ------------------------------------------------------------------------------------------------------


def test_choosing_lists_the_joints(props):
    """A chosen armature is named, every joint is listed once, those with a bone first, and shapes are counted."""
    assert props.rig == "VRM 1.0" and props.expressions == 2
    assert sorted(item.name for item in props.joints) == LISTED
    present = [bool(item.bone) for item in props.joints]
    assert present == sorted(present, reverse=True) and sum(present) == 17
    names = [item.name for item in props.joints][:6]
    assert names == ["hips", "spine", "chest", "neck", "head", "leftUpperArm"]
    assert rigs.summary(props) == "VRM 1.0, 17 of 55 joints, 2 face shapes"


def test_order_has_every_joint_once():
    """The order in which joints are listed leaves none out."""
    assert sorted(rigs.ORDER) == LISTED


def test_a_mesh_stands_for_its_character(figure, props):
    """The mesh of a known rig is the whole character, as its armature is."""
    scene = bpy.context.scene
    for thing in (figure.armature, *figure.meshes):
        assert rigs.objects_of(thing, scene) == figure
    props.joints["head"].bone = ""
    props.character = figure.meshes[0]
    assert props.listed == figure.armature and not props.joints["head"].bone


def test_a_head_alone(figure, props):
    """A mesh that follows no armature, or one of no known kind, is a face with what hangs on the same thing as it."""
    scene, holder, robot = bpy.context.scene, bpy.data.objects.new("Holder", None), strange()
    scene.collection.objects.link(holder)
    face, teeth, other = head("Face", parent=holder), head("Teeth", parent=holder), head("Other")
    assert set(rigs.objects_of(face, scene).meshes) == {face, teeth}
    assert rigs.objects_of(other, scene).meshes == (other,)
    props.character = face
    assert not props.joints and rigs.summary(props) == "A face alone, 2 face shapes"
    assert set(preset().face) == {"jawOpen", "eyeBlinkLeft"} and not preset().bones
    face.parent = robot
    assert rigs.objects_of(face, scene) == armature.CharacterObjects(None, (face,))


def test_a_neighbour_is_left_alone(figure, props):
    """Another character's meshes under the same parent do not become this one's."""
    scene, holder = bpy.context.scene, bpy.data.objects.new("Holder", None)
    scene.collection.objects.link(holder)
    figure.armature.parent = holder
    face = head("Face", parent=holder)
    assert rigs.objects_of(face, scene).meshes == (face,)


@pytest.mark.parametrize("make", [strange, lambda: strange(0), lambda: head(sliders=("Wink",))])
def test_what_is_not_recognised(figure, make):
    """A rig of no known kind is no exception: it says so, and baking has one sentence about it."""
    props, thing = bpy.context.scene.understudy, make()
    props.character = thing
    assert props.rig == rigs.UNKNOWN and not bones(props) and rigs.UNKNOWN in rigs.summary(props)
    assert len(props.joints) == (55 if thing.type == "ARMATURE" and thing.data.bones else 0)
    with pytest.raises(RigError, match=thing.name):
        preset()


def test_what_matched_is_shown(props, figure):
    """Kinds that know some of the bones are told with how many they know, the one that was taken first."""
    told = rigs.ranked(bpy.context.scene).split("; ")
    assert told[0] == "VRM 1.0: 17 of 55 bones" and 1 < len(told) <= 3
    assert bpy.ops.understudy.recognise_rig() == {"FINISHED"}
    props.character = strange(0)
    assert rigs.ranked(bpy.context.scene) == ""


def test_random_names_and_a_kept_map(figure, place, extension):
    """A body with random names is recognised by its structure, and once it is kept, as a kind of its own elsewhere."""
    props, rig = bpy.context.scene.understudy, figure.armature
    wanted = {}
    for number, bone in enumerate(rig.data.bones):
        wanted[bone.name] = bone.name = f"b{number * 7919 % 1000:03d}"
    props.character = rig
    assert props.rig == presets.UNNAMED and bones(props).items() <= wanted.items() and len(bones(props)) >= 16
    assert bpy.ops.understudy.save_rig(name="Agent") == {"FINISHED"} and props.rig == "Agent"
    other = rig.copy()
    other.data = rig.data.copy()
    other.scale = (0.01, 0.01, 0.01)
    bpy.context.scene.collection.objects.link(other)
    props.character = other
    assert props.rig == "Agent" and bones(props).items() <= wanted.items()
    with pytest.raises(OutputError):
        rigs.save_preset(bpy.context.scene, presets.UNNAMED)


def test_no_character(props):
    """Taking the character away empties the list."""
    props.character = None
    assert not props.joints and not props.rig and props.listed is None


def test_a_strange_rig_can_be_driven_by_hand(figure, performance):
    """Bones that are chosen by hand are driven, however few they are."""
    props, robot = bpy.context.scene.understudy, strange()
    props.character = robot
    props.joints["leftUpperArm"].bone = "Rod0.L"
    props.joints["head"].bone = "Rod1.R"
    clip = retarget(performance, read(), preset(), Settings(), 24.0)
    assert set(clip.bones) == {"Rod0.L", "Rod1.R"} and abs(clip.rotations).max() <= 1.0
    assert rigs.summary(props) == "Not recognised, 2 of 55 joints, no face shapes"


# --- choosing by hand -------------------------------------------------------------------------------------------------


def test_an_emptied_joint_is_left_out(props):
    """A joint without a bone is not driven, and counts as missing."""
    props.joints["leftHand"].bone = ""
    assert "leftHand" not in preset().bones and "leftHand" in preset().missing
    props.joints["leftHand"].bone = "rightHand"
    props.joints["rightHand"].bone = "leftHand"
    assert preset().bones["leftHand"] == "rightHand"


@pytest.mark.parametrize("joint, bone, word", [("jaw", "Nothere", "Nothere"), ("jaw", "head", "Jaw")])
def test_a_wrong_bone_is_named(props, joint, bone, word):
    """A bone that is not there, or that plays another joint already, is refused with both names."""
    props.joints[joint].bone = bone
    with pytest.raises(RigError, match=word) as fault:
        preset()
    assert bone in str(fault.value) and "\n" not in str(fault.value)


def test_the_choice_stays(props, figure, tmp_path):
    """What was chosen by hand outlives the same character chosen again, undo of other things, and the file."""
    props.joints["chest"].bone = ""
    props.joints["jaw"].bone = "chest"
    chosen = bones(props)
    props.character = figure.armature
    assert bones(props) == chosen
    bpy.ops.ed.undo_push(message="chosen")
    bpy.context.scene.frame_end = 77
    bpy.ops.ed.undo_push(message="other")
    bpy.ops.ed.undo()
    assert bones(bpy.context.scene.understudy) == chosen
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    again = bpy.context.scene.understudy
    assert bones(again) == chosen and preset().bones == chosen
    assert bpy.ops.understudy.recognise_rig() == {"FINISHED"}
    assert bones(again) != chosen and again.joints["chest"].bone == "chest"


def test_another_character_is_another_list(props, figure):
    """Choosing another character lists its bones; coming back begins anew."""
    props.joints["jaw"].bone = "chest"
    props.character = strange()
    assert not bones(props)
    props.character = figure.armature
    assert "jaw" not in bones(props)


@pytest.mark.parametrize("left, right", [
    ("hand.L", "hand.R"), ("LeftArm", "RightArm"), ("mixamorig:LeftArm", "mixamorig:RightArm"),
    ("CC_Base_L_Hand", "CC_Base_R_Hand"), ("lShldrBend", "rShldrBend"), ("arm_l_01", "arm_r_01"),
])  # fmt: skip
def test_mirroring_knows_how_sides_are_called(figure, left, right):
    """The bone for the other side is found by name, both ways; without one it is said."""
    props, rig = bpy.context.scene.understudy, strange(4)
    rig.data.bones[0].name, rig.data.bones[1].name = left, right
    props.character = rig
    props.joints["leftHand"].bone = left
    props.joint_index = props.joints.find("leftHand")
    assert bpy.ops.understudy.mirror_bone() == {"FINISHED"} and props.joints["rightHand"].bone == right
    props.joints["leftHand"].bone = ""
    assert rigs.mirror(bpy.context.scene, "rightHand") == ("leftHand", left)
    rig.data.bones[0].name = props.joints["rightHand"].bone = "Only"
    with pytest.raises(RigError, match="Only"):
        rigs.mirror(bpy.context.scene, "rightHand")


def test_bones_are_taken_from_the_view(props, figure):
    """The active pose bone plays the chosen joint, and a joint can be cleared; of another armature none is taken."""
    props.joint_index = props.joints.find("jaw")
    assert not bpy.ops.understudy.take_bone.poll()
    bpy.ops.object.mode_set(mode="POSE")
    figure.armature.data.bones.active = figure.armature.data.bones["chest"]
    assert bpy.ops.understudy.take_bone() == {"FINISHED"} and props.joints["jaw"].bone == "chest"
    assert bpy.ops.understudy.clear_bone() == {"FINISHED"} and not props.joints["jaw"].bone
    assert not bpy.ops.understudy.clear_bone.poll()
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.view_layer.objects.active = strange()
    bpy.ops.object.mode_set(mode="POSE")
    assert not bpy.ops.understudy.take_bone.poll()


# --- presets of one's own ---------------------------------------------------------------------------------------------


def test_a_kept_rig_is_found_again(props, figure, place):
    """A kept list comes back by itself for a rig with the same bones, with its shapes, and goes when it is removed."""
    props.joints["leftHand"].bone = ""
    props.joints["jaw"].bone = "leftHand"
    before = preset()
    assert bpy.ops.understudy.save_rig(name="  My   Hero ") == {"FINISHED"}
    assert [path.name for path in place.iterdir()] == ["My Hero.toml"] and props.rig == "My Hero"
    props.character = None
    props.character = figure.armature
    assert props.rig == "My Hero" and bones(props) == before.bones
    for part in ("bones", "face", "switches", "controls", "rest", "parents"):
        assert getattr(preset(), part) == getattr(before, part), part
    assert bpy.ops.understudy.remove_rig() == {"FINISHED"} and not list(place.iterdir())
    assert bones(props) == before.bones == preset().bones
    assert not bpy.ops.understudy.remove_rig.poll()
    bpy.ops.understudy.recognise_rig()
    assert props.rig == "VRM 1.0"


def test_a_strange_rig_can_be_kept(figure, place):
    """Bones chosen by hand on a rig of no known kind make it known."""
    props, robot = bpy.context.scene.understudy, strange()
    props.character = robot
    props.joints["head"].bone = "Rod1.R"
    bpy.ops.understudy.save_rig(name="Robot")
    rigs.fill(bpy.context.scene, anew=True)
    assert props.rig == "Robot" and bones(props) == {"head": "Rod1.R"}


def test_rigify_keeps_its_switches(shared, place, tmp_path):
    """A kept preset of a control rig switches and carries its controls as the shipped one does."""
    file = shared / "characters" / "mh_f_rigify.blend"
    try:
        open_character(file)
    except UnderstudyError as fault:
        pytest.skip(str(fault))
    props = bpy.context.scene.understudy
    props.character = next(thing for thing in bpy.context.scene.objects if thing.type == "ARMATURE")
    before = preset()
    assert before.name == "Rigify" and before.switches and before.controls and len(before.face) == 52
    rigs.save_preset(bpy.context.scene, "Hers")
    kept = presets.load(place / "Hers.toml")
    found = presets.recognise(read(), own=[kept])
    for part in ("bones", "face", "switches", "controls", "rest", "parents", "missing"):
        assert getattr(found, part) == getattr(before, part), part


BAD_NAMES = ("", "  ", "a/b", "..", ".hidden", "end.", "a:b", "x" * 61, "bell\x07", "Mixamo", "rigify", rigs.UNKNOWN)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_are_refused(props, place, name):
    """A name that no file can have, or that is taken, is refused in a sentence, and nothing is written."""
    with pytest.raises(OutputError) as fault:
        rigs.save_preset(bpy.context.scene, name)
    assert str(fault.value).endswith(".") and "\n" not in str(fault.value)
    assert not list(place.iterdir())


def test_shipped_presets_stay(props):
    """What comes with Understudy is not removed, whatever the name leads to."""
    for name in ("VRM 1.0", "", "../rigs/vrm"):
        with pytest.raises(OutputError):
            own.remove("rigs", name)


def test_a_full_disk_is_said(props, place):
    """A folder that cannot be written to is told of, and leaves nothing half written."""
    place.rmdir()
    place.write_text("in the way")
    with pytest.raises(OutputError, match="Hero"):
        rigs.save_preset(bpy.context.scene, "Hero")


def test_a_damaged_preset_is_left_out(props, place):
    """A preset of the user's own that cannot be read stops nothing, and is named when recognising again."""
    (place / "broken.toml").write_text("name = ")
    found, faults = rigs.own_presets()
    assert not found and len(faults) == 1 and "broken.toml" in faults[0]
    assert rigs.fill(bpy.context.scene, anew=True) == faults and props.rig == "VRM 1.0"


# --- the starter, and characters of other files -----------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["OBJECT", "POSE", "EDIT"])
def test_adding_the_starter_gives_everything_back(props, figure, mode):
    """Mode, active object and selection are as before; the new character stands at the 3D cursor and is chosen."""
    bpy.context.scene.cursor.location = (1, 2, 0)
    figure.armature.select_set(True)
    bpy.context.view_layer.objects.active = figure.armature
    bpy.ops.object.mode_set(mode=mode)
    assert bpy.ops.understudy.add_starter() == {"FINISHED"}
    assert bpy.context.object == figure.armature and figure.armature.mode == mode
    assert [thing.name for thing in bpy.context.view_layer.objects.selected] == ["Figure"]
    assert props.character.name == "Starter" and tuple(props.character.location) == (1, 2, 0)
    assert rigs.summary(props) == "VRM 1.0, 54 of 55 joints, 52 face shapes"


def test_the_starter_from_the_menu_is_selected_and_one_undo_step(figure):
    """Added as Blender adds things, the new armature alone is selected; one undo takes it away."""
    figure.meshes[0].select_set(True)
    bpy.ops.ed.undo_push(message="before")
    count = len(bpy.data.objects)
    bpy.ops.understudy.add_starter("EXEC_DEFAULT", True, select=True)
    assert [thing.name for thing in bpy.context.selected_objects] == ["Starter"] == [bpy.context.object.name]
    bpy.ops.ed.undo()
    assert len(bpy.data.objects) == count and bpy.context.scene.understudy.character is None


@pytest.mark.parametrize("overridden", [False, True])
def test_linked_characters_are_recognised(figure, tmp_path, overridden):
    """A character from another file is listed as one's own would be, linked or overridden."""
    path = str(tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(path, link=True) as (theirs, ours):
        ours.objects = list(theirs.objects)
    scene = bpy.context.scene
    for thing in ours.objects:
        scene.collection.objects.link(thing)
    rig = next(thing for thing in ours.objects if thing.type == "ARMATURE")
    if overridden:
        rig = rig.override_hierarchy_create(scene, bpy.context.view_layer)
    scene.understudy.character = rig
    assert scene.understudy.rig == "VRM 1.0" and len(bones(scene.understudy)) == 17 and len(preset().bones) == 17
