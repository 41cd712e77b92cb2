"""Which types of columns can hold numbers, and which can be shown as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.errors import DataError, quoted, safe_text
from bce_cli.readers.typed_columns import is_text

if TYPE_CHECKING:
    import pyarrow as pa


def refuse_type(role: str, field: pa.Field, source: str) -> None:
    """Raise DataError unless a column may hold labels, predictions or weights.

    Parameters
    ----------
    role : str
    field : pyarrow.Field
    source : str
        What messages call the input.
    """
    import pyarrow as pa

    types, kind = pa.types, _value_type(field.type)
    fits = (
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_decimal(kind)
        or types.is_null(kind)
        or is_text(kind)
        or (types.is_boolean(kind) and role == "label")
    )
    if not fits:
        raise _wrong_type(role, field, source, "numbers")


def refuse_text_type(role: str, field: pa.Field, source: str) -> None:
    """Raise DataError unless the cells of a column can be written as text."""
    import pyarrow as pa

    types, kind = pa.types, _value_type(field.type)
    if types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind):
        raise _wrong_type(role, field, source, "text")


def _value_type(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _wrong_type(role: str, field: pa.Field, source: str, what: str) -> DataError:
    column = f"{role} (column {quoted(field.name)})"
    return DataError(f"{source}: {column} is of type {safe_text(str(field.type), 80)}, not {what}")
