"""The performances we film: the demo, and short ones that test a body (punch, turn, squat, reach)."""

from __future__ import annotations

import numpy as np

from .acting import HANGING, Plant, Script

# "Hello! I'm Pam. I'll be your understudy."
SENTENCE = (
    ("h", 0.07), ("eh", 0.11), ("l", 0.09), ("ow", 0.20), ("uw", 0.08), ("-", 0.24),
    ("aa", 0.10), ("ay", 0.08), ("m", 0.13), ("p", 0.09), ("P", 0.04), ("ae", 0.20), ("m", 0.16), ("-", 0.26),
    ("aa", 0.11), ("ay", 0.07), ("l", 0.08), ("b", 0.10), ("iy", 0.12), ("y", 0.05), ("ao", 0.10), ("er", 0.08),
    ("ah", 0.12), ("n", 0.07), ("d", 0.05), ("er", 0.13), ("s", 0.11), ("t", 0.05), ("T", 0.03), ("ah", 0.15),
    ("d", 0.06), ("iy", 0.22),
)  # fmt: skip
STILL = (0.0, 0.0, 0.0)
WIDE = 0.105  # m, half the distance of the ankles when standing


def standing(x: float = 0.0, end: float = 60.0) -> dict[str, list[Plant]]:
    """Both feet on the floor, toes a little out. x: m, the middle between them."""
    return {"left": [Plant(0, end, x + WIDE, 0.02, 9)], "right": [Plant(0, end, x - WIDE, 0.02, -9)]}


def _wave(start: float) -> list[tuple]:
    """The right hand goes up, waves three times and comes down; elbow bent, palm to the camera."""
    up, palm = (0.26, -0.14, -0.95), (-0.1, -1.0, 0.05)
    out, back = (0.32, -0.50, 0.80), (0.00, -0.50, 0.88)
    keys = [
        (0.0, *HANGING),
        (start, *HANGING),
        (start + 0.24, (0.26, -0.14, -0.95), (0.30, -0.88, 0.2), (-0.5, -0.6, 0.2), STILL),
    ]
    for i, way in enumerate((out, back, out, back, out, back)):
        side = 10.0 if way is out else -10.0
        keys.append((start + 0.46 + 0.19 * i, up, way, palm, (0.0, 0.0, side)))
    down = ((0.30, -0.1, -0.95), (0.22, -0.75, -0.2), (-0.8, -0.2, 0.1), STILL)
    return [*keys, (start + 1.86, *down), (start + 2.25, *HANGING)]


def _talk() -> list[tuple]:
    """The left hand talks: it opens toward the listener and beats on the stressed words."""
    palm, flat = (-0.55, -0.45, 0.75), STILL
    low = ((0.22, -0.02, -0.96), (0.25, -0.86, 0.10), palm, flat)
    high = ((0.26, -0.10, -0.94), (0.18, -0.78, 0.50), palm, (0.0, -10.0, 8.0))
    wide = ((0.30, -0.08, -0.93), (0.38, -0.84, 0.34), (-0.3, -0.6, 0.8), (0.0, -8.0, 0.0))
    return [(0.0, *HANGING), (1.25, *HANGING), (1.62, *high), (1.84, *low), (2.10, *low), (2.38, *high), (2.62, *low),
            (2.95, *wide), (3.22, (0.30, -0.06, -0.93), (0.42, -0.86, 0.16), (-0.3, -0.6, 0.8), flat), (3.60, *wide),
            (4.15, *HANGING)]  # fmt: skip


