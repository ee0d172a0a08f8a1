"""How a camera moves: by name, or as a shot description says it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ..errors import SettingsError
from ..motion.rotations import continuous, from_axis_angle, from_matrix, multiply, rotate

MOVES = {
    "static": "The camera stands still",
    "push-in": "Towards the character",
    "pull-out": "Away from the character",
    "pan-left": "The view turns to the left, past the character",
    "pan-right": "The view turns to the right, past the character",
    "tilt-up": "The view turns upwards, past the character",
    "tilt-down": "The view turns downwards, past the character",
    "orbit-left": "Around the character, to the left",
    "orbit-right": "Around the character, to the right",
    "crane-up": "Upwards, with the view kept on the character",
    "crane-down": "Downwards, with the view kept on the character",
    "truck-left": "Sideways to the left",
    "truck-right": "Sideways to the right",
    "zoom-in": "The lens draws nearer, the camera stands still",
    "zoom-out": "The lens opens, the camera stands still",
}
EASES = {
    "smooth": "Gently in and out",
    "linear": "At one speed",
    "in": "Slowly at first",
    "out": "Slowly at last",
}

# How much of its reach a move has done after some seconds: half after 11 s at speed 1. Reaches are shares of the
# distance to the character, of the angle of view, or angles.
PACE = 1 / 16.0  # 1/s
PUSH, PULL, CRANE, TRUCK, ZOOM = 0.6, 0.9, 0.8, 0.6, 1.2
VIEW = 0.8  # of the angle of view, for a pan or tilt
ORBIT = np.radians(75.0)

# What cinematographers call the moves; "{way}" takes a direction. The first that fits is taken.
CALLED = (
    ("static", r"static|locked[- ]off|locked|tripod|fixed|still camera|no (?:camera )?movement"),
    ("orbit-{side}", r"orbit\w*|arc(?:s|ing)?\b|circl\w+|rotat\w+ around|revolv\w+"),
    ("zoom-in", r"zoom\w*(?: \w+)? in\b"),
    ("zoom-out", r"zoom\w*(?: \w+)? (?:out|back)"),
    ("push-in", r"(?:push|doll(?:y|ie)|track|move|creep|glid|fl)\w*(?: \w+)? (?:in|forwards?|closer)\b|approach\w*"),
    ("pull-out", r"(?:pull|doll(?:y|ie)|track|move|glid|fl)\w*(?: \w+)? (?:out|back|backwards?|away)\b"),
    ("crane-{rise}", r"(?:crane|pedestal|boom|jib)\w*|ris(?:es|ing)|descend\w*"),
    ("tilt-{rise}", r"tilt\w*"),
    ("truck-{side}", r"truck\w*|slid\w+|(?:track|doll(?:y|ie))\w*(?= (?:\w+ )?(?:left|right|sideways))"),
    ("pan-{side}", r"pan(?:s|ned|ning)?\b|swivel\w*|whip pan"),
)  # fmt: skip
SPEEDS = ((r"very slow\w*|almost imperceptib\w+", 0.35), (r"slow\w*|gentl\w+|subtl\w+|creep\w*", 0.6),
          (r"very (?:fast|quick\w*)|whip", 3.0), (r"fast\w*|quick\w*|rapid\w*|swift\w*|dramatic\w*", 1.8))  # fmt: skip
HANDHELD = r"hand[- ]?held|shaky|documentary"
DOWN, LEFT = r"\bdown\w*|descend\w*|lower\w*", r"\bleft\w*|counter-?clockwise"


@dataclass(frozen=True)
class Shot:
    """The camera's part of a shot description. moves: names in MOVES. speed: 1 is unhurried. handheld: strength."""

    moves: tuple[str, ...]
    speed: float = 1.0
    handheld: float = 0.0


