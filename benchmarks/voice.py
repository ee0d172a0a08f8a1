"""A small formant voice: phonemes with times become sound, and the mouth's keys that go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

RATE = 24000  # samples a second

Phoneme = tuple[str, float]  # name in SOUNDS, seconds


@dataclass(frozen=True)
class Sound:
    """A phoneme: formants (4,) Hz, how loud its voice and its noise are (0..1), the noise's middle (Hz), the mouth."""

    formants: tuple[float, float, float, float]
    voice: float
    noise: float
    hiss: float
    mouth: dict[str, float]


OPEN, MID, NARROW = 0.46, 0.26, 0.12
SMILE, SPREAD, LOWER, UPPER = "mouthSmile", "mouthStretch", "mouthLowerDown", "mouthUpperUp"
SHUT = {"mouthPress": 0.30, "mouthRollLower": 0.22, "mouthRollUpper": 0.12}

# Formants of American English vowels after Peterson and Barney 1952, https://doi.org/10.1121/1.1906875 (between men's
# and
# women's), of consonants after Klatt 1980, https://doi.org/10.1121/1.383940, table II.
SOUNDS = {
    "-": Sound((500, 1500, 2500, 3500), 0.0, 0.0, 1000, {}),
    "h": Sound((520, 1700, 2500, 3500), 0.10, 0.22, 1500, {"jawOpen": MID}),
    "eh": Sound((570, 1970, 2600, 3600), 1.0, 0.02, 3000, {"jawOpen": 0.34, SPREAD: 0.22, LOWER: 0.16}),
    "l": Sound((360, 1250, 2700, 3600), 0.62, 0.0, 3000, {"jawOpen": 0.20, LOWER: 0.10}),
    "ow": Sound((480, 920, 2450, 3400), 0.95, 0.0, 3000, {"jawOpen": 0.26, "mouthPucker": 0.55, "mouthFunnel": 0.30}),
    "uw": Sound((340, 950, 2350, 3300), 0.8, 0.0, 3000, {"jawOpen": 0.10, "mouthPucker": 0.75, "mouthFunnel": 0.22}),
    "aa": Sound((790, 1200, 2550, 3500), 1.0, 0.0, 3000, {"jawOpen": OPEN, LOWER: 0.22}),
    "ay": Sound((420, 2050, 2750, 3600), 0.85, 0.0, 3000, {"jawOpen": 0.18, SMILE: 0.22, SPREAD: 0.2}),
    "ae": Sound((730, 1880, 2600, 3600), 1.0, 0.0, 3000, {"jawOpen": 0.44, SPREAD: 0.24, LOWER: 0.25, UPPER: 0.12}),
    "ah": Sound((690, 1300, 2600, 3500), 0.9, 0.0, 3000, {"jawOpen": 0.32, LOWER: 0.12}),
    "ao": Sound((580, 880, 2550, 3400), 0.9, 0.0, 3000, {"jawOpen": 0.30, "mouthFunnel": 0.45, "mouthPucker": 0.28}),
    "er": Sound((480, 1380, 1750, 3300), 0.8, 0.0, 3000, {"jawOpen": 0.18, "mouthFunnel": 0.38, "mouthPucker": 0.15}),
    "iy": Sound((310, 2450, 3050, 3700), 0.85, 0.0, 3000, {"jawOpen": 0.12, SMILE: 0.30, SPREAD: 0.30, LOWER: 0.15}),
    "y": Sound((300, 2250, 2950, 3600), 0.6, 0.0, 3000, {"jawOpen": 0.10, SPREAD: 0.20}),
    "m": Sound((270, 1100, 2150, 3300), 0.42, 0.0, 3000, SHUT),
    "n": Sound((290, 1500, 2450, 3400), 0.42, 0.0, 3000, {"jawOpen": 0.12, SPREAD: 0.08}),
    "p": Sound((300, 900, 2200, 3300), 0.0, 0.0, 1200, {**SHUT, "mouthPress": 0.45}),
    "P": Sound((420, 1300, 2300, 3300), 0.0, 0.30, 1400, {"jawOpen": 0.20}),
    "b": Sound((250, 900, 2200, 3300), 0.16, 0.0, 1200, SHUT),
    "d": Sound((300, 1650, 2650, 3500), 0.20, 0.06, 3800, {"jawOpen": 0.13, LOWER: 0.12}),
    "t": Sound((350, 1700, 2650, 3500), 0.0, 0.02, 4200, {"jawOpen": 0.12, LOWER: 0.14}),
    "T": Sound((350, 1700, 2650, 3500), 0.0, 0.17, 4600, {"jawOpen": 0.13, LOWER: 0.14}),
    "s": Sound((330, 1600, 2600, 3600), 0.0, 0.15, 6200, {"jawOpen": 0.07, SPREAD: 0.26, LOWER: 0.18, UPPER: 0.10}),
}


