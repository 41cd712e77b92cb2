"""The cells of a column of numbers, and the interval that each is in."""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.rows import Categories, Quantities
from bce_cli.readers.buffers import bits_of, floats_of
from bce_cli.readers.grammar import is_no_number, parse_number
from bce_cli.readers.texts import texts_of

if TYPE_CHECKING:
    import pyarrow as pa

    from bce_cli.core.cuts import Cut
    from bce_cli.core.rows import FloatArray

_PLAIN = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
"""Numbers as hardly any column has others."""

_LARGEST_WHOLE = 2**53
"""Up to here float64 holds all whole numbers."""


def cut_cells(
    column: pa.ChunkedArray | pa.Array, cut: Cut, decimal: str = "."
) -> Categories | Quantities | None:
    """Return the interval of each cell; or its number, where intervals are not known yet.

    Two cells of the same text are in the same interval, whatever type of number they have.

    Parameters
    ----------
    column : pyarrow.Array or ChunkedArray
        Of integers or floats, or of strings, dictionary-encoded or not. What is null or stands for
        nothing, as NA does, has a word of its own.
    cut : Cut
    decimal : {".", ","}
        Of numbers in text.

    Returns
    -------
    Categories or Quantities or None
        None where a text is no number.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from bce_cli.core.cuts import Cut
    >>> found = cut_cells(pa.array(["1.50", "NA", "1.4"]), Cut((Decimal("1.5"),)))
    >>> [found.names[code] for code in found.codes]
    ['1.5 or more', '', 'below 1.5']
    """
    import pyarrow as pa

    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    if not chunks:
        chunks = [pa.nulls(0, pa.string())]
    found: list[Any] = []
    for chunk in chunks:
        cells = _of_texts(chunk, cut, decimal) if _has_text(chunk) else _of_numbers(chunk, cut)
        if cells is None:
            return None
        found.append(cells)
    if cut.edges is None:
        return Quantities(np.concatenate([cells.values for cells in found]))
    return Categories(np.concatenate([cells.codes for cells in found]), cut.words)


def _has_text(column: pa.Array) -> bool:
    import pyarrow as pa

    return not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type))


def _of_numbers(column: pa.Array, cut: Cut) -> Categories | Quantities:
    import pyarrow as pa

    kind = column.type
    if cut.edges is None and pa.types.is_floating(kind) and kind != pa.float64():
        column = texts_of(column).cast(pa.float64())  # its own digits, as text would have them
        kind = column.type
    sign = "float" if pa.types.is_floating(kind) else "uint" * (str(kind)[0] == "u") or "int"
    dtype = np.dtype(f"{sign}{kind.bit_width}")
    values = np.zeros(0, dtype)
    if len(column):
        values = np.frombuffer(
            column.buffers()[1], dtype, len(column), dtype.itemsize * column.offset
        )
    nulls = bits_of(column.is_null()) if column.null_count else None
    if cut.edges is not None:
        return cut.categories(values, nulls)
    numbers = values.astype(np.float64)
    return Quantities(numbers if nulls is None else np.where(nulls, np.nan, numbers))


def _of_texts(column: pa.Array, cut: Cut, decimal: str) -> Categories | Quantities | None:
    """Read each different text once."""
    import pyarrow as pa

    if not hasattr(column, "dictionary"):
        column = column.cast(pa.string()).dictionary_encode()
    words, indices = column.dictionary, column.indices.cast(pa.int32())
    numbers = _numbers(words, decimal)
    if numbers is None:
        return None
    none = np.int32(len(words))
    places = np.frombuffer(indices.buffers()[1] or b"", np.int32, len(indices), 4 * indices.offset)
    if indices.null_count:
        places = np.where(bits_of(indices.is_null()), none, places)
    if cut.edges is None:
        return Quantities(np.append(numbers, np.nan)[places])
    codes = np.append(_codes(numbers, words, cut, decimal), len(cut.words) - 1)
    return Categories(codes.astype(np.int32)[places], cut.words)


def _numbers(words: pa.Array, decimal: str) -> FloatArray | None:
    """Return the nearest float64 of each text; not-a-number where it stands for none.

    None instead if a text is no number.
    """
    import pyarrow as pa
    from pyarrow import compute

    texts = compute.utf8_trim(words.cast(pa.large_string()), characters=" \t")
    if decimal == ",":  # a point is then no part of a number
        texts = compute.replace_substring(texts, ".", "x")
        texts = compute.replace_substring(texts, ",", ".")
    is_plain = bits_of(compute.match_substring_regex(texts, _PLAIN))
    if texts.null_count:
        is_plain &= bits_of(texts.is_valid())
    if is_plain.all():
        return floats_of(texts.cast(pa.float64()))
    numbers = np.empty(len(words))
    places = np.flatnonzero(is_plain)
    at = pa.Array.from_buffers(pa.int64(), len(places), [None, pa.py_buffer(places)])
    numbers[places] = floats_of(texts.take(at).cast(pa.float64()))
    for place in np.flatnonzero(~is_plain).tolist():
        text = words[place].as_py() or ""
        value = float("nan") if is_no_number(text) else parse_number(text, decimal)
        if value is None:
            return None
        numbers[place] = value
    return numbers


def is_coarse(numbers: FloatArray, cut: Cut) -> bool:
    """Whether a whole number may lie on the other side of an edge than its float64 does."""
    near = [float(edge) for edge in cut.edges or () if abs(edge) >= _LARGEST_WHOLE]
    return bool(near) and bool(np.isin(numbers, near).any())


def _codes(numbers: FloatArray, words: pa.Array, cut: Cut, decimal: str) -> Any:  # noqa: ANN401
    """Return the interval of each number; by its text where an edge is as near."""
    edges = cut.edges or ()
    near = np.array([float(edge) for edge in edges])
    codes = np.searchsorted(near, numbers, side="right")
    codes[np.isnan(numbers)] = len(edges) + 1
    for place in np.flatnonzero(np.isin(numbers, near)).tolist():
        text = words[place].as_py().strip(" \t").replace(decimal, ".")
        try:
            codes[place] = bisect_right(edges, Decimal(text))
        except InvalidOperation:  # an exponent of so many digits that this is 0
            continue
    return codes
