"""Picture: a character that was made of one, and what was guessed of it."""

import json

import bpy

from ...solvers.puppet.puppet import PUPPET
from .. import jobs
from ..puppets import points
from . import work, write


def add_button(layout) -> None:
    """The ways to a picture or a film as a character, or how far it is."""
    job = jobs.running("puppet")
    if job is not None:
        work(layout, job)
    else:
        layout.operator("understudy.add_picture", icon="IMAGE_DATA")
        layout.operator("understudy.add_film", icon="FILE_MOVIE")


class UNDERSTUDY_PT_puppet(bpy.types.Panel):
    """A picture as a character."""

    bl_label = "Picture"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_parent_id = "UNDERSTUDY_PT_character"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context):
        """Whether there is a character."""
        return context.scene.understudy.character is not None

    def draw(self, context):
        """Another picture; the points of this one."""
        layout, rig = self.layout, context.scene.understudy.character
        add_button(layout)
        if rig.type != "ARMATURE" or PUPPET not in rig.data:
            return
        for note in json.loads(rig.data[PUPPET])["notes"]:
            write(layout, context, note, "INFO")
        row = layout.row(align=True)
        row.operator("understudy.place_points", icon="EMPTY_DATA")
        if points.placed(rig):
            row.operator("understudy.build_puppet", icon="FILE_REFRESH").filepath = ""


CLASSES = (UNDERSTUDY_PT_puppet,)
