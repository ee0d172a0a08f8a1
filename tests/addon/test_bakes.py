"""Bakes are made, compared, changed and taken away, and nothing that was there is lost."""

import dataclasses

import numpy as np
import pytest
from understudy.addon import actions, bakes
from understudy.solvers.clip import Clip
from understudy.solvers.motion.rotations import continuous, normalise

RECIPE = bakes.Recipe("//one.take.npz", {"intensity": 3.0})
LAYER = dataclasses.replace(RECIPE, layer={"head": "REPLACE"})


def clip(bones=("hips", "leftUpperArm"), sliders=("jawOpen",), seed=2, start=5.0, count=20, switches=None) -> Clip:
    """A clip in which all that it drives changes from frame to frame."""
    random = np.random.default_rng(seed)
    turns = np.cumsum(random.normal(0, 0.1, (count, len(bones), 4)), 0) + [1, 0, 0, 0]
    movers = tuple(bone for bone in bones if bone == "hips")
    return Clip(
        frames=np.arange(start, start + count), fps=24.0, bones=bones, rotations=continuous(normalise(turns)),
        movers=movers, locations=random.normal(0, 0.3, (count, len(movers), 3)), sliders=sliders,
        values=random.uniform(0.1, 1, (count, len(sliders))), switches=switches or {}, name="Clip",
    )  # fmt: skip


def poses(figure, frames=(1, 5, 8, 14, 24, 40)):
    """{frame: (basis of each bone, slider values of each mesh, switch)} as Blender evaluates them."""
    import bpy

    found = {}
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        found[frame] = now(figure)
    return found


def now(figure):
    """The same at the frame that there is, as it is without evaluating anew."""
    import bpy

    graph = bpy.context.evaluated_depsgraph_get()
    rig = figure.armature.evaluated_get(graph)
    bones = {bone.name: np.array(bone.matrix_basis) for bone in rig.pose.bones}
    for mesh in figure.meshes:
        keys = mesh.evaluated_get(graph).data.shape_keys or mesh.data.shape_keys
        bones |= {f"{mesh.name} {block.name}": block.value for block in keys.key_blocks[1:]}
    if "IK_FK" in rig.pose.bones["hips"]:
        bones["switch"] = rig.pose.bones["hips"]["IK_FK"]
    return bones


def differ(one, other, names=None, within=1e-5):
    """What differs between two poses, or two dicts of them by frame."""
    if not isinstance(next(iter(one)), str):
        return {(frame, name) for frame in one for name in differ(one[frame], other[frame], names, within)}
    return {
        name for name in (names or one) if not np.allclose(one[name], other[name], atol=within)
    }  # fmt: skip


@pytest.fixture
def acting(figure):
    """The figure with an action of its own on head, hips and a slider, an NLA track beneath, a pose and a switch."""
    rig, keys = figure.armature, figure.meshes[0].data.shape_keys
    for mesh in figure.meshes:
        for block in mesh.data.shape_keys.key_blocks[1:]:
            block.value = 0.0  # Blender 5.0 begins at 1
    rig.pose.bones["hips"]["IK_FK"] = 0.25
    rig.pose.bones["rightHand"].rotation_quaternion = (0.8, 0.6, 0, 0)
    spine = rig.pose.bones["spine"]
    for frame, angle in ((1, 0.1), (30, 0.5)):
        spine.rotation_quaternion = (np.cos(angle), 0, np.sin(angle), 0)
        spine.keyframe_insert("rotation_quaternion", frame=frame)
    data = rig.animation_data
    strip = data.nla_tracks.new().strips.new("breath", 1, data.action)
    strip.action.name = "Breath"
    if hasattr(strip, "action_slot"):
        strip.action_slot = strip.action.slots[0]
    data.action = None
    for frame, angle in ((1, 0.2), (12, -0.3), (30, 0.4)):
        for bone in ("head", "hips"):
            rig.pose.bones[bone].rotation_quaternion = (np.cos(angle), np.sin(angle), 0, 0)
            rig.pose.bones[bone].keyframe_insert("rotation_quaternion", frame=frame)
        keys.key_blocks["mouthSmileLeft"].value = abs(angle)
        keys.key_blocks["mouthSmileLeft"].keyframe_insert("value", frame=frame)
    data.action.name = "Walk"
    return figure


