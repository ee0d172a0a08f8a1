"""Faces on bones move as people's do, whatever their size, axes and names, and no mouth opens twice."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.character import Character
from understudy.solvers.errors import PresetError
from understudy.solvers.motion.rotations import from_vector, rotate, to_matrix, to_vector
from understudy.solvers.names import EXPRESSION, EXPRESSIONS, JOINTS
from understudy.solvers.retargeting import face_bones
from understudy.solvers.retargeting.acting import strengths
from understudy.solvers.retargeting.tpose import measure
from understudy.solvers.rigs import face_places
from understudy.solvers.rigs.face_range import FaceRange
from understudy.solvers.rigs.presets import RigPreset
from understudy.solvers.settings import Settings

KINDS = sorted(face_places.BONES.glob("*.toml"))
EYE = 0.03  # m from the middle
PLACES = {  # m, from the middle of the eyes; left side
    "LipCorner": (0.024, -0.01, -0.07), "LipUpper": (0, -0.025, -0.06), "LipLower": (0, -0.022, -0.078),
    "LidUpper": (EYE, -0.012, 0.006), "LidLower": (EYE, -0.012, -0.005), "BrowInner": (0.015, -0.02, 0.02),
}  # fmt: skip
REST = {"head": (0, 0.05, -0.06), "jaw": (0, 0.05, -0.05), "leftEye": (EYE, 0, 0), "rightEye": (-EYE, 0, 0)}


def head(metre=1.0, seed=0, lids_turn=False):
    """A character with a face on bones, all rolled at random, and its preset."""
    random = np.random.default_rng(seed)
    spots = dict(REST)
    for place, (x, y, z) in PLACES.items():
        sides = (("left", 1), ("right", -1)) if place in face_places.SIDED else (("", 1),)
        for side, sign in sides:
            at_eye = lids_turn and place.startswith("Lid")
            spots[f"{side}{place}"] = (EYE * sign, 0, 0) if at_eye else (sign * x, y, z)
    names = tuple(spots)
    rest = np.tile(np.eye(4), (len(names), 1, 1))
    for row, name in enumerate(names):
        rest[row, :3, :3] = to_matrix(from_vector(random.normal(0, 1, 3)))
        rest[row, :3, 3] = (np.array(spots[name]) + [0, 0, 1.6]) * metre
    jaws = {"LipLower"}
    parents = [-1 if name == "head" else names.index("jaw") if name in jaws else 0 for name in names]
    character = Character(
        bones=names, parents=np.array(parents), rest=rest, length=np.full(len(names), 0.02), world=np.eye(4) / metre,
        metre=metre, sliders=(), slider_max={}, properties={}, connected=np.zeros(len(names), bool),
        inherit_rotation=np.ones(len(names), bool), name="Head",
    )  # fmt: skip
    joints = {name: name for name in REST}
    places = {name: (name,) for name in names if name not in REST}
    return character, RigPreset("Head", joints, places=places)


def shown(character, preset, settings=None, **expressions):
    """{bone: (3,) m how far it, or the lid that it turns, moves} for one moment of given expressions."""
    settings = settings or Settings()
    values = np.zeros((1, len(EXPRESSIONS)))
    for name, value in expressions.items():
        values[:, EXPRESSION[name]] = value
    acted = strengths(values, np.zeros((1, 2, 2)), settings, character.face)
    rig = measure(character, preset, np.random.default_rng(1).normal(size=(len(JOINTS), 3)))
    keys = face_bones.keys(acted, np.zeros((1, 2, 2)), character, rig, preset, settings)
    axes = {bone: matrix[:3, :3] for bone, matrix in zip(character.bones, character.rest, strict=True)}
    moved = {bone: axes[bone] @ keys.locations[0, k] / character.metre for k, bone in enumerate(keys.movers)}
    for k, bone in enumerate(keys.bones):
        front = np.array([0, -face_bones.EYEBALL * 2 * EYE, 0])
        moved[bone] = axes[bone] @ rotate(keys.rotations[0, k], axes[bone].T @ front) - front
    return moved


@pytest.mark.parametrize("metre", [1.0, 100.0])
def test_a_smile_lifts_the_corners_of_the_mouth(metre):
    """Outwards, back and up, the same on both sides and in any unit; a smile of one side moves that side."""
    moved = shown(*head(metre), mouthSmileLeft=1.0, mouthSmileRight=1.0)
    left, right = moved["leftLipCorner"], moved["rightLipCorner"]
    assert left[0] > 0.004 and left[1] > 0.004 and left[2] > 0.006 and np.allclose(left, right * [-1, 1, 1])
    alone = shown(*head(metre), mouthSmileLeft=1.0)
    assert np.allclose(alone["leftLipCorner"], left) and np.allclose(alone["rightLipCorner"], 0)


def test_moves_are_as_large_as_the_face():
    """On a face of twice the size everything moves twice as far."""
    character, preset = head()
    middle = np.array([0, 0, 1.6])
    large = replace(character, rest=character.rest.copy())
    large.rest[:, :3, 3] = middle + 2 * (character.rest[:, :3, 3] - middle)
    small, big = (shown(one, preset, browInnerUp=1.0, mouthPucker=1.0) for one in (character, large))
    assert all(np.allclose(2 * small[bone], big[bone]) for bone in small)


@pytest.mark.parametrize("turning", [False, True])
def test_lids_meet(turning):
    """At a full blink the upper lid has come down all the way to the lower one, whatever else the lids do meanwhile."""
    character, preset = head(lids_turn=turning)
    for others in ({}, {"eyeSquintLeft": 1.0, "eyeWideLeft": 1.0}):
        moved = shown(character, preset, eyeBlinkLeft=1.0, **others)
        way = moved["leftLidLower"] - moved["leftLidUpper"]
        gap = np.array(PLACES["LidUpper"]) - PLACES["LidLower"]
        assert np.allclose(way, gap, atol=1e-9) if not turning else 0.006 < way[2] < 0.010
        assert np.allclose(moved["rightLidUpper"], 0, atol=1e-9)


@pytest.mark.parametrize("intensity", [1.0, 2.2, 5.0])
def test_eyes_close_at_any_intensity(intensity):
    """A quiet face closes its eyes as an excited one does, and no lid is pushed through the other."""
    settings = Settings(intensity=intensity)
    calm, usual = (shown(*head(), s, eyeBlinkLeft=1.0)["leftLidUpper"] for s in (settings, None))
    assert np.allclose(calm, usual)


def test_the_jaw_opens_once():
    """Lips that hang on the jaw's bone are left to it; mouthClose shuts the jaw where no slider closes the lips."""
    character, preset = head()
    assert np.allclose(shown(character, preset, jawOpen=1.0)["LipLower"], 0)
    loose = replace(character, parents=np.where(np.array(character.parents) > 0, 0, character.parents))
    assert shown(loose, preset, jawOpen=1.0)["LipLower"][2] < -0.02
    values = np.zeros((2, len(EXPRESSIONS)))
    values[:, EXPRESSION["jawOpen"]], values[1, EXPRESSION["mouthClose"]] = 0.6, 0.6
    rig = measure(character, preset, np.random.default_rng(1).normal(size=(len(JOINTS), 3)))
    turn = to_vector(face_bones.jaw_turn(values, character, rig, replace(preset, places={})))
    assert np.degrees(turn[0, 0]) == pytest.approx(15) and np.allclose(turn[1], 0)
    closing = face_bones.jaw_turn(values, character, rig, replace(preset, face={"mouthClose": {"close": 1.0}}))
    assert np.allclose(closing[0], closing[1])


