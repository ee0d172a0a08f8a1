"""What a picture does not show, but a face in motion does: the whole eyes behind the lids, and the mouth's inside."""

from __future__ import annotations

import cv2
import numpy as np

from .cutout import disc, pulled
from .face import BALL, EYES, IRISES, LIPS, MET, Face, moves
from .puppet import Sheet
from .skeleton2d import JOINTS
from .weave import in_polygon, smoothed, within

CELL = 192  # px, side of a cell of the picture that parts are painted with
CELLS = ("whiteRight", "whiteLeft", "irisRight", "irisLeft", "cavity", "upper", "lower", "tongue",
         "lashesRight", "lashesLeft")  # fmt: skip
COLUMNS, ROWS = 4, 3  # of cells
ROOM = 1.7  # side of the square about an eye, in its widths
RIM = 1.1  # radius of the disc with the iris, in the iris'
FRINGE = 25  # columns of lashes
HANGING = (-0.015, 0.03)  # of the eyes' distance: where lashes of a shut eye begin and end, about where the lids meet
INKED = 0.6  # of the skin's lightness, that lashes have at most
TALL = 0.3  # of the eyes' distance, the height of an eye's white at least
UNDER_LIDS = 0.92  # of an eye's white, as light as it is in the shade of lids and lashes
LIMB = 1.25  # radius, in the iris', within which its edge still darkens the white about it
SHADED = 0.7  # of what is seen of an eye's white: lashes, lids and their shade darken it, and what is hidden is lighter
GLANCE = np.radians(30.0)  # an eye's turn at the end of an eyeLook shape
# To the sides irises go farther than those of an eyeball this large: of what they went on one filmed face, .4 was found
# again. Up and down they do not: lids, which follow, would be found to go the other way.
TRAVEL = 1.8
TEETH, GUMS, DARK = (236, 226, 208), (150, 70, 70), (84, 28, 30)
LEAST_GAP = 0.035  # of the eyes' distance: an eye less open is painted closed, and stays so


def sheets(rgb: np.ndarray, face: Face, figure: np.ndarray) -> tuple[list[Sheet], np.ndarray]:
    """Eyes and mouth behind a face, and the picture (H, W, 3) that they are painted with.

    rgb: the picture. figure: (H, W) bool, beyond which no eye is to be seen.
    """
    atlas, made, shapes = blank_atlas(), [], moves(face)
    for side in EYES:
        if face.gap(side) > LEAST_GAP * face.eye:
            made += [*_eye(rgb, face, side, atlas, figure), _lashes(rgb, face, side, atlas, shapes)]
    made += _mouth(rgb, face, atlas, figure)
    return made, atlas


def blank_atlas() -> np.ndarray:
    """The picture (H, W, 3) with room for all cells."""
    return np.zeros((CELL * ROWS, CELL * COLUMNS, 3), np.uint8)


def _cell(atlas: np.ndarray, name: str) -> np.ndarray:
    row, column = divmod(CELLS.index(name), COLUMNS)
    return atlas[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL]


def _uv(name: str, share: np.ndarray) -> np.ndarray:
    """(N, 2) where in the parts' picture a cell's places (N, 2) 0..1 are, half a pixel inside its edge."""
    row, column = divmod(CELLS.index(name), COLUMNS)
    inner = (share * (CELL - 2) + 1) / CELL
    return (inner + [column, row]) / [COLUMNS, ROWS]


def _on_head(count: int) -> np.ndarray:
    weights = np.zeros((count, len(JOINTS)))
    weights[:, JOINTS.index("head")] = 1.0
    return weights


# --- eyes -------------------------------------------------------------------------------------------------------------


