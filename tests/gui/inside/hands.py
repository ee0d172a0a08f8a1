"""Hands on a real Blender: move the mouse, click, press keys, find a button. All are generators of seconds to wait.

A button is found as a person finds it, by looking where it is: the mouse goes over the sidebar, and Blender tells what
is under it. So a button that is not drawn, or lies under something else, is not found.
"""

import contextlib
import time

import bpy

BLINK = 0.02  # s for Blender to take in an event and draw
ROW = 15  # px between two looks down the sidebar; a button is 20 px high at least
COLUMNS = (0.62, 0.25, 0.46, 0.91, 0.06)  # of the sidebar's width, without its tabs: fields, labels, ticks, icons
TABS = 26  # px that the tabs take
FIRST_HEADER, HEADER = 15, 27  # units from the top to the middle of the first header, and to the next one
PANELS = ("performance", "character", "look", "bake", "environment", "film", "export", "report", "view")  # from above

_mouse = [0, 0]  # px, where the mouse is: every event says so
_places: dict[str, tuple[int, int]] = {}  # where a button was found last


class Missed(Exception):
    """What a step looked or waited for did not come."""


def window() -> bpy.types.Window:
    """Blender's window; another one after a file has been opened."""
    return bpy.context.window_manager.windows[0]


def viewport() -> tuple[bpy.types.Area, bpy.types.Region, bpy.types.Region]:
    """The 3D viewport, its sidebar and the region where the scene is."""
    areas = [area for area in window().screen.areas if area.type == "VIEW_3D"]
    area = max(areas, key=lambda area: area.width * area.height)
    regions = {region.type: region for region in area.regions}
    return area, regions["UI"], regions["WINDOW"]


def wait(happened, seconds: float, what: str):
    """Wait until something is so.

    happened: called without arguments. seconds: at most. what: for the message. Raises Missed in the end.
    """
    until = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > until:
            raise Missed(f"waited {seconds:g} s in vain: {what}")
        yield 0.05


def send(kind: str, value: str = "NOTHING", at: tuple[int, int] | None = None, **more) -> None:
    """Let Blender have an event. at: px of the window, from below left; None is where the mouse is."""
    if at is not None:
        _mouse[:] = map(int, at)
    window().event_simulate(type=kind, value=value, x=_mouse[0], y=_mouse[1], **more)


def move(x: int, y: int):
    """Bring the mouse somewhere. x, y: px of the window, from below left."""
    for at in (x - 1, x):
        send("MOUSEMOVE", at=(at, y))
        yield BLINK


def click(x: int, y: int, button: str = "LEFTMOUSE", **held):
    """Press and release a button of the mouse. held: shift, ctrl, alt."""
    yield from move(x, y)
    yield from press(button, **held)
    yield 3 * BLINK


