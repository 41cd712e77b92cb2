"""From columns of pyarrow to arrays of NumPy, without pandas, which to_numpy would import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bce_cli.readers.cells import MOST_LABEL_TEXTS, TextCodes

if TYPE_CHECKING:
    import pyarrow as pa

    from bce_cli.core.rows import BoolArray, FloatArray


def null_mask(column: pa.ChunkedArray | pa.Array) -> BoolArray | None:
    """Which cells are null; None if none is."""
    if column.null_count == 0:
        return None
    return bits_of(column.is_null())


def floats_of(column: pa.ChunkedArray | pa.Array) -> FloatArray:
    """View a float64 column as an array; null cells hold anything."""
    chunks = column.chunks if hasattr(column, "chunks") else [column]
    arrays = [
        np.frombuffer(chunk.buffers()[1], np.float64, count=len(chunk), offset=8 * chunk.offset)
        for chunk in chunks
        if len(chunk)
    ]
    return arrays[0] if len(arrays) == 1 else np.concatenate([np.empty(0), *arrays])


def bits_of(column: pa.ChunkedArray | pa.Array) -> BoolArray:
    """Turn a column of booleans without nulls into an array; shape (n,)."""
    chunks = column.chunks if hasattr(column, "chunks") else [column]
    masks = [
        np.unpackbits(np.frombuffer(chunk.buffers()[1], np.uint8), bitorder="little")[
            chunk.offset : chunk.offset + len(chunk)
        ].view(np.bool_)
        for chunk in chunks
        if len(chunk)
    ]
    return np.concatenate([np.zeros(0, np.bool_), *masks])


def text_codes(column: pa.ChunkedArray | pa.Array) -> TextCodes:
    """Turn a column of dictionary-encoded texts into codes."""
    chunks = column.chunks if hasattr(column, "chunks") else [column]
    texts: list[str] = []
    codes = [np.zeros(0, np.int32)]
    for chunk in chunks:
        if len(chunk.dictionary) > MOST_LABEL_TEXTS:  # the second look lists some of them
            return TextCodes(np.zeros(len(column), np.int32), ["?"] * (MOST_LABEL_TEXTS + 1))
        indices = chunk.indices
        data = np.frombuffer(
            indices.buffers()[1], np.int32, count=len(indices), offset=4 * indices.offset
        )
        codes.append(data + np.int32(len(texts)))
        texts += [text or "" for text in chunk.dictionary.to_pylist()]
    return TextCodes(np.concatenate(codes), texts)
