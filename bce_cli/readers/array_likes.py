"""What holds one value for each row -- arrays, lists, Series, tensors -- as a column of Arrow.

Numbers of NumPy are never copied as a whole: each block views its part of them. What is not native,
or lies apart, is copied a block at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from bce_cli.core.validate import (
    TO_THIS_PROCESS,
    detached,
    elsewhere,
    shape_fault,
    widened,
)
from bce_cli.errors import quoted, safe_text
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.texts import has_texts, strings, values_of
from bce_cli.readers.typed_columns import label_texts

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from bce_cli.core.rows import BoolArray

_NUMBERS = "biuf"
_MAKES = ("toPandas", "collect", "compute", "to_pandas", "to_arrow", "to_table")
"""What turns data elsewhere, or not worked out yet, into data in memory."""

_NEEDED = "a value for each row is needed, such as a list"

_PAIR = 2
_CHUNK_ROWS = 1 << 16  # of texts
_LONGEST_SHOWN = 120


class UnfitError(Exception):
    """Something is no column.

    Parameters
    ----------
    what : str
        Why, to follow its name.
    hint : str, optional
        What to try.
    """

    def __init__(self, what: str, hint: str | None = None) -> None:
        super().__init__(what, hint)
        self.what = what
        self.hint = hint


class ShapeError(UnfitError):
    """Something has not one value for each row.

    Parameters
    ----------
    shape : tuple of int
    names : sequence of str
        Of the columns of a table.
    """

    def __init__(self, shape: tuple[int, ...], names: Sequence[str] = ()) -> None:
        super().__init__(f"has {shape_fault(shape)}")
        self.shape = shape
        self.names = names

    def of(self, argument: str) -> UnfitError:
        """Return what to say of an argument of a function.

        Examples
        --------
        >>> ShapeError((9, 2), ["no", "yes"]).of("prediction").what
        "has shape (9, 2): pass ['yes'], the probability of label 1"
        >>> ShapeError((9, 2)).of("weight").what
        'has shape (9, 2), where (n,) is needed'
        """
        names = [quoted(name) for name in self.names]
        is_pair = len(names) == _PAIR
        if argument.startswith("prediction") and is_pair:
            what = f"has shape {self.shape}: pass [{names[1]}], the probability of label 1"
            return UnfitError(what)
        needed = f"has {shape_fault(self.shape, 'rows' if names else argument)}"
        if argument == "by":
            return UnfitError(needed, "several columns are a mapping: {'a': by[:, 0], ...}")
        return UnfitError(
            needed, f"pass one of its columns, such as [{names[0]}]" if names else None
        )


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers or booleans of NumPy.

    Attributes
    ----------
    values : ndarray, shape (n,)
        In any order of bytes and with any strides.
    missing : ndarray of bool, shape (n,), optional
        Where there is no value.
    has_nan : bool
        Whether NaN stands for no value, as in pandas.
    """

    values: npt.NDArray[Any]
    missing: BoolArray | None = None
    has_nan: bool = False

    def __len__(self) -> int:
        return len(self.values)

    @property
    def kind(self) -> pa.DataType:
        """What its values are for Arrow."""
        import pyarrow as pa

        return pa.from_numpy_dtype(_held_type(self.values.dtype))

    def at(self, start: int, n: int) -> pa.Array:
        """Return some of them, without a copy where that can be."""
        import pyarrow as pa

        part = self.values[start : start + n]
        values = np.ascontiguousarray(part, _held_type(part.dtype))
        missing = None if self.missing is None else self.missing[start : start + n]
        if self.has_nan and values.dtype.kind == "f":
            missing = np.isnan(values)
        bits = None
        if missing is not None and missing.any():
            bits = pa.py_buffer(np.packbits(~missing, bitorder="little"))
        data = np.packbits(values, bitorder="little") if values.dtype.kind == "b" else values
        return pa.Array.from_buffers(self.kind, n, [bits, pa.py_buffer(data)])


