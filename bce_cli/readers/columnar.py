"""Parquet, Arrow and ORC: row groups of Parquet, and blocks of typed columns."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from bce_cli.errors import DataError, quoted, shortage
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.arrow_files import (
    Batches,
    RowGroups,
    Wanted,
    open_arrow,
    open_orc,
    validated,
)
from bce_cli.readers.blocks import TwoLooks
from bce_cli.readers.columns import PREDICTION_NAMES, WATCHED, find_columns
from bce_cli.readers.nested import (
    ArrowParts,
    is_vector,
    leaves_of,
    n_leaves,
    other_size,
    part_of,
    part_type,
)
from bce_cli.readers.parts import part_hint
from bce_cli.readers.texts import LONGEST_TEXT, is_too_long, longest_text, texts_of, values_of
from bce_cli.readers.typed_columns import (
    bool_text,
    float_type_of,
    label_texts,
    refuse_type,
    typed_cells,
)
from bce_cli.storage.streams import unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from decimal import Decimal

    import pyarrow as pa

    from bce_cli.readers.columns import ColumnChoice
    from bce_cli.readers.grammar import InputOptions
    from bce_cli.readers.parts import Parts
    from bce_cli.readers.reading import ConvertedColumns
    from bce_cli.readers.second_look import Record

_FORMATS = {"parquet": "Parquet", "arrow": "Arrow", "orc": "ORC", "numpy": "NumPy"}
_TWO = 2  # labels, and values of a vector
_BUFFER = 1 << 20  # bytes
_CHUNK_BYTES = 128 << 20  # of a row group, to be held at once
_ABSURD_SIZE = re.compile(r"size \d{13}")
"""What no machine has to give: not memory is lacking, but the file promises too much."""
_LONG = 1024  # bytes of a text
_TEXT_BYTES = 64 << 20  # of a text column in one block, at the most

_ROW_BYTES = 32  # what a row of a batch counts for, where bytes to read at a time are given

_FEW_COLUMNS = 8  # of more, fewer rows are held at a time

LEAST_ROWS = 1 << 22
"""Row groups that stand side by side are read in one go, as soon as they have so many rows."""

_SPAN_ROWS = 1 << 18
"""Likewise, where processes of one machine take turns."""

_NO_DICTIONARY = "DictAccumulator"
"""Of pyarrow's message about texts that are stored as differences, and read as a dictionary."""

_COUNTED_ROWS = 1 << 16
"""Row groups of so many rows are counted each; smaller ones that follow each other, together."""


