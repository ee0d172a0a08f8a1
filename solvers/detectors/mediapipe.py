"""MediaPipe Tasks as a detector: the pose first, then face and hands where the pose says they are."""

from __future__ import annotations

import contextlib
import functools
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import numpy as np

from ..errors import DetectorError, ModelError
from ..names import EXPRESSION, EXPRESSIONS, FACE_POINT_COUNT
from . import crops
from .cast import Cast, distinct, same_place, strangers
from .clothes import colours
from .complexion import portrait
from .crops import Square
from .facing import head_of
from .people import Person, belief, followed
from .pipeline import ahead
from .sight import SIDES, Points, Sight
from .surgery import bundle, centred_body, centred_palm

PEOPLE = 4  # at most so many bodies a picture
LENGTHY = 1.2  # times as long as wide: such a picture is also searched by its two ends, in which people are larger
HIDDEN = 1.5  # s before or after somebody was seen, for which he is looked for where he should be
# The palm network's and the hand network's least score where the pose says that a hand is (0.5 is their own default):
# lower ones find a quarter more hands in motion blur, and the arm tells which are none.
PALM_BY_ARM, HAND_BY_ARM = 0.2, 0.3
# Two detections are one hand if their points differ by less than this part of the hand's size, on the average.
SAME_HAND = 0.35
# A face is on a head if the two are not further apart than this part of the extent of head and shoulders.
HEAD_REACH = 0.5
PATIENCE = 3  # pictures in a row in which a hand may be missing before it is looked for less often
POSE_BUNDLE = ("pose_detector.tflite", "pose_landmarks_detector.tflite")
HAND_BUNDLE = ("hand_detector.tflite", "hand_landmarks_detector.tflite")
BLENDSHAPES = "face_blendshapes.tflite"
# What the memory allocator in MediaPipe's native code counts processors by on Linux; without it, it ends the process.
PROCESSORS = Path("/sys/devices/system/cpu/possible")


@dataclass(frozen=True)
class FoundHand:
    """One hand that a network saw: its points, the side that the network thinks it is."""

    points: Points
    label: str

    @property
    def wrist(self) -> np.ndarray:
        return self.points.image[0, :2]

    @property
    def score(self) -> float:
        return float(self.points.confidence[0])

    def as_side(self, side: str) -> FoundHand:
        """The hand as that of a known side; one that the network took for the other was mirrored in depth."""
        if side == self.label:
            return self
        points = self.points
        world = points.world * [-1, 1, 1]
        return FoundHand(replace(points, world=world), side)

    def same_as(self, other: FoundHand) -> bool:
        size = np.ptp(other.points.image[:, :2], axis=0).max()
        apart = np.linalg.norm(self.points.image[:, :2] - other.points.image[:, :2], axis=1).mean()
        return bool(apart < SAME_HAND * size)


@dataclass(frozen=True)
class FoundFace:
    """The face that the network saw, if any: points, scores, and whether it is where the pose has the head."""

    points: Points = Points.none(FACE_POINT_COUNT)
    expressions: np.ndarray | None = None
    by_pose: bool = False


