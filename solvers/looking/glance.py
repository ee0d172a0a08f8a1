"""A look at a few pictures of a video, and what is measured in them: the child's part of the pre-flight."""

from __future__ import annotations

import base64
import contextlib
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..detectors.cast import Member, gather
from ..detectors.crops import Square, cut
from ..detectors.people import Person
from ..detectors.sight import Points, Sight
from ..footage import video
from ..names import BODY_POINT, BODY_POINTS

PICTURES = 16  # to be looked at; each takes 0.1 s on two cores
AFTER = 0.12  # s from each picture to the one that shows what moves
SEEN = 0.5  # confidence above which a point of the body counts as seen, as in a report's coverage
PARTS = ("face", "left_hand", "right_hand")
TRUNK = [BODY_POINT[side + joint] for side in ("left", "right") for joint in ("Shoulder", "Hip")]
HEAD = list(range(11))  # points of the body's head
FINE = 64  # px, the longer side at which sharpness is measured: details that the networks' own input still keeps
SMALL = 320  # px, the longer side at which motion of the background is measured
COARSE = 32  # px, the side of the small pictures that are compared to find cuts
CORNERS, LEAST_CORNERS = 80, 10  # of the background that are followed, and without which nothing is said
LEAST_GROUND = 0.15  # of a picture that has to be background for it to be compared
CHANGED = 30  # of 255, by which a part of the background differs that is not the same any more
PORTRAIT = 96  # px, the side of the small pictures by which people are chosen
PORTRAIT_REACH = 0.9  # half of that side, in extents of head and shoulders
MARGIN = 0.15  # around the performer, in parts of his size, that is not background: hair, clothes and shadow


def glance(path: str, out: Path, start: float | None, end: float | None, tell: Callable[[int, int], None]) -> None:
    """Look at pictures spread over a video, and write what was measured as JSON.

    path: of the video. out: of the JSON. start, end: s or None. tell: is told (pictures done, pictures expected).
    JSON: {"size", "seconds", "fps", "sound", "steps": [s], "rows": [what `row` gives, "people", "moved", "changed"],
    "cast": [see `_portrait`], the most prominent first}.
    Raises VideoError where no picture can be decoded, ModelError.
    """
    from .. import models
    from ..detectors import DETECTORS

    clip = video.probe(path)
    start, end = video.checked_range(clip, start, end)
    end = min(end, clip.seconds)
    pictures = video.spread(path, start, end, min(PICTURES, max(1, round((end - start) * clip.fps))), AFTER)
    rows: list[dict] = []
    seen: list[list[Person]] = []
    portraits: dict[int, np.ndarray] = {}
    tell(0, PICTURES)
    with DETECTORS["mediapipe"](models.find()) as detector, contextlib.closing(pictures):
        before = None
        for time, rgb, later in pictures:
            [sight] = detector.watch([(time, rgb)])
            ground = background(sight, rgb.shape[:2])
            now = (_coarse(rgb), _coarse(ground) > 0)
            seen.append(detector.everybody(time, rgb))
            portraits |= {id(person): _cut_out(person, rgb) for person in seen[-1]}
            rows.append(
                row(sight, rgb)
                | {
                    "people": len(seen[-1]),
                    "moved": moved(rgb, later, ground),
                    "changed": None if before is None else changed(before, now),
                }
            )
            before = now
            tell(len(rows), PICTURES)
    tell(len(rows), len(rows))
    facts = {"size": clip.size, "seconds": end - start, "fps": clip.fps, "sound": clip.sound}
    steps = video.steps(path).tolist()
    cast = [_portrait(member, portraits) for member in gather(seen)]
    out.write_text(json.dumps(facts | {"steps": steps, "rows": rows, "cast": cast}), encoding="utf-8")


def _cut_out(person: Person, rgb: np.ndarray) -> np.ndarray:
    """(PORTRAIT, PORTRAIT, 3) uint8, head and shoulders of somebody."""
    import cv2

    head = person.body.image[:11, :2].mean(0)
    reach = PORTRAIT_REACH * max(person.extent, 4.0)
    piece, _ = cut(rgb, Square(head + [0, reach / 4], reach))
    return cv2.resize(piece, (PORTRAIT, PORTRAIT), interpolation=cv2.INTER_AREA)


def _portrait(member: Member, portraits: dict[int, np.ndarray]) -> dict:
    """One of the people: {"point": (across, down), shares of the picture; "time": s, of the picture that the point lies
    on him in; "picture": (PORTRAIT, PORTRAIT, 3) bytes of red, green and
    blue from the top left, deflated, in base 64}.

    portraits: {id of a person: picture}.
    """
    best = max(member.moments, key=lambda person: person.prominence)
    point = np.clip(best.body.image[TRUNK[::2], :2].mean(0) / best.size, 0.0, 1.0)
    pixels = zlib.compress(np.ascontiguousarray(portraits[id(best)]).tobytes(), 9)
    return {
        "point": point.round(4).tolist(),
        "time": round(best.time, 3),
        "picture": base64.b64encode(pixels).decode("ascii"),
    }


