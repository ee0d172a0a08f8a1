"""A picture becomes a puppet: the steps in their order. It needs OpenCV and the networks, and runs in the child."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..errors import CharacterError
from ..names import BODY_POINT
from . import cutout, drawn, guess, joints_file, limbs, parts, skeleton2d
from .body import WEAVE, body_sheet, in_depth
from .face import IRISES, Face, face_of
from .puppet import Puppet, Sheet, in_room, joined
from .skeleton2d import JOINTS
from .tracing import already

EYES_APART = 0.063  # m between the middles of a person's eyes
TALL = 1.6  # m, a figure without a face
LARGEST = 2048  # px, the longer side of a puppet's own picture
MISPLACED = 0.35  # of the eyes' distance, by which an eye placed by hand is another than the network's
BEYOND = 1.0  # of the background's size, by which its plane is larger at each side
HAIR = 0.12  # of the eyes' distance: what is nearer to the figure is no background, but hair that was not cut out
BORDER = 0.35  # of the longer side, by which the background goes beyond the picture


@dataclass(frozen=True)
class Known:
    """What is known of a picture (H, W) before it is made a puppet.

    rgb: (H, W, 3) uint8. figure: (H, W) bool. places: {joint or end: (2,) px}. shown: {"leftArm": whether it can be
    told apart}. face: of the network, if the picture has one that looks real. points: {"leftEye", "rightEye",
    "mouthLeft", "mouthRight": (2,) px} of a face that is drawn. notes: sentences about what was guessed.
    """

    rgb: np.ndarray
    figure: np.ndarray
    places: dict
    shown: dict
    face: Face | None = None
    points: dict | None = None
    notes: tuple[str, ...] = ()


def build(path: Path, networks: dict, mask: Path | None = None, joints: Path | None = None) -> Puppet:
    """Make a puppet of a picture. No picture is refused: what cannot be seen is guessed, and said.

    path: of the picture. networks: as models.find gives them. mask: of a picture of its size, white where the figure
    is. joints: of a file with the joints' places. Raises CharacterError where a file cannot be read.
    """
    from ..detectors.still import look

    rgb, alpha = read(path)
    if mask is not None:
        alpha = read_mask(mask, rgb.shape[:2])
    return assembled(path.stem, known(rgb, alpha, look(rgb, networks), by_hand(joints, rgb.shape[1::-1])))


def by_hand(joints: Path | None, size: tuple[int, int]) -> dict[str, np.ndarray]:
    """The points of a file in px of the picture as it is worked on; none without one."""
    if joints is None:
        return {}
    placed, drawn_on = joints_file.read(joints)
    scale = np.array(size) / (drawn_on or size)
    return {name: place * scale for name, place in placed.items()}


def known(rgb: np.ndarray, alpha: np.ndarray | None, seen, placed: dict[str, np.ndarray]) -> Known:
    """What is known of a picture: what is given goes before what was seen, and that before what is guessed.

    rgb: (H, W, 3) uint8. alpha: (H, W) bool, the figure, if it is given. seen: as detectors.still.look gives it.
    placed: {name of joints_file.POINTS: (2,) px} by hand or from a file.
    """
    size, notes = rgb.shape[1::-1], []
    figure = alpha if alpha is not None else _figure(rgb, seen, notes)
    drawing = drawn.is_drawn(rgb, figure)
    face = None if seen.face is None or drawing or _contradicted(seen.face, placed) else face_of(seen.face, rgb)
    points = None if face is not None else _drawn_points(seen, placed)
    if seen.body is not None and not drawing:
        places, shown = skeleton2d.from_body(seen.body), _shown(seen, size)
        if shown["leftArm"] and shown["rightArm"] and limbs.folded(places):
            shown |= {"leftArm": False, "rightArm": False}
            notes.append("The arms are folded in the picture and stay so. Place points on them to let them move.")
    elif face is not None:
        places, shown = skeleton2d.from_face(seen.face, size), {}
        notes.append("Only a face was seen: head and shoulders move, and arms are none. Place points to name arms.")
    else:
        places, shown = guess.joints(figure, points)
        if not set(JOINTS) <= set(placed):
            notes.append("No body was seen: its joints were guessed by the outline. Place points, or give --joints.")
    if points is None and face is None:
        notes.append("No face was seen: it stays as it is. Place points on eyes and mouth to let it act.")
    places |= {name: place for name, place in placed.items() if name in places}
    for side in skeleton2d.SIDES:
        for limb, ends in (("Arm", ("LowerArm", "Hand")), ("Leg", ("LowerLeg", "Foot"))):
            if all(side + end in placed and _inside(placed[side + end], size) for end in ends):
                shown[side + limb] = True
    return Known(rgb, figure, places, shown, face, points, tuple(notes))


def _inside(place: np.ndarray, size: tuple[int, int]) -> bool:
    return bool((place >= 0).all() and (place < size).all())


def _contradicted(face: np.ndarray, placed: dict[str, np.ndarray]) -> bool:
    """Whether eyes were placed by hand where the network's face (478, 3) px has none."""
    seen = {name: face[IRISES[side][0], :2] for name, side in zip(joints_file.EYES, ("Left", "Right"), strict=True)}
    apart = np.linalg.norm(seen["leftEye"] - seen["rightEye"])
    return any(
        name in placed and np.linalg.norm(placed[name] - place) > MISPLACED * apart for name, place in seen.items()
    )


