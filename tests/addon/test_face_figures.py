"""The heads of both figures: topology, weights, and what each of the 52 shapes must do."""

from __future__ import annotations

import functools
from collections import Counter

import numpy as np
import pytest
from understudy.addon.figures import face
from understudy.addon.figures.part import Part, join
from understudy.addon.figures.skin import BORDER, CONTACT, Skin, skin
from understudy.solvers.names import EXPRESSIONS

STYLES = {"starter": face.STARTER_HEAD, "performer": face.PERFORMER_HEAD}
FLIP = np.array([-1.0, 1.0, 1.0])


@functools.cache
def parts(style: str) -> tuple[Part, ...]:
    return tuple(face.head(STYLES[style]))


@functools.cache
def made(style: str) -> Skin:
    return skin(STYLES[style])


def part(style: str, name: str) -> Part:
    return next(p for p in parts(style) if p.name == name)


def posed(p: Part, **weights: float) -> np.ndarray:
    return p.vertices + sum((w * p.shapes[k] for k, w in weights.items() if k in p.shapes), np.zeros_like(p.vertices))


def swapped(name: str) -> str:
    """The shape's name on the other side."""
    for a, b in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(a):
            return name[: -len(a)] + b
    return name


def mirrored_index(style: str) -> np.ndarray:
    """(V,) the skin vertex on the other side, by position and by what lips and lids know of themselves."""
    from scipy.spatial import cKDTree

    m = made(style)
    labels = 10 * np.stack([m.side, m.mouth_ring, m.lid_ring, m.lid_v], 1)
    return cKDTree(np.hstack([m.vertices, labels])).query(np.hstack([m.vertices * FLIP, labels]))[1]


each_style = pytest.mark.parametrize("style", STYLES)


@each_style
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_shape_moves_something_you_can_see(style, name):
    """Each ARKit shape moves some vertex by at least 1 % of the head's height, and none by more than 60 %."""
    largest = max(np.linalg.norm(p.shapes[name], axis=1).max() for p in parts(style) if name in p.shapes)
    height = STYLES[style].height
    assert 0.01 * height < largest < 0.6 * height


@each_style
def test_no_other_shape_exists(style):
    """Parts know ARKit's 52 names and nothing else."""
    assert {k for p in parts(style) for k in p.shapes} == set(EXPRESSIONS)


@each_style
def test_shapes_fit_their_parts(style):
    """Every shape has one finite displacement a vertex."""
    for p in parts(style):
        assert np.isfinite(p.vertices).all()
        for values in p.shapes.values():
            assert values.shape == p.vertices.shape and np.isfinite(values).all()


@each_style
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_left_mirrors_right(style, name):
    """A shape on the skin is the mirror image of its counterpart, and its own where there is no side."""
    p, index = part(style, "skin"), mirrored_index(style)
    if name not in p.shapes:
        assert swapped(name) not in p.shapes
        return
    other = {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}
    counterpart = p.shapes[other.get(name, swapped(name))]
    np.testing.assert_allclose(counterpart[index] * FLIP, p.shapes[name], atol=1e-4 * STYLES[style].height)


@each_style
def test_left_shapes_move_the_left(style):
    """A shape named Left moves the half at +X at least ten times as much as the outer half at -X."""
    p = part(style, "skin")
    far = p.vertices[:, 0] < -0.08 * STYLES[style].height
    for name, values in p.shapes.items():
        if name.endswith("Left") and name not in ("jawLeft", "mouthLeft"):
            size = np.linalg.norm(values, axis=1)
            assert size[far].max() < 0.1 * size[p.vertices[:, 0] > 0].max(), name


