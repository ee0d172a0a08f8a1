"""The sidebar's panels: one order, and the one in which the window's story looks for them."""

import importlib
import pkgutil

import pytest

pytest.importorskip("bpy")

from understudy.addon import panels  # noqa: E402


def top_panels() -> list:
    """The classes of all panels that lie in no other one, in the order of the sidebar."""
    modules = [
        importlib.import_module(f"{panels.__name__}.{found.name}") for found in pkgutil.iter_modules(panels.__path__)
    ]
    classes = [kind for module in modules for kind in getattr(module, "CLASSES", ())]
    return sorted(
        (kind for kind in classes if hasattr(kind, "bl_order") and not hasattr(kind, "bl_parent_id")),
        key=lambda kind: kind.bl_order,
    )


def test_every_panel_has_a_place_of_its_own():
    """No two panels share a number, so that their order never depends on which was registered first."""
    orders = [kind.bl_order for kind in top_panels()]
    assert len(orders) == len(set(orders)) > 5


def test_the_story_knows_the_panels():
    """The story that is played in the window finds each header: it knows all panels, and their order."""
    from tests.gui.inside.hands import PANELS

    assert [kind.__name__ for kind in top_panels()] == [f"UNDERSTUDY_PT_{name}" for name in PANELS]
