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


def draw(sections: Sequence[Section], look: Look) -> str:
    """Draw sections one below the other.

    Words wrap at the width; numbers never do, so a table takes more than the width if they need it.
    """
    from rich.console import Console  # noqa: PLC0415 -- other formats do without
    from rich.text import Text  # noqa: PLC0415

    tables = [_table(section, look) for section in sections]
    console = Console(
        file=io.StringIO(),
        color_system="standard" if look.color else None,
        force_terminal=look.color,
        force_interactive=False,
        legacy_windows=False,
        no_color=not look.color,
        width=10_000,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
    needed = max(console.measure(table).minimum for table in tables)
    console.width = max(min(look.width, _WIDEST), needed)
    for position, (section, table) in enumerate(zip(sections, tables, strict=True)):
        if position:
            console.print()
        console.print(Text(section.title, style="bold"))
        console.print(table)
        for note in section.notes:
            console.print(Text(f" {note}"))
    file = console.file
    assert isinstance(file, io.StringIO)  # noqa: S101 -- for the type checker
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def _table(section: Section, look: Look) -> Table:
    from rich.box import SIMPLE_HEAD, Box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    plain = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
    table = Table(
        box=SIMPLE_HEAD if look.unicode else plain,
        show_edge=False,
        pad_edge=True,
        header_style="dim",
    )
    for column in section.columns:
        table.add_column(
            Text(column.title),
            justify="left" if column.is_prose else "right",
            no_wrap=not column.is_prose,
            overflow="fold",
        )
    for index, row in enumerate(section.rows):
        style = "bold cyan" if index in section.marked else ""
        table.add_row(*(Text(cell) for cell in row), style=style)
    return table
