"""Characters come out of files, and scenes go into them."""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import bpy

from ..solvers.errors import CharacterError, OutputError
from ..solvers.puppet.puppet import SUFFIXES as PICTURES
from ..solvers.record import written_whole
from ..solvers.rigs.presets import LIMBS, fitting
from . import vrm
from .armature import CharacterObjects, characters, read

GLTF = (".glb", ".gltf", ".vrm")
SUFFIXES = (".blend", *GLTF, ".fbx", *PICTURES)


def open_character(
    path: Path | str | None = None, mask: Path | str | None = None, joints: Path | str | None = None
) -> CharacterObjects:
    """Open a character in a scene of its own: a .blend with the scene it has, any other file in an empty one.

    path: of a .blend, .glb, .gltf, .vrm or .fbx, or of a picture, of which a puppet is made; None takes the starter
    character. Whatever was open is closed. mask, joints: of files that belong to a picture, see puppet.make.
    Raises CharacterError if the file is missing, of another kind, damaged, or holds neither an armature nor shape keys.
    """
    if path is None:
        _empty_scene()
        from .figures import starter

        rig = starter.add(bpy.context.scene)
        return next(found for found in characters(bpy.context.scene.objects) if found.armature == rig)
    path = Path(path)
    check_character_file(path)
    if path.suffix.lower() in PICTURES:
        from ..solvers.puppet.make import puppet_of
        from .puppets import figure

        made = puppet_of(path, mask, joints)
        _empty_scene()
        rig = figure.add(bpy.context.scene, made, str(path.resolve()))
        return next(found for found in characters(bpy.context.scene.objects) if found.armature == rig)
    _load(path)
    return main_character(path.name)


def check_character_file(path: Path) -> None:
    """Raise CharacterError where a path cannot be a character's, before any long work.

    path: as the user gave it.
    """
    if not path.is_file():
        wanted = f"the path of a {_any(SUFFIXES)} file, or of a film"
        raise CharacterError(f"There is no character file {path}: give {wanted}.")
    if path.suffix.lower() not in SUFFIXES:
        wanted = f"a {_any(SUFFIXES)} file, or a film"
        raise CharacterError(f"{path.name} is no character file that can be read: give {wanted}.")


def main_character(source: str) -> CharacterObjects:
    """The character of the open scene that a performance fits best.

    source: name of the file, for the message. Raises CharacterError if there is none.
    """
    found = characters(bpy.context.scene.objects)
    if not found:
        raise CharacterError(
            f"{source} holds no character: its scene needs an armature, or a face with shape keys."
        )
    return max(found, key=_fitness)


def save(path: Path | str) -> None:
    """Save the open file as a .blend, whole or not at all.

    path: to be written. Raises OutputError if it cannot be.
    """
    path = Path(path)
    try:
        with written_whole(path) as temporary:
            temporary.unlink()  # Blender would keep the empty file as a backup
            options = {"check_existing": False, "compress": True, "copy": True, "relative_remap": False}
            bpy.ops.wm.save_as_mainfile(filepath=str(temporary), **options)
    except (OSError, RuntimeError) as fault:
        raise OutputError(f"{path} cannot be written ({fault}): give a path in a folder that can be.") from fault


def _fitness(character: CharacterObjects) -> tuple[int, int, int]:
    record = read(character)
    _, bones = fitting(record)
    return sum(limb in bones for limb in LIMBS), len(bones), len(record.sliders)


def _any(suffixes: tuple[str, ...]) -> str:
    return f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"


def _empty_scene() -> None:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def _load(path: Path) -> None:
    """Open or import a file. Raises CharacterError if Blender cannot."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            if path.suffix.lower() == ".blend":
                bpy.ops.wm.open_mainfile(filepath=str(path.resolve()), load_ui=False)
            else:
                _empty_scene()
                _import(path)
    except Exception as fault:  # importers raise what they like on damaged files
        words = [line.strip() for line in str(fault).splitlines() if line.strip()] or [type(fault).__name__]
        raise CharacterError(
            f"{path.name} cannot be read as a character ({words[-1].removeprefix('Error: ').rstrip('.')}): "
            "it is damaged, or not what its name says."
        ) from fault


def _import(path: Path) -> None:
    if path.suffix.lower() == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path))
    else:
        with _named_as_gltf(path) as readable:
            bpy.ops.import_scene.gltf(filepath=str(readable))
        vrm.keep(path, [thing for thing in bpy.data.objects if thing.type == "ARMATURE"])
    for thing in [thing for thing in bpy.data.objects if thing.name.startswith("Icosphere")]:
        if _is_bone_shape(thing):
            bpy.data.objects.remove(thing)
    for material in bpy.data.materials:
        _leave_out_missing_pictures(material)


def _leave_out_missing_pictures(material: bpy.types.Material) -> None:
    """Take textures out of a material whose files did not come along; they would show as glaring pink."""
    for node in [node for node in material.node_tree.nodes if node.type == "TEX_IMAGE"] if material.node_tree else []:
        picture = node.image
        if picture is None or not picture.packed_file and not Path(bpy.path.abspath(picture.filepath)).is_file():
            material.node_tree.nodes.remove(node)


def _is_bone_shape(thing: bpy.types.Object) -> bool:
    """Whether an object is the ball that Blender's importer draws bones with."""
    return any(
        bone.custom_shape == thing for rig in bpy.data.objects if rig.type == "ARMATURE" for bone in rig.pose.bones
    )


@contextlib.contextmanager
def _named_as_gltf(path: Path) -> Iterator[Path]:
    """The file under a name that Blender's importer takes: .vrm is .glb by another name."""
    if path.suffix.lower() != ".vrm":
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"{path.stem}.glb"
        shutil.copyfile(path, copy)
        yield copy
