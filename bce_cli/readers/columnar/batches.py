"""Batches of rows from files that have typed columns."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

_BUFFER = 1 << 20  # bytes
_LONG = 1024  # bytes of a text
_TEXT_BYTES = 32 << 20  # of a text column in one piece, at the most

_ROW_BYTES = 32  # what a row of a batch counts for, where bytes to read at a time are given

RUN_ROWS = 1 << 22
"""Row groups that stand side by side are read in one go, as soon as they have so many rows."""


@dataclass(frozen=True, slots=True)
class Run:
    """Some row groups of a Parquet file, one after the other.

    Attributes
    ----------
    first, last : int
        0-based numbers of these row groups.
    first_row : int
        1-based number of their first row in the file.
    n_rows : int
    """

    first: int
    last: int
    first_row: int
    n_rows: int = 0


@dataclass(frozen=True, slots=True)
class Batches:
    """An opened file.

    Attributes
    ----------
    schema : pyarrow.Schema
    n_rows : int or None
        Where the file says it.
    read : callable (places, runs) -> iterator of pyarrow.RecordBatch
        Reads only the columns at these ascending places; of these runs, where there are any.
    runs : tuple of Run
        All row groups of a Parquet file, in runs. No batch goes over the end of one.
    """

    schema: pa.Schema
    n_rows: int | None
    read: Callable[[list[int], tuple[Run, ...]], Iterator[pa.RecordBatch]]
    runs: tuple[Run, ...] = ()


def open_parquet(file: Any, block_bytes: int) -> Batches:  # noqa: ANN401 -- Python's files, and pyarrow's own
    """Open a Parquet file; its row groups are read one after the other, in runs."""
    import pyarrow as pa
    from pyarrow import parquet

    n_rows = _rows_of(block_bytes)
    opened = parquet.ParquetFile(file)
    schema = opened.schema_arrow
    names = schema.names

    def read(places: list[int], runs: tuple[Run, ...]) -> Iterator[pa.RecordBatch]:
        wanted = list(dict.fromkeys(names[place] for place in places))
        found = [place for place, name in enumerate(names) if name in wanted]  # twofold names
        texts = {names[place] for place in places if pa.types.is_string(schema.field(place).type)}
        groups = [range(run.first, run.last + 1) for run in runs]

        def batches(repeated: set[str]) -> Iterator[pa.RecordBatch]:
            # Column chunks are read a buffer at a time, since a row group may hold all rows of a
            # file; texts that are repeated are held once.
            reader = parquet.ParquetFile(
                file,
                metadata=opened.metadata,
                read_dictionary=sorted(repeated),
                pre_buffer=False,
                buffer_size=getattr(file, "bytes_at_once", _BUFFER),
            )
            for run in groups:
                yield from reader.iter_batches(n_rows, columns=wanted, row_groups=list(run))

        for batch in _with_fewer_dictionaries(batches, texts):
            # A name may bring along a column that has a part of that name, such as x in p for p.x.
            named = [i for i, name in enumerate(batch.schema.names) if name in wanted]
            if len(named) != len(found):
                message = "its columns cannot be told from each other"
                raise pa.ArrowInvalid(message)
            columns = [named[found.index(place)] for place in places]
            yield from _portions(batch.select(columns), n_rows)

    return Batches(schema, opened.metadata.num_rows, read, _runs(opened.metadata))


def _with_fewer_dictionaries(
    batches: Callable[[set[str]], Iterator[pa.RecordBatch]], texts: set[str]
) -> Iterator[pa.RecordBatch]:
    """Read with dictionaries of those texts only that are repeated in the first batch."""
    with_all = batches(texts)
    first = next(with_all, None)
    if first is None:
        return
    columns = zip(first.schema.names, first.columns, strict=True)
    distinct = {name for name, column in columns if name in texts and _are_distinct(column)}
    yield from batches(texts - distinct) if distinct else chain([first], with_all)


def _are_distinct(texts: pa.DictionaryArray) -> bool:
    """Whether a dictionary takes more room than it saves, and none of its texts is great."""
    distinct: bool = 2 * len(texts.dictionary) > len(texts)
    return distinct and _longest(texts) <= _LONG


def _runs(metadata: Any) -> tuple[Run, ...]:  # noqa: ANN401 -- pyarrow's
    runs: list[Run] = []
    first_row = 1
    for group in range(metadata.num_row_groups):
        n = metadata.row_group(group).num_rows
        if not runs or runs[-1].n_rows >= RUN_ROWS:
            runs.append(Run(group, group, first_row))
        runs[-1] = replace(runs[-1], last=group, n_rows=runs[-1].n_rows + n)
        first_row += n
    return tuple(runs)


def open_arrow(file: Any, head: bytes, block_bytes: int) -> Batches:  # noqa: ANN401
    """Open an Arrow file, or a stream of Arrow batches."""
    import pyarrow as pa
    from pyarrow import ipc

    is_file = head.startswith(b"ARROW1")
    source = file if is_file else io.BufferedReader(file)
    opened = ipc.open_file(source) if is_file else ipc.open_stream(source)

    def read(places: list[int], runs: tuple[Run, ...]) -> Iterator[pa.RecordBatch]:
        del runs
        indices = range(opened.num_record_batches) if is_file else ()
        for batch in map(opened.get_batch, indices) if is_file else opened:
            yield from _portions(batch.select(places), _rows_of(block_bytes))
        if not is_file and source.read(1):
            message = "something follows the end of the stream"
            raise pa.ArrowInvalid(message)

    return Batches(opened.schema, None, read)


def _rows_of(block_bytes: int) -> int:
    return max(1, block_bytes // _ROW_BYTES)


def _portions(batch: pa.RecordBatch, n_rows: int) -> Iterator[pa.RecordBatch]:
    """Check a batch, whose bytes may be damaged, and cut it into parts of few rows and bytes."""
    batch.validate(full=True)
    most = max((_longest(column) for column in batch.columns), default=0)
    rows = max(1, min(n_rows, _TEXT_BYTES // max(most, 1)))
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


def _longest(column: pa.Array) -> int:
    """Bytes of the longest text of a column; 0 where it holds none."""
    import pyarrow as pa
    from pyarrow import compute

    texts = column.dictionary if pa.types.is_dictionary(column.type) else column
    if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        return 0
    return compute.max(compute.binary_length(texts)).as_py() or 0
