"""Runway's Act-Two. Source: docs.dev.runwayml.com, and the runwayml package 5.24.

The key is read from RUNWAYML_API_SECRET or from Blender's preferences; RUNWAYML_BASE_URL names another server, such as
`understudy serve`.
"""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...solvers.errors import Cancelled, ServiceError
from . import STEPS, Asked, Order, Progress, parts
from .web import LOOPBACK, Web, urlsplit

BASE, VERSION = "https://api.dev.runwayml.com", "2024-11-06"
RATIOS = ("1280:720", "720:1280", "960:960", "1104:832", "832:1104", "1584:672")
LEAST, MOST = 3.0, 30.0  # s that a driving video may last
CREDITS, FEWEST, DOLLARS = 5.0, 15, 0.01  # credits a second, a request at least; $ a credit
LARGEST = 200 << 20  # bytes of an ephemeral upload
POLL, SLOWEST = 5.0, 20.0  # s between two looks at a task, at first and at last
PICTURES = (".png", ".jpg", ".jpeg", ".webp")


def credits(lengths: list[float]) -> int:
    """What parts of these lengths in s cost."""
    return sum(max(FEWEST, math.ceil(CREDITS * max(LEAST, seconds))) for seconds in lengths)


@dataclass
class Runway:
    """Act-Two on a server. key: "" for none. base: its address. pause: as Web has it."""

    key: str = ""
    base: str = ""
    pause: float = 1.0
    title: str = "Runway Act-Two"

    def __post_init__(self):
        self.key = (os.environ.get("RUNWAYML_API_SECRET") or self.key).strip()
        self.base = (os.environ.get("RUNWAYML_BASE_URL") or self.base or BASE).rstrip("/")

    @property
    def local(self) -> bool:
        """Whether it is a server on this machine."""
        return urlsplit(self.base).hostname in LOOPBACK

    def check(self, order: Order) -> None:
        """Raise ServiceError where the key is missing, or the order is none that Act-Two takes."""
        if not self.key:
            raise ServiceError(
                "Runway needs a key: set RUNWAYML_API_SECRET, or enter it in the preferences of Understudy."
            )
        if not self.base.startswith("https://") and not self.local:
            raise ServiceError(f"A key is sent over https only: {self.base} is not such an address.")
        if order.ratio not in RATIOS:
            raise ServiceError(f"Act-Two makes no films of {order.ratio}: choose one of {', '.join(RATIOS)}.")
        if not order.character.is_file():
            raise ServiceError(f"There is no picture or film of the character at {order.character}.")

    def cost(self, order: Order) -> str:
        """Credits and dollars, and how many requests."""
        lengths = [part.seconds for part in parts.quiet_parts(order.video, LEAST, MOST)]
        amount = credits(lengths)
        split = f" in {len(lengths)} parts" if len(lengths) > 1 else ""
        held = f", its last picture held up to {LEAST:g} s" if sum(lengths) < LEAST else ""
        return f"{amount} credits ($ {amount * DOLLARS:.2f}) for {sum(lengths):.1f} s{split}{held}"

    def render(self, order: Order, out: Path, progress: Progress, cancelled: Asked) -> list[str]:
        """As Renderer has it."""
        self.check(order)
        web = Web(self.base, "Runway", {"Authorization": f"Bearer {self.key}", "X-Runway-Version": VERSION}, cancelled,
                  self.pause)  # fmt: skip
        pieces = parts.quiet_parts(order.video, LEAST, MOST)
        notes = _notes(pieces)
        with tempfile.TemporaryDirectory(prefix="understudy-runway-") as place:
            folder, films = Path(place), []
            character = _asset(web, order.character)
            for number, piece in enumerate(pieces):
                driving = folder / f"driving{number}.mp4"
                parts.cut(order.video, piece, driving, LEAST)

                def told(share: float, number=number) -> None:
                    progress(round(STEPS * (number + share) / len(pieces)), STEPS)

                films.append(folder / f"made{number}.mp4")
                task = _create(web, order, character, _asset(web, driving))
                web.fetch(_output(web, task, told), films[-1])
            parts.join(films, pieces, out, order.video)
        progress(STEPS, STEPS)
        return notes


def _notes(pieces: list[parts.Part]) -> list[str]:
    if len(pieces) > 1:
        times = ", ".join(f"{piece.start:.2f}" for piece in pieces[1:])
        return [f"Act-Two takes {MOST:g} s at most: the clip was cut where little moves, at {times} s."]
    if pieces[0].seconds < LEAST:
        return [f"Act-Two takes {LEAST:g} s at least: the last picture was held, and what was made of it left out."]
    return []


def _asset(web: Web, path: Path) -> str:
    """The address of a file after its upload."""
    size = path.stat().st_size
    if size > LARGEST:
        raise ServiceError(f"Runway takes files of {LARGEST >> 20} MB at most; {path.name} has {size >> 20} MB.")
    slot = web.json("POST", "/v1/uploads", {"filename": path.name, "type": "ephemeral"})
    try:
        web.send(slot["uploadUrl"], slot.get("fields", {}), path, ours=False)
        return slot["runwayUri"]
    except KeyError as fault:
        raise ServiceError(f"Runway's answer to an upload lacks {fault}: is {web.base} its address?") from fault


def _create(web: Web, order: Order, character: str, reference: str) -> str:
    """The id of a new task; not sent twice, for each would be charged."""
    kind = "image" if order.character.suffix.lower() in PICTURES else "video"
    body = {
        "model": "act_two",
        "character": {"type": kind, "uri": character},
        "reference": {"type": "video", "uri": reference},
        "bodyControl": order.body_control,
        "expressionIntensity": order.intensity,
        "ratio": order.ratio,
    } | ({} if order.seed is None else {"seed": order.seed})
    return str(web.json("POST", "/v1/character_performance", body, again=False).get("id", ""))


def _output(web: Web, task: str, told: Callable[[float], None]) -> str:
    """The address of a task's film, once it is there; a task that nobody waits for any more is cancelled."""
    wait = POLL
    try:
        while True:
            facts = web.json("GET", f"/v1/tasks/{task}")
            status = facts.get("status")
            if status == "SUCCEEDED" and facts.get("output"):
                return facts["output"][0]
            if status in ("FAILED", "CANCELLED", "SUCCEEDED"):
                code, words = facts.get("failureCode") or status, str(facts.get("failure") or "no reason given")
                raise ServiceError(f"Runway could not make the film ({code}): {words.rstrip('.')}.")
            told(float(facts.get("progress") or 0.0))
            web.wait(wait)
            wait = min(wait * 1.2, SLOWEST)
    except (Cancelled, KeyboardInterrupt):
        with contextlib.suppress(ServiceError):
            Web(web.base, web.name, web.headers).json("DELETE", f"/v1/tasks/{task}", again=False)
        raise
