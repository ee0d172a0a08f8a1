"""Eyeballs with iris and pupil, the small light in them, and the upper lashes; in shares of the head's height."""

from __future__ import annotations

import numpy as np

from .headstyle import HeadStyle
from .part import Part
from .shapes import FLIP, lid_amounts
from .skin import lid

# Angles of the eyeball at full weight (out, up), radians: 30 degrees to the sides, 22 up, 25 down.
LOOK = {"eyeLookOut": (0.52, 0.0), "eyeLookIn": (-0.52, 0.0), "eyeLookUp": (0.0, 0.38), "eyeLookDown": (0.0, -0.44)}
SEGMENTS = 32


def looked(points: np.ndarray, out: float, up: float) -> np.ndarray:
    """Points about the left eyeball's centre after it looked aside. points: (N, 3); out, up: radians."""
    c, s = np.cos(up), np.sin(up)
    y, z = c * points[:, 1] + s * points[:, 2], -s * points[:, 1] + c * points[:, 2]
    c, s = np.cos(out), np.sin(out)
    return np.stack([c * points[:, 0] - s * y, s * points[:, 0] + c * y, z], 1)


def _disc(angles: list[float], radii: list[float], materials: list[str]) -> tuple[np.ndarray, list, list]:
    """Rings about -Y at the given angles from it: vertices, faces, materials of a cap that starts at the axis."""
    turn = 2 * np.pi * np.arange(SEGMENTS) / SEGMENTS
    points = [np.array([[0.0, -radii[0], 0.0]])]
    for angle, radius in zip(angles[1:], radii[1:], strict=True):
        a = np.sin(angle)
        points.append(radius * np.stack([a * np.cos(turn), np.full(SEGMENTS, -np.cos(angle)), a * np.sin(turn)], 1))
    faces, names = [], []
    for ring in range(len(angles) - 1):
        for j in range(SEGMENTS):
            k = (j + 1) % SEGMENTS
            outer = (1 + ring * SEGMENTS + j, 1 + ring * SEGMENTS + k)
            inner = (0,) if ring == 0 else (1 + (ring - 1) * SEGMENTS + k, 1 + (ring - 1) * SEGMENTS + j)
            faces.append(outer + inner)
            names.append(materials[ring])
    return np.concatenate(points), faces, names


def _placed(name: str, style: HeadStyle, sign: int, local: np.ndarray, shapes: dict, faces, materials, weights) -> Part:
    """A part from points about the left eye's centre, mirrored for the right eye."""
    flip = FLIP if sign < 0 else np.ones(3)
    order = 1 if sign > 0 else -1
    return Part(
        name,
        (np.asarray(style.eye) + local) * flip,
        tuple(tuple(f[::order]) for f in faces),
        tuple(materials),
        weights,
        {key + ("Left" if sign > 0 else "Right"): value * flip for key, value in shapes.items()},
    )


def eyeball(style: HeadStyle, sign: int) -> Part:
    """One eyeball. sign: +1 the left, -1 the right."""
    iris, pupil, r = style.iris, style.pupil, style.eye_radius
    angles = [0, pupil * 0.5, pupil, pupil + 0.35 * (iris - pupil), iris * 0.86, iris, iris + 0.04]
    angles += list(np.linspace(iris + 0.22, np.pi - 0.12, 9))
    materials = ["pupil", "pupil", "iris", "iris", "limbus"] + ["sclera"] * 10
    # The iris lies a little deeper than the white, like a shallow dish.
    radii = [0.975, 0.975, 0.972, 0.972, 0.980, 0.993, 1.0] + [1.0] * 9
    points, faces, names = _disc(angles, radii, materials)
    points = points * r
    shapes = {key: looked(points, *angle) - points for key, angle in LOOK.items()}
    bone = "leftEye" if sign > 0 else "rightEye"
    return _placed(bone, style, sign, points, shapes, faces, names, {bone: np.ones(len(points))})


def highlight(style: HeadStyle, sign: int) -> Part:
    """The small light at the upper edge of the pupil, on the same side in both eyes; it follows half the gaze."""
    size = style.iris * 0.24
    cap, faces, names = _disc([0, size * 0.6, size, size * 1.02], [1.010, 1.010, 1.008, 0.97], ["highlight"] * 3)
    points = looked(cap, sign * style.iris * 0.38, style.iris * 0.46) * style.eye_radius
    shapes = {key: looked(points, 0.8 * a, 0.8 * b) - points for key, (a, b) in LOOK.items()}
    bone = "leftEye" if sign > 0 else "rightEye"
    name = f"{bone} highlight"
    return _placed(name, style, sign, points, shapes, faces, names, {bone: np.ones(len(points))})


def _lash_points(style: HeadStyle, drop: float, rise: float) -> np.ndarray:
    """Points (3 * 17, 3) of the left upper lashes about the eye's centre: root below, tip, root above."""
    if drop < 0:  # a lid that opens wider carries its lashes as they are
        u, one = np.cos(np.linspace(np.pi, 0, 17)), np.ones(17)
        lifted = lid(style, one, u, one, drop, rise) - lid(style, one, u, one)
        return _lash_points(style, 0.0, 0.0) + np.tile(lifted, (3, 1))
    u = np.cos(np.linspace(np.pi, 0, 17))
    one = np.ones_like(u)
    edge = lid(style, one * 1.0, u, one, drop, rise) - np.asarray(style.eye)
    above = lid(style, one * 1.35, u, one, drop, rise) - np.asarray(style.eye)
    normal = edge / np.linalg.norm(edge, axis=1, keepdims=True)
    tangent = above - edge
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-6)
    long = style.lash * (0.12 + 0.88 * np.clip((u + 1) / 1.7, 0, 1)) * np.clip(1.04 - u**4, 0.04, 1)
    thick = 0.05 * style.eye_radius * np.clip(1.04 - u**4, 0.1, 1)
    tip = (
        edge
        + normal * (0.75 * long + thick)[:, None]
        + tangent * (long * 0.35 * (1 - 1.2 * np.clip(drop, 0, 1)))[:, None]
    )
    tip[:, 0] += 0.35 * long * u
    return np.concatenate([edge - 0.02 * style.eye_radius * normal, tip, above + 0.7 * thick[:, None] * normal])


def lashes(style: HeadStyle, sign: int) -> Part:
    """The upper lashes as one dark fringe along the lid's edge, which also draws the line of the closed eye."""
    points = _lash_points(style, 0, 0)
    n = len(points) // 3
    faces = [
        (a * n + j, a * n + j + 1, b * n + j + 1, b * n + j) for a, b in ((0, 1), (1, 2), (2, 0)) for j in range(n - 1)
    ]
    shapes = {
        key: _lash_points(style, *amount) - points for key, amount in lid_amounts(style).items() if amount[0] != 0
    }
    name = ("left" if sign > 0 else "right") + " lashes"
    return _placed(name, style, sign, points, shapes, faces, ["lash"] * len(faces), {"head": np.ones(len(points))})