def test_a_bake_is_listed_and_plays(figure):
    """A new bake is the current one, has the name and recipe that it was given, and plays what the clip holds."""
    made = bakes.add(figure, {"NEW": clip()}, RECIPE, "Hello")
    assert made == bakes.Bake("Hello", RECIPE, False, False)
    assert bakes.listed(figure) == (made,) and bakes.current(figure) == made
    rig = poses(figure, (8,))[8]
    from mathutils import Quaternion

    wanted = np.array(Quaternion(clip().rotations[3, 1]).to_matrix())
    assert np.allclose(rig["leftUpperArm"][:3, :3], wanted, atol=1e-5)
    assert np.isclose(rig["Skin jawOpen"], clip().values[3, 0], atol=1e-6)


@pytest.mark.parametrize("kind", ["NEW", "LAYER", "TWICE", "BOTH", "SOLO", "OFF"])
def test_clear_brings_back_what_was_there(acting, kind):
    """After any bakes, Clear leaves poses, action, tracks, switches and limits as they were, and no bake."""
    import bpy

    data = acting.armature.animation_data
    if kind == "SOLO":
        data.nla_tracks[0].is_solo = True
    if kind == "OFF":
        data.use_nla = False
    before, there = poses(acting), set(bpy.data.actions)
    strong = dataclasses.replace(clip(), values=clip().values * 1.7, switches={"hips[IK_FK]": 1.0})
    if kind in ("NEW", "TWICE", "BOTH"):
        bakes.add(acting, {"NEW": strong}, RECIPE, "A")
    if kind != "NEW":
        bakes.add(acting, {"REPLACE": clip(("leftUpperArm", "head"), seed=4)}, LAYER, "B")
    if kind in ("TWICE", "BOTH"):
        bakes.add(acting, {"COMBINE": clip(("spine",), seed=5)}, LAYER, "C")
    if kind == "BOTH":
        bakes.show(acting, "A")
    assert differ(before, poses(acting))
    came = bakes.clear(acting)
    assert not differ(before, poses(acting))
    assert set(bpy.data.actions) == there and bakes.listed(acting) == ()
    assert data.action.name == "Walk" and "Walk" in came
    assert [(t.name, t.mute, t.is_solo) for t in data.nla_tracks] == [("NlaTrack", False, kind == "SOLO")]
    assert data.use_nla == (kind != "OFF")
    assert [m.data.shape_keys.key_blocks["jawOpen"].slider_max for m in acting.meshes] == [1.0, 1.0]


@pytest.mark.parametrize("blend", ["REPLACE", "COMBINE"])
def test_a_layer_leaves_the_rest_alone(acting, blend):
    """What a layer does not drive, and every bone before and after it, does exactly what it did."""
    before = poses(acting)
    layered = clip(("leftUpperArm", "head", "rightHand"), ("jawOpen",), start=8.0, count=10)
    bakes.add(acting, {blend: layered}, LAYER, "Layer")
    after = poses(acting)
    driven = {"leftUpperArm", "head", "rightHand", "Skin jawOpen", "Teeth jawOpen"}
    assert not differ(before, after, set(before[1]) - driven)
    assert not differ({f: before[f] for f in (1, 5, 24, 40)}, {f: after[f] for f in (1, 5, 24, 40)})
    assert {name for frame, name in differ(before, after) if frame == 14} == driven


def test_a_layer_replaces_or_adds(acting):
    """A replacing layer plays its own pose; an adding one turns on from the pose beneath, be it animated or not."""
    from mathutils import Quaternion

    before = poses(acting, (8,))[8]
    layered = clip(("head", "rightHand"), ("jawOpen", "mouthSmileLeft"))
    turns = zip(layered.bones, layered.rotations[3], strict=True)
    own = {bone: np.array(Quaternion(turn).to_matrix().to_4x4()) for bone, turn in turns}
    bakes.add(acting, {"REPLACE": layered}, LAYER, "Replaced")
    after = poses(acting, (8,))[8]
    assert all(np.allclose(after[bone], own[bone], atol=1e-5) for bone in own)
    bakes.clear(acting)
    bakes.add(acting, {"COMBINE": layered}, LAYER, "Added")
    after = poses(acting, (8,))[8]
    assert all(np.allclose(after[bone], before[bone] @ own[bone], atol=1e-5) for bone in own)
    total = before["Skin mouthSmileLeft"] + layered.values[3, 1]
    assert np.isclose(after["Skin mouthSmileLeft"], min(total, 1.0), atol=1e-5)


