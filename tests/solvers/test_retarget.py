"""Whatever the rig's rest pose, axes, rolls and size, the character does what the performer did."""

import json
from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.character import Character
from understudy.solvers.clip import Clip
from understudy.solvers.motion.rotations import (
    IDENTITY,
    angle_between,
    from_axis_angle,
    from_vector,
    inverse,
    multiply,
    to_matrix,
)
from understudy.solvers.motion.skeleton import joint_positions
from understudy.solvers.names import EXPRESSION, EXPRESSIONS, FINGERS, JOINT, JOINTS, PARENTS, finger_bones
from understudy.solvers.performance import Performance
from understudy.solvers.puppet import tracing
from understudy.solvers.puppet.puppet import PUPPET
from understudy.solvers.retarget import additive, retarget
from understudy.solvers.retargeting.tpose import LIMBS
from understudy.solvers.rigs.presets import RigPreset
from understudy.solvers.settings import Settings

X, Y, Z = np.eye(3)
SIDES = (("left", 1.0), ("right", -1.0))


def t_pose() -> np.ndarray:
    """(J, 3) m: a performer in T-pose, hips at the origin, ankles 0.93 m below them."""
    place = {"hips": (0, 0, 0), "spine": (0, 0, 0.1), "chest": (0, 0, 0.22), "upperChest": (0, 0, 0.33)}
    place |= {"neck": (0, 0.02, 0.5), "head": (0, 0, 0.6), "jaw": (0, -0.03, 0.64)}
    for side, x in SIDES:
        place |= {f"{side}Eye": (0.03 * x, -0.08, 0.68), f"{side}Shoulder": (0.03 * x, 0, 0.45)}
        place |= {f"{side}UpperArm": (0.17 * x, 0, 0.45), f"{side}LowerArm": (0.45 * x, 0, 0.45)}
        place |= {f"{side}Hand": (0.7 * x, 0, 0.45), f"{side}UpperLeg": (0.09 * x, 0, -0.05)}
        place |= {f"{side}LowerLeg": (0.09 * x, 0, -0.5), f"{side}Foot": (0.09 * x, 0, -0.93)}
        place |= {f"{side}Toes": (0.09 * x, -0.13, -0.99)}
        for finger, y in zip(FINGERS, (-0.05, -0.03, -0.01, 0.01, 0.03), strict=True):
            reach = (0.02, 0.05, 0.08) if finger == "Thumb" else (0.09, 0.13, 0.155)
            for bone, along in zip(finger_bones(side, finger), reach, strict=True):
                place[bone] = ((0.7 + along) * x, y - (along if finger == "Thumb" else 0), 0.45)
    return np.array([place[name] for name in JOINTS], float)


ANKLE = 0.08


def performance(samples: int = 30, motion: bool = True, seed: int = 3) -> Performance:
    """Smooth random turns of every joint, or a T-pose that stands on its feet."""
    random = np.random.default_rng(seed)
    time = np.arange(samples) / 30.0
    rotations = np.tile(IDENTITY, (samples, len(JOINTS), 1))
    if motion:
        swing = random.normal(0, 0.5, (len(JOINTS), 3))
        phase = random.uniform(0, 6, (len(JOINTS), 3))
        rotations = from_vector(swing * np.sin(2 * time[:, None, None] + phase))
    root = np.tile([0.0, 0.0, 0.93 + ANKLE], (samples, 1))
    return Performance(
        time=time + 2.0, rotations=rotations, root=root, skeleton=t_pose(), expressions=np.zeros((samples, 52)),
        gaze=np.zeros((samples, 2, 2)), contacts=np.zeros((samples, 4)), confidence=np.ones((samples, len(JOINTS))),
        face_confidence=np.ones(samples), projection=np.zeros((3, 4)), size=(720, 1280), framing="full",
    )  # fmt: skip


def squat(samples: int = 45) -> Performance:
    """Both feet stand flat while the hips go down and up again."""
    shown = performance(samples, motion=False)
    depth = np.radians(55) * np.sin(np.linspace(0, np.pi, samples)) ** 2
    for side, _ in SIDES:
        for part, share in (("UpperLeg", -1.0), ("LowerLeg", 2.0), ("Foot", -1.0)):
            shown.rotations[:, JOINT[f"{side}{part}"]] = from_axis_angle(np.tile(X, (samples, 1)), share * depth)
    ankles = joint_positions(shown.rotations, shown.root, shown.skeleton)[:, JOINT["leftFoot"]]
    shown.root[:] += np.array([0.09, 0.0, ANKLE]) - ankles
    return replace(shown, contacts=np.ones((samples, 4)))