class MediaPipe:
    """Pose, face and hand networks in single-image mode; see detectors.Detector for the protocol.

    networks: {"pose", "face", "hand": path of a Tasks bundle}.
    """

    name = "mediapipe"

    def __init__(self, networks: dict[str, Path]):
        self.networks = networks
        self.version = metadata.version("mediapipe")
        self._open = contextlib.ExitStack()

    def __enter__(self) -> MediaPipe:
        if sys.platform == "linux" and not PROCESSORS.is_file():
            raise DetectorError(f"The detector needs {PROCESSORS}, which is not there: mount /sys in this container.")
        with contextlib.ExitStack() as opening:

            def task(*words, **options):
                return opening.enter_context(self._task(*words, **options))

            self._pose = task("Pose", num_poses=PEOPLE)
            self._face = task("Face", output_face_blendshapes=_scores_expressions(self.networks["face"]))
            self._hand = task("Hand", num_hands=2)
            self._hand_by_arm = task(
                "Hand", num_hands=2, min_hand_detection_confidence=PALM_BY_ARM,
                min_hand_presence_confidence=HAND_BY_ARM,
            )  # fmt: skip
            self._hand_here = task("Hand", _without_search, num_hands=1)
            self._pool = opening.enter_context(ThreadPoolExecutor(1))
            self._open = opening.pop_all()
        return self

    def __exit__(self, *fault) -> None:
        self._open.close()

    def _task(self, kind: str, content: Callable[[Path], bytes] = Path.read_bytes, **options):
        """One of MediaPipe's landmarkers, a context. kind: "Pose", "Face" or "Hand". content: what of its network."""
        from mediapipe.tasks.python import vision

        with _blamed(self.networks[kind.lower()]) as network:
            return getattr(vision, f"{kind}Landmarker").create_from_options(
                getattr(vision, f"{kind}LandmarkerOptions")(base_options=_base(content(network)), **options)
            )

    @functools.cached_property
    def _pose_here(self):
        """The pose network without a search, made when it is first wanted: most videos show one person."""
        return self._open.enter_context(self._task("Pose", _body_without_search, num_poses=1))

    def watch(self, pictures: Iterable[tuple[float, np.ndarray]], cast: Cast | None = None) -> Iterator[Sight]:
        """What is seen of the performer in each picture.

        pictures: (time s, rgb (H, W, 3) uint8). cast: the people who are in them, where there are several.
        Decoding, the pose of the next picture, and face beside hands of this one overlap.
        """
        decoded = ahead(pictures)
        posed = ahead(self._with_performer(decoded) if cast is None else self._told_apart(decoded, cast))
        face, hands, believed, before = FoundFace(), {}, None, 0.0
        unseen = dict.fromkeys(SIDES, 0)
        with contextlib.closing(posed):
            for time, rgb, person, others in posed:
                looking = self._pool.submit(self._face_in, rgb, person, face, others)
                if cast is None:
                    proven = person is not None and (person.proven or looking.result().by_pose)
                    believed, before = belief(believed, proven, time - before), time
                somebody = person if cast is not None or believed > 0.5 else None
                hands = self._hands_in(rgb, somebody, hands, unseen, others)
                unseen = {side: 0 if side in hands else unseen[side] + 1 for side in SIDES}
                face = looking.result()
                yield _sight(time, rgb, somebody, face, hands)

    def everybody(self, time: float, rgb: np.ndarray) -> list[Person]:
        """The people in a picture, with colours, each proven by an elbow or by a face where the head is.

        time: s. rgb: (H, W, 3) uint8. An upright or a wide picture is also searched by its ends; whoever is found
        there only has to be seen a second time, in a piece of the whole.
        """
        found = self._poses_in(time, rgb)
        for left, top, end in _ends(rgb):
            for person in self._poses_in(time, end):
                moved = _moved(person, (left, top), rgb)
                if any(same_place(moved, other) for other in found):
                    continue
                again = self._somebody_at(time, rgb, crops.body_square(moved.body.image[:, :2]))
                if again is not None and same_place(again, moved):
                    found.append(again)
        return [
            _dressed(person, rgb)
            for person in distinct(found)
            if person.proven or self._face_in(rgb, person, FoundFace()).by_pose
        ]

    def _poses_in(self, time: float, rgb: np.ndarray) -> list[Person]:
        height, width = rgb.shape[:2]
        answer = self._pose.detect(_picture(rgb))
        return [
            Person(time, _body(image, world, width, height), (width, height))
            for image, world in zip(answer.pose_landmarks, answer.pose_world_landmarks, strict=True)
        ]

    def _with_performer(self, pictures: Iterable) -> Iterator[tuple[float, np.ndarray, Person | None, None]]:
        with contextlib.closing(pictures):
            last = None
            for time, rgb in pictures:
                person = followed(self._poses_in(time, rgb), last)
                last = person or last
                yield time, rgb, person, None

    def _told_apart(
        self, pictures: Iterable, cast: Cast
    ) -> Iterator[tuple[float, np.ndarray, Person | None, list[Person]]]:
        """Each picture with the performer and the others in it: found by search, else where they should be."""
        with contextlib.closing(pictures):
            for time, rgb in pictures:
                people = [_dressed(person, rgb) for person in distinct(self._poses_in(time, rgb))]
                found = cast.sort(time, people)
                for index in cast.missing(time, found, HIDDEN):
                    square = crops.body_square(cast.expected_body(index, time))
                    hidden = self._somebody_at(time, rgb, square)
                    if hidden is not None:
                        found = cast.with_hidden(time, found, index, _dressed(hidden, rgb))
                cast.remember(time, found, strangers(people, found.values()))
                others = [person for index, person in found.items() if index != cast.chosen]
                yield time, rgb, found.get(cast.chosen), others

    def _somebody_at(self, time: float, rgb: np.ndarray, square: Square) -> Person | None:
        """Who is in a square, which a body is thought to fill head up, without a search."""
        height, width = rgb.shape[:2]
        piece, matrix = crops.cut(rgb, square)
        answer = self._pose_here.detect(_picture(piece))
        if not answer.pose_landmarks:
            return None
        landmarks, turn = answer.pose_landmarks[0], matrix[:, :2] / np.hypot(*matrix[:, 0])
        world = _numbers(answer.pose_world_landmarks[0])
        world[:, :2] = world[:, :2] @ turn.T
        seen = np.array([point.visibility for point in landmarks])
        return Person(time, Points(_in_picture(landmarks, piece, matrix), _our_axes(world), seen), (width, height))

    def _face_in(
        self, rgb: np.ndarray, person: Person | None, last: FoundFace, others: list[Person] | None = None
    ) -> FoundFace:
        """The face: where the pose has it, else where it was last, else anywhere.

        Anywhere is not worth a look where elbows are seen: such a face is too small for the whole picture. Where there
        are others (None: he is alone), it has to be on the performer's head.
        """
        squares = [] if others is not None or (person is not None and person.proven) else [None]
        if others is not None and person is None:
            return FoundFace()
        if last.points.seen:
            squares.insert(0, crops.box_square(last.points.image[:, :2]))
        if person is not None:
            squares.insert(0, crops.face_square(person.body.image[:, :2]))
        for square in squares:
            piece, matrix = crops.cut(rgb, square)
            answer = self._face.detect(_picture(piece))
            if answer.face_landmarks:
                image = _in_picture(answer.face_landmarks[0], piece, matrix)
                if others is not None and not _on_head(image, person, others):
                    continue
                scores = answer.face_blendshapes[0] if answer.face_blendshapes else ()
                return FoundFace(
                    _seen(image), _expressions(scores), by_pose=person is not None and square is squares[0]
                )
        return FoundFace()

    def _hands_in(
        self, rgb: np.ndarray, person: Person | None, last: dict[str, FoundHand], unseen: dict[str, int],
        others: list[Person] | None = None,
    ) -> dict[str, FoundHand]:  # fmt: skip
        """The hands by side: those of the person's arms, or any where there is nobody or no arm is seen.

        A hand that was unseen for a while is looked for in one way a picture, by turns: the search costs the most.
        others: the people whose hands these may be as well; None where there is nobody else.
        """
        if person is not None:
            arms = [arm for side in SIDES if (arm := crops.arm(person, side)) is not None]
            if arms:
                return _by_arm(
                    arms,
                    [hand for arm in arms for hand in self._hands_of(rgb, arm, last.get(arm.side), unseen[arm.side])],
                    [arm for other in others or () for side in SIDES if (arm := crops.arm(other, side)) is not None],
                )
        if others is not None:
            return {}
        kept = {side: here for side, hand in last.items() if (here := self._hand_at(rgb, hand)) is not None}
        return _by_label(kept, [] if kept else self._hands_within(rgb, None, self._hand))

    def _hands_of(self, rgb: np.ndarray, arm: crops.Arm, last: FoundHand | None, unseen: int) -> list[FoundHand]:
        """Hands near an arm's end: where its hand was last, else by search, in an upright piece and in a turned one."""
        squares = (arm.square, arm.turned_square)
        if last is not None:
            here = self._hand_at(rgb, last)
            if here is not None and arm.reaches(here.wrist):
                return [here]
        found = []
        for square in squares if unseen < PATIENCE else squares[unseen % 2 :][:1]:
            found += self._hands_within(rgb, square, self._hand_by_arm)
            if any(arm.reaches(hand.wrist) for hand in found):
                break
        return found

    def _hand_at(self, rgb: np.ndarray, last: FoundHand) -> FoundHand | None:
        """The hand that was just seen, without a search for it."""
        found = self._hands_within(rgb, crops.hand_square(last.points.image[:, :2]), self._hand_here)
        return found[0] if found else None

    def _hands_within(self, rgb: np.ndarray, square: Square | None, network) -> list[FoundHand]:
        piece, matrix = crops.cut(rgb, square)
        answer = network.detect(_picture(piece))
        turn = matrix[:, :2] / np.hypot(*matrix[:, 0])
        found = []
        for image, world, sides in zip(
            answer.hand_landmarks, answer.hand_world_landmarks, answer.handedness, strict=True
        ):
            metres = _numbers(world)
            metres[:, :2] = metres[:, :2] @ turn.T
            points = _seen(_in_picture(image, piece, matrix), _our_axes(metres), sides[0].score)
            found.append(FoundHand(points, sides[0].category_name.lower()))
        return found