def test_layers_switch_controls_only_where_they_play(acting):
    """A layer's switches act within it; before and after it they are as they were."""
    bakes.add(acting, {"REPLACE": clip(("hips",), (), start=8.0, count=10, switches={"hips[IK_FK]": 1.0})}, LAYER, "L")
    assert [pose["switch"] for pose in poses(acting, (1, 10, 40)).values()] == [0.25, 1.0, 0.25]
    bakes.clear(acting)
    assert acting.armature.pose.bones["hips"]["IK_FK"] == 0.25


def test_bakes_are_compared(acting):
    """Showing one bake and then another plays each as it was made, layered or not, at once."""
    import bpy

    played = {}
    bakes.add(acting, {"NEW": clip(seed=1)}, RECIPE, "A")
    played["A"] = poses(acting)
    bakes.add(acting, {"REPLACE": clip(("head",), ("mouthSmileLeft",), seed=3)}, LAYER, "B")
    played["B"] = poses(acting)
    bakes.add(acting, {"NEW": clip(("head", "neck"), seed=4, switches={"hips[IK_FK]": 1.0})}, RECIPE, "C")
    played["C"] = poses(acting)
    bpy.context.scene.frame_set(14)
    for name in ("B", "A", "C", "B", "C", "A"):
        bakes.show(acting, name)
        assert bakes.current(acting).name == name
        assert not differ(played[name][14], now(acting))
    assert not differ(played["A"], poses(acting))
    assert [bake.name for bake in bakes.listed(acting)] == ["A", "B", "C"]


def test_rewriting_is_in_place(acting):
    """A bake made again keeps its action and name; poses change at once, and foreign curves in it stay."""
    import bpy

    made = bakes.add(acting, {"NEW": clip(seed=1)}, RECIPE, "A")
    action = bpy.data.actions["A"]
    foot = acting.armature.pose.bones["leftFoot"]
    foot.location = (0, 0, 0.5)
    foot.keyframe_insert("location", frame=7)
    bpy.context.scene.frame_set(8)
    before, asked = now(acting), dataclasses.replace(RECIPE, settings={"intensity": 5.0})
    other = clip(("hips", "neck"), ("jawOpen", "mouthSmileLeft"), seed=9, start=3.0, count=30)
    assert bakes.replace(acting, made, {"NEW": other}, asked) is None
    after = now(acting)
    assert differ(before, after) >= {"hips", "neck", "Skin jawOpen", "Skin mouthSmileLeft", "leftUpperArm"}
    assert np.allclose(after["leftUpperArm"], np.eye(4)) and np.isclose(after["leftFoot"][2, 3], 0.5)
    assert acting.armature.animation_data.action == action and bakes.current(acting).recipe == asked
    assert len(bakes.listed(acting)) == 1 and tuple(action.frame_range) == (3.0, 32.0)


def test_a_layer_is_rewritten_in_place(acting):
    """A layer made again with more parts plays them, also beyond its old end; what is beneath stays."""
    before = poses(acting)
    made = bakes.add(acting, {"REPLACE": clip(("leftUpperArm",), (), count=10)}, LAYER, "L")
    clips = {"REPLACE": clip(("leftUpperArm", "neck"), (), count=30), "COMBINE": clip(("head",), count=30)}
    assert bakes.replace(acting, made, clips, LAYER) is None
    changed = {name for frame, name in differ(before, poses(acting)) if frame == 24}
    assert changed == {"leftUpperArm", "neck", "head", "Skin jawOpen", "Teeth jawOpen"}
    assert bakes.replace(acting, made, {"REPLACE": clip(("leftUpperArm",), (), count=10)}, LAYER) is None
    assert {name for _, name in differ(before, poses(acting))} == {"leftUpperArm"}
    bakes.clear(acting)
    assert not differ(before, poses(acting))


