"""How a piece is read: a fast look at whole columns, and a second one where that does not do."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from bce_cli.readers.reading import LabelValues, Reading, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.readers.cells import Cells
    from bce_cli.readers.columns import Columns
    from bce_cli.readers.grammar import Grammar
    from bce_cli.readers.second_look import Record


class Convertible(Protocol):
    """A piece that can be looked at in both ways."""

    @property
    def columns(self) -> Columns:
        """Where its columns stand."""

    @property
    def grammar(self) -> Grammar:
        """What its cells stand for."""

    def convert(self) -> Cells | None:
        """Convert the wanted columns; None, or pyarrow's error, for what is odd."""

    def records(self) -> Iterator[Record]:
        """Yield the cells of each record."""

    def label_at(self, index: int) -> tuple[str, str]:
        """Return the place and the text of one label, where one of the labels was named."""


def read(piece: Convertible) -> Reading:
    """Parse and validate every row of a piece.

    Raises
    ------
    DataError
        Names the first row that is not fine.
    """
    import pyarrow as pa

    grammar = piece.grammar
    with suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
        cells = piece.convert()
        checked = None if cells is None else rows_of(cells, grammar)
        if cells is not None and checked is not None:
            rows, first_other = checked
            values = _label_values(piece, cells, first_other)
            return Reading(rows, cells.keys, (values,))
    from bce_cli.readers.second_look import look_again  # noqa: PLC0415 -- rarely needed

    return look_again(piece.records(), piece.columns, grammar)


def _label_values(piece: Convertible, cells: Cells, first_other: int | None) -> LabelValues:
    """Say which labels occurred, where one of them was named."""
    positive = piece.grammar.positive
    if positive is None or cells.labels is None:
        return LabelValues()
    texts = {text.strip(" \t") for text in cells.labels.texts}  # type: ignore[union-attr]
    has_positive = positive.strip(" \t") in texts
    if first_other is None:
        return LabelValues(has_positive)
    place, other = piece.label_at(first_other)
    return LabelValues(has_positive, other.strip(" \t"), place)
