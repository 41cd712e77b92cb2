"""The rows on which conventions differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.row_sums import count_soft
from bce_cli.core.rows import weighted

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.conventions import Convention
    from bce_cli.core.rows import FloatArray, Rows


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
