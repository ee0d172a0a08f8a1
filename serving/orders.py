"""What a client may ask for, read from the body of a request and refused with the field and the reason."""

from __future__ import annotations

from dataclasses import dataclass

MODEL = "act_two"
RATIOS = ("1280:720", "720:1280", "960:960", "1104:832", "832:1104", "1584:672")
KINDS = ("image", "video", "rig")  # of a character; "rig" is ours
THRESHOLDS = ("auto", "low")
INTENSITY = 3  # Act-Two's own where none is asked for, and as performed in Understudy
SEEDS = 2**32


@dataclass(frozen=True)
class Order:
    """One performance to be made. The words are those of Act-Two's interface.

    character: (kind, uri). reference: uri of the driving video. ratio: "W:H" px. intensity: 1..5.
    body_control: whether more than head, face and gaze is driven. seed: 0..2^32 - 1, None where it does not matter.
    """

    character: tuple[str, str]
    reference: str
    ratio: str = RATIOS[0]
    intensity: int = INTENSITY
    body_control: bool = False
    seed: int | None = None


class Refused(Exception):
    """A request that is not granted. status: HTTP's. body: JSON for the client, as Runway writes it."""

    def __init__(self, status: int, body: dict):
        super().__init__(body.get("error", ""))
        self.status, self.body = status, body


def refusal(status: int, words: str) -> Refused:
    """A refusal with one sentence."""
    return Refused(status, {"error": words})


def invalid(*issues: dict) -> Refused:
    """A refusal of a body. issues: what `issue` gave.

    The form is Runway's: {"error", "issues": [{"code", "path", "message"}], "docUrl"}.
    """
    body = {"error": "Validation of body failed", "issues": list(issues)}
    return Refused(400, body | {"docUrl": "https://docs.dev.runwayml.com/api"})


def issue(path: str, message: str, code: str = "custom") -> dict:
    """What is wrong with one field. path: its name, with dots between parts."""
    return {"code": code, "path": path.split("."), "message": message}


def read(body: dict) -> Order:
    """The order that a request's body holds; members that Act-Two does not know are passed over.

    body: parsed JSON. Raises Refused with all that is wrong.
    """
    wrong: list[dict] = []
    if _text(body, "model", wrong) not in (MODEL, None):
        wrong.append(issue("model", f"Invalid input: expected '{MODEL}'", "invalid_value"))
    character, reference = _asset(body, "character", KINDS, wrong), _asset(body, "reference", ("video",), wrong)
    ratio = body.get("ratio", RATIOS[0])
    if ratio not in RATIOS:
        wrong.append(issue("ratio", f"Invalid option: expected one of {_any(RATIOS)}", "invalid_value"))
    control = body.get("bodyControl", False)
    if not isinstance(control, bool):
        wrong.append(_mistyped("bodyControl", "boolean", control))
    intensity = _whole(body, "expressionIntensity", INTENSITY, 1, 5, wrong)
    seed = _whole(body, "seed", None, 0, SEEDS - 1, wrong)
    _moderation(body, wrong)
    if wrong:
        raise invalid(*wrong)
    return Order(character, reference[1], ratio, intensity, control, seed)


def _asset(body: dict, name: str, kinds: tuple[str, ...], wrong: list[dict]) -> tuple[str, str]:
    """(kind, uri) of a member of the body."""
    asset = body.get(name)
    if not isinstance(asset, dict):
        wrong.append(_mistyped(name, "object", asset))
        return "", ""
    kind, uri = asset.get("type"), asset.get("uri")
    if kind not in kinds:
        wrong.append(issue(f"{name}.type", f"Invalid option: expected one of {_any(kinds)}", "invalid_value"))
    if not isinstance(uri, str):
        wrong.append(_mistyped(f"{name}.uri", "string", uri))
    return kind, uri


def _text(body: dict, name: str, wrong: list[dict]) -> str | None:
    """A member that must be a string; None where it is none, which is told."""
    value = body.get(name)
    if isinstance(value, str):
        return value
    wrong.append(_mistyped(name, "string", value))
    return None


def _whole(body: dict, name: str, otherwise: int | None, least: int, most: int, wrong: list[dict]) -> int | None:
    """A member that may be a whole number."""
    value = body.get(name, otherwise)
    if name not in body:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, int):
        wrong.append(_mistyped(name, "int", value))
    elif value < least:
        wrong.append(issue(name, f"Too small: expected number to be >={least}", "too_small"))
    elif value > most:
        wrong.append(issue(name, f"Too big: expected number to be <={most}", "too_big"))
    return value


def _moderation(body: dict, wrong: list[dict]) -> None:
    """Settings of a moderation that does not take place here; they are read so that mistakes are found."""
    if "contentModeration" not in body:
        return
    settings, name = body["contentModeration"], "contentModeration.publicFigureThreshold"
    if not isinstance(settings, dict):
        wrong.append(_mistyped("contentModeration", "object", settings))
    elif settings.get("publicFigureThreshold", THRESHOLDS[0]) not in THRESHOLDS:
        wrong.append(issue(name, f"Invalid option: expected one of {_any(THRESHOLDS)}", "invalid_value"))


def _mistyped(path: str, expected: str, value) -> dict:
    names = {type(None): "undefined", bool: "boolean", str: "string", list: "array", dict: "object"}
    received = names.get(type(value), "number")
    wrong = issue(path, f"Invalid input: expected {expected}, received {received}", "invalid_type")
    return wrong | {"expected": expected}


def _any(words: tuple[str, ...]) -> str:
    return "|".join(f"'{word}'" for word in words)
