"""Character."""

CLASSES = ()
