"""A finished report in the format that was asked for: a table, Markdown, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from bce_cli.errors import without_formula

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from bce_cli.render.layout import Column, Look, Section

Format: TypeAlias = Literal["table", "json", "csv", "markdown"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&])")
_WIDEST = 120
_NARROWEST = 20  # no number in a sentence is longer
_GAP = 2  # between columns


class Document(Protocol):
    """What a command found, and where it came from: all there is to say of it.

    Attributes
    ----------
    tables : collection of str
        Keys of the record, at whatever depth, that hold more than the answer.
    """

    @property
    def tables(self) -> Collection[str]:
        """See above."""

    def sections(self, look: Look) -> Sequence[Section]:
        """Say it to people; the first section is the answer, and stands for itself."""

    def record(self) -> Mapping[str, Any]:
        """Say it to programs, in JSON; numbers may be infinite or nan."""

    def lines(self, *, brief: bool = False) -> Sequence[Mapping[str, Any]]:
        """Say it, or in brief the answer alone, in CSV: some lines, all with the same keys."""


def write_document(
    document: Document,
    output_format: Format,
    look: Look,
    *,
    brief: bool = False,
    excel_safe: bool = False,
) -> str:
    """Write a report as text.

    Who reads a page begins at its top, where the answer stands; on a terminal one sees what stands
    above the prompt, so there the answer comes last.

    Parameters
    ----------
    document : Document
    output_format : {"table", "json", "csv", "markdown"}
    look : Look
        Matters for tables, and for the signs in Markdown.
    brief : bool, default False
        Whether to write the answer alone.
    excel_safe : bool, default False
        Whether no text in CSV may look like a formula.
    """
    if output_format == "json":
        record = document.record()
        return write_json(without(record, document.tables) if brief else record)
    if output_format == "csv":
        return write_csv(document.lines(brief=brief), excel_safe=excel_safe)
    sections = document.sections(look)[: 1 if brief else None]
    return draw(sections[::-1], look) if output_format == "table" else write_markdown(sections)


def without(record: Any, keys: Collection[str]) -> Any:  # noqa: ANN401 -- any JSON value
    """Return a record without some keys, at whatever depth.

    Examples
    --------
    >>> without({"n": 2, "models": [{"name": "a", "lost": [1, 2]}]}, {"lost"})
    {'n': 2, 'models': [{'name': 'a'}]}
    """
    if isinstance(record, dict):
        return {key: without(value, keys) for key, value in record.items() if key not in keys}
    return [without(i, keys) for i in record] if isinstance(record, list | tuple) else record


def finite(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    """Return None for a number that JSON cannot hold, anything else as it is."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a record as one line: names of what holds others before theirs; lists left out.

    Examples
    --------
    >>> flat({"n": 2, "brier": {"score": 0.25}, "notes": []})
    {'n': 2, 'brier_score': 0.25}
    """
    line: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            line |= flat(value, f"{prefix}{key}_")
        elif not isinstance(value, list | tuple):
            line[prefix + key] = value
    return line


def write_json(record: Any, plain: Callable[[Any], Any] = finite) -> str:  # noqa: ANN401
    """Write strict JSON; a number that is infinite or undefined is null.

    Parameters
    ----------
    record : dict or list
    plain : callable, optional
        What makes JSON's values of all values in it that are neither dict, list nor tuple.

    Examples
    --------
    >>> print(write_json({"mean_loss": float("inf"), "n": 2}), end="")
    {
      "mean_loss": null,
      "n": 2
    }
    """

    def strict(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            return {key: strict(item) for key, item in value.items()}
        return [*map(strict, value)] if isinstance(value, list | tuple) else plain(value)

    return json.dumps(strict(record), indent=2, allow_nan=False) + "\n"


def write_csv(lines: Sequence[Mapping[str, Any]], *, excel_safe: bool = False) -> str:
    r"""Write a header and a line for each record; what is None is empty.

    Parameters
    ----------
    lines : sequence of dict
    excel_safe : bool, default False
        Whether no text, be it in the header, may look like a formula.

    Examples
    --------
    >>> write_csv([{"n": 2, "skill": None}])
    'n,skill\n2,\n'
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    for cells in (lines[0], *(line.values() for line in lines)):
        writer.writerow([_csv_cell(cell, is_safe=excel_safe) for cell in cells])
    return stream.getvalue()


def _csv_cell(value: Any, *, is_safe: bool) -> Any:  # noqa: ANN401 -- any JSON value
    if isinstance(value, bool):
        return str(value).lower()
    return without_formula(value) if is_safe and isinstance(value, str) else value


