"""The one text that a value has as an id, a key, a cluster, a segment or a label with a name.

It does not depend on the format or the type that the value was stored in: a whole number has the
text of the integer (up to 40 digits, which is more than any integer type has), another one the
fewest digits that read back in its own type. NaN is no value. Text is itself, and so is all that
CSV holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.readers.buffers import offsets_of
from bce_cli.readers.grammar import holds

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST_TEXT = 1 << 16
"""Bytes of an id, a key, a cluster or a segment, at the most; ordinary ones have some dozens."""

_SEPARATOR, _ESCAPE = "\x1f", "\x1e"
_ESCAPED = ((_ESCAPE, _ESCAPE + "\x01"), (_SEPARATOR, _ESCAPE + "\x02"))
"""What stands between texts that are one, and what stands for that within a text."""

_SPACE, _DELETE = 0x20, 0x7F
_UUID_BYTES, _UUID_LENGTH = 16, 36
_DASHES = (8, 13, 18, 23)
_INT64 = 2.0**63
_IN_FULL = 1e40
"""Whole numbers from here on are written with an exponent where they are floats."""

_ALIKE = 1e-4, 1e10
"""In between, pyarrow and Python write a fraction alike; elsewhere they use other exponents."""

_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_INTEGER = re.compile("-?[0-9]+")


def texts_of(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return the text of each value.

    Parameters
    ----------
    column : pyarrow.Array or ChunkedArray
        Of a type that `has_texts`.

    Returns
    -------
    pyarrow.Array of strings, or dictionary of such
        A dictionary stays one. Null where there is no value, or NaN.

    Examples
    --------
    >>> import pyarrow as pa
    >>> texts_of(pa.array([1.0, 0.1, float("nan"), 1e-7])).to_pylist()
    ['1', '0.1', None, '1e-07']
    >>> texts_of(pa.array([0.1, -0.0], pa.float32())).to_pylist()
    ['0.1', '0']
    """
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    kind, types = column.type, pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return _of_uuids(column) if kind.extension_name == "arrow.uuid" else column.storage
    writers: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Any], Any]], ...] = (
        (types.is_large_string, lambda texts: texts),
        (types.is_string_view, lambda texts: texts.cast(pa.large_string())),
        (types.is_dictionary, _of_dictionary),
        (types.is_floating, _of_floats),
        (types.is_decimal, _of_decimals),
        (types.is_timestamp, _of_timestamps),
        (types.is_time, lambda times: _without_zeros(times.cast(pa.string()))),
        (types.is_duration, _of_durations),
    )
    write = next((write for is_of, write in writers if is_of(kind)), None)
    return column.cast(pa.string()) if write is None else write(column)


def has_texts(kind: pa.DataType) -> bool:
    """Whether values of this type have a text: bytes, lists and records have none."""
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    if isinstance(kind, pa.BaseExtensionType):
        return kind.extension_name in ("arrow.uuid", "arrow.json")
    plain = (
        *(types.is_string, types.is_large_string, types.is_string_view, types.is_null),
        *(types.is_integer, types.is_floating, types.is_decimal, types.is_boolean),
        *(types.is_date, types.is_time, types.is_timestamp, types.is_duration),
    )
    return any(is_of(kind) for is_of in plain)


def number_text(value: float) -> str:
    """Write a float64.

    Examples
    --------
    >>> number_text(1.0), number_text(-0.0), number_text(0.5), number_text(2.0**60)
    ('1', '0', '0.5', '1152921504606846976')
    """
    return _python_text(value)


def literal_text(literal: str) -> str | None:
    """Write a number that stands in text, as JSON has it; None for NaN.

    Examples
    --------
    >>> literal_text("1.0"), literal_text("1e2"), literal_text("-0"), literal_text("NaN")
    ('1', '100', '0', None)
    >>> literal_text("9007199254740993"), literal_text("1e-400")
    ('9007199254740993', '1e-400')
    """
    if _INTEGER.fullmatch(literal):
        digits = literal.lstrip("-").lstrip("0")
        return f"{'-' * literal.startswith('-')}{digits}" if digits else "0"
    value = float(literal)
    if value != value:  # noqa: PLR0124 -- NaN
        return None
    if not np.isinf(value) and holds(value, literal):
        return number_text(value)
    name = literal.strip().lower().lstrip("+")
    return name.replace("infinity", "inf") if name.lstrip("-").startswith("inf") else literal


