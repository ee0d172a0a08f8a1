"""What is exported, Blender reads as it was meant."""

import dataclasses
import json
import struct

import bpy
import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from understudy import __main__ as command
from understudy.addon import actions, armature, exports, files, rigs
from understudy.solvers import exports as plain
from understudy.solvers import names, record
from understudy.solvers.errors import ExportError
from understudy.solvers.motion import skeleton
from understudy.solvers.retarget import retarget
from understudy.solvers.retargeting.performed import typical_person
from understudy.solvers.settings import Settings

FRAMES = (1, 4, 8)
MILLIMETRE = 1e-3
EVEN = 0.01  # how far shape keys may be off
READERS = {
    ".fbx": lambda path: bpy.ops.import_scene.fbx(filepath=path, anim_offset=0.0),
    ".glb": lambda path: bpy.ops.import_scene.gltf(filepath=path),
    ".usdc": lambda path: bpy.ops.wm.usd_import(filepath=path),
    ".usdz": lambda path: bpy.ops.wm.usd_import(filepath=path),
}
FIRST = {".fbx": 1, ".glb": 0, ".usdc": 1, ".usdz": 1}  # where readers put what was frame 1


@pytest.fixture
def acted(performance):
    """A third of a second of a performance, on a person."""
    fields = "time rotations root expressions gaze contacts touches confidence face_confidence".split()
    short = {name: getattr(performance, name)[:8] for name in fields}
    return dataclasses.replace(performance, **short, skeleton=typical_person())


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder for what several tests use."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def starter(acted, kept):
    """The starter with the performance on it, and a cube beside it that is nobody's; opened anew for each test."""
    blend = kept / "starter.blend"
    if not blend.is_file():
        baked(acted, None)
        files.save(blend)
    return files.open_character(blend)


def baked(acted, path):
    """A character with the performance on it, and a cube beside it that is nobody's."""
    objects = files.open_character(path)
    character = armature.read(objects)
    actions.write(retarget(acted, character, rigs.recognised(character), Settings(), 24.0), objects, "Wave")
    mesh = bpy.data.meshes.new("Cube")
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Cube", mesh))
    return objects


def joints(scene, rig, bones, frames):
    """Places (N, B, 3) of bones in the world."""
    found = []
    for frame in frames:
        scene.frame_set(frame)
        found.append([np.array(rig.matrix_world @ rig.pose.bones[bone].head) for bone in bones])
    return np.array(found)


def shapes(scene, frames, meshes=None):
    """{shape key: [values (N,) of each mesh that has it]}. meshes: all where none are given."""
    rows = {}
    for frame in frames:
        scene.frame_set(frame)
        for thing in meshes or scene.objects:
            for key in thing.data.shape_keys.key_blocks if thing.type == "MESH" and thing.data.shape_keys else ():
                rows.setdefault((key.name, thing.name), []).append(key.value)
    found = {}
    for (name, _), values in rows.items():
        found.setdefault(name, []).append(np.array(values))
    return found


def check_round_trip(objects, suffix, tmp_path):
    """Export, read into a fresh scene, and compare joints and shapes."""
    scene, rig = bpy.context.scene, objects.armature
    scene.frame_set(5)
    bones = [bone.name for bone in rig.data.bones if bone.use_deform]
    before = joints(scene, rig, bones, FRAMES), shapes(scene, FRAMES, objects.meshes)
    scene.frame_set(5)
    state = scene.name, [thing.name for thing in bpy.context.selected_objects], sorted(bpy.data.scenes.keys())
    out = tmp_path / f"out{suffix}"
    what = exports.write(objects, out)
    assert (what.name, what.first, what.last) == ("Wave", 1, 8) and [p.name for p in tmp_path.iterdir()] == [out.name]
    assert scene.frame_current == 5 and state == (
        scene.name, [thing.name for thing in bpy.context.selected_objects], sorted(bpy.data.scenes.keys())
    )  # fmt: skip

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    READERS[suffix](str(out))
    (rig,) = [thing for thing in scene.objects if thing.type == "ARMATURE"]
    assert "Cube" not in bpy.data.objects and np.allclose(rig.matrix_world.to_scale(), 1, atol=1e-5)
    frames = [frame - 1 + FIRST[suffix] for frame in FRAMES]
    plain_name = str.maketrans(":.-", "___") if suffix.startswith(".usd") else {}
    after = joints(scene, rig, [bone.translate(plain_name) for bone in bones], frames), shapes(scene, frames)
    assert np.linalg.norm(after[0] - before[0], axis=-1).max() < MILLIMETRE
    assert np.ptp(before[0], axis=0).max() > 0.05
    for name, meshes in before[1].items():
        for values in meshes if name != "Basis" else ():
            assert min(np.abs(values - other).max() for other in after[1][name]) < EVEN, name
    return sorted(action.name for action in bpy.data.actions)


