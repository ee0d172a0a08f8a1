"""Runs the add-on's tests on every Blender that Understudy is for, each in an environment and a process of its own.

    python setup/matrix.py [4.2 5.1 …]

One line per Blender says how it went; ends with 1 if one failed. Blenders whose Python is absent are named and skipped.
What was printed, and pytest's own reports, are left in build/matrix.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from extension import ROOT, SCIPY, WHEELS

HOME = ROOT / "build" / "matrix"
TESTS = ("tests/addon", "tests/test_extension.py")
LONGEST = 1200  # s that the tests of one Blender may take
PATIENCE = 15  # s that its process may take to end after they are done
BESIDE = ("pytest>=8", "cattrs", "certifi", "cython", "requests", "zstandard")  # tests' own, and what bpy asks for
NAMED = 5  # failing tests at most that are named in a line


@dataclass(frozen=True)
class Blender:
    """One Blender as a Python module. numpy: the one that its official build has."""

    name: str
    bpy: str
    python: str
    numpy: str

    @property
    def packages(self) -> list[str]:
        """What its environment holds: the same wheels as the extension's zip, and no more than that needs."""
        pins = WHEELS | {"scipy": SCIPY, "bpy": self.bpy, "numpy": self.numpy}
        return [f"{name}=={version}" for name, version in pins.items()]


BLENDERS = (
    Blender("4.2", "4.2.23", "3.11", "1.24.3"),
    Blender("4.5", "4.5.15", "3.11", "1.26.4"),
    Blender("5.0", "5.0.1", "3.11", "1.26.4"),
    Blender("5.1", "5.1.2", "3.13", "2.3.4"),
    Blender("5.2", "5.2.3", "3.13", "2.3.4"),
)


@dataclass(frozen=True)
class Outcome:
    """How the tests went on one Blender. verdict: "passed", "failed" or "skipped"; why: a few words on it."""

    verdict: str
    why: str


def tried(blender: Blender) -> Outcome:
    """Make the environment where it is missing, run the tests in it, and read their report."""
    interpreter = found(blender.python)
    if interpreter is None:
        return Outcome("skipped", f"needs Python {blender.python}, which is not on this machine")
    try:
        python = environment(blender, interpreter)
        return read(*run(blender, python))
    except subprocess.TimeoutExpired:
        return Outcome("failed", f"the tests did not end within {LONGEST} s; see {_log(blender).relative_to(ROOT)}")
    except subprocess.CalledProcessError as fault:
        last = (fault.stderr or fault.stdout or "no reason given").strip().splitlines()[-1]
        return Outcome("failed", f"its environment could not be made ({last})")


