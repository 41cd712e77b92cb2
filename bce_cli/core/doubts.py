"""Sums that show when predictions are not what they are taken for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.rows import weighted
from bce_cli.core.state import State

if TYPE_CHECKING:
    from bce_cli.core.rows import FloatArray


@dataclass(frozen=True, slots=True)
class Doubts(State):
    """Sums that show when a result is exact, and yet surely not what was meant.

    Attributes
    ----------
    n_certain : int
        Predictions of exactly 0 or 1; none where they are logits.
    n_infinite : int
        Rows whose weighted loss would be infinite for 1 - p; they are in no sum.
    losses : ExactSum
        Weighted sum of the other losses for 1 - p in place of p, in nats.
    """

    n_certain: int
    n_infinite: int
    losses: ExactSum

    @classmethod
    def of(cls, losses: FloatArray, weights: FloatArray | None, n_certain: int) -> Doubts:
        """Sum up the losses that 1 - p would have in place of p.

        Examples
        --------
        >>> found = Doubts.of(np.array([0.5, np.inf]), None, 1)
        >>> found.n_infinite, float((found + found).losses)
        (1, 1.0)
        """
        products, n_infinite = weighted(losses, weights), 0
        if len(products) and not np.isfinite(products.max()):
            infinite = np.isinf(products)  # a product beyond float64 would not do better
            n_infinite = int(np.count_nonzero(infinite))
            products = np.where(infinite, 0.0, products)
        return cls(n_certain, n_infinite, ExactSum.of(products))