def escaped(text: str) -> str:
    r"""Put a backslash before what Markdown or HTML would read as its own.

    Examples
    --------
    >>> escaped("a|b_c")
    'a\\|b\\_c'
    """
    return _SPECIAL.sub(r"\\\1", text)


def write_markdown(sections: Sequence[Section]) -> str:
    """Write sections in Markdown, one below the other; text from outside stays text."""
    return "\n".join(map(_markdown_section, sections))


def _markdown_section(section: Section) -> str:
    lines = [f"### {escaped(section.title)}", "", *_fenced(section.formulas)]
    if section.rows:
        lines += [
            markdown_row(escaped(column.title) for column in section.columns),
            markdown_row(":---" if column.is_text else "---:" for column in section.columns),
            *(markdown_row(map(escaped, row)) for row in section.rows),
        ]
    if section.drawing:
        lines += ["", *_fenced(section.drawing)]
    for note in section.notes:
        lines += ["", escaped(note)]
    return "".join(f"{line}\n" for line in lines)


def markdown_row(cells: Iterable[str]) -> str:
    """Return a line of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


def _fenced(lines: Sequence[str]) -> list[str]:
    return ["```text", *lines, "```", ""] if lines else []


def draw(sections: Sequence[Section], look: Look) -> str:
    """Draw sections for the terminal, one below the other.

    Words wrap at the width; numbers never do, so a table takes more than the width if they need it.
    """
    from rich.console import Console
    from rich.text import Text

    if not look.encoding.startswith("utf"):
        sections = [_escaped(section, look.encoding) for section in sections]
    prose = max(min(look.width, _WIDEST), _NARROWEST)
    widths = [max(prose, _least_width(section)) for section in sections]
    console = Console(
        file=io.StringIO(),
        color_system="standard" if look.color else None,
        force_terminal=look.color,
        force_interactive=False,
        legacy_windows=False,
        no_color=not look.color,
        width=max(widths),
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
    for position, (section, width) in enumerate(zip(sections, widths, strict=True)):
        if position:
            console.print()
        console.print(Text(section.title, style="bold"), width=prose)
        for formula in section.formulas:
            _print_whole(console, Text(f"  {formula}", style="green"))
        if section.rows:
            console.print(_rich_table(section, look), width=width)
        for line in section.drawing:
            _print_whole(console, Text(line))
        for note in section.notes:
            console.print(Text(note), width=prose)
    file = console.file
    assert isinstance(file, io.StringIO)  # noqa: S101 -- for the type checker
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def _escaped(section: Section, encoding: str) -> Section:
    """Escape what an encoding lacks; later, columns would have the width of the plain text."""

    def shown(text: str) -> str:
        return text.encode(encoding, "backslashreplace").decode(encoding)

    columns = tuple(replace(column, title=shown(column.title)) for column in section.columns)
    rows = tuple(tuple(map(shown, row)) for row in section.rows)
    return replace(section, columns=columns, rows=rows)


def _print_whole(console: Console, text: Text) -> None:
    console.print(text, no_wrap=True, overflow="ignore", crop=False)


def _least_width(section: Section) -> int:
    """Return the width below which a number would be cut: words may break at spaces."""
    from rich.cells import cell_len

    width = 0
    for column, cells in _columns(section):
        parts = [word for cell in cells for word in cell.split()] if column.wraps else cells
        width += max(map(cell_len, parts)) + _GAP
    return width - 1  # nothing follows the last column but its padding


def _columns(section: Section) -> Iterator[tuple[Column, list[str]]]:
    """Yield each column with its title and all its cells."""
    for index, column in enumerate(section.columns):
        yield column, [column.title, *(row[index] for row in section.rows)]


def _rich_table(section: Section, look: Look) -> Table:
    from rich.box import SIMPLE_HEAD, Box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    plain = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
    table = Table(
        box=SIMPLE_HEAD if look.unicode else plain,
        show_edge=False,
        show_header=section.has_head,
        padding=(0, 1, 0, 0),
        header_style="dim",
    )
    for column, cells in _columns(section):
        table.add_column(
            Text(column.title),
            justify="left" if column.is_text else "right",
            no_wrap=not column.wraps,
            min_width=None if column.wraps else max(map(cell_len, cells)),
            overflow="fold",
        )
    for index, row in enumerate(section.rows):
        table.add_row(*map(Text, row), style="bold cyan" if index in section.marked else "")
    return table
