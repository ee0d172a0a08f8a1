"""The one file of a multipart/form-data body, found in a file on disk so that large uploads need no memory.

Source: RFC 7578 and RFC 2046, section 5.1.
"""

from __future__ import annotations

import mmap
import re
import shutil
from email.message import Message
from pathlib import Path

HEAD = 16384  # bytes that the head of a part may have
PARTS = 64  # that a body may have


def boundary_of(content_type: str) -> bytes | None:
    """The words between the parts of a body, None where it has none. content_type: the header's value."""
    message = Message()
    message["Content-Type"] = content_type
    if message.get_content_type() != "multipart/form-data":
        return None
    boundary = message.get_boundary("")
    return boundary.encode("latin-1") if 0 < len(boundary) <= 70 else None


def parts(body: Path, boundary: bytes) -> list[tuple[str, int, int]]:
    """Where the parts of a body lie: [(name, first byte, last byte + 1)]; [] where it is not well formed.

    body: a file that holds it.
    """
    mark, found = b"--" + boundary, []
    with open(body, "rb") as file:
        if not body.stat().st_size:
            return []
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            at = 0 if data[: len(mark)] == mark else data.find(b"\r\n" + mark) + 2
            while len(found) < PARTS and data[at : at + len(mark)] == mark:
                at += len(mark)
                if data[at : at + 2] == b"--":
                    return found
                head = data.find(b"\r\n\r\n", at, at + HEAD)
                end = data.find(b"\r\n" + mark, head + 2)
                if head < 0 or end < 0:
                    return []
                start = min(head + 4, end) if end > head + 2 else end
                found.append((_name(bytes(data[at:head])), start, end))
                at = end + 2
    return []


def copy_part(body: Path, start: int, end: int, out: Path) -> None:
    """Write a part to a file of its own. start, end: bytes of the body. out: to be written."""
    with open(body, "rb") as source, open(out, "wb") as target:
        source.seek(start)
        left = end - start
        while left > 0:
            piece = source.read(min(left, 1 << 20))
            target.write(piece)
            left -= len(piece)
    shutil.copymode(body, out)


def _name(head: bytes) -> str:
    """What a part is called."""
    match = re.search(rb'content-disposition:\s*form-data;.*?\bname="([^"]*)"', head, re.IGNORECASE | re.DOTALL)
    return match[1].decode("utf-8", "replace") if match else ""
