"""What the panel shows and a .blend remembers: `scene.understudy`. Sliders are made from solvers/settings."""

import dataclasses
import json

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..solvers.environment.wishes import Environment
from ..solvers.retargeting.layering import REGIONS
from ..solvers.settings import Settings

# What an actor shows for a calibration, as solvers.face.calibration has it: its title here, and in words.
POSES = {
    "neutral": ("Rest", "the face at rest"),
    "open": ("Open Wide", "a mouth wide open"),
    "smile": ("Smile", "a smile"),
    "brows": ("Brows Up", "raised brows"),
    "shut": ("Eyes Shut", "shut eyes"),
}
UNITS = {"m": {"subtype": "DISTANCE", "unit": "LENGTH"}, "s": {"unit": "TIME_ABSOLUTE"}}
LABELS = {f"unseen_{part}": part.replace("_", " ").title() for part in ("body", "left_hand", "right_hand", "head")}
LABELS |= {"unseen_face": "Face", "fps": "Solve Rate", "lens": "Field of View"}
ENTRIES = {entry.name: entry for entry in dataclasses.fields(Settings)}


def _file_path(**options):
    relative = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
    return StringProperty(subtype="FILE_PATH", options={"ANIMATABLE"} | relative, **options)


def _look_changed(_self, context):
    from . import workspace

    workspace.look_changed(context)


def _video_changed(_self, context):
    from . import workspace

    workspace.video_changed(context)


def _character_changed(_self, context):
    from . import workspace

    workspace.character_changed(context)


def _joint_changed(_self, context):
    from . import workspace

    workspace.joint_changed(context)


def _view_changed(_self, context):
    from . import workspace

    workspace.view_changed(context)


def can_play(_self, thing: bpy.types.Object) -> bool:
    """Whether an object may be a character: an armature, or a mesh with shape keys."""
    return thing.type == "ARMATURE" or (thing.type == "MESH" and thing.data.shape_keys is not None)


def _slider(entry: dataclasses.Field, update=_look_changed):
    """The property for one field of settings: its default, range, unit and meaning."""
    facts = entry.metadata
    words = {
        "name": LABELS.get(entry.name, entry.name.replace("_", " ").title()),
        "description": facts["meaning"],
        "default": entry.default,
        "update": update,
    }
    if isinstance(entry.default, bool):
        return BoolProperty(**words)
    if "ways" in facts:
        ways = [(way, way.replace("-", " ").title(), meaning) for way, meaning in facts["ways"].items()]
        return EnumProperty(items=ways, **words)
    if entry.name == "calibration":
        return _file_path(**words)
    if isinstance(entry.default, str):
        return StringProperty(**words)
    if isinstance(entry.default, int):
        return IntProperty(min=facts["min"], max=facts["max"], **words)
    words |= UNITS.get(facts["unit"], {})
    return FloatProperty(min=facts["min"], max=facts["max"], precision=2, step=10, **words)


class Look(bpy.types.PropertyGroup):
    """How the performance is to look on the character: all of solvers.settings."""

    __annotations__ = {name: _slider(entry) for name, entry in ENTRIES.items()}

    def settings(self) -> Settings:
        """The same as the solvers' record."""
        return Settings(**{name: getattr(self, name) for name in ENTRIES})

    def set(self, settings: Settings) -> None:
        """Take over all values of a record; sliders that have them already are left alone."""
        for name in ENTRIES:
            value = getattr(settings, name)
            if getattr(self, name) != value:
                setattr(self, name, value)


class Surroundings(bpy.types.PropertyGroup):
    """What is wished of the environment: all of solvers.environment.wishes."""

    __annotations__ = {entry.name: _slider(entry, None) for entry in dataclasses.fields(Environment)}

    def wishes(self) -> Environment:
        """The same as the solvers' record. Raises SettingsError where the shot's words are not understood."""
        return Environment(**{entry.name: getattr(self, entry.name) for entry in dataclasses.fields(Environment)})


