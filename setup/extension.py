"""Builds the extension: one zip per platform and Python, with all that Blender's own Python lacks, and the networks.

    python setup/extension.py [--platform linux-x64 …] [--python 3.13 …] [--blender 4.2.0 5.3.0]

Blender's Python decides which zip fits: official builds of 4.2 to 5.0 have 3.11, those of 5.1 and later 3.13. Builds
of distributions have other ones; their zips say so in their name and are good for every Blender that Understudy knows.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

from understudy.solvers import models
from understudy.solvers.errors import UnderstudyError
from understudy.solvers.record import written_whole

ROOT = Path(__file__).resolve().parents[1]
DIST, CACHE = ROOT / "dist", ROOT / "build"
LARGEST = 250 * 10**6  # bytes of a zip
DATE = (1980, 1, 1, 0, 0, 0)  # of every file in a zip, so that the same files make the same zip
# Platform as Blender names it -> what pip may take for it, the best first. mediapipe and av need the first of each.
PLATFORMS = {
    "linux-x64": ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64"),
    "windows-x64": ("win_amd64",),
    "macos-arm64": ("macosx_14_0_arm64",),
}
# Python of the official builds -> the Blenders that have it: from, and the first one that has it no more.
BLENDERS = {"3.11": ("4.2.0", "5.1.0"), "3.13": ("5.1.0", "5.3.0")}
# What Blender lacks. OpenCV 4.11 and SciPy 1.15 still run on the NumPy 1.24 of Blender 4.2, and on 2.x; NumPy itself
# and certifi are Blender's own, and would take the place of those for all of Blender.
WHEELS = {
    "mediapipe": "1.2.2",
    "av": "18.1.0",
    "opencv-python-headless": "4.11.0.86",
    "flatbuffers": "25.12.19",
}
SCIPY, NEWER_SCIPY = "1.15.3", "1.18.1"  # the second where the first has no wheel: from Python 3.14 on
# What the package is made of; anything else beside it was left there by somebody.
PACKAGE = (
    "addon", "serving", "solvers", "presets", "__init__.py", "__main__.py", "README.md", "LICENSE",
    "blender_manifest.toml",
)  # fmt: skip
NETWORKS_NOTE = ROOT / "setup" / "networks.md"


class ExtensionError(UnderstudyError):
    """The extension cannot be built as asked."""


@dataclass(frozen=True)
class Target:
    """What a zip is for. platform: of PLATFORMS. python: "3.13". blender: first, and first that is too new."""

    platform: str
    python: str
    blender: tuple[str, str]

    @property
    def usual(self) -> bool:
        return self.python not in BLENDERS or self.blender == BLENDERS[self.python]

    def file_name(self, version: str) -> str:
        words = ["understudy", version, self.platform, self.python]
        return "-".join(words if self.usual else [*words, "blender", *self.blender]) + ".zip"


def build(target: Target, out: Path = DIST, cache: Path = CACHE) -> Path:
    """Build one zip, whole or not at all.

    out: folder of the zip. cache: folder that keeps wheels and networks for the next time. Result: path of the zip.
    Raises ExtensionError where a wheel cannot be had, or the zip is too large or not what Blender takes, and ModelError
    where a network cannot be had.
    """
    networks = models.build(cache / "networks")
    wheels = fetched(target, cache / "wheels" / target.platform)
    text = (ROOT / "blender_manifest.toml").read_text(encoding="utf-8")
    manifest = filled_in(text, target, wheels)
    path = out / target.file_name(tomllib.loads(text)["version"])
    with written_whole(path) as temporary:
        with zipfile.ZipFile(temporary, "w") as archive:
            for name, content in contents(manifest, wheels, networks):
                _put(archive, name, content)
        _refuse_what_is_too_large(path.name, temporary.stat().st_size)
        _refuse_what_blender_refuses(path.name, temporary)
    return path


def contents(manifest: str, wheels: list[Path], networks: dict[str, Path]) -> Iterator[tuple[str, bytes]]:
    """Everything in a zip, in order, as (name, content). Raises ExtensionError where a stray file is."""
    yield "blender_manifest.toml", manifest.encode()
    names = shipped(ROOT, tomllib.loads(manifest)["build"]["paths_exclude_pattern"])
    if strays := sorted({name.split("/")[0] for name in names} - set(PACKAGE)):
        raise ExtensionError(
            f"{', '.join(strays)} beside blender_manifest.toml: no part of the extension; move it away, or name it in "
            "the manifest's paths_exclude_pattern."
        )
    for name in names:
        if name != "blender_manifest.toml":
            yield name, (ROOT / name).read_bytes()
    for network in networks.values():
        yield f"{models.BUNDLED.name}/{network.name}", network.read_bytes()
    yield f"{models.BUNDLED.name}/README.md", NETWORKS_NOTE.read_bytes()
    yield f"{models.BUNDLED.name}/LICENSE", _licence_of_mediapipe(wheels)
    yield "wheels/README.md", credits(wheels).encode()
    for wheel in wheels:
        yield f"wheels/{wheel.name}", wheel.read_bytes()


def shipped(root: Path, patterns: list[str]) -> list[str]:
    """The files of the package, as names relative to its root.

    patterns: the manifest's paths_exclude_pattern; a leading / ties one to the root, a trailing / to folders.
    """
    names = []
    for folder, folders, files in os.walk(root):
        here = Path(folder).relative_to(root)
        folders[:] = sorted(name for name in folders if not _excluded((here / name).as_posix(), True, patterns))
        names += [
            (here / name).as_posix() for name in files if not _excluded((here / name).as_posix(), False, patterns)
        ]
    return sorted(names)


def _excluded(path: str, is_folder: bool, patterns: list[str]) -> bool:
    for pattern in patterns:
        glob = pattern.strip("/")
        tied = pattern.startswith("/")
        if pattern.endswith("/") and not is_folder or tied and path.count("/") != glob.count("/"):
            continue
        if fnmatch.fnmatchcase(path if tied else path.rsplit("/", 1)[-1], glob):
            return True
    return False


def filled_in(manifest: str, target: Target, wheels: list[Path]) -> str:
    """The manifest's text with what a zip is for and what it carries. Raises ExtensionError if that does not fit in."""
    facts = {
        "blender_version_min": target.blender[0],
        "blender_version_max": target.blender[1],
        "platforms": [target.platform],
        "wheels": [f"./wheels/{wheel.name}" for wheel in wheels],
    }
    wanted = tomllib.loads(manifest) | facts
    kept = re.sub(rf"^(?:{'|'.join(facts)})\s*=.*\n", "", manifest, flags=re.M).replace("\n\n\n", "\n\n")
    lines = "".join(f"{name} = {_toml(value)}\n" for name, value in facts.items())
    text = kept.replace("\n[", f"\n{lines}\n[", 1)
    if tomllib.loads(text) != wanted:
        raise ExtensionError("blender_manifest.toml has no place for the wheels: put each entry on lines of its own.")
    return text