def character(
    bend: float = 0.0, rolls: bool = False, scale: float = 1.0, axes: np.ndarray | None = None,
    shape: dict | None = None, lacks: tuple[str, ...] = (), hang: dict | None = None, sliders: tuple[str, ...] = (),
) -> tuple[Character, RigPreset]:
    """A rig with a bone for every joint but those it lacks.

    bend: rad by which its arms hang at rest. rolls: bones get random axes. scale: armature units per metre.
    axes: (3, 3) columns: left, back and up in armature space. shape: {part of a joint's name: factor of its bone}.
    hang: {joint: the joint its bone is a child of}.
    """  # fmt: skip
    random = np.random.default_rng(5)
    axes = np.eye(3) if axes is None else axes
    skeleton = t_pose()
    rest = np.tile(IDENTITY, (1, len(JOINTS), 1))
    for side, x in SIDES:
        rest[:, JOINT[f"{side}UpperArm"]] = from_axis_angle(Y, bend * x)
        rest[:, JOINT[f"{side}LowerArm"]] = from_axis_angle(Z, -bend / 2 * x)
        for finger in FINGERS[1:]:
            for bone in finger_bones(side, finger):
                rest[:, JOINT[bone]] = from_axis_angle(Y, bend / 3 * x)
    for name, factor in (shape or {}).items():
        for joint in [joint for joint in JOINTS if joint.endswith(name)]:
            offset = (factor - 1) * (t_pose()[JOINT[joint]] - t_pose()[JOINT[PARENTS[joint]]])
            below = [j for j in JOINTS if _is_below(j, joint)]
            skeleton[[JOINT[j] for j in below]] += offset
    low = skeleton[JOINT["leftFoot"], 2]
    places = joint_positions(rest, np.array([[0, 0, ANKLE - low]]), skeleton)[0] @ axes.T * scale
    names = [name for name in JOINTS if name not in lacks]
    parents = [(hang or {}).get(name, _present(PARENTS[name], names)) for name in names]
    matrices = np.tile(np.eye(4), (len(names), 1, 1))
    for row, name in enumerate(names):
        matrices[row, :3, 3] = places[JOINT[name]]
        turn = random.normal(size=4) if rolls else IDENTITY
        matrices[row, :3, :3] = to_matrix(turn / np.linalg.norm(turn))
    world = np.eye(4)
    world[:3, :3] = np.linalg.inv(axes) / scale
    count = len(names)
    rig = Character(
        bones=tuple(f"bone {name}" for name in names), rest=matrices, length=np.full(count, 0.1 * scale),
        parents=np.array([names.index(parent) if parent else -1 for parent in parents]), world=world, metre=scale,
        sliders=sliders, slider_max={s: 1.0 for s in sliders}, properties={}, name="Rig",
        connected=np.zeros(count, bool), inherit_rotation=np.ones(count, bool),
    )  # fmt: skip
    missing = tuple(lacks) + tuple(e for e in EXPRESSIONS if e not in sliders)
    face = {e: {e: 1.0} for e in sliders}
    return rig, RigPreset("test", {name: f"bone {name}" for name in names}, face=face, missing=missing)


def _is_below(joint, top):
    while joint is not None and joint != top:
        joint = PARENTS[joint]
    return joint == top


def _present(name, names):
    while name is not None and name not in names:
        name = PARENTS[name]
    return name


def pose(rig: Character, clip) -> dict[str, np.ndarray]:
    """{bone: (N, 4, 4) in armature space}, as Blender makes it of rest pose, parents and keys."""
    matrices, count = {}, len(clip.frames)
    for row, bone in enumerate(rig.bones):
        basis = np.tile(np.eye(4), (count, 1, 1))
        if bone in clip.bones:
            basis[:, :3, :3] = to_matrix(clip.rotations[:, clip.bones.index(bone)])
        if bone in clip.movers:
            basis[:, :3, 3] = clip.locations[:, clip.movers.index(bone)]
        parent = rig.parents[row]
        if parent < 0:
            matrices[bone] = rig.rest[row] @ basis
        else:
            between = np.linalg.inv(rig.rest[parent]) @ rig.rest[row]
            matrices[bone] = matrices[rig.bones[parent]] @ between @ basis
    return matrices