def _held_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type that Arrow has for it, of native bytes."""
    is_long = dtype.kind == "f" and dtype.itemsize > np.dtype(np.float64).itemsize
    return np.dtype(np.float64) if is_long else dtype.newbyteorder("=")


@dataclass(frozen=True, slots=True)
class Typed:
    """Values that Arrow holds.

    Attributes
    ----------
    values : pyarrow.Array or ChunkedArray
    """

    values: Any

    def __len__(self) -> int:
        return len(self.values)

    @property
    def kind(self) -> pa.DataType:
        """What its values are for Arrow."""
        return self.values.type

    def at(self, start: int, n: int) -> pa.Array:
        """Return some of them, without a copy where they lie in one piece."""
        part = self.values.slice(start, n)
        if not hasattr(part, "chunks"):
            return part
        return part.chunk(0) if part.num_chunks == 1 else part.combine_chunks()


Column: TypeAlias = Numbers | Typed


def column_of(values: Any) -> Column:  # noqa: ANN401 -- whatever people have
    """Take what holds one value for each row.

    Parameters
    ----------
    values : list, tuple, ndarray, masked array, Series of any library, tensor
        Of shape (n,) or (n, 1); or anything with ``__arrow_c_array__``, ``__arrow_c_stream__``,
        ``__array__`` or ``__dlpack__`` in the memory of this process.

    Raises
    ------
    UnfitError
        It is no such thing; or its values are of several types.

    Examples
    --------
    >>> column_of([0.5, 0.25]).at(1, 1).to_pylist()
    [0.25]
    """
    _refuse_others(values)
    if isinstance(values, np.ma.MaskedArray):
        return _of_array(values.data, np.ma.getmaskarray(values))
    if isinstance(values, np.ndarray):
        return _of_array(values)
    try:
        if is_of(values, "pandas"):
            return _of_pandas(values)
        if hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__"):
            return _of_arrow(values)
        if isinstance(values, Sequence) and not hasattr(values, "__array__"):
            return _of_sequence(values)
        return _of_array(_array_of(values))
    except UnfitError:
        raise
    except Exception as error:  # noqa: BLE001 -- whatever a library raises that holds them
        raise unfit(error) from None


def label_text(value: object) -> str:
    """Return the text of a value of Python, as that of a label of its type in a table.

    Raises
    ------
    UnfitError
        It has none.

    Examples
    --------
    >>> label_text("spam"), label_text(True), label_text(2.0), label_text(np.int8(1))
    ('spam', 'true', '2', '1')
    """
    if isinstance(value, str):
        return value
    column = column_of([value]).at(0, 1)
    is_one = np.ndim(value) == 0 and has_texts(column.type)  # type: ignore[arg-type]
    text = values_of(label_texts(column, None))[0] if is_one else None
    if text is None:
        called = safe_text(type(value).__name__, _LONGEST_SHOWN)
        what = f"is of type {called}, which no label is"
        raise UnfitError(what)
    return str(text)


def unfit(error: Exception) -> UnfitError:
    """Say that a library cannot give what it holds, and why."""
    reason = str(error).strip().partition("\n")[0].partition(". ")[0]
    return UnfitError(f"cannot be read: {safe_text(reason or type(error).__name__, 200)}")


def how_to_make(values: Any) -> str | None:  # noqa: ANN401 -- as above
    """Say what gives the data that something stands for; None if it stands for none."""
    is_here = hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__")
    method = next((name for name in _MAKES if hasattr(type(values), name)), None)
    return None if method is None or is_here else f".{method}() gives the data that it stands for"


def index_of(values: Any) -> Any:  # noqa: ANN401 -- as above
    """Return what pandas calls the rows of a Series; None where they have no names."""
    index = getattr(values, "index", None) if is_of(values, "pandas") else None
    return index if hasattr(index, "equals") else None


def is_of(values: Any, library: str) -> bool:  # noqa: ANN401 -- as above
    """Whether a library has made the type of an object, or one that it is derived from."""
    return any(base.__module__.partition(".")[0] == library for base in type(values).__mro__)


def _refuse_others(values: Any) -> None:  # noqa: ANN401 -- as above
    """Raise UnfitError for what holds no values in an order, or not one for each row."""
    called = safe_text(type(values).__name__, _LONGEST_SHOWN)
    if isinstance(values, str | bytes | bytearray):
        what = f"is a single text ({called})"
        raise UnfitError(what, _NEEDED)
    if values is None:
        what = "is None"
        raise UnfitError(what, _NEEDED)
    if isinstance(values, AbstractSet) and not hasattr(values, "__array__"):
        what = f"is a {called}, which has no order"
        raise UnfitError(what, _NEEDED)
    if isinstance(values, Mapping):
        what = f"is a {called}, not a value for each row"
        raise UnfitError(what, "list(d.values()) has its values")
    if isinstance(values, Iterator) and not hasattr(values, "__arrow_c_stream__"):
        what = f"is a {called}, which gives its values once"
        raise UnfitError(what, "list(...) holds them")


def _of_array(array: npt.NDArray[Any], missing: BoolArray | None = None) -> Column:
    array = widened(np.asarray(array))
    if array.dtype.names is not None:
        what = "is an array of records"
        raise UnfitError(what, "name one of its fields")
    if array.ndim == 0:
        what = "is a single value"
        raise UnfitError(what, _NEEDED)
    if array.shape[1:] == (1,):
        array, missing = array[:, 0], None if missing is None else missing[:, 0]
    if array.ndim != 1:
        raise ShapeError(array.shape)
    if array.dtype.kind in _NUMBERS:
        return Numbers(array, missing)
    return _of_other_types(array, missing)


def _of_other_types(array: npt.NDArray[Any], missing: BoolArray | None) -> Column:
    """Take times, texts and objects; shape (n,)."""
    kind = array.dtype.kind
    if kind in "Mm":
        import pyarrow as pa

        native = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
        return Typed(pa.array(native, mask=missing))
    if kind in "OUST":
        values = array.tolist()
        if kind == "S":
            values = [value.decode(errors="surrogateescape") for value in values]
        if missing is not None:
            values = [None if no else value for value, no in zip(values, missing, strict=True)]
        return _of_objects(values)
    what = f"is of type {safe_text(str(array.dtype), _LONGEST_SHOWN)}"
    raise UnfitError(what)


def _of_sequence(values: Sequence[Any]) -> Column:
    """Take a list or the like, whose values may be of any kind."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        what = "is ragged: its rows differ in length"
        raise UnfitError(what) from None
    # NumPy would write numbers as text where a text is among them, and NaN as well.
    is_plain = array.ndim != 1 or array.dtype.kind in _NUMBERS
    return _of_array(array) if is_plain else _of_objects(list(values))


