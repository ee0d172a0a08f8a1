"""Talking to a server over HTTP: JSON, uploads and downloads, with patience where a server asks for it. No bpy."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import re
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ...solvers.errors import Cancelled, OutputError, ServiceError
from ...solvers.footage.film import FULL

TRIES = 5  # of one request
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0  # s between tries, doubled each time; up to half as much again by chance
AGAIN = (429, 502, 503, 504)  # answers after which a request may be sent again (docs.dev.runwayml.com/errors)
SILENCE = 60.0  # s without a byte after which a server counts as gone
PIECE = 1 << 18  # bytes
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class _KeyStays(urllib.request.HTTPRedirectHandler):
    """Redirections are followed, but a key does not go to another server."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        """As urllib has it."""
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            new.remove_header("Authorization")
        return new


OPENER = urllib.request.build_opener(_KeyStays)


@dataclass
class Web:
    """A server. base: its address. name: what it is called in sentences. headers: of every request of ours to it.

    cancelled: asked between pieces and tries. pause: s by which waiting is multiplied; tests wait less.
    """

    base: str
    name: str
    headers: dict[str, str] = field(default_factory=dict)
    cancelled: Callable[[], bool] = lambda: False
    pause: float = 1.0

    def json(self, method: str, path: str, body: dict | None = None, again: bool = True) -> dict:
        """What a server answers to a request, parsed.

        again: whether the request may be sent anew where it is not known to have failed.
        Raises ServiceError with the server's own reason, Cancelled.
        """
        data = None if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        request = urllib.request.Request(self.base + path, data, self.headers | kind, method=method)
        try:
            with self._answer(request, again) as answer:
                said = json.loads(answer.read() or b"{}")
        except ValueError as fault:
            raise ServiceError(f"{self.name} answers with what is no JSON: is {self.base} its address?") from fault
        except (OSError, http.client.HTTPException) as fault:
            raise ServiceError(self._unreachable(_reason(fault))) from fault
        if not isinstance(said, dict):
            raise ServiceError(f"{self.name} answers with what is no JSON object: is {self.base} its address?")
        return said

    def send(self, url: str, fields: dict[str, str], file: Path, name: str = "file", ours: bool = True) -> dict:
        """Upload a file as a form; what the server answers, {} where that is no JSON.

        url: with or without the server's address. fields: that come before the file. name: of its field.
        ours: whether the request carries our headers.
        """
        boundary = secrets.token_hex(16)
        head = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        )
        head += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{_plain(file.name)}"\r\n'
        head += "Content-Type: application/octet-stream\r\n\r\n"
        body = head.encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        headers = (self.headers if ours else {}) | {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        address = url if "://" in url else self.base + url
        with self._answer(urllib.request.Request(address, body, headers, method="POST"), True) as answer:
            said = answer.read()
        with contextlib.suppress(ValueError):
            return dict(json.loads(said))
        return {}

    def fetch(self, url: str, out: Path) -> None:
        """Download a file, without our headers. url: with or without the server's address. out: to be written."""
        request = urllib.request.Request(url if "://" in url else self.base + url)
        try:
            with self._answer(request, True) as answer, open(out, "wb") as file:
                total, done = int(answer.headers.get("Content-Length") or 0), 0
                while piece := answer.read(PIECE):
                    file.write(piece)
                    done += len(piece)
                    self._heed()
                if total and done < total:
                    raise ServiceError(f"{self.name} broke off the download after {done} of {total} bytes: try again.")
        except (OSError, http.client.HTTPException) as fault:
            out.unlink(missing_ok=True)
            if getattr(fault, "errno", None) in FULL:
                raise OutputError(f"The disk is full: {out.name} needs room, or another place.") from fault
            reason = f"{self.name} could not be downloaded from ({_reason(fault)}): try again."
            raise ServiceError(reason) from fault

    def wait(self, seconds: float) -> None:
        """Do nothing for a while, unless it is cancelled."""
        end = time.monotonic() + seconds * self.pause
        while (left := end - time.monotonic()) > 0:
            self._heed()
            time.sleep(min(left, 0.1))
        self._heed()

    def _heed(self) -> None:
        if self.cancelled():
            raise Cancelled(f"{self.name}: cancelled; nothing was changed.")

    @contextlib.contextmanager
    def _answer(self, request: urllib.request.Request, again: bool) -> Iterator[http.client.HTTPResponse]:
        """A server's good answer, after as many tries as are allowed."""
        wait = FIRST_WAIT
        if request.type not in ("http", "https"):
            raise ServiceError(f"{self.name} names an address that is none of the web: {request.full_url[:80]}.")
        for attempt in range(1, TRIES + 1):
            self._heed()
            asked = None
            try:
                answer = OPENER.open(request, timeout=SILENCE)
                break
            except urllib.error.HTTPError as no:
                with no:
                    said = no.read(1 << 16)
                if no.code not in AGAIN or attempt == TRIES:
                    raise ServiceError(self._refusal(no.code, said)) from no
                asked = no.headers.get("Retry-After")
            except (urllib.error.URLError, http.client.HTTPException, OSError) as fault:
                reason = getattr(fault, "reason", fault)
                unsent = isinstance(reason, ConnectionRefusedError)
                if attempt == TRIES or not (again or unsent) or unsent and urlsplit(self.base).hostname in LOOPBACK:
                    raise ServiceError(self._unreachable(_reason(reason))) from fault
            pause = float(asked) if asked and asked.isdigit() else wait * (1 + random.random() / 2)
            self.wait(min(pause, LONGEST_WAIT))
            wait *= 2
        with answer:
            yield answer

    def _unreachable(self, reason: str) -> str:
        return f"{self.name} cannot be reached at {self.base} ({reason}): see to the network, or to the address."

    def _refusal(self, code: int, said: bytes) -> str:
        """One sentence about a server's refusal. said: its body."""
        if code == 401:
            return f"{self.name} does not accept the key: see to it in the preferences, or in the environment."
        words = said.decode("utf-8", "replace").strip()
        with contextlib.suppress(ValueError):
            words = "; ".join(_words(json.loads(words)))
        what = {429: "has no room now", 413: "takes no file that large"}.get(code, f"refuses with {code}")
        return f"{self.name} {what}{f' ({words[:400]})' if words else ''}."


def _words(body) -> list[str]:
    """What a JSON body tells people, of Runway's and ComfyUI's forms."""
    if not isinstance(body, dict):
        return [str(body)]
    told = []
    error = body.get("error")
    if isinstance(error, dict):
        told += [str(error.get(name)) for name in ("message", "details") if error.get(name)]
    elif error:
        told.append(str(error))
    for issue in body.get("issues") or ():
        told.append(f"{'.'.join(map(str, issue.get('path', ())))}: {issue.get('message', '')}")
    for node, wrong in (body.get("node_errors") or {}).items():
        for one in wrong.get("errors", ()):
            told.append(f"node {node} ({wrong.get('class_type', '?')}): {one.get('message')} {one.get('details', '')}")
    return told


def _reason(fault) -> str:
    return str(getattr(fault, "strerror", None) or fault or type(fault).__name__)


def _plain(name: str) -> str:
    """A file's name as it may stand in a header."""
    return re.sub(r'[^ -~]|["\\]', "_", name)
