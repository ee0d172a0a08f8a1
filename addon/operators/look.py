"""Look."""

CLASSES = ()
