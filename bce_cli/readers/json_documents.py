"""JSON that is one value: an array of objects, or columns as pandas and json.dump write them.

All of it becomes JSON Lines. An array of objects is passed on as it is read, an object a line. What
has its values by columns takes a look at all of it, and is read into memory.
"""

from __future__ import annotations

import json
from itertools import chain, islice
from json.encoder import encode_basestring_ascii
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from bce_cli.errors import DataError, quoted
from bce_cli.readers.columns import find_columns
from bce_cli.readers.json_lines import JsonFile
from bce_cli.readers.json_values import (
    JsonParts,
    Number,
    Pairs,
    decoder,
    is_array,
    kind_of,
    reason_of,
)
from bce_cli.storage.streams import Chunks, peeked, read_fully

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from bce_cli.readers.columns import ColumnChoice
    from bce_cli.readers.grammar import InputOptions

    ByteArray = npt.NDArray[np.uint8]

LARGEST_DOCUMENT = 128 << 20
"""Bytes of JSON that is read into memory, at the most; decoded, it takes up to 20 times as much."""

_BLANKS = " \t\r\n"
_LINES_BY_NAME = (".jsonl", ".ndjson")
_CHUNK = 1 << 20
_SAMPLE = 100
_WORDS = {None: "null", True: "true", False: "false"}
_LINES_AT_ONCE = 1 << 12
_PIECEMEAL = "JSON Lines is read piece by piece: to_json(..., orient='records', lines=True)"
_WHAT_IS_READ = "an array of objects is read, or an object of columns"

_QUOTE, _BACKSLASH, _LF, _SPACE, _COMMA = b'"\\\n ,'
_COMMAS, _OPENED, _CLOSED, _BLANK = 1, 2, 3, 4
_CLASSES = np.zeros(256, np.uint8)
for _signs, _class in ((b",", _COMMAS), (b"[{", _OPENED), (b"]}", _CLOSED), (b" \t\r\n", _BLANK)):
    _CLASSES[list(_signs)] = _class


def open_json(
    stream: IO[bytes], name: str, extensions: tuple[str, ...], options: InputOptions
) -> JsonFile:
    """Open JSON of any layout that is known.

    Parameters
    ----------
    stream : binary stream
        UTF-8 text.
    name : str
        What messages call it.
    extensions : tuple of str
        The endings of its name.
    options : InputOptions

    Raises
    ------
    DataError
        It is no JSON, or of another layout; or lacks a column.
    InputError
        Reading fails.
    """
    wanted = options.layout.input_format
    if wanted == "jsonl":
        return JsonFile(stream, name, options)
    head, stream = peeked(stream, 512)
    begin = head.lstrip(_BLANKS.encode())
    are_lines = wanted is None and any(known in extensions for known in _LINES_BY_NAME)
    if begin.startswith(b"[") and not _has_places(begin, options.columns):
        lines = cast("IO[bytes]", Chunks(_records_of_array(stream, name)))
        file = JsonFile(lines, name, options, unit="row")
        if are_lines:
            file.note = f"{name}: it is one JSON array, not JSON Lines as its name says"
        return file
    if not begin.startswith((b"{", b"[")) or (are_lines and begin.startswith(b"{")):
        return JsonFile(stream, name, options)
    if begin.startswith(b"{") and wanted is None:
        is_settled = _begins_with_lines(head)
        if is_settled is None:
            head, stream = peeked(stream, options.block_bytes)
            is_settled = _begins_with_lines(head)
        if is_settled:
            return JsonFile(stream, name, options)
    layout = _layout_of(_values_of(stream, name), options.columns, name)
    lines = cast("IO[bytes]", Chunks(layout.lines(name)))
    file = JsonFile(lines, name, options, unit=layout.unit, has_places=layout.has_places)
    file.note = layout.note
    return file


def _has_places(begin: bytes, choice: ColumnChoice) -> bool:
    """Whether an array holds arrays; or values, where labels or predictions alone are read."""
    first = begin[1:].lstrip(_BLANKS.encode())[:1]
    return first == b"[" or (choice.is_one_number and first not in (b"", b"{", b"]"))


def _begins_with_lines(head: bytes) -> bool | None:
    """Whether text begins with an object on a line, and others on the next; None: not so far."""
    line, end, rest = head.lstrip(_BLANKS.encode()).partition(b"\n")
    if not end:
        return None
    text = line.decode("utf-8", "surrogateescape").rstrip(_BLANKS)
    try:
        value, stop = decoder.raw_decode(text)
    except (ValueError, RecursionError):
        return False
    if stop != len(text) or not isinstance(value, Pairs):
        return True  # which JSON Lines has words for
    return bool(rest.strip()) or None


