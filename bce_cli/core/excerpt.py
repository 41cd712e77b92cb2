"""A few rows of the data beside the running product and the running sum of logarithms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.exact_sum import ExactSum

if TYPE_CHECKING:
    from bce_cli.core.rows import ScoredRows

ROWS_BEFORE, ROWS_AFTER = 2, 1
"""Rows shown around the one at which the product becomes 0."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """What all rows before a piece came to.

    Attributes
    ----------
    n : int
        Rows.
    product : float
        Their raw float64 likelihood product.
    losses : ExactSum
        The weighted sum of their losses in nats.
    is_infinite : bool
        Whether one of those losses was infinite, and left out of the sum.
    """

    n: int
    product: float
    losses: ExactSum
    is_infinite: bool

    @property
    def log_likelihood(self) -> float:
        """Weighted sum of the logarithms of all likelihoods, in nats; rounded once."""
        return -math.inf if self.is_infinite else 0.0 - float(self.losses)


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """One row as the table shows it; losses and logarithms in nats, `row` 1-based."""

    row: int
    id: str | None
    label: float
    prediction: float
    weight: float | None
    likelihood: float
    loss: float
    running_product: float
    running_log_likelihood: float


def example_rows(piece: ScoredRows, prefix: Prefix, indices: list[int]) -> list[ExampleRow]:
    """Show some rows of a piece.

    Parameters
    ----------
    piece : ScoredRows
        Shape (n,).
    prefix : Prefix
        The rows before the piece.
    indices : list of int
        0-based, ascending, within the piece.
    """
    if not indices:
        return []
    factors = np.append(prefix.product, piece.factors[: indices[-1] + 1])
    with np.errstate(under="ignore"):
        products = np.multiply.accumulate(factors)[1:]
    examples = []
    start = 0
    for index in indices:
        stretch = piece.weighted_losses(start, index + 1)
        finite = stretch[np.isfinite(stretch)]
        prefix = Prefix(
            n=prefix.n + len(stretch),
            product=float(products[index]),
            losses=prefix.losses + ExactSum.of(finite),
            is_infinite=prefix.is_infinite or len(finite) < len(stretch),
        )
        start = index + 1
        examples.append(example_row(piece, index, prefix))
    return examples


def example_row(piece: ScoredRows, index: int, prefix: Prefix) -> ExampleRow:
    """Show row `index` of a piece, where `prefix` includes that row."""
    ids = piece.rows.ids
    return ExampleRow(
        row=prefix.n,
        id=None if ids is None else ids[index],
        label=piece.rows.label(index),
        prediction=float(piece.rows.probabilities[index]),
        weight=piece.rows.weight(index),
        likelihood=float(piece.likelihoods[index]),
        loss=float(piece.losses[index]),
        running_product=prefix.product,
        running_log_likelihood=prefix.log_likelihood,
    )


class Excerpt:
    """Collects the first rows and those around the one at which the product becomes 0.

    Parameters
    ----------
    n_first : int
        How many rows to take from the start.
    """

    def __init__(self, n_first: int) -> None:
        self._n_first = n_first
        self._lost_row: int | None = None
        self._kept: dict[int, ExampleRow] = {}

    def needs(self, n: int) -> bool:
        """Whether rows after the first `n` may have to be shown."""
        return n < self._n_first or self._lost_row is None or n < self._lost_row + ROWS_AFTER

    def extend(self, piece: ScoredRows, prefix: Prefix, lost_row: int | None) -> None:
        """Take in the next piece.

        Parameters
        ----------
        piece : ScoredRows
        prefix : Prefix
            The rows before the piece.
        lost_row : int or None
            1-based row of the whole data at which the product became 0, if it did so by the end of
            this piece.
        """
        self._lost_row = lost_row
        end = prefix.n + len(piece)
        wanted = set(range(prefix.n + 1, min(self._n_first, end) + 1))
        if lost_row is None:  # it may be the first row of the next piece
            wanted.update(range(end - ROWS_BEFORE + 1, end + 1))
        else:
            wanted.update(range(lost_row - ROWS_BEFORE, lost_row + ROWS_AFTER + 1))
        indices = sorted(row - prefix.n - 1 for row in wanted if prefix.n < row <= end)
        missing = piece.rows.missing
        if missing is not None:
            indices = [index for index in indices if not missing[index]]
        for example in example_rows(piece, prefix, indices):
            self._kept[example.row] = example
        self._kept = {row: kept for row, kept in self._kept.items() if self._is_wanted(row, end)}

    def _is_wanted(self, row: int, end: int) -> bool:
        if row <= self._n_first:
            return True
        if self._lost_row is None:
            return row > end - ROWS_BEFORE
        return self._lost_row - ROWS_BEFORE <= row <= self._lost_row + ROWS_AFTER

    def result(self, last: ExampleRow) -> tuple[ExampleRow, ...]:
        """Return the rows to show, in order, with the last row of the data among them."""
        shown = {
            row: kept
            for row, kept in self._kept.items()
            if row <= self._n_first or self._lost_row is not None
        }
        return tuple(example for _, example in sorted((shown | {last.row: last}).items()))
