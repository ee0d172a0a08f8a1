"""A film as a character: its motion goes on beneath, the performer's face plays over it; what is none is refused."""

import dataclasses
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from understudy.addon import actions, armature, bakes, character_film, rigs
from understudy.addon.character_film import LAYER, TURNED, Film
from understudy.addon.kin import Recipe
from understudy.solvers import detect
from understudy.solvers.errors import CharacterError
from understudy.solvers.footage import film
from understudy.solvers.motion.rotations import multiply
from understudy.solvers.retarget import retarget
from understudy.solvers.retargeting import layering
from understudy.solvers.rigs.presets import RigPreset
from understudy.solvers.settings import Settings
from understudy.solvers.take import Take

FPS = 24.0


@pytest.fixture
def clip(tmp_path):
    """A film of four pictures."""
    path = tmp_path / "walk.mp4"
    film.write(path, (np.full((64, 64, 3), 40 * k, np.uint8) for k in range(4)), FPS)
    return path


def _drawing():
    path = Path(__file__).parents[1] / "solvers" / "drawing.py"
    spec = importlib.util.spec_from_file_location("drawing", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def looked_at(monkeypatch, performance):
    """Stand-ins for the networks: a drawn puppet, and a take of which the performance is solved. Gives the take."""
    from understudy.solvers.detectors.still import Seen
    from understudy.solvers.puppet import build

    rgb = _drawing().figure()
    face = {"leftEye": (170, 80), "rightEye": (130, 80), "mouthLeft": (172, 108), "mouthRight": (128, 108)}
    placed = {name: np.array(place, float) for name, place in face.items()}
    puppet = build.assembled("walk", build.known(rgb, None, Seen(), placed))
    take = Take.empty(performance.time, rgb.shape[1::-1], source=performance.source)
    take.body.image[:] = (150, 200, 0)
    told = {"take": take, "times": 0}

    def look(path, out, **_):
        told["times"] += 1
        return told["take"]

    monkeypatch.setattr(detect, "detect", look)
    monkeypatch.setattr(character_film, "solve", lambda take, settings: performance)
    monkeypatch.setattr(character_film, "_puppet", lambda path, moment, end: puppet)
    return told


@pytest.fixture
def figure(clip, looked_at, tmp_path):
    """CharacterObjects of the puppet that a film becomes."""
    return character_film.open_film(clip, 1.0, tmp_path / "t.npz", tmp_path / "no.npz", lambda *_: None).objects


def laid_over(figure, own, performance, layer):
    """The clip that the film plays and those of the layer, once both are on a character."""
    character = armature.read(figure)
    preset = rigs.recognised(character)
    clips = layering.clips(lambda chosen: retarget(performance, character, preset, chosen, FPS), Settings(), layer)
    seconds = performance.time[-1] - performance.time[0]
    played = character_film.play(Film(figure, own, float(own.time[5]), ()), seconds, character, preset, FPS)
    clips = character_film.over(clips, played)
    bakes.add(figure, clips, Recipe("take", {}), "Layer")
    return played, clips


def seen(figure, frame):
    """{bone: its turn (4,)} and {slider: value} as Blender shows them at a frame."""
    import bpy

    bpy.context.scene.frame_set(frame)
    bones = {bone.name: np.array(bone.rotation_quaternion) for bone in figure.armature.pose.bones}
    keys = [mesh.data.shape_keys.key_blocks for mesh in figure.meshes if mesh.data.shape_keys]
    return bones, {key.name: key.value for blocks in keys for key in blocks}


@pytest.mark.parametrize("face", [1.0, 0.0])
def test_the_film_moves_and_the_performer_speaks(figure, performance, face):
    """Arms are the film's, the head both's, lips the performer's, also where that face is unseen and rests."""
    own = dataclasses.replace(performance, expressions=np.full_like(performance.expressions, 0.9))
    turned = dataclasses.replace(
        performance, rotations=performance.rotations[::-1], expressions=performance.expressions * face * 0.5,
        face_confidence=performance.face_confidence * face,
    )  # fmt: skip
    played, clips = laid_over(figure, own, turned, LAYER)
    arm, jaw = played.bones.index("leftUpperArm"), clips["REPLACE"].sliders.index("jawOpen")
    for frame in (3, 17, 40):
        bones, sliders = seen(figure, frame)
        assert abs(bones["leftUpperArm"] @ played.rotations[frame - 1, arm]) > 0.9999
        under = played.rotations[frame - 1, played.bones.index("head")]
        added = clips["COMBINE"].rotations[frame - 1, clips["COMBINE"].bones.index("head")]
        assert abs(bones["head"] @ multiply(under, added)) > 0.9999 > abs(bones["head"] @ under)
        assert abs(sliders["jawOpen"] - clips["REPLACE"].values[frame - 1, jaw]) < 0.01
        assert face or sliders["jawOpen"] == 0


def test_gestures_replace_where_asked(figure, performance):
    """With the body in the layer, arms are the performer's."""
    turned = dataclasses.replace(performance, rotations=performance.rotations[::-1])
    _, clips = laid_over(figure, performance, turned, layering.read("face,gaze,head,body,left_hand,right_hand"))
    arm = clips["REPLACE"].bones.index("leftUpperArm")
    bones, _ = seen(figure, 17)
    assert abs(bones["leftUpperArm"] @ clips["REPLACE"].rotations[16, arm]) > 0.9999


def test_a_shorter_film_lasts(figure, performance):
    """A film shorter than the performance is played there and back, so that nothing stands still at the end."""
    fields = "time rotations root expressions gaze contacts touches confidence face_confidence".split()
    short = dataclasses.replace(performance, **{name: getattr(performance, name)[:18] for name in fields})
    played, _ = laid_over(figure, short, performance, LAYER)
    assert len(played.frames) >= len(performance.time)
    assert np.abs(np.diff(played.rotations[-12:], axis=0)).max() > 1e-4


def test_a_film_opens_as_its_puppet(clip, looked_at, tmp_path):
    """The puppet is recognised like any rig, plays the film's arms, and says which picture it was."""
    opened = character_film.open_film(clip, 1.0, tmp_path / "t.npz", tmp_path / "none.npz", lambda *_: None)
    assert f"at {opened.moment:.2f} s of walk.mp4" in opened.notes[0]
    character = armature.read(opened.objects)
    preset = rigs.recognised(character)
    assert isinstance(preset, RigPreset) and set(TURNED) <= set(preset.bones)
    character_film.play(opened, 1.0, character, preset, FPS)
    action = opened.objects.armature.animation_data.action
    moved = {curve.data_path.split('"')[1] for curve in actions.curves(action) if "pose.bones" in curve.data_path}
    assert {"leftUpperArm", "rightLowerArm", "head"} <= moved


def test_the_panel_adds_a_film(clip, looked_at, extension, empty_scene):
    """One button makes a film the scene's character: it plays the film's motion, and the next bake is a layer on it."""
    import bpy

    assert bpy.ops.understudy.add_film(filepath=str(clip)) == {"FINISHED"}
    props = bpy.context.scene.understudy
    assert props.character.animation_data.action and props.rig == "VRM 1.0"
    assert props.bake.kind == "LAYER" and (props.bake.layer.head, props.bake.layer.body) == ("COMBINE", "OFF")
    assert bpy.context.scene.frame_end >= 1 + looked_at["take"].time[-1] * bpy.context.scene.render.fps - 1
    assert not bpy.ops.understudy.place_points.poll()  # these are a picture's, kept beside it


def test_several_shots_are_no_character(clip, looked_at, tmp_path):
    """A film with a cut is refused in one sentence that says where the cut is."""
    take = looked_at["take"]
    looked_at["take"] = dataclasses.replace(take, source=take.source | {"cuts": [0.62]})
    with pytest.raises(CharacterError, match="changes at 0.62 s"):
        character_film.open_film(clip, 1.0, tmp_path / "t.npz", tmp_path / "none.npz", lambda *_: None)


@pytest.mark.parametrize("nose, same", [((150, 85), True), ((20, 85), False)])
def test_another_person_is_no_character(clip, looked_at, tmp_path, nose, same):
    """Of several people, the puppet must be of the one whose motion it plays; else the film is refused."""
    take = looked_at["take"]
    take.body.image[:, 0, :2] = nose
    looked_at["take"] = dataclasses.replace(take, source=take.source | {"people": 2})
    places = clip, 1.0, tmp_path / "t.npz", tmp_path / "none.npz", lambda *_: None
    if same:
        assert any("several people" in note for note in character_film.open_film(*places).notes)
    else:
        with pytest.raises(CharacterError, match="one of them"):
            character_film.open_film(*places)


def test_a_film_is_looked_at_once(clip, looked_at, tmp_path):
    """The take that is kept beside the results is used again for the same film, and for no other nor a longer cut."""
    import hashlib

    from understudy.solvers import record

    kept, take = tmp_path / "kept.npz", looked_at["take"]
    digest = hashlib.sha256(clip.read_bytes()).hexdigest()
    tried = ((digest, 2.0, 2.0, 0), (digest, 2.0, 3.0, 1), (digest, 2.6, 9.0, 1), ("other", None, 2.0, 2))
    for sha256, end, seconds, times in tried:  # the film lasts 2.5 s
        source = take.source | {"sha256": sha256, "start": None, "end": end, "seconds": 2.5}
        record.save(dataclasses.replace(take, source=source), kept)
        character_film.open_film(clip, seconds, tmp_path / "t.npz", kept, lambda *_: None)
        assert looked_at["times"] == times


@pytest.mark.parametrize("name, is_one", [("a.mp4", True), ("A.MKV", True), ("a.glb", False), ("a.png", False)])
def test_films_are_known_by_their_names(name, is_one):
    """What a file is tells its ending; the starter is no film."""
    assert character_film.is_film(name) == is_one and not character_film.is_film(None)


def test_films_without_a_known_ending_are_known(clip, tmp_path):
    """A file of any name that can be played, and is no character, is a film; one that cannot is none."""
    other = clip.rename(tmp_path / "asset.bin")
    (tmp_path / "words.txt").write_text("no film")
    assert character_film.is_film(other) and not character_film.is_film(tmp_path / "words.txt")


def test_what_cannot_be_a_character_is_told(clip, tmp_path):
    """A damaged or missing film, or one with a picture's mask, is refused as a character, before any work."""
    (tmp_path / "bad.mp4").write_bytes(b"no film")
    for path, mask, hint in (("bad.mp4", None, "not a video"), ("no.mp4", None, "no video"), (clip, "m.png", "--mask")):
        with pytest.raises(CharacterError, match=hint):
            character_film.check(tmp_path / path, mask, None)