# Speaks, waves, talks with the other hand, looks aside and steps there, looks back and smiles.
DEMO = Script(
    seconds=6.0,
    hips=((0, -0.060, 0, 0.012), (0.9, -0.052, 0, 0.014), (2.0, -0.072, 0, 0.012), (3.2, -0.058, 0, 0.014),
           (3.75, -0.088, 0, 0.022),
          (4.15, 0.01, 0, 0.030), (4.5, 0.105, 0, 0.018), (4.85, 0.118, 0, 0.018), (5.3, 0.098, 0, 0.012)),
    hips_turn=((0, 0, 0, 0), (1.0, 0, 3, 1), (2.4, 0, -3, -1), (3.8, 0, 0, -2.5), (4.2, 1, 6, 1.5), (4.9, 0, 3, 1),
                (5.5, 0, 0, 0)),
    torso=((0, 1, 0, 0), (0.8, -1, 4, -2), (1.7, 1, 2, -1), (2.4, 3, -5, 1.5), (3.1, 2, -3, 1), (3.8, 2, 2, -2),
            (4.4, 3, 6, 2),
           (5.1, 0, 2, 0), (5.6, -1, 0, 0)),
    head=((0, 0, 0, 0), (0.45, -3, 2, 0), (0.62, 4, 3, 3), (1.0, -2, 4, 4), (1.45, 3, 1, 1), (1.85, -1, -3, -2),
           (2.3, 4, -5, -3),
          (2.75, 0, -2, 0), (3.25, 5, 2, 2), (3.55, 0, 0, 0), (3.85, 1, 12, 1), (4.45, 3, 17, 2), (4.75, 2, 14, 1),
           (5.1, -1, 0, -2),
          (5.6, 1, -2, -5)),
    arms={"right": _wave(0.15), "left": _talk()},
    hands={"right": ((0, "relaxed"), (0.25, "relaxed"), (0.55, "spread"), (1.75, "spread"), (2.1, "relaxed")),
           "left": ((0, "relaxed"), (1.3, "relaxed"), (1.65, "open"), (2.1, "open"), (2.4, "pinch"), (2.7, "open"),
                     (3.1, "spread"),
                    (3.6, "open"), (4.0, "relaxed"))},
    feet={"left": [Plant(0, 3.85, -0.06 + WIDE, 0.02, 9), Plant(4.25, 9, 0.10 + WIDE, 0.0, 11)],
          "right": [Plant(0, 4.40, -0.06 - WIDE, 0.02, -9), Plant(4.80, 9, 0.10 - WIDE, 0.02, -9)]},
    gaze=((0, 0, 0), (3.55, 0, 0), (3.67, 17, -4), (4.1, 10, -8), (4.6, 5, -6), (4.72, -14, 0), (4.95, -3, 0),
           (5.15, 0, 0)),
    face={
        "mouthSmile": ((0, 0.12), (0.3, 0.30), (0.6, 0.12), (1.05, 0.28), (1.5, 0.10), (3.5, 0.10), (3.8, 0.05),
                        (4.6, 0.05), (5.0, 0.72), (5.6, 0.82)),
        "cheekSquint": ((0, 0.0), (4.6, 0.0), (5.05, 0.5), (5.6, 0.6)),
        "eyeSquint": ((0, 0.0), (4.6, 0.0), (5.05, 0.22), (5.6, 0.28)),
        "browInnerUp": ((0, 0.05), (0.35, 0.55), (0.85, 0.45), (1.2, 0.05), (2.2, 0.05), (2.45, 0.5), (2.75, 0.05),
                         (3.6, 0.05), (3.9, 0.7),
                        (4.3, 0.6), (4.6, 0.1)),
        "browOuterUp": ((0, 0.0), (0.35, 0.5), (0.85, 0.4), (1.2, 0.0), (2.2, 0.0), (2.45, 0.35), (2.75, 0.0),
                         (3.6, 0.0), (3.9, 0.65),
                        (4.3, 0.55), (4.6, 0.0)),
        "browDown": ((0, 0.0), (2.75, 0.0), (3.0, 0.30), (3.3, 0.30), (3.5, 0.0)),
        "mouthPress": ((0, 0.0), (3.75, 0.0), (4.0, 0.35), (4.4, 0.3), (4.6, 0.0)),
    },
    blinks=(1.38, 3.60, 4.78),
    speech=(0.42, SENTENCE),
)  # fmt: skip

GUARD = ((0.20, -0.35, -0.90), (-0.12, -0.45, 0.88), (-0.8, 0.0, -0.3), STILL)
HIT = ((-0.12, -0.98, 0.06), (-0.22, -0.97, 0.02), (-0.1, -0.2, -1.0), STILL)
CROUCH = ((0.25, -0.80, -0.10), (0.02, -0.98, 0.12), (-0.6, 0.0, -0.75), STILL)
HIGH = ((0.42, -0.20, 0.88), (0.12, -0.28, 0.95), (-0.2, -0.9, 0.1), STILL)

PUNCH = Script(
    seconds=2.5,
    hips=((0, 0, 0, 0.05), (0.7, 0, 0.02, 0.06), (0.95, 0, -0.05, 0.07), (1.3, 0, 0, 0.05)),
    hips_turn=((0, 0, -18, 0), (0.7, 0, -24, 0), (0.95, 2, 14, 0), (1.4, 0, -18, 0)),
    torso=((0, 6, -8, 0), (0.7, 5, -14, 0), (0.95, 10, 18, 0), (1.4, 6, -8, 0)),
    head=((0, 4, 24, 0), (0.7, 4, 34, 0), (0.95, 0, -28, 0), (1.4, 4, 24, 0)),
    arms={"right": ((0, *GUARD), (0.70, *GUARD), (0.98, *HIT), (1.10, *HIT), (1.5, *GUARD)), "left": ((0, *GUARD),)},
    hands={"left": ((0, "fist"),), "right": ((0, "fist"),)},
    feet={"left": [Plant(0, 9, WIDE + 0.03, -0.14, 4)], "right": [Plant(0, 9, -WIDE - 0.03, 0.16, -38)]},
    face={"browDown": ((0, 0.5),), "mouthPress": ((0, 0.3),), "noseSneer": ((0, 0.0), (0.8, 0.0), (0.95, 0.5),
          (1.3, 0.0))},
)  # fmt: skip


