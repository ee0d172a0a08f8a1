"""The extension's zips: what is in them, what they claim, and that one works once it is installed."""

import importlib.util
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from understudy.solvers import errors, models

ROOT = Path(__file__).resolve().parents[1]
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"

# Installs the zip in argv[1] in Blender and looks at the clip in argv[2], then tells where everything came from.
INSTALL = """
import importlib, importlib.util, json, os, sys
import bpy, addon_utils
package, clip = sys.argv[1:]
done = bpy.ops.extensions.package_install_files(filepath=package, repo="user_default", enable_on_install=True)
sys.path.sort(key=lambda place: not place.startswith(os.environ["BLENDER_USER_RESOURCES"]))  # as in Blender itself
room = importlib.import_module("bl_ext.user_default.understudy.solvers.detect")
take = room.detect(clip, end=0.01, polite=True)
from bl_ext.user_default.understudy.solvers import models
told = {
    "done": sorted(done),
    "enabled": "bl_ext.user_default.understudy" in bpy.context.preferences.addons,
    "seen": bool(take.face.seen.all() and take.body.seen.all()),
    "networks": [str(path) for path in models.find().values()],
    "wheels": [importlib.util.find_spec(name).origin for name in room.LIBRARIES],
    "loaded": sorted({"av", "cv2", "mediapipe"} & set(sys.modules)),
    "policy": {name: list(said) for name, said in addon_utils._extensions_warnings_get().items()},
}
print("told", json.dumps(told), flush=True)
os._exit(0)
"""


def _script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "setup" / f"{name}.py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


extension = _script("extension")
TARGETS = extension.targets(None, None, None)


