"""An artist's way through the extension, played in the window of every real Blender that can be had.

`make test-window` plays it; pictures, figures and Blender's own output are in out/window, or in the folder that
UNDERSTUDY_WINDOW_OUT names. Elsewhere these tests are skipped: a whole story takes minutes.
"""

from __future__ import annotations

import ast
import os
import shutil
from pathlib import Path

import pytest

from .inside import screen
from .machines import NONE, ROOT, Machine, extension, found, play

OUT = Path(os.environ.get("UNDERSTUDY_WINDOW_OUT", ROOT / "out" / "window"))
SHARED = Path(os.environ.get("UNDERSTUDY_SHARED", ROOT.parent / "shared"))
MATERIAL = {
    "demo": ROOT / "presets" / "demo" / "performance.mp4",
    "sister": SHARED / "videos" / "real" / "halfbody_asl_sister.mp4",
    "rigify": SHARED / "characters" / "mh_f_rigify.blend",
    "mixamo": SHARED / "characters" / "mh_f_mixamo.glb",
}
LONGEST = 100  # ms that the interface may be blocked while something is detected
SMALL = (640, 400)  # px, of a window that is quickly drawn
AGAIN = 2  # times that the small window is played again where something blocked it
COLOURS = 50  # that a picture of Blender has at least; an empty screen has one


def told_steps() -> list[str]:
    """The names of the story's steps, read from its text: it can be imported in Blender only."""
    tree = ast.parse((Path(__file__).parent / "inside" / "story.py").read_text(encoding="utf-8"))
    steps = next(node for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "STEPS")
    return [name.id for name in steps.value.elts]


def machines() -> list[Machine]:
    """The Blenders to play in: none where the window test was not asked for."""
    return found(SHARED) if os.environ.get("UNDERSTUDY_WINDOW") else []


@pytest.fixture(scope="module", params=machines() or [None], ids=lambda one: one.name if one else "none")
def told(request, tmp_path_factory) -> dict:
    """What became of the story in one Blender; its pictures are kept."""
    machine = request.param
    if machine is None:
        pytest.skip(NONE if os.environ.get("UNDERSTUDY_WINDOW") else "played by make test-window")
    work = tmp_path_factory.mktemp("window")
    python = machine.versions()[1]
    material = {"zip": extension(python)} | {name: path for name, path in MATERIAL.items() if path.is_file()}
    copies = {name: Path(shutil.copy(path, work)) for name, path in material.items()}  # where every Blender sees them
    result = play(machine, work / "story", copies)
    small = calm_play(machine, work, copies)
    place = OUT / machine.name
    shutil.rmtree(place, ignore_errors=True)
    _keep(work / "story" / "out", place / "story")
    _keep(Path(small["place"]) / "out", place / "small")
    colours = {path.name: screen.colours(path.read_bytes()) for path in work.rglob("*.xwd")}
    shutil.rmtree(work)
    return {"story": result["steps"], "small": small["steps"], "place": place, "colours": colours}


def _keep(made: Path, place: Path) -> None:
    """Copy what a story made, its pictures as PNG."""
    place.mkdir(parents=True)
    for path in sorted(made.iterdir()):
        if path.suffix == ".xwd":
            (place / path.with_suffix(".png").name).write_bytes(screen.png(path.read_bytes()))
        else:
            shutil.copy(path, place)


def blocked(result: dict) -> float:
    """The longest time in ms that the interface was kept waiting in a small window; 0 where the step went wrong."""
    figures = result["steps"][0]["figures"] if result["steps"] else {}
    return max((longest for name, figure in figures.items() for longest in limited(name, figure)), default=0.0)


def limited(name: str, figure: dict) -> list[float]:
    """What must stay below LONGEST, in ms: Understudy's own Python, and all that it does while it checks or detects."""
    return [
        figure["longest_python_ms"],
        *([figure["longest_of_ours_ms"]] if name.startswith(("check", "detect")) else []),
    ]


def calm_play(machine: Machine, work: Path, material: dict[str, Path]) -> dict:
    """What became of the story in a small window, in the Blender that was blocked least.

    It is played again where something blocked it: what Understudy does itself comes again in each new Blender, what the
    machine does beside it does not.
    """
    plays = []
    while len(plays) <= AGAIN and (not plays or blocked(plays[-1]) > LONGEST):
        place = work / f"small{len(plays)}"
        plays.append(play(machine, place, material, "SMALL", SMALL) | {"place": place})
    return min(plays, key=blocked)


@pytest.mark.parametrize("name", told_steps())
def test_step(told, name):
    """Each step of the story does what its own words promise."""
    passed(told, "story", name)


def test_pictures(told):
    """Every picture that a step took shows Blender, and no empty screen."""
    assert len(told["colours"]) >= 10
    assert min(told["colours"].values()) > COLOURS, told["colours"]


def test_detecting_blocks_nothing(told):
    """While a video is checked and detected in, and keys are baked, Understudy keeps the interface waiting for no more
    than a tenth of a second; measured in a small window, as drawing in software is slow."""
    figures = passed(told, "small", "calm")["figures"]
    for name, figure in figures.items():
        print(told["place"].name, name, {key: value for key, value in figure.items() if key != "worst"})
    for name, figure in figures.items():
        assert max(limited(name, figure)) <= LONGEST, (name, figure)


def passed(told: dict, story: str, name: str) -> dict:
    """What became of a step. Fails the test where it failed, and skips it where it could not be tried."""
    step = next((step for step in told[story] if step["step"] == name), None)
    log = told["place"] / story / "blender.log"
    assert step is not None, f"Blender ended before {name}; its last words: {log.read_text()[-1500:]}"
    if step["state"] == "skipped":
        pytest.skip(step["error"])
    assert step["state"] == "passed", step["error"]
    return step
