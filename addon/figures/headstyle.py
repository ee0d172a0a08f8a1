"""What a head looks like: its proportions in shares of its height, and its colours."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class HeadStyle:
    """Proportions and looks of a head. `height` is in metres; every other length is a share of it.

    The origin is the head joint, between the ear lobes; +X is the anatomical left, the face looks along -Y.

    height: chin to crown, m.
    softness: how widely the forms flow into each other, 1 for a lean adult.
    cranium: half width, half depth, half height of the skull's egg; cranium_centre: its (y, z).
    face: half width, half depth, half height of the face's egg; face_centre: its (y, z).
    jaw_corner: (x, y, z) of the left corner of the jaw, jaw_radius: how round it is.
    chin: (y, z, radius) of the chin's ball, chin_width: half the distance of its two sides.
    cheek: (x, y, z, radius) of the left cheek's ball.
    brow_ridge: (x inner, x outer, y inner, y outer, z, radius) of the bone under the left brow.
    muzzle: half width, half depth, half height of what carries the lips; muzzle_centre: its (y, z).
    neck: (radius, y, length below the head joint).
    nose_bridge: (y, z, radius) at the root; nose_tip: (y, z, radius); nose_wing: (x, y, z, radius).
    nostril: (x, y, z, radius) of the left one.
    eye: (x, y, z) of the left eyeball's centre; eye_radius.
    eye_opening: half width, height above, height below the centre, as shares of the eyeball's radius.
    eye_tilt: how much higher the outer corner is than the inner, as a share of the eyeball's radius.
    iris, pupil: angles between the axis and the edge, radians.
    socket: (depth, radius) of the hollow the eye sits in.
    mouth: z of the line where the lips meet; mouth_width: half of it; mouth_curve: how far its corners rise.
    lips: heights of the upper and the lower lip, lip_bulge: how far they stand out.
    ear: (x, y, z) of the middle of the left ear; ear_size: half width, half height; ear_flare: from the head, rad.
    brow: (x inner, x outer, z inner, z peak, z outer, half thickness) of the left brow.
    folding: how strongly skin folds where the face's muscles pull, 1 in a lean adult; less is smoother.
    lids_meet: where closed lids meet, from 0 at the upper to 1 at the lower lid's edge.
    jaw_opening: angle of the jaw at jawOpen = 1, radians.
    hair: "swept" (thick locks), or "short".
    lash: length of the upper lashes.
    palette: {material: ((r, g, b) sRGB 0..1, roughness)}.
    """

    height: float
    softness: float
    cranium: tuple[float, float, float]
    cranium_centre: tuple[float, float]
    face: tuple[float, float, float]
    face_centre: tuple[float, float]
    jaw_corner: tuple[float, float, float]
    jaw_radius: float
    chin: tuple[float, float, float]
    chin_width: float
    cheek: tuple[float, float, float, float]
    brow_ridge: tuple[float, float, float, float, float, float]
    muzzle: tuple[float, float, float]
    muzzle_centre: tuple[float, float]
    neck: tuple[float, float, float]
    nose_bridge: tuple[float, float, float]
    nose_tip: tuple[float, float, float]
    nose_wing: tuple[float, float, float, float]
    nostril: tuple[float, float, float, float]
    eye: tuple[float, float, float]
    eye_radius: float
    eye_opening: tuple[float, float, float]
    eye_tilt: float
    iris: float
    pupil: float
    socket: tuple[float, float]
    mouth: float
    mouth_width: float
    mouth_curve: float
    lips: tuple[float, float]
    lip_bulge: float
    ear: tuple[float, float, float]
    ear_size: tuple[float, float]
    ear_flare: float
    brow: tuple[float, float, float, float, float, float]
    folding: float
    lids_meet: float
    jaw_opening: float
    hair: str
    lash: float
    palette: dict[str, tuple[tuple[float, float, float], float]] = field(hash=False)


STARTER_PALETTE = {
    "skin": ((1.0, 0.765, 0.65), 0.75),
    "lips": ((0.91, 0.50, 0.465), 0.6),
    "nostril": ((0.55, 0.30, 0.25), 0.8),
    "sclera": ((1.0, 1.0, 0.99), 0.5),
    "limbus": ((0.05, 0.22, 0.26), 0.3),
    "iris": ((0.16, 0.62, 0.64), 0.3),
    "pupil": ((0.01, 0.01, 0.015), 0.3),
    "highlight": ((1.0, 1.0, 1.0), 0.2),
    "brow": ((0.32, 0.16, 0.10), 0.8),
    "lash": ((0.14, 0.08, 0.07), 0.8),
    "hair": ((0.62, 0.30, 0.15), 0.7),
    "teeth": ((1.0, 0.99, 0.96), 0.5),
    "gums": ((0.78, 0.38, 0.38), 0.5),
    "tongue": ((0.86, 0.42, 0.42), 0.5),
    "mouth inside": ((0.30, 0.07, 0.08), 0.8),
}

PERFORMER_PALETTE = {
    "skin": ((1.0, 0.79, 0.67), 0.8),
    "lips": ((0.82, 0.47, 0.45), 0.55),
    "nostril": ((0.28, 0.13, 0.11), 0.9),
    "sclera": ((1.0, 0.99, 0.98), 0.6),
    "limbus": ((0.10, 0.06, 0.04), 0.3),
    "iris": ((0.36, 0.20, 0.11), 0.3),
    "pupil": ((0.01, 0.01, 0.01), 0.3),
    "highlight": ((1.0, 1.0, 1.0), 0.2),
    "brow": ((0.17, 0.10, 0.07), 0.9),
    "lash": ((0.08, 0.05, 0.04), 0.9),
    "hair": ((0.34, 0.22, 0.15), 0.8),
    "teeth": ((1.0, 0.98, 0.93), 0.6),
    "gums": ((0.66, 0.32, 0.32), 0.6),
    "tongue": ((0.72, 0.36, 0.36), 0.6),
    "mouth inside": ((0.20, 0.05, 0.05), 0.9),
}

# Large cranium, low wide eyes, small nose and chin: the schema that makes faces read as young and friendly.
STARTER_HEAD = HeadStyle(
    height=0.40,
    softness=1.6,
    cranium=(0.42, 0.42, 0.375),
    cranium_centre=(0.03, 0.325),
    face=(0.355, 0.27, 0.34),
    face_centre=(-0.13, 0.06),
    jaw_corner=(0.185, -0.09, -0.125),
    jaw_radius=0.115,
    chin=(-0.305, -0.222, 0.07),
    chin_width=0.045,
    cheek=(0.215, -0.235, -0.035, 0.115),
    brow_ridge=(0.05, 0.24, -0.33, -0.275, 0.345, 0.05),
    muzzle=(0.17, 0.10, 0.13),
    muzzle_centre=(-0.30, -0.10),
    neck=(0.140, 0.034, 0.40),
    nose_bridge=(-0.345, 0.19, 0.03),
    nose_tip=(-0.435, 0.045, 0.056),
    nose_wing=(0.046, -0.385, 0.027, 0.034),
    nostril=(0.028, -0.425, -0.006, 0.012),
    eye=(0.172, -0.214, 0.165),
    eye_radius=0.136,
    eye_opening=(0.79, 0.57, 0.50),
    eye_tilt=0.06,
    iris=0.60,
    pupil=0.30,
    socket=(0.012, 0.15),
    mouth=-0.110,
    mouth_width=0.120,
    mouth_curve=0.024,
    lips=(0.025, 0.033),
    lip_bulge=0.016,
    ear=(0.375, 0.02, 0.10),
    ear_size=(0.085, 0.125),
    ear_flare=0.6,
    brow=(0.07, 0.275, 0.372, 0.402, 0.350, 0.022),
    folding=0.55,
    lids_meet=0.68,
    jaw_opening=0.47,
    hair="swept",
    lash=0.028,
    palette=STARTER_PALETTE,
)

# Adult proportions: eyes half way between chin and crown, nose base and mouth at the thirds of the lower face.
PERFORMER_HEAD = HeadStyle(
    height=0.23,
    softness=1.25,
    cranium=(0.325, 0.41, 0.36),
    cranium_centre=(0.03, 0.34),
    face=(0.285, 0.26, 0.36),
    face_centre=(-0.135, 0.07),
    jaw_corner=(0.18, -0.05, -0.11),
    jaw_radius=0.075,
    chin=(-0.325, -0.235, 0.06),
    chin_width=0.05,
    cheek=(0.18, -0.25, 0.075, 0.07),
    brow_ridge=(0.05, 0.20, -0.355, -0.28, 0.265, 0.035),
    muzzle=(0.135, 0.09, 0.13),
    muzzle_centre=(-0.325, -0.10),
    neck=(0.215, 0.055, 0.52),
    nose_bridge=(-0.375, 0.215, 0.026),
    nose_tip=(-0.475, 0.047, 0.042),
    nose_wing=(0.047, -0.418, 0.026, 0.033),
    nostril=(0.03, -0.447, -0.004, 0.014),
    eye=(0.138, -0.29, 0.195),
    eye_radius=0.074,
    eye_opening=(0.84, 0.36, 0.30),
    eye_tilt=0.05,
    iris=0.38,
    pupil=0.17,
    socket=(0.03, 0.09),
    mouth=-0.115,
    mouth_width=0.108,
    mouth_curve=0.004,
    lips=(0.034, 0.042),
    lip_bulge=0.020,
    ear=(0.298, 0.045, 0.085),
    ear_size=(0.072, 0.125),
    ear_flare=0.45,
    brow=(0.050, 0.225, 0.266, 0.286, 0.250, 0.012),
    folding=1.0,
    lids_meet=0.80,
    jaw_opening=0.40,
    hair="short",
    lash=0.012,
    palette=PERFORMER_PALETTE,
)
