"""The report in the sidebar: it draws what is stored, jumps to the true frame, and opens a page that is whole."""

import json
import webbrowser
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from understudy.addon import workspace  # noqa: E402
from understudy.addon.bakes import Recipe  # noqa: E402
from understudy.addon.panels import report as panels  # noqa: E402
from understudy.solvers import record  # noqa: E402
from understudy.solvers.report import measures  # noqa: E402
from understudy.solvers.take import Landmarks, Take  # noqa: E402

DEMO = Path(__file__).resolve().parents[2] / "presets" / "demo" / "performance.mp4"
BEGINS = 2.0  # s, where the take begins on the video's clock


def seen(samples, points, mask):
    """Landmarks in the middle of a 64 x 48 picture wherever the mask says so."""
    spread = np.random.default_rng(0).normal(24.0, 3.0, (samples, points, 3))
    image = np.where(mask[:, None, None], spread, np.nan)
    return Landmarks(image, np.full_like(image, np.nan), np.repeat(mask[:, None] * 0.9, points, 1))


@pytest.fixture
def scene(extension, empty_scene):
    """An empty scene of a Blender with the extension, at 24 frames a second."""
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.0
    return scene


@pytest.fixture
def take(scene, tmp_path):
    """A take of 3 s from 2 s on, chosen: the face throughout, the left hand but in its last second; no video."""
    time = BEGINS + np.arange(72) / 24
    blank = Take.empty(time, (64, 48), source={"path": str(tmp_path / "gone.mp4"), "fps": 24.0, "start": BEGINS})
    parts = {"face": seen(72, 478, time > 0), "left_hand": seen(72, 21, time < BEGINS + 2)}
    place = tmp_path / "clip.take.npz"
    record.save(Take(**{**vars(blank), **parts}), place)
    workspace.list_take(scene, place)
    return scene.understudy.take


class Drawn:
    """A layout that remembers what is drawn into it."""

    def __init__(self, calls=None):
        self.calls = [] if calls is None else calls

    def __getattr__(self, name):
        def call(*_arguments, **words):
            result = Drawn(self.calls)
            self.calls.append((name, words, result))
            return result

        return call

    def told(self, name):
        """The words of all calls of a name."""
        return [(words, button) for kind, words, button in self.calls if kind == name]


def drawn(panel, context):
    """What a panel draws, None where it does not show."""
    if hasattr(panel, "poll") and not panel.poll(context):
        return None
    layout = Drawn()
    stand_in = type("Stand", (), {"layout": layout})()
    panel.draw(stand_in, context)
    return layout


@pytest.fixture
def context(scene):
    """A context with a sidebar 280 px wide."""
    from types import SimpleNamespace as Simple

    preferences = Simple(system=Simple(ui_scale=1.0))
    return Simple(scene=scene, region=Simple(width=280), preferences=preferences)


def test_bars_show_the_stored_shares(take, context):
    """Four bars in order, each as long as its part's share, with the share in words."""
    bars = drawn(panels.UNDERSTUDY_PT_report, context).told("progress")
    shares = take.known()["coverage"]
    assert [words["factor"] for words, _ in bars] == [shares[part] for part in measures.PARTS]
    assert [words["text"] for words, _ in bars] == ["0 %", "100 %", "67 %", "0 %"]


@pytest.mark.parametrize(
    ("skate", "lines"),
    [
        ({"left": None, "right": None}, []),
        ({"left": 0.012, "right": None}, ["Foot Slide L", "1.2 cm/s", "R", "-"]),
        ({"left": 0.0, "right": 0.2}, ["Foot Slide L", "0.0 cm/s", "R", "20.0 cm/s"]),
    ],
)
def test_foot_skate_is_told_of_planted_feet(take, context, skate, lines):
    """How fast planted feet slide stands below the bars, and nothing where no foot is ever planted."""
    take.facts = json.dumps(take.known() | {"skate": skate})
    labels = [words["text"] for words, _ in drawn(panels.UNDERSTUDY_PT_report, context).told("label")]
    assert labels[len(measures.PARTS) :] == lines


def test_panels_only_draw(take, context, monkeypatch):
    """Drawing reads nothing from disk and measures nothing."""

    def never(*_words, **_more):
        raise AssertionError("a panel computes")

    for place, name in ((measures, "facts"), (record, "load"), (workspace, "take"), (workspace, "performance")):
        monkeypatch.setattr(place, name, never)
    for panel in panels.CLASSES:
        drawn(panel, context)