@pytest.fixture(scope="module")
def blender_ext():
    """Runs Blender's own tool for extensions, which needs no Blender: (arguments) -> what it printed."""
    bpy = importlib.util.find_spec("bpy")
    tools = list(Path(bpy.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")) if bpy else []
    if not tools:
        pytest.skip("needs bpy, which brings Blender's tool for extensions")

    def run(*arguments):
        told = subprocess.run([sys.executable, str(tools[0]), *map(str, arguments)], capture_output=True, text=True)
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout

    return run


@pytest.fixture
def light(tmp_path, monkeypatch):
    """Wheels and networks of a few bytes: what `build` puts together is then quick to look at. Gives the cache."""
    cache = tmp_path / "cache"
    for target in (*TARGETS, *extension.targets(None, ["3.14"], None)):
        folder = cache / "wheels" / target.platform
        folder.mkdir(parents=True, exist_ok=True)
        tag = extension.PLATFORMS[target.platform][0]
        own = "cp" + target.python.replace(".", "")
        scipy = extension.NEWER_SCIPY if target.python == "3.14" else extension.SCIPY
        for name, version, kind in (
            *((name, version, "py3-none") for name, version in extension.WHEELS.items()),
            ("scipy", scipy, f"{own}-{own}"),
        ):
            stem = f"{name.replace('-', '_')}-{version}"
            with zipfile.ZipFile(folder / f"{stem}-{kind}-{tag}.whl", "w") as wheel:
                wheel.writestr(f"{stem}.dist-info/METADATA", f"Name: {name}\nVersion: {version}\nHome-page: there\n")
                wheel.writestr(f"{stem}.dist-info/licenses/LICENSE", "Apache License")
    (cache / "networks").mkdir()
    for names in models.NAMES.values():
        (cache / "networks" / names[-1]).write_bytes(names[-1].encode())
    monkeypatch.setattr(extension, "_refuse_what_blender_refuses", lambda name, path: None)  # for speed
    monkeypatch.setattr(extension, "subprocess", SimpleNamespace(run=lambda *words, **more: pytest.fail("asked pip")))
    return cache


def manifest_of(path):
    """The manifest in a zip."""
    with zipfile.ZipFile(path) as package:
        return tomllib.loads(package.read("blender_manifest.toml").decode())


def test_six_zips_serve_the_official_blenders():
    """Each platform has a zip for either Python; the two share all Blenders between them, without gap or overlap."""
    whole = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    for platform in ("linux-x64", "windows-x64", "macos-arm64"):
        spans = [target.blender for target in TARGETS if target.platform == platform]
        assert spans[0][0] == whole["blender_version_min"] and spans[-1][1] == whole["blender_version_max"]
        assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
    assert len(TARGETS) == 6 and len({target.file_name("1.0.0") for target in TARGETS}) == 6


def test_other_pythons_serve_every_blender():
    """A zip for a Python that no official Blender has is for all; a range of one's own is in the file's name."""
    other, own = (extension.targets(["linux-x64"], [python], span)[0]
                  for python, span in (("3.14", None), ("3.13", ["4.2.0", "5.3.0"])))  # fmt: skip
    assert other.blender == own.blender == ("4.2.0", "5.3.0")
    assert other.file_name("1.0.0") == "understudy-1.0.0-linux-x64-3.14.zip"
    assert own.file_name("1.0.0") == "understudy-1.0.0-linux-x64-3.13-blender-4.2.0-5.3.0.zip"


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: f"{target.platform}-{target.python}")
def test_a_zip_is_what_it_claims(target, light, tmp_path, blender_ext):
    """Blender's own check passes; the manifest names what is inside, for whom it is, and asks for files alone."""
    path = extension.build(target, tmp_path / "dist", light)
    blender_ext("validate", path)
    manifest = manifest_of(path)
    with zipfile.ZipFile(path) as package:
        names = package.namelist()
    wheels = {name for name in names if name.endswith(".whl")}
    assert {f"./{name}" for name in wheels} == set(manifest["wheels"]) and len(wheels) == 5
    own = "cp" + target.python.replace(".", "")
    assert all(name.rsplit("-", 3)[1] in (own, "py3") for name in wheels)
    assert manifest["platforms"] == [target.platform] and set(manifest["permissions"]) == {"files", "network"}
    assert (manifest["blender_version_min"], manifest["blender_version_max"]) == target.blender
    assert {"__init__.py", "networks/LICENSE", "networks/README.md", "wheels/README.md"} <= set(names)
    assert not [name for name in names if "numpy" in name or name.startswith(("tests", "setup", "build", "."))]
    assert [kept.name for kept in (tmp_path / "dist").iterdir()] == [path.name]


def test_the_same_files_make_the_same_zip(light, tmp_path):
    """Two builds of the same files are equal to the byte."""
    first, second = (extension.build(TARGETS[0], tmp_path / name, light).read_bytes() for name in "ab")
    assert first == second


def test_the_package_is_what_blender_would_build(tmp_path, blender_ext):
    """The manifest's patterns leave in what Blender's own build leaves in, and no module is missing."""
    blender_ext("build", "--source-dir", ROOT, "--output-filepath", tmp_path / "blenders.zip")
    with zipfile.ZipFile(tmp_path / "blenders.zip") as package:
        blenders = sorted(name for name in package.namelist() if not name.endswith("/"))
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    ours = extension.shipped(ROOT, manifest["build"]["paths_exclude_pattern"])
    assert ours == blenders
    modules = {
        path.relative_to(ROOT).as_posix() for home in ("addon", "solvers") for path in (ROOT / home).rglob("*.py")
    }
    assert modules <= set(ours)


def test_the_checkout_is_valid(blender_ext):
    """Blender's own check passes on the checkout itself, whose version is the distribution's too."""
    blender_ext("validate", ROOT)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))["version"] == project["version"]


def test_what_is_too_large_is_not_written(light, tmp_path, monkeypatch):
    """A zip that Blender's site would refuse is refused in one sentence, and nothing of it stays."""
    monkeypatch.setattr(extension, "LARGEST", 1000)
    with pytest.raises(extension.ExtensionError, match="would have .* MB, and may have") as told:
        extension.build(TARGETS[0], tmp_path / "dist", light)
    assert isinstance(told.value, errors.UnderstudyError) and not list((tmp_path / "dist").iterdir())


