"""Looks: named settings for how a performance comes out on a character, as presets/looks holds them."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path

from ..errors import OutputError, PresetError, SettingsError
from ..record import written_whole
from ..settings import Settings
from .presets import toml

LOOKS = Path(__file__).resolve().parents[2] / "presets" / "looks"
# Settings that tell of one video, its performer and what an artist has made by hand: no look has them.
FOOTAGE = ("fps", "height", "lens", "mirror", "neutral", "calibration", "by_hand")
NAMES = tuple(entry.name for entry in dataclasses.fields(Settings) if entry.name not in FOOTAGE)


@dataclass(frozen=True)
class Look:
    """How a performance comes out.

    name, meaning: for the user; the meaning is a line without a final stop.
    values: {setting: value} of NAMES; what is left out has its default.
    """

    name: str
    meaning: str
    values: dict

    def on(self, settings: Settings) -> Settings:
        """Settings with this look; what tells of the footage stays. settings: as they are."""
        footage = {name: getattr(settings, name) for name in FOOTAGE}
        return Settings(**{**self.values, **footage})


def load(path: Path | str) -> Look:
    """Read a look.

    path: of the TOML file, in the form that presets/README.md tells.
    Raises PresetError if it is not well formed; the message says where and what would be right.
    """
    path = Path(path)
    try:
        words = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise PresetError(f"The look {path.name} cannot be read ({fault}): mend the TOML file.") from fault
    values, meaning = words.get("settings", {}), words.get("meaning", "")
    unknown = sorted(set(words) - {"name", "meaning", "settings"})
    if unknown or not isinstance(words.get("name"), str) or not isinstance(meaning, str):
        wrong = f"has the unknown entry '{unknown[0]}'" if unknown else "lacks a name or a meaning that is text"
        raise PresetError(f"The look {path.name} {wrong}: it may hold name, meaning and [settings].")
    if not isinstance(values, dict):
        raise PresetError(f"The look {path.name} has settings that are no table: write [settings], and one in a line.")
    for name, value in values.items():
        _check(name, value, path)
    look = Look(words["name"], meaning, values)
    try:
        look.on(Settings())
    except SettingsError as fault:
        raise PresetError(f"The look {path.name} goes too far: {fault}") from fault
    return look


def _check(name: str, value, path: Path) -> None:
    if name not in NAMES:
        raise PresetError(f"The look {path.name} sets '{name}': a look may set {', '.join(NAMES)}.")
    usual = getattr(Settings(), name)
    right, kinds = next(
        (right, kinds)
        for kind, right, kinds in (
            (bool, "true or false", (bool,)), (str, "a word in quotes", (str,)), (float, "a number", (int, float))
        )
        if isinstance(usual, kind)
    )  # fmt: skip
    if not isinstance(value, kinds) or isinstance(value, bool) != isinstance(usual, bool):
        raise PresetError(f"The look {path.name} sets {name} to {toml(value)}: write {right}.")


def shipped() -> tuple[Look, ...]:
    """All looks in the folder LOOKS: as performed first, then by file name."""
    paths = sorted(LOOKS.glob("*.toml"), key=lambda path: (path.stem != "as_performed", path.stem))
    return tuple(load(path) for path in paths)


def look_of(settings: Settings, name: str) -> Look:
    """The look that settings have. name: for the user. Values are rounded to what a slider shows, and a bit."""
    values = {entry: getattr(settings, entry) for entry in NAMES}
    return Look(name, "", {key: round(value, 4) if type(value) is float else value for key, value in values.items()})


def save(look: Look, path: Path | str) -> None:
    """Write a look, whole or not at all; `load` reads the same from it.

    path: of the TOML file. Raises OutputError if it cannot be written.
    """
    lines = [f"name = {toml(look.name)}", *([f"meaning = {toml(look.meaning)}"] if look.meaning else [])]
    lines += ["", "[settings]", *(f"{name} = {toml(value)}" for name, value in look.values.items())]
    try:
        with written_whole(path) as temporary:
            temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except (OSError, UnicodeEncodeError) as fault:
        raise OutputError(f"The look {look.name} cannot be written ({fault}): make room for it.") from fault
