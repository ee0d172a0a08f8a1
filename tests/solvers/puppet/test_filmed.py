"""A film as a character: the picture that is chosen, motion that lasts, heads that do not turn too far, the room."""

import dataclasses

import numpy as np
import pytest
from understudy.solvers.clip import Clip
from understudy.solvers.motion import rotations
from understudy.solvers.names import BODY_POINT
from understudy.solvers.puppet import filmed
from understudy.solvers.puppet.film_puppet import plate
from understudy.solvers.take import Take

SIZE = (640, 480)
BEST = 20


def made_up_take(samples=40):
    """Somebody who stands still before the camera, both arms straight and away from the body."""
    take = Take.empty(np.arange(samples) / 20, SIZE)
    random = np.random.default_rng(3)
    take.face.image[:] = np.append([320, 100], 0) + random.normal(0, 12, (478, 3)) * [1, 1, 0]
    for (outer, inner), (upper, lower), x in zip(filmed.CORNERS, filmed.LIDS, (300, 340), strict=True):
        take.face.image[:, [outer, inner], :2] = [(x - 8, 95), (x + 8, 95)]
        take.face.image[:, [upper, lower], :2] = [(x, 92), (x, 98)]
    take.body.image[:], take.body.confidence[:] = (320, 300, 0), 1.0
    for side, way in (("left", 1), ("right", -1)):
        for joint, (x, y) in {"Shoulder": (60, 180), "Elbow": (110, 260), "Wrist": (160, 340)}.items():
            take.body.image[:, BODY_POINT[side + joint], :2] = (320 + way * x, y)
        for joint in filmed.HAND[1:]:
            take.body.image[:, BODY_POINT[side + joint], :2] = (320 + way * 165, 350)
    take.head[:] = np.eye(4)
    return take


def turned(take, others):
    """The head is turned away by 40 degrees."""
    take.head[others, :3, :3] = rotations.to_matrix(rotations.from_vector(np.array([0, 0, np.radians(40)])))


def blinking(take, others):
    """The eyes are shut."""
    for upper, lower in filmed.LIDS:
        take.face.image[others, upper, 1] = take.face.image[others, lower, 1]


def arms_moved(take, others, place):
    """Both hands are elsewhere. place: (x, y) px from the middle of the face."""
    for side, way in (("left", 1), ("right", -1)):
        for joint in filmed.HAND:
            there = (320 + way * place[0], 100 + place[1])
            take.body.image[np.ix_(others, [BODY_POINT[side + joint]], [0, 1])] = there


def hidden(take, others):
    """An arm is not seen."""
    take.body.confidence[others, BODY_POINT["leftElbow"]] = 0.1


WORSE = {
    "turned": turned, "blinking": blinking, "hidden": hidden,
    "folded": lambda take, others: arms_moved(take, others, (5, 160)),
    "before the face": lambda take, others: arms_moved(take, others, (30, 30)),
    "before the trunk": lambda take, others: arms_moved(take, others, (45, 160)),
    "out of the picture": lambda take, others: arms_moved(take, others, (160, 400)),
}  # fmt: skip


@pytest.mark.parametrize("worse", WORSE)
def test_the_best_picture_is_found(performance, worse):
    """Of pictures that are worse in one respect and one that is not, that one becomes the character."""
    take, quiet = made_up_take(), quiet_face(performance)
    others = np.flatnonzero(np.abs(np.arange(40) - BEST) > 1)
    WORSE[worse](take, others)
    assert abs(filmed.best_picture(take, quiet) - BEST) <= 1


def quiet_face(performance):
    """The performance without expressions."""
    return dataclasses.replace(performance, expressions=performance.expressions * 0)


def test_a_calm_face_is_found(performance):
    """The picture with the least expression becomes the character; nobody's is none, whatever else it has."""
    take, lively = made_up_take(), np.full_like(performance.expressions, 0.2)
    lively[24] = 0.0  # at 1 s, as sample 20 of the take
    assert filmed.best_picture(take, dataclasses.replace(performance, expressions=lively)) == BEST
    for part in (take.face, take.body):
        part.image[BEST] = np.nan
    assert filmed.best_picture(take, dataclasses.replace(performance, expressions=lively)) != BEST


