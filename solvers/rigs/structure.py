"""Which bone plays which joint, told by where bones are and how they hang together: for rigs with unknown names.

A body is symmetric, so its bones come in mirrored pairs beside a column of single ones. Two pairs of chains are limbs:
the legs go down from the hips, the arms leave the column higher up, and the column ends in the head. Names, axes,
rolls, scale and the way the character faces do not matter; bones that carry no skin are left out where there is any.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, permutations

import numpy as np

from ..character import Character
from ..errors import RigError
from ..names import FINGERS, finger_bones

# All of these are shares of a length of the body itself; they part the bodies of people, toys and cartoons from what
# is none, and were chosen from the proportions of a dozen characters from 2 to 8 heads tall.
MIDDLE = 0.006  # of the extent: nearer to the plane of symmetry a bone is in the middle
MATCH = 0.1  # of the extent: farther from its mirror image a bone is no partner
ALIKE = 0.2  # of the extent: farther from its mirror image a bone tells nothing of the plane of symmetry
PLANES = 5  # how many planes of symmetry are tried
LIMB = 0.1  # of the extent: shorter chains are no limbs
DOWN = 0.78  # cosine to the vertical above which a segment of a leg is no foot yet
LEANING = 0.6  # cosine to the vertical below which a trunk lies, as an animal's on four legs does
COLLAR = 0.9  # of the hip joints' distance from the middle: what begins nearer to it is a collar bone
HEAD = 0.55  # of the skin above the shoulders that hangs on the head
CLOSE = 0.1  # of the lower leg: nearer than this, a bone begins where another one ends
USUAL = 0.06  # of a leg: less than this in front of the body tells nothing about where it faces
WRIST = 0.5  # of the way to the next bone: a finger's first bone that begins nearer to the wrist is in the palm
PALM = 1.4  # of the next bone: longer than this, the first one of a finger is in the palm


@dataclass(frozen=True)
class Tree:
    """The bones that count (N of them), and the plane that parts left from right.

    names: (N,). parents: (N,) rows, -1 for none. children: rows of each. at: (N, 3) heads, tail: (N, 3), both in
    lengths of the whole. skin: (N,) points of the skin that hang on a bone or those after it; shape: their (N, 3) sums.
    normal: (3,) from one side to the other; offset: of the plane along it. axes: (6, 3) of the armature and the world.
    """

    names: tuple[str, ...]
    parents: np.ndarray
    children: tuple[tuple[int, ...], ...]
    at: np.ndarray
    tail: np.ndarray
    skin: np.ndarray
    shape: np.ndarray
    normal: np.ndarray
    offset: float
    axes: np.ndarray

    def aside(self, row: int) -> float:
        """How far a bone is from the middle, signed."""
        return float(self.at[row] @ self.normal - self.offset)

    def flat(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors (..., 3) without what goes to a side."""
        return vectors - (vectors @ self.normal)[..., None] * self.normal

    def upright(self, direction: np.ndarray) -> np.ndarray:
        """A direction (3,), or the axis that is near to it."""
        along = self.axes @ direction
        nearest = int(np.argmax(np.abs(along)))
        return self.axes[nearest] * np.sign(along[nearest]) if abs(along[nearest]) > 0.85 else direction

    def above(self, row: int) -> list[int]:
        """A bone and all that it hangs on, the first one first."""
        line = [row]
        while self.parents[line[0]] >= 0:
            line.insert(0, int(self.parents[line[0]]))
        return line

    def deep(self, row: int) -> int:
        """How many bones hang in a row from a bone on, itself counted."""
        return 1 + max((self.deep(child) for child in self.children[row]), default=0)


@dataclass(frozen=True)
class Limb:
    """A pair of chains: rows of one side, and of the other; reach: the length of one; feet: None or a foot's pair."""

    ours: tuple[int, ...]
    theirs: tuple[int, ...]
    reach: float


