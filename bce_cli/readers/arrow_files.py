"""Arrow and ORC files as batches of typed columns, and what there is to know of such a file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from bce_cli.lean_dataclass import dataclass
from bce_cli.storage.streams import ReadOnly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

    from bce_cli.readers.parts import Step

_ABSURD_BYTES = 10**12

_END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"
"""What every writer of Arrow streams ends with."""


@dataclass(frozen=True, slots=True)
class RowGroups:
    """Row groups of a Parquet file that follow each other and are read together.

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
class Wanted:
    """A column that is to be read, or a part of it.

    Attributes
    ----------
    place : int
        0-based, of the column.
    path : tuple of Step
        From there on.
    is_guessed : bool
        Nobody has named this value of vectors, so that they must have two.
    is_kept : bool
        It is read as it is stored.
    """

    place: int
    path: tuple[Step, ...] = ()
    is_guessed: bool = False
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Batches:
    """An opened file.

    Attributes
    ----------
    schema : pyarrow.Schema
    n_rows : int or None
        Where the file says it.
    read : callable (wanted, row_groups) -> iterator of pyarrow.RecordBatch
        Reads only what these columns need; of these row groups, where there are any.
    row_groups : tuple of RowGroups
        All those of a Parquet file. No batch goes over the end of one.
    spans : callable () -> sequence of RowGroups
        The same, in smaller spans.
    """

    schema: pa.Schema
    n_rows: int | None
    read: Callable[[list[Wanted], tuple[RowGroups, ...]], Iterator[pa.RecordBatch]]
    row_groups: tuple[RowGroups, ...] = ()
    spans: Callable[[], Sequence[RowGroups]] = tuple


def open_arrow(file: Any, head: bytes, n_rows: int) -> Batches:  # noqa: ANN401
    """Open an Arrow file, or a stream of Arrow batches; at most so many rows are read at a time."""
    import pyarrow as pa
    from pyarrow import ipc

    is_file = head.startswith(b"ARROW1")
    tail = _Tail(file)
    source = file if is_file else _Messages(tail)
    opened = ipc.open_file(source) if is_file else ipc.open_stream(source)

    def read(wanted: list[Wanted], row_groups: tuple[RowGroups, ...]) -> Iterator[pa.RecordBatch]:
        del row_groups
        places = [column.place for column in wanted]
        indices = range(opened.num_record_batches) if is_file else ()
        for batch in map(opened.get_batch, indices) if is_file else opened:
            whole = validated(batch.select(places))
            yield from (whole.slice(start, n_rows) for start in range(0, len(whole), n_rows))
        if not is_file and source.read(1):
            message = "something follows the end of the stream"
            raise pa.ArrowInvalid(message)
        if not is_file and tail.last != _END_OF_STREAM:
            message = "the stream was cut: it ends without the mark of its end"
            raise pa.ArrowInvalid(message)

    return Batches(opened.schema, None, read)


class _Messages(io.BufferedReader):
    """A stream of messages, whose lengths may be damaged."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read so many bytes, unless no machine has room for them."""
        if size is not None and size >= _ABSURD_BYTES:
            message = f"a message of {size:,} bytes"
            raise ValueError(message)
        return super().read(size)


class _Tail(ReadOnly):
    """A stream of bytes, of which the last ones are remembered."""

    def __init__(self, file: Any) -> None:  # noqa: ANN401 -- streams of any kind
        super().__init__()
        self._file = file
        self.last = b""

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 -- bytes
        """Read some bytes."""
        n: int | None = self._file.readinto(buffer)
        if n:
            end = bytes(memoryview(buffer)[max(n - len(_END_OF_STREAM), 0) : n])
            self.last = (self.last + end)[-len(_END_OF_STREAM) :]
        return n


def open_orc(file: Any, n_rows: int) -> Batches:  # noqa: ANN401 -- Python's files, and pyarrow's own
    """Open an ORC file; a stripe is read at a time, and cut into so many rows."""
    import pyarrow as pa
    from pyarrow import orc

    opened = orc.ORCFile(file)
    schema = opened.schema
    names = schema.names

    def read(wanted: list[Wanted], row_groups: tuple[RowGroups, ...]) -> Iterator[pa.RecordBatch]:
        del row_groups
        columns = list(dict.fromkeys(_orc_name(schema, column) for column in wanted))
        n = 0
        for stripe in range(opened.nstripes):
            batch = validated(opened.read_stripe(stripe, columns))
            places = [batch.schema.names.index(names[column.place]) for column in wanted]
            whole = batch.select(places)
            n += len(whole)
            yield from (whole.slice(start, n_rows) for start in range(0, len(whole), n_rows))
        if n != opened.nrows:
            message = f"its stripes hold {n:,} rows where the footer promises {opened.nrows:,}"
            raise pa.ArrowInvalid(message)

    return Batches(schema, opened.nrows, read)


def _orc_name(schema: pa.Schema, column: Wanted) -> str:
    """Return the name by which as little as possible is read: of a field, or all of a list."""
    names = [schema.names[column.place]]
    for step in column.path:
        if not isinstance(step, str):
            break
        names.append(step)
    return ".".join(names)


def validated(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Check a batch, whose bytes may be damaged."""
    batch.validate(full=True)
    return batch
