"""Motion of what holds still: breath, a body that settles, hands that hold a camera. Everything by a seed."""

from __future__ import annotations

import numpy as np

BREATHS = 0.25  # 1/s at rest (12 to 20 a minute: Barrett and others, Ganong's Review of Medical Physiology)
INHALE = 0.42  # of a breath
WAVES = 12  # sines that make a noise

# Turns at the height of a breath, in degrees: about the axis to the character's left (forward positive), and of
# shoulders upwards.
OPENS = {"chest": -1.0, "upperChest": -1.2, "neck": 0.9, "head": 0.9}
LIFTS = {"leftShoulder": 1.6, "rightShoulder": 1.6}

# Standard deviations of what a standing body does, in degrees, and where in time it lies (Hz).
SETTLES = {"spine": 0.5, "chest": 0.35, "upperChest": 0.35, "neck": 0.5, "head": 0.7, "leftShoulder": 0.35,
           "rightShoulder": 0.35, "leftUpperArm": 0.6, "rightUpperArm": 0.6, "leftLowerArm": 0.6,
           "rightLowerArm": 0.6, "leftHand": 0.8, "rightHand": 0.8}  # fmt: skip
SETTLING = (0.04, 0.5)

# A camera on a shoulder: drift and tremble. Degrees, and shares of the distance to what is filmed.
DRIFT, DRIFTING = (0.45, 0.45, 0.2), (0.1, 0.9)
TREMBLE, TREMBLING = (0.07, 0.07, 0.04), (2.0, 6.0)
STEPS = (0.004, 0.004, 0.003)


def noise(time: np.ndarray, band: tuple[float, float], columns: int, random: np.random.Generator) -> np.ndarray:
    """Smooth random motion (N, columns) of unit variance, the same at a time whatever the frame rate.

    time: (N,) s. band: lowest and highest frequency, Hz; lower ones are stronger, as 1 / f.
    """
    low, high = np.log(band[0]), np.log(band[1])
    rates = np.exp(low + (high - low) * (np.arange(WAVES)[:, None] + random.random((WAVES, columns))) / WAVES)
    phases = random.uniform(0, 2 * np.pi, (WAVES, columns))
    sizes = 1 / np.sqrt(rates)
    sizes /= np.sqrt((sizes**2).sum(0) / 2)
    return np.einsum("wc,nwc->nc", sizes, np.sin(2 * np.pi * rates * np.asarray(time)[:, None, None] + phases))


def breath(time: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """How full the lungs are, (N,) about 0..1: in, and out more slowly, no breath quite like the last. time: (N,) s."""
    count = int(np.ceil((time[-1] - time[0]) * BREATHS * 1.5)) + 3
    lengths = np.clip(random.normal(1, 0.12, count), 0.7, 1.4) / BREATHS
    depths = np.clip(random.normal(1, 0.12, count), 0.6, 1.4)
    starts = time[0] - random.random() * lengths[0] + np.concatenate([[0], np.cumsum(lengths)[:-1]])
    which = np.clip(np.searchsorted(starts, time, "right") - 1, 0, count - 1)
    share = np.clip((time - starts[which]) / lengths[which], 0, 1)
    rising = share < INHALE
    phase = np.where(rising, share / INHALE, (1 - share) / (1 - INHALE))
    return depths[which] * (0.5 - 0.5 * np.cos(np.pi * phase))


def breathing(time: np.ndarray, strength: float, seed: int) -> dict[str, np.ndarray]:
    """Turns of joints (N, 3) rad that a breath makes, in the character's axes (to its left, to its back, up).

    time: (N,) s. strength: 1 is a person at rest.
    """
    full = breath(time, np.random.default_rng([seed, 1])) * np.radians(strength)
    turns = {joint: full[:, None] * [size, 0.0, 0.0] for joint, size in OPENS.items()}
    lifted = {joint: full[:, None] * [0.0, -size if joint.startswith("left") else size, 0.0]
              for joint, size in LIFTS.items()}  # fmt: skip
    return turns | lifted


def settling(time: np.ndarray, strength: float, seed: int) -> dict[str, np.ndarray]:
    """Turns of joints (N, 3) rad of a body that holds still; hips and legs stay, so that no foot slides.

    time: (N,) s. strength: 1 is a person at rest.
    """
    random = np.random.default_rng([seed, 2])
    return {
        joint: np.radians(size * strength) * noise(time, SETTLING, 3, random) for joint, size in SETTLES.items()
    }


def handheld(time: np.ndarray, strength: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What a hand does to a camera: turns (N, 3) rad about its own axes (right, up, back), and shifts (N, 3).

    time: (N,) s. strength: 1 is a steady hand. Shifts are shares of the distance to what is filmed.
    """
    random = np.random.default_rng([seed, 3])
    turns = noise(time, DRIFTING, 3, random) * DRIFT + noise(time, TREMBLING, 3, random) * TREMBLE
    return np.radians(turns) * strength, noise(time, DRIFTING, 3, random) * STEPS * strength