def test_strays_are_not_shipped(light, tmp_path, monkeypatch):
    """A file that somebody left beside the package is named, not shipped."""
    monkeypatch.setattr(extension, "shipped", lambda root, patterns: ["addon/cli.py", "holiday.mov"])
    with pytest.raises(extension.ExtensionError, match="holiday.mov beside"):
        extension.build(TARGETS[0], tmp_path / "dist", light)
    assert not list((tmp_path / "dist").iterdir())


def test_what_blender_refuses_is_not_written(light, tmp_path, monkeypatch, blender_ext):
    """A zip that Blender's own check refuses is refused in one sentence that says why, and nothing of it stays."""
    monkeypatch.undo()
    fill = extension.filled_in
    monkeypatch.setattr(extension, "filled_in", lambda *given: fill(*given).replace('files = "', 'film = "'))
    with pytest.raises(extension.ExtensionError, match="Blender refuses understudy-.*film") as told:
        extension.build(TARGETS[0], tmp_path / "dist", light)
    assert "\n" not in str(told.value) and not list((tmp_path / "dist").iterdir())


def test_a_wheel_that_cannot_be_had_is_a_sentence(light, tmp_path, monkeypatch, capsys):
    """Where pip finds no wheel, the sentence names it and its reason, and the exit code is 2."""
    failed = subprocess.CompletedProcess([], 1, "", "noise\nERROR: No matching distribution found for scipy.\n")
    monkeypatch.setattr(extension, "subprocess", SimpleNamespace(run=lambda *words, **more: failed))
    monkeypatch.setattr(extension, "CACHE", light)
    target = extension.targets(["linux-x64"], ["3.12"], None)[0]
    with pytest.raises(extension.ExtensionError, match=r"scipy==.* for Python 3.12 .*No matching distribution"):
        extension.build(target, tmp_path / "dist", light)
    assert extension.main(["--platform", "linux-x64", "--python", "3.9"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("words", [["--python", "3"], ["--platform", "beos"], ["--blender", "4.2", "5.3.0"]])
def test_what_nobody_has_is_refused(words):
    """A platform, Python or Blender that is none is refused by the command line."""
    with pytest.raises(SystemExit, match="2"):
        extension.main(words)


def test_an_installed_extension_sees_a_performer(tmp_path):
    """Installed in Blender, the zip finds its own wheels and networks, breaks no policy, and looks at a video."""
    if importlib.util.find_spec("bpy") is None:
        pytest.skip("needs bpy")
    platforms = {"linux": "linux-x64", "win32": "windows-x64", "darwin": "macos-arm64"}
    target = extension.targets([platforms[sys.platform]], [HERE], ["4.2.0", "5.3.0"])[0]
    cache = extension.CACHE
    if not all((cache / "networks" / names[-1]).is_file() for names in models.NAMES.values()):
        pytest.skip("needs the wheels and networks that `make extension` keeps in build/")
    try:
        offline = pytest.MonkeyPatch()
        offline.setenv("PIP_NO_INDEX", "1")
        package = extension.build(target, tmp_path, cache)
    except extension.ExtensionError as fault:
        pytest.skip(f"needs the wheels that `make extension` keeps in build/ ({fault})")
    finally:
        offline.undo()
    users = {"BLENDER_USER_RESOURCES": str(tmp_path / "user"), "UNDERSTUDY_MODELS": str(tmp_path / "none")}
    told = subprocess.run(
        [sys.executable, "-c", INSTALL, package, ROOT / "presets" / "demo" / "performance.mp4"],
        capture_output=True, text=True, env=os.environ | users, cwd=tmp_path,
    )  # fmt: skip
    lines = [line for line in told.stdout.splitlines() if line.startswith("told ")]
    assert lines, told.stdout + told.stderr
    facts = json.loads(lines[0].removeprefix("told "))
    assert facts["done"] == ["FINISHED"] and facts["enabled"] and facts["seen"]
    assert not facts["loaded"] and not facts["policy"]
    place = str(tmp_path / "user")
    assert not [path for path in (*facts["networks"], *facts["wheels"][:5]) if not path.startswith(place)]
    assert not facts["wheels"][-1].startswith(place), "NumPy is to be Blender's own"