def humanoid(character: Character) -> dict[str, str]:
    """{joint: bone} of a character whose bones have any names at all.

    Result: hips, spine and head, all that arms and legs have, and fingers as far as there are any; no eyes, no jaw.
    Raises RigError, with the reason, if the bones do not form a body that stands upright.
    """
    try:
        trees = _trees(character)
    except _NoBody as reason:
        raise RigError(f"The bones of {character.name} form no body: {reason}.") from None
    legs = False
    for tree in trees:
        limbs = _limbs(tree)
        legs |= len(limbs) > 1
        bodies = [body for pairs in permutations(limbs, 2) if (body := _body(tree, *pairs))]
        if bodies:
            _, joints = max(bodies, key=lambda body: body[0])
            return {joint: tree.names[row] for joint, row in joints.items()}
    reason = "no two pairs of limbs stand like arms over legs" if legs else "there are no arms and legs in pairs"
    raise RigError(f"The bones of {character.name} form no body that stands upright: {reason}.")


def hangs_backwards(character: Character, bones: dict[str, str]) -> bool:
    """Whether the hips hang on the chest or the head, as nobody's do: those are names of something else's bones.

    bones: {joint: bone} as names tell them.
    """
    if "hips" not in bones:
        return False
    above, row = set(), character.bones.index(bones["hips"])
    while character.parents[row] >= 0:
        row = int(character.parents[row])
        above.add(character.bones[row])
    return any(bones.get(joint) in above for joint in ("spine", "chest", "upperChest", "neck", "head"))


def on_all_fours(character: Character, bones: dict[str, str]) -> bool:
    """Whether a body lies level over its legs, and over its arms where it has any, as an animal's does.

    bones: {joint: bone} as names tell them; where they tell too little, or all begin in one place, it does not.
    """
    place = {joint: character.rest[character.bones.index(bone), :3, 3] for joint, bone in bones.items()}

    def middle(end: str) -> np.ndarray | None:
        return (place[f"left{end}"] + place[f"right{end}"]) / 2 if {f"left{end}", f"right{end}"} <= set(place) else None

    shoulder, hand, hip, foot = map(middle, ("UpperArm", "Hand", "UpperLeg", "Foot"))
    top = shoulder if shoulder is not None else next((place[j] for j in ("neck", "head", "chest") if j in place), None)
    if hip is None or foot is None or top is None:
        return False
    trunk, leg = top - hip, hip - foot
    level = abs(trunk @ leg) < LEANING * np.linalg.norm(leg) * np.linalg.norm(trunk)  # BVH files rest folded up
    return bool(level and (hand is None or (hand - hip) @ leg < -0.5 * leg @ leg))


class _NoBody(Exception):
    """Why there is no body."""


# --- the bones that count ---------------------------------------------------------------------------------------------


def _trees(character: Character) -> list[Tree]:
    """The bones of a character that count, with each of the likeliest planes between left and right.

    Raises _NoBody if the bones are too few or have no sides.
    """
    count = len(character.bones)
    if count < 8:
        raise _NoBody(f"{count} bones are too few for two arms and two legs")
    skin, shape = _skin_after(character)
    kept = _counting(character, skin)
    new = {int(row): number for number, row in enumerate(kept)}
    parents = np.array([_nearest_kept(character, int(row), new) for row in kept])
    children: list[list[int]] = [[] for _ in kept]
    for row, parent in enumerate(parents):
        if parent >= 0:
            children[parent].append(row)
    heads = character.rest[kept, :3, 3]
    tails = heads + character.rest[kept, :3, 1] * character.length[kept, None]
    extent = float(np.linalg.norm(np.ptp(heads, axis=0)))
    if not extent > 0:
        raise _NoBody("they all begin in one place")
    world = np.linalg.inv(character.world[:3, :3]).T
    axes = np.concatenate([np.eye(3), world / np.linalg.norm(world, axis=1, keepdims=True)])
    planes = _symmetry(heads / extent, parents, axes)
    tree = Tree(
        names=tuple(character.bones[row] for row in kept), parents=parents, children=tuple(map(tuple, children)),
        at=heads / extent, tail=tails / extent, skin=skin[kept], shape=shape[kept] / extent, normal=planes[0][0],
        offset=planes[0][1], axes=axes,
    )  # fmt: skip
    return [replace(tree, normal=normal, offset=offset) for normal, offset in planes[:PLANES]]