def _toml(value: str | list[str]) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return "[\n" + "".join(f'    "{item}",\n' for item in value) + "]"


def fetched(target: Target, folder: Path) -> list[Path]:
    """The wheels for a target, fetched with pip where the folder lacks them.

    folder: keeps the wheels of one platform. Raises ExtensionError if one cannot be had.
    """
    wanted = WHEELS | {"scipy": SCIPY if _number(target.python) < (3, 14) else NEWER_SCIPY}
    missing = [f"{name}=={version}" for name, version in wanted.items() if not _there(folder, name, version, target)]
    if missing:
        platforms = [word for tag in PLATFORMS[target.platform] for word in ("--platform", tag)]
        command = [sys.executable, "-m", "pip", "download", *missing, "--no-deps", "--only-binary=:all:",
                   "--implementation", "cp", "--python-version", target.python, *platforms,
                   "--dest", str(folder), "--quiet", "--disable-pip-version-check"]  # fmt: skip
        ran = subprocess.run(command, capture_output=True, text=True, errors="replace")
        if ran.returncode:
            reasons = [line for line in ran.stderr.splitlines() if line.startswith("ERROR")]
            why = reasons[-1].removeprefix("ERROR: ").rstrip(".") if reasons else "no reason given"
            raise ExtensionError(
                f"pip could not fetch {', '.join(missing)} for Python {target.python} on {target.platform} ({why}): "
                f"put the wheels into {folder}, or build for another Python."
            )
    found = [_there(folder, name, version, target) for name, version in wanted.items()]
    if None in found:
        raise ExtensionError(f"pip fetched no fitting wheel into {folder} for one of {', '.join(missing)}.")
    return sorted(found, key=lambda wheel: wheel.name)


