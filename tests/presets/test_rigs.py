"""Every rig preset is well formed, and characters are recognised by the names of their bones and sliders."""

import re
from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.character import Character
from understudy.solvers.errors import PresetError, RigError
from understudy.solvers.names import EXPRESSIONS, FINGERS, JOINTS
from understudy.solvers.rigs.face_places import load_bones
from understudy.solvers.rigs.faces import arkit_sliders
from understudy.solvers.rigs.faces import load as load_face
from understudy.solvers.rigs.presets import LIMBS, PRESETS, load, ranking, recognise, save, shipped

FILES = sorted(PRESETS.glob("*.toml"))


def character(bones=(), sliders=(), properties=None, tags=None) -> Character:
    """A character of which only names matter."""
    count = len(bones)
    return Character(
        bones=tuple(bones), parents=np.full(count, -1), rest=np.tile(np.eye(4), (count, 1, 1)), length=np.ones(count),
        world=np.eye(4), metre=1.0, sliders=tuple(sliders), slider_max={}, properties=properties or {},
        connected=np.zeros(count, bool), inherit_rotation=np.ones(count, bool), name="Somebody", tags=tags or {},
    )  # fmt: skip


def own_bones(preset) -> list[str]:
    """The bones of a rig just as its preset spells them first."""
    return list(dict.fromkeys([*(b.split("|")[0] for b in preset.bones.values()), *preset.needs.get("bones", ())]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_preset_drives_a_humanoid(path):
    """Each file names the hips, a head and all limbs, and no bone twice."""
    preset = load(path)
    assert {"hips", "head", *LIMBS} <= set(preset.bones) <= set(JOINTS)
    spellings = [name for names in preset.bones.values() for name in names.split("|")]
    assert len(spellings) == len(set(spellings))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_rig_is_recognised_as_its_own_kind(path):
    """A character with just a preset's bones is recognised as that kind and nothing else, every bone at its joint."""
    preset = load(path)
    switches = {key: 0.0 for key in preset.switches}
    tags = {tag: 1 for tag in preset.needs.get("tags", ())}
    found = recognise(character(own_bones(preset), properties=switches, tags=tags))
    assert found.name == preset.name
    assert found.bones == {joint: names.split("|")[0] for joint, names in preset.bones.items()}
    assert found.switches == preset.switches


def test_names_are_unique():
    """No two files call their rig the same."""
    names = [preset.name for preset in shipped()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("prefix", ["mixamorig:", "mixamorig1:", "mixamorig_", "mixamorig12", "Boss|mixamorig:", ""])
@pytest.mark.parametrize("ends", [(), ("HeadTop_End", "LeftToe_End", "LeftHandIndex4", "RightHandPinky4")])
def test_mixamo_prefixes(prefix, ends):
    """Mixamo's bones are known whatever namespace they came with, with end bones and without."""
    preset = load(PRESETS / "mixamo.toml")
    found = recognise(character([prefix + bone for bone in (*own_bones(preset), *ends)]))
    assert found.name == "Mixamo" and found.bones["leftUpperArm"] == f"{prefix}LeftArm"
    assert found.bones["head"] == f"{prefix}Head" and found.bones["leftToes"] == f"{prefix}LeftToeBase"


def fewer(preset, *without):
    """A preset's own bones, without those of some joints."""
    left_out = {name.split("|")[0] for joint, name in preset.bones.items() if any(word in joint for word in without)}
    return [bone for bone in own_bones(preset) if bone not in left_out]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("without", [FINGERS, ("Toes", "jaw", "Eye"), ("Shoulder",)], ids=lambda words: words[0])
def test_a_rig_with_fewer_bones_is_of_its_kind_still(path, without):
    """Fingers, toes, face bones and collars may be lacking, unless the kind is told by them."""
    preset = load(path)
    bones = fewer(preset, *without)
    if set(preset.needs.get("bones", ())) <= set(bones):
        found = recognise(character(bones))
        assert found.bones.items() >= {joint: name.split("|")[0] for joint, name in preset.bones.items()
                                       if name.split("|")[0] in bones}.items()  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_twist_bones_are_told(path):
    """Twist bones belong to a bone of a limb on the same side, and are listed where the character has them."""
    preset = load(path)
    listed = [bone for bones in preset.twists.values() for bone in bones]
    assert len(listed) == len(set(listed)) and not set(listed) & set(preset.bones.values())
    assert all(joint.endswith(("Arm", "Leg")) for joint in preset.twists)
    found = recognise(character([*own_bones(preset), *listed[:1]], properties={key: 0.0 for key in preset.switches}))
    assert [bone for bones in found.twists.values() for bone in bones] == listed[:1]


def test_what_was_matched_is_shown():
    """All kinds are ranked, each with how many of its bones are there, and the chosen one says so."""
    unreal = load(PRESETS / "unreal.toml")
    somebody = character([*own_bones(unreal), "root"])
    first, second, *_ = ranking(somebody)
    assert str(first) == f"Unreal: {len(unreal.bones)} of {len(unreal.bones)} bones"
    assert len(second.bones) < len(first.bones) and len(ranking(somebody)) > 5
    assert recognise(somebody).matched == f"{len(unreal.bones)} of {len(unreal.bones)} bones by name"


@pytest.mark.parametrize("more", [
    {"source": "a manual"}, {"needs": {"bones": ["hips"]}}, {"twists": {"leftUpperArm": ("twist",)}},
])  # fmt: skip
def test_the_better_documented_of_two_alike(more):
    """Where two kinds fit a character alike, the one of which more is told is chosen, whatever their order."""
    vrm = replace(load(PRESETS / "vrm.toml"), name="Plain", source="")
    better = replace(vrm, name="Better", **more)
    for kinds in ((vrm, better), (better, vrm)):
        assert recognise(character(own_bones(vrm)), kinds).name == "Better"


@pytest.mark.parametrize("spelling", [
    str, lambda e: e[0].upper() + e[1:], lambda e: f"ARKit_{e}", lambda e: f"AK_07_{e[0].upper()}{e[1:]}",
    lambda e: e.replace("Left", "_L").replace("Right", "_R") if e not in SIDEWAYS else e,
    lambda e: e.replace("Left", ".L").replace("Right", ".R") if e not in SIDEWAYS else e,
    lambda e: "".join(f" {letter}" if letter.isupper() else letter for letter in e).title(),
])  # fmt: skip
def test_face_spellings(spelling):
    """All 52 sliders are found in each spelling, each at its own expression."""
    assert arkit_sliders([spelling(e) for e in EXPRESSIONS]) == {e: {spelling(e): 1.0} for e in EXPRESSIONS}


SIDEWAYS = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")  # directions, not sides


def test_split_expressions_move_both_sides():
    """A brow or cheek that a character has in two halves is driven as a whole."""
    found = arkit_sliders(["browInnerUp_L", "browInnerUp_R", "cheekPuff_L", "cheekPuff_R", "jawOpen"])
    assert found["browInnerUp"] == {"browInnerUp_L": 1.0, "browInnerUp_R": 1.0} and "cheekPuff" in found


def test_one_family_of_sliders_is_taken():
    """Of two families of sliders that end alike, the fuller one is driven, not both."""
    sliders = [f"AK_{e}" for e in EXPRESSIONS] + ["SR_Jaw_Open", "SR_Mouth_Smile_Left", "SR_Jaw_Left"]
    assert arkit_sliders(sliders)["jawOpen"] == {"AK_jawOpen": 1.0}


def test_a_bare_face_is_enough():
    """Sliders without bones are a character; bones of no known kind beside them are left alone."""
    found = recognise(character(["Wheel", "Axle"], ["jawOpen", "eyeBlinkLeft"]))
    assert not found.bones and set(found.face) == {"jawOpen", "eyeBlinkLeft"} and "hips" in found.missing


@pytest.mark.parametrize("bones, sliders", [(("Wheel", "Axle"), ("Open door",)), ((), ("Wink",)), (("Root",), ())])
def test_what_is_no_character_is_refused(bones, sliders):
    """Without known bones and sliders there is one sentence, which says what would be understood."""
    with pytest.raises(RigError, match="Somebody has .* Mixamo") as refusal:
        recognise(character(bones, sliders))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text, word", [
    ("name = ", "cannot be read"), ("[bones]\nhips = 'a'", "no name"), ("name = 'a'\ncolour = 1", "colour"),
    ("name = 'a'\n[bones]\nelbow = 'b'", "elbow"), ("name = 'a'\n[bones]\nhips = 3", "hips"),
    ("name = 'a'\n[face]\nsmirk = {a = 1.0}", "smirk"), ("name = 'a'\nrest = 'sitting'", "sitting"),
    ("name = 'a'\nprefix = '('", "prefix"), ("name = 'a'\n[fingers]\nThumb = ['a']", "three bones"),
    ("name = 'a'\n[parents]\nhead = 'tail'", "tail"), ("name = 'a'\n[twists]\nUpperArm = 'a'", "UpperArm"),
    ("name = 'a'\n[needs]\nbones = 'a'", "bones"), ("name = 'a'\nsides = ['l']", "sides"),
    ("name = 'a'\n[switches]\n'bone' = 1.0", "property"), ("name = 'a'\n[switches]\n'a[b]' = 'c'", "number"),
    ("name = 'a'\nbones = 'hips'", "[bones]"), ("name = 'a'\n[prefix]\na = 1", "prefix = "),
    ("name = 'a'\n[face]\njawOpen = 1.0", "jawOpen"),
])  # fmt: skip
def test_a_bad_preset_is_named(tmp_path, text, word):
    """What is wrong in a file is said with the file's name, and what would be right."""
    path = tmp_path / "odd.toml"
    path.write_text(text)
    with pytest.raises(PresetError, match="odd.toml") as fault:
        load(path)
    assert word in str(fault.value) and "\n" not in str(fault.value)
    assert str(fault.value).partition(": ")[2], "no remedy"


@pytest.mark.parametrize("line, text", [
    (3, "name = 'a'\n[bones]\nelbow = 'b'\nhips = 'c'"), (5, "name = 'a'\n\n[bones]\nhips = 'c'\n'Arm' = 'b'"),
    (2, "name = 'a'\nhips = [\n"), (1, "colour = 1\nname = 'a'"), (4, "name = 'a'\n[face]\n# x\nsmirk = {a = 1.0}"),
    (2, "name = 'a'\nrest = 'sitting'"), (3, "name = 'a'\n[fingers]\nThumb = ['a']"), (2, "name = 'a'\nprefix = '('"),
    (4, "name = 'a'\n[parents]\nneck = ''\nUpperArm = 'tail'"), (2, "name = 'a'\n[colours]\nred = 1"),
])  # fmt: skip
def test_a_fault_has_its_line(tmp_path, line, text):
    """The message says in which line of the file the fault is."""
    path = tmp_path / "odd.toml"
    path.write_text(text)
    with pytest.raises(PresetError, match=f"odd.toml, line {line}, ") as fault:
        load(path)
    assert str(fault.value).endswith(".")


def test_a_preset_says_more_than_names():
    """Weights of a preset's own sliders come before what is found by name, where the character has them."""
    preset = replace(load(PRESETS / "vrm.toml"), face={"jawOpen": {"Mouth_Drop": 0.5}, "cheekPuff": {"Puff": 1.0}})
    found = recognise(character(own_bones(preset), ["jawOpen", "Mouth_Drop"]), [preset])
    assert found.face == {"jawOpen": {"Mouth_Drop": 0.5}}


def kept(preset, tmp_path, **changes):
    """A recognised preset as it is after a user has kept it, with all its bones needed, and it was read again."""
    changed = replace(preset, **{"name": "Mine", "prefix": "", **changes})
    save(replace(changed, needs={"bones": list(changed.bones.values())}), tmp_path / "mine.toml")
    return load(tmp_path / "mine.toml")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_kept_preset_comes_back(path, tmp_path):
    """What is recognised, written and read again drives the same bones, sliders and switches in the same way."""
    preset = load(path)
    tags, sliders = {tag: 1 for tag in preset.needs.get("tags", ())}, ["jawOpen", "eyeBlink_L", 'odd "name" \\']
    somebody = character(own_bones(preset), sliders, {key: 0.0 for key in preset.switches}, tags)
    first = replace(recognise(somebody), face={"jawOpen": {"jawOpen": 0.5, 'odd "name" \\': 0.25}})
    again = recognise(somebody, own=[kept(first, tmp_path)])
    assert again.name == "Mine"
    for part in ("bones", "switches", "parents", "controls", "rest"):
        assert getattr(again, part) == getattr(first, part), part
    assert again.face == {**first.face, "eyeBlinkLeft": {"eyeBlink_L": 1.0}}


ODD = ("Armature|Hips", "spine{side}", 'a "quoted" one', "Größe", "handl", "Hand L", "del\x7f", "back\\slash")


def test_any_name_of_a_bone_is_kept(tmp_path):
    """Names that look like several, like a side, like another's spelling or like TOML come back to the same joints."""
    bones = dict(zip(JOINTS, ODD, strict=False))
    somebody = character(["Hand L", *ODD], ["jawOpen"])
    mine = kept(replace(shipped()[0], bones=bones), tmp_path)
    assert recognise(somebody, own=[mine]).bones == bones


def test_the_users_own_preset_comes_first(tmp_path):
    """A kept preset is taken before a shipped one with more bones, but only where all its bones are there."""
    rigify = load(PRESETS / "rigify.toml")
    somebody = character(own_bones(rigify))
    fewer = {joint: bone for joint, bone in recognise(somebody).bones.items() if "Thumb" not in joint}
    mine = kept(recognise(somebody), tmp_path, bones=fewer)
    assert recognise(somebody, own=[mine]).bones == fewer
    mine = replace(mine, bones={**fewer, "jaw": "elsewhere"}, needs={})
    assert recognise(somebody, own=[mine]).name == "Rigify"


def test_a_kept_head_does_not_behead_a_body(tmp_path):
    """A preset that was kept for a head alone is not taken where a whole body is known."""
    mixamo = load(PRESETS / "mixamo.toml")
    head = character(["Head", "Neck"], ["jawOpen"])
    mine = kept(recognise(head, [mixamo]), tmp_path)
    assert recognise(head, own=[mine]).name == "Mine"
    assert recognise(character(own_bones(mixamo)), own=[mine]).name == "Mixamo"


def test_the_examples_of_the_guide_can_be_read(tmp_path):
    """The rig and the faces that presets/README.md shows are well formed."""
    shown = re.findall(r"```toml\n(name = .*?)```", (PRESETS.parent / "README.md").read_text(encoding="utf-8"), re.S)
    for number, text in enumerate(shown[:3]):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, encoding="utf-8")
        (load, load_face, load_bones)[number](path)
    assert len(shown) == 4
