"""Baking: a performance becomes keys; and what can be done with the bakes that there are."""

import json
import math

import bpy

from ...solvers.errors import RigError, UnderstudyError
from .. import bakes, jobs, marks, overrides, workspace


def counted(number: int, word: str) -> str:
    """"1 bone", "52 bones"."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def extend(scene: bpy.types.Scene, clips) -> None:
    """Make a scene long enough for clips; it never gets shorter."""
    scene.frame_end = max(scene.frame_end, math.ceil(max(clip.frames[-1] for clip in clips) - 1e-3))
    scene.frame_start = min(scene.frame_start, max(0, math.floor(min(clip.frames[0] for clip in clips) + 1e-3)))


def _full_name(thing: bpy.types.Object | None) -> tuple[str, str]:
    """What tells an object from all others, also where it is linked from another file."""
    return (thing.name, thing.library.filepath if thing.library else "") if thing is not None else ("", "")


class UNDERSTUDY_OT_bake(jobs.Waiting, bpy.types.Operator):
    """Put the chosen take on the character as keys; what it plays now is kept"""

    bl_idname = "understudy.bake"
    bl_label = "Bake"
    bl_options = {"REGISTER", "UNDO"}
    kind, title = "bake", "Baking"

    @classmethod
    def poll(cls, context):
        """Whether there is something to bake, and someone to play it."""
        props = context.scene.understudy
        if props.take is None:
            cls.poll_message_set("Detect a performance first, or add a take")
            return False
        if props.character is None:
            cls.poll_message_set("Choose a character first")
            return False
        return jobs.running(cls.kind) is None

    def begin(self, context) -> jobs.Work:
        """Solve and retarget, beside the interface."""
        scene = context.scene
        props = scene.understudy
        self._scene, self._character, self._asked = scene.name, _full_name(props.character), workspace.recipe(scene)
        self._name = props.bake.name.strip() or props.take.name
        self._marked = marks.read(workspace.character(scene), self._asked.take)
        return workspace.cooking(scene, self._asked)

    def finish(self, context, result) -> None:
        """Write the keys."""
        facts, clips = result
        scene = bpy.data.scenes.get(self._scene) or context.scene
        props = scene.understudy
        if _full_name(props.character) != self._character:
            raise RigError("Another character was chosen while the bake was made: bake once more for it.")
        objects = overrides.editable(workspace.character(scene), scene)
        if props.character not in (objects.armature, *objects.meshes):  # it was linked, and has been overridden
            props.listed = props.character = objects.armature or objects.meshes[0]
        bake = bakes.add(objects, clips, self._asked, self._name)
        marks.carry(objects, bake.name, self._marked)
        extend(scene, clips.values())
        for item in props.takes:
            if item.path == self._asked.take:
                item.facts = json.dumps(facts)
        bones = {bone for clip in clips.values() for bone in (*clip.bones, *clip.movers)}
        sliders = {slider for clip in clips.values() for slider in clip.sliders}
        first = next(iter(clips.values()))
        frames = round(first.frames[-1] - first.frames[0]) + 1
        what = [counted(len(names), word) for names, word in ((bones, "bone"), (sliders, "slider")) if names]
        self.report({"INFO"}, f"{bake.name}: {' and '.join(what)} over {counted(frames, 'frame')}")


class BakeNamed:
    """What operators on one bake have in common: its name."""

    bl_options = {"REGISTER", "UNDO", "INTERNAL"}
    name: bpy.props.StringProperty(name="Bake", options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context):
        """Do it, or say why not."""
        try:
            self.act(workspace.character(context.scene))
            workspace.adopt(context.scene)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        jobs.redraw(context)
        return {"FINISHED"}


class UNDERSTUDY_OT_show_bake(BakeNamed, bpy.types.Operator):
    """Let this bake play, in place of the one that plays now"""

    bl_idname = "understudy.show_bake"
    bl_label = "Show Bake"

    def act(self, objects) -> None:
        """Switch to it."""
        bakes.show(objects, self.name)


class UNDERSTUDY_OT_remove_bake(BakeNamed, bpy.types.Operator):
    """Remove this bake with its keys; if it plays, what it was put over plays again"""

    bl_idname = "understudy.remove_bake"
    bl_label = "Remove Bake"

    def act(self, objects) -> None:
        """Remove it."""
        bakes.remove(objects, self.name)
        self.report({"INFO"}, f"{self.name} was removed")


class UNDERSTUDY_OT_clear(bpy.types.Operator):
    """Remove all bakes from the character; what it played before comes back"""

    bl_idname = "understudy.clear"
    bl_label = "Clear"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """Whether there is a character with bakes."""
        chosen = context.scene.understudy.character
        if chosen is None or not bakes.glance(chosen):
            cls.poll_message_set("The character has no bakes")
            return False
        return True

    def execute(self, context):
        """Clear, and tell what came back."""
        try:
            objects = workspace.character(context.scene)
            count = len(bakes.listed(objects))
            back = bakes.clear(objects)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        again = f"{', '.join(back)} {'plays' if len(back) == 1 else 'play'} again" if back else "nothing played before"
        self.report({"INFO"}, f"{counted(count, 'bake')} removed; {again}")
        jobs.redraw(context)
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_bake, UNDERSTUDY_OT_show_bake, UNDERSTUDY_OT_remove_bake, UNDERSTUDY_OT_clear)