def mouth_keys(phonemes: Sequence[Phoneme], start: float) -> dict[str, list[tuple[float, float]]]:
    """Keys (t, weight) of the mouth's shapes for a row of phonemes; closed lips are held until they part.

    phonemes: (name, seconds); start: s. The mouth runs 40 ms ahead of the sound, as in people who talk.
    """
    names = sorted({shape for name, _ in phonemes for shape in SOUNDS[name].mouth})
    keys: dict[str, list[tuple[float, float]]] = {n: [(start - 0.20, 0.0)] for n in names}
    time = start - 0.04
    for name, length in phonemes:
        mouth = SOUNDS[name].mouth
        hold = (0.15, 0.85) if name in ("m", "p", "b") else (0.35, 0.65)
        for n in names:
            for share in hold:
                keys[n].append((time + share * length, mouth.get(n, 0.0)))
        time += length
    for n in names:
        keys[n].append((time + 0.16, 0.0))
    return keys


def speak(phonemes: Sequence[Phoneme], start: float, seconds: float, pitch: float = 128.0) -> np.ndarray:
    """Synthesise a row of phonemes: (N,) samples at RATE, -1..1.

    start: when the first begins, s; seconds: length of the whole; pitch: of the voice, Hz.
    Source-filter synthesis after Klatt 1980: pulses and noise through a cascade of resonators.
    """
    count = round(seconds * RATE)
    tracks = _tracks(phonemes, start, count)
    time = np.arange(count) / RATE
    spoken = np.clip((time - start) / max(sum(d for _, d in phonemes), 1e-6), 0, 1)
    accents = 0.07 * np.sin(2 * np.pi * 1.35 * time + 0.6) + 0.008 * np.sin(2 * np.pi * 5.2 * time)
    melody = pitch * (1.16 - 0.30 * spoken + accents)
    phase = np.cumsum(melody / RATE) % 1.0
    opening = np.clip(phase / 0.6, 0, 1)
    # air through the glottis, one puff a period
    flow = np.where(phase < 0.6, opening**2 * (3 - 2 * opening) * (1 - opening) * 3, 0.0)
    pulses = np.gradient(flow) * RATE / melody * 0.16
    noise = np.random.default_rng(5).standard_normal(count)
    voiced = _cascade(pulses * tracks["voice"] + 0.012 * noise * tracks["voice"], tracks["formants"])
    # what the lips radiate is brighter than what leaves the throat
    voiced = voiced + 3.0 * np.diff(voiced, prepend=0.0)
    hiss = _resonate(noise * tracks["noise"] * 0.5, tracks["hiss"], np.full(count, 1300.0))
    sound = voiced + 0.7 * hiss
    sound = gaussian_filter1d(sound, 0.8)
    return 0.32 * np.tanh(1.2 * sound / np.abs(sound).max())


def footfalls(times: Sequence[float], seconds: float) -> np.ndarray:
    """Soft steps on a wooden floor: (N,) samples at RATE, -1..1.

    times: when a foot lands, s; seconds: length of the whole.
    """
    after = np.arange(round(0.25 * RATE)) / RATE
    noise = gaussian_filter1d(np.random.default_rng(11).standard_normal(len(after)), 14)
    thump = np.exp(-after / 0.030) * (np.sin(2 * np.pi * 92 * after) + 1.6 * noise / np.abs(noise).max())
    thump *= np.clip(after / 0.004, 0, 1)
    result = np.zeros(round(seconds * RATE) + len(after))
    for t in times:
        start = round(t * RATE)
        result[start : start + len(after)] += 0.06 * thump
    return result[: round(seconds * RATE)]


def _tracks(phonemes: Sequence[Phoneme], start: float, count: int) -> dict[str, np.ndarray]:
    """Every parameter over the samples, gliding from phoneme to phoneme."""
    row = [("-", start), *phonemes, ("-", count / RATE)]
    edges = np.round(np.cumsum([d for _, d in row]) * RATE).astype(int).clip(0, count)
    index = np.searchsorted(edges, np.arange(count), side="right").clip(0, len(row) - 1)
    names = [n for n, _ in row]
    formants = np.array([SOUNDS[n].formants for n in names], float)[index]
    glide = lambda x, ms: gaussian_filter1d(x, ms / 1000 * RATE, axis=0, mode="nearest")  # noqa: E731
    return {
        "formants": glide(formants, 22),
        "voice": glide(np.array([SOUNDS[n].voice for n in names])[index], 9),
        "noise": glide(np.array([SOUNDS[n].noise for n in names])[index], 7),
        "hiss": glide(np.array([SOUNDS[n].hiss for n in names])[index], 10),
    }


def _cascade(source: np.ndarray, formants: np.ndarray) -> np.ndarray:
    """A source (N,) through one resonator a formant (N, 4) Hz."""
    for track, width in zip(formants.T, (70.0, 95.0, 140.0, 220.0), strict=True):
        source = _resonate(source, track, np.full(len(source), width))
    return source


def _resonate(source: np.ndarray, centre: np.ndarray, width: np.ndarray) -> np.ndarray:
    """A second-order resonator, centre and width (N,) Hz move with time; gain 1 at 0 Hz (Klatt 1980, eq. 1 to 4)."""
    c = -np.exp(-2 * np.pi * width / RATE)
    b = 2 * np.exp(-np.pi * width / RATE) * np.cos(2 * np.pi * centre / RATE)
    a = 1 - b - c
    result, last, before = np.empty(len(source)), 0.0, 0.0
    for i, (x, bi, ci) in enumerate(zip((a * source).tolist(), b.tolist(), c.tolist(), strict=True)):
        last, before = x + bi * last + ci * before, last
        result[i] = last
    return result
