"""What was seen and solved, drawn over the viewport: the skeleton, the feet's contacts, the landmarks."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader
from mathutils import Matrix

from ..solvers.motion.skeleton import joint_positions
from ..solvers.names import BODY_POINT, CONTACTS, FINGERS, JOINT, JOINTS, PARENTS
from ..solvers.performance import Performance
from ..solvers.take import Landmarks, Take
from .footage import Clock, camera_matrix, nearest

# One scale for all, from doubtful to sure: amber, teal, blue. Lightness falls and yellowness turns to blueness all the
# way, which all kinds of colour blindness leave apart (as in viridis, Smith and van der Walt 2015); nothing on the way
# is grey: grey and faint is what the camera never saw.
SCALE = (0.35, 0.60, 0.85)  # confidences at which it has these colours
COLORS = ((0.96, 0.65, 0.14), (0.30, 0.70, 0.60), (0.16, 0.50, 0.88))
UNSEEN = (0.60, 0.60, 0.60, 0.3)
SIGHT = 0.15  # confidence below which a thing fades away
EDGE = np.float32([0.0, 0.0, 0.0, 0.4])  # of a line's colour, around it: so it stands out from pale and dark alike

BONES = tuple((JOINT[parent], JOINT[name]) for name, parent in PARENTS.items() if parent)
FINGER_BONES = tuple(pair for pair in BONES if any(finger in JOINTS[pair[1]] for finger in FINGERS))
BODY_BONES = tuple(pair for pair in BONES if pair not in FINGER_BONES)
LIMBS = tuple(
    (BODY_POINT[a], BODY_POINT[b])
    for a, b in (
        ("leftShoulder", "rightShoulder"),
        ("leftHip", "rightHip"),
        *(
            (f"{side}{a}", f"{side}{b}")
            for side in ("left", "right")
            for a, b in itertools.pairwise(("Wrist", "Elbow", "Shoulder", "Hip", "Knee", "Ankle", "Heel", "FootIndex"))
        ),
    )
)
BODY_DOTS = tuple(number for name, number in BODY_POINT.items() if "Eye" not in name and "mouth" not in name)
FINGER_LIMBS = tuple(
    pair for root in range(1, 21, 4) for pair in ((0, root), *((k, k + 1) for k in range(root, root + 3)))
)
RING = 24  # corners of the ring that marks a foot on the ground
RING_RADIUS = 0.035  # m


@dataclass(frozen=True)
class Strokes:
    """Lines of one width over time: sample by sample, two ends after each other.

    ends: (T, 2 L, 3). colors: (T, 2 L, 4). width: px.
    """

    ends: np.ndarray
    colors: np.ndarray
    width: float


@dataclass(frozen=True)
class Dots:
    """Points of one size over time. places: (T, K, 3). colors: (T, K, 4). size: px."""

    places: np.ndarray
    colors: np.ndarray
    size: float


@dataclass(frozen=True)
class Drawn:
    """Lines ("LINES", ends after each other) or dots ("POINTS") of one frame.

    places: (N, 3). colors: (N, 4). width: px, of lines; of dots, their size.
    """

    kind: str
    places: np.ndarray
    colors: np.ndarray
    width: float


@dataclass
class Show:
    """All that is drawn in one scene, laid out once for the whole take.

    clock: from frames to times. skeleton: lines in the performer's metres at solved_time (S,) s, None for none.
    landmarks: lines and dots in px of the picture at seen_time (T,) s. size: (width, height) px of the picture.
    owner: name of the object that carries the skeleton, "" for the scene. to_owner: (4, 4). to_plane: (4, 4), px to
    world. behind: whether the landmarks belong on the camera's background. batches: of the last frame drawn.
    """

    clock: Clock
    seen_time: np.ndarray
    solved_time: np.ndarray = field(default_factory=lambda: np.zeros(1))
    skeleton: tuple[Strokes, ...] = ()
    landmarks: tuple[Strokes | Dots, ...] = ()
    size: tuple[int, int] = (1, 1)
    owner: str = ""
    to_owner: np.ndarray = field(default_factory=lambda: np.eye(4))
    to_plane: np.ndarray = field(default_factory=lambda: np.eye(4))
    behind: bool = False
    batches: dict = field(default_factory=dict)


def colors(confidence: np.ndarray) -> np.ndarray:
    """The colours (..., 4) of confidences (...) 0..1, as they are to appear on the screen."""
    sure = np.nan_to_num(confidence)
    hue = np.stack([np.interp(sure, SCALE, channel) for channel in np.transpose(COLORS)], -1)
    seen = np.clip(sure / SIGHT, 0, 1)[..., None]
    full = np.concatenate([hue, np.full((*hue.shape[:-1], 1), 0.95)], -1)
    return ((1 - seen) * np.array(UNSEEN) + seen * full).astype(np.float32)


def skeleton_strokes(solved: Performance) -> tuple[Strokes, ...]:
    """The solved skeleton and the feet's contacts, in the performer's metres.

    solved: (S,) samples.
    """
    points = joint_positions(solved.rotations, solved.root, solved.skeleton).astype(np.float32)
    shades = colors(solved.confidence)
    parts = [_strokes(points, shades, BODY_BONES, 3.5), _strokes(points, shades, FINGER_BONES, 1.5)]
    return (*parts, _contacts(points, solved.contacts))


def _strokes(points: np.ndarray, shades: np.ndarray, pairs, width: float) -> Strokes:
    order = np.array(pairs).ravel()
    ends, tints = points[:, order], shades[:, order]
    missing = ~np.isfinite(ends[..., 0]).reshape(len(ends), -1, 2).all(-1).repeat(2, 1)
    return Strokes(np.where(missing[..., None], 0, ends), np.where(missing[..., None], 0, tints), width)


def _contacts(points: np.ndarray, contacts: np.ndarray) -> Strokes:
    """Rings on the ground under heels and toes, as visible as the contact is sure.

    points: (S, J, 3) m. contacts: (S, 4) 0..1.
    """
    turn = np.linspace(0, 2 * np.pi, RING + 1)
    corners = np.stack([np.cos(turn), np.sin(turn), 0 * turn], -1) * RING_RADIUS
    circle = np.stack([corners[:-1], corners[1:]], 1).reshape(-1, 3)
    ends, tints = [], []
    for number, name in enumerate(CONTACTS):
        side, part = ("left" if name.startswith("left") else "right"), name.removeprefix("left").removeprefix("right")
        foot, toes = points[:, JOINT[f"{side}Foot"]], points[:, JOINT[f"{side}Toes"]]
        place = toes if part == "Toe" else foot - 0.3 * (toes - foot)
        ends.append((place * [1, 1, 0])[:, None] + circle)
        tint = np.empty((len(points), len(circle), 4))
        tint[...] = (*COLORS[-1], 0.9)
        tint[..., 3] *= np.clip(contacts[:, number] * 2 - 1, 0, 1)[:, None]
        tints.append(tint)
    return Strokes(np.concatenate(ends, 1).astype(np.float32), np.concatenate(tints, 1).astype(np.float32), 1.5)


def landmark_strokes(take: Take) -> tuple[Strokes | Dots, ...]:
    """What was found in the video, in px of the upright picture.

    take: (T,) samples.
    """
    face = _dots(take.face, slice(None), 1.5, 0.55)
    body = _strokes(_flat(take.body), colors(take.body.confidence), LIMBS, 2.0)
    parts = [face, body, _dots(take.body, list(BODY_DOTS), 5.0)]
    for hand in (take.left_hand, take.right_hand):
        parts.append(_strokes(_flat(hand), colors(hand.confidence), FINGER_LIMBS, 1.0))
        parts.append(_dots(hand, slice(None), 2.5))
    return tuple(parts)


def _flat(part: Landmarks) -> np.ndarray:
    """Points (T, K, 3) of a part in its picture's plane."""
    return (part.image * np.array([1, 1, 0], np.float32)).astype(np.float32)