def places(rig: Character, clip, axes=None) -> dict[str, np.ndarray]:
    """{joint: (N, 3)} in the character's axes, metres."""
    axes = np.eye(3) if axes is None else axes
    return {bone[5:]: m[:, :3, 3] @ axes / rig.metre for bone, m in pose(rig, clip).items()}


def worst_direction(shown, rig, clip, axes=None, skip=()) -> float:
    """The largest angle, in degrees, between a limb bone of the character and of the performer."""
    theirs = joint_positions(shown.rotations, shown.root, shown.skeleton)
    ours, worst = places(rig, clip, axes), 0.0
    for limb in LIMBS:
        chain = [joint for joint in limb if joint in ours]
        for a, b in zip(chain, chain[1:], strict=False):
            u, v = ours[b] - ours[a], theirs[:, JOINT[b]] - theirs[:, JOINT[a]]
            cosine = (u * v).sum(-1) / np.linalg.norm(u, axis=-1) / np.linalg.norm(v, axis=-1)
            if not any(part in a for part in skip):
                worst = max(worst, float(np.degrees(np.arccos(np.clip(cosine, -1, 1)).max())))
    return worst


TURNED = np.stack([Y, -X, Z], 1)  # a character that faces along x
LYING = np.stack([X, -Z, Y], 1)  # y up, as many files have it
RIGS = {
    "T-pose": {},
    "A-pose": {"bend": 0.8},
    "random rolls": {"bend": 0.8, "rolls": True},
    "centimetres": {"bend": 0.4, "rolls": True, "scale": 100.0},
    "hundredth": {"scale": 0.01, "rolls": True},
    "turned": {"axes": TURNED, "bend": 0.5, "rolls": True},
    "y up": {"axes": LYING, "bend": 0.5, "rolls": True, "scale": 0.01},
    "other proportions": {"shape": {"LowerArm": 1.4, "LowerLeg": 0.7, "Shoulder": 1.3}, "bend": 0.6},
    "no clavicles, no chest": {"lacks": ("leftShoulder", "rightShoulder", "chest", "upperChest", "neck"), "bend": 0.6},
    "two-bone fingers": {"lacks": tuple(f"{s}{f}Distal" for s, _ in SIDES for f in FINGERS), "bend": 0.6},
    "no fingers": {"lacks": tuple(b for s, _ in SIDES for f in FINGERS for b in finger_bones(s, f)), "bend": 0.6},
    "legs on the spine": {"hang": {"leftUpperLeg": "spine", "rightUpperLeg": "spine", "leftShoulder": "neck"}},
    "feet on the root": {"hang": {"leftFoot": None, "rightFoot": None}, "rolls": True},
}


@pytest.mark.parametrize("kind", RIGS)
def test_limbs_point_where_the_performers_do(kind):
    """Arms, legs and fingers have the performer's directions on every rig, to a tenth of a degree."""
    rig, preset = character(**RIGS[kind])
    shown = performance()
    clip = retarget(shown, rig, preset, Settings(foot_lock=0.0), 30.0)
    # A last bone that does the work of two points where the second does.
    skip = ("Intermediate", "ThumbProximal") if kind == "two-bone fingers" else ()
    assert worst_direction(shown, rig, clip, RIGS[kind].get("axes"), skip) < 0.1


@pytest.mark.parametrize("kind", ["T-pose", "other proportions", "centimetres", "y up", "feet on the root"])
def test_planted_feet_neither_slide_nor_sink(kind):
    """While the performer's feet stand, the character's stay within a millimetre, and at their height."""
    rig, preset = character(**RIGS[kind])
    clip = retarget(squat(), rig, preset, Settings(), 30.0)
    ours = places(rig, clip, RIGS[kind].get("axes"))
    for side, _ in SIDES:
        foot = ours[f"{side}Foot"]
        assert np.ptp(foot, axis=0).max() < 1e-3
        assert np.abs(foot[:, 2] - ANKLE).max() < 1e-3


def test_legs_of_other_proportions_need_the_correction():
    """Without the lock the same feet do not stay: the lock is what holds them."""
    rig, preset = character(**RIGS["other proportions"])
    clip = retarget(squat(), rig, preset, Settings(foot_lock=0.0), 30.0)
    assert np.ptp(places(rig, clip)["leftFoot"], axis=0).max() > 0.02


