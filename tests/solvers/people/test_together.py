"""Two performers of one video share a room: camera, floor and scale of one are the other's."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers import errors
from understudy.solvers.motion.skeleton import joint_positions
from understudy.solvers.people.together import TOES, camera_of, on_floor_of, turn_of


def filmed(projection, joints):
    """(T, J, 2) px, where joints are in the picture. joints: (T, J, 3) m."""
    seen = np.concatenate([joints, np.ones((*joints.shape[:2], 1))], -1) @ np.asarray(projection).T
    return seen[..., :2] / seen[..., 2:]


def alone(true, scale, spot):
    """What a solve of its own makes of somebody: smaller by a scale, in a room that begins at a spot (x, y) of it."""
    back = np.eye(4)
    back[:3] = np.column_stack([np.eye(3) * scale, [*spot, 0.0]])
    return replace(
        true,
        root=(true.root - [*spot, 0.0]) / scale,
        skeleton=true.skeleton / scale,
        projection=true.projection @ back,
    )


@pytest.mark.parametrize("scale", [0.8, 1.0, 1.3])
def test_place_and_size_are_found_again(performance, scale):
    """Whoever was solved alone comes to where he stood beside the other, at his true size, and is still seen there."""
    true = replace(performance, root=performance.root + [0.9, 0.4, 0.0])
    own = alone(true, scale, (0.5, -0.3))
    before = filmed(own.projection, joint_positions(own.rotations, own.root, own.skeleton))
    moved = on_floor_of(own, performance)
    joints = joint_positions(moved.rotations, moved.root, moved.skeleton)
    np.testing.assert_allclose(moved.root, true.root, atol=1e-6)
    np.testing.assert_allclose(moved.skeleton, true.skeleton, atol=1e-6)
    np.testing.assert_allclose(filmed(moved.projection, joints), before, atol=1e-6)
    np.testing.assert_allclose(camera_of(moved), camera_of(performance), atol=1e-6)
    assert moved.origin == tuple(performance.root[0, :2])


def test_feet_stay_on_the_floor_whatever_the_tilt(performance):
    """A performer whose room was taken to be tilted stays upright, and his feet as high over the floor as they were."""
    angle = np.radians(6)
    c, s = np.cos(angle), np.sin(angle)
    tilt = np.eye(4)
    tilt[1:3, 1:3] = [[c, -s], [s, c]]
    own = replace(performance, projection=performance.projection @ tilt)
    assert not np.allclose(turn_of(own), turn_of(performance))
    moved = on_floor_of(own, performance)
    scale = moved.history[-1][1]["scale"]
    heights = [joint_positions(one.rotations, one.root, one.skeleton)[:, TOES, 2] for one in (own, moved)]
    np.testing.assert_allclose(heights[1], scale * heights[0], rtol=1e-3)


@pytest.mark.parametrize("change", [{"framing": "bust"}, {"scale": 2.5}])
def test_sizes_stay_where_no_floor_tells(performance, change):
    """Somebody whose feet were not seen, or who would become a giant, keeps his size."""
    scale = change.pop("scale", 1.2)
    moved = on_floor_of(replace(alone(performance, scale, (0.2, 0.0)), **change), performance)
    np.testing.assert_allclose(moved.skeleton, performance.skeleton / scale)


def test_only_those_who_were_filmed_together(performance):
    """Performances of different videos, or solved with different lenses, are refused."""
    with pytest.raises(errors.SettingsError, match="different videos"):
        on_floor_of(replace(performance, source={"sha256": "a"}), performance)
    with pytest.raises(errors.SettingsError, match="different lenses .40 and 0 degrees"):
        on_floor_of(replace(performance, settings={"lens": 40.0}), performance)