class TakeItem(bpy.types.PropertyGroup):
    """One take in the scene: `name` for the list, and where its file lies."""

    path: _file_path(name="Take", description="The file that holds what was seen in the video")
    video: _file_path(name="Video", description="The driving video")
    seconds: FloatProperty(name="Length", unit="TIME_ABSOLUTE")
    fps: FloatProperty(name="Rate")
    floor: StringProperty(
        name="Floor Of",
        description="Another performer's take of the same video, on whose floor, and at whose scale, this one is to "
        "stand when it is baked",
    )
    face: StringProperty(
        name="Face From",
        description="A phone's capture of the same performance, from which face and eyes are taken when it is baked",
    )
    face_sync: BoolProperty(
        name="Find Offset", description="Find when the capture begins by jaw and lids of both", default=True
    )
    face_offset: FloatProperty(
        name="Begins At", description="Seconds of the video at which the capture begins", precision=2, step=1,
        unit="TIME_ABSOLUTE",
    )  # fmt: skip
    facts: StringProperty(description="What solvers.report.measures.facts says, as JSON")

    def known(self) -> dict:
        """The facts about this take, {} before it was looked at."""
        return json.loads(self.facts) if self.facts else {}


class Moments(bpy.types.PropertyGroup):
    """When a clip shows what a calibration needs, s; 0 finds it."""

    __annotations__ = {
        pose: FloatProperty(
            name=title, description=f"Seconds of the video at which it shows {what}; 0 finds it", min=0.0,
            precision=2, step=10, unit="TIME_ABSOLUTE",
        )  # fmt: skip
        for pose, (title, what) in POSES.items()
    }


class JointItem(bpy.types.PropertyGroup):
    """One joint of the performer, `name` as VRM calls it, and the character's bone for it."""

    bone: StringProperty(
        name="Bone", description="The character's bone that plays this joint; empty for none", update=_joint_changed
    )


def _treatment(region: str):
    return EnumProperty(
        name=region.replace("_", " ").title(),
        items=(
            ("OFF", "Off", "Leave what the rig does already"),
            ("REPLACE", "Replace", "Play the performance instead of what the rig does already"),
            ("COMBINE", "Add", "Play the performance on top of what the rig does already"),
        ),
        default="REPLACE",
    )


class Layer(bpy.types.PropertyGroup):
    """What a layer does to each part of the body."""

    __annotations__ = {region: _treatment(region) for region in REGIONS}


class BakeOptions(bpy.types.PropertyGroup):
    """How a performance becomes keys."""

    kind: EnumProperty(
        name="Into",
        items=(
            ("NEW", "New Action", "A new action takes the place of what the character plays; that is kept in the file"),
            ("LAYER", "Layer", "NLA strips over what the character plays already"),
        ),
    )
    name: StringProperty(name="Name", description="Of the bake; left empty, it is named after the take")
    layer: PointerProperty(type=Layer)
    start: IntProperty(name="First Frame", description="Frame at which the performance begins", default=1)
    whole: BoolProperty(name="Whole Take", description="Bake all of the take", default=True)
    begin: FloatProperty(name="From", description="Seconds of the take", min=0.0, precision=2, step=10)
    end: FloatProperty(name="To", description="Seconds of the take; 0 is its end", min=0.0, precision=2, step=10)
    rate: EnumProperty(
        name="Keys at",
        items=(
            ("scene", "Scene Frames", "A key at every frame of the scene"),
            ("sample", "Video Frames", "A key at every picture of the video, also between the scene's frames"),
        ),
    )
    reduce: BoolProperty(
        name="Reduce Keys", description="Leave out keys that curves do not need, for editing by hand", default=False
    )
    error: FloatProperty(
        name="Largest Error",
        description="How far a turn may be off when keys are left out; places and shapes in proportion",
        default=0.0087, min=0.0002, max=0.2, subtype="ANGLE", precision=2,
    )  # fmt: skip
    live: BoolProperty(
        name="Follow Look",
        description="Bake anew whenever something in Look changes; keys that were made by hand are kept aside",
        default=True,
    )


