"""Report."""

CLASSES = ()
