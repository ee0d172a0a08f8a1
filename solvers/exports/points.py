"""Joint positions and expressions as plain arrays (.points.npz), for evaluation and for other solvers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..motion.skeleton import joint_positions
from ..names import EXPRESSIONS, JOINTS
from ..performance import Performance
from ..record import written_whole
from . import tree


def write(performance: Performance, path: Path) -> None:
    """Write time (T,) s, joints (T, J, 3) m with joint_names (J,), and expressions (T, 52) with expression_names (52,).

    Joints without a place in the skeleton are NaN. performance: what the person did. path: of the .points.npz.
    """
    joints = joint_positions(performance.rotations, performance.root, tree.filled(performance))
    joints[:, ~np.isfinite(performance.skeleton).all(-1)] = np.nan
    with written_whole(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(
            file,
            time=np.asarray(performance.time, float),
            joint_names=np.array(JOINTS),
            joints=joints,
            expression_names=np.array(EXPRESSIONS),
            expressions=np.asarray(performance.expressions, float),
        )
