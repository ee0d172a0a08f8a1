"""What a story plays on: its material, the pictures it takes, the figures it notes, and how its steps are run."""

import json
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import bpy

from . import hands, screen
from .pulse import Pulse

MODULE = "bl_ext.user_default.understudy"
LIMIT = 240.0  # s that a step may take


class Absent(Exception):
    """A step that cannot be tried here, and why."""


@dataclass
class Stage:
    """material: {name: path} of what the story uses. screen: Xvfb's file. out: folder of pictures and results."""

    material: dict[str, str]
    screen: Path
    out: Path
    results: list[dict] = field(default_factory=list)
    memory: dict = field(default_factory=dict)

    @property
    def props(self):
        """What the scene remembers of Understudy."""
        return bpy.context.scene.understudy

    def part(self, name: str):
        """A module of the installed extension, such as "addon.jobs"."""
        return sys.modules[f"{MODULE}.{name}"]

    def job(self, kind: str):
        """The job of a kind that is at work, or None."""
        return self.part("addon.jobs").running(kind)

    def shoot(self, name: str):
        """Take a picture of the screen when Blender has drawn. name: of the file, without ending."""
        yield 0.25
        screen.keep(self.screen, self.out / f"{len(self.results):02}_{name}.xwd")
        self.results[-1]["pictures"].append(f"{len(self.results):02}_{name}.png")

    def note(self, **figures) -> None:
        """Keep figures of the step that is running."""
        self.results[-1]["figures"].update(figures)

    def measured(self, name: str, doing):
        """Do something, and note under a name how long the interface was blocked meanwhile. doing: a generator."""
        pulse = Pulse()
        pulse.start()
        try:
            return (yield from doing)
        finally:
            self.note(**{name: pulse.stop()})

    def play(self, steps):
        """Run steps, one after the other, whatever becomes of each. steps: generator functions that take a stage."""
        for step in steps:
            result = {"step": step.__name__, "state": "running", "error": "", "figures": {}, "pictures": []}
            self.results.append(result)
            begun = time.monotonic()
            try:
                yield from _limited(step(self), begun + LIMIT)
                result["state"] = "passed"
            except Absent as why:
                result.update(state="skipped", error=str(why))
            except hands.Missed as why:
                result.update(state="failed", error=str(why))
            except Exception:  # the step's failure, told whole: test_window fails on it, and the story goes on
                result.update(state="failed", error=traceback.format_exc())
            result["seconds"] = round(time.monotonic() - begun, 1)
            print(f"{step.__name__}: {result['state']} {result['error']} ({result['seconds']} s)", flush=True)
            if result["state"] == "failed":
                yield from self._recover()
            self._write()

    def _recover(self):
        yield from self.shoot("failed")
        for _ in range(3):
            yield from hands.press("ESC")
        yield 1.0

    def _write(self) -> None:
        told = {"blender": bpy.app.version_string, "python": sys.version.split()[0], "steps": self.results}
        (self.out / "results.json").write_text(json.dumps(told, indent=1, default=str))


def expect(so: bool, otherwise: str) -> None:
    """Raise Missed with a sentence unless something is so."""
    if not so:
        raise hands.Missed(otherwise)


def _limited(step, until: float):
    for pause in step:
        if time.monotonic() > until:
            step.close()
            raise hands.Missed(f"not done after {LIMIT:g} s")
        yield pause
