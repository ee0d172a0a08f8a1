"""The way out to neural renderers, one file each; nothing is sent but by a call to `render`, which the user asks for.

What they have in common is `Renderer`. Keys come from the environment or from Blender's preferences, never from a
.blend. What they are given comes from `conditioning`, what they made goes back into the scene by `results`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Progress = Callable[[int, int], None]
Asked = Callable[[], bool]  # whether the work is to end
STEPS = 1000  # into which progress is counted where nothing better is there to be counted


@dataclass(frozen=True)
class Order:
    """What is to be made.

    video: the driving performance. character: a picture of the character, or a film of it. passes: folder that
    `conditioning` wrote, None for none. ratio: "W:H" px. intensity: 1..5, 3 as performed. body_control: whether
    gestures are taken over, not the face alone. seed: 0..2^32 - 1, None for any. prompt: words for the look.
    """

    video: Path
    character: Path
    passes: Path | None = None
    ratio: str = "1280:720"
    intensity: int = 3
    body_control: bool = True
    seed: int | None = None
    prompt: str = ""


class Renderer(Protocol):
    """What each renderer can do."""

    title: str

    def check(self, order: Order) -> None:
        """Raise ServiceError with one sentence where a key, a program or a part of the order is missing."""

    def cost(self, order: Order) -> str:
        """What it will cost, in words, before anything is sent."""

    def render(self, order: Order, out: Path, progress: Progress, cancelled: Asked) -> list[str]:
        """Make a film and write it to `out`, whole or not at all; sentences that the user should know.

        Raises ServiceError where it cannot be made, OutputError where it cannot be written, Cancelled.
        """
