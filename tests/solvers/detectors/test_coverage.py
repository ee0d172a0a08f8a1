"""On real footage the performer is found, with face and hands, and nobody is found where there is nobody."""

import pytest
from understudy.solvers import errors, models
from understudy.solvers.detectors import DETECTORS
from understudy.solvers.detectors.plain import PlainTasks
from understudy.solvers.footage import video


@pytest.fixture(scope="module")
def watch(shared):
    """Looks at a range of a clip of the test material: {part: share of pictures in which it is seen}."""
    try:
        networks = models.find()
    except errors.ModelError as fault:
        pytest.skip(str(fault))
    detector = DETECTORS["mediapipe"](networks)

    def look(clip, start=None, end=None):
        sights = list(detector.watch(video.pictures(shared / "videos" / clip, start, end)))
        parts = ("body", "face", "left_hand", "right_hand")
        return {part: sum(getattr(s, part).seen for s in sights) / len(sights) for part in parts}

    with detector:
        yield look


def test_a_signer_keeps_face_and_a_hand(watch):
    """A signer whose face is too small for a search of the whole picture keeps it, and a hand in motion blur."""
    seen = watch("real/halfbody_asl_book.mkv")
    assert seen["face"] >= 0.95 and max(seen["left_hand"], seen["right_hand"]) >= 0.8, seen


def test_a_talker_keeps_face_and_hands(watch):
    """Half a body that talks with its hands keeps its face and both hands."""
    seen = watch("synthetic/hero_talk.mp4", 1, 3.5)
    assert min(seen["face"], seen["left_hand"], seen["right_hand"]) >= 0.95, seen


def test_small_hands_are_found_where_a_whole_search_fails(watch, shared):
    """With the whole body in a tall picture, more hands are found than by searching the whole picture."""
    clip, start, end = "real/fullbody_pose2sim_cam03.mp4", 0.3, 0.8
    seen = watch(clip, start, end)
    with PlainTasks(models.find()) as plain:
        hands = [s["hand"] for s in plain.watch(video.pictures(shared / "videos" / clip, start, end))]
    assert seen["left_hand"] + seen["right_hand"] > 1.5 * sum(hands) / len(hands), (seen, hands)


def test_a_lone_hand_is_no_body(watch):
    """A hand and a forearm give that one hand, on one side, and no body around them, whatever the pose network says."""
    seen = watch("real/hand_only_asl.mp4", 3, 9)
    assert max(seen["left_hand"], seen["right_hand"]) >= 0.95, seen
    assert seen["body"] == 0 and min(seen["left_hand"], seen["right_hand"]) <= 0.05, seen


def test_a_back_is_somebody(watch):
    """Somebody who walks away is a body without a face, until the picture is empty."""
    seen = watch("real/backview_walkthrough.mp4")
    assert seen["body"] >= 0.4 and seen["face"] <= 0.1, seen


def test_furniture_is_nobody(watch):
    """A room without a person shows nobody, though the pose network sees one in a stool."""
    assert not any(watch("real/no_person_room.mp4").values())
