"""How well any rig plays a reference performance: python -m understudy.benchmarks.retarget PLACE ... [--pictures DIR]

reference.py's performance is put on the starter and on every character in the folders, as `bake` does it, and what the
character then does is measured in Blender: where its bones are, and where its skin is while hands touch something.
Prints a line a character, in Markdown; with --pictures, draws six of its poses from the front and from the side.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..addon.quiet import quiet_blender
from ..solvers.character import Character
from ..solvers.clip import Clip
from ..solvers.errors import UnderstudyError
from ..solvers.hands import touches
from ..solvers.motion.rotations import angle_between, from_matrix
from ..solvers.motion.skeleton import joint_positions, world_rotations
from ..solvers.names import CONTACTS, FINGERS, JOINT, TOUCHES, finger_bones
from ..solvers.performance import Performance
from ..solvers.progress import Stages
from ..solvers.retargeting.tpose import SIDES, Rig, measure
from ..solvers.rigs.presets import RigPreset
from ..solvers.settings import Settings
from . import reference

FILES = (".blend", ".glb", ".gltf", ".vrm", ".fbx")
FPS = 24.0
ARMS = [(f"{s}{a}", f"{s}{b}") for s in SIDES for a, b in (("UpperArm", "LowerArm"), ("LowerArm", "Hand"))]
LEGS = [(f"{s}{a}", f"{s}{b}") for s in SIDES for a, b in (("UpperLeg", "LowerLeg"), ("LowerLeg", "Foot"))]
BONES = [(chain[k], chain[k + 1]) for s in SIDES for f in FINGERS[1:] for chain in [finger_bones(s, f)] for k in (0, 1)]
WHOLE = ("hips", "upperChest", "neck", "head")
MOVED = 0.3  # degrees by which a limb is turned by a correction that counts
FIRM = 0.9  # of a touch, from which on it is measured
STILL = np.radians(2.0)  # a bone that turns less than this in any frame does not flip
STRAIGHT_IN = 0.8  # cosine to the surface's normal from which on a point is inside, and not beside an open edge
EVERY = 3  # frames, of looking at the skin
PARTS = {
    "Head": ("head", "jaw", "leftEye", "rightEye", "neck"), "Torso": ("hips", "spine", "chest", "upperChest"),
    **{s: (f"{s}Hand", *(b for f in FINGERS for b in finger_bones(s, f))) for s in SIDES},
    **{f"{s}Arm": (f"{s}LowerArm", f"{s}Hand", *(b for f in FINGERS for b in finger_bones(s, f))) for s in SIDES},
    "Upper": tuple(f"{s}{part}" for s in SIDES for part in ("Shoulder", "UpperArm")),
}  # fmt: skip
PARTS["Body"] = (*PARTS["Head"], *PARTS["Torso"], *PARTS["Upper"], *(f"{s}UpperLeg" for s in SIDES))
COLUMNS = {
    "limbs": "limbs °", "corrected": "corrected °", "turns": "trunk, head, hands °", "fingers": "fingers °",
    "foot": "foot cm", "skate": "skate m/s", "head": "hand-head", "hands": "hand-hand", "torso": "hand-belly",
    "inside": "arm in body cm", "jitter": "jitter ×", "flip": "step ×", "speed": "frames/s",
}  # fmt: skip
LIMITS = {
    "limbs": 2.0, "turns": 2.0, "corrected": 8.0, "foot": 0.2, "skate": 0.01, "head": 0.3, "hands": 0.3, "torso": 0.3,
    "jitter": 1.3, "flip": 3.0,
}  # fmt: skip


@dataclass(frozen=True)
class Played:
    """What a character did (N frames), in its own axes, in armature units.

    heads: {joint: (N, 3)}. turns: {joint: (N, 4)} of its bones in the armature. skin: {frame: {part: measures}}.
    """

    heads: dict[str, np.ndarray]
    turns: dict[str, np.ndarray]
    skin: dict[int, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """A character that is open in Blender, with what is known of it. objects: CharacterObjects."""

    name: str
    objects: object
    character: Character
    preset: RigPreset
    rig: Rig


# --- playing ----------------------------------------------------------------------------------------------------------


def open_subject(path: Path | None) -> Subject:
    """Open a character. path: of its file; None is the starter. Raises UnderstudyError where it can play nothing."""
    from ..addon import armature, files, rigs

    objects = files.open_character(path)
    character = armature.read(objects)
    preset = rigs.recognised(character)
    rig = measure(character, preset, reference.performance().skeleton)
    return Subject(path.name if path else "the starter", objects, character, preset, rig)


def bake(subject: Subject, shown: Performance) -> tuple[Clip, float]:
    """Put a performance on a character as `understudy bake` does. Result: the clip, frames a second that it took."""
    import bpy

    from ..addon import actions, rendering
    from ..solvers.retarget import retarget

    rendering.set_frame_rate(bpy.context.scene, FPS)
    retarget(shown, subject.character, subject.preset, Settings(), FPS)  # so that nothing is loaded while it counts
    begun = time.perf_counter()
    clip = retarget(shown, subject.character, subject.preset, Settings(), FPS)
    actions.write(clip, subject.objects)
    return clip, len(clip.frames) / (time.perf_counter() - begun)


def played(subject: Subject, clip: Clip, frames_of_skin: np.ndarray) -> Played:
    """What a character does while it plays a clip, looked at in Blender frame by frame.

    frames_of_skin: rows of the frames in which its skin is looked at, too.
    """
    import bpy

    scene, rig, bones = bpy.context.scene, subject.rig, _seen_bones(subject)
    matrices = {name: np.zeros((len(clip.frames), 4, 4)) for name in rig.joints}
    for hidden in (True, False):  # without the skin, Blender is ten times as fast
        for mesh in subject.objects.meshes:
            mesh.hide_viewport = hidden
        skins = {} if hidden else _skins(subject)
        found = {}
        for row in range(len(clip.frames)) if hidden else frames_of_skin:
            scene.frame_set(int(clip.frames[row]))
            if hidden:
                pose = subject.objects.armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
                for name in rig.joints:
                    matrices[name][row] = np.array(pose[bones[name]].matrix)
            else:
                found[int(row)] = _skin_measures(subject, skins)
    axes = rig.axes
    heads = {name: matrix[:, :3, 3] @ axes for name, matrix in matrices.items()}
    rest = dict(zip(subject.character.bones, subject.character.rest, strict=True))
    turns = {
        name: from_matrix(axes.T @ (matrix[:, :3, :3] @ rest[bones[name]][:3, :3].T) @ axes)
        for name, matrix in ((name, _unscaled(matrix)) for name, matrix in matrices.items())
    }
    return Played(heads, turns, found)


def _unscaled(matrices: np.ndarray) -> np.ndarray:
    result = matrices.copy()
    result[:, :3, :3] /= np.linalg.norm(matrices[:, :3, :3], axis=1, keepdims=True)
    return result


def _seen_bones(subject: Subject) -> dict[str, str]:
    """{joint: the bone in which it is seen}: the one that moves skin where the joint is, else the driven one."""
    character, rig = subject.character, subject.rig
    owning = np.bincount(character.owner, minlength=len(character.bones)) > 0
    deforming = np.flatnonzero(owning)
    seen = {}
    for name, bone in rig.bones.items():
        row = character.bones.index(bone)
        if not owning[row] and len(deforming):
            gaps = np.linalg.norm(character.rest[deforming, :3, 3] - character.rest[row, :3, 3], axis=1)
            if gaps.min() < 0.01 * rig.scale:
                row = int(deforming[gaps.argmin()])
        seen[name] = character.bones[row]
    return seen


# --- the skin ---------------------------------------------------------------------------------------------------------


def _skins(subject: Subject) -> list[tuple]:
    """For each mesh: the object, and for each of its vertices the joint that it follows, "" for none."""
    from dataclasses import replace

    from ..addon import skin
    from ..solvers.retargeting import surface

    index = {bone: row for row, bone in enumerate(subject.character.bones)}
    result = []
    for mesh in skin.worn(subject.objects.meshes):
        owner = np.array([skin._owner(mesh, row, index) for row in range(len(mesh.data.vertices))], int)
        known = replace(subject.character, owner=np.maximum(owner, 0))
        joints = np.array([*subject.rig.joints, ""])[surface._followed(known, subject.rig)] if len(owner) else owner
        result.append((mesh, np.where(owner >= 0, joints, "")))
    return result


def _skin_measures(subject: Subject, skins: list[tuple]) -> dict[str, float]:
    """Gaps of skin from skin, armature units, negative inside: {"leftHandHead", ..., "hands", "leftArm", ...}."""
    from mathutils.bvhtree import BVHTree

    points, faces, owners = _surface(subject, skins)
    if not len(points):
        return {}
    member = {part: np.isin(owners, names) for part, names in PARTS.items()}
    trees = {}
    for part in ("Head", "Torso", "left", "Body"):
        chosen = faces[member[part][faces].all(1)]
        tree = BVHTree.FromPolygons(points.tolist(), chosen.tolist()) if len(chosen) else None
        meant = ~member["Upper"][chosen].any(1)  # a forearm may well be near to its own upper arm
        trees[part] = tree, meant, points[chosen]
    wanted = {f"{s}Hand{part}": (s, part) for s in SIDES for part in ("Head", "Torso")}
    wanted |= {"hands": ("right", "left")} | {f"{s}Arm": (f"{s}Arm", "Body") for s in SIDES}
    return {
        name: _gap(points[member[ours]], *trees[theirs])
        for name, (ours, theirs) in wanted.items()
        if trees[theirs][0] is not None and member[ours].any()
    }


def _surface(subject: Subject, skins: list[tuple]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The skin as it is now, in armature space: points (V, 3), triangles (F, 3), the joint that each point follows."""
    import bpy

    graph, rig = bpy.context.evaluated_depsgraph_get(), subject.objects.armature
    points, faces, owners = [np.zeros((0, 3))], [np.zeros((0, 3), int)], [np.zeros(0, str)]
    for mesh, joints in skins:
        seen = mesh.evaluated_get(graph)
        data = seen.to_mesh()
        if len(data.vertices) == len(joints) and len(joints):
            here = np.zeros(3 * len(joints))
            data.vertices.foreach_get("co", here)
            matrix = np.array(rig.matrix_world.inverted() @ seen.matrix_world)
            data.calc_loop_triangles()
            triangles = np.zeros(3 * len(data.loop_triangles), int)
            data.loop_triangles.foreach_get("vertices", triangles)
            faces.append(triangles.reshape(-1, 3) + sum(map(len, points)))
            points.append(here.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3])
            owners.append(joints)
        seen.to_mesh_clear()
    return np.concatenate(points), np.concatenate(faces), np.concatenate(owners)


