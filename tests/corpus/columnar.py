"""Writes Parquet and Arrow files as pyarrow and pandas do."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def table(**columns: Any) -> Any:  # noqa: ANN401 -- pyarrow has no types
    """Make a table; a column is values, or values and the name of their type."""
    import pyarrow as pa

    return pa.table({name: array(*column) for name, column in columns.items()})


def array(values: Sequence[object], kind: str | None = None) -> Any:  # noqa: ANN401
    """Make an array of a type that is written as a Python expression over pyarrow."""
    import pyarrow as pa

    if kind is None:
        return pa.array(values)
    name, _, arguments = kind.partition(":")
    numbers = [int(text) if text.isdigit() else text for text in arguments.split(",") if text]
    if name == "dictionary":
        return array(values, str(numbers[0])).dictionary_encode()
    if name == "half":
        return pa.array(np.array(values, dtype=np.float16))
    return pa.array(values, getattr(pa, name)(*numbers))


def parquet(data: Any, **options: Any) -> bytes:  # noqa: ANN401
    """Write a Parquet file."""
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(data, sink, **options)
    return sink.getvalue()


def arrow_file(data: Any, rows: int | None = None, **options: Any) -> bytes:  # noqa: ANN401
    """Write an Arrow IPC file, in batches of so many rows."""
    import pyarrow as pa

    sink = io.BytesIO()
    with pa.ipc.new_file(sink, data.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(data, rows)
    return sink.getvalue()


def arrow_stream(data: Any, rows: int | None = None, **options: Any) -> bytes:  # noqa: ANN401
    """Write an Arrow IPC stream, in batches of so many rows."""
    import pyarrow as pa

    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, data.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(data, rows)
    return sink.getvalue()


WRITE: Mapping[str, Callable[..., bytes]] = {
    "parquet": parquet,
    "arrow": arrow_file,
    "arrows": arrow_stream,
}
"""Extension, and what writes such a file."""
