"""How far a character's face goes, and how a performance is brought to what it can show."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

import numpy as np

from ..names import EXPRESSION, EXPRESSIONS

LEAST_GAIN, MOST_GAIN = 0.4, 2.0
# In distances between the eyes. At jawOpen 1 the furthest point of six heads goes .63 to .70, one of them .27.
WIDEST = 0.9


@dataclass(frozen=True)
class FaceRange:
    """What is special about a character's face.

    gains: {expression: what its strength is multiplied by}; 1 where not named.
    apart: how far the mouth is modelled open, as the jawOpen that would open it so far.
    close: the mouthClose at which these lips meet; 0 where the character has no such shape.
    """

    gains: dict[str, float] = field(default_factory=dict)
    apart: float = 0.0
    close: float = 0.0

    def words(self) -> str:
        """The same as JSON, as a character keeps it."""
        return json.dumps(asdict(self))


def from_words(words: str) -> FaceRange | None:
    """What `FaceRange.words` wrote; None where it is anything else."""
    try:
        told = json.loads(words)
        gains = {name: float(np.clip(gain, LEAST_GAIN, MOST_GAIN)) for name, gain in told["gains"].items()}
        gains = {name: gain for name, gain in gains.items() if name in EXPRESSIONS}
        found = FaceRange(gains, float(told["apart"]), float(told["close"]))
    except (TypeError, ValueError, KeyError, AttributeError):
        return None
    return found if 0 <= found.apart < 10 and 0 <= found.close < 10 else None


def guarded(reach: dict[str, float], size: float) -> FaceRange:
    """What can be told from the shapes alone: a jaw that would open absurdly wide opens less.

    reach: {expression: the furthest that any point moves at 1}. size: the distance between the eyes, in the same unit.
    """
    wide = reach.get("jawOpen", 0.0) / size if size > 0 else 0.0
    gain = max(WIDEST / wide, LEAST_GAIN) if wide > WIDEST else 1.0
    return FaceRange({"jawOpen": gain, "mouthClose": gain} if gain < 1 else {})


def in_range(strengths: np.ndarray, face: FaceRange) -> np.ndarray:
    """Strengths (N, 52) as this face shows them: as wide as performed, and closed where the performer's mouth is.

    A mouth that is modelled open is open already: the jaw opens by so much less, and where the performer's mouth is
    closed further than the character's, mouthClose brings its lips together as animators do.
    """
    values = strengths.copy()
    for name, gain in face.gains.items():
        values[:, EXPRESSION[name]] *= gain
    if face.apart > 0:
        jaw, close = values[:, EXPRESSION["jawOpen"]], values[:, EXPRESSION["mouthClose"]]
        opened = np.maximum(jaw - close, 0)
        lowered = np.maximum(jaw - face.apart, 0)
        values[:, EXPRESSION["jawOpen"]] = lowered
        shut = face.close * np.clip(1 - opened / face.apart, 0, 1)
        values[:, EXPRESSION["mouthClose"]] = np.maximum(lowered - opened, 0) + shut
    return values
