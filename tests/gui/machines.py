"""Real Blenders that can be had here, and how the story is played in one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CHROOTS = ("5.2", "4.3")  # the versions that tools/real-blender keeps
LIMIT = 1500  # s for a whole story
NONE = (
    "No real Blender is to be had: set BLENDER to one, or put blender on the PATH, and install Xvfb "
    "(Debian packages blender and xvfb)."
)
TELL = "import sys, bpy; print('VERSIONS', *bpy.app.version, *sys.version_info[:2])"


@dataclass(frozen=True)
class Machine:
    """A real Blender. name: of its folder of results. prefix: words that run a command where it is. blender: command.

    share: whether its commands see this project's folder and the temporary one only.
    """

    name: str
    prefix: tuple[str, ...]
    blender: str

    def run(self, *words: str, limit: float = 300) -> subprocess.CompletedProcess:
        """Run a command where the Blender is, and end all it started when the time is over. limit: s."""
        process = subprocess.Popen(
            [*self.prefix, *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", start_new_session=True,
        )  # fmt: skip
        try:
            told = process.communicate(timeout=limit)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            told = process.communicate()[0] + f"\nended after {limit} s"
        return subprocess.CompletedProcess(words, process.returncode, told)

    def versions(self) -> tuple[str, str]:
        """Its own version and its Python's, as "5.2.2" and "3.14"."""
        told = self.run(self.blender, "--background", "--factory-startup", "--python-expr", TELL).stdout
        line = next((line for line in told.splitlines() if line.startswith("VERSIONS")), None)
        if line is None:
            raise RuntimeError(f"{self.blender} does not start: {told[-2000:]}")
        numbers = line.split()[1:]
        return ".".join(numbers[:3]), ".".join(numbers[3:])


def found(shared: Path) -> list[Machine]:
    """The Blenders that can be had, the best first; none is an empty list.

    shared: folder of test material, which may have tools/real-blender.
    """
    own = os.environ.get("BLENDER") or shutil.which("blender")
    if own and shutil.which("Xvfb"):
        return [Machine("own", (), own)]
    tool = shared / "tools" / "real-blender"
    if tool.is_file() and sys.platform == "linux" and os.geteuid() == 0:
        return [Machine(version, (str(tool), "sh", version), "blender") for version in CHROOTS]
    return []


def extension(python: str) -> Path:
    """Build the zip for a Blender, good for every version that Understudy knows. python: "3.14"."""
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    span = manifest["blender_version_min"], manifest["blender_version_max"]
    command = ["make", "--silent", "extension", "PLATFORM=linux-x64", f"PYTHON={python}", f"BLENDER={' '.join(span)}"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if ran.returncode:
        raise RuntimeError(f"make extension failed: {ran.stdout}{ran.stderr}")
    return ROOT / ran.stdout.splitlines()[-1].split()[0]


def play(
    machine: Machine, work: Path, material: dict[str, Path], steps: str = "STEPS", size: tuple[int, int] = (1600, 900)
) -> dict:
    """Play steps of the story in a Blender with a window, and give what it wrote down.

    work: a new folder below the temporary one. material: {name: path} of what the story uses. steps: the name of a list
    of steps in the story. size: of the window, px.
    """
    folders = {name: work / name for name in ("screen", "out", "resources", "temporary")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    story = {
        "material": {name: str(path) for name, path in material.items()},
        "screen": str(folders["screen"] / "Xvfb_screen0"),
        "out": str(folders["out"]),
        "steps": steps,
    }
    (work / "story.json").write_text(json.dumps(story))
    ran = machine.run(
        "env", f"BLENDER_USER_RESOURCES={folders['resources']}", f"TMPDIR={folders['temporary']}",
        "sh", str(HERE / "start.sh"), str(folders["screen"]), machine.blender,
        "--no-window-focus", "--window-geometry", "0", "0", *map(str, size), "--enable-event-simulate",
        "--python", str(HERE / "inside" / "play.py"), "--", str(work / "story.json"),
        limit=LIMIT,
    )  # fmt: skip
    (folders["out"] / "blender.log").write_text(ran.stdout)
    results = folders["out"] / "results.json"
    return json.loads(results.read_text()) if results.is_file() else {"steps": []}
