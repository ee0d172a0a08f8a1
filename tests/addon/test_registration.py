"""Enabling and disabling: light, complete, and without a trace."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Registers twice with an unregister between and after; tells what was loaded and what was left.
PROBE = """
import importlib.util, json, sys
import bpy

def census():
    handlers = {name: len(getattr(bpy.app.handlers, name)) for name in dir(bpy.app.handlers)
                if isinstance(getattr(bpy.app.handlers, name), list)}
    kinds = sorted(name for name in dir(bpy.types) if "understudy" in name.lower())
    groups = sorted(k.__name__ for k in bpy.types.PropertyGroup.__subclasses__() if k.is_registered)
    menus = {name: [f.__name__ for f in getattr(getattr(bpy.types, name).draw, "_draw_funcs", ())
                    if f.__module__.startswith("understudy")]
             for name in ("TOPBAR_MT_file_import", "VIEW3D_MT_armature_add")}
    return {"handlers": handlers, "kinds": kinds, "scene": hasattr(bpy.types.Scene, "understudy"), "menus": menus,
            "groups": [g for g in groups if g in ("Look", "TakeItem", "SceneProperties")]}

root = sys.argv[1]
spec = importlib.util.spec_from_file_location("understudy", root + "/__init__.py", submodule_search_locations=[root])
package = sys.modules["understudy"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
before = census()
package.register()
on = census()
loaded = sorted({name.split(".")[0] for name in sys.modules})
package.unregister()
between = census()
package.register()
again = census()
package.unregister()
print("TOLD" + json.dumps({"before": before, "on": on, "between": between, "again": again, "after": census(),
                           "loaded": loaded}))
"""


@pytest.fixture(scope="module")
def told():
    """What a Blender of its own says of registering twice."""
    pytest.importorskip("bpy")
    ran = subprocess.run([sys.executable, "-c", PROBE, str(ROOT)], capture_output=True, text=True)
    lines = [line for line in ran.stdout.splitlines() if line.startswith("TOLD")]
    assert lines, ran.stderr
    return json.loads(lines[0][4:])


def test_enabling_loads_no_large_library(told):
    """Blender starts as quickly with the extension as without: SciPy, PyAV, OpenCV, MediaPipe wait until needed."""
    assert not set(told["loaded"]) & {"scipy", "av", "cv2", "mediapipe"}


def test_enabling_adds_something(told):
    """The census sees what is registered."""
    assert told["on"]["scene"] and len(told["on"]["kinds"]) > 10 and told["on"]["groups"]
    assert told["on"]["handlers"] != told["before"]["handlers"]
    assert all(told["on"]["menus"].values()) and not any(told["before"]["menus"].values())


def test_disabling_leaves_nothing(told):
    """After disabling, Blender is as it was; enabled again, it is as at first."""
    assert told["between"] == told["before"]
    assert told["again"] == told["on"]
    assert told["after"] == told["before"]
