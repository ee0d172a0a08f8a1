"""View."""

CLASSES = ()