def _turning() -> Script:
    """A full turn on the spot in eight small steps."""
    feet: dict[str, list[Plant]] = {"left": [], "right": []}
    step, last = 0.34, {"left": 0.35, "right": 0.35 + 0.17}
    for side, sign in (("left", 1), ("right", -1)):
        begin = 0.0
        for k in range(9):
            angle = np.radians(45.0 * k)
            x = sign * WIDE * np.cos(angle) - 0.02 * np.sin(angle)
            y = sign * WIDE * np.sin(angle) + 0.02 * np.cos(angle)
            leave = last[side] + step * k
            feet[side].append(Plant(begin, leave, x, y, 45.0 * k + sign * 8))
            begin = leave + 0.17
    yaw = [
        (0.0, 0, 0, 0),
        (0.35, 0, 0, 0),
        *((0.6 + step * k, 0, 45.0 * k + 22, 0) for k in range(8)),
        (3.5, 0, 360, 0),
    ]
    return Script(seconds=4.0, hips=((0, 0, 0, 0.02),), hips_turn=yaw, feet=feet)


TURN = _turning()
SQUAT = Script(
    seconds=4.0,
    hips=((0, 0, 0, 0.012), (0.4, 0, 0, 0.012), (1.4, 0, 0.16, 0.40), (1.8, 0, 0.16, 0.40), (2.7, 0, 0, 0.012)),
    hips_turn=((0, 0, 0, 0), (0.4, 0, 0, 0), (1.4, 28, 0, 0), (1.8, 28, 0, 0), (2.7, 0, 0, 0)),
    torso=((0, 0, 0, 0), (0.4, 0, 0, 0), (1.4, 12, 0, 0), (1.8, 12, 0, 0), (2.7, 0, 0, 0)),
    head=((0, 0, 0, 0), (1.4, -28, 0, 0), (1.8, -28, 0, 0), (2.7, 0, 0, 0)),
    arms={s: ((0, *HANGING), (0.4, *HANGING), (1.4, *CROUCH), (1.8, *CROUCH), (2.7, *HANGING)) for s in ("left",
          "right")},
    hands={s: ((0, "relaxed"), (1.3, "open"), (1.9, "open"), (2.7, "relaxed")) for s in ("left", "right")},
    feet={"left": [Plant(0, 9, 0.16, 0.0, 18)], "right": [Plant(0, 9, -0.16, 0.0, -18)]},
)  # fmt: skip
REACH = Script(
    seconds=3.5,
    hips=((0, 0, 0, 0.012), (1.2, 0.03, 0, 0.012), (2.2, -0.03, 0, 0.012), (3.0, 0, 0, 0.012)),
    torso=((0, 0, 0, 0), (1.0, -6, 0, -6), (1.8, -6, 0, 6), (2.8, 0, 0, 0)),
    head=((0, 0, 0, 0), (1.0, -18, 10, 0), (1.9, -18, -10, 0), (2.8, 0, 0, 0)),
    arms={"left": ((0, *HANGING), (0.4, *HANGING), (1.1, *HIGH), (1.5, *HIGH), (2.2, *HANGING)),
          "right": ((0, *HANGING), (1.2, *HANGING), (1.9, *HIGH), (2.3, *HIGH), (3.0, *HANGING))},
    hands={"left": ((0, "relaxed"), (1.0, "spread"), (1.4, "fist"), (2.1, "relaxed")),
           "right": ((0, "relaxed"), (1.8, "spread"), (2.2, "point"), (2.9, "relaxed"))},
    feet=standing(),
    face={"jawOpen": ((0, 0.0), (1.0, 0.5), (1.6, 0.0)), "mouthPucker": ((0, 0.0), (1.6, 0.0), (2.0, 0.7), (2.6, 0.0))},
    blinks=(0.6, 2.5),
)  # fmt: skip


