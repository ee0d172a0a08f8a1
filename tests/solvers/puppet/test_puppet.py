"""Pictures become puppets: faces that close, open and turn in depth; drawings by their outline; motion in a plane."""

import dataclasses
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from understudy.solvers.errors import CharacterError
from understudy.solvers.motion.rotations import from_axis_angle, from_vector, rotate, to_vector
from understudy.solvers.names import EXPRESSIONS, JOINT, JOINTS
from understudy.solvers.puppet import cutout, face, joints_file, limbs, make, parts, planar, skeleton2d, weave
from understudy.solvers.puppet.build import Known, assembled, known
from understudy.solvers.retarget import silenced
from understudy.solvers.settings import Settings

sys.path.insert(0, str(Path(__file__).parents[1]))
import drawing  # noqa: E402


class Nothing:
    """What is seen in a picture in which nothing is seen."""

    face = body = visible = outline = None


@pytest.fixture(scope="module")
def portrait():
    """The known neutral face, 100 px between the eyes, in the middle of 800 x 800 px."""
    neutral, _ = face.known()
    points = np.concatenate([neutral])
    return face.face_of(points * 100 + [400, 330, 0])


@pytest.fixture(scope="module")
def drawn():
    """The puppet of the drawing, found by its strokes, with eyes and mouth placed by hand."""
    points = {
        "leftEye": drawing.EYES[1],
        "rightEye": drawing.EYES[0],
        "mouthLeft": (172, 108),
        "mouthRight": (128, 108),
    }
    placed = {name: np.array(place, float) for name, place in points.items()}
    return assembled("figure", known(drawing.figure(), None, Nothing, placed))


def moved(puppet, sheet, shape):
    """The vertices of a sheet at rest and with a shape."""
    own = puppet.sheet == puppet.sheets.index(sheet)
    return puppet.vertices[own], puppet.vertices[own] + puppet.moves[puppet.shapes.index(shape)][own]


def test_all_expressions_move_a_face(portrait):
    """Of ARKit's 52 shapes, all but looks aside, which move irises, and the tongue move some of the skin."""
    shapes = face.moves(portrait)
    still = {name for name in EXPRESSIONS if np.abs(shapes[name]).max() < 0.2}
    assert not {name for name in still if "Look" not in name} - {"tongueOut"}


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_a_blink_closes(portrait, side):
    """Edges of both lids meet; the other eye and the mouth stay."""
    upper, lower = (weave.smoothed(line, 60) for line in portrait.eye_ring(side))
    name = f"eyeBlink{side}"
    down, up = (face.field(portrait, line)[name][:, :2] + line for line in (upper[12:-12], lower))
    apart = np.linalg.norm(down[:, None] - up[None], axis=-1).min(1)
    assert apart.max() < 0.1 * portrait.gap(side)
    other = np.concatenate([*portrait.eye_ring("Right" if side == "Left" else "Left"), portrait.upper])
    assert np.abs(face.field(portrait, other)[name]).max() < 0.5


def test_lashes_go_down_with_a_lid(portrait):
    """What is dark above an eye moves with its edge; skin near the brow stays."""
    rgb = np.full((800, 800, 3), 200, np.uint8)
    edges = {side: portrait.eye_ring(side)[0] for side in ("Left", "Right")}
    for edge in edges.values():
        low, high = edge.min(0), edge.max(0)
        rgb[int(low[1]) - 12 : int(high[1]), int(low[0]) : int(high[0])] = 60
    shaded = face.face_of(portrait.points, rgb)
    for side, edge in edges.items():
        assert portrait.lashes[side] + 3 < shaded.lashes[side] < 30
        middle = edge[4]
        heights = np.array([0.0, 0.9 * shaded.lashes[side], 60.0])
        down = face.field(shaded, middle - heights[:, None] * [0, 1])[f"eyeBlink{side}"][:, 1]
        assert down[0] <= down[1] < down[0] + shaded.lashes[side] and abs(down[2]) < 0.1 * down[0]


