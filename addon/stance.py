"""How a character stands where no animation moves it: remembered before the first bake, and put back."""

from __future__ import annotations

import json

import bpy
import numpy as np

from . import actions, kin, layers
from .armature import CharacterObjects


def state_of(owner: bpy.types.ID, states) -> dict | None:
    """The state that is of an owner, also if it has got another name since and there is no other of its kind."""
    fitting = [told for told in states if told["kind"] == actions.kind(owner)]
    named = [told for told in fitting if told["owner"] == owner.name]
    return (named or (fitting if len(fitting) == 1 else []) or [None])[0]


def before(objects: CharacterObjects, family: kin.Family) -> list[dict]:
    """What is known of the time before there was any bake: the states of all owners, and how they stood.

    Each bake knows where that stood which it moves; those of one origin have the same time before them.
    """
    states = [told.to_dict() for told in family.main[kin.BEFORE]]
    for other in kin.all_of(objects):
        for told in other.main[kin.BEFORE] if other.mark["origin"] == family.mark["origin"] else ():
            for mine in states:
                if (mine["kind"], mine["owner"]) == (told["kind"], told["owner"]):
                    both = json.loads(told.get("values", "{}")) | json.loads(mine.get("values", "{}"))
                    mine["values"] = json.dumps(both)
    return states


def with_values(objects: CharacterObjects, before: list[dict], planned: dict, switches: dict) -> list[dict]:
    """The states `before` there was any bake, with where all that is going to be moved stands now, if not known yet.

    What is moved by animation has no stand of its own: it rests.
    """
    for owner in actions.owners(objects):
        told = state_of(owner, before)
        if told is None:
            told = layers.state(owner)
            before.append(told)
        values, moved = json.loads(told.get("values", "{}")), layers.animated(owner)
        wanted = {curve.path for plan in planned.values() for of, curves in plan if of == owner for curve in curves}
        wanted |= {path.removesuffix(".value") + ".slider_max" for path in wanted if path.endswith("].value")}
        if owner == objects.armature:
            wanted |= {actions.switch_path(key) for key in actions.possible(owner, switches)}
        for path in wanted - set(values):
            values[path] = stand(owner, path, moved)
        told["values"] = json.dumps(values)
    return before


def stand(owner: bpy.types.ID, path: str, moved: set[actions.Channel]) -> float | list[float]:
    """A property's value, or, where animation moves it, its rest."""
    value = actions.value_of(owner, path)
    if not hasattr(value, "__len__"):
        rest = actions.rest_of(path)
        return float(value) if (path, 0) not in moved or rest is None else float(rest)
    return [
        float(part) if (path, index) not in moved else actions.rest_of(path)[index] for index, part in enumerate(value)
    ]


def without(objects: CharacterObjects, beneath, before):
    """What tells how a character is without a bake, in the form that `actions.plan` asks for.

    beneath: states of the owners when it was put on them, for what they play. before: states with how they stood.
    """

    def values(owner: bpy.types.ID, path: str, count: int, frames: np.ndarray) -> np.ndarray:
        told = state_of(owner, before)
        stood = json.loads(told.get("values", "{}")).get(path) if told else None
        if stood is None:
            stood = stand(owner, path, layers.animated(owner))
        columns = np.broadcast_to(np.reshape(stood, (1, count)).astype(float), (len(frames), count)).copy()
        for index in range(count):
            moved = layers.values_then(owner, state_of(owner, beneath), path, index, frames)
            if moved is not None:
                columns[:, index] = moved
        return columns

    return values


def settle(objects: CharacterObjects, before: list[dict]) -> None:
    """Put all that bakes have moved, and nothing moves any more, to where it stood before; the rest to its rest."""
    for owner in actions.owners(objects):
        told, moved = state_of(owner, before), layers.animated(owner)
        values = json.loads(told.get("values", "{}")) if told else {}
        for path, value in values.items():
            _put_back(owner, path, value, moved)
        for path, index in layers.animated_then(owner, told) - moved:
            if path not in values:
                actions.to_rest(owner, path, index)


def _put_back(owner: bpy.types.ID, path: str, value: float | list[float], moved: set[actions.Channel]) -> None:
    """Set a property by its path where nothing moves it; one that is not there any more is left out."""
    container, _, name = path.rpartition("[" if path.endswith('"]') else ".")
    try:
        thing, old = owner.path_resolve(container), actions.value_of(owner, path)
    except ValueError:
        return
    if isinstance(value, list):
        for index, part in enumerate(value):
            if (path, index) not in moved:
                old[index] = part
    elif (path.replace(".slider_max", ".value"), 0) not in moved:
        if path.endswith('"]'):
            thing[bpy.utils.unescape_identifier(name[1:-2])] = type(old)(value)
        else:
            setattr(thing, name, value)
