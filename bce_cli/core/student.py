"""Student's t distribution: intervals and p values of means."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def t_quantile(confidence: float, df: float) -> float:
    """Return how many standard errors an interval reaches to either side.

    Parameters
    ----------
    confidence : float
        In (0, 1), such as 0.95.
    df : float
        Degrees of freedom, above 0; infinite for the normal distribution.

    Examples
    --------
    >>> round(t_quantile(0.95, 10), 6), round(t_quantile(0.95, float("inf")), 6)
    (2.228139, 1.959964)
    """
    from scipy.special import ndtri, stdtrit

    tail = (1.0 - confidence) / 2.0  # the lower one, which does not round to 1
    return -float(ndtri(tail) if math.isinf(df) else stdtrit(df, tail))


def two_sided_p(t: float, df: float) -> float:
    """Return the probability of a t at least as far from 0, if the mean is 0.

    Examples
    --------
    >>> round(two_sided_p(-2.228138852, 10), 9)
    0.05
    """
    from scipy.special import stdtr

    return 2.0 * float(stdtr(df, -abs(t)))


def holm_adjusted(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjust p values for having been several, by Holm's step-down procedure.

    With any of them below a level, the chance that one of those was no real difference is at most
    that level (Holm, Scand. J. Statist. 6, 1979). Undefined ones stay so, and are not counted.

    Examples
    --------
    >>> holm_adjusted([0.01, 0.5, 0.02, None])
    [0.03, 0.5, 0.04, None]
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    least = 0.0
    for rank, (p, place) in enumerate(known):
        least = max(least, min(1.0, (len(known) - rank) * p))
        adjusted[place] = least
    return adjusted
