"""What a user may wish of the environment; sliders and command-line flags are made from these fields."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from ..errors import SettingsError
from ..settings import choice, setting
from .shot import EASES, MOVES, read


@dataclass(frozen=True)
class Environment:
    """Motion that is not performed. All of it is off unless asked for; equal seeds give equal frames.

    shot: a sentence "[camera movement]: [establishing scene]", whose first half says how the camera moves.
    """

    breathing: float = setting(0.0, "Strength of breathing; 1 is a person at rest", "", 0.0, 4.0)
    settling: float = setting(0.0, "Strength of the small motion of a body that holds still", "", 0.0, 4.0)
    sway: float = setting(0.0, "How far hair, cloth and tails hang after; 1 is light cloth", "", 0.0, 4.0)
    handheld: float = setting(0.0, "Strength of a handheld camera's trembling", "", 0.0, 4.0)
    camera: str = choice("static", "How the camera moves", MOVES)
    camera_speed: float = setting(1.0, "Speed of the camera's move; 1 is unhurried", "", 0.1, 5.0)
    ease: str = choice("smooth", "How the camera's move begins and ends", EASES)
    shot: str = setting("", "Camera movement in words, such as Slow push in: a woman in a kitchen")
    seed: int = setting(0, "Of all that is left to chance; the same gives the same frames", "", 0, 2**31 - 1)

    def __post_init__(self):
        for entry in dataclasses.fields(self):
            value, least, most = getattr(self, entry.name), entry.metadata["min"], entry.metadata["max"]
            ways = entry.metadata.get("ways")
            if ways and value not in ways:
                raise SettingsError(f"The setting {entry.name} is '{value}'; it must be one of {', '.join(ways)}.")
            if least is not None and not least <= value <= most:
                raise SettingsError(f"The setting {entry.name} is {value:g}; it must be {least:g} to {most:g}.")
        if self.shot:
            read(self.shot)

    @property
    def moves(self) -> tuple[tuple[str, ...], float]:
        """The camera's moves and their speed: those of the shot's words, where there are any."""
        if not self.shot:
            return ((self.camera,) if self.camera != "static" else ()), self.camera_speed
        told = read(self.shot)
        return told.moves, told.speed * self.camera_speed

    @property
    def trembling(self) -> float:
        """Strength of the handheld camera: the shot's words count where the slider is at 0."""
        return self.handheld or (read(self.shot).handheld if self.shot else 0.0)
