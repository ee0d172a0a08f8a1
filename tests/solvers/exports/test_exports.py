"""Exported files say what the performance says."""

import csv
import dataclasses

import numpy as np
import pytest
from understudy.solvers import exports, names
from understudy.solvers.errors import ExportError, UnderstudyError
from understudy.solvers.exports import live_link_face
from understudy.solvers.exports.axes import y_up
from understudy.solvers.motion import skeleton
from understudy.solvers.motion.rotations import from_vector


def one_sample(performance):
    """The first sample of a performance alone."""
    fields = ("time", "rotations", "root", "expressions", "gaze", "contacts", "confidence", "face_confidence")
    return dataclasses.replace(performance, **{name: getattr(performance, name)[:1] for name in fields})


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def read_bvh(path):
    """Positions (T, joints, 3) by name, and seconds a frame, of a BVH, worked out with matrices of its own."""
    words = iter(path.read_text().split())
    joints, stack, channels, parent_of, offset = [], [], {}, {}, {}
    for word in words:
        if word in ("ROOT", "JOINT"):
            name = next(words)
            joints.append(name)
            parent_of[name] = stack[-1] if stack else None
            stack.append(name)
        elif word == "End":
            next(words)
            stack.append("end")
        elif word == "OFFSET":
            offset[stack[-1]] = np.array([float(next(words)) for _ in range(3)])
        elif word == "CHANNELS":
            channels[stack[-1]] = [next(words) for _ in range(int(next(words)))]
        elif word == "}":
            stack.pop()
        elif word == "Frames:":
            count = int(next(words))
            assert [next(words), next(words)] == ["Frame", "Time:"]
            step = float(next(words))
            break
    motion = np.array([float(word) for word in words]).reshape(count, -1)
    positions = {name: np.zeros((count, 3)) for name in joints}
    for frame, values in enumerate(map(iter, motion)):
        turned = {}
        for name in joints:
            matrix, place = np.eye(3), offset[name].copy()
            for channel in channels[name]:
                value = next(values)
                if channel.endswith("position"):
                    place["XYZ".index(channel[0])] = value
                else:
                    matrix = matrix @ about("XYZ".index(channel[0]), np.radians(value))
            parent = parent_of[name]
            turned[name] = matrix if parent is None else turned[parent] @ matrix
            at = np.zeros(3) if parent is None else positions[parent][frame]
            positions[name][frame] = place if parent is None else at + turned[parent] @ place
    return positions, step


def about(axis, angle):
    a, b = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[[a, b], [a, b]] = np.cos(angle)
    matrix[b, a], matrix[a, b] = np.sin(angle), -np.sin(angle)
    return matrix


@pytest.mark.parametrize("suffix", exports.EXPORTS)
def test_every_form_is_written_alike(performance, tmp_path, suffix):
    """Each form writes one file in a folder it makes, the same bytes twice, for one sample too, changing nothing."""
    before = performance.rotations.copy()
    path = tmp_path / "new folder" / f"é performance{suffix}"
    exports.write(performance, path)
    first = path.read_bytes()
    exports.write(performance, path)
    exports.write(one_sample(performance), path.with_name(f"one{suffix}"))
    assert path.read_bytes() == first
    assert len(list(path.parent.iterdir())) == 2
    assert np.array_equal(performance.rotations, before)
    assert exports.EXPORTS[suffix].__module__.startswith(exports.__name__)