def _of_objects(values: list[Any]) -> Column:
    """Take Python's values, all of one kind."""
    import pyarrow as pa

    if values and all(value is None for value in values):
        return Typed(pa.nulls(len(values)))
    if all(value is None or isinstance(value, str) for value in values):
        try:
            return Typed(_of_texts(values))
        except UnicodeEncodeError:
            what = "holds text that is not UTF-8"
            raise UnfitError(what) from None
    try:
        return Typed(pa.array(values, from_pandas=True))
    except Exception as error:  # noqa: BLE001 -- pyarrow's, and what values raise themselves
        raise _mixed(values) or unfit(error) from None


def _of_texts(values: list[Any]) -> pa.ChunkedArray:
    """Build a column of texts; pa.array would import pandas."""
    import pyarrow as pa

    starts = range(0, len(values), _CHUNK_ROWS)
    chunks = [strings(values[start : start + _CHUNK_ROWS]) for start in starts]
    return pa.chunked_array(chunks, pa.string())


def _mixed(values: Sequence[Any]) -> UnfitError | None:
    """Say which value is of another type than those before it, or of which type all are."""
    first: type | None = None
    for row, value in enumerate(values, start=1):
        if value is None or value != value:  # noqa: PLR0124 -- NaN
            continue
        first = first or type(value)
        if type(value) is not first:
            names = [safe_text(kind.__name__, _LONGEST_SHOWN) for kind in (first, type(value))]
            what = f"has values of several types: {names[0]} and, in row {row:,}, {names[1]}"
            return UnfitError(what)
    if first is None:
        return None
    name = safe_text(first.__name__, _LONGEST_SHOWN)
    return UnfitError(f"has values of type {name}, which cannot be read")


