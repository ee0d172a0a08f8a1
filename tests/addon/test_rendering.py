"""Scenes are prepared so that all of a performance is in the picture, and filmed without changing them."""

import numpy as np
import pytest
from understudy.addon import actions, armature, rendering
from understudy.solvers.clip import Clip
from understudy.solvers.errors import RenderError
from understudy.solvers.footage import film
from understudy.solvers.rigs.presets import recognise


def walk(distance=2.0):
    """A clip in which the hips go sideways and up and down over twelve frames."""
    frames = np.arange(1.0, 13.0)
    way = np.zeros((12, 1, 3))
    way[:, 0, 0], way[:, 0, 2] = np.linspace(0, distance, 12), 0.2 * np.sin(frames)
    return Clip(
        frames=frames, fps=24.0, bones=(), rotations=np.zeros((12, 0, 4)), movers=("hips",), locations=way,
        sliders=("jawOpen",), values=np.linspace(0, 1, 12)[:, None],
    )  # fmt: skip


def seen(scene, points):
    """Where points (P, 3) are in the picture: (P, 2), 0..1 inside."""
    import bpy
    from bpy_extras.object_utils import world_to_camera_view
    from mathutils import Vector

    bpy.context.view_layer.update()
    return np.array([world_to_camera_view(scene, scene.camera, Vector(p))[:2] for p in points])


def prepared(figure, scene, **words):
    character = armature.read(figure)
    actions.write(walk(), figure)
    options = {"framing": "full", "size": (128, 128), "frames": (1, 12), "fps": 24.0} | words
    rendering.prepare(scene, figure, character, recognise(character), **options)


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (960, 960), (1584, 672)])
def test_the_camera_frames_all_of_the_performance(figure, empty_scene, size):
    """At every frame the whole character is in the picture, which it fills in one direction."""
    prepared(figure, empty_scene, size=size)
    corners = []
    for frame in range(1, 13):
        empty_scene.frame_set(frame)
        corners.append(seen(empty_scene, rendering.surface(figure)))
    corners = np.concatenate(corners)
    assert corners.min() > 0 and corners.max() < 1
    assert np.ptp(corners, axis=0).max() > 0.8
    assert np.allclose((corners.min(0) + corners.max(0)) / 2, 0.5, atol=0.06)


def test_a_portrait_shows_the_head(figure, empty_scene):
    """Framed as a head, the head is large and the feet are out of the picture."""
    prepared(figure, empty_scene, framing="head")
    top = seen(empty_scene, [(0, -0.1, 1.75), (0, -0.1, 0.1)])
    assert 0 < top[0, 1] < 1 and top[1, 1] < 0


@pytest.mark.parametrize("turn", [0.0, 1.0, 3.14])
def test_the_camera_stands_before_the_character(figure, empty_scene, turn):
    """However the armature is turned, the camera is where the character looks."""
    import bpy

    figure.armature.rotation_euler.z = turn
    bpy.context.view_layer.update()
    prepared(figure, empty_scene)
    forward = np.array([np.sin(turn), -np.cos(turn)])
    to_camera = np.array(empty_scene.camera.matrix_world.translation)[:2]
    assert to_camera @ forward / np.linalg.norm(to_camera) > 0.85


def test_preparing_twice_changes_nothing_more(figure, empty_scene):
    """The second stage takes the place of the first, and the user's own objects stay."""
    import bpy

    own = bpy.data.objects.new("Mine", bpy.data.lights.new("Mine", "POINT"))
    empty_scene.collection.objects.link(own)
    prepared(figure, empty_scene)
    first = sorted(thing.type for thing in empty_scene.objects)
    prepared(figure, empty_scene)
    assert sorted(thing.type for thing in empty_scene.objects) == first
    assert own.name in empty_scene.objects


def test_the_scene_is_ready_for_its_user(figure, empty_scene):
    """Range, rate and size are set, the first frame is shown, and there are camera and lights."""
    prepared(figure, empty_scene, fps=29.97, size=(832, 1104))
    assert (empty_scene.frame_start, empty_scene.frame_end, empty_scene.frame_current) == (1, 12, 1)
    assert empty_scene.render.fps / empty_scene.render.fps_base == pytest.approx(30000 / 1001)
    assert (empty_scene.render.resolution_x, empty_scene.render.resolution_y) == (832, 1104)
    assert empty_scene.camera and sum(thing.type == "LIGHT" for thing in empty_scene.objects) == 3


