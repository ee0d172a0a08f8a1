"""Render hands in random poses, from random sides: pictures whose truth is known.

    python -m understudy.training.render_hands MATERIAL BODY SEED COUNT OUT

BODY is a key of BODIES. Leaves OUT/0000_left.jpg ... and OUT/truth.npz, with n pictures: names (n,), sides (n,),
joints (n, 16, 3) m of the wrist and three joints a finger, in camera axes (x to the right, y away, z up), picture
(n, 16, 2) px, ends (n, 5) rad by which the last joints bend.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..addon import armature, files, rigs
from ..solvers import retarget
from ..solvers.body.posing import skeleton
from ..solvers.hands import posture
from ..solvers.motion import rotations
from ..solvers.names import FINGERS, JOINT, JOINTS, finger_bones
from ..solvers.performance import Performance
from ..solvers.settings import Settings

# Body: file in MATERIAL/characters, or None for the character that the extension ships.
BODIES = {
    "woman": "mh_f_mixamo.glb",
    "man": "mh_m_game_engine.glb",
    "starter": None,
    "doll": "m2m_male.glb",
    "lady": "rocketbox_Female_Adult_01_facial.fbx",
}
SIZE = 320  # px
VIEWS = 3  # of each hand in each pose
SIDES = ("left", "right")


def bends(count: int, random: np.random.Generator) -> np.ndarray:
    """Angles (count, 5, 3) degrees of the joints of five fingers, as hands have them.

    Fingers curl together, each with some will of its own; now and then one is straight while the others are bent, or
    bent while they are straight.
    """
    curl = random.beta(0.9, 1.3, (count, 1))
    each = np.clip(curl + random.normal(0, 0.12, (count, 5)), 0, 1)
    alone = random.random((count, 5)) < np.array([0.1, 0.3, 0.12, 0.08, 0.12])
    each = np.where(alone, random.beta(0.5, 0.8, (count, 5)), each)
    knuckle = np.clip(each * random.uniform(0.2, 1.1, (count, 1)) + random.normal(0, 0.1, (count, 5)), -0.15, 1) * 85
    middle = np.clip(each * random.uniform(0.6, 1.2, (count, 1)) + random.normal(0, 0.05, (count, 5)), 0, 1) * 100
    end = np.clip(middle * random.uniform(0.3, 0.8, (count, 1)) + random.normal(0, 4, (count, 5)), 0, 75)
    angles = np.stack([knuckle, middle, end], -1)
    angles[:, 0] = random.uniform([-20, -5, -5], [25, 40, 60], (count, 3))  # the thumb
    return angles


def performed(count: int, random: np.random.Generator) -> tuple[Performance, np.ndarray]:
    """A performance of `count` unconnected poses, and how far (2, count, 5) rad each last joint bends."""
    turns = np.tile(rotations.IDENTITY, (count, len(JOINTS), 1))
    ends = np.zeros((2, count, 5))
    person = skeleton(np.full(32, 0.3))
    for row, (side, sign) in enumerate(zip(SIDES, (1.0, -1.0), strict=True)):
        person[[JOINT[n] for f in FINGERS for n in finger_bones(side, f)]] = person[
            JOINT[f"{side}Hand"]
        ] + posture.average_skeleton() * posture._flip(side)
        angle, spread = np.radians(bends(count, random)), np.radians(random.normal(0, 10, (count, 5)))
        ends[row] = angle[..., 2]
        mirror = lambda q, sign=sign: q if sign > 0 else q * posture.MIRROR_TURN  # noqa: E731
        for column, finger in enumerate(FINGERS):
            axis = posture.HINGE if finger == "Thumb" else posture.SIDEWAYS
            for k, name in enumerate(finger_bones(side, finger)):
                turn = rotations.from_axis_angle(np.tile(axis, (count, 1)), angle[:, column, k])
                if k == 0:
                    aside = np.clip(1 - angle[:, column, 0] / 1.2, 0, 1) * spread[:, column]
                    across = rotations.from_axis_angle(np.tile(posture.NORMAL, (count, 1)), aside)
                    turn = rotations.multiply(turn, across)
                turns[:, JOINT[name]] = mirror(turn)
        turns[:, JOINT[f"{side}UpperArm"]] = rotations.from_vector(random.normal(0, 0.25, (count, 3)))
        turns[:, JOINT[f"{side}LowerArm"]] = rotations.from_vector(random.normal(0, 0.3, (count, 3)))
        turns[:, JOINT[f"{side}Hand"]] = rotations.from_vector(random.normal(0, 0.35, (count, 3)))
    nothing = np.zeros((count, 4))
    return Performance(
        time=np.arange(count) / 10.0, rotations=turns, root=np.tile([0.0, 0.0, 1.0], (count, 1)), skeleton=person,
        expressions=np.zeros((count, 52)), gaze=np.zeros((count, 2, 2)), contacts=nothing,
        confidence=np.ones((count, len(JOINTS))), face_confidence=np.ones(count), projection=np.zeros((3, 4)),
        size=(SIZE, SIZE), framing="full",
    ), ends  # fmt: skip


def stage(body: str):
    """The character in an empty room with camera and light."""
    scene = bpy.context.scene
    camera = bpy.data.objects.new("view", bpy.data.cameras.new("view"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.display.shading.light = "STUDIO"
    scene.display.shading.color_type = "TEXTURE" if body in ("woman", "man") else "MATERIAL"
    scene.display.shading.show_cavity = True
    scene.display.render_aa = "FXAA"
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x = scene.render.resolution_y = SIZE
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "JPEG"
    scene.render.image_settings.quality = 90
    if scene.world is None:
        scene.world = bpy.data.worlds.new("room")
    if body in ("lady", "doll"):
        for material in bpy.data.materials:
            material.diffuse_color = (0.75, 0.52, 0.42, 1)
    return camera


def look_at(camera, target: np.ndarray, away: np.ndarray, random: np.random.Generator) -> None:
    """Point the camera at a hand from a random side, upright give or take."""
    while True:
        way = random.normal(size=3) * [1, 1, 0.6]
        way /= np.linalg.norm(way)
        if way @ away > -0.75:  # not through the body
            break
    distance = random.uniform(0.7, 2.5)
    place = target + way * distance + random.normal(0, 0.02, 3)
    turn = Vector(way).to_track_quat("Z", "Y").to_matrix().to_4x4() @ Matrix.Rotation(random.normal(0, 0.4), 4, "Z")
    camera.matrix_world = Matrix.Translation(Vector(place)) @ turn
    camera.data.angle = 2 * math.atan(random.uniform(0.12, 0.42) / distance)
    camera.data.clip_start = 0.02


def seen(camera, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) of the world in camera axes and in the picture, px."""
    matrix = np.array(camera.matrix_world)
    local = (points - matrix[:3, 3]) @ matrix[:3, :3]
    focal = SIZE / 2 / math.tan(camera.data.angle / 2)
    picture = SIZE / 2 + focal * local[:, :2] * [1, -1] / -local[:, 2:]
    return local[:, [0, 2, 1]] * [1, -1, 1], picture