EDITS = {
    "moved": lambda curve: setattr(curve.keyframe_points[3], "co", (curve.keyframe_points[3].co[0], 3.0)),
    "added": lambda curve: curve.keyframe_points.insert(7.5, 0.1),
    "removed": lambda curve: curve.keyframe_points.remove(curve.keyframe_points[2]),
    "eased": lambda curve: setattr(curve.keyframe_points[2], "interpolation", "BEZIER"),
}


@pytest.mark.parametrize("edit", [*EDITS, "deleted", "handle"])
@pytest.mark.parametrize("kind", ["NEW", "REPLACE"])
def test_hand_made_keys_are_kept(acting, edit, kind):
    """Whatever is done to a bake's curves by hand, rewriting it keeps that as a bake that can be shown."""
    import bpy

    recipe = dataclasses.replace(RECIPE, tolerance=0.005 if edit == "handle" else 0.0)
    made = bakes.add(acting, {kind: clip()}, recipe, "A")
    action = bpy.data.actions["A"]
    curve = next(c for c in actions.curves(action) if "hips" in c.data_path)
    if edit == "deleted":
        place = actions.place(action, acting.armature)
        place.fcurves.remove(curve)
    elif edit == "handle":
        point = curve.keyframe_points[1]
        point.handle_right = (point.handle_right[0], point.handle_right[1] + 0.02)
    else:
        EDITS[edit](curve)
    bakes.show(acting, "A")
    edited = poses(acting)
    name = bakes.replace(acting, made, {kind: clip(seed=8)}, recipe)
    assert name == "A edited"
    assert [(b.name, b.edited) for b in bakes.listed(acting)] == [("A", False), ("A edited", True)]
    assert bakes.current(acting).name == "A" and differ(edited, poses(acting))
    assert bakes.replace(acting, made, {kind: clip(seed=9)}, recipe) is None
    bakes.show(acting, name)
    assert not differ(edited, poses(acting))


@pytest.mark.parametrize("tolerance, start", [(0.0, 5.0), (0.01, 5.0), (0.01, 10_000.0)])
def test_untouched_bakes_are_not_kept(figure, tolerance, start, tmp_path):
    """Nothing is taken for hand-made that was not: not after playing, saving, opening, calculating handles anew."""
    import bpy
    from understudy.addon.armature import characters

    recipe = dataclasses.replace(RECIPE, tolerance=tolerance)
    bakes.add(figure, {"NEW": clip(count=400, start=start)}, recipe, "A")
    poses(figure)
    for _ in range(3):
        for curve in actions.curves(bpy.data.actions["A"]):
            curve.update()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    figure = characters(bpy.context.scene.objects)[0]
    made = bakes.current(figure)
    assert made.name == "A" and made.recipe == recipe
    assert bakes.replace(figure, made, {"NEW": clip(seed=3)}, recipe) is None


def test_removing(acting):
    """A bake that is removed is gone from the file; if it played, what it was put over plays again."""
    import bpy

    original = poses(acting)
    bakes.add(acting, {"NEW": clip(seed=1)}, RECIPE, "A")
    first = poses(acting)
    bakes.add(acting, {"REPLACE": clip(("head",), seed=3)}, LAYER, "B")
    bakes.remove(acting, "B")
    assert bakes.current(acting).name == "A" and not differ(first, poses(acting))
    bakes.add(acting, {"NEW": clip(("neck",), seed=1)}, RECIPE, "C")
    played = poses(acting)
    bakes.remove(acting, "A")
    assert not differ(played, poses(acting))
    bakes.remove(acting, "C")
    bakes.clear(acting)
    assert {action.name for action in bpy.data.actions} >= {"Walk", "Breath"} and not bakes.listed(acting)
    assert not [a for a in bpy.data.actions if bakes.MARK in a]
    bakes.add(acting, {"NEW": clip(seed=1)}, RECIPE, "A")
    bakes.remove(acting, "A")
    assert acting.armature.animation_data.action.name == "Walk" and not differ(original, poses(acting))


