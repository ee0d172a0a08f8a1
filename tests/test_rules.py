"""The rules of the house: who may import what, and what is shipped."""

import ast
import itertools
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("bpy", "mathutils", "mediapipe")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# Loads the package under its name from the folder in argv[1], imports the modules in argv[2:], and tells what came in.
PROBE = """
import importlib, importlib.util, json, pathlib, sys
before = set(sys.modules)
root = pathlib.Path(sys.argv[1])
spec = importlib.util.spec_from_file_location(
    "understudy", root / "__init__.py", submodule_search_locations=[str(root)]
)
sys.modules["understudy"] = package = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
for name in sys.argv[2:]:
    importlib.import_module(name)
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def imported(*modules):
    """All modules that are loaded in a fresh interpreter once the given ones have been imported."""
    told = subprocess.run(
        [sys.executable, "-I", "-c", PROBE, str(ROOT), *modules], capture_output=True, text=True, check=True
    )
    return set(json.loads(told.stdout))


def module_names(folder):
    """The dotted names of all modules in a folder of the package."""
    paths = [path.relative_to(ROOT).with_suffix("") for path in sorted((ROOT / folder).rglob("*.py"))]
    return [".".join(("understudy", *path.parts)).removesuffix(".__init__") for path in paths]


def test_importing_the_package_imports_nothing():
    """`import understudy` loads no other module."""
    assert imported() == {"understudy"}


def test_solvers_know_neither_blender_nor_mediapipe():
    """Importing every module of solvers/ loads no bpy, no mathutils and no mediapipe."""
    loaded = imported(*module_names("solvers"))
    assert not [name for name in loaded if name.split(".")[0] in HEAVY]
    assert not [name for name in loaded if name.startswith("understudy.addon")]


def test_solving_loads_little():
    """Blender's own process, in which performances are solved, loads nothing that only looks at pictures, and not
    scipy.stats, whose longest file takes more than a tenth of a second to compile, while the interface waits."""
    loaded = imported(*(f"understudy.solvers.{name}" for name in ("solve", "retarget", "report.measures")))
    assert not loaded & {"cv2", "scipy.signal", "scipy.stats"}


def test_the_server_knows_neither_blender_nor_the_add_on():
    """Importing every module of serving/ loads no bpy, no mediapipe and nothing of addon/."""
    loaded = imported(*module_names("serving"))
    assert not [name for name in loaded if name.split(".")[0] in HEAVY or name.startswith("understudy.addon")]


def test_command_line_starts_without_blender():
    """The command line is up before bpy, mediapipe, OpenCV, PyAV or SciPy has been loaded."""
    loaded = {name.split(".")[0] for name in imported("understudy.__main__")}
    assert not loaded & {*HEAVY, "cv2", "av", "scipy"}


def test_every_folder_of_modules_is_in_the_distribution():
    """pyproject.toml names every package there is, and none that is not."""
    there = {
        ".".join(("understudy", *path.parent.relative_to(ROOT).parts))
        for path in ROOT.rglob("*.py")
        if not {part for part in path.relative_to(ROOT).parts if part.startswith(".")}
        and path.relative_to(ROOT).parts[0] not in ("tests", "benchmarks", "training", "setup", "out", "build", "dist")
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == there


def test_presets_are_in_the_distribution():
    """Every file in presets/ falls under the package's data."""
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["understudy"]
    shipped = {path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}
    files = {path for path in (ROOT / "presets").rglob("*") if path.is_file()}
    assert files and files <= shipped


MODULES = sorted(path for home in ("serving", "solvers", "addon") for path in (ROOT / home).rglob("*.py"))


@pytest.mark.parametrize("path", MODULES)
def test_modules_say_what_they_are_and_leave_the_path_alone(path):
    """Every module opens with a docstring, imports its own package relatively and never edits sys.path."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), path
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        assert not [name for name in names if name.split(".")[0] == "understudy"], path
        assert not (isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.path"), path


def test_rooms_of_the_solvers_depend_on_each_other_one_way():
    """No room of solvers/ imports from another that, in turn, leads back to it."""
    needs = {}
    for path in (ROOT / "solvers").glob("*/*.py"):
        room = path.parent.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 2:
                names = [node.module.split(".")[0]] if node.module else [alias.name for alias in node.names]
                needs.setdefault(room, set()).update(n for n in names if (ROOT / "solvers" / n).is_dir())
    while free := [room for room in needs if not needs[room] & needs.keys()]:
        for room in free:
            del needs[room]
    assert not needs


def test_operators_that_give_up_say_why():
    """Wherever an operator can end as CANCELLED, that is a return of its own, right behind a report."""
    ends, told = [], []
    for path in sorted((ROOT / "addon").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            place = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            ends += [place] if isinstance(node, ast.Set) and ast.unparse(node) == "{'CANCELLED'}" else []
            for _, block in ast.iter_fields(node):
                lines = block if isinstance(block, list) and all(isinstance(line, ast.stmt) for line in block) else []
                told += [
                    f"{path.relative_to(ROOT)}:{line.lineno}" for before, line in itertools.pairwise(lines)
                    if ast.unparse(line) == "return {'CANCELLED'}" and ast.unparse(before).startswith("self.report(")
                ]  # fmt: skip
    assert ends and set(ends) == set(told), sorted(set(ends) - set(told))