@pytest.mark.parametrize("suffix", [".fbx", ".glb", ".usdc"])
def test_the_starter_plays_the_same_elsewhere(starter, tmp_path, suffix):
    """Joints within 1 mm, shapes within .01, at scale 1, nothing else in the file, one action of the same name."""
    made = check_round_trip(starter, suffix, tmp_path)
    assert any("Wave" in name for name in made) or suffix == ".usdc"


@pytest.mark.parametrize("suffix", [".fbx", ".glb", ".usdz"])
def test_a_woman_plays_the_same_elsewhere(acted, tmp_path, shared, suffix):
    """The same with a Mixamo rig and six meshes that share their shape keys' names."""
    check_round_trip(baked(acted, shared / "characters" / "mh_f_mixamo.glb"), suffix, tmp_path)


@pytest.mark.skipif(bpy.app.version < (5, 0, 0), reason="the file was saved by Blender 5.0")
def test_controls_are_left_out(acted, tmp_path, shared):
    """Of a rig with controls the glTF holds the bones that deform, where the controls have put them."""
    whole = baked(acted, shared / "characters" / "mh_f_rigify.blend")
    objects = armature.CharacterObjects(whole.armature, tuple(m for m in whole.meshes if "tongue" in m.name))
    check_round_trip(objects, ".glb", tmp_path)
    (rig,) = [thing for thing in bpy.context.scene.objects if thing.type == "ARMATURE"]
    assert len(rig.data.bones) == 160 and all(bone.name.startswith("DEF") for bone in rig.data.bones)


@pytest.mark.parametrize("suffix", [".fbx", ".glb", ".usdc"])
def test_what_a_character_hangs_on_counts(figure, tmp_path, suffix):
    """Under an empty that moves, turns and shrinks it, a character is written where it is seen."""
    empty = bpy.data.objects.new("Stand", None)
    bpy.context.scene.collection.objects.link(empty)
    empty.location, empty.rotation_euler, empty.scale = (1, 2, 0.5), (0, 0, 0.7), (0.5, 0.5, 0.5)
    figure.armature.parent = empty
    bone = figure.armature.pose.bones["leftLowerArm"]
    bone.rotation_mode = "XYZ"
    for frame, turn in ((1, 0.0), (8, 1.0)):
        bone.rotation_euler.x = turn
        bone.keyframe_insert("rotation_euler", frame=frame)
    before = joints(bpy.context.scene, figure.armature, ["leftHand", "head"], FRAMES)
    exports.write(figure, tmp_path / f"out{suffix}")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    READERS[suffix](str(tmp_path / f"out{suffix}"))
    (rig,) = [thing for thing in bpy.context.scene.objects if thing.type == "ARMATURE"]
    after = joints(bpy.context.scene, rig, ["leftHand", "head"], [frame - 1 + FIRST[suffix] for frame in FRAMES])
    assert np.linalg.norm(after - before, axis=-1).max() < MILLIMETRE and np.ptp(before, axis=0).max() > 0.02


def moved(objects, frames):
    """{joint: places (N, 3) m} of a character with VRM's bone names."""
    there = [joint for joint in names.JOINTS if joint in objects.armature.data.bones]
    return dict(zip(there, np.swapaxes(joints(bpy.context.scene, objects.armature, there, frames), 0, 1), strict=True))


def test_a_baked_body_is_read_back(starter, tmp_path):
    """BVH of the baked starter, read by Blender, has every joint where the starter has it."""
    objects = starter
    places = moved(objects, FRAMES)
    exports.write(objects, tmp_path / "out.bvh")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_anim.bvh(filepath=str(tmp_path / "out.bvh"), update_scene_fps=True)
    (rig,) = bpy.context.scene.objects
    found = joints(bpy.context.scene, rig, list(places), FRAMES)
    for column, joint in enumerate(places):
        assert np.linalg.norm(found[:, column] - places[joint], axis=-1).max() < MILLIMETRE, joint