@pytest.mark.parametrize("what", ["action", "all actions", "tracks", "animation"])
@pytest.mark.parametrize("kind", ["NEW", "REPLACE"])
def test_deleting_by_hand_breaks_nothing(acting, what, kind):
    """After actions or tracks were deleted in Blender's own editors, everything here still works."""
    import bpy

    bakes.add(acting, {"NEW": clip(seed=1)}, RECIPE, "A")
    bakes.add(acting, {kind: clip(seed=2)}, RECIPE if kind == "NEW" else LAYER, "B")
    owners = actions.owners(acting)
    if what == "action":
        bpy.data.actions.remove(bpy.data.actions["B"])
    elif what == "all actions":
        for action in list(bpy.data.actions):
            bpy.data.actions.remove(action)
    elif what == "tracks":
        for owner in owners:
            for track in list(owner.animation_data.nla_tracks) if owner.animation_data else ():
                owner.animation_data.nla_tracks.remove(track)
    else:
        for owner in owners:
            owner.animation_data_clear()
    names = [bake.name for bake in bakes.listed(acting)]
    bakes.current(acting)
    for name in names:
        bakes.show(acting, name)
        assert bakes.current(acting).name == name
        assert bakes.replace(acting, bakes.current(acting), {kind: clip(seed=5)}, LAYER) in (None, f"{name} edited")
    bakes.add(acting, {kind: clip(seed=6)}, RECIPE, "D")
    bakes.remove(acting, "D")
    bakes.clear(acting)
    assert not bakes.listed(acting) and not [action for action in bpy.data.actions if bakes.MARK in action]


def test_undo_takes_back_one_step(acting):
    """Undo after a bake brings back what was there; redo the bake."""
    import bpy
    from understudy.addon.armature import characters

    def figure():
        return characters(bpy.context.scene.objects)[0]

    before = poses(acting)
    bpy.ops.ed.undo_push(message="before")
    bakes.add(acting, {"REPLACE": clip()}, LAYER, "A")
    bpy.ops.ed.undo_push(message="bake")
    bpy.ops.ed.undo()
    assert not bakes.listed(figure()) and not differ(before, poses(figure()))
    bpy.ops.ed.redo()
    assert bakes.current(figure()).name == "A"


def test_renaming(acting):
    """A bake goes by the name of its action; a character and its actions may be renamed while it plays."""
    import bpy

    before = poses(acting)
    made = bakes.add(acting, {"NEW": clip()}, RECIPE, "A")
    bpy.data.actions["A"].name = "Angry"
    bpy.data.actions["Walk"].name = "Stroll"
    acting.armature.name = "Somebody"
    assert [bake.name for bake in bakes.listed(acting)] == ["Angry"]
    made = bakes.current(acting)
    assert bakes.replace(acting, made, {"NEW": clip(seed=4)}, RECIPE) is None
    bakes.clear(acting)
    assert not differ(before, poses(acting))
    assert acting.armature.animation_data.action.name == "Stroll"


def test_two_characters_keep_to_themselves(figure):
    """Bakes of one character are no matter of another's."""
    import bpy
    from understudy.addon.armature import CharacterObjects

    rig = figure.armature.copy()
    rig.data = figure.armature.data.copy()
    bpy.context.scene.collection.objects.link(rig)
    other = CharacterObjects(rig, ())
    bakes.add(figure, {"NEW": clip()}, RECIPE, "A")
    bakes.add(other, {"NEW": clip(sliders=())}, RECIPE, "A")
    assert [b.name for b in bakes.listed(figure)] == ["A"] and [b.name for b in bakes.listed(other)] == ["A.001"]
    bakes.clear(other)
    assert bakes.current(figure).name == "A"


def test_a_face_alone(figure):
    """A bake of sliders alone leaves what the armature plays as it is, and a bare head can have bakes."""
    from understudy.addon.armature import CharacterObjects

    figure.armature.pose.bones["head"].keyframe_insert("location", frame=1)
    walk = figure.armature.animation_data.action
    bakes.add(figure, {"NEW": clip(())}, RECIPE, "Face")
    assert figure.armature.animation_data.action == walk and bakes.current(figure).name == "Face"
    bakes.clear(figure)
    bare = CharacterObjects(None, figure.meshes)
    made = bakes.add(bare, {"REPLACE": clip(())}, LAYER, "Face")
    assert bakes.current(bare) == made
    bakes.clear(bare)
    assert not bakes.listed(bare)