def _records_of_array(stream: IO[bytes], name: str) -> Iterator[bytes]:
    """Yield the text of an array with each of its elements on a line."""
    array = _Array()
    while True:
        buffer = bytearray(_CHUNK)
        filled = read_fully(stream, memoryview(buffer))
        if not filled:
            break
        yield array.lines_of(np.frombuffer(buffer, np.uint8, filled).copy())
    if not array.has_ended:
        message = f"{name}: the JSON array is never closed"
        raise DataError(message, "the file was cut off")


class _Array:
    """Where in the text of an array one is; whatever is wrong with it stays so on its line."""

    def __init__(self) -> None:
        self.has_ended = False
        self._depth = 0
        self._in_string = self._is_escaped = False
        self._last = _LF
        self._n_separators = 0

    def lines_of(self, data: ByteArray) -> bytes:
        """Return the elements that come next, without what stands between them."""
        if self.has_ended:
            return self._refused(data.tobytes())
        quotes = self._quotes(data)
        signs = np.flatnonzero(_CLASSES[data])
        is_outside = (np.searchsorted(quotes, signs) + self._in_string) % 2 == 0
        self._in_string ^= bool(len(quotes) % 2)
        signs = signs[is_outside]
        kinds = _CLASSES[data[signs]]
        ups, downs = kinds == _OPENED, kinds == _CLOSED
        depths = self._depth + np.cumsum(ups.astype(np.int64) - downs)
        if len(depths):
            self._depth = int(depths[-1])
        ends = signs[downs & (depths == 0)]
        stop = int(ends[0]) if len(ends) else len(data)
        keep = np.ones(len(data), np.bool_)
        is_outer = depths <= 1
        keep[signs[is_outer & (kinds == _BLANK)]] = False
        keep[signs[ups & is_outer & (data[signs] == ord("["))]] = False
        data[signs[~is_outer & (kinds == _BLANK)]] = _SPACE
        separators = signs[(kinds == _COMMAS) & (depths == 1)]
        separators = separators[separators < stop]
        data[separators] = _LF
        kept = np.flatnonzero(keep[:stop])
        order = np.searchsorted(kept, separators)
        before = np.where(order > 0, data[kept[order - 1]], self._last) if len(kept) else separators
        data[separators[before == _LF]] = _COMMA  # nothing stands before it, which is an error
        self._n_separators += len(separators)
        if len(kept):
            self._last = int(data[kept[-1]])
        lines = data[kept].tobytes()
        if not len(ends):
            return lines
        self.has_ended = True
        if (self._last == _LF and self._n_separators) or data[stop] != ord("]"):
            lines += bytes([data[stop]])
        return lines + self._refused(data[stop + 1 :].tobytes())

    def _refused(self, behind: bytes) -> bytes:
        """Return what follows the array, so that it is refused unless it is blank."""
        text = behind.strip(_BLANKS.encode())
        return b"\n]" + text.replace(b"\n", b" ") if text else b""

    def _quotes(self, data: ByteArray) -> npt.NDArray[np.intp]:
        """Return the places of the quotes that begin or end a string."""
        quotes = np.flatnonzero(data == _QUOTE)
        slashes = np.flatnonzero(data == _BACKSLASH)
        if not len(slashes) and not self._is_escaped:
            return quotes
        begins = np.append(True, np.diff(slashes) > 1) if len(slashes) else np.zeros(0, np.bool_)
        firsts = slashes[begins]
        lasts = slashes[np.append(begins[1:], True)] if len(slashes) else slashes
        lengths = lasts - firsts + 1
        if self._is_escaped:
            if len(firsts) and firsts[0] == 0:
                lengths[0] += 1
            else:
                quotes = quotes[quotes != 0]
        odd = lasts[lengths % 2 == 1]
        self._is_escaped = bool(len(odd)) and int(odd[-1]) == len(data) - 1
        return np.setdiff1d(quotes, odd + 1, assume_unique=True)


