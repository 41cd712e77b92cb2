"""The second look at a block that did not pass: which line, which column, which text.

The fast path only learns that something in a block is wrong. This module reads that one block
again, record by record, with the standard library, and says what. It is the only place where such
messages are made.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from bce_cli.errors import DataError, LabelError, ProbabilityError
from bce_cli.readers.csv_blocks import LONGEST_RECORD
from bce_cli.readers.numbers import parse_number
from bce_cli.readers.quotes import as_bytes, count_lines, misplaced_quote
from bce_cli.safe_text import quoted, safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.readers.columns import Columns
    from bce_cli.readers.csv_blocks import Block

_QUOTE_HINT = "quote the whole field and double each quote within it"


def find_fault(block: Block, columns: Columns, source: str) -> DataError | None:
    """Find the first fault of a block.

    Parameters
    ----------
    block : Block
        Whole records, without the header.
    columns : Columns
    source : str
        What messages call the input.

    Returns
    -------
    DataError or None
        None if every record is fine.
    """
    quote = misplaced_quote(as_bytes(block.data))
    for line, record in records(block):
        if quote is not None and line >= _line_at(block, quote):
            break
        fault = _fault(record, columns, f"{source}, line {line}")
        if fault is not None:
            return fault
    if quote is None:
        return None
    place = f"{source}, line {_line_at(block, quote)}"
    return DataError(f"{place}: a quote opens or closes in the middle of a field", _QUOTE_HINT)


def records(block: Block) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the physical line it begins on; blank lines are passed over."""
    text = bytes(block.data).decode("utf-8", "surrogateescape")
    csv.field_size_limit(2 * LONGEST_RECORD)  # a setting of the whole process, so always the same
    reader = csv.reader(io.StringIO(text, newline=""))
    while True:
        line = block.first_line + reader.line_num
        try:
            record = next(reader)
        except StopIteration:
            return
        if record:
            yield line, record


def _line_at(block: Block, position: int) -> int:
    return block.first_line + count_lines(as_bytes(block.data)[:position])


def _fault(record: list[str], columns: Columns, place: str) -> DataError | None:
    expected = len(columns.names)
    if len(record) != expected:
        fields = "1 field" if len(record) == 1 else f"{len(record)} fields"
        message = f"{place}: {fields} where the header has {expected}"
        return DataError(message, "a comma inside a field must be quoted")
    return (
        _label_fault(record[columns.label], columns.label_name, place)
        or _prediction_fault(record[columns.prediction], columns.prediction_name, place)
        or _id_fault(record, columns, place)
    )


def _label_fault(text: str, column: str, place: str) -> DataError | None:
    value = parse_number(text)
    subject = _subject("label", text, column, value)
    if not text.strip():
        return LabelError(f"{place}: {subject} is empty")
    if value is None:
        return LabelError(f"{place}: {subject} is not a number", "labels must be 0 or 1")
    if value not in (0.0, 1.0):
        return LabelError(f"{place}: {subject} is not 0 or 1")
    return None


def _prediction_fault(text: str, column: str, place: str) -> DataError | None:
    value = parse_number(text)
    subject = _subject("prediction", text, column, value)
    if not text.strip():
        return ProbabilityError(f"{place}: {subject} is empty")
    if value is None:
        hint = "predictions must be probabilities such as 0.25"
        return ProbabilityError(f"{place}: {subject} is not a number", hint)
    if not 0.0 <= value <= 1.0:
        return ProbabilityError(f"{place}: {subject} is not in [0, 1]")
    return None


def _id_fault(record: list[str], columns: Columns, place: str) -> DataError | None:
    if columns.id is None:
        return None
    text = record[columns.id]
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return DataError(f"{place}: id {quoted(text)} is not UTF-8 text")
    return None


def _subject(role: str, text: str, column: str, value: float | None) -> str:
    """Name a cell: its role, its text as it stands, and its column if that is called otherwise."""
    cell = (
        "" if not text.strip() else quoted(text) if value is None else safe_text(text.strip(), 80)
    )
    called = "" if column == role else f"(column {quoted(column)})"
    return " ".join(part for part in (role, cell, called) if part)