def test_nothing_to_bake(figure):
    """Clips that drive nothing are refused with a reason, and leave nothing behind."""
    import bpy
    from understudy.solvers.errors import RigError

    with pytest.raises(RigError, match="would hold no keys"):
        bakes.add(figure, {"NEW": clip((), ())}, RECIPE, "A")
    assert not bpy.data.actions


@pytest.mark.parametrize("kind", ["NEW", "REPLACE"])
def test_saving_and_opening(acting, kind, tmp_path):
    """After saving and opening, bakes play, are compared and cleared as before."""
    import bpy
    from understudy.addon.armature import characters

    before = poses(acting)
    bakes.add(acting, {"NEW": clip(seed=1)}, RECIPE, "A")
    bakes.add(acting, {kind: clip(("head", "rightHand"), seed=2)}, LAYER, "B")
    played = poses(acting)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    acting = characters(bpy.context.scene.objects)[0]
    assert bakes.current(acting).name == "B" and not differ(played, poses(acting))
    bakes.show(acting, "A")
    bakes.show(acting, "B")
    assert not differ(played, poses(acting))
    assert "Walk" in bakes.clear(acting) and not differ(before, poses(acting))


def test_appended_bakes(figure, tmp_path):
    """A bake that is appended from another file to the same character is listed there, and plays."""
    import bpy
    from understudy.addon.armature import characters

    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "plain.blend"))
    bakes.add(figure, {"NEW": clip()}, RECIPE, "A")
    played, names = poses(figure), [action.name for action in bpy.data.actions]
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "baked.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "plain.blend"))
    with bpy.data.libraries.load(str(tmp_path / "baked.blend")) as (_, wanted):
        wanted.actions = names
    figure = characters(bpy.context.scene.objects)[0]
    assert [bake.name for bake in bakes.listed(figure)] == ["A"] and bakes.current(figure) is None
    bakes.show(figure, "A")
    assert bakes.current(figure).recipe == RECIPE and not differ(played, poses(figure))


def test_tweaking_a_strip(acting):
    """A bake can be made and cleared while a strip is being tweaked; tweaking ends, nothing else."""
    data = acting.armature.animation_data
    before = poses(acting)
    data.nla_tracks[0].strips[0].select = True
    data.nla_tracks.active = data.nla_tracks[0]
    data.use_tweak_mode = True
    bakes.add(acting, {"REPLACE": clip(("neck",), ())}, LAYER, "A")
    assert not data.use_tweak_mode and {name for _, name in differ(before, poses(acting))} == {"neck"}
    bakes.clear(acting)
    assert not differ(before, poses(acting)) and data.action.name == "Walk"


def test_cycles_go_on_beneath_a_layer(figure):
    """An action that repeats itself for ever does so beneath a layer, too."""
    bone = figure.armature.pose.bones["head"]
    for frame, angle in ((1, 0.0), (5, 0.4), (9, 0.0)):
        bone.rotation_quaternion = (np.cos(angle), np.sin(angle), 0, 0)
        bone.keyframe_insert("rotation_quaternion", frame=frame)
    for curve in actions.curves(figure.armature.animation_data.action):
        curve.modifiers.new("CYCLES")
    before = poses(figure, (3, 50, 200))
    bakes.add(figure, {"REPLACE": clip(("neck",), (), start=40.0)}, LAYER, "A")
    assert differ(before, poses(figure, (3, 50, 200))) == {(50, "neck")}