def _dots(part: Landmarks, which, size: float, strength: float = 1.0) -> Dots:
    places, tints = _flat(part)[:, which], colors(part.confidence)[:, which]
    there = np.isfinite(places[..., :1])
    return Dots(np.where(there, places, 0), np.where(there, tints, 0) * np.float32([1, 1, 1, strength]), size)


def at_frame(show: Show, frame: float) -> tuple[list[Drawn], list[Drawn]]:
    """What is drawn of the skeleton and of the landmarks at a frame.

    Between two samples the skeleton is where it is in between; landmarks are those of the picture that is shown.
    frame: of the scene, also between whole ones.
    """
    bones, marks = [], []
    if show.skeleton:
        exact = float(np.interp(show.clock.time(frame), show.solved_time, np.arange(len(show.solved_time))))
        low, near = int(exact), round(exact)
        high, part = min(low + 1, len(show.solved_time) - 1), np.float32(exact - low)
        for strokes in show.skeleton:
            places = strokes.ends[low] * (1 - part) + strokes.ends[high] * part
            bones.append(Drawn("LINES", places, strokes.colors[near], strokes.width))
    if show.landmarks:
        sample = int(nearest(show.seen_time, np.array([show.clock.time(int(np.floor(frame)))]))[0])
        for thing in show.landmarks:
            if isinstance(thing, Strokes):
                marks.append(Drawn("LINES", thing.ends[sample], thing.colors[sample], thing.width))
            else:
                marks.append(Drawn("POINTS", thing.places[sample], thing.colors[sample], thing.size))
    return bones, marks