@each_style
def test_skin_is_quads_with_one_open_edge(style):
    """The skin has only quads, no edge with more than two faces, and opens at the neck and round both eyes."""
    p = part(style, "skin")
    assert {len(f) for f in p.faces} == {4}
    edges = Counter(tuple(sorted(e)) for f in p.faces for e in zip(f, f[1:] + f[:1], strict=True))
    assert max(edges.values()) == 2
    rim = {v for e, count in edges.items() if count == 1 for v in e}
    m = made(style)
    assert all(m.lid_ring[v] == 0 or m.vertices[v, 2] < -STYLES[style].neck[2] + 1e-3 for v in rim)


@each_style
def test_faces_agree_on_which_side_is_out(style):
    """Neighbouring faces of a part run along their common edge in opposite directions."""
    for p in parts(style):
        edges = Counter(e for f in p.faces for e in zip(f, f[1:] + f[:1], strict=True))
        assert max(edges.values()) == 1, p.name


@each_style
def test_faces_look_outwards(style):
    """Skin, eyes and hair enclose a positive volume, so their normals point out."""
    for name in ("skin", "leftEye", "rightEye", "tongue", "upper teeth", "lower teeth", "brows", "ears", "nostrils"):
        p = part(style, name)
        v = p.vertices - p.vertices.mean(0)
        volume = sum(v[f[0]] @ np.cross(v[f[k]], v[f[k + 1]]) for f in p.faces for k in range(1, len(f) - 1))
        assert volume > 0, name


@each_style
def test_weights_add_up_to_one(style):
    """Every vertex is held by the head's bones, fully; eyeballs hang on their own bone alone."""
    for p in parts(style):
        assert set(p.weights) <= {"head", "neck", "leftEye", "rightEye"}
        np.testing.assert_allclose(sum(p.weights.values()), 1.0, atol=1e-9)
    for bone in ("leftEye", "rightEye"):
        assert set(part(style, bone).weights) == {bone}


@each_style
def test_neck_goes_over_to_the_neck_bone(style):
    """The open edge follows the neck, the chin the head."""
    p = part(style, "skin")
    low = p.vertices[:, 2] < p.vertices[:, 2].min() + 1e-4
    assert p.weights["neck"][low].min() > 0.8
    assert p.weights["head"][p.vertices[:, 1] < 0.8 * p.vertices[:, 1].min()].min() > 0.99


@each_style
@pytest.mark.parametrize("shut", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_lids_stay_outside_the_eyeball(style, shut):
    """At every stage of a blink the lids' outer rings are outside the eyeball."""
    s, m, p = STYLES[style], made(style), part(style, "skin")
    lids = (m.lid_ring >= 1) & (m.lid_eye == 1)
    away = np.linalg.norm(posed(p, eyeBlinkLeft=shut)[lids] - face.eye_centres(s)[0], axis=1)
    assert away.min() > 0.985 * s.eye_radius * s.height


@each_style
def test_blink_covers_the_eyeball(style):
    """Closed, the upper lid's edge is nowhere above the lower lid's, also while the eye looks down."""
    m, p = made(style), part(style, "skin")
    for weights in ({"eyeBlinkLeft": 1.0}, {"eyeBlinkLeft": 1.0, "eyeLookDownLeft": 1.0}):
        v = posed(p, **weights)
        edge = (m.lid_ring == 1) & (m.lid_eye == 1)
        upper, lower = edge & (m.lid_v > 0), edge & (m.lid_v < 0)
        order = np.argsort(m.lid_u[lower])
        below = np.interp(m.lid_u[upper], m.lid_u[lower][order], v[lower][order, 2])
        assert (v[upper, 2] - below).max() < 1e-4


@each_style
def test_gaze_turns_the_eyeball(style):
    """Looking aside turns the pupil's axis by 25 to 35 degrees to the named side, up or down."""
    p, centre = part(style, "leftEye"), face.eye_centres(STYLES[style])[0]
    pupil = [i for f, name in zip(p.faces, p.materials, strict=True) if name == "pupil" for i in f]
    for name, axis, sign in (("Out", 0, 1), ("In", 0, -1), ("Up", 2, 1), ("Down", 2, -1)):
        a = p.vertices[pupil].mean(0) - centre
        b = posed(p, **{f"eyeLook{name}Left": 1.0})[pupil].mean(0) - centre
        angle = np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))
        assert 20 < angle < 35 and sign * (b - a)[axis] > 0


