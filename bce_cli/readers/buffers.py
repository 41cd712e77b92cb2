"""Columns of Arrow as arrays of NumPy, by way of their buffers: other ways import pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.rows import Categories

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from bce_cli.core.rows import BoolArray, FloatArray


_HELD_BYTES = 4  # integers of no more are held by float64
_MOST_HELD = 1 << 53


def null_mask(column: pa.ChunkedArray | pa.Array) -> BoolArray | None:
    """Which cells are null; None if none is."""
    words = getattr(column, "dictionary", None)
    if column.null_count == 0 and (words is None or words.null_count == 0):
        return None
    return bits_of(column.is_null())


def floats_of(column: pa.ChunkedArray | pa.Array) -> FloatArray:
    """View a float64 column as an array; null cells hold anything."""
    arrays = [
        np.frombuffer(chunk.buffers()[1], np.float64, count=len(chunk), offset=8 * chunk.offset)
        for chunk in _chunks(column)
        if len(chunk)
    ]
    return arrays[0] if len(arrays) == 1 else np.concatenate([np.empty(0), *arrays])


def numbers_of(column: pa.Array) -> FloatArray | None:
    """Turn a column of numbers into float64; None for other types, and where that might round.

    The cast of Arrow does the same, but takes longer to load than a million rows to read.
    """
    import pyarrow as pa

    kind = column.type
    if pa.types.is_float64(kind):
        return floats_of(column)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return None
    if not len(column):
        return np.zeros(0)
    width = kind.bit_width // 8
    sign = "f" if pa.types.is_floating(kind) else "i" if pa.types.is_signed_integer(kind) else "u"
    data, start = column.buffers()[1], width * column.offset
    values = np.frombuffer(data, f"{sign}{width}", count=len(column), offset=start)
    if width > _HELD_BYTES and not _are_held(values):
        return None
    return values.astype(np.float64)


def _are_held(integers: npt.NDArray[np.integer[Any]]) -> bool:
    return bool(integers.min() >= -_MOST_HELD and integers.max() <= _MOST_HELD)


def bits_of(column: pa.ChunkedArray | pa.Array) -> BoolArray:
    """Turn a column of booleans without nulls into an array; shape (n,)."""
    masks = [_bits(chunk) for chunk in _chunks(column) if len(chunk)]
    return np.concatenate([np.zeros(0, np.bool_), *masks])


def _bits(chunk: pa.BooleanArray) -> BoolArray:
    """Unpack the bits of one chunk alone, which may be a small part of its buffer."""
    start, stop = chunk.offset, chunk.offset + len(chunk)
    data = np.frombuffer(chunk.buffers()[1], np.uint8)[start // 8 : (stop + 7) // 8]
    bits = np.unpackbits(data, bitorder="little")[start % 8 :]
    return bits[: len(chunk)].view(np.bool_)


def _chunks(column: pa.ChunkedArray | pa.Array) -> list[Any]:
    return column.chunks if hasattr(column, "chunks") else [column]


def offsets_of(column: pa.Array) -> npt.NDArray[np.signedinteger[Any]]:
    """View where each text of an array of strings begins, and the last one ends, in its bytes."""
    import pyarrow as pa

    size = 8 if pa.types.is_large_string(column.type) else 4
    kind = np.dtype(f"i{size}")
    if not len(column):
        return np.zeros(1, kind)
    return np.frombuffer(column.buffers()[1], kind, len(column) + 1, size * column.offset)


def codes_of(column: pa.DictionaryArray) -> npt.NDArray[np.int32]:
    """View the places in the dictionary, which are int32; null cells hold any."""
    indices = column.indices
    if not len(indices):
        return np.zeros(0, np.int32)
    return np.frombuffer(indices.buffers()[1], np.int32, len(indices), 4 * indices.offset)


def categories_of(column: pa.ChunkedArray | pa.Array) -> Categories:
    """Turn a column of strings, dictionary-encoded or not, into codes; null is empty."""
    names: list[str] = []
    codes = [np.zeros(0, np.int32)]
    for chunk in _chunks(column):
        words = chunk if hasattr(chunk, "dictionary") else chunk.dictionary_encode()
        indices, none = words.indices, np.int32(len(words.dictionary))
        data = codes_of(words)
        if indices.null_count:  # fill_null would import pandas
            data = np.where(bits_of(indices.is_null()), none, data)
        codes.append(data + np.int32(len(names)))
        names += [text or "" for text in words.dictionary.to_pylist()]
        if words.null_count:
            names.append("")
    return Categories(np.concatenate(codes), tuple(names))