def _gap(points: np.ndarray, tree, counting: np.ndarray, corners: np.ndarray) -> float:
    """How far the foremost of some points (P, 3) is outside of a surface, negative inside.

    counting: (F,) bool, which of the surface's faces are meant. corners: (F, 3, 3) of the faces.
    """
    gaps, behind = [np.inf], []
    for point in points:
        place, normal, face, distance = tree.find_nearest(point.tolist())
        way = (np.array(point) - np.array(place)) @ np.array(normal)
        if counting[face]:
            gaps.append(distance)
            behind += [(way, point)] if way < -STRAIGHT_IN * distance else []
    for way, point in sorted(behind, key=lambda found: found[0]):  # the deepest that is enclosed tells
        if winding(point, corners) > 0.5:
            return float(way)
    return float(min(gaps))


def winding(point: np.ndarray, corners: np.ndarray) -> float:
    """How often triangles (F, 3, 3) surround a point (3,): about 1 inside of what they enclose, 0 outside, also where
    they leave holes (Jacobson and others 2013, Robust inside-outside segmentation, equations 5 and 6).
    """
    a, b, c = np.moveaxis(corners - point, 1, 0)
    first, second, third = (np.linalg.norm(side, axis=1) for side in (a, b, c))
    over = (a * np.cross(b, c)).sum(1)
    under = first * second * third + (a * b).sum(1) * third + (b * c).sum(1) * first + (c * a).sum(1) * second
    return float(np.arctan2(over, under).sum() / (2 * np.pi))


