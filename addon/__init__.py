"""The part of Understudy that lives in Blender: the only place that knows bpy."""

from __future__ import annotations

CLASSES: tuple[type, ...] = ()  # operators, panels and properties, in the order in which Blender must learn of them


def register() -> None:
    """Make Understudy's classes known to Blender."""
    import bpy

    for kind in CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    """Take Understudy's classes out of Blender, last ones first."""
    import bpy

    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
