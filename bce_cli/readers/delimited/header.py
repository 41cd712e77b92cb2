"""The first record of a source: it names the columns, or says how many there are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bce_cli.errors import DataError, EmptyInputError, UsageError, quoted
from bce_cli.readers.blocks import Block, as_bytes
from bce_cli.readers.columns import find_columns
from bce_cli.readers.delimited.dialect import SNIFFED, Dialect, candidates, delimiter_name
from bce_cli.readers.delimited.quotes import count_lines, ends_outside_quotes, misplaced_quote
from bce_cli.readers.delimited.records import fields_of, quote_error
from bce_cli.readers.encodings import suggested_encoding
from bce_cli.readers.numbers import parse_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.readers.columns import Columns
    from bce_cli.readers.options import InputOptions

_EXCEL = re.compile(rb"sep=([,;\t|])[\r\n]*", re.IGNORECASE)

_FEW = 4  # a NUL in so many bytes: two bytes a character


def read_header(
    blocks: Iterator[Block], name: str, extensions: tuple[str, ...], options: InputOptions
) -> tuple[Columns, Dialect, Block]:
    """Find the columns in the first record of a source, and what separates its fields.

    Parameters
    ----------
    blocks : iterator of Block
        From the start of the source; those read here are used up.
    name : str
        What messages call the source.
    extensions : tuple of str
        The endings of its name.
    options : InputOptions

    Returns
    -------
    columns : Columns
    dialect : Dialect
    rest : Block
        What follows the header in its block; all of it where there is none.

    Raises
    ------
    DataError
        The source is empty, is no text, begins with data, or lacks a column.
    """
    told: tuple[str, ...] | None = None
    for block in blocks:
        body = block
        header, rest = _split(body)
        mark = _EXCEL.fullmatch(header.data) if told is None else None
        if mark is not None:  # spreadsheets write the delimiter on a line of its own
            told = (mark[1].decode(),)
            body = rest
            header, rest = _split(body)
        if not header.data:
            continue
        _check_text(header, name)
        signs = told or candidates(options.layout, options.grammar.decimal, extensions)
        columns, dialect = _first_that_fits(header, signs, name, options)
        return columns, dialect, rest if options.layout.has_header else _from(header, body)
    message = f"{name}: the input is empty"
    hint = "its first line must name the columns" if options.layout.has_header else None
    raise EmptyInputError(message, hint)


def _from(header: Block, block: Block) -> Block:
    """Return the block from its first record on."""
    start = len(block.data) - len(bytes(block.data).lstrip(b"\r\n"))
    return Block(block.data[start:], header.first_line)


def _split(block: Block) -> tuple[Block, Block]:
    """Cut after the first record that is not blank; it is empty if there is none."""
    data = as_bytes(block.data)
    text = bytes(block.data)
    start = len(text) - len(text.lstrip(b"\r\n"))
    ends = [ends_outside_quotes(data[start:], ord(line_end)) for line_end in "\r\n"]
    end = min((start + int(found[0]) + 1 for found in ends if len(found)), default=len(text))
    end += text[end - 1 : end + 1] == b"\r\n"
    return (
        Block(block.data[start:end], block.first_line + count_lines(data[:start])),
        Block(block.data[end:], block.first_line + count_lines(data[:end])),
    )


def _check_text(header: Block, name: str) -> None:
    place = f"{name}, line {header.first_line}"
    data = bytes(header.data)
    if data.count(b"\0") * _FEW >= len(data):
        message = f"{place}: the header has NUL bytes"
        raise DataError(message, "is it UTF-16 without a byte order mark? try --encoding utf-16-le")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = f"byte 0x{data[error.start]:02x} at position {error.start + 1}"
        message = f"{place}: the header is not UTF-8 text: {bad}"
        encoding = suggested_encoding(data.decode("utf-8", "surrogateescape"))
        raise DataError(message, f"it may be written in --encoding {encoding}") from None


def _first_that_fits(
    header: Block, signs: tuple[str, ...], name: str, options: InputOptions
) -> tuple[Columns, Dialect]:
    """Try the delimiters in turn; where none fits, the likeliest one says what is wrong."""
    failure: DataError | None = None
    fallback: tuple[Columns, Dialect] | None = None
    for sign in sorted(signs, key=lambda sign: sign.encode() not in bytes(header.data)):
        dialect = Dialect(sign, options.grammar.decimal)
        try:
            fields, columns = _columns(header, dialect, name, options)
        except DataError as error:
            failure = failure or error
            continue
        if options.layout.has_header or _begins_with_data(fields, columns, options):
            return columns, dialect
        fallback = fallback or (columns, dialect)
    if fallback is None:
        raise _without_delimiter(header, signs, name) or failure or DataError(name)
    return fallback


def _without_delimiter(header: Block, signs: tuple[str, ...], name: str) -> DataError | None:
    """Say that fields are separated by something else, if that is what the header looks like."""
    text = bytes(header.data).decode().strip()
    if any(sign in text for sign in signs):
        return None
    message = f"{name}, line {header.first_line}: the header has no delimiter: {quoted(text)}"
    if " " in text:
        return DataError(message, "are its fields separated by spaces? --delimiter space says so")
    if len(signs) == 1 and any(sign in text for sign in SNIFFED):
        hint = f"it was to be {delimiter_name(signs[0])}; --delimiter says what it is"
        return DataError(message, hint)
    return None


def _begins_with_data(fields: list[str], columns: Columns, options: InputOptions) -> bool:
    """Whether the first record has a number where the prediction should be."""
    place = columns.prediction
    return place is None or parse_number(fields[place], options.grammar.decimal) is not None


def _columns(
    header: Block, dialect: Dialect, name: str, options: InputOptions
) -> tuple[list[str], Columns]:
    place = f"{name}, line {header.first_line}"
    if misplaced_quote(as_bytes(header.data), dialect.delimiter) is not None:
        raise quote_error(place)
    _, fields = next(fields_of(header, dialect))
    if not options.layout.has_header:
        return fields, _numbered_columns(fields, name, options)
    decimal = options.grammar.decimal
    if all(parse_number(cell, decimal) is not None for cell in fields):
        shown = quoted(bytes(header.data).decode().strip())
        message = f"{place}: the header holds numbers, not names: {shown}"
        hint = "without a header, pass --no-header --label '#1' --prediction '#2'"
        raise DataError(message, hint)
    return fields, find_columns(fields, options.columns, name)


def _numbered_columns(fields: list[str], name: str, options: InputOptions) -> Columns:
    choice = options.columns
    if (choice.reads_label and choice.label is None) or (
        choice.reads_prediction and choice.prediction is None
    ):
        message = "--no-header needs the places of the columns"
        raise UsageError(message, "such as --label '#1' --prediction '#2'")
    return find_columns([f"#{i + 1}" for i in range(len(fields))], choice, name)