def test_there_and_back_never_jerks_nor_leaves_the_film():
    """A film that lasts is played as it is; a shorter one never runs faster than true, and turns round smoothly."""
    time = np.arange(0, 30, 0.01)
    assert np.array_equal(filmed.there_and_back(time, 30.0), time)
    for length in (0.4, 2.0, 7.77):
        place = filmed.there_and_back(time, length)
        speed = np.diff(place) / 0.01
        assert place.min() >= 0 and place.max() <= length and np.abs(speed).max() < 1 + 1e-6
        assert np.abs(np.diff(speed)).max() < 0.01 / min(filmed.EASE, length / 2) + 1e-6  # no jump in speed
        begun = time < length - min(filmed.EASE, length / 2)
        assert np.allclose(place[begun], time[begun]) and place[time > length].min() < 0.5 * length
    assert not filmed.there_and_back(time, 0.0).any()


@pytest.mark.parametrize("seconds", [1.0, 9.5])
def test_motion_lasts_at_its_true_speed(performance, seconds):
    """What a film's person does comes when it does, whatever is asked for, and goes on as long."""
    own = dataclasses.replace(performance, time=performance.time + 3.0)
    played = filmed.lasting(own, seconds)
    assert played.time[0] == 3.0 and played.time[-1] - 3.0 >= seconds - 1e-6
    count = 24
    assert np.allclose(np.diff(played.time), 1 / 24)
    assert np.allclose(played.root[:count], own.root[:count])
    assert np.allclose(np.abs((played.rotations[:count] * own.rotations[:count]).sum(-1)), 1)


def made_up_clip(angle, seed=0):
    """A clip in which neck, head and arm turn by up to so many rad, and the hips move."""
    random = np.random.default_rng(seed)
    turns = rotations.from_vector(angle * np.clip(random.normal(0, 0.6, (30, 3, 3)), -1, 1))
    return Clip(
        frames=np.arange(1.0, 31), fps=24.0, bones=("neck", "head", "arm"), rotations=turns, movers=("hips",),
        locations=random.normal(0, 1, (30, 1, 3)), sliders=(), values=np.zeros((30, 0)),
    )  # fmt: skip


def test_the_picture_is_shown_as_it_is():
    """Where the film shows the picture that the character was made of, head and path are at rest; arms keep theirs."""
    clip = made_up_clip(1.0)
    made = filmed.as_in_picture(clip, ("neck", "head", "none"), 12.3)
    assert np.allclose(np.abs(made.rotations[11, :2, 0]), 1) and np.allclose(made.locations[11], 0)
    assert np.allclose(np.diff(made.locations, axis=0), np.diff(clip.locations, axis=0))
    assert np.allclose(np.abs((made.rotations[:, 2] * clip.rotations[:, 2]).sum(-1)), 1)


def test_heads_do_not_turn_too_far():
    """Film and performance together never turn a flat head farther than it can; small nods are added whole."""
    own, added = made_up_clip(0.6, 1), made_up_clip(0.6, 2)
    made = filmed.within(added, own, ("neck", "head"))
    total = rotations.to_vector(rotations.multiply(own.rotations, made.rotations))
    assert np.linalg.norm(total[:, :2], axis=-1).max() <= filmed.MOST + 1e-6
    assert np.allclose(np.abs((made.rotations[:, 2] * added.rotations[:, 2]).sum(-1)), 1)
    own, added = made_up_clip(0.04, 1), made_up_clip(0.04, 2)
    small = filmed.within(added, own, ("neck", "head"))
    assert np.allclose(np.abs((small.rotations * added.rotations).sum(-1)), 1)


def test_the_room_is_seen_in_other_pictures():
    """What the figure hides is what others show of it; what none shows is filled; what is bare stays as it is."""
    room = np.random.default_rng(5).integers(0, 255, (90, 120, 3)).astype(np.uint8)
    room = np.repeat(np.repeat(room[::6, ::6], 6, 0), 6, 1)

    def picture(left):
        figure = np.zeros(room.shape[:2], bool)
        figure[20:90, left : left + 30] = True
        return np.where(figure[..., None], np.uint8(0), room), figure

    (rgb, mask), others = picture(40), [picture(0), picture(80)]
    made, share = plate(rgb, mask, others)
    assert share == 1 and np.array_equal(made, room)
    made, share = plate(rgb, mask, [picture(60)])
    assert 0.3 < share < 0.9 and np.array_equal(made[~mask], room[~mask]) and made[mask].min() >= 0
    lit = [(255 - other, figure) for other, figure in others]  # another light, or another place
    made, share = plate(rgb, mask, lit)
    assert share == 0 and np.array_equal(made[~mask], room[~mask])