@each_style
def test_jaw_opens_the_mouth(style):
    """jawOpen moves the lower lip down by a tenth of the head and leaves the upper lip's middle where it is."""
    m, p, height = made(style), part(style, "skin"), STYLES[style].height
    middle = (m.mouth_ring == CONTACT) & (np.abs(m.vertices[:, 0]) < 0.01)
    move = p.shapes["jawOpen"][:, 2]
    assert move[middle & (m.side < 0)].max() < -0.09 * height
    assert np.abs(move[middle & (m.side > 0)]).max() < 0.01 * height


@each_style
def test_lips_close_over_an_open_jaw(style):
    """jawOpen and mouthClose together bring the two lips back onto each other."""
    m, p = made(style), part(style, "skin")
    v = posed(p, jawOpen=1.0, mouthClose=1.0)
    line = m.mouth_ring == CONTACT
    upper, lower = line & (m.side > 0), line & (m.side < 0)
    gap = np.linalg.norm(v[upper][:, None] - v[lower][None], axis=2).min(1)
    assert gap.max() < 0.005 * STYLES[style].height


def seen_beside_the_lips(style: str, **weights: float) -> int:
    """How many vertices of teeth and tongue a viewer in front sees through the skin, that is, not between the lips."""
    import cv2

    m, skin_part, height = made(style), part(style, "skin"), STYLES[style].height
    skin_points = posed(skin_part, **weights) / height
    line = np.flatnonzero(m.mouth_ring == CONTACT)
    across = m.vertices[line, 0] / STYLES[style].mouth_width
    line = line[np.argsort(np.arctan2(m.side[line] * (1 - np.abs(across)).clip(1e-6), across))]
    opening = (1e4 * skin_points[line][:, [0, 2]]).astype(np.float32)
    quads = np.array(skin_part.faces)
    quads = quads[(m.vertices[quads][:, :, 1].max(1) < 0.1) & (np.abs(m.vertices[quads][:, :, 2] + 0.15).max(1) < 0.35)]
    a, b, c = np.moveaxis(skin_points[np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]])], 1, 0)
    ab, ac = b - a, c - a
    area = ab[:, 0] * ac[:, 2] - ab[:, 2] * ac[:, 0]
    a, ab, ac, area = (v[np.abs(area) > 1e-12] for v in (a, ab, ac, area))
    inner = [posed(part(style, n), **weights) / height for n in ("upper teeth", "lower teeth", "tongue")]
    count = 0
    for p in np.concatenate(inner):
        x, z = p[0] - a[:, 0], p[2] - a[:, 2]
        s, t = (x * ac[:, 2] - z * ac[:, 0]) / area, (ab[:, 0] * z - ab[:, 2] * x) / area
        before = a[:, 1] + s * ab[:, 1] + t * ac[:, 1] < p[1]
        if not (before & (s > -1e-6) & (t > -1e-6) & (s + t < 1 + 1e-6)).any():
            # 0.4 % of the head's height: lips are curved, the line through their vertices is not
            count += cv2.pointPolygonTest(opening, (1e4 * float(p[0]), 1e4 * float(p[2])), True) < -40
    return count


@each_style
@pytest.mark.parametrize("jaw", [0.5, 1.0])
@pytest.mark.parametrize("other", ["", "mouthSmile", "mouthStretch", "mouthUpperUp", "noseSneer", "mouthFunnel"])
def test_teeth_stay_behind_the_lips(style, jaw, other):
    """With the jaw open, and the lips closed over it or drawn aside, nothing of the mouth's inside pierces the skin."""
    for close in (0.0, jaw):
        sides = {f"{other}{side}": 1.0 for side in ("", "Left", "Right")}
        assert seen_beside_the_lips(style, jawOpen=jaw, mouthClose=close, **sides) == 0


