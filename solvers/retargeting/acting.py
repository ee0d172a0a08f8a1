"""How strongly a character's face shows each expression: at the chosen intensity, within what it can take."""

from __future__ import annotations

import numpy as np

from ..names import EXPRESSION
from ..rigs.face_range import FaceRange, in_range
from ..settings import Settings

NEUTRAL_INTENSITY = 3.0  # of 1 to 5, as the field has it (Act-Two's expression_intensity): as performed
# An eye's turn at the end of an eyeLook slider: as far as eyes go without the head (Stahl 1999: about 30 degrees).
GLANCE = np.radians(30.0)
SIDES = ("Left", "Right")
LOOKS = tuple(f"eyeLook{way}{side}" for side in SIDES for way in ("In", "Out", "Up", "Down"))
BLINKS = tuple(f"eyeBlink{side}" for side in SIDES)
# Beyond 1, lids would be pushed through the eyes and lips through the teeth.
CAPPED = (*BLINKS, *(f"eyeSquint{side}" for side in SIDES), "mouthRollLower", "mouthRollUpper", "tongueOut")


BEYOND = 0.35  # how far a shape may go beyond 1: cheeks fold and jaws come off on real heads from about 1.5 on


def strengths(expressions: np.ndarray, gaze: np.ndarray, settings: Settings, face: FaceRange) -> np.ndarray:
    """What of each expression a face is to show, (N, 52); above 1, up to 1 + BEYOND, where the intensity is above 3.

    expressions: (N, 52) as performed. gaze: (N, 2, 2) rad, which eyeLook* follow. settings: intensity is used. An eye
    that closes closes, and eyes look where they look, at any intensity.
    """
    values = drawn_in(expressions * (settings.intensity / NEUTRAL_INTENSITY))
    blinks, capped = ([EXPRESSION[name] for name in names] for names in (BLINKS, CAPPED))
    values[:, blinks] = np.maximum(values[:, blinks], lids(expressions[:, blinks]))
    for name, look in look_values(gaze).items():
        values[:, EXPRESSION[name]] = look
    values = in_range(values, face)
    limited = [*capped, *(EXPRESSION[name] for name in LOOKS)]
    values[:, limited] = np.minimum(values[:, limited], 1.0)
    return values


def drawn_in(values: np.ndarray) -> np.ndarray:
    """The same with what goes beyond 1 drawn in, the more the further, so that strong moments still differ."""
    return np.where(values > 1, 1 + BEYOND * np.tanh((values - 1) / BEYOND), values)


def lids(blinks: np.ndarray) -> np.ndarray:
    """How far eyes are closed at the least, whatever the intensity: what is half closed less and less, shut wholly."""
    return np.clip(2 * blinks - 1, 0, 1)


def look_values(gaze: np.ndarray) -> dict[str, np.ndarray]:
    """{eyeLook slider: (N,) 0..1} of a gaze.

    gaze: (N, 2, 2) rad, (left, right) x (yaw to the performer's left, pitch up).
    """
    values = {}
    for eye, (side, outwards) in enumerate((("Left", 1.0), ("Right", -1.0))):
        aside, up = gaze[:, eye, 0] * outwards, gaze[:, eye, 1]
        values[f"eyeLookOut{side}"] = np.clip(aside / GLANCE, 0, 1)
        values[f"eyeLookIn{side}"] = np.clip(-aside / GLANCE, 0, 1)
        values[f"eyeLookUp{side}"] = np.clip(up / GLANCE, 0, 1)
        values[f"eyeLookDown{side}"] = np.clip(-up / GLANCE, 0, 1)
    return values
