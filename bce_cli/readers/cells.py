"""The columns of a piece as a fast path has converted them, before they are validated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from bce_cli.core.rows import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class TextCodes:
    """A column of few different texts.

    Attributes
    ----------
    codes : ndarray of int, shape (n,)
        Places in `texts`; anything for missing cells.
    texts : list of str
    """

    codes: npt.NDArray[np.integer[Any]]
    texts: list[str]


@dataclass(slots=True)
class Cells:
    """Columns of a piece as a fast path has converted them; None for what is not read.

    Attributes
    ----------
    n : int
        Rows.
    labels : ndarray of float64 or TextCodes or None
    predictions, weights : ndarray of float64 or None
    ids, keys : sequence of str or None
    missing : ndarray of bool, shape (n,), or None
        Rows with a cell that holds nothing; other arrays may hold anything there.
    """

    n: int
    labels: FloatArray | TextCodes | None = None
    predictions: FloatArray | None = None
    weights: FloatArray | None = None
    ids: Sequence[str] | None = None
    keys: Sequence[str] | None = None
    missing: BoolArray | None = None

    def add_missing(self, missing: BoolArray | None) -> None:
        """Take in which cells of one more column hold nothing."""
        if missing is not None and missing.any():
            self.missing = missing if self.missing is None else self.missing | missing


MOST_LABEL_TEXTS = 100


class Texts(Sequence[str]):
    """Cells of a text column of pyarrow, decoded one at a time; null is empty."""

    def __init__(self, column: pa.ChunkedArray | pa.Array) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 -- Sequence asks for slices too
        return self._column[int(index)].as_py() or ""
