"""Motion beside the performance, on characters and cameras in a Blender scene."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from understudy.addon import actions, armature, bakes, environment, layers, rendering, rigs  # noqa: E402
from understudy.addon.kin import Recipe  # noqa: E402
from understudy.solvers.clip import Clip  # noqa: E402
from understudy.solvers.environment.wishes import Environment  # noqa: E402
from understudy.solvers.errors import SettingsError  # noqa: E402

FRAMES = 48


@pytest.fixture
def scene():
    """An empty scene of two seconds."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, FRAMES
    return scene


def tailed() -> bpy.types.Object:
    """A rig of a spine, a head and a tail of two bones."""
    data = bpy.data.armatures.new("Rig")
    rig = bpy.data.objects.new("Rig", data)
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    places = {"hips": ((0, 0, 1), (0, 0, 1.2), None), "chest": ((0, 0, 1.2), (0, 0, 1.5), "hips"),
              "head": ((0, 0, 1.5), (0, 0, 1.7), "chest"), "tail.1": ((0, 0.1, 1), (0, 0.3, 0.9), "hips"),
              "tail.2": ((0, 0.3, 0.9), (0, 0.5, 0.8), "tail.1")}  # fmt: skip
    for name, (head, tail, parent) in places.items():
        bone = data.edit_bones.new(name)
        bone.head, bone.tail = head, tail
        bone.parent = data.edit_bones[parent] if parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def preset():
    """What the rig's bones are."""
    from understudy.solvers.rigs.presets import RigPreset

    return RigPreset(name="test", bones={"hips": "hips", "chest": "chest", "head": "head"})


def poses(rig, bone: str) -> np.ndarray:
    """Where a bone is in the armature over the scene's frames (N, 4, 4)."""
    found = []
    for frame in range(1, FRAMES + 1):
        bpy.context.scene.frame_set(frame)
        found.append(np.array(rig.pose.bones[bone].matrix))
    return np.array(found)


def clip(rig, angle: float) -> Clip:
    """The hips turn about the vertical, and go sideways."""
    turn = np.linspace(0, angle, FRAMES)
    quaternions = np.stack([np.cos(turn / 2), 0 * turn, np.sin(turn / 2), 0 * turn], 1)[:, None]
    places = np.stack([np.sin(turn * 4), 0 * turn, 0 * turn], 1)[:, None]
    none = np.zeros((FRAMES, 0))
    return Clip(np.arange(1.0, FRAMES + 1), 24.0, ("hips",), quaternions, ("hips",), places, (), none)


def test_layers_lie_over_the_performance_and_go_again(scene):
    """Breathing moves the chest over what plays, on a track of its own; cleared, all is as it was."""
    rig = tailed()
    objects = armature.CharacterObjects(rig, ())
    actions.write(clip(rig, 1.0), objects)
    before, hips = poses(rig, "chest"), poses(rig, "hips")
    made = environment.apply(scene, objects, preset(), Environment(breathing=2, settling=1, seed=1))
    assert made == ("breathing", "settling")
    assert np.abs(poses(rig, "chest") - before).max() > 0.01
    assert np.allclose(poses(rig, "hips"), hips, atol=1e-5)
    assert {"Rig Breathing", "Rig Settling"} <= {track.name for track in rig.animation_data.nla_tracks}
    for track in rig.animation_data.nla_tracks:
        track.mute = track.name in ("Rig Breathing", "Rig Settling")
    assert np.allclose(poses(rig, "chest"), before, atol=1e-5)
    environment.clear(scene, objects)
    assert np.allclose(poses(rig, "chest"), before, atol=1e-5)
    assert rig.animation_data.action is not None and not rig.animation_data.nla_tracks