def _eye(rgb: np.ndarray, face: Face, side: str, atlas: np.ndarray, figure: np.ndarray) -> list[Sheet]:
    """The white of an eye and its iris, which goes where the eye looks."""
    upper, lower = face.eye_ring(side)
    ring = np.concatenate([smoothed(upper, 24), smoothed(lower, 24)[::-1]])
    width = np.linalg.norm(upper[-1] - upper[0])
    middle, half = ring.mean(0), ROOM / 2 * width
    points = face.points[list(IRISES[side]), :2]
    centre = points[0]
    radius = float(np.clip(np.median(np.linalg.norm(points[1:] - centre, axis=1)), 0.15 * width, 0.32 * width))
    white, iris = _seen_eye(rgb, ring, middle, half, centre, radius)
    _cell(atlas, f"white{side}")[:] = white
    _cell(atlas, f"iris{side}")[:] = iris
    depth = face.points[[*EYES[side][0], *EYES[side][1]], 2]
    return [
        _plate(f"white{side}", _taller(ring, TALL * face.eye), half, depth.max() + 0.10 * face.eye, figure),
        _disc(face, side, centre, RIM * radius, depth.mean() + 0.05 * face.eye),
    ]


def _seen_eye(rgb, ring, middle, half, centre, radius) -> tuple[np.ndarray, np.ndarray]:
    """The white of an eye without its iris, and the iris as if no lid hid it, (CELL, CELL, 3) each."""
    white, places = _crop(rgb, middle, half)
    whole = in_polygon(places.reshape(-1, 2), ring).reshape(CELL, CELL)
    opening = _eroded(whole, CELL * 0.012)
    away = np.linalg.norm(places - centre, axis=-1) / radius
    known = opening & (away > 1.12)
    if known.sum() < 20:
        known = opening & (white.sum(-1) >= np.quantile(white[opening].sum(-1), 0.8)) if opening.any() else opening
    if known.any():
        light = white.sum(-1)
        filled = pulled(white, known & (light >= np.quantile(light[known], SHADED)))
        beside = whole & (away > LIMB)
        seen = cv2.GaussianBlur(beside.astype(np.float32), (0, 0), 2.5)[..., None]
        hidden = UNDER_LIDS * cv2.GaussianBlur(filled.astype(np.float32), (0, 0), 2.0)
        white = seen * white + (1 - seen) * hidden
    iris, places = _crop(rgb, centre, RIM * radius)
    shown = _eroded(in_polygon(places.reshape(-1, 2), ring).reshape(CELL, CELL), CELL * 0.02)
    return white.clip(0, 255).astype(np.uint8), _completed(iris, shown).clip(0, 255).astype(np.uint8)