def test_the_knee_bends_to_the_front():
    """A planted squat keeps the knees before the line from hip to ankle."""
    rig, preset = character(shape={"LowerLeg": 0.7})
    ours = places(rig, retarget(squat(), rig, preset, Settings(), 30.0))
    middle = (ours["leftUpperLeg"] + ours["leftFoot"]) / 2
    assert (ours["leftLowerLeg"][15:30, 1] < middle[15:30, 1] - 0.05).all()


def test_the_path_is_scaled_by_the_legs():
    """A metre walked becomes a metre in lengths of the character's legs, in its own direction."""
    rig, preset = character(axes=TURNED, scale=100.0, shape={"LowerLeg": 0.5, "Foot": 0.5})
    shown = performance(motion=False)
    shown.root[:, 1] -= np.linspace(0, 1, len(shown.time))
    clip = retarget(shown, rig, preset, Settings(), 30.0)
    moved = pose(rig, clip)["bone hips"][-1, :3, 3] - pose(rig, clip)["bone hips"][0, :3, 3]
    assert np.allclose(moved, TURNED @ [0, -50, 0], atol=1e-6)


def test_two_in_one_room_stand_apart_as_they_did():
    """A performance with a spot of the room as its origin is placed by it; without one, it begins where it stands."""
    rig, preset = character()
    shown = performance(motion=False)
    alone = places(rig, retarget(shown, rig, preset, Settings(), 30.0))["hips"]
    beside = replace(shown, root=shown.root + [0.8, 0.3, 0.0])
    assert np.allclose(places(rig, retarget(beside, rig, preset, Settings(), 30.0))["hips"], alone, atol=1e-6)
    apart = replace(beside, origin=(float(shown.root[0, 0]), float(shown.root[0, 1])))
    moved = places(rig, retarget(apart, rig, preset, Settings(), 30.0))["hips"] - alone
    assert np.allclose(moved / np.linalg.norm(moved[0]), moved[0] / np.linalg.norm(moved[0]), atol=1e-6)
    assert np.isclose(moved[0, 0] / moved[0, 1], 0.8 / 0.3, rtol=1e-3) and np.linalg.norm(moved[0]) > 0.5


def test_no_path_no_walk():
    """With the path switched off the character squats, but stays where it is."""
    rig, preset = character()
    shown = squat()
    shown.root[:, 0] += np.linspace(0, 2, len(shown.time))
    shown = replace(shown, contacts=np.zeros((45, 4)))
    hips = places(rig, retarget(shown, rig, preset, Settings(path=False), 30.0))["hips"]
    assert np.ptp(hips[:, :2], axis=0).max() < 0.01 < 0.1 < np.ptp(hips[:, 2])


@pytest.mark.parametrize("fps", [24.0, 30.0, 59.94, 12.0])
def test_true_speed_at_any_rate(fps):
    """A peak at a time of the performance is at that time in the scene, within half a frame."""
    rig, preset = character(sliders=("jawOpen",))
    shown = performance(61, motion=False)
    shown.expressions[:, EXPRESSION["jawOpen"]] = np.exp(-(((shown.time - 3.0) / 0.1) ** 2))
    clip = retarget(shown, rig, preset, Settings(), fps, frame_start=10)
    peak = (clip.frames[np.argmax(clip.values[:, 0])] - 10) / fps
    assert abs(peak - 1.0) <= 0.5 / fps + 1e-9
    assert abs((clip.frames[-1] - 10) / fps - 2.0) < 1 / fps


def test_every_sample_may_be_kept():
    """Keys at every sample fall between frames and hold the performance as it is."""
    rig, preset = character()
    shown = performance()
    clip = retarget(shown, rig, preset, Settings(foot_lock=0.0), 24.0, every="sample")
    assert np.allclose(clip.frames, 1 + np.arange(30) * 24 / 30)
    assert worst_direction(shown, rig, clip) < 0.1


