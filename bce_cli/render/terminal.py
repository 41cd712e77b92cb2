"""Sections drawn for a terminal: what fits its width, and how the rest is left out or stacked."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bce_cli.lean_dataclass import dataclass
from bce_cli.render.layout import GAPS, Column, Judged, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from bce_cli.render.layout import Look

_WIDEST = 120  # of sentences
_NARROWEST = 20  # no number in a sentence is longer
_GAP = 2  # between columns
_LEAST_WORDS = 12  # what a column of words is not made narrower than
_INDENT = "  "
_MARKED = "bold cyan"
_FORMULA = "cyan"  # as green says that something has passed
_WHOLE = re.compile(
    r"(?<=\d) (?=%)|(?<=\d) [\N{MULTIPLICATION SIGN}x] (?=10)|(?<=\b1) [-\N{MINUS SIGN}] (?=[\dp])"
)
_BOUND = "\ue000"  # stands for a space where rich is not to break a line
_STYLES = {"passed": "green", "failed": "red", "undecided": "yellow"}


def draw(sections: Sequence[Section], look: Look) -> str:
    """Draw sections one below the other, as `fitted` has them.

    Words wrap at the width; numbers never do.
    """
    from rich.console import Console
    from rich.text import Text

    if not look.encoding.startswith("utf"):
        escape = partial(_escaped, encoding=look.encoding)
        sections = [_changed(section, escape) for section in sections]
    sections = [_changed(section, _bound) for section in sections]
    prose = max(min(look.width, _WIDEST), _NARROWEST)
    room = max(look.width, _NARROWEST)
    laid_out = [fitted(section, room, of_result=look.of_result) for section in sections]
    console = Console(
        file=io.StringIO(),
        color_system="standard" if look.color else None,
        force_terminal=look.color,
        force_interactive=False,
        force_jupyter=False,  # which would display the text, and return none of it
        legacy_windows=False,
        no_color=not look.color,
        width=room + _GAP,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
    for position, fit in enumerate(laid_out):
        section = fit.section
        if position:
            console.print()
        console.print(Text(section.title, style="bold"), width=prose)
        for line in _lines_of(section.formulas, prose):
            _print_whole(console, Text(line, style=_FORMULA))
        if section.rows:
            if fit.widths is None:
                _print_stacked(console, section, room)
            else:
                console.print(_rich_table(section, fit.widths, look))
        for line in section.drawing:
            _print_whole(console, Text(line))
        for sentence in (*section.sentences, *section.verdicts):
            console.print(_styled(sentence), width=prose)
    file = console.file
    assert isinstance(file, io.StringIO)  # noqa: S101 -- for the type checker
    lines = file.getvalue().replace(_BOUND, " ").splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _escaped(text: str, encoding: str) -> str:
    """Escape what an encoding lacks; later, columns would have the width of the plain text."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _changed(section: Section, change: Callable[[str], str]) -> Section:
    """Return a section with other text, judged as before."""

    def shown(text: str) -> str:
        return Judged(change(text), text.verdict) if isinstance(text, Judged) else change(text)

    columns = (
        replace(column, title=shown(column.title), meaning=shown(column.meaning))
        for column in section.columns
    )
    return replace(
        section,
        title=shown(section.title),
        columns=tuple(columns),
        rows=tuple(tuple(map(shown, row)) for row in section.rows),
        formulas=tuple(map(shown, section.formulas)),
        notes=tuple(map(shown, section.notes)),
        details=tuple(map(shown, section.details)),
        verdicts=tuple(map(shown, section.verdicts)),
    )


def _lines_of(formulas: Sequence[str], width: int) -> list[str]:
    """Break formulas that are too wide, at spaces."""
    from rich.cells import cell_len

    lines = []
    for formula in formulas:
        fits = cell_len(formula) + len(_INDENT) <= width
        first, *others = [formula] if fits else _broken(formula, width - 2 * len(_INDENT))
        lines += [_INDENT + first, *(2 * _INDENT + other for other in others)]
    return lines


def _print_whole(console: Console, text: Text) -> None:
    console.print(text, no_wrap=True, overflow="ignore", crop=False)


def _bound(text: str) -> str:
    """Keep on one line a share and its sign, a power of ten and its factor, and 1 - p."""
    return _WHOLE.sub(lambda found: found[0].replace(" ", _BOUND), text)


def _styled(text: str, whole: str | None = None) -> Text:
    """Give a text, which may be a part of a whole, the colour of its verdict."""
    from rich.text import Text

    judged = text if whole is None else whole
    return Text(text, style=_STYLES[judged.verdict] if isinstance(judged, Judged) else "")


@dataclass(frozen=True, slots=True)
class Fit:
    """A section whose table fits, and how wide each column is to be; None if rows are stacked."""

    section: Section
    widths: tuple[int, ...] | None


def fitted(section: Section, width: int, *, of_result: bool = False) -> Fit:
    """Lay out the table of a section so that it fits a width, unless one word or number does not.

    Titles and words are broken at spaces; where that is not enough, columns are left out, those
    first that can best be spared (`Column.spare`), and a note tells which; where what is left still
    does not fit, each row is stacked, a line for each of all its cells.

    Parameters
    ----------
    section : Section
    width : int
    of_result : bool, default False
        Whether Python asks, and the note names its functions.

    Examples
    --------
    >>> section = Section("", (Column("n"), Column("name", spare=1)), (("12345", "Anna"),))
    >>> fitted(section, 11).widths, fitted(section, 10).section.rows
    ((5, 4), (('12345',),))
    """
    columns = [_Measured.of(section, index) for index in range(len(section.columns))]
    left_out: list[_Measured] = []
    while _total(each.least for each in columns) > width:
        most = max(each.column.spare for each in columns)
        if not most:
            return Fit(section, None)
        left_out += [each for each in columns if each.column.spare == most]
        columns = [each for each in columns if each.column.spare != most]
    if left_out:
        section = _narrowed(section, columns, left_out, of_result=of_result)
    return Fit(section, _widths(columns, width))


