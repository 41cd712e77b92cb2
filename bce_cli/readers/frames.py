"""Tables in memory as sources: frames of any library, mappings of arrays, and arrays alone.

Their columns become batches of Arrow, as those of an Arrow file do, and are read like these.
Nothing but the columns that are wanted is looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, count
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.errors import ArgumentError, BceError, DataError, quoted, safe_text, shortage
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.array_likes import (
    Numbers,
    ShapeError,
    UnfitError,
    column_of,
    how_to_make,
    index_of,
    is_of,
    unfit,
)
from bce_cli.readers.columnar import ColumnarFile
from bce_cli.readers.grammar import LABELS_FIRST
from bce_cli.readers.in_memory import (
    PAIRED,
    TableOfBatches,
    TableOfColumns,
    counted,
    refuse_indexes,
    texts_of_names,
)
from bce_cli.readers.typed_columns import is_text

if TYPE_CHECKING:
    import pyarrow as pa

    from bce_cli.readers.array_likes import Column
    from bce_cli.readers.grammar import InputOptions, Layout
    from bce_cli.readers.in_memory import HeldTable
    from bce_cli.storage.sources import Held

_FEW_ROWS = 1000  # to see whether labels look like probabilities
_ROW_BYTES = 32  # what a row of a batch counts for, where bytes to read at a time are given
_TABLES = ("columns", "column_names", "schema", "schema_arrow")
"""What tables have and Series lack."""

_BY_KEY = "pair them by a key, on='id', or by their place: .reset_index(drop=True)"
_NEEDED = "a table is needed: a frame, a mapping of names to arrays, or a path"


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A table in memory, as a source.

    Attributes
    ----------
    name : str
        What messages call it.
    held : HeldTable
    is_of_arguments : bool
        Whether its columns are arguments of a function, each with a name that messages use.
    index : index of pandas, optional
        What its rows are called.
    """

    name: str
    held: HeldTable
    is_of_arguments: bool = False
    index: Any = None

    @property
    def identity(self) -> int:
        """What it has in common only with what holds the same rows."""
        return id(self.held.whole)

    @property
    def is_read_once(self) -> bool:
        """Whether its rows are gone once they were read."""
        return self.held.is_read_once

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
        return Frame(
            called, TableOfColumns(obj, texts_of_names(places), lambda place: obj[places[place]])
        )
    if isinstance(obj, np.ndarray):
        fields = obj.dtype.names or ()
        return Frame(called, TableOfColumns(obj, fields, lambda place: obj[fields[place]]))
    if is_of(obj, "pandas"):
        return Frame(called, _of_pandas(obj), index=obj.index)
    if is_of(obj, "polars"):
        return Frame(called, TableOfColumns(obj, obj.columns, obj.to_series))
    if is_of(obj, "pyarrow") and hasattr(obj, "column"):
        names = obj.schema.names
        return Frame(called, TableOfColumns(obj, names, obj.column))
    return Frame(called, TableOfBatches(obj))


def columns_of(obj: Any) -> dict[str, Any]:  # noqa: ANN401 -- of any library
    """Return the columns of a table in memory by their names.

    Raises
    ------
    ArgumentError
        Two have one name.

    Examples
    --------
    >>> import pyarrow as pa
    >>> columns_of(pa.table({"a": [1, 2]}))["a"].to_pylist()
    [1, 2]
    """
    held = frame_of(obj).held
    if not isinstance(held, TableOfColumns):
        import pyarrow as pa

        return columns_of(pa.table(obj))
    found = {name: held.at(place) for place, name in enumerate(held.names)}
    if len(found) < len(held.names):
        twice = next(name for name in held.names if [*held.names].count(name) > 1)
        message = f"two columns are called {quoted(twice)}"
        raise ArgumentError(message, "a mapping names them: {'a': values, 'b': values}")
    return found