@pytest.mark.parametrize(
    "region, switched", [("head", {"torso"}), ("left_hand", set()), ("body", {"upper_arm_parent", "thigh_parent"})]
)
def test_a_layer_switches_only_its_own_controls(shared, performance, region, switched):
    """On a Rigify rig whose arms are animated by IK, a layer of the head or a hand leaves all else where it was."""
    import bpy
    from understudy.addon.armature import characters, read
    from understudy.solvers.retarget import REGIONS, retarget
    from understudy.solvers.rigs import presets
    from understudy.solvers.settings import Settings

    if bpy.app.version < (4, 5, 0):
        pytest.skip("the Rigify character was saved by a newer Blender, which this one cannot read")
    bpy.ops.wm.open_mainfile(filepath=str(shared / "characters" / "mh_f_rigify.blend"))
    found = [one for one in characters(bpy.context.scene.objects) if one.armature]
    rigify = next(one for one in found if "rig_id" in one.armature.data)
    rig = rigify.armature
    for frame, place in ((1, 0.0), (60, 0.3)):
        for bone in ("hand_ik.L", "torso"):
            rig.pose.bones[bone].location = (0, place, place)
            rig.pose.bones[bone].keyframe_insert("location", frame=frame)
    character = read(rigify)
    settings = Settings(**{name: name == region for name in REGIONS})
    made = retarget(performance, character, presets.recognise(character), settings, 24.0)
    before = stands(rig, 20)
    bakes.add(rigify, {"REPLACE": made}, LAYER, "Layer")
    action = bpy.data.actions["Layer"]
    keyed = {c.data_path.split('"')[1].partition(".")[0] for c in actions.curves(action) if c.data_path.endswith('"]')}
    assert keyed == switched
    moved = {name for name, matrix in stands(rig, 20).items() if not np.allclose(matrix, before[name], atol=1e-4)}
    arms = {name for name in before if "upper_arm" in name or "forearm" in name}
    fingers = {name for name in before if name.endswith(".L") and ("DEF-f_" in name or "DEF-thumb" in name)}
    assert moved == fingers if region == "left_hand" else (arms <= moved) == (region == "body") and moved
    bakes.clear(rigify)
    assert all(np.allclose(matrix, before[name], atol=1e-5) for name, matrix in stands(rig, 20).items())


def stands(rig, frame):
    """{deforming bone: its matrix} at a frame."""
    import bpy

    bpy.context.scene.frame_set(frame)
    bones = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    return {bone.name: np.array(bone.matrix) for bone in bones if bone.name.startswith("DEF-")}


def leaving(made: Clip, *names) -> Clip:
    """The clip with its middle left to what the character does, for some bones and sliders."""
    share = np.clip(np.minimum(np.arange(20) - 4, 15 - np.arange(20)) / 3, 0, 1)
    return dataclasses.replace(made, left={name: share for name in names})


@pytest.mark.parametrize("kind", ["NEW", "REPLACE"])
@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ", "AXIS_ANGLE"])
def test_what_is_left_goes_on_as_before(acting, kind, mode):
    """Where a clip leaves bones and sliders alone they do what they did before, animated or not, and jump nowhere."""
    rig = acting.armature.pose.bones
    rig["leftUpperArm"].rotation_mode = mode
    rig["leftUpperArm"].rotation_euler, rig["leftUpperArm"].rotation_axis_angle = (0.1, 0.2, 0.3), (0.5, 1, 0, 0)
    names = ("head", "leftUpperArm", "hips", "spine", "rightHand", "mouthSmileLeft")
    middle, inside = (12, 13, 14), ("head", "leftUpperArm", "hips", "spine", "rightHand", "Skin mouthSmileLeft")
    before = poses(acting, middle)
    whole = clip(names[:-1], names[-1:])
    made = bakes.add(acting, {kind: leaving(whole, *names)}, RECIPE if kind == "NEW" else LAYER, "A")
    assert not differ(before, poses(acting, middle), inside, 1e-4)
    others = bakes.add(acting, {kind: whole}, RECIPE if kind == "NEW" else LAYER, "B")
    wanted = poses(acting, (5, 6, 23, 24))
    bakes.remove(acting, others.name)
    bakes.show(acting, made.name)
    assert not differ(wanted, poses(acting, (5, 6, 23, 24)), inside, 1e-4)


@pytest.mark.parametrize("kind", ["NEW", "REPLACE"])
def test_what_is_left_is_left_when_baked_anew(acting, kind):
    """Rewriting a bake leaves bones to what was there before it, not to its own keys."""
    names = ("head", "leftUpperArm", "spine", "mouthSmileLeft")
    before = poses(acting, (13,))
    recipe = RECIPE if kind == "NEW" else LAYER
    made = bakes.add(acting, {kind: clip(names[:-1], names[-1:])}, recipe, "A")
    bakes.replace(acting, made, {kind: leaving(clip(names[:-1], names[-1:], seed=8), *names)}, recipe)
    assert not differ(before, poses(acting, (13,)), ("head", "leftUpperArm", "spine", "Skin mouthSmileLeft"), 1e-4)
