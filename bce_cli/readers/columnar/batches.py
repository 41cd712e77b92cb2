"""Batches of rows from files that have typed columns."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

_BUFFER = 1 << 20  # bytes

ROWS = 1 << 16
"""Rows of a batch at the most."""


@dataclass(frozen=True, slots=True)
class Batches:
    """An opened file.

    Attributes
    ----------
    schema : pyarrow.Schema
    n_rows : int or None
        Where the file says it.
    read : callable (places) -> iterator of pyarrow.RecordBatch
        Reads only the columns at these ascending places.
    """

    schema: pa.Schema
    n_rows: int | None
    read: Callable[[list[int]], Iterator[pa.RecordBatch]]


def open_parquet(file: Any) -> Batches:  # noqa: ANN401 -- Python's files, and pyarrow's own
    """Open a Parquet file; its row groups are read one after the other."""
    import pyarrow as pa
    from pyarrow import parquet

    # Column chunks are read a buffer at a time, since a row group may hold all rows of a file.
    opened = parquet.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER)
    names = opened.schema_arrow.names

    def read(places: list[int]) -> Iterator[pa.RecordBatch]:
        wanted = list(dict.fromkeys(names[place] for place in places))
        found = [place for place, name in enumerate(names) if name in wanted]  # twofold names
        for batch in opened.iter_batches(ROWS, columns=wanted):
            # A name may bring along a column that has a part of that name, such as x in p for p.x.
            named = [i for i, name in enumerate(batch.schema.names) if name in wanted]
            if len(named) != len(found):
                message = "its columns cannot be told from each other"
                raise pa.ArrowInvalid(message)
            yield batch.select([named[found.index(place)] for place in places])

    return Batches(opened.schema_arrow, opened.metadata.num_rows, read)


def open_arrow(file: Any, head: bytes) -> Batches:  # noqa: ANN401
    """Open an Arrow file, or a stream of Arrow batches."""
    import pyarrow as pa
    from pyarrow import ipc

    is_file = head.startswith(b"ARROW1")
    source = file if is_file else io.BufferedReader(file)
    opened = ipc.open_file(source) if is_file else ipc.open_stream(source)

    def read(places: list[int]) -> Iterator[pa.RecordBatch]:
        indices = range(opened.num_record_batches) if is_file else ()
        for batch in map(opened.get_batch, indices) if is_file else opened:
            for start in range(0, batch.num_rows, ROWS):
                yield batch.select(places).slice(start, ROWS)
        if not is_file and source.read(1):
            message = "something follows the end of the stream"
            raise pa.ArrowInvalid(message)

    return Batches(opened.schema, None, read)
