"""What a user may choose about solving and retargeting; sliders and command-line flags are made from these fields."""

from __future__ import annotations

import dataclasses
import difflib
import re
from dataclasses import dataclass, field

from .errors import SettingsError
from .names import EXPRESSIONS


def setting(default, meaning: str, unit: str = "", least=None, most=None):
    """A field of Settings with what the interface has to know of it."""
    return field(default=default, metadata={"meaning": meaning, "unit": unit, "min": least, "max": most})


def choice(default: str, meaning: str, ways: dict[str, str]):
    """A field of Settings that is one of some words. ways: {word: what it means}."""
    return field(default=default, metadata={"meaning": meaning, "unit": "", "min": None, "max": None, "ways": ways})


def words(meaning: str, example: str):
    """A field of Settings that is text, empty where nothing is asked for. example: of what may stand there."""
    return field(default="", metadata={"meaning": meaning, "unit": "", "min": None, "max": None, "example": example})


UNSEEN = {
    "rest": "Ease to the rest pose, and back in time",
    "hold": "Keep the pose in which they were seen last",
    "leave": "Let what the character did before go on, where they are unseen for more than a second",
}


@dataclass(frozen=True)
class Settings:
    """How a take becomes a performance, and a performance a clip."""

    fps: float = setting(0.0, "Rate of the solved performance; 0 takes the video's own", "1/s", 0.0, 240.0)
    smoothing: float = setting(1.0, "Strength of smoothing; 0 keeps the detector's jitter, 1 suits most", "", 0.0, 4.0)
    intensity: float = setting(3.0, "Strength of facial expression; 3 is as performed", "", 1.0, 5.0)
    foot_lock: float = setting(1.0, "How firmly planted feet are held in place", "", 0.0, 1.0)
    hand_contact: float = setting(1.0, "How closely hands touch what the performer's hands touch", "", 0.0, 1.0)
    height: float = setting(0.0, "Performer's height; 0 estimates it", "m", 0.0, 2.5)
    lens: float = setting(0.0, "Camera's field of view over the longer side; 0 assumes a phone's", "deg", 0.0, 150.0)
    neutral: float = setting(0.0, "Moment of the video in which the face rests; 0 finds it", "s", 0.0, 86400.0)
    calibration: str = words("File that tells how far the performer's face goes; empty for none", "me.calibration.json")
    by_hand: str = words("Expressions that are left to keys made by hand", "cheekPuff,tongueOut")
    mirror: bool = setting(False, "Swap left and right in the result")
    face: bool = setting(True, "Drive the facial expressions")
    gaze: bool = setting(True, "Drive the eyes")
    head: bool = setting(True, "Drive head and neck")
    body: bool = setting(True, "Drive torso, arms and legs")
    left_hand: bool = setting(True, "Drive the fingers of the left hand")
    right_hand: bool = setting(True, "Drive the fingers of the right hand")
    path: bool = setting(True, "Move the character through the room")

    unseen_body: str = choice("rest", "What trunk, arms and legs do while the camera does not see them", UNSEEN)
    unseen_left_hand: str = choice("rest", "What the left hand does while the camera does not see it", UNSEEN)
    unseen_right_hand: str = choice("rest", "What the right hand does while the camera does not see it", UNSEEN)
    unseen_head: str = choice("rest", "What head and neck do while the camera does not see them", UNSEEN)
    unseen_face: str = choice("rest", "What expressions and eyes do while the camera does not see them", UNSEEN)

    @property
    def hand_made(self) -> tuple[str, ...]:
        """The expressions that by_hand names, each once."""
        return tuple(dict.fromkeys(name for name in re.split(r"[,;\s]+", self.by_hand) if name))

    def __post_init__(self):
        unknown = [name for name in self.hand_made if name not in EXPRESSIONS]
        if unknown:
            near = difflib.get_close_matches(unknown[0], EXPRESSIONS, 1, 0.0)[0]
            raise SettingsError(f"The setting by_hand names '{unknown[0]}', which is no expression: is it {near}?")
        for entry in dataclasses.fields(self):
            value, least, most = getattr(self, entry.name), entry.metadata["min"], entry.metadata["max"]
            ways = entry.metadata.get("ways")
            if ways and value not in ways:
                raise SettingsError(f"The setting {entry.name} is '{value}'; it must be one of {', '.join(ways)}.")
            if least is not None and not least <= value <= most:
                raise SettingsError(f"The setting {entry.name} is {value:g}; it must be {least:g} to {most:g}.")
