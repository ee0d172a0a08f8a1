"""Fitting a performance to a character's face: its shapes are drawn, looked at, and what was found is kept with it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from ..solvers.character import Character
from ..solvers.rigs import face_fit
from ..solvers.rigs.face_range import FaceRange
from ..solvers.rigs.faces import face_of
from ..solvers.rigs.presets import RigPreset
from . import face_pictures, face_shapes
from .armature import CharacterObjects

Progress = Callable[[int, int], None]


def draw(
    objects: CharacterObjects, character: Character, preset: RigPreset, progress: Progress | None = None
) -> tuple[contextlib.ExitStack, Path, tuple[str, ...]]:
    """Draw a character's face: (what takes the pictures away when it is closed, their folder, the expressions).

    objects, character, preset: of one character. Raises RigError without face shapes, RenderError.
    """
    from ..solvers import detect  # it takes SciPy along, which a starting Blender does not wait for

    with contextlib.ExitStack() as opening:
        folder = opening.enter_context(detect.scratch(None))
        expressions = face_pictures.draw(objects, character, preset, folder, progress)
        return opening.pop_all(), folder, expressions


def found(folder: Path, expressions: tuple[str, ...], progress: Progress | None = None, cancelled=None) -> FaceRange:
    """What the pictures of a face tell. folder, expressions: as `draw` gave them.

    progress, cancelled: as detect.takes has them. Raises NobodyError where no face was found, DetectorError, Cancelled.
    """
    return face_fit.fit(face_fit.look(folder, progress, cancelled, polite=True), expressions)


def keep(objects: CharacterObjects, made: FaceRange) -> None:
    """Keep what was found with the character, for all performances that come."""
    face_shapes.keep(objects.armature, list(objects.meshes), face_of(_sliders(objects))[1], made)


def forget(objects: CharacterObjects) -> bool:
    """Use the character's shapes as they are again; result: whether there was a fit."""
    return face_shapes.forget(objects.armature, list(objects.meshes), face_of(_sliders(objects))[1])


def kept(objects: CharacterObjects) -> FaceRange | None:
    """The fit of a character, None where there is none."""
    return face_shapes.fit_of(objects.armature, list(objects.meshes), face_of(_sliders(objects))[1])


def glance(thing) -> bool:
    """Whether a character keeps a fit in its file; cheap to ask. thing: its armature, or its head's mesh."""
    return face_shapes.FIT in thing.data


def _sliders(objects: CharacterObjects) -> tuple[str, ...]:
    keys = [mesh.data.shape_keys for mesh in objects.meshes if mesh.data.shape_keys]
    return tuple(dict.fromkeys(block.name for key in keys for block in key.key_blocks if block != key.reference_key))


def told(made: FaceRange) -> str:
    """A fit in a line: what is shown most differently from how it would be without."""
    changed = sorted(made.gains.items(), key=lambda item: -abs(item[1] - 1))[:3]
    words = [f"{name} ×{gain:.2f}" for name, gain in changed]
    words += [f"mouth open at rest by {made.apart:.0%} of jawOpen"] if made.apart else []
    return f"{len(made.gains)} shapes seen" + (f"; {', '.join(words)}" if words else "")
