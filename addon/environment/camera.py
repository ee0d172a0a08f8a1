"""The camera's move and its trembling, as keys: the move an action, the trembling a strip over it."""

from __future__ import annotations

import json

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ...solvers.environment import ambient, shot
from ...solvers.environment.wishes import Environment
from ...solvers.motion.rotations import continuous, from_vector
from .. import actions, layers
from ..actions import Curve

STAND = "understudy_stand"  # the camera's property that says where it stood before it was moved, and its lens
MOVE, HAND = "Understudy Camera Move", "Understudy Handheld"
OURS = "understudy_camera"  # marks our actions


def move(scene: bpy.types.Scene, wishes: Environment) -> tuple[str, ...]:
    """Key a scene's camera as wished, over its frame range; result: names of what was keyed.

    What an earlier call made is replaced. The camera's own action, where it has one, is moved beneath.
    """
    stand(scene)
    camera, (moves, speed) = scene.camera, wishes.moves
    if camera is None or not (moves or wishes.trembling):
        return ()
    frames = np.arange(scene.frame_start, scene.frame_end + 1.0)
    time = (frames - frames[0]) * scene.render.fps_base / scene.render.fps
    distance, made = _distance(scene, camera), []
    camera[STAND] = json.dumps(_standing(camera))
    if moves:
        _key_move(scene, camera, frames, shot.progress(time, speed, wishes.ease), moves, distance)
        made.append("camera move")
    if wishes.trembling:
        _key_hand(camera, frames, *ambient.handheld(time, wishes.trembling, wishes.seed), distance)
        made.append("handheld")
    return tuple(made)


def stand(scene: bpy.types.Scene) -> None:
    """Let a scene's camera stand again where it stood, without our keys."""
    camera = scene.camera
    if camera is None:
        return
    ours = [action for action in bpy.data.actions if action.get(OURS) == camera.name]
    for data in [owner.animation_data for owner in (camera, camera.data) if owner.animation_data]:
        for track in list(data.nla_tracks):
            if any(strip.action in ours for strip in track.strips):
                data.nla_tracks.remove(track)
        if data.action in ours:
            data.action = None
    for action in ours:
        bpy.data.actions.remove(action)
    if STAND in camera:
        told = json.loads(camera[STAND])
        camera.rotation_mode = told["mode"]
        camera.matrix_basis = Matrix(told["basis"])
        camera.data.lens, camera.data.ortho_scale = told["lens"], told["ortho"]
        del camera[STAND]


def _standing(camera: bpy.types.Object) -> dict:
    return {
        "basis": [list(row) for row in camera.matrix_basis], "mode": camera.rotation_mode,
        "lens": camera.data.lens, "ortho": camera.data.ortho_scale,
    }  # fmt: skip


def _distance(scene: bpy.types.Scene, camera: bpy.types.Object) -> float:
    """How far before the camera that is what it films: the visible meshes' middle, or a few metres."""
    corners = [
        thing.matrix_world @ Vector(corner)
        for thing in scene.objects
        if thing.type == "MESH" and not thing.hide_render and (thing.data.shape_keys or thing.find_armature())
        for corner in thing.bound_box
    ]
    if not corners:
        return 3.0
    along = [-(camera.matrix_world.inverted() @ corner).z for corner in corners]
    return max(float(np.mean(along)), 10 * camera.data.clip_start)


def _key_move(scene, camera, frames: np.ndarray, done: np.ndarray, moves: tuple[str, ...], distance: float) -> None:
    """An action with the camera's places and turns, and one with its lens where that changes."""
    corners = camera.data.view_frame(scene=scene)
    view = [2 * np.arctan2(abs(corners[0][axis]), max(abs(corners[0].z), 1e-6)) for axis in (0, 1)]
    start = np.array(camera.matrix_basis)
    start[:3, :3] /= np.linalg.norm(start[:3, :3], axis=0)
    flat = camera.data.type == "ORTHO"
    places, turns, lens = shot.path(start, moves, done, distance, (0.7, 0.7) if flat else tuple(view))
    if flat:  # distance does not matter to such a camera, the width of its view does
        lens = lens * distance / np.maximum((places - start[:3, 3]) @ start[:3, 2] + distance, distance / 10)
    camera.rotation_mode = "QUATERNION"
    curves = _curves("location", "Move", frames, places) + _curves("rotation_quaternion", "Move", frames, turns)
    _play(camera, MOVE, curves)
    if np.ptp(lens) > 1e-6:
        path, base = ("ortho_scale", camera.data.ortho_scale / lens) if flat else ("lens", camera.data.lens * lens)
        _play(camera.data, f"{MOVE} Lens", _curves(path, "Lens", frames, base[:, None]), camera.name)


def _key_hand(camera, frames: np.ndarray, turns: np.ndarray, shifts: np.ndarray, distance: float) -> None:
    """A strip over what the camera does, which adds the hand's trembling."""
    if camera.rotation_mode != "QUATERNION":
        camera.rotation_mode = "QUATERNION"
    axes = np.array(camera.matrix_basis)[:3, :3]
    standing = camera.animation_data is None or camera.animation_data.action is None
    if standing:  # a strip that adds needs something beneath it
        still = np.ones((len(frames), 1))
        where = _curves("location", "Stand", frames, still * np.array(camera.location))
        where += _curves("rotation_quaternion", "Stand", frames, still * np.array(camera.rotation_quaternion))
        _play(camera, f"{MOVE} Stand", where)
    shaken = continuous(from_vector(turns))
    curves = _curves("location", "Hand", frames, distance * shifts @ axes.T)
    curves += _curves("rotation_quaternion", "Hand", frames, shaken)
    action = _action(HAND, camera, curves, camera.name)
    layers.lay(camera, "Camera Move", [(HAND, action, "COMBINE")])


def _curves(path: str, group: str, frames: np.ndarray, values: np.ndarray) -> tuple[Curve, ...]:
    """Curves of all columns; where nothing changes, only first and last key."""
    made = []
    for index, column in enumerate(values.T):
        kept = slice(None) if np.ptp(column) > actions.STILL else [0, -1]
        made.append(Curve(path, index, group, np.stack([frames[kept], column[kept]], 1).astype(np.float32)))
    return tuple(made)


def _action(name: str, owner: bpy.types.ID, curves: tuple[Curve, ...], camera: str) -> bpy.types.Action:
    action = actions.make(name, [(owner, curves)])[0]
    action[OURS] = camera
    return action


def _play(owner: bpy.types.ID, name: str, curves: tuple[Curve, ...], camera: str = "") -> None:
    actions.play(owner, _action(name, owner, curves, camera or owner.name))
