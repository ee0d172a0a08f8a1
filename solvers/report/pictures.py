"""Pictures of the video with what was seen and solved drawn over them, as JPEG for a page."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import VideoError
from ..motion.skeleton import joint_positions
from ..names import FACE_POINT_COUNT, FINGERS, JOINT, JOINTS, PARENTS, finger_bones
from ..performance import Performance
from ..take import Take

MOMENTS = 6
WIDTH, HEIGHT = 560, 520  # px, the largest picture on the page
QUALITY = 82  # of JPEG
# RGB: anatomical left, right and middle, the same as the page's curves have.
LEFT, RIGHT, MIDDLE, POINTS = (38, 166, 154), (239, 108, 77), (250, 214, 110), (255, 255, 255)
HIDDEN = ("leftEye", "rightEye", "jaw")  # joints that say nothing as a line
FINGER_JOINTS = {bone for side in ("left", "right") for finger in FINGERS for bone in finger_bones(side, finger)}


@dataclass(frozen=True)
class Drawn:
    """Pictures for the page.

    moments, weak: ((time s, JPEG as a data URL), ...). fault: why there are none, "" where all is well.
    """

    moments: tuple[tuple[float, str], ...] = ()
    weak: tuple[tuple[float, str], ...] = ()
    fault: str = ""


def drawn(take: Take, performance: Performance, video: Path | str, weak: list[float]) -> Drawn:
    """Pictures at moments spread over the take, and at its weakest.

    take, performance: what was seen and solved. video: path of the driving video. weak: s, times of weak stretches.
    """
    if take.gaze is not None:  # a phone's capture has no pictures
        return Drawn()
    chosen = np.unique(np.round(np.linspace(0, len(take.time) - 1, 2 * MOMENTS + 1)[1::2]).astype(int))
    try:
        moments = tuple((t, _picture(take, performance, video, t)) for t in take.time[chosen].tolist())
        return Drawn(moments, tuple((t, _picture(take, performance, video, t)) for t in weak))
    except VideoError as fault:
        return Drawn(fault=str(fault))


def _picture(take: Take, performance: Performance, video: Path | str, time: float) -> str:
    """One picture of the video with the drawing over it, as a data URL."""
    import cv2

    from ..footage.video import pictures

    half = 0.5 / (take.source.get("fps") or 30.0)
    found = pictures(video, start=max(0.0, time - half))
    _, picture = next(found)
    found.close()
    scale = min(WIDTH / picture.shape[1], HEIGHT / picture.shape[0], 1.0)
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    picture = np.ascontiguousarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    sample = int(np.argmin(np.abs(take.time - time)))
    _draw_points(picture, take, sample, scale)
    if len(performance.time):
        _draw_skeleton(picture, performance, int(np.argmin(np.abs(performance.time - time))), scale)
    _, jpeg = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode("ascii")


def _draw_points(picture: np.ndarray, take: Take, sample: int, scale: float) -> None:
    """The detector's points of face and hands as dots."""
    import cv2

    for part, colour in (("face", POINTS), ("left_hand", LEFT), ("right_hand", RIGHT)):
        points = getattr(take, part).image[sample, :, :2] * scale
        points = points[np.isfinite(points).all(1)]
        if part == "face" and len(points):  # so many that they show the form of a small face and do not cover it
            points = points[:: max(3, round(FACE_POINT_COUNT / max(np.ptp(points[:, 0]), 1)))]
        for x, y in points:
            cv2.circle(picture, _fixed((x, y)), 14 if part == "face" else 30, colour, -1, cv2.LINE_AA, 4)


def _draw_skeleton(picture: np.ndarray, performance: Performance, sample: int, scale: float) -> None:
    """The solved joints as lines; faint where the camera did not see them."""
    import cv2

    image = skeleton_in_picture(performance, sample) * scale
    sure = np.asarray(performance.confidence)[sample]
    faint = picture.copy()
    for wanted, canvas in ((False, faint), (True, picture)):
        for index, joint in enumerate(JOINTS):
            parent = PARENTS[joint]
            if parent is None or joint in HIDDEN or (sure[index] > 0) != wanted:
                continue
            ends = image[[JOINT[parent], index]]
            if np.isfinite(ends).all():
                cv2.line(canvas, *map(_fixed, ends), _colour(joint), 1 if joint in FINGER_JOINTS else 2, cv2.LINE_AA, 4)
        if not wanted:
            cv2.addWeighted(faint, 0.35, picture, 0.65, 0, picture)


def skeleton_in_picture(performance: Performance, sample: int) -> np.ndarray:
    """Where the joints of one sample are in the video's picture. Result (J, 2) px."""
    one = slice(sample, sample + 1)
    joints = joint_positions(performance.rotations[one], performance.root[one], performance.skeleton)[0]
    return project(performance.projection, joints)


def project(projection: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Where points of the world are in the picture; NaN behind the camera.

    projection: (3, 4) px. points: (..., 3) m. Result (..., 2) px.
    """
    homogeneous = np.concatenate([points, np.ones_like(points[..., :1])], -1) @ np.asarray(projection, float).T
    depth = np.where(homogeneous[..., 2:] > 1e-6, homogeneous[..., 2:], np.nan)
    return homogeneous[..., :2] / depth


def _fixed(point) -> tuple[int, int]:
    """A point in sixteenths of a pixel, as OpenCV draws it with shift 4, kept near the picture."""
    return tuple(int(np.clip(value, -4e3, 8e3) * 16) for value in point)


def _colour(joint: str) -> tuple[int, int, int]:
    return LEFT if joint.startswith("left") else RIGHT if joint.startswith("right") else MIDDLE
