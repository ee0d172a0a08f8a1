"""VRM Animation (.vrma): glTF that moves any VRM character: bones, VRM's own expressions, and where the eyes look."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

from ..motion.rotations import continuous
from ..names import EXPRESSION, JOINT
from ..performance import Performance
from ..record import written_whole
from ..rigs.faces import FACES, load, weights_on
from . import tree
from .axes import eye_rotations, y_up

EXTENSION = "VRMC_vrm_animation"
# Preset expressions of VRM 1.0 that an animation may move; the looks up, down, left and right are told by lookAt.
PRESETS = ("aa", "ih", "ou", "ee", "oh", "blink", "blinkLeft", "blinkRight", "happy", "angry", "sad", "surprised")
EYES = ("leftEye", "rightEye")  # have no animation of their own, by the specification
FLOAT = 5126  # glTF's number for single precision
TYPES = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}


def write(performance: Performance, path: Path) -> None:
    """Write one animation from 0 s on, at the performance's own samples; its name is the file's.

    Nodes are in T-pose at rest with axes of their own like the room's (y up, front +z). Expressions are VRM's presets,
    made of ARKit's by presets/faces/vrm1.toml, each the x of a node of its own; so that any VRM plays them.
    performance: what the person did. path: of the .vrma.
    Source: github.com/vrm-c/vrm-specification, VRMC_vrm_animation-1.0.
    """
    file = _File(np.asarray(performance.time, float) - performance.time[0])
    bones = _bones(file, performance)
    shown = {name: _expression(file, name, values) for name, values in preset_values(performance.expressions).items()}
    words = {
        "specVersion": "1.0",
        "humanoid": {"humanBones": {name: {"node": node} for name, node in bones.items()}},
        "expressions": {"preset": {name: {"node": node} for name, node in shown.items()}},
        "lookAt": _look(file, performance, bones),
    }
    data = file.packed(words, path.stem)
    with written_whole(path) as temporary:
        temporary.write_bytes(data)


def preset_values(expressions: np.ndarray) -> dict[str, np.ndarray]:
    """{VRM preset expression: (T,) 0..1} of ARKit's expressions (T, 52)."""
    face = weights_on(load(FACES / "vrm1.toml"), PRESETS)
    values = {name: np.zeros(len(expressions)) for name in PRESETS}
    for expression, moved in face.items():
        for name, weight in moved.items():
            values[name] = values[name] + weight * np.nan_to_num(expressions[:, EXPRESSION[expression]])
    moved = {name for weights in face.values() for name in weights}
    return {name: np.clip(value, 0, 1) for name, value in values.items() if name in moved}


def _bones(file: _File, performance: Performance) -> dict[str, int]:
    """{joint: node} of all bones that the performance has, animated, with the hips where they are in T-pose."""
    hierarchy, skeleton = tree.before(performance), np.asarray(performance.skeleton, float)
    nodes: dict[str, int] = {}
    for name, parent in hierarchy.items():
        if name in EYES:
            continue
        start = y_up(skeleton[JOINT[name]] - skeleton[JOINT[parent]]) if parent else [0.0, _standing(performance), 0.0]
        nodes[name] = file.node(name, start, nodes[parent] if parent else None)
        file.animate(nodes[name], "rotation", _xyzw(performance.rotations[:, JOINT[name]]))
    file.animate(nodes["hips"], "translation", y_up(performance.root))
    return nodes


def _standing(performance: Performance) -> float:
    """How high the hips are in T-pose, m: above the lowest joint, or the highest that they ever are without legs."""
    lowest = float(np.nanmin(performance.skeleton[:, 2]))
    legs = np.isfinite(performance.skeleton[[JOINT["leftFoot"], JOINT["rightFoot"]]]).all()
    return -lowest if legs and lowest < 0 else float(np.max(performance.root[:, 2]))


