"""A quick look at a video before the long one: what may be expected of it, and what to do better."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..detect import run, scratch
from ..people.performer import Performer, written

PARTS = ("body", "face", "left_hand", "right_hand")
# Least sizes (px) with which a part is usable. Measured by shrinking ten clips: faces 30 to 40 px wide are 1.5 % of
# their width off where they are in the full picture (2.5 % below 30, 0.8 % at 60), hands of 30 to 40 px 2.6 % (4 %
# below 30), joints 2 % of a trunk of 40 to 60 px (4 % at 25).
LEAST = {"body": 40, "face": 40, "left_hand": 30, "right_hand": 30}
# Least mean level, 0..255. Measured by darkening with the noise of a camera: of the hands 6 in 10 are found at 30 and
# 9 in 10 at 80; faces are always found, but 1.5 % off below 30 against 1 % above.
LIGHT = 30
# Least sharpness, mean |Laplacian| over the spread of levels at 64 px. Measured by blurring: below these, the error of
# faces exceeds 2 %, that of hands 6 % of their size; sharp ones have 0.2 to 0.6, hands blurred by motion 0.06 to 0.15.
SHARP = {"face": 0.08, "left_hand": 0.12, "right_hand": 0.12}
INSIDE = 0.8  # of a part's points that lie in the picture
GOOD, MOSTLY, SOMETIMES = 0.8, 0.5, 0.2  # shares of the pictures, as the line words them
NOBODY = 0.15  # share of pictures with somebody, below which it counts as a mistake: furniture, toys
TWICE = 0.15  # share of pictures in which a number of people must be seen
OFTEN = 0.3  # share of pictures from which on a fault is worth a word
# A face is this part as wide as a trunk is high: 0.16 m of 0.5 m.
FACE_OF_TRUNK = 0.32
# Motion of the background in 0.12 s, in parts of the picture: cameras on a stand stay below 0.0005, one held in a
# hand has 0.0017. Said only where there is background enough: from the waist up, hair and clothes do not pass for it.
STILL = 0.001
# Share of the background that changes at once while the camera stands: 0.23 and 0.92 at two cuts, at most 0.11 where
# somebody walks through the room.
CUT, PAN = 0.2, 0.005
FEW = 20.0  # pictures a second, below which quick motion is lost; a hand crosses its own length in 1/20 s
UNEVEN, UNEVEN_SHARE = 0.25, 0.05  # a rate varies where so many pictures last so much longer or shorter than most
ADVICE = 3  # sentences at most
COUNT = {1: "one person", 2: "two people", 3: "three people or more"}
FRAME = {"head": "head alone", "bust": "head and shoulders", "waist": "waist up", "full": "whole body"}


@dataclass(frozen=True)
class Preflight:
    """What a few pictures of a video promise.

    size: (width, height) px upright. seconds: of the range. fps: mean rate; varying: whether it varies. sound:
    whether there is a sound track. people: the most that are seen at once. body, face, left_hand, right_hand: 0..1,
    share of the pictures in which the part is usable: large, sharp and light enough, in the picture. framing: of
    names.FRAMINGS. found: {part: 0..1, share in which it is seen at all}. advice: what to do better, most important
    first. cast: where there are several people, {"performer": as performer.read understands it, "picture": see
    glance.PORTRAIT} of each, the most prominent first. cut: whether the view changes.
    """

    size: tuple[int, int]
    seconds: float
    fps: float
    varying: bool
    sound: bool
    people: int
    body: float
    face: float
    left_hand: float
    right_hand: float
    framing: str
    found: dict
    advice: tuple[str, ...]
    cast: tuple[dict, ...] = ()
    cut: bool = False


def look(
    path: Path | str,
    start: float | None = None,
    end: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    polite: bool = False,
) -> Preflight:
    """Look at a few pictures spread over a video, in a process of its own.

    path: of the video. start, end: s, the range wanted; None is the clip's own. progress: is told (pictures done,
    pictures expected). cancelled: asked now and then; True ends the work. polite: let everything else go first.
    Raises VideoError where it cannot be read, ModelError, DetectorError and Cancelled; a poor video gives advice.
    """
    with scratch(None) as folder:
        out = folder / "look.json"
        job = {"verb": "look", "video": str(Path(path).absolute()), "out": str(out), "start": start, "end": end}
        job["polite"] = polite
        run(job, folder / "words", progress or (lambda done, total: None), cancelled or (lambda: False))
        return judged(json.loads(out.read_text(encoding="utf-8")))


def judged(seen: dict) -> Preflight:
    """What the measurements mean.

    seen: what glance.glance writes.
    """
    rows = seen["rows"]
    found = {part: _share(rows, lambda row, part=part: row[part] is not None) for part in PARTS}
    usable = {part: _share(rows, lambda row, part=part: _usable(part, row)) for part in PARTS}
    anybody = _share(rows, lambda row: any(row[part] for part in PARTS))
    if anybody < NOBODY:
        found = usable = dict.fromkeys(PARTS, 0.0)
    if found["body"] < NOBODY:
        found, usable, rows = found | {"body": 0.0}, usable | {"body": 0.0}, [row | {"body": None} for row in rows]
    framing = _framing(rows)
    return Preflight(
        size=tuple(seen["size"]),
        seconds=round(seen["seconds"], 3),
        fps=round(seen["fps"], 3),
        varying=_varying(seen["steps"]),
        sound=seen["sound"],
        people=_people([row["people"] for row in rows]) if found["body"] or found["face"] else 0,
        **usable,
        framing=framing,
        found=found,
        advice=_advice(rows, found, usable, framing, anybody, seen["fps"]),
        cast=_cast(seen.get("cast", ())),
        cut=bool(_about_cuts(rows)),
    )


def _cast(portraits: list[dict]) -> tuple[dict, ...]:
    """Those among whom the performer may be chosen; none where there is no choice. portraits: glance.glance's."""
    if len(portraits) < 2:
        return ()
    who = lambda seen: written(Performer(point=tuple(seen["point"]), at=seen["time"]))  # noqa: E731
    return tuple({"performer": who(seen), "picture": seen["picture"]} for seen in portraits)