# What films may be drawn with; kept here, for Blender does not keep the words that a function of ours gives it.
ENGINES = (
    ("workbench", "Workbench", "Quick, as in the viewport", 0),
    ("eevee", "EEVEE", "Light and shade, on a graphics card", 1),
    ("cycles", "Cycles", "The most faithful, and the slowest", 2),
    ("SCENE", "As in the Scene", "The engine and settings that the scene has", 3),
)
WITHOUT_CYCLES = tuple(engine for engine in ENGINES if engine[0] != "cycles")


SIZES = (
    ("1280:720", "1280 × 720", "Wide"),
    ("720:1280", "720 × 1280", "Upright"),
    ("960:960", "960 × 960", "Square"),
    ("1104:832", "1104 × 832", "4:3"),
    ("832:1104", "832 × 1104", "3:4"),
    ("1584:672", "1584 × 672", "Very wide"),
)


class FilmOptions(bpy.types.PropertyGroup):
    """How the scene is filmed."""

    ratio: EnumProperty(
        name="Size",
        items=(*SIZES, ("SCENE", "As in the Scene", "The size in the scene's own output settings")),
    )
    engine: EnumProperty(
        name="Engine",
        items=lambda _self, _context: ENGINES if "cycles" in bpy.context.preferences.addons else WITHOUT_CYCLES,
    )
    stage: BoolProperty(
        name="Set Stage", description="Add backdrop, lights and a camera that frames the performance", default=True
    )
    sound: BoolProperty(name="Sound", description="The driving video's sound in the film", default=True)
    beside: BoolProperty(
        name="Side by Side", description="The driving video on the left, the character on the right", default=False
    )
    out: _file_path(name="Film", description="The .mp4 to be written", default="//performance.mp4")
    last: StringProperty(description="Path of the film that was made last")


def _renderer_changed(self, _context):
    self.cost = ""


class NeuralOptions(bpy.types.PropertyGroup):
    """What a neural renderer is given, and where its film goes. Keys are in the preferences, never here."""

    renderer: EnumProperty(
        name="Renderer",
        items=(
            ("RUNWAY", "Runway Act-Two", "A service on the network, or your own server; needs a key"),
            ("COMFYUI", "ComfyUI", "A workflow of yours on your own ComfyUI"),
            ("LIVEPORTRAIT", "LivePortrait", "A program on this machine; faces only"),
        ),
        update=_renderer_changed,
    )
    character: _file_path(
        name="Character", description="A picture of the character, or a film; left empty, the scene's first frame"
    )
    workflow: _file_path(name="Workflow", description="What ComfyUI saves as Export (API)")
    prompt: StringProperty(name="Prompt", description="Words for the look, for workflows that ask for some")
    ratio: EnumProperty(name="Size", items=SIZES)
    intensity: IntProperty(
        name="Intensity", description="Strength of facial expression; 3 is as performed", default=3, min=1, max=5
    )
    body_control: BoolProperty(
        name="Body", description="Take over gestures and the body's movement, not the face alone", default=True
    )
    use_seed: BoolProperty(name="Seed", description="Ask for the same result again")
    seed: IntProperty(name="Seed", description="The same number gives similar results", min=0)
    out: _file_path(name="Film", description="The .mp4 to be written", default="//neural.mp4")
    passes: StringProperty(
        name="Passes", description="The folder for pictures and films of each pass", subtype="DIR_PATH",
        default="//passes",
    )  # fmt: skip
    cost: StringProperty(description="What sending would cost, once it was asked for")
    last: StringProperty(description="Path of the film that came back last")


class ViewOptions(bpy.types.PropertyGroup):
    """What the viewport shows beside the character."""

    footage: EnumProperty(
        name="Video",
        items=(
            ("NONE", "Hidden", "Do not show the driving video"),
            ("CAMERA", "Behind the Camera's View", "The driving video as background of the scene's camera"),
            ("PLANE", "Beside the Character", "The driving video on a plane beside the character"),
        ),
        update=_view_changed,
    )
    sound: BoolProperty(
        name="Sound",
        description="The driving video's sound while the timeline plays; playback then keeps to the sound",
        update=_view_changed,
    )
    skeleton: BoolProperty(
        name="Skeleton", description="The solved skeleton, coloured by how sure it is", update=_view_changed
    )
    landmarks: BoolProperty(
        name="Landmarks", description="What was found in the video, coloured by how sure it is", update=_view_changed
    )
    heard: StringProperty(description="What the timeline was given of the driving video's sound")
    image: PointerProperty(type=bpy.types.Image, description="The driving video, while it is shown")
    plane: PointerProperty(type=bpy.types.Object, description="The plane that shows it")
    camera: PointerProperty(type=bpy.types.Camera, description="The camera that has it as its background")


