"""Several people in one video: each keeps his identity, and the performer is the one who was asked for."""

import numpy as np
import pytest
from understudy.solvers import errors, models
from understudy.solvers.detect import ROOT, takes
from understudy.solvers.detectors import DETECTORS, crops
from understudy.solvers.detectors.cast import Cast, Member, distinct, gather
from understudy.solvers.detectors.clothes import SIZE, colours, unlike
from understudy.solvers.detectors.people import Person
from understudy.solvers.detectors.sight import Points
from understudy.solvers.footage import video
from understudy.solvers.names import BODY_POINT
from understudy.solvers.people import census, performer

PICTURE = (1280, 720)
DEMO = ROOT / "presets" / "demo" / "performance.mp4"
# A body that stands upright, in units of its head and shoulders' width, about the middle of the hips.
UPRIGHT = np.zeros((33, 3))
UPRIGHT[:11, :2] = np.stack([np.linspace(-0.2, 0.2, 11), np.full(11, -2.2)], 1)
for _side, _x in (("left", 0.5), ("right", -0.5)):
    for _joint, _y in (("Shoulder", -1.6), ("Elbow", -0.8), ("Wrist", 0.0), ("Pinky", 0.2), ("Index", 0.2),
                       ("Thumb", 0.2), ("Hip", 0.0), ("Knee", 1.2), ("Ankle", 2.2), ("Heel", 2.3),
                       ("FootIndex", 2.3)):  # fmt: skip
        UPRIGHT[BODY_POINT[_side + _joint], :2] = _x * (0.7 if _y >= 0 and _joint[0] in "HKAF" else 1.0), _y


def dressed_in(bin_of_trunk, bin_of_thighs=7):
    """Colours of which all are in one bin."""
    worn = np.zeros((2, SIZE))
    worn[0, bin_of_trunk] = worn[1, bin_of_thighs] = 1.0
    return worn


RED, BLUE = dressed_in(100), dressed_in(300, 500)


def somebody(time, x, y=360.0, size=60.0, worn=RED):
    """A person whose hips are at a place, px."""
    image = UPRIGHT * size + [x, y, 0]
    return Person(time, Points(image, np.zeros((33, 3)), np.ones(33)), PICTURE, worn)


def crossing(time):
    """Two who walk past each other in two seconds; while they overlap, the search finds the nearer one alone."""
    red, blue = somebody(time, 200 + 440 * time), somebody(time, 1080 - 440 * time, size=70, worn=BLUE)
    return [blue] if abs(red.centre[0] - blue.centre[0]) < 120 else [red, blue]


@pytest.mark.parametrize("fps", [10, 30, 60])
def test_two_who_cross_are_kept_apart(fps):
    """Before, during and after a crossing each of two is who he was, and whoever is hidden is nobody."""
    times = np.arange(int(2 * fps)) / fps
    members = gather([crossing(time) for time in np.linspace(0, 2, 9)])
    assert len(members) == 2 and members[0].moments[0].colours is BLUE  # the larger one
    cast, hidden = Cast(members), 0
    for time in times:
        people = crossing(time)
        found = cast.sort(time, people)
        assert all(person.colours is (BLUE, RED)[index] for index, person in found.items())
        assert len(found) == len(people)
        hidden += 1 not in found
        cast.remember(time, found)
    assert hidden


def test_alike_dressed_people_are_told_apart_by_their_ways():
    """Without a difference in clothes, two who pass each other at a distance go on as they went."""
    cast = Cast()
    for time in np.arange(60) / 30:
        upper = somebody(time, 200 + 440 * time, 250)
        lower = somebody(time, 1080 - 440 * time, 500)
        found = cast.sort(time, [lower, upper])
        if time == 0:
            cast.remember(time, {}, [upper, lower])
            continue
        assert found[0] is upper and found[1] is lower
        cast.remember(time, found)


@pytest.mark.parametrize("fps", [12, 30, 60])
def test_twins_who_cross_go_on_as_they_went(fps):
    """Of two who look the same and cross, the one who was hidden comes out where his way leads, and is himself."""
    def pair(time):
        return somebody(time, 200 + 440 * time), somebody(time, 1080 - 440 * time, size=65)

    members = [Member((person,), RED) for person in pair(0.0)]
    cast = Cast(members)
    for time in np.arange(int(2 * fps)) / fps:
        behind, front = pair(time)
        hidden = abs(behind.centre[0] - front.centre[0]) < 100
        found = cast.sort(time, [front] if hidden else [front, behind])
        assert found[1] is front and found.get(0) is (None if hidden else behind)
        cast.remember(time, found)