def line(preflight: Preflight) -> str:
    """One calm line about a video, such as "12.4 s, 30 fps, one person, waist up. Face and both hands good"."""
    rate = f"{preflight.fps:.3g} fps{' (varying)' if preflight.varying else ''}"
    facts = [f"{preflight.seconds:.3g} s", rate]
    if not any(preflight.found.values()):
        return ", ".join([*facts, "nobody seen"])
    facts += [COUNT[preflight.people], FRAME[preflight.framing]] if preflight.people else ["hands alone"]
    by_word: dict[str, list[str]] = {}
    for part in _worth_a_word(preflight):
        by_word.setdefault("not seen" if part == "legs" else _word(preflight, part), []).append(part)
    order = ("good", "mostly good", "good at times", "poor", "not seen")
    second = ", ".join(f"{_named(by_word[word])} {word}" for word in order if word in by_word)
    return f"{', '.join(facts)}. {second[0].upper()}{second[1:]}"


def _worth_a_word(preflight: Preflight) -> list[str]:
    """The parts that the line says something of: nothing that goes without saying."""
    if not preflight.people:
        return ["left_hand", "right_hand"]
    body = preflight.framing == "full" or (preflight.framing != "head" and preflight.body < GOOD)
    return [*PARTS[not body :], *(["legs"] if preflight.framing == "waist" else [])]


def _word(preflight: Preflight, part: str) -> str:
    share = getattr(preflight, part)
    for least, word in ((GOOD, "good"), (MOSTLY, "mostly good"), (SOMETIMES, "good at times")):
        if share >= least:
            return word
    return "poor" if preflight.found[part] >= SOMETIMES else "not seen"


