"""The joints that a performance has: a character that was read back may lack some, whose places are NaN."""

from __future__ import annotations

import numpy as np

from ..errors import ExportError
from ..names import JOINT, JOINTS, PARENTS
from ..performance import Performance


def before(performance: Performance) -> dict[str, str | None]:
    """{joint: the joint that it hangs on, None for the first} of all that have a place, parents first.

    Joints without a place do not turn, so that rotations stay relative to the one that is found here.
    Raises ExportError where there are no hips to begin with.
    """
    there = {name for name in JOINTS if np.isfinite(performance.skeleton[JOINT[name]]).all()}
    if "hips" not in there:
        raise ExportError("There is no body to be written, only a face: choose a form that holds faces, such as .csv.")
    found: dict[str, str | None] = {}
    for name in JOINTS:
        parent = PARENTS[name]
        while parent is not None and parent not in there:
            parent = PARENTS[parent]
        if name in there:
            found[name] = parent
    return found


def filled(performance: Performance) -> np.ndarray:
    """The skeleton (J, 3) m in which joints without a place are where the joint before them is."""
    skeleton = np.array(performance.skeleton, float)
    for name in JOINTS:
        if not np.isfinite(skeleton[JOINT[name]]).all():
            skeleton[JOINT[name]] = skeleton[JOINT[PARENTS[name]]] if PARENTS[name] else 0.0
    return skeleton
