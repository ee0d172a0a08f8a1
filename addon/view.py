"""What the viewport shows beside the character."""


def update(_context) -> None:
    """Show or hide it."""
