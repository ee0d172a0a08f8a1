"""The Render panel: what it shows before, while and after a film is made; and its buttons."""

import threading
import types

import pytest

bpy = pytest.importorskip("bpy")

from understudy.addon import jobs, properties, shooting  # noqa: E402
from understudy.addon.operators import film as operators  # noqa: E402
from understudy.addon.panels.film import UNDERSTUDY_PT_film  # noqa: E402
from understudy.solvers.errors import RenderError  # noqa: E402


class Drawn:
    """A layout that remembers what is drawn into it, in order: [(what, its first words, its text)]."""

    def __init__(self, calls=None):
        self.calls = [] if calls is None else calls

    def __getattr__(self, name):
        def call(*arguments, **words):
            last = [argument for argument in arguments if isinstance(argument, str)][-1:]
            self.calls.append((name, *last, words.get("text", "")))
            return Drawn(self.calls)

        return call


def drawn(scene):
    """What the panel draws: the names of properties and operators, and texts."""
    layout = Drawn()
    preferences = types.SimpleNamespace(system=types.SimpleNamespace(ui_scale=1.0))
    region = types.SimpleNamespace(width=280)
    context = types.SimpleNamespace(scene=scene, preferences=preferences, region=region)
    panel = types.SimpleNamespace(layout=layout)
    panel._last = lambda *words: UNDERSTUDY_PT_film._last(panel, *words)
    UNDERSTUDY_PT_film.draw(panel, context)
    return layout.calls


def named(calls, kind):
    """The first words of all calls of a kind."""
    return [call[1] for call in calls if call[0] == kind and len(call) > 2]


@pytest.fixture
def scene(extension, empty_scene):
    """A scene of a Blender with the extension; no job stays."""
    yield bpy.context.scene
    jobs.cancel_all()


def test_options_come_before_the_button(scene):
    """Size, engine, what is in the film and its path are there, then Render; no film yet, so none to play."""
    calls = drawn(scene)
    assert named(calls, "prop") == ["ratio", "engine", "stage", "sound", "beside", "out"]
    assert named(calls, "operator") == ["understudy.render"]


def test_progress_takes_the_buttons_place(scene):
    """While a film is made the panel counts its frames and offers to cancel; a second one cannot be begun."""
    go, told = threading.Event(), threading.Event()

    def work(progress, _cancelled):
        progress(12, 48)
        told.set()
        go.wait(5)

    job = jobs.start("film", "Filming", work)
    assert told.wait(5) and not bpy.ops.understudy.render.poll()
    calls = drawn(scene)
    assert named(calls, "operator") == ["understudy.cancel"]
    assert [call[-1] for call in calls if call[0] == "progress"] == ["12 of 48 frames"]
    with pytest.raises(RenderError, match="being made"):
        shooting.shooting(scene)
    go.set()
    job._thread.join(5)
    assert named(drawn(scene), "operator") == ["understudy.render"]


def test_the_last_film_can_be_played(scene, tmp_path):
    """Once a film was made it is named with a button that opens it; where it is gone, that is said."""
    assert not bpy.ops.understudy.play_film.poll()
    scene.understudy.film.last = str(tmp_path / "film.mp4")
    calls = drawn(scene)
    assert named(calls, "operator") == ["understudy.render", "understudy.play_film"]
    assert "film.mp4" in "".join(call[-1] for call in calls if call[0] == "label")
    with pytest.raises(RuntimeError, match="not there any more: render it again"):
        bpy.ops.understudy.play_film()
    (tmp_path / "film.mp4").write_bytes(b"film")
    assert operators.last_film(scene) == tmp_path / "film.mp4"


def test_a_film_is_remembered_by_its_scene(scene, tmp_path, monkeypatch):
    """When the film is there, the scene that was filmed knows its path, and the artist is told."""
    monkeypatch.setattr(shooting, "shooting", lambda _scene: lambda _progress, _cancelled: tmp_path / "film.mp4")
    assert bpy.ops.understudy.render() == {"FINISHED"}
    assert scene.understudy.film.last == str(tmp_path / "film.mp4")


def test_cycles_is_offered_where_it_is(scene):
    """The engines that can be chosen are those of this Blender, whose numbers in a file stay the same."""
    options, on = scene.understudy.film, "cycles" in bpy.context.preferences.addons
    for engine in ("workbench", "eevee", "SCENE", *(["cycles"] if on else [])):
        options.engine = engine
        assert options.engine == engine
    if not on:
        with pytest.raises(TypeError):
            options.engine = "cycles"
    numbers = {engine[0]: engine[3] for engine in properties.ENGINES}
    assert all(numbers[engine[0]] == engine[3] for engine in properties.WITHOUT_CYCLES)
