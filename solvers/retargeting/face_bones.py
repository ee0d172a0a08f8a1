"""Keys for faces on bones: the jaw turns, lids, lips, brows and cheeks go where people's go with each expression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..character import Character
from ..motion.rotations import IDENTITY, between, from_axis_angle, from_matrix, inverse, multiply, rotate
from ..names import EXPRESSION, EXPRESSIONS, JOINT
from ..rigs import face_places
from ..rigs.presets import RigPreset
from ..settings import Settings
from .acting import LOOKS
from .tpose import Rig

JAW_OPEN = np.radians(25.0)  # a jaw bone's turn at jawOpen 1: 4 cm between the teeth at 9 cm from the joint
JAW_ASIDE = np.radians(5.0)  # ... to one side at jawLeft or jawRight 1: as far as people's chins go there
BY_JAW = ("jawOpen", "jawLeft", "jawRight", "jawForward")
LIDS = ("LidUpperInner", "LidUpper", "LidUpperOuter", "LidLowerInner", "LidLower", "LidLowerOuter")
# Of the way between two lids, the upper one's share: people's lower lids hardly rise (see places/people.toml).
UPPER_SHARE = 0.9
EYEBALL = 0.19  # its radius in distances between the eyes: 12 mm of 63
AT_CENTRE = 0.6  # of that radius: a lid's bone that begins nearer to the eye's centre turns about it
NOT_FOUND = 0.036  # distance between the eyes in lengths of a body: 63 mm of 1.75 m


@dataclass(frozen=True)
class BoneKeys:
    """Keys of bones (N frames) in pose-bone basis, in the order and units of a Clip."""

    bones: tuple[str, ...]
    rotations: np.ndarray
    movers: tuple[str, ...]
    locations: np.ndarray


@dataclass(frozen=True)
class BonyPlace:
    """A place of a face that a bone moves.

    place: its name. bone: the bone's row in the character. head: (3,) in the character's axes. carried: whether the jaw
    bone takes it along. moves: (52, 3) armature units in the character's axes. close: (3,) what it moves by when the
    eye closes; None but for lids. pivot: (3,) about which it turns instead of moving; None where it moves.
    """

    place: str
    bone: int
    head: np.ndarray
    carried: bool
    moves: np.ndarray
    close: np.ndarray | None
    pivot: np.ndarray | None


def shown(preset: RigPreset) -> set[str]:
    """The expressions that a character's bones show, since it has no slider for them."""
    if not preset.places and "jaw" not in preset.bones:
        return set()
    moved = {name for name, table in face_places.people().items() if set(table) & set(preset.places)}
    if f"left{face_places.TARGET}" in preset.places:
        moved -= set(LOOKS)  # rigs whose eyes follow a control let the lids follow the eyes
    moved |= {"jawOpen", "jawLeft", "jawRight", "jawForward", "mouthClose"} if "jaw" in preset.bones else set()
    return moved - set(preset.face)


def jaw_turn(strengths: np.ndarray, character: Character, rig: Rig, preset: RigPreset) -> np.ndarray:
    """How the jaw is turned in the head, (N, 4) wxyz in the character's axes.

    strengths: (N, 52) of the expressions. Where no slider closes the lips over an open jaw, the jaw itself closes.
    """
    closed = 0.0 if "mouthClose" in preset.face else strengths[:, EXPRESSION["mouthClose"]]
    opened = np.maximum(strengths[:, EXPRESSION["jawOpen"]] - closed, 0.0)
    aside = strengths[:, EXPRESSION["jawLeft"]] - strengths[:, EXPRESSION["jawRight"]]
    aside = aside if "jawLeft" not in preset.face else np.zeros(len(strengths))
    yaw = from_axis_angle(np.array([0.0, 0.0, 1.0]), JAW_ASIDE * aside)
    most = min([JAW_OPEN, *_levers(character, rig, preset)])
    return multiply(yaw, from_axis_angle(np.array([1.0, 0.0, 0.0]), most * opened))


def _levers(character: Character, rig: Rig, preset: RigPreset) -> list[float]:
    """The angles (rad) by which the jaw's bone has to turn to bring the lower lip, or the chin, as far as people's."""
    if "jaw" not in rig.bones:
        return []
    heads, found = _heads(character, rig, preset), []
    for place in {"LipLower", "Chin"} & set(heads):
        lever = np.linalg.norm((heads[place][0] - rig.heads[JOINT["jaw"]])[1:])
        wanted = face_size(character, rig, heads) * np.linalg.norm(face_places.people()["jawOpen"][place])
        found.append(2 * np.arcsin(min(wanted / max(2 * lever, 1e-9), 1.0)))
    return [float(np.mean(found))] if found else []


