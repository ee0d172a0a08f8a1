"""Looks: choosing one, keeping one's own, and removing it."""

import bpy

from ...solvers.errors import PresetError, UnderstudyError
from ...solvers.rigs import looks
from .. import own


def own_looks() -> tuple[tuple[looks.Look, ...], tuple[str, ...]]:
    """The looks that the user has saved, and what is wrong with those that cannot be read."""
    found, faults = [], []
    for path in own.paths("looks"):
        try:
            found.append(looks.load(path))
        except PresetError as fault:
            faults.append(str(fault))
    return tuple(found), tuple(faults)


class UNDERSTUDY_OT_apply_look(bpy.types.Operator):
    """Set everything that makes a look at once"""

    bl_idname = "understudy.apply_look"
    bl_label = "Apply Look"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    name: bpy.props.StringProperty(name="Look", options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def description(cls, _context, properties):
        """What the look means."""
        found = next((look for look in (*looks.shipped(), *own_looks()[0]) if look.name == properties.name), None)
        return found.meaning if found and found.meaning else f"Settings kept as {properties.name}"

    def execute(self, context):
        """Set the sliders; keys follow once."""
        found = next((look for look in (*looks.shipped(), *own_looks()[0]) if look.name == self.name), None)
        if found is None:
            self.report({"ERROR"}, f"There is no look called {self.name}: choose one from the presets of Look.")
            return {"CANCELLED"}
        props = context.scene.understudy.look
        props.set(found.on(props.settings()))
        return {"FINISHED"}


class UNDERSTUDY_OT_save_look(bpy.types.Operator):
    """Keep the settings of Look as a preset; rate, height, lens and mirror are the video's, and are left out"""

    bl_idname = "understudy.save_look"
    bl_label = "Save Look"

    name: bpy.props.StringProperty(name="Name", options={"SKIP_SAVE"})

    def invoke(self, context, _event):
        """Ask for a name."""
        return context.window_manager.invoke_props_dialog(self, confirm_text="Save")

    def execute(self, context):
        """Write it."""
        try:
            path = own.path_for("looks", self.name, [look.name for look in looks.shipped()])
            looks.save(looks.look_of(context.scene.understudy.look.settings(), path.stem), path)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{path.stem} is kept in {path.parent}")
        return {"FINISHED"}


class UNDERSTUDY_OT_remove_look(bpy.types.Operator):
    """Remove a look that you have saved"""

    bl_idname = "understudy.remove_look"
    bl_label = "Remove Look"
    bl_options = {"INTERNAL"}

    name: bpy.props.StringProperty(name="Look", options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, _context):
        """Remove its file."""
        try:
            own.remove("looks", self.name)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        self.report({"INFO"}, f"The look {self.name} was removed")
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_apply_look, UNDERSTUDY_OT_save_look, UNDERSTUDY_OT_remove_look)
