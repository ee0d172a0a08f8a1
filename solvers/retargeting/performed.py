"""The way back: what a character plays is read as a performance, so that every export of performances serves it too."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from ..body.bones import TORSO_METRES, USUAL
from ..body.posing import skeleton as person_of
from ..character import Character
from ..errors import RigError
from ..hands.posture import average_skeleton
from ..motion.rotations import IDENTITY, continuous, from_matrix, inverse, multiply, rotate, to_vector
from ..motion.skeleton import local_rotations
from ..names import CONTACTS, EXPRESSION, EXPRESSIONS, FINGERS, JOINT, JOINTS, PARENTS, finger_bones
from ..performance import Performance
from ..rigs.presets import RigPreset
from .acting import GLANCE, LOOKS
from .face_bones import JAW_OPEN
from .tpose import Rig, measure

SIDES = ("left", "right")


def read_back(
    character: Character, preset: RigPreset, fps: float, poses: dict[str, np.ndarray], values: dict[str, np.ndarray]
) -> Performance:
    """What a character plays, as a performance of the character itself (T samples, one a frame, from 0 s on).

    The skeleton is the character's own in T-pose, in metres; joints that it lacks have NaN there, and do not turn.
    Expressions are those that its sliders show best; what no slider shows is 0.
    character, preset: as it was recognised. fps: frames a second.
    poses: {bone: (T, 4, 4) pose in armature space} of all the preset's bones. values: {slider: (T,)}.
    Raises RigError where there are neither bones nor sliders to be read.
    """
    if not poses and not values:
        raise RigError(f"Nothing of what {character.name} plays is known: neither bones nor face shapes.")
    count = len(next(iter((poses or values).values())))
    expressions = shown_expressions(preset, values, count)
    world, root, body = _body(character, preset, poses, count)
    gaze = _gaze_of_shapes(expressions)
    if not any(look in preset.face for look in LOOKS):
        gaze = _gaze_of_bones(world)
    if "jawOpen" not in preset.face and "jaw" in preset.bones and poses:
        opened = to_vector(multiply(inverse(world[:, JOINT["head"]]), world[:, JOINT["jaw"]]))[:, 0]
        expressions[:, EXPRESSION["jawOpen"]] = np.clip(opened / JAW_OPEN, 0, 1)
    for eye in ("leftEye", "rightEye"):
        world[:, JOINT[eye]] = world[:, JOINT["head"]]  # where they look is told by the gaze
    return Performance(
        time=np.arange(count) / fps, rotations=continuous(local_rotations(world)), root=root, skeleton=body,
        expressions=expressions, gaze=gaze, contacts=np.zeros((count, len(CONTACTS))),
        confidence=np.tile(np.isfinite(body).all(1).astype(float), (count, 1)),
        face_confidence=np.ones(count), projection=np.zeros((3, 4)), size=(0, 0), framing="full",
        source={"fps": fps}, history=(("read back", {"character": character.name}),),
    )  # fmt: skip


def typical_person() -> np.ndarray:
    """The joints (J, 3) m of somebody of usual proportions in T-pose, hips at the origin, with fingers."""
    person = person_of(USUAL * TORSO_METRES)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        fingers = [JOINT[bone] for finger in FINGERS for bone in finger_bones(side, finger)]
        person[fingers] = person[JOINT[f"{side}Hand"]] + average_skeleton() * [sign, 1.0, 1.0]
    return person


def _body(
    character: Character, preset: RigPreset, poses: dict, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(World rotations (T, J, 4), the hips' path (T, 3) m, the skeleton in T-pose (J, 3) m) of what is posed."""
    world, body = np.tile(IDENTITY, (count, len(JOINTS), 1)), np.full((len(JOINTS), 3), np.nan)
    if not poses:
        return world, np.zeros((count, 3)), body
    rig, metre = measure(character, preset, typical_person()), character.metre
    for name in JOINTS:
        joint, before = JOINT[name], _before(rig, name)
        if name not in rig.joints:
            world[:, joint] = world[:, JOINT[before]] if before else IDENTITY
            continue
        pose = from_matrix(_turn(rig.axes.T @ poses[rig.bones[name]][:, :3, :3]))
        turn = multiply(pose, inverse(rig.rest[joint]))
        world[:, joint] = multiply(turn, inverse(rig.correction[joint]))
        if before is None:
            body[joint] = 0.0
        else:
            offset = rig.heads[joint] - rig.heads[JOINT[before]]
            body[joint] = body[JOINT[before]] + rotate(rig.correction[JOINT[before]], offset) / metre
    first = rig.joints[0]
    heads = poses[rig.bones[first]][:, :3, 3] @ rig.axes
    return world, (heads - [0.0, 0.0, rig.ground]) / metre, body