def _by_arm(arms: list[crops.Arm], found: list[FoundHand], rivals: list[crops.Arm]) -> dict[str, FoundHand]:
    """Each hand to the nearest arm, no hand to two arms and no arm to two hands.

    rivals: arms of other people, whose hands are left out.
    """
    found = [hand for hand in _distinct(found) if not _nearer(hand, arms, rivals)]
    pairs = sorted(
        (np.linalg.norm(hand.wrist - arm.wrist) / arm.forearm, k, arm.side)
        for k, hand in enumerate(found)
        for arm in arms
        if arm.reaches(hand.wrist)
    )
    taken: dict[str, int] = {}
    for _, k, side in pairs:
        if side not in taken and k not in taken.values():
            taken[side] = k
    return {side: found[k].as_side(side) for side, k in taken.items()}


def _nearer(hand: FoundHand, arms: list[crops.Arm], rivals: list[crops.Arm]) -> bool:
    """Whether a hand is nearer to somebody else's arm than to any of the performer's, in forearms."""
    away = lambda arm: np.linalg.norm(hand.wrist - arm.wrist) / arm.forearm  # noqa: E731
    return min(map(away, rivals), default=np.inf) < min(map(away, arms), default=np.inf)


def _on_head(image: np.ndarray, person: Person, others: list[Person]) -> bool:
    """Whether a face (478, 3) px is on somebody's head, and on nobody else's."""
    middle = image[:, :2].mean(0)
    away = lambda one: np.linalg.norm(one.head - middle) / max(one.extent, 1.0)  # noqa: E731
    return away(person) < min(map(away, others), default=HEAD_REACH) and away(person) < HEAD_REACH


