"""Feet that rest are found, and held; the floor is where they are; cameras may look down."""

import numpy as np
from understudy.solvers.body import bones, contacts, fit, observed, root
from understudy.solvers.body.observed import Sight
from understudy.solvers.motion import rotations
from understudy.solvers.settings import Settings

UP = np.array([0.0, 0.0, 1.0])


def sight_of(shown):
    """The picked points as seen without any fault."""
    take = shown.take
    every = np.ones(shown.points.shape[:2])
    return Sight(take.time, 30.0, np.zeros((*every.shape, 2)), shown.points, every)


def test_resting_feet_are_found(acted):
    """The standing foot rests all the time, the stepping one but for its step."""
    sight = sight_of(acted)
    rests = contacts.resting(acted.points, sight)
    found = contacts.detect(rests, acted.points, sight, UP, contacts.ground(acted.points, rests, sight, UP))
    assert found[:, 2:].all()
    assert (found[:, :2].any(1) == acted.planted[:, 0]).mean() > 0.93
    assert not found[68, :2].any()


def test_floor_is_under_the_feet(acted):
    """The floor's height is that of the resting toes, and the heels' points may lie higher."""
    points, sight = acted.points.copy(), sight_of(acted)
    heels = [bones.POINT["leftHeel"], bones.POINT["rightHeel"]]
    toe = points[:, bones.POINT["rightFootIndex"], 2].mean()
    points[:, heels, 2] += 0.04
    found = contacts.ground(points, contacts.resting(points, sight), sight, UP)
    assert abs(found.height - toe) < 0.01 and abs(found.heel - 0.04) < 0.01


def test_unseen_feet_do_not_rest(acted):
    """Feet that are not in the picture touch nothing."""
    sight = sight_of(acted)
    sight.weight[:, contacts.FEET] = 0
    assert not contacts.resting(acted.points, sight).any()


def test_a_tilted_camera_is_noticed(acting):
    """Up is found within 6 degrees for a camera that looks down by 20, and a level camera is left level."""
    level, tilted = acting(), acting(tilt=np.radians(20))
    assert np.allclose(contacts.upwards(level.points, sight_of(level)), UP, atol=0.03)
    up = contacts.upwards(tilted.points, sight_of(tilted))
    truth = np.array([0.0, -np.sin(np.radians(20)), np.cos(np.radians(20))])
    assert np.degrees(np.arccos(up @ truth)) < 6


def test_held_feet_do_not_slide(acting):
    """Planted feet slide less with the hold than without, and half of it does something between."""
    shown = acting(noise=0.02)
    sight, lens, place, length, settings = _ready(shown)
    free = fit.fit(sight, place, length, lens, settings)
    slide = {}
    for firmness in (0.0, 0.1, 1.0):
        rests = contacts.resting(free, sight)
        anchors = contacts.anchors(rests, free, sight, UP, contacts.ground(free, rests, sight, UP), firmness)
        feet = fit.fit(sight, place, length, lens, settings, feet=anchors)[:, contacts.FEET]
        step = np.linalg.norm(np.diff(feet, axis=0), axis=-1) * 30
        slide[firmness] = step[(rests[1:] * rests[:-1]) > 0].mean()
    assert slide[1.0] < 0.3 * slide[0.0] and slide[1.0] < slide[0.1] < slide[0.0]


def _ready(shown):
    settings = Settings()
    time, lens = observed.clock(shown.take, settings), observed.camera(shown.take, settings)
    sight = observed.turn_to_rays(observed.straighten(observed.smooth(observed.gate(shown.take, time), settings)), lens)
    sight = bones.pick(sight)
    place = root.translations(sight, lens)
    return sight, lens, place, bones.lengths(sight, place[:, 1], lens, settings), settings


def test_brief_touches_do_not_count():
    """Contacts and breaks shorter than a tenth of a second are taken for noise."""
    mask = np.zeros(60, bool)
    mask[10:40] = True
    mask[20] = False
    mask[50] = True
    steady = contacts.steady(mask, 3)
    assert steady[10:40].all() and not steady[40:].any() and not steady[:10].any()


def laid(points):
    """The performer fallen on the back: turned by a right angle about the feet, 12 cm above the floor."""
    turn = rotations.from_axis_angle(np.array([1.0, 0.0, 0.0]), np.array(-np.pi / 2))
    middle = points[:, contacts.FEET].mean((0, 1))
    flat = rotations.rotate(turn, points - middle) + middle
    return flat + [0, 0, points[:, contacts.FEET, 2].min() - flat[..., 2].min() + 0.1]


