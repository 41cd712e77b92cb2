"""Which of several models is best, and which of the others cannot be told from it."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from bce_cli.core.comparison.differences import Difference, difference_of
from bce_cli.core.inference import holm_adjusted, level_of
from bce_cli.core.totals import Moments
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.comparison.differences import DifferenceTotals
    from bce_cli.core.exact_sum import ExactSum
    from bce_cli.core.groups import ClusterSums
    from bce_cli.core.totals import LossTotals


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a model stands among all.

    Attributes
    ----------
    rank : int
        1 for the lowest mean loss; equal ones share a rank. Infinite ones come last, by the mean
        over their other rows.
    is_best : bool
        Whether its mean loss is the lowest, and finite.
    told_from_best : bool or None
        Whether the best one is better by more than chance, or by infinity. None where all means are
        infinite, so that none is the best.
    p_from_best : float or None
        Of the paired t-test against the best, adjusted by Holm's procedure for the number of
        models; None for the best itself, and where there is no test.
    """

    rank: int
    is_best: bool = False
    told_from_best: bool | None = None
    p_from_best: float | None = None


@dataclass(frozen=True, slots=True)
class Contest:
    """The totals of some models on the same rows, in one order.

    Attributes
    ----------
    losses : sequence of LossTotals
    clusters : sequence of ClusterSums or None
        Their losses by cluster; None where rows are independent.
    differences : sequence of DifferenceTotals
        From the first to each of the others.
    products : tuple of ExactSum
        Sums of products of the losses of each two others, in the order of
        `itertools.combinations`; none are needed with clusters.
    """

    losses: Sequence[LossTotals]
    clusters: Sequence[ClusterSums] | None
    differences: Sequence[DifferenceTotals]
    products: tuple[ExactSum, ...]

    def moments(self, one: int, other: int) -> Moments:
        """Return moments of how two models differ, in either direction, where all is finite.

        The first is compared with others row by row. How two others differ follows from their sums:
        the square of a difference is that of each less twice their product. All of that is exact.
        """
        first, second = sorted((one, other))
        if first == 0:
            return self.differences[second - 1].pairs
        if self.clusters is not None:
            return self.clusters[second].less(self.clusters[first])
        pairs = combinations(range(1, len(self.losses)), 2)
        product = self.products[list(pairs).index((first, second))]
        a, b = self.losses[first].moments, self.losses[second].moments
        return Moments(
            a.n,
            b.values - a.values,
            a.divisors,
            a.value_squares + b.value_squares - product - product,
            b.value_divisors - a.value_divisors,
            a.divisor_squares,
        )


def standings(
    contest: Contest, order: Sequence[tuple[bool, float]], confidence: float
) -> tuple[Standing, ...]:
    """Find out which model is best, and which cannot be told from it.

    Parameters
    ----------
    contest : Contest
    order : sequence of tuple of bool and float
        Whether the mean loss of a model is infinite, and that mean; of an infinite one, that of the
        other rows.
    confidence : float
        Of the tests.
    """
    ranks = [1 + sum(other < own for other in order) for own in order]
    best = min(range(len(order)), key=order.__getitem__)
    if order[best][0]:
        return tuple(map(Standing, ranks))
    found = [
        None if place == best or is_infinite else _between(contest, best, place, confidence)
        for place, (is_infinite, _) in enumerate(order)
    ]
    adjusted = holm_adjusted([None if each is None else each.p_value for each in found])
    return tuple(
        Standing(rank, own == order[best], own[0] or _is_told(each, p, confidence), p)
        for rank, own, each, p in zip(ranks, order, found, adjusted, strict=True)
    )


def _between(contest: Contest, best: int, place: int, confidence: float) -> Difference:
    n = contest.losses[best].n_weighted
    return difference_of(n, contest.moments(best, place), 1.0, confidence)


def _is_told(found: Difference | None, p_adjusted: float | None, confidence: float) -> bool:
    if found is None or found.value is None or found.std_error is None:
        return False
    if found.t is None:  # no test applies to differences that do not vary
        return found.value != 0.0
    return p_adjusted is not None and p_adjusted <= level_of(confidence)