def found(version: str) -> str | None:
    """A Python of a version that can make environments: on the path, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    places = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python{version}"))]
    if sys.platform == "win32":
        places += [line.split()[-1] for line in _said("py", "-0p").splitlines() if f":{version} " in line]
    check = f"import ensurepip, sys, venv; assert sys.version_info[:2] == ({version.replace('.', ',')}); print('fits')"
    return next((str(place) for place in places if place and _said(str(place), "-c", check).strip() == "fits"), None)


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace").stdout
    except OSError:
        return ""


def environment(blender: Blender, interpreter: str) -> Path:
    """The Python of an environment for a Blender, made anew where what it should hold has changed.

    Raises CalledProcessError where a package cannot be had.
    """
    home = HOME / blender.name
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready, wanted = home / "ready", "\n".join([interpreter, *blender.packages, *BESIDE])
    if not ready.is_file() or ready.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(home, ignore_errors=True)
        _do(interpreter, "-m", "venv", str(home))
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _do(*install, "--no-deps", *blender.packages)
        _do(*install, f"numpy=={blender.numpy}", *BESIDE)
        _do(*install, "--no-deps", "--editable", ".")
        _do(str(python), "setup/libraries.py")
        ready.write_text(wanted, encoding="utf-8")
    return python


def _do(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, errors="replace")


def run(blender: Blender, python: Path) -> tuple[Path, Path, int]:
    """Run the tests. Result: pytest's report, what was printed, and the process's exit code."""
    report, log = HOME / f"{blender.name}.xml", _log(blender)
    report.unlink(missing_ok=True)
    command = [str(python), "-m", "pytest", *TESTS, f"--junitxml={report}", "-p", "no:cacheprovider", "-rfEs"]
    names = os.environ | {"BLENDER_USER_RESOURCES": str(HOME / f"{blender.name}-user")}
    with open(log, "w", encoding="utf-8") as printed:
        tests = subprocess.Popen(command, cwd=ROOT, env=names, stdout=printed, stderr=printed)
        return report, log, _ended(tests, report)


def _ended(tests: subprocess.Popen, report: Path) -> int:
    """The exit code of a run of the tests, which is killed where it goes on long after its report was written.

    bpy of Blender 4.5 sometimes hangs when its process ends, after all work is done and reported.
    """
    deadline, written = time.monotonic() + LONGEST, None
    while tests.poll() is None:
        if written is None and report.is_file():
            written = time.monotonic()
        if written is not None and time.monotonic() > written + PATIENCE:
            tests.kill()
        if time.monotonic() > deadline:
            tests.kill()
            tests.wait()
            raise subprocess.TimeoutExpired(tests.args, LONGEST)
        with contextlib.suppress(subprocess.TimeoutExpired):
            tests.wait(0.5)
    return tests.returncode


def _log(blender: Blender) -> Path:
    return HOME / f"{blender.name}.txt"


def read(report: Path, log: Path, code: int) -> Outcome:
    """What pytest's report says; the exit code counts only where there is none.

    bpy of Blender 4.2 sometimes crashes when its process ends, after all work is done and reported.
    """
    if not report.is_file():
        return Outcome("failed", f"ended with code {code} and without a report; see {log.relative_to(ROOT)}")
    cases = list(ElementTree.parse(report).iter("testcase"))
    bad = [_name(case) for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = sum(case.find("skipped") is not None for case in cases)
    passed = len(cases) - len(bad) - skipped
    counts = f"{passed} passed, {skipped} skipped"
    if bad or not passed:
        named = ", ".join(bad[:NAMED]) + (f" and {len(bad) - NAMED} more" if len(bad) > NAMED else "")
        return Outcome("failed", f"{counts}, {len(bad)} failed: {named or 'no test ran'}; see {log.relative_to(ROOT)}")
    return Outcome("passed", counts)


def _name(case: ElementTree.Element) -> str:
    return f"{case.get('classname', '').rsplit('.', 1)[-1]}::{case.get('name')}"


def lines(blenders: tuple[Blender, ...]) -> Iterator[tuple[Outcome, str]]:
    """How it went on each Blender, with a line that says so."""
    for blender in blenders:
        begun = time.monotonic()
        outcome = tried(blender)
        yield outcome, f"{blender.name}  {outcome.verdict:<7}  {time.monotonic() - begun:4.0f} s  {outcome.why}"


def main(words: list[str] | None = None) -> int:
    """Try the Blenders that the command line names, or all. Result: 0, or 1 if the tests failed on one."""
    parser = argparse.ArgumentParser(description="Runs the add-on's tests on every Blender.")
    names = [blender.name for blender in BLENDERS]
    parser.add_argument("blenders", nargs="*", metavar="BLENDER", help=f"{', '.join(names)}; default: all")
    wanted = parser.parse_args(words).blenders
    if unknown := sorted(set(wanted) - set(names)):
        parser.error(f"no such Blender: {', '.join(unknown)}; there are {', '.join(names)}")
    HOME.mkdir(parents=True, exist_ok=True)
    failed = False
    for outcome, line in lines(tuple(blender for blender in BLENDERS if not wanted or blender.name in wanted)):
        print(line, flush=True)
        failed |= outcome.verdict == "failed"
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