def _nearest_kept(character: Character, row: int, new: dict[int, int]) -> int:
    """The bone that counts on which a bone hangs, in the rows of those that count; -1 for none. new: {row: new row}."""
    above = int(character.parents[row])
    while above >= 0 and above not in new:
        above = int(character.parents[above])
    return new.get(above, -1)


def _skin_after(character: Character) -> tuple[np.ndarray, np.ndarray]:
    """How many points (B,) of the skin hang on each bone and those after it, and their sums (B, 3)."""
    count = len(character.bones)
    skin, shape = np.zeros(count), np.zeros((count, 3))
    np.add.at(skin, character.owner, 1.0)
    np.add.at(shape, character.owner, character.skin)
    for row in reversed(range(count)):  # parents come before children
        if character.parents[row] >= 0:
            skin[character.parents[row]] += skin[row]
            shape[character.parents[row]] += shape[row]
    return skin, shape


def _counting(character: Character, skin: np.ndarray) -> np.ndarray:
    """Rows of the bones that count: without a skin all that may move one, else those that carry some, and what hangs on
    these.

    Controls hang on no bone that moves skin itself. A bone without skin at the end of one that has some only marks
    where that one ends. skin: (B,) points on each bone and those after it.
    """
    count, parents = len(character.bones), np.asarray(character.parents, int)
    own = np.bincount(character.owner, minlength=count)
    if np.count_nonzero(own) < 8:
        meant = np.array([bone in character.deforms for bone in character.bones])
        return np.flatnonzero(meant) if meant.sum() >= 8 else np.arange(count)
    born = np.bincount(parents[parents >= 0], minlength=count)
    carried = np.zeros(count, bool)
    for row, parent in enumerate(parents):
        carried[row] = parent >= 0 and (own[parent] > 0 or carried[parent])
    marks = np.array([born[row] == 0 and parent >= 0 and own[parent] > 0 and born[parent] == 1
                      for row, parent in enumerate(parents)])  # fmt: skip
    return np.flatnonzero((skin > 0) | (carried & ~marks))


