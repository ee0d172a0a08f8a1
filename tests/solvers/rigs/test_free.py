"""Rigs whose bones are led by controls are driven by these, and what only sounds like a body is none."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.retarget import retarget
from understudy.solvers.retargeting.tpose import measure
from understudy.solvers.rigs.free import freed
from understudy.solvers.rigs.presets import UNNAMED, RigPreset, recognise, shipped
from understudy.solvers.rigs.structure import hangs_backwards
from understudy.solvers.settings import Settings

from ..test_retarget import character, performance, pose, worst_direction

LIMBS = [f"{s}{p}" for s in ("left", "right") for p in (
    "UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")]  # fmt: skip
LED = ["hips", "chest", "head", *LIMBS]
LEGS = tuple(f"{s}{p}" for s in ("left", "right") for p in ("UpperLeg", "LowerLeg", "Foot", "Toes"))


def controlled():
    """A rig whose limbs, chest, head and hips are bound and have controls of the same places above them.

    The controls of a limb hang on each other; beside them are short ones that do not, as tweaks are.
    """
    rig, preset = character()
    told = {joint: preset.bones[joint] for joint in LED}
    bones, parents, rest, length = list(rig.bones), list(rig.parents), list(rig.rest), list(rig.length)
    bound = frozenset(told.values())

    def add(name, joint, above, long):
        bones.append(name)
        parents.append(bones.index(above) if above else -1)
        rest.append(rig.rest[rig.bones.index(told[joint])])
        length.append(long * rig.length[rig.bones.index(told[joint])])

    add("lead hips", "hips", None, 1.5)
    add("lead chest", "chest", "lead hips", 1.0)
    add("lead head", "head", "lead chest", 1.0)
    for side in ("left", "right"):
        for limb, root in ((("UpperArm", "LowerArm", "Hand"), "lead chest"), (("UpperLeg", "LowerLeg", "Foot"),
                                                                             "lead hips")):  # fmt: skip
            for part in limb:
                add(f"tweak {side}{part}", f"{side}{part}", root, 0.5)
            for above, part in zip((None, *limb), limb, strict=False):
                add(f"lead {side}{part}", f"{side}{part}", f"lead {side}{above}" if above else root, 1.0)
    order = []
    while len(order) < len(bones):  # parents first
        order += [k for k in range(len(bones)) if k not in order and (parents[k] < 0 or parents[k] in order)]
    new = {old: number for number, old in enumerate(order)}
    whole = replace(
        rig, bones=tuple(bones[k] for k in order), rest=np.stack([rest[k] for k in order]),
        parents=np.array([new[parents[k]] if parents[k] >= 0 else -1 for k in order]),
        length=np.array([length[k] for k in order]), connected=np.zeros(len(order), bool),
        inherit_rotation=np.ones(len(order), bool), bound=bound,
    )  # fmt: skip
    return whole, told


def test_limbs_are_led_by_their_controls():
    """Each bound bone has the control that begins where it does, and the limbs' hang on each other."""
    rig, told = controlled()
    found, _ = freed(rig, told)
    assert found == {joint: f"lead {joint}" for joint in LED}


def test_what_nothing_leads_is_left_out():
    """A bound bone without a control is not keyed, and free bones stay as they are."""
    rig, told = controlled()
    alone = replace(rig, bound=frozenset({told["head"]}) | {bone for bone in rig.bones if not bone.startswith("bone ")})
    found, controls = freed(alone, told)
    assert "head" not in found and {told[joint] for joint in LIMBS} <= set(found.values()) and not controls
    assert freed(replace(rig, bound=frozenset()), told) == (told, False)


def test_hips_on_the_chest_are_nobodys():
    """Names of a body whose hips hang on its chest, as a bird's in Rigify do, are no body."""
    rig, preset = character()
    assert not hangs_backwards(rig, preset.bones)
    swapped = preset.bones | {"hips": preset.bones["chest"], "chest": preset.bones["hips"]}
    assert hangs_backwards(rig, swapped)
    assert not hangs_backwards(rig, {"head": preset.bones["head"]})


def named(rig, preset) -> tuple:
    """The same rig with VRM's names."""
    names = {bone: joint for joint, bone in preset.bones.items()}
    return replace(rig, bones=tuple(names[bone] for bone in rig.bones))


@pytest.mark.parametrize("lacks", [("hips", *LEGS), ("hips", "spine", *LEGS), LEGS], ids=["bust", "chest", "no legs"])
def test_a_bust_plays_what_it_has(lacks):
    """A trunk with head and arms and nothing below is a body: its arms point as the performer's do, and it stays."""
    rig, preset = character(lacks=lacks, bend=0.6, scale=100.0)
    bust = named(rig, preset)
    found = recognise(bust)
    assert found.name == "VRM 1.0" and set(found.bones) == set(preset.bones) and set(lacks) <= set(found.missing)
    shown = performance()
    clip = retarget(shown, rig, preset, Settings(foot_lock=0.0), 30.0)
    assert worst_direction(shown, rig, clip) < 0.1
    assert np.isfinite(clip.rotations).all() and np.isfinite(clip.locations).all()
    assert 70 < measure(rig, preset, shown.skeleton).scale < 130
    if "hips" in lacks:
        first = pose(rig, clip)[rig.bones[0]][:, :3, 3]
        assert np.ptp(first, axis=0).max() < 1e-9


def test_an_armless_body_plays_what_it_has():
    """Hips, head and legs without arms are a body, too."""
    arms = tuple(name for name in character()[1].bones if any(part in name for part in (
        "Arm", "Hand", "Shoulder", "Thumb", "Index", "Middle", "Ring", "Little")))  # fmt: skip
    rig, preset = character(lacks=arms)
    found = recognise(named(rig, preset))
    assert set(found.bones) == set(preset.bones) and "leftUpperArm" in found.missing
    shown = performance()
    assert worst_direction(shown, rig, retarget(shown, rig, preset, Settings(foot_lock=0.0), 30.0)) < 0.1


def test_structure_alone_finds_the_controls():
    """Where neither names nor skin tell anything, the bones that are driven are free."""
    rig, told = controlled()
    led = replace(rig, deforms=frozenset(told.values()) | {"bone spine", "bone neck"}, properties={"x[IK_FK]": 0.0})
    found = recognise(led, presets=[kind for kind in shipped() if kind.name == "Rigify"] or [RigPreset("", {})])
    assert found.name == UNNAMED
    assert not set(found.bones.values()) & led.bound
    assert {found.bones[joint] for joint in LIMBS} == {f"lead {joint}" for joint in LIMBS}