def _ends(rgb: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
    """(left, top, piece) of the squares at both ends of a lengthy picture; none of another."""
    height, width = rgb.shape[:2]
    side = min(height, width)
    if max(height, width) < LENGTHY * side:
        return []
    return [(0, 0, rgb[:side, :side]), (width - side, height - side, rgb[height - side :, width - side :])]


def _moved(person: Person, corner: tuple[int, int], rgb: np.ndarray) -> Person:
    """Somebody who was found in a piece of a picture, as in the whole. corner: (left, top) px of the piece."""
    image = person.body.image + [*corner, 0]
    return replace(person, body=replace(person.body, image=image), size=(rgb.shape[1], rgb.shape[0]))


def _dressed(person: Person, rgb: np.ndarray) -> Person:
    """The same person with the colours that the picture shows."""
    return replace(person, colours=colours(rgb, person.body))


def _by_label(kept: dict[str, FoundHand], found: list[FoundHand]) -> dict[str, FoundHand]:
    """Hands without arms: those that were followed keep their side, others have the network's."""
    sides: dict[str, FoundHand] = {}
    for side, hand in [*kept.items(), *((hand.label, hand) for hand in _distinct(found))]:
        if side not in sides and not any(hand.same_as(other) for other in sides.values()):
            sides[side] = hand.as_side(side)
    return sides


def _distinct(found: list[FoundHand]) -> list[FoundHand]:
    """The hands without those that are the same as one with a better score."""
    kept: list[FoundHand] = []
    for hand in sorted(found, key=lambda hand: -hand.score):
        if not any(hand.same_as(other) for other in kept):
            kept.append(hand)
    return kept


def _sight(
    time: float, rgb: np.ndarray, person: Person | None, face: FoundFace, hands: dict[str, FoundHand]
) -> Sight:  # fmt: skip
    parts = {f"{side}_hand": hand.points for side, hand in hands.items()}
    if person is not None:
        parts["body"] = person.body
    if face.points.seen:
        height, width = rgb.shape[:2]
        parts |= {
            "face": face.points, "expressions": face.expressions, "head": head_of(face.points.image, (width, height)),
            "portrait": portrait(rgb, face.points.image),
        }  # fmt: skip
    return Sight(time, **parts)


def _body(image, world, width: int, height: int) -> Points:
    seen = np.array([point.visibility for point in image])
    return Points(_numbers(image) * [width, height, width], _our_axes(_numbers(world)), seen)


def _seen(image: np.ndarray, world: np.ndarray | None = None, score: float = 1.0) -> Points:
    return Points(image, np.full_like(image, np.nan) if world is None else world, np.full(len(image), score))


def _in_picture(landmarks, piece: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """(K, 3) px of the picture, of landmarks that are fractions of a piece's width and height."""
    height, width = piece.shape[:2]
    points = _numbers(landmarks) * [width, height, width]
    scale = np.hypot(*matrix[:, 0])
    return np.column_stack([points[:, :2] @ matrix[:, :2].T + matrix[:, 2], points[:, 2] * scale])


def _expressions(scores) -> np.ndarray:
    """(52,) in the order of EXPRESSIONS; the network has neither tongueOut nor use for its own _neutral."""
    values = np.full(len(EXPRESSIONS), np.nan, np.float32)
    for score in scores:
        if score.category_name in EXPRESSION:
            values[EXPRESSION[score.category_name]] = score.score
    return values


def _numbers(landmarks) -> np.ndarray:
    return np.array([(point.x, point.y, point.z) for point in landmarks], float)


def _our_axes(world: np.ndarray) -> np.ndarray:
    """MediaPipe's x right, y down, z away as our x right, y away, z up."""
    return world[:, [0, 2, 1]] * [1, 1, -1]


def _picture(rgb: np.ndarray):
    import mediapipe

    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(rgb))


def _base(content: bytes):
    from mediapipe.tasks.python import BaseOptions

    return BaseOptions(model_asset_buffer=content)


@contextlib.contextmanager
def _blamed(network: Path) -> Iterator[Path]:
    """The path of a network; what goes wrong with it is its fault."""
    try:
        yield network
    except (RuntimeError, ValueError, KeyError, FileNotFoundError, PermissionError, zipfile.BadZipFile) as fault:
        why = " ".join(str(fault).split())[:150]
        raise ModelError(
            f"The network {network} is damaged, or is none of its kind ({why}): remove it and make it again with "
            "`python -m understudy.solvers.models`."
        ) from fault


def _scores_expressions(face: Path) -> bool:
    with _blamed(face), zipfile.ZipFile(face) as archive:
        return BLENDSHAPES in archive.namelist()


def _without_search(hand: Path) -> bytes:
    """A hand bundle whose search always answers: in the middle, fingers up."""
    with zipfile.ZipFile(hand) as archive:
        detector, landmarks = HAND_BUNDLE
        return bundle({detector: centred_palm(archive.read(detector)), landmarks: archive.read(landmarks)})


def _body_without_search(pose: Path) -> bytes:
    """A pose bundle whose search always answers: the body fills the picture, head up."""
    with zipfile.ZipFile(pose) as archive:
        detector, landmarks = POSE_BUNDLE
        return bundle({detector: centred_body(archive.read(detector)), landmarks: archive.read(landmarks)})