def _symmetry(at: np.ndarray, parents: np.ndarray, axes: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """The normals (3,) of planes that bones are mirrored by and their places along it, that of most bones first.

    at: (N, 3) heads. axes: (6, 3) that are tried first; then the lines between bones that hang on the same one.
    """
    unlike = _unlike(parents)
    between = [
        (at[a] - at[b], (at[a] + at[b]) / 2)
        for a, b in combinations(range(len(at)), 2)
        if parents[a] == parents[b] and not unlike[a, b]
    ]
    between = [(apart, middle) for apart, middle in between if np.linalg.norm(apart) > 4 * MIDDLE]
    between.sort(key=lambda pair: -np.linalg.norm(pair[0]))
    planes: list[tuple[float, np.ndarray, float]] = []
    for normal in (*axes, *(_unit(apart) for apart, _ in between[:24])):
        place = at @ normal
        across = [middle @ normal for apart, middle in between if abs(apart @ normal) > 0.95 * np.linalg.norm(apart)]
        for offset in {float(np.median(across)), float(place.min() + place.max()) / 2} if across else ():
            beside = place - offset
            there = np.linalg.norm((at - 2 * beside[:, None] * normal)[:, None] - at[None], axis=-1) + unlike
            matched = float((np.maximum(1 - there.min(1) / ALIKE, 0) * (np.abs(beside) > MIDDLE)).sum())
            planes.append((matched, normal, offset))
    planes = sorted((plane for plane in planes if plane[0] > 4), key=lambda plane: -plane[0])
    if not planes:
        raise _NoBody("they have no left and right side that are alike")
    return [(normal, offset) for _, normal, offset in planes]


def _unlike(parents: np.ndarray) -> np.ndarray:
    """(N, N) bool: which bones cannot be each other's mirror image, since other numbers of bones hang on them."""
    deep, born = np.ones(len(parents), int), np.bincount(parents[parents >= 0], minlength=len(parents))
    for row in reversed(range(len(parents))):
        if parents[row] >= 0:
            deep[parents[row]] = max(deep[parents[row]], deep[row] + 1)
    return (deep[:, None] != deep) | (born[:, None] != born) | np.eye(len(parents), dtype=bool)


# --- limbs ------------------------------------------------------------------------------------------------------------


def _limbs(tree: Tree) -> list[Limb]:
    """The longest pairs of chains that leave the middle, longest first."""
    limbs = []
    sided = [row for row in range(len(tree.names)) if tree.aside(row) > MIDDLE]
    others = [row for row in range(len(tree.names)) if tree.aside(row) < -MIDDLE]
    roots = [row for row in others if tree.parents[row] not in others]
    for row in sided:
        if tree.parents[row] in sided:
            continue
        partner = _partner(tree, row, roots)
        if partner is None:
            continue
        chain = _chain(tree, row, partner)
        reach = float(np.linalg.norm(np.diff(tree.at[[ours for ours, _ in chain]], axis=0), axis=1).sum())
        if reach > LIMB and len(chain) > 1:
            limbs.append(Limb(tuple(a for a, _ in chain), tuple(b for _, b in chain), reach))
    return sorted(limbs, key=lambda limb: -limb.reach)[:8]


def _partner(tree: Tree, row: int, among) -> int | None:
    """The bone of the other side that is most like a bone's mirror image; None where there is none."""
    image = tree.at[row] - 2 * tree.aside(row) * tree.normal

    def cost(other: int) -> float:
        kin = tree.parents[other] == tree.parents[row]
        unlike = abs(tree.deep(other) - tree.deep(row)) + (not kin)
        return float(np.linalg.norm(tree.at[other] - image)) + 0.1 * MATCH * unlike

    fitting = [other for other in among if np.linalg.norm(tree.at[other] - image) < MATCH]
    return min(fitting, key=cost, default=None)


def _chain(tree: Tree, row: int, partner: int) -> list[tuple[int, int]]:
    """The longest way down from a bone and its partner, in pairs; bones that begin where the last did are left out."""
    rest: list[list[tuple[int, int]]] = []
    left = list(tree.children[partner])
    for child in sorted(tree.children[row], key=lambda child: -tree.deep(child)):
        other = _partner(tree, child, left)
        if other is not None:
            left.remove(other)
            rest.append(_chain(tree, child, other))

    def length(chain: list[tuple[int, int]]) -> float:
        points = tree.at[[row, *(ours for ours, _ in chain)]]
        return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())

    following = max(rest, key=length, default=[])
    while following and np.linalg.norm(tree.at[following[0][0]] - tree.at[row]) < MIDDLE / 2:
        following = following[1:]
    return [(row, partner), *following]


# --- a body -----------------------------------------------------------------------------------------------------------


