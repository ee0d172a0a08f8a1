"""Points of a picture, placed by hand: empties on the puppet that say where its joints, eyes and mouth are."""

from __future__ import annotations

import json
from pathlib import Path

import bpy
import numpy as np

from ...solvers.errors import CharacterError
from ...solvers.puppet import joints_file
from ...solvers.puppet.puppet import PUPPET

NAME = "Understudy Points"
POINT = "understudy_point"  # the mark of an empty that is a point
SIZE = 0.012  # of the picture's longer side, that a point is drawn large
BEFORE = 0.6  # of the picture's longer side, that points are before it


def told(rig: bpy.types.Object) -> dict:
    """What a puppet says of itself. rig: its armature. Raises CharacterError where it is none."""
    if rig is None or rig.type != "ARMATURE" or PUPPET not in rig.data:
        raise CharacterError("The character is no picture: add a picture character first.")
    return json.loads(rig.data[PUPPET])


def placed(rig: bpy.types.Object) -> dict[str, bpy.types.Object]:
    """{name: empty} of a puppet's points. rig: its armature."""
    return {thing[POINT]: thing for thing in rig.children if POINT in thing}


def place(scene: bpy.types.Scene, rig: bpy.types.Object) -> int:
    """Show a puppet's points before it as empties that can be moved; tells how many. Raises CharacterError."""
    facts = told(rig)
    remove(rig)
    collection = bpy.data.collections.get(NAME)
    if collection is None or collection.name not in scene.collection.children:
        collection = bpy.data.collections.new(NAME)
        scene.collection.children.link(collection)
    longest = max(facts["size"]) * facts["unit"]
    for name, (x, y) in facts["points"].items():
        point = bpy.data.objects.new(f"{rig.name} {name}", None)
        point[POINT] = name
        point.parent = rig
        point.location = (x * facts["unit"], -BEFORE * longest, (facts["size"][1] - y) * facts["unit"])
        point.lock_location = (False, True, False)
        point.empty_display_type, point.empty_display_size = "SPHERE", SIZE * longest
        point.show_name = point.show_in_front = True
        collection.objects.link(point)
    return len(facts["points"])


def keep(rig: bpy.types.Object) -> Path:
    """Write a puppet's points, as they were moved, beside its picture; tells where. Raises CharacterError."""
    facts, empties = told(rig), placed(rig)
    picture = Path(facts["path"])
    if not picture.is_file():
        raise CharacterError(f"The picture {picture} is not there any more: add it anew.")
    points = {name: np.array(place, float) for name, place in facts["points"].items()}
    for name, thing in empties.items():
        x, _, z = thing.location
        points[name] = np.array([x / facts["unit"], facts["size"][1] - z / facts["unit"]])
    out = picture.with_name(f"{picture.stem}.points.json")
    joints_file.write(out, points, tuple(facts["size"]))
    return out


def remove(rig: bpy.types.Object) -> None:
    """Take a puppet's points away."""
    for thing in placed(rig).values():
        bpy.data.objects.remove(thing)
    collection = bpy.data.collections.get(NAME)
    if collection is not None and not collection.objects:
        bpy.data.collections.remove(collection)


def take_away(rig: bpy.types.Object) -> None:
    """Take a puppet out of the file, with its points, its sheets and all that only they used."""
    remove(rig)
    for collection in list(rig.users_collection):
        if any(PUPPET in thing.data for thing in collection.objects if thing.type == "ARMATURE"):
            things = list(collection.objects)
            for thing in things:
                bpy.data.objects.remove(thing)
            bpy.data.collections.remove(collection)
    bpy.data.orphans_purge(do_local_ids=True, do_linked_ids=False, do_recursive=True)
