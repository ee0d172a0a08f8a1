"""How joints turn, given where they are: a skeleton of the performer's bone lengths and the rotations that fit it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..motion import gaps, polish, rotations, signals
from ..motion.skeleton import PARENT
from ..names import BODY_POINT, FINGERS, JOINT, JOINTS, PARENTS, finger_bones
from .bones import BONE, POINT, TORSO
from .observed import Sight

X, Y, Z = np.eye(3)
SIDES = ("left", "right")
OUTWARD = {"left": X, "right": -X}
SOLE = 0.02  # m: MediaPipe's heel and toe lie this much above the floor
BALL = 0.7  # of the way from heel to tip of the toes, where toes bend
SPINE = {"spine": 0.15, "chest": 0.4, "upperChest": 0.65, "neck": 1.06, "head": 1.36}  # torsos above the hips
BENT = np.radians([12.0, 30.0])  # from here on, and surely, a bend shows the plane of elbow or knee
FOOT_SHARE = 0.3  # weight of the foot's direction for the turn of a leg, against a surely bent knee's 1
LIMIT = {"arm": np.radians(110), "leg": np.radians(50), "forearm": np.radians(150)}  # turn about the bone's own axis
WRIST = np.radians(85)
HEAD = np.radians(100)  # against the chest
NOSE = np.radians(18)  # the nose's tip lies this far below the ears' level when the head is level
COARSE = 0.5  # confidence in a head known by ears and nose only
COARSELY = 2.0  # Hz: ears of a head in profile, where the network is in two minds, jump faster than heads turn
NECK_SHARE = 0.4  # of the head's rotation; any fixed split works, this one is human


def skeleton(length: np.ndarray) -> np.ndarray:
    """Joint positions (J, 3) m in T-pose, hips at the origin, without fingers. length: (B,) m in the order of BONES."""
    size = lambda a, b: length[BONE[a, b]]  # noqa: E731
    shoulder, hip = size("rightShoulder", "leftShoulder") / 2, size("rightHip", "leftHip") / 2
    torso = np.sqrt(max(length[TORSO].mean() ** 2 - (shoulder - hip) ** 2, 0.01))
    heel, tip, sole = (
        size("leftAnkle", "leftHeel"), size("leftAnkle", "leftFootIndex"), size("leftHeel", "leftFootIndex")
    )  # fmt: skip
    behind = np.clip((heel**2 + sole**2 - tip**2) / (2 * sole), 0, 0.95 * heel)
    ankle = np.sqrt(heel**2 - behind**2)
    at = {name: np.array([0.0, 0.0, share * torso]) for name, share in SPINE.items()} | {"hips": np.zeros(3)}
    at["head"] = at["head"] - 0.02 * Y
    at["jaw"] = at["head"] - 0.02 * Y - 0.01 * Z
    for side in SIDES:
        out = OUTWARD[side]
        at[f"{side}Eye"] = at["head"] + 0.032 * out - 0.08 * Y + 0.07 * Z
        at[f"{side}Shoulder"] = 0.15 * shoulder * out + torso * Z
        at[f"{side}UpperArm"] = shoulder * out + torso * Z
        at[f"{side}LowerArm"] = at[f"{side}UpperArm"] + size("leftShoulder", "leftElbow") * out
        at[f"{side}Hand"] = at[f"{side}LowerArm"] + size("leftElbow", "leftWrist") * out
        at[f"{side}UpperLeg"] = hip * out
        at[f"{side}LowerLeg"] = at[f"{side}UpperLeg"] - size("leftHip", "leftKnee") * Z
        at[f"{side}Foot"] = at[f"{side}LowerLeg"] - size("leftKnee", "leftAnkle") * Z
        at[f"{side}Toes"] = at[f"{side}Foot"] - (BALL * sole - behind) * Y - ankle * Z
    result = np.zeros((len(JOINTS), 3))
    for name in JOINTS:
        result[JOINT[name]] = at.get(name, result[PARENT[JOINT[name]]])
    return result


def look(looks: np.ndarray, seen: np.ndarray, sight: Sight, room: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the head looks, in the room; by the pose network's ears and nose where no face was found.

    looks: (T, 4) wxyz in camera axes, NaN without a face, and seen: (T,) 0..1. sight: of the detector's 33 points.
    room: (4,) wxyz, camera axes to the room's. Result: the same two, completed.
    """
    nose, left, right = (BODY_POINT[name] for name in ("nose", "leftEar", "rightEar"))
    across = sight.world[:, left] - sight.world[:, right]
    back = sight.world[:, [left, right]].mean(1) - sight.world[:, nose]
    seen, area = np.nan_to_num(seen), _length(np.cross(across, back))
    usable = (sight.weight[:, [nose, left, right]] > 0).all(1) & (np.nan_to_num(area) > 1e-4)
    across, back = np.where(usable[:, None], across, X), np.where(usable[:, None], back, Y)
    coarse = rotations.from_matrix(rotations.frame(across, back))
    coarse = rotations.multiply(coarse, rotations.from_axis_angle(X, np.full(len(coarse), -NOSE)))
    known = np.isfinite(looks).all(1)
    if known.any() and usable.any():
        # What the face says beyond ears and nose is held and eased, so that a head that turns away turns with the body.
        ticks = np.arange(len(coarse), dtype=float)
        coarse = rotations.continuous(rotations.resample(coarse[usable], ticks[usable], ticks))
        coarse = rotations.normalise(signals.lowpass(coarse, sight.fps, COARSELY))
        more = rotations.multiply(rotations.inverse(coarse), np.where(known[:, None], looks, coarse))
        looks = rotations.multiply(coarse, gaps.ease_rotations(more, known, sight.time, rotations.IDENTITY)[0])
    elif known.any():
        ticks = np.arange(len(coarse), dtype=float)
        looks = rotations.resample(looks[known], ticks[known], ticks)
    else:
        looks = np.where(usable[:, None], coarse, rotations.IDENTITY)
    rough = np.where(usable, COARSE * sight.weight[:, [nose, left, right]].min(1), 0.0)
    return rotations.multiply(room, rotations.normalise(looks)), np.maximum(seen, rough)