def test_a_long_jaw_opens_no_wider():
    """The lower lip goes as far as people's, however far from it the jaw's bone begins."""
    character, preset = head()
    values = np.zeros((1, len(EXPRESSIONS)))
    values[:, EXPRESSION["jawOpen"]] = 1.0
    ways = []
    for back in (0.03, 0.06):
        longer = replace(character, rest=character.rest.copy())
        longer.rest[character.bones.index("jaw"), 1, 3] += back
        rig = measure(longer, preset, np.random.default_rng(1).normal(size=(len(JOINTS), 3)))
        turn = face_bones.jaw_turn(values, longer, rig, preset)[0]
        lever = (longer.rest[longer.bones.index("LipLower")] - longer.rest[longer.bones.index("jaw")])[:3, 3]
        ways.append(np.linalg.norm(rotate(turn, lever) - lever))
    assert np.allclose(ways, np.linalg.norm(face_places.people()["jawOpen"]["LipLower"]) * 2 * EYE, rtol=0.01)


def test_what_bones_take_from_others_is_not_added():
    """A control that follows another by a constraint is moved by the rest of its way only."""
    character, preset = head()
    echoing = replace(character, echoes={"leftLipCorner": {"LipUpper": 0.5, "another": 1.0}})
    free, held = (shown(one, preset, mouthPucker=1.0) for one in (character, echoing))
    assert np.allclose(held["leftLipCorner"] + 0.5 * held["LipUpper"], free["leftLipCorner"])


