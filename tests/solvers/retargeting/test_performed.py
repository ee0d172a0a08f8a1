"""What a character plays is read back as what it was made of, as far as it shows it."""

import dataclasses

import numpy as np
import pytest
from understudy.solvers.character import Character
from understudy.solvers.errors import RigError
from understudy.solvers.motion.rotations import from_vector, to_matrix
from understudy.solvers.motion.skeleton import joint_positions, world_rotations
from understudy.solvers.names import EXPRESSION, EXPRESSIONS, JOINT, JOINTS
from understudy.solvers.retargeting.acting import look_values
from understudy.solvers.retargeting.performed import read_back, shown_expressions, typical_person
from understudy.solvers.rigs.faces import shipped as faces
from understudy.solvers.rigs.faces import weights_on
from understudy.solvers.rigs.presets import RigPreset

METRE = 100.0  # the rig is modelled in centimetres
LACKING = ("chest", "upperChest", "jaw", "leftToes")


def sliders_of(kind):
    """All sliders that a kind of face tells of."""
    named = [slider for ways in kind.face.values() for way in ways for slider in way]
    return tuple(dict.fromkeys(name.split("|")[0] for name in (*named, *kind.shapes)))


def rig_of_a_person(face):
    """A character in T-pose with VRM's names, in centimetres, but for joints that it lacks."""
    bones = tuple(name for name in JOINTS if name not in LACKING)
    rest = np.tile(np.eye(4), (len(bones), 1, 1))
    rest[:, :3, :3] = to_matrix(from_vector(np.random.default_rng(3).normal(size=(len(bones), 3))))
    rest[:, :3, 3] = (typical_person()[[JOINT[name] for name in bones]] + [0, 0, 0.9]) * METRE
    character = Character(
        bones=bones, parents=np.full(len(bones), -1), rest=rest, length=np.ones(len(bones)),
        world=np.diag([1 / METRE] * 3 + [1]), metre=METRE, sliders=(), slider_max={}, properties={},
        connected=np.zeros(len(bones), bool), inherit_rotation=np.ones(len(bones), bool), name="Somebody",
    )  # fmt: skip
    return character, RigPreset("VRM", {name: name for name in bones}, face=face)


def test_a_body_is_read_back(performance):
    """Joints that the rig has are where they were posed, in metres; rotations and gaze are the performance's."""
    character, preset = rig_of_a_person({"jawOpen": {"jawOpen": 1.0}})
    rotations = performance.rotations.copy()
    rotations[:, [JOINT[name] for name in LACKING]] = [1, 0, 0, 0]
    world = world_rotations(rotations)
    places = joint_positions(rotations, performance.root, typical_person())
    poses = {}
    for bone, rest in zip(character.bones, character.rest, strict=True):
        pose = np.tile(np.eye(4), (48, 1, 1))
        pose[:, :3, :3] = to_matrix(world[:, JOINT[bone]]) @ rest[:3, :3]
        pose[:, :3, 3] = places[:, JOINT[bone]] * METRE
        poses[bone] = pose
    values = {"jawOpen": performance.expressions[:, EXPRESSION["jawOpen"]]}
    back = read_back(character, preset, 24.0, poses, values)
    lost = [JOINT[name] for name in LACKING]
    assert np.isnan(back.skeleton[lost]).all() and np.allclose(back.root, performance.root, atol=1e-6)
    filled = np.where(np.isnan(back.skeleton), typical_person(), back.skeleton)
    found = joint_positions(back.rotations, back.root, filled)
    there = [JOINT[name] for name in character.bones if "Eye" not in name]
    assert np.allclose(found[:, there], places[:, there], atol=1e-6)
    assert np.allclose(back.expressions[:, EXPRESSION["jawOpen"]], values["jawOpen"])
    assert back.time[1] == pytest.approx(1 / 24) and np.isfinite(back.gaze).all()


@pytest.mark.parametrize("kind", faces(), ids=lambda kind: kind.name)
def test_what_is_read_shows_the_same_face(kind):
    """Expressions read from any kind of face set its sliders as they were; where each has one, they are equal."""
    sliders = sliders_of(kind)
    face = weights_on(kind, sliders)
    acted = np.random.default_rng(5).uniform(0, 0.8, (6, len(EXPRESSIONS)))

    def shown(expressions):
        values = {slider: np.zeros(6) for slider in sliders}
        for name, moved in face.items():
            for slider, weight in moved.items():
                values[slider] = values[slider] + weight * expressions[:, EXPRESSION[name]]
        return {slider: np.maximum(value, 0.0) for slider, value in values.items()}  # as retargeting has it

    values = shown(acted)
    back = shown_expressions(RigPreset("", {}, face=face), values, 6)
    assert back.min() >= 0
    again = shown(back)
    assert max(np.abs(again[slider] - values[slider]).max() for slider in sliders) < 1e-6
    if all(len(moved) == 1 for moved in face.values()) and len(face) == len(sliders):
        assert np.allclose(back[:, [EXPRESSION[name] for name in face]], acted[:, [EXPRESSION[name] for name in face]])


def test_a_look_is_read_back_from_its_shapes(performance):
    """Eyes that are told by eyeLook sliders look where they looked."""
    looks = look_values(performance.gaze)
    preset = RigPreset("", {}, face={name: {name: 1.0} for name in looks})
    character, _ = rig_of_a_person({})
    back = read_back(character, preset, 24.0, {}, looks)
    assert np.allclose(back.gaze, performance.gaze) and np.isnan(back.skeleton).all()


def test_nothing_is_refused():
    """A character of which neither bones nor sliders are known has nothing to be read."""
    character, preset = rig_of_a_person({})
    with pytest.raises(RigError, match="Nothing of what Somebody plays"):
        read_back(character, dataclasses.replace(preset, bones={}), 24.0, {}, {})