def palm(hand, room: np.ndarray):
    """A hand turned into the room. hand: posture.Hand in camera axes. room: (4,) wxyz, camera axes to the room's."""
    return replace(hand, orientation=rotations.multiply(room, rotations.normalise(np.nan_to_num(hand.orientation))))


def pose(points, person, sight: Sight, palms: dict, looks, looked) -> tuple[np.ndarray, np.ndarray]:
    """World rotations (T, J, 4) that put the joints on the fitted points, and the skeleton (J, 3) m with its fingers.

    points: (T, P, 3) m in the room. person: (J, 3) m, the skeleton without fingers. sight: of the picked points.
    palms: {side: posture.Hand in the room}. looks: (T, 4) wxyz of the head, identity = along -y; looked: (T,) 0..1.
    """
    world = np.tile(rotations.IDENTITY, (len(points), len(JOINTS), 1))
    root = points[:, [POINT["leftHip"], POINT["rightHip"]]].mean(1)
    _trunk(world, points, root)
    _head(world, looks, looked, sight.fps)
    for side in SIDES:
        _shoulder(world, points, person, root, side)
        _arm(world, points, person, root, side, sight.fps)
        _hand(world, palms[side], side, sight)
        person = _fingers(world, person, palms[side], side)
        _leg(world, points, person, root, side, sight)
    return world, person


def _head(world: np.ndarray, looks: np.ndarray, looked: np.ndarray, fps: float) -> None:
    """Neck and head share the way from the upper chest to where the head looks."""
    chest = world[:, JOINT["upperChest"]]
    local = rotations.multiply(rotations.inverse(chest), looks)
    local = polish.blend_to_rest(polish.limited(local, HEAD), looked, fps)
    world[:, JOINT["neck"]] = rotations.multiply(chest, rotations.from_vector(rotations.to_vector(local) * NECK_SHARE))
    for name in ("head", "leftEye", "rightEye", "jaw"):
        world[:, JOINT[name]] = rotations.multiply(chest, local)


def _shoulder(world: np.ndarray, points: np.ndarray, bones: np.ndarray, root: np.ndarray, side: str) -> None:
    chest, joint = world[:, JOINT["upperChest"]], JOINT[f"{side}Shoulder"]
    reach = bones[JOINT[f"{side}UpperArm"]] - bones[joint]
    aim = points[:, POINT[f"{side}Shoulder"]] - _follow(world, bones, root, f"{side}Shoulder")
    world[:, joint] = _swung(chest, reach, aim)


