"""Sections as Markdown, for a report or a comment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.render.section import Section

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&])")


def write_markdown(sections: Sequence[Section]) -> str:
    """Write sections one below the other; text from outside stays text."""
    return "\n".join(_section(section) for section in sections)


def _section(section: Section) -> str:
    lines = [
        f"### {escaped(section.title)}",
        "",
        *_fenced(section.formulas),
    ]
    if section.rows:
        lines += [
            _line([escaped(column.title) for column in section.columns]),
            _line([":---" if column.is_text else "---:" for column in section.columns]),
            *(_line([escaped(cell) for cell in row]) for row in section.rows),
        ]
    if section.drawing:
        lines += ["", *_fenced(section.drawing)]
    for note in section.notes:
        lines += ["", escaped(note)]
    return "".join(f"{line}\n" for line in lines)


def _fenced(lines: Sequence[str]) -> list[str]:
    return ["```text", *lines, "```", ""] if lines else []


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def escaped(text: str) -> str:
    r"""Put a backslash before what Markdown or HTML would read as its own.

    Examples
    --------
    >>> escaped("a|b_c")
    'a\\|b\\_c'
    """
    return _SPECIAL.sub(r"\\\1", text)