def read_vrma(path):
    """(Places {bone: (T, 3)} with y up, {expression: (T,)}) of a VRM Animation, by a reader of its own."""
    data = path.read_bytes()
    magic, version, length, size = struct.unpack_from("<4sIII", data)
    assert (magic, version, length) == (b"glTF", 2, len(data))
    gltf, numbers = json.loads(data[20 : 20 + size]), data[20 + size + 8 :]

    def array(accessor):
        entry = gltf["accessors"][accessor]
        view = gltf["bufferViews"][entry["bufferView"]]
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[entry["type"]]
        count = entry["count"] * width
        return np.frombuffer(numbers, "<f4", count, view["byteOffset"]).reshape(-1, width).astype(float)

    (animation,) = gltf["animations"]
    samplers, targets = animation["samplers"], [channel["target"] for channel in animation["channels"]]
    outputs = [array(samplers[channel["sampler"]]["output"]) for channel in animation["channels"]]
    tracks = {(aim["node"], aim["path"]): values for aim, values in zip(targets, outputs, strict=True)}
    words = gltf["extensions"]["VRMC_vrm_animation"]
    parent = {child: node for node, entry in enumerate(gltf["nodes"]) for child in entry.get("children", ())}

    def place(node):
        """(Rotation matrices (T, 3, 3), places (T, 3)) of a node in the scene."""
        turn = Rotation.from_quat(tracks[node, "rotation"]).as_matrix()
        still = np.array([gltf["nodes"][node].get("translation", [0, 0, 0])] * len(turn))
        way = tracks.get((node, "translation"), still)
        if node not in parent:
            return turn, way
        above, start = place(parent[node])
        return above @ turn, start + np.einsum("tij,tj->ti", above, way)

    bones = {name: place(entry["node"])[1] for name, entry in words["humanoid"]["humanBones"].items()}
    shown = {name: tracks[entry["node"], "translation"][:, 0] for name, entry in words["expressions"]["preset"].items()}
    return bones, shown, words


def test_a_vrm_animation_moves_as_the_character(starter, tmp_path):
    """Read by a reader of the test's own, bones are where the starter's are, lids and mouth as its shapes say."""
    objects = starter
    frames = range(1, 9)
    places, values = moved(objects, frames), shapes(bpy.context.scene, frames)
    exports.write(objects, tmp_path / "out.vrma")
    bones, shown, words = read_vrma(tmp_path / "out.vrma")
    assert set(bones) == set(places) - {"leftEye", "rightEye"} and {"hips", "head", "leftUpperLeg"} <= set(bones)
    for bone, place in bones.items():
        x, y, z = place.T
        assert np.linalg.norm(np.stack([x, -z, y], -1) - places[bone], axis=-1).max() < MILLIMETRE, bone
    assert np.abs(shown["blinkLeft"] - values["eyeBlinkLeft"][0]).max() < EVEN and np.ptp(shown["blinkLeft"]) > 0.1
    assert not {"lookUp", "leftEye"} & {*shown, *bones} and words["specVersion"] == "1.0" and "node" in words["lookAt"]


def test_live_link_face_of_what_was_baked(starter, tmp_path):
    """The CSV tells the character's curves, also after they were edited: a mouth held open by hand is open in it."""
    objects = starter
    (keys,) = {mesh.data.shape_keys for mesh in objects.meshes if mesh.data.shape_keys}
    curves = {curve.data_path: curve for curve in actions.place(keys.animation_data.action, keys).fcurves}
    for point in curves['key_blocks["jawOpen"].value'].keyframe_points:
        point.co[1] = 0.625
    exports.write(objects, tmp_path / "out.csv")
    header, *rows = [line.split(",") for line in (tmp_path / "out.csv").read_text().splitlines()]
    jaw = [float(row[header.index("JawOpen")]) for row in rows]
    smile = [float(row[header.index("MouthSmileLeft")]) for row in rows]
    assert np.allclose(jaw, 0.625, atol=1e-6) and np.ptp(smile) > 0.01


def test_every_form_for_people_serves_a_character(starter, tmp_path):
    """Each form that a performance can be written in is written of what a character plays."""
    for suffix in plain.EXPORTS:
        what = exports.write(starter, tmp_path / f"out{suffix}")
        assert (tmp_path / f"out{suffix}").stat().st_size > 100 and what.name == "Wave"


