"""Tables in memory as sources: frames of any library, mappings of arrays, and arrays alone.

Their columns become batches of Arrow, as those of an Arrow file do, and are read like these.
Nothing but the columns that are wanted is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet

import numpy as np

from bce_cli.errors import ArgumentError, BceError, DataError, quoted, safe_text, shortage
from bce_cli.readers.array_likes import (
    Numbers,
    Typed,
    UnfitError,
    column_of,
    how_to_make,
    index_of,
    is_of,
    unfit,
)
from bce_cli.readers.arrow_files import Batches, RowGroups, Wanted, validated
from bce_cli.readers.columnar import ColumnarFile
from bce_cli.readers.nested import ArrowParts
from bce_cli.readers.typed_columns import is_text

if TYPE_CHECKING:
    import pyarrow as pa

    from bce_cli.readers.array_likes import Column
    from bce_cli.readers.columns import ColumnChoice
    from bce_cli.readers.grammar import InputOptions, Layout

_ROW_BYTES = 32  # what a row of a batch counts for, where bytes to read at a time are given
_FEW_ROWS = 1 << 14
"""Batches of a stream that are smaller are put together."""

_TABLES = ("columns", "column_names", "schema", "schema_arrow")
"""What tables have and Series lack."""

_NEEDED = "a table is needed: a frame, a mapping of names to arrays, or a path"


class _Held(Protocol):
    """A table in memory."""

    @property
    def whole(self) -> object:
        """What the user has."""

    @property
    def is_read_once(self) -> bool:
        """Whether its rows are gone once they were read."""

    def opened(self, frame: Frame, choice: ColumnChoice, most: int) -> _Opened:
        """Find out its columns, of which at most so many rows are read at a time."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """What is known of a table before its rows are read.

    Attributes
    ----------
    batches : Batches
        Whose schema may be `_Columns`.
    parts : Parts
        Of a record.
    """

    batches: Batches
    parts: Any


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A table in memory, as a source.

    Attributes
    ----------
    name : str
        What messages call it.
    held : _Held
    is_of_arguments : bool
        Whether its columns are arguments of a function, each with a name that messages use.
    """

    name: str
    held: _Held
    is_of_arguments: bool = False

    @property
    def identity(self) -> int:
        """What it has in common only with what holds the same rows."""
        return id(self.held.whole)

    @property
    def is_read_once(self) -> bool:
        """Whether its rows are gone once they were read."""
        return self.held.is_read_once

    @property
    def index(self) -> Any:  # noqa: ANN401 -- of pandas
        """What pandas calls its rows; None where they have no names."""
        return index_of(self.held.whole)

    def called(self, name: str) -> Frame:
        """Return the same table under another name."""
        return replace(self, name=name)

    def opened(self, options: InputOptions) -> FrameFile:
        """Find the columns that are wanted.

        Raises
        ------
        DataError
            It lacks a column, or one of them cannot be read as what it is wanted for.
        """
        return FrameFile(self, options)


def is_tabular(obj: object) -> bool:
    """Whether something is a table in memory; a Series is none, and a path is none.

    Examples
    --------
    >>> is_tabular({"y": [1], "p": [0.5]}), is_tabular([0.5])
    (True, False)
    """
    if isinstance(obj, Mapping):
        return True
    if isinstance(obj, np.ndarray):
        return obj.dtype.names is not None
    return hasattr(obj, "__arrow_c_stream__") and _is_of_columns(obj)


def _is_of_columns(obj: Any) -> bool:  # noqa: ANN401 -- of any library
    """Whether a stream of Arrow is one of records; nothing of it is read."""
    if is_of(obj, "pandas"):
        return hasattr(type(obj), "columns")
    if any(hasattr(type(obj), name) for name in _TABLES):
        return True
    if hasattr(obj, "__arrow_c_schema__"):
        import pyarrow as pa

        return bool(pa.types.is_struct(pa.field(obj).type))
    return not (hasattr(obj, "dtype") or hasattr(obj, "__array__") or hasattr(obj, "type"))


