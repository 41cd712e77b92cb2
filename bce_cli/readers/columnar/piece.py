"""Some rows of typed columns, and how they turn into rows of ours."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from bce_cli.errors import DataError, quoted
from bce_cli.readers.two_looks import read
from bce_cli.readers.typed_columns import bool_text, number_text, typed_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from bce_cli.readers.cells import Cells
    from bce_cli.readers.columns import Columns
    from bce_cli.readers.grammar import Grammar
    from bce_cli.readers.reading import Reading
    from bce_cli.readers.second_look import Record


@dataclass(frozen=True, slots=True)
class ColumnarPiece:
    """Some rows of a Parquet or Arrow source.

    Attributes
    ----------
    batch : pyarrow.RecordBatch
        The wanted columns.
    places : list of int
        Where they stand in the source, ascending.
    first_row : int
        1-based number of its first row in the source.
    n_bytes : int
        Its share of the source, for a progress bar.
    columns : Columns
    grammar : Grammar
        As `typed_grammar` returns it.
    source : str
        What messages call the input.
    """

    batch: pa.RecordBatch
    places: list[int]
    first_row: int
    n_bytes: int
    columns: Columns
    grammar: Grammar
    source: str

    @property
    def n_rows(self) -> int:
        """Rows it turns into; see `Piece`."""
        return int(self.batch.num_rows)

    def read(self) -> Reading:
        """Validate every row; see `two_looks.read`."""
        return read(self)

    def convert(self) -> Cells | None:
        """Convert the wanted columns; None for what is odd."""
        return typed_cells(self.batch.num_rows, self.columns, self._column, self.grammar)

    def _column(self, place: int) -> pa.Array:
        return self.batch.column(self.places.index(place))

    def records(self) -> Iterator[Record]:
        """Yield the cells of each row."""
        wanted = [(key, self._column(place)) for key, place in self.columns.wanted]
        positive = self.grammar.positive
        for index in range(self.batch.num_rows):
            place = f"{self.source}, row {self.first_row + index}"
            try:
                yield (
                    place,
                    {
                        key: _text(column[index].as_py(), positive if key == "label" else None)
                        for key, column in wanted
                    },
                )
            except (TypeError, UnicodeDecodeError):
                numbers = [(role, self._column(at)) for _, role, at in self.columns.numbers]
                kinds = ", ".join(f"{role} is {quoted(str(col.type))}" for role, col in numbers)
                yield place, DataError(f"{place}: no number or text: {kinds}")

    def label_at(self, index: int) -> tuple[str, str]:
        """Return the place and the text of one label."""
        value = self._column(cast("int", self.columns.label))[index].as_py()
        text = _text(value, self.grammar.positive) or ""
        return f"{self.source}, row {self.first_row + index}", text


def _text(value: Any, positive: str | None) -> str | None:  # noqa: ANN401 -- any value of Arrow
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return bool_text(value, positive)
    if isinstance(value, (int, float, Decimal)):
        return str(value) if positive is None else number_text(float(value))
    raise TypeError
