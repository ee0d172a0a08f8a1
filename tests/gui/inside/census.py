"""Who is there: everything an add-on may leave behind in Blender, in the process and on disk, as sorted names."""

import contextlib
import gc
import os
import sys
import tempfile
import threading
import types
from collections import Counter
from pathlib import Path

import bpy

NAME = "understudy"
_drawers: list = []


def count_drawers() -> None:
    """Begin to note draw handlers: Blender keeps no list of them that Python may read."""
    for name in dir(bpy.types):
        space = getattr(bpy.types, name)
        if name.startswith("Space") and name != "Space" and hasattr(space, "draw_handler_add"):
            _note_drawers(space)


def _note_drawers(space) -> None:
    add, remove = space.draw_handler_add, space.draw_handler_remove

    def noted_add(function, *arguments):
        handle = add(function, *arguments)
        _drawers.append((handle, f"{space.__name__}: {function.__module__}.{function.__qualname__}"))
        return handle

    def noted_remove(handle, region):
        remove(handle, region)
        _drawers[:] = [drawer for drawer in _drawers if drawer[0] is not handle]

    space.draw_handler_add, space.draw_handler_remove = staticmethod(noted_add), staticmethod(noted_remove)


def take() -> dict[str, list[str]]:
    """Everything of ours that is there now, and all temporary files."""
    return {
        "classes": sorted(_classes()),
        "class names": sorted(name for name in dir(bpy.types) if NAME in name.lower()),
        "operators": sorted(name for name in dir(bpy.ops) if NAME in name.lower()),
        "properties": sorted(_properties()),
        "handlers": sorted(_handlers()),
        "timers": sorted(_timers()),
        "drawers": sorted(words for _, words in _drawers),
        "menus": sorted(_menus()),
        "keymaps": sorted(_keymaps()),
        "modal operators": sorted(_modal()),
        "threads": sorted(thread.name for thread in threading.enumerate() if thread.name.startswith(NAME)),
        "processes": sorted(_processes()),
        "open files": sorted(_open_files()),
        "temporary files": sorted(_files(Path(tempfile.gettempdir()))),
        "search path": sorted(path for path in sys.path if NAME in path.lower()),
        "preset folders": sorted(path for path in _preset_folders() if NAME in path.lower()),
    }


def left(before: dict, after: dict) -> dict[str, list[str]]:
    """What is in the second census more often than in the first. before, after: as `take` gives them."""
    more = {kind: sorted((Counter(after[kind]) - Counter(before[kind])).elements()) for kind in after}
    return {kind: names for kind, names in more.items() if names}


def _classes():
    def below(kind):
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    for kind in below(bpy.types.bpy_struct):
        if NAME in f"{kind.__module__}.{kind.__name__}".lower() and getattr(kind, "is_registered", False):
            yield kind.__name__


def _properties():
    for kind in (bpy.types.Scene, bpy.types.Object, bpy.types.WindowManager, bpy.types.Armature, bpy.types.Action,
                 bpy.types.Preferences, bpy.types.WorkSpace, bpy.types.PoseBone, bpy.types.Bone):  # fmt: skip
        yield from (f"{kind.__name__}.{name}" for name in kind.bl_rna.properties.keys() if NAME in name.lower())
        yield from (f"{kind.__name__}.{name}" for name in dir(kind) if NAME in name.lower())


def _handlers():
    for name in dir(bpy.app.handlers):
        listed = getattr(bpy.app.handlers, name)
        if isinstance(listed, list):
            words = (f"{name}: {getattr(one, '__module__', '')}.{getattr(one, '__qualname__', one)}" for one in listed)
            yield from (word for word in words if NAME in word.lower())


def _timers():
    for thing in gc.get_objects():
        if type(thing) is types.FunctionType and NAME in (thing.__module__ or "").lower():  # some things answer nobody
            with contextlib.suppress(ValueError):
                if bpy.app.timers.is_registered(thing):
                    yield f"{thing.__module__}.{thing.__qualname__}"


def _menus():
    for name in dir(bpy.types):
        for draw in getattr(getattr(getattr(bpy.types, name), "draw", None), "_draw_funcs", ()):
            if NAME in (draw.__module__ or "").lower():
                yield f"{name}: {draw.__qualname__}"


def _keymaps():
    configuration = bpy.context.window_manager.keyconfigs.addon
    for keymap in configuration.keymaps if configuration else ():
        yield from (f"{keymap.name}: {item.idname}" for item in keymap.keymap_items if NAME in item.idname)


def _modal():
    for window in bpy.context.window_manager.windows:
        yield from (one.bl_idname for one in getattr(window, "modal_operators", ()) if NAME in one.bl_idname.lower())


def _processes():
    mark = f"TMPDIR={tempfile.gettempdir()}".encode()  # inherited by all that this Blender starts, orphans too
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with contextlib.suppress(OSError):
                state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                if state == "Z" and int(parent) == os.getpid():
                    yield f"ended, not waited for: {folder.name}"
                elif mark in (folder / "environ").read_bytes().split(b"\0"):
                    yield f"running: {words[:160]}"


def _open_files():
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            target = os.readlink(link)
            if target.startswith("/") and target.endswith((".mp4", ".npz", ".task", ".mkv", ".part", ".json")):
                yield target


def _files(folder: Path):
    for path in folder.rglob("*"):
        if not path.name.endswith("_autosave.blend"):  # Blender's own
            yield str(path.relative_to(folder))


def _preset_folders():
    with contextlib.suppress(AttributeError, TypeError):
        yield from bpy.utils.preset_paths("")
