"""From typed columns, as Parquet, Arrow and JSON have them, to the cells of a block."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.rows import Categories
from bce_cli.errors import DataError, quoted, safe_text
from bce_cli.readers.grammar import parse_number
from bce_cli.readers.reading import (
    MOST_LABEL_TEXTS,
    ConvertedColumns,
    bits_of,
    categories_of,
    floats_of,
    null_mask,
)

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
        As `typed_grammar` returns it.

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

    cells = ConvertedColumns(n)
    for key, role, place in columns.numbers:
        column = _plain(column_at(place))
        cells.add_nulls(key, null_mask(column))
        if role == "label" and is_text(column.type) and not grammar.soft_labels:
            cells.labels = categories_of(column.cast(pa.string()))
            continue
        is_label_bool = role == "label" and pa.types.is_boolean(column.type)
        values = bits_of(column).astype(np.float64) if is_label_bool else _floats(column, grammar)
        if values is None:
            return None
        if grammar.drop_missing:
            cells.add_nulls(key, np.isnan(values))
        if role == "label":
            named = grammar.positive is not None
            names = {float(v): bool_text(v, grammar.positive) for v in (False, True)}
            named_bools = names if is_label_bool else {}
            cells.labels = _categories_of_numbers(values, named_bools) if named else values
        else:
            cells.numbers[key] = values
    for key, place in columns.texts:
        cells.add_text(key, _plain(column_at(place)).cast(pa.string()))
    return cells


def typed_grammar(grammar: Grammar) -> Grammar:
    """Return the grammar of sources whose numbers are numbers, however they are written."""
    if grammar.positive is None:
        return grammar
    value = parse_number(grammar.positive)
    return grammar if value is None else replace(grammar, positive=number_text(value))


def bool_text(value: bool, positive: str | None) -> str:
    """Write a boolean as a label, in the case in which the user has named one.

    Examples
    --------
    >>> bool_text(False, "True"), bool_text(False, "true"), bool_text(True, None)
    ('False', 'false', 'true')
    """
    cases = {"True": str.title, "False": str.title, "TRUE": str.upper, "FALSE": str.upper}
    return cases.get(positive or "", str.lower)("true" if value else "false")


def number_text(value: float) -> str:
    """Write a number in the one way in which labels are compared.

    Examples
    --------
    >>> number_text(1.0), number_text(-1.0), number_text(0.5)
    ('1', '-1', '0.5')
    """
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _plain(column: Any) -> Any:  # noqa: ANN401 -- an array or chunks of it
    """Merge chunks and look up dictionaries."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column


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


def _floats(column: pa.Array, grammar: Grammar) -> FloatArray | None:
    import pyarrow as pa
    from pyarrow import compute

    kind = column.type
    if pa.types.is_null(kind):
        return np.zeros(len(column))
    if pa.types.is_decimal(kind):  # its own cast to float64 is not always the nearest number
        column = column.cast(pa.string())
    elif is_text(kind):
        if grammar.decimal != "." or grammar.drop_missing:
            return None
        column = compute.utf8_trim(column.cast(pa.string()), characters=" \t")
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return None
    return floats_of(column.cast(pa.float64()))


def _categories_of_numbers(values: FloatArray, names: dict[float, str]) -> Categories:
    """Turn few different numbers into codes."""
    distinct: list[float] = []
    codes = np.zeros(len(values), np.int32)
    rest = np.ones(len(values), np.bool_)
    while rest.any():
        value = float(values[np.argmax(rest)])
        if np.isnan(value) or len(distinct) > MOST_LABEL_TEXTS:
            distinct += [np.nan] * (MOST_LABEL_TEXTS + 1)  # the second look lists some of them
            break
        same = values == value
        codes[same] = len(distinct)
        rest &= ~same
        distinct.append(value)
    texts = (names.get(value) or number_text(value) for value in distinct)
    return Categories(codes, tuple(texts))


def refuse_type(role: str, field: pa.Field, source: str, *, is_number: bool) -> None:
    """Raise DataError unless a column may hold what it is read for.

    Parameters
    ----------
    role : str
    field : pyarrow.Field
    source : str
        What messages call the input.
    is_number : bool
        Whether it is read for labels, predictions or weights; else as text.
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
        fits = not (types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind))
    if not fits:
        column = f"{role} (column {quoted(field.name)})"
        shown, wanted = safe_text(str(field.type), 80), "numbers" if is_number else "text"
        message = f"{source}: {column} is of type {shown}, not {wanted}"
        raise DataError(message)