def _named(parts: list[str]) -> str:
    if {"left_hand", "right_hand"} <= set(parts):
        parts = [part for part in parts if not part.endswith("hand")] + ["both hands"]
    *most, last = [part.replace("_", " ") for part in sorted(parts, key=lambda part: part == "legs")]
    return f"{', '.join(most)} and {last}" if most else last


def _share(rows: list[dict], holds: Callable[[dict], bool]) -> float:
    return round(sum(map(bool, map(holds, rows))) / len(rows), 3) if rows else 0.0


def _usable(part: str, row: dict) -> bool:
    seen = row[part]
    if seen is None:
        return False
    if part == "body":
        upper = all(side + "Shoulder" in seen["seen"] for side in ("left", "right"))
        return upper and seen["trunk"] >= LEAST["body"]
    large, within = seen["size"] >= LEAST[part], seen["inside"] >= INSIDE
    return large and within and seen["light"] >= LIGHT and seen["sharp"] >= SHARP[part]


def _framing(rows: list[dict]) -> str:
    """How much of the body is in most pictures, as witness.framing has it."""
    bodies = [set(row["body"]["seen"]) for row in rows if row["body"]]
    often = lambda joint: np.mean([bool({"left" + joint, "right" + joint} & seen) for seen in bodies]) > 0.5  # noqa: E731
    if not bodies:
        return "head"
    return "full" if often("Ankle") else "waist" if often("Hip") else "bust" if often("Shoulder") else "head"


def _people(counts: list[int]) -> int:
    """The largest number of people that is seen more than by mistake. counts: of each picture."""
    enough = max(TWICE * len(counts), min(2, len(counts)))
    return max((n for n in set(counts) if sum(count >= n for count in counts) >= enough), default=0)


def _varying(steps: list[float]) -> bool:
    if len(steps) < 2:
        return False
    usual = np.median(steps)
    return bool(np.mean(np.abs(np.array(steps) - usual) > UNEVEN * usual) > UNEVEN_SHARE)


def _advice(rows: list[dict], found: dict, usable: dict, framing: str, anybody: float, fps: float) -> tuple[str, ...]:
    """What to do better, the most important first, at most ADVICE sentences."""
    if anybody < NOBODY:
        dark = rows and np.median([row["light"] for row in rows]) < LIGHT
        return ("Nobody is seen: " + ("the picture is too dark." if dark else "a performer should be lit, in focus and "
                "large enough in the picture."),)  # fmt: skip
    people = _people([row["people"] for row in rows])
    told = [
        _about_cuts(rows),
        f"{COUNT[people].capitalize()} are seen: choose one, or the most prominent is followed." if people > 1 else "",
        _about_absence(rows),
        _about_light(rows),
        _about_size(rows, found),
        _about_turning(rows, found),
        _about_blur(rows),
        _about_lost_hands(rows),
        f"{fps:.3g} pictures a second are few: quick motion is lost, 24 or more keep it." if fps < FEW else "",
        _about_edges(rows, found),
        "The feet are cut off: step back, or the legs rest." if _feet_cut(rows, framing) else "",
        _about_camera(rows, framing),
    ]
    return tuple(sentence for sentence in told if sentence)[:ADVICE]


def _about_cuts(rows: list[dict]) -> str:
    for before, row in zip(rows, rows[1:], strict=False):
        still = max(before["moved"] or 0.0, row["moved"] or 0.0) < PAN
        if still and (row["changed"] or 0.0) > CUT:
            when = f"{before['time']:.1f} and {row['time']:.1f} s"
            return f"The view changes between {when}: choose a range within one shot, or a take of each."
    return ""


def _about_absence(rows: list[dict]) -> str:
    there = [row["time"] for row in rows if any(row[part] for part in PARTS)]
    if len(rows) - len(there) < OFTEN * len(rows):
        return ""
    return f"Nobody is seen in part of the video: choose a range, such as {there[0]:.1f} to {there[-1]:.1f} s."