def read(description: str) -> Shot:
    """The camera's part of "[camera movement]: [establishing scene]".

    Words without a colon are a scene alone, before which the camera stands still, unless they name a move.
    Raises SettingsError where there is a first half that names no movement.
    """
    first, colon, _ = description.partition(":")
    words = re.sub(r"[\[\]()_]", " ", first).lower()
    moves = tuple(dict.fromkeys(move for part in _clauses(words) for move in _moves(part)))
    handheld = 1.0 if re.search(HANDHELD, words) else 0.0
    if colon and not moves and not handheld:
        raise SettingsError(
            f"The shot's first words, '{first.strip()}', name no camera movement: write one of "
            f"{', '.join(MOVES).replace('-', ' ')}, with slow or fast, before the colon."
        )
    speed = next((speed for pattern, speed in SPEEDS if re.search(pattern, words)), 1.0)
    return Shot(tuple(move for move in moves if move != "static"), speed if colon or moves else 1.0, handheld)


def _clauses(words: str) -> list[str]:
    return re.split(r",|;|\band\b|\bthen\b|\bwhile\b|\bwith\b|\+", words)


def _moves(words: str) -> list[str]:
    """The moves of one clause; a direction stands in the same clause."""
    ways = {"side": "left" if re.search(LEFT, words) else "right", "rise": "down" if re.search(DOWN, words) else "up"}
    plain = words.replace("-", " ")
    return [name.format(**ways) for name, pattern in CALLED if re.search(rf"\b(?:{pattern})", plain)][:1]


def progress(time: np.ndarray, speed: float, ease: str) -> np.ndarray:
    """How much of its reach a move has done, (N,) 0..1.

    time: (N,) s from 0. speed: 1 is unhurried; longer shots go further, but never beyond the reach. ease: of EASES.
    """
    length = max(float(time[-1]), 1e-6)
    share = np.clip(time / length, 0, 1)
    bent = {
        "smooth": share * share * (3 - 2 * share),
        "linear": share,
        "in": share * share,
        "out": 1 - (1 - share) ** 2,
    }[ease]
    return (1 - np.exp(-PACE * speed * length)) * bent


def path(
    start: np.ndarray, moves: tuple[str, ...], done: np.ndarray, distance: float, view: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where a camera goes that looks along its own -z, in a world whose z is up.

    start: (4, 4) where it stands. moves: names in MOVES; several add up. done: (N,) 0..1 as `progress` gives it.
    distance: to the character, in the world's unit. view: rad, angles of view across and up.
    Result: places (N, 3), rotations (N, 4) wxyz and the lens's factor (N,).
    """
    place, yaw, pitch, lens = np.zeros((len(done), 3)), np.zeros(len(done)), np.zeros(len(done)), np.ones(len(done))
    around, middle = np.zeros(len(done)), done - done[-1] / 2  # past the character: half before, half behind
    for move in moves:
        way = -1.0 if move.endswith(("left", "down", "in")) else 1.0
        kind = move.partition("-")[0]
        if kind in ("push", "pull"):
            place[:, 2] += distance * (PULL if way > 0 else -PUSH) * done
        elif kind == "truck":
            place[:, 0] += way * TRUCK * distance * middle
        elif kind == "crane":
            place[:, 1] += way * CRANE * distance * done
        elif kind == "pan":
            yaw -= way * VIEW * view[0] * middle
        elif kind == "tilt":
            pitch += way * VIEW * view[1] * middle
        elif kind == "zoom":
            lens *= (1 + ZOOM * done) ** -way
        elif kind == "orbit":
            around += way * ORBIT * middle
    pitch -= np.arctan2(place[:, 1], distance + place[:, 2])  # a crane's view stays on the character
    axes, target = start[:3, :3], start[:3, 3] - distance * start[:3, 2]
    circle, up = from_axis_angle(np.array([0.0, 0.0, 1.0]), around), np.array([0.0, 0.0, 1.0])
    places = target + rotate(circle, place @ axes.T + start[:3, 3] - target)
    heading = multiply(from_axis_angle(up, around + yaw), from_matrix(axes))
    return places, continuous(multiply(heading, from_axis_angle(np.array([1.0, 0.0, 0.0]), pitch))), lens
