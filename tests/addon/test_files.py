"""Characters of every known kind of file open, and what is no character is refused in one sentence."""

import pytest
from understudy.addon import actions, armature, files, rendering
from understudy.solvers.errors import CharacterError, OutputError, UnderstudyError
from understudy.solvers.rigs.presets import recognise

KINDS = {
    "mh_f_mixamo.glb": "Mixamo", "mh_m_game_engine.glb": "Unreal", "mh_f_rigify.blend": "Rigify",
    "quat_men_Casual.glb": "Quaternius", "quat_Smooth_Female_Casual.fbx": "Quaternius 2019",
    "kaykit_Mage.glb": "KayKit", "cryptovoxels.vrm": "VRChat", "rocketbox_Female_Adult_01_facial.fbx": "3ds Max Biped",
    "m2m_male.glb": "Unreal", "kenney_survivor_female_dracofree.glb": "Mixamo", "facecap_decoded.glb": "face sliders",
    "ict_facekit_light.glb": "face sliders", "m2m_rig-human-v2.blend": "Mesh2Motion",
}  # fmt: skip


@pytest.mark.parametrize("name, kind", KINDS.items())
def test_known_characters_open(shared, name, kind):
    """Each character is recognised as what it is, with its limbs or its face."""
    import bpy

    if name.endswith(".blend") and bpy.app.version < (4, 5):
        pytest.skip("the file was saved by Blender 5.0, which 4.5 and later read")
    character = armature.read(files.open_character(shared / "characters" / name))
    preset = recognise(character)
    assert preset.name == kind
    assert len(preset.bones) >= 18 or len(preset.face) >= 50


@pytest.mark.parametrize("name", ["kenney_character.glb"])
def test_what_is_no_character_is_refused(shared, name):
    """Parts without a skeleton end in one sentence."""
    with pytest.raises(UnderstudyError) as refusal:
        recognise(armature.read(files.open_character(shared / "characters" / name)))
    assert "\n" not in str(refusal.value)


def test_the_starter_opens_without_a_file():
    """No path gives the starter character, with all joints that a performance has but the jaw, and all expressions."""
    preset = recognise(armature.read(files.open_character(None)))
    assert preset.name == "VRM 1.0" and set(preset.missing) <= {"jaw", "upperChest"}


@pytest.mark.parametrize("name, content, word", [
    ("gone.glb", None, "no character file"), ("clip.mp4", b"x", ".blend"), ("a.blend", b"BLENDER", "damaged"),
    ("a.glb", b"", "damaged"), ("a.vrm", b"glTF....", "damaged"), ("a.fbx", b"Kaydara FBX Binary", "damaged"),
    ("a.gltf", b"{}", ""),
])  # fmt: skip
def test_bad_files_are_refused(tmp_path, name, content, word):
    """A file that is missing, of another kind or damaged ends in one sentence with its name."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CharacterError, match=name) as refusal:
        files.open_character(path)
    assert word in str(refusal.value) and "\n" not in str(refusal.value)


def test_of_several_armatures_the_humanoid_is_taken(figure, empty_scene):
    """A scene with a prop's armature beside the character gives the character."""
    import bpy

    prop = bpy.data.objects.new("A Prop", bpy.data.armatures.new("A Prop"))
    empty_scene.collection.objects.link(prop)
    assert files.main_character("scene").armature == figure.armature


def test_a_saved_scene_opens_again(figure, empty_scene, tmp_path):
    """What is saved has the action on the character, and no other file is left beside it."""
    import bpy
    import numpy as np
    from understudy.solvers.clip import Clip

    clip = Clip(
        frames=np.arange(1.0, 4.0), fps=24.0, bones=(), rotations=np.zeros((3, 0, 4)), movers=("hips",),
        locations=np.arange(9.0).reshape(3, 1, 3), sliders=(), values=np.zeros((3, 0)), name="Saved",
    )  # fmt: skip
    actions.write(clip, figure)
    files.save(tmp_path / "scene.blend")
    assert [path.name for path in tmp_path.iterdir()] == ["scene.blend"]
    reopened = files.open_character(tmp_path / "scene.blend")
    assert reopened.armature.animation_data.action.name == "Saved"
    with rendering.current_frame(bpy.context.scene):
        bpy.context.scene.frame_set(3)
        assert tuple(reopened.armature.pose.bones["hips"].location) == (6, 7, 8)


def test_a_folder_that_cannot_be_written_is_named(figure, tmp_path):
    """Saving where nothing can be saved ends in one sentence."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="scene.blend"):
        files.save(tmp_path / "file" / "scene.blend")
