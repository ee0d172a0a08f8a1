"""The verb of the command line that looks at a character's face: fit-face."""

from __future__ import annotations

from pathlib import Path

from ..solvers.progress import Stages
from .quiet import quiet_blender


def add_verbs(verbs) -> None:
    """Add the verb to the command line. verbs: what argparse's add_subparsers gave."""
    verb = verbs.add_parser(
        "fit-face", help="look at a character's face shapes once, so that none is shown too much or too little"
    )
    verb.add_argument("character", nargs="?", metavar="CHARACTER", help=".blend, .glb, .fbx or .vrm (default: ours)")
    verb.add_argument("--forget", action="store_true", help="use the shapes as they are again")
    verb.set_defaults(run=run_fit_face)


def run_fit_face(arguments, stages: Stages) -> None:
    """fit-face CHARACTER"""
    with quiet_blender(stages):
        from . import armature, face_fitting, files, rigs

        if arguments.character is not None:
            files.check_character_file(Path(arguments.character))
        with stages.stage("character"):
            objects = files.open_character(arguments.character)
            character = armature.read(objects)
            preset = rigs.recognised(character)
        if arguments.forget:
            there = face_fitting.forget(objects)
            stages.say("shapes are used as they are" if there else "there was no fit to this face")
            return
        with stages.stage("draw") as progress:
            closing, folder, expressions = face_fitting.draw(objects, character, preset, progress)
        with closing, stages.stage("look") as progress:
            made = face_fitting.found(folder, expressions, progress)
        face_fitting.keep(objects, made)
    stages.say(f"{character.name}: {face_fitting.told(made)}")
