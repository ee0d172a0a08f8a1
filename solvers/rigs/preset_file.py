"""Reading presets: TOML files, whose faults are told with file, line and remedy."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from ..errors import PresetError


@dataclass(frozen=True)
class PresetFile:
    """A preset as it stands in its file.

    kind: what it is a preset of ("rig"). name: of the file. lines: its text. words: what TOML makes of it.
    """

    kind: str
    name: str
    lines: tuple[str, ...]
    words: dict

    def fault(self, wrong: str, remedy: str, key: str = "", table: str = "") -> PresetError:
        """The error that tells what is wrong, in which line, and what would be right.

        wrong: follows "The rig preset x.toml, line 3, ". key: the entry that it is about. table: which that is in.
        """
        line = self.line(key, table)
        where = f"{self.name}, line {line}," if line else self.name
        return PresetError(f"The {self.kind} preset {where} {wrong}: {remedy}.")

    def line(self, key: str, table: str = "") -> int:
        """In which line an entry, or its table, stands; 0 if nobody can tell."""
        within, found = "", 0
        for number, line in enumerate(self.lines, 1):
            header = re.match(r"\s*\[\s*([^\]]+?)\s*\]\s*(?:#.*)?$", line)
            if header:
                within = header[1].strip("\"'")
                found = number if within == table or (not table and within == key) else found
            elif within == table and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line) and key:
                return number
        return found


def read(path: Path | str, kind: str, keys: set[str]) -> PresetFile:
    """Read a preset's file.

    kind: what it is a preset of. keys: the entries that it may hold.
    Raises PresetError if it is no TOML file, has no name, or holds any other entry.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        words = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as fault:
        raise PresetError(f"The {kind} preset {path.name} cannot be read ({fault}): give a text file.") from fault
    except tomllib.TOMLDecodeError as fault:
        place = re.search(r"line (\d+)", str(fault))
        line = place[1] if place else len(text.splitlines())
        reason = re.sub(r"\s*\(at .*\)$", "", str(fault)).rstrip(".")
        raise PresetError(
            f"The {kind} preset {path.name}, line {line}, cannot be read ({reason}): write it as TOML has it, "
            'key = "value".'
        ) from fault
    file = PresetFile(kind, path.name, tuple(text.splitlines()), words)
    unknown = sorted(set(words) - keys)
    if unknown:
        raise file.fault(f"has the unknown entry '{unknown[0]}'", f"it may hold {', '.join(sorted(keys))}", unknown[0])
    if not isinstance(words.get("name"), str):
        raise file.fault("has no name", 'write name = "…" in its first line', "name")
    for key, value in words.items():
        if isinstance(value, dict) != (key not in SIMPLE):
            wanted = f"a value: {key} = …" if key in SIMPLE else f"a table: [{key}]"
            raise file.fault(f"has an entry '{key}' of the wrong form", f"write {wanted}", key)
    return file


SIMPLE = {"name", "source", "prefix", "suffix", "sides", "rest", "controls", "pattern"}


def sides_of(file: PresetFile) -> tuple[str, str]:
    """What {side} stands for in a preset, the left one first. Raises PresetError if that is not two words."""
    sides = file.words.get("sides", ["left", "right"])
    if not (isinstance(sides, list) and len(sides) == 2 and all(isinstance(side, str) and side for side in sides)):
        raise file.fault("has sides that are not two words", 'write sides = ["L", "R"], the left one first', "sides")
    return tuple(sides)


def pattern_of(file: PresetFile, key: str) -> str:
    """A regular expression that a preset holds, "" for none. Raises PresetError if it is none."""
    pattern = file.words.get(key, "")
    try:
        re.compile(pattern)
    except (re.error, TypeError) as fault:
        raise file.fault(f"has a bad {key}, no regular expression ({fault})", "mend it", key) from fault
    return pattern


def on(name: str, side: str) -> str:
    """A name on one side: {side} stands for the side's word, {s} for its first letter."""
    return name.replace("{side}", side).replace("{s}", side[:1])


def plain(name: str) -> str:
    """A name without what spellings differ in: lower case, letters and digits only.

    name: of a bone or a slider.
    """
    return "".join(letter for letter in name.lower() if letter.isalnum())