def test_shut_eyes_have_lashes(portrait):
    """Nothing of them is seen while an eye is open; a blink makes a dark line of them, where the lids meet."""
    rgb, figure = np.full((800, 800, 3), 180, np.uint8), np.ones((800, 800), bool)
    made, atlas = parts.sheets(rgb, portrait, figure)
    for side in ("Left", "Right"):
        lashes = next(sheet for sheet in made if sheet.name == f"lashes{side}")
        above, below = np.split(lashes.points[:, :2], 2)
        assert np.allclose(above, below)
        above, below = np.split(lashes.points[:, :2] + lashes.moves[f"eyeBlink{side}"][:, :2], 2)
        upper, lower = (weave.smoothed(line, len(above)) for line in portrait.eye_ring(side))
        met = upper + face.field(portrait, upper)[f"eyeBlink{side}"][:, :2]
        assert (below - above)[5:-5, 1].min() > 0.02 * portrait.eye
        assert (above[5:-5, 1] < met[5:-5, 1] + 1).all() and (below[5:-5, 1] > met[5:-5, 1] - 1).all()
        assert parts._cell(atlas, f"lashes{side}").max() < 0.7 * 180


def test_lids_go_with_the_gaze(portrait):
    """Who looks down lowers the upper lids by a good part of the opening, who looks up lifts them."""
    for side in ("Left", "Right"):
        upper = portrait.eye_ring(side)[0][3:6]
        down, up = (face.field(portrait, upper)[f"eyeLook{way}{side}"][:, 1] for way in ("Down", "Up"))
        assert (down > 0.2 * portrait.gap(side)).all() and (up < -0.1 * portrait.gap(side)).all()


def test_wide_eyes_show_white_and_no_room(portrait):
    """An eye's white goes on behind the lids as far as wide open eyes that look up lift them."""
    rgb, figure = np.full((800, 800, 3), 180, np.uint8), np.ones((800, 800), bool)
    made = {sheet.name: sheet for sheet in parts.sheets(rgb, portrait, figure)[0]}
    for side in ("Left", "Right"):
        upper = portrait.eye_ring(side)[0]
        moved = face.field(portrait, upper)
        lifted = upper + 0.9 * moved[f"eyeWide{side}"][:, :2] + 0.5 * moved[f"eyeLookUp{side}"][:, :2]
        assert made[f"white{side}"].points[:, 1].min() < lifted[:, 1].min()


def test_what_lids_hide_of_an_eye_is_white(portrait):
    """The white behind lids is that of the eye's light middle, not of the lashes' shade or of the skin about it."""
    rgb, figure = np.full((800, 800, 3), 120, np.uint8), np.ones((800, 800), bool)
    for side in ("Left", "Right"):
        ring = np.concatenate([line if k else line[::-1] for k, line in enumerate(portrait.eye_ring(side))])
        cv2.fillPoly(rgb, [ring.round().astype(np.int32)], (230, 220, 210))
        cv2.polylines(rgb, [ring.round().astype(np.int32)], True, (60, 40, 40), 3)
        iris = portrait.points[list(face.IRISES[side]), :2]
        size = int(np.linalg.norm(iris[1:] - iris[0], axis=1).mean())
        cv2.circle(rgb, iris[0].round().astype(int).tolist(), size, (40, 30, 20), -1)
    _, atlas = parts.sheets(rgb, portrait, figure)
    for side in ("Left", "Right"):
        white = parts._cell(atlas, f"white{side}")
        assert white[10:40, 80:110].mean() > 200  # behind the upper lid
        assert white[85:105, 85:105].mean() > 200  # behind the iris


def test_a_chin_is_the_heads(portrait):
    """All of a face turns with the head, down to the chin, and what is half a face below it does not."""
    places = skeleton2d.from_face(portrait.points, (800, 800))
    around = portrait.oval
    below = portrait.chin + [0, 0.6 * portrait.eye]
    weights = skeleton2d.trunk_weights(
        np.concatenate([around, [below]]), places, (800, 800), False, 1.6 * portrait.eye, portrait.chin
    )[:, skeleton2d.JOINTS.index("head")]
    assert weights[:-1].min() > 0.99 and weights[-1] < 0.01


