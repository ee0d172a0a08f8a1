"""The VRM 1.0 humanoid skeleton over whole clips: where joints are, given how they turn."""

from __future__ import annotations

import numpy as np

from ..names import JOINT, JOINTS, PARENTS
from .rotations import inverse, multiply, rotate

PARENT: np.ndarray = np.array([-1 if PARENTS[name] is None else JOINT[PARENTS[name]] for name in JOINTS])


def world_rotations(rotations: np.ndarray) -> np.ndarray:
    """Rotations of all joints in world axes.

    rotations: (T, J, 4) wxyz relative to the parents. Result (T, J, 4).
    """
    world = np.array(rotations, float)
    for joint, parent in enumerate(PARENT):
        if parent >= 0:
            world[:, joint] = multiply(world[:, parent], world[:, joint])
    return world


def local_rotations(world: np.ndarray) -> np.ndarray:
    """Rotations relative to the parents.

    world: (T, J, 4) wxyz in world axes. Result (T, J, 4).
    """
    local = np.array(world, float)
    for joint, parent in enumerate(PARENT):
        if parent >= 0:
            local[:, joint] = multiply(inverse(world[:, parent]), world[:, joint])
    return local


def joint_positions(rotations: np.ndarray, root: np.ndarray, skeleton: np.ndarray) -> np.ndarray:
    """Where all joints are.

    rotations: (T, J, 4) wxyz relative to the parents; root: (T, 3) m, the hips; skeleton: (J, 3) m, T-pose, hips at 0.
    Result (T, J, 3) m.
    """
    world = world_rotations(rotations)
    positions = np.zeros((*world.shape[:2], 3))
    for joint, parent in enumerate(PARENT):
        if parent < 0:
            positions[:, joint] = root
        else:
            offset = skeleton[joint] - skeleton[parent]
            positions[:, joint] = positions[:, parent] + rotate(world[:, parent], offset)
    return positions