def open_parquet(file: Any, n_rows: int) -> Batches:  # noqa: ANN401 -- Python's files, and pyarrow's own
    """Open a Parquet file; its row groups are read one after the other, so many rows at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    opened = parquet.ParquetFile(file, page_checksum_verification=True)
    metadata, schema = opened.metadata, opened.schema_arrow
    names = schema.names

    def read(wanted: list[Wanted], row_groups: tuple[RowGroups, ...]) -> Iterator[pa.RecordBatch]:
        places = [column.place for column in wanted]
        called = {names[place] for place in places}
        found = [place for place, name in enumerate(names) if name in called]  # twofold names
        texts = {
            names[column.place]
            for column in wanted
            if not column.is_kept and pa.types.is_string(schema.field(column.place).type)
        }
        spans = [span for some in row_groups for span in _counted(metadata, some)]
        in_file = sorted(wanted, key=lambda column: column.place)  # batches follow this order
        leaves = dict.fromkeys(leaf for column in in_file for leaf in _leaves(opened, column))
        most = max(1, n_rows // (1 + len(wanted) // _FEW_COLUMNS))
        chunks = _Chunks(file, metadata, list(leaves), spans, most)
        for batch in _with_fewer_dictionaries(chunks.batches, texts):
            # A name may bring along a column that has a part of that name, such as x in p for p.x.
            named = [i for i, name in enumerate(batch.schema.names) if name in called]
            if len(named) != len(found):
                message = "its columns cannot be told from each other"
                raise pa.ArrowInvalid(message)
            columns = [named[found.index(place)] for place in places]
            yield validated(batch.select(columns))

    spans = partial(_row_groups, metadata, _SPAN_ROWS)
    return Batches(schema, metadata.num_rows, read, _row_groups(metadata, LEAST_ROWS), spans)


def _leaves(opened: Any, column: Wanted) -> list[str]:  # noqa: ANN401 -- pyarrow's
    """Return what a column is called, or those columns of the file that a part of it needs."""
    schema = opened.schema_arrow
    if not column.path:
        return [schema.names[column.place]]
    first = sum(n_leaves(field.type) for field in list(schema)[: column.place])
    start, stop = leaves_of(schema.field(column.place).type, column.path)
    leaves = opened.metadata.schema
    return [leaves.column(first + place).path for place in range(start, stop)]


@dataclass(frozen=True, slots=True)
class _Chunks:
    """Columns of row groups that are to be read.

    Attributes
    ----------
    file : binary stream or file of pyarrow
    metadata : pyarrow.parquet.FileMetaData
    names : list of str
        Of columns, or what leads to parts of them in the file.
    spans : list of RowGroups
        Each is counted by itself.
    n_rows : int
        At a time.
    """

    file: Any
    metadata: Any
    names: list[str]
    spans: list[RowGroups]
    n_rows: int

    def batches(self, repeated: set[str]) -> Iterator[pa.RecordBatch]:
        """Yield all rows; texts that are repeated are held once."""
        reader, leaves = self._reader(repeated), self._leaves()
        for span in self.spans:
            yield from _all_of(span, self._of_span(reader, span, has_dictionaries=bool(repeated)))
            self._compare_values(span, leaves)

    def _reader(self, repeated: set[str]) -> Any:  # noqa: ANN401 -- pyarrow's
        from pyarrow import parquet

        # Great column chunks are read a buffer at a time, since a row group may hold all rows of a
        # file. Others are read whole: through a buffer, a page whose header is damaged takes 2 GiB.
        are_great = any(_n_bytes(self.metadata, span) > _CHUNK_BYTES for span in self.spans)
        return parquet.ParquetFile(
            self.file,
            metadata=self.metadata,
            read_dictionary=sorted(repeated),
            pre_buffer=False,
            buffer_size=getattr(self.file, "bytes_at_once", _BUFFER if are_great else 0),
            page_checksum_verification=True,
        )

    def _of_span(
        self,
        reader: Any,  # noqa: ANN401 -- pyarrow's
        span: RowGroups,
        *,
        has_dictionaries: bool,
    ) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        groups, n_done = list(range(span.first, span.last + 1)), 0
        try:
            for batch in reader.iter_batches(self.n_rows, groups, self.names, use_threads=False):
                yield batch
                n_done += len(batch)
        except (pa.ArrowException, OSError) as error:
            if not has_dictionaries or _NO_DICTIONARY not in str(error):
                raise
            plain = self._reader(set()).iter_batches(self.n_rows, groups, self.names)
            yield from _behind(n_done, plain)

    def _leaves(self) -> list[tuple[int, str]]:
        """Return the places and names of those columns that have a value in each row."""
        leaves = [self.metadata.schema.column(i) for i in range(self.metadata.num_columns)]
        return [
            (place, leaf.path)
            for place, leaf in enumerate(leaves)
            if leaf.path in self.names and leaf.max_repetition_level == 0
        ]

    def _compare_values(self, span: RowGroups, leaves: list[tuple[int, str]]) -> None:
        """Compare the values of columns with the rows, as the footer counts them.

        Only for what was read: pyarrow ends the process over damage in the metadata of a column,
        unless it comes upon it while it reads.
        """
        import pyarrow as pa

        for group in range(span.first, span.last + 1):
            chunks = self.metadata.row_group(group)
            for place, name in leaves:
                n_values, n_rows = chunks.column(place).num_values, chunks.num_rows
                if n_values != n_rows:
                    counts = f"{n_values:,} values of {quoted(name)} for {n_rows:,} rows"
                    message = f"row group {group + 1} has {counts}"
                    raise pa.ArrowInvalid(message)


def _n_bytes(metadata: Any, span: RowGroups) -> int:  # noqa: ANN401 -- pyarrow's
    """Bytes of the greatest row group, as its footer says; nothing else of it need be sound."""
    groups = range(span.first, span.last + 1)
    return max((metadata.row_group(group).total_byte_size for group in groups), default=0)


def _behind(n_rows: int, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Leave out the first rows."""
    for batch in batches:
        if n_rows < len(batch):
            yield batch.slice(n_rows)
        n_rows = max(n_rows - len(batch), 0)


