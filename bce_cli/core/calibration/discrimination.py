"""How well predictions tell the labels apart: the area under the ROC curve, with its interval.

It is the chance that of a positive and a negative, drawn at random by weight, the positive has the
higher prediction; equal ones count half. Only the order of predictions matters, so it says nothing
of calibration, and logits are ranked as logits.
"""

from __future__ import annotations

import math
from functools import reduce
from itertools import product, starmap
from operator import add
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from bce_cli.core.calibration.tally import Tally, total
from bce_cli.core.exact_sum import UNIT_EXPONENT, ExactSum, distilled, slices
from bce_cli.core.inference import ENOUGH_IN_EFFECT, t_quantile
from bce_cli.core.rows import as_floats
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.core.calibration.tally import Parts
    from bce_cli.core.cluster_moments import ClusteredRows
    from bce_cli.core.rows import FloatArray, Places, Rows


NoInterval: TypeAlias = Literal[
    "no positives", "no negatives", "one positive", "one negative", "separated", "no spread"
]
"""Why there is no interval.

- ``no positives``, ``no negatives``: nor is there a value.
- ``one positive``, ``one negative``: all weight of a label is that of one row, or of one cluster.
- ``separated``: every positive is above every negative, or every one below.
- ``no spread``: no row tells anything, as where all predictions are equal.
"""


ENOUGH_WRONG, ENOUGH_CLUSTERS = 10, 30
"""With fewer, intervals of 95 % may hold the area less often than 93 times in 100."""


@dataclass(frozen=True, slots=True)
class Discrimination:
    """Area under the ROC curve.

    Attributes
    ----------
    auc : float or None
        In [0, 1]; None without positives or without negatives.
    std_error : float or None
        None where it cannot be had, and where it would be 0.
    ci_low, ci_high : float or None
        The value and some standard errors to either side, within [0, 1].
    no_interval : NoInterval or None
        Why there is none.
    is_too_narrow : bool
        Whether the interval tends to be too narrow: the rarer label's rows (the effective number of
        them), times the share of pairs in the less usual order, are fewer than `ENOUGH_WRONG`; or
        a label is in fewer clusters than `ENOUGH_CLUSTERS`; or clusters are of so different sizes
        that they are in effect fewer than `ENOUGH_IN_EFFECT`.
    """

    auc: float | None
    std_error: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    no_interval: NoInterval | None = None
    is_too_narrow: bool = False


def discrimination(
    rows: Rows,
    clusters: ClusteredRows | None = None,
    confidence: float = 0.95,
    tally: Tally | None = None,
) -> Discrimination:
    """Find the area under the ROC curve, and its interval.

    A row of label y and weight w is a positive of weight w y and a negative of weight w (1 - y),
    and with soft labels both; as such it makes a pair with itself, which is a tie. The area is
    exact and rounded once.

    Parameters
    ----------
    rows : Rows
        Those left out and those of weight 0 count for nothing.
    clusters : ClusteredRows, optional
        Of the same rows, for an interval that allows for rows that depend on each other.
    confidence : float, default 0.95
        In (0, 1).
    tally : Tally, optional
        Of the rows that count, where the caller has it.

    Notes
    -----
    Without clusters the variance is DeLong's (DeLong, DeLong and Clarke-Pearson, Biometrics 44,
    1988), in the time that sorting takes (Sun and Xu, IEEE Signal Processing Letters 21, 2014), and
    the interval that of the normal distribution. With g the share of the negatives below a
    prediction, h that of the positives, equal ones by half, and a and b the weights of a row as
    a positive and as a negative, of the sums A and B, each row contributes ::

        p = a (g - AUC) / A        q = b (1 - AUC - h) / B

    and the variance is the sum of (sqrt(u) p + sqrt(v) q)^2, where u = 1 / (1 - sum(a^2) / A^2),
    and v likewise. Equal weights make that m / (m - 1) and n / (n - 1) for m positives and n
    negatives, and the variance DeLong's. It does not change with the scale of the weights.

    With clusters it is Obuchowski's (Biometrics 53, 1997): P and Q, the sums of p and q over
    clusters, in place of p and q, and ::

        i / (i - 1) sum(P^2) + j / (j - 1) sum(Q^2) + 2 k / (k - 1) sum(P Q)

    for i clusters with positives, j with negatives, and k in all; the interval is that of Student's
    t with k - 1 degrees of freedom. Clusters of one row each have DeLong's variance; with weights,
    they differ from that of rows by the factors alone.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> labels = np.array([False, False, True, True])
    >>> found = discrimination(Rows(labels, np.array([0.1, 0.4, 0.35, 0.8])))
    >>> found.auc, round(found.std_error, 6), round(found.ci_low, 6), found.ci_high
    (0.75, 0.353553, 0.057048, 1.0)
    """
    if tally is None:
        counted = rows.counted()
        if not (len(counted) if counted.weights is None else counted.weights.any()):
            return Discrimination(None, no_interval="no positives")
        tally = Tally.of(counted)
    if clusters is None:
        return discrimination_of_tally(tally, confidence)
    lacking = _lacking(tally)
    if lacking is not None:
        return Discrimination(None, no_interval=lacking)
    return _by_cluster(_Ranks(tally), tally, rows, clusters, confidence)


