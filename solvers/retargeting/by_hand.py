"""Expressions that an artist keys by hand: what of a rig they move is left alone."""

from __future__ import annotations

from dataclasses import replace

from ..rigs.presets import RigPreset
from ..settings import Settings


def left_to_hand(preset: RigPreset, settings: Settings) -> tuple[RigPreset, tuple[str, ...]]:
    """The preset without what is keyed by hand, and the sliders that nothing else moves.

    preset: as recognised on a character. settings: by_hand is used. A slider that shows other expressions, too, goes
    on showing them.
    """
    chosen = [name for name in settings.hand_made if preset.face.get(name)]
    if not chosen:
        return preset, ()
    face = preset.face | {name: {} for name in chosen}
    moved = {slider for sliders in face.values() for slider in sliders}
    alone = dict.fromkeys(slider for name in chosen for slider in preset.face[name] if slider not in moved)
    return replace(preset, face=face), tuple(alone)
