"""A picture becomes a puppet: the steps in their order. It needs OpenCV and the networks, and runs in the child."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from ..errors import CharacterError
from . import cutout, parts, skeleton2d, weave
from .face import EYES, Face, face_of, field
from .puppet import Puppet, Sheet, in_room, joined
from .skeleton2d import JOINTS

EYES_APART = 0.063  # m between the middles of a person's eyes
TALL = 1.6  # m, a figure without a face
LARGEST = 2048  # px, the longer side of a puppet's own picture
BORDER = 0.35  # of the longer side, by which the background goes beyond the picture
WEAVE = 70  # triangles along the longer side of a body
FINE = 16  # triangles between the eyes
AWAY = 0.9  # of the eyes' distance that the background is behind the figure


def build(path: Path, networks: dict, mask: Path | None = None, joints: Path | None = None) -> Puppet:
    """Make a puppet of a picture.

    path: of the picture. networks: as models.find gives them. mask: of a picture of its size, white where the figure
    is. joints: of a file with the joints' places. Raises CharacterError where a file cannot be read.
    """
    from ..detectors.still import look

    rgb, alpha = read(path)
    seen = look(rgb, networks)
    face = None if seen.face is None else face_of(seen.face)
    figure = cutout.by_outline(rgb, seen.outline) if seen.outline is not None else alpha
    places = (
        skeleton2d.from_body(seen.body) if seen.body is not None else skeleton2d.from_face(seen.face, rgb.shape[1::-1])
    )
    return assembled(path.stem, rgb, figure, places, face)


def assembled(name: str, rgb: np.ndarray, figure: np.ndarray, places: dict, face: Face | None, notes=()) -> Puppet:
    """A puppet of what is known of a picture.

    rgb: (H, W, 3) uint8. figure: (H, W) bool. places: {joint: (2,) px}. face: if it has one.
    """
    size = rgb.shape[1::-1]
    longest = max(size)
    wide = cutout.widened(figure, cutout.RIM * longest)
    cut = bool(figure[-max(2, size[1] // 100) :].any())
    if face is not None:
        face = in_depth(face)
    body = body_sheet(rgb, wide, places, face, cut)
    made, atlas = parts.sheets(rgb, face) if face is not None else ([], np.zeros((4, 4, 3), np.uint8))
    unit = EYES_APART / face.eye if face is not None else TALL / np.ptp(np.flatnonzero(figure.any(1)))
    background = cutout.without(rgb, cutout.widened(figure, 1.6 * cutout.RIM * longest))
    border = round(BORDER * longest)
    far = backdrop(size, border, 0.5 * longest)
    ends = skeleton2d.tails(places)
    bones = lambda table: in_room(np.array([[*table[joint], 0.0] for joint in JOINTS]), size) * unit  # noqa: E731
    return Puppet(
        name=name, size=size, unit=float(unit), joints=JOINTS, heads=bones(places), tails=bones(ends), cut=cut,
        front=rgb, under=rgb[:4, :4], background=cutout.wider(background, border), parts=atlas, border=border,
        notes=tuple(notes), **joined([far, *made, body], size, unit),
    )  # fmt: skip


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


def in_depth(face: Face) -> Face:
    """The face moved so that depth 0 is that of the ears, where the head turns."""
    from dataclasses import replace

    points = face.points.copy()
    points[:, 2] += -points[face.visible, 2].min() - 1.25 * face.eye
    return replace(face, points=points)


def backdrop(size: tuple[int, int], border: int, depth: float) -> Sheet:
    """The plane behind the figure."""
    low, high = np.array([-border, -border]), np.array(size) + border
    share = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
    points = np.column_stack([low + share * (high - low), np.full(4, depth)])
    return Sheet(
        "background", "background", points, share, np.array([(0, 1, 2), (0, 2, 3)]), np.zeros((4, len(JOINTS))), {}
    )


def body_sheet(rgb: np.ndarray, wide: np.ndarray, places: dict, face: Face | None, cut: bool) -> Sheet:
    """Trunk and head in one sheet: the face's lines are kept in it, eyes are holes, the lips are parted."""
    size = rgb.shape[1::-1]
    step = max(size) / WEAVE
    if face is None:
        points = np.concatenate(
            [rim := weave.outline(wide, step), weave.apart(weave.grid(wide, step), rim, 0.5 * step)]
        )
        lower = np.zeros(len(points), bool)
        faces = weave.triangles(points)
    else:
        points, lower = _face_points(wide, step, face)
        faces = weave.triangles(face.opened(points, lower))
        faces = faces[~_holes(points, lower, faces, face)]
    faces = faces[weave.covered(wide, points, faces)]
    kept, faces = weave.tidy(faces, len(points))
    points, lower = points[kept], lower[kept]
    reach = 1.6 * face.eye if face is not None else np.linalg.norm(places["HeadTip"] - places["head"])
    weights = skeleton2d.trunk_weights(points, places, size, cut, reach)
    depth = np.zeros(len(points)) if face is None else _relief(points, weights, face, wide)
    shapes = {} if face is None else field(face, points, lower)
    return Sheet("body", "front", np.column_stack([points, depth]), points / size, faces, weights, shapes)


