"""The most extreme rows: those that cost most, that change most, or on which conventions differ."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

import numpy as np

from bce_cli.core.rows import weighted
from bce_cli.core.state import FIRST, State
from bce_cli.core.totals import count_soft
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.conventions import Convention
    from bce_cli.core.rows import FloatArray, Places, Rows


class _Extreme(Protocol):
    """A row, as a frozen dataclass: its 1-based number, and how extreme it is."""

    @property
    def row(self) -> int: ...

    @property
    def extent(self) -> float: ...


Row = TypeVar("Row", bound=_Extreme)


@dataclass(frozen=True, slots=True)
class Extremes(State, Generic[Row]):
    """The `limit` rows of greatest extent; of equal ones, those that come first.

    Attributes
    ----------
    limit : int
        How many rows are kept.
    n : int
        Rows seen.
    rows : tuple of WorstRow, DifferenceRow or ChangedRow
        Greatest extent first.
    """

    limit: int = field(metadata=FIRST)
    n: int = 0
    rows: tuple[Row, ...] = ()

    def __iadd__(self, other: Self) -> Self:
        """Merge with what was found in the rows that follow."""
        # By hand: rows are numbered from the first one seen, and of both only some are kept.
        later = (replace(row, row=self.n + row.row) for row in other.rows)  # type: ignore[type-var]
        rows = sorted((*self.rows, *later), key=lambda row: -row.extent)
        return replace(self, n=self.n + other.n, rows=tuple(rows[: self.limit]))


def highest_places(values: FloatArray, count: int) -> list[int]:
    """Return the places of the highest values, highest first; of equal ones, those that come first.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    count : int
        Up to n.
    """
    if count == 0:
        return []
    least = np.partition(values, len(values) - count)[len(values) - count]
    above = np.flatnonzero(values > least)
    level = np.flatnonzero(values == least)[: count - len(above)]
    chosen = np.concatenate([above, level])
    ordered: list[int] = chosen[np.lexsort((chosen, -values[chosen]))].tolist()
    return ordered


@dataclass(frozen=True, slots=True)
class WorstRow:
    """One row and its loss in nats; `row` is 1-based."""

    row: int
    id: str | None
    label: float
    prediction: float
    weight: float | None
    loss: float

    @property
    def extent(self) -> float:
        """The loss."""
        return self.loss


class WorstRows(Extremes[WorstRow]):
    """The rows of highest loss.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, True, True]), np.array([0.5, 0.25, 0.5]))
    >>> losses = -np.log(rows.probabilities)
    >>> worst = WorstRows.of(rows, losses, 2)
    >>> [row.row for row in worst.rows]
    [2, 1]
    >>> [row.row for row in (worst + worst).rows]
    [2, 5]
    """

    __slots__ = ()

    @classmethod
    def of(cls, rows: Rows, losses: FloatArray, limit: int) -> Self:
        """Pick the rows of highest loss."""
        if rows.missing is not None:
            losses = np.where(rows.missing, -1.0, losses)
        found = (
            WorstRow(
                row=place + 1,
                id=rows.id_at(place),
                label=rows.label(place),
                prediction=float(rows.probabilities[place]),
                weight=rows.weight(place),
                loss=float(losses[place]),
            )
            for place in highest_places(losses, min(limit, len(losses) - rows.n_missing))
        )
        return cls(limit, len(losses), tuple(found))


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

    @property
    def extent(self) -> float:
        """How large the difference is, in either direction."""
        return abs(self.difference)


class ChangedRows(Extremes[ChangedRow]):
    """The rows of greatest change in one direction, from one model to another.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, True, True]), np.array([0.5, 0.5, 0.5]))
    >>> differences = np.array([0.25, -0.5, 0.75])
    >>> lost = ChangedRows.of(rows, rows, differences, sign=1, limit=5)
    >>> [(row.row, row.difference) for row in lost.rows]
    [(3, 0.75), (1, 0.25)]
    """

    __slots__ = ()

    @classmethod
    def of(
        cls, baseline: Rows, model: Rows, differences: FloatArray, *, sign: int, limit: int
    ) -> Self:
        """Pick the rows of greatest change.

        Parameters
        ----------
        baseline, model : Rows
            The same rows under either model.
        differences : ndarray of float64, shape (n,)
            0 where a row is left out, or both losses are infinite.
        sign : {1, -1}
            Whether those are looked for that lose (1) or that gain (-1); others are left out.
        limit : int
        """
        changes = differences * sign
        found = (
            ChangedRow(
                row=place + 1,
                id=baseline.id_at(place),
                label=baseline.label(place),
                baseline_prediction=float(baseline.probabilities[place]),
                prediction=float(model.probabilities[place]),
                difference=float(differences[place]),
            )
            for place in highest_places(changes, min(limit, len(changes)))
            if changes[place] > 0.0
        )
        return cls(limit, len(changes), tuple(found))


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

    @property
    def extent(self) -> float:
        """The spread."""
        return self.spread


class Differences(Extremes[DifferenceRow]):
    """The rows of greatest spread between conventions, among those that a limit of one touches.

    Impossible rows come first, in their order, and then the others.

    Examples
    --------
    >>> from bce_cli.core.conventions import EXACT, Convention
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, True, True]), np.array([0.5, 1e-20, 0.0]))
    >>> found = Differences.of(rows, (EXACT, Convention(clip=1e-6)), 5)
    >>> [(row.row, row.losses) for row in found.rows]
    [(3, (inf, 13.815510557964274)), (2, (46.051701859880914, 13.815510557964274))]
    """

    __slots__ = ()

    @classmethod
    def of(cls, rows: Rows, conventions: tuple[Convention, ...], limit: int) -> Self:
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
        found = (
            DifferenceRow(
                row=int(touched[index]) + 1,
                id=some.id_at(index),
                label=some.label(index),
                prediction=float(some.probabilities[index]),
                spread=float(spreads[index]),
                is_impossible=index in impossible,
                losses=tuple(
                    float(losses[item.name][index]) if item.name in losses else None
                    for item in conventions
                ),
            )
            for index in highest_places(spreads, min(limit, len(touched)))
        )
        return cls(limit, len(rows), tuple(found))


def _touched_places(rows: Rows, conventions: list[Convention]) -> Places:
    """Places of the rows that are impossible, or that a limit of any convention touches."""
    places = [convention.clipped_places(rows) for convention in conventions]
    return np.unique(np.concatenate([rows.impossible_places(), *places]))


def _spreads(losses: list[FloatArray]) -> FloatArray:
    """Difference between the highest and the lowest loss of each row; 0 if both are infinite."""
    lowest, highest = np.minimum.reduce(losses), np.maximum.reduce(losses)
    return np.subtract(highest, lowest, out=np.zeros(len(lowest)), where=np.isfinite(lowest))
