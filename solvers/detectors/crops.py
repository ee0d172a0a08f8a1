"""Where in a picture to look for a face or a hand, given the body; and how to cut that piece out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..names import BODY_POINT
from .people import Person

# Half side of the square cut about the face, in extents of the eleven points of the pose's head, and of that about a
# hand, in forearms: with these a face was found in 22 to 24 of 24 full-body pictures and a hand at 153 to 156 of 233
# visible wrists, against 107 when the whole picture was searched (measured on lab and street clips).
FACE_REACH = 1.6
HAND_REACH = 1.2
# Half side of the square about a face seen before, in halves of the longer side of its box.
FOLLOW_REACH = 1.6
# A forearm that points at the camera looks short; no forearm is shorter than this part of the shoulders' width.
LEAST_FOREARM = 0.6
# A hand belongs to an arm if its wrist is not further from the arm's than this, in forearms.
WRIST_REACH = 1.0
# Arms whose wrist is less visible than this are not searched for a hand: out of the picture it is 0.02 to 0.07.
LEAST_WRIST = 0.1
PALM = [0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18]
KNUCKLES = [5, 9, 13]
HAND_SIZE, HAND_SHIFT = 2.0, 0.1
# A body's circle goes this much beyond its outermost points, which are eyes and toes, not hair and soles; that of
# somebody who crouches is not smaller than so many trunks.
BODY_MARGIN, BODY_REACH, LEAST_BODY = 1.1, 1.25, 1.6
HIPS, SHOULDERS = ([BODY_POINT[side + joint] for side in ("left", "right")] for joint in ("Hip", "Shoulder"))
NO_ARMS = [*range(13), *range(23, 33)]
# Pixels of a cut; the networks themselves see 192 to 256.
CUT = 384


@dataclass(frozen=True)
class Square:
    """A square piece of a picture: centre (2,) px, half side px, turned by angle rad (clockwise as seen)."""

    centre: np.ndarray
    half: float
    angle: float = 0.0

    def to_picture(self, pixels: int) -> np.ndarray:
        """(2, 3) from the piece's own pixels, of which there are `pixels` a side, to the picture's."""
        scale = 2 * self.half / pixels
        c, s = np.cos(self.angle) * scale, np.sin(self.angle) * scale
        turn = np.array([[c, -s], [s, c]])
        return np.column_stack([turn, self.centre - turn @ np.full(2, pixels / 2)])


def cut(rgb: np.ndarray, square: Square | None) -> tuple[np.ndarray, np.ndarray]:
    """Cut a square out of a picture; what lies outside the picture is black.

    rgb: (H, W, 3) uint8; square: None is the whole picture.
    Result (piece (N, N, 3) uint8, its pixels to the picture's (2, 3)).
    """
    if square is None:
        return rgb, np.eye(2, 3)
    import cv2

    pixels = int(np.clip(2 * square.half, 64, CUT))
    matrix = square.to_picture(pixels)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    if square.half > pixels:  # shrinking to less than half: average first, so that nothing flickers
        flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(rgb, matrix, (pixels, pixels), flags=flags), matrix


def face_square(body: np.ndarray) -> Square:
    """Where the face is, by the pose's eleven head points.

    body: (33, 2) px.
    """
    head = body[:11]
    return Square(head.mean(0), FACE_REACH * max(np.ptp(head, axis=0).max(), 4.0))


@dataclass(frozen=True)
class Arm:
    """Where an arm's hand may be: side, wrist (2,) px, length of the forearm px, fingers' direction rad, knuckles."""

    side: str
    wrist: np.ndarray
    knuckles: np.ndarray
    forearm: float
    angle: float

    @property
    def square(self) -> Square:
        return Square(self.knuckles, HAND_REACH * self.forearm)

    @property
    def turned_square(self) -> Square:
        """The same with the forearm pointing up."""
        return Square(self.knuckles, HAND_REACH * self.forearm, self.angle)

    def reaches(self, wrist: np.ndarray) -> bool:
        """Whether a hand's wrist (2,) px is near enough to be this arm's."""
        return bool(np.linalg.norm(wrist - self.wrist) < WRIST_REACH * self.forearm)


def arm(person: Person, side: str) -> Arm | None:
    """A person's arm, or None where its hand is not seen.

    side: "left" or "right".
    """
    points = person.body.image[:, :2]
    names = ("Elbow", "Wrist", "Pinky", "Index")
    elbow, wrist, little, index = (points[BODY_POINT[side + name]] for name in names)
    shoulders = np.linalg.norm(points[BODY_POINT["leftShoulder"]] - points[BODY_POINT["rightShoulder"]])
    forearm = max(np.linalg.norm(wrist - elbow), LEAST_FOREARM * shoulders, 8.0)
    found = Arm(side, wrist, (little + index) / 2, forearm, upward(wrist - elbow))
    if person.body.confidence[BODY_POINT[side + "Wrist"]] < LEAST_WRIST or not within(found.square, *person.size):
        return None
    return found


def upward(direction: np.ndarray) -> float:
    """The angle of a square in which a direction (2,) px points up, rad."""
    return float(np.arctan2(direction[0], -direction[1]))


def hand_square(points: np.ndarray) -> Square:
    """The square that the hand network expects about a hand seen before, wrist below and fingers up.

    points: (21, 2) px. Source: MediaPipe's hand_landmarks_to_rect: the box of the palm and lower finger joints, twice
    as large, moved by a tenth toward the fingers.
    """
    angle = upward(points[KNUCKLES].mean(0) - points[0])
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s], [s, c]])
    upright = points[PALM] @ turn
    low, high = upright.min(0), upright.max(0)
    side = (high - low).max()
    centre = (low + high) / 2 - [0, HAND_SHIFT * (high - low)[1]]
    return Square(turn @ centre, HAND_SIZE * max(side, 8.0) / 2, angle)


def body_square(body: np.ndarray) -> Square:
    """The square that the pose network expects about a body, the middle of the hips in its middle and the head up.

    body: (33, 2) px. Source: pose_landmarks_to_roi.pbtxt takes 1.25 times the circle about the body; the two points
    that tell of the circle are not among those that the Tasks give, so that it is made of head, trunk and legs.
    """
    hips, shoulders = body[HIPS].mean(0), body[SHOULDERS].mean(0)
    trunk = np.linalg.norm(shoulders - hips)
    reach = BODY_MARGIN * np.linalg.norm(body[NO_ARMS] - hips, axis=1).max()
    return Square(hips, BODY_REACH * max(reach, LEAST_BODY * trunk, 8.0), upward(shoulders - hips))


def box_square(points: np.ndarray, reach: float = FOLLOW_REACH) -> Square:
    """A square about points, larger than their box by `reach`.

    points: (K, 2) px.
    """
    low, high = points.min(0), points.max(0)
    return Square((low + high) / 2, reach * (high - low).max() / 2)


def within(square: Square, width: int, height: int) -> bool:
    """Whether the middle of a square lies in the picture (width, height px), or nearly."""
    x, y = square.centre
    margin = square.half / 2
    return -margin < x < width + margin and -margin < y < height + margin