class Texts(Sequence[str]):
    """Cells of a column of strings, dictionary-encoded or not; null is empty.

    They are decoded as they are asked for, and the words of a dictionary once.
    """

    def __init__(self, column: pa.ChunkedArray | pa.Array) -> None:
        self._column = column
        self._all: list[str] | None = None

    def __len__(self) -> int:
        return len(self._column)

    def __iter__(self) -> Iterator[str]:
        if self._all is None:
            self._all = [text or "" for text in values_of(self._column)]
        return iter(self._all)

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 -- Sequence asks for slices too
        if isinstance(index, slice):
            start, stop, _ = index.indices(len(self))
            return Texts(self._column.slice(start, max(stop - start, 0)))
        return self._column[int(index)].as_py() or ""

    def first_other(self, others: Texts) -> int | None:
        """Return the place of the first that is not the same in others; -1 if there is none.

        None where a cell is null, so that nothing can be said.
        """
        import pyarrow as pa
        from pyarrow import compute

        columns = (texts._column.cast(pa.string()) for texts in (self, others))  # noqa: SLF001
        same = compute.equal(*columns)
        if same.null_count:
            return None
        return -1 if compute.all(same).as_py() is not False else same.to_pylist().index(False)

    @property
    def chunks(self) -> list[pa.Array]:
        """The arrays that they stand in, one after the other."""
        column = self._column
        return column.chunks if hasattr(column, "chunks") else [column]

    @property
    def has_blank(self) -> bool:
        """Whether one of them is empty, or spaces alone."""
        if self._column.null_count == 0 and all(map(_begin_with_signs, self.chunks)):
            return False
        from pyarrow import compute

        words = getattr(self._column, "dictionary", self._column)
        is_filled = compute.greater(compute.binary_length(compute.utf8_trim_whitespace(words)), 0)
        if compute.all(is_filled, skip_nulls=False).as_py():
            return bool(self._column.null_count)
        return not all(text.strip() for text in self)

    @classmethod
    def side_by_side(cls, columns: Sequence[Texts]) -> Texts:
        """Make one text of those of each row; as many others give another one.

        Parameters
        ----------
        columns : sequence of Texts, each of shape (n,)
            At least one; of several, none is null.
        """
        if len(columns) == 1:
            return columns[0]
        import pyarrow as pa
        from pyarrow import compute

        texts = [_escaped(column._column.cast(pa.large_string())) for column in columns]  # noqa: SLF001
        separator = strings([_SEPARATOR]).cast(pa.large_string())[0]
        return cls(compute.binary_join_element_wise(*texts, separator))


def _escaped(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Replace what may not stand within a text; hardly any has it."""
    import pyarrow as pa
    from pyarrow import compute

    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    if np.any(data - np.uint8(ord(_ESCAPE)) <= ord(_SEPARATOR) - ord(_ESCAPE)):
        for sign, escaped in _ESCAPED:
            texts = compute.replace_substring(texts, sign, escaped)
    return texts


def one_by_one(text: str) -> list[str]:
    r"""Return the texts that `Texts.side_by_side` has made one of.

    Examples
    --------
    >>> one_by_one("a\x1fb\x1e\x02c")
    ['a', 'b\x1fc']
    """
    parts = text.split(_SEPARATOR)
    for sign, escaped in reversed(_ESCAPED):
        parts = [part.replace(escaped, sign) for part in parts]
    return parts


def first_difference(texts: Sequence[str], others: Sequence[str]) -> int | None:
    """Return the place of the first of as many texts that is another one; None if none is.

    Examples
    --------
    >>> first_difference(["a", "b"], ["a", "c"])
    1
    """
    if isinstance(texts, Texts) and isinstance(others, Texts):
        place = texts.first_other(others)
        if place is not None:
            return None if place < 0 else place
    pairs = enumerate(zip(texts, others, strict=True))
    return next((at for at, (text, other) in pairs if text != other), None)


def values_of(column: pa.ChunkedArray | pa.Array) -> list[Any]:
    """Turn a column into Python's values; rows of one word in a dictionary share one."""
    values: list[Any] = []
    for chunk in column.chunks if hasattr(column, "chunks") else [column]:
        if hasattr(chunk, "dictionary"):
            words = [*chunk.dictionary.to_pylist(), None]
            none = len(words) - 1
            codes = chunk.indices.fill_null(none) if chunk.indices.null_count else chunk.indices
            values += [words[code] for code in codes.to_pylist()]
        else:
            values += chunk.to_pylist()
    return values


def strings(texts: Sequence[str | None]) -> pa.Array:
    """Build a column of few texts; pa.array would import pandas."""
    import pyarrow as pa

    data = [(text or "").encode() for text in texts]
    ends = np.cumsum([0, *map(len, data)], dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(data))]
    column = pa.Array.from_buffers(pa.string(), len(data), buffers)
    return _none_where(np.array([text is None for text in texts], np.bool_), column)


