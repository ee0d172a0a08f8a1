"""Whoever walks closer until only the bust is seen, or lies, or comes back, does not jump, and what is seen stays."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.body import bones, fit, posing
from understudy.solvers.body.bones import POINT
from understudy.solvers.body.observed import Sight
from understudy.solvers.motion import gaps, rotations
from understudy.solvers.motion.skeleton import joint_positions
from understudy.solvers.names import BODY_POINT, JOINT
from understudy.solvers.solve import solve

ABOVE = ["head", "leftUpperArm", "rightUpperArm", "leftLowerArm", "rightLowerArm"]


def cropped(take, line):
    """The take without what lies below a line (T,) px of the picture, where the network guesses without seeing."""
    below = take.body.image[..., 1] > line[:, None]
    rng = np.random.default_rng(0)
    guess = rng.normal(size=take.body.world.shape) * 0.1 * below[..., None]
    sure = np.where(below, 0.03, take.body.confidence)
    return replace(take, body=replace(take.body, confidence=sure, world=take.body.world + guess))


def border(take, start, stop, back=np.inf):
    """A line (T,) px that rises from below the feet to the waist between two times, and falls again later."""
    image, time = take.body.image, take.time
    feet, waist = image[..., 1].max() + 30, np.median(image[:, [23, 24], 1]) - 40
    way = np.minimum(np.clip((time - start) / (stop - start), 0, 1), np.clip((back + 0.6 - time) / 0.6, 0, 1))
    return feet + (waist - feet) * way


def steps(performance):
    """How far joints go from sample to sample: (T - 1, J) m, and (T - 1, J) degrees."""
    places = joint_positions(performance.rotations, performance.root, performance.skeleton)
    turns = rotations.angle_between(performance.rotations[1:], performance.rotations[:-1])
    return np.linalg.norm(np.diff(places, axis=0), axis=-1), np.degrees(turns)


@pytest.mark.parametrize("way", [(1.5, 2.5), (2.0, 2.05), (0.8, 1.4, 2.4), (-2.0, -1.0, 2.0)])
def test_legs_that_leave_the_picture_do_not_jump(acted, way):
    """While the picture's border takes the legs or gives them back nothing moves 2 cm or turns 3 degrees more."""
    whole, part = solve(acted.take), solve(cropped(acted.take, border(acted.take, *way)))
    for ours, usual, most in zip(steps(part), steps(whole), (0.02, 3.0), strict=True):
        around = np.max([np.roll(usual, k, 0) for k in range(-3, 4)], 0)
        assert (ours - around).max() < most


def test_what_is_still_seen_stays(acted):
    """Head and arms do as they did, within 4 cm of each other about the chest, whether legs are seen or not."""
    whole, part = solve(acted.take), solve(cropped(acted.take, border(acted.take, 1.5, 2.5)))
    at = lambda p: joint_positions(p.rotations, p.root, p.skeleton)  # noqa: E731
    for name in ABOVE:
        apart = [at(p)[:, JOINT[name]] - at(p)[:, JOINT["upperChest"]] for p in (whole, part)]
        assert np.linalg.norm(apart[0] - apart[1], axis=1).mean() < 0.04


def test_directions_are_held_and_then_rest():
    """A bone that is lost goes on as it was seen, then eases to rest within some seconds, never fast."""
    time = np.arange(200) / 25.0
    seen = (time < 2)[:, None]
    vectors = np.tile([0.0, -0.4, -0.1], (200, 1, 1))
    rest = np.array([[0.0, 0.0, -1.0]])
    found = gaps.ease_directions(vectors, seen, time, rest)[:, 0]
    assert np.allclose(found[time < 2 + gaps.HOLD - 0.05], vectors[0, 0] / np.linalg.norm(vectors[0, 0]))
    assert np.allclose(found[time > 2.2 + gaps.HOLD + gaps.SLOWLY], rest)
    assert np.degrees(np.linalg.norm(np.diff(found, axis=0), axis=1)).max() < 8


@pytest.mark.parametrize("lies", [True, False])
def test_unseen_legs_of_who_lies_lie(lies):
    """Rest is along the trunk for somebody who lies for long, and upright for one who bends down for a second."""
    time = np.arange(240) / 24.0
    tilt = np.full(len(time), np.radians(85)) if lies else np.radians(85) * np.exp(-(((time - 5) / 0.5) ** 2))
    trunk = np.stack([np.sin(tilt), 0 * tilt, np.cos(tilt)], 1)[:, None] * 0.5
    world = np.full((len(time), len(bones.POINTS), 3), np.nan)
    for side, y in (("left", 0.15), ("right", -0.15)):
        world[:, POINT[f"{side}Hip"]] = [0, 0.6 * y, 0]
        world[:, POINT[f"{side}Shoulder"]] = trunk[:, 0] + [0, y, 0]
    sight = Sight(time, 24.0, np.full((len(time), len(bones.POINTS), 2), np.nan), world, np.isfinite(world[..., 0]) * 1)
    up = fit.facing(sight, fit.UP)[..., 2]
    wanted = trunk[:, 0] / 0.5 if lies else np.broadcast_to(fit.UP, (len(time), 3))
    assert np.degrees(np.arccos(np.clip((up * wanted).sum(1), -1, 1))).max() < 10


def test_a_head_turns_on_with_the_body_when_its_face_is_lost():
    """Whoever turns away takes the head along: ears and nose tell where it goes, and what the face said is kept."""
    time = np.arange(72) / 24.0
    yaw = np.pi * np.clip(time - 0.5, 0, 1.5) / 1.5
    turn = rotations.from_axis_angle(np.array([0.0, 0, 1.0]), yaw)
    world = np.full((72, 33, 3), np.nan)
    for name, place in (("nose", (0, -0.1, -0.03)), ("leftEar", (0.07, 0, 0)), ("rightEar", (-0.07, 0, 0))):
        world[:, BODY_POINT[name]] = rotations.rotate(turn, np.tile(place, (72, 1)))
    seen = np.isfinite(world[..., 0]).astype(float)
    sight = Sight(time, 24.0, world[..., :2], world, seen)
    nod = rotations.from_axis_angle(np.array([1.0, 0, 0]), np.radians(15.0))
    face = np.where((yaw < np.radians(70))[:, None], rotations.multiply(turn, nod), np.nan)
    looks, known = posing.look(face, np.isfinite(face[:, 0]).astype(float), sight, rotations.IDENTITY)
    ahead = rotations.rotate(looks, np.array([1.0, 0, 0]))
    off = np.arctan2(ahead[:, 1], ahead[:, 0]) - yaw
    assert np.degrees(np.abs((off + np.pi) % (2 * np.pi) - np.pi)).max() < 8
    assert np.allclose(np.abs(looks[:20]), np.abs(face[:20]), atol=1e-6)
    assert np.degrees(rotations.angle_between(looks[1:], looks[:-1])).max() < 9
    assert known.min() >= posing.COARSE


def test_legs_that_leave_for_a_while_are_told(acted):
    """A stretch without legs is named with its times; a clip with legs throughout says nothing of them."""
    part = solve(cropped(acted.take, border(acted.take, 1.0, 1.05, 2.4)))
    told = [line for line in part.warnings if "legs were out of sight" in line]
    assert part.framing == "full" and len(told) == 1 and "from 1." in told[0] and "to 2." in told[0]
    assert not any("legs" in line for line in solve(acted.take).warnings)
