"""The rows that cost most."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bce_cli.core.rows import FloatArray, Rows


@dataclass(frozen=True, slots=True)
class WorstRow:
    """One row and its loss in nats; `row` is 1-based."""

    row: int
    id: str | None
    label: float
    prediction: float
    weight: float | None
    loss: float


@dataclass(frozen=True, slots=True)
class WorstRows:
    """The `limit` rows of highest loss; of equal ones, those that come first.

    Attributes
    ----------
    limit : int
        How many rows are kept.
    n : int
        Rows seen.
    rows : tuple of WorstRow
        Highest loss first.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, True, True]), np.array([0.5, 0.25, 0.5]))
    >>> losses = -np.log(rows.probabilities)
    >>> worst = WorstRows.of(rows, losses, 2)
    >>> [row.row for row in worst.rows]
    [2, 1]
    >>> [row.row for row in (worst + worst).rows]
    [2, 5]
    """

    limit: int
    n: int = 0
    rows: tuple[WorstRow, ...] = ()

    @classmethod
    def of(cls, rows: Rows, losses: FloatArray, limit: int) -> WorstRows:
        """Pick the rows of highest loss."""
        count = min(limit, len(losses) - rows.n_missing)
        if count == 0:
            return cls(limit, len(losses))
        if rows.missing is not None:
            losses = np.where(rows.missing, -1.0, losses)
        places = highest_places(losses, count)
        return cls(limit, len(losses), tuple(_worst_row(rows, losses, i) for i in places))

    def __add__(self, other: WorstRows) -> WorstRows:
        """Merge with the worst of the rows that follow."""
        later = (replace(row, row=self.n + row.row) for row in other.rows)
        merged = sorted((*self.rows, *later), key=lambda row: (-row.loss, row.row))
        return WorstRows(self.limit, self.n + other.n, tuple(merged[: self.limit]))


def highest_places(values: FloatArray, count: int) -> list[int]:
    """Return the places of the highest values, highest first; of equal ones, those that come first.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    count : int
        From 1 to n.
    """
    least = np.partition(values, len(values) - count)[len(values) - count]
    above = np.flatnonzero(values > least)
    level = np.flatnonzero(values == least)[: count - len(above)]
    chosen = np.concatenate([above, level])
    ordered: list[int] = chosen[np.lexsort((chosen, -values[chosen]))].tolist()
    return ordered


def _worst_row(rows: Rows, losses: FloatArray, index: int) -> WorstRow:
    return WorstRow(
        row=index + 1,
        id=None if rows.ids is None else rows.ids[index],
        label=rows.label(index),
        prediction=float(rows.probabilities[index]),
        weight=rows.weight(index),
        loss=float(losses[index]),
    )
