"""Some rows of typed columns, and how they turn into rows of ours."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bce_cli.errors import DataError
from bce_cli.readers.reading import LabelValues, Reading, rows_of
from bce_cli.readers.typed_columns import number_text, typed_cells
from bce_cli.safe_text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from bce_cli.readers.columns import Columns
    from bce_cli.readers.grammar import Grammar
    from bce_cli.readers.reading import Cells
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

    def read(self) -> Reading:
        """Validate every row.

        Raises
        ------
        DataError
            Names the first row that is not fine.
        """
        import pyarrow as pa

        cells = checked = None
        with suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
            cells = typed_cells(
                self.batch.num_rows,
                {role: self._column(place) for role, place in self.columns.numbers},
                {role: self._column(place) for role, place in self.columns.texts},
                self.grammar,
            )
            checked = None if cells is None else rows_of(cells, self.grammar)
        if cells is None or checked is None:
            from bce_cli.readers.second_look import look_again  # noqa: PLC0415 -- rarely needed

            return look_again(self._records(), self.columns, self.grammar)
        rows, first_other = checked
        return Reading(rows, cells.keys, self._label_values(cells, first_other))

    def _column(self, place: int) -> pa.Array:
        return self.batch.column(self.places.index(place))

    def _records(self) -> Iterator[Record]:
        wanted = [(role, self._column(place)) for role, place in self.columns.numbers]
        texts = [(role, self._column(place)) for role, place in self.columns.texts]
        named = self.grammar.positive is not None
        for index in range(self.batch.num_rows):
            place = f"{self.source}, row {self.first_row + index}"
            try:
                yield (
                    place,
                    {
                        role: _text(column[index].as_py(), is_named=named and role == "label")
                        for role, column in (*wanted, *texts)
                    },
                )
            except (TypeError, UnicodeDecodeError):
                kinds = ", ".join(f"{role} is {quoted(str(col.type))}" for role, col in wanted)
                yield place, DataError(f"{place}: no number or text: {kinds}")

    def _label_values(self, cells: Cells, first_other: int | None) -> LabelValues:
        """Say which labels occurred, where one of them was named."""
        if self.grammar.positive is None or cells.labels is None:
            return LabelValues()
        texts = [text.strip(" \t") for text in cells.labels.texts]  # type: ignore[union-attr]
        has_positive = self.grammar.positive.strip(" \t") in texts
        if first_other is None:
            return LabelValues(has_positive)
        other = texts[int(cells.labels.codes[first_other])]  # type: ignore[union-attr]
        return LabelValues(
            has_positive, other, f"{self.source}, row {self.first_row + first_other}"
        )


def _text(value: Any, *, is_named: bool) -> str | None:  # noqa: ANN401 -- any value of Arrow
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return number_text(float(value)) if is_named else str(value)
    raise TypeError