def test_the_mouths_inside_is_wider_than_the_lips(portrait):
    """Behind the corners of the mouth there is mouth, not room; it does not stick out of a narrow figure."""
    rgb, figure = np.full((800, 800, 3), 180, np.uint8), np.ones((800, 800), bool)
    lips = np.ptp(portrait.points[list(face.LIPS), 0])
    widths = []
    for left in (0, int(portrait.points[61, 0])):
        figure[:, :left] = False
        cavity = next(sheet for sheet in parts.sheets(rgb, portrait, figure)[0] if sheet.name == "cavity")
        widths.append(np.ptp(cavity.points[:, 0]))
    assert widths[0] > 1.2 * lips and widths[1] < widths[0] - 0.05 * lips


def test_lips_part_where_they_meet(portrait):
    """An open jaw takes the lower lip away from the upper along their common line, and not the far away."""
    upper, lower = (weave.smoothed(line, 21)[5:-5] for line in (portrait.upper, portrait.lower))
    places = np.concatenate([upper, lower, [[400, 20.0], [20, 400], [780, 780]]])
    below = np.repeat([False, True, False], [len(upper), len(lower), 3])
    found = face.field(portrait, places, below)["jawOpen"]
    assert (found[len(upper) : -3, 1] - found[: len(upper), 1]).min() > 0.2 * portrait.eye
    assert np.abs(found[-3:]).max() < 1e-6


def test_a_mask_is_woven_without_gaps():
    """Triangles over a mask cover it, and little else."""
    import cv2

    mask = cv2.circle(np.zeros((200, 200), np.uint8), (100, 100), 70, 1, -1) > 0
    rim = weave.outline(mask, 8)
    points = np.concatenate([rim, weave.apart(weave.grid(mask, 8), rim, 4)])
    faces = weave.triangles(points)
    faces = faces[weave.covered(mask, points, faces)]
    painted = np.zeros(mask.shape, np.uint8)
    for corners in points[faces]:
        cv2.fillConvexPoly(painted, corners.round().astype(np.int32), 1)
    assert (painted[mask] > 0).mean() > 0.99
    assert (painted[~mask] > 0).mean() < 0.03


def test_holes_are_filled_from_around():
    """What is hidden becomes like its surroundings, and what is not stays as it is."""
    rgb = np.zeros((120, 160, 3), np.uint8)
    rgb[:] = np.linspace(60, 180, 160)[None, :, None]
    hidden = np.zeros((120, 160), bool)
    hidden[40:80, 60:100] = True
    broken = rgb.copy()
    broken[hidden] = (255, 0, 0)
    filled = cutout.without(broken, hidden)
    assert np.abs(filled[hidden].astype(int) - rgb[hidden]).mean() < 12
    assert (filled[~hidden] == rgb[~hidden]).all()


def test_a_drawing_is_found_by_its_strokes(drawn):
    """Hands and feet are at the outermost strokes, on their own sides; the head is above the hips."""
    place = {name: drawn.tails[k] / drawn.unit for k, name in enumerate(drawn.joints)}
    for side, (x, y) in drawing.HANDS.items():
        assert np.hypot(place[f"{side}Hand"][0] - x, drawing.SIZE[1] - place[f"{side}Hand"][2] - y) < 20
    for side, (x, y) in drawing.FEET.items():
        assert np.hypot(place[f"{side}Foot"][0] - x, drawing.SIZE[1] - place[f"{side}Foot"][2] - y) < 20
    assert drawn.heads[drawn.joints.index("head"), 2] > drawn.heads[drawn.joints.index("hips"), 2]
    assert {"leftArm", "rightArm", "leftLeg", "rightLeg"} <= set(drawn.sheets)


