"""What the viewport shows and plays beside the character: the overlay's lines, the video's sound."""

import shutil
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from understudy.addon import overlay, rendering, view  # noqa: E402
from understudy.addon.footage import Clock  # noqa: E402
from understudy.addon.place import Place, skeleton_matrix  # noqa: E402
from understudy.solvers.detect import detect  # noqa: E402
from understudy.solvers.footage.film import Soundtrack  # noqa: E402
from understudy.solvers.motion.skeleton import joint_positions  # noqa: E402
from understudy.solvers.names import JOINT  # noqa: E402
from understudy.solvers.solve import solve  # noqa: E402

DEMO = Path(__file__).resolve().parents[2] / "presets" / "demo" / "performance.mp4"
NOBODY = Place(np.zeros(3), np.eye(3), 1.7)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A take of half a second of the demo clip, its performance, and the file that it is in."""
    path = tmp_path_factory.mktemp("take") / "performance.take.npz"
    take = detect(DEMO, path, start=4.0, end=4.6)
    return take, solve(take), path


def test_colours_tell_sure_from_unsure():
    """The scale runs one way: the surer, the bluer and darker; what was never seen is faint."""
    shades = overlay.colors(np.linspace(0.2, 1, 30))
    light = shades[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(shades[:, 2] - shades[:, 0]) >= -1e-6).all() and (np.diff(light) <= 1e-6).all()
    assert overlay.colors(np.array([0.0]))[0, 3] < 0.5 * shades[0, 3]
    assert np.isfinite(overlay.colors(np.array([np.nan]))).all()


def test_lines_end_at_the_joints(made):
    """At a sample every bone's line runs from its parent's joint to its own, in the scene where a bake puts it."""
    take, solved, _ = made
    sample = len(solved.time) // 2
    clock = Clock(1, 24.0, float(solved.time[sample]))
    show = overlay.Show(clock, take.time, solved_time=solved.time, skeleton=overlay.skeleton_strokes(solved))
    bones, _ = overlay.at_frame(show, 1.0)
    truth = joint_positions(solved.rotations, solved.root, solved.skeleton)[sample]
    ends = bones[0].places.reshape(-1, 2, 3)
    assert len(ends) == len(overlay.BODY_BONES)
    for (parent, child), line in zip(overlay.BODY_BONES, ends, strict=True):
        assert np.allclose(line, truth[[parent, child]], atol=1e-5)
    to_scene = skeleton_matrix(NOBODY, solved, float(solved.time[0]))
    ankles = truth[[JOINT["leftFoot"], JOINT["rightFoot"]]] @ to_scene[:3, :3].T + to_scene[:3, 3]
    assert 0.0 < ankles[:, 2].min() < 0.25


def test_landmarks_are_those_of_the_picture(made):
    """At a frame the dots are where the detector saw them in the picture that is shown, in px."""
    take, _, _ = made
    strokes, clock = overlay.landmark_strokes(take), Clock(1, 24.0, float(take.time[0]))
    show = overlay.Show(clock, take.time, landmarks=strokes, size=take.size)
    for frame in (1.0, 7.6, 13.0):
        _, marks = overlay.at_frame(show, frame)
        sample = int(np.argmin(np.abs(take.time - take.time[0] - (int(frame) - 1) / 24)))
        dots = next(thing for thing in marks if thing.kind == "POINTS")
        assert np.allclose(dots.places[:, :2], np.nan_to_num(take.face.image[sample, :, :2]), atol=1e-3)


@pytest.fixture
def taken(extension, empty_scene, made, tmp_path):
    """A scene with the take in its list."""
    video = shutil.copy(DEMO, tmp_path / "performance.mp4")
    bpy.ops.understudy.add_take(filepath=str(shutil.copy(made[2], tmp_path)))
    scene = bpy.context.scene
    scene.understudy.take.video = str(video)
    scene.render.fps = 24
    return scene


audible = pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="this Blender was built without sound")


def strips(scene) -> list:
    """The strips in a scene's sequencer."""
    editor = scene.sequence_editor
    return list(getattr(editor, "strips", None) or getattr(editor, "sequences", ())) if editor else []


@audible
def test_sound_is_in_step_and_goes_again(taken):
    """Switched on, the timeline has the video's sound from the frame of the first key; moved with it; off, no more."""
    taken.understudy.view.sound = True
    heard = rendering.sound_of(taken)
    assert heard.start == pytest.approx(4.0, abs=0.03)
    assert [strip.name for strip in strips(taken)] == ["Understudy Sound"]
    assert int(strips(taken)[0].frame_final_start) == 1
    taken.understudy.bake.start = 25
    view.update(bpy.context)
    assert len(strips(taken)) == 1 and int(strips(taken)[0].frame_final_start) == 25
    taken.understudy.view.sound = False
    assert not strips(taken) and rendering.sound_of(taken) is None


@audible
def test_sound_of_somebody_else_stays(taken):
    """The sound that a scene was given by the command line is not touched by switching overlays."""
    rendering.add_sound(taken, Soundtrack(taken.understudy.take.video, 0.0), 1)
    taken.understudy.view.skeleton = True
    taken.understudy.view.skeleton = False
    assert len(strips(taken)) == 1


def test_a_missing_video_is_no_fault(taken, tmp_path):
    """Where the video has gone there is no sound, and no exception."""
    (tmp_path / "performance.mp4").unlink()
    taken.understudy.view.sound = True
    assert not strips(taken) and not taken.understudy.view.heard


def test_a_fault_while_drawing_ends_the_drawing(taken, monkeypatch):
    """A fault in drawing is told once, and does not come again at each redraw."""
    taken.understudy.view.skeleton = True
    calls = []
    monkeypatch.setattr(overlay, "draw", lambda *_: calls.append(1) or 1 / 0)
    view._draw()
    view._draw()
    assert calls == [1]