def frame_of(obj: Any, name: str | None = None) -> Frame:  # noqa: ANN401 -- of any library
    """Take a table in memory for a source.

    Parameters
    ----------
    obj : DataFrame, Table, relation, mapping of str to array-like, or array of records
        Anything with ``__arrow_c_stream__`` that is a table.
    name : str, optional
        What messages call it; that of its type without one.

    Raises
    ------
    ArgumentError
        It is no table.

    Examples
    --------
    >>> frame_of({"y": [1, 0], "p": [0.5, 0.25]}).name
    'dict'
    """
    called = safe_text(type(obj).__name__ if name is None else name, 80)
    if not is_tabular(obj):
        message = f"{called} is no table in memory"
        raise ArgumentError(message, how_to_make(obj) or _NEEDED, "data")
    if isinstance(obj, Mapping):
        places = list(obj)
        return Frame(called, _ByColumn(obj, _texts(places), lambda place: obj[places[place]]))
    if isinstance(obj, np.ndarray):
        fields = obj.dtype.names or ()
        return Frame(called, _ByColumn(obj, fields, lambda place: obj[fields[place]]))
    if is_of(obj, "pandas"):
        return Frame(called, _of_pandas(obj))
    if is_of(obj, "polars"):
        return Frame(called, _ByColumn(obj, obj.columns, obj.to_series))
    if is_of(obj, "pyarrow") and hasattr(obj, "column"):
        names = obj.schema.names
        return Frame(called, _ByColumn(obj, names, obj.column))
    return Frame(called, _Stream(obj))


def frame_of_columns(
    columns: Mapping[str, object],
    name: str = "arrays",
    indexes: Mapping[str, object] | None = None,
) -> Frame:
    """Take arguments of a function, each with a value for each row, for a source.

    Parameters
    ----------
    columns : mapping of str to array-like
        By the names of the arguments, which messages use.
    name : str
        What messages call them together.
    indexes : mapping of str to index of pandas, optional
        What the rows are called, of those that do not say it themselves.

    Raises
    ------
    ArgumentError
        One of them is no such thing, or two of them differ in length or in their indexes.

    Examples
    --------
    >>> frame_of_columns({"label": [1, 0], "prediction": [0.9, 0.2]}).name
    'arrays'
    """
    found: dict[str, Column] = {}
    for called, values in columns.items():
        try:
            found[called] = column_of(values)
        except UnfitError as fault:
            message = f"{safe_text(called, 80)} {fault.what}"
            raise ArgumentError(message, fault.hint, called) from None
    _refuse_lengths(found)
    known = {called: index_of(values) for called, values in columns.items()} | dict(indexes or {})
    _refuse_indexes(known)
    converted = list(found.values())
    held = _ByColumn(columns, list(found), converted.__getitem__)
    return Frame(safe_text(name, 80), held, is_of_arguments=True)


def _refuse_lengths(columns: Mapping[str, Column]) -> None:
    first, *others = columns or [""]
    for other in others:
        if len(columns[other]) != len(columns[first]):
            has = f"{safe_text(first, 80)} has {_counted(len(columns[first]))}"
            message = f"{has}, but {safe_text(other, 80)} has {len(columns[other]):,}"
            raise ArgumentError(message, None, first, other)


def _counted(n: int) -> str:
    return f"{n:,} value{'' if n == 1 else 's'}"


def refuse_layout(layout: Layout) -> None:
    """Raise ArgumentError for what says how text is laid out, where no text is read."""
    given = {
        "input_format": layout.input_format is not None,
        "delimiter": layout.delimiter is not None,
        "no_header": not layout.has_header,
        "encoding": layout.encoding is not None,
        "comment": layout.comment is not None,
    }
    for name, is_given in given.items():
        if is_given:
            message = f"{name} says nothing about data in memory"
            raise ArgumentError(message, None, name)


def refuse_indexes(tables: Mapping[str, Any]) -> None:
    """Raise ArgumentError if pandas calls rows differently that are paired by their order.

    Parameters
    ----------
    tables : mapping of str to index of pandas or None
        By what messages call them.
    """
    hint = "pair them by a key, on='id', or by their place: .reset_index(drop=True)"
    _refuse_indexes(tables, hint=hint)


def _refuse_indexes(
    indexes: Mapping[str, Any],
    source: str | None = None,
    hint: str = "rows are paired by their place: align them first, or pass .to_numpy()",
) -> None:
    """Raise ArgumentError if pandas calls the rows of two columns differently."""
    named = [(name, index) for name, index in indexes.items() if index is not None]
    for name, index in named[1:]:
        first_name, first = named[0]
        if len(index) != len(first) or index.equals(first):  # whose lengths are compared elsewhere
            continue
        is_same = not first.symmetric_difference(index).size
        differ = "the same index in another order" if is_same else "different indexes"
        two = f"{safe_text(first_name, 80)} and {safe_text(name, 80)}"
        if source is not None:
            two = f"{source}: columns {quoted(first_name)} and {quoted(name)}"
        message = f"{two} have {differ}"
        raise ArgumentError(message, hint, first_name, name)


def _texts(names: Sequence[object]) -> list[str]:
    return [name if isinstance(name, str) else str(name) for name in names]


