"""Looks are chosen as a whole, kept and removed."""

import pytest

bpy = pytest.importorskip("bpy")

from understudy.addon import own, workspace  # noqa: E402
from understudy.addon.operators.look import own_looks  # noqa: E402
from understudy.solvers.rigs import looks  # noqa: E402


@pytest.fixture(autouse=True)
def place(extension, empty_scene, tmp_path, monkeypatch):
    """The extension is on, and looks are kept in a folder of the test's own."""
    folder = tmp_path / "kept"
    folder.mkdir()
    monkeypatch.setattr(own, "folder", lambda kind: folder)
    return folder


@pytest.fixture
def look():
    """The scene's settings of Look."""
    return bpy.context.scene.understudy.look


def values(settings):
    """Settings as sliders show them."""
    shown = {name: getattr(settings, name) for name in (*looks.NAMES, *looks.FOOTAGE)}
    return {name: value if isinstance(value, str) else round(float(value), 4) for name, value in shown.items()}


@pytest.mark.parametrize("shipped", looks.shipped(), ids=lambda shipped: shipped.name)
def test_a_look_sets_every_slider(look, shipped):
    """After a look was chosen the sliders are what it says, and what tells of the footage is as before."""
    look.height, look.intensity, look.gaze = 1.75, 1.5, False
    before = look.settings()
    assert bpy.ops.understudy.apply_look(name=shipped.name) == {"FINISHED"}
    assert values(look.settings()) == values(shipped.on(before))


def test_a_look_is_one_undo_step(look):
    """One undo takes all sliders back."""
    look.smoothing = 3.0
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.understudy.apply_look("EXEC_DEFAULT", True, name="Subtle")
    assert bpy.context.scene.understudy.look.intensity == pytest.approx(2.2)
    bpy.ops.ed.undo()
    again = bpy.context.scene.understudy.look
    assert (again.smoothing, again.intensity) == (3.0, 3.0)


def test_a_look_bakes_once(look, monkeypatch):
    """However many sliders a look moves, one baking is asked for, and none where none moves."""
    monkeypatch.setattr(workspace, "followed", lambda scene: True)
    asked = []
    monkeypatch.setattr(bpy.app.timers, "register", lambda follow, **_: asked.append(follow), raising=False)
    waiting = bpy.app.timers.is_registered
    monkeypatch.setattr(bpy.app.timers, "is_registered", lambda follow: follow in asked or waiting(follow))
    monkeypatch.setattr(bpy.app.timers, "unregister", asked.remove)
    bpy.ops.understudy.apply_look(name="Face Only")
    assert len(asked) == 1
    asked.clear()
    bpy.ops.understudy.apply_look(name="Face Only")
    assert not asked


def test_an_unknown_look_is_refused(look):
    """A look that has gone is said to be gone."""
    with pytest.raises(RuntimeError, match="Gone"):
        bpy.ops.understudy.apply_look(name="Gone")


def test_a_kept_look_comes_back(look, place):
    """A look that was kept sets the same sliders later, and goes when it is removed."""
    look.intensity, look.path, look.height = 4.3, False, 1.6
    kept = values(look.settings())
    assert bpy.ops.understudy.save_look(name="Hero, close up") == {"FINISHED"}
    look.intensity, look.path = 2.0, True
    assert bpy.ops.understudy.apply_look(name="Hero, close up") == {"FINISHED"}
    assert values(look.settings()) == kept
    assert [found.name for found in own_looks()[0]] == ["Hero, close up"]
    assert bpy.ops.understudy.remove_look(name="Hero, close up") == {"FINISHED"}
    assert not list(place.iterdir()) and own_looks() == ((), ())


@pytest.mark.parametrize("name", ["", "a/b", "Subtle", "as performed"])
def test_bad_names_are_refused(place, name):
    """A name that no file can have, or that a shipped look has, is refused in a sentence."""
    with pytest.raises(RuntimeError, match="name"):
        bpy.ops.understudy.save_look(name=name)
    assert not list(place.iterdir())


def test_shipped_looks_stay():
    """What comes with Understudy cannot be removed."""
    with pytest.raises(RuntimeError, match="stay"):
        bpy.ops.understudy.remove_look(name="Subtle")
    assert all(path.is_file() for path in looks.LOOKS.glob("*.toml")) and len(looks.shipped()) > 5


def test_a_damaged_look_is_left_out(place):
    """A look of the user's own that cannot be read stops nothing, and is named."""
    (place / "broken.toml").write_text("name = 3")
    found, faults = own_looks()
    assert not found and len(faults) == 1 and "broken.toml" in faults[0]
