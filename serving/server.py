"""The HTTP side: Runway's addresses, headers, bodies and refusals. Source: docs.dev.runwayml.com and runwayml 5.24."""

from __future__ import annotations

import contextlib
import hmac
import json
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from . import multipart, orders, store
from .media import MOST
from .orders import MODEL, Refused, invalid, issue, refusal
from .studio import Studio

VERSION = "2024-11-06"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
JSON_MOST = 256 << 20  # bytes of a JSON body, data URIs included
DRAINED = 64 << 20  # bytes that are read of a body which is refused, so that the refusal arrives
PIECE = 1 << 20  # bytes that are read or written at a time
SILENCE = 60.0  # s without a byte after which a connection is closed
CREDITS = 1_000_000  # that every organization has here, and keeps
NAME = 255  # letters of a file's name
UUID = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
ROUTES = (  # (method, address, what answers, whether the interface's own headers are wanted)
    ("POST", r"/v1/uploads", "start_upload", True),
    ("POST", r"/v1/character_performance", "create", True),
    ("GET", rf"/v1/tasks/{UUID}", "retrieve", True),
    ("DELETE", rf"/v1/tasks/{UUID}", "delete", True),
    ("GET", r"/v1/organization", "organization", True),
    ("POST", r"/v1/organization/usage", "usage", True),
    ("POST", rf"/uploads/{UUID}/([\w-]+)", "receive", False),
    ("GET", rf"/films/{UUID}/([\w-]+)\.mp4", "film", False),
    ("HEAD", rf"/films/{UUID}/([\w-]+)\.mp4", "film", False),
)