def test_who_lies_or_sits_does_not_tilt_the_room(acted):
    """People who lie, or sit behind their feet, say nothing about the camera."""
    sight = sight_of(acted)
    assert contacts.standing(acted.points).mean() > 0.5
    assert not contacts.standing(laid(acted.points)).any()
    seated = acted.points.copy()
    upper = [index for name, index in bones.POINT.items() if name.endswith(("Shoulder", "Hip", "Elbow", "Wrist"))]
    seated[:, upper] += [0.0, 0.4, -0.3]
    for points in (laid(acted.points), seated):
        assert np.allclose(contacts.upwards(points, sight), UP)


def test_the_floor_is_beneath_who_lies(acted):
    """Somebody who lies with the feet up lies on the floor: it is a hand below the hips, not at the feet."""
    points, sight = laid(acted.points), sight_of(acted)
    points[:, contacts.FEET] += [0.0, 0.0, 0.3]
    found = contacts.ground(points, contacts.resting(points, sight), sight, UP)
    hips = points[:, [bones.POINT["leftHip"], bones.POINT["rightHip"]], 2]
    assert 0.0 < np.median(hips) - found.height < 0.25


def test_where_feet_have_stood_is_level(acted):
    """A walker's places lie on one level: `up` that is off by 8 degrees comes nearer to the truth."""
    time = np.arange(240) / 30
    points = np.repeat(acted.points[:1], len(time), 0)
    rests = np.zeros((len(time), 4), bool)
    for step in range(8):
        stretch = slice(step * 30, step * 30 + 30)
        points[stretch] += [0.2 * step, 0.5 * step, 0.0]
        rests[step * 30 : step * 30 + 25, 2 * (step % 2) : 2 * (step % 2) + 2] = True
    off = np.radians(8)
    up = np.array([0.0, np.sin(off), np.cos(off)])
    found = contacts.levelled(up, points, rests, 30.0)
    assert found @ UP > np.cos(np.radians(2.5)) and np.isclose(np.linalg.norm(found), 1)


def test_a_step_is_not_drawn_to_the_floor(acted):
    """A long rest 15 cm up keeps its height, one 1 cm up is taken to the floor, and both are held in place."""
    rests = np.ones((len(acted.points), 4), bool)
    ground = contacts.Ground(acted.points[:, contacts.FEET[3], 2].mean(), 0.0)
    pulls = []
    for height in (0.15, 0.01):
        points = acted.points + [0.0, 0.0, height]
        held = contacts.anchors(rests, points, sight_of(acted), UP, ground, 1.0)
        pulls.append(held.stiffness[5, contacts.FEET[3]] * contacts.FLAT**2)
        assert (held.hold[:-1, contacts.FEET] > 0).all()
    assert pulls[0] == 0.0 and pulls[1] > 0.8


def test_soles_are_levelled(acted):
    """Heels whose points lie 3 cm above the sole come down to it; ankles and toes stay, feet keep their length."""
    points, ankle, heel, toe = acted.points.copy(), *(bones.POINT[f"left{n}"] for n in ("Ankle", "Heel", "FootIndex"))
    points[:, heel, 2] += 0.03
    low, length = contacts.on_soles(points, acted.length, 0.03)
    assert np.abs(low[:, heel, 2] - low[:, toe, 2]).max() < 0.01
    assert np.array_equal(low[:, [ankle, toe]], points[:, [ankle, toe]])
    size = np.linalg.norm(points[:, heel] - points[:, toe], axis=1)
    assert np.allclose(np.linalg.norm(low[:, heel] - low[:, toe], axis=1), size)
    assert np.isfinite(length).all()


def test_who_lies_lies_on_the_floor(acted):
    """A trunk that lies still a little above the floor is drawn to it, a standing or a bent one is not."""
    sight, points = sight_of(acted), laid(acted.points)
    ground = contacts.ground(points, contacts.resting(points, sight), sight, UP)
    raised = points + [0.0, 0.0, 0.05]
    assert contacts.lying(raised, sight, UP, ground).mean() > 0.9
    assert not contacts.lying(acted.points, sight, UP, ground).any()
    held = contacts.anchors(np.zeros((len(points), 4), bool), raised, sight, UP, ground, 1.0)
    hips = [bones.POINT["leftHip"], bones.POINT["rightHip"]]
    assert held.stiffness[60, hips].max() > 0 and held.stiffness[60, contacts.FEET].max() == 0