def is_too_long(text: str) -> bool:
    """Whether a text has more than `LONGEST_TEXT` bytes."""
    if text.isascii() or len(text) > LONGEST_TEXT or 4 * len(text) <= LONGEST_TEXT:
        return len(text) > LONGEST_TEXT
    return len(text.encode(errors="surrogatepass")) > LONGEST_TEXT


def has_long_text(column: pa.ChunkedArray | pa.Array) -> bool:
    """Whether a cell of a column of strings has more than `LONGEST_TEXT` bytes."""
    if longest_text(column) <= LONGEST_TEXT:
        return False
    from pyarrow import compute

    return any(
        compute.max(compute.binary_length(words.dictionary).take(words.indices)).as_py()
        > LONGEST_TEXT
        if len(words) and hasattr(words, "dictionary")
        else longest_text(words) > LONGEST_TEXT
        for words in (column.chunks if hasattr(column, "chunks") else [column])
    )


def longest_text(column: pa.ChunkedArray | pa.Array) -> int:
    """Bytes of the longest text of a column, or of a dictionary; 0 where it holds none."""
    import pyarrow as pa

    if hasattr(column, "chunks"):
        return max(map(longest_text, column.chunks), default=0)
    texts = column.dictionary if pa.types.is_dictionary(column.type) else column
    if pa.types.is_string_view(texts.type):
        texts = texts.cast(pa.large_string())
    if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        return 0
    return int(np.diff(offsets_of(texts)).max(initial=0))


def _begin_with_signs(column: pa.Array) -> bool:
    """Whether every text begins with a sign of ASCII that is seen, as hardly any do not."""
    import pyarrow as pa

    words = getattr(column, "dictionary", column)
    if words.null_count or pa.types.is_string_view(words.type):
        return False
    offsets = offsets_of(words)
    if np.any(offsets[1:] == offsets[:-1]):
        return False
    first = np.frombuffer(words.buffers()[2] or b"", np.uint8).take(offsets[:-1])
    return bool(np.all((first > _SPACE) & (first < _DELETE)))


def _of_dictionary(column: pa.DictionaryArray) -> pa.Array:
    """Write each word once; a place that holds no value is none."""
    import pyarrow as pa
    from pyarrow import compute

    words = texts_of(column.dictionary)
    if hasattr(words, "dictionary"):
        words = words.dictionary_decode()
    codes = column.indices.cast(pa.int32())
    if words.null_count:
        codes = compute.if_else(words.is_valid().take(codes), codes, pa.nulls(1, pa.int32())[0])
    return pa.DictionaryArray.from_arrays(codes, words)


def _of_floats(column: pa.Array) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_float16(column.type):
        return _of_halves(column)
    array = np.float32 if pa.types.is_float32(column.type) else np.float64
    size = np.dtype(array).itemsize
    values = np.zeros(0, array)
    if len(column):
        values = np.frombuffer(column.buffers()[1], array, len(column), size * column.offset)
    if column.null_count:
        values = np.where(np.asarray(column.is_null().to_pylist()), np.array(np.nan, array), values)
    return _of_array(values, column)


def _of_halves(column: pa.Array) -> pa.Array:
    """Write numbers of 16 bits, of which there are few."""
    import pyarrow as pa

    bits = column.view(pa.uint16()).dictionary_encode()
    values = np.array(bits.dictionary.to_pylist(), np.uint16).view(np.float16)
    words = [None if np.isnan(value) else _python_text(value) for value in values]
    encoded = pa.DictionaryArray.from_arrays(bits.indices, strings(words))
    return encoded.dictionary_decode()


def _of_array(values: Any, column: pa.Array) -> pa.Array:  # noqa: ANN401 -- float32 or float64
    """Write floats, of which most are whole or are written alike by pyarrow and Python."""
    import pyarrow as pa
    from pyarrow import compute

    size = np.abs(values)
    is_whole = (np.trunc(values) == values) & (size < _INT64)
    is_nan = np.isnan(values)
    if (is_whole | is_nan).all():
        whole = np.where(is_nan, 0, values).astype(np.int64)
        integers = pa.Array.from_buffers(pa.int64(), len(whole), [None, pa.py_buffer(whole)])
        return _none_where(is_nan, integers.cast(pa.string()))
    texts = column.cast(pa.string())
    is_alike = (size >= _ALIKE[0]) & (size < _ALIKE[1]) & ~is_whole
    places = np.flatnonzero(~is_alike & ~is_nan)
    if len(places):
        others = strings([_python_text(value) for value in values[places]])
        mask = np.zeros(len(values), np.bool_)
        mask[places] = True
        texts = compute.replace_with_mask(texts, bools(mask), others)
    return _none_where(is_nan, texts)


