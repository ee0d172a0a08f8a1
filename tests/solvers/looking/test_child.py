"""The detector's process: what it does beside looking."""

import sys

from understudy.solvers.looking import child


def test_packages_are_compiled_once(tmp_path, monkeypatch):
    """What was never imported is imported, so that its bytecode is there; what has bytecode is left alone."""
    package = tmp_path / "never_seen" / "large"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    (package / "__init__.py").write_text("NUMBER = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    child.compiled("never_seen.large")
    assert list((package / "__pycache__").glob("*.pyc")) and "never_seen.large" in sys.modules
    del sys.modules["never_seen.large"]
    child.compiled("never_seen.large")
    assert "never_seen.large" not in sys.modules


def test_an_absent_package_is_no_fault():
    """Where a library is missing, nothing is said of it here: whoever needs it says so."""
    child.compiled("no_such_library.at_all")