def test_workbench_gets_a_soft_shadow_that_follows(figure, empty_scene):
    """Under a figure shown whole a shadow on the floor goes where the hips go; other engines cast their own."""
    import bpy

    prepared(figure, empty_scene)
    (shadow,) = [thing for thing in empty_scene.objects if thing.name.startswith("Understudy Shadow")]
    floor = shadow.location.z
    for frame in (1, 12):
        empty_scene.frame_set(frame)
        hips = figure.armature.matrix_world @ figure.armature.pose.bones["hips"].head
        place = shadow.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world.translation
        assert np.allclose(place[:2], hips[:2], atol=1e-4) and abs(place[2] - floor) < 1e-4
    prepared(figure, empty_scene, engine="cycles")
    assert not [thing for thing in empty_scene.objects if thing.name.startswith("Understudy Shadow")]


def test_filming_gives_the_scene_back(figure, empty_scene, tmp_path):
    """A film has a picture a frame, in which something is to be seen; output settings and frame are as before."""
    import av

    prepared(figure, empty_scene, frames=(1, 3))
    empty_scene.frame_set(7)
    render, images = empty_scene.render, empty_scene.render.image_settings
    render.filepath, images.file_format = "//mine_", "JPEG"
    steps = []
    assert rendering.render(empty_scene, tmp_path / "film.mp4", lambda *step: steps.append(step)) == 3
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert (render.filepath, images.file_format, empty_scene.frame_current) == ("//mine_", "JPEG", 7)
    with av.open(str(tmp_path / "film.mp4")) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(pictures) == 3 and pictures[0].shape == (128, 128, 3) and pictures[0].std() > 5
    assert np.abs(pictures[0].astype(int) - pictures[2]).max() > 20
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_sound_is_remembered(figure, empty_scene, tmp_path):
    """A scene keeps the driving clip's path and start, and forgets it when told to or when the file is gone."""
    clip = tmp_path / "clip.mp4"
    film.write(clip, (np.zeros((64, 64, 3), np.uint8) for _ in range(3)), 24.0)
    rendering.add_sound(empty_scene, film.Soundtrack(str(clip), 1.5))
    assert rendering.sound_of(empty_scene) == film.Soundtrack(str(clip.resolve()), 1.5)
    clip.unlink()
    assert rendering.sound_of(empty_scene) is None
    rendering.add_sound(empty_scene, None)
    assert rendering.SOUND not in empty_scene


@pytest.mark.parametrize("ratio, size", [("1280:720", (1280, 720)), ("101:200", (100, 200)), ("64x64", (64, 64))])
def test_ratios(ratio, size):
    """Sizes are read in pixels and made even."""
    assert rendering.film_size(ratio) == size


@pytest.mark.parametrize("ratio", ["16:9", "wide", "1280", "99999:10", "", "0:0", "-720:1280"])
def test_odd_ratios_are_refused(ratio):
    """What is no picture size is refused with what would be right."""
    with pytest.raises(RenderError, match="1280:720"):
        rendering.film_size(ratio)


def test_engines_are_those_that_there_are(empty_scene):
    """Each engine is found under this Blender's name for it; another is refused."""
    for engine in rendering.ENGINES:
        rendering.set_engine(empty_scene, engine)
        assert empty_scene.render.engine in rendering.ENGINES[engine]
    with pytest.raises(RenderError, match="workbench"):
        rendering.set_engine(empty_scene, "povray")


def test_a_scene_without_a_camera_is_refused(empty_scene, tmp_path):
    """There is one sentence and no file."""
    with pytest.raises(RenderError, match="no camera"):
        rendering.render(empty_scene, tmp_path / "film.mp4")
    assert not list(tmp_path.iterdir())


def test_faint_hair_is_cut_out(figure, empty_scene):
    """A see-through picture gets a copy without faint pixels, once, and is itself left as it was."""
    import bpy
    from understudy.addon.cutouts import NODE, cut_out

    picture = bpy.data.images.new("Hair", 16, 16, alpha=True)
    alpha = np.linspace(0, 1, 256)
    picture.pixels.foreach_set(np.stack([0 * alpha, 0 * alpha, 0 * alpha, alpha], 1).ravel().astype(np.float32))
    material = bpy.data.materials.new("Hair")
    if material.node_tree is None:
        material.use_nodes = True
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = picture
    shader = next(other for other in material.node_tree.nodes if other.type == "BSDF_PRINCIPLED")
    material.node_tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])
    material.node_tree.links.new(node.outputs["Alpha"], shader.inputs["Alpha"])
    figure.meshes[0].data.materials.append(material)
    before = np.array(picture.pixels[:])
    assert cut_out(figure) == cut_out(figure) == 1
    assert [node.name for node in material.node_tree.nodes].count(NODE) == 1
    copy = np.array(material.node_tree.nodes.active.image.pixels[:])[3::4]
    assert np.allclose(picture.pixels[:], before)
    assert (copy[alpha < 0.45] < 0.1).all() and (copy[alpha > 0.55] > 0.5).all()
