"""The predictions of a table, recalibrated: all of its columns as they are, and one more, in order.

Each format goes into itself with the least change: records of CSV and lines of JSON are not taken
apart, and typed columns keep their types. What goes into another format is taken cell by cell.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from contextlib import ExitStack
from functools import partial
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, cast

from bce_cli.core.progress import Stage, silent
from bce_cli.core.recalibration.maps import Points
from bce_cli.engine.run import threads
from bce_cli.errors import DataError, UsageError, given, quoted, safe_text
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.columnar import ColumnarBlock
from bce_cli.readers.delimited import DelimitedBlock, DelimitedFile
from bce_cli.readers.json_lines import JsonBlock, JsonFile
from bce_cli.readers.json_values import decoder
from bce_cli.readers.texts import has_texts, strings, texts_of
from bce_cli.render.recalibrated import (
    NewColumn,
    csv_header,
    csv_lines,
    csv_records,
    json_lines,
    json_objects,
    line_end_of,
    table_sink,
    text_sink,
)
from bce_cli.render.rows import csv_cells

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    import pyarrow as pa

    from bce_cli.core.progress import Progress
    from bce_cli.core.recalibration.maps import RecalibrationMap
    from bce_cli.core.rows import FloatArray, Rows
    from bce_cli.data.table import Table
    from bce_cli.readers.blocks import Block
    from bce_cli.readers.files import File
    from bce_cli.render.recalibrated import Constants, TableSink, TextSink
    from bce_cli.storage.sources import Source

    Sink = TextSink | TableSink

AppliedFormat: TypeAlias = Literal["csv", "json", "parquet", "arrow"]
"""What rows can be written in; JSON means an object on each line."""

_MOST_NAMED = 3
_OTHER_NAME = f"{given(column='NAME')} calls the new one otherwise"


class Applied(NamedTuple):
    """What has become of the rows of a table.

    Attributes
    ----------
    n, n_missing : int
        Rows, and those of them without a prediction.
    """

    n: int
    n_missing: int


class _Part(NamedTuple):
    """Some rows, as they are to be written, and how many; from how many bytes they were read."""

    content: Any
    n: int
    n_missing: int
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Application:
    """A map that is to be applied to the rows of a table.

    Attributes
    ----------
    table : Table
        It is open, and keeps all columns.
    found : RecalibrationMap
    column : str
        Name of the new column.
    output_format : {"csv", "json", "parquet", "arrow"}
        As `written_format` has it.
    as_logit : bool
        Whether it has log odds.
    n_workers : int
        Threads, or 0 for none but this one.
    progress : callable (Stage) -> None
    """

    table: Table
    found: RecalibrationMap
    column: str
    output_format: AppliedFormat
    as_logit: bool = False
    n_workers: int = 0
    progress: Progress = silent

    def write(self, stream: IO[bytes]) -> Applied:
        """Write all rows, some at a time; where there are none, what precedes them all the same.

        Parameters
        ----------
        stream : binary stream

        Raises
        ------
        DataError, InputError
            The first fault in the order of the rows; or a file has other columns than the first
            one, or the new one already.
        """
        table, copier = self.table, _copier_of(self.table.first, self.output_format)
        n = n_missing = n_bytes = 0
        sink: Sink | None = None
        total = table.n_bytes()
        with threads(self.n_workers) as engine, ExitStack() as output:
            for number, file in table.files():
                before = self._before(file, table.sources[number])
                copier.take(file, table.sources[number].name, before, self.column)
                if sink is None:
                    names = (*(name for name, _ in before), self.column)
                    sink = output.enter_context(copier.sink(file, stream, names))
                sink.begin()
                for part in engine.map(partial(self._part, copier, before), file.blocks()):
                    n, n_missing, n_bytes = (
                        n + part.n,
                        n_missing + part.n_missing,
                        n_bytes + part.n_bytes,
                    )
                    if part.n:
                        sink.write(part.content)
                    if part.n_bytes:
                        self.progress(Stage("reading", n_bytes, total, "bytes"))
        return Applied(n, n_missing)

    def _before(self, file: File, source: Source) -> Constants:
        """Return what folders say of a file that is one of many, unless it has such a column."""
        names = _names_of(file)
        found = dict(file.columns.folders) if source.is_part else {}
        return tuple((name, text) for name, text in found.items() if name not in names)

    def _part(self, copier: _Copier, before: Constants, block: Block) -> _Part:
        """Read a block, and map its predictions."""
        rows = block.read().rows
        n = len(rows)
        column = NewColumn(self.column, self._values(rows), rows.missing, before)
        content = copier.rows(block, column) if n else None
        return _Part(content, n, rows.n_missing, block.n_bytes)

    def _values(self, rows: Rows) -> FloatArray:
        points = Points.of(rows.probabilities, rows.logits)
        found = self.found
        return found.logits_at(points) if self.as_logit else found.probabilities_at(points)


class _Copier(ABC):
    """Writes rows of one kind of file in one format, with one column more."""

    _first: tuple[str, tuple[str, ...], object] | None = None

    @abstractmethod
    def sink(
        self,
        file: Any,  # noqa: ANN401 -- of one of the kinds of files
        stream: IO[bytes],
        new: Sequence[str],
    ) -> AbstractContextManager[Sink]:
        """Provide what takes the rows, with what precedes them in it."""

    @abstractmethod
    def rows(self, block: Any, column: NewColumn) -> Any:  # noqa: ANN401 -- of the kind of file
        """Return the rows of a block; runs in the workers."""

    def take(self, file: File, source: str, before: Constants, name: str) -> None:
        """Take in the next file.

        Raises
        ------
        DataError
            It has a column of the new name, or other columns than the first file.
        """
        names = (*_names_of(file), *(folder for folder, _ in before))
        if name in names:
            message = f"{source}: there is a column {quoted(name)} already"
            raise DataError(message, _OTHER_NAME)
        kind = _kind_of(file)
        if self._first is None:
            self._first = source, names, kind
        first, expected, expected_kind = self._first
        are_objects = isinstance(file, JsonFile)  # which need not have the same keys
        if kind != expected_kind or not (are_objects or names == expected):
            what = _difference(names, expected)
            message = f"{source}: its columns are not those of {first}: {what}"
            raise DataError(message, "rows of one kind stand in one output: apply it to each file")


def _names_of(file: File) -> tuple[str, ...]:
    """Return the names of all columns that are kept; of JSON, the keys of the first objects."""
    schema = getattr(file, "schema", None)
    if schema is not None:
        return tuple(schema.names)
    columns = file.columns
    return columns.names[: len(columns.names) - len(columns.paths)]


def _kind_of(file: File) -> object:
    """Return what files must have in common beside the names of their columns."""
    if isinstance(file, JsonFile):
        return "JSON"
    if isinstance(file, DelimitedFile):
        return file.dialect
    schema = getattr(file, "schema", None)
    return "workbook" if schema is None else tuple(schema.types)


def _difference(names: Sequence[str], expected: Sequence[str]) -> str:
    lacking = [quoted(name) for name in expected if name not in names]
    more = [quoted(name) for name in names if name not in expected]
    if lacking:
        return f"it lacks {', '.join(lacking[:_MOST_NAMED])}"
    if more:
        return f"it has {', '.join(more[:_MOST_NAMED])}"
    return "it is written otherwise" if names == expected else "they stand in another order"


class _CsvToCsv(_Copier):
    """Delimited text with all its quotes, line ends and odd cells as they are."""

    def sink(
        self, file: DelimitedFile, stream: IO[bytes], new: Sequence[str]
    ) -> AbstractContextManager[Sink]:
        """Write the header with more names."""
        sign = file.dialect.delimiter
        encoding, end = file.encoding, line_end_of(file.header)
        header = file.mark + csv_header(file.header, sign, *new)
        return text_sink(stream, header, encoding.name, encoding.mark, end)

    def rows(self, block: DelimitedBlock, column: NewColumn) -> list[Any]:
        """Return the records of a block, each with one cell more."""
        dialect = block.dialect
        return csv_records(block.lines.data, dialect.delimiter, dialect.decimal, column)


class _JsonToJson(_Copier):
    """JSON Lines, each object with one member more."""

    def sink(
        self, file: JsonFile, stream: IO[bytes], new: Sequence[str]
    ) -> AbstractContextManager[Sink]:
        """Write nothing: there is no header."""
        del file, new
        return text_sink(stream, ends_all=True)

    def rows(self, block: JsonBlock, column: NewColumn) -> list[Any]:
        """Return the lines of a block, each object with one member more."""
        _refuse_twice(block, column.name)
        return json_lines(block.lines.data, column)


def _refuse_twice(block: JsonBlock, name: str) -> None:
    """Raise DataError for an object that has the new key already."""
    if json.dumps(name).encode() not in bytes(block.lines.data):
        return
    for number, line in enumerate(bytes(block.lines.data).split(b"\n")):
        if _has_key(line, name):
            place = f"{block.source}, {block.unit} {block.lines.first_line + number}"
            message = f"{place}: there is a key {quoted(name)} already"
            raise DataError(message, _OTHER_NAME)


def _has_key(line: bytes, name: str) -> bool:
    """Whether an object has a key; a line that cannot be looked at was read all the same."""
    try:
        found, _ = decoder.raw_decode(line.decode("utf-8", "surrogateescape").strip())
    except (ValueError, RecursionError):
        return False
    return any(key == name for key, _ in found)


class _ToTables(_Copier):
    """Parquet and Arrow: columns as they are stored; those of CSV are texts."""

    def __init__(self, output_format: AppliedFormat) -> None:
        self._output_format = output_format

    def sink(
        self,
        file: Any,  # noqa: ANN401 -- as in the base class
        stream: IO[bytes],
        new: Sequence[str],
    ) -> AbstractContextManager[Sink]:
        """Begin a file."""
        import pyarrow as pa

        schema = getattr(file, "schema", None)
        if schema is None:
            schema = pa.schema([(column, pa.string()) for column in _names_of(file)])
        for name in new[:-1]:
            schema = schema.append(pa.field(name, pa.string()))
        schema = schema.append(pa.field(new[-1], pa.float64()))
        return table_sink(stream, schema, is_parquet=self._output_format == "parquet")

    def rows(self, block: Any, column: NewColumn) -> pa.Table:  # noqa: ANN401
        """Return the rows of a block."""
        table = _table_of(block)
        for name, text in column.before:
            table = table.append_column(name, strings([text] * len(table)))
        return table.append_column(column.name, column.array())


class _ToCsv(_Copier):
    """CSV of typed columns."""

    def sink(
        self, file: File, stream: IO[bytes], new: Sequence[str]
    ) -> AbstractContextManager[Sink]:
        """Write the names of the columns."""
        names = csv_cells([*_names_of(file), *new])
        return text_sink(stream, f"{','.join(names)}\n".encode())

    def rows(self, block: Any, column: NewColumn) -> list[Any]:  # noqa: ANN401
        """Return the lines of a block."""
        table = _table_of(block)
        columns = zip(table.column_names, table.columns, strict=True)
        return csv_lines([_texts(cells, name, block.source) for name, cells in columns], column)


class _ToJson(_Copier):
    """JSON Lines of typed columns, or of CSV, whose cells are texts."""

    def sink(
        self, file: File, stream: IO[bytes], new: Sequence[str]
    ) -> AbstractContextManager[Sink]:
        """Refuse names that occur twice."""
        names = [*_names_of(file), *new]
        twice = next((each for each in names if names.count(each) > 1), None)
        if twice is not None:
            message = f"several columns are called {quoted(twice)}, and JSON tells keys by name"
            raise DataError(message)
        return text_sink(stream)

    def rows(self, block: Any, column: NewColumn) -> list[Any]:  # noqa: ANN401
        """Return the lines of a block."""
        table = _table_of(block)
        columns = zip(table.column_names, table.columns, strict=True)
        cells = {name: _json_values(found, name, block.source) for name, found in columns}
        return json_objects(cells, column)


def _table_of(block: Any) -> pa.Table:  # noqa: ANN401 -- a block of CSV or typed columns
    """Return all columns of a block: as they are stored, or the texts of cells."""
    import pyarrow as pa

    if isinstance(block, ColumnarBlock):
        return pa.Table.from_batches([cast("Any", block.whole)])
    return cast("DelimitedBlock", block).texts()


def _texts(cells: Any, name: str, source: str) -> Any:  # noqa: ANN401 -- of pyarrow
    """Return the texts of cells; null where there is nothing."""
    import pyarrow as pa

    if isinstance(cells.type, pa.DictionaryType):
        cells = cells.cast(cells.type.value_type)
    if not has_texts(cells.type):
        shown = safe_text(str(cells.type), 80)
        message = f"{source}: column {quoted(name)} is of type {shown}, which has no text"
        raise DataError(message, "--format parquet keeps it as it is")
    return texts_of(cells)


def _json_values(cells: Any, name: str, source: str) -> list[Any]:  # noqa: ANN401 -- of pyarrow
    """Return what JSON has of a column: numbers, booleans, arrays and objects; of others, texts."""
    import pyarrow as pa

    types, kind = pa.types, cells.type
    if types.is_floating(kind):
        cells = cells.cast(pa.float64())
    is_plain = types.is_integer(kind) or types.is_boolean(kind) or types.is_floating(kind)
    is_nested = types.is_nested(kind) and not types.is_dictionary(kind)
    found = cells if is_plain or is_nested else _texts(cells, name, source)
    return cast("list[Any]", found.to_pylist())


def _copier_of(file: File, output_format: AppliedFormat) -> _Copier:
    """Return what writes the rows of an opened file, and of others like it."""
    if isinstance(file, JsonFile):
        return _JsonToJson()
    if isinstance(file, DelimitedFile) and output_format == "csv":
        return _CsvToCsv()
    if output_format in ("csv", "json"):
        return _ToCsv() if output_format == "csv" else _ToJson()
    return _ToTables(output_format)


def written_format(file: File, asked: AppliedFormat | None) -> AppliedFormat:
    """Return in which format the rows of an opened file are written.

    Parameters
    ----------
    file : File
    asked : {"csv", "json", "parquet", "arrow"}, optional
        Without one, that of the file, or what is next to it.

    Raises
    ------
    UsageError
        Rows of such a file are not written in that format.
    """
    chosen = asked or _own_format(file)
    if isinstance(file, JsonFile) and chosen != "json":
        message = f"JSON stays JSON, and is not written as {chosen}"
        raise UsageError(message, "its objects need not have the same keys; -o FILE.jsonl")
    is_typed = isinstance(file, DelimitedFile) or getattr(file, "schema", None) is not None
    if chosen in ("parquet", "arrow") and not is_typed:
        message = f"columns of a workbook have no types, and are not written as {chosen}"
        raise UsageError(message, "-o FILE.csv has the texts of its cells")
    return chosen


def _own_format(file: File) -> AppliedFormat:
    """Return in which format the rows of a file are written where none is asked for."""
    if isinstance(file, JsonFile):
        return "json"
    if isinstance(file, DelimitedFile):
        return "csv"
    kinds: dict[str, AppliedFormat] = {"parquet": "parquet", "orc": "parquet", "arrow": "arrow"}
    return kinds.get(file.kind, "csv")
