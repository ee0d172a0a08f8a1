"""From the address of an asset to a file of ours: data URIs, uploads, configured rigs, and the web where allowed."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from ..solvers.errors import VideoError
from .orders import invalid, issue
from .store import Store, put

RIGS = (".blend", ".glb", ".gltf", ".vrm", ".fbx")
STARTER = "starter"  # the rig that comes with Understudy, which has no file
SUFFIXES = {"model/gltf-binary": ".glb", "model/vrm": ".vrm", "video/quicktime": ".mov", "image/jpeg": ".jpg"}
DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=[^;,]*)*)(;base64)?,", re.IGNORECASE)
MOST = 2 << 30  # bytes that a file may have
LONGEST = 3600.0  # s that a driving video may last
PATIENCE = 60.0  # s without a byte after which the web counts as silent


@dataclass(frozen=True)
class Sources:
    """Where assets may come from.

    store: with the uploads. rigs: {name: file} that `understudy://NAME` stands for. web: whether http(s) addresses
    may be fetched.
    """

    store: Store
    rigs: dict[str, Path] = field(default_factory=dict)
    web: bool = False


def bring(sources: Sources, name: str, kind: str, uri: str, folder: Path) -> str | None:
    """Put an asset into a folder and look whether it is what it is said to be; tells the file's name there.

    name: "character" or "reference". kind: one of orders.KINDS. uri: as the client gave it.
    None is the starter, which has no file. Raises Refused with the field and the reason.
    """
    path, scheme = f"{name}.uri", uri.partition(":")[0].lower()
    if scheme == "understudy":
        rig = _rig(sources, kind, uri, path)
        if rig is None:
            return None
        place = folder / f"{name}{rig.suffix.lower()}"
        put(rig.resolve(), place)
    elif scheme == "data":
        place = _decoded(uri, folder / name, path)
    elif scheme == "runway":
        place = _uploaded(sources.store, uri, folder / name, path)
    elif scheme in ("http", "https"):
        place = _fetched(sources, uri, folder / name, path)
    else:
        known = "a data URI, a runway:// address of an upload, or an https address where this server may fetch"
        raise invalid(issue(path, f"Unknown kind of address: give {known}", "invalid_format"))
    {"image": _check_image, "video": _check_video, "rig": _check_rig}[kind](place, path)
    return place.name


def _rig(sources: Sources, kind: str, uri: str, path: str) -> Path | None:
    name = uri.partition("//")[2]
    names = ", ".join(f"understudy://{known}" for known in (STARTER, *sources.rigs))
    if kind != "rig":
        raise invalid(issue(path, "understudy:// addresses are of rigs: let the character's type be 'rig'"))
    if name == STARTER:
        return None
    if name not in sources.rigs:
        raise invalid(issue(path, f"No rig of that name; there are {names}"))
    return sources.rigs[name]


def _decoded(uri: str, place: Path, path: str) -> Path:
    head = DATA.match(uri[:512])
    if not head:
        raise invalid(issue(path, "Invalid data URI: it must be data:TYPE;base64,DATA", "invalid_format"))
    kind = (head[1] or "").lower()
    try:
        words = uri[head.end() :]
        data = base64.b64decode(words, validate=True) if head[3] else unquote_to_bytes(words)
    except (binascii.Error, ValueError) as fault:
        raise invalid(issue(path, "Invalid data URI: its base64 is damaged", "invalid_format")) from fault
    place = place.with_suffix(SUFFIXES.get(kind) or mimetypes.guess_extension(kind) or ".bin")
    place.write_bytes(data)
    return place


def _uploaded(store: Store, uri: str, place: Path, path: str) -> Path:
    upload = store.upload(uri.partition("//")[2])
    if upload is None:
        raise invalid(issue(path, "There is no upload of that address, or it has expired: upload the file again"))
    place = place.with_suffix(upload.suffix)
    try:
        put(store.uploaded(upload), place)
    except FileNotFoundError as fault:
        raise invalid(issue(path, "The upload was begun, but its file has not been sent")) from fault
    return place


def _fetched(sources: Sources, uri: str, place: Path, path: str) -> Path:
    if not sources.web:
        reason = "This server fetches nothing from the network: upload the file, or start the server with --fetch"
        raise invalid(issue(path, reason))
    ending = Path(urlsplit(uri).path).suffix.lower()
    try:
        with urllib.request.urlopen(uri, timeout=PATIENCE) as answer:
            kind = answer.headers.get_content_type()
            place = place.with_suffix(SUFFIXES.get(kind) or mimetypes.guess_extension(kind) or ending or ".bin")
            with open(place, "wb") as file:
                shutil.copyfileobj(_Limited(answer), file)
    except (urllib.error.URLError, OSError, ValueError) as fault:
        reason = getattr(fault, "reason", None) or getattr(fault, "strerror", None) or fault
        raise invalid(issue(path, f"The address cannot be fetched ({reason})")) from fault
    return place


class _Limited:
    """A stream that ends with an error where it has more than MOST bytes."""

    def __init__(self, stream):
        self._stream, self._left = stream, MOST

    def read(self, count: int = -1) -> bytes:
        """Some bytes."""
        piece = self._stream.read(count)
        self._left -= len(piece)
        if self._left < 0:
            raise OSError(f"it has more than {MOST} bytes")
        return piece


def _check_image(place: Path, path: str) -> None:
    import av

    try:
        with av.open(str(place)) as container:
            next(container.decode(video=0))
    except (av.error.FFmpegError, IndexError, StopIteration, ValueError) as fault:
        raise invalid(issue(path, "Asset is not an image that can be read: give a PNG, JPEG or WebP")) from fault


def _check_video(place: Path, path: str) -> None:
    from ..solvers.footage import video

    try:
        clip = video.probe(place)
    except VideoError as fault:
        raise invalid(issue(path, f"Asset is not a video that can be read: {str(fault).rstrip('.')}")) from fault
    if clip.seconds > LONGEST:
        raise invalid(issue(path, f"Asset duration must be at most {LONGEST:.0f} seconds", "too_big"))


def _check_rig(place: Path, path: str) -> None:
    if place.suffix.lower() not in RIGS:
        kinds = ", ".join(RIGS)
        raise invalid(issue(path, f"Asset is not a rig: upload a file whose name ends with one of {kinds}"))
