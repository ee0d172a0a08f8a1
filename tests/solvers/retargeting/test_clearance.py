"""Arms go round the character's own body, as far as needed and no further, and without jerks."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.motion.rotations import from_axis_angle
from understudy.solvers.names import FINGERS, JOINT, finger_bones
from understudy.solvers.retarget import retarget
from understudy.solvers.retargeting import clearance
from understudy.solvers.retargeting.surface import _ball, spread
from understudy.solvers.settings import Settings

from ..test_retarget import Y, character, performance, places

BELLY = np.array([0.26, 0.24, 0.30])  # m, half axes of a stout body about the spine
SAMPLES = 90


def stout(half=BELLY, arm: float = 0.02, **shape):
    """A rig with a belly, a head and arms, thin or as thick as is said (m, radius), all with skin."""
    rig, preset = character(**shape)
    ball, skin, normals, owner = _ball(600), [], [], []
    parts = {"spine": (half * rig.metre, np.array([0.0, 0.0, 0.1]) * rig.metre)}
    thin = np.full(3, 0.02) * rig.metre
    parts |= {f"{s}Hand": (thin, np.zeros(3)) for s in ("left", "right")}
    for side in ("left", "right"):
        start, end = (rig.rest[rig.bones.index(preset.bones[f"{side}{part}"])][:3, 3] for part in ("LowerArm", "Hand"))
        parts[f"{side}LowerArm"] = (np.abs(end - start) / 2 + arm * rig.metre, (end - start) / 2)
    parts |= {name: (thin / 2, np.zeros(3)) for s in ("left", "right") for f in FINGERS for name in finger_bones(s, f)}
    for name, (size, middle) in parts.items():
        bone = rig.bones.index(preset.bones[name])
        points = ball if name == "spine" else ball[::20]
        skin.append(rig.rest[bone][:3, 3] + middle + size * points)
        out = points / size
        normals.append(out / np.linalg.norm(out, axis=1, keepdims=True))
        owner.append(np.full(len(points), bone))
    return replace(rig, skin=np.concatenate(skin), normals=np.concatenate(normals), owner=np.concatenate(owner)), preset


def lowered(samples: int = SAMPLES):
    """A performer whose arms come down from the T-pose until they hang, and go up again."""
    shown = performance(samples, motion=False)
    angle = np.radians(86) * np.sin(np.linspace(0, np.pi, samples)) ** 2
    for side, way in (("left", 1.0), ("right", -1.0)):
        shown.rotations[:, JOINT[f"{side}UpperArm"]] = from_axis_angle(np.tile(Y, (samples, 1)), way * angle)
    return shown


def depths(rig, clip, half=BELLY) -> np.ndarray:
    """How deep (N,) the left forearm is in the belly at most, m; below 0 outside."""
    ours = places(rig, clip)
    line = np.linspace(0.1, 1, 10)[:, None, None]
    return depth((1 - line) * ours["leftLowerArm"] + line * ours["leftHand"] - ours["spine"] - [0, 0, 0.1], half).max(0)


def depth(points: np.ndarray, half: np.ndarray) -> np.ndarray:
    """How deep points (..., 3) are in an ellipsoid, m; below 0 outside. By Quilez' bound."""
    first, second = (np.linalg.norm(points / scale, axis=-1) for scale in (half, half**2))
    return -first * (first - 1) / second


@pytest.mark.parametrize("shape", [{}, {"scale": 0.01}, {"rolls": True}, {"scale": 100.0}],
                         ids=["plain", "hundredth", "rolls", "centimetres"])  # fmt: skip
def test_hanging_arms_stay_out_of_a_belly(shape):
    """Arms that would hang inside of a stout body lie on it, to a centimetre, on any scale."""
    rig, preset = stout(**shape)
    pierced = depths(rig, retarget(lowered(), rig, preset, Settings(foot_lock=0.0, hand_contact=0.0), 30.0))
    cleared = depths(rig, retarget(lowered(), rig, preset, Settings(foot_lock=0.0), 30.0))
    assert pierced.max() > 0.06
    assert cleared.max() < 0.012
    assert cleared[40:50].max() > -0.06  # no farther off than its own flesh and the smoothness ask


def test_what_is_free_stays():
    """Where arms are far from the body, nothing is changed."""
    rig, preset = stout(0.4 * BELLY)
    free, bare = (retarget(lowered(), rig, preset, Settings(foot_lock=0.0, hand_contact=c), 30.0) for c in (1.0, 0.0))
    assert np.abs(free.rotations - bare.rotations).max() < 1e-9


def test_arms_give_way_smoothly():
    """No step of the wrist is more than a centimetre longer than it would be through the body."""
    rig, preset = stout()
    clips = [retarget(lowered(), rig, preset, Settings(foot_lock=0.0, hand_contact=c), 30.0) for c in (1.0, 0.0)]
    steps = [np.linalg.norm(np.diff(places(rig, clip)["leftHand"], axis=0), axis=1) for clip in clips]
    assert (steps[0] - steps[1]).max() < 0.01