def _widths(columns: Sequence[_Measured], width: int) -> tuple[int, ...]:
    """Return widths of columns that fit: titles on as few lines as may be, then words."""
    wraps = any(each.column.wraps for each in columns)
    if _total(each.natural for each in columns) <= width:
        return tuple(each.natural for each in columns)
    heights = range(2 if wraps else 1, 10)
    tried = ([each.width_of(height) for each in columns] for height in heights)
    least = [each.least for each in columns]
    widths = next((found for found in tried if _total(found) <= width), least)
    room = width - _total(widths)
    for index, each in enumerate(columns):
        if each.column.wraps:
            more = min(each.natural - widths[index], room)
            widths[index] += more
            room -= more
    return tuple(widths)


@dataclass(frozen=True, slots=True)
class _Measured:
    """A column and how wide it would be, and could be at the least."""

    index: int
    column: Column
    natural: int
    least: int

    @classmethod
    def of(cls, section: Section, index: int) -> _Measured:
        from rich.cells import cell_len

        column = section.columns[index]
        titles = [column.title] if section.has_head else []
        cells = [row[index] for row in section.rows]
        natural = max(map(cell_len, [*titles, *cells]), default=0)
        parts = [word for text in titles for word in text.split()]
        parts += [word for cell in cells for word in cell.split()] if column.wraps else cells
        least = max(map(cell_len, parts), default=0)
        if column.wraps:
            least = max(least, min(natural, _LEAST_WORDS))
        return cls(index, column, natural, least)

    def width_of(self, height: int) -> int:
        """Return the width at which the title takes so many lines at the most."""
        if self.column.wraps:
            return self.least
        widths = range(self.least, self.natural)
        return next(
            (w for w in widths if len(_broken(self.column.title, w)) <= height), self.natural
        )


def _total(widths: Iterable[int]) -> int:
    """Return the width of a table; columns are parted by gaps."""
    listed = list(widths)
    return sum(listed) + _GAP * (len(listed) - 1)


def _narrowed(
    section: Section, kept: list[_Measured], left_out: list[_Measured], *, of_result: bool
) -> Section:
    """Leave out columns, and say which."""
    places = sorted(each.index for each in kept)
    ordered = sorted(left_out, key=lambda each: each.index)
    titles = dict.fromkeys(each.column.title for each in ordered)
    pronoun = "it" if len(left_out) == 1 else "them"
    where = "to_markdown() has" if of_result else "a wider terminal or --format markdown has"
    note = f"Left out at this width: {', '.join(titles)}; {where} {pronoun}."
    return replace(
        section,
        columns=tuple(section.columns[place] for place in places),
        rows=tuple(tuple(row[place] for place in places) for row in section.rows),
        notes=(note, *section.notes),
    )


def _print_stacked(console: Console, section: Section, width: int) -> None:
    """Print each cell on a line of its own, behind the title of its column."""
    from rich.cells import cell_len
    from rich.text import Text

    titles = [column.title if section.has_head else "" for column in section.columns]
    names = [f"{_INDENT * bool(index)}{title}" for index, title in enumerate(titles)]
    behind = max(map(cell_len, names)) + _GAP if section.has_head else 0
    for index, row in enumerate(section.rows):
        style = _MARKED if index in section.marked else ""
        is_gap = len({*row}) == 1 and row[0] in GAPS
        for name, cell in zip(names, row[:1] if is_gap else row, strict=not is_gap):
            lines = _broken(cell, width - behind)
            start = "" if is_gap else name + " " * (behind - cell_len(name))
            if max(map(cell_len, lines)) > width - behind:  # a word too long to stand beside it
                _print_whole(console, Text(start, style=style))
                lines, start = _broken(cell, width), ""
            for line in lines if cell.strip() else ():
                text = Text(start, style=style).append_text(_styled(line, cell))
                _print_whole(console, text)
                start = " " * len(start)


def _rich_table(section: Section, widths: Sequence[int], look: Look) -> Table:
    from rich.box import SIMPLE_HEAD, Box
    from rich.table import Table
    from rich.text import Text

    plain = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
    table = Table(
        box=SIMPLE_HEAD if look.unicode else plain,
        show_edge=False,
        show_header=section.has_head,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        header_style="dim",
    )
    pairs = zip(section.columns, widths, strict=True)
    titles = [_broken(column.title, width) for column, width in pairs]
    height = max(map(len, titles))
    for column, width, title in zip(section.columns, widths, titles, strict=True):
        table.add_column(
            Text("\n".join([""] * (height - len(title)) + title)),
            justify="left" if column.is_text else "right",
            no_wrap=not column.wraps,
            width=width,
            overflow="fold",
        )
    for index, row in enumerate(section.rows):
        table.add_row(*map(_styled, row), style=_MARKED if index in section.marked else "")
    return table


def _broken(text: str, width: int) -> list[str]:
    """Break a text at spaces into lines of at most a width, or of one word."""
    from rich.cells import cell_len

    lines: list[str] = []
    for word in text.split(" "):
        if lines and cell_len(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
