"""Ways in: File > Import, dropping a file, Blender's menus and its command line."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")

from understudy.addon import ways_in  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "presets" / "demo" / "performance.mp4"

# Registers Understudy in a Blender of its own, and runs what is registered as its command with the words given.
COMMAND = """
import importlib.util, sys
import bpy
root, words = sys.argv[1], sys.argv[2:]
spec = importlib.util.spec_from_file_location("understudy", root + "/__init__.py", submodule_search_locations=[root])
package = sys.modules["understudy"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
kept = {}
register = bpy.utils.register_cli_command
bpy.utils.register_cli_command = lambda name, command: (kept.setdefault(name, command), register(name, command))[1]
package.register()
code = kept["understudy"](words)
print("REGISTERED", hasattr(bpy.types.Scene, "understudy") and bpy.context.scene.understudy.look.intensity)
sys.exit(code)
"""


@pytest.fixture(autouse=True)
def scene(extension, empty_scene):
    """The extension is on, in an empty scene."""
    return bpy.context.scene


def run(*words):
    """What Blender's command does with some words."""
    return subprocess.run([sys.executable, "-c", COMMAND, str(ROOT), *map(str, words)], capture_output=True, text=True)


# --- videos -----------------------------------------------------------------------------------------------------------


def test_importing_chooses_the_video(scene):
    """File > Import makes the file the scene's video."""
    assert bpy.ops.understudy.import_video(filepath=str(DEMO)) == {"FINISHED"}
    assert scene.understudy.video == str(DEMO)


def test_a_video_beside_the_file_is_relative(scene, tmp_path):
    """A video in the folder of the saved .blend is found again when both are moved."""
    (tmp_path / "clip.mp4").write_bytes(b"")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.understudy.import_video(filepath=str(tmp_path / "clip.mp4"))
    assert bpy.context.scene.understudy.video == "//clip.mp4"


def test_of_several_videos_the_first_is_taken(scene, tmp_path):
    """Files that are dropped together are no fault: one is taken."""
    for name in ("b.mp4", "a.mov"):
        (tmp_path / name).write_bytes(b"")
    dropped = [{"name": "b.mp4"}, {"name": "a.mov"}]
    assert bpy.ops.understudy.import_video("INVOKE_DEFAULT", directory=str(tmp_path), files=dropped) == {"FINISHED"}
    assert scene.understudy.video == str(tmp_path / "b.mp4")


def test_a_missing_video_is_refused(scene):
    """A file that is not there is named, and the scene's video stays."""
    scene.understudy.video = "before.mp4"
    with pytest.raises(RuntimeError, match="nowhere.mp4"):
        bpy.ops.understudy.import_video(filepath="/nowhere.mp4")
    assert scene.understudy.video == "before.mp4"


def test_dropping_is_for_videos_in_the_viewport():
    """The file handler leads to the import, for all of Blender's endings of movies, in the 3D viewport only."""
    handler = ways_in.UNDERSTUDY_FH_video
    assert set(handler.bl_file_extensions.split(";")) == set(bpy.path.extensions_movie)
    assert handler.bl_import_operator == ways_in.UNDERSTUDY_OT_import_video.bl_idname

    class Place:
        def __init__(self, kind):
            self.area = kind and type("Area", (), {"type": kind})

    assert [handler.poll_drop(Place(kind)) for kind in ("VIEW_3D", "SEQUENCE_EDITOR", None)] == [True, False, False]


# --- menus and search -------------------------------------------------------------------------------------------------


def test_operators_can_be_searched():
    """Every operator has a name to search for and a tooltip without a full stop, and no two have the same name."""
    kinds = [kind for kind in bpy.types.Operator.__subclasses__() if kind.__name__.startswith("UNDERSTUDY_OT_")]
    labels = [kind.bl_label for kind in kinds if "INTERNAL" not in getattr(kind, "bl_options", ())]
    assert len(kinds) > 15 and len(set(labels)) == len(labels)
    for kind in kinds:
        tooltip = getattr(bpy.ops.understudy, kind.bl_idname.split(".")[1]).get_rna_type().description
        assert re.match(r"[A-Z]", kind.bl_label) and tooltip and not tooltip.endswith("."), kind.__name__


def test_telling_reports(scene, capfd):
    """What nobody waits for is reported under its kind."""
    assert bpy.ops.understudy.tell(words="All is well", kind="INFO") == {"FINISHED"}
    with pytest.raises(RuntimeError, match="All is lost"):
        bpy.ops.understudy.tell(words="All is lost", kind="ERROR")


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words, code, said", [
    (("--help",), 0, "perform"), (("perform", "--nonsense"), 2, "--out"), (("inspect", DEMO), 0, "frames      144"),
    (("bake", "nothere.npz", "--out", "x.blend"), 2, "nothere.npz"),
])  # fmt: skip
def test_the_command_has_the_verbs_and_exit_codes(words, code, said):
    """`blender --command understudy` takes the command line's words, and ends with its exit code."""
    ran = run(*words)
    assert ran.returncode == code and said in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_extension_stays_while_the_command_works(tmp_path, performance):
    """A command that opens characters in empty scenes does not switch off the extension that it belongs to."""
    from understudy.solvers import record

    record.save(performance, tmp_path / "performance.npz")
    ran = run("bake", tmp_path / "performance.npz", "--out", tmp_path / "scene.blend")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "scene.blend").is_file() and "REGISTERED 3.0" in ran.stdout
