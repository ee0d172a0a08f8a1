"""Bake."""

CLASSES = ()