def _hand(world: np.ndarray, hand, side: str, sight: Sight) -> None:
    """The hand as seen, and half of its turn about the forearm given to the forearm, as in real ones."""
    out, lower = OUTWARD[side], JOINT[f"{side}LowerArm"]
    held = np.nan_to_num(hand.confidence) * (sight.weight[:, POINT[f"{side}Wrist"]] > 0)
    local = rotations.multiply(rotations.inverse(world[:, lower]), hand.orientation)
    turn = polish.carry(polish.twist(local, out), held, sight.fps, LIMIT["forearm"])
    world[:, lower] = rotations.multiply(world[:, lower], rotations.from_axis_angle(out, turn / 2))
    local = rotations.multiply(rotations.inverse(world[:, lower]), hand.orientation)
    local = polish.blend_to_rest(polish.limited(local, WRIST), held, sight.fps)
    world[:, JOINT[f"{side}Hand"]] = rotations.multiply(world[:, lower], local)


def _fingers(world: np.ndarray, bones: np.ndarray, hand, side: str) -> np.ndarray:
    bones = bones.copy()
    joints = [JOINT[name] for finger in FINGERS for name in finger_bones(side, finger)]
    bones[joints] = bones[JOINT[f"{side}Hand"]] + hand.skeleton
    for k, joint in enumerate(joints):
        world[:, joint] = rotations.multiply(world[:, PARENT[joint]], hand.fingers[:, k])
    return bones


def _trunk(world: np.ndarray, points: np.ndarray, root: np.ndarray) -> None:
    """Hips by the line of the hips, upper chest by that of the shoulders, the spine between them in equal parts."""
    at = lambda name: points[:, POINT[name]]  # noqa: E731
    up = (at("leftShoulder") + at("rightShoulder")) / 2 - root
    hips = _upright(at("leftHip") - at("rightHip"), up)
    chest = _upright(at("leftShoulder") - at("rightShoulder"), up)
    for name, share in (("hips", 0), ("spine", 1 / 3), ("chest", 2 / 3), ("upperChest", 1), ("neck", 1), ("head", 1)):
        world[:, JOINT[name]] = rotations.slerp(hips, chest, np.full(len(root), share))
    for name in ("leftEye", "rightEye", "jaw"):
        world[:, JOINT[name]] = world[:, JOINT["head"]]