def frame_of_columns(
    columns: Mapping[str, object],
    name: str = "arrays",
    indexes: Mapping[str, object] | None = None,
    arguments: Mapping[str, str] | None = None,
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
    arguments : mapping of str to str, optional
        Which argument each is, where they are not called so.

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
        except UnfitError as error:
            argument = called if arguments is None else arguments[called]
            fault = error.of(argument) if isinstance(error, ShapeError) else error
            message = f"{safe_text(called, 80)} {fault.what}"
            raise ArgumentError(message, fault.hint, called) from None
    _refuse_lengths(found)
    if arguments is not None:
        _refuse_swapped(found, arguments)
    known = {called: index_of(values) for called, values in columns.items()} | dict(indexes or {})
    refuse_indexes(known, PAIRED)
    converted = list(found.values())
    held = TableOfColumns(columns, list(found), converted.__getitem__)
    index = next((index for index in known.values() if index is not None), None)
    return Frame(safe_text(name, 80), held, is_of_arguments=True, index=index)


def _refuse_swapped(columns: Mapping[str, Column], arguments: Mapping[str, str]) -> None:
    """Raise ArgumentError where labels are probabilities, and predictions no numbers at all."""
    labels = next(column for name, column in columns.items() if arguments[name] == "label")
    if not isinstance(labels, Numbers) or labels.values.dtype.kind != "f":
        return
    some = labels.values[:_FEW_ROWS]
    if not ((some > 0.0) & (some < 1.0)).any():
        return
    for name, column in columns.items():
        if arguments[name].startswith("prediction") and not _has_numbers(column):
            message = f"{safe_text(name, 80)} must be numbers, not of type {column.kind}"
            raise ArgumentError(message, LABELS_FIRST, "prediction")


def _has_numbers(column: Column) -> bool:
    is_bool = isinstance(column, Numbers) and column.values.dtype.kind == "b"
    return not is_bool and not is_text(_value_type(column.kind))


def _refuse_lengths(columns: Mapping[str, Column]) -> None:
    first, *others = columns or [""]
    for other in others:
        if len(columns[other]) != len(columns[first]):
            has = f"{safe_text(first, 80)} has {counted(len(columns[first]))}"
            message = f"{has}, but {safe_text(other, 80)} has {len(columns[other]):,}"
            raise ArgumentError(message, None, first, other)


def _of_pandas(frame: Any) -> TableOfColumns:  # noqa: ANN401 -- of pandas
    """Take a frame of pandas, whose index has columns where it has names."""
    names, levels = texts_of_names([*frame.columns]), [*frame.index.names]
    index = {
        name: place
        for place, name in enumerate(texts_of_names(levels))
        if levels[place] is not None and name not in names
    }

    def at(place: int) -> Any:  # noqa: ANN401 -- of pandas
        return frame.iloc[:, place]

    def at_index(name: str) -> Any:  # noqa: ANN401 -- of pandas
        return frame.index.get_level_values(index[name])

    return TableOfColumns(frame, names, at, tuple(index), at_index)


def told_apart(
    models: Sequence[Sequence[str | Held]],
    labels: str | Held | None,
    layout: Layout,
    *,
    by_order: bool,
) -> tuple[Sequence[Sequence[str | Held]], str | Held | None]:
    """Check sources of which some are in memory, and number those that are called the same.

    Parameters
    ----------
    models : sequence of sequence of str or Held
        The sources of each model.
    labels : str or Held or None
        Where the labels stand that are not beside the predictions.
    layout : Layout
    by_order : bool
        Whether rows of models and labels are paired by their order.

    Raises
    ------
    ArgumentError
        What says how text is laid out has no meaning; a table that can be read once is given twice;
        or pandas calls rows differently that would be paired.
    """
    everything = [*chain(*models), *([] if labels is None else [labels])]
    frames = [source for source in everything if not isinstance(source, str)]
    if len(frames) == len(everything):
        _refuse_layout(layout)
    _refuse_second_reading(frames)
    counts = Counter(frame.name for frame in frames)
    numbers = {name: count(1) for name, n in counts.items() if n > 1}

    def called(source: str | Held) -> str | Held:
        if isinstance(source, str) or source.name not in numbers:
            return source
        return source.called(f"{source.name} {next(numbers[source.name])}")

    models = [[called(source) for source in sources] for sources in models]
    labels = None if labels is None else called(labels)
    if by_order:
        alone = [sources[0] for sources in models if len(sources) == 1]
        paired = alone if labels is None else [*alone, labels]
        indexes = {held.name: held.index for held in paired if not isinstance(held, str)}
        refuse_indexes(indexes, _BY_KEY)
    return models, labels


def _refuse_second_reading(frames: Sequence[Held]) -> None:
    once = Counter(frame.identity for frame in frames if frame.is_read_once)
    for frame in frames:
        if once[frame.identity] > 1:
            message = f"{frame.name} is given twice, and its rows can be read only once"
            raise ArgumentError(message, "a table holds them: .read_all()")


def _refuse_layout(layout: Layout) -> None:
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
        self._grammar = replace(options.grammar, has_arguments=frame.is_of_arguments)
        most = max(1, options.block_bytes // _ROW_BYTES)
        with self._named_damage():
            opened = frame.held.opened(frame.name, options.columns, most)
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
