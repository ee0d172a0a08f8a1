"""Every look is well formed, and what a user keeps comes back the same."""

import pytest
from understudy.solvers.errors import PresetError
from understudy.solvers.rigs import looks
from understudy.solvers.settings import Settings

FILES = sorted(looks.LOOKS.glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_look_can_be_put_on(path):
    """Each file loads, says what it means in a line without a full stop, and gives settings within their limits."""
    look = looks.load(path)
    assert look.meaning and not look.meaning.endswith(".") and len(look.meaning) < 90
    settings = look.on(Settings())
    assert all(getattr(settings, name) == value for name, value in look.values.items())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_look_leaves_the_footage_alone(path):
    """What tells of the video and its performer stays, and everything else comes from the look alone."""
    look = looks.load(path)
    before = Settings(fps=50.0, height=1.7, lens=60.0, mirror=True, intensity=1.5, smoothing=3.0, gaze=False)
    after = look.on(before)
    assert (after.fps, after.height, after.lens, after.mirror) == (50.0, 1.7, 60.0, True)
    assert all(getattr(after, name) == getattr(look.on(Settings()), name) for name in looks.NAMES)


def test_looks_differ():
    """No two files have the same name, or the same settings."""
    shipped = looks.shipped()
    assert len({look.name for look in shipped}) == len({look.on(Settings()) for look in shipped}) == len(shipped) > 5
    assert shipped[0].on(Settings()) == Settings()


def test_a_kept_look_comes_back(tmp_path):
    """Settings that are kept as a look and put on again are the same, as far as sliders show them."""
    settings = Settings(intensity=4.1234, smoothing=0.3, foot_lock=0.5, path=False, height=1.8, unseen_head="hold")
    look = looks.look_of(settings, 'My "calm" look ü')
    looks.save(look, tmp_path / "kept.toml")
    assert looks.load(tmp_path / "kept.toml") == look
    assert look.on(Settings(height=1.8)) == settings


@pytest.mark.parametrize("text, word", [
    ("name = ", "cannot be read"), ("[settings]\nintensity = 3.0", "name"), ("name = 'a'\ncolour = 1", "colour"),
    ("name = 'a'\nsettings = 3", "table"), ("name = 'a'\n[settings]\nheight = 1.8", "height"),
    ("name = 'a'\n[settings]\nintensity = 9.0", "1 to 5"), ("name = 'a'\n[settings]\nintensity = true", "number"),
    ("name = 'a'\n[settings]\nunseen_body = 'fly'", "rest, hold, leave"),
    ("name = 'a'\n[settings]\nunseen_body = 1", "quotes"),
    ("name = 'a'\n[settings]\nface = 1", "true or false"), ("name = 'a'\nmeaning = 3", "text"),
])  # fmt: skip
def test_a_bad_look_is_named(tmp_path, text, word):
    """What is wrong in a file is said with the file's name."""
    path = tmp_path / "odd.toml"
    path.write_text(text)
    with pytest.raises(PresetError, match="odd.toml") as fault:
        looks.load(path)
    assert word in str(fault.value)