def _values_of(stream: IO[bytes], name: str) -> list[Any]:
    """Decode all that a stream holds: one value, or several that follow each other."""
    data = bytearray()
    while len(data) <= LARGEST_DOCUMENT:
        chunk = stream.read(_CHUNK)
        if not chunk:
            break
        data += chunk
    else:
        size = f"longer than {LARGEST_DOCUMENT >> 20} MiB"
        message = f"{name}: JSON by columns is read into memory, and this is {size}"
        raise DataError(message, _PIECEMEAL)
    text = data.decode("utf-8", "surrogateescape")
    del data
    values: list[Any] = []
    at = len(text) - len(text.lstrip(_BLANKS))
    while at < len(text):
        try:
            value, end = decoder.raw_decode(text, at)
        except RecursionError:
            message = f"{name}: the JSON value is nested too deeply"
            raise DataError(message) from None
        except json.JSONDecodeError as error:
            where = f"{name}, line {error.lineno}"
            rest = text[error.pos : error.pos + _SAMPLE].partition("\n")[0]
            message = f"{where}: not JSON, {reason_of(error)}"
            raise DataError(message + (f": {quoted(rest)}" if rest else "")) from None
        values.append(value)
        rest = text[end : end + _CHUNK]
        at = end + len(rest) - len(rest.lstrip(_BLANKS))
    return values


