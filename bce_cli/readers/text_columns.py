"""Columns whose cells are taken as text: names of rows, keys, and what parts the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.readers.cells import Cells, TextCodes, Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa


def add_text(cells: Cells, key: str, column: pa.ChunkedArray | pa.Array) -> None:
    """Take in a column of pyarrow, of strings or of dictionary-encoded ones; null is empty."""
    if key == "id":
        cells.ids = Texts(column)
    elif key == "key":
        cells.keys = [text or "" for text in column.to_pylist()]
    else:
        cells.categories[key] = _codes_of(column)


def add_texts(cells: Cells, key: str, texts: Sequence[str]) -> None:
    """Take in a column of Python's strings."""
    if key == "id":
        cells.ids = texts
    elif key == "key":
        cells.keys = texts
    else:
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        codes = np.array([places[text] for text in texts], np.int32)
        cells.categories[key] = TextCodes(codes, list(places))


def _codes_of(column: pa.ChunkedArray | pa.Array) -> TextCodes:
    import pyarrow as pa

    chunks: list[Any] = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    texts: list[str] = []
    codes = [np.zeros(0, np.int32)]
    for chunk in chunks:
        if not pa.types.is_dictionary(chunk.type):
            chunk = chunk.dictionary_encode()  # noqa: PLW2901
        indices = chunk.indices.fill_null(len(chunk.dictionary))
        data = np.frombuffer(indices.buffers()[1], np.int32, len(indices), 4 * indices.offset)
        codes.append(data + np.int32(len(texts)))
        texts += [text or "" for text in chunk.dictionary.to_pylist()]
        if chunk.null_count:
            texts.append("")
    return TextCodes(np.concatenate(codes), texts)