def _upright(left: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Rotations with x along `left` and z as near to `up` as that allows. left, up: (T, 3)."""
    return rotations.from_matrix(rotations.frame(left, np.cross(up, left)))


def _arm(world, points, bones, root, side: str, fps: float) -> None:
    out, upper, lower = OUTWARD[side], JOINT[f"{side}UpperArm"], JOINT[f"{side}LowerArm"]
    start = _follow(world, bones, root, f"{side}UpperArm")
    elbow, wrist = points[:, POINT[f"{side}Elbow"]], points[:, POINT[f"{side}Wrist"]]
    first, second = _limb(start, elbow, wrist, bones, upper, lower)
    chest, rest_hinge = world[:, JOINT["upperChest"]], -Z if side == "left" else Z
    world[:, upper] = _turned(chest, out, first, [_hinge(first, second)], rest_hinge, LIMIT["arm"], fps)
    world[:, lower] = _swung(world[:, upper], out, second)


def _leg(world, points, bones, root, side: str, sight: Sight) -> None:
    upper, lower, foot = (JOINT[f"{side}{part}"] for part in ("UpperLeg", "LowerLeg", "Foot"))
    knee, ankle = points[:, POINT[f"{side}Knee"]], points[:, POINT[f"{side}Ankle"]]
    tip, heel = POINT[f"{side}FootIndex"], POINT[f"{side}Heel"]
    first, second = _limb(_follow(world, bones, root, f"{side}UpperLeg"), knee, ankle, bones, upper, lower)
    back = points[:, heel] - points[:, tip]
    back /= np.maximum(_length(back), 1e-6)[:, None]
    aside = np.cross(second, back)
    shown = FOOT_SHARE * np.minimum(sight.weight[:, tip], sight.weight[:, heel]) * np.clip(_length(aside), 0, 1)
    hinges = [_hinge(first, second), (aside, shown)]
    world[:, upper] = _turned(world[:, JOINT["hips"]], -Z, first, hinges, X, LIMIT["leg"], sight.fps)
    world[:, lower] = _swung(world[:, upper], -Z, second)
    across = rotations.rotate(world[:, lower], X)
    world[:, foot] = _facing(across, back)
    world[:, JOINT[f"{side}Toes"]] = world[:, foot]


def _facing(across: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Rotations with y along `back` and x as near to `across` as that allows. across, back: (T, 3)."""
    matrix = rotations.frame(back, np.cross(across, back))
    return rotations.from_matrix(np.stack([matrix[..., 2], matrix[..., 0], matrix[..., 1]], -1))


def _limb(start, middle, end, bones, upper: int, lower: int) -> tuple[np.ndarray, np.ndarray]:
    """Directions (T, 3) of both bones of a limb that starts at `start` and ends at `end`, bent as `middle` shows."""
    lengths = [np.linalg.norm(bones[j] - bones[PARENT[j]]) for j in (lower, _child(lower))]
    line = end - start
    along = line / np.maximum(_length(line), 1e-6)[:, None]
    reach = np.clip(_length(line), abs(lengths[0] - lengths[1]) + 1e-3, sum(lengths) - 1e-4)
    offset = middle - start
    aside = offset - (offset * along).sum(1, keepdims=True) * along
    spare = np.cross(along, np.where(np.abs(along[:, :1]) < 0.9, X, Z))
    aside = np.where(_length(aside)[:, None] > 1e-6, aside, spare)
    aside /= _length(aside)[:, None]
    share = (lengths[0] ** 2 - lengths[1] ** 2 + reach**2) / (2 * reach)
    out = np.sqrt(np.maximum(lengths[0] ** 2 - share**2, 0))
    bend = along * share[:, None] + aside * out[:, None]
    return bend / lengths[0], (along * reach[:, None] - bend) / lengths[1]


def _child(joint: int) -> int:
    return JOINT[JOINTS[joint].replace("LowerArm", "Hand").replace("LowerLeg", "Foot")]


def _hinge(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The axis (T, 3) about which a limb is bent, and how surely (T,) it shows, 0 for a straight limb to 1."""
    axis = np.cross(first, second)
    angle = np.arctan2(_length(axis), (first * second).sum(1))
    return axis, polish.ease((angle - BENT[0]) / (BENT[1] - BENT[0]))


def _turned(parent, rest, direction, hinges, rest_hinge, limit: float, fps: float) -> np.ndarray:
    """World rotations of a bone that points along `direction` and turns about itself so that its hinge lies right.

    parent: (T, 4) world rotations. rest, rest_hinge: (3,) bone and hinge at rest. direction: (T, 3).
    hinges: [(axis (T, 3), weight (T,))], what is known of the hinge. limit: rad, of the turn about the bone.
    """
    back = rotations.inverse(parent)
    swing = rotations.between(rest, rotations.rotate(back, direction))
    aside, vector, total = np.cross(rest, rest_hinge), 0.0, 0.0
    for axis, weight in hinges:
        local = rotations.rotate(rotations.inverse(swing), rotations.rotate(back, axis))
        angle = np.arctan2(local @ aside, local @ rest_hinge)
        vector, total = vector + weight * np.exp(1j * angle), total + weight
    angle = polish.carry(np.angle(vector), np.minimum(total, 1.0), fps, limit)
    return rotations.multiply(parent, rotations.multiply(swing, rotations.from_axis_angle(rest, angle)))


def _swung(parent: np.ndarray, rest: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """World rotations of a bone that points along `direction` by the shortest turn from its parent."""
    return rotations.multiply(parent, rotations.between(rest, rotations.rotate(rotations.inverse(parent), direction)))


def _follow(world: np.ndarray, bones: np.ndarray, root: np.ndarray, name: str) -> np.ndarray:
    """Where a joint is, (T, 3) m, by the rotations of all joints above it."""
    place, chain = root, [name]
    while PARENTS[chain[-1]] is not None:
        chain.append(PARENTS[chain[-1]])
    for child, parent in zip(chain[-2::-1], chain[:0:-1], strict=True):
        place = place + rotations.rotate(world[:, JOINT[parent]], bones[JOINT[child]] - bones[JOINT[parent]])
    return place


def _length(v: np.ndarray) -> np.ndarray:
    return np.linalg.norm(v, axis=-1)
