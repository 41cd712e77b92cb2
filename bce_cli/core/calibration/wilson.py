"""An interval for a rate that was seen in some rows."""

from __future__ import annotations

import math

from bce_cli.core.report import NORMAL_QUANTILE


def wilson_interval(rate: float, n: float) -> tuple[float, float]:
    """Return the 95 % score interval of a rate seen in `n` rows.

    It never leaves [0, 1], and is no point where the rate is 0 or 1 (Wilson, "Probable inference,
    the law of succession, and statistical inference", J. Am. Stat. Assoc. 22, 1927).

    Examples
    --------
    >>> [round(limit, 4) for limit in wilson_interval(0.1, 10)]
    [0.0179, 0.4042]
    """
    z2 = NORMAL_QUANTILE**2 / n
    above = rate + z2 / 2.0 + math.sqrt(z2 * (rate * (1.0 - rate) + z2 / 4.0))
    low = rate * rate / above  # a difference of both terms would cancel
    high = above / (1.0 + z2)
    return min(low, rate), max(min(high, 1.0), rate)
