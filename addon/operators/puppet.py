"""Pictures and films as characters: adding one, placing a picture's points by hand, and building it anew."""

import math
from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper

from ...solvers.errors import UnderstudyError
from ...solvers.puppet.puppet import PUPPET, SUFFIXES
from ...solvers.retargeting.layering import REGIONS
from .. import jobs
from ..puppets import figure, points, stage
from .bake import extend


def _puppet(context) -> bpy.types.Object | None:
    """The scene's character where it is a picture's, and no film's."""
    rig = context.scene.understudy.character
    made = rig is not None and rig.type == "ARMATURE" and PUPPET in rig.data
    return rig if made and points.told(rig)["path"] else None


class UNDERSTUDY_OT_add_picture(ImportHelper, bpy.types.Operator):
    """Make a character of a picture: a portrait, a figure or a drawing"""

    bl_idname = "understudy.add_picture"
    bl_label = "Add Picture Character"
    bl_options = {"REGISTER"}

    filter_glob: bpy.props.StringProperty(default=";".join(f"*{ending}" for ending in SUFFIXES), options={"HIDDEN"})

    def execute(self, _context):
        """Build it beside the interface."""
        how = "EXEC_DEFAULT" if bpy.app.background else "INVOKE_DEFAULT"
        return bpy.ops.understudy.build_puppet(how, filepath=self.filepath)


class UNDERSTUDY_OT_build_puppet(jobs.Waiting, bpy.types.Operator):
    """Build the picture's character, from the points as they were moved where some are shown"""

    bl_idname = "understudy.build_puppet"
    bl_label = "Build Puppet"
    bl_options = {"REGISTER", "UNDO"}
    kind, title = "puppet", "Building the puppet"

    filepath: bpy.props.StringProperty(name="Picture", subtype="FILE_PATH", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, _context):
        """Whether none is being built."""
        return jobs.running(cls.kind) is None

    def begin(self, context) -> jobs.Work:
        """Look at the picture in a process of its own. Without a path, that of the character is built anew."""
        self._scene, self._before = context.scene.name, ""
        if self.filepath:
            self._path = bpy.path.abspath(self.filepath)
        else:
            rig = _puppet(context)
            self._path = points.told(rig)["path"]
            points.keep(rig)
            self._before = rig.name

        def work(_progress, cancelled):
            from ...solvers.puppet.make import puppet_of

            return puppet_of(self._path, cancelled=cancelled)

        return work

    def finish(self, _context, result) -> None:
        """Put it into the scene, in place of the one before."""
        scene = bpy.data.scenes.get(self._scene)
        if scene is None:
            return
        before = bpy.data.objects.get(self._before) if self._before else None
        place = before.matrix_world.copy() if before is not None else None
        if before is not None:
            points.take_away(before)
        rig = figure.add(scene, result, str(Path(self._path).resolve()))
        if place is not None:
            rig.matrix_world = place
        scene.understudy.character = rig
        stage.show(scene)
        for note in result.notes:
            self.report({"WARNING"}, note)


class UNDERSTUDY_OT_add_film(ImportHelper, bpy.types.Operator):
    """Make a character of a film: one of its pictures, which plays the film's own motion"""

    bl_idname = "understudy.add_film"
    bl_label = "Add Film Character"
    bl_options = {"REGISTER"}

    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    def execute(self, _context):
        """Build it beside the interface."""
        how = "EXEC_DEFAULT" if bpy.app.background else "INVOKE_DEFAULT"
        return bpy.ops.understudy.build_film(how, filepath=self.filepath)


class UNDERSTUDY_OT_build_film(jobs.Waiting, bpy.types.Operator):
    """Build a character of a film, and let the next bake be a layer over the film's own motion"""

    bl_idname = "understudy.build_film"
    bl_label = "Build Film Character"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}
    kind, title = "puppet", "Looking at the film"

    filepath: bpy.props.StringProperty(name="Film", subtype="FILE_PATH", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, _context):
        """Whether none is being built."""
        return jobs.running(cls.kind) is None

    def begin(self, context) -> jobs.Work:
        """Look at the film in a process of its own."""
        self._scene, path = context.scene.name, bpy.path.abspath(self.filepath)
        polite = not bpy.app.background

        def work(progress, cancelled):
            from .. import character_film

            character_film.check(path, None, None)
            return character_film.look(path, math.inf, None, None, progress, cancelled, polite)

        return work

    def finish(self, _context, result) -> None:
        """Put it into the scene, playing what it played."""
        from .. import armature, character_film, rigs

        scene = bpy.data.scenes.get(self._scene)
        if scene is None:
            return
        film = character_film.added(scene, result)
        character = armature.read(film.objects)
        rate = scene.render.fps / scene.render.fps_base
        clip = character_film.play(film, float(film.own.time[-1]), character, rigs.recognised(character), rate)
        extend(scene, [clip])
        props = scene.understudy
        props.character, props.bake.kind = film.objects.armature, "LAYER"
        for region in REGIONS:
            setattr(props.bake.layer, region, character_film.LAYER.get(region, "OFF"))
        stage.show(scene)
        for note in film.notes:
            self.report({"WARNING"}, note)


class UNDERSTUDY_OT_place_points(bpy.types.Operator):
    """Show where the picture's joints, eyes and mouth are, as points to be moved; then build it anew"""

    bl_idname = "understudy.place_points"
    bl_label = "Place Points"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """Whether the character is a picture's."""
        return _puppet(context) is not None

    def execute(self, context):
        """Put them before the picture."""
        try:
            count = points.place(context.scene, _puppet(context))
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Move the {count} points, then Build Puppet")
        return {"FINISHED"}


CLASSES = (
    UNDERSTUDY_OT_add_picture,
    UNDERSTUDY_OT_build_puppet,
    UNDERSTUDY_OT_add_film,
    UNDERSTUDY_OT_build_film,
    UNDERSTUDY_OT_place_points,
)
