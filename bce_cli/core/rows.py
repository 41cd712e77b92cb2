"""The arrays that every computation starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rows:
    """Validated rows of one piece of the data, in their order.

    Attributes
    ----------
    positive : ndarray of bool, shape (n,)
        True where the label is 1.
    probabilities : ndarray of float64, shape (n,)
        Predicted P(label = 1), each in [0, 1].
    weights : ndarray of float64, shape (n,), optional
        Non-negative case weights; None stands for all ones.
    ids : sequence of str, shape (n,), optional
        What the user calls each row.
    """

    positive: BoolArray
    probabilities: FloatArray
    weights: FloatArray | None = None
    ids: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.probabilities)

    def tail(self) -> Rows:
        """Return the last row alone, without holding on to the others."""
        start = max(len(self) - 1, 0)
        return Rows(
            positive=self.positive[start:].copy(),
            probabilities=self.probabilities[start:].copy(),
            weights=None if self.weights is None else self.weights[start:].copy(),
            ids=None if self.ids is None else [self.ids[i] for i in range(start, len(self))],
        )


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """Rows with what a convention makes of them.

    Attributes
    ----------
    rows : Rows
    likelihoods : ndarray of float64, shape (n,)
        The probability given to each label.
    losses : ndarray of float64, shape (n,)
        In nats.
    """

    rows: Rows
    likelihoods: FloatArray
    losses: FloatArray

    def __len__(self) -> int:
        return len(self.rows)

    def weighted_losses(self, start: int, stop: int) -> FloatArray:
        """Return the losses of some rows times their weights."""
        losses, weights = self.losses[start:stop], self.rows.weights
        return weighted(losses, None if weights is None else weights[start:stop])


def weighted(losses: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Return losses times weights; a row of weight 0 counts for nothing, even if infinite."""
    if weights is None:
        return losses
    products = np.zeros(len(losses))
    return np.multiply(losses, weights, out=products, where=weights > 0.0)
