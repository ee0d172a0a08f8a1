"""Eyes look at an object of the scene, wherever the head and the object go, and what was asked for is kept."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.errors import SettingsError
from understudy.solvers.motion.rotations import IDENTITY, from_axis_angle, from_vector, rotate
from understudy.solvers.names import EXPRESSION, JOINT
from understudy.solvers.retargeting.aim import MOST_UP, NEAREST, Target, aimed
from understudy.solvers.settings import Settings

EYES = np.array([[[0.03, -0.08, 0.06], [-0.03, -0.08, 0.06]]]) + [0, 0, 1.6]
X, Y, Z = np.eye(3)


def looked(place, head=None, gaze=None, influence=1.0, count=48):
    """(N, 2, 2) of eyes that look at a place (3,) m."""
    gaze = np.zeros((count, 2, 2)) if gaze is None else gaze
    head = np.tile(IDENTITY, (count, 1)) if head is None else head
    eyes = np.broadcast_to(EYES, (count, 2, 3))
    return aimed(gaze, 24.0, np.tile(place, (count, 1)), eyes, head, influence)


def directions(gaze):
    """(N, 2, 3) in the head."""
    look = rotate(from_axis_angle(-X, gaze[..., 1]), -Y)
    return rotate(from_axis_angle(Z, gaze[..., 0]), look)


def test_both_eyes_meet_at_the_target():
    """Each eye's line goes through what is looked at, which is the nearer the more they turn inwards."""
    for place in ([0.3, -1.5, 1.5], [-0.4, -2.0, 1.9], [0.0, -0.5, 1.66]):
        line = np.array(place) - EYES[0]
        line /= np.linalg.norm(line, axis=1, keepdims=True)
        assert np.allclose(directions(looked(place))[0], line, atol=0.02)


def test_the_head_may_turn():
    """The eyes stay on the target while the head turns and nods."""
    time = np.linspace(0, 2, 48)
    head = from_vector(np.stack([0.15 * np.sin(3 * time), 0 * time, 0.3 * np.sin(2 * time)], 1))
    place = np.array([0.0, -3.0, 1.7])
    seen = rotate(head[:, None], directions(looked(place, head)))
    line = place - EYES[0].mean(0)
    off = np.linalg.norm(np.cross(seen.mean(1), line), axis=1) / np.linalg.norm(line)
    assert np.degrees(off).max() < 1


def test_eyes_go_no_further_than_eyes_do():
    """Near things are not squinted at, high ones bring the eyes to their end, and what is behind is not looked at."""
    near, high = looked([0, -0.12, 1.66]), looked([0, -0.5, 4.0])
    assert np.allclose(near[:, 1, 0] - near[:, 0, 0], NEAREST) and np.all(high[..., 1] > 0)
    assert np.all(high[..., 1] <= MOST_UP + 1e-9) and np.allclose(looked([0.2, 3.0, 1.6]), 0)


def test_what_the_eyes_did_goes_on_around_it():
    """Saccades stay where they were, small; at half the influence the eyes are half way."""
    gaze = np.zeros((48, 2, 2))
    gaze[20:24, :, 0] = 0.05
    place = [0.8, -2.0, 1.66]
    still, alive = looked(place), looked(place, gaze=gaze)
    assert np.allclose(alive[20:24, :, 0] - still[20:24, :, 0], 0.05) and np.allclose(alive[:18], still[:18])
    assert np.allclose(looked(place, influence=0.5), still / 2)
    assert np.allclose(looked(place, gaze=gaze, influence=0), gaze)


def test_sliders_look_at_it(figure, performance):
    """A figure without eye bones looks by its sliders, from where people have their eyes."""
    import bpy
    from understudy.addon import looking
    from understudy.addon.armature import read
    from understudy.solvers.retarget import retarget
    from understudy.solvers.rigs.presets import RigPreset, recognise

    bpy.ops.object.empty_add(location=(0.5, -2.0, 1.7))
    empty = bpy.context.object
    character = read(figure)
    upright, root = np.tile(IDENTITY, (48, len(JOINT), 1)), np.tile(performance.root[:1], (48, 1))
    still = replace(performance, rotations=upright, root=root, gaze=np.zeros((48, 2, 2)))
    preset = replace(recognise(character), face={f"eyeLook{w}{s}": {f"{w}{s}": 1.0} for w in ("In", "Out", "Up", "Down")
                                                 for s in ("Left", "Right")})  # fmt: skip
    assert isinstance(preset, RigPreset)
    target = looking.target(bpy.context.scene, empty.name, 1.0, 1, 48)
    assert isinstance(target, Target) and len(target.frames) == 1
    clip = retarget(still, character, preset, Settings(hand_contact=0.0), 24.0, target=target)
    out = clip.values[:, clip.sliders.index("OutLeft")] * 30
    wanted = np.degrees(np.arctan2(0.5 - 0.03, 2.0))
    assert np.all(np.abs(out - wanted) < 2.5) and np.allclose(clip.values[:, clip.sliders.index("InLeft")], 0)


def test_a_target_that_moves(empty_scene):
    """Its own curves, and what it hangs on, are followed frame by frame; the scene's frame is given back."""
    import bpy
    from understudy.addon import looking

    bpy.ops.object.empty_add()
    parent = bpy.context.object
    bpy.ops.object.empty_add()
    child = bpy.context.object
    for frame, x in ((1, 0.0), (11, 1.0)):
        parent.location.x = x
        parent.keyframe_insert("location", frame=frame)
    child.parent = parent
    empty_scene.frame_set(5)
    for name in (parent.name, child.name):
        target = looking.target(empty_scene, name, 0.7, 1, 11)
        assert np.allclose(target.at(np.array([1.0, 11.0, 30.0]))[:, 0], [0, 1, 1], atol=1e-6)
        assert target.influence == 0.7 and np.all(np.diff(target.places[:, 0]) > 0) and empty_scene.frame_current == 5
    assert looking.target(empty_scene, "", 1.0, 1, 9) is None
    with pytest.raises(SettingsError, match="no object 'Nobody'.*the scene has"):
        looking.target(empty_scene, "Nobody", 1.0, 1, 9)


def test_strength_of_looks_is_the_gaze(performance):
    """Sliders follow the gaze, not the expressions of the same names, at any intensity."""
    from understudy.solvers.retargeting.acting import strengths
    from understudy.solvers.rigs.face_range import FaceRange

    gaze = np.tile([0.26, -0.13], (48, 2, 1))
    acted = strengths(performance.expressions, gaze, Settings(intensity=5.0), FaceRange())
    assert np.allclose(acted[:, EXPRESSION["eyeLookOutLeft"]], 0.26 / np.radians(30))
    assert np.allclose(acted[:, EXPRESSION["eyeLookDownRight"]], 0.13 / np.radians(30))
