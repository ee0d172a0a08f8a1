"""A body is found among bones of any names, by where they are and how they hang together; what is none is refused."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.character import Character
from understudy.solvers.errors import RigError
from understudy.solvers.motion.rotations import from_vector, rotate
from understudy.solvers.rigs.presets import recognise
from understudy.solvers.rigs.structure import humanoid

CORE = ("hips", "spine", "head", *(
    f"{side}{part}" for side in ("left", "right")
    for part in ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")
))  # fmt: skip


class Rig:
    """Bones as they are added: where each begins, and what it hangs on; the body faces -y and stands on z = 0."""

    def __init__(self):
        self.heads, self.parents, self.played = [], [], {}

    def add(self, head, parent=-1, joint=None):
        """A bone at head (3,); joint: what it plays. Result: its number."""
        self.heads.append(head)
        self.parents.append(parent)
        if joint:
            self.played[joint] = len(self.heads) - 1
        return len(self.heads) - 1

    def line(self, points, parent=-1, joints=()):
        """Bones in a row; joints: what they play, None for nothing."""
        for number, point in enumerate(points):
            parent = self.add(point, parent, joints[number] if number < len(joints) else None)
        return parent

    def character(self, turn=(0, 0, 0), scale=1.0, seed=0, skin=False):
        """The same as a character with random names, turned by a rotation vector and scaled; parents come first."""
        random = np.random.default_rng(seed)
        count = len(self.heads)
        names = [f"bone {number}" for number in random.permutation(10 * count)[:count]]
        quaternion = from_vector(np.array(turn, float))
        rest = np.tile(np.eye(4), (count, 1, 1))
        rest[:, :3, :3] = np.linalg.qr(random.normal(size=(count, 3, 3)))[0]  # bones point anywhere
        rest[:, :3, 3] = rotate(quaternion, np.array(self.heads, float)) * scale
        much = {row: 20 if row == self.played.get("head") else 5 for row in range(count) if row not in self.bare}
        owner = np.repeat(list(much), list(much.values())) if skin else np.zeros(0, int)
        order = np.array(self.parents)
        points = rest[owner, :3, 3] + random.normal(0, 0.01 * scale, (len(owner), 3))
        played = {joint: names[row] for joint, row in self.played.items()}
        return played, Character(
            bones=tuple(names), parents=order, rest=rest, length=np.full(count, 0.1 * scale), world=np.eye(4),
            metre=1.0, sliders=(), slider_max={}, properties={}, connected=np.zeros(count, bool),
            inherit_rotation=np.ones(count, bool), name="Somebody", skin=points, owner=owner,
        )  # fmt: skip

    bare = ()  # bones without skin


def mirrored(points):
    """Points on the other side."""
    return [(-x, y, z) for x, y, z in points]


def body(spine=3, collars=True, fingers=5, toes=True, twists=0, ends=False, drop=0.0, jaw=False) -> Rig:
    """A body of 1.7 m. drop: rad, how far the arms hang from the T-pose. twists: bones between the joints of limbs."""
    rig = Rig()
    root = rig.add((0, 0, 0))
    hips = rig.add((0, 0.01, 0.95), root, "hips")
    column = [(0, 0.02, 0.95 + 0.45 * (n + 1) / (spine + 1)) for n in range(spine)]
    chest = rig.line(column, hips, ("spine", "chest", "upperChest") if spine <= 3 else ("spine",))
    head = rig.line([(0, 0.02, 1.44), (0, 0, 1.54)], chest, ("neck", "head"))
    if ends:
        rig.add((0, 0, 1.72), head)
    if jaw:
        rig.add((0, -0.03, 1.55), head)
        for x in (0.03, -0.03):
            rig.add((x, -0.08, 1.6), head)
    swing = np.array([[np.cos(drop), 0, np.sin(drop)], [0, 1, 0], [-np.sin(drop), 0, np.cos(drop)]])
    for side, sign in (("left", 1), ("right", -1)):
        at = lambda x, y, z, sign=sign: (sign * x, y, z)  # noqa: E731
        hang = lambda x, y, z, at=at: at(*(swing @ [x - 0.17, y, z] + [0.17, 0.02, 1.4]))  # noqa: E731
        collar = rig.add(at(0.03, 0, 1.4), chest, f"{side}Shoulder") if collars else chest
        arm = [hang(0.17, 0, 0), hang(0.45, 0.02, 0), hang(0.7, 0, 0)]
        hand = limb(rig, arm, collar, twists, (f"{side}UpperArm", f"{side}LowerArm", f"{side}Hand"))
        for number in range(fingers):
            y = -0.03 if number == 0 else -0.03 + 0.02 * number
            start, step = (0.72, 0.02) if number == 0 else (0.79, 0.03)
            points = [hang(start + step * n, y - 0.02 * n * (number == 0), 0) for n in range(3 + ends)]
            rig.line(points, hand, finger(side, number))
        leg = [at(0.09, 0, 0.92), at(0.1, -0.02, 0.5), at(0.11, 0.02, 0.08)]
        foot = limb(rig, leg, hips, twists, (f"{side}UpperLeg", f"{side}LowerLeg", f"{side}Foot"))
        if toes:
            toe = rig.add(at(0.115, -0.12, 0.02), foot, f"{side}Toes")
            if ends:
                rig.add(at(0.115, -0.18, 0.02), toe)
    return rig


def limb(rig, joints, parent, twists, names):
    """Three joints in a row, with twist bones on the way."""
    for number, (point, name) in enumerate(zip(joints, names, strict=True)):
        parent = rig.add(point, parent, name)
        for share in np.arange(1, twists + 1) / (twists + 1) if number < 2 else ():
            parent = rig.add(tuple(np.array(point) * (1 - share) + np.array(joints[number + 1]) * share), parent)
    return parent


def finger(side, number):
    """The joints of a finger, the thumb first."""
    name = ("Thumb", "Index", "Middle", "Ring", "Little")[number]
    ends = ("Metacarpal", "Proximal", "Distal") if number == 0 else ("Proximal", "Intermediate", "Distal")
    return [f"{side}{name}{end}" for end in ends]


def assert_found(rig, joints=None, **as_character):
    """All that a rig's bones play is found, or at least some joints."""
    played, character = rig.character(**as_character)
    found = humanoid(character)
    wanted = {joint: played[joint] for joint in joints or played}
    assert {joint: found.get(joint) for joint in wanted} == wanted
    return found