# --- drawing ---------------------------------------------------------------------------------------------------------


def draw(show: Show, context) -> None:
    """Draw into a 3D viewport; to be called by Blender when it has drawn the scene.

    show: of the context's scene.
    """
    if not context.space_data.overlay.show_overlays:
        return
    scene = context.scene
    frame = scene.frame_current_final
    if show.batches.get("frame") != frame:
        show.batches = _batches(show, frame)
    gpu.state.blend_set("ALPHA")
    try:
        if show.batches["bones"]:
            owner = scene.objects.get(show.owner)
            world = owner.matrix_world if owner is not None else Matrix()
            _draw_batches(show.batches["bones"], world @ Matrix(show.to_owner.tolist()))
        if show.batches["marks"]:
            matrix = _picture(show, context)
            if matrix is not None:
                _draw_batches(show.batches["marks"], Matrix(matrix.tolist()))
    finally:
        gpu.state.blend_set("NONE")
        gpu.state.point_size_set(1.0)


def _picture(show: Show, context) -> np.ndarray | None:
    """Where the picture's px are in the world now; None where it is not to be seen."""
    if not show.behind:
        return show.to_plane
    region, camera = context.region_data, context.scene.camera
    through = region is not None and region.view_perspective == "CAMERA"
    if not through or camera is None or context.space_data.camera != camera:
        return None
    return camera_matrix(context.scene, show.size)


def _batches(show: Show, frame: float) -> dict:
    """What is drawn at a frame, as the graphics card takes it: lines of the skeleton with a dark edge under them."""
    bones, marks = at_frame(show, frame)
    edges = [Drawn("LINES", thing.places, thing.colors * EDGE, thing.width + 2.0) for thing in bones[:1]]
    return {
        "frame": frame,
        "bones": [_batch(thing) for thing in (*edges, *bones)],
        "marks": [_batch(thing) for thing in marks if (thing.colors[:, 3] > 0).any()],
    }


def _batch(thing: Drawn) -> tuple:
    shader = gpu.shader.from_builtin("POLYLINE_SMOOTH_COLOR" if thing.kind == "LINES" else _dot_shader())
    visible = thing.colors[:, 3] > 0
    attributes = {"pos": thing.places[visible], "color": thing.colors[visible]}
    return thing.kind, shader, batch_for_shader(shader, thing.kind, attributes), thing.width


def _dot_shader() -> str:
    """Blender's shader for coloured points: from 4.5 on they have one of their own."""
    return "POINT_FLAT_COLOR" if bpy.app.version >= (4, 5, 0) else "FLAT_COLOR"


def _draw_batches(batches: list, matrix: Matrix) -> None:
    pixel = bpy.context.preferences.system.pixel_size
    with gpu.matrix.push_pop():
        gpu.matrix.multiply_matrix(matrix)
        for kind, shader, batch, width in batches:
            shader.bind()
            if kind == "POINTS":
                gpu.state.point_size_set(width * pixel)
            else:
                shader.uniform_float("viewportSize", gpu.state.viewport_get()[2:])
                shader.uniform_float("lineWidth", width * pixel)
            batch.draw(shader)