def _heads(character: Character, rig: Rig, preset: RigPreset) -> dict[str, list[np.ndarray]]:
    """{place: where its bones are at rest, each (3,) in the character's axes}."""
    row = {bone: number for number, bone in enumerate(character.bones)}
    place = lambda bone: rig.axes.T @ character.rest[row[bone]][:3, 3]  # noqa: E731
    return {name: [place(bone) for bone in bones] for name, bones in preset.places.items()}


def keys(
    strengths: np.ndarray, gaze: np.ndarray, character: Character, rig: Rig, preset: RigPreset, settings: Settings
) -> BoneKeys:
    """Keys of all bones of the face but the jaw's turn, and the eyes' where these turn themselves.

    strengths: (N, 52) of the expressions. gaze: (N, 2, 2) rad. preset: recognised on the character. rig: as measured on
    it. settings: the switches of face and gaze are honoured.
    """
    told = shown(preset)
    wanted = [name in told and (settings.gaze if name in LOOKS else settings.face) for name in EXPRESSIONS]
    values = np.where(wanted, strengths, 0.0)
    bones, turns, movers, moves = [], [], [], []
    there = places(character, rig, preset) if settings.face else ()
    offsets = {character.bones[place.bone]: _offset(place, values, "jaw" in rig.bones) for place in there}
    for place in there:
        offset = offsets[character.bones[place.bone]]
        for other, share in character.echoes.get(character.bones[place.bone], {}).items():
            offset = offset - share * offsets.get(other, 0.0)
        rest = from_matrix(rig.axes.T @ character.rest[place.bone][:3, :3])
        if place.pivot is not None:
            bones.append(character.bones[place.bone])
            turns.append(multiply(inverse(rest), multiply(_about(place, offset), rest)))
        elif not character.connected[place.bone]:
            movers.append(character.bones[place.bone])
            moves.append(rotate(inverse(rest), offset))
    for bone, location in _targets(gaze, character, rig, preset) if settings.gaze else ():
        movers.append(bone)
        moves.append(location)
    return BoneKeys(
        tuple(bones), np.stack(turns, 1) if turns else np.zeros((len(values), 0, 4)),
        tuple(movers), np.stack(moves, 1) if moves else np.zeros((len(values), 0, 3)),
    )  # fmt: skip


def _targets(gaze: np.ndarray, character: Character, rig: Rig, preset: RigPreset):
    """(bone, location (N, 3) in its basis) of the controls that eyes look at."""
    for number, (side, centre) in enumerate(eye_centres(rig).items() if len(eye_centres(rig)) == 2 else ()):
        bones = preset.places.get(f"{side}{face_places.TARGET}", ())
        for row in (character.bones.index(bone) for bone in bones):
            yaw = from_axis_angle(np.array([0.0, 0.0, 1.0]), gaze[:, number, 0])
            look = multiply(yaw, from_axis_angle(np.array([-1.0, 0.0, 0.0]), gaze[:, number, 1]))
            ahead = rig.axes.T @ character.rest[row][:3, 3] - centre
            rest = from_matrix(rig.axes.T @ character.rest[row][:3, :3])
            yield character.bones[row], rotate(inverse(rest), rotate(look, ahead) - ahead)


def places(character: Character, rig: Rig, preset: RigPreset) -> tuple[BonyPlace, ...]:
    """The places of a face that bones move, each with how far on this face."""
    row = {bone: number for number, bone in enumerate(character.bones)}
    heads = _heads(character, rig, preset)
    size, eyes = face_size(character, rig, heads), eye_centres(rig)
    jaw = row.get(rig.bones.get("jaw", ""), -1)
    jawed = jaw >= 0 and "jawForward" not in preset.face
    table = face_places.people()
    found, taken = [], set(rig.bones.values())
    for place, bones in preset.places.items():
        if place.endswith(face_places.TARGET):
            continue
        moves = size * np.array([table.get(name, {}).get(place, np.zeros(3)) for name in EXPRESSIONS])
        for bone, head in zip(bones, heads[place], strict=True):
            if bone in taken:
                continue
            taken.add(bone)
            carried = preset.controls or _hangs_on(character, row[bone], jaw)
            close = size * table[_blink(place)].get(place, np.zeros(3)) if _lid(place) else None
            pivot = _pivot(place, head, eyes, size)
            if close is not None and pivot is None:
                close = _closing(place, head, heads, close)
            found.append(BonyPlace(place, row[bone], head, carried, moves, close, pivot))
    if jawed and not character.connected[jaw]:
        forward = np.zeros((len(EXPRESSIONS), 3))
        forward[EXPRESSION["jawForward"]] = size * table["jawForward"]["Chin"] * [0, 1, 0]
        found.append(BonyPlace("Jaw", jaw, rig.heads[JOINT["jaw"]], False, forward, None, None))
    return tuple(found)