def _crop(rgb: np.ndarray, middle: np.ndarray, half: float) -> tuple[np.ndarray, np.ndarray]:
    """A square of a picture in CELL px, and where each of its pixels is in the picture."""
    scale = 2 * half / CELL
    matrix = np.array(
        [[scale, 0, middle[0] - half + 0.5 * scale - 0.5], [0, scale, middle[1] - half + 0.5 * scale - 0.5]]
    )
    piece = cv2.warpAffine(rgb, matrix, (CELL, CELL), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
                           borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    y, x = np.mgrid[:CELL, :CELL]
    return piece.astype(np.float32), np.stack([x, y], -1) * scale + matrix[:, 2]


def _eroded(mask: np.ndarray, radius: float) -> np.ndarray:
    return cv2.erode(mask.astype(np.uint8), disc(radius), borderValue=0) > 0


def _completed(iris: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """An iris whose hidden parts are those opposite: from below, from beside, from across; else from around."""
    done, known = iris * shown[..., None], shown.copy()
    for flip in ((slice(None, None, -1), slice(None)), (slice(None), slice(None, None, -1)),
                 (slice(None, None, -1), slice(None, None, -1))):  # fmt: skip
        free = ~known & shown[flip]
        done[free], known = iris[flip][free], known | free
    soft = cv2.GaussianBlur(pulled(done, known).astype(np.float32), (0, 0), 3.0) if known.any() else iris
    return np.where(known[..., None], done, soft)


def _plate(name: str, ring: np.ndarray, half: float, depth: float, figure: np.ndarray) -> Sheet:
    """The white of an eye: somewhat larger than its opening (K, 2) px, and not beyond the figure."""
    middle = ring.mean(0)
    rim = _reaching(ring, middle, 1.02, (1.1, 1.2, 1.3, 1.4), figure, 0.02)
    points = np.concatenate([[middle], rim])
    faces = np.array([(0, 1 + k, 1 + (k + 1) % len(rim)) for k in range(len(rim))])
    share = ((points - middle) / half + 1) / 2
    flat = np.column_stack([points, np.full(len(points), depth)])
    return Sheet(name, "parts", flat, _uv(name, share), faces, _on_head(len(points)), {})


def _taller(ring: np.ndarray, least: float) -> np.ndarray:
    """An eye's opening (K, 2) px, stretched across its width to be at least so high: wide open lids show more of it."""
    middle, along = ring.mean(0), ring[len(ring) // 2 - 1] - ring[0]
    down = np.array([-along[1], along[0]]) / max(np.linalg.norm(along), 1e-6)
    level = (ring - middle) @ down
    return ring + (max(least / max(np.ptp(level), 1e-6), 1.0) - 1) * level[:, None] * down


def _reaching(ring, middle, least: float, reaches: tuple[float, ...], figure, margin: float) -> np.ndarray:
    """A ring (N, 2) px made wider about its middle as far as that is within a figure (H, W) bool.

    margin: of the ring's size, that is to be left to the figure's edge.
    """
    edge = disc(margin * np.linalg.norm(ring - middle, axis=1).max())
    safe, rim = cv2.erode(figure.astype(np.uint8), edge, borderValue=1), middle + least * (ring - middle)
    for reach in reaches:
        farther = middle + reach * (ring - middle)
        rim = np.where(within(safe, farther)[:, None], farther, rim)
    return rim


def _disc(face: Face, side: str, centre: np.ndarray, radius: float, depth: float, count: int = 28) -> Sheet:
    angle = np.arange(count) / count * 2 * np.pi
    share = np.concatenate([[[0.5, 0.5]], 0.5 + 0.5 * np.column_stack([np.cos(angle), np.sin(angle)])])
    points = np.column_stack([centre + (share * 2 - 1) * radius, np.full(count + 1, depth)])
    faces = np.array([(0, 1 + k, 1 + (k + 1) % count) for k in range(count)])
    outwards = 1.0 if side == "Left" else -1.0
    way = BALL * np.sin(GLANCE)
    aside = outwards * TRAVEL * way
    looks = {"In": (-aside, 0), "Out": (aside, 0), "Up": (0, -way), "Down": (0, way)}
    shapes = {
        f"eyeLook{word}{side}": np.tile((face.affine @ [*move, 0.0]) * [1, 1, 0], (count + 1, 1))
        for word, move in looks.items()
    }
    name = f"iris{side}"
    return Sheet(name, "parts", points, _uv(name, share), faces, _on_head(count + 1), shapes)


def _lashes(rgb: np.ndarray, face: Face, side: str, atlas: np.ndarray, shapes: dict) -> Sheet:
    """The lashes of an upper lid: nothing while it is open, a dark line where it meets the lower one in a blink.

    Open eyes have the picture's own; closed ones hang down and are seen from the side.
    """
    upper, lower = face.eye_ring(side)
    along = (upper[-1] - upper[0]) / max(np.linalg.norm(upper[-1] - upper[0]), 1e-6)
    down, share = np.array([-along[1], along[0]]), np.linspace(0, 1, FRINGE)
    top, base = (smoothed(line, FRINGE) for line in (upper, lower))
    places = np.linspace(0, 1, len(upper))
    depth = np.interp(share, places, face.points[list(EYES[side][0]), 2]) - 0.03 * face.eye
    points = np.tile(np.column_stack([top, depth]), (2, 1))
    found = {}
    for name, move in shapes.items():  # they go with the lid's edge
        edge = move[list(EYES[side][0])]
        if np.abs(edge).max() > 0:
            found[name] = np.tile(np.stack([np.interp(share, places, column) for column in edge.T], 1), (2, 1))
    meet = ((1 - MET) * (base - top) @ down)[:, None] * down
    thick = (np.sin(np.pi * share) ** 0.5 * face.eye)[:, None] * down
    closed = np.concatenate([meet + level * thick for level in HANGING])
    found[f"eyeBlink{side}"] = np.column_stack([closed, np.zeros(2 * FRINGE)])
    at = np.arange(FRINGE - 1)
    faces = np.concatenate([np.column_stack([at, at + 1, at + FRINGE + 1]),
                            np.column_stack([at, at + FRINGE + 1, at + FRINGE])])  # fmt: skip
    soft = cv2.GaussianBlur(rgb, (0, 0), max(0.6, 0.01 * face.eye)).astype(float)
    rim = np.concatenate([top - level * down for level in np.linspace(-0.01 * face.eye, face.lashes[side], 5)])
    skin = np.median(_taken(soft, base + 0.12 * face.eye * down), axis=0)
    _cell(atlas, f"lashes{side}")[:] = np.minimum(np.quantile(_taken(soft, rim), 0.1, axis=0), INKED * skin)
    uv = _uv(f"lashes{side}", np.column_stack([np.tile(share, 2), np.repeat([0.0, 1.0], FRINGE)]))
    return Sheet(f"lashes{side}", "parts", points, uv, faces, _on_head(2 * FRINGE), found)


def _taken(rgb: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The colours (N, 3) of a picture at places (N, 2) px."""
    x, y = np.clip(np.round(places).astype(int), 0, np.array(rgb.shape[1::-1]) - 1).T
    return rgb[y, x]


# --- the mouth --------------------------------------------------------------------------------------------------------


def _mouth(rgb: np.ndarray, face: Face, atlas: np.ndarray, figure: np.ndarray) -> list[Sheet]:
    """The cavity, two rows of teeth and the tongue."""
    light, tint = _light(rgb, face)
    _paint(atlas, light, tint)
    shapes, lips = moves(face), face.points[list(LIPS)]
    front = float(lips[:, 2].mean())
    jaw = {name: shapes[name][14] for name in ("jawOpen", "jawForward", "jawLeft", "jawRight")}
    cavity = _cavity(lips, shapes, front + 0.45 * face.eye, figure)
    rows = []
    for name, edge in (("upper", face.upper), ("lower", face.lower)):
        rows.append(_teeth(face, name, edge, front + (0.20 if name == "upper" else 0.24) * face.eye, jaw))
    return [cavity, _tongue(face, front + 0.40 * face.eye, jaw), *reversed(rows)]


def _light(rgb: np.ndarray, face: Face) -> tuple[float, np.ndarray]:
    """How light the face is, 0..1, and the colour of what lights it: its skin's, half as strong."""
    hull = cv2.convexHull(face.oval.astype(np.float32)).astype(np.int32)
    inside = cv2.fillConvexPoly(np.zeros(rgb.shape[:2], np.uint8), hull, 1) > 0
    skin = np.quantile(rgb[inside], 0.8, axis=0) if inside.any() else np.array([210.0, 180, 160])
    light = float(np.clip(skin.max() / 225, 0.4, 1.05))
    usual = np.array([225.0, 185, 165]) / 225
    tint = np.clip(skin / skin.max() / usual, 0.4, 1.0) ** 0.8
    return light, tint


def _paint(atlas: np.ndarray, light: float, tint: np.ndarray) -> None:
    y, x = np.mgrid[:CELL, :CELL] / (CELL - 1.0)
    lit = lambda colour: np.array(colour) * light * tint  # noqa: E731
    depth = np.clip(np.hypot(x - 0.5, y - 0.45) * 1.6, 0, 1)[..., None]
    _cell(atlas, "cavity")[:] = (lit(DARK) * (0.35 + 0.65 * depth)).clip(0, 255)
    _cell(atlas, "upper")[:] = _row_of_teeth(x, y, lit, 0.88, 0.60)
    _cell(atlas, "lower")[:] = _row_of_teeth(x, 1 - y, lit, 0.72, 0.34)
    ridge = np.exp(-(((x - 0.5) / 0.05) ** 2)) * 0.15
    shade = (0.65 + 0.35 * y - ridge)[..., None]
    _cell(atlas, "tongue")[:] = (lit((196, 96, 98)) * shade).clip(0, 255)


def _row_of_teeth(x, y, lit, strength, crown) -> np.ndarray:
    """Teeth (CELL, CELL, 3), gums from the top (y 0) to the crown, biting edge at y 1, where they part most plainly.

    They are darker to the sides and, in the lips' shade, to the gums.
    """
    spread = np.sin((x - 0.5) * np.pi * 0.92)
    share = np.abs(np.mod(spread * 5.0, 1.0) - 0.5) * 2  # 1 between two teeth
    gap = np.clip((share - 0.8) / 0.2, 0, 1) * (0.3 + 0.7 * np.clip((y - 0.88) / 0.12, 0, 1))
    side = np.clip(1 - (2 * np.abs(x - 0.5)) ** 2.2 * 0.75, 0, 1)
    gum = np.clip((crown - y + 0.05 * share) / 0.06, 0, 1)
    colour = lit(TEETH) * (1 - 0.30 * gap)[..., None]
    colour = colour * (1 - gum[..., None]) + lit(GUMS) * gum[..., None]
    shade = 0.7 + 0.3 * np.clip((y - crown + 0.2) / (1.1 - crown), 0, 1)
    return (colour * (strength * side * shade)[..., None]).clip(0, 255)


def _cavity(lips: np.ndarray, shapes: dict, depth: float, figure: np.ndarray) -> Sheet:
    """The mouth's back, wider than the lips (N, 3) px, so that a turned head's corners show nothing else."""
    middle = lips.mean(0)
    points = np.column_stack([_reaching(lips[:, :2], middle[:2], 0.96, (1.1, 1.2, 1.3), figure, 0.5), lips[:, 2]])
    points = np.concatenate([[middle], points])
    points[:, 2] = depth
    count = len(lips)
    spread = points[:, :2] - points[1:, :2].min(0)
    faces = np.array([(0, 1 + k, 1 + (k + 1) % count) for k in range(count)])
    found = {name: np.concatenate([[m[list(LIPS)].mean(0)], m[list(LIPS)]]) for name, m in shapes.items()
             if name.startswith(("mouth", "jaw"))}  # fmt: skip
    return Sheet("cavity", "parts", points, _uv("cavity", spread / spread.max(0)), faces, _on_head(count + 1), found)


def _teeth(face: Face, name: str, edge: np.ndarray, depth: float, jaw: dict) -> Sheet:
    """A row of teeth along the lips' edge, bent to the back at its ends; the lower one goes with the jaw."""
    across = np.linspace(-0.86, 0.86, 13)
    local = (edge - face.centre) @ face.axes.T
    order = np.argsort(local[:, 0])
    line = np.interp(across * face.half * 0.6, local[order, 0], local[order, 1])
    top, low = (-0.80, 0.09) if name == "upper" else (-0.03, 0.5)
    if name == "upper" and face.parted:  # not below the lower lip
        low = min(low, 0.6 * float(((face.lower - face.upper) @ face.axes[1]).max()) / face.half)
    rows = [np.column_stack([across * face.half, line + level * face.half]) for level in (top, low)]
    flat = np.concatenate(rows) @ face.axes + face.centre
    bend = 0.3 * face.eye * across**2
    points = np.column_stack([flat, depth + np.concatenate([bend, bend])])
    count = len(across)
    share = np.column_stack([np.tile((across + 0.86) / 1.72, 2), np.repeat([0.0, 1.0], count)])
    faces = np.array([t for k in range(count - 1) for t in ((k, k + 1, count + k + 1), (k, count + k + 1, count + k))])
    found = {shape: np.tile(0.97 * move, (2 * count, 1)) for shape, move in jaw.items()} if name == "lower" else {}
    return Sheet(name, "parts", points, _uv(name, share), faces, _on_head(2 * count), found)


def _tongue(face: Face, depth: float, jaw: dict) -> Sheet:
    angle = np.arange(20) / 20 * 2 * np.pi
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    share = np.concatenate([[[0.5, 0.5]], 0.5 + 0.5 * ring])
    middle = ((face.lower - face.centre) @ face.axes[1]).max()
    local = np.concatenate([[[0, 0]], ring]) * [0.62 * face.half, 0.40 * face.half] + [0, middle + 0.20 * face.half]
    points = np.column_stack([local @ face.axes + face.centre, np.full(21, depth)])
    faces = np.array([(0, 1 + k, 1 + (k + 1) % 20) for k in range(20)])
    found = {shape: np.tile(0.8 * move, (21, 1)) for shape, move in jaw.items()}
    tip = np.clip(share[:, 1] - 0.2, 0, 1)[:, None]
    out = np.array([*(0.75 * face.half * face.axes[1]), -0.75 * face.eye])
    found["tongueOut"] = tip * out
    return Sheet("tongue", "parts", points, _uv("tongue", share), faces, _on_head(21), found)
