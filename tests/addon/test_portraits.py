"""The picker: who is in the video is shown by small pictures, and the one who is chosen is the one who is detected."""

import base64
import json
import zlib

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from understudy.addon import portraits, workspace  # noqa: E402
from understudy.solvers import detect, errors, models  # noqa: E402
from understudy.solvers.looking import glance  # noqa: E402
from understudy.solvers.take import Take  # noqa: E402


@pytest.fixture
def scene(extension, empty_scene):
    """An empty scene of a Blender with the extension."""
    return bpy.context.scene

def portrait(pixels):
    """A small picture as the look before the long one keeps it."""
    return base64.b64encode(zlib.compress(np.uint8(pixels).tobytes())).decode()

def test_pictures_become_icons(scene):
    """A picture becomes one icon, upright and in its colours, without a file; others have icons of their own."""
    pixels = np.zeros((portraits.SIDE, portraits.SIDE, 3))
    pixels[: portraits.SIDE // 2] = 255, 128, 0  # above
    one, other = portrait(pixels), portrait(pixels[::-1])
    images = len(bpy.data.images)
    for picture in (one, other, one):
        portraits.icon(picture)
    shown, _ = portraits._icons.values()
    drawn = np.array(shown.image_pixels_float).reshape(portraits.SIDE, portraits.SIDE, 4)
    assert np.allclose(drawn[-1, 0], [1, 128 / 255, 0, 1], atol=0.01) and np.allclose(drawn[0, 0], [0, 0, 0, 1])
    assert len(bpy.data.images) == images and portraits.SIDE == glance.PORTRAIT
    portraits.unregister()
    assert portraits._icons is None

def test_choosing_tells_the_detector(scene, monkeypatch, tmp_path):
    """Who is chosen in the panel, and what becomes of cuts, reaches the detector; takes of all shots are listed."""
    asked = {}

    def takes(video, place, start, end, progress, cancelled, polite, performer, cuts):
        asked.update(performer=performer, cuts=cuts)
        made = Take.empty(np.arange(30) / 30, (640, 480), source={"path": video, "fps": 30.0, "seconds": 1.0})
        from understudy.solvers import record
        from understudy.solvers.footage import shots

        places = [shots.numbered(place, number) for number in (1, 2)]
        for there in places:
            record.save(made, there)
        return [(there, made) for there in places]

    monkeypatch.setattr(detect, "takes", takes)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    props = bpy.context.scene.understudy
    props.video, props.cuts = str(tmp_path / "clip.mp4"), "split"
    assert bpy.ops.understudy.choose_performer(performer="0.3000,0.4000@1.500") == {"FINISHED"}
    assert bpy.ops.understudy.detect() == {"FINISHED"}
    assert asked == {"performer": "0.3000,0.4000@1.500", "cuts": "split"}
    assert [take.name for take in props.takes] == ["clip.1", "clip.2"] and props.take_index == 0
    assert workspace.place_for_take("clip.mp4").name == "clip.002.take.npz", "takes of shots would be written over"

def test_another_video_has_another_cast(scene):
    """A new video forgets who was chosen in the one before."""
    props = scene.understudy
    props.video, props.performer = "a.mp4", "2"
    props.video = "b.mp4"
    assert props.performer == ""

def test_the_look_ahead_brings_pictures(scene, shared):
    """Of a video with two people the look ahead leaves two pictures and two words for them, and no file."""
    try:
        models.find()
    except errors.ModelError as fault:
        pytest.skip(str(fault))
    scene.understudy.video = str(shared / "videos" / "real" / "two_people_headpose.mp4")
    assert bpy.ops.understudy.preflight() == {"FINISHED"}
    cast = json.loads(scene.understudy.preflight)["cast"]
    for person in cast:
        portraits.icon(person["picture"])
    assert len(cast) == 2 and len(portraits._icons) == 2
    across = sorted(float(person["performer"].split(",")[0]) for person in cast)
    assert across[0] < 0.4 and across[1] > 0.6
