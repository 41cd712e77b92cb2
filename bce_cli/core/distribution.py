"""How losses are distributed: how many rows cost how much, and what these cost together."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.conventions import EXACT
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.report import NATS_PER
from bce_cli.core.rules import likelihoods_of
from bce_cli.core.state import State
from bce_cli.core.totals import finite_losses
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.report import Unit
    from bce_cli.core.rows import FloatArray, Rows

EDGES = (0.0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Ends of the bins of the probability given to what happened; 0 has a bin of its own."""
_OTHER_EDGES = (1.0, 0.999, 0.99, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0)
"""The same for the probability given to what did not happen, as it is written: 1 - 0.7 > 0.3."""


@dataclass(frozen=True, slots=True)
class LossBin:
    """The rows whose labels were given a probability above `low`, up to `high`.

    Attributes
    ----------
    low, high : float
        Ends of the probability given to what happened; both 0 for what was held impossible.
    loss_low, loss_high : float
        The lowest loss, that of `high`, and the one that all are below, that of `low`, in the unit
        of the report; infinite for 0.
    n : int
        Rows.
    share_of_rows : float
        By weight.
    share_of_loss : float or None
        None where the loss of some row is infinite, or that of all is 0.
    """

    low: float
    high: float
    loss_low: float
    loss_high: float
    n: int
    share_of_rows: float
    share_of_loss: float | None


@dataclass(frozen=True, slots=True)
class LossDistribution(State):
    """How some rows fall into bins of the probability given to what happened.

    Attributes
    ----------
    counts : tuple of int
        Rows in each bin: first what was held impossible, then from 0 to 1.
    weights, losses : tuple of ExactSum
        Sums of weights, and of weighted losses in nats, but for infinite ones.
    n_infinite : int
        Rows whose weighted loss is infinite.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False, True]), np.array([0.5, 0.7, 0.0]))
    >>> found = LossDistribution.of(rows)
    >>> [(each.low, each.high, each.n) for each in (found + found).bins() if each.n]
    [(0.4, 0.5, 2), (0.2, 0.3, 2), (0.0, 0.0, 2)]
    """

    counts: tuple[int, ...]
    weights: tuple[ExactSum, ...]
    losses: tuple[ExactSum, ...]
    n_infinite: int

    @classmethod
    def of(cls, rows: Rows) -> LossDistribution:
        """Sum up some rows by their exact losses."""
        rows = rows.counted()
        losses = EXACT.losses(rows)
        finite, n_infinite = finite_losses(losses, rows.weights)
        places = _bins_of(rows, losses)
        order = np.argsort(places, kind="stable")
        counts = np.bincount(places, minlength=len(EDGES))
        weights = tuple(map(ExactSum.of_count, counts.tolist()))
        if rows.weights is not None:
            weights = _sums(rows.weights[order], counts)
        return cls(tuple(counts.tolist()), weights, _sums(finite[order], counts), n_infinite)

    def bins(self, unit: Unit = "nats") -> tuple[LossBin, ...]:
        """Return all bins, what was given the highest probability first.

        Parameters
        ----------
        unit : {"nats", "bits"}, default "nats"
        """
        ends = [(0.0, 0.0), *pairwise(EDGES)]
        weight, loss = (sum(sums, ExactSum()) for sums in (self.weights, self.losses))
        has_shares = loss.units > 0 and not self.n_infinite
        found = [
            LossBin(
                low,
                high,
                _loss(high, unit),
                _loss(low, unit),
                self.counts[place],
                self.weights[place].over(weight) if weight.units else 0.0,
                self.losses[place].over(loss) if has_shares else None,
            )
            for place, (low, high) in enumerate(ends)
        ]
        return tuple(reversed(found))


def _bins_of(rows: Rows, losses: FloatArray) -> npt.NDArray[np.uint8]:
    """Return the place of each row among the bins."""
    if rows.labels.dtype == np.bool_:
        happened = np.digitize(rows.probabilities, EDGES, right=True)
        other = len(EDGES) - 1 - np.digitize(rows.probabilities, _OTHER_EDGES[::-1][1:])
        places = np.where(rows.labels, happened, other)
    else:
        places = np.digitize(likelihoods_of(rows), EDGES, right=True)
    # What rounds to 0 need not be impossible, where predictions are logits.
    places = np.clip(places, 1, len(EDGES) - 1)
    places[np.isinf(losses)] = 0
    return places.astype(np.uint8)


def _sums(values: FloatArray, counts: npt.NDArray[np.intp]) -> tuple[ExactSum, ...]:
    """Sum up values that stand bin by bin."""
    filled = np.flatnonzero(counts)
    starts = (np.cumsum(counts) - counts)[filled]
    found = dict(zip(filled.tolist(), ExactSum.by_group(values, starts), strict=True))
    return tuple(found.get(place, ExactSum()) for place in range(len(counts)))


def _loss(probability: float, unit: Unit) -> float:
    return -math.log(probability) / NATS_PER[unit] + 0.0 if probability else math.inf
