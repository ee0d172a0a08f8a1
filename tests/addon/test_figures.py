"""The two figures: skeleton, skin, and the filmed demo performance with its truth."""

from __future__ import annotations

import gzip
import json

import av
import numpy as np
import pytest
from understudy.addon.figures import assemble, performer, starter
from understudy.addon.figures.proportions import PERFORMER, STARTER, finger_points, joints
from understudy.benchmarks import acting, film
from understudy.benchmarks.performances import PERFORMANCES
from understudy.solvers.motion import skeleton
from understudy.solvers.names import EXPRESSIONS, JOINT, JOINTS, PARENTS, finger_bones

FIGURES = {"starter": (STARTER, starter), "performer": (PERFORMER, performer)}
figures = pytest.mark.parametrize("name", FIGURES)


@pytest.fixture(scope="module")
def scene():
    """A fresh scene with both figures in it: (scene, {name: armature})."""
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    return scene, {name: module.add(scene) for name, (_, module) in FIGURES.items()}


def skinned_points(rig, mesh: str) -> np.ndarray:
    """World points (V, 3) of a figure's mesh as the armature deforms it."""
    import bpy

    thing = next(o for o in rig.children if o.name.endswith(mesh))
    bpy.context.view_layer.update()
    seen = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.empty(3 * len(seen.data.vertices), np.float32)
    seen.data.vertices.foreach_get("co", points)
    return points.reshape(-1, 3)


@figures
def test_bones_are_those_of_vrm(name, scene):
    """Every humanoid bone of VRM 1.0 but the jaw, which the face's shapes open, with VRM's parents."""
    rig = scene[1][name]
    assert {b.name: b.parent.name if b.parent else None for b in rig.data.bones} == {
        n: p for n, p in PARENTS.items() if n != "jaw"
    }


@figures
def test_rest_is_a_t_pose(name, scene):
    """Arms run level to the sides, legs straight down, fingers along the arms, the feet stand on the floor."""
    rig, (p, _) = scene[1][name], FIGURES[name]
    heads = {b.name: np.array(b.head_local) for b in rig.data.bones}
    for side, sign in (("left", 1), ("right", -1)):
        for a, b in (("UpperArm", "LowerArm"), ("LowerArm", "Hand")):
            way = heads[side + b] - heads[side + a]
            np.testing.assert_allclose(way / np.linalg.norm(way), [sign, 0, 0], atol=1e-5)
        for finger in ("Index", "Middle", "Ring", "Little"):
            first, _, last = finger_bones(side, finger)
            way = heads[last] - heads[first]
            assert sign * way[0] / np.linalg.norm(way) > np.cos(np.radians(10)) and abs(way[2]) < 1e-6
        thigh = heads[f"{side}LowerLeg"] - heads[f"{side}UpperLeg"]
        assert -thigh[2] / np.linalg.norm(thigh) > 0.99
    body = skinned_points(rig, "Body")
    assert abs(body[:, 2].min()) < 0.006
    assert finger_points(p, "Middle")[-1, 0] == pytest.approx(p.hand, rel=0.05)


@figures
def test_weights_add_up_to_one_over_at_most_four_bones(name):
    """Every vertex of the body hangs on one to four bones that share it completely."""
    p, module = FIGURES[name]
    for part in assemble.body_parts(p, module.CUT):
        table = np.array(list(part.weights.values()))
        np.testing.assert_allclose(table.sum(axis=0), 1.0, atol=1e-9)
        assert (table >= 0).all() and ((table > 0).sum(axis=0) <= 4).all()
        assert set(part.weights) <= set(JOINTS), part.name


@figures
def test_body_is_of_quads_and_the_same_on_both_sides(name):
    """No face has other than four corners, and every vertex has a twin across the middle."""
    from scipy.spatial import cKDTree

    p, module = FIGURES[name]
    parts = assemble.body_parts(p, module.CUT)
    assert all(len(face) == 4 for part in parts for face in part.faces)
    points = np.concatenate([part.vertices for part in parts])
    distance, _ = cKDTree(points).query(points * [-1, 1, 1])
    assert distance.max() < 1e-6


@figures
def test_a_bent_elbow_carries_the_hand_where_the_skeleton_says(name, scene):
    """Deformed by the armature, the fingertips' skin is at the joints' places by our own forward kinematics."""
    rig, (p, _) = scene[1][name], FIGURES[name]
    performance = acting.perform(PERFORMANCES["reach"], p, (720, 1280), film.Camera().projection((720, 1280)))
    rest_points, places = skinned_points(rig, "Body"), acting.skeleton(p)
    truth = skeleton.joint_positions(performance.rotations, performance.root, performance.skeleton)
    for sample in (26, 45):
        film.act(rig, performance, sample)
        moved = skinned_points(rig, "Body")
        for joint in ("leftHand", "rightHand", "leftIndexDistal", "rightLittleDistal", "leftLowerLeg", "rightFoot"):
            near = np.argsort(np.linalg.norm(rest_points - places[JOINT[joint]], axis=1))[:60]
            rest_gap = np.linalg.norm(rest_points[near].mean(0) - places[JOINT[joint]])
            gap = np.linalg.norm(moved[near].mean(0) - truth[sample, JOINT[joint]])
            assert abs(gap - rest_gap) < 0.012, joint
    for bone in rig.pose.bones:
        bone.matrix_basis.identity()
    for key in next(o for o in rig.children if o.name.endswith("Face")).data.shape_keys.key_blocks:
        key.value = 0.0


