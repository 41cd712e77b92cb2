"""The rows that gain or lose most from one model to another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bce_cli.core.worst import highest_places

if TYPE_CHECKING:
    from bce_cli.core.rows import FloatArray, Rows


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """One row under two models; `row` is 1-based.

    Attributes
    ----------
    baseline_prediction, prediction : float
    difference : float
        Loss under the model minus loss under the baseline, in nats, times the weight; infinite
        where one of them is.
    """

    row: int
    id: str | None
    label: float
    baseline_prediction: float
    prediction: float
    difference: float


@dataclass(frozen=True, slots=True)
class ChangedRows:
    """The `limit` rows of greatest change in one direction; of equal ones, those that come first.

    Attributes
    ----------
    limit : int
        How many rows are kept.
    sign : {1, -1}
        Whether those are looked for that lose (1) or that gain (-1).
    n : int
        Rows seen.
    rows : tuple of ChangedRow
        Greatest change first; rows without a change in this direction are left out.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, True, True]), np.array([0.5, 0.5, 0.5]))
    >>> differences = np.array([0.25, -0.5, 0.75])
    >>> lost = ChangedRows.of(rows, rows, differences, sign=1, limit=5)
    >>> [(row.row, row.difference) for row in lost.rows]
    [(3, 0.75), (1, 0.25)]
    """

    limit: int
    sign: int
    n: int = 0
    rows: tuple[ChangedRow, ...] = ()

    @classmethod
    def of(
        cls, baseline: Rows, model: Rows, differences: FloatArray, *, sign: int, limit: int
    ) -> ChangedRows:
        """Pick the rows of greatest change.

        Parameters
        ----------
        baseline, model : Rows
            The same rows under either model.
        differences : ndarray of float64, shape (n,)
            0 where a row is left out, or both losses are infinite.
        sign : {1, -1}
        limit : int
        """
        n, count = len(differences), min(limit, len(differences))
        if count == 0:
            return cls(limit, sign, n)
        changes = differences * sign
        places = [place for place in highest_places(changes, count) if changes[place] > 0.0]
        found = (_changed_row(baseline, model, differences, place) for place in places)
        return cls(limit, sign, n, tuple(found))

    def __add__(self, other: ChangedRows) -> ChangedRows:
        """Merge with what was found in the rows that follow."""
        later = (replace(row, row=self.n + row.row) for row in other.rows)
        merged = sorted(
            (*self.rows, *later), key=lambda row: (-row.difference * self.sign, row.row)
        )
        return replace(self, n=self.n + other.n, rows=tuple(merged[: self.limit]))


def _changed_row(baseline: Rows, model: Rows, differences: FloatArray, place: int) -> ChangedRow:
    return ChangedRow(
        row=place + 1,
        id=None if baseline.ids is None else baseline.ids[place],
        label=baseline.label(place),
        baseline_prediction=float(baseline.probabilities[place]),
        prediction=float(model.probabilities[place]),
        difference=float(differences[place]),
    )
