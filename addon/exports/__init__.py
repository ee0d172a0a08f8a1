"""What a character plays, as files of other programs: one module a form that Blender writes, one line in EXPORTS.

The forms of solvers.exports, which know people and no rigs, are written of what the character plays, read back.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy

from ...solvers.errors import CharacterError, ExportError
from .. import armature, files, rigs
from ..armature import CharacterObjects
from . import fbx, gltf, usd
from .played import Played, performance, played

# What a file's name ends with, and the function that writes such a file of a character alone in a scene.
EXPORTS: dict[str, Callable[[Played, Path], None]] = {
    ".fbx": fbx.write,
    ".glb": gltf.write,
    ".usdz": usd.write,
    ".usdc": usd.write,
    ".usd": usd.write,
}


def suffixes() -> tuple[str, ...]:
    """What names of files may end with: those of forms that Blender writes, and of all that know no rigs."""
    from ...solvers.exports import EXPORTS as PLAIN  # loads SciPy, which Blender does not need for its start

    return *EXPORTS, *PLAIN


def write(objects: CharacterObjects, path: Path | str, scene: bpy.types.Scene | None = None) -> Played:
    """Write what a character plays in the form that the file's name asks for, whole or not at all; tells what it was.

    objects: the character's armature and meshes. path: of the file; its ending is one of `suffixes`.
    scene: in which it plays; None is the one that is open. Only the character is written, with the one action that it
    plays, from the action's first to its last frame; the scene, its frame and what is selected in it stay as they are.
    Raises ExportError if there is no such form, this Blender cannot write it, or the character plays nothing.
    """
    from ...solvers import exports as plain

    path, scene, known = Path(path), scene or bpy.context.scene, suffixes()
    suffix = next((ending for ending in known if path.name.lower().endswith(ending)), None)
    if suffix is None or len(path.name) == len(suffix):
        raise ExportError(f"{path.name} is of no form that can be written: let its name end with {_any(known)}.")
    what = played(objects, scene)
    if suffix in EXPORTS:
        EXPORTS[suffix](what, path)
    else:
        character = armature.read(objects)
        plain.write(performance(what, character, rigs.recognised(character)), path)
    return what


def open_and_write(source: Path, path: Path, name: str | None = None) -> Played:
    """Write what a character in a file plays; whatever was open is closed.

    source: a .blend, or any other file that holds a character. path: as `write` has it.
    name: of the armature, or of the mesh of a face alone; None is the character that a performance fits best.
    Raises CharacterError if there is none of the name.
    """
    objects = files.open_character(source)
    if name:
        objects = _named(name, source.name)
    return write(objects, path)


def _named(name: str, source: str) -> CharacterObjects:
    """The character of the open scene that has a name. source: of the file, for the message."""
    found = {character.name: character for character in armature.characters(bpy.context.scene.objects)}
    if name not in found:
        there = ", ".join(found) or "none"
        raise CharacterError(f"{source} holds no character called {name}: it holds {there}.")
    return found[name]


def _any(suffixes: tuple[str, ...]) -> str:
    return f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"
