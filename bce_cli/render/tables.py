"""Sections drawn for the terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from bce_cli.render.look import Look
    from bce_cli.render.section import Section

_WIDEST = 120
_NARROWEST = 20  # no number in a sentence is longer
_GAP = 2  # between columns


def draw(sections: Sequence[Section], look: Look) -> str:
    """Draw sections one below the other.

    Words wrap at the width; numbers never do, so a table takes more than the width if they need it.
    """
    from rich.console import Console
    from rich.text import Text

    tables = [_table(section, look) for section in sections]
    prose = max(min(look.width, _WIDEST), _NARROWEST)
    console = Console(
        file=io.StringIO(),
        color_system="standard" if look.color else None,
        force_terminal=look.color,
        force_interactive=False,
        legacy_windows=False,
        no_color=not look.color,
        width=max(prose, *(_least_width(section) for section in sections)),
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
    for position, (section, table) in enumerate(zip(sections, tables, strict=True)):
        if position:
            console.print()
        console.print(Text(section.title, style="bold"), width=prose)
        for formula in section.formulas:
            console.print(
                Text(f"  {formula}", style="green"), no_wrap=True, overflow="ignore", crop=False
            )
        if section.rows:
            console.print(table, width=max(prose, _least_width(section)))
        for line in section.drawing:
            console.print(Text(line), no_wrap=True, overflow="ignore", crop=False)
        for note in section.notes:
            console.print(Text(note), width=prose)
    file = console.file
    assert isinstance(file, io.StringIO)  # noqa: S101 -- for the type checker
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def _least_width(section: Section) -> int:
    """Return the width below which a number would be cut: words may break at spaces."""
    from rich.cells import cell_len

    width = 0
    for index, column in enumerate(section.columns):
        cells = [column.title, *(row[index] for row in section.rows)]
        parts = [word for cell in cells for word in cell.split()] if column.wraps else cells
        width += max(map(cell_len, parts)) + _GAP
    return width - 1  # nothing follows the last column but its padding


def _table(section: Section, look: Look) -> Table:
    from rich.box import SIMPLE_HEAD, Box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    plain = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
    table = Table(
        box=SIMPLE_HEAD if look.unicode else plain,
        show_edge=False,
        padding=(0, 1, 0, 0),
        header_style="dim",
    )
    for index, column in enumerate(section.columns):
        cells = (column.title, *(row[index] for row in section.rows))
        table.add_column(
            Text(column.title),
            justify="left" if column.is_text else "right",
            no_wrap=not column.wraps,
            min_width=None if column.wraps else max(cell_len(cell) for cell in cells),
            overflow="fold",
        )
    for index, row in enumerate(section.rows):
        style = "bold cyan" if index in section.marked else ""
        table.add_row(*(Text(cell) for cell in row), style=style)
    return table
