"""Quantiles of numbers of which some may be infinite."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile of sorted numbers, between neighbours on a straight line, as NumPy does.

    Examples
    --------
    >>> quantile([1.0, 2.0, 4.0], 0.75), quantile([1.0, math.inf, math.inf], 0.75)
    (3.0, inf)
    """
    place = share * (len(values) - 1)
    below = math.floor(place)
    low, high = values[below], values[min(below + 1, len(values) - 1)]
    return low if low == high or place == below else low + (high - low) * (place - below)
