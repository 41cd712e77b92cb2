"""Tables in memory as batches of Arrow: column by column, or as a stream.

Columns are looked at only where they are wanted, and numbers of NumPy are not copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet

from bce_cli.errors import ArgumentError, DataError, quoted, safe_text
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.array_likes import (
    Numbers,
    Typed,
    UnfitError,
    column_of,
    index_of,
    is_of,
    unfit,
)
from bce_cli.readers.arrow_files import Batches, RowGroups, Wanted, validated
from bce_cli.readers.nested import ArrowParts

if TYPE_CHECKING:
    import pyarrow as pa

    from bce_cli.readers.array_likes import Column
    from bce_cli.readers.columns import ColumnChoice

_FEW_ROWS = 1 << 14
"""Batches of a stream that are smaller are put together."""


class HeldTable(Protocol):
    """A table in memory."""

    @property
    def whole(self) -> object:
        """What the user has."""

    @property
    def is_read_once(self) -> bool:
        """Whether its rows are gone once they were read."""

    def opened(self, source: str, choice: ColumnChoice, most: int) -> OpenedTable:
        """Find out its columns, of which at most so many rows are read at a time.

        Messages call it `source`.
        """


@dataclass(frozen=True, slots=True)
class OpenedTable:
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


@dataclass(frozen=True, slots=True)
class TableOfColumns:
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

    def opened(self, source: str, choice: ColumnChoice, most: int) -> OpenedTable:
        """Look at no column before its type is asked for; see `HeldTable`."""
        asked = {name.strip(" \t") for name in choice.named}
        index = [name for name in self.index if name in asked]
        columns = _Columns(self, source, [*self.names, *index])

        def read(
            wanted: list[Wanted], row_groups: tuple[RowGroups, ...]
        ) -> Iterator[pa.RecordBatch]:
            del row_groups
            return columns.batches([column.place for column in wanted], most)

        return OpenedTable(Batches(columns, None, read), _Parts(columns, tuple(choice.named)))


@dataclass(slots=True)
class _Columns:
    """Columns that are converted when they are first asked for; like a schema of pyarrow.

    Attributes
    ----------
    table : TableOfColumns
    source : str
        What messages call it.
    names : list of str
        With those of the index that were asked for.
    """

    table: TableOfColumns
    source: str
    names: list[str]
    _found: dict[int, Column] = field(default_factory=dict)
    _indexes: dict[int, Any] = field(default_factory=dict)
    _fields: dict[int, pa.Field] = field(default_factory=dict)

    def field(self, place: int) -> pa.Field:
        """Return the name and the type of a column."""
        import pyarrow as pa

        if place not in self._fields:
            self._fields[place] = pa.field(self.names[place], self.column(place).kind)
        return self._fields[place]

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
                values = self._values(place)
                is_column = isinstance(values, Numbers | Typed)
                self._found[place] = values if is_column else column_of(values)
            except UnfitError as fault:
                message = f"{self.source}: column {quoted(name)} {fault.what}"
                raise DataError(message, fault.hint) from None
            if isinstance(self.table.whole, Mapping):
                self._indexes[place] = index_of(values)
        return self._found[place]

    def _values(self, place: int) -> Any:  # noqa: ANN401 -- of any library
        n, name = len(self.table.names), self.names[place]
        try:
            return self.table.at(place) if place < n else self.table.at_index(name)
        except Exception as error:  # noqa: BLE001 -- whatever a library raises that holds it
            raise unfit(error) from None

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
                has = f"column {one} has {counted(len(columns[first]))}"
                message = f"{self.source}: {has}, but column {two} has {len(columns[other]):,}"
                raise DataError(message)
        indexes = {self.names[at]: self._indexes.get(at) for at in places}
        refuse_indexes(indexes, PAIRED, self.source)
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
        names = self.columns.names
        if step not in names:
            return None
        place, is_one = names.index(step), names.count(step) == 1
        is_asked = any(name.startswith((f"{step}.", f"{step}[")) for name in self.asked)
        if is_one and (is_asked or self.columns.is_known(place)):
            return ArrowParts.of(self.columns.field(place).type)
        return ArrowParts()


_READ: WeakSet[Any] = WeakSet()
"""Streams that were read, and have no rows any more."""


@dataclass(frozen=True, slots=True)
class TableOfBatches:
    """Anything that gives a stream of Arrow batches, each time it is asked for one, or once."""

    whole: Any

    @property
    def is_read_once(self) -> bool:
        """Whether it is such a stream itself."""
        return hasattr(type(self.whole), "read_next_batch")

    def opened(self, source: str, choice: ColumnChoice, most: int) -> OpenedTable:
        """Begin the stream, of which no row is read yet; see `HeldTable`."""
        import pyarrow as pa

        is_relation = is_of(self.whole, "duckdb")
        start = self.whole
        if self.is_read_once and start in _READ:
            message = f"{source}: its rows were read before, and are gone"
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
                message = f"{source}: there are no rows"
                raise DataError(message, "a stream gives its rows once: were they read before?")

        return OpenedTable(Batches(schema, None, read), ArrowParts(tuple(schema)))


def _of_size(batches: Iterator[pa.RecordBatch], most: int) -> Iterator[pa.RecordBatch]:
    """Cut great batches, and put small ones together."""
    import pyarrow as pa

    some: list[pa.RecordBatch] = []
    n, few = 0, min(_FEW_ROWS, most)

    def together() -> Iterator[pa.RecordBatch]:
        whole = some[0] if len(some) == 1 else pa.concat_batches(some)
        return (whole.slice(start, most) for start in range(0, len(whole), most))

    for batch in batches:
        if n and max(n, len(batch)) >= few:
            yield from together()
            some, n = [], 0
        if len(batch):
            some.append(batch)
            n += len(batch)
    if some:
        yield from together()


PAIRED = "rows are paired by their place: align them first, or pass .to_numpy()"
"""What to try about columns whose rows pandas calls differently."""


def refuse_indexes(indexes: Mapping[str, Any], hint: str, source: str | None = None) -> None:
    """Raise ArgumentError if pandas calls rows differently that are paired by their place.

    Parameters
    ----------
    indexes : mapping of str to index of pandas or None
        By the names of arguments or of tables, or of columns in `source`. Their lengths are
        compared elsewhere.
    hint : str
    source : str, optional
    """
    named = [(name, index) for name, index in indexes.items() if index is not None]
    for name, index in named[1:]:
        first_name, first = named[0]
        if len(index) != len(first) or index.equals(first):
            continue
        differ = "the same index in another order" if _is_shuffled(index, first) else _DIFFER
        two = f"{safe_text(first_name, 80)} and {safe_text(name, 80)}"
        if source is not None:
            two = f"{source}: columns {quoted(first_name)} and {quoted(name)}"
        message = f"{two} have {differ}"
        raise ArgumentError(message, hint, first_name, name)


_DIFFER = "different indexes"


def _is_shuffled(index: Any, other: Any) -> bool:  # noqa: ANN401 -- of pandas
    """Whether two indexes have the same values; those of different kinds cannot be compared."""
    try:
        return not other.symmetric_difference(index, sort=False).size
    except (TypeError, ValueError):
        return False


def counted(n: int) -> str:
    """Say how many values there are.

    Examples
    --------
    >>> counted(1), counted(1000)
    ('1 value', '1,000 values')
    """
    return f"{n:,} value{'' if n == 1 else 's'}"


def texts_of_names(names: Sequence[object]) -> list[str]:
    """Return names of columns, which may be of any type, as texts that Arrow can hold."""
    return [str(name).encode(errors="backslashreplace").decode() for name in names]
