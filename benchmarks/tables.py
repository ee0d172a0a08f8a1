"""Measurements as lines of a Markdown table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of a table. what: was measured; figure: in its unit; note: on what."""

    what: str
    figure: str
    note: str


def table(rows: list[Row]) -> str:
    """Rows as Markdown."""
    lines = [f"| {row.what} | {row.figure} | {row.note} |" for row in rows]
    return "\n".join(["| what | figure | measured on |", "|---|---|---|", *lines])