def _about_light(rows: list[dict]) -> str:
    levels = [row[part]["light"] for row in rows for part in PARTS[1:] if row[part]]
    return "Face and hands are too dark: more light from the front helps." if _mostly(levels, LIGHT * 1.2) else ""


def _about_size(rows: list[dict], found: dict) -> str:
    """Whether the face is too small to be read, judged by the trunk where it was not found."""
    sizes = [row["face"]["size"] for row in rows if row["face"]]
    if found["face"] < SOMETIMES:
        sizes = [FACE_OF_TRUNK * row["body"]["trunk"] for row in rows if row["body"]]
    if _mostly(sizes, LEAST["face"]):
        return "The performer is far away: come closer, or expressions and fingers stay rough."
    sizes = [row[part]["size"] for row in rows for part in PARTS[2:] if row[part]]
    small = _mostly(sizes, LEAST["left_hand"])
    return "The hands are small in the picture: come closer for good fingers." if small else ""


def _about_turning(rows: list[dict], found: dict) -> str:
    """Whether the head is in the picture without a face that could be found."""
    hidden = _share(rows, lambda row: row["body"] and row["body"]["head"] and not row["face"])
    if hidden < max(OFTEN, found["face"] / 2):
        return ""
    return "The face is often not seen: turn it towards the camera, and keep it free."


def _about_blur(rows: list[dict]) -> str:
    blurred = {name: _blurred(rows, parts) > OFTEN for name, parts in (("face", PARTS[1:2]), ("hands", PARTS[2:]))}
    if not any(blurred.values()):
        return ""
    what = " and ".join(name for name, is_so in blurred.items() if is_so)
    return f"The {what} {'is' if what == 'face' else 'are'} blurred: more light and a shorter exposure help."


def _blurred(rows: list[dict], parts: tuple[str, ...]) -> float:
    """The share of parts that are large enough, and not sharp enough."""
    large = [(row[part], part) for row in rows for part in parts if row[part] and row[part]["size"] >= LEAST[part]]
    return float(np.mean([seen["sharp"] < SHARP[part] for seen, part in large] or [0]))


def _about_lost_hands(rows: list[dict]) -> str:
    """Whether wrists are often seen without a hand that could be found."""
    sides = (("left_hand", "leftWrist"), ("right_hand", "rightWrist"))
    lost = [row[part] is None for row in rows for part, wrist in sides if row["body"] and wrist in row["body"]["seen"]]
    if np.mean(lost or [0]) < OFTEN:
        return ""
    return "Hands are often not made out: move them slower or in more light, and keep them apart."


def _about_edges(rows: list[dict], found: dict) -> str:
    """Whether hands that are seen at times are often beyond the edge."""
    for part, wrist in (("left_hand", "leftWrist"), ("right_hand", "rightWrist")):
        beyond = _share(
            rows,
            lambda row, part=part, wrist=wrist: (
                (row[part] and row[part]["inside"] < INSIDE) or (row["body"] and wrist in row["body"]["out"])
            ),
        )
        if found[part] >= SOMETIMES and beyond >= OFTEN:
            return "The hands leave the picture: step back, or keep them in it."
    return ""


def _feet_cut(rows: list[dict], framing: str) -> bool:
    knees = _share(rows, lambda row: row["body"] and {"leftKnee", "rightKnee"} & set(row["body"]["seen"]))
    return framing == "waist" and knees > GOOD


def _about_camera(rows: list[dict], framing: str) -> str:
    shifts = [row["moved"] for row in rows if row["moved"] is not None]
    moves = framing in ("waist", "full") and len(shifts) > len(rows) / 2 and np.median(shifts) > STILL
    return "The camera seems to move: on a stand, the path of the body is true." if moves else ""


def _mostly(values: list[float], below: float) -> bool:
    return bool(values) and float(np.median(values)) < below
