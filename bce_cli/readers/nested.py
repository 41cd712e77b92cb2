"""Parts of columns of pyarrow: fields of records, elements of lists, and values of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.texts import bools

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pyarrow as pa

    from bce_cli.readers.arrow_files import Wanted
    from bce_cli.readers.parts import Step

    BoolArray = npt.NDArray[np.bool_]
    IntArray = npt.NDArray[np.int64]

_USUAL_ELEMENTS = 2
_VECTOR = ("type", "size", "indices", "values")
"""Fields of a vector of Spark ML: a sparse one, of type 0, has a size, and the places of values."""


@dataclass(frozen=True, slots=True)
class ArrowParts:
    """What a record has as its parts, by the types of its columns; see `parts.Parts`.

    Attributes
    ----------
    fields : tuple of pyarrow.Field
        Parts with names.
    kind : pyarrow.DataType, optional
        None for the whole record.
    """

    fields: tuple[pa.Field, ...] = ()
    kind: pa.DataType | None = None

    @classmethod
    def of(cls, kind: pa.DataType) -> Self:
        """Return the parts of columns of a type."""
        import pyarrow as pa

        if pa.types.is_run_end_encoded(kind):
            kind = kind.value_type
        is_record = pa.types.is_struct(kind) and not is_vector(kind)
        return cls(tuple(kind.field(i) for i in range(kind.num_fields)) if is_record else (), kind)

    def names(self) -> Sequence[str]:
        """Return the names of its parts; none if it has no such."""
        return [field.name for field in self.fields]

    def n_elements(self) -> int:
        """Return how many parts it has that are counted from 0; where that differs, two."""
        import pyarrow as pa

        if self.kind is None or not (_is_list(self.kind) or is_vector(self.kind)):
            return 0
        is_fixed = pa.types.is_fixed_size_list(self.kind)
        return int(self.kind.list_size) if is_fixed else _USUAL_ELEMENTS

    def part(self, step: Step) -> Self | None:
        """Return one of them; None if there is no such."""
        import pyarrow as pa

        if isinstance(step, int):
            n_elements = self.n_elements()
            if self.kind is None or not n_elements:
                return None
            if step >= n_elements and pa.types.is_fixed_size_list(self.kind):
                return None
            values = self.kind.field(_VECTOR[3]).type if is_vector(self.kind) else self.kind
            return self.of(values.value_type)
        found = [field.type for field in self.fields if field.name == step]
        return self.of(found[0]) if len(found) == 1 else None


def part_type(schema: pa.Schema, wanted: Wanted) -> pa.DataType:
    """Return the type of a column, or of a part that it has."""
    found = ArrowParts.of(schema.field(wanted.place).type)
    for step in wanted.path:
        found = found.part(step) or found
    return found.kind


def n_leaves(kind: pa.DataType) -> int:
    """Count the columns that a Parquet file has for one of this type.

    Examples
    --------
    >>> import pyarrow as pa
    >>> n_leaves(pa.struct([("p", pa.float64()), ("t", pa.map_(pa.string(), pa.int8()))]))
    3
    """
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        return n_leaves(kind.storage_type)
    if pa.types.is_map(kind):
        return n_leaves(kind.key_type) + n_leaves(kind.item_type)
    if pa.types.is_struct(kind):
        return sum(n_leaves(kind.field(i).type) for i in range(kind.num_fields))
    return n_leaves(kind.value_type) if _is_list(kind) else 1


def leaves_of(kind: pa.DataType, path: Sequence[Step]) -> tuple[int, int]:
    """Return which of these columns a part needs: the first, and the one behind the last."""
    start = 0
    for step in path:
        if is_vector(kind):
            break
        if isinstance(step, str):
            place = kind.get_field_index(step)
            start += sum(n_leaves(kind.field(i).type) for i in range(place))
            kind = kind.field(place).type
        else:
            kind = kind.value_type
    return start, start + n_leaves(kind)


def is_vector(kind: pa.DataType) -> bool:
    """Whether a column holds vectors of Spark ML."""
    import pyarrow as pa

    types = pa.types
    if not types.is_struct(kind) or kind.num_fields != len(_VECTOR):
        return False
    fields = [kind.field(i) for i in range(kind.num_fields)]
    if tuple(field.name for field in fields) != _VECTOR:
        return False
    if not all(_is_list(field.type) for field in fields[2:]):
        return False
    whole = (fields[0].type, fields[1].type, fields[2].type.value_type)
    return all(map(types.is_integer, whole)) and types.is_floating(fields[3].type.value_type)


def _is_list(kind: pa.DataType) -> bool:
    import pyarrow as pa

    types = pa.types
    plain = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return any(is_of(kind) for is_of in (*plain, types.is_list_view, types.is_large_list_view))


def part_of(column: pa.Array | pa.ChunkedArray, path: Sequence[Step]) -> pa.Array:
    """Return a part of each value of a column.

    Parameters
    ----------
    column : pyarrow.Array or ChunkedArray
    path : sequence of Step
        From the column on; of parts that its type has.

    Returns
    -------
    pyarrow.Array
        Null where a value, or what it is a part of, is null; or where a list is too short for it.

    Raises
    ------
    pyarrow.ArrowInvalid
        A vector is none.

    Examples
    --------
    >>> import pyarrow as pa
    >>> part_of(pa.array([{"p": [0.5, 0.1]}, {"p": [0.5]}, None]), ["p", 1]).to_pylist()
    [0.1, None, None]
    """
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    column = _decoded(column)
    for step in path:
        if isinstance(step, str):
            from pyarrow import compute

            column = compute.struct_field(column, [step])
        elif is_vector(column.type):
            column = _value_of_vectors(column, step)
        else:
            column = _element(column, step)
        column = _decoded(column)
    return column


def _decoded(column: pa.Array) -> pa.Array:
    """Write out what is stored as runs of one value."""
    import pyarrow as pa

    if not pa.types.is_run_end_encoded(column.type):
        return column
    from pyarrow import compute

    return compute.run_end_decode(column)


def other_size(vectors: pa.Array, size: int) -> tuple[int, int] | None:
    """Return the place and the size of the first vector that has not this size; None if all have.

    What is null has any.
    """
    from pyarrow import compute

    kinds, sizes, _, values = (compute.struct_field(vectors, [name]) for name in _VECTOR)
    n_values = _integers(compute.list_value_length(values), size)
    found = np.where(_integers(kinds, 1) == 0, _integers(sizes, size), n_values)
    others = np.flatnonzero(found != size)
    return (int(others[0]), int(found[others[0]])) if len(others) else None


def _element(lists: pa.Array, place: int) -> pa.Array:
    """Return one element of each list."""
    import pyarrow as pa
    from pyarrow import compute

    types, kind = pa.types, lists.type
    if types.is_list_view(kind) or types.is_large_list_view(kind):  # which are cast amiss
        lengths = _integers(compute.list_value_length(lists), 0)
        at = np.where(lengths > place, _integers(lists.offsets, 0) + place, -1)
        return lists.values.take(_with_nulls(at))
    if types.is_fixed_size_list(kind) and place >= kind.list_size:
        return pa.nulls(len(lists), kind.value_type)
    are_long = compute.greater(compute.list_value_length(lists), pa.scalar(place))
    if compute.all(are_long, skip_nulls=False).as_py() is not True:
        lists = compute.if_else(are_long, lists, pa.scalar(None, kind))
    return compute.list_element(lists, place)


def _value_of_vectors(vectors: pa.Array, place: int) -> pa.Array:
    """Return one value of each vector; those that a sparse one does not list are 0."""
    import pyarrow as pa
    from pyarrow import compute

    kinds, sizes, places, values = (compute.struct_field(vectors, [name]) for name in _VECTOR)
    kind_of = _integers(kinds, 1)
    if (kind_of != 0).all():
        return _element(values, place)
    n_places, n_values = (
        _integers(compute.list_value_length(some), 0) for some in (places, values)
    )
    is_sparse = kind_of == 0
    if (is_sparse & (n_places != n_values)).any():
        message = "a sparse vector has not as many places as values"
        raise pa.ArrowInvalid(message)
    flat = _integers(compute.list_flatten(places), -1)
    owners = np.repeat(np.arange(len(vectors)), n_places)
    _refuse_odd_places(flat, owners, is_sparse, _integers(sizes, -1))
    listed = np.flatnonzero(flat == place)
    rows = owners[listed]
    first_place, first_value = np.cumsum(n_places) - n_places, np.cumsum(n_values) - n_values
    at = np.where(is_sparse | (n_values <= place), -1, first_value + place)
    of_sparse = is_sparse[rows]
    rows, listed = rows[of_sparse], listed[of_sparse]
    at[rows] = first_value[rows] + listed - first_place[rows]
    found = compute.list_flatten(values).take(_with_nulls(at))
    is_zero = is_sparse & (at < 0) & (place < _integers(sizes, 0))
    return compute.if_else(bools(is_zero), pa.scalar(0.0, found.type), found)


def _refuse_odd_places(
    places: IntArray, owners: IntArray, is_sparse: BoolArray, sizes: IntArray
) -> None:
    """Raise ArrowInvalid unless the places of sparse vectors ascend, and lie within their sizes."""
    import pyarrow as pa

    if (is_sparse & (sizes < 0)).any():
        message = "a sparse vector has no size"
        raise pa.ArrowInvalid(message)
    is_odd = (places < 0) | (places >= sizes[owners])
    is_odd[1:] |= (owners[1:] == owners[:-1]) & (places[1:] <= places[:-1])
    if (is_odd & is_sparse[owners]).any():
        message = "the places of a sparse vector do not ascend, or lie outside its size"
        raise pa.ArrowInvalid(message)


def _integers(column: pa.Array, null: int) -> IntArray:
    """Turn a column of whole numbers into an array."""
    import pyarrow as pa
    from pyarrow import compute

    filled = compute.fill_null(column.cast(pa.int64()), null)
    if not len(filled):
        return np.zeros(0, np.int64)
    return np.frombuffer(filled.buffers()[1], np.int64, len(filled), 8 * filled.offset)


def _with_nulls(places: IntArray) -> pa.Array:
    """Turn an array of places into a column, where those below 0 are null."""
    import pyarrow as pa
    from pyarrow import compute

    column = pa.Array.from_buffers(pa.int64(), len(places), [None, pa.py_buffer(places)])
    return compute.if_else(bools(places >= 0), column, pa.scalar(None, pa.int64()))