def test_sheets_are_whole(drawn):
    """Every vertex of a figure is carried in full, every triangle faces the viewer, pictures are used within them."""
    carried = drawn.sheet != drawn.sheets.index("background")
    assert np.allclose(drawn.weights[carried].sum(1), 1, atol=1e-3)
    rest = drawn.sheets.index("cavity")  # which is nothing until the mouth opens
    faces = drawn.triangles[drawn.sheet[drawn.triangles[:, 0]] != rest]
    a, b, c = (drawn.vertices[faces[:, k]][:, [0, 2]] for k in range(3))
    assert (np.cross(b - a, c - a) > -1e-6).all()
    assert drawn.uv[carried].min() > -0.05 and drawn.uv[carried].max() < 1.05


def test_drawn_eyes_close_and_mouths_open(drawn):
    """A blink squeezes an eye's strokes to a line; an open jaw makes an opening where the mouth's line is."""
    open_eye, shut = moved(drawn, "eyeLeft", "eyeBlinkLeft")
    assert np.ptp(shut[:, 2]) < 0.45 * np.ptp(open_eye[:, 2])
    closed, opened = moved(drawn, "cavity", "jawOpen")
    assert np.ptp(opened[:, 2]) > np.ptp(closed[:, 2]) + 10 * drawn.unit


def test_what_is_behind_an_arm_is_filled():
    """A limb that crosses a trunk is a sheet before it, and the trunk goes on behind in its own colours."""
    rgb = np.full((300, 300, 3), 240, np.uint8)
    figure = np.zeros((300, 300), bool)
    figure[60:280, 100:200] = True
    rgb[figure] = (40, 90, 160)
    rgb[150:170, 110:190] = (220, 170, 140)  # a bare forearm
    places = joints_file._from_drawing({
        "hip": np.array([150.0, 250]), "torso": np.array([150.0, 110]), "neck": np.array([150.0, 80]),
        **{f"{side}_{part}": np.array([150 + sign * x, y], float) for side, sign in (("left", 1), ("right", -1))
           for part, (x, y) in {"shoulder": (45, 120), "elbow": (42, 160), "hand": (-30 * sign, 160), "hip": (25, 250),
                                "knee": (25, 270), "foot": (25, 290)}.items()},
    })  # fmt: skip
    found, trunk = limbs.limbs(figure, places, {"leftArm": True})
    assert [limb.name for limb in found] == ["leftArm"] and found[0].mask[160, 150]
    assert trunk[160, 150]
    assert np.abs(limbs.uncovered(rgb, trunk, found)[160, 150].astype(int) - (40, 90, 160)).max() < 40


# --- files ------------------------------------------------------------------------------------------------------------


def test_points_are_kept_beside_a_picture(tmp_path):
    """Points that are written are read, and found beside their picture."""
    points = {"head": np.array([10.0, 20.5]), "leftEye": np.array([3.0, 4.0])}
    joints_file.write(tmp_path / "figure.points.json", points, (300, 400))
    found, size = joints_file.read(tmp_path / "figure.points.json")
    assert size == (300, 400) and all((found[name] == points[name]).all() for name in points)
    picture = tmp_path / "figure.png"
    picture.touch()
    assert make.beside(picture, make.JOINTS, None) == tmp_path / "figure.points.json"


def test_skeletons_of_animated_drawings_are_read(tmp_path):
    """Both ways of writing a place in char_cfg.yaml are understood."""
    names = ["hip", "torso", "neck"] + [f"{side}_{part}" for side in ("left", "right")
                                        for part in ("shoulder", "elbow", "hand", "hip", "knee", "foot")]  # fmt: skip
    places = [f"loc: [{10 * k}, {k}]" if k % 2 else f"loc:\n  - {10 * k}\n  - {k}" for k in range(len(names))]
    entries = [f"- {place}\n  name: {name}\n  parent: root" for name, place in zip(names, places, strict=True)]
    (tmp_path / "char_cfg.yaml").write_text("height: 400\nskeleton:\n" + "\n".join(entries) + "\nwidth: 300\n")
    found, size = joints_file.read(tmp_path / "char_cfg.yaml")
    assert size == (300, 400)
    assert tuple(found["leftLowerArm"]) == (10 * names.index("left_elbow"), names.index("left_elbow"))


