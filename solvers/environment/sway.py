"""Hair, cloth and tails that hang after what carries them."""

from __future__ import annotations

import numpy as np

from .ambient import noise

SWING = 1.6  # Hz, at which a strand of hair swings about its rest
DAMPING = 0.35  # of what would end the swinging without overshoot
GIVES = np.radians(50.0)  # the furthest that a bone leaves its rest
AIR = (0.15, 1.2)  # Hz, of the air's own motion
STIR = np.radians(1.5)  # standard deviation of what the air alone does
STEPS = 240.0  # 1/s at least, for which the springs are worked out


def swing(
    heads: np.ndarray, tips: np.ndarray, time: np.ndarray, strength: float, random: np.random.Generator
) -> np.ndarray:
    """Where a bone's tip points when it hangs after, (N, 3) unit vectors.

    heads, tips: (N, 3) where it begins and would end if it were stiff. time: (N,) s.
    strength: 1 is light cloth or hair; it sets how much of the carrier's acceleration bends it.
    The tip is a damped spring about the stiff one: x'' = w^2 (rest - x) - 2 d w x', of which the part that the stiff
    tip's own motion leaves behind is multiplied by the strength.
    """
    length = np.linalg.norm(tips - heads, axis=1).mean()
    rate, fps = 2 * np.pi * SWING, (len(time) - 1) / max(time[-1] - time[0], 1e-6)
    parts = max(1, int(np.ceil(STEPS / fps)))
    fine = np.linspace(0, len(time) - 1, (len(time) - 1) * parts + 1)
    rest = np.stack([np.interp(fine, np.arange(len(time)), column) for column in tips.T], 1)
    step = (time[-1] - time[0]) / max(len(fine) - 1, 1)
    place, speed, found = rest[0].copy(), np.zeros(3), np.empty_like(rest)
    for index, target in enumerate(rest):
        speed += step * (rate**2 * (target - place) - 2 * DAMPING * rate * speed)
        place = place + step * speed
        found[index] = place
    lag = strength * (found - rest)[::parts]
    lag += strength * STIR * length * noise(time, AIR, 3, random)
    return _within((tips - heads), lag)


def _within(stiff: np.ndarray, lag: np.ndarray) -> np.ndarray:
    """Unit vectors along stiff + lag, not further from the stiff ones than a bone gives."""
    length = np.linalg.norm(stiff, axis=1, keepdims=True)
    along = stiff / np.maximum(length, 1e-9)
    aside = lag - (lag * along).sum(1, keepdims=True) * along
    size = np.linalg.norm(aside, axis=1, keepdims=True) / np.maximum(length, 1e-9)
    angle = GIVES * np.tanh(size / GIVES)
    side = aside / np.maximum(np.linalg.norm(aside, axis=1, keepdims=True), 1e-12)
    return np.cos(angle) * along + np.sin(angle) * side