def discrimination_of_tally(tally: Tally, confidence: float = 0.95) -> Discrimination:
    """Do the same for distinct predictions, without clusters.

    Parameters
    ----------
    tally : Tally
        Where it is of fine bins, all predictions of a bin are equal: any pair within one is a tie.
    confidence : float, default 0.95

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> tally = Tally.of(Rows(np.array([True, False]), np.array([0.75, 0.25])))
    >>> found = discrimination_of_tally(tally)
    >>> found.auc, found.ci_low, found.no_interval
    (1.0, None, 'one positive')
    """
    lacking = _lacking(tally)
    if lacking is not None:
        return Discrimination(None, no_interval=lacking)
    return _by_row(_Ranks(tally), tally, confidence)


_EXPONENT, _LARGEST_EXPONENT = (
    400,
    1000,
)  # of sums of weights: no product of any two weights is lost, or too large


class _Ranks:
    """What each distinct prediction says, in blocks that bound the scratch memory.

    Attributes
    ----------
    positives, negatives : float
        Sums of weights.
    auc, rest : float
        The area, and one minus it; each is rounded once.
    """

    def __init__(self, tally: Tally) -> None:
        self._ones, self._zeros = tally.positives, tally.negatives
        self.positives, self.negatives = float(_sum(self._ones)), float(_sum(self._zeros))
        if tally.squares is not None:
            self._ones, self._zeros = _scaled(self._ones), _scaled(self._zeros)
        won = ExactSum()
        for block, below in _twice_below(self._zeros):
            won += _sum_of_products([part[block] for part in self._ones], below)
        twice_won = won.units << -UNIT_EXPONENT
        pairs = 2 * _sum(self._ones).units * _sum(self._zeros).units
        self.auc, self.rest = twice_won / pairs, (pairs - twice_won) / pairs

    def contributions(self) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
        """Yield (g - AUC) / A and (1 - AUC - h) / B, block by block of the predictions."""
        shares = zip(_shares_below(self._zeros), _shares_below(self._ones), strict=True)
        for (block, of_negatives), (_, of_positives) in shares:
            yield (
                block,
                (of_negatives - self.auc) / self.positives,
                (self.rest - of_positives) / self.negatives,
            )


def _lacking(tally: Tally) -> NoInterval | None:
    """Tell why there is no pair of a positive and a negative."""
    if not _sum(tally.positives).units:
        return "no positives"
    return None if _sum(tally.negatives).units else "no negatives"


def _sum(parts: Parts) -> ExactSum:
    return ExactSum.of(np.array([part.sum() for part in parts]))  # the numbers of a part add up


def _scaled(parts: Parts) -> Parts:
    """Bring the sum of weights to a certain size, by a power of two."""
    exponent = _EXPONENT - math.frexp(float(_sum(parts)))[1]
    scale = math.ldexp(1.0, min(exponent, _LARGEST_EXPONENT))
    return tuple(part * scale for part in parts)


def _sum_of_products(ones: Sequence[FloatArray], below: Sequence[FloatArray]) -> ExactSum:
    """Multiply sums of parts. Most predictions have one row, and its weight is one number again."""
    places = np.flatnonzero(reduce(np.logical_or, ones))
    if len(places) == 0:
        return ExactSum()
    left, right = (distilled([part[places] for part in parts]) for parts in (ones, below))
    return reduce(add, starmap(ExactSum.of_products, product(left, right)))


def _twice_below(parts: Parts) -> Iterator[tuple[slice, Parts]]:
    """Yield twice the weight below each prediction, and once that at it, exactly."""
    before = [0.0] * len(parts)
    for block in slices(len(parts[0])):
        below = []
        for i, part in enumerate(parts):
            up_to = np.cumsum(part[block])
            up_to += before[i]
            before[i] = up_to[-1]
            up_to *= 2.0
            up_to -= part[block]
            below.append(up_to)
        yield block, tuple(below)


def _shares_below(parts: Parts) -> Iterator[tuple[slice, FloatArray]]:
    """Yield the share of the weight that is below, equal ones by half; 1 where all of it is."""
    whole = total(tuple(2.0 * part.sum(keepdims=True) for part in parts))
    for block, below in _twice_below(parts):
        shares = total(below)
        shares /= whole
        yield block, shares


def _by_row(ranks: _Ranks, tally: Tally, confidence: float) -> Discrimination:
    """Take each row for itself."""
    positives, negatives, mixed = _square_sums(tally)
    shares = _ratio(positives, ranks.positives), _ratio(negatives, ranks.negatives)
    too_few = _too_few(*shares)
    if too_few is not None:
        return Discrimination(ranks.auc, no_interval=too_few)
    factors = [math.sqrt(1.0 / (1.0 - share)) for share in shares]
    variance = rounding = ExactSum()
    for block, of_positive, of_negative in ranks.contributions():
        p, q = factors[0] * of_positive, factors[1] * of_negative
        squared = positives[block] * p * p
        squared += negatives[block] * q * q
        if mixed is not None:
            rounding += ExactSum.of(squared)
            squared += 2.0 * mixed[block] * p * q
        variance += ExactSum.of(squared)
    least = _least_variance(shares) + _ROUNDING * float(rounding)
    return _with_interval(
        ranks.auc,
        float(variance),
        least,
        t_quantile(confidence, math.inf),
        is_too_narrow=_has_few_wrong(ranks.auc, shares),
    )


