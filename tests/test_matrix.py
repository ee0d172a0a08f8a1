"""How `make test-matrix` judges: by pytest's report, whatever becomes of the process afterwards."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CASE = '<testcase classname="tests.addon.test_x" name="{name}">{inside}</testcase>'


@pytest.fixture
def matrix(monkeypatch):
    """The script as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "setup"))
    spec = importlib.util.spec_from_file_location("matrix", ROOT / "setup" / "matrix.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "matrix", module)
    spec.loader.exec_module(module)
    return module


def report(folder, *inside):
    """A report of as many tests, with what is inside each of them."""
    cases = "".join(CASE.format(name=f"test_{k}", inside=words) for k, words in enumerate(inside))
    path = folder / "report.xml"
    path.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    return path


def test_a_crash_after_the_report_is_no_failure(matrix, tmp_path):
    """Blender that crashes when all tests have been reported passes; its log is left."""
    outcome = matrix.read(report(tmp_path, "", "<skipped/>"), ROOT / "log", 139)
    assert outcome == matrix.Outcome("passed", "1 passed, 1 skipped")


def test_no_report_is_a_failure(matrix, tmp_path):
    """Without a report nothing has passed, whatever the exit code."""
    for code in (0, 139):
        outcome = matrix.read(tmp_path / "absent.xml", ROOT / "log", code)
        assert outcome.verdict == "failed" and f"code {code}" in outcome.why


@pytest.mark.parametrize("inside", [["", "<failure/>"], ["", "<error/>"], ["<skipped/>"], []])
def test_what_failed_or_did_not_run_is_a_failure(matrix, tmp_path, inside):
    """A failing test, a broken fixture, or no test that ran at all makes a Blender fail, even with exit code 0."""
    outcome = matrix.read(report(tmp_path, *inside), ROOT / "log", 0)
    assert outcome.verdict == "failed"
    assert ("test_x::test_1" in outcome.why) == (len(inside) == 2)


def test_absent_pythons_are_named(matrix, monkeypatch, capsys):
    """A Blender whose Python is absent is skipped by name, which is no failure; an unknown one is refused."""
    monkeypatch.setattr(matrix, "found", lambda version: None)
    assert matrix.main([]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in told] == [[blender.name, "skipped"] for blender in matrix.BLENDERS]
    assert "Python 3.11" in told[0] and "Python 3.13" in told[-1]
    with pytest.raises(SystemExit, match="2"):
        matrix.main(["2.79"])


def test_this_python_is_found(matrix):
    """The search for Pythons finds a version only where it runs as that version."""
    assert matrix.found("3.999") is None
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert matrix.found(here) is None or Path(matrix.found(here)).exists()
