"""Records on disk: one .npz of plain arrays with a JSON header, written whole or not at all, never unpickled."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import tempfile
import typing
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .errors import RecordError

VERSION = 1
HEADER = "header"


@contextlib.contextmanager
def written_whole(path: Path | str) -> Iterator[Path]:
    """A temporary file beside `path` that takes its name when the block ends well, and is gone otherwise.

    path: of the file to be written; its folder is made where it is missing.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def save(record, path: Path | str) -> None:
    """Write a record.

    record: a frozen dataclass of arrays, words, numbers, JSON-like values and records.
    path: of the .npz to be written.
    """
    arrays, words = _flatten(record)
    header = {"kind": type(record).__name__, "version": VERSION, "words": words}
    with written_whole(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in {**arrays, HEADER: np.array(json.dumps(header))}.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                _write(file, array)


def _write(file, array: np.ndarray) -> None:
    """Write an array as .npy; one that is a whole file on disk is copied from there, so that it takes no memory."""
    layout = np.lib.format
    if isinstance(array, np.memmap) and array.flags.c_contiguous and array.nbytes == os.path.getsize(array.filename):
        layout.write_array_header_1_0(file, layout.header_data_from_array_1_0(array))
        with open(array.filename, "rb") as rows:
            shutil.copyfileobj(rows, file, 1 << 20)
    else:
        layout.write_array(file, np.asarray(array), allow_pickle=False)


def load(kind: type, path: Path | str):
    """Read a record back.

    kind: the dataclass that the file must hold.
    path: of the .npz.
    Raises RecordError if the file is missing, is no record of this kind, is damaged, or is of a newer version.
    """
    path = Path(path)
    found, version, words, arrays = _read(path)
    if found != kind.__name__:
        raise RecordError(f"{path.name} holds a {found.lower()}, where a {kind.__name__.lower()} was expected.")
    if version > VERSION:
        raise RecordError(
            f"{path.name} was written by a newer Understudy (record version {version}, this one reads {VERSION}): "
            "update Understudy, or make the file again."
        )
    try:
        return _unflatten(kind, arrays, words)
    except (KeyError, TypeError, ValueError) as fault:
        raise RecordError(f"{path.name} is damaged or incomplete ({fault}): make it again.") from fault


def kind_of(path: Path | str) -> str:
    """What kind of record a file holds, as the name of its class.

    path: of the .npz. Raises RecordError where it is none of ours.
    """
    return _read(Path(path))[0]


def _read(path: Path) -> tuple[str, int, dict, dict[str, np.ndarray]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(str(arrays.pop(HEADER)))
        return header["kind"], int(header["version"]), header["words"], arrays
    except FileNotFoundError as fault:
        raise RecordError(f"{path} does not exist: give the path of a file written by Understudy.") from fault
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile, EOFError) as fault:
        raise RecordError(f"{path.name} was not written by Understudy, or is damaged: make it again.") from fault


def _flatten(record, prefix: str = "") -> tuple[dict[str, np.ndarray], dict]:
    arrays, words = {}, {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if dataclasses.is_dataclass(value):
            inner, words[field.name] = _flatten(value, f"{prefix}{field.name}.")
            arrays |= inner
        elif isinstance(value, np.ndarray):
            arrays[prefix + field.name] = value
        else:
            words[field.name] = value
    return arrays, words


def _unflatten(kind: type, arrays: dict, words: dict, prefix: str = ""):
    hints, values = typing.get_type_hints(kind), {}
    for field in dataclasses.fields(kind):
        if dataclasses.is_dataclass(hints[field.name]):
            values[field.name] = _unflatten(hints[field.name], arrays, words[field.name], f"{prefix}{field.name}.")
        elif hints[field.name] is np.ndarray:
            if prefix + field.name in arrays or field.default is dataclasses.MISSING:
                values[field.name] = arrays[prefix + field.name]
        elif field.name in words:
            values[field.name] = _tuples(words[field.name])
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise KeyError(field.name)
    return kind(**values)


def _tuples(value):
    """JSON's lists as the tuples they were."""
    if isinstance(value, list):
        return tuple(_tuples(v) for v in value)
    if isinstance(value, dict):
        return {k: _tuples(v) for k, v in value.items()}
    return value
