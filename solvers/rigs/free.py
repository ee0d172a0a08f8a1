"""Controls in the place of bones that something else moves: what is told by structure may not be free to be keyed."""

from __future__ import annotations

from itertools import product

import numpy as np

from ..character import Character

SIDES = ("left", "right")
LIMBS = [tuple(f"{side}{part}" for part in limb) for side in SIDES for limb in (
    ("UpperArm", "LowerArm", "Hand"), ("UpperLeg", "LowerLeg", "Foot"))]  # fmt: skip
TRUNK = ("spine", "chest", "upperChest", "neck")
NEAR = 0.02  # of a leg: a control that begins farther from a bone is another's
HIPS = 0.6  # of a leg: farther from the hips is no control that moves them
ALONG = 0.8  # cosine between a control and the bone that it leads
ALIKE = 0.3  # doublings of the length by which controls count as alike
SHORT = 0.5  # of a doubling, by which a control that is shorter than its bone is worse than a longer one


def freed(character: Character, told: dict[str, str]) -> tuple[dict[str, str], bool]:
    """The bones that are to be keyed for joints, {joint: bone}, and whether they are controls, moved by a mechanism.

    told: {joint: bone} by structure. A limb is led by three controls that hang on each other; another joint by the
    control that begins where its bone does and is about as long; the hips by the one on which all others hang. What is
    moved by something else and has no control is left out.
    """
    if not set(told.values()) & character.bound:
        return told, False
    bones = _Bones(character, told)
    found: dict[str, str] = {}
    for limb in LIMBS:
        found |= bones.limb(limb) if all(joint in told for joint in limb) else {}
    for joint, bone in told.items():
        if joint not in found and joint not in ("hips", *TRUNK):
            chosen = bone if bone not in character.bound else bones.control(joint)
            if chosen is not None and chosen not in found.values():
                found[joint] = chosen
    for joint in [joint for joint in reversed(TRUNK) if joint in told]:
        chosen = bones.bearer(joint, found)
        found |= {joint: chosen} if chosen is not None and chosen not in found.values() else {}
    hips = bones.hips(found)
    found |= {"hips": hips} if hips else {}
    return {joint: found[joint] for joint in told if joint in found}, bones.led(found)


class _Bones:
    """Bones of a character by their places, and which of them are free."""

    def __init__(self, character: Character, told: dict[str, str]):
        self.character, self.told = character, told
        self.row = {bone: row for row, bone in enumerate(character.bones)}
        self.head = character.rest[:, :3, 3]
        self.free = [row for row, bone in enumerate(character.bones) if bone not in character.bound]
        legs = [self.head[self.row[told[f"left{part}"]]] for part in ("UpperLeg", "LowerLeg") if f"left{part}" in told]
        self.leg = 2 * float(np.linalg.norm(np.diff(legs, axis=0))) if len(legs) == 2 else 1.0

    def line(self, row: int) -> list[int]:
        """A bone and all that it hangs on, rows."""
        line = [row]
        while self.character.parents[line[-1]] >= 0:
            line.append(int(self.character.parents[line[-1]]))
        return line

    def at(self, joint: str) -> list[int]:
        """The free bones that begin where a joint's bone does."""
        place = self.head[self.row[self.told[joint]]]
        return [row for row in self.free if np.linalg.norm(self.head[row] - place) < NEAR * self.leg]

    def cost(self, joint: str, row: int) -> float:
        """How much a control is unlike a joint's bone: in length, in doublings; infinite where it points elsewhere."""
        bone = self.row[self.told[joint]]
        if self.character.rest[row][:3, 1] @ self.character.rest[bone][:3, 1] < ALONG:
            return np.inf
        ratio = np.log2(self.character.length[row] / self.character.length[bone])
        return abs(ratio) + SHORT * (ratio < -0.1)

    def control(self, joint: str) -> str | None:
        """The control of a joint, if there is one: of those alike the one on which the others hang.

        Hands and feet may be led by a control that points anywhere.
        """
        any_way = joint.endswith(("Hand", "Foot"))
        fitting = [row for row in self.at(joint) if any_way or np.isfinite(self.cost(joint, row))]
        best = min(fitting, key=lambda row: (round(self.cost(joint, row) / ALIKE) if np.isfinite(self.cost(joint, row))
                                             else np.inf, len(self.line(row))), default=None)  # fmt: skip
        return None if best is None else self.character.bones[best]

    def led(self, found: dict[str, str]) -> bool:
        """Whether something that is moved otherwise lies between the bones that are keyed. found: {joint: bone}."""
        chosen = {self.row[bone] for bone in found.values()}
        for row in [self.row[found[joint]] for joint in (*sum(LIMBS, ()), *TRUNK, "head") if joint in found]:
            for above in self.line(row)[1:]:
                if above in chosen:
                    break
                if self.character.bones[above] in self.character.bound:
                    return True
        return False

    def limb(self, limb: tuple[str, ...]) -> dict[str, str]:
        """The controls of a limb, if there are three that hang on each other."""
        chains = [
            chain
            for chain in product(*map(self.at, limb))
            if all(above in self.line(below)[1:] for above, below in zip(chain, chain[1:], strict=False))
        ]
        if not chains:
            return {}
        best = min(chains, key=lambda chain: len(self.line(chain[2])) - len(self.line(chain[0])))
        return {joint: self.character.bones[row] for joint, row in zip(limb, best, strict=True)}

    def bearer(self, joint: str, found: dict[str, str]) -> str | None:
        """The control of a joint of the trunk on which head and arms hang, or the head alone for the neck, if any."""
        upper = [self.row[bone] for other, bone in found.items() if other == "head" or other.endswith("UpperArm")]
        borne = {row: sum(row in self.line(other)[1:] for other in upper) for row in self.at(joint)}
        fitting = [row for row in borne if borne[row] and np.isfinite(self.cost(joint, row))]
        best = min(fitting, key=lambda row: (-borne[row], self.cost(joint, row)), default=None)
        return None if best is None else self.character.bones[best]

    def hips(self, found: dict[str, str]) -> str | None:
        """The first free bone near the hips on which legs and spine hang."""
        borne = [self.row[bone] for joint, bone in found.items() if "UpperLeg" in joint or joint in ("chest", "head")]
        shared = set.intersection(*(set(self.line(row)[1:]) for row in borne)) if borne else set()
        place = self.head[self.row[self.told["hips"]]]
        near = [row for row in shared & set(self.free) if np.linalg.norm(self.head[row] - place) < HIPS * self.leg]
        if self.row[self.told["hips"]] in near:
            return self.told["hips"]
        best = min(near, key=lambda row: len(self.line(row)), default=None)
        return None if best is None else self.character.bones[best]
