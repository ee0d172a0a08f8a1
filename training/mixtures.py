"""Random mixtures of facial expressions that a face could plausibly make."""

from __future__ import annotations

import numpy as np

from ..solvers.names import EXPRESSION, EXPRESSIONS

CALM = 0.08  # share of mixtures without any expression, from which each head's neutral face is taken
FIRST_CALM = 4  # as many at the start are calm in any case


class Mixture:
    """One mixture in the making: weights of names.EXPRESSIONS, drawn from a generator."""

    def __init__(self, generator: np.random.Generator):
        self.random = generator
        self.weights = np.zeros(len(EXPRESSIONS))

    def chance(self, share: float) -> bool:
        """True in the given share of calls."""
        return self.random.random() < share

    def amount(self, low: float = 1.0, high: float = 1.3) -> float:
        """A weight 0..1 from a beta distribution."""
        return self.random.beta(low, high)

    def put(self, name: str, value: float) -> None:
        """Set an expression to at least this weight."""
        index = EXPRESSION[name]
        self.weights[index] = np.clip(max(self.weights[index], value), 0, 1)

    def pair(self, stem: str, value: float, spread: float = 0.2, alone: float = 0.15) -> None:
        """Set both sides of an expression, nearly alike, or now and then one much more than the other."""
        both = value * (1 + spread * self.random.normal(size=2))
        if self.chance(alone):
            both[self.random.integers(2)] = value * self.random.random() * 0.4
        self.put(f"{stem}Left", both[0])
        self.put(f"{stem}Right", both[1])

    def brows_and_eyes(self) -> None:
        """Surprise, frowning brows, blinks, squints, glances."""
        if self.chance(0.3):
            value = self.amount()
            self.put("browInnerUp", value * self.random.uniform(0.6, 1.1))
            if self.chance(0.8):
                self.pair("browOuterUp", value * self.random.uniform(0.5, 1.1))
            if self.chance(0.5):
                self.pair("eyeWide", value * self.random.uniform(0.4, 1.1))
        elif self.chance(0.35):
            self.pair("browDown", self.amount())
        elif self.chance(0.1):
            self.put("browInnerUp", self.amount())
        elif self.chance(0.1):
            self.pair("browOuterUp", self.amount(), alone=0.4)
        if self.chance(0.2):
            self.pair("eyeBlink", self.amount(1.2, 0.8), spread=0.05, alone=0.2)
        elif self.chance(0.2):
            self.pair("eyeSquint", self.amount())
        elif self.chance(0.12):
            self.pair("eyeWide", self.amount())
        if self.chance(0.4):
            self.pair("eyeLookDown" if self.chance(0.6) else "eyeLookUp", self.amount(1, 2), spread=0.0, alone=0.0)

    def jaw_and_lips(self) -> None:
        """Opening, the big shapes of the lips (one at a time), and the small ones on top."""
        if self.chance(0.5):
            opening = self.amount(1, 1.6)
            self.put("jawOpen", opening)
            if self.chance(0.35):
                self.put("mouthClose", opening * self.random.uniform(0.2, 1.0))
        shape = self.random.random()
        if shape < 0.22:
            value = self.amount()
            self.pair("mouthSmile", value)
            if self.chance(0.5):
                self.pair("cheekSquint", value * self.random.uniform(0.2, 0.8))
            if self.chance(0.4):
                self.pair("mouthDimple", value * self.random.uniform(0.1, 0.7))
        elif shape < 0.34:
            self.pair("mouthFrown", self.amount())
        elif shape < 0.46:
            self.pair("mouthStretch", self.amount())
        elif shape < 0.72:
            if shape < 0.56 or shape > 0.66:
                self.put("mouthPucker", self.amount())
            if shape > 0.56:
                self.put("mouthFunnel", self.amount())
        elif shape < 0.77:
            self.pair("mouthDimple", self.amount())
        elif shape < 0.85:
            self.put("mouthLeft" if self.chance(0.5) else "mouthRight", self.amount())

    def details(self) -> None:
        """Small shapes that come on top of anything."""
        pairs = {"mouthStretch": 0.15, "mouthFrown": 0.15}
        for stem, share in pairs.items():
            if self.chance(share):
                self.pair(stem, self.amount(1, 3))
        pairs = {
            "mouthPress": 0.12,
            "mouthLowerDown": 0.25,
            "mouthUpperUp": 0.2,
            "noseSneer": 0.15,
            "cheekSquint": 0.07,
        }
        for stem, share in pairs.items():
            if self.chance(share):
                self.pair(stem, self.amount())
        singles = {"mouthRollLower": 0.12, "mouthRollUpper": 0.1, "mouthShrugLower": 0.15, "mouthShrugUpper": 0.12}
        singles |= {"cheekPuff": 0.06, "jawForward": 0.06, "jawLeft": 0.04, "jawRight": 0.04}
        for name, share in singles.items():
            if self.chance(share):
                self.put(name, self.amount())


def mixtures(count: int, generator: np.random.Generator) -> np.ndarray:
    """Weights (count, 52) of that many mixtures in the order of names.EXPRESSIONS; some of them are calm."""
    result = np.zeros((count, len(EXPRESSIONS)))
    for row in result[FIRST_CALM:]:
        mixture = Mixture(generator)
        if not mixture.chance(CALM):
            mixture.brows_and_eyes()
            mixture.jaw_and_lips()
            mixture.details()
        row[:] = mixture.weights
    return result
