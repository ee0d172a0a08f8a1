"""Where results go: looked at before the work begins, and put there only when all of it is done."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .errors import OutputError


def result_file(path: Path | str, *suffixes: str) -> Path:
    """A path that a result may be written to.

    path: of the file. suffixes: what its name may end with. Raises OutputError if it cannot be written.
    """
    path = Path(path)
    if not path.name.lower().endswith(suffixes):
        raise OutputError(f"{path.name} is no name for this result: let it end with {' or '.join(suffixes)}.")
    if path.is_dir():
        raise OutputError(f"{path} is a folder: give the name of a file in it.")
    result_folder(path.parent)
    return path


def result_folder(path: Path | str) -> Path:
    """A folder that results may be written to, which is made with the first of them.

    path: of the folder. Raises OutputError if something else is there, or it cannot be written.
    """
    path = Path(path)
    there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not there.is_dir():
        raise OutputError(f"{there} is a file, not a folder: give another place for the result.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"Nothing may be written in {there}: give another place for the result.")
    return path


@contextlib.contextmanager
def written_together(folder: Path) -> Iterator[Path]:
    """A temporary folder whose files move to `folder` when the block ends well, and are gone otherwise.

    folder: for the files, made where it is missing; files there of the same names are replaced, others stay.
    """
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".understudy-", dir=folder))
    try:
        yield temporary
        for file in sorted(temporary.iterdir()):
            file.replace(folder / file.name)
        made = []
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        for place in made:
            with contextlib.suppress(OSError):  # something else has been put there since
                place.rmdir()