FAULTS = [("p.json", "[]"), ("p.json", '{"points": {"nose": [1, 2]}}'), ("p.json", '{"points": {"head": [1]}}'),
          ("p.yaml", "skeleton: []")]  # fmt: skip


@pytest.mark.parametrize("name, text", FAULTS)
def test_damaged_joints_are_refused(tmp_path, name, text):
    """A file that says nothing of joints is named in one sentence."""
    (tmp_path / name).write_text(text)
    with pytest.raises(CharacterError, match=name) as fault:
        joints_file.read(tmp_path / name)
    assert "\n" not in str(fault.value)


def test_a_plain_colour_is_a_puppet_too():
    """Not even an empty picture is refused: it stays as it is, and is told so."""
    about = known(np.full((120, 90, 3), 128, np.uint8), None, Nothing, {})
    puppet = assembled("empty", about)
    assert len(puppet.triangles) and len(puppet.notes) >= 2


def test_a_strip_is_a_puppet_too(tmp_path):
    """A picture of an extreme shape is looked at by the networks, which could not take it much enlarged."""
    import cv2

    noise = np.random.default_rng(3).integers(0, 255, (40, 1600, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "strip.png"), noise)
    assert make.puppet_of(tmp_path / "strip.png").size == (1600, 40)


# --- motion -----------------------------------------------------------------------------------------------------------


class Rig:
    """What of a measured rig the plane needs: joints, and where they are at rest; arms hang down."""

    joints = tuple(name for name in JOINTS if "Hand" not in name or name in ("leftHand", "rightHand"))
    joints = tuple(
        name for name in joints if not any(f in name for f in ("Thumb", "Index", "Middle", "Ring", "Little"))
    )
    pelvis = np.array([0.0, 0.0, 1.0])
    rest = np.tile([1.0, 0, 0, 0], (len(JOINTS), 1))
    heads = np.zeros((len(JOINTS), 3))
    for _side, _x in (("left", 0.2), ("right", -0.2)):
        for _name, _z in (("UpperArm", 1.4), ("LowerArm", 1.1), ("Hand", 0.85)):
            heads[JOINT[_side + _name]] = _x, 0, _z


def flat(performance, turns, **mark):
    """The puppet's turns and path for turns of all joints."""
    words = json.dumps({"cut": False} | mark)
    return planar.flattened(performance, Rig, turns, np.tile(Rig.pelvis, (len(turns), 1)), words)


@pytest.fixture
def still(performance):
    """A performance of 48 samples in which everything is seen, and turns in which nothing turns."""
    turns = np.zeros((48, len(JOINTS), 4))
    turns[..., 0] = 1
    return dataclasses.replace(performance, confidence=np.ones((48, len(JOINTS)))), turns


def test_limbs_point_where_the_performers_do_in_the_picture(still):
    """An arm that is raised to the side and a little forward is raised to the side by the same angle."""
    performance, turns = still
    way = from_axis_angle(np.array([0.0, 1, 0]), np.full(48, -1.2))  # the left arm, which hangs, to its left and up
    turns[:, JOINT["leftUpperArm"]] = turns[:, JOINT["leftLowerArm"]] = way
    result, _ = flat(performance, turns)
    down = rotate(result[:, JOINT["leftUpperArm"]], np.array([0.0, 0, -1.0]))
    assert np.allclose(down, [np.sin(1.2), 0, -np.cos(1.2)], atol=0.02)
    assert np.allclose(result[:, JOINT["rightUpperArm"]], [1, 0, 0, 0], atol=1e-6)


def test_limbs_towards_the_camera_get_shorter_and_stay_in_front(still):
    """An arm stretched to the camera is drawn in, tilted to the viewer and never away."""
    performance, turns = still
    turns[:, JOINT["leftUpperArm"]] = from_vector(np.tile([-1.0, 0.0, 0.0], (48, 1)))
    result, _ = flat(performance, turns)
    arm = rotate(result[:, JOINT["leftUpperArm"]], np.array([0.0, 0, -1.0]))
    assert (arm[:, 1] < -0.3).all() and (np.abs(arm[:, 0]) < 0.05).all()


