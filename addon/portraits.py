"""Small pictures of the people in a video, as icons for the panel; they live in memory alone."""

from __future__ import annotations

import base64
import hashlib
import zlib

import bpy
import numpy as np

SIDE = 96  # px, as solvers.looking.glance makes them
CLASSES = ()

_icons = None  # bpy.utils.previews collection, made when the first picture is shown


def icon(picture: str) -> int:
    """The icon of a picture, to be drawn with template_icon.

    picture: SIDE x SIDE pixels of red, green and blue from the top left, deflated, in base 64.
    """
    global _icons
    if _icons is None:
        import bpy.utils.previews

        _icons = bpy.utils.previews.new()
    name = hashlib.sha1(picture.encode("ascii"), usedforsecurity=False).hexdigest()
    if name not in _icons:
        pixels = np.frombuffer(zlib.decompress(base64.b64decode(picture)), np.uint8).reshape(SIDE, SIDE, 3)
        rgba = np.dstack([pixels[::-1] / 255.0, np.ones((SIDE, SIDE))]).astype(np.float32).ravel()  # from the bottom
        made = _icons.new(name)
        made.icon_size = made.image_size = SIDE, SIDE
        made.icon_pixels_float.foreach_set(rgba)
        made.image_pixels_float.foreach_set(rgba)
    return _icons[name].icon_id


def register() -> None:
    """Nothing is made before it is shown."""


def unregister() -> None:
    """Let go of all pictures."""
    global _icons
    if _icons is not None:
        bpy.utils.previews.remove(_icons)
        _icons = None