# --- measuring --------------------------------------------------------------------------------------------------------


def figures(subject: Subject, shown: Performance, seen: Played, plain: Clip, clip: Clip, speed: float) -> dict:
    """All figures of a character.

    seen: what it did. plain: the clip without any corrections. speed: frames/s.
    """
    source = joint_positions(shown.rotations, shown.root, shown.skeleton)
    result = limb_errors(subject.rig, source, seen, plain, clip) | foot_errors(subject.rig, shown, seen)
    result |= touch_errors(subject, shown, seen) | {"turns": turn_error(subject, shown, seen)}
    theirs = {name: source[:, column] for name, column in JOINT.items()}
    result["jitter"] = jitter(seen.heads, seen.heads) / jitter(theirs, seen.heads)
    return result | {"flip": flips(shown, seen)[0], "flip bone": flips(shown, seen)[1], "speed": speed}


def limb_errors(rig: Rig, source: np.ndarray, seen: Played, plain: Clip, clip: Clip) -> dict[str, float]:
    """Angles between limbs of the character and of the performer, degrees: the worst where nothing was corrected, the
    mean where it was, and the mean of the fingers' bones.

    source: (N, J, 3) m. plain, clip: without and with corrections.
    """
    angles, corrected = [], []
    for start, end in ARMS + LEGS:
        if start in seen.heads and end in seen.heads:
            angles.append(_angles(seen.heads[end] - seen.heads[start], source[:, JOINT[end]] - source[:, JOINT[start]]))
            corrected.append(_corrected(rig, start, plain, clip))
    fingers = [
        _angles(seen.heads[b] - seen.heads[a], source[:, JOINT[b]] - source[:, JOINT[a]])
        for a, b in BONES
        if a in seen.heads and b in seen.heads and a in rig.bones and b in rig.bones
    ]
    if not angles:
        return {}
    angles, corrected = np.stack(angles), np.stack(corrected)
    return {
        "limbs": float(angles[~corrected].max()) if (~corrected).any() else np.nan,
        "corrected": float(angles[corrected].mean()) if corrected.any() else 0.0,
        "corrected worst": float(angles[corrected].max()) if corrected.any() else 0.0,
        "fingers": float(np.mean(fingers)) if fingers else np.nan,
    }