def test_sliders_come_before_bones():
    """What a slider shows is not shown by bones too."""
    character, preset = head()
    smiling = replace(preset, face={"mouthSmileLeft": {"smile": 1.0}})
    assert "mouthSmileLeft" in face_bones.shown(preset) and "mouthSmileLeft" not in face_bones.shown(smiling)
    assert np.allclose(shown(character, smiling, mouthSmileLeft=1.0)["leftLipCorner"], 0)


def test_a_mouth_modelled_open_closes_and_is_not_thrown_wide():
    """Closed where the performer's is, as open as the performer's otherwise, and never wider by what it is at rest."""
    face = FaceRange({"jawOpen": 0.5, "mouthClose": 0.5}, apart=0.1, close=0.4)
    jaw = np.array([0.0, 0.1, 0.2, 1.0, 1.0])
    close = np.array([0.0, 0.0, 0.0, 0.0, 1.0])
    values = np.zeros((5, len(EXPRESSIONS)))
    values[:, EXPRESSION["jawOpen"]], values[:, EXPRESSION["mouthClose"]] = jaw, close
    acted = strengths(values, np.zeros((5, 2, 2)), Settings(), face)
    opened, shut = acted[:, EXPRESSION["jawOpen"]], acted[:, EXPRESSION["mouthClose"]]
    assert np.allclose(opened, [0, 0, 0, 0.4, 0.4]) and np.allclose(shut, [0.4, 0.2, 0, 0, 0.8])


@pytest.mark.parametrize("path", KINDS, ids=lambda path: path.stem)
def test_a_kind_is_recognised_by_its_own_names(path):
    """A character with just a kind's bones has all of its places, and no bone plays two."""
    kind = face_places.load_bones(path)
    bones = [name.split("|")[0] for names in kind.places.values() for name in names]
    found = face_places.places_of(("hips", *bones))
    assert found == {p: tuple(n.split("|")[0] for n in names) for p, names in kind.places.items()}
    assert len(set(bones)) == len(bones)


def test_chance_names_are_no_face():
    """A bone or two whose names a face's bones might have are left alone."""
    assert face_places.places_of(("hips", "Nose", "Chin")) == {}


def test_people_are_alike_on_both_sides():
    """What the left expression does to the left of the face, the right one does to the right of it."""
    table = face_places.people()
    assert set(table) == set(EXPRESSIONS) - {f"eyeLook{w}{s}" for w in ("In", "Out") for s in ("Left", "Right")}
    for one, other in (("mouthSmileLeft", "mouthSmileRight"), ("mouthLeft", "mouthRight"), ("jawLeft", "jawRight")):
        swap = lambda p: p.replace("left", "*").replace("right", "left").replace("*", "right")  # noqa: E731
        for place, move in table[one].items():
            assert np.allclose(table[other][swap(place)], move * [-1, 1, 1]), (one, place)


@pytest.mark.parametrize("text, line, word", [
    ("name = 'a'\n[places]\nChim = 'x'", 3, "Chim"), ("name = 'a'\n[places]\nChin = 3", 3, "Chin"),
    ("name = 'a'\nprefix = '('", 2, "prefix"), ("name = 'a'\n[place]\nChin = 'x'", 2, "place"),
])  # fmt: skip
def test_bad_bones_are_named(tmp_path, text, line, word):
    """What is wrong in a file is said with its name and line."""
    path = tmp_path / "odd.toml"
    path.write_text(text)
    with pytest.raises(PresetError, match=f"odd.toml, line {line},") as fault:
        face_places.load_bones(path)
    assert word in str(fault.value)


@pytest.mark.parametrize("text, line", [
    ("name = 'a'\n[jawOpen]\nChin = [0, 1]", 3), ("name = 'a'\n[jawOpen]\nChim = [0, 1, 2]", 3),
    ("name = 'a'\n[jawDrop]\nChin = [0, 1, 2]", 2),
])  # fmt: skip
def test_bad_moves_are_named(tmp_path, text, line):
    """The same for a file that says how places move."""
    path = tmp_path / "odd.toml"
    path.write_text(text)
    with pytest.raises(PresetError, match=f"odd.toml, line {line},"):
        face_places.load(path)