def test_a_head_alone_gives_a_face(figure, tmp_path):
    """A face without bones is written as a face, and refused where a body is wanted."""
    mesh = figure.meshes[0]
    mesh.parent = None
    mesh.modifiers.clear()
    head = armature.CharacterObjects(None, (mesh,))
    mesh.data.shape_keys.key_blocks["jawOpen"].value = 0.5
    mesh.data.shape_keys.key_blocks["jawOpen"].keyframe_insert("value", frame=1)
    mesh.data.shape_keys.key_blocks["jawOpen"].keyframe_insert("value", frame=3)
    mesh.data.shape_keys.key_blocks["mouthSmileLeft"].name = "eyeBlinkLeft"
    exports.write(head, tmp_path / "out.csv")
    assert "0.5" in (tmp_path / "out.csv").read_text()
    with pytest.raises(ExportError, match="only a face"):
        exports.write(head, tmp_path / "out.bvh")


def test_what_cannot_be_is_told(figure, request, tmp_path, monkeypatch):
    """A character that plays nothing, an unknown ending and a Blender without USD are each refused in a sentence."""
    with pytest.raises(ExportError, match="plays nothing"):
        exports.write(figure, tmp_path / "out.fbx")
    objects = request.getfixturevalue("starter")
    with pytest.raises(ExportError, match=".fbx, .glb"):
        exports.write(objects, tmp_path / "out.obj")
    monkeypatch.setattr("understudy.addon.exports.usd.has_usd", lambda: False)
    with pytest.raises(ExportError, match="without USD"):
        exports.write(objects, tmp_path / "out.usdc")
    assert not list(tmp_path.iterdir())


def test_the_command_line_exports_a_blend(acted, starter, kept, tmp_path, capfd):
    """`export B.blend OUT` goes by the file's ending, takes the character that is named, and refuses others."""
    record.save(acted, tmp_path / "p.npz")
    run = lambda *words: command.main([str(word) for word in words])  # noqa: E731
    blend = kept / "starter.blend"
    assert run("export", blend, tmp_path / "o.bvh", "--character", "Starter") == 0
    assert "Starter plays" in capfd.readouterr().out and (tmp_path / "o.bvh").is_file()
    assert run("export", blend, tmp_path / "o.bvh", "--character", "Nobody") == 2
    assert "Starter" in capfd.readouterr().err
    assert run("export", blend, tmp_path / "o.obj") == 2
    assert run("export", tmp_path / "p.npz", tmp_path / "o.fbx") == 2


def test_the_operator_writes_what_the_panel_says(extension, starter, tmp_path):
    """The format decides the ending, whatever was typed; errors are reported, not raised as anything else."""
    objects = starter
    bpy.context.scene.understudy.character = objects.armature
    assert bpy.ops.understudy.export(filepath=str(tmp_path / "a.fbx"), form="VRMA") == {"FINISHED"}
    assert [path.name for path in tmp_path.iterdir()] == ["a.vrma"]
    for owner in actions.owners(objects):
        owner.animation_data_clear()
    with pytest.raises(RuntimeError, match="plays nothing"):
        bpy.ops.understudy.export(filepath=str(tmp_path / "b.bvh"), form="BVH")


def test_the_panel_offers_all_forms(extension, empty_scene):
    """Each format has a button of its own, and the asset browser one; nothing needs a character to be drawn."""
    from types import SimpleNamespace

    from understudy.addon.operators.exports import FORMS
    from understudy.addon.panels.exports import UNDERSTUDY_PT_export

    made = []

    class Layout:
        """A layout that remembers its buttons."""

        def grid_flow(self, **_):
            return self

        def operator(self, name, **_):
            made.append(SimpleNamespace(name=name))
            return made[-1]

    UNDERSTUDY_PT_export.draw(SimpleNamespace(layout=Layout()), bpy.context)
    assert [button.form for button in made[:-1]] == [form for form, *_ in FORMS]
    assert made[-1].name == "understudy.mark_asset"
    assert {f".{form.lower()}" for form, *_ in FORMS} <= set(exports.suffixes())


def test_blender_reads_the_bvh_as_the_performance(performance, tmp_path):
    """Imported with Blender's own reader, every joint stands where the performance has it, upright and in metres."""
    plain.write(performance, tmp_path / "p.bvh")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_anim.bvh(filepath=str(tmp_path / "p.bvh"), update_scene_fps=True, update_scene_duration=True)
    (rig,) = bpy.context.scene.objects
    assert bpy.context.scene.render.fps == 24 and bpy.context.scene.frame_end >= 48
    places = skeleton.joint_positions(performance.rotations, performance.root, performance.skeleton)
    for sample in (0, 20, 47):
        bpy.context.scene.frame_set(sample + 1)
        for joint, name in enumerate(names.JOINTS):
            place = np.array(rig.matrix_world @ rig.pose.bones[name].head)
            assert np.allclose(place, places[sample, joint], atol=2e-4), (sample, name)
