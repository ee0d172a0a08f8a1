"""blender --enable-event-simulate --python play.py -- story.json: plays the story in Blender's window, then ends it."""

import importlib
import importlib.util
import json
import sys
from pathlib import Path

import bpy

START = 2.0  # s for Blender to draw its window


def _loaded():
    here = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        "inside", here / "__init__.py", submodule_search_locations=[str(here)]
    )
    sys.modules["inside"] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    return importlib.import_module("inside.stage"), importlib.import_module("inside.story")


def _play(told: dict):
    try:
        stages, story = _loaded()
        stage = stages.Stage(told["material"], Path(told["screen"]), Path(told["out"]))
        yield from stage.play(getattr(story, told["steps"]))
    finally:  # what went wrong is printed by Blender, and the results that are missing fail the test
        bpy.ops.wm.quit_blender()


def main() -> None:
    """Begin when the window is there; the timer is to outlive files that are opened."""
    bpy.context.preferences.view.show_splash = False
    bpy.context.preferences.use_preferences_save = False
    told = json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text())
    turns = _play(told)
    bpy.app.timers.register(lambda: next(turns, None), first_interval=START, persistent=True)


main()
