"""ComfyUI: a workflow of the user's, with named inputs filled in. Source: docs.comfy.org, Server, Routes and Messages.

The workflow is what ComfyUI saves as *Export (API)*. Whatever node has a title that begins with "understudy:" gets what
the title names: `understudy:video`, `understudy:character`, `understudy:depth`, `understudy:pose` and the other passes
(their films; `understudy:pose.png` for the first picture), `understudy:prompt`, `understudy:seed`, `understudy:width`,
`understudy:height`, `understudy:frames`, `understudy:fps`, `understudy:intensity`. Which of the node's inputs it goes
to is found by its kind, or said after an @: `understudy:seed@noise_seed`. `understudy:result` marks the node whose film
or pictures come back; without it, the last one that has any.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from ...solvers.errors import Cancelled, ServiceError
from ...solvers.footage import film, video
from . import STEPS, Asked, Order, Progress, parts
from .web import LOOPBACK, Web, urlsplit
from .websocket import WebSocket

BASE = "http://127.0.0.1:8188"
MARK = "understudy:"
FILES = ("video", "image", "file", "path", "audio", "upload")  # inputs of a node that a file's name may go to
VALUES = {
    "prompt": ("text", "prompt", "value", "string", "positive_prompt", "positive"),
    "seed": ("seed", "noise_seed", "value", "int"),
    "width": ("width", "value", "int"),
    "height": ("height", "value", "int"),
    "frames": ("frames", "num_frames", "length", "frame_load_cap", "value", "int"),
    "fps": ("fps", "frame_rate", "force_rate", "value", "float", "int"),
    "intensity": ("intensity", "strength", "driving_multiplier", "multiplier", "value", "float"),
}
FILMS = (".mp4", ".mov", ".webm", ".mkv", ".gif", ".webp")
PICTURES = (".png", ".jpg", ".jpeg")
POLL = 1.0  # s between two looks at the history; with a WebSocket, the longest wait for a word


@dataclass
class ComfyUI:
    """A ComfyUI server and a workflow. workflow: path of its JSON. base: its address. pause: as Web has it."""

    workflow: Path
    base: str = BASE
    pause: float = 1.0
    title: str = "ComfyUI"

    @property
    def local(self) -> bool:
        """Whether it is a server on this machine."""
        return urlsplit(self.base).hostname in LOOPBACK

    def check(self, order: Order) -> None:
        """Raise ServiceError where the workflow cannot be read, or asks for what the order does not have."""
        nodes = read(self.workflow)
        values, files = _values(order), _files(order)
        for name, node, _ in named(nodes):
            if name != "result" and name not in values and name not in files:
                known = ", ".join([*values, *files, "result"])
                raise ServiceError(f"The workflow's node {node} asks for {MARK}{name}; there are {known}.")

    def cost(self, order: Order) -> str:
        """Nothing, but time."""
        return "Free, on your own server" if self.local else f"What {urlsplit(self.base).hostname} takes for it"

    def render(self, order: Order, out: Path, progress: Progress, cancelled: Asked) -> list[str]:
        """As Renderer has it."""
        self.check(order)
        web = Web(self.base.rstrip("/"), "ComfyUI", {}, cancelled, self.pause)
        nodes = filled(read(self.workflow), _values(order), lambda name: _sent(web, _files(order)[name]))
        client = uuid.uuid4().hex
        ears = _listening(web, client)
        try:
            said = web.json("POST", "/prompt", {"prompt": nodes, "client_id": client}, again=False)
            if not said.get("prompt_id"):
                raise ServiceError("ComfyUI did not take the workflow, and gave no reason.")
            history = _waited(web, ears, said["prompt_id"], len(nodes), progress)
        finally:
            if ears is not None:
                ears.close()
        with tempfile.TemporaryDirectory(prefix="understudy-comfyui-") as folder:
            _brought(web, outputs(history, nodes), Path(folder), order, out)
        progress(STEPS, STEPS)
        return []


def read(workflow: Path) -> dict[str, dict]:
    """The nodes of a workflow in API form, {id: {"class_type", "inputs", "_meta"}}. Raises ServiceError."""
    try:
        nodes = json.loads(Path(workflow).read_text("utf-8"))
    except OSError as fault:
        raise ServiceError(f"The workflow {workflow} cannot be read ({fault.strerror}): choose its JSON.") from fault
    except ValueError as fault:
        raise ServiceError(f"{Path(workflow).name} is no JSON: choose what ComfyUI saves as Export (API).") from fault
    if isinstance(nodes, dict) and "nodes" in nodes and "links" in nodes:
        raise ServiceError(f"{Path(workflow).name} is the editor's own form: save it by Export (API) instead.")
    well = isinstance(nodes, dict) and nodes and all(
        isinstance(node, dict) and "class_type" in node and isinstance(node.get("inputs"), dict)
        for node in nodes.values()
    )
    if not well:
        raise ServiceError(f"{Path(workflow).name} is no workflow: choose what ComfyUI saves as Export (API).")
    return nodes


def named(nodes: dict[str, dict]) -> list[tuple[str, str, str]]:
    """[(name, node's id, input's name or "")] of the nodes whose titles begin with our mark."""
    found = []
    for node, facts in nodes.items():
        title = str((facts.get("_meta") or {}).get("title", "")).strip()
        if title.lower().startswith(MARK):
            name, _, entry = title[len(MARK) :].partition("@")
            found.append((name.strip().lower(), node, entry.strip()))
    return found


def filled(nodes: dict[str, dict], values: dict, sent: Callable[[str], str]) -> dict[str, dict]:
    """A copy of a workflow with its named inputs filled in.

    values: {name: number or words}. sent: uploads the file of a name, and tells what ComfyUI calls it.
    Raises ServiceError where a node has no such input.
    """
    nodes, names = json.loads(json.dumps(nodes)), {}
    for name, node, entry in named(nodes):
        if name == "result":
            continue
        inputs = nodes[node]["inputs"]
        likely = VALUES[name] if name in values else FILES
        entry = entry or next((one for one in likely if one in inputs), "")
        if not entry:
            raise ServiceError(
                f"The workflow's node {node} ({nodes[node]['class_type']}) has no input for {MARK}{name}: say which "
                f"after an @, one of {', '.join(inputs)}."
            )
        if name not in values and name not in names:
            names[name] = sent(name)
        inputs[entry] = values[name] if name in values else names[name]
    return nodes


def outputs(history: dict, nodes: dict[str, dict]) -> list[dict]:
    """The files that came of a workflow, [{"filename", "subfolder", "type"}]: one film, or pictures in order.

    history: one entry of ComfyUI's. Raises ServiceError where there are none.
    """
    marked = [node for name, node, _ in named(nodes) if name == "result"]
    made = {node: _files_of(facts) for node, facts in (history.get("outputs") or {}).items()}
    chosen = [made[node] for node in marked if made.get(node)] or [files for files in made.values() if files]
    chosen.sort(key=lambda files: Path(files[0]["filename"]).suffix.lower() in FILMS)
    if not chosen:
        raise ServiceError("The workflow ended without a film or pictures: mark its last node understudy:result.")
    films = [file for file in chosen[-1] if Path(file["filename"]).suffix.lower() in FILMS]
    return films[-1:] or chosen[-1]


def _files_of(facts: dict) -> list[dict]:
    found = [file for files in facts.values() if isinstance(files, list) for file in files if isinstance(file, dict)]
    return [f for f in found if Path(str(f.get("filename", ""))).suffix.lower() in FILMS + PICTURES]


def _values(order: Order) -> dict:
    width, height = map(int, order.ratio.split(":"))
    clip = video.probe(order.video)
    return {"prompt": order.prompt, "seed": order.seed or 0, "width": width, "height": height, "frames": clip.frames,
            "fps": clip.fps, "intensity": order.intensity / 3}  # fmt: skip


def _files(order: Order) -> dict[str, Path]:
    """{name: file} that a workflow may ask for."""
    files = {"video": order.video, "character": order.character}
    if order.passes is None:
        return files
    try:
        manifest = json.loads((order.passes / "manifest.json").read_text("utf-8"))
        for name, facts in manifest["passes"].items():
            files[name] = order.passes / facts["video"]
            files[f"{name}.png"] = order.passes / facts["folder"] / (facts["pattern"] % manifest["frames"][0])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise ServiceError(f"The passes in {order.passes} cannot be read: write them again.") from fault
    return {name: path for name, path in files.items() if path.is_file()}


def _sent(web: Web, path: Path) -> str:
    """What ComfyUI calls a file after its upload; films go the same way as pictures."""
    said = web.send("/upload/image", {"type": "input", "overwrite": "true"}, path, name="image")
    if "name" not in said:
        raise ServiceError(f"ComfyUI did not take {path.name}, and gave no reason.")
    return f"{said['subfolder']}/{said['name']}" if said.get("subfolder") else said["name"]


def _listening(web: Web, client: str) -> WebSocket | None:
    """A line on which the server tells of progress; None where there is none, which takes nothing but the progress."""
    with contextlib.suppress(OSError):
        return WebSocket(f"{web.base}/ws?clientId={client}")
    return None


def _waited(web: Web, ears: WebSocket | None, prompt: str, count: int, progress: Progress) -> dict:
    """The entry of the history once the workflow has ended; one that nobody waits for any more is cancelled."""
    done: set = set()
    try:
        while True:
            entry = web.json("GET", f"/history/{prompt}").get(prompt)
            if entry is not None:
                _check_status(entry)
                return entry
            if ears is None:
                web.wait(POLL)
                continue
            try:
                _listen(web, ears, prompt, count, done, progress)
            except OSError:
                ears.close()
                ears = None
    except (Cancelled, KeyboardInterrupt):
        with contextlib.suppress(ServiceError):
            still = Web(web.base, web.name)
            still.json("POST", "/queue", {"delete": [prompt]}, again=False)
            still.json("POST", "/interrupt", {"prompt_id": prompt}, again=False)
        raise


def _listen(web: Web, ears: WebSocket, prompt: str, count: int, done: set, progress: Progress) -> None:
    """Follow the server's words until there are none, or the workflow has ended. done: nodes that have."""
    while True:
        web.wait(0)
        words = ears.text(POLL * web.pause)
        if words is None:
            return
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
            message = json.loads(words)
            kind, data = message["type"], message["data"]
            if data.get("prompt_id") not in (None, prompt):
                continue
            if kind in ("execution_success", "execution_error", "execution_interrupted"):
                return
            if kind == "executing":
                if data["node"] is None:
                    return
                done.add(data["node"])
            elif kind == "execution_cached":
                done.update(data["nodes"])
            part = data["value"] / data["max"] if kind == "progress" and data.get("max") else 0.0
            progress(round(STEPS * min(1.0, (max(len(done) - 1, 0) + part) / count)), STEPS)


