"""Columns of numbers as columns of texts, each in its shortest exact form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.render.text_arrays import text_array

if TYPE_CHECKING:
    import pyarrow as pa

    from bce_cli.core.rows import BoolArray

_COMMA = ord(",")


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
    import pyarrow as pa

    text = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
    characters = np.frombuffer(text, np.uint8).copy()  # with brackets at both ends
    commas = np.flatnonzero(characters == _COMMA)
    characters[commas] = characters[-1] = ord(end)
    offsets = np.concatenate([[0], commas, [len(characters) - 1]]).astype(np.int32) + np.int32(1)
    texts = pa.StringArray.from_buffers(
        len(values), pa.py_buffer(offsets), pa.py_buffer(characters)
    )
    differs = None if values.dtype.kind == "i" else _is_written_otherwise(values)
    if differs is None or not differs.any():
        return texts
    return _replaced(texts, differs, _written_by_arrow(values[differs], end, infinite_as))


def _is_written_otherwise(values: np.ndarray[Any, Any]) -> BoolArray:
    """Where one writes 1, 0.000001, 1e+10 and inf, and the other 1.0, 1e-6, 10000000000.0, null."""
    otherwise: BoolArray = np.floor(values) == values  # infinite ones are, too
    otherwise |= (values >= 1e-6) & (values < 1e-5)  # noqa: PLR2004
    otherwise |= (values >= 1e10) | (values < 0.0)  # noqa: PLR2004 -- negative ones do not occur
    return otherwise


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
    texts: pa.StringArray, places: BoolArray, replacements: pa.StringArray
) -> pa.StringArray:
    import pyarrow as pa
    from pyarrow import compute

    bits = pa.py_buffer(np.packbits(places, bitorder="little"))
    mask = pa.Array.from_buffers(pa.bool_(), len(texts), [None, bits])
    return compute.replace_with_mask(texts, mask, replacements)
