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
