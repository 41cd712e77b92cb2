"""One block of CSV records, and how it turns into rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from bce_cli.core.rows import Rows
from bce_cli.core.validate import are_probabilities, positive_labels, unsigned_zeros
from bce_cli.errors import DataError
from bce_cli.readers.csv_faults import find_fault
from bce_cli.readers.quotes import as_bytes, misplaced_quote
from bce_cli.readers.signatures import UTF8_BOM

if TYPE_CHECKING:
    import pyarrow as pa

    from bce_cli.core.rows import FloatArray
    from bce_cli.readers.columns import Columns
    from bce_cli.readers.csv_blocks import Block


@dataclass(frozen=True, slots=True)
class CsvPiece:
    """Whole records of one CSV source.

    Attributes
    ----------
    block : Block
    columns : Columns
    source : str
        What messages call the input.
    """

    block: Block
    columns: Columns
    source: str

    @property
    def n_bytes(self) -> int:
        """Size of the piece, for a progress bar."""
        return len(self.block.data)

    def rows(self) -> Rows:
        """Parse and validate every record.

        Raises
        ------
        DataError
            Names the first record that is not fine.
        """
        import pyarrow as pa

        data = self.block.data
        has_quotes = b'"' in cast("bytearray", data.obj)
        if has_quotes and misplaced_quote(as_bytes(data)) is not None:
            raise self._fault()
        if data[:3] == UTF8_BOM:  # the parser would drop it, wherever a block happens to begin
            data = memoryview(b"\n" + bytes(data))  # a blank line is nothing to it
        try:
            table = _parse(data, self.columns, has_quotes=has_quotes)
        except pa.ArrowInvalid as error:
            raise self._fault(str(error)) from None
        labels = _float_column(table, "label")
        probabilities = _float_column(table, "prediction")
        positive = positive_labels(labels)
        if positive is None or not are_probabilities(probabilities):
            raise self._fault()
        ids = None if self.columns.id is None else _Texts(table.column("id"))
        return Rows(positive, unsigned_zeros(probabilities), ids=ids)

    def _fault(self, otherwise: str = "a value cannot be read") -> DataError:
        fault = find_fault(self.block, self.columns, self.source)
        if fault is not None:
            return fault
        # Two parsers disagree on this block; refuse it all the same.
        return DataError(f"{self.source}, after line {self.block.first_line - 1}: {otherwise}")


class _Texts(Sequence[str]):
    """Cells of a text column, decoded one at a time."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 -- Sequence asks for slices too
        return self._column[int(index)].as_py()


def _parse(data: memoryview, columns: Columns, *, has_quotes: bool) -> pa.Table:
    """Convert the wanted columns, typed, in this thread; anything odd is an error."""
    import pyarrow as pa
    from pyarrow import csv

    names = [f"unused {i}" for i in range(len(columns.names))]
    names[columns.label] = "label"
    names[columns.prediction] = "prediction"
    types = {"label": pa.float64(), "prediction": pa.float64()}
    if columns.id is not None:
        names[columns.id] = "id"
        types["id"] = pa.string()
    return csv.read_csv(
        pa.py_buffer(data),
        csv.ReadOptions(use_threads=False, column_names=names, block_size=len(data) + 1),
        csv.ParseOptions(quote_char='"' if has_quotes else False, newlines_in_values=has_quotes),
        csv.ConvertOptions(
            column_types=types,
            include_columns=list(types),
            null_values=[],
            strings_can_be_null=False,
        ),
    )


def _float_column(table: pa.Table, name: str) -> FloatArray:
    """View a column as an array; a conversion by pyarrow itself would import pandas."""
    chunks = [
        np.frombuffer(chunk.buffers()[1], np.float64, count=len(chunk), offset=8 * chunk.offset)
        for chunk in table.column(name).chunks
        if len(chunk)
    ]
    return chunks[0] if len(chunks) == 1 else np.concatenate([np.empty(0), *chunks])