class Server(ThreadingHTTPServer):
    """A server that is bound to its address, and answers once `serve_forever` is called.

    address: (host, port), port 0 for any. studio: what does the work. token: the only one that is let in; "" lets in
    whoever has one. say: called with one line about every request.
    """

    daemon_threads = True

    def __init__(self, address: tuple[str, int], studio: Studio, token: str = "", say: Callable[[str], None] = print):
        if ":" in address[0]:
            import socket

            self.address_family = socket.AF_INET6
        self.studio, self.token, self.say = studio, token, say
        super().__init__(address, Answers)

    @property
    def local(self) -> bool:
        """Whether it can be reached from this machine only."""
        return self.server_address[0] in LOOPBACK

    @property
    def url(self) -> str:
        """Where it is."""
        host, port = self.server_address[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Answers(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "understudy"
    timeout = SILENCE

    def _answer(self) -> None:
        """Find out what is asked for, do it, and tell."""
        self._unread = self._length()
        try:
            name, words, guarded = self._route()
            if guarded:
                self._check_headers()
            getattr(self, f"_{name}")(*words)
        except Refused as no:
            self._refuse(no)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except OSError as fault:  # a full disk, first of all: nothing has been answered yet
            self._refuse(refusal(500, f"The server cannot keep what this needs ({fault.strerror or fault})."))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer

    def _route(self) -> tuple[str, tuple[str, ...], bool]:
        """What answers, what of the address it needs to know, and whether it wants the interface's headers."""
        host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        if self.server.local and host not in LOOPBACK:  # a web page that calls itself this machine
            raise refusal(403, "This server answers to 127.0.0.1 and localhost only.")
        path = self.path.partition("?")[0]
        there = [(route, match) for route in ROUTES if (match := re.fullmatch(route[1], path, re.ASCII))]
        for (method, _, name, guarded), match in there:
            if method == self.command:
                return name, match.groups(), guarded
        if path.startswith("/v1/"):
            self._check_headers()
        if there:
            self._allowed = ", ".join(route[0] for route, _ in there)
            raise refusal(405, f"{self.command} is not possible here: {self._allowed}.")
        raise refusal(404, "There is nothing at this address.")

    def _check_headers(self) -> None:
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        wanted = self.server.token or token.strip()
        if kind.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), wanted.encode()) or not wanted:
            raise refusal(401, "The provided API key is not valid: send it as 'Authorization: Bearer KEY'.")
        version = self.headers.get("X-Runway-Version")
        if version != VERSION:
            said = "is missing" if version is None else f"has the version {version[:40]}, which is not known here"
            raise refusal(400, f"The header X-Runway-Version {said}: send {VERSION}.")

    # --- answers ---

    def _start_upload(self) -> None:
        body = self._body()
        wrong = []
        name, kind = body.get("filename"), body.get("type")
        if not isinstance(name, str) or not 0 < len(name) <= NAME:
            wrong.append(issue("filename", f"Invalid input: expected a name of 1 to {NAME} letters", "invalid_type"))
        if kind != "ephemeral":
            wrong.append(issue("type", "Invalid input: expected 'ephemeral'", "invalid_value"))
        if wrong:
            raise invalid(*wrong)
        upload = self.server.studio.store.expect(name)
        to = f"{self._base()}/uploads/{upload.id}/{upload.secret}"
        self._tell(200, {"runwayUri": f"runway://{upload.id}", "uploadUrl": to, "fields": {"key": upload.id}})

    def _receive(self, upload_id: str, secret: str) -> None:
        kept = self.server.studio.store
        upload = kept.upload(upload_id)
        if upload is None or not hmac.compare_digest(upload.secret.encode(), secret.encode()):
            raise refusal(404, "There is no upload of this address, or it has expired.")
        boundary = multipart.boundary_of(self.headers.get("Content-Type", ""))
        if boundary is None:
            raise refusal(400, "An upload is sent as multipart/form-data, with the file in the field 'file'.")
        place = kept.uploaded(upload)
        whole = place.with_name(f".{upload.id}.{secrets.token_hex(4)}")
        single = whole.with_suffix(".file")
        try:
            with open(whole, "wb") as file:
                for piece in self._pieces(MOST):
                    file.write(piece)
            found = [part for part in multipart.parts(whole, boundary) if part[0] == "file"]
            if len(found) != 1:
                raise refusal(400, "An upload is one file in the field 'file': none was found, or more than one.")
            multipart.copy_part(whole, *found[0][1:], single)
            single.replace(place)
        finally:
            whole.unlink(missing_ok=True)
            single.unlink(missing_ok=True)
        self._tell(204, None)

    def _create(self) -> None:
        task = self.server.studio.create(orders.read(self._body()))
        self._tell(200, {"id": task.id, "estimatedCost": {"credits": 0}})

    def _retrieve(self, task_id: str) -> None:
        found = self.server.studio.task(task_id)
        if found is None:
            raise refusal(404, "There is no task of this id.")
        task, progress = found
        facts = {"id": task.id, "status": task.status, "createdAt": store.moment(task.created)}
        facts |= {"cost" if task.status in store.ENDED else "estimatedCost": {"credits": 0}}
        if task.status == store.RUNNING:
            facts["progress"] = round(progress, 4)
        elif task.status == store.SUCCEEDED:
            facts["output"] = [f"{self._base()}/films/{task.id}/{task.secret}.mp4"]
        elif task.status == store.FAILED:
            facts |= {"failure": task.failure, "failureCode": task.code}
        self._tell(200, facts)

    def _delete(self, task_id: str) -> None:
        if not self.server.studio.delete(task_id):
            raise refusal(404, "There is no task of this id.")
        self._tell(204, None)

    def _organization(self) -> None:
        studio, day = self.server.studio, time.time() - 86400
        limits = {"maxConcurrentGenerations": studio.workers, "maxDailyGenerations": None}
        used = {"dailyGenerations": sum(created > day for created in studio.created())}
        tier = {"maxMonthlyCreditSpend": CREDITS, "models": {MODEL: limits}}
        self._tell(200, {"creditBalance": CREDITS, "tier": tier, "usage": {"models": {MODEL: used}}})

    def _usage(self) -> None:
        start, before = self._dates(self._body())
        days = Counter(datetime.fromtimestamp(made, UTC).date() for made in self.server.studio.created())
        wanted = sorted(day for day in days if start <= day < before)
        results = [{"date": f"{day}", "usedCredits": [{"model": MODEL, "amount": 0}]} for day in wanted]
        self._tell(200, {"results": results, "models": [MODEL], "resultsByApiKey": []})

    def _dates(self, body: dict) -> tuple:
        """The days that usage is asked for: the first, and the one after the last."""
        found = {}
        for name in ("startDate", "beforeDate"):
            if name in body:
                try:
                    found[name] = datetime.strptime(body[name], "%Y-%m-%d").date()
                except (TypeError, ValueError) as fault:
                    raise invalid(issue(name, "Invalid ISO date: expected YYYY-MM-DD", "invalid_format")) from fault
        start = found.get("startDate", datetime.now(UTC).date() - timedelta(days=30))
        before = found.get("beforeDate", start + timedelta(days=31))
        if not timedelta(0) <= before - start <= timedelta(days=90):
            raise invalid(issue("beforeDate", "Must be at most 90 days after the start date", "too_big"))
        return start, before

    def _film(self, task_id: str, secret: str) -> None:
        found = self.server.studio.task(task_id)
        if found is None or not hmac.compare_digest(found[0].secret.encode(), secret.encode()):
            raise refusal(404, "There is nothing at this address.")
        place = self.server.studio.store.film(found[0])
        if not place.is_file() or place.is_symlink():
            raise refusal(404, "There is no film of this task.")
        with open(place, "rb") as file:
            self._send_file(file, place.stat().st_size)

    def _send_file(self, file, size: int) -> None:
        """A film, or the part of it that is asked for."""
        span = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""), re.ASCII)
        first, last = 0, size - 1
        if span and (span[1] or span[2]):
            first = int(span[1]) if span[1] else max(0, size - int(span[2]))
            last = min(last, int(span[2])) if span[1] and span[2] else last
            if first > last:
                raise refusal(416, f"The film has {size} bytes.")
        self.send_response(206 if span else 200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", str(last + 1 - first))
        self.send_header("Accept-Ranges", "bytes")
        if span:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        if self.command == "HEAD":
            return
        file.seek(first)
        left = last + 1 - first
        while left > 0:
            piece = file.read(min(left, PIECE))
            self.wfile.write(piece)
            left -= len(piece)

    # --- bodies ---

    def _length(self) -> int:
        """Bytes of the body that have not been read; -1 where they come in chunks."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return -1
        words = self.headers.get("Content-Length", "0")
        return int(words) if re.fullmatch(r"\d{1,18}", words, re.ASCII) else 0

    def _pieces(self, most: int):
        """The body, piece by piece. Raises Refused where it has more than `most` bytes."""
        if self._unread > most:
            raise refusal(413, f"The body has {self._unread} bytes; at most {most} are taken.")
        if self._unread < 0:
            yield from self._chunks(most)
            return
        while self._unread > 0:
            piece = self.rfile.read(min(self._unread, PIECE))
            if not piece:
                raise ConnectionError("the client has gone")
            self._unread -= len(piece)
            yield piece

    def _chunks(self, most: int):
        """The body where it comes in chunks (RFC 9112, section 7.1)."""
        while True:
            line = self.rfile.readline(1024).partition(b";")[0].strip()
            if not re.fullmatch(rb"[0-9a-fA-F]{1,12}", line):
                raise ConnectionError("a chunk without a length")
            size = int(line, 16)
            most -= size
            if most < 0:
                raise refusal(413, "The body has more bytes than are taken.")
            if not size:
                break
            while size > 0:
                piece = self.rfile.read(min(size, PIECE))
                if not piece:
                    raise ConnectionError("the client has gone")
                size -= len(piece)
                yield piece
            self.rfile.readline(8)
        while self.rfile.readline(1024).strip():  # trailers
            pass
        self._unread = 0

    def _body(self) -> dict:
        """The body as JSON."""
        try:
            body = json.loads(b"".join(self._pieces(JSON_MOST)) or b"{}")
        except (ValueError, RecursionError) as fault:
            raise refusal(400, "The body is no JSON.") from fault
        if not isinstance(body, dict):
            raise refusal(400, "The body is no JSON object.")
        return body

    def _tell(self, status: int, body: dict | None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self._drain()
        self.send_response(status)
        if body is not None:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        if status == 405:
            self.send_header("Allow", self._allowed)
        if status == 429:
            self.send_header("Retry-After", "5")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _refuse(self, no: Refused) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            self._tell(no.status, no.body)

    def _drain(self) -> None:
        """Read what is left of the body, so that the client hears the answer; the connection ends after much of it."""
        if self._unread < 0 or self._unread > DRAINED:
            self.close_connection = True
        left = min(self._unread, DRAINED)
        while left > 0:
            piece = self.rfile.read(min(left, PIECE))
            left = left - len(piece) if piece else 0
        self._unread = 0

    def _base(self) -> str:
        """How the client calls this server."""
        host = self.headers.get("Host", "")
        return f"http://{host}" if re.fullmatch(r"[\w.:\[\]-]{1,255}", host, re.ASCII) else self.server.url

    def log_message(self, form: str, *words) -> None:
        """One line about a request, without addresses that are secrets."""
        line = re.sub(r"(/(?:uploads|films)/[0-9a-f-]{36}/)[\w-]+", r"\1…", form % words)
        self.server.say("".join(letter if letter.isprintable() else "?" for letter in line))