def turn_error(subject: Subject, shown: Performance, seen: Played) -> float:
    """The largest angle between how trunk, head and hands are turned and how they should be, degrees."""
    from ..solvers.retarget import joint_turns

    wanted = joint_turns(shown, subject.rig, subject.preset)
    names = [name for name in seen.turns if name in WHOLE or name.endswith("Hand")]
    return float(np.degrees(max(angle_between(seen.turns[name], wanted[:, JOINT[name]]).max() for name in names)))


def _corrected(rig: Rig, joint: str, plain: Clip, clip: Clip) -> np.ndarray:
    """(N,) bool: where a limb, or what carries it, is turned otherwise than without corrections."""
    changed = np.zeros(len(clip.frames), bool)
    while joint is not None:
        bone = rig.bones[joint]
        if bone in clip.bones and any(part in joint for part in ("Arm", "Leg")):
            ours, theirs = (c.rotations[:, c.bones.index(bone)] for c in (clip, plain))
            changed |= angle_between(ours, theirs) > np.radians(MOVED)
        joint = rig.before[joint]
    return changed


def _angles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    cosine = (a * b).sum(-1) / np.maximum(np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1), 1e-12)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def foot_errors(rig: Rig, shown: Performance, seen: Played) -> dict[str, float]:
    """How far standing heels and toes are from their height at rest, mean cm, and how fast they go, mean m/s, both in
    the performer's size."""
    heights, speeds = [], []
    for side in SIDES:
        for word, part in (("Heel", "Foot"), ("Toe", "Toes")):
            name, stands = f"{side}{part}", shown.contacts[:, CONTACTS.index(f"{side}{word}")] > 0.5
            if name in seen.heads and stands.any():
                place = seen.heads[name] / rig.scale
                heights.append(np.abs(place[stands, 2] - rig.heads[JOINT[name], 2] / rig.scale))
                both = stands[1:] & stands[:-1]
                speeds.append(FPS * np.linalg.norm(np.diff(place, axis=0), axis=1)[both])
    if not heights:
        return {}
    return {"foot": 100 * float(np.concatenate(heights).mean()), "skate": float(np.concatenate(speeds).mean())}