def _square_sums(tally: Tally) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """Return sums of squared weights of positives, of negatives, and of the products of both."""
    squares = tally.squares
    if squares is None:
        return tally.positives[0], tally.negatives[0], None
    negatives = squares.weights - squares.labels
    if squares.labels is squares.label_squares:
        return squares.labels, negatives, None
    mixed = squares.labels - squares.label_squares
    negatives -= mixed
    return squares.label_squares, np.maximum(negatives, 0.0), mixed


def _ratio(squares: FloatArray, weight: float) -> float:
    """Return one over the effective number of rows."""
    return float(ExactSum.of(squares)) / weight / weight


def _by_cluster(
    ranks: _Ranks, tally: Tally, rows: Rows, clusters: ClusteredRows, confidence: float
) -> Discrimination:
    """Sum up what the rows of a cluster contribute."""
    labels, weights = as_floats(rows.labels), rows.weights
    weights = np.ones(len(rows)) if weights is None else weights
    if rows.missing is not None:
        weights = np.where(rows.missing, 0.0, weights)
    positives, negatives = weights * labels, weights * (1.0 - labels)
    of_positives, of_negatives = np.empty(len(tally)), np.empty(len(tally))
    for block, of_positive, of_negative in ranks.contributions():
        of_positives[block], of_negatives[block] = of_positive, of_negative
    places = _places(rows, tally)
    of_positives = of_positives[places]
    of_positives *= positives
    of_negatives = of_negatives[places]
    of_negatives *= negatives
    ones = clusters.moments(of_positives, positives)
    zeros = clusters.moments(of_negatives, negatives)
    both = clusters.moments(of_positives + of_negatives, weights)
    shares = 1.0 / ones.n, 1.0 / zeros.n
    too_few = _too_few(*shares)
    if too_few is not None:
        return Discrimination(ranks.auc, no_interval=too_few)
    factor = _factor(both.n)  # the least of the three, so that all terms are positive
    variance = (
        factor * float(both.value_squares)
        + (_factor(ones.n) - factor) * float(ones.value_squares)
        + (_factor(zeros.n) - factor) * float(zeros.value_squares)
    )
    are_few = min(ones.n, zeros.n) < ENOUGH_CLUSTERS or both.effective_n < ENOUGH_IN_EFFECT
    of_rows = _ratio(positives**2, ranks.positives), _ratio(negatives**2, ranks.negatives)
    return _with_interval(
        ranks.auc,
        variance,
        _least_variance(shares),
        t_quantile(confidence, both.n - 1),
        is_too_narrow=are_few or _has_few_wrong(ranks.auc, of_rows),
    )


def _places(rows: Rows, tally: Tally) -> Places:
    """Return the place of each row's prediction; any for rows that do not count.

    Searched for in their order, which is many times faster with many of them.
    """
    keys, values = tally.predictions, rows.probabilities
    if tally.logits is not None and rows.logits is not None:
        keys, values = tally.logits, rows.logits
    order = np.argsort(values)
    places = np.empty(len(values), np.intp)
    places[order] = np.searchsorted(keys, values[order])
    return np.minimum(places, len(tally) - 1, out=places)


def _factor(n: int) -> float:
    return n / (n - 1)


_ALMOST_ALL = 1.0 - 1e-9


def _too_few(positives: float, negatives: float) -> NoInterval | None:
    """Tell whether all weight of a label is in one place; takes the greatest share of one."""
    if positives > _ALMOST_ALL:
        return "one positive"
    return "one negative" if negatives > _ALMOST_ALL else None


def _has_few_wrong(auc: float, shares: tuple[float, float]) -> bool:
    """Tell whether so few pairs are in the less usual order that an interval is too narrow.

    Shares are one over the effective numbers of rows. What counts are not pairs, but rows of the
    rarer label.
    """
    return min(auc, 1.0 - auc) < ENOUGH_WRONG * max(shares)


_ROUNDING = 4.0 * float(np.finfo(np.float64).eps)


def _least_variance(shares: tuple[float, float]) -> float:
    """Return a variance that is nothing but the rounding of contributions."""
    return _ROUNDING**2 * sum(shares)


def _with_interval(
    auc: float, variance: float, least: float, reach: float, *, is_too_narrow: bool
) -> Discrimination:
    """Put some standard errors to either side, unless the variance is at its least."""
    if variance <= least:
        return Discrimination(auc, no_interval="separated" if auc in {0.0, 1.0} else "no spread")
    error = math.sqrt(variance)
    low, high = auc - reach * error, auc + reach * error
    return Discrimination(auc, error, max(low, 0.0), min(high, 1.0), is_too_narrow=is_too_narrow)
