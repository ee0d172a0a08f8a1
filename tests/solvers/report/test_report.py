"""The report says what the records say, in one page that needs nothing beside it."""

import base64
import dataclasses
import json
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from understudy.solvers import names, report
from understudy.solvers.clip import Clip
from understudy.solvers.report import measures, pictures
from understudy.solvers.take import Landmarks, Take


def seen(samples, points, mask):
    """Landmarks in the middle of a 64 x 48 picture wherever the mask says so."""
    image = np.where(mask[:, None, None], np.full((samples, points, 3), 24.0), np.nan)
    return Landmarks(image, np.full_like(image, np.nan), np.repeat(mask[:, None] * 0.9, points, 1))


@pytest.fixture
def take():
    """2 s at 24 frames a second: a body and a face throughout, a left hand in the first half, no right hand."""
    time = np.arange(48) / 24
    blank = Take.empty(time, (64, 48), source={"path": "made-up.mp4", "fps": 24.0}, detector={"name": "made up"})
    always = np.ones(48, bool)
    return dataclasses.replace(
        blank, body=seen(48, 33, always), face=seen(48, 478, always), left_hand=seen(48, 21, time < 1)
    )


@pytest.fixture
def video(tmp_path):
    """A grey video of 2 s, 64 x 48."""
    path = tmp_path / "made <up> & é.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 24, (64, 48))
    for k in range(48):
        writer.write(np.full((48, 64, 3), 90 + k, np.uint8))
    writer.release()
    return path


class Page(HTMLParser):
    """A page's tags: every one that opens closes, and what they load."""

    def __init__(self, text):
        super().__init__()
        self.open, self.images, self.loads = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        words = dict(attributes)
        if tag == "img":
            self.images.append(words["src"])
        self.loads += [words[name] for name in ("href", "src") if name in words and tag != "img"]
        assert tag not in ("script", "link", "iframe")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_json_says_what_the_records_say(take, performance, video, tmp_path):
    """The keys that other programs rely on are there, with the true shares and lengths."""
    clip = Clip(np.arange(48), 24.0, ("a",), np.zeros((48, 1, 4)), (), np.zeros((48, 0, 3)), ("s",),
                np.zeros((48, 1)), missing=("jaw",))  # fmt: skip
    performance = dataclasses.replace(performance, warnings=("The feet were never seen.",))
    making = report.Making(video, {"detect": 1.25}, {"name": "Somebody"})
    report.write(take, performance, clip, tmp_path / "out", making)
    facts = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert facts["frames"] == 48 and facts["seconds"] == pytest.approx(2.0)
    assert facts["coverage"] == {"body": 1.0, "face": 1.0, "left_hand": 0.5, "right_hand": 0.0}
    assert facts["warnings"] == ["The feet were never seen."] and facts["timings"] == {"detect": 1.25}
    assert facts["rig"]["name"] == "Somebody" and facts["rig"]["missing"] == ["jaw"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["report.html", "report.json"]


def test_page_is_whole_and_needs_nothing(take, performance, video, tmp_path):
    """The page is well formed, loads nothing, shows JPEG pictures of the clip, and names with & and < survive."""
    take = dataclasses.replace(take, source=take.source | {"path": str(video)})
    report.write(take, performance, None, tmp_path)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert not page.open and not page.loads and "http" not in text and "nan" not in re.sub(r"base64,[^\"]*", "", text)
    assert "made &lt;up&gt; &amp; é.avi" in text
    assert len(page.images) >= pictures.MOMENTS
    for source in page.images:
        jpeg = np.frombuffer(base64.b64decode(source.removeprefix("data:image/jpeg;base64,")), np.uint8)
        assert cv2.imdecode(jpeg, cv2.IMREAD_COLOR).shape == (48, 64, 3)


def test_missing_video_leaves_a_page_without_pictures(take, performance, tmp_path):
    """Where the video has gone the report says so and stands all the same."""
    facts = report.write(take, performance, None, tmp_path)
    assert any("no pictures" in words for words in facts["warnings"])
    assert not Page((tmp_path / "report.html").read_text(encoding="utf-8")).images


def test_weakest_stretch_is_where_the_hand_is_lost(take):
    """A stretch without the left hand is found, at its place, and why; a hand that never shows is not missed."""
    found = measures.weakest(take)
    assert found and all(stretch["at"] > 0.9 and stretch["why"] == "left hand not seen" for stretch in found)
    whole = dataclasses.replace(take, left_hand=take.right_hand)
    assert measures.weakest(whole) == []


@pytest.mark.parametrize("speed", [0.0, 0.3])
def test_skate_is_the_speed_of_planted_feet(performance, speed):
    """A figure that slides as one whole, feet planted, skates at just that speed; a foot never planted has none."""
    rotations = np.zeros_like(performance.rotations)
    rotations[..., 0] = 1
    root = np.zeros_like(performance.root)
    root[:, 1] = performance.time * speed
    contacts = np.zeros_like(performance.contacts)
    contacts[:, :2] = 1
    slid = dataclasses.replace(performance, rotations=rotations, root=root, contacts=contacts)
    assert measures.foot_skate(slid) == {"left": pytest.approx(speed, abs=1e-4), "right": None}


def test_projection_puts_points_where_the_camera_sees_them(performance):
    """A point on the axis lands in the middle, one behind the camera nowhere."""
    placed = pictures.project(performance.projection, np.array([[0.0, 0.0, 0.0], [0.0, -9.0, 0.0]]))
    assert np.allclose(placed[0], [320, 400]) and np.isnan(placed[1]).all()


def test_skeleton_is_drawn_where_it_is(performance):
    """Lines appear between the projected joints and nowhere outside their span."""
    picture = np.zeros((480, 640, 3), np.uint8)
    pictures._draw_skeleton(picture, performance, 0, 1.0)
    joints = pictures.skeleton_in_picture(performance, 0)
    rows, columns = np.nonzero(picture.any(2))
    body = [k for k, name in enumerate(names.JOINTS) if name not in pictures.HIDDEN]
    inside = joints[body][np.isfinite(joints[body]).all(1)]
    assert len(rows) > 100
    assert columns.min() >= max(0, inside[:, 0].min()) - 3 and rows.max() <= min(479, inside[:, 1].max()) + 3
