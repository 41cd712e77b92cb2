"""Parquet and Arrow: row groups, batches of typed columns, and blocks of them."""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from bce_cli.errors import DataError, quoted
from bce_cli.readers.blocks import TwoLooks
from bce_cli.readers.columns import find_columns
from bce_cli.readers.typed_columns import (
    bool_text,
    float_type_of,
    number_text,
    refuse_type,
    typed_cells,
    typed_grammar,
)
from bce_cli.storage.streams import unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from bce_cli.readers.grammar import InputOptions
    from bce_cli.readers.reading import ConvertedColumns
    from bce_cli.readers.second_look import Record

_FORMATS = {"parquet": "Parquet", "arrow": "Arrow"}
_BUFFER = 1 << 20  # bytes
_LONG = 1024  # bytes of a text
_TEXT_BYTES = 32 << 20  # of a text column in one block, at the most

_ROW_BYTES = 32  # what a row of a batch counts for, where bytes to read at a time are given

LEAST_ROWS = 1 << 22
"""Row groups that stand side by side are read in one go, as soon as they have so many rows."""


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
class Batches:
    """An opened file.

    Attributes
    ----------
    schema : pyarrow.Schema
    n_rows : int or None
        Where the file says it.
    read : callable (places, row_groups) -> iterator of pyarrow.RecordBatch
        Reads only the columns at these ascending places; of these row groups, where there are any.
    row_groups : tuple of RowGroups
        All those of a Parquet file. No batch goes over the end of one.
    """

    schema: pa.Schema
    n_rows: int | None
    read: Callable[[list[int], tuple[RowGroups, ...]], Iterator[pa.RecordBatch]]
    row_groups: tuple[RowGroups, ...] = ()