def _there(folder: Path, name: str, version: str, target: Target) -> Path | None:
    """A wheel in a folder that fits the target's Python: made for it, for its stable ABI, or for any."""
    own = "cp" + target.python.replace(".", "")
    for wheel in sorted(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl")):
        python, abi = wheel.stem.split("-")[2:4]
        if python == own or abi in ("none", "abi3"):
            return wheel
    return None


def credits(wheels: list[Path]) -> str:
    """Who made the wheels, and on which terms, in Markdown."""
    lines = [
        "# What comes with Understudy", "",
        "Unchanged wheels of the Python Package Index; each holds the texts of its own licences.", "",
        "| package | version | licence | home |", "|---|---|---|---|",
    ]  # fmt: skip
    for wheel in wheels:
        facts = HeaderParser().parsestr(_in_wheel(wheel, "METADATA").decode())
        classified = [line.rsplit(" :: ", 1)[-1] for line in facts.get_all("Classifier", []) if "License ::" in line]
        licence = facts["License-Expression"] or ", ".join(classified) or facts["License"]
        places = dict(url.lower().split(", ", 1) for url in facts.get_all("Project-URL", []))
        home = facts["Home-page"] or places.get("homepage", "")
        lines.append(f"| {facts['Name']} | {facts['Version']} | {licence} | {home} |")
    notes = "av and opencv-python-headless contain FFmpeg (LGPL-2.1-or-later; parts of it GPL-2.0-or-later)."
    return "\n".join([*lines, "", notes, ""])


def _licence_of_mediapipe(wheels: list[Path]) -> bytes:
    """The terms of MediaPipe, which are those of its networks too."""
    return _in_wheel(next(wheel for wheel in wheels if wheel.name.startswith("mediapipe-")), "licenses/LICENSE")


def _in_wheel(wheel: Path, name: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        package = "-".join(wheel.name.split("-")[:2])
        return archive.read(f"{package}.dist-info/{name}")


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, DATE)
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def _refuse_what_is_too_large(name: str, size: int) -> None:
    if size >= LARGEST:
        raise ExtensionError(
            f"{name} would have {size / 1e6:.0f} MB, and may have {LARGEST / 1e6:.0f}: leave a wheel out of WHEELS in "
            "setup/extension.py, or take a smaller release of one."
        )


def _refuse_what_blender_refuses(name: str, path: Path) -> None:
    """Ask Blender's own tool, which comes with its Python module and needs no more than Python."""
    bpy = importlib.util.find_spec("bpy")
    for tool in Path(bpy.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py") if bpy else ():
        told = subprocess.run([sys.executable, tool, "validate", path], capture_output=True, text=True)
        if told.returncode:
            said = [line for line in (told.stdout + told.stderr).splitlines() if line.strip()]
            raise ExtensionError(f"Blender refuses {name}: {said[-1] if said else 'it says not why'}")


def targets(platforms: list[str] | None, pythons: list[str] | None, blender: list[str] | None) -> list[Target]:
    """What is to be built; None is everything that the official Blenders need.

    blender: (2,) first version and first that is too new, in the place of what BLENDERS says.
    """
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    whole = manifest["blender_version_min"], manifest["blender_version_max"]
    return [
        Target(platform, python, tuple(blender) if blender else BLENDERS.get(python, whole))
        for platform in platforms or PLATFORMS
        for python in pythons or BLENDERS
    ]


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _numbered(parts: int, like: str):
    def check(word: str) -> str:
        if not re.fullmatch(r"\.".join([r"\d+"] * parts), word):
            raise argparse.ArgumentTypeError(f"{word} is no version such as {like}")
        return word

    return check


def main(words: list[str] | None = None) -> int:
    """Build what the command line asks for, and say what was built. Result: 0, or 2 with one line on stderr."""
    parser = argparse.ArgumentParser(description="Builds the extension's zips.")
    parser.add_argument("--platform", action="append", choices=PLATFORMS, help="default: all")
    parser.add_argument("--python", action="append", type=_numbered(2, "3.13"), help="default: the official builds'")
    parser.add_argument(
        "--blender", nargs=2, type=_numbered(3, "4.2.0"), metavar=("FROM", "BELOW"),
        help="Blenders that the zip is for; default: those that have this Python, or all",
    )  # fmt: skip
    given = parser.parse_args(words)
    try:
        for target in targets(given.platform, given.python, given.blender):
            path = build(target)
            span = f"Blender {target.blender[0]} up to, not including, {target.blender[1]}"
            print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1e6:.1f} MB  {span}", flush=True)
    except UnderstudyError as fault:
        print(f"extension: {fault}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