def main(material: str, body: str, seed: str, count: str, out: str) -> None:
    """Render one body's hands: see the module's docstring."""
    random, folder, count = np.random.default_rng([list(BODIES).index(body), int(seed)]), Path(out), int(count)
    folder.mkdir(parents=True, exist_ok=True)
    file = BODIES[body]
    objects = files.open_character(Path(material) / "characters" / file if file else None)
    character = armature.read(objects)
    preset, camera, rig = rigs.recognised(character), stage(body), objects.armature
    performance, ends = performed(count, random)
    clip = retarget.retarget(performance, character, preset, Settings(foot_lock=0.0), 10.0, every="sample")
    for bone in clip.bones:
        rig.pose.bones[bone].rotation_mode = "QUATERNION"
    truth: dict[str, list] = {key: [] for key in ("names", "sides", "joints", "picture", "ends")}
    for index in range(count):
        for bone, turn in zip(clip.bones, clip.rotations[index], strict=True):
            rig.pose.bones[bone].rotation_quaternion = turn
        bpy.context.view_layer.update()
        for row, side in enumerate(SIDES):
            names = [f"{side}Hand", *(n for f in FINGERS for n in finger_bones(side, f))]
            heads = np.array([rig.matrix_world @ rig.pose.bones[preset.bones[n]].head for n in names])
            elbow = np.array(rig.matrix_world @ rig.pose.bones[preset.bones[f"{side}LowerArm"]].head)
            away = (heads[0] - elbow) / np.linalg.norm(heads[0] - elbow)
            for view in range(VIEWS):
                look_at(camera, heads.mean(0), away, random)
                name = f"{index:04d}_{side}_{view}.jpg"
                bpy.context.scene.render.filepath = str(folder / name)
                bpy.context.scene.world.color = random.uniform(0.05, 0.9, 3)
                bpy.ops.render.render(write_still=True)
                joints, picture = seen(camera, heads)
                for key, value in zip(truth, (name, side, joints, picture, ends[row, index]), strict=True):
                    truth[key].append(value)
    np.savez(folder / "truth.npz", **{key: np.array(value) for key, value in truth.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
