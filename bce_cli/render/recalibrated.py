"""Rows as they were read, with one column more: text into text, typed columns into such.

Text is cut at the ends of its records and put together again, so that nothing else of it changes,
however it is quoted.
"""

from __future__ import annotations

import codecs
import json
import re
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np

from bce_cli.errors import DataError, quoted, safe_text
from bce_cli.lean_dataclass import dataclass
from bce_cli.render.rows import (
    csv_cells,
    joined_lines,
    number_array,
    number_texts,
    parquet_writer,
    string_array,
    text_array,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt
    import pyarrow as pa

    from bce_cli.core.rows import BoolArray, FloatArray, Places

    ByteArray = npt.NDArray[np.uint8]

Constants: TypeAlias = "tuple[tuple[str, str | None], ...]"
"""Names of columns that have one text in many rows, and that text."""

_QUOTE, _LF, _CR, _CLOSE = b'"\n\r}'
_KEPT_ROWS, _KEPT_BYTES = 1 << 20, 64 << 20
"""Of a row group of Parquet, at the most."""
_EMPTY_OBJECT = re.compile(rb"\{[ \t\r]*\}")


@dataclass(frozen=True, slots=True)
class NewColumn:
    """The column that comes in, as far as some rows go.

    Attributes
    ----------
    name : str
    values : ndarray of float64, shape (n,)
    missing : ndarray of bool, shape (n,), optional
        Rows without a prediction, which have no value here either.
    before : tuple of (str, str or None)
        Names of columns that come in before it, each with the one text of all these rows.
    """

    name: str
    values: FloatArray
    missing: BoolArray | None = None
    before: Constants = ()

    def texts(self, sign: str, *, empty: str = "", is_strict: bool = False) -> pa.StringArray:
        """Write the values, each behind a sign.

        Parameters
        ----------
        sign : str
            One ASCII character.
        empty : str
            What stands for a value that is missing.
        is_strict : bool
            Whether it stands for infinite ones as well, which JSON does not have.
        """
        from pyarrow import compute

        absent = np.zeros(len(self.values), np.bool_) if self.missing is None else self.missing
        if is_strict:
            absent = absent | ~np.isfinite(self.values)
        if not absent.any():
            return number_texts(self.values, sign, is_before=True)
        texts = number_texts(np.where(absent, 0.5, self.values), sign, is_before=True)
        return compute.if_else(_bools(absent), text_array([sign + empty])[0], texts)

    def array(self) -> pa.Array:
        """Return the values as a column of Arrow; null where there is none."""
        import pyarrow as pa

        if self.missing is None:
            return number_array(self.values, pa.float64())
        values = np.ascontiguousarray(self.values)
        valid = np.packbits(~self.missing, bitorder="little")
        buffers = [pa.py_buffer(valid), pa.py_buffer(values)]
        return pa.Array.from_buffers(pa.float64(), len(values), buffers)


def _bools(mask: BoolArray) -> pa.Array:
    """Turn a mask into an array of Arrow; pa.array would import pandas."""
    import pyarrow as pa

    bits = pa.py_buffer(np.packbits(mask, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(mask), [None, bits])


def csv_header(header: bytes, delimiter: str, *new: str) -> bytes:
    r"""Return a header with more names, quoted if all others are; nothing where there is none.

    Examples
    --------
    >>> csv_header(b'"y";"p"\r\n', ";", "new"), csv_header(b"y,p", ",", "a,b")
    (b'"y";"p";"new"\r\n', b'y,p,"a,b"')
    """
    if not header:
        return b""
    names = header.rstrip(b"\r\n")
    line_end = line_end_of(header) if len(names) < len(header) else b""
    cells = csv_cells([*new], delimiter)
    if names.startswith(b'"') and names.endswith(b'"'):
        pairs = zip(cells, new, strict=True)
        cells = [f'"{name}"' if cell == name else cell for cell, name in pairs]
    return names + "".join(f"{delimiter}{cell}" for cell in cells).encode() + line_end


def line_end_of(header: bytes) -> bytes:
    """Return what ends a line, as a header has it; a line feed where it has none."""
    behind = header[len(header.rstrip(b"\r\n")) :]
    return b"\r\n" if behind.startswith(b"\r\n") else behind[:1] or b"\n"


def csv_records(data: memoryview, delimiter: str, decimal: str, column: NewColumn) -> list[Any]:
    r"""Return delimited records, each with one cell more; its quotes are those of RFC 4180.

    Parameters
    ----------
    data : memoryview
        Whole records; the last line end may be missing. Blank lines are left out.
    delimiter, decimal : str
    column : NewColumn

    Returns
    -------
    list of bytes or memoryview
        To be written one behind the other.

    Examples
    --------
    >>> column = NewColumn("new", np.array([0.25, 0.5]))
    >>> b"".join(csv_records(memoryview(b'1,"a"\n0,b'), ",", ".", column))
    b'1,"a",0.25\n0,b,0.5'
    """
    from pyarrow import compute

    data, ends = _records(data)
    if len(ends) != len(column.values):  # pragma: no cover -- the reader counts as we do
        message = f"internal: {len(ends)} records for {len(column.values)} rows"
        raise AssertionError(message)
    texts = column.texts(delimiter)
    if decimal == "," and delimiter != ",":
        texts = compute.replace_substring(texts, ".", ",")
    elif decimal == ",":  # a comma behind the delimiter has to be quoted
        texts = compute.replace_substring_regex(texts, r"^,([^.]*)\.(.*)$", r',"\1,\2"')
    same = csv_cells([text or "" for _, text in column.before], delimiter)
    return _spliced(data, ends, ["".join(f"{delimiter}{cell}" for cell in same), texts])


def _spliced(data: memoryview, ends: Places, parts: list[Any]) -> list[Any]:
    """Put texts into data at these places, one of each part at every place."""
    offsets = np.concatenate([[0], ends])
    lines = joined_lines([string_array(data, offsets), *parts])
    return [lines, data[int(ends[-1]) :]]


def _records(data: memoryview) -> tuple[memoryview, Places]:
    r"""Leave out what is no record: blank lines, and comments, of which nothing is left.

    Returns
    -------
    data : memoryview
    ends : ndarray of int
        Where the text of each record ends, before its line end.

    Examples
    --------
    >>> data, ends = _records(memoryview(b'\n1,"\n"\r\n\r\n2'))
    >>> bytes(data), ends.tolist()
    (b'1,"\n"\r\n2', [5, 8])
    """
    text = np.frombuffer(data, np.uint8)
    ends, returns = np.flatnonzero(text == _LF), np.flatnonzero(text == _CR)
    if len(returns):
        ends = np.sort(np.concatenate([ends, returns]))
    quotes = np.flatnonzero(text == _QUOTE)
    if len(quotes):
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    are_first = np.diff(ends, prepend=-1) > 1
    if not are_first.all():
        follow = np.append(False, are_first[:-1]) & ~are_first
        are_second = follow & (text[ends] == _LF) & (text[ends - 1] == _CR)
        blank = ends[~are_first & ~are_second]
        ends = ends[are_first]
        if len(blank):
            data, ends = (
                memoryview(np.delete(text, blank).data),
                ends - np.searchsorted(blank, ends),
            )
    is_cut = len(data) > 0 and data[-1] not in (_LF, _CR)
    return data, np.append(ends, len(data)) if is_cut else ends


def json_lines(data: memoryview, column: NewColumn) -> list[Any]:
    """Return JSON Lines, each object with one member more; all else is as it is written.

    Parameters
    ----------
    data : memoryview
        Lines that were read before: each is blank or has one object, and blanks may stand around.
    column : NewColumn

    Returns
    -------
    list of bytes or memoryview
        To be written one behind the other.

    Examples
    --------
    >>> b"".join(json_lines(memoryview(b'{"p": 0.5}'), NewColumn("new", np.array([0.25]))))
    b'{"p": 0.5, "new": 0.25}'
    """
    same = [f"{json.dumps(name)}: {json.dumps(text)}, " for name, text in column.before]
    key = f"{''.join(same)}{json.dumps(column.name)}"
    texts = column.texts(" ", empty="null", is_strict=True)
    ends = np.flatnonzero(_closing_braces(np.frombuffer(data, np.uint8)))
    if len(ends) == len(column.values) and not _EMPTY_OBJECT.search(data):
        return _spliced(data, ends, [f", {key}:", texts])
    lines, rest = bytes(data).split(b"\n"), iter(texts.to_pylist())
    for number, line in enumerate(lines):
        body = line.rstrip(b" \t\r")
        if body:
            inside = body[:-1].rstrip(b" \t\r")
            comma = "" if inside.endswith(b"{") else ", "
            member = f"{comma}{key}:{next(rest)}}}".encode()
            lines[number] = inside + member + line[len(body) :]
    return [b"\n".join(lines)]


def _closing_braces(text: ByteArray) -> BoolArray:
    """Which bytes are braces at the very end of a line."""
    behind = np.append(text[1:], np.uint8(_LF))
    further = np.append(behind[1:], np.uint8(_LF))
    closes: BoolArray = (behind == _LF) | ((behind == _CR) & (further == _LF))
    closes &= text == _CLOSE
    return closes


def csv_lines(texts: Sequence[pa.Array], column: NewColumn) -> list[Any]:
    """Return lines of CSV.

    Parameters
    ----------
    texts : sequence of pyarrow.Array of strings
        The cells of the other columns; null is nothing.
    column : NewColumn
    """
    parts: list[Any] = []
    for cells in texts:
        parts += [_csv_cells_of(cells), ","]
    for cell in csv_cells([text or "" for _, text in column.before]):
        parts += [cell, ","]
    return [joined_lines([*parts[:-1], column.texts(","), "\n"])]


def _csv_cells_of(texts: pa.Array) -> pa.Array:
    from pyarrow import compute

    quote, nothing = text_array(['"', ""]).cast(texts.type)
    texts = compute.fill_null(texts, nothing)
    are_odd = compute.match_substring_regex(texts, '[,"\r\n]')
    if compute.any(are_odd).as_py():
        doubled = compute.replace_substring(texts, '"', '""')
        quoted = compute.binary_join_element_wise(quote, doubled, quote, nothing)
        texts = compute.if_else(are_odd, quoted, texts)
    return texts.cast(text_array([]).type)


def json_objects(cells: dict[str, list[Any]], column: NewColumn) -> list[Any]:
    """Return JSON Lines.

    Parameters
    ----------
    cells : dict of str to list of JSON value
        Those of the other columns.
    column : NewColumn
    """
    import orjson

    same = {name: [text] * len(column.values) for name, text in column.before}
    names = [*cells, *same, column.name]
    rows = zip(*cells.values(), *same.values(), column.array().to_pylist(), strict=True)
    lines = [orjson.dumps(dict(zip(names, row, strict=True))) for row in rows]
    return [b"\n".join([*lines, b""])]


class TextSink:
    """Takes text, and writes it in an encoding; see `text_sink`."""

    def __init__(self, stream: IO[bytes], encoding: str, line_end: bytes) -> None:
        self._stream, self._encoding, self._line_end = stream, encoding, line_end
        self._last = b"\n"
        is_plain = codecs.lookup(encoding).name == "utf-8"
        self._encoder = None if is_plain else codecs.getincrementalencoder(encoding)()

    def begin(self) -> None:
        """End the last line of what was written before."""
        if self._last not in (b"\n", b"\r"):
            self.write([self._line_end])

    def write(self, chunks: Sequence[Any]) -> None:
        """Write chunks of UTF-8, each of whole characters.

        Raises
        ------
        DataError
            The encoding lacks a character.
        """
        for chunk in chunks:
            if len(chunk):
                self._last = bytes(chunk[-1:])
                if self._encoder is None:
                    self._stream.write(chunk)
                else:
                    self._stream.write(self._encoded(bytes(chunk).decode()))

    def _encoded(self, text: str) -> bytes:
        assert self._encoder is not None  # noqa: S101 -- it is not UTF-8
        try:
            return self._encoder.encode(text)
        except UnicodeEncodeError as error:
            sign = quoted(error.object[error.start])
            message = f"{sign} cannot be written in {self._encoding}, as the input is"
            raise DataError(message) from None


@contextmanager
def text_sink(
    stream: IO[bytes],
    before: bytes = b"",
    encoding: str = "utf-8",
    mark: bytes = b"",
    line_end: bytes = b"\n",
    *,
    ends_all: bool = False,
) -> Iterator[TextSink]:
    """Provide what takes text.

    Parameters
    ----------
    stream : binary stream
    before : bytes
        The text that precedes all rows, in UTF-8.
    encoding : str
        As Python calls it.
    mark : bytes
        What precedes all text, as it is.
    line_end : bytes
        What stands between files, where one of them ends without.
    ends_all : bool, default False
        Whether it stands behind the last one, too.
    """
    stream.write(mark)
    sink = TextSink(stream, encoding, line_end)
    sink.write([before])
    yield sink
    if ends_all:
        sink.begin()


class TableSink:
    """Takes tables, and writes them as Parquet or Arrow, some of them together."""

    def __init__(self, writer: Any, schema: pa.Schema) -> None:  # noqa: ANN401 -- of pyarrow
        self._writer, self._schema = writer, schema
        self._kept, self._n_bytes = list[Any](), 0

    def begin(self) -> None:
        """Do nothing between two files."""

    def write(self, table: pa.Table) -> None:
        """Take in some rows."""
        self._kept.append(table.replace_schema_metadata(self._schema.metadata))
        self._n_bytes += table.nbytes
        if sum(map(len, self._kept)) >= _KEPT_ROWS or self._n_bytes >= _KEPT_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is left.

        Raises
        ------
        DataError
            Arrow cannot hold these rows together with those before.
        """
        import pyarrow as pa

        if self._kept:
            table = pa.concat_tables(self._kept).unify_dictionaries()
            try:
                self._writer.write_table(table)
            except pa.ArrowInvalid as error:  # Arrow files have one dictionary for a column
                message = f"the rows cannot be written as Arrow: {safe_text(str(error), 80)}"
                raise DataError(message, "--format parquet takes them") from None
        self._kept, self._n_bytes = [], 0


@contextmanager
def table_sink(stream: IO[bytes], schema: pa.Schema, *, is_parquet: bool) -> Iterator[TableSink]:
    """Provide what takes tables.

    Parameters
    ----------
    stream : binary stream
    schema : pyarrow.Schema
    is_parquet : bool
        Else Arrow.
    """
    import pyarrow as pa

    words = [field.name for field in schema if not pa.types.is_floating(field.type)]
    begun = parquet_writer(stream, schema, words) if is_parquet else pa.ipc.new_file(stream, schema)
    with begun as writer:
        sink = TableSink(writer, schema)
        yield sink
        sink.flush()
