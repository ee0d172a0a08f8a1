"""Understudy: a performance video becomes animation on a character, in Blender.

One package, four homes: an extension in Blender, `understudy` on the command line and in tests, and the child
process that looks at the video. Nothing is imported here, so that each of them loads only what it needs.
"""


def register():
    """Show Understudy in Blender."""
    from . import addon

    addon.register()


def unregister():
    """Take Understudy out of Blender again."""
    from . import addon

    addon.unregister()