def test_nobody_steps_into_an_absent_performers_place():
    """Who is dressed as somebody else, or stands where the performer cannot be, is not the performer."""
    members = [Member((somebody(0.0, 300),), RED), Member((somebody(0.0, 900, worn=BLUE),), BLUE)]
    cast = Cast(members)
    cast.remember(0.0, cast.sort(0.0, [somebody(0.0, 300), somebody(0.0, 900, worn=BLUE)]))
    assert 0 not in cast.sort(0.1, [somebody(0.1, 300, worn=BLUE)])
    stranger = somebody(0.1, 1200, worn=dressed_in(9, 9))
    assert cast.sort(0.1, [stranger]) == {}


def test_somebody_comes_back_in_his_clothes():
    """Whoever was away for long may come back anywhere; right after a cut, too."""
    members = [Member((somebody(0.0, 300),), RED), Member((somebody(0.0, 900, worn=BLUE),), BLUE)]
    cast = Cast(members)
    cast.remember(0.0, cast.sort(0.0, [somebody(0.0, 300)]))
    again = somebody(9.0, 1000)
    assert cast.sort(9.0, [again]) == {0: again}
    cast.forget_places()
    assert cast.tracks[0].last is None and len(cast.tracks) == 2


def test_where_to_look_for_the_hidden():
    """A performer who was just seen, or soon will be, is looked for where his motion leads; others are not."""
    moments = (somebody(0.0, 300), somebody(5.0, 700))
    cast = Cast([Member(moments, RED), Member((somebody(0.0, 900, worn=BLUE),), BLUE)])
    for time in (0.0, 0.1, 0.2):
        cast.remember(time, cast.sort(time, [somebody(time, 300 + 300 * time)]))
    assert cast.missing(0.3, {}, 1.0) == [0, 1] and cast.missing(2.5, {}, 1.0) == []
    assert cast.missing(4.5, {}, 1.0) == [0]
    hips = [BODY_POINT["leftHip"], BODY_POINT["rightHip"]]
    assert cast.expected_body(0, 0.3)[hips, 0].mean() == pytest.approx(390, abs=10)
    assert cast.expected_body(0, 4.5)[hips, 0].mean() == pytest.approx(700, abs=1)
    seen = {1: somebody(0.3, 392, worn=BLUE)}
    assert cast.with_hidden(0.3, seen, 0, somebody(0.3, 390)) == seen, "two at one place"


def test_who_counts():
    """One who is seen in few pictures does not count, and one who is seen apart in two stretches counts once."""
    pictures = [[somebody(float(k), 300, size=50)] for k in range(20)]
    pictures[3].append(somebody(3.0, 900, worn=BLUE))
    assert len(gather(pictures)) == 1
    pictures = [[somebody(k / 4, 300)] for k in range(4)] + [[]] * 4 + [[somebody(k / 4, 1000)] for k in range(8, 12)]
    [one] = gather(pictures)
    assert len(one.moments) == 8 and gather([]) == ()


def test_parts_of_people_are_no_people():
    """Legs that look like somebody small, and one who is seen twice, are left out; a child beside an adult is not."""
    adult = somebody(0.0, 600, size=100)
    legs, again = somebody(0.0, 600, 480, size=20), somebody(0.0, 610, size=100)
    child = somebody(0.0, 800, 480, size=45)
    kept = distinct([legs, again, adult, child])
    assert len(kept) == 2 and any(kept[0] is one for one in (adult, again)) and kept[1] is child


def test_clothes_are_what_is_on_the_trunk_and_the_thighs():
    """Colours follow clothes in any light, not the background, and are unknown beyond the picture."""
    rng = np.random.default_rng(0)

    def look(shirt, trousers, background, light=1.0, x=640.0):
        rgb = np.full((720, 1280, 3), background, float)
        rgb[200:400, 560:720], rgb[400:600, 560:720] = shirt, trousers
        rgb = np.clip(light * rgb + rng.normal(0, 4, rgb.shape), 0, 255).astype(np.uint8)
        return colours(rgb, somebody(0.0, x, 400, 100).body)

    one = look((200, 40, 40), (30, 30, 30), 128)
    assert np.allclose(one.sum(1), 1)
    assert unlike(one, look((200, 40, 40), (30, 30, 30), 40, 0.9)) < 0.35
    assert unlike(one, look((40, 60, 200), (120, 110, 100), 128)) > 0.8
    assert np.isnan(look((200, 40, 40), (30, 30, 30), 128, x=1500.0)).all()
    assert np.isnan(unlike(one, np.full_like(one, np.nan)))


