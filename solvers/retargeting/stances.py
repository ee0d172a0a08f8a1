"""Where a character's feet stand: each stretch in which heel or toes touch becomes one place in which they stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..motion import signals

SLIDE = 0.08  # m from its mean place that a standing foot seems to go at most; at twice this it slides
STEP = 0.02, 0.05  # m above the floor: up to the first a foot stands on it, from the second on it stands on a step
TOGETHER = 0.1  # s that heel and toes have to stand at once for the foot to be flat on the ground
ROUNDS = 20  # of moving heels and toes to the foot's length


@dataclass
class Stance:
    """A stretch in which heel or toes stand, samples start to stop.

    place: (3,) where their joint stays, armature units. loose: 0..1, how far they slide along with the performer's
    instead. way: (stop - start, 2) where the performer's go in that time, from their mean place, armature units.
    """

    start: int
    stop: int
    place: np.ndarray
    loose: float
    way: np.ndarray

    def goal(self) -> np.ndarray:
        """Where the joint has to be, (stop - start, 3)."""
        goal = np.repeat(self.place[None], self.stop - self.start, 0)
        goal[:, :2] += self.loose * self.way
        return goal


def stances(point: np.ndarray, theirs: np.ndarray, touches: np.ndarray, low: float, scale: float) -> list[Stance]:
    """The stances of a heel or of toes.

    point: (N, 3) where the character's joint goes by itself. theirs: (N, 3) the performer's, whose heights are above
    where it stands. Both in armature units. touches: (N,) bool. low: height of the character's joint on the ground.
    scale: armature units per metre.
    """
    found = []
    for start, stop in signals.runs(touches):
        own = theirs[start:stop]
        way = own[:, :2] - own[:, :2].mean(0)
        loose = np.clip(np.linalg.norm(way, axis=-1).max() / (SLIDE * scale) - 1, 0, 1)
        above = float(np.median(own[:, 2]))
        share = np.clip((above / scale - STEP[0]) / (STEP[1] - STEP[0]), 0, 1)
        place = np.array([*point[start:stop, :2].mean(0), low + share * above])
        found.append(Stance(int(start), int(stop), place, float(loose), way))
    return found


def flat(heels: list[Stance], toes: list[Stance], fps: float) -> list[tuple[Stance, Stance, int, int]]:
    """Where heel and toes of a foot stand at once: the two stances, first sample, one past the last.

    heels, toes: of one foot. fps: 1/s.
    """
    pairs = [(heel, toe, max(heel.start, toe.start), min(heel.stop, toe.stop)) for heel in heels for toe in toes]
    return [pair for pair in pairs if pair[3] - pair[2] >= max(1, TOGETHER * fps)]


def fitted(pairs: list[tuple[Stance, Stance, int, int]], length: float) -> None:
    """Move the places of heels and toes that stand at once so that they are a foot's length apart, the longer less.

    pairs: of `flat`; their stances are changed. length: from ankle to toe joint along the ground, armature units.
    """
    for _ in range(ROUNDS if length > 1e-9 else 0):
        for heel, toe, _, _ in pairs:
            line = toe.place[:2] - heel.place[:2]
            span = max(float(np.linalg.norm(line)), 1e-9)
            share = (toe.stop - toe.start) / (toe.stop - toe.start + heel.stop - heel.start)
            off = line / span * (span - length)
            heel.place[:2] += share * off
            toe.place[:2] -= (1 - share) * off