def touch_errors(subject: Subject, shown: Performance, seen: Played) -> dict[str, float]:
    """How far hands are from where they touch, mean in head lengths, against the performer's; and how deep forearms
    and hands are in the trunk at most, cm in the performer's size. Measured from skin to skin.
    """
    joints, world, size = (joint_positions(shown.rotations, shown.root, shown.skeleton),
                           world_rotations(shown.rotations), touches.size(shown.skeleton))  # fmt: skip
    hand = {side: touches.hand_points(joints, world, shown.skeleton, side) for side in SIDES}
    flesh, theirs = touches.FLESH * size, 2 * touches.SKULL_SIZE[2] * size
    gaps = {"hands": touches.between(hand["left"], hand["right"]) - 2 * flesh}
    for side in SIDES:
        gaps[f"{side}HandHead"] = touches.to_head(hand[side], joints, world, size).min(1) - flesh
        gaps[f"{side}HandTorso"] = touches.to_torso(hand[side], joints, world, size).min(1) - flesh
    ours = head_length(subject)
    found: dict[str, list[float]] = {}
    for row, measured in seen.skin.items():
        for column, name in enumerate(TOUCHES):
            if shown.touches[row, column] > FIRM and name in measured:
                kind = "hands" if name == "hands" else "head" if name.endswith("Head") else "torso"
                found.setdefault(kind, []).append(abs(measured[name] / ours - gaps[name][row] / theirs))
        for side in SIDES:
            if f"{side}Arm" in measured:
                found.setdefault("inside", []).append(max(-measured[f"{side}Arm"], 0) / subject.rig.scale * 100)
    return {kind: float(np.max(many) if kind == "inside" else np.mean(many)) for kind, many in found.items()}


def head_length(subject: Subject) -> float:
    """From the chin to the crown, armature units: the height of the skin that hangs on the head."""
    from ..solvers.retargeting.surface import surfaces

    return 2 * float(surfaces(subject.character, subject.rig)["Head"].half[2])


def jitter(heads: dict[str, np.ndarray], among) -> float:
    """Mean third difference of hands, feet, elbows, knees and head about where their limb begins, in lengths of it.

    heads: {joint: (N, 3)}. among: joints that count.
    """
    found = []
    for root, *chain in (*((f"{s}Upper{k}", f"{s}Lower{k}", f"{s}{end}") for s in SIDES for k, end in
                           (("Arm", "Hand"), ("Leg", "Foot"))), ("hips", "head")):  # fmt: skip
        if not all(name in heads and name in among for name in (root, *chain)):
            continue
        length = sum(np.linalg.norm(heads[b][0] - heads[a][0]) for a, b in zip((root, *chain), chain, strict=False))
        found += [np.diff((heads[name] - heads[root]) / length, n=3, axis=0) for name in chain]
    return float(np.linalg.norm(np.stack(found), axis=-1).mean())


def flips(shown: Performance, seen: Played) -> tuple[float, str]:
    """The largest step of a bone from frame to frame, in largest steps of the performer's, and which bone's it is."""
    world = world_rotations(shown.rotations)
    worst = (0.0, "")
    for name, turns in seen.turns.items():
        if name.endswith("Eye") or name == "jaw":
            continue
        ours, theirs = (angle_between(q[1:], q[:-1]).max() for q in (turns, world[:, JOINT[name]]))
        worst = max(worst, (float(ours / max(theirs, STILL)), name))
    return worst


# --- pictures ---------------------------------------------------------------------------------------------------------


def sheet(subject: Subject) -> np.ndarray:
    """Six poses of a character that has been baked, from the front and from the side, with nothing in its hands: rgb
    (H, W, 3) uint8."""
    import bpy

    from ..addon import rendering
    from .pictures import _drawn

    scene, rows = bpy.context.scene, ([], [])
    for mesh in subject.objects.meshes:
        mesh.hide_render |= mesh.parent_type == "BONE" and mesh.parent_bone not in subject.rig.bones.values()
    for _, _, moment in reference.PARTS.values():
        frame = 1 + round(moment * FPS)
        rendering.prepare(scene, subject.objects, subject.character, subject.preset, "full", (300, 380), (frame, frame))
        rows[0].append(_drawn(scene, frame))
        _around(scene, np.radians(-65))
        rows[1].append(_drawn(scene, frame))
    return np.concatenate([np.concatenate(row, 1) for row in rows])