def test_arms_are_not_stretched():
    """Upper arm and forearm keep their lengths, and hands their turns."""
    rig, preset = stout()
    clips = [retarget(lowered(), rig, preset, Settings(foot_lock=0.0, hand_contact=c), 30.0) for c in (1.0, 0.0)]
    ours, theirs = (places(rig, clip) for clip in clips)
    for a, b in (("leftUpperArm", "leftLowerArm"), ("leftLowerArm", "leftHand"), ("leftHand", "leftIndexProximal")):
        lengths = [np.linalg.norm(joints[b] - joints[a], axis=1) for joints in (ours, theirs)]
        assert np.allclose(*lengths, atol=1e-9)
    fingers = [joints["leftIndexProximal"] - joints["leftHand"] for joints in (ours, theirs)]
    assert np.allclose(*fingers, atol=1e-9)


def turned_by(clips) -> np.ndarray:
    """By how much (2, N) degrees the left upper arm and forearm point elsewhere in the first of two clips."""
    ways = []
    for rig, clip in clips:
        ours = places(rig, clip)
        chain = [ours[f"left{part}"] for part in ("UpperArm", "LowerArm", "Hand")]
        ways.append([unit(b - a) for a, b in zip(chain, chain[1:], strict=False)])
    return np.degrees([np.arccos(np.clip((a * b).sum(-1), -1, 1)) for a, b in zip(*ways, strict=True)])


def unit(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def test_arms_turn_hardly_more_than_the_belly_asks():
    """Where arms hang on a belly, no other directions so near to the performed ones by 3 degrees are as far out."""
    rig, preset = stout()
    clips = [retarget(lowered(), rig, preset, Settings(foot_lock=0.0, hand_contact=c), 30.0) for c in (1.0, 0.0)]
    angles = turned_by([(rig, clip) for clip in clips])[:, SAMPLES // 2]
    bare = {name: place[SAMPLES // 2] for name, place in places(rig, clips[1]).items()}
    shoulder, elbow, wrist = (bare[f"left{part}"] for part in ("UpperArm", "LowerArm", "Hand"))
    ways = _ball(4000)
    gaps = [np.degrees(np.arccos(np.clip(ways @ unit(bone), -1, 1))) for bone in (elbow - shoulder, wrist - elbow)]
    upper, lower = (np.flatnonzero(gap < 70) for gap in gaps)
    line = np.linspace(0.1, 1, 10)[:, None]
    elbows = shoulder + np.linalg.norm(elbow - shoulder) * ways[upper]
    points = elbows[:, None, None] + (np.linalg.norm(wrist - elbow) * line * ways[lower, None])[None]
    inside = depth(points - bare["spine"] - [0, 0, 0.1], BELLY).max(-1)
    cost = np.hypot(*np.broadcast_arrays(gaps[0][upper][:, None], gaps[1][lower]))
    least = cost[inside <= max(depths(rig, clips[0])[SAMPLES // 2], 0)].min()
    assert np.hypot(*angles) < least + 3


def test_a_toys_arms_sink_in(monkeypatch):
    """Arms much stouter than people's are turned less than to lie on the body with all of it; their bones stay out."""
    rig, preset = stout(arm=0.16)
    bare = retarget(lowered(), rig, preset, Settings(foot_lock=0.0, hand_contact=0.0), 30.0)
    soft = retarget(lowered(), rig, preset, Settings(foot_lock=0.0), 30.0)
    monkeypatch.setattr(clearance, "STOUT", 1.0)
    stiff = retarget(lowered(), rig, preset, Settings(foot_lock=0.0), 30.0)
    angles = [turned_by([(rig, clip), (rig, bare)]).mean(0)[SAMPLES // 2] for clip in (soft, stiff)]
    assert angles[0] < angles[1] - 5
    assert depths(rig, soft).max() < 0


def test_lining_and_capes_push_nothing():
    """A thin sheet behind the body, with skin on both sides, is no body that an arm has to leave."""
    rig, preset = stout(0.4 * BELLY)
    spine = rig.bones.index(preset.bones["spine"])
    x, z = (axis.ravel() for axis in np.meshgrid(np.linspace(-0.4, 0.4, 25), np.linspace(-0.4, 0.4, 25)))
    sheet = rig.rest[spine][:3, 3] + np.stack([x, np.full(len(x), 0.06), z], 1)
    skin, normals = [rig.skin, sheet, sheet], [rig.normals, np.tile(Y, (len(x), 1)), np.tile(-Y, (len(x), 1))]
    owner = np.concatenate([rig.owner, np.full(2 * len(x), spine)])
    caped = replace(rig, skin=np.concatenate(skin), normals=np.concatenate(normals), owner=owner)
    free, bare = (retarget(lowered(), caped, preset, Settings(foot_lock=0.0, hand_contact=c), 30.0) for c in (1.0, 0.0))
    assert np.abs(free.rotations - bare.rotations).max() < 1e-6


def test_a_mirrored_body_is_thinned_alike():
    """Of a body and of its mirror image the same points are taken, and no more than are asked for."""
    points = np.random.default_rng(3).normal(size=(2000, 3)) * BELLY + [0.1, 0.0, 1.0]
    rows = spread(points, 300)
    assert 150 < len(rows) <= 300
    assert np.array_equal(rows, spread(points * [-1.0, 1.0, 1.0], 300))