def _before(rig: Rig, name: str) -> str | None:
    """The nearest joint before one that the rig has."""
    parent = PARENTS[name]
    while parent is not None and parent not in rig.joints:
        parent = PARENTS[parent]
    return parent


def _turn(matrices: np.ndarray) -> np.ndarray:
    """The rotations (T, 3, 3) in matrices that may scale."""
    u, _, v = np.linalg.svd(matrices)
    u[:, :, 2] *= np.sign(np.linalg.det(u @ v))[:, None]
    return u @ v


def shown_expressions(preset: RigPreset, values: dict[str, np.ndarray], count: int) -> np.ndarray:
    """The expressions (T, 52) that a face's sliders show: those that would set them so, by least squares, none below 0.

    preset: recognised, with face {expression: {slider: weight}}. values: {slider: (T,)}. count: T.
    """
    face = {name: {s: w for s, w in moved.items() if s in values} for name, moved in preset.face.items()}
    face = {name: moved for name, moved in face.items() if moved}
    result, names = np.zeros((count, len(EXPRESSIONS))), list(face)
    sliders = list(dict.fromkeys(slider for moved in face.values() for slider in moved))
    if not sliders:
        return result
    weights = np.array([[face[name].get(slider, 0.0) for name in names] for slider in sliders])
    shown = np.stack([values[slider] for slider in sliders], 1)
    if (np.count_nonzero(weights, 1) == 1).all():
        found = shown @ weights / (weights**2).sum(0)
    else:
        found = np.stack([_shown_by(weights, row) for row in np.maximum(shown, 0.0)])
    result[:, [EXPRESSION[name] for name in names]] = np.maximum(found, 0.0)
    return result


def _shown_by(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The expressions (E,) >= 0 that set sliders so; a slider at 0 may be asked for less, which it cannot show.

    weights: (S, E). values: (S,) >= 0. Lawson and Hanson 1974, chapter 23, with a slack for each slider at 0.
    """
    slack = np.eye(len(values))[:, values <= 0]
    return nnls(np.concatenate([weights, slack], 1), values)[0][: weights.shape[1]]


def _gaze_of_shapes(expressions: np.ndarray) -> np.ndarray:
    """Where the eyes look (T, 2, 2) rad, as their sliders say: the inverse of `retarget.look_values`."""
    value = lambda way, side: expressions[:, EXPRESSION[f"eyeLook{way}{side}"]]  # noqa: E731
    gaze = np.zeros((len(expressions), 2, 2))
    for eye, (side, outwards) in enumerate((("Left", 1.0), ("Right", -1.0))):
        gaze[:, eye, 0] = GLANCE * outwards * (value("Out", side) - value("In", side))
        gaze[:, eye, 1] = GLANCE * (value("Up", side) - value("Down", side))
    return gaze


def _gaze_of_bones(world: np.ndarray) -> np.ndarray:
    """Where the eyes look (T, 2, 2) rad, as their bones are turned against the head. world: (T, J, 4)."""
    gaze = np.zeros((len(world), 2, 2))
    for eye, name in enumerate(("leftEye", "rightEye")):
        turn = multiply(inverse(world[:, JOINT["head"]]), world[:, JOINT[name]])
        ahead = rotate(turn, np.array([0.0, -1.0, 0.0]))
        gaze[:, eye] = np.stack([np.arctan2(ahead[:, 0], -ahead[:, 1]), np.arcsin(np.clip(ahead[:, 2], -1, 1))], 1)
    return gaze
