"""Film."""

CLASSES = ()