def _of_pandas(frame: Any) -> _ByColumn:  # noqa: ANN401 -- of pandas
    """Take a frame of pandas, whose index has columns where it has names."""
    names, levels = _texts([*frame.columns]), [*frame.index.names]
    index = {
        str(level): place
        for place, level in enumerate(levels)
        if level is not None and str(level) not in names
    }

    def at(place: int) -> Any:  # noqa: ANN401 -- of pandas
        return frame.iloc[:, place]

    def at_index(name: str) -> Any:  # noqa: ANN401 -- of pandas
        return frame.index.get_level_values(index[name])

    return _ByColumn(frame, names, at, tuple(index), at_index)


@dataclass(frozen=True, slots=True)
class _ByColumn:
    """A table that gives its columns one by one.

    Attributes
    ----------
    whole : object
    names : sequence of str
    at : callable (place) -> array-like
    index : tuple of str
        Names of what is a column only if it is asked for.
    at_index : callable (name) -> array-like
    """

    whole: object
    names: Sequence[str]
    at: Callable[[int], Any]
    index: tuple[str, ...] = ()
    at_index: Callable[[str], Any] = str

    @property
    def is_read_once(self) -> bool:
        """Its rows stay."""
        return False

    def opened(self, frame: Frame, choice: ColumnChoice, most: int) -> _Opened:
        """Look at no column before its type is asked for; see `_Held`."""
        asked = {name.strip(" \t") for name in choice.named}
        index = [name for name in self.index if name in asked]
        columns = _Columns(self, frame.name, [*self.names, *index])

        def read(
            wanted: list[Wanted], row_groups: tuple[RowGroups, ...]
        ) -> Iterator[pa.RecordBatch]:
            del row_groups
            return columns.batches([column.place for column in wanted], most)

        return _Opened(Batches(columns, None, read), _Parts(columns, tuple(choice.named)))


