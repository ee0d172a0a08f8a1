"""What of a character's surface there is to touch: some of its vertices, and the bone that each follows most."""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import numpy as np

MOST = 6000  # vertices of all meshes together; more tell nothing that a hand would feel

ENOUGH = 1000  # vertices of a mesh that tell which bones move it
SLIGHT = 0.1  # of a vertex's weight: below this a bone does not move it


def read(
    meshes: Iterable[bpy.types.Object], rig: bpy.types.Object | None, index: dict[str, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (V, 3) and normals (V, 3) of the skin at rest in armature space, and the bones (V,) that they follow.

    meshes: of the character. rig: its armature; without one there is nothing. index: {bone: its number}.
    """
    empty = np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0, int)
    meshes = worn([mesh for mesh in meshes if rig is not None and len(mesh.data.vertices)])
    if not meshes:
        return empty
    step = max(1, sum(len(mesh.data.vertices) for mesh in meshes) // MOST)
    parts = [_sampled(mesh, rig, index, step) for mesh in meshes]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def worn(meshes: Iterable[bpy.types.Object]) -> list[bpy.types.Object]:
    """Meshes without what is held or put on: hats, capes and swords hang on a bone as they are, a body bends.

    meshes: of a character. Where nothing but such is there, it is the character.
    """
    meshes = list(meshes)
    body = [mesh for mesh in meshes if mesh.parent_type != "BONE" and _moving(mesh)]
    return [mesh for mesh in meshes if mesh.parent_type != "BONE"] if body else meshes


def _moving(mesh: bpy.types.Object) -> set[str]:
    """The bones that move some of a mesh's vertices."""
    names, vertices = [group.name for group in mesh.vertex_groups], mesh.data.vertices
    chosen = range(0, len(vertices), max(1, len(vertices) // ENOUGH))
    found = {g.group for row in chosen for g in vertices[row].groups if g.weight > SLIGHT}
    return {names[number] for number in found if number < len(names)}


def _sampled(mesh: bpy.types.Object, rig: bpy.types.Object, index: dict[str, int], step: int) -> tuple:
    count = len(mesh.data.vertices)
    points, normals = np.zeros(3 * count), np.zeros(3 * count)
    mesh.data.vertices.foreach_get("co", points)
    mesh.data.vertices.foreach_get("normal", normals)
    matrix = np.array(rig.matrix_world.inverted_safe() @ mesh.matrix_world)
    points = points.reshape(-1, 3)[::step] @ matrix[:3, :3].T + matrix[:3, 3]
    normals = normals.reshape(-1, 3)[::step] @ np.linalg.pinv(matrix[:3, :3])
    owners = np.array([_owner(mesh, row, index) for row in range(0, count, step)], int)
    length = np.linalg.norm(normals, axis=1)
    kept = (owners >= 0) & (length > 0)
    return points[kept], normals[kept] / length[kept, None], owners[kept]


def _owner(mesh: bpy.types.Object, row: int, index: dict[str, int]) -> int:
    """The bone that a vertex follows most, or -1."""
    best, owner = 0.0, index.get(mesh.parent_bone, -1) if mesh.parent_type == "BONE" else -1
    for group in mesh.data.vertices[row].groups:
        bone = index.get(mesh.vertex_groups[group.group].name, -1)
        if bone >= 0 and group.weight > best:
            best, owner = group.weight, bone
    return owner