def _usual_points(about: Known) -> dict[str, tuple[float, float]]:
    """All points that may be placed by hand: where they are known, else where they usually are."""
    places = dict(about.places)
    low, top = places["head"], places["HeadTip"]
    up = top - low
    right = np.array([-up[1], up[0]])
    for name, (across, level) in {
        "leftEye": (0.2, 0.5), "rightEye": (-0.2, 0.5), "mouthLeft": (0.15, 0.15), "mouthRight": (-0.15, 0.15)
    }.items():  # fmt: skip
        places[name] = low + level * up + across * right
    if about.face is not None:
        at = about.face.points[[IRISES["Left"][0], IRISES["Right"][0], 291, 61], :2]
        places |= dict(zip((*joints_file.EYES, *joints_file.MOUTH), at, strict=True))
    places |= about.points or {}
    return {name: tuple(round(float(v), 1) for v in places[name]) for name in joints_file.POINTS}


def _figure(rgb: np.ndarray, seen, notes: list[str]) -> np.ndarray:
    """The figure (H, W) bool of a picture without a mask."""
    outline = seen.outline
    if outline is None:
        paper = guess.on_paper(rgb)
        if paper is not None and drawn.is_drawn(rgb, paper):
            return paper
        outline = cutout.about_face(seen.face, rgb.shape[:2]) if seen.face is not None else None
    if outline is not None:
        figure = cutout.by_outline(rgb, outline)
        if figure.mean() > 0.005:
            return figure
    notes.append("The figure was cut out by its colours alone. Give a mask, or a picture without background.")
    height, width = rgb.shape[:2]
    figure = cutout.by_box(rgb, (width // 16, height // 24, width - width // 8, height - height // 12))
    return figure if 0.01 < figure.mean() < 0.95 else np.ones(rgb.shape[:2], bool)


def _drawn_points(seen, placed: dict) -> dict | None:
    """Eyes and corners of the mouth of a drawn face, by hand or as the network has them."""
    names = (*joints_file.EYES, *joints_file.MOUTH)
    if set(names) <= set(placed):
        return {name: placed[name] for name in names}
    if seen.face is None:
        return None
    at = seen.face[[IRISES["Left"][0], IRISES["Right"][0], 291, 61], :2]
    return dict(zip(names, at, strict=True)) | {name: placed[name] for name in names if name in placed}


def assembled(name: str, about: Known) -> Puppet:
    """A puppet of what is known of a picture. name: of the picture."""
    size, longest = about.rgb.shape[1::-1], max(about.rgb.shape)
    face = about.face if about.face is None else in_depth(about.face)
    front = -2.0 * face.eye if face is not None else -0.05 * longest
    sheets, under, atlas = _figure_sheets(about, face, front)
    unit = EYES_APART / face.eye if face is not None else TALL / np.ptp(np.flatnonzero(about.figure.any(1)))
    around = max(1.6 * cutout.RIM * longest, HAIR * face.eye if face is not None else 0)
    background = cutout.without(about.rgb, cutout.widened(about.figure, around))
    drawing = about.points is not None  # whose paper is the same within and around it
    front_picture = about.rgb if drawing else cutout.own_colours(about.rgb, about.figure, 0.002 * longest)
    border = round(BORDER * longest)
    depths = [[front] if joint.endswith(("rArm", "Hand")) else [0.0] for joint in JOINTS]
    heads, tails = (
        in_room(np.hstack([np.array([table[joint] for joint in JOINTS]), depths]), size) * unit
        for table in (about.places, skeleton2d.tails(about.places))
    )
    return Puppet(
        name=name, size=size, unit=float(unit), joints=JOINTS, heads=heads, tails=tails, cut=_cut(about),
        front=front_picture, under=under,
        background=cutout.wider(background, border), parts=atlas, border=border, notes=about.notes,
        points=_usual_points(about), shows={} if about.face is None else already(about.face.points),
        **joined([backdrop(size, border, 0.5 * longest), *sheets], size, unit),
    )  # fmt: skip


def _cut(about: Known) -> bool:
    """Whether the picture's lower edge cuts the figure; feet may stand on it."""
    low = about.figure[-max(2, len(about.figure) // 100) :]
    below = bool(about.places["hips"][1] > len(about.figure))
    return (bool(low.any()) or below) and not any(about.shown.get(f"{side}Leg") for side in skeleton2d.SIDES)


def _figure_sheets(about: Known, face: Face | None, front: float) -> tuple[list[Sheet], np.ndarray, np.ndarray]:
    """All of a figure, what its trunk and legs are painted with, and what its eyes and mouth are.

    face: in depth. front: px of depth where arms are.
    """
    rgb, size, longest = about.rgb, about.rgb.shape[1::-1], max(about.rgb.shape)
    wide = cutout.widened(about.figure, cutout.RIM * longest)
    found, trunk = limbs.limbs(
        about.figure, about.places, about.shown, limbs.THICK if about.points is None else limbs.DRAWN
    )
    body = body_sheet(size, cutout.widened(trunk, cutout.RIM * longest) & wide, about.places, face, _cut(about))
    made, atlas = [], np.zeros((4, 4, 3), np.uint8)
    ink = None if about.points is None else drawn.strokes(rgb, 0.02 * longest)
    under = limbs.uncovered(rgb, trunk, found, ink)
    if face is not None:
        made, atlas = parts.sheets(rgb, face, about.figure)
    elif about.points is not None:
        strokes = drawn.features(rgb, about.points)
        made, atlas = drawn.sheets(rgb, strokes, -0.01 * longest)
        under = drawn.blank(under, strokes)
    step, back = 0.7 * longest / WEAVE, 0.02 * longest
    others = [
        limbs.sheet(limb, about.places, size, step, front if limb.name.endswith("Arm") else back) for limb in found
    ]
    return [*made, body, *(other for other in others if other is not None)], under, atlas


def _shown(seen, size: tuple[int, int]) -> dict[str, bool]:
    """{limb: whether its two outer joints are seen, and lie in the picture}."""
    if seen.body is None:
        return {}
    inside = ((seen.body >= 0) & (seen.body < size)).all(1) & (seen.visible > limbs.SEEN)
    ends = {"Arm": ("Elbow", "Wrist"), "Leg": ("Knee", "Ankle")}
    return {
        side + limb: all(inside[BODY_POINT[side + joint]] for joint in joints)
        for side in skeleton2d.SIDES for limb, joints in ends.items()
    }  # fmt: skip


def read(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """A picture (H, W, 3) uint8 and what of it is opaque, (H, W) bool or None. Raises CharacterError if it is none."""
    try:
        raw = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    except OSError as fault:
        raise CharacterError(f"{path} cannot be read ({fault.strerror or fault}).") from fault
    if raw is None or min(raw.shape[:2]) < 16:
        raise CharacterError(
            f"{path.name} is no picture that can be read: give a .png, .jpg or .webp of 16 px or more."
        )
    if raw.dtype != np.uint8:
        raw = (raw / 257).astype(np.uint8) if raw.dtype == np.uint16 else (raw.clip(0, 1) * 255).astype(np.uint8)
    raw, _ = cutout.shrunk(raw, LARGEST)
    if raw.ndim == 2:
        return np.repeat(raw[..., None], 3, -1), None
    if raw.shape[2] == 3:
        return np.ascontiguousarray(raw[..., ::-1]), None
    alpha = raw[..., 3] > 127
    rgb = np.ascontiguousarray(raw[..., 2::-1])
    return rgb, None if alpha.mean() > 0.995 or not alpha.any() else alpha


def read_mask(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """A mask (H, W) bool from a picture: white, or opaque, is the figure. Raises CharacterError if it is none."""
    rgb, alpha = read(path)
    figure = alpha if alpha is not None else rgb.mean(-1) > 127
    if not 0.001 < figure.mean():
        raise CharacterError(f"The mask {path.name} shows no figure: paint it white on black.")
    return cutout.enlarged(figure, shape)


def backdrop(size: tuple[int, int], border: int, depth: float) -> Sheet:
    """The plane behind the figure, so large that it fills a film of any shape: beyond its picture, the edge goes on."""
    low, high = np.array([-border, -border]), np.array(size) + border
    share = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float) * (1 + 2 * BEYOND) - BEYOND
    points = np.column_stack([low + share * (high - low), np.full(4, depth)])
    return Sheet(
        "background", "background", points, share, np.array([(0, 1, 2), (0, 2, 3)]), np.zeros((4, len(JOINTS))), {}
    )
