"""Joint positions and expressions as plain arrays (.points.npz), for evaluation and for other solvers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..names import EXPRESSIONS, JOINTS
from ..performance import Performance
from ..record import written_whole
from ..skeleton import joint_positions


def write(performance: Performance, path: Path) -> None:
    """Write time (T,) s, joints (T, J, 3) m with joint_names (J,), and expressions (T, 52) with expression_names (52,).

    performance: what the person did. path: of the .points.npz.
    """
    with written_whole(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(
            file,
            time=np.asarray(performance.time, float),
            joint_names=np.array(JOINTS),
            joints=joint_positions(performance.rotations, performance.root, performance.skeleton),
            expression_names=np.array(EXPRESSIONS),
            expressions=np.asarray(performance.expressions, float),
        )
