"""Channels move what a preset says, as far as it says, and nothing else."""

import dataclasses
import re

import numpy as np
import pytest
from understudy.solvers.character import Character
from understudy.solvers.errors import PresetError
from understudy.solvers.motion.rotations import IDENTITY, from_vector, to_vector
from understudy.solvers.names import CONTACTS, EXPRESSION, FINGERS, JOINT, JOINTS, finger_bones
from understudy.solvers.retarget import retarget
from understudy.solvers.retargeting import channels
from understudy.solvers.retargeting.performed import typical_person
from understudy.solvers.rigs import presets
from understudy.solvers.rigs.drives import MOTION, REGION, SIDED
from understudy.solvers.settings import Settings

BONES = ("hips", "head", *(f"{side}{part}" for side in ("left", "right") for part in
         ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")), "ear.l", "ear.r", "tail")  # fmt: skip
HEADER = 'name = "Fox"\nsides = ["l", "r"]\n\n[bones]\n' + "".join(
    f'{bone} = "{bone}"\n' for bone in BONES if bone in JOINTS
)


@pytest.fixture
def still(performance):
    """Somebody who stands for 2 s with a still face and flat hands."""
    person = typical_person()
    feet = person[[JOINT["leftFoot"], JOINT["rightFoot"]], 2].mean()
    standing = np.array([0.0, 0.0, 0.08 - feet])
    return dataclasses.replace(
        performance, rotations=np.tile(IDENTITY, (48, len(JOINTS), 1)), root=np.tile(standing, (48, 1)),
        skeleton=person, expressions=np.zeros_like(performance.expressions), gaze=np.zeros((48, 2, 2)),
        contacts=np.ones((48, len(CONTACTS))),
    )  # fmt: skip


@pytest.fixture
def fox():
    """A humanoid with ears, a tail and two sliders, all bones with the armature's axes."""
    person = typical_person() + [0, 0, 0.9]
    places = [person[JOINT[bone]] if bone in JOINTS else [0.0, 0.1, 1.0] for bone in BONES]
    rest = np.tile(np.eye(4), (len(BONES), 1, 1))
    rest[:, :3, 3] = places
    parents = [-1, 0, 0, 2, 3, 0, 5, 6, 0, 8, 9, 0, 11, 12, 1, 1, 0]
    return Character(
        bones=BONES, parents=np.array(parents), rest=rest, length=np.ones(len(BONES)), world=np.diag([0.5] * 3 + [1]),
        metre=2.0, sliders=("Puff", "jawOpen"), slider_max={}, properties={}, connected=np.zeros(len(BONES), bool),
        inherit_rotation=np.ones(len(BONES), bool), name="Fox",
    )  # fmt: skip


def with_expression(performance, **values):
    """A performance whose face shows some expressions all the time."""
    expressions = performance.expressions.copy()
    for name, value in values.items():
        expressions[:, EXPRESSION[name]] = value
    return dataclasses.replace(performance, expressions=expressions)


def preset(tmp_path, text, header=HEADER):
    path = tmp_path / "fox.toml"
    path.write_text(f"{header}\n{text}", encoding="utf-8")
    return presets.load(path)


def played(fox, kind, performance, **settings):
    """(Clip, {bone: rotation vectors (N, 3) degrees}) of a performance on the fox."""
    clip = retarget(performance, fox, presets.recognise(fox, [kind]), Settings(**settings), 24.0)
    return clip, {bone: np.degrees(to_vector(clip.rotations[:, i])) for i, bone in enumerate(clip.bones)}


EARS = '[channels]\n"ear.{side}" = { turn = "x", by = { browOuterUp = 40.0 } }\n'


def test_ears_follow_the_brows(fox, still, tmp_path):
    """Each ear turns about its own axis by its own brow's weight; without the face they are left alone."""
    acting = with_expression(still, browOuterUpLeft=0.5, browOuterUpRight=0.25)
    clip, turns = played(fox, preset(tmp_path, EARS), acting)
    assert np.allclose(turns["ear.l"], [20, 0, 0], atol=1e-6) and np.allclose(turns["ear.r"], [10, 0, 0], atol=1e-6)
    clip, turns = played(fox, preset(tmp_path, EARS), acting, face=False)
    assert not {"ear.l", "ear.r"} & set(clip.bones)


def test_nothing_changes_without_channels(fox, still, tmp_path):
    """Keys of all other bones and sliders are the same with channels as without."""
    plain, _ = played(fox, preset(tmp_path, ""), with_expression(still, jawOpen=0.3))
    with_ears, _ = played(fox, preset(tmp_path, EARS), with_expression(still, jawOpen=0.3))
    assert set(with_ears.bones) - set(plain.bones) == {"ear.l", "ear.r"}
    for column, bone in enumerate(plain.bones):
        assert np.allclose(plain.rotations[:, column], with_ears.rotations[:, with_ears.bones.index(bone)])
    assert np.array_equal(plain.values, with_ears.values) and np.array_equal(plain.locations, with_ears.locations)


def test_a_tail_swings_with_the_hips_and_moves_in_metres(fox, still, tmp_path):
    """Hips 10 cm to the left turn the tail by weight times metres; moves are in armature units, within their ends."""
    text = (
        '[channels]\ntail = [{ turn = "z", by = { hipsSway = -300.0 } }, '
        '{ move = "y", start = 0.1, by = { hipsHeight = 1.0 }, min = 0.05 }]'
    )
    ankles = np.stack([still.skeleton[JOINT[f"{side}Foot"]] for side in ("left", "right")])
    assert abs(ankles[:, 0].mean()) < 1e-9
    leaning = from_vector(np.array([0.0, np.arcsin(0.1 / -ankles[:, 2].mean()), 0.0]))
    rotations = still.rotations.copy()
    for side in ("left", "right"):  # both legs lean, so that the feet are to the right of the hips
        rotations[:, JOINT[f"{side}UpperLeg"]] = leaning
    swayed = dataclasses.replace(still, rotations=rotations, root=still.root - [0, 0, 0.2])
    values = channels.channel_values(swayed, swayed.expressions, Settings())
    assert np.allclose(np.abs(values["hipsSway"]), 0.1, atol=1e-6)
    assert np.allclose(values["hipsHeight"], -0.2, atol=0.02)
    clip, turns = played(fox, preset(tmp_path, text), swayed)
    assert np.allclose(turns["tail"][:, 2], -300 * values["hipsSway"], atol=1e-6)
    assert np.allclose(clip.locations[:, clip.movers.index("tail")], [0, 0.05 * fox.metre, 0])


def test_sliders_and_bones_that_move_anyway_get_more(fox, still, tmp_path):
    """What a slider shows, and how the head is turned, is added to; a value never goes below 0 by itself."""
    text = '[channels]\nPuff = { by = { jawOpen = -1.0 } }\njawOpen = { by = { browInnerUp = 0.5 } }\n'
    text += 'head = { turn = "z", by = { browInnerUp = 10.0 } }'
    clip, turns = played(fox, preset(tmp_path, text), with_expression(still, jawOpen=0.25, browInnerUp=1.0))
    values = dict(zip(clip.sliders, clip.values.T, strict=True))
    assert np.allclose(values["Puff"], 0) and np.allclose(values["jawOpen"], 0.75)
    assert np.allclose(turns["head"], [0, 0, 10], atol=1e-6)


def test_what_comes_after_settles_where_it_should():
    """A lag delays a steady motion by that much; bounce goes beyond the goal, and both come to rest at it."""
    time = np.arange(240) / 24
    ramp = channels.followed(time.copy(), 1 / 24, 0.3, 0.0)
    assert np.allclose(ramp[120:], time[120:] - 0.3, atol=1 / 24)
    step = np.r_[np.zeros(10), np.ones(470)]
    soft, swinging = channels.followed(step, 1 / 24, 0.2, 0.0), channels.followed(step, 1 / 24, 0.2, 0.8)
    assert soft.max() <= 1 + 1e-9 and swinging.max() > 1.2
    assert abs(soft[-1] - 1) < 1e-6 and abs(swinging[-1] - 1) < 1e-3


def test_every_channel_says_what_it_is_called(still):
    """All channels of the guide are there, and each tells its own motion in its own unit and direction."""
    calm = channels.channel_values(still, still.expressions, Settings())
    assert set(calm) == set(REGION)
    rest = {name: float(np.abs(calm[name]).max()) for name in MOTION}
    assert rest.pop("leftHandOpen") == rest.pop("rightHandOpen") == 1.0
    assert rest.pop("leftFootDown") == rest.pop("rightFootDown") == 1.0 and max(rest.values()) < 0.02
    rotations = still.rotations.copy()
    rotations[:, JOINT["head"]] = from_vector(np.radians([0.0, 0.0, 30.0]))
    bends = dict(zip(finger_bones("left", "Index"), (90.0, 100.0, 70.0), strict=True))
    for finger in FINGERS[1:]:
        for bone, bend in zip(finger_bones("left", finger), bends.values(), strict=True):
            rotations[:, JOINT[bone]] = from_vector(np.radians([0.0, bend, 0.0]))
    gaze, contacts = still.gaze + np.radians([10.0, -5.0]), still.contacts * [1, 1, 0, 0]
    walking = still.root + np.outer(still.time, [0.0, -1.5, 0.0])
    busy = dataclasses.replace(still, rotations=rotations, gaze=gaze, contacts=contacts, root=walking)
    told = {name: value.mean() for name, value in channels.channel_values(busy, busy.expressions, Settings()).items()}
    expected = {"headYaw": 30, "headPitch": 0, "gazeYaw": 10, "gazePitch": -5, "leftHandOpen": 0, "rightHandOpen": 1,
                "leftFootDown": 1, "rightFootDown": 0, "hipsSpeed": 1.5}  # fmt: skip
    for name, value in expected.items():
        assert told[name] == pytest.approx(value, abs=1e-6), name


@pytest.mark.parametrize("text, words", [
    ("ear = 3", "no table"), ("ear = { turn = 'w', by = { jawOpen = 1 } }", "single axis"),
    ("ear = { turn = 'x', move = 'x', by = { jawOpen = 1 } }", "single axis"), ("ear = { turn = 'x' }", "no weights"),
    ("ear = { turn = 'x', by = { jawOpen = 'a * b' } }", "no weights"),
    ("ear = { turn = 'x', by = { wagging = 1.0 } }", "wagging"), ("ear = { spin = 1, by = { jawOpen = 1 } }", "spin"),
    ("ear = { turn = 'x', by = { jawOpen = 1 }, lag = -1 }", "lag = -1"),
    ("ear = [{ turn = 'x', by = { jawOpen = 1 } }, { turn = 'x', by = { jawOpen = 1 }, bounce = 2 }]", "bounce = 2"),
])  # fmt: skip
def test_faults_name_file_line_and_remedy(tmp_path, text, words):
    """A broken entry is refused with the file, the line it stands in, and what would be right."""
    line = len(HEADER.splitlines()) + 3
    with pytest.raises(PresetError, match=f"fox.toml, line {line}, .*{re.escape(words)}.*: ") as fault:
        preset(tmp_path, f"[channels]\n{text}")
    assert "\n" not in str(fault.value)


def test_channels_outlive_saving(fox, still, tmp_path):
    """A preset that is recognised, saved and read again drives the same."""
    first = presets.recognise(fox, [preset(tmp_path, EARS)])
    presets.save(first, tmp_path / "kept.toml")
    assert presets.load(tmp_path / "kept.toml").channels == first.channels and set(first.channels) == {"ear.l", "ear.r"}


def guide():
    """The example of presets/README.md, and the channels that it lists."""
    text = (presets.PRESETS.parent / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(\[channels\].*?)```", text, re.S)
    listed = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", text.partition("| channel |")[2], re.M))))
    return example, listed


def test_the_guide_lists_all_channels():
    """No channel but ARKit's is missing in presets/README.md, and none is told of that there is not."""
    _, listed = guide()
    assert set(MOTION) | {"handOpen", "footDown"} <= listed <= set(REGION) | set(SIDED)
