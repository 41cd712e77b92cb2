"""All sums and counts that a report needs, exact and mergeable."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.extraction import UNIT_EXPONENT
from bce_cli.core.moments import Moments
from bce_cli.core.row_sums import (
    count_positive,
    count_soft,
    count_weightless,
    divisor_sums,
    finite_losses,
    label_entropies,
    weight_sums,
)
from bce_cli.core.validate import check_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.rows import FloatArray, Rows


@dataclass(frozen=True, slots=True)
class LossTotals:
    """What is known of some rows, small and independent of how they were split.

    Merging is associative; all but `first_impossible_row` is commutative too, so every figure
    derived from the sums has the same digits for one piece or a thousand.

    Attributes
    ----------
    n, n_positive : int
        Rows, and rows with label 1.
    n_missing : int
        Rows that were left out, and are in none of the other counts and sums.
    n_weightless : int
        Rows of weight 0, which count for nothing in the mean; none where it is over rows.
    n_soft : int
        Rows whose label is neither 0 nor 1.
    n_clipped : int
        Rows that a limit of the convention touches.
    n_impossible : int
        Rows whose exact loss is infinite: a label that was given probability 0.
    n_infinite : int
        Rows whose weighted loss under the convention is infinite. They are counted here, and in no
        loss sum.
    first_impossible_row : int or None
        1-based, within the rows read.
    weights, positive_weights, weight_squares : ExactSum
        Sum of the weights as the convention holds them, of weights times labels, and of squares.
    losses, impossible_losses : ExactSum
        Weighted sum of the finite losses in nats, over all and over the impossible rows.
    label_entropies : ExactSum
        Weighted sum of the entropies of soft labels, in nats.
    squared_errors : ExactSum
        Weighted sum of squared differences between label and probability.
    divisors, impossible_divisors : ExactSum
        What the mean divides by: the weights, or the number of rows where the convention does so;
        of all and of the impossible rows.
    loss_squares, loss_divisors, divisor_squares : ExactSum
        Second moments: of the weighted losses, of those with the divisors, of the divisors.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False]), np.array([0.5, 0.0]))
    >>> totals = LossTotals.of(rows)
    >>> totals.n, float(totals.losses)
    (2, 0.6931471805599453)
    >>> (totals + totals).n
    4
    """

    n: int = 0
    n_positive: int = 0
    n_missing: int = 0
    n_weightless: int = 0
    n_soft: int = 0
    n_clipped: int = 0
    n_impossible: int = 0
    n_infinite: int = 0
    first_impossible_row: int | None = None
    weights: ExactSum = ExactSum()
    positive_weights: ExactSum = ExactSum()
    weight_squares: ExactSum = ExactSum()
    losses: ExactSum = ExactSum()
    impossible_losses: ExactSum = ExactSum()
    label_entropies: ExactSum = ExactSum()
    squared_errors: ExactSum = ExactSum()
    divisors: ExactSum = ExactSum()
    impossible_divisors: ExactSum = ExactSum()
    loss_squares: ExactSum = ExactSum()
    loss_divisors: ExactSum = ExactSum()
    divisor_squares: ExactSum = ExactSum()

    @classmethod
    def of(
        cls, rows: Rows, losses: FloatArray | None = None, convention: Convention = EXACT
    ) -> LossTotals:
        """Sum up some rows.

        Parameters
        ----------
        rows : Rows
        losses : ndarray of float64, shape (n,), optional
            Losses of the rows under `convention`, where the caller has them already.
        convention : Convention, default exact
        """
        if losses is None:
            losses = convention.losses(rows)
        impossible = rows.impossible_places()
        rows = convention.hardened(convention.held(rows))
        weights = rows.weights
        divisors = weights if convention.rule.mean_over == "weights" else None
        finite, n_infinite = finite_losses(losses, weights)
        loss_sum = ExactSum.of(finite)
        return cls(
            n=len(rows) - rows.n_missing,
            n_positive=count_positive(rows),
            n_missing=rows.n_missing,
            n_weightless=count_weightless(rows, divisors),
            n_soft=count_soft(rows),
            n_clipped=convention.n_clipped(rows),
            n_impossible=len(impossible),
            n_infinite=n_infinite,
            first_impossible_row=int(impossible[0]) + 1 if len(impossible) else None,
            losses=loss_sum,
            impossible_losses=ExactSum.of(finite[impossible]),
            label_entropies=label_entropies(rows),
            loss_squares=ExactSum.of_products(finite, finite),
            **weight_sums(rows),
            **divisor_sums(rows, divisors, finite, loss_sum),
        )

    @property
    def n_weighted(self) -> int:
        """Rows that count for something in the mean."""
        return self.n - self.n_weightless

    @property
    def n_read(self) -> int:
        """Rows read: those that count and those left out."""
        return self.n + self.n_missing

    @property
    def effective_n(self) -> float:
        """(Sum of the weights)^2 over the sum of their squares, rounded once."""
        return self.weights.units**2 / (self.weight_squares.units << -UNIT_EXPONENT)

    @property
    def moments(self) -> Moments:
        """What the standard error of the mean is made of."""
        return Moments(
            self.n_weighted,
            self.losses,
            self.divisors,
            self.loss_squares,
            self.loss_divisors,
            self.divisor_squares,
        )

    def __add__(self, other: LossTotals) -> LossTotals:
        """Merge with the totals of the rows that follow."""
        first = self.first_impossible_row
        if first is None and other.first_impossible_row is not None:
            first = self.n_read + other.first_impossible_row
        merged = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in fields(self)
            if field.name != "first_impossible_row"
        }
        return LossTotals(first_impossible_row=first, **merged)


def loss_totals(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    logits: bool = False,
    soft_labels: bool = False,
    convention: Convention = EXACT,
) -> LossTotals:
    """Sum up the losses of arrays; totals of further arrays can be added.

    Parameters
    ----------
    labels, probabilities : array-like, shape (n,)
    weights : array-like, shape (n,), optional
    logits, soft_labels : bool, default False
    convention : Convention, default exact
        As for `mean_binary_cross_entropy`.

    Raises
    ------
    LabelError, ProbabilityError, WeightError, DataError
        As `binary_cross_entropy` does.

    Examples
    --------
    >>> from bce_cli import loss_report, loss_totals
    >>> monday, tuesday = loss_totals([1, 0], [0.9, 0.2]), loss_totals([1], [0.7])
    >>> round(loss_report(monday + tuesday).mean_loss, 12)
    0.228393003637
    """
    rows = check_rows(labels, probabilities, weights, logits=logits, soft_labels=soft_labels)
    return LossTotals.of(rows, convention=convention)
