"""Faces of every kind are driven by the right sliders, each once, and a bad face preset is named with its line."""

import json
import re

import numpy as np
import pytest
from understudy.solvers.errors import PresetError
from understudy.solvers.names import EXPRESSIONS
from understudy.solvers.rigs import faces

FILES = sorted(faces.FACES.glob("*.toml"))
VISEMES = "sil PP FF TH DD kk CH SS nn RR aa E I O U".split()
ALONE = ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight")


def own_sliders(preset) -> list[str]:
    """The sliders of a kind of face just as its preset spells them first, split as far as it knows them split."""
    spelt = [slider for ways in preset.face.values() for slider in max(ways, key=len)] + list(preset.shapes)
    return list(dict.fromkeys(slider.split("|")[0] for slider in spelt))


def moved(face, expressions) -> dict[str, float]:
    """{slider: value} of expressions {name: value}, as retargeting makes them."""
    values: dict[str, float] = {}
    for expression, value in expressions.items():
        for slider, weight in face.get(expression, {}).items():
            values[slider] = values.get(slider, 0.0) + weight * value
    return {slider: max(value, 0.0) for slider, value in values.items()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_face_is_recognised_as_its_own_kind(path):
    """A character with just a preset's sliders is of that kind; jaw and lids move, by ARKit's expressions alone."""
    preset = faces.load(path)
    kinds, face = faces.face_of(tuple(own_sliders(preset)))
    assert preset.name in kinds.split(" and ")
    assert set(face) <= set(EXPRESSIONS) and "jawOpen" in face
    assert {"eyeBlinkLeft", "eyeBlinkRight"} <= set(face) or preset.name == "Oculus Visemes"
    assert {slider for weights in face.values() for slider in weights} == set(own_sliders(preset))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_weights_are_sound(path):
    """No expression drives a slider past its end, and what takes away from a shape has something to take from."""
    preset = faces.load(path)
    for weights in preset.shapes.values():
        assert max(weights.values()) > 0 and all(-1 <= weight <= 1 for weight in weights.values())
    for ways in preset.face.values():
        assert all(0 < weight <= 1 for way in ways for weight in way.values())


def test_names_are_unique():
    """No two files call their face the same, and all tell where their names are from."""
    names = [preset.name for preset in faces.shipped()]
    assert len(names) == len(set(names)) and all(preset.source for preset in faces.shipped())


@pytest.mark.parametrize("spelling", ["viseme_{}", "vrc.v_{}", "AA_VI_{}"])
def test_visemes_stand_in_for_the_mouth(spelling):
    """Of visemes alone, an open jaw is aa, round lips are O and pursed ones U; closed lips take aa back."""
    order = {name: f"{number:02d}_{name}" for number, name in enumerate(VISEMES)}
    vrchat = {"I": "ih", "O": "oh", "U": "ou"}
    name = {"viseme_{}": str, "vrc.v_{}": lambda v: vrchat.get(v, v.lower()), "AA_VI_{}": order.get}[spelling]
    sliders = {viseme: spelling.format(name(viseme)) for viseme in VISEMES}
    _, face = faces.face_of(tuple(sliders.values()))
    assert moved(face, {"jawOpen": 1.0})[sliders["aa"]] == 1.0
    assert moved(face, {"jawOpen": 0.5, "mouthClose": 0.5})[sliders["aa"]] == 0.0
    round_lips = moved(face, {"jawOpen": 0.5, "mouthFunnel": 1.0})
    assert round_lips[sliders["O"]] > 0.8 and round_lips[sliders["aa"]] == 0.0
    assert moved(face, {"mouthPucker": 1.0})[sliders["U"]] > 0.8


def test_visemes_beside_arkits_shapes_are_left_alone():
    """A face with all of ARKit's shapes moves nothing else, so that no mouth opens twice."""
    kinds, face = faces.face_of((*EXPRESSIONS, *(f"viseme_{name}" for name in VISEMES), "A", "I", "U", "E", "O"))
    assert kinds == "ARKit" and face == {e: {e: 1.0} for e in EXPRESSIONS}


def test_what_one_kind_lacks_is_taken_from_another():
    """Visemes with ARKit's lids: the mouth is moved by the former, the eyes by the latter."""
    kinds, face = faces.face_of((*(f"viseme_{name}" for name in VISEMES), "eyeBlinkLeft", "eyeBlinkRight"))
    assert kinds == "Oculus Visemes and ARKit"
    assert face["eyeBlinkLeft"] == {"eyeBlinkLeft": 1.0} and face["jawOpen"] == {"viseme_aa": 1.0}


@pytest.mark.parametrize("sliders, blink", [
    (("A", "I", "U", "E", "O", "Blink", "Blink_L", "Blink_R"), {"Blink_L": 1.0}),
    (("A", "I", "U", "E", "O", "Blink"), {"Blink": 0.5}),
    (("aa", "ih", "ou", "ee", "oh", "blink", "blinkLeft", "blinkRight"), {"blinkLeft": 1.0}),
    (("aa", "ih", "ou", "ee", "oh", "blink"), {"blink": 0.5}),
])  # fmt: skip
def test_lids_together_where_there_is_no_other_way(sliders, blink):
    """VRM's one blink for both eyes is moved only where there are none for each, half by either eye."""
    assert faces.face_of(sliders)[1]["eyeBlinkLeft"] == blink


@pytest.mark.parametrize("spelling", [
    "facs_bs_{}_div2", "facs_bs_{}", "Genesis8_1Female__facs_bs_{}_div2", "Genesis9__facs_bs_{}",
])  # fmt: skip
def test_daz_spellings(spelling):
    """Daz's shapes are known with the figure's name before them and the generation's ending after them."""
    expressions = [e for e in EXPRESSIONS if not e.startswith(("eyeWide", "tongue"))]
    sliders = {e: spelling.format(e[0].upper() + e[1:]) for e in expressions}
    assert faces.face_of(tuple(sliders.values()))[1] == {e: {sliders[e]: 1.0} for e in expressions}


def test_lips_in_four_parts_move_together():
    """Genesis 9's quarters of the lips are one expression."""
    parts = [f"facs_bs_MouthPurse{half}{side}" for half in ("Upper", "Lower") for side in ("Left", "Right")]
    _, face = faces.face_of((*parts, "facs_bs_JawOpen"))
    assert face["mouthPucker"] == dict.fromkeys(parts, 1.0)


@pytest.mark.parametrize("spelt", [
    lambda name: f"A01_{name[0].upper()}{name[1:]}", lambda name: name.replace("Left", "_L").replace("Right", "_R"),
    lambda name: name.replace("Left", ".L").replace("Right", ".R"), lambda name: f"head.{name}", str.lower,
    lambda name: re.sub("(?<=[a-z])(?=[A-Z])", "_", f"A07_{name[0].upper()}{name[1:]}"),
    lambda name: re.sub("(?<=[a-z])(?=[A-Z])", " ", name).title(),
])  # fmt: skip
def test_arkits_names_however_spelt(spelt):
    """All 52 are found under the spellings of phones, Character Creator, Ready Player Me and Blender's sides."""
    assert faces.face_of(tuple(map(spelt, EXPRESSIONS)))[1] == {e: {spelt(e): 1.0} for e in EXPRESSIONS}


def test_a_character_that_says_itself_what_its_expressions_are():
    """VRM's expressions are made of morphs of any names; a morph that two use is moved by both, absent ones by none."""
    words = json.dumps({"aa": {"m1": 1.0}, "oh": {"m1": 0.5, "m2": 0.8}, "blinkLeft": {"lid": 1.0}, "ih": {"gone": 1.0},
                        "blinkRight": {"lid2": 1.0}})  # fmt: skip
    face = faces.stated_face(words, ("m1", "m2", "lid", "lid2"))
    assert face["jawOpen"] == {"m1": 1.0} and face["eyeBlinkLeft"] == {"lid": 1.0}
    assert face["mouthFunnel"]["m2"] == pytest.approx(0.72) and face["mouthFunnel"]["m1"] == pytest.approx(0.45 - 0.6)
    assert faces.stated_face("no JSON", ("m1",)) == {} == faces.stated_face("[1]", ("m1",))


def test_a_few_chance_names_are_no_face():
    """Keys that are called A or happy by chance, without others of their kind, are left alone."""
    assert faces.face_of(("A", "Fat", "happy")) == ("", {})


def test_no_name_is_no_trouble():
    """Without sliders, or with names of signs only, there is no face."""
    assert faces.face_of(()) == ("", {}) and faces.face_of(("--", " ", "口")) == ("", {})


def test_every_mesh_of_a_face_moves():
    """Body, lashes and teeth may carry the same shape under different prefixes."""
    sliders = [f"{mesh}__facs_bs_{name}" for mesh in ("Genesis9", "Genesis9Eyelashes") for name in
               ("JawOpen", "EyeBlinkLeft", "EyeBlinkRight")]  # fmt: skip
    face = faces.face_of(tuple(sliders))[1]
    assert all(len(face[expression]) == 2 and np.all(list(face[expression].values())) for expression in ALONE)


@pytest.mark.parametrize("line, text, word", [
    (2, "name = 'a'\n[smile]\na = 1", "smile"), (3, "name = 'a'\n[face]\nsmirk = {a = 1.0}", "smirk"),
    (3, "name = 'a'\n[face]\njawOpen = 3.0", "jawOpen"), (3, "name = 'a'\n[face]\njawOpen = {a = 'b'}", "jawOpen"),
    (3, "name = 'a'\n[shapes]\n\"aa\" = {ah = 1.0}", "ah"), (3, "name = 'a'\n[shapes]\n'aa' = 1.0", "aa"),
    (2, "name = 'a'\nsuffix = '('", "suffix"), (2, "name = 'a'\n = 3", "cannot be read"),
])  # fmt: skip
def test_a_bad_face_is_named(tmp_path, line, text, word):
    """What is wrong in a file is said with the file's name, the line and what would be right."""
    path = tmp_path / "odd.toml"
    path.write_text(text)
    with pytest.raises(PresetError, match=f"odd.toml, line {line}, ") as fault:
        faces.load(path)
    assert word in str(fault.value) and str(fault.value).partition(": ")[2]
