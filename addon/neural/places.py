"""Where a character's joints, hands and face are in the camera's picture, at the frame that Blender shows."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ...solvers.character import Character
from ...solvers.names import FINGERS, finger_bones
from ...solvers.rigs.presets import RigPreset
from .. import rendering
from ..armature import CharacterObjects
from .drawing import BODY

# Where nose and ears are, in distances between the eyes from their middle: right of the face's middle, up, forward.
# People's are 63 mm apart; tip of the nose and tragus after NASA-STD-3000, volume 1, section 3.
NOSE, EAR = (0.0, -0.7, 0.5), (1.15, -0.35, -1.2)
NOSE_SPAN = (0.15, 0.85)  # below the eyes, where a mesh may have its nose
HEAD, REACH = (0.0, -0.1, -0.6), 2.6  # the head's middle, and half the side of a square around it
# What of a face moves by which expressions, more than a share of the most that anything does; and how many points of
# its outline are taken: around it, or along it.
RIMS = (("eyeBlinkLeft", 0.3, 8), ("eyeBlinkRight", 0.3, 8))
LIPS = ("mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight")
CORNERS = ("mouthSmileLeft", "mouthSmileRight")
BROWS = (("browOuterUpLeft", 0.5, 5), ("browOuterUpRight", 0.5, 5))


@dataclass(frozen=True)
class View:
    """A camera at a frame. matrix: (4, 4) world to clip space. size: (W, H) px. eye: (4, 4) world to camera."""

    matrix: np.ndarray
    size: tuple[int, int]
    eye: np.ndarray

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """(N, 2) px from the upper left of points (N, 3) in the world; NaN behind the camera."""
        clip = np.column_stack([points, np.ones(len(points))]) @ self.matrix.T
        with np.errstate(divide="ignore", invalid="ignore"):
            flat = clip[:, :2] / np.where(clip[:, 3:] > 1e-9, clip[:, 3:], np.nan)
        return (flat * [0.5, -0.5] + 0.5) * self.size


def view(scene: bpy.types.Scene) -> View:
    """The scene's camera as it is now."""
    graph = bpy.context.evaluated_depsgraph_get()
    camera, render = scene.camera.evaluated_get(graph), scene.render
    share, sides = render.resolution_percentage, (render.resolution_x, render.resolution_y)
    size = tuple(side * share // 100 // 2 * 2 for side in sides)
    aspect = {"scale_x": render.pixel_aspect_x, "scale_y": render.pixel_aspect_y}
    lens = np.array(camera.calc_matrix_camera(graph, x=size[0], y=size[1], **aspect))
    place = np.array(camera.matrix_world.normalized())
    eye = np.linalg.inv(place)
    return View(lens @ eye, size, eye)


@dataclass(frozen=True)
class Traced:
    """A character whose points can be told frame by frame.

    objects, preset: its. eyes: (2, 3) left and right at rest in armature space, NaN where unknown. axes: (3, 3) right,
    up and forward of its face at rest in armature space. nose: (3,) of its tip, as the eyes.
    dots: [(mesh, vertices)] of its face's outlines.
    """

    objects: CharacterObjects
    preset: RigPreset
    eyes: np.ndarray
    axes: np.ndarray
    nose: np.ndarray
    dots: tuple[tuple[bpy.types.Object, np.ndarray], ...]


def trace(objects: CharacterObjects, character: Character, preset: RigPreset) -> Traced:
    """Get a character ready to be traced. character, preset: what armature.read and rigs.recognised gave."""
    rig = objects.armature
    holder = rig or objects.meshes[0]
    forward = np.linalg.inv(np.array(holder.matrix_world)[:3, :3]) @ rendering.facing(character, preset)
    up = np.linalg.inv(np.array(holder.matrix_world)[:3, :3]) @ [0.0, 0.0, 1.0]
    forward, up = forward / np.linalg.norm(forward), up / np.linalg.norm(up)
    axes = np.stack([np.cross(forward, up), up, forward])  # its own right first
    eyes = np.array(character.eyes, float)
    for number, name in enumerate(("leftEye", "rightEye")):
        if rig and name in preset.bones:
            eyes[number] = rig.data.bones[preset.bones[name]].head_local
    nose = _nose(objects, holder, eyes, axes)
    return Traced(objects, preset, eyes, axes, nose, tuple(_outlines(objects, preset, axes)))


def points(traced: Traced, seen: View) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Body (18, 2), hands [(21, 2), (21, 2)] left first, and face (F, 2) in px; NaN where there is nothing."""
    joints = joints_of(traced)
    nowhere = np.full(3, np.nan)
    body = np.array([joints.get(name, nowhere) for name in BODY])
    hands = [np.array([joints.get(name, nowhere) for name in hand_points(side)]) for side in ("left", "right")]
    return seen.pixels(body), [seen.pixels(hand) for hand in hands], seen.pixels(_dots(traced))


def hand_points(side: str) -> tuple[str, ...]:
    """What `joints_of` calls the 21 points of a hand, from the wrist on."""
    chains = [finger_bones(side, finger) for finger in FINGERS]
    return (f"{side}Hand", *(name for chain in chains for name in (*chain, f"{chain[-1]}Tip")))


def joints_of(traced: Traced) -> dict[str, np.ndarray]:
    """{joint: (3,) in the world} as the character is posed now, with tips of fingers, nose and ears."""
    rig, preset = traced.objects.armature, traced.preset
    found = {}
    if rig is not None:
        world = np.array(rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world)
        for joint, name in preset.bones.items():
            bone = rig.pose.bones[name]
            found[joint] = (world @ [*bone.head, 1.0])[:3]
            if joint.endswith("Distal"):
                found[f"{joint}Tip"] = (world @ [*bone.tail, 1.0])[:3]
    if {"leftUpperArm", "rightUpperArm"} <= set(found):  # COCO's neck lies between the shoulders
        found["neck"] = (found["leftUpperArm"] + found["rightUpperArm"]) / 2
    carried, middle, step = _head(traced)
    if carried is None:
        return found
    right, up, forward = traced.axes
    places = {"leftEye": traced.eyes[0], "rightEye": traced.eyes[1], "nose": traced.nose}
    for side, sign in (("leftEar", -1), ("rightEar", 1)):
        places[side] = middle + step * (sign * EAR[0] * right + EAR[1] * up + EAR[2] * forward)
    places["head middle"] = middle + step * (HEAD @ traced.axes)
    found |= {name: (carried @ [*place, 1.0])[:3] for name, place in places.items()}
    found["head reach"] = REACH * step * np.cbrt(abs(np.linalg.det(carried[:3, :3])))
    return found


def _head(traced: Traced) -> tuple[np.ndarray | None, np.ndarray, float]:
    """What carries the head from rest to the world now (4, 4), the middle between the eyes, and their distance."""
    rig, bone = traced.objects.armature, traced.preset.bones.get("head")
    step = float(np.linalg.norm(traced.eyes[0] - traced.eyes[1]))
    if not np.isfinite(step) or step < 1e-9:
        return None, np.full(3, np.nan), 0.0
    holder = rig or traced.objects.meshes[0]
    carried = np.array(holder.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world)
    if rig is not None and bone is not None:
        posed = rig.pose.bones[bone]
        carried = carried @ np.array(posed.matrix) @ np.linalg.inv(np.array(posed.bone.matrix_local))
    return carried, traced.eyes.mean(0), step


def _nose(objects: CharacterObjects, holder: bpy.types.Object, eyes: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """The tip (3,) of the nose at rest: what is farthest forward below the eyes, else where people's is."""
    middle, step = eyes.mean(0), np.linalg.norm(eyes[0] - eyes[1])
    found = [(NOSE @ axes)[None]]
    for mesh in objects.meshes:
        if mesh.data.shape_keys is not None:
            matrix = np.array(holder.matrix_world.inverted_safe() @ mesh.matrix_world)
            points = _coordinates(mesh.data.shape_keys.reference_key) @ matrix[:3, :3].T + matrix[:3, 3]
            found.append((points - middle) / step)
    across, up, forward = (np.concatenate(found[1:] or found) @ axes.T).T
    likely = (np.abs(across) < 0.15) & (NOSE_SPAN[0] < -up) & (-up < NOSE_SPAN[1]) & (forward > 0)
    tip = np.concatenate(found[1:])[likely][np.argmax(forward[likely])] if likely.any() and found[1:] else found[0][0]
    return middle + step * tip


def _dots(traced: Traced) -> np.ndarray:
    """The face's points (F, 3) in the world as it is now."""
    graph, found = bpy.context.evaluated_depsgraph_get(), [np.zeros((0, 3))]
    for mesh, vertices in traced.dots:
        evaluated = mesh.evaluated_get(graph)
        flat = np.zeros(3 * len(evaluated.data.vertices), np.float32)
        evaluated.data.vertices.foreach_get("co", flat)
        there = vertices[vertices < len(flat) // 3]
        world = np.array(evaluated.matrix_world)
        found.append(flat.reshape(-1, 3)[there] @ world[:3, :3].T + world[:3, 3])
    return np.concatenate(found)


def _outlines(objects: CharacterObjects, preset: RigPreset, axes: np.ndarray):
    """[(mesh, vertices)] around eyes and lips, and along brows, by what the expressions move."""
    for mesh in objects.meshes:
        if mesh.data.shape_keys is None:
            continue
        across = _coordinates(mesh.data.shape_keys.reference_key) @ axes[:2].T
        chosen = [_around(across, _moved(mesh, preset, (name,)) > share, count) for name, share, count in RIMS]
        lips = _moved(mesh, preset, LIPS)
        chosen.append(_around(across, lips > 0.5, 12, lips))
        chosen += [_around(across, _moved(mesh, preset, (name,)) > 0.99, 1) for name in CORNERS]
        chosen += [_along(across, _moved(mesh, preset, (name,)) > share, count) for name, share, count in BROWS]
        vertices = np.unique(np.concatenate(chosen))
        if len(vertices):
            yield mesh, vertices


def _moved(mesh: bpy.types.Object, preset: RigPreset, names: tuple[str, ...]) -> np.ndarray:
    """How far (V,) expressions move each vertex of a mesh, 1 the most."""
    keys = mesh.data.shape_keys
    rest, most = _coordinates(keys.reference_key), np.zeros(len(mesh.data.vertices))
    for name in names:
        moves = [weight * (_coordinates(keys.key_blocks[slider]) - rest)
                 for slider, weight in preset.face.get(name, {}).items() if slider in keys.key_blocks]  # fmt: skip
        size = np.linalg.norm(sum(moves, np.zeros_like(rest)), axis=1)
        most = np.maximum(most, size / max(size.max(initial=0.0), 1e-9))
    return most


def _around(across: np.ndarray, chosen: np.ndarray, count: int, most: np.ndarray | None = None) -> np.ndarray:
    """Of the vertices chosen the farthest-out one, or that of `most` (V,), in every sector around their middle.

    across: (V, 2).
    """
    rows = np.flatnonzero(chosen)
    if len(rows) < count:
        return rows[:0]
    out = across[rows] - across[rows].mean(0)
    sector = ((np.arctan2(out[:, 1], out[:, 0]) / (2 * np.pi) + 0.5) * count).astype(int) % count
    far = (out**2).sum(1) if most is None else most[rows]
    return np.array([rows[sector == k][np.argmax(far[sector == k])] for k in np.unique(sector)])


def _along(across: np.ndarray, chosen: np.ndarray, count: int) -> np.ndarray:
    """The vertices in the middle of as many pieces, side by side, of those chosen. across: (V, 2)."""
    rows = np.flatnonzero(chosen)
    if len(rows) < count:
        return rows[:0]
    pieces = np.array_split(rows[np.argsort(across[rows, 0])], count)
    return np.array([piece[np.argmin(((across[piece] - across[piece].mean(0)) ** 2).sum(1))] for piece in pieces])


def _coordinates(block: bpy.types.ShapeKey) -> np.ndarray:
    flat = np.zeros(3 * len(block.data), np.float32)
    block.data.foreach_get("co", flat)
    return flat.reshape(-1, 3)