def _face_points(wide: np.ndarray, step: float, face: Face) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 2) px of a sheet with a face, and which of them are below the lips' split."""
    fine = min(step, face.eye / FINE)
    upper, low = (weave.smoothed(line, 41) for line in (face.upper, face.lower))
    rings = [np.concatenate([weave.smoothed(a, 25), weave.smoothed(b, 25)[1:-1]]) for a, b in map(face.eye_ring, EYES)]
    lines = np.concatenate(rings)
    near = cv2.convexHull(((face.oval - face.oval.mean(0)) * 1.15 + face.oval.mean(0)).astype(np.float32))
    area = cv2.fillConvexPoly(np.zeros(wide.shape, np.uint8), near.astype(np.int32), 1) > 0
    lips = np.concatenate([upper, low])
    rim = weave.outline(wide, step)
    inner = weave.apart(weave.grid(area & wide, fine), np.concatenate([lines, lips]), 0.7 * fine)
    outer = weave.apart(weave.grid(wide & ~area, step), np.concatenate([rim, inner]), 0.6 * step)
    rim = weave.apart(rim, lines, 0.5 * fine)
    free = np.concatenate([inner, outer, rim, lines])
    points = np.concatenate([free, upper, low[1:-1]])
    local = (free - face.centre) @ face.axes.T
    below = local[:, 1] > np.interp(local[:, 0], *face._split)
    return points, np.concatenate([below, np.zeros(len(upper), bool), np.ones(len(low) - 2, bool)])


def _holes(points: np.ndarray, lower: np.ndarray, faces: np.ndarray, face: Face) -> np.ndarray:
    """Which triangles (F,) lie in an eye or between the lips."""
    hole = np.zeros(len(faces), bool)
    for side in EYES:
        if face.gap(side) > parts.LEAST_GAP * face.eye:
            a, b = face.eye_ring(side)
            ring = np.concatenate([weave.smoothed(a, 25), weave.smoothed(b, 25)[::-1]])
            hole |= weave.in_polygon(points[faces].mean(1), ring)
    upper, low = (weave.smoothed(line, 41) for line in (face.upper, face.lower))
    apart = face.opened(np.concatenate([upper, low]), np.repeat([False, True], 41))
    ring = np.concatenate([apart[:41], apart[41:][::-1]])
    return hole | weave.in_polygon(face.opened(points, lower)[faces].mean(1), ring)


def _relief(points: np.ndarray, weights: np.ndarray, face: Face, wide: np.ndarray) -> np.ndarray:
    """(N,) px of depth: the face's own, rising to the back of the head at its outline, flat below the neck."""
    head = weights[:, JOINTS.index("head")]
    rim = weave.outline(wide, face.eye / 3)
    span = np.linalg.norm(rim - face.oval.mean(0), axis=1)
    rim = rim[(span < 4 * face.eye) & (rim[:, 1] < face.points[152, 1] + 0.3 * face.eye)]
    used = face.points[:468][face.visible[:468]]
    rim = weave.apart(rim, used[:, :2], 0.25 * face.eye)
    sites = np.concatenate([used[:, :2], rim]) / face.eye
    values = np.concatenate([np.minimum(used[:, 2], 0), np.full(len(rim), 0.15 * face.eye)])
    sites, keep = np.unique(np.round(sites, 3), axis=0, return_index=True)
    plate = RBFInterpolator(sites, values[keep], kernel="linear", smoothing=0.02)
    depth = np.zeros(len(points))
    near = head > 0
    depth[near] = np.clip(plate(points[near] / face.eye), -2 * face.eye, 0.3 * face.eye) * head[near]
    return depth