def _combination() -> Script:
    """Jab, cross, jab and an uppercut, a punch in a fifth of a second each, the whole body turning with them."""
    jab = ((0.02, -0.98, 0.10), (-0.14, -0.98, 0.06), (-0.1, -0.2, -1.0), STILL)
    upper = ((0.10, -0.75, -0.45), (-0.10, -0.45, 0.90), (-0.2, 0.9, 0.3), STILL)
    left = [(0.0, *GUARD)]
    right = [(0.0, *GUARD)]
    for when, arm, hit in ((0.50, left, jab), (0.85, right, HIT), (1.45, left, jab), (1.75, right, HIT),
                           (2.20, left, upper), (2.80, right, upper)):  # fmt: skip
        arm += [(when, *GUARD), (when + 0.2, *hit), (when + 0.25, *hit), (when + 0.45, *GUARD)]
    turn = ((0, 0, -16, 0), (0.5, 0, -16, 0), (0.67, 2, -30, 0), (0.85, 0, -18, 0), (1.03, 2, 22, 0), (1.4, 0, -14, 0),
            (1.62, 2, -28, 0), (1.93, 2, 24, 0), (2.15, 0, 6, 0), (2.37, 0, -24, 0), (2.75, 0, -14, 0),
            (2.98, 0, 26, 0), (3.4, 0, -16, 0))  # fmt: skip
    drop = ((0, 0, 0, 0.05), (2.1, 0, 0, 0.05), (2.2, 0, 0, 0.12), (2.4, 0, -0.03, 0.03), (2.7, 0, 0, 0.11),
            (3.0, 0, -0.03, 0.03), (3.4, 0, 0, 0.05))  # fmt: skip
    return Script(
        seconds=3.8, hips=drop, hips_turn=turn, torso=tuple((t, 6, 0.8 * yaw, 0) for t, _, yaw, _ in turn),
        head=tuple((t, 3, -1.5 * yaw, 0) for t, _, yaw, _ in turn), arms={"left": left, "right": right},
        hands={"left": ((0, "fist"),), "right": ((0, "fist"),)},
        feet={"left": [Plant(0, 9, WIDE + 0.04, -0.16, 0)], "right": [Plant(0, 9, -WIDE - 0.04, 0.18, -40)]},
        face={"browDown": ((0, 0.5),), "mouthPress": ((0, 0.3),)}, blinks=(1.25,),
    )  # fmt: skip


def _counting() -> Script:
    """Both hands before the chest count, point, pinch, spread and close, while the palms turn."""
    front = (0.30, -0.30, -0.91), (0.05, -0.72, 0.60)
    low, high, side = ((0.26, -0.15, -0.95), (0.16, -0.90, 0.22)), ((0.40, -0.52, -0.72), (0.12, -0.45, 0.88)), (
        (0.48, -0.20, -0.85), (0.55, -0.60, 0.55))  # fmt: skip
    seen, inward, up = (-0.1, -1.0, 0.2), (-0.9, 0.1, 0.1), (-0.2, -0.2, 0.95)
    keys = {
        "left": [(0.0, *HANGING), (0.25, *HANGING), (0.75, *front, seen, STILL), (1.5, *high, seen, (0.0, 0.0, 8.0)),
                 (2.1, *low, up, STILL), (2.7, *side, inward, STILL), (3.4, *front, seen, (0.0, -12.0, 0.0))],
        "right": [(0.0, *HANGING), (0.45, *HANGING), (0.95, *front, inward, STILL), (1.7, *side, up, STILL),
                  (2.4, *high, seen, (0.0, 0.0, -10.0)), (3.1, *low, inward, STILL), (3.7, *front, seen, STILL)],
    }  # fmt: skip
    shapes = ("fist", "point", "spread", "pinch", "open", "relaxed", "spread", "fist", "open")
    return Script(
        seconds=4.0, hips=((0, 0, 0, 0.012), (1.5, 0.03, 0, 0.02), (3.0, -0.02, 0, 0.014)),
        torso=((0, 0, 0, 0), (1.3, 3, 6, 1), (2.6, 2, -7, -1), (3.6, 0, 0, 0)),
        head=((0, 0, 0, 0), (1.0, 8, 6, 0), (2.2, 4, -10, 3), (3.4, 0, 4, 0)), arms=keys,
        hands={"left": tuple((0.3 + 0.42 * k, shape) for k, shape in enumerate(shapes)),
               "right": tuple((0.5 + 0.42 * k, shape) for k, shape in enumerate(shapes[::-1]))},
        feet=standing(), blinks=(0.9, 2.6), face={"mouthSmile": ((0, 0.1), (1.2, 0.4), (2.4, 0.1)),
                                                  "jawOpen": ((0, 0.0), (1.0, 0.25), (1.5, 0.0), (2.8, 0.2), (3.2, 0))},
    )  # fmt: skip


COMBINATION, COUNTING = _combination(), _counting()
PERFORMANCES: dict[str, Script] = {
    "demo": DEMO,
    "punch": PUNCH,
    "turn": TURN,
    "squat": SQUAT,
    "reach": REACH,
    "combination": COMBINATION,
    "counting": COUNTING,
}
