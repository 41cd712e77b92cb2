"""The records of a block, one by one, as the standard library reads them."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from bce_cli.errors import DataError
from bce_cli.readers.blocks import LONGEST_RECORD, as_bytes
from bce_cli.readers.delimited.quotes import count_lines, misplaced_quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.readers.blocks import Block
    from bce_cli.readers.columns import Columns
    from bce_cli.readers.delimited.dialect import Dialect
    from bce_cli.readers.second_look import Record


def fields_of(block: Block, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the physical line it begins on; blank lines are passed over."""
    text = bytes(block.data).decode("utf-8", "surrogateescape")
    csv.field_size_limit(2 * LONGEST_RECORD)  # a setting of the whole process, so always the same
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter)
    while True:
        line = block.first_line + reader.line_num
        try:
            fields = next(reader)
        except StopIteration:
            return
        if fields:
            yield line, fields


def cells_of(block: Block, columns: Columns, dialect: Dialect, source: str) -> Iterator[Record]:
    """Yield the wanted cells of each record, or why it is none; ends at a misplaced quote."""
    quote = misplaced_quote(as_bytes(block.data), dialect.delimiter)
    last_line = None if quote is None else _line_at(block, quote)
    expected = len(columns.names)
    wanted = columns.wanted
    for line, fields in fields_of(block, dialect):
        if last_line is not None and line >= last_line:
            break
        place = f"{source}, line {line}"
        if len(fields) != expected:
            yield place, _wrong_count(place, len(fields), expected, dialect)
        else:
            yield place, {key: fields[position] for key, position in wanted}
    if last_line is not None:
        place = f"{source}, line {last_line}"
        yield place, quote_error(place)


def quote_error(place: str) -> DataError:
    """Say that a quote stands where it has no meaning."""
    message = f"{place}: a quote opens or closes in the middle of a field"
    return DataError(message, "quote the whole field and double each quote within it")


def _wrong_count(place: str, n_fields: int, expected: int, dialect: Dialect) -> DataError:
    fields = "1 field" if n_fields == 1 else f"{n_fields} fields"
    message = f"{place}: {fields} where the header has {expected}"
    if n_fields > expected:
        return DataError(message, f"a {dialect.delimiter_name} inside a field must be quoted")
    return DataError(message, "the line was cut short, or another character is the delimiter")


def _line_at(block: Block, position: int) -> int:
    return block.first_line + count_lines(as_bytes(block.data)[:position])
