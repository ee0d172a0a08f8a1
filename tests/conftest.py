"""The package under the name `understudy` wherever the checkout lies, and the material that some tests need."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def _load_package() -> None:
    spec = importlib.util.spec_from_file_location(
        "understudy", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["understudy"] = module
    spec.loader.exec_module(module)


if "understudy" not in sys.modules:
    _load_package()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real material (videos, characters, motions, models); the test is skipped where it is absent."""
    folder = Path(os.environ.get("UNDERSTUDY_SHARED", ROOT.parent / "shared"))
    if not (folder / "videos").is_dir():
        pytest.skip(
            f"needs the test material in {folder.name}/ beside the project (or UNDERSTUDY_SHARED), which is absent"
        )
    return folder


@pytest.fixture
def performance():
    """A made-up performance of 2 s at 24 samples a second in which every joint, shape and eye moves smoothly."""
    import numpy as np
    from understudy.solvers import names
    from understudy.solvers.motion import rotations, skeleton
    from understudy.solvers.performance import Performance

    random = np.random.default_rng(7)
    time = np.arange(48) / 24
    joints = len(names.JOINTS)

    def waves(*shape):
        speed, start = random.uniform(1, 6, shape), random.uniform(0, 6, shape)
        return np.sin(time.reshape(-1, *[1] * len(shape)) * speed + start)

    offsets = random.normal(0, 0.15, (joints, 3))
    rest = np.zeros((joints, 3))
    for joint, parent in enumerate(skeleton.PARENT):
        rest[joint] = rest[parent] + offsets[joint] if parent >= 0 else 0
    return Performance(
        time=time,
        rotations=rotations.from_vector(waves(joints, 3) * 0.6),
        root=np.array([0, 0, 0.9]) + waves(3) * 0.1,
        skeleton=rest,
        expressions=np.clip(waves(len(names.EXPRESSIONS)), 0, 1),
        gaze=waves(2, 2) * 0.3,
        contacts=np.clip(waves(4), 0, 1),
        confidence=np.ones((48, joints)),
        face_confidence=np.ones(48),
        projection=np.array([[900.0, 320, 0, 960], [0, 240, -900, 1200], [0, 1, 0, 3]]),
        size=(640, 480),
        framing="full",
        source={"path": "made-up.mp4", "sha256": "", "fps": 24.0, "seconds": 2.0, "sound": False},
    )
