"""The common ground of tables for the terminal and tables in Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    title : str
    is_text : bool
        Words, which stand on the left, rather than a number.
    wraps : bool
        Whether cells may be broken into lines; numbers never are.
    """

    title: str
    is_text: bool = False
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A titled table with sentences below it; every string is shown as it is, never as markup.

    Attributes
    ----------
    title : str
    columns : tuple of Column
    rows : tuple of tuple of str
    notes : tuple of str
    marked : frozenset of int
        0-based rows to be seen first.
    formulas : tuple of str
        Lines above the table.
    drawing : tuple of str
        Lines of a picture made of characters, below it.
    """

    title: str
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    marked: frozenset[int] = frozenset()
    formulas: tuple[str, ...] = ()
    drawing: tuple[str, ...] = ()


def with_gaps(rows: Iterable[tuple[int, tuple[str, ...]]], sign: str) -> Iterator[tuple[str, ...]]:
    """Yield the cells of numbered rows, and a row of signs wherever numbers are left out."""
    previous = 0
    for number, cells in rows:
        if number > previous + 1:
            yield (sign,) * len(cells)
        previous = number
        yield cells
