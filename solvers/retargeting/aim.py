"""Eyes that look at something in the scene, wherever the head goes; what the performer's eyes did goes on around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..motion.rotations import inverse, rotate
from .acting import GLANCE

MOST_UP, MOST_DOWN = np.radians(25.0), np.radians(35.0)
# A target further aside than the first of these is looked at less and less, and not at all beyond the second.
ASIDE, BEHIND = np.radians(60.0), np.radians(90.0)
NEAREST = np.radians(12.0)  # between the eyes' directions: something at 30 cm
GLIMPSE = np.radians(4.0)  # how far the performed eyes may stray from the target
SETTLED = 1.0  # s, the window whose median is where the performer looks, and not what his eyes do there


@dataclass(frozen=True)
class Target:
    """What is looked at (F moments; one where it stands still).

    frames: (F,) of Blender, rising. places: (F, 3) in the world. influence: 0 (as performed) to 1.
    """

    frames: np.ndarray
    places: np.ndarray
    influence: float = 1.0

    def at(self, frames: np.ndarray) -> np.ndarray:
        """Where it is at other frames, (N, 3); before its first and after its last it stands still."""
        return np.stack([np.interp(frames, self.frames, column) for column in self.places.T], -1)


def aimed(
    gaze: np.ndarray, rate: float, target: np.ndarray, eyes: np.ndarray, head: np.ndarray, influence: float
) -> np.ndarray:
    """Where the eyes look (N, 2, 2) rad in the head, when they look at a target.

    gaze: (N, 2, 2) rad as performed, (left, right) x (yaw to the left, pitch up). rate: of the N samples, 1/s.
    target: (N, 3), eyes: (N, 2, 3) left and right, in one frame and unit. head: (N, 4) wxyz, how the head is turned in
    it (identity looks along -y). influence: 0..1.
    """
    aim = rotate(inverse(head)[:, None], target[:, None] - eyes)
    yaw = np.arctan2(aim[..., 0], -aim[..., 1])
    pitch = np.arctan2(aim[..., 2], np.hypot(aim[..., 0], aim[..., 1]))
    ahead = -aim.mean(1)[:, 1] / np.maximum(np.linalg.norm(aim.mean(1), axis=-1), 1e-9)
    share = np.clip((BEHIND - np.arccos(np.clip(ahead, -1, 1))) / (BEHIND - ASIDE), 0, 1)
    share = influence * share**2 * (3 - 2 * share)
    wanted = limited(yaw, pitch) + glimpses(gaze, rate)[:, None]
    return gaze + share[:, None, None] * (wanted - gaze)


def limited(yaw: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Directions (N, 2, 2) that eyes can take. yaw, pitch: (N, 2) rad of left and right eye."""
    middle, apart = np.clip(yaw.mean(1), -GLANCE, GLANCE), np.clip(yaw[:, 1] - yaw[:, 0], 0, NEAREST)
    up = np.clip(pitch.mean(1), -MOST_DOWN, MOST_UP)
    return np.stack([np.stack([middle - apart / 2, middle + apart / 2], 1), np.stack([up, up], 1)], -1)


def glimpses(gaze: np.ndarray, rate: float) -> np.ndarray:
    """What the performed eyes do around where they look, (N, 2) rad, the same for both. gaze: (N, 2, 2)."""
    from scipy.ndimage import median_filter

    both = gaze.mean(1)
    window = 2 * int(SETTLED * rate / 2) + 1
    slow = median_filter(both, size=(min(window, 2 * (len(both) // 2) + 1), 1), mode="nearest")
    return np.clip(both - slow, -GLIMPSE, GLIMPSE)