@dataclass(slots=True)
class _Columns:
    """Columns that are converted when they are first asked for; like a schema of pyarrow.

    Attributes
    ----------
    table : _ByColumn
    source : str
        What messages call it.
    names : list of str
        With those of the index that were asked for.
    """

    table: _ByColumn
    source: str
    names: list[str]
    _found: dict[int, Column] = field(default_factory=dict)
    _indexes: dict[int, Any] = field(default_factory=dict)

    def field(self, place: int) -> pa.Field:
        """Return the name and the type of a column."""
        import pyarrow as pa

        return pa.field(self.names[place], self.column(place).kind)

    def is_known(self, place: int) -> bool:
        """Whether a column was looked at."""
        return place in self._found

    def column(self, place: int) -> Column:
        """Return a column.

        Raises
        ------
        DataError
            It is none.
        """
        if place not in self._found:
            name = self.names[place]
            try:
                n = len(self.table.names)
                values = self.table.at(place) if place < n else self.table.at_index(name)
                is_column = isinstance(values, Numbers | Typed)
                self._found[place] = values if is_column else column_of(values)
            except UnfitError as fault:
                message = f"{self.source}: column {quoted(name)} {fault.what}"
                raise DataError(message, fault.hint) from None
            if isinstance(self.table.whole, Mapping):
                self._indexes[place] = index_of(values)
        return self._found[place]

    def refuse_differences(self, places: Sequence[int]) -> int:
        """Return how many rows these columns have.

        Raises
        ------
        DataError
            They differ in length.
        ArgumentError
            They differ in their indexes.
        """
        columns = {place: self.column(place) for place in places}
        first, *others = columns or [0]
        for other in others:
            if len(columns[first]) != len(columns[other]):
                one, two = quoted(self.names[first]), quoted(self.names[other])
                has = f"column {one} has {_counted(len(columns[first]))}"
                message = f"{self.source}: {has}, but column {two} has {len(columns[other]):,}"
                raise DataError(message)
        _refuse_indexes({self.names[at]: self._indexes.get(at) for at in places}, self.source)
        return len(columns[first]) if columns else 0

    def batches(self, places: Sequence[int], most: int) -> Iterator[pa.RecordBatch]:
        """Yield the rows of some columns, so many at a time."""
        import pyarrow as pa

        n_rows = self.refuse_differences(places)
        columns, names = [self.column(place) for place in places], list(map(str, places))
        for start in range(0, n_rows, most):
            n = min(most, n_rows - start)
            yield pa.RecordBatch.from_arrays([column.at(start, n) for column in columns], names)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Parts of a record whose columns are looked at only where a part of them is asked for.

    See `parts.Parts`.
    """

    columns: _Columns
    asked: tuple[str, ...]

    def names(self) -> Sequence[str]:
        """Return the names of its columns."""
        return self.columns.names

    def n_elements(self) -> int:
        """Return that it has no parts without names."""
        return 0

    def part(self, step: str | int) -> ArrowParts | None:
        """Return a column; one that no part is asked of has none."""
        found = [place for place, name in enumerate(self.columns.names) if name == step]
        if len(found) != 1:
            return ArrowParts() if found else None
        is_asked = any(name.startswith((f"{step}.", f"{step}[")) for name in self.asked)
        if is_asked or self.columns.is_known(found[0]):
            return ArrowParts.of(self.columns.field(found[0]).type)
        return ArrowParts()


_READ: WeakSet[Any] = WeakSet()
"""Streams that were read, and have no rows any more."""


@dataclass(frozen=True, slots=True)
class _Stream:
    """Anything that gives a stream of Arrow batches, each time it is asked for one, or once."""

    whole: Any

    @property
    def is_read_once(self) -> bool:
        """Whether it is such a stream itself."""
        return hasattr(type(self.whole), "read_next_batch")

    def opened(self, frame: Frame, choice: ColumnChoice, most: int) -> _Opened:
        """Begin the stream, of which no row is read yet; see `_Held`."""
        import pyarrow as pa

        is_relation = is_of(self.whole, "duckdb")
        start = self.whole
        if self.is_read_once and start in _READ:
            message = f"{frame.name}: its rows were read before, and are gone"
            raise DataError(message, "a table holds them: .read_all()")
        schema = getattr(start, "schema", None)
        begun: list[Any] = []  # what the schema was read of
        if is_relation:  # of DuckDB, which would work out all its columns
            schema = pa.RecordBatchReader.from_stream(start.limit(0)).schema
        elif not isinstance(schema, pa.Schema):
            begun.append(pa.RecordBatchReader.from_stream(start))
            schema = begun[0].schema
        del choice

        def read(
            wanted: list[Wanted], row_groups: tuple[RowGroups, ...]
        ) -> Iterator[pa.RecordBatch]:
            del row_groups
            places = [column.place for column in wanted]
            if self.is_read_once:
                _READ.add(self.whole)
            whole, at = self.whole, places
            if is_relation and len(set(schema.names)) == len(schema.names):
                names = ('"' + schema.names[at].replace('"', '""') + '"' for at in places)
                whole, at = whole.project(", ".join(names)), [*range(len(places))]
            stream = begun.pop() if begun else pa.RecordBatchReader.from_stream(whole)
            n_rows = 0
            for batch in _of_size((batch.select(at) for batch in stream), most):
                n_rows += len(batch)
                yield validated(batch)
            if self.is_read_once and not n_rows:
                message = f"{frame.name}: there are no rows"
                raise DataError(message, "a stream gives its rows once: were they read before?")

        return _Opened(Batches(schema, None, read), ArrowParts(tuple(schema)))


def _of_size(batches: Iterator[pa.RecordBatch], most: int) -> Iterator[pa.RecordBatch]:
    """Cut great batches, and put small ones together."""
    import pyarrow as pa

    small: list[pa.RecordBatch] = []
    few = min(_FEW_ROWS, most)

    def together() -> Iterator[pa.RecordBatch]:
        whole = small[0] if len(small) == 1 else pa.concat_batches(small)
        small.clear()
        return (whole.slice(start, most) for start in range(0, len(whole), most))

    for batch in batches:
        if small and (len(batch) >= few or sum(map(len, small)) >= few):
            yield from together()
        if len(batch):
            small.append(batch)
    if small:
        yield from together()


class FrameFile(ColumnarFile):
    """A table in memory whose columns were found; see `ColumnarFile`.

    Parameters
    ----------
    frame : Frame
    options : InputOptions

    Raises
    ------
    DataError
        It lacks a column, or one of them cannot be read as what it is wanted for.
    """

    def __init__(self, frame: Frame, options: InputOptions) -> None:
        self._frame = frame
        self._name, self._kind, self._size = frame.name, "memory", None
        self._grammar = options.grammar
        most = max(1, options.block_bytes // _ROW_BYTES)
        with self._named_damage():
            opened = frame.held.opened(frame, options.columns, most)
            self._find(opened.batches, options.columns, opened.parts)
        if frame.is_of_arguments:
            self._refuse_texts()

    def _refuse_texts(self) -> None:
        """Raise ArgumentError for a list of texts that should be one of numbers."""
        for _, role, place in self.columns.numbers:
            if role != "label" and is_text(_value_type(self._table.schema.field(place).type)):
                name = self.columns.names[place]
                message = f"{safe_text(name, 80)} must be numbers, not texts"
                raise ArgumentError(message, None, name)

    @contextmanager
    def _named_damage(self) -> Iterator[None]:
        try:
            yield
        except BceError:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever a library raises that holds it
            lacking = shortage(error)
            if lacking is not None:
                raise lacking from None
            fault = unfit(error)
            message = f"{self._name} {fault.what}"
            raise DataError(message, fault.hint) from None


def _value_type(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind
