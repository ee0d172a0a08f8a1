"""Every rig preset is well formed, and characters are recognised by the names of their bones and sliders."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.character import Character
from understudy.solvers.errors import PresetError, RigError
from understudy.solvers.faces import arkit_sliders
from understudy.solvers.names import EXPRESSIONS, JOINTS
from understudy.solvers.presets import LIMBS, PRESETS, load, recognise, save, shipped

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


@pytest.mark.parametrize("prefix", ["mixamorig:", "mixamorig1:", "mixamorig_", "mixamorig", ""])
def test_mixamo_prefixes(prefix):
    """Mixamo's bones are known whatever namespace they came with."""
    preset = load(PRESETS / "mixamo.toml")
    found = recognise(character([prefix + bone for bone in own_bones(preset)]))
    assert found.name == "Mixamo" and found.bones["leftUpperArm"] == f"{prefix}LeftArm"


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
    ("name = 'a'\n[parents]\nhead = 'tail'", "tail"),
])  # fmt: skip
def test_a_bad_preset_is_named(tmp_path, text, word):
    """What is wrong in a file is said with the file's name."""
    path = tmp_path / "odd.toml"
    path.write_text(text)
    with pytest.raises(PresetError, match="odd.toml") as fault:
        load(path)
    assert word in str(fault.value)


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