@pytest.mark.parametrize("word", ["1", "12", "0.3,0.4", ".5,1", "0.25,0.75@12.5"])
def test_performers_are_read_as_written(word):
    """A number, a point, and a point in a later picture are understood, and written so that they are again."""
    wanted = performer.read(word)
    assert performer.read(performer.written(wanted)) == wanted


@pytest.mark.parametrize("word", ["", "0", "-1", "left", "0.3", "300,400", "0.3,0.4,0.5", "nan,0.1", "0.1,0.2@"])
def test_other_words_are_refused(word):
    """What is no number and no point of the picture is told, with what would be right."""
    with pytest.raises(errors.SettingsError, match="give a number"):
        performer.read(word)


def test_a_point_is_on_whoever_is_under_it():
    """A point on somebody, or just beside him, means him; one in the empty part of the picture means nobody."""
    left, right = somebody(0.0, 300), somebody(0.0, 900, worn=BLUE)
    people = [left, right]
    assert census.pointed_at(people, (300 / 1280, 300 / 720)) is left
    assert census.pointed_at(people, (930 / 1280, 420 / 720)) is right
    assert census.pointed_at(people, (600 / 1280, 300 / 720)) is None and census.pointed_at([], (0.5, 0.5)) is None


@pytest.fixture(scope="module")
def detector():
    """The detector at work, or the reason why this test cannot be run."""
    try:
        networks = models.find()
    except errors.ModelError as fault:
        pytest.skip(str(fault))
    with DETECTORS["mediapipe"](networks) as opened:
        yield opened


def test_a_body_is_found_without_a_search(detector):
    """Where a body is known to be, the pose network gives the same points as with the search."""
    _, rgb = next(video.pictures(DEMO))
    [searched] = detector.everybody(0.0, rgb)
    here = detector._somebody_at(0.0, rgb, crops.body_square(searched.body.image[:, :2]))
    seen = searched.body.confidence > 0.5
    away = np.linalg.norm((here.body.image - searched.body.image)[seen, :2], axis=1)
    assert away.mean() < 0.08 * searched.extent
    assert np.linalg.norm((here.body.world - searched.body.world)[seen], axis=1).mean() < 0.1


def test_one_person_needs_no_choice(detector):
    """Of a single performer, number 1 and a point on him are he, and others are not there."""
    assert census.cast_of(detector, str(DEMO), None, 0.1, None) is None
    assert census.cast_of(detector, str(DEMO), None, 0.1, performer.read("1")) is None
    [person] = detector.everybody(*next(video.pictures(DEMO)))
    x, y = person.centre / person.size
    assert census.cast_of(detector, str(DEMO), None, 0.1, performer.Performer(point=(x, y))) is None
    with pytest.raises(errors.NobodyError, match="no performer 2 in .*: one person is seen there. People"):
        census.cast_of(detector, str(DEMO), None, 0.1, performer.read("2"))
    with pytest.raises(errors.NobodyError, match="Nobody is seen at 0.02,0.02"):
        census.cast_of(detector, str(DEMO), None, 0.1, performer.read("0.02,0.02"))


@pytest.mark.parametrize(("where", "side"), [("0.75,0.45", 1), ("1", 0)])
def test_either_of_two_heads(detector, shared, where, side):
    """Of two heads side by side either one is followed, face and shoulders, in every picture."""
    [(_, take)] = takes(shared / "videos" / "real" / "two_people_headpose.mp4", end=0.7, performer=where)
    assert take.source["people"] == 2 and len(take.history[0][1]["performer"])
    for part in (take.face, take.body):
        assert part.seen.all()
        assert ((part.image[:, 0, 0] > take.size[0] / 2) == bool(side)).all()


@pytest.mark.parametrize("which", [1, 2])
def test_two_who_cross_in_a_gymnasium(detector, shared, which):
    """Of two who overlap, each is seen in every picture of half a second, and is himself by his clothes."""
    path = str(shared / "videos" / "real" / "multi_person_occlusion_cam01.mp4")
    cast = census.cast_of(detector, path, 0.9, 1.3, performer.read(str(which)))
    pictures = list(video.pictures(path, 0.9, 1.2))[::2]
    seen = list(detector.watch(pictures, cast))
    mine, others = cast.members[which - 1].colours, cast.members[2 - which].colours
    for (_, rgb), sight in zip(pictures, seen, strict=True):
        worn = colours(rgb, sight.body)
        assert sight.body.seen and unlike(worn, mine) < 0.4 < unlike(worn, others)
