"""A performance laid over a character that moves already: which part replaces what it does, and which adds to it."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable

from ..clip import Clip
from ..errors import SettingsError
from ..settings import Settings

REGIONS = ("face", "gaze", "head", "body", "left_hand", "right_hand")
WAYS = {"replace": "REPLACE", "add": "COMBINE", "off": "OFF"}
NEW, REPLACE, COMBINE = "NEW", "REPLACE", "COMBINE"

Layer = dict[str, str]  # {region: "OFF", "REPLACE" or "COMBINE"}; {} for a new action instead of a layer


def by_blend(settings: Settings, layer: Layer) -> dict[str, Settings]:
    """{how strips blend: settings that switch on what is blended so}; one new action where there is no layer.

    Raises SettingsError where the layer leaves out everything.
    """
    if not layer:
        return {NEW: settings}
    found = {}
    for blend in (REPLACE, COMBINE):
        wanted = {region: layer.get(region) == blend and getattr(settings, region) for region in REGIONS}
        if any(wanted.values()):
            found[blend] = dataclasses.replace(settings, **wanted)
    if not found:
        raise SettingsError("The layer leaves out every part of the body: let at least one replace or add.")
    return found


def clips(make: Callable[[Settings], Clip], settings: Settings, layer: Layer) -> dict[str, Clip]:
    """{how it blends: clip} of a performance. make: retargets it by settings."""
    from ..retarget import additive  # here, since the panels know of layers before anything is retargeted

    made = {blend: make(chosen) for blend, chosen in by_blend(settings, layer).items()}
    return made | ({COMBINE: additive(made[COMBINE])} if COMBINE in made else {})


def read(words: str) -> Layer:
    """A layer as the command line has it: "face,gaze,head=add"; what has no way of its own replaces.

    Raises ArgumentTypeError where a part or a way is unknown.
    """
    layer = dict.fromkeys(REGIONS, "OFF")
    for word in words.replace(" ", "").lower().split(","):
        region, _, way = word.replace("-", "_").partition("=")
        if region not in REGIONS or (way or "replace") not in WAYS:
            raise argparse.ArgumentTypeError(
                f"'{word}' is no part of a layer: give some of {', '.join(REGIONS)}, each alone or with =replace or "
                "=add, such as face,gaze,head=add"
            )
        layer[region] = WAYS[way or "replace"]
    return layer
