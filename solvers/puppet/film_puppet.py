"""A puppet of one picture of a film, before the room that its other pictures show. It runs in the detector's child."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ..footage import video
from . import build, cutout
from .puppet import Puppet

OTHERS = 8  # pictures of the film that are looked at for the room behind
ALIKE = 14.0  # of 255: what is beside the figure differs by more where camera, light or room have changed
AROUND = 0.06  # of the longer side, that is compared around the figure
WORTH = 0.02  # of what the figure hides, that others must show for the room to count as seen
RESEEN = "What the figure hides of the room is taken from other pictures of the film, as far as they show it."
GUESSED = "What the figure hides of the room is guessed: no other picture of the film shows it from there."


def puppet_of_film(path: Path, networks: dict, moment: float, end: float) -> Puppet:
    """The puppet of a film's picture.

    path: of the film. networks: as models.find gives them. moment: s, of the picture. end: s, until when the film's
    pictures are looked at for the room behind. Raises VideoError.
    """
    from ..detectors.outlines import outlines
    from ..detectors.still import look

    with contextlib.closing(video.pictures(path, moment)) as pictures:
        _, rgb = next(pictures)
    rgb, _ = cutout.shrunk(rgb, build.LARGEST)
    about = build.known(rgb, None, look(rgb, networks), {})
    puppet = build.assembled(path.stem, about)
    hidden = cutout.widened(about.figure, 1.6 * cutout.RIM * max(rgb.shape))
    others = (cutout.shrunk(other, build.LARGEST)[0] for _, other, _ in video.spread(path, 0.0, end, OTHERS, 0.0))
    room, seen = plate(rgb, hidden, outlines(others, networks))
    note = RESEEN if seen > WORTH else GUESSED
    return replace(puppet, background=cutout.wider(room, puppet.border), notes=(*puppet.notes, note))


def plate(
    rgb: np.ndarray, hidden: np.ndarray, others: Iterable[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, float]:
    """The room without the figure: what other pictures show of it, the median where several do, else what is around.

    rgb: (H, W, 3) uint8. hidden: (H, W) bool, the figure and its rim. others: (picture of the same size, (H, W) bool
    of the figure in it). Result: the room, and the share 0..1 of what was hidden that others show. Pictures in which
    the surroundings are others than here are left out.
    """
    near = cutout.widened(hidden, AROUND * max(rgb.shape)) & ~hidden
    shown = []
    for other, figure in others:
        free = ~cutout.widened(figure, 1.6 * cutout.RIM * max(rgb.shape))
        both = near & free
        if other.shape != rgb.shape or not both.any():
            continue
        if np.abs(other[both].astype(float) - rgb[both]).mean() < ALIKE:
            shown.append(np.where(free[hidden][:, None], other[hidden].astype(np.float32), np.nan))
    room, left = rgb.copy(), hidden.copy()
    if shown:
        stack = np.stack(shown)
        known = np.isfinite(stack[..., 0]).any(0)
        left[hidden] = ~known
        filled = room[hidden]
        filled[known] = np.nanmedian(stack[:, known], axis=0).round().astype(np.uint8)
        room[hidden] = filled
    share = 1 - left.sum() / max(hidden.sum(), 1)
    return cutout.without(room, cv2.morphologyEx(left.astype(np.uint8), cv2.MORPH_CLOSE, cutout.disc(2)) > 0), share
