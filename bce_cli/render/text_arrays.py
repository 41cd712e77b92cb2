"""Columns of texts for pyarrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa


def text_array(texts: Sequence[str], end: str = "") -> pa.StringArray:
    """Build a column of texts from its buffers; pa.array(list) would import pandas.

    Parameters
    ----------
    texts : sequence of str
    end : str
        ASCII characters that stand behind each.

    Examples
    --------
    >>> text_array(["a", "", "é"], ";").to_pylist()
    ['a;', ';', 'é;']
    """
    import pyarrow as pa

    joined = end.join([*texts, ""])
    data = joined.encode()
    if len(data) == len(joined):  # a character is a byte
        lengths = np.fromiter(map(len, texts), np.int32, len(texts))
    else:
        lengths = np.fromiter((len(text.encode()) for text in texts), np.int32, len(texts))
    offsets = np.zeros(len(texts) + 1, np.int32)
    np.cumsum(lengths + np.int32(len(end)), out=offsets[1:])
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(data))
