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


def alone(count: int, names: list[str], generator: np.random.Generator) -> np.ndarray:
    """Weights (count, 52) of faces that show one single expression, .3 to 1 of it. names: those that the head has."""
    result = np.zeros((count, len(EXPRESSIONS)))
    for start in range(0, count, len(names)):
        for row, name in zip(result[start:], generator.permutation(names), strict=False):
            row[EXPRESSION[name]] = generator.uniform(0.3, 1.0)
    return result


# What goes along in faces that talk and feel: how strongly each shape takes part when a face does this wholly.
HABITS = {
    "speaks": {"jawOpen": 0.5, "mouthLowerDown": 0.4, "mouthUpperUp": 0.25, "mouthStretch": 0.2, "mouthFunnel": 0.15},
    "rounds": {"mouthPucker": 0.6, "mouthFunnel": 0.4, "jawOpen": 0.1, "mouthShrugLower": 0.1},
    "smiles": {"mouthSmile": 0.7, "cheekSquint": 0.4, "mouthDimple": 0.3, "eyeSquint": 0.3, "mouthUpperUp": 0.3},
    "presses": {"mouthPress": 0.5, "mouthRollLower": 0.4, "mouthRollUpper": 0.3, "mouthShrugLower": 0.4,
                "mouthShrugUpper": 0.4},
    "closes": {"jawOpen": 0.3, "mouthClose": 0.3},
    "pulls down": {"mouthFrown": 0.6, "mouthShrugLower": 0.4, "mouthStretch": 0.4, "mouthLowerDown": 0.3},
    "loathes": {"noseSneer": 0.7, "mouthUpperUp": 0.5, "browDown": 0.4, "cheekSquint": 0.4, "eyeSquint": 0.3},
    "wonders": {"browInnerUp": 0.7, "browOuterUp": 0.7, "eyeWide": 0.4},
    "worries": {"browInnerUp": 0.6, "browDown": 0.4, "mouthFrown": 0.2},
    "minds": {"browDown": 0.7, "eyeSquint": 0.5, "noseSneer": 0.2, "cheekSquint": 0.2},
    "blinks": {"eyeBlink": 0.9, "eyeSquint": 0.2, "cheekSquint": 0.1},
    "goes aside": {"mouthLeft": 0.6, "jawLeft": 0.4},
    "goes the other way": {"mouthRight": 0.6, "jawRight": 0.4},
    "juts": {"jawForward": 0.6, "mouthShrugLower": 0.3},
    "puffs": {"cheekPuff": 0.7, "mouthPress": 0.2},
}  # fmt: skip
TAKES_PART = 0.3  # share of faces in which each of them does
ALWAYS = 0.06  # mean of what every shape shows besides


def performed(count: int, generator: np.random.Generator) -> np.ndarray:
    """Weights (count, 52) as live faces have them: many shapes at once that go along with each other, none quite 0."""
    result = np.zeros((count, len(EXPRESSIONS)))

    def add(stem: str, value: np.ndarray) -> None:
        for name in [stem] if stem in EXPRESSION else [f"{stem}Left", f"{stem}Right"]:
            result[:, EXPRESSION[name]] += value * np.exp(generator.normal(0, 0.25, count))

    for shapes in HABITS.values():
        amount = generator.beta(1.1, 1.5, count) * (generator.random(count) < TAKES_PART)
        for stem, share in shapes.items():
            add(stem, amount * share * np.exp(generator.normal(0, 0.5, count)))
    stems = {n.removesuffix("Left").removesuffix("Right") if f"{n[:-4]}Right" in EXPRESSION else n for n in EXPRESSIONS}
    for stem in sorted(stems):
        if stem in EXPRESSION or f"{stem}Left" in EXPRESSION:
            add(stem, generator.exponential(ALWAYS, count) * (generator.random(count) < 0.6))
    return np.clip(result, 0, 1)
