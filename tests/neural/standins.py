"""Stand-ins that keep to the published interfaces: Runway's, ComfyUI's, and LivePortrait's program."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

NEVER = (lambda done, total: None, lambda: False)  # nobody is told of progress, nobody cancels


class StandIn(ThreadingHTTPServer):
    """A server that notes what it is asked. said: [(method, path, headers, body)]. Used as a context."""

    daemon_threads = True

    def __init__(self, answers):
        self.said, self.answers = [], answers
        super().__init__(("127.0.0.1", 0), Asked)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def asked(self, method, path):
        """The bodies of all requests of a kind."""
        return [body for verb, where, _, body in self.said if verb == method and re.fullmatch(path, where)]


class Asked(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.said.append((self.command, self.path, dict(self.headers), body))
        if self.headers.get("Upgrade"):
            self.close_connection = True
            self.server.answers.listen(self)
            return
        status, answer, headers = self.server.answers(self.command, self.path, body)
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = _answer

    def log_message(self, *_):
        """Say nothing."""


class Runway:
    """Act-Two. film: what it makes. statuses: what a task is, look by look; the last one stays. first: answers that
    come before the usual ones, [(path, status, body, headers)], each once."""

    def __init__(self, film=b"", statuses=("PENDING", "RUNNING", "SUCCEEDED"), first=()):
        self.film, self.statuses, self.first = film, list(statuses), list(first)
        self.tasks = {}

    def __call__(self, method, path, body):
        for number, (where, status, answer, headers) in enumerate(self.first):
            if re.fullmatch(where, path):
                del self.first[number]
                return status, answer, headers
        if path == "/v1/uploads":
            url = f"{self.url}/store"
            return 200, {"runwayUri": "runway://some-file", "uploadUrl": url, "fields": {"key": "k", "policy": "p"}}, {}
        if path == "/store":
            return 204, b"", {}
        if path == "/v1/character_performance":
            task = f"task-{len(self.tasks)}"
            self.tasks[task] = list(self.statuses)
            return 200, {"id": task, "estimatedCost": {"credits": 25}}, {}
        if path == "/film.mp4":
            return 200, self.film, {"Content-Type": "video/mp4"}
        if method == "DELETE":
            self.tasks[path.rpartition("/")[2]] = ["CANCELLED"]
            return 204, b"", {}
        states = self.tasks[path.rpartition("/")[2]]
        status = states.pop(0) if len(states) > 1 else states[0]
        facts = {"id": "t", "createdAt": "2026-01-01T00:00:00Z", "status": status}
        facts |= {"RUNNING": {"progress": 0.5}, "SUCCEEDED": {"output": [f"{self.url}/film.mp4"]}}.get(status, {})
        if status == "FAILED":
            facts |= {"failure": "The face could not be found.", "failureCode": "ASSET.INVALID"}
        return 200, facts, {}


class ComfyUI:
    """ComfyUI. files: {name: content} of its last node. fault: what its node says. speaks: whether there is a
    WebSocket. gate: set when the work is to end."""

    def __init__(self, files, fault="", speaks=True, refusal=None):
        self.files, self.fault, self.speaks, self.refusal = files, fault, speaks, refusal
        self.gate, self.prompt = threading.Event(), None
        self.gate.set()

    def __call__(self, method, path, body):
        path, _, query = path.partition("?")
        if path == "/upload/image":
            name = re.search(rb'filename="([^"]+)"', body)[1].decode()
            return 200, {"name": name, "subfolder": "understudy", "type": "input"}, {}
        if path == "/prompt" and self.refusal:
            return 400, self.refusal, {}
        if path == "/prompt":
            self.prompt = json.loads(body)
            return 200, {"prompt_id": "abc", "number": 1, "node_errors": {}}, {}
        if path == "/history/abc":
            return 200, {"abc": self._history()} if self.gate.is_set() else {}, {}
        if path == "/view":
            return 200, self.files[parse_qs(query)["filename"][0]], {}
        if path in ("/queue", "/interrupt"):
            return 200, b"", {}
        return 404, {"error": "not here"}, {}

    def _history(self):
        if self.fault:
            message = {"node_id": "4", "node_type": "Sampler", "exception_message": self.fault}
            return {"outputs": {}, "status": {"status_str": "error", "completed": False,
                                              "messages": [["execution_error", message]]}}  # fmt: skip
        files = [{"filename": name, "subfolder": "", "type": "output"} for name in self.files]
        return {"outputs": {"9": {"gifs": files}}, "status": {"status_str": "success", "completed": True}}

    def listen(self, link):
        """Speak as a WebSocket: a status, a picture, progress in two frames, a ping, the end."""
        if not self.speaks:
            link.send_response(404)
            link.send_header("Content-Length", "0")
            link.end_headers()
            return
        key = link.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        link.send_response_only(101)
        link.send_header("Upgrade", "websocket")
        link.send_header("Connection", "Upgrade")
        link.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        link.end_headers()

        def send(kind, data, final=True):
            size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack(">H", len(data))
            link.wfile.write(bytes([(0x80 if final else 0) | kind]) + size + data)

        def tell(kind, **data):
            return json.dumps({"type": kind, "data": data}).encode()

        send(1, tell("status", status={"exec_info": {"queue_remaining": 1}}, sid="x"))
        send(2, bytes(3000))
        send(9, b"ping")
        send(1, tell("executing", node="1", prompt_id="abc"))
        words = tell("progress", value=3, max=4, node="1", prompt_id="abc")
        send(1, words[:20], final=False)
        send(0, words[20:])
        if self.gate.wait(10):
            send(1, tell("executing", node=None, prompt_id="abc"))
            send(8, b"")


# LivePortrait's program, as far as its options and its results go; its folder's name says how it is to end.
INFERENCE = '''
import argparse, os, pathlib, shutil, sys, time
options = argparse.ArgumentParser()
options.add_argument("-s", "--source"); options.add_argument("-d", "--driving")
options.add_argument("-o", "--output-dir")
options.add_argument("--flag_crop_driving_video", action="store_true")
options.add_argument("--driving_multiplier", type=float); options.add_argument("--animation_region")
words = options.parse_args()
here = pathlib.Path(__file__).parent
(here / "called").write_text(" ".join(sys.argv[1:]))
(here / "pid").write_text(str(os.getpid()))
for percent in range(0, 101, 25):
    print(f"Animating... {percent:3d}%", end="\\r", flush=True)
if here.name == "slow":
    time.sleep(60)
if here.name == "failing":
    raise RuntimeError("No face detected in the source image!")
name = f"{pathlib.Path(words.source).stem}--{pathlib.Path(words.driving).stem}"
if here.name != "empty":
    shutil.copy(here / "made.mp4", pathlib.Path(words.output_dir) / f"{name}.mp4")
    shutil.copy(here / "made.mp4", pathlib.Path(words.output_dir) / f"{name}_concat.mp4")
'''