@pytest.mark.parametrize("region, bone", [
    ("body", "leftUpperArm"), ("head", "head"), ("left_hand", "leftIndexProximal"), ("right_hand", "rightThumbDistal"),
])  # fmt: skip
def test_a_region_switched_off_gets_no_keys(region, bone):
    """What is switched off is left alone, and what is not still moves as before relative to it."""
    rig, preset = character(bend=0.8)
    shown = performance()
    clip = retarget(shown, rig, preset, Settings(foot_lock=0.0, **{region: False}), 30.0)
    whole = retarget(shown, rig, preset, Settings(foot_lock=0.0), 30.0)
    assert f"bone {bone}" not in clip.bones and f"bone {bone}" in whole.bones
    for name in clip.bones:
        ours, all_of_it = (c.rotations[:, c.bones.index(name)] for c in (clip, whole))
        assert np.allclose(ours, all_of_it, atol=1e-9)


def test_face_switches():
    """Without the face there are only eyes among the sliders, and without gaze only the face."""
    rig, preset = character(sliders=EXPRESSIONS)
    shown = performance()
    eyes = retarget(shown, rig, preset, Settings(face=False), 30.0).sliders
    face = retarget(shown, rig, preset, Settings(gaze=False), 30.0).sliders
    assert len(eyes) == 8 and all(name.startswith("eyeLook") for name in eyes)
    assert set(eyes) | set(face) == set(EXPRESSIONS) and not set(eyes) & set(face)


def test_gaze_is_shown_once():
    """Eyes turn by sliders where there are any, else by bones: to the left and up, by the angle performed."""
    shown = performance(motion=False)
    shown.gaze[:] = [0.3, 0.2]
    rig, preset = character(sliders=EXPRESSIONS, rolls=True)
    clip = retarget(shown, rig, preset, Settings(), 30.0)
    value = {name: clip.values[0, clip.sliders.index(name)] for name in clip.sliders}
    assert value["eyeLookOutLeft"] == value["eyeLookInRight"] > 0 == value["eyeLookInLeft"]
    assert value["eyeLookUpLeft"] > 0 == value["eyeLookDownLeft"]
    assert not any("Eye" in bone for bone in clip.bones)
    rig, preset = character(rolls=True)
    eye = pose(rig, retarget(shown, rig, preset, Settings(), 30.0))["bone leftEye"][0, :3, :3]
    look = eye @ np.linalg.inv(rig.rest[rig.bones.index("bone leftEye"), :3, :3]) @ [0, -1, 0]
    assert np.allclose(look, [np.sin(0.3) * np.cos(0.2), -np.cos(0.3) * np.cos(0.2), np.sin(0.2)])


def test_the_jaw_opens_once():
    """A jaw bone goes down where there is no slider for it, and rests where there is one."""
    shown = performance(motion=False)
    shown.expressions[:, EXPRESSION["jawOpen"]] = 1.0
    rig, preset = character()
    jaw = pose(rig, retarget(shown, rig, preset, Settings(), 30.0))["bone jaw"][0, :3, :3]
    assert (jaw @ [0, -1, 0])[2] < -0.3
    rig, preset = character(sliders=("jawOpen",))
    assert "bone jaw" not in retarget(shown, rig, preset, Settings(), 30.0).bones


def test_intensity_three_is_as_performed():
    """Expressions grow with the intensity, less beyond 1, blinks not beyond shut lids; the gaze does not change."""
    rig, preset = character(sliders=EXPRESSIONS)
    shown = performance(motion=False)
    shown.expressions[:] = 0.9
    shown.gaze[:, :, 0] = 0.2
    values = {}
    for intensity in (1.0, 3.0, 5.0):
        clip = retarget(shown, rig, preset, Settings(intensity=intensity), 30.0)
        values[intensity] = dict(zip(clip.sliders, clip.values[0], strict=True))
    assert values[3.0]["mouthSmileLeft"] == pytest.approx(0.9)
    assert 1.2 < values[5.0]["mouthSmileLeft"] < 1.35 and values[1.0]["mouthSmileLeft"] == pytest.approx(0.3)
    assert values[5.0]["eyeBlinkLeft"] == 1.0
    assert values[1.0]["eyeLookOutLeft"] == values[5.0]["eyeLookOutLeft"] > 0


