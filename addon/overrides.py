"""Characters that are linked from another file: library overrides let them be animated in this one.

What of an override is saved: its action, its NLA tracks, and those properties that Blender or the rig allows to be
overridden. The range of a shape key is not among them: where a linked face goes beyond it, that is lost when the file
is opened again, and the values are cut off at the range's end.
"""

from __future__ import annotations

import bpy
from mathutils import Matrix

from ..solvers.errors import RigError
from .armature import CharacterObjects, characters


def instanced(thing: bpy.types.Object, scene: bpy.types.Scene) -> CharacterObjects | None:
    """A character that is in a scene only as an instance of its collection.

    thing: its armature, or one of its meshes. Result: the linked objects; None where no instance shows them.
    """
    empty = _instance_of(thing, scene)
    if empty is None:
        return None
    found = characters(empty.instance_collection.all_objects)
    return next((one for one in found if thing in (one.armature, *one.meshes)), None)


def editable(objects: CharacterObjects, scene: bpy.types.Scene) -> CharacterObjects:
    """The character with everything local or overridden that keys have to be written for.

    A character that is all local is given back as it is. One that is linked is overridden as a whole, where it stands,
    with the mesh data of its sliders; the linked objects leave the scene, an instance becomes an empty that carries
    the character. objects: its armature and meshes. Raises RigError if Blender does not allow it.
    """
    chief = objects.armature or objects.meshes[0]
    if chief.library is not None and not _overridden(scene, chief):
        _override(chief, scene)
    of = _overridden(scene)
    rig = of.get(objects.armature, objects.armature)
    meshes = tuple(of.get(mesh, mesh) for mesh in objects.meshes)
    for mesh in meshes:
        if mesh.library is None and mesh.data.library is not None and mesh.data.shape_keys is not None:
            mesh.data.override_create(remap_local_usages=True)
    for thing in (rig, *meshes):
        keys = thing.data.shape_keys if thing is not None and thing.type == "MESH" else None
        if thing is not None and (thing.library is not None or (keys is not None and keys.library is not None)):
            raise RigError(
                f"{thing.name} is linked from {bpy.path.basename((thing.library or keys.library).filepath)} and "
                "cannot be overridden: make it local, or link the collection that holds the whole character."
            )
    return CharacterObjects(rig, meshes)


def _overridden(scene: bpy.types.Scene, thing: bpy.types.Object | None = None) -> dict:
    """{linked object: its override in the scene}, of all or of one."""
    return {
        found.override_library.reference: found
        for found in scene.objects
        if found.override_library is not None and thing in (None, found.override_library.reference)
    }


def _instance_of(thing: bpy.types.Object, scene: bpy.types.Scene) -> bpy.types.Object | None:
    """The empty that instances a collection with an object in it."""
    for empty in scene.objects:
        shown = empty.instance_collection if empty.instance_type == "COLLECTION" else None
        if shown is not None and empty.library is None and thing in set(shown.all_objects):
            return empty
    return None


def _override(chief: bpy.types.Object, scene: bpy.types.Scene) -> None:
    """Override the whole that an object is linked with: an instance, a collection, or the object and what it needs."""
    layer = _layer(scene)
    empty = _instance_of(chief, scene)
    if empty is not None:
        collection = empty.instance_collection
        collection.override_hierarchy_create(scene, layer, reference=empty, do_fully_editable=True)
        _carry(empty, collection, scene)
        return
    holders = [
        (above, below)
        for above in (scene.collection, *scene.collection.children_recursive)
        for below in above.children
        if above.library is None and below.library is not None and chief in set(below.all_objects)
    ]
    if holders:
        above, below = holders[0]
        below.override_hierarchy_create(scene, layer, do_fully_editable=True)
        if below.name in above.children:
            above.children.unlink(below)
        return
    chief.override_hierarchy_create(scene, layer, do_fully_editable=True)
    for linked in _overridden(scene):
        for collection in [found for found in linked.users_collection if found.library is None]:
            collection.objects.unlink(linked)


def _carry(empty: bpy.types.Object, collection: bpy.types.Collection, scene: bpy.types.Scene) -> None:
    """Let an empty that has shown a collection carry the overrides of what was in it, so that they stand there."""
    within = set(collection.all_objects)
    for linked, override in _overridden(scene).items():
        if linked in within and linked.parent is None:
            override.parent = empty
            override.matrix_parent_inverse = Matrix.Translation(-collection.instance_offset)
    empty.instance_type = "NONE"
    empty.instance_collection = None


def _layer(scene: bpy.types.Scene) -> bpy.types.ViewLayer:
    return bpy.context.view_layer if bpy.context.scene == scene else scene.view_layers[0]
