"""Arrays of NumPy: a file of one (.npy), or an archive of several (.npz); never pickled objects.

They are read some rows at a time, from wherever they are. They are not mapped into memory: a mapped
file that is cut short while it is read would end the process, and no storage elsewhere has any.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import IO, TYPE_CHECKING, Any, Self, cast

import numpy as np
from numpy.lib import format as npy

from bce_cli.errors import BceError, DataError, given, quoted, safe_text
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.arrow_files import Batches, RowGroups, Wanted
from bce_cli.readers.blocks import LONGEST_RECORD
from bce_cli.readers.columnar import LEAST_ROWS, ColumnarFile
from bce_cli.readers.columns import (
    BY_PLACE,
    LABEL_NAMES,
    LABELS_BESIDE,
    PREDICTION_NAMES,
    WATCHED,
    find_columns,
)
from bce_cli.readers.typed_columns import refuse_type
from bce_cli.storage.streams import ReadOnly, read_fully, read_some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from zipfile import ZipInfo

    import pyarrow as pa
    from _typeshed import WriteableBuffer

    from bce_cli.readers.archives import Archive
    from bce_cli.readers.columns import ColumnChoice
    from bce_cli.readers.grammar import InputOptions

_ENDING = ".npy"
_MOST_COLUMNS = 10_000
_BATCH_BYTES = 32 << 20
_ROW_BYTES = 32  # what a row of a batch counts for, where bytes to read at a time are given
_STEP = 1 << 20
_ELEMENT = re.compile(r"[^\[\]]*\[([0-9]{1,9})\]")
_NEVER = "pickled objects, which are never loaded"
_NUMBERS_AND_TEXTS = "biufUSM"
_FOLLOWS = "something follows the array"
_TOO_SHORT = "they end too early, the file was cut off"


class _Forward(ReadOnly):
    """A stream that counts its bytes, of which one may leave out what follows.

    Parameters
    ----------
    stream : binary stream
    place : int
        Where it is gone to at once.
    """

    def __init__(self, stream: IO[bytes], place: int = 0) -> None:
        super().__init__()
        self._stream = stream
        self.place = 0
        while self.place < place:
            taken(self, min(place - self.place, _STEP))

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the start of `buffer`; return how many bytes that are, 0 at the end."""
        count = read_some(self._stream, buffer)
        self.place += count
        return count

    @property
    def bytes_at_once(self) -> int:
        """How much is best read in one go, where each read costs a request; 0 elsewhere."""
        return 0

    def finish(self) -> None:
        """Read to the end, where checksums are compared."""
        while self.read(_STEP):
            pass


class _At(_Forward):
    """A file with random access from some byte on; several of these may share it."""

    def __init__(self, file: Any, place: int = 0) -> None:  # noqa: ANN401 -- Python's and pyarrow's
        super().__init__(file)
        self.place = place

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the start of `buffer`; return how many bytes that are, 0 at the end."""
        self._stream.seek(self.place)
        return super().readinto(buffer)

    @property
    def bytes_at_once(self) -> int:
        """How much is best read in one go, where each read costs a request; 0 elsewhere."""
        return getattr(self._stream, "bytes_at_once", 0)

    def finish(self) -> None:
        """Do nothing: a file has no checksum."""


def taken(stream: io.IOBase, n_bytes: int) -> bytearray:
    """Read so many bytes, all of them."""
    buffer = bytearray(n_bytes)
    if read_fully(cast("IO[bytes]", stream), memoryview(buffer)) < n_bytes:
        raise ValueError(_TOO_SHORT)
    return buffer


def _header(stream: _Forward) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read what precedes the values of an array: their shape and order, and their type."""
    version = npy.read_magic(stream)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if read is None:
        message = f"it is of version {version[0]}.{version[1]}"
        raise ValueError(message)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what Python 2 has written
        return read(stream)