@pytest.mark.parametrize("seed", range(3))
def test_names_do_not_matter(seed):
    """Every joint of a whole body is found, whatever its bones are called and wherever they point."""
    assert_found(body(), seed=seed)


@pytest.mark.parametrize("turn, scale", [
    ((0, 0, 0), 100.0), ((np.pi / 2, 0, 0), 0.01), ((0, 0, np.pi), 1.0), ((0, 0, np.pi / 2), 23.0), ((0.3, 0.2, 2), 1),
])  # fmt: skip
@pytest.mark.parametrize("jaw", [False, True])
def test_axes_size_and_facing_do_not_matter(turn, scale, jaw):
    """However an armature is turned and scaled, left stays left."""
    assert_found(body(jaw=jaw), turn=turn, scale=scale)


@pytest.mark.parametrize("drop", [-0.3, 0.4, 0.8, 1.2])
def test_any_rest_pose_of_the_arms(drop):
    """Arms may be stretched out, hang down or be raised."""
    assert_found(body(drop=drop))


@pytest.mark.parametrize("options", [
    {"spine": 1}, {"spine": 2}, {"spine": 5}, {"spine": 6}, {"collars": False}, {"fingers": 0}, {"toes": False},
    {"twists": 1}, {"twists": 2}, {"ends": True}, {"collars": False, "fingers": 0, "toes": False, "spine": 1},
    {"twists": 1, "drop": 0.7, "spine": 5}, {"fingers": 3, "drop": 0.7}, {"jaw": True, "ends": True},
], ids=str)  # fmt: skip
def test_bodies_with_more_or_fewer_bones(options):
    """Hips, spine, head, arms and legs are right with any spine, with or without collars, fingers, toes and twists."""
    assert_found(body(**options), joints=CORE)


def test_a_long_spine_is_driven_from_end_to_end():
    """Of more than three bones in the spine the first and the last are among those that are driven."""
    rig = body(spine=6)
    _, character = rig.character()
    found, first = humanoid(character), rig.played["spine"]
    assert found["spine"] == character.bones[first] and found["upperChest"] == character.bones[first + 5]


