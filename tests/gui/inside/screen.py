"""Pictures of the screen, as they lie in the virtual screen's own file (XWD), and how to make PNG of them."""

import struct
import zlib
from pathlib import Path

HEADER = struct.Struct(">25I")  # X11/XWDFile.h: all fields of the header, big-endian


def keep(framebuffer: Path, place: Path) -> None:
    """Copy the picture that the screen shows now; quick, so that it may be done while something is measured.

    framebuffer: Xvfb's file. place: a new .xwd.
    """
    place.write_bytes(framebuffer.read_bytes())


def rows(data: bytes) -> tuple[int, int, list[bytes]]:
    """Width and height in px, and the rows, three bytes (red, green, blue) a pixel.

    data: an XWD file of 32 bits a pixel, as Xvfb makes it at depth 24. Raises ValueError for anything else.
    """
    fields = HEADER.unpack_from(data)
    size, version, _, _, width, height, _, order, _, _, _, bits, stride = fields[:13]
    colours = fields[19]
    if (version, bits, order) != (7, 32, 0):
        raise ValueError(f"No picture of a 24-bit Xvfb: version {version}, {bits} bits a pixel, byte order {order}.")
    start = size + 12 * colours
    made = []
    for row in range(height):
        line = data[start + row * stride : start + row * stride + width * 4]
        pixels = bytearray(width * 3)
        pixels[0::3], pixels[1::3], pixels[2::3] = line[2::4], line[1::4], line[0::4]
        made.append(bytes(pixels))
    return width, height, made


def colours(data: bytes) -> int:
    """How many different colours every eighth row of a picture shows. data: as `rows` takes it."""
    width, _, lines = rows(data)
    return len({line[x * 3 : x * 3 + 3] for line in lines[::8] for x in range(width)})


def png(data: bytes) -> bytes:
    """The same picture as a PNG. data: as `rows` takes it."""
    width, height, lines = rows(data)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(b"".join(b"\0" + line for line in lines), 6)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