def test_a_tail_hangs_after(scene):
    """A tail lags behind hips that move, and only a tail does: nothing is guessed about other bones."""
    rig = tailed()
    objects = armature.CharacterObjects(rig, ())
    actions.write(clip(rig, 3.0), objects)
    stiff = poses(rig, "tail.2")
    assert environment.apply(scene, objects, preset(), Environment(sway=1)) == ("sway",)
    assert np.linalg.norm((poses(rig, "tail.2") - stiff)[:, :3, 3], axis=1).max() > 0.02
    assert [[bone.name for bone in chain] for chain in environment.life.hanging(rig, set())] == [["tail.1", "tail.2"]]


def test_a_new_bake_keeps_breathing(scene):
    """What was laid over a bake lies over the next one, too."""
    rig = tailed()
    objects = armature.CharacterObjects(rig, ())
    recipe = Recipe("take.npz", {})
    bakes.add(objects, {"NEW": clip(rig, 1.0)}, recipe, "One")
    environment.apply(scene, objects, preset(), Environment(breathing=2))
    bakes.add(objects, {"NEW": clip(rig, 0.5)}, recipe, "Two")
    names = [track.name for track in layers.tracks(rig.animation_data)]
    assert names[-1] == "Rig Breathing" and bakes.current(objects).name == "Two"
    bakes.show(objects, "One")
    assert bakes.current(objects).name == "One"
    assert [t.name for t in layers.tracks(rig.animation_data)][-1] == "Rig Breathing"


def test_the_camera_moves_and_stands_again(scene):
    """A move is keyed over the frame range, trembling lies over it; cleared, the camera stands where it stood."""
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    camera.location, camera.rotation_euler = (0, -4, 1.2), (np.pi / 2, 0, 0)
    scene.camera = camera
    bpy.context.view_layer.update()
    start = np.array(camera.matrix_world)
    wishes = Environment(shot="Fast push in: a stage", handheld=1, seed=5)
    assert environment.camera.move(scene, wishes) == ("camera move", "handheld")
    places = []
    for frame in (1, FRAMES):
        scene.frame_set(frame)
        places.append(np.array(camera.matrix_world)[:3, 3])
    assert places[1][1] - places[0][1] > 0.15
    environment.camera.stand(scene)
    bpy.context.view_layer.update()
    assert np.allclose(np.array(camera.matrix_world), start, atol=1e-5)
    assert not camera.animation_data.nla_tracks and camera.animation_data.action is None


def test_a_zoom_is_the_lens(scene):
    """A zoom keys the lens and leaves the camera where it is."""
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    environment.camera.move(scene, Environment(camera="zoom-in"))
    lenses = []
    for frame in (1, FRAMES):
        scene.frame_set(frame)
        lenses.append(camera.data.lens)
    assert lenses[1] > lenses[0] * 1.05


def test_a_camera_without_perspective_draws_nearer(scene):
    """Before a picture, whose camera knows no distance, a push in narrows the view."""
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    scene.camera, camera.data.type, camera.data.ortho_scale = camera, "ORTHO", 4.0
    environment.camera.move(scene, Environment(camera="push-in"))
    scene.frame_set(FRAMES)
    assert camera.data.ortho_scale < 3.9


def test_no_camera_is_one_sentence(scene):
    """A camera's move without a camera is refused; breathing alone is not."""
    objects = armature.CharacterObjects(tailed(), ())
    with pytest.raises(SettingsError, match="no camera"):
        environment.apply(scene, objects, preset(), Environment(camera="push-in"))
    environment.apply(scene, objects, preset(), Environment(breathing=1))


def test_the_stage_set_anew_keeps_the_move(scene):
    """A camera that the stage makes anew moves as wished."""
    from understudy.addon import files

    objects = files.open_character(None)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 24
    read = armature.read(objects)
    known = rigs.recognised(read)
    rendering.prepare(scene, objects, read, known)
    environment.apply(scene, objects, known, Environment(camera="truck-left"))
    rendering.prepare(scene, objects, read, known, framing="bust")
    assert scene.camera.animation_data.action is not None
