"""Spiegelhalter's test, whether the Brier score is what calibrated predictions would have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.exact_parts import total
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.logits import sigmoid

if TYPE_CHECKING:
    from bce_cli.core.calibration.tally import Tally
    from bce_cli.core.rows import Rows


@dataclass(frozen=True, slots=True)
class SpiegelhalterTest:
    """A statistic that is standard normal for calibrated predictions, and its two-sided p value."""

    z: float
    p_value: float


@dataclass(frozen=True, slots=True)
class SpiegelhalterSums:
    """What the statistic is made of, which needs no sorted rows.

    Attributes
    ----------
    excess, variance : ExactSum
        Numerator of z, and the square of its denominator; meaningless with soft labels.
    """

    excess: ExactSum
    variance: ExactSum

    @classmethod
    def of(cls, rows: Rows) -> SpiegelhalterSums:
        """Sum up rows of which none is left out."""
        p = rows.probabilities
        rest = 1.0 - p if rows.logits is None else sigmoid(-rows.logits)
        lean = rest - p
        excess = np.where(rows.labels == 1.0, rest, -p)
        excess *= lean
        lean *= lean
        lean *= p
        lean *= rest
        if rows.weights is not None:
            excess *= rows.weights
            lean *= rows.weights * rows.weights
        return cls(ExactSum.of(excess), ExactSum.of(lean))

    def __add__(self, other: SpiegelhalterSums) -> SpiegelhalterSums:
        return SpiegelhalterSums(self.excess + other.excess, self.variance + other.variance)

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
    p = tally.predictions
    rest = 1.0 - p if tally.logits is None else sigmoid(-tally.logits)
    lean = rest - p
    positives, negatives = total(tally.positives), total(tally.negatives)
    squares = positives + negatives if tally.squares is None else tally.squares.weights
    variance = ExactSum.of(squares * (lean * lean * p * rest))
    excess = ExactSum.of(positives * (rest * lean)) - ExactSum.of(negatives * (p * lean))
    return SpiegelhalterSums(excess, variance).test()