def drag(x: int, y: int, right: int):
    """Drag from a place to the right, as one drags a slider. right: px."""
    yield from move(x, y)
    send("LEFTMOUSE", "PRESS")
    yield BLINK
    for step in range(1, 11):
        send("MOUSEMOVE", at=(x + right * step // 10, y))
        yield BLINK
    send("LEFTMOUSE", "RELEASE")
    yield 5 * BLINK


def press(key: str, **held):
    """Press and release a key, or a button, where the mouse is. held: shift, ctrl, alt."""
    for value in ("PRESS", "RELEASE"):
        send(key, value, **held)
        yield BLINK
    yield 2 * BLINK


def write(words: str):
    """Type words into the field that is being edited, in place of what it holds, and Return."""
    yield from press("A", ctrl=True)
    for letter in words:
        send("A", "PRESS", unicode=letter)
        send("A", "RELEASE")
        yield 0.0
    yield BLINK
    yield from press("RET")


def under(region: bpy.types.Region) -> str:
    """What the mouse is over: a command as "understudy.detect()", a property as "intensity", "" for neither."""
    area = viewport()[0]
    with bpy.context.temp_override(window=window(), area=area, region=region):
        if bpy.context.property:
            return bpy.context.property[1].rpartition(".")[2]
        bpy.context.window_manager.clipboard = ""
        with contextlib.suppress(RuntimeError):  # no command there, says its poll
            bpy.ops.ui.copy_python_command_button()
    return bpy.context.window_manager.clipboard.removeprefix("bpy.ops.")


def find(wanted: str):
    """Look for a button in the sidebar, scrolling down where it is not in sight; returns its place, x and y.

    wanted: how the command, as `under` gives it, begins, or the property's name. Raises Missed.
    """
    sidebar = viewport()[1]
    yield from scroll(-60)
    for page in range(8):
        for x, y in _looks(sidebar, _places.get(wanted) if not page else None):
            send("MOUSEMOVE", at=(x, y))
            yield BLINK
            if _is(under(sidebar), wanted):
                yield 3 * BLINK  # what is under the mouse may be one event behind it
                if _is(under(sidebar), wanted):
                    _places[wanted] = x, y
                    return x, y
        top = sidebar.view2d.region_to_view(0, 0)[1]
        yield from scroll(12)
        if abs(sidebar.view2d.region_to_view(0, 0)[1] - top) < 1:
            break
    raise Missed(f"no {wanted} in the sidebar")


def _looks(sidebar, first: tuple[int, int] | None):
    """Places to look at: the one where it was last, then all over the sidebar."""
    if first is not None:
        yield from (first, (first[0] + 1, first[1]))
    for column in COLUMNS:
        x = sidebar.x + int((sidebar.width - TABS) * column)
        yield from ((x, y) for y in range(sidebar.y + sidebar.height - 4, sidebar.y + 4, -ROW))


def _is(there: str, wanted: str) -> bool:
    return there == wanted or ("." in wanted and there.startswith(wanted))


def push(wanted: str):
    """Find a button and click it. wanted: as `find` takes it."""
    x, y = yield from find(wanted)
    yield from click(x, y)


def fill(wanted: str, words: str):
    """Find a field of text, click it, type words, and Return. wanted: as `find` takes it."""
    yield from push(wanted)
    yield 5 * BLINK
    yield from write(words)
    yield 5 * BLINK


def number(wanted: str, value: float):
    """Find a field of a number, press Return over its middle to edit it, type, and Return.

    wanted: as `find` takes it.
    """
    yield from middle(wanted)  # at its ends there are arrows
    yield from press("RET")
    yield 5 * BLINK
    yield from write(f"{value:g}")
    yield 5 * BLINK


def middle(wanted: str):
    """Find a button and bring the mouse to its middle; returns the place. wanted: as `find` takes it."""
    x, y = yield from find(wanted)
    ends = []
    for step in (-8, 8):
        end = x
        while _is(under(viewport()[1]), wanted) and abs(end - x) < 400:
            end += step
            yield from move(end, y)
            yield BLINK
        ends.append(end)
        yield from move(x, y)
        yield BLINK
    yield from move(sum(ends) // 2, y)
    yield BLINK
    return sum(ends) // 2, y


def scroll(rows: int):
    """Turn the mouse's wheel over the sidebar's first panel. rows: down, or up where negative."""
    yield from move(*_header(0))  # where no panel is, the wheel would turn the viewport below
    for _ in range(abs(rows)):
        send("WHEELDOWNMOUSE" if rows > 0 else "WHEELUPMOUSE", "PRESS")
        yield 0.0
    yield 10 * BLINK


def open_only(room: str):
    """Open one panel of the sidebar and close the others, by clicks on their headers.

    room: one of PANELS. All panels above the one that is clicked are closed, so that it is known where its header is.
    """
    yield from show_tab()
    drawn: set[str] = set()
    for _ in range(3):  # a click right after a file was opened may come too early
        yield from scroll(-60)
        drawn = yield from drawn_panels()
        if drawn == {room}:
            return
        for name in PANELS:
            if name in drawn:
                yield from _click_header(name)
        yield from _click_header(room)
    drawn = yield from drawn_panels()
    if drawn != {room}:
        raise Missed(f"the panels {', '.join(sorted(drawn))} are open, and not {room} alone")


def show_tab():
    """Open the sidebar at Understudy's tab, with the mouse over it."""
    area, sidebar, _ = viewport()
    if sidebar.width < 50:
        area.spaces.active.show_region_ui = True
        yield 0.3
    if sidebar.active_panel_category != "Understudy":
        sidebar.active_panel_category = "Understudy"
        sidebar.tag_redraw()
        yield 0.3
    yield from move(*_header(0))


def drawn_panels():
    """The names of PANELS that are open now: those whose contents Blender draws."""
    drawn, spies = set(), {}
    for name in PANELS:
        kind = getattr(bpy.types, f"UNDERSTUDY_PT_{name}", None)
        if kind is not None:
            spies[name] = (kind, lambda _self, _context, name=name: drawn.add(name))
            kind.append(spies[name][1])
    viewport()[1].tag_redraw()
    yield 0.15
    for kind, spy in spies.values():
        kind.remove(spy)
    return drawn


def _click_header(name: str):
    there = [other for other in PANELS if hasattr(bpy.types, f"UNDERSTUDY_PT_{other}")]
    yield from click(*_header(there.index(name)))
    yield 0.15


def _header(index: int) -> tuple[int, int]:
    """Where a panel's header is when all panels above it are closed."""
    sidebar, scale = viewport()[1], bpy.context.preferences.system.ui_scale
    return sidebar.x + 60, sidebar.y + sidebar.height - int((FIRST_HEADER + HEADER * index) * scale)