def _of_pandas(values: Any) -> Column:  # noqa: ANN401 -- a Series, an index or an array of pandas
    import pyarrow as pa

    if getattr(values, "ndim", 1) != 1:
        _refuse_columns(values.shape, getattr(values, "columns", ()))
        return _of_pandas(values.iloc[:, 0])
    dtype = values.dtype
    if _has_no_arrow_type(dtype):
        return _of_categories(values)
    if isinstance(dtype, np.dtype) and dtype.kind in _NUMBERS:
        return Numbers(values.to_numpy(), has_nan=True)
    if hasattr(dtype, "subtype") and hasattr(dtype, "fill_value"):  # sparse
        return Numbers(np.asarray(values), has_nan=True)
    if isinstance(dtype, np.dtype) and dtype.kind == "c":
        return _of_array(values.to_numpy())  # which says that it cannot
    try:
        return Typed(pa.array(values, from_pandas=True))
    except Exception as error:  # noqa: BLE001 -- as above
        raise _mixed(values.tolist()) or unfit(error) from None


def _of_arrow(values: Any) -> Column:  # noqa: ANN401 -- of any library
    import pyarrow as pa

    if isinstance(values, pa.Array | pa.ChunkedArray):
        found = values
    elif not hasattr(values, "__arrow_c_stream__"):
        found = pa.array(values)
    elif hasattr(type(values), "columns") or hasattr(type(values), "schema"):  # a table
        whole = pa.table(values)
        _refuse_columns(whole.shape, whole.column_names)
        found = whole.column(0)
    else:
        found = pa.chunked_array(values)
    found.validate(full=True)  # whoever has made it
    return Typed(found)


def _refuse_columns(shape: tuple[int, ...], names: Sequence[Any]) -> None:
    """Raise ShapeError for a table that has not one column."""
    if shape[1:] != (1,):
        raise ShapeError(tuple(shape), [str(name) for name in names])


def _has_no_arrow_type(dtype: Any) -> bool:  # noqa: ANN401 -- of pandas
    """Whether values are intervals or periods, or categories of such, which only pandas knows."""
    categories = getattr(dtype, "categories", None)
    kind = dtype if categories is None else categories.dtype
    return type(kind).__name__ in {"IntervalDtype", "PeriodDtype"}


def _of_categories(values: Any) -> Column:  # noqa: ANN401 -- of pandas
    """Take values by their texts."""
    import pandas as pd
    import pyarrow as pa

    found = pd.Categorical(values)
    codes = np.asarray(found.codes, np.int32)
    texts = strings([str(value) for value in found.categories])
    places = Numbers(codes, codes < 0).at(0, len(codes))
    return Typed(pa.DictionaryArray.from_arrays(places, texts))


def _array_of(values: Any) -> npt.NDArray[Any]:  # noqa: ANN401 -- of any library
    """Return the array of a tensor, or of anything else that NumPy can view."""
    place = elsewhere(values)
    if place is not None:
        what = f"is {place}"
        raise UnfitError(what, TO_THIS_PROCESS)
    values = detached(values)
    if hasattr(values, "__array__"):
        return np.asarray(values)
    if hasattr(values, "__dlpack__"):
        return np.from_dlpack(values)
    try:
        return np.asarray(memoryview(values))
    except TypeError:
        called = safe_text(type(values).__name__, _LONGEST_SHOWN)
        is_one = isinstance(values, int | float | complex)
        what = "is a single value" if is_one else f"is of type {called}, not a value for each row"
        raise UnfitError(what, how_to_make(values) or _NEEDED) from None