def _look(file: _File, performance: Performance, bones: dict[str, int]) -> dict:
    """What lookAt says: the node that turns as both eyes do on the mean, and where it is on the head."""
    gaze = np.asarray(performance.gaze, float).mean(1, keepdims=True).repeat(2, 1)
    node = file.node("lookAt", None, bones.get("head"))
    file.animate(node, "rotation", _xyzw(eye_rotations(gaze)[:, 0]))
    eyes = performance.skeleton[[JOINT[eye] for eye in EYES]]
    away = y_up(eyes.mean(0) - performance.skeleton[JOINT["head"]])
    return {"node": node} | ({"offsetFromHeadBone": _list(away)} if np.isfinite(away).all() else {})


def _expression(file: _File, name: str, values: np.ndarray) -> int:
    node = file.node(name)
    file.animate(node, "translation", np.stack([values, np.zeros_like(values), np.zeros_like(values)], -1))
    return node


def _xyzw(quaternions: np.ndarray) -> np.ndarray:
    """Rotations (T, 4) wxyz in our axes as glTF has them."""
    quaternions = continuous(quaternions)
    return np.concatenate([y_up(quaternions[:, 1:]), quaternions[:, :1]], -1)


def _list(values) -> list[float]:
    return [round(float(value), 6) for value in values]


class _File:
    """A glTF file that grows: nodes, one animation with the same times for all of its channels, and their numbers."""

    def __init__(self, time: np.ndarray):
        self.nodes = []
        self._channels, self._samplers, self._accessors, self._views = [], [], [], []
        self._numbers = b""
        self._time = self._numbered(time[:, None], bounds=True)

    def node(self, name: str, place=None, parent: int | None = None) -> int:
        """A new node; its number. place: (3,) m from its parent."""
        self.nodes.append({"name": name} | ({"translation": _list(place)} if place is not None else {}))
        number = len(self.nodes) - 1
        if parent is not None:
            self.nodes[parent].setdefault("children", []).append(number)
        return number

    def animate(self, node: int, path: str, values: np.ndarray) -> None:
        """Move a node. path: "rotation" or "translation"; values: (T, 3 or 4)."""
        sampler = {"input": self._time, "interpolation": "LINEAR", "output": self._numbered(values)}
        self._samplers.append(sampler)
        self._channels.append({"sampler": len(self._samplers) - 1, "target": {"node": node, "path": path}})

    def _numbered(self, values: np.ndarray, bounds: bool = False) -> int:
        """The accessor of an array (T, N)."""
        data = np.ascontiguousarray(values, "<f4")
        self._views.append({"buffer": 0, "byteOffset": len(self._numbers), "byteLength": data.nbytes})
        self._numbers += data.tobytes()
        words = {"bufferView": len(self._views) - 1, "componentType": FLOAT, "count": len(data),
                 "type": TYPES[data.shape[1]]}  # fmt: skip
        if bounds:
            words |= {"min": data.min(0).tolist(), "max": data.max(0).tolist()}
        self._accessors.append(words)
        return len(self._accessors) - 1

    def packed(self, words: dict, name: str) -> bytes:
        """The whole file. words: of the extension. name: of the animation."""
        hung = {child for node in self.nodes for child in node.get("children", ())}
        gltf = {
            "asset": {"version": "2.0", "generator": "Understudy"},
            "extensionsUsed": [EXTENSION],
            "extensions": {EXTENSION: words},
            "scene": 0,
            "scenes": [{"nodes": [number for number in range(len(self.nodes)) if number not in hung]}],
            "nodes": self.nodes,
            "animations": [{"name": name, "channels": self._channels, "samplers": self._samplers}],
            "accessors": self._accessors,
            "bufferViews": self._views,
            "buffers": [{"byteLength": len(self._numbers)}],
        }
        text = json.dumps(gltf, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-len(text) % 4)
        numbers = self._numbers + b"\0" * (-len(self._numbers) % 4)
        chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(numbers), b"BIN\0") + numbers
        return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
