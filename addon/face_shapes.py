"""What a character's face shapes do: where its eyes are, how wide its jaw goes, and what a fit has found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import bpy
import numpy as np

from ..solvers.record import written_whole
from ..solvers.rigs.face_range import FaceRange, from_words, guarded
from ..solvers.rigs.faces import Weights, face_of
from . import own

FIT = "understudy_face"  # the property in which a character keeps its fit
EYES = ("eyeBlinkLeft", "eyeBlinkRight")
JAW = "jawOpen"
LEAST = 1e-9  # of the largest move: what moves less does not count


def read(
    meshes: Iterable[bpy.types.Object], rig: bpy.types.Object | None, sliders: tuple[str, ...]
) -> tuple[np.ndarray, FaceRange]:
    """Where the eyes are, (2, 3) at rest in armature space (NaN where no lids tell), and how far the face goes.

    meshes: of the character. rig: its armature, None for a bare head, whose first mesh is taken for it.
    sliders: names of all its shape keys.
    """
    meshes = list(meshes)
    face = face_of(sliders)[1]
    holder = rig or (meshes[0] if meshes else None)
    if holder is None or not face:
        return np.full((2, 3), np.nan), FaceRange()
    to_holder = holder.matrix_world.inverted_safe()
    moves = {name: _moves(meshes, face.get(name, {}), to_holder) for name in (*EYES, JAW)}
    eyes = np.array([_middle(*moves[name]) for name in EYES])
    found = fit_of(rig, meshes, face)
    if found is None:
        reach = np.linalg.norm(moves[JAW][1], axis=1).max(initial=0.0)
        found = guarded({JAW: float(reach)}, float(np.nan_to_num(np.linalg.norm(eyes[0] - eyes[1]))))
    return eyes, found


def _moves(meshes: list[bpy.types.Object], weights: dict[str, float], to_holder) -> tuple[np.ndarray, np.ndarray]:
    """Points (V, 3) and how far an expression at 1 moves them (V, 3), in the holder's space; those that move."""
    points, moves = [np.zeros((0, 3))], [np.zeros((0, 3))]
    for mesh in meshes:
        keys = mesh.data.shape_keys
        there = [name for name in weights if keys and name in keys.key_blocks]
        if not there:
            continue
        matrix = np.array(to_holder @ mesh.matrix_world)
        moved = sum(weights[name] * _move(keys.key_blocks[name]) for name in there) @ matrix[:3, :3].T
        size = np.linalg.norm(moved, axis=1)
        chosen = size > max(LEAST, 0.05 * size.max(initial=0.0))
        base = _coordinates(keys.reference_key)[chosen]
        points.append(base @ matrix[:3, :3].T + matrix[:3, 3])
        moves.append(moved[chosen])
    return np.concatenate(points), np.concatenate(moves)


def _middle(points: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """The middle (3,) of what an expression moves, by how far it does; NaN where it moves nothing."""
    weight = (moves**2).sum(1)
    return weight @ points / weight.sum() if len(points) else np.full(3, np.nan)


def _move(block: bpy.types.ShapeKey) -> np.ndarray:
    """(V, 3) how far a shape key moves each point at 1."""
    return _coordinates(block) - _coordinates(block.relative_key)


def _coordinates(block: bpy.types.ShapeKey) -> np.ndarray:
    """(V, 3) of a shape key."""
    flat = np.zeros(3 * len(block.data), np.float32)
    block.data.foreach_get("co", flat)
    return flat.reshape(-1, 3)


# --- the fit ---------------------------------------------------------------------------------------------------------


def fit_of(rig: bpy.types.Object | None, meshes: list[bpy.types.Object], face: Weights) -> FaceRange | None:
    """What a fit to a character's face has found: in its file, else for the same face in the user's folder; or None."""
    holder = rig.data if rig else head_of(meshes)
    words = holder.get(FIT, "") if holder else ""
    place = place_of(meshes, face)
    if not words and place.is_file():
        try:
            words = place.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            words = ""
    return from_words(words) if isinstance(words, str) and words else None


def keep(rig: bpy.types.Object | None, meshes: list[bpy.types.Object], face: Weights, found: FaceRange) -> Path:
    """Keep a fit in the character, where it can be changed, and in the user's folder; result: its file there."""
    holder = rig.data if rig else head_of(meshes)
    if holder.library is None:
        holder[FIT] = found.words()
    place = place_of(meshes, face)
    with written_whole(place) as temporary:
        temporary.write_text(found.words(), encoding="utf-8")
    return place


def forget(rig: bpy.types.Object | None, meshes: list[bpy.types.Object], face: Weights) -> bool:
    """Take a fit away from the character and from the user's folder; result: whether there was one."""
    holder, place = rig.data if rig else head_of(meshes), place_of(meshes, face)
    there = FIT in holder or place.is_file()
    if FIT in holder and holder.library is None:
        del holder[FIT]
    place.unlink(missing_ok=True)
    return there


def head_of(meshes: list[bpy.types.Object]) -> bpy.types.Mesh:
    """The mesh of a bare head that holds most of its shapes."""
    count = lambda data: len(data.shape_keys.key_blocks) if data.shape_keys else 0  # noqa: E731
    return max((mesh.data for mesh in meshes), key=count)


def place_of(meshes: list[bpy.types.Object], face: Weights) -> Path:
    """The file in the user's folder that belongs to a face: to all characters with the same shapes."""
    digest = hashlib.blake2b(digest_size=12)
    told = sorted({slider for weights in face.values() for slider in weights})
    digest.update("\n".join(told).encode())
    for mesh in sorted(meshes, key=lambda mesh: len(mesh.data.vertices)):
        keys = mesh.data.shape_keys
        for name in (*face.get(JAW, {}), *face.get(EYES[0], {})):
            if keys and name in keys.key_blocks:
                moved = _move(keys.key_blocks[name])
                whole = np.abs(moved).max(initial=LEAST)  # the same face at another size is the same face
                digest.update(np.round(100 * moved / whole).astype(np.int8).tobytes())
    return own.folder("fits") / f"{digest.hexdigest()}.json"