@pytest.mark.parametrize("suffix", exports.EXPORTS)
def test_every_form_refuses_an_empty_performance(performance, tmp_path, suffix):
    """A performance without samples is refused, and leaves no file."""
    empty = dataclasses.replace(one_sample(performance), time=np.zeros(0))
    with pytest.raises(ExportError, match="empty"):
        exports.write(empty, tmp_path / f"p{suffix}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["p.take.npz", "p.npz", "p.fbx", "p", ".bvh"])
def test_unknown_forms_are_named(performance, tmp_path, name):
    """A file name of no known form is refused with those that are known."""
    with pytest.raises(UnderstudyError) as told:
        exports.write(performance, tmp_path / name)
    assert all(suffix in str(told.value) for suffix in exports.EXPORTS) and name in str(told.value)


def test_points_are_the_joints(performance, tmp_path):
    """The arrays carry every joint, finger and shape under its standard name."""
    exports.write(performance, tmp_path / "p.points.npz")
    with np.load(tmp_path / "p.points.npz", allow_pickle=False) as file:
        assert list(file["joint_names"]) == list(names.JOINTS)
        assert list(file["expression_names"]) == list(names.EXPRESSIONS)
        joints = skeleton.joint_positions(performance.rotations, performance.root, performance.skeleton)
        assert np.allclose(file["joints"], joints) and np.allclose(file["time"], performance.time)
        assert np.allclose(file["expressions"], performance.expressions)


def test_bvh_stands_where_the_performer_stands(performance, tmp_path):
    """Forward kinematics of the BVH give the performance's joint positions, at its rate."""
    exports.write(performance, tmp_path / "p.bvh")
    positions, step = read_bvh(tmp_path / "p.bvh")
    joints = y_up(skeleton.joint_positions(performance.rotations, performance.root, performance.skeleton))
    assert set(positions) == set(names.JOINTS)
    assert step == pytest.approx(1 / 24)
    for name, place in positions.items():
        assert np.allclose(place, joints[:, names.JOINT[name]], atol=1e-5), name


@pytest.mark.parametrize("missing", [("chest", "upperChest"), ("neck", "leftShoulder", "rightToes", "jaw")])
def test_joints_that_a_character_lacks_are_left_out(performance, tmp_path, missing):
    """Without a place and a turn of their own joints are in no file, and all others stand where they would."""
    rotations, rest = performance.rotations.copy(), performance.skeleton.copy()
    lost = [names.JOINT[name] for name in missing]
    rotations[:, lost] = [1, 0, 0, 0]
    whole = skeleton.joint_positions(rotations, performance.root, rest)
    rest[lost] = np.nan
    partial = dataclasses.replace(performance, rotations=rotations, skeleton=rest)
    exports.write(partial, tmp_path / "p.bvh")
    positions, _ = read_bvh(tmp_path / "p.bvh")
    assert set(positions) == set(names.JOINTS) - set(missing)
    for name, place in positions.items():
        assert np.allclose(place, y_up(whole[:, names.JOINT[name]]), atol=1e-5), name
    exports.write(partial, tmp_path / "p.points.npz")
    with np.load(tmp_path / "p.points.npz") as file:
        assert np.isnan(file["joints"][:, lost]).all()
        assert np.allclose(np.delete(file["joints"], lost, 1), np.delete(whole, lost, 1))
    exports.write(partial, tmp_path / "p.vrma")
    assert not [name for name in missing if f'"{name}"'.encode() in (tmp_path / "p.vrma").read_bytes()]


def test_csv_is_live_link_faces(performance, tmp_path):
    """61 columns under Epic's names, rows a sixtieth of a second apart, shapes at their true times."""
    exports.write(performance, tmp_path / "p.csv")
    rows = read_rows(tmp_path / "p.csv")
    header = list(rows[0])
    assert len(header) == 63 and header[:3] == ["Timecode", "BlendshapeCount", "EyeBlinkLeft"]
    assert header[53:57] == ["TongueOut", "HeadYaw", "HeadPitch", "HeadRoll"] and header[-1] == "RightEyeRoll"
    assert all(row["BlendshapeCount"] == "61" for row in rows)
    clock = [[float(part) for part in row["Timecode"].split(":")] for row in rows]
    seconds = np.array([h * 3600 + m * 60 + s + f / 60 for h, m, s, f in clock])
    assert np.allclose(np.diff(seconds), 1 / 60)
    jaw = np.array([float(row["JawOpen"]) for row in rows])
    true = np.interp(seconds, performance.time, performance.expressions[:, names.EXPRESSION["jawOpen"]])
    assert np.abs(jaw - true).max() < 0.02


def test_csv_keeps_every_peak_as_high(performance, tmp_path):
    """A blink of one sample loses at most a seventh of its height between the rows, and nothing overshoots."""
    values = np.zeros_like(performance.expressions)
    values[11::12] = 1.0
    exports.write(dataclasses.replace(performance, expressions=values), tmp_path / "p.csv")
    blink = np.array([float(row["EyeBlinkLeft"]) for row in read_rows(tmp_path / "p.csv")])
    assert blink.max() <= 1 and blink.min() >= 0
    assert (np.sort(blink)[-4:] > 0.86).all()


@pytest.mark.parametrize(
    "column, vector, sign",
    [
        ("HeadYaw", [0, 0, 0.4], 1),  # about z up: toward the performer's left
        ("HeadPitch", [0.4, 0, 0], 1),  # about x left: the front (-y) goes down
        ("HeadRoll", [0, 0.4, 0], -1),  # about y, which points into the face
    ],
)
def test_head_angles_turn_the_way_arkit_has_them(performance, tmp_path, column, vector, sign):
    """A head turned about one axis has that angle alone, in radians."""
    rotations = np.zeros_like(performance.rotations)
    rotations[..., 0] = 1
    rotations[:, names.JOINT["head"]] = from_vector(np.array(vector))
    gaze = np.zeros_like(performance.gaze)
    gaze[:, 0, 1] = 0.2  # the left eye looks up
    exports.write(dataclasses.replace(performance, rotations=rotations, gaze=gaze), tmp_path / "p.csv")
    row = read_rows(tmp_path / "p.csv")[0]
    angles = {name: float(row[name]) for name in live_link_face.ANGLES}
    assert angles.pop(column) == pytest.approx(0.4 * sign)
    assert angles.pop("LeftEyePitch") == pytest.approx(-0.2)
    assert np.allclose(list(angles.values()), 0)