def _none_where(mask: Any, texts: pa.Array) -> pa.Array:  # noqa: ANN401 -- an array of bool
    import pyarrow as pa
    from pyarrow import compute

    if not mask.any():
        return texts
    return compute.if_else(bools(mask), pa.nulls(1, pa.string())[0], texts)


def bools(mask: Any) -> pa.Array:  # noqa: ANN401 -- an array of bool
    """Wrap an array; pa.array would import pandas."""
    import pyarrow as pa

    bits = np.packbits(mask, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(mask), [None, pa.py_buffer(bits)])


def _python_text(value: Any) -> str:  # noqa: ANN401 -- a float of Python or NumPy
    """Write a float; see the top."""
    exact = float(value)
    return str(int(exact)) if abs(exact) < _IN_FULL and exact.is_integer() else str(value)


def _of_decimals(column: pa.Array) -> pa.Array:
    """Write decimals without the zeros at their end, and as floats are written where they can."""
    import pyarrow as pa
    from pyarrow import compute

    texts = column.cast(pa.string())
    others = compute.match_substring_regex(texts, r"E|^-?0\.0000")
    if compute.any(others).as_py():
        odd = [_decimal_text(text) for text in texts.filter(others).to_pylist()]
        rest = _without_zeros(compute.if_else(others, strings(["0"])[0], texts))
        return compute.replace_with_mask(rest, others.fill_null(False), strings(odd))
    return _without_zeros(texts)


def _decimal_text(digits: str | int, scale: int = 1) -> str:
    from decimal import Decimal  # noqa: PLC0415 -- rarely needed

    value = Decimal(digits) / scale if scale != 1 else Decimal(digits)
    if value == value.to_integral_value():
        return f"{value:f}".partition(".")[0] if value else "0"
    near = repr(float(value))
    return near if Decimal(near) == value else f"{value:f}".rstrip("0")


def _of_timestamps(column: pa.Array) -> pa.Array:
    """Write an instant in UTC, wherever it was looked at, and local times as they are."""
    import pyarrow as pa
    from pyarrow import compute

    kind = column.type
    texts = _without_zeros(column.cast(pa.timestamp(kind.unit)).cast(pa.string()))
    if kind.tz is None:
        return texts
    return compute.binary_join_element_wise(texts, *strings(["Z", ""]))


def _of_durations(column: pa.Array) -> pa.Array:
    """Write seconds, whatever the unit is."""
    import pyarrow as pa

    scale = _UNITS[column.type.unit]
    encoded = column.cast(pa.int64()).dictionary_encode()
    words = [f"{_decimal_text(value, scale)}s" for value in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, strings(words))


def _without_zeros(texts: pa.Array) -> pa.Array:
    """Leave out the zeros at the end of a fraction."""
    from pyarrow import compute

    return compute.replace_substring_regex(texts, r"^(.*?)(\.0+|(\.[0-9]*[1-9])0+)$", r"\1\3")


def _of_uuids(column: pa.ExtensionArray) -> pa.Array:
    """Write UUIDs as 8-4-4-4-12 hexadecimal digits."""
    import pyarrow as pa

    storage, n = column.storage, len(column)
    if n == 0:
        return strings([])
    data = np.frombuffer(
        storage.buffers()[1], np.uint8, _UUID_BYTES * n, _UUID_BYTES * storage.offset
    )
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    letters = np.full((n, _UUID_LENGTH), ord("-"), np.uint8)
    hexadecimal = np.stack([digits[data >> 4], digits[data & 15]], axis=-1)
    places = np.setdiff1d(np.arange(_UUID_LENGTH), _DASHES)
    letters[:, places] = hexadecimal.reshape(n, 2 * _UUID_BYTES)
    ends = np.arange(n + 1, dtype=np.int32) * np.int32(_UUID_LENGTH)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(letters)]
    texts = pa.Array.from_buffers(pa.string(), n, buffers)
    if not storage.null_count:
        return texts
    return _none_where(np.asarray(storage.is_null().to_pylist()), texts)