def _counted(metadata: Any, some: RowGroups) -> list[RowGroups]:  # noqa: ANN401 -- pyarrow's
    """Part row groups into such that are counted together."""
    found: list[RowGroups] = []
    for group in range(some.first, some.last + 1):
        n = metadata.row_group(group).num_rows
        if found and max(found[-1].n_rows, n) < _COUNTED_ROWS:
            found[-1] = replace(found[-1], last=group, n_rows=found[-1].n_rows + n)
        else:
            found.append(RowGroups(group, group, 0, n))
    return found


def _all_of(span: RowGroups, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Pass on what row groups hold, and compare their rows with what the footer promises."""
    import pyarrow as pa

    n = 0
    for batch in batches:
        n += batch.num_rows
        if n > span.n_rows:
            break
        yield batch
    if n != span.n_rows:
        groups = f"row groups {span.first + 1} to {span.last + 1} hold"
        if span.first == span.last:
            groups = f"row group {span.first + 1} holds"
        held = f"{n:,}" if n < span.n_rows else "more"
        message = f"{groups} {held} rows where the footer promises {span.n_rows:,}"
        raise pa.ArrowInvalid(message)


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


def _are_distinct(texts: pa.Array) -> bool:
    """Whether a dictionary takes more room than it saves, and none of its texts is great."""
    if not hasattr(texts, "dictionary"):
        return True
    distinct: bool = 2 * len(texts.dictionary) > len(texts)
    return distinct and longest_text(texts) <= _LONG


def _row_groups(metadata: Any, least_rows: int) -> tuple[RowGroups, ...]:  # noqa: ANN401 -- pyarrow's
    """Part all row groups into spans of so many rows, as far as row groups can be parted."""
    import pyarrow as pa

    found: list[RowGroups] = []
    first_row = 1
    for group in range(metadata.num_row_groups):
        n = metadata.row_group(group).num_rows
        if not found or found[-1].n_rows >= least_rows:
            found.append(RowGroups(group, group, first_row))
        found[-1] = replace(found[-1], last=group, n_rows=found[-1].n_rows + n)
        first_row += n
    n_rows, promised = first_row - 1, metadata.num_rows
    if n_rows != promised:
        message = f"its row groups have {n_rows:,} rows where the footer promises {promised:,}"
        raise pa.ArrowInvalid(message)
    return tuple(found)


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
    whole : pyarrow.RecordBatch, optional
        All columns of these rows, where they were to be kept.
    """

    batch: pa.RecordBatch
    places: list[int]
    first_row: int
    n_bytes: int
    whole: pa.RecordBatch | None = None

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
        columns = {key: self._cells(role, place) for key, role, place in self.columns.numbers}
        columns |= {key: self._cells("text", place) for key, place in self.columns.texts}
        for index in range(self.batch.num_rows):
            place = f"{self.source}, row {self.first_row + index}"
            record = {key: cells[index] for key, cells in columns.items()}
            yield place, self._too_long(place, record) or record

    def _too_long(self, place: str, record: dict[str, str | None]) -> DataError | None:
        """Refuse numbers that are written in more bytes than a text may have."""
        for key, role, at in self.columns.numbers:
            if is_too_long(record[key] or ""):
                called = f"the {role} (column {quoted(self.columns.names[at])})"
                return DataError(f"{place}: {called} is longer than {LONGEST_TEXT >> 10} KiB")
        return None

    def _cells(self, role: str, place: int) -> list[str | None]:
        """Return the text of each cell of a column; see `typed_cells`."""
        column, positive = self._column(place), self.grammar.positive
        if role == "text":
            return values_of(texts_of(column))
        if role == "label" and positive is not None:
            return values_of(label_texts(column, positive))
        return [_shown(value) for value in values_of(column)]

    def label_at(self, index: int) -> tuple[str, str]:
        """Return the place and the text of one label."""
        column = self._column(cast("int", self.columns.label)).slice(index, 1)
        text = values_of(label_texts(column, self.grammar.positive))[0] or ""
        return f"{self.source}, row {self.first_row + index}", text


def _shown(value: str | bool | float | Decimal | None) -> str | None:
    """Return the text of a cell that is read as a number."""
    if value is None or isinstance(value, str):
        return value
    return bool_text(value, None) if isinstance(value, bool) else str(value)


def _with_vector(choice: ColumnChoice, schema: pa.Schema) -> ColumnChoice:
    """Choose the one vector among several predictions by name: Spark writes classes beside it."""
    choice = choice.with_preferred(schema.names)
    if choice.prediction is not None or not choice.reads_prediction:
        return choice
    names = schema.names
    places = [i for i, name in enumerate(names) if name.strip(" \t").lower() in PREDICTION_NAMES]
    if len(places) < _TWO:
        return choice
    vectors = [names[place] for place in places if is_vector(schema.field(place).type)]
    is_clear = len(vectors) == 1
    return replace(choice, prediction=vectors[0]) if is_clear else choice


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
    schema : pyarrow.Schema
        Of all columns that are kept.
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
    texts: None = None
    """It has none, and is cut as it is decoded."""
    _kept: list[int] | None = None
    """Places of the columns that are read and kept, where all are."""

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
        self.kind = kind
        self._size = size
        self._grammar = options.grammar
        most = max(1, options.block_bytes // _ROW_BYTES)
        with self._named_damage():
            if kind == "arrow":
                table = open_arrow(file, head, most)
            else:
                table = (open_parquet if kind == "parquet" else open_orc)(file, most)
            whole = ArrowParts(tuple(table.schema))
        self._find(table, options.columns, whole)
        self.schema: pa.Schema = table.schema
        if options.keeps_all:
            self._kept = [*range(len(self.schema))]

    def _find(self, table: Batches, choice: ColumnChoice, whole: Parts) -> None:
        """Find the columns that are wanted, or parts of them.

        Parameters
        ----------
        table : Batches
            Whose schema is asked for the types of those columns alone that may be wanted.
        choice : ColumnChoice
        whole : Parts
            Of a record.
        """
        self._table, schema = table, table.schema
        with self._named_damage():
            names = schema.names
        self.row_groups, self.n_rows = table.row_groups, table.n_rows
        self.columns = find_columns(names, _with_vector(choice, schema), self._name, whole)
        wanted = {place: self._wanted(schema, place) for _, place in self.columns.wanted}
        for number in self.columns.numbers:
            wanted[number.place] = self._value_for_1(schema, wanted[number.place], number.role)
        self._refuse_types(schema, wanted, whole)
        self._places = sorted(wanted)
        self._wanted_at = [wanted[place] for place in self._places]

    def _refuse_types(self, schema: pa.Schema, wanted: dict[int, Wanted], whole: Parts) -> None:
        """Raise DataError for a column that cannot be what it is read for."""
        import pyarrow as pa

        numbers = {number.key for number in self.columns.numbers}
        for key, place in self.columns.wanted:
            if key == WATCHED:
                continue
            name, role = self.columns.names[place], key.partition(" ")[0]
            field = pa.field(name, part_type(schema, wanted[place]))
            hint = part_hint(whole, self.columns.path(place), name)
            refuse_type(role, field, self._name, is_number=key in numbers, hint=hint)

    def _wanted(self, schema: pa.Schema, place: int) -> Wanted:
        """Return what is read for a place among the columns."""
        first, *path = self.columns.path(place)
        return Wanted(schema.names.index(first), tuple(path)) if path else Wanted(place)

    def _value_for_1(self, schema: pa.Schema, column: Wanted, role: str) -> Wanted:
        """Return the value for label 1 of predictions that are vectors, and say so."""
        if role != "prediction" or not is_vector(part_type(schema, column)):
            return column
        called = schema.names[column.place]
        value = quoted(f"{called}[1]")
        # Without the name of the file: a folder of many says it once.
        self.note = f"{quoted(called)} has vectors, of which {value} is read"
        return replace(column, path=(*column.path, 1), is_guessed=True)

    def spans(self) -> Sequence[RowGroups]:
        """Return all row groups, in spans that processes of one machine take in turn."""
        return self._table.spans()

    def blocks(self, row_groups: tuple[RowGroups, ...] | None = None) -> Iterator[ColumnarBlock]:
        """Yield the rows, a batch at a time; of these row groups only, which follow each other."""
        first_row = row_groups[0].first_row if row_groups else 1
        n_rows = self.n_rows
        wanted = self.row_groups if row_groups is None else row_groups
        kept = None if self._kept is None else [Wanted(at, is_kept=True) for at in self._kept]
        batches = self._table.read(kept or self._wanted_at, wanted)
        while True:
            with self._named_damage():
                batch = next(batches, None)
                if batch is None:
                    return
                whole = None if self._kept is None else batch
                if self._kept is not None:
                    batch = batch.select([self._kept.index(at.place) for at in self._wanted_at])
                batch = self._parts_of(batch, first_row)
            done = 0
            for some in self._portions(batch):
                share = 0 if not n_rows or not self._size else self._size * len(some) // n_rows
                yield ColumnarBlock(
                    self.columns,
                    self._grammar,
                    self._name,
                    some,
                    self._places,
                    first_row,
                    share,
                    None if whole is None else whole.slice(done, len(some)),
                )
                first_row += len(some)
                done += len(some)

    def _parts_of(self, batch: pa.RecordBatch, first_row: int) -> pa.RecordBatch:
        """Return those parts of a batch's columns that are wanted."""
        import pyarrow as pa

        columns = []
        for column, wanted in zip(batch.columns, self._wanted_at, strict=True):
            if wanted.is_guessed:
                self._refuse_other_sizes(part_of(column, wanted.path[:-1]), wanted, first_row)
            columns.append(part_of(column, wanted.path))
        if all(found is column for found, column in zip(columns, batch.columns, strict=True)):
            return batch
        return pa.RecordBatch.from_arrays(columns, [str(place) for place in self._places])

    def _refuse_other_sizes(self, vectors: pa.Array, wanted: Wanted, first_row: int) -> None:
        """Raise DataError unless vectors have two values each."""
        found = other_size(vectors, _TWO)
        if found is not None:
            row, size = found
            called = self.columns.names[self._places[self._wanted_at.index(wanted)]]
            message = (
                f"{self._name}, row {first_row + row}: {quoted(called)} has {size} values, not two"
            )
            hint = f"name the one that is the prediction, such as {quoted(f'{called}[1]')}"
            raise DataError(message, hint)

    def _portions(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Cut a batch, so that the texts of each part take little memory, as they are written."""
        most = 1
        keys = self.columns.keys
        copied = (self.columns.id, *(keys if len(keys) > 1 else ()))
        for column, place in zip(batch.columns, self._places, strict=True):
            longest = longest_text(column)
            is_text = place not in copied and place in {at for _, at in self.columns.texts}
            is_copied = not is_text or not hasattr(column, "dictionary")
            if is_copied or longest > LONGEST_TEXT:  # the latter are refused, one by one
                most = max(most, min(longest, LONGEST_TEXT))
        n_rows = _TEXT_BYTES // most
        return (batch.slice(start, n_rows) for start in range(0, len(batch), n_rows))

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
            lacking = shortage(error)
            if lacking is not None and not _ABSURD_SIZE.search(str(error)):
                raise lacking from None
            reason = str(error).strip().partition("\n")[0].partition(". ")[0]
            message = f"{self._name}: the {_FORMATS[self.kind]} data are damaged: {reason}"
            raise DataError(message) from None
