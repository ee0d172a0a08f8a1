"""Keys follow the sliders, and what was made by hand is never lost."""

import shutil
import time
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from understudy.addon import actions, bakes, kin, workspace  # noqa: E402
from understudy.solvers.detect import detect  # noqa: E402

DEMO = Path(__file__).resolve().parents[2] / "presets" / "demo" / "performance.mp4"


@pytest.fixture(scope="module")
def take_file(tmp_path_factory):
    """A take of half a second of the demo clip, in which the performer smiles and talks."""
    path = tmp_path_factory.mktemp("take") / "demo.take.npz"
    detect(DEMO, path, start=4.0, end=4.6)
    return path


@pytest.fixture
def scene(extension, empty_scene, take_file, tmp_path):
    """A scene with the take, the starter, and a bake of one on the other."""
    scene = bpy.context.scene
    copy = shutil.copy(take_file, tmp_path)
    bpy.ops.understudy.add_take(filepath=str(copy))
    bpy.ops.understudy.add_starter()
    assert bpy.ops.understudy.bake() == {"FINISHED"}
    return scene


def follow():
    """Let the timer run until there is nothing left to do; tells how long that took."""
    begun = time.monotonic()
    while workspace._follow() is not None:
        assert time.monotonic() - begun < 20
        time.sleep(0.005)
    return time.monotonic() - begun


def playing(scene):
    """The bake that plays on the scene's character."""
    return bakes.current(workspace.character(scene))


def curves_of(scene, name):
    """All curves of a bake, also those of the face's own action before Blender 4.4."""
    for action in kin.find(workspace.character(scene), name).all:
        yield from actions.curves(action)


def keys(scene, word):
    """{path and index: values} of the curves that play and whose path holds a word."""
    found = {}
    for curve in curves_of(scene, playing(scene).name):
        if word in curve.data_path:
            points = np.empty(2 * len(curve.keyframe_points), np.float32)
            curve.keyframe_points.foreach_get("co", points)
            found[curve.data_path, curve.array_index] = points[1::2]
    assert found
    return found


def test_keys_follow_intensity(scene):
    """A slider that is moved re-bakes in place: face keys grow, bones stay, the bake is the same one."""
    name, jaw, arms = playing(scene).name, keys(scene, "jawOpen"), keys(scene, "UpperArm")
    scene.understudy.look.intensity = 5.0
    follow()
    assert playing(scene).name == name and playing(scene).recipe.settings["intensity"] == 5.0
    (before,), (after,) = jaw.values(), keys(scene, "jawOpen").values()
    assert before.max() > 0.05
    np.testing.assert_allclose(after, before * 5 / 3, atol=1e-5)
    for channel, values in keys(scene, "UpperArm").items():
        np.testing.assert_array_equal(values, arms[channel])


def test_settings_of_the_solve_follow_too(scene):
    """Mirroring solves anew: what the left arm did, the right arm does, without a look at the video."""
    scene.understudy.look.hand_contact = 0.0  # its clothes are not the same on both sides, so neither is keeping clear
    follow()
    before = keys(scene, '"leftLowerArm"')
    scene.understudy.look.mirror = True
    follow()
    after = keys(scene, '"rightLowerArm"')
    a, b = (np.stack([d[k] for k in sorted(d)]) for d in (before, after))
    assert np.abs(np.abs(a) - np.abs(b)).max() < 1e-3 < np.ptp(a, axis=1).max()


def test_nothing_follows_where_it_is_switched_off(scene):
    """Without Follow Look, a slider leaves the keys alone until they are baked again."""
    scene.understudy.bake.live = False
    before = keys(scene, "jawOpen")
    scene.understudy.look.intensity = 5.0
    assert not bpy.app.timers.is_registered(workspace._follow)
    np.testing.assert_array_equal(*[list(k.values())[0] for k in (before, keys(scene, "jawOpen"))])


def test_hand_made_keys_are_kept_aside(scene):
    """Keys edited by hand live on in a bake of their own when a slider re-bakes."""
    curve = next(c for c in curves_of(scene, playing(scene).name) if "jawOpen" in c.data_path)
    curve.keyframe_points[2].co[1] = 0.77
    curve.update()
    scene.understudy.look.intensity = 4.0
    follow()
    edited = [bake for bake in bakes.listed(workspace.character(scene)) if bake.edited]
    assert len(edited) == 1 and not playing(scene).edited
    kept = next(c for c in curves_of(scene, edited[0].name) if "jawOpen" in c.data_path)
    assert kept.keyframe_points[2].co[1] == pytest.approx(0.77)


def test_switching_bakes_brings_their_sliders(scene):
    """A bake that is shown again brings its own settings back, so that nothing is baked over it."""
    first = playing(scene).name
    scene.understudy.bake.live = False
    scene.understudy.look.intensity = 5.0
    bpy.ops.understudy.bake()
    second = playing(scene).name
    assert first != second
    scene.understudy.bake.live = True
    before = {}
    for name, intensity in ((first, 3.0), (second, 5.0), (first, 3.0)):
        bpy.ops.understudy.show_bake(name=name)
        assert scene.understudy.look.intensity == intensity
        follow()
        assert playing(scene).name == name
        (jaw,) = keys(scene, "jawOpen").values()
        np.testing.assert_array_equal(jaw, before.setdefault(name, jaw))


def test_a_bone_chosen_by_hand_is_followed(scene):
    """Taking a bone from the list takes its keys out of the bake, and nothing else."""
    assert keys(scene, '"leftLowerArm"')
    scene.understudy.joints["leftLowerArm"].bone = ""
    follow()
    assert not [c for c in actions.curves(bpy.data.actions[playing(scene).name]) if '"leftLowerArm"' in c.data_path]
    assert keys(scene, '"rightLowerArm"')


def test_take_that_is_gone_is_told(scene):
    """Where the take's file has been deleted, a slider says so and leaves the keys."""
    Path(bpy.path.abspath(scene.understudy.take.path)).unlink()
    workspace._takes.clear()
    workspace._performances.clear()
    before = keys(scene, "jawOpen")
    scene.understudy.look.smoothing = 2.0
    said = []
    workspace_say, workspace.say = workspace.say, lambda words, kind: said.append((words, kind))
    try:
        follow()
    finally:
        workspace.say = workspace_say
    assert len(said) == 1 and "does not exist" in said[0][0]
    np.testing.assert_array_equal(*[list(k.values())[0] for k in (before, keys(scene, "jawOpen"))])


def test_part_of_a_take_is_baked_from_its_first_frame(scene):
    """A range bakes that part only, beginning at the first frame that was asked for."""
    options = scene.understudy.bake
    options.whole, options.begin, options.end, options.start = False, 0.2, 0.4, 11
    bpy.ops.understudy.bake()
    action = bpy.data.actions[playing(scene).name]
    assert action.frame_range[0] == 11 and 14 <= action.frame_range[1] <= 16
    options.end = 0.1
    with pytest.raises(RuntimeError, match="not after its start"):
        bpy.ops.understudy.bake()
    options.begin, options.end = 5.0, 9.0
    with pytest.raises(RuntimeError, match="must lie within"):
        bpy.ops.understudy.bake()
