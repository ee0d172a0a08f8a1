"""How far a performer's own face goes: the face at rest, and a few expressions done in full, told beforehand.

A calibration is a JSON file:

    {"understudy": "calibration", "version": 1, "source": NAME, "times": {POSE: s},
     "faces": {POSE: [[x, y, z], ... 478 points, px]}}

POSE is one of POSES; "neutral" is always there. It holds what was seen and not what was made of it, so that it stays
valid when the solver learns: that reads these faces as it reads the clip.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..errors import CalibrationError, UnderstudyError
from ..motion import signals
from ..names import EXPRESSION, FACE_POINT_COUNT
from ..record import written_whole
from ..settings import Settings
from ..take import Landmarks, Take
from . import skull

SUFFIX = ".calibration.json"
LARGEST = 1 << 22  # bytes of a file; five faces take 60 kB
# What a performer does for a calibration, and the expressions that are then done in full.
POSES: dict[str, tuple[str, ...]] = {
    "neutral": (),
    "open": ("jawOpen",),
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "brows": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    "shut": ("eyeBlinkLeft", "eyeBlinkRight"),
}
WORDS = dict(zip(POSES, ("rest", "a mouth wide open", "a smile", "raised brows", "shut eyes"), strict=True))
NEEDED = ("neutral", "open", "smile", "brows")
AROUND = 0.1  # s on either side of a moment whose faces are averaged
WITHIN = 20.0  # s from the start in which the poses are looked for
STILL = 2.0  # Hz: poses are held, what is faster is not one
# What the solver must read of a pose before anything is concluded from it: noise and speech reach .1 to .2.
LEAST = 0.25
HALF = 0.6  # of what open lids show: lids that look further open than that are not shut


@dataclass(frozen=True)
class Calibration:
    """What is known of a performer's face beforehand.

    faces: {pose: (478, 3) px, as Landmarks.image has them}. times: {pose: s in the clip}. source: name of the clip.
    """

    faces: dict[str, np.ndarray]
    times: dict[str, float] = field(default_factory=dict)
    source: str = ""

    def take(self) -> Take:
        """A take with one sample for each pose, in their order."""
        points = np.stack(list(self.faces.values())).astype(float)
        empty = Take.empty(np.arange(len(points)) / 30.0, (1, 1))
        return replace(empty, face=Landmarks(points, np.full_like(points, np.nan), np.ones(points.shape[:2])))


def given(take: Take, settings: Settings) -> Calibration | None:
    """What the settings tell of the performer's face: a file, and a moment of the clip at rest, which comes first.

    take: of the clip. Raises CalibrationError where the file is unfit, or no face is seen at the moment.
    """
    known = load(settings.calibration) if settings.calibration else None
    if settings.neutral <= 0:
        return known
    faces = {"neutral": face_at(take, settings.neutral)}
    return replace(known, faces=known.faces | faces) if known else Calibration(faces)


@dataclass(frozen=True)
class Told:
    """What the solver reads of a face of which something is told; None where nothing is.

    face: (P, 3) the points at rest, as in skull.Skull. rest: (52,) what is read there. full: (52,) above that where it
    goes as far as it can; NaN for expressions of which nothing is told, and for those that are read too faintly to
    conclude anything from. shut: (2,) how far lids that are shut look open, against open ones, left and right.
    """

    face: np.ndarray | None = None
    rest: np.ndarray | None = None
    full: np.ndarray | None = None
    shut: np.ndarray | None = None


def told(take: Take, settings: Settings) -> Told:
    """What the settings tell of a face, as the solver reads it. take, settings: as `given` has them."""
    known = given(take, settings)
    if known is None:
        return Told()
    most = full(known)
    return Told(at_rest(known), readings(known)["neutral"], np.where(most >= LEAST, most, np.nan), shut_lids(known))


def shut_lids(calibration: Calibration) -> np.ndarray | None:
    """How far shut lids look open, against open ones, (2,); None where they were not shown, or hardly look shut."""
    from . import blinks

    if "shut" not in calibration.faces:
        return None
    names, found = list(calibration.faces), skull.fit(calibration.take())
    openings = np.stack([blinks.opening(found, eye) for eye in (0, 1)], 1)
    ratio = openings[names.index("shut")] / np.maximum(openings[names.index("neutral")], 1e-6)
    return np.maximum(ratio, 0.0) if ratio.max() < HALF else None


def load(path: Path | str) -> Calibration:
    """Read a calibration. path: of the JSON file. Raises CalibrationError if it is missing, unfit or damaged."""
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST:
            raise CalibrationError(f"{path.name} is too large for a calibration: make it with 'understudy calibrate'.")
        told = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as fault:
        raise CalibrationError(f"The calibration {path} cannot be read ({fault.strerror}).") from fault
    except (ValueError, RecursionError) as fault:
        raise CalibrationError(f"{path.name} is no JSON file: make it with 'understudy calibrate'.") from fault
    if not isinstance(told, dict) or told.get("understudy") != "calibration":
        raise CalibrationError(f"{path.name} is no calibration: make one with 'understudy calibrate'.")
    if told.get("version") != 1:
        raise CalibrationError(f"{path.name} was written by a newer Understudy: update it, or calibrate again.")
    faces, times = told.get("faces"), told.get("times", {})
    if not isinstance(faces, dict) or not isinstance(times, dict) or "neutral" not in faces or set(faces) - set(POSES):
        raise CalibrationError(f"{path.name} must hold faces of {', '.join(POSES)}, at least of neutral.")
    read = {pose: _face(faces[pose], pose, path.name) for pose in POSES if pose in faces}
    moments = {pose: float(s) for pose, s in times.items() if pose in read and isinstance(s, (int, float))}
    return Calibration(read, moments, str(told.get("source", "")))


def save(calibration: Calibration, path: Path | str) -> None:
    """Write a calibration, whole or not at all. path: of the JSON file."""
    told = {
        "understudy": "calibration", "version": 1, "source": calibration.source,
        "times": {pose: round(time, 3) for pose, time in calibration.times.items()},
        "faces": {pose: np.round(face, 2).tolist() for pose, face in calibration.faces.items()},
    }  # fmt: skip
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(told) + "\n", encoding="utf-8")


def _face(points, pose: str, name: str) -> np.ndarray:
    try:
        face = np.array(points, float)
    except (TypeError, ValueError):
        face = np.zeros(0)
    whole = face.shape == (FACE_POINT_COUNT, 3) and np.isfinite(face).all()
    if not whole or np.ptp(face[:, :2], axis=0).min() < 1:
        raise CalibrationError(
            f"{name} has no face of {FACE_POINT_COUNT} points of three numbers each for '{pose}': calibrate again."
        )
    return face


def face_at(take: Take, time: float) -> np.ndarray:
    """The face (478, 3) px around a moment, its samples laid onto the nearest one.

    take: of the clip. time: s. Raises CalibrationError where none is seen then.
    """
    image = np.asarray(take.face.image, float)
    seen = np.isfinite(image).all((1, 2))
    near = np.flatnonzero(seen & (np.abs(take.time - time) <= AROUND + 0.5 / signals.rate(take.time)))
    if not len(near):
        raise CalibrationError(f"No face is seen at {time:.2f} s: give a moment at which there is one.")
    nearest = image[near[np.argmin(np.abs(take.time[near] - time))]]
    return np.median(skull.align(image[near], nearest, np.full(len(nearest), 1.0))[1], 0)


def made(take: Take, times: dict[str, float] | None = None) -> Calibration:
    """The calibration of a clip in which the poses are held, one after the other.

    take: of the clip. times: {pose: s} of those that are told; the others are found by what the face does.
    Raises CalibrationError where one of NEEDED is not shown.
    """
    told = dict(times or {})
    source = Path(take.source.get("path", "")).name
    moments = moments_of(take, told)
    for pose in NEEDED:
        if pose not in moments:
            raise CalibrationError(
                f"{source or 'The clip'} does not show {WORDS[pose]} in its first {WITHIN:g} s: hold it for a second, "
                f"or say when it is shown (--{pose} S)."
            )
    moments = {pose: moments[pose] for pose in POSES if pose in moments}
    calibration = Calibration({pose: face_at(take, time) for pose, time in moments.items()}, moments, source)
    for pose, value in strength(calibration).items():
        if pose in told and value < LEAST:
            raise CalibrationError(f"At {told[pose]:.2f} s the face does not show {WORDS[pose]}: give another moment.")
    return calibration


def moments_of(take: Take, told: dict[str, float]) -> dict[str, float]:
    """When the poses are shown, {pose: s}; without those that are not. told: those that are known already."""
    from . import blinks, expressions

    found = skull.fit(take)
    early = found.time <= (found.time[0] if len(found.time) else 0.0) + WITHIN
    if early.sum() < 3:
        raise CalibrationError("The clip shows no face to be calibrated: film it from the front, lit and large enough.")
    values = expressions.from_points(found)[early]
    columns = {pose: [EXPRESSION[name] for name in shapes] for pose, shapes in POSES.items() if shapes}
    curves = {pose: values[:, indices].mean(1) for pose, indices in columns.items()}
    curves["shut"] = blinks.closure(found)[early].mean(1)
    time = found.time[early]
    steady = {pose: _slow(curve - np.percentile(curve, 10), time) for pose, curve in curves.items()}
    reach = {pose: max(float(curve.max()), LEAST) for pose, curve in steady.items()}
    rest = told.get("neutral")
    if rest is None:
        effort = sum(np.abs(steady[pose]) / reach[pose] for pose in steady)
        rest = float(time[int(np.argmin(_slow(effort, time)))])
    at = int(np.argmin(np.abs(time - rest)))
    moments = {"neutral": rest}
    for pose in steady:
        # A pose shows most of its own and little of the others'; a mouth that is wide open lifts its corners too.
        others = sum(np.maximum(steady[other] / reach[other], 0) for other in steady if other not in (pose, "shut"))
        alone = steady[pose] - 0.3 * reach[pose] * others
        best = int(np.argmax(alone))
        if pose in told:
            moments[pose] = told[pose]
        elif steady[pose][best] - steady[pose][at] >= LEAST:
            moments[pose] = float(time[best])
    return moments


def strength(calibration: Calibration) -> dict[str, float]:
    """How strongly the solver reads each pose beyond rest, {pose: mean of its expressions}; shut eyes apart."""
    most = full(calibration)
    return {
        pose: float(np.mean([most[EXPRESSION[name]] for name in POSES[pose]]))
        for pose in calibration.faces
        if POSES[pose] and pose != "shut"
    }


def readings(calibration: Calibration) -> dict[str, np.ndarray]:
    """What the solver reads of each pose, {pose: (52,)}, on its own scale of zero."""
    from . import expressions  # which reads this module, too

    values = expressions.from_points(skull.fit(calibration.take()), at_rest(calibration))
    return dict(zip(calibration.faces, values, strict=True))


def at_rest(calibration: Calibration) -> np.ndarray:
    """The points (P, 3) of the face at rest, as in skull.Skull."""
    return skull.fit(calibration.take()).shape[list(calibration.faces).index("neutral")]


def full(calibration: Calibration) -> np.ndarray:
    """What the solver reads where this performer does an expression in full, (52,) above rest; NaN where not told."""
    read, most = readings(calibration), np.full(len(EXPRESSION), np.nan)
    for pose, shapes in POSES.items():
        for name in shapes if pose in read and pose != "shut" else ():
            most[EXPRESSION[name]] = read[pose][EXPRESSION[name]] - read["neutral"][EXPRESSION[name]]
    return most


def of_still(path: Path | str, progress=None, cancelled=None) -> Calibration:
    """The face at rest of a still picture, looked at as videos are.

    path: of a .jpg, .png or the like. progress, cancelled: as detect.detect has them.
    Raises CalibrationError where it is no picture or shows no face, and what detect raises.
    """
    import tempfile

    from ..detect import detect
    from ..footage.stills import as_video

    with tempfile.TemporaryDirectory(prefix="understudy-still-") as folder:
        film = as_video(path, Path(folder) / "still.mkv")
        try:
            take = detect(film, progress=progress, cancelled=cancelled)
        except UnderstudyError as fault:
            if type(fault).__name__ != "NobodyError":
                raise
            raise CalibrationError(f"{Path(path).name} shows no face: take a picture from the front, lit.") from fault
    try:
        return Calibration({"neutral": face_at(take, float(take.time[0]))}, {}, Path(path).name)
    except CalibrationError as fault:
        raise CalibrationError(f"{Path(path).name} shows no face: take a picture from the front, lit.") from fault


def _slow(curve: np.ndarray, time: np.ndarray) -> np.ndarray:
    """A curve (F,) without what passes quickly."""
    rate = signals.rate(time)
    return signals.lowpass(curve[:, None], rate, STILL)[:, 0] if rate > 4 * STILL and len(curve) > 12 else curve
