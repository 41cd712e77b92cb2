"""The rows that cost most."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.rows import weighted
from bce_cli.core.totals import count_soft

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.conventions import Convention
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


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One row and what each convention makes of it; `row` is 1-based.

    Attributes
    ----------
    spread : float
        Weight times the difference between its highest and its lowest loss, in nats.
    is_impossible : bool
        Whether the exact loss is infinite.
    losses : tuple of float or None
        Weight times loss, in nats, under each convention, in their order; None where the
        convention refuses the label.
    """

    row: int
    id: str | None
    label: float
    prediction: float
    spread: float
    is_impossible: bool
    losses: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """The `limit` rows of greatest spread among those that a limit touches; then the first.

    Attributes
    ----------
    limit : int
        How many rows are kept.
    n : int
        Rows seen.
    rows : tuple of DifferenceRow
        Greatest spread first: impossible rows, in their order, and then the others.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.conventions import EXACT, Convention
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, True, True]), np.array([0.5, 1e-20, 0.0]))
    >>> found = Differences.of(rows, (EXACT, Convention(clip=1e-6)), 5)
    >>> [(row.row, row.losses) for row in found.rows]
    [(3, (inf, 13.815510557964274)), (2, (46.051701859880914, 13.815510557964274))]
    """

    limit: int
    n: int = 0
    rows: tuple[DifferenceRow, ...] = ()

    @classmethod
    def of(cls, rows: Rows, conventions: tuple[Convention, ...], limit: int) -> Differences:
        """Pick the rows of greatest spread."""
        soft = count_soft(rows) > 0
        taken = [item for item in conventions if item.rule.takes_soft or not soft]
        if limit == 0 or not taken:
            return cls(limit, len(rows))
        touched = _touched_places(rows, taken)
        some = rows.at(touched)
        losses = {item.name: weighted(item.losses(some), item.held(some).weights) for item in taken}
        spreads = _spreads(list(losses.values()))
        impossible = set(some.impossible_places().tolist())
        order = np.lexsort((touched, -spreads))[:limit].tolist()
        found = [
            DifferenceRow(
                row=int(touched[index]) + 1,
                id=None if some.ids is None else some.ids[index],
                label=some.label(index),
                prediction=float(some.probabilities[index]),
                spread=float(spreads[index]),
                is_impossible=index in impossible,
                losses=tuple(
                    float(losses[item.name][index]) if item.name in losses else None
                    for item in conventions
                ),
            )
            for index in order
        ]
        return cls(limit, len(rows), tuple(found))

    def __add__(self, other: Differences) -> Differences:
        """Merge with what was found in the rows that follow."""
        later = (replace(row, row=self.n + row.row) for row in other.rows)
        merged = sorted((*self.rows, *later), key=lambda row: (-row.spread, row.row))
        return Differences(self.limit, self.n + other.n, tuple(merged[: self.limit]))


def _touched_places(rows: Rows, conventions: list[Convention]) -> npt.NDArray[np.intp]:
    """Places of the rows that are impossible, or that a limit of any convention touches."""
    places = [convention.clipped_places(rows) for convention in conventions]
    return np.unique(np.concatenate([rows.impossible_places(), *places]))


def _spreads(losses: list[FloatArray]) -> FloatArray:
    """Difference between the highest and the lowest loss of each row; 0 if both are infinite."""
    lowest, highest = np.minimum.reduce(losses), np.maximum.reduce(losses)
    return np.subtract(highest, lowest, out=np.zeros(len(lowest)), where=np.isfinite(lowest))


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