@each_style
def test_smile_raises_and_widens(style):
    """mouthSmile draws the corner up, out and back."""
    m, p = made(style), part(style, "skin")
    corner = (m.mouth_ring == BORDER) & (m.side == 0) & (m.vertices[:, 0] > 0)
    move = p.shapes["mouthSmileLeft"][corner][0]
    assert move[0] > 0 and move[1] > 0 and move[2] > 0


def sharpest_bend(style: str, **weights: float) -> float:
    """Degrees between the most bent pair of neighbouring quads of forehead, cheeks and chin; shapes mean both sides."""
    m, p = made(style), part(style, "skin")
    both = {side: w for k, w in weights.items() for side in (k, k + "Left", k + "Right")}
    points, faces = posed(p, **both), np.array(p.faces)
    normal = np.cross(points[faces[:, 2]] - points[faces[:, 0]], points[faces[:, 3]] - points[faces[:, 1]])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    x, y, z = m.vertices.T
    nose = (np.abs(x) < 0.10) & (z < 0.13) & (z > -0.05)
    plain = (m.lid_ring < 0) & (m.mouth_ring < 0) & (y < -0.1) & (np.abs(z - 0.08) < 0.37) & ~nose
    at = {}
    for i, f in enumerate(p.faces):
        for e in zip(f, f[1:] + f[:1], strict=True):
            at.setdefault(tuple(sorted(e)), []).append(i)
    pairs = np.array([f for e, f in at.items() if len(f) == 2 and plain[list(e)].all()])
    return np.degrees(np.arccos(np.clip((normal[pairs[:, 0]] * normal[pairs[:, 1]]).sum(1), -1, 1)).max())


def test_the_starters_face_stays_smooth():
    """At rest and with many shapes partly on, as a solver gives, no crease shows; single shapes fold it little."""
    some = {"browDown": 0.4, "noseSneer": 0.3, "cheekSquint": 0.35, "eyeSquint": 0.4, "mouthSmile": 0.5}
    assert sharpest_bend("starter") < 20
    assert sharpest_bend("starter", **some, browInnerUp=0.3, mouthPress=0.3) < 20
    for name in ("browDown", "browInnerUp", "browOuterUp", "noseSneer", "cheekSquint", "mouthSmile"):
        assert sharpest_bend("starter", **{name: 1.0}) < 45


@each_style
@pytest.mark.parametrize("shut", [0.3, 0.5, 0.7])
def test_lids_close_in_step_with_the_blink(style, shut):
    """Half a blink halves the eye's opening: what remains open is the rest of the blink, to 5 % of the open eye."""
    m, p = made(style), part(style, "skin")
    middle = (m.lid_ring == 1) & (m.lid_eye == 1) & (np.abs(m.lid_u) < 0.01)

    def opening(amount: float) -> float:
        z = posed(p, eyeBlinkLeft=amount)[:, 2]
        return z[middle & (m.lid_v > 0)].mean() - z[middle & (m.lid_v < 0)].mean()

    assert opening(shut) / opening(0.0) == pytest.approx(1 - shut, abs=0.05)


@each_style
def test_palette_names_every_material(style):
    """Each material of the head has a colour in 0..1 and a roughness."""
    used = {name for p in parts(style) for name in p.materials}
    assert used <= set(STYLES[style].palette)
    for colour, roughness in STYLES[style].palette.values():
        assert all(0 <= c <= 1 for c in colour) and 0 <= roughness <= 1


@each_style
def test_head_has_the_size_it_says(style):
    """Chin to crown is the style's height, and the mesh has 4 to 20 thousand vertices with hair."""
    p, s = part(style, "skin"), STYLES[style]
    front = p.vertices[p.vertices[:, 1] < -0.25 * s.height]
    assert abs((p.vertices[:, 2].max() - front[:, 2].min()) / s.height - 1) < 0.05
    assert 4000 < len(join("head", list(parts(style))).vertices) < 20000
