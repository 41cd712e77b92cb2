"""Columns of numbers as columns of texts, each in its shortest exact form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.render.text_arrays import text_array

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    IntArray = npt.NDArray[np.intp]

_COMMA = ord(",")
_MANY = 8  # where more than one in so many is to be written otherwise, all are


def number_texts(
    values: np.ndarray[Any, Any], end: str, *, infinite_as: str = "inf"
) -> pa.StringArray:
    """Write numbers as text.

    Parameters
    ----------
    values : ndarray of int8, int64 or float64, shape (n,)
        None is NaN.
    end : str
        One ASCII character that stands behind each.
    infinite_as : str, default "inf"
        What stands for positive infinity.

    Returns
    -------
    pyarrow.StringArray

    Examples
    --------
    >>> number_texts(np.array([0.1, 1.0, 1e-5, np.inf]), ";").to_pylist()
    ['0.1;', '1;', '0.00001;', 'inf;']
    >>> number_texts(np.array([7, -8]), ",").to_pylist()
    ['7,', '-8,']
    """
    import orjson

    wide = np.ascontiguousarray(values)
    places = _places_written_otherwise(wide)
    if len(places) > len(wide) // _MANY:
        return _written_by_arrow(wide, end, infinite_as)
    text = orjson.dumps(wide, option=orjson.OPT_SERIALIZE_NUMPY)  # four times as fast as pyarrow
    characters = np.frombuffer(text, np.uint8).copy()
    commas = np.flatnonzero(characters == _COMMA)
    characters[commas] = characters[-1] = ord(end)
    offsets = np.concatenate([[0], commas, [len(characters) - 1]]) + 1  # behind the bracket
    if len(places):
        others = _written_by_arrow(wide[places], end, infinite_as).to_pylist()
        return _string_array(*_replaced(characters, offsets, places, others))
    return _string_array(characters, offsets)


def _string_array(characters: Any, offsets: IntArray) -> pa.StringArray:  # noqa: ANN401 -- bytes
    import pyarrow as pa

    return pa.StringArray.from_buffers(
        len(offsets) - 1, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(characters)
    )


def _places_written_otherwise(values: np.ndarray[Any, Any]) -> IntArray:
    """Where one writes 1, 0.000001, 1e+10 and inf, and the other 1.0, 1e-6, 10000000000.0, null."""
    if values.dtype.kind == "i":
        return np.zeros(0, np.intp)
    otherwise = np.floor(values) == values  # infinite ones are, too
    otherwise |= (values >= 1e-6) & (values < 1e-5)  # noqa: PLR2004
    otherwise |= (values >= 1e10) | (values < 0.0)  # noqa: PLR2004 -- negative ones do not occur
    return np.flatnonzero(otherwise)


def _written_by_arrow(values: np.ndarray[Any, Any], end: str, infinite_as: str) -> pa.StringArray:
    import pyarrow as pa
    from pyarrow import compute

    # from_buffers, since pa.array(ndarray) imports pandas
    column = pa.Array.from_buffers(pa.float64(), len(values), [None, pa.py_buffer(values)])
    texts = column.cast(pa.string())
    if not np.isfinite(values.max()):
        inf, shown = text_array(["inf", infinite_as])
        texts = compute.if_else(compute.equal(texts, inf), shown, texts)
    behind, nothing = text_array([end, ""])
    return compute.binary_join_element_wise(texts, behind, nothing)


def _replaced(
    characters: npt.NDArray[np.uint8], offsets: IntArray, places: IntArray, texts: list[str]
) -> tuple[bytes, IntArray]:
    """Put other texts in some places; return the characters and offsets of all."""
    parts: list[bytes | memoryview] = []
    last = 0
    for place, text in zip(places.tolist(), texts, strict=True):
        parts += [characters[last : offsets[place]].data, text.encode()]
        last = int(offsets[place + 1])
    lengths = np.diff(offsets)
    lengths[places] = [len(text) for text in texts]
    moved = np.cumsum(np.concatenate([offsets[:1], lengths]))
    return b"".join([*parts, characters[last:].data]), moved
