"""The verb handoff: passes of a baked .blend, or its performance handed to a neural renderer. bpy comes late."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from contextlib import ExitStack
from pathlib import Path

from ...solvers.errors import RenderError, ServiceError
from ...solvers.progress import Stages
from ...solvers.results import result_file, result_folder
from ..quiet import quiet_blender
from . import Order, Renderer, comfyui

WAYS = ("passes", "runway", "comfyui", "liveportrait")


def add_verb(verbs) -> None:
    """Add the verb to the command line. verbs: what argparse's add_subparsers gave."""
    verb = verbs.add_parser("handoff", help="passes of a baked .blend, or a film of it by a neural renderer")
    verb.add_argument("blend", metavar="BLEND", help="what bake or perform wrote")
    verb.add_argument("--to", choices=WAYS, required=True, help="who is to have it; passes stay on this machine")
    verb.add_argument("--out", required=True, metavar="OUT", help="folder of the passes, or .mp4 to be written")
    verb.add_argument("--yes", action="store_true", help="send it: without this, what it costs is told and no more")
    verb.add_argument("--video", metavar="VIDEO", help="where the driving video is now, if it has been moved")
    verb.add_argument("--character", metavar="FILE", help="a picture of the character, or a film (default: frame one)")
    verb.add_argument("--ratio", default="1280:720", metavar="W:H", help="of the film in px (default: 1280:720)")
    verb.add_argument("--intensity", type=int, choices=range(1, 6), default=3, help="of expression (default: 3)")
    verb.add_argument("--no-body", dest="body", action="store_false", help="the face alone")
    verb.add_argument("--seed", type=int, metavar="N", help="the same number gives similar results")
    verb.add_argument("--workflow", metavar="JSON", help="ComfyUI's, saved by Export (API)")
    verb.add_argument("--url", default=comfyui.BASE, metavar="URL", help=f"of ComfyUI (default: {comfyui.BASE})")
    verb.add_argument("--prompt", default="", metavar="WORDS", help="for workflows that ask for some")
    verb.add_argument("--program", default="", metavar="DIR", help="of LivePortrait's inference.py")
    verb.add_argument("--python", default="", metavar="FILE", help="that LivePortrait was installed for")
    verb.set_defaults(run=run_handoff)


def run_handoff(arguments, stages: Stages) -> None:
    """handoff BLEND --to WAY --out OUT"""
    from .. import files

    blend = Path(arguments.blend)
    with quiet_blender(stages):
        files.check_character_file(blend)
    if arguments.to == "passes":
        out = result_folder(arguments.out)
        _draw(arguments, blend, out, (), stages, "passes")
        stages.say(f"{out}")
        return
    out, chosen = result_file(arguments.out, ".mp4"), _renderer(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="understudy-")))
        order = _order(arguments, blend, stages)
        chosen.check(dataclasses.replace(order, character=Path(arguments.character or order.video)))
        stages.say(f"{chosen.title}: {chosen.cost(order)}")
        if not (arguments.yes or chosen.local):
            raise ServiceError("Nothing was sent: add --yes to hand over the video and the character's picture.")
        order = _completed(arguments, blend, order, chosen, folder, stages)
        with stages.stage("render") as report:
            notes = chosen.render(order, out, report, lambda: False)
    for note in notes:
        stages.say(f"note: {note}")
    stages.say(f"{out}")


def _renderer(arguments) -> Renderer:
    from .liveportrait import LivePortrait
    from .runway import Runway

    if arguments.to == "runway":
        return Runway()
    if arguments.to == "comfyui":
        if not arguments.workflow:
            raise ServiceError("ComfyUI needs a workflow: give --workflow with what it saves as Export (API).")
        return comfyui.ComfyUI(Path(arguments.workflow), arguments.url)
    return LivePortrait(arguments.program, arguments.python)


def _order(arguments, blend: Path, stages: Stages) -> Order:
    """What is asked for, with the driving video that the .blend remembers."""
    with quiet_blender(stages):
        import bpy

        from .. import files, rendering

        files.open_character(blend)
        words = json.loads(bpy.context.scene.get(rendering.SOUND, "{}"))
    video = Path(arguments.video or words.get("path", ""))
    if not video.is_file():
        raise RenderError(f"The driving video of {blend.name} is not where it was: give it by --video.")
    seed = arguments.seed
    return Order(video, Path(), None, arguments.ratio, arguments.intensity, arguments.body, seed, arguments.prompt)


def _completed(arguments, blend: Path, order: Order, chosen: Renderer, folder: Path, stages: Stages) -> Order:
    """The order with the character's picture, and the passes that the renderer asks for."""
    from . import conditioning

    names: tuple[str, ...] = ()
    if isinstance(chosen, comfyui.ComfyUI):
        asked = {name.removesuffix(".png") for name, _, _ in comfyui.named(comfyui.read(chosen.workflow))}
        names = tuple(name for name in conditioning.NAMES if name in asked)
    if names:
        _draw(arguments, blend, folder / "passes", names, stages, "passes")
        order = dataclasses.replace(order, passes=folder / "passes")
    if arguments.character:
        return dataclasses.replace(order, character=Path(arguments.character))
    _draw(arguments, blend, folder / "still", ("beauty",), stages, "picture", still=True)
    return dataclasses.replace(order, character=min((folder / "still" / "beauty").glob("*.png")))


def _draw(arguments, blend: Path, out: Path, names: tuple[str, ...], stages: Stages, stage: str, still=False) -> None:
    """Write passes of a .blend. names: () for all. still: of its first frame alone."""
    with quiet_blender(stages):
        import bpy

        from .. import armature, files, rendering, rigs
        from . import conditioning

        objects = files.open_character(blend)
        character, scene = armature.read(objects), bpy.context.scene
        rendering.set_size(scene, rendering.film_size(arguments.ratio))
        if still:
            scene.frame_end = scene.frame_start
        with stages.stage(stage) as report:
            preset = rigs.recognised(character)
            conditioning.write(scene, objects, character, preset, out, names or conditioning.NAMES, report)