@dataclass(frozen=True, slots=True)
class Array:
    """An array of rows, of which nothing but the header was read.

    Attributes
    ----------
    name : str
        Empty where it has none.
    shape : tuple of int
    is_by_column : bool
        Whether each column of it lies in one piece, as in Fortran.
    dtype : numpy.dtype
    start : int
        Where its first value stands.
    open_at : callable (place) -> stream
        Opens it to be read from some byte on.
    """

    name: str
    shape: tuple[int, ...]
    is_by_column: bool
    dtype: np.dtype[Any]
    start: int
    open_at: Callable[[int], _Forward]

    @classmethod
    def of(cls, name: str, open_at: Callable[[int], _Forward], n_bytes: int) -> Self:
        """Read what precedes the values of an array, in a file of so many bytes.

        Raises
        ------
        ValueError
            It is damaged.
        """
        stream = open_at(0)
        try:
            shape, is_by_column, dtype = _header(stream)
        except (BceError, OSError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 -- whatever damage makes NumPy and Python raise
            message = f"its header cannot be read: {safe_text(str(error), 80)}"
            raise ValueError(message) from None
        if min(shape, default=0) < 0:
            message = "its shape is negative"
            raise ValueError(message)
        found = cls(name, shape, is_by_column, dtype, stream.place, open_at)
        size = found.start + math.prod(shape) * dtype.itemsize
        if not dtype.hasobject and n_bytes != size:
            raise ValueError(_TOO_SHORT if n_bytes < size else _FOLLOWS)
        return found

    @property
    def n_rows(self) -> int:
        """How many rows it has."""
        return self.shape[0] if self.shape else 0

    @property
    def n_columns(self) -> int:
        """How many elements a row has."""
        return self.shape[1] if len(self.shape) > 1 else 1

    @property
    def fault(self) -> str | None:
        """Why it cannot be read at all."""
        kind, n_columns, n_dimensions = self.dtype, self.n_columns, len(self.shape)
        if kind.hasobject and kind.names is None:
            return f"holds {_NEVER}"
        if n_dimensions not in (1, 2) or (n_dimensions == 2 and kind.names is not None):  # noqa: PLR2004
            return f"has {n_dimensions} dimensions, and a table has one or two"
        if n_columns > _MOST_COLUMNS or n_columns * kind.itemsize > LONGEST_RECORD:
            return f"has rows of {n_columns:,} times {kind.itemsize:,} bytes, which are too long"
        return None if n_columns else "has no columns"

    def columns(self) -> list[Column]:
        """Return its columns: itself, fields of records, or elements of rows."""
        if self.fault is not None or (self.n_columns == 1 and self.dtype.names is None):
            return [Column(self, self.name or "#1")]
        if self.dtype.names is not None:
            before = f"{self.name}." if self.name else ""
            return [Column(self, f"{before}{name}", field=name) for name in self.dtype.names]
        places = range(self.n_columns)
        return [Column(self, f"{self.name}[{i}]" if self.name else f"#{i + 1}", i) for i in places]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an array, by its place in each row or by its field in each record."""

    array: Array
    name: str
    place: int = 0
    field: str | None = None

    @property
    def dtype(self) -> np.dtype[Any]:
        """What its values are."""
        return self.array.dtype if self.field is None else self.array.dtype[self.field]

    @property
    def fault(self) -> str | None:
        """Why it cannot be read."""
        if self.array.fault is not None:
            return self.array.fault
        if self.dtype.hasobject:
            return f"holds {_NEVER}"
        is_fine = self.dtype.kind in _NUMBERS_AND_TEXTS and self.kind is not None
        return None if is_fine else f"is of type {safe_text(str(self.dtype), 80)}"

    @property
    def kind(self) -> pa.DataType | None:
        """What its values become; None for what becomes nothing."""
        import pyarrow as pa

        with suppress(pa.ArrowException):
            return _arrow_of(np.empty(0, self.dtype)).type
        return None

    def of(self, rows: np.ndarray[Any, Any]) -> pa.Array:
        """Return its values in some rows of the array."""
        if self.field is not None:
            return _arrow_of(rows[self.field])
        return _arrow_of(rows if rows.ndim == 1 else rows[:, self.place])


def _arrow_of(values: np.ndarray[Any, Any]) -> pa.Array:
    """Turn values of any order of bytes, which may lie apart, into an array of Arrow."""
    import pyarrow as pa

    if values.dtype.kind == "b":  # which is any byte where the data are damaged
        values = np.ascontiguousarray(values).view(np.uint8) != 0
    found = pa.array(np.ascontiguousarray(values, values.dtype.newbyteorder("=")))
    return found.cast(pa.string()) if values.dtype.kind == "S" else found


class _Lane:
    """The rows of an array, or those of one column that lies in one piece, in their order.

    Parameters
    ----------
    array : Array
    first_row : int
        0-based.
    columns : list of Column
        What is wanted of it.
    """

    def __init__(self, array: Array, first_row: int, columns: list[Column]) -> None:
        self._dtype, self._columns = array.dtype, columns
        self._shape: tuple[int, ...] = (array.n_columns,) if array.n_columns > 1 else ()
        before = 0
        if array.is_by_column and array.n_columns > 1:
            (column,) = columns
            before = column.place * array.n_rows * array.dtype.itemsize
            self._columns, self._shape = [replace(column, place=0)], ()
        self.row_bytes = math.prod(self._shape) * array.dtype.itemsize
        self._raw = array.open_at(array.start + before + first_row * self.row_bytes)
        at_once = self._raw.bytes_at_once
        self._stream = io.BufferedReader(self._raw, at_once) if at_once else self._raw

    def read(self, n_rows: int) -> list[pa.Array]:
        """Return the columns of the rows that follow."""
        data = taken(self._stream, n_rows * self.row_bytes)
        rows = np.frombuffer(data, self._dtype) if data else np.empty(0, self._dtype)
        return [column.of(rows.reshape(n_rows, *self._shape)) for column in self._columns]

    def finish(self) -> None:
        """Take the end of the data for what it is; see `_Forward`."""
        self._raw.finish()


def _lanes(columns: Sequence[Column], first_row: int) -> list[tuple[_Lane, list[int]]]:
    """Part columns by what can be read in one go; each lane with the places of its columns."""
    lanes: dict[tuple[int, int], list[int]] = {}
    for place, column in enumerate(columns):
        own = column.place if column.array.is_by_column else 0
        lanes.setdefault((id(column.array), own), []).append(place)
    return [
        (_Lane(columns[at[0]].array, first_row, [columns[place] for place in at]), at)
        for at in lanes.values()
    ]


class ArrayFile(ColumnarFile):
    """Opened arrays, whose headers are read at once; see `ColumnarFile`.

    Parameters
    ----------
    arrays : callable () -> list of Array
        Reads the headers, and raises ValueError where they are damaged.
    name : str
        What messages call the source.
    size : int or None
        Its bytes, where they are known.
    options : InputOptions
    has_ranges : bool
        Whether reading may begin at any row at no cost.

    Raises
    ------
    DataError
        The source is damaged, or lacks a column; or a column holds what cannot be read, or has not
        as many rows as another one.
    InputError
        Reading fails.
    """

    def __init__(
        self,
        arrays: Callable[[], list[Array]],
        *,
        name: str,
        size: int | None,
        options: InputOptions,
        has_ranges: bool,
    ) -> None:
        self._name, self.kind, self._size = name, "numpy", size
        self._grammar = options.grammar
        self._most = max(1, options.block_bytes // _ROW_BYTES)
        with self._named_damage():
            found = arrays()
        self._columns = [column for array in found for column in array.columns()]
        names = [column.name for column in self._columns]
        choice, self.note = _choice_in(found, names, options.columns, name)
        self.columns = find_columns(names, choice, name)
        self._places = sorted({place for _, place in self.columns.wanted})
        self._wanted_at = [*map(Wanted, self._places)]
        self._check_types()
        self.n_rows = self._counted_rows()
        self.row_groups = _row_groups(self.n_rows) if has_ranges else ()
        if options.keeps_all:
            self._kept = self._all_columns()
        places = self._places if self._kept is None else self._kept
        fields = [(self._columns[place].name, self._columns[place].kind) for place in places]
        self.schema = self._schema(fields)
        self._table = Batches(self.schema, self.n_rows, self._read, self.row_groups)

    def _all_columns(self) -> list[int]:
        """Return the places of all columns that can be read and have as many rows."""
        columns = [*enumerate(self._columns)]
        fine = [at for at, c in columns if c.fault is None and c.array.n_rows == self.n_rows]
        left = [quoted(column.name) for at, column in columns if at not in fine]
        if left:
            word = f"{self._name}: left out {', '.join(left)}, no column of {self.n_rows:,} rows"
            self.note = "; ".join(note for note in (self.note, word) if note)
        return fine

    def _schema(self, fields: list[tuple[str, Any]]) -> pa.Schema:
        import pyarrow as pa

        return pa.schema(fields)

    def _check_types(self) -> None:
        """Raise DataError unless all that is wanted can be read as what it is wanted for."""
        import pyarrow as pa

        numbers = {place for _, _, place in self.columns.numbers}
        for key, place in self.columns.wanted:
            column, role = self._columns[place], key.partition(" ")[0]
            if column.fault is not None:
                message = f"{self._name}: {role} (column {quoted(column.name)}) {column.fault}"
                raise DataError(message)
            if key != WATCHED:
                field = pa.field(column.name, column.kind)
                refuse_type(role, field, self._name, is_number=place in numbers)

    def _counted_rows(self) -> int:
        columns = [self._columns[place] for place in self._places] or self._columns[:1]
        first = columns[0]
        for column in columns[1:]:
            if column.array.n_rows != first.array.n_rows:
                pair = first, column
                counts = [f"{c.array.n_rows:,} values of {quoted(c.name)}" for c in pair]
                message = f"{self._name}: there are {counts[0]}, but {counts[1]}"
                raise DataError(message)
        return first.array.n_rows

    def _read(
        self, wanted: list[Wanted], row_groups: tuple[RowGroups, ...]
    ) -> Iterator[pa.RecordBatch]:
        """Read rows, all of them or those of some spans, some at a time; see `Batches`."""
        import pyarrow as pa

        columns = [self._columns[column.place] for column in wanted]
        n_rows = self.n_rows or 0
        spans = [(span.first_row - 1, span.n_rows) for span in row_groups] or [(0, n_rows)]
        for start, count in spans:
            lanes = _lanes(columns, start)
            widest = max(sum(lane.row_bytes for lane, _ in lanes), 1)
            most, done = max(1, min(self._most, _BATCH_BYTES // widest)), 0
            while done < count:
                n = min(most, count - done)
                arrays: list[pa.Array] = [*[None] * len(columns), pa.nulls(n)]
                for lane, at in lanes:
                    for place, values in zip(at, lane.read(n), strict=True):
                        arrays[place] = values
                # Rows of no columns are rows all the same, which the last one counts.
                names = [*(column.name for column in columns), ""]
                batch = pa.RecordBatch.from_arrays(arrays, names=names)
                yield batch.select(range(len(columns)))
                done += n
            for lane, _ in lanes:
                lane.finish()


def _row_groups(n_rows: int) -> tuple[RowGroups, ...]:
    """Cut rows, so that workers share them."""
    starts = range(0, n_rows, LEAST_ROWS)
    return tuple(
        RowGroups(i, i, start + 1, min(LEAST_ROWS, n_rows - start))
        for i, start in enumerate(starts)
    )


def _choice_in(
    arrays: Sequence[Array], names: Sequence[str], choice: ColumnChoice, source: str
) -> tuple[ColumnChoice, str | None]:
    """Take what NumPy's users say for what is meant: proba[1], and predict_proba's second column.

    Returns
    -------
    choice : ColumnChoice
    note : str or None
        What was taken without having been named.

    Raises
    ------
    DataError
        There are no names, and labels and predictions to be found.
    """
    if len(arrays) == 1 and not arrays[0].name and arrays[0].dtype.names is None:

        def place_of(name: str | None) -> str | None:
            found = _ELEMENT.fullmatch(name or "")
            return name if found is None or name in names else f"#{int(found[1]) + 1}"

        choice = replace(
            choice,
            label=place_of(choice.label),
            prediction=place_of(choice.prediction),
            weight=place_of(choice.weight),
            rivals=tuple(place_of(name) or "" for name in choice.rivals),
        )
        if (
            choice.reads_label
            and choice.reads_prediction
            and None in (choice.label, choice.prediction)
        ):
            message = f"{source}: an array has no names that say what is the label"
            also = "" if len(names) == 1 else f"; or {given(**BY_PLACE)} name columns"
            raise DataError(message, f"{LABELS_BESIDE}{also}")
    choice = choice.with_preferred(names)
    if not choice.reads_prediction or choice.prediction is not None:
        return choice, None
    if any(name.lower() in PREDICTION_NAMES for name in names):
        return choice, None
    pairs = [array for array in arrays if array.fault is None and array.shape[1:] == (2,)]
    is_elsewhere = not choice.reads_label or choice.label is not None
    has_label = is_elsewhere or any(name.lower() in LABEL_NAMES for name in names)
    if not has_label or len(pairs) != 1:
        return choice, None
    second = pairs[0].columns()[1].name
    note = f"{source}: prediction is {quoted(second)}, the second of two, as of predict_proba"
    return replace(choice, prediction=second), note


def array_of(file: Any, n_bytes: int) -> list[Array]:  # noqa: ANN401 -- Python's and pyarrow's files
    """Return the array of a file with random access, of which nothing else may be in it."""
    return [Array.of("", partial(_At, file), n_bytes)]


def arrays_of(archive: Archive) -> list[Array]:
    """Return the arrays of an archive."""

    def open_at(info: ZipInfo, place: int) -> _Forward:
        return _Forward(archive.unpacked(info), place)

    found = [
        Array.of(info.filename.removesuffix(_ENDING), partial(open_at, info), info.file_size)
        for info in archive.files
    ]
    are_records = len(found) == 1 and found[0].dtype.names is not None
    return [replace(found[0], name="")] if are_records else found  # whose fields have names
