"""What a reliability diagram is drawn from besides its bins."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.bins import uniform_edges
from bce_cli.core.calibration.exact_parts import total

if TYPE_CHECKING:
    from bce_cli.core.calibration.pooling import Pools
    from bce_cli.core.calibration.tally import Tally
    from bce_cli.core.rows import FloatArray

N_HISTOGRAM_BINS = 100


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


def histogram(tally: Tally) -> tuple[float, ...]:
    """Sum the weights of predictions over `N_HISTOGRAM_BINS` bins of equal width.

    Examples
    --------
    >>> from bce_cli.core.calibration.tally import Tally
    >>> from bce_cli.core.rows import Rows
    >>> heights = histogram(Tally.of(Rows(np.array([True, False]), np.array([0.0, 0.995]))))
    >>> heights[0], heights[-1], sum(heights)
    (1.0, 1.0, 2.0)
    """
    edges = np.array(uniform_edges(N_HISTOGRAM_BINS))
    ends = np.searchsorted(tally.predictions, edges[1:-1], side="right")
    weights = total(tally.positives) + total(tally.negatives)
    places = [0, *ends.tolist(), len(tally)]
    return tuple(float(weights[low:high].sum()) for low, high in pairwise(places))