def open_parquet(file: Any, n_rows: int) -> Batches:  # noqa: ANN401 -- Python's files, and pyarrow's own
    """Open a Parquet file; its row groups are read one after the other, so many rows at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    opened = parquet.ParquetFile(file)
    schema = opened.schema_arrow
    names = schema.names

    def read(places: list[int], row_groups: tuple[RowGroups, ...]) -> Iterator[pa.RecordBatch]:
        wanted = list(dict.fromkeys(names[place] for place in places))
        found = [place for place, name in enumerate(names) if name in wanted]  # twofold names
        texts = {names[place] for place in places if pa.types.is_string(schema.field(place).type)}
        groups = [range(some.first, some.last + 1) for some in row_groups]

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
            for some in groups:
                yield from reader.iter_batches(n_rows, columns=wanted, row_groups=list(some))

        for batch in _with_fewer_dictionaries(batches, texts):
            # A name may bring along a column that has a part of that name, such as x in p for p.x.
            named = [i for i, name in enumerate(batch.schema.names) if name in wanted]
            if len(named) != len(found):
                message = "its columns cannot be told from each other"
                raise pa.ArrowInvalid(message)
            columns = [named[found.index(place)] for place in places]
            yield from _portions(batch.select(columns), n_rows)

    return Batches(schema, opened.metadata.num_rows, read, _row_groups(opened.metadata))


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


def _row_groups(metadata: Any) -> tuple[RowGroups, ...]:  # noqa: ANN401 -- pyarrow's
    found: list[RowGroups] = []
    first_row = 1
    for group in range(metadata.num_row_groups):
        n = metadata.row_group(group).num_rows
        if not found or found[-1].n_rows >= LEAST_ROWS:
            found.append(RowGroups(group, group, first_row))
        found[-1] = replace(found[-1], last=group, n_rows=found[-1].n_rows + n)
        first_row += n
    return tuple(found)


def open_arrow(file: Any, head: bytes, n_rows: int) -> Batches:  # noqa: ANN401
    """Open an Arrow file, or a stream of Arrow batches; at most so many rows are read at a time."""
    import pyarrow as pa
    from pyarrow import ipc

    is_file = head.startswith(b"ARROW1")
    source = file if is_file else io.BufferedReader(file)
    opened = ipc.open_file(source) if is_file else ipc.open_stream(source)

    def read(places: list[int], row_groups: tuple[RowGroups, ...]) -> Iterator[pa.RecordBatch]:
        del row_groups
        indices = range(opened.num_record_batches) if is_file else ()
        for batch in map(opened.get_batch, indices) if is_file else opened:
            yield from _portions(batch.select(places), n_rows)
        if not is_file and source.read(1):
            message = "something follows the end of the stream"
            raise pa.ArrowInvalid(message)

    return Batches(opened.schema, None, read)


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


@dataclass(frozen=True, slots=True)
class ColumnarBlock(TwoLooks):
    """Some rows of a Parquet or Arrow source.

    Attributes
    ----------
    batch : pyarrow.RecordBatch
        The wanted columns.
    places : list of int
        Where they stand in the source, ascending.
    first_row : int
        1-based number of its first row in the source.
    n_bytes : int
        Its share of the source, for a progress bar.
    """

    batch: pa.RecordBatch
    places: list[int]
    first_row: int
    n_bytes: int

    @property
    def n_rows(self) -> int:
        """Rows it turns into; see `Block`."""
        return int(self.batch.num_rows)

    @property
    def float_types(self) -> dict[str, str]:
        """What predictions are stored as, by key, where that is no float64."""
        types = {key: float_type_of(self._column(place)) for key, _, place in self.columns.numbers}
        return {key: name for key, name in types.items() if name is not None}

    def convert(self) -> ConvertedColumns | None:
        """Convert the wanted columns; None for what is odd."""
        return typed_cells(self.batch.num_rows, self.columns, self._column, self.grammar)

    def _column(self, place: int) -> pa.Array:
        return self.batch.column(self.places.index(place))

    def records(self) -> Iterator[Record]:
        """Yield the cells of each row."""
        wanted = [(key, self._column(place)) for key, place in self.columns.wanted]
        positive = self.grammar.positive
        for index in range(self.batch.num_rows):
            place = f"{self.source}, row {self.first_row + index}"
            try:
                yield (
                    place,
                    {
                        key: _text(column[index].as_py(), positive if key == "label" else None)
                        for key, column in wanted
                    },
                )
            except (TypeError, UnicodeDecodeError):
                numbers = [(role, self._column(at)) for _, role, at in self.columns.numbers]
                kinds = ", ".join(f"{role} is {quoted(str(col.type))}" for role, col in numbers)
                yield place, DataError(f"{place}: no number or text: {kinds}")

    def label_at(self, index: int) -> tuple[str, str]:
        """Return the place and the text of one label."""
        value = self._column(cast("int", self.columns.label))[index].as_py()
        text = _text(value, self.grammar.positive) or ""
        return f"{self.source}, row {self.first_row + index}", text


def _text(value: Any, positive: str | None) -> str | None:  # noqa: ANN401 -- any value of Arrow
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return bool_text(value, positive)
    if isinstance(value, (int, float, Decimal)):
        return str(value) if positive is None else number_text(float(value))
    raise TypeError


class ColumnarFile:
    """An opened Parquet or Arrow source, of which the schema is read at once.

    Parameters
    ----------
    file : binary stream or file of pyarrow
        With random access, but for a stream of Arrow batches.
    kind : {"parquet", "arrow"}
    head : bytes
        Its first bytes.
    name : str
        What messages call it.
    size : int or None
        Its bytes, where they are known.
    options : InputOptions

    Attributes
    ----------
    columns : Columns
    row_groups : tuple of RowGroups
        What a Parquet file can be read by; see `Batches`.
    n_rows : int or None
        How many rows it has, where the file says it.

    Raises
    ------
    DataError
        The source is damaged, or lacks a column.
    InputError
        Reading fails.
    """

    note: str | None = None

    def __init__(
        self,
        file: Any,  # noqa: ANN401 -- Python's files, and pyarrow's own
        kind: str,
        head: bytes,
        *,
        name: str,
        size: int | None,
        options: InputOptions,
    ) -> None:
        self._name = name
        self._kind = kind
        self._size = size
        self._grammar = typed_grammar(options.grammar)
        most = max(1, options.block_bytes // _ROW_BYTES)
        with self._named_damage():
            is_parquet = kind == "parquet"
            self._table = open_parquet(file, most) if is_parquet else open_arrow(file, head, most)
            schema: pa.Schema = self._table.schema
            self.row_groups, self.n_rows = self._table.row_groups, self._table.n_rows
            names = schema.names
        self.columns = find_columns(names, options.columns, name)
        for number in self.columns.numbers:
            refuse_type(number.role, schema.field(number.place), name, is_number=True)
        for text in self.columns.texts:
            role = text.key.partition(" ")[0]
            refuse_type(role, schema.field(text.place), name, is_number=False)
        self._places = sorted({place for _, place in self.columns.wanted})

    def blocks(self, row_groups: tuple[RowGroups, ...] | None = None) -> Iterator[ColumnarBlock]:
        """Yield the rows, a batch at a time; of these row groups only, which follow each other."""
        first_row = row_groups[0].first_row if row_groups else 1
        n_rows = self.n_rows
        wanted = self.row_groups if row_groups is None else row_groups
        batches = self._table.read(self._places, wanted)
        while True:
            with self._named_damage():
                batch = next(batches, None)
            if batch is None:
                return
            share = 0 if not n_rows or not self._size else self._size * batch.num_rows // n_rows
            yield ColumnarBlock(
                self.columns, self._grammar, self._name, batch, self._places, first_row, share
            )
            first_row += batch.num_rows

    @contextmanager
    def _named_damage(self) -> Iterator[None]:
        import pyarrow as pa

        try:
            yield
        except DataError:
            raise
        except (pa.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
            if isinstance(error, OSError) and error.errno:
                raise unreadable(self._name, error) from None
            reason = str(error).strip().partition("\n")[0].partition(". ")[0]
            message = f"{self._name}: the {_FORMATS[self._kind]} data are damaged: {reason}"
            raise DataError(message) from None
