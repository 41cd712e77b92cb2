"""What a mean loss is made of: miscalibration, discrimination and uncertainty."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from bce_cli.core.calibration.tally import pooled, total
from bce_cli.core.exact_sum import ExactSum, slices, two_product
from bce_cli.core.mean_loss import MeanTotals
from bce_cli.core.rows import Predictions, as_floats
from bce_cli.core.rules import Costs, exact_costs, exact_logit_costs, sigmoid
from bce_cli.core.state import State
from bce_cli.core.totals import squared_errors
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.calibration.tally import Parts, Tally
    from bce_cli.core.rows import FloatArray, Places, Rows
    from bce_cli.core.rules import CostRule
    from bce_cli.core.totals import LossTotals

    LossSum: TypeAlias = tuple[ExactSum, int]


_JUST_BELOW_1 = float(np.nextafter(1.0, 0.0))
_JUST_ABOVE_0 = float(np.nextafter(0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Pools:
    """Runs of neighbouring predictions that share one recalibrated prediction.

    Attributes
    ----------
    starts : ndarray of intp, shape (k,)
        The first of each run, in the order of the tally.
    positives, negatives : tuple of ndarray of float64, shape (k,)
        Parts of the sums over each run, exact.
    means : ndarray of float64, shape (k,)
        Share of label 1 in each run: the recalibrated predictions, ascending. They are 0 or 1 only
        where there is no other label.
    """

    starts: Places
    positives: Parts
    negatives: Parts
    means: FloatArray


def pool_adjacent_violators(tally: Tally) -> Pools:
    """Pool predictions until the shares of label 1 rise from pool to pool.

    The pool-adjacent-violators algorithm (Ayer et al., Ann. Math. Stat. 26, 1955), as SciPy has it,
    on distinct predictions. SciPy carries means along, whose rounding errors add up; here the means
    come from exact sums, and where these still fall, they are pooled again. So each pool of the
    same rows has the same mean to the last bit, and recalibrating twice changes nothing.

    Parameters
    ----------
    tally : Tally
        At least one prediction.

    Examples
    --------
    >>> from bce_cli.core.calibration.tally import Tally
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([False, True, False, True]), np.array([0.1, 0.2, 0.3, 0.9]))
    >>> pools = pool_adjacent_violators(Tally.of(rows))
    >>> pools.starts.tolist(), pools.means.tolist()
    ([0, 1, 3], [0.0, 0.5, 1.0])
    """
    return pool_runs(tally, _rises(tally))


def pool_runs(tally: Tally, starts: Places) -> Pools:
    """Do the same with what was pooled to runs before, in the order of the tally."""
    from scipy.optimize import isotonic_regression

    positives, negatives = pooled(tally.positives, starts), pooled(tally.negatives, starts)
    while True:
        means = event_rates(positives, negatives)
        weights = total(positives) + total(negatives)
        inner = isotonic_regression(means, weights=weights).blocks[:-1]
        if len(inner) == len(starts):
            return Pools(starts, positives, negatives, means)
        starts = starts[inner]
        positives, negatives = pooled(positives, inner), pooled(negatives, inner)


def _rises(tally: Tally) -> Places:
    """Find the first prediction, and all whose event rate is above that of the one before.

    What does not rise is pooled in any case, and done at once it leaves SciPy much less to hold.
    """
    found, before = [], -1.0
    for block in slices(len(tally)):
        sides = ([part[block] for part in parts] for parts in (tally.positives, tally.negatives))
        rates = event_rates(*map(tuple, sides))
        found.append(np.flatnonzero(np.diff(rates, prepend=before) > 0.0) + block.start)
        before = float(rates[-1])
    return np.concatenate(found)


def pool_all(tally: Tally) -> Pools:
    """Pool all predictions, whose recalibrated prediction is the base rate."""
    starts = np.zeros(1, np.intp)
    positives, negatives = pooled(tally.positives, starts), pooled(tally.negatives, starts)
    return Pools(starts, positives, negatives, event_rates(positives, negatives))


def event_rates(positives: Parts, negatives: Parts) -> FloatArray:
    """Return shares of label 1, which are 0 or 1 only if the sum of one label is 0; shape (m,)."""
    ones, zeros = total(positives), total(negatives)
    rates = ones / (ones + zeros)
    np.copyto(rates, _JUST_ABOVE_0, where=(rates == 0.0) & (ones > 0.0))
    np.copyto(rates, _JUST_BELOW_1, where=(rates == 1.0) & (zeros > 0.0))
    return rates


@dataclass(frozen=True, slots=True)
class IsotonicCurve:
    """Recalibrated predictions: constant over each pool, rising from pool to pool.

    Attributes
    ----------
    lows, highs : ndarray of float64, shape (k,)
        Least and greatest prediction of each pool, as probabilities.
    rates : ndarray of float64, shape (k,)
        Share of label 1 there, which is the recalibrated prediction.
    """

    lows: FloatArray
    highs: FloatArray
    rates: FloatArray

    def __call__(self, prediction: float) -> float | None:
        """Return the recalibrated prediction, on a straight line between pools.

        None outside of all predictions.

        Examples
        --------
        >>> curve = IsotonicCurve(np.array([0.1, 0.6]), np.array([0.2, 0.9]), np.array([0.0, 0.5]))
        >>> curve(0.15), round(curve(0.4), 4), curve(0.9), curve(0.95)
        (0.0, 0.25, 0.5, None)
        """
        if not self.lows[0] <= prediction <= self.highs[-1]:
            return None
        index = int(np.searchsorted(self.lows, prediction, side="right")) - 1
        if prediction <= self.highs[index]:
            return float(self.rates[index])
        x, y = (self.highs[index], self.lows[index + 1]), self.rates[index : index + 2]
        return float(np.interp(prediction, x, y))


def isotonic_curve(tally: Tally, pools: Pools) -> IsotonicCurve:
    """Return the curve of pooled predictions."""
    ends = np.append(pools.starts[1:], len(tally)) - 1
    return IsotonicCurve(tally.predictions[pools.starts], tally.predictions[ends], pools.means)


PARTS = ("mean", "miscalibration", "discrimination", "uncertainty", "recalibrated")
"""Of every decomposition, as `Decomposition` has them."""

_ROUNDING = 2.0**-50  # more than the roundings of a spread, or of squares, come to


@dataclass(frozen=True, slots=True)
class Decomposition:
    """A mean loss and its parts: mean = miscalibration - discrimination + uncertainty.

    The CORP decomposition of Dimitriadis, Gneiting and Jordan, "Stable reliability diagrams for
    probabilistic classifiers", PNAS 118 (2021), with isotonic recalibration. It needs no bins.
    Where rows were summed up in fine ones, miscalibration and discrimination are those of the mean
    predictions of the bins, and `within_bins` is added to the sum.

    Attributes
    ----------
    mean : float
        Infinite with an impossible row, and `miscalibration` with it.
    miscalibration : float
        What recalibrating would take away: `mean` minus `recalibrated`; never negative.
    discrimination : float
        What recalibrated predictions are better than the base rate; never negative.
    uncertainty : float
        What predicting the base rate costs.
    recalibrated : float
        Mean loss of the recalibrated predictions.
    within_bins : float or None
        What the predictions lose to the mean predictions of their fine bins; below 0 where they
        tell rows of one bin apart. None without such bins, or if the mean is infinite.

    References
    ----------
    Stephenson, Coelho and Jolliffe, "Two extra components in the Brier score decomposition",
    Weather and Forecasting 23 (2008), 752-757: what bins do to a decomposition.
    """

    mean: float
    miscalibration: float
    discrimination: float
    uncertainty: float
    recalibrated: float
    within_bins: float | None = None

    def per(self, unit: float) -> Decomposition:
        """Return all of it in another unit."""
        within_bins = None if self.within_bins is None else self.within_bins / unit
        scaled = {part: getattr(self, part) / unit for part in PARTS}
        return replace(self, **scaled, within_bins=within_bins)


@dataclass(frozen=True, slots=True)
class OwnLosses(State):
    """What the rows of a tally lose: weights times losses, none of which was rounded.

    It is what `loss_sum` finds of their tally, and needs no order.

    Attributes
    ----------
    log_losses : ExactSum
        Of the finite ones.
    n_infinite : int
        Rows whose log loss is infinite.
    squared_errors : ExactSum or None
        Of rows with soft labels, less their spread. None where nobody asked for them.
    """

    log_losses: ExactSum
    n_infinite: int
    squared_errors: ExactSum | None

    @classmethod
    def of(cls, rows: Rows, losses: FloatArray, totals: LossTotals | MeanTotals) -> OwnLosses:
        """Sum up some rows, those that are left out among them.

        Parameters
        ----------
        rows : Rows
        losses : ndarray of float64, shape (n,)
            Their exact losses.
        totals : LossTotals or MeanTotals
            Of these; by the latter, there are no squared errors.

        Examples
        --------
        >>> from bce_cli.core.rows import Rows
        >>> from bce_cli.core.totals import LossTotals
        >>> rows = Rows(np.array([True, False]), np.array([1.0, 0.5]), np.array([0.5, 2.0]))
        >>> losses = exact_costs(rows.probabilities).of(rows.labels)
        >>> own = OwnLosses.of(rows, losses, LossTotals.of(rows))
        >>> round(float(own.log_losses), 6), float(own.squared_errors)
        (1.386294, 0.5)
        """
        weights = rows.weights
        if rows.labels.dtype != np.bool_:
            return cls._of_soft_labels(rows.counted())
        squares = None if isinstance(totals, MeanTotals) else totals.squared_errors
        if weights is None:
            return cls(totals.losses, totals.n_infinite, squares)
        are_finite = np.isfinite(losses)
        finite = losses if are_finite.all() else np.where(are_finite, losses, 0.0)
        return cls(
            ExactSum.of_products(weights, finite),
            totals.n_infinite,
            None if squares is None else ExactSum.of_products(weights, squared_errors(rows)),
        )

    @classmethod
    def _of_soft_labels(cls, rows: Rows) -> OwnLosses:
        labels, weights = as_floats(rows.labels), rows.weights
        sides = (labels, 1.0 - labels)
        positives, negatives = (
            (side,) if weights is None else two_product(weights, side) for side in sides
        )
        if rows.logits is None:
            own = loss_sum(positives, negatives, rows.probabilities, exact_costs)
        else:
            own = loss_sum(positives, negatives, rows.logits, exact_logit_costs)
        squared, _ = loss_sum(positives, negatives, rows.probabilities, squared_costs)
        return cls(*own, squared)


def decompose_log_loss(
    tally: Tally, pools: Pools, of_rows: LossSum | None = None, own: OwnLosses | None = None
) -> Decomposition:
    """Decompose the mean binary cross-entropy, in nats.

    Parameters
    ----------
    tally : Tally
    pools : Pools
        Of that tally.
    of_rows : (ExactSum, int), optional
        Where the tally is one of fine bins: the sum of the finite losses of all rows, and how many
        are infinite.
    own : OwnLosses, optional
        Of the rows of the tally, where the caller has them already.

    Examples
    --------
    >>> from bce_cli.core.calibration.decomposition import pool_adjacent_violators
    >>> from bce_cli.core.calibration.tally import Tally
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([False, True, False, True]), np.array([0.1, 0.2, 0.3, 0.9]))
    >>> tally = Tally.of(rows)
    >>> parts = decompose_log_loss(tally, pool_adjacent_violators(tally))
    >>> round(parts.miscalibration, 6), round(parts.discrimination, 6)
    (0.197635, 0.346574)
    """
    if own is not None:
        lost = own.log_losses, own.n_infinite
    elif tally.logits is None:
        lost = loss_sum(tally.positives, tally.negatives, tally.predictions, exact_costs)
    else:
        lost = loss_sum(tally.positives, tally.negatives, tally.logits, exact_logit_costs)
    return _decompose(tally, pools, lost, exact_costs, of_rows=of_rows)


def decompose_brier(
    tally: Tally, pools: Pools, of_rows: ExactSum | None = None, own: OwnLosses | None = None
) -> Decomposition:
    """Decompose the Brier score, (y - p)^2; see `decompose_log_loss`.

    For a soft label that is y (1 - p)^2 + (1 - y) p^2 but for the spread y (1 - y), which no
    prediction changes.
    """
    spread = tally.label_spread or ExactSum()
    if own is not None and own.squared_errors is not None:
        lost = own.squared_errors, 0
    else:
        lost = loss_sum(tally.positives, tally.negatives, tally.predictions, squared_costs)
    with_spread = None if of_rows is None else (of_rows + spread, 0)
    return _decompose(tally, pools, lost, squared_costs, of_rows=with_spread, spread=spread)


def squared_costs(probabilities: FloatArray) -> Costs:
    """(1 - p)^2 and p^2: the Brier score of either label."""
    rest = 1.0 - probabilities
    return Costs(positive=rest * rest, negative=probabilities * probabilities)


def _decompose(
    tally: Tally,
    pools: Pools,
    own: LossSum,
    rule: CostRule,
    *,
    of_rows: LossSum | None,
    spread: ExactSum = ExactSum(),
) -> Decomposition:
    """Compare the losses of the predictions, of the pools and of the base rate.

    Each is a sum of exact products, so a forecast that was recalibrated loses exactly what its
    pools lose. Rounded losses may leave less than nothing of a difference; that is nothing.
    """
    own_sum, _ = own
    rows_sum, n_infinite = of_rows or own
    best, _ = loss_sum(pools.positives, pools.negatives, pools.means, rule)
    whole = pool_all(tally)
    base, _ = loss_sum(whole.positives, whole.negatives, whole.means, rule)
    weights = _sum_of(whole.positives) + _sum_of(whole.negatives)
    is_infinite = n_infinite > 0
    return Decomposition(
        mean=math.inf if is_infinite else _ratio(rows_sum - spread, weights),
        miscalibration=math.inf if is_infinite else _ratio(own_sum - best, weights),
        discrimination=_ratio(base - best, weights),
        uncertainty=_ratio(_without(spread, base), weights),
        recalibrated=_ratio(_without(spread, best), weights),
        within_bins=(
            None if of_rows is None or is_infinite else (rows_sum - own_sum).over(weights)
        ),
    )


def _without(spread: ExactSum, loss: ExactSum) -> ExactSum:
    """Take a spread away from a loss; no more is left of one that is all spread than rounding."""
    rest = loss - spread
    return ExactSum() if float(rest) <= _ROUNDING * float(spread) else rest


def loss_sum(
    positives: Parts, negatives: Parts, predictions: FloatArray, rule: CostRule
) -> LossSum:
    """Sum up losses, and count the predictions whose loss is infinite and in no sum."""
    result, n_infinite = ExactSum(), 0
    for block in slices(len(predictions)):
        costs = rule(predictions[block])
        for parts, side in ((positives, costs.positive), (negatives, costs.negative)):
            finite = np.isfinite(side)
            if not finite.all():
                shares = total(tuple(part[block] for part in parts))
                n_infinite += int(np.count_nonzero(~finite & (shares > 0.0)))
                side[~finite] = 0.0
            for part in parts:
                result += ExactSum.of_products(part[block], side.astype(np.float64, copy=False))
    return result, n_infinite


def _sum_of(parts: Parts) -> ExactSum:
    return sum((ExactSum.of(part) for part in parts), ExactSum())


def _ratio(loss: ExactSum, weights: ExactSum) -> float:
    return max(loss.over(weights), 0.0)


@dataclass(frozen=True, slots=True)
class SpiegelhalterTest:
    """A statistic that is standard normal for calibrated predictions, and its two-sided p value."""

    z: float
    p_value: float


@dataclass(frozen=True, slots=True)
class SpiegelhalterSums(State):
    """What the statistic is made of, which needs no sorted rows.

    Attributes
    ----------
    excess, variance : ExactSum
        Numerator of z, and the square of its denominator; meaningless with soft labels.
    """

    excess: ExactSum
    variance: ExactSum

    @classmethod
    def of(
        cls,
        predictions: Predictions,
        positives: FloatArray,
        negatives: FloatArray,
        squares: FloatArray | float,
    ) -> SpiegelhalterSums:
        """Sum up predictions, given the weights of both labels and the sums of squared weights."""
        p = predictions.probabilities
        rest = 1.0 - p if predictions.logits is None else sigmoid(-predictions.logits)
        lean = rest - p
        excess = ExactSum.of(positives * (rest * lean)) - ExactSum.of(negatives * (p * lean))
        return cls(excess, ExactSum.of(squares * (lean * lean * p * rest)))

    @classmethod
    def of_rows(cls, rows: Rows) -> SpiegelhalterSums:
        """Sum up rows of which none is left out."""
        ones = as_floats(rows.labels)
        labels = ones, 1.0 - ones
        squares: FloatArray | float = 1.0
        if rows.weights is not None:
            labels = labels[0] * rows.weights, labels[1] * rows.weights
            squares = rows.weights * rows.weights
        return cls.of(rows.predictions, *labels, squares)

    def test(self) -> SpiegelhalterTest | None:
        """Return the test, or None where the statistic has no variance."""
        from scipy.special import ndtr

        variance = float(self.variance)
        if variance == 0.0:
            return None
        z = float(self.excess) / math.sqrt(variance)
        return SpiegelhalterTest(z, 2.0 * float(ndtr(-abs(z))))


def spiegelhalter_test(tally: Tally) -> SpiegelhalterTest | None:
    r"""Test whether predictions are calibrated.

    Parameters
    ----------
    tally : Tally

    Returns
    -------
    SpiegelhalterTest or None
        None if every prediction is 0, 0.5 or 1, so that the statistic has no variance, or if labels
        are soft, whose variance is another one.

    Notes
    -----
    With weights w, :math:`z = \sum w (y - p)(1 - 2p) / \sqrt{\sum w^2 (1 - 2p)^2 p (1 - p)}`.

    References
    ----------
    D. J. Spiegelhalter, "Probabilistic prediction in patient management and clinical trials",
    Statistics in Medicine 5 (1986), 421-433.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.calibration.tally import Tally
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False]), np.array([0.2, 0.2]))
    >>> test = spiegelhalter_test(Tally.of(rows))
    >>> round(test.z, 6), round(test.p_value, 6)
    (1.06066, 0.288844)
    """
    if tally.has_soft_labels:
        return None
    positives, negatives = total(tally.positives), total(tally.negatives)
    squares = positives + negatives if tally.squares is None else tally.squares.weights
    predictions = Predictions(tally.predictions, tally.logits)
    return SpiegelhalterSums.of(predictions, positives, negatives, squares).test()