def _body(tree: Tree, legs: Limb, arms: Limb) -> tuple[float, dict[str, int]] | None:
    """(how likely, {joint: row}) of a body with these legs and arms; None if it cannot be one."""
    down = tree.flat(tree.at[legs.ours[-1]] - tree.at[legs.ours[0]])
    trunk = tree.flat(tree.at[arms.ours[0]] - tree.at[legs.ours[0]])
    if np.linalg.norm(down) < 0.5 * legs.reach or down @ trunk > 0:
        return None
    leg = _leg(tree, legs, tree.upright(_unit(trunk)))
    if leg is None:
        return None
    up = tree.flat(tree.at[leg["UpperLeg"][0]] - _ankle(tree, leg))
    length = float(np.linalg.norm(up))
    up = up / length
    arm = _arm(tree, arms, abs(tree.aside(leg["UpperLeg"][0])))
    if arm is None:
        return None
    hip, shoulder = tree.flat(tree.at[leg["UpperLeg"][0]]), tree.flat(tree.at[arm["UpperArm"][0]])
    trunk = shoulder - hip
    rise, hand = float(trunk @ up), tree.flat(tree.at[arm["Hand"][0]])
    if rise < 0.2 * length or rise < LEANING * np.linalg.norm(trunk) or (hand - hip) @ up < -0.75 * length:
        return None
    column = _column(tree, legs, arms, leg, arm, up)
    if column is None:
        return None
    joints = _sided(tree, leg | arm, column, up)
    # The trunk is nearly as long as the legs are; limbs are long; much of the skin hangs on them.
    return legs.reach + arms.reach - abs(np.log(rise / length)) * 0.1 + 0.02 * len(joints), joints


def _ankle(tree: Tree, leg: dict) -> np.ndarray:
    """Where a leg ends (3,)."""
    return tree.at[leg["Foot"][0]] if "Foot" in leg else tree.tail[leg["LowerLeg"][0]]


def _leg(tree: Tree, limb: Limb, up: np.ndarray) -> dict[str, tuple[int, int]] | None:
    """{UpperLeg, LowerLeg, Foot and Toes as far as there are: rows of both sides} of a pair of chains."""
    points = tree.flat(tree.at[list(limb.ours)])
    steps = np.diff(points, axis=0)
    falls = [-(step @ up) > DOWN * np.linalg.norm(step) for step in steps]
    last = next((row for row, falling in enumerate(falls) if not falling), len(falls))
    pairs = list(zip(limb.ours, limb.theirs, strict=True))
    if last < 2:
        found = {"UpperLeg": pairs[0], "LowerLeg": pairs[1]}
        return found | _foot_elsewhere(tree, found, 0.3) if last == 1 and len(pairs) == 2 else None
    hip, knee, ankle = _hinge(tree.at[list(limb.ours[: last + 1])], first=0.0)
    found = {"UpperLeg": pairs[hip], "LowerLeg": pairs[knee], "Foot": pairs[ankle]}
    if not tree.children[limb.ours[ankle]]:  # perhaps no more than a mark at the end of the lower leg
        return found | _foot_elsewhere(tree, found, CLOSE)
    toes = [child for child in tree.children[limb.ours[ankle]] if tree.deep(child) > 1]
    if ankle + 1 < len(pairs) and len(toes) < 3:  # single toes are left alone
        found["Toes"] = pairs[ankle + 1]
    return found


def _foot_elsewhere(tree: Tree, leg: dict[str, tuple[int, int]], near: float) -> dict[str, tuple[int, int]]:
    """{Foot: rows} of a foot that hangs on another bone than the leg but begins where it ends, if there is one.

    near: how far from there it may be, in lengths of the lower leg.
    """
    knee = leg["LowerLeg"][0]
    end = tree.at[leg["Foot"][0]] if "Foot" in leg else tree.tail[knee]
    length = float(np.linalg.norm(end - tree.at[knee]))
    feet = []
    for row in range(len(tree.names)):
        gap = float(np.linalg.norm(tree.at[row] - end))
        if tree.aside(row) > MIDDLE and gap < near * length and knee not in tree.above(row):
            partner = _partner(tree, row, [other for other in range(len(tree.names)) if tree.aside(other) < -MIDDLE])
            if partner is not None:
                feet.append((gap, (row, partner)))
    return {"Foot": min(feet)[1]} if feet else {}


