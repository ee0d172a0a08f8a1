"""The story: what an artist does from the first start to the film, and what must be gone in the end."""

import sys
from pathlib import Path

import bpy

from . import census, hands, keys
from .stage import MODULE, Absent, expect

DETECTED = 90.0  # s that detecting may take


def baseline(stage):
    """How long this machine needs to draw, with nothing of ours: what the other figures are to be seen against."""
    census.count_drawers()
    stage.memory["before"] = census.take()
    yield 1.0
    area, sidebar, view = hands.viewport()
    area.spaces.active.show_region_ui = True
    yield 0.5
    yield from stage.measured("idle", _redrawn(()))
    yield from stage.measured("sidebar_redrawn", _redrawn((sidebar,)))
    yield from stage.measured("viewport_redrawn", _redrawn((view,)))


def _redrawn(regions):
    for _ in range(20):
        for region in regions:
            region.tag_redraw()
        yield 0.1


def install(stage):
    """The zip goes in by the preferences' own operator, and is enabled without a warning."""
    import addon_utils

    bpy.ops.extensions.package_install_files(
        filepath=stage.material["zip"], repo="user_default", enable_on_install=True, overwrite=True
    )
    yield 1.0
    expect(MODULE in bpy.context.preferences.addons, "the extension is not enabled")
    expect(not addon_utils._extensions_warnings_get(), f"warnings: {addon_utils._extensions_warnings_get()}")
    expect(hasattr(bpy.types.Scene, "understudy"), "the scene has no property understudy")
    area = hands.viewport()[0]
    area.ui_type = "PREFERENCES"
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "Understudy"
    yield from hands.move(area.x + area.width // 2, area.y + area.height // 2)
    yield 0.5
    addon_utils.module_bl_info(sys.modules[MODULE])["show_expanded"] = True
    area.tag_redraw()
    yield from stage.shoot("preferences")
    area.ui_type = "VIEW_3D"
    yield 0.5


def open_tab(stage):
    """The sidebar has a tab with the nine panels in the order of work, the first two open."""
    yield from hands.show_tab()
    drawn = yield from hands.drawn_panels()
    yield from hands.move(*_off())
    yield from stage.shoot("tab")
    missing = [name for name in hands.PANELS if not hasattr(bpy.types, f"UNDERSTUDY_PT_{name}")]
    expect(not missing, f"no panel for {', '.join(missing)}")
    expect(drawn == {"performance", "character"}, f"open at first: {', '.join(sorted(drawn))}")


def choose_video(stage):
    """A path is typed into the field; soon after, a line says what can be expected of the video."""
    yield from hands.open_only("performance")
    yield from _choose(stage, "demo")


def cancel_detect(stage):
    """Esc in the middle ends the work: no take, no process, no file stays."""
    before = census.take()
    yield from hands.push("understudy.detect")
    yield from hands.wait(lambda: stage.job("detect"), 5, "Detect starts no job")
    yield from hands.wait(lambda: stage.job("detect") is None or stage.job("detect").share > 0.3, DETECTED, "30 %")
    expect(stage.job("detect") is not None, "detecting ended before it could be cancelled")
    yield from hands.move(*_off())
    yield from stage.shoot("progress")
    yield from hands.press("ESC")
    yield from hands.wait(lambda: stage.job("detect") is None, 10, "Esc ends detecting")
    yield 0.5
    yield from stage.shoot("cancelled")
    expect(not stage.props.takes, "a cancelled detection left a take in the list")
    yield from _nothing_more(before)


def detect_demo(stage):
    """The demo clip, to the end: a take is in the list, and the interface went on meanwhile."""
    yield from stage.measured("blocked", _detected(stage, "progress_demo"))
    yield from stage.shoot("take")


def detect_sister(stage):
    """A part of a real video, chosen by its range."""
    yield from _choose(stage, "sister")
    yield from hands.push("use_range")
    expect(stage.props.use_range, "a click does not switch the range on")
    yield from hands.number("end", 1.5)
    expect(abs(stage.props.end - 1.5) < 1e-4, f"the range's end is {stage.props.end:g}")
    yield from stage.shoot("range")
    yield from stage.measured("blocked", _detected(stage, "progress_sister"))
    take = stage.props.take
    expect(1.0 < take.seconds < 1.6, f"the take of 1.5 s has {take.seconds:.2f} s")
    yield from stage.shoot("two_takes")


def add_starter(stage):
    """The starter is one button away, is chosen, and its rig is recognised."""
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    yield from hands.open_only("character")
    yield from hands.push("understudy.add_starter")
    yield from hands.wait(lambda: stage.props.character, 20, "a character in the panel")
    expect(stage.props.rig != "", "its rig is not recognised")
    yield from _framed(stage.props.character)
    yield from hands.move(*_off())
    yield from stage.shoot("starter")


def bake(stage):
    """Bake makes keys on it; one Ctrl Z takes them back, and one Ctrl Shift Z brings them again."""
    _choose_take(stage, 0)
    yield from hands.open_only("bake")
    yield from stage.shoot("bake_panel")
    before = keys.all_keys()
    yield from stage.measured("blocked", _baked(stage))
    made = keys.all_keys()
    expect(len(made) > len(before) + 50, f"{len(made)} curves after baking, {len(before)} before")
    stage.note(curves=len(made), keys=keys.count(made))
    yield from hands.move(*_off())
    yield from stage.shoot("baked")
    yield from _undone(lambda: keys.same(keys.all_keys(), before), "one Ctrl Z takes the bake back")
    expect(stage.props.character is not None and stage.props.takes, "Ctrl Z took more back than the bake")
    yield from hands.press("Z", ctrl=True, shift=True)
    yield from hands.wait(lambda: keys.same(keys.all_keys(), made), 10, "Ctrl Shift Z brings the bake again")


def intensity(stage):
    """A slider that is typed in, or dragged, re-bakes the keys; Ctrl Z takes back slider and keys."""
    yield from hands.open_only("look")
    yield from hands.move(*_off())
    yield from stage.shoot("look")
    first = keys.all_keys()
    yield from stage.measured("blocked", hands.number("intensity", 4.5))
    expect(abs(stage.props.look.intensity - 4.5) < 1e-4, f"intensity is {stage.props.look.intensity:g}")
    yield from stage.measured("rebake", _followed(first, "keys follow the typed intensity"))
    stronger = keys.all_keys()
    expect(keys.strength(stronger) > 1.05 * keys.strength(first), "expressions are no stronger at 4.5 than at 3")
    yield from stage.shoot("stronger")
    yield from _undone(lambda: abs(stage.props.look.intensity - 3) < 1e-4, "Ctrl Z takes the intensity back")
    yield from hands.wait(lambda: keys.same(keys.all_keys(), first), 10, "keys follow the intensity that is taken back")
    place = yield from hands.middle("intensity")
    yield from stage.measured("dragged", hands.drag(*place, -40))
    expect(stage.props.look.intensity < 3, f"dragging left the intensity at {stage.props.look.intensity:g}")
    yield from stage.measured("rebake_after_drag", _followed(first, "keys follow the dragged intensity"))


def take_to_another(stage):
    """Another character, from a file, is picked in the panel by its name; its rig is recognised."""
    rig, kind = _brought(stage)
    rig.location.x += 1.2
    yield from hands.open_only("character")
    yield from hands.push("character")
    yield 0.5
    yield from stage.shoot("pick")
    for letter in rig.name:
        hands.send("A", "PRESS", unicode=letter)
        hands.send("A", "RELEASE")
        yield hands.BLINK
    yield 0.5
    yield from hands.press("RET")
    yield from hands.wait(lambda: stage.props.character == rig, 5, f"{rig.name} in the panel")
    expect(stage.props.rig.lower() == kind, f"its rig is called {stage.props.rig!r}")
    yield from _framed(rig)
    yield from hands.move(*_off())
    yield from stage.shoot("another")


def bake_to_another(stage):
    """The performance goes onto it too, and stays on the first."""
    if stage.props.character is None or stage.props.character.name == "Starter":
        raise Absent("no other character is at hand")
    before = keys.all_keys()
    yield from hands.open_only("bake")
    yield from stage.measured("blocked", _baked(stage))
    after = keys.all_keys()
    expect(len(after) > len(before) + 50, f"{len(after)} curves after baking, {len(before)} before")
    expect(keys.same({name: after.get(name) for name in before}, before), "the first character's keys have changed")
    bpy.context.scene.frame_set(60)
    yield from hands.move(*_off())
    yield from stage.shoot("both")


def render(stage):
    """Render makes a film of the scene's frames while Blender stays free."""
    scene, film = bpy.context.scene, stage.props.film
    film.ratio, film.engine, film.out = "SCENE", "workbench", str(stage.out / "film.mp4")
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 320, 240, 100
    scene.frame_start, scene.frame_end = 40, 51
    yield from hands.open_only("film")
    yield from stage.shoot("render_panel")
    yield from stage.measured("blocked", _filmed(stage))
    yield from hands.move(*_off())
    yield from stage.shoot("rendered")
    clip = bpy.data.movieclips.load(film.out)
    told = (clip.frame_duration, *clip.size)
    bpy.data.movieclips.remove(clip)
    expect(told[0] == 12, f"the film has {told[0]} frames of {told[1]} x {told[2]} px")


def weakest(stage):
    """Report tells how much was seen, and a button goes to a weakest stretch."""
    _choose_take(stage, len(stage.props.takes) - 1)
    yield from hands.open_only("report")
    yield from hands.move(*_off())
    yield from stage.shoot("report")
    bpy.context.scene.frame_set(999)
    yield from hands.push("understudy.jump(")
    yield from hands.wait(lambda: bpy.context.scene.frame_current != 999, 5, "the timeline jumps")
    stage.note(frame=bpy.context.scene.frame_current)


def environment_and_export(stage):
    """Motion that nobody performs and the ways out of Blender have panels whose buttons can be reached."""
    for room, button in (("environment", "breathing"), ("export", "understudy.export(")):
        yield from hands.open_only(room)
        yield from hands.find(button)
        yield from hands.move(*_off())
        yield from stage.shoot(f"{room}_panel")


def overlay(stage):
    """The solved skeleton and the driving video can be seen beside the character."""
    _choose_take(stage, 0)
    stage.props.character = bpy.data.objects["Starter"]
    for other in bpy.context.view_layer.objects:
        other.hide_set(stage.props.character not in (other, other.parent))
    yield from hands.open_only("view")
    yield from hands.push("skeleton")
    yield from hands.push("landmarks")
    expect(stage.props.view.skeleton and stage.props.view.landmarks, "clicks do not switch the overlays on")
    stage.props.view.footage = "PLANE"
    yield 2.0
    bpy.context.scene.frame_set(30)
    yield from _framed(stage.props.character)
    for thing in bpy.context.selected_objects:
        thing.select_set(False)
    yield from hands.move(*_off())
    yield from stage.shoot("overlay")
    expect(census.take()["drawers"], "nothing draws the overlays")


def another_file(stage):
    """A file that is opened while something is detected ends that: no process, job, file or timer of it stays."""
    stage.props.view.footage = "NONE"
    bpy.ops.wm.save_as_mainfile(filepath=str(stage.out / "story.blend"))
    bpy.ops.wm.read_homefile(app_template="")
    yield 2.0
    before = census.take()
    yield from hands.open_only("performance")
    yield from _choose(stage, "demo")
    yield from hands.push("understudy.detect")
    yield from hands.wait(lambda: stage.job("detect") and stage.job("detect").share > 0.1, DETECTED, "10 %")
    expect(census.left(before, census.take()).get("processes"), "no process detects")
    yield from stage.measured("blocked_by_opening", _opened(stage.out / "story.blend"))
    expect(stage.job("detect") is None, "detecting goes on")
    expect(len(stage.props.takes) in (1, 2), f"{len(stage.props.takes)} takes in the file that was opened")
    yield from _nothing_more(before, "drawers")
    yield from hands.open_only("performance")
    yield from stage.shoot("another_file")


def reload_scripts(stage):
    """Reloading all scripts leaves everything there once."""
    before = census.take()
    bpy.ops.script.reload()
    yield 3.0
    yield from _nothing_more(before)
    lost = census.left(census.take(), before)
    expect(not lost, f"lost: {lost}")
    yield from hands.open_only("performance")
    yield from stage.shoot("reloaded")


def disable_enable_disable(stage):
    """Disabled, enabled and disabled again, in the middle of detecting, Understudy leaves nothing behind."""
    yield from hands.open_only("performance")
    yield from hands.push("understudy.detect")
    yield from hands.wait(lambda: stage.job("detect") and stage.job("detect").share > 0.05, DETECTED, "5 %")
    for action in (bpy.ops.preferences.addon_disable, bpy.ops.preferences.addon_enable) * 2:
        action(module=MODULE)
        yield 1.0
        if action is bpy.ops.preferences.addon_enable:
            yield from hands.open_only("performance")
    bpy.ops.preferences.addon_disable(module=MODULE)
    yield 1.0
    yield from stage.shoot("disabled")
    yield from _nothing_more(stage.memory["before"])


def _brought(stage) -> tuple[bpy.types.Object, str]:
    """Another character's armature, and the kind of its rig: from a .blend, or a .glb where this Blender is too old."""
    scene = bpy.context.scene
    if "rigify" in stage.material and bpy.app.version >= (5, 0, 0):  # that saved the file
        with bpy.data.libraries.load(stage.material["rigify"], link=False) as (held, wanted):
            wanted.collections = [name for name in held.collections if name == "Collection"]
        scene.collection.children.link(wanted.collections[0])
        return next(thing for thing in wanted.collections[0].objects if thing.type == "ARMATURE"), "rigify"
    if "mixamo" not in stage.material:
        raise Absent("the characters mh_f_rigify.blend and mh_f_mixamo.glb are not at hand")
    before = set(scene.objects)
    bpy.ops.import_scene.gltf(filepath=stage.material["mixamo"])
    return next(thing for thing in set(scene.objects) - before if thing.type == "ARMATURE"), "mixamo"


def _opened(path: Path):
    bpy.ops.wm.open_mainfile(filepath=str(path))
    yield 1.0


def _filmed(stage):
    yield from hands.push("understudy.render")
    yield from hands.wait(lambda: stage.job("film"), 10, "Render starts no job")
    yield from hands.move(*_off())
    yield 1.5
    yield from stage.shoot("filming")
    yield from hands.wait(lambda: stage.job("film") is None, 100, "the film's end")
    yield 1.0
    expect(Path(stage.props.film.out).is_file(), "there is no film")


def _baked(stage):
    before = keys.all_keys()
    yield from hands.push("understudy.bake(")
    yield from hands.wait(lambda: len(keys.all_keys()) > len(before), 30, "Bake makes keys")
    yield 0.5


def _followed(before: dict, what: str):
    yield from hands.wait(lambda: not keys.same(keys.all_keys(), before), 10, what)
    yield 1.0


def _undone(happened, what: str):
    yield from hands.move(*_off())
    yield from hands.press("Z", ctrl=True)
    yield from hands.wait(happened, 10, what)
    yield 0.5


def _choose_take(stage, index: int) -> None:
    stage.props.take_index = index


def _framed(thing):
    """Turn the viewport to a character, from in front."""
    area, _, view = hands.viewport()
    for other in bpy.context.view_layer.objects:
        other.select_set(other == thing or other.parent == thing)
    bpy.context.view_layer.objects.active = thing
    with bpy.context.temp_override(window=hands.window(), area=area, region=view):
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
    yield 1.0


def _choose(stage, name: str):
    if name not in stage.material:
        raise Absent(f"the video {name} is not at hand")
    path = stage.material[name]
    yield from hands.fill("video", path)
    expect(stage.props.video == path, f"the field holds {stage.props.video!r}")
    waited = hands.wait(lambda: stage.props.preflight, 60, "a line about the video")
    yield from stage.measured("blocked_by_preflight", waited)
    yield from hands.move(*_off())
    yield from stage.shoot(f"preflight_{name}")
    stage.note(preflight=stage.props.preflight)


def _detected(stage, picture: str):
    count = len(stage.props.takes)
    yield from hands.push("understudy.detect")
    yield from hands.wait(lambda: stage.job("detect"), 5, "Detect starts no job")
    yield from hands.move(*_off())
    yield from hands.wait(lambda: stage.job("detect") is None or stage.job("detect").share > 0.6, DETECTED, "60 %")
    yield from stage.shoot(picture)
    yield from hands.wait(lambda: len(stage.props.takes) > count, DETECTED, "a take in the list")
    yield 0.5
    path = Path(bpy.path.abspath(stage.props.take.path))
    expect(path.is_file(), f"the take's file {path} is not there")


def _off() -> tuple[int, int]:
    """A place in the viewport where the mouse is in nobody's way."""
    region = hands.viewport()[2]
    return region.x + region.width // 2, region.y + 60


def _nothing_more(before: dict, *apart: str):
    """Within a few seconds, nothing is there that was not there before. apart: kinds that do not count."""

    def more():
        return {kind: names for kind, names in census.left(before, census.take()).items() if kind not in apart}

    for _ in range(10):
        if not more():
            return
        yield 0.5
    expect(not more(), f"left behind: {more()}")


def calm(stage):
    """In a window so small that drawing it in software takes little: nothing keeps the interface waiting for long."""
    yield from stage.measured("idle", _redrawn(()))
    yield from stage.measured("all_redrawn", _redrawn([region for area in _areas() for region in area.regions]))
    bpy.ops.extensions.package_install_files(
        filepath=stage.material["zip"], repo="user_default", enable_on_install=True, overwrite=True
    )
    yield 1.0
    area, sidebar, _ = hands.viewport()
    area.spaces.active.show_region_ui = True
    yield 0.5
    sidebar.active_panel_category = "Understudy"
    yield 0.5
    for name in ("demo", "sister"):
        if name in stage.material:
            yield from stage.measured(f"check_{name}", _calm_check(stage, name))
            yield from stage.measured(f"detect_{name}", _calm_detect(stage))
    with _in_viewport():
        bpy.ops.understudy.add_starter()
    yield 2.0
    yield from stage.measured("bake", _calm_bake(stage))
    yield from stage.shoot("calm")


def _areas():
    return hands.window().screen.areas


def _in_viewport():
    area, _, view = hands.viewport()
    return bpy.context.temp_override(window=hands.window(), area=area, region=view)


def _calm_check(stage, name: str):
    with _in_viewport():
        stage.props.video = stage.material[name]
    yield from hands.wait(lambda: stage.props.preflight, 60, "a line about the video")
    yield 0.5


def _calm_detect(stage):
    count = len(stage.props.takes)
    with _in_viewport():
        bpy.ops.understudy.detect("INVOKE_DEFAULT")
    yield from hands.wait(lambda: len(stage.props.takes) > count, DETECTED, "a take in the list")
    yield 1.0


def _calm_bake(stage):
    before = keys.count(keys.all_keys())
    with _in_viewport():
        bpy.ops.understudy.bake("INVOKE_DEFAULT")
    yield 3.0
    expect(keys.count(keys.all_keys()) > before, "Bake makes keys")


STEPS = (
    baseline,
    install,
    open_tab,
    choose_video,
    cancel_detect,
    detect_demo,
    detect_sister,
    add_starter,
    bake,
    intensity,
    take_to_another,
    bake_to_another,
    render,
    weakest,
    environment_and_export,
    overlay,
    another_file,
    reload_scripts,
    disable_enable_disable,
)
SMALL = (calm,)  # steps for a small window
