"""A character as its rig sees itself: bones at rest, and sliders."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .rigs.face_range import FaceRange


@dataclass(frozen=True)
class Character:
    """What of a character can be driven (B bones, S sliders).

    bones: (B,) names, parents before children.
    parents: (B,) index of each bone's parent, -1 for roots.
    rest: (B, 4, 4) bone.matrix_local: bone to armature space, armature units.
    length: (B,) bone lengths, armature units.
    world: (4, 4) armature object to world.
    metre: armature units per metre of the world, as the object's scale has it (1 for an unscaled armature).
    sliders: (S,) names of shape keys over all meshes of the character, each once.
    slider_max: {slider: largest value its shape key allows}.
    properties: {"bone[property]": value} custom properties on pose bones that a preset may switch, and
    {"bone[constraint name]": influence} of constraints that solve IK.
    connected: (B,) bool: bones whose location does nothing, since they are joined to their parent.
    inherit_rotation: (B,) bool: bones that turn with their parent.
    name: of the armature object, or of the mesh where there is none.
    tags: {word: value} marks that tell a kind of rig ("rig_id" of a generated Rigify rig).
    skin: (V, 3) some points of the surface at rest, armature space; normals: (V, 3) out of it; owner: (V,) the bone
    that each follows most; empty where nothing is known of it.
    follows: {bone: the bone that it is carried by}, of bones whose transforms a constraint copies from another's.
    echoes: {bone: {another: share of its move that a constraint adds to the bone's own}}.
    eyes: (2, 3) middle of the left and the right eye at rest, armature space; NaN where its shapes do not tell.
    face: how far its face goes, compared with people's.
    bound: bones that constraints or drivers move, whatever keys they have.
    deforms: bones that are meant to move skin, where only some are; empty where all are.
    sidelong: bones that move along the axes of what they hang on instead of their own.
    poles: {bone: (another, its direction (3,) at rest, armature space, that IK turns towards the first, its pole)}.
    """

    bones: tuple[str, ...]
    parents: np.ndarray
    rest: np.ndarray
    length: np.ndarray
    world: np.ndarray
    metre: float
    sliders: tuple[str, ...]
    slider_max: dict
    properties: dict
    connected: np.ndarray
    inherit_rotation: np.ndarray
    name: str
    tags: dict = field(default_factory=dict)
    skin: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    normals: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    owner: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    follows: dict[str, str] = field(default_factory=dict)
    echoes: dict[str, dict[str, float]] = field(default_factory=dict)
    eyes: np.ndarray = field(default_factory=lambda: np.full((2, 3), np.nan))
    face: FaceRange = field(default_factory=FaceRange)
    sidelong: frozenset[str] = frozenset()
    poles: dict[str, tuple[str, np.ndarray]] = field(default_factory=dict)
    bound: frozenset[str] = frozenset()
    deforms: frozenset[str] = frozenset()