def face_size(character: Character, rig: Rig, heads: dict[str, list[np.ndarray]]) -> float:
    """The distance between the eyes in armature units: of their bones, else of the lids', else as bodies have it."""
    pairs = [[rig.heads[JOINT[name]] for name in ("leftEye", "rightEye")]]
    pairs += [[np.mean(heads[f"{side}{lid}"], 0) for side in ("left", "right")]
              for lid in ("LidUpper", "LidLower") if f"left{lid}" in heads and f"right{lid}" in heads]  # fmt: skip
    apart = [np.linalg.norm(left - right) for left, right in pairs]
    apart = [distance for distance in apart if np.isfinite(distance) and distance > 0]
    if apart:
        return float(apart[0])
    top, low = rig.heads[JOINT["head"]][2], rig.ground
    return float(NOT_FOUND * (top - low)) if np.isfinite(top) and top > low else 0.063 * character.metre


def eye_centres(rig: Rig) -> dict[str, np.ndarray]:
    """{side: (3,)} of those eyes that have bones."""
    centres = {side: rig.heads[JOINT[f"{side}Eye"]] for side in ("left", "right")}
    return {side: centre for side, centre in centres.items() if np.isfinite(centre).all()}


def eyes_at_rest(character: Character, rig: Rig) -> np.ndarray:
    """(2, 3) the middle of the left and the right eye at rest, in the character's axes and units.

    By the eyes' bones, else as the character's shapes tell, else where people have them: a little before and above the
    joint of the head.
    """
    centres = eye_centres(rig)
    if len(centres) == 2:
        return np.stack([centres["left"], centres["right"]])
    if np.isfinite(character.eyes).all():
        return character.eyes @ rig.axes
    head = rig.heads[JOINT["head"]]
    return np.nan_to_num(head) + rig.scale * np.array([[0.032, -0.08, 0.08], [-0.032, -0.08, 0.08]])


def _offset(place: BonyPlace, values: np.ndarray, jawed: bool) -> np.ndarray:
    """(N, 3) by which a place moves, in the character's axes. values: (N, 52)."""
    moves = place.moves.copy()
    if jawed:  # what the jaw does, its bone does to what hangs on it; lips that the jaw lets close need no more
        moves[EXPRESSION["mouthClose"]] = 0
        if place.carried:
            moves[[EXPRESSION[name] for name in BY_JAW]] = 0
    if place.close is None:
        return values @ moves
    blink = EXPRESSION[_blink(place.place)]
    shut = np.clip(values[:, blink, None], 0, 1)
    moves[blink] = 0
    return (1 - shut) * (values @ moves) + shut * place.close


def _about(place: BonyPlace, offset: np.ndarray) -> np.ndarray:
    """(N, 4) by which a bone turns about its head so that the lid, which lies in front of it, moves by an offset."""
    lid = place.pivot
    reach = np.linalg.norm(lid)
    return between(np.broadcast_to(lid, offset.shape), lid + offset * [1, 0, 1]) if reach else np.tile(
        IDENTITY, (len(offset), 1)
    )


def _pivot(place: str, head: np.ndarray, eyes: dict[str, np.ndarray], size: float) -> np.ndarray | None:
    """From the eye's centre to the lid (3,), where a lid's bone begins at that centre; else None."""
    side = "left" if place.startswith("left") else "right"
    if not _lid(place) or side not in eyes or np.linalg.norm(head - eyes[side]) > AT_CENTRE * EYEBALL * size:
        return None
    return np.array([0.0, -EYEBALL * size, 0.0])


def _closing(place: str, head: np.ndarray, heads: dict[str, list[np.ndarray]], usual: np.ndarray) -> np.ndarray:
    """(3,) by which a lid moves until it meets the other one. usual: where there is no bone of the other lid."""
    upper = "Upper" in place
    other = heads.get(place.replace("Upper", "Lower") if upper else place.replace("Lower", "Upper"))
    if other is None:
        return usual
    return (UPPER_SHARE if upper else 1 - UPPER_SHARE) * (np.mean(other, 0) - head)


def _lid(place: str) -> bool:
    return place.removeprefix("left").removeprefix("right") in LIDS


def _blink(place: str) -> str:
    return "eyeBlinkLeft" if place.startswith("left") else "eyeBlinkRight"


def _hangs_on(character: Character, bone: int, other: int) -> bool:
    """Whether a bone follows another in the tree. bone, other: rows; -1 for none."""
    while bone >= 0:
        bone = int(character.parents[bone])
        if bone == other >= 0:
            return True
    return False
