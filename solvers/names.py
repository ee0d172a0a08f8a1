"""The field's standard names: VRM 1.0 humanoid bones, ARKit blendshapes, MediaPipe landmarks."""

from __future__ import annotations

FINGERS = ("Thumb", "Index", "Middle", "Ring", "Little")


def finger_bones(side: str, finger: str) -> tuple[str, str, str]:
    """The three bones of a finger from the palm outwards, as VRM 1.0 calls them.

    side: "left" or "right"; finger: one of FINGERS.
    """
    segments = ("Metacarpal", "Proximal", "Distal") if finger == "Thumb" else ("Proximal", "Intermediate", "Distal")
    return tuple(f"{side}{finger}{segment}" for segment in segments)


# Parent of every VRM 1.0 humanoid bone, parents first.
# https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/humanoid.md
PARENTS: dict[str, str | None] = {
    "hips": None,
    "spine": "hips",
    "chest": "spine",
    "upperChest": "chest",
    "neck": "upperChest",
    "head": "neck",
    "leftEye": "head",
    "rightEye": "head",
    "jaw": "head",
}
for _side in ("left", "right"):
    PARENTS |= {
        f"{_side}UpperLeg": "hips",
        f"{_side}LowerLeg": f"{_side}UpperLeg",
        f"{_side}Foot": f"{_side}LowerLeg",
        f"{_side}Toes": f"{_side}Foot",
        f"{_side}Shoulder": "upperChest",
        f"{_side}UpperArm": f"{_side}Shoulder",
        f"{_side}LowerArm": f"{_side}UpperArm",
        f"{_side}Hand": f"{_side}LowerArm",
    }
    for _finger in FINGERS:
        _chain = finger_bones(_side, _finger)
        PARENTS |= dict(zip(_chain, (f"{_side}Hand", *_chain[:2]), strict=True))

JOINTS: tuple[str, ...] = tuple(PARENTS)
JOINT: dict[str, int] = {name: index for index, name in enumerate(JOINTS)}

# ARKit's 52 blendshapes in the order of Live Link Face's CSV.
EXPRESSIONS: tuple[str, ...] = tuple(
    """
    eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft eyeWideLeft
    eyeBlinkRight eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight eyeSquintRight eyeWideRight
    jawForward jawRight jawLeft jawOpen mouthClose mouthFunnel mouthPucker mouthRight mouthLeft
    mouthSmileLeft mouthSmileRight mouthFrownLeft mouthFrownRight mouthDimpleLeft mouthDimpleRight
    mouthStretchLeft mouthStretchRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper
    mouthPressLeft mouthPressRight mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight
    browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight
    cheekPuff cheekSquintLeft cheekSquintRight noseSneerLeft noseSneerRight tongueOut
    """.split()
)
EXPRESSION: dict[str, int] = {name: index for index, name in enumerate(EXPRESSIONS)}

# The 33 points of MediaPipe's pose network.
# https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker
BODY_POINTS: tuple[str, ...] = tuple(
    """
    nose leftEyeInner leftEye leftEyeOuter rightEyeInner rightEye rightEyeOuter leftEar rightEar mouthLeft mouthRight
    leftShoulder rightShoulder leftElbow rightElbow leftWrist rightWrist leftPinky rightPinky leftIndex rightIndex
    leftThumb rightThumb leftHip rightHip leftKnee rightKnee leftAnkle rightAnkle leftHeel rightHeel
    leftFootIndex rightFootIndex
    """.split()
)
BODY_POINT: dict[str, int] = {name: index for index, name in enumerate(BODY_POINTS)}

# The 21 points of MediaPipe's hand network: the wrist, then four points a finger from the palm to the tip.
HAND_POINTS: tuple[str, ...] = ("wrist", *(f"{finger}{k}" for finger in FINGERS for k in range(1, 5)))

FACE_POINT_COUNT = 478  # 468 of the mesh, then 5 of each iris (473..477 are those of the anatomical left eye)

# What a hand may touch; the hands each other.
TOUCHES: tuple[str, ...] = ("leftHandHead", "leftHandTorso", "rightHandHead", "rightHandTorso", "hands")
CONTACTS: tuple[str, ...] = ("leftHeel", "leftToe", "rightHeel", "rightToe")
FRAMINGS: tuple[str, ...] = ("head", "bust", "waist", "full")


def mirrored(name: str) -> str:
    """The name of the same thing on the other side: left and right change places, others stay.

    name: of a joint, an expression or a point.
    """
    for ours, theirs in (("left", "right"), ("right", "left"), ("Left", "Right"), ("Right", "Left")):
        if name.startswith(ours):
            return theirs + name[len(ours) :]
        if name.endswith(ours):
            return name[: -len(ours)] + theirs
    return name