def test_controls_beside_the_skeleton_are_left_alone():
    """Where there is a skin, bones that carry none are not taken for limbs, however long their chains."""
    rig = body()
    bones = len(rig.heads)
    for sign in (1, -1):
        chain = [(sign * 0.11, y, z) for y, z in ((-0.3, 0.02), (0.2, 0.02), (-0.2, 0.02), (0.2, 0.08), (-0.3, 0.5))]
        rig.line(chain, 0)
        rig.line([(sign * 0.7, 0.5, 1.4), (sign * 0.7, -0.5, 1.4), (sign * 0.7, 0.4, 1.4)], -1)
    rig.bare = (0, *range(bones, len(rig.heads)))
    assert_found(rig, skin=True)


def test_feet_that_hang_elsewhere():
    """A foot that is led by the root but begins where the lower leg ends belongs to the leg."""
    rig = body(toes=True)
    for side in ("left", "right"):
        foot = rig.played[f"{side}Foot"]
        end = rig.heads[foot]
        rig.parents[foot] = 0
        rig.add(end, rig.played[f"{side}LowerLeg"])
    assert_found(rig, joints=CORE)


def test_legs_on_the_spine():
    """The hips are the bone between the hip joints, though the legs hang on the next one, as in old Bipeds."""
    rig = body()
    rig.heads[rig.played["spine"]] = (0, 0.02, 1.06)
    for side in ("left", "right"):
        rig.parents[rig.played[f"{side}UpperLeg"]] = rig.played["spine"]
    assert_found(rig, joints=CORE)


def test_one_arm_a_little_off():
    """A rest pose need not be symmetric to the last degree."""
    rig = body()
    shoulder = np.array(rig.heads[rig.played["leftUpperArm"]])
    turn = from_vector(np.array([0, 0.17, 0]))
    below = [rig.played["leftUpperArm"]]
    for row, parent in enumerate(rig.parents):
        if parent in below:
            below.append(row)
    for row in below:
        rig.heads[row] = tuple(shoulder + rotate(turn, np.array(rig.heads[row]) - shoulder))
    assert_found(rig, joints=CORE)


# --- what is no body --------------------------------------------------------------------------------------------------


def animal() -> Rig:
    """A dog: a level trunk, four legs and a tail."""
    rig = Rig()
    hips = rig.add((0, 0.4, 0.6), -1)
    chest = rig.line([(0, 0.2, 0.62), (0, 0, 0.62), (0, -0.2, 0.6)], hips)
    rig.line([(0, -0.35, 0.7), (0, -0.5, 0.8), (0, -0.65, 0.8)], chest)
    rig.line([(0, 0.5, 0.62), (0, 0.65, 0.6), (0, 0.8, 0.55)], hips)
    for sign in (1, -1):
        back = [(sign * 0.1, 0.4, 0.55), (sign * 0.1, 0.35, 0.35), (sign * 0.1, 0.45, 0.1), (sign * 0.1, 0.38, 0.02)]
        front = [(sign * 0.1, -0.2, 0.55), (sign * 0.1, -0.18, 0.3), (sign * 0.1, -0.2, 0.1), (sign * 0.1, -0.26, 0.02)]
        rig.line(back, hips)
        rig.line(front, chest)
    return rig


def car() -> Rig:
    """A body with four wheels, two doors and a steering wheel."""
    rig = Rig()
    root = rig.add((0, 0, 0.5))
    for sign in (1, -1):
        for y in (1.3, -1.3):
            rig.add((sign * 0.8, y, 0.3), root)
        rig.line([(sign * 0.9, 0, 0.8), (sign * 0.9, 0.9, 0.8)], root)
    rig.line([(0, -0.4, 1.0), (0, -0.3, 1.1), (0, -0.2, 1.2)], root)
    return rig


def table() -> Rig:
    """A top with four legs of three bones."""
    rig = Rig()
    root = rig.add((0, 0, 1))
    for x in (0.5, -0.5):
        for y in (0.4, -0.4):
            rig.line([(x, y, 1), (x, y, 0.5), (x, y, 0.0)], root)
    return rig


def spider() -> Rig:
    """Four pairs of legs about one body."""
    rig = Rig()
    root = rig.line([(0, 0.2, 0.3), (0, 0, 0.3)])
    for sign in (1, -1):
        for y in (-0.3, -0.1, 0.1, 0.3):
            rig.line([(sign * 0.1, y / 2, 0.3), (sign * 0.4, y, 0.5), (sign * 0.7, y * 1.5, 0.0)], root)
    return rig


