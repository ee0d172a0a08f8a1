"""MediaPipe's three Tasks on whole pictures, one after the other: the plain way, which ours is measured against."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class PlainPoints:
    """One body or hand as a Task tells it (K points).

    image: (K, 3) in widths and heights of the picture. world: (K, 3) m, x right, y down, z away. side: of a hand,
    "left" or "right" as the Task has it.
    """

    image: np.ndarray
    world: np.ndarray
    side: str


class PlainTasks:
    """Pose, face and hand Tasks with their own defaults, two hands; a context, since it holds native memory.

    networks: {"pose", "face", "hand": path of a Tasks bundle}. following: use video mode, in which the Tasks follow
    what they saw in the picture before; else single-image mode.
    """

    def __init__(self, networks: dict[str, Path], following: bool = False):
        self.networks, self.following = networks, following
        self._open = contextlib.ExitStack()

    def __enter__(self) -> PlainTasks:
        from mediapipe.tasks.python import BaseOptions, vision

        mode = vision.RunningMode.VIDEO if self.following else vision.RunningMode.IMAGE
        wanted = {"Pose": {}, "Face": {}, "Hand": {"num_hands": 2}}
        with contextlib.ExitStack() as opening:
            self._tasks = {}
            for kind, words in wanted.items():
                base = BaseOptions(model_asset_buffer=self.networks[kind.lower()].read_bytes())
                options = getattr(vision, f"{kind}LandmarkerOptions")(base_options=base, running_mode=mode, **words)
                made = getattr(vision, f"{kind}Landmarker").create_from_options(options)
                self._tasks[kind.lower()] = opening.enter_context(made)
            self._open = opening.pop_all()
        return self

    def __exit__(self, *fault) -> None:
        self._open.close()

    def watch(self, pictures: Iterable[tuple[float, np.ndarray]]) -> Iterator[dict[str, int]]:
        """How many of each are seen, picture by picture: {"pose", "face", "hand": count}.

        pictures: (time s, rgb (H, W, 3) uint8); times rise, in video mode over the whole life of this object.
        """
        for answers in self._answers(pictures):
            yield {kind: len(getattr(answer, f"{kind}_landmarks")) for kind, answer in answers.items()}

    def points(self, pictures: Iterable[tuple[float, np.ndarray]]) -> Iterator[dict[str, list[PlainPoints]]]:
        """The bodies and hands that are seen, picture by picture: {"pose", "hand": one for each}.

        pictures: as `watch` takes them.
        """
        for answers in self._answers(pictures):
            hands = answers["hand"]
            yield {
                "pose": _points(answers["pose"].pose_landmarks, answers["pose"].pose_world_landmarks),
                "hand": _points(hands.hand_landmarks, hands.hand_world_landmarks, hands.handedness),
            }

    def _answers(self, pictures: Iterable[tuple[float, np.ndarray]]) -> Iterator[dict]:
        import mediapipe

        for time, rgb in pictures:
            picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(rgb))
            moment = (round(time * 1000),) if self.following else ()
            yield {
                kind: (task.detect_for_video if self.following else task.detect)(picture, *moment)
                for kind, task in self._tasks.items()
            }


def _points(image, world, sides=None) -> list[PlainPoints]:
    """What a Task answered, one for each body or hand. sides: its lists of categories; none for bodies."""
    return [
        PlainPoints(
            np.array([(p.x, p.y, p.z) for p in flat], float),
            np.array([(p.x, p.y, p.z) for p in solid], float),
            sides[k][0].category_name.lower() if sides else "",
        )
        for k, (flat, solid) in enumerate(zip(image, world, strict=True))
    ]
