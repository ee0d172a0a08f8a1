"""Render: how the performance is filmed, the film that is being made, and the last one."""

import bpy

from .. import jobs
from . import work, write


class UNDERSTUDY_PT_film(bpy.types.Panel):
    """Filming the performance."""

    bl_label = "Render"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_order = 5
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        """Size, engine, what is in the picture, where it goes, Render, and the last film."""
        layout, film = self.layout, context.scene.understudy.film
        layout.use_property_split, layout.use_property_decorate = True, False
        column = layout.column()
        column.prop(film, "ratio")
        column.prop(film, "engine")
        column = layout.column(heading="With")
        column.prop(film, "stage")
        column.prop(film, "sound")
        column.prop(film, "beside")
        layout.prop(film, "out")
        job = jobs.running("film")
        if job is not None:
            work(layout, job, "frames")
            return
        row = layout.row()
        row.scale_y = 1.3
        row.operator("understudy.render", icon="RENDER_ANIMATION")
        if film.last:
            self._last(context, film)

    def _last(self, context, film) -> None:
        """The film that was made last."""
        box = self.layout.box().column()
        box.operator("understudy.play_film", icon="PLAY")
        write(box, context, film.last)


CLASSES = (UNDERSTUDY_PT_film,)