@figures
def test_face_carries_the_52_shapes_switched_off(name, scene):
    """One Key datablock with the basis and ARKit's shapes by name, all at zero."""
    face = next(o for o in scene[1][name].children if o.name.endswith("Face"))
    keys = face.data.shape_keys.key_blocks
    assert {k.name for k in keys} == {"Basis", *EXPRESSIONS}
    assert all(k.value == 0.0 for k in keys)


def test_adding_a_figure_gives_mode_and_selection_back(scene):
    """Whoever was active, selected and in pose mode still is, after a figure came."""
    import bpy

    rig = scene[1]["starter"]
    layer = bpy.context.view_layer
    layer.objects.active = rig
    rig.select_set(True)
    bpy.ops.object.mode_set(mode="POSE")
    added = performer.add(scene[0])
    assert layer.objects.active == rig and rig.mode == "POSE"
    assert [o.name for o in layer.objects if o.select_get()] == [rig.name]
    bpy.ops.object.mode_set(mode="OBJECT")
    assert added.name != "Performer" and added.name.startswith("Performer")


@pytest.mark.parametrize("name", PERFORMANCES)
def test_true_feet_do_not_slide(name):
    """While a foot is planted, its ankle and its ball stay where they are."""
    performance = acting.perform(PERFORMANCES[name], PERFORMER, (720, 1280), film.Camera().projection((720, 1280)))
    places = skeleton.joint_positions(performance.rotations, performance.root, performance.skeleton)
    for side, contact in (("left", performance.contacts[:, 0]), ("right", performance.contacts[:, 2])):
        held = (contact[1:] > 0.5) & (contact[:-1] > 0.5)
        assert held.sum() > 10
        for joint in (f"{side}Foot", f"{side}Toes"):
            assert np.linalg.norm(np.diff(places[:, JOINT[joint]], axis=0), axis=1)[held].max() < 1e-6


@figures
def test_performances_bend_knees_and_elbows_the_right_way(name):
    """Knees stay in front of the line from hip to ankle, and no joint turns by more than 40 degrees in a frame."""
    from understudy.solvers.motion import rotations

    for script in PERFORMANCES.values():
        performance = acting.perform(script, FIGURES[name][0], (720, 1280), film.Camera().projection((720, 1280)))
        steps = rotations.angle_between(performance.rotations[1:], performance.rotations[:-1])
        assert np.degrees(steps.max()) < 40
        knees = performance.rotations[:, [JOINT["leftLowerLeg"], JOINT["rightLowerLeg"]]]
        assert (rotations.to_vector(knees)[..., 0] > -0.02).all()


def test_lips_close_on_the_words_closures():
    """At every m, p and b of the sentence the jaw is shut and the lips press; on its open vowels the jaw is open."""
    start, words = PERFORMANCES["demo"].speech
    time = np.arange(6 * acting.FPS) / acting.FPS
    values = acting.expressions(PERFORMANCES["demo"], time, np.zeros((len(time), 2)))
    begin = start - 0.04
    for phoneme, seconds in words:
        middle = begin + 0.5 * seconds
        jaw = np.interp(middle, time, values[:, EXPRESSIONS.index("jawOpen")])
        if phoneme in ("m", "p", "b"):
            press = np.interp(middle, time, values[:, EXPRESSIONS.index("mouthPressLeft")])
            assert jaw < 0.06 and press > 0.15, phoneme
        if phoneme in ("ae", "aa", "eh"):
            assert jaw > 0.2, phoneme
        begin += seconds


def test_demo_clip_is_small_and_its_sound_as_long_as_its_picture():
    """At most 1.5 MB, H.264 in yuv420p, AAC, and both streams of the same length to a frame."""
    assert film.DEMO.stat().st_size <= 1.5e6
    with av.open(str(film.DEMO)) as clip:
        picture, sound = clip.streams.video[0], clip.streams.audio[0]
        assert (picture.codec_context.name, picture.codec_context.pix_fmt, sound.codec_context.name) == (
            "h264", "yuv420p", "aac")  # fmt: skip
        seconds = [float(s.duration * s.time_base) for s in (picture, sound)]
    assert abs(seconds[0] - seconds[1]) < 1 / acting.FPS


def test_demo_truth_is_the_demo_performance():
    """The committed truth has a row for every frame of the clip and says what the script plays now."""
    data = json.loads(gzip.decompress(film.DEMO.with_suffix(".gt.json.gz").read_bytes()))
    assert film.DEMO.with_suffix(".gt.json.gz").stat().st_size < 300e3
    size = tuple(data["camera"]["size"])
    performance = acting.perform(PERFORMANCES["demo"], PERFORMER, size, film.Camera().projection(size))
    with av.open(str(film.DEMO)) as clip:
        assert (clip.streams.video[0].width, clip.streams.video[0].height) == size
        assert sum(1 for _ in clip.decode(video=0)) == len(data["frames"]) == len(performance.time)
    points = film.truth_points(performance, PERFORMER)
    for name in ("LeftHand", "RightHandIndex3", "LeftFoot", "Head"):
        told = np.array([frame["p3d"][name] for frame in data["frames"]])
        np.testing.assert_allclose(told, points[name], atol=2e-4)
        seen = np.concatenate([points[name], np.ones((len(told), 1))], 1) @ performance.projection.T
        pixels = np.array([frame["p2d"][name] for frame in data["frames"]])
        np.testing.assert_allclose(seen[:, :2] / seen[:, 2:], pixels, atol=0.1)


def test_every_joint_has_a_place():
    """Joints and their tails are finite, apart from one another, and mirrored."""
    for p in (STARTER, PERFORMER):
        places = joints(p)
        for name, (head, tail) in places.items():
            assert 0.005 < np.linalg.norm(tail - head) < 0.6, name
            if name.startswith("left"):
                np.testing.assert_allclose(places["right" + name[4:]][0], head * [-1, 1, 1])