def test_pictures_show_what_was_traced():
    """A picture's sliders follow the traced weights, gentler ones where there are none; a rig's what was performed."""
    rig, preset = character(sliders=EXPRESSIONS)
    picture = replace(rig, tags={PUPPET: json.dumps({"cut": True})})
    shown = performance(motion=False)
    shown.expressions[:] = 0.5
    traced = replace(shown, traced=np.full_like(shown.expressions, 0.25))

    def pucker(character, played):
        clip = retarget(played, character, preset, Settings(), 30.0)
        return clip.values[0, clip.sliders.index("mouthPucker")]

    assert np.isclose(pucker(rig, traced), 0.5) and np.isclose(pucker(picture, traced), 0.25)
    assert np.isclose(pucker(picture, shown), 0.5 * tracing.STRENGTH["mouthPucker"])
    pouting = replace(rig, tags={PUPPET: json.dumps({"cut": True, "shows": {"mouthPucker": 0.4}})})
    assert np.isclose(pucker(pouting, traced), 0.25 - 0.4)


def test_controls_that_keep_their_direction():
    """Bones that nothing turns, as Rigify's limbs under their switches, get their whole rotation themselves."""
    rig, preset = character(bend=0.8, rolls=True)
    preset = replace(preset, controls=True, parents={"leftUpperArm": "", "head": ""})
    shown = performance()
    clip = retarget(shown, rig, preset, Settings(foot_lock=0.0), 30.0)
    plain = retarget(shown, rig, replace(preset, parents={}), Settings(foot_lock=0.0), 30.0)
    row = rig.bones.index("bone leftUpperArm")
    posed = pose(rig, plain)["bone leftUpperArm"][:, :3, :3]
    alone = rig.rest[row, :3, :3] @ to_matrix(clip.rotations[:, clip.bones.index("bone leftUpperArm")])
    assert np.allclose(posed, alone)


def test_quaternions_never_jump():
    """Neighbouring keys have quaternions of the same sign."""
    rig, preset = character(bend=0.8, rolls=True)
    shown = performance(120)
    turn = from_axis_angle(np.tile(Z, (120, 1)), np.linspace(0, 4 * np.pi, 120))
    shown.rotations[:, 0] = multiply(turn, shown.rotations[:, 0])
    q = retarget(shown, rig, preset, Settings(), 30.0).rotations
    assert ((q[1:] * q[:-1]).sum(-1) > 0).all()


def test_missing_values_rest():
    """Gaps that a performance still has become rest, never NaN keys."""
    rig, preset = character(sliders=EXPRESSIONS)
    shown = performance()
    shown.rotations[5:9, 3], shown.expressions[4:6], shown.gaze[2] = np.nan, np.nan, np.nan
    clip = retarget(shown, rig, preset, Settings(), 30.0)
    assert np.isfinite(clip.rotations).all() and np.isfinite(clip.values).all() and np.isfinite(clip.locations).all()


def test_what_the_rig_lacks_is_told():
    """A clip names the joints and expressions that the rig has nothing for, but not what it shows another way."""
    rig, preset = character(lacks=("leftEye", "rightEye", "leftToes"), sliders=("jawOpen", "eyeLookUpLeft"))
    missing = retarget(performance(), rig, preset, Settings(), 30.0).missing
    assert "leftToes" in missing and "mouthSmileLeft" in missing
    assert not {"leftEye", "jaw", "jawOpen"} & set(missing)


def test_additive_clip_is_what_moves_away_from_its_mean():
    """Put on top of its own mean pose, an additive clip gives the clip back; of a still one nothing is left."""
    random = np.random.default_rng(3)
    swing = from_vector(np.sin(np.arange(40) / 40 * 2 * np.pi)[:, None, None] * random.normal(0, 0.4, (1, 3, 3)))
    rest = from_vector(random.normal(0, 1.0, (3, 3)))
    clip = Clip(
        frames=np.arange(40.0), fps=24.0, bones=("a", "b", "c"), rotations=multiply(rest, swing),
        movers=("a",), locations=random.normal(0, 1, (40, 1, 3)), sliders=("s",), values=random.random((40, 1)),
    )  # fmt: skip
    added = additive(clip)
    np.testing.assert_allclose(added.locations.mean(0), 0, atol=1e-9)
    np.testing.assert_array_equal(added.values, clip.values)
    mean = multiply(clip.rotations[7], inverse(added.rotations[7]))
    again = multiply(mean, added.rotations)
    assert angle_between(again, clip.rotations).max() < 1e-5
    assert angle_between(mean, rest).max() < 1e-5
    still = additive(Clip(**{**vars(clip), "rotations": np.repeat(clip.rotations[:1], 40, 0)}))
    assert angle_between(still.rotations, IDENTITY).max() < 1e-5
