"""Isotonic recalibration: the best prediction for each pool of rows, if order is to be kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.exact_parts import Parts, Places, merged, total

if TYPE_CHECKING:
    from bce_cli.core.calibration.tally import Tally
    from bce_cli.core.rows import FloatArray

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
    from scipy.optimize import isotonic_regression

    # What falls is pooled in any case, and done at once it leaves SciPy much less to hold.
    means = event_rates(tally.positives, tally.negatives)
    starts = np.flatnonzero(np.diff(means, prepend=-1.0) > 0.0)
    del means
    positives, negatives = merged(tally.positives, starts), merged(tally.negatives, starts)
    while True:
        means = event_rates(positives, negatives)
        weights = total(positives) + total(negatives)
        inner = isotonic_regression(means, weights=weights).blocks[:-1]
        if len(inner) == len(starts):
            return Pools(starts, positives, negatives, means)
        starts = starts[inner]
        positives, negatives = merged(positives, inner), merged(negatives, inner)


def pool_all(tally: Tally) -> Pools:
    """Pool all predictions, whose recalibrated prediction is the base rate."""
    starts = np.zeros(1, np.intp)
    positives, negatives = merged(tally.positives, starts), merged(tally.negatives, starts)
    return Pools(starts, positives, negatives, event_rates(positives, negatives))


def event_rates(positives: Parts, negatives: Parts) -> FloatArray:
    """Return shares of label 1, which are 0 or 1 only if the sum of one label is 0; shape (m,)."""
    ones, zeros = total(positives), total(negatives)
    rates = ones / (ones + zeros)
    np.copyto(rates, _JUST_ABOVE_0, where=(rates == 0.0) & (ones > 0.0))
    np.copyto(rates, _JUST_BELOW_1, where=(rates == 1.0) & (zeros > 0.0))
    return rates