class _Layout(NamedTuple):
    """How a document is laid out.

    Attributes
    ----------
    records : iterable of Pairs
        Or of what is refused later.
    note : str or None
        What is worth a word about how they were found.
    has_places : bool
        Whether columns come in an order.
    unit : {"row", "line"}
        What messages call a record.
    """

    records: Iterable[Any]
    note: str | None = None
    has_places: bool = False
    unit: str = "row"

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield JSON Lines, some at a time."""
        texts = map(_text_of, self.records)
        try:
            while chunk := list(islice(texts, _LINES_AT_ONCE)):
                yield ("\n".join(chunk) + "\n").encode()
        except RecursionError:
            message = f"{name}: the JSON value is nested too deeply"
            raise DataError(message) from None


def _text_of(value: Any) -> str:  # noqa: ANN401 -- any JSON value
    """Write a value as it was."""
    if isinstance(value, str):
        return str(value) if isinstance(value, Number) else encode_basestring_ascii(value)
    if isinstance(value, Pairs):
        members = [f"{encode_basestring_ascii(key)}:{_text_of(item)}" for key, item in value]
        return f"{{{','.join(members)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_text_of, value))}]"
    return _WORDS[value]


def _layout_of(values: list[Any], choice: ColumnChoice, name: str) -> _Layout:
    """Find out how a document is laid out."""
    value = values[0]
    if isinstance(value, Pairs):
        return _layout_of_object(value, choice, name) if len(values) == 1 else _Layout(values)
    if len(values) > 1:
        message = f"{name}: something follows the JSON array"
        raise DataError(message, _WHAT_IS_READ)
    if not any(map(is_array, value)):
        return _Layout((Pairs([("#1", item)]) for item in value), has_places=True)
    # An array of arrays, whose columns have no names.
    width = max(len(row) for row in value if is_array(row))
    return _Layout(_of_rows([f"#{i + 1}" for i in range(width)], value, name), has_places=True)


def _layout_of_object(value: Pairs, choice: ColumnChoice, name: str) -> _Layout:
    found: dict[str, Any] = dict(value)
    _refuse_map(found, name)
    columns, data = found.get("columns"), found.get("data")
    layout = _Layout([value], unit="line")
    if is_array(columns) and is_array(data):  # orient="split", or "tight"
        names = [_name_of(column) for column in found["columns"]]
        rows = _of_rows(names, found["data"], name)
        rows = _with_index(found.get("index"), names, rows)
        layout = _Layout(rows, has_places=True)
    elif is_array(data) and isinstance(found.get("schema"), Pairs):  # orient="table"
        layout = _Layout(found["data"])
    elif any(is_array(column) for _, column in value):  # orient="list"
        layout = _of_lists(value, choice, name)
    elif value and all(isinstance(column, Pairs) for _, column in value):
        layout = _of_objects(value, choice, name)
    return layout


def _refuse_map(found: dict[str, Any], name: str) -> None:
    """Raise DataError for a saved map, whose lists are no columns."""
    if "format" in found:
        from bce_cli.core.recalibration.saved import FORMAT  # noqa: PLC0415 -- rarely needed

        if found["format"] == FORMAT:
            message = f"{name}: it is a map of bce recalibrate, and has no rows"
            raise DataError(message, "bce apply MAP SOURCE applies it to those of SOURCE")


def _name_of(column: Any) -> str:  # noqa: ANN401 -- any JSON value
    """Call a column; one of several levels by all of them."""
    if isinstance(column, list):
        return ".".join(map(_name_of, column))
    return column if isinstance(column, str) else _text_of(column)


def _of_rows(names: Sequence[str], rows: list[Any], source: str) -> Iterator[Any]:
    """Put names to the values of each row."""
    for number, row in enumerate(rows, start=1):
        if not is_array(row) or len(row) != len(names):
            what = _counted(len(row), "value") if is_array(row) else kind_of(row)
            place = f"{source}, row {number}"
            message = f"{place}: here is {what} for {_counted(len(names), 'column')}"
            raise DataError(message)
        yield Pairs(zip(names, row, strict=True))


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _with_index(index: Any, names: Sequence[str], rows: Iterator[Any]) -> Iterator[Any]:  # noqa: ANN401
    """Add the index that pandas writes beside the rows, unless there is such a column."""
    if not is_array(index) or "index" in names:
        yield from rows
        return
    for label, row in zip(chain(index, [None] * _SAMPLE), rows, strict=False):
        yield Pairs([*row, ("index", label)])


def _of_lists(value: Pairs, choice: ColumnChoice, source: str) -> _Layout:
    """Turn those arrays into rows that the wanted columns are; whatever stands beside them.

    Where these are no arrays, the object is one row.
    """
    arrays = Pairs((key, item) for key, item in value if is_array(item))
    first = JsonParts([Pairs((key, item[0] if item else None) for key, item in arrays)])
    try:
        columns = find_columns(first.names(), choice, source, first)
    except DataError:
        if _has_columns([value], choice):
            return _Layout([value], unit="line")
        raise
    wanted = {str(columns.path(place)[0]) for _, place in columns.wanted}
    sizes = [(key, len(item)) for key, item in arrays if key.strip(" \t") in wanted]
    (name, n), *others = sizes or [("", max(len(item) for _, item in arrays))]
    for key, size in others:
        if size != n:
            message = f"{source}: {quoted(key)} has {size:,} values, but {quoted(name)} has {n:,}"
            raise DataError(message)
    arrays = Pairs((key, item) for key, item in arrays if len(item) == n)
    names = [key for key, _ in arrays]
    rows = zip(*(item for _, item in arrays), strict=True)
    records = (Pairs(zip(names, row, strict=True)) for row in rows)
    return _Layout(records, _word_on(n, arrays, source), has_places=len(arrays) == len(value))


def _of_objects(value: Pairs, choice: ColumnChoice, source: str) -> _Layout:
    """Find out whether an object of objects has columns or rows."""
    n, by_column = _by_column(value, source)
    sample = list(islice(by_column, _SAMPLE))
    rows = (Pairs([*row, ("index", key)]) for key, row in value)
    first_rows = list(islice(rows, _SAMPLE))
    if not _has_columns(sample, choice) and _has_columns(first_rows, choice):
        return _Layout(chain(first_rows, rows))  # orient="index"
    return _Layout(chain(sample, by_column), _word_on(n, value, source), has_places=True)


def _by_column(columns: Pairs, source: str) -> tuple[int, Iterator[Pairs]]:
    """Turn columns whose values are called by the index into rows; return how many, and them."""
    cells: dict[str, list[Any]] = {}
    for at, (name, values) in enumerate(columns):
        for key, item in values:
            row = cells.setdefault(key, [])
            row += [None] * (at - len(row))
            if len(row) > at:
                message = f"{source}: the index of {quoted(name)} has {quoted(key)} twice"
                raise DataError(message)
            row.append(item)
    names = [*(name for name, _ in columns), "index"]
    n = len(columns)
    rows = ([*row, *[None] * (n - len(row)), key] for key, row in cells.items())
    return len(cells), (Pairs(zip(names, row, strict=True)) for row in rows)


def _has_columns(rows: list[Any], choice: ColumnChoice) -> bool:
    whole = JsonParts(rows)
    try:
        find_columns(whole.names(), choice, "", whole)
    except DataError:
        return False
    return True


def _word_on(n_rows: int, columns: Pairs, source: str) -> str | None:
    """Say it where an object of columns may have been meant as a row."""
    if n_rows != 1:
        return None
    names = ", ".join(quoted(key) for key, _ in columns[:3])
    return f"{source}: its one object is read as columns, {names}, of one row"
