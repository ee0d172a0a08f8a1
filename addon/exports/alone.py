"""A character alone in a scene of its own while a file is written, so that nothing else gets into it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import bpy

from ...solvers.errors import ExportError, OutputError
from ...solvers.record import written_whole
from .played import Played


@contextlib.contextmanager
def alone(what: Played) -> Iterator[bpy.types.Scene]:
    """A scene with the character and nothing else in it, its action's name, frames and rate; gone at the end.

    Exporters call an animation after its scene. What is hidden in the user's scene only is shown in this one. What the
    character hangs on, such as an empty that turns it upright, is there too: without, it would stand elsewhere.
    """
    render, scene = what.scene.render, bpy.data.scenes.new("Understudy Export")
    there = bpy.data.scenes.get(what.name)
    try:
        if there is not None:
            there.name = "Understudy Export Aside"
        scene.name = what.name
        scene.frame_start, scene.frame_end = what.first, what.last
        scene.render.fps, scene.render.fps_base = render.fps, render.fps_base
        scene.unit_settings.scale_length = what.scene.unit_settings.scale_length
        things = [*((what.objects.armature,) if what.objects.armature else ()), *what.objects.meshes]
        for needed in dict.fromkeys((*things, *(above for thing in things for above in _above(thing)))):
            scene.collection.objects.link(needed)
        layer = scene.view_layers[0]
        layer.update()
        with bpy.context.temp_override(scene=scene, view_layer=layer):
            layer.objects.active = things[0]
            scene.frame_set(what.first)
            yield scene
    finally:
        bpy.data.scenes.remove(scene)
        if there is not None:
            there.name = what.name
        what.scene.frame_set(what.scene.frame_current, subframe=what.scene.frame_subframe)


def _above(thing: bpy.types.Object) -> list[bpy.types.Object]:
    """All that an object hangs on."""
    found = []
    while thing.parent is not None:
        thing = thing.parent
        found.append(thing)
    return found


@contextlib.contextmanager
def written_by_blender(path: Path) -> Iterator[Path]:
    """A temporary file that takes the place of `path` when the block ends well.

    Raises ExportError with Blender's own words where its exporter fails, OutputError where nothing can be written.
    """
    try:
        with written_whole(path) as temporary:
            yield temporary
            if not temporary.stat().st_size:
                raise ExportError(f"Blender wrote nothing into {path.name}: see its console for the reason.")
    except RuntimeError as fault:
        words = [line.strip() for line in str(fault).splitlines() if line.strip()] or ["no reason given"]
        raise ExportError(
            f"Blender cannot write {path.name} ({words[-1].removeprefix('Error: ').rstrip('.')}): try another form."
        ) from fault
    except OSError as fault:
        raise OutputError(f"{path} cannot be written ({fault}): give a path in a folder that can be.") from fault


def exporter(group: str, name: str, form: str):
    """Blender's operator that writes a form. Raises ExportError where this Blender has none.

    group, name: bpy.ops.<group>.<name>. form: for the message.
    """
    if not hasattr(bpy.types, f"{group.upper()}_OT_{name}"):
        raise ExportError(f"This Blender cannot write {form}: enable its add-on in the preferences, or choose .glb.")
    return getattr(getattr(bpy.ops, group), name)