def _around(scene, angle: float) -> None:
    """Turn the camera about the upright through what it looks at, before an empty ground. angle: rad."""
    from mathutils import Matrix, Vector

    camera = scene.camera
    place, way = camera.matrix_world.translation, camera.matrix_world.to_quaternion() @ Vector((0, 0, -1))
    middle = Vector(_middle(scene))
    middle = place + way * (middle - place).dot(way)
    turn = Matrix.Translation(middle) @ Matrix.Rotation(angle, 4, "Z") @ Matrix.Translation(-middle)
    camera.matrix_world = turn @ camera.matrix_world
    for thing in scene.objects:
        if thing.type == "MESH" and "ackdrop" in thing.name:
            thing.hide_render = True


def _middle(scene) -> np.ndarray:
    """The middle of all armatures' bones."""
    bones = [thing.matrix_world @ bone.head for thing in scene.objects if thing.type == "ARMATURE"
             for bone in thing.pose.bones]  # fmt: skip
    return np.mean(bones, 0)


# --- the table --------------------------------------------------------------------------------------------------------


def tried(path: Path | None, pictures: Path | None = None) -> tuple[str, str, dict]:
    """A character's name, what it was recognised as (or why not), and its figures.

    path: None is the starter. pictures: folder for its poses.
    """
    from ..solvers.retarget import retarget

    shown = reference.performance()
    try:
        subject = open_subject(path)
    except UnderstudyError as fault:
        return path.name, str(fault), {}
    if not subject.rig.joints:
        return subject.name, f"{subject.preset.name}, no body", {}
    clip, speed = bake(subject, shown)
    plain = retarget(shown, subject.character, subject.preset, Settings(foot_lock=0.0, hand_contact=0.0), FPS)
    seen = played(subject, clip, np.arange(0, len(clip.frames), EVERY))
    found = figures(subject, shown, seen, plain, clip, speed)
    if pictures is not None:
        import cv2

        pictures.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(pictures / f"{subject.name}.png"), sheet(subject)[..., ::-1])
    return subject.name, f"{subject.preset.name} ({subject.preset.matched})", found


def line(name: str, kind: str, found: dict) -> str:
    """A line of the table; what is beyond its limit is bold."""
    if not found:
        return f"| {name} | {kind} |" + " |" * len(COLUMNS)
    cells = []
    for key in COLUMNS:
        value = found.get(key, np.nan)
        words = "" if not np.isfinite(value) else f"{value:.0f}" if key == "speed" else f"{value:.3g}"
        if key == "flip" and value > LIMITS["flip"]:
            words += f" {found['flip bone']}"
        beyond = value > LIMITS[key] if key in LIMITS else key == "speed" and value < 100
        cells.append(f"**{words}**" if beyond else words)
    return f"| {name} | {kind} | {' | '.join(cells)} |"


def files_in(places: list[Path]) -> list[Path]:
    """All character files in some places, folders or files."""
    found = [path for place in places for path in (sorted(place.iterdir()) if place.is_dir() else [place])]
    return [path for path in found if path.suffix.lower() in FILES]


def main(words: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m understudy.benchmarks.retarget", description=__doc__.split("\n")[0]
    )
    parser.add_argument("places", type=Path, nargs="*", help="characters, or folders of them")
    parser.add_argument("--pictures", type=Path, help="folder for pictures of the poses")
    chosen = parser.parse_args(words)
    stages = Stages()
    heads = "".join(f" {head} |" for head in COLUMNS.values())
    stages.say(f"| character | recognised as |{heads}")
    stages.say("|---" * (len(COLUMNS) + 2) + "|")
    for path in [None, *files_in(chosen.places)]:
        with quiet_blender(stages):
            stages.say(line(*tried(path, chosen.pictures)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
