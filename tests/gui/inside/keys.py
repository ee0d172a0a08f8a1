"""All keys of all actions in the open file, to be compared."""

import bpy
import numpy as np


def curves(action: bpy.types.Action):
    """All curves of an action, whatever the Blender."""
    if not hasattr(action, "layers"):  # before 4.4
        yield from action.fcurves
        return
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                yield from bag.fcurves


def all_keys() -> dict[str, np.ndarray]:
    """{name of the action and of what a curve moves: (N, 2) frames and values}."""
    found = {}
    for action in bpy.data.actions:
        for curve in curves(action):
            points = np.empty(2 * len(curve.keyframe_points), np.float32)
            curve.keyframe_points.foreach_get("co", points)
            found[f"{action.name}|{curve.data_path}[{curve.array_index}]"] = points.reshape(-1, 2)
    return found


def same(one: dict, other: dict) -> bool:
    """Whether two sets of keys hold the same curves with the same keys."""
    return one.keys() == other.keys() and all(
        points is not None and points.shape == other[name].shape and np.allclose(points, other[name], atol=1e-4)
        for name, points in one.items()
    )


def count(held: dict) -> int:
    """How many keys there are."""
    return sum(len(points) for points in held.values())


def strength(held: dict) -> float:
    """The sum of what shape keys do, whatever their sign."""
    return float(sum(np.abs(points[:, 1]).sum() for name, points in held.items() if "key_blocks" in name))