def _hinge(points: np.ndarray, first: float, weight: float = 1.5) -> tuple[int, int, int]:
    """Which points of a chain are its beginning, its hinge and its end: two halves alike, with little left over.

    points: (P, 3). first: weight of what is left out before the beginning; weight: of what is left out after the end.
    """
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])

    def cost(triple: tuple[int, int, int]) -> float:
        a, b, c = triple
        halves = np.linalg.norm(points[b] - points[a]), np.linalg.norm(points[c] - points[b])
        if min(halves) < 1e-9:
            return np.inf
        left_over = weight * (along[-1] - along[c]) + first * along[a]
        return abs(np.log(halves[0] / halves[1])) + left_over / along[-1]

    triples = combinations(range(len(points)), 3)
    return min((triple for triple in triples if first or triple[0] == 0), key=cost)


def _arm(tree: Tree, limb: Limb, hips: float) -> dict[str, tuple[int, int]] | None:
    """{Shoulder if there is one, UpperArm, LowerArm, Hand, fingers: rows of both sides} of a pair of chains.

    hips: how far the hip joints are from the middle.
    """
    pairs = list(zip(limb.ours, limb.theirs, strict=True))
    hand = next((n for n, (row, _) in enumerate(pairs) if n > 1 and len(_fingers_on(tree, row)) > 1), None)
    start = next((n for n, (row, _) in enumerate(pairs) if abs(tree.aside(row)) > COLLAR * hips), None)
    if start is None:
        return None
    end = len(pairs) if hand is None else hand + 1
    if end - start < 3:
        return None
    shoulder, elbow, wrist = _hinge(tree.at[list(limb.ours[start:end])], first=1.0, weight=1.5 if hand is None else 9.0)
    found = {"UpperArm": pairs[start + shoulder], "LowerArm": pairs[start + elbow], "Hand": pairs[start + wrist]}
    if start + shoulder > 0:
        found["Shoulder"] = pairs[0]
    hands = [_fingers(tree, found["Hand"][side], found["LowerArm"][side]) for side in (0, 1)]
    return found | {joint: (row, hands[1][joint]) for joint, row in hands[0].items() if joint in hands[1]}


# --- hands ------------------------------------------------------------------------------------------------------------


def _fingers_on(tree: Tree, hand: int) -> list[list[int]]:
    """The chains of two bones or more that hang on a hand, each as its rows."""
    chains, palm = [], sum(tree.deep(child) > 1 for child in tree.children[hand]) > 1
    for child in tree.children[hand]:
        branches = [row for row in tree.children[child] if tree.deep(row) > 1]
        for start in branches if palm and len(branches) > 1 else [child]:  # a thumb may hang on a bone of the palm
            chain = [start]
            while tree.children[chain[-1]]:
                chain.append(max(tree.children[chain[-1]], key=tree.deep))
            steps = np.linalg.norm(np.diff(tree.at[chain], axis=0), axis=1)
            chain = [chain[0], *(row for row, step in zip(chain[1:], steps, strict=True) if step > 1e-6)]
            if len(chain) > 1:
                chains.append(chain)
    apart: list[list[int]] = []
    for chain in sorted(chains, key=lambda chain: -tree.skin[chain[0]]):  # of several in one place that with the skin
        if all(np.linalg.norm(tree.at[chain[:2]] - tree.at[other[:2]]) > MIDDLE / 2 for other in apart):
            apart.append(chain)
    return apart


def _fingers(tree: Tree, hand: int, elbow: int) -> dict[str, int]:
    """{finger's bone without its side: row} of a hand, the thumb found as the one that stands apart."""
    chains = _fingers_on(tree, hand)
    if len(chains) < 2:
        return {}
    along = _unit(tree.at[hand] - tree.at[elbow])
    roots = np.array([tree.at[chain[0]] - tree.at[hand] for chain in chains])
    tips = np.array([_unit(tree.at[chain[-1]] - tree.at[chain[0]]) for chain in chains])
    apart = roots @ along / max(np.linalg.norm(roots, axis=1).max(), 1e-9) + tips @ np.median(tips, axis=0)
    thumb = int(np.argmin(apart))
    others = [number for number in range(len(chains)) if number != thumb]
    across = np.cross(np.cross(along, roots[thumb] - roots[others].mean(0)), along)  # towards the thumb
    others.sort(key=lambda number: -float(roots[number] @ across))
    names = {1: ("Middle",), 2: ("Index", "Middle"), 3: ("Index", "Middle", "Ring")}.get(len(others), FINGERS[1:])
    found = dict(zip(_bones_of("Thumb")[-min(len(chains[thumb]), 3) :], chains[thumb], strict=False))
    for finger, number in zip(names, others, strict=False):
        found |= dict(zip(_bones_of(finger), _phalanges(tree, chains[number], hand), strict=False))
    return found