def crane() -> Rig:
    """One arm of ten bones."""
    rig = Rig()
    rig.line([(0.1 * n, 0, n % 3) for n in range(10)])
    return rig


def cloud() -> Rig:
    """Bones anywhere."""
    rig, random = Rig(), np.random.default_rng(3)
    for number in range(40):
        rig.add(tuple(random.normal(size=3)), int(random.integers(-1, number)) if number else -1)
    return rig


@pytest.mark.parametrize("make", [animal, car, table, spider, crane, cloud], ids=lambda make: make.__name__)
@pytest.mark.parametrize("turn", [(0, 0, 0), (np.pi / 2, 0, 0), (0.5, 0.4, 0.3)])
def test_what_is_no_body_is_refused(make, turn):
    """An animal, a vehicle, furniture and scattered bones are refused in one sentence with the reason."""
    _, character = make().character(turn=turn)
    with pytest.raises(RigError, match="The bones of Somebody form no body.*: ") as refusal:
        humanoid(character)
    assert str(refusal.value).endswith(".") and "\n" not in str(refusal.value)


def test_an_animal_with_the_names_of_a_body_is_refused():
    """A dog whose bones are called like a human's is told by its trunk that lies level; a standing body is not."""
    rig, other = Rig(), Rig()
    for made, trunk in ((rig, 0.0), (other, 1.2)):
        hips = made.add((0, 0.4, 0.6), -1, "Hips")
        head = made.line([(0, 0.2 - 0.5 * (not trunk), 0.62 + trunk / 2), (0, 0, 0.7 + trunk)], hips, ("Spine", "Head"))
        for side, sign in (("Left", 1), ("Right", -1)):
            front = [(sign * 0.1, -0.2, z + trunk / 2) for z in (0.55, 0.3, 0.1)]
            back = [(sign * 0.1, 0.4, z) for z in (0.55, 0.3, 0.1)]
            made.line(front, head - 1, (f"{side}Arm", f"{side}ForeArm", f"{side}Hand"))
            made.line(back, hips, (f"{side}UpLeg", f"{side}Leg", f"{side}Foot"))
    dog, human = (
        replace(character, bones=tuple({name: word for word, name in played.items()}[bone] for bone in character.bones))
        for played, character in (rig.character(), other.character())
    )
    with pytest.raises(RigError, match="form no body"):
        recognise(dog)
    assert recognise(human).name == "Mixamo"


@pytest.mark.parametrize("count", [0, 1, 7, 12])
def test_bones_in_one_place_are_no_body(count):
    """A few bones, or bones that all begin in one place, are refused and break nothing."""
    rig = Rig()
    for _ in range(count):
        rig.add((0, 0, 0))
    with pytest.raises(RigError, match="form no body"):
        humanoid(rig.character()[1] if count else empty())


def empty() -> Character:
    """A character without bones."""
    return Character(
        bones=(), parents=np.zeros(0, int), rest=np.zeros((0, 4, 4)), length=np.zeros(0), world=np.eye(4), metre=1.0,
        sliders=(), slider_max={}, properties={}, connected=np.zeros(0, bool), inherit_rotation=np.zeros(0, bool),
        name="Nobody",
    )  # fmt: skip


def test_a_folded_rest_pose_is_no_animal():
    """Motion files may rest with all bones along one line; names are believed there."""
    rig = Rig()
    hips = rig.add((0, 0, 94), -1, "Hips")
    head = rig.line([(10, 0, 94), (50, 0, 94), (60, 0, 94)], hips, ("Spine", "Neck", "Head"))
    for side, y in (("Left", 3), ("Right", -3)):
        rig.line([(45 + n, y, 94) for n in (0, 30, 60)], head - 1, (f"{side}Arm", f"{side}ForeArm", f"{side}Hand"))
        rig.line([(8 + n, y, 94) for n in (0, 45, 90)], hips, (f"{side}UpLeg", f"{side}Leg", f"{side}Foot"))
    played, character = rig.character()
    words = {name: word for word, name in played.items()}
    assert recognise(replace(character, bones=tuple(words[bone] for bone in character.bones))).name == "Mixamo"