def row(sight: Sight, rgb: np.ndarray) -> dict:
    """What is measured in one picture.

    sight: what was seen in it. rgb: (H, W, 3) uint8.
    Result {"time": s, "light": 0..255 of the picture, "body": see `_body`, and each of PARTS: see `_part`}; what was
    not seen is None.
    """
    parts = {name: _part(getattr(sight, name), rgb) if getattr(sight, name).seen else None for name in PARTS}
    body = _body(sight.body, rgb.shape[:2]) if sight.body.seen else None
    return {"time": sight.time, "light": float(np.mean(_grey(rgb))), "body": body} | parts


def _part(points: Points, rgb: np.ndarray) -> dict:
    """{"size": px, the longer side of its box; "inside": share of its points; "light": 0..255; "sharp": see code}."""
    import cv2

    height, width = rgb.shape[:2]
    xy = points.image[:, :2]
    inside = ((xy >= 0) & (xy < (width, height))).all(1)
    size = float(np.ptp(xy, axis=0).max())
    (left, top), (right, bottom) = _corners(xy, (height, width))
    grey = _grey(rgb[top:bottom, left:right])
    scale = FINE / max(grey.shape)
    fine = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    sharp = np.abs(cv2.Laplacian(fine, cv2.CV_32F)).mean() / max(fine.std(), 1.0)
    return {"size": size, "inside": float(inside.mean()), "light": float(grey.mean()), "sharp": float(sharp)}


def _body(points: Points, shape: tuple[int, int]) -> dict:
    """{"trunk": px, the longer side of its box; "seen": names of points seen in the picture; "head": whether all of
    the head lies in the picture; "out": names of points outside it}."""
    xy = points.image[:, :2]
    inside = ((xy >= 0) & (xy < shape[::-1])).all(1)
    seen = inside & (points.confidence > SEEN)
    return {
        "trunk": float(np.ptp(xy[TRUNK], axis=0).max()),
        "seen": [name for name, there in zip(BODY_POINTS, seen, strict=True) if there],
        "out": [name for name, there in zip(BODY_POINTS, inside, strict=True) if not there],
        "head": bool(inside[HEAD].all()),
    }


def background(sight: Sight, shape: tuple[int, int]) -> np.ndarray:
    """(H, W) uint8, 255 where the performer is not. shape: (H, W) px of the picture."""
    ground = np.full(shape, 255, np.uint8)
    points = [getattr(sight, part).image[:, :2] for part in PARTS if getattr(sight, part).seen]
    if sight.body.seen:
        points.append(sight.body.image[sight.body.confidence > SEEN, :2])
    points = [part for part in points if len(part)]
    if points:
        every = np.concatenate(points)
        margin = MARGIN * np.ptp(every, axis=0).max()
        (left, top), (right, bottom) = _corners(np.concatenate([every - margin, every + margin]), shape)
        ground[top:bottom, left:right] = 0
    return ground


def moved(rgb: np.ndarray, later: np.ndarray, ground: np.ndarray) -> float | None:
    """How far the background moves from one picture to another, in parts of the longer side.

    rgb, later: (H, W, 3) uint8. ground: (H, W) uint8, as `background` gives it.
    Result: the median over corners that are followed (Lucas and Kanade 1981); None where there are too few.
    """
    import cv2

    scale = SMALL / max(rgb.shape)
    small = lambda picture: cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # noqa: E731
    one, other = (small(np.uint8(_grey(picture))) for picture in (rgb, later))
    corners = cv2.goodFeaturesToTrack(one, CORNERS, 0.02, 6, mask=np.uint8(small(ground) > 254) * 255)
    if corners is None or len(corners) < LEAST_CORNERS:
        return None
    places, found, _ = cv2.calcOpticalFlowPyrLK(one, other, corners, None, winSize=(15, 15), maxLevel=3)
    found = found[:, 0] > 0
    if found.sum() < LEAST_CORNERS:
        return None
    return float(np.median(np.linalg.norm((places - corners)[found, 0], axis=1)) / SMALL)


def changed(before: tuple[np.ndarray, np.ndarray], now: tuple[np.ndarray, np.ndarray]) -> float | None:
    """How much of the background of two pictures differs, 0..1; None where there is too little of it.

    before, now: (picture (N, N, 3), where it is background (N, N)).
    """
    both = before[1] & now[1]
    if both.mean() < LEAST_GROUND:
        return None
    apart = np.abs(before[0].astype(float) - now[0]).mean(-1)
    return float((apart[both] > CHANGED).mean())


def _coarse(picture: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.resize(picture, (COARSE, COARSE), interpolation=cv2.INTER_AREA)


def _corners(xy: np.ndarray, shape: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """((left, top), (right, bottom)) px of the box about points, as far as it lies in the picture; never empty.

    xy: (K, 2) px. shape: (H, W) px.
    """
    limit = np.array(shape[::-1])
    low = np.clip(np.floor(xy.min(0)), 0, limit - 1).astype(int)
    high = np.maximum(np.clip(np.ceil(xy.max(0)), 1, limit).astype(int), low + 1)
    return tuple(low.tolist()), tuple(high.tolist())


def _grey(rgb: np.ndarray) -> np.ndarray:
    """(H, W) float32, 0..255: luma of Rec. 601."""
    import cv2

    return cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY).astype(np.float32)