def _bones_of(finger: str) -> list[str]:
    return [bone.removeprefix("left") for bone in finger_bones("left", finger)]


def _phalanges(tree: Tree, chain: list[int], hand: int) -> list[int]:
    """A finger's bones without the one in the palm, which is much longer than the next, or begins near the wrist."""
    if len(chain) < 4:
        return chain
    lengths = np.linalg.norm(np.diff(tree.at[chain], axis=0), axis=1)
    far = np.linalg.norm(tree.at[chain[:2]] - tree.at[hand], axis=1)
    return chain[1:] if lengths[0] > PALM * lengths[1] or far[0] < WRIST * far[1] else chain


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


# --- the column, and which side is which ------------------------------------------------------------------------------


def _column(tree: Tree, legs: Limb, arms: Limb, leg: dict, arm: dict, up: np.ndarray) -> dict[str, int] | None:
    """{hips, spine, chest, upperChest, neck, head: row}, as far as there are."""
    hip, shoulder = tree.flat(tree.at[leg["UpperLeg"][0]]), tree.flat(tree.at[arm["UpperArm"][0]])
    length = float(np.linalg.norm(hip - tree.flat(_ankle(tree, leg))))
    line = _line_to_head(tree, up, float(shoulder @ up), float(hip @ up))
    if line is None:
        return None
    far = {row: float(np.linalg.norm(tree.flat(tree.at[row]) - hip)) for row in line}
    bearing = [row for row in line if row in tree.above(legs.ours[0]) and row in tree.above(legs.theirs[0])]
    hips = min(bearing or line, key=lambda row: far[row])
    if far[hips] > 0.35 * length:
        hips = min(line, key=lambda row: far[row])
    after = line[line.index(hips) + 1 :]
    bearer = int(tree.parents[arms.ours[0]])
    root = float(tree.flat(tree.at[arms.ours[0]]) @ up)
    high = [row for row in after if tree.at[row] @ up >= root - 1e-6]
    if bearer in after[:-1] and tree.at[bearer] @ up < shoulder @ up:
        high = after[after.index(bearer) + 1 :]
    high = high or after[-1:]
    if not high:
        return None
    trunk = [row for row in after[: after.index(high[0])] if tree.at[row] @ up > tree.at[hips] @ up - CLOSE * length]
    head = _head(tree, high, arms)
    if head != high[0] and np.linalg.norm(tree.at[head] - tree.at[tree.parents[head]]) < MIDDLE / 2:
        head = int(tree.parents[head])  # what begins where its parent does is a part of it
    found = {"hips": hips, "head": head}
    if high.index(head) > 0:
        found["neck"] = high[0]
    chosen = trunk if len(trunk) <= 3 else [trunk[0], trunk[len(trunk) // 2], trunk[-1]]
    return found | dict(zip(("spine", "chest", "upperChest"), chosen, strict=False))


def _line_to_head(tree: Tree, up: np.ndarray, shoulders: float, hips: float) -> list[int] | None:
    """The bones of the middle from the root to the top of the head, the one whose skin is most above the shoulders."""
    central = [row for row in range(len(tree.names)) if abs(tree.aside(row)) < MIDDLE]

    def weight(row: int) -> float:
        return tree.skin[row] * (float(tree.shape[row] @ up) / tree.skin[row] > shoulders) if tree.skin[row] else 0.0

    tops = [row for row in central if tree.at[row] @ up > shoulders - 0.25 * (shoulders - hips)
            and not any(child in central for child in tree.children[row])]  # fmt: skip
    lines = [[row for row in tree.above(top) if row in central] for top in tops]
    lines = [line for line in lines if any(tree.at[row] @ up < (shoulders + hips) / 2 for row in line)]
    if not lines:
        return None
    return max(lines, key=lambda line: (max(weight(row) for row in line[-3:]), float(tree.at[line[-1]] @ up)))


def _head(tree: Tree, high: list[int], arms: Limb) -> int:
    """Which of the bones above the shoulders is the head: most of the skin there hangs on it, or face bones do."""
    borne = [row for row in (arms.ours[0], arms.theirs[0]) if tree.parents[row] == high[0]]  # as the Biped's collars
    skin = tree.skin[high[0]] - sum(tree.skin[row] for row in borne)
    if skin > 0:
        return next((row for row in reversed(high) if tree.skin[row] >= HEAD * skin), high[0])
    for row in high:
        if len(tree.children[row]) > 2 and not (borne and row == high[0]):
            return row
    if len(high) < 3:
        return high[-1]
    last, before = (np.linalg.norm(tree.at[high[-n]] - tree.at[high[-n - 1]]) for n in (1, 2))
    return high[-2] if last > 1.15 * before else high[-1]  # the last one only marks the top


def _sided(tree: Tree, limbs: dict, column: dict[str, int], up: np.ndarray) -> dict[str, int]:
    """{joint: row}, with left and right told by where the body faces."""
    front = np.cross(tree.normal, up)  # where it faces if the plane's normal points to its left
    ours, theirs = ("left", "right") if _facing(tree, limbs, column, front) > 0 else ("right", "left")
    found = dict(column)
    for joint, rows in limbs.items():
        found |= {f"{ours}{joint}": rows[0], f"{theirs}{joint}": rows[1]}
    return found


def _facing(tree: Tree, limbs: dict, column: dict[str, int], front: np.ndarray) -> float:
    """Above 0 if a body faces `front` (3,), else below: by its feet, knees, elbows, thumbs and face.

    Where these tell nothing, it faces -y, as characters in Blender do.
    """
    told = -USUAL * float(front @ tree.axes[4])
    for side in (0, 1):
        hip, knee = (tree.at[limbs[joint][side]] for joint in ("UpperLeg", "LowerLeg"))
        ankle = tree.at[limbs["Foot"][side]] if "Foot" in limbs else tree.tail[limbs["LowerLeg"][side]]
        leg = float(np.linalg.norm(hip - ankle))
        if "Foot" in limbs:
            foot = limbs["Foot"][side]
            if tree.skin[foot]:
                told += 3 * float((tree.shape[foot] / tree.skin[foot] - ankle) @ front) / leg
            tip = tree.at[limbs["Toes"][side]] if "Toes" in limbs else tree.tail[foot]
            told += (3 if "Toes" in limbs else 1) * float((tip - ankle) @ front) / leg
        told += 2 * _bend(hip, knee, ankle) @ front / leg
        arm = [tree.at[limbs[joint][side]] for joint in ("UpperArm", "LowerArm", "Hand")]
        told -= _bend(*arm) @ front / leg
        if "ThumbDistal" in limbs:
            told += float((tree.at[limbs["ThumbDistal"][side]] - arm[2]) @ front) / leg
        head = column["head"]
        if tree.children[head]:
            told += float((tree.at[list(tree.children[head])].mean(0) - tree.at[head]) @ front) / leg
    return told


def _bend(first: np.ndarray, middle: np.ndarray, last: np.ndarray) -> np.ndarray:
    """How far (3,) the middle one of three points is off the line between the others."""
    line = last - first
    share = float((middle - first) @ line) / max(float(line @ line), 1e-12)
    return middle - first - share * line
