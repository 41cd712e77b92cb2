"""From typed columns, as Parquet, Arrow and JSON have them, to the cells of a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.errors import DataError, quoted, safe_text
from bce_cli.readers.buffers import bits_of, categories_of, floats_of, null_mask, numbers_of
from bce_cli.readers.held import are_held
from bce_cli.readers.reading import ConvertedColumns
from bce_cli.readers.texts import has_long_text, has_texts, strings, texts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from bce_cli.core.rows import FloatArray
    from bce_cli.readers.columns import Columns
    from bce_cli.readers.grammar import Grammar


def typed_cells(
    n: int, columns: Columns, column_at: Callable[[int], pa.Array], grammar: Grammar
) -> ConvertedColumns | None:
    """Convert the columns of a block.

    Parameters
    ----------
    n : int
        Rows.
    columns : Columns
    column_at : callable (place) -> pyarrow.Array or ChunkedArray
    grammar : Grammar

    Returns
    -------
    ConvertedColumns or None
        None where a cell-by-cell look is needed.

    Raises
    ------
    pyarrow.ArrowInvalid
        A cell cannot be converted.
    """
    import pyarrow as pa

    cells = ConvertedColumns(n, cuts=columns.cuts, decimal=grammar.decimal)
    for key, role, place in columns.numbers:
        column = _plain(column_at(place))
        has_text = is_text(_value_type(column))
        if has_text and has_long_text(column):
            return None
        if (
            role == "label"
            and not grammar.soft_labels
            and (has_text or grammar.positive is not None)
        ):
            texts = label_texts(column, grammar.positive)
            cells.add_nulls(key, null_mask(texts))
            cells.labels = categories_of(texts)
            continue
        values = _floats_of_texts(column, grammar) if has_text else _floats(column)
        if values is None:
            return None
        cells.add_nulls(key, null_mask(column))
        if grammar.drop_missing:
            cells.add_nulls(key, np.isnan(values))
        if role == "label":
            cells.labels = values
        else:
            cells.numbers[key] = values
    for key, place in columns.texts:
        column = _plain(column_at(place))
        if key in columns.cuts and _has_numbers(column):
            cells.add_text(key, column)
            continue
        is_own = key == "id" or key.startswith("key ")
        if is_own or pa.types.is_dictionary(column.type):
            cells.add_text(key, texts_of(column))
        else:
            cells.add_text(key, texts_of(_encoded(column)))
    return cells


def label_texts(column: Any, positive: str | None) -> Any:  # noqa: ANN401 -- of pyarrow
    """Return the text of each label, which is null where it is missing; few are different.

    Booleans are written in the case in which the user has named one.
    """
    import pyarrow as pa

    encoded = _encoded(_plain(column))
    if not pa.types.is_boolean(encoded.dictionary.type):
        return texts_of(encoded)
    words = [None if v is None else bool_text(v, positive) for v in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, strings(words))


def _encoded(column: Any) -> Any:  # noqa: ANN401 -- of pyarrow
    """Turn values into places in a dictionary, where pyarrow does that for their type."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        return column
    try:
        return column.dictionary_encode()
    except pa.ArrowNotImplementedError:
        return texts_of(column).dictionary_encode()


def bool_text(value: bool, positive: str | None) -> str:
    """Write a boolean as a label, in the case in which the user has named one.

    Examples
    --------
    >>> bool_text(False, "True"), bool_text(False, "true"), bool_text(True, None)
    ('False', 'false', 'true')
    """
    cases = {"True": str.title, "False": str.title, "TRUE": str.upper, "FALSE": str.upper}
    return cases.get(positive or "", str.lower)("true" if value else "false")


def _plain(column: Any) -> Any:  # noqa: ANN401 -- an array or chunks of it
    """Merge chunks, and look up dictionaries of anything but texts, which may be great."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type) and not is_text(column.type.value_type):
        column = column.dictionary_decode()
    return column


def _has_numbers(column: Any) -> bool:  # noqa: ANN401 -- an array
    """Whether numbers can be cut as they are; decimals are by their texts."""
    import pyarrow as pa

    return bool(pa.types.is_integer(column.type) or pa.types.is_floating(column.type))


def _value_type(column: Any) -> pa.DataType:  # noqa: ANN401 -- an array
    return getattr(column.type, "value_type", column.type)


def is_text(kind: pa.DataType) -> bool:
    """Whether cells of this type are texts, however they are stored."""
    import pyarrow as pa

    types = pa.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def float_type_of(column: pa.Array) -> str | None:
    """Return the float type of a column that is narrower than float64; None for all others."""
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_float32(kind):
        return "float32"
    return "float16" if pa.types.is_float16(kind) else None


def _floats(column: pa.Array) -> FloatArray | None:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_null(kind):
        return np.zeros(len(column))
    if pa.types.is_boolean(kind):
        return bits_of(column).astype(np.float64)
    if pa.types.is_decimal(kind):  # its own cast to float64 is not always the nearest number
        column = column.cast(pa.string())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return None
    values = numbers_of(column)
    if values is None:
        values = floats_of(column.cast(pa.float64()))
    return None if is_text(column.type) and not _all_held(column, values) else values


def _all_held(texts: pa.Array, values: FloatArray) -> bool:
    """Whether every number that is written was read as what it is."""
    import pyarrow as pa

    odd = np.flatnonzero((values == 0.0) | (np.abs(values) == 1.0) | np.isinf(values))
    places = pa.Array.from_buffers(pa.int64(), len(odd), [None, pa.py_buffer(odd)])
    return are_held(texts.take(places).unique().to_pylist())


def _floats_of_texts(column: pa.Array, grammar: Grammar) -> FloatArray | None:
    """Read numbers that are written; those of a dictionary once."""
    import pyarrow as pa
    from pyarrow import compute

    if grammar.decimal != "." or grammar.drop_missing:
        return None
    is_encoded = pa.types.is_dictionary(column.type)
    texts = column.dictionary if is_encoded else column
    if pa.types.is_string_view(texts.type):
        texts = texts.cast(pa.large_string())
    numbers = compute.utf8_trim(texts, characters=" \t").cast(pa.float64())
    if not _all_held(texts, floats_of(numbers)):
        return None
    return floats_of(numbers.take(column.indices) if is_encoded else numbers)


def refuse_type(
    role: str, field: pa.Field, source: str, *, is_number: bool, hint: str | None = None
) -> None:
    """Raise DataError unless a column may hold what it is read for.

    Parameters
    ----------
    role : str
    field : pyarrow.Field
    source : str
        What messages call the input.
    is_number : bool
        Whether it is read for labels, predictions or weights; else as text.
    hint : str, optional
        What to try.
    """
    import pyarrow as pa

    types, kind = pa.types, field.type
    if types.is_dictionary(kind):
        kind = kind.value_type
    if is_number:
        fits = (
            types.is_integer(kind)
            or types.is_floating(kind)
            or types.is_decimal(kind)
            or types.is_null(kind)
            or is_text(kind)
            or (types.is_boolean(kind) and role == "label")
        )
    else:
        fits = has_texts(kind)
    if not fits:
        column = role if role == field.name else f"{role} (column {quoted(field.name)})"
        shown, wanted = safe_text(str(field.type), 80), "numbers" if is_number else "text"
        message = f"{source}: {column} is of type {shown}, not {wanted}"
        raise DataError(message, hint)
