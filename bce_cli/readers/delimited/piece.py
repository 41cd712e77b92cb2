"""One block of delimited records, and how it turns into rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from bce_cli.readers.arrays import floats_of, null_mask, text_codes
from bce_cli.readers.blocks import Block, as_bytes
from bce_cli.readers.cells import Cells
from bce_cli.readers.delimited.quotes import count_records, misplaced_quote
from bce_cli.readers.delimited.records import cells_of, fields_of
from bce_cli.readers.encodings import UTF8_MARK
from bce_cli.readers.grammar import MISSING_TEXTS
from bce_cli.readers.text_columns import add_text
from bce_cli.readers.two_looks import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from bce_cli.readers.columns import Columns
    from bce_cli.readers.delimited.dialect import Dialect
    from bce_cli.readers.grammar import Grammar
    from bce_cli.readers.reading import Reading
    from bce_cli.readers.second_look import Record

_NULLS = [*MISSING_TEXTS, "NA", "N/A", "NaN", "NAN", "NULL", "Null", "None", "<NA>", "#N/A", r"\N"]
"""Spellings that the parser knows; the second look knows all others."""

_GLANCE = 1 << 16


@dataclass(frozen=True, slots=True)
class DelimitedPiece:
    """Whole records of one source.

    Attributes
    ----------
    block : Block
    columns : Columns
    dialect : Dialect
    grammar : Grammar
    has_text_labels : bool
        Whether labels are likely to be other than numbers.
    source : str
        What messages call the input.
    """

    block: Block
    columns: Columns
    dialect: Dialect
    grammar: Grammar
    has_text_labels: bool
    source: str

    @property
    def n_bytes(self) -> int:
        """Size of the piece, for a progress bar."""
        return len(self.block.data)

    @property
    def n_rows(self) -> int:
        """Rows it turns into; see `Piece`."""
        return count_records(as_bytes(self.block.data))

    def read(self) -> Reading:
        """Parse and validate every record; see `two_looks.read`."""
        return read(self)

    def records(self) -> Iterator[Record]:
        """Yield the cells of each record."""
        return cells_of(self.block, self.columns, self.dialect, self.source)

    def convert(self) -> Cells | None:
        """Convert the wanted columns, typed, in this thread; None for what is odd."""
        data = self.block.data
        has_quotes = b'"' in cast("bytearray", data.obj)
        if has_quotes and misplaced_quote(as_bytes(data), self.dialect.delimiter) is not None:
            return None
        if data[:3] == UTF8_MARK:  # the parser would drop it, wherever a block happens to begin
            data = memoryview(b"\n" + bytes(data))  # a blank line is nothing to it
        table = self._table(data, has_quotes=has_quotes)
        cells = Cells(len(table))
        for key, role, place in self.columns.numbers:
            column = table.column(f"column {place}")
            cells.add_nulls(key, null_mask(column))
            if role == "label" and self.has_text_labels:
                cells.labels = text_codes(column)
            elif role == "label":
                cells.labels = floats_of(column)
            else:
                cells.numbers[key] = floats_of(column)
        for key, place in self.columns.texts:
            add_text(cells, key, table.column(f"column {place}"))
        return cells

    def _table(self, data: memoryview, *, has_quotes: bool) -> pa.Table:
        import pyarrow as pa
        from pyarrow import csv

        types: dict[str, Any] = {}
        words = pa.dictionary(pa.int32(), pa.string())
        for _, role, place in self.columns.numbers:
            is_text = role == "label" and self.has_text_labels
            types[f"column {place}"] = words if is_text else pa.float64()
        for key, place in self.columns.texts:
            is_repeated = key not in ("id", "key")
            types.setdefault(f"column {place}", words if is_repeated else pa.string())
        return csv.read_csv(
            pa.py_buffer(data),
            csv.ReadOptions(
                use_threads=False,
                column_names=[f"column {i}" for i in range(len(self.columns.names))],
                block_size=len(data) + 1,
            ),
            csv.ParseOptions(
                delimiter=self.dialect.delimiter,
                quote_char='"' if has_quotes else False,
                newlines_in_values=has_quotes,
            ),
            csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                decimal_point=self.dialect.decimal,
                null_values=self._nulls(),
                strings_can_be_null=False,  # an id may be called NA
            ),
        )

    def _nulls(self) -> list[str]:
        if not self.grammar.drop_missing:
            return []
        return [""] if self.grammar.positive is not None else _NULLS  # a class may be called NA

    def label_at(self, index: int) -> tuple[str, str]:
        """Return the place and the text of one label."""
        line, fields = self._record(index)
        return f"{self.source}, line {line}", fields[cast("int", self.columns.label)]

    def _record(self, index: int) -> tuple[int, list[str]]:
        """Return one record; most that are asked for stand near the start."""
        glance = Block(self.block.data[:_GLANCE], self.block.first_line)
        near = list(islice(fields_of(glance, self.dialect), index, index + 2))
        if len(near) > 1:  # the last one may have been cut
            return near[0]
        return next(islice(fields_of(self.block, self.dialect), index, None))
