"""Presets of the user's own: where they are kept, what they may be called, and taking them away."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import bpy

from ..solvers.errors import OutputError
from .preferences import ROOT_PACKAGE, cache

SUFFIX = ".toml"
SIGNS = '/\\:*?"<>|'  # that the name of a file may not hold on every system
LONGEST = 60  # letters of a name


def folder(kind: str) -> Path:
    """The folder of one kind of preset, which need not be there yet; it stays when Understudy is updated.

    kind: "rigs" or "looks".
    """
    try:
        return Path(bpy.utils.extension_path_user(ROOT_PACKAGE, path=kind))
    except ValueError:  # not installed as an extension
        return cache() / kind


def paths(kind: str) -> tuple[Path, ...]:
    """The files of one kind of preset, by name. kind: "rigs" or "looks"."""
    return tuple(sorted(folder(kind).glob(f"*{SUFFIX}")))


def path_for(kind: str, name: str, taken: Iterable[str]) -> Path:
    """Where a preset is kept under a name; its stem is the name without what cannot be seen.

    kind: "rigs" or "looks". name: as the user wrote it. taken: names that come with Understudy.
    Raises OutputError for a name that cannot be.
    """
    name = " ".join(name.split())
    if not name:
        raise OutputError("A preset needs a name: write one.")
    if len(name) > LONGEST or "." in (name[0], name[-1]) or not name.isprintable() or set(name) & set(SIGNS):
        raise OutputError(
            f"'{name[:LONGEST]}' cannot be a preset's name: take up to {LONGEST} letters without any of "
            f"{' '.join(SIGNS)} and without a full stop at either end."
        )
    if name.casefold() in [other.casefold() for other in taken]:
        raise OutputError(f"The name {name} is taken by a preset that comes with Understudy: choose another.")
    return folder(kind) / f"{name}{SUFFIX}"


def remove(kind: str, name: str) -> None:
    """Take away a preset. kind: "rigs" or "looks". name: of its file. Raises OutputError if there is none such."""
    path = next((path for path in paths(kind) if path.stem == name), None)
    if path is None:
        raise OutputError(f"{name or 'This'} is no preset that you have saved: those that come with Understudy stay.")
    try:
        path.unlink()
    except OSError as fault:
        raise OutputError(f"The preset {name} cannot be removed ({fault.strerror}): see to its file {path}.") from fault