class SceneProperties(bpy.types.PropertyGroup):
    """All that Understudy remembers in a scene."""

    video: _file_path(name="Video", description="The performance video", update=_video_changed)
    use_range: BoolProperty(name="Part of the Video", description="Look at a part of the video only", default=False)
    start: FloatProperty(name="Start", description="Seconds of the video", min=0.0, precision=2, step=10)
    end: FloatProperty(name="End", description="Seconds of the video", min=0.0, precision=2, step=10)
    preflight: StringProperty(description="What solvers.looking.preflight.look says of the video, as JSON")
    performer: StringProperty(
        name="Performer",
        description="Who of several people is followed: a number, 1 being the most prominent one, or a point on "
        "them as shares of the picture's width and height (0.3,0.4; in the picture at 12.5 s: 0.3,0.4@12.5); left "
        "empty, it is the most prominent one",
    )  # fmt: skip
    cuts: EnumProperty(
        name="Cuts",
        description="What becomes of a video with hard cuts",
        items=(
            ("split", "A Take of Each Shot", "One take for each shot in which somebody is seen"),
            ("bridge", "One Take", "One take over all shots"),
            ("first", "First Shot", "A take of the first shot alone"),
        ),
    )
    takes: CollectionProperty(type=TakeItem)
    take_index: IntProperty(name="Take", update=_view_changed)
    character: PointerProperty(
        name="Character", type=bpy.types.Object, poll=can_play, update=_character_changed,
        description="The armature, or the mesh with shape keys, that plays the performance",
    )  # fmt: skip
    rig: StringProperty(name="Rig", description="The kind of rig that the character is")
    joints: CollectionProperty(type=JointItem)
    listed: PointerProperty(type=bpy.types.Object, description="The character whose bones the list of joints holds")
    joint_index: IntProperty(name="Joint")
    expressions: IntProperty(name="Expressions", description="How many of ARKit's 52 shapes the character has")
    by_bones: IntProperty(name="By Bones", description="How many of ARKit's 52 shapes bones of its face show instead")
    target: PointerProperty(
        name="Look At", type=bpy.types.Object, update=_joint_changed,
        description="What the eyes look at, wherever the head turns; empty leaves them to the performance",
    )  # fmt: skip
    attention: FloatProperty(
        name="Influence", description="How much the eyes keep to what they look at; 0 is as performed",
        min=0.0, max=1.0, default=1.0, subtype="FACTOR", update=_joint_changed,
    )  # fmt: skip
    look: PointerProperty(type=Look)
    moments: PointerProperty(type=Moments)
    moments: PointerProperty(type=Moments)
    bake: PointerProperty(type=BakeOptions)
    environment: PointerProperty(type=Surroundings)
    film: PointerProperty(type=FilmOptions)
    neural: PointerProperty(type=NeuralOptions)
    view: PointerProperty(type=ViewOptions)

    @property
    def take(self) -> TakeItem | None:
        """The take that is chosen in the list."""
        return self.takes[self.take_index] if 0 <= self.take_index < len(self.takes) else None


CLASSES = (
    Look, Moments, Surroundings, TakeItem, JointItem, Layer, BakeOptions, FilmOptions, NeuralOptions, ViewOptions,
    SceneProperties,
)  # fmt: skip


def register() -> None:
    """Give every scene its properties."""
    bpy.types.Scene.understudy = PointerProperty(type=SceneProperties)


def unregister() -> None:
    """Take them away; what a file remembers stays in it."""
    del bpy.types.Scene.understudy
