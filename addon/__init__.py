"""The part of Understudy that lives in Blender: the only place that knows bpy."""

from __future__ import annotations

import importlib

# What Blender must learn of, in this order; each module names its CLASSES, and may add menus or watch events.
MODULES = (
    "preferences",
    "properties",
    "jobs",
    "portraits",
    "workspace",
    "operators.performance",
    "operators.character",
    "operators.puppet",
    "operators.face",
    "operators.look",
    "operators.bake",
    "operators.contacts",
    "operators.environment",
    "operators.film",
    "operators.neural",
    "operators.exports",
    "operators.report",
    "operators.calibration",
    "operators.view",
    "panels.performance",
    "panels.character",
    "panels.puppet",
    "panels.look",
    "panels.calibration",
    "panels.bake",
    "panels.environment",
    "panels.film",
    "panels.neural",
    "panels.exports",
    "panels.report",
    "panels.view",
    "ways_in",
)


def register() -> None:
    """Make Understudy known to Blender."""
    import bpy

    for module in _modules():
        for kind in module.CLASSES:
            bpy.utils.register_class(kind)
        if hasattr(module, "register"):
            module.register()


def unregister() -> None:
    """Take Understudy out of Blender, last things first, and leave nothing running."""
    import bpy

    for module in reversed(_modules()):
        if hasattr(module, "unregister"):
            module.unregister()
        for kind in reversed(module.CLASSES):
            bpy.utils.unregister_class(kind)


def _modules() -> list:
    return [importlib.import_module(f".{name}", __package__) for name in MODULES]