def _check_status(entry: dict) -> None:
    status = entry.get("status") or {}
    if status.get("status_str") != "error":
        return
    for kind, data in status.get("messages") or ():
        if kind == "execution_error":
            where = f"{data.get('node_type', '?')} ({data.get('node_id', '?')})"
            reason = " ".join(str(data.get("exception_message", "no reason given")).split()).rstrip(".")
            raise ServiceError(f"ComfyUI could not make the film: {where}: {reason}.")
        if kind == "execution_interrupted":
            raise ServiceError("The work was interrupted in ComfyUI.")
    raise ServiceError("ComfyUI could not make the film, and gave no reason.")


def _brought(web: Web, files: list[dict], folder: Path, order: Order, out: Path) -> None:
    """Download what came of a workflow, and write it as a film with the clip's sound."""
    clip, places = video.probe(order.video), []
    for number, file in enumerate(files):
        place = folder / f"{number:06}{Path(file['filename']).suffix.lower()}"
        query = {name: file.get(name, "") for name in ("filename", "subfolder", "type")}
        web.fetch(f"/view?{urlencode(query)}", place)
        places.append(place)
    if places[0].suffix in FILMS:
        made = video.probe(places[0])
        parts.join([places[0]], [parts.Part(0.0, made.seconds)], out, order.video)
    else:
        film.write(out, _pictures(places), clip.fps, film.Soundtrack(str(order.video)))


def _pictures(places: list[Path]):
    """Pictures from files, rgb (H, W, 3), all of the first one's size, made even."""
    import cv2

    size = None
    for place in places:
        picture = cv2.imread(str(place), cv2.IMREAD_COLOR)
        if picture is None:
            raise ServiceError("ComfyUI's pictures cannot be read: are they whole?")
        size = size or (picture.shape[1] // 2 * 2, picture.shape[0] // 2 * 2)
        picture = picture if picture.shape[1::-1] == size else cv2.resize(picture, size)
        yield cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
