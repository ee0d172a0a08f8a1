"""Bakes: performances on a character, named, kept in the file, compared, switched and taken away again."""

import dataclasses
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """All that a bake is made of, so that it can be made again.

    take: path of its file as the scene has it. settings: {name: value} of solvers.settings. start: first frame.
    begin, end: s, part of the take; end 0 is its end. rate: "scene" or "sample". tolerance: rad, 0 keeps all keys.
    layer: {region: "OFF", "REPLACE" or "COMBINE"} for a layer over other animation, {} for a new action.
    """

    take: str
    settings: dict
    start: int = 1
    begin: float = 0.0
    end: float = 0.0
    rate: str = "scene"
    tolerance: float = 0.0
    layer: dict = dataclasses.field(default_factory=dict)

    def words(self) -> str:
        """The same as JSON; equal recipes have equal words."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)