def test_weakest_stretches_are_buttons(take, context):
    """Each weak stretch is a button that bears its time, beside its reason."""
    layout = drawn(panels.UNDERSTUDY_PT_report_weakest, context)
    buttons = layout.told("operator")
    weakest = take.known()["weakest"]
    assert weakest and [button.seconds for _, button in buttons] == [stretch["at"] for stretch in weakest]
    assert [words["text"] for words, _ in buttons] == [f"{stretch['at']:.1f} s" for stretch in weakest]
    assert {words["text"] for words, _ in layout.told("label")} == {"Left hand not seen"}


def test_notes_show_what_solving_warned_of(take, context):
    """Every warning of the solved performance is there, word for word."""
    lines = drawn(panels.UNDERSTUDY_PT_report_notes, context).told("label")
    told = " ".join(words["text"] for words, _ in lines)
    assert take.known()["warnings"] and all(warning in told for warning in take.known()["warnings"])


def test_without_a_take_nothing_is_asked_for(scene, context):
    """Without a take one sentence stands there, and the page cannot be asked for."""
    layout = drawn(panels.UNDERSTUDY_PT_report, context)
    assert [words["text"] for words, _ in layout.told("label")] == ["No take yet"] and not layout.told("operator")
    assert all(drawn(panel, context) is None for panel in panels.CLASSES[1:])
    assert not bpy.ops.understudy.open_report.poll()
    with pytest.raises(RuntimeError, match="no take yet"):
        bpy.ops.understudy.jump(seconds=1.0)


@pytest.mark.parametrize(
    ("fps", "base", "start", "begin", "frame"),
    [(24, 1.0, 1, 0.0, 37), (24, 1.0, 101, 0.0, 137), (60, 1.001, 1, 0.0, 91), (24, 1.0, 1, 1.0, 13)],
)
def test_jump_finds_the_frame(take, scene, fps, base, start, begin, frame):
    """Before any bake, 1.5 s into the take lies where the next bake would put it, at any rate of the scene."""
    scene.render.fps, scene.render.fps_base = fps, base
    scene.understudy.bake.start, scene.understudy.bake.whole = start, begin == 0
    scene.understudy.bake.begin = begin
    assert bpy.ops.understudy.jump(seconds=BEGINS + 1.5) == {"FINISHED"}
    assert scene.frame_current == frame


def test_jump_follows_the_bake_that_plays(take, scene, monkeypatch):
    """With a bake, its own first frame counts, whatever the panel says by now."""

    class Playing:
        recipe = Recipe(take=take.path, settings={}, start=50, begin=1.0)

    monkeypatch.setattr(workspace, "followed", lambda _scene: Playing)
    scene.understudy.bake.start = 900
    bpy.ops.understudy.jump(seconds=BEGINS + 2.0)
    assert scene.frame_current == 50 + 24


@pytest.fixture
def opened(monkeypatch):
    """The addresses that a browser would be asked for."""
    asked = []
    monkeypatch.setattr(webbrowser, "open", lambda url, *_: asked.append(url) or True)
    return asked


def test_page_of_a_moved_video_says_so(take, opened, tmp_path):
    """Where the video has gone the page is written beside the take all the same, opened, and says what it lacks."""
    assert bpy.ops.understudy.open_report() == {"FINISHED"}
    page = tmp_path / "clip.report" / "report.html"
    assert opened == [page.as_uri()]
    facts = json.loads(page.with_name("report.json").read_text(encoding="utf-8"))
    assert any("no pictures" in warning for warning in facts["warnings"]) and "<img" not in page.read_text("utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.report", "clip.take.npz"]


def test_page_shows_the_video_where_it_lies_now(take, opened, tmp_path):
    """A video that was found again is where the page's pictures come from."""
    take.video = str(DEMO)
    assert bpy.ops.understudy.open_report() == {"FINISHED"}
    assert "<img" in (tmp_path / "clip.report" / "report.html").read_text("utf-8")


def test_page_that_cannot_be_written_is_told(take, opened, tmp_path):
    """A file in the way of the page's folder, or a take that has gone, ends in one sentence and opens nothing."""
    (tmp_path / "clip.report").write_text("in the way")
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.understudy.open_report()
    Path(take.path).unlink()
    with pytest.raises(RuntimeError, match="clip.take.npz"):
        bpy.ops.understudy.open_report()
    assert not opened


def test_crash_while_writing_leaves_blender_alone(take, opened, tmp_path, monkeypatch):
    """Native code that crashes over the video ends its own process, and is told."""
    from understudy.solvers import detect

    monkeypatch.setattr(detect, "LAUNCH", "import os; os.abort()")
    with pytest.raises(RuntimeError, match="SIGABRT"):
        bpy.ops.understudy.open_report()
    assert not opened and not (tmp_path / "clip.report").exists()
