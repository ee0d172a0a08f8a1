"""The part of RFC 6455 that listening to a server takes: the handshake, its messages, pongs. No bpy."""

from __future__ import annotations

import base64
import contextlib
import os
import select
import socket
import struct
from urllib.parse import urlsplit

MOST = 64 << 20  # bytes of a message; previews are pictures
HEAD = 65536  # bytes of the answer to the handshake
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class WebSocket:
    """A connection that listens. url: ws:// or http://. Raises OSError where there is nobody who answers so."""

    def __init__(self, url: str, patience: float = 10.0):
        parts = urlsplit(url)
        if parts.scheme not in ("ws", "http"):
            raise OSError(f"{parts.scheme} is not spoken here")
        self._link = socket.create_connection((parts.hostname, parts.port or 80), timeout=patience)
        self._held, self._pieces, self._kind = b"", b"", TEXT
        try:
            self._shake(parts)
        except BaseException:
            self._link.close()
            raise

    def _shake(self, parts) -> None:
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {parts.netloc}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", ""]
        self._link.sendall("\r\n".join(lines).encode())
        while b"\r\n\r\n" not in self._held:
            self._more()
            if len(self._held) > HEAD:
                raise OSError("no WebSocket answers there")
        head, _, self._held = self._held.partition(b"\r\n\r\n")
        if b" 101 " not in head.partition(b"\r\n")[0] + b" ":
            raise OSError("no WebSocket answers there")

    def text(self, seconds: float) -> str | None:
        """The next message of text, None where there was none for a while. Raises OSError where the server has gone."""
        while True:
            message = self._message()
            if message is not None:
                return message
            if not select.select([self._link], [], [], seconds)[0]:
                return None
            self._more()

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._answer(CLOSE, b"")
        self._link.close()

    def _more(self) -> None:
        piece = self._link.recv(1 << 16)
        if not piece:
            raise ConnectionError("the server has hung up")
        self._held += piece

    def _message(self) -> str | None:
        """A whole message of text out of what is held, None where there is none yet."""
        while (frame := self._frame()) is not None:
            final, kind, data = frame
            if kind == PING:
                self._answer(PONG, data)
            elif kind == CLOSE:
                raise ConnectionError("the server has hung up")
            elif kind < CLOSE:
                self._kind = kind or self._kind
                self._pieces += data if self._kind == TEXT else b""
                if final:
                    data, self._pieces = self._pieces, b""
                    if self._kind == TEXT:
                        return data.decode("utf-8", "replace")
        return None

    def _frame(self) -> tuple[bool, int, bytes] | None:
        """(last of its message, kind, data) of the next frame, None where it is not all there (section 5.2)."""
        held = self._held
        if len(held) < 2:
            return None
        size, at = held[1] & 0x7F, 2
        if size > 125:
            form, length = (">H", 2) if size == 126 else (">Q", 8)
            if len(held) < 2 + length:
                return None
            size, at = struct.unpack_from(form, held, 2)[0], 2 + length
        if size > MOST or held[1] & 0x80:
            raise ConnectionError("the server sends what is no WebSocket message")
        if len(held) < at + size:
            return None
        self._held = held[at + size :]
        return bool(held[0] & 0x80), held[0] & 0x0F, held[at : at + size]

    def _answer(self, kind: int, data: bytes) -> None:
        mask = os.urandom(4)
        data = bytes(letter ^ mask[k % 4] for k, letter in enumerate(data[:125]))
        self._link.sendall(bytes([0x80 | kind, 0x80 | len(data)]) + mask + data)
