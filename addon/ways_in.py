"""Ways In."""

CLASSES = ()
