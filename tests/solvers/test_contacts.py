"""Feet that rest are found, and held; the floor is where they are; cameras may look down."""

import numpy as np
from understudy.solvers import body, bones, contacts, fit, root
from understudy.solvers.body import Sight
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
    found = contacts.detect(contacts.resting(acted.points, sight), acted.points, sight, UP)
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
        anchors = contacts.anchors(rests, free, 30.0, UP, contacts.ground(free, rests, sight, UP), firmness)
        feet = fit.fit(sight, place, length, lens, settings, feet=anchors)[:, contacts.FEET]
        step = np.linalg.norm(np.diff(feet, axis=0), axis=-1) * 30
        slide[firmness] = step[(rests[1:] * rests[:-1]) > 0].mean()
    assert slide[1.0] < 0.3 * slide[0.0] and slide[1.0] < slide[0.1] < slide[0.0]


def _ready(shown):
    settings = Settings()
    time, lens = body.clock(shown.take, settings), body.camera(shown.take, settings)
    sight = body.turn_to_rays(body.straighten(body.smooth(body.gate(shown.take, time), settings)), lens)
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