def test_what_is_unseen_stays_as_in_the_picture(still):
    """Arms and legs that the camera never saw do not turn."""
    performance, turns = still
    turns[:, JOINT["leftUpperArm"]] = from_vector(np.tile([0.0, 1.0, 0.0], (48, 1)))
    unseen = dataclasses.replace(performance, confidence=np.zeros((48, len(JOINTS))))
    result, _ = flat(unseen, turns)
    assert np.allclose(np.abs(result[..., 0]), 1, atol=1e-6)


def test_heads_turn_from_their_usual_look_and_not_too_far(still):
    """A head that looks aside all the time looks ahead; one that turns by far turns by no more than it may."""
    performance, turns = still
    aside = np.zeros((48, 3))
    aside[:, 2] = 0.5
    aside[40:, 2] = 1.8
    turns[:, JOINT["head"]] = from_vector(aside)
    vectors = to_vector(flat(performance, turns)[0][:, JOINT["head"]])
    assert np.abs(vectors[:40]).max() < 1e-6
    assert 0.3 < vectors[-1, 2] <= planar.TURNS[2]


def test_heads_look_as_the_camera_saw_them(still):
    """A head that turns just as the way from the camera to it does looks ahead all the time."""
    performance, turns = still
    ways = from_vector(np.linspace([0.0, 0, -0.3], [0.1, 0, 0.3], 48))
    turns[:, JOINT["head"]] = ways
    seen = dataclasses.replace(performance, sightline=ways)
    assert np.abs(to_vector(flat(seen, turns)[0][:, JOINT["head"]])).max() < 1e-6
    assert np.abs(to_vector(flat(performance, turns)[0][:, JOINT["head"]])[0, 2]) > 0.1


def test_heads_that_are_switched_off_stay(performance):
    """Without the head there is nothing either that the camera's way to it could turn."""
    seen = dataclasses.replace(performance, sightline=from_vector(np.linspace([0.0, 0, -0.3], [0.1, 0, 0.3], 48)))
    assert np.allclose(silenced(seen, Settings(head=False)).sightline, [1, 0, 0, 0])
    assert np.allclose(silenced(seen, Settings()).sightline, seen.sightline)


def test_a_head_stays_upright_on_a_trunk_that_leans(still):
    """The trunk's lean is no tilt of the head, and the neck is between them; a head that is not seen goes with it."""
    performance, turns = still
    lean = from_axis_angle(np.array([0.0, 1, 0]), np.linspace(-0.2, 0.2, 48))
    for name in ("hips", "spine", "chest", "upperChest"):
        turns[:, JOINT[name]] = lean
    result, _ = flat(performance, turns)
    trunk, neck, head = (to_vector(result[:, JOINT[name]])[:, 1] for name in ("upperChest", "neck", "head"))
    assert trunk[-1] > 0.15 and np.abs(head).max() < 1e-6 and np.allclose(neck, trunk / 2, atol=1e-6)
    unseen = performance.confidence.copy()
    unseen[:, JOINT["head"]] = 0
    result, _ = flat(dataclasses.replace(performance, confidence=unseen), turns)
    assert np.allclose(result[:, JOINT["head"]], result[:, JOINT["upperChest"]], atol=1e-6)


def test_a_figure_that_the_picture_cuts_stays(still):
    """Hips neither move nor lean where the lower edge cuts the figure."""
    performance, turns = still
    turns[:, JOINT["hips"]] = from_axis_angle(np.array([0.0, 1, 0]), np.linspace(0, 0.5, 48))
    result, path = flat(performance, turns, cut=True)
    assert np.allclose(result[:, JOINT["hips"]], [1, 0, 0, 0]) and np.allclose(path, Rig.pelvis)


def test_known_says_what_was_guessed():
    """Without networks and hands, joints and face are guessed, and each is told."""
    about = known(drawing.figure(), None, Nothing, {})
    assert isinstance(about, Known) and len(about.notes) == 2 and all(about.shown.values())
