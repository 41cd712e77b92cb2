"""The columns of a piece as a fast path has converted them, before they are validated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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

    codes: npt.NDArray[np.int32]
    texts: list[str]


@dataclass(slots=True)
class Cells:
    """Columns of a piece as a fast path has converted them; None for what is not read.

    Attributes
    ----------
    n : int
        Rows.
    labels : ndarray of float64 or TextCodes or None
    numbers : dict of key to ndarray of float64
        Predictions and weights.
    ids, keys : sequence of str or None
    categories : dict of key to TextCodes
        Clusters and segments; every code is the place of a text.
    nulls : dict of key to ndarray of bool, shape (n,)
        Cells that hold nothing, where a column has such; its array may hold anything there.
    """

    n: int
    labels: FloatArray | TextCodes | None = None
    numbers: dict[str, FloatArray] = field(default_factory=dict)
    ids: Sequence[str] | None = None
    keys: Sequence[str] | None = None
    categories: dict[str, TextCodes] = field(default_factory=dict)
    nulls: dict[str, BoolArray] = field(default_factory=dict)

    def add_nulls(self, key: str, nulls: BoolArray | None) -> None:
        """Take in which cells of a column hold nothing."""
        if nulls is not None and nulls.any():
            before = self.nulls.get(key)
            self.nulls[key] = nulls if before is None else before | nulls

    @property
    def missing(self) -> BoolArray | None:
        """Rows with a cell that holds nothing; None if there is none."""
        missing: BoolArray | None = None
        for nulls in self.nulls.values():
            missing = nulls if missing is None else missing | nulls
        return missing


MOST_LABEL_TEXTS = 100


class Texts(Sequence[str]):
    """Cells of a text column of pyarrow, decoded as they are asked for; null is empty."""

    def __init__(self, column: pa.ChunkedArray | pa.Array) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    def __iter__(self) -> Iterator[str]:
        return (text or "" for text in self._column.to_pylist())

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 -- Sequence asks for slices too
        return self._column[int(index)].as_py() or ""
